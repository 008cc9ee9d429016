"""The bitwise builtin: x, y below 2^251, their AND, XOR and OR; 32 rows, a byte a row (docs/spec/components.md 7).

Prefixes of x, y and x AND y take in one byte a row, high byte first; the three bytes are looked up together, so the
AND's digits are fixed by the inputs'. XOR is `x + y - 2*and`, OR is `x + y - and`. The first byte has 3 bits: it is
looked up as it is, with the others, **and** times 2^13 among the 16-bit numbers. Scaled alone it could be a fraction
`j / 2^13 mod p`: its prefix would move bits to where the other operand does not have them, and the AND be forged.
Inputs are then below 2^251 < p, so they are read in one way only.
"""

from __future__ import annotations

import numpy as np

from prover import kernel
from prover.cairo.components.digits import byte_prefixes
from prover.cairo.components.io_strip import Instances, Strip, instances_of
from prover.cairo.components.tags import BITWISE_BYTES, RANGE_CHECK_16
from prover.cairo.errors import CellOutOfRange
from prover.cairo.instances import CELLS
from prover.cairo.trace import Trace
from prover.kernel import Digests, Felts
from prover.stark.expressions import Expression
from prover.stark.tables import Table, TableBuilder, block_rows

BLOCK = 32
LAST = BLOCK - 1
N_CELLS = CELLS["bitwise"]
STRIP = Strip(BLOCK, first=17, cells=N_CELLS)
BOUND_ROWS = (0, 1)
"""Rows of `aux` that hold the first byte of x and of y."""
SCALE = 1 << 13
"""A first byte below 8, times this, is below 2^16."""


def build() -> Table:
    t = TableBuilder("bitwise", block=BLOCK)
    x, y, both = (t.main(name) for name in ("x_prefix", "y_prefix", "and_prefix"))
    aux = t.main("aux", apart="aux")
    first = t.rows_where(0)
    address_row = t.rows_where(*STRIP.address_rows)
    bound_row = t.rows_where(*BOUND_ROWS)

    t.constrain("the first byte of x is bounded", aux - x, block_rows(0))
    t.constrain("the first byte of y is bounded", aux[1] - y, block_rows(0))
    words = {"x": x, "y": y, "x AND y": both, "x XOR y": x + y - 2 * both, "x OR y": x + y - both}
    for cell, (name, word) in enumerate(words.items()):
        t.constrain(f"the strip holds {name}", aux[STRIP.value_row(cell) - LAST] - word, block_rows(LAST))
    STRIP.constrain(t, aux)

    def byte(prefix: Expression) -> Expression:
        return prefix - 256 * (1 - first) * prefix[-1]

    t.look_up(1, BITWISE_BYTES, byte(x), byte(y), byte(both))
    STRIP.look_up(t, aux, address_row)
    t.look_up(bound_row, RANGE_CHECK_16, SCALE * aux)
    return t.finish()


def unread(row: int, column: str) -> bool:
    """Cells that no formula reads: free and harmless."""
    return column == "aux" and row % BLOCK not in {*BOUND_ROWS, *STRIP.rows}


def fill(trace: Trace) -> Felts:
    """(4, 32 * instances, 4): the segment's instances in order, then disabled ones of zeros.

    Raises CellOutOfRange for an input that is not below 2^251.
    """
    instances = instances_of(trace, "bitwise", N_CELLS)
    words = instances.read(trace, list(kernel.from_ints([0] * N_CELLS)))
    x, y = (kernel.to_bytes(np.ascontiguousarray(words[:, i])) for i in (0, 1))
    for cell, digits in enumerate((x, y)):
        for number in np.flatnonzero(digits[:, 0] >= (1 << 16) // SCALE):
            word = int.from_bytes(digits[number].tobytes(), "big")
            raise CellOutOfRange("bitwise", int(instances.addresses[number]) + cell, word, "2^251")
    trace.byte_uses += np.bincount((x.astype(np.int64) * 256 + y).reshape(-1), minlength=1 << 16)
    aux = _aux(trace, x, y, instances, words)
    return np.stack([byte_prefixes(x), byte_prefixes(y), byte_prefixes(x & y), aux])


def _aux(trace: Trace, x: Digests, y: Digests, instances: Instances, words: Felts) -> Felts:
    aux = np.zeros((len(instances), BLOCK, 4), dtype=np.uint64)
    for row, digits in zip(BOUND_ROWS, (x, y), strict=True):
        first = digits[:, 0].astype(np.int64)
        trace.check_range_16(SCALE * first)
        aux[:, row] = kernel.from_ints(list(range(8)))[first]
    STRIP.fill(aux, instances, words)
    return aux.reshape(-1, 4)
