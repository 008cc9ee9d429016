"""The committee with one signature of each member: each refusal beside what is accepted."""

import ape
import pytest
from eth_account import Account

from freehold.chain.signatures import raw_signature

CLAIM = bytes(range(32))


@pytest.fixture(scope="module")
def deployer(accounts):
    return accounts[0]


@pytest.fixture(scope="module")
def committee(project, deployer, accounts):
    """Two of three, members by rising address."""
    members = sorted(accounts[:3], key=lambda account: int(account.address, 16))
    return members, deployer.deploy(project.Committee, [m.address for m in members], 2)


def test_a_quorum_of_the_committee_registers_a_claim(committee, accounts):
    members, contract = committee
    first, second, third = (raw_signature(member, CLAIM) for member in members)
    stranger = raw_signature(accounts[5], CLAIM)
    with ape.reverts(contract.ProofTooShort, length=65, required=130):
        contract.verifyAvailabilityProof(CLAIM, first, sender=accounts[5])
    with ape.reverts(contract.SignersNotSorted):
        contract.verifyAvailabilityProof(CLAIM, first + first, sender=accounts[5])
    with ape.reverts(contract.SignersNotSorted):
        contract.verifyAvailabilityProof(CLAIM, second + first, sender=accounts[5])
    with ape.reverts(contract.NotAMember, signer=accounts[5].address):
        contract.verifyAvailabilityProof(CLAIM, first + stranger, sender=accounts[5])
    assert not contract.isValid(CLAIM)
    contract.verifyAvailabilityProof(CLAIM, first + third, sender=accounts[5])
    assert contract.isValid(CLAIM) and not contract.isValid(bytes(32)) and contract.hasRegisteredFact()
    assert contract.identify() == "Freehold_Committee_2026_1"


def test_a_committee_of_nobody_is_refused(project, deployer):
    with ape.reverts(project.Committee.NoRequiredSignatures):
        deployer.deploy(project.Committee, [deployer.address], 0)
    with ape.reverts(project.Committee.TooManyRequiredSignatures, required=2, members=1):
        deployer.deploy(project.Committee, [deployer.address], 2)
    with ape.reverts(project.Committee.NonUniqueMember, member=deployer.address):
        deployer.deploy(project.Committee, [deployer.address] * 2, 1)
    with ape.reverts(project.Committee.NonUniqueMember, member="0x" + "00" * 20):
        deployer.deploy(project.Committee, ["0x" + "00" * 20], 1)
    assert deployer.deploy(project.Committee, [deployer.address], 1).isMember(Account.create().address) is False
