"""An exchange on chain, as those who have no part in its operation see it: through its interface alone.

What StarkPerpetual v3.2 published is enough; where Freehold answers more, fewer logs are read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from ape.api.accounts import AccountAPI
from ape.contracts.base import ContractInstance
from ape.exceptions import ContractLogicError, DecodingError, VirtualMachineError
from ape.types.events import ContractLog

from freehold.chain.contracts import contract_at, exchange_at
from freehold.chain.logs import events_of, read_logs
from freehold.chain.managers import chain, networks, project
from freehold.chain.network import head_number, network_name
from freehold.chain.refusals import error_name
from freehold.chain.rollup import update_words
from freehold.errors import Refused
from freehold.patience import SPAN, Progress
from freehold.records import Place
from prover.applications.ledger.facts import ERC20_SELECTOR
from prover.applications.ledger.fields import AMOUNT_UPPER_BOUND
from prover.applications.ledger.merkle import empty_roots
from prover.applications.ledger.units import CollateralId
from prover.applications.perpetual.output import MainPage
from prover.applications.perpetual.positions import EMPTY
from prover.applications.perpetual.state import SharedState, State
from prover.applications.perpetual.transactions import ForcedTrade
from prover.applications.perpetual.words import WordReader

PENDING = 1
"""Among `IForcedRequests.RequestStatus`."""
SERVED = (1 << 256) - 1
"""The time of a forced trade that was served."""
ACTIONS = 200
"""Entries of the list of forced requests that are asked for in one call."""
ETHER_DECIMALS = 18
COLLATERAL = 4
"""Its place among the arguments of a trade."""
RequestKind = TypeVar("RequestKind", bound="Request")


@dataclass(frozen=True)
class Request:
    """A forced request that waits to be served: `arguments` name it to `freezeRequest`."""

    arguments: tuple[int | bool, ...]
    requested_at: int
    deadline: int
    unfreeze_time: int
    """Of the last freeze, which requests with an earlier deadline do not outlive; 0 if there was none."""

    @property
    def left(self) -> int:
        """Seconds until anyone may freeze; negative once it is late."""
        return self.deadline - int(chain.pending_timestamp)

    @property
    def is_outlived(self) -> bool:
        """A freeze outlasted its deadline: it freezes no more, and may be made anew."""
        return self.deadline <= self.unfreeze_time

    @property
    def stark_key(self) -> int:
        """Of who made it."""
        return int(self.arguments[0])


class Withdrawal(Request):
    FIELDS = ("stark_key", "position_id", "amount")

    @property
    def position_id(self) -> int:
        return int(self.arguments[1])

    @property
    def amount(self) -> int:
        return int(self.arguments[2])


class Trade(Request):
    @property
    def trade(self) -> ForcedTrade:
        return trade_of(self.arguments)


def trade_arguments(trade: ForcedTrade, collateral: CollateralId) -> tuple[int | bool, ...]:
    """As the contract's functions take a trade, in their order."""
    return (
        trade.public_key_a,
        trade.public_key_b,
        trade.position_id_a,
        trade.position_id_b,
        collateral,
        trade.synthetic_asset_id,
        trade.amount_collateral,
        trade.amount_synthetic,
        bool(trade.is_party_a_buying_synthetic),
        trade.nonce,
    )


def trade_of(arguments: tuple[int | bool, ...]) -> ForcedTrade:
    """What `trade_arguments` wrote, without the collateral."""
    words = [int(argument) for argument in (*arguments[:COLLATERAL], *arguments[COLLATERAL + 1 :])]
    return ForcedTrade.model_validate(dict(zip(ForcedTrade.output_fields, words, strict=True)))


