"""The committee with aggregate signatures: each refusal beside what is accepted."""

from functools import cache

import ape
import pytest

from scripts._committee import availability_proof, possession, public_key

CLAIM = bytes(range(32))
SECRETS = (11, 22, 33)
ORDER = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001


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


@pytest.mark.slow
def test_members_must_have_their_keys(project, deployer):
    """The key that would cancel another's has no proof of possession that verifies."""
    contract, k, p = project.BlsCommittee, keys(), possessions()
    cancelling = public_key(ORDER - SECRETS[0])
    for members, proofs, required, error in (
        (k[:1], p[:1], 0, "NoRequiredSignatures"),
        (k[:1], p[:1], 2, "TooManyRequiredSignatures"),
        (k[:2], p[:1], 1, "ProofsOfPossessionMissing"),
        ([bytes(128)], p[:1], 1, "PublicKeyRefused"),
        ([k[0][:-1]], p[:1], 1, "PublicKeyRefused"),
        ([k[0], k[0]], [p[0], p[0]], 1, "NonUniqueMember"),
        ([k[0]], [p[1]], 1, "PossessionNotProven"),
        ([cancelling], [p[0]], 1, "PossessionNotProven"),
        ([k[0][:-1] + bytes([k[0][-1] ^ 1])], p[:1], 1, "PrecompileRefused"),
    ):
        with ape.reverts(getattr(contract, error)):
            deployer.deploy(contract, members, proofs, required)
    deployer.deploy(contract, k[:1], p[:1], 1)
