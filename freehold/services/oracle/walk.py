"""Walks in a band: the value at a time follows from a seed and the time alone, and none moves faster than it says.

A walk is a sum of layers. A layer has a random height at each multiple of its span and straight lines between them.
Heights grow with the root of the span, as a random walk's do: `amplitude` is what all layers together can reach.

All numbers are 0.32 fixed point, so that every machine gives the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from math import isqrt

ONE = 1 << 32
SPANS = tuple(64 << octave for octave in range(12))
"""Seconds between two heights of a layer: a minute to a day and a half."""


@dataclass(frozen=True)
class Walk:
    """`name` tells apart the walks of one seed. `amplitude`: no value is further from 0."""

    seed: str
    name: str
    amplitude: int
    spans: tuple[int, ...] = SPANS

    def at(self, time: int) -> int:
        """Signed, at `time` in seconds."""
        return sum(self._layer(span, height, time) for span, height in self._heights())

    def steepest(self) -> int:
        """No value is further from the one an hour before, and in shorter times it is in proportion."""
        return sum(-(-2 * height * 3600 // span) + 1 for span, height in self._heights())

    def _heights(self) -> list[tuple[int, int]]:
        weights = [isqrt(span << 32) for span in self.spans]
        return [
            (span, self.amplitude * weight // sum(weights)) for span, weight in zip(self.spans, weights, strict=True)
        ]

    def _layer(self, span: int, height: int, time: int) -> int:
        place, since = divmod(time, span)
        before, after = self._random(span, place), self._random(span, place + 1)
        return height * (before * (span - since) + after * since) // (span * ONE)

    def _random(self, span: int, place: int) -> int:
        """In [-1, 1)."""
        digest = sha256(f"{self.seed}/{self.name}/{span}/{place}".encode()).digest()
        return (int.from_bytes(digest[:4], "big") - (ONE >> 1)) << 1
