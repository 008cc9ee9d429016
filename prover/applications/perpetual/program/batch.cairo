// The transactions of a batch, in the operator's order (docs/spec/perpetual-state.md 7, 9).

from cancellations import execute_cancellation
from forced import execute_forced_trade, execute_forced_withdrawal
from market import Market
from prices import SignedBounds
from quotes import quoted
from starkware.cairo.common.cairo_builtins import HashBuiltin, SignatureBuiltin
from starkware.cairo.common.dict_access import DictAccess
from ticks import execute_funding_tick, execute_oracle_tick
from trades import execute_deleverage, execute_liquidation, execute_trades
from transfers import (
    Modification,
    execute_conditional_transfer,
    execute_deposit,
    execute_transfer,
    execute_withdrawal,
)

// Type numbers.
const DEPOSIT = 0;
const FORCED_TRADE = 1;
const FORCED_WITHDRAWAL = 2;
const FUNDING_TICK = 3;
const ORACLE_TICK = 4;
const TRADE = 5;
const TRANSFER = 6;
const LIQUIDATION = 7;
const WITHDRAWAL = 8;
const DELEVERAGE = 9;
const CONDITIONAL_TRANSFER = 10;
const CANCELLATION = 11;

// The same for all transactions, but for `forced_are_over`, which is 1 after a deleverage in version 2 and 0 otherwise.
struct Terms {
    minimum_expiration: felt,
    signed_bounds: SignedBounds*,
    forced_are_over: felt,
}

// Executes what is left of the batch. `ticks` gets the market after each funding tick, `n_forced` the number of forced
// requests.
func execute_all{
    pedersen_ptr: HashBuiltin*,
    range_check_ptr,
    ecdsa_ptr: SignatureBuiltin*,
    positions: DictAccess*,
    orders: DictAccess*,
    modifications: Modification*,
    forced_words: felt*,
    conditions: felt*,
    ticks: Market**,
    n_forced: felt,
    market: Market*,
}(terms: Terms*, n_left: felt) {
    if (n_left == 0) {
        return ();
    }
    alloc_locals;
    local kind;
    %{
        transaction = advice.transactions[-ids.n_left]
        ids.kind = transaction.number
    %}
    if (kind == FUNDING_TICK) {
        let (next_market) = execute_funding_tick(market);
        let market = next_market;
        assert [ticks] = next_market;
        let ticks = ticks + 1;
        return execute_all(terms, n_left - 1);
    }
    if (kind == ORACLE_TICK) {
        let (next_market) = execute_oracle_tick(market, terms.signed_bounds);
        let market = next_market;
        return execute_all(terms, n_left - 1);
    }
    // Nothing else is executed on funding that is too old.
    assert [range_check_ptr] = market.funding_timestamp + market.config.funding_validity_period - market.system_time;
    let range_check_ptr = range_check_ptr + 1;
    if (cast(market.quotes, felt) == 0) {
        let (next_market) = quoted(market);
        let market = next_market;
        return execute_one(terms, n_left, kind);
    }
    return execute_one(terms, n_left, kind);
}

// Executes a transaction of this kind, or several trades in a row, and what is left after.
func execute_one{
    pedersen_ptr: HashBuiltin*,
    range_check_ptr,
    ecdsa_ptr: SignatureBuiltin*,
    positions: DictAccess*,
    orders: DictAccess*,
    modifications: Modification*,
    forced_words: felt*,
    conditions: felt*,
    ticks: Market**,
    n_forced: felt,
    market: Market*,
}(terms: Terms*, n_left: felt, kind: felt) {
    alloc_locals;
    if (kind == TRADE) {
        local n_trades;
        %{
            trades = advice.trades_in_a_row(ids.n_left)
            ids.n_trades = len(trades)
        %}
        execute_trades(market, terms.minimum_expiration, n_trades);
        return execute_all(terms, n_left - n_trades);
    }
    if (kind == TRANSFER) {
        execute_transfer(market, terms.minimum_expiration, 0);
        return execute_all(terms, n_left - 1);
    }
    if (kind == DEPOSIT) {
        execute_deposit(market);
        return execute_all(terms, n_left - 1);
    }
    if (kind == WITHDRAWAL) {
        execute_withdrawal(market, terms.minimum_expiration);
        return execute_all(terms, n_left - 1);
    }
    if (kind == CONDITIONAL_TRANSFER) {
        execute_conditional_transfer(market, terms.minimum_expiration);
        return execute_all(terms, n_left - 1);
    }
    if (kind == LIQUIDATION) {
        execute_liquidation(market, terms.minimum_expiration);
        return execute_all(terms, n_left - 1);
    }
    if (kind == DELEVERAGE) {
        execute_deleverage(market);
        tempvar later_terms = new Terms(
            minimum_expiration=terms.minimum_expiration,
            signed_bounds=terms.signed_bounds,
            forced_are_over=market.config.has_limits,
        );
        return execute_all(later_terms, n_left - 1);
    }
    if (kind == CANCELLATION) {
        execute_cancellation(market);
        return execute_all(terms, n_left - 1);
    }
    // A deleverage put first could make a request invalid that was valid when it was made.
    assert terms.forced_are_over = 0;
    let n_forced = n_forced + 1;
    if (kind == FORCED_TRADE) {
        execute_forced_trade(market);
        return execute_all(terms, n_left - 1);
    }
    assert kind = FORCED_WITHDRAWAL;
    execute_forced_withdrawal(market);
    return execute_all(terms, n_left - 1);
}
