"""A question: which metrics, cut how, over which days; and its resolution against a catalogue and the span of the data.

Asking and resolving touch no data: a resolved question is a plain value that serves as the key of the cache.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, cast, get_args

from tillsight.core.errors import QuestionError
from tillsight.core.periods import GRAINS, NAMED_PERIODS, Calendar, Grain, Period, parse_day
from tillsight.metrics.model import Catalogue, DataSpan, Dimension, Metric

Operator = Literal["=", "!=", "in", "not in", "contains", ">", ">=", "<", "<=", "is null", "is not null"]
OPERATORS: tuple[Operator, ...] = get_args(Operator)
Compare = Literal["none", "previous", "last_year"]
TIME_GRAIN_LIMIT = 5_000
"""Buckets that one answer may have: 13 years of days."""


@dataclass(frozen=True)
class Filter:
    """Rows where a dimension has, or has not, one of the values. A null never equals a value, and `!=` keeps nulls."""

    dimension: str
    op: Operator
    values: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.op in ("is null", "is not null"):
            return f"{self.dimension} {self.op}"
        if self.op in ("in", "not in"):
            return f"{self.dimension} {self.op} ({', '.join(self.values)})"
        return f"{self.dimension}{self.op}{self.values[0]}"


_FILTER = re.compile(
    r"^\s*(?P<dimension>[A-Za-z_][A-Za-z0-9_]*)\s*"
    r"(?:(?P<null>is\s+(?:not\s+)?null)|(?P<member>not\s+in|in)\s*\((?P<list>.*)\)|(?P<op>!=|>=|<=|=|>|<|~)\s*(?P<value>.*?))\s*$",
    re.IGNORECASE | re.DOTALL,
)


def parse_filter(text: str) -> Filter:
    """Read `country=France`, `channel != web`, `country in (France, Spain)`, `product_name ~ lamp`, `brand is null`.

    Quotes around a value are optional; `~` means contains. Raises QuestionError that shows the form.
    """
    found = _FILTER.match(text)
    if not found:
        raise QuestionError(
            f"The filter {text!r} cannot be read. Write it as country=France, channel!=web, country in (France, Spain), "
            "product_name~lamp or brand is null.",
            field="where",
            value=text,
        )
    dimension = found["dimension"]
    if found["null"]:
        return Filter(dimension, "is not null" if "not" in found["null"].lower() else "is null")
    if found["member"]:
        values = tuple(_unquote(part) for part in _split(found["list"]))
        return _made(dimension, "not in" if found["member"].lower().startswith("not") else "in", values)
    op = "contains" if found["op"] == "~" else cast("Operator", found["op"])
    return _made(dimension, op, (_unquote(found["value"]),) if found["value"] else ())


def _made(dimension: str, op: Operator, values: tuple[str, ...]) -> Filter:
    """A filter with as many values as its operator takes."""
    null = op in ("is null", "is not null")
    if not values and not null:
        raise QuestionError(
            f"The filter on {dimension} needs a value; for rows without one write {dimension} is null.",
            field="where",
            value=dimension,
        )
    if len(values) > 1 and op not in ("in", "not in", "=", "!="):
        raise QuestionError(
            f"The filter {dimension} {op} takes one value, not {len(values)}.", field="where", value=list(values)
        )
    return Filter(dimension, op, () if null else values)


def _split(text: str) -> list[str]:
    return [part for part in re.findall(r"""\s*("(?:[^"])*"|'(?:[^'])*'|[^,]+)\s*(?:,|$)""", text) if part.strip()]


def _unquote(text: str) -> str:
    text = text.strip()
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text


@dataclass(frozen=True)
class Question:
    """What is asked, as it was put. Nothing is checked yet."""

    metrics: tuple[str, ...]
    by: tuple[str, ...] = ()
    grain: Grain | None = None
    start: date | None = None
    end: date | None = None
    period: str | None = None
    where: tuple[Filter, ...] = ()
    compare: Compare | Period = "none"
    sort: tuple[str, ...] = ()
    limit: int | None = None
    offset: int = 0
    others: bool = False


