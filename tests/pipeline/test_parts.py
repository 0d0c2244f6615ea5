"""Parts of large tables: what more loads do not bear on stays as it is, and the release is the one a full build makes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

import pytest
from tests.pipeline.test_current import at, content, forget
from tests.support.random_shop import random_shop
from tests.support.shops import land, line, make_shop, order, write_settings

from tillsight.pipeline import parts
from tillsight.pipeline.build import Build
from tillsight.shop import Shop
from tillsight.vault import make_data_key
from tillsight.warehouse.duck import is_sealed, seal_folder

LEDGER = ("order_facts", "sales", "sales_by_hour", "sales_by_product")


@pytest.fixture
def empty(tmp_path: Path, in_parts: None) -> Iterator[Shop]:
    with make_shop(tmp_path, {}, build=False, limits={"rollup_rows": 0}) as shop:
        yield shop


def files(shop: Shop, name: str) -> set[str]:
    return set(shop.releases.current().manifest["tables"][name]["files"])


def months(*names: str) -> dict[str, list[dict[str, Any]]]:
    """Two orders of a customer in each of some months, named by month and number."""
    orders = [
        order(f"{month} {number}", f"{month}-0{number}", customer_id=f"c{number}", channel="web") for month in names for number in (1, 2)
    ]  # fmt: skip
    return {
        "orders": orders,
        "order_items": [line(str(one["order_id"]), "1", "A", 1, "10") for one in orders],
        "products": [{"product_id": "A", "category": "Lamps"}],
    }


def test_only_parts_that_are_touched_are_made_again(empty: Shop) -> None:
    """Three months, then a fourth with a correction in the second: the first and third stay, all through to the roll-ups."""
    land(empty, months("2024-01", "2024-02", "2024-03"), file="first.csv")
    empty.build()
    before = {name: files(empty, name) for name in LEDGER}
    assert {len(before[name]) for name in LEDGER} == {3, 4}, "the ledger has a file of entries beside"
    more = months("2024-04")
    del more["products"]
    more["order_items"].append(line("2024-02 2", "1", "A", 3, "10"))
    land(empty, more, known_at=at(1), file="more.csv")
    empty.build()
    for name in LEDGER:
        after = files(empty, name)
        assert len(after & before[name]) == 2, name
        assert len(after) == len(before[name]) + 1, name
    by_month = empty.query("revenue", grain="month", period="all").to_records()
    assert [row["revenue"] for row in by_month] == [20, 40, 20, 20]


def test_parts_of_an_encrypted_shop_stay_too(tmp_path: Path, in_parts: None) -> None:
    pytest.importorskip("duckdb_extension_httpfs", reason="encryption needs tillsight[encryption]")
    write_settings(tmp_path, encrypt=True)
    make_data_key(tmp_path)
    with make_shop(tmp_path, {}, build=False, encrypt=True) as shop:
        land(shop, months("2024-01", "2024-03"), file="first.csv")
        seal_folder(tmp_path, tmp_path / "landing", "1GB", 1)
        shop.build()
        before = files(shop, "order_facts")
        land(shop, months("2024-04"), known_at=at(1), file="more.csv")
        seal_folder(tmp_path, tmp_path / "landing", "1GB", 1)
        shop.build()
        assert len(before) == 2
        assert before < files(shop, "order_facts")
        assert all(is_sealed(tmp_path / file) for file in before)
        assert shop.query("orders", period="all").to_records() == [{"orders": 6}]


def test_a_late_order_touches_the_later_ones_of_its_customer(empty: Shop) -> None:
    """An order of January comes late: the customer's order of March becomes his second, and its part is made again; April stays."""
    land(empty, months("2024-03"), file="first.csv")
    others = [order(day, day, customer_id="other") for day in ("2024-02-05", "2024-04-05")]
    land(empty, {"orders": others}, file="other.csv")
    empty.build()
    before = files(empty, "order_facts")
    land(empty, {"orders": [order("late", "2024-01-05", customer_id="c1")]}, known_at=at(1), file="late.csv")
    empty.build()
    assert len(files(empty, "order_facts") & before) == 1, "April, of another customer"
    types = empty.query("orders", by="customer_type", start="2024-03-01", end="2024-03-31").to_records()
    assert {row["customer_type"]: row["orders"] for row in types} == {"returning": 1, "new": 1}


