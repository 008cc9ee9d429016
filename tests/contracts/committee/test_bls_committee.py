"""The committee with aggregate signatures: each refusal beside what is accepted."""

from functools import cache

import ape
import pytest

from freehold.chain.committee import ORDER, availability_proof, possession, public_key

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
        (k[:1] * 192, p[:1], 1, "TooManyMembers"),
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
