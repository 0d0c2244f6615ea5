"""Do dearer goods come back more? Price against return rate, within the category.

`returns.prices`  one row per category and price band: products, units sold, returned, the rate with a 90 % interval

A product's price is what was paid for a unit of it in the period on average, without tax. Bands are the quarters of a category's
products by price. The interval allows for products of a band that differ more than chance alone (Wilson's, with the units divided by the
dispersion of the products' rates around their band). The sentence is the effect within categories: a Poisson regression of returned
units on the logarithm of the price with an effect for each category and the units sold as exposure, standard error scaled by
the dispersion (quasi-likelihood, McCullagh and Nelder 1989). It shows what goes together, not what a change of the price would do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tillsight.domains.returns.analyses import LEVEL
from tillsight.domains.returns.seeing import Titles, answer_of, settled
from tillsight.metrics.answer import Answer, sentence
from tillsight.metrics.ask import Asker
from tillsight.metrics.model import Analysis

if TYPE_CHECKING:
    import pandas as pd

BANDS = 4
LEAST_IN_CATEGORY = 8
LEAST_PRODUCTS = 20
LEAST_RETURNED = 50


def prices(asker: Asker, question: dict[str, Any]) -> Answer:
    """Bands of price, from 1, the cheapest. Columns: category, band, from and to (price of a unit), products, sold, returned, rate with
    its interval."""
    titles: Titles = {
        "category": ("Category", None), "band": ("Price band", None), "price_from": ("From", "money"), "price_to": ("To", "money"),
        "products": ("Products", "count"), "units_sold": ("Units sold", "units"), "returned": ("Came back", "units"),
        "rate": ("Return rate", "percent"), "low": ("At least", "percent"), "high": ("At most", "percent"),
    }  # fmt: skip
    question = {key: value for key, value in question.items() if key != "compare"}
    resolved = settled(asker, question)
    answer = asker.query(
        ["units_sold", "revenue", "returned_units_of_purchases"], by=["product_id", "category"], **question
    )
    frame = answer.to_pandas().rename(columns={"returned_units_of_purchases": "returned"})
    frame = frame[
        frame.product_id.notna()
        & frame.category.notna()
        & (frame.units_sold.fillna(0) > 0)
        & (frame.revenue.fillna(0) > 0)
    ]
    frame = frame.astype({"units_sold": float, "revenue": float}).assign(
        returned=frame.returned.fillna(0).astype(float)
    )
    frame["price"] = frame.revenue / frame.units_sold
    frame = frame[frame.groupby("category").product_id.transform("count") >= LEAST_IN_CATEGORY]
    told = effect_of_price(frame)
    if frame.empty or told is None:
        text = (
            f"Not enough data: price against return rate needs {LEAST_PRODUCTS} products of different prices, "
            f"{LEAST_IN_CATEGORY} in a category, and {LEAST_RETURNED} returned units."
        )
        return answer_of(
            asker,
            resolved,
            frame.iloc[:0].reindex(columns=list(titles)),
            titles,
            [sentence(text)],
            queries=answer.queries,
        )
    bands = banded(frame)
    effect, low, high = told
    if low > 0 or high < 0:
        more = "more" if effect > 0 else "less"
        text = f"Within a category, goods that cost twice as much come back {abs(effect):.0f}% {more} often ({low:+.0f}% to {high:+.0f}%)."
    else:
        found = f"goods that cost twice as much come back between {abs(low):.0f}% less and {high:.0f}% more often"
        text = f"Within a category, price and return rate are not seen to go together: {found}."
    said = [sentence(text.replace("-", "−"), metric="return_rate_cohort")]
    return answer_of(asker, resolved, bands, titles, said, sources=answer.sources, queries=answer.queries)


def banded(frame: pd.DataFrame) -> pd.DataFrame:
    """Quarters of every category by price. `frame`: category, price, units_sold, returned."""
    from scipy import stats

    frame = frame.sort_values(["category", "price"], kind="stable").copy()
    place = frame.groupby("category").cumcount() / frame.groupby("category").category.transform("count")
    frame["band"] = (np.floor(place * BANDS) + 1).astype(int)
    made = frame.groupby(["category", "band"]).agg(
        price_from=("price", "min"), price_to=("price", "max"), products=("price", "count"),
        units_sold=("units_sold", "sum"), returned=("returned", "sum")
    ).reset_index()  # fmt: skip
    rate: Any = made.returned / made.units_sold
    inside = frame.merge(made[["category", "band"]].assign(usual=rate), on=["category", "band"])
    spread: Any = (inside.returned - inside.units_sold * inside.usual) ** 2 / np.maximum(
        inside.units_sold * inside.usual * (1 - inside.usual), 1e-9
    )
    dispersion = max(1.0, float(spread.sum() / max(len(inside) - len(made), 1)))
    n, z = made.units_sold / dispersion, float(stats.norm.ppf(0.5 + LEVEL / 2))
    middle = (rate + z**2 / (2 * n)) / (1 + z**2 / n)
    half: Any = z / (1 + z**2 / n) * np.sqrt(rate * (1 - rate).clip(lower=0) / n + z**2 / (4 * n**2))
    names = {1: "1 (cheapest)", BANDS: f"{BANDS} (dearest)"}
    return made.assign(
        band=made.band.map(lambda band: names.get(band, str(band))),
        rate=100 * rate,
        low=100 * (middle - half),
        high=100 * (middle + half),
    )


def effect_of_price(frame: pd.DataFrame) -> tuple[float, float, float] | None:
    """By how many percent the rate of goods at twice the price differs, with its interval; None where too little is known."""
    from scipy import stats

    returned, sold = frame.returned.to_numpy(dtype=float), frame.units_sold.to_numpy(dtype=float)
    if len(frame) < LEAST_PRODUCTS or returned.sum() < LEAST_RETURNED:
        return None
    log_price = np.log(frame.price.to_numpy(dtype=float))
    codes, categories = frame.category.factorize()
    # a category that nothing comes back of says nothing about its prices
    there = np.bincount(codes, returned, minlength=len(categories))[codes] > 0
    returned, sold, log_price, codes = returned[there], sold[there], log_price[there], codes[there]
    used, codes = np.unique(codes, return_inverse=True)
    mean_log = np.bincount(codes, log_price) / np.bincount(codes)
    centred = log_price - mean_log[codes]
    if len(returned) <= len(used) + 1 or float((centred**2).sum()) < 1e-6:
        return None
    slope = 0.0
    for _ in range(50):
        # the effect of each category follows from the slope, so one number is searched for
        weight = sold * np.exp(slope * centred)
        level = np.bincount(codes, returned) / np.bincount(codes, weight)
        expected = weight * level[codes]
        around = centred - (np.bincount(codes, expected * centred) / np.bincount(codes, expected))[codes]
        information = float((expected * around**2).sum())
        step = float((around * (returned - expected)).sum()) / information
        slope += float(np.clip(step, -2.0, 2.0))
        if abs(step) < 1e-9:
            break
    dispersion = max(
        1.0, float((((returned - expected) ** 2) / np.maximum(expected, 1e-9)).sum() / (len(returned) - len(used) - 1))
    )
    error = float(np.sqrt(dispersion / information)) * float(stats.norm.ppf(0.5 + LEVEL / 2))
    low, middle, high = (100 * (float(np.exp(np.log(2) * at)) - 1) for at in (slope - error, slope, slope + error))
    return middle, low, high


ANALYSES = (
    Analysis(
        "returns.prices",
        "Price against return rate",
        "returns",
        "The return rate of cheap and dear goods of each category, with intervals, and how the two go together within categories.",
        prices,
    ),
)
