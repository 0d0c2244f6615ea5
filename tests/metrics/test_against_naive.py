"""The engine against a naive computation: any metric, any cut, any grain, any filter."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.metrics.conftest import Pair
from tests.support.naive import METRICS

from tillsight.metrics.compile import LONG

DIMENSIONS = (
    "country",
    "channel",
    "product_id",
    "category",
    "customer_type",
    "weekday",
    "hour",
    "order_currency",
    "size",
)
ADDITIVE = (
    "gross_sales", "discounts", "returned_sales", "taxes", "shipping_charges", "revenue", "net_sales", "total_sales",
    "units_sold", "cost_of_goods_sold", "gross_profit",
)  # fmt: skip
STANDING = (
    "repeat_purchase_rate", "retention_rate_30d", "churn_rate", "active_members", "purchase_frequency", "customer_lifespan",
    "clv_historic", "clv_formula",
)  # fmt: skip

metrics = st.lists(st.sampled_from(sorted(METRICS)), min_size=1, max_size=4, unique=True)
cuts = st.lists(st.sampled_from(DIMENSIONS), max_size=2, unique=True)
filters = st.lists(
    st.one_of(
        st.tuples(st.just("country"), st.sampled_from(["=", "!="]), st.sampled_from(["FR", "DE", "XX"])),
        st.tuples(st.just("channel"), st.sampled_from(["=", "!="]), st.just("web")),
        st.tuples(st.just("category"), st.just("is null"), st.none()),
        st.tuples(st.just("hour"), st.sampled_from(["=", "!="]), st.sampled_from([0, 23])),
    ),
    max_size=2,
    unique_by=lambda item: item[0],
)
standing = st.sampled_from([(), (("country", "=", "FR"),), (("channel", "!=", "web"),)])
grains = st.sampled_from(["day", "week", "month", "quarter", "year"])
places = st.sampled_from([(), ("country",), ("channel",)])
choices = st.sampled_from([("country", "FR"), ("channel", "web"), ("size", "S"), ("hour", "23")])
days = st.tuples(st.dates(date(2023, 9, 1), date(2025, 5, 1)), st.integers(0, 500)).map(
    lambda pair: (pair[0], pair[0] + timedelta(days=pair[1]))
)


def same(found: Any, expected: Any) -> bool:
    if expected is None or found is None:
        return found is expected
    if isinstance(expected, Decimal):
        return Decimal(found) == expected
    return math.isclose(float(found), float(expected), rel_tol=1e-9, abs_tol=1e-9)


def words(where: list[tuple[str, str, Any]]) -> list[str]:
    return [f"{name} is null" if op == "is null" else f"{name}{op}{value}" for name, op, value in where]


def differences(found: Mapping[Any, Mapping[str, Any]], expected: Mapping[Any, Mapping[str, Any]]) -> list[str]:
    """Every group that the engine gives is right, and it gives every group in which there is something."""
    wrong = [
        f"{key} {name}: {row[name]} instead of {expected.get(key, {}).get(name, 'nothing')}"
        for key, row in found.items()
        for name in row
        if key not in expected or not same(row[name], expected[key][name])
    ]
    lost = [f"{key}: {row}" for key, row in expected.items() if key not in found and any(row.values())]
    return wrong + lost


@given(
    st.integers(0, 1), metrics, cuts, st.sampled_from([None, "day", "week", "month", "quarter", "year"]), days, filters
)
@settings(max_examples=60)
def test_any_question_gets_the_naive_answer(
    pairs: list[Pair],
    which: int,
    names: list[str],
    by: list[str],
    grain: str | None,
    span: tuple[date, date],
    where: list[Any],
) -> None:
    shop, naive = pairs[which]
    answer = shop.query(names, by=by, grain=grain, start=span[0], end=span[1], where=words(where))
    expected = naive.answer(names, by, grain, span[0], span[1], where)
    keys = [*([grain] if grain else []), *by]
    found = {tuple(row[key] for key in keys): {name: row[name] for name in names} for row in answer.to_records()}
    if grain and not by:  # buckets without anything are rows too
        empty = naive.answer(names, (), None, date(1990, 1, 1), date(1990, 1, 2), where)[()]
        for key in found:
            expected.setdefault(key, empty)
    assert differences(found, expected) == []
    whole = naive.answer(names, (), None, span[0], span[1], where)[()]
    if answer.totals is not None:
        assert all(same(answer.totals[name], whole[name]) for name in names)


@given(st.integers(0, 1), st.dates(date(2023, 11, 1), date(2025, 8, 1)), standing)
@settings(max_examples=40)
def test_figures_as_of_a_day_are_those_of_everybody_known_by_then(
    pairs: list[Pair], which: int, day: date, where: tuple[Any, ...]
) -> None:
    shop, naive = pairs[which]
    day = max(day, naive.first)
    row = shop.query(list(STANDING), start=naive.first, end=day, where=words(list(where))).to_records()[0]
    expected = naive.standing(day, where)
    assert {name: value for name, value in row.items() if not same(value, expected[name])} == {}


@given(st.integers(0, 1), grains, places, days)
@settings(max_examples=25)
def test_figures_as_of_the_end_of_every_bucket(
    pairs: list[Pair], which: int, grain: str, by: tuple[str, ...], span: tuple[date, date]
) -> None:
    shop, naive = pairs[which]
    answer = shop.query(list(STANDING), by=by, grain=grain, start=span[0], end=span[1])
    ends = {bucket.start: min(bucket.end, span[1]) for bucket in answer.buckets}
    rows = answer.to_records()
    for row in rows[:: max(1, len(rows) // 8)]:
        if ends[row[grain]] < naive.first or row[grain] > naive.last:
            assert all(row[name] is None for name in STANDING)
            continue
        where = tuple((name, "=", row[name]) if row[name] is not None else (name, "is null", None) for name in by)
        expected = naive.standing(ends[row[grain]], where)
        assert {name: (row[name], expected[name]) for name in STANDING if not same(row[name], expected[name])} == {}


@given(st.integers(0, 1), st.sampled_from(ADDITIVE), st.sampled_from(DIMENSIONS), days)
@settings(max_examples=30)
def test_parts_sum_to_the_whole(
    pairs: list[Pair], which: int, name: str, dimension: str, span: tuple[date, date]
) -> None:
    shop, _ = pairs[which]
    answer = shop.query(name, by=dimension, start=span[0], end=span[1])
    parts = [row[name] for row in answer.to_records() if row[name] is not None]
    assert answer.totals is not None
    assert sum(parts, Decimal(0)) == (answer.totals[name] or 0)


@given(
    st.integers(0, 1),
    st.sampled_from(ADDITIVE),
    choices,
    days,
)
@settings(max_examples=25)
def test_a_filter_and_its_complement_are_the_whole(
    pairs: list[Pair], which: int, name: str, item: tuple[str, str], span: tuple[date, date]
) -> None:
    """Rows without a value are neither in `=` nor lost: `!=` keeps them."""
    shop, _ = pairs[which]

    def asked(*where: str) -> Decimal:
        return Decimal(shop.query(name, start=span[0], end=span[1], where=where).to_records()[0][name] or 0)

    assert asked(f"{item[0]}={item[1]}") + asked(f"{item[0]}!={item[1]}") == asked()
    assert asked(f"{item[0]} is null") + asked(f"{item[0]} is not null") == asked()
    both = asked(f"{item[0]} in ({item[1]}, nobody)" if item[0] != "hour" else "hour in (23, 22)")
    assert (
        both + asked(f"{item[0]} not in ({item[1]}, nobody)" if item[0] != "hour" else "hour not in (23, 22)")
        == asked()
    )
    if item[0] != "hour":  # a long list is given to the engine in another way
        listed = f"({item[1]}, {', '.join(f'nobody {number}' for number in range(LONG))})"
        assert asked(f"{item[0]} in {listed}") == both
        assert asked(f"{item[0]} in {listed}") + asked(f"{item[0]} not in {listed}") == asked()


@given(st.integers(0, 1), cuts, st.sampled_from([None, "day", "week", "month", "year"]), days)
@settings(max_examples=25)
def test_new_and_returning_customers_are_the_customers(
    pairs: list[Pair], which: int, by: list[str], grain: str | None, span: tuple[date, date]
) -> None:
    shop, _ = pairs[which]
    answer = shop.query("new_customers,returning_customers,customers", by=by, grain=grain, start=span[0], end=span[1])
    for row in answer.to_records():
        if row["customers"] is not None:
            assert row["new_customers"] + row["returning_customers"] == row["customers"]
            assert row["new_customers"] >= 0
            assert row["returning_customers"] >= 0


@given(
    st.integers(0, 1),
    st.sampled_from(["country", "product_id", "size"]),
    st.sampled_from([None, "month"]),
    st.integers(1, 3),
    st.sampled_from([["orders", "customers", "average_order_value"], ["units_sold", "gross_margin_rate"], ["orders"]]),
    days,
)
@settings(max_examples=30)
def test_the_top_and_the_rest_are_the_whole(
    pairs: list[Pair],
    which: int,
    dimension: str,
    grain: str | None,
    limit: int,
    names: list[str],
    span: tuple[date, date],
) -> None:
    """Right for distinct counts and ratios too, of which the rest is not what the parts leave over."""
    shop, naive = pairs[which]
    names = [*names, "revenue"]
    answer = shop.query(names, by=dimension, grain=grain, start=span[0], end=span[1], limit=limit, others=True)
    rows = answer.to_records()
    rest = [row for row in rows if row[dimension] == "(all others)"]
    shown = {row[dimension] for row in rows} - {"(all others)"}
    others = [row for row in naive.rows if span[0] <= row["day"] <= span[1] and row[dimension] not in shown]
    assert answer.totals is not None
    assert sum(row["revenue"] for row in rows if row["revenue"] is not None) == answer.totals["revenue"]
    for row in rest:
        bucket = [held for held in others if grain is None or held["day"].replace(day=1) == row["month"]]
        assert all(same(row[name], METRICS[name](bucket, span[0])) for name in names)
    assert len(shown) <= limit


whole_metrics = st.lists(
    st.sampled_from([*sorted(METRICS), "revenue_yoy", "sales_growth_rate", "product_contribution"]),
    min_size=1,
    max_size=3,
    unique=True,
)


@given(
    st.integers(0, 1),
    whole_metrics,
    st.lists(st.sampled_from(DIMENSIONS), min_size=1, max_size=2, unique=True),
    st.sampled_from([None, "month"]),
    st.sampled_from(
        [{}, {"limit": 2}, {"limit": 2, "others": True}, {"limit": 1, "offset": 1}, {"limit": 2, "offset": 500}]
    ),
    st.sampled_from(["none", "previous", "last_year"]),
    days,
    filters,
)
@settings(max_examples=35)
def test_the_whole_is_what_is_asked_without_a_cut(
    pairs: list[Pair],
    which: int,
    names: list[str],
    by: list[str],
    grain: str | None,
    limit: dict[str, Any],
    compare: str,
    span: tuple[date, date],
    where: list[Any],
) -> None:
    """However it is found: added up from the groups, counted beside them, or asked by itself."""
    shop, _ = pairs[which]
    asked: dict[str, Any] = {"start": span[0], "end": span[1], "compare": compare, "where": words(where)}
    totals = shop.query(names, by=by, grain=grain, **limit, **asked).totals
    [whole] = shop.query(
        [name for name in names if name != "product_contribution"] or ["revenue"], **asked
    ).to_records()
    assert totals is not None
    assert {n: (totals[n], whole[n]) for n in totals if n in whole and not same(totals[n], whole[n])} == {}


def test_one_question_tells_groups_and_whole(pairs: list[Pair]) -> None:
    """What adds up, and what is counted over the facts, is read once; shares, and customers over months of a year before, are not."""
    shop, _ = pairs[0]

    def asked(names: str, **parts: Any) -> int:
        return len(shop.query(names, **parts).queries)

    assert asked("revenue,gross_margin_rate", by="country", compare="previous") == 1
    assert asked("revenue", by="product_id", limit=2, others=True) == 1
    assert asked("orders", by="country") == 1
    assert asked("orders", by="category") == 1
    assert asked("customers", by="country", limit=2) == 1
    assert asked("customers,new_customers", grain="month") == 1
    assert asked("customers", by="country", limit=2, others=True) == 2
    assert asked("customers", grain="month", compare="last_year") == 2
    assert asked("product_contribution", by="category,brand") > 1
