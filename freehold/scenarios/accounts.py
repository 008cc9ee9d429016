"""Who takes part in a scenario: accounts with their roles, and users with Stark keys and positions."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from ape.api.accounts import AccountAPI

from freehold.chain.managers import accounts
from prover.algebra import ecdsa
from prover.algebra.curve import ORDER
from prover.algebra.keccak import words_to_bytes
from prover.applications.ledger.facts import registration_message
from prover.applications.ledger.units import StarkKey
from prover.applications.perpetual.units import PositionId

FEE_KEY = 0xFEE
"""The private Stark key of the position that collects a scenario's fees."""


@dataclass(frozen=True)
class User:
    """An Ethereum account with a Stark key and a position."""

    name: str
    account: AccountAPI
    stark_private_key: int
    position_id: PositionId

    @staticmethod
    def numbered(name: str, account: AccountAPI, place: int) -> User:
        """With a Stark key and a position that nobody has who came at another place."""
        return User(name, account, 0xA11CE + place, PositionId(11 * (place + 1)))

    @property
    def stark_key(self) -> StarkKey:
        return StarkKey(ecdsa.public_key(self.stark_private_key))

    def registration(self) -> bytes:
        """Signature words r, s and the key's y over the user's own address."""
        message = registration_message(bytes.fromhex(self.account.address[2:]), self.stark_key)
        r, s = ecdsa.sign(message, self.stark_private_key)
        return words_to_bytes([r, s, ecdsa.public_point(self.stark_private_key).y])


@dataclass(frozen=True)
class Accounts:
    """Who has which role."""

    governor: AccountAPI
    operator: AccountAPI
    member: AccountAPI
    stranger: AccountAPI
    users: tuple[User, ...]

    @staticmethod
    def of_test_accounts() -> Accounts:
        people = accounts.test_accounts
        users = User("alice", people[4], 0xA11CE, PositionId(11)), User("bob", people[5], 0xB0B, PositionId(22))
        return Accounts(people[0], people[1], people[2], people[3], users)

    @staticmethod
    def for_users(names: Iterable[str]) -> Accounts:
        """A test account for each user; where there are too few, new ones."""
        named, people = list(names), accounts.test_accounts
        governor, operator, member, stranger, *others = (people[place] for place in range(len(people)))
        others += [people.generate_test_account() for _ in range(len(named) - len(others))]
        for account in others[: len(named)]:
            if account.balance == 0:
                governor.transfer(account, "10 ether")
        named_accounts = zip(named, others, strict=False)
        users = (User.numbered(name, account, place) for place, (name, account) in enumerate(named_accounts))
        return Accounts(governor, operator, member, stranger, tuple(users))

    @staticmethod
    def of_one(account: AccountAPI) -> Accounts:
        """One account in every role; its Stark key is new, and of no use after the demo."""
        user = User("user", account, 1 + secrets.randbelow(ORDER - 1), PositionId(11))
        return Accounts(account, account, account, account, (user,))
