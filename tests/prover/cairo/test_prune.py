"""A pruned program runs as the whole one, and keeps no name that its hints do not reach."""

from pathlib import Path

import pytest

from prover.cairo.compile import compiler_output
from prover.cairo.program import Program
from prover.cairo.prune import names_of, pruned
from prover.cairo.run import run_program
from tests.support.paths import ROOT
from tests.support.program_kit import published

EXCHANGE = ROOT / "prover/applications/perpetual/program/exchange.cairo"
BATCH = "rollup data: trade, deposit, emptied and unchanged positions, funding table"


def test_the_exchange_runs_as_with_all_names():
    whole = compiler_output(EXCHANGE)
    small = pruned(whole, EXCHANGE.parent)
    assert (small["data"], small["builtins"], small["prime"]) == (whole["data"], whole["builtins"], whole["prime"])
    expected, found = (run_program(Program.from_json(document), published(BATCH)) for document in (whole, small))
    assert (found.registers == expected.registers).all() and found.memory == expected.memory


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("ids.low = ids.number.value & 1; x = [ids.other for _ in (1, 2)]", {"low", "number", "other"}),
        ("from starkware.python.math_utils import isqrt", set()),
        ("give_on(ids)", None),
        ("ids.low = getattr(ids, name)", None),
        ("ids.low = (", None),
    ],
    ids=["members", "none", "handed on", "asked by text", "no Python"],
)
def test_the_names_of_a_hint(code, names):
    assert names_of(code) == names


def reference(value: str) -> dict:
    return {"ap_tracking_data": {"group": 0, "offset": 0}, "pc": 0, "value": value}


def struct(name: str, **types: str) -> dict:
    members = {member: {"cairo_type": cairo_type, "offset": 0} for member, cairo_type in types.items()}
    return {"full_name": name, "members": members, "size": len(members), "type": "struct"}


DOCUMENT = {
    "attributes": [],
    "builtins": [],
    "compiler_version": "0",
    "data": ["0x1"],
    "debug_info": None,
    "hints": {},
    "identifiers": {
        "__main__.__end__": {"pc": 4, "type": "label"},
        "__main__.__start__": {"pc": 0, "type": "label"},
        "__main__.f": {"decorators": [], "pc": 9, "type": "function"},
        "__main__.f.Args": struct("__main__.f.Args", x="felt"),
        "__main__.f.SIZEOF_LOCALS": {"type": "const", "value": 0},
        "__main__.f.loop": {"pc": 12, "type": "label"},
        "__main__.f.pair": {
            "cairo_type": "m.Pair*",
            "full_name": "__main__.f.pair",
            "references": [reference("[cast(fp, m.Pair**)]")],
            "type": "reference",
        },
        "__main__.f.x": {
            "cairo_type": "felt",  # less than its reference says
            "full_name": "__main__.f.x",
            "references": [reference("[cast(ap, m.Other*)]")],
            "type": "reference",
        },
        "__main__.LIMIT": {"destination": "m.LIMIT", "type": "alias"},
        "m.LIMIT": {"type": "const", "value": 7},
        "m.Inner": struct("m.Inner", word="felt"),
        "m.Other": struct("m.Other", word="felt"),
        "m.Pair": struct("m.Pair", inner="m.Inner*", word="felt"),
    },
    "main_scope": "__main__",
    "prime": "0x0",
    "reference_manager": {"references": [reference("[cast(ap, m.Other*)]"), reference("[cast(fp, m.Pair**)]")]},
}
PLACES = {"__main__.__end__", "__main__.__start__", "__main__.f"}


def pruned_with(code: str) -> dict:
    """The program above with one hint, in its function."""
    hint = {
        "accessible_scopes": ["__main__", "__main__.f"],
        "code": code,
        "flow_tracking_data": {"ap_tracking": {}, "reference_ids": {"__main__.f.x": 0, "__main__.f.pair": 1}},
    }
    return pruned({**DOCUMENT, "hints": {"9": [hint]}}, Path("."))


@pytest.mark.parametrize(
    ("code", "identifiers", "references"),
    [
        ("pass", set(), []),
        ("memory[ap] = ids.loop", {"__main__.f.loop"}, []),
        ("memory[ap] = ids.LIMIT", {"__main__.LIMIT", "m.LIMIT"}, []),
        ("memory[ap] = ids.x.word", {"__main__.f.x", "m.Other"}, [0]),
        ("memory[ap] = ids.pair.inner.word", {"__main__.f.pair", "m.Pair", "m.Inner"}, [1]),
        ("give_on(ids)", DOCUMENT["identifiers"].keys() - PLACES, [0, 1]),
    ],
    ids=["nothing", "label", "constant by another name", "cell", "struct in a struct", "handed on"],
)
def test_what_a_hint_reaches_is_kept_and_nothing_else(code, identifiers, references):
    small = pruned_with(code)
    assert small["identifiers"].keys() == PLACES | identifiers
    records = DOCUMENT["reference_manager"]["references"]
    assert small["reference_manager"]["references"] == [records[number] for number in references]
    (hint,) = small["hints"]["9"]
    assert sorted(hint["flow_tracking_data"]["reference_ids"].values()) == list(range(len(references)))
    assert not small.keys() & {"debug_info"}


def test_places_of_hints_and_messages_are_kept_without_the_machine(tmp_path):
    record = {"input_file": {"filename": str(tmp_path / "lib/part.cairo")}, "start_line": 7}
    other = {"input_file": {"filename": "/somewhere/site-packages/starkware/cairo/common/math.cairo"}, "start_line": 9}
    locations = {"9": {"inst": record, "hints": [{"location": record}]}, "11": {"inst": other, "hints": []}}
    message = {"name": "error_message", "value": "no", "start_pc": 3, "end_pc": 5, "flow_tracking_data": {}}
    hint = {"accessible_scopes": [], "code": "pass", "flow_tracking_data": {"ap_tracking": {}, "reference_ids": {}}}
    kept = pruned(
        {
            **DOCUMENT,
            "hints": {"9": [hint]},
            "debug_info": {"instruction_locations": locations},
            "attributes": [message, {**message, "name": "soundness"}],
        },
        tmp_path,
    )
    assert kept["attributes"] == [
        {"name": "error_message", "value": "no", "start_pc": 3, "end_pc": 5},
        {"name": "location", "value": "lib/part.cairo:7", "start_pc": 9, "end_pc": 10},
    ]
