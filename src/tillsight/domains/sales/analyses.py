"""Analyses of sales: what happened in a period and why, in sentences that stand on figures.

`sales.headline`  what net sales did against the comparison, what brought the change (orders, value of an order, discounts,
                  returns: the parts sum to the change) and which category moved most.
`sales.insights`  best and worst day, trend, weekly shape and unusual days.

Unusual days: the day's revenue over the product of its local level (median of the 29 days around it) and the index of its
weekday; the logarithm of that ratio against its median absolute deviation. Beyond 3.5 robust deviations a day is unusual
(Iglewicz and Hoaglin, 1993). Days around the ends, and shops with fewer than eight weeks, are not judged.
"""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from tillsight.core import words
from tillsight.metrics.answer import Answer, AnswerColumn, sentence
from tillsight.metrics.ask import Asker
from tillsight.metrics.dimensions import WEEKDAYS
from tillsight.metrics.model import Analysis, Parameter

if TYPE_CHECKING:
    import pandas as pd

ROBUST_LIMIT = 3.5
LEAST_DAYS = 56
WINDOW = 29

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


def insights(asker: Asker, question: dict[str, Any], limit: int = 5) -> Answer:
    """Best and worst day, trend, weekly shape and unusual days of the period, with the figures behind each.

    Columns: day, revenue, expected (what its surroundings and its weekday suggest; unknown near the ends), deviation (robust
    standard deviations), unusual.
    """
    question = {key: value for key, value in question.items() if key != "compare"}
    answer = asker.query(["revenue", "orders"], grain="day", **question)
    if not answer.table.num_rows:
        return dataclasses.replace(answer, sentences=[sentence("There are no sales in this period.")])
    whole = asker.query("revenue", grain="day", where=question.get("where", ()))
    judged = unusual_days(whole.to_pandas())
    frame = answer.to_pandas()[["day", "revenue"]].merge(judged[["day", "expected", "deviation"]], on="day", how="left")
    frame["unusual"] = frame.deviation.abs() > ROBUST_LIMIT
    currency, locale = asker.release.currency, asker.release.locale
    sentences = _days_in_words(frame, currency, locale)
    sentences += _trend_in_words(frame)
    sentences += _week_in_words(frame)
    sentences += _unusual_in_words(frame, currency, locale, limit)
    columns = (
        AnswerColumn("day", "Day", "time"),
        AnswerColumn("revenue", "Total revenue", "metric", "revenue", "money", "up", currency),
        AnswerColumn("expected", "Expected", "plain", unit="money", currency=currency),
        AnswerColumn("deviation", "Robust deviations", "plain", unit="ratio"),
        AnswerColumn("unusual", "Unusual", "plain"),
    )
    table = pa.Table.from_pandas(frame, preserve_index=False)
    return dataclasses.replace(
        answer, table=table, columns=columns, totals=None, row_count=len(frame), sentences=sentences
    )


