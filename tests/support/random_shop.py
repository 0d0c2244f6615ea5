"""A small shop drawn at random, with everything in it that makes sales figures hard.

Cancelled, test and deleted orders; guests; unknown values; tax in prices and on top; discounts and taxes on lines, on orders and
in lines of their own, some of which name a line that is not there; gift cards, bundles, orders without lines; three currencies;
refunds of lines, of shipping, of nothing, of orders nobody knows; moments around midnight and around clock changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

PRODUCTS = [
    {"product_id": "A", "category": "Lamps", "size": "S"},
    {"product_id": "B", "category": "Lamps"},
    {"product_id": "C", "category": "Chairs"},
    {"product_id": "D", "category": None},
    {"product_id": "GIFT", "category": "Cards", "is_gift_card": True},
]
FIRST = datetime(2023, 11, 20)
DAYS = 480
CUSTOMERS = [
    {"customer_id": "c1", "email": "One@shop.example", "phone": "+44 1"},
    {"customer_id": "c2", "email": "two@shop.example"},
    {"customer_id": "c3", "phone": "(44) 3"},
]


def random_shop(random: Random, orders: int = 30, timezone: str = "UTC") -> dict[str, list[dict[str, Any]]]:
    """Rows of canonical tables for a shop in EUR; the rates of USD are stated for every fifth day, those of JPY turned round."""
    tables: dict[str, list[dict[str, Any]]] = {
        "shops": [{"timezone": timezone}], "products": PRODUCTS, "customers": CUSTOMERS, "orders": [], "order_items": [],
        "discount_lines": [], "tax_lines": [],
        "shipping_lines": [], "refunds": [],
    }  # fmt: skip
    tables["exchange_rates"] = [
        row
        for step in range(0, DAYS + 260, 5)
        for row in (
            rate(step, "USD", "EUR", f"0.9{random.randrange(10, 99)}"),
            rate(step, "EUR", "JPY", f"16{random.randrange(0, 9)}.{random.randrange(10, 99)}"),
        )
    ]
    for number in range(orders):
        _order(random, tables, f"o{number:02}")
    for number in range(random.randrange(3)):
        unknown = random.choice([None, "nobody-knows"])
        refund = {"refund_id": f"free{number}", "line_id": "1", "order_id": unknown, "kind": "goodwill"}
        tables["refunds"].append(
            refund
            | {"amount": cents(random, 2000), "refunded_at": moment(random), "country": random.choice(["FR", None])}
        )
        tables["discount_lines"].append(
            {
                "line_id": f"free{number}",
                "order_id": unknown,
                "amount": cents(random, 500),
                "applied_at": moment(random),
            }
        )
        charge = {
            "line_id": f"free{number}",
            "order_id": unknown,
            "amount": cents(random, 900),
            "charged_at": moment(random),
        }
        tables["shipping_lines"].append(charge | {"currency": random.choice([None, "USD"])})
    return tables


def rate(step: int, of: str, into: str, value: str) -> dict[str, Any]:
    return {
        "day": (FIRST - timedelta(days=7) + timedelta(days=step)).date().isoformat(),
        "from_currency": of,
        "to_currency": into,
        "rate": value,
    }


def cents(random: Random, most: int) -> str:
    return f"{random.randrange(1, most) / 100:.2f}"


def moment(random: Random, after: datetime = FIRST, days: int = DAYS) -> str:
    hour, minute = random.choice([(0, 15), (23, 30), (22, 59), (12, 0), (1, 30), (9, 5), (18, 45)])
    return f"{(after + timedelta(days=random.randrange(days))).replace(hour=hour, minute=minute):%Y-%m-%d %H:%M:%S}"


def _order(random: Random, tables: dict[str, list[dict[str, Any]]], order_id: str) -> None:
    placed = moment(random)
    currency = random.choices(["EUR", "USD", "JPY"], [6, 2, 1])[0]
    whole = currency == "JPY"

    def money(most: int) -> str:
        return str(random.randrange(1, most)) if whole else cents(random, most)

    order: dict[str, Any] = {
        "order_id": order_id, "placed_at": placed, "currency": currency, "country": random.choice(["FR", "DE", None]),
        "channel": random.choice(["web", "retail", None]), "traffic_source": random.choice(["paid", "organic"]),
        "prices_include_tax": random.random() < 0.4,
        "order_status": random.choices(["completed", "pending", "refunded", "cancelled"], [8, 1, 1, 1])[0],
        "is_test": random.random() < 0.04, "is_deleted": random.random() < 0.04,
    }  # fmt: skip
    if currency != "EUR" and random.random() < 0.5:
        order["exchange_rate"] = f"0.{random.randrange(100, 999)}"
    who = random.randrange(8)
    if who < 3:
        order["customer_id"] = f"c{random.randrange(1, 6)}"
        order["email"] = random.choice([None, f"mail{random.randrange(3)}@shop.example"])
    elif who < 6:
        order["email"] = random.choice(
            [" ONE@shop.example ", "two@shop.example", "mail1@shop.example", "guest@x.example", "", None]
        )
        order["phone"] = random.choice(["44-3", "44 9", "", None])
    if random.random() < 0.4:
        order["discount_amount"] = money(300)
    lines = [f"{number}" for number in range(1, random.choice([1, 1, 2, 3, 4]) + 1)] if random.random() < 0.94 else []
    tax = random.choice(["none", "line", "order", "split", "split by line"])
    for line_id in lines:
        product = random.choice(["A", "A", "B", "C", "D", "GIFT", None])
        item: dict[str, Any] = {
            "order_id": order_id, "line_id": line_id, "product_id": product, "quantity": random.choice(["1", "2", "3", "0.5"]),
            "unit_price": money(9000), "size": random.choice(["S", "L", None]),
        }  # fmt: skip
        if random.random() < 0.3:
            item["discount_amount"] = money(40)
        if tax == "line":
            item["tax_amount"] = money(60)
        if random.random() < 0.6:
            item["unit_cost"] = money(3000)
        if product == "C" and random.random() < 0.5:
            item["parent_line_id"] = random.choice(lines)
        item["is_gift_card"] = random.random() < 0.05
        tables["order_items"].append(item)
    if tax == "order":
        order["tax_amount"] = money(200)
    elif tax.startswith("split"):
        for number, line_id in enumerate([*lines, "not there"]):
            part = {"order_id": order_id, "line_id": f"t{number}", "amount": money(50)}
            tables["tax_lines"].append(part | ({"order_line_id": line_id} if tax == "split by line" else {}))
    for number in range(random.choice([0, 0, 1, 2])):
        part = {"line_id": f"{order_id}d{number}", "order_id": order_id, "amount": money(90)}
        tables["discount_lines"].append(part | {"order_line_id": random.choice([None, "1", "9"])})
    _shipping(random, tables, order, money)
    tables["orders"].append(order)
    _refunds(random, tables, order, lines, money)


def _shipping(random: Random, tables: dict[str, list[dict[str, Any]]], order: dict[str, Any], money: Any) -> None:
    if random.random() < 0.4:
        order |= {"shipping_amount": money(700), "shipping_tax_amount": random.choice([None, money(90)])}
    for number in range(random.choice([0, 0, 1, 2])):
        late = f"{datetime.fromisoformat(order['placed_at']) + timedelta(days=40):%Y-%m-%d %H:%M:%S}"
        charge = {"line_id": f"{order['order_id']}s{number}", "order_id": order["order_id"]}
        charge |= {"amount": ("-" if number else "") + money(600), "tax_amount": random.choice(["0", money(80)])}
        tables["shipping_lines"].append(charge | {"charged_at": random.choice([None, order["placed_at"], late])})


def _refunds(
    random: Random, tables: dict[str, list[dict[str, Any]]], order: dict[str, Any], lines: Sequence[str], money: Any
) -> None:
    for number in range(random.choice([0, 0, 0, 1, 2])):
        kind = random.choice(["goods", "goods", "goodwill", "shipping", "gift_card"])
        refund: dict[str, Any] = {
            "refund_id": f"{order['order_id']}r{number}", "line_id": "1", "order_id": order["order_id"], "kind": kind,
            "refunded_at": moment(random, datetime.fromisoformat(order["placed_at"]), 200), "tax_amount": random.choice(["0", money(40)]),
            "currency": random.choice([None, order["currency"], "EUR"]),
        }  # fmt: skip
        if kind == "shipping":
            refund["shipping_amount"] = money(500)
        else:
            refund["amount"] = money(2000)
        if kind == "goods" and lines:
            refund |= {"order_line_id": random.choice(lines), "quantity": "1"}
            refund["product_id"] = random.choice([None, "B"])
        tables["refunds"].append(refund)
