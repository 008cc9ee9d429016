"""Batches and their leaves, the nodes of both trees, and what was refused."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

HASH, FELT, U64 = sa.LargeBinary(32), sa.LargeBinary(32), sa.LargeBinary(8)


def upgrade() -> None:
    op.create_table(
        "origin",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("batch", sa.BigInteger(), nullable=False),
        sa.Column("standing", sa.BigInteger(), nullable=False),
        sa.Column("positions_height", sa.Integer(), nullable=False),
        sa.Column("orders_height", sa.Integer(), nullable=False),
        sa.Column("collateral", FELT, nullable=True),
        sa.Column("config", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "batch",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("previous", sa.BigInteger(), nullable=True),
        sa.Column("sequence_number", sa.BigInteger(), nullable=False),
        sa.Column("positions_root", FELT, nullable=False),
        sa.Column("orders_root", FELT, nullable=False),
        sa.Column("claim", HASH, nullable=False),
        sa.Column("digest", HASH, nullable=True),
        sa.Column("words", sa.Text(), nullable=True),
        sa.Column("created", sa.Text(), nullable=True),
        sa.Column("received_at", sa.Float(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=True),
        sa.Column("sent_at", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(["previous"], ["batch.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_batch_positions_root"), "batch", ["positions_root"], unique=False)
    op.create_table(
        "position_leaf",
        sa.Column("position_id", U64, nullable=False),
        sa.Column("batch", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("hash", FELT, nullable=False),
        sa.ForeignKeyConstraint(["batch"], ["batch.id"]),
        sa.PrimaryKeyConstraint("position_id", "batch"),
    )
    op.create_index("position_leaf_by_batch", "position_leaf", ["batch"], unique=False)
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
        "evidence",
        sa.Column("batch", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("digest", HASH, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("gateway", sa.Text(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("batch", "digest"),
    )
