%builtins output ec_op

from starkware.cairo.common.cairo_builtins import EcOpBuiltin
from starkware.cairo.common.ec import ec_op
from starkware.cairo.common.ec_point import EcPoint

// program_input: {p, q: points, m, through_library}. Outputs P + m*Q, by the builtin alone or by the library's function
// for all inputs.
func main{output_ptr: felt*, ec_op_ptr: EcOpBuiltin*}() {
    alloc_locals;
    local p: EcPoint;
    local q: EcPoint;
    local m;
    local through_library;
    %{
        ids.p.x, ids.p.y = program_input["p"]
        ids.q.x, ids.q.y = program_input["q"]
        ids.m = program_input["m"]
        ids.through_library = int(program_input["through_library"])
    %}
    let (r: EcPoint) = operate(p, m, q, through_library);
    assert output_ptr[0] = r.x;
    assert output_ptr[1] = r.y;
    let output_ptr = output_ptr + 2;
    return ();
}

func operate{ec_op_ptr: EcOpBuiltin*}(p: EcPoint, m: felt, q: EcPoint, through_library: felt) -> (r: EcPoint) {
    if (through_library != 0) {
        return ec_op(p=p, m=m, q=q);
    }
    assert ec_op_ptr.p = p;
    assert ec_op_ptr.q = q;
    assert ec_op_ptr.m = m;
    let r = ec_op_ptr.r;
    let ec_op_ptr = ec_op_ptr + EcOpBuiltin.SIZE;
    return (r=r);
}
