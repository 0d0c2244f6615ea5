"""How returns move through their steps: how many get how far, and how long each step takes.

`returns.funnel`  one row per step of the tracking record, and one for what was rejected: returns that reached it, of those asked for in
                  the period; the days from the step before, in the middle (median) and for the slowest tenth (90 % are faster)

A return has reached a step when a moment of it or of a later one is known, or its present step is as far. Days are counted only where the
moments of both steps are known.
"""

from __future__ import annotations

from typing import Any

from tillsight.domains.returns.seeing import Titles, answer_of, fetched, rows_of, settled
from tillsight.metrics.answer import Answer, sentence
from tillsight.metrics.ask import Asker
from tillsight.metrics.model import Analysis

FUNNEL = (
    ("Asked for", "initiated_at", ("initiated",)),
    ("Label made", "labelled_at", ("return_label_generated",)),
    ("On its way", "sent_at", ("in_transit",)),
    ("Received", "received_at", ("received",)),
    ("Inspected", "inspected_at", ("inspected",)),
    ("Refunded or exchanged", "settled_at", ("refunded", "exchanged")),
    ("Completed", "completed_at", ("completed",)),
)
DAY = 86_400.0


def funnel(asker: Asker, question: dict[str, Any]) -> Answer:
    """The steps. Columns: step, returns, share of all, median and 90 % days from the step before, rows in which they are known."""
    import pandas as pd

    titles: Titles = {
        "step": ("Step", None), "returns": ("Returns", "count"), "share": ("Of all returns", "percent"),
        "median": ("Days from the step before", "days"), "slow": ("Nine of ten within", "days"), "timed": ("Times known", "count"),
    }  # fmt: skip
    resolved = settled(asker, question)
    rows = rows_of(asker, "returned_items", resolved)
    rows = rows.filter(rows.is_first_row)
    sums = {"all": rows.count(), "rejected": (rows.return_status == "rejected").sum()}
    for place, (_, moment, _steps) in enumerate(FUNNEL):
        reached = rows[moment].notnull()
        for _, later, steps in FUNNEL[place:]:
            reached = reached | rows[later].notnull() | rows.return_step.isin(steps).fill_null(False)
        sums[f"reached_{place}"] = reached.sum()
        if place:
            before = FUNNEL[place - 1][1]
            days = rows[moment].delta(rows[before], unit="second").cast("float64") / DAY
            sums |= {
                f"timed_{place}": days.count(),
                f"median_{place}": days.quantile(0.5),
                f"slow_{place}": days.quantile(0.9),
            }
    found, sql = fetched(asker, rows.aggregate(**sums))
    has = found.iloc[0]
    whole = float(has["all"] or 0)
    lines: list[dict[str, Any]] = [
        {
            "step": title, "returns": float(has[f"reached_{place}"] or 0),
            "share": 100 * float(has[f"reached_{place}"]) / whole if whole else None,
            "median": has[f"median_{place}"] if place else None, "slow": has[f"slow_{place}"] if place else None,
            "timed": has[f"timed_{place}"] if place else None,
        }
        for place, (title, *_) in enumerate(FUNNEL)
    ]  # fmt: skip
    rejected = float(has["rejected"] or 0)
    lines.append(
        {
            "step": "Rejected",
            "returns": rejected,
            "share": 100 * rejected / whole if whole else None,
            "median": None,
            "slow": None,
            "timed": None,
        }
    )
    sentences = [sentence("No return was asked for in this period.")]
    if whole:
        timed = [row for row in lines if row["median"] is not None and row["median"] == row["median"]]
        sentences = [
            sentence(
                f"{lines[-2]['share']:.0f}% of the returns are completed, {lines[-1]['share']:.1f}% were rejected.",
                metric="returns",
            )
        ]
        if timed:
            slowest = max(timed, key=lambda row: row["median"])
            before = lines[lines.index(slowest) - 1]["step"]
            told = (
                f"half take no more than {slowest['median']:.1f} days, nine of ten no more than {slowest['slow']:.1f}"
            )
            sentences.append(
                sentence(f"The longest wait is from “{before.lower()}” to “{slowest['step'].lower()}”: {told}.")
            )
    # without a return there is no step to show
    frame = pd.DataFrame(lines if whole else lines[:0], columns=list(titles))
    return answer_of(asker, resolved, frame, titles, sentences, queries=[sql])


ANALYSES = (
    Analysis(
        "returns.funnel",
        "Steps of returns",
        "returns",
        "How many returns reach each step, how long each step takes, and how many are rejected.",
        funnel,
    ),
)
