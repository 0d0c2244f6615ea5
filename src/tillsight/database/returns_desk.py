"""Returns that are worked at the desk: one row per return that somebody here has touched, with all that hangs on it.

desk_returns      one row per return: where it stands, what it costs, which version of it is in landing
desk_items        one row per product in a return
desk_events       the history of a return: every change, with who and when; rows are only ever added
desk_refunds      one row per part of the money that was given back
desk_exchanges    one row per product that was sent in place of another
desk_photos       one row per photo of goods that came back
desk_seen_loads   loads that were searched for changes to returns of the desk
return_measures   what was done against returns, and when; not of a return but of a product

Amounts are exact, in the currency of the return, as the customer pays them (with tax) unless a column says otherwise. The view
`return_tracking` is the record of returns column by column.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from sqlalchemy import ForeignKey, Integer, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from tillsight.database.models import Base, one_of
from tillsight.database.sealed import SealedJson, SealedText
from tillsight.database.types import Exact, now

DeskStep = Literal[
    "initiated",
    "return_label_generated",
    "in_transit",
    "received",
    "inspected",
    "refunded",
    "exchanged",
    "completed",
    "rejected",
    "cancelled",
]
DeskOutcome = Literal["refund", "exchange", "store_credit", "keep_item"]
DeskOrigin = Literal["desk", "source"]


class DeskReturn(Base):
    """A return. `version` grows with every change; `landed_version` is the one that the load `landed_in` holds.

    `origin`: made here, or taken over from a load; `source_row`: what that load said of it, and `source_digest` which state of it.
    `conflict`: a later state at the source that nobody has settled yet. `step_at`: since when it is at its step.
    `refund_total`: what the customer got back, with tax.
    """

    __tablename__ = "desk_returns"
    __table_args__ = (
        UniqueConstraint("shop_id", "return_id"),
        one_of("step", DeskStep),
        one_of("outcome", DeskOutcome),
        one_of("origin", DeskOrigin),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    shop_id: Mapped[str] = mapped_column(String(100))
    return_id: Mapped[str] = mapped_column(String(200), index=True)
    label_number: Mapped[str | None] = mapped_column(String(40))
    order_id: Mapped[str | None] = mapped_column(String(200), index=True)
    customer_id: Mapped[str | None] = mapped_column(String(200), index=True)
    origin: Mapped[DeskOrigin] = mapped_column(String(20))
    step: Mapped[DeskStep] = mapped_column(String(30), index=True)
    outcome: Mapped[DeskOutcome] = mapped_column(String(20))
    channel: Mapped[str | None]
    location_id: Mapped[str | None]
    carrier: Mapped[str | None]
    tracking_number: Mapped[str | None] = mapped_column(SealedText("desk_returns.tracking_number"))
    currency: Mapped[str] = mapped_column(String(3))
    ordered_at: Mapped[datetime | None]
    initiated_at: Mapped[datetime]
    received_at: Mapped[datetime | None]
    inspected_at: Mapped[datetime | None]
    refunded_at: Mapped[datetime | None]
    exchanged_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    step_at: Mapped[datetime]
    refund_total: Mapped[Decimal | None] = mapped_column(Exact)
    restocking_fee: Mapped[Decimal | None] = mapped_column(Exact)
    processing_cost: Mapped[Decimal | None] = mapped_column(Exact)
    shipping_cost: Mapped[Decimal | None] = mapped_column(Exact)
    disposal_cost: Mapped[Decimal | None] = mapped_column(Exact)
    override_reason: Mapped[str | None] = mapped_column(SealedText("desk_returns.override_reason"))
    override_by: Mapped[str | None]
    rejection_reason: Mapped[str | None] = mapped_column(SealedText("desk_returns.rejection_reason"))
    inspection_notes: Mapped[str | None] = mapped_column(SealedText("desk_returns.inspection_notes"))
    notes: Mapped[str | None] = mapped_column(SealedText("desk_returns.notes"))
    version: Mapped[int] = mapped_column(default=1)
    landed_version: Mapped[int] = mapped_column(default=0)
    landed_in: Mapped[str | None] = mapped_column(String(40), index=True)
    source_row: Mapped[dict[str, Any]] = mapped_column(SealedJson("desk_returns.source_row"), default=dict)
    source_digest: Mapped[str] = mapped_column(String(64), default="")
    conflict: Mapped[dict[str, Any] | None] = mapped_column(SealedJson("desk_returns.conflict"))
    created_at: Mapped[datetime] = mapped_column(default=now)
    created_by: Mapped[str]
    updated_at: Mapped[datetime] = mapped_column(default=now)
    updated_by: Mapped[str]

    items: Mapped[list[DeskItem]] = relationship(order_by="DeskItem.id", cascade="all, delete-orphan", lazy="selectin")
    events: Mapped[list[DeskEvent]] = relationship(
        order_by="DeskEvent.id", cascade="all, delete-orphan", lazy="selectin"
    )
    refunds: Mapped[list[DeskRefund]] = relationship(
        order_by="DeskRefund.id", cascade="all, delete-orphan", lazy="selectin"
    )
    exchanges: Mapped[list[DeskExchange]] = relationship(
        order_by="DeskExchange.id", cascade="all, delete-orphan", lazy="selectin"
    )


class DeskItem(Base):
    """A product in a return. `sale_price`: of one unit, as the order states it; `unit_cost`: at the time of sale, null if unknown.

    `condition_rating`: 1 is worst, 5 as new. `restocked_value`: what the goods are worth on the shelf again.
    """

    __tablename__ = "desk_items"
    __table_args__ = (UniqueConstraint("return_ref", "line_id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    return_ref: Mapped[int] = mapped_column(ForeignKey("desk_returns.id", ondelete="CASCADE"), index=True)
    line_id: Mapped[str] = mapped_column(String(200))
    order_line_id: Mapped[str | None] = mapped_column(String(200))
    product_id: Mapped[str] = mapped_column(String(200))
    product_name: Mapped[str | None]
    quantity: Mapped[Decimal] = mapped_column(Exact)
    reason_code: Mapped[str | None]
    reason_category: Mapped[str | None]
    reason_detail: Mapped[str | None] = mapped_column(SealedText("desk_items.reason_detail"))
    size_returned: Mapped[str | None]
    new_size_requested: Mapped[str | None]
    condition_rating: Mapped[int | None]
    condition_received: Mapped[str | None]
    resaleable: Mapped[bool | None]
    disposition: Mapped[str | None]
    inspection_notes: Mapped[str | None] = mapped_column(SealedText("desk_items.inspection_notes"))
    sale_price: Mapped[Decimal | None] = mapped_column(Exact)
    unit_cost: Mapped[Decimal | None] = mapped_column(Exact)
    refund_amount: Mapped[Decimal | None] = mapped_column(Exact)
    restocked_value: Mapped[Decimal | None] = mapped_column(Exact)
    source_row: Mapped[dict[str, Any]] = mapped_column(SealedJson("desk_items.source_row"), default=dict)


class DeskEvent(Base):
    """A change of a return. `step`: the step that was reached by it; null for a change of something else.

    `changed`: what was before and what is after, by name.
    """

    __tablename__ = "desk_events"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    return_ref: Mapped[int] = mapped_column(ForeignKey("desk_returns.id", ondelete="CASCADE"), index=True)
    version: Mapped[int]
    at: Mapped[datetime]
    who: Mapped[str]
    action: Mapped[str] = mapped_column(String(40))
    step: Mapped[str | None] = mapped_column(String(30))
    note: Mapped[str | None] = mapped_column(SealedText("desk_events.note"))
    changed: Mapped[dict[str, Any]] = mapped_column(SealedJson("desk_events.changed"), default=dict)


class DeskRefund(Base):
    """A part of the money that was given back. `amount` and `shipping_amount` are without tax, `tax_amount` is the tax of both.

    `quantity`: units refunded; 0 where no goods are meant. `method`: how it was paid back, `original` or `store_credit`.
    """

    __tablename__ = "desk_refunds"
    __table_args__ = (UniqueConstraint("return_ref", "line_id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    return_ref: Mapped[int] = mapped_column(ForeignKey("desk_returns.id", ondelete="CASCADE"), index=True)
    line_id: Mapped[str] = mapped_column(String(200))
    order_line_id: Mapped[str | None] = mapped_column(String(200))
    product_id: Mapped[str | None] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(20))
    quantity: Mapped[Decimal] = mapped_column(Exact)
    amount: Mapped[Decimal] = mapped_column(Exact)
    tax_amount: Mapped[Decimal] = mapped_column(Exact)
    shipping_amount: Mapped[Decimal] = mapped_column(Exact)
    method: Mapped[str] = mapped_column(String(20))
    refunded_at: Mapped[datetime]
    reason: Mapped[str | None] = mapped_column(SealedText("desk_refunds.reason"))


class DeskExchange(Base):
    """A product that was sent in place of one that came back. `additional_payment`: with tax; what the customer paid on top,
    negative where the shop paid the difference back; `tax_amount`: the tax in it, with the same sign."""

    __tablename__ = "desk_exchanges"
    __table_args__ = (UniqueConstraint("return_ref", "line_id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    return_ref: Mapped[int] = mapped_column(ForeignKey("desk_returns.id", ondelete="CASCADE"), index=True)
    line_id: Mapped[str] = mapped_column(String(200))
    original_product_id: Mapped[str] = mapped_column(String(200))
    exchange_product_id: Mapped[str] = mapped_column(String(200))
    quantity: Mapped[Decimal] = mapped_column(Exact)
    additional_payment: Mapped[Decimal] = mapped_column(Exact)
    tax_amount: Mapped[Decimal] = mapped_column(Exact)
    exchanged_at: Mapped[datetime]


class DeskPhoto(Base):
    """A photo of goods. `content`: the picture, encrypted where the workspace is; `line_id`: the product, null for the whole parcel.

    Photos go with the return, and with the person when he is erased.
    """

    __tablename__ = "desk_photos"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    return_ref: Mapped[int] = mapped_column(ForeignKey("desk_returns.id", ondelete="CASCADE"), index=True)
    line_id: Mapped[str | None] = mapped_column(String(200))
    media_type: Mapped[str] = mapped_column(String(40))
    width: Mapped[int]
    height: Mapped[int]
    size: Mapped[int]
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    taken_at: Mapped[datetime] = mapped_column(default=now)
    taken_by: Mapped[str] = mapped_column(String(200))


class ReturnMeasure(Base):
    """Something that was done so that less of a product comes back. `done_on`: the first day on which it held."""

    __tablename__ = "return_measures"
    __table_args__ = (UniqueConstraint("product", "measure", "done_on"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    product: Mapped[str] = mapped_column(String(400))
    measure: Mapped[str] = mapped_column(String(60))
    done_on: Mapped[date]
    note: Mapped[str | None]
    said_at: Mapped[datetime] = mapped_column(default=now)
    said_by: Mapped[str] = mapped_column(String(200))


class DeskSeenLoad(Base):
    """A load that was searched for changes to returns of the desk."""

    __tablename__ = "desk_seen_loads"

    load_id: Mapped[str] = mapped_column(String(40), primary_key=True)
