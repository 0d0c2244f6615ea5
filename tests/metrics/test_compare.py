"""A compared column is the same question asked for the days that it is compared with: bucket by bucket, and in all."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.metrics.conftest import Pair
from tests.metrics.test_against_naive import STANDING, same
from tests.support.naive import METRICS

from tillsight.core.errors import QuestionError
from tillsight.core.periods import GRAINS, Grain, Period
from tillsight.shop import Shop

NAMES = [*sorted(METRICS), *STANDING, "product_velocity"]
kinds = st.sampled_from(["previous", "last_year", "custom"])
metrics = st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True)
cut = st.sampled_from([(), ("country",), ("channel",)])
spans = st.tuples(st.dates(date(2024, 1, 1), date(2025, 3, 1)), st.integers(0, 120)).map(
    lambda pair: Period(pair[0], pair[0] + timedelta(days=pair[1]))
)


def comparison(kind: str, period: Period) -> Any:
    if kind != "custom":
        return kind
    return [period.start - timedelta(days=50), period.end - timedelta(days=53)]


def asked(shop: Shop, names: list[str], by: tuple[str, ...], period: Period) -> dict[tuple[Any, ...], dict[str, Any]]:
    rows = shop.query(names, by=by, start=period.start, end=period.end).to_records()
    return {tuple(row[name] for name in by): row for row in rows}


@given(st.integers(0, 1), metrics, cut, kinds, spans)
@settings(max_examples=30)
def test_without_a_grain(
    pairs: list[Pair], which: int, names: list[str], by: tuple[str, ...], kind: str, period: Period
) -> None:
    shop, naive = pairs[which]
    assume(kind != "custom" or period.days > 3)
    answer = shop.query(names, by=by, start=period.start, end=period.end, compare=comparison(kind, period))
    assert answer.compare_period is not None
    other = asked(shop, names, by, answer.compare_period)
    own = asked(shop, names, by, period)
    beyond = answer.compare_period.end < naive.first or answer.compare_period.start > naive.last
    for row in answer.to_records():
        key = tuple(row[name] for name in by)
        for name in names:
            if key in own:
                assert same(row[name], own[key][name])
            if key in other and not beyond:
                assert same(row[f"{name}_compare"], other[key][name])
            if row[name] is not None and row[f"{name}_compare"] is not None:
                assert float(row[f"{name}_change"]) == pytest.approx(float(row[name]) - float(row[f"{name}_compare"]))


@given(st.integers(0, 1), metrics, cut, kinds, spans, st.sampled_from(GRAINS))
@settings(max_examples=30)
def test_by_a_grain(
    pairs: list[Pair], which: int, names: list[str], by: tuple[str, ...], kind: str, period: Period, grain: Grain
) -> None:
    shop, naive = pairs[which]
    assume(kind != "custom" or period.days > 3)
    answer = shop.query(names, by=by, grain=grain, start=period.start, end=period.end, compare=comparison(kind, period))
    assert answer.compare_period is not None
    calendar = shop.calendar(shop.releases.current())
    partners = calendar.partners(grain, period, answer.compare_period, kind)
    of_bucket = dict(zip((bucket.start for bucket in answer.buckets), partners, strict=True))
    rows = answer.to_records()
    for row in rows[:: max(1, len(rows) // 6)]:
        partner = of_bucket[row[grain]]
        if partner is None or partner.end < naive.first or partner.start > naive.last:
            assert all(row[f"{name}_compare"] is None for name in names)
            continue
        other = asked(shop, names, by, partner).get(tuple(row[name] for name in by))
        if other is not None:
            assert {n: (row[f"{n}_compare"], other[n]) for n in names if not same(row[f"{n}_compare"], other[n])} == {}


@given(st.integers(0, 1), spans, st.sampled_from([None, *GRAINS]), cut)
@settings(max_examples=30)
def test_growth_is_against_the_same_part_of_the_period_before_and_of_the_year_before(
    pairs: list[Pair], which: int, period: Period, grain: Grain | None, by: tuple[str, ...]
) -> None:
    shop, _ = pairs[which]
    calendar = shop.calendar(shop.releases.current())
    answer = shop.query("revenue,sales_growth_rate,revenue_yoy", by=by, grain=grain, start=period.start, end=period.end)
    parts = {part.start: part for part in calendar.parts(grain, period)} if grain else {}
    rows = answer.to_records()
    for row in rows[:: max(1, len(rows) // 5)]:
        part = parts[max(row[grain], period.start)] if grain else period
        before = {
            "sales_growth_rate": calendar.before(grain, part) if grain else calendar.previous(part),
            "revenue_yoy": calendar.year_before(grain, part) if grain else calendar.last_year(part),
        }
        for name, span in before.items():
            other = asked(shop, ["revenue"], by, span).get(tuple(row[key] for key in by)) if span else None
            then = float(other["revenue"]) if other else 0.0
            assert same(row[name], (float(row["revenue"] or 0) - then) / then * 100 if then else None)


def test_a_comparison_before_the_data_is_unknown_and_says_so(pairs: list[Pair]) -> None:
    shop, naive = pairs[0]
    names = ["revenue", "customers", "clv_formula", "product_velocity", "sales_growth_rate"]
    for grain in (None, "day", "month"):
        end = naive.first + timedelta(days=40)
        answer = shop.query(names, grain=grain, start=naive.first, end=end, compare="last_year")
        for row in answer.to_records():
            assert [row[f"{name}_compare"] for name in names] == [None] * len(names)
            assert row["revenue_change"] is None
        assert any("lies before the first day with data" in note["text"] for note in answer.notes)


@pytest.mark.parametrize(
    "compare", ["last_month", "2024-01-01", "2024-01-01..", ["2024-01-01"], {"from": "2024-01-01"}]
)
def test_a_comparison_that_is_none_is_a_clear_error(pairs: list[Pair], compare: Any) -> None:
    with pytest.raises(QuestionError, match=r"compare|A comparison") as caught:
        pairs[0][0].query("revenue", compare=compare)
    assert caught.value.details["field"] == "compare"
