"""A program output word by word, from docs/spec/contracts-perpetual.md 15.1 alone: what a proven batch says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from prover.algebra.keccak import keccak256, keccak_of_words, words_to_bytes

MASK_250 = (1 << 250) - 1
DIFFERENCE_BIAS = 1 << 64
FORCED_WITHDRAWAL, FORCED_TRADE = 0, 1
VALIDIUM, ROLLUP = 0, 1


@dataclass(frozen=True)
class SharedState:
    """`funding` and `prices` map synthetic assets to words."""

    positions_root: int
    system_time: int
    positions_height: int = 64
    orders_root: int = 0x5678
    orders_height: int = 64
    funding: dict[int, int] = field(default_factory=dict)
    funding_time: int = 0
    prices: dict[int, int] = field(default_factory=dict)

    def words(self) -> list[int]:
        funding = [word for pair in self.funding.items() for word in pair]
        prices = [word for pair in self.prices.items() for word in pair]
        return [
            self.positions_root,
            self.positions_height,
            self.orders_root,
            self.orders_height,
            len(self.funding),
            *funding,
            self.funding_time,
            len(self.prices),
            *prices,
            self.system_time,
        ]

    def hash(self) -> bytes:
        return keccak_of_words(self.words())


@dataclass(frozen=True)
class Trade:
    """A forced trade in the order of the function's arguments."""

    key_a: int
    key_b: int
    position_a: int
    position_b: int
    collateral: int
    synthetic: int
    amount_collateral: int
    amount_synthetic: int
    a_buys: bool
    nonce: int

    def arguments(self) -> tuple[Any, ...]:
        return tuple(vars(self).values())

    def hash(self) -> bytes:
        words = self.arguments()
        return keccak256(b"FORCED_TRADE" + words_to_bytes(words[:8]) + bytes([self.a_buys]) + words_to_bytes(words[9:]))

    def published_digest(self, expiration_hour: int) -> bytes:
        return keccak256(self.hash() + words_to_bytes([expiration_hour]))

    def action_words(self) -> list[int]:
        return [
            FORCED_TRADE,
            self.key_a,
            self.key_b,
            self.position_a,
            self.position_b,
            self.synthetic,
            self.amount_collateral,
            self.amount_synthetic,
            int(self.a_buys),
            self.nonce,
        ]


@dataclass(frozen=True)
class Withdrawal:
    """A forced withdrawal."""

    key: int
    position: int
    amount: int

    def hash(self) -> bytes:
        return keccak256(b"FORCED_WITHDRAWAL" + words_to_bytes([self.key, self.position, self.amount]))

    def action_words(self) -> list[int]:
        return [FORCED_WITHDRAWAL, self.key, self.position, self.amount]


def condition_word(registry: str, fact: bytes) -> int:
    return int.from_bytes(keccak256(bytes.fromhex(registry[2:]) + fact), "big") & MASK_250


@dataclass(frozen=True)
class Output:
    """`modifications` are (key, position, difference); `data` is hash and size of the data's words."""

    config_hash: int
    before: SharedState
    after: SharedState
    expiration: int
    assets: Sequence[tuple[int, int]] = ()
    modifications: Sequence[tuple[int, int, int]] = ()
    forced: Sequence[Withdrawal | Trade] = ()
    conditions: Sequence[int] = ()
    mode: int = VALIDIUM
    data: tuple[int, int] = (0, 0)

    def main_words(self) -> list[int]:
        before, after = self.before.words(), self.after.words()
        forced = [word for action in self.forced for word in action.action_words()]
        return [
            self.config_hash,
            self.mode,
            len(self.assets),
            *(word for pair in self.assets for word in pair),
            len(before),
            *before,
            len(after),
            *after,
            self.expiration,
            len(self.modifications),
            *(word for key, position, d in self.modifications for word in (key, position, d + DIFFERENCE_BIAS)),
            len(forced),
            len(self.forced),
            *forced,
            len(self.conditions),
            *self.conditions,
        ]

    def words(self) -> list[int]:
        return self.main_words() + (list(self.data) if self.mode == ROLLUP else [])


def fact_of(words: Sequence[int]) -> bytes:
    """The state transition fact of an output, whatever its mode says."""
    if len(words) < 2 or words[1] != ROLLUP:
        return keccak_of_words(words)
    *main, data_hash, data_size = words
    tree = [int.from_bytes(keccak_of_words(main), "big"), len(main), data_hash, (len(main) + data_size) % 2**256]
    return ((int.from_bytes(keccak_of_words(tree), "big") + 1) % 2**256).to_bytes(32, "big")


def availability_claim(after: SharedState, sequence_number: int) -> bytes:
    return keccak_of_words([*after.words()[:4], sequence_number])
