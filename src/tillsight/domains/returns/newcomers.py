"""New products: what of their first 30, 60 and 90 days comes back.

`returns.new_products`  one row per product whose first sale lies in the period: units of its first 30, 60 and 90 days, how much of
                        them is back, and what would be usual by now

A product is new when its first sale in all the data lies in the period, and not in the first 30 days of the data (what was sold then
may be older). Usual is the rate of its category without it, times the share of the returns that can be there by now
(`prevention.lags`), so a product of three weeks is not praised for returns that are still under way. A product stands out when its
interval, shrunk towards what is usual (a gamma prior worth five returns), lies above it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import ibis
import numpy as np
import pyarrow as pa

from tillsight.core import words
from tillsight.domains.returns.analyses import LEVEL
from tillsight.domains.returns.prevention import LEAST_UNITS_BACK, lags
from tillsight.domains.returns.seeing import Titles, answer_of, fetched, rows_of, settled
from tillsight.metrics.answer import Answer, sentence
from tillsight.metrics.ask import Asker
from tillsight.metrics.model import Analysis, Parameter

if TYPE_CHECKING:
    import pandas as pd

    from tillsight.metrics.model import Unit

SPANS = (30, 60, 90)
PARTS: tuple[tuple[str, str, Unit], ...] = (
    ("sold", "Sold", "units"),
    ("returned", "Came back", "units"),
    ("rate", "Rate", "percent"),
)
PRIOR = 5.0
LEAST_SOLD = 10


def new_products(asker: Asker, question: dict[str, Any], limit: int = 50) -> Answer:
    """New products, those that stand out first. Columns: product, category, launched, age, then for 30, 60 and 90 days units sold,
    returned and rate, then of all its first 90 days usual rate by now, interval and whether it stands out."""
    titles: Titles = {
        "product": ("Product", None), "category": ("Category", None), "launched": ("First sold", None), "age": ("Days on sale", "days"),
        **{f"{name}_{days}": (f"{title}, first {days} days", unit) for days in SPANS
           for name, title, unit in PARTS},
        "usual": ("Usual by now", "percent"), "low": ("At least", "percent"), "high": ("At most", "percent"), "verdict": ("Verdict", None),
    }  # fmt: skip
    types = {"launched": pa.date32()}
    resolved = settled(asker, question)
    sales, first = _sold(asker, resolved)
    start, end = asker.release.span.start + timedelta(days=SPANS[0]), asker.release.span.end
    sales["age"] = [(end - day).days + 1 for day in sales.launched]
    new = sales[
        (sales.launched >= max(resolved.period.start, start))
        & (sales.launched <= resolved.period.end)
        & (sales.sold_90 > 0)
    ]
    if new.empty:
        text = "No product was sold for the first time in this period."
        return answer_of(
            asker, resolved, new.reindex(columns=list(titles)), titles, [sentence(text)], queries=[first], types=types
        )
    back, second = _returned(asker, resolved)
    frame = sales.merge(back, on="product_id", how="left")
    counts = [f"returned_{days}" for days in SPANS] + ["returned"]
    frame[counts] = frame[counts].fillna(0.0)
    frame = judged_new(frame, set(new.product_id), _seen(asker, resolved))
    locale = asker.release.locale
    standing = frame[frame.verdict == "Above usual"]
    text = f"{words.number(len(frame), locale)} {'product was' if len(frame) == 1 else 'products were'} new; "
    many = f"{words.number(len(standing), locale)} of them {'comes' if len(standing) == 1 else 'come'} back more than usual"
    text += f"{many if len(standing) else 'none comes back more than usual'}."
    told = [sentence(text, "bad" if len(standing) else "good", "return_rate_cohort")]
    told += [
        sentence(
            f"{row['product']}: {row['so_far']:.1f}% of what its first 90 days sold is back, {row['usual']:.1f}% would be usual by now.",
            "bad",
        )
        for row in standing.head(3).to_dict("records")
    ]
    queries, sources = [first, second], ("sales", "returned_purchases")
    shown = frame.head(limit)
    return answer_of(
        asker, resolved, shown, titles, told, sources=sources, queries=queries, types=types, count=len(frame)
    )


def _sold(asker: Asker, resolved: Any) -> tuple[pd.DataFrame, str]:
    """Every product with its first day and the units of its first days, over all the data."""
    rows = rows_of(asker, "sales", resolved, any_day=True)
    rows = rows.filter(rows.product_id.notnull(), rows.product_name.notnull(), rows.units > 0)
    rows = rows.mutate(launched=rows.day.min().over(group_by=rows.product_id))
    age = rows.day.delta(rows.launched, unit="day")
    table = rows.group_by("product_id").agg(
        product=rows.product_name.max(), category=rows.category.max(), launched=rows.launched.min(), sold=rows.units.sum(),
        **{f"sold_{days}": rows.units.sum(where=age < days) for days in SPANS},
    )  # fmt: skip
    frame, sql = fetched(asker, table)
    frame["launched"] = [day.date() if hasattr(day, "date") else day for day in frame.launched]
    amounts = ["sold", *(f"sold_{days}" for days in SPANS)]
    frame[amounts] = frame[amounts].fillna(0.0).astype(float)
    return frame, sql


def _returned(asker: Asker, resolved: Any) -> tuple[pd.DataFrame, str]:
    """Units that came back of the first days of every product: by days of the order after the product's first sale."""
    sales = rows_of(asker, "sales", resolved, any_day=True)
    first = sales.filter(sales.units > 0).group_by(_product="product_id").agg(launched=lambda rows: rows.day.min())
    rows = rows_of(asker, "returned_purchases", resolved, any_day=True)
    rows = rows.inner_join(first, rows.product_id == first._product)
    age = rows.day.delta(rows.launched, unit="day")
    return fetched(
        asker,
        rows.group_by("product_id").agg(
            returned=rows.units.sum(), **{f"returned_{days}": rows.units.sum(where=age < days) for days in SPANS}
        ),
    )


