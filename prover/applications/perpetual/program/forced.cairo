// Forced requests (docs/spec/perpetual-state.md 7.8, 7.9). The update is executed either way: a valid request is one
// whose update succeeds, an invalid one is one whose update is shown to give an error. The operator has no say in it.

from access import judged_key, log_position, try_update
from bounds import assert_64_bit, assert_different
from margin import SUCCESS
from market import NO_ASSET, Market, Quote, find_quote
from positions import Position
from starkware.cairo.common.dict_access import DictAccess
from starkware.cairo.common.registers import get_fp_and_pc
from transfers import DIFFERENCE_BIAS, Modification
from update import Update, update_position

const WITHDRAWAL_ACTION = 0;
const TRADE_ACTION = 1;

struct ForcedWithdrawal {
    action: felt,
    public_key: felt,
    position_id: felt,
    amount: felt,
}

struct ForcedTrade {
    action: felt,
    public_key_a: felt,
    public_key_b: felt,
    position_id_a: felt,
    position_id_b: felt,
    synthetic_asset_id: felt,
    amount_collateral: felt,
    amount_synthetic: felt,
    is_party_a_buying_synthetic: felt,
    nonce: felt,
}

func execute_forced_withdrawal{
    range_check_ptr, positions: DictAccess*, modifications: Modification*, forced_words: felt*
}(market: Market*) {
    alloc_locals;
    let request = cast(forced_words, ForcedWithdrawal*);
    %{
        for name in transaction.output_fields:
            setattr(ids.request, name, getattr(transaction, name) % PRIME)
    %}
    assert request.action = WITHDRAWAL_ACTION;
    assert_64_bit(request.amount);
    let (update) = try_update(market, request.position_id, request.public_key, -request.amount, market.quotes + NO_ASSET * Quote.SIZE, 0);
    let forced_words = forced_words + ForcedWithdrawal.SIZE;
    if (update.code != SUCCESS) {
        return ();
    }
    assert [modifications] = Modification(
        owner_key=request.public_key,
        position_id=request.position_id,
        biased_delta=DIFFERENCE_BIAS - request.amount,
    );
    let modifications = modifications + Modification.SIZE;
    return ();
}

// Both sides are updated, the buyer first; if either fails, both positions only have their funding applied.
func execute_forced_trade{range_check_ptr, positions: DictAccess*, forced_words: felt*}(market: Market*) {
    alloc_locals;
    let request = cast(forced_words, ForcedTrade*);
    %{
        for name in transaction.output_fields:
            setattr(ids.request, name, getattr(transaction, name) % PRIME)
    %}
    assert request.action = TRADE_ACTION;
    let forced_words = forced_words + ForcedTrade.SIZE;
    assert_different(request.position_id_a, request.position_id_b);
    assert_64_bit(request.amount_collateral);
    assert_64_bit(request.amount_synthetic);
    let (quote) = find_quote(market, request.synthetic_asset_id);
    if (request.is_party_a_buying_synthetic != 0) {
        exchange(
            market,
            request,
            quote,
            request.position_id_a,
            request.public_key_a,
            request.position_id_b,
            request.public_key_b,
        );
        return ();
    }
    exchange(
        market,
        request,
        quote,
        request.position_id_b,
        request.public_key_b,
        request.position_id_a,
        request.public_key_a,
    );
    return ();
}

func exchange{range_check_ptr, positions: DictAccess*}(
    market: Market*,
    request: ForcedTrade*,
    quote: Quote*,
    buyer_id: felt,
    buyer_key: felt,
    seller_id: felt,
    seller_key: felt,
) {
    alloc_locals;
    let buyer_log = positions;
    let seller_log = positions + DictAccess.SIZE;
    %{
        ids.buyer_log.prev_value = advice.position(ids.buyer_id, segments)
        ids.seller_log.prev_value = advice.position(ids.seller_id, segments)
    %}
    let (key) = judged_key(market, buyer_id, buyer_key);
    let (buyer) = update_position(
        market,
        cast(buyer_log.prev_value, Position*),
        key,
        -request.amount_collateral,
        quote,
        request.amount_synthetic,
    );
    local buyer: Update = buyer;
    let (key) = judged_key(market, seller_id, seller_key);
    let (seller) = update_position(
        market,
        cast(seller_log.prev_value, Position*),
        key,
        request.amount_collateral,
        quote,
        -request.amount_synthetic,
    );
    if (buyer.code == SUCCESS) {
        if (seller.code == SUCCESS) {
            local seller_updated: Position* = seller.updated;
            log_position(buyer_id, buyer.updated);
            log_position(seller_id, seller_updated);
            return ();
        }
    }
    local seller_funded: Position* = seller.funded;
    log_position(buyer_id, buyer.funded);
    log_position(seller_id, seller_funded);
    return ();
}
