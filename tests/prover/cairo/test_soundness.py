"""One cell of every column of every component is changed in turn.

The reference check names component, constraint and row; the prover refuses; the proof of one who does not is refused.
"""

import pytest

from freehold.testing.parameters import SMALL
from prover import kernel
from prover.algebra.field import PRIME
from prover.cairo.components import pedersen
from prover.cairo.prove import key_of, verify_proof
from prover.cairo.run import run_program
from prover.cairo.witness import make_witness
from prover.stark.errors import ConstraintViolated, LookupUnbalanced, ProofRefused, WitnessRefused
from prover.stark.expressions import MAIN, PREPROCESSED
from prover.stark.prover import Prover, prove
from prover.stark.reference_check import check_constraints, check_lookups, lookup_entries

BUILTINS = ("output", "pedersen", "range_check")


@pytest.fixture(scope="module")
def honest(hashes_program):
    """(shape, statement, witness as integers by table: [preprocessed, main])."""
    shape, statement, witness = make_witness(run_program(hashes_program, {"n": 3}))
    trees = []
    for constants, columns in zip(shape.preprocessed, witness.columns, strict=True):
        trees.append(([list(c) for c in constants], [kernel.to_ints(column) for column in columns]))
    return shape, statement, trees


def touched_rows(table, height: int, row: int) -> list[int]:
    """Rows whose constraints or lookups may read `row`."""
    offsets = {o for tree in (PREPROCESSED, MAIN) for column in table.columns[tree] for o in column.offsets}
    return sorted({(row - offset) % height for offset in offsets} | {row})


key = key_of(BUILTINS, SMALL)
COLUMNS = [
    (table, index, column.name)
    for table, part in enumerate(key.shape.tables)
    for index, column in enumerate(part.columns[MAIN])
]


def test_the_honest_witness_passes_the_reference_check(honest):
    shape, statement, trees = honest
    values = statement.values()
    for table, columns in zip(shape.tables, trees, strict=True):
        height = len(columns[MAIN][0])
        rows = range(height) if height <= 1 << 10 else [0, 1, height // 2, height - 2, height - 1]
        check_constraints(table, columns, values, rows)


@pytest.mark.slow
def test_the_honest_lookups_balance(honest):
    shape, statement, trees = honest
    values = statement.values()
    entries = [lookup_entries(t, c, values) for t, c in zip(shape.tables, trees, strict=True)]
    check_lookups(entries, statement.accesses())


EVERY_COLUMN = pytest.mark.parametrize(
    ("table", "column", "name"), COLUMNS, ids=[f"{key.shape.tables[t].name}-{n}" for t, _, n in COLUMNS]
)


def is_free(part, trees, name: str, row: int) -> bool:
    """Cells that nothing reads, listed one by one: unread rows of `aux`, values at addresses that nobody reads."""
    if part.name == "pedersen":
        return pedersen.unread(row, name)
    return name == "value" and not trees[MAIN][2][row]


@EVERY_COLUMN
def test_the_reference_check_names_a_changed_cell(honest, table, column, name):
    """Table, constraint and row; or the lookups of the rows around it change, which unbalances them."""
    shape, statement, trees = honest
    part, values = shape.tables[table], statement.values()
    names = {constraint.name for constraint in part.constraints}
    cells, changed = trees[table][MAIN][column], 0
    height = len(cells)
    for row in sorted({0, 1, 7, 12, 25, 31, height // 2, height - 1}):
        if is_free(part, trees[table], name, row):
            continue
        rows = touched_rows(part, height, row)
        before = lookup_entries(part, trees[table], values, rows)
        kept, cells[row] = cells[row], (cells[row] + 1) % PRIME
        try:
            check_constraints(part, trees[table], values, rows)
            assert lookup_entries(part, trees[table], values, rows) != before, f"row {row} changes nothing"
        except ConstraintViolated as error:
            assert error.table == part.name and error.constraint in names and error.row in rows
        finally:
            cells[row] = kept
        changed += 1
    assert changed, f"no row of {name} was tried"


class Shameless(Prover):
    """Sends what an honest prover would not."""

    def refuse(self, cause: ProofRefused) -> None:
        self.refused = True


def changed_witness(program, table: int, column: int):
    """(statement, witness) with one cell changed, in a row that is read."""
    _, statement, witness = make_witness(run_program(program, {"n": 3}))
    cell = witness.columns[table][column, 12:13]
    cell[...] = kernel.add(cell.copy(), kernel.from_ints([1]))
    return statement, witness


def refuse(program, table: int, column: int) -> None:
    """The honest prover names what is broken; what a shameless one sends is refused."""
    statement, witness = changed_witness(program, table, column)
    with pytest.raises(WitnessRefused) as refusal:
        prove(key, statement, witness)
    error = refusal.value
    assert isinstance(error, ConstraintViolated | LookupUnbalanced)
    assert isinstance(error, LookupUnbalanced) or error.table == key.shape.tables[table].name
    shameless = Shameless(key, *changed_witness(program, table, column), lambda stage: None)
    with pytest.raises(ProofRefused):
        verify_proof(shameless.prove(), program, SMALL)
    assert shameless.refused


@pytest.mark.parametrize("table", range(len(key.shape.tables)), ids=[part.name for part in key.shape.tables])
def test_no_proof_of_a_changed_column_verifies(hashes_program, table):
    """The first column of each component; every column is in the slow twin below."""
    refuse(hashes_program, table, 0)


@pytest.mark.slow
@EVERY_COLUMN
def test_no_proof_of_any_changed_column_verifies(hashes_program, table, column, name):
    refuse(hashes_program, table, column)


def test_a_shameless_prover_with_an_honest_witness_is_accepted(hashes_program):
    _, statement, witness = make_witness(run_program(hashes_program, {"n": 3}))
    assert verify_proof(Shameless(key, statement, witness, lambda stage: None).prove(), hashes_program, SMALL)
