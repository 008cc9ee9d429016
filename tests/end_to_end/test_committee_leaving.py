"""From a member's signature to an escape with a member's file: the operator is gone, and nobody's word is needed."""

from __future__ import annotations

from typing import Any

import pytest

from freehold.leaving.calldata import call
from freehold.records import write_last
from freehold.scenarios.accounts import Accounts
from freehold.scenarios.acts import travel
from freehold.services.base.claims import AccountSigner
from freehold.services.committee.beginning import Beginning, begin
from freehold.services.committee.chain_state import ChainState
from freehold.services.committee.export import batch_of_root, last_state
from freehold.services.committee.member import Member
from freehold.services.committee.store import open_store
from freehold.testing.exchange import Last
from prover.applications.perpetual.facts import update_words
from scripts import escape
from tests.support.recorded_gateway import RecordedGateway, update_with
from tests.support.script_kit import DAY, done, recorded, run, stay_connected


class EmbeddedNode:
    """The suite's chain as a node answers over HTTP."""

    def __init__(self, exchange: Any, chain: Any) -> None:
        self.exchange, self.chain = exchange, chain
        self.sent: list[Any] = []

    def make_request(self, method: Any, params: Any) -> Any:
        return {"result": getattr(self, method)(*params)}

    def eth_call(self, asked: dict[str, str], block: str) -> str:
        values = {
            call("sharedStateHash()"): bytes(self.exchange.sharedStateHash()),
            call("getSystemAssetType()"): int(self.exchange.getSystemAssetType()).to_bytes(32, "big"),
        }
        return "0x" + values[bytes.fromhex(asked["data"][2:])].hex()

    def eth_blockNumber(self) -> str:
        return hex(self.chain.blocks.head.number)

    def eth_getLogs(self, wanted: dict[str, Any]) -> list[dict[str, str]]:
        event, _, state = wanted["topics"]
        found = []
        for receipt in self.sent:
            topics = [[topic_of(one) for one in log["topics"]] for log in receipt.logs]
            if any(one[0] == event and one[2:] == [state] for one in topics):
                found.append({"transactionHash": receipt.txn_hash})
        return found

    def eth_getTransactionByHash(self, hash: str) -> dict[str, str]:
        (receipt,) = (one for one in self.sent if one.txn_hash == hash)
        return {"input": "0x" + bytes(receipt.transaction.data).hex()}


def topic_of(found: Any) -> str:
    return found if isinstance(found, str) else "0x" + bytes(found).hex()


@pytest.fixture(scope="module")
def deployed(tmp_path_factory, no_verifier, project, chain):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("committee"))
        return recorded(Accounts.of_test_accounts(), "validium", 5_000)


def test_a_members_signature_is_the_contracts_and_its_file_leads_out(deployed, chain, monkeypatch, tmp_path):
    monkeypatch.chdir(deployed.folder)
    stay_connected(monkeypatch)
    exchange, accounts = deployed.deployed.exchange, deployed.accounts
    alice, _ = accounts.users
    store, gateway = open_store(f"sqlite:///{tmp_path / 'member.db'}"), RecordedGateway()
    height, number = deployed.state.tree.height, exchange.getSequenceNumber()
    begin(store, Beginning(sequence_number=number, positions_height=height))
    member = Member(store, [gateway], AccountSigner(int(accounts.member.private_key, 16)))
    node = EmbeddedNode(exchange, chain)
    for batch_id in (0, 1):
        batch = deployed.batch(deployed.deposit(alice, 500))
        gateway.updates[batch_id] = update_with(batch, batch_id - 1)
        assert member.step() and member.step()
        deployed.prove(batch)
        _, signature, _, claim = gateway.approved[-1]
        deployed.deployed.committee.verifyAvailabilityProof(claim, signature, sender=accounts.operator)
        words = [batch_id + 1, exchange.getLastBatchId(), 0]
        node.sent.append(exchange.updateState(update_words(batch), words, sender=accounts.operator))
        deployed._lasts[exchange.getSequenceNumber()] = Last(batch.after, deployed.prices)

    on_chain = ChainState(node, exchange.address)
    assert on_chain.shared_state() == batch.after.shared()
    with store.unit() as session:
        kept = batch_of_root(session, on_chain.shared_state().positions_root)
        file = last_state(session, kept, on_chain.shared_state(), on_chain.collateral)
    write_last(tmp_path / "state.json", file)
    store.close()
    exchange.forcedWithdrawalRequest(alice.stark_key, alice.position_id, 3, False, sender=alice.account)
    travel(7 * DAY)
    exchange.freezeRequest(alice.stark_key, alice.position_id, 3, sender=alice.account)
    left = done(run(escape, "--position", alice.position_id, "--state", tmp_path / "state.json"))
    assert f"paid 1,000 to {alice.account.address}" in left
