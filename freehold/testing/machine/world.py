"""What a machine needs around it: an exchange with doubles, people; made once, restored by each example."""

from __future__ import annotations

from typing import Any, NamedTuple

from freehold.scenarios.accounts import User
from freehold.testing.kit import Kit
from freehold.testing.model import KINDS, NAMES
from prover.applications.perpetual.units import PositionId


class Books(NamedTuple):
    """One reading of everything that the model knows."""

    state: list[int]
    """Hash, sequence number, whether it is frozen, until when at least, what is set apart."""
    rows: dict[str, tuple[int, ...]]
    """Of each name: pending, asked back when, booked, payable now, whether they escaped."""
    tokens: dict[str, int]
    """In wallets."""
    held: int
    """By the exchange."""


class World:
    """The kit, and what the machine needs beside it; made once."""

    def __init__(self, project: Any, accounts: Any, chain: Any) -> None:
        kit = Kit(project, accounts, chain)
        self.kit, self.users = kit, {"alice": kit.alice, "bob": kit.bob}
        self.users["carol"] = User("carol", accounts[7], 0xCA201, PositionId(9))
        kit.register(kit.alice, kit.bob)
        for account in (accounts[7], kit.stranger):
            kit.token.mint(account, kit.START, sender=kit.governor)
            kit.token.approve(kit.exchange, 2**256 - 1, sender=account)
        self.second = {kind: kit.governor.deploy(project.ObedientRegistry) for kind in KINDS}
        for registry in self.second.values():
            registry.declare(bytes(32), sender=kit.stranger)
        self.conditions = kit.governor.deploy(project.ObedientRegistry)
        self.reader = kit.governor.deploy(project.Batcher)
        self.code = kit.exchange.implementation()
        self.before = chain.snapshot()

    def restore(self) -> None:
        self.kit.chain.restore(self.before)
        self.before = self.kit.chain.snapshot()

    def books(self) -> Books:
        """One reading of everything that the model knows."""
        exchange, asset = self.kit.exchange, self.kit.asset
        calls: list[tuple[Any, tuple[int, ...]]] = [
            (exchange.sharedStateHash, ()),
            (exchange.getSequenceNumber, ()),
            (exchange.isFrozen, ()),
            (exchange.getUnFreezeTime, ()),
            (exchange.setApart, ()),
        ]
        for user in self.users.values():
            slot = (user.stark_key, asset, user.position_id)
            calls += [
                (exchange.getDepositBalance, slot),
                (exchange.getCancellationRequest, slot),
                (exchange.getWithdrawalBalance, slot[:2]),
                (exchange.payableNow, slot[:2]),
                (exchange.escapeUsed, (user.position_id,)),
            ]
        answers = self.reader.read(exchange, [method.encode_input(*arguments) for method, arguments in calls])
        words = [int.from_bytes(bytes(answer), "big") for answer in answers]
        tokens = [self.kit.token.balanceOf.encode_input(user.account) for user in self.users.values()]
        tokens.append(self.kit.token.balanceOf.encode_input(exchange))
        held = [int.from_bytes(bytes(answer), "big") for answer in self.reader.read(self.kit.token, tokens)]
        rows = dict(zip(NAMES, zip(*[iter(words[5:])] * 5, strict=True), strict=True))
        return Books(words[:5], rows, dict(zip(NAMES, held, strict=False)), held[-1])
