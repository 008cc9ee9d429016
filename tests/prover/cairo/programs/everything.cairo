// Every provable builtin at once, through functions of the common library.
%builtins output pedersen range_check ecdsa bitwise ec_op poseidon range_check96 add_mod mul_mod

from starkware.cairo.common.alloc import alloc
from starkware.cairo.common.bitwise import bitwise_xor
from starkware.cairo.common.builtin_poseidon.poseidon import poseidon_hash
from starkware.cairo.common.cairo_builtins import (
    BitwiseBuiltin,
    EcOpBuiltin,
    HashBuiltin,
    ModBuiltin,
    PoseidonBuiltin,
    SignatureBuiltin,
    UInt384,
)
from starkware.cairo.common.default_dict import default_dict_finalize, default_dict_new
from starkware.cairo.common.dict import dict_read, dict_write
from starkware.cairo.common.hash import hash2
from starkware.cairo.common.math import assert_le_felt, unsigned_div_rem
from starkware.cairo.common.modulo import run_mod_p_circuit
from starkware.cairo.common.signature import check_ecdsa_signature, verify_ecdsa_signature
from starkware.cairo.common.uint256 import Uint256, uint256_mul, uint256_unsigned_div_rem

// program_input: {key, message, r, s}. Outputs a Poseidon hash of everything computed on the way.
func main{
    output_ptr: felt*,
    pedersen_ptr: HashBuiltin*,
    range_check_ptr,
    ecdsa_ptr: SignatureBuiltin*,
    bitwise_ptr: BitwiseBuiltin*,
    ec_op_ptr: EcOpBuiltin*,
    poseidon_ptr: PoseidonBuiltin*,
    range_check96_ptr: felt*,
    add_mod_ptr: ModBuiltin*,
    mul_mod_ptr: ModBuiltin*,
}() {
    alloc_locals;
    local key;
    local message;
    local r;
    local s;
    %{ ids.key, ids.message, ids.r, ids.s = (program_input[name] for name in ("key", "message", "r", "s")) %}
    verify_ecdsa_signature(message=message, public_key=key, signature_r=r, signature_s=s);
    let (valid) = check_ecdsa_signature(message=message, public_key=key, signature_r=r, signature_s=s);
    let (invalid) = check_ecdsa_signature(message=message + 1, public_key=key, signature_r=r, signature_s=s);
    assert valid = 1;
    assert invalid = 0;

    let (hashed) = hash2{hash_ptr=pedersen_ptr}(key, message);
    let (quotient, remainder) = unsigned_div_rem(message, 1000);
    assert_le_felt(r, -1);
    let (mixed) = bitwise_xor(message, quotient);
    let (stored) = dictionary(quotient, remainder);
    let (long) = wide(message);
    let (circuit) = modular();

    let (digest) = poseidon_hash(hashed, mixed);
    let (digest) = poseidon_hash(digest, stored);
    let (digest) = poseidon_hash(digest, long);
    let (digest) = poseidon_hash(digest, circuit);
    assert output_ptr[0] = digest;
    let output_ptr = output_ptr + 1;
    return ();
}

func dictionary{range_check_ptr}(a: felt, b: felt) -> (sum: felt) {
    alloc_locals;
    let (dict) = default_dict_new(7);
    default_dict_finalize(dict_accesses_start=dict, dict_accesses_end=dict, default_value=7);
    let (local start) = default_dict_new(7);
    let end = start;
    with end {
        let (first) = dict_read{dict_ptr=end}(key=a);
        dict_write{dict_ptr=end}(key=a, new_value=b);
        dict_write{dict_ptr=end}(key=3, new_value=first);
        let (last) = dict_read{dict_ptr=end}(key=a);
    }
    default_dict_finalize(dict_accesses_start=start, dict_accesses_end=end, default_value=7);
    return (sum=first + last);
}

func wide{range_check_ptr}(seed: felt) -> (sum: felt) {
    alloc_locals;
    let a = Uint256(low=seed, high=2 ** 127 + 3);
    let (low, high) = uint256_mul(a, a);
    let (quotient, remainder) = uint256_unsigned_div_rem(high, a);
    return (sum=low.low + quotient.low + remainder.high);
}

// (2 + 3)^2 modulo 2^383 - 31
func modular{range_check96_ptr: felt*, add_mod_ptr: ModBuiltin*, mul_mod_ptr: ModBuiltin*}() -> (result: felt) {
    alloc_locals;
    let values = cast(range_check96_ptr, UInt384*);
    assert values[0] = UInt384(d0=2, d1=0, d2=0, d3=0);
    assert values[1] = UInt384(d0=3, d1=0, d2=0, d3=0);
    let (local add_offsets) = alloc();
    let (local mul_offsets) = alloc();
    assert add_offsets[0] = 0;
    assert add_offsets[1] = 4;
    assert add_offsets[2] = 8;
    assert mul_offsets[0] = 8;
    assert mul_offsets[1] = 8;
    assert mul_offsets[2] = 12;
    run_mod_p_circuit(
        p=UInt384(d0=2 ** 96 - 31, d1=2 ** 96 - 1, d2=2 ** 96 - 1, d3=2 ** 95 - 1),
        values_ptr=values,
        add_mod_offsets_ptr=add_offsets,
        add_mod_n=1,
        mul_mod_offsets_ptr=mul_offsets,
        mul_mod_n=1,
    );
    let range_check96_ptr = range_check96_ptr + 16;
    return (result=values[3].d0);
}
