"""From a resolved question to one Ibis expression. Nothing is executed here.

Every measure is aggregated over its own relation before anything is joined, so no row is ever counted twice (no fan-out,
no chasm). The pieces, one for each relation and time window, are stacked and grouped once more by the cut: that keeps groups
that only one of them has, treats an unknown (null) value of a dimension as a group, and needs no outer join.
"""

from __future__ import annotations

import functools
import itertools
import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal, NamedTuple, cast

import ibis

from tillsight.core.errors import NotAllowedError
from tillsight.core.periods import Bucket, Calendar, Grain, Period
from tillsight.core.scope import Scope
from tillsight.metrics.model import CALENDAR, Catalogue, Dimension, Metric, Part, Relation, When, Window
from tillsight.metrics.question import Filter, Resolved, shifted_buckets

if TYPE_CHECKING:
    import ibis.expr.types as ir

TIME = "bucket"
ROW_COUNT = "row_count"
Base = Literal["main", "compare"]


class Slot(NamedTuple):
    """A column of the compiled table: a measure, over which rows, for the period itself or for the comparison."""

    measure: str
    when: When
    base: Base

    @property
    def column(self) -> str:
        """The name of the column in the SQL."""
        name = self.measure if self.when == "period" else f"{self.measure}__{self.when.replace(' ', '_')}"
        return name if self.base == "main" else f"{name}__compare"


class _Piece(NamedTuple):
    """The measures of one relation over one window."""

    relation: str
    when: When
    base: Base


@dataclass(frozen=True)
class Compiled:
    """The expression, and the slots that its columns hold besides the cut."""

    table: ir.Table
    slots: tuple[Slot, ...]
    by: tuple[str, ...]
    grain: Grain | None
    buckets: tuple[Bucket, ...]


def slots_of(metrics: Sequence[Metric], compared: bool) -> list[Slot]:
    """The columns that the metrics need, each once; parts that the calendar gives are left out."""
    found: dict[Slot, None] = {}
    for base in cast("tuple[Base, ...]", ("main", "compare") if compared else ("main",)):
        for metric in metrics:
            for part in metric.parts:
                if part.measure in CALENDAR:
                    continue
                if part.when in ("parent", "cohort start"):
                    found.setdefault(Slot(part.measure, "period", base))
                found.setdefault(Slot(part.measure, part.when, base))
    return list(found)


