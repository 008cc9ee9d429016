"""The Fiat-Shamir transcript: absorb words, draw challenges. All words are 32 bytes big-endian."""

from collections.abc import Sequence

from prover.algebra.keccak import keccak256, words_to_bytes


class Transcript:
    """`state = keccak(state || round || message)`; a draw is `keccak(state || counter)`.

    A message has at least one word, so an absorption hashes at least three words and a draw exactly two.
    """

    def __init__(self) -> None:
        self.state = bytes(32)
        self._round = 0
        self._counter = 0

    @property
    def prefix(self) -> bytes:
        """What the next absorption hashes before its message."""
        return self.state + self._round.to_bytes(32, "big")

    def absorb(self, words: Sequence[int]) -> None:
        if not words:
            raise ValueError("a message has at least one word")
        self.state = keccak256(self.prefix + words_to_bytes(words))
        self._round += 1
        self._counter = 0

    def draw_word(self) -> int:
        """A full 256-bit draw."""
        digest = keccak256(self.state + self._counter.to_bytes(32, "big"))
        self._counter += 1
        return int.from_bytes(digest, "big")

    def draw(self) -> int:
        """A uniform 251-bit number, which is below p."""
        return self.draw_word() >> 5

    def draw_positions(self, count: int, log_size: int) -> list[int]:
        """`count` positions below 2^log_size, drawn with repeats, then sorted and merged."""
        positions: list[int] = []
        while len(positions) < count:
            word = self.draw_word()
            positions += [word >> 32 * (7 - i) & 0xFFFFFFFF for i in range(8)]
        return sorted({position & (1 << log_size) - 1 for position in positions[:count]})
