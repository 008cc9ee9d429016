"""The range_check builtin: each cell of its segment holds a number below 2^128, shown by eight 16-bit limbs.

`address` begins at the segment's start and grows by one with each enabled row, so every cell of [start, stop) is
read by an enabled row. The sum of the limbs is below 2^128 < p, so the limbs are unique.
"""

import numpy as np

from prover import kernel
from prover.cairo.components.tags import MEMORY, RANGE_CHECK_16
from prover.cairo.errors import CellOutOfRange
from prover.cairo.trace import Trace, felts, padded_log_height
from prover.kernel import Felts
from prover.stark.tables import ALL_BUT_LAST, FIRST_ROW, LAST_ROW, Table, TableBuilder

N_LIMBS = 8


def build() -> Table:
    return table("range_check", N_LIMBS)


def table(name: str, n_limbs: int) -> Table:
    """Also for numbers of another length, which need their sum below p as well."""
    t = TableBuilder(name)
    address, enabled = t.main("address"), t.main("enabled")
    limbs = [t.main(f"limb_{i}") for i in range(n_limbs)]
    t.constrain("enabled is boolean", enabled * (enabled - 1))
    t.constrain("begins at the segment's start", address - t.public("start"), FIRST_ROW)
    t.constrain("an enabled row moves on", address[1] - address - enabled, ALL_BUT_LAST)
    t.constrain("ends at the segment's stop", address + enabled - t.public("stop"), LAST_ROW)
    for limb in limbs:
        t.look_up(1, RANGE_CHECK_16, limb)
    t.look_up(enabled, MEMORY, address, sum((1 << 16 * i) * limb for i, limb in enumerate(limbs)))
    return t.finish()


def fill(trace: Trace) -> Felts:
    """(10, n, 4). Raises CellOutOfRange."""
    return columns(trace, "range_check", N_LIMBS)


def columns(trace: Trace, name: str, n_limbs: int) -> Felts:
    """The segment's cells in order, then disabled rows that stand at its stop. `n_limbs` is at most 8."""
    start, stop = trace.run.segments[name]
    height = 1 << padded_log_height(stop - start)
    addresses = np.minimum(np.arange(start, start + height), stop)
    enabled = addresses < stop
    trace.read(addresses[enabled])
    words = np.zeros((height, 4), dtype=np.uint64)
    words[enabled] = trace.limbs[addresses[enabled]]
    limbs = [words[:, i // 4] >> np.uint64(16 * (i % 4)) & np.uint64(0xFFFF) for i in range(8)]
    beyond = [*limbs[n_limbs:], words[:, 2], words[:, 3]]
    for address in addresses[np.any(beyond, axis=0)]:
        raise CellOutOfRange(name, int(address), trace.run.memory[address], f"2^{16 * n_limbs}")
    made = kernel.empty((2 + n_limbs, height, 4))
    felts(addresses, out=made[0])
    felts(enabled, out=made[1])
    for limb, column in zip(limbs, made[2:], strict=False):
        trace.check_range_16(limb, out=column)
    return made
