// n turns of 512 steps, one signature in each: always the same, which is no easier to prove.
%builtins ecdsa

from starkware.cairo.common.cairo_builtins import SignatureBuiltin

func main{ecdsa_ptr: SignatureBuiltin*}() {
    alloc_locals;
    local n;
    %{ ids.n = program_input["n"] %}
    let (end) = check(ecdsa_ptr, n);
    let ecdsa_ptr = end;
    return ();
}

func check(signatures: SignatureBuiltin*, n) -> (end: SignatureBuiltin*) {
    if (n == 0) {
        return (end=signatures);
    }
    %{
        key, message, r, s = program_input["signature"]
        memory[ids.signatures.address_] = key
        memory[ids.signatures.address_ + 1] = message
        ecdsa_builtin.add_signature(ids.signatures.address_, (r, s))
    %}
    // Filling up to 512: a turn of the loop has four steps.
    tempvar filler = 0;
    tempvar filler = 0;
    tempvar filler = 0;
    loop(125);
    return check(signatures + SignatureBuiltin.SIZE, n - 1);
}

func loop(n) {
    if (n == 0) {
        return ();
    }
    return loop(n - 1);
}
