"""Calls of any published function with zeros for arguments."""

from eth_abi import encode

from prover.algebra.keccak import keccak256

ZEROS = {"address": "0x" + "00" * 20, "bool": False, "bytes": b"", "string": "", "bytes4": b"", "bytes32": b""}


def zero(kind: str):
    return [] if kind.endswith("[]") else ZEROS.get(kind, 0)


def call_with_zeros(signature: str) -> bytes:
    kinds = [kind for kind in signature[signature.index("(") + 1 : -1].split(",") if kind]
    return keccak256(signature.encode())[:4] + encode(kinds, [zero(kind) for kind in kinds])
