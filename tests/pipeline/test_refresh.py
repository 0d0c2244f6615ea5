"""One more load for a large shop: what is put beside, and taken out, ends in the release that a full build makes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest
from tests.pipeline.test_current import content, forget
from tests.support.random_shop import random_shop
from tests.support.shops import land, make_shop

from tillsight.domains.registry import catalogue
from tillsight.metrics.rollups import schema_of
from tillsight.pipeline import build, parts, refresh
from tillsight.shop import Shop

KNOWN = datetime(2026, 1, 1, tzinfo=UTC)
RENEWED = ("order_customers", "order_facts", "sales", "customer_events")


def at(hours: int) -> datetime:
    return KNOWN + timedelta(hours=hours)


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every shop is large, and whatever share of it is new is put beside."""
    monkeypatch.setattr(parts, "FINE_ROWS", 0)
    monkeypatch.setattr(parts, "PART_ROWS", 1)
    monkeypatch.setattr("tillsight.pipeline.writing.MERGED_ROWS", 0)
    monkeypatch.setattr("tillsight.pipeline.writing.CODED_ROWS", 1)
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


def drawn(random: Random, nameless: bool) -> list[dict[str, Any]]:
    """A shop in five loads: orders and what belongs to them, some of it said again, and otherwise."""
    tables = random_shop(random, 40)
    loads: list[dict[str, Any]] = [{"tables": {}, "file": f"part {n}.csv", "known_at": at(n)} for n in range(5)]
    of_orders = {"orders", "order_items", "discount_lines", "tax_lines", "shipping_lines", "refunds"}
    loads[0]["tables"] |= {name: rows for name, rows in tables.items() if name not in of_orders}
    for name in of_orders & set(tables):
        for row in tables[name]:
            first = random.choices(range(5), (70, 10, 10, 5, 5))[0]
            if row.get("order_id") is None and not nameless:
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
                other = random.randrange(5)
                if other != first:
                    loads[other]["tables"].setdefault(name, []).append(changed)
    loads[2]["tables"]["customers"] = [{"customer_id": "c9", "email": "mail1@shop.example", "phone": "44 9"}]
    loads[3]["tables"]["customers"] = [{"customer_id": "c2", "email": "guest@x.example"}]
    return [load for load in loads if load["tables"]]


@pytest.mark.feature("PLT-15")
@pytest.mark.parametrize("seed", range(6))
def test_loads_put_beside_end_in_what_a_full_build_makes(
    empty: Shop, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    loads = drawn(Random(seed), nameless=seed == 3)
    if seed >= 4:
        monkeypatch.setattr(build, "TAILORED_ROWS", 0)
        loads = [load | {"tables": plainly(load["tables"])} for load in loads]
    if seed == 1:  # what is known later may be loaded earlier
        loads[2], loads[3] = loads[3], loads[2]
    put_beside: set[str] = set()
    for load in loads:
        land(empty, **load)
        empty.build()
        put_beside |= beside(empty)
    assert put_beside >= {*RENEWED, "orders", "order_items", "sales_by_place", "visits", "customer_events_by_day"}
    found = added_up(empty)
    expected = in_full(empty, loads, monkeypatch)
    for name, rows in expected.items():
        assert found[name] == rows, name
    assert found.keys() == expected.keys()
