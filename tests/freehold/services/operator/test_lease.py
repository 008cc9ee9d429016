"""One writer: a second operator is refused while the first lives, and the first once it was overtaken."""

import pytest
from sqlalchemy import select

from freehold.errors import Refused
from freehold.services.operator import blobs
from freehold.services.operator.lease import LASTS, LeaseLost, Writer
from freehold.services.operator.tables import Blob


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_a_second_operator_is_refused_while_the_lease_runs(store, clock):
    Writer(store, "first", clock).acquire()
    clock.now += LASTS - 1
    with pytest.raises(Refused, match="first operates on this store: its lease runs for another 1 s"):
        Writer(store, "second", clock).acquire()


def test_who_was_overtaken_commits_nothing(store, clock):
    first, second = Writer(store, "first", clock), Writer(store, "second", clock)
    first.acquire()
    clock.now += LASTS + 1
    second.acquire()
    with pytest.raises(LeaseLost), first.unit() as session:
        blobs.put(session, "test", b"late")
    with second.unit() as session:
        blobs.put(session, "test", b"in time")
    with store.unit() as session:
        assert [blobs.get(session, blob.digest) for blob in session.scalars(select(Blob))] == [b"in time"]


def test_a_unit_of_work_renews_the_lease(store, clock):
    first = Writer(store, "first", clock)
    first.acquire()
    clock.now += LASTS - 1
    with first.unit():
        pass
    clock.now += LASTS - 1
    with pytest.raises(Refused):
        Writer(store, "second", clock).acquire()


def test_after_a_crash_the_same_operator_need_not_wait_and_its_old_self_is_out(store, clock):
    old, new = Writer(store, "one", clock), Writer(store, "one", clock)
    old.acquire()
    new.acquire()
    with pytest.raises(LeaseLost), old.unit():
        pass


def test_a_lease_that_is_released_is_free(store, clock):
    first = Writer(store, "first", clock)
    first.acquire()
    first.release()
    Writer(store, "second", clock).acquire()


def test_a_blob_that_is_there_is_not_written_again(store):
    with store.unit() as session:
        assert blobs.put(session, "input", b"x") == blobs.put(session, "input", b"x")
    with store.unit() as session, pytest.raises(blobs.BlobMissing):
        blobs.get(session, bytes(32))
