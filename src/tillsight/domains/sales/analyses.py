"""Analyses of sales: what happened in a period and why, in sentences that stand on figures.

`sales.headline`  what net sales did against the comparison, what brought the change (orders, value of an order, discounts,
                  returns: the parts sum to the change) and which category moved most.
"""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from typing import Any

import pyarrow as pa

from tillsight.core import words
from tillsight.metrics.answer import Answer, AnswerColumn, sentence
from tillsight.metrics.ask import Asker
from tillsight.metrics.model import Analysis

_PARTS = ("gross_sales", "discounts", "returned_sales", "net_sales", "orders", "units_sold")


def headline(asker: Asker, question: dict[str, Any]) -> Answer:
    """Net sales of the period against the comparison (the previous period by default), and what the change is made of.

    Columns: part, amount (in the reporting currency); the parts sum to the change exactly.
    """
    compare = question.get("compare") or "previous"
    question = {**question, "compare": "previous" if compare == "none" else compare}
    answer = asker.query(_PARTS, **question)
    row = answer.to_records()[0]
    currency, locale = asker.release.currency, asker.release.locale
    now, then = row["net_sales"], row["net_sales_compare"]

    def money(value: Any) -> str:
        return words.amount(value, currency, locale)

    if not row["orders"] and not now:
        return _told(answer, [], [sentence("Nothing was sold in this period.")])
    if then is None or not row["orders_compare"]:
        text = f"Net sales were {money(now)} from {words.number(row['orders'], locale)} orders."
        return _told(answer, [], [sentence(text, metric="net_sales"), sentence("There are no sales to compare with.")])
    change = now - then
    rate = row["net_sales_change_rate"]
    parts = _decomposed(row)
    verb = "rose" if change > 0 else "fell" if change < 0 else "stayed the same"
    by = f" {words.percent(abs(rate))}" if rate is not None and change else ""
    first = f"Net sales {verb}{by} to {money(now)}." if change else f"Net sales stayed at {money(now)}."
    sentences = [sentence(first, "good" if change > 0 else "bad" if change < 0 else "neutral", "net_sales")]
    sentences.append(sentence(_why(parts, money)))
    moved = _most_moved(asker, question, change, money)
    if moved:
        sentences.append(moved)
    return _told(answer, parts, sentences)


def _decomposed(row: dict[str, Any]) -> list[tuple[str, Decimal]]:
    """The change of net sales as orders, value of an order, discounts and returns; rounded so that the parts sum to it."""
    now, then = row["gross_sales"], row["gross_sales_compare"]
    orders, before = row["orders"], row["orders_compare"]
    volume = (then / before * (orders - before)).quantize(Decimal("0.01")) if before else Decimal(0)
    return [
        ("more or fewer orders", volume),
        ("value of an order", (now - then) - volume),
        ("discounts", -row["discounts_change"]),
        ("returns", -row["returned_sales_change"]),
    ]


def _why(parts: list[tuple[str, Decimal]], money: Any) -> str:
    names = {
        "more or fewer orders": ("more orders", "fewer orders"),
        "value of an order": ("larger orders", "smaller orders"),
        "discounts": ("lower discounts", "higher discounts"),
        "returns": ("fewer returns", "more returns"),
    }
    gains = [(names[name][0], value) for name, value in parts if value > 0]
    losses = [(names[name][1], value) for name, value in parts if value < 0]

    def told(items: list[tuple[str, Decimal]]) -> str:
        ordered = sorted(items, key=lambda item: -abs(item[1]))
        pieces = [f"{name} {money(abs(value))}" for name, value in ordered]
        return pieces[0] if len(pieces) == 1 else f"{', '.join(pieces[:-1])} and {pieces[-1]}"

    if gains and losses:
        text = f"{told(gains)} added; {told(losses)} took away."
    elif gains:
        text = f"{told(gains)} added."
    elif losses:
        text = f"{told(losses)} took away."
    else:
        return "Nothing moved."
    return text[0].upper() + text[1:]


def _most_moved(asker: Asker, question: dict[str, Any], change: Decimal, money: Any) -> dict[str, Any] | None:
    """The category that moved most in the direction of the change."""
    if not change:
        return None
    sort = "-net_sales_change" if change > 0 else "net_sales_change"
    rows = asker.query("net_sales", by="category", sort=sort, limit=1, **question).to_records()
    if not rows or rows[0]["category"] is None or not rows[0]["net_sales_change"]:
        return None
    moved = rows[0]["net_sales_change"]
    if (moved > 0) != (change > 0):
        return None
    verb = "grew" if moved > 0 else "lost"
    return sentence(
        f"{rows[0]['category']} {verb} most: {money(abs(moved))}.", "good" if moved > 0 else "bad", "net_sales"
    )


def _told(answer: Answer, parts: list[tuple[str, Decimal]], sentences: list[dict[str, Any]]) -> Answer:
    table = pa.table(
        {
            "part": pa.array([name for name, _ in parts], pa.string()),
            "amount": pa.array([value for _, value in parts], pa.decimal128(38, 6)),
        }
    )
    columns = (
        AnswerColumn("part", "Part of the change", "dimension"),
        AnswerColumn("amount", "Change of net sales", "metric", "net_sales", "money", "up", answer.currency),
    )
    return dataclasses.replace(
        answer, table=table, columns=columns, totals=None, row_count=len(parts), sentences=sentences
    )


ANALYSES = (
    Analysis(
        "sales.headline",
        "What happened and why",
        "sales",
        "Net sales against the comparison, and what the change is made of.",
        headline,
    ),
)
