"""Contracts and rules put each word of a shared state and of an output in the same place.

The contracts' places are constants of `SharedState.sol` and `ProgramOutput.sol`, read from the sources; the rules'
places are seen in words that they write.
"""

import re
from dataclasses import fields

import pytest

from prover.applications.perpetual.fields import SYSTEM_ASSETS_UPPER_BOUND
from prover.applications.perpetual.output import DIFFERENCE_BIAS, ROLLUP, MainPage, Modification
from prover.applications.perpetual.state import SharedState
from prover.applications.perpetual.transactions import ForcedTrade, ForcedWithdrawal
from tests.support.paths import ROOT

CONTRACTS = ROOT / "contracts"
SOURCES = {name: (CONTRACTS / "perpetual" / name).read_text() for name in ("SharedState.sol", "ProgramOutput.sol")}
RANGES = (CONTRACTS / "common/Ranges.sol").read_text()
CONSTANT = re.compile(r"uint256 (?:(?:private|internal) )?constant (\w+) = ([^;]+);")

EMPTY = SharedState(11, 12, 13, 14, (), 15, (), 16)
STATE = SharedState(11, 12, 13, 14, ((21, 0), (22, 0)), 15, ((31, 32),), 16)
PAGE = MainPage(51, ROLLUP, ((52, 53),), STATE, EMPTY, 54, (), (), ())


def constants(text: str) -> dict[str, int]:
    """Of a Solidity source; what they say of others' is looked up in `Ranges.sol`."""
    known: dict[str, int] = {}
    for name, value in CONSTANT.findall(RANGES) + CONSTANT.findall(text):
        known[name] = eval(value.replace("/", "//"), {"__builtins__": {}}, known)
    return known


def state_differences(text: str) -> list[str]:
    """Constants of a shared state that say otherwise than the words of the rules, and fields in another order."""
    found, words = constants(text), STATE.words()
    expected = {
        "POSITIONS_ROOT": words.index(STATE.positions_root),
        "POSITIONS_HEIGHT": words.index(STATE.positions_height),
        "ORDERS_ROOT": words.index(STATE.orders_root),
        "ORDERS_HEIGHT": words.index(STATE.orders_height),
        "FUNDING_COUNT": words.index(len(STATE.funding_indices)),
        "FUNDING": words.index(STATE.funding_indices[0][0]),
        "SMALLEST": len(EMPTY.words()),
    }
    differences = [name for name, place in expected.items() if found.get(name) != place]
    struct = re.search(r"struct Empty \{(.*?)\}", text, re.DOTALL).group(1)
    values = {_camel(field.name): getattr(EMPTY, field.name) for field in fields(EMPTY)}
    values |= {"fundingCount": 0, "fundingTime": EMPTY.funding_timestamp, "priceCount": 0}
    if [values[name] for name in re.findall(r"uint256 (\w+);", struct)] != EMPTY.words():
        differences.append("Empty")
    return differences


def output_differences(text: str) -> list[str]:
    """The same of an output's head and of the sizes of its parts."""
    found, words = constants(text), PAGE.words()
    expected = {
        "GLOBAL_CONFIGURATION": words.index(PAGE.config_hash),
        "MODE": words.index(ROLLUP),
        "ROLLUP": ROLLUP,
        "ASSETS": words.index(PAGE.asset_hashes[0][0]),
        "ASSET_COUNT": words.index(PAGE.asset_hashes[0][0]) - 1,
        "MAX_ASSETS": SYSTEM_ASSETS_UPPER_BOUND - 1,
        "MODIFICATION_WORDS": len(Modification._fields),
        "DIFFERENCE_BIAS": DIFFERENCE_BIAS,
        "WITHDRAWAL": ForcedWithdrawal.kind_word,
        "TRADE": ForcedTrade.kind_word,
        "WITHDRAWAL_WORDS": 1 + len(ForcedWithdrawal.output_fields),
        "TRADE_WORDS": 1 + len(ForcedTrade.output_fields),
    }
    return [name for name, place in expected.items() if found.get(name) != place]


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(other.title() for other in others)


def test_a_shared_state_has_its_words_where_the_contract_looks_for_them():
    assert state_differences(SOURCES["SharedState.sol"]) == []


def test_an_output_has_its_words_where_the_contract_looks_for_them():
    assert output_differences(SOURCES["ProgramOutput.sol"]) == []


HEIGHT, ROOT_FIRST = "uint256 ordersHeight;", "uint256 ordersRoot;\n        uint256 ordersHeight;"
TWINS = [
    ("SharedState.sol", "ORDERS_ROOT = 2", "ORDERS_ROOT = 3", ["ORDERS_ROOT"]),
    ("SharedState.sol", "FUNDING = 5", "FUNDING = 6", ["FUNDING"]),
    ("SharedState.sol", ROOT_FIRST, f"{HEIGHT} uint256 ordersRoot;", ["Empty"]),
    ("ProgramOutput.sol", "ASSETS = 3", "ASSETS = 4", ["ASSETS"]),
    ("ProgramOutput.sol", "WITHDRAWAL_WORDS = 4", "WITHDRAWAL_WORDS = 5", ["WITHDRAWAL_WORDS"]),
]


@pytest.mark.parametrize(("name", "old", "new", "differences"), TWINS)
def test_a_planted_difference_is_seen(name, old, new, differences):
    assert old in SOURCES[name]
    compare = state_differences if "Shared" in name else output_differences
    assert compare(SOURCES[name].replace(old, new)) == differences
