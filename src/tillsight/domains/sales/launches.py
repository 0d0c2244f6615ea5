"""New products: how each sells since its launch, day for day against the launches before it.

`sales.new_products`  products that were launched within a span of days: units of their first 30, 60, 90, 180 days, against usual launches
`sales.since_launch`  the course of up to six products, aligned: units so far by weeks since launch, and the median of all launches

A product is launched on its launch date, else on the day it was first sold; where that lies in the first four weeks of the data nobody
knows whether it was new, and it is left out. Units of the first n days are unknown until n days have passed. A usual launch is the
median, at the same age, of all launches of the last two years.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import ibis
import numpy as np

from tillsight.core import words
from tillsight.core.periods import Period
from tillsight.domains.sales.selling import (
    MOST_COMPARED,
    answer,
    catalogue_of,
    columns,
    fetched,
    period_of,
    skus,
    sold_by_day,
    tabled,
)
from tillsight.metrics.answer import Answer, sentence
from tillsight.metrics.ask import Asker
from tillsight.metrics.model import Analysis, Parameter

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pandas as pd

AGES = (30, 60, 90, 180)
LOOK_BACK = 730
UNSURE = 28
USUAL = "Usual launch"


def new_products(asker: Asker, question: dict[str, Any], days: int, limit: int) -> Answer:
    """Products launched in the `days` before the end of the period, the newest first.

    Columns: SKU, product, category, on sale since, days on sale, units, revenue, units of the first 30, 60, 90, 180 days, and its units so
    far against the median of all launches at the same age (percent; unknown below five of them).
    """
    queries: list[str] = []
    end = period_of(asker, question).end
    daily = _since_launch(asker, sold_by_day(asker, question), end, LOOK_BACK)
    sold = daily.group_by(["product_id", "product", "category", "launched"]).agg(
        units=daily.units.sum(),
        revenue=daily.revenue.sum(),
        **{f"units_{age}": daily.units.sum(where=daily.day_number < age) for age in AGES},
    )
    frame = fetched(asker, sold, queries)
    course = _weeks(fetched(asker, _by_week(daily), queries), frame, end)
    frame["age"] = _ages(frame.launched, end)
    for age in AGES:
        frame[f"units_{age}"] = frame[f"units_{age}"].fillna(0).where(frame.age >= age)
    frame["against_usual"] = _against_usual(course, frame)
    frame = frame[frame.age <= days].sort_values(["launched", "product_id"], ascending=[False, True])
    shown = columns(
        asker,
        (
            "product_id",
            "product",
            "category",
            "launched",
            "age",
            "units",
            "revenue",
            *(f"units_{age}" for age in AGES),
            "against_usual",
        ),
    )
    return answer(
        asker, tabled(frame.head(limit) if limit else frame, shown), shown, queries, row_count=len(frame),
        period=_period(end, days), sentences=_in_words(frame, days, asker.release.locale),
    )  # fmt: skip


def since_launch(asker: Asker, question: dict[str, Any], products: str) -> Answer:
    """Units so far by weeks since launch. Columns: SKU, product, weeks since launch, units, revenue; whole weeks only.

    `products`: SKUs; by default the newest six that were launched in the last two years. The median of all launches has the SKU null.
    """
    import pandas as pd

    queries: list[str] = []
    end = period_of(asker, question).end
    wanted = skus(products)
    every = _since_launch(asker, sold_by_day(asker, question), end, LOOK_BACK)
    if wanted:
        # a chosen product may be older than those that a usual launch is made of
        chosen = _since_launch(asker, sold_by_day(asker, question), end, None).filter(
            lambda t: t.product_id.isin(wanted)
        )
        every = every.filter(lambda t: ~t.product_id.isin(wanted)).union(chosen)
    heads = every.group_by(["product_id", "product", "launched"]).agg(units=every.units.sum())
    frame = fetched(asker, heads, queries).sort_values(["launched", "product_id"], ascending=[False, True])
    course = _weeks(fetched(asker, _by_week(every), queries), frame, end)
    shown_ids = wanted or frame.product_id.head(MOST_COMPARED).tolist()
    mine = course[course.product_id.isin(shown_ids)].merge(frame[["product_id", "product"]], on="product_id")
    usual = _usual(course)
    shown = columns(
        asker, ("product_id", "product", "week", "units", "revenue"), units="Units so far", revenue="Revenue so far"
    )

    both = pd.concat([mine, usual], ignore_index=True) if len(usual) else mine
    unknown = sorted(set(wanted) - set(frame.product_id))
    said = [sentence(f"When {', '.join(unknown)} went on sale is not known.")] if unknown else []
    return answer(asker, tabled(both, shown), shown, queries, period=_period(end, LOOK_BACK), sentences=said)


def _since_launch(asker: Asker, rows: ir.Table, end: date, within: int | None) -> ir.Table:
    """Units and revenue by product and day number since launch: product_id, product, category, launched, day_number, units, revenue.

    Products whose launch is known, at most `within` days before the end.
    """
    rows = rows.filter(rows.day <= ibis.date(end))
    first = rows.group_by("product_id").agg(
        _first=rows.day.min(), product=rows.product_name.max(), category=rows.category.max()
    )
    stated = catalogue_of(asker)
    first = first.left_join(stated, "product_id").drop("product_id_right")
    sure = ibis.date(asker.release.span.start + timedelta(days=UNSURE))
    # a product may be sold before the day that its catalogue names: what is sold is on sale
    launched = ibis.ifelse(
        first.launch_date.notnull(),
        ibis.least(first.launch_date, first._first),
        ibis.ifelse(first._first >= sure, first._first, ibis.null("date")),
    )
    first = first.mutate(launched=launched).filter(lambda t: t.launched.notnull())
    first = first.filter(first.launched >= ibis.date(asker.release.span.start))
    if within is not None:
        first = first.filter(first.launched > ibis.date(end - timedelta(days=within)))
    kept = rows.select("product_id", "day", "units", "revenue").inner_join(
        first.select("product_id", "product", "category", "launched"), "product_id"
    )
    numbered = kept.mutate(day_number=kept.day.delta(kept.launched, unit="day").cast("int64"))
    return numbered.select("product_id", "product", "category", "launched", "day_number", "units", "revenue")


def _by_week(daily: ir.Table) -> ir.Table:
    rows = daily.mutate(week=(daily.day_number // 7).cast("int64"))
    return rows.group_by(["product_id", "week"]).agg(units=rows.units.sum(), revenue=rows.revenue.sum())


def _weeks(sold: pd.DataFrame, heads: pd.DataFrame, end: date) -> pd.DataFrame:
    """Units and revenue so far at the end of each whole week since launch: product_id, week, units, revenue."""
    import pandas as pd

    whole = (_ages(heads.launched, end) // 7).to_numpy()
    ids = np.repeat(heads.product_id.to_numpy(), whole)
    starts = np.repeat(np.cumsum(whole) - whole, whole)
    grid = pd.DataFrame({"product_id": ids, "week": np.arange(len(ids)) - starts})
    grid = grid.merge(sold, on=["product_id", "week"], how="left").fillna({"units": 0.0, "revenue": 0.0})
    grid[["units", "revenue"]] = grid.groupby("product_id", sort=False)[["units", "revenue"]].cumsum()
    return grid.assign(week=grid.week + 1)


def _usual(course: pd.DataFrame) -> pd.DataFrame:
    """The median of units and revenue so far at each age that five launches or more have reached."""
    by_week = course.groupby("week")[["units", "revenue"]]
    usual = by_week.median()[by_week.size() >= 5].reset_index()
    return usual.assign(product_id=None, product=USUAL)


def _against_usual(course: pd.DataFrame, frame: pd.DataFrame) -> pd.Series[float]:
    """Units so far of each product against the median of the launches that were as old, in percent more or less."""
    usual = _usual(course).set_index("week").units
    last = course.groupby("product_id").tail(1).set_index("product_id")
    ratio = 100 * (last.units / last.week.map(usual).replace(0, np.nan) - 1)
    return frame.product_id.map(ratio)


def _ages(launched: pd.Series[Any], end: date) -> pd.Series[int]:
    """Days on sale, the first and the last one included."""
    import pandas as pd

    ages: pd.Series[int] = (pd.Timestamp(end) - launched).dt.days + 1
    return ages


def _period(end: date, days: int) -> Period:
    return Period(end - timedelta(days=days - 1), end)


def _in_words(frame: pd.DataFrame, days: int, locale: str) -> list[dict[str, Any]]:
    if frame.empty:
        return [sentence(f"Nothing was launched in the last {days} days.")]
    many = f"{words.number(len(frame), locale)} {'product was' if len(frame) == 1 else 'products were'}"
    said = [sentence(f"{many} launched in the last {days} days.")]
    judged = frame[frame.against_usual.notna()]
    if len(judged):
        best = judged.sort_values("against_usual", ascending=False).iloc[0]
        if best.against_usual > 0:
            more = words.percent(best.against_usual)
            said.append(
                sentence(
                    f"{best['product'] or best.product_id} sells best for its age: {more} more than a usual launch.",
                    "good",
                )
            )
    return said


ANALYSES = (
    Analysis(
        "sales.new_products",
        "New products",
        "sales",
        "Products that were launched lately, by days since launch, against usual launches.",
        new_products,
        (
            Parameter("days", "integer", 365, "Launched in so many days before the end of the period.", minimum=7, maximum=730),
            Parameter("limit", "integer", 200, "How many products; 0 for all.", minimum=0, maximum=100_000),
        ),
    ),
    Analysis(
        "sales.since_launch",
        "Since launch",
        "sales",
        "Units so far by weeks since launch, of up to six products, and of a usual launch.",
        since_launch,
        (Parameter("products", "text", "", "Up to six SKUs with commas between; by default the newest."),),
    ),
)  # fmt: skip
