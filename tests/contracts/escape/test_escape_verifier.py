"""The escape verifier: golden numbers, and each refusal beside what is accepted."""

from types import SimpleNamespace

import ape
import pytest

from freehold.chain.deployment import deploy_escape_verifier
from freehold.chain.verifier import data_contract
from prover.algebra.field import PRIME as FIELD
from prover.algebra.keccak import keccak_of_words
from prover.algebra.pedersen import pedersen
from prover.applications.ledger.merkle import MerkleTree
from prover.applications.perpetual.escape import escape_proof
from prover.applications.perpetual.positions import EMPTY, Asset, Position
from prover.applications.perpetual.state import State
from prover.codegen.pedersen_tables import pages


@pytest.fixture(scope="module")
def deployer(accounts):
    return accounts[0]


@pytest.fixture(scope="module")
def escape_verifier(project, deployer):
    return deploy_escape_verifier(project, deployer)


def state_with(position_id: int, position: Position, height: int = 64) -> State:
    tree = MerkleTree(height, EMPTY.leaf()).update({position_id: position.leaf(), 3: 12345})
    return State({position_id: position}, tree, {}, SimpleNamespace(root=0x5678, height=64), (), 0, (), 0)


def test_wrong_tables_are_refused(project, deployer):
    """Every byte counts, of any page; and the right ones are taken."""
    right = [deployer.deploy(data_contract(page)).address for page in pages()]
    wrong = deployer.deploy(data_contract(bytes([pages()[3][0] ^ 1]) + pages()[3][1:])).address
    for tables in ([wrong], right[:-1], [*right[:3], wrong, *right[4:]], right[::-1]):
        with ape.reverts(project.EscapeVerifier.TablesRefused):
            deployer.deploy(project.EscapeVerifier, tables)
    assert len(right) == 12 and deployer.deploy(project.EscapeVerifier, right)


def test_a_position_proves_its_worth(escape_verifier, deployer):
    state = state_with(7, Position(0x1234567, 1000))
    escape_verifier.verifyEscape(escape_proof(state, 7), 0, state.words(), sender=deployer)
    state_hash = int.from_bytes(state.hash(), "big")
    assert escape_verifier.isValid(keccak_of_words([0x1234567, 1000, state_hash, 7]))
    assert escape_verifier.identify() == "Freehold_EscapeVerifier_2026_1"


@pytest.mark.parametrize("n_assets", [0, 3, 6])
def test_a_proof_with_a_few_assets_costs_two_and_a_half_million_at_most(escape_verifier, deployer, n_assets):
    assets = tuple(Asset(11 + i, 5, 5 - 2**63) for i in range(n_assets))
    state = state_with(7, Position(0x1234567, 1000, assets))
    funding = [word for asset in assets for word in (asset.asset_id, 5)]
    prices = [word for asset in assets for word in (asset.asset_id, 1 << 32)]
    words = [*state.words()[:4], n_assets, *funding, 0, n_assets, *prices, 0]
    proof = escape_proof(state, 7)
    receipt = escape_verifier.verifyEscape(proof, n_assets, words, sender=deployer)
    print(f"{n_assets} assets: {receipt.gas_used:,} gas")
    assert receipt.gas_used <= 2_500_000


def test_the_golden_escape_amount(escape_verifier, deployer):
    """1000 - 300 + 1.5 by prices, 151.5 by funding floored to 151, in all 852.5 floored."""
    half = 2**63
    assets = (Asset(11, -100, 5 - half), Asset(12, 3, 77))
    position = Position(0x1234567, 1000, assets)
    assert position.leaf() == 0x2ABAC784E0EA8DBEA1F764D02CD3CFB35BE0416F819A4054FE1A395B043EF5
    state = state_with(7, position, height=4)
    words = state.words()[:4]
    words += [2, 11, 5 + 3 * 2**31, 12, half + 77 - 2**31, 0, 2, 11, 3 * 2**32, 12, 2**31, 0]
    receipt = escape_verifier.verifyEscape(escape_proof(state, 7), 2, words, sender=deployer)
    (event,) = receipt.decode_logs(escape_verifier.LogEscapeVerified)
    assert event.withdrawalAmount == 852


