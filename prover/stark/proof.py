"""What a proof consists of, and its bytes, which Python and the EVM read alike.

A proof is a header and parts. The header is 32-byte big-endian words:

    log2 of each table's height, in shape order
    the statement's words (count known to the application, e.g. from an output length among them)
    main root, interaction root, each table's sum in shape order
    the out-of-domain values in mask order
    the root of each FRI layer
    the last polynomial, low coefficient first
    the nonce

A part opens `part_queries` of the sorted query positions (the last part the rest) by one multi-proof for each
tree: preprocessed (if the shape has one), main, interaction, then each FRI layer:

    trace trees:  the opened rows, by falling physical height, rising position, no repeats; 32 bytes a word
    FRI layers:   of each leaf, rising, the values that the verifier does not compute; 32 bytes each
    both, then:   the siblings, layer by layer from the leaves, rising position; digest_bytes each

The file adds the word counts that the header's parsing needs:
`"FREEHOLD"`, then 4-byte big-endian: header words, number of parts, bytes of each part; then header and parts.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from prover.algebra.keccak import words_to_bytes
from prover.stark.errors import ProofMalformed

MAGIC = b"FREEHOLD"
MAX_PARTS = 256


@dataclass(frozen=True)
class Proof:
    """`header` words and `parts` bytes, as the module's docstring lays them out."""

    header: tuple[int, ...]
    parts: tuple[bytes, ...]

    def to_bytes(self) -> bytes:
        counts = [len(self.header), len(self.parts), *map(len, self.parts)]
        return MAGIC + struct.pack(f">{len(counts)}I", *counts) + words_to_bytes(self.header) + b"".join(self.parts)

    @staticmethod
    def from_bytes(data: bytes) -> Proof:
        """Raises ProofMalformed, naming the cause."""
        if data[: len(MAGIC)] != MAGIC:
            raise ProofMalformed("not a proof file: it does not begin with FREEHOLD")
        n_words, n_parts = _numbers(data, len(MAGIC), 2)
        if n_parts > MAX_PARTS:
            raise ProofMalformed("{found} parts, at most {bound} are allowed", n_parts, MAX_PARTS)
        lengths = _numbers(data, len(MAGIC) + 8, n_parts)
        start = len(MAGIC) + 8 + 4 * n_parts
        expected = start + 32 * n_words + sum(lengths)
        if len(data) != expected:
            raise ProofMalformed("the file has {found} bytes, its table of lengths says {bound}", len(data), expected)
        header = tuple(int.from_bytes(data[i : i + 32], "big") for i in range(start, start + 32 * n_words, 32))
        parts, place = [], start + 32 * n_words
        for length in lengths:
            parts.append(data[place : place + length])
            place += length
        return Proof(header, tuple(parts))


def _numbers(data: bytes, start: int, count: int) -> tuple[int, ...]:
    """4-byte numbers of the table of lengths."""
    end = start + 4 * count
    if len(data) < end:
        raise ProofMalformed("the file has {found} bytes, its table of lengths ends at {bound}", len(data), end)
    return struct.unpack_from(f">{count}I", data, start)


class WordReader:
    """Takes words from a header, in order."""

    def __init__(self, words: tuple[int, ...]) -> None:
        self._words, self._place = words, 0

    def take(self, count: int) -> list[int]:
        end = self._place + count
        if end > len(self._words):
            raise ProofMalformed("the header has {found} words, {bound} are needed", len(self._words), end)
        taken = self._words[self._place : end]
        self._place = end
        return list(taken)

    def left(self) -> int:
        return len(self._words) - self._place


class ByteReader:
    """Takes words and digests from a part, in order."""

    def __init__(self, data: bytes, digest_bytes: int) -> None:
        self._data, self._place, self._digest_bytes = data, 0, digest_bytes

    def _take(self, count: int) -> bytes:
        end = self._place + count
        if end > len(self._data):
            raise ProofMalformed("a part has {found} bytes, {bound} are needed", len(self._data), end)
        taken = self._data[self._place : end]
        self._place = end
        return taken

    def words(self, count: int) -> list[int]:
        data = self._take(32 * count)
        return [int.from_bytes(data[i : i + 32], "big") for i in range(0, len(data), 32)]

    def digest(self) -> bytes:
        return self._take(self._digest_bytes) + bytes(32 - self._digest_bytes)

    def left(self) -> int:
        return len(self._data) - self._place


def part_positions(positions: list[int], part_queries: int) -> list[list[int]]:
    """The sorted query positions, cut into parts."""
    return [positions[i : i + part_queries] for i in range(0, len(positions), part_queries)]
