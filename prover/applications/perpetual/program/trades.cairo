// Trades, liquidations, deleveraging (docs/spec/perpetual-state.md 7.5 to 7.7).

from access import apply_own_update, apply_update
from bounds import ABOVE_64, BOUND_32, assert_64_bit, assert_different, assert_not_negative_wide
from margin import SUCCESS, check_status
from market import NO_ASSET, Market, Quote, find_quote
from orders import fill_limit_order
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
    let (local position_id, public_key) = fill_limit_order(
        market.config, minimum_expiration, asset_id, is_buying, synthetic, collateral, fee
    );
    if (is_buying != 0) {
        apply_update(market, position_id, public_key, -collateral - fee, quote, synthetic);
        return (position_id=position_id, fee=fee);
    }
    apply_update(market, position_id, public_key, collateral - fee, quote, -synthetic);
    return (position_id=position_id, fee=fee);
}

// Fees only add to the fee position's collateral. Where all of them leave it in range, so does each one before; so the
// trades of a row pay theirs together. No trade has the fee position as a party.
func pay_fees{range_check_ptr, positions: DictAccess*}(market: Market*, fees: felt) {
    let config = market.config;
    apply_update(market, config.fee_position_id, config.fee_public_key, fees, market.quotes + NO_ASSET * Quote.SIZE, 0);
    return ();
}

// Trades in a row, `fees` being those of the ones before.
func execute_trades{
    pedersen_ptr: HashBuiltin*,
    range_check_ptr,
    ecdsa_ptr: SignatureBuiltin*,
    positions: DictAccess*,
    orders: DictAccess*,
}(market: Market*, minimum_expiration: felt, fees: felt, n_left: felt) {
    if (n_left == 0) {
        pay_fees(market, fees);
        return ();
    }
    %{ trade = trades[-ids.n_left] %}
    let (own_fees) = execute_trade(market, minimum_expiration);
    return execute_trades(market, minimum_expiration, fees + own_fees, n_left - 1);
}

func execute_trade{
    pedersen_ptr: HashBuiltin*,
    range_check_ptr,
    ecdsa_ptr: SignatureBuiltin*,
    positions: DictAccess*,
    orders: DictAccess*,
}(market: Market*, minimum_expiration: felt) -> (fees: felt) {
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
    return (fees=buyer_fee + seller_fee);
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
    assert_liquidatable(liquidated, sold);
    let (position_id, local fee) = execute_leg(
        market, minimum_expiration, asset_id, quote, is_buying, synthetic, collateral
    );
    assert_different(position_id, liquidated_id);
    pay_fees(market, fee);
    return ();
}

// Total risk above total value, and `closed` of the holding's sign and no more than it.
func assert_liquidatable{range_check_ptr}(liquidated: Update, closed: felt) {
    alloc_locals;
    let funded = liquidated.funded;
    local total_value = funded.collateral * BOUND_32 + funded.value;
    let (code) = check_status(total_value, funded.risk);
    assert code = SUCCESS;
    assert_not_negative_wide(funded.risk - total_value * BOUND_32 - 1);
    assert_closes(liquidated.held, closed);
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
// ratio of value to risk. The operator chooses both.
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
    assert_64_bit(collateral);
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
