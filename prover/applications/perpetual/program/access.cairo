// The log of accesses to positions. Each entry names what the position was and what it became; squashing the log proves
// that each old value is the new one before, and the tree proves the first and the last.

from margin import SUCCESS
from market import Market, Quote
from positions import Position
from starkware.cairo.common.dict_access import DictAccess
from update import Update, update_own_position, update_position

// The key by which a request is judged. The fee position answers to the configured key alone, else whoever took it while
// it is empty would stop all trades: under another key the request is 0's, nobody's.
func judged_key(market: Market*, position_id: felt, request_key: felt) -> (key: felt) {
    let config = market.config;
    if (position_id != config.fee_position_id) {
        return (key=request_key);
    }
    if (request_key == config.fee_public_key) {
        return (key=request_key);
    }
    return (key=0);
}

// Updates one position; on an error what is stored is the position with its funding applied.
func try_update{range_check_ptr, positions: DictAccess*}(
    market: Market*, position_id: felt, request_key: felt, collateral_delta: felt, quote: Quote*, synthetic_delta: felt
) -> (update: Update) {
    alloc_locals;
    let log = positions;
    %{ ids.log.prev_value = advice.position(ids.position_id, segments) %}
    let (key) = judged_key(market, position_id, request_key);
    let (update) = update_position(
        market, cast(log.prev_value, Position*), key, collateral_delta, quote, synthetic_delta
    );
    log_position(position_id, update.updated);
    return (update=update);
}

// The entry's old value stands there already.
func log_position{positions: DictAccess*}(position_id: felt, updated: Position*) {
    %{ advice.store_position(ids.position_id, ids.updated.address_) %}
    assert positions.key = position_id;
    assert positions.new_value = cast(updated, felt);
    let positions = positions + DictAccess.SIZE;
    return ();
}

// An update that must succeed, of any position.
func apply_request{range_check_ptr, positions: DictAccess*}(
    market: Market*, position_id: felt, request_key: felt, collateral_delta: felt, quote: Quote*, synthetic_delta: felt
) {
    let (key) = judged_key(market, position_id, request_key);
    return apply_update(market, position_id, key, collateral_delta, quote, synthetic_delta);
}

// The same of a position that is not the fee position, or in the name of the fee position's key.
func apply_update{range_check_ptr, positions: DictAccess*}(
    market: Market*, position_id: felt, request_key: felt, collateral_delta: felt, quote: Quote*, synthetic_delta: felt
) {
    %{ ids.positions.prev_value = advice.position(ids.position_id, segments) %}
    let (update) = update_position(
        market, cast(positions.prev_value, Position*), request_key, collateral_delta, quote, synthetic_delta
    );
    %{
        advice.check_success(ids.position_id, ids.update.code)
        advice.store_position(ids.position_id, ids.update.updated.address_)
    %}
    assert update.code = SUCCESS;
    assert positions.key = position_id;
    assert positions.new_value = cast(update.updated, felt);
    let positions = positions + DictAccess.SIZE;
    return ();
}

// An update that must succeed, without an owner's request.
func apply_own_update{range_check_ptr, positions: DictAccess*}(
    market: Market*, position_id: felt, collateral_delta: felt, quote: Quote*, synthetic_delta: felt
) -> (update: Update) {
    alloc_locals;
    let log = positions;
    %{ ids.log.prev_value = advice.position(ids.position_id, segments) %}
    let (update) = update_own_position(
        market, cast(log.prev_value, Position*), collateral_delta, quote, synthetic_delta
    );
    log_position(position_id, update.updated);
    %{ advice.check_success(ids.position_id, ids.update.code) %}
    assert update.code = SUCCESS;
    return (update=update);
}
