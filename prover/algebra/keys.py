"""Where Stark private keys come from: a seed, an Ethereum signature, or a mnemonic (docs/spec/perpetual-state.md 1.5).

Signed orders name no chain and no exchange: who uses one key on two exchanges signs for both. `exchange_message` is
what a wallet signs to have a key for each.

Each way ends in grinding, which makes a number below the curve's order of a seed without bias. Mnemonics follow BIP-39
and BIP-32, whose curve is secp256k1.
"""

from __future__ import annotations

import hmac
from hashlib import pbkdf2_hmac, sha256, sha512
from typing import Any
from unicodedata import normalize

from prover.algebra.ecdsa import grind_key

HARDENED = 1 << 31
PURPOSE = 2645
EXCHANGE_WARNING = "This signature is the key to your position on this exchange. Never give it to anyone else."
SECP256K1_PRIME = 2**256 - 2**32 - 977
SECP256K1_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
_GENERATOR = (
    0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
    0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8,
)


def from_ethereum_signature(signature: bytes) -> int:
    """The private key of a wallet that signs one fixed message: its signature's r is the seed."""
    if len(signature) != 65:
        raise ValueError(f"an Ethereum signature has 65 bytes, not {len(signature)}")
    return grind_key(signature[:32])


def exchange_message(chain_id: int, exchange: str, index: int = 0) -> dict[str, Any]:
    """What a wallet signs (EIP-712, `eth_signTypedData_v4`) for a key of this exchange alone.

    `from_ethereum_signature` makes the key of the signature; the same wallet signs the same again, so that the key can
    be had anew. Wallets show chain and address, and refuse the message of another chain. A further `index` is a
    further key.
    """
    if not 0 <= int(exchange, 16) < 1 << 160 or len(exchange) != 42:
        raise ValueError(f"{exchange} is no Ethereum address")
    return {
        "types": {
            "EIP712Domain": [
                {"name": "name", "type": "string"},
                {"name": "chainId", "type": "uint256"},
                {"name": "verifyingContract", "type": "address"},
            ],
            "StarkKey": [{"name": "warning", "type": "string"}, {"name": "index", "type": "uint256"}],
        },
        "primaryType": "StarkKey",
        "domain": {"name": "Freehold", "chainId": chain_id, "verifyingContract": exchange},
        "message": {"warning": EXCHANGE_WARNING, "index": index},
    }


def from_mnemonic(mnemonic: str, layer: str, application: str, eth_address: str, index: int) -> int:
    """The private key at m/2645'/layer'/application'/eth1'/eth2'/index, ground.

    layer and application are the low 31 bits of their names' SHA-256; eth1 and eth2 the address's two low groups of 31.
    """
    address = int(eth_address, 16)
    if not 0 <= address < 1 << 160:
        raise ValueError(f"{eth_address} is no Ethereum address")
    names = (int.from_bytes(sha256(name.encode()).digest(), "big") for name in (layer, application))
    path = [PURPOSE, *names, address, address >> 31]
    seed = pbkdf2_hmac("sha512", normalize("NFKD", mnemonic).encode(), b"mnemonic", 2048)
    node = hmac.new(b"Bitcoin seed", seed, sha512).digest()
    for step in path:
        node = _child(node, step % HARDENED | HARDENED)
    return grind_key(_child(node, index)[:32])


def _child(node: bytes, index: int) -> bytes:
    """BIP-32: private key and chain code of a child. Raises ValueError for an index outside 32 bits."""
    key, chain_code = node[:32], node[32:]
    data = (b"\0" + key if index & HARDENED else _compressed(key)) + index.to_bytes(4, "big")
    digest = hmac.new(chain_code, data, sha512).digest()
    child = (int.from_bytes(digest[:32], "big") + int.from_bytes(key, "big")) % SECP256K1_ORDER
    return child.to_bytes(32, "big") + digest[32:]


def _compressed(key: bytes) -> bytes:
    """The public key of a secp256k1 private key, 33 bytes."""
    total: tuple[int, int] | None = None
    for bit in bin(int.from_bytes(key, "big"))[2:]:
        total = _add(total, total)
        if bit == "1":
            total = _add(total, _GENERATOR)
    assert total is not None
    return bytes([2 + total[1] % 2]) + total[0].to_bytes(32, "big")


def _add(a: tuple[int, int] | None, b: tuple[int, int] | None) -> tuple[int, int] | None:
    if a is None or b is None:
        return a or b
    if a == b:
        slope = 3 * a[0] * a[0] * pow(2 * a[1], -1, SECP256K1_PRIME)
    elif a[0] == b[0]:
        return None
    else:
        slope = (a[1] - b[1]) * pow(a[0] - b[0], -1, SECP256K1_PRIME)
    x = (slope * slope - a[0] - b[0]) % SECP256K1_PRIME
    return x, (slope * (a[0] - x) - a[1]) % SECP256K1_PRIME
