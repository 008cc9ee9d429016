"""Every selector and topic of v3.2 is answered by the deployed system."""

import json
import re

import pytest

from freehold.chain.contracts import PIECES
from prover.algebra.keccak import keccak256
from tests.support.paths import VECTORS
from tests.support.published_calls import call_with_zeros

INDEX = json.loads((VECTORS / "published_index.json").read_text())
NO_CONTRACT = "0x" + keccak256(b"NoContractForFunction(bytes4)").hex()[:8]


def entries(project, kind: str) -> dict[str, object]:
    """Canonical signature to ABI entry, over all pieces."""
    return {e.selector: e for name in PIECES for e in project.get_contract(name).contract_type.abi if e.type == kind}


def refusal(kit, data: bytes) -> str | None:
    """The revert data; None if the call comes back."""
    done, answer = kit.wallet.attempt.call(kit.exchange, data)
    return None if done else "0x" + bytes(answer).hex()


def no_contract(selector: str) -> str:
    return NO_CONTRACT + selector[2:] + "00" * 28


def test_an_unknown_selector_is_refused_by_name(kit):
    assert refusal(kit, b"\x12\x34\x56\x78") == no_contract("0x12345678")
    assert int(kit.exchange.getSubContract(b"\x12\x34\x56\x78"), 16) == 0
    assert refusal(kit, b"") == "0x" + keccak256(b"NotExpectedToReceive()").hex()[:8]


@pytest.mark.parametrize("function", INDEX["functions"] + INDEX["proxy_functions"], ids=lambda f: f["signature"])
def test_a_published_function_is_answered(kit, project, function):
    assert "0x" + keccak256(function["signature"].encode()).hex()[:8] == function["selector"]
    assert refusal(kit, call_with_zeros(function["signature"])) != no_contract(function["selector"])
    abi = entries(project, "function")[function["signature"]]
    if function.get("mutability") in ("view", "pure"):
        assert abi.stateMutability in ("view", "pure")
        assert [output.canonical_type for output in abi.outputs] == [function["returns"]]


def test_routes_name_the_piece_that_has_the_function(kit, project):
    """Each piece's own functions, no more and no fewer, are routed to it."""
    kinds = {"Freehold": "Operations", "Custody": "Custody", "Administration": "Administration"}
    for name, kind in kinds.items():
        for method in project.get_contract(name).contract_type.abi:
            if method.type == "function" and method.name != "identify":
                chosen = keccak256(method.selector.encode())[:4]
                assert kit.exchange.handlingContractId(chosen) == f"Freehold_{kind}_2026_1", method.selector


def test_every_published_event_exists_with_its_topic_and_names(project):
    ours = entries(project, "event")
    for event in INDEX["events"] + INDEX["proxy_events"]:
        assert "0x" + keccak256(event["signature"].encode()).hex() == event["topic"]
        assert event["signature"] in ours, event["signature"]
        if "names" in event:
            inputs = ours[event["signature"]].inputs
            assert [i.name for i in inputs] == event["names"] and not any(i.indexed for i in inputs)


def test_the_manual_has_every_function(project):
    manual = {m.selector for m in project.IFreehold.contract_type.abi if m.type == "function"}
    assert manual | {"identify()"} == set(entries(project, "function")) | {"identify()"}


def test_storage_stands_in_the_namespaces_that_the_sources_name(pytestconfig):
    """ERC-7201, and no two alike."""
    found = {}
    contracts = pytestconfig.rootpath / "contracts"
    for path in [*contracts.glob("common/*.sol"), *contracts.glob("perpetual/*.sol")]:
        text = path.read_text()
        for name in re.findall(r"@custom:storage-location erc7201:(\S+)", text):
            (slot,) = re.findall(r" SLOT = (0x[0-9a-f]{64});", text)
            inner = int.from_bytes(keccak256(name.encode()), "big") - 1
            expected = int.from_bytes(keccak256(inner.to_bytes(32, "big")), "big") & ~0xFF
            assert int(slot, 16) == expected, path.name
            found[slot] = name
    assert len(found) == len(set(found.values())) == 15
