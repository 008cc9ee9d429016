"""Hashes and rules against v3.2's vectors, and the Cairo program against the rules in Python."""

import json

import pytest
from pydantic import ValidationError

from prover.algebra import ecdsa
from prover.algebra.keccak import keccak_of_words
from prover.applications.ledger.facts import (
    asset_type,
    condition_word,
    registration_message,
    rollup_fact,
    validium_fact,
)
from prover.applications.ledger.merkle import MerkleTree, empty_roots
from prover.applications.perpetual.batch import apply_batch
from prover.applications.perpetual.config import GeneralConfig, chain_hash
from prover.applications.perpetual.errors import Code, TimeRefused, UpdateRefused
from prover.applications.perpetual.escape import escape_amount, escape_proof
from prover.applications.perpetual.facts import forced_trade_consent, forced_trade_hash, forced_withdrawal_hash
from prover.applications.perpetual.margin import Change, Market, update_position
from prover.applications.perpetual.positions import EMPTY, Asset, Position
from prover.applications.perpetual.state import State
from prover.applications.perpetual.transactions import Deposit, ForcedTrade, ForcedWithdrawal, FundingTick
from prover.cairo.errors import RunFailed
from prover.proving.batch import run_batch, run_exchange
from tests.support.paths import VECTORS

RECORDED = json.loads((VECTORS / "perpetual_hashes.json").read_text())
BATCHES = json.loads((VECTORS / "perpetual_batches.json").read_text())
ALICE, BOB = ecdsa.public_key(5), ecdsa.public_key(6)
HALF = 2**63
CONDITION = 0x919BBDB60CF317AB0411DC0E8108763A2D307E2CFA4D5EEDBE2CC56A60E5F0


def number(text) -> int:
    return int(str(text), 0)


@pytest.fixture(scope="module")
def config() -> GeneralConfig:
    return GeneralConfig(collateral_asset_id=0x123)


@pytest.fixture(scope="module")
def state(config) -> State:
    """alice 1000 in 7, bob 50 in 8."""
    transactions = [
        Deposit(public_key=ALICE, position_id=7, amount=1000),
        Deposit(public_key=BOB, position_id=8, amount=50),
    ]
    return apply_batch(config, State.initial(config, 1000), transactions, 1).after


@pytest.mark.parametrize("vector", RECORDED["position_leaves"], ids=lambda v: v["name"])
def test_position_leaves(vector):
    assets = tuple(
        Asset(number(a["asset_id"]), int(a["balance"]), int(a["cached_funding_index"])) for a in vector["assets"]
    )
    position = Position(number(vector["public_key"]), int(vector["collateral_balance"]), assets)
    assert position.leaf() == number(vector["leaf"])


@pytest.mark.parametrize(("name", "leaf"), [("positions", EMPTY.leaf()), ("orders", 0)])
def test_empty_trees(name, leaf):
    """The vectors list the even heights."""
    roots = [number(root) for root in RECORDED[f"empty_{name}_root_by_height"]]
    assert list(empty_roots(64, leaf)[::2]) == roots


def test_chain_hashes():
    for vector in RECORDED["config"]["chain_hash"]:
        assert chain_hash([number(word) for word in vector["words"]]) == number(vector["hash"])


@pytest.mark.parametrize("case", BATCHES["cases"], ids=lambda c: c["name"][:40])
def test_config_hashes_of_the_published_batches(case):
    c = case["config"]
    if case["name"] == "config risk 1.0 refused":
        c = {**c, "synthetic_assets": []}
    config = GeneralConfig.model_validate(c)
    assert config.hash() == number(c["config_hash"])
    for asset, document in zip(config.synthetic_assets, c["synthetic_assets"], strict=True):
        assert asset.hash() == number(document["asset_config_hash"])


def test_golden_facts():
    assert forced_withdrawal_hash(0x123, 7, 1000).hex().startswith("74c05f4df9853348a059d77079a83594")
    assert asset_type(bytes.fromhex("8322fff2")) == 0x1142460171646987F20C714EDA4B92812B22B811F56F27130937C267E29BD9E
    assert validium_fact([1, 2, 3]).hex().startswith("6e0c627900b24bd432fe7b1f713f1b07")
    assert keccak_of_words([1, 64, 2, 64, 5]).hex().startswith("bcb5978c00ef9161bf7b524b54214720")
    assert keccak_of_words([0x1234, 64, 0x5678, 64, 0, 0, 0, 0]).hex().startswith("b04c38afc929529ce6277d85fc154a3e")
    key = 0x63CBF2811AEFBE6CF395EB5B1AA5DB62F6E2B3ADBAFB024B01F2C02DE1EC84D
    trade = ForcedTrade(
        public_key_a=0xAA,
        public_key_b=0xBB,
        position_id_a=1,
        position_id_b=2,
        synthetic_asset_id=0xDD,
        amount_collateral=5,
        amount_synthetic=6,
        is_party_a_buying_synthetic=1,
        nonce=9,
    )
    assert forced_trade_hash(trade, 0xCC).hex().startswith("3f604b24437329aa666bd4bfef58c9a6")
    assert forced_trade_consent(trade, 0xCC, 480_000).hex().startswith("e4c1304fef5451a124d24479c3014d29")
    rollup = rollup_fact([1, 2, 3], (0xABC).to_bytes(32, "big"), 12)
    assert rollup.hex().startswith("1343490cc9deae7b73c57ec551c9b920")
    assert condition_word(b"\x33" * 20, (0x44).to_bytes(32, "big")) == CONDITION
    message = registration_message(bytes.fromhex("22" * 20), key)
    assert message == 0x41D50CA911CFED0D28F68D4FAFB910F08AECFD416EAF73688941525A79A7A68


