"""What is still to come back, and what can be done about it.

`returns.maturity`    the return rate of each month of purchase as it stands and as it will be when everything is back.
`returns.prevention`  what to do about which product, with the evidence, the money and how sure it is.

Maturity: how long goods take to come back is estimated from the whole history with what is not yet seen left open (the reverse
hazard of right-truncated lags, the chain ladder of daily cohorts; Lynden-Bell 1971, Kalbfleisch and Lawless 1989). The final
rate of everything is what came back over units sold times the share that can be seen by now (Cape Cod, Stanard 1985); the rest
of a month is its units × that rate × the share not seen. The interval is that of an over-dispersed Poisson count.

Prevention: units that a product brings back for the reasons that one measure can cure, against what its category brings back for
them (without the product itself; the whole shop where the category has fewer than five others). How sure: given what the product
and the others bring back together, chance would give each its share by the units sold (the conditional test of two Poisson
rates, Przyborowski and Wilenski, 1940; so what is usual need not be known exactly); all products and measures are judged
together, at a false discovery rate of 10 % (Benjamini and Hochberg, 1995). The confidence of a finding is 100 % less the false
discovery rate at which it still holds: at least that share of findings as sure as it are no chance. It is told up to 99 %: nothing
is certain, and beyond that a figure says more of the model than of the shop. Money: the units above expectation × what a returned
unit costs the shop in the period, so it is what could be saved if the product were as others are.
"""

from __future__ import annotations

import dataclasses
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tillsight.core import words
from tillsight.forecasting.discoveries import adjusted
from tillsight.metrics.answer import Answer, AnswerColumn, sentence
from tillsight.metrics.ask import Asker
from tillsight.metrics.model import Analysis, Parameter

if TYPE_CHECKING:
    import pandas as pd

Floats = npt.NDArray[np.float64]

LEVEL = 0.90
MATURE = 0.98
LEAST_UNITS_BACK = 30
LONGEST_LAG = 365
DISCOVERY = 0.10
SUREST = 99.0
"""Highest confidence that is told, in percent."""
LEAST_OTHERS = 5

MEASURES = {
    "Size guide": (
        "Too small",
        "Too large",
        "Band too tight",
        "Band too loose",
        "Cup too small",
        "Cup too large",
        "Wrong size ordered",
        "Fit not as expected",
    ),
    "Photos and description": (
        "Colour not as expected",
        "Style different from the photos",
        "Material concerns",
        "Not as described",
        "Design preferences",
    ),
    "Quality control or another supplier": (
        "Manufacturing defect",
        "Stopped working",
        "Material quality",
        "Wear after use",
    ),
    "Packaging": ("Damaged on arrival", "Package damaged"),
    "Picking": ("Wrong item shipped", "Wrong colour shipped", "Wrong model shipped"),
    "Delivery": ("Late delivery", "Lost in transit"),
}
"""What can be done, and the reasons that it cures."""


