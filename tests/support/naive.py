"""A second, naive way to the same numbers: loops over rows and Python decimals, written from the definitions alone.

`ledger` makes what the build makes, order by order; `Naive` answers questions from it, group by group. It is slow and
plain on purpose, and shares no code with the engine except the allocation by largest remainder, which has its own tests.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from tillsight.core.money import allocate, minor_units

D = Decimal
Row = dict[str, Any]
Rows = Sequence[Mapping[str, Any]]
Where = Sequence[tuple[str, str, Any]]
AMOUNTS = ("gross_sales", "discounts", "returned_sales", "taxes", "shipping_charges", "revenue")
ATTRIBUTES = ("country", "channel", "order_status", "traffic_source")


def amount(value: Any) -> Decimal:
    return D(str(value)) if value not in (None, "") else D(0)


def rounded(value: Decimal, currency: str) -> Decimal:
    return value.quantize(D(1).scaleb(-minor_units(currency)), rounding=ROUND_HALF_UP)


class Rates:
    """The rate of a day: the last one stated, seven days old at most; given the other way round, it is turned round."""

    def __init__(self, rows: Rows, currency: str) -> None:
        self.currency = currency
        self.known: dict[tuple[str, date], Decimal] = {}
        for row in rows:
            day = date.fromisoformat(str(row["day"]))
            if row["to_currency"] == currency:
                self.known[row["from_currency"], day] = amount(row["rate"])
        for row in rows:
            day = date.fromisoformat(str(row["day"]))
            if row["from_currency"] == currency:
                turned = (1 / amount(row["rate"])).quantize(D("1e-15"), rounding=ROUND_HALF_UP)
                self.known.setdefault((row["to_currency"], day), turned)

    def on(self, currency: str, day: date) -> Decimal:
        if currency == self.currency:
            return D(1)
        for back in range(7):
            if (currency, day - timedelta(days=back)) in self.known:
                return self.known[currency, day - timedelta(days=back)]
        raise LookupError(f"{currency} {day}")


def ledger(tables: Mapping[str, Rows], currency: str = "EUR", timezone: str = "UTC") -> list[dict[str, Any]]:
    """Every component of sales, as the definitions say."""
    zone = ZoneInfo(timezone)
    products = {row["product_id"]: row for row in tables.get("products", ())}
    rates = Rates(tables.get("exchange_rates", ()), currency)

    def clock(moment: str) -> datetime:
        return datetime.fromisoformat(moment).replace(tzinfo=ZoneInfo("UTC")).astimezone(zone)

    def is_gift(row: Mapping[str, Any]) -> bool:
        product = products.get(row.get("product_id"), {})
        return bool(row.get("is_gift_card") or product.get("is_gift_card"))

    def of_product(row: Mapping[str, Any]) -> dict[str, Any]:
        product = products.get(row.get("product_id"), {})
        return {
            "product_id": row.get("product_id"),
            "category": product.get("category"),
            "size": row.get("size") or product.get("size"),
        }

    every_line = defaultdict(list)
    for item in tables.get("order_items", ()):
        every_line[item["order_id"]].append(item)
    goods = {
        order_id: sorted(
            (item for item in items if not is_gift(item) and item.get("parent_line_id") is None),
            key=lambda item: item["line_id"],
        )
        for order_id, items in every_line.items()
    }
    people = identities(tables)
    heads: dict[str, dict[str, Any]] = {}
    for order in tables.get("orders", ()):
        if order.get("is_test") or order.get("is_deleted"):
            continue
        when = clock(order["placed_at"])
        foreign = order["currency"] != currency
        cancelled = order.get("order_status") == "cancelled" or order.get("cancelled_at") is not None
        rate = D(1)
        if foreign and not cancelled:
            rate = (
                amount(order["exchange_rate"])
                if order.get("exchange_rate")
                else rates.on(order["currency"], when.date())
            )
        heads[order["order_id"]] = {
            **{name: order.get(name) for name in ATTRIBUTES},
            "order": order["order_id"], "customer": people[order["order_id"]], "day": when.date(), "hour": when.hour,
            "moment": order["placed_at"], "cancelled": cancelled, "order_currency": order["currency"], "rate": rate,
            "foreign": foreign, "sells": not every_line[order["order_id"]] or bool(goods[order["order_id"]]), "raw": order,
        }  # fmt: skip
    number_orders(heads)

    rows: list[dict[str, Any]] = []

    def add(kind: str, head: Mapping[str, Any], day: date, hour: int, **values: Any) -> None:
        row = {name: head.get(name) for name in (*ATTRIBUTES, "order", "customer", "first_day", "number", "cancelled")}
        row |= {"order_currency": head.get("order_currency"), "product_id": None, "category": None, "size": None}
        row |= {"kind": kind, "day": day, "hour": hour, "units": D(0), "cost": None, "products": 0}
        row |= dict.fromkeys(AMOUNTS, D(0)) | values
        rows.append(row)

    def converted(value: Decimal, head: Mapping[str, Any]) -> Decimal:
        return rounded(value * head["rate"], currency) if head["foreign"] else value

    discount_lines = [line for line in tables.get("discount_lines", ()) if line.get("order_id")]
    for order_id, head in heads.items():
        order, lines = head["raw"], goods.get(order_id, [])
        places = minor_units(order["currency"])
        named = [line for line in discount_lines if line["order_id"] == order_id]
        ids = {line["line_id"] for line in lines}
        own = {
            line["line_id"]: amount(line.get("discount_amount"))
            + sum((amount(d["amount"]) for d in named if d.get("order_line_id") == line["line_id"]), D(0))
            for line in lines
        }
        on_order = amount(order.get("discount_amount")) + sum(
            (amount(d["amount"]) for d in named if d.get("order_line_id") not in ids), D(0)
        )
        after = [amount(line["unit_price"]) * amount(line["quantity"]) - own[line["line_id"]] for line in lines]
        shares = split(on_order, after, places)
        paid = [left - share for left, share in zip(after, shares, strict=True)]
        stated = [amount(line.get("tax_amount")) for line in lines]
        header = amount(order.get("tax_amount"))
        if any(stated) or header:
            taxes, on_all = stated, header
        else:
            parts = [tax for tax in tables.get("tax_lines", ()) if tax["order_id"] == order_id]
            taxes = [
                sum((amount(t["amount"]) for t in parts if t.get("order_line_id") == line["line_id"]), D(0))
                for line in lines
            ]
            on_all = sum((amount(t["amount"]) for t in parts if t.get("order_line_id") not in ids), D(0))
        taxes = [tax + share for tax, share in zip(taxes, split(on_all, paid, places), strict=True)]
        different = len({line["product_id"] for line in lines if line.get("product_id")})
        for line, whole, tax in zip(lines, paid, taxes, strict=True):
            gross, net = amount(line["unit_price"]) * amount(line["quantity"]), whole
            if order.get("prices_include_tax"):
                net = whole - tax
                # without a discount the price is what was paid, so no discount may come of rounding
                worked_out = (
                    net if whole == gross else rounded(gross * net / whole, order["currency"]) if whole else gross
                )
                gross = worked_out if whole else gross
            cost = None
            if line.get("unit_cost") is not None:
                cost = converted(amount(line["unit_cost"]) * amount(line["quantity"]), head)
            gross_out, discount = converted(gross, head), converted(gross - net, head)
            values: dict[str, Any] = {"products": different, **of_product(line)}
            if not head["cancelled"]:
                values |= {
                    "units": amount(line["quantity"]), "gross_sales": gross_out, "discounts": discount, "cost": cost,
                    "taxes": converted(tax, head), "revenue": gross_out - discount,
                }  # fmt: skip
            add("sale", head, head["day"], head["hour"], **values)
        if not every_line[order_id]:
            add("order", head, head["day"], head["hour"])

    known = {order["order_id"] for order in tables.get("orders", ())}
    nobody = {"cancelled": False, "customer": None}

    def entry(
        kind: str, raw: Mapping[str, Any], moment: str | None, values: Mapping[str, Decimal], **more: Any
    ) -> None:
        head = heads.get(raw.get("order_id") or "")
        if raw.get("order_id") in known and (head is None or head["cancelled"]):
            return
        whose = head or nobody | {"order": raw.get("order_id")} | {
            name: raw.get(name) for name in ("country", "channel")
        }
        when = clock(moment or (head or {})["moment"])
        money = raw.get("currency") or (head["order_currency"] if head else currency)
        if raw.get("exchange_rate"):
            rate = amount(raw["exchange_rate"])
        elif head and money == head["order_currency"]:
            rate = head["rate"]
        else:
            rate = rates.on(money, when.date())
        whose = {**whose, "order_currency": head["order_currency"] if head else money}
        at = {"rate": rate, "foreign": money != currency}
        add(
            kind,
            whose,
            when.date(),
            when.hour,
            **{name: converted(value, at) for name, value in values.items()},
            **more,
        )

    shipped = set()
    for line in tables.get("shipping_lines", ()):
        shipped.add(line.get("order_id"))
        values = {"shipping_charges": amount(line["amount"]), "taxes": amount(line.get("tax_amount"))}
        entry("shipping", line, line.get("charged_at"), values)
    for order_id, head in heads.items():
        raw = head["raw"]
        values = {
            "shipping_charges": amount(raw.get("shipping_amount")),
            "taxes": amount(raw.get("shipping_tax_amount")),
        }
        if order_id not in shipped and any(values.values()):
            entry("shipping", {"order_id": order_id}, None, values)
    for line in tables.get("discount_lines", ()):
        if line.get("order_id") not in known:
            entry("discount", line, line.get("applied_at"), {"discounts": amount(line["amount"])})
    for refund in tables.get("refunds", ()):
        line = next(
            (
                i
                for i in every_line.get(refund.get("order_id") or "", ())
                if i["line_id"] == refund.get("order_line_id")
            ),
            {},
        )
        of = {**refund, "product_id": refund.get("product_id") or line.get("product_id"), "size": line.get("size")}
        if refund.get("kind") == "gift_card" or is_gift(of) or line.get("is_gift_card"):
            continue
        values = {
            "returned_sales": amount(refund.get("amount")), "taxes": -amount(refund.get("tax_amount")),
            "shipping_charges": -amount(refund.get("shipping_amount")),
        }  # fmt: skip
        entry("refund", refund, refund["refunded_at"], values, **of_product(of))
    return rows


def split(total: Decimal, weights: Sequence[Decimal], places: int) -> list[Decimal]:
    return allocate(total, [max(weight, D(0)) for weight in weights], places)


def identities(tables: Mapping[str, Rows]) -> dict[str, str | None]:
    """Who ordered: the customer that the order names, else who has that e-mail, else that phone, else the guest himself."""

    def clean(key: str, value: Any) -> str | None:
        if value is None:
            return None
        text = str(value).strip().lower() if key == "email" else "".join(c for c in str(value) if c.isdigit())
        return text or None

    owners: dict[tuple[str, str], str] = {}
    sources = [
        list(tables.get("customers", ())),
        [
            o
            for o in tables.get("orders", ())
            if o.get("customer_id") and not o.get("is_test") and not o.get("is_deleted")
        ],
    ]
    for source in sources:
        found: dict[tuple[str, str], str] = {}
        for row in source:
            for key in ("email", "phone"):
                if text := clean(key, row.get(key)):
                    found[key, text] = min(found.get((key, text), row["customer_id"]), row["customer_id"])
        owners = found | owners
    who: dict[str, str | None] = {}
    for order in tables.get("orders", ()):
        mail, phone = clean("email", order.get("email")), clean("phone", order.get("phone"))
        who[order["order_id"]] = (
            order.get("customer_id")
            or (owners.get(("email", mail)) if mail else None)
            or (owners.get(("phone", phone)) if phone else None)
            or (f"guest {mail or phone}" if mail or phone else None)
        )
    return who


def number_orders(heads: dict[str, dict[str, Any]]) -> None:
    """The customer's first day, of every order on or after it, and the number of every order that counts."""
    by_customer = defaultdict(list)
    for head in heads.values():
        head["first_day"] = head["number"] = None
        if head["customer"] is not None and not head["cancelled"] and head["sells"]:
            by_customer[head["customer"]].append(head)
    for orders in by_customer.values():
        orders.sort(key=lambda head: (head["moment"], head["order"]))
        for number, head in enumerate(orders, 1):
            head["number"] = number
    for head in heads.values():
        if orders := by_customer.get(head["customer"]):
            first = min(order["day"] for order in orders)
            head["first_day"] = first if first <= head["day"] else None


