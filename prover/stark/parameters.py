"""The parameters of the low-degree test, and the security that they state themselves."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

FIELD_BITS = 251
"""log2 of the challenge space: draws are uniform 251-bit numbers (`transcript.py`)."""

LIST_PARAMETER = 64
"""m of the Johnson-bound analysis; 64 costs the queries little and leaves every other term far above 128 bits."""

MIN_LOG_HEIGHT = 6
"""No table is lower: every component pads to it and every verifier refuses less (`Table.min_log_height`)."""
SMALLEST_TABLE = 1 << MIN_LOG_HEIGHT
"""Slices have degree <= n, not < n, so lists are taken at rate (1 + 1/n)/blowup with n at least this."""


MAX_LOG_DEGREE = 24
"""log2 of the greatest degree, packed columns': every verifier refuses more, and the error terms are of this size."""

MAX_TUPLE, MAX_OPENINGS = 6, 40
"""Words of a looked-up tuple, its tag among them; points at which one column is opened."""


@dataclass(frozen=True)
class Sizes:
    """Of a proof. H = 2^log_degree; terms of the DEEP sum; constraints; fractions of all rows and public accesses."""

    log_degree: int
    n_terms: int
    n_constraints: int
    n_lookups: int


GENEROUS = Sizes(log_degree=MAX_LOG_DEGREE, n_terms=500, n_constraints=500, n_lookups=1 << 31)
"""No proof under these parameters is larger: what a set states for itself."""


BOUNDS = {
    "log_blowup": (2, 8),
    "n_queries": (1, 200),
    "grinding_bits": (0, 64),
    "log_arity": (1, 5),
    "log_last": (0, 12),
    "digest_bytes": (16, 32),
    "part_queries": (1, 200),
}
"""Of each parameter, both ends allowed, as in `ProofParameters.sol`; and below, of each word of `log_packing`."""
MAX_KAPPA = 4


@dataclass(frozen=True)
class Parameters:
    """One exact set per verifier contract.

    log_blowup: log2 of evaluation domain over trace; n_queries: drawn with repeats; grinding_bits: leading zeros
    of the last transcript state; log_arity: binary folds of one FRI layer; log_last: the last polynomial has
    degree below 2^log_last; digest_bytes: of each Merkle node; log_packing: kappa of the preprocessed, main
    and interaction tree (`layout.py`). part_queries is how many positions one transaction checks: it
    cuts the openings into parts and has no part in soundness or in the transcript.
    """

    log_blowup: int = 4
    n_queries: int = 39
    grinding_bits: int = 23
    log_arity: int = 3
    log_last: int = 7
    digest_bytes: int = 25
    log_packing: tuple[int, int, int] = (1, 1, 1)
    part_queries: int = 20

    def __post_init__(self) -> None:
        for name, (low, high) in BOUNDS.items():
            if not low <= getattr(self, name) <= high:
                raise ValueError(f"{name} is {getattr(self, name)}, must lie in [{low}, {high}]")
        if any(not 0 <= kappa <= MAX_KAPPA for kappa in self.log_packing):
            raise ValueError(f"log_packing is {self.log_packing}, each must lie in [0, {MAX_KAPPA}]")

    def words(self) -> list[int]:
        """What the transcript absorbs of them, in order."""
        return [
            self.log_blowup,
            self.n_queries,
            self.grinding_bits,
            self.log_arity,
            self.log_last,
            self.digest_bytes,
            *self.log_packing,
        ]

    def fri_plan(self, log_degree: int) -> list[int]:
        """Binary folds of each committed layer, from degree < 2^log_degree down to the last polynomial."""
        remaining = max(0, log_degree - self.log_last)
        full, rest = divmod(remaining, self.log_arity)
        return [self.log_arity] * full + [rest] * (rest > 0)

    def query_bits(self) -> float:
        """Proven bits of the query phase, Johnson bound: grinding + queries * -log2(sqrt(rate) * (1 + 1/2m)).

        ethereum/soundcalc after Haboeck 2022/1216 Thm 8 and BCHKS 2025/2055 Thm 4.2, at the slack rate.
        """
        rate = (1 + 1 / SMALLEST_TABLE) / 2**self.log_blowup
        agreement = math.sqrt(rate) * (1 + 1 / (2 * LIST_PARAMETER))
        return self.grinding_bits + self.n_queries * -math.log2(agreement)

    def terms(self, sizes: Sizes) -> dict[str, float]:
        """Bits of each proven error term, by name; `docs/soundness.md` says which event each one bounds."""
        m, rate = LIST_PARAMETER + 0.5, (1 + 1 / SMALLEST_TABLE) / 2**self.log_blowup
        size, degree = 2.0 ** (sizes.log_degree + self.log_blowup), 2.0**sizes.log_degree
        list_size = m / math.sqrt(rate)
        line = (2 * m**5 + 3 * m * rate) * size / (3 * rate**1.5) + m / math.sqrt(rate)
        errors = {
            "lookups": list_size * sizes.n_lookups * MAX_TUPLE,
            "constraints": list_size * sizes.n_constraints,
            "out-of-domain point": list_size * (3 * (degree + MAX_OPENINGS) + degree),
            "DEEP combination": (sizes.n_terms - 1) * line,
            "folds": (2**self.log_arity - 1) * line,
        }
        bits = {name: FIELD_BITS - math.log2(error) for name, error in errors.items()}
        return bits | {"queries": self.query_bits(), "collisions": 4.0 * self.digest_bytes}

    def proven_bits(self) -> float:
        """Security that is proven, at generous sizes: the least of all terms."""
        return min(self.terms(GENEROUS).values())

    def describe(self) -> dict[str, object]:
        return {item.name: getattr(self, item.name) for item in fields(self)}


DEFAULT = Parameters()
"""100 proven bits at a rate that is quick to prove."""

NAMED = {
    "fast": Parameters(log_blowup=2, n_queries=41, grinding_bits=20, part_queries=21),
    "default": DEFAULT,
    "final": Parameters(log_blowup=7, n_queries=21, grinding_bits=27, log_packing=(2, 2, 2), part_queries=21),
}
"""fast: 60 proven bits, for development; final: 100 proven bits and the fewest bytes, for one transaction."""
