"""Write-once segmented memory of a running machine.

A felt is an int below p. An address is an int too: `(segment + 1) << 256 | offset`, so that adding a felt to an
address is adding ints and a hint may do it; `relocate.py` turns addresses into felts at the end.
"""

from __future__ import annotations

from typing import Any

from prover.algebra.field import PRIME
from prover.cairo.errors import RunFailed

SEGMENT_BITS = 256
OFFSET_MASK = (1 << SEGMENT_BITS) - 1
MAX_OFFSET = 1 << 63
FIRST_ADDRESS = 1 << SEGMENT_BITS
"""Every address is at least this, every felt below."""


def address(segment: int, offset: int = 0) -> int:
    return (segment + 1) << SEGMENT_BITS | offset


def is_address(value: int) -> bool:
    return value >> SEGMENT_BITS > 0


def segment_of(value: int) -> int:
    return (value >> SEGMENT_BITS) - 1


def offset_of(value: int) -> int:
    return value & OFFSET_MASK


def add(a: int, b: int) -> int:
    """felt + felt, or an address moved by a felt (taken as signed)."""
    if not (a | b) >> SEGMENT_BITS:
        return (a + b) % PRIME
    if is_address(a) and is_address(b):
        raise RunFailed("two addresses cannot be added")
    base, shift = (a, b) if is_address(a) else (b, a)
    return (base & ~OFFSET_MASK) | (offset_of(base) + shift) % PRIME


def sub(a: int, b: int) -> int:
    """felt - felt, an address moved back, or the distance of two addresses of one segment."""
    if not (a | b) >> SEGMENT_BITS:
        return (a - b) % PRIME
    if is_address(b):
        if not is_address(a) or segment_of(a) != segment_of(b):
            raise RunFailed("only addresses of one segment can be subtracted from each other")
        return (a - b) % PRIME
    return (a & ~OFFSET_MASK) | (offset_of(a) - b) % PRIME


def mul(a: int, b: int) -> int:
    if (a | b) >> SEGMENT_BITS:
        raise RunFailed("an address cannot be multiplied")
    return a * b % PRIME


def describe(value: int | None) -> str:
    if value is None:
        return "an unknown value"
    return f"{segment_of(value)}:{offset_of(value)}" if is_address(value) else f"{value:#x}"


def trim(cells: list[int | None]) -> None:
    """A segment ends with its last written cell; a running machine may keep room beyond it."""
    while cells and cells[-1] is None:
        cells.pop()


class Memory:
    """`segments[s][offset]` is a value or None. Also what hints see as `memory`."""

    def __init__(self) -> None:
        self.segments: list[list[int | None]] = []

    def add_segment(self) -> int:
        self.segments.append([])
        return address(len(self.segments) - 1)

    def get(self, place: int) -> int | None:
        segment, offset = (place >> SEGMENT_BITS) - 1, place & OFFSET_MASK
        if not 0 <= segment < len(self.segments):
            raise RunFailed(f"{describe(place)} is no address of this run")
        if offset >= MAX_OFFSET:
            raise RunFailed("an address lies before the beginning of its segment")
        cells = self.segments[segment]
        return cells[offset] if offset < len(cells) else None

    def __getitem__(self, place: int) -> int:
        value = self.get(place)
        if value is None:
            raise RunFailed(f"the cell at {describe(place)} is read before it is written")
        return value

    def get_range(self, place: int, count: int) -> list[int]:
        """For hints. Raises RunFailed for an unwritten cell."""
        return [self[place + i] for i in range(count)]

    def __setitem__(self, place: int, value: int) -> None:
        if not is_address(value):
            value %= PRIME
        known = self.get(place)
        if known is not None:
            if known != value:
                raise RunFailed(f"{describe(place)} holds {describe(known)} and cannot become {describe(value)}")
            return
        cells, offset = self.segments[segment_of(place)], offset_of(place)
        if offset >= len(cells):
            trim(cells)
            if offset > len(cells) + (1 << 24):
                raise RunFailed(f"{describe(place)} is too far beyond the end of its segment")
            cells.extend([None] * (offset + 1 - len(cells)))
        cells[offset] = value


class Segments:
    """What hints see as `segments`."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def add(self) -> int:
        return self._memory.add_segment()

    def load_data(self, place: int, data: list[int]) -> int:
        for index, value in enumerate(data):
            self._memory[place + index] = value
        return place + len(data)

    write_arg = load_data

    def gen_arg(self, argument: Any) -> int:
        """A list becomes a segment of its own; an integer stays."""
        if isinstance(argument, list | tuple):
            base = self.add()
            self.load_data(base, [self.gen_arg(item) for item in argument])
            return base
        word: int = argument if is_address(argument) else argument % PRIME
        return word
