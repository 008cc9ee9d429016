"""The field of everything here: integers modulo the STARK prime."""

PRIME = 2**251 + 17 * 2**192 + 1


def square_root(number: int) -> int | None:
    """The smaller square root, or None. p - 1 = 2^192 * odd, so Tonelli-Shanks with a fixed non-residue."""
    number %= PRIME
    if number == 0:
        return 0
    if pow(number, (PRIME - 1) // 2, PRIME) != 1:
        return None
    odd, twos = (PRIME - 1) >> 192, 192
    step = pow(3, odd, PRIME)
    root, remainder = pow(number, (odd + 1) // 2, PRIME), pow(number, odd, PRIME)
    while remainder != 1:
        order, power = 0, remainder
        while power != 1:
            order, power = order + 1, power * power % PRIME
        factor = pow(step, 1 << twos - order - 1, PRIME)
        root, step = root * factor % PRIME, factor * factor % PRIME
        remainder, twos = remainder * step % PRIME, order
    return min(root, PRIME - root)
