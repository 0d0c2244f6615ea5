"""Traps of joins: facts of an order that multiply each other (fan-out), and facts that share only a dimension (chasm)."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from tests.support.shops import line, make_shop, order

D = Decimal
EVERY_SALE = "gross_sales,discounts,returned_sales,net_sales,taxes,shipping_charges,total_sales,revenue,units_sold,orders,customers"


def test_an_order_with_many_of_everything_is_counted_once(tmp_path: Path) -> None:
    """Fan-out: joined row by row, this order would count 3 × 2 × 2 × 2 × 3 × 2 times.

    order o1, 100.00 of goods
      3 lines            40.00 + 30.00 + 30.00      2 discount lines    6.00 + 4.00
      2 payments         50.00 + 52.50              2 shipping lines    5.00 + 7.50, tax 1.00 + 1.50
      3 tax lines        3 × 4.00 (no tax besides)  2 refunds           10.00 and 2.00
    """
    tables = {
        "orders": [order("o1", "2024-05-06 10:00:00", customer_id="ann")],
        "order_items": [line("o1", "1", "A", 4, "10"), line("o1", "2", "B", 1, "30"), line("o1", "3", "B", 1, "30")],
        "payments": [
            {"line_id": "p1", "order_id": "o1", "amount": "50", "paid_at": "2024-05-06"},
            {"line_id": "p2", "order_id": "o1", "amount": "52.50", "paid_at": "2024-05-07"},
        ],
        "discount_lines": [
            {"line_id": "d1", "order_id": "o1", "amount": "6"}, {"line_id": "d2", "order_id": "o1", "amount": "4"},
        ],
        "shipping_lines": [
            {"line_id": "s1", "order_id": "o1", "amount": "5", "tax_amount": "1"},
            {"line_id": "s2", "order_id": "o1", "amount": "7.50", "tax_amount": "1.50"},
        ],
        "tax_lines": [{"order_id": "o1", "line_id": f"t{n}", "amount": "4"} for n in range(3)],
        "refunds": [
            {"refund_id": "r1", "line_id": "1", "order_id": "o1", "order_line_id": "1", "amount": "10", "refunded_at": "2024-05-09"},
            {"refund_id": "r2", "line_id": "1", "order_id": "o1", "kind": "goodwill", "amount": "2", "refunded_at": "2024-05-09"},
        ],
        "customers": [{"customer_id": "ann", "email": "a@x.example"}, {"customer_id": "bob", "email": "a@x.example"}],
    }  # fmt: skip
    expected = {
        "gross_sales": D(100), "discounts": D(10), "returned_sales": D(12), "net_sales": D(78), "taxes": D("14.50"),
        "shipping_charges": D("12.50"), "total_sales": D(105), "revenue": D(90), "units_sold": D(6), "orders": 1, "customers": 1,
    }  # fmt: skip
    with make_shop(tmp_path, tables) as shop:
        assert shop.query(EVERY_SALE).to_records() == [expected]
        for dimension in ("product_id", "customer_id", "weekday", "hour", "order_id"):
            answer = shop.query(EVERY_SALE, by=dimension)
            assert answer.totals == expected
            for name in ("gross_sales", "discounts", "returned_sales", "taxes", "shipping_charges", "units_sold"):
                assert sum(row[name] for row in answer.to_records()) == expected[name]


def test_orders_and_marketing_spend_do_not_multiply_each_other(tmp_path: Path) -> None:
    """Chasm: two facts that share campaign and day. Three orders by two spends would be six rows.

    campaign   orders (first orders)          spend
    spring     o1 10.00, o2 20.00, o3 30.00   5.00 + 7.00
    autumn     –                              9.00
    –          o4 40.00                       –
    """
    tables = {
        "orders": [
            order("o1", "2024-05-06", customer_id="a", campaign_id="spring"),
            order("o2", "2024-05-06", customer_id="b", campaign_id="spring"),
            order("o3", "2024-05-07", customer_id="c", campaign_id="spring"),
            order("o4", "2024-05-07", customer_id="d"),
        ],
        "order_items": [line(f"o{n}", "1", "A", 1, str(n * 10)) for n in (1, 2, 3, 4)],
        "marketing_spend": [
            {"line_id": "1", "day": "2024-05-06", "amount": "5", "currency": "EUR", "campaign_id": "spring"},
            {"line_id": "2", "day": "2024-05-06", "amount": "7", "currency": "EUR", "campaign_id": "spring"},
            {"line_id": "3", "day": "2024-05-07", "amount": "9", "currency": "EUR", "campaign_id": "autumn"},
        ],
    }  # fmt: skip
    with make_shop(tmp_path, tables) as shop:
        answer = shop.query("revenue,marketing_spend,customer_acquisition_cost", by="campaign_id")
        assert {row.pop("campaign_id"): row for row in answer.to_records()} == {
            "spring": {"revenue": D(60), "marketing_spend": D(12), "customer_acquisition_cost": 4.0},
            "autumn": {"revenue": D(0), "marketing_spend": D(9), "customer_acquisition_cost": None},
            None: {"revenue": D(40), "marketing_spend": None, "customer_acquisition_cost": None},
        }
        assert answer.totals == {"revenue": D(100), "marketing_spend": D(21), "customer_acquisition_cost": 5.25}
        days = shop.query("revenue,marketing_spend", grain="day").to_records()
        assert [(row["revenue"], row["marketing_spend"]) for row in days] == [(D(30), D(12)), (D(70), D(9))]


def test_names_that_are_not_unique_double_nothing(tmp_path: Path) -> None:
    """Two products share a name, two shops share ids of orders, products and customers: keys join, names only label.

    shop  order  product  name
    one   1      A        Lamp    10.00
    one   1      B        Lamp     5.00
    two   1      A        Chair    7.00
    """
    tables = {
        "shops": [{"shop_id": "one"}, {"shop_id": "two"}],
        "products": [
            {"shop_id": "one", "product_id": "A", "product_name": "Lamp"}, {"shop_id": "one", "product_id": "B", "product_name": "Lamp"},
            {"shop_id": "two", "product_id": "A", "product_name": "Chair"},
        ],
        "orders": [
            order("1", "2024-05-06", shop_id="one", customer_id="c"), order("1", "2024-05-07", shop_id="two", customer_id="c"),
        ],
        "order_items": [
            line("1", "1", "A", 1, "10", shop_id="one"), line("1", "2", "B", 1, "5", shop_id="one"),
            line("1", "1", "A", 1, "7", shop_id="two"),
        ],
    }  # fmt: skip
    with make_shop(tmp_path, tables) as shop:
        rows = shop.query("revenue,orders,customers", by="product").to_records()
        assert rows == [
            {"product": "Lamp", "revenue": D(15), "orders": 1, "customers": 1},
            {"product": "Chair", "revenue": D(7), "orders": 1, "customers": 1},
        ]
        assert shop.query("orders,customers").to_records() == [{"orders": 2, "customers": 2}]
        by_shop = shop.query("revenue", by="shop").to_records()
        assert {row["shop"]: row["revenue"] for row in by_shop} == {"one": D(15), "two": D(7)}


@pytest.mark.parametrize("grain", ["day", "week", "month", "quarter", "year"])
def test_distinct_customers_of_a_year_are_not_the_sum_of_its_parts(tmp_path: Path, grain: str) -> None:
    """ann buys every week of eight, bob once: two customers in all, at every grain."""
    days = [f"2024-0{1 + week // 4}-{1 + 7 * (week % 4):02}" for week in range(8)]
    tables = {
        "orders": [
            *(order(f"a{n}", day, customer_id="ann") for n, day in enumerate(days)),
            order("b", days[3], customer_id="bob"),
        ],
        "order_items": [*(line(f"a{n}", "1", "A", 1, "1") for n in range(8)), line("b", "1", "A", 1, "1")],
    }
    with make_shop(tmp_path, tables) as shop:
        answer = shop.query("customers,orders", grain=grain)
        parts = [row["customers"] for row in answer.to_records()]
        assert answer.totals == {"customers": 2, "orders": 9}
        assert sum(parts) == {"day": 9, "week": 9, "month": 3, "quarter": 2, "year": 2}[grain]


def test_unknown_values_are_a_group_that_no_filter_loses(tmp_path: Path) -> None:
    """country  channel  revenue: FR web 1, FR – 2, – web 4, – – 8."""
    cells = [("1", "FR", "web"), ("2", "FR", None), ("4", None, "web"), ("8", None, None)]
    tables = {
        "orders": [
            order(f"o{price}", "2024-05-06", country=country, channel=channel) for price, country, channel in cells
        ],
        "order_items": [line(f"o{price}", "1", None, 1, price) for price, _, _ in cells],  # type: ignore[arg-type]
    }
    with make_shop(tmp_path, tables) as shop:
        rows = shop.query("revenue", by="country,channel").to_records()
        assert {(row["country"], row["channel"]): row["revenue"] for row in rows} == {(c, h): D(p) for p, c, h in cells}

        def revenue(*where: str) -> Decimal:
            return D(shop.query("revenue", where=where).to_records()[0]["revenue"])

        assert revenue("country!=FR") == D(12)
        assert revenue("country not in (FR, DE)") == D(12)
        assert revenue("country!=FR", "channel is null") == D(8)
        assert revenue("country is null", "channel!=web") == D(8)
        assert revenue("country~r") == D(3)
        top = shop.query("revenue", by="country", limit=1, others=True).to_records()
        assert top == [{"country": None, "revenue": D(12)}, {"country": "(all others)", "revenue": D(3)}]
        assert shop.query("revenue", by="product_id", limit=1).to_records() == [{"product_id": None, "revenue": D(15)}]
        pair = shop.query("revenue", by="country,channel", grain="month", limit=1, others=True).to_records()
        assert [row["revenue"] for row in pair] == [D(8), D(7)]
