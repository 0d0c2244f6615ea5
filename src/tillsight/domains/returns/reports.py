"""The reports of returns as data: every morning, every Monday, at the end of a month, on quality, and on prevention (001 §3).

`returns.report`  sections, each an answer like any other; `document` holds them, the table has a row for each figure

daily       returns asked for and worked, refunds, what waits, the rate against a target
weekly      trend by day, products, reasons, what it cost
monthly     month by month, categories, quality, customers, what to do
quality     products and suppliers with defects, how that moves, what to do about it
prevention  what to do for which product, sizes, what customers write

Without days the report covers the last day, the last seven days, the last month with data, or (quality, prevention) the last ninety
days. Sections of figures that are closed to the one who asks are left out.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from tillsight.core.errors import NotAllowedError
from tillsight.domains.returns import comments, costs, fitting, prevention, steps
from tillsight.domains.returns.analyses import customers
from tillsight.domains.returns.ranking import most_defective
from tillsight.domains.returns.seeing import narrowed, settled
from tillsight.metrics.answer import Answer, sentence
from tillsight.metrics.ask import Asker
from tillsight.metrics.flat import COLUMNS, flat
from tillsight.metrics.masking import masked_answer
from tillsight.metrics.model import Analysis, Parameter
from tillsight.metrics.question import Filter

REPORTS = {
    "daily": "Daily return summary",
    "weekly": "Weekly return analysis",
    "monthly": "Monthly return report",
    "quality": "Product quality report",
    "prevention": "Return prevention report",
}
DAYS = {"daily": 1, "weekly": 7, "quality": 90, "prevention": 90}
TOP = 10
FIGURES = ["returns", "returned_units", "return_rate", "return_value", "return_processing_days", "return_exchange_rate"]
MONEY = ["return_value", "recovered_value", "net_return_loss", "return_cost_rate"]
QUALITY = ["return_rate", "returned_units", "defect_rate", "wrong_item_rate", "size_fit_rate"]


def report(asker: Asker, question: dict[str, Any], report: str = "weekly", target: float = 20) -> Answer:
    """A report. `target`: the return rate that the daily one is held against, in percent."""
    question = {key: value for key, value in question.items() if key != "compare"}
    if not {"start", "end", "period"} & set(question):
        question |= _days(asker, report)
    resolved = settled(asker, question)
    sections: list[dict[str, Any]] = []
    held: list[tuple[str, Answer]] = []
    for name, title, ask in _sections(asker, question, report):
        try:
            found = ask()
        except NotAllowedError:
            continue
        found = masked_answer(found) if asker.scope.masked else found
        held.append((name, found))
        sections.append(
            {
                "name": name,
                "title": title,
                "columns": [
                    {"name": column.name, "title": column.title, "unit": column.unit} for column in found.columns
                ],
                "rows": [{key: _plain(value) for key, value in row.items()} for row in found.to_records()],
                "totals": None if found.totals is None else {key: _plain(value) for key, value in found.totals.items()},
                "sentences": found.sentences,
            }
        )
    asked = asker.query("return_rate", **question)
    rate = asked.to_records()[0]["return_rate"]
    said = []
    if rate is not None:
        above = float(rate) > target
        text = f"The return rate is {float(rate):.1f}%, {'above' if above else 'within'} the target of {target:g}%."
        said.append(sentence(text, "bad" if above else "good", "return_rate"))
    document = {
        "report": report,
        "title": REPORTS[report],
        "period": {"start": resolved.period.start.isoformat(), "end": resolved.period.end.isoformat()},
        "target": target,
        "currency": asker.release.currency,
        "sentences": said,
        "sections": sections,
    }
    table = flat(held)
    return dataclasses.replace(
        asked, table=table, columns=COLUMNS, totals=None, row_count=table.num_rows, sentences=said, document=document
    )


def _sections(asker: Asker, question: dict[str, Any], report: str) -> list[tuple[str, str, Callable[[], Answer]]]:
    def cut(metrics: list[str], limit: int | None = TOP, **parts: Any) -> Callable[[], Answer]:
        more = {"limit": limit} if limit is not None and "by" in parts else {}
        return lambda: asker.query(metrics, **question, **parts, **more)

    def defective(by: str, metrics: list[str]) -> Callable[[], Answer]:
        return lambda: most_defective(asker, question, by, TOP, metrics)

    products = cut(
        ["return_rate", "returned_units", "units_sold", "return_value"], by="product", sort="-returned_units"
    )
    reasons = cut(
        ["returned_units", "returns"], by=["return_reason_group", "return_reason"], sort="-returned_units", limit=30
    )
    waiting = ("processing", "Where returns stand", lambda: steps.funnel(asker, question))
    actions = ("actions", "What to do", lambda: prevention.prevention(asker, question, TOP))
    finance = ("money", "What it cost", lambda: costs.statement(asker, question))
    made: dict[str, list[tuple[str, str, Callable[[], Answer]]]] = {
        "daily": [
            ("figures", "Figures", cut(FIGURES)),
            waiting,
            ("pending", "Pending returns", cut(["returns"], by="return_status", sort="-returns")),
            ("refunds", "Refunds", cut(MONEY)),
        ],
        "weekly": [
            ("trend", "Trend", cut(["returns", "returned_units", "return_value"], grain="day")),
            ("products", "Most returned products", products),
            ("reasons", "Reasons", reasons),
            finance,
        ],
        "monthly": [
            ("trend", "Month by month", _months(asker, question)),
            ("categories", "Categories", cut([*QUALITY, "return_value"], by="category", sort="-returned_units")),
            ("quality", "Defects", defective("supplier", ["defect_rate", "returned_units"])),
            ("customers", "Customers", lambda: customers(asker, question, TOP)),
            finance,
            actions,
        ],
        "quality": [
            ("products", "Products by defects", defective("product", QUALITY)),
            ("suppliers", "Suppliers by defects", defective("supplier", QUALITY)),
            ("trend", "Defects by week", cut(["defect_rate", "returns"], grain="week")),
            actions,
        ],
        "prevention": [
            actions,
            ("sizes", "Sizes", lambda: fitting.sizes(asker, question, TOP)),
            ("comments", "What customers write", lambda: comments.comments(asker, question, "", TOP)),
            ("photos", "Colour, style or description not as expected", lambda: _of_photos(asker, question)),
        ],
    }  # fmt: skip
    return made[report]


def _of_photos(asker: Asker, question: dict[str, Any]) -> Answer:
    """Products that come back because they are not as they were shown."""
    view = narrowed(question, Filter("return_reason", "in", prevention.MEASURES["Photos and description"]))
    return asker.query("returned_units", by="product", sort="-returned_units", limit=TOP, **view)


def _months(asker: Asker, question: dict[str, Any]) -> Callable[[], Answer]:
    """The month and the twelve before it."""
    end = settled(asker, question).period.end
    start = date(end.year - 1, end.month, 1)
    view = {key: value for key, value in question.items() if key == "where"}
    return lambda: asker.query(["returns", "return_rate", "return_value"], grain="month", start=start, end=end, **view)


def _days(asker: Asker, report: str) -> dict[str, Any]:
    end = asker.release.span.end
    if report == "monthly":
        whole = (end + timedelta(days=1)).day == 1
        last = end if whole else end.replace(day=1) - timedelta(days=1)
        last = last if last >= asker.release.span.start else end
        return {"start": last.replace(day=1), "end": last}
    return {"start": end - timedelta(days=DAYS[report] - 1), "end": end}


def _plain(value: Any) -> Any:
    """A value as JSON has it: numbers as numbers, days as text."""
    if isinstance(value, Decimal):
        return float(value)
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return None if isinstance(value, float) and math.isnan(value) else value


ANALYSES = (
    Analysis(
        "returns.report",
        "Reports of returns",
        "returns",
        "The daily, weekly and monthly report of returns, product quality, and prevention, as sections.",
        report,
        (
            Parameter("report", "text", "weekly", "Which report.", choices=tuple(REPORTS)),
            Parameter("target", "number", 20, "The return rate that is aimed at, in percent.", minimum=0, maximum=100),
        ),
    ),
)
