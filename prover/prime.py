"""The STARK prime, below everything: the verifier on plain integers needs it and no array."""

PRIME = 2**251 + 17 * 2**192 + 1
