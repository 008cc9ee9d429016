"""The exchange's behaviours: each refusal beside the accepted case it differs from by one thing."""

import ape
import pytest
from exchange_kit import DAY, Kit

from prover.algebra.keccak import keccak256, words_to_bytes

GRACE = 7 * DAY


@pytest.fixture(scope="module")
def kit(project, accounts, chain):
    return Kit(project, accounts, chain)


@pytest.fixture(autouse=True)
def fresh(kit, chain):
    """Every test starts from one snapshot."""
    before = chain.snapshot()
    yield
    chain.restore(before)


def test_registration_needs_the_keys_own_signature(kit):
    signature = kit.alice.registration()
    wrong = words_to_bytes([1]) + signature[32:]
    with ape.reverts(kit.error("SignatureRefused")):
        kit.exchange.registerSender(kit.alice.stark_key, wrong, sender=kit.alice.account)
    with ape.reverts(kit.error("SignatureRefused")):  # signed for another address
        kit.exchange.registerSender(kit.alice.stark_key, signature, sender=kit.bob.account)
    with ape.reverts(kit.error("InvalidStarkKey"), starkKey=0):
        kit.exchange.registerSender(0, signature, sender=kit.alice.account)
    receipt = kit.exchange.registerSender(kit.alice.stark_key, signature, sender=kit.alice.account)
    assert receipt.gas_used < 650_000
    assert kit.exchange.getEthKey(kit.alice.stark_key) == kit.alice.account.address
    with ape.reverts(kit.error("StarkKeyUnavailable")):
        kit.exchange.registerSender(kit.alice.stark_key, signature, sender=kit.alice.account)


def test_golden_registration(kit):
    key = 0x63CBF2811AEFBE6CF395EB5B1AA5DB62F6E2B3ADBAFB024B01F2C02DE1EC84D
    y = 0x7581CDA37583D3C9179FFD9ABEAAE8FF3D927FFEBE3C8117DB21C48BE2B7EEA
    r = 0x399AB58E2D17603EECCAE95933C81D504CE475EB1BD0080D2316B84232E133C
    s = 0xE1B596D9880E38DFA5174788CB65D3E966FFC35D4E3EEE05AC021493239FC1
    owner = "0x2222222222222222222222222222222222222222"
    kit.exchange.registerEthAddress(owner, key, words_to_bytes([r, s, y]), sender=kit.stranger)
    assert kit.exchange.getEthKey(key) == owner


def test_a_deposit_moves_tokens_and_waits(kit):
    kit.register(kit.alice)
    kit.deposit(kit.alice, 100)
    assert kit.pending(kit.alice) == 100
    assert kit.token.balanceOf(kit.exchange) == 100
    with ape.reverts(kit.error("AssetTypeNotRegistered"), assetType=1):
        kit.exchange.deposit(kit.alice.stark_key, 1, 7, 1, sender=kit.alice.account)
    with ape.reverts(kit.error("InvalidDepositKey"), starkKey=0):
        kit.exchange.deposit(0, kit.asset, 7, 1, sender=kit.alice.account)


def test_reclaim_on_both_sides_of_the_delay(kit):
    kit.register(kit.alice)
    kit.deposit(kit.alice, 100)
    slot = (kit.alice.stark_key, kit.asset, kit.alice.position_id)
    with ape.reverts(kit.error("DepositNotCanceled")):
        kit.exchange.depositReclaim(*slot, sender=kit.alice.account)
    with ape.reverts(kit.error("NotKeyOwner")):
        kit.exchange.depositCancel(*slot, sender=kit.stranger)
    kit.exchange.depositCancel(*slot, sender=kit.alice.account)
    unlocked = kit.exchange.getCancellationRequest(*slot) + 2 * DAY
    kit.at(unlocked - 1)
    with ape.reverts(kit.error("DepositLocked"), until=unlocked):
        kit.exchange.depositReclaim(*slot, sender=kit.alice.account)
    kit.at(unlocked)
    before = kit.token.balanceOf(kit.alice.account)
    kit.exchange.depositReclaim(*slot, sender=kit.alice.account)
    assert kit.token.balanceOf(kit.alice.account) - before == 100 and kit.pending(kit.alice) == 0


def test_only_the_owners_deposit_ends_a_cancellation(kit):
    kit.register(kit.alice)
    kit.deposit(kit.alice, 100)
    slot = (kit.alice.stark_key, kit.asset, kit.alice.position_id)
    kit.exchange.depositCancel(*slot, sender=kit.alice.account)
    kit.exchange.deposit(*slot, 0, sender=kit.stranger)
    assert kit.exchange.getCancellationRequest(*slot)
    kit.exchange.deposit(*slot, 0, sender=kit.alice.account)
    assert not kit.exchange.getCancellationRequest(*slot)


