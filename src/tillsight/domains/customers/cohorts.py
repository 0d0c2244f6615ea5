"""Cohorts and rhythm: what becomes of customers who came together, and how long they take from order to order.

`customers.cohorts`    one row per cohort and month since the first order: how many came back, what they ordered, what they are
                       worth so far. Cohorts are the month of the first order, or what that order says: channel, source,
                       device, country, product, category, with or without a discount.
`customers.intervals`  days between one order and the next of the same customer; or customers by their number of orders

Months are calendar months: an order in the month of the first order is at 0. A cell counts only customers for whom that month
has begun, so cohorts of different age can stand side by side; a month that has not ended is not complete. Amounts are
revenue net of discounts, before tax and later returns. Intervals are those that have ended: whoever has not come back yet
is in none, so short intervals come first in a young shop.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import ibis

from tillsight.core import words
from tillsight.core.periods import Period
from tillsight.domains.customers import rfm
from tillsight.domains.customers.tables import answer, columns, run
from tillsight.metrics.answer import Answer, AnswerColumn, sentence
from tillsight.metrics.ask import OTHERS, Asker
from tillsight.metrics.model import Analysis, Notes, Parameter
from tillsight.metrics.question import Filter
from tillsight.metrics.shaping import MONEY

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow as pa

ALL = "All cohorts"
KINDS = ("month", "channel", "traffic_source", "device_type", "country", "product", "category", "discount")
MEASURES: dict[str, tuple[str, str]] = {
    "retention": ("Customers who ordered", "percent"),
    "orders": ("Orders", "count"),
    "revenue": ("Revenue", "money"),
    "value": ("Revenue per customer so far", "money"),
}
BUCKETS = (0, 1, 8, 15, 31, 61, 91, 121, 181, 366)
"""First day of each bucket of intervals."""
MOST_ORDERS = 10
COUNTS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 20, 50)
"""Fewest orders of each row of customers by their number of orders."""


def cohorts(asker: Asker, question: dict[str, Any], measure: str, by: str, months: int, limit: int) -> Answer:
    """Cohorts of the months that end with the period (of the period, where that is longer), and what became of them.

    Columns: cohort, cohort_customers, age (months since the first order), value (what `measure` says), is_complete. The
    first rows are those of all cohorts together.
    """
    period, where = rfm.period_of(asker, question), rfm.filters_of(asker, question)
    day = rfm.day_of(asker, period)
    last = _index_of(day)
    first = max(min(_index_of(period.start), last - months + 1), _index_of(asker.release.span.start))
    cells = _cells(asker, where, by, day, first, last, limit)
    complete = (day + timedelta(days=1)).month != day.month
    title, unit = MEASURES[measure]
    value: ir.Value = {
        "retention": cells.came.cast("float64") / cells.cohort_customers.cast("float64").nullif(0) * 100,
        "orders": cells.orders.cast("int64"),
        "revenue": cells.revenue.cast(MONEY),
        "value": cells.so_far.cast("float64") / cells.cohort_customers.cast("float64").nullif(0),
    }[measure]
    rows = cells.mutate(
        value=value,
        age=cells.age.cast("int64"),
        is_complete=(cells.newest + cells.age < last) | ibis.literal(complete),
    )
    rows = rows.order_by(rows.rank, "cohort", "age").select(
        "cohort", "cohort_customers", "age", "value", "is_complete", "came"
    )
    queries: list[str] = []
    table = run(asker, rows, queries)
    currency = asker.release.currency if unit == "money" else None
    shown = (
        *columns(asker, ("cohort", "cohort_customers", "age")),
        AnswerColumn("value", title, "plain", unit=unit, better="up", currency=currency),
        *columns(asker, ("is_complete",)),
    )
    notes = Notes()
    if first == _index_of(asker.release.span.start):
        notes.add("info", "The first cohort begins with the data: who ordered before is in it as well.")
    return answer(
        asker, table, shown, queries, notes=notes, period=Period(_first_of(first), day), where=where, sentences=_told(table),
        sources=("customer_events", "sales") if by in ("product", "category", "discount") else ("customer_events",),
    )  # fmt: skip


def _index_of(day: date) -> int:
    return day.year * 12 + day.month - 1


def _first_of(index: int) -> date:
    return date(index // 12, index % 12 + 1, 1)


def _month(day: ir.DateValue) -> ir.IntegerValue:
    return (day.year() * 12 + day.month() - 1).cast("int64")


def _cells(asker: Asker, where: tuple[Filter, ...], by: str, day: date, first: int, last: int, limit: int) -> ir.Table:
    """Every cell: cohort, age, cohort_customers (for whom the month has begun), came, orders, revenue, so_far, newest, rank."""
    orders = rfm.orders_of(asker, where)
    orders = orders.filter(orders.day <= ibis.date(day))
    orders = orders.mutate(_born=_month(orders.customer_first_day), _month=_month(orders.day))
    orders = orders.filter(orders._born.between(first, last))
    people = orders.group_by(["customer_key", "_born"]).agg(
        **{name: orders[name].max() for name in ("channel", "traffic_source", "device_type", "country")}
    )
    people = _labelled(asker, people, by, limit)
    sizes = people.group_by(["cohort", "_born"]).agg(size=people.count())
    made = orders.inner_join(people.select("customer_key", "cohort"), "customer_key")
    made = made.group_by("cohort", "_born", age=made._month - made._born).agg(
        came=made.customer_key.nunique(), orders=made.count(), revenue=made.revenue.sum()
    )
    ages = ibis.range(0, last - first + 1).unnest().name("age").as_table()
    grid = sizes.join(ages, (sizes._born + ages.age) <= last)
    made = made.rename(_c="cohort", _b="_born", _a="age")
    same_cohort = grid.cohort.identical_to(made._c)
    grid = grid.left_join(made, [same_cohort, grid._born == made._b, grid.age == made._a])
    grid = grid.mutate(**{name: grid[name].fill_null(0) for name in ("came", "orders", "revenue")})
    up_to = ibis.window(group_by=["cohort", "_born"], order_by="age", preceding=None, following=0)
    grid = grid.mutate(so_far=grid.revenue.sum().over(up_to))
    parts = [_summed(grid, grid.cohort, 1), _summed(grid, ibis.literal(ALL), 0)]
    return ibis.union(*parts)


def _summed(grid: ir.Table, cohort: ir.Value, rank: int) -> ir.Table:
    return grid.group_by(cohort=cohort, age=grid.age).agg(
        cohort_customers=grid["size"].sum().cast("int64"),
        came=grid.came.sum(),
        orders=grid.orders.sum(),
        revenue=grid.revenue.sum(),
        so_far=grid.so_far.sum(),
        newest=grid._born.max(),
        rank=ibis.literal(rank),
    )


def _labelled(asker: Asker, people: ir.Table, by: str, limit: int) -> ir.Table:
    """Add `cohort` to customers: the month as 2026-03, or what the first order says; the smallest groups are one."""
    if by == "month":
        born = people._born
        year, month = (born // 12).cast("string"), (born % 12 + 1).cast("string").lpad(2, "0")
        return people.mutate(cohort=year + "-" + month)
    if by in people.columns:
        people = people.mutate(_label=people[by])
    else:
        firsts = _first_orders(asker, by)
        people = people.left_join(firsts, people.customer_key == firsts._customer).drop("_customer")
    counts = people.group_by("_label").agg(_n=people.count())
    by_size = ibis.window(order_by=[ibis.desc(counts._n), counts._label])
    counts = counts.mutate(_place=ibis.row_number().over(by_size)).select(_other="_label", _place="_place")
    people = people.left_join(counts, people._label.identical_to(counts._other))
    return people.mutate(cohort=ibis.ifelse(people._place < limit, people._label, ibis.literal(OTHERS)))


def _first_orders(asker: Asker, by: str) -> ir.Table:
    """What the first order of each customer was of: the product or category with the most revenue, or whether it had a discount."""
    ledger = ibis.table(dict(asker.catalogue.relations["sales"].schema), name="sales")
    lines = ledger.filter(ledger.kind == "sale", ~ledger.is_cancelled, ledger.customer_order_number == 1)
    if by == "discount":
        found = lines.group_by(_customer="customer_key").agg(_off=lines.discounts.sum())
        return found.select("_customer", _label=ibis.ifelse(found._off > 0, "With a discount", "At full price"))
    name = {"product": "product_name", "category": "category"}[by]
    sums = lines.group_by(_customer="customer_key", _label=lines[name]).agg(_revenue=lines.revenue.sum())
    best = ibis.window(group_by="_customer", order_by=[ibis.desc(sums._revenue), sums._label])
    ranked = sums.mutate(_choice=ibis.row_number().over(best))
    return ranked.filter(ranked._choice == 0).select("_customer", "_label")


def _told(table: pa.Table) -> list[dict[str, Any]]:
    rows = [row for row in table.to_pylist() if row["cohort"] == ALL and row["cohort_customers"]]
    shares = {row["age"]: row["came"] / row["cohort_customers"] * 100 for row in rows if row["is_complete"]}
    if 1 not in shares:
        return [sentence("No cohort is a month old yet, so nobody can be said to have come back.")]
    told = f"{words.percent(shares[1])} of customers order again in the month after their first"
    later = max((age for age in (12, 6, 3) if age in shares), default=None)
    if later is not None:
        told += f", {words.percent(shares[later])} in the month {later} months after it"
    return [sentence(f"{told}.")]


_INTERVALS = ("interval", "customers", "orders", "share", "cumulative_share")
_NUMBERS = ("order_number", "orders", "share", "median_days", "lower_days", "upper_days", "long_days")
_FREQUENCIES = ("order_count", "customers", "customers_share", "revenue", "revenue_share")


def intervals(asker: Asker, question: dict[str, Any], by: str) -> Answer:
    """The days between orders whose later one falls in the period; or, by orders, how many orders customers have placed.

    By `length`: one row per span of days, with the orders that ended it. By `number`: one row for the way from the first
    order to the second, the second to the third and so on. By `orders`: customers by their orders up to the end of the period.
    """
    period, where = rfm.period_of(asker, question), rfm.filters_of(asker, question)
    day = rfm.day_of(asker, period)
    queries: list[str] = []
    if by == "orders":
        table = run(asker, _frequencies(asker, where, day), queries)
        return answer(asker, table, columns(asker, _FREQUENCIES), queries, period=period, where=where)
    orders = rfm.orders_of(asker, where)
    orders = orders.filter(orders.day <= ibis.date(day))
    in_order = ibis.window(group_by="customer_key", order_by=["day", "order_id"])
    orders = orders.mutate(_before=orders.day.lag().over(in_order), _number=ibis.row_number().over(in_order))
    gaps = orders.filter(orders._before.notnull() & (orders.day >= ibis.date(period.start)))
    gaps = gaps.mutate(gap=gaps.day.delta(gaps._before, unit="day").cast("int64"))
    quartiles = gaps.agg(n=gaps.count(), middle=gaps.gap.quantile(0.5), long=gaps.gap.quantile(0.9))
    found = run(asker, quartiles, queries).to_pylist()[0]
    told = [sentence("Nobody ordered for a second time in this period.")]
    if found["n"]:
        told = [
            sentence(
                f"Half of all repeat orders come within {found['middle']:.0f} days of the one before, nine in ten within "
                f"{found['long']:.0f}: who has been silent for longer is unlikely to be between two orders."
            )
        ]
    rows, names = (_by_length(gaps), _INTERVALS) if by == "length" else (_by_number(gaps), _NUMBERS)
    table = run(asker, rows.select(*names), queries)
    return answer(asker, table, columns(asker, names), queries[::-1], period=period, where=where, sentences=told)


def _placed(value: ir.IntegerValue, firsts: Sequence[int]) -> ir.IntegerValue:
    """The place, from 0, of the row that a value belongs to; `firsts`: the first value of each row."""
    last = len(firsts) - 1
    return ibis.cases(*((value < firsts[index + 1], index) for index in range(last)), else_=last)


def _titled(place: ir.IntegerValue, firsts: Sequence[int]) -> ir.StringValue:
    """`1`, `10–19`, `50 or more` for a place."""
    titles = [str(low) if after == low + 1 else f"{low}–{after - 1}" for low, after in pairwise(firsts)]
    return ibis.cases(*((place == index, title) for index, title in enumerate(titles)), else_=f"{firsts[-1]} or more")


def _by_length(gaps: ir.Table) -> ir.Table:
    place = _placed(gaps.gap, BUCKETS)
    rows = gaps.group_by(place=place).agg(customers=gaps.customer_key.nunique(), orders=gaps.count())
    whole, so_far = ibis.window(), ibis.window(order_by="place", preceding=None, following=0)
    everything = rows.orders.sum().over(whole).cast("float64")
    return rows.mutate(
        interval=ibis.ifelse(rows.place == 0, "Same day", _titled(rows.place, BUCKETS)),
        share=rows.orders / everything * 100,
        cumulative_share=rows.orders.sum().over(so_far).cast("float64") / everything * 100,
    ).order_by("place")


def _by_number(gaps: ir.Table) -> ir.Table:
    number = ibis.least(gaps._number, ibis.literal(MOST_ORDERS)).cast("int64")
    rows = gaps.group_by(place=number).agg(
        orders=gaps.count(),
        median_days=gaps.gap.quantile(0.5),
        lower_days=gaps.gap.quantile(0.25),
        upper_days=gaps.gap.quantile(0.75),
        long_days=gaps.gap.quantile(0.9),
    )
    later = ibis.literal(f"{MOST_ORDERS} and later")
    title = ibis.ifelse(rows.place == MOST_ORDERS, later, rows.place.cast("string"))
    share = rows.orders / rows.orders.sum().over(ibis.window()).cast("float64") * 100
    return rows.mutate(order_number=title, share=share).order_by("place")


def _frequencies(asker: Asker, where: tuple[Filter, ...], day: date) -> ir.Table:
    stood = rfm.shown(asker, where, rfm.standing(rfm.all_orders(asker), [day]))
    rows = stood.group_by(place=_placed(stood.orders, COUNTS)).agg(
        customers=stood.count(), revenue=stood.revenue.sum().cast(MONEY)
    )
    whole = ibis.window()
    return rows.mutate(
        order_count=_titled(rows.place, COUNTS),
        customers_share=rows.customers / rows.customers.sum().over(whole).cast("float64") * 100,
        revenue_share=rows.revenue.cast("float64") / rows.revenue.sum().over(whole).cast("float64").nullif(0) * 100,
    ).order_by("place").select(*_FREQUENCIES)  # fmt: skip


ANALYSES = (
    Analysis(
        "customers.cohorts",
        "Cohorts",
        "customers",
        "Customers by when or how they came, and what became of them in each month since.",
        cohorts,
        (
            Parameter("measure", "text", "retention", "What a cell tells.", choices=tuple(MEASURES)),
            Parameter("by", "text", "month", "What makes a cohort.", choices=KINDS),
            Parameter("months", "integer", 12, "How many months of first orders at least.", minimum=1, maximum=60),
            Parameter("limit", "integer", 12, "How many cohorts, where they are not months.", minimum=1, maximum=50),
        ),
    ),
    Analysis(
        "customers.intervals",
        "Days between orders",
        "customers",
        "How long customers take from one order to the next, and how many orders they place.",
        intervals,
        (
            Parameter(
                "by", "text", "length", "A row for each span of days, each step from order to order, or each number of orders.",
                choices=("length", "number", "orders"),
            ),
        ),
    ),
)  # fmt: skip
