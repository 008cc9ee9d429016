"""Transactions that were taken in."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "transaction",
        sa.Column("tx_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("code", sa.String(80)),
        sa.Column("received_at", sa.BigInteger, nullable=False),
    )
    op.create_index("transaction_by_state", "transaction", ["state", "tx_id"])


def downgrade() -> None:
    op.drop_table("transaction")