@dataclass(frozen=True)
class Exchange:
    contract: ContractInstance
    token: ContractInstance | None
    """None where the collateral is ether, or is not named yet."""
    decimals: int | None
    """The token's; None where it does not say."""
    first_block: int = 0
    """No log of the exchange is older."""
    escape_verifier: str | None = None
    """By the record, for an exchange that does not say it."""

    # --- amounts

    def quanta(self, text: str) -> int:
        """An amount as people write it, as a quantized amount."""
        try:
            amount = Decimal(text).scaleb(self.decimals or 0)
        except InvalidOperation as error:
            raise Refused(f"--amount '{text}' is not a number") from error
        if not amount.is_finite():
            raise Refused(f"--amount '{text}' is not a number")
        if amount != int(amount):
            raise Refused(f"--amount {text} has more than {self.decimals or 0} decimals")
        if not 0 <= amount < AMOUNT_UPPER_BOUND:
            raise Refused(f"--amount {text} is not in [0, 2^64) quanta")
        return int(amount)

    def coins(self, quanta: int) -> str:
        return f"{Decimal(quanta).scaleb(-(self.decimals or 0)).normalize():,f}"

    # --- what it answers

    def extra(self, getter: str, *arguments: object) -> Any:
        """What a getter of Freehold's own answers; None from an exchange that has the published ones alone."""
        try:
            return getattr(self.contract, getter)(*arguments)
        except (VirtualMachineError, DecodingError):
            return None

    def logs(self, *names: str, start: int | None = None, progress: Progress | None = None) -> Iterator[ContractLog]:
        """Its events, the oldest first."""
        first = self.first_block if start is None else start
        events = events_of(self.contract, *names)
        return read_logs([self.contract.address], events, first, head_number() + 1, progress=progress)

    def newest(self, name: str) -> ContractLog | None:
        """The last event of this name, looked for backwards."""
        events, end = events_of(self.contract, name), head_number() + 1
        while end > self.first_block:
            start = max(end - SPAN, self.first_block)
            if found := list(read_logs([self.contract.address], events, start, end)):
                return found[-1]
            end = start
        return None

    @property
    def asset_type(self) -> CollateralId:
        return CollateralId(int(self.contract.getSystemAssetType()))

    def owner_of(self, stark_key: int) -> str | None:
        """None for a key that is not registered."""
        owner = str(self.contract.getEthKey(stark_key))
        return owner if int(owner, 16) else None

    def free_requests_left(self) -> int | None:
        """Of this block; None where the exchange does not count them aloud."""
        left = self.extra("freeRequestsLeft")
        return None if left is None else int(left)

    def payable_now(self, stark_key: int) -> int:
        """What a payment would bring of what is booked: an exchange of v3.2 pays all or nothing."""
        known = self.extra("payableNow", stark_key, self.asset_type)
        return int(self.contract.getWithdrawalBalance(stark_key, self.asset_type) if known is None else known)

    def has_escaped(self, stark_key: int, position_id: int) -> bool:
        """Of a frozen exchange. It is the first that `escape` looks at."""
        try:
            self.contract.escape.call(stark_key, position_id, 1)
        except ContractLogicError as error:
            return error_name(error) in ("EscapeAlreadyUsed", "ESCAPE_ALREADY_USED")
        return False

    def escape_verifier_contract(self) -> ContractInstance:
        address = self.extra("escapeVerifier") or self.escape_verifier
        if address is None:
            raise Refused("the exchange does not name its escape verifier: put it into the record as `escape_verifier`")
        return contract_at(str(address), "the escape verifier's address", "EscapeVerifier")

    def is_last(self, state: State) -> bool:
        """Whether this is the last accepted state, as far as the exchange tells.

        It tells the hash. Another v3.2 tells roots and heights, and the rest stands in the last update's calldata.
        """
        known = self.extra("sharedStateHash")
        if known is not None:
            return bool(state.hash() == bytes(known))
        return self._has_roots(state.shared()) and self.last_update() in (None, state.shared())

    def _has_roots(self, shared: SharedState) -> bool:
        contract = self.contract
        return bool(
            shared.positions_root == contract.getRollupVaultRoot()
            and shared.positions_height == contract.getRollupTreeHeight()
            and shared.orders_root == contract.getOrderRoot()
            and shared.orders_height == contract.getOrderTreeHeight()
        )

    def last_update(self) -> SharedState | None:
        """The state that the last batch left; None before the first, and where another contract brought it."""
        log = self.newest("LogUpdateState")
        words = None if log is None else update_words(self.contract, log)
        return None if words is None else MainPage.take(WordReader(words, "the last update")).after

    # --- forced requests

    def request(self, stark_key: int, position_id: int, amount: int) -> Withdrawal | None:
        arguments = (stark_key, position_id, amount)
        return self._pending(Withdrawal, arguments, self.contract.getForcedWithdrawalRequest(*arguments))

    def trade_request(self, trade: ForcedTrade) -> Trade | None:
        arguments = trade_arguments(trade, self.asset_type)
        return self._pending(Trade, arguments, self.contract.getForcedTradeRequest(*arguments))

    def _pending(
        self, kind: type[RequestKind], arguments: tuple[int | bool, ...], requested_at: int
    ) -> RequestKind | None:
        if requested_at in (0, SERVED):
            return None
        deadline = requested_at + self.contract.FREEZE_GRACE_PERIOD()
        late = deadline <= int(chain.pending_timestamp)
        return kind(arguments, int(requested_at), int(deadline), self.unfreeze_time() if late else 0)

    def unfreeze_time(self) -> int:
        """The end of the last freeze, of one that goes on too; 0 if there was none."""
        known = self.extra("getUnFreezeTime")
        if known is not None:
            return int(known)
        log = self.newest("LogFrozen")
        return 0 if log is None else chain.blocks[log.block_number].timestamp + self.contract.UNFREEZE_DELAY()

    def requests(self) -> list[Withdrawal | Trade]:
        """Every one that waits, the oldest first. Logs are read from the block of the oldest one on."""
        start = self._first_of_waiting()
        if start is None:
            return []
        logs = self.logs("LogForcedWithdrawalRequest", "LogForcedTradeRequest", start=start)
        asked = {tuple(int(value) for value in log.event_arguments.values()) for log in logs}
        waiting = [request for arguments in asked if (request := self._waiting(arguments))]
        return sorted(waiting, key=lambda request: request.requested_at)

    def _waiting(self, arguments: tuple[int, ...]) -> Withdrawal | Trade | None:
        """By what the log of the request has, which is what `freezeRequest` takes."""
        if len(arguments) == len(Withdrawal.FIELDS):
            return self.request(*arguments)
        named = trade_arguments(trade_of(arguments), CollateralId(arguments[COLLATERAL]))
        return self._pending(Trade, named, self.contract.getForcedTradeRequest(*named))

    def _first_of_waiting(self) -> int | None:
        """A block before which none that waits was made; None if none waits."""
        count = self.contract.getActionCount()
        if count == 0:
            return None
        if self.extra("getForcedRequests", 0, 0) is None:
            return self.first_block
        actions = [a for first in range(0, count, ACTIONS) for a in self.contract.getForcedRequests(first, ACTIONS)]
        times = [action.requestedAt for action in actions if action.status == PENDING]
        return block_at(min(times)) if times else None

    # --- who may do what

    def beginning(self) -> str:
        """What the exchange began with, by the roots that it declared: nothing proved them."""
        genesis = self.extra("genesis")
        if genesis is None:
            return "the exchange does not tell with what"
        roots = {
            "positions": (genesis.positionsRoot, empty_roots(genesis.positionsHeight, EMPTY.leaf())[-1]),
            "used orders": (genesis.ordersRoot, empty_roots(genesis.ordersHeight, 0)[-1]),
        }
        held = [f"{name}: root {root:#x}" for name, (root, empty) in roots.items() if root != empty]
        return f"with {' and '.join(held)}, ask for the declared genesis" if held else "empty"

    def refuse_if_frozen(self) -> None:
        if self.contract.isFrozen():
            raise Refused("the exchange is frozen: `ape run escape` is the way out")

    def refuse_stranger(self, account: AccountAPI, stark_key: int) -> None:
        """The contract lets only the owner of a Stark key make its requests."""
        owner = self.owner_of(stark_key)
        if owner is None:
            raise Refused(f"the Stark key {stark_key:#x} is not registered: `ape run register` does it")
        if owner != account.address:
            raise Refused(f"the Stark key {stark_key:#x} belongs to {owner}, not to {account.address}")


