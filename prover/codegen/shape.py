"""A shape as contracts: its description for the verifier, and the evaluator of its constraints in one or more parts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from prover.algebra.keccak import keccak256
from prover.codegen.constraints import GENERATOR, Evaluator, InputPlan, evaluator_parts
from prover.stark.expressions import INTERACTION, MAIN, PREPROCESSED
from prover.stark.shape import Shape
from prover.stark.tables import FIRST_APART

MAX_OFFSETS = 64
"""Bits of an offset mask."""

Run = tuple[int, int, int, list[tuple[int, int]]]
"""Tree, table, class, and of each column its offset mask and the number of its first cell."""


def shape_offsets(shape: Shape) -> list[int]:
    """All offsets at which any column is read, rising: what the bits of a mask stand for. 0 is among them."""
    columns = [column for table in shape.tables for tree in table.columns for column in tree]
    offsets = sorted({0, *(offset for column in columns for offset in column.offsets)})
    if len(offsets) > MAX_OFFSETS:
        raise ValueError(f"{shape.name}: {len(offsets)} offsets, at most {MAX_OFFSETS} fit a mask")
    return offsets


def tree_runs(plan: InputPlan, tree: int) -> Iterator[Run]:
    """Class 0 of all tables, then class 1, then each further (table, class) in shape order.

    The slices of the combined quotient are of class 0 and belong to the pseudo-table that follows all tables.
    """
    members: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for number, table in enumerate(plan.shape.tables):
        for index, column in enumerate(table.columns[tree]):
            cell = plan.places[number, tree, index, column.offsets[0]] - plan.first_cell
            members.setdefault((number, column.packing_class), []).append((offset_mask(plan, column.offsets), cell))
    if tree == INTERACTION:
        slices = [(offset_mask(plan, (0,)), plan.n_cells + index) for index in range(plan.shape.n_slices)]
        members[len(plan.shape.tables), 0] = slices
    for wanted in range(FIRST_APART):
        yield from ((tree, *key, columns) for key, columns in members.items() if key[1] == wanted)
    yield from ((tree, *key, columns) for key, columns in members.items() if key[1] >= FIRST_APART)


def offset_mask(plan: InputPlan, offsets: tuple[int, ...]) -> int:
    known = shape_offsets(plan.shape)
    return sum(1 << known.index(offset) for offset in offsets)


def runs(plan: InputPlan) -> Iterator[Run]:
    """Of all trees."""
    for tree in (PREPROCESSED, MAIN, INTERACTION):
        yield from tree_runs(plan, tree)


def encoded_runs(plan: InputPlan) -> tuple[bytes, bytes]:
    """(runs, columns) as `IShape.Description` has them."""
    heads = bodies = b""
    for tree, table, packing_class, columns in runs(plan):
        heads += bytes([tree, table, packing_class, len(columns)])
        bodies += b"".join(mask.to_bytes(8, "big") + cell.to_bytes(2, "big") for mask, cell in columns)
    return heads, bodies


@dataclass(frozen=True)
class Contract:
    """A generated contract. Its constructor takes the addresses of `parts`, or that of a contract with `data`."""

    name: str
    source: str
    parts: tuple[Contract, ...] = ()
    data: bytes = b""


def shape_contract(name: str, plan: InputPlan) -> Contract:
    """The shape's contract; if its evaluator has several parts, these are contracts of their own."""
    evaluators = evaluator_parts(plan)
    if len(evaluators) == 1:
        return Contract(name, _source(name, plan, _own(evaluators[0])), data=evaluators[0].data)
    parts = tuple(_part(f"{name}Part{i}", name, evaluator) for i, evaluator in enumerate(evaluators, start=1))
    n_results = 1 + sum(len(table.lookup_constraints) for table in plan.shape.tables)
    return Contract(name, _source(name, plan, _joined(len(parts), n_results)), parts)


def _source(name: str, plan: InputPlan, body: str) -> str:
    shape: Shape = plan.shape
    return f"""{HEAD}
{PRIME_IMPORT}import {{IEvaluator, IShape}} from "../IShape.sol";

/// @title The shape {shape.name}: {", ".join(table.name for table in shape.tables)}
contract {name} is IShape {{
{body}
{_description(plan)}}}
"""


