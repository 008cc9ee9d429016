"""Leaving with a node and a key, nothing else: no Ape, no operator, no prover."""
