"""What stands once an exchange is deployed: its contracts, its delays, and the state it began with."""

from __future__ import annotations

from dataclasses import dataclass

from ape.contracts.base import ContractInstance

from prover.applications.ledger.units import CollateralId
from prover.applications.perpetual.config import GeneralConfig
from prover.applications.perpetual.state import State
from prover.stark.parameters import Parameters

DAY = 86_400


@dataclass(frozen=True)
class Delays:
    """Seconds. The values of v3.2, but for the last two, which it leaves at 0."""

    deposit_cancel: int = 2 * DAY
    freeze_grace: int = 7 * DAY
    unfreeze: int = 365 * DAY
    verifier_removal: int = 28 * DAY
    configuration: int = 7 * DAY
    upgrade: int = 14 * DAY

    def stored(self) -> tuple[int, ...]:
        """Those that the exchange keeps, in `Delays.Values`' order; the proxy keeps the upgrade's."""
        return (self.deposit_cancel, self.freeze_grace, self.unfreeze, self.verifier_removal, self.configuration)

    def describe(self) -> dict[str, str]:
        return {name: f"{seconds / DAY:g} days" for name, seconds in vars(self).items()}


USUAL_DELAYS = Delays()


@dataclass(frozen=True)
class Deployment:
    """Everything an operator and a user need to know."""

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
