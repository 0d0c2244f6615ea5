"""The grocer whose 170 million order lines the benchmarks measure, at a thousandth of it, by the ways of a large shop: landed
files taken as they are, a ledger in parts, sums and visits, one more day put beside; with little memory. The raw files say
what is right."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from benchmarks.scale import draw
from tests.support.shops import make_shop

from tillsight.pipeline import build, parts, refresh, writing
from tillsight.shop import Shop

LINES = 170_000
SIX_MONTHS = 26 * 7
pytestmark = [pytest.mark.slow, pytest.mark.feature("LOY-10")]


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Shop, list[Path]]]:
    """The shop after two years and one more day, and the raw files of both loads."""
    folder = tmp_path_factory.mktemp("scale")
    raw = [folder / "raw", folder / "next"]
    with pytest.MonkeyPatch.context() as patch:
        for module, name, value in (
            (parts, "PART_ROWS", 20_000), (parts, "FINE_ROWS", 1_000), (writing, "MERGED_ROWS", 10_000),
            (writing, "CODED_ROWS", 1_000), (build, "TAILORED_ROWS", 1_000), (refresh, "MOST_SHARE", 0.5),
        ):  # fmt: skip
            patch.setattr(module, name, value)
        limits = {"memory": "300MB", "rollup_rows": 0}
        with make_shop(folder / "shop", {}, build=False, limits=limits) as shop:
            for file, later in zip(raw, (False, True), strict=True):
                draw(file, LINES, next_day=later)
                shop.load(file)
                shop.build()
            yield shop, raw


def told(raw: list[Path], sql: str) -> list[tuple[Any, ...]]:
    """What the raw files say: `orders` and `order_items`, of each what came last, and the `live` orders with their day."""
    with duckdb.connect() as connection:
        for name, key in (("orders", "order_id"), ("order_items", "order_id, line_id")):
            each = " UNION ALL ".join(
                f"SELECT *, {number} AS load FROM read_parquet('{folder / name}.parquet')"
                for number, folder in enumerate(raw)
            )
            connection.execute(
                f"CREATE VIEW {name} AS SELECT * FROM ({each}) QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY load DESC) = 1"
            )
        connection.execute(
            "CREATE VIEW live AS SELECT *, CAST(placed_at AS DATE) AS day FROM orders WHERE order_status <> 'cancelled'"
        )
        return connection.execute(sql).fetchall()


def test_the_ledger_is_in_parts_and_the_day_is_beside(large: tuple[Shop, list[Path]]) -> None:
    shop, _ = large
    files = shop.releases.current().record.manifest["tables"]["sales"]["files"]
    assert len([file for file in files if "/lines-" in file]) > 4
    assert {Path(file).parts[1] for file in files} == {"1", "2"}, "those of the first release, and what came beside"


def test_sums_are_those_of_the_raw_files(large: tuple[Shop, list[Path]]) -> None:
    shop, raw = large
    [(orders, units, revenue)] = told(
        raw,
        """SELECT count(*), sum(l.units), sum(l.paid - o.discount_amount)
           FROM live AS o JOIN (SELECT order_id, sum(quantity) AS units, sum(quantity * unit_price - discount_amount - tax_amount) AS paid
                                FROM order_items GROUP BY 1) AS l USING (order_id)""",
    )
    asked = {"start": "2024-10-01", "end": "2026-10-31"}
    [found] = shop.query(["orders", "units_sold", "revenue"], **asked).to_records()
    assert (found["orders"], found["units_sold"], found["revenue"]) == (orders, units, revenue)
    for cut in ("channel", "category", "product", "location"):
        rows = shop.query(["units_sold", "revenue"], by=cut, limit=100_000, **asked).to_records()
        assert (sum(row["units_sold"] for row in rows), sum(row["revenue"] for row in rows)) == (units, revenue), cut


def test_orders_by_category_and_customers_by_channel_are_distinct(large: tuple[Shop, list[Path]]) -> None:
    shop, raw = large
    asked = {"start": "2026-05-10", "end": "2026-09-30"}
    span = "o.day BETWEEN DATE '2026-05-10' AND DATE '2026-09-30'"
    categories = "'Category ' || (CAST(substr(product_id, 2) AS INTEGER) % 24 + 1)"
    by_category = told(
        raw,
        f"SELECT {categories}, count(DISTINCT order_id) FROM live AS o JOIN order_items USING (order_id) WHERE {span} GROUP BY 1",
    )
    found = shop.query("orders", by="category", limit=100, **asked).to_records()
    assert {row["category"]: row["orders"] for row in found} == dict(by_category)
    by_channel = told(raw, f"SELECT channel, count(DISTINCT customer_id) FROM live AS o WHERE {span} GROUP BY 1")
    found = shop.query("customers", by="channel", **asked).to_records()
    assert {row["channel"]: row["customers"] for row in found} == dict(by_channel)


def test_members_of_26_weeks_are_exact_for_every_week(large: tuple[Shop, list[Path]]) -> None:
    shop, raw = large
    answer = shop.query("active_members", grain="week", start="2025-06-02", end="2026-09-27")
    weeks = list(zip(answer.buckets, answer.to_records(), strict=True))
    assert len(weeks) > 60
    for week, row in weeks[::12]:
        last = week.end
        first = last - timedelta(days=SIX_MONTHS - 1)
        [(members,)] = told(
            raw, f"SELECT count(DISTINCT customer_id) FROM live WHERE day BETWEEN DATE '{first}' AND DATE '{last}'"
        )
        assert row["active_members"] == members, (first, last)
