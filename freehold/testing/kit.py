"""An exchange with registry doubles, and what people do with it: for tests of what comes before and after a proof.

Nothing here knows the rules of trading: a test says what a batch's output is, and the doubles say it was proven.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from eth_account import Account

from freehold.chain.deployed import DAY, Delays
from freehold.chain.deployment import deploy_pieces
from freehold.scenarios.accounts import User
from freehold.testing.output_words import Output, SharedState, Trade, Withdrawal, availability_claim, fact_of
from prover.algebra.keccak import keccak256, keccak_of_words, words_to_bytes
from prover.applications.perpetual.units import PositionId

HOUR = 3600
GRACE = 7 * DAY
MASK_250 = (1 << 250) - 1
BTC = 0x4254432D3130000000000000000000
CONFIG_HASH, BTC_CONFIG = 0x1234, 0xB7C


def erc20_info(token: Any) -> bytes:
    return keccak256(b"ERC20Token(address)")[:4] + bytes(12) + bytes.fromhex(token.address[2:])


ETH_INFO = keccak256(b"ETH()")[:4]


def asset_type(info: bytes) -> int:
    return int.from_bytes(keccak256(info + words_to_bytes([1])), "big") & MASK_250


def hash_word(number: int) -> bytes:
    return number.to_bytes(32, "big")


class Kit:
    """`token` None: the collateral is ETH. Not `configured`: deployed, and nothing more.
    `escapes`: an escape verifier that is no double. `height`: of the tree of positions."""

    START = 10**18

    def __init__(
        self,
        project: Any,
        accounts: Any,
        chain: Any,
        token: str | None = "PlainToken",
        configured: bool = True,
        escapes: Any = None,
        height: int = 64,
    ) -> None:
        self.project, self.chain = project, chain
        self.governor, self.operator, self.stranger = accounts[0], accounts[1], accounts[2]
        self.token_admin, self.second = accounts[5], accounts[6]
        self.alice, self.bob = (
            User("alice", accounts[3], 0xA11CE, PositionId(7)),
            User("bob", accounts[4], 0xB0B, PositionId(8)),
        )
        self.verifier, self.availability = (self.governor.deploy(project.ObedientRegistry) for _ in range(2))
        self.escapes = escapes or self.governor.deploy(project.ObedientEscapes)
        self.wallet = self.stranger.deploy(project.Wallet)
        self.state = self.first_state(height)
        self.exchange = deploy_pieces(project, self.governor, self.escapes, self.state.words(), Delays())
        self.token = cast(Any, self.governor.deploy(project.get_contract(token)) if token else None)
        self.info = erc20_info(self.token) if token else ETH_INFO
        self.asset = asset_type(self.info)
        if configured:
            self._configure()
        for user in (self.alice, self.bob) if token else ():
            self.token.mint(user.account, self.START, sender=self.governor)
            self.token.approve(self.exchange, 2**256 - 1, sender=user.account)

    def first_state(self, height: int) -> SharedState:
        """With roots that are of no tree."""
        return SharedState(0x1000, self.chain.blocks.head.timestamp, positions_height=height)

    def configuration(self) -> tuple[int, Mapping[int, int]]:
        """The general one's hash, and each asset's. They are of no configuration."""
        return CONFIG_HASH, {BTC: BTC_CONFIG}

    def _configure(self) -> None:
        self.start()
        self.exchange.registerTokenAdmin(self.token_admin, sender=self.governor)
        self.exchange.registerSystemAssetType(self.asset, self.info, sender=self.token_admin)

    def start(self) -> None:
        """Operator, verifiers, configuration: what comes before the collateral is named."""
        exchange, by = self.exchange, {"sender": self.governor}
        exchange.registerOperator(self.operator, **by)
        exchange.registerVerifier(self.verifier, self.verifier.identify(), **by)
        exchange.registerAvailabilityVerifier(self.availability, self.availability.identify(), **by)
        general, assets = self.configuration()
        for asset, configured in assets.items():
            exchange.registerAssetConfigurationChange(asset, hash_word(configured), **by)
            exchange.applyAssetConfigurationChange(asset, hash_word(configured), **by)
        exchange.registerGlobalConfigurationChange(hash_word(general), **by)
        exchange.applyGlobalConfigurationChange(hash_word(general), **by)

    def error(self, name: str) -> Any:
        return getattr(self.exchange, name)

    def errors(self) -> dict[bytes, str]:
        """Four bytes to the name of each typed error; a panic or an empty revert is not among them."""
        return {keccak256(error.selector.encode())[:4]: error.name for error in self.exchange.contract_type.errors}

    # --- time

    def now(self) -> int:
        return int(self.chain.blocks.head.timestamp)

    def at(self, timestamp: int) -> None:
        """The next block has this time."""
        self.chain.pending_timestamp = timestamp

    def wait(self, seconds: int) -> None:
        self.at(self.now() + seconds)

    # --- users

    def register(self, *users: User) -> None:
        for user in users:
            self.exchange.registerSender(user.stark_key, user.registration(), sender=user.account)

    def slot(self, user: User) -> tuple[int, int, int]:
        return user.stark_key, self.asset, user.position_id

    def deposit(self, user: User, amount: int, sender: Any = None) -> Any:
        return self.exchange.depositERC20(*self.slot(user), amount, sender=sender or user.account)

    def pending(self, user: User) -> int:
        return int(self.exchange.getDepositBalance(*self.slot(user)))

    def cancel(self, user: User) -> Any:
        return self.exchange.depositCancel(*self.slot(user), sender=user.account)

    def reclaim(self, user: User) -> Any:
        return self.exchange.depositReclaim(*self.slot(user), sender=user.account)

    def held(self) -> int:
        """By the exchange, of its collateral."""
        return int(self.token.balanceOf(self.exchange) if self.token else self.exchange.balance)

    def withdrawable(self, user: User) -> int:
        return int(self.exchange.getWithdrawalBalance(user.stark_key, self.asset))

    def withdraw(self, user: User) -> Any:
        return self.exchange.withdraw(user.stark_key, self.asset, sender=self.stranger)

    def request(self, user: User, amount: int, premium: bool = False) -> Any:
        return self.exchange.forcedWithdrawalRequest(
            user.stark_key, user.position_id, amount, premium, sender=user.account
        )

    def withdrawal(self, user: User, amount: int) -> Withdrawal:
        return Withdrawal(user.stark_key, user.position_id, amount)

    def requested_at(self, user: User, amount: int) -> int:
        return int(self.exchange.getForcedWithdrawalRequest(user.stark_key, user.position_id, amount))

    def freeze(self, user: User, amount: int) -> Any:
        return self.exchange.freezeRequest(user.stark_key, user.position_id, amount, sender=self.stranger)

    def freeze_with(self, user: User, amount: int = 1) -> None:
        """A forced request, a grace period of silence, a freeze."""
        self.request(user, amount)
        self.wait(GRACE)
        self.freeze(user, amount)

    # --- forced trades

    def trade(self, **changes: Any) -> Trade:
        """Alice buys 5 BTC units for 100 from bob."""
        usual = Trade(
            self.alice.stark_key,
            self.bob.stark_key,
            self.alice.position_id,
            self.bob.position_id,
            self.asset,
            BTC,
            100,
            5,
            True,
            1,
        )
        return replace(usual, **changes)

    def sign_raw(self, account: Any, digest: bytes) -> bytes:
        signed = Account.unsafe_sign_hash(digest, private_key=account.private_key)
        return words_to_bytes([signed.r, signed.s]) + bytes([signed.v])

    def typed_digest(self, trade: Trade, hour: int) -> bytes:
        """What EIP-712 has a wallet sign."""
        *most, nonce = trade.arguments()
        return bytes(self.exchange.forcedTradeDigests(*most, hour, nonce)[1])

    def request_trade(
        self,
        trade: Trade,
        *,
        hour: int | None = None,
        signature: bytes | None = None,
        premium: bool = False,
        sender: Any = None,
    ) -> Any:
        """Signed by bob over v3.2's digest unless a signature is given."""
        hour = int(self.chain.pending_timestamp) // HOUR if hour is None else hour
        if signature is None:
            signature = self.sign_raw(self.bob.account, trade.published_digest(hour))
        *most, nonce = trade.arguments()
        return self.exchange.forcedTradeRequest(
            *most, hour, nonce, signature, premium, sender=sender or self.alice.account
        )

    def trade_requested_at(self, trade: Trade) -> int:
        return int(self.exchange.getForcedTradeRequest(*trade.arguments()))

    def freeze_trade(self, trade: Trade) -> Any:
        method = self.exchange.freezeRequest
        return method(*trade.arguments(), sender=self.stranger)

    # --- batches

    def output(self, before: SharedState | None = None, **fields: Any) -> Output:
        """From the initial state unless another is named; the tree's root moves by one."""
        now = self.chain.pending_timestamp
        before = before or self.state
        fields.setdefault("after", replace(before, positions_root=before.positions_root + 1, system_time=now))
        fields.setdefault("expiration", now // HOUR + 1000)
        fields.setdefault("assets", [(BTC, BTC_CONFIG)])
        return Output(CONFIG_HASH, before, **fields)

    def declare(self, words: list[int], after: SharedState | None = None) -> None:
        """The doubles say that the output was proven and, with `after`, that its data is held."""
        self.verifier.declare(fact_of(words), sender=self.stranger)
        if after:
            claim = availability_claim(after, self.exchange.getSequenceNumber() + 1)
            self.availability.declare(claim, sender=self.stranger)

    def update(self, words: list[int], application_data: list[int] | None = None, sender: Any = None) -> Any:
        last = self.exchange.getLastBatchId()
        data = [last + 1, last, 0] if application_data is None else application_data
        return self.exchange.updateState(words, data, sender=sender or self.operator)

    def serve(self, before: SharedState | None = None, **fields: Any) -> SharedState:
        """A batch, declared proven and applied; returns the new state."""
        output = self.output(before, **fields)
        self.declare(output.words(), output.after)
        self.update(output.words())
        return output.after

    def give(self, user: User, amount: int, before: SharedState | None = None) -> SharedState:
        """Deposit and a batch that takes it in."""
        self.deposit(user, amount)
        return self.serve(before, modifications=[(user.stark_key, user.position_id, amount)])

    # --- escapes

    def declare_escape(self, user: User, amount: int) -> None:
        state_hash = int.from_bytes(bytes(self.exchange.sharedStateHash()), "big")
        claim = keccak_of_words([user.stark_key, amount, state_hash, user.position_id])
        self.escapes.declare(claim, sender=self.stranger)

    def escape(self, user: User, amount: int) -> Any:
        return self.exchange.escape(user.stark_key, user.position_id, amount, sender=self.stranger)
