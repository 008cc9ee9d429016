"""What a member remembers: every leaf of every batch that it vouched for, and the nodes of its two trees.

The schema is made by the migrations beside this file; a test compares the two. Times are seconds since the epoch.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Float, ForeignKey, Index, Integer, LargeBinary, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from freehold.services.base.store import U64, Felt
from freehold.services.base.trees import TreeNode

HASH = LargeBinary(32)


class Base(DeclarativeBase):
    pass


class Origin(Base):
    """The exchange that this store is of: one row. `batch` is the one whose state the member began with, `standing`
    the one whose trees the nodes are. `config` is JSON of the general configuration, where it is known."""

    __tablename__ = "origin"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    batch: Mapped[int] = mapped_column(BigInteger)
    standing: Mapped[int] = mapped_column(BigInteger)
    positions_height: Mapped[int] = mapped_column(Integer)
    orders_height: Mapped[int] = mapped_column(Integer)
    collateral: Mapped[int | None] = mapped_column(Felt)
    config: Mapped[str | None] = mapped_column(Text)


class Batch(Base):
    """A batch whose data were found true. `sequence_number` is the exchange's after it.

    `digest`: SHA-256 of the update's canonical JSON. `words`: JSON of the shared state's, as the gateway told; they
    have these roots, and nobody vouches for the rest. `sent_at` is None until the gateway has taken the signature.
    """

    __tablename__ = "batch"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    previous: Mapped[int | None] = mapped_column(ForeignKey("batch.id"))
    """None of the origin."""
    sequence_number: Mapped[int] = mapped_column(BigInteger)
    positions_root: Mapped[int] = mapped_column(Felt, index=True)
    orders_root: Mapped[int] = mapped_column(Felt)
    claim: Mapped[bytes] = mapped_column(HASH)
    digest: Mapped[bytes | None] = mapped_column(HASH)
    words: Mapped[str | None] = mapped_column(Text)
    created: Mapped[str | None] = mapped_column(Text)
    """What the gateway says of when it was made."""
    received_at: Mapped[float] = mapped_column(Float)
    signature: Mapped[bytes | None] = mapped_column(LargeBinary)
    sent_at: Mapped[float | None] = mapped_column(Float)


class PositionLeaf(Base):
    """A position as a batch left it. The state at batch b has of each id the newest row of b and its ancestors."""

    __tablename__ = "position_leaf"

    position_id: Mapped[int] = mapped_column(U64, primary_key=True)
    batch: Mapped[int] = mapped_column(ForeignKey("batch.id"), primary_key=True)
    body: Mapped[str] = mapped_column(Text)
    """JSON of the availability gateway's form."""
    hash: Mapped[int] = mapped_column(Felt)

    __table_args__ = (Index("position_leaf_by_batch", "batch"),)


class OrderLeaf(Base):
    """How much of an order is used, as a batch left it."""

    __tablename__ = "order_leaf"

    order_id: Mapped[int] = mapped_column(U64, primary_key=True)
    batch: Mapped[int] = mapped_column(ForeignKey("batch.id"), primary_key=True)
    fulfilled: Mapped[int] = mapped_column(U64)

    __table_args__ = (Index("order_leaf_by_batch", "batch"),)


class Node(TreeNode, Base):
    """Of the trees at the batch where they stand."""

    __tablename__ = "node"


class Evidence(Base):
    """What a gateway showed and the member refused: `kind` says why, `body` is what was shown. Each is kept once."""

    __tablename__ = "evidence"

    batch: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    digest: Mapped[bytes] = mapped_column(HASH, primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))
    reason: Mapped[str] = mapped_column(Text)
    body: Mapped[str] = mapped_column(Text)
    gateway: Mapped[str] = mapped_column(Text)
    at: Mapped[float] = mapped_column(Float)
