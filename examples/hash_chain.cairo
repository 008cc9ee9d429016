// Writes the hash that begins at 0 and takes in each of the input's numbers: {"numbers": [1, 2, 3]}.
%builtins output pedersen

from starkware.cairo.common.alloc import alloc
from starkware.cairo.common.cairo_builtins import HashBuiltin
from starkware.cairo.common.hash import hash2

func chain{hash_ptr: HashBuiltin*}(numbers: felt*, n, hash) -> (hash: felt) {
    if (n == 0) {
        return (hash=hash);
    }
    let (hash) = hash2(hash, numbers[0]);
    return chain(numbers + 1, n - 1, hash);
}

func main{output_ptr: felt*, pedersen_ptr: HashBuiltin*}() {
    alloc_locals;
    let (local numbers: felt*) = alloc();
    local n;
    %{
        for i, number in enumerate(program_input["numbers"]):
            memory[ids.numbers + i] = number
        ids.n = len(program_input["numbers"])
    %}
    let hash_ptr = pedersen_ptr;
    with hash_ptr {
        let (hash) = chain(numbers, n, 0);
    }
    let pedersen_ptr = hash_ptr;
    assert output_ptr[0] = hash;
    let output_ptr = output_ptr + 1;
    return ();
}
