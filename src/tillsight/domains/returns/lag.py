"""When goods come back: how many days after the purchase, and how much of everything is back by then.

`returns.lag`  one row per span of days since the purchase: returns and units of what was bought in the period, their share of the units
               that are back, how much of what comes back in the end is back by the end of the span, and the return rate by then

Purchases whose order is known, by the day of the order. What is back by then is estimated with the histories that are still open left open
(`prevention.lags`), so that goods bought last week do not make returns look quick; and from all purchases that fit the filters where those
of the period are younger than the last span, as nobody has seen yet how late these come back. The return rate by then is that share of the
final rate: what is back over units sold times the share that can be seen by now, as `returns.maturity` has it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ibis
import numpy as np

from tillsight.domains.returns.prevention import LEAST_UNITS_BACK, lags, seen_by
from tillsight.domains.returns.seeing import Titles, answer_of, fetched, rows_of, settled
from tillsight.metrics.answer import Answer, sentence
from tillsight.metrics.ask import Asker
from tillsight.metrics.model import Analysis

if TYPE_CHECKING:
    import pandas as pd

ENDS = (3, 7, 14, 21, 30, 45, 60, 90)
"""Last days of the spans; what comes later is one more."""


def lag(asker: Asker, question: dict[str, Any]) -> Answer:
    """Spans of days, the first first. Columns: see the module; `back` and `rate` are percent, null where too little came back."""
    titles: Titles = {
        "days": ("Days since the purchase", None), "returns": ("Returns", "count"), "units": ("Units", "units"),
        "share": ("Share of the units", "percent"), "back": ("Back by then", "percent"), "rate": ("Return rate by then", "percent"),
    }  # fmt: skip
    resolved = settled(asker, question)
    rows = rows_of(asker, "returned_purchases", resolved, any_day=True)
    rows = rows.filter(rows.days_to_return >= 0, rows.units > 0)
    end = ibis.date(asker.release.span.end)
    asked = rows.day.between(resolved.period.start, resolved.period.end)
    table = rows.group_by(lag=rows.days_to_return, age=end.delta(rows.day, unit="day"), asked=asked).agg(
        units=rows.units.sum(), returns=rows.return_key.nunique()
    )
    every, first = fetched(asker, table.order_by("lag", "age", "asked"))
    found = every[every.asked]
    sales = rows_of(asker, "sales", resolved)
    bought, second = fetched(
        asker, sales.group_by(age=end.delta(sales.day, unit="day")).agg(units=sales.units.sum()).order_by("age")
    )
    old = bought.empty or float(bought.age.min()) >= ENDS[-1]
    history = found if old else every
    frame = spans(found, bought, history)
    frame = frame if len(found) else frame.iloc[:0]
    return answer_of(
        asker, resolved, frame, titles, _in_words(found, history), sources=("returned_purchases", "sales"), queries=[first, second]
    )  # fmt: skip


def spans(found: pd.DataFrame, bought: pd.DataFrame, history: pd.DataFrame) -> pd.DataFrame:
    """The table. `found`: lag, age (days), units, returns; `bought`: age, units; `history`: as `found`, what tells how late goods come."""
    import pandas as pd

    starts = (0, *(end + 1 for end in ENDS))
    names = [f"{start} to {end}" for start, end in zip(starts, ENDS, strict=False)] + [f"over {ENDS[-1]}"]
    place = np.searchsorted(np.array(ENDS), found.lag.to_numpy(dtype=np.int64))
    sums = found.assign(place=place).groupby("place")[["units", "returns"]].sum()
    frame = sums.reindex(range(len(names)), fill_value=0.0).astype(float).assign(days=names)
    whole = float(frame.units.sum())
    frame["share"] = 100 * frame.units / whole if whole else np.nan
    frame["back"], frame["rate"] = np.nan, np.nan
    if whole >= LEAST_UNITS_BACK:
        share = lags(history.age, history.lag, history.units)
        sold = bought.units.fillna(0).to_numpy(dtype=float)
        visible = float((sold * seen_by(share, bought.age.to_numpy(dtype=float))).sum())
        last = np.array([*ENDS, len(share) - 1], dtype=float)
        frame["back"] = 100 * seen_by(share, np.maximum(last, 0))
        frame["rate"] = frame.back * whole / visible if visible > 0 else np.nan
    return pd.DataFrame(frame).reset_index(drop=True)


def _in_words(found: pd.DataFrame, history: pd.DataFrame) -> list[dict[str, Any]]:
    whole = float(found.units.sum())
    if not whole:
        return [sentence("Nothing of what was bought in this period came back.")]
    if whole < LEAST_UNITS_BACK:
        return [sentence(f"Too little came back to say when: {whole:.0f} units.")]
    share = lags(history.age, history.lag, history.units)
    half, most = (int(np.searchsorted(share, part)) for part in (0.5, 0.9))
    return [sentence(f"Half of what comes back is back {half} days after the purchase, nine tenths after {most} days.")]


ANALYSES = (
    Analysis(
        "returns.lag",
        "Days since the purchase",
        "returns",
        "Returns by days since the purchase, how much is back by then, and the return rate by then.",
        lag,
    ),
)
