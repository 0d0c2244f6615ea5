"""A return of the desk as plain values: where it stands, what can be done next, its money, goods and history."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from tillsight.core.settings import Settings
from tillsight.database import DeskReturn
from tillsight.returns_desk.adopting import source_steps
from tillsight.returns_desk.bought import ZERO, Bought
from tillsight.returns_desk.words import BY_CODE, CLOSED, OUTCOME_TITLES, STATES, STEP_TITLES, actions, tracking_status
from tillsight.warehouse.releases import OpenRelease

_PLAIN = (
    *("return_id", "shop_id", "label_number", "order_id", "customer_id", "origin", "step", "outcome", "channel"),
    *("location_id", "carrier", "tracking_number", "currency", "ordered_at", "initiated_at", "received_at"),
    *("inspected_at", "refunded_at", "exchanged_at", "completed_at", "step_at", "refund_total", "restocking_fee"),
    *("processing_cost", "shipping_cost", "disposal_cost", "override_reason", "override_by", "rejection_reason"),
    *("inspection_notes", "notes", "version", "created_at", "created_by", "updated_at", "updated_by"),
)
_COMPARED = (
    "workflow_step",
    "return_status",
    "return_type",
    "total_refund_amount",
    "restocking_fee",
    "tracking_number",
    "notes",
)
"""What of a return is set side by side when the source says otherwise."""


def full(
    kept: DeskReturn, bought: Bought | None, settings: Settings, at: datetime, release: OpenRelease, *, owned: bool
) -> dict[str, Any]:
    """Everything about a return. `owned`: false where nobody here has touched it yet; `bought`: its order without itself."""
    target = settings.return_desk.target_hours.get(kept.step)
    hours = (at - kept.step_at).total_seconds() / 3600
    closed = kept.step in CLOSED
    shipping = max(bought.shipping - bought.shipping_refunded, ZERO) if bought else ZERO
    return {
        **{name: getattr(kept, name) for name in _PLAIN},
        "owned": owned,
        "step_title": STEP_TITLES[kept.step],
        "outcome_title": OUTCOME_TITLES[kept.outcome],
        "status": STATES[kept.step],
        "actions": [{"step": one.step, "title": one.title} for one in actions(kept.step, kept.outcome)],
        "age_hours": None if closed else round(max(hours, 0), 1),
        "target_hours": None if closed else target,
        "is_overdue": not closed and target is not None and hours > target,
        "in_release": release.number if kept.landed_version == kept.version else None,
        "shipping_refundable": shipping,
        "items": [
            {
                "line_id": item.line_id,
                "order_line_id": item.order_line_id,
                "product_id": item.product_id,
                "product_name": item.product_name,
                "quantity": item.quantity,
                "reason_code": item.reason_code,
                "reason": _reason(item.reason_code, item.reason_category),
                "reason_detail": item.reason_detail,
                "size_returned": item.size_returned,
                "new_size_requested": item.new_size_requested,
                "condition_rating": item.condition_rating,
                "condition_received": item.condition_received,
                "disposition": item.disposition,
                "resaleable": item.resaleable,
                "inspection_notes": item.inspection_notes,
                "sale_price": item.sale_price,
                "restocked_value": item.restocked_value,
                "refund_amount": item.refund_amount,
                "refundable": _refundable(
                    kept, item.order_line_id, item.product_id, item.quantity, item.sale_price, bought
                ),
            }
            for item in kept.items
        ],
        "refunds": [
            {
                "kind": one.kind,
                "line_id": one.line_id,
                "amount": one.amount + one.tax_amount + one.shipping_amount,
                "tax_amount": one.tax_amount,
                "method": one.method,
                "refunded_at": one.refunded_at,
            }
            for one in kept.refunds
        ],
        "exchanges": [
            {
                "line_id": one.line_id,
                "original_product_id": one.original_product_id,
                "exchange_product_id": one.exchange_product_id,
                "quantity": one.quantity,
                "additional_payment": one.additional_payment,
            }
            for one in kept.exchanges
        ],
        "history": [
            *(source_steps(release, kept) if kept.origin == "source" else []),
            *_history(kept),
        ],
        "conflict": _conflict(kept),
    }


def _history(kept: DeskReturn) -> list[dict[str, Any]]:
    return [
        {
            "at": one.at,
            "who": one.who,
            "action": one.action,
            "step": one.step,
            "note": one.note,
            "version": one.version,
            "changed": one.changed,
        }
        for one in kept.events
    ]


def tracking(kept: DeskReturn) -> list[dict[str, Any]]:
    """The tracking record of a return, column by column as 000 has it: one row per product."""
    return [
        {
            "return_id": kept.return_id,
            "order_id": kept.order_id,
            "product_id": item.product_id,
            "user_id": kept.customer_id,
            "original_order_date": kept.ordered_at,
            "return_initiated_date": kept.initiated_at,
            "return_received_date": kept.received_at,
            "return_reason": _reason(item.reason_code, item.reason_category),
            "size_returned": item.size_returned,
            "condition_rating": item.condition_rating,
            "refund_amount": item.refund_amount,
            "exchange_requested": kept.outcome == "exchange",
            "new_size_requested": item.new_size_requested,
            "status": tracking_status(kept.step),
            "notes": item.inspection_notes or kept.notes,
        }
        for item in kept.items
    ]


def _reason(code: str | None, category: str | None) -> str | None:
    return BY_CODE[code].title if code in BY_CODE else code or category


def _refundable(
    kept: DeskReturn, line_id: str | None, product_id: str, units: Decimal, price: Decimal | None, bought: Bought | None
) -> Decimal:
    """What giving the money back for an item would be, with tax."""
    line = bought.line(line_id, product_id) if bought else None
    return line.part(units, kept.currency) if line else (price or ZERO) * units


def _conflict(kept: DeskReturn) -> dict[str, Any] | None:
    said = kept.conflict
    if said is None:
        return None
    row = said["row"]
    ours = {
        "workflow_step": kept.step,
        "return_status": STATES[kept.step],
        "return_type": {"keep_item": "refund"}.get(kept.outcome, kept.outcome),
        "total_refund_amount": kept.refund_total,
        "restocking_fee": kept.restocking_fee,
        "tracking_number": kept.tracking_number,
        "notes": kept.notes,
    }
    units = {
        "ours": sum((item.quantity for item in kept.items), ZERO),
        "theirs": sum((Decimal(str(item["quantity"])) for item in said["items"]), ZERO),
    }
    differences = [
        {"field": name, "ours": _text(ours[name]), "theirs": _text(row.get(name))}
        for name in _COMPARED
        if _text(ours[name]) != _text(row.get(name))
    ]
    if units["ours"] != units["theirs"]:
        differences.append({"field": "units", "ours": _text(units["ours"]), "theirs": _text(units["theirs"])})
    return {
        "source": said["source"],
        "load": said["load"],
        "known_at": said["known_at"],
        "differences": differences,
    }


def _text(value: Any) -> str | None:
    if value is None:
        return None
    return f"{Decimal(str(value)).normalize():f}" if isinstance(value, (Decimal, int, float)) else str(value)
