"""Periods and grains: named periods, the period to compare with, and the buckets of a grain.

Days are inclusive on both sides and belong to the shop's time zone. A bucket is identified by its first day.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal, get_args

from tillsight.core.errors import QuestionError
from tillsight.core.fiscal import LEVELS, FiscalCalendar, Level

StandardGrain = Literal["day", "week", "month", "quarter", "year"]
Grain = Literal[
    "day", "week", "month", "quarter", "year", "fiscal_week", "fiscal_period", "fiscal_quarter", "fiscal_year"
]
GRAINS: tuple[Grain, ...] = get_args(Grain)

NAMED_PERIODS: dict[str, str] = {
    "today": "Today",
    "yesterday": "Yesterday",
    "last_7_days": "Last 7 days",
    "last_30_days": "Last 30 days",
    "last_90_days": "Last 90 days",
    "this_week": "This week",
    "last_week": "Last week",
    "this_month": "This month",
    "last_month": "Last month",
    "this_quarter": "This quarter",
    "last_quarter": "Last quarter",
    "this_year": "This year",
    "last_year": "Last year",
    "last_12_months": "Last 12 months",
    "all": "All time",
}
"""Every named period of the sales overview, with its title; `custom` is a pair of dates."""


@dataclass(frozen=True, order=True)
class Period:
    """A span of days, both inclusive."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise QuestionError(
                f"The period ends on {self.end} before it starts on {self.start}.",
                field="to",
                reason="the end lies before the start",
            )

    @property
    def days(self) -> int:
        """How many days, both ends counted."""
        return (self.end - self.start).days + 1

    def __contains__(self, day: date) -> bool:
        return self.start <= day <= self.end

    def __str__(self) -> str:
        return f"{self.start}/{self.end}"


@dataclass(frozen=True)
class Bucket:
    """One step of a grain inside a period. `partial` when the period, or the data, covers only part of it."""

    start: date
    end: date
    label: str
    partial: bool = False


@dataclass(frozen=True)
class Calendar:
    """What turns days into periods for one shop: the first day of the week and the fiscal calendar."""

    week_start: int = 0
    fiscal: FiscalCalendar = field(default_factory=lambda: FiscalCalendar([]))

    def start_of(self, grain: Grain, day: date) -> date:
        """The first day of the bucket of `grain` that holds `day`."""
        return self._span(grain, day)[0]

    def end_of(self, grain: Grain, day: date) -> date:
        """The last day of the bucket of `grain` that holds `day`."""
        return self._span(grain, day)[1]

    def _span(self, grain: Grain, day: date) -> tuple[date, date]:
        if grain == "day":
            return day, day
        if grain == "week":
            start = day - timedelta(days=(day.weekday() - self.week_start) % 7)
            return start, start + timedelta(days=6)
        if grain in LEVELS:
            return self._fiscal_span(grain, day)
        if grain == "year":
            return date(day.year, 1, 1), date(day.year, 12, 31)
        first = day.month if grain == "month" else day.month - (day.month - 1) % 3
        last = first if grain == "month" else first + 2
        return date(day.year, first, 1), date(day.year, last, calendar.monthrange(day.year, last)[1])

    def _fiscal_span(self, level: Level, day: date) -> tuple[date, date]:
        for start, end, _ in self.fiscal.spans(level):
            if start <= day <= end:
                return start, end
        raise QuestionError(f"The fiscal calendar does not reach {day}.", field="grain", reason="calendar too short")

    def buckets(self, grain: Grain, period: Period, data_to: date | None = None) -> list[Bucket]:
        """The buckets of a grain that touch a period, in order; the first and last may be partial."""
        result: list[Bucket] = []
        fiscal = {start: label for start, _, label in self.fiscal.spans(grain)} if grain in LEVELS else {}
        day = period.start
        while day <= period.end:
            start, end = self._span(grain, day)
            known_to = min(period.end, data_to) if data_to else period.end
            partial = start < period.start or end > known_to
            result.append(Bucket(start, end, fiscal.get(start) or bucket_label(grain, start), partial))
            day = end + timedelta(days=1)
        return result

    def named(self, name: str, today: date, data_from: date) -> Period:
        """The days of a named period, seen from `today`. Raises QuestionError that lists the names."""
        month, quarter, year = (self.start_of(grain, today) for grain in ("month", "quarter", "year"))
        week = self.start_of("week", today)
        one = timedelta(days=1)
        spans: dict[str, tuple[date, date]] = {
            "today": (today, today),
            "yesterday": (today - one, today - one),
            "last_7_days": (today - 6 * one, today),
            "last_30_days": (today - 29 * one, today),
            "last_90_days": (today - 89 * one, today),
            "this_week": (week, today),
            "last_week": (week - 7 * one, week - one),
            "this_month": (month, today),
            "last_month": (self.start_of("month", month - one), month - one),
            "this_quarter": (quarter, today),
            "last_quarter": (self.start_of("quarter", quarter - one), quarter - one),
            "this_year": (year, today),
            "last_year": (date(year.year - 1, 1, 1), date(year.year - 1, 12, 31)),
            "last_12_months": (shift_years(today, -1) + one, today),
            "all": (min(data_from, today), today),
        }
        if name not in spans:
            raise QuestionError(
                f"There is no period {name!r}. Choose one of: {', '.join(spans)}.", field="period", value=name
            )
        return Period(*spans[name])

    def previous(self, period: Period) -> Period:
        """The period before, to compare with.

        Whole months, quarters or years compare with the whole ones before them; a month, quarter or year to date with
        the same number of days of the one before (never past its end); anything else with as many days just before.
        """
        for grain in ("year", "quarter", "month"):
            if period.start != self.start_of(grain, period.start) or period.end > self.end_of(grain, period.start):
                continue
            start = self.start_of(grain, period.start - timedelta(days=1))
            last = self.end_of(grain, start)
            if period.end == self.end_of(grain, period.start):
                return Period(start, last)
            if period.days > 1:
                return Period(start, min(start + timedelta(days=period.days - 1), last))
        end = period.start - timedelta(days=1)
        return Period(end - timedelta(days=period.days - 1), end)

    def last_year(self, period: Period) -> Period:
        """The same days a year before; 29 February compares with 28 February, whole months with whole months."""
        start, end = shift_years(period.start, -1), shift_years(period.end, -1)
        if period.end == self.end_of("month", period.end):
            end = self.end_of("month", end)
        return Period(start, end)


def shift_years(day: date, years: int) -> date:
    """The same day so many years on; 29 February becomes 28 February where there is none."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def bucket_label(grain: Grain, start: date) -> str:
    """A bucket in words: `14 Nov 2026`, `Week of 9 Nov 2026`, `Nov 2026`, `Q4 2026`, `2026`."""
    if grain == "week":
        return f"Week of {start.day} {start:%b %Y}"
    if grain == "month":
        return f"{start:%b %Y}"
    if grain == "quarter":
        return f"Q{(start.month + 2) // 3} {start.year}"
    if grain == "year":
        return str(start.year)
    return f"{start.day} {start:%b %Y}"


def parse_day(text: str, field_name: str) -> date:
    """A day from `2026-11-14`. Raises QuestionError that names the field and the form."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise QuestionError(
            f"{field_name} must be a day such as 2026-11-14, not {text!r}.", field=field_name, value=text
        ) from None
