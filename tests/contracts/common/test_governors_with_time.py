"""What governors with patience can do to users: whole sequences, from an announcement to who holds the money.

Each ends in one of two ways. Users could leave: somebody asks a second after the announcement, and the governors' act
comes too late or is refused. Or the power is what `docs/roles.md` says.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import ape
import pytest
from eth_abi import encode

from freehold.chain.deployed import Delays
from freehold.chain.deployment import deploy_pieces
from freehold.chain.exchange import Exchange
from freehold.testing.kit import BTC, CONFIG_HASH, DAY, GRACE, Kit, hash_word
from freehold.testing.output_words import Output, availability_claim, fact_of
from prover.applications.ledger.merkle import empty_roots
from prover.applications.perpetual.positions import EMPTY

WINDOW, CONFIGURATION, REMOVAL, UPGRADE, UNFREEZE = 14 * DAY, 14 * DAY, 28 * DAY, 14 * DAY, 365 * DAY
YEAR = 365 * DAY
NEW = hash_word(0x77)
KINDS = ("verifier", "availability verifier", "general configuration", "asset configuration", "upgrade")


@dataclass(frozen=True)
class Announcement:
    """The calls of one kind; `early` and `unknown` name the refusals of its use."""

    announce: Callable
    use: Callable
    withdraw: Callable
    due_at: Callable
    withdrawn: str
    early: str
    unknown: str
    after_freeze: str | None
    """How its use is refused while frozen; None: it is not, and changes nothing for who leaves."""


def registry(kit: Kit, project):
    """One that would be taken into a list."""
    made = kit.governor.deploy(project.ObedientRegistry)
    made.declare(bytes(32), sender=kit.stranger)
    return made


def calls(kit: Kit, kind: str) -> Announcement:
    exchange, by = kit.exchange, {"sender": kit.governor}
    if kind.endswith("verifier"):
        name = "Availability" if kind.startswith("availability") else ""
        entry = kit.availability if name else kit.verifier
        allowed_at = exchange.availabilityVerifierRemovalAllowedAt if name else exchange.verifierRemovalAllowedAt
        return Announcement(
            lambda: getattr(exchange, f"announce{name}VerifierRemovalIntent")(entry, **by),
            lambda: getattr(exchange, f"remove{name}Verifier")(entry, **by),
            lambda: getattr(exchange, f"withdraw{name}VerifierRemovalIntent")(entry, **by),
            lambda: allowed_at(entry),
            "LogRemovalIntentWithdrawn",
            "RemovalNotEnabledYet",
            "RemovalNotAnnounced",
            "StateIsFrozen",
        )
    if kind == "upgrade":
        code = exchange.implementation()
        return Announcement(
            lambda: exchange.addImplementation(code, b"", False, **by),
            lambda: exchange.upgradeTo(code, b"", False, **by),
            lambda: exchange.removeImplementation(code, b"", False, **by),
            lambda: exchange.implementationEnabledAt(code, b"", False),
            "ImplementationRemoved",
            "UpgradeNotEnabledYet",
            "UnknownUpgradeInformation",
            "StateIsFrozen",
        )
    name, of = ("Global", ()) if kind.startswith("general") else ("Asset", (BTC,))
    return Announcement(
        lambda: getattr(exchange, f"register{name}ConfigurationChange")(*of, NEW, **by),
        lambda: getattr(exchange, f"apply{name}ConfigurationChange")(*of, NEW, **by),
        lambda: getattr(exchange, f"remove{name}ConfigurationChange")(*of, NEW, **by),
        lambda: exchange.configurationEnabledAt(*(of or (2**256 - 1,)), NEW),
        f"Log{name}ConfigurationRemoved",
        "ConfigurationNotEnabledYet",
        "ConfigurationNotRegistered",
        None,
    )


@pytest.fixture(params=KINDS)
def announcement(kit, project, request):
    """Either list has a second entry, which stays, so that the first may leave."""
    by = {"sender": kit.governor}
    kit.exchange.registerVerifier(registry(kit, project), "ObedientRegistry", **by)
    kit.exchange.registerAvailabilityVerifier(registry(kit, project), "ObedientRegistry", **by)
    return calls(kit, request.param)


@pytest.fixture
def state(kit):
    """Alice has 100 in her position."""
    kit.deposit(kit.alice, 100)
    output = kit.output(modifications=[(kit.alice.stark_key, kit.alice.position_id, 100)])
    declare_to_all(kit, output)
    kit.update(output.words())
    return output.after


@pytest.fixture(params=["", "Availability"], ids=["verifiers", "availability verifiers"])
def chain_of(kit, request):
    """The functions of either list, and its first entry."""
    kind, exchange = request.param, kit.exchange

    class Functions:
        add = getattr(exchange, f"register{kind}Verifier")
        undo = getattr(exchange, f"undo{kind}VerifierRegistration")
        announce = getattr(exchange, f"announce{kind}VerifierRemovalIntent")
        withdraw = getattr(exchange, f"withdraw{kind}VerifierRemovalIntent")
        remove = getattr(exchange, f"remove{kind}Verifier")
        entries = getattr(exchange, f"getRegistered{kind}Verifiers")
        allowed_at = exchange.availabilityVerifierRemovalAllowedAt if kind else exchange.verifierRemovalAllowedAt
        first = kit.availability if kind else kit.verifier

    return Functions


def declare_to_all(kit: Kit, output: Output) -> None:
    """Every entry of both lists says that it was proven, and that its data is held."""
    claim = availability_claim(output.after, kit.exchange.getSequenceNumber() + 1)
    for known, entries in (
        (fact_of(output.words()), kit.exchange.getRegisteredVerifiers()),
        (claim, kit.exchange.getRegisteredAvailabilityVerifiers()),
    ):
        for entry in entries:
            kit.project.ObedientRegistry.at(entry).declare(known, sender=kit.stranger)


def leave(kit: Kit, amount: int) -> None:
    """Alice escapes from the frozen exchange, and has all that she had."""
    kit.declare_escape(kit.alice, amount)
    kit.escape(kit.alice, amount)
    kit.withdraw(kit.alice)
    assert kit.token.balanceOf(kit.alice.account) == kit.START
    kit.wait(UNFREEZE)
    with ape.reverts(kit.error("EscapesWereUsed"), count=1):
        kit.exchange.unFreeze(sender=kit.governor)


class TestAnnouncementsLapse:
    def test_one_can_be_used_until_the_last_second_of_its_window(self, kit, announcement):
        announcement.announce()
        due_at = announcement.due_at()
        assert kit.exchange.ANNOUNCEMENT_WINDOW() == WINDOW
        kit.at(due_at + WINDOW - 1)
        announcement.use()

    @pytest.mark.parametrize("late", [0, YEAR], ids=["at the end of the window", "a year later"])
    def test_a_lapsed_one_is_refused_and_announced_anew_waits_in_full(self, kit, announcement, late):
        announcement.announce()
        due_at, announced_at = announcement.due_at(), kit.now()
        kit.at(due_at + WINDOW + late)
        with ape.reverts(kit.error("AnnouncementLapsed"), lapsedAt=due_at + WINDOW):
            announcement.use()
        announcement.announce()
        again = announcement.due_at()
        assert again - kit.now() == due_at - announced_at
        kit.at(again - 1)
        with ape.reverts(kit.error(announcement.early)):
            announcement.use()
        kit.at(again)
        announcement.use()

    def test_one_that_is_withdrawn_is_unknown_and_announced_anew_waits_in_full(self, kit, announcement):
        with ape.reverts(kit.error(announcement.unknown)):
            announcement.withdraw()
        announcement.announce()
        due_at = announcement.due_at()
        kit.at(due_at)
        assert announcement.withdraw().decode_logs(getattr(kit.exchange, announcement.withdrawn))
        assert announcement.due_at() == 0
        with ape.reverts(kit.error(announcement.unknown)):
            announcement.use()
        announcement.announce()
        kit.at(announcement.due_at() - 1)
        with ape.reverts(kit.error(announcement.early)):
            announcement.use()

    def test_the_first_code_too_must_come_within_the_window(self, kit, project):
        proxy = kit.governor.deploy(project.FreeholdProxy, UPGRADE)
        code = kit.exchange.implementation()
        proxy.addImplementation(code, b"", False, sender=kit.governor)
        lapses = proxy.implementationEnabledAt(code, b"", False) + WINDOW
        kit.at(lapses)
        with ape.reverts(proxy.AnnouncementLapsed, lapsedAt=lapses):
            proxy.upgradeTo(code, b"", False, sender=kit.governor)

    def test_one_that_is_renewed_is_always_in_force(self, kit):
        """The documented limit: two upgrades that differ in nothing but their finality, announced in turn."""
        exchange, by, code = kit.exchange, {"sender": kit.governor}, kit.exchange.implementation()
        for turn in range(6):
            exchange.addImplementation(code, b"", bool(turn % 2), **by)
            kit.wait(13 * DAY)
        kit.wait(DAY)
        exchange.upgradeTo(code, b"", False, **by)


class TestUsersLeaveFirst:
    def test_who_asks_a_second_after_the_announcement_is_out_before_it_is_due(self, kit, state, announcement):
        announcement.announce()
        due_at = announcement.due_at()
        kit.wait(1)
        kit.request(kit.alice, 100)
        kit.wait(GRACE)
        kit.freeze(kit.alice, 100)
        assert kit.now() < due_at
        kit.at(due_at)
        if announcement.after_freeze:
            with ape.reverts(kit.error(announcement.after_freeze)):
                announcement.use()
        else:
            announcement.use()
            output = kit.output(state)
            kit.declare(output.words(), output.after)
            with ape.reverts(kit.error("StateIsFrozen")):
                kit.update(output.words())
        leave(kit, 100)

    def test_who_is_served_is_paid_before_it_is_due(self, kit, state, announcement):
        announcement.announce()
        due_at = announcement.due_at()
        kit.request(kit.alice, 100)
        kit.wait(GRACE - 1)
        paid = (kit.alice.stark_key, kit.alice.position_id, -100)
        output = kit.output(state, modifications=[paid], forced=[kit.withdrawal(kit.alice, 100)])
        declare_to_all(kit, output)
        kit.update(output.words())
        kit.withdraw(kit.alice)
        assert kit.now() < due_at and kit.token.balanceOf(kit.alice.account) == kit.START

    def test_a_deposit_that_a_batch_takes_at_the_last_moment_is_out_before_it_is_due(self, kit, announcement):
        """Cancelled a second after the announcement, taken a second before it could be reclaimed, asked for at once."""
        kit.deposit(kit.alice, 100)
        announcement.announce()
        due_at = announcement.due_at()
        kit.wait(1)
        kit.exchange.depositCancel(*kit.slot(kit.alice), sender=kit.alice.account)
        kit.wait(2 * DAY - 10)
        output = kit.output(modifications=[(kit.alice.stark_key, kit.alice.position_id, 100)])
        declare_to_all(kit, output)
        kit.update(output.words())
        kit.freeze_with(kit.alice, 100)
        assert kit.now() < due_at
        leave(kit, 100)

    def test_synthetics_take_two_requests_and_the_second_can_be_late(self, kit, state):
        """The documented limit: the trade is served at the last moment, and the withdrawal's deadline is after the
        upgrade, for the delay is one grace period and a week."""
        exchange, by, code = kit.exchange, {"sender": kit.governor}, kit.exchange.implementation()
        exchange.addImplementation(code, b"", False, **by)
        due_at = exchange.implementationEnabledAt(code, b"", False)
        kit.wait(10)
        kit.request_trade(kit.trade())
        kit.wait(GRACE - 5)
        kit.serve(state, forced=[kit.trade()])
        kit.request(kit.alice, 100)
        deadline = kit.now() + GRACE
        assert 0 < deadline - due_at < 60
        kit.at(due_at)
        exchange.upgradeTo(code, b"", False, **by)


class TestVerifiersAreReplaced:
    """Every verifier knows every state's fact. Governors with time want a list of one registry of their own."""

    def test_a_new_one_does_not_decide_alone_on_the_day_it_comes(self, kit, project, state, chain_of):
        """The removal was announced long ago; the registry that believes anything comes on the last day."""
        by = {"sender": kit.governor}
        chain_of.announce(chain_of.first, **by)
        due_at = chain_of.allowed_at(chain_of.first)
        evil = registry(kit, project)
        kit.at(due_at)
        chain_of.add(evil, "ObedientRegistry", **by)
        settled_at = kit.now() + REMOVAL
        with ape.reverts(kit.error("RemainingEntryTooNew"), entry=evil.address, settledAt=settled_at):
            chain_of.remove(chain_of.first, **by)
        assert chain_of.allowed_at(chain_of.first) == settled_at
        kit.request(kit.alice, 100)
        kit.at(due_at + WINDOW)
        with ape.reverts(kit.error("AnnouncementLapsed"), lapsedAt=due_at + WINDOW):
            chain_of.remove(chain_of.first, **by)
        assert chain_of.allowed_at(chain_of.first) == 0
        kit.freeze(kit.alice, 100)
        leave(kit, 100)

    def test_it_does_after_the_whole_delay(self, kit, project, state, chain_of):
        """The documented power: a removal announced and an addition made as long ago as the delay."""
        by, evil = {"sender": kit.governor}, registry(kit, project)
        chain_of.announce(chain_of.first, **by)
        kit.wait(10 * DAY)
        chain_of.add(evil, "ObedientRegistry", **by)
        kit.at(chain_of.allowed_at(chain_of.first) - 1)
        with ape.reverts(kit.error("RemainingEntryTooNew")):
            chain_of.remove(chain_of.first, **by)
        kit.at(chain_of.allowed_at(chain_of.first))
        chain_of.remove(chain_of.first, **by)
        assert chain_of.entries() == [evil.address]

    def test_the_age_of_one_that_leaves_does_not_matter(self, kit, project, chain_of):
        by, young = {"sender": kit.governor}, registry(kit, project)
        chain_of.add(young, "ObedientRegistry", **by)
        chain_of.announce(young, **by)
        assert chain_of.allowed_at(young) == kit.now() + REMOVAL
        kit.at(chain_of.allowed_at(young))
        chain_of.remove(young, **by)
        assert chain_of.entries() == [chain_of.first.address]

    def test_one_that_came_back_is_new(self, kit, project, chain_of):
        by, other = {"sender": kit.governor}, registry(kit, project)
        chain_of.add(other, "ObedientRegistry", **by)
        chain_of.announce(other, **by)
        kit.wait(REMOVAL)
        chain_of.remove(other, **by)
        chain_of.announce(chain_of.first, **by)
        chain_of.add(other, "ObedientRegistry", **by)
        settled_at = kit.now() + REMOVAL
        assert chain_of.allowed_at(chain_of.first) == settled_at
        with ape.reverts(kit.error("RemovalNotAnnounced"), entry=other.address):
            chain_of.remove(other, **by)

    def test_all_may_not_leave(self, kit, project, chain_of):
        by, other = {"sender": kit.governor}, registry(kit, project)
        chain_of.add(other, "ObedientRegistry", **by)
        for entry in (chain_of.first, other):
            chain_of.announce(entry, **by)
        kit.wait(REMOVAL)
        chain_of.remove(chain_of.first, **by)
        with ape.reverts(kit.error("LastEntryMayNotBeRemoved")):
            chain_of.remove(other, **by)


