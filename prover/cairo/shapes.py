"""Which tables a program needs: its shape follows from its builtins, and an unused builtin costs nothing."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from types import ModuleType

from prover.cairo.components import (
    add_mod,
    bitwise,
    bitwise_bytes,
    cpu,
    ec_op,
    ecdsa,
    memory,
    mul_mod,
    pedersen,
    pedersen_windows,
    poseidon,
    range_check,
    range_check_16,
    range_check_96,
)
from prover.stark.shape import Shape

MACHINE = (cpu, memory, range_check_16)
"""The tables of every program."""

BUILTINS: dict[str, tuple[ModuleType, ...]] = {
    "output": (),
    "range_check": (range_check,),
    "pedersen": (pedersen, pedersen_windows),
    "ecdsa": (ecdsa,),
    "bitwise": (bitwise, bitwise_bytes),
    "ec_op": (ec_op,),
    "poseidon": (poseidon,),
    "range_check96": (range_check_96,),
    "add_mod": (add_mod,),
    "mul_mod": (mul_mod,),
}
"""Each builtin's tables, in the order of the shape. Output has none: the verifier adds its accesses itself."""

PROVABLE_BUILTINS = tuple(BUILTINS)


class BuiltinNotProvable(ValueError):
    def __init__(self, builtin: str) -> None:
        super().__init__(f"the builtin {builtin} cannot be proven; these can: {', '.join(PROVABLE_BUILTINS)}")


def components_of(builtins: Sequence[str]) -> list[ModuleType]:
    """The components of a program with these builtins, each once, in the shape's order."""
    for builtin in builtins:
        if builtin not in BUILTINS:
            raise BuiltinNotProvable(builtin)
    parts = [part for builtin, own in BUILTINS.items() if builtin in builtins for part in own]
    return list(dict.fromkeys([*MACHINE, *parts]))


@cache
def shape_of(builtins: Sequence[str]) -> Shape:
    """The shape for a program with these builtins (a tuple, in canonical order)."""
    components = components_of(builtins)
    constants = tuple(part.constants() if hasattr(part, "constants") else () for part in components)
    return Shape("_".join(builtins) or "plain", tuple(part.build() for part in components), constants)
