"""Fiscal calendars: which fiscal week, period, quarter and year a day belongs to.

A calendar is data: rows of weeks (retail patterns) or months, each with its period, quarter and year. The presets are
generated; a shop can load a calendar of its own into the table `fiscal_calendar`.

Patterns: `4-4-5`, `4-5-4`, `5-4-4` (weeks of each quarter's periods) or `months`. The year ends on the given weekday
that is the last of, or nearest to the end of, a month. A 53rd week goes to the last period of the year unless said
otherwise. The year label is the calendar year in which the fiscal year starts (`label="start"`, NRF) or ends
(`label="end"`).
"""

from __future__ import annotations

import calendar
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

Level = Literal["fiscal_week", "fiscal_period", "fiscal_quarter", "fiscal_year"]
LEVELS: tuple[Level, ...] = ("fiscal_week", "fiscal_period", "fiscal_quarter", "fiscal_year")


@dataclass(frozen=True)
class Rule:
    """How a fiscal calendar is made.

    `year_end_weekday`: 0 is Monday. `week_53_period`: the period (1–12) that takes the 53rd week. `restated`: what a span
    of a year of weeks compares with, see `FiscalCalendar`.
    """

    pattern: Literal["months", "4-4-5", "4-5-4", "5-4-4"] = "months"
    start_month: int = 1
    year_end: Literal["last", "nearest"] = "nearest"
    year_end_month: int = 1
    year_end_weekday: int = 5
    week_53_period: int = 12
    label: Literal["start", "end"] = "start"
    restated: bool = False


PRESETS: dict[str, Rule] = {
    "months": Rule(pattern="months", label="end"),
    # National Retail Federation: ends on the Saturday nearest 31 January; labelled by the year it starts in.
    "nrf-4-5-4": Rule(pattern="4-5-4", year_end="nearest", year_end_month=1, year_end_weekday=5, label="start"),
    "last-sunday-of-june": Rule(pattern="4-4-5", year_end="last", year_end_month=6, year_end_weekday=6, label="end"),
}


@dataclass(frozen=True)
class FiscalWeek:
    """One row of a calendar: the smallest span, with what it belongs to. Days are inclusive."""

    start: date
    end: date
    year: int
    quarter: int
    period: int
    week: int


def year_end(rule: Rule, year: int) -> date:
    """The last day of the fiscal year that ends in (or, for a nearest rule, around the end of) the month of `year`."""
    last = date(year, rule.year_end_month, calendar.monthrange(year, rule.year_end_month)[1])
    back = (last.weekday() - rule.year_end_weekday) % 7
    end = last - timedelta(days=back)
    if rule.year_end == "nearest" and back > 3:
        end += timedelta(days=7)
    return end


def weeks_in_year(rule: Rule, label: int) -> int:
    """52 or 53, for the fiscal year with this label."""
    ends = label if rule.label == "end" else label + 1
    return (year_end(rule, ends) - year_end(rule, ends - 1)).days // 7