class TestAnAdditionIsUndone:
    """A registry that knows nothing stops the exchange at once, and its removal is due long after the freeze."""

    def test_one_added_by_mistake_goes_at_once_and_batches_go_on(self, kit, project, state, chain_of):
        by, mistake = {"sender": kit.governor}, registry(kit, project)
        chain_of.add(mistake, "ObedientRegistry", **by)
        kit.request(kit.alice, 100)
        output = kit.output(state, forced=[kit.withdrawal(kit.alice, 100)])
        kit.declare(output.words(), output.after)
        with ape.reverts(kit.error("NoProof"), entry=mistake.address):
            kit.update(output.words())
        (log,) = chain_of.undo(mistake, **by).decode_logs(kit.exchange.LogRemoved)
        assert log.entry == mistake.address and chain_of.entries() == [chain_of.first.address]
        kit.update(output.words())

    def test_several_are_undone_from_the_newest_on(self, kit, project, state, chain_of):
        by, others = {"sender": kit.governor}, [registry(kit, project) for _ in range(3)]
        for other in others:
            chain_of.add(other, "ObedientRegistry", **by)
        for older in (chain_of.first, *others[:2]):
            with ape.reverts(kit.error("NotTheNewestEntry"), newest=others[2].address):
                chain_of.undo(older, **by)
        with ape.reverts(kit.error("EntryDoesNotExist"), entry=kit.token.address):
            chain_of.undo(kit.token, **by)
        while others:
            chain_of.undo(others.pop(), **by)
            assert chain_of.entries() == [chain_of.first.address, *(other.address for other in others)]
        with ape.reverts(kit.error("LastEntryMayNotBeRemoved")):
            chain_of.undo(chain_of.first, **by)

    def test_one_that_has_guarded_a_state_stays(self, kit, project, state, chain_of):
        by, other = {"sender": kit.governor}, registry(kit, project)
        chain_of.add(other, "ObedientRegistry", **by)
        output = kit.output(state)
        declare_to_all(kit, output)
        kit.update(output.words())
        with ape.reverts(kit.error("EntryInUse"), sequenceNumber=2):
            chain_of.undo(other, **by)

    def test_one_because_of_which_another_left_stays(self, kit, project, state, chain_of):
        """A registry that believes anything, then an honest one. Users let the old one go, since an honest one stays;
        if that one could go at once, the first would decide alone."""
        by, evil, honest = {"sender": kit.governor}, registry(kit, project), registry(kit, project)
        for entry in (evil, honest):
            chain_of.add(entry, "ObedientRegistry", **by)
        chain_of.announce(chain_of.first, **by)
        kit.wait(REMOVAL)
        chain_of.remove(chain_of.first, **by)
        removed_at = kit.now()
        assert chain_of.entries() == [honest.address, evil.address]
        for entry in (honest, evil):
            with ape.reverts(kit.error("ListHasChangedSince"), lastRemovalAt=removed_at):
                chain_of.undo(entry, **by)

    def test_it_takes_its_announcement_along(self, kit, project, state, chain_of):
        """Announced, undone, added again: users rely on it anew, and the old announcement would remove it."""
        by, other = {"sender": kit.governor}, registry(kit, project)
        chain_of.add(other, "ObedientRegistry", **by)
        chain_of.announce(other, **by)
        chain_of.undo(other, **by)
        kit.wait(REMOVAL)
        chain_of.add(other, "ObedientRegistry", **by)
        with ape.reverts(kit.error("RemovalNotAnnounced"), entry=other.address):
            chain_of.remove(other, **by)

    def test_a_freeze_over_a_mistake_can_end(self, kit, project, state, chain_of):
        """Refused while frozen, as all that changes the lists; done once the exchange is resumed."""
        by, mistake = {"sender": kit.governor}, registry(kit, project)
        chain_of.add(mistake, "ObedientRegistry", **by)
        kit.freeze_with(kit.alice)
        with ape.reverts(kit.error("StateIsFrozen")):
            chain_of.undo(mistake, **by)
        kit.wait(UNFREEZE)
        kit.exchange.unFreeze(**by)
        chain_of.undo(mistake, **by)
        kit.serve(state)


