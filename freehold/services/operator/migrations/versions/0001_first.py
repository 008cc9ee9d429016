"""Transactions, batches and their leaves, proofs, signatures, and what was seen of the chain and sent to it."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

HASH, FELT, U64 = sa.LargeBinary(32), sa.LargeBinary(32), sa.LargeBinary(8)


def upgrade() -> None:
    op.create_table(
        "batch",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("previous", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("sequence_number", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("system_time", sa.BigInteger(), nullable=False),
        sa.Column("minimum_expiration", sa.BigInteger(), nullable=False),
        sa.Column("deadline", sa.BigInteger(), nullable=False),
        sa.Column("state_hash", HASH, nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("n_transactions", sa.Integer(), nullable=False),
        sa.Column("n_steps", sa.Integer(), nullable=False),
        sa.Column("input", HASH, nullable=True),
        sa.Column("update_words", HASH, nullable=True),
        sa.Column("output_words", HASH, nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["previous"], ["batch.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("batch_by_state", "batch", ["state", "id"], unique=False)
    op.create_table(
        "blob",
        sa.Column("digest", HASH, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_table(
        "block",
        sa.Column("hash", HASH, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("parent", HASH, nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column("canonical", sa.Boolean(), nullable=False),
        sa.Column("final", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("hash"),
    )
    op.create_index(op.f("ix_block_number"), "block", ["number"], unique=False)
    op.create_table(
        "lease",
        sa.Column("name", sa.String(length=16), nullable=False),
        sa.Column("holder", sa.String(length=80), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("until", sa.Float(), nullable=False),
        sa.Column("configuration", HASH, nullable=True),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "position",
        sa.Column("position_id", U64, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("position_id"),
    )
    op.create_table(
        "node",
        sa.Column("tree", sa.String(length=12), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("prefix", U64, nullable=False),
        sa.Column("hash", FELT, nullable=False),
        sa.Column("lone", U64, nullable=True),
        sa.Column("leaf", FELT, nullable=True),
        sa.PrimaryKeyConstraint("tree", "height", "prefix"),
    )
    op.create_table(
        "chain_tx",
        sa.Column("sender", sa.String(length=42), nullable=False),
        sa.Column("nonce", sa.BigInteger(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("batch", sa.BigInteger(), nullable=False),
        sa.Column("hash", HASH, nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("max_fee", sa.BigInteger(), nullable=False),
        sa.Column("tip", sa.BigInteger(), nullable=False),
        sa.Column("sent_at", sa.Float(), nullable=True),
        sa.Column("sent_in", sa.BigInteger(), nullable=True),
        sa.Column("block", HASH, nullable=True),
        sa.Column("succeeded", sa.Boolean(), nullable=True),
        sa.Column("gas_used", sa.BigInteger(), nullable=True),
        sa.Column("gas_price", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["batch"], ["batch.id"]),
        sa.PrimaryKeyConstraint("sender", "nonce", "attempt"),
    )
    op.create_index("chain_tx_by_batch", "chain_tx", ["batch"], unique=False)
    op.create_index(op.f("ix_chain_tx_hash"), "chain_tx", ["hash"], unique=False)
    op.create_table(
        "entry",
        sa.Column("batch", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("tx_id", sa.BigInteger(), nullable=True),
        sa.Column("origin", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("code", sa.String(length=80), nullable=True),
        sa.Column("request", HASH, nullable=True),
        sa.ForeignKeyConstraint(["batch"], ["batch.id"]),
        sa.PrimaryKeyConstraint("batch", "place"),
    )
    op.create_index("entry_by_request", "entry", ["request"], unique=False)
    op.create_table(
        "event",
        sa.Column("block", HASH, nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("arguments", sa.Text(), nullable=False),
        sa.Column("transaction", HASH, nullable=False),
        sa.Column("stark_key", FELT, nullable=True),
        sa.Column("position_id", U64, nullable=True),
        sa.Column("batch_id", sa.BigInteger(), nullable=True),
        sa.Column("request", HASH, nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["block"], ["block.hash"]),
        sa.PrimaryKeyConstraint("block", "place"),
    )
    op.create_index("event_by_name", "event", ["name"], unique=False)
    op.create_index("event_by_request", "event", ["request"], unique=False)
    op.create_index("event_by_slot", "event", ["stark_key", "position_id"], unique=False)
    op.create_table(
        "job",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", HASH, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("batch", sa.BigInteger(), nullable=False),
        sa.Column("input", HASH, nullable=False),
        sa.Column("output", HASH, nullable=False),
        sa.Column("parameters", sa.String(length=32), nullable=False),
        sa.Column("priority", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("owner", sa.String(length=80), nullable=True),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("lease_until", sa.Float(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("max_attempts", sa.Integer(), nullable=False),
        sa.Column("needs_bytes", sa.BigInteger(), nullable=False),
        sa.Column("peak_bytes", sa.BigInteger(), nullable=True),
        sa.Column("seconds", sa.Text(), nullable=True),
        sa.Column("proof", HASH, nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("cause", sa.String(length=16), nullable=True),
        sa.ForeignKeyConstraint(["batch"], ["batch.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
    )
    op.create_index("job_by_state", "job", ["state", "priority"], unique=False)
    op.create_index("job_by_batch", "job", ["batch"], unique=False)
    op.create_index("job_by_cause", "job", ["cause", "batch"], unique=False)
    op.create_table(
        "worker",
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("memory", sa.BigInteger(), nullable=True),
        sa.Column("seen_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "movement",
        sa.Column("batch", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("owner_key", FELT, nullable=False),
        sa.Column("position_id", U64, nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["batch"], ["batch.id"]),
        sa.PrimaryKeyConstraint("batch", "place"),
    )
    op.create_index("movement_by_slot", "movement", ["owner_key", "position_id"], unique=False)
    op.create_table(
        "order_leaf",
        sa.Column("order_id", U64, nullable=False),
        sa.Column("batch", sa.BigInteger(), nullable=False),
        sa.Column("fulfilled", U64, nullable=False),
        sa.ForeignKeyConstraint(["batch"], ["batch.id"]),
        sa.PrimaryKeyConstraint("order_id", "batch"),
    )
    op.create_index("order_leaf_by_batch", "order_leaf", ["batch"], unique=False)
    op.create_table(
        "position_leaf",
        sa.Column("position_id", U64, nullable=False),
        sa.Column("batch", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["batch"], ["batch.id"]),
        sa.PrimaryKeyConstraint("position_id", "batch"),
    )
    op.create_index("position_leaf_by_batch", "position_leaf", ["batch"], unique=False)
    op.create_table(
        "signature",
        sa.Column("batch", sa.BigInteger(), nullable=False),
        sa.Column("member", sa.String(length=100), nullable=False),
        sa.Column("claim", HASH, nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["batch"], ["batch.id"]),
        sa.PrimaryKeyConstraint("batch", "member"),
    )
    op.create_table(
        "stage",
        sa.Column("batch", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=16), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["batch"], ["batch.id"]),
        sa.PrimaryKeyConstraint("batch", "name"),
    )
    op.create_table(
        "transaction",
        sa.Column("tx_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("digest", HASH, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("code", sa.String(length=80), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("batch", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["batch"], ["batch.id"]),
        sa.PrimaryKeyConstraint("tx_id"),
    )
    op.create_index("transaction_by_batch", "transaction", ["batch", "state", "kind", "code"], unique=False)
    op.create_index("transaction_by_state", "transaction", ["state", "tx_id"], unique=False)
