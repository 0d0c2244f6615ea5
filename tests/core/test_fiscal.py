"""Fiscal calendars: retail years of 52 and 53 weeks, years of months, calendars that are loaded, and what a year compares with.

Dates of the NRF calendar: published by the National Retail Federation (4-5-4 calendar).
"""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tillsight.core.errors import QuestionError
from tillsight.core.fiscal import LEVELS, PRESETS, FiscalCalendar, FiscalWeek, Rule, generate, weeks_in_year, year_end
from tillsight.core.periods import Calendar, Period

NRF = PRESETS["nrf-4-5-4"]
JUNE = PRESETS["last-sunday-of-june"]
DAY = timedelta(days=1)


def test_nrf_years_with_a_53rd_week() -> None:
    """2000, 2006, 2012, 2017 and 2023 had 53 weeks; by the rule 2028, 2034 and 2040 will."""
    assert [year for year in range(2000, 2041) if weeks_in_year(NRF, year) == 53] == [
        2000, 2006, 2012, 2017, 2023, 2028, 2034, 2040,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("year", "first", "last"),
    [
        (2022, date(2022, 1, 30), date(2023, 1, 28)),
        (2023, date(2023, 1, 29), date(2024, 2, 3)),
        (2024, date(2024, 2, 4), date(2025, 2, 1)),
        (2025, date(2025, 2, 2), date(2026, 1, 31)),
    ],
)
def test_nrf_years_begin_and_end_as_published(year: int, first: date, last: date) -> None:
    spans = {label: (start, end) for start, end, label in generate(NRF, first, last).spans("fiscal_year")}
    assert spans[f"FY{year}"] == (first, last)


def test_nrf_months_are_4_5_4_weeks_and_the_53rd_goes_to_the_last() -> None:
    calendar = generate(NRF, date(2023, 6, 1), date(2024, 6, 1))
    weeks = Counter((week.year, week.period) for week in calendar.weeks)
    assert [weeks[2023, period] for period in range(1, 13)] == [4, 5, 4, 4, 5, 4, 4, 5, 4, 4, 5, 5]
    assert [weeks[2024, period] for period in range(1, 13)] == [4, 5, 4, 4, 5, 4, 4, 5, 4, 4, 5, 4]
    assert calendar.week_of(date(2024, 2, 3)).week == 53


def test_the_53rd_week_goes_where_it_is_told() -> None:
    rule = Rule(pattern="4-4-5", week_53_period=6)
    weeks = Counter((week.year, week.period) for week in generate(rule, date(2023, 6, 1), date(2023, 6, 1)).weeks)
    assert [weeks[2023, period] for period in range(1, 13)] == [4, 4, 5, 4, 4, 6, 4, 4, 5, 4, 4, 5]


def test_a_year_that_ends_on_the_last_sunday_of_june() -> None:
    """June 2024 ends on a Sunday: the 30th. 2025: the 29th. 2030: the 30th, so 2030 has 53 weeks."""
    assert year_end(JUNE, 2024) == date(2024, 6, 30)
    assert year_end(JUNE, 2025) == date(2025, 6, 29)
    spans = {
        label: (start, end)
        for start, end, label in generate(JUNE, date(2024, 7, 1), date(2031, 7, 1)).spans("fiscal_year")
    }
    assert spans["FY2025"] == (date(2024, 7, 1), date(2025, 6, 29))
    assert spans["FY2030"] == (date(2029, 6, 25), date(2030, 6, 30))
    assert weeks_in_year(JUNE, 2030) == 53


@pytest.mark.parametrize("start_month", [1, 7])
def test_years_of_calendar_months(start_month: int) -> None:
    calendar = generate(
        Rule(pattern="months", start_month=start_month, label="end"), date(2024, 1, 1), date(2024, 12, 31)
    )
    spans = {label: (start, end) for start, end, label in calendar.spans("fiscal_period")}
    if start_month == 1:
        assert spans["FY2024 P02"] == (date(2024, 2, 1), date(2024, 2, 29))
    else:
        assert spans["FY2024 P08"] == (date(2024, 2, 1), date(2024, 2, 29))
        assert spans["FY2025 P01"] == (date(2024, 7, 1), date(2024, 7, 31))
        quarters = {label: (start, end) for start, end, label in calendar.spans("fiscal_quarter")}
        assert quarters["FY2025 Q1"] == (date(2024, 7, 1), date(2024, 9, 30))


