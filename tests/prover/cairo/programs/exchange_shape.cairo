// The exchange's builtins at the spacing of `freehold security`: a hash in 16 steps, a range check in 8, a signature in 1,024.
%builtins output pedersen range_check ecdsa

from starkware.cairo.common.cairo_builtins import HashBuiltin, SignatureBuiltin

// One turn has 64 hashes, 128 range checks and a signature, always the same, which is no easier to prove.
func turns{pedersen_ptr: HashBuiltin*, range_check_ptr, ecdsa_ptr: SignatureBuiltin*}(n, value) -> (value: felt) {
    if (n == 0) {
        return (value=value);
    }
    %{
        key, message, r, s = program_input["signature"]
        memory[ids.ecdsa_ptr.address_] = key
        memory[ids.ecdsa_ptr.address_ + 1] = message
        ecdsa_builtin.add_signature(ids.ecdsa_ptr.address_, (r, s))
    %}
    let ecdsa_ptr = ecdsa_ptr + SignatureBuiltin.SIZE;
    let (next) = hashes(64, value);
    return turns(n - 1, next);
}

func hashes{pedersen_ptr: HashBuiltin*, range_check_ptr}(n, value) -> (value: felt) {
    if (n == 0) {
        return (value=value);
    }
    assert [range_check_ptr] = n;
    assert [range_check_ptr + 1] = 64 - n;
    let range_check_ptr = range_check_ptr + 2;
    assert pedersen_ptr.x = value;
    assert pedersen_ptr.y = n;
    let next = pedersen_ptr.result;
    let pedersen_ptr = pedersen_ptr + HashBuiltin.SIZE;
    return hashes(n - 1, next);
}

func main{output_ptr: felt*, pedersen_ptr: HashBuiltin*, range_check_ptr, ecdsa_ptr: SignatureBuiltin*}() {
    alloc_locals;
    local n;
    %{ ids.n = program_input["n"] %}
    let (value) = turns(n, 1);
    assert output_ptr[0] = n;
    assert output_ptr[1] = value;
    let output_ptr = output_ptr + 2;
    return ();
}
