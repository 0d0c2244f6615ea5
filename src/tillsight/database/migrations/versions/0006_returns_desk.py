"""The return desk: returns that are worked here, with items, history, refunds and exchanges; the record of returns as a view."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from tillsight.database.types import Exact, UtcDateTime

revision = "0006"
down_revision = "0005"

TRACKING = """
CREATE VIEW return_tracking AS
SELECT
  r.return_id,
  r.order_id,
  i.product_id,
  r.customer_id AS user_id,
  CAST(substr(CAST(r.ordered_at AS VARCHAR(40)), 1, 10) AS VARCHAR(10)) AS original_order_date,
  CAST(substr(CAST(r.initiated_at AS VARCHAR(40)), 1, 10) AS VARCHAR(10)) AS return_initiated_date,
  CAST(substr(CAST(r.received_at AS VARCHAR(40)), 1, 10) AS VARCHAR(10)) AS return_received_date,
  coalesce(i.reason_code, i.reason_category) AS return_reason,
  i.size_returned,
  i.condition_rating,
  CAST(i.refund_amount AS DECIMAL(18, 2)) AS refund_amount,
  CASE WHEN r.outcome = 'exchange' THEN 1 ELSE 0 END = 1 AS exchange_requested,
  i.new_size_requested,
  r.step AS status,
  coalesce(i.inspection_notes, r.notes) AS notes
