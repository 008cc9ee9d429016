// A chain of n Pedersen hashes, eight steps each.
%builtins pedersen

from starkware.cairo.common.cairo_builtins import HashBuiltin

func main{pedersen_ptr: HashBuiltin*}() {
    alloc_locals;
    local n;
    %{ ids.n = program_input["n"] %}
    let (end) = chain(pedersen_ptr, n, 1);
    let pedersen_ptr = end;
    return ();
}

func chain(hashes: HashBuiltin*, n, value) -> (end: HashBuiltin*) {
    if (n == 0) {
        return (end=hashes);
    }
    assert hashes.x = value;
    assert hashes.y = n;
    return chain(hashes + HashBuiltin.SIZE, n - 1, hashes.result);
}
