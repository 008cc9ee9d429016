// The operator's clock: funding indices and oracle prices (docs/spec/perpetual-state.md 7.11, 7.12). Each tick makes a
// new market.
//
// A tick's list is not part of the output except as the indices of the rows, so the program looks at what each row
// becomes. That a list ascends and names only known assets is for the hint to refuse.

from bounds import ABOVE_64, assert_not_negative_wide
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
    // Below 2^128, so that times a price it does not wrap around.
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
    assert [range_check_ptr] = timestamp - market.system_time;
    let range_check_ptr = range_check_ptr + 1;
    check_prices(market.prices, prices, signed_bounds, market.n_rows);
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

// A price stays as it was, or lies between the two signed ones.
func check_prices{range_check_ptr}(old: felt*, price: felt*, bounds: SignedBounds*, n_left: felt) {
    if (n_left == 0) {
        return ();
    }
    %{ memory[ap] = int(advice.row_ids[-ids.n_left] in ticked) %}
    jmp ticked if [ap] != 0, ap++;
    assert [price] = [old];
    return check_prices(old + 1, price + 1, bounds + SignedBounds.SIZE, n_left - 1);

    ticked:
    tempvar minimum = bounds.minimum;
    jmp signed if minimum != 0;
    assert minimum = 1;

    signed:
    assert [range_check_ptr] = [price] - minimum;
    assert [range_check_ptr + 1] = bounds.maximum - [price];
    let range_check_ptr = range_check_ptr + 2;
    return check_prices(old + 1, price + 1, bounds + SignedBounds.SIZE, n_left - 1);
}
