"""How a number came about: its definition, the exact parts it is made of, the SQL that ran, and the rows behind it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import ibis
import pyarrow as pa

from tillsight.core.errors import QuestionError
from tillsight.metrics.answer import Answer, AnswerColumn, tidy
from tillsight.metrics.ask import Asker
from tillsight.metrics.compile import Slot
from tillsight.metrics.masking import NOTE, mask, sort_of
from tillsight.metrics.model import CALENDAR, Metric, Part, Window
from tillsight.metrics.question import Question

if TYPE_CHECKING:
    import ibis.expr.types as ir

WHEN_WORDS = {
    "period": "",
    "to date": "up to the end of the period",
    "previous": "of the period before",
    "last year": "of the same period a year before",
    "parent": "of everything it is part of",
    "cohort start": "of the cohort at its start",
}
CALENDAR_WORDS = {"period_days": "Days of the period with data", "observed_days": "Days since the first day with data"}


@dataclass(frozen=True)
class Explanation:
    """Everything that shows where a number comes from."""

    metric: Metric
    answer: Answer
    value: Any
    steps: tuple[dict[str, Any], ...]
    arithmetic: str

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for the API and the page."""
        body = self.answer.to_dict()
        return {
            "metric": describe(self.metric),
            "value": self.value,
            "unit": self.metric.unit,
            "currency": self.answer.currency if self.metric.unit == "money" else None,
            "period": body["period"],
            "compare_period": body["compare_period"],
            "steps": list(self.steps),
            "arithmetic": self.arithmetic,
            "formula": self.metric.formula,
            "basis": self.metric.basis,
            "sql": list(self.answer.queries),
            "notes": self.answer.notes,
        }


def describe(metric: Metric) -> dict[str, Any]:
    """A metric as plain values."""
    return {
        "name": metric.name,
        "title": metric.title,
        "domain": metric.domain,
        "unit": metric.unit,
        "better": metric.better or None,
        "total": metric.total,
        "formula": metric.formula,
        "basis": metric.basis,
        "source": metric.source,
        "grains": list(metric.grains),
        "requires": list(metric.requires),
    }


def explain(asker: Asker, question: Question) -> Explanation:
    """Explain one metric for a whole period, without its cut; a share keeps the cut that it is a share in.

    Value and steps are known where that leaves one number. Raises QuestionError unless exactly one metric is asked.
    """
    if len(question.metrics) != 1:
        raise QuestionError("Explain one metric at a time.", field="metrics")
    metric = asker.catalogue.metric(question.metrics[0])
    plain = _plain(metric, question)
    answer = asker.ask(plain)
    resolved = asker.resolve(plain)
    compiled = asker.compiler.compile(resolved)
    parts, _ = asker.release.run(compiled.table)
    one = answer.table.num_rows == 1 and not metric.requires
    steps = [_step(asker, part, parts) for part in metric.parts] if one else []
    value = answer.table[metric.name][0].as_py() if one else None
    return Explanation(metric, answer, value, tuple(steps), arithmetic(asker, metric))


def _plain(metric: Metric, question: Question) -> Question:
    by = question.by if metric.total == "share of parent" else metric.requires
    return replace(question, by=by, grain=None, limit=None, sort=(), others=False, offset=0)


def _step(asker: Asker, part: Part, parts: pa.Table) -> dict[str, Any]:
    if part.measure in CALENDAR:
        return {
            "name": part.measure,
            "title": CALENDAR_WORDS[part.measure],
            "value": None,
            "unit": "days",
            "when": part.when,
        }
    measure = asker.catalogue.measures[part.measure]
    column = tidy(parts[Slot(part.measure, part.when, "main").column])
    value = column[0].as_py() if parts.num_rows else None
    if value is None and not measure.unknown_when_empty:
        value = 0
    when = WHEN_WORDS[part.when]
    return {
        "name": measure.name,
        "title": f"{measure.title} {when}".strip(),
        "value": value,
        "unit": measure.unit,
        "when": part.when,
    }


