%builtins output bitwise

from starkware.cairo.common.bitwise import bitwise_operations
from starkware.cairo.common.cairo_builtins import BitwiseBuiltin

// program_input: a list of pairs. Outputs AND, XOR and OR of each, the last pair first.
func main{output_ptr: felt*, bitwise_ptr: BitwiseBuiltin*}() {
    alloc_locals;
    local n;
    %{ ids.n = len(program_input) %}
    operate(n=n);
    return ();
}

func operate{output_ptr: felt*, bitwise_ptr: BitwiseBuiltin*}(n: felt) {
    if (n == 0) {
        return ();
    }
    alloc_locals;
    local x;
    local y;
    %{ ids.x, ids.y = program_input[ids.n - 1] %}
    let (both, one, any) = bitwise_operations(x, y);
    assert output_ptr[0] = both;
    assert output_ptr[1] = one;
    assert output_ptr[2] = any;
    let output_ptr = output_ptr + 3;
    return operate(n=n - 1);
}