def test_forced_requests_and_their_bounds(kit):
    with ape.reverts(kit.error("UserUnregistered")):
        kit.request(kit.alice, 1)
    kit.register(kit.alice)
    with ape.reverts(kit.error("NotKeyOwner")):
        kit.exchange.forcedWithdrawalRequest(kit.alice.stark_key, 7, 1, False, sender=kit.stranger)
    with ape.reverts(kit.error("PositionIdOutOfRange"), positionId=2**64):
        kit.exchange.forcedWithdrawalRequest(kit.alice.stark_key, 2**64, 1, False, sender=kit.alice.account)
    with ape.reverts(kit.error("AmountOutOfRange"), amount=2**64):
        kit.request(kit.alice, 2**64)
    kit.request(kit.alice, 2**64 - 1)
    with ape.reverts(kit.error("ActionPending")):
        kit.request(kit.alice, 2**64 - 1)
    assert kit.exchange.getActionCount() == 1


def test_a_premium_request_burns_a_million_gas(kit):
    kit.register(kit.alice)
    cheap = kit.request(kit.alice, 1)
    premium = kit.exchange.forcedWithdrawalRequest(kit.alice.stark_key, 7, 2, True, sender=kit.alice.account)
    assert cheap.gas_used < 200_000 and 1_000_000 <= premium.gas_used < 1_200_000


def test_freezing_on_both_sides_of_the_deadline(kit):
    kit.register(kit.alice)
    with ape.reverts(kit.error("ForcedActionUnrequested")):
        kit.freeze(kit.alice, 1)
    kit.request(kit.alice, 1)
    deadline = kit.requested_at(kit.alice, 1) + GRACE
    kit.at(deadline - 1)
    with ape.reverts(kit.error("ForcedActionStillPending"), deadline=deadline):
        kit.freeze(kit.alice, 1)
    kit.at(deadline)
    kit.freeze(kit.alice, 1)
    assert kit.exchange.isFrozen()
    for refused in (
        lambda: kit.deposit(kit.alice, 1),
        lambda: kit.request(kit.alice, 2),
        lambda: kit.freeze(kit.alice, 1),
        lambda: kit.update([], []),
    ):
        with ape.reverts(kit.error("StateIsFrozen")):
            refused()


def test_a_served_request_cannot_freeze(kit):
    kit.register(kit.alice)
    kit.deposit(kit.alice, 10)
    kit.request(kit.alice, 4)
    kit.serve(deposits=[(kit.alice, 10)], forced=[(kit.alice, 4)])
    kit.at(kit.now() + GRACE)
    with ape.reverts(kit.error("ForcedActionUnrequested")):
        kit.freeze(kit.alice, 4)
    assert kit.withdrawable(kit.alice) == 4
    kit.exchange.withdraw(kit.alice.stark_key, kit.asset, sender=kit.stranger)
    assert kit.withdrawable(kit.alice) == 0
    assert kit.token.balanceOf(kit.alice.account) == kit.START - 6


def test_unfreezing_waits_and_is_forbidden_after_an_escape(kit):
    kit.register(kit.alice)
    kit.deposit(kit.alice, 10)
    kit.serve(deposits=[(kit.alice, 10)])
    kit.request(kit.alice, 1)
    kit.at(kit.now() + GRACE)
    with ape.reverts(kit.error("StateNotFrozen")):
        kit.exchange.unFreeze(sender=kit.governor)
    kit.freeze(kit.alice, 1)
    with ape.reverts(kit.error("UnfreezeNotAllowedYet")):
        kit.exchange.unFreeze(sender=kit.governor)
    with ape.reverts(kit.error("OnlyGovernance")):
        kit.exchange.unFreeze(sender=kit.stranger)
    before = kit.chain.snapshot()
    kit.at(kit.now() + 365 * DAY)
    kit.exchange.unFreeze(sender=kit.governor)
    assert not kit.exchange.isFrozen()
    kit.chain.restore(before)
    kit.declare_escape(kit.alice, 10)
    kit.exchange.escape(kit.alice.stark_key, kit.alice.position_id, 10, sender=kit.stranger)
    kit.at(kit.now() + 365 * DAY)
    with ape.reverts(kit.error("EscapesWereUsed"), count=1):
        kit.exchange.unFreeze(sender=kit.governor)


