"""The frame of the exchange's machine: world and model, calls whose refusal is foretold, the words of batches.

Its rules are told by subject: `users.py`, `batches.py`, `leaving.py`, `governance.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from freehold.chain.deployed import DAY
from freehold.testing.kit import BTC, GRACE, HOUR, Kit, hash_word
from freehold.testing.machine.world import Books, World
from freehold.testing.model import NAMES, SERVED, Key, Model
from freehold.testing.output_words import (
    ROLLUP,
    VALIDIUM,
    Output,
    Trade,
    Withdrawal,
    availability_claim,
    condition_word,
    fact_of,
)
from freehold.testing.refused import refused

CANCEL, UNFREEZE, CONFIGURE, REMOVAL, UPGRADE, WINDOW = 2 * DAY, 365 * DAY, 14 * DAY, 28 * DAY, 14 * DAY, 14 * DAY
DATA = (0xDA7A, 5)
"""Hash and size of a rollup batch's data, which the exchange does not read."""

names = st.sampled_from(["alice", "alice", "alice", "bob", "bob", "carol"])
amounts = st.sampled_from([0, 1, 5, 5, 40, 40])
owners = st.sampled_from([True, True, True, False])
modes = st.sampled_from([VALIDIUM, ROLLUP])


class Frame(RuleBasedStateMachine):
    """The exchange of `world` beside its model."""

    world: ClassVar[World]
    model: Model
    outputs: int
    """Batches that were made, taken or not."""
    books: Books
    """As they were read last."""
    granted: dict[str, int]
    """What the last batch gave to each."""
    last_claims: dict[str, int]
    astray: bool
    """The contract did something else than predicted: the sequence ends here."""

    @property
    def kit(self) -> Kit:
        return self.world.kit

    @property
    def exchange(self) -> Any:
        return self.world.kit.exchange

    # --- the frame

    def attempt(self, error: str | None, call: Callable[[], Any]) -> int | None:
        """The call is refused as predicted, or comes back; its time."""
        self.astray = True
        if error is None:
            done_at: int | None = int(call().timestamp)
        else:
            done_at = None
            with refused(error):
                call()
        self.astray = False
        return done_at

    def sender(self, name: str, owner: bool) -> Any:
        return self.world.users[name].account if owner else self.kit.stranger

    def ownership(self, name: str, owner: bool) -> str | None:
        if name not in self.model.registered:
            return "UserUnregistered"
        return None if owner else "NotKeyOwner"

    def now(self) -> int:
        return int(self.kit.chain.pending_timestamp)

    def slot(self, name: str) -> tuple[int, int, int]:
        return self.kit.slot(self.world.users[name])

    def choose(self, data: st.DataObject, amounts: dict[str, int]) -> str:
        """Mostly somebody who has some."""
        having = [name for name in NAMES if amounts[name]] * 4
        return str(data.draw(st.sampled_from([*having, *NAMES])))

    def lapsed(self, due_at: int) -> str | None:
        return "AnnouncementLapsed" if self.now() >= due_at + WINDOW else None

    def action(self, key: Key) -> Withdrawal | Trade:
        name, number = key
        return self.kit.trade(nonce=number) if name == "trade" else self.kit.withdrawal(self.world.users[name], number)

    def waiting_demands(self) -> list[Key]:
        return [key for key, asked in self.model.demands.items() if asked not in (0, SERVED)]

    def output(
        self,
        changes: Sequence[Key] = (),
        forced: Sequence[Withdrawal | Trade] = (),
        mode: int = VALIDIUM,
        price: int | None = None,
    ) -> Output:
        """Each has a root that none had before, so that no claim was declared for another; another index
        and the price: the shared state names both from the first on."""
        model, now = self.model, self.now()
        self.outputs += 1
        after = replace(
            model.state,
            positions_root=self.kit.state.positions_root + self.outputs,
            funding={BTC: 2**63 + model.batches},
            funding_time=now,
            prices={BTC: price or model.price},
            system_time=now,
        )
        keyed = [(self.world.users[n].stark_key, self.world.users[n].position_id, change) for n, change in changes]
        return Output(
            model.config,
            model.state,
            after,
            now // HOUR + 1000,
            assets=[(BTC, model.asset_config)],
            modifications=keyed,
            forced=forced,
            mode=mode,
            data=DATA,
        )

    def with_condition(self, output: Output, data: list[int], met: bool) -> tuple[Output, list[int]]:
        """A condition that no batch had before."""
        fact = hash_word(self.now())
        if met:
            self.world.conditions.declare(fact, sender=self.kit.stranger)
        word = condition_word(self.world.conditions.address, fact)
        pair = [int(self.world.conditions.address, 16), int.from_bytes(fact, "big")]
        return replace(output, conditions=[word]), [*data[:2], 1, *pair]

    def declare(self, output: Output, unproven: bool = False, unavailable: bool = False) -> None:
        """A rollup's data needs nobody who holds it."""
        fact, claim = fact_of(output.words()), availability_claim(output.after, self.model.batches + 1)
        for kind, known, missing in (
            ("", fact, unproven),
            ("Availability", claim, unavailable or output.mode == ROLLUP),
        ):
            first = self.kit.availability if kind else self.kit.verifier
            for registry in () if missing else [first, self.world.second[kind]][: 1 + self.model.second[kind]]:
                registry.declare(known, sender=self.kit.stranger)

    def freeze_by(self, key: Key) -> None:
        model, action = self.model, self.action(key)
        error = model.freezing(key, self.now())
        arguments = tuple(vars(action).values())
        frozen_at = self.attempt(error, lambda: self.exchange.freezeRequest(*arguments, sender=self.kit.stranger))
        if frozen_at:
            model.frozen, model.unfreeze_time = True, frozen_at + UNFREEZE

    @rule(seconds=st.sampled_from([HOUR, DAY, CANCEL, GRACE, UPGRADE, REMOVAL]))
    def time_passes(self, seconds: int) -> None:
        self.kit.at(self.now() + seconds)
