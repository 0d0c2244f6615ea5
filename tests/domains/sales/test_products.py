"""Classes, speeds and quadrants of products: each figure computed by hand, and what a reader must be told."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from tests.support.shops import line, make_shop, order

from tillsight.core.errors import QuestionError
from tillsight.core.scope import Scope
from tillsight.shop import Shop

D = Decimal
PRICES = {"A": 500, "B": 300, "C": 100, "D": 50, "E": 25, "F": 15, "G": 5, "H": 3, "I": 1, "J": 1}
"""Revenue of ten products in March, one unit each: 1,000 in all."""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """March: each product once, at its price; costs are 60 % of it, of C unknown. Z was sold in January alone; A ten more
    times in February. The data reach to 31 March. J was first sold on 22 March.
    """
    tables: dict[str, list[dict[str, object]]] = {"orders": [], "order_items": [], "products": []}
    for product in (*PRICES, "Z"):
        tables["products"].append({"product_id": product, "product_name": f"Product {product}", "category": "Things"})

    def sold(number: str, day: str, product: str, units: int, price: str, **more: object) -> None:
        tables["orders"].append(order(number, day))
        tables["order_items"].append(
            line(number, "1", product, units, price, product_name=f"Product {product}", **more)
        )

    sold("z", "2024-01-10", "Z", 3, "10", unit_cost="4")
    sold("a", "2024-02-10", "A", 10, "1", unit_cost="0.5")
    for product, price in PRICES.items():
        cost = {} if product == "C" else {"unit_cost": str(D(price) * D("0.6"))}
        day = {"J": "2024-03-22", "I": "2024-03-31"}.get(product, "2024-03-05")
        sold(f"m-{product}", day, product, 1, str(price), **cost)
    sold("more", "2024-03-20", "B", 4, "0.01", unit_cost="0.01")
    with make_shop(tmp_path_factory.mktemp("shop"), tables) as shop:
        yield shop


MARCH: dict[str, Any] = {"start": "2024-03-01", "end": "2024-03-31"}


@pytest.mark.feature("SAL-07")
def test_abc_by_rank_is_a_fifth_three_tenths_and_a_half_of_the_products(shop: Shop) -> None:
    answer = shop.analyse("sales.abc", **MARCH)
    rows = answer.to_records()
    assert [row["product_id"] for row in rows] == list("ABCDEFGHIJ")
    assert "".join(row["abc"] for row in rows) == "AABBBCCCCC"
    assert rows[0]["share"] == pytest.approx(100 * 500 / 1000.04)
    assert rows[2]["cumulative_share"] == pytest.approx(100 * 900.04 / 1000.04)
    assert [row["revenue"] for row in rows[:2]] == [D("500.000000"), D("300.040000")]
    assert answer.totals is not None
    assert answer.totals["revenue"] == D("1000.04")
    assert answer.sentences[0]["text"] == "A: 2 products bring 80.0% of revenue."


@pytest.mark.feature("SAL-07")
def test_abc_cumulated_is_eighty_fifteen_and_five_per_cent_of_the_whole(shop: Shop) -> None:
    rows = shop.analyse("sales.abc", rule="cumulative", **MARCH).to_records()
    # C begins at 80.0008 %, D at 90.0 %, E at 95.0002 %
    assert "".join(row["abc"] for row in rows) == "AABBCCCCCC"
    only = shop.analyse("sales.abc", rule="cumulative", only="B", **MARCH).to_records()
    assert [row["product_id"] for row in only] == [row["product_id"] for row in rows if row["abc"] == "B"]


@pytest.mark.feature("SAL-07")
def test_abc_by_profit_ranks_unknown_profit_last(shop: Shop) -> None:
    rows = shop.analyse("sales.abc", measure="gross_profit", **MARCH).to_records()
    assert rows[-1]["product_id"] == "C"
    assert rows[-1]["gross_profit"] is None
    assert rows[-1]["abc"] == "C"
    assert rows[0]["gross_profit"] == D("200.000000")
    assert rows[0]["margin"] == pytest.approx(40)


@pytest.mark.feature("SAL-07")
def test_movers_by_units_a_day_on_sale(shop: Shop) -> None:
    answer = shop.analyse("sales.movers", **MARCH)
    rows = {row["product_id"]: row for row in answer.to_records()}
    # I was first sold on the last day: one unit on one day. J: one unit on ten days. B: five units on 27 days
    assert rows["I"]["velocity"] == pytest.approx(1)
    assert rows["J"]["velocity"] == pytest.approx(0.1)
    assert rows["B"]["velocity"] == pytest.approx(5 / 27)
    # A has been on sale since February: one unit on all 31 days
    assert rows["A"]["days_on_sale"] == 31
    assert rows["A"]["velocity"] == pytest.approx(1 / 31)
    assert {name for name, row in rows.items() if row["mover"] == "Fast"} == {"I", "B"}
    assert rows["Z"]["mover"] == "Not sold"
    assert rows["Z"]["days_since_sale"] == 81
    assert [row["product_id"] for row in shop.analyse("sales.movers", speed="still", **MARCH).to_records()] == ["Z"]
    assert answer.sentences[1]["text"] == "1 product that sold before has not sold in this period."


@pytest.mark.feature("SAL-07")
def test_quadrants_divide_at_the_median_of_units_and_the_margin_of_all(shop: Shop) -> None:
    answer = shop.analyse("sales.margins", start="2024-02-01", end="2024-03-31")
    rows = {row["product_id"]: row for row in answer.to_records()}
    assert set(rows) == set(PRICES) - {"C"}
    assert answer.totals is not None
    assert answer.totals["units"] == 1
    # 900.04 of March at 40 % (B's cheap four earn nothing), ten of February at 50 %
    assert answer.totals["margin"] == pytest.approx(100 * (360 + 5) / (900.04 + 10))
    assert rows["A"]["quadrant"] == "Much sold, high margin"
    assert rows["A"]["margin"] == pytest.approx(100 * 205 / 510)
    assert rows["B"]["quadrant"] == "Much sold, low margin"
    assert rows["D"]["quadrant"] == "Little sold, low margin"
    assert any("1 products with" in note["text"] and "left out" in note["text"] for note in answer.notes)


def test_rows_of_others_are_not_counted(shop: Shop) -> None:
    nobody = Scope(user="limited", rows=(("category", ("Other things",)),))
    for name in (
        "sales.abc",
        "sales.movers",
        "sales.margins",
        "sales.together",
        "sales.life_cycle",
        "sales.new_products",
        "sales.since_launch",
    ):
        assert shop.analyse(name, scope=nobody).to_records() == [], name


def test_a_choice_that_there_is_not_is_refused(shop: Shop) -> None:
    with pytest.raises(QuestionError, match="rank, cumulative"):
        shop.analyse("sales.abc", rule="pareto")
    with pytest.raises(QuestionError, match="At most 6 products"):
        shop.analyse("sales.since_launch", products="A,B,C,D,E,F,G")


def test_a_period_without_sales_says_so(shop: Shop) -> None:
    empty: dict[str, Any] = {"start": "2019-01-01", "end": "2019-01-31"}
    for name in (
        "sales.abc",
        "sales.movers",
        "sales.margins",
        "sales.together",
        "sales.life_cycle",
        "sales.new_products",
    ):
        answer = shop.analyse(name, **empty)
        assert answer.to_records() == [], name
        assert answer.sentences, name
