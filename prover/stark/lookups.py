"""Step 2 of the prover: the interaction columns of the LogUp argument, from the main columns and two challenges."""

from __future__ import annotations

import numpy as np

from prover import kernel
from prover.algebra.field import PRIME
from prover.stark.constraint_program import compile_program
from prover.stark.tables import Table, fraction


def interaction_columns(
    table: Table, columns: dict[tuple[str, int, int], np.ndarray], values: dict[str, int], height: int
) -> tuple[np.ndarray, int]:
    """(W, n, 4) helpers and running sum, and the table's sum.

    Helper g holds the sum of its group's fractions; the running sum grows by all helpers and the last group less
    the mean, so that it is cyclic.
    """
    fractions = [fraction(group) for group in table.lookups]
    program = compile_program([part for pair in fractions for part in pair])
    outputs = program.run(columns, values, height)
    numerators = np.ascontiguousarray(outputs[0::2]).reshape(-1, 4)
    denominators = np.ascontiguousarray(outputs[1::2]).reshape(-1, 4)
    sums = kernel.mul(numerators, kernel.inverse(denominators)).reshape(len(fractions), height, 4)

    steps = sums[0]
    for part in sums[1:]:
        steps = kernel.add(steps, part)
    prefix = prefix_sums(steps)
    total = kernel.to_ints(prefix[-1:])[0]
    mean = total * pow(height, -1, PRIME) % PRIME
    mean_steps = kernel.mul(_row_numbers(height), kernel.from_ints([mean])[0])
    running = np.zeros((height, 4), dtype=np.uint64)
    running[1:] = prefix[:-1]
    return np.concatenate([sums[:-1], kernel.sub(running, mean_steps)[None]]), total


def prefix_sums(terms: np.ndarray) -> np.ndarray:
    """Inclusive, by doubling: log n vector additions."""
    sums, step = terms, 1
    while step < len(terms):
        longer = sums.copy()
        longer[step:] = kernel.add(np.ascontiguousarray(sums[step:]), np.ascontiguousarray(sums[:-step]))
        sums, step = longer, 2 * step
    return sums


def _row_numbers(height: int) -> np.ndarray:
    """0, 1, 2, ... as field elements."""
    return prefix_sums(np.concatenate([kernel.from_ints([0]), np.tile(kernel.from_ints([1]), (height - 1, 1))]))
