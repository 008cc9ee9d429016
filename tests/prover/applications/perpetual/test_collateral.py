"""Deposits, withdrawals, transfers and the orders that carry them: edges 24 to 50 of the list."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from prover.algebra.field import PRIME
from prover.applications.ledger.fields import is_stark_key
from prover.applications.perpetual import messages
from prover.applications.perpetual.errors import Code
from prover.applications.perpetual.margin import Change, update_position
from prover.applications.perpetual.positions import EMPTY, Position
from prover.applications.perpetual.transactions import Deleverage, Deposit, ForcedWithdrawal, Withdrawal
from tests.support.world import (
    ALICE,
    BOB,
    CAROL,
    CONFIG,
    ETH,
    FEE_KEEPER,
    FEES,
    HALF,
    HOUR,
    ONE,
    SIGNERS,
    USD,
    apply,
    configured,
    deposit,
    external,
    forced_trade,
    forced_withdrawal,
    holds,
    key,
    liquidate,
    order,
    refused,
    sign_price,
    trade,
    transfer,
    withdrawal,
    world,
)

EMPTY_WORLD = world({})


def test_a_deposit_of_nothing_leaves_the_leaf_empty():
    """Edge 24."""
    assert apply(EMPTY_WORLD, deposit(ALICE, 7, 0)).after.tree.root == EMPTY_WORLD.tree.root


def test_a_deposit_of_one_sets_the_key():
    """Edge 25."""
    assert apply(EMPTY_WORLD, deposit(ALICE, 7, 1)).after.position(7) == holds(ALICE, 1)


def test_a_deposit_under_another_key_is_refused():
    """Edge 26: it stays on chain, where it can be cancelled."""
    state = world({7: holds(ALICE, 5)})
    with refused(Code.INVALID_PUBLIC_KEY):
        apply(state, deposit(BOB, 7, 1))
    assert apply(state, deposit(ALICE, 7, 1))


def test_collateral_reaches_its_bound_and_no_further():
    """Edge 27."""
    state = world({7: holds(ALICE, HALF - 2)})
    assert apply(state, deposit(ALICE, 7, 1)).after.position(7).collateral_balance == HALF - 1
    with refused(Code.OUT_OF_RANGE_BALANCE):
        apply(state, deposit(ALICE, 7, 2))


AMOUNTS = {
    "deposit": lambda amount: deposit(ALICE, 7, amount),
    "withdrawal": lambda amount: withdrawal(ALICE, 7, amount),
    "transfer": lambda amount: transfer(ALICE, 7, BOB, 8, amount),
    "forced withdrawal": lambda amount: forced_withdrawal(ALICE, 7, amount),
    "forced trade, synthetic": lambda amount: forced_trade((ALICE, 7), (BOB, 8), True, amount, 1),
    "forced trade, collateral": lambda amount: forced_trade((ALICE, 7), (BOB, 8), True, 1, amount),
    "order, synthetic": lambda amount: order(ALICE, 7, True, amount, 1),
    "order, collateral": lambda amount: order(ALICE, 7, True, 1, amount),
    "order, fee": lambda amount: order(ALICE, 7, True, 1, 1, amount_fee=amount),
    "trade, collateral": lambda amount: trade(
        order(ALICE, 7, True, 1, 1), order(BOB, 8, False, 1, 1), 1, amount, fees=(0, 0)
    ),
    "trade, fee": lambda amount: trade(order(ALICE, 7, True, 1, 1), order(BOB, 8, False, 1, 1), 1, 1, fees=(amount, 0)),
    "liquidation, collateral": lambda amount: liquidate(order(ALICE, 7, True, 1, 1), 8, 1, amount),
    "liquidation, fee": lambda amount: liquidate(order(ALICE, 7, True, 1, 1), 8, 1, 1, amount),
    "deleverage": lambda amount: Deleverage(
        deleveragable_position_id=7,
        deleverager_position_id=8,
        synthetic_asset_id=ETH,
        amount_synthetic=amount,
        amount_collateral=amount,
        deleverager_is_buying_synthetic=1,
    ),
}


@pytest.mark.parametrize("name", AMOUNTS)
def test_every_amount_ends_below_two_to_the_64(name):
    """Edges 28, 29, 33 and 132: the bound is exclusive everywhere, and P - 1 is not -1."""
    assert AMOUNTS[name](2**64 - 1)
    for amount in (2**64, -1, PRIME - 1):
        with pytest.raises((ValidationError, messages.MessageMalformed)):
            AMOUNTS[name](amount)


def test_external_prices_end_below_two_to_the_120():
    """Edges 29 and 99."""
    assert sign_price(SIGNERS[0], 5, 2**120 - 1, 1)
    with pytest.raises(messages.MessageMalformed):
        sign_price(SIGNERS[0], 5, 2**120, 1)


def test_position_ids_end_with_the_tree():
    """Edge 30: the highest leaf works; the next is outside, of 64 bits by its field and of fewer by the rule."""
    assert apply(EMPTY_WORLD, deposit(ALICE, 2**64 - 1, 1)).after.position(2**64 - 1) == holds(ALICE, 1)
    with pytest.raises(ValidationError):
        deposit(ALICE, 2**64, 1)
    config = configured(positions_tree_height=8)
    state = world({}, config)
    assert apply(state, deposit(ALICE, 255, 1), config=config)
    with refused("POSITION_ID"):
        apply(state, deposit(ALICE, 256, 1), config=config)


@pytest.mark.parametrize("position", [EMPTY, holds(ALICE, 5)], ids=["empty", "alice's"])
@pytest.mark.parametrize("amount", [0, 1])
def test_key_0_owns_nothing(position, amount):
    """Edges 31, 32 and 130: as a field it is refused, and a forced request under it is proven invalid."""
    state = world({7: position})
    batch = apply(state, ForcedWithdrawal(public_key=0, position_id=7, amount=amount))
    assert batch.served == (Code.INVALID_PUBLIC_KEY,) and batch.after.tree.root == state.tree.root
    with pytest.raises(ValidationError, match="public_key"):
        Deposit(public_key=0, position_id=7, amount=amount)


OFF_THE_CURVE = 5


@pytest.mark.parametrize("word", [1, OFF_THE_CURVE, PRIME - 1])
def test_any_word_but_0_may_own_a_position(word):
    """The contract takes a deposit under any word below p. If the rules refused those that are no point of the curve,
    half of all words, such a deposit could not be included while the program would prove it."""
    state = world({7: holds(ALICE, 50)})
    batch = apply(
        state,
        Deposit(public_key=word, position_id=8, amount=5),
        transfer(ALICE, 7, BOB, 8, 2, receiver_public_key=word),
        ForcedWithdrawal(public_key=word, position_id=8, amount=3),
    )
    assert batch.served == (Code.SUCCESS,)
    assert batch.after.position(8) == Position(word, 4)
    assert not is_stark_key(OFF_THE_CURVE)


def test_nobody_signs_under_a_word_that_is_no_key():
    with pytest.raises(ValidationError, match="no Stark key"):
        Withdrawal.model_validate({**withdrawal(ALICE, 7, 1).model_dump(), "public_key": OFF_THE_CURVE})


def test_own_key_of_an_empty_position():
    """Edge 32: deleverage asks so. With nothing to change it is no error, with something it is."""
    market = EMPTY_WORLD.market(CONFIG)
    assert update_position(EMPTY, Change(None, 0, ETH, 0), market).code == Code.SUCCESS
    for change in (Change(None, 1, ETH, 0), Change(None, 0, ETH, 1)):
        assert update_position(EMPTY, change, market).code == Code.INVALID_PUBLIC_KEY


def test_two_deposits_make_one_leaf_update():
    """Edge 34."""
    batch = apply(EMPTY_WORLD, deposit(ALICE, 7, 1), deposit(ALICE, 7, 2))
    assert batch.after.position(7) == holds(ALICE, 3) and batch.touched_positions == [7]
    assert batch.before.position(7) == EMPTY
    assert [amount - 2**64 for _, _, amount in batch.modifications] == [1, 2]


def test_the_whole_collateral_can_leave_and_not_one_more():
    """Edges 35 and 36."""
    state = world({7: holds(ALICE, 50)})
    batch = apply(state, withdrawal(ALICE, 7, 50))
    assert batch.after.tree.root == EMPTY_WORLD.tree.root and batch.after.positions == {}
    with refused(Code.ILLEGAL_POSITION_TRANSITION_NO_RISK_REDUCED_VALUE):
        apply(state, withdrawal(ALICE, 7, 51))


def test_an_emptied_id_is_free_in_the_same_batch():
    """Edge 37."""
    batch = apply(world({7: holds(ALICE, 50)}), withdrawal(ALICE, 7, 50), deposit(BOB, 7, 3))
    assert batch.after.position(7) == holds(BOB, 3)


def test_a_stranger_can_claim_an_empty_id():
    """Edge 38: kept as in v3.2. The owner's deposit is refused, stays on chain and can be cancelled there."""
    state = world({9: holds(CAROL, 10)})
    with refused(Code.INVALID_PUBLIC_KEY):
        apply(state, transfer(CAROL, 9, CAROL, 7, 1), deposit(ALICE, 7, 100))
    assert apply(state, transfer(CAROL, 9, CAROL, 7, 1), deposit(ALICE, 8, 100))