class TestTheStart:
    """Before the first general configuration nothing waits: nothing may be there to be taken."""

    def test_nothing_is_deposited_before_verifier_and_configuration_are_fixed(self, project, accounts, chain):
        """Else governors wait for deposits, then name a verifier and a configuration of their own in one block."""
        kit = Kit(project, accounts, chain, configured=False)
        exchange, by = kit.exchange, {"sender": kit.governor}
        exchange.registerTokenAdmin(kit.token_admin, **by)
        register = exchange.registerSystemAssetType
        with ape.reverts(kit.error("GlobalConfigurationNotSet")):
            register(kit.asset, kit.info, sender=kit.token_admin)
        exchange.registerGlobalConfigurationChange(hash_word(CONFIG_HASH), **by)
        exchange.applyGlobalConfigurationChange(hash_word(CONFIG_HASH), **by)
        with ape.reverts(kit.error("NoVerifiers")):
            register(kit.asset, kit.info, sender=kit.token_admin)
        with ape.reverts(kit.error("AssetTypeNotRegistered"), assetType=kit.asset):
            kit.deposit(kit.alice, 5)
        exchange.registerVerifier(kit.verifier, "ObedientRegistry", **by)
        register(kit.asset, kit.info, sender=kit.token_admin)
        kit.deposit(kit.alice, 5)

    def test_the_first_deposits_keep_the_verifiers_they_came_for(self, kit, project, chain_of):
        """An honest one beside a registry that believes anything; without it the first batch takes all deposits."""
        by, honest = {"sender": kit.governor}, registry(kit, project)
        chain_of.add(honest, "ObedientRegistry", **by)
        kit.deposit(kit.alice, 5)
        with ape.reverts(kit.error("DepositsWaitForFirstBatch")):
            chain_of.undo(honest, **by)
        kit.exchange.depositCancel(*kit.slot(kit.alice), sender=kit.alice.account)
        kit.wait(2 * DAY)
        kit.exchange.depositReclaim(*kit.slot(kit.alice), sender=kit.alice.account)
        assert kit.token.balanceOf(kit.alice.account) == kit.START
        chain_of.undo(honest, **by)

    def test_an_empty_list_of_availability_verifiers_gets_its_first_at_once(self, project, accounts, chain):
        """The documented power: whoever deposits into a Validium looks whether the list has an entry."""
        kit = Kit(project, accounts, chain, configured=False)
        kit.exchange.registerVerifier(kit.verifier, "ObedientRegistry", sender=kit.governor)
        assert kit.exchange.getRegisteredAvailabilityVerifiers() == []
        kit.exchange.registerAvailabilityVerifier(kit.availability, "ObedientRegistry", sender=kit.governor)

    def test_an_asset_after_the_start_waits(self, kit):
        """Its oracles could be the governors'."""
        kit.exchange.registerAssetConfigurationChange(BTC + 1, NEW, sender=kit.governor)
        with ape.reverts(kit.error("ConfigurationNotEnabledYet")):
            kit.exchange.applyAssetConfigurationChange(BTC + 1, NEW, sender=kit.governor)
        kit.wait(CONFIGURATION)
        kit.exchange.applyAssetConfigurationChange(BTC + 1, NEW, sender=kit.governor)


