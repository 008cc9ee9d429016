"""Roles, verifiers, configuration, the proxy: who may, after which delay, and what nobody may."""

from dataclasses import replace

import ape
import pytest
from eth_abi import encode

from freehold.chain.deployed import Delays, DelaysRefused
from freehold.chain.deployment import deploy_exchange, deploy_pieces, initial_data
from freehold.testing.kit import BTC, BTC_CONFIG, CONFIG_HASH, DAY, GRACE, Kit, hash_word
from prover.algebra.field import PRIME as FIELD
from prover.algebra.keccak import keccak256

ZERO = "0x" + "00" * 20
GLOBAL = 2**256 - 1

# --- roles


ROLES = {
    "OnlyGovernance": (
        "mainNominateNewGovernor(address)",
        "mainCancelNomination()",
        "mainRemoveGovernor(address)",
        "registerOperator(address)",
        "unregisterOperator(address)",
        "registerTokenAdmin(address)",
        "unregisterTokenAdmin(address)",
        "registerVerifier(address,string)",
        "undoVerifierRegistration(address)",
        "announceVerifierRemovalIntent(address)",
        "withdrawVerifierRemovalIntent(address)",
        "removeVerifier(address)",
        "registerAvailabilityVerifier(address,string)",
        "undoAvailabilityVerifierRegistration(address)",
        "announceAvailabilityVerifierRemovalIntent(address)",
        "withdrawAvailabilityVerifierRemovalIntent(address)",
        "removeAvailabilityVerifier(address)",
        "registerGlobalConfigurationChange(bytes32)",
        "applyGlobalConfigurationChange(bytes32)",
        "removeGlobalConfigurationChange(bytes32)",
        "registerAssetConfigurationChange(uint256,bytes32)",
        "applyAssetConfigurationChange(uint256,bytes32)",
        "removeAssetConfigurationChange(uint256,bytes32)",
        "unFreeze()",
    ),
    "OnlyGovernance of the proxy": (
        "addImplementation(address,bytes,bool)",
        "removeImplementation(address,bytes,bool)",
        "upgradeTo(address,bytes,bool)",
        "proxyNominateNewGovernor(address)",
        "proxyRemoveGovernor(address)",
        "proxyCancelNomination()",
    ),
    "OnlyOperator": ("updateState(uint256[],uint256[])",),
    "OnlyTokenAdmin": ("registerSystemAssetType(uint256,bytes)",),
    "OnlyCandidateGovernor": ("mainAcceptGovernance()", "proxyAcceptGovernance()"),
}
OPEN_TO_ANYONE = {
    *("registerEthAddress", "registerSender", "initialize", "registerToken"),
    *("deposit", "depositERC20", "depositEth", "depositCancel", "depositReclaim", "topUp", "withdraw"),
    *("forcedWithdrawalRequest", "forcedTradeRequest", "freezeRequest", "escape"),
}


@pytest.fixture(scope="module")
def roles(kit, project):
    """A contract for each role; each tells what came of a call."""
    exchange, by = kit.exchange, {"sender": kit.governor}
    names = ("OnlyGovernance", "OnlyGovernance of the proxy", "OnlyOperator", "OnlyTokenAdmin", "nobody")
    wallets = {name: kit.stranger.deploy(project.Wallet) for name in names}

    def act(name, method, *arguments):
        wallets[name].act(exchange, method.encode_input(*arguments), sender=kit.stranger)

    exchange.mainNominateNewGovernor(wallets["OnlyGovernance"], **by)
    act("OnlyGovernance", exchange.mainAcceptGovernance)
    exchange.proxyNominateNewGovernor(wallets["OnlyGovernance of the proxy"], **by)
    act("OnlyGovernance of the proxy", exchange.proxyAcceptGovernance)
    exchange.registerOperator(wallets["OnlyOperator"], **by)
    exchange.registerTokenAdmin(wallets["OnlyTokenAdmin"], **by)
    return wallets


def test_every_privileged_function_is_refused_to_every_other_role(kit, roles):
    """S0-15. The role itself is refused for another reason or not at all."""
    from tests.support.published_calls import call_with_zeros

    tried = 0
    for role, functions in ROLES.items():
        for signature in functions:
            for name, wallet in roles.items():
                done, answer = wallet.attempt.call(kit.exchange, call_with_zeros(signature))
                error = None if done else kit.errors().get(bytes(answer)[:4], "untyped")
                expected = role.split()[0]
                assert (error == expected) == (name != role), (signature, name, error)
                tried += 1
    assert tried == 34 * 5


