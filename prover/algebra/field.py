"""The field of everything here: integers modulo the STARK prime."""

from prover import kernel

PRIME = 2**251 + 17 * 2**192 + 1


def square_root(number: int) -> int | None:
    """The smaller square root, or None. By the kernel; its plain twin is `prover.kernel.reference.square_root`."""
    roots, found = kernel.square_roots(kernel.from_ints([number]))
    return kernel.to_ints(roots)[0] if found[0] else None
