"""What a committee's members sign of a batch, each where the key is, and the one proof that is made of it.

A signature is a small JSON file, so that members need not be where the operator is. Of accounts just as many as are
required go in, by rising address; of BLS keys all are summed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ape.api.accounts import AccountAPI
from ape.contracts.base import ContractInstance
from eth_account import Account
from eth_typing import BLSPubkey, BLSSignature
from eth_utils.address import to_checksum_address
from py_ecc.bls.ciphersuites import G2ProofOfPossession as Scheme

from freehold.chain.committee import ORDER, signature_words
from freehold.chain.signatures import raw_signature
from freehold.errors import Refused
from freehold.files import write_whole

BLS = "Freehold_BlsCommittee_2026_1"
"""What the contract of such a committee says that it is."""


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
    by_member = {signature.member: signature.signature for signature in signatures}
    required = committee.signaturesRequired()
    if len(by_member) < required:
        raise Refused(f"{len(by_member)} members have signed, {required} must: `ape run sign_availability`")
    return _summed(committee, claim, by_member) if committee.identify() == BLS else _listed(committee, claim, by_member)


def _listed(committee: ContractInstance, claim: bytes, signatures: dict[str, bytes]) -> bytes:
    for member, signature in signatures.items():
        if not member.startswith("0x") or len(member) != 42 or not committee.isMember(to_checksum_address(member)):
            raise Refused(f"{member} is no member of the committee {committee.address}")
        try:
            signer = str(Account._recover_hash(claim, signature=signature))
        except Exception as error:  # of several libraries
            raise Refused(f"{member}'s signature is none: {error}") from error
        if signer.lower() != member.lower():
            raise Refused(f"the signature is {signer}'s and not {member}'s")
    ordered = sorted(signatures, key=lambda member: int(member, 16))
    return b"".join(signatures[member] for member in ordered[: committee.signaturesRequired()])


def _summed(committee: ContractInstance, claim: bytes, signatures: dict[str, bytes]) -> bytes:
    keys = [bytes(committee.memberKey(number)) for number in range(committee.memberCount())]
    signers = 0
    for member, signature in signatures.items():
        key = bytes.fromhex(member.removeprefix("0x"))
        number = next((place for place, words in enumerate(keys) if compressed(words) == key), None)
        if number is None:
            raise Refused(f"{member} is no member of the committee {committee.address}")
        if not Scheme.Verify(BLSPubkey(key), claim, BLSSignature(signature)):
            raise Refused(f"{member} did not sign this claim")
        signers |= 1 << number
    total = Scheme.Aggregate([BLSSignature(signature) for signature in signatures.values()])
    return signers.to_bytes(32, "big") + signature_words(total)


FIELD = 0x1A0111EA397FE69A4B1BA7B6434BACD764774B84F38512BF6730D2A0F6B0F6241EABFFFEB153FFFFB9FEFFFFFFFFAAAB
"""The order of BLS12-381's field."""


def compressed(words: bytes) -> bytes:
    """A public key's 48 bytes of its 128: x, and which of the two y."""
    x, y = int.from_bytes(words[:64], "big"), int.from_bytes(words[64:], "big")
    return (x | (0xA0 if y > (FIELD - 1) // 2 else 0x80) << 376).to_bytes(48, "big")
