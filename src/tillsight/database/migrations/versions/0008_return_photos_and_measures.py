"""Photos of returned goods, and what was done against returns."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from tillsight.database.types import UtcDateTime

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "desk_photos",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("return_ref", sa.Integer(), nullable=False),
        sa.Column("line_id", sa.String(200), nullable=True),
        sa.Column("media_type", sa.String(40), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("taken_at", UtcDateTime(), nullable=False),
        sa.Column("taken_by", sa.String(200), nullable=False),
        sa.ForeignKeyConstraint(
            ["return_ref"], ["desk_returns.id"], name=op.f("fk_desk_photos_return_ref"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_desk_photos")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_desk_photos_return_ref"), "desk_photos", ["return_ref"])
    op.create_table(
        "return_measures",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("product", sa.String(400), nullable=False),
        sa.Column("measure", sa.String(60), nullable=False),
        sa.Column("done_on", sa.Date(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("said_at", UtcDateTime(), nullable=False),
        sa.Column("said_by", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_return_measures")),
        sa.UniqueConstraint("product", "measure", "done_on", name=op.f("uq_return_measures_product_measure_done_on")),
        sqlite_autoincrement=True,
    )
