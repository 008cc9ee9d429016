"""A run as arrays: what the components' witnesses are filled from, and the lookups they count on the way."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from prover import kernel
from prover.cairo.errors import CairoError
from prover.cairo.execution import Run
from prover.kernel import Felts, Ints, Words
from prover.kernel.pedersen_points import N_WINDOWS, WINDOW_SIZE
from prover.stark.parameters import MIN_LOG_HEIGHT


class AddressOutOfMemory(CairoError):
    def __init__(self, address: int, size: int) -> None:
        super().__init__(f"the run reads address {address}, its memory ends at {size - 1}")


def felts(numbers: NDArray[Any], out: Felts | None = None) -> Felts:
    """Non-negative integers below 2^64, or booleans, as field elements (n, 4)."""
    return kernel.from_words(numbers, out)


class Trace:
    """`felts[address]`: memory as field elements; `limbs[address]`: the same as four little-endian 64-bit words.

    Cells that the run never wrote are 0, which is as good as any other value: nobody reads them.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        data = b"".join([(word or 0).to_bytes(32, "big") for word in run.memory])
        raw = np.frombuffer(data, dtype=np.uint8).reshape(-1, 32)
        self.felts = kernel.from_bytes(raw)
        self.limbs: Words = np.ascontiguousarray(raw.view(">u8")[:, ::-1].astype(np.uint64))
        self.memory_uses = np.zeros(len(self.felts), dtype=np.int64)
        self.range_check_uses = np.zeros(1 << 16, dtype=np.int64)
        self.window_uses = np.zeros(2 * N_WINDOWS * WINDOW_SIZE, dtype=np.int64)
        self.byte_uses = np.zeros(1 << 16, dtype=np.int64)

    def read(self, addresses: Ints, out: Felts | None = None) -> Felts:
        """The cells at `addresses` as field elements, counted as accesses."""
        outside = (addresses < 1) | (addresses >= len(self.felts))
        if outside.any():
            raise AddressOutOfMemory(int(addresses[outside][0]), len(self.felts))
        self.memory_uses += np.bincount(addresses, minlength=len(self.felts))
        return np.take(self.felts, addresses, axis=0, out=out, mode="clip")  # other modes copy `out`

    def check_range_16(self, numbers: NDArray[Any], out: Felts | None = None) -> Felts:
        """16-bit numbers as field elements, counted as lookups."""
        self.range_check_uses += np.bincount(numbers.reshape(-1).astype(np.int64), minlength=1 << 16)
        return felts(numbers, out)


def padded_log_height(rows: int, smallest: int = MIN_LOG_HEIGHT) -> int:
    """log2 of the least table that holds `rows`."""
    return max(smallest, (rows - 1).bit_length() if rows > 1 else 0)
