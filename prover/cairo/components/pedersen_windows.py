"""The windows of Pedersen's four points: a preprocessed table of 2^14 rows and how often each is used.

Entry `digit` of window `w` of a point is `(digit + 1) * 2^(8*w) * P`, never infinity. The window number is a term of
its own in the tuple: folded into the digit, digit `256 + e` of one window would be answered by the next one.
"""

import numpy as np

from prover.cairo.trace import Trace, felts
from prover.kernel import Digests, Felts, Ints
from prover.kernel.pedersen_points import window_rows
from prover.stark.tables import Table, TableBuilder

LOG_HEIGHT = 14


def build() -> Table:
    t = TableBuilder("pedersen_windows", log_height=LOG_HEIGHT)
    tag, digit, x, y = (t.preprocessed(name) for name in ("tag", "digit", "x", "y"))
    t.provide(t.main("multiplicity"), tag, digit, x, y)
    return t.finish()


def constants() -> tuple[tuple[int, ...], ...]:
    """The preprocessed columns."""
    return tuple(zip(*window_rows(), strict=True))


def count_uses(inputs: list[Digests]) -> Ints:
    """How often each row is used by the hashes of two columns of big-endian inputs (m, 32)."""
    rows = [
        (32 * half + 31 - byte) * 256 + column[:, byte].astype(np.int64)
        for half, column in enumerate(inputs)
        for byte in range(32)
    ]
    return np.bincount(np.concatenate(rows), minlength=1 << LOG_HEIGHT)


def fill(trace: Trace) -> Felts:
    """(1, 2^14, 4), after the hashes have counted."""
    return felts(trace.window_uses)[None]
