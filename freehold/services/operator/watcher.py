"""The watcher: blocks as a tree, and what the exchange emitted in them.

For a new head it walks back, parent by parent, to a block that it knows; what stood above that is no longer canonical,
and the new branch is read block by block. Far behind it reads wide spans instead, and of their blocks keeps those in
which something happened. What follows from events is asked of them (`chain_view.py`) and written down nowhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import time
from typing import Literal

import structlog
from sqlalchemy import delete, exists, select, update
from sqlalchemy.orm import Session

from freehold.ethereum.coding import Contract
from freehold.ethereum.node import FINALIZED, Header, Log, Node, NodeRefuses
from freehold.patience import SPAN, NodeFails, narrower
from freehold.services.operator import chain_events, chain_view
from freehold.services.operator.lease import Writer
from freehold.services.operator.tables import Block, ChainTx, Event

log = structlog.get_logger(__name__)
NEAR = 256
"""Blocks behind the head that are followed one by one, as a tree."""
AT_ONCE = 32
"""Blocks that one step reads and commits."""


class ReorganisedBeyondFinality(RuntimeError):
    """A block that was final is not on the chain any more: nothing that the store says can be relied on."""

    def __init__(self, number: int, found: bytes) -> None:
        super().__init__(f"block {number} was final and is another one now, 0x{found.hex()}: stop and look")


class Watcher:
    """`start`: no event is older. `finality`: the node's tag, or a depth in blocks.

    `behind`: blocks that the store lacked at the last answer; `failing_since`: of a node that does not answer or
    answers what cannot be, seconds since the epoch; None for one that does.
    """

    def __init__(
        self,
        node: Node,
        writer: Writer,
        exchange: Contract,
        start: int = 0,
        finality: Literal["finalized"] | int = "finalized",
        clock: Callable[[], float] = time,
    ) -> None:
        self.node, self.writer, self.exchange, self.start, self.finality = node, writer, exchange, start, finality
        self.clock = clock
        self.behind = 0
        self.failing_since: float | None = None
        self._span = SPAN
        self._final_asked_at: bytes | None = None

    @property
    def has_caught_up(self) -> bool:
        """Whether the last step came as far as the head that it was told of. Before, what the chain has long answered
        looks open: deposits that were taken, requests that were served."""
        return self.behind <= AT_ONCE

    def step(self) -> bool:
        """Reads on; True if there was something new. Raises ReorganisedBeyondFinality."""
        try:
            moved = self._step()
        except NodeFails as error:
            if self.failing_since is None:
                self.failing_since = self.clock()
            log.warning("node fails", cause=str(error), seconds=round(self.clock() - self.failing_since, 1))
            return False
        self.failing_since = None
        return moved

    def _step(self) -> bool:
        head = self.node.head()
        with self.writer.store.unit() as session:
            top, final = chain_view.head(session), chain_view.final_block(session)
            known = session.get(Block, head.hash)
        below = self.start - 1 if top is None else top.number
        self.behind = max(head.number - below, 0)
        if known is not None and known.canonical and top is not None:
            if head.number < top.number:
                log.warning("node behind", head=head.number, known=top.number)
                return False
            return self._mark_final(top, final)
        if final is not None and head.number <= final.number:
            log.warning("node behind", head=head.number, known=below)
            return False
        if head.number < self.start:
            return False
        if head.number - below > NEAR:
            self._read_span(top, final, head)
        else:
            self._follow(top, final, head)
        with self.writer.store.unit() as session:
            top, final = chain_view.head(session), chain_view.final_block(session)
        if top is not None:  # a chain with a new head at each turn comes to no other
            self._mark_final(top, final)
        return True

    # --- block by block

    def _follow(self, top: Block | None, final: Block | None, head: Header) -> None:
        """The newest branch from its fork on, as far as one step goes."""
        fork, branch = self._branch(final, head)
        known = self._known([header.hash for header in branch[:AT_ONCE]])
        found = [(header, [] if header.hash in known else self._logs_of(header)) for header in branch[:AT_ONCE]]
        depth = 0 if top is None else max(top.number - fork, 0)
        with self.writer.unit() as session:
            _forsake_above(session, fork)
            for header, logs in found:
                if header.hash in known:
                    session.execute(update(Block).where(Block.hash == header.hash).values(canonical=True))
                else:
                    session.add(_block(header))
                    session.add_all(chain_events.rows(logs))
        if depth:
            log.warning("reorganisation", depth=depth, fork=fork)
        log.debug("blocks", first=found[0][0].number, last=found[-1][0].number, events=sum(len(x) for _, x in found))

    def _branch(self, final: Block | None, head: Header) -> tuple[int, list[Header]]:
        """The fork's number, and the blocks above it, rising. Raises NodeFails, ReorganisedBeyondFinality."""
        branch = [head]
        while branch[-1].number > self.start:
            lowest = branch[-1]
            with self.writer.store.unit() as session:
                known = session.get(Block, lowest.parent)
            if known is not None and known.canonical:
                return known.number, branch[::-1]
            if final is not None and lowest.number - 1 <= final.number:
                raise ReorganisedBeyondFinality(lowest.number - 1, lowest.parent)
            branch.append(self._parent_of(lowest))
        return self.start - 1, branch[::-1]

    def _parent_of(self, header: Header) -> Header:
        parent = self.node.header(header.parent)
        if parent is None:
            raise NodeFails(f"the node has block {header.number}, 0x{header.hash.hex()}, and not its parent")
        if (parent.hash, parent.number) != (header.parent, header.number - 1):
            raise NodeFails(f"asked for block 0x{header.parent.hex()}, the node gives 0x{parent.hash.hex()}")
        return parent

    def _logs_of(self, header: Header) -> list[Log]:
        return self.node.logs_of_block(header.hash, self.exchange, chain_events.FOLLOWED)

    def _known(self, hashes: Sequence[bytes]) -> set[bytes]:
        with self.writer.store.unit() as session:
            return set(session.scalars(select(Block.hash).where(Block.hash.in_(hashes))))

    # --- in spans

    def _read_span(self, top: Block | None, final: Block | None, head: Header) -> None:
        first = self.start if top is None else top.number + 1
        if top is not None and not self._is_there(top):
            self._go_back(final)
            return
        stop = min(first + self._span, head.number - NEAR + 1)
        try:
            logs = self.node.logs(first, stop, self.exchange, chain_events.FOLLOWED)
        except NodeFails:
            self._span = narrower(self._span)
            raise
        numbers = sorted({one.number for one in logs} | {stop - 1})[:NEAR]
        headers = {number: self._header_at(number) for number in numbers}
        logs = [one for one in logs if one.number in headers]
        if any(one.block != headers[one.number].hash for one in logs):
            raise NodeFails(f"logs and blocks {first} to {stop - 1} of the node are of different branches")
        with self.writer.unit() as session:
            session.execute(update(Block).where(Block.number.between(first, numbers[-1])).values(canonical=False))
            known = set(session.scalars(select(Block.hash).where(Block.number.between(first, numbers[-1]))))
            session.execute(
                update(Block).where(Block.hash.in_([one.hash for one in headers.values()])).values(canonical=True)
            )
            session.add_all(_block(header) for header in headers.values() if header.hash not in known)
            session.add_all(chain_events.rows(one for one in logs if one.block not in known))
        self._span = min(2 * self._span, SPAN)
        log.info("blocks", first=first, last=numbers[-1], head=head.number, events=len(logs))

    def _go_back(self, final: Block | None) -> None:
        """To the highest block that the node still has. Raises ReorganisedBeyondFinality."""
        with self.writer.store.unit() as session:
            blocks = list(session.scalars(select(Block).where(Block.canonical).order_by(Block.number.desc())))
        for block in blocks:
            if self._is_there(block):
                fork = block.number
                break
            if final is not None and block.number <= final.number:
                raise ReorganisedBeyondFinality(block.number, self._header_at(block.number).hash)
        else:
            fork = self.start - 1
        log.warning("reorganisation", fork=fork, depth=blocks[0].number - fork)
        with self.writer.unit() as session:
            _forsake_above(session, fork)

    def _is_there(self, block: Block) -> bool:
        return self._header_at(block.number).hash == block.hash

    def _header_at(self, number: int) -> Header:
        header = self.node.header(number)
        if header is None or header.number != number:
            raise NodeFails(f"the node lacks block {number}, which is below its head")
        return header

    # --- finality

    def _mark_final(self, top: Block, before: Block | None) -> bool:
        """Asked once for each head. True if another block is final now."""
        if top.hash == self._final_asked_at:
            return False
        found = self._final_header(top)
        self._final_asked_at = top.hash
        if found is None or found.number > top.number or (before is not None and found.number <= before.number):
            return False
        with self.writer.unit() as session:
            row = session.scalar(select(Block).where(Block.canonical, Block.number == found.number))
            if row is not None and row.hash != found.hash:
                raise NodeFails(f"the node's final block 0x{found.hash.hex()} is on another branch than its head")
            if row is None:
                row = _block(found)
                session.add(row)
            row.final = True
            _forget(session, -1 if before is None else before.number, found.number)
        log.info("final", block=found.number)
        return True

    def _final_header(self, top: Block) -> Header | None:
        """None where the node says that nothing is final yet."""
        if self.finality != FINALIZED:
            number = top.number - int(self.finality)
            return self._header_at(number) if number >= self.start else None
        try:
            return self.node.header(FINALIZED)
        except NodeRefuses:
            return None


def _block(header: Header) -> Block:
    return Block(
        hash=header.hash,
        number=header.number,
        parent=header.parent,
        time=header.time,
        canonical=True,
        final=False,
    )


def _forsake_above(session: Session, fork: int) -> None:
    session.execute(update(Block).where(Block.canonical, Block.number > fork).values(canonical=False))


def _forget(session: Session, before: int, final: int) -> None:
    """Blocks far below the final one: what is off the chain with its events, and what nobody refers to."""
    old = Block.number.between(before - NEAR, final - NEAR)
    forsaken = select(Block.hash).where(old, ~Block.canonical)
    session.execute(delete(Event).where(Event.block.in_(forsaken)))
    idle = ~exists().where(Event.block == Block.hash) & ~exists().where(ChainTx.block == Block.hash)
    session.execute(delete(Block).where(old, ~Block.final, idle))
