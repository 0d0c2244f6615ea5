"""Requests are counted where all servers of a workspace see them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from tillsight.database.types import UtcDateTime

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "request_counts",
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("remaining", sa.Double(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_request_counts")),
    )
    op.create_index(op.f("ix_request_counts_at"), "request_counts", ["at"])
