"""What stands once an exchange is deployed: its contracts, its delays, and the state it began with."""

from __future__ import annotations

from dataclasses import dataclass

from ape.contracts.base import ContractInstance

from prover.applications.ledger.units import CollateralId
from prover.applications.perpetual.config import GeneralConfig
from prover.applications.perpetual.state import State
from prover.stark.parameters import Parameters

HOUR, DAY = 3_600, 86_400


TIME_TO_ASK = 7 * DAY
"""What the delays of announcements have beyond the grace period, at least: time to see one and to ask for money."""


class DelaysRefused(ValueError):
    """The contracts would refuse them, transaction by transaction."""


@dataclass(frozen=True)
class Delays:
    """Seconds. The values of v3.2, but for the last two, which it leaves at 0."""

    deposit_cancel: int = 2 * DAY
    freeze_grace: int = 7 * DAY
    unfreeze: int = 365 * DAY
    verifier_removal: int = 28 * DAY
    configuration: int = 14 * DAY
    upgrade: int = 14 * DAY

    def stored(self) -> tuple[int, ...]:
        """Those that the exchange keeps, in `Delays.Values`' order; the proxy keeps the upgrade's."""
        return (self.deposit_cancel, self.freeze_grace, self.unfreeze, self.verifier_removal, self.configuration)

    def bounds(self) -> dict[str, tuple[int, int]]:
        """The least and the most of each: whoever dislikes an announcement leaves before it takes effect."""
        time_to_leave = self.freeze_grace + max(TIME_TO_ASK, self.deposit_cancel)
        return {
            "deposit_cancel": (HOUR, 30 * DAY),
            "freeze_grace": (DAY, 30 * DAY),
            "unfreeze": (30 * DAY, 5 * 365 * DAY),
            "verifier_removal": (time_to_leave, 180 * DAY),
            "configuration": (time_to_leave, 180 * DAY),
            "upgrade": (time_to_leave, 180 * DAY),
        }

    def check(self) -> None:
        """Raises DelaysRefused."""
        for name, (least, most) in self.bounds().items():
            seconds = getattr(self, name)
            if not least <= seconds <= most:
                bounds = f"{least / DAY:g} to {most / DAY:g} days are allowed"
                raise DelaysRefused(f"the {name} delay is {seconds / DAY:g} days, {bounds}{self._why(least)}")

    def _why(self, least: int) -> str:
        """Where the least is not a number of its own."""
        own = least != self.freeze_grace + max(TIME_TO_ASK, self.deposit_cancel)
        return "" if own else ": users need the grace period, and a week or the deposit_cancel delay, to leave"

    def describe(self) -> dict[str, str]:
        return {name: f"{seconds / DAY:g} days" for name, seconds in vars(self).items()}


USUAL_DELAYS = Delays()


@dataclass(frozen=True)
class Deployment:
    """Everything an operator and a user need to know."""

    block: int
    """The newest before its first transaction: no log is older."""
    token: ContractInstance
    verifier: ContractInstance
    program_number: int
    adapter: ContractInstance
    committee: ContractInstance | None
    """None in a rollup, whose data is on chain."""
    escape_verifier: ContractInstance
    exchange: ContractInstance
    config: GeneralConfig
    state: State
    parameters: Parameters
    delays: Delays = USUAL_DELAYS

    @property
    def asset_type(self) -> CollateralId:
        return self.config.collateral_asset_id