def maturity(asker: Asker, question: dict[str, Any]) -> Answer:
    """The return rate of each month of purchase, so far and projected.

    Columns: month, units sold, returned so far, rate so far, seen (share of the final returns that can be there by now), projected
    rate with interval, final (nothing of weight is missing). No row is projected where fewer than 30 units came back in all.
    """
    question = {key: value for key, value in question.items() if key != "compare"}
    where = question.get("where", ())
    end = asker.release.span.end
    history = asker.query("returned_units_of_purchases", by="days_to_return", grain="day", where=where).to_pandas()
    history = history[history.days_to_return.notna() & (history.returned_units_of_purchases.fillna(0) > 0)]
    answer = asker.query(["units_sold", "returned_units_of_purchases"], grain="month", **question)
    daily = asker.query("units_sold", grain="day", where=where).to_pandas()
    frame = answer.to_pandas()
    frame["rate"] = 100 * frame.returned_units_of_purchases / frame.units_sold.where(frame.units_sold > 0)
    enough = float(history.returned_units_of_purchases.sum()) >= LEAST_UNITS_BACK
    shown = frame.assign(seen=np.nan, projected=np.nan, low=np.nan, high=np.nan, final=None)
    sentences = [sentence("Too little came back to say how much is still to come.")]
    if enough:
        share = lags(
            history.day.map(lambda day: (end - _day(day)).days),
            history.days_to_return,
            history.returned_units_of_purchases,
        )
        shown = _projected(frame, daily, history, share, end)
        sentences = _maturity_in_words(shown)
    names = {
        "month": ("Month of purchase", None), "units_sold": ("Units sold", "units"),
        "returned_units_of_purchases": ("Came back so far", "units"), "rate": ("Return rate so far", "percent"),
        "seen": ("Share seen by now", "percent"), "projected": ("Projected final rate", "percent"), "low": ("At least", "percent"),
        "high": ("At most", "percent"), "final": ("Final", None),
    }  # fmt: skip
    columns = tuple(
        AnswerColumn(name, title, "time" if name == "month" else "plain", unit=unit)
        for name, (title, unit) in names.items()
    )
    table = pa.Table.from_pandas(shown[list(names)], preserve_index=False)
    return dataclasses.replace(
        answer, table=table, columns=columns, totals=None, buckets=(), row_count=len(shown), sentences=sentences
    )


def lags(age: Any, lag: Any, units: Any) -> Floats:
    """Share of the returns that are there `d` days after the purchase, for d = 0 … the longest lag seen, from open histories.

    `age`: days from each purchase to the end of the data, `lag`: days that the return took, `units`: how many. A return can be
    seen only where lag ≤ age. F(d − 1) = F(d) × (1 − n(d) ÷ N(d)), where n(d) came back after d days and N(d) after d days or
    fewer, both of purchases at least d days old; F is 1 at the longest lag.
    """
    age, lag, units = (np.asarray(values, dtype=np.float64) for values in (age, lag, units))
    keep = (lag >= 0) & (lag <= np.minimum(age, LONGEST_LAG))
    age, lag, units = age[keep].astype(np.int64), lag[keep].astype(np.int64), units[keep]
    longest = int(lag.max(initial=0))
    share = np.ones(longest + 1)
    at = np.bincount(lag, units, minlength=longest + 1)
    # purchases younger than d days are left out of both counts
    grid = np.zeros((longest + 1, longest + 2))
    np.add.at(grid, (lag, np.minimum(age, longest + 1)), units)
    for d in range(longest, 0, -1):
        risk = float(grid[: d + 1, d:].sum())
        share[d - 1] = share[d] * (1 - (at[d] / risk if risk else 0.0))
    return share


def seen_by(share: Floats, age: Floats) -> Floats:
    """The share for ages in days; a purchase after the end of the data has none."""
    found = share[np.clip(age, 0, len(share) - 1).astype(np.int64)]
    return np.where(age < 0, 0.0, found)


def _projected(
    frame: pd.DataFrame, daily: pd.DataFrame, history: pd.DataFrame, share: Floats, end: date
) -> pd.DataFrame:
    import pandas as pd
    from scipy import stats

    sold = daily.units_sold.fillna(0).astype("float64").to_numpy()
    age = np.array([(end - _day(day)).days for day in daily.day], dtype=np.float64)
    visible = sold * seen_by(share, age)
    month = pd.to_datetime(daily.day).dt.to_period("M").dt.to_timestamp()
    by_month = pd.DataFrame({"month": month, "sold": sold, "visible": visible}).groupby("month").sum()
    back = pd.to_datetime(history.day).dt.to_period("M").dt.to_timestamp()
    came = (
        history.returned_units_of_purchases.astype("float64")
        .groupby(back.to_numpy())
        .sum()
        .reindex(by_month.index, fill_value=0.0)
    )
    final_rate = float(came.sum() / max(visible.sum(), 1e-9))
    expected = np.maximum(by_month.visible.to_numpy() * final_rate, 1e-9)
    spread = max(1.0, float((((came.to_numpy() - expected) ** 2) / expected).sum() / max(len(expected) - 1, 1)))
    found = frame.set_index(pd.to_datetime(frame.month))
    known = by_month.reindex(found.index)
    units = found.units_sold.astype("float64").to_numpy()
    seen = (known.visible / known.sold.where(known.sold > 0)).to_numpy()
    rest = np.maximum(units * final_rate * (1 - seen), 0.0)
    tail = (1 - LEVEL) / 2
    # a count with variance = spread × mean: a gamma-mixed Poisson, from its two moments
    size = np.maximum(rest / max(spread - 1, 1e-6), 1e-9)
    low, high = (
        np.where(rest > 0, stats.nbinom.ppf(p, size, np.clip(size / (size + np.maximum(rest, 1e-12)), 1e-12, 1)), 0.0)
        for p in (tail, 1 - tail)
    )
    so_far = found.returned_units_of_purchases.fillna(0).astype("float64").to_numpy()
    whole = np.where(units > 0, units, np.nan)
    return frame.assign(
        seen=100 * seen,
        projected=100 * (so_far + rest) / whole,
        low=100 * (so_far + low) / whole,
        high=100 * (so_far + high) / whole,
        final=seen >= MATURE,
    )


