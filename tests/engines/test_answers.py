"""DuckDB, PostgreSQL and Spark answer alike: every metric, in total, cut, and by month with a filter; filters of every sort,
every grain, rows behind a number, analyses, limits.

Metrics over the same relations are asked together, as one question. Money agrees to the cent, ratios to ten digits; rows come
in the same order. One file, since each file that asks Spark starts a cluster of its own.
"""

from __future__ import annotations

import math
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.engines.conftest import opened
from tests.support.metrics import Group, groups

from tillsight.core.errors import TooBigError
from tillsight.core.scope import Scope
from tillsight.domains.registry import catalogue
from tillsight.metrics.answer import Answer
from tillsight.shop import Shop

pytestmark = [pytest.mark.engines, pytest.mark.slow, pytest.mark.timeout(600)]

DAYS = {"start": "2025-11-01", "end": "2026-10-31"}
NEVER_HERE: frozenset[str] = frozenset()
"""Metrics that the small reference shop has no data for."""

GROUPS = groups()
FILTERS = {
    "texts": ["city~Ü", "country!=France", "channel in (web,mobile,retail)"],
    "numbers and days": ["hour>=9", "weekday<5", "cohort>=2024-11-01"],
    "unknown": ["discount_code is null", "customer_type is not null"],
    "long lists": [
        f"channel in (web,retail,{','.join(f'c{number}' for number in range(60))})",
        f"city not in (Berlin,{','.join(f'town {number}' for number in range(60))})",
    ],
    "looked up": ["segment!=Champions", "segment is not null"],
}
NEEDS_MORE = frozenset({"customers.profile", "returns.effect", "goals.path"})
"""Analyses that are asked of one customer, one measure or one goal."""


def dimension_of(group: Group) -> str:
    """What a group is cut by: the channel if it can be, else the second of its own dimensions (the first is the shop)."""
    names = catalogue().dimensions_of(group[0])
    return next((name for name in ("channel", "marketing_channel") if name in names), names[min(1, len(names) - 1)])


def questions(group: Group) -> list[dict[str, Any]]:
    """Three questions for a group."""
    names = [metric.name for metric in group]
    cut = dimension_of(group)
    required = [cut] if group[0].total == "share of parent" else list(group[0].requires)
    grain = "month" if all("month" in metric.grains for metric in group) else None
    return [
        {"metrics": names, "by": required, "compare": "previous", **DAYS},
        {
            "metrics": names,
            "by": list(dict.fromkeys([cut, *required])),
            "limit": 5,
            "others": not group[0].requires,
            **DAYS,
        },
        {"metrics": names, "by": required, "grain": grain, "where": [f"{cut} is not null", "shop!=none"], **DAYS},
    ]


@pytest.mark.feature("PLT-16", "LOY-10")
@pytest.mark.parametrize("name", GROUPS)
def test_every_engine_gives_the_same_answer(duckdb: Shop, engine: Shop, name: str) -> None:
    group = GROUPS[name]
    for question in questions(group):
        expected, answer = duckdb.query(**question), engine.query(**question)
        for metric in group:
            if metric.name not in NEVER_HERE:
                assert any(value is not None for value in expected.table[metric.name].to_pylist()), metric.name
        assert_same(answer, expected)


def assert_same(answer: Answer, expected: Answer) -> None:
    """Same columns, types, rows in the same order, totals."""
    assert answer.table.column_names == expected.table.column_names
    rows, others = answer.table.to_pylist(), expected.table.to_pylist()
    assert len(rows) == len(others) > 0
    assert answer.row_count == expected.row_count
    pairs = [(row, other, f"row {number}") for number, (row, other) in enumerate(zip(rows, others, strict=True))]
    if expected.totals is not None:
        assert answer.totals is not None
        pairs.append((answer.totals, expected.totals, "totals"))
    for row, other, where in pairs:
        for column, wanted in other.items():
            assert same(row[column], wanted), f"{column} in {where}: {row[column]!r} is not {wanted!r}"


