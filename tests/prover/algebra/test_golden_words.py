"""Golden words of v3.2's contracts and of Cairo: each formula, written out, gives the recorded value.

Where the project has a function for the formula, that function is asked; the contracts read the same file in their own
tests. Position leaves, trees and configurations are in `tests/perpetual`.
"""

import json
from functools import reduce

import pytest

from prover.algebra import curve, ecdsa
from prover.algebra.keccak import keccak256, keccak_of_words, words_to_bytes
from prover.algebra.pedersen import pedersen
from prover.applications.ledger.facts import asset_type, registration_message, validium_fact
from prover.applications.perpetual.facts import forced_withdrawal_hash
from prover.cairo.machine import instruction
from prover.cairo.machine.instruction import decode
from tests.support.paths import VECTORS

CONTRACTS = json.loads((VECTORS / "contracts_golden.json").read_text())
CAIRO = json.loads((VECTORS / "cairo_golden.json").read_text())
MASK_250 = (1 << 250) - 1


def number(word: str | int) -> int:
    return int(word, 16) if isinstance(word, str) else word


def data(word: str) -> bytes:
    return bytes.fromhex(word[2:])


def test_forced_withdrawal():
    v = CONTRACTS["forced_withdrawal"]
    assert forced_withdrawal_hash(number(v["stark_key"]), v["position_id"], v["amount"]) == data(v["hash"])


def test_forced_trade():
    """The flag is one byte; party B signs the hash with the expiration, without any prefix."""
    v = CONTRACTS["forced_trade"]
    names = ("stark_key_a", "stark_key_b", "position_id_a", "position_id_b", "collateral_asset_id")
    names += ("synthetic_asset_id", "amount_collateral", "amount_synthetic")
    words = words_to_bytes(number(v[name]) for name in names)
    flag = bytes([v["a_is_buying_synthetic"]])
    action = keccak256(b"FORCED_TRADE" + words + flag + words_to_bytes([v["nonce"]]))
    assert action == data(v["hash"])
    assert keccak256(action + words_to_bytes([v["expiration"]])) == data(v["party_b_digest"])


@pytest.mark.parametrize("vector", CONTRACTS["asset_types"], ids=["ETH", "ETH in 10^10", "ERC20"])
def test_asset_types(vector):
    assert asset_type(data(vector["asset_info"]), vector["quantum"]) == number(vector["asset_type"])


def test_registration():
    v = CONTRACTS["registration"]
    key, message = number(v["stark_key"]), number(v["message"])
    assert registration_message(data(v["eth_key"]), key) == message
    assert ecdsa.public_point(number(v["private_key"])) == curve.Point(key, number(v["stark_key_y"]))
    r, s = number(v["r"]), number(v["s"])
    assert ecdsa.verify(message, r, s, key)
    assert not ecdsa.verify(message + 1, r, s, key) and not ecdsa.verify(message, r, s + 1, key)


def test_state_transition_facts():
    v = CONTRACTS["validium_fact"]
    assert validium_fact(v["output"]) == data(v["fact"])
    v = CONTRACTS["rollup_fact"]
    main = keccak_of_words(v["main"])
    size = len(v["main"])
    tree = main + words_to_bytes([size, number(v["data_hash"]), size + v["data_size"]])
    assert int.from_bytes(keccak256(tree), "big") + 1 == number(v["fact"])
    v = CONTRACTS["program_fact"]
    assert keccak256(words_to_bytes([number(v["program_hash"])]) + validium_fact(v["output"])) == data(v["fact"])


def test_words_of_the_state():
    v = CONTRACTS["availability_claim"]
    assert keccak_of_words(v["words"]) == data(v["claim"])
    v = CONTRACTS["shared_state_hash"]
    assert keccak_of_words(map(number, v["words"])) == data(v["hash"])
    v = CONTRACTS["condition"]
    digest = keccak256(data(v["registry"]) + words_to_bytes([number(v["fact"])]))
    assert int.from_bytes(digest, "big") & MASK_250 == number(v["word"])


