"""The hint of the library's `modulo`: completes chains of add_mod and mul_mod instances and the values they lead to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from prover.cairo.errors import RunFailed
from prover.cairo.instances import CELLS, N_WORDS, WORD_BITS, integer, words_of
from prover.cairo.machine.builtins import Modulo, following_cells
from prover.cairo.machine.segments import Memory, add

N_CELLS = CELLS["add_mod"]
"""mul_mod has the same."""

Operands = list[int | None]
"""a, b, c, one of them unknown"""


def complete_sum(p: int, operands: Operands) -> int | None:
    """The unknown one, None where there is none."""
    a, b, c = operands
    if a is not None and b is not None:
        return a + b - p if a + b >= p else a + b
    known = a if b is None else b
    if known is None or c is None:
        return None
    difference = c - known if c >= known else c - known + p
    return difference if 0 <= difference < 1 << WORD_BITS * N_WORDS else None


def complete_product(p: int, operands: Operands) -> int | None:
    """The unknown one, None where there is none."""
    a, b, c = operands
    known = a if b is None else b
    try:
        if a is not None and b is not None:
            return a * b % p
        return None if known is None or c is None else c * pow(known, -1, p) % p
    except (ValueError, ZeroDivisionError):
        return None


@dataclass
class Chain:
    """`count` instances from `first` on, of which the first is written; `done` of them have their values."""

    memory: Memory
    first: int
    name: str
    count: int
    complete: Callable[[int, Operands], int | None]
    done: int = 0

    def write_instances(self) -> None:
        for number in range(1, self.count):
            before = [self.memory[self.first + (number - 1) * N_CELLS + i] for i in range(N_CELLS)]
            for i, word in enumerate(following_cells(before)):
                self.memory[self.first + number * N_CELLS + i] = word

    def advance(self) -> bool:
        """Complete instances in order until one lacks more than one value; whether any was completed."""
        started_at = self.done
        while self.done < self.count and self._complete_next():
            self.done += 1
        return self.done > started_at

    def _complete_next(self) -> bool:
        cells = [self.memory[self.first + self.done * N_CELLS + i] for i in range(N_CELLS)]
        places = [add(cells[4], self.memory[cells[5] + i]) for i in range(3)]
        operands = [self._value(place) for place in places]
        if operands.count(None) > 1:
            return False
        if None in operands:
            value = self.complete(integer(cells[:N_WORDS]), operands)
            if value is None:
                raise RunFailed(f"{self.name} instance {self.done}: no value completes {operands}")
            for i, word in enumerate(words_of(value)):
                self.memory[places[operands.index(None)] + i] = word
        return True

    def _value(self, place: int) -> int | None:
        words = [word for i in range(N_WORDS) if (word := self.memory.get(place + i)) is not None]
        return integer(words) if len(words) == N_WORDS else None


class ModBuiltinRunner:
    """Only what the hint calls."""

    @staticmethod
    def fill_memory(memory: Memory, add_mod: tuple[int, Modulo, int], mul_mod: tuple[int, Modulo, int]) -> None:
        """(address of the first instance, builtin, number of instances) of each. Raises RunFailed."""
        chains = [
            Chain(memory, first, builtin.name, count, complete)
            for (first, builtin, count), complete in ((add_mod, complete_sum), (mul_mod, complete_product))
        ]
        for chain in chains:
            chain.write_instances()
        while any([chain.advance() for chain in chains]):
            pass
        for chain in chains:
            if chain.done < chain.count:
                raise RunFailed(f"{chain.name} instance {chain.done} lacks more than one of a, b, c")