def _part(name: str, shape: str, evaluator: Evaluator) -> Contract:
    tables = ", ".join(evaluator.plan.shape.tables[number].name for number in evaluator.tables)
    source = f"""{HEAD}
{PRIME_IMPORT}import {{IEvaluator}} from "../IShape.sol";

/// @title The constraints of {shape}'s tables {tables}
contract {name} is IEvaluator {{
{_own(evaluator)}}}
"""
    return Contract(name, source, data=evaluator.data)


def _own(evaluator: Evaluator) -> str:
    """Constructor and evaluator of a contract."""
    error = f"""    /// @notice Give the {evaluator.plan.n_words} words that `IEvaluator.evaluate` names, not `length`.
    error InputLength(uint256 length);

"""
    if not evaluator.data:
        return error + evaluator.function()
    code_hash = keccak256(b"\0" + evaluator.data).hex()
    return error + _DATA.format(code_hash=code_hash) + evaluator.function()


HEAD = f"""// Generated by {GENERATOR}: do not edit.
// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;
"""

PRIME_IMPORT = 'import {PRIME} from "../Field.sol";\n'

_DATA = """    /// @notice Deploy the data contract that `prover/codegen` writes for this shape, and give its address.
    error WrongConstants(bytes32 codeHash);

    /// @dev Holds coefficients of constant columns, after a STOP byte.
    address private immutable constants;

    constructor(address constants_) {{
        if (constants_.codehash != 0x{code_hash}) revert WrongConstants(constants_.codehash);
        constants = constants_;
    }}

"""


def _joined(count: int, n_results: int) -> str:
    """Constructor and evaluator of a shape whose constraints are evaluated by `count` parts."""
    names = [f"part{number}" for number in range(1, count + 1)]
    declared = "\n".join(f"    IEvaluator private immutable {name};" for name in names)
    arguments = ", ".join(f"IEvaluator {name}_" for name in names)
    stored = "\n".join(f"        {name} = {name}_;" for name in names)
    return f"""{declared}

    /// @dev Each part evaluates the constraints of some tables, in shape order; they are believed.
    constructor({arguments}) {{
{stored}
    }}

    /// @inheritdoc IEvaluator
    function evaluate(uint256[] calldata input) external view returns (uint256[] memory results) {{
        IEvaluator[{count}] memory parts = [{", ".join(names)}];
        results = new uint256[]({n_results});
        uint256 place = 1;
        for (uint256 i = 0; i < parts.length; ++i) {{
            uint256[] memory own = parts[i].evaluate(input);
            results[0] = addmod(results[0], own[0], PRIME);
            for (uint256 j = 1; j < own.length; ++j) results[place++] = own[j];
        }}
    }}
"""


def _description(plan: InputPlan) -> str:
    shape: Shape = plan.shape
    blocks = bytes(block.bit_length() - 1 for block in plan.blocks)
    heads, columns = encoded_runs(plan)
    offsets = shape_offsets(shape)
    steps = b"".join((offset - offsets[0]).to_bytes(2, "big") for offset in offsets)
    n_builtins = len(plan.builtins)
    output = plan.builtins.index("output") if "output" in plan.builtins else n_builtins
    fields = {
        "identity": f"{shape.identity:#x}",
        "nTables": len(shape.tables),
        "nBuiltins": n_builtins,
        "outputBuiltin": output,
        "nCells": plan.n_cells,
        "nSlices": shape.n_slices,
        "lowestOffset": -offsets[0],
        "offsets": f'hex"{steps.hex()}"',
        "heights": f'hex"{shape.height_bounds().hex()}"',
        "blocks": f'hex"{blocks.hex()}"',
        "runs": f'hex"{heads.hex()}"',
        "columns": f'hex"{columns.hex()}"',
    }
    body = "\n".join(f"        d.{key} = {value};" for key, value in fields.items())
    return f"""    /// @inheritdoc IShape
    function description() external pure returns (Description memory d) {{
{body}
    }}
"""
