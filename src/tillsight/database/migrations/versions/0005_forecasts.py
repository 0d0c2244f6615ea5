"""Forecasts that were made, with the release they were made from."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from tillsight.database.types import UtcDateTime

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "forecasts",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("release", sa.Integer(), nullable=False),
        sa.Column("question", sa.String(64), nullable=False),
        sa.Column("metric", sa.String(100), nullable=False),
        sa.Column("origin", sa.Date(), nullable=False),
        sa.Column("last", sa.Date(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("made_by", sa.String(40), nullable=False),
        sa.Column("result", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_forecasts")),
        sa.ForeignKeyConstraint(["release"], ["releases.number"], name=op.f("fk_forecasts_release")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_forecasts_question_origin", "forecasts", ["question", "origin"])
    op.create_index("uq_forecasts_release_question_origin", "forecasts", ["release", "question", "origin"], unique=True)
    op.create_index("ix_forecasts_last", "forecasts", ["last"])
