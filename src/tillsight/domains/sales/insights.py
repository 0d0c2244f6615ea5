"""What to notice in a period: its days against what was to be expected, its trend, what changed for good, and its seasons.

`sales.insights`  best and worst day, trend, changes of course, weekly shape, season of the year and unusual days, in sentences

Everything but the best and the worst day is told because a test says that it is hardly chance: unusual days at a false discovery rate
of 5 % over all days (`forecasting.surprises`), changes of course by F-tests (`forecasting.turns`), the trend by Kendall's tau, the week by
Kruskal and Wallis. What is usual is learnt from the last three years up to the end of the period, under the same filters.
"""

from __future__ import annotations

import dataclasses
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from tillsight.core import words
from tillsight.domains.sales.places import known_country, main_country
from tillsight.metrics.answer import Answer, AnswerColumn, sentence
from tillsight.metrics.ask import Asker
from tillsight.metrics.dimensions import WEEKDAYS
from tillsight.metrics.model import Analysis, Parameter

if TYPE_CHECKING:
    import pandas as pd

LEAST_WEEKS = 8
WEEKDAYS_OF = 26 * 7
"""Weekdays are compared over so many days, also where the period is shorter."""
MOST_DAYS = 1095
STRONG = 0.3
"""From this part of the ups and downs on, a season is told as strong (Hyndman and Athanasopoulos call 0.64 strong on a finer scale)."""


def insights(asker: Asker, question: dict[str, Any], limit: int = 5) -> Answer:
    """Best and worst day, trend, changes, seasons and unusual days of the period, with the figures behind each.

    Columns: day, revenue, expected (what its surroundings, its weekday and its holiday suggest; unknown where a day is not judged),
    deviation (standard deviations), chance (how likely chance alone is as far off), unusual. Judged only for measures that are never
    negative and from eight weeks of history on.
    """
    question = {key: value for key, value in question.items() if key != "compare"}
    answer = asker.query(["revenue", "orders"], grain="day", **question)
    if not answer.table.num_rows or answer.period is None:
        return dataclasses.replace(answer, sentences=[sentence("There are no sales in this period.")])
    currency, locale = asker.release.currency, asker.release.locale
    frame = answer.to_pandas()[["day", "revenue"]]
    history = _history(asker, question, answer.period.end)
    judged = judge_days(history, main_country(asker, question.get("where") or ()))
    frame = frame.merge(judged[["day", "expected", "deviation", "chance", "unusual"]], on="day", how="left")
    frame["unusual"] = frame.unusual.eq(True)
    sentences = _days_in_words(frame, currency, locale)
    sentences += _trend_in_words(frame)
    sentences += _turns_in_words(history, answer.period.start)
    sentences += _week_in_words(
        frame if len(frame) >= WEEKDAYS_OF else history.tail(WEEKDAYS_OF), judged.attrs.get("week_strength")
    )
    sentences += _year_in_words(history)
    sentences += _unusual_in_words(frame, currency, locale, limit)
    columns = (
        AnswerColumn("day", "Day", "time"),
        AnswerColumn("revenue", "Total revenue", "metric", "revenue", "money", "up", currency),
        AnswerColumn("expected", "Expected", "plain", unit="money", currency=currency),
        AnswerColumn("deviation", "Standard deviations off", "plain", unit="ratio"),
        AnswerColumn("chance", "Chance of that", "plain", unit="percent"),
        AnswerColumn("unusual", "Unusual", "plain"),
    )
    frame["chance"] = frame.chance * 100
    table = pa.Table.from_pandas(frame[[column.name for column in columns]], preserve_index=False)
    return dataclasses.replace(
        answer, table=table, columns=columns, totals=None, row_count=len(frame), sentences=sentences
    )


def _history(asker: Asker, question: dict[str, Any], end: date) -> pd.DataFrame:
    """Revenue and orders of every day of the three years up to the end of the period, under the same filters."""
    last = min(end, asker.release.span.end)
    first = max(asker.release.span.start, last - timedelta(days=MOST_DAYS - 1))
    first = min(first, last)
    where = question.get("where") or ()
    return asker.query(["revenue", "orders"], grain="day", start=first, end=last, where=where).to_pandas()


def judge_days(days: pd.DataFrame, country: str | None = None) -> pd.DataFrame:
    """Add expected, deviation, chance and unusual to consecutive days with day, revenue and orders; unknown where not judged.

    `attrs["week_strength"]`: how much of the ups and downs the weekday explains, from 0 to 1; None where nothing was judged.
    """
    from tillsight.forecasting import calendar
    from tillsight.forecasting.panel import Panel
    from tillsight.forecasting.surprises import judge

    result = days.copy()
    result["expected"], result["deviation"], result["chance"] = np.nan, np.nan, np.nan
    result["unusual"] = False
    result.attrs["week_strength"] = None
    revenue = result.revenue.to_numpy(dtype=float)
    sold = np.flatnonzero(revenue > 0)
    if len(sold) < LEAST_WEEKS * 7 or np.nanmin(revenue) < 0:
        return result
    begun = int(sold[0])
    start = result.day.iloc[begun]
    panel = Panel(
        revenue[None, begun:], start, shared=dict(calendar.features(start, len(result) - begun, known_country(country))),
        codes=calendar.CODES,
    )  # fmt: skip
    found = judge(panel, counts=result.orders.to_numpy(dtype=float)[None, begun:])
    if found is None:
        return result
    for name in ("expected", "deviation", "chance", "unusual"):
        result.loc[result.index[begun:], name] = getattr(found, name)[0]
    result.attrs["week_strength"] = float(found.week_strength()[0])
    return result


