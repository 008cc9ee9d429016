"""Step 2 of the prover: the interaction columns of the LogUp argument, from the main columns and two challenges."""

from __future__ import annotations

from prover import kernel
from prover.kernel import Felts
from prover.stark.errors import FractionUndefined
from prover.stark.tables import Table, fraction
from prover.stark.vector_program import Columns, compile_program


def interaction_columns(table: Table, columns: Columns, values: dict[str, int], height: int) -> tuple[Felts, int]:
    """(W, n, 4) helpers and running sum, and the table's sum.

    Helper g holds the sum of its group's fractions; the running sum grows by all helpers and the last group less
    the mean, so that it is cyclic. Raises FractionUndefined if a denominator is zero.
    """
    fractions = [fraction(group) for group in table.lookups]
    program = compile_program([part for pair in fractions for part in pair])
    sums, denominators = kernel.empty((2, len(fractions), height, 4))
    outputs = [part for pair in zip(sums, denominators, strict=True) for part in pair]
    program.run(columns, values, outputs)
    flat = denominators.reshape(-1, 4)
    try:
        kernel.inverse(flat, out=flat)
    except ZeroDivisionError:
        raise FractionUndefined(table.name) from None
    kernel.mul(sums, denominators, out=sums)

    steps = sums[-1]
    for helper in sums[:-1]:
        kernel.add(steps, helper, out=steps)
    return sums, kernel.running_sum(steps)
