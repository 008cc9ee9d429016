// One signature, under the exchange's builtins. program_input: {key, message, r, s}. Outputs key and message.
%builtins output pedersen range_check ecdsa

from starkware.cairo.common.cairo_builtins import HashBuiltin, SignatureBuiltin
from starkware.cairo.common.signature import verify_ecdsa_signature

func main{
    output_ptr: felt*, pedersen_ptr: HashBuiltin*, range_check_ptr, ecdsa_ptr: SignatureBuiltin*
}() {
    alloc_locals;
    local key;
    local message;
    local r;
    local s;
    %{ ids.key, ids.message, ids.r, ids.s = (program_input[name] for name in ("key", "message", "r", "s")) %}
    verify_ecdsa_signature(message=message, public_key=key, signature_r=r, signature_s=s);
    assert output_ptr[0] = key;
    assert output_ptr[1] = message;
    let output_ptr = output_ptr + 2;
    return ();
}