class TestTheFreeze:
    """While frozen governors may announce upgrades and configurations; what they can do with them afterwards."""

    def test_what_was_announced_before_a_freeze_has_lapsed_after_it(self, kit, state, announcement):
        announcement.announce()
        kit.freeze_with(kit.alice)
        kit.wait(UNFREEZE)
        kit.exchange.unFreeze(sender=kit.governor)
        with ape.reverts(kit.error("AnnouncementLapsed")):
            announcement.use()

    def test_one_escape_keeps_new_code_from_a_resumed_exchange(self, kit, state):
        """Announced while frozen, to be run in the second of the resumption. Who has seen it escapes in time."""
        exchange, by, code = kit.exchange, {"sender": kit.governor}, kit.exchange.implementation()
        kit.freeze_with(kit.alice)
        kit.at(exchange.getUnFreezeTime() - UPGRADE)
        exchange.addImplementation(code, b"", False, **by)
        kit.wait(1)
        kit.declare_escape(kit.alice, 100)
        kit.escape(kit.alice, 100)
        kit.withdraw(kit.alice)
        kit.at(exchange.getUnFreezeTime() + UPGRADE)
        with ape.reverts(kit.error("EscapesWereUsed"), count=1):
            exchange.unFreeze(**by)
        with ape.reverts(kit.error("StateIsFrozen")):
            exchange.upgradeTo(code, b"", False, **by)

    def test_if_nobody_escapes_it_runs_at_once(self, kit, state):
        """The documented power: the freeze was the time to leave."""
        exchange, by, code = kit.exchange, {"sender": kit.governor}, kit.exchange.implementation()
        kit.freeze_with(kit.alice)
        kit.at(exchange.getUnFreezeTime() - UPGRADE)
        exchange.addImplementation(code, b"", False, **by)
        kit.wait(UPGRADE)
        exchange.unFreeze(**by)
        exchange.upgradeTo(code, b"", False, **by)

    def test_no_list_changes_but_an_intent_may_be_withdrawn(self, kit, project, state, chain_of):
        by, other = {"sender": kit.governor}, registry(kit, project)
        chain_of.announce(chain_of.first, **by)
        kit.freeze_with(kit.alice)
        for call in (lambda: chain_of.add(other, "ObedientRegistry", **by), lambda: chain_of.remove(other, **by)):
            with ape.reverts(kit.error("StateIsFrozen")):
                call()
        chain_of.withdraw(chain_of.first, **by)
        assert chain_of.allowed_at(chain_of.first) == 0


