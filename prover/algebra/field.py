"""The field of everything here: integers modulo the STARK prime."""

PRIME = 2**251 + 17 * 2**192 + 1
