"""An exchange with registry doubles, and what people do with it: for tests of what comes before and after a proof."""

from __future__ import annotations

from prover.perpetual.batch import Batch, apply_batch
from prover.perpetual.config import GeneralConfig
from prover.perpetual.facts import asset_type, availability_claim, erc20_asset_info, validium_fact
from prover.perpetual.state import State
from prover.perpetual.transactions import Deposit, ForcedWithdrawal, FundingTick
from scripts._people import User

DAY = 86_400


class Kit:
    START = 10_000
    DELAYS = (2 * DAY, 7 * DAY, 365 * DAY, 28 * DAY, 0)

    def __init__(self, project, accounts, chain) -> None:
        self.project, self.chain = project, chain
        self.governor, self.operator, self.stranger = accounts[0], accounts[1], accounts[2]
        self.alice, self.bob = User("alice", accounts[3], 0xA11CE, 7), User("bob", accounts[4], 0xB0B, 8)
        self.token = self.governor.deploy(project.PlainToken)
        info = erc20_asset_info(bytes.fromhex(self.token.address[2:]))
        self.asset = asset_type(info)
        self.config = GeneralConfig(collateral_asset_id=self.asset)
        self.state = State.initial(self.config, chain.blocks.head.timestamp)
        self.verifier, self.availability, self.escapes = (
            self.governor.deploy(project.ObedientRegistry) for _ in range(3)
        )
        self.exchange = self.governor.deploy(project.Freehold, self.DELAYS, self.escapes, self.state.words())
        self._configure(info)
        for user in (self.alice, self.bob):
            self.token.mint(user.account, self.START, sender=self.governor)
            self.token.approve(self.exchange, 2**256 - 1, sender=user.account)

    def _configure(self, info: bytes) -> None:
        exchange, by = self.exchange, {"sender": self.governor}
        exchange.registerOperator(self.operator, **by)
        exchange.registerTokenAdmin(self.governor, **by)
        exchange.registerSystemAssetType(self.asset, info, **by)
        exchange.registerVerifier(self.verifier, "ObedientRegistry", **by)
        exchange.registerAvailabilityVerifier(self.availability, "ObedientRegistry", **by)
        config_hash = self.config.hash().to_bytes(32, "big")
        exchange.registerGlobalConfigurationChange(config_hash, **by)
        exchange.applyGlobalConfigurationChange(config_hash, **by)

    def error(self, name: str):
        return getattr(self.exchange, name)

    def now(self) -> int:
        return self.chain.blocks.head.timestamp

    def at(self, timestamp: int) -> None:
        """The next block has this time."""
        self.chain.pending_timestamp = timestamp

    def register(self, user: User) -> None:
        self.exchange.registerSender(user.stark_key, user.registration(), sender=user.account)

    def deposit(self, user: User, amount: int):
        return self.exchange.deposit(user.stark_key, self.asset, user.position_id, amount, sender=user.account)

    def pending(self, user: User) -> int:
        return self.exchange.getDepositBalance(user.stark_key, self.asset, user.position_id)

    def withdrawable(self, user: User) -> int:
        return self.exchange.getWithdrawalBalance(user.stark_key, self.asset)

    def request(self, user: User, amount: int):
        return self.exchange.forcedWithdrawalRequest(
            user.stark_key, user.position_id, amount, False, sender=user.account
        )

    def requested_at(self, user: User, amount: int) -> int:
        return self.exchange.getForcedWithdrawalRequest(user.stark_key, user.position_id, amount)

    def freeze(self, user: User, amount: int):
        return self.exchange.freezeRequest(user.stark_key, user.position_id, amount, sender=self.stranger)

    def batch(self, state: State | None = None, deposits=(), forced=()) -> Batch:
        """From the initial state unless another is named."""
        now = self.chain.pending_timestamp
        transactions = [FundingTick(timestamp=now)]
        for kind, requests in ((Deposit, deposits), (ForcedWithdrawal, forced)):
            transactions += [
                kind(public_key=user.stark_key, position_id=user.position_id, amount=amount)
                for user, amount in requests
            ]
        return apply_batch(self.config, state or self.state, transactions, now // 3600 + 1000)

    def fact(self, batch: Batch) -> bytes:
        return validium_fact(batch.output())

    def declare(self, batch: Batch) -> None:
        """The doubles say that the batch was proven and its data is held."""
        self.verifier.declare(self.fact(batch), sender=self.stranger)
        claim = availability_claim(batch.after, self.exchange.getSequenceNumber() + 1)
        self.availability.declare(claim, sender=self.stranger)

    def update(self, output, application_data):
        return self.exchange.updateState(output, application_data, sender=self.operator)

    def serve(self, state: State | None = None, deposits=(), forced=()) -> Batch:
        batch = self.batch(state, deposits, forced)
        self.declare(batch)
        last = self.exchange.getLastBatchId()
        self.update(batch.output(), [last + 1, last, 0])
        return batch

    def declare_escape(self, user: User, amount: int) -> None:
        from prover.algebra.keccak import keccak_of_words

        state_hash = int.from_bytes(bytes(self.exchange.sharedStateHash()), "big")
        claim = keccak_of_words([user.stark_key, amount, state_hash, user.position_id])
        self.escapes.declare(claim, sender=self.stranger)
