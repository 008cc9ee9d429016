"""Generated shapes: fresh, small enough, and equal to the plain evaluator on every constraint."""

from __future__ import annotations

import random

import ape
import pytest

from freehold.chain.verifier import data_contract, deploy_shape
from prover.algebra.field import PRIME
from prover.cairo.shapes import shape_of
from prover.codegen import shapes as generated
from prover.codegen.constraints import InputPlan
from prover.codegen.shape import shape_offsets
from prover.stark.domains import root_of_unity
from prover.stark.expressions import INTERACTION, Expression, evaluate
from prover.stark.identities import evaluate_periodic, inverse_zerofier

CODE_LIMIT = 24_576


def test_generated_contracts_are_fresh():
    assert generated.stale() == []


@pytest.mark.parametrize("shape", generated.SHAPES)
def test_every_constraint_is_named_once_where_it_is_added_up(shape):
    contract = generated.contract_of(shape)
    lines = [line.strip() for one in (contract, *contract.parts) for line in one.source.splitlines()]
    named = [line.removeprefix("// ") for line in lines if line.startswith("// ") and "/" in line.removeprefix("// ")]
    tables = shape_of(generated.SHAPES[shape]).tables
    paths = [table.path(one) for table in tables for one in (*table.constraints, *table.lookup_constraints)]
    assert sorted(name for name in named if name in paths) == sorted(paths)
    assert len(set(paths)) == len(paths)


def test_no_contract_is_above_the_limit_of_code(project):
    shapes = [name.removesuffix(".sol") for name in generated.sources()]
    for name in ("StarkVerifier", "HeaderVerifier", *shapes, "Freehold", "EscapeVerifier"):
        code = getattr(project, name).contract_type.runtime_bytecode.bytecode
        assert (len(code) - 2) // 2 <= CODE_LIMIT, name


def random_input(plan: InputPlan, seed: int) -> tuple[list[int], list[int], int]:
    """Words for `evaluate`: consistent points, all else random; and log2 of the heights, log2 of H."""
    chance = random.Random(seed)
    tables = plan.shape.tables
    log_heights = [table.log_height or max(table.min_log_height, chance.randrange(6, 12)) for table in tables]
    log_degree = max(log_heights) + 2
    z = chance.randrange(PRIME)
    words = [chance.randrange(PRIME) for _ in range(plan.n_words)]
    words[plan.places["lifted"]] = pow(z, 1 << log_degree, PRIME)
    for block in plan.blocks:
        words[plan.places["block", block]] = pow(z, (1 << log_degree) // block, PRIME)
    for number, log_height in enumerate(log_heights):
        omega = root_of_unity(log_height)
        words[plan.places["y", number]] = pow(z, 1 << log_degree - log_height, PRIME)
        words[plan.places["omega", number]] = omega
        words[plan.places["inverse omega", number]] = pow(omega, -1, PRIME)
    return words, log_heights, log_degree


def table_results(plan: InputPlan, words: list[int], number: int, log_height: int) -> list[int]:
    """Each constraint of a table by the plain evaluator, those of the interaction columns last."""
    table, y = plan.shape.tables[number], words[plan.places["y", number]]

    def leaf(node: Expression) -> int:
        if node.kind == "cell":
            return words[plan.places[(number, *node.args)]]
        if node.kind == "value":
            return words[plan.places["value", node.args[0]]]
        index, offset = node.args
        return evaluate_periodic(table.periodic[index], y, log_height, offset)

    return evaluate([c.expression for c in (*table.constraints, *table.lookup_constraints)], leaf)


def expected(plan: InputPlan, words: list[int], log_heights: list[int]) -> list[int]:
    """What `evaluate` must return."""
    beta, total, weight = words[plan.places["beta"]], 0, 1
    lifted, own = words[plan.places["lifted"]], []
    for number, table in enumerate(plan.shape.tables):
        y = words[plan.places["y", number]]
        results = table_results(plan, words, number, log_heights[number])
        for constraint, result in zip(table.constraints, results, strict=False):
            total += weight * result * inverse_zerofier(constraint.rows, y, log_heights[number], table.block)
            weight = weight * beta % PRIME
        for column, result in enumerate(results[len(table.constraints) :]):
            low, high = (words[plan.places[number, INTERACTION, c, 0]] for c in table.quotient_slices(column))
            own.append((result - (lifted - 1) * (low + lifted * high)) % PRIME)
    return [total % PRIME, *own]


@pytest.mark.parametrize("name", generated.SHAPES)
def test_an_evaluator_is_the_plain_evaluators_twin(project, prover_account, name):
    plan = InputPlan(shape_of(generated.SHAPES[name]), generated.SHAPES[name])
    shape = deploy_shape(project, prover_account, name)
    for seed in range(2):
        words, log_heights, _ = random_input(plan, seed)
        wanted = expected(plan, words, log_heights)
        assert list(shape.evaluate(words)) == wanted
        words[-1 - plan.shape.n_slices] += 1  # the last cell
        assert list(shape.evaluate(words)) != wanted
    assert shape.description().identity == plan.shape.identity


def test_an_input_of_another_length_is_refused(project, prover_account):
    shape = deploy_shape(project, prover_account, "PlainShape")
    with ape.reverts(shape.InputLength, length=3):
        shape.evaluate([1, 2, 3])


def test_other_constants_are_refused(project, prover_account):
    """Coefficients of constant columns lie outside the code: only the generated ones will do."""
    (part, *_) = [part for part in generated.contract_of("AllBuiltinsShape").parts if part.data]
    container = getattr(project, part.name)
    wrong = prover_account.deploy(data_contract(part.data[:-1] + bytes([part.data[-1] ^ 1])))
    with ape.reverts(container.WrongConstants):
        prover_account.deploy(container, wrong)
    assert prover_account.deploy(container, prover_account.deploy(data_contract(part.data)))


def test_offsets_rise_and_hold_zero():
    for builtins in generated.SHAPES.values():
        offsets = shape_offsets(shape_of(builtins))
        assert offsets == sorted(set(offsets)) and 0 in offsets