FROM desk_returns AS r
JOIN desk_items AS i ON i.return_ref = r.id
"""


def upgrade() -> None:
    op.create_table(
        "desk_returns",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("shop_id", sa.String(100), nullable=False),
        sa.Column("return_id", sa.String(200), nullable=False),
        sa.Column("label_number", sa.String(40), nullable=True),
        sa.Column("order_id", sa.String(200), nullable=True),
        sa.Column("customer_id", sa.String(200), nullable=True),
        sa.Column("origin", sa.String(20), nullable=False),
        sa.Column("step", sa.String(30), nullable=False),
        sa.Column("outcome", sa.String(20), nullable=False),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("location_id", sa.Text(), nullable=True),
        sa.Column("carrier", sa.Text(), nullable=True),
        sa.Column("tracking_number", sa.Text(), nullable=True),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("ordered_at", UtcDateTime(), nullable=True),
        sa.Column("initiated_at", UtcDateTime(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=True),
        sa.Column("inspected_at", UtcDateTime(), nullable=True),
        sa.Column("refunded_at", UtcDateTime(), nullable=True),
        sa.Column("exchanged_at", UtcDateTime(), nullable=True),
        sa.Column("completed_at", UtcDateTime(), nullable=True),
        sa.Column("step_at", UtcDateTime(), nullable=False),
        sa.Column("refund_total", Exact(), nullable=True),
        sa.Column("restocking_fee", Exact(), nullable=True),
        sa.Column("processing_cost", Exact(), nullable=True),
        sa.Column("shipping_cost", Exact(), nullable=True),
        sa.Column("disposal_cost", Exact(), nullable=True),
        sa.Column("override_reason", sa.Text(), nullable=True),
        sa.Column("override_by", sa.Text(), nullable=True),
        sa.Column("rejection_reason", sa.Text(), nullable=True),
        sa.Column("inspection_notes", sa.Text(), nullable=True),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("landed_version", sa.Integer(), nullable=False),
        sa.Column("landed_in", sa.String(40), nullable=True),
        sa.Column("source_row", sa.JSON(), nullable=False),
        sa.Column("source_digest", sa.String(64), nullable=False),
        sa.Column("conflict", sa.JSON(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("updated_by", sa.Text(), nullable=False),
        sa.CheckConstraint("origin IN ('desk', 'source')", name=op.f("ck_desk_returns_origin")),
        sa.CheckConstraint(
            "step IN ('initiated', 'return_label_generated', 'in_transit', 'received', 'inspected', "
            "'refunded', 'exchanged', 'completed', 'rejected', 'cancelled')",
            name=op.f("ck_desk_returns_step"),
        ),
        sa.CheckConstraint(
            "outcome IN ('refund', 'exchange', 'store_credit', 'keep_item')", name=op.f("ck_desk_returns_outcome")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_desk_returns")),
        sa.UniqueConstraint("shop_id", "return_id", name=op.f("uq_desk_returns_shop_id_return_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_desk_returns_customer_id"), "desk_returns", ["customer_id"])
    op.create_index(op.f("ix_desk_returns_landed_in"), "desk_returns", ["landed_in"])
    op.create_index(op.f("ix_desk_returns_order_id"), "desk_returns", ["order_id"])
    op.create_index(op.f("ix_desk_returns_return_id"), "desk_returns", ["return_id"])
    op.create_index(op.f("ix_desk_returns_step"), "desk_returns", ["step"])
    op.create_table(
        "desk_items",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("return_ref", sa.Integer(), nullable=False),
        sa.Column("line_id", sa.String(200), nullable=False),
        sa.Column("order_line_id", sa.String(200), nullable=True),
        sa.Column("product_id", sa.String(200), nullable=False),
        sa.Column("product_name", sa.Text(), nullable=True),
        sa.Column("quantity", Exact(), nullable=False),
        sa.Column("reason_code", sa.Text(), nullable=True),
        sa.Column("reason_category", sa.Text(), nullable=True),
        sa.Column("reason_detail", sa.Text(), nullable=True),
        sa.Column("size_returned", sa.Text(), nullable=True),
        sa.Column("new_size_requested", sa.Text(), nullable=True),
        sa.Column("condition_rating", sa.Integer(), nullable=True),
        sa.Column("condition_received", sa.Text(), nullable=True),
        sa.Column("resaleable", sa.Boolean(), nullable=True),
        sa.Column("disposition", sa.Text(), nullable=True),
        sa.Column("inspection_notes", sa.Text(), nullable=True),
        sa.Column("sale_price", Exact(), nullable=True),
        sa.Column("unit_cost", Exact(), nullable=True),
        sa.Column("refund_amount", Exact(), nullable=True),
        sa.Column("restocked_value", Exact(), nullable=True),
        sa.Column("source_row", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["return_ref"], ["desk_returns.id"], name=op.f("fk_desk_items_return_ref"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_desk_items")),
        sa.UniqueConstraint("return_ref", "line_id", name=op.f("uq_desk_items_return_ref_line_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_desk_items_return_ref"), "desk_items", ["return_ref"])
    op.create_table(
        "desk_events",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("return_ref", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("action", sa.String(40), nullable=False),
        sa.Column("step", sa.String(30), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("changed", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["return_ref"], ["desk_returns.id"], name=op.f("fk_desk_events_return_ref"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_desk_events")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_desk_events_return_ref"), "desk_events", ["return_ref"])
    op.create_table(
        "desk_refunds",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("return_ref", sa.Integer(), nullable=False),
        sa.Column("line_id", sa.String(200), nullable=False),
        sa.Column("order_line_id", sa.String(200), nullable=True),
        sa.Column("product_id", sa.String(200), nullable=True),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("quantity", Exact(), nullable=False),
        sa.Column("amount", Exact(), nullable=False),
        sa.Column("tax_amount", Exact(), nullable=False),
        sa.Column("shipping_amount", Exact(), nullable=False),
        sa.Column("method", sa.String(20), nullable=False),
        sa.Column("refunded_at", UtcDateTime(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["return_ref"], ["desk_returns.id"], name=op.f("fk_desk_refunds_return_ref"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_desk_refunds")),
        sa.UniqueConstraint("return_ref", "line_id", name=op.f("uq_desk_refunds_return_ref_line_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_desk_refunds_return_ref"), "desk_refunds", ["return_ref"])
    op.create_table(
        "desk_exchanges",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("return_ref", sa.Integer(), nullable=False),
        sa.Column("line_id", sa.String(200), nullable=False),
        sa.Column("original_product_id", sa.String(200), nullable=False),
        sa.Column("exchange_product_id", sa.String(200), nullable=False),
        sa.Column("quantity", Exact(), nullable=False),
        sa.Column("additional_payment", Exact(), nullable=False),
        sa.Column("tax_amount", Exact(), nullable=False),
        sa.Column("exchanged_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["return_ref"], ["desk_returns.id"], name=op.f("fk_desk_exchanges_return_ref"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_desk_exchanges")),
        sa.UniqueConstraint("return_ref", "line_id", name=op.f("uq_desk_exchanges_return_ref_line_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_desk_exchanges_return_ref"), "desk_exchanges", ["return_ref"])
    op.create_table(
        "desk_seen_loads",
        sa.Column("load_id", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("load_id", name=op.f("pk_desk_seen_loads")),
    )
    op.execute(TRACKING)