def test_a_tree_updates_the_same_at_once_and_one_by_one():
    tree = MerkleTree(8, EMPTY.leaf())
    leaves = {0: 11, 255: 12, 128: 13}
    one_by_one = tree
    for index, leaf in leaves.items():
        one_by_one = one_by_one.update({index: leaf})
    assert tree.update(leaves).root == one_by_one.root
    assert [tree.update(leaves).leaf(i) for i in (0, 255, 128, 1)] == [11, 12, 13, EMPTY.leaf()]
    with pytest.raises(ValueError, match="no leaf"):
        tree.update({256: 1})


@pytest.mark.parametrize(
    ("position", "key", "delta", "code"),
    [
        (Position(5, 100), 5, -100, Code.SUCCESS),
        (Position(5, 100), 5, -101, Code.ILLEGAL_POSITION_TRANSITION_NO_RISK_REDUCED_VALUE),
        (Position(5, 100), 6, -1, Code.INVALID_PUBLIC_KEY),
        (Position(5, 100), 5, 0, Code.SUCCESS),
        (EMPTY, 6, 0, Code.SUCCESS),
        (EMPTY, 6, -1, Code.ILLEGAL_POSITION_TRANSITION_NO_RISK_REDUCED_VALUE),
        (EMPTY, 6, -HALF, Code.ILLEGAL_POSITION_TRANSITION_NO_RISK_REDUCED_VALUE),
        (EMPTY, 6, -HALF - 1, Code.OUT_OF_RANGE_BALANCE),
        (EMPTY, 6, HALF - 1, Code.SUCCESS),
        (EMPTY, 6, HALF, Code.OUT_OF_RANGE_BALANCE),
        (Position(5, HALF - 1), 5, 1, Code.OUT_OF_RANGE_BALANCE),
    ],
)
def test_the_update_is_total(position, key, delta, code):
    update = update_position(position, Change(key, delta), Market({}, False, {}, {}, 0))
    assert update.code == code
    assert update.result == position or code == Code.SUCCESS


def test_the_last_unit_empties_the_position_and_forgets_its_key(config, state):
    batch = apply_batch(config, state, [ForcedWithdrawal(public_key=BOB, position_id=8, amount=50)], 1)
    assert batch.served == (Code.SUCCESS,) and batch.after.position(8) == EMPTY
    assert run_batch(batch).output == tuple(batch.output())


def test_refusals_carry_rule_and_numbers(config, state):
    with pytest.raises(UpdateRefused, match="position 8: INVALID_PUBLIC_KEY"):
        apply_batch(config, state, [Deposit(public_key=ALICE, position_id=8, amount=1)], 1)
    with pytest.raises(TimeRefused, match="goes back from 1000"):
        apply_batch(config, state, [FundingTick(timestamp=999)], 1)
    assert apply_batch(config, state, [FundingTick(timestamp=1000)], 1)
    for bad in ({"amount": 2**64}, {"position_id": 2**64}, {"public_key": 0}):
        with pytest.raises(ValidationError):
            Deposit(**{"public_key": ALICE, "position_id": 7, "amount": 1, **bad})


def test_a_wrong_old_position_cannot_be_used(config, state):
    """An operator who claims more than the tree holds has no preimage for its leaf."""
    batch = apply_batch(config, state, [ForcedWithdrawal(public_key=BOB, position_id=8, amount=51)], 1)
    document = batch.program_input()
    document["prev_state"]["positions"]["8"]["collateral_balance"] = "51"
    with pytest.raises(RunFailed):
        run_exchange(document)


def test_the_golden_escape():
    """A leaf and a worth that v3.2's contracts computed: 852 = 1000 - 300 + 1.5 + 151.5, rounded twice."""
    position = Position(0x1234567, 1000, (Asset(11, -100, 5 - HALF), Asset(12, 3, 77)))
    assert position.leaf() == 0x2ABAC784E0EA8DBEA1F764D02CD3CFB35BE0416F819A4054FE1A395B043EF5
    indices = ((11, 5 + 3 * 2**31 - HALF), (12, 77 - 2**31))
    assert escape_amount(position, indices, ((11, 3 * 2**32), (12, 2**31))) == 852


def test_escape_proofs_end_at_the_root(state):
    proof = escape_proof(state, 7)
    assert len(proof) == 2 * (2 + 64) + 2
    assert proof[-2] >> 4 == state.tree.root
    assert proof[-1] >> 8 == 7 << 2