def _turns_in_words(history: pd.DataFrame, start: date) -> list[dict[str, Any]]:
    """What changed for good and is still told: changes of the last year before the period, and in it."""
    from tillsight.forecasting.turns import turns

    weeks, first = _weeks(history)
    said = []
    for turn in turns(weeks):
        day = first + timedelta(days=7 * turn.week)
        if day < start - timedelta(days=365):
            continue
        if turn.sort == "step":
            up = turn.size > 0
            level = "higher" if up else "lower"
            change = words.percent(turn.size * 100, signed=True)
            text = f"Since about {words.day(day)} revenue is on a {level} level: {change}."
        else:
            up = turn.after > turn.before
            text = (
                f"About {words.day(day)} the course turned: from {words.percent(turn.before * 100, signed=True)} to "
                f"{words.percent(turn.after * 100, signed=True)} a week."
            )
        said.append(sentence(text, "good" if up else "bad", "revenue"))
    return said


def _weeks(history: pd.DataFrame) -> tuple[np.ndarray[Any, Any], date]:
    """Revenue of spans of seven days that end with the last day, from the first day with sales on; and the first day of the first."""
    revenue = history.revenue.fillna(0).to_numpy(dtype=float)
    sold = np.flatnonzero(revenue > 0)
    begun = int(sold[0]) if len(sold) else len(revenue)
    count = (len(revenue) - begun) // 7
    cut = len(revenue) - count * 7
    first = history.day.iloc[cut] if count else history.day.iloc[-1]
    return revenue[cut:].reshape(count, 7).sum(axis=1), first


def _year_in_words(history: pd.DataFrame) -> list[dict[str, Any]]:
    """The season of the year, where each year's course is foretold by the others."""
    from tillsight.forecasting.turns import year_strength

    weeks, _ = _weeks(history)
    strength = year_strength(weeks)
    if strength is None or strength < STRONG:
        return []
    share = words.percent(strength * 100)
    text = f"The season of the year is strong: it explains {share} of the ups and downs of the weeks beside the trend."
    return [sentence(text, metric="revenue")]


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


def _week_in_words(frame: pd.DataFrame, strength: float | None) -> list[dict[str, Any]]:
    """The weekly shape is told when the Kruskal-Wallis test says that weekdays differ (p < 0.05)."""
    import pandas as pd
    from scipy import stats

    weekday = pd.to_datetime(frame.day).dt.day_of_week.to_numpy()
    groups = [frame.revenue.to_numpy(dtype=float)[weekday == number] for number in range(7)]
    if min(len(group) for group in groups) < 4 or frame.revenue.nunique() < 2:
        return []
    if not stats.kruskal(*groups).pvalue < 0.05:
        return [sentence(f"Over {len(frame) // 7} weeks weekdays do not differ more than by chance.", metric="revenue")]
    means = np.array([group.mean() for group in groups])
    usual = means.mean()
    high, low = int(means.argmax()), int(means.argmin())
    above = words.percent((means[high] / usual - 1) * 100, signed=True)
    text = f"Over {len(frame) // 7} weeks {WEEKDAYS[high]} is the strongest day ({above} against the average day), "
    if means[low] == 0:
        text += f"and nothing is sold on {WEEKDAYS[low]}."
    else:
        text += f"{WEEKDAYS[low]} the weakest ({words.percent((means[low] / usual - 1) * 100, signed=True)})."
    if strength is not None:
        text += f" The weekday explains {words.percent(strength * 100)} of the ups and downs of the days."
    return [sentence(text, metric="revenue")]


def _unusual_in_words(frame: pd.DataFrame, currency: str, locale: str, limit: int) -> list[dict[str, Any]]:
    judged = frame[frame.deviation.notna()]
    if judged.empty:
        return [sentence(f"Unusual days are looked for once there are {LEAST_WEEKS} weeks of history.")]
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
    return sentences or [
        sentence("No day was unusual for its surroundings, its weekday and the calendar.", metric="revenue")
    ]


ANALYSES = (
    Analysis(
        "sales.insights",
        "What to notice",
        "sales",
        "Best and worst day, trend, changes of course, seasons and unusual days, each told because a test says so.",
        insights,
        (Parameter("limit", "integer", 5, "How many unusual days to tell.", minimum=1, maximum=50),),
    ),
)
