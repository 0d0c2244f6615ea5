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
        span = self.fiscal.span_of(level, day)
        if span is None:
            problem = self.fiscal.problem or f"the fiscal calendar does not reach {day}"
            raise QuestionError(
                f"This cannot be asked by fiscal grains: {problem}. Load a calendar that can.",
                field="grain",
                reason=problem,
            )
        return span[0], span[1]

    def buckets(
        self, grain: Grain, period: Period, data_to: date | None = None, data_from: date | None = None
    ) -> list[Bucket]:
        """The buckets of a grain that touch a period, in order; those that the period or the data cut are partial."""
        result: list[Bucket] = []
        known_from = max(period.start, data_from) if data_from else period.start
        known_to = min(period.end, data_to) if data_to else period.end
        day = period.start
        while day <= period.end:
            start, end = self._span(grain, day)
            partial = start < known_from or end > known_to
            result.append(Bucket(start, end, self._label(grain, start), partial))
            day = end + timedelta(days=1)
        return result

    def _label(self, grain: Grain, start: date) -> str:
        span = self.fiscal.span_of(grain, start) if grain in LEVELS else None
        return span[2] if span else bucket_label(grain, start)

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

        A whole month, quarter or year compares with the whole one before it; a week, month, quarter or year to date
        (the smallest that holds the period) with the same days of the one before, never past its end; anything else
        with as many days just before.
        """
        whole: tuple[Grain, ...] = ("year", "quarter", "month")
        for grain in whole:
            if (period.start, period.end) == self._span(grain, period.start):
                return Period(*self._span(grain, period.start - timedelta(days=1)))
        if period.days > 1:
            for grain in ("week", *reversed(whole)):
                start, end = self._span(grain, period.start)
                if period.start == start and period.end <= end:
                    first, last = self._span(grain, start - timedelta(days=1))
                    return Period(first, min(first + timedelta(days=period.days - 1), last))
        end = period.start - timedelta(days=1)
        return Period(end - timedelta(days=period.days - 1), end)

    def last_year(self, period: Period) -> Period:
        """The same days a year before; 29 February compares with 28 February, whole months with whole months."""
        start, end = shift_years(period.start, -1), shift_years(period.end, -1)
        if period.start == self.start_of("month", period.start) and period.end == self.end_of("month", period.end):
            end = self.end_of("month", end)
        return Period(start, end)

    def before(self, grain: Grain, part: Period) -> Period | None:
        """The bucket before, for a bucket or a part of one: the same part of it, so that like stands against like.

        A part that reaches to the end of its bucket reaches to the end of the one before. None when there is none: the
        fiscal calendar does not reach back, or the one before is too short to have such a part.
        """
        if grain in ("day", "week"):
            back = timedelta(days=1 if grain == "day" else 7)
            return Period(part.start - back, part.end - back)
        here = self._span(grain, part.start)
        there = self._known_span(grain, here[0] - timedelta(days=1))
        return _same_part(here, there, part) if there else None

    def year_before(self, grain: Grain, part: Period) -> Period | None:
        """The same bucket a year before, for a bucket or a part of one.

        Weeks stand against the weeks 52 weeks before, so that weekdays match. Fiscal buckets stand against the same one
        of the fiscal year before, or, in a restated calendar, against the days 52 weeks before. None when there is none:
        29 February by day, week 53 of a year that follows one of 52 weeks, a calendar that does not reach back.
        """
        if grain == "day":
            there = shift_years(part.start, -1)
            return Period(there, there) if there.day == part.start.day else None
        if grain == "week" or (grain in LEVELS and self.fiscal.restated):
            back = timedelta(days=364)
            return Period(part.start - back, part.end - back)
        if grain not in LEVELS:
            return self.last_year(part)
        same = self.fiscal.year_before(grain, part.start)
        return _same_part(self._span(grain, part.start), same, part) if same else None

    def compared(self, kind: str, period: Period, grain: Grain | None) -> Period:
        """The days that a period compares with (`previous` or `last_year`), at a grain.

        By week and by fiscal grains a year is counted in weeks or fiscal buckets (see `year_before`), so that every bucket
        has a partner of its own kind.
        """
        if kind == "previous":
            return self.previous(period)
        if grain != "week" and grain not in LEVELS:
            return self.last_year(period)
        parts = [self.year_before(grain, part) for part in self.parts(grain, period)]
        known = [part for part in parts if part is not None]
        return Period(known[0].start, known[-1].end) if known else self.last_year(period)

    def parts(self, grain: Grain, period: Period) -> list[Period]:
        """The buckets of a period, each cut to the days that lie in the period."""
        return [
            Period(max(bucket.start, period.start), min(bucket.end, period.end))
            for bucket in self.buckets(grain, period)
        ]

    def partners(self, grain: Grain, period: Period, compare: Period, kind: str) -> list[Period | None]:
        """For every bucket of a period, the days of the comparison that it stands against; None when there are none.

        `last_year`: see `year_before`. Otherwise days and weeks stand against the days that lie as far from the start of
        the comparison, longer buckets against the one that is the same in order. Nothing outside the comparison counts.
        """
        parts = self.parts(grain, period)
        found: list[Period | None]
        if kind == "last_year":
            found = [self.year_before(grain, part) for part in parts]
        elif grain in ("day", "week"):
            shift = compare.start - period.start
            found = [Period(part.start + shift, part.end + shift) for part in parts]
        elif self._known_span(grain, compare.start) is None or self._known_span(grain, compare.end) is None:
            found = [None] * len(parts)
        else:
            others = self.parts(grain, compare)
            found = [*others[: len(parts)], *([None] * (len(parts) - len(others)))]
        return [_within(part, compare) for part in found]

    def _known_span(self, grain: Grain, day: date) -> tuple[date, date] | None:
        if grain not in LEVELS:
            return self._span(grain, day)
        span = self.fiscal.span_of(grain, day)
        return (span[0], span[1]) if span else None


def _same_part(here: tuple[date, date], there: tuple[date, date], part: Period) -> Period | None:
    """The days of `there` that lie as `part` lies in `here`."""
    start = there[0] + (part.start - here[0])
    end = there[1] if part.end >= here[1] else min(there[0] + (part.end - here[0]), there[1])
    return Period(start, end) if start <= end else None


def _within(part: Period | None, whole: Period) -> Period | None:
    if part is None or part.end < whole.start or part.start > whole.end:
        return None
    return Period(max(part.start, whole.start), min(part.end, whole.end))


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
