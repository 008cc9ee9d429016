"""An operator in the middle of its day, for pages and metrics: rows of everything that they show."""

from __future__ import annotations

import json

from sqlalchemy.orm import Session

from freehold.services.base.store import Store
from freehold.services.operator.figures import About, ChainFacts
from freehold.services.operator.tables import ChainTx, Lease
from tests.support import operated_rows as rows
from tests.support.world import ALICE, BTC, CONFIG, ETH, holds, key, world

NOW = 1_800_000_000
HOUR, DAY = 3600, 86_400
ADDRESS = "0x" + "5a" * 20
ABOUT = About(
    version="0.1.0",
    config=CONFIG,
    chain_id=31337,
    contracts={"exchange": ADDRESS, "verifier": "0x" + "6b" * 20, "committee": "0x" + "7c" * 20},
    identity="0x" + "12" * 32,
    grace_period=7 * DAY,
    quorum=2,
)
MEMBERS = ("0x" + "a1" * 20, "0x" + "b2" * 20, "0x" + "c3" * 20)
HELD = 5_000 * 10**6
POSITION = 77
OWNER = key(ALICE)
FACTS = ChainFacts(
    head=1_003, held=HELD, balances={"submitter": 3 * 10**18}, is_frozen=False, configuration_agrees=True
)
COMMITTED, PENDING, WITHDRAWABLE = 4_200 * 10**6, 300 * 10**6, 500 * 10**6


def fill(store: Store) -> None:
    """Eleven batches, of which one was abandoned, two are not on chain and the rest is final but for the newest; people
    who wait at each step of the way; claims of COMMITTED + PENDING + WITHDRAWABLE."""
    with store.unit() as session:
        rows.add_root(session, _state().words())
        rows.add_state(session, rows.ROOT, _state())
        session.add(Lease(name="operator", holder="a:1", fence=1, until=NOW + 20, configuration=bytes(32)))
        _batches(session)
        _chain(session)
        _users(session)


def _state():  # type: ignore[no-untyped-def]
    return world({1: holds(0xFEE, 10**6), POSITION: holds(ALICE, COMMITTED - 10**6 + 600 * 10**6, {ETH: 5, BTC: -3})})


def _batches(session: Session) -> None:
    for number in range(11):
        start = NOW - (10 - number) * 700 - 300
        long = 40 * (number % 4)
        times = {"opened": start, "executed": start + 120 + long, "tracing": start + 130 + 2 * long}
        times |= {"proving": start + 150 + 2 * long, "signed": start + 135 + long}
        times |= {"proved": start + 330 + 3 * long, "sent_fact": start + 340 + 3 * long, "fact": start + 360 + 3 * long}
        times |= {"sent": start + 370 + 3 * long, "mined": start + 395 + 3 * long, "final": start + 900 + 3 * long}
        times = {name: at for name, at in times.items() if at <= NOW}
        state = "final" if "final" in times else "mined" if "mined" in times else "executed"
        if number == 4:
            times, state = {name: at for name, at in times.items() if name not in ("mined", "final")}, "abandoned"
            times["abandoned"] = start + 480
        sizes = {"n_transactions": 40 + 7 * number, "n_steps": 300_000 + 50_000 * number}
        error = "INVALID_PREVIOUS_SHARED_STATE" if state == "abandoned" else None
        rows.add_batch(
            session,
            number,
            state,
            stages=times,
            created_at=times.get("executed", start),
            error=error,
            deadline=NOW + DAY,
            **sizes,
        )
        done = "proved" in times
        seconds = json.dumps({"run": 4.5, "prove": 180.0 + long, "verify": 0.4}) if done else None
        rows.add_job(
            session,
            number,
            "done" if done else "leased",
            130_000 if done else 0,
            seconds=seconds,
            peak_bytes=3 << 30 if done else None,
        )
        for member in MEMBERS[: 2 if "signed" in times and number < 10 else 1]:
            rows.add_signature(session, number, member, times.get("signed", start + 130))
        body = json.dumps({"type": "oracle", "timestamp": str(start), "prices": [[hex(BTC), "5"], [hex(ETH), "6"]]})
        rows.add_entry(session, number, 0, "oracle", "tick", body=body)