def test_no_other_function_changes_anything(project):
    """Every function that is not a view is privileged, or open to anyone and told so in the manual."""
    named = {signature.split("(")[0] for functions in ROLES.values() for signature in functions}
    others = {
        method.name
        for method in project.IFreehold.contract_type.abi
        if method.type == "function" and method.stateMutability not in ("view", "pure")
    }
    refused = {name for name in others if "Nft" in name or "TokenId" in name or name.endswith(("1155", "Mint"))}
    assert others == named | OPEN_TO_ANYONE | refused


def test_governance_passes_on_in_two_steps(kit):
    exchange, by = kit.exchange, {"sender": kit.governor}
    for nominate, accept, cancel, remove, is_governor in (
        (
            exchange.mainNominateNewGovernor,
            exchange.mainAcceptGovernance,
            exchange.mainCancelNomination,
            exchange.mainRemoveGovernor,
            exchange.mainIsGovernor,
        ),
        (
            exchange.proxyNominateNewGovernor,
            exchange.proxyAcceptGovernance,
            exchange.proxyCancelNomination,
            exchange.proxyRemoveGovernor,
            exchange.proxyIsGovernor,
        ),
    ):
        with ape.reverts(kit.error("BadAddress")):
            nominate(ZERO, **by)
        with ape.reverts(kit.error("AlreadyGovernor"), account=kit.governor.address):
            nominate(kit.governor, **by)
        assert not cancel(**by).decode_logs(exchange.LogNominationCancelled)
        nominate(kit.second, **by)
        with ape.reverts(kit.error("OtherCandidatePending"), candidate=kit.second.address):
            nominate(kit.stranger, **by)
        assert cancel(**by).decode_logs(exchange.LogNominationCancelled)
        with ape.reverts(kit.error("OnlyCandidateGovernor"), caller=kit.second.address):
            accept(sender=kit.second)
        nominate(kit.second, **by)
        assert not is_governor(kit.second)
        accept(sender=kit.second)
        with ape.reverts(kit.error("OnlyCandidateGovernor"), caller=kit.second.address):
            accept(sender=kit.second)
        with ape.reverts(kit.error("GovernorSelfRemove")):
            remove(kit.second, sender=kit.second)
        with ape.reverts(kit.error("NotGovernor"), account=kit.stranger.address):
            remove(kit.stranger, sender=kit.second)
        remove(kit.governor, sender=kit.second)
        assert is_governor(kit.second) and not is_governor(kit.governor)


def test_operators_and_token_administrators_come_and_go_at_once(kit):
    exchange, by = kit.exchange, {"sender": kit.governor}
    assert not exchange.registerOperator(kit.operator, **by).decode_logs(exchange.LogOperatorAdded)
    assert exchange.unregisterOperator(kit.operator, **by).decode_logs(exchange.LogOperatorRemoved)
    assert not exchange.isOperator(kit.operator)
    with ape.reverts(kit.error("OnlyOperator"), caller=kit.operator.address):
        kit.update([])
    assert exchange.registerTokenAdmin(kit.token_admin, **by).decode_logs(exchange.LogTokenAdminAdded)
    assert exchange.unregisterTokenAdmin(kit.token_admin, **by).decode_logs(exchange.LogTokenAdminRemoved)
    assert not exchange.isTokenAdmin(kit.token_admin)


# --- verifiers


@pytest.fixture(params=["", "Availability"])
def chain_of(kit, request):
    """The functions of either list of verifiers, and its first entry."""
    kind, exchange = request.param, kit.exchange

    class Functions:
        add = getattr(exchange, f"register{kind}Verifier")
        announce = getattr(exchange, f"announce{kind}VerifierRemovalIntent")
        remove = getattr(exchange, f"remove{kind}Verifier")
        entries = getattr(exchange, f"getRegistered{kind}Verifiers")
        contains = getattr(exchange, f"is{kind}Verifier")
        allowed_at = exchange.availabilityVerifierRemovalAllowedAt if kind else exchange.verifierRemovalAllowedAt
        first = kit.availability if kind else kit.verifier

    return Functions


