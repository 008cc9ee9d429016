"""Committees: whom a deployment names, and the BLS kind off chain.

Keys, proofs of possession, signatures and their sum are encoded as the precompiles read them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ape.api.accounts import AccountAPI
from ape.contracts.base import ContractInstance
from ape.managers.project import ProjectManager
from py_ecc.bls.ciphersuites import G2ProofOfPossession as Scheme
from py_ecc.bls.g2_primitives import pubkey_to_G1
from py_ecc.optimized_bls12_381.optimized_curve import normalize

from freehold.availability import signature_words, words
from freehold.chain.contracts import deploy
from freehold.errors import Refused

ORDER = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001
"""Of the group: secrets are from 1 to below it."""


def public_key(secret: int) -> bytes:
    """128 bytes: x and y of the point in G1."""
    x, y = normalize(pubkey_to_G1(Scheme.SkToPk(secret)))
    return words(x.n, y.n)


def possession(secret: int) -> bytes:
    """The proof that a member has the secret key."""
    return signature_words(Scheme.PopProve(secret))


def availability_proof(claim: bytes, secrets: Mapping[int, int]) -> bytes:
    """Of members by number: who signed, and the sum of the signatures."""
    signers = sum(1 << member for member in secrets)
    total = Scheme.Aggregate([Scheme.Sign(secret, claim) for secret in secrets.values()])
    return signers.to_bytes(32, "big") + signature_words(total)


@dataclass(frozen=True)
class BlsMember:
    """What a member shows: a public key (128 bytes), and the proof of having the secret one (256 bytes)."""

    public_key: bytes
    possession: bytes

    @staticmethod
    def of(secret: int) -> BlsMember:
        return BlsMember(public_key(secret), possession(secret))

    @staticmethod
    def read(path: Path) -> BlsMember:
        """A member's file, a JSON object of both in hex; refuses in one line what is none."""
        try:
            document = json.loads(path.read_text())
            member = BlsMember(*(bytes.fromhex(document[name].removeprefix("0x")) for name in FIELDS))
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise Refused(f"{path} is no file of a committee member: {error}") from error
        sizes = len(member.public_key), len(member.possession)
        if sizes != SIZES:
            raise Refused(f"{path} is no file of a committee member: {sizes} bytes, {SIZES} are needed")
        return member

    def write(self, path: Path) -> None:
        path.write_text(json.dumps({name: "0x" + getattr(self, name).hex() for name in FIELDS}, indent=2) + "\n")


FIELDS, SIZES = ("public_key", "possession"), (128, 256)

Members = Sequence[AccountAPI | str] | Sequence[BlsMember]
"""Accounts or addresses, or members with BLS keys: never both."""


def deploy_committee(
    project: ProjectManager, account: AccountAPI, members: Members, required: int = 1
) -> ContractInstance:
    """Of either kind; `required` of the members must sign."""
    bls = [member for member in members if isinstance(member, BlsMember)]
    if len(bls) == len(members):
        keys, proofs = [member.public_key for member in bls], [member.possession for member in bls]
        return deploy(account, project.BlsCommittee, keys, proofs, required)
    return deploy(account, project.Committee, list(members), required)
