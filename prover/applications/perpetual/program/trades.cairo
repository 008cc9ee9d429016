// Trades, liquidations, deleveraging (docs/spec/perpetual-state.md 7.5 to 7.7).

from access import apply_own_update, apply_update, try_update
from bounds import ABOVE_64, BOUND_32, BOUND_64, assert_64_bit, assert_different, assert_not_negative_wide
from config import GeneralConfig
from margin import SUCCESS, TOTAL_VALUE_BOUND, check_status
from market import NO_ASSET, Market, Quote, find_quote
from messages import FILL_OR_KILL, REDUCE_ONLY
from orders import fill_limit_order
from positions import Position
from starkware.cairo.common.cairo_builtins import HashBuiltin, SignatureBuiltin
from starkware.cairo.common.dict_access import DictAccess
from update import Update

// One order's side of a trade: its limits, its position. The fee position gets the fee from the caller.
func execute_leg{
    pedersen_ptr: HashBuiltin*,
    range_check_ptr,
    ecdsa_ptr: SignatureBuiltin*,
    positions: DictAccess*,
    orders: DictAccess*,
}(
    market: Market*,
    minimum_expiration: felt,
    asset_id: felt,
    quote: Quote*,
    is_buying: felt,
    synthetic: felt,
    collateral: felt,
) -> (position_id: felt, fee: felt) {
    alloc_locals;
    local fee;
    %{ ids.fee = fee % PRIME %}
    let (local position_id, public_key, flags, full_amount) = fill_limit_order(
        market.config, minimum_expiration, asset_id, is_buying, synthetic, collateral, fee
    );
    if (flags != 0) {
        apply_flagged(
            market,
            position_id,
            public_key,
            quote,
            is_buying,
            synthetic,
            collateral,
            fee,
            flags,
            full_amount - synthetic,
        );
        return (position_id=position_id, fee=fee);
    }
    if (is_buying != 0) {
        apply_update(market, position_id, public_key, -collateral - fee, quote, synthetic);
        return (position_id=position_id, fee=fee);
    }
    apply_update(market, position_id, public_key, collateral - fee, quote, -synthetic);
    return (position_id=position_id, fee=fee);
}

// The update by a fill of an order with flags, which version 1 does not have. Reduce-only: it closes. Fill-or-kill: nothing
// of the order's amount is left out. There is no other flag: that of a cancellation would turn its message into an order.
func apply_flagged{range_check_ptr, positions: DictAccess*}(
    market: Market*,
    position_id: felt,
    public_key: felt,
    quote: Quote*,
    is_buying: felt,
    synthetic: felt,
    collateral: felt,
    fee: felt,
    flags: felt,
    left_out: felt,
) {
    alloc_locals;
    assert market.config.has_limits = 1;
    local paid;
    local bought;
    if (is_buying != 0) {
        assert paid = collateral;
        assert bought = synthetic;
    } else {
        assert paid = -collateral;
        assert bought = -synthetic;
    }
    let (update) = try_update(market, position_id, public_key, -paid - fee, quote, bought);
    %{ advice.check_success(ids.position_id, ids.update.code) %}
    assert update.code = SUCCESS;
    if (flags == FILL_OR_KILL) {
        assert left_out = 0;
        return ();
    }
    assert_closes(update.held, -bought);
    if (flags == REDUCE_ONLY) {
        return ();
    }
    assert flags = REDUCE_ONLY + FILL_OR_KILL;
    assert left_out = 0;
    return ();
}

func pay_fees{range_check_ptr, positions: DictAccess*}(market: Market*, fees: felt) {
    let config = market.config;
    apply_update(market, config.fee_position_id, config.fee_public_key, fees, market.quotes + NO_ASSET * Quote.SIZE, 0);
    return ();
}