def test_an_escape_needs_a_freeze_a_proof_and_works_once(kit):
    kit.register(kit.alice)
    kit.deposit(kit.alice, 10)
    kit.serve(deposits=[(kit.alice, 10)])
    escape = (kit.alice.stark_key, kit.alice.position_id, 10)
    with ape.reverts(kit.error("StateNotFrozen")):
        kit.exchange.escape(*escape, sender=kit.stranger)
    kit.request(kit.alice, 1)
    kit.at(kit.now() + GRACE)
    kit.freeze(kit.alice, 1)
    with ape.reverts(kit.error("EscapeLacksProof")):
        kit.exchange.escape(*escape, sender=kit.stranger)
    kit.declare_escape(kit.alice, 10)
    kit.exchange.escape(*escape, sender=kit.stranger)
    with ape.reverts(kit.error("EscapeAlreadyUsed"), positionId=kit.alice.position_id):
        kit.exchange.escape(*escape, sender=kit.stranger)
    assert kit.withdrawable(kit.alice) == 10


def test_an_update_is_taken_only_as_proven_and_only_from_an_operator(kit):
    kit.register(kit.alice)
    kit.deposit(kit.alice, 10)
    batch = kit.batch(deposits=[(kit.alice, 10)])
    output = batch.output()
    with ape.reverts(kit.error("NoProof")):
        kit.update(output, [1, 0, 0])
    kit.declare(batch)
    with ape.reverts(kit.error("OnlyOperator")):
        kit.exchange.updateState(output, [1, 0, 0], sender=kit.stranger)
    with ape.reverts(kit.error("WrongPreviousBatchId")):
        kit.update(output, [1, 9, 0])
    for place in range(len(output)):
        mangled = list(output)
        mangled[place] += 1
        with pytest.raises(ape.exceptions.ContractLogicError):
            kit.update(mangled, [1, 0, 0])
    kit.update(output, [1, 0, 0])
    assert bytes(kit.exchange.sharedStateHash()) == batch.after.hash()


def test_availability_is_needed_too(kit):
    batch = kit.batch()
    kit.verifier.declare(kit.fact(batch), sender=kit.stranger)
    with ape.reverts(kit.error("NoProof")):
        kit.update(batch.output(), [1, 0, 0])
    kit.declare(batch)
    kit.update(batch.output(), [1, 0, 0])


def test_published_selectors_and_topics(kit):
    """Those that exist in this version answer under the published numbers."""
    published = {
        "updateState": "0x538f9406",
        "forcedWithdrawalRequest": "0xaf1437a3",
        "escape": "0x366a2670",
        "withdraw": "0x441a3e70",
        "depositCancel": "0x7df7dc04",
        "depositReclaim": "0xae873816",
        "registerEthAddress": "0xbea84187",
        "registerSender": "0x86aeb445",
        "depositERC20": "0x9ed17084",
        "depositEth": "0x6ce5d957",
        "isFrozen": "0x33eeb147",
        "unFreeze": "0x7cf12b90",
        "getEthKey": "0x1dbd1da7",
        "getDepositBalance": "0xabf98fe1",
        "getWithdrawalBalance": "0xec3161b0",
        "getForcedWithdrawalRequest": "0x260e96dd",
        "registerVerifier": "0x3776fe2a",
        "registerSystemAssetType": "0x7fbf9ba9",
        "FREEZE_GRACE_PERIOD": "0x00717542",
    }
    ours = {}
    for method in kit.exchange.contract_type.methods:
        ours.setdefault(method.name, set()).add(selector(method.selector))
    assert {name: value for name, value in published.items() if value not in ours.get(name, ())} == {}
    assert selector("freezeRequest(uint256,uint256,uint256)") == "0x75d4eefd"
    topics = {
        "LogDeposit": "0x06724742ccc8c330a39a641ef02a0b419bd09248360680bb38159b0a8c2635d6",
        "LogForcedWithdrawalRequest": "0x5f3a3d7d7c2b8cc20fa315d7504580e81d5f74ea46e1b3dc2985281df08e204d",
        "LogFrozen": "0xf5b8e6419478ab140eb98026ab5bd607038cb0ac4d4dad5b1fc0848dfd203d1f",
        "LogWithdrawalAllowed": "0x03c10a82c955f7bcd0c934147fb39cafca947a4294425b1751d884c8ac954287",
        "LogWithdrawalPerformed": "0xb7477a7b93b2addc5272bbd7ad0986ef1c0d0bd265f26c3dc4bbe42727c2ac0c",
        "LogUserRegistered": "0xcab1cf17c190e4e2195a7b8f7b362023246fa774390432b4704ab6b29d56b07b",
        "LogUpdateState": "0x2672b53d25204094519f7b0fba8d2b5cd0cc1e426f49554c89461cdb9dcec08f",
        "LogStateTransitionFact": "0x9866f8ddfe70bb512b2f2b28b49d4017c43f7ba775f1a20c61c13eea8cdac111",
    }
    for event in kit.exchange.contract_type.events:
        if event.name in topics:
            assert topic(event.selector) == topics[event.name], event.name