def arithmetic(asker: Asker, metric: Metric) -> str:
    """The metric's arithmetic in words, from its declaration: what the engine adds up and what is divided."""

    def words(parts: Sequence[Part]) -> str:
        pieces: list[str] = []
        for part in parts:
            title = CALENDAR_WORDS.get(part.measure) or asker.catalogue.measures[part.measure].title
            text = f"{title} {WHEN_WORDS[part.when]}".strip()
            sign = "−" if part.weight < 0 else "+"
            pieces.append(f"{sign} {text}" if pieces or part.weight < 0 else text)
        return " ".join(pieces)

    terms: list[str] = []
    for term in metric.terms:
        top, bottom = words(term.top) or "1", words(term.bottom)
        if len(term.top) > 1 and bottom:
            top = f"({top})"
        if len(term.bottom) > 1:
            bottom = f"({bottom})"
        text = f"{top} ÷ {bottom}" if bottom else top
        terms.append(f"{text} × {term.factor:g}" if term.factor != 1 else text)
    return " × ".join(f"({term})" for term in terms) if len(terms) > 1 else terms[0]


def rows_behind(asker: Asker, question: Question, limit: int, offset: int) -> Answer:
    """The rows of the first relation that a metric is made of, in the period and cut asked, newest first."""
    table, answer = _behind(asker, question)
    names = [column.name for column in answer.columns]
    count, _ = asker.release.run(table.agg(count=table.count()))
    rows, sql = asker.release.run(table.limit(limit, offset=offset))
    notes = list(answer.notes)
    if asker.scope.masked:
        rows, found = mask(rows, [(name, sort_of(name)) for name in names])
        notes += [{"level": "info", "text": NOTE}] if found else []
    return replace(
        answer,
        table=pa.table({name: tidy(rows[name]) for name in names}),
        row_count=int(count["count"][0].as_py()),
        queries=(sql,),
        notes=notes,
    )


def rows_in_parts(asker: Asker, question: Question) -> tuple[Answer, Iterator[pa.Table]]:
    """All the rows behind a metric, part by part (see `Asker.in_parts`), and the answer without them."""
    table, answer = _behind(asker, question)
    sorts = [(column.name, sort_of(column.name)) for column in answer.columns]
    if asker.release.stream is None:
        raise AssertionError("a release that is asked for rows can be read part by part")
    parts = (pa.Table.from_batches([batch]) for batch in asker.release.stream(table))
    return answer, (mask(part, sorts)[0] if asker.scope.masked else part for part in parts)


def _behind(asker: Asker, question: Question) -> tuple[ir.Table, Answer]:
    """The rows behind a metric as an expression, and the answer that has none of them yet."""
    metric = asker.catalogue.metric(question.metrics[0])
    plain = _plain(metric, question)
    resolved = asker.resolve(plain)
    part = next(part for part in metric.parts if part.measure not in CALENDAR)
    measures = [asker.catalogue.measures[p.measure] for p in metric.parts if p.measure not in CALENDAR]
    relation = asker.catalogue.relations[asker.catalogue.measures[part.measure].relation]
    table = asker.compiler.rows(relation, resolved.where)
    window = Window(ibis.date(resolved.period.start), ibis.date(resolved.period.end))
    if relation.time:
        day = table[relation.time]
        inside = day <= window.end if part.when == "to date" else (day >= window.start) & (day <= window.end)
        table = table.filter(inside)
    touched = [
        measure.rows(table, window) for measure in measures if measure.relation == relation.name and measure.rows
    ]
    if touched:
        condition = touched[0]
        for other in touched[1:]:
            condition = condition | other
        table = table.filter(condition)
    names = relation.columns_shown or tuple(relation.schema)
    keys = [ibis.desc(table[relation.time])] if relation.time else []
    keys += [ibis.asc(table[name], nulls_first=False) for name in names if name != relation.time]
    answer = Answer(
        table=pa.table({}),
        columns=tuple(_column(name, relation.schema[name], asker.release.currency) for name in names),
        currency=asker.release.currency,
        period=resolved.period,
        release=asker.release.number,
        as_of=asker.release.as_of,
        sources=(relation.name,),
        notes=[{"level": "info", "text": f"{relation.title}: {relation.grain}."}],
    )
    return table.order_by(keys).select(*names), answer


def _column(name: str, type_: str, currency: str) -> AnswerColumn:
    title = name.replace("_", " ").capitalize().replace(" id", " ID")
    if type_.startswith("decimal(18, 6)"):
        return AnswerColumn(name, title, "plain", unit="money", currency=currency)
    if type_.startswith("decimal"):
        return AnswerColumn(name, title, "plain", unit="units")
    if type_ == "int64" and not name.endswith("key"):
        return AnswerColumn(name, title, "plain", unit="count")
    return AnswerColumn(name, title, "time" if type_ == "date" else "plain")
