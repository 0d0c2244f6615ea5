"""Asking: a question in, an answer out. The one place that turns exact totals into metrics.

The engine returns exact numerators and denominators; `core.money.divide` divides, so every engine gives the same figure.
Cost: one query for the rows; one more each for totals, for the rest behind a limit, and for ranking series over time. The top
of many customers or orders costs three small ones instead of a large one: who it is, how many there are, and what else is asked of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
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
from tillsight.metrics.compile import (
    IN_ALL,
    ROW_COUNT,
    TIME,
    WHOLE,
    Among,
    Base,
    Compiled,
    Compiler,
    Group,
    Slot,
    bounds_of,
    slots_of,
)
from tillsight.metrics.masking import NOTE, mask, sort_of_dimension
from tillsight.metrics.model import CALENDAR, Catalogue, DataSpan, Metric, Notes, Part
from tillsight.metrics.permission import check_metric
from tillsight.metrics.question import Question, Resolved, ask_for, resolve

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from tillsight.database.forecasts import Forecasts
    from tillsight.database.goals import Goals
    from tillsight.database.segments import SegmentSets

OTHERS = "(all others)"
_BASES: tuple[Base, ...] = ("main", "compare")
_MANY = frozenset({"customer_id", "order_id"})
"""Dimensions with as many values as a shop has customers or orders: all metrics of all of them cost more than the top."""


@dataclass(frozen=True)
class Release:
    """What asking needs of a release: its number, the span of its data, how to run an expression, and what it knows.

    `run` executes an Ibis expression and returns the rows with the SQL that ran. `missing`: relations without rows, with
    the tables that would fill them. `rollups`: those that it has, with their rows. `forecasts`: where forecasts are kept; None
    where they are not. `stream`: the same rows part by part, any number of them, for exports; None where there are none.
    `segments`: the shop's own rules of segments; None where only the presets are known. `goals`: what is to be reached; None
    where no goals are kept.
    """

    number: int
    span: DataSpan
    today: date
    currency: str
    run: Callable[[ir.Table], tuple[pa.Table, str]]
    missing: dict[str, tuple[str, ...]]
    rollups: Mapping[str, int] = field(default_factory=dict)
    as_of: datetime | None = None
    locale: str = "en-GB"
    forecasts: Forecasts | None = None
    segments: SegmentSets | None = None
    goals: Goals | None = None
    stream: Callable[[ir.Table], Iterator[pa.RecordBatch]] | None = None


class Asker:
    """Answers questions of one asker from one release."""

    def __init__(self, catalogue: Catalogue, calendar: Calendar, release: Release, scope: Scope) -> None:
        self.catalogue = catalogue
        self.calendar = calendar
        self.release = release
        self.scope = scope
        self.compiler = Compiler(catalogue, calendar, scope, release.rollups)

    def rules_changed_at(self, name: object) -> datetime | None:
        """When rules of the shop's own were kept last, which changes answers without a new release; None for any other name."""
        sets = self.release.segments
        return sets.changed_at(name) if sets is not None and isinstance(name, str) else None

    def query(self, metrics: str | Sequence[str], **parts: Any) -> Answer:
        """Ask in words (see `ask_for`)."""
        return self.ask(ask_for(metrics, **parts))

    def resolve(self, question: Question) -> Resolved:
        """The question with names looked up and days settled. Raises NotAllowedError for a metric of a closed module."""
        resolved = resolve(question, self.catalogue, self.calendar, self.release.span, self.release.today)
        for name in resolved.metrics:
            check_metric(self.scope, self.catalogue.metrics[name])
        return resolved

    def ask(self, question: Question, among: Sequence[Group] | None = None) -> Answer:
        """Answer a question. Raises QuestionError or NotFoundError when it cannot be answered as it was put.

        `among`: only these groups of a cut without a limit, by what stands in the release: a filter finds what the asker
        is shown, which is not the group where persons are masked.
        """
        resolved = self.resolve(question)
        metrics = [self.catalogue.metrics[name] for name in resolved.metrics]
        notes = self._notes(resolved, metrics)
        queries: list[str] = []
        if resolved.by:
            table, count, summed = self._by_groups(resolved, metrics, queries, among)
        else:
            table, count, summed = self._over_time(resolved, metrics, queries)
        if self.scope.masked:
            sorts = [(name, sort_of_dimension(self.catalogue.dimensions[name])) for name in resolved.by]
            table, found = mask(table, sorts)
            if found:
                notes.add("info", NOTE)
        return Answer(
            table=table,
            columns=tuple(self._columns(resolved, metrics)),
            currency=self.release.currency,
            totals=self._totals(resolved, metrics, queries, summed) if resolved.by or resolved.grain else None,
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

    def in_parts(self, question: Question) -> tuple[Answer, Iterator[pa.Table]]:
        """The answer without its rows, and the rows of `ask` part by part, in their order: for exports of any size.

        Decimals have the places of the engine: how few show every value exactly is only known after the last part.
        """
        resolved = self.resolve(question)
        if not resolved.by or resolved.limit is not None or self.release.stream is None:
            answer = self.ask(question)
            return answer, iter([answer.table])
        metrics = [self.catalogue.metrics[name] for name in resolved.metrics]
        answer = Answer(
            table=pa.table({}),
            columns=tuple(self._columns(resolved, metrics)),
            currency=self.release.currency,
            period=resolved.period,
            compare_period=resolved.compare,
            notes=self._notes(resolved, metrics).items,
            release=self.release.number,
            as_of=self.release.as_of,
        )
        return answer, self._parts(resolved, metrics, self.release.stream)

    def _parts(
        self,
        question: Resolved,
        metrics: Sequence[Metric],
        stream: Callable[[ir.Table], Iterator[pa.RecordBatch]],
    ) -> Iterator[pa.Table]:
        compiled = self.compiler.compile(question)
        known = {base: self._known(question, base) for base in _BASES}
        sorts = [(name, sort_of_dimension(self.catalogue.dimensions[name])) for name in question.by]
        for batch in stream(compiled.table):
            frame = self._read(pa.Table.from_batches([batch]), compiled.slots, question, known)
            table = self._finish(frame, question, metrics, exact=True)
            yield mask(table, sorts)[0] if self.scope.masked else table

    def _by_groups(
        self, question: Resolved, metrics: Sequence[Metric], queries: list[str], among: Sequence[Group] | None
    ) -> tuple[pa.Table, int, pa.Table | None]:
        """The groups of a cut, all of them or the top ones and the rest; how many there are in all; and what `_summed` says of all."""
        rest: pa.Table | None = None
        if question.limit is None:
            chosen = Among(among) if among is not None else None
            compiled = self.compiler.compile(question, among=chosen, whole=among is None)
            frame, summed = self._with_whole(compiled, question, metrics, queries)
            count = frame.num_rows
        else:
            frame, count, rest, summed = self._limited(question, metrics, queries)
        shown = frame.num_rows
        if rest is not None:
            frame = pa.concat_tables([frame, rest], promote_options="permissive")
        table = self._finish(frame, question, metrics)
        if question.sort and question.grain:
            top = _sorted(table.slice(0, shown), [*question.sort, question.grain, *question.by])
            table = pa.concat_tables([top, table.slice(shown)])
        return table, count, summed

    def _over_time(
        self, question: Resolved, metrics: Sequence[Metric], queries: list[str]
    ) -> tuple[pa.Table, int, pa.Table | None]:
        """One row for every bucket in which there could have been something, or one row in all; and what `_summed` says of all."""
        compiled = self.compiler.compile(question, limited=False, whole=True)
        frame, summed = self._with_whole(compiled, question, metrics, queries)
        if question.grain:
            frame = self._fill(frame, question)
        table = self._finish(frame, question, metrics)
        if question.sort:
            table = _sorted(table, [*question.sort, *([question.grain] if question.grain else [])])
        return table.slice(question.offset, question.limit), table.num_rows, summed

    def _buckets(self, question: Resolved) -> list[Bucket]:
        span = self.release.span
        return self.calendar.buckets(question.grain, question.period, span.end, span.start) if question.grain else []

    def _fetch(self, compiled: Compiled, question: Resolved, metrics: Sequence[Metric], queries: list[str]) -> pa.Table:
        """Run, and keep the exact parts, a column per slot: nothing is zero where the data reach, and unknown beyond them."""
        table, sql = self.release.run(compiled.table)
        queries.append(sql)
        return self._read(table, compiled.slots, question, {base: self._known(question, base) for base in _BASES})

    def _read(
        self, table: pa.Table, slots: Sequence[Slot], question: Resolved, known: Mapping[Base, set[date]]
    ) -> pa.Table:
        """What the engine gave, as exact parts. `known`: the buckets about which the data can say something."""
        if TIME in table.column_names:
            index = table.schema.get_field_index(TIME)
            table = table.set_column(index, TIME, table.column(index).cast(pa.date32()))
        for slot in slots:
            index = table.schema.get_field_index(slot.column)
            column = table.column(index)
            if TIME in table.column_names:
                inside = pc.is_in(table.column(TIME), pa.array(sorted(known[slot.base]), pa.date32()))
            else:
                inside = pa.scalar(slot.base == "main" or not self._outside(question.compare))
            none, zero = pa.scalar(None, column.type), pa.scalar(0, pa.int8()).cast(column.type)
            filled = column if self.catalogue.measures[slot.measure].unknown_when_empty else pc.fill_null(column, zero)
            # what another source knows of such days stays; nothing found there is no finding
            beyond = none if slot.when == "to date" else pc.if_else(pc.equal(column, zero), none, column)
            column = pc.if_else(inside, filled, beyond)
            table = table.set_column(index, slot.column, column)
        return table

    def _known(self, question: Resolved, base: Base) -> set[date]:
        """The buckets about which the data can say something: the days read for them, and the data, have days in common."""
        if not question.grain or (base == "compare" and question.compare is None):
            return set()
        steps = self.compiler.steps(question, question.grain, base)
        return {step.bucket for step in steps if step.read is not None and not self._outside(step.read)}

    def _outside(self, period: Period | None) -> bool:
        """The data do not reach the period at all: what happened in it is unknown."""
        span = self.release.span
        return period is not None and (period.end < span.start or period.start > span.end)

    def _limited(
        self, question: Resolved, metrics: Sequence[Metric], queries: list[str]
    ) -> tuple[pa.Table, int, pa.Table | None, pa.Table | None]:
        """The top groups, how many there are in all, the rest as one group, and what `_summed` says of all."""
        found = self._ranked_first(question, metrics, queries)
        summed: pa.Table | None = None
        if found is None:
            by_size = replace(question, sort=_without(question.sort, question.grain))
            ranked = self.compiler.compile(by_size, grain=None, whole=True)
            frame, summed = self._with_whole(ranked, replace(question, grain=None), metrics, queries)
            count = int(frame[ROW_COUNT][0].as_py()) if frame.num_rows else 0
            frame = frame.drop_columns(
                [name for name in frame.column_names if name == ROW_COUNT or name.endswith(IN_ALL.format(""))]
            )
            groups = [tuple(row[name] for name in question.by) for row in frame.select(list(question.by)).to_pylist()]
        else:
            groups, count = found
        free = replace(question, limit=None, offset=0)
        if groups and (question.grain or found):
            ordered = free if question.grain else replace(free, sort=question.sort or (f"-{metrics[0].name}",))
            frame = self._fetch(self.compiler.compile(ordered, among=Among(groups)), question, metrics, queries)
        elif question.grain:  # no group, and no bucket of one
            frame = frame.append_column(TIME, pa.array([], pa.date32()))
        held = [metric for metric in metrics if not metric.requires]
        rest: pa.Table | None = None
        if question.others and held and groups and count > len(groups):
            plain = replace(free, sort=())
            rest = self._left(summed, frame, question, held)
            if rest is None:
                compiled = self.compiler.compile(plain, among=Among(groups, others=True), metrics=held, limited=False)
                rest = self._of_whole(self._fetch(compiled, question, held, queries), question, held, queries)
            if question.grain:
                rest = rest.sort_by(TIME)
            for name in reversed(question.by):
                type_ = frame.schema.field(name).type
                label = OTHERS if pa.types.is_string(type_) or pa.types.is_large_string(type_) else None
                rest = rest.add_column(0, name, pa.array([label] * rest.num_rows, type_))
        return frame, count, rest, summed

    def _with_whole(
        self, compiled: Compiled, question: Resolved, metrics: Sequence[Metric], queries: list[str]
    ) -> tuple[pa.Table, pa.Table | None]:
        """What `_fetch` gives of the groups, and what there is in all, in one row; None where that has to be asked."""
        if not compiled.whole:
            frame = self._fetch(compiled, question, metrics, queries)
            return frame, self._summed(frame, question, metrics)
        table, sql = self.release.run(compiled.table)
        queries.append(sql)
        of_all = table[WHOLE]
        groups = table.filter(pc.invert(of_all)).drop_columns([WHOLE])
        frame = self._read(groups, compiled.slots, question, {base: self._known(question, base) for base in _BASES})
        return frame, table.filter(of_all).select([slot.column for slot in compiled.slots]) if table.num_rows else None

    def _summed(self, frame: pa.Table, question: Resolved, metrics: Sequence[Metric]) -> pa.Table | None:
        """What there is in all, in one row, where the groups tell it: added up, or in columns `IN_ALL`. None where it has to be asked."""
        if not frame.num_rows or not (question.by or question.grain):
            return None
        limited = bool(question.by) and question.limit is not None
        found: dict[str, pa.Array] = {}
        for slot in slots_of([metric for metric in metrics if not metric.requires], question.compare is not None):
            column = frame[slot.column]
            if not self.compiler.adds_up(slot, question.by, question.grain) or not _is_exact(column.type):
                return None
            in_all = frame[IN_ALL.format(slot.column)][0] if limited else pc.sum(column)
            found[slot.column] = pa.array([in_all.as_py()], in_all.type)
        return pa.table(found)

    def _ranked_first(
        self, question: Resolved, metrics: Sequence[Metric], queries: list[str]
    ) -> tuple[list[Group], int] | None:
        """The top groups found by what they are sorted by alone, and how many groups there are; None where that could differ.

        A group of which the leading metric knows nothing has no value or zero there: it comes after every group above zero.
        """
        sort = _without(question.sort, question.grain) or (f"-{metrics[0].name}",)
        leading = [metric for metric in metrics if metric.name in {name.lstrip("-+") for name in sort}]
        asked = {metric.name for metric in leading} | set(question.by)
        if (
            not _MANY & set(question.by)
            or not sort[0].startswith("-")
            or sort[0][1:] in question.by
            or not {name.lstrip("-+") for name in sort} <= asked
            or any(slot.when in ("parent", "cohort start") for slot in slots_of(metrics, compared=False))
            or len(slots_of(leading, compared=False)) == len(slots_of(metrics, compared=False))
        ):
            return None
        alone = replace(question, metrics=tuple(metric.name for metric in leading), sort=sort, compare=None)
        top = self._fetch(self.compiler.compile(alone, grain=None), replace(alone, grain=None), leading, queries)
        first = next(metric for metric in leading if metric.name == sort[0][1:])
        values = _floats(self._value(top, first, replace(alone, grain=None), "main"))
        if top.num_rows < (question.limit or 0) or not (values > 0).all():
            return None
        every = self.compiler.compile(replace(question, sort=()), grain=None, limited=False).table
        counted, sql = self.release.run(every.agg(**{ROW_COUNT: every.count()}))
        queries.append(sql)
        groups = [tuple(row[name] for name in question.by) for row in top.select(list(question.by)).to_pylist()]
        return groups, int(counted[ROW_COUNT][0].as_py())

    def _left(
        self, summed: pa.Table | None, frame: pa.Table, question: Resolved, metrics: Sequence[Metric]
    ) -> pa.Table | None:
        """What there is in all, less what the groups of a frame have of it. None where it has to be asked."""
        slots = slots_of(metrics, question.compare is not None)
        if (
            summed is None
            or question.grain
            or any(self.catalogue.measures[slot.measure].unknown_when_empty for slot in slots)
            or not all(self.compiler.adds_up(slot, question.by) for slot in slots)
        ):
            return None
        left: dict[str, pa.ChunkedArray] = {}
        for slot in slots:
            shown = pc.fill_null(pc.sum(frame[slot.column]), 0)
            less = _add(_chunked(summed[slot.column]), _chunked(pa.array([-shown.as_py()], shown.type)))
            left[slot.column] = less.cast(frame.schema.field(slot.column).type)
        return self._read(pa.table(left), slots, question, {base: set() for base in _BASES})

    def _totals(
        self, question: Resolved, metrics: Sequence[Metric], queries: list[str], summed: pa.Table | None
    ) -> dict[str, Any]:
        """The question without its cut, from exact parts: `summed`, or asked for, since distinct counts and shares do not add up."""
        held = [metric for metric in metrics if not metric.requires]
        totals: dict[str, Any] = {}
        if held:
            plain = replace(question, by=(), grain=None, limit=None, sort=(), others=False)
            if summed is not None:
                frame = self._read(summed, slots_of(held, question.compare is not None), plain, {})
            else:
                compiled = self.compiler.compile(plain, metrics=held)
                frame = self._of_whole(
                    self._fetch(compiled, plain, held, queries), replace(plain, by=question.by), held, queries
                )
            totals = self._finish(frame, plain, held).to_pylist()[0]
        return {column.name: totals.get(column.name) for column in self._columns(question, metrics) if column.metric}

    def _of_whole(self, frame: pa.Table, question: Resolved, metrics: Sequence[Metric], queries: list[str]) -> pa.Table:
        """Rows without a cut (totals, the rest): what a share is a share of is asked for by itself."""
        parents = [slot for slot in slots_of(metrics, question.compare is not None) if slot.when == "parent"]
        if not parents or not question.by:
            return frame
        bounds, _ = bounds_of(question.where, question.by)
        plain = replace(question, by=(), where=bounds, limit=None, sort=(), others=False)
        compiled = self.compiler.compile(plain, metrics=metrics, limited=False)
        found = self._fetch(compiled, plain, metrics, queries)
        buckets = found[TIME].to_pylist() if question.grain else [None]
        for slot in parents:
            values = dict(zip(buckets, found[slot.column].to_pylist(), strict=True))
            held = [values.get(bucket) for bucket in (frame[TIME].to_pylist() if question.grain else [None])]
            index = frame.schema.get_field_index(slot.column)
            frame = frame.set_column(index, slot.column, pa.array(held, found.schema.field(slot.column).type))
        return frame

    def _fill(self, frame: pa.Table, question: Resolved) -> pa.Table:
        """Buckets in which nothing happened are rows too: zero where nothing means none, unknown otherwise."""
        have = set(frame[TIME].to_pylist())
        known = self._known(question, "main")
        gaps = sorted(known - have)
        if not gaps:
            return frame.sort_by(TIME)
        compared = self._known(question, "compare")
        columns: dict[str, pa.Array] = {TIME: pa.array(gaps, pa.date32())}
        for slot in slots_of([self.catalogue.metrics[name] for name in question.metrics], question.compare is not None):
            type_ = frame.schema.field(slot.column).type
            unknown = self.catalogue.measures[slot.measure].unknown_when_empty
            inside = known if slot.base == "main" else compared
            zeros = [None if unknown or gap not in inside else 0 for gap in gaps]
            columns[slot.column] = pa.array(zeros, pa.int8()).cast(type_)
        return pa.concat_tables([frame, pa.table(columns).select(frame.column_names)]).sort_by(TIME)

    def _finish(
        self, frame: pa.Table, question: Resolved, metrics: Sequence[Metric], *, exact: bool = False
    ) -> pa.Table:
        """From exact parts to metrics, comparison and change; the columns in the order of the answer.

        `exact`: decimals with all places, for what is only a part of the rows.
        """
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
        if exact:
            return pa.table({name: _chunked(column) for name, column in columns.items()})
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
        if question.grain and TIME in frame.column_names:
            steps = self.compiler.steps(question, question.grain, base)
            read = {step.bucket: step.read for step in steps}
            spans = [read.get(bucket) for bucket in frame[TIME].to_pylist()]
        else:
            spans = [question.period if base == "main" else question.compare] * frame.num_rows
        first = self.release.span.start
        return np.array(
            [
                self._elapsed(first if name == "observed_days" else days.start, days.end) if days else np.nan
                for days in spans
            ]
        )

    def _elapsed(self, start: date, end: date) -> float:
        """How many days from `start` to `end` the data cover."""
        span = self.release.span
        return float(max((min(end, span.end) - max(start, span.start)).days + 1, 0))

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
            part = "lies" if self._outside(question.compare) else "begins"
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


def _sorted(table: pa.Table, names: Sequence[str]) -> pa.Table:
    """By these columns; `-` is descending. Unknown comes last either way."""
    keys: dict[str, str] = {}
    for name in names:
        keys.setdefault(name.lstrip("-+"), "descending" if name.startswith("-") else "ascending")
    return table.sort_by(list(keys.items()))


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


def _is_exact(type_: pa.DataType) -> bool:
    return bool(pa.types.is_integer(type_) or pa.types.is_decimal(type_))


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
