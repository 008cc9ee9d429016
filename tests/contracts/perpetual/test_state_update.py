"""State updates: an output is taken as it is proven, in its turn and in its time, or not at all."""

from dataclasses import replace

import ape
import pytest

from freehold.testing.kit import BTC, BTC_CONFIG, CONFIG_HASH, HOUR
from freehold.testing.output_words import ROLLUP, availability_claim, condition_word, fact_of
from prover.algebra.field import PRIME as FIELD


def refused(kit, output, error: str, application_data=None, **values) -> None:
    """Proven, and refused all the same."""
    kit.declare(output.words(), output.after)
    with ape.reverts(kit.error(error), **values):
        kit.update(output.words(), application_data)


def test_golden_facts(kit):
    assert fact_of([1, 0, 3]).hex() != fact_of([1, 2, 3]).hex()
    assert fact_of([1, 2, 3]).hex() == "6e0c627900b24bd432fe7b1f713f1b0744091a646a9fe4a65a18dfed21f2949c"
    state = replace(kit.state, positions_root=1, orders_root=2)
    claim = "bcb5978c00ef9161bf7b524b54214720043e0cebeeb7dc2d4370192c01cb58af"
    assert availability_claim(state, 5).hex() == claim
    registry = "0x" + "33" * 20
    word = 0x919BBDB60CF317AB0411DC0E8108763A2D307E2CFA4D5EEDBE2CC56A60E5F0
    assert condition_word(registry, (0x44).to_bytes(32, "big")) == word
    first = replace(kit.state, positions_root=0x1234, orders_root=0x5678, system_time=0)
    assert first.hash().hex() == "b04c38afc929529ce6277d85fc154a3ec8db4e0d158411a49e2d6dd5261dda44"


def test_a_batch_moves_the_state_and_tells_it(kit):
    """S0-05, S1-06: hash, roots, heights, numbers and time are public."""
    output = kit.output(after=replace(kit.state, positions_root=9, orders_root=8, system_time=kit.now() + 5))
    kit.declare(output.words(), output.after)
    receipt = kit.update(output.words(), [77, 0, 0])
    exchange = kit.exchange
    assert bytes(exchange.sharedStateHash()) == output.after.hash()
    assert (exchange.getRollupVaultRoot(), exchange.getOrderRoot()) == (9, 8)
    assert (exchange.getRollupTreeHeight(), exchange.getOrderTreeHeight()) == (64, 64)
    assert (exchange.getSequenceNumber(), exchange.getLastBatchId()) == (1, 77)
    assert exchange.getSystemTime() == output.after.system_time
    (event,) = receipt.decode_logs(exchange.LogUpdateState)
    assert (event.sequenceNumber, event.batchId) == (1, 77)
    (fact,) = receipt.decode_logs(exchange.LogStateTransitionFact)
    assert bytes(fact.stateTransitionFact) == fact_of(output.words())
    (companion,) = receipt.decode_logs(exchange.SharedStateUpdated)
    assert (companion.sequenceNumber, companion.positionsRoot) == (1, 9)


def test_a_batch_may_leave_the_roots_as_they_are(kit):
    output = kit.output(after=replace(kit.state, system_time=kit.now() + 5))
    kit.declare(output.words(), output.after)
    kit.update(output.words())
    assert kit.exchange.getRollupVaultRoot() == kit.state.positions_root
    assert bytes(kit.exchange.sharedStateHash()) == output.after.hash()


