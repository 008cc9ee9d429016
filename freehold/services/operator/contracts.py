"""The contracts of one exchange, found by the record of its deployment, and who its committee is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from freehold.availability import BLS, AnyCommittee, committee_at
from freehold.errors import Refused
from freehold.ethereum.coding import Contract
from freehold.ethereum.node import Node
from freehold.records import Record


@dataclass(frozen=True)
class Contracts:
    """`committee` is None in a rollup, whose data is on chain. `identity` names the program under its shape."""

    exchange: Contract
    verifier: Contract
    program_number: int
    identity: int
    adapter: Contract
    committee: Contract | None
    members: AnyCommittee | None
    collateral: int

    @property
    def is_rollup(self) -> bool:
        return self.committee is None


def open_contracts(node: Node, record: Record) -> Contracts:
    """Raises Refused where the record is of another chain, or names a contract that is not there, and NodeFails."""
    chain_id = node.chain_id()
    if record.chain_id is not None and record.chain_id != chain_id:
        raise Refused(f"the exchange is on chain {record.chain_id}, the node is of chain {chain_id}")
    exchange = _contract(node, record.exchange, "the exchange", "Exchange")
    verifier = _contract(node, record.verifier, "the verifier", "StarkVerifier")
    kind = "ProgramFactAdapter" if record.committee else "RollupFactAdapter"
    adapter = _contract(node, record.adapter, "the adapter", kind)
    number = record.program_number or 0
    committee, members = None, None
    if record.committee is not None:
        committee, members = _committee(node, record.committee)
    return Contracts(
        exchange=exchange,
        verifier=verifier,
        program_number=number,
        identity=node.call(verifier, "programIdentity", number),
        adapter=adapter,
        committee=committee,
        members=members,
        collateral=node.call(exchange, "getSystemAssetType"),
    )


def _contract(node: Node, address: str | None, what: str, kind: str) -> Contract:
    if address is None:
        raise Refused(f"the record does not name {what}")
    if not node.has_code(address):
        raise Refused(f"there is no contract at {what}'s address {address} on chain {node.chain_id()}")
    return Contract(address, kind)


def _committee(node: Node, address: str) -> tuple[Contract, AnyCommittee]:
    contract = _contract(node, address, "the committee", "Committee")
    if node.call(contract, "identify") == BLS:
        contract = Contract(address, "BlsCommittee")
    return contract, committee_at(address, partial(node.call, contract))
