"""The numbers 0 to 2^16 - 1, each with how often it is used. The height is fixed: more rows would admit more."""

import numpy as np

from prover.cairo.components.tags import RANGE_CHECK_16
from prover.cairo.trace import Trace, felts
from prover.kernel import Felts
from prover.stark.tables import ALL_BUT_LAST, FIRST_ROW, Table, TableBuilder

LOG_HEIGHT = 16


def build() -> Table:
    t = TableBuilder("range_check_16", log_height=LOG_HEIGHT)
    number, multiplicity = t.main("number"), t.main("multiplicity")
    t.constrain("the first number is 0", number, FIRST_ROW)
    t.constrain("numbers grow by one", number[1] - number - 1, ALL_BUT_LAST)
    t.provide(multiplicity, RANGE_CHECK_16, number)
    return t.finish()


def fill(trace: Trace) -> Felts:
    """(2, 2^16, 4), after every user has counted."""
    return np.stack([felts(np.arange(1 << LOG_HEIGHT)), felts(trace.range_check_uses)])
