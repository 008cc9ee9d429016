"""What the operator remembers. The schema is made by the migrations beside this file; a test compares the two.

Times are seconds since the epoch unless a name says otherwise. What can be asked of these rows is not stored again:
which deposits wait, which forced requests are open, how far a batch is, are queries.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Float, ForeignKey, Index, Integer, LargeBinary, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from freehold.services.base.store import U64, Felt
from freehold.services.base.trees import TreeNode

HASH = LargeBinary(32)
EXECUTED, READY, SENT, MINED, FINAL, ABANDONED = "executed", "ready", "sent", "mined", "final", "abandoned"
"""States of a batch."""


class Base(DeclarativeBase):
    pass


# --- what users sent


class Received(Base):
    """A transaction as it was taken in. `body` is its canonical JSON, `digest` the body's SHA-256.

    `state`: received, batched, or rejected with a published name as `code`. `batch` is the one that it is in, or during
    which it was rejected.
    """

    __tablename__ = "transaction"

    tx_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(32))
    body: Mapped[str] = mapped_column(Text)
    digest: Mapped[bytes] = mapped_column(HASH)
    state: Mapped[str] = mapped_column(String(16))
    code: Mapped[str | None] = mapped_column(String(80))
    reason: Mapped[str | None] = mapped_column(Text)
    received_at: Mapped[int] = mapped_column(BigInteger)
    batch: Mapped[int | None] = mapped_column(ForeignKey("batch.id"))

    __table_args__ = (
        Index("transaction_by_state", "state", "tx_id"),
        Index("transaction_by_batch", "batch", "state", "kind", "code"),
    )


# --- batches


class Batch(Base):
    """`id` is the one that the chain and the committee know: gapless, never used again. Batch -1, or the last one
    before the operator's time, stands for the state with which it began.

    `words` are the shared state's after it, `facts` what conditions name, as JSON. `state` and the times of its stages
    are kept by `lifecycle.py`.
    """

    __tablename__ = "batch"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    previous: Mapped[int | None] = mapped_column(ForeignKey("batch.id"))
    state: Mapped[str] = mapped_column(String(16))
    sequence_number: Mapped[int] = mapped_column(BigInteger)
    """The exchange's, after the update."""
    created_at: Mapped[float] = mapped_column(Float)
    system_time: Mapped[int] = mapped_column(BigInteger)
    minimum_expiration: Mapped[int] = mapped_column(BigInteger)
    """Hours since the epoch."""
    deadline: Mapped[int] = mapped_column(BigInteger)
    """When it must be on chain."""
    state_hash: Mapped[bytes] = mapped_column(HASH)
    words: Mapped[str] = mapped_column(Text)
    facts: Mapped[str] = mapped_column(Text)
    """JSON: [[registry, fact], ...], of conditional transfers in the batch's order."""
    n_transactions: Mapped[int] = mapped_column(Integer)
    n_steps: Mapped[int] = mapped_column(Integer)
    """Predicted."""
    input: Mapped[bytes | None] = mapped_column(HASH)
    """Blob of the program's input; None once it is final and no longer kept."""
    update_words: Mapped[bytes | None] = mapped_column(HASH)
    """Blob: JSON list of what `updateState` takes."""
    output_words: Mapped[bytes | None] = mapped_column(HASH)
    """Blob: JSON list of all words that the program writes, a rollup's data included."""
    error: Mapped[str | None] = mapped_column(Text)
    """The last failure, or why it was abandoned."""

    __table_args__ = (Index("batch_by_state", "state", "id"),)