def block_at(timestamp: int) -> int:
    """The first block with this time or a later one."""
    low, high = 0, head_number()
    while low < high:
        middle = (low + high) // 2
        if chain.blocks[middle].timestamp < timestamp:
            low = middle + 1
        else:
            high = middle
    return low


def open_exchange(place: Place) -> Exchange:
    record = place.record
    if record.chain_id not in (None, networks.provider.chain_id):
        raise Refused(f"{place.record_file} is of chain {record.chain_id}, {network_name()} is another")
    contract = exchange_at(project, contract_at(record.exchange, "the exchange's address", "Freehold").address)
    is_ether, address = _collateral(contract)
    address = record.token or address
    if is_ether or address is None:
        return Exchange(contract, None, ETHER_DECIMALS if is_ether else None, record.block, record.escape_verifier)
    token = contract_at(str(address), "the token's address", "PlainToken")
    return Exchange(contract, token, decimals_of(token.address), record.block, record.escape_verifier)


def _collateral(contract: ContractInstance) -> tuple[bool, str | None]:
    """Whether it is ether, and the token's address; neither before a token administrator named it."""
    asset_type = contract.getSystemAssetType()
    if asset_type == 0:
        return False, None
    info = bytes(contract.getAssetInfo(asset_type))
    return (False, "0x" + info[-20:].hex()) if info.startswith(ERC20_SELECTOR) else (True, None)


def decimals_of(address: str) -> int | None:
    """`decimals()` of a token, which ERC-20 leaves optional."""
    try:
        answer = networks.provider.web3.eth.call({"to": address, "data": "0x313ce567"})
    except Exception:  # each kind of node says in its own way that a call reverted
        return None
    return int.from_bytes(answer, "big") if len(answer) == 32 else None


def span(seconds: int) -> str:
    """Days, hours and minutes, rounded up to a minute."""
    minutes = -(-seconds // 60)
    parts = (minutes // 1440, "d"), (minutes // 60 % 24, "h"), (minutes % 60, "min")
    return " ".join(f"{count} {unit}" for count, unit in parts if count) or "0 min"


def date(timestamp: int) -> str:
    """The seconds, and what a calendar says."""
    return f"{timestamp} ({datetime.fromtimestamp(timestamp, UTC):%Y-%m-%d %H:%M:%S} UTC)"