def bucket_of(grain: str, day: date, week_start: int = 0) -> date:
    if grain == "week":
        return day - timedelta(days=(day.weekday() - week_start) % 7)
    if grain == "month":
        return day.replace(day=1)
    if grain == "quarter":
        return date(day.year, day.month - (day.month - 1) % 3, 1)
    if grain == "year":
        return date(day.year, 1, 1)
    return day


class Naive:
    """Answers from the ledger, one group after another."""

    def __init__(
        self, tables: Mapping[str, Rows], currency: str = "EUR", timezone: str = "UTC", week_start: int = 0
    ) -> None:
        self.rows = ledger(tables, currency, timezone)
        for row in self.rows:
            row["customer_type"] = {None: None, 1: "new"}.get(row["number"], "returning")
            row["weekday"] = row["day"].weekday()
        self.week_start = week_start
        self.first, self.last = min(row["day"] for row in self.rows), max(row["day"] for row in self.rows)
        self.live = [row for row in self.rows if bought(row)]

    def answer(
        self,
        metrics: Sequence[str],
        by: Sequence[str] = (),
        grain: str | None = None,
        start: date | None = None,
        end: date | None = None,
        where: Where = (),
    ) -> dict[tuple[Any, ...], dict[str, Any]]:
        """Groups with the value of each metric. The key is the bucket, where there is a grain, and the cut."""
        start, end = start or self.first, end or self.last
        groups: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
        if not by and not grain:
            groups[()] = []
        for row in self.rows:
            if start <= row["day"] <= end and kept(row, where):
                bucket = (bucket_of(grain, row["day"], self.week_start),) if grain else ()
                groups[bucket + tuple(row[name] for name in by)].append(row)
        return {
            key: {name: METRICS[name](rows, max(key[0], start) if grain else start) for name in metrics}
            for key, rows in groups.items()
        }

    def standing(self, day: date, where: Where = ()) -> dict[str, float | None]:
        """What customers are like as of a day, chosen by what their first order ever says."""
        day = min(day, self.last)
        chosen = {row["customer"] for row in self.live if row["number"] == 1 and kept(row, where)}
        days: dict[str, dict[str, date]] = defaultdict(dict)
        revenue = D(0)
        for row in self.live:
            if row["customer"] in chosen and row["day"] <= day:
                days[row["customer"]][row["order"]] = row["day"]
                revenue += row["revenue"]
        ever, repeat, stayed, silent, active, life, placed = len(days), 0, 0, 0, 0, 0, 0
        for held in days.values():
            dates = sorted(held.values())
            placed += len(dates)
            repeat += len(dates) > 1
            stayed += (dates[-1] - dates[0]).days >= 30
            silent += (day - dates[-1]).days >= 180
            active += (day - dates[-1]).days < 26 * 7
            life += (dates[-1] - dates[0]).days
        seen = (day - self.first).days + 1
        formula = None
        if ever and repeat and placed:
            formula = float(revenue) / placed * (placed / ever / (seen / 365)) * (life / repeat / 365)
        return {
            "repeat_purchase_rate": quotient(repeat * 100, ever),
            "retention_rate_30d": quotient(stayed * 100, ever),
            "churn_rate": quotient(silent * 100, ever),
            "active_members": active,
            "purchase_frequency": quotient(placed, ever),
            "customer_lifespan": quotient(life, repeat),
            "clv_historic": quotient(revenue, ever),
            "clv_formula": formula,
        }


