"""Every sales metric on one small shop, worked out by hand.

        placed        customer  country  line              qty × price  line disc.  cost each   revenue
o1   Thu  1 Feb 2024  ann       FR       1  A (Lamps)       2 × 10.00                 4.00        18.00  ┐ 5.00 off the order, by
                                         2  B (Lamps)       1 × 30.00                10.00        27.00  ┘ value: 2.00 and 3.00
o2   Fri  2 Feb       ann       DE       1  A               1 × 10.00     1.00          –          9.00
o3   Fri  1 Mar       bob       FR       1  C (Chairs)      4 × 25.00                20.00       100.00
o4   Sat  2 Mar       –         –        1  A               1 × 12.00                 0.00        12.00
o5   Sat  2 Mar       bob       FR       1  B               1 × 30.00   cancelled: outside every figure but its own

o1 pays 4.50 shipping and 9.00 tax (by value over what is paid: 3.60 and 5.40); o3 pays 20.00 tax on its line. On 5 March ann
gets back B of o1: 27.00 and 5.40 tax; bob gets back 4.00 of o3 and his shipping of nothing. So, for all time:

gross 20+30+10+100+12 = 172   discounts 5+1 = 6   returns 27+4 = 31   net 135   taxes 9+20−5.40 = 23.60   shipping 4.50
total 163.10   revenue 18+27+9+100+12 = 166   cost 8+10+80+0 = 98 over lines with revenue 157: profit 59, margin 37.58 %,
coverage 94.58 %   units 9   orders 4   items per order 2.25   AOV 41.50   customers ann, bob: 83.00 each
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from tests.support.shops import line, make_shop, order

from tillsight.domains.registry import catalogue
from tillsight.shop import Shop

D = Decimal

TABLES: dict[str, list[dict[str, Any]]] = {
    "products": [
        {"product_id": "A", "product_name": "Small lamp", "category": "Lamps"},
        {"product_id": "B", "product_name": "Large lamp", "category": "Lamps"},
        {"product_id": "C", "product_name": "Chair", "category": "Chairs"},
    ],
    "orders": [
        order("o1", "2024-02-01 10:00:00", customer_id="ann", country="FR", discount_amount="5", shipping_amount="4.50", tax_amount="9"),
        order("o2", "2024-02-02 11:00:00", customer_id="ann", country="DE"),
        order("o3", "2024-03-01 10:30:00", customer_id="bob", country="FR"),
        order("o4", "2024-03-02 23:00:00"),
        order("o5", "2024-03-02 12:00:00", customer_id="bob", country="FR", order_status="cancelled"),
    ],
    "order_items": [
        line("o1", "1", "A", 2, "10", unit_cost="4"),
        line("o1", "2", "B", 1, "30", unit_cost="10"),
        line("o2", "1", "A", 1, "10", discount_amount="1"),
        line("o3", "1", "C", 4, "25", unit_cost="20", tax_amount="20"),
        line("o4", "1", "A", 1, "12", unit_cost="0"),
        line("o5", "1", "B", 1, "30", unit_cost="10"),
    ],
    "refunds": [
        {
            "refund_id": "r1", "line_id": "1", "order_id": "o1", "order_line_id": "2", "quantity": 1, "amount": "27",
            "tax_amount": "5.40", "refunded_at": "2024-03-05 09:00:00",
        },
        {"refund_id": "r2", "line_id": "1", "order_id": "o3", "kind": "goodwill", "amount": "4", "refunded_at": "2024-03-05 09:00:00"},
    ],
}  # fmt: skip

TOTALS: dict[str, Any] = {
    "gross_sales": D(172), "discounts": D(6), "returned_sales": D(31), "net_sales": D(135), "taxes": D("23.60"),
    "shipping_charges": D("4.50"), "total_sales": D("163.10"), "revenue": D(166), "cost_of_goods_sold": D(98),
    "gross_profit": D(59), "gross_margin_rate": 59 / 157 * 100, "cost_coverage_rate": 157 / 166 * 100, "orders": 4,
    "units_sold": D(9), "items_per_order": 2.25, "average_order_value": 41.5, "revenue_per_customer": 83.0,
    "sales_growth_rate": None, "revenue_yoy": None, "product_contribution": 100.0, "product_velocity": 9 / 34,
    "cross_sell_rate": 25.0, "discount_rate": 6 / 172 * 100, "cancellation_rate": 20.0,
}  # fmt: skip

# a group is there where a metric has something to say
BY_COUNTRY: dict[str, dict[str | None, Any]] = {
    "gross_sales": {"FR": D(150), "DE": D(10), None: D(12)},
    "discounts": {"FR": D(5), "DE": D(1)},
    "returned_sales": {"FR": D(31)},
    "net_sales": {"FR": D(114), "DE": D(9), None: D(12)},
    "taxes": {"FR": D("23.60")},
    "shipping_charges": {"FR": D("4.50")},
    "total_sales": {"FR": D("142.10"), "DE": D(9), None: D(12)},
    "revenue": {"FR": D(145), "DE": D(9), None: D(12)},
    "cost_of_goods_sold": {"FR": D(98), None: D(0)},
    "gross_profit": {"FR": D(47), None: D(12)},
    "gross_margin_rate": {"FR": 47 / 145 * 100, None: 100.0},
    "cost_coverage_rate": {"FR": 100.0, "DE": 0.0, None: 100.0},
    "orders": {"FR": 2, "DE": 1, None: 1},
    "units_sold": {"FR": D(7), "DE": D(1), None: D(1)},
    "items_per_order": {"FR": 3.5, "DE": 1.0, None: 1.0},
    "average_order_value": {"FR": 72.5, "DE": 9.0, None: 12.0},
    "revenue_per_customer": {"FR": 72.5, "DE": 9.0, None: None},
    "sales_growth_rate": {"FR": None, "DE": None, None: None},
    "revenue_yoy": {"FR": None, "DE": None, None: None},
    "product_contribution": {"FR": 145 / 166 * 100, "DE": 9 / 166 * 100, None: 12 / 166 * 100},
    "product_velocity": {"FR": 7 / 34, "DE": 1 / 34, None: 1 / 34},
    "cross_sell_rate": {"FR": 50.0, "DE": 0.0, None: 0.0},
    "discount_rate": {"FR": 5 / 150 * 100, "DE": 10.0, None: 0.0},
    "cancellation_rate": {"FR": 100 / 3, "DE": 0.0, None: 0.0},
}

BY_MONTH: dict[str, tuple[Any, Any]] = {
    "gross_sales": (D(60), D(112)), "discounts": (D(6), D(0)), "returned_sales": (D(0), D(31)), "net_sales": (D(54), D(81)),
    "taxes": (D(9), D("14.60")), "shipping_charges": (D("4.50"), D(0)), "total_sales": (D("67.50"), D("95.60")),
    "revenue": (D(54), D(112)), "cost_of_goods_sold": (D(18), D(80)), "gross_profit": (D(27), D(32)),
    "gross_margin_rate": (60.0, 32 / 112 * 100), "cost_coverage_rate": (45 / 54 * 100, 100.0), "orders": (2, 2),
    "units_sold": (D(4), D(5)), "items_per_order": (2.0, 2.5), "average_order_value": (27.0, 56.0),
    "revenue_per_customer": (54.0, 112.0),
    # March has data to the 5th: 112.00 against 1–5 February, 54.00
    "sales_growth_rate": (None, 58 / 54 * 100), "revenue_yoy": (None, None),
    "product_velocity": (4 / 29, 1.0), "cross_sell_rate": (50.0, 0.0), "discount_rate": (10.0, 0.0),
    "cancellation_rate": (0.0, 100 / 3),
}  # fmt: skip


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with make_shop(tmp_path_factory.mktemp("shop"), TABLES) as made:
        yield made


def equal(found: Any, expected: Any) -> bool:
    if isinstance(expected, float) and found is not None:
        return bool(found == pytest.approx(expected, rel=1e-12))
    return bool(found == expected)


def test_every_sales_metric_has_an_example() -> None:
    names = {metric.name for metric in catalogue().metrics.values() if metric.domain == "sales"}
    assert names == set(TOTALS) == set(BY_COUNTRY)
    assert names - set(BY_MONTH) == {"product_contribution"}


@pytest.mark.feature("SAL-01", "SAL-02", "SAL-03")
@pytest.mark.parametrize("name", TOTALS)
def test_of_all_time_and_by_country(shop: Shop, name: str) -> None:
    """The total of a ratio or a distinct count is asked for as such; unknown values are a group of their own."""
    answer = shop.query(name, by="country")
    assert answer.totals is not None
    assert equal(answer.totals[name], TOTALS[name])
    if name != "product_contribution":
        assert equal(shop.query(name).to_records()[0][name], TOTALS[name])
    found = {row["country"]: row[name] for row in answer.to_records()}
    assert set(found) == set(BY_COUNTRY[name])
    assert all(equal(found[key], value) for key, value in BY_COUNTRY[name].items())


@pytest.mark.feature("SAL-04")
@pytest.mark.parametrize("name", BY_MONTH)
def test_by_month(shop: Shop, name: str) -> None:
    answer = shop.query(name, grain="month")
    found = tuple(row[name] for row in answer.to_records())
    assert len(found) == 2
    assert all(equal(one, expected) for one, expected in zip(found, BY_MONTH[name], strict=True))
    assert answer.totals is not None
    assert equal(answer.totals[name], TOTALS[name])
    assert [bucket.partial for bucket in answer.buckets] == [False, True]


@pytest.mark.feature("SAL-03")
def test_top_sellers_and_what_they_contribute(shop: Shop) -> None:
    """A: 18 + 9 + 12 = 39 in 4 units, B 27 in 1, C 100 in 4, of 166."""
    rows = shop.query("revenue,units_sold,product_contribution,product_velocity", by="product").to_records()
    assert [(row["product"], row["revenue"], row["units_sold"]) for row in rows] == [
        ("Chair", D(100), D(4)), ("Small lamp", D(39), D(4)), ("Large lamp", D(27), D(1)),
    ]  # fmt: skip
    assert [row["product_contribution"] for row in rows] == pytest.approx([100 / 1.66, 39 / 1.66, 27 / 1.66])
    assert sum(row["product_contribution"] for row in rows) == pytest.approx(100)


def test_a_share_is_one_of_its_category(shop: Shop) -> None:
    """By category and product, a product is a share of its category: A 39 of the lamps' 66."""
    rows = shop.query("product_contribution", by="category,product_id").to_records()
    assert {row["product_id"]: row["product_contribution"] for row in rows} == pytest.approx(
        {"A": 39 / 66 * 100, "B": 27 / 66 * 100, "C": 100.0}
    )


