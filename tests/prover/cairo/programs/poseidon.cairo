%builtins output poseidon

from starkware.cairo.common.alloc import alloc
from starkware.cairo.common.builtin_poseidon.poseidon import (
    poseidon_hash,
    poseidon_hash_many,
    poseidon_hash_single,
)
from starkware.cairo.common.cairo_builtins import PoseidonBuiltin

// program_input: a list of felts. Outputs the hash of them all, of the first alone, of the first and the count.
func main{output_ptr: felt*, poseidon_ptr: PoseidonBuiltin*}() {
    alloc_locals;
    let (local words: felt*) = alloc();
    local n;
    %{
        ids.n = len(program_input)
        segments.write_arg(ids.words, program_input)
    %}
    let (many) = poseidon_hash_many(n=n, elements=words);
    let (single) = poseidon_hash_single(words[0]);
    let (pair) = poseidon_hash(words[0], n);
    assert output_ptr[0] = many;
    assert output_ptr[1] = single;
    assert output_ptr[2] = pair;
    let output_ptr = output_ptr + 3;
    return ();
}
