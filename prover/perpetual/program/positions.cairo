// Positions, their leaves, and the one procedure that changes them (perpetual-state 3.1, 3.2, 5.5, 5.6).
//
// The procedure is total: every position and request gives success or an error code, so that each forced request can
// be proven valid or proven invalid, and never both. Branches are chosen by hints, and each branch proves its condition.

from starkware.cairo.common.cairo_builtins import HashBuiltin
from starkware.cairo.common.hash import hash2
from starkware.cairo.common.registers import get_fp_and_pc

const BALANCE_BIAS = 2 ** 63;
const BALANCE_RANGE = 2 ** 64;
const AMOUNT_UPPER_BOUND = 2 ** 64;

// Published error codes (perpetual-state 5.7).
const SUCCESS = 0;
const NO_RISK_REDUCED_VALUE = 2;
const INVALID_PUBLIC_KEY = 10;
const OUT_OF_RANGE_BALANCE = 16;

// A position without synthetic assets. The empty one has key 0 and collateral 0.
struct Position {
    public_key: felt,
    collateral_balance: felt,
}

// h(h(0, key), (collateral + 2^63) * 2^16 + number of assets), the number being 0. The packed word determines the
// balance, so whoever knows another balance for a committed leaf knows a collision.
func hash_position{pedersen_ptr: HashBuiltin*}(position: Position*) -> (leaf: felt) {
    let (keyed) = hash2{hash_ptr=pedersen_ptr}(0, position.public_key);
    let (leaf) = hash2{hash_ptr=pedersen_ptr}(
        keyed, (position.collateral_balance + BALANCE_BIAS) * 2 ** 16
    );
    return (leaf=leaf);
}

func new_position(public_key: felt, collateral_balance: felt) -> (position: Position*) {
    let (fp_value, _) = get_fp_and_pc();
    // Arguments stand at fp - 4 and fp - 3, in the struct's order.
    return (position=cast(fp_value - 2 - Position.SIZE, Position*));
}

// 1 if 0 <= value < 2^64, else 0, for a value known to lie in (-2^66, 2^66): either answer is proven by a number
// below 2^128, and far from p no value has both proofs.
func is_64_bit{range_check_ptr}(value: felt) -> (answer: felt) {
    %{ memory[ap] = 0 if ids.value < 2**64 else (1 if ids.value < PRIME // 2 else 2) %}
    jmp outside if [ap] != 0, ap++;
    assert [range_check_ptr] = value;
    assert [range_check_ptr + 1] = BALANCE_RANGE - 1 - value;
    let range_check_ptr = range_check_ptr + 2;
    return (answer=1);

    outside:
    %{ memory[ap] = int(ids.value >= PRIME // 2) %}
    jmp below if [ap] != 0, ap++;
    assert [range_check_ptr] = value - BALANCE_RANGE;
    let range_check_ptr = range_check_ptr + 1;
    return (answer=0);

    below:
    assert [range_check_ptr] = -1 - value;
    let range_check_ptr = range_check_ptr + 1;
    return (answer=0);
}

// 1 if 0 <= value, else 0, for a value known to lie in (-2^66, 2^66).
func is_not_negative{range_check_ptr}(value: felt) -> (answer: felt) {
    %{ memory[ap] = int(ids.value >= PRIME // 2) %}
    jmp negative if [ap] != 0, ap++;
    assert [range_check_ptr] = value;
    let range_check_ptr = range_check_ptr + 1;
    return (answer=1);

    negative:
    assert [range_check_ptr] = -1 - value;
    let range_check_ptr = range_check_ptr + 1;
    return (answer=0);
}

// Adds `delta` (in (-2^64, 2^64)) to the collateral under `request_key`, which is not 0. On an error the position
// stays as it was. Without assets there is no funding to apply and no risk: a position is legal if its collateral is
// not negative, or did not fall.
func update_position{range_check_ptr}(position: Position*, request_key: felt, delta: felt) -> (
    position: Position*, code: felt
) {
    alloc_locals;
    let (key_is_right) = may_use(position, request_key);
    if (key_is_right == 0) {
        return (position=position, code=INVALID_PUBLIC_KEY);
    }

    local collateral = position.collateral_balance + delta;
    let (in_range) = is_64_bit(collateral + BALANCE_BIAS);
    if (in_range == 0) {
        return (position=position, code=OUT_OF_RANGE_BALANCE);
    }

    let (solvent) = is_not_negative(collateral);
    if (solvent == 0) {
        let (not_falling) = is_not_negative(delta);
        if (not_falling == 0) {
            return (position=position, code=NO_RISK_REDUCED_VALUE);
        }
        tempvar range_check_ptr = range_check_ptr;
    } else {
        tempvar range_check_ptr = range_check_ptr;
    }

    // The empty position forgets its key.
    if (collateral == 0) {
        let (empty) = new_position(0, 0);
        return (position=empty, code=SUCCESS);
    }
    let (updated) = new_position(request_key, collateral);
    return (position=updated, code=SUCCESS);
}

// An empty position may be used by anybody, another one by its key.
func may_use(position: Position*, request_key: felt) -> (answer: felt) {
    if (position.public_key == request_key) {
        return (answer=1);
    }
    if (position.public_key != 0) {
        return (answer=0);
    }
    if (position.collateral_balance != 0) {
        return (answer=0);
    }
    return (answer=1);
}
