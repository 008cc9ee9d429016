"""The shapes that contracts are generated for, and the contracts' sources."""

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
    """Files that are not what the generator writes, or that it does not write at all."""
    found = {file.name: file.read_text() for file in FOLDER.glob("*.sol")}
    return sorted(name for name in found.keys() | sources().keys() if found.get(name) != sources().get(name))


def write() -> None:
    """Write all of them; what else lies in the folder goes."""
    contents = sources()
    FOLDER.mkdir(parents=True, exist_ok=True)
    for file in FOLDER.glob("*.sol"):
        file.unlink()
    for name, text in contents.items():
        (FOLDER / name).write_text(text)