def kept(row: Row, where: Where) -> bool:
    for name, op, value in where:
        held = row[name]
        if (op == "=" and held != value) or (op == "!=" and held == value) or (op == "is null" and held is not None):
            return False
    return True


def bought(row: Row) -> bool:
    return row["kind"] in ("sale", "order") and not row["cancelled"] and row["customer"] is not None


def quotient(top: Any, bottom: Any) -> float | None:
    return float(top) / float(bottom) if bottom else None


def total(rows: Sequence[Row], name: str) -> Decimal:
    return sum((row[name] for row in rows if row[name] is not None), D(0))


def orders(rows: Sequence[Row], *, cancelled: bool | None = False, several: bool = False) -> int:
    return len({
        row["order"]
        for row in rows
        if row["kind"] in ("sale", "order")
        and (cancelled is None or row["cancelled"] is cancelled)
        and (not several or row["products"] >= 2)
    })  # fmt: skip


def customers(rows: Sequence[Row], since: date | None = None) -> int:
    return len({row["customer"] for row in rows if bought(row) and (since is None or row["first_day"] >= since)})


def costed(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row["cost"] is not None]


def cost(rows: Sequence[Row]) -> Decimal | None:
    return total(rows, "cost") if costed(rows) else None


def profit(rows: Sequence[Row]) -> Decimal | None:
    known = costed(rows)
    return total(known, "revenue") - total(known, "cost") if known else None