def test_every_word_of_an_output_is_bound_by_its_proof(kit):
    """S0-09: any word changed, the same fact known; and the unchanged output is taken at the end."""
    kit.deposit(kit.alice, 10)
    kit.request(kit.alice, 3)
    condition = condition_word(kit.escapes.address, bytes(32))
    kit.escapes.declare(bytes(32), sender=kit.stranger)
    output = kit.output(
        modifications=[(kit.alice.stark_key, 7, 10)],
        forced=[kit.withdrawal(kit.alice, 3)],
        conditions=[condition],
    )
    words, data = output.words(), [1, 0, 1, int(kit.escapes.address, 16), 0]
    kit.declare(words, output.after)
    kit.exchange.registerOperator(kit.wallet, sender=kit.governor)

    def refusal_of(mangled):
        done, answer = kit.wallet.attempt.call(kit.exchange, kit.exchange.updateState.encode_input(mangled, data))
        assert not done, mangled
        return kit.errors()[bytes(answer)[:4]]

    for place in range(len(words)):
        for changed in (words[place] + 1, 2**256 - 1):
            refusal_of([*words[:place], changed, *words[place + 1 :]])
    for mangled in (words[:-1], [*words, 0], words[:2], []):
        assert refusal_of(mangled) in ("OutputTooShort", "OutputLength")
    kit.update(words, data)


def test_who_and_in_which_order(kit):
    output = kit.output()
    with ape.reverts(kit.error("NoProof"), entry=kit.verifier.address):
        kit.update(output.words())
    kit.declare(output.words())
    with ape.reverts(kit.error("NoProof"), entry=kit.availability.address):
        kit.update(output.words())
    kit.declare(output.words(), output.after)
    for sender in (kit.stranger, kit.governor, kit.token_admin):
        with ape.reverts(kit.error("OnlyOperator"), caller=sender.address):
            kit.update(output.words(), sender=sender)
    with ape.reverts(kit.error("WrongPreviousBatchId"), found=9, expected=0):
        kit.update(output.words(), [1, 9, 0])
    for short in ([], [1], [1, 0]):
        with ape.reverts(kit.error("ApplicationDataTooShort"), length=len(short), needed=3):
            kit.update(output.words(), short)
    kit.update(output.words(), [1, 0, 0, 123])  # trailing words are tolerated, as in v3.2
    with ape.reverts(kit.error("InvalidPreviousSharedState")):
        kit.update(output.words())


def test_availability_is_claimed_for_the_next_number_only(kit):
    """A claim for one sequence number is none for another."""
    output = kit.output()
    kit.declare(output.words())
    kit.availability.declare(availability_claim(output.after, 0), sender=kit.stranger)
    kit.availability.declare(availability_claim(output.after, 2), sender=kit.stranger)
    with ape.reverts(kit.error("NoProof")):
        kit.update(output.words())


