"""Memory: row i *is* address 1 + i, so an address has one value by construction and holes need no filling.

What does not fit into the table cannot be read: its height bounds every address.
"""

import numpy as np

from prover import kernel
from prover.cairo.components.tags import MEMORY
from prover.cairo.trace import Trace, felts, padded_log_height
from prover.kernel import Felts
from prover.stark.tables import ALL_BUT_LAST, FIRST_ROW, Table, TableBuilder


def build() -> Table:
    t = TableBuilder("memory")
    address, word, multiplicity = t.main("address"), t.main("value"), t.main("multiplicity")
    t.constrain("the first address is 1", address - 1, FIRST_ROW)
    t.constrain("addresses grow by one", address[1] - address - 1, ALL_BUT_LAST)
    t.provide(multiplicity, MEMORY, address, word)
    return t.finish()


def fill(trace: Trace) -> Felts:
    """(3, n, 4); every other component and the statement have counted their accesses by now."""
    used = len(trace.felts) - 1
    made = kernel.empty((3, 1 << padded_log_height(used), 4))
    address, word, multiplicity = made
    felts(np.arange(1, len(address) + 1), out=address)
    word[:used], word[used:] = trace.felts[1:], 0
    felts(trace.memory_uses[1:], out=multiplicity[:used])
    multiplicity[used:] = 0
    return made
