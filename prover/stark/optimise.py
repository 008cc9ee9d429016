"""Chooses parameters by the byte model: the fewest bytes, at a rate and a security that the caller gives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from prover.stark.parameters import BOUNDS, Parameters
from prover.stark.proof_size import ProofSize, committed_cells, expected_size
from prover.stark.shape import Shape

MAX_QUERIES = 200


class Unreachable(ValueError):
    """No number of queries gives the wanted bits at this rate and grinding."""


@dataclass(frozen=True)
class Choice:
    parameters: Parameters
    size: ProofSize
    cells: int
    """Extended and hashed by the prover."""


def with_queries(parameters: Parameters, bits: float) -> Parameters:
    """The same with the fewest queries that give `bits` proven bits, all checked in one part. Raises Unreachable."""
    for n_queries in range(1, MAX_QUERIES + 1):
        candidate = replace(parameters, n_queries=n_queries, part_queries=n_queries)
        if candidate.query_bits() >= bits:
            if candidate.proven_bits() < bits:
                raise Unreachable(f"{bits} bits need longer digests or a smaller rate than {parameters.describe()}")
            return candidate
    raise Unreachable(f"{bits} bits need more than {MAX_QUERIES} queries at rate 1/{1 << parameters.log_blowup}")


def choose(
    shape: Shape, log_heights: tuple[int, ...], statement_words: int, bits: float, log_blowup: int, grinding_bits: int
) -> Choice:
    """Packing, arity and last layer by descent, one parameter at a time, until no single change saves a byte."""
    shortest, longest = BOUNDS["digest_bytes"]
    start = Parameters(
        log_blowup=log_blowup,
        grinding_bits=grinding_bits,
        digest_bytes=min(longest, max(shortest, -(-int(bits) // 4))),
        log_packing=(2, 2, 2),  # from less packing, no tree alone leads on
    )

    def measure(parameters: Parameters) -> ProofSize:
        return expected_size(shape, log_heights, parameters, statement_words)

    best = with_queries(start, bits)
    size = measure(best)
    improved = True
    while improved:
        improved = False
        for candidate in _neighbours(best):
            found = measure(candidate)
            if found.bytes < size.bytes:
                best, size, improved = candidate, found, True
    return Choice(best, size, committed_cells(shape, log_heights, best))


def _neighbours(parameters: Parameters) -> Iterator[Parameters]:
    for log_arity in (1, 2, 3, 4, 5):
        yield replace(parameters, log_arity=log_arity)
    for log_last in range(4, 10):
        yield replace(parameters, log_last=log_last)
    for tree in range(3):
        for kappa in range(5):
            first, second, third = (kappa if i == tree else k for i, k in enumerate(parameters.log_packing))
            yield replace(parameters, log_packing=(first, second, third))