class Compiler:
    """Compiles one resolved question for one asker. Holds no data and no connection."""

    def __init__(self, catalogue: Catalogue, calendar: Calendar, scope: Scope) -> None:
        self.catalogue = catalogue
        self.calendar = calendar
        self.scope = scope

    def compile(
        self,
        question: Resolved,
        *,
        by: tuple[str, ...] | None = None,
        grain: Grain | Literal["asked"] | None = "asked",
        extra: Sequence[ir.BooleanValue] = (),
        among: Sequence[tuple[str | int | date | None, ...]] | None = None,
        exclude: bool = False,
        limited: bool = True,
        metrics: Sequence[Metric] | None = None,
    ) -> Compiled:
        """The expression for a question.

        `by`, `grain`, `metrics` override what was asked (for totals and for ranking). `among`: keep only these combinations
        of the asked dimensions, or with `exclude` all the others.
        """
        cut = question.by if by is None else by
        step = question.grain if grain == "asked" else grain
        wanted = [self.catalogue.metrics[name] for name in question.metrics] if metrics is None else list(metrics)
        slots = slots_of(wanted, question.compare is not None)
        buckets = self.calendar.buckets(step, question.period, question.span.end) if step else []
        pieces: dict[_Piece, list[Slot]] = {}
        for slot in slots:
            if slot.when not in ("parent", "cohort start"):
                relation = self.catalogue.measures[slot.measure].relation
                pieces.setdefault(_Piece(relation, slot.when, slot.base), []).append(slot)
        keys = [*cut, *([TIME] if step else [])]
        tables = [
            self._piece(piece, held, question, cut, step, buckets, among, question.by, exclude)
            for piece, held in pieces.items()
        ]
        table = self._stack(tables, keys, [slot for held in pieces.values() for slot in held])
        table = self._over_rows(table, slots, cut, step)
        if limited:
            table = self._order(table, question, wanted, cut, step)
        return Compiled(table, tuple(slots), cut, step, tuple(buckets))

    def _piece(
        self,
        piece: _Piece,
        slots: Sequence[Slot],
        question: Resolved,
        by: tuple[str, ...],
        grain: Grain | None,
        buckets: Sequence[Bucket],
        among: Sequence[tuple[str | int | date | None, ...]] | None,
        among_by: tuple[str, ...],
        exclude: bool,
    ) -> ir.Table:
        relation = self.catalogue.relations[piece.relation]
        rows = self.rows(relation, question.where)
        if among is not None:
            chosen = self._among(rows, among_by, among)
            rows = rows.filter(~chosen if exclude else chosen)
        days, pairs = self._window(piece, question, grain, buckets)
        window = Window(ibis.date(days.start), ibis.date(days.end))
        if by or grain:
            rows = self._touched(rows, slots, window)
        if relation.time is None:
            groups = {name: self.catalogue.dimensions[name].of(rows) for name in by}
            return self._aggregate(rows, groups, slots, window)
        day = rows[relation.time]
        rows = rows.filter(day <= ibis.date(days.end)) if piece.when == "to date" else rows.filter(_between(day, days))
        groups = {name: self.catalogue.dimensions[name].of(rows) for name in by}
        if grain is None:
            return self._aggregate(rows, groups, slots, window)
        bucket = self._bucket(rows[relation.time], grain, days)
        if piece.when == "to date":
            first = ibis.date(pairs[0][0])
            bucket = ibis.ifelse(bucket < first, first, bucket)
        start = ibis.greatest(bucket, window.start)
        groups[TIME] = bucket.cast("date")
        table = self._aggregate(rows, groups, slots, Window(start, window.end))
        table = self._realign(table, pairs, by)
        return self._run_up(table, by, slots, [new for _, new in pairs]) if piece.when == "to date" else table

    def _touched(self, rows: ir.Table, slots: Sequence[Slot], window: Window) -> ir.Table:
        """Only rows that bear on one of the measures, so that a group exists only where there is something to say."""
        conditions = [self.catalogue.measures[slot.measure].rows for slot in slots]
        if not all(conditions):
            return rows
        made = {id(condition): condition(rows, window) for condition in conditions if condition}
        return rows.filter(functools.reduce(operator.or_, made.values()))

    def rows(self, relation: Relation, where: Sequence[Filter]) -> ir.Table:
        """The rows of a relation that the asker may see and the filters let through, of any day."""
        table = ibis.table(dict(relation.schema), name=relation.name)
        conditions = [condition(self.catalogue.dimensions[item.dimension], table, item) for item in where]
        for name, values in self.scope.rows:
            if name not in relation.dimensions:
                raise NotAllowedError(
                    f"You may see some values of {name} only, and {relation.title.lower()} cannot be cut by it. "
                    "An administrator can grant more.",
                    dimension=name,
                )
            conditions.append(condition(self.catalogue.dimensions[name], table, Filter(name, "in", values)))
        return table.filter(*conditions) if conditions else table

    def _among(
        self, rows: ir.Table, by: tuple[str, ...], among: Sequence[tuple[str | int | date | None, ...]]
    ) -> ir.BooleanValue:
        """True for rows whose cut is one of the combinations; null matches null."""
        columns = [self.catalogue.dimensions[name].of(rows) for name in by]
        if len(columns) == 1:
            values = [combination[0] for combination in among]
            known = [value for value in values if value is not None]
            inside = columns[0].isin(known).fill_null(False) if known else ibis.literal(False)
            return cast("ir.BooleanValue", inside | columns[0].isnull() if None in values else inside)
        result: ir.BooleanValue = ibis.literal(False)
        for combination in among:
            matches = [
                column.isnull() if value is None else (column == value).fill_null(False)
                for column, value in zip(columns, combination, strict=True)
            ]
            both = matches[0]
            for match in matches[1:]:
                both = both & match
            result = result | both
        return result

    def _window(
        self, piece: _Piece, question: Resolved, grain: Grain | None, buckets: Sequence[Bucket]
    ) -> tuple[Period, list[tuple[date, date]]]:
        """The days to read, and for each bucket read the bucket of the answer that it belongs to."""
        main = question.period
        period = main if piece.base == "main" else cast("Period", question.compare)
        if grain is None:
            if piece.when == "previous":
                period = self.calendar.previous(period)
            elif piece.when == "last year":
                period = self.calendar.last_year(period)
            return period, []
        own = list(buckets) if piece.base == "main" else self.calendar.buckets(grain, period)
        targets = [bucket.start for bucket in buckets][: len(own)]
        own = own[: len(targets)]
        if piece.when in ("previous", "last year"):
            starts = shifted_buckets(self.calendar, grain, own, piece.when)
            days = Period(starts[0], max(self.calendar.end_of(grain, starts[-1]), starts[0]))
            return days, list(zip(starts, targets, strict=True))
        return period, list(zip([bucket.start for bucket in own], targets, strict=True))

    def _bucket(self, day: ir.DateValue, grain: Grain, days: Period) -> ir.DateValue:
        if grain == "day":
            return day
        if grain == "week":
            shift = self.calendar.week_start
            if not shift:
                return day.truncate("W")
            return (day - ibis.interval(days=shift)).truncate("W") + ibis.interval(days=shift)
        if grain in ("month", "quarter", "year"):
            return day.truncate({"month": "M", "quarter": "Q", "year": "Y"}[grain])
        starts = [bucket.start for bucket in self.calendar.buckets(grain, days)]
        branches = [(day < ibis.date(after), ibis.date(start)) for start, after in itertools.pairwise(starts)]
        return ibis.cases(*branches, else_=ibis.date(starts[-1])) if branches else ibis.date(starts[0])

    def _realign(self, table: ir.Table, pairs: Sequence[tuple[date, date]], by: tuple[str, ...]) -> ir.Table:
        """Move the buckets read to the buckets of the answer; buckets that have no partner are left out."""
        if all(old == new for old, new in pairs):
            return table
        bucket = table[TIME]
        table = table.filter(bucket >= ibis.date(pairs[0][0]), bucket <= ibis.date(pairs[-1][0]))
        bucket = table[TIME]
        days = {new - old for old, new in pairs}
        moved: ir.DateValue
        if len(days) == 1:
            moved = bucket + ibis.interval(days=next(iter(days)).days)
        else:
            moved = ibis.cases(
                *((bucket == ibis.date(old), ibis.date(new)) for old, new in pairs), else_=ibis.null("date")
            )
        table = table.mutate(**{TIME: moved.cast("date")})
        return table.filter(table[TIME].notnull())

    def _aggregate(
        self, rows: ir.Table, groups: Mapping[str, ir.Value], slots: Sequence[Slot], window: Window
    ) -> ir.Table:
        values = {slot.column: self.catalogue.measures[slot.measure].of(rows, window) for slot in slots}
        return rows.group_by(**groups).agg(**values) if groups else rows.agg(**values)

    def _run_up(self, table: ir.Table, by: tuple[str, ...], slots: Sequence[Slot], starts: Sequence[date]) -> ir.Table:
        """Turn what happened in each bucket into what stands at its end: a running sum over every bucket of every cut."""
        spine = ibis.range(0, len(starts), 1).unnest().name("step").as_table()
        named = ibis.cases(*((spine["step"] == index, ibis.date(start)) for index, start in enumerate(starts)))
        spine = spine.select(**{TIME: named.cast("date")})
        zero = {slot.column: ibis.null(table[slot.column].type()) for slot in slots}
        if by:
            cuts = table.select(*by).distinct()
            spine = cuts.cross_join(spine)
        spine = spine.select(*by, TIME).mutate(**zero)
        both = table.select(*by, TIME, *zero).union(spine)
        step = both.group_by([*by, TIME]).agg(**{name: both[name].sum() for name in zero})
        window = ibis.window(
            group_by=[step[name] for name in by] or None, order_by=step[TIME], preceding=None, following=0
        )
        return step.select(*by, TIME, **{name: step[name].sum().over(window) for name in zero})

    def _stack(self, tables: Sequence[ir.Table], keys: Sequence[str], slots: Sequence[Slot]) -> ir.Table:
        if len(tables) == 1:
            return tables[0]
        types = {column: table[column].type() for table in tables for column in table.columns}
        names = [*keys, *(slot.column for slot in slots)]
        aligned = [
            table.select(
                *(table[name] if name in table.columns else ibis.null(types[name]).name(name) for name in names)
            )
            for table in tables
        ]
        stacked = ibis.union(*aligned)
        values = {slot.column: stacked[slot.column].max() for slot in slots}
        return stacked.group_by(list(keys)).agg(**values) if keys else stacked.agg(**values)

    def _over_rows(self, table: ir.Table, slots: Sequence[Slot], by: tuple[str, ...], grain: Grain | None) -> ir.Table:
        """Parts that look at other rows of the answer: the total of the parent, the first row of a cohort."""
        added: dict[str, ir.Value] = {}
        for slot in slots:
            source = Slot(slot.measure, "period", slot.base).column
            if slot.when == "parent":
                groups = [table[name] for name in by[:-1]] + ([table[TIME]] if grain else [])
                added[slot.column] = table[source].sum().over(ibis.window(group_by=groups or None))
            elif slot.when == "cohort start":
                groups = [table[name] for name in by if name != "cohort_age"]
                first = ibis.ifelse(table["cohort_age"] == 0, table[source], ibis.null(table[source].type()))
                added[slot.column] = first.max().over(ibis.window(group_by=groups or None))
        return table.mutate(**added) if added else table

    def _order(
        self, table: ir.Table, question: Resolved, metrics: Sequence[Metric], by: tuple[str, ...], grain: Grain | None
    ) -> ir.Table:
        if not by and not grain:
            return table
        ordered = bool(by) and self.catalogue.dimensions[by[0]].type != "text"
        asked = question.sort or (() if grain or (ordered and question.limit is None) else (f"-{metrics[0].name}",))
        keys: list[ir.Value] = []
        for name in asked:
            value = self._sort_value(table, name.lstrip("-+"), metrics, grain)
            keys.append(
                ibis.desc(value, nulls_first=False) if name.startswith("-") else ibis.asc(value, nulls_first=False)
            )
        # the engine takes a key once; those that were asked for come first
        sorted_by = {name.lstrip("-+") for name in asked}
        left = [TIME] if grain and grain not in sorted_by else []
        left += [name for name in by if name not in sorted_by]
        keys += [ibis.asc(table[name], nulls_first=False) for name in left]
        if question.limit is not None:
            table = table.mutate(**{ROW_COUNT: table.count().over(ibis.window())})
        table = table.order_by(keys)
        return table.limit(question.limit, offset=question.offset) if question.limit is not None else table

    def _sort_value(self, table: ir.Table, name: str, metrics: Sequence[Metric], grain: Grain | None) -> ir.Value:
        if name in table.columns and name not in {metric.name for metric in metrics}:
            return table[name]
        if name == grain:
            return table[TIME]
        for metric in metrics:
            if name == metric.name:
                return value(table, metric, "main")
            if name == f"{metric.name}_compare":
                return value(table, metric, "compare")
            if name in (f"{metric.name}_change", f"{metric.name}_change_rate"):
                now, then = value(table, metric, "main"), value(table, metric, "compare")
                change = now.fill_null(0) - then.fill_null(0)
                return change if name.endswith("_change") else change / then.nullif(0)
        raise AssertionError(name)  # resolve() has checked the names


