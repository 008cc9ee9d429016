%builtins output ecdsa

from starkware.cairo.common.cairo_builtins import SignatureBuiltin
from starkware.cairo.common.signature import verify_ecdsa_signature

// program_input: a list of {key, message, r, s}. Outputs the messages.
func main{output_ptr: felt*, ecdsa_ptr: SignatureBuiltin*}() {
    alloc_locals;
    local n;
    %{ ids.n = len(program_input) %}
    check(n=n);
    return ();
}

func check{output_ptr: felt*, ecdsa_ptr: SignatureBuiltin*}(n: felt) {
    if (n == 0) {
        return ();
    }
    alloc_locals;
    local key;
    local message;
    local r;
    local s;
    %{
        signed = program_input[ids.n - 1]
        ids.key, ids.message, ids.r, ids.s = (signed[name] for name in ("key", "message", "r", "s"))
    %}
    verify_ecdsa_signature(message=message, public_key=key, signature_r=r, signature_s=s);
    assert [output_ptr] = message;
    let output_ptr = output_ptr + 1;
    return check(n=n - 1);
}
