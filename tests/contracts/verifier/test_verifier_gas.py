"""What a proof at the default parameters costs on chain: limits that hold, and figures to print (`ape test -s`)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from gas import MAX_TRANSACTION_BYTES, MAX_TRANSACTION_GAS, Cost, cost_of

from prover.cairo.prove import prove_run
from prover.cairo.run import run_program
from prover.stark.parameters import DEFAULT, NAMED
from scripts._verifier import deploy_verifier, register_program

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


def measure(project, chain, account, program, n, parameters) -> dict[str, Cost]:
    verifier = deploy_verifier(project, account, parameters, "HashShape")
    number = register_program(account, verifier, program)
    proof = prove_run(run_program(program, {"n": n}), parameters)
    costs = submit(chain, account, verifier, number, proof)
    report(f"n = {n}, {parameters.part_queries} queries a part", costs)
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
