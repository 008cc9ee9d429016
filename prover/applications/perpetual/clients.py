"""What public clients of such exchanges put into an order beside its amounts (`amounts.py` has those).

A client names its order by a text of its own, says when it leaves the book in seconds, and names a condition as it
stands in JSON: registry and fact in hex.
"""

from __future__ import annotations

from hashlib import sha256
from math import ceil

from prover.applications.ledger.facts import condition_word
from prover.applications.ledger.fields import HOURS_UPPER_BOUND
from prover.applications.ledger.units import Hours
from prover.applications.perpetual.errors import InputRefused

NONCE_BITS = 32
HOUR = 3_600
PROVABLE_FOR = 168
"""Hours that an order stays provable after it left the book: a late batch may still have it."""


def order_nonce(client_id: str) -> int:
    """The same client's id gives the same nonce, so that an order sent twice is one order."""
    return int.from_bytes(sha256(client_id.encode()).digest(), "big") % (1 << NONCE_BITS)


def signed_expiration(book_expiration: float) -> Hours:
    """What an order signs that leaves the book at this time in seconds: the next full hour and a week.

    Raises InputRefused for a time that 32 bits of hours cannot say.
    """
    hours = ceil(book_expiration / HOUR) + PROVABLE_FOR
    if not PROVABLE_FOR <= hours < HOURS_UPPER_BOUND:
        raise InputRefused(f"an order that leaves the book at {book_expiration} s would expire at hour {hours}")
    return Hours(hours)


def condition_of(registry_address: str, fact: str) -> int:
    """Of a conditional transfer in JSON: the address has 0x, the fact may have it. Raises InputRefused."""
    try:
        return condition_word(bytes.fromhex(registry_address.removeprefix("0x")), _fact(fact))
    except ValueError as error:
        raise InputRefused(f"registry {registry_address!r} and fact {fact!r} make no condition: {error}") from error


def _fact(text: str) -> bytes:
    """32 bytes; leading zeros may be left out."""
    return bytes.fromhex(text.removeprefix("0x").rjust(64, "0"))
