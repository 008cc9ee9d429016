"""Builtin segments while a program runs: what can be deduced in them, and what may be written (cairo-machine.md 8)."""

from __future__ import annotations

from typing import Protocol

from prover.algebra.pedersen import pedersen
from prover.cairo.errors import RunFailed
from prover.cairo.segments import Memory, address, describe, is_address, offset_of


class Builtin(Protocol):
    """One builtin's segment. `cells` per instance; `deduce` gives an unknown cell's value, or None."""

    name: str
    cells: int
    base: int

    def deduce(self, memory: Memory, place: int) -> int | None: ...

    def check(self, memory: Memory) -> None: ...


class Output:
    name, cells = "output", 1

    def __init__(self, segment: int) -> None:
        self.base = address(segment)

    def deduce(self, memory: Memory, place: int) -> int | None:
        return None

    def check(self, memory: Memory) -> None:
        """Output words are public, so they are felts."""
        for offset, word in enumerate(memory.segments[(self.base >> 256) - 1]):
            if word is None:
                raise RunFailed(f"output word {offset} was never written")
            if is_address(word):
                raise RunFailed(f"output word {offset} is an address")


class RangeCheck:
    name, cells = "range_check", 1
    bound = 1 << 128

    def __init__(self, segment: int) -> None:
        self.base = address(segment)

    def deduce(self, memory: Memory, place: int) -> int | None:
        return None

    def check(self, memory: Memory) -> None:
        for offset, word in enumerate(memory.segments[(self.base >> 256) - 1]):
            if word is None:
                raise RunFailed(f"range_check cell {offset} was never written")
            if word >= self.bound:
                raise RunFailed(f"range_check cell {offset} holds {describe(word)}, which is not below 2^128")


class Pedersen:
    name, cells = "pedersen", 3

    def __init__(self, segment: int) -> None:
        self.base = address(segment)

    def deduce(self, memory: Memory, place: int) -> int | None:
        if offset_of(place) % self.cells != 2:
            return None
        x, y = memory.get(place - 2), memory.get(place - 1)
        if x is None or y is None:
            return None
        if is_address(x) or is_address(y):
            raise RunFailed("pedersen takes felts, not addresses")
        return pedersen(x, y)

    def check(self, memory: Memory) -> None:
        """Every touched instance is whole, and its result is the hash even if a hint wrote it."""
        cells = memory.segments[(self.base >> 256) - 1]
        for first in range(0, len(cells), self.cells):
            instance = [memory.get(self.base + first + i) for i in range(self.cells)]
            if instance[0] is None or instance[1] is None:
                raise RunFailed(f"pedersen instance {first // self.cells} misses an input")
            memory[self.base + first + 2] = pedersen(instance[0], instance[1])


KINDS: dict[str, type[Output] | type[RangeCheck] | type[Pedersen]] = {
    kind.name: kind for kind in (Output, RangeCheck, Pedersen)
}


def make_builtin(name: str, segment: int) -> Builtin:
    if name not in KINDS:
        raise RunFailed(f"this machine has no builtin {name}; it has {', '.join(KINDS)}")
    return KINDS[name](segment)