def test_the_modification_names_the_owner_key():
    """Edge 39."""
    batch = apply(world({7: holds(ALICE, 50)}), withdrawal(ALICE, 7, 20, to=0xABCDEF))
    assert batch.modifications == ((0xABCDEF, 7, 2**64 - 20),)


def test_expiration_meets_the_batch_minimum():
    """Edges 40 and 42: hours, as the batch's minimum; equality is in time."""
    state = world({7: holds(ALICE, 50)})
    assert apply(state, withdrawal(ALICE, 7, 1, expiration_timestamp=HOUR))
    with refused("ORDER_EXPIRED"):
        apply(state, withdrawal(ALICE, 7, 1, expiration_timestamp=HOUR - 1))


def test_expiration_and_nonce_have_32_bits():
    """Edge 41."""
    state = world({7: holds(ALICE, 50)})
    for name in ("expiration_timestamp", "nonce"):
        assert apply(state, withdrawal(ALICE, 7, 1, **{name: 2**32 - 1}))
        with pytest.raises(ValidationError, match=name):
            withdrawal(ALICE, 7, 1, **{name: 2**32})


ONCE = {
    "withdrawal": lambda amount: withdrawal(ALICE, 7, amount),
    "transfer": lambda amount: transfer(ALICE, 7, BOB, 8, amount),
    "conditional transfer": lambda amount: transfer(ALICE, 7, BOB, 8, amount, condition=99),
}