def same(value: Any, wanted: Any) -> bool:
    if isinstance(wanted, float) and isinstance(value, float):
        return math.isclose(value, wanted, rel_tol=1e-10, abs_tol=1e-12)
    return type(value) is type(wanted) and value == wanted and (not isinstance(value, Decimal) or value.is_finite())


@pytest.mark.parametrize("name", FILTERS)
def test_filters_mean_the_same(duckdb: Shop, engine: Shop, name: str) -> None:
    question: dict[str, Any] = {"metrics": ["revenue", "orders"], "by": "city", "where": FILTERS[name], **DAYS}
    assert_same(engine.query(**question), duckdb.query(**question))


def test_what_is_looked_up_cuts_the_same(duckdb: Shop, engine: Shop) -> None:
    question: dict[str, Any] = {"metrics": ["revenue", "customers", "return_rate"], "by": "segment", **DAYS}
    assert_same(engine.query(**question), duckdb.query(**question))


@pytest.mark.parametrize("grain", ["day", "week", "quarter", "fiscal_period"])
def test_every_sort_of_grain_has_the_same_buckets(duckdb: Shop, engine: Shop, grain: str) -> None:
    """Days and weeks are moved, months truncated, fiscal periods listed; standing figures run up over all buckets."""
    days = {"start": "2026-08-05", "end": "2026-10-31"}
    question = {
        "metrics": ["revenue", "sales_growth_rate", "churn_rate"],
        "grain": grain,
        "compare": "last_year",
        **days,
    }
    assert_same(engine.query(**question), duckdb.query(**question))


def test_persons_are_masked_in_the_same_way(duckdb: Shop, engine: Shop) -> None:
    scope = Scope(user="anna", masked=True)
    question = {"metrics": "revenue", "by": "customer_id", "where": ["customer_id~C"], "limit": 20, **DAYS}
    assert_same(engine.query(**question, scope=scope), duckdb.query(**question, scope=scope))


def test_the_rows_behind_a_number_are_the_same(duckdb: Shop, engine: Shop) -> None:
    wanted = duckdb.rows("revenue", where="country=Germany", **DAYS)
    assert_same(engine.rows("revenue", where="country=Germany", **DAYS), wanted)
    explained = engine.explain("gross_margin_rate", **DAYS)
    assert explained.value == pytest.approx(duckdb.explain("gross_margin_rate", **DAYS).value, rel=1e-10)
    assert "sales" in explained.answer.sql, "it says what ran"


@pytest.mark.parametrize("name", [name for name in catalogue().analyses if name not in NEEDS_MORE])
@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_analyses_tell_the_same(duckdb: Shop, engine: Shop, name: str) -> None:
    """On PostgreSQL; they ask in the same words on Spark, where each question takes a second."""
    answer, expected = engine.analyse(name), duckdb.analyse(name)
    if expected.table.num_rows:
        assert_same(answer, expected)
    assert answer.sentences == expected.sentences
    assert answer.table.schema.names == expected.table.schema.names


@pytest.mark.parametrize("engine", ["spark"], indirect=True)
@pytest.mark.parametrize("name", ["customers.rfm", "customers.intervals", "sales.together"])
def test_analyses_with_expressions_of_their_own_tell_the_same_on_spark(duckdb: Shop, engine: Shop, name: str) -> None:
    assert_same(engine.analyse(name), duckdb.analyse(name))


def test_limits_hold(workspace: Path, engine: Shop) -> None:
    address = engine.settings.warehouse_url
    question: dict[str, Any] = {"metrics": "customers", "by": ["product_id", "city"], "grain": "day", **DAYS}
    with opened(workspace, address, rows=200) as shop:
        with pytest.raises(TooBigError, match="more than 200 rows"):
            shop.query(**question)
        assert shop.query("orders", **DAYS).table.num_rows == 1
    with opened(workspace, address, seconds=0.001) as shop, pytest.raises(TooBigError, match=r"longer than 0\.001 s"):
        shop.query(**question)
    assert engine.query("orders", **DAYS).table.num_rows == 1
