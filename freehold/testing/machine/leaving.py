"""The freeze and the way out."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from freehold.testing.kit import GRACE
from freehold.testing.machine.frame import Frame, owners
from freehold.testing.model import NAMES


class Leaving(Frame):
    """The escape verifier knows only what is true of the model's positions."""

    @precondition(lambda self: self.model.demands)
    @rule(data=st.data())
    def freeze(self, data: st.DataObject) -> None:
        model = self.model
        key = data.draw(st.sampled_from(sorted(model.demands)))
        deadline = model.demands[key] + GRACE
        if data.draw(st.booleans()) and key in self.waiting_demands() and self.now() < deadline:
            self.kit.at(deadline - data.draw(st.sampled_from([0, 1])))
        self.freeze_by(key)

    @precondition(lambda self: self.model.frozen)
    @rule(patient=st.booleans(), governor=owners)
    def unfreeze(self, patient: bool, governor: bool) -> None:
        model = self.model
        if patient and self.now() < model.unfreeze_time:
            self.kit.at(model.unfreeze_time)
        error = None if governor else "OnlyGovernance"
        error = error or ("EscapesWereUsed" if model.escaped else None)
        error = error or ("UnfreezeNotAllowedYet" if self.now() < model.unfreeze_time else None)
        if self.attempt(
            error, lambda: self.exchange.unFreeze(sender=self.kit.governor if governor else self.kit.stranger)
        ):
            model.frozen = False

    @precondition(lambda self: self.model.frozen or self.model.batches % 4 == 3)
    @rule(data=st.data(), more=st.sampled_from([0, 0, 0, 1]))
    def escape_with_something(self, data: st.DataObject, more: int) -> None:
        self.escape(self.choose(data, {name: max(0, self.model.worth(name)) for name in NAMES}), more)

    def escape(self, name: str, more: int) -> None:
        """The verifier knows only what is true: `more` is not proven."""
        model, user = self.model, self.world.users[name]
        amount = max(0, model.worth(name)) + more
        if not more and amount:
            self.kit.declare_escape(user, amount)
        error = None if model.frozen else "StateNotFrozen"
        error = error or ("EscapeAlreadyUsed" if name in model.escaped else None)
        error = error or ("EscapeLacksProof" if more or not amount else None)
        if self.attempt(error, lambda: self.kit.escape(user, amount)):
            model.escaped.add(name)
            model.claimed[name] += amount