def test_a_filter_on_the_last_dimension_chooses_shares_and_does_not_change_them(shop: Shop) -> None:
    answer = shop.query("product_contribution,revenue", by="product_id", where="product_id=A")
    assert answer.to_records() == [
        {"product_id": "A", "product_contribution": pytest.approx(39 / 1.66), "revenue": D(39)}
    ]
    assert answer.totals == {"product_contribution": pytest.approx(39 / 1.66), "revenue": D(39)}
    other = shop.query("product_contribution", by="product_id", where="country=FR").to_records()
    assert {row["product_id"]: row["product_contribution"] for row in other} == pytest.approx(
        {"A": 18 / 145 * 100, "B": 27 / 145 * 100, "C": 100 / 1.45}
    )


@pytest.mark.parametrize("grain", [None, "month"])
def test_the_shares_of_the_top_and_of_the_rest_are_of_everything(shop: Shop, grain: str | None) -> None:
    answer = shop.query("product_contribution", by="product_id", grain=grain, limit=1, others=True)
    by_bucket: dict[Any, float] = {}
    for row in answer.to_records():
        by_bucket[row.get("month")] = by_bucket.get(row.get("month"), 0) + row["product_contribution"]
    assert all(value == pytest.approx(100) for value in by_bucket.values())
    march = [row for row in answer.to_records() if grain is None or row["month"].month == 3]
    assert march[0]["product_contribution"] == pytest.approx(100 / 1.66 if grain is None else 100 / 1.12)


@pytest.mark.feature("SAL-04")
def test_peak_hours_and_weekdays(shop: Shop) -> None:
    """o1 and o3 fall into the hour of ten; Friday has o2 and o3, Saturday o4."""
    hours = {row["hour"]: row["orders"] for row in shop.query("orders", by="hour").to_records()}
    assert hours == {10: 2, 11: 1, 23: 1}
    days = shop.query("orders,revenue", by="weekday")
    assert [(row["weekday"], row["orders"], row["revenue"]) for row in days.to_records()] == [
        (3, 1, D(45)), (4, 2, D(109)), (5, 1, D(12)),
    ]  # fmt: skip
    assert days.columns[0].labels[3] == "Thursday"
    assert shop.query("orders", where="weekday=Friday").to_records() == [{"orders": 2}]


def test_new_and_returning_orders(shop: Shop) -> None:
    """o1 and o3 are first orders, o2 is ann's second, o4 has no customer."""
    rows = shop.query("orders,revenue", by="customer_type").to_records()
    assert {row["customer_type"]: (row["orders"], row["revenue"]) for row in rows} == {
        "new": (2, D(145)), "returning": (1, D(9)), None: (1, D(12)),
    }  # fmt: skip
