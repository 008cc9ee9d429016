"""Pairs of bytes and their AND: a preprocessed table of 2^16 rows, and how often each is used."""

from prover.cairo.components.tags import BITWISE_BYTES
from prover.cairo.trace import Trace, felts
from prover.kernel import Felts
from prover.stark.tables import Table, TableBuilder

LOG_HEIGHT = 16


def build() -> Table:
    t = TableBuilder("bitwise_bytes", log_height=LOG_HEIGHT)
    x, y, both = (t.preprocessed(name) for name in ("x", "y", "both"))
    t.provide(t.main("multiplicity"), BITWISE_BYTES, x, y, both)
    return t.finish()


def constants() -> tuple[tuple[int, ...], ...]:
    """The preprocessed columns."""
    rows = ((x, y, x & y) for x in range(256) for y in range(256))
    return tuple(zip(*rows, strict=True))


def fill(trace: Trace) -> Felts:
    """(1, 2^16, 4), after the operations have counted."""
    return felts(trace.byte_uses)[None]
