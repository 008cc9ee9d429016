// The transactions of a batch, in the operator's order (perpetual-state 7). Whatever an operator puts here, balances
// move only as the contract's pending deposits and forced requests allow, because each is named in the output.

from starkware.cairo.common.dict_access import DictAccess
from starkware.cairo.common.math import assert_le, assert_not_zero
from config import GeneralConfig
from positions import AMOUNT_UPPER_BOUND, Position, SUCCESS, update_position

const DEPOSIT = 0;
const FORCED_WITHDRAWAL = 2;
const FUNDING_TICK = 3;

// A modification's difference is written plus 2^64.
const DIFFERENCE_BIAS = 2 ** 64;
const FORCED_WITHDRAWAL_ACTION = 0;
const FORCED_WITHDRAWAL_WORDS = 4;

struct Modification {
    owner_key: felt,
    position_id: felt,
    biased_delta: felt,
}

// What a batch carries along while it executes.
struct Carried {
    system_time: felt,
    funding_timestamp: felt,
    modifications: Modification*,
    forced_words: felt*,
    n_forced: felt,
    positions: DictAccess*,
}

func execute_all{range_check_ptr}(config: GeneralConfig*, carried: Carried, n_left: felt) -> (carried: Carried) {
    alloc_locals;
    if (n_left == 0) {
        return (carried=carried);
    }
    local kind;
    %{
        transaction = program_input["transactions"][-ids.n_left]
        ids.kind = transaction["type"]
    %}
    if (kind == FUNDING_TICK) {
        let (next) = execute_funding_tick(carried);
        return execute_all(config, next, n_left - 1);
    }
    assert_le(carried.system_time, carried.funding_timestamp + config.funding_validity_period);
    if (kind == DEPOSIT) {
        let (next) = execute_deposit(carried);
        return execute_all(config, next, n_left - 1);
    }
    assert kind = FORCED_WITHDRAWAL;
    let (next) = execute_forced_withdrawal(carried);
    return execute_all(config, next, n_left - 1);
}

// Without assets a tick moves the time only.
func execute_funding_tick{range_check_ptr}(carried: Carried) -> (carried: Carried) {
    alloc_locals;
    local timestamp;
    %{ ids.timestamp = transaction["timestamp"] %}
    assert_le(carried.system_time, timestamp);
    return (
        carried=Carried(
            system_time=timestamp,
            funding_timestamp=timestamp,
            modifications=carried.modifications,
            forced_words=carried.forced_words,
            n_forced=carried.n_forced,
            positions=carried.positions,
        ),
    );
}

// The contract holds the pending deposit that this uses up.
func execute_deposit{range_check_ptr}(carried: Carried) -> (carried: Carried) {
    alloc_locals;
    let (public_key, position_id, amount) = load_request();
    let (positions, code) = access_position(carried.positions, public_key, position_id, amount);
    assert code = SUCCESS;
    assert [carried.modifications] = Modification(
        owner_key=public_key, position_id=position_id, biased_delta=DIFFERENCE_BIAS + amount
    );
    return (
        carried=Carried(
            system_time=carried.system_time,
            funding_timestamp=carried.funding_timestamp,
            modifications=carried.modifications + Modification.SIZE,
            forced_words=carried.forced_words,
            n_forced=carried.n_forced,
            positions=positions,
        ),
    );
}

// The update is executed either way: a valid request is one whose update succeeds, an invalid one is one whose update
// is shown here to give an error. The operator has no say in which it is.
func execute_forced_withdrawal{range_check_ptr}(carried: Carried) -> (carried: Carried) {
    alloc_locals;
    let (public_key, position_id, amount) = load_request();
    let (positions, code) = access_position(carried.positions, public_key, position_id, -amount);
    assert carried.forced_words[0] = FORCED_WITHDRAWAL_ACTION;
    assert carried.forced_words[1] = public_key;
    assert carried.forced_words[2] = position_id;
    assert carried.forced_words[3] = amount;
    local next_modification: Modification*;
    if (code == SUCCESS) {
        assert [carried.modifications] = Modification(
            owner_key=public_key, position_id=position_id, biased_delta=DIFFERENCE_BIAS - amount
        );
        assert next_modification = carried.modifications + Modification.SIZE;
    } else {
        assert next_modification = carried.modifications;
    }
    return (
        carried=Carried(
            system_time=carried.system_time,
            funding_timestamp=carried.funding_timestamp,
            modifications=next_modification,
            forced_words=carried.forced_words + FORCED_WITHDRAWAL_WORDS,
            n_forced=carried.n_forced + 1,
            positions=positions,
        ),
    );
}

// Key, position and amount of the transaction at hand. The amount is below 2^64; the position's id is bounded by the
// tree's height when the tree is updated. Key 0 would pass as the key of an empty position: refused, and the contract
// holds no deposit and no request under it.
func load_request{range_check_ptr}() -> (public_key: felt, position_id: felt, amount: felt) {
    alloc_locals;
    local public_key;
    local position_id;
    local amount;
    %{
        ids.public_key = int(transaction["public_key"], 16)
        ids.position_id = int(transaction["position_id"])
        ids.amount = int(transaction["amount"])
    %}
    assert_not_zero(public_key);
    assert [range_check_ptr] = amount;
    assert [range_check_ptr + 1] = AMOUNT_UPPER_BOUND - 1 - amount;
    let range_check_ptr = range_check_ptr + 2;
    return (public_key=public_key, position_id=position_id, amount=amount);
}

// Updates one position and logs the access; squashing the log proves that each old value is the last new one.
func access_position{range_check_ptr}(
    positions: DictAccess*, public_key: felt, position_id: felt, delta: felt
) -> (positions: DictAccess*, code: felt) {
    alloc_locals;
    local before: Position*;
    %{
        if ids.position_id not in known_positions:
            known_positions[ids.position_id] = segments.gen_arg(
                initial_positions.get(ids.position_id, [0, 0]))
        ids.before = known_positions[ids.position_id]
    %}
    let (after, code) = update_position(before, public_key, delta);
    %{ known_positions[ids.position_id] = ids.after.address_ %}
    assert positions.key = position_id;
    assert positions.prev_value = cast(before, felt);
    assert positions.new_value = cast(after, felt);
    return (positions=positions + DictAccess.SIZE, code=code);
}