class TestGovernors:
    @pytest.fixture(params=["main", "proxy"])
    def body(self, kit, request):
        exchange, prefix = kit.exchange, request.param

        class Functions:
            nominate = getattr(exchange, f"{prefix}NominateNewGovernor")
            accept = getattr(exchange, f"{prefix}AcceptGovernance")
            remove = getattr(exchange, f"{prefix}RemoveGovernor")
            governs = getattr(exchange, f"{prefix}IsGovernor")

        return Functions

    def test_a_nomination_lapses(self, kit, body):
        """Else somebody who was forgotten accepts years later."""
        by = {"sender": kit.governor}
        body.nominate(kit.second, **by)
        nominated_at = kit.now()
        kit.at(nominated_at + WINDOW)
        with ape.reverts(kit.error("AnnouncementLapsed"), lapsedAt=nominated_at + WINDOW):
            body.accept(sender=kit.second)
        body.nominate(kit.stranger, **by)
        nominated_at = kit.now()
        with ape.reverts(kit.error("OtherCandidatePending"), candidate=kit.stranger.address):
            body.nominate(kit.second, **by)
        kit.at(nominated_at + WINDOW - 1)
        body.accept(sender=kit.stranger)
        assert body.governs(kit.stranger) and not body.governs(kit.second)

    def test_whoever_is_removed_leaves_no_candidate_behind(self, kit, body):
        body.nominate(kit.second, sender=kit.governor)
        body.accept(sender=kit.second)
        body.nominate(kit.stranger, sender=kit.second)
        receipt = body.remove(kit.second, sender=kit.governor)
        assert receipt.decode_logs(kit.exchange.LogNominationCancelled)
        with ape.reverts(kit.error("OnlyCandidateGovernor"), caller=kit.stranger.address):
            body.accept(sender=kit.stranger)

    def test_one_governor_is_all_of_them_and_waits_all_the_same(self, kit, state, body, announcement):
        """The documented power: the others are removed at once, and nobody withdraws what is announced."""
        body.nominate(kit.second, sender=kit.governor)
        body.accept(sender=kit.second)
        announcement.announce()
        body.remove(kit.second, sender=kit.governor)
        kit.request(kit.alice, 100)
        kit.wait(GRACE)
        kit.freeze(kit.alice, 100)
        assert kit.now() < announcement.due_at()
        leave(kit, 100)

    def test_operators_of_their_own_can_only_be_silent(self, kit, state):
        exchange, by = kit.exchange, {"sender": kit.governor}
        exchange.unregisterOperator(kit.operator, **by)
        exchange.registerOperator(kit.governor, **by)
        output = kit.output(state, modifications=[(kit.bob.stark_key, kit.bob.position_id, -100)])
        with ape.reverts(kit.error("NoProof"), entry=kit.verifier.address):
            kit.update(output.words(), sender=kit.governor)
        kit.freeze_with(kit.alice, 100)
        leave(kit, 100)

    def test_token_administrators_name_no_second_collateral(self, kit, state):
        exchange, by = kit.exchange, {"sender": kit.governor}
        exchange.registerTokenAdmin(kit.second, **by)
        with ape.reverts(kit.error("SystemAssetTypeAlreadySet")):
            exchange.registerSystemAssetType(kit.asset, kit.info, sender=kit.second)


