"""Constants that the contracts share with Python are equal in both. Reads sources only."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from prover.algebra.field import PRIME
from prover.cairo import program, statement
from prover.stark import domains, identities, layout, tables
from prover.stark.parameters import BOUNDS, MAX_KAPPA, MAX_LOG_DEGREE

VERIFIER = Path(__file__).parents[3] / "contracts/verifier"
TWINS = {
    ("../curves/Prime.sol", "PRIME"): PRIME,
    ("Field.sol", "GENERATOR"): domains.GENERATOR,
    ("Field.sol", "LOG_LARGEST"): domains.LOG_LARGEST,
    ("Field.sol", "MAX_LOG_DOMAIN"): identities.MAX_LOG_DOMAIN,
    ("Field.sol", "ROOT"): domains.root_of_unity(identities.MAX_LOG_DOMAIN),
    ("Field.sol", "INVERSE_ROOT"): pow(domains.root_of_unity(identities.MAX_LOG_DOMAIN), -1, PRIME),
    ("HeaderVerifier.sol", "VERSION"): identities.VERSION,
    ("HeaderVerifier.sol", "MAX_LOG_DEGREE"): MAX_LOG_DEGREE,
    ("HeaderVerifier.sol", "MAX_ADDRESS"): statement.MAX_ADDRESS,
    ("HeaderVerifier.sol", "MAX_OUTPUT"): statement.MAX_OUTPUT,
    ("HeaderVerifier.sol", "CLAIMS_PER_POINT"): layout.MAX_LOG_PACKING + 1,
    ("Layout.sol", "FIRST_APART"): tables.FIRST_APART,
    ("Layout.sol", "MAX_LOG_PACKING"): layout.MAX_LOG_PACKING,
    ("Programs.sol", "AP_ADD_IMMEDIATE"): program.AP_ADD_IMMEDIATE,
    ("Programs.sol", "CALL_IMMEDIATE"): program.CALL_IMMEDIATE,
    ("Programs.sol", "JUMP_IMMEDIATE"): program.JUMP_IMMEDIATE,
}
"""(file, constant) -> Python's value."""


def constant(file: str, name: str) -> int:
    (text,) = re.findall(rf"\bconstant {name} = ([^;]+);", (VERIFIER / file).read_text())
    shifted = re.fullmatch(r"(\d+) << (\d+)", text)
    return int(shifted[1]) << int(shifted[2]) if shifted else int(text, 0)


@pytest.mark.parametrize(("file", "name"), TWINS)
def test_a_constant_is_that_of_python(file, name):
    assert constant(file, name) == TWINS[file, name]


def test_the_greatest_degree_has_positions_at_every_rate():
    assert MAX_LOG_DEGREE + BOUNDS["log_blowup"][1] <= identities.MAX_LOG_DOMAIN


def test_bounds_of_the_parameters_are_those_of_python():
    text = (VERIFIER / "ProofParameters.sol").read_text()
    (bounds,) = re.findall(r"bounds = \[([^\]]+)\]", text)
    numbers = [int(word) for word in re.findall(r"\b\d+\b", bounds.replace("uint256", ""))]
    (kappa,) = re.findall(r"p\.kappa\[i\] <= (\d+)", text)
    assert numbers == [bound for pair in BOUNDS.values() for bound in pair]
    assert int(kappa) == MAX_KAPPA
