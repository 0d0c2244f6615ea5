"""Roll-ups: a relation added up in advance, by day and a few dimensions, so that a question reads thousands of rows, not millions.

Two kinds. A **sum** holds what adds up: for every day and combination of its dimensions each measure, and how many rows bear on
it; and the same for every month (`is_month`, on its first day), so that a year of a product is read as twelve rows and not as 365.
A count of distinct things adds up too, over whatever each thing has but one of: an order has one day, one channel and one store,
so orders add up over those, and not over the products in it.

A **visits** roll-up holds what lets distinct customers be counted for any span of days without looking at a customer: for
every day a customer came, the day of the visit before (`since`). Whoever came in a span came a first time in it, and only
then is `since` before the span, or nothing. So the distinct customers of a span are the visits in it whose `since` lies
before it: exact, and a sum. A visit is one within the roll-up's dimensions, so these must be in the cut, or fixed by a filter
to one value. `first` is the day of the customer's first order ever, where the visit is the first within the dimensions.

Which of them can answer is decided for each measure of each question (`choose`); the facts answer what none can.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, timedelta
from functools import cache, partial
from typing import TYPE_CHECKING

import ibis
import ibis.expr.operations as ops

from tillsight.core.periods import Period
from tillsight.metrics.model import BuildInputs, Catalogue, Dimension, Layer, Measure, Relation, Rollup, Visits, Window
from tillsight.metrics.question import Filter
from tillsight.metrics.shaping import MONEY, QUANTITY

if TYPE_CHECKING:
    import ibis.expr.datatypes as dt
    import ibis.expr.types as ir

TOUCHED = "{}__rows"
MONTH = "is_month"
MONTH_ROWS = 2_500_000
"""From so many rows on, a roll-up is read by whole months: of a smaller one its days are read as soon as three parts of it."""
SINCE, FIRST, VISITORS = "since", "first", "visitors"


def column_of(rollup: Rollup, dimension: Dimension, table: ir.Table) -> ir.Value:
    """A dimension of a roll-up: its own column, or worked out from the day."""
    return table[dimension.name] if dimension.name in rollup.dimensions else dimension.of(table)


@cache
def schema_of(catalogue: Catalogue, rollup: Rollup) -> dict[str, str]:
    """The columns of a roll-up with their types."""
    relation = catalogue.relations[rollup.relation]
    table = ibis.table(dict(relation.schema), name=relation.name)
    dimensions = {name: str(catalogue.dimensions[name].of(table).type()) for name in rollup.dimensions}
    schema = {str(relation.time): "date", **dimensions}
    if rollup.kind == "visits":
        schema[SINCE] = "date"
        if _told_apart(catalogue, rollup):
            schema[FIRST] = "date"
        return schema | {VISITORS: "int64"}
    schema[MONTH] = "boolean"
    for measure in (catalogue.measures[name] for name in rollup.measures):
        schema[measure.name] = _narrow(_value(rollup, relation, measure, table).type())
        if measure.rows:
            schema[TOUCHED.format(measure.name)] = "int32"
    return schema


def settled_in(catalogue: Catalogue, rollup: Rollup) -> set[str]:
    """The dimensions of a roll-up that another one of them settles: they follow from it, and tell no cells apart."""
    settled = catalogue.relations[rollup.relation].settled
    return {name for dimension in rollup.dimensions for name in settled.get(dimension, ())} & set(rollup.dimensions)


def relation_of(catalogue: Catalogue, rollup: Rollup) -> Relation:
    """A roll-up as something that a build makes."""
    relation = catalogue.relations[rollup.relation]
    split = next((relation.name for layer in relation.layers if layer.split_by), None)
    inputs: tuple[str, ...] = (relation.name,)
    if visits := rollup.visits:
        inputs = visits.inputs
        columns = {inputs[0]: visits.columns}
        layer = Layer("visits", partial(_visits, catalogue, rollup, visits), columns=columns, coded=visits.coded)
    else:
        layer = Layer("sums", partial(_sums, catalogue, rollup), split_by=split)
    return Relation(
        name=rollup.name,
        title=rollup.title,
        domain=relation.domain,
        grain=f"one day{' or month' if rollup.kind == 'sums' else ''} and {', '.join(rollup.dimensions) or 'nothing else'}",
        inputs=inputs,
        layers=(layer,),
        schema=schema_of(catalogue, rollup),
        dimensions=(),
        needs=relation.needs,
        time=relation.time,
    )


def _narrow(type_: dt.DataType) -> str:
    """What a sum is kept in: 64 bits, in which an engine adds up many times faster. Too large a sum fails the build."""
    if not type_.is_decimal():
        return str(type_)
    return QUANTITY if type_.scale == 4 else MONEY


def _narrowed(value: ir.Value) -> ir.Value:
    """A sum in what it is kept in, so that days are added up to months many times faster too."""
    return value.cast(_narrow(value.type())) if value.type().is_decimal() else value


def _value(rollup: Rollup, relation: Relation, measure: Measure, rows: ir.Table) -> ir.Value:
    window = Window(ibis.date(1, 1, 1), ibis.date(9999, 12, 31))  # measures of a sum do not look at it
    if measure.once and _single(relation, measure, rollup.dimensions):
        return measure.once(rows)
    return measure.of(rows, window)


def _single(relation: Relation, measure: Measure, dimensions: Iterable[str]) -> bool:
    """Whether each thing that a measure counts has but one value of every one of the dimensions."""
    return not loose(relation, measure, dimensions)


def loose(relation: Relation, measure: Measure, dimensions: Iterable[str]) -> set[str]:
    """The dimensions of which one counted thing may have several values: over them a count does not add up."""
    return set() if measure.adds else set(dimensions) - set(relation.single.get(measure.counts, ()))


def _sums(catalogue: Catalogue, rollup: Rollup, inputs: BuildInputs) -> ir.Table:
    relation, rows = catalogue.relations[rollup.relation], inputs.tables[rollup.relation]
    window = Window(ibis.date(1, 1, 1), ibis.date(9999, 12, 31))
    measures = [catalogue.measures[name] for name in rollup.measures]
    still = inputs.still.get(relation.name, frozenset())
    values: dict[str, ir.Value] = {}
    for measure in measures:
        value = _value(rollup, relation, measure, rows)
        values[measure.name] = ibis.literal(0).cast(value.type()) if _sums_nothing(value, still) else value
        if measure.rows:
            bears = measure.rows(rows, window)
            # counted as values: an engine works through conditions of their own for each sum in twice the time
            counted = ibis.ifelse(bears, 1, ibis.null("int8")).count()
            values[TOUCHED.format(measure.name)] = ibis.literal(0) if _is_never(bears, still) else counted
    time, settled = str(relation.time), settled_in(catalogue, rollup)
    dimensions = {name: catalogue.dimensions[name].of(rows) for name in rollup.dimensions}
    groups = {time: rows[time], **{name: value for name, value in dimensions.items() if name not in settled}}
    follows = {name: dimensions[name].arbitrary() for name in dimensions if name in settled}
    # things are counted apart from what is added up: together an engine takes a third more time
    apart = {measure.name: values.pop(measure.name) for measure in measures if loose(relation, measure, dimensions)}
    days = rows.group_by(**groups).agg(**follows, **{name: _narrowed(value) for name, value in values.items()})
    counted = rows.group_by(**groups).agg(**apart)

    def written(*, by_month: bool) -> ir.Table:
        sums, counts = (
            _by_month(table, time, list(groups), [name for name in follows if name in table.columns])
            if by_month
            else table
            for table in (days, counted)
        )
        if apart:
            counts = counts.rename({f"_{name}": name for name in groups})
            sums = sums.inner_join(counts, [sums[name].identical_to(counts[f"_{name}"]) for name in groups])
        return sums.select(time, *dimensions, *values, *apart, **{MONTH: ibis.literal(by_month)})

    return written(by_month=False).union(written(by_month=True))


def _sums_nothing(value: ir.Value, still: Collection[str]) -> bool:
    """Whether an aggregate is the sum of a column that is zero in every row."""
    op = value.op()
    return isinstance(op, ops.Sum) and op.where is None and isinstance(op.arg, ops.Field) and op.arg.name in still


def _is_never(condition: ir.BooleanValue, still: Collection[str]) -> bool:
    """Whether a condition asks for other values than zero of a column that is zero in every row."""
    op = condition.op()
    if not (isinstance(op, ops.NotEquals) and isinstance(op.left, ops.Field) and op.left.name in still):
        return False
    return isinstance(op.right, ops.Literal) and op.right.value == 0


def _by_month(rows: ir.Table, time: str, groups: Sequence[str], follows: Sequence[str]) -> ir.Table:
    """Sums and counts of days, added up to months, of the same types."""
    rows = rows.mutate(**{time: rows[time].truncate("M").cast("date")})
    return rows.group_by(groups).agg(
        **{name: rows[name].arbitrary() for name in follows},
        **{
            name: rows[name].sum().cast(rows[name].type())
            for name in rows.columns
            if name not in groups and name not in follows
        },
    )


def _told_apart(catalogue: Catalogue, rollup: Rollup) -> bool:
    """Whether one of the measures counts new customers alone."""
    return any(catalogue.measures[name].new_only for name in rollup.measures)


def _visits(catalogue: Catalogue, rollup: Rollup, visits: Visits, inputs: BuildInputs) -> ir.Table:
    rows, time = visits.of(inputs, rollup.dimensions), str(catalogue.relations[rollup.relation].time)
    rows = rows.select(
        _thing=rows[visits.key], _day=rows[time], _first=rows[visits.first_day],
        **{f"_{number}": catalogue.dimensions[name].of(rows) for number, name in enumerate(rollup.dimensions)},
    )  # fmt: skip
    # of some dimensions a customer has but one value, which tells no visits apart
    counted = catalogue.measures[rollup.measures[0]].counts
    single = catalogue.relations[rollup.relation].single.get(counted, ())
    columns = [f"_{number}" for number, name in enumerate(rollup.dimensions) if name not in single]
    within = ibis.window(group_by=[rows["_thing"], *(rows[name] for name in columns)], order_by=rows["_day"])
    rows = rows.mutate(_since=rows["_day"].lag().over(within))
    # a second visit on a day is never the first one of a span
    rows = rows.filter(rows["_since"].isnull() | (rows["_since"] < rows["_day"]))
    groups = {time: rows["_day"], **{name: rows[f"_{number}"] for number, name in enumerate(rollup.dimensions)}}
    groups[SINCE] = rows["_since"]
    if _told_apart(catalogue, rollup):
        groups[FIRST] = ibis.ifelse(rows["_since"].isnull(), rows["_first"], ibis.null("date"))
    return rows.group_by(**groups).agg(**{VISITORS: rows.count().cast("int64")})


# Answering -------------------------------------------------------------------------------------------------------------


def choose(
    catalogue: Catalogue,
    held: Mapping[str, int],
    measure: Measure,
    needed: Collection[str],
    by: Collection[str],
    where: Sequence[Filter],
    *,
    to_date: bool,
) -> Rollup | None:
    """The smallest roll-up of a release that can answer; None where only the facts can.

    `held`: the roll-ups of the release with their rows. `needed`: every dimension that is looked at. `by`: those that the
    rows of the answer tell apart.
    """
    relation = catalogue.relations[measure.relation]
    fixed = {item.dimension for item in where if item.op in ("=", "in") and len(item.values) == 1}
    found: Rollup | None = None
    for rollup in catalogue.rollups.values():
        if rollup.relation != relation.name or rollup.name not in held or measure.name not in rollup.measures:
            continue
        there = set(rollup.dimensions)
        if (
            rollup.kind == "sums"
        ):  # the days of a visit and of the one before must both be among those that are looked at
            there |= {name for name in needed if set(catalogue.dimensions[name].needs) <= {relation.time}}
        if not set(needed) <= there or not loose(relation, measure, rollup.dimensions) <= {*by, *fixed}:
            continue
        if rollup.kind == "visits" and to_date:
            continue
        if found is None or held[rollup.name] < held[found.name]:
            found = rollup
    return found


def of_days(rows: ir.Table, time: str, days: Period | None) -> ir.Table:
    """The rows of a sum that make up some days: whole months as months, what is left at both ends as days. None: all days as days.

    Each is a scan of its own, so that an engine passes over the files and row groups that have none of it.
    """
    day, month = rows[time], rows[MONTH]
    months = _whole_months(days) if days else None
    if days is None or months is None:
        return rows.filter(~month)
    found = [rows.filter(month, day.between(ibis.date(months.start), ibis.date(months.end)))]
    if days.start < months.start:
        found.append(
            rows.filter(~month, day.between(ibis.date(days.start), ibis.date(months.start - timedelta(days=1))))
        )
    if months.end < days.end:
        found.append(rows.filter(~month, day.between(ibis.date(months.end + timedelta(days=1)), ibis.date(days.end))))
    return ibis.union(*found)


def _whole_months(days: Period) -> Period | None:
    first, last = (day.year * 12 + day.month - 1 for day in (days.start, days.end))
    if days.start.day > 1:
        first += 1
    if days.end.day < monthrange(days.end.year, days.end.month)[1]:
        last -= 1
    if first > last:
        return None
    start, end = (date(number // 12, number % 12 + 1, 1) for number in (first, last))
    return Period(start, end.replace(day=monthrange(end.year, end.month)[1]))


def value_of(rollup: Rollup, measure: Measure, rows: ir.Table, window: Window) -> ir.Value:
    """A measure, taken from a roll-up."""
    if rollup.kind == "sums":
        return rows[measure.name].sum()
    return ibis.coalesce(rows[VISITORS].sum(where=touched(rollup, measure, rows, window)), 0).cast("int64")


def touched(rollup: Rollup, measure: Measure, rows: ir.Table, window: Window) -> ir.BooleanValue:
    """The rows of a roll-up that bear on a measure."""
    if rollup.kind == "sums":
        name = TOUCHED.format(measure.name)
        return rows[name] > 0 if name in rows.columns else ibis.literal(True)
    if measure.new_only:
        return (rows[SINCE].isnull() & (rows[FIRST] >= window.start)).fill_null(False)
    return (rows[SINCE].isnull() | (rows[SINCE] < window.start)).fill_null(False)
