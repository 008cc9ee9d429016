// The operator's clock: funding indices and oracle prices (docs/spec/perpetual-state.md 7.11, 7.12). Each tick makes a
// new market.
//
// A tick's list is not part of the output except as the indices of the rows, so the program looks at what each row
// becomes. That a list ascends and names only known assets is for the hint to refuse.

from bounds import ABOVE_32, ABOVE_64, assert_not_negative_wide
from config import HOUR
from market import MISSING_INDEX, MISSING_PRICE, Market, Quote
from prices import SignedBounds

const ONE = 2 ** 32;

// Twice what two 64-bit indices can differ by, in the form of the comparison.
const UNLIMITED = 2 ** 97;

func execute_funding_tick{range_check_ptr}(market: Market*) -> (market: Market*) {
    alloc_locals;
    local timestamp;
    local indices: felt*;
    %{
        ids.timestamp = transaction.timestamp % PRIME
        ids.indices = segments.gen_arg(advice.tick_indices(transaction))
    %}
    assert [range_check_ptr] = timestamp - market.system_time;
    // A rate below 2^64 times seconds, below 2^64 too: times a price it does not wrap around.
    tempvar rate = market.config.max_funding_rate * (timestamp - market.funding_timestamp);
    assert [range_check_ptr + 1] = rate;
    let range_check_ptr = range_check_ptr + 2;
    check_indices(market.indices, indices, market.prices, rate, market.n_rows);
    return (
        market=new Market(
            config=market.config,
            n_rows=market.n_rows,
            asset_ids=market.asset_ids,
            asset_configs=market.asset_configs,
            system_time=timestamp,
            funding_timestamp=timestamp,
            indices=indices,
            prices=market.prices,
            quotes=cast(0, Quote*),
            no_assets=0,
        ),
    );
}

// |new - old| * 2^32 <= rate * price for an asset that had an index; an asset that had none may start anywhere.
func check_indices{range_check_ptr}(old: felt*, index: felt*, price: felt*, rate: felt, n_left: felt) {
    if (n_left == 0) {
        return ();
    }
    %{ memory[ap] = int(memory[ids.old] == ids.MISSING_INDEX % PRIME) %}
    jmp unlisted if [ap] != 0, ap++;
    assert [range_check_ptr] = [index];
    assert [range_check_ptr + 1] = [index] + ABOVE_64;
    tempvar current_price = [price];
    jmp priced if current_price != 0;
    assert current_price = 1;

    priced:
    tempvar limit = rate * current_price;
    tempvar change = ([index] - [old]) * ONE;
    %{ memory[ap] = int(ids.limit >= 2**127) %}
    jmp unlimited if [ap] != 0, ap++;
    assert [range_check_ptr + 2] = limit - change;
    assert [range_check_ptr + 3] = limit + change;
    let range_check_ptr = range_check_ptr + 4;
    return check_indices(old + 1, index + 1, price + 1, rate, n_left - 1);

    unlimited:
    let range_check_ptr = range_check_ptr + 2;
    assert_not_negative_wide(limit - UNLIMITED);
    return check_indices(old + 1, index + 1, price + 1, rate, n_left - 1);

    unlisted:
    assert [old] = MISSING_INDEX;
    %{ memory[ap] = int(memory[ids.index] == ids.MISSING_INDEX % PRIME) %}
    jmp still_unlisted if [ap] != 0, ap++;
    assert [range_check_ptr] = [index];
    assert [range_check_ptr + 1] = [index] + ABOVE_64;
    let range_check_ptr = range_check_ptr + 2;
    return check_indices(old + 1, index + 1, price + 1, rate, n_left - 1);

    still_unlisted:
    assert [index] = MISSING_INDEX;
    return check_indices(old + 1, index + 1, price + 1, rate, n_left - 1);
}

func execute_oracle_tick{range_check_ptr}(market: Market*, signed_bounds: SignedBounds*) -> (market: Market*) {
    alloc_locals;
    local timestamp;
    local prices: felt*;
    %{
        ticked = advice.ticked_prices(transaction)
        ids.timestamp = transaction.timestamp % PRIME
        ids.prices = segments.gen_arg([
            ticked.get(asset_id, memory[ids.market.prices + row]) for row, asset_id in enumerate(advice.row_ids)])
    %}
    tempvar elapsed = timestamp - market.system_time;
    assert [range_check_ptr] = elapsed;
    let range_check_ptr = range_check_ptr + 1;
    check_prices(market, prices, signed_bounds, elapsed);
    return (
        market=new Market(
            config=market.config,
            n_rows=market.n_rows,
            asset_ids=market.asset_ids,
            asset_configs=market.asset_configs,
            system_time=timestamp,
            funding_timestamp=market.funding_timestamp,
            indices=market.indices,
            prices=prices,
            quotes=cast(0, Quote*),
            no_assets=0,
        ),
    );
}

