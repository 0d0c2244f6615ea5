"""Recency, frequency and monetary value: how each customer stands on a day, his scores, and the segment that follows.

A customer stands on a day by his orders up to it (cancelled and test orders do not count): `days` since the last order,
`orders`, `revenue` (net of discounts, before tax and later returns). R, F and M are fifths from 1 to 5 over everybody with an
order by that day; 5 is the most recent, the most orders, the most revenue.

Ties: customers with the same value get the same score, that of their average rank. With `l` customers below and `t` tied
among `n`, the score is 1 + ⌊5 · (2l + t) / 2n⌋: the fifth that holds the middle of the tied ranks, in whole numbers. So the order of
rows does not matter, nobody is split from his equals by chance, and everybody tied scores 3. (RFM: Hughes, Strategic
Database Marketing, 1994; average ranks for ties: Kendall, 1945.)

Row filters never change a score: they choose who is shown, by what the first order of a customer says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import ibis

from tillsight.core.errors import NotFoundError, QuestionError
from tillsight.core.periods import Period
from tillsight.domains.customers.rules import DEFAULT, PRESETS, RuleSet, read
from tillsight.metrics.ask import Asker
from tillsight.metrics.model import Parameter
from tillsight.metrics.question import Filter, ask_for, checked
from tillsight.metrics.shaping import MONEY

if TYPE_CHECKING:
    import ibis.expr.types as ir

RELATION = "customer_events"
SCORES = 5
FEW_DAYS = 3
"""Standings on so many days are taken from one pass over the orders."""

PRESET = Parameter("preset", "text", DEFAULT, "Rules of the segments: five, classic, olist, or a rule set of your own.")


def rule_set(asker: Asker, name: str) -> RuleSet:
    """A preset, or one of the shop's own. NotFoundError names those there are."""
    if name in PRESETS:
        return PRESETS[name]
    own = asker.release.segments
    found = own.get(name) if own else None
    if found is None:
        known = [*PRESETS, *(item.name for item in (own.all() if own else ()))]
        raise NotFoundError(
            f"There are no rules called {name!r}; there are {', '.join(known)}.", field="preset", value=name
        )
    return read(found.rules)


def period_of(asker: Asker, question: Mapping[str, Any]) -> Period:
    """The days that are asked about; without any, all days with data."""
    asked = ask_for("customers", start=question.get("start"), end=question.get("end"), period=question.get("period"))
    return asker.resolve(asked).period


def day_of(asker: Asker, period: Period) -> date:
    """The day of the scores: the end of the period, or the last day with data where that is earlier."""
    return min(period.end, asker.release.span.end)


def filters_of(asker: Asker, question: Mapping[str, Any]) -> tuple[Filter, ...]:
    """The filters of a question. Raises QuestionError for something that customers are not known by."""
    relation = asker.catalogue.relations[RELATION]
    asked = tuple(
        checked(item, asker.catalogue) for item in ask_for("customers", where=question.get("where") or ()).where
    )
    for item in asked:
        if item.dimension not in relation.dimensions:
            raise QuestionError(
                f"Customers cannot be cut by {item.dimension}. They can be cut by: {', '.join(relation.dimensions)}.",
                field="where",
                value=item.dimension,
                allowed=list(relation.dimensions),
            )
    return asked


def orders_of(asker: Asker, where: Sequence[Filter] = ()) -> ir.Table:
    """One row per order of a known customer that the asker may see and the filters let through."""
    rows = asker.compiler.rows(asker.catalogue.relations[RELATION], where)
    return rows.filter(rows.orders == 1)


def all_orders(asker: Asker) -> ir.Table:
    """One row per order of a known customer, whoever asks: what scores are made of."""
    relation = asker.catalogue.relations[RELATION]
    rows = ibis.table(dict(relation.schema), name=relation.name)
    return rows.filter(rows.orders == 1)


def shown(asker: Asker, where: Sequence[Filter], rows: ir.Table) -> ir.Table:
    """Of rows with a customer_key, those of customers that the asker may see and the filters let through."""
    if not where and not asker.scope.rows:
        return rows
    return rows.semi_join(orders_of(asker, where), "customer_key")