@pytest.mark.parametrize(
    ("mangle", "error"),
    [
        (lambda proof, words: proof.__setitem__(0, 16), "ChainMustStartWithZero"),
        (lambda proof, words: proof.__setitem__(1, proof[1] ^ (1 << 8)), "BadMerklePath"),
        (lambda proof, words: proof.__setitem__(3, proof[3] ^ (1 << 8)), "BadAssetCount"),
        (lambda proof, words: proof.__setitem__(3, proof[3] ^ (1 << 30)), "BadMerklePath"),
        (lambda proof, words: proof.__setitem__(6, proof[6] ^ (1 << 20)), "BadMerklePath"),
        (lambda proof, words: proof.__setitem__(-1, proof[-1] ^ (1 << 8)), "InconsistentAssetCount"),
        (lambda proof, words: proof.__setitem__(-1, 1 << (len(proof) // 2 - 1 + 8)), "NodeIndexOutOfTree"),
        (lambda proof, words: proof.__setitem__(3, proof[3] ^ (1 << (16 + 64 + 8))), "BadBalance"),
        (lambda proof, words: proof.__setitem__(2, proof[2] + (FIELD << 4)), "ValueOutOfRange"),
        (lambda proof, words: proof.__setitem__(-2, proof[-2] + (FIELD << 4)), "ValueOutOfRange"),
        (lambda proof, words: proof.__setitem__(-2, proof[-2] ^ 16), "WrongRoot"),
        (lambda proof, words: words.__setitem__(0, words[0] ^ 1), "WrongRoot"),
        (lambda proof, words: words.__setitem__(1, 5), "WrongHeight"),
        (lambda proof, words: proof.append(0), "ProofLength"),
    ],
)
def test_a_mangled_escape_is_refused_at_its_step(escape_verifier, deployer, mangle, error):
    state = state_with(7, Position(0x1234567, 1000), height=4)
    proof, words = escape_proof(state, 7), state.words()
    mangle(proof, words)
    with ape.reverts(getattr(escape_verifier, error)):
        escape_verifier.verifyEscape(proof, 0, words, sender=deployer)
    escape_verifier.verifyEscape(escape_proof(state, 7), 0, state.words(), sender=deployer)


def with_assets(nfunding: int = 2, funding=(11, 5, 12, 7), prices=(11, 1 << 32, 12, 1 << 32)):
    """A position of two synthetic assets, and the words of a state that values them."""
    position = Position(0x1234567, 1000, (Asset(11, 1, 5 - 2**63), Asset(12, 2, 7 - 2**63)))
    state = state_with(7, position, height=4)
    words = [*state.words()[:4], nfunding, *funding, 0, len(prices) // 2, *prices, 0]
    return escape_proof(state, 7), words


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"prices": (11, 1 << 32, 13, 1 << 32)}, "AssetNotFound"),
        ({"prices": (12, 1 << 32, 11, 1 << 32)}, "AssetNotFound"),  # in another order
        ({"funding": (11, 5, 13, 7)}, "AssetNotFound"),
        ({"prices": (11, 1 << 64, 12, 1 << 32)}, "ValueOutOfRange"),
        ({"funding": (11, 1 << 64, 12, 7)}, "ValueOutOfRange"),
        ({"nfunding": 3}, "SharedStateMalformed"),
        ({"nfunding": 2**255}, "SharedStateMalformed"),
        ({"nfunding": 1}, "SharedStateMalformed"),
    ],
)
def test_assets_are_looked_up_in_the_states_order(escape_verifier, deployer, changes, error):
    proof, words = with_assets(**changes)
    with ape.reverts(getattr(escape_verifier, error)):
        escape_verifier.verifyEscape(proof, 2, words, sender=deployer)
    proof, words = with_assets()
    receipt = escape_verifier.verifyEscape(proof, 2, words, sender=deployer)
    (event,) = receipt.decode_logs(escape_verifier.LogEscapeVerified)
    assert event.withdrawalAmount == 1003


@pytest.mark.parametrize(
    ("n_assets", "cut", "error"),
    [
        (2**256 - 1, None, "InconsistentAssetCount"),
        (6, None, "InconsistentAssetCount"),
        (1, None, "BadAssetCount"),
        (2, 2, "ProofLength"),
    ],
)
def test_counts_and_lengths_that_do_not_fit(escape_verifier, deployer, n_assets, cut, error):
    proof, words = with_assets()
    with ape.reverts(getattr(escape_verifier, error)):
        escape_verifier.verifyEscape(proof[:cut], n_assets, words, sender=deployer)
    for state in ([], words[:7], words[:-1], [*words, 0]):
        with ape.reverts(escape_verifier.SharedStateMalformed, length=len(state)):
            escape_verifier.verifyEscape(proof, 2, state, sender=deployer)


def test_words_at_and_above_the_field_are_refused(escape_verifier, deployer):
    """The same residue written differently is another word."""
    state = state_with(7, Position(5, 1000), height=4)
    proof = escape_proof(state, 7)
    packed = (proof[0] << 256 | proof[1]) + (FIELD << 8)  # the key stands in the first pair, on the right
    proof[0], proof[1] = packed >> 256, packed & 2**256 - 1
    with ape.reverts(escape_verifier.ValueOutOfRange, value=5 + FIELD):
        escape_verifier.verifyEscape(proof, 0, state.words(), sender=deployer)


def test_nothing_to_escape_with_is_refused(escape_verifier, deployer):
    state = state_with(7, Position(0x1234567, 0), height=4)
    with ape.reverts(escape_verifier.AmountNotPositive, amount=0):
        escape_verifier.verifyEscape(escape_proof(state, 7), 0, state.words(), sender=deployer)


def test_pedersen_in_the_escape_is_pedersen(escape_verifier, deployer):
    """Random words go through leaf and path: an accepted path of another leaf would be a wrong hash."""
    for seed in range(3):
        key = pedersen(seed, 99)
        state = state_with(11, Position(key, 2**62 + seed), height=5)
        escape_verifier.verifyEscape(escape_proof(state, 11), 0, state.words(), sender=deployer)
