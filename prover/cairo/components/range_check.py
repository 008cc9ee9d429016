"""The range_check builtin: each cell of its segment holds a number below 2^128, shown by eight 16-bit limbs.

`address` begins at the segment's start and grows by one with each enabled row, so every cell of [start, stop) is
read by an enabled row. The sum of the limbs is below 2^128 < p, so the limbs are unique.
"""

import numpy as np

from prover.cairo.components.tags import MEMORY, RANGE_CHECK_16
from prover.cairo.errors import CellOutOfRange
from prover.cairo.trace import Trace, bits, felts, padded_log_height
from prover.stark.tables import ALL_BUT_LAST, FIRST_ROW, LAST_ROW, Table, TableBuilder

N_LIMBS = 8


def build() -> Table:
    t = TableBuilder("range_check")
    address, enabled = t.main("address"), t.main("enabled")
    limbs = [t.main(f"limb_{i}") for i in range(N_LIMBS)]
    t.constrain("enabled is boolean", enabled * (enabled - 1))
    t.constrain("begins at the segment's start", address - t.public("start"), FIRST_ROW)
    t.constrain("an enabled row moves on", address[1] - address - enabled, ALL_BUT_LAST)
    t.constrain("ends at the segment's stop", address + enabled - t.public("stop"), LAST_ROW)
    for limb in limbs:
        t.look_up(1, RANGE_CHECK_16, limb)
    t.look_up(enabled, MEMORY, address, sum((1 << 16 * i) * limb for i, limb in enumerate(limbs)))
    return t.finish()


def fill(trace: Trace) -> np.ndarray:
    """(10, n, 4): the segment's cells in order, then disabled rows that stand at its stop.

    Raises CellOutOfRange.
    """
    start, stop = trace.run.segments["range_check"]
    height = 1 << padded_log_height(stop - start)
    addresses = np.minimum(np.arange(start, start + height), stop)
    enabled = addresses < stop
    trace.read(addresses[enabled])
    for address in addresses[enabled][trace.limbs[addresses[enabled], 2:].any(axis=1)]:
        raise CellOutOfRange("range_check", int(address), trace.run.memory[address], "2^128")
    low = np.zeros((height, 2), dtype=np.uint64)
    low[enabled] = trace.limbs[addresses[enabled], :2]
    limbs = [low[:, i // 4] >> np.uint64(16 * (i % 4)) & np.uint64(0xFFFF) for i in range(N_LIMBS)]
    return np.stack([felts(addresses), bits(enabled), *(trace.check_range_16(limb) for limb in limbs)])
