"""From loads to what is true now: the latest known row of every key, whatever the order in which loads came."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import permutations
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pytest
from sqlalchemy import delete
from tests.support.random_shop import random_shop
from tests.support.shops import land, line, make_shop, order

from tillsight.database.models import Load
from tillsight.shop import Shop
from tillsight.tables.registry import TABLES
from tillsight.tables.schema import Column

D = Decimal
KNOWN = datetime(2026, 1, 1, tzinfo=UTC)
# what says where a row came from, not what it is
ORIGIN = {"_file", "_line", "_source", "_load"}


def content(shop: Shop) -> dict[str, list[Any]]:
    """Every table of the current release, as sorted rows without where they came from."""
    release = shop.releases.current()
    tables: dict[str, list[Any]] = {}
    for name in release.manifest["tables"]:
        rows = release.files.run_sql(f'SELECT * FROM "{name}"').to_pylist()
        tables[name] = sorted(repr({key: value for key, value in row.items() if key not in ORIGIN}) for row in rows)
    return {name: rows for name, rows in tables.items() if rows}


def forget(shop: Shop) -> None:
    with shop.database.write() as session:
        session.execute(delete(Load))
    shutil.rmtree(shop.path / "landing", ignore_errors=True)


def rebuilt(shop: Shop, loads: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """The content after these loads alone, in this order."""
    forget(shop)
    for load in loads:
        land(shop, **load)
    shop.build()
    return content(shop)


@pytest.fixture
def empty(tmp_path: Path) -> Shop:
    return make_shop(tmp_path, {}, build=False)


def at(hours: int) -> datetime:
    return KNOWN + timedelta(hours=hours)


MAY = {
    "orders": [order("1", "2024-05-01"), order("2", "2024-05-02")],
    "order_items": [line("1", "1", "A", 1, "10"), line("2", "1", "A", 1, "20")],
}
LOADS: list[dict[str, Any]] = [
    {"tables": MAY, "known_at": at(0), "file": "may.csv"},
    # corrects a price, adds an order
    {
        "tables": {"orders": [order("3", "2024-05-03")], "order_items": [line("1", "1", "A", 1, "11"), line("3", "1", "A", 1, "30")]},
        "known_at": at(1), "file": "more.csv",
    },
    # stands for the days 2 and 3 May: order 2 is gone, order 3 too, but for what this load says of it
    {
        "tables": {"orders": [order("3", "2024-05-03", country="FR")], "order_items": [line("3", "1", "A", 1, "33")]},
        "known_at": at(2), "file": "corrected.csv", "replaces": [{"table": "orders", "from": "2024-05-02", "to": "2024-05-03"}],
    },
    # the same moment as the load before: the digest decides, not the order
    {"tables": {"order_items": [line("1", "1", "A", 1, "12")]}, "known_at": at(2), "file": "same moment.csv"},
]  # fmt: skip


@pytest.fixture(params=[pytest.param(False, id="small"), pytest.param(True, id="large")])
def any_size(request: pytest.FixtureRequest, empty: Shop, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A shop whose tables are written anew, and one whose tables are so large that landed files stay but for their corrections."""
    if request.param:
        monkeypatch.setattr("tillsight.pipeline.writing.MERGED_ROWS", 0)
    return empty


def test_any_order_of_the_same_loads_gives_the_same_release(any_size: Shop) -> None:
    expected = rebuilt(any_size, LOADS)
    revenue = any_size.query("revenue", by="order_id").to_records()
    assert {row["order_id"]: row["revenue"] for row in revenue} == {"1": D(12), "3": D(33)}
    for loads in list(permutations(LOADS))[1::5]:
        assert rebuilt(any_size, list(loads)) == expected