def standing(orders: ir.Table, days: Sequence[date], *, named: bool = True) -> ir.Table:
    """How everybody with an order stands at the end of each day.

    Columns: as_of (one of the days), shop_id, customer_key, customer_id, first_day, last_day, orders, revenue, days; of a few days
    without shop_id and customer_id where nobody is to be `named`.
    """
    days = sorted(set(days))
    if len(days) <= FEW_DAYS:
        stood = _on_few_days(orders, days, named)
    else:
        marks = ibis.array([ibis.date(day) for day in days]).unnest().name("as_of").as_table()
        rows = orders.join(marks, orders.day <= marks.as_of)
        # a key is of one customer of one shop, so any of its rows says which; grouping by texts would cost more
        stood = rows.group_by(["as_of", "customer_key"]).agg(
            shop_id=rows.shop_id.arbitrary(),
            customer_id=rows.customer_id.arbitrary(),
            first_day=rows.day.min(),
            last_day=rows.day.max(),
            orders=rows.orders.sum().cast("int64"),
            revenue=rows.revenue.sum().cast(MONEY),
        )
    return stood.mutate(days=stood.as_of.delta(stood.last_day, unit="day").cast("int64"))


def _on_few_days(orders: ir.Table, days: Sequence[date], named: bool) -> ir.Table:
    """Standings on a few days from one pass over the orders."""
    orders = orders.filter(orders.day <= ibis.date(days[-1]))
    names = ("shop_id", "customer_id") if named else ()
    values: dict[str, ir.Value] = {name: orders[name].arbitrary() for name in names}
    for place, day in enumerate(days):
        by_then = orders.day <= ibis.date(day) if day != days[-1] else None
        values[f"_last_{place}"] = orders.day.max(where=by_then)
        values[f"_orders_{place}"] = orders.orders.sum(where=by_then)
        values[f"_revenue_{place}"] = orders.revenue.sum(where=by_then)
    found = orders.group_by("customer_key").agg(first_day=orders.day.min(), **values)
    stood = [
        found.filter(found.first_day <= ibis.date(day)).select(
            "customer_key", *names, "first_day",
            as_of=ibis.date(day),
            last_day=found[f"_last_{place}"],
            orders=found[f"_orders_{place}"].cast("int64"),
            revenue=found[f"_revenue_{place}"].cast(MONEY),
        )
        for place, day in enumerate(days)
    ]  # fmt: skip
    return ibis.union(*stood) if len(stood) > 1 else stood[0]


def scored(stood: ir.Table) -> ir.Table:
    """Add r, f, m (1 to 5) and fm, their mean of the last two, to standings: fifths over everybody of the same day.

    A score rises with its value, so it is enough to know from which value on each score begins.
    """
    parts: list[ir.Table] = []
    for score, value in (("r", "last_day"), ("f", "orders"), ("m", "revenue")):
        counts = stood.group_by(["as_of", value]).agg(_tied=stood.count())
        by_value = ibis.window(group_by="as_of", order_by=value, preceding=None, following=0)
        counts = counts.mutate(
            _to=counts._tied.sum().over(by_value), _all=counts._tied.sum().over(ibis.window(group_by="as_of"))
        )
        # twice the middle of the tied ranks, from 0 to twice everybody: whole numbers, so no engine rounds
        twice = counts._to * 2 - counts._tied
        counts = counts.mutate(_fifth=(twice * SCORES) // (counts._all * 2) + 1)
        first = {f"_{score}{least}": counts[value].min(where=counts._fifth >= least) for least in range(2, SCORES + 1)}
        parts.append(counts.group_by(**{f"_{score}_day": counts.as_of}).agg(**first))
    rows = stood
    for score, begins in zip("rfm", parts, strict=True):
        rows = rows.inner_join(begins, rows.as_of == begins[f"_{score}_day"])
    for score, value in (("r", "last_day"), ("f", "orders"), ("m", "revenue")):
        reached = [
            (rows[value] >= rows[f"_{score}{least}"]).fill_null(False).cast("int64") for least in range(2, SCORES + 1)
        ]
        rows = rows.mutate(**{score: sum(reached, ibis.literal(1, "int64"))})
    rows = rows.select(*stood.columns, "r", "f", "m")
    return rows.mutate(fm=(rows.f + rows.m) / 2)


def segmented(
    asker: Asker, rules: RuleSet, days: Sequence[date], where: Sequence[Filter] = (), *, named: bool = True
) -> ir.Table:
    """Everybody who is shown, on each day: standings, scores, `segment` and its `place` in the order of the rules."""
    rows = scored(standing(all_orders(asker), days, named=named))
    rows = rows.mutate(segment=rules.segment_of(rows), place=rules.place_of(rows))
    return shown(asker, where, rows)
