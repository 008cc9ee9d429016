"""`python -m prover.codegen`: write the generated Solidity; `--check` compares only, exit 1 if anything is stale."""

import sys
from pathlib import Path

from prover.cairo.shapes import shape_of
from prover.codegen.constraints import InputPlan
from prover.codegen.shape import shape_contracts

FOLDER = Path(__file__).parents[2] / "contracts" / "verifier" / "generated"
EXCHANGE_BUILTINS = ("output", "pedersen", "range_check")
EXCHANGE_SHAPE = "ExchangeShape"
SHAPES = {"PlainShape": ("output",), EXCHANGE_SHAPE: EXCHANGE_BUILTINS}
"""Contract name -> the builtins of the programs that it verifies."""


def contracts_of(name: str) -> dict[str, str]:
    """Contract name -> source of a shape."""
    builtins = SHAPES[name]
    return shape_contracts(name, InputPlan(shape_of(builtins), builtins))


def sources() -> dict[str, str]:
    """File name -> content."""
    return {f"{name}.sol": text for shape in SHAPES for name, text in contracts_of(shape).items()}


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
