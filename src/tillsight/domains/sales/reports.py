"""The reports of sales as data: the questions that are asked each morning, each Monday and at the end of each month, put together.

`sales.report_daily`     a day against the day before and the same weekday of the week before, top products, channels, what stood out
`sales.report_weekly`    a week against the one before, categories, customers, goals
`sales.report_monthly`   a month against the one before and the same one a year before, mix of products, cohorts, forecast against actual
`sales.report_products`  a period: the fifty best and the fifty worst products, categories, launches, and what discontinued products brought

Each is a list of sections; a section is an answer like any other, so every figure of it can be asked for by itself. `document` holds
the sections as they are; the table has a row for each figure of them. Sections of modules that are closed to the one who asks, and those
whose data are not loaded, are left out. A year before that lies before the data is unknown, not zero.
"""

from __future__ import annotations

import calendar
import dataclasses
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import Any

import ibis
import pyarrow as pa
import pyarrow.compute as pc

from tillsight.core.errors import QuestionError
from tillsight.core.periods import Period
from tillsight.domains.sales.selling import answer as made
from tillsight.domains.sales.selling import catalogue_of, columns, fetched, sold_by_day, tabled
from tillsight.metrics.answer import Answer, AnswerColumn
from tillsight.metrics.ask import Asker
from tillsight.metrics.flat import COLUMNS, flat
from tillsight.metrics.masking import masked_answer
from tillsight.metrics.model import Analysis, Parameter
from tillsight.metrics.permission import may_ask

FIGURES = (
    "revenue", "net_sales", "orders", "units_sold", "average_order_value", "items_per_order", "gross_profit", "gross_margin_rate",
    "returned_sales", "discount_rate",
)  # fmt: skip
CUSTOMERS = ("customers", "new_customers", "repeat_purchase_rate", "revenue_per_customer")
TOP = 10
MOST = 50

Section = tuple[str, str, Answer | None]
"""Name, title, and what it holds; None where it cannot be asked."""


def daily(asker: Asker, question: dict[str, Any], day: str) -> Answer:
    """A day: figures against the day before and a week before, best products, channels, and what a test says of the day."""
    at = _day(day, "day") if day else asker.release.span.end
    one = Period(at, at)
    where = question.get("where") or ()
    before, week = (Period(at - timedelta(days=n), at - timedelta(days=n)) for n in (1, 7))
    sections: Iterable[Section] = (
        ("figures", "The day", _figures(asker, FIGURES, one, where, day_before=before, week_before=week)),
        (
            "top_products",
            "Best products",
            _ask(asker, ("revenue", "units_sold"), one, week, where, by="product", limit=TOP),
        ),
        ("channels", "Channels", _ask(asker, ("revenue", "orders", "units_sold"), one, week, where, by="channel")),
        ("insights", "What stood out", _run(asker, "sales.insights", one, where)),
    )
    return _report(asker, "daily", f"Sales of {at.isoformat()}", one, sections)


def weekly(asker: Asker, question: dict[str, Any], week: str) -> Answer:
    """The week that holds a day: figures against the week before and a year before, categories, customers, goals."""
    at = _day(week, "week") if week else asker.release.span.end
    start = asker.calendar.start_of("week", at)
    one = Period(start, start + timedelta(days=6))
    before, year = asker.calendar.previous(one), Period(start - timedelta(days=364), start - timedelta(days=358))
    where = question.get("where") or ()
    sections: Iterable[Section] = (
        ("figures", "The week", _figures(asker, FIGURES, one, where, week_before=before, year_before=year)),
        ("days", "Day by day", _ask(asker, ("revenue", "orders", "units_sold"), one, before, where, grain="day")),
        ("categories", "Categories", _ask(asker, ("revenue", "units_sold"), one, before, where, by="category")),
        ("channels", "Channels", _ask(asker, ("revenue", "orders"), one, before, where, by="channel")),
        ("customers", "Customers", _figures(asker, CUSTOMERS, one, where, week_before=before, year_before=year)),
        ("goals", "Goals", _run(asker, "goals.progress", one, where)),
        ("insights", "What stood out", _run(asker, "sales.insights", one, where)),
    )
    return _report(asker, "weekly", f"Sales of the week from {start.isoformat()}", one, sections)


