"""A user's way out, without the operator. Needs the rules and the chain, never a prover."""
