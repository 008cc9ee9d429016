"""Which tables a program needs: its shape follows from its builtins, and an unused builtin costs nothing."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from prover.cairo.components import cpu, memory, pedersen, pedersen_windows, range_check, range_check_16
from prover.kernel.pedersen_points import window_rows
from prover.stark.shape import Shape

PROVABLE_BUILTINS = ("output", "pedersen", "range_check")
"""In the order in which a program must name them. Output has no table: the verifier adds its accesses itself."""


class BuiltinNotProvable(ValueError):
    def __init__(self, builtin: str) -> None:
        super().__init__(f"the builtin {builtin} cannot be proven; these can: {', '.join(PROVABLE_BUILTINS)}")


@cache
def shape_of(builtins: Sequence[str]) -> Shape:
    """The shape for a program with these builtins (a tuple, in canonical order)."""
    for builtin in builtins:
        if builtin not in PROVABLE_BUILTINS:
            raise BuiltinNotProvable(builtin)
    tables = [cpu.build(), memory.build(), range_check_16.build()]
    preprocessed: list[tuple[tuple[int, ...], ...]] = [(), (), ()]
    if "range_check" in builtins:
        tables.append(range_check.build())
        preprocessed.append(())
    if "pedersen" in builtins:
        tables += [pedersen.build(), pedersen_windows.build()]
        rows = window_rows()
        preprocessed += [(), tuple(zip(*rows, strict=True))]
    return Shape("_".join(builtins) or "plain", tuple(tables), tuple(preprocessed))