class Stage(Base):
    """When a batch came into a stage: opened, executed, tracing, proving, proved, signed, sent_fact, fact, sent, mined,
    final, abandoned. A stage that is left by a reorganisation and come to again keeps the last time."""

    __tablename__ = "stage"

    batch: Mapped[int] = mapped_column(ForeignKey("batch.id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(16), primary_key=True)
    at: Mapped[float] = mapped_column(Float)


class Entry(Base):
    """A transaction of a batch, in its order; those that were rejected while it was filled stand among them.

    `tx_id` is the user's, None for what the operator itself made. `body` is JSON of the rules' transaction for the
    operator's own ones, None for a user's, whose body stands in `transaction`. A transaction of several has as many
    entries. `origin`: user, deposit, forced, tick, liquidation. `request`: of a forced one, the request's hash.
    """

    __tablename__ = "entry"

    batch: Mapped[int] = mapped_column(ForeignKey("batch.id"), primary_key=True)
    place: Mapped[int] = mapped_column(Integer, primary_key=True)
    tx_id: Mapped[int | None] = mapped_column(BigInteger)
    origin: Mapped[str] = mapped_column(String(16))
    kind: Mapped[str] = mapped_column(String(32))
    body: Mapped[str | None] = mapped_column(Text)
    code: Mapped[str | None] = mapped_column(String(80))
    """Why it was rejected."""
    request: Mapped[bytes | None] = mapped_column(HASH)

    __table_args__ = (Index("entry_by_request", "request"),)


class Movement(Base):
    """What a batch does to one slot of the contract: deposits that it uses up are positive, withdrawals that it allows
    negative."""

    __tablename__ = "movement"

    batch: Mapped[int] = mapped_column(ForeignKey("batch.id"), primary_key=True)
    place: Mapped[int] = mapped_column(Integer, primary_key=True)
    owner_key: Mapped[int] = mapped_column(Felt)
    position_id: Mapped[int] = mapped_column(U64)
    amount: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = (Index("movement_by_slot", "owner_key", "position_id"),)


class PositionLeaf(Base):
    """A position as a batch left it. The state at batch b has of each id the newest row of b and its ancestors."""

    __tablename__ = "position_leaf"

    position_id: Mapped[int] = mapped_column(U64, primary_key=True)
    batch: Mapped[int] = mapped_column(ForeignKey("batch.id"), primary_key=True)
    body: Mapped[str] = mapped_column(Text)
    """JSON of the availability gateway's form."""

    __table_args__ = (Index("position_leaf_by_batch", "batch"),)


class OrderLeaf(Base):
    """How much of an order is used, as a batch left it."""

    __tablename__ = "order_leaf"

    order_id: Mapped[int] = mapped_column(U64, primary_key=True)
    batch: Mapped[int] = mapped_column(ForeignKey("batch.id"), primary_key=True)
    fulfilled: Mapped[int] = mapped_column(U64)

    __table_args__ = (Index("order_leaf_by_batch", "batch"),)


class CurrentPosition(Base):
    """Every position that is not empty, at the newest batch that is not abandoned; `body` as in its leaf."""

    __tablename__ = "position"

    position_id: Mapped[int] = mapped_column(U64, primary_key=True)
    body: Mapped[str] = mapped_column(Text)


class Node(TreeNode, Base):
    """Of the trees at the newest batch that is not abandoned."""

    __tablename__ = "node"


class Blob(Base):
    """Bytes by their SHA-256, compressed."""

    __tablename__ = "blob"

    digest: Mapped[bytes] = mapped_column(HASH, primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    content: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[int] = mapped_column(BigInteger)


# --- proofs and signatures


class Job(Base):
    """A proof to be made. `key` names the work, so that the same is never ordered twice; `batch` is the newest that
    ordered it.

    `state`: waiting, leased, done, failed. A lease runs out at `lease_until` unless it is renewed; `fence` grows with
    each claim, and only the newest claim's worker can finish the job. `needs_bytes` is predicted.
    """

    __tablename__ = "job"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    key: Mapped[bytes] = mapped_column(HASH, unique=True)
    kind: Mapped[str] = mapped_column(String(16))
    batch: Mapped[int] = mapped_column(ForeignKey("batch.id"))
    input: Mapped[bytes] = mapped_column(HASH)
    output: Mapped[bytes] = mapped_column(HASH)
    """Blob of the words that the run must write."""
    parameters: Mapped[str] = mapped_column(String(32))
    """Name of the parameter set."""
    priority: Mapped[int] = mapped_column(BigInteger, default=0)
    """Lower goes first: the deadline of a forced request, or the batch's id behind all of them."""
    state: Mapped[str] = mapped_column(String(16))
    owner: Mapped[str | None] = mapped_column(String(80))
    fence: Mapped[int] = mapped_column(Integer, default=0)
    lease_until: Mapped[float | None] = mapped_column(Float)
    """By the database's clock."""
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    max_attempts: Mapped[int] = mapped_column(Integer, default=3)
    needs_bytes: Mapped[int] = mapped_column(BigInteger)
    peak_bytes: Mapped[int | None] = mapped_column(BigInteger)
    seconds: Mapped[str | None] = mapped_column(Text)
    """JSON: seconds of each stage of the proof that was made."""
    proof: Mapped[bytes | None] = mapped_column(HASH)
    error: Mapped[str | None] = mapped_column(Text)
    cause: Mapped[str | None] = mapped_column(String(16))
    """Of the last failure: one of `jobs.Cause`."""

    __table_args__ = (
        Index("job_by_state", "state", "priority"),
        Index("job_by_batch", "batch"),
        Index("job_by_cause", "cause", "batch"),
    )


class KnownWorker(Base):
    """Who looks for proofs to make, and how much memory a proof may take there; None where that is not limited."""

    __tablename__ = "worker"

    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    memory: Mapped[int | None] = mapped_column(BigInteger)
    seen_at: Mapped[float] = mapped_column(Float)
    """By the database's clock."""


class Signature(Base):
    """A member's of a batch's claim. `member` is an address, or a BLS key, in lower-case hex."""

    __tablename__ = "signature"

    batch: Mapped[int] = mapped_column(ForeignKey("batch.id"), primary_key=True)
    member: Mapped[str] = mapped_column(String(100), primary_key=True)
    claim: Mapped[bytes] = mapped_column(HASH)
    signature: Mapped[bytes] = mapped_column(LargeBinary)
    received_at: Mapped[float] = mapped_column(Float)


# --- the chain


class Block(Base):
    """A block that was seen. Of each number at most one is canonical.

    Of older blocks only those are kept in which something happened, or up to which was read.
    """

    __tablename__ = "block"

    hash: Mapped[bytes] = mapped_column(HASH, primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, index=True)
    parent: Mapped[bytes] = mapped_column(HASH)
    time: Mapped[int] = mapped_column(BigInteger)
    canonical: Mapped[bool] = mapped_column()
    final: Mapped[bool] = mapped_column(default=False)
    """Was found to be so; what is below it is too."""


class Event(Base):
    """What a contract of ours emitted in a block. `arguments` is JSON by name: numbers as decimal text, bytes as hex.

    The columns beside it are copies of the arguments that queries look for.
    """

    __tablename__ = "event"

    block: Mapped[bytes] = mapped_column(ForeignKey("block.hash"), primary_key=True)
    place: Mapped[int] = mapped_column(Integer, primary_key=True)
    """The log's index in the block."""
    name: Mapped[str] = mapped_column(String(64))
    arguments: Mapped[str] = mapped_column(Text)
    transaction: Mapped[bytes] = mapped_column(HASH)
    stark_key: Mapped[int | None] = mapped_column(Felt)
    position_id: Mapped[int | None] = mapped_column(U64)
    batch_id: Mapped[int | None] = mapped_column(BigInteger)
    request: Mapped[bytes | None] = mapped_column(HASH)
    """Of a forced request: its hash."""
    amount: Mapped[int | None] = mapped_column(BigInteger)
    """Of deposits, quantised."""

    __table_args__ = (
        Index("event_by_name", "name"),
        Index("event_by_slot", "stark_key", "position_id"),
        Index("event_by_request", "request"),
    )


class ChainTx(Base):
    """A transaction of the operator's, written down before it is first broadcast. A replacement is another attempt of
    the same nonce: one of them is mined. `purpose`: fact, part, data, availability, update, or nothing, which takes the
    place of what is not wanted any more."""

    __tablename__ = "chain_tx"

    sender: Mapped[str] = mapped_column(String(42), primary_key=True)
    nonce: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    attempt: Mapped[int] = mapped_column(Integer, primary_key=True)
    purpose: Mapped[str] = mapped_column(String(16))
    part: Mapped[int] = mapped_column(Integer, default=0)
    batch: Mapped[int] = mapped_column(ForeignKey("batch.id"))
    hash: Mapped[bytes] = mapped_column(HASH, index=True)
    raw: Mapped[bytes] = mapped_column(LargeBinary)
    max_fee: Mapped[int] = mapped_column(BigInteger)
    """Wei for a unit of gas."""
    tip: Mapped[int] = mapped_column(BigInteger)
    sent_at: Mapped[float | None] = mapped_column(Float)
    """When a node first took it."""
    sent_in: Mapped[int | None] = mapped_column(BigInteger)
    """The head's number then, or after the last reorganisation that put it out of its block."""
    block: Mapped[bytes | None] = mapped_column(HASH)
    """In which it was seen. It counts while that block is canonical."""
    succeeded: Mapped[bool | None] = mapped_column()
    gas_used: Mapped[int | None] = mapped_column(BigInteger)
    """None if another transaction, which is not known here, used the nonce."""
    gas_price: Mapped[int | None] = mapped_column(BigInteger)
    """What a unit cost, in wei."""

    __table_args__ = (Index("chain_tx_by_batch", "batch"),)


class Lease(Base):
    """Who may write. `fence` grows with each holder; whoever has an older one is refused at its next commit."""

    __tablename__ = "lease"

    name: Mapped[str] = mapped_column(String(16), primary_key=True)
    holder: Mapped[str] = mapped_column(String(80))
    fence: Mapped[int] = mapped_column(Integer)
    until: Mapped[float] = mapped_column(Float)
    configuration: Mapped[bytes | None] = mapped_column(HASH)
    """SHA-256 of what the holder runs with."""
