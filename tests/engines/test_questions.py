"""What else is asked of an engine than metrics: filters of every sort, every grain, rows behind a number, analyses, limits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.engines.conftest import opened
from tests.engines.test_metrics import DAYS, assert_same

from tillsight.core.errors import TooBigError
from tillsight.core.scope import Scope
from tillsight.domains.registry import catalogue
from tillsight.shop import Shop

pytestmark = [pytest.mark.engines, pytest.mark.slow, pytest.mark.timeout(600)]

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