def monthly(asker: Asker, question: dict[str, Any], month: str) -> Answer:
    """A month: figures against the month and the year before, the mix of products, cohorts, and the forecast of it against what came."""
    at = _month(month) if month else asker.release.span.end.replace(day=1)
    one = _whole_month(at)
    before, year = _whole_month(at - timedelta(days=1)), _whole_month(at.replace(year=at.year - 1))
    where = question.get("where") or ()
    sections: Iterable[Section] = (
        ("figures", "The month", _figures(asker, FIGURES, one, where, month_before=before, year_before=year)),
        ("mix", "Mix of products", _mix(asker, one, before, where)),
        ("channels", "Channels", _ask(asker, ("revenue", "orders"), one, before, where, by="channel")),
        ("customers", "Customers", _figures(asker, CUSTOMERS, one, where, month_before=before, year_before=year)),
        ("cohorts", "Cohorts of customers", _run(asker, "customers.cohorts", one, where)),
        ("forecast", "Forecast against actual", _foreseen(asker, one, where)),
        ("insights", "What stood out", _run(asker, "sales.insights", one, where)),
    )
    return _report(asker, "monthly", f"Business review of {at:%Y-%m}", one, sections)


def products(asker: Asker, question: dict[str, Any]) -> Answer:
    """A period: the fifty products that brought most and least, categories, launches, and what discontinued products brought."""
    where = question.get("where") or ()
    asked = asker.query("revenue", **{key: question[key] for key in ("period", "start", "end") if key in question})
    one = asked.period or Period(asker.release.span.start, asker.release.span.end)
    before = asker.calendar.previous(one)
    figures = ("revenue", "units_sold", "gross_profit", "gross_margin_rate", "return_rate")
    sections: Iterable[Section] = (
        ("top", f"The best {MOST}", _ask(asker, figures, one, before, where, by=("product_id", "product"), limit=MOST)),
        ("bottom", f"The worst {MOST}", _ask(asker, figures, one, before, where, by=("product_id", "product"), limit=MOST, worst=True)),
        ("categories", "Categories", _ask(asker, figures, one, before, where, by="category")),
        ("new_products", "Launches", _run(asker, "sales.new_products", one, where, days=365)),
        ("discontinued", "Discontinued products", _discontinued(asker, one, before, where)),
    )  # fmt: skip
    return _report(asker, "products", f"Products from {one.start} to {one.end}", one, sections)