def test_a_verifier_is_added_at_once_if_it_is_what_it_says(kit, chain_of, project):
    by = {"sender": kit.governor}
    second = kit.governor.deploy(project.ObedientRegistry)
    for entry, identity, error in (
        (second, "ObedientRegistry", "EntryNotEnabled"),
        (second, "Another", "UnexpectedIdentifier"),
        (kit.stranger, "ObedientRegistry", "AddressNotContract"),
        (chain_of.first, "ObedientRegistry", "EntryAlreadyExists"),
    ):
        with ape.reverts(kit.error(error)):
            chain_of.add(entry, identity, **by)
    second.declare(bytes(32), sender=kit.stranger)
    chain_of.add(second, "ObedientRegistry", **by)
    assert chain_of.entries() == [chain_of.first.address, second.address]
    output = kit.output()
    kit.declare(output.words(), output.after)
    with ape.reverts(kit.error("NoProof"), entry=second.address):
        kit.update(output.words())


def test_a_verifier_leaves_only_after_its_delay_and_never_the_last(kit, chain_of, project):
    by = {"sender": kit.governor}
    second = kit.governor.deploy(project.ObedientRegistry)
    second.declare(bytes(32), sender=kit.stranger)
    chain_of.add(second, "ObedientRegistry", **by)
    with ape.reverts(kit.error("RemovalNotAnnounced")):
        chain_of.remove(second, **by)
    for call in (chain_of.announce, chain_of.remove):
        with ape.reverts(kit.error("EntryDoesNotExist"), entry=kit.token.address):
            call(kit.token, **by)
    chain_of.announce(second, **by)
    chain_of.announce(chain_of.first, **by)
    allowed = chain_of.allowed_at(second)
    assert allowed == kit.now() - 1 + 28 * DAY
    with ape.reverts(kit.error("AlreadyAnnounced"), allowedAt=allowed):
        chain_of.announce(second, **by)
    kit.at(allowed - 1)
    with ape.reverts(kit.error("RemovalNotEnabledYet"), allowedAt=allowed):
        chain_of.remove(second, **by)
    kit.at(allowed)
    chain_of.remove(second, **by)
    assert not chain_of.contains(second) and chain_of.allowed_at(second) == 0
    kit.wait(1)
    with ape.reverts(kit.error("LastEntryMayNotBeRemoved")):
        chain_of.remove(chain_of.first, **by)


@pytest.mark.parametrize("voice", range(1, 5), ids=["refuses", "says nothing", "misplaces", "exaggerates"])
def test_a_verifier_that_no_longer_says_what_it_is_can_be_removed(kit, chain_of, project, voice):
    by = {"sender": kit.governor}
    fading = kit.governor.deploy(project.FadingRegistry)
    fading.declare(bytes(32), sender=kit.stranger)
    chain_of.add(fading, "ObedientRegistry", **by)
    fading.speak(voice, sender=kit.stranger)
    if voice == 1:
        with ape.reverts(fading.NoMoreAnswers):
            fading.identify()
    for call, event in ((chain_of.announce, kit.exchange.LogRemovalIntent), (chain_of.remove, kit.exchange.LogRemoved)):
        (log,) = call(fading, **by).decode_logs(event)
        assert log.event_arguments == {"entry": fading.address, "entryId": ""}
        kit.at(chain_of.allowed_at(fading) or kit.now() + 1)
    assert chain_of.entries() == [chain_of.first.address]


def test_entries_close_up_when_one_leaves(kit, chain_of, project):
    """The last takes the place of the one that leaves, be it first, in the middle or last."""
    by, entries = {"sender": kit.governor}, [chain_of.first]
    for _ in range(4):
        entries.append(kit.governor.deploy(project.ObedientRegistry))
        entries[-1].declare(bytes(32), sender=kit.stranger)
        chain_of.add(entries[-1], "ObedientRegistry", **by)
    for entry in entries:
        chain_of.announce(entry, **by)
    kit.wait(28 * DAY)
    for place in (0, 1, 2):
        gone, last = entries[place], entries.pop()
        if gone is not last:
            entries[place] = last
        chain_of.remove(gone, **by)
        assert chain_of.entries() == [entry.address for entry in entries]
        assert not chain_of.contains(gone) and all(chain_of.contains(entry) for entry in entries)


