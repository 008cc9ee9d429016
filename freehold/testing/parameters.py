"""A parameter set for tests of the machinery, whose proofs are small and quick."""

from prover.stark.parameters import Parameters

SMALL = Parameters(
    log_blowup=2,
    n_queries=5,
    grinding_bits=4,
    log_arity=3,
    log_last=4,
    digest_bytes=25,
    log_packing=(2, 2, 2),
    part_queries=16,
)
"""Secure against nothing."""
