"""What a proof at the default parameters costs on chain: limits that hold, and figures to print (`ape test -s`)."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from freehold.chain.verifier import deploy_verifier, register_program
from prover.algebra import ecdsa
from prover.cairo.program import Program
from prover.cairo.prove import prove_run
from prover.cairo.run import run_program
from prover.codegen.shapes import EXCHANGE_SHAPE
from prover.stark.parameters import DEFAULT, NAMED
from tests.support.gas import MAX_TRANSACTION_BYTES, MAX_TRANSACTION_GAS, Cost, cost_of

WHOLE = replace(DEFAULT, part_queries=DEFAULT.n_queries)
"""All queries in one transaction."""


def submit(chain, account, verifier, number, proof) -> dict[str, Cost]:
    """A proof's transactions, by name, as `submit_proof` sends them."""
    header = list(proof.header)

    def cost(method, *arguments) -> Cost:
        return cost_of(chain.provider, account, verifier, bytes(method.encode_input(*arguments)))

    if len(proof.parts) == 1:
        return {"verify": cost(verifier.verify, number, header, proof.parts[0])}
    costs = {"begin": cost(verifier.begin, number, header)}
    (event,) = list(verifier.ProofBegun)
    for part, openings in enumerate(proof.parts):
        costs[f"part {part}"] = cost(verifier.continueVerification, event.context, part, openings)
    return costs


def report(title: str, costs: dict[str, Cost]) -> None:
    for name, cost in costs.items():
        print(
            f"\n{title}, {name}: {cost.calldata_bytes} bytes, {cost.execution} gas of execution "
            f"({cost.execution_per_byte:.1f} a byte), floor {cost.floor}, receipt {cost.used}",
            end="",
        )
    print(f"\n{title}: {sum(cost.used for cost in costs.values())} gas in all")


def measure(project, chain, account, program, n, parameters, shape="HashShape") -> dict[str, Cost]:
    verifier = deploy_verifier(project, account, parameters, shape)
    number = register_program(account, verifier, program)
    signature = [ecdsa.public_key(7), 1000, *ecdsa.sign(1000, 7)]
    proof = prove_run(run_program(program, {"n": n, "signature": signature}), parameters)
    costs = submit(chain, account, verifier, number, proof)
    report(f"{shape}, n = {n}, {parameters.part_queries} queries a part", costs)
    return costs


def check_limits(costs: dict[str, Cost]) -> None:
    for name, cost in costs.items():
        assert cost.used <= MAX_TRANSACTION_GAS, name
        assert cost.calldata_bytes <= MAX_TRANSACTION_BYTES, name


def test_a_default_proof_keeps_the_limits_of_a_transaction(project, chain, prover_account, hashes_program):
    costs = measure(project, chain, prover_account, hashes_program, 5, DEFAULT)
    check_limits(costs)
    assert sum(cost.used for cost in costs.values()) < 8_000_000


@pytest.mark.slow
@pytest.mark.parametrize("parameters", [DEFAULT, WHOLE, NAMED["final"]], ids=["in parts", "whole", "final"])
def test_two_to_the_sixteen_steps_on_chain(project, chain, prover_account, hashes_program, parameters):
    costs = measure(project, chain, prover_account, hashes_program, 4096, parameters)
    if parameters is not WHOLE:
        check_limits(costs)
    assert sum(cost.used for cost in costs.values()) < 12_000_000
    assert all(cost.execution_per_byte < 24 for name, cost in costs.items() if name != "begin")


@pytest.fixture(scope="session")
def exchange_shape_program() -> Program:
    path = Path(__file__).parents[2] / "prover/cairo/programs/exchange_shape.json"
    return Program.from_json(json.loads(path.read_text()))


def test_the_exchanges_shape_with_a_short_run(project, chain, prover_account, exchange_shape_program):
    costs = measure(project, chain, prover_account, exchange_shape_program, 1, DEFAULT, EXCHANGE_SHAPE)
    check_limits(costs)


@pytest.mark.slow
def test_the_exchanges_shape_fits_one_transaction_under_final(project, chain, prover_account, exchange_shape_program):
    """2^16 steps with 2^12 hashes, 2^13 range checks and 64 signatures: 100 proven bits in one transaction (a minute of
    two cores and 5 GB to prove)."""
    costs = measure(project, chain, prover_account, exchange_shape_program, 64, NAMED["final"], EXCHANGE_SHAPE)
    check_limits(costs)
    (cost,) = costs.values()
    assert cost.used <= 4_300_000
