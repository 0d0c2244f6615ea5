"""Returns that come from a load: taken over by the desk at the first touch, and compared with what the source says later."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any, cast

from tillsight.core.errors import NotFoundError
from tillsight.core.settings import Settings
from tillsight.database import DeskItem, DeskOutcome, DeskReturn, DeskStep, now
from tillsight.database.types import to_json
from tillsight.returns_desk.bought import utc
from tillsight.tables.registry import TABLES
from tillsight.warehouse.releases import OpenRelease

STEP_OF_STATE = {"pending": "initiated", "approved": "in_transit", "completed": "completed", "rejected": "rejected"}
"""The step of a return whose source says its state alone."""
_OUTCOMES = {"refund": "refund", "exchange": "exchange", "store_credit": "store_credit"}
_MOMENTS = ("received_at", "inspected_at", "refunded_at", "exchanged_at", "completed_at")
_OWN = (
    *("channel", "location_id", "carrier", "tracking_number", "inspection_notes", "notes"),
    *("restocking_fee", "processing_cost", "shipping_cost", "disposal_cost"),
)
_ITEM = (
    *("order_line_id", "product_name", "reason_code", "reason_category", "reason_detail", "size_returned"),
    *("new_size_requested", "condition_rating", "condition_received", "resaleable", "disposition"),
    *("sale_price", "unit_cost", "refund_amount", "restocked_value"),
)


def adopt(release: OpenRelease, return_id: str, settings: Settings, at: datetime, who: str = "source") -> DeskReturn:
    """A return of the current release as the desk keeps it. Raises NotFoundError."""
    rows = _rows(
        release,
        "SELECT * FROM returns WHERE return_id = ? ORDER BY shop_id <> ?, shop_id LIMIT 1",
        [return_id, settings.shop_id],
    )
    if not rows:
        raise NotFoundError(f"There is no return {return_id!r}.", field="return_id", value=return_id)
    head = plain(rows[0], "returns")
    key = [head["shop_id"], return_id]
    found = _rows(release, "SELECT * FROM return_items WHERE shop_id = ? AND return_id = ? ORDER BY line_id", key)
    items = [plain(row, "return_items") for row in found]
    placed = _rows(
        release,
        "SELECT placed_at, currency, customer_id FROM orders WHERE shop_id = ? AND order_id = ?",
        [head["shop_id"], head["order_id"]],
    )
    made = DeskReturn(
        shop_id=head["shop_id"],
        return_id=return_id,
        origin="source",
        version=1,
        ordered_at=utc(placed[0]["placed_at"]) if placed else None,
        currency=head["currency"] or (placed[0]["currency"] if placed else settings.currency),
        customer_id=head["customer_id"] or (placed[0]["customer_id"] if placed else None),
        created_at=at,
        created_by=who,
        updated_at=at,
        updated_by=who,
    )
    fill(made, head, items)
    made.step_at = _last_step(release, key) or made.step_at
    made.source_digest = digest(head, items)
    return made


def fill(kept: DeskReturn, head: Mapping[str, Any], items: Sequence[Mapping[str, Any]]) -> None:
    """Give a return the state of a source: a row of returns and its rows of return_items, as plain values."""
    kept.source_row = dict(head)
    kept.order_id = head["order_id"]
    kept.step = cast("DeskStep", head["workflow_step"] or STEP_OF_STATE[head["return_status"]])
    wants = "exchange" if head["exchange_requested"] else "refund"
    kept.outcome = cast("DeskOutcome", _OUTCOMES.get(head["return_type"] or "", wants))
    kept.initiated_at = _moment(head["initiated_at"]) or kept.created_at
    for name in _MOMENTS:
        setattr(kept, name, _moment(head[name]))
    for name in _OWN:
        setattr(kept, name, head[name])
    kept.refund_total = head["total_refund_amount"]
    known = [moment for name in _MOMENTS if (moment := getattr(kept, name))]
    kept.step_at = max([kept.initiated_at, *known])
    by_line = {item.line_id: item for item in kept.items}
    for row in items:
        item = by_line.pop(row["line_id"], None)
        if item is None:
            item = DeskItem(line_id=row["line_id"])
            kept.items.append(item)
        item.product_id = row["product_id"]
        item.quantity = Decimal(row["quantity"])
        item.source_row = dict(row)
        for name in _ITEM:
            setattr(item, name, row[name])
    for left in by_line.values():  # the source has it no longer
        left.quantity = Decimal(0)


def take_theirs(kept: DeskReturn, conflict: Mapping[str, Any], at: datetime) -> None:
    """Replace what the desk holds by what the source says."""
    head = read_back(conflict["row"], "returns")
    items = [read_back(row, "return_items") for row in conflict["items"]]
    fill(kept, head, items)
    kept.updated_at = at


def digest(head: Mapping[str, Any], items: Sequence[Mapping[str, Any]]) -> str:
    """What makes two states of a return at its source the same."""
    text = to_json([dict(head), sorted((dict(item) for item in items), key=lambda item: str(item["line_id"]))])
    return hashlib.sha256(text.encode()).hexdigest()


def plain(row: Mapping[str, Any], table: str) -> dict[str, Any]:
    """A row as JSON keeps it: the columns of its table, amounts without zeros at their end, moments with their zone."""
    made: dict[str, Any] = {}
    for column in TABLES[table].columns:
        value = row.get(column.name)
        if isinstance(value, Decimal):
            value = Decimal(f"{value.normalize():f}")
        elif isinstance(value, datetime):
            value = utc(value).isoformat()
        elif column.type == "day" and value is not None:
            value = value.isoformat()
        made[column.name] = value
    return made


def read_back(row: Mapping[str, Any], table: str) -> dict[str, Any]:
    """A row that JSON kept, with its exact amounts."""
    exact = ("money", "quantity", "rate")
    types = {column.name: column.type for column in TABLES[table].columns}
    return {
        name: Decimal(str(value)) if value is not None and types.get(name) in exact else value
        for name, value in row.items()
    }


def known_to(release: OpenRelease, settings: Settings) -> datetime:
    """Up to when sources are known: now, or the end of the last day with data (setting `today`)."""
    clock = now()
    if settings.today == "clock" or release.data_to is None:
        return clock
    end = datetime.combine(release.data_to + timedelta(days=1), time.min, settings.zone)
    return min(clock, end.astimezone(UTC))


def source_steps(release: OpenRelease, kept: DeskReturn) -> list[dict[str, Any]]:
    """The steps of a return that its source says, as its history shows them."""
    rows = _rows(
        release,
        "SELECT occurred_at, actor, step, notes FROM return_events WHERE shop_id = ? AND return_id = ? "
        "AND line_id NOT LIKE 'desk-%' ORDER BY occurred_at, line_id",
        [kept.shop_id, kept.return_id],
    )
    return [
        {
            "at": utc(row["occurred_at"]),
            "who": row["actor"] or "source",
            "action": row["step"],
            "step": row["step"],
            "note": row["notes"],
            "version": 0,
            "changed": {},
        }
        for row in rows
    ]


def _moment(value: Any) -> datetime | None:
    return utc(datetime.fromisoformat(value)) if value is not None else None


def _last_step(release: OpenRelease, key: list[str]) -> datetime | None:
    rows = _rows(release, "SELECT max(occurred_at) AS at FROM return_events WHERE shop_id = ? AND return_id = ?", key)
    return utc(rows[0]["at"]) if rows and rows[0]["at"] else None


def _rows(release: OpenRelease, sql: str, parameters: Sequence[object]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = release.files.run_sql(sql, parameters).to_pylist()
    return found
