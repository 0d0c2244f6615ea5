"""Products by what surely comes back of them, with their figures.

`returns.ranked`  one row per product, the highest lower bound of its return rate first, page by page

The rate is that of the catalogue (`return_rate`: returned units by the day the return was asked for ÷ units sold); the bound is
the lower end of its 90 % interval, shrunk towards the category as in `analyses.shrunk`. So two of three sales do not make the
worst product, while the rate that is shown beside stays what it is. Products of which nothing was sold have no rate and come last.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from tillsight.core import words
from tillsight.domains.returns.analyses import shrunk
from tillsight.metrics.answer import Answer, AnswerColumn, sentence
from tillsight.metrics.ask import Asker
from tillsight.metrics.compile import Group
from tillsight.metrics.model import Analysis, Parameter
from tillsight.metrics.permission import may_ask
from tillsight.metrics.question import ask_for

FIGURES = ("return_rate", "returned_units", "units_sold", "return_value", "defect_rate", "size_fit_rate")
CUT = ("product_id", "product")


def ranked(asker: Asker, question: dict[str, Any], limit: int = 50, offset: int = 0) -> Answer:
    """Columns: SKU, product, those of `FIGURES` that are open to the one who asks, and return_rate_low (percent)."""
    view = {key: value for key, value in question.items() if key != "compare"}
    frame = asker.query(["units_sold", "returned_units"], by=[*CUT, "category"], **view).to_pandas()
    frame = frame.astype({"units_sold": "float64", "returned_units": "float64"}).fillna(
        {"units_sold": 0.0, "returned_units": 0.0}
    )
    # a product that changed its category is one product, in the one that it sold most in
    frame = frame.sort_values(["units_sold", "category"], ascending=[False, True], kind="stable")
    frame = frame.groupby(list(CUT), dropna=False, sort=False, as_index=False).agg(
        units_sold=("units_sold", "sum"), returned=("returned_units", "sum"), category=("category", "first")
    )
    frame["low"] = np.nan
    sold = frame.units_sold > 0
    if sold.any():
        frame.loc[sold, "low"] = shrunk(frame[sold]).low
    frame = frame.sort_values(
        ["low", "returned", *CUT], ascending=[False, False, True, True], na_position="last", kind="stable"
    )
    page = frame.iloc[offset : offset + limit]
    known = page[list(CUT)].astype(object).where(page[list(CUT)].notna(), None)
    groups = list(known.itertuples(index=False, name=None))
    figures = [name for name in FIGURES if may_ask(asker.catalogue, asker.scope, asker.catalogue.metric(name))]
    answer, there = in_order(asker, figures, CUT, question, groups)
    low = pa.array(page.low.to_numpy()[there], pa.float64(), from_pandas=True)
    table = answer.table.append_column("return_rate_low", low)
    told = [sentence("Nothing was sold and nothing came back in this period.")]
    if len(frame):
        worst = frame.iloc[0]
        name = worst["product"] if isinstance(worst["product"], str) else worst["product_id"]
        told = [sentence("Nothing came back in this period.")]
        if worst.returned > 0 and worst.low == worst.low:
            text = f"{name}: at least {words.percent(worst.low)} of the units sold come back, the most of all products."
            told = [sentence(text, metric="return_rate")]
    columns = (*answer.columns, AnswerColumn("return_rate_low", "Return rate, at least", "plain", unit="percent"))
    return dataclasses.replace(answer, table=table, columns=columns, row_count=len(frame), sentences=told)


def most_defective(asker: Asker, question: dict[str, Any], by: str, limit: int, metrics: Sequence[str]) -> Answer:
    """`metrics` by a dimension, where most returns are surely for a defect first: by the lower end of the 90 % interval of the
    defect rate, shrunk towards that of all returns. So one defective return of one does not make the worst product."""
    view = {key: part for key, part in question.items() if key != "compare"}
    frame = asker.query(["returns", "defect_rate"], by=by, **view).to_pandas()
    frame = frame[frame[by].notna() & (frame.returns.fillna(0) > 0)].astype({"returns": "float64"})
    frame = frame.assign(
        units_sold=frame.returns, returned=frame.returns * frame.defect_rate.astype("float64") / 100, category=""
    )
    if len(frame):
        frame["low"] = shrunk(frame).low
        frame = frame.sort_values(["low", "returned", by], ascending=[False, False, True], kind="stable")
    groups = [(name,) for name in frame[by].head(limit)]
    return dataclasses.replace(in_order(asker, metrics, [by], question, groups)[0], row_count=len(frame))


def in_order(
    asker: Asker, metrics: Sequence[str], by: Sequence[str], question: dict[str, Any], groups: Sequence[Group]
) -> tuple[Answer, list[int]]:
    """Metrics of some groups in the order of these, and the places of those that there is something to say of."""
    answer = asker.ask(ask_for(list(metrics), by=by, **question), among=list(groups))
    named = zip(*(answer.table[name].to_pylist() for name in by), strict=True)
    place = {group: index for index, group in enumerate(named)}
    there = [index for index, group in enumerate(groups) if group in place]
    table = answer.table.take(pa.array([place[groups[index]] for index in there], pa.int64()))
    return dataclasses.replace(answer, table=table), there


ANALYSES = (
    Analysis(
        "returns.ranked",
        "Products by return rate",
        "returns",
        "Products by what surely comes back of them: few sales do not make the worst product.",
        ranked,
        (
            Parameter("limit", "integer", 50, "How many rows.", minimum=1, maximum=10_000),
            Parameter("offset", "integer", 0, "Rows to leave out at the start.", minimum=0),
        ),
    ),
)
