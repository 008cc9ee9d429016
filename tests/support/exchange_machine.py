"""Random sequences of calls, on the exchange and on a plain model of it.

Every rule asks the model what will come of a call: the name of a refusal, or nothing. The contract must say the same;
then the books are compared, and these must hold whatever happened: the contract holds what it owes, less what bankrupt
positions owe; deposits that wait are covered; nobody's claim shrank but by what a batch says; a frozen exchange does
not move its state. At the end of a sequence all users leave: they must hold what they were owed, or have it booked
while nothing is left, and hold it once the exchange is filled up.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

import ape
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from freehold.scenarios.accounts import User
from tests.support.exchange_kit import BTC, DAY, GRACE, HOUR, Kit, hash_word
from tests.support.exchange_model import BODIES, KINDS, NAMES, SERVED, Model, Plan
from tests.support.output_words import ROLLUP, VALIDIUM, Output, availability_claim, condition_word, fact_of

CANCEL, UNFREEZE, CONFIGURE, REMOVAL, UPGRADE, WINDOW = 2 * DAY, 365 * DAY, 14 * DAY, 28 * DAY, 14 * DAY, 14 * DAY
GLOBAL = 2**256 - 1
UNKNOWN_MODE = 2
DATA = (0xDA7A, 5)
"""Hash and size of a rollup batch's data, which the exchange does not read."""

names = st.sampled_from(["alice", "alice", "alice", "bob", "bob", "carol"])
amounts = st.sampled_from([0, 1, 5, 5, 40, 40])
owners = st.sampled_from([True, True, True, False])
modes = st.sampled_from([VALIDIUM, ROLLUP])
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


class World:
    """The kit, and what the machine needs beside it; made once."""

    def __init__(self, project, accounts, chain) -> None:
        kit = Kit(project, accounts, chain)
        self.kit, self.users = kit, {"alice": kit.alice, "bob": kit.bob}
        self.users["carol"] = User("carol", accounts[7], 0xCA201, 9)
        kit.register(kit.alice, kit.bob)
        for account in (accounts[7], kit.stranger):
            kit.token.mint(account, kit.START, sender=kit.governor)
            kit.token.approve(kit.exchange, 2**256 - 1, sender=account)
        self.second = {kind: kit.governor.deploy(project.ObedientRegistry) for kind in KINDS}
        for registry in self.second.values():
            registry.declare(bytes(32), sender=kit.stranger)
        self.conditions = kit.governor.deploy(project.ObedientRegistry)
        self.reader = kit.governor.deploy(project.Batcher)
        self.code = kit.exchange.implementation()
        self.before = chain.snapshot()

    def restore(self) -> None:
        self.kit.chain.restore(self.before)
        self.before = self.kit.chain.snapshot()

    def books(self) -> dict[str, object]:
        """One reading of everything that the model knows."""
        exchange, asset = self.kit.exchange, self.kit.asset
        calls = [
            (exchange.sharedStateHash, ()),
            (exchange.getSequenceNumber, ()),
            (exchange.isFrozen, ()),
            (exchange.getUnFreezeTime, ()),
            (exchange.setApart, ()),
        ]
        for user in self.users.values():
            slot = (user.stark_key, asset, user.position_id)
            calls += [
                (exchange.getDepositBalance, slot),
                (exchange.getCancellationRequest, slot),
                (exchange.getWithdrawalBalance, slot[:2]),
                (exchange.payableNow, slot[:2]),
                (exchange.escapeUsed, (user.position_id,)),
            ]
        answers = self.reader.read(exchange, [method.encode_input(*arguments) for method, arguments in calls])
        words = [int.from_bytes(bytes(answer), "big") for answer in answers]
        tokens = [self.kit.token.balanceOf.encode_input(user.account) for user in self.users.values()]
        tokens.append(self.kit.token.balanceOf.encode_input(exchange))
        held = [int.from_bytes(bytes(answer), "big") for answer in self.reader.read(self.kit.token, tokens)]
        rows = dict(zip(NAMES, zip(*[iter(words[5:])] * 5, strict=True), strict=True))
        return {"state": words[:5], "rows": rows, "tokens": dict(zip(NAMES, held, strict=False)), "held": held[-1]}


