"""`python -m prover.codegen`: write the generated Solidity; `--check` compares only, exit 1 if anything is stale."""

import sys
from functools import cache
from pathlib import Path

from prover.cairo.shapes import shape_of
from prover.codegen.constraints import InputPlan
from prover.codegen.shape import Contract, shape_contract

FOLDER = Path(__file__).parents[2] / "contracts" / "verifier" / "generated"
EXCHANGE_BUILTINS = ("output", "pedersen", "range_check", "ecdsa")
EXCHANGE_SHAPE = "ExchangeShape"
HASH_BUILTINS = ("output", "pedersen", "range_check")
ALL_BUILTINS = (
    "output",
    "pedersen",
    "range_check",
    "ecdsa",
    "bitwise",
    "ec_op",
    "poseidon",
    "range_check96",
    "add_mod",
    "mul_mod",
)
SHAPES = {
    "PlainShape": ("output",),
    "HashShape": HASH_BUILTINS,
    EXCHANGE_SHAPE: EXCHANGE_BUILTINS,
    "AllBuiltinsShape": ALL_BUILTINS,
}
"""Contract name -> the builtins of the programs that it verifies."""


@cache
def contract_of(shape: str) -> Contract:
    """The generated contract of a shape."""
    return shape_contract(shape, InputPlan(shape_of(SHAPES[shape]), SHAPES[shape]))


def sources() -> dict[str, str]:
    """File name -> content."""
    contracts = [one for shape in SHAPES for one in (contract_of(shape), *contract_of(shape).parts)]
    return {f"{contract.name}.sol": contract.source for contract in contracts}


def stale() -> list[str]:
    return [
        name for name, text in sources().items() if not (FOLDER / name).exists() or (FOLDER / name).read_text() != text
    ]


def main() -> int:
    if "--check" in sys.argv:
        for name in stale():
            print(f"{name} is not what the generator writes: run `python -m prover.codegen`")
        return bool(stale())
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in sources().items():
        (FOLDER / name).write_text(text)
        print(f"{FOLDER / name}: {len(text)} characters")
    return 0


if __name__ == "__main__":
    sys.exit(main())
