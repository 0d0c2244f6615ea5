"""One more load for a large shop: what is put beside, and taken out, ends in the release that a full build makes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest
from tests.pipeline.test_current import at, content, forget
from tests.support.random_shop import random_shop
from tests.support.shops import land, line, make_shop, order, write_settings

from tillsight.core.errors import BuildError
from tillsight.domains.registry import catalogue
from tillsight.metrics.rollups import schema_of
from tillsight.pipeline import build, parts, refresh
from tillsight.shop import Shop
from tillsight.vault import make_data_key
from tillsight.warehouse.duck import is_sealed, seal_folder
from tillsight.warehouse.engine import files_named

RENEWED = ("order_customers", "order_facts", "sales", "customer_events")


@pytest.fixture
def large(in_parts: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every shop is large, and whatever share of it is new is put beside."""
    monkeypatch.setattr("tillsight.pipeline.writing.GONE_SHARE", 1)
    monkeypatch.setattr(refresh, "MOST_SHARE", 100)


@pytest.fixture
def empty(tmp_path: Path, large: None) -> Iterator[Shop]:
    with make_shop(tmp_path, {}, build=False, limits={"rollup_rows": 0}) as shop:
        yield shop


def manifest(shop: Shop) -> dict[str, Any]:
    tables: dict[str, Any] = shop.releases.current().manifest["tables"]
    return tables


def beside(shop: Shop) -> set[str]:
    """The tables that have files beside, or rows gone."""
    return {
        name
        for name, entry in manifest(shop).items()
        if "gone" in entry or any(Path(file).name.startswith("delta-") for file in entry["files"])
    }


def added_up(shop: Shop) -> dict[str, list[Any]]:
    """Every table of the release; of roll-ups what their files add up to, without what is nothing."""
    found = content(shop)
    release = shop.releases.current()
    for name, rollup in catalogue().rollups.items():
        if name not in found:
            continue
        columns = list(schema_of(catalogue(), rollup))
        values = [column for column in columns if column in (*rollup.measures, "visitors") or column.endswith("__rows")]
        cells: dict[Any, list[Decimal]] = {}
        for row in release.files.run_sql(f'SELECT * FROM "{name}"').to_pylist():
            cell = cells.setdefault(
                tuple(str(row[column]) for column in columns if column not in values), [Decimal(0)] * len(values)
            )
            cell[:] = [have + Decimal(row[value] or 0) for have, value in zip(cell, values, strict=True)]
        found[name] = sorted((cell, sums) for cell, sums in cells.items() if any(sums))
    return found


def checked(shop: Shop) -> dict[str, Any]:
    """What the checks of the release say."""
    return {check["name"]: check for check in shop.releases.current().record.checks}


def in_full(shop: Shop, loads: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Any]]:
    """What one build makes of all the loads."""
    with monkeypatch.context() as patch:
        patch.setattr(build.Build, "_previous", lambda _: None)
        patch.setattr("tillsight.pipeline.writing.MERGED_ROWS", 1_000)
        forget(shop)
        for load in loads:
            land(shop, **load)
        shop.build()
    assert not beside(shop)
    return added_up(shop)


