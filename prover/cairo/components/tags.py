"""The tags of the lookup relations: small, distinct, not zero. Pedersen's windows take 16 to 79."""

MEMORY = 1
"""(address, value)"""
RANGE_CHECK_16 = 2
"""(number below 2^16,)"""
BITWISE_BYTES = 4
"""(byte, byte, their AND)"""
PEDERSEN_WINDOWS = 16
"""(digit, x, y) with the tag 16 + 32*half + window."""
