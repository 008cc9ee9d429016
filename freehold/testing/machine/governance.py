"""What governance does: configurations, verifiers, code, roles, governors."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import rule

from freehold.testing.kit import BTC, hash_word
from freehold.testing.machine.frame import CONFIGURE, REMOVAL, UPGRADE, Frame, owners
from freehold.testing.model import BODIES, KINDS

GLOBAL = 2**256 - 1


class Governance(Frame):
    """By governors and by others; what needs its time is tried before and after."""

    @rule(
        asset=st.sampled_from([GLOBAL, BTC]),
        word=st.sampled_from([0x77, 0x78]),
        acts=st.lists(st.sampled_from(["register", "apply", "apply", "remove"]), min_size=1, max_size=3),
        governor=owners,
    )
    def configure(self, asset: int, word: int, acts: list[str], governor: bool) -> None:
        for act in acts:
            self.configure_once(asset, word, act, governor)

    def configure_once(self, asset: int, word: int, act: str, governor: bool) -> None:
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

    @rule(first=st.integers(0, 2), last=st.integers(0, 2), governor=owners, kind=st.sampled_from(KINDS))
    def verifiers(self, first: int, last: int, governor: bool, kind: str) -> None:
        for act in ("register", "announce", "remove")[first : last + 1] or ("remove",):
            self.change_verifiers(act, governor, kind)

    def change_verifiers(self, act: str, governor: bool, kind: str) -> None:
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
    def upgrade(self, acts: tuple[str, ...], governor: bool) -> None:
        for act in acts:
            self.upgrade_once(act, governor)

    def upgrade_once(self, act: str, governor: bool) -> None:
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
    def roles(self, on: bool, governor: bool, role: str) -> None:
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
    def governors(self, body: str, act: str, governor: bool) -> None:
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
