// Transactions that move collateral (docs/spec/perpetual-state.md 7.1 to 7.4).

from access import apply_request
from bounds import assert_64_bit, assert_different
from market import NO_ASSET, Market, Quote
from messages import Signed, transfer_hash, withdrawal_hash
from orders import use_order
from starkware.cairo.common.cairo_builtins import HashBuiltin, SignatureBuiltin
from starkware.cairo.common.dict_access import DictAccess

// A modification's difference is written plus 2^64.
const DIFFERENCE_BIAS = 2 ** 64;

// What the contract adds to or takes from its pending balances.
struct Modification {
    owner_key: felt,
    position_id: felt,
    biased_delta: felt,
}

// The contract holds the pending deposit that this uses up.
func execute_deposit{range_check_ptr, positions: DictAccess*, modifications: Modification*}(market: Market*) {
    alloc_locals;
    local public_key;
    local position_id;
    local amount;
    %{
        ids.public_key = transaction.public_key % PRIME
        ids.position_id = transaction.position_id % PRIME
        ids.amount = transaction.amount % PRIME
    %}
    assert_64_bit(amount);
    apply_request(market, position_id, public_key, amount, market.quotes + NO_ASSET * Quote.SIZE, 0);
    assert [modifications] = Modification(
        owner_key=public_key, position_id=position_id, biased_delta=DIFFERENCE_BIAS + amount
    );
    let modifications = modifications + Modification.SIZE;
    return ();
}

func execute_withdrawal{
    pedersen_ptr: HashBuiltin*,
    range_check_ptr,
    ecdsa_ptr: SignatureBuiltin*,
    positions: DictAccess*,
    orders: DictAccess*,
    modifications: Modification*,
}(market: Market*, minimum_expiration: felt) {
    alloc_locals;
    local signed: Signed;
    local position_id;
    local amount;
    local owner_key;
    %{
        order = transaction
        advice.load_signed(ids.signed, order)
        ids.position_id = order.position_id % PRIME
        ids.amount = order.amount % PRIME
        ids.owner_key = order.owner_key % PRIME
    %}
    assert_64_bit(amount);
    let (hash) = withdrawal_hash(
        market.config.collateral_asset_id,
        owner_key,
        signed.public_key,
        position_id,
        amount,
        signed.nonce,
        signed.expiration,
    );
    use_order(signed, hash, hash, minimum_expiration, amount, amount);
    apply_request(market, position_id, signed.public_key, -amount, market.quotes + NO_ASSET * Quote.SIZE, 0);
    assert [modifications] = Modification(
        owner_key=owner_key, position_id=position_id, biased_delta=DIFFERENCE_BIAS - amount
    );
    let modifications = modifications + Modification.SIZE;
    return ();
}

// Plain with condition 0; a conditional one with condition 0 is signed as a plain one (as in v3.2).
func execute_transfer{
    pedersen_ptr: HashBuiltin*,
    range_check_ptr,
    ecdsa_ptr: SignatureBuiltin*,
    positions: DictAccess*,
    orders: DictAccess*,
}(market: Market*, minimum_expiration: felt, condition: felt) {
    alloc_locals;
    local signed: Signed;
    local sender_position_id;
    local receiver_public_key;
    local receiver_position_id;
    local amount;
    %{
        order = transaction
        advice.load_signed(ids.signed, order)
        advice.check_collateral(order.asset_id)
        ids.sender_position_id = order.sender_position_id % PRIME
        ids.receiver_public_key = order.receiver_public_key % PRIME
        ids.receiver_position_id = order.receiver_position_id % PRIME
        ids.amount = order.amount % PRIME
    %}
    assert_different(sender_position_id, receiver_position_id);
    assert_64_bit(amount);
    let (hash) = transfer_hash(
        market.config.collateral_asset_id,
        receiver_public_key,
        sender_position_id,
        receiver_position_id,
        amount,
        signed.nonce,
        signed.expiration,
        condition,
    );
    use_order(signed, hash, hash, minimum_expiration, amount, amount);
    apply_request(market, sender_position_id, signed.public_key, -amount, market.quotes + NO_ASSET * Quote.SIZE, 0);
    apply_request(market, receiver_position_id, receiver_public_key, amount, market.quotes + NO_ASSET * Quote.SIZE, 0);
    return ();
}

// The contract takes the batch only if a registry knows the fact.
func execute_conditional_transfer{
    pedersen_ptr: HashBuiltin*,
    range_check_ptr,
    ecdsa_ptr: SignatureBuiltin*,
    positions: DictAccess*,
    orders: DictAccess*,
    conditions: felt*,
}(market: Market*, minimum_expiration: felt) {
    alloc_locals;
    local condition;
    %{ ids.condition = transaction.condition % PRIME %}
    execute_transfer(market, minimum_expiration, condition);
    assert [conditions] = condition;
    let conditions = conditions + 1;
    return ();
}