@pytest.mark.parametrize("name", ONCE)
def test_single_use_orders_are_used_once(name):
    """Edge 43: neither in the same batch nor in a later one."""
    state, transaction = world({7: holds(ALICE, 50)}), ONCE[name](5)
    with refused(Code.INVALID_FULFILLMENT_INFO):
        apply(state, transaction, transaction)
    with refused(Code.INVALID_FULFILLMENT_INFO):
        apply(apply(state, transaction).after, transaction)


@pytest.mark.parametrize("name", ONCE)
def test_amount_0_can_repeat(name):
    """Edge 44: kept as in v3.2 (a format's price); nothing moves. The operator should not include them."""
    state, transaction = world({7: holds(ALICE, 50)}), ONCE[name](0)
    batch = apply(state, transaction, transaction)
    assert batch.after.tree.root == state.tree.root and batch.after.orders_root == state.orders_root


def test_partial_fills_end_at_the_orders_amount():
    """Edge 45."""
    state = world({7: holds(ALICE, 10**9), 8: holds(BOB, 10**9)})
    buy, sell = order(ALICE, 7, True, 100, 100), order(BOB, 8, False, 100, 100)
    batch = apply(state, trade(buy, sell, 60, 60), trade(buy, sell, 40, 40))
    assert set(batch.after.orders.values()) == {100}
    with refused(Code.INVALID_FULFILLMENT_INFO):
        apply(state, trade(buy, sell, 60, 60), trade(buy, sell, 41, 41))
    with refused(Code.INVALID_FULFILLMENT_INFO):
        apply(apply(state, trade(buy, sell, 60, 60)).after, trade(buy, sell, 41, 41))


def test_a_fill_of_0_is_refused():
    """Edge 46: it could repeat for ever."""
    state = world({7: holds(ALICE, 10**9), 8: holds(BOB, 10**9)})
    buy, sell = order(ALICE, 7, True, 100, 100), order(BOB, 8, False, 100, 100)
    with refused(Code.OUT_OF_RANGE_POSITIVE_AMOUNT):
        apply(state, trade(buy, sell, 0, 0))
    assert apply(state, trade(buy, sell, 1, 1))


