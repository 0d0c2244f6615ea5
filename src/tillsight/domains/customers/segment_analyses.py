"""Analyses of segments: who is where, what each segment brings, who moved, and since when.

`customers.rfm`              one row per customer: standing, scores and segment at the end of the period
`customers.segments`         one row per segment: size, revenue and the key figures of each
`customers.migration`        from which segment to which, between the day before the period and its end
`customers.segment_changes`  every stay of a customer in a segment, with its first and last day; or entries and exits by segment

Key figures of a segment are those of its customers at the end of the period, over all their orders up to then: as in the
catalogue, so that a segment of everybody gives the same figure. Reactivation and second purchase look at the segment that a
customer was in before the period began. Who belongs where is computed from the orders that the release knows: late orders
and changed rules restate the past, and `as_of` shows what was known then.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import ibis
import pyarrow as pa
import pyarrow.compute as pc

from tillsight.core import words
from tillsight.core.errors import QuestionError
from tillsight.core.periods import Grain, Period
from tillsight.domains.customers import acquisition, rfm
from tillsight.domains.customers.relations import ACTIVE_DAYS, KEPT_DAYS
from tillsight.domains.customers.rfm import PRESET
from tillsight.domains.customers.rules import RuleSet
from tillsight.domains.customers.tables import answer, columns, page, run
from tillsight.metrics.answer import Answer, sentence
from tillsight.metrics.ask import Asker
from tillsight.metrics.model import Analysis, Notes, Parameter
from tillsight.metrics.question import Filter

if TYPE_CHECKING:
    import ibis.expr.types as ir

NOBODY = "Not yet a customer"
"""Where somebody comes from whose first order falls in the period."""
EVERYBODY = "Everybody"
ALL = -1
"""The place of everybody among the segments."""
MOST_STEPS = 800
MOST_STANDINGS = 60_000_000
"""Customers × days that a history may have to look at."""

MEMBER_COLUMNS = ("customer_id", "segment", "r", "f", "m", "fm", "days", "orders", "revenue", "first_day", "last_day")


def scores(
    asker: Asker, question: dict[str, Any], preset: str, segment: str = "", limit: int = 1000, offset: int = 0
) -> Answer:
    """Scores and segment of each customer at the end of the period, the best segment and the most revenue first."""
    rules, period, where = rfm.rule_set(asker, preset), rfm.period_of(asker, question), rfm.filters_of(asker, question)
    queries: list[str] = []
    rows = rfm.segmented(asker, rules, [rfm.day_of(asker, period)], where)
    if segment:
        rows = rows.filter(rows.segment == segment_of(rules, segment))
    rows = rows.order_by("place", ibis.desc("revenue"), "customer_key")
    table, count = page(asker, rows, MEMBER_COLUMNS, limit, offset, queries)
    notes = Notes()
    if table.num_rows < count:
        last = offset + table.num_rows
        notes.add("info", f"Customers {offset + 1:,} to {last:,} of {count:,}; with limit 0 all of them.")
    shown = columns(asker, MEMBER_COLUMNS)
    return answer(asker, table, shown, queries[::-1], period=period, where=where, row_count=count, notes=notes)


def segment_of(rules: RuleSet, name: str) -> str:
    """A segment by its name, whatever its case. QuestionError names those there are."""
    found = next((item for item in rules.segments if item.lower() == name.strip().lower()), None)
    if found is None:
        raise QuestionError(
            f"{rules.title} has no segment {name!r}; it has {', '.join(rules.segments)}.", field="segment", value=name
        )
    return found


_KPIS = (
    "segment", "rule", "customers", "customers_share", "revenue", "revenue_share", "orders", "average_order_value",
    "clv_historic", "mean_days", "mean_r", "mean_f", "mean_m", "repeat_purchase_rate", "retention_rate_30d", "churn_rate",
    "return_rate", "size_issue_rate", "new_customer_rate", "new_customers",
    "acquisition_spend", "customer_acquisition_cost", "customers_at_start", "reactivation_rate", "second_purchase_rate",
)  # fmt: skip


def _share(top: ir.NumericValue, bottom: ir.NumericValue, factor: float = 100) -> ir.FloatingValue:
    """A ratio of totals; unknown where there is nothing to divide by."""
    return top.cast("float64") / bottom.cast("float64").nullif(0) * factor


def _returned(asker: Asker, day: date) -> ir.Table | None:
    """The orders with a return by the end of a day: customer_key, and whether for their size; None without any returns."""
    if "returned_items" in asker.release.missing:
        return None
    items = ibis.table(dict(asker.catalogue.relations["returned_items"].schema), name="returned_items")
    items = items.filter(items.customer_order_number.notnull(), items.day <= ibis.date(day))
    # an order has one customer, so any of its rows says whose it is
    return items.group_by("order_key").agg(
        customer_key=items.customer_key.arbitrary(), for_size=items.is_size_reason.fill_null(False).any()
    )


def returned_orders(asker: Asker, day: date) -> ir.Table | None:
    """Per customer the orders with a return by the end of a day, and those returned for their size; None without any returns."""
    orders = _returned(asker, day)
    if orders is None:
        return None
    return orders.group_by("customer_key").agg(returned=orders.count(), for_size=orders.for_size.sum())


def key_figures(asker: Asker, rules: RuleSet, period: Period, where: Sequence[Filter]) -> ir.Table:
    """The key figures of every segment by its `place`, and of everybody at place `ALL`, as an expression."""
    day, before = rfm.day_of(asker, period), period.start - timedelta(days=1)
    # a filter or a limit of rows says nothing of spend, so there is no cost of the customers that it leaves
    costs = not where and not asker.scope.rows and acquisition.RELATION not in asker.release.missing
    stood = rfm.segmented(asker, rules, [before, day], where, named=costs)
    at_end = stood.filter(stood.as_of == ibis.date(day))
    at_start = stood.filter(stood.as_of == ibis.date(before))
    # who ordered in the period: the last order by its end lies in it
    came = at_end.last_day >= ibis.date(period.start)
    keys = ["place", "segment"]
    end = at_end.group_by(keys).agg(
        customers=at_end.count(),
        revenue=at_end.revenue.sum(),
        orders=at_end.orders.sum(),
        _days=at_end.days.sum(),
        _r=at_end.r.sum(),
        _f=at_end.f.sum(),
        _m=at_end.m.sum(),
        _repeat=(at_end.orders > 1).sum(),
        _kept=(at_end.last_day.delta(at_end.first_day, unit="day") >= KEPT_DAYS).sum(),
        _silent=(at_end.days >= ACTIVE_DAYS).sum(),
        _bought=came.sum(),
        _new=(came & (at_end.first_day >= ibis.date(period.start))).sum(),
    )
    bought = at_end.filter(came).select(_b_customer="customer_key")
    at_start = at_start.left_join(bought, at_start.customer_key == bought._b_customer)
    again, single = at_start._b_customer.notnull(), at_start.orders == 1
    start = at_start.group_by(keys).agg(
        customers_at_start=at_start.count(),
        _again=again.sum(),
        _single=single.sum(),
        _second=(single & again).sum(),
    )
    parts = [end, start]
    back = _returned(asker, day)
    if back is not None:
        back = back.inner_join(at_end.select("customer_key", *keys), "customer_key")
        parts.append(back.group_by(keys).agg(_returned=back.count(), _for_size=back.for_size.sum()))
    both = _together(parts, keys)
    if back is None:
        both = both.mutate(_returned=ibis.null("int64"), _for_size=ibis.null("int64"))
    else:  # nobody of a segment sent anything back
        both = both.mutate(
            **{
                name: ibis.ifelse(both.customers > 0, both[name].fill_null(0), None)
                for name in ("_returned", "_for_size")
            }
        )
    # everything so far adds up
    sums = {name: both[name].sum() for name in both.columns if name not in keys}
    everybody = both.agg(**sums).mutate(place=ibis.literal(ALL, "int64"), segment=ibis.literal(EVERYBODY))
    both = both.union(
        everybody.filter(everybody.customers.notnull() | everybody.customers_at_start.notnull()).select(
            *(everybody[name].cast(type_) for name, type_ in both.schema().items())
        )
    )
    if costs:
        paid = _paid(asker, period, at_end)
        both = both.left_join(paid, [both.segment == paid._p_segment, (both.place == ALL) == paid._p_all])
    else:
        both = both.mutate(acquisition_spend=ibis.null("float64"))
    return both.mutate(
        customers=both.customers.fill_null(0),
        mean_days=_share(both._days, both.customers, 1),
        mean_r=_share(both._r, both.customers, 1),
        mean_f=_share(both._f, both.customers, 1),
        mean_m=_share(both._m, both.customers, 1),
        new_customers=both._new.fill_null(0),
        customer_acquisition_cost=_share(both.acquisition_spend, both._new, 1),
        customers_at_start=both.customers_at_start.fill_null(0),
        average_order_value=_share(both.revenue, both.orders, 1),
        clv_historic=_share(both.revenue, both.customers, 1),
        repeat_purchase_rate=_share(both._repeat, both.customers),
        retention_rate_30d=_share(both._kept, both.customers),
        churn_rate=_share(both._silent, both.customers),
        return_rate=_share(both._returned, both.orders),
        size_issue_rate=_share(both._for_size, both.orders),
        new_customer_rate=_share(both._new, both._bought),
        reactivation_rate=_share(both._again, both.customers_at_start),
        second_purchase_rate=_share(both._second, both._single),
    )


def _together(parts: Sequence[ir.Table], keys: Sequence[str]) -> ir.Table:
    """Tables with one row for each key, side by side: stacked and grouped, so that no key is lost."""
    names = {name: part[name].type() for part in parts for name in part.columns if name not in keys}
    stacked = ibis.union(
        *(
            part.select(*keys, **{name: part[name] if name in part.columns else ibis.null(type_) for name, type_ in names.items()})
            for part in parts
        )
    )  # fmt: skip
    return stacked.group_by(list(keys)).agg(**{name: stacked[name].max() for name in names})


def _paid(asker: Asker, period: Period, people: ir.Table) -> ir.Table:
    """Marketing spend by segment, `acquisition_spend`; of everybody it is all spend, also what belongs to no segment."""
    given = acquisition.spend_of_segments(asker, period, people)
    spent = acquisition.spend(asker, period)
    whole = spent.agg(acquisition_spend=spent.amount.sum().cast("float64"))
    return given.select(_p_segment="segment", _p_all=ibis.literal(False), acquisition_spend="spend").union(
        whole.select(
            _p_segment=ibis.literal(EVERYBODY), _p_all=ibis.literal(True), acquisition_spend="acquisition_spend"
        )
    )


def segments(asker: Asker, question: dict[str, Any], preset: str) -> Answer:
    """Size, revenue and key figures of every segment that has, or had, anybody; and of everybody in the totals."""
    rules, period, where = rfm.rule_set(asker, preset), rfm.period_of(asker, question), rfm.filters_of(asker, question)
    queries: list[str] = []
    figures = key_figures(asker, rules, period, where)
    parts = ibis.window(group_by=figures.place == ALL)
    figures = figures.mutate(
        customers_share=_share(figures.customers, figures.customers.sum().over(parts)),
        revenue_share=_share(figures.revenue, figures.revenue.sum().over(parts)),
        rule=ibis.cases(
            *((figures.segment == name, rules.meaning(name)) for name in rules.segments), else_=ibis.null("string")
        ),
    ).order_by("place")
    found = run(asker, figures.select("place", *_KPIS), queries)
    everybody = pc.equal(found["place"], ALL)
    table = found.filter(pc.invert(everybody)).select(list(_KPIS))
    whole = found.filter(everybody).select(list(_KPIS)).to_pylist()
    totals: dict[str, Any] = dict.fromkeys(_KPIS) | (whole[0] if whole else {}) | {"segment": None, "rule": None}
    for part in ("customers", "revenue"):
        totals[f"{part}_share"] = 100.0 if totals[part] else None
    shown = columns(asker, _KPIS)
    told = _sizes_in_words(asker, table) + _moves_in_words(asker, table, period)
    notes = Notes()
    if totals["acquisition_spend"]:
        spent = float(totals["acquisition_spend"])
        given = sum(float(value) for value in table["acquisition_spend"].to_pylist() if value is not None)
        notes.add(
            "info",
            f"{words.percent(100 * given / spent)} of the marketing spend of the period could be given to segments: by the segment "
            "that it is booked on, by the members of its campaign, or by the new customers whose first order names the campaign.",
        )
    return answer(
        asker, table, shown, queries, period=period, where=where, totals=totals, sentences=told, notes=notes,
        sources=("customer_events", "returned_items", *((acquisition.RELATION,) if totals["acquisition_spend"] else ())),
    )  # fmt: skip


def preview(asker: Asker, question: dict[str, Any], rules: RuleSet) -> list[dict[str, Any]]:
    """What rules would make of the customers at the end of the period, before they are kept: a row for each segment in order.

    `customers`, `customers_share`, `revenue`, `revenue_share`: of those who are in it; `matching`: who keeps the bounds, also
    where an earlier rule takes them; None for the rest.
    """
    period, where = rfm.period_of(asker, question), rfm.filters_of(asker, question)
    rows = rfm.segmented(asker, rules, [rfm.day_of(asker, period)], where)
    sums = {f"n{index}": (rows.place == index).sum() for index in range(len(rules.segments))}
    sums |= {f"v{index}": rows.revenue.sum(where=rows.place == index) for index in range(len(rules.segments))}
    sums |= {f"k{index}": rule.matches(rows).sum() for index, rule in enumerate(rules.rules)}
    found = run(asker, rows.agg(**sums), []).to_pylist()[0]
    sizes = [int(found[f"n{index}"] or 0) for index in range(len(rules.segments))]
    revenues = [found[f"v{index}"] or 0 for index in range(len(rules.segments))]
    return [
        {
            "segment": name,
            "rule": rules.meaning(name),
            "customers": sizes[index],
            "customers_share": sizes[index] / sum(sizes) * 100 if sum(sizes) else None,
            "revenue": revenues[index],
            "revenue_share": float(revenues[index] / sum(revenues) * 100) if sum(revenues) else None,
            "matching": int(found[f"k{index}"] or 0) if index < len(rules.rules) else None,
        }
        for index, name in enumerate(rules.segments)
    ]


def _sizes_in_words(asker: Asker, table: pa.Table) -> list[dict[str, Any]]:
    rows = [row for row in table.to_pylist() if row["customers"]]
    if not rows:
        return [sentence("Nobody has ordered yet by the end of this period.")]
    locale = asker.release.locale
    best = max(rows, key=lambda row: row["revenue_share"] or 0)
    largest = max(rows, key=lambda row: row["customers"])
    told = [
        sentence(
            f"{best['segment']} bring {words.percent(best['revenue_share'] or 0)} of revenue and are "
            f"{words.percent(best['customers_share'])} of customers."
        )
    ]
    if largest is not best:
        told.append(
            sentence(
                f"{largest['segment']} is the largest segment with {words.number(largest['customers'], locale)} customers, "
                f"who bring {words.percent(largest['revenue_share'] or 0)}."
            )
        )
    return told


def _moves_in_words(asker: Asker, table: pa.Table, period: Period) -> list[dict[str, Any]]:
    """The segment whose size changed most beyond what chance gives: more than three roots of its size (Poisson)."""
    moved = [
        row
        for row in table.to_pylist()
        if row["customers_at_start"]
        and abs(row["customers"] - row["customers_at_start"]) > 3 * row["customers_at_start"] ** 0.5
    ]
    if not moved:
        return []
    most = max(moved, key=lambda row: abs(row["customers"] - row["customers_at_start"]) / row["customers_at_start"])
    change = most["customers"] - most["customers_at_start"]
    locale = asker.release.locale
    return [
        sentence(
            f"{most['segment']} {'grew' if change > 0 else 'shrank'} from {words.number(most['customers_at_start'], locale)} "
            f"to {words.number(most['customers'], locale)} since {words.day(period.start)}."
        )
    ]


_FLOWS = ("from_segment", "to_segment", "customers", "revenue")


def migration(asker: Asker, question: dict[str, Any], preset: str) -> Answer:
    """How many customers went from which segment to which, between the day before the period and its end.

    Everybody with an order by the end is in one row; who ordered first in the period comes from nobody's segment. `revenue`
    is that of the customers up to the end.
    """
    rules, period, where = rfm.rule_set(asker, preset), rfm.period_of(asker, question), rfm.filters_of(asker, question)
    day, before = rfm.day_of(asker, period), period.start - timedelta(days=1)
    stood = rfm.segmented(asker, rules, [before, day], where)
    then = stood.filter(stood.as_of == ibis.date(before)).select(
        "customer_key", from_place="place", from_segment="segment"
    )
    now = stood.filter(stood.as_of == ibis.date(day))
    both = now.left_join(then, "customer_key")
    flows = both.group_by(
        from_place=both.from_place.fill_null(len(rules.segments)),
        to_place=both.place,
        from_segment=both.from_segment.fill_null(NOBODY),
        to_segment=both.segment,
    ).agg(customers=both.count(), revenue=both.revenue.sum())
    queries: list[str] = []
    table = run(asker, flows.order_by("from_place", "to_place"), queries)
    rows = table.to_pylist()
    known = sum(row["customers"] for row in rows if row["from_segment"] != NOBODY)
    told = []
    if known:
        stayed = sum(row["customers"] for row in rows if row["from_segment"] == row["to_segment"])
        told.append(
            sentence(
                f"{words.percent(stayed / known * 100)} of {words.number(known, asker.release.locale)} customers are in the "
                f"segment they were in on {words.day(before)}."
            )
        )
        paths = [row for row in rows if row["from_segment"] not in (NOBODY, row["to_segment"])]
        if paths:
            most = max(paths, key=lambda row: row["customers"])
            told.append(
                sentence(
                    f"The largest move: {words.number(most['customers'], asker.release.locale)} from {most['from_segment']} "
                    f"to {most['to_segment']}."
                )
            )
    else:
        told.append(sentence(f"Nobody had ordered by {words.day(before)}, so nobody can have moved."))
    return answer(asker, table, columns(asker, _FLOWS), queries, period=period, where=where, sentences=told)


def _steps(asker: Asker, period: Period, step: str) -> list[date]:
    """The days on which everybody is looked at: the day before the period, the ends of its steps, and its end."""
    day, span = rfm.day_of(asker, period), asker.release.span
    start = max(period.start, span.start)
    if start > day:
        return [day]
    grain: Grain = "day" if step == "day" else "week" if step == "week" else "month"
    if (day - start).days / {"day": 1, "week": 7, "month": 28}[grain] > MOST_STEPS:
        raise QuestionError(
            f"{(day - start).days} days by {step} are more than {MOST_STEPS} steps: take a longer step or fewer days.",
            field="step",
        )
    ends = [part.end for part in asker.calendar.parts(grain, Period(start, day))]
    return sorted({start - timedelta(days=1), *ends, day})


_STAYS = ("customer_id", "segment", "previous_segment", "valid_from", "valid_to")
_ENTRIES = ("as_of", "segment", "customers", "entries", "exits")


def segment_changes(
    asker: Asker,
    question: dict[str, Any],
    preset: str,
    step: str,
    by: str = "customer",
    customer: str = "",
    segment: str = "",
    limit: int = 1000,
    offset: int = 0,
) -> Answer:
    """Every stay of a customer in a segment, newest first; or with `by` segment its customers, entries and exits at each step.

    Before the first order there is nobody's segment. `valid_from` is unknown for a stay that was there before the period,
    `valid_to` for one that goes on. Changes are seen at the end of each step.
    """
    rules, period, where = rfm.rule_set(asker, preset), rfm.period_of(asker, question), rfm.filters_of(asker, question)
    days = _steps(asker, period, step)
    orders = rfm.all_orders(asker)
    queries: list[str] = []
    known = int(run(asker, orders.agg(n=orders.customer_key.nunique()), queries)["n"][0].as_py())
    if known * len(days) > MOST_STANDINGS:
        raise QuestionError(
            f"{known:,} customers on {len(days)} days are too many to look at: take a longer step or fewer days.",
            field="step",
        )
    stood = rfm.segmented(asker, rules, days, where)
    of_customer = ibis.window(group_by="customer_key", order_by="as_of")
    stood = stood.mutate(_before=stood.segment.lag().over(of_customer))
    changed = stood.filter(stood._before.isnull() | (stood._before != stood.segment))
    chosen = segment_of(rules, segment) if segment else ""
    if by == "segment":
        table = run(asker, _entries(rules, stood, changed, days, chosen), queries)
        return answer(asker, table, columns(asker, _ENTRIES), queries[::-1], period=period, where=where)
    first = ibis.date(days[0])
    stays = changed.mutate(valid_from=changed.as_of.nullif(first), _next=changed.as_of.lead().over(of_customer))
    nobody = ibis.ifelse(stays.as_of > first, ibis.literal(NOBODY), ibis.null("string"))
    stays = stays.mutate(
        previous_segment=ibis.coalesce(stays._before, nobody),
        # a date less an interval is a moment in some engines
        valid_to=(stays._next - ibis.interval(days=1)).cast("timestamp").date(),
    )
    if customer:
        stays = stays.filter(stays.customer_id == customer)
    if chosen:
        stays = stays.filter(stays.segment == chosen)
    stays = stays.order_by(ibis.desc(stays.as_of), "customer_key")
    table, count = page(asker, stays, _STAYS, limit, offset, queries)
    return answer(
        asker, table, columns(asker, _STAYS), queries[::-1], period=period, where=where, row_count=count
    )  # fmt: skip


def _entries(rules: RuleSet, stood: ir.Table, changed: ir.Table, days: Sequence[date], segment: str) -> ir.Table:
    """Customers, entries and exits of each segment at each step. The first day has no step before it, so none of either."""
    later = changed.filter(changed.as_of > ibis.date(days[0]))
    left = later.filter(later._before.notnull())
    parts = [
        stood.select("as_of", "segment", customers=ibis.literal(1), entries=ibis.literal(0), exits=ibis.literal(0)),
        later.select("as_of", "segment", customers=ibis.literal(0), entries=ibis.literal(1), exits=ibis.literal(0)),
        left.select(
            "as_of", segment="_before", customers=ibis.literal(0), entries=ibis.literal(0), exits=ibis.literal(1)
        ),
    ]
    rows = ibis.union(*parts)
    if segment:
        rows = rows.filter(rows.segment == segment)
    table = rows.group_by(["as_of", "segment"]).agg(
        **{name: rows[name].sum().cast("int64") for name in ("customers", "entries", "exits")}
    )
    order = ibis.cases(*((table.segment == name, index) for index, name in enumerate(rules.segments)), else_=-1)
    return table.order_by("as_of", order)


SEGMENT = Parameter("segment", "text", "", "Only this segment, by its name.")
LIMIT = Parameter("limit", "integer", 1000, "How many rows at most; 0 gives all.", minimum=0)
OFFSET = Parameter("offset", "integer", 0, "How many rows to skip.", minimum=0)

ANALYSES = (
    Analysis(
        "customers.rfm",
        "Recency, frequency, monetary value",
        "customers",
        "Scores and segment of each customer at the end of the period.",
        scores,
        (PRESET, SEGMENT, LIMIT, OFFSET),
    ),
    Analysis(
        "customers.segments",
        "Segments",
        "customers",
        "Size, revenue and key figures of each segment at the end of the period.",
        segments,
        (PRESET,),
    ),
    Analysis(
        "customers.migration",
        "Moves between segments",
        "customers",
        "Customers by the segment before the period and the one at its end.",
        migration,
        (PRESET,),
    ),
    Analysis(
        "customers.segment_changes",
        "Segment history",
        "customers",
        "Every stay of a customer in a segment with its first and last day, or entries and exits by segment.",
        segment_changes,
        (
            PRESET,
            Parameter("step", "text", "month", "How often everybody is looked at.", choices=("day", "week", "month")),
            Parameter(
                "by",
                "text",
                "customer",
                "A row for each stay, or for each segment and step.",
                choices=("customer", "segment"),
            ),
            Parameter("customer", "text", "", "Only this customer, by his number."),
            SEGMENT,
            LIMIT,
            OFFSET,
        ),
    ),
)