def test_without_verifiers_nothing_is_proven(project, accounts, chain):
    made = Kit(project, accounts, chain, configured=False)
    by = {"sender": made.governor}
    made.exchange.registerOperator(made.operator, **by)
    made.exchange.registerGlobalConfigurationChange(hash_word(CONFIG_HASH), **by)
    output = made.output(assets=[])
    with ape.reverts(made.error("GlobalConfigurationNotSet")):
        made.update(output.words())
    made.exchange.applyGlobalConfigurationChange(hash_word(CONFIG_HASH), **by)
    with ape.reverts(made.error("NoVerifiers")):
        made.update(output.words())
    made.exchange.registerVerifier(made.verifier, "ObedientRegistry", **by)
    made.declare(output.words())
    with ape.reverts(made.error("NoVerifiers")):
        made.update(output.words())
    made.exchange.registerAvailabilityVerifier(made.availability, "ObedientRegistry", **by)
    made.declare(output.words(), output.after)
    made.update(output.words())
    paid = made.output(output.after, assets=[], modifications=[(1, 2, -3)])
    made.declare(paid.words(), paid.after)
    with ape.reverts(made.error("CollateralNotSet")):
        made.update(paid.words())
    with ape.reverts(made.error("CollateralNotSet")):
        made.exchange.forcedTradeRequest(
            int(made.stranger.address, 16), 2, 3, 4, 0, 6, 7, 8, True, 2**31, 10, b"", False, sender=made.stranger
        )


def test_sixty_four_verifiers_and_no_more(kit, project):
    registries = [kit.governor.deploy(project.ObedientRegistry) for _ in range(64)]
    for registry in registries[:63]:
        registry.declare(bytes(32), sender=kit.stranger)
        kit.exchange.registerVerifier(registry, "ObedientRegistry", sender=kit.governor)
    assert len(kit.exchange.getRegisteredVerifiers()) == kit.exchange.MAX_VERIFIER_COUNT() == 64
    with ape.reverts(kit.error("ChainAtMaxCapacity"), limit=64):
        kit.exchange.registerVerifier(registries[63], "ObedientRegistry", sender=kit.governor)


# --- configuration


@pytest.fixture(params=["global", "asset"])
def configuration(kit, request):
    """Register, apply, remove, read: of either kind, applied to a hash."""
    exchange, by = kit.exchange, {"sender": kit.governor}
    if request.param == "global":
        functions = (
            lambda h: exchange.registerGlobalConfigurationChange(h, **by),
            lambda h: exchange.applyGlobalConfigurationChange(h, **by),
            lambda h: exchange.removeGlobalConfigurationChange(h, **by),
            lambda: exchange.globalConfigurationHash(),
            lambda h: exchange.configurationEnabledAt(GLOBAL, h),
        )
    else:
        functions = (
            lambda h: exchange.registerAssetConfigurationChange(BTC, h, **by),
            lambda h: exchange.applyAssetConfigurationChange(BTC, h, **by),
            lambda h: exchange.removeAssetConfigurationChange(BTC, h, **by),
            lambda: exchange.configurationHash(BTC),
            lambda h: exchange.configurationEnabledAt(BTC, h),
        )
    return functions


def test_a_configuration_waits_and_is_applied_once(kit, configuration):
    register, apply, remove, read, enabled_at = configuration
    new = hash_word(0x77)
    with ape.reverts(kit.error("ConfigurationNotRegistered")):
        apply(new)
    with ape.reverts(kit.error("ConfigurationNotRegistered")):
        remove(new)
    register(new)
    when = enabled_at(new)
    assert when == kit.now() + kit.exchange.configurationDelay() == kit.now() + 14 * DAY
    kit.at(when - 1)
    with ape.reverts(kit.error("ConfigurationNotEnabledYet"), enabledAt=when):
        apply(new)
    kit.at(when)
    apply(new)
    assert bytes(read()) == new and enabled_at(new) == 0
    with ape.reverts(kit.error("ConfigurationNotRegistered")):
        apply(new)
    register(new)
    remove(new)
    with ape.reverts(kit.error("ConfigurationNotRegistered")):
        apply(new)


def test_configuration_hashes_have_a_range(kit, configuration):
    register, *_ = configuration
    for word in (0, FIELD):
        with ape.reverts(kit.error("InvalidConfigHash")):
            register(hash_word(word))
    register(hash_word(FIELD - 1))


