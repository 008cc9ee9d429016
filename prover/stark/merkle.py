"""Mixed-height Merkle trees: what a root commits to, the siblings of a multi-proof, and its check.

The rows of the greatest height are the leaves; the row hash of a smaller height is folded in at the layer of its
own height: `keccak(left || right || row)`, without one `keccak(left || right)`. Hashes are 32-byte words whose
bytes after the first `digest_bytes` are zero; only proofs pack them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from prover.algebra.keccak import keccak256, words_to_bytes


def sibling_places(leaves: Iterable[int], log_size: int) -> list[tuple[int, int]]:
    """(log2 of the layer's size, position) of each sibling in a multi-proof of `leaves`, in the proof's order."""
    places = []
    known = sorted(set(leaves))
    for layer in range(log_size, 0, -1):
        present = set(known)
        places += [(layer, position ^ 1) for position in known if position ^ 1 not in present]
        known = sorted({position >> 1 for position in known})
    return places


def truncate(digest: bytes, digest_bytes: int) -> bytes:
    return digest[:digest_bytes] + bytes(32 - digest_bytes)


def hash_row(words: list[int], digest_bytes: int) -> bytes:
    return truncate(keccak256(words_to_bytes(words)), digest_bytes)


def root_of(
    rows: Mapping[int, Mapping[int, bytes]],
    log_size: int,
    digest_bytes: int,
    next_sibling: Callable[[], bytes],
) -> bytes:
    """The root that the opened rows lead to.

    `rows[log2 of a height][position]` is the hash of an opened row; the positions of each smaller height are
    those of the leaves, shifted. `next_sibling` takes the next hash from the proof.
    """
    nodes = dict(rows[log_size])
    for layer in range(log_size, 0, -1):
        parents: dict[int, bytes] = {}
        for position in sorted(nodes):
            if position >> 1 in parents:
                continue
            node, sibling = nodes[position], nodes.get(position ^ 1)
            if sibling is None:
                sibling = next_sibling()
            pair = sibling + node if position & 1 else node + sibling
            parents[position >> 1] = pair  # hashed below, once the row is known
        layer_rows = rows.get(layer - 1, {})
        nodes = {
            position: truncate(keccak256(pair + layer_rows.get(position, b"")), digest_bytes)
            for position, pair in parents.items()
        }
    return nodes[0]
