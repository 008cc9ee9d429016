"""Memory: row i *is* address 1 + i, so an address has one value by construction and holes need no filling.

What does not fit into the table cannot be read: its height bounds every address.
"""

from prover.cairo.components.tags import MEMORY
from prover.stark.tables import ALL_BUT_LAST, FIRST_ROW, Table, TableBuilder


def build() -> Table:
    t = TableBuilder("memory")
    address, word, multiplicity = t.main("address"), t.main("value"), t.main("multiplicity")
    t.constrain("the first address is 1", address - 1, FIRST_ROW)
    t.constrain("addresses grow by one", address[1] - address - 1, ALL_BUT_LAST)
    t.provide(multiplicity, MEMORY, address, word)
    return t.finish()
