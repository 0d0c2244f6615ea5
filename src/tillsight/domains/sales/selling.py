"""What analyses of products share: what each product sold in a span of days, and how a table becomes an answer.

Rows are those that the asker may see and the filters let through. Grain: one product, by its SKU; units and money are before later
returns, cancelled orders left out, as the metrics `units_sold`, `revenue` and `gross_profit` have them.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import ibis
import pyarrow as pa
import pyarrow.compute as pc

from tillsight.core.errors import QuestionError
from tillsight.core.periods import Period
from tillsight.metrics.answer import Answer, AnswerColumn, Titles, titled
from tillsight.metrics.ask import Asker
from tillsight.metrics.model import Notes
from tillsight.metrics.question import Filter, ask_for
from tillsight.tables.registry import TABLES
from tillsight.tables.schema import IBIS_TYPES

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pandas as pd

MOST_COMPARED = 6

_COLUMNS: Titles = {
    "product_id": ("SKU", "dimension", None, ""),
    "product": ("Product", "dimension", None, ""),
    "category": ("Category", "dimension", None, ""),
    "first": ("Item", "dimension", None, ""),
    "first_id": ("SKU of the item", "dimension", None, ""),
    "second": ("With", "dimension", None, ""),
    "second_id": ("SKU of the other", "dimension", None, ""),
    "country": ("Country", "dimension", None, ""),
    "code": ("ISO code", "dimension", None, ""),
    "shape": ("ISO number", "dimension", None, ""),
    "abc": ("Class", "dimension", None, ""),
    "mover": ("Speed", "dimension", None, ""),
    "quadrant": ("Quadrant", "dimension", None, ""),
    "stage": ("Stage", "dimension", None, ""),
    "reason": ("Why", "dimension", None, ""),
    "launched": ("On sale since", "time", None, ""),
    "last_day": ("Last sold", "time", None, ""),
    "age": ("Days on sale", "plain", "days", ""),
    "week": ("Weeks since launch", "plain", "count", ""),
    "rank": ("Rank", "plain", "count", ""),
    "orders": ("Orders", "plain", "count", "up"),
    "orders_share": ("Share of orders", "plain", "percent", ""),
    "units": ("Units sold", "plain", "units", "up"),
    "revenue": ("Revenue", "plain", "money", "up"),
    "revenue_before": ("Revenue before", "plain", "money", "up"),
    "gross_profit": ("Gross profit", "plain", "money", "up"),
    "margin": ("Gross margin", "plain", "percent", "up"),
    "amount": ("Ranked by", "plain", None, ""),
    "share": ("Share", "plain", "percent", ""),
    "cumulative_share": ("Share so far", "plain", "percent", ""),
    "days_on_sale": ("Days on sale", "plain", "days", ""),
    "velocity": ("Units a day", "plain", "units/day", "up"),
    "days_since_sale": ("Days since last sale", "plain", "days", "down"),
    "units_30": ("Units, first 30 days", "plain", "units", "up"),
    "units_60": ("Units, first 60 days", "plain", "units", "up"),
    "units_90": ("Units, first 90 days", "plain", "units", "up"),
    "units_180": ("Units, first 180 days", "plain", "units", "up"),
    "against_usual": ("Against the usual launch", "plain", "percent", "up"),
    "change": ("Change in half a year", "plain", "percent", "up"),
    "chance": ("Chance of that", "plain", "percent", ""),
    "level": ("Of its best", "plain", "percent", ""),
    "weeks": ("Weeks judged", "plain", "count", ""),
    "together": ("Orders with both", "plain", "count", ""),
    "expected": ("Expected by chance", "plain", "ratio", ""),
    "support": ("Support", "plain", "percent", ""),
    "confidence": ("Of orders with the item", "plain", "percent", ""),
    "confidence_back": ("Of orders with the other", "plain", "percent", ""),
    "lift": ("Lift", "plain", "ratio", ""),
    "average_order_value": ("Average order value", "plain", "money", "up"),
}


def columns(asker: Asker, names: Sequence[str], **titles: str) -> tuple[AnswerColumn, ...]:
    """The columns of an answer by name; `titles` for those that are called otherwise."""
    return titled(_COLUMNS, names, asker.release.currency, **titles)


def answer(
    asker: Asker,
    table: pa.Table,
    shown: Sequence[AnswerColumn],
    queries: Sequence[str],
    *,
    period: Period | None = None,
    totals: Mapping[str, Any] | None = None,
    row_count: int | None = None,
    sentences: Sequence[dict[str, Any]] = (),
    notes: Notes | None = None,
) -> Answer:
    """The answer of an analysis of the ledger: just the columns that are shown, in their order."""
    notes = notes or Notes()
    if "sales" in asker.release.missing:
        notes.add("warning", f"Sales need data that are not loaded yet: {', '.join(asker.release.missing['sales'])}.")
    return Answer(
        table=table.select([column.name for column in shown]),
        columns=tuple(shown),
        currency=asker.release.currency,
        totals=None if totals is None else {column.name: _plain(totals.get(column.name), column) for column in shown},
        row_count=table.num_rows if row_count is None else row_count,
        period=period,
        notes=notes.items,
        release=asker.release.number,
        as_of=asker.release.as_of,
        sources=("sales",),
        queries=tuple(queries),
        sentences=list(sentences),
    )


def _plain(value: Any, column: AnswerColumn) -> Any:
    """A figure of the totals: money as a decimal, as in the rows."""
    return Decimal(str(round(value, 6))) if column.unit == "money" and value is not None else value


def period_of(asker: Asker, question: Mapping[str, Any]) -> Period:
    """The days that are asked about, as far as there are data; without any, all days with data."""
    asked = ask_for("revenue", start=question.get("start"), end=question.get("end"), period=question.get("period"))
    period, span = asker.resolve(asked).period, asker.release.span
    start, end = max(period.start, span.start), min(period.end, span.end)
    return Period(start, end) if start <= end else period


def filters_of(asker: Asker, question: Mapping[str, Any]) -> tuple[Filter, ...]:
    """The filters of a question."""
    return asker.resolve(ask_for("revenue", where=question.get("where") or ())).where


def lines(asker: Asker, question: Mapping[str, Any]) -> ir.Table:
    """The lines of orders that count, of any day, that the asker may see and the filters let through."""
    rows = asker.compiler.rows(asker.catalogue.relations["sales"], filters_of(asker, question))
    return rows.filter(rows.kind == "sale", ~rows.is_cancelled)


_SUMMED = {
    "units": "units_sold", "gross_sales": "gross_sales", "revenue": "revenue", "cost": "cost_of_goods_sold",
    "revenue_with_cost": "revenue_with_cost",
}  # fmt: skip
_TOLD = {"product_id": "product_id", "product_name": "product", "category": "category"}


def sold_by_day(asker: Asker, question: Mapping[str, Any]) -> ir.Table:
    """What was sold of products, of any day, that the asker may see and the filters let through; rows that add up, not lines.

    Columns: day, product_id, product_name, category, units, gross_sales, revenue, cost (null where none is known), revenue_with_cost (of
    what has a known cost). Read from the sums of products where they can tell it, else line by line.
    """
    days = asker.compiler.days_of([*_SUMMED.values()], [*_TOLD.values()], filters_of(asker, question))
    if days is not None:
        rows = days.select("day", **(_TOLD | _SUMMED))
    else:
        rows = lines(asker, question).select("day", *_TOLD, *_SUMMED)
        amounts = (rows[name] != 0 for name in _SUMMED if name != "cost")
        rows = rows.filter(functools.reduce(operator.or_, amounts, rows.cost.notnull()))
    return rows.filter(rows.product_id.notnull())


def products(rows: ir.Table, period: Period) -> ir.Table:
    """What each product sold in a period, and when it sold first and last up to its end; `rows`: see `sold_by_day`.

    Columns: product_id, product, category, units, revenue, gross_profit (null where no line has a known cost), known_revenue (of lines
    with a known cost), first_day, last_day. Products that sold before the period alone have no units.
    """
    until = rows.filter(rows.day <= ibis.date(period.end))
    inside = until.day >= ibis.date(period.start)
    return until.group_by("product_id").agg(
        product=until.product_name.max(),
        category=until.category.max(),
        units=ibis.coalesce(until.units.sum(where=inside), 0),
        revenue=ibis.coalesce(until.revenue.sum(where=inside), 0),
        gross_profit=(until.revenue_with_cost - until.cost).sum(where=inside),
        known_revenue=ibis.coalesce(until.revenue_with_cost.sum(where=inside), 0),
        first_day=until.day.min(),
        last_day=until.day.max(),
    )


def catalogue_of(asker: Asker) -> ir.Table:
    """What the shop says of its products: product_id, launch_date, discontinued_date; one row per product."""
    declared = TABLES["products"]
    rows = ibis.table({column.name: IBIS_TYPES[column.type] for column in declared.columns}, name="products")
    return rows.group_by("product_id").agg(
        launch_date=rows.launch_date.min(), discontinued_date=rows.discontinued_date.max()
    )


def fetched(asker: Asker, expression: ir.Table, queries: list[str]) -> pd.DataFrame:
    """Run, remember what ran, and give it as a frame: amounts as floats and days as moments, for ranking and statistics."""
    table, sql = asker.release.run(expression)
    queries.append(sql)
    for index, column in enumerate(table.schema):
        if pa.types.is_decimal(column.type):
            table = table.set_column(index, column.name, table.column(index).cast(pa.float64()))
    frame: pd.DataFrame = table.to_pandas(date_as_object=False)
    return frame


def tabled(frame: pd.DataFrame, shown: Sequence[AnswerColumn]) -> pa.Table:
    """A frame as the table of an answer: money with two decimals, NaN as unknown, days as days."""
    import pandas as pd

    arrays = {}
    for column in shown:
        values = frame[column.name]
        if column.kind == "time":
            made = pa.array(pd.to_datetime(values), from_pandas=True).cast(pa.date32())
        elif column.unit is None:
            made = pa.array(values, from_pandas=True)
        else:
            made = pa.array(values.astype(float), pa.float64(), from_pandas=True)
        if column.unit in ("count", "days"):
            made = pc.round(made).cast(pa.int64())
        if column.unit == "money":
            made = pc.round(made, 6).cast(pa.decimal128(38, 6), safe=False)
        arrays[column.name] = made
    return pa.table(arrays)


def skus(text: str) -> list[str]:
    """SKUs as they are written in a parameter: with commas between, six at most."""
    found = list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if len(found) > MOST_COMPARED:
        raise QuestionError(
            f"At most {MOST_COMPARED} products are compared at once, not {len(found)}.", field="products", value=text
        )
    return found
