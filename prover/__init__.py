"""Freehold: a self-custodial perpetual exchange, its rules, its prover and its verifier."""