def _seen(asker: Asker, resolved: Any) -> Any:
    """How much of the returns can be there, by days since the purchase."""
    end = asker.release.span.end
    rows = rows_of(asker, "returned_purchases", resolved, any_day=True)
    rows = rows.filter(rows.days_to_return.notnull(), rows.units > 0)
    found, _ = fetched(
        asker,
        rows.group_by(age=ibis.date(end).delta(rows.day, unit="day"), lag=rows.days_to_return).agg(
            units=rows.units.sum()
        ),
    )
    return lags(found.age, found.lag, found.units) if float(found.units.sum()) >= LEAST_UNITS_BACK else np.ones(1)


def judged_new(frame: pd.DataFrame, new: set[str], share: Any) -> pd.DataFrame:
    """The new ones of all products, with rates, usual rate, interval (percent) and verdict, those that stand out first."""
    from scipy import stats

    frame = frame.assign(category_key=frame.category.fillna(""))
    whole = frame.groupby("category_key")[["sold", "returned"]].transform("sum")
    sold, returned = (whole[name] - frame[name] for name in ("sold", "returned"))
    overall = float(frame.returned.sum() / max(frame.sold.sum(), 1.0))
    usual = (returned / sold.where(sold > 0)).fillna(overall)
    frame = frame.assign(usual_rate=usual)[frame.product_id.isin(new)].copy()
    # sales of the first ninety days are taken as even over the days that there were
    ages = frame.age.to_numpy(dtype=np.int64)
    summed = np.concatenate([[0.0], np.cumsum(share[np.minimum(np.arange(ages.max() + 1), len(share) - 1)])])
    days = np.minimum(ages, SPANS[-1])
    seen = (summed[ages] - summed[ages - days]) / days
    expected = np.maximum(frame.sold_90 * frame.usual_rate * seen, 1e-9)
    k = frame.returned_90.to_numpy(dtype=float)
    tail = (1 - LEVEL) / 2
    low, high = (stats.gamma.ppf(p, k + PRIOR) / (expected + PRIOR) for p in (tail, 1 - tail))
    frame["usual"] = 100 * expected / frame.sold_90
    frame["low"], frame["high"] = low * frame.usual, high * frame.usual
    frame["so_far"] = 100 * k / frame.sold_90
    for span in SPANS:
        frame[f"rate_{span}"] = 100 * frame[f"returned_{span}"] / frame[f"sold_{span}"].where(frame[f"sold_{span}"] > 0)
        # a span that is not over yet is not known
        frame.loc[frame.age < span, [f"{name}_{span}" for name in ("sold", "returned", "rate")]] = np.nan
    few = expected < 1
    frame["verdict"] = np.select(
        [few & (low <= 1), low > 1, high < 1], ["Not enough data", "Above usual", "Below usual"], "As usual"
    )
    rank = frame.verdict.map({"Above usual": 0, "As usual": 1, "Below usual": 1, "Not enough data": 2})
    return frame.assign(rank=rank, over=low).sort_values(["rank", "over", "product"], ascending=[True, False, True])


ANALYSES = (
    Analysis(
        "returns.new_products",
        "New products",
        "returns",
        "What of the first 30, 60 and 90 days of new products comes back, against what would be usual by now.",
        new_products,
        (Parameter("limit", "integer", 50, "How many rows.", minimum=1, maximum=10_000),),
    ),
)
