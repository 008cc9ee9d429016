"""Finds and loads the shared library that the build put beside this package."""

from __future__ import annotations

import ctypes
from importlib import metadata
from pathlib import Path

NAME = "freehold_kernel.so"


class KernelMissing(ImportError):
    """The package was imported from a tree whose kernel has not been built."""


def _candidates() -> list[Path]:
    """Beside this file in an installed package; in site-packages where the install is editable."""
    places = [Path(__file__).with_name(NAME)]
    try:
        files = metadata.files("freehold") or []
    except metadata.PackageNotFoundError:
        files = []
    places += [Path(file.locate()) for file in files if file.name == NAME]
    return places


def _load() -> ctypes.CDLL:
    for place in _candidates():
        if place.exists():
            library = ctypes.CDLL(str(place))
            for name in _VOID:
                getattr(library, name).restype = None
            for name, types in _SIZES.items():
                getattr(library, name).argtypes = types
            library.fh_grind.restype = ctypes.c_uint64
            library.fh_take.restype = library.fh_extension.restype = ctypes.c_void_p
            return library
    raise KernelMissing("the native kernel is not built: run `make setup`")


_P, _N, _I = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int
_SIZES = {
    "fh_take": [_P],
    "fh_give": [_P, _N],
    "fh_add": [_P, _P, _N, _P, _N, _N],
    "fh_sub": [_P, _P, _N, _P, _N, _N],
    "fh_use_vectors": [_I],
    "fh_features": [],
    "fh_mul": [_P, _P, _N, _P, _N, _N],
    "fh_inverse": [_P, _P, _N],
    "fh_powers": [_P, _P, _P, _N],
    "fh_from_bytes": [_P, _P, _N],
    "fh_from_words": [_P, _P, _N],
    "fh_to_bytes": [_P, _P, _N],
    "fh_butterflies": [_N],
    "fh_evaluate_coset": [_P, _P, _N, _I, _I, _P, _I],
    "fh_interpolate_coset": [_P, _P, _N, _I, _P, _I],
    "fh_extension": [_P, _P, _N, _I],
    "fh_extension_free": [_P],
    "fh_extension_hash": [_P, _P, _P, _N, _I, _I, _I],
    "fh_hash_rows": [_P, _P, _N, _N, _N, _I],
    "fh_merkle_layer": [_P, _P, _P, _N, _I],
    "fh_keccak": [_P, _P, _N],
    "fh_run_program": [_P, _N, _N, _P, _N, _P, _P, _N, _N, _P],
    "fh_linear_combination": [_P, _P, _P, _N, _N],
    "fh_evaluate_at": [_P, _P, _N, _N, _P, _N, _I],
    "fh_divide_out": [_P, _P, _N, _N, _P],
    "fh_running_sum": [_P, _P, _P, _N],
    "fh_grind": [_P, _I],
    "fh_pedersen_table": [_P, _P, _P],
    "fh_pedersen_steps": [_P, _P, _P, _P, _N],
    "fh_pedersen": [_P, _P, _P, _P, _N],
    "fh_pedersen_single": [_P, _P, _P, _P],
    "fh_double_add_chain": [_P, _P, _P, _P, _P, _P, _N, _N, _N],
    "fh_add_chain": [_P, _P, _P, _P, _P, _N, _N, _N],
    "fh_square_roots": [_P, _P, _P, _N],
    "fh_curve_multiples": [_P, _P, _P, _P, _N],
}
_ANSWERS = ("fh_inverse", "fh_grind", "fh_features", "fh_take", "fh_extension", "fh_pedersen_table")
_ANSWERS += ("fh_pedersen_steps", "fh_pedersen", "fh_pedersen_single")
_VOID = [name for name in _SIZES if name not in _ANSWERS]

LIBRARY = _load()
