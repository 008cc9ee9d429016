"""The field of everything here: integers modulo the STARK prime."""

from prover.prime import PRIME as PRIME