def test_times_on_both_seconds(kit):
    now = kit.chain.pending_timestamp + 600  # well ahead of the chain's own clock

    def with_time(system_time: int, expiration: int = now // HOUR + 2):
        return kit.output(after=replace(kit.state, positions_root=5, system_time=system_time), expiration=expiration)

    def attempt(output, error=None, **values):
        snapshot = kit.chain.snapshot()
        kit.declare(output.words(), output.after)
        kit.at(now)
        if error:
            with ape.reverts(kit.error(error), **values):
                kit.update(output.words())
        else:
            kit.update(output.words())
        kit.chain.restore(snapshot)

    attempt(with_time(now + 4 * HOUR), "SystemTimeInvalid", latest=now + 4 * HOUR - 1)
    attempt(with_time(now + 4 * HOUR - 1))
    attempt(with_time(now - 4 * HOUR), "SystemTimeOutdated", earliest=now - 4 * HOUR + 1)
    attempt(with_time(now - 4 * HOUR + 1))
    attempt(with_time(2**64), "SystemTimeInvalid")
    attempt(with_time(now, now // HOUR), "BatchExpired", expiration=now // HOUR, currentHour=now // HOUR)
    attempt(with_time(now, now // HOUR + 1))
    attempt(with_time(now, 2**32), "ExpirationOutOfRange", expiration=2**32)
    attempt(with_time(now, 2**32 - 1))


def test_heights_and_configurations_must_be_the_known_ones(kit):
    heights = replace(kit.state, positions_root=5, system_time=kit.now())
    refused(kit, kit.output(after=replace(heights, positions_height=63)), "InconsistentTreeHeight")
    refused(kit, kit.output(after=replace(heights, orders_height=65)), "InconsistentTreeHeight")
    refused(kit, replace(kit.output(), config_hash=CONFIG_HASH + 1), "GlobalConfigurationMismatch")
    refused(kit, kit.output(assets=[(BTC, BTC_CONFIG + 1)]), "AssetConfigurationMismatch", assetId=BTC)
    refused(kit, kit.output(assets=[(BTC, BTC_CONFIG), (BTC + 1, 0)]), "AssetConfigurationMismatch", assetId=BTC + 1)
    refused(kit, replace(kit.output(), mode=2), "UnsupportedDataAvailabilityMode", mode=2)
    kit.serve(assets=[])


def test_synthetic_assets_in_the_shared_state(kit):
    """Both lists, carried from batch to batch."""
    after = replace(kit.state, positions_root=5, system_time=kit.now(), funding={BTC: 2**63 + 1}, prices={BTC: 3 << 32})
    state = kit.serve(after=after)
    kit.serve(state)
    assert kit.exchange.getSequenceNumber() == 2


@pytest.mark.parametrize("amount", [1, 2**63 - 1])
def test_modifications_move_balances(kit, amount):
    kit.token.mint(kit.alice.account, 2**63, sender=kit.governor)
    kit.deposit(kit.alice, amount)
    state = kit.serve(modifications=[(kit.alice.stark_key, 7, amount), (kit.bob.stark_key, 8, 0)])
    assert kit.pending(kit.alice) == 0
    kit.serve(state, modifications=[(kit.bob.stark_key, 8, -amount)])
    assert kit.withdrawable(kit.bob) == amount
    kit.withdraw(kit.bob)
    assert kit.token.balanceOf(kit.exchange) == 0


def test_modifications_out_of_range(kit):
    key = kit.alice.stark_key
    kit.deposit(kit.alice, 10)
    refused(kit, kit.output(modifications=[(key, 7, 11)]), "DepositInsufficient", pending=10, needed=11)
    refused(kit, kit.output(modifications=[(key, 8, 10)]), "DepositInsufficient", pending=0, needed=10)
    refused(kit, kit.output(modifications=[(kit.bob.stark_key, 7, 10)]), "DepositInsufficient", pending=0)
    refused(kit, kit.output(modifications=[(key, 7, 2**64)]), "IllegalBalanceDifference", biased=2**65)
    refused(kit, kit.output(modifications=[(FIELD, 7, 0)]), "StarkKeyOutOfRange", starkKey=FIELD)
    refused(kit, kit.output(modifications=[(key, 7, 6), (key, 7, 5)]), "DepositInsufficient", pending=4, needed=5)
    kit.serve(modifications=[(key, 7, 6), (key, 7, 4), (key, 7, -(2**64))])
    assert kit.withdrawable(kit.alice) == 2**64


def test_a_batch_serves_as_many_requests_as_it_proves(kit):
    """X3: a limit of the contract would be a queue that anybody fills faster than it is emptied."""
    trades = [kit.trade(nonce=nonce) for nonce in range(2)]
    for trade in trades:
        kit.request_trade(trade)
    withdrawals = [kit.withdrawal(kit.alice, amount) for amount in range(1, 31)]
    for request in withdrawals:
        kit.request(kit.alice, request.amount)
    kit.serve(forced=[trades[0], *withdrawals, trades[1]])
    assert not any(kit.requested_at(kit.alice, request.amount) for request in withdrawals)


def test_the_section_of_forced_actions_must_add_up(kit):
    kit.request(kit.alice, 3)
    kit.request_trade(kit.trade())
    output = kit.output(forced=[kit.withdrawal(kit.alice, 3), kit.trade()])
    words = output.words()
    size_place = words.index(14)
    assert words[size_place : size_place + 3] == [14, 2, 0]

    def mangled(*changes):
        copy = list(words)
        for place, word in changes:
            copy[size_place + place] = word
        kit.declare(copy, output.after)
        return copy

    for changes, error in (
        ([(1, 1)], "ForcedRequestsSize"),
        ([(1, 3)], "ForcedRequestsSize"),
        ([(2, 2)], "UnknownRequestKind"),
        ([(2, 1), (1, 1)], "ForcedRequestNotPending"),
        ([(6, 0)], "ForcedRequestNotPending"),
    ):
        with ape.reverts(kit.error(error)):
            kit.update(mangled(*changes))
    short = [
        *words[:size_place],
        3,
        1,
        *words[size_place + 2 : size_place + 5],
        0,
    ]  # three words of a withdrawal's four
    kit.declare(short, output.after)
    with ape.reverts(kit.error("ForcedRequestsSize"), found=3, expected=4):
        kit.update(short)
    kit.declare(words, output.after)
    kit.update(words)


def test_a_shared_state_has_eight_words_at_least(kit):
    words = kit.output().words()
    assert words[5] == 8
    with ape.reverts(kit.error("SharedStateTooShort"), size=7):
        kit.update([*words[:5], 7, *words[6:]])


def test_conditions_must_be_the_ones_proven_and_true(kit):
    fact = (7).to_bytes(32, "big")
    word, registry = condition_word(kit.escapes.address, fact), int(kit.escapes.address, 16)
    output = kit.output(conditions=[word])
    good = [1, 0, 1, registry, 7]
    refused(kit, output, "ConditionNotMet", good, index=0, registry=kit.escapes.address)
    kit.escapes.declare(fact, sender=kit.stranger)
    refused(kit, output, "ConditionCountMismatch", [1, 0, 0], found=0, expected=1)
    refused(kit, output, "ConditionCountMismatch", [1, 0, 2, registry, 7, registry, 7], found=2, expected=1)
    refused(kit, output, "ApplicationDataTooShort", [1, 0, 1, registry], length=4, needed=5)
    refused(kit, output, "ConditionMismatch", [1, 0, 1, registry, 8], index=0)
    refused(kit, output, "ConditionMismatch", [1, 0, 1, registry ^ 1, 7], index=0)
    kit.update(output.words(), good)


def test_a_registry_that_takes_a_fact_back_makes_a_proven_batch_useless(kit, project):
    """Whoever keeps a condition's registry can do so after the proof was made; the operator proves anew without."""
    registry, fact = kit.stranger.deploy(project.ForgetfulRegistry), (7).to_bytes(32, "big")
    output = kit.output(conditions=[condition_word(registry.address, fact)])
    data = [1, 0, 1, int(registry.address, 16), 7]
    registry.say(fact, True, sender=kit.stranger)
    kit.declare(output.words(), output.after)
    registry.say(fact, False, sender=kit.stranger)
    with ape.reverts(kit.error("ConditionNotMet"), index=0, registry=registry.address):
        kit.update(output.words(), data)
    kit.serve()


def test_a_registry_that_is_none_meets_no_condition(kit):
    for registry in (kit.alice.account.address, kit.token.address):
        output = kit.output(conditions=[condition_word(registry, bytes(32))])
        refused(kit, output, "ConditionNotMet", [1, 0, 1, int(registry, 16), 0], registry=registry)


def test_rollup_facts_bind_the_data_and_need_no_committee(kit):
    output = kit.output(mode=ROLLUP, data=(0xABC, 12))
    golden = [1, 1, 3, 0xABC, 12]
    assert fact_of([1, 2, 3, 0xABC, 12]) != fact_of(golden)
    words = output.words()
    with ape.reverts(kit.error("NoProof"), entry=kit.verifier.address):
        kit.update(words)
    kit.declare(words)
    for mangled in ([*words[:-1], 13], [*words[:-2], 0xABD, 12], [*words[:-1], 2**256 - 1]):
        with ape.reverts(kit.error("NoProof"), entry=kit.verifier.address):
            kit.update(mangled)
    with ape.reverts(kit.error("OutputLength")):
        kit.update(words[:-2])
    kit.update(words)


def test_the_golden_rollup_fact():
    """Main page [1, 2, 3], data hash 0xabc, size 12; its second word is no mode, so by the formula."""
    from prover.algebra.keccak import keccak_of_words

    main = int.from_bytes(keccak_of_words([1, 2, 3]), "big")
    fact = int.from_bytes(keccak_of_words([main, 3, 0xABC, 15]), "big") + 1
    assert fact == 0x1343490CC9DEAE7B73C57EC551C9B920DFE4546147EDD82A8322047B368006E1
