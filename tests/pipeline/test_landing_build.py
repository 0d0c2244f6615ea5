"""Loads and the release that comes of them: repeated, cut, in any order, corrected."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

import tillsight
from tillsight.shop import Shop

HEADER = "order_id,order_date,customer_id,sku,product_name,quantity,price\n"
FIRST = "1,2024-01-30,C1,A,apple,2,3.00\n1,2024-01-30,C1,A,apple,2,3.00\n1,2024-01-30,C1,B,bean,1,2.50\n"
SECOND = "2,2024-01-31,C2,A,apple,1,3.00\n3,2024-02-01,,B,bean,4,2.50\n"
PRODUCTS = "sku,product_name,category,unit_cost\nA,Apple,Fruit,1.20\nB,Bean,Vegetables,0.50\n"
KNOWN = "2024-06-30"


@pytest.fixture
def make(tmp_path: Path) -> Any:
    """Load texts one after the other into a new workspace and build it."""
    count = 0

    def made(*loads: tuple[str, str] | tuple[str, str, dict[str, Any]]) -> Shop:
        nonlocal count
        count += 1
        folder = tmp_path / str(count)
        folder.mkdir()
        (folder / "tillsight.toml").write_text('currency = "GBP"\ntimezone = "Europe/London"\n')
        shop = tillsight.open(folder)
        for number, (name, content, *more) in enumerate(loads):
            file = tmp_path / f"{count}-{number}" / name
            file.parent.mkdir()
            file.write_text(content)
            shop.load(file, **({"as_of": KNOWN} | (more[0] if more else {})))
        shop.build()
        return shop

    return made


def rows(shop: Shop, table: str, *columns: str) -> list[tuple[Any, ...]]:
    files = sorted((shop.path / "releases").glob(f"*/{table}/*.parquet"))
    names = ", ".join(columns)
    return duckdb.sql(f"SELECT {names} FROM read_parquet({[str(file) for file in files]}) ORDER BY ALL").fetchall()


def figures(shop: Shop) -> tuple[Any, ...]:
    answer = shop.query(["revenue", "orders", "units_sold"], period="all").to_pandas()
    items = rows(shop, "order_items", "order_id", "line_id", "product_id", "quantity", "unit_price")
    return (
        *(float(value) for value in answer.iloc[0]),
        items,
        rows(shop, "orders", "order_id", "placed_at", "customer_id"),
    )


def test_repeated_cut_and_in_any_order_it_is_the_same_release(make: Any) -> None:
    whole = figures(make(("sales.csv", HEADER + FIRST + SECOND)))
    assert whole[:3] == (27.5, 3, 10)
    assert len(whole[3]) == 5
    assert figures(make(("sales.csv", HEADER + FIRST + SECOND), ("again.csv", HEADER + FIRST + SECOND))) == whole
    assert figures(make(("a.csv", HEADER + FIRST), ("b.csv", HEADER + SECOND))) == whole
    assert figures(make(("b.csv", HEADER + SECOND), ("a.csv", HEADER + FIRST))) == whole


@pytest.mark.parametrize("order", [1, -1])
def test_a_product_file_goes_before_what_sales_say_in_any_order(order: int, make: Any) -> None:
    shop = make(*[("products.csv", PRODUCTS), ("sales.csv", HEADER + FIRST)][::order])
    assert rows(shop, "products", "product_id", "product_name", "category", "unit_cost") == [
        ("A", "Apple", "Fruit", Decimal("1.20")),
        ("B", "Bean", "Vegetables", Decimal("0.50")),
    ]


def test_a_corrected_file_takes_the_place_of_the_first(make: Any) -> None:
    corrected = HEADER + FIRST.replace("1,2024-01-30,C1,B,bean,1,2.50\n", "")
    shop = make(
        ("sales.csv", HEADER + FIRST),
        ("corrected.csv", corrected, {"as_of": "2024-07-31", "replaces": [{"file": "sales.csv"}]}),
    )
    assert figures(shop)[0] == 12.0
    # Without saying so, the line that is gone would stay: nothing takes its place.
    shop = make(("sales.csv", HEADER + FIRST), ("corrected.csv", corrected, {"as_of": "2024-07-31"}))
    assert figures(shop)[0] == 14.5


def test_what_is_known_later_wins_whenever_it_is_loaded(make: Any) -> None:
    early = ("orders.csv", "order_id,order_date,status\n1,2024-01-30,pending\n", {"as_of": "2024-02-01"})
    late = ("orders.csv", "order_id,order_date,status\n1,2024-01-30,cancelled\n", {"as_of": "2024-03-01"})
    for loads in ((early, late), (late, early)):
        assert rows(make(*loads), "orders", "order_status") == [("cancelled",)]
