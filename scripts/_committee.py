"""The BLS committee off chain: keys, proofs of possession, signatures and their sum, as the precompiles read them."""

from __future__ import annotations

from collections.abc import Mapping

from py_ecc.bls import G2ProofOfPossession as Scheme
from py_ecc.bls.g2_primitives import pubkey_to_G1, signature_to_G2
from py_ecc.optimized_bls12_381 import normalize


def _words(*coordinates: int) -> bytes:
    """64 bytes each, as EIP-2537 encodes a field element."""
    return b"".join(coordinate.to_bytes(64, "big") for coordinate in coordinates)


def public_key(secret: int) -> bytes:
    """128 bytes: x and y of the point in G1."""
    x, y = normalize(pubkey_to_G1(Scheme.SkToPk(secret)))
    return _words(x.n, y.n)


def signature_words(compressed: bytes) -> bytes:
    """256 bytes of a point in G2 from its usual 96."""
    x, y = normalize(signature_to_G2(compressed))
    return _words(*(int(c) for point in (x, y) for c in point.coeffs))


def possession(secret: int) -> bytes:
    """The proof that a member has his secret key."""
    return signature_words(Scheme.PopProve(secret))


def availability_proof(claim: bytes, secrets: Mapping[int, int]) -> bytes:
    """Of members by number: who signed, and the sum of the signatures."""
    signers = sum(1 << member for member in secrets)
    total = Scheme.Aggregate([Scheme.Sign(secret, claim) for secret in secrets.values()])
    return signers.to_bytes(32, "big") + signature_words(total)