// Trades in a row, of which there are some. Fees only add to the fee position's collateral, and no trade has it as a
// party: where all of them together leave it legal, and the first one does, so does each in between. So the trades pay
// theirs together.
func execute_trades{
    pedersen_ptr: HashBuiltin*,
    range_check_ptr,
    ecdsa_ptr: SignatureBuiltin*,
    positions: DictAccess*,
    orders: DictAccess*,
}(market: Market*, minimum_expiration: felt, n_trades: felt) {
    alloc_locals;
    %{ trade = trades[0] %}
    let (local first_fee, second_fee) = execute_trade(market, minimum_expiration);
    let (local fees) = execute_more_trades(market, minimum_expiration, first_fee + second_fee, n_trades - 1);
    pay_fees(market, fees);
    // The value before any fee is in range, or with the first one the position is well leveraged. It is above -2^134, and
    // no more than the value after all fees, which is below 2^95.
    let log = positions - DictAccess.SIZE;
    let paid = cast(log.new_value, Position*);
    tempvar value_before = (paid.collateral - fees) * BOUND_32 + paid.value;
    %{ memory[ap] = int((ids.value_before + 2**95) % PRIME > PRIME // 2) %}
    jmp far_below if [ap] != 0, ap++;
    assert [range_check_ptr] = value_before + TOTAL_VALUE_BOUND;
    let range_check_ptr = range_check_ptr + 1;
    return ();

    far_below:
    assert [range_check_ptr] = (value_before + first_fee * BOUND_32) * BOUND_32 - paid.risk;
    let range_check_ptr = range_check_ptr + 1;
    return ();
}

// `fees` are those of the trades before, and in the end those of all.
func execute_more_trades{
    pedersen_ptr: HashBuiltin*,
    range_check_ptr,
    ecdsa_ptr: SignatureBuiltin*,
    positions: DictAccess*,
    orders: DictAccess*,
}(market: Market*, minimum_expiration: felt, fees: felt, n_left: felt) -> (fees: felt) {
    if (n_left == 0) {
        return (fees=fees);
    }
    %{ trade = trades[-ids.n_left] %}
    let (buyer_fee, seller_fee) = execute_trade(market, minimum_expiration);
    return execute_more_trades(market, minimum_expiration, fees + buyer_fee + seller_fee, n_left - 1);
}

func execute_trade{
    pedersen_ptr: HashBuiltin*,
    range_check_ptr,
    ecdsa_ptr: SignatureBuiltin*,
    positions: DictAccess*,
    orders: DictAccess*,
}(market: Market*, minimum_expiration: felt) -> (buyer_fee: felt, seller_fee: felt) {
    alloc_locals;
    local asset_id;
    local synthetic;
    local collateral;
    %{
        ids.asset_id = advice.traded_asset(trade)
        ids.synthetic = trade.actual_synthetic % PRIME
        ids.collateral = trade.actual_collateral % PRIME
        order, fee = trade.buy_order, trade.actual_buyer_fee
    %}
    assert [range_check_ptr] = collateral;
    assert [range_check_ptr + 1] = collateral + ABOVE_64;
    let range_check_ptr = range_check_ptr + 2;
    let (local quote: Quote*) = find_quote(market, asset_id);
    let (local buyer_id, local buyer_fee) = execute_leg(
        market, minimum_expiration, asset_id, quote, 1, synthetic, collateral
    );
    %{ order, fee = trade.sell_order, trade.actual_seller_fee %}
    let (seller_id, seller_fee) = execute_leg(
        market, minimum_expiration, asset_id, quote, 0, synthetic, collateral
    );
    assert_different(buyer_id, seller_id);
    return (buyer_fee=buyer_fee, seller_fee=seller_fee);
}

// The liquidated position takes the other side of the order, at a price that keeps its ratio of value to risk or makes
// it well leveraged.
func execute_liquidation{
    pedersen_ptr: HashBuiltin*,
    range_check_ptr,
    ecdsa_ptr: SignatureBuiltin*,
    positions: DictAccess*,
    orders: DictAccess*,
}(market: Market*, minimum_expiration: felt) {
    alloc_locals;
    local asset_id;
    local is_buying;
    local synthetic;
    local collateral;
    local liquidated_id;
    %{
        order, fee = transaction.liquidator_order, transaction.actual_liquidator_fee
        ids.asset_id = order.synthetic_asset_id
        ids.is_buying = advice.side(order)
        ids.synthetic = transaction.actual_synthetic % PRIME
        ids.collateral = transaction.actual_collateral % PRIME
        ids.liquidated_id = transaction.liquidated_position_id % PRIME
    %}
    assert_64_bit(collateral);
    let (local quote: Quote*) = find_quote(market, asset_id);
    local sold;
    local paid;
    if (is_buying != 0) {
        assert sold = synthetic;
        assert paid = collateral;
    } else {
        assert sold = -synthetic;
        assert paid = -collateral;
    }
    let (liquidated) = apply_own_update(market, liquidated_id, paid, quote, -sold);
    assert_liquidatable(market.config, liquidated, quote.price, synthetic, sold);
    let (position_id, local fee) = execute_leg(
        market, minimum_expiration, asset_id, quote, is_buying, synthetic, collateral
    );
    assert_different(position_id, liquidated_id);
    pay_fees(market, fee);
    return ();
}

// Total risk above total value, and `closed` of the holding's sign and no more than it: `synthetic`, in [1, 2^64), or its
// negative.
func assert_liquidatable{range_check_ptr}(
    config: GeneralConfig*, liquidated: Update, price: felt, synthetic: felt, closed: felt
) {
    alloc_locals;
    let before = liquidated.funded;
    let after = liquidated.updated;
    local value_before = before.collateral * BOUND_32 + before.value;
    let (code) = check_status(value_before, before.risk);
    assert code = SUCCESS;
    assert_not_negative_wide(before.risk - value_before * BOUND_32 - 1);
    assert_closes(liquidated.held, closed);
    if (config.has_limits == 0) {
        return ();
    }
    // Version 2. Otherwise an operator could take all that is left, at a price of his own. Both values lie within 2^95, both
    // risks below 2^128.
    let limits = config.limits;
    tempvar value_after = after.collateral * BOUND_32 + after.value;
    tempvar risk_but_one = after.risk * (synthetic - 1) + before.risk;
    // With one unit less, at the average risk of a unit, margin and buffer would not have been restored. The risk is not
    // negative and below 2^192 * 2^33, the value within 2^95 * 2^64 * 2^64.
    tempvar unrestored = risk_but_one * (BOUND_32 + limits.liquidation_buffer) - value_after * synthetic * BOUND_64;
    // The position loses at most the penalty, up to one unit: within 2^128, 2^160 and 2^64.
    tempvar kept = (value_after - value_before) * BOUND_32 + limits.liquidation_penalty * price * synthetic + BOUND_64;
    assert_not_negative_wide(unrestored - 1);
    assert_not_negative_wide(kept - 1);
    return ();
}

// 0 <= closed <= held, or held <= closed <= 0, for a `closed` in (-2^64, 2^64): |closed| is known, its sign is the
// hint's only if it is 0.
func assert_closes{range_check_ptr}(held: felt, closed: felt) {
    %{ memory[ap] = int(ids.closed > PRIME // 2) %}
    jmp short if [ap] != 0, ap++;
    assert [range_check_ptr] = closed;
    assert [range_check_ptr + 1] = held - closed;
    let range_check_ptr = range_check_ptr + 2;
    return ();

    short:
    assert [range_check_ptr] = -closed;
    assert [range_check_ptr + 1] = closed - held;
    let range_check_ptr = range_check_ptr + 2;
    return ();
}

// A bankrupt position gives a holding to one that holds the opposite, at the only amount of collateral that keeps its
// ratio of value to risk. The operator chooses both. In version 2 the amount may be negative, and flow the other way: what
// is left of a short whose loss exceeds its notional has no other price.
func execute_deleverage{range_check_ptr, positions: DictAccess*}(market: Market*) {
    alloc_locals;
    local asset_id;
    local bankrupt_id;
    local deleverager_id;
    local synthetic;
    local collateral;
    local is_deleverager_buying;
    %{
        ids.asset_id = transaction.synthetic_asset_id % PRIME
        ids.bankrupt_id = transaction.deleveragable_position_id % PRIME
        ids.deleverager_id = transaction.deleverager_position_id % PRIME
        ids.synthetic = transaction.amount_synthetic % PRIME
        ids.collateral = transaction.amount_collateral % PRIME
        ids.is_deleverager_buying = int(transaction.deleverager_is_buying_synthetic != 0)
    %}
    assert_64_bit(synthetic);
    local size;
    local is_negative;
    %{ ids.is_negative = int(ids.collateral > PRIME // 2) %}
    if (is_negative != 0) {
        assert market.config.has_limits = 1;
        assert size = -collateral;
    } else {
        assert size = collateral;
    }
    assert_64_bit(size);
    assert_different(bankrupt_id, deleverager_id);
    let (quote) = find_quote(market, asset_id);
    if (is_deleverager_buying != 0) {
        return deleverage(market, bankrupt_id, deleverager_id, quote, synthetic, -collateral);
    }
    return deleverage(market, bankrupt_id, deleverager_id, quote, -synthetic, collateral);
}

// The deltas are the deleverager's.
func deleverage{range_check_ptr, positions: DictAccess*}(
    market: Market*, bankrupt_id: felt, deleverager_id: felt, quote: Quote*, synthetic: felt, collateral: felt
) {
    alloc_locals;
    let (bankrupt) = apply_own_update(market, bankrupt_id, -collateral, quote, -synthetic);
    local bankrupt: Update = bankrupt;
    let (deleverager) = apply_own_update(market, deleverager_id, collateral, quote, synthetic);
    assert_closes(deleverager.held, -synthetic);

    // value before < 0, and value before * risk after > (value after - 1 unit) * risk before.
    let before = bankrupt.funded;
    let after = bankrupt.updated;
    local value_before = before.collateral * BOUND_32 + before.value;
    local value_after = after.collateral * BOUND_32 + after.value;
    let (code) = check_status(value_before, before.risk);
    assert code = SUCCESS;
    assert [range_check_ptr] = -1 - value_before;
    let range_check_ptr = range_check_ptr + 1;
    assert_not_negative_wide(value_before * after.risk - (value_after - BOUND_32) * before.risk - 1);
    return ();
}
