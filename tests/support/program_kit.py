"""Program inputs for tests, and operators who cheat: their hints answer otherwise than the truth."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

from prover.applications.ledger.merkle import MerkleTree
from prover.applications.perpetual.documents import StateDocument
from prover.applications.perpetual.positions import EMPTY
from prover.cairo.execution import Run
from prover.cairo.program import Program
from prover.cairo.run import run_program
from prover.proving.batch import exchange_program
from tests.support.paths import ROOT

FOLDER = ROOT
SOURCES = FOLDER / "prover/applications/perpetual/program"
CASES = {
    case["name"]: case for case in json.loads((FOLDER / "tests/vectors/perpetual_batches.json").read_text())["cases"]
}

Document = dict[str, Any]


@cache
def document() -> Document:
    return json.loads((SOURCES / "exchange.json").read_text())


def run(given: Document) -> Run:
    """Raises RunFailed where the program refuses."""
    return run_program(exchange_program(), given)


def program_input(config: Document, state: Document, batch: Document) -> Document:
    """The program's input of a batch that the rules' documents may refuse to read; its state they read."""
    held = StateDocument.model_validate(state)
    leaves = {place: position.position().leaf() for place, position in held.positions.items()}
    positions = MerkleTree(config["positions_tree_height"], EMPTY.leaf(), leaves)
    orders = MerkleTree(config["orders_tree_height"], 0, {place: used for place, used in held.orders.items() if used})
    nodes = {**positions.nodes, **orders.nodes}
    return {
        "config": config,
        "prev_state": {**state, "positions_root": hex(positions.root), "orders_root": hex(orders.root)},
        "batch": batch,
        "advice": {"preimage": {hex(node): [hex(left), hex(right)] for node, (left, right) in nodes.items()}},
    }


def published(name: str) -> Document:
    """The input of a recorded batch."""
    case = CASES[name]
    return program_input(case["config"], case["prev_state"], case["batch"])


def expected_words(name: str) -> list[int]:
    return [int(word, 16) for word in CASES[name]["expected"]["output_words"]]


# Cheating operators.


BRANCH = re.compile(r"^( *)memory\[ap( \+ \w+)?\] = (.*)$", re.MULTILINE)
NUMBER = re.compile(r"^( *)ids\.(\w+) = (.*)$", re.MULTILINE)


class Adversary:
    """Alters the answer of the `place`-th hint that chooses (0: none), by a function of the honest answer."""

    def __init__(self, place: int, alter) -> None:
        self.place, self.alter = place, alter
        self.asked = 0

    def answer(self, honest):
        self.asked += 1
        return self.alter(honest) if self.asked == self.place else honest


def _asked(line: re.Match[str]) -> str:
    """`ids.name = value` by way of the adversary; a value of several lines stays."""
    indent, name, value = line.groups()
    if value.count("(") != value.count(")"):
        return line.group(0)
    return f'{indent}ids.{name} = program_input["adversary"].answer({value})'


@cache
def cheating_program(kind: str, scopes: tuple[str, ...]) -> Program:
    """The program whose hints in these files ask `program_input["adversary"]` first: for a "branch" or a "number"."""
    altered = json.loads(json.dumps(document()))
    for hints in altered["hints"].values():
        for hint in hints:
            if hint["accessible_scopes"][-1].split(".")[0] not in scopes:
                continue
            if kind == "branch":
                hint["code"] = BRANCH.sub(r'\1memory[ap\2] = program_input["adversary"].answer(\3)', hint["code"])
            else:
                hint["code"] = NUMBER.sub(_asked, hint["code"])
    return Program.from_json(altered)


@cache
def lying_program(*lies: tuple[str, str]) -> Program:
    """The program with words of its hints replaced: (honest words, other words)."""
    altered = json.loads(json.dumps(document()))
    for honest, lie in lies:
        hints = [hint for hints in altered["hints"].values() for hint in hints if honest in hint["code"]]
        assert hints, f"no hint says {honest!r}"
        for hint in hints:
            hint["code"] = hint["code"].replace(honest, lie)
    return Program.from_json(altered)


def cheat(given: Document, kind: str, scopes: tuple[str, ...], place: int, alter, max_steps: int) -> tuple[Run, int]:
    """A run with one altered answer, and how many answers were asked for. Raises RunFailed."""
    adversary = Adversary(place, alter)
    found = run_program(cheating_program(kind, scopes), {**given, "adversary": adversary}, max_steps=max_steps)
    return found, adversary.asked
