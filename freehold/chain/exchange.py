"""An exchange on chain, as those who have no part in its operation see it: through its interface alone."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from ape.api.accounts import AccountAPI
from ape.contracts.base import ContractInstance

from freehold.chain.contracts import contract_at, exchange_at
from freehold.chain.managers import chain, networks, project
from freehold.chain.network import head_number, network_name
from freehold.errors import Refused
from freehold.records import Place
from prover.applications.ledger.fields import AMOUNT_UPPER_BOUND

PENDING = 1
"""Among `IForcedRequests.RequestStatus`."""
ACTIONS, LOG_BLOCKS = 200, 5_000
"""Asked for in one call: entries of the list of forced requests, and blocks of logs."""


@dataclass(frozen=True)
class Request:
    """A forced withdrawal that waits to be served."""

    stark_key: int
    position_id: int
    amount: int
    requested_at: int
    deadline: int

    @property
    def left(self) -> int:
        """Seconds until anyone may freeze; negative once it is late."""
        return self.deadline - int(chain.pending_timestamp)


@dataclass(frozen=True)
class Exchange:
    contract: ContractInstance
    token: ContractInstance
    decimals: int | None
    """The token's; None where it does not say."""

    def quanta(self, text: str) -> int:
        """An amount as people write it, as a quantized amount."""
        try:
            amount = Decimal(text).scaleb(self.decimals or 0)
        except InvalidOperation as error:
            raise Refused(f"--amount '{text}' is not a number") from error
        if amount != int(amount):
            raise Refused(f"--amount {text} has more than {self.decimals or 0} decimals")
        if not 0 <= amount < AMOUNT_UPPER_BOUND:
            raise Refused(f"--amount {text} is not in [0, 2^64) quanta")
        return int(amount)

    def coins(self, quanta: int) -> str:
        return f"{Decimal(quanta).scaleb(-(self.decimals or 0)).normalize():,f}"

    def request(self, stark_key: int, position_id: int, amount: int) -> Request | None:
        requested_at = self.contract.getForcedWithdrawalRequest(stark_key, position_id, amount)
        if requested_at == 0:
            return None
        deadline = requested_at + self.contract.FREEZE_GRACE_PERIOD()
        return Request(stark_key, position_id, amount, requested_at, deadline)

    def requests(self) -> list[Request]:
        """Every withdrawal that waits, the oldest first. Logs are read from the block of the oldest one on."""
        times = self.times_of_waiting()
        if not times:
            return []
        first, end = block_at(min(times)), head_number() + 1
        asked = {
            (log.starkKey, log.vaultId, log.quantizedAmount)
            for start in range(first, end, LOG_BLOCKS)
            for log in self.contract.LogForcedWithdrawalRequest.range(start, min(start + LOG_BLOCKS, end))
        }
        waiting = [request for key in asked if (request := self.request(*key))]
        return sorted(waiting, key=lambda request: request.requested_at)

    def times_of_waiting(self) -> list[int]:
        """When the pending forced requests were made: the contract lists all, withdrawals and trades."""
        count = self.contract.getActionCount()
        actions = [a for first in range(0, count, ACTIONS) for a in self.contract.getForcedRequests(first, ACTIONS)]
        return [action.requestedAt for action in actions if action.status == PENDING]

    def refuse_if_frozen(self) -> None:
        if self.contract.isFrozen():
            raise Refused("the exchange is frozen: `ape run escape` is the way out")

    def refuse_stranger(self, account: AccountAPI, stark_key: int) -> None:
        """The contract lets only the owner of a Stark key make its requests."""
        owner = self.contract.getEthKey(stark_key)
        if int(owner, 16) == 0:
            raise Refused(f"the Stark key {stark_key:#x} is not registered")
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
    token = contract_at(str(record.token), "the token's address", "PlainToken")
    return Exchange(contract, token, decimals_of(token.address))


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
