"""Sending many transactions so that a stop in the middle costs nothing: each is written down before it is sent.

`Recorded` is an account that keeps a `Journal`. Whoever stops starts the same work again with the same journal: what is
in a block is not sent again, what was signed and perhaps sent is sent as it was signed. The work must be the same,
transaction by transaction, which is checked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

from ape.api.accounts import AccountAPI
from ape.api.transactions import ReceiptAPI, TransactionAPI
from ape.contracts.base import ContractContainer, ContractInstance
from ape.types.signatures import MessageSignature
from eth_pydantic_types import HexBytes
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError

from freehold.chain.managers import chain, networks
from freehold.errors import Refused
from freehold.files import write_whole
from prover.algebra.keccak import keccak256


class Sent(BaseModel):
    """A transaction, signed and perhaps sent; with `gas` it is in a block."""

    model_config = ConfigDict(extra="forbid")

    what: str
    digest: str = Field(description="of receiver and data")
    transaction: str = Field(description="its hash")
    nonce: int
    signed: str | None = Field(None, description="all of it, until it is in a block")
    gas: int | None = None
    contract: str | None = Field(None, description="that it made")


class Journal(BaseModel):
    """What was sent for one purpose, by one account, on one chain."""

    model_config = ConfigDict(extra="forbid")

    purpose: str = Field(description="names what is done with it, so that nothing else is gone on with")
    chain_id: int
    sender: str
    time: int = Field(description="of the newest block before the first transaction")
    block: int = Field(description="its number")
    sent: list[Sent] = []
    _file: Path | None = PrivateAttr(None)

    @staticmethod
    def begin(purpose: str, sender: str, file: Path | None) -> Journal:
        """The one in the file, or a new one; without a file nothing is kept. Refuses one of another purpose."""
        if file is not None and file.exists():
            journal = _read(file)
            if journal.purpose != purpose:
                raise Refused(f"{file} is of a deployment with other parameters: finish that one, or remove the file")
            if journal.sender != sender or journal.chain_id != networks.provider.chain_id:
                raise Refused(f"{file} was begun by {journal.sender} on chain {journal.chain_id}: go on as there")
        else:
            head = chain.blocks.head
            journal = Journal(
                purpose=purpose,
                chain_id=networks.provider.chain_id,
                sender=sender,
                time=head.timestamp,
                block=int(head.number or 0),
            )
        journal._file = file
        return journal

    def write(self) -> None:
        if self._file is not None:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self._file, self.model_dump_json(indent=1, exclude_none=True) + "\n")

    def move(self, to: Path) -> None:
        """All is done: the file goes where it stays."""
        if self._file is not None:
            self._file.replace(to)
            self._file = to

    @property
    def gas(self) -> int:
        return sum(sent.gas or 0 for sent in self.sent)

    def contracts(self) -> list[tuple[str, str]]:
        """Name and address, in the order of their making."""
        return [(sent.what, sent.contract) for sent in self.sent if sent.contract]


def _read(file: Path) -> Journal:
    try:
        return Journal.model_validate_json(file.read_text())
    except ValidationError as error:
        raise Refused(f"{file} is no record of transactions: {' '.join(str(error).split())}") from error


def _receipt(sent: Sent) -> ReceiptAPI:
    """Waits for it."""
    return cast(ReceiptAPI, networks.provider.get_receipt(sent.transaction))


class Recorded(AccountAPI):
    """Another account, which writes down what it sends. It goes through the journal from its beginning."""

    account: AccountAPI
    journal: Journal
    names: Mapping[bytes, str] = {}
    """Of functions by selector, for readers."""
    tell: Callable[[Sent], None] = lambda sent: None
    _place: int = PrivateAttr(0)
    _making: str = PrivateAttr("")

    @property
    def address(self) -> Any:
        return self.account.address

    def sign_message(self, msg: Any, **signer_options: Any) -> MessageSignature | None:
        return self.account.sign_message(msg, **signer_options)

    def sign_raw_msghash(self, msghash: HexBytes) -> MessageSignature | None:
        return self.account.sign_raw_msghash(msghash)

    def sign_transaction(self, txn: TransactionAPI, **signer_options: Any) -> TransactionAPI | None:
        return self.account.sign_transaction(txn, **signer_options)

    def deploy(self, contract: ContractContainer, *args: Any, **kwargs: Any) -> ContractInstance:
        self._making = str(contract.contract_type.name)
        return cast(ContractInstance, super().deploy(contract, *args, **kwargs))

    def call(self, txn: TransactionAPI, *args: Any, **kwargs: Any) -> ReceiptAPI:
        data = bytes(txn.data)
        receiver = getattr(txn, "receiver", None)
        what = self.names.get(data[:4], data[:4].hex()) if receiver else self._making
        digest = keccak256((receiver or "").encode() + data).hex()
        place, self._place = self._place, self._place + 1
        if place < len(self.journal.sent):
            receipt = self._sent_before(self.journal.sent[place], what, digest)
            if receipt is not None:
                return receipt
        return self._send(txn, what, digest)

    def _sent_before(self, sent: Sent, what: str, digest: str) -> ReceiptAPI | None:
        """Its receipt; None if it came to nothing."""
        if sent.digest != digest:
            raise Refused(
                f"transaction {self._place} was {sent.what} and is {what} now, or other data: the contracts have "
                "changed since. Go on with the version that began"
            )
        if sent.gas is not None:
            return _receipt(sent)
        if self._is_known(sent) or self._send_again(sent):
            receipt = _receipt(sent)
            if not receipt.failed:
                self._done(sent, receipt)
                return receipt
        self.journal.sent.remove(sent)  # the last one: nothing is sent after what is not in a block
        return None

    def _is_known(self, sent: Sent) -> bool:
        """The chain has it, in a block or waiting."""
        try:
            networks.provider.web3.eth.get_transaction(HexBytes(sent.transaction))
        except Exception:  # each kind of node says in its own way that it knows nothing of it
            return False
        return True

    def _send_again(self, sent: Sent) -> bool:
        """As it was signed; False if the account has used its nonce otherwise."""
        if self.account.nonce > sent.nonce:
            return False
        networks.provider.web3.eth.send_raw_transaction(HexBytes(str(sent.signed)))
        return True

    def _send(self, txn: TransactionAPI, what: str, digest: str) -> ReceiptAPI:
        signed = self.account.sign_transaction(self.account.prepare_transaction(txn))
        if signed is None:
            raise Refused(f"{self.account.address} did not sign: nothing more is sent, the same command goes on here")
        sent = Sent(
            what=what,
            digest=digest,
            transaction=HexBytes(signed.txn_hash).to_0x_hex(),
            nonce=int(signed.nonce or 0),
            signed=HexBytes(signed.serialize_transaction()).to_0x_hex(),
        )
        self.journal.sent.append(sent)
        self.journal.write()
        receipt = cast(ReceiptAPI, networks.provider.send_transaction(signed))
        self._done(sent, receipt)
        return receipt

    def _done(self, sent: Sent, receipt: ReceiptAPI) -> None:
        receipt.raise_for_status()
        sent.gas, sent.signed, sent.contract = receipt.gas_used, None, receipt.contract_address
        self.journal.write()
        self.tell(sent)