class FiscalCalendar:
    """Fiscal weeks in order, and the spans of every level above them.

    The list holds no gap and no overlap: `ValueError` names the first day where it would. `restated`: a fiscal span
    compares with the days 52 weeks before it instead of with the same span of the year before, so that the weeks after
    a 53-week year stand against the same weeks of the calendar.
    """

    def __init__(self, weeks: Iterable[FiscalWeek], *, restated: bool = False, problem: str = "") -> None:
        self.problem = problem
        self.weeks = sorted(weeks, key=lambda week: week.start)
        self.restated = restated
        for week in self.weeks:
            if week.end < week.start:
                raise ValueError(
                    f"the fiscal calendar has a week that ends on {week.end} before it starts on {week.start}"
                )
        for before, after in zip(self.weeks, self.weeks[1:], strict=False):
            if after.start != before.end + timedelta(days=1):
                raise ValueError(f"the fiscal calendar has a gap or an overlap at {before.end}/{after.start}")
        self._starts = [week.start for week in self.weeks]
        self._whole_weeks = all((week.end - week.start).days == 6 for week in self.weeks)
        self._spans = {level: self._made(level) for level in LEVELS}
        self._span_starts = {level: [span[0] for span in spans] for level, spans in self._spans.items()}
        self._places = {
            level: {place: (start, end) for (start, end, _), place in zip(spans, self._held(level), strict=True)}
            for level, spans in self._spans.items()
        }

    def week_of(self, day: date) -> FiscalWeek:
        """The row that holds a day; KeyError when the calendar does not reach it."""
        index = bisect_right(self._starts, day) - 1
        if index < 0 or day > self.weeks[index].end:
            raise KeyError(day)
        return self.weeks[index]

    def spans(self, level: Level) -> list[tuple[date, date, str]]:
        """Every span of a level: first day, last day, label such as `FY2026 P03`."""
        return list(self._spans[level])

    def span_of(self, level: Level, day: date) -> tuple[date, date, str] | None:
        """The span of a level that holds a day; None when the calendar does not reach it."""
        index = bisect_right(self._span_starts[level], day) - 1
        if index < 0 or day > self._spans[level][index][1]:
            return None
        return self._spans[level][index]

    def year_before(self, level: Level, day: date) -> tuple[date, date] | None:
        """The same span of the fiscal year before the one that holds a day: P03 of P03, W53 of W53.

        None when the calendar does not reach it, or when that year has no such span.
        """
        span = self.span_of(level, day)
        if span is None:
            return None
        year, *place = self._place(level, self.week_of(span[0]))
        return self._places[level].get((year - 1, *place))

    def _made(self, level: Level) -> list[tuple[date, date, str]]:
        spans: list[tuple[date, date, str]] = []
        for week in self.weeks:
            label = _label(level, week)
            if spans and spans[-1][2] == label:
                spans[-1] = (spans[-1][0], week.end, label)
            else:
                spans.append((week.start, week.end, label))
        return spans

    def _held(self, level: Level) -> list[tuple[int, ...]]:
        return [self._place(level, self.week_of(start)) for start in self._span_starts[level]]

    def _place(self, level: Level, week: FiscalWeek) -> tuple[int, ...]:
        """Year, and where in it: what a span of the year before is found by."""
        if level == "fiscal_year":
            return (week.year,)
        if level == "fiscal_quarter":
            return week.year, week.quarter
        if level == "fiscal_period":
            return week.year, week.period
        if self._whole_weeks:
            return week.year, week.week
        # weeks that are cut at month ends are known by month and order: a 29 February would shift the numbers
        first = self._period_start(week)
        return week.year, week.period, (week.start - first).days // 7

    def _period_start(self, week: FiscalWeek) -> date:
        span = self.span_of("fiscal_period", week.start)
        return span[0] if span else week.start


def _label(level: Level, week: FiscalWeek) -> str:
    year = f"FY{week.year}"
    if level == "fiscal_year":
        return year
    if level == "fiscal_quarter":
        return f"{year} Q{week.quarter}"
    if level == "fiscal_period":
        return f"{year} P{week.period:02}"
    return f"{year} W{week.week:02}"


def generate(rule: Rule, first: date, last: date) -> FiscalCalendar:
    """The calendar of a rule that covers the days from `first` to `last`, in whole fiscal years."""
    weeks: list[FiscalWeek] = []
    for year in range(first.year - 2, last.year + 3):
        rows = _months(rule, year) if rule.pattern == "months" else _retail(rule, year)
        if rows and rows[-1].end >= first and rows[0].start <= last:
            weeks.extend(rows)
    return FiscalCalendar(weeks, restated=rule.restated and rule.pattern != "months")


def _months(rule: Rule, year: int) -> list[FiscalWeek]:
    """A fiscal year of calendar months that starts in `year`; its weeks are seven-day blocks cut at month ends."""
    label = year if rule.start_month == 1 or rule.label == "start" else year + 1
    rows: list[FiscalWeek] = []
    number = 0
    for index in range(12):
        month = (rule.start_month - 1 + index) % 12 + 1
        in_year = year + (rule.start_month - 1 + index) // 12
        day, end = date(in_year, month, 1), date(in_year, month, calendar.monthrange(in_year, month)[1])
        while day <= end:
            number += 1
            stop = min(day + timedelta(days=6), end)
            rows.append(FiscalWeek(day, stop, label, index // 3 + 1, index + 1, number))
            day = stop + timedelta(days=1)
    return rows


def _retail(rule: Rule, year: int) -> list[FiscalWeek]:
    """A fiscal year of whole weeks that ends around the year-end month of `year`."""
    start = year_end(rule, year - 1) + timedelta(days=1)
    count = (year_end(rule, year) - start).days // 7 + 1
    label = year if rule.label == "end" else year - 1
    lengths = [int(part) for part in rule.pattern.split("-")] * 4
    if count == 53:
        lengths[rule.week_53_period - 1] += 1
    periods = [period for period, weeks in enumerate(lengths, start=1) for _ in range(weeks)]
    return [
        FiscalWeek(
            start + timedelta(days=7 * index),
            start + timedelta(days=7 * index + 6),
            label,
            (period - 1) // 3 + 1,
            period,
            index + 1,
        )
        for index, period in enumerate(periods[:count])
    ]
