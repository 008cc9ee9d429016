"""The range_check96 builtin: each cell of its segment holds a number below 2^96; `range_check.py` with six limbs."""

from prover.cairo.components import range_check
from prover.cairo.trace import Trace
from prover.kernel import Felts
from prover.stark.tables import Table

N_LIMBS = 6


def build() -> Table:
    return range_check.table("range_check96", N_LIMBS)


def fill(trace: Trace) -> Felts:
    """(8, n, 4). Raises CellOutOfRange."""
    return range_check.columns(trace, "range_check96", N_LIMBS)
