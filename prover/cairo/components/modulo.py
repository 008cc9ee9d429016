"""What add_mod and mul_mod share: one instance a row, its 7 cells, and the 15 cells they lead to.

An instance holds a modulus p (4 words of 96 bits, low first), a pointer to values, a pointer to offsets and a counter
n. The three words at the offsets pointer say where a, b and c (4 words each) stand after the values pointer. While n is
not 1 the next instance repeats p and the values pointer, has the offsets pointer plus 3 and n - 1; so a program that
writes one instance with n = N has said what the next N are.

That only holds if rows follow each other as the instances do: enabled rows come first (`enabled` never rises again), so
row i is instance i. **Words are taken as they stand in memory.** The relation is one between integers where all words
are below 2^96; the program sees to that, as it does elsewhere, by keeping p and the values in range_check96's segment.
The machine refuses other words.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from prover import kernel
from prover.cairo.components.tags import MEMORY
from prover.cairo.errors import InstanceNotProvable
from prover.cairo.instances import CELLS, N_WORDS, WORD_BITS, ModuloInstance
from prover.cairo.trace import Trace, felts, padded_log_height
from prover.kernel import Felts, Ints
from prover.stark.expressions import Expression
from prover.stark.tables import ALL_BUT_LAST, FIRST_ROW, LAST_ROW, TableBuilder

N_CELLS = CELLS["add_mod"]
"""mul_mod has the same."""
CELL_NAMES = ("p0", "p1", "p2", "p3", "values", "offsets", "n")
OPERANDS = ("a", "b", "c")

Words = list[Expression]


def constrain(t: TableBuilder) -> tuple[Words, Words, Words, Words]:
    """Columns, the chain of instances and the 22 memory lookups; gives the words of p, a, b and c."""
    address, enabled = t.main("address"), t.main("enabled")
    cells = {name: t.main(name) for name in CELL_NAMES}
    offsets = [t.main(f"{name}_offset") for name in OPERANDS]
    words = [[t.main(f"{name}{i}") for i in range(N_WORDS)] for name in OPERANDS]

    t.constrain("enabled is boolean", enabled * (enabled - 1))
    t.constrain("enabled rows come first", enabled[1] * (1 - enabled), ALL_BUT_LAST)
    t.constrain("begins at the segment's start", address - t.public("start"), FIRST_ROW)
    following = address + N_CELLS * enabled
    t.constrain("an enabled row moves on", address[1] - following, ALL_BUT_LAST)
    t.constrain("ends at the segment's stop", following - t.public("stop"), LAST_ROW)
    steps = {"offsets": len(OPERANDS), "n": -1}
    for name, cell in cells.items():
        change = cell[1] - cell - steps.get(name, 0)
        t.constrain(f"{name} in a chain", enabled[1] * (cells["n"] - 1) * change, ALL_BUT_LAST)

    for i, cell in enumerate(cells.values()):
        t.look_up(enabled, MEMORY, address + i, cell)
    for i, (offset, operand) in enumerate(zip(offsets, words, strict=True)):
        t.look_up(enabled, MEMORY, cells["offsets"] + i, offset)
        for j, word in enumerate(operand):
            t.look_up(enabled, MEMORY, cells["values"] + offset + j, word)
    a, b, c = words
    return [cells[name] for name in CELL_NAMES[:N_WORDS]], a, b, c


# --- witness


@dataclass(frozen=True)
class Kind:
    """What one of the two has of its own.

    quotient: k, or None for an instance that claims what is `refusal`; cells: of its own columns, by instance and k.
    """

    builtin: str
    quotient: Callable[[ModuloInstance], int | None]
    refusal: str
    cells: Callable[[ModuloInstance, int], list[int]]


DISABLED = ModuloInstance(0, 0, 0, 0)


def fill(trace: Trace, kind: Kind) -> tuple[list[Felts], list[list[int]]]:
    """The columns of `constrain` (24 of (n, 4)), and n rows of the kind's own. Raises InstanceNotProvable."""
    columns, instances = _shared(trace, kind.builtin)
    rows = []
    for number, one in enumerate(instances):
        k = kind.quotient(one)
        if k is None:
            raise InstanceNotProvable(kind.builtin, number, kind.refusal)
        rows.append(kind.cells(one, k))
    return columns, rows + [kind.cells(DISABLED, 0)] * (len(columns[0]) - len(rows))


def _shared(trace: Trace, builtin: str) -> tuple[list[Felts], list[ModuloInstance]]:
    """The columns of `constrain`, and the instances."""
    start, stop = trace.run.segments[builtin]
    used = (stop - start) // N_CELLS
    height = 1 << padded_log_height(used)
    rows = np.arange(height)
    enabled = rows < used
    addresses = start + N_CELLS * np.minimum(rows, used)
    cells = _read(trace, addresses[:used], N_CELLS)
    values, pointers = (_addresses(trace, addresses[:used] + CELL_NAMES.index(name)) for name in ("values", "offsets"))
    columns = [felts(addresses), felts(enabled), *_padded(cells, height)]
    offsets = _read(trace, pointers, len(OPERANDS))
    places = [values + _addresses(trace, pointers + i) for i in range(len(OPERANDS))]
    words = [_read(trace, place, N_WORDS) for place in places]
    columns += _padded(offsets, height)
    columns += [column for operand in words for column in _padded(operand, height)]
    integers = [_integers(builtin, operand) for operand in (cells[:N_WORDS], *words)]
    return columns, [ModuloInstance(*row) for row in zip(*integers, strict=True)]


def _addresses(trace: Trace, places: Ints) -> Ints:
    """What the cells hold, as addresses: their low words. The reads that follow show that they are in memory."""
    words: Ints = trace.limbs[places, 0].astype(np.int64)
    return words


def _read(trace: Trace, addresses: Ints, count: int) -> list[Felts]:
    """`count` columns: the cells from each address on."""
    return [trace.read(addresses + i) for i in range(count)]


def _padded(columns: list[Felts], height: int) -> list[Felts]:
    return [np.concatenate([column, np.zeros((height - len(column), 4), dtype=np.uint64)]) for column in columns]


def _integers(builtin: str, words: Sequence[Felts]) -> list[int]:
    """Raises InstanceNotProvable for a word that is not below 2^96."""
    numbers = [0] * len(words[0])
    for i, column in enumerate(words):
        for number, word in enumerate(kernel.to_ints(np.ascontiguousarray(column))):
            if word >> WORD_BITS:
                raise InstanceNotProvable(builtin, number, f"the word {word:#x} is not below 2^96")
            numbers[number] += word << WORD_BITS * i
    return numbers