def margin(rows: Sequence[Row]) -> float | None:
    return quotient(profit(rows) * 100, total(costed(rows), "revenue")) if costed(rows) else None  # type: ignore[operator]


def net(rows: Sequence[Row]) -> Decimal:
    return total(rows, "gross_sales") - total(rows, "discounts") - total(rows, "returned_sales")


METRICS: dict[str, Any] = {
    **{name: (lambda rows, _, name=name: total(rows, name)) for name in AMOUNTS},
    "net_sales": lambda rows, _: net(rows),
    "total_sales": lambda rows, _: net(rows) + total(rows, "taxes") + total(rows, "shipping_charges"),
    "units_sold": lambda rows, _: total(rows, "units"),
    "cost_of_goods_sold": lambda rows, _: cost(rows),
    "gross_profit": lambda rows, _: profit(rows),
    "gross_margin_rate": lambda rows, _: margin(rows),
    "cost_coverage_rate": lambda rows, _: quotient(total(costed(rows), "revenue") * 100, total(rows, "revenue")),
    "orders": lambda rows, _: orders(rows),
    "items_per_order": lambda rows, _: quotient(total(rows, "units"), orders(rows)),
    "average_order_value": lambda rows, _: quotient(total(rows, "revenue"), orders(rows)),
    "revenue_per_customer": lambda rows, _: quotient(total(rows, "revenue"), customers(rows)),
    "cross_sell_rate": lambda rows, _: quotient(orders(rows, several=True) * 100, orders(rows)),
    "discount_rate": lambda rows, _: quotient(total(rows, "discounts") * 100, total(rows, "gross_sales")),
    "cancellation_rate": lambda rows, _: quotient(orders(rows, cancelled=True) * 100, orders(rows, cancelled=None)),
    "customers": lambda rows, _: customers(rows),
    "new_customers": customers,
    "returning_customers": lambda rows, since: customers(rows) - customers(rows, since),
    "new_customer_rate": lambda rows, since: quotient(customers(rows, since) * 100, customers(rows)),
}
"""Every metric that one pass over the rows of a group can give; each gets the rows and the first day of the group."""