def test_asset_ids_have_a_range(kit):
    exchange, by = kit.exchange, {"sender": kit.governor}
    for asset in (2**120, GLOBAL):
        for call in (
            exchange.registerAssetConfigurationChange,
            exchange.applyAssetConfigurationChange,
            exchange.removeAssetConfigurationChange,
        ):
            with ape.reverts(kit.error("InvalidAssetId"), assetId=asset):
                call(asset, hash_word(1), **by)
    exchange.registerAssetConfigurationChange(2**120 - 1, hash_word(1), **by)
    with ape.reverts(kit.error("ConfigurationNotEnabledYet")):
        exchange.applyAssetConfigurationChange(2**120 - 1, hash_word(1), **by)


def test_what_was_announced_before_the_start_waits_after_it(project, accounts, chain):
    """Before the first general configuration changes apply at once; afterwards an unused announcement does not."""
    made = Kit(project, accounts, chain, configured=False)
    exchange, by = made.exchange, {"sender": made.governor}
    for word in (1, 2):
        exchange.registerGlobalConfigurationChange(hash_word(word), **by)
    exchange.applyGlobalConfigurationChange(hash_word(1), **by)
    with ape.reverts(made.error("ConfigurationNotEnabledYet")):
        exchange.applyGlobalConfigurationChange(hash_word(2), **by)
    made.wait(14 * DAY)
    exchange.applyGlobalConfigurationChange(hash_word(2), **by)


def test_configurations_in_use_are_those_of_the_kit(kit):
    assert bytes(kit.exchange.globalConfigurationHash()) == hash_word(CONFIG_HASH)
    assert bytes(kit.exchange.configurationHash(BTC)) == hash_word(BTC_CONFIG)


# --- the proxy


@pytest.fixture(scope="module")
def next_code(kit, project):
    custody = kit.governor.deploy(project.Custody)
    administration = kit.governor.deploy(project.Administration)
    return kit.governor.deploy(project.Freehold, custody, administration)


def test_new_code_waits_is_run_once_and_finds_the_books(kit, next_code):
    exchange, by = kit.exchange, {"sender": kit.governor}
    kit.deposit(kit.alice, 5)
    with ape.reverts(kit.error("UnknownUpgradeInformation")):
        exchange.upgradeTo(next_code, b"", False, **by)
    exchange.addImplementation(next_code, b"", False, **by)
    when = exchange.implementationEnabledAt(next_code, b"", False)
    assert when == kit.now() + 14 * DAY == kit.now() + exchange.getUpgradeActivationDelay()
    kit.at(when - 1)
    with ape.reverts(kit.error("UpgradeNotEnabledYet"), enabledAt=when):
        exchange.upgradeTo(next_code, b"", False, **by)
    kit.at(when)
    receipt = exchange.upgradeTo(next_code, b"", False, **by)
    assert receipt.decode_logs(exchange.Upgraded)[0].implementation == next_code.address
    assert exchange.implementation() == next_code.address and kit.pending(kit.alice) == 5
    slot = int.from_bytes(keccak256(b"eip1967.proxy.implementation"), "big") - 1
    assert int.from_bytes(kit.chain.provider.get_storage(exchange.address, slot), "big") == int(next_code.address, 16)
    with ape.reverts(kit.error("UnknownUpgradeInformation")):
        exchange.upgradeTo(next_code, b"", False, **by)


def test_an_announcement_can_be_withdrawn(kit, next_code):
    exchange, by = kit.exchange, {"sender": kit.governor}
    with ape.reverts(kit.error("UnknownUpgradeInformation")):
        exchange.removeImplementation(next_code, b"", False, **by)
    exchange.addImplementation(next_code, b"", False, **by)
    exchange.removeImplementation(next_code, b"", False, **by)
    kit.wait(14 * DAY)
    with ape.reverts(kit.error("UnknownUpgradeInformation")):
        exchange.upgradeTo(next_code, b"", False, **by)
    with ape.reverts(kit.error("ImplementationNotContract"), implementation=kit.stranger.address):
        exchange.addImplementation(kit.stranger, b"", False, **by)


def test_final_code_stays(kit, next_code):
    exchange, by = kit.exchange, {"sender": kit.governor}
    for final in (True, False):
        exchange.addImplementation(next_code, b"", final, **by)
    kit.wait(14 * DAY + 1)
    assert exchange.isNotFinalized()
    receipt = exchange.upgradeTo(next_code, b"", True, **by)
    assert receipt.decode_logs(exchange.FinalizedImplementation) and not exchange.isNotFinalized()
    with ape.reverts(kit.error("ImplementationFinalized")):
        exchange.upgradeTo(next_code, b"", False, **by)


