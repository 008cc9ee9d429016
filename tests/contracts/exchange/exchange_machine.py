"""Random lives of the exchange beside a plain model of it.

Every rule asks the model what will come of a call: the name of a refusal, or nothing. The contract must say the same;
then the books are compared, and three things must hold whatever happened: the contract holds what it owes; nobody's
claim shrank but by a batch; a frozen exchange does not move its state. At the end of a life every user is driven out,
and must hold what he was owed.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import ape
from exchange_kit import BTC, BTC_CONFIG, CONFIG_HASH, DAY, GRACE, HOUR, Kit, hash_word
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from output_words import Output, SharedState, availability_claim, fact_of

from scripts._people import User

CANCEL, UNFREEZE, CONFIGURE, REMOVAL, UPGRADE = 2 * DAY, 365 * DAY, 7 * DAY, 28 * DAY, 14 * DAY
GLOBAL = 2**256 - 1
SERVED = 2**256 - 1
NAMES = ("alice", "bob", "carol")

names = st.sampled_from(["alice", "alice", "alice", "bob", "bob", "carol"])
amounts = st.sampled_from([0, 1, 5, 5, 40, 40])
owners = st.sampled_from([True, True, True, False])
FLAWS = (
    *("unproven", "unavailable", "old state", "wrong batch id", "not operator", "wrong config", "wrong asset config"),
    *("stale", "early", "expired", "more than deposited", "never asked", "of another kind"),
)


@dataclass
class Model:
    """What the exchange should know. Amounts are tokens; `positions` is what the committed state says."""

    state: SharedState
    pending: dict[str, int] = field(default_factory=lambda: dict.fromkeys(NAMES, 0))
    cancelled_at: dict[str, int] = field(default_factory=lambda: dict.fromkeys(NAMES, 0))
    waiting: dict[str, int] = field(default_factory=lambda: dict.fromkeys(NAMES, 0))
    positions: dict[str, int] = field(default_factory=lambda: dict.fromkeys(NAMES, 0))
    registered: set[str] = field(default_factory=lambda: {"alice", "bob"})
    demands: dict[tuple[str, int], int] = field(default_factory=dict)
    """(name, amount) or ("trade", nonce) to the time of asking; SERVED for a served trade."""
    frozen: bool = False
    unfreeze_time: int = 0
    escaped: set[str] = field(default_factory=set)
    batches: int = 0
    operator: bool = True
    config: int = CONFIG_HASH
    asset_config: int = BTC_CONFIG
    announced: dict[tuple[int, int], int] = field(default_factory=dict)
    """(asset, hash) to the time of announcement."""
    second_verifier: bool = False
    removal_at: int = 0
    upgrade_at: int = 0

    def owed(self) -> int:
        inside = sum(amount for name, amount in self.positions.items() if name not in self.escaped)
        return sum(self.pending.values()) + sum(self.waiting.values()) + inside

    def outlived(self, asked: int) -> bool:
        return asked + GRACE <= self.unfreeze_time

    def asking(self, key: tuple[str, int]) -> str | None:
        """Why a demand is refused now."""
        asked = self.demands.get(key, 0)
        if asked == SERVED:
            return "ActionAlreadyServed"
        return "ActionPending" if asked and not self.outlived(asked) else None

    def freezing(self, key: tuple[str, int], now: int) -> str | None:
        asked = self.demands.get(key, 0)
        if self.frozen:
            return "StateIsFrozen"
        if asked in (0, SERVED):
            return "ForcedActionUnrequested"
        if now < asked + GRACE:
            return "ForcedActionStillPending"
        return "RefreezeAttempt" if self.outlived(asked) else None


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
        self.second = kit.governor.deploy(project.ObedientRegistry)
        self.second.declare(bytes(32), sender=kit.stranger)
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
        ]
        for user in self.users.values():
            slot = (user.stark_key, asset, user.position_id)
            calls += [
                (exchange.getDepositBalance, slot),
                (exchange.getCancellationRequest, slot),
                (exchange.getWithdrawalBalance, slot[:2]),
                (exchange.escapeUsed, (user.position_id,)),
            ]
        answers = self.reader.read(exchange, [method.encode_input(*arguments) for method, arguments in calls])
        words = [int.from_bytes(bytes(answer), "big") for answer in answers]
        tokens = [self.kit.token.balanceOf.encode_input(user.account) for user in self.users.values()]
        tokens.append(self.kit.token.balanceOf.encode_input(exchange))
        held = [int.from_bytes(bytes(answer), "big") for answer in self.reader.read(self.kit.token, tokens)]
        rows = dict(zip(NAMES, zip(*[iter(words[4:])] * 4, strict=True), strict=True))
        return {"state": words[:4], "rows": rows, "tokens": dict(zip(NAMES, held, strict=False)), "held": held[-1]}


def machine(world: World):
    """A class for `run_state_machine_as_test`."""

    kit, exchange = world.kit, world.kit.exchange

    class ExchangeMachine(RuleBasedStateMachine):
        @initialize()
        def begin(self) -> None:
            self.model = Model(kit.state)
            self.books = world.books()
            self.shifted = False

        # --- the frame

        def attempt(self, error: str | None, call) -> int | None:
            """The call is refused as predicted, or comes back; its time."""
            self.shifted = False
            if error is None:
                return call().timestamp
            with ape.reverts(kit.error(error)):
                call()
            return None

        def sender(self, name: str, owner: bool):
            return world.users[name].account if owner else kit.stranger

        def ownership(self, name: str, owner: bool) -> str | None:
            if name not in self.model.registered:
                return "UserUnregistered"
            return None if owner else "NotKeyOwner"

        def now(self) -> int:
            return kit.chain.pending_timestamp

        def slot(self, name: str) -> tuple[int, int, int]:
            return kit.slot(world.users[name])

        # --- users

        @rule(name=names, amount=amounts, owner=owners)
        def deposit(self, name, amount, owner):
            model, by = self.model, self.sender(name, owner)
            error = "StateIsFrozen" if model.frozen else None
            if self.attempt(error, lambda: exchange.depositERC20(*self.slot(name), amount, sender=by)):
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
            asked = self.attempt(error, lambda: exchange.depositCancel(*self.slot(name), sender=by))
            if asked:
                model.cancelled_at[name] = asked

        @rule(data=st.data(), owner=owners)
        def reclaim_something(self, data, owner):
            self.reclaim(self.choose(data, self.model.cancelled_at), owner)

        def reclaim(self, name, owner):
            model, by = self.model, self.sender(name, owner)
            asked = model.cancelled_at[name]
            error = self.ownership(name, owner)
            if not error and not asked:
                error = "DepositNotCanceled"
            elif not error and self.now() < asked + CANCEL:
                error = "DepositLocked"
            if self.attempt(error, lambda: exchange.depositReclaim(*self.slot(name), sender=by)):
                model.pending[name] = model.cancelled_at[name] = 0

        @rule()
        def register_carol(self):
            carol = world.users["carol"]
            error = "StarkKeyUnavailable" if "carol" in self.model.registered else None
            signed = carol.registration()
            if self.attempt(error, lambda: exchange.registerSender(carol.stark_key, signed, sender=carol.account)):
                self.model.registered.add("carol")

        @rule(data=st.data())
        def withdraw_something(self, data):
            self.withdraw(self.choose(data, self.model.waiting))

        def withdraw(self, name):
            error = None if name in self.model.registered else "UserUnregistered"
            key = world.users[name].stark_key
            if self.attempt(error, lambda: exchange.withdraw(key, kit.asset, sender=kit.stranger)):
                self.model.waiting[name] = 0

        @rule(name=names, amount=amounts, owner=owners)
        def demand(self, name, amount, owner):
            model, user, by = self.model, world.users[name], self.sender(name, owner)
            error = "StateIsFrozen" if model.frozen else self.ownership(name, owner) or model.asking((name, amount))
            asked = self.attempt(
                error,
                lambda: exchange.forcedWithdrawalRequest(user.stark_key, user.position_id, amount, False, sender=by),
            )
            if asked:
                model.demands[name, amount] = asked

        @rule(nonce=st.sampled_from([1, 2]), signer=st.sampled_from(["bob", "bob", "alice"]))
        def demand_trade(self, nonce, signer):
            model, trade, hour = self.model, kit.trade(nonce=nonce), self.now() // HOUR
            signature = kit.sign_raw(world.users[signer].account, trade.published_digest(hour))
            error = "StateIsFrozen" if model.frozen else "InvalidSignature" if signer != "bob" else None
            error = error or model.asking(("trade", nonce))
            asked = self.attempt(error, lambda: kit.request_trade(trade, hour=hour, signature=signature))
            if asked:
                model.demands["trade", nonce] = asked

        # --- the operator

        def action(self, key):
            name, number = key
            return kit.trade(nonce=number) if name == "trade" else kit.withdrawal(world.users[name], number)

        def plan(self, take: bool, pay: bool, shift: bool, serve: bool):
            """Modifications, served demands, and the positions after them."""
            model, changes, positions = self.model, [], dict(self.model.positions)
            for name in NAMES:
                if take and model.pending[name]:
                    changes.append((name, model.pending[name]))
                    positions[name] += model.pending[name]
                if pay and positions[name]:
                    part = (positions[name] + 1) // 2
                    changes.append((name, -part))
                    positions[name] -= part
            served = [key for key, asked in model.demands.items() if asked != SERVED] if serve else []
            for name, amount in served:
                if name != "trade" and 0 < amount <= positions[name]:
                    changes.append((name, -amount))
                    positions[name] -= amount
            if shift and positions["alice"]:
                positions["alice"], positions["bob"] = positions["alice"] - 1, positions["bob"] + 1
            return changes, served, positions

        @rule(take=st.booleans(), pay=st.booleans(), shift=st.booleans(), serve=st.booleans())
        def batch(self, take, pay, shift, serve):
            model = self.model
            changes, served, positions = self.plan(take, pay, shift, serve)
            output = self.output(changes, [self.action(key) for key in served])
            error = "StateIsFrozen" if model.frozen else None if model.operator else "OnlyOperator"
            self.declare(output)
            if self.attempt(error, lambda: kit.update(output.words(), [model.batches + 1, model.batches, 0])):
                self.apply(output, changes, served, positions)

        def apply(self, output, changes, served, positions):
            model, self.shifted = self.model, True
            for name, change in changes:
                (model.pending if change > 0 else model.waiting)[name] -= change
            for key in served:
                model.demands[key] = SERVED if key[0] == "trade" else 0
            model.positions, model.state, model.batches = positions, output.after, model.batches + 1

        def output(self, changes=(), forced=()) -> Output:
            model, now = self.model, self.now()
            after = replace(model.state, positions_root=model.state.positions_root + 1, system_time=now)
            keyed = [(world.users[n].stark_key, world.users[n].position_id, change) for n, change in changes]
            return Output(
                model.config,
                model.state,
                after,
                now // HOUR + 1000,
                assets=[(BTC, model.asset_config)],
                modifications=keyed,
                forced=forced,
            )

        def declare(self, output: Output, unproven: bool = False, unavailable: bool = False) -> None:
            fact = fact_of(output.words())
            if not unproven:
                kit.verifier.declare(fact, sender=kit.stranger)
                if self.model.second_verifier:
                    world.second.declare(fact, sender=kit.stranger)
            if not unavailable:
                claim = availability_claim(output.after, self.model.batches + 1)
                kit.availability.declare(claim, sender=kit.stranger)

        @rule(flaw=st.sampled_from(FLAWS), name=names)
        def bad_batch(self, flaw, name):
            """One thing is wrong with it; everything else would be taken."""
            model, now = self.model, self.now()
            output, sender, previous = self.output(), kit.operator, model.batches
            expected = {
                "unproven": "NoProof",
                "unavailable": "NoProof",
                "old state": "InvalidPreviousSharedState",
                "wrong batch id": "WrongPreviousBatchId",
                "not operator": "OnlyOperator",
                "wrong config": "GlobalConfigurationMismatch",
                "wrong asset config": "AssetConfigurationMismatch",
                "stale": "SystemTimeOutdated",
                "early": "SystemTimeInvalid",
                "expired": "BatchExpired",
                "more than deposited": "DepositInsufficient",
                "never asked": "NonExistingAction",
                "of another kind": "ConditionCountMismatch",
            }[flaw]
            if flaw == "old state":
                output = replace(output, before=replace(model.state, positions_root=5))
            elif flaw == "wrong batch id":
                previous += 1
            elif flaw == "not operator":
                sender = kit.governor
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
                user = world.users[name]
                output = replace(output, modifications=[(user.stark_key, user.position_id, model.pending[name] + 1)])
            elif flaw == "never asked":
                served = [key for key, asked in model.demands.items() if asked in (0, SERVED)]
                key = served[0] if served else (name, 77)
                output = replace(output, forced=[self.action(key)])
                expected = "ActionAlreadyServed" if key[0] == "trade" else expected
            elif flaw == "of another kind":
                output = replace(output, conditions=[7])
            self.declare(output, flaw == "unproven", flaw == "unavailable")
            refused = "OnlyOperator" if not model.operator else expected
            data = [model.batches + 1, previous, 0]
            self.attempt(
                "StateIsFrozen" if model.frozen else refused,
                lambda: exchange.updateState(output.words(), data, sender=sender),
            )

        @precondition(lambda self: any(asked in (0, SERVED) for asked in self.model.demands.values()))
        @rule(data=st.data())
        def serve_again(self, data):
            """What was served is not pending, for batches as for freezes."""
            model = self.model
            key = data.draw(st.sampled_from(sorted(k for k, asked in model.demands.items() if asked in (0, SERVED))))
            output = self.output(forced=[self.action(key)])
            self.declare(output)
            error = "StateIsFrozen" if model.frozen else None if model.operator else "OnlyOperator"
            error = error or ("ActionAlreadyServed" if key[0] == "trade" else "NonExistingAction")
            self.attempt(error, lambda: kit.update(output.words(), [model.batches + 1, model.batches, 0]))
            self.freeze_by(key)

        # --- the freeze and the way out

        @precondition(lambda self: self.model.demands)
        @rule(data=st.data())
        def freeze(self, data):
            model = self.model
            key = data.draw(st.sampled_from(sorted(model.demands)))
            if data.draw(st.booleans()) and self.now() < model.demands[key] + GRACE:
                kit.at(model.demands[key] + GRACE - data.draw(st.sampled_from([0, 1])))
            self.freeze_by(key)

        def freeze_by(self, key):
            model, action = self.model, self.action(key)
            error = model.freezing(key, self.now())
            arguments = tuple(vars(action).values())
            frozen_at = self.attempt(error, lambda: exchange.freezeRequest(*arguments, sender=kit.stranger))
            if frozen_at:
                model.frozen, model.unfreeze_time = True, frozen_at + UNFREEZE

        @precondition(lambda self: self.model.frozen)
        @rule(patient=st.booleans(), governor=owners)
        def unfreeze(self, patient, governor):
            model = self.model
            if patient and self.now() < model.unfreeze_time:
                kit.at(model.unfreeze_time)
            error = None if governor else "OnlyGovernance"
            error = error or ("EscapesWereUsed" if model.escaped else None)
            error = error or ("UnfreezeNotAllowedYet" if self.now() < model.unfreeze_time else None)
            if self.attempt(error, lambda: exchange.unFreeze(sender=kit.governor if governor else kit.stranger)):
                model.frozen = False

        @precondition(lambda self: self.model.frozen or self.model.batches % 4 == 3)
        @rule(data=st.data(), more=st.sampled_from([0, 0, 0, 1]))
        def escape_with_something(self, data, more):
            self.escape(self.choose(data, self.model.positions), more)

        def escape(self, name, more):
            """The verifier knows only what is true: `more` is not proven."""
            model, user = self.model, world.users[name]
            amount = model.positions[name] + more
            if not more and amount:
                kit.declare_escape(user, amount)
            error = None if model.frozen else "StateNotFrozen"
            error = error or ("EscapeAlreadyUsed" if name in model.escaped else None)
            error = error or ("EscapeLacksProof" if more or not amount else None)
            if self.attempt(error, lambda: kit.escape(user, amount)):
                model.escaped.add(name)
                model.waiting[name] += amount

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
            method = getattr(exchange, f"{act}{kind}ConfigurationChange")
            arguments = (hash_word(word),) if asset == GLOBAL else (asset, hash_word(word))
            when = model.announced.get(key, 0)
            error = None if governor else "OnlyGovernance"
            if act != "register":
                error = error or (None if when else "ConfigurationNotRegistered")
            if act == "apply":
                error = error or ("ConfigurationNotEnabledYet" if self.now() < when + CONFIGURE else None)
            by = kit.governor if governor else kit.operator
            done = self.attempt(error, lambda: method(*arguments, sender=by))
            if done and act == "register":
                model.announced[key] = done
            elif done:
                del model.announced[key]
                if act == "apply" and asset == GLOBAL:
                    model.config = word
                elif act == "apply":
                    model.asset_config = word

        @rule(first=st.integers(0, 2), last=st.integers(0, 2), governor=owners)
        def verifiers(self, first, last, governor):
            for act in ("register", "announce", "remove")[first : last + 1] or ("remove",):
                self.change_verifiers(act, governor)

        def change_verifiers(self, act, governor):
            model, by = self.model, {"sender": kit.governor if governor else kit.stranger}
            error = None if governor else "OnlyGovernance"
            error = error or ("StateIsFrozen" if model.frozen else None)
            if act == "register":
                error = error or ("EntryAlreadyExists" if model.second_verifier else None)
                if self.attempt(error, lambda: exchange.registerVerifier(world.second, "ObedientRegistry", **by)):
                    model.second_verifier = True
                return
            error = error or (None if model.second_verifier else "EntryDoesNotExist")
            if act == "announce":
                error = error or ("AlreadyAnnounced" if model.removal_at else None)
                asked = self.attempt(error, lambda: exchange.announceVerifierRemovalIntent(world.second, **by))
                model.removal_at = asked + REMOVAL if asked else model.removal_at
                return
            error = error or (None if model.removal_at else "RemovalNotAnnounced")
            error = error or ("RemovalNotEnabledYet" if self.now() < model.removal_at else None)
            if self.attempt(error, lambda: exchange.removeVerifier(world.second, **by)):
                model.second_verifier, model.removal_at = False, 0

        @rule(acts=st.sampled_from([("add",), ("upgrade",), ("add", "upgrade")]), governor=owners)
        def upgrade(self, acts, governor):
            for act in acts:
                self.upgrade_once(act, governor)

        def upgrade_once(self, act, governor):
            """To the same code; the books must stay."""
            model, by = self.model, {"sender": kit.governor if governor else kit.stranger}
            error = None if governor else "OnlyGovernance"
            if act == "add":
                asked = self.attempt(error, lambda: exchange.addImplementation(world.code, b"", False, **by))
                model.upgrade_at = asked + UPGRADE if asked else model.upgrade_at
                return
            error = error or ("StateIsFrozen" if model.frozen else None)
            error = error or (None if model.upgrade_at else "UnknownUpgradeInformation")
            error = error or ("UpgradeNotEnabledYet" if self.now() < model.upgrade_at else None)
            if self.attempt(error, lambda: exchange.upgradeTo(world.code, b"", False, **by)):
                model.upgrade_at = 0

        @rule(on=st.sampled_from([True, True, False]), governor=owners)
        def operators(self, on, governor):
            method = exchange.registerOperator if on else exchange.unregisterOperator
            error = None if governor else "OnlyGovernance"
            by = kit.governor if governor else kit.stranger
            if self.attempt(error, lambda: method(kit.operator, sender=by)):
                self.model.operator = on

        @rule(seconds=st.sampled_from([HOUR, DAY, CANCEL, GRACE, UPGRADE, REMOVAL]))
        def time_passes(self, seconds):
            self.shifted = False
            kit.at(self.now() + seconds)

        # --- what must hold

        @invariant()
        def books_agree_and_nobody_lost_anything(self):
            model, last, now = self.model, self.books, world.books()
            self.books = now
            state = [int.from_bytes(model.state.hash(), "big"), model.batches, model.frozen, model.unfreeze_time]
            assert now["state"] == state
            for name, row in now["rows"].items():
                expected = (model.pending[name], model.cancelled_at[name], model.waiting[name], name in model.escaped)
                assert row == expected, name
            assert now["held"] >= model.owed(), "the contract holds less than it owes"
            if not self.shifted:
                for name in NAMES:
                    assert self.claim(now, name) >= self.claim(last, name), f"{name} lost something"

        def claim(self, books, name: str) -> int:
            """Tokens in hand, pending, waiting, and in the position unless it escaped."""
            pending, _, waiting, escaped = books["rows"][name]
            inside = 0 if escaped else self.model.positions[name]
            return books["tokens"][name] + pending + waiting + inside

        def teardown(self):
            try:
                if hasattr(self, "model"):
                    self.drive_everybody_out()
            finally:
                world.restore()

        def drive_everybody_out(self):
            """From here each user reaches his tokens without operator and governance. Shortcuts are tried in vain."""
            model = self.model
            claims = {name: self.claim(self.books, name) for name in NAMES}
            if "carol" not in model.registered:
                self.register_carol()
            self.somebody_freezes()
            self.bad_batch("old state", "alice")
            self.deposit("bob", 1, False)
            for name in NAMES:
                self.leave(name)
            kit.at(max(self.now() + CANCEL, model.unfreeze_time))
            for name in NAMES:
                if model.cancelled_at[name]:
                    self.reclaim(name, False)
                    self.reclaim(name, True)
                self.withdraw(name)
            if model.escaped:
                self.unfreeze(True, True)
            self.books_agree_and_nobody_lost_anything()
            assert {name: self.books["tokens"][name] for name in NAMES} == claims

        def leave(self, name):
            """Escape, once and with no more than is proven; take a deposit back, in time."""
            model = self.model
            self.escape(name, 1)
            if model.positions[name]:
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
            kit.at(model.demands["alice", amount] + GRACE)
            self.freeze_by(("alice", amount))
            assert model.frozen

    return ExchangeMachine