def test_an_order_for_no_collateral_is_refused():
    """Edge 47."""
    state = world({7: holds(ALICE, 10**9), 8: holds(BOB, 10**9)})
    with refused(Code.OUT_OF_RANGE_POSITIVE_AMOUNT):
        apply(state, trade(order(ALICE, 7, True, 100, 0), order(BOB, 8, False, 100, 1), 1, 0))


def test_messages_that_share_an_id_share_the_leaf():
    """Edge 48: the second may find more used than it ever allowed, and is refused."""
    transaction = withdrawal(ALICE, 7, 5)
    order_id = messages.order_id(transaction.message_hash(USD))
    for used, accepted in ((0, True), (1, False), (6, False), (2**64 - 1, False)):
        state = world({7: holds(ALICE, 50)}, orders={order_id: used})
        if accepted:
            assert apply(state, transaction)
        else:
            with refused(Code.INVALID_FULFILLMENT_INFO):
                apply(state, transaction)


def test_a_full_leaf_cannot_grow():
    """Edge 49: an order's amount ends at 2^64 - 1, and so does its leaf."""
    buy, sell = order(ALICE, 7, True, 2**64 - 1, 2**64 - 1), order(BOB, 8, False, 2**64 - 1, 1)
    ids = [messages.order_id(o.message_hash(USD)) for o in (buy, sell)]
    positions = {7: holds(ALICE, 10**9), 8: holds(BOB, 10**9)}
    batch = apply(world(positions, orders=dict.fromkeys(ids, 2**64 - 2)), trade(buy, sell, 1, 1))
    assert [batch.after.orders[order_id] for order_id in ids] == [2**64 - 1] * 2
    with refused(Code.INVALID_FULFILLMENT_INFO):
        apply(world(positions, orders=dict.fromkeys(ids, 2**64 - 1)), trade(buy, sell, 1, 1))


@given(st.integers(0, 2**251 - 1), st.integers(0, 2**187 - 1))
@settings(max_examples=50)
def test_order_ids_are_the_top_64_bits(message, low):
    """Edge 50."""
    assert messages.order_id(message) == messages.order_id(message >> 187 << 187 | low) < 2**64


def test_a_badly_leveraged_receiver_may_be_helped_and_a_sender_may_not_leave():
    """A transfer that improves TV/TR is legal for the receiver; the same for the sender is not."""
    state = world({7: holds(ALICE, 100), 8: holds(BOB, -1000, {ETH: 1001})})
    assert apply(state, transfer(ALICE, 7, BOB, 8, 1))
    with refused(Code.ILLEGAL_POSITION_TRANSITION_REDUCING_TOTAL_VALUE_RISK_RATIO):
        apply(state, transfer(BOB, 8, ALICE, 7, 1))


def test_the_fee_position_may_send_and_receive():
    """Edge 57, second half: with its key, as anybody."""
    state = world({FEES: holds(FEE_KEEPER, 10), 7: holds(ALICE, 5)})
    batch = apply(state, transfer(FEE_KEEPER, FEES, ALICE, 7, 4), transfer(ALICE, 7, FEE_KEEPER, FEES, 2))
    assert batch.after.position(FEES) == holds(FEE_KEEPER, 8)


def test_transfers_refuse_the_same_position_and_another_asset():
    state = world({7: holds(ALICE, 10)})
    with refused(Code.SAME_POSITION_ID):
        apply(state, transfer(ALICE, 7, ALICE, 7, 1))
    with refused(Code.INVALID_COLLATERAL_ASSET_ID):
        apply(state, transfer(ALICE, 7, BOB, 8, 1, asset_id=USD + 1))
    with refused(Code.INVALID_PUBLIC_KEY):
        apply(world({7: holds(ALICE, 10), 8: holds(CAROL, 1)}), transfer(ALICE, 7, BOB, 8, 1))


def test_a_wrong_signature_is_refused():
    state = world({7: holds(ALICE, 10)})
    good = withdrawal(ALICE, 7, 1)
    for field in ("amount", "nonce", "expiration_timestamp", "owner_key"):
        changed = good.model_copy(update={field: getattr(good, field) + 1})
        with refused(Code.INVALID_SIGNATURE):
            apply(state, changed)
    with refused(Code.INVALID_SIGNATURE):
        apply(state, Withdrawal(**{**good.model_dump(), "public_key": key(BOB), "owner_key": key(BOB)}))
    assert apply(state, good)


def test_prices_convert_without_loss_here():
    """The worlds of these tests rest on it."""
    assert external(2 * ONE, ETH) == 2 * 1000 * 10**18
