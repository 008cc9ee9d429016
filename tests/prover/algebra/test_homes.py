"""The prime, the curves' orders and their points are written once each in Python; who needs one imports it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from prover.algebra import curve, keys
from prover.algebra.field import PRIME
from tests.support.paths import ROOT

HOMES = {
    "the prime": (PRIME, "prover/prime.py"),
    "the order": (curve.ORDER, "prover/algebra/curve.py"),
    "beta": (curve.BETA, "prover/algebra/curve.py"),
    "the prime of secp256k1": (keys.SECP256K1_PRIME, "prover/algebra/keys.py"),
    "the order of secp256k1": (keys.SECP256K1_ORDER, "prover/algebra/keys.py"),
    "x of the shift point": (curve.SHIFT.x, "prover/kernel/pedersen_points.py"),
    "x of P3": (curve.P3.x, "prover/kernel/pedersen_points.py"),
}


def constants(text: str) -> set[int]:
    """Every integer that the source writes, as a number or as a sum of numbers like 2**251 + 17 * 2**192 + 1."""
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant | ast.BinOp):
            try:
                found.add(_number(node))
            except (TypeError, ValueError, ArithmeticError):  # a name among the operands, or no number at all
                continue
    return found


def _number(node: ast.AST) -> int:
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return node.value
    if not isinstance(node, ast.BinOp):
        raise TypeError("no number")
    left, right = _number(node.left), _number(node.right)
    if isinstance(node.op, ast.Pow | ast.LShift) and right > 1 << 10:
        raise ValueError("a number of no use here")
    operations = {
        ast.Add: int.__add__,
        ast.Sub: int.__sub__,
        ast.Mult: int.__mul__,
        ast.Pow: int.__pow__,
        ast.LShift: int.__lshift__,
        ast.BitOr: int.__or__,
    }
    if type(node.op) not in operations:
        raise TypeError("another operation")
    return operations[type(node.op)](left, right)


def files() -> list[Path]:
    return [path for part in ("prover", "freehold", "scripts", "tests") for path in sorted((ROOT / part).rglob("*.py"))]


WRITTEN = {path.relative_to(ROOT).as_posix(): constants(path.read_text()) for path in files()}


@pytest.mark.parametrize("name", HOMES)
def test_a_constant_has_one_home(name):
    number, home = HOMES[name]
    assert [place for place, written in WRITTEN.items() if number in written] == [home]


@pytest.mark.parametrize(
    "twin",
    [
        "P = 2**251 + 17 * 2**192 + 1",
        "P = (1 << 251) + 17 * (1 << 192) + 1",
        "P = 1 << 251 | 17 << 192 | 1",
        "assert x < 0x800000000000011000000000000000000000000000000000000000000000001",
        "P = 3618502788666131213697322783095070105623107215331596699973092056135872020481",
    ],
)
def test_a_planted_second_home_is_seen(twin):
    assert PRIME in constants(twin)