def test_a_first_order_leaves_what_was_cancelled_before_it(empty: Shop) -> None:
    """A cancelled order before the first that counts is of no cohort, so the first one, months later, does not touch it."""
    tables = months("2024-03")
    cancelled = order("x", "2024-01-05", customer_id="c9", order_status="cancelled")
    land(empty, tables | {"orders": [cancelled, *tables["orders"]]}, file="first.csv")
    empty.build()
    before = files(empty, "order_facts")
    land(empty, {"orders": [order("y", "2024-04-05", customer_id="c9")]}, known_at=at(1), file="more.csv")
    empty.build()
    assert len(before) == 2
    assert before < files(empty, "order_facts")
    rows = empty.query(["cancellation_rate", "orders"], by="cohort", period="all").to_records()
    assert {str(row["cohort"]): (row["cancellation_rate"], row["orders"]) for row in rows} == {
        "2024-03-01": (0, 2),
        "2024-04-01": (0, 1),
        "None": (100, 0),
    }


DISCOUNT = {"line_id": "d", "order_id": "2024-01 1", "amount": "2"}


@pytest.mark.parametrize(
    ("more", "left", "revenue"),
    [
        # of an order itself what order_customers does not have; its lines; and what names it
        ({"orders": [order("2024-03 1", "2024-03-01", customer_id="c1", channel="retail")]}, {"2024-01"}, [18, 20]),
        ({"order_items": [line("2024-03 1", "1", "A", 2, "10")]}, {"2024-01"}, [18, 30]),
        ({"discount_lines": [DISCOUNT | {"line_id": "e", "order_id": "2024-03 1"}]}, {"2024-01"}, [18, 18]),
        ({"tax_lines": [{"line_id": "t", "order_id": "2024-03 1", "amount": "1"}]}, {"2024-01"}, [18, 20]),
        # a discount that was said to be of one order, and is of another
        ({"discount_lines": [DISCOUNT | {"order_id": "2024-03 1"}]}, set(), [20, 18]),
    ],
    ids=["order", "line", "discount", "tax", "discount of another order"],
)  # fmt: skip
def test_what_names_an_order_touches_its_part(
    empty: Shop, more: dict[str, Any], left: set[str], revenue: list[int]
) -> None:
    land(empty, months("2024-01", "2024-03") | {"discount_lines": [DISCOUNT]}, file="first.csv")
    empty.build()
    before = {name for name in files(empty, "sales") if "lines" in name}
    land(empty, more, known_at=at(1), file="more.csv")
    empty.build()
    assert len(files(empty, "sales") & before) == len(left)
    rows = empty.query("revenue", grain="month", period="all").to_records()
    assert [row["revenue"] for row in rows if row["revenue"]] == revenue
    taxes = empty.query("taxes", start="2024-03-01", end="2024-03-31").to_records()[0]["taxes"]
    assert taxes == (1 if "tax_lines" in more else 0)
    if "orders" in more:
        by_channel = empty.query("revenue", by="channel", start="2024-03-01", end="2024-03-31").to_records()
        assert {row["channel"]: row["revenue"] for row in by_channel} == {"web": 10, "retail": 10}


@pytest.mark.parametrize(
    ("more", "settings", "stays"),
    [
        ({"products": [{"product_id": "A", "category": "Chairs"}]}, {}, False),
        ({"products": [{"product_id": "A", "category": "Lamps"}]}, {}, True),
        ({"refunds": [{"refund_id": "r", "line_id": "1", "order_id": "2024-01 1", "order_line_id": "1", "quantity": 1, "amount": "3",
                       "refunded_at": "2024-03-02", "kind": "goods"}]}, {}, True),
        ({"products": [{"product_id": "A", "category": "Lamps"}]}, {"timezone": "Asia/Tokyo"}, False),
    ],
)  # fmt: skip
def test_what_is_read_whole_decides_by_what_it_says(
    tmp_path: Path, in_parts: None, more: dict[str, Any], settings: dict[str, Any], stays: bool
) -> None:
    with make_shop(tmp_path, months("2024-01", "2024-03"), limits={"rollup_rows": 0}) as shop:
        before = {file for file in files(shop, "sales") if "lines" in file}
    with make_shop(tmp_path, {}, build=False, limits={"rollup_rows": 0}, **settings) as shop:
        land(shop, more, known_at=at(1), file="more.csv")
        shop.build()
        assert (before <= files(shop, "sales")) == stays
        assert shop.query("units_sold", period="all").to_records()[0]["units_sold"] == 4


