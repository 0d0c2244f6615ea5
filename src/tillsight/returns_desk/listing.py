"""Every return at once: the list with search and filters, the board by step with ages, the tracking record, orders to return.

The current release has all returns; those that changed at the desk since it was built are laid over it, so that what somebody
did is seen at once. A return's age is how long it has been at its step: by the clock for returns of the desk, up to the last day
with data for those that only a source works on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from tillsight.core.errors import QuestionError
from tillsight.core.settings import Settings
from tillsight.database import Database, DeskReturn, Load, now
from tillsight.database.types import to_json
from tillsight.domains.returns.reasons import WORDS
from tillsight.metrics.answer import Answer, AnswerColumn, from_rows
from tillsight.pipeline.current import DESK
from tillsight.returns_desk.adopting import STEP_OF_STATE, known_to
from tillsight.returns_desk.bought import utc
from tillsight.returns_desk.showing import tracking
from tillsight.returns_desk.words import (
    BY_CODE,
    CLOSED,
    OUTCOME_TITLES,
    OUTCOMES,
    STATES,
    STEP_TITLES,
    STEPS,
    allowed,
    tracking_status,
)
from tillsight.warehouse.duck import literal
from tillsight.warehouse.releases import OpenRelease, Releases

_CLOSED = ", ".join(literal(step) for step in CLOSED)
SORTS = {
    "initiated_at": "initiated_at",
    "step_at": "step_at",
    "step": f"list_position([{', '.join(literal(step) for step in STEPS)}], step)",
    "return_id": "return_id",
    "order_id": "order_id",
    "goods_value": "goods_value",
    "refund_total": "refund_total",
    # what is closed has no age any more
    "age": f"CASE WHEN step NOT IN ({_CLOSED}) THEN age_hours END",
}
"""What the list can be in the order of, and the expression for it."""
_CARDS = 12
_FRESH = (
    "return_id VARCHAR, shop_id VARCHAR, order_id VARCHAR, customer_id VARCHAR, initiated_at VARCHAR, step VARCHAR, "
    "step_at VARCHAR, outcome VARCHAR, refund_total VARCHAR, currency VARCHAR, tracking_number VARCHAR, label_number VARCHAR, "
    "carrier VARCHAR, units VARCHAR, products VARCHAR, reasons VARCHAR, codes VARCHAR[], goods_value VARCHAR, titles VARCHAR"
)
_PRODUCT, _REASON = "coalesce(product_name, product_id)", "coalesce(reason_code, reason_category)"
# names have commas of their own: what stands between them is another sign
_HELD = f"sum(quantity) AS units, string_agg(DISTINCT {_PRODUCT}, '; ' ORDER BY {_PRODUCT}) AS products"


@dataclass(frozen=True)
class Wanted:
    """Which returns are asked for. `start`, `end`: days on which they were begun, inclusive, in the shop's zone."""

    search: str = ""
    step: tuple[str, ...] = ()
    status: str | None = None
    outcome: str | None = None
    reason: str | None = None
    origin: str | None = None
    overdue: bool = False
    conflict: bool = False
    open_only: bool = False
    start: str | None = None
    end: str | None = None
    sort: str = "-initiated_at"


