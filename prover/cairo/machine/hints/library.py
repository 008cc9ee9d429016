"""Our own versions of the Python names that hints of Cairo's common library import, so that no other package is
needed to run them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from math import isqrt
from types import SimpleNamespace
from typing import Any

from prover.algebra import curve
from prover.algebra.curve import square_root
from prover.algebra.field import PRIME
from prover.algebra.pedersen import pedersen
from prover.cairo.errors import RunFailed
from prover.cairo.machine.hints import curves, modulo
from prover.cairo.machine.hints.names import plain
from prover.cairo.machine.segments import Segments, describe, is_address, segment_of


def assert_integer(value: Any) -> None:
    if not isinstance(value, int) or is_address(value):
        raise RunFailed(f"expected a felt, found {value!r}")


def as_int(value: int, prime: int) -> int:
    """The representative in (-p/2, p/2)."""
    assert_integer(value)
    return value if value < prime // 2 else value - prime


def is_positive(value: int, prime: int, rc_bound: int) -> bool:
    signed = as_int(value, prime)
    if abs(signed) >= rc_bound:
        raise RunFailed(f"{signed} is out of the range of a comparison")
    return signed > 0


@dataclass
class DictTracker:
    """The dictionary behind a Cairo dict, and the end of its access log."""

    data: dict[int, Any]
    current_ptr: int


class DictManager:
    """Cairo dicts by the segment of their access log."""

    def __init__(self) -> None:
        self.trackers: dict[int, DictTracker] = {}

    def new_dict(self, segments: Segments, initial_dict: dict[int, Any]) -> int:
        return self._track(segments, {key: segments.gen_arg(value) for key, value in initial_dict.items()})

    def new_default_dict(self, segments: Segments, default_value: int) -> int:
        return self._track(segments, defaultdict(lambda: default_value))

    def _track(self, segments: Segments, data: dict[int, Any]) -> int:
        base = segments.add()
        self.trackers[segment_of(base)] = DictTracker(data, base)
        return base

    def get_tracker(self, dict_ptr: Any) -> DictTracker:
        place = plain(dict_ptr)
        tracker = self.trackers.get(segment_of(place))
        if tracker is None or tracker.current_ptr != place:
            raise RunFailed(f"{describe(place)} is not the end of a known dict")
        return tracker

    def get_dict(self, dict_ptr: Any) -> dict[int, Any]:
        return self.get_tracker(dict_ptr).data


def build_update_tree(height: int, modifications: list[tuple[int, int]]) -> Any:
    """The touched part of a tree: a leaf's new value, or (left, right) with None where nothing is touched."""
    if not modifications:
        return None
    if height == 0:
        return modifications[-1][1]
    middle = 1 << height - 1
    left = [(index, value) for index, value in modifications if index < middle]
    right = [(index - middle, value) for index, value in modifications if index >= middle]
    return build_update_tree(height - 1, left), build_update_tree(height - 1, right)


def decode_node(node: Any) -> tuple[Any, Any, str]:
    left, right = node
    case = "both" if left is not None and right is not None else "left" if left is not None else "right"
    return left, right, case


def get_preimage_dictionary(
    initial_leaves: Any, modifications: Any, tree_height: int, default_leaf: int
) -> tuple[int, int, dict[int, tuple[int, int]]]:
    """(root before, root after, node -> children) of a tree small enough to hold."""
    preimage: dict[int, tuple[int, int]] = {}
    before = _tree_root(dict(initial_leaves), tree_height, default_leaf, preimage)
    after = _tree_root({**dict(initial_leaves), **dict(modifications)}, tree_height, default_leaf, preimage)
    return before, after, preimage


def _tree_root(leaves: dict[int, int], height: int, default: int, preimage: dict[int, tuple[int, int]]) -> int:
    level, empty = leaves, default
    for _ in range(height):
        parents = {}
        for index in {index >> 1 for index in level}:
            children = level.get(2 * index, empty), level.get(2 * index + 1, empty)
            parents[index] = pedersen(*children)
            preimage[parents[index]] = children
        level, empty = parents, pedersen(empty, empty)
    return level.get(0, empty)


def safe_div(numerator: int, denominator: int) -> int:
    if denominator == 0 or numerator % denominator:
        raise RunFailed(f"{numerator} is not divisible by {denominator}")
    return numerator // denominator


def log2_ceil(number: int) -> int:
    if number <= 0:
        raise RunFailed(f"{number} has no logarithm")
    return (number - 1).bit_length()


def is_quad_residue(value: int, modulus: int) -> bool:
    if modulus != PRIME:
        raise RunFailed(f"no square roots modulo {modulus:#x} here")
    return square_root(value) is not None


def sqrt(value: int, modulus: int) -> int:
    root = square_root(value) if is_quad_residue(value, modulus) else None
    if root is None:
        raise RunFailed(f"{value:#x} is no square")
    return root


class NoSuchValue:
    """Addresses are integers here, so nothing is an instance of the type that hints ask about."""


MODULES: dict[str, Any] = {
    "starkware.cairo.common.math_utils": SimpleNamespace(
        assert_integer=assert_integer, as_int=as_int, is_positive=is_positive
    ),
    "starkware.cairo.common.dict": SimpleNamespace(DictManager=DictManager, DictTracker=DictTracker),
    "starkware.cairo.common.small_merkle_tree": SimpleNamespace(get_preimage_dictionary=get_preimage_dictionary),
    "starkware.python.merkle_tree": SimpleNamespace(build_update_tree=build_update_tree, decode_node=decode_node),
    "starkware.python.math_utils": SimpleNamespace(
        isqrt=isqrt,
        is_quad_residue=is_quad_residue,
        sqrt=sqrt,
        safe_div=safe_div,
        log2_ceil=log2_ceil,
        div_mod=curves.div_mod,
        line_slope=curves.line_slope,
        ec_double_slope=curves.ec_double_slope,
        y_squared_from_x=curves.y_squared_from_x,
        recover_y=curves.recover_y,
        random_ec_point=curves.random_ec_point,
    ),
    "starkware.python.utils": SimpleNamespace(to_bytes=curves.to_bytes),
    "starkware.crypto.signature.signature": SimpleNamespace(FIELD_PRIME=PRIME, ALPHA=curve.ALPHA, BETA=curve.BETA),
    "starkware.cairo.common.cairo_secp.secp_utils": curves,
    "starkware.cairo.common.cairo_secp.secp256r1_utils": curves,
    "starkware.cairo.lang.builtins.modulo.mod_builtin_runner": modulo,
    "starkware.cairo.lang.vm.relocatable": SimpleNamespace(RelocatableValue=NoSuchValue),
}


def import_for_hint(name: str, *rest: Any) -> Any:
    """The `__import__` of hints: the modules above, and Python's own."""
    if name.split(".")[0] != "starkware":
        return __import__(name, *rest)
    if name not in MODULES:
        raise RunFailed(f"a hint imports {name}, which this machine does not have")
    return MODULES[name]