def selector(signature: str) -> str:
    return topic(signature)[:10]


def topic(signature: str) -> str:
    return "0x" + keccak256(signature.encode()).hex()


def test_an_applied_configuration_cannot_be_applied_again(kit):
    config_hash = kit.config.hash().to_bytes(32, "big")
    with ape.reverts(kit.error("ConfigurationNotRegistered")):
        kit.exchange.applyGlobalConfigurationChange(config_hash, sender=kit.governor)
    kit.exchange.registerGlobalConfigurationChange(config_hash, sender=kit.governor)
    with ape.reverts(kit.error("OnlyGovernance")):
        kit.exchange.applyGlobalConfigurationChange(config_hash, sender=kit.stranger)
    kit.exchange.applyGlobalConfigurationChange(config_hash, sender=kit.governor)
    with ape.reverts(kit.error("InvalidConfigHash")):
        kit.exchange.registerGlobalConfigurationChange(bytes(32), sender=kit.governor)


def test_ten_forced_withdrawals_fit_a_batch_and_eleven_do_not(kit):
    kit.register(kit.alice)
    kit.deposit(kit.alice, 100)
    for amount in range(1, 12):
        premium = amount > 10
        kit.exchange.forcedWithdrawalRequest(
            kit.alice.stark_key, kit.alice.position_id, amount, premium, sender=kit.alice.account
        )
    demands = [(kit.alice, amount) for amount in range(1, 12)]
    batch = kit.batch(deposits=[(kit.alice, 100)], forced=demands)
    kit.declare(batch)
    with ape.reverts(kit.error("TooManyForcedWithdrawals"), count=11, limit=10):
        kit.update(batch.output(), [1, 0, 0])
    kit.serve(deposits=[(kit.alice, 100)], forced=demands[:10])
    assert kit.withdrawable(kit.alice) == sum(range(1, 11))


def test_a_batch_cannot_use_up_more_than_was_deposited(kit):
    kit.register(kit.alice)
    kit.deposit(kit.alice, 10)
    batch = kit.batch(deposits=[(kit.alice, 11)])
    kit.declare(batch)
    with ape.reverts(kit.error("DepositInsufficient"), pending=10, needed=11):
        kit.update(batch.output(), [1, 0, 0])
    kit.serve(deposits=[(kit.alice, 10)])
    assert kit.pending(kit.alice) == 0


def test_roles_are_kept_apart(kit):
    for call in (
        lambda: kit.exchange.registerOperator(kit.stranger, sender=kit.stranger),
        lambda: kit.exchange.unregisterOperator(kit.operator, sender=kit.operator),
        lambda: kit.exchange.registerVerifier(kit.verifier, "x", sender=kit.operator),
        lambda: kit.exchange.mainNominateNewGovernor(kit.stranger, sender=kit.stranger),
    ):
        with ape.reverts(kit.error("OnlyGovernance")):
            call()
    kit.exchange.mainNominateNewGovernor(kit.stranger, sender=kit.governor)
    with ape.reverts(kit.error("OnlyCandidateGovernor")):
        kit.exchange.mainAcceptGovernance(sender=kit.operator)
    kit.exchange.mainAcceptGovernance(sender=kit.stranger)
    assert kit.exchange.mainIsGovernor(kit.stranger)


def test_a_verifier_leaves_only_after_its_delay_and_never_the_last(kit, project):
    second = kit.governor.deploy(project.ObedientRegistry)
    with ape.reverts(kit.error("EntryNotEnabled")):
        kit.exchange.registerVerifier(second, "ObedientRegistry", sender=kit.governor)
    second.declare(bytes(32), sender=kit.stranger)
    with ape.reverts(kit.error("UnexpectedIdentifier")):
        kit.exchange.registerVerifier(second, "Another", sender=kit.governor)
    kit.exchange.registerVerifier(second, "ObedientRegistry", sender=kit.governor)
    with ape.reverts(kit.error("RemovalNotAnnounced")):
        kit.exchange.removeVerifier(second, sender=kit.governor)
    kit.exchange.announceVerifierRemovalIntent(second, sender=kit.governor)
    kit.at(kit.now() + 28 * DAY - 1)
    with ape.reverts(kit.error("RemovalNotEnabledYet")):
        kit.exchange.removeVerifier(second, sender=kit.governor)
    kit.at(kit.now() + 28 * DAY)
    kit.exchange.removeVerifier(second, sender=kit.governor)
    kit.exchange.announceVerifierRemovalIntent(kit.verifier, sender=kit.governor)
    kit.at(kit.now() + 28 * DAY)
    with ape.reverts(kit.error("LastEntryMayNotBeRemoved")):
        kit.exchange.removeVerifier(kit.verifier, sender=kit.governor)