class Listing:
    """Looks at all returns of a workspace."""

    def __init__(self, database: Database, settings: Settings, releases: Releases) -> None:
        self._database = database
        self._settings = settings
        self._releases = releases

    def page(self, wanted: Wanted, page: int, per_page: int) -> tuple[list[dict[str, Any]], int]:
        """A page of the list, and how many there are in all. Raises QuestionError for an unknown filter."""
        release = self._releases.current()
        base, parameters = self._base(release)
        conditions, more = self._conditions(wanted)
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        order = _order(wanted.sort)
        source = _VALUED if wanted.sort.removeprefix("-") == "goods_value" else "aged"
        sql = (
            f"{base} SELECT *, count(*) OVER () AS total FROM {source} {where} ORDER BY {order}, shop_id, return_id "
            f"LIMIT {per_page} OFFSET {(page - 1) * per_page}"
        )
        rows = release.files.run_sql(sql, [*parameters, *more]).to_pylist()
        if not rows and page > 1:
            counted = release.files.run_sql(f"{base} SELECT count(*) AS total FROM aged {where}", [*parameters, *more])
            return [], int(counted.to_pylist()[0]["total"])
        return self._told(release, rows), int(rows[0]["total"]) if rows else 0

    def whole(self, wanted: Wanted) -> Answer:
        """All returns that are asked for, in their order, for a file: one row each, moments in the shop's time zone.

        Age and target in hours, null once a return is closed; money in the return's own currency. Raises QuestionError for an
        unknown filter, and TooBigError where there are more rows than a question may have.
        """
        release = self._releases.current()
        base, parameters = self._base(release)
        conditions, more = self._conditions(wanted)
        zone = literal(self._settings.timezone)

        def words(column: str, titles: Mapping[str, str]) -> str:
            known = " ".join(f"WHEN {literal(value)} THEN {literal(title)}" for value, title in titles.items())
            return f"CASE {column} {known} ELSE {column} END"

        def local(moment: str) -> str:
            return f"timezone({zone}, timezone('UTC', {moment}))"

        reason = words(_REASON, {code: one.title for code, one in BY_CODE.items()})
        is_open = f"step NOT IN ({_CLOSED})"
        sql = f"""{base}, chosen AS (
  SELECT *, row_number() OVER (ORDER BY {_order(wanted.sort)}, shop_id, return_id) AS place
  FROM {_VALUED} {"WHERE " + " AND ".join(conditions) if conditions else ""}
), held AS (
  SELECT shop_id, return_id, {_HELD},
    string_agg(DISTINCT {reason}, ', ' ORDER BY {reason}) AS reasons
  FROM return_items SEMI JOIN chosen USING (shop_id, return_id) GROUP BY ALL
)
SELECT c.return_id, c.order_id, c.customer_id, {local("c.initiated_at")} AS initiated_at, {words("c.step", STEP_TITLES)} AS step,
  {words("c.step", STATES)} AS status, {local("c.step_at")} AS step_at, {words("c.outcome", OUTCOME_TITLES)} AS outcome,
  CASE WHEN c.is_fresh THEN CAST(f.units AS DOUBLE) ELSE CAST(h.units AS DOUBLE) END AS units,
  CASE WHEN c.is_fresh THEN f.products ELSE h.products END AS products,
  CASE WHEN c.is_fresh THEN f.titles ELSE h.reasons END AS reasons, c.goods_value, c.refund_total,
  coalesce(c.currency, {literal(self._settings.currency)}) AS currency, c.carrier, c.tracking_number,
  CASE WHEN c.{is_open} THEN c.age_hours END AS age_hours, CASE WHEN c.{is_open} THEN c.target_hours END AS target_hours,
  c.is_overdue, c.conflict
FROM chosen c LEFT JOIN held h USING (shop_id, return_id)
LEFT JOIN fresh f ON c.is_fresh AND f.shop_id = c.shop_id AND f.return_id = c.return_id
ORDER BY c.place"""
        found = release.files.run_sql(sql, [*parameters, *more])
        return from_rows(
            [AnswerColumn(name, title, "plain") for name, title in _IN_FILE.items()], found, self._settings.currency
        )

    def board(self, cards: int = _CARDS) -> dict[str, Any]:
        """Open returns by step: how many, how many are late, and those that have waited longest."""
        release = self._releases.current()
        base, parameters = self._base(release)
        rows = release.files.run_sql(
            f"{base} SELECT * FROM (SELECT *, count(*) OVER w AS total, count(*) FILTER (is_overdue) OVER w AS late, "
            "max(age_hours) OVER w AS oldest, row_number() OVER (PARTITION BY step ORDER BY conflict DESC, age_hours DESC, "
            f"return_id) AS place FROM aged WHERE step NOT IN ({_CLOSED}) WINDOW w AS (PARTITION BY step)) "
            f"WHERE place <= {cards} ORDER BY step, place",
            parameters,
        ).to_pylist()
        told = {row["return_id"]: row for row in self._told(release, rows)}
        steps = []
        for step in (one for one in STEPS if one not in CLOSED):
            mine = [row for row in rows if row["step"] == step]
            steps.append(
                {
                    "step": step,
                    "title": STEP_TITLES[step],
                    "status": STATES[step],
                    "target_hours": self._settings.return_desk.target_hours.get(step),
                    "count": mine[0]["total"] if mine else 0,
                    "overdue": mine[0]["late"] if mine else 0,
                    "oldest_hours": mine[0]["oldest"] if mine else None,
                    "returns": [told[row["return_id"]] for row in mine],
                }
            )
        return {
            "steps": steps,
            "open": sum(one["count"] for one in steps),
            "overdue": sum(one["overdue"] for one in steps),
            "conflicts": len(self._conflicts()),
            "known_to": known_to(release, self._settings),
            "waiting": self._waiting(),
        }

    def tracked(self, wanted: Wanted, page: int, per_page: int) -> tuple[list[dict[str, Any]], int]:
        """The tracking record of 000, one row per product in a return: a page of it, and how many returns there are."""
        release = self._releases.current()
        heads, total = self.page(wanted, page, per_page)
        ids = [row["return_id"] for row in heads]
        with self._database.read() as session:
            own = {
                one.return_id: one for one in session.scalars(select(DeskReturn).where(DeskReturn.return_id.in_(ids)))
            }
        others = [one for one in ids if one not in own]
        marks = ", ".join(literal(one) for one in others) or "NULL"
        found = release.files.run_sql(
            "SELECT r.return_id, coalesce(i.order_id, r.order_id) AS order_id, i.product_id, r.customer_id AS user_id, "
            "coalesce(r.original_order_date, CAST(o.placed_at AS DATE)) AS original_order_date, r.initiated_at AS "
            "return_initiated_date, r.received_at AS return_received_date, coalesce(i.reason_code, i.reason_category, "
            "i.reason_detail) AS return_reason, i.size_returned, i.condition_rating, i.refund_amount, "
            "coalesce(r.exchange_requested, r.return_type = 'exchange', false) AS exchange_requested, i.new_size_requested, "
            f"{_STEP} AS status, coalesce(r.notes, r.inspection_notes) AS notes FROM returns r "
            "LEFT JOIN return_items i ON i.shop_id = r.shop_id AND i.return_id = r.return_id "
            "LEFT JOIN orders o ON o.shop_id = r.shop_id AND o.order_id = r.order_id "
            f"WHERE r.return_id IN ({marks}) ORDER BY i.line_id",
        ).to_pylist()
        rows = []
        for number in ids:
            if number in own:
                rows += tracking(own[number])
            else:
                rows += [
                    row
                    | {
                        "status": tracking_status(row["status"]),
                        "return_reason": BY_CODE[row["return_reason"]].title
                        if row["return_reason"] in BY_CODE
                        else row["return_reason"],
                    }
                    for row in found
                    if row["return_id"] == number
                ]
        zone = self._settings.zone
        for row in rows:
            for name in ("original_order_date", "return_initiated_date", "return_received_date"):
                if isinstance(row[name], datetime):
                    row[name] = utc(row[name]).astimezone(zone).date()
        return rows, total

    def orders(self, search: str, limit: int = 8) -> list[dict[str, Any]]:
        """Orders whose number, customer or product begins with, or has, what is searched for; the newest first."""
        text = search.strip()
        if not text:
            return []
        release = self._releases.current()
        found = release.files.run_sql(
            "SELECT o.order_id, o.customer_id, o.placed_at, o.currency, o.channel, o.country, o.order_status, "
            "(SELECT sum(quantity) FROM order_items i WHERE i.shop_id = o.shop_id AND i.order_id = o.order_id) AS units "
            "FROM orders o WHERE NOT o.is_test AND NOT o.is_deleted AND (o.order_id ILIKE $1 ESCAPE '\\' OR o.customer_id = $2 "
            "OR lower(o.email) = lower($2)) ORDER BY (o.order_id = $2) DESC, o.placed_at DESC, o.order_id LIMIT $3",
            [f"%{_escaped(text)}%", text, limit],
        ).to_pylist()
        return [row | {"placed_at": utc(row["placed_at"])} for row in found]

    # what the list stands on

    def _base(self, release: OpenRelease) -> tuple[str, list[object]]:
        """Common table expressions that end in `aged`: every return with its step, since when, and how late it is."""
        fresh = self._fresh(release)
        clock = now().replace(tzinfo=None).isoformat(sep=" ")
        known = known_to(release, self._settings).replace(tzinfo=None).isoformat(sep=" ")
        targets = self._settings.return_desk.target_hours
        late = " ".join(f"WHEN {literal(step)} THEN {int(hours)}" for step, hours in sorted(targets.items()))
        conflicts = ", ".join(literal(one) for one in self._conflicts()) or "NULL"
        landed = "returns" in release.manifest["tables"]
        source = "r._source" if landed else "'files'"
        sql = f"""
WITH fresh AS (
  SELECT unnest(from_json(?, '[{_json_shape()}]'), max_depth := 2)
), stepped AS (
  SELECT e.shop_id, e.return_id, max(e.occurred_at) AS at FROM return_events e
  JOIN returns o ON o.shop_id = e.shop_id AND o.return_id = e.return_id AND o.return_status IN ('pending', 'approved')
  GROUP BY ALL
), heads AS (
  SELECT r.return_id, r.shop_id, r.order_id, r.customer_id, r.initiated_at, {_STEP} AS step,
    coalesce(CASE r.workflow_step WHEN 'completed' THEN r.completed_at WHEN 'refunded' THEN r.refunded_at
      WHEN 'exchanged' THEN r.exchanged_at WHEN 'inspected' THEN r.inspected_at WHEN 'received' THEN r.received_at END,
      s.at, r.completed_at, r.refunded_at, r.inspected_at, r.received_at, r.initiated_at) AS step_at,
    coalesce(r.return_type, CASE WHEN r.exchange_requested THEN 'exchange' ELSE 'refund' END) AS outcome,
    r.total_refund_amount AS refund_total, r.currency, r.tracking_number, CAST(NULL AS VARCHAR) AS label_number, r.carrier,
    CAST(NULL AS DECIMAL(18, 6)) AS goods_value, {source} = {literal(DESK)} AS owned, false AS is_fresh
  FROM returns r LEFT JOIN stepped s ON s.shop_id = r.shop_id AND s.return_id = r.return_id
  WHERE NOT EXISTS (SELECT 1 FROM fresh f WHERE f.shop_id = r.shop_id AND f.return_id = r.return_id)
  UNION ALL BY NAME
  SELECT return_id, shop_id, order_id, customer_id, CAST(initiated_at AS TIMESTAMP) AS initiated_at, step,
    CAST(step_at AS TIMESTAMP) AS step_at, outcome, CAST(refund_total AS DECIMAL(18, 6)) AS refund_total, currency,
    tracking_number, label_number, carrier, CAST(goods_value AS DECIMAL(18, 6)) AS goods_value, true AS owned, true AS is_fresh FROM fresh
), timed AS (
  SELECT *, greatest(date_diff('second', step_at, CASE WHEN owned THEN TIMESTAMP '{clock}' ELSE TIMESTAMP '{known}' END), 0)
    / 3600.0 AS age_hours, CASE step {late or "WHEN '' THEN 0"} END AS target_hours FROM heads
), aged AS (
  SELECT * EXCLUDE (age_hours), round(age_hours, 1) AS age_hours,
    step NOT IN ({_CLOSED}) AND coalesce(age_hours > target_hours, false) AS is_overdue,
    coalesce(return_id IN ({conflicts}), false) AS conflict FROM timed
)"""
        return sql, [to_json(fresh)]

    def _conditions(self, wanted: Wanted) -> tuple[list[str], list[object]]:
        conditions: list[str] = []
        parameters: list[object] = []
        text = wanted.search.strip()
        if text:
            like = f"%{_escaped(text)}%"

            def has(column: str) -> str:
                return f"coalesce({column} ILIKE ? ESCAPE '\\', false)"

            conditions.append(
                f"({has('return_id')} OR {has('order_id')} OR {has('customer_id')} OR {has('tracking_number')} OR {has('label_number')} "
                "OR (NOT is_fresh AND EXISTS (SELECT 1 FROM return_items i WHERE i.shop_id = aged.shop_id AND i.return_id = "
                f"aged.return_id AND ({has('i.product_id')} OR {has('i.product_name')}))) "
                f"OR (is_fresh AND EXISTS (SELECT 1 FROM fresh f WHERE f.return_id = aged.return_id AND {has('f.products')})))"
            )
            parameters += [like] * 8
            with self._database.read() as session:
                # The label of a return stands at the desk alone.
                labelled = session.scalars(
                    select(DeskReturn.return_id)
                    .where(DeskReturn.label_number.icontains(text, autoescape=True))
                    .limit(1000)
                ).all()
            if labelled:
                conditions[-1] = f"({conditions[-1]} OR return_id IN ({', '.join(literal(one) for one in labelled)}))"
        if wanted.step:
            unknown = [step for step in wanted.step if step not in STEPS]
            if unknown:
                raise QuestionError(f"There is no step {unknown[0]!r}; there are {', '.join(STEPS)}.", field="step")
            conditions.append(f"step IN ({', '.join(literal(step) for step in wanted.step)})")
        if wanted.status is not None:
            steps = [step for step, state in STATES.items() if state == wanted.status]
            if not steps:
                raise QuestionError("A state is pending, approved, completed or rejected.", field="status")
            conditions.append(f"step IN ({', '.join(literal(step) for step in steps)})")
        if wanted.outcome is not None:
            if wanted.outcome not in OUTCOMES:
                raise QuestionError(f"An outcome is one of {', '.join(OUTCOMES)}.", field="outcome")
            conditions.append("outcome = ?")
            parameters.append(wanted.outcome)
        if wanted.reason is not None:
            if wanted.reason not in BY_CODE:
                raise QuestionError(f"There is no reason {wanted.reason!r}.", field="reason", known=sorted(BY_CODE))
            words = ", ".join(literal(word) for word in WORDS[wanted.reason])
            said = "trim(regexp_replace(lower(coalesce(i.reason_code, i.reason_category)), '[^a-z0-9]+', ' ', 'g'))"
            conditions.append(
                "((NOT is_fresh AND EXISTS (SELECT 1 FROM return_items i WHERE i.shop_id = aged.shop_id AND i.return_id = "
                f"aged.return_id AND {said} IN ({words}))) OR (is_fresh AND EXISTS (SELECT 1 FROM fresh f WHERE "
                "f.return_id = aged.return_id AND list_contains(f.codes, ?))))"
            )
            parameters.append(wanted.reason)
        conditions += _flags(wanted)
        zone = literal(self._settings.timezone)
        for day, sign in ((wanted.start, ">="), (wanted.end, "<=")):
            if day is not None:
                conditions.append(
                    f"CAST(timezone({zone}, timezone('UTC', initiated_at)) AS DATE) {sign} CAST(? AS DATE)"
                )
                parameters.append(_day(day))
        return conditions, parameters

    def _fresh(self, release: OpenRelease) -> list[dict[str, Any]]:
        """Returns of the desk whose newest version the release does not have."""
        with self._database.read() as session:
            known = set(release.manifest["loads"])
            landed = session.scalars(select(Load.id).where(Load.source == DESK).order_by(Load.id.desc()))
            newest = next((one for one in landed if one in known), "")
            rows = session.scalars(
                select(DeskReturn).where(
                    (DeskReturn.landed_version < DeskReturn.version)
                    | DeskReturn.landed_in.is_(None)
                    | (DeskReturn.landed_in > newest)
                )
            )
            return [_flat(one) for one in rows]

    def _told(self, release: OpenRelease, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Rows of the list with what is in each, and what can be done next."""
        if not rows:
            return []
        ids = [row["return_id"] for row in rows]
        with self._database.read() as session:
            own = {
                one.return_id: one for one in session.scalars(select(DeskReturn).where(DeskReturn.return_id.in_(ids)))
            }
        marks = ", ".join(literal(one) for one in ids)
        items = {
            row["return_id"]: row
            for row in release.files.run_sql(
                f"SELECT return_id, {_HELD}, "
                f"string_agg(DISTINCT {_REASON}, ', ' ORDER BY {_REASON}) AS reasons, {_GOODS} AS goods_value FROM return_items "
                f"WHERE return_id IN ({marks}) GROUP BY return_id"
            ).to_pylist()
        }
        told = []
        for row in rows:
            kept = own.get(row["return_id"])
            flat = _flat(kept) if kept is not None else items.get(row["return_id"], {})
            following = allowed(row["step"], row["outcome"])
            told.append(
                {
                    "return_id": row["return_id"],
                    "shop_id": row["shop_id"],
                    "order_id": row["order_id"],
                    "customer_id": row["customer_id"],
                    "initiated_at": utc(row["initiated_at"]),
                    "step": row["step"],
                    "step_title": STEP_TITLES[row["step"]],
                    "status": STATES[row["step"]],
                    "step_at": utc(row["step_at"]),
                    "outcome": kept.outcome if kept is not None else row["outcome"],
                    "outcome_title": OUTCOME_TITLES[kept.outcome if kept is not None else row["outcome"]],
                    "refund_total": row["refund_total"],
                    "currency": row["currency"] or self._settings.currency,
                    "tracking_number": row["tracking_number"],
                    "carrier": row["carrier"],
                    "units": Decimal(flat["units"]) if flat.get("units") is not None else None,
                    "products": flat.get("products"),
                    "reasons": _titles(flat.get("reasons")),
                    "goods_value": Decimal(flat["goods_value"]) if flat.get("goods_value") is not None else None,
                    "age_hours": None if row["step"] in CLOSED else row["age_hours"],
                    "target_hours": None if row["step"] in CLOSED else row["target_hours"],
                    "is_overdue": row["is_overdue"],
                    "owned": kept is not None,
                    "conflict": row["conflict"],
                    "version": kept.version if kept is not None else 1,
                    "allowed": list(following),
                }
            )
        return told

    def _conflicts(self) -> list[str]:
        with self._database.read() as session:
            rows = session.execute(select(DeskReturn.return_id, DeskReturn.conflict)).all()
        return sorted(row.return_id for row in rows if row.conflict is not None)

    def _waiting(self) -> int:
        """Changes that the next release will bring."""
        with self._database.read() as session:
            return len(
                session.scalars(select(DeskReturn.id).where(DeskReturn.landed_version < DeskReturn.version)).all()
            )


_GOODS = "CAST(sum(quantity * sale_price) AS DECIMAL(18, 6))"
_VALUED = (
    "(SELECT aged.* REPLACE (coalesce(aged.goods_value, i.goods_value) AS goods_value) FROM aged LEFT JOIN "
    f"(SELECT shop_id, return_id, {_GOODS} AS goods_value FROM return_items GROUP BY ALL) i "
    "ON NOT aged.is_fresh AND i.shop_id = aged.shop_id AND i.return_id = aged.return_id) AS aged"
)
"""Every return with what its goods were sold for, which the list reads only where it is in the order of it."""
_IN_FILE = {
    "return_id": "Return",
    "order_id": "Order",
    "customer_id": "Customer",
    "initiated_at": "Begun",
    "step": "Step",
    "status": "State",
    "step_at": "At the step since",
    "outcome": "Outcome",
    "units": "Units",
    "products": "Products",
    "reasons": "Reasons",
    "goods_value": "Value of goods",
    "refund_total": "Money given back",
    "currency": "Currency",
    "carrier": "Carrier",
    "tracking_number": "Parcel",
    "age_hours": "Hours at the step",
    "target_hours": "Target hours",
    "is_overdue": "Late",
    "conflict": "To settle",
}
"""Columns of the list as a file, and their titles."""
_STEP = "coalesce(r.workflow_step, CASE r.return_status {} END)".format(
    " ".join(f"WHEN {literal(state)} THEN {literal(step)}" for state, step in STEP_OF_STATE.items())
)


def _flat(one: DeskReturn) -> dict[str, Any]:
    """A return of the desk as a row of the list."""

    def moment(at: datetime) -> str:
        return at.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ")

    reasons = ", ".join(dict.fromkeys(item.reason_code or item.reason_category or "" for item in one.items))
    prices = [item.sale_price * item.quantity for item in one.items if item.sale_price is not None]
    return {
        "return_id": one.return_id,
        "shop_id": one.shop_id,
        "order_id": one.order_id,
        "customer_id": one.customer_id,
        "initiated_at": moment(one.initiated_at),
        "step": one.step,
        "step_at": moment(one.step_at),
        "outcome": one.outcome,
        "refund_total": str(one.refund_total) if one.refund_total is not None else None,
        "currency": one.currency,
        "tracking_number": one.tracking_number,
        "label_number": one.label_number,
        "carrier": one.carrier,
        "units": str(sum((item.quantity for item in one.items), Decimal(0))),
        "products": "; ".join(dict.fromkeys(item.product_name or item.product_id for item in one.items)),
        "reasons": reasons,
        "codes": [item.reason_code for item in one.items if item.reason_code],
        "goods_value": str(sum(prices, Decimal(0))) if prices else None,
        "titles": _titles(reasons),
    }


def _flags(wanted: Wanted) -> list[str]:
    """Conditions that take no value."""
    conditions = []
    if wanted.origin is not None:
        if wanted.origin not in ("desk", "source"):
            raise QuestionError("A return is worked at the desk or at the source.", field="origin")
        conditions.append("owned" if wanted.origin == "desk" else "NOT owned")
    if wanted.overdue:
        conditions.append("is_overdue")
    if wanted.conflict:
        conditions.append("conflict")
    if wanted.open_only:
        conditions.append(f"step NOT IN ({_CLOSED})")
    return conditions


def _json_shape() -> str:
    parts = [part.split(" ") for part in _FRESH.split(", ")]
    shape = ", ".join(
        f'"{name}": ["VARCHAR"]' if type_.endswith("[]") else f'"{name}": "VARCHAR"' for name, type_ in parts
    )
    return "{" + shape + "}"


def _titles(codes: str | None) -> str | None:
    if not codes:
        return None
    return ", ".join(BY_CODE[code].title if code in BY_CODE else code for code in codes.split(", "))


def _order(sort: str) -> str:
    name = sort.removeprefix("-")
    if name not in SORTS:
        raise QuestionError(f"Returns are sorted by {', '.join(SORTS)}, not {name!r}.", field="sort", value=sort)
    return f"{SORTS[name]} {'DESC' if sort.startswith('-') else 'ASC'} NULLS LAST"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _day(text: str) -> str:
    try:
        return datetime.fromisoformat(text).date().isoformat()
    except ValueError:
        raise QuestionError(f"A day is written as 2026-11-14, not {text!r}.", field="from", value=text) from None