def test_what_is_in_one_load_alone_stays_in_its_file(empty: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two large loads, the corrected order is written again and the others stay where they landed; a third load shares them."""
    monkeypatch.setattr("tillsight.pipeline.writing.MERGED_ROWS", 0)
    land(empty, MAY, file="may.csv")
    land(empty, {"orders": [order("3", "2024-05-03")]}, known_at=at(1), file="june.csv")
    empty.build()
    files = [Path(file).name for file in empty.releases.current().manifest["tables"]["orders"]["files"]]
    assert files == ["landed-0000.parquet", "landed-0001.parquet"]
    land(empty, {"orders": [order("2", "2024-05-02", country="FR")]}, known_at=at(2), file="corrected.csv")
    empty.build()
    release = empty.releases.current()
    files = [Path(file).name for file in release.manifest["tables"]["orders"]["files"]]
    assert files == ["landed-0001.parquet", "landed-0002.parquet", "rest-0001.parquet"], (
        "half of the first file is gone"
    )
    assert release.rows_of("orders") == 3
    answer = empty.query("revenue", by="country").to_records()
    assert {row["country"]: row["revenue"] for row in answer} == {"FR": D(20), None: D(10)}


def test_shuffled_rows_repeated_loads_and_split_loads_change_nothing(any_size: Shop) -> None:
    empty, random = any_size, Random(7)
    tables = random_shop(random, 25)
    expected = rebuilt(empty, [{"tables": tables, "file": "all.csv"}])

    shuffled = {name: random.sample(rows, len(rows)) for name, rows in tables.items()}
    assert rebuilt(empty, [{"tables": shuffled, "file": "shuffled.csv"}]) == expected

    twice = [{"tables": tables, "file": "all.csv"}, {"tables": tables, "file": "again.csv", "known_at": at(5)}]
    assert rebuilt(empty, twice) == expected

    parts: list[dict[str, Any]] = [{"tables": {}, "file": f"part {n}.csv", "known_at": at(n)} for n in range(3)]
    for name, rows in tables.items():
        for row in rows:
            random.choice(parts)["tables"].setdefault(name, []).append(row)
    assert rebuilt(empty, [part for part in parts if part["tables"]]) == expected


def test_a_load_that_replaces_a_file_stands_for_it_whole(empty: Shop) -> None:
    """The corrected file has one order less; rows of other files stay, and so does a file of the same name that is known later."""
    first = {"tables": MAY, "known_at": at(0), "file": "may.csv"}
    nine = {"orders": [order("9", "2024-05-09")], "order_items": [line("9", "1", "A", 1, "90")]}
    other = {"tables": nine, "known_at": at(0), "file": "other.csv"}
    instead = {
        "tables": {"orders": [order("1", "2024-05-01")], "order_items": [line("1", "1", "A", 1, "10")]},
        "known_at": at(3), "file": "may v2.csv", "replaces": [{"table": None, "file": "may.csv"}],
    }  # fmt: skip
    later = {"tables": {"orders": [order("7", "2024-05-07")]}, "known_at": at(4), "file": "may.csv"}
    rebuilt(empty, [first, other, instead, later])
    orders = empty.query("orders", by="order_id").to_records()
    assert sorted(row["order_id"] for row in orders) == ["1", "7", "9"]
    checks = {check["name"]: check for check in empty.releases.current().record.checks}
    assert checks["sales.orders_have_lines"]["state"] == "warned"


def test_days_to_replace_are_those_of_the_shop(tmp_path: Path) -> None:
    """23:30 UTC on 30 June is 1 July in London: it goes with July, not with June."""
    july = {"orders": [order("1", "2024-06-30 23:30:00"), order("2", "2024-06-30 22:30:00")]}
    with make_shop(tmp_path, {}, build=False, timezone="Europe/London") as shop:
        land(shop, july, known_at=at(0))
        land(
            shop,
            {"orders": [order("3", "2024-07-02")]},
            known_at=at(1),
            file="july.csv",
            replaces=[{"table": "orders", "from": "2024-07-01", "to": "2024-07-31"}],
        )
        shop.build()
        assert {row["order_id"] for row in shop.query("orders", by="order_id").to_records()} == {"2", "3"}


def test_tables_without_a_time_are_not_touched_by_days(empty: Shop) -> None:
    first = {
        "tables": {"products": [{"product_id": "A", "category": "Lamps"}], **MAY},
        "known_at": at(0),
    }
    span = {"table": None, "from": "2024-05-01", "to": "2024-05-31"}
    rebuilt(
        empty,
        [
            first,
            {"tables": {"orders": [order("2", "2024-05-02")]}, "known_at": at(1), "file": "b.csv", "replaces": [span]},
        ],
    )
    assert empty.query("revenue", by="category").to_records() == [{"category": "Lamps", "revenue": D(20)}]


def test_a_key_of_two_sources_is_counted_once_and_reported(empty: Shop) -> None:
    one = {"tables": MAY, "known_at": at(0), "source": "shop"}
    two = {
        "tables": {"orders": [order("1", "2024-05-01", country="DE")]},
        "known_at": at(1),
        "source": "marketplace",
        "file": "b.csv",
    }
    rebuilt(empty, [one, two])
    answer = empty.query("revenue", by="country")
    assert {row["country"]: row["revenue"] for row in answer.to_records()} == {"DE": D(10), None: D(20)}
    failed = [check for check in empty.evidence(answer)["checks"] if check["state"] == "failed"]
    assert [(check["name"], check["text"][:38]) for check in failed] == [
        ("orders.one_source", "1 keys come from more than one source;")
    ]


def test_every_canonical_table_can_be_built_empty_and_full(tmp_path: Path) -> None:
    """A row of nothing but keys and what is needed lands in every table and comes out again."""
    kinds = ("text", "integer", "quantity", "money", "rate", "number", "boolean", "day", "moment")
    sample = dict(zip(kinds, ("x", *"11111", "true", "2024-05-01", "2024-05-01 10:00:00"), strict=True))

    def value(column: Column) -> str:
        if column.name == "currency":
            return "EUR"
        return column.values[0] if column.values else column.default or sample[column.type]

    tables = {
        name: [
            {
                column.name: value(column)
                for column in table.columns
                if (column.required or column.name in table.key) and column.name != "shop_id"
            }
        ]
        for name, table in TABLES.items()
    }
    tables["fiscal_calendar"][0] |= {"end_date": "2024-05-07"}
    with make_shop(tmp_path, tables) as shop:
        release = shop.releases.current()
        assert all(release.rows_of(name) == 1 for name in TABLES)


def test_a_column_that_came_later_is_null_or_its_default_in_older_files(tmp_path: Path) -> None:
    tables = {"orders": [order("1", "2024-05-01", country="France")], "order_items": [line("1", "1", "P", 1, "10")]}
    with make_shop(tmp_path, tables, build=False) as shop:
        [file] = (shop.path / "landing").rglob("tables/orders.parquet")
        duckdb.sql(f"COPY (SELECT * EXCLUDE (device_type, is_test) FROM '{file}') TO '{file}.new' (FORMAT parquet)")
        file.with_name(f"{file.name}.new").replace(file)
        shop.build()
        [row] = shop.releases.current().files.run_sql("SELECT country, device_type, is_test FROM orders").to_pylist()
    assert row == {"country": "France", "device_type": None, "is_test": False}
