"""Years of an operator: final batches with all that stands of them in its store, written in bulk.

Each has a hundred trades of positions in turn, and a transaction that was rejected; what they did to the state is that
it is as it was, so that the head stands where it began.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from functools import partial
from pathlib import Path

IN_BATCH = 100
AT_ONCE = 1_000
"""Batches that are written together."""
BODY = "x" * 1_200
"""As long as a trade's."""

TABLES = {
    "batch": """
        insert into batch (id, previous, state, sequence_number, created_at, system_time, minimum_expiration, deadline,
            state_hash, words, facts, n_transactions, n_steps)
        select b, b - 1, 'final', b + 1, :now, :now, :now / 3600, :now, root.state_hash, root.words, '[]', 100, 400000
        from b, batch root where root.id = -1""",
    "stage": """
        insert into stage select b, name, :now from b, (select 'opened' name union all select 'executed' union all
            select 'proved' union all select 'signed' union all select 'sent_fact' union all select 'fact' union all
            select 'sent' union all select 'mined' union all select 'final')""",
    "transaction": """
        insert into "transaction" (tx_id, kind, body, digest, state, code, reason, received_at, batch)
        select b * 101 + n, 'TRADE', :body, hash(b * 101 + n),
            iif(n = 100, 'rejected', 'batched'), iif(n = 100, 'INVALID_FULFILLMENT_INFO', null), null, :now, b
        from b, n""",
    "entry": """
        insert into entry (batch, place, tx_id, origin, kind, code)
        select b, n, b * 101 + n, 'user', 'trade', iif(n = 100, 'INVALID_FULFILLMENT_INFO', null) from b, n""",
    "order_leaf": """
        insert into order_leaf select u64(b * 200 + side * 100 + n), b, u64(1000)
        from b, n, (select 0 side union all select 1) where n < 100""",
    "position_leaf": """
        insert into position_leaf
        select position_id, b, body from (
            select u64(:first + ((b * 100 + n) * 2 + side) % :positions) id, b
            from b, n, (select 0 side union all select 1) where n < 100
        ) join position on position_id = id""",
    "job": """
        insert into job (key, kind, batch, input, output, parameters, priority, state, fence, attempts, max_attempts,
            needs_bytes, peak_bytes, seconds, proof)
        select hash(b), 'proof', b, zeroblob(32), zeroblob(32), 'default', b, 'done', 1, 1, 3,
            4000000000, 3000000000, '{"prove": 100.0}', zeroblob(32)
        from b""",
    "signature": """
        insert into signature select b, member, zeroblob(32), zeroblob(65), :now
        from b, (select '0x1' member union all select '0x2')""",
}
SERIES = "with recursive b(b) as (values(:from) union all select b + 1 from b where b + 1 < :to)"
PLACES = ", n(n) as (values(0) union all select n + 1 from n where n < 100)"


def add_past(file: Path, n_transactions: int, n_positions: int, first_position: int, now: int) -> None:
    """To a store that has begun, in SQLite, and no batch of its own yet."""
    with sqlite3.connect(file) as store:
        for name, size in (("u64", 8), ("hash", 32)):
            store.create_function(name, 1, partial(int.to_bytes, length=size, byteorder="big"), deterministic=True)
        for pragma in ("synchronous = off", "foreign_keys = off", "cache_size = -400000"):
            store.execute(f"pragma {pragma}")
        fixed = {"now": now, "body": BODY, "first": first_position, "positions": n_positions}
        for start, end in _parts(-(-n_transactions // IN_BATCH)):
            for statement in TABLES.values():
                head, _, rest = statement.partition("select")
                store.execute(f"{head} {SERIES} {PLACES} select {rest}", {**fixed, "from": start, "to": end})
            store.commit()


def _parts(n_batches: int) -> Iterator[tuple[int, int]]:
    return ((start, min(n_batches, start + AT_ONCE)) for start in range(0, n_batches, AT_ONCE))
