"""From a resolved question to one Ibis expression. Nothing is executed here.

Every measure is aggregated over its own relation before anything is joined, so no row is ever counted twice (no fan-out,
no chasm). The pieces, one for each relation and time window, are stacked and grouped once more by the cut: that keeps groups
that only one of them has, treats an unknown (null) value of a dimension as a group, and needs no outer join.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast

import ibis

from tillsight.core.errors import NotAllowedError
from tillsight.core.periods import Calendar, Grain, Period
from tillsight.core.scope import Scope
from tillsight.metrics import rollups
from tillsight.metrics.masking import masked, sort_of_dimension
from tillsight.metrics.model import CALENDAR, Catalogue, Dimension, Metric, Part, Relation, Rollup, When, Window
from tillsight.metrics.question import Filter, Resolved

if TYPE_CHECKING:
    import ibis.expr.types as ir

TIME = "bucket"
ROW_COUNT = "row_count"
IN_ALL = "{}__in_all"
"""The column that says what all groups have of another one, where only the first groups are shown."""
WHOLE = "is_whole"
"""The column that tells the row of everything from those of the groups, where both are worked out in one pass over the facts."""
LONG = 50
"""From so many words on, a list is given to the engine as one text: to make SQL of 2,000 by themselves takes longer than to look
for them among millions of rows."""
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


Group = tuple[str | int | date | None, ...]


class Among(NamedTuple):
    """Some groups of the cut that was asked; with `others`, all the others together, as one group without a name."""

    groups: Sequence[Group]
    others: bool = False


class Piece(NamedTuple):
    """The measures of one relation over one window, from a roll-up of it or (None) from its rows."""

    relation: str
    when: When
    base: Base
    rollup: str | None


class Step(NamedTuple):
    """One bucket of the answer: its first day, the days of the question that lie in it, and the days that are read for it.

    `read` differs from `own` for a comparison and for parts that look at the period before or a year before; None when
    there is nothing that the bucket stands against.
    """

    bucket: date
    own: Period
    read: Period | None


@dataclass(frozen=True)
class Compiled:
    """The expression, and the slots that its columns hold besides the cut. `whole`: it has a row of everything, which `WHOLE` tells."""

    table: ir.Table
    slots: tuple[Slot, ...]
    by: tuple[str, ...]
    grain: Grain | None
    whole: bool = False


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

    def __init__(
        self, catalogue: Catalogue, calendar: Calendar, scope: Scope, rollups: Mapping[str, int] | None = None
    ) -> None:
        """`rollups`: those that the release has, with their rows."""
        self.catalogue = catalogue
        self.calendar = calendar
        self.scope = scope
        self.rollups = rollups or {}

    def compile(
        self,
        question: Resolved,
        *,
        by: tuple[str, ...] | None = None,
        grain: Grain | Literal["asked"] | None = "asked",
        among: Among | None = None,
        limited: bool = True,
        metrics: Sequence[Metric] | None = None,
        whole: bool = False,
    ) -> Compiled:
        """The expression for a question.

        `by`, `grain`, `metrics` override what was asked (for totals and for ranking). `among`: only some groups of the
        question, or all the others as one. Without `limited` the rows come in any order, all of them. `whole`: with a row
        of everything, where distinct counts are only told by the facts; it comes first.
        """
        cut = question.by if by is None else by
        step = question.grain if grain == "asked" else grain
        wanted = [self.catalogue.metrics[name] for name in question.metrics] if metrics is None else list(metrics)
        slots = slots_of(wanted, question.compare is not None)
        if among is not None and among.others:
            cut = ()
        early_among, early = among, question.where
        late: tuple[Filter, ...] = ()
        if cut and any(slot.when == "parent" for slot in slots):
            # a share is one of everything its last dimension has: groups are chosen only after the whole is known
            early, late = bounds_of(question.where, cut)
            early_among = None
        pieces: dict[Piece, list[Slot]] = {}
        for slot in slots:
            if slot.when not in ("parent", "cohort start"):
                rollup = self._rollup(slot, early, cut, question.by if early_among is not None else ())
                relation = self.catalogue.measures[slot.measure].relation
                pieces.setdefault(Piece(relation, slot.when, slot.base, rollup), []).append(slot)
        whole = whole and self._tells_whole(question, wanted, cut, step)
        tables = [
            self._piece(piece, held, question, early, cut, step, early_among, whole) for piece, held in pieces.items()
        ]
        keys = [*cut, *([TIME] if step else []), *([WHOLE] if whole else [])]
        table = self._stack(tables, keys, [slot for held in pieces.values() for slot in held])
        table = self._over_rows(table, slots, cut, step)
        for item in late:
            dimension = self.catalogue.dimensions[item.dimension]
            table = table.filter(condition_on(dimension, self._seen(dimension, table[item.dimension]), item))
        if among is not None and early_among is None:
            table = table.filter(_chosen([table[name] for name in cut], among.groups))
        if limited:
            table = self._order(table, question, wanted, slots, cut, step)
        return Compiled(table, tuple(slots), cut, step, whole)

    def adds_up(self, slot: Slot, by: Sequence[str], grain: Grain | None = None) -> bool:
        """Whether what the groups of a cut have of a measure is, added up, what there is of it in all."""
        if slot.when in ("parent", "cohort start") or (grain and slot[1:] != ("period", "main")):
            return False
        measure = self.catalogue.measures[slot.measure]
        if measure.adds:
            return True
        return grain is None and not rollups.loose(self.catalogue.relations[measure.relation], measure, by)

    def _tells_whole(
        self, question: Resolved, metrics: Sequence[Metric], by: tuple[str, ...], grain: Grain | None
    ) -> bool:
        """Whether groups and everything are counted in one pass over the facts: distinct counts that only the facts can tell."""
        slots = slots_of(metrics, question.compare is not None)
        if question.offset or any(metric.requires for metric in metrics):
            return False
        if not (by or grain) or all(self.adds_up(slot, by, grain) for slot in slots):
            return False
        if any(slot.when in ("parent", "cohort start", "to date") for slot in slots):
            return False
        if grain and any(slot[1:] != ("period", "main") for slot in slots):
            return False
        relations = {self.catalogue.measures[slot.measure].relation for slot in slots}
        if any(self.catalogue.relations[name].time is None for name in relations):
            return False
        for slot in slots:
            rollup, adds = self._rollup(slot, question.where, by, ()), self.adds_up(slot, by, grain)
            # what a roll-up tells of the groups it tells of everything only if it adds up; asked apart, others may have it at once
            if not adds and (rollup or self._rollup(slot, question.where, (), ())):
                return False
        return True

    def _rollup(self, slot: Slot, where: Sequence[Filter], by: tuple[str, ...], chosen: tuple[str, ...]) -> str | None:
        """The roll-up that a measure is taken from; None for the facts."""
        held = [Filter(name, "in", values) for name, values in self.scope.rows]
        found = rollups.choose(
            self.catalogue,
            self.rollups,
            self.catalogue.measures[slot.measure],
            {*by, *chosen, *(item.dimension for item in (*where, *held))},
            by,
            (*where, *held),
            to_date=slot.when == "to date",
        )
        return found.name if found else None

    def days_of(self, measures: Sequence[str], by: Sequence[str], where: Sequence[Filter]) -> ir.Table | None:
        """The days of the sums that have all these measures by these dimensions: those that bear on one of the measures, that the
        asker may see and the filters let through. None where no sums of the release have them: then the facts tell.
        """
        slots = [Slot(measure, "period", "main") for measure in measures]
        names = {self._rollup(slot, where, tuple(by), ()) for slot in slots}
        rollup = self.catalogue.rollups.get(names.pop() or "") if len(names) == 1 else None
        if rollup is None or rollup.kind != "sums":
            return None
        rows = self.rows(self.catalogue.relations[rollup.relation], where, rollup, by)
        return self._touched(rollup, rows, slots, Window(ibis.date(1, 1, 1), ibis.date(9999, 12, 31)))

    def _piece(
        self,
        piece: Piece,
        slots: Sequence[Slot],
        question: Resolved,
        where: Sequence[Filter],
        by: tuple[str, ...],
        grain: Grain | None,
        among: Among | None,
        whole: bool,
    ) -> ir.Table:
        relation = self.catalogue.relations[piece.relation]
        rollup = self.catalogue.rollups[piece.rollup] if piece.rollup else None
        looked_at = (*by, *(question.by if among is not None else ()))
        to_date = piece.when == "to date"
        steps = self.steps(question, grain, piece.base, piece.when) if grain else []
        steps = [step for step in steps if step.read is not None]
        days = self._days(piece, question, steps) if grain is None or steps else None
        by_months = not to_date and (grain is None or _by_calendar(grain, steps))
        rows = self.rows(relation, where, rollup, looked_at, days if by_months else None)
        if among is not None:
            columns = [self._column(rollup, name, rows) for name in question.by]
            rows = rows.filter(_chosen(columns, among.groups, others=among.others))
        if days is None:  # nothing to compare with: the columns are there, without rows
            rows, days = rows.filter(ibis.literal(False)), question.period
        window = Window(ibis.date(days.start), ibis.date(days.end))
        if (by or grain) and not (rollup and rollup.kind == "visits"):
            rows = self._touched(rollup, rows, slots, window)
        if relation.time is not None:
            day = rows[relation.time]
            rows = rows.filter(day <= ibis.date(days.end)) if to_date else rows.filter(_between(day, days))
        if whole:  # each row is one of its group, and one of everything
            rows = rows.cross_join(ibis.array([False, True]).unnest().name(WHOLE).as_table())
        groups = {name: self._column(rollup, name, rows) for name in by}
        if whole:
            groups = {name: _of_groups(value, rows) for name, value in groups.items()}
            groups[WHOLE] = rows[WHOLE]
        once = frozenset() if rollup else self._counted_once(relation, slots, where, looked_at)
        if relation.time is None or grain is None:
            table = self._aggregate(rollup, rows, groups, slots, window, once)
            return self._counted(rollup, table, slots) if by else table
        nowhere = (ibis.null("date"), ibis.null("date"))
        bucket, start = self._bucket(rows[relation.time], grain, steps, to_date) if steps else nowhere
        groups[TIME] = bucket.cast("date")
        if whole:
            groups[TIME] = _of_groups(groups[TIME], rows)
            start = ibis.ifelse(rows[WHOLE], window.start, start)
        table = self._aggregate(rollup, rows, groups, slots, Window(start, window.end), once)
        inside = table[TIME].notnull() | table[WHOLE] if whole else table[TIME].notnull()
        table = self._counted(rollup, table.filter(inside), slots)
        return self._run_up(table, by, slots, [step.bucket for step in steps]) if to_date and steps else table

    def _column(self, rollup: Rollup | None, name: str, rows: ir.Table) -> ir.Value:
        dimension = self.catalogue.dimensions[name]
        return rollups.column_of(rollup, dimension, rows) if rollup else dimension.of(rows)

    def _counted_once(
        self, relation: Relation, slots: Sequence[Slot], where: Sequence[Filter], cut: Sequence[str]
    ) -> frozenset[str]:
        """The measures whose things are in the rows as a whole, whatever is cut and filtered by."""
        looked_at = {*cut, *(item.dimension for item in where), *(name for name, _ in self.scope.rows)}
        measures = (self.catalogue.measures[slot.measure] for slot in slots)
        return frozenset(m.name for m in measures if m.once and not rollups.loose(relation, m, looked_at))

    def _counted(self, rollup: Rollup | None, table: ir.Table, slots: Sequence[Slot]) -> ir.Table:
        """Of groups that visits were counted in, those that have a first one: in the others there is nothing to say."""
        if rollup is None or rollup.kind != "visits":
            return table
        return table.filter(functools.reduce(operator.or_, (table[slot.column] > 0 for slot in slots)))

    def _touched(self, rollup: Rollup | None, rows: ir.Table, slots: Sequence[Slot], window: Window) -> ir.Table:
        """Only rows that bear on one of the measures, so that a group exists only where there is something to say."""
        measures = [self.catalogue.measures[slot.measure] for slot in slots]
        if not all(measure.rows for measure in measures):
            return rows
        if rollup:
            conditions = [rollups.touched(rollup, measure, rows, window) for measure in measures]
        else:
            made = {id(measure.rows): measure.rows(rows, window) for measure in measures if measure.rows}
            conditions = list(made.values())
        return rows.filter(functools.reduce(operator.or_, conditions))

    def rows(
        self,
        relation: Relation,
        where: Sequence[Filter],
        rollup: Rollup | None = None,
        by: Sequence[str] = (),
        days: Period | None = None,
    ) -> ir.Table:
        """The rows of a relation, or of a roll-up of it, that the asker may see and the filters let through, of any day.

        `by`: the dimensions that are cut by, so that those are there which are looked up. `days`: those that are asked about, where
        it does not matter which is which, so that a roll-up may have months for them.
        """
        looked_at = [*by, *(item.dimension for item in where), *(name for name, _ in self.scope.rows)]
        if rollup:
            table = ibis.table(rollups.schema_of(self.catalogue, rollup), name=rollup.name)
            if rollup.kind == "sums":
                large = self.rollups[rollup.name] >= rollups.MONTH_ROWS
                alike = large and set(looked_at) <= set(rollup.dimensions)
                table = rollups.of_days(table, str(relation.time), days if alike else None)
        else:
            table = ibis.table(dict(relation.schema), name=relation.name)
        for dimension in (self.catalogue.dimensions[name] for name in dict.fromkeys(looked_at)):
            if dimension.lookup and set(dimension.needs) <= set(table.columns):
                table = table.left_join(dimension.lookup(), list(dimension.columns)).select(table, dimension.name)
        conditions = []
        for item in where:
            dimension = self.catalogue.dimensions[item.dimension]
            column = self._column(rollup, item.dimension, table)
            conditions.append(condition_on(dimension, self._seen(dimension, column), item))
        for name, values in self.scope.rows:
            if name not in relation.dimensions:
                raise NotAllowedError(
                    f"You may see some values of {name} only, and {relation.title.lower()} cannot be cut by it. "
                    "An administrator can grant more.",
                    dimension=name,
                )
            dimension = self.catalogue.dimensions[name]
            conditions.append(condition_on(dimension, self._column(rollup, name, table), Filter(name, "in", values)))
        return table.filter(*conditions) if conditions else table

    def _seen(self, dimension: Dimension, column: ir.Value) -> ir.Value:
        """A dimension as the asker sees it: what he filters by is what he is shown, so he cannot find out more by guessing."""
        sort = sort_of_dimension(dimension) if self.scope.masked else None
        return masked(sort, column) if sort else column

    def steps(self, question: Resolved, grain: Grain, base: Base, when: When = "period") -> list[Step]:
        """The buckets of a question, and which days are read for each."""
        own = self.calendar.parts(grain, question.period)
        starts = [self.calendar.start_of(grain, part.start) for part in own]
        read: list[Period | None] = list(own)
        if base == "compare":
            compare = cast("Period", question.compare)
            read = self.calendar.partners(grain, question.period, compare, question.compare_kind)
        if when in ("previous", "last year"):
            back = self.calendar.before if when == "previous" else self.calendar.year_before
            read = [back(grain, part) if part is not None else None for part in read]
        return [Step(*found) for found in zip(starts, own, read, strict=True)]

    def _days(self, piece: Piece, question: Resolved, steps: Sequence[Step]) -> Period:
        """The days to read. Figures to date never look past the last day with data: what comes then is not known."""
        if steps:
            read = [cast("Period", step.read) for step in steps]
            period = Period(read[0].start, read[-1].end)
        else:
            period = question.period if piece.base == "main" else cast("Period", question.compare)
            if piece.when == "previous":
                period = self.calendar.previous(period)
            elif piece.when == "last year":
                period = self.calendar.last_year(period)
        if piece.when != "to date" or period.end <= question.span.end:
            return period
        return Period(min(period.start, question.span.end), question.span.end)

    def _bucket(
        self, day: ir.DateValue, grain: Grain, steps: Sequence[Step], to_date: bool
    ) -> tuple[ir.DateValue, ir.DateValue]:
        """The bucket of the answer that a day is read for (null for none), and the first day that is read for it.

        To date, a day that lies between the days of two buckets belongs to the later one: it has happened by then.
        """
        if grain in ("day", "week"):
            return self._moved(day, grain, steps, to_date)
        read = [cast("Period", step.read) for step in steps]
        if _by_calendar(grain, steps):
            first = ibis.date(read[0].start)
            inside = ibis.greatest(day, first) if to_date else day
            bucket = inside.truncate({"month": "M", "quarter": "Q", "year": "Y"}[grain])
            return bucket, ibis.greatest(bucket, first)
        meets = [day <= ibis.date(days.end) if to_date else _between(day, days) for days in read]
        return (
            ibis.cases(*zip(meets, (ibis.date(step.bucket) for step in steps), strict=True), else_=ibis.null("date")),
            ibis.cases(*zip(meets, (ibis.date(days.start) for days in read), strict=True), else_=ibis.null("date")),
        )

    def _moved(
        self, day: ir.DateValue, grain: Grain, steps: Sequence[Step], to_date: bool
    ) -> tuple[ir.DateValue, ir.DateValue]:
        """Days and weeks: every run of days that is moved by the same distance is moved at once."""
        runs: list[tuple[int, date, date]] = []
        for step in steps:
            read = cast("Period", step.read)
            distance = (step.own.start - read.start).days
            if runs and runs[-1][0] == distance and runs[-1][2] + timedelta(days=1) == read.start:
                runs[-1] = (distance, runs[-1][1], read.end)
            else:
                runs.append((distance, read.start, read.end))
        buckets: list[tuple[ir.BooleanValue, ir.DateValue]] = []
        starts: list[tuple[ir.BooleanValue, ir.DateValue]] = []
        for distance, first, last in runs:
            inside = ibis.greatest(day, ibis.date(first)) if to_date else day
            meets = day <= ibis.date(last) if to_date else _between(day, Period(first, last))
            bucket = self._step_start(_plus(inside, distance), grain)
            buckets.append((meets, bucket.cast("date")))
            starts.append((meets, ibis.greatest(_plus(bucket, -distance), ibis.date(first)).cast("date")))
        if len(runs) == 1:
            return buckets[0][1], starts[0][1]
        return ibis.cases(*buckets, else_=ibis.null("date")), ibis.cases(*starts, else_=ibis.null("date"))

    def _step_start(self, day: ir.DateValue, grain: Grain) -> ir.DateValue:
        if grain == "day":
            return day
        shift = self.calendar.week_start
        return _plus(_plus(day, -shift).truncate("W"), shift)

    def _aggregate(
        self,
        rollup: Rollup | None,
        rows: ir.Table,
        groups: Mapping[str, ir.Value],
        slots: Sequence[Slot],
        window: Window,
        once: frozenset[str],
    ) -> ir.Table:
        values: dict[str, ir.Value] = {}
        for slot in slots:
            measure = self.catalogue.measures[slot.measure]
            if rollup:
                values[slot.column] = rollups.value_of(rollup, measure, rows, window)
            elif measure.once and measure.name in once:
                values[slot.column] = measure.once(rows)
            else:
                values[slot.column] = measure.of(rows, window)
        return rows.group_by(**groups).agg(**values) if groups else rows.agg(**values)

    def _run_up(self, table: ir.Table, by: Sequence[str], slots: Sequence[Slot], starts: Sequence[date]) -> ir.Table:
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
        self,
        table: ir.Table,
        question: Resolved,
        metrics: Sequence[Metric],
        slots: Sequence[Slot],
        by: tuple[str, ...],
        grain: Grain | None,
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
        if WHOLE in table.columns:
            keys = [ibis.desc(table[WHOLE]), *keys]
        if question.limit is None:
            return table.order_by(keys)
        limit, everything = question.limit, ibis.window()
        if WHOLE in table.columns:
            limit += 1
            table = table.mutate(**{ROW_COUNT: table.count().over(everything) - 1})
        else:
            every = {slot.column: table[slot.column] for slot in slots if self.adds_up(slot, by, grain)}
            in_all = {IN_ALL.format(name): column.sum().over(everything) for name, column in every.items()}
            table = table.mutate(**{ROW_COUNT: table.count().over(everything)}, **in_all)
        return table.order_by(keys).limit(limit, offset=question.offset)

    def _sort_value(self, table: ir.Table, name: str, metrics: Sequence[Metric], grain: Grain | None) -> ir.Value:
        if name in table.columns and name not in {metric.name for metric in metrics}:
            return table[name]
        if name == grain:
            return table[TIME]
        for metric in metrics:
            if name == metric.name:
                return self.value(table, metric, "main")
            if name == f"{metric.name}_compare":
                return self.value(table, metric, "compare")
            if name in (f"{metric.name}_change", f"{metric.name}_change_rate"):
                now, then = self.value(table, metric, "main"), self.value(table, metric, "compare")
                change = now.fill_null(0) - then.fill_null(0)
                return change if name.endswith("_change") else change / then.abs().nullif(0)
        raise AssertionError(name)  # resolve() has checked the names

    def value(self, table: ir.Table, metric: Metric, base: Base) -> ir.FloatingValue:
        """A metric as a float in the engine: for ordering only, never shown. Parts of the calendar are constant: left out."""
        result: ir.FloatingValue | None = None
        for term in metric.terms:
            number = self._sum(table, term.top, base)
            bottom = self._sum(table, term.bottom, base)
            if bottom is not None:
                number = (ibis.literal(1.0) if number is None else number) / bottom.nullif(0)
            if number is not None:
                result = number if result is None else result * number
        if result is None:
            raise AssertionError(metric.name)
        return result

    def _sum(self, table: ir.Table, parts: Sequence[Part], base: Base) -> ir.FloatingValue | None:
        """What parts add up to: unknown where one of them is, if nothing found means unknown there."""
        held = [part for part in parts if part.measure not in CALENDAR]
        result: ir.FloatingValue | None = None
        for part in held:
            number = table[Slot(part.measure, part.when, base).column].cast("float64") * part.weight
            if len(held) > 1 and not self.catalogue.measures[part.measure].unknown_when_empty:
                number = number.fill_null(0)
            result = number if result is None else result + number
        return result


def _of_groups(value: ir.Value, rows: ir.Table) -> ir.Value:
    """A value that groups are told apart by, and nothing for the row of everything."""
    return ibis.ifelse(rows[WHOLE], ibis.null(value.type()), value)


def _chosen(columns: Sequence[ir.Value], groups: Sequence[Group], *, others: bool = False) -> ir.BooleanValue:
    """Rows of these groups, or of all others; an unknown value is a value here."""
    if len(columns) == 1:
        [column] = columns
        values = [value for (value,) in groups if value is not None]
        if not others and len(values) == len(groups):
            return _among(column, values)
        chosen = _one_of(column, values).fill_null(False)
        chosen = chosen | column.isnull() if len(values) < len(groups) else chosen
    else:
        matches = [
            functools.reduce(
                operator.and_,
                (
                    column.isnull() if value is None else (column == value).fill_null(False)
                    for column, value in zip(columns, group, strict=True)
                ),
            )
            for group in groups
        ]
        chosen = functools.reduce(operator.or_, matches)
    return cast("ir.BooleanValue", ~chosen if others else chosen)


def _among(column: ir.Value, values: Sequence[Any]) -> ir.BooleanValue:
    """Whether a value is one of a list. A list of words of one line each is told by lines where it is long."""
    if len(values) < LONG or any(not isinstance(value, str) or "\n" in value for value in values):
        return column.isin(values)
    listed = ibis.literal("\n".join(values)).split("\n").unnest().name("value").as_table()
    return column.isin(listed["value"])


def _one_of(column: ir.Value, values: Sequence[Any]) -> ir.BooleanValue:
    """What `_among` means, where it is not the whole condition: there an engine compares with one value after the other."""
    if len(values) >= LONG:
        return _among(column, values)
    return cast("ir.BooleanValue", ibis.array(values).contains(column) if values else ibis.literal(False))


def bounds_of(where: Sequence[Filter], by: Sequence[str]) -> tuple[tuple[Filter, ...], tuple[Filter, ...]]:
    """The filters that bound what a share is a share of, and those that only choose among its parts."""
    return (
        tuple(item for item in where if item.dimension != by[-1]),
        tuple(item for item in where if item.dimension == by[-1]),
    )


def condition_on(dimension: Dimension, column: ir.Value, item: Filter) -> ir.BooleanValue:
    """A filter as a condition on a dimension, for `filter`: what is neither true nor false is left out.

    An unknown value is equal to no value; `!=` and `not in` keep it.
    """
    if item.op == "is null":
        return column.isnull()
    if item.op == "is not null":
        return column.notnull()
    values = [_typed(dimension, text) for text in item.values]
    if item.op == "contains":
        return column.lower().contains(str(values[0]).lower())
    if item.op in ("=", "in"):
        return _among(column, values) if len(values) != 1 else column == values[0]
    if item.op in ("!=", "not in"):
        return (~_one_of(column, values)).fill_null(True)
    first = values[0]
    return {">": column > first, ">=": column >= first, "<": column < first, "<=": column <= first}[item.op]


def _typed(dimension: Dimension, text: str) -> str | int | ir.DateValue:
    if dimension.type == "integer":
        return int(text)
    return ibis.date(date.fromisoformat(text)) if dimension.type == "day" else text


def _plus(day: ir.DateValue, days: int) -> ir.DateValue:
    return day + ibis.interval(days=days) if days else day


def _by_calendar(grain: Grain, steps: Sequence[Step]) -> bool:
    """Whether the buckets are months, or whole numbers of them, with their own days."""
    return grain in ("month", "quarter", "year") and all(step.read == step.own for step in steps)


def _between(day: ir.DateValue, days: Period) -> ir.BooleanValue:
    return (day >= ibis.date(days.start)) & (day <= ibis.date(days.end))