def ask_for(
    metrics: str | Sequence[str],
    by: str | Sequence[str] = (),
    grain: str | None = None,
    start: str | date | None = None,
    end: str | date | None = None,
    period: str | None = None,
    where: str | Sequence[str | Filter | Mapping[str, Any]] = (),
    compare: str | Sequence[str | date] | Mapping[str, str] | Period | None = None,
    sort: str | Sequence[str] = (),
    limit: int | None = None,
    offset: int = 0,
    others: bool = False,
) -> Question:
    """Make a question from what people write: names joined with commas or lists, days as text, filters as text."""
    names = _names(metrics)
    if not names:
        raise QuestionError("Name at least one metric, such as revenue.", field="metrics")
    if grain is not None and grain not in GRAINS:
        raise QuestionError(
            f"There is no grain {grain!r}. Choose one of: {', '.join(GRAINS)}.", field="grain", value=grain
        )
    if period is not None and period not in NAMED_PERIODS:
        raise QuestionError(
            f"There is no period {period!r}. Choose one of: {', '.join(NAMED_PERIODS)}.", field="period", value=period
        )
    if period is not None and (start is not None or end is not None):
        raise QuestionError("Give a named period or dates, not both.", field="period", value=period)
    if limit is not None and limit < 1:
        raise QuestionError(f"limit must be 1 or more, not {limit}.", field="limit", value=limit)
    if offset < 0:
        raise QuestionError(f"offset must be 0 or more, not {offset}.", field="offset", value=offset)
    if offset and limit is None:
        raise QuestionError("offset skips rows of a limited answer: give a limit too.", field="offset", value=offset)
    filters = [where] if isinstance(where, str) else list(where)
    return Question(
        metrics=names,
        by=_names(by),
        grain=grain,
        start=_day(start, "from"),
        end=_day(end, "to"),
        period=period,
        where=tuple(_filter(item) for item in filters),
        compare=_compare(compare),
        sort=_names(sort),
        limit=limit,
        offset=offset,
        others=others,
    )


def _names(value: str | Sequence[str]) -> tuple[str, ...]:
    parts = value.split(",") if isinstance(value, str) else [part for item in value for part in item.split(",")]
    return tuple(dict.fromkeys(part.strip() for part in parts if part.strip()))


def _day(value: str | date | None, name: str) -> date | None:
    return parse_day(value, name) if isinstance(value, str) else value


def _filter(item: str | Filter | Mapping[str, Any]) -> Filter:
    if isinstance(item, Filter):
        return item
    if isinstance(item, str):
        return parse_filter(item)
    op = str(item.get("op", "="))
    if op == "~":
        op = "contains"
    if op not in OPERATORS:
        raise QuestionError(
            f"There is no operator {op!r}. Choose one of: {', '.join(OPERATORS)}.", field="where", value=op
        )
    values = item.get("values", item.get("value"))
    texts = () if values is None else (values,) if isinstance(values, str | int | float | date) else tuple(values)
    return _made(str(item.get("dimension", "")), op, tuple(str(value) for value in texts))


def _compare(value: str | Sequence[str | date] | Mapping[str, str] | Period | None) -> Compare | Period:
    if value is None or value == "":
        return "none"
    if isinstance(value, Period):
        return value
    if isinstance(value, str):
        if value in get_args(Compare):
            return cast("Compare", value)
        if ".." not in value:
            raise QuestionError(
                f"compare is none, previous, last_year or two days such as 2025-01-01..2025-01-31, not {value!r}.",
                field="compare",
                value=value,
            )
        value = value.split("..")
    pair = (value.get("from"), value.get("to")) if isinstance(value, Mapping) else tuple(value)
    if len(pair) != 2 or pair[0] is None or pair[1] is None:
        raise QuestionError("A comparison with own dates needs two days, from and to.", field="compare")
    days = [_day(day, "compare") for day in pair]
    return Period(cast("date", days[0]), cast("date", days[1]))


@dataclass(frozen=True)
class Resolved:
    """A question with every name looked up and every day known. Equal values give equal answers from one release."""

    metrics: tuple[str, ...]
    by: tuple[str, ...]
    grain: Grain | None
    period: Period
    compare: Period | None
    compare_kind: str
    where: tuple[Filter, ...]
    sort: tuple[str, ...]
    limit: int | None
    offset: int
    others: bool
    span: DataSpan