class ExchangeMachine(RuleBasedStateMachine):
    """The exchange of `world` beside its model: `machine` gives the class for one."""

    world: ClassVar[World]

    @property
    def kit(self) -> Kit:
        return self.world.kit

    @property
    def exchange(self) -> Any:
        return self.world.kit.exchange

    @initialize(bankrupt=st.booleans())
    def begin(self, bankrupt: bool = False) -> None:
        self.model, self.outputs = Model(self.kit.state), 0
        self.books = self.world.books()
        self.granted = dict.fromkeys(NAMES, 0)
        self.last_claims = {name: self.claim(self.books, name) for name in NAMES}
        self.astray = False  # the contract did something else than predicted: the sequence ends here
        if bankrupt:
            self.begin_bankrupt()

    def begin_bankrupt(self) -> None:
        """Bob owes what alice won, and carol's deposit waits beside it: the state promises more than it holds."""
        self.deposit("carol", 5, True)
        self.batch({"buy"}, 40, VALIDIUM, False)
        assert self.model.worth("bob") < 0

    # --- the frame

    def attempt(self, error: str | None, call) -> int | None:
        """The call is refused as predicted, or comes back; its time."""
        self.astray = True
        if error is None:
            done_at = call().timestamp
        else:
            done_at = None
            with ape.reverts(self.kit.error(error)):
                call()
        self.astray = False
        return done_at

    def sender(self, name: str, owner: bool):
        return self.world.users[name].account if owner else self.kit.stranger

    def ownership(self, name: str, owner: bool) -> str | None:
        if name not in self.model.registered:
            return "UserUnregistered"
        return None if owner else "NotKeyOwner"

    def now(self) -> int:
        return self.kit.chain.pending_timestamp

    def slot(self, name: str) -> tuple[int, int, int]:
        return self.kit.slot(self.world.users[name])

    # --- users

    @rule(name=names, amount=amounts, owner=owners)
    def deposit(self, name, amount, owner):
        model, by = self.model, self.sender(name, owner)
        error = "StateIsFrozen" if model.frozen else None
        if self.attempt(error, lambda: self.exchange.depositERC20(*self.slot(name), amount, sender=by)):
            model.pending[name] += amount
            if owner and name in model.registered:
                model.cancelled_at[name] = 0

    @rule(data=st.data(), owner=owners)
    def cancel_something(self, data, owner):
        self.cancel(self.choose(data, self.model.pending), owner)

    def choose(self, data, amounts: dict[str, int]) -> str:
        """Mostly somebody who has some."""
        having = [name for name in NAMES if amounts[name]] * 4
        return data.draw(st.sampled_from([*having, *NAMES]))

    def cancel(self, name, owner):
        model, by = self.model, self.sender(name, owner)
        error = self.ownership(name, owner) or (None if model.pending[name] else "DepositDoesNotExist")
        asked = self.attempt(error, lambda: self.exchange.depositCancel(*self.slot(name), sender=by))
        if asked:
            model.cancelled_at[name] = asked

    @rule(data=st.data(), owner=owners)
    def reclaim_something(self, data, owner):
        self.reclaim(self.choose(data, self.model.cancelled_at), owner)

    def reclaim(self, name, owner):
        model, by = self.model, self.sender(name, owner)
        error = self.ownership(name, owner) or model.reclaiming(name, self.now())
        if self.attempt(error, lambda: self.exchange.depositReclaim(*self.slot(name), sender=by)):
            model.pending[name] = model.cancelled_at[name] = 0

    @rule(own=st.booleans())
    def register_carol(self, own=True):
        """By herself, or by a stranger who has her signature."""
        carol = self.world.users["carol"]
        error = "StarkKeyUnavailable" if "carol" in self.model.registered else None
        key, signed = carol.stark_key, carol.registration()
        method = self.exchange.registerSender if own else self.exchange.registerEthAddress
        arguments = (key, signed) if own else (carol.account, key, signed)
        by = carol.account if own else self.kit.stranger
        if self.attempt(error, lambda: method(*arguments, sender=by)):
            self.model.registered.add("carol")

    @rule(data=st.data())
    def withdraw_something(self, data):
        self.withdraw(self.choose(data, {name: self.model.booked(name) for name in NAMES}))

    def withdraw(self, name):
        error = None if name in self.model.registered else "UserUnregistered"
        key = self.world.users[name].stark_key
        if self.attempt(error, lambda: self.exchange.withdraw(key, self.kit.asset, sender=self.kit.stranger)):
            self.model.pay(name)

    @rule(name=names, amount=amounts, owner=owners)
    def demand(self, name, amount, owner):
        model, user, by = self.model, self.world.users[name], self.sender(name, owner)
        error = "StateIsFrozen" if model.frozen else self.ownership(name, owner) or model.asking((name, amount))
        asked = self.attempt(
            error,
            lambda: self.exchange.forcedWithdrawalRequest(user.stark_key, user.position_id, amount, False, sender=by),
        )
        if asked:
            model.demands[name, amount] = asked

    @rule(nonce=st.sampled_from([1, 2]), signer=st.sampled_from(["bob", "bob", "alice"]), typed=st.booleans())
    def demand_trade(self, nonce, signer, typed):
        model, trade, hour = self.model, self.kit.trade(nonce=nonce), self.now() // HOUR
        digest = self.kit.typed_digest(trade, hour) if typed else trade.published_digest(hour)
        signature = self.kit.sign_raw(self.world.users[signer].account, digest)
        error = "StateIsFrozen" if model.frozen else "InvalidSignature" if signer != "bob" else None
        error = error or model.asking(("trade", nonce))
        asked = self.attempt(error, lambda: self.kit.request_trade(trade, hour=hour, signature=signature))
        if asked:
            model.demands["trade", nonce] = asked

    # --- the operator

    def action(self, key):
        name, number = key
        return self.kit.trade(nonce=number) if name == "trade" else self.kit.withdrawal(self.world.users[name], number)

    def waiting_demands(self) -> list[tuple[str, int]]:
        return [key for key, asked in self.model.demands.items() if asked not in (0, SERVED)]

    @rule(
        acts=st.sets(st.sampled_from(["take", "take some", "pay", "serve", "transfer", "buy", "sell"])),
        price=st.sampled_from([None, None, 10, 20, 40]),
        mode=modes,
        conditional=st.sampled_from([False, False, True]),
    )
    def batch(self, acts, price, mode, conditional):
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

    def output(self, changes=(), forced=(), mode=VALIDIUM, price=None) -> Output:
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

    @rule(flaw=st.sampled_from(sorted(FLAWS)), name=names, mode=modes)
    def bad_batch(self, flaw, name, mode=VALIDIUM):
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

    def spoil(self, flaw, name, output, data):
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
    def serve_again(self, data):
        """What was served is not pending, for batches as for freezes; a trade that a freeze outlived is not served."""
        model = self.model
        key = data.draw(st.sampled_from(sorted(filter(model.serving, model.demands))))
        output = self.output(forced=[self.action(key)])
        self.declare(output)
        error = "StateIsFrozen" if model.frozen else None if model.operator else "OnlyOperator"
        error = error or model.serving(key)
        self.attempt(error, lambda: self.kit.update(output.words(), [model.batches + 1, model.batches, 0]))
        self.freeze_by(key)

    # --- the freeze and the way out

    @precondition(lambda self: self.model.demands)
    @rule(data=st.data())
    def freeze(self, data):
        model = self.model
        key = data.draw(st.sampled_from(sorted(model.demands)))
        deadline = model.demands[key] + GRACE
        if data.draw(st.booleans()) and key in self.waiting_demands() and self.now() < deadline:
            self.kit.at(deadline - data.draw(st.sampled_from([0, 1])))
        self.freeze_by(key)

    def freeze_by(self, key):
        model, action = self.model, self.action(key)
        error = model.freezing(key, self.now())
        arguments = tuple(vars(action).values())
        frozen_at = self.attempt(error, lambda: self.exchange.freezeRequest(*arguments, sender=self.kit.stranger))
        if frozen_at:
            model.frozen, model.unfreeze_time = True, frozen_at + UNFREEZE

    @precondition(lambda self: self.model.frozen)
    @rule(patient=st.booleans(), governor=owners)
    def unfreeze(self, patient, governor):
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
    def escape_with_something(self, data, more):
        self.escape(self.choose(data, {name: max(0, self.model.worth(name)) for name in NAMES}), more)

    def escape(self, name, more):
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

    # --- governance

    @rule(
        asset=st.sampled_from([GLOBAL, BTC]),
        word=st.sampled_from([0x77, 0x78]),
        acts=st.lists(st.sampled_from(["register", "apply", "apply", "remove"]), min_size=1, max_size=3),
        governor=owners,
    )
    def configure(self, asset, word, acts, governor):
        for act in acts:
            self.configure_once(asset, word, act, governor)

    def configure_once(self, asset, word, act, governor):
        model, key = self.model, (asset, word)
        kind = "Global" if asset == GLOBAL else "Asset"
        method = getattr(self.exchange, f"{act}{kind}ConfigurationChange")
        arguments = (hash_word(word),) if asset == GLOBAL else (asset, hash_word(word))
        when = model.announced.get(key, 0)
        error = None if governor else "OnlyGovernance"
        if act != "register":
            error = error or (None if when else "ConfigurationNotRegistered")
        if act == "apply":
            error = error or ("ConfigurationNotEnabledYet" if self.now() < when + CONFIGURE else None)
            error = error or self.lapsed(when + CONFIGURE)
        by = self.kit.governor if governor else self.kit.operator
        done = self.attempt(error, lambda: method(*arguments, sender=by))
        if done and act == "register":
            model.announced[key] = done
        elif done:
            del model.announced[key]
            if act == "apply" and asset == GLOBAL:
                model.config = word
            elif act == "apply":
                model.asset_config = word

    def lapsed(self, due_at: int) -> str | None:
        return "AnnouncementLapsed" if self.now() >= due_at + WINDOW else None

    @rule(first=st.integers(0, 2), last=st.integers(0, 2), governor=owners, kind=st.sampled_from(KINDS))
    def verifiers(self, first, last, governor, kind):
        for act in ("register", "announce", "remove")[first : last + 1] or ("remove",):
            self.change_verifiers(act, governor, kind)

    def change_verifiers(self, act, governor, kind):
        model, by, entry = (
            self.model,
            {"sender": self.kit.governor if governor else self.kit.stranger},
            self.world.second[kind],
        )
        error = None if governor else "OnlyGovernance"
        error = error or ("StateIsFrozen" if model.frozen else None)
        if act == "register":
            error = error or ("EntryAlreadyExists" if model.second[kind] else None)
            register = getattr(self.exchange, f"register{kind}Verifier")
            if self.attempt(error, lambda: register(entry, "ObedientRegistry", **by)):
                model.second[kind] = True
            return
        error = error or (None if model.second[kind] else "EntryDoesNotExist")
        if act == "announce":
            announce = getattr(self.exchange, f"announce{kind}VerifierRemovalIntent")
            waits = model.removal_at[kind] and not self.lapsed(model.removal_at[kind])
            error = error or ("AlreadyAnnounced" if waits else None)
            asked = self.attempt(error, lambda: announce(entry, **by))
            model.removal_at[kind] = asked + REMOVAL if asked else model.removal_at[kind]
            return
        remove, allowed_at = getattr(self.exchange, f"remove{kind}Verifier"), model.removal_at[kind]
        error = error or (None if allowed_at else "RemovalNotAnnounced")
        error = error or ("RemovalNotEnabledYet" if self.now() < allowed_at else self.lapsed(allowed_at))
        if self.attempt(error, lambda: remove(entry, **by)):
            model.second[kind], model.removal_at[kind] = False, 0

    @rule(acts=st.sampled_from([("add",), ("upgrade",), ("add", "upgrade"), ("remove", "upgrade")]), governor=owners)
    def upgrade(self, acts, governor):
        for act in acts:
            self.upgrade_once(act, governor)

    def upgrade_once(self, act, governor):
        """To the same code; the books must stay."""
        model, by = self.model, {"sender": self.kit.governor if governor else self.kit.stranger}
        error = None if governor else "OnlyGovernance"
        if act == "add":
            asked = self.attempt(error, lambda: self.exchange.addImplementation(self.world.code, b"", False, **by))
            model.upgrade_at = asked + UPGRADE if asked else model.upgrade_at
            return
        unknown = None if model.upgrade_at else "UnknownUpgradeInformation"
        if act == "remove":
            if self.attempt(
                error or unknown, lambda: self.exchange.removeImplementation(self.world.code, b"", False, **by)
            ):
                model.upgrade_at = 0
            return
        error = error or ("StateIsFrozen" if model.frozen else None) or unknown
        error = error or ("UpgradeNotEnabledYet" if self.now() < model.upgrade_at else self.lapsed(model.upgrade_at))
        if self.attempt(error, lambda: self.exchange.upgradeTo(self.world.code, b"", False, **by)):
            model.upgrade_at = 0

    @rule(on=st.sampled_from([True, True, False]), governor=owners, role=st.sampled_from(["operator", "token_admin"]))
    def roles(self, on, governor, role):
        account = {"operator": self.kit.operator, "token_admin": self.kit.token_admin}[role]
        name = {"operator": "Operator", "token_admin": "TokenAdmin"}[role]
        method = getattr(self.exchange, f"register{name}" if on else f"unregister{name}")
        by = self.kit.governor if governor else self.kit.stranger
        if self.attempt(None if governor else "OnlyGovernance", lambda: method(account, sender=by)):
            setattr(self.model, role, on)
        if role == "token_admin":
            error = "SystemAssetTypeAlreadySet" if self.model.token_admin else "OnlyTokenAdmin"
            name_collateral = self.exchange.registerSystemAssetType
            self.attempt(error, lambda: name_collateral(self.kit.asset, self.kit.info, sender=self.kit.token_admin))

    @rule(
        body=st.sampled_from(BODIES),
        act=st.sampled_from(["NominateNewGovernor", "AcceptGovernance", "CancelNomination", "RemoveGovernor"]),
        governor=owners,
    )
    def governors(self, body, act, governor):
        """The second governor comes and goes; the first stays, for nobody removes themselves."""
        model, method = self.model, getattr(self.exchange, body + act)
        nominated, governs = model.nominated_at[body], model.governs[body]
        lapsed = self.lapsed(nominated)
        error = None if governor else "OnlyGovernance"
        arguments = [self.kit.second] if act in ("NominateNewGovernor", "RemoveGovernor") else []
        by = self.kit.governor if governor else self.kit.stranger
        if act == "AcceptGovernance":
            error = lapsed if nominated and governor else "OnlyCandidateGovernor"
            by = self.kit.second if governor else by
        elif act == "NominateNewGovernor":
            pending = "OtherCandidatePending" if nominated and not lapsed else None
            error = error or ("AlreadyGovernor" if governs else pending)
        elif act == "RemoveGovernor":
            error = error or (None if governs else "NotGovernor")
        done = self.attempt(error, lambda: method(*arguments, sender=by))
        if not done:
            return
        model.nominated_at[body] = done if act == "NominateNewGovernor" else 0
        model.governs[body] = act == "AcceptGovernance" or (governs and act != "RemoveGovernor")

    @rule(seconds=st.sampled_from([HOUR, DAY, CANCEL, GRACE, UPGRADE, REMOVAL]))
    def time_passes(self, seconds):
        self.kit.at(self.now() + seconds)

    # --- what must hold

    @invariant()
    def books_agree_and_nobody_lost_anything(self):
        model, now = self.model, self.world.books()
        self.books, self.astray = now, True
        deposits, granted = sum(model.pending.values()), sum(model.granted.values())
        state = [int.from_bytes(model.state.hash(), "big"), model.batches, model.frozen, model.unfreeze_time]
        assert now["state"] == [*state, deposits << 256 | granted]
        for name, row in now["rows"].items():
            slot, booked = (model.pending[name], model.cancelled_at[name]), model.booked(name)
            assert row == (*slot, booked, sum(model.payable(name)), name in model.escaped), name
        assert now["held"] == model.held(), "the contract does not hold what it owes"
        assert now["held"] >= deposits, "deposits that wait are not covered"
        granted, self.granted = self.granted, dict.fromkeys(NAMES, 0)
        for name in NAMES:
            claim = self.claim(now, name)
            assert claim >= self.last_claims[name] + granted[name], f"{name} lost something"
            self.last_claims[name] = claim
        self.astray = False

    def claim(self, books, name: str) -> int:
        """Tokens in hand, pending, booked, and in the position unless it escaped."""
        pending, _, booked, _, escaped = books["rows"][name]
        inside = 0 if escaped else self.model.worth(name)
        return books["tokens"][name] + pending + booked + inside

    def teardown(self):
        try:
            if hasattr(self, "model") and not self.astray:
                self.drive_everybody_out()
        finally:
            self.world.restore()

    def drive_everybody_out(self):
        """From here all users reach their tokens without operator and governance. Shortcuts are tried in vain."""
        model = self.model
        claims = {name: self.claim(self.books, name) for name in NAMES}
        if "carol" not in model.registered:
            self.register_carol()
        self.somebody_freezes()
        self.bad_batch("old state", "alice")
        self.deposit("bob", 1, False)
        for name in NAMES:
            self.leave(name)
        self.kit.at(max(self.now() + CANCEL, model.unfreeze_time))
        for name in NAMES:
            if model.cancelled_at[name]:
                self.reclaim(name, False)
                self.reclaim(name, True)
            self.withdraw(name)
        if model.escaped:
            self.unfreeze(True, True)
        self.books_agree_and_nobody_lost_anything()
        self.everybody_has(claims)

    def everybody_has(self, claims: dict[str, int]) -> None:
        """What cannot be paid is booked, and paid once somebody fills the exchange up. Debts of positions stay."""
        model = self.model
        for name in NAMES:
            self.withdraw(name)  # the claims of the first may have waited for what the last were granted
        missing = sum(map(model.booked, NAMES))
        if missing:
            assert model.held() == 0, "something is left that somebody is owed"
            self.kit.token.mint(self.exchange, missing, sender=self.kit.stranger)
            model.topped_up += missing
            for name in NAMES:
                self.withdraw(name)
        self.books_agree_and_nobody_lost_anything()
        for name in NAMES:
            debt = min(0, model.worth(name)) if name not in model.escaped else 0
            assert self.books["tokens"][name] == claims[name] - debt, name

    def leave(self, name):
        """Escape, once and with no more than is proven; take a deposit back, in time."""
        model = self.model
        self.escape(name, 1)
        if model.worth(name) > 0:
            self.escape(name, 0)
            self.escape(name, 0)
        self.withdraw(name)
        if model.pending[name]:
            self.cancel(name, True)
            self.reclaim(name, True)

    def somebody_freezes(self):
        """Before the deadline in vain, then."""
        model = self.model
        if model.frozen:
            return
        amount = next(n for n in range(100, 200) if model.asking(("alice", n)) is None)
        self.demand("alice", amount, True)
        self.freeze_by(("alice", amount))
        self.kit.at(model.demands["alice", amount] + GRACE)
        self.freeze_by(("alice", amount))
        assert model.frozen


def machine(world: World) -> type[ExchangeMachine]:
    """For `run_state_machine_as_test`."""
    return type("ExchangeMachine", (ExchangeMachine,), {"world": world})