class TestNewCode:
    def test_an_initializer_waits_as_code_does(self, kit, project, state):
        """It may write anything, as another escape verifier; who asks at its announcement escapes by the old one."""
        exchange, by, code = kit.exchange, {"sender": kit.governor}, kit.exchange.implementation()
        initializer, other = (kit.governor.deploy(made) for made in (project.Initializer, project.ObedientEscapes))
        data = encode(["address", "bytes"], [initializer.address, encode(["address"], [other.address])])
        exchange.addImplementation(code, data, False, **by)
        due_at = exchange.implementationEnabledAt(code, data, False)
        kit.wait(1)
        kit.freeze_with(kit.alice, 100)
        kit.at(due_at)
        with ape.reverts(kit.error("StateIsFrozen")):
            exchange.upgradeTo(code, data, False, **by)
        assert exchange.escapeVerifier() == kit.escapes.address
        leave(kit, 100)

    def test_an_initializer_names_no_contract_that_is_no_escape_verifier(self, kit, project):
        exchange, by, code = kit.exchange, {"sender": kit.governor}, kit.exchange.implementation()
        initializer = kit.governor.deploy(project.Initializer)
        data = encode(["address", "bytes"], [initializer.address, encode(["address"], [kit.verifier.address])])
        exchange.addImplementation(code, data, False, **by)
        kit.wait(UPGRADE)
        with ape.reverts(kit.error("EscapeVerifierRefused"), verifier=kit.verifier.address, found="ObedientRegistry"):
            exchange.upgradeTo(code, data, False, **by)