def test_nothing_is_initialized_twice_or_from_outside(kit, next_code):
    exchange, by = kit.exchange, {"sender": kit.governor}
    data = initial_data(kit.escapes.address, kit.state.words(), Delays())
    call = keccak256(b"initialize(bytes)")[:4] + encode(["bytes"], [data])
    for target, error in ((exchange, "CannotCallInitialize"), (next_code, "DirectCallDisallowed")):
        done, answer = kit.wallet.attempt.call(target, call)
        assert not done and kit.errors()[bytes(answer)] == error
    exchange.addImplementation(next_code, data, False, **by)
    kit.wait(14 * DAY)
    with ape.reverts(kit.error("AlreadyInitialized")):
        exchange.upgradeTo(next_code, data, False, **by)


def test_an_initializer_runs_with_its_upgrade(kit, next_code, project):
    """It may write anything, so it waits like code; its refusal is passed on as it is."""
    exchange, by = kit.exchange, {"sender": kit.governor}
    initializer, other = (kit.governor.deploy(made) for made in (project.Initializer, project.ObedientEscapes))
    for rest, refusal in ((b"", "NothingToDo"), (encode(["address"], [other.address]), None)):
        data = encode(["address", "bytes"], [initializer.address, rest])
        exchange.addImplementation(next_code, data, False, **by)
        kit.wait(14 * DAY)
        if refusal:
            with ape.reverts(initializer.NothingToDo):
                exchange.upgradeTo(next_code, data, False, **by)
        else:
            assert exchange.upgradeTo(next_code, data, False, **by).decode_logs(exchange.LogExternalInitialize)
    assert exchange.escapeVerifier() == other.address
    nobody = encode(["address", "bytes"], [kit.stranger.address, b""])
    exchange.addImplementation(next_code, nobody, False, **by)
    kit.wait(14 * DAY)
    with ape.reverts(kit.error("InitializerNotContract"), initializer=kit.stranger.address):
        exchange.upgradeTo(next_code, nobody, False, **by)


def test_an_upgrade_may_not_leave_the_exchange_frozen(kit, next_code, project):
    freezer = kit.governor.deploy(project.Freezer)
    data = encode(["address", "bytes"], [freezer.address, b""])
    kit.exchange.addImplementation(next_code, data, False, sender=kit.governor)
    kit.wait(14 * DAY)
    with ape.reverts(kit.error("NewImplementationFrozen")):
        kit.exchange.upgradeTo(next_code, data, False, sender=kit.governor)


def test_code_that_is_gone_when_its_time_comes_is_refused(kit, project):
    conjurer = kit.governor.deploy(project.Conjurer)
    kit.exchange.proxyNominateNewGovernor(conjurer, sender=kit.governor)
    conjurer.accept(kit.exchange, sender=kit.stranger)
    conjurer.announce(kit.exchange, sender=kit.stranger)
    kit.wait(14 * DAY)
    with ape.reverts(kit.error("ImplementationNotContract"), implementation=conjurer.announced()):
        conjurer.upgrade(kit.exchange, sender=kit.stranger)


def test_the_code_takes_no_ether_of_its_own(kit, project):
    code = project.Freehold.at(kit.exchange.implementation())
    with ape.reverts(code.NotExpectedToReceive):
        kit.stranger.transfer(code, 1)


def test_pieces_must_be_what_they_are_taken_for(kit, project):
    custody, administration = kit.governor.deploy(project.Custody), kit.governor.deploy(project.Administration)
    for pair in ((administration, custody), (custody, kit.stranger), (kit.verifier, administration)):
        with pytest.raises(ape.exceptions.ContractLogicError) as refusal:
            kit.governor.deploy(project.Freehold, *pair)
        assert type(refusal.value).__name__ == "PieceRefused"


PATIENT = Delays(verifier_removal=60 * DAY, configuration=60 * DAY, upgrade=60 * DAY)
"""Long enough for any grace period."""


