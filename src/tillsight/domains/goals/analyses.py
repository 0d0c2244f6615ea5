"""How goals stand: now, day by day, in the past, and as a line to draw beside what came.

`goals.progress`  one row per goal: its step that holds the last day, target, actual, what was to be expected by then, forecast
`goals.path`      one row per day of that step of one goal: so far, expected, and what is to come with an interval
`goals.history`   one row per goal and step that is over: target, actual, whether it was reached
`goals.target`    one row per day of a period: the target of a metric so far, for a picture of what has come so far

**Expected by now** is no straight line: the target is spread over its days as the days before the step tell. The shape is
that of the same weeks a year ago, or two, times the index of each weekday; without a year behind it that of the theta method
(Assimakopoulos and Nikolopoulos, 2000) with the holidays of the calendar, else of the weekdays before, else even.
 **Forecast** is what has come plus the forecast of the days left (analysis sales.forecast)
with its 80 % interval; `chance` reads that interval as a normal distribution. A goal is *on track* where the forecast reaches
it, *at risk* where only the interval does, *behind* where not even that. Where less is better the target is a limit: above it
is *over*. Goals are of the whole shop, or of the cut that they name; who may see some rows only is shown none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tillsight.core import words
from tillsight.core.errors import NotFoundError
from tillsight.core.periods import Period
from tillsight.database.goals import Goal
from tillsight.domains.goals.terms import GRAINS, steps_of, target_of
from tillsight.metrics.answer import Answer, AnswerColumn, sentence
from tillsight.metrics.ask import Asker
from tillsight.metrics.model import Analysis, Metric, Notes, Parameter
from tillsight.metrics.permission import may_ask
from tillsight.metrics.question import ask_for

Floats = npt.NDArray[np.float64]

LEVEL = 80
YEAR = 364
"""Whole weeks, so that a weekday meets its like."""
LEAST_AHEAD = 14
"""Days that are forecast at least: a backtest of fewer says too little about how sure it is."""
HISTORY = 3 * 366
"""Days before a step that its shape is learnt from."""
NORMAL_AT_LEVEL = 1.2815515655446004
"""Standard deviations from the middle of a normal distribution to the ends of an 80 % interval."""
TONES = {"met": "good", "on track": "good", "at risk": "bad", "behind": "bad", "missed": "bad", "over": "bad"}


@dataclass(frozen=True)
class Course:
    """One step of a goal. `daily`: the metric on each day up to `day`; `shares`: the share of the target that is to be reached by
    the end of each day of the step; `basis`: what these stand on; `total`: the metric from the first day to `day`."""

    goal: Goal
    metric: Metric
    step: Period
    day: date
    target: Decimal
    total: Decimal
    daily: Floats
    shares: Floats
    basis: str

    @property
    def over(self) -> bool:
        """No day of the step is left."""
        return self.day >= self.step.end

    @property
    def expected(self) -> float:
        """What of the target was to be reached by the day."""
        passed = len(self.daily)
        return float(self.target) * float(self.shares[passed - 1]) if passed else 0.0

    @property
    def is_limit(self) -> bool:
        """Less is better."""
        return self.metric.better == "down"


def goals_of(asker: Asker, notes: Notes) -> list[Goal]:
    """The goals that the one who asks may see."""
    if asker.release.goals is None:
        return []
    if asker.scope.rows:
        notes.add("info", "Goals are of the whole shop; you may see some of its rows only, so none is shown.")
        return []
    known = [goal for goal in asker.release.goals.all() if goal.metric in asker.catalogue.metrics]
    return [goal for goal in known if may_ask(asker.catalogue, asker.scope, asker.catalogue.metrics[goal.metric])]


def _one(asker: Asker, number: int, notes: Notes) -> Goal:
    found = next((goal for goal in goals_of(asker, notes) if goal.id == number), None)
    if found is None:
        raise NotFoundError(f"There is no goal {number}.", field="goal", value=number)
    return found


def last_day(asker: Asker, question: dict[str, Any]) -> date:
    """The day that goals are looked at from: the end of the period, or the last day with data where that is earlier."""
    span = asker.release.span
    if question.get("period"):
        end = asker.calendar.named(str(question["period"]), asker.release.today, span.start).end
    else:
        end = question.get("end") or span.end
    return min(ask_for("revenue", end=end).end or span.end, span.end)


def _daily(asker: Asker, goal: Goal, first: date, last: date) -> tuple[Floats, Decimal]:
    """The metric on each day, and over all of them; a day without anything is zero."""
    if last < first:
        return np.zeros(0), Decimal(0)
    answer = asker.query(goal.metric, grain="day", start=first, end=last, where=goal.filters)
    values = answer.table[goal.metric].cast(pa.float64()).fill_null(0.0).to_numpy()
    total = (answer.totals or {}).get(goal.metric)
    return np.asarray(values, dtype=np.float64), Decimal(str(total or 0))


def course_of(asker: Asker, goal: Goal, step: Period, day: date) -> Course:
    """How one step of a goal has gone up to a day."""
    daily, total = _daily(asker, goal, step.start, min(day, step.end))
    shares, basis = expected_shares(asker, goal, step)
    metric = asker.catalogue.metrics[goal.metric]
    return Course(goal, metric, step, day, target_of(goal, step.start), total, daily, shares, basis)


def expected_shares(asker: Asker, goal: Goal, step: Period) -> tuple[Floats, str]:
    """The share of a step's target to be reached by the end of each of its days, from the days before it; and what it stands on."""
    from tillsight.forecasting import calendar
    from tillsight.forecasting.backtest import at_origin
    from tillsight.forecasting.panel import Panel

    if step.days == 1:
        return np.ones(1), "one day"
    first = max(asker.release.span.start, step.start - timedelta(days=HISTORY))
    past, _ = _daily(asker, goal, first, min(step.start - timedelta(days=1), asker.release.span.end))
    gap = (step.start - first).days - len(past)  # days between the end of the data and a step that lies ahead
    horizon = gap + step.days
    if len(past) >= 14 and past.any():
        territory = asker.release.locale.partition("-")[2].upper()
        shared = calendar.features(first, len(past) + horizon, territory if len(territory) == 2 else None)
        panel = Panel(past[None, :], first, shared=dict(shared), codes=calendar.CODES, seasons=(7, 364))
        points = _years_ago(past, gap, step.days)
        if points is not None:
            return np.cumsum(points) / points.sum(), "the same weeks a year ago"
        points = np.maximum(at_origin(panel, "theta", horizon)[0, gap:], 0.0)
        if np.isfinite(points).all() and points.sum() > 0:
            return np.cumsum(points) / points.sum(), "the weeks before"
        week = np.array([past[-7 * (len(past) // 7) :][at::7].mean() for at in range(7)])
        points = week[(np.arange(step.days) + gap) % 7]
        if points.sum() > 0:
            return np.cumsum(points) / points.sum(), "the weekdays before"
    return np.arange(1, step.days + 1) / step.days, "even days, as there is no history before it"


def _years_ago(past: Floats, gap: int, days: int) -> Floats | None:
    """The shape of the same days 52 weeks ago and, where they are known, 104: the week around each of them times the index of
    its weekday, every year counting alike. None where there is no such year, or nothing was then."""
    from tillsight.forecasting.average import weekday_index

    index = weekday_index(past[None, :])[0]
    at = len(past) + gap + np.arange(days)
    shapes = []
    for back in (YEAR, 2 * YEAR):
        around = (at - back)[:, None] + np.arange(-3, 4)
        if around.min() < 0 or around.max() >= len(past):
            continue
        level = past[around].mean(axis=1)
        if level.sum() > 0:
            shape = level * index[at % 7]
            shapes.append(shape / shape.sum())
    return np.asarray(np.mean(shapes, axis=0)) if shapes else None


@dataclass(frozen=True)
class Ahead:
    """What is to come: the whole step as it will end, with the ends of its interval, and the days left."""

    final: float
    lower: float
    upper: float
    points: Floats


def ahead_of(asker: Asker, course: Course) -> Ahead | None:
    """What has come and the forecast of the days left; None where the history is too short for one."""
    total = float(course.total)
    left = (course.step.end - course.day).days
    horizon = max(left, LEAST_AHEAD)
    if left <= 0:
        return Ahead(total, total, total, np.zeros(0))
    asked = {"end": course.day, "where": course.goal.filters}
    forecast = asker.catalogue.analysis("sales.forecast")
    answer = forecast.run(
        asker, asked, metric=course.metric.name, by="", horizon=horizon, level=LEVEL, limit=1, country="",
        scenario="expected", history=7,
    )  # fmt: skip
    found = answer.totals or {}
    if found.get("forecast") is None:
        return None
    points = np.asarray(answer.table["forecast"].cast(pa.float64()).drop_null().to_numpy(), dtype=np.float64)[-horizon:]
    # a step that lies ahead begins after some of these days; one that runs has what came already
    skipped = max((course.step.start - course.day).days - 1, 0)
    days = points[skipped:left]
    # what is not sure gathers with the root of the days that it is about
    part = float(np.sqrt(len(days) / horizon))
    below, above = (part * abs(float(found["forecast"]) - float(found[end])) for end in ("lower", "upper"))
    final = total + float(days.sum())
    return Ahead(final, max(final - below, total) if days.min() >= 0 else final - below, final + above, days)


def state_of(course: Course, ahead: Ahead | None) -> str:
    """In a word: met, on track, at risk, behind, missed; over, where a limit was passed."""
    target, total = float(course.target), float(course.total)
    if course.is_limit:
        if total > target:
            return "over"
        if course.over:
            return "met"
        if ahead is None:
            return "on track" if total <= course.expected else "at risk"
        return "on track" if ahead.final <= target else "at risk" if ahead.lower <= target else "behind"
    if total >= target:
        return "met"
    if course.over:
        return "missed"
    if ahead is None:
        return "on track" if total >= course.expected else "at risk"
    return "on track" if ahead.final >= target else "at risk" if ahead.upper >= target else "behind"


def _chance(course: Course, ahead: Ahead | None) -> float | None:
    """How probable it is that the goal is reached (a limit kept), in percent."""
    from scipy.stats import norm

    if ahead is None:
        return None
    spread = (ahead.upper - ahead.lower) / (2 * NORMAL_AT_LEVEL)
    above = ahead.final - float(course.target)
    certain = 100.0 if above >= 0 else 0.0
    reached = float(norm.cdf(above / spread)) * 100 if spread > 0 else certain
    if course.is_limit:
        return 100.0 - reached if float(course.total) <= float(course.target) else 0.0
    return 100.0 if float(course.total) >= float(course.target) else reached


_FIGURES: dict[str, tuple[str, str | None]] = {
    "goal": ("Number", None),
    "title": ("Goal", None),
    "metric": ("Metric", None),
    "unit": ("Unit", None),
    "grain": ("For each", None),
    "starts": ("From", None),
    "ends": ("To", None),
    "day": ("Day", None),
    "target": ("Target", "ratio"),
    "actual": ("Actual", "ratio"),
    "achieved": ("Achieved", "percent"),
    "expected": ("Expected by then", "ratio"),
    "pace": ("Against expected", "percent"),
    "forecast": ("Forecast", "ratio"),
    "lower": (f"Lower end, {LEVEL}%", "ratio"),
    "upper": (f"Upper end, {LEVEL}%", "ratio"),
    "chance": ("Chance", "percent"),
    "state": ("State", None),
}
_TYPES: dict[str, pa.DataType] = {
    "goal": pa.int64(), "starts": pa.date32(), "ends": pa.date32(), "day": pa.date32(),
    **dict.fromkeys(("title", "metric", "unit", "grain", "state"), pa.string()),
}  # fmt: skip


def _answer(
    asker: Asker,
    rows: Sequence[dict[str, Any]],
    names: Sequence[str],
    sentences: Sequence[dict[str, Any]],
    notes: Notes,
    metric: Metric | None = None,
) -> Answer:
    """Rows as an answer; figures are in the unit of their goal's metric, which `unit` names where there are several goals."""
    columns = []
    for name in names:
        title, unit = _FIGURES[name]
        if metric is not None and unit == "ratio":
            unit = metric.unit
        kind = "time" if name in ("starts", "ends", "day") else "plain" if unit or name == "goal" else "dimension"
        money = asker.release.currency if unit == "money" else None
        columns.append(AnswerColumn(name, title, kind, unit=unit, currency=money))  # type: ignore[arg-type]
    data = {}
    for name in names:
        held = [row.get(name) for row in rows]
        if name in _TYPES:
            data[name] = pa.array(held, _TYPES[name])
        elif name in ("target", "actual"):
            exact = [None if value is None else round(Decimal(value), 6) for value in held]
            data[name] = pa.array(exact, pa.decimal128(38, 6))
        else:
            data[name] = pa.array([None if value is None else float(value) for value in held], pa.float64())
    table = pa.table(data)
    return Answer(
        table=table,
        columns=tuple(columns),
        currency=asker.release.currency,
        row_count=table.num_rows,
        notes=notes.items,
        release=asker.release.number,
        as_of=asker.release.as_of,
        sources=tuple(
            dict.fromkeys(
                relation.name
                for row in rows
                for relation in asker.catalogue.relations_of(asker.catalogue.metrics[row["metric"]])
            )
        )
        if rows and "metric" in rows[0]
        else (),
        sentences=list(sentences),
    )


def _figures(course: Course, ahead: Ahead | None) -> dict[str, Any]:
    """A step of a goal as a row."""
    target, total = float(course.target), float(course.total)
    return {
        "goal": course.goal.id,
        "title": course.goal.title,
        "metric": course.metric.name,
        "unit": course.metric.unit,
        "grain": course.goal.grain,
        "starts": course.step.start,
        "ends": course.step.end,
        "target": course.target,
        "actual": course.total,
        "achieved": total / target * 100,
        "expected": course.expected,
        "pace": total / course.expected * 100 if course.expected else None,
        "forecast": ahead.final if ahead else None,
        "lower": ahead.lower if ahead else None,
        "upper": ahead.upper if ahead else None,
        "chance": _chance(course, ahead),
        "state": state_of(course, ahead),
    }


_PROGRESS = (
    "goal", "title", "metric", "unit", "grain", "starts", "ends", "target", "actual", "achieved", "expected", "pace", "forecast",
    "lower", "upper", "chance", "state",
)  # fmt: skip


def progress(asker: Asker, question: dict[str, Any]) -> Answer:
    """Every goal in the step that holds the last day of the period, or of the data where that is earlier."""
    notes, day = Notes(), last_day(asker, question)
    rows: list[dict[str, Any]] = []
    told: list[dict[str, Any]] = []
    for goal in goals_of(asker, notes):
        step = next(iter(steps_of(goal, asker.calendar, day, day)), None)
        if step is None:
            continue  # not begun, or over
        course = course_of(asker, goal, step, day)
        ahead = ahead_of(asker, course)
        rows.append(_figures(course, ahead))
        told.append(_in_words(asker, course, ahead))
    if not rows:
        told = [sentence("No goal is set for this time.")]
    return _answer(asker, rows, _PROGRESS, told, notes)


def _said(asker: Asker, metric: Metric, value: Decimal | float) -> str:
    if metric.unit == "money":
        return words.amount(value, asker.release.currency, asker.release.locale)
    return words.number(value, asker.release.locale)


def _in_words(asker: Asker, course: Course, ahead: Ahead | None) -> dict[str, Any]:
    state = state_of(course, ahead)
    target, total = (_said(asker, course.metric, value) for value in (course.target, course.total))
    text = f"{course.goal.title} is {state}: {total} of {'at most ' if course.is_limit else ''}{target}"
    if not course.over:
        text += f", {_said(asker, course.metric, course.expected)} was to be expected by {words.day(course.day)}"
        if ahead is not None:
            low, high = (_said(asker, course.metric, value) for value in (ahead.lower, ahead.upper))
            text += f"; it will end at about {_said(asker, course.metric, ahead.final)} ({low} to {high})"
    return sentence(f"{text}.", TONES[state], course.metric.name)


_PATH = ("day", "metric", "target", "actual", "expected", "forecast", "lower", "upper")


def path(asker: Asker, question: dict[str, Any], goal: int) -> Answer:
    """One goal, day by day through its step, everything summed from the first day of the step on.

    `actual` up to the last day with data, `forecast` with its interval from then on (it begins at the last actual).
    """
    notes, day = Notes(), last_day(asker, question)
    chosen = _one(asker, goal, notes)
    step = next(iter(steps_of(chosen, asker.calendar, day, day)), None)
    metric = asker.catalogue.metrics[chosen.metric]
    if step is None:
        when = "begins later" if day < chosen.starts else "is over"
        return _answer(asker, [], _PATH, [sentence(f"{chosen.title} {when}.")], notes, metric)
    course = course_of(asker, chosen, step, day)
    ahead = ahead_of(asker, course)
    passed = len(course.daily)
    so_far = np.cumsum(course.daily)
    days = [step.start + timedelta(days=at) for at in range(step.days)]
    rows: list[dict[str, Any]] = [
        {
            "day": one,
            "metric": metric.name,
            "target": course.target,
            "expected": float(course.target) * float(course.shares[at]),
            "actual": Decimal(str(round(float(so_far[at]), 6))) if at < passed else None,
        }
        for at, one in enumerate(days)
    ]
    if ahead is not None and len(ahead.points):
        coming = float(course.total) + np.cumsum(ahead.points)
        # uncertainty gathers with the root of the days that it is about
        width = np.sqrt(np.arange(1, len(coming) + 1) / len(coming))
        if passed:
            rows[passed - 1] |= dict.fromkeys(("forecast", "lower", "upper"), float(course.total))
        for at in range(len(coming)):
            rows[passed + at] |= {
                "forecast": float(coming[at]),
                "lower": float(coming[at] - (ahead.final - ahead.lower) * width[at]),
                "upper": float(coming[at] + (ahead.upper - ahead.final) * width[at]),
            }
    notes.add("info", f"The expected path follows {course.basis}.")
    return _answer(asker, rows, _PATH, [_in_words(asker, course, ahead)], notes, metric)


_HISTORY = ("goal", "title", "metric", "unit", "grain", "starts", "ends", "target", "actual", "achieved", "state")


def history(asker: Asker, question: dict[str, Any], goal: int, limit: int) -> Answer:
    """Steps that are over, the newest first: of one goal, or of all (0). Targets are those that stand now."""
    notes, day = Notes(), last_day(asker, question)
    chosen = [_one(asker, goal, notes)] if goal else goals_of(asker, notes)
    rows: list[dict[str, Any]] = []
    told: list[dict[str, Any]] = []
    for one in chosen:
        steps = steps_of(one, asker.calendar, max(one.starts, asker.release.span.start), day)
        closed = [step for step in steps if step.end <= day and step.start >= asker.release.span.start][-limit:]
        if not closed:
            continue
        answer = asker.query(one.metric, grain=one.grain, start=closed[0].start, end=closed[-1].end, where=one.filters)
        came = dict(zip(answer.table[one.grain].to_pylist(), answer.table[one.metric].to_pylist(), strict=True))
        metric = asker.catalogue.metrics[one.metric]
        reached = 0
        for step in reversed(closed):
            actual = Decimal(str(came.get(step.start) or 0))
            made = Course(one, metric, step, day, target_of(one, step.start), actual, np.zeros(0), np.zeros(0), "")
            row = _figures(made, None)
            rows.append(row)
            reached += row["state"] == "met"
        told.append(sentence(f"{one.title}: {reached} of the last {len(closed)} reached.", metric=one.metric))
    if not rows:
        told = [sentence("No step of a goal is over yet.")]
    return _answer(asker, rows, _HISTORY, told, notes)


_TARGET = ("day", "metric", "target", "expected")


def target(asker: Asker, question: dict[str, Any], metric: str, goal: int) -> Answer:
    """The target of a metric day by day through a period, summed from its first day on: `expected`; `target` is that of the whole
    period. The goal is the one that is named, else the first of that metric and of just the filters of the question.

    A step that lies in the period only in part counts with that part of its path. No row where there is no such goal.
    """
    notes = Notes()
    found = asker.catalogue.metric(metric)
    view = {name: question[name] for name in ("start", "end", "period", "where") if question.get(name)}
    resolved = asker.resolve(ask_for(found.name, **view))
    cut = sorted(str(item) for item in resolved.where)
    known = [
        one
        for one in goals_of(asker, notes)
        if one.metric == found.name and (one.id == goal if goal else sorted(one.filters) == cut)
    ]
    if not known:
        return _answer(asker, [], _TARGET, [sentence(f"There is no goal for {found.title.lower()}.")], notes, found)
    chosen = min(known, key=lambda one: (-GRAINS.index(one.grain), one.id))
    by_day: dict[date, float] = {}
    for step in steps_of(chosen, asker.calendar, resolved.period.start, resolved.period.end):
        shares, _ = expected_shares(asker, chosen, step)
        amount = float(target_of(chosen, step.start))
        for at, share in enumerate(np.diff(shares, prepend=0.0).tolist()):
            by_day[step.start + timedelta(days=at)] = amount * share
    inside = sorted(one for one in by_day if one in resolved.period)
    so_far = np.cumsum([by_day[one] for one in inside])
    rows = [
        {
            "day": one,
            "metric": found.name,
            "target": Decimal(str(round(float(so_far[-1]), 6))),
            "expected": float(value),
        }
        for one, value in zip(inside, so_far, strict=True)
    ]
    return _answer(asker, rows, _TARGET, [sentence(f"Target: {chosen.title}.", metric=found.name)], notes, found)


_GOAL = "The number of a goal."
ANALYSES = (
    Analysis(
        "goals.progress",
        "Progress of goals",
        "",
        "Every goal: what is reached, what was to be expected by now, how it will end, and whether that is enough.",
        progress,
    ),
    Analysis(
        "goals.path",
        "Path of a goal",
        "",
        "One goal day by day: so far, expected, and what is to come with an interval.",
        path,
        (Parameter("goal", "integer", 1, _GOAL, minimum=1),),
    ),
    Analysis(
        "goals.history",
        "Goals of the past",
        "",
        "Steps of goals that are over: target, actual, and whether it was reached.",
        history,
        (
            Parameter("goal", "integer", 0, f"{_GOAL} 0: all of them.", minimum=0),
            Parameter("limit", "integer", 24, "How many steps of each goal.", minimum=1, maximum=1000),
        ),
    ),
    Analysis(
        "goals.target",
        "Target of a metric",
        "",
        "The target of a metric day by day through a period, to be drawn beside what came.",
        target,
        (
            Parameter("metric", "text", "revenue", "A metric with a goal."),
            Parameter("goal", "integer", 0, f"{_GOAL} 0: the one that fits the filters.", minimum=0),
        ),
    ),
)
