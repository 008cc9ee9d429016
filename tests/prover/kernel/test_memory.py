"""Big arrays: none shares memory with another, and what was given back is used again."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prover import kernel

MIB = 1 << 20
steps = st.lists(st.tuples(st.integers(1, 9), st.integers(0, 7)), min_size=1, max_size=40)


@given(steps)
@settings(max_examples=50, deadline=None)
def test_arrays_keep_what_was_written(steps):
    """Arrays of some MiB in eight places, each filled with a number of its own; a place taken again frees its array."""
    held: dict[int, tuple[np.ndarray, int]] = {}
    for number, (size, place) in enumerate(steps):
        held.pop(place, None)
        array = kernel.empty((size * MIB // 8,))
        array[:: MIB // 32] = number
        array[-1] = number
        held[place] = (array, number)
        for kept, written in held.values():
            assert (kept[:: MIB // 32] == written).all() and kept[-1] == written


def test_freed_memory_is_used_again():
    """Neighbours given back make room for a larger one."""
    small = [kernel.empty((4 * MIB // 8,)) for _ in range(8)]
    places = {array.ctypes.data for array in small}
    small.clear()
    again = kernel.empty((8 * MIB // 8,))
    assert again.ctypes.data in places


def test_an_array_that_cannot_be_is_refused():
    with pytest.raises(MemoryError, match="no memory for an array of"):
        kernel.empty((1 << 50,))