def test_a_load_that_replaces_another_leaves_no_part(empty: Shop) -> None:
    land(empty, months("2024-01", "2024-03"), file="first.csv")
    empty.build()
    before = files(empty, "order_facts")
    again = months("2024-03")
    land(
        empty,
        again,
        known_at=at(1),
        file="again.csv",
        replaces=[{"table": "orders", "from": "2024-03-01", "to": "2024-03-31"}],
    )
    empty.build()
    # January has the same orders as before, but nothing says that no row of theirs was replaced
    assert not files(empty, "order_facts") & before


@pytest.mark.feature("PLT-15")
@pytest.mark.parametrize("seed", range(2))
def test_any_split_of_loads_with_builds_between_ends_in_one_release(
    tmp_path: Path, in_parts: None, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Orders and what belongs to them come in any of three loads, some of them twice and some corrected, with a build after each;
    at the end the release is what a full build of the same loads makes."""
    empty = make_shop(tmp_path, {}, build=False)
    random = Random(seed)
    tables = random_shop(random, 25)
    loads: list[dict[str, Any]] = [{"tables": {}, "file": f"part {n}.csv", "known_at": at(n)} for n in range(3)]
    of_orders = {"orders", "order_items", "discount_lines", "tax_lines", "shipping_lines", "refunds"}
    master = {name: tables.pop(name) for name in list(tables) if name not in of_orders}
    for name, rows in tables.items():
        for row in rows:
            first = random.choices(range(3), (70, 25, 5))[0]
            loads[first]["tables"].setdefault(name, []).append(row)
            if random.random() < 0.03:  # said again later, often otherwise
                changed = dict(row)
                if name == "order_items" and random.random() < 0.7:
                    changed["quantity"] = 7
                if name == "orders" and random.random() < 0.5:
                    changed["order_status"] = "cancelled"
                other = random.choices((1 - first, 2), (30, 70))[0] if first < 2 else 1
                loads[other]["tables"].setdefault(name, []).append(changed)
    given = [load for load in loads if load["tables"]]
    given[:2] = random.sample(given[:2], 2)
    given[0]["tables"] |= master
    stayed = 0
    before: set[str] = set()
    for load in given:
        land(empty, **load)
        empty.build()
        now = files(empty, "order_facts") if "order_facts" in empty.releases.current().manifest["tables"] else set()
        stayed += len(now & before)
        before = now
    assert stayed, "the last load says little"
    found = content(empty)
    with monkeypatch.context() as patch:
        patch.setattr(Build, "_previous", lambda _: None)
        forget(empty)
        for load in given:
            land(empty, **load)
        empty.build()
    assert content(empty) == found
    empty.close()


def test_parts_are_cut_by_months_and_stay_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "FINE_ROWS", 100)
    monkeypatch.setattr(parts, "PART_ROWS", 50)
    year = [(date(2024, month, 1), 20) for month in range(1, 13)]
    cuts = parts.plan_cuts(year, [])
    # two months are 40 of 50; the last four are parts of their own
    assert [cut.month for cut in cuts] == [3, 5, 7, 9, 10, 11, 12]
    more = [*year, (date(2025, 1, 1), 20)]
    assert parts.plan_cuts(more, cuts) == [*cuts, date(2025, 1, 1)]
    assert parts.plan_cuts(year[:4], []) == [], "a small shop has no parts"
    # a part that has grown too large, or too many small ones: cut anew
    grown = [(month, rows * 3) if month.month <= 2 else (month, rows) for month, rows in year]
    assert parts.plan_cuts(grown, cuts) == parts.plan_cuts(grown, [])
    long = [(date(2024 + month // 12, month % 12 + 1, 1), 1) for month in range(48)]
    assert len(parts.plan_cuts([*long, (date(2028, 1, 1), 99)], [month for month, _ in long[1:]])) < 40
