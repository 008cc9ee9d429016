"""The functions that do the work: the compiled library's where the build put one beside this package, else the plain
ones of `plain.py`, after one warning.

FREEHOLD_KERNEL chooses when the package is imported: "vector" (AVX-512 IFMA, the default where the processor has it),
"scalar" (compiled for any processor) or "reference" (plain Python, asked for and so without a warning).
"""

from __future__ import annotations

import ctypes
import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from prover.kernel import plain

NAME = "freehold_kernel.so"
BACKENDS = ("vector", "scalar", "reference")

Functions = dict[str, Callable[..., Any]]


class KernelMissing(UserWarning):
    """There is no compiled kernel, or none that this machine can load."""


def _candidates() -> list[Path]:
    """Beside this file in an installed package; in site-packages where the install is editable."""
    places = [Path(__file__).with_name(NAME)]
    try:
        files = metadata.files("freehold") or []
    except metadata.PackageNotFoundError:
        files = []
    places += [Path(file.locate()) for file in files if file.name == NAME]
    return [place for place in places if place.exists()]


def _compiled() -> Functions | None:
    cause = "is not built"
    for place in _candidates():
        try:
            library = ctypes.CDLL(str(place))
        except OSError as error:
            cause = f"cannot be loaded ({error})"
            continue
        for name in _VOID:
            getattr(library, name).restype = None
        for name, types in SIGNATURES.items():
            getattr(library, name).argtypes = types
        library.fh_grind.restype = ctypes.c_uint64
        library.fh_take.restype = library.fh_extension.restype = ctypes.c_void_p
        return {name: getattr(library, name) for name in SIGNATURES}
    warnings.warn(
        f"the compiled kernel {cause}, so plain Python does its work: checking a proof takes some 15 seconds, trees and"
        " hashes take 20 to 100 times as long, and so does proving. Build it with `make setup`, or with `pip install .`"
        " where a C++ compiler is.",
        KernelMissing,
        stacklevel=2,
    )
    return None


_P, _N, _I = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int
SIGNATURES = {
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
    "fh_base_table": [_P, _P],
    "fh_joint_multiples": [_P, _P, _P, _P, _P, _P, _N],
}
_ANSWERS = (
    "fh_inverse", "fh_grind", "fh_features", "fh_take", "fh_extension", "fh_pedersen_table", "fh_pedersen_steps",
    "fh_pedersen", "fh_pedersen_single",
)  # fmt: skip
_VOID = [name for name in SIGNATURES if name not in _ANSWERS]

PLAIN: Functions = {name: getattr(plain, name) for name in SIGNATURES if hasattr(plain, name)}


def _wanted() -> str:
    name = os.environ.get("FREEHOLD_KERNEL") or BACKENDS[0]
    if name not in BACKENDS:
        raise ImportError(f"FREEHOLD_KERNEL is {name!r}, must be one of {', '.join(BACKENDS)}")
    return name


_COMPILED = None if _wanted() == "reference" else _compiled()

LIBRARY = SimpleNamespace()
"""The functions in use."""


def use(name: str) -> None:
    """A backend of this name, or the next one in `BACKENDS` that there is."""
    if name not in BACKENDS:
        raise ValueError(f"there is no backend {name!r}: {', '.join(BACKENDS)}")
    if name == "reference" or _COMPILED is None:
        vars(LIBRARY).update(PLAIN)
        return
    vars(LIBRARY).update(_COMPILED)
    LIBRARY.fh_use_vectors(name == "vector")


def in_use() -> str:
    if LIBRARY.fh_features is plain.fh_features:
        return "reference"
    return "vector" if LIBRARY.fh_features() else "scalar"


@contextmanager
def backend(name: str) -> Iterator[str]:
    """Use a backend for a while; yields the one in use, which is another where this machine has none of that name."""
    before = in_use()
    use(name)
    try:
        yield in_use()
    finally:
        use(before)


use(_wanted())
