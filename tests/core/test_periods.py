"""Periods and grains: named periods, what a period compares with, buckets and what is partial."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tillsight.core.errors import QuestionError
from tillsight.core.fiscal import PRESETS, Rule, generate
from tillsight.core.periods import (
    GRAINS,
    NAMED_PERIODS,
    Bucket,
    Calendar,
    Grain,
    Period,
    bucket_label,
    parse_day,
    shift_years,
)

DAY = timedelta(days=1)
NRF = Calendar(fiscal=generate(PRESETS["nrf-4-5-4"], date(2020, 1, 1), date(2030, 1, 1)))
RESTATED = Calendar(
    fiscal=generate(Rule(pattern="4-5-4", restated=True), date(2020, 1, 1), date(2030, 1, 1)),
)
PLAIN = Calendar()


def days(text: str) -> Period:
    start, _, end = text.partition("..")
    return Period(date.fromisoformat(start), date.fromisoformat(end or start))


# named periods, seen from Thursday 29 February 2024; weeks start on Monday unless said
NAMED = {
    "today": "2024-02-29",
    "yesterday": "2024-02-28",
    "last_7_days": "2024-02-23..2024-02-29",
    "last_30_days": "2024-01-31..2024-02-29",
    "last_90_days": "2023-12-02..2024-02-29",
    "this_week": "2024-02-26..2024-02-29",
    "last_week": "2024-02-19..2024-02-25",
    "this_month": "2024-02-01..2024-02-29",
    "last_month": "2024-01-01..2024-01-31",
    "this_quarter": "2024-01-01..2024-02-29",
    "last_quarter": "2023-10-01..2023-12-31",
    "this_year": "2024-01-01..2024-02-29",
    "last_year": "2023-01-01..2023-12-31",
    "last_12_months": "2023-03-01..2024-02-29",
    "all": "2022-05-05..2024-02-29",
}


@pytest.mark.parametrize("name", NAMED_PERIODS)
def test_named_periods(name: str) -> None:
    assert PLAIN.named(name, date(2024, 2, 29), date(2022, 5, 5)) == days(NAMED[name])


@given(st.dates(date(2000, 1, 1), date(2040, 1, 1)), st.sampled_from([*NAMED_PERIODS]), st.integers(0, 6))
def test_named_periods_end_today_or_before_and_are_as_long_as_they_say(today: date, name: str, week_start: int) -> None:
    calendar = Calendar(week_start)
    period = calendar.named(name, today, today - 500 * DAY)
    assert period.end <= today
    lengths = {"today": 1, "yesterday": 1, "last_7_days": 7, "last_30_days": 30, "last_90_days": 90, "last_week": 7}
    assert period.days == lengths.get(name, period.days)
    if name in ("this_week", "last_week"):
        assert period.start.weekday() == week_start


def test_the_week_of_a_shop_may_start_on_sunday() -> None:
    sunday = Calendar(week_start=6)
    assert sunday.named("this_week", date(2024, 2, 29), date(2022, 1, 1)) == days("2024-02-25..2024-02-29")
    assert sunday.start_of("week", date(2024, 2, 25)) == date(2024, 2, 25)
    assert sunday.end_of("week", date(2024, 2, 25)) == date(2024, 3, 2)


def test_all_time_of_a_shop_whose_data_begin_after_today() -> None:
    assert PLAIN.named("all", date(2024, 1, 1), date(2024, 6, 1)) == days("2024-01-01")


def test_an_unknown_named_period_lists_the_known_ones() -> None:
    with pytest.raises(QuestionError, match="last_30_days"):
        PLAIN.named("last_fortnight", date(2024, 1, 1), date(2024, 1, 1))


PREVIOUS = [
    # whole months, quarters, years: the whole one before
    ("2024-03-01..2024-03-31", "2024-02-01..2024-02-29"),
    ("2024-01-01..2024-01-31", "2023-12-01..2023-12-31"),
    ("2024-04-01..2024-04-30", "2024-03-01..2024-03-31"),
    ("2024-01-01..2024-03-31", "2023-10-01..2023-12-31"),
    ("2024-01-01..2024-12-31", "2023-01-01..2023-12-31"),
    # to date: the same days of the one before, and of the smallest that holds the period
    ("2024-01-01..2024-01-15", "2023-12-01..2023-12-15"),
    ("2024-03-01..2024-03-30", "2024-02-01..2024-02-29"),
    ("2024-04-01..2024-05-20", "2024-01-01..2024-02-19"),
    ("2024-01-01..2024-08-31", "2023-01-01..2023-09-01"),
    ("2024-02-26..2024-02-28", "2024-02-19..2024-02-21"),
    # anything else: as many days just before
    ("2024-02-29", "2024-02-28"),
    ("2024-01-01", "2023-12-31"),
    ("2024-02-05..2024-02-11", "2024-01-29..2024-02-04"),
    ("2024-02-10..2024-02-20", "2024-01-30..2024-02-09"),
    ("2024-03-15..2024-05-14", "2024-01-14..2024-03-14"),
]


@pytest.mark.parametrize(("period", "expected"), PREVIOUS)
def test_the_period_before(period: str, expected: str) -> None:
    assert PLAIN.previous(days(period)) == days(expected)


@given(st.dates(date(2000, 1, 1), date(2040, 1, 1)), st.integers(0, 800), st.integers(0, 6))
def test_the_period_before_ends_before_and_is_not_longer(start: date, more: int, week_start: int) -> None:
    period = Period(start, start + more * DAY)
    before = Calendar(week_start).previous(period)
    assert before.end < period.start
    whole_month = period.start.day == 1 and (period.end + DAY).day == 1
    assert before.days <= period.days or whole_month


LAST_YEAR = [
    ("2024-03-10..2024-03-20", "2023-03-10..2023-03-20"),
    ("2024-02-01..2024-02-29", "2023-02-01..2023-02-28"),
    ("2025-02-01..2025-02-28", "2024-02-01..2024-02-29"),
    ("2025-02-28", "2024-02-28"),
    ("2025-02-22..2025-02-28", "2024-02-22..2024-02-28"),
    ("2024-02-29", "2023-02-28"),
    ("2024-03-01..2025-02-28", "2023-03-01..2024-02-29"),
]


@pytest.mark.parametrize(("period", "expected"), LAST_YEAR)
def test_the_same_days_a_year_before(period: str, expected: str) -> None:
    assert PLAIN.last_year(days(period)) == days(expected)


def test_a_period_cannot_end_before_it_starts() -> None:
    with pytest.raises(QuestionError, match="2024-01-01 before it starts on 2024-01-02"):
        Period(date(2024, 1, 2), date(2024, 1, 1))


@pytest.mark.parametrize(
    ("grain", "label"),
    [
        ("day", "14 Nov 2026"),
        ("week", "Week of 14 Nov 2026"),
        ("month", "Nov 2026"),
        ("quarter", "Q4 2026"),
        ("year", "2026"),
    ],
)
def test_labels(grain: Grain, label: str) -> None:
    assert bucket_label(grain, date(2026, 11, 14)) == label


def test_fiscal_buckets_have_fiscal_labels() -> None:
    buckets = NRF.buckets("fiscal_period", days("2024-02-04..2024-04-06"))
    assert [bucket.label for bucket in buckets] == ["FY2024 P01", "FY2024 P02"]
    assert [bucket.partial for bucket in buckets] == [False, False]


def test_buckets_that_the_period_or_the_data_cut_are_partial() -> None:
    """Period 10 Jan – 20 Apr, data from 5 Feb to 12 Apr: January lies before the data, March alone is whole."""
    buckets = PLAIN.buckets("month", days("2024-01-10..2024-04-20"), date(2024, 4, 12), date(2024, 2, 5))
    assert [bucket.partial for bucket in buckets] == [True, True, False, True]
    assert buckets[2] == Bucket(date(2024, 3, 1), date(2024, 3, 31), "Mar 2024", False)
    weeks = PLAIN.buckets("week", days("2024-01-01..2024-01-16"))
    assert [bucket.partial for bucket in weeks] == [False, False, True]


grains = st.sampled_from(GRAINS)
spans = st.builds(
    lambda start, more: Period(start, start + more * DAY),
    st.dates(date(2022, 1, 1), date(2028, 1, 1)),
    st.integers(0, 700),
)


@given(grains, spans, st.integers(0, 6))
def test_buckets_cover_a_period_once(grain: Grain, period: Period, week_start: int) -> None:
    calendar = Calendar(week_start, NRF.fiscal)
    buckets = calendar.buckets(grain, period)
    assert buckets[0].start <= period.start <= buckets[0].end
    assert buckets[-1].start <= period.end <= buckets[-1].end
    assert all(after.start == before.end + DAY for before, after in pairwise(buckets))
    parts = calendar.parts(grain, period)
    assert sum(part.days for part in parts) == period.days
    assert [part.start for part in parts[1:]] == [part.end + DAY for part in parts[:-1]]


@given(grains, spans, st.sampled_from(["previous", "last_year", "custom"]), st.integers(0, 400), st.integers(0, 6))
def test_partners_lie_in_the_comparison_apart_and_in_order(
    grain: Grain, period: Period, kind: str, back: int, week_start: int
) -> None:
    calendar = Calendar(week_start, NRF.fiscal)
    compare = (
        Period(period.start - (back + 1) * DAY, period.end - (back + 1) * DAY)
        if kind == "custom"
        else calendar.compared(kind, period, grain)
    )
    partners = calendar.partners(grain, period, compare, kind)
    assert len(partners) == len(calendar.buckets(grain, period))
    known = [partner for partner in partners if partner is not None]
    assert all(partner.start >= compare.start and partner.end <= compare.end for partner in known)
    assert all(before.end < after.start for before, after in pairwise(known))


@given(grains, spans, st.sampled_from(["before", "year_before"]))
def test_a_part_of_a_bucket_stands_against_a_part_no_longer_than_the_bucket(
    grain: Grain, period: Period, back: str
) -> None:
    parts = NRF.parts(grain, period)
    partners = [getattr(NRF, back)(grain, part) for part in parts]
    for part, partner in zip(parts, partners, strict=True):
        if partner is not None:
            assert partner.end < part.start
            start, end = NRF.start_of(grain, part.start), NRF.end_of(grain, part.start)
            if (start, end) != (part.start, part.end) and part.end < end:
                leap = back == "year_before"  # a whole February stands against a whole one
                assert partner.days <= part.days + leap
    known = [partner for partner in partners if partner is not None]
    assert all(before.end < after.start for before, after in pairwise(known))


def partners(
    calendar: Calendar, grain: Grain, period: str, kind: str = "last_year", compare: str = ""
) -> list[str | None]:
    asked = days(period)
    other = days(compare) if compare else calendar.compared(kind, asked, grain)
    found = calendar.partners(grain, asked, other, kind)
    return [None if partner is None else f"{partner.start}..{partner.end}" for partner in found]


def test_by_day_a_leap_day_has_no_partner_and_shifts_nobody() -> None:
    """28 Feb – 1 Mar 2024 against 2023, and 2025 against 2024: 1 March stands against 1 March."""
    assert partners(PLAIN, "day", "2024-02-28..2024-03-01") == [
        "2023-02-28..2023-02-28", None, "2023-03-01..2023-03-01",
    ]  # fmt: skip
    assert partners(PLAIN, "day", "2025-02-28..2025-03-01") == ["2024-02-28..2024-02-28", "2024-03-01..2024-03-01"]


def test_by_week_a_year_is_52_weeks() -> None:
    assert PLAIN.compared("last_year", days("2024-01-01..2024-01-17"), "week") == days("2023-01-02..2023-01-18")
    assert partners(PLAIN, "week", "2024-01-01..2024-01-17") == [
        "2023-01-02..2023-01-08", "2023-01-09..2023-01-15", "2023-01-16..2023-01-18",
    ]  # fmt: skip


def test_by_week_a_quarter_stands_against_weeks_counted_from_the_start_of_the_one_before() -> None:
    """The first week of the first quarter of 2024 is 1–7 January; against it stand 1–7 October, not the one Sunday."""
    found = partners(PLAIN, "week", "2024-01-01..2024-03-31", "previous")
    assert found[0] == "2023-10-01..2023-10-07"
    assert found[-1] == "2023-12-24..2023-12-30"


def test_by_month_buckets_stand_against_the_same_in_order() -> None:
    assert partners(PLAIN, "month", "2024-02-01..2024-03-31", "custom", "2023-11-01..2023-11-30") == [
        "2023-11-01..2023-11-30", None,
    ]  # fmt: skip


def test_a_53_week_year_restated_and_not() -> None:
    """FY2023 has 53 weeks. Not restated, week 1 of FY2024 stands against week 1 of FY2023, 53 weeks before, and week 53
    of FY2023 against none. Restated, every week stands against the one 52 weeks before: week 1 against week 2."""
    assert partners(NRF, "fiscal_week", "2024-02-04..2024-02-10") == ["2023-01-29..2023-02-04"]
    assert partners(NRF, "fiscal_week", "2024-01-21..2024-02-03") == ["2023-01-22..2023-01-28", None]
    assert partners(RESTATED, "fiscal_week", "2024-02-04..2024-02-10") == ["2023-02-05..2023-02-11"]
    assert partners(RESTATED, "fiscal_week", "2024-01-28..2024-02-03") == ["2023-01-29..2023-02-04"]
    assert NRF.compared("last_year", days("2024-02-04..2025-02-01"), "fiscal_year") == days("2023-01-29..2024-02-03")
    assert RESTATED.compared("last_year", days("2024-02-04..2025-02-01"), "fiscal_year") == days(
        "2023-02-05..2024-02-03"
    )


def test_a_month_to_date_stands_against_the_same_part_of_the_month_before() -> None:
    assert PLAIN.before("month", days("2024-03-01..2024-03-10")) == days("2024-02-01..2024-02-10")
    assert PLAIN.before("month", days("2024-03-01..2024-03-31")) == days("2024-02-01..2024-02-29")
    assert PLAIN.before("month", days("2024-03-30..2024-03-30")) is None
    assert PLAIN.before("week", days("2024-03-04..2024-03-06")) == days("2024-02-26..2024-02-28")
    assert PLAIN.before("quarter", days("2024-04-01..2024-05-05")) == days("2024-01-01..2024-02-04")


def test_where_the_fiscal_calendar_does_not_reach_back_there_is_no_partner() -> None:
    short = Calendar(fiscal=generate(PRESETS["nrf-4-5-4"], date(2024, 3, 1), date(2024, 4, 1)))
    first = short.fiscal.spans("fiscal_year")[0]
    part = Period(first[0], first[0] + 6 * DAY)
    assert short.year_before("fiscal_week", part) is None
    assert short.before("fiscal_week", part) is None
    assert short.partners("fiscal_week", part, Period(first[0] - 7 * DAY, first[0] - DAY), "previous") == [None]


def test_years_are_shifted_over_leap_days() -> None:
    assert shift_years(date(2024, 2, 29), -1) == date(2023, 2, 28)
    assert shift_years(date(2024, 2, 29), 4) == date(2028, 2, 29)


@pytest.mark.parametrize("text", ["2024-13-01", "yesterday", "", "01/02/2024", "2024-02-30"])
def test_a_day_that_is_none_is_refused_by_name(text: str) -> None:
    with pytest.raises(QuestionError, match="from must be a day such as 2026-11-14"):
        parse_day(text, "from")