class TestTheFirstState:
    """Nothing proves it, so it is told."""

    def test_it_is_declared_and_stays_to_be_read(self, kit):
        words, names = kit.state.words(), ("positionsRoot", "positionsHeight", "ordersRoot", "ordersHeight")
        (log,) = kit.exchange.GenesisDeclared.query("*", start_block=0).event_arguments
        expected = dict(zip(names, words, strict=False)) | {"systemTime": words[-1], "sequenceNumber": 0}
        assert log == expected
        kit.serve()
        genesis = kit.exchange.genesis()
        assert {name: getattr(genesis, name) for name in expected} == expected

    def test_status_says_whether_it_was_empty(self, kit, project):
        empty = {
            "positions_root": empty_roots(64, EMPTY.leaf())[64],
            "orders_root": empty_roots(251, 0)[251],
            "orders_height": 251,
        }
        for changes, said in (
            (empty, "empty"),
            (empty | {"positions_root": 7}, "with positions: root 0x7, ask for the declared genesis"),
            (empty | {"orders_root": 8}, "with used orders: root 0x8, ask for the declared genesis"),
            (
                empty | {"positions_height": 63},
                f"with positions: root {empty['positions_root']:#x}, ask for the declared genesis",
            ),
        ):
            words = replace(kit.state, **changes).words()
            exchange = deploy_pieces(project, kit.governor, kit.escapes, words, Delays())
            assert Exchange(exchange, kit.token, None).beginning() == said
