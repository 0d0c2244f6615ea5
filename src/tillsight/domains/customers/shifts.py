"""Which segments grew or shrank by more than chance: to be announced.

`customers.shifts`  one row per segment: customers before the period and at its end, who came from and left to other segments, who
                    is new, and whether the balance of coming and leaving is more than chance gives

Whoever stays in a segment says nothing of its growth. Were coming (from another segment, or as a new customer) and leaving equally
likely, their balance would spread like a coin thrown for each of them (McNemar's test, exact: Psychometrika 12, 1947). Several
segments are looked at, so p-values are corrected (Holm, 1979); beyond 5 % nothing is announced, nor below `least` percent of a
segment: what is sure can still be too small to matter.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from tillsight.core import words
from tillsight.domains.customers import rfm
from tillsight.domains.customers.rfm import PRESET
from tillsight.domains.customers.segment_analyses import NOBODY, migration
from tillsight.domains.customers.tables import answer, columns
from tillsight.metrics.answer import Answer, AnswerColumn, sentence
from tillsight.metrics.ask import Asker
from tillsight.metrics.model import Analysis, Parameter

SURE = 0.05
GOOD = ("champion", "loyal", "big spender", "potential", "promising", "new")
"""Segments by a part of their name of which more is good; of the others more is bad, and of the rest it is neither."""
BAD = ("risk", "lost", "sleep", "hibernat", "lapsed", "can't lose", "attention")


def shifts(asker: Asker, question: dict[str, Any], preset: str, least: float) -> Answer:
    """Every segment, the surest change first; a sentence for each that grew or shrank by more than chance."""
    from scipy.stats import binomtest

    rules = rfm.rule_set(asker, preset)
    moved = migration(asker, question, preset)
    flows = moved.to_records()
    rows: list[dict[str, Any]] = []
    for name in rules.segments:
        came = sum(
            row["customers"] for row in flows if row["to_segment"] == name and row["from_segment"] not in (name, NOBODY)
        )
        left = sum(row["customers"] for row in flows if row["from_segment"] == name and row["to_segment"] != name)
        stayed = sum(row["customers"] for row in flows if row["from_segment"] == row["to_segment"] == name)
        fresh = sum(row["customers"] for row in flows if row["to_segment"] == name and row["from_segment"] == NOBODY)
        if not came + left + stayed + fresh:
            continue
        rows.append(
            {
                "segment": name,
                "customers_at_start": stayed + left,
                "customers": stayed + came + fresh,
                "entries": came,
                "exits": left,
                "new_customers": fresh,
                "change": (came + fresh - left) / (stayed + left) * 100 if stayed + left else None,
                "p_value": float(binomtest(left, came + fresh + left).pvalue) if came + fresh + left else 1.0,
            }
        )
    corrected = _holm([row["p_value"] for row in rows])
    for row, p in zip(rows, corrected, strict=True):
        row["p_value"] = p
        row["is_shift"] = bool(p < SURE and (row["change"] is None or abs(row["change"]) >= least))
    rows.sort(key=lambda row: (not row["is_shift"], row["p_value"]))
    whole = ("customers_at_start", "customers", "entries", "exits", "new_customers")
    types = {"segment": pa.string(), "is_shift": pa.bool_(), **dict.fromkeys(whole, pa.int64())}
    names = ("segment", *whole, "change", "p_value", "is_shift")
    table = pa.table({name: pa.array([row[name] for row in rows], types.get(name, pa.float64())) for name in names})
    shown = (
        *columns(asker, ("segment", "customers_at_start", "customers", "entries", "exits")),
        AnswerColumn("new_customers", "New customers", "plain", unit="count"),
        AnswerColumn("change", "Change", "plain", unit="percent"),
        AnswerColumn("p_value", "p-value", "plain", unit="ratio"),
        AnswerColumn("is_shift", "More than chance", "plain"),
    )
    told = [_in_words(asker, row) for row in rows if row["is_shift"]]
    if not told:
        told = [sentence("No segment grew or shrank by more than chance gives.")]
    return answer(
        asker, table, shown, moved.queries, period=moved.period, where=rfm.filters_of(asker, question), sentences=told
    )


def _holm(values: list[float]) -> list[float]:
    """p-values corrected for how many there are, in their order."""
    order = np.argsort(values, kind="stable")
    corrected = np.empty(len(values))
    worst = 0.0
    for rank, at in enumerate(order):
        worst = max(worst, min(values[at] * (len(values) - rank), 1.0))
        corrected[at] = worst
    return [float(value) for value in corrected]


def _in_words(asker: Asker, row: dict[str, Any]) -> dict[str, Any]:
    locale = asker.release.locale
    grew = row["customers"] > row["customers_at_start"]
    name = row["segment"].lower()
    tone = "neutral"
    if any(part in name for part in BAD):
        tone = "bad" if grew else "good"
    elif any(part in name for part in GOOD):
        tone = "good" if grew else "bad"
    size = f" by {words.percent(abs(row['change']))}" if row["change"] is not None else ""
    fresh = f", {words.number(row['new_customers'], locale)} are new customers" if row["new_customers"] else ""
    return sentence(
        f"{row['segment']} {'grew' if grew else 'shrank'}{size} to {words.number(row['customers'], locale)}: "
        f"{words.number(row['entries'], locale)} came from other segments{fresh}, {words.number(row['exits'], locale)} left.",
        tone,
    )


ANALYSES = (
    Analysis(
        "customers.shifts",
        "Shifts between segments",
        "customers",
        "Segments that grew or shrank by more than chance, to be announced.",
        shifts,
        (
            PRESET,
            Parameter("least", "number", 5, "Smallest change worth telling, in percent.", minimum=0, maximum=1000),
        ),
    ),
)
