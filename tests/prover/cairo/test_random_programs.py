"""Random valid programs: our machine beside cairo-lang's, the reference check on honest and on changed witnesses."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from prover import kernel
from prover.algebra.field import PRIME
from prover.cairo.components.tags import RANGE_CHECK_16
from prover.cairo.execution import Run
from prover.cairo.program import Program
from prover.cairo.run import run_program
from prover.cairo.witness import make_witness
from prover.stark.errors import ConstraintViolated, LookupUnbalanced
from prover.stark.expressions import MAIN
from prover.stark.reference_check import check_constraints, check_lookups, lookup_entries
from tests.support import random_programs, reference_machine
from tests.support.run_comparison import assert_same_run

EVERY_STEP = [(which, 2 * which + 1, 3, 5) for which in [0, *range(13), 9, 12]]
some = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))


def run_of(choices) -> tuple[dict, Run, list[int]]:
    body = random_programs.write_body(choices)
    document = random_programs.document_of(body)
    return document, run_program(Program.from_json(document)), body.output


@given(random_programs.steps)
@example(EVERY_STEP)
@some
def test_our_machine_agrees_with_the_reference_machine(choices):
    document, ours, output = run_of(choices)
    assert list(ours.output) == output
    assert_same_run(ours, reference_machine.run(document, None))


class Committed:
    """Everything a prover commits to, as integers, and the statement; changed one cell at a time."""

    def __init__(self, run: Run) -> None:
        self.shape, self.statement, witness = make_witness(run)
        self.trees = [[[], [kernel.to_ints(column) for column in columns]] for columns in witness.columns]

    def check(self) -> None:
        """Raises WitnessRefused."""
        entries = []
        for table, trees in zip(self.shape.tables, self.trees, strict=True):
            height = len(trees[MAIN][0])
            if table.name == "range_check_16":  # long and simple: numbers and multiplicities are taken as they stand
                rows = {0, 1, height - 1, *self.changed_rows(table.name)}
                check_constraints(table, trees, self.statement.values(), [r % height for r in rows])
                numbers, uses = trees[MAIN]
                used = {number: -count for number, count in zip(numbers, uses, strict=True) if count}
                entries.append(Counter({(RANGE_CHECK_16, number): count for number, count in used.items()}))
            else:
                check_constraints(table, trees, self.statement.values(), range(height))
                entries.append(lookup_entries(table, trees, self.statement.values()))
        check_lookups(entries, self.statement.accesses())

    changed: tuple[str, int] | None = None

    def changed_rows(self, name: str) -> set[int]:
        return {self.changed[1] - 1, self.changed[1]} if self.changed and self.changed[0] == name else set()

    def change(self, table: int, column: int, row: int, delta: int) -> None:
        cells = self.trees[table][MAIN][column]
        cells[row] = (cells[row] + delta) % PRIME
        self.changed = self.shape.tables[table].name, row

    def is_free(self, table: int, column: int, row: int) -> bool:
        """A word that nobody reads; res of a conditional jump that goes on."""
        part = self.shape.tables[table]
        named = dict(zip((c.name for c in part.columns[MAIN]), self.trees[table][MAIN], strict=True))
        name = part.columns[MAIN][column].name
        if part.name == "memory":
            return name == "value" and not named["multiplicity"][row]
        return part.name == "cpu" and name == "res" and named["pc_jnz"][row] == 1 and named["dst"][row] == 0


@given(random_programs.steps, st.data())
@example(EVERY_STEP, None)
@some
def test_an_honest_witness_is_accepted_and_each_changed_cell_refused(choices, data):
    committed = Committed(run_of(choices)[1])
    committed.check()
    if data is None:
        return
    table = data.draw(st.sampled_from([0, 0, 1, 1, 2]), "table")
    columns = committed.trees[table][MAIN]
    column = data.draw(st.integers(0, len(columns) - 1), "column")
    row = data.draw(st.integers(0, len(columns[0]) - 1), "row")
    free = committed.is_free(table, column, row)
    committed.change(table, column, row, data.draw(random_programs.number.filter(bool), "delta"))
    if free:
        return committed.check()
    with pytest.raises((ConstraintViolated, LookupUnbalanced)):
        committed.check()


@given(random_programs.steps, st.data())
@some
def test_no_other_public_outcome_fits_the_witness(choices, data):
    """Another output word, a longer or a shorter output, other ends of a segment, other registers, another program."""
    committed = Committed(run_of([*choices, (11, 1, 0, 0)])[1])
    honest = committed.statement
    output, (start, stop) = honest.output, honest.segments[0]
    place = data.draw(st.integers(0, len(output) - 1))
    word = (output[place] + data.draw(random_programs.number.filter(bool))) % PRIME
    others = {
        "word": {"output": (*output[:place], word, *output[place + 1 :])},
        "longer": {"output": (*output, word), "segments": ((start, stop + 1),)},
        "shorter": {"output": output[:-1], "segments": ((start, stop - 1),)},
        "moved": {"segments": ((start + 1, stop + 1),)},
        "final ap": {"final_ap": honest.final_ap + 1},
        "initial ap": {"initial_ap": honest.initial_ap + 1},
        "program": {"program": (*honest.program[:-1], word)},
    }
    committed.statement = replace(honest, **others[data.draw(st.sampled_from(sorted(others)))])
    with pytest.raises((ConstraintViolated, LookupUnbalanced)):
        committed.check()
    committed.statement = honest
    committed.check()
