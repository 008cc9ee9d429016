"""Shorter proofs that were weighed and not built, by the byte model (docs/decisions/0009-fri-stays.md)."""

import math
import random
from dataclasses import replace

import pytest

from prover.cairo.components import cpu
from prover.cairo.components.tags import RANGE_CHECK_16
from prover.cairo.shapes import shape_of
from prover.cairo.sizes import typical_heights
from prover.stark.expressions import INTERACTION, MAIN, cell
from prover.stark.layout import make_layout
from prover.stark.merkle import sibling_places
from prover.stark.parameters import DEFAULT, NAMED, Parameters
from prover.stark.proof_size import DRAWS, committed_cells, expected_size, fri_opening
from prover.stark.shape import Shape
from prover.stark.tables import TableBuilder

EXCHANGE = ("output", "pedersen", "range_check", "ecdsa")
STATEMENT_WORDS = 12
INSTRUCTION = 99


def whole(parameters: Parameters) -> Parameters:
    return replace(parameters, part_queries=parameters.n_queries)


class DecodeByLookup(TableBuilder):
    """The CPU without what a table of decoded instructions would answer for: ranges of offsets, boolean flags."""

    def look_up(self, multiplicity, tag, *entry):
        if tag != RANGE_CHECK_16:
            super().look_up(multiplicity, tag, *entry)

    def constrain(self, name, zero, *rows):
        if not name.startswith(("flag ", "at most one flag")):
            super().constrain(name, zero, *rows)

    def finish(self):
        super().look_up(1, INSTRUCTION, cell(MAIN, 0))
        return super().finish()


def instruction_table():
    """A row for each instruction word: flags, offsets, and how often it is executed."""
    t = TableBuilder("instructions")
    flags = [t.main(name) for name in cpu.FLAG_NAMES]
    offsets = [t.main(name) for name in ("off_dst", "off_op0", "off_op1")]
    for flag in flags:
        t.constrain("boolean", flag * (flag - 1))
    for offset in offsets:
        t.look_up(1, RANGE_CHECK_16, offset)
    t.provide(t.main("count"), INSTRUCTION, sum(flags[1:], flags[0]))
    return t.finish()


def test_decoding_by_lookup_saves_no_bytes(monkeypatch):
    """It takes a helper column from the CPU and brings a table of nineteen columns: the flags are read one by one."""
    shape = shape_of(EXCHANGE)
    monkeypatch.setattr(cpu, "TableBuilder", DecodeByLookup)
    tables = (cpu.build(), *shape.tables[1:], instruction_table())
    twin = Shape("decode_by_lookup", tables, (*shape.preprocessed, ()))
    saved = len(shape.tables[0].columns[INTERACTION]) - len(twin.tables[0].columns[INTERACTION])
    assert saved == 3  # a helper and the two slices of its quotient
    for parameters in (DEFAULT, NAMED["final"]):
        for log_instructions in (8, 11, 13):
            heights = typical_heights(shape, 16)
            built = expected_size(shape, heights, whole(parameters), STATEMENT_WORDS)
            other = expected_size(twin, (*heights, log_instructions), whole(parameters), STATEMENT_WORDS)
            assert other.bytes > built.bytes


def folding_rounds(log_degree: int, log_blowup: int, grinding: int) -> list[tuple[int, int, int]]:
    """(log2 of the oracle's size, folds, queries) of each oracle: folds of 8, the domain halved between oracles."""
    rounds, log_size = [], log_degree + log_blowup
    while log_degree > 7:
        folds = min(3, log_degree - 7)
        rate = log_size - log_degree
        queries = math.ceil((100 - grinding) / (rate / 2 - math.log2(1 + 1 / 512)))
        rounds.append((log_size, folds, queries))
        log_degree, log_size = log_degree - folds, log_size - 1
    return rounds


def constrained_folding(shape: Shape, heights, parameters: Parameters, log_blowup: int) -> float:
    """Bytes with constrained folding in place of FRI, its first oracle at rate 1/2^log_blowup."""
    fri = expected_size(shape, heights, parameters, STATEMENT_WORDS)
    log_degree = make_layout(shape, heights, parameters).log_degree
    plan = parameters.fri_plan(log_degree)
    rounds = folding_rounds(log_degree, log_blowup, parameters.grinding_bits)
    generator = random.Random(2)
    changed = 0
    for _ in range(DRAWS):
        domain = 1 << log_degree + parameters.log_blowup
        positions = sorted({generator.randrange(domain) for _ in range(parameters.n_queries)})
        words, siblings = fri_opening(parameters, log_degree, positions)
        changed -= 32 * words + parameters.digest_bytes * siblings
        for log_size, folds, queries in rounds:
            leaves = {generator.randrange(1 << log_size - folds) for _ in range(queries)}
            changed += 32 * (len(leaves) << folds)
            changed += parameters.digest_bytes * len(sibling_places(sorted(leaves), log_size - folds))
    header = sum(3 + 2 * folds for _, folds, _ in rounds) + (1 << log_degree - sum(folds for _, folds, _ in rounds))
    header -= len(plan) + (1 << log_degree - sum(plan))
    return fri.bytes + changed / DRAWS + 32 * header


@pytest.mark.parametrize(
    ("name", "log_blowup", "least", "most"),
    [("default", 4, 6_000, 8_500), ("default", 7, 18_000, 21_000), ("final", 7, 2_000, 5_000)],
)
def test_what_constrained_folding_would_save(name, log_blowup, least, most):
    shape = shape_of(EXCHANGE)
    heights = typical_heights(shape, 16)
    parameters = whole(NAMED[name])
    fri = expected_size(shape, heights, parameters, STATEMENT_WORDS).bytes
    saved = fri - constrained_folding(shape, heights, parameters, log_blowup)
    log_degree = make_layout(shape, heights, parameters).log_degree
    cells = committed_cells(shape, heights, parameters)
    more = sum(1 << log_size for log_size, _, _ in folding_rounds(log_degree, log_blowup, 24)) / cells
    print(f"{name}, oracle at 1/{1 << log_blowup}: {fri:.0f} bytes, saves {saved:.0f}, oracles {more:.0%} of the cells")
    assert least < saved < most