rules = st.builds(
    Rule,
    pattern=st.sampled_from(["months", "4-4-5", "4-5-4", "5-4-4"]),
    start_month=st.integers(1, 12),
    year_end=st.sampled_from(["last", "nearest"]),
    year_end_month=st.integers(1, 12),
    year_end_weekday=st.integers(0, 6),
    week_53_period=st.integers(1, 12),
    label=st.sampled_from(["start", "end"]),
)


@given(rules, st.dates(date(1995, 1, 1), date(2060, 1, 1)), st.integers(0, 900))
def test_every_day_is_in_one_span_of_every_level(rule: Rule, first: date, days: int) -> None:
    last = first + timedelta(days=days)
    calendar = generate(rule, first, last)
    for level in LEVELS:
        spans = calendar.spans(level)
        assert spans[0][0] <= first
        assert spans[-1][1] >= last
        assert all(after[0] == before[1] + DAY for before, after in pairwise(spans))
        assert len({label for _, _, label in spans}) == len(spans)
    per_year = Counter(week.year for week in calendar.weeks)
    if rule.pattern != "months":
        assert set(per_year.values()) <= {52, 53}
        assert {(week.end - week.start).days for week in calendar.weeks} == {6}
        assert {week.end.weekday() for week in calendar.weeks} == {rule.year_end_weekday}
    for week in calendar.weeks:
        assert week.quarter == (week.period - 1) // 3 + 1


def test_the_same_span_of_the_year_before() -> None:
    """FY2023 has 53 weeks: W53 has no partner in FY2022, and W01 of FY2024 stands against W01, 53 weeks before."""
    calendar = generate(NRF, date(2022, 1, 1), date(2024, 12, 31))
    assert calendar.year_before("fiscal_week", date(2024, 2, 4)) == (date(2023, 1, 29), date(2023, 2, 4))
    assert calendar.year_before("fiscal_week", date(2024, 2, 3)) is None
    assert calendar.year_before("fiscal_period", date(2024, 1, 15)) == (date(2023, 1, 1), date(2023, 1, 28))
    assert calendar.year_before("fiscal_year", date(2024, 5, 1)) == (date(2023, 1, 29), date(2024, 2, 3))


def test_weeks_that_are_cut_at_month_ends_keep_their_place_across_a_leap_day() -> None:
    """In a year of months the block 8–14 March is the second of March, whether February had 28 days or 29."""
    calendar = generate(PRESETS["months"], date(2023, 1, 1), date(2025, 12, 31))
    assert calendar.year_before("fiscal_week", date(2024, 3, 10)) == (date(2023, 3, 8), date(2023, 3, 14))
    assert calendar.year_before("fiscal_week", date(2025, 3, 10)) == (date(2024, 3, 8), date(2024, 3, 14))
    assert calendar.year_before("fiscal_week", date(2024, 2, 29)) is None


@pytest.mark.parametrize(
    ("weeks", "why"),
    [
        ([(1, 7), (9, 14)], "gap or an overlap"),
        ([(1, 7), (7, 14)], "gap or an overlap"),
        ([(8, 2)], "before it starts"),
    ],
)
def test_a_calendar_with_a_hole_is_refused(weeks: list[tuple[int, int]], why: str) -> None:
    rows = [FiscalWeek(date(2024, 1, a), date(2024, 1, b), 2024, 1, 1, n) for n, (a, b) in enumerate(weeks, 1)]
    with pytest.raises(ValueError, match=why):
        FiscalCalendar(rows)


def test_a_day_beyond_the_calendar_is_a_clear_error() -> None:
    calendar = Calendar(fiscal=generate(NRF, date(2023, 3, 1), date(2023, 4, 1)))
    with pytest.raises(QuestionError, match="does not reach 2030-01-01"):
        calendar.buckets("fiscal_week", Period(date(2030, 1, 1), date(2030, 1, 2)))
    with pytest.raises(KeyError):
        calendar.fiscal.week_of(date(2030, 1, 1))