@pytest.mark.parametrize("name", vars(PATIENT))
def test_delays_have_bounds(kit, project, name):
    """Those that the deployment checks: what governors announce waits for the grace period and a week."""
    least, most = PATIENT.bounds()[name]
    for seconds in (least - 1, most + 1):
        delays = replace(PATIENT, **{name: seconds})
        with pytest.raises(DelaysRefused, match=f"the {name} delay is"):
            delays.check()
        with pytest.raises(ape.exceptions.ContractLogicError) as refusal:
            deploy_pieces(project, kit.governor, kit.escapes, kit.state.words(), delays)
        proxys = name == "upgrade" and seconds > most
        assert type(refusal.value).__name__ == ("UpgradeDelayOutOfBounds" if proxys else "DelayOutOfBounds")
    for seconds in (least, most):
        delays = replace(PATIENT, **{name: seconds})
        delays.check()
        deploy_pieces(project, kit.governor, kit.escapes, kit.state.words(), delays)


@pytest.mark.parametrize("name", ["verifier_removal", "configuration", "upgrade"])
def test_no_announcement_is_due_before_users_could_leave(kit, project, name):
    """The grace period and a week, whatever the grace period is."""
    for grace in (DAY, 30 * DAY):
        delays = replace(PATIENT, freeze_grace=grace)
        for seconds, enough in ((grace + 7 * DAY - 1, False), (grace + 7 * DAY, True)):
            chosen = replace(delays, **{name: seconds})
            if enough:
                deploy_pieces(project, kit.governor, kit.escapes, kit.state.words(), chosen)
                continue
            with pytest.raises(DelaysRefused, match=", to leave"):
                chosen.check()
            with pytest.raises(ape.exceptions.ContractLogicError) as refusal:
                deploy_pieces(project, kit.governor, kit.escapes, kit.state.words(), chosen)
            assert type(refusal.value).__name__ == "DelayOutOfBounds"


def test_a_deployment_with_bad_delays_is_refused_before_it_begins(kit, project):
    """Nothing is sent: no contract is asked for."""
    with pytest.raises(DelaysRefused, match="the configuration delay is 13 days, 14 to 180 days are allowed"):
        deploy_exchange(
            None, kit.governor, kit.operator, [kit.governor], kit.token, 0, delays=Delays(configuration=13 * DAY)
        )


def test_first_states_and_verifiers_that_are_refused(kit, project):
    words = kit.state.words()
    for place, word in ((1, 65), (3, 252), (4, 1), (6, 1), (7, 2**63), (8, 0)):
        mangled = [*words[:place], word, *words[place + 1 :]] if place < len(words) else [*words, word]
        with pytest.raises(ape.exceptions.ContractLogicError) as refusal:
            deploy_pieces(project, kit.governor, kit.escapes, mangled, Delays())
        assert type(refusal.value).__name__ == "InitialStateRefused"
    for verifier, error in (
        (kit.stranger, "EscapeVerifierNotContract"),
        (kit.verifier, "EscapeVerifierRefused"),  # another identity
        (kit.token, "EscapeVerifierRefused"),  # none
    ):
        with pytest.raises(ape.exceptions.ContractLogicError) as refusal:
            deploy_pieces(project, kit.governor, verifier, words, Delays())
        assert type(refusal.value).__name__ == error


def test_a_proxy_without_code_says_so(kit, project):
    proxy = kit.governor.deploy(project.FreeholdProxy, DAY)
    call = kit.exchange.withdraw.encode_input(1, 2)
    with ape.reverts(proxy.MissingImplementation):
        kit.wallet.act(proxy, call, sender=kit.stranger)
    assert proxy.PROXY_GOVERNANCE_TAG() == "StarkEx.Proxy.2019.GovernorsInformation"
    assert kit.exchange.MAIN_GOVERNANCE_INFO_TAG() == "StarkEx.Main.2019.GovernorsInformation"
    delay_slot = "c21dbb3089fcb2c4f4c6a67854ab4db2b0f233ea4b21b21f912d52d18fc5db1f"
    assert bytes(proxy.UPGRADE_DELAY_SLOT()).hex() == delay_slot
    assert (proxy.MAX_UPGRADE_DELAY(), kit.exchange.UNFREEZE_DELAY()) == (180 * DAY, 365 * DAY)
    assert (kit.exchange.VERIFIER_REMOVAL_DELAY(), kit.exchange.DEPOSIT_CANCEL_DELAY()) == (28 * DAY, 2 * DAY)
    assert kit.exchange.FREEZE_GRACE_PERIOD() == GRACE
