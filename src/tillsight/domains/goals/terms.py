"""What a goal may say: read as people write it, checked against the catalogue, and taken apart into steps.

A goal is a target for each day, week or month of a metric that sums over days, of the whole shop or of one cut of it. For a
metric of which less is better (refunds, cancellations) the target is a limit.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from tillsight.core.errors import QuestionError
from tillsight.core.periods import Calendar, Period, parse_day
from tillsight.database.goals import Goal, GoalGrain
from tillsight.metrics.ask import Asker
from tillsight.metrics.masking import names_somebody
from tillsight.metrics.question import ask_for
from tillsight.metrics.summing import check_sums

GRAINS: tuple[GoalGrain, ...] = ("day", "week", "month")
LONGEST_TITLE = 100
LARGEST = Decimal("1e15")


def read(raw: Mapping[str, Any], asker: Asker) -> dict[str, Any]:
    """The columns of a goal from {title, metric, grain, where, amount, amounts, starts, ends}. Raises QuestionError that names the
    field, and NotFoundError or NotAllowedError for a metric."""
    metric = asker.catalogue.metric(str(raw.get("metric") or ""))
    check_sums(metric, "goal")
    grain = str(raw.get("grain") or "")
    if grain not in GRAINS:
        raise QuestionError(f"A goal is by {', '.join(GRAINS)}, not {grain!r}.", field="grain", value=grain)
    resolved = asker.resolve(ask_for(metric.name, grain=grain, where=raw.get("where") or ()))
    starts = asker.calendar.start_of(grain, _day(raw.get("starts"), "starts") or asker.release.today)
    ends = _day(raw.get("ends"), "ends")
    if ends is not None:
        if ends < starts:
            raise QuestionError(f"A goal cannot end on {ends}, before it starts on {starts}.", field="ends")
        ends = asker.calendar.end_of(grain, ends)
    for item in resolved.where:
        if item.values and names_somebody(asker.catalogue.dimensions[item.dimension]):
            raise QuestionError(
                "A goal is of the shop or of a group of customers, never of a single one: what names a person has to go when "
                "the person is erased.",
                field="where",
                value=item.dimension,
            )
    filters = [str(item) for item in resolved.where]
    title = str(raw.get("title") or "").strip() or " · ".join([metric.title, *filters])
    if len(title) > LONGEST_TITLE:
        raise QuestionError(f"A title has up to {LONGEST_TITLE} characters.", field="title", value=title)
    amounts: dict[str, str] = {}
    for text, value in (raw.get("amounts") or {}).items():
        day = asker.calendar.start_of(grain, parse_day(str(text), "amounts"))
        amounts[day.isoformat()] = str(_amount(value, f"amounts.{text}"))
    return {
        "title": title,
        "metric": metric.name,
        "grain": grain,
        "filters": filters,
        "amount": _amount(raw.get("amount"), "amount"),
        "amounts": dict(sorted(amounts.items())),
        "starts": starts,
        "ends": ends,
    }


def _day(value: Any, field: str) -> date | None:
    if value is None or value == "":
        return None
    return value if isinstance(value, date) else parse_day(str(value), field)


def _amount(value: Any, field: str) -> Decimal:
    try:
        amount = Decimal(str(value).replace(",", ""))
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or not 0 < amount < LARGEST:
        raise QuestionError("A target is a number above zero, such as 25000.", field=field, value=str(value))
    return amount


def target_of(goal: Goal, start: date) -> Decimal:
    """What is to be reached in the step that begins on a day."""
    found = goal.amounts.get(start.isoformat())
    return Decimal(found) if found is not None else goal.amount


def steps_of(goal: Goal, calendar: Calendar, first: date, last: date) -> list[Period]:
    """The steps of a goal that touch the days from `first` to `last`, whole."""
    found: list[Period] = []
    day = calendar.start_of(goal.grain, max(first, goal.starts))
    while day <= last and (goal.ends is None or day <= goal.ends):
        step = Period(day, calendar.end_of(goal.grain, day))
        found.append(step)
        day = step.end + timedelta(days=1)
    return found
