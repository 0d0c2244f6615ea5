"""How analyses of customers become answers: the columns they share, and an answer made of what ran."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import ibis
import pyarrow as pa

from tillsight.core.periods import Period
from tillsight.metrics.answer import Answer, AnswerColumn, Titles, titled
from tillsight.metrics.ask import Asker
from tillsight.metrics.model import Notes
from tillsight.metrics.question import Filter

if TYPE_CHECKING:
    import ibis.expr.types as ir

_COLUMNS: Titles = {
    "customer_id": ("Customer", "dimension", None, ""),
    "customer_name": ("Name", "dimension", None, ""),
    "email": ("E-mail", "dimension", None, ""),
    "phone": ("Telephone", "dimension", None, ""),
    "city": ("City", "dimension", None, ""),
    "country": ("Country", "dimension", None, ""),
    "order_id": ("Order", "dimension", None, ""),
    "order_status": ("Status", "dimension", None, ""),
    "channel": ("Channel", "dimension", None, ""),
    "known_by": ("Known by", "dimension", None, ""),
    "product_name": ("Product", "dimension", None, ""),
    "return_id": ("Return", "dimension", None, ""),
    "return_reason": ("Reason", "dimension", None, ""),
    "disposition": ("What became of it", "dimension", None, ""),
    "day": ("Day", "time", None, ""),
    "registered_day": ("Registered", "time", None, ""),
    "units": ("Units", "plain", "units", ""),
    "discounts": ("Discounts", "plain", "money", ""),
    "returned_sales": ("Refunds", "plain", "money", ""),
    "returned_orders": ("Orders with a return", "plain", "count", "down"),
    "segment": ("Segment", "dimension", None, ""),
    "previous_segment": ("Segment before", "dimension", None, ""),
    "from_segment": ("From", "dimension", None, ""),
    "to_segment": ("To", "dimension", None, ""),
    "rule": ("Rule", "dimension", None, ""),
    "as_of": ("As of", "time", None, ""),
    "valid_from": ("From", "time", None, ""),
    "valid_to": ("To", "time", None, ""),
    "first_day": ("First order", "time", None, ""),
    "last_day": ("Last order", "time", None, ""),
    "cohort": ("Cohort", "dimension", None, ""),
    "age": ("Months since first order", "dimension", None, ""),
    "interval": ("Days between orders", "dimension", None, ""),
    "order_count": ("Number of orders", "dimension", None, ""),
    "order_number": ("From order", "dimension", None, ""),
    "r": ("R", "plain", "count", ""),
    "f": ("F", "plain", "count", ""),
    "m": ("M", "plain", "count", ""),
    "fm": ("FM", "plain", "ratio", ""),
    "mean_r": ("Mean R", "plain", "ratio", ""),
    "mean_f": ("Mean F", "plain", "ratio", ""),
    "mean_m": ("Mean M", "plain", "ratio", ""),
    "days": ("Days since last order", "plain", "days", ""),
    "mean_days": ("Mean days since last order", "plain", "days", ""),
    "customers": ("Customers", "plain", "count", ""),
    "customers_share": ("Share of customers", "plain", "percent", ""),
    "customers_at_start": ("Customers at the start", "plain", "count", ""),
    "entries": ("Entries", "plain", "count", ""),
    "exits": ("Exits", "plain", "count", ""),
    "orders": ("Orders", "plain", "count", ""),
    "revenue": ("Revenue", "plain", "money", ""),
    "revenue_share": ("Share of revenue", "plain", "percent", ""),
    "average_order_value": ("Average order value", "plain", "money", "up"),
    "clv_historic": ("Lifetime value so far", "plain", "money", "up"),
    "repeat_purchase_rate": ("Repeat purchase rate", "plain", "percent", "up"),
    "retention_rate_30d": ("30-day retention", "plain", "percent", "up"),
    "churn_rate": ("Churn rate", "plain", "percent", "down"),
    "return_rate": ("Orders with a return", "plain", "percent", "down"),
    "size_issue_rate": ("Orders returned for size", "plain", "percent", "down"),
    "new_customer_rate": ("New customer rate", "plain", "percent", ""),
    "new_customers": ("New customers", "plain", "count", ""),
    "acquisition_spend": ("Spend on it", "plain", "money", ""),
    "customer_acquisition_cost": ("Cost of acquisition", "plain", "money", "down"),
    "reactivation_rate": ("Reactivation rate", "plain", "percent", "up"),
    "second_purchase_rate": ("Second purchase rate", "plain", "percent", "up"),
    "share": ("Share", "plain", "percent", ""),
    "cumulative_share": ("Share so far", "plain", "percent", ""),
    "median_days": ("Median days", "plain", "days", ""),
    "lower_days": ("A quarter within", "plain", "days", ""),
    "upper_days": ("Three quarters within", "plain", "days", ""),
    "long_days": ("Nine in ten within", "plain", "days", ""),
    "cohort_customers": ("Customers of the cohort", "plain", "count", ""),
    "is_complete": ("Complete", "plain", None, ""),
}


def columns(asker: Asker, names: Iterable[str]) -> tuple[AnswerColumn, ...]:
    """The columns of an answer by name."""
    return titled(_COLUMNS, names, asker.release.currency)


def run(asker: Asker, expression: ir.Table, queries: list[str]) -> pa.Table:
    """Run, and remember what ran. A sum of whole numbers comes as a decimal without places; it is a whole number again."""
    table, sql = asker.release.run(expression)
    queries.append(sql)
    for index, column in enumerate(table.schema):
        if pa.types.is_decimal(column.type) and column.type.scale == 0:
            table = table.set_column(index, column.name, table.column(index).cast(pa.int64()))
    return table


def page(
    asker: Asker, rows: ir.Table, names: Sequence[str], limit: int, offset: int, queries: list[str]
) -> tuple[pa.Table, int]:
    """Some rows of a sorted table, and how many it has in all; limit 0 gives all. One pass over it in most cases."""
    counted = rows.mutate(_count=rows.count().over(ibis.window())).select(*names, "_count")
    if limit or offset:
        counted = counted.limit(limit or None, offset=offset)
    table = run(asker, counted, queries)
    if table.num_rows:
        return table.drop_columns("_count"), int(table["_count"][0].as_py())
    count = int(run(asker, rows.agg(n=rows.count()), queries)["n"][0].as_py()) if offset else 0
    return table.drop_columns("_count"), count


def answer(
    asker: Asker,
    table: pa.Table,
    shown: Sequence[AnswerColumn],
    queries: Sequence[str],
    *,
    period: Period | None = None,
    where: Sequence[Filter] = (),
    row_count: int | None = None,
    totals: dict[str, Any] | None = None,
    sentences: Sequence[dict[str, Any]] = (),
    notes: Notes | None = None,
    sources: Sequence[str] = ("customer_events",),
) -> Answer:
    """The answer of an analysis: just the columns that are shown, in their order."""
    notes = notes or Notes()
    if "customer_events" in asker.release.missing:
        tables = ", ".join(asker.release.missing["customer_events"])
        notes.add("warning", f"Customers need data that are not loaded yet: {tables}.")
    if where and asker.catalogue.relations["customer_events"].note:
        notes.add("info", asker.catalogue.relations["customer_events"].note)
    return Answer(
        table=table.select([column.name for column in shown]),
        columns=tuple(shown),
        currency=asker.release.currency,
        totals=totals,
        row_count=table.num_rows if row_count is None else row_count,
        period=period,
        notes=notes.items,
        release=asker.release.number,
        as_of=asker.release.as_of,
        sources=tuple(sources),
        queries=tuple(queries),
        sentences=list(sentences),
    )


def month_of(day: date) -> date:
    """The first day of the month of a day."""
    return day.replace(day=1)
