"""The numbers of `docs/soundness.md` are those of the code, and no proof is larger than the sizes that they are of."""

from __future__ import annotations

import pytest

from prover.cairo.shapes import shape_of
from prover.cairo.statement import MAX_OUTPUT
from prover.codegen.shapes import SHAPES
from prover.stark.layout import make_layout
from prover.stark.parameters import GENEROUS, MAX_LOG_DEGREE, MAX_OPENINGS, MAX_TUPLE, NAMED
from tests.support.paths import ROOT

PAGE = (ROOT / "docs/soundness.md").read_text()


def rows() -> dict[str, list[str]]:
    """Term -> its numbers, of the table that names the sets."""
    _, _, table = PAGE.partition(f"| term | {' | '.join(NAMED)} |")
    lines = table.partition("\n\n")[0].splitlines()[2:]
    cells = [[cell.strip(" *") for cell in line.strip("|").split("|")] for line in lines]
    return {name: numbers for name, *numbers in cells}


def test_the_page_has_the_numbers_of_the_code():
    sets = list(NAMED.values())
    terms = {name: [f"{one.terms(GENEROUS)[name]:.1f}" for one in sets] for name in sets[0].terms(GENEROUS)}
    assert rows() == terms | {"proven": [f"{one.proven_bits():.1f}" for one in sets]}
    assert f"2^{MAX_LOG_DEGREE}" in PAGE


@pytest.mark.parametrize("builtins", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("parameters", NAMED.values(), ids=NAMED)
def test_no_proof_is_larger_than_the_stated_sizes(builtins, parameters):
    """Every table that may grow is as high as the greatest degree lets it be."""
    shape = shape_of(builtins)
    greatest = MAX_LOG_DEGREE - max(parameters.log_packing)
    heights = tuple(greatest if table.log_height is None else table.log_height for table in shape.tables)
    layout = make_layout(shape, heights, parameters)
    assert layout.log_degree == MAX_LOG_DEGREE
    assert layout.n_terms() <= GENEROUS.n_terms and shape.n_constraints <= GENEROUS.n_constraints
    fractions = [sum(map(len, table.lookups)) << log for log, table in zip(heights, shape.tables, strict=True)]
    assert sum(fractions) + 2 * MAX_OUTPUT <= GENEROUS.n_lookups  # output, program and frame are fewer than that
    assert max(len(group.offsets) for group in layout.groups) <= MAX_OPENINGS


def test_a_looked_up_tuple_has_no_more_words():
    tables = [table for builtins in SHAPES.values() for table in shape_of(builtins).tables]
    assert max(len(one.entry) for table in tables for group in table.lookups for one in group) <= MAX_TUPLE
