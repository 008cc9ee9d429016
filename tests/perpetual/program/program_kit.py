"""Program inputs for tests: the published batches, and sparse trees with the preimages of touched paths."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from prover.algebra.pedersen import pedersen
from prover.cairo.program import Program
from prover.cairo.run import Run, run_program

FOLDER = Path(__file__).parents[3]
PROGRAM_FILE = FOLDER / "prover/perpetual/program/exchange.json"
VECTORS = json.loads((FOLDER / "tests/vectors/perpetual_batches.json").read_text())
CASES = {case["name"]: case for case in VECTORS["cases"]}
BIAS = 1 << 63


@cache
def program() -> Program:
    return Program.from_json(json.loads(PROGRAM_FILE.read_text()))


def number(word: Any) -> int:
    return int(str(word), 0)


def run(document: dict[str, Any]) -> Run:
    """Raises RunFailed where the program refuses."""
    return run_program(program(), document)


def program_input(case: dict[str, Any]) -> dict[str, Any]:
    """The input of a published batch."""
    return with_trees(case["config"], case["prev_state"], case["batch"])


def with_trees(config: dict[str, Any], state: dict[str, Any], batch: dict[str, Any]) -> dict[str, Any]:
    """The input with roots and preimages of the state's trees."""
    preimage: dict[str, list[str]] = {}
    leaves = {int(key): position_leaf(position) for key, position in state["positions"].items()}
    positions_root = tree_root(leaves, config["positions_tree_height"], empty_position_leaf(), preimage)
    orders = {int(key): number(used) for key, used in state["orders"].items()}
    orders_root = tree_root(orders, config["orders_tree_height"], 0, preimage)
    state = {**state, "positions_root": hex(positions_root), "orders_root": hex(orders_root)}
    return {"config": config, "prev_state": state, "batch": batch, "advice": {"preimage": preimage}}


def position_leaf(position: dict[str, Any]) -> int:
    accumulated = 0
    for asset in position["assets"]:
        word = number(asset["asset_id"]) << 64 | number(asset["cached_funding_index"]) + BIAS
        accumulated = pedersen(accumulated, word << 64 | number(asset["balance"]) + BIAS)
    accumulated = pedersen(accumulated, number(position["public_key"]))
    return pedersen(accumulated, (number(position["collateral_balance"]) + BIAS) * 2**16 + len(position["assets"]))


@cache
def empty_position_leaf() -> int:
    return pedersen(pedersen(0, 0), 1 << 79)


@cache
def empty_roots(leaf: int, height: int) -> tuple[int, ...]:
    roots = [leaf]
    for _ in range(height):
        roots.append(pedersen(roots[-1], roots[-1]))
    return tuple(roots)


def tree_root(leaves: dict[int, int], height: int, empty_leaf: int, preimage: dict[str, list[str]]) -> int:
    """The root; inner nodes above the leaves are added to the preimage."""
    empty, level = empty_roots(empty_leaf, height), leaves
    for depth in range(height):
        parents = {}
        for index in {index >> 1 for index in level}:
            children = [level.get(2 * index + side, empty[depth]) for side in (0, 1)]
            parents[index] = pedersen(*children)
            preimage[hex(parents[index])] = [hex(child) for child in children]
        level = parents
    return level.get(0, empty[height])