def resolve(question: Question, catalogue: Catalogue, calendar: Calendar, span: DataSpan, today: date) -> Resolved:
    """Look up every name, settle the days, and refuse what cannot be answered; each refusal says what could be asked."""
    metrics = [catalogue.metric(name) for name in question.metrics]
    by = tuple(catalogue.dimension(name).name for name in question.by)
    for metric in metrics:
        _check_cut(metric, by, question, catalogue)
    period = _period(question, calendar, span, today)
    compare: Period | None = None
    if isinstance(question.compare, Period):
        compare = question.compare
    elif question.compare != "none":
        compare = calendar.compared(question.compare, period, question.grain)
    if question.grain:
        days = period.days / {"day": 1, "week": 7, "fiscal_week": 7}.get(question.grain, 28)
        if days > TIME_GRAIN_LIMIT:
            raise QuestionError(
                f"{period.days} days by {question.grain} is too fine; take a coarser grain or a shorter period.",
                field="grain",
            )
    return Resolved(
        metrics=tuple(metric.name for metric in metrics),
        by=by,
        grain=question.grain,
        period=period,
        compare=compare,
        compare_kind="custom" if isinstance(question.compare, Period) else question.compare,
        where=tuple(checked(item, catalogue) for item in question.where),
        sort=_checked_sort(question, by, metrics),
        limit=question.limit,
        offset=question.offset,
        others=question.others and question.limit is not None and bool(by),
        span=span,
    )


def _period(question: Question, calendar: Calendar, span: DataSpan, today: date) -> Period:
    if question.period:
        return calendar.named(question.period, today, span.start)
    start, end = question.start or span.start, question.end or span.end
    if question.start and not question.end:
        end = max(span.end, start)
    if question.end and not question.start:
        start = min(span.start, end)
    return Period(start, end)


def _check_cut(metric: Metric, by: tuple[str, ...], question: Question, catalogue: Catalogue) -> None:
    allowed = catalogue.dimensions_of(metric)
    for name in (*by, *(item.dimension for item in question.where)):
        if name not in allowed:
            catalogue.dimension(name)  # an unknown name is reported as such, with near ones
            raise QuestionError(
                f"{metric.title} cannot be cut by {name}. It can be cut by: {', '.join(allowed)}.",
                field="by" if name in by else "where",
                metric=metric.name,
                value=name,
                allowed=allowed,
            )
    missing = [name for name in metric.requires if name not in by]
    if missing:
        raise QuestionError(
            f"{metric.title} is only meaningful by {' and '.join(metric.requires)}: add --by {','.join(metric.requires)}.",
            field="by",
            metric=metric.name,
            missing=missing,
        )
    if question.grain and question.grain not in metric.grains:
        choices = f"by {', '.join(metric.grains)}" if metric.grains else "for a whole period, without a grain"
        raise QuestionError(
            f"{metric.title} cannot be asked by {question.grain}; it can be asked {choices}.",
            field="grain",
            metric=metric.name,
            value=question.grain,
        )
    if metric.total == "share of parent" and not by:
        raise QuestionError(
            f"{metric.title} needs something to be a share of: add a dimension, such as category.", field="by"
        )


def checked(item: Filter, catalogue: Catalogue) -> Filter:
    """A filter with its values as its dimension keeps them. Raises NotFoundError, or QuestionError for a wrong value."""
    dimension = catalogue.dimension(item.dimension)
    if dimension.type == "text":
        return item
    if item.op == "contains":
        raise QuestionError(f"{dimension.title} is not a text, so it cannot contain {item.values[0]!r}.", field="where")
    values: list[str] = []
    for value in item.values:
        if dimension.type == "day":
            values.append(parse_day(value, f"the filter on {item.dimension}").isoformat())
        elif value.lower() in (label.lower() for label in dimension.labels):
            values.append(str([label.lower() for label in dimension.labels].index(value.lower())))
        else:
            values.append(_whole(dimension, value))
    return Filter(item.dimension, item.op, tuple(values))


def _whole(dimension: Dimension, value: str) -> str:
    try:
        number = Decimal(value)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or number != number.to_integral_value() or abs(number) >= 2**63:
        words = f" or one of {', '.join(dimension.labels)}" if dimension.labels else ""
        raise QuestionError(
            f"{dimension.title} is a whole number{words}, not {value!r}.", field="where", value=value
        ) from None
    return str(int(number))


def _checked_sort(question: Question, by: tuple[str, ...], metrics: Sequence[Metric]) -> tuple[str, ...]:
    columns = {*question.metrics, *by, *([question.grain] if question.grain else [])}
    if question.compare != "none":
        columns |= {f"{metric.name}_{suffix}" for metric in metrics for suffix in ("compare", "change")}
        columns |= {f"{metric.name}_change_rate" for metric in metrics if metric.unit != "percent"}
    for name in question.sort:
        if name.lstrip("-+") not in columns:
            raise QuestionError(
                f"Cannot sort by {name.lstrip('-+')!r}: it is not a column of the answer ({', '.join(sorted(columns))}).",
                field="sort",
                value=name,
            )
    return question.sort