def unusual_days(days: pd.DataFrame) -> pd.DataFrame:
    """Add `expected` and `deviation` to a frame of consecutive days with `day` and `revenue`; NaN where not judged."""
    import pandas as pd

    result = days.copy()
    revenue = result.revenue.to_numpy(dtype=float)
    result["expected"] = np.nan
    result["deviation"] = np.nan
    open_days = revenue > 0
    if open_days.sum() < LEAST_DAYS:
        return result
    series = pd.Series(np.where(open_days, revenue, np.nan))
    level = series.rolling(WINDOW, center=True, min_periods=WINDOW // 2).median()
    weekday = pd.to_datetime(result.day).dt.day_of_week
    ratio = series / level
    index = ratio.groupby(weekday.to_numpy()).transform("median")
    expected = (level * index).to_numpy()
    with np.errstate(divide="ignore", invalid="ignore"):
        residual = np.log(series.to_numpy() / expected)
    if not np.isfinite(residual).any():
        return result
    middle = np.nanmedian(residual)
    spread = 1.4826 * np.nanmedian(np.abs(residual - middle))
    result["expected"] = expected
    if spread > 0:
        result["deviation"] = (residual - middle) / spread
    half = WINDOW // 2
    edge = result.index[:half].union(result.index[-half:])
    result.loc[edge, ["expected", "deviation"]] = np.nan
    return result


def _days_in_words(frame: pd.DataFrame, currency: str, locale: str) -> list[dict[str, Any]]:
    sold = frame[frame.revenue > 0]
    if len(sold) < 3:
        return []
    best, worst = sold.iloc[int(sold.revenue.argmax())], sold.iloc[int(sold.revenue.argmin())]
    closed = len(frame) - len(sold)
    pause = f" Nothing was sold on {closed} of {len(frame)} days." if closed else ""
    return [
        sentence(
            f"Best day {words.day(best.day)} with {words.amount(best.revenue, currency, locale)}, "
            f"worst {words.day(worst.day)} with {words.amount(worst.revenue, currency, locale)}.{pause}",
            metric="revenue",
        )
    ]


def _trend_in_words(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """A trend is told when Kendall's tau over whole weeks says that it is not chance (p < 0.05)."""
    import pandas as pd
    from scipy import stats

    by_week = (
        frame.assign(week=pd.to_datetime(frame.day).dt.to_period("W")).groupby("week").revenue.agg(["sum", "count"])
    )
    weeks = by_week.loc[by_week["count"] == 7, "sum"].to_numpy(dtype=float)
    if len(weeks) < 6:
        return []
    tau, chance = stats.kendalltau(np.arange(len(weeks)), weeks)
    if not chance < 0.05:
        return [
            sentence(f"No trend over {len(weeks)} weeks: the ups and downs are what chance gives.", metric="revenue")
        ]
    slope = float(stats.theilslopes(weeks, np.arange(len(weeks)))[0])
    rate = slope / float(np.median(weeks)) * 100
    verb = "growing" if tau > 0 else "falling"
    return [
        sentence(
            f"Revenue is {verb} by about {words.percent(abs(rate))} of a usual week each week, over {len(weeks)} weeks.",
            "good" if tau > 0 else "bad",
            "revenue",
        )
    ]


def _week_in_words(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The weekly shape is told when the Kruskal-Wallis test says that weekdays differ (p < 0.05)."""
    import pandas as pd
    from scipy import stats

    weekday = pd.to_datetime(frame.day).dt.day_of_week.to_numpy()
    groups = [frame.revenue.to_numpy(dtype=float)[weekday == number] for number in range(7)]
    if min(len(group) for group in groups) < 4 or frame.revenue.nunique() < 2:
        return []
    if not stats.kruskal(*groups).pvalue < 0.05:
        return [sentence("Weekdays do not differ more than by chance.", metric="revenue")]
    means = np.array([group.mean() for group in groups])
    usual = means.mean()
    high, low = int(means.argmax()), int(means.argmin())
    above = words.percent((means[high] / usual - 1) * 100, signed=True)
    text = f"{WEEKDAYS[high]} is the strongest day ({above} against the average day), "
    if means[low] == 0:
        text += f"and nothing is sold on {WEEKDAYS[low]}."
    else:
        text += f"{WEEKDAYS[low]} the weakest ({words.percent((means[low] / usual - 1) * 100, signed=True)})."
    return [sentence(text, metric="revenue")]


def _unusual_in_words(frame: pd.DataFrame, currency: str, locale: str, limit: int) -> list[dict[str, Any]]:
    judged = frame[frame.deviation.notna()]
    if judged.empty:
        return [sentence(f"Unusual days are looked for once there are {LEAST_DAYS // 7} weeks around them.")]
    found = judged[judged.unusual].sort_values("deviation", key=abs, ascending=False).head(limit)
    sentences: list[dict[str, Any]] = []
    for row in found.to_dict("records"):
        high = row["revenue"] > row["expected"]
        sentences.append(
            sentence(
                f"{words.day(row['day'])} was unusual: {words.amount(row['revenue'], currency, locale)} where about "
                f"{words.amount(row['expected'], currency, locale)} was to be expected.",
                "good" if high else "bad",
                "revenue",
            )
        )
    return sentences or [sentence("No day was unusual for its surroundings and its weekday.", metric="revenue")]


ANALYSES = (
    Analysis(
        "sales.headline",
        "What happened and why",
        "sales",
        "Net sales against the comparison, and what the change is made of.",
        headline,
    ),
    Analysis(
        "sales.insights",
        "What to notice",
        "sales",
        "Best and worst day, trend, weekly shape and unusual days.",
        insights,
        (Parameter("limit", "integer", 5, "How many unusual days to tell.", minimum=1, maximum=50),),
    ),
)
