"""What a committee's members sign of a batch, each where the key is, and the one proof that is made of it.

A signature is a small JSON file, so that members need not be where the operator is. What is made of the signatures is
in `freehold/availability.py`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ape.api.accounts import AccountAPI
from ape.contracts.base import ContractInstance
from py_ecc.bls.ciphersuites import G2ProofOfPossession as Scheme

from freehold.availability import AnyCommittee, committee_at
from freehold.chain.committee import ORDER
from freehold.chain.signatures import raw_signature
from freehold.errors import Refused
from freehold.files import write_whole


@dataclass(frozen=True)
class Signature:
    """One member's, of one claim. `member` is an address, or a BLS key's 48 bytes in hex."""

    claim: bytes
    member: str
    signature: bytes

    @staticmethod
    def of_account(account: AccountAPI, claim: bytes) -> Signature:
        return Signature(claim, str(account.address), raw_signature(account, claim))

    @staticmethod
    def of_key(secret: int, claim: bytes) -> Signature:
        return Signature(claim, "0x" + Scheme.SkToPk(secret).hex(), bytes(Scheme.Sign(secret, claim)))

    @staticmethod
    def read(path: Path) -> Signature:
        try:
            document = json.loads(path.read_text())
            claim, signature = (bytes.fromhex(document[name].removeprefix("0x")) for name in ("claim", "signature"))
            return Signature(claim, str(document["member"]), signature)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise Refused(f"{path} is no member's signature: {error!r}") from error

    def write(self, path: Path) -> None:
        document = {"claim": "0x" + self.claim.hex(), "member": self.member, "signature": "0x" + self.signature.hex()}
        write_whole(path, json.dumps(document, indent=1) + "\n")


def read_secret(path: Path) -> int:
    """A member's BLS key, as `ape run committee_key` wrote it."""
    try:
        secret = int(path.read_text(), 16)
    except (OSError, ValueError) as error:
        raise Refused(f"{path} is no secret key of a committee member") from error
    if not 0 < secret < ORDER:
        raise Refused(f"{path} is no secret key of a committee member: it is not below the group's order")
    return secret


def availability_of(committee: ContractInstance, claim: bytes, signatures: Sequence[Signature]) -> bytes:
    """What the committee's contract takes. Refuses who is no member, what is of another claim, and too few."""
    for signature in signatures:
        if signature.claim != claim:
            raise Refused(f"{signature.member} signed 0x{signature.claim.hex()}, the claim is 0x{claim.hex()}")
    return committee_of(committee).proof(claim, {signature.member: signature.signature for signature in signatures})


def committee_of(contract: ContractInstance) -> AnyCommittee:
    return committee_at(str(contract.address), lambda function, *arguments: getattr(contract, function)(*arguments))
