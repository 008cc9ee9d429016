"""The proof that a committee's contract takes of its members' signatures, from who its members are.

Of accounts just as many signatures as are required go in, by rising address; of BLS keys all are summed. How a contract
is asked is left to who speaks to a chain.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from eth_account import Account
from eth_typing import BLSPubkey, BLSSignature
from py_ecc.bls.ciphersuites import G2ProofOfPossession as Scheme
from py_ecc.bls.g2_primitives import signature_to_G2
from py_ecc.optimized_bls12_381.optimized_curve import normalize

from freehold.errors import Refused

BLS = "Freehold_BlsCommittee_2026_1"
"""What the contract of a committee of BLS keys says that it is."""
FIELD = 0x1A0111EA397FE69A4B1BA7B6434BACD764774B84F38512BF6730D2A0F6B0F6241EABFFFEB153FFFFB9FEFFFFFFFFAAAB
"""The order of BLS12-381's field."""


@dataclass(frozen=True)
class AccountCommittee:
    """Members by their addresses; they sign the raw claim hash, r || s || v in 65 bytes."""

    address: str
    members: frozenset[str]
    """In lower-case hex."""
    required: int

    def names(self) -> frozenset[str]:
        """Of those who may sign."""
        return self.members

    def proof(self, claim: bytes, signatures: Mapping[str, bytes]) -> bytes:
        """Raises Refused for who is no member or did not sign, and where too few have."""
        refuse_too_few(self.required, signatures)
        for member, signature in signatures.items():
            if member.lower() not in self.members:
                raise Refused(f"{member} is no member of the committee {self.address}")
            try:
                signer = str(Account._recover_hash(claim, signature=signature))
            except Exception as error:  # of several libraries
                raise Refused(f"{member}'s signature is none: {error}") from error
            if signer.lower() != member.lower():
                raise Refused(f"the signature is {signer}'s and not {member}'s")
        ordered = sorted(signatures, key=lambda member: int(member, 16))
        return b"".join(signatures[member] for member in ordered[: self.required])


@dataclass(frozen=True)
class BlsCommittee:
    """Members by their BLS keys, 48 bytes each in the contract's order; a signature has 96 bytes."""

    address: str
    members: tuple[bytes, ...]
    required: int

    def names(self) -> frozenset[str]:
        """Of those who may sign."""
        return frozenset("0x" + key.hex() for key in self.members)

    def proof(self, claim: bytes, signatures: Mapping[str, bytes]) -> bytes:
        """A bitmap of the signers and the signatures' sum. Raises Refused as the other kind does."""
        refuse_too_few(self.required, signatures)
        signers = 0
        for member, signature in signatures.items():
            key = bytes.fromhex(member.removeprefix("0x"))
            if key not in self.members:
                raise Refused(f"{member} is no member of the committee {self.address}")
            if not Scheme.Verify(BLSPubkey(key), claim, BLSSignature(signature)):
                raise Refused(f"{member} did not sign this claim")
            signers |= 1 << self.members.index(key)
        total = Scheme.Aggregate([BLSSignature(signature) for signature in signatures.values()])
        return signers.to_bytes(32, "big") + signature_words(total)


AnyCommittee = AccountCommittee | BlsCommittee


def committee_at(address: str, ask: Callable[..., Any]) -> AnyCommittee:
    """Who its members are, for good: a committee's are fixed at its deployment. `ask` takes a function of the contract
    and its arguments, and gives the answer."""
    required = int(ask("signaturesRequired"))
    if ask("identify") == BLS:
        keys = (bytes(ask("memberKey", number)) for number in range(ask("memberCount")))
        return BlsCommittee(address, tuple(compressed(key) for key in keys), required)
    return AccountCommittee(address, frozenset(str(member).lower() for member in ask("getMembers")), required)


def refuse_too_few(required: int, signatures: Mapping[str, bytes]) -> None:
    if len(signatures) < required:
        raise Refused(f"{len(signatures)} members have signed, {required} must")


def compressed(words: bytes) -> bytes:
    """A public key's 48 bytes of its 128: x, and which of the two y."""
    x, y = int.from_bytes(words[:64], "big"), int.from_bytes(words[64:], "big")
    return (x | (0xA0 if y > (FIELD - 1) // 2 else 0x80) << 376).to_bytes(48, "big")


def words(*coordinates: int) -> bytes:
    """64 bytes each, as EIP-2537 encodes a field element."""
    return b"".join(coordinate.to_bytes(64, "big") for coordinate in coordinates)


def signature_words(signature: BLSSignature) -> bytes:
    """256 bytes of a point in G2 from its usual 96."""
    x, y = normalize(signature_to_G2(signature))
    return words(*(int(c) for point in (x, y) for c in point.coeffs))