@pytest.mark.parametrize("vector", CONTRACTS["time_lock_keys"], ids=["global", "asset"])
def test_time_lock_keys(vector):
    subject = vector.get("asset_id", (1 << 256) - 1)
    assert keccak_of_words([subject, vector["config_hash"]]) == data(vector["key"])


def test_position_leaf():
    v = CONTRACTS["position_leaf"]
    bias = 1 << 63
    words = [
        (asset["asset_id"] << 64 | asset["cached_funding_index"] + bias) << 64 | asset["balance"] + bias
        for asset in v["assets"]
    ]
    words += [number(v["public_key"]), v["collateral_balance"] + bias << 16 | len(v["assets"])]
    assert reduce(pedersen, words, 0) == number(v["leaf"])


@pytest.mark.parametrize("vector", CAIRO["instructions"], ids=lambda v: v["assembly"])
def test_instruction_words(vector):
    found = decode(number(vector["word"]))
    op1_source = {"op0": 0, "imm": 1, "fp": 2, "ap": 4}[vector["op1"][0]]
    assert (found.dst_fp, found.off_dst) == (vector["dst"][0] == "fp", vector["dst"][1])
    assert (found.op0_fp, found.off_op0) == (vector["op0"][0] == "fp", vector["op0"][1])
    assert (found.op1_source, found.off_op1, found.size) == (op1_source, vector["op1"][1], vector["size"])


def test_what_the_instructions_do():
    """The fields that the table of words leaves to its column of assembly."""
    do = {v["assembly"]: decode(number(v["word"])) for v in CAIRO["instructions"]}
    assert {name for name, i in do.items() if i.opcode == instruction.CALL} == {"call rel imm"}
    assert {name for name, i in do.items() if i.opcode == instruction.RET} == {"ret"}
    assert {name for name, i in do.items() if i.pc_update == instruction.PC_JNZ} == {"jmp rel imm if [ap-1] != 0"}
    assert {name for name, i in do.items() if i.res_logic == instruction.RES_ADD} == {"[ap] = [fp-5] + imm; ap++"}
    assert {name for name, i in do.items() if i.ap_update == instruction.AP_ADD} == {"ap += imm"}
    stepping = {name for name, i in do.items() if i.ap_update == instruction.AP_ADD1}
    assert stepping == {name for name in do if name.endswith("ap++")}


@pytest.mark.parametrize("vector", CAIRO["pedersen"], ids=["zeros", "one and two"])
def test_pedersen(vector):
    assert pedersen(*vector["inputs"]) == number(vector["hash"])


def test_ecdsa():
    v = CAIRO["ecdsa"]
    message, r, s, key = (number(v[name]) for name in ("message", "r", "s", "public_key"))
    assert ecdsa.verify(message, r, s, key)
    assert not ecdsa.verify(message, s, r, key)


def test_published_byte_tables():
    """The 63 tables of v3.2's escape verifier: one a byte of two 252-bit inputs, most significant first."""
    bits = []
    for low, high in ((curve.P0, curve.P1), (curve.P2, curve.P3)):
        points, point = [], low
        for place in range(252):
            point = high if place == 248 else point
            points.append(point)
            point = curve.add(point, point)
        bits += reversed(points)
    tables = []
    for k in range(63):
        offset = curve.multiply(curve.SHIFT, 1 << 62)
        offset = curve.negate(curve.multiply(curve.SHIFT, 1 << 62 - k)) if k else offset
        entries = [offset]
        for point in bits[8 * k : 8 * k + 8][::-1]:
            entries += [curve.add(entry, point) for entry in entries]
        tables.append(words_to_bytes(word for point in entries for word in point))
    recorded = CAIRO["byte_tables"]
    for k in (0, 1, 31, 62):
        assert keccak256(tables[k]) == data(recorded[str(k)])
    assert keccak256(b"".join(tables)) == data(recorded["all"])
