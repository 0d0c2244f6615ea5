"""What should ring: a rate above what is tolerated, a sudden rise, and goods of one time and source that fail.

`returns.alarms`  one row per finding, three kinds.

threshold  the return rate of a product (by the day of the order) whose 90 % interval, shrunk towards its category, lies above the
           tolerated rate: two returns of three sales do not ring.
spike      units of a product that came back in the last seven days of the period against what the eight weeks before would
           have brought, with what was sold since: a Poisson count, judged over all products at a false discovery rate of 5 %.
pattern    weeks of purchase in a row whose goods come back as defective more than usual, by product and by supplier: the
           likeliest window of one to twelve weeks (Kulldorff's scan statistic for a Poisson count, 1997), counted in returns, as
           units come several in one parcel; kept where its likelihood ratio beats what chance gives over all windows tried.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from tillsight.core.periods import Bucket, Period
from tillsight.domains.returns.analyses import shrunk
from tillsight.domains.returns.seeing import figures, narrowed, placed
from tillsight.forecasting.discoveries import discoveries
from tillsight.metrics.answer import Answer, AnswerColumn, sentence
from tillsight.metrics.ask import Asker
from tillsight.metrics.compile import TIME
from tillsight.metrics.model import Analysis, Parameter
from tillsight.metrics.question import Filter

DEFECTS = ("Manufacturing defect", "Stopped working", "Damaged on arrival", "Material quality", "Wear after use")
SPIKE_DAYS, USUAL_DAYS = 7, 56
LEAST_SPIKE = 5
LONGEST_WINDOW = 12
LEAST_PATTERN = 5
MOST_NAMED = 2_500
"""More names than these are not put into a question one by one."""
DISCOVERY = 0.05
KINDS = {"threshold": "High return rate", "spike": "Sudden rise", "pattern": "Quality pattern"}
ODDS = 20.0
"""One in so many is the chance that anything at all is found where nothing is: windows of a row and week count as one trial."""


def alarms(asker: Asker, question: dict[str, Any], tolerated: float = 30) -> Answer:
    """Findings, the surest first within a kind.

    Columns: kind (high return rate, sudden rise, quality pattern), level (product or supplier), subject, first and last day, units
    (returns, of a pattern), expected, rate (percent, of a threshold).
    """
    question = {key: value for key, value in question.items() if key != "compare"}
    answer = asker.query("returned_units", **question)
    period = answer.period
    if period is None:
        return dataclasses.replace(answer, sentences=[sentence("There are no returns.")])
    metrics = ["units_sold", "returned_units_of_purchases"]
    sold = figures(asker, metrics, question, ["product", "category", "supplier"])[0].to_pandas()
    rows = [
        *_above(sold, period, tolerated),
        *_spikes(asker, question, period),
        *_patterns(asker, question, period, sold),
    ]
    names = {
        "kind": ("Kind", None), "level": ("Of", None), "subject": ("What", None), "first": ("From", None), "last": ("To", None),
        "units": ("Units", "units"), "expected": ("Expected", "units"), "rate": ("Return rate", "percent"),
    }  # fmt: skip
    types = {
        "first": pa.date32(),
        "last": pa.date32(),
        "units": pa.float64(),
        "expected": pa.float64(),
        "rate": pa.float64(),
    }
    table = pa.table({name: pa.array([row[name] for row in rows], types.get(name, pa.string())) for name in names})
    columns = tuple(
        AnswerColumn(name, title, "plain" if unit else "time" if name in ("first", "last") else "dimension", unit=unit)
        for name, (title, unit) in names.items()
    )
    sentences = [sentence(row["text"], "bad", "return_rate") for row in rows[:10]] or [
        sentence("Nothing about returns calls for attention.", "good")
    ]
    return dataclasses.replace(
        answer, table=table, columns=columns, totals=None, row_count=len(rows), sentences=sentences
    )


def _above(sold: pd.DataFrame, period: Period, tolerated: float) -> list[dict[str, Any]]:
    frame = sold.groupby(["product", "category"], dropna=False, as_index=False)[
        ["units_sold", "returned_units_of_purchases"]
    ].sum()
    frame = frame[frame["product"].notna() & (frame.units_sold > 0)]
    if frame.empty:
        return []
    frame = shrunk(frame.assign(returned=frame.returned_units_of_purchases), above=tolerated)
    frame = frame[frame.low > tolerated].sort_values(["low", "product"], ascending=[False, True])
    return [
        {
            "kind": KINDS["threshold"], "level": "Product", "subject": row["product"], "first": period.start, "last": period.end,
            "units": row["returned"], "expected": row["units_sold"] * tolerated / 100, "rate": row["rate"],
            "text": f"{row['product']}: {row['rate']:.1f}% of the units sold come back, above the tolerated {tolerated:g}%.",
        }
        for row in frame.to_dict("records")
    ]  # fmt: skip


def _spikes(asker: Asker, question: dict[str, Any], period: Period) -> list[dict[str, Any]]:
    from scipy import stats

    where = question.get("where", ())
    end = min(period.end, asker.release.span.end)
    first = end - timedelta(days=SPIKE_DAYS - 1)
    usual = {"start": first - timedelta(days=USUAL_DAYS), "end": first - timedelta(days=1)}

    def units(metric: str, **span: Any) -> pd.Series[float]:
        rows: pd.DataFrame = figures(asker, [metric], {"where": where, **span}, ["product"])[0].to_pandas()
        return rows[rows["product"].notna()].set_index("product")[metric].fillna(0).astype("float64")

    now, before = units("returned_units", start=first, end=end), units("returned_units", **usual)
    # what comes back now was sold in the days before: so the expectation follows the sales
    sold = units("units_sold", start=first - timedelta(days=28), end=end)
    sold_before = units("units_sold", start=usual["start"] - timedelta(days=28), end=usual["end"])
    frame = pd.DataFrame({"now": now, "before": before, "sold": sold, "sold_before": sold_before}).fillna(0.0)
    rate = (frame.before + 0.5) / frame.sold_before.clip(lower=1.0)
    days, days_before = SPIKE_DAYS + 28, USUAL_DAYS + 28
    frame["expected"] = rate * frame.sold * (SPIKE_DAYS / days) / (USUAL_DAYS / days_before)
    tail = stats.poisson.sf(frame.now - 1, frame.expected)
    found = discoveries(tail, DISCOVERY)
    frame = frame[found & (frame.now >= LEAST_SPIKE).to_numpy()].sort_values("now", ascending=False, kind="stable")
    return [
        {
            "kind": KINDS["spike"], "level": "Product", "subject": subject, "first": first, "last": end, "units": row["now"],
            "expected": row["expected"], "rate": None,
            "text": f"{subject}: {row['now']:.0f} units came back in the last week, {row['expected']:.1f} would be usual.",
        }
        for subject, row in frame.to_dict("index").items()
    ]  # fmt: skip


def _patterns(asker: Asker, question: dict[str, Any], period: Period, sold: pd.DataFrame) -> list[dict[str, Any]]:
    """Windows of purchase weeks with too many defects, of products and then of suppliers. `sold`: the units of each, a row or more."""
    span = asker.release.span
    known = [
        bucket
        for bucket in asker.calendar.buckets("week", period)
        if span.start <= bucket.end and bucket.start <= span.end
    ]
    view = narrowed(question, Filter("return_reason", "in", DEFECTS))
    return [
        found
        for level in ("product", "supplier")
        for found in _windows(asker, question, view, level, period, known, sold.groupby(level).units_sold.sum())
    ]


def _windows(
    asker: Asker,
    question: dict[str, Any],
    view: dict[str, Any],
    level: str,
    period: Period,
    weeks: Sequence[Bucket],
    sold: pd.Series[float],
) -> list[dict[str, Any]]:
    """The windows of one level.

    Units sold by week are the dear question, so it is put only about what could reach the bound whenever its sales were: of
    10,000 products some tens. That needs a week's sales to be no fewer than what came back of them, which they count as at least.
    """
    names, cases = _weekly(
        figures(asker, ["returns_of_purchases"], view, [level], "week")[0], "returns_of_purchases", level, weeks
    )
    least = float(np.log(ODDS * max(len(sold) * len(weeks), 1)))
    whole = np.asarray(sold.reindex(names).fillna(0.0), dtype=np.float64)
    possible = (cases.sum(axis=1) >= LEAST_PATTERN) & (whole > 0) & (highest(cases, whole) >= least)
    names, cases = names[possible], cases[possible]
    if not len(names):
        return []
    asked = narrowed(question, Filter(level, "in", tuple(names.tolist()))) if len(names) <= MOST_NAMED else question
    by_week = figures(asker, ["units_sold"], asked, [level], "week")[0]
    base = np.maximum(_weekly(by_week, "units_sold", level, weeks, names)[1], cases)
    window, gain = likeliest(cases, base, least)
    found = []
    order = np.argsort(-gain, kind="stable")
    for row in order[gain[order] >= least]:
        start, stop = window[row]
        returns = float(cases[row, start:stop].sum())
        expected = float(cases[row].sum() * base[row, start:stop].sum() / base[row].sum())
        if returns < LEAST_PATTERN:
            continue
        # the weeks at both ends may begin before the days that were asked about, or end after them
        first, last = max(weeks[start].start, period.start), min(weeks[stop - 1].end, period.end)
        subject = str(names[row])
        found.append(
            {
                "kind": KINDS["pattern"], "level": level.capitalize(), "subject": subject, "first": first, "last": last,
                "units": returns, "expected": expected, "rate": None,
                "text": f"{subject}: {returns:.0f} returns of what was bought from {first:%-d %b} to {last:%-d %b %Y} are for defects, "
                f"{expected:.1f} would be usual.",
            }
        )  # fmt: skip
    return found


def _weekly(
    found: pa.Table, metric: str, level: str, weeks: Sequence[Bucket], names: npt.NDArray[Any] | None = None
) -> tuple[npt.NDArray[Any], npt.NDArray[np.float64]]:
    """A metric by product or supplier (rows, by name) and week (columns), 0 where there is none. `names`: the rows, all by themselves."""
    own, row = placed(found[level])
    rows = own if names is None else names
    starts = np.array([bucket.start for bucket in weeks], dtype="datetime64[D]")
    column = np.searchsorted(starts, found[TIME].to_numpy().astype("datetime64[D]"))
    there = found[level].is_valid().to_numpy() & (column < len(weeks))
    if names is not None and len(own):
        place = np.searchsorted(names, own).clip(max=len(names) - 1)
        there &= (names[place] == own)[row]
        row = place[row]
    values = found[metric].fill_null(0.0).to_numpy()
    cell = row[there] * len(weeks) + column[there]
    cells = np.bincount(cell, values[there], minlength=len(rows) * len(weeks))
    return rows, cells.astype(np.float64).reshape(len(rows), len(weeks))


def highest(cases: npt.NDArray[np.float64], sold: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """A bound that no window's log likelihood ratio exceeds, whatever weeks the units of a row were sold in.

    Of C cases c are in a window, of which at least c units were sold, and in all no more than sold + C: so e ≥ C c ÷ (sold + C).
    The ratio falls with e, and along that line it grows with c, so that the most cases of the longest windows bound it.
    """
    summed = np.hstack([np.zeros((len(cases), 1)), cases.cumsum(axis=1)])
    length = min(LONGEST_WINDOW, cases.shape[1])
    most = (summed[:, length:] - summed[:, :-length]).max(axis=1, initial=0.0)
    whole = summed[:, -1]
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = whole * most / (sold + whole)
        rest = whole - most
        bound = most * np.log(most / expected) + np.where(rest > 0, rest * np.log(rest / (whole - expected)), 0.0)
    return np.asarray(np.nan_to_num(bound, nan=0.0, posinf=np.inf), dtype=np.float64)


def likeliest(
    cases: npt.NDArray[np.float64], base: npt.NDArray[np.float64], least: float = 0.0
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """For each row the window of columns [start, stop) with the highest log likelihood ratio, and that ratio.

    Expected cases of a window: the row's cases × the window's share of its base. LLR = c ln(c ÷ e) + (C − c) ln((C − c) ÷ (C − e))
    where c > e, else 0 (Kulldorff 1997, formula for one circle). `least`: windows that do not reach it count as 0; most are known
    by their χ² = (c − e)² C ÷ (e (C − e)), which is never below the LLR (Gibbs and Su 2002).
    """
    count, width = cases.shape
    zero = np.zeros((count, 1))
    summed_cases, summed_base = (np.hstack([zero, values.cumsum(axis=1)]) for values in (cases, base))
    whole_cases, whole_base = summed_cases[:, -1:], np.maximum(summed_base[:, -1:], 1e-9)
    best, window = np.zeros(count), np.tile(np.array([0, max(width, 1)]), (count, 1))
    for length in range(1, min(LONGEST_WINDOW, width) + 1):
        c = summed_cases[:, length:] - summed_cases[:, :-length]
        e = whole_cases * ((summed_base[:, length:] - summed_base[:, :-length]) / whole_base)
        more = c - e
        possible = (more > 0) & (e > 0) & (more * more * whole_cases >= least * e * (whole_cases - e))
        row, start = np.nonzero(possible)
        inside, expected, whole = c[row, start], e[row, start], whole_cases[row, 0]
        rest, rest_expected = whole - inside, whole - expected
        with np.errstate(divide="ignore", invalid="ignore"):
            gain = inside * np.log(inside / expected) + np.where(rest > 0, rest * np.log(rest / rest_expected), 0.0)
        gain = np.nan_to_num(gain, nan=0.0, posinf=0.0)
        # the first window with the highest gain of each row
        order = np.lexsort((start, -gain, row))
        row, start, gain = row[order], start[order], gain[order]
        first = np.flatnonzero(np.diff(row, prepend=-1))
        row, start, gain = row[first], start[first], gain[first]
        better = (gain > best[row]) & (gain >= least)
        best[row[better]] = gain[better]
        window[row[better]] = np.stack([start, start + length], axis=1)[better]
    return window, best


ANALYSES = (
    Analysis(
        "returns.alarms",
        "What calls for attention",
        "returns",
        "Return rates above what is tolerated, sudden rises, and goods of one time and source that fail.",
        alarms,
        (
            Parameter(
                "tolerated", "number", 30, "A return rate above so many percent is too high.", minimum=0, maximum=100
            ),
        ),
    ),
)