def _day(text: str, field: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise QuestionError(f"{field} is a day such as 2026-11-14, not {text!r}.", field=field, value=text) from None


def _month(text: str) -> date:
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        raise QuestionError(f"month is a month such as 2026-11, not {text!r}.", field="month", value=text) from None


def _whole_month(day: date) -> Period:
    return Period(day.replace(day=1), day.replace(day=calendar.monthrange(day.year, day.month)[1]))


def _open(asker: Asker, names: Iterable[str]) -> list[str]:
    """The metrics that the one who asks may see and whose data are there."""
    catalogue = asker.catalogue
    return [
        name
        for name in names
        if may_ask(catalogue, asker.scope, catalogue.metric(name))
        and not any(
            relation.name in asker.release.missing for relation in catalogue.relations_of(catalogue.metric(name))
        )
    ]


def _ask(
    asker: Asker, metrics: Iterable[str], period: Period, before: Period, where: Any, *, by: Any = (), grain: str | None = None,
    limit: int | None = None, worst: bool = False,
) -> Answer | None:  # fmt: skip
    """Metrics of a period against another, the largest of the first one first."""
    names = _open(asker, metrics)
    wanted = (by,) if isinstance(by, str) else tuple(by)
    names = [name for name in names if set(wanted) <= set(asker.catalogue.dimensions_of(asker.catalogue.metric(name)))]
    if not names:
        return None
    sort = (f"{'' if worst else '-'}{names[0]}",) if wanted else ()
    return asker.query(
        names,
        by=wanted,
        grain=grain,
        start=period.start,
        end=period.end,
        compare=before,
        where=where,
        sort=sort,
        limit=limit,
    )


def _figures(asker: Asker, metrics: Iterable[str], period: Period, where: Any, **against: Period) -> Answer | None:
    """A row per metric: its value, and for each period it is held against, the value then and the change in percent.

    The change of a percentage is in percentage points. What lies before the data is unknown.
    """
    names = _open(asker, metrics)
    if not names:
        return None
    rows: dict[str, list[Any]] = {"metric": names, "value": []}
    first: Answer | None = None
    for label, other in against.items():
        found = asker.query(names, start=period.start, end=period.end, compare=other, where=where)
        first = first or found
        record = found.to_records()[0] if found.table.num_rows else {}
        rows["value"] = [_number(record.get(name)) for name in names]
        known = other.start >= asker.release.span.start
        rows[label] = [_number(record.get(f"{name}_compare")) if known else None for name in names]
        rows[f"{label}_change"] = [
            _number(record.get(f"{name}_change_rate", record.get(f"{name}_change"))) if known else None
            for name in names
        ]
    titles = {
        "day_before": "Day before",
        "week_before": "Week before",
        "month_before": "Month before",
        "year_before": "Year before",
    }
    units = [asker.catalogue.metric(name).unit for name in names]
    shown = [
        AnswerColumn("metric", "Metric", "dimension"),
        AnswerColumn("title", "Figure", "dimension"),
        AnswerColumn("unit", "Unit", "dimension"),
        AnswerColumn("value", "Value", "plain", unit="ratio"),
    ]
    for label in against:
        shown.append(AnswerColumn(label, titles[label], "plain", unit="ratio"))
        shown.append(
            AnswerColumn(f"{label}_change", f"Change against {titles[label].lower()}, %", "plain", unit="percent")
        )
    table = pa.table(
        {
            "metric": pa.array(names, pa.string()),
            "title": pa.array([asker.catalogue.metric(name).title for name in names], pa.string()),
            "unit": pa.array(units, pa.string()),
            **{name: pa.array(values, pa.float64()) for name, values in rows.items() if name != "metric"},
        }
    )
    if first is None:
        raise QuestionError("Figures are held against at least one period.", field="compare")
    return dataclasses.replace(
        first, table=table, columns=tuple(shown), totals=None, row_count=len(names), compare_period=None, sentences=[]
    )


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _run(asker: Asker, name: str, period: Period, where: Any, **parameters: Any) -> Answer | None:
    """An analysis of this or another domain, with its usual parameters; None where it is closed or its data are not there."""
    analysis = asker.catalogue.analyses.get(name)
    if analysis is None or not asker.scope.sees(analysis.domain or "sales"):
        return None
    values = {parameter.name: parameter.default for parameter in analysis.parameters} | parameters
    question: dict[str, Any] = {"start": period.start, "end": period.end}
    if where:
        question["where"] = where
    try:
        return analysis.run(asker, question, **values)
    except QuestionError:
        # filtered by something that the analysis is not known by
        return None


def _mix(asker: Asker, period: Period, before: Period, where: Any) -> Answer | None:
    """Shares of revenue by category, now and before, with the change in percentage points."""
    found = _ask(asker, ("revenue",), period, before, where, by="category")
    if found is None:
        return None
    now, then = (found.table[name].cast(pa.float64()) for name in ("revenue", "revenue_compare"))
    whole, earlier = (pc.sum(column).as_py() or 0 for column in (now, then))
    share = pc.divide(pc.multiply(now, 100.0), whole) if whole else pa.nulls(len(now), pa.float64())
    share_then = pc.divide(pc.multiply(then, 100.0), earlier) if earlier else pa.nulls(len(now), pa.float64())
    moved = pc.subtract(share, share_then)
    by_name = {column.name: column for column in found.columns}
    table = found.table.select(["category", "revenue", "revenue_compare", "revenue_change_rate"])
    table = table.append_column("share", share).append_column("share_before", share_then).append_column("moved", moved)
    shown = (
        *(by_name[name] for name in ("category", "revenue", "revenue_compare", "revenue_change_rate")),
        AnswerColumn("share", "Share", "plain", unit="percent"),
        AnswerColumn("share_before", "Share before", "plain", unit="percent"),
        AnswerColumn("moved", "Percentage points", "plain", unit="ratio"),
    )
    return dataclasses.replace(found, table=table, columns=shown, totals=None)


def _foreseen(asker: Asker, period: Period, where: Any) -> Answer | None:
    """What was to be forecast of the period on the day before it, against what came, day by day."""
    eve = period.start - timedelta(days=1)
    if eve < asker.release.span.start:
        return None
    found = _run(
        asker,
        "sales.forecast",
        Period(asker.release.span.start, eve),
        where,
        horizon=(period.end - eve).days,
        history=7,
    )
    if found is None:
        return None
    table = found.table.filter(pc.greater(found.table["day"], pa.scalar(eve)))
    if not table.num_rows:
        return None
    names = [column.name for column in found.columns if column.name != "tried"]
    return dataclasses.replace(
        found, table=table.select(names), columns=tuple(column for column in found.columns if column.name in names),
        row_count=table.num_rows,
    )  # fmt: skip


def _discontinued(asker: Asker, period: Period, before: Period, where: Any) -> Answer | None:
    """What products that are discontinued by the end of the period brought in it and before: what their end takes from sales."""
    queries: list[str] = []
    rows = sold_by_day(asker, {"where": where})
    ended = catalogue_of(asker).filter(lambda t: t.discontinued_date <= ibis.date(period.end))
    rows = rows.inner_join(ended, "product_id")

    def within(span: Period) -> Any:
        return rows.day.between(ibis.date(span.start), ibis.date(span.end))

    sold = rows.group_by("product_id").agg(
        product=rows.product_name.max(), category=rows.category.max(), last_day=rows.day.max(),
        units=rows.units.sum(where=within(period)), revenue=rows.revenue.sum(where=within(period)),
        revenue_before=rows.revenue.sum(where=within(before)),
    )  # fmt: skip
    frame = fetched(asker, sold, queries).fillna({"units": 0.0, "revenue": 0.0, "revenue_before": 0.0})
    frame = frame.sort_values(["revenue_before", "product_id"], ascending=[False, True])
    shown = columns(asker, ("product_id", "product", "category", "last_day", "units", "revenue", "revenue_before"))
    return made(asker, tabled(frame, shown), shown, queries, period=period)


def _report(asker: Asker, name: str, title: str, period: Period, sections: Iterable[Section]) -> Answer:
    """The sections as one answer."""
    known = ((key, heading, found) for key, heading, found in sections if found is not None)
    held = [(key, heading, masked_answer(found) if asker.scope.masked else found) for key, heading, found in known]
    document = {
        "report": name,
        "title": title,
        "period": {"start": period.start.isoformat(), "end": period.end.isoformat()},
        "currency": asker.release.currency,
        "release": asker.release.number,
        "sections": [{"name": key, "title": heading, **found.to_dict()} for key, heading, found in held],
    }
    table = flat((key, found) for key, _, found in held)
    first = asker.query("revenue", start=period.start, end=period.end)
    sentences = [one for key, _, found in held if key == "insights" for one in found.sentences]
    return dataclasses.replace(
        first, table=table, columns=COLUMNS, totals=None, row_count=table.num_rows, sentences=sentences, document=document,
        queries=tuple(query for _, _, found in held for query in found.queries),
    )  # fmt: skip


def _analysis(name: str, title: str, description: str, run: Callable[..., Answer], *parameters: Parameter) -> Analysis:
    return Analysis(f"sales.report_{name}", title, "sales", description, run, parameters)


ANALYSES = (
    _analysis(
        "daily", "Daily sales summary", "A day against the day and the week before, best products, channels, what stood out.", daily,
        Parameter("day", "text", "", "The day, such as 2026-11-14; by default the last one with data."),
    ),
    _analysis(
        "weekly", "Weekly sales report", "A week against the one before, categories, customers, goals.", weekly,
        Parameter("week", "text", "", "A day of the week; by default that of the last day with data."),
    ),
    _analysis(
        "monthly", "Monthly business review",
        "A month against the month and the year before, mix of products, cohorts, forecast against actual.", monthly,
        Parameter("month", "text", "", "The month, such as 2026-11; by default that of the last day with data."),
    ),
    _analysis(
        "products", "Product performance report",
        "A period: best and worst products, categories, launches, discontinued products.", products,
    ),
)  # fmt: skip
