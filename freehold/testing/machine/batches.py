"""What the operator brings: batches that are right, and batches with one thing wrong."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from freehold.chain.deployed import DAY
from freehold.testing.kit import BTC, HOUR
from freehold.testing.machine.frame import DATA, Frame, modes, names
from freehold.testing.model import NAMES, SERVED, Plan
from freehold.testing.output_words import ROLLUP, VALIDIUM, Output

UNKNOWN_MODE = 2
FLAWS = {
    "unproven": "NoProof",
    "unavailable": "NoProof",
    "other data": "NoProof",
    "of no mode": "UnsupportedDataAvailabilityMode",
    "old state": "InvalidPreviousSharedState",
    "wrong batch id": "WrongPreviousBatchId",
    "not operator": "OnlyOperator",
    "wrong config": "GlobalConfigurationMismatch",
    "wrong asset config": "AssetConfigurationMismatch",
    "stale": "SystemTimeOutdated",
    "early": "SystemTimeInvalid",
    "expired": "BatchExpired",
    "more than deposited": "DepositInsufficient",
    "never asked": "ForcedRequestNotPending",
    "a condition forgotten": "ConditionCountMismatch",
    "another condition": "ConditionMismatch",
    "a condition unmet": "ConditionNotMet",
}
"""What can be wrong with a batch, and how it is refused."""


class Batches(Frame):
    """Outputs are declared proven to doubles: no rule of trading stands behind them but the model's."""

    @rule(
        acts=st.sets(st.sampled_from(["take", "take some", "pay", "serve", "transfer", "buy", "sell"])),
        price=st.sampled_from([None, None, 10, 20, 40]),
        mode=modes,
        conditional=st.sampled_from([False, False, True]),
    )
    def batch(self, acts: set[str], price: int | None, mode: int, conditional: bool) -> None:
        """`acts` in a fixed order; a conditional transfer's condition is met."""
        model, plan = self.model, Plan(self.model)
        for name in NAMES:
            if "take" in acts:
                plan.take(name)
            elif "take some" in acts:
                plan.take_some(name)
            if "pay" in acts:
                plan.pay(name)
        for key in self.waiting_demands() if "serve" in acts else ():
            if not model.serving(key):
                plan.serve(key)
        if "transfer" in acts or conditional:
            plan.transfer()
        for act, units in (("buy", 2), ("sell", -2)):
            if act in acts:
                plan.trade(units, units * plan.price)
        if price:
            plan.move_price(price)
        output = self.output(plan.changes, [self.action(key) for key in plan.served], mode, plan.price)
        data = [model.batches + 1, model.batches, 0]
        if conditional:
            output, data = self.with_condition(output, data, met=True)
        error = "StateIsFrozen" if model.frozen else None if model.operator else "OnlyOperator"
        self.declare(output)
        if self.attempt(error, lambda: self.kit.update(output.words(), data)):
            self.granted = plan.granted
            model.state = output.after
            plan.apply()

    @rule(flaw=st.sampled_from(sorted(FLAWS)), name=names, mode=modes)
    def bad_batch(self, flaw: str, name: str, mode: int = VALIDIUM) -> None:
        """One thing is wrong with it; everything else would be taken."""
        model = self.model
        if flaw in ("unavailable", "other data"):
            mode = ROLLUP if flaw == "other data" else VALIDIUM
        output, data = self.output(mode=mode), [model.batches + 1, model.batches, 0]
        output, data, expected = self.spoil(flaw, name, output, data)
        self.declare(output, flaw == "unproven", flaw == "unavailable")
        if flaw == "other data":
            output = replace(output, data=(DATA[0] + 1, DATA[1]))
        sender = self.kit.governor if flaw == "not operator" else self.kit.operator
        refused = "OnlyOperator" if not model.operator else expected
        self.attempt(
            "StateIsFrozen" if model.frozen else refused,
            lambda: self.exchange.updateState(output.words(), data, sender=sender),
        )

    def spoil(self, flaw: str, name: str, output: Output, data: list[int]) -> tuple[Output, list[int], str]:
        """Output and application data with the flaw, and the refusal."""
        model, now, expected = self.model, self.now(), FLAWS[flaw]
        if flaw == "old state":
            output = replace(output, before=replace(model.state, positions_root=5))
        elif flaw == "wrong batch id":
            data = [data[0], data[1] + 1, 0]
        elif flaw == "of no mode":
            output = replace(output, mode=UNKNOWN_MODE)
        elif flaw == "wrong config":
            output = replace(output, config_hash=model.config + 1)
        elif flaw == "wrong asset config":
            output = replace(output, assets=[(BTC, model.asset_config + 1)])
        elif flaw == "stale":
            output = replace(output, after=replace(output.after, system_time=now - 8 * DAY))
        elif flaw == "early":
            output = replace(output, after=replace(output.after, system_time=now + 5 * HOUR))
        elif flaw == "expired":
            output = replace(output, expiration=now // HOUR)
        elif flaw == "more than deposited":
            user = self.world.users[name]
            output = replace(output, modifications=[(user.stark_key, user.position_id, model.pending[name] + 1)])
        elif flaw == "never asked":
            served = [key for key, asked in model.demands.items() if asked in (0, SERVED)]
            key = served[0] if served else (name, 77)
            output = replace(output, forced=[self.action(key)])
            expected = "ForcedRequestAlreadyServed" if key[0] == "trade" else expected
        elif "condition" in flaw:
            output, full = self.with_condition(output, data, met=flaw == "another condition")
            data = full if flaw == "a condition unmet" else data
            if flaw == "another condition":
                data = [*full[:-1], full[-1] + 1]
        return output, data, expected

    @precondition(lambda self: any(self.model.serving(key) for key in self.model.demands))
    @rule(data=st.data())
    def serve_again(self, data: st.DataObject) -> None:
        """What was served is not pending, for batches as for freezes; a trade that a freeze outlived is not served."""
        model = self.model
        key = data.draw(st.sampled_from(sorted(filter(model.serving, model.demands))))
        output = self.output(forced=[self.action(key)])
        self.declare(output)
        error = "StateIsFrozen" if model.frozen else None if model.operator else "OnlyOperator"
        error = error or model.serving(key)
        self.attempt(error, lambda: self.kit.update(output.words(), [model.batches + 1, model.batches, 0]))
        self.freeze_by(key)