def _maturity_in_words(frame: pd.DataFrame) -> list[dict[str, Any]]:
    if not frame.units_sold.fillna(0).any():
        return [sentence("Nothing was sold in this period.")]
    young = frame[(~frame.final.astype(bool)) & frame.projected.notna()]
    if young.empty:
        return [sentence("Nothing of weight is still to come back.", "good")]
    last = young.iloc[-1]
    month = f"{_day(last.month):%B %Y}"
    text = f"Of what was bought in {month}, {last.rate:.1f}% is back; {last.projected:.1f}% is expected in the end"
    return [sentence(f"{text} ({last.low:.1f}% to {last.high:.1f}%).", metric="return_rate_cohort")]


def prevention(asker: Asker, question: dict[str, Any], limit: int = 20) -> Answer:
    """What to do about which product, the largest saving first.

    Columns: product, category, measure, reason (the most frequent of those it cures), units sold, units (that came back for
    them), expected (units, as the category does), saving (money of the period), confidence (percent, 90 to 99).
    """
    question = {key: value for key, value in question.items() if key != "compare"}
    answer = asker.query(["units_sold", "returned_units_of_purchases"], by=["product", "category"], **question)
    sold = answer.to_pandas()
    sold = sold[sold["product"].notna() & (sold.units_sold.fillna(0) > 0)]
    back = asker.query("returned_units_of_purchases", by=["product", "return_reason"], **question).to_pandas()
    [cost] = asker.query(["net_return_loss", "returned_units"], **question).to_records()
    each = (
        float(cost["net_return_loss"] / cost["returned_units"])
        if cost["returned_units"] and cost["net_return_loss"]
        else None
    )
    frame = judged(sold, back)
    frame["saving"] = (frame.units - frame.expected) * each if each is not None else np.nan
    frame["expected"] = frame.expected.round(1)
    found = frame[frame.found].sort_values(["saving", "units"], ascending=False, na_position="last")
    chosen = found.head(limit)
    currency, locale = answer.currency, asker.release.locale
    names = {
        "product": ("Product", None), "category": ("Category", None), "measure": ("What to do", None),
        "reason": ("Most frequent reason", None),
        "units_sold": ("Units sold", "units"), "units": ("Came back for it", "units"), "expected": ("Usual", "units"),
        "saving": ("Could be saved", "money"), "confidence": ("Confidence (≤ 99%)", "percent"),
    }  # fmt: skip
    columns = tuple(
        AnswerColumn(
            name, title, "plain" if unit else "dimension", unit=unit, currency=currency if unit == "money" else None
        )
        for name, (title, unit) in names.items()
    )
    sentences = [sentence("No product comes back for a reason more than its category does, beyond chance.", "good")]
    if sold.empty:
        sentences = [sentence("Nothing was sold in this period.")]
    elif len(chosen):
        sentences = [
            _advice(row, None if each is None else words.amount(round(float(row["saving"]), 2), currency, locale))
            for row in chosen.head(5).to_dict("records")
        ]
    table = pa.Table.from_pandas(chosen[list(names)], preserve_index=False)
    return dataclasses.replace(
        answer, table=table, columns=columns, totals=None, row_count=len(found), sentences=sentences
    )