def plainly(tables: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """A shop without addresses, gift cards and bundles: much of the SQL leaves them out then."""
    without = {"email", "phone", "is_gift_card", "parent_line_id"}
    plain = {
        name: [{k: v for k, v in row.items() if k not in without} for row in rows] for name, rows in tables.items()
    }
    if "products" in plain:
        plain["products"] = [row for row in plain["products"] if row["product_id"] != "GIFT"]
    return plain


def drawn(random: Random) -> list[dict[str, Any]]:
    """A shop in four loads: orders and what belongs to them, some of it said again, and otherwise."""
    tables = random_shop(random, 40)
    loads: list[dict[str, Any]] = [{"tables": {}, "file": f"part {n}.csv", "known_at": at(n)} for n in range(4)]
    of_orders = {"orders", "order_items", "discount_lines", "tax_lines", "shipping_lines", "refunds"}
    loads[0]["tables"] |= {name: rows for name, rows in tables.items() if name not in of_orders}
    for name in sorted(of_orders & set(tables)):
        for row in tables[name]:
            first = random.choices(range(4), (70, 12, 10, 8))[0]
            if row.get("order_id") is None:  # what names no order is not put beside
                first = 0
            loads[first]["tables"].setdefault(name, []).append(row)
            if random.random() < 0.1 and row.get("order_id"):
                changed = dict(row)
                if name == "order_items":
                    changed["quantity"] = 7
                if name == "orders":
                    changed |= random.choice(
                        [
                            {"order_status": "cancelled"}, {"is_test": True}, {"customer_id": "c2"}, {"email": "two@shop.example"},
                            {"placed_at": "2024-02-01 10:00:00"}, {"country": "NL"}, {"phone": "44 3", "customer_id": None},
                        ]
                    )  # fmt: skip
                if name == "refunds" and random.random() < 0.5:
                    changed["order_id"] = random.choice(tables["orders"])["order_id"]
                other = random.randrange(4)
                if other != first:
                    loads[other]["tables"].setdefault(name, []).append(changed)
    loads[2]["tables"]["customers"] = [{"customer_id": "c9", "email": "mail1@shop.example", "phone": "44 9"}]
    loads[3]["tables"]["customers"] = [{"customer_id": "c2", "email": "guest@x.example"}]
    return [load for load in loads if load["tables"]]


@pytest.mark.feature("PLT-15")
@pytest.mark.parametrize("plain", [False, True], ids=["known by addresses", "known by number alone"])
def test_loads_put_beside_end_in_what_a_full_build_makes(
    empty: Shop, monkeypatch: pytest.MonkeyPatch, plain: bool
) -> None:
    monkeypatch.setattr(parts, "PART_ROWS", 15)
    monkeypatch.setattr(parts, "FINE_MONTHS", 1)
    loads = drawn(Random(plain))
    if plain:
        monkeypatch.setattr(build, "TAILORED_ROWS", 0)
        loads = [load | {"tables": plainly(load["tables"])} for load in loads]
    else:  # what is known later may be loaded earlier
        loads[2], loads[3] = loads[3], loads[2]
    put_beside: set[str] = set()
    for load in loads:
        land(empty, **load)
        empty.build()
        put_beside |= beside(empty)
    assert put_beside >= {*RENEWED, "orders", "order_items", "sales_by_place", "visits", "customer_events_by_day"}
    found, told = added_up(empty), checked(empty)
    expected = in_full(empty, loads, monkeypatch)
    assert told == checked(empty)
    for name, rows in expected.items():
        assert found[name] == rows, name
    assert found.keys() == expected.keys()


def months(*names: str) -> dict[str, list[dict[str, Any]]]:
    """Three orders in each of some months, of the same three customers."""
    orders = [
        order(f"{name} {n}", f"{name}-0{n}", customer_id=f"c{n}", channel="web") for name in names for n in (1, 2, 3)
    ]
    return {
        "orders": orders,
        "order_items": [line(str(one["order_id"]), "1", "A", 1, "10") for one in orders],
        "products": [{"product_id": "A", "category": "Lamps"}],
    }


def more(name: str) -> dict[str, list[dict[str, Any]]]:
    tables = months(name)
    del tables["products"]
    return tables


def revenue(shop: Shop) -> list[Any]:
    return [row["revenue"] for row in shop.query("revenue", grain="month", period="all").to_records()]


def test_what_came_before_stays_the_same_file(empty: Shop) -> None:
    """Three months, then a fourth with a correction of February: every file of before is still read, with a file beside."""
    land(empty, months("2024-01", "2024-02", "2024-03"), file="first.csv")
    empty.build()
    before = manifest(empty)
    tables = more("2024-04")
    tables["order_items"].append(line("2024-02 2", "1", "A", 3, "10"))
    land(empty, tables, known_at=at(1), file="more.csv")
    empty.build()
    after = manifest(empty)
    for name in RENEWED:
        assert set(before[name]["files"]) <= set(after[name]["files"]), name
    assert after["sales"]["gone"]["rows"] == 1
    assert after["order_items"]["gone"]["rows"] == 1
    assert after["sales"]["rows"] == 12
    assert revenue(empty) == [30, 50, 30, 30]
    customers = empty.query(["customers", "new_customers"], grain="month", period="all").to_records()
    assert [(row["customers"], row["new_customers"]) for row in customers] == [(3, 3), (3, 0), (3, 0), (3, 0)]


def test_what_bears_on_all_is_made_whole_and_put_beside_again_after_it(
    empty: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A product in another category changes every line; the orders still stay, and one more load is put beside again."""
    monkeypatch.setattr(build, "TAILORED_ROWS", 0)  # without gift cards, orders do not look at products
    land(empty, months("2024-01", "2024-02"), file="first.csv")
    empty.build()
    land(empty, more("2024-03"), known_at=at(1), file="march.csv")
    empty.build()
    assert {"sales", "order_facts"} <= beside(empty)
    tables = more("2024-04") | {"products": [{"product_id": "A", "category": "Chairs"}]}
    land(empty, tables, known_at=at(2), file="april.csv")
    empty.build()
    assert "order_facts" in beside(empty)
    assert "sales" not in beside(empty)
    assert empty.query("revenue", by="category", period="all").to_records() == [{"category": "Chairs", "revenue": 120}]
    land(
        empty,
        {"orders": [order("2024-02 1", "2024-02-01", customer_id="c1", order_status="cancelled")]},
        known_at=at(3),
        file="x.csv",
    )
    empty.build()
    assert "sales" in beside(empty)
    assert revenue(empty) == [30, 20, 30, 30]


@pytest.mark.parametrize(
    ("name", "most"), [("MOST_FILES", 1), ("MOST_SHARE", 0.01)], ids=["often enough", "much is new"]
)
def test_all_is_made_again(empty: Shop, monkeypatch: pytest.MonkeyPatch, name: str, most: float) -> None:
    land(empty, months("2024-01", "2024-02"), file="first.csv")
    empty.build()
    land(empty, more("2024-03"), known_at=at(1), file="march.csv")
    empty.build()
    assert "sales" in beside(empty)
    monkeypatch.setattr(refresh, name, most)
    land(empty, more("2024-04"), known_at=at(2), file="april.csv")
    empty.build()
    assert not beside(empty) & set(RENEWED)
    assert revenue(empty) == [30, 30, 30, 30]


def test_a_refund_of_no_order_is_not_passed_over(empty: Shop) -> None:
    """Nothing names it, so it is of no order that is made again: all is made as in any build."""
    land(empty, months("2024-01"), file="first.csv")
    empty.build()
    refund = {"refund_id": "r", "line_id": "1", "kind": "goodwill", "amount": "4", "refunded_at": "2024-01-20 10:00:00"}
    land(empty, {"refunds": [refund]}, known_at=at(1), file="refund.csv")
    empty.build()
    assert empty.query("returned_sales", period="all").to_records() == [{"returned_sales": 4}]


@pytest.mark.parametrize("many", [False, True], ids=["fewer rows than names", "more rows than names"])
def test_a_name_that_is_not_there_is_found_in_what_is_new(empty: Shop, many: bool) -> None:
    """Lines that name products: among fewer of these than there are lines, and among more."""
    tables = months("2024-01", "2024-02")
    tables["products"] += [{"product_id": f"more {n}"} for n in range(0 if many else 50)]
    land(empty, tables, file="first.csv")
    empty.build()
    assert checked(empty)["order_items.product_id.exists"]["bad"] == 0
    land(empty, more("2024-03"), known_at=at(1), file="march.csv")  # names what was named before
    empty.build()
    assert checked(empty)["order_items.product_id.exists"]["bad"] == 0
    tables = more("2024-04")
    tables["order_items"] = [{**row, "product_id": "lost"} for row in tables["order_items"]]
    land(empty, tables, known_at=at(2), file="april.csv")
    empty.build()
    assert "sales" in beside(empty)
    assert checked(empty)["order_items.product_id.exists"]["bad"] == len(tables["order_items"])


def test_a_missing_rate_stops_what_is_put_beside_too(empty: Shop) -> None:
    land(empty, months("2024-01"), file="first.csv")
    empty.build()
    dollars = order("usd", "2024-02-01", currency="USD")
    land(empty, {"orders": [dollars], "order_items": [line("usd", "1", "A", 1, "5")]}, known_at=at(1), file="usd.csv")
    with pytest.raises(BuildError, match="No exchange rate from USD"):
        empty.build()
    assert revenue(empty) == [30]


def test_two_orders_with_one_key_are_told_apart(empty: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new order gets the key of an old one: keys are made otherwise, for all."""
    land(empty, months("2024-01"), file="first.csv")
    empty.build()

    def doubled(*_: object) -> None:
        raise refresh.DoubledError("Customers of orders")

    monkeypatch.setattr(refresh.Refresh, "_refuse_doubles", doubled)
    land(empty, more("2024-02"), known_at=at(1), file="more.csv")
    empty.build()
    assert not beside(empty) & set(RENEWED)
    assert revenue(empty) == [30, 30]


def test_what_is_put_beside_is_encrypted_too(tmp_path: Path, large: None) -> None:
    pytest.importorskip("duckdb_extension_httpfs", reason="encryption needs tillsight[encryption]")
    write_settings(tmp_path, encrypt=True)
    make_data_key(tmp_path)
    with make_shop(tmp_path, {}, build=False, encrypt=True, limits={"rollup_rows": 0}) as shop:
        for number, tables in enumerate((months("2024-01", "2024-02"), more("2024-03"), more("2024-02"))):
            land(shop, tables, known_at=at(number), file=f"{number}.csv")
            seal_folder(tmp_path, tmp_path / "landing", "1GB", 1)
            shop.build()
        written = list((tmp_path / "releases").rglob("*.parquet"))
        assert any(file.parent.name == "gone" for file in written)
        assert all(is_sealed(file) for file in written)
        assert revenue(shop) == [30, 30, 30]


def test_files_of_gone_rows_go_with_their_release(empty: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """What no kept release names is deleted, and what one names stays, also the file that says what is gone."""
    monkeypatch.setattr("tillsight.pipeline.keeping.STILL_ASKED", timedelta(0))
    object.__setattr__(empty.settings, "keep", empty.settings.keep.model_copy(update={"releases": 1, "days": 0}))
    land(empty, months("2024-01", "2024-02"), file="first.csv")
    empty.build()
    for number in (1, 2):
        land(
            empty,
            {"order_items": [line("2024-01 1", "1", "A", number + 1, "10")]},
            known_at=at(number),
            file=f"{number}.csv",
        )
        empty.build()
    named = {file for entry in manifest(empty).values() for file in files_named(entry)}
    there = {str(file.relative_to(empty.path)) for file in (empty.path / "releases").rglob("*.parquet")}
    assert there == named
    assert revenue(empty) == [50, 30]
