%builtins output range_check96 add_mod mul_mod

from starkware.cairo.common.alloc import alloc
from starkware.cairo.common.cairo_builtins import ModBuiltin, UInt384
from starkware.cairo.common.modulo import run_mod_p_circuit

// program_input: {p, n_values, values: [[index, number]], add, mul: [[a, b, c]] by index}. Outputs the words of all
// values. They stand in the segment of range_check96; p is taken from the input unchecked.
func main{
    output_ptr: felt*, range_check96_ptr: felt*, add_mod_ptr: ModBuiltin*, mul_mod_ptr: ModBuiltin*
}() {
    alloc_locals;
    local p: UInt384;
    local n_values;
    local add_n;
    local mul_n;
    let values: UInt384* = cast(range_check96_ptr, UInt384*);
    let (local add_offsets: felt*) = alloc();
    let (local mul_offsets: felt*) = alloc();
    %{
        def words(number):
            return [number >> 96 * i & 2**96 - 1 for i in range(4)]
        ids.p.d0, ids.p.d1, ids.p.d2, ids.p.d3 = words(program_input["p"])
        ids.n_values = program_input["n_values"]
        for index, number in program_input["values"]:
            segments.write_arg(ids.values.address_ + 4 * index, words(number))
        segments.write_arg(ids.add_offsets, [4 * index for triple in program_input["add"] for index in triple])
        segments.write_arg(ids.mul_offsets, [4 * index for triple in program_input["mul"] for index in triple])
        ids.add_n = len(program_input["add"])
        ids.mul_n = len(program_input["mul"])
    %}
    run_mod_p_circuit(
        p=p,
        values_ptr=values,
        add_mod_offsets_ptr=add_offsets,
        add_mod_n=add_n,
        mul_mod_offsets_ptr=mul_offsets,
        mul_mod_n=mul_n,
    );
    output_words(range_check96_ptr, 4 * n_values);
    let range_check96_ptr = range_check96_ptr + 4 * n_values;
    return ();
}

func output_words{output_ptr: felt*}(source: felt*, n: felt) {
    if (n == 0) {
        return ();
    }
    assert [output_ptr] = [source];
    let output_ptr = output_ptr + 1;
    return output_words(source + 1, n - 1);
}
