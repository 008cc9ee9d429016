"""The committee with aggregate signatures: each refusal beside what is accepted."""

from functools import cache

import ape
import pytest
from eth.vm.forks.prague.computation import PragueComputation

from freehold.chain.committee import ORDER, availability_proof, possession, public_key
from prover.algebra.keccak import keccak256
from tests.support.gas import MAX_TRANSACTION_GAS
from tests.support.paths import ROOT

CLAIM = bytes(range(32))
SECRETS = (11, 22, 33)
FIELD = 0x1A0111EA397FE69A4B1BA7B6434BACD764774B84F38512BF6730D2A0F6B0F6241EABFFFEB153FFFFB9FEFFFFFFFFAAAB


@pytest.fixture(scope="module")
def deployer(accounts):
    return accounts[0]


@cache
def keys() -> list[bytes]:
    return [public_key(secret) for secret in SECRETS]


@cache
def possessions() -> list[bytes]:
    return [possession(secret) for secret in SECRETS]


@pytest.fixture(scope="module")
def committee(project, deployer):
    return deployer.deploy(project.BlsCommittee, keys(), possessions(), 2)


def test_a_quorum_registers_a_claim_with_one_signature(committee, deployer):
    one = availability_proof(CLAIM, {0: SECRETS[0]})
    two = availability_proof(CLAIM, {0: SECRETS[0], 2: SECRETS[2]})
    submit = committee.verifyAvailabilityProof
    with ape.reverts(committee.TooFewSigners, signers=1, required=2):
        submit(CLAIM, one, sender=deployer)
    with ape.reverts(committee.NotAMember, signers=0b1101):
        submit(CLAIM, (0b1101).to_bytes(32, "big") + two[32:], sender=deployer)
    for wrong in (two[:-1], two + b"\0", b""):
        with ape.reverts(committee.ProofLength, length=len(wrong), expected=288):
            submit(CLAIM, wrong, sender=deployer)
    with ape.reverts(committee.PrecompileRefused, precompile=15):
        submit(CLAIM, two[:-1] + bytes([two[-1] ^ 1]), sender=deployer)
    with ape.reverts(committee.SignatureRefused):  # one of the two did not sign
        submit(CLAIM, two[:32] + one[32:], sender=deployer)
    assert not committee.isValid(CLAIM)
    submit(CLAIM, two, sender=deployer)
    assert committee.isValid(CLAIM) and not committee.isValid(bytes(32))


@pytest.mark.slow
@pytest.mark.coverage
def test_a_signature_is_of_those_it_names_over_that_claim(committee, deployer):
    """And its cost grows by an addition of keys for each signer."""
    two = availability_proof(CLAIM, {0: SECRETS[0], 2: SECRETS[2]})
    submit = committee.verifyAvailabilityProof
    with ape.reverts(committee.SignatureRefused):
        submit(CLAIM, (0b11).to_bytes(32, "big") + two[32:], sender=deployer)
    with ape.reverts(committee.SignatureRefused):
        submit(bytes(32), two, sender=deployer)
    with ape.reverts(committee.SignatureRefused):  # infinity signs for nobody
        submit(CLAIM, two[:32] + bytes(256), sender=deployer)
    cost = submit(CLAIM, two, sender=deployer).gas_used
    dearer = submit(CLAIM, availability_proof(CLAIM, dict(enumerate(SECRETS))), sender=deployer).gas_used
    assert cost < 300_000 and dearer < cost + 6_000, (cost, dearer)


def test_keys_that_cancel_sign_nothing(project, deployer):
    """Members with the secrets s and -s have both: their proofs of possession pass. Their keys sum to infinity, and
    infinity is its signature of every claim. Beside a third they count as the two who could have signed."""
    secrets = (SECRETS[0], ORDER - SECRETS[0], SECRETS[1])
    members = [public_key(secret) for secret in secrets], [possession(secret) for secret in secrets]
    committee = deployer.deploy(project.BlsCommittee, *members, 2)
    with ape.reverts(committee.SumAtInfinity, signers=0b11):
        committee.verifyAvailabilityProof(CLAIM, (0b11).to_bytes(32, "big") + bytes(256), sender=deployer)
    assert not committee.isValid(CLAIM)
    alone = availability_proof(CLAIM, {2: secrets[2]})
    committee.verifyAvailabilityProof(CLAIM, (0b111).to_bytes(32, "big") + alone[32:], sender=deployer)
    assert committee.isValid(CLAIM)