// `elapsed` is in [0, 2^128).
func check_prices{range_check_ptr}(market: Market*, prices: felt*, bounds: SignedBounds*, elapsed: felt) {
    if (market.config.has_limits == 0) {
        return check_moves(0, 0, market.prices, prices, bounds, market.n_rows);
    }
    let limits = market.config.limits;
    tempvar by_time = limits.max_price_move_per_hour * elapsed;
    tempvar at_once = limits.max_price_move_per_tick;
    // min(at_once, floor(by_time / 3600)), at most 2^32. By time it is at most 2^36 * 2^128.
    %{ memory[ap] = int(ids.by_time < ids.at_once * ids.HOUR) %}
    jmp too_soon if [ap] != 0, ap++;
    assert [range_check_ptr] = by_time - at_once * HOUR;
    let range_check_ptr = range_check_ptr + 1;
    return check_moves(1, at_once, market.prices, prices, bounds, market.n_rows);

    too_soon:
    let share = [range_check_ptr];
    let remainder = [range_check_ptr + 1];
    %{ ids.share, ids.remainder = divmod(ids.by_time, ids.HOUR) %}
    assert [range_check_ptr + 2] = HOUR - 1 - remainder;
    assert [range_check_ptr + 3] = at_once - share;
    assert by_time = share * HOUR + remainder;
    let range_check_ptr = range_check_ptr + 4;
    return check_moves(1, share, market.prices, prices, bounds, market.n_rows);
}

// A price stays as it was, or lies between the two signed ones. Where it is `bounded` (1, in version 2) by its old price, it
// moves by at most this share of 2^32, and leaves the signed ones aside only where it moves towards them as far as it may.
func check_moves{range_check_ptr}(
    bounded: felt, share: felt, old: felt*, price: felt*, bounds: SignedBounds*, n_left: felt
) {
    if (n_left == 0) {
        return ();
    }
    %{ memory[ap] = int(advice.row_ids[-ids.n_left] in ticked) %}
    jmp ticked if [ap] != 0, ap++;
    assert [price] = [old];
    return check_moves(bounded, share, old + 1, price + 1, bounds + SignedBounds.SIZE, n_left - 1);

    ticked:
    tempvar signed = bounds.minimum * bounds.maximum;
    jmp both_signed if signed != 0;
    assert signed = 1;

    both_signed:
    tempvar current = bounded * [old];
    jmp priced if current != 0;
    assert [range_check_ptr] = [price] - bounds.minimum;
    assert [range_check_ptr + 1] = bounds.maximum - [price];
    let range_check_ptr = range_check_ptr + 2;
    return check_moves(bounded, share, old + 1, price + 1, bounds + SignedBounds.SIZE, n_left - 1);

    priced:
    // current * share, at most 2^64 * 2^32, is move * 2^32 + remainder. Then the price is in [0, 2^65); with what is
    // asked of the signed ones it is in [1, 2^64): at least the minimum or above an old price, at most the maximum or
    // below an old one.
    let move = [range_check_ptr];
    let remainder = [range_check_ptr + 1];
    let rise_left = [range_check_ptr + 3];
    let fall_left = [range_check_ptr + 4];
    let above_minimum = [range_check_ptr + 5];
    let below_maximum = [range_check_ptr + 6];
    %{
        ids.move, ids.remainder = divmod(ids.current * ids.share, 2**32)
        ids.above_minimum = max(memory[ids.price] - ids.bounds.minimum, 0)
        ids.below_maximum = max(ids.bounds.maximum - memory[ids.price], 0)
    %}
    assert [range_check_ptr + 2] = remainder + ABOVE_32;
    assert current * share = move * ONE + remainder;
    assert rise_left = current + move - [price];
    assert fall_left = [price] - current + move;
    // At least the minimum, or as high as may be; at most the maximum, or as low as may be.
    assert ([price] - bounds.minimum - above_minimum) * rise_left = 0;
    assert (bounds.maximum - [price] - below_maximum) * fall_left = 0;
    let range_check_ptr = range_check_ptr + 7;
    return check_moves(bounded, share, old + 1, price + 1, bounds + SignedBounds.SIZE, n_left - 1);
}
