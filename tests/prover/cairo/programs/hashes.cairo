// Hash chain, range checks and output: every component of the exchange's shape.
%builtins output pedersen range_check

from starkware.cairo.common.cairo_builtins import HashBuiltin
from starkware.cairo.common.hash import hash2
from starkware.cairo.common.math import assert_nn_le, unsigned_div_rem

func chain{hash_ptr: HashBuiltin*}(n, value) -> (value: felt) {
    if (n == 0) {
        return (value=value);
    }
    let (next) = hash2(value, n);
    return chain(n - 1, next);
}

func main{output_ptr: felt*, pedersen_ptr: HashBuiltin*, range_check_ptr}() {
    alloc_locals;
    local n;
    %{ ids.n = program_input["n"] %}
    assert_nn_le(n, 1000000);
    let (half, rest) = unsigned_div_rem(n, 2);
    let (value) = chain{hash_ptr=pedersen_ptr}(n, 1);
    assert output_ptr[0] = n;
    assert output_ptr[1] = value;
    assert output_ptr[2] = half;
    let output_ptr = output_ptr + 3;
    return ();
}
