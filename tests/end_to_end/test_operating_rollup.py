"""A rollup operated by hand: a proven batch whose data go on chain, stopped at every step."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from freehold.records import read_state
from freehold.scenarios.accounts import Accounts
from freehold.testing.exchange import COIN, ExchangeUnderTest
from freehold.testing.proofs import Proven
from prover.applications.perpetual.documents import BatchDocument
from scripts import submit_batch
from tests.support.script_kit import done, recorded, refused, run, stay_connected

STEPS = 3
"""Transactions: the proof in one part, the data, the state update."""


class Killed(BaseException):
    """As if the process had been ended."""


@pytest.fixture(scope="module")
def operated(tmp_path_factory, project, chain) -> tuple[ExchangeUnderTest, Path]:
    """A rollup with its record, and the file of a batch: two deposits and a trade."""
    folder = tmp_path_factory.mktemp("operating")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        exchange = recorded(Accounts.of_test_accounts(), "rollup", 700 * COIN, proofs=Proven())
    alice, bob = exchange.people
    deposits = [exchange.deposit(user, 600 * COIN) for user in (alice, bob)]
    batch = exchange.batch(*deposits, exchange.trade(alice, bob, "BTC", Decimal("0.05"), 1_000 * COIN))
    fields = {name: getattr(batch, name) for name in BatchDocument.model_fields if hasattr(batch, name)}
    file = folder / "batch.json"
    file.write_text(BatchDocument(**fields).model_dump_json())
    return exchange, file


@pytest.fixture(autouse=True)
def here(operated, monkeypatch):
    """What a test writes beside the record is undone, as the chain is."""
    exchange, _ = operated
    monkeypatch.chdir(exchange.folder)
    stay_connected(monkeypatch)
    before = exchange.place.state_file.read_text()
    yield
    exchange.place.state_file.write_text(before)


def test_a_rollups_batch_goes_on_chain_killed_at_every_step(operated, chain, monkeypatch):
    """The proof is made once. In the end anybody finds the same state in the chain's data alone."""
    exchange, file = operated
    provider, first = type(chain.provider), chain.blocks.head.number
    send, is_sent = provider.send_transaction, False

    def ends(self, txn):
        if is_sent:
            send(self, txn)
        raise Killed

    options = (file, "--account", exchange.accounts.operator.alias)
    with monkeypatch.context() as patch:
        patch.setattr(provider, "send_transaction", ends)
        for count in range(STEPS):
            for is_sent in (False, True):
                with pytest.raises(Killed):
                    run(submit_batch, *options)
                assert chain.blocks.head.number - first == count + is_sent
                patch.setattr(submit_batch, "prove_batch", None)
    assert "accepted: batch 1" in done(run(submit_batch, *options))
    assert chain.blocks.head.number - first == STEPS
    _, state = read_state(exchange.place.state_file)
    assert bytes(exchange.contract.sharedStateHash()) == state.hash() == exchange.state_from_chain().hash()
    alice, bob = exchange.people
    assert state.position(alice.position_id).collateral_balance == -400 * COIN
    assert state.position(bob.position_id).collateral_balance == 1_600 * COIN


def test_a_stranger_submits_nothing(operated, chain):
    exchange, file = operated
    before = chain.blocks.head.number
    refused(run(submit_batch, file, "--account", exchange.accounts.stranger.alias), "is no operator of")
    assert chain.blocks.head.number == before