def _advice(row: dict[Any, Any], saving: str | None) -> dict[str, Any]:
    expected = f"{row['expected']:.0f}" if row["expected"] >= 10 else f"{row['expected']:.1f}"
    usual = f"{expected} would be usual in {row['among']}"
    worth = f"; worth {saving} in this period" if saving else ""
    text = f"{row['measure']} for {row['product']}: {row['units']:.0f} units came back because of it, {usual}{worth}."
    return sentence(text, "bad", "return_rate_cohort")


def judged(sold: pd.DataFrame, back: pd.DataFrame) -> pd.DataFrame:
    """Every product and measure with units, expected, among (what is usual there), confidence (percent) and found.

    `sold`: product, category, units_sold. `back`: product, return_reason, returned_units_of_purchases.
    """
    import pandas as pd
    from scipy import stats

    cures = {reason: measure for measure, reasons in MEASURES.items() for reason in reasons}
    back = back.assign(
        measure=back.return_reason.map(cures), units=back.returned_units_of_purchases.fillna(0).astype("float64")
    )
    back = back[back.measure.notna() & (back.units > 0)].sort_values(
        ["units", "return_reason"], ascending=[False, True]
    )
    if back.empty:
        return sold.iloc[:0].assign(
            measure="", reason="", units=0.0, expected=0.0, among="", confidence=0.0, found=False
        )
    units = (
        back.groupby(["product", "measure"], sort=False)
        .agg(units=("units", "sum"), reason=("return_reason", "first"))
        .reset_index()
    )
    known = sold.assign(sold=sold.units_sold.astype("float64"), category=sold.category.where(sold.category.notna(), ""))
    frame = units.merge(known[["product", "category", "units_sold", "sold"]], on="product")
    # a category of few products says little without one of them: then the whole shop is what is usual
    count = frame.category.map(known.groupby("category")["product"].nunique())
    small = (count - 1 < LEAST_OTHERS).to_numpy()
    there = np.where(
        small,
        frame.groupby("measure").units.transform("sum"),
        frame.groupby(["category", "measure"]).units.transform("sum"),
    )
    sold_there = np.where(small, known.sold.sum(), frame.category.map(known.groupby("category").sold.sum()))
    # without the product itself; half a unit keeps a reason that nothing else has from being infinitely rare
    rate = (there - frame.units + 0.5) / np.maximum(sold_there - frame.sold, 1.0)
    frame["expected"] = np.where(sold_there > frame.sold, frame.sold * rate, frame.units)
    tail = stats.binom.sf(np.ceil(frame.units) - 1, np.ceil(there), np.minimum(frame.sold / sold_there, 1.0))
    doubt = adjusted(tail, len(known) * len(MEASURES))
    frame["confidence"] = np.minimum(100 * (1 - doubt), SUREST)
    frame["among"] = np.where(small | (frame.category == ""), "the shop", frame.category)
    frame["found"] = (doubt <= DISCOVERY) & (frame.units > frame.expected).to_numpy()
    frame["category"] = frame.category.where(frame.category != "", pd.NA)
    return frame.astype({"category": object}).assign(category=lambda f: f.category.where(f.category.notna(), None))


def _day(value: Any) -> date:
    day: date = value.date() if hasattr(value, "date") else value
    return day


ANALYSES = (
    Analysis(
        "returns.maturity",
        "What is still to come back",
        "returns",
        "The return rate of each month of purchase, so far and as it will be in the end.",
        maturity,
    ),
    Analysis(
        "returns.prevention",
        "What to do about returns",
        "returns",
        "What to do about which product, with the evidence, the money and how sure it is.",
        prevention,
        (Parameter("limit", "integer", 20, "How many rows.", minimum=1, maximum=1000),),
    ),
)
