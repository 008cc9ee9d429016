// Functions of the common library whose hints import Python: both secp curves, sets, trees, roots, Stark-curve points.
%builtins output pedersen range_check

from starkware.cairo.common.alloc import alloc
from starkware.cairo.common.cairo_builtins import HashBuiltin
from starkware.cairo.common.cairo_secp.bigint3 import BigInt3
from starkware.cairo.common.cairo_secp.ec import ec_add, ec_mul_inner, ec_negate
from starkware.cairo.common.cairo_secp.ec_point import EcPoint
from starkware.cairo.common.cairo_secp.signature import div_mod_n, get_generator_point, get_point_from_x
from starkware.cairo.common.default_dict import default_dict_finalize, default_dict_new
from starkware.cairo.common.dict import dict_update
from starkware.cairo.common.dict_access import DictAccess
from starkware.cairo.common.ec import is_x_on_curve
from starkware.cairo.common.log2_ceil import log2_ceil
from starkware.cairo.common.math import assert_not_equal, is_quad_residue, sign, signed_div_rem, split_int, sqrt
from starkware.cairo.common.secp256r1.ec import ec_double as r1_double
from starkware.cairo.common.secp256r1.ec import try_get_point_from_x
from starkware.cairo.common.set import set_add
from starkware.cairo.common.small_merkle_tree import small_merkle_tree_update
from starkware.cairo.common.squash_dict import squash_dict
from starkware.cairo.common.uint256 import Uint256, uint256_sqrt

func main{output_ptr: felt*, pedersen_ptr: HashBuiltin*, range_check_ptr}() {
    alloc_locals;
    let (a) = secp256k1();
    let (b) = secp256r1();
    let (c) = numbers();
    let (d) = sets();
    let (before, after) = tree{hash_ptr=pedersen_ptr}();
    assert output_ptr[0] = a;
    assert output_ptr[1] = b;
    assert output_ptr[2] = c;
    assert output_ptr[3] = d;
    assert output_ptr[4] = before;
    assert output_ptr[5] = after;
    let output_ptr = output_ptr + 6;
    return ();
}

func secp256k1{range_check_ptr}() -> (res: felt) {
    alloc_locals;
    let (generator: EcPoint) = get_generator_point();
    let (_, local five: EcPoint) = ec_mul_inner(generator, 5, 4);
    let (minus: EcPoint) = ec_negate(generator);
    let (local four: EcPoint) = ec_add(five, minus);
    let (local quotient: BigInt3) = div_mod_n(BigInt3(d0=12345, d1=6, d2=7), BigInt3(d0=89, d1=10, d2=11));
    let (same: EcPoint) = get_point_from_x(four.x, 0);
    return (res=same.y.d0 + quotient.d0 + five.x.d1);
}

func secp256r1{range_check_ptr}() -> (res: felt) {
    alloc_locals;
    local x: BigInt3 = BigInt3(
        d0=0x2b33a0f4a13945d898c296, d1=0x1b958e9103c9dc0df604b7, d2=0x6b17d1f2e12c4247f8bce
    );
    let (local point: EcPoint*) = alloc();
    let (is_on_curve) = try_get_point_from_x(x=x, v=1, result=point);
    assert is_on_curve = 1;
    let (double: EcPoint) = r1_double([point]);
    return (res=double.x.d0 + double.y.d2);
}

func numbers{range_check_ptr}() -> (res: felt) {
    alloc_locals;
    assert_not_equal(3, 4);
    let root = sqrt(10 ** 40 + 1);
    let (q, r) = signed_div_rem(-1000, 7, 2 ** 100);
    let s = sign(-5);
    let (pieces) = alloc();
    split_int(123456789, 4, 1000, 1000, pieces);
    let log = log2_ceil(1000);
    let (wide) = uint256_sqrt(Uint256(low=5, high=2 ** 100));
    let on_curve = is_x_on_curve(1);
    let residue = is_quad_residue(3);
    return (res=root + q * r + s + pieces[1] + log + wide.low + on_curve + 2 * residue);
}

func sets{range_check_ptr}() -> (res: felt) {
    alloc_locals;
    let (local elements) = alloc();
    let end = elements;
    let (one) = alloc();
    assert one[0] = 17;
    let (two) = alloc();
    assert two[0] = 18;
    with end {
        set_add{set_end_ptr=end}(elements, 1, one);
        set_add{set_end_ptr=end}(elements, 1, two);
        set_add{set_end_ptr=end}(elements, 1, one);
    }
    return (res=end - elements);
}

func tree{hash_ptr: HashBuiltin*, range_check_ptr}() -> (before: felt, after: felt) {
    alloc_locals;
    let (local start) = default_dict_new(0);
    let end = start;
    dict_update{dict_ptr=end}(key=3, prev_value=0, new_value=10);
    dict_update{dict_ptr=end}(key=5, prev_value=0, new_value=11);
    dict_update{dict_ptr=end}(key=3, prev_value=10, new_value=12);
    let (squashed_start, squashed_end) = default_dict_finalize(start, end, 0);
    let (before, after) = small_merkle_tree_update(squashed_start, squashed_end, 6);
    return (before=before, after=after);
}