def _chain(session: Session) -> None:
    session.flush()
    for number in range(990, 1_002):
        rows.add_block(session, number, NOW - 12 * (1_001 - number) - 5)
    for number, parent in ((995, 0), (996, None)):
        rows.add_block(session, number, NOW, branch=1, parent=parent)
    block = rows.add_block(session, 700, NOW - 6 * DAY)
    amount = {"quantizedAmount": COMMITTED + 600 * 10**6}
    rows.add_event(session, block, 0, "LogDeposit", {"starkKey": OWNER, "vaultId": POSITION, **amount}, stark_key=OWNER)
    rows.add_event(session, block, 1, "LogDeposit", {"quantizedAmount": PENDING})
    rows.add_movement(session, 0, 0, OWNER, POSITION, COMMITTED + 600 * 10**6)
    taken = COMMITTED + 600 * 10**6
    for place, (batch, value) in enumerate(((2, 100 * 10**6), (7, 500 * 10**6))):
        taken -= value
        rows.add_movement(session, batch, 0, OWNER, POSITION, -value)
        rows.add_position(session, batch, POSITION, taken - 10**6, OWNER)
        allowed = {"ownerKey": OWNER, "quantizedAmount": value}
        rows.add_event(session, block, 2 + place, "LogWithdrawalAllowed", allowed, stark_key=OWNER)
    paid = {"ownerKey": OWNER, "quantizedAmount": 100 * 10**6}
    rows.add_event(session, block, 4, "LogWithdrawalPerformed", paid, stark_key=OWNER)
    update = {"sequenceNumber": 10, "batchId": 9}
    rows.add_event(session, block, 5, "LogUpdateState", update, batch_id=9)
    rows.add_event(session, block, 6, "DepositAccepted", {"starkKey": OWNER, "positionId": POSITION, **amount})
    for nonce, purpose in enumerate(("fact", "availability", "update") * 8):
        session.add(
            ChainTx(
                sender=ADDRESS, nonce=nonce, attempt=0, purpose=purpose, batch=nonce // 3, hash=rows.digest(nonce),
                raw=b"", max_fee=10**10, tip=1, succeeded=True, gas_used=3_000_000, gas_price=2 * 10**9,
            )
        )  # fmt: skip


def _users(session: Session) -> None:
    for tx_id in range(12):
        rows.add_received(session, tx_id, {"type": "TRADE"}, "batched" if tx_id < 8 else "received")
    rejected = {"state": "rejected", "code": "UNLIQUIDATABLE_POSITION"}
    rows.add_received(session, 12, {"type": "LIQUIDATE"}, **rejected)
    withdrawal = {"type": "WITHDRAWAL", "position_id": str(POSITION), "amount": str(25 * 10**6)}
    rows.add_received(session, 13, withdrawal, received_at=NOW - 90)
    rows.add_received(session, 14, withdrawal, "batched", received_at=NOW - 7 * 700)
    rows.add_entry(session, 7, 1, "WITHDRAWAL", tx_id=14)
    rows.add_movement(session, 10, 0, OWNER, POSITION, -50 * 10**6)
    rows.add_position(session, 10, POSITION, COMMITTED - 51 * 10**6, OWNER)
    block = rows.add_block(session, 800, NOW - 2 * DAY)
    rows.add_forced_withdrawal(session, block, 0, OWNER, POSITION, 30 * 10**6)
    served = rows.add_forced_withdrawal(session, block, 1, OWNER, 5, 20 * 10**6)
    rows.add_entry(session, 3, 1, "forced_withdrawal", "forced", request=served)
