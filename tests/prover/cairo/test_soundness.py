"""One cell of every column of every component is changed in turn: the reference check names table and row."""

import pytest
from small_proofs import SMALL

from prover import kernel
from prover.algebra.field import PRIME
from prover.cairo.components import pedersen
from prover.cairo.prove import key_of, verify_proof
from prover.cairo.run import run_program
from prover.cairo.witness import make_witness
from prover.stark.errors import ConstraintViolated, ProofRefused, WitnessRefused
from prover.stark.expressions import MAIN, PREPROCESSED
from prover.stark.prover import prove
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


COLUMNS = [
    (table, index, column.name)
    for table, part in enumerate(key_of(BUILTINS, SMALL).shape.tables)
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


@pytest.mark.parametrize(("table", "column", "name"), COLUMNS, ids=[f"{t}-{n}" for t, _, n in COLUMNS])
def test_a_changed_cell_is_noticed(honest, table, column, name):
    shape, statement, trees = honest
    part, values = shape.tables[table], statement.values()
    cells = trees[table][MAIN][column]
    height = len(cells)
    for row in sorted({0, 1, 7, 12, 25, 31, height // 2, height - 1}):
        if part.name == "pedersen" and pedersen.unread(row, name):
            continue
        if name == "value" and not trees[table][MAIN][2][row]:
            continue  # an address that nobody reads may hold anything
        rows = touched_rows(part, height, row)
        before = lookup_entries(part, trees[table], values, rows)
        kept, cells[row] = cells[row], (cells[row] + 1) % PRIME
        try:
            check_constraints(part, trees[table], values, rows)
            assert lookup_entries(part, trees[table], values, rows) != before, f"row {row} changes nothing"
        except ConstraintViolated as error:
            assert error.table == part.name and error.row in rows
        finally:
            cells[row] = kept


@pytest.mark.parametrize("table", range(6))
def test_no_proof_of_a_changed_witness_verifies(hashes_program, table):
    """One column of each component; every column is in the slow twin below."""
    refuse(hashes_program, table, 0, 3)


@pytest.mark.slow
@pytest.mark.parametrize(("table", "column", "name"), COLUMNS, ids=[f"{t}-{n}" for t, _, n in COLUMNS])
def test_no_proof_of_any_changed_column_verifies(hashes_program, table, column, name):
    refuse(hashes_program, table, column, 12)


def refuse(program, table: int, column: int, row: int) -> None:
    key = key_of(BUILTINS, SMALL)
    _, statement, witness = make_witness(run_program(program, {"n": 3}))
    cell = witness.columns[table][column, row : row + 1]
    cell[...] = kernel.add(cell.copy(), kernel.from_ints([1]))
    with pytest.raises((WitnessRefused, ProofRefused)):
        verify_proof(prove(key, statement, witness), program, SMALL)
