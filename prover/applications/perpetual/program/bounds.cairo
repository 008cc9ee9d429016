// Proofs of ranges. A range-check cell proves that a word lies in [0, 2^128); everything else is built from that.
//
// Branches are chosen by hints, and each branch proves its own condition: a value has one true answer, and the other
// one has no proof. For that the caller states how large the value can be at most.

const BOUND_32 = 2 ** 32;
const BOUND_64 = 2 ** 64;
const BOUND_120 = 2 ** 120;
const BOUND_128 = 2 ** 128;

// Added to a number below 2^128, it goes beyond 2^128 exactly when the number is no longer below 2^64 (2^32, ...).
const ABOVE_32 = BOUND_128 - BOUND_32;
const ABOVE_63 = BOUND_128 - 2 ** 63;
const ABOVE_64 = BOUND_128 - BOUND_64;
const ABOVE_95 = BOUND_128 - 2 ** 95;
const ABOVE_96 = BOUND_128 - 2 ** 96;
const ABOVE_100 = BOUND_128 - 2 ** 100;
const ABOVE_120 = BOUND_128 - BOUND_120;
const ABOVE_124 = BOUND_128 - 2 ** 124;

// 0 <= value < 2^32.
func assert_32_bit{range_check_ptr}(value: felt) {
    assert [range_check_ptr] = value;
    assert [range_check_ptr + 1] = value + ABOVE_32;
    let range_check_ptr = range_check_ptr + 2;
    return ();
}

// 0 <= value < 2^64.
func assert_64_bit{range_check_ptr}(value: felt) {
    assert [range_check_ptr] = value;
    assert [range_check_ptr + 1] = value + ABOVE_64;
    let range_check_ptr = range_check_ptr + 2;
    return ();
}

// least <= value <= most, for bounds below 2^128.
func assert_between{range_check_ptr}(value: felt, least: felt, most: felt) {
    assert [range_check_ptr] = value - least;
    assert [range_check_ptr + 1] = most - value;
    let range_check_ptr = range_check_ptr + 2;
    return ();
}

// 0 <= value < 2^228, which holds for no number in (-2^228, 0): p - 2^228 > 2^228.
func assert_not_negative_wide{range_check_ptr}(value: felt) {
    let low = [range_check_ptr];
    let high = [range_check_ptr + 1];
    %{
        memory[ids.range_check_ptr] = ids.value % 2**128
        memory[ids.range_check_ptr + 1] = ids.value >> 128
    %}
    assert [range_check_ptr + 2] = high + ABOVE_100;
    assert value = high * BOUND_128 + low;
    let range_check_ptr = range_check_ptr + 3;
    return ();
}

// 1 if 0 <= value, else 0, for a value in (-2^228, 2^128).
func is_not_negative{range_check_ptr}(value: felt) -> (answer: felt) {
    %{ memory[ap] = int(ids.value > PRIME // 2) %}
    jmp negative if [ap] != 0, ap++;
    assert [range_check_ptr] = value;
    let range_check_ptr = range_check_ptr + 1;
    return (answer=1);

    negative:
    assert_not_negative_wide(-1 - value);
    return (answer=0);
}

// 1 if 0 <= value, else 0, for a value in (-2^228, 2^228).
func is_not_negative_wide{range_check_ptr}(value: felt) -> (answer: felt) {
    %{ memory[ap] = int(ids.value > PRIME // 2) %}
    jmp negative if [ap] != 0, ap++;
    assert_not_negative_wide(value);
    return (answer=1);

    negative:
    assert_not_negative_wide(-1 - value);
    return (answer=0);
}

// 1 if 0 <= value < bound, else 0, for a bound of at most 2^128 and a value in (-2^228, 2^228).
func is_below{range_check_ptr}(value: felt, bound: felt) -> (answer: felt) {
    %{ memory[ap] = int(ids.value >= ids.bound) %}
    jmp outside if [ap] != 0, ap++;
    assert [range_check_ptr] = value;
    assert [range_check_ptr + 1] = bound - 1 - value;
    let range_check_ptr = range_check_ptr + 2;
    return (answer=1);

    outside:
    %{ memory[ap] = int(ids.value > PRIME // 2) %}
    jmp negative if [ap] != 0, ap++;
    assert_not_negative_wide(value - bound);
    return (answer=0);

    negative:
    assert_not_negative_wide(-1 - value);
    return (answer=0);
}

// The words differ.
func assert_different(a: felt, b: felt) {
    tempvar difference = a - b;
    jmp different if difference != 0;
    assert difference = 1;

    different:
    return ();
}
