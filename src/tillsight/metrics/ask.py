"""Asking: a question in, an answer out. The one place that turns exact totals into metrics.

The engine returns exact numerators and denominators; `core.money.divide` divides, so every engine gives the same figure.
Cost: one query for the rows; one more each for totals, for the rest behind a limit, and for ranking series over time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

import ibis
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tillsight.core.money import divide, minor_units
from tillsight.core.periods import NAMED_PERIODS, Bucket, Calendar, Period
from tillsight.core.scope import Scope
from tillsight.metrics.answer import Answer, AnswerColumn, tidy
from tillsight.metrics.compile import ROW_COUNT, TIME, Base, Compiled, Compiler, Slot, elapsed
from tillsight.metrics.model import CALENDAR, Catalogue, DataSpan, Metric, Notes, Part
from tillsight.metrics.question import Question, Resolved, ask_for, resolve

if TYPE_CHECKING:
    import ibis.expr.types as ir

OTHERS = "(all others)"


@dataclass(frozen=True)
class Release:
    """What asking needs of a release: its number, the span of its data, how to run an expression, and what it knows.

    `run` executes an Ibis expression and returns the rows with the SQL that ran. `missing`: relations without rows, with
    the tables that would fill them.
    """

    number: int
    span: DataSpan
    today: date
    currency: str
    run: Callable[[ir.Table], tuple[pa.Table, str]]
    missing: dict[str, tuple[str, ...]]
    as_of: datetime | None = None
    locale: str = "en-GB"


class Asker:
    """Answers questions of one asker from one release."""

    def __init__(self, catalogue: Catalogue, calendar: Calendar, release: Release, scope: Scope) -> None:
        self.catalogue = catalogue
        self.calendar = calendar
        self.release = release
        self.scope = scope
        self.compiler = Compiler(catalogue, calendar, scope)

    def query(self, metrics: str | Sequence[str], **parts: Any) -> Answer:
        """Ask in words (see `ask_for`)."""
        return self.ask(ask_for(metrics, **parts))

    def resolve(self, question: Question) -> Resolved:
        """The question with names looked up and days settled."""
        return resolve(question, self.catalogue, self.calendar, self.release.span, self.release.today)

    def ask(self, question: Question) -> Answer:
        """Answer a question. Raises QuestionError or NotFoundError when it cannot be answered as it was put."""
        resolved = self.resolve(question)
        metrics = [self.catalogue.metrics[name] for name in resolved.metrics]
        notes = self._notes(resolved, metrics)
        queries: list[str] = []
        rest: pa.Table | None = None
        if resolved.limit is not None and resolved.by:
            frame, count, rest = self._limited(resolved, metrics, queries)
        else:
            compiled = self.compiler.compile(resolved)
            frame = self._fetch(compiled, resolved, metrics, queries)
            count = frame.num_rows
        if not resolved.by and resolved.grain and not resolved.sort:
            frame = self._fill(frame, resolved, metrics)
            count = frame.num_rows
        if rest is not None and rest.num_rows:
            frame = pa.concat_tables([frame, rest], promote_options="permissive")
        return Answer(
            table=self._finish(frame, resolved, metrics),
            columns=tuple(self._columns(resolved, metrics)),
            currency=self.release.currency,
            totals=self._totals(resolved, metrics, queries) if resolved.by or resolved.grain else None,
            row_count=count,
            period=resolved.period,
            period_title=NAMED_PERIODS.get(question.period or "", ""),
            compare_period=resolved.compare,
            buckets=tuple(self._buckets(resolved)),
            notes=notes.items,
            release=self.release.number,
            as_of=self.release.as_of,
            sources=tuple(
                dict.fromkeys(relation.name for metric in metrics for relation in self.catalogue.relations_of(metric))
            ),
            queries=tuple(queries),
        )

    def _buckets(self, question: Resolved) -> list[Bucket]:
        return self.calendar.buckets(question.grain, question.period, self.release.span.end) if question.grain else []

    def _fetch(self, compiled: Compiled, question: Resolved, metrics: Sequence[Metric], queries: list[str]) -> pa.Table:
        """Run, and keep the exact parts: one column per slot, unknown sums as zero where nothing happened means none."""
        table, sql = self.release.run(compiled.table)
        queries.append(sql)
        if TIME in table.column_names:
            index = table.schema.get_field_index(TIME)
            table = table.set_column(index, TIME, table.column(index).cast(pa.date32()))
        for slot in compiled.slots:
            index = table.schema.get_field_index(slot.column)
            column = table.column(index)
            if slot.base == "compare" and self._before_data(question.compare):
                table = table.set_column(index, slot.column, pa.nulls(table.num_rows, column.type))
                continue
            if self.catalogue.measures[slot.measure].unknown_when_empty:
                continue
            table = table.set_column(
                index, slot.column, pc.fill_null(column, pa.scalar(0, pa.int8()).cast(column.type))
            )
        return table

    def _before_data(self, period: Period | None) -> bool:
        return period is not None and period.end < self.release.span.start

    def _limited(
        self, question: Resolved, metrics: Sequence[Metric], queries: list[str]
    ) -> tuple[pa.Table, int, pa.Table | None]:
        """The top groups, how many there are in all, and the rest as one group."""
        ranked = self.compiler.compile(replace(question, sort=_without(question.sort, question.grain)), grain=None)
        top = self._fetch(ranked, question, metrics, queries)
        count = int(top[ROW_COUNT][0].as_py()) if top.num_rows else 0
        top = top.drop_columns([ROW_COUNT])
        among = [tuple(row[name] for name in question.by) for row in top.select(list(question.by)).to_pylist()]
        frame = top
        free = replace(question, limit=None, offset=0)
        if question.grain and among:
            frame = self._fetch(self.compiler.compile(free, among=among), question, metrics, queries)
        rest: pa.Table | None = None
        if question.others and among and count > len(among):
            plain = replace(free, sort=())
            compiled = self.compiler.compile(plain, by=(), among=among, exclude=True)
            rest = self._fetch(compiled, question, metrics, queries)
            for name in reversed(question.by):
                type_ = frame.schema.field(name).type
                label = OTHERS if pa.types.is_string(type_) or pa.types.is_large_string(type_) else None
                rest = rest.add_column(0, name, pa.array([label] * rest.num_rows, type_))
        return frame, count, rest

    def _totals(self, question: Resolved, metrics: Sequence[Metric], queries: list[str]) -> dict[str, Any]:
        """The question without its cut: right for ratios and distinct counts because nothing is added up."""
        held = [metric for metric in metrics if not metric.requires]
        totals: dict[str, Any] = {}
        if held:
            plain = replace(question, by=(), grain=None, limit=None, sort=(), others=False)
            compiled = self.compiler.compile(plain, metrics=held)
            frame = self._finish(self._fetch(compiled, plain, held, queries), plain, held)
            totals = frame.to_pylist()[0]
        return {column.name: totals.get(column.name) for column in self._columns(question, metrics) if column.metric}

    def _fill(self, frame: pa.Table, question: Resolved, metrics: Sequence[Metric]) -> pa.Table:
        """Buckets in which nothing happened are rows too: zero where nothing means none, unknown otherwise."""
        have = set(frame[TIME].to_pylist())
        last = self.release.span.end
        gaps = [
            b.start
            for b in self._buckets(question)
            if b.start not in have and self.release.span.start <= b.end and b.start <= last
        ]
        if not gaps:
            return frame
        columns: dict[str, pa.Array] = {}
        for field in frame.schema:
            measure = field.name.split("__")[0]
            if field.name == TIME:
                columns[TIME] = pa.array(gaps, field.type)
            elif self.catalogue.measures[measure].unknown_when_empty:
                columns[field.name] = pa.nulls(len(gaps), field.type)
            else:
                columns[field.name] = pa.array([0] * len(gaps), pa.int8()).cast(field.type)
        return pa.concat_tables([frame, pa.table(columns, schema=frame.schema)]).sort_by(TIME)

    def _finish(self, frame: pa.Table, question: Resolved, metrics: Sequence[Metric]) -> pa.Table:
        """From exact parts to metrics, comparison and change; the columns in the order of the answer."""
        columns: dict[str, pa.ChunkedArray | pa.Array] = {}
        if question.grain and TIME in frame.column_names:
            columns[question.grain] = frame[TIME]
        for name in question.by:
            if name in frame.column_names:
                columns[name] = frame[name]
        for metric in metrics:
            now = self._value(frame, metric, question, "main")
            columns[metric.name] = now
            if question.compare:
                then = self._value(frame, metric, question, "compare")
                columns[f"{metric.name}_compare"] = then
                change = _subtract(now, then)
                columns[f"{metric.name}_change"] = change
                if metric.unit != "percent":
                    rate = divide(_floats(change), np.abs(_floats(then)), 100.0)
                    columns[f"{metric.name}_change_rate"] = _nullable(rate)
        places = minor_units(self.release.currency)
        return pa.table({name: tidy(_chunked(column), places) for name, column in columns.items()})

    def _value(self, frame: pa.Table, metric: Metric, question: Resolved, base: Base) -> pa.ChunkedArray | pa.Array:
        """One metric for every row: an exact sum where it is one, else the product of its ratios as floats."""
        if len(metric.terms) == 1 and not metric.terms[0].bottom and metric.terms[0].factor == 1:
            return _exact(frame, metric.terms[0].top, base)
        result: npt.NDArray[np.float64] = np.ones(frame.num_rows)
        for term in metric.terms:
            top = self._floats_of(frame, term.top, question, base) if term.top else np.ones(frame.num_rows)
            if term.bottom:
                result = result * divide(top, self._floats_of(frame, term.bottom, question, base), term.factor)
            else:
                result = result * top * term.factor
        return _nullable(result)

    def _floats_of(
        self, frame: pa.Table, parts: Sequence[Part], question: Resolved, base: Base
    ) -> npt.NDArray[np.float64]:
        calendar = [part for part in parts if part.measure in CALENDAR]
        if calendar:
            return self._days(frame, calendar[0].measure, question, base)
        return _floats(_exact(frame, parts, base))

    def _days(self, frame: pa.Table, name: str, question: Resolved, base: Base) -> npt.NDArray[np.float64]:
        """Days with data in each bucket (`period_days`), or from the first day with data to its end (`observed_days`)."""
        span = self.release.span
        period = cast("Period", question.period if base == "main" else question.compare)
        if not question.grain or TIME not in frame.column_names:
            spans = [(period.start, period.end)] * frame.num_rows
        else:
            spans = [(start, self.calendar.end_of(question.grain, start)) for start in frame[TIME].to_pylist()]
        if name == "observed_days":
            return np.array(
                [
                    elapsed(span.start, min(end, period.end), Period(span.start, end), span.start, span.end)
                    for _, end in spans
                ],
                dtype=float,
            )
        if question.grain and base == "compare":
            period = question.period
        return np.array([elapsed(start, end, period, span.start, span.end) for start, end in spans], dtype=float)

    def _columns(self, question: Resolved, metrics: Sequence[Metric]) -> list[AnswerColumn]:
        columns: list[AnswerColumn] = []
        if question.grain:
            columns.append(AnswerColumn(question.grain, question.grain.replace("_", " ").capitalize(), "time"))
        for name in question.by:
            dimension = self.catalogue.dimensions[name]
            columns.append(AnswerColumn(name, dimension.title, "dimension", labels=dimension.labels))
        for metric in metrics:
            currency = self.release.currency if metric.unit == "money" else None
            columns.append(
                AnswerColumn(metric.name, metric.title, "metric", metric.name, metric.unit, metric.better, currency)
            )
            if question.compare:
                columns.append(
                    AnswerColumn(
                        f"{metric.name}_compare",
                        f"{metric.title}, compared",
                        "compare",
                        metric.name,
                        metric.unit,
                        metric.better,
                        currency,
                    )
                )
                columns.append(
                    AnswerColumn(
                        f"{metric.name}_change",
                        f"{metric.title}, change",
                        "change",
                        metric.name,
                        metric.unit,
                        metric.better,
                        currency,
                    )
                )
                if metric.unit != "percent":
                    columns.append(
                        AnswerColumn(
                            f"{metric.name}_change_rate",
                            f"{metric.title}, change %",
                            "change_rate",
                            metric.name,
                            "percent",
                            metric.better,
                        )
                    )
        return columns

    def _notes(self, question: Resolved, metrics: Sequence[Metric]) -> Notes:
        notes = Notes()
        span = self.release.span
        if question.period.end < span.start or question.period.start > span.end:
            notes.add("warning", f"No data in this period: they reach from {_words(span.start)} to {_words(span.end)}.")
        elif question.period.start < span.start or question.period.end > span.end:
            notes.add(
                "info",
                f"The data reach from {_words(span.start)} to {_words(span.end)}; the period is only partly covered.",
            )
        if question.compare and question.compare.start < span.start:
            part = "lies" if self._before_data(question.compare) else "begins"
            notes.add("warning", f"The comparison period {part} before the first day with data, {_words(span.start)}.")
        for metric in metrics:
            for relation in self.catalogue.relations_of(metric):
                if relation.name in self.release.missing:
                    tables = ", ".join(self.release.missing[relation.name])
                    notes.add("warning", f"{metric.title} needs data that are not loaded yet: {tables}.")
                if relation.note and (question.by or question.where):
                    notes.add("info", relation.note)
        return notes


def _words(day: date) -> str:
    return f"{day.day} {day:%b %Y}"


def _without(sort: tuple[str, ...], grain: str | None) -> tuple[str, ...]:
    return tuple(name for name in sort if name.lstrip("-+") != grain)


def _chunked(column: pa.ChunkedArray | pa.Array) -> pa.ChunkedArray:
    return column if isinstance(column, pa.ChunkedArray) else pa.chunked_array([column])


def _nullable(values: npt.NDArray[np.float64]) -> pa.Array:
    return pa.array(values, pa.float64(), mask=~np.isfinite(values))


def _floats(column: pa.ChunkedArray | pa.Array) -> npt.NDArray[np.float64]:
    return np.asarray(
        pc.fill_null(column.cast(pa.float64()), np.nan).to_numpy(zero_copy_only=False)
        if isinstance(column, pa.Array)
        else pc.fill_null(column.cast(pa.float64()), np.nan).to_numpy(),
        dtype=np.float64,
    )


def _exact(frame: pa.Table, parts: Sequence[Part], base: Base) -> pa.ChunkedArray:
    """The weighted sum of parts, exactly: integers or decimals. Unknown when any part is unknown."""
    columns = []
    for part in parts:
        column = frame[Slot(part.measure, part.when, base).column]
        if part.weight == -1:
            column = pc.negate(column)
        elif part.weight != 1:
            column = pc.multiply(column, pa.scalar(part.weight, pa.int64()))
        columns.append(column)
    result = columns[0]
    for column in columns[1:]:
        result = _add(result, column)
    return result


def _add(left: pa.ChunkedArray, right: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_decimal(left.type) or pa.types.is_decimal(right.type):
        scale = max(_scale(left.type), _scale(right.type))
        # one digit is left free for the carry; a total beyond 37 digits is an error of Arrow's, never a wrong sum
        left, right = left.cast(pa.decimal128(37, scale)), right.cast(pa.decimal128(37, scale))
    return pc.add(left, right)


def _scale(type_: pa.DataType) -> int:
    return int(type_.scale) if pa.types.is_decimal(type_) else 0


def _subtract(left: pa.ChunkedArray | pa.Array, right: pa.ChunkedArray | pa.Array) -> pa.ChunkedArray | pa.Array:
    if pa.types.is_floating(left.type) or pa.types.is_floating(right.type):
        return _nullable(_floats(left) - _floats(right))
    return _add(_chunked(left), pc.negate(_chunked(right)))


def total_of(answer: Answer, name: str) -> Decimal | float | int | None:
    """A figure of an answer without a cut."""
    value = answer.table[name][0].as_py() if answer.table.num_rows else None
    return cast("Decimal | float | int | None", value)


def unbound(name: str, schema: dict[str, str]) -> ir.Table:
    """A table of a release by name, for expressions that are compiled later."""
    return ibis.table(schema, name=name)