def value(table: ir.Table, metric: Metric, base: Base) -> ir.FloatingValue:
    """A metric as a float in the engine: for ordering only, never shown. Parts of the calendar are constant: left out."""
    result: ir.FloatingValue | None = None
    for term in metric.terms:
        number = _sum(table, term.top, base)
        bottom = _sum(table, term.bottom, base)
        if bottom is not None:
            number = (ibis.literal(1.0) if number is None else number) / bottom.nullif(0)
        if number is not None:
            result = number if result is None else result * number
    if result is None:
        raise AssertionError(metric.name)
    return result


def _sum(table: ir.Table, parts: Sequence[Part], base: Base) -> ir.FloatingValue | None:
    held = [part for part in parts if part.measure not in CALENDAR]
    result: ir.FloatingValue | None = None
    for part in held:
        number = table[Slot(part.measure, part.when, base).column].cast("float64") * part.weight
        result = number if result is None else result.fill_null(0) + number.fill_null(0)
    return result


def condition(dimension: Dimension, table: ir.Table, item: Filter) -> ir.BooleanValue:
    """A filter as a condition. Nulls: never equal to a value; kept by `!=` and `not in`."""
    column = dimension.of(table)
    if item.op == "is null":
        return column.isnull()
    if item.op == "is not null":
        return column.notnull()
    values = [_typed(dimension, text) for text in item.values]
    if item.op == "contains":
        return column.lower().contains(str(values[0]).lower()).fill_null(False)
    if item.op in ("=", "in"):
        return column.isin(values).fill_null(False) if len(values) != 1 else (column == values[0]).fill_null(False)
    if item.op in ("!=", "not in"):
        return (~column.isin(values)).fill_null(True)
    first = values[0]
    compared = {">": column > first, ">=": column >= first, "<": column < first, "<=": column <= first}[item.op]
    return compared.fill_null(False)


def _typed(dimension: Dimension, text: str) -> str | int | ir.DateValue:
    if dimension.type == "integer":
        return int(text)
    return ibis.date(date.fromisoformat(text)) if dimension.type == "day" else text


def _between(day: ir.DateValue, days: Period) -> ir.BooleanValue:
    return (day >= ibis.date(days.start)) & (day <= ibis.date(days.end))


def elapsed(start: date, end: date, period: Period, span_start: date, span_end: date) -> int:
    """Days of a bucket that lie in the period and in the data."""
    first, last = max(start, period.start, span_start), min(end, period.end, span_end)
    return max((last - first + timedelta(days=1)).days, 0)
