"""From the desk into the next release: what changed is landed as a load like any other, and the source is watched.

Before a build, every return of the desk that changed since it was landed last is written as canonical rows (returns, items,
steps, refunds, exchanges, movements of stock, credit given) with the source `desk`. Rows of the desk go before those of every
other source, so what files say of a return later changes nothing here: it becomes a conflict that a person settles.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import select, update

from tillsight.core.settings import Settings
from tillsight.database import Database, DeskItem, DeskReturn, DeskSeenLoad, Load
from tillsight.pipeline.current import DESK
from tillsight.pipeline.landing import load
from tillsight.pipeline.progress import Progress, silent
from tillsight.returns_desk.adopting import digest, plain, read_back
from tillsight.returns_desk.bought import refund_number
from tillsight.returns_desk.words import STATES
from tillsight.tables.registry import TABLES
from tillsight.tables.schema import Type
from tillsight.warehouse.duck import connect, literal, read_files

_ARROW: dict[Type, pa.DataType] = {
    "text": pa.string(),
    "integer": pa.int64(),
    "quantity": pa.decimal128(18, 4),
    "money": pa.decimal128(18, 6),
    "rate": pa.decimal128(18, 9),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "day": pa.date32(),
    "moment": pa.timestamp("us", "UTC"),
}
_ZERO = Decimal(0)
_OUT = {"damaged_stock": "write_off", "scrapped": "write_off", "returned_to_supplier": "supplier_return"}
"""What takes goods out of stock again that came back and cannot be sold."""
_AT_ONCE = 2_000
"""Returns that are landed in one load; more make more loads."""


def flow(workspace: Path, database: Database, settings: Settings, progress: Progress = silent) -> int:
    """Look for conflicts, and land every return of the desk that changed. Returns how many were landed.

    Called before a build. Landing a return twice changes nothing, so a crash in between is made good by the next call.
    """
    find_conflicts(workspace, database, settings)
    landed = 0
    while True:
        with database.read() as session:
            changed = list(
                session.scalars(
                    select(DeskReturn)
                    .where(DeskReturn.landed_version < DeskReturn.version)
                    .order_by(DeskReturn.id)
                    .limit(_AT_ONCE)
                )
            )
        if not changed:
            break
        progress("desk", None, None, f"Landing {len(changed):,} returns of the desk")
        load_id = _land(workspace, database, settings, changed)
        with database.write() as session:
            for one in changed:
                session.execute(
                    update(DeskReturn)
                    .where(DeskReturn.id == one.id, DeskReturn.landed_version < one.version)
                    .values(landed_version=one.version, landed_in=load_id)
                )
        landed += len(changed)
    return landed


def find_conflicts(workspace: Path, database: Database, settings: Settings) -> int:
    """Look through loads that came since the last time for other states of returns of the desk. Returns how many were found."""
    with database.read() as session:
        seen = select(DeskSeenLoad.load_id)
        fresh = [
            (one.id, one.source, one.known_at, one.manifest)
            for one in session.scalars(
                select(Load)
                .where(Load.state == "committed", Load.source != DESK, Load.id.not_in(seen))
                .order_by(Load.known_at, Load.id)
            )
        ]
        owned = {
            (one.shop_id, one.return_id): one.source_digest
            for one in session.execute(select(DeskReturn.shop_id, DeskReturn.return_id, DeskReturn.source_digest))
        }
    found: dict[tuple[str, str], dict[str, Any]] = {}
    if owned:
        for load_id, source, known_at, manifest in fresh:
            for key, said in _states(workspace, settings, load_id, manifest, owned).items():
                found[key] = said | {"load": load_id, "source": source, "known_at": known_at.isoformat()}
    new = 0
    with database.write() as session:
        for (shop_id, return_id), said in found.items():
            kept = session.scalar(
                select(DeskReturn).where(DeskReturn.shop_id == shop_id, DeskReturn.return_id == return_id)
            )
            if kept is None:
                continue
            items = said["items"] if said["items"] is not None else [item.source_row for item in kept.items]
            head = said["row"] if said["row"] is not None else kept.source_row
            stamp = digest(read_back(head, "returns"), [read_back(row, "return_items") for row in items])
            if stamp != kept.source_digest and head:
                kept.conflict = {**said, "row": head, "items": items, "digest": stamp}
                new += 1
        session.add_all(DeskSeenLoad(load_id=load_id) for load_id, *_ in fresh)
    return new


def _states(
    workspace: Path, settings: Settings, load_id: str, manifest: Mapping[str, Any], owned: Mapping[tuple[str, str], str]
) -> dict[tuple[str, str], dict[str, Any]]:
    """What a load says of returns of the desk: the row and the items, None for what it does not say."""
    files = {
        name: workspace / "landing" / "loads" / load_id / entry["file"]
        for name, entry in manifest.get("tables", {}).items()
        if name in ("returns", "return_items") and entry["rows"]
    }
    if not files:
        return {}
    keys = ", ".join(f"({literal(shop)}, {literal(number)})" for shop, number in owned)
    made: dict[tuple[str, str], dict[str, Any]] = {}
    with closing(connect(workspace, settings.limits.build_memory, settings.limits.threads)) as connection:
        for name, file in files.items():
            rows = (
                connection.execute(
                    f"SELECT * FROM {read_files([file])} WHERE (shop_id, return_id) IN ({keys}) ORDER BY ALL"
                )
                .to_arrow_table()
                .to_pylist()
            )
            for row in rows:
                said = made.setdefault((row["shop_id"], row["return_id"]), {"row": None, "items": None})
                if name == "returns":
                    said["row"] = plain(row, name)
                else:
                    said["items"] = [*(said["items"] or []), plain(row, name)]
    return made


# Canonical rows -------------------------------------------------------------------------------------------------------


def _land(workspace: Path, database: Database, settings: Settings, changed: Sequence[DeskReturn]) -> str:
    makers: dict[str, Callable[[DeskReturn], list[dict[str, Any]]]] = {
        "returns": _return_row,
        "return_items": _item_rows,
        "return_events": _event_rows,
        "refunds": _refund_rows,
        "exchanges": _exchange_rows,
        "inventory_movements": _movement_rows,
        "gift_card_entries": _credit_rows,
    }
    landing = workspace / "landing"
    landing.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".desk-", dir=landing) as folder:
        files = []
        for name, make in makers.items():
            rows = [row for one in changed for row in make(one)]
            if rows:
                file = Path(folder) / f"{name}.parquet"
                pq.write_table(_arrow(name, rows), file)
                files.append(file)
        return load(workspace, database, settings, files, source=DESK).load_id


def _arrow(name: str, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    columns = TABLES[name].columns
    schema = pa.schema([(column.name, _ARROW[column.type]) for column in columns])
    return pa.Table.from_pylist(
        [
            {column.name: _typed(row.get(column.name, column.default), column.type) for column in columns}
            for row in rows
        ],
        schema,
    )


def _typed(value: Any, type_: Type) -> Any:
    """A value in the type of its column; what JSON kept as text is read again."""
    if value is None:
        return None
    if type_ in ("money", "quantity", "rate"):
        return Decimal(str(value))
    if type_ == "moment":
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    if type_ == "day":
        return date.fromisoformat(value[:10]) if isinstance(value, str) else value
    if type_ == "boolean" and isinstance(value, str):
        return value == "true"
    if type_ == "text":
        return " ".join(str(value).split()) or None
    return value


def _return_row(one: DeskReturn) -> list[dict[str, Any]]:
    days = (one.initiated_at.date() - one.ordered_at.date()).days if one.ordered_at else None
    return [
        {
            **one.source_row,
            "shop_id": one.shop_id,
            "return_id": one.return_id,
            "order_id": one.order_id,
            "customer_id": one.customer_id,
            "initiated_at": one.initiated_at,
            "received_at": one.received_at,
            "inspected_at": one.inspected_at,
            "refunded_at": one.refunded_at,
            "exchanged_at": one.exchanged_at,
            "completed_at": one.completed_at,
            "return_status": STATES[one.step],
            "workflow_step": one.step,
            "return_type": {"keep_item": "refund"}.get(one.outcome, one.outcome),
            "exchange_requested": one.outcome == "exchange",
            "channel": one.channel,
            "location_id": one.location_id,
            "carrier": one.carrier,
            "tracking_number": one.tracking_number or one.label_number,
            "currency": one.currency,
            "total_refund_amount": one.refund_total,
            "restocking_fee": one.restocking_fee,
            "processing_cost": one.processing_cost,
            "shipping_cost": one.shipping_cost,
            "disposal_cost": one.disposal_cost,
            "original_order_date": one.ordered_at.date()
            if one.ordered_at
            else one.source_row.get("original_order_date"),
            "days_from_purchase": days if days is not None else one.source_row.get("days_from_purchase"),
            "inspection_notes": one.inspection_notes,
            "notes": one.rejection_reason or one.notes,
            "created_at": one.created_at,
            "updated_at": one.updated_at,
        }
    ]


def _item_rows(one: DeskReturn) -> list[dict[str, Any]]:
    return [
        {
            **item.source_row,
            "shop_id": one.shop_id,
            "return_id": one.return_id,
            "line_id": item.line_id,
            "order_id": one.order_id,
            "order_line_id": item.order_line_id,
            "product_id": item.product_id,
            "product_name": item.product_name,
            "quantity": item.quantity,
            "reason_code": item.reason_code,
            "reason_category": item.reason_category,
            "reason_detail": item.reason_detail,
            "size_returned": item.size_returned,
            "new_size_requested": item.new_size_requested,
            "condition_received": item.condition_received,
            "condition_rating": item.condition_rating,
            "resaleable": item.resaleable,
            "disposition": item.disposition,
            "currency": one.currency,
            "sale_price": item.sale_price,
            "refund_amount": item.refund_amount,
            "unit_cost": item.unit_cost,
            "restocked_value": item.restocked_value,
            "created_at": one.created_at,
        }
        for item in one.items
    ]


def _event_rows(one: DeskReturn) -> list[dict[str, Any]]:
    return [
        {
            "shop_id": one.shop_id,
            "return_id": one.return_id,
            "line_id": f"desk-{event.id}",
            "step": event.step,
            "occurred_at": event.at,
            "actor": event.who,
            "notes": event.note,
        }
        for event in one.events
        if event.step is not None
    ]


def _refund_rows(one: DeskReturn) -> list[dict[str, Any]]:
    return [
        {
            "shop_id": one.shop_id,
            "refund_id": refund_number(one.return_id),
            "line_id": part.line_id,
            "order_id": one.order_id,
            "order_line_id": part.order_line_id,
            "product_id": part.product_id,
            "return_id": one.return_id,
            "kind": part.kind,
            "quantity": part.quantity,
            "amount": part.amount,
            "tax_amount": part.tax_amount,
            "shipping_amount": part.shipping_amount,
            "currency": one.currency,
            "refunded_at": part.refunded_at,
            "reason": part.reason,
            "customer_id": one.customer_id,
        }
        for part in one.refunds
    ]


def _exchange_rows(one: DeskReturn) -> list[dict[str, Any]]:
    return [
        {
            "shop_id": one.shop_id,
            "return_id": one.return_id,
            "line_id": part.line_id,
            "original_product_id": part.original_product_id,
            "exchange_product_id": part.exchange_product_id,
            "quantity": part.quantity,
            "additional_payment": part.additional_payment,
            "tax_amount": part.tax_amount,
            "currency": one.currency,
            "exchanged_at": part.exchanged_at,
        }
        for part in one.exchanges
    ]


def _movement_rows(one: DeskReturn) -> list[dict[str, Any]]:
    """Goods that the desk took in, what left stock again, and what was sent in exchange. A source moves what it inspected."""
    rows = []
    if one.inspected_at is not None and one.source_row.get("inspected_at") is None:
        for item in one.items:
            if item.disposition in (None, "kept_by_customer") or item.quantity <= 0:
                continue
            rows.append(_movement(one, item, "return", item.quantity, "in", one.inspected_at, item.unit_cost))
            out = _OUT.get(item.disposition or "")
            if out is not None:
                rows.append(_movement(one, item, out, -item.quantity, "out", one.inspected_at, None))
    rows += [
        {
            "shop_id": one.shop_id,
            "line_id": f"desk-{one.return_id}-{part.line_id}-sent",
            "product_id": part.exchange_product_id,
            "location_id": one.location_id,
            "movement_type": "adjustment",
            "quantity": -part.quantity,
            "currency": one.currency,
            "occurred_at": part.exchanged_at,
            "reference_id": one.return_id,
            "return_id": one.return_id,
            "reason": "exchange",
        }
        for part in one.exchanges
    ]
    return rows


def _movement(
    one: DeskReturn, item: DeskItem, kind: str, units: Decimal, end: str, at: datetime, cost: Decimal | None
) -> dict[str, Any]:
    return {
        "shop_id": one.shop_id,
        "line_id": f"desk-{one.return_id}-{item.line_id}-{end}",
        "product_id": item.product_id,
        "product_name": item.product_name,
        "location_id": one.location_id,
        "movement_type": kind,
        "quantity": units,
        "unit_cost": cost,
        "currency": one.currency,
        "occurred_at": at,
        "reference_id": one.return_id,
        "order_id": one.order_id,
        "return_id": one.return_id,
        "reason": item.disposition,
    }


def _credit_rows(one: DeskReturn) -> list[dict[str, Any]]:
    """Store credit is money that the shop owes: it is kept beside the gift cards."""
    credit = sum(
        (part.amount + part.tax_amount + part.shipping_amount for part in one.refunds if part.method == "store_credit"),
        _ZERO,
    )
    if not credit:
        return []
    return [
        {
            "shop_id": one.shop_id,
            "gift_card_id": credit_number(one),
            "line_id": "1",
            "order_id": one.order_id,
            "customer_id": one.customer_id,
            "kind": "adjusted",
            "amount": credit,
            "currency": one.currency,
            "occurred_at": one.refunded_at,
            "description": f"Store credit for return {one.return_id}",
        }
    ]


def credit_number(one: DeskReturn) -> str:
    """The number of the credit of a return; it does not give away another's."""
    return f"credit-{hashlib.sha256(f'{one.shop_id} {one.return_id}'.encode()).hexdigest()[:12]}"