MAX_MEMBERS = 65
CHARGED = {0x0D: (600, 256), 0x0F: (37_700 + 2 * 32_600, 32), 0x11: (23_800, 256)}
"""EIP-2537's precompiles of points in G2 and of two pairs: gas, and bytes of the answer."""


def believe(precompile: int):
    """Takes the precompile's gas and answers 1, without the arithmetic, which takes a second a member in Python."""
    gas, size = CHARGED[precompile]

    def run(computation):
        computation.consume_gas(gas, "")
        computation.output = (1).to_bytes(size, "big")

    return run


def coordinates(member: int, count: int) -> bytes:
    """As long as those of a point, and with as few zeros."""
    return b"".join(bytes(16) + (3 * keccak256(bytes([member, place])))[:48] for place in range(count))


def test_the_most_members_fit_the_gas_of_a_transaction(project, deployer, chain, monkeypatch):
    """The number in the contract is measured here, and so is what it says of the gas. One more is refused by name."""
    known = PragueComputation._precompiles
    monkeypatch.setattr(
        PragueComputation, "_precompiles", {**known, **{p.to_bytes(20, "big"): believe(p) for p in CHARGED}}
    )
    members = [(coordinates(i, 2), coordinates(i, 4)) for i in range(MAX_MEMBERS + 1)]

    def deploy(count: int) -> int:
        deployer.deploy(project.BlsCommittee, *zip(*members[:count], strict=True), 1, gas=MAX_TRANSACTION_GAS)
        return chain.blocks.head.gas_used

    used = deploy(MAX_MEMBERS)
    print(f"{used:,} gas for {MAX_MEMBERS} members")
    assert used <= MAX_TRANSACTION_GAS
    text = (ROOT / "contracts/committee/BlsCommittee.sol").read_text()
    assert f"MAX_MEMBERS = {MAX_MEMBERS};" in text and f"{used / 1e6:.1f} M gas" in text
    with ape.reverts(project.BlsCommittee.TooManyMembers, members=MAX_MEMBERS + 1, limit=MAX_MEMBERS):
        deploy(MAX_MEMBERS + 1)


def test_keys_are_kept(committee):
    assert [bytes(committee.memberKey(i)) for i in range(3)] == keys()
    assert (committee.memberCount(), committee.signaturesRequired()) == (3, 2)
    assert committee.identify() == "Freehold_BlsCommittee_2026_1"
    with ape.reverts(committee.NotAMember, signers=3):
        committee.memberKey(3)


def key_of_a_middle_y() -> bytes:
    """A point whose y begins as (p - 1) / 2 does: where the greater of two y is told by the low half."""
    p, y = FIELD, (FIELD - 1) // 2
    while pow(y * y - 4, (p - 1) // 3, p) != 1:
        y -= 1
    root = pow(y * y - 4, (2 * p + 7) // 27, p)  # a cube root but for a ninth root of unity, as p is 10 modulo 27
    unity = pow(next(g for g in range(2, 99) if pow(g, (p - 1) // 3, p) != 1), (p - 1) // 9, p)
    x = next(x for k in range(9) if pow(x := root * pow(unity, k, p) % p, 3, p) == (y * y - 4) % p)
    return x.to_bytes(64, "big") + y.to_bytes(64, "big")


@pytest.mark.slow
@pytest.mark.coverage
def test_members_must_have_their_keys(project, deployer):
    """The key that would cancel another's has no proof of possession that verifies."""
    contract, k, p = project.BlsCommittee, keys(), possessions()
    cancelling = public_key(ORDER - SECRETS[0])
    for members, proofs, required, error in (
        (k[:1], p[:1], 0, "NoRequiredSignatures"),
        (k[:1], p[:1], 2, "TooManyRequiredSignatures"),
        (k[:2], p[:1], 1, "ProofsOfPossessionMissing"),
        (k[:1] * 66, p[:1], 1, "TooManyMembers"),
        ([bytes(128)], p[:1], 1, "PublicKeyRefused"),
        ([key_of_a_middle_y()], p[:1], 1, "PrecompileRefused"),  # on the curve, not in the subgroup
        ([k[0][:-1]], p[:1], 1, "PublicKeyRefused"),
        ([k[0], k[0]], [p[0], p[0]], 1, "NonUniqueMember"),
        ([k[0]], [p[1]], 1, "PossessionNotProven"),
        ([cancelling], [p[0]], 1, "PossessionNotProven"),
        ([k[0][:-1] + bytes([k[0][-1] ^ 1])], p[:1], 1, "PrecompileRefused"),
    ):
        with ape.reverts(getattr(contract, error)):
            deployer.deploy(contract, members, proofs, required)
    deployer.deploy(contract, k[:1], p[:1], 1)
