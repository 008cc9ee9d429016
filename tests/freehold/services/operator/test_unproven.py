"""What cannot be proven goes into batches that can: in smaller ones, or without what the program refuses."""

from dataclasses import dataclass

import pytest
from sqlalchemy import select, update

from freehold.services.operator import jobs
from freehold.services.operator.batcher import Batcher
from freehold.services.operator.jobs import Cause
from freehold.services.operator.store import open_store
from freehold.services.operator.tables import ABANDONED, Entry, Job
from freehold.services.operator.unproven import PROGRAM_REFUSES, Unproven
from tests.support import bad_prover
from tests.support.databases import databases
from tests.support.operator_kit import OperatorKit
from tests.support.proof_orders import PARAMETERS
from tests.support.waiting import wait_for

LARGE, SMALL = jobs.needed(1 << 15, PARAMETERS), jobs.needed(1 << 14, PARAMETERS)


@dataclass
class Exchange:
    """`memory`: bytes of the largest worker."""

    kit: OperatorKit
    batcher: Batcher
    unproven: Unproven
    memory: int | None

    def settle(self) -> None:
        """Batches are made of all that waits."""
        for seconds in (0, 600):
            self.kit.world.time += seconds
            while self.batcher.step():
                pass

    def standing(self) -> list[int]:
        return [batch.id for batch in self.kit.batches() if batch.state != ABANDONED and batch.id >= 0]

    def amounts(self, batch: int) -> list[int]:
        """Ids of what users sent, in their order."""
        with self.kit.store.unit() as session:
            rows = select(Entry.tx_id).where(Entry.batch == batch, Entry.tx_id.is_not(None), Entry.code.is_(None))
            return list(session.scalars(rows.order_by(Entry.place)))

    def fails(self, batch: int, cause: Cause) -> None:
        """As a worker would write it down."""
        ended = update(Job).where(Job.batch == batch)
        with self.kit.store.unit() as session:
            session.execute(ended.values(state=jobs.FAILED, cause=cause, error="as it is told"))


@pytest.fixture
def exchange(tmp_path):
    with databases(tmp_path) as served:
        store = open_store(served.new("sqlite"))
        kit = OperatorKit(store, max_transactions=20, max_steps=1 << 15)
        first = kit.begin()
        made = Exchange(kit, first, None, LARGE)  # type: ignore[arg-type]

        def order(session, batch, given, wanted, n_steps, deadline):
            jobs.order(session, batch, given, wanted, n_steps, jobs.priority_of(batch, deadline), PARAMETERS)

        made.unproven = Unproven(
            first.writer,
            lambda _: made.memory,
            lambda *found: made.batcher.leave_out(*found),
            PARAMETERS,
            kit.world.clock,
            bad_prover.MODULE,
        )
        made.batcher = Batcher(
            kit.config, first.writer, kit.world, kit.settings, order, kit.world.clock, None, made.unproven.step_limit
        )
        yield made
        made.unproven.close()
        store.close()


def test_a_batch_that_fits_no_worker_is_split(exchange):
    """The large worker is gone: the same transactions, in the same order, in batches that the small one can prove."""
    exchange.kit.accepted(*(exchange.kit.trade(10, fee=0) for _ in range(10)))
    exchange.settle()
    assert exchange.standing() == [0] and exchange.kit.batches()[1].n_steps > 1 << 14
    assert not exchange.unproven.step()
    exchange.memory = SMALL
    assert exchange.unproven.step()
    exchange.settle()
    standing = exchange.standing()
    assert len(standing) > 1 and 0 not in standing
    assert [tx_id for batch in standing for tx_id in exchange.amounts(batch)] == list(range(10))
    assert all(batch.n_steps <= 1 << 14 for batch in exchange.kit.batches() if batch.id in standing)
    assert "the largest worker has" in exchange.kit.batches()[1].error
    assert not exchange.unproven.step()


def test_a_proof_that_ran_out_of_memory_makes_smaller_batches(exchange):
    """The prediction was wrong: what failed is believed."""
    exchange.kit.accepted(*(exchange.kit.trade(10, fee=0) for _ in range(10)))
    exchange.settle()
    exchange.fails(0, Cause.MEMORY)
    assert exchange.unproven.step()
    exchange.settle()
    assert all(batch.n_steps <= 1 << 14 for batch in exchange.kit.batches() if batch.id in exchange.standing())
    assert [tx_id for batch in exchange.standing() for tx_id in exchange.amounts(batch)] == list(range(10))


def test_one_transaction_that_fits_nowhere_stays_and_is_told_once(exchange, capsys):
    exchange.kit.accepted(exchange.kit.transfer(5))
    exchange.settle()
    exchange.memory = 1 << 20
    for _ in range(3):
        assert not exchange.unproven.step()
    assert exchange.standing() == [0]
    assert capsys.readouterr().out.count("a single transaction fits no worker") == 1


def test_what_the_program_refuses_is_found_and_the_others_go_on(exchange, monkeypatch):
    monkeypatch.setenv(bad_prover.CHOICE, "refuses 13")
    exchange.kit.accepted(*(exchange.kit.transfer(amount) for amount in (5, 6, 13, 7)))
    exchange.settle()
    exchange.fails(0, Cause.REFUSED)
    wait_for(exchange.unproven.step, 60)
    exchange.settle()
    received = exchange.kit.received()
    assert received[2][:2] == ("rejected", PROGRAM_REFUSES)
    assert [received[tx_id][0] for tx_id in (0, 1, 3)] == ["batched"] * 3
    assert [exchange.amounts(batch) for batch in exchange.standing()] == [[0, 1, 3]]
    assert "an amount of 13" in exchange.kit.batches()[1].error


@pytest.mark.slow
def test_a_batch_that_the_program_takes_here_waits_for_a_person(exchange, monkeypatch, capsys):
    monkeypatch.setenv(bad_prover.CHOICE, "refuses 13")
    exchange.kit.accepted(exchange.kit.transfer(5))
    exchange.settle()
    exchange.fails(0, Cause.REFUSED)
    exchange.unproven.step()
    wait_for(lambda: exchange.unproven.step() or exchange.unproven._search is None, 60)
    assert exchange.standing() == [0]
    assert "the program takes it here" in capsys.readouterr().out


@pytest.mark.slow
def test_a_deposit_that_the_program_refuses_is_left_out(exchange, monkeypatch):
    """Nobody can be refused: it is kept out, and a person is told."""
    monkeypatch.setenv(bad_prover.CHOICE, "refuses 1300")
    exchange.kit.world.waiting = [exchange.kit.deposit(1300)]
    exchange.kit.accepted(exchange.kit.transfer(5))
    exchange.settle()
    exchange.fails(0, Cause.REFUSED)
    wait_for(exchange.unproven.step, 60)
    exchange.settle()
    (standing,) = exchange.standing()
    with exchange.kit.store.unit() as session:
        kinds = list(session.scalars(select(Entry.kind).where(Entry.batch == standing)))
    assert exchange.amounts(standing) == [0] and "deposit" not in [kind.lower() for kind in kinds]
