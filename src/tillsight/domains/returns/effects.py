"""Did it help? What a measure against returns changed, measured against goods that nothing was done about.

`returns.effect`  before and after a measure was done for a product: units sold, units that came back for the reasons that it cures,
                  the rate, and the same of the goods it is compared with

Only returns within 30 days of their purchase count, and only purchases that are 30 days old by now, so that before and after are
alike; both are as long as the days after, 180 at most. Compared with are the other products of its category with sales before and
after (the whole shop where these are fewer than five). The effect is the ratio of ratios (after ÷ before of the product over that
of the others), with the interval of a log ratio of counts, widened by the dispersion of the other products' own changes. Too few
returns give no figure but "not enough data yet".
Saved: the units that would have come back without the change, less those that did, times the cost of a returned unit.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import ibis
import numpy as np

from tillsight.core import words
from tillsight.core.errors import QuestionError
from tillsight.domains.returns.analyses import LEVEL
from tillsight.domains.returns.prevention import LEAST_OTHERS, MEASURES
from tillsight.domains.returns.seeing import Titles, answer_of, fetched, rows_of, settled
from tillsight.metrics.answer import Answer, sentence
from tillsight.metrics.ask import Asker
from tillsight.metrics.model import Analysis, Parameter

if TYPE_CHECKING:
    import pandas as pd

LAG = 30
LONGEST = 180
SHORTEST = 14
LEAST_BEFORE = 8.0
LEAST_EXPECTED = 5.0


def effect(asker: Asker, question: dict[str, Any], product: str = "", measure: str = "", done_on: str = "") -> Answer:
    """Rows: before and after, of the product and of the goods it is compared with.

    The answer's `document` has: state (`measured` or `not enough data yet`), text, change, low, high (percent), units_avoided, saved,
    saved_low, saved_high (money or null), from and to of both spans. Raises QuestionError for a measure or day that is none.
    """
    if measure not in MEASURES:
        raise QuestionError(
            f"There is no measure {measure!r}; there are {', '.join(MEASURES)}.", field="measure", value=measure
        )
    done = _day(done_on)
    resolved = settled(asker, {key: value for key, value in question.items() if key == "where"} | {"period": "all"})
    end = asker.release.span.end - timedelta(days=LAG)
    length = min((end - done).days, LONGEST)
    titles: Titles = {
        "goods": ("Goods", None), "when": ("When", None), "units_sold": ("Units sold", "units"),
        "units": ("Came back for it", "units"), "rate": ("Rate", "percent"),
    }  # fmt: skip
    empty = _frame([], titles)
    if length < SHORTEST:
        ready = done + timedelta(days=SHORTEST + LAG)
        return _told(
            asker,
            resolved,
            empty,
            titles,
            {"text": f"Not enough data yet: the effect can be measured from {words.day(ready)} on."},
            [],
        )
    spans = {
        "before": (done - timedelta(days=length), done - timedelta(days=1)),
        "after": (done + timedelta(days=1), done + timedelta(days=length)),
    }
    frame, queries = _counts(asker, resolved, MEASURES[measure], spans)
    mine = frame[frame["product"] == product]
    if mine.empty:
        return _told(
            asker,
            resolved,
            empty,
            titles,
            {"text": "Not enough data yet: the product was not sold before and after."},
            queries,
        )
    others = _others(frame, product, mine.category.iloc[0])
    found = compared(mine, others)
    rows = [
        {"goods": name, "when": when, "units_sold": float(part[f"sold_{when}"].sum()), "units": float(part[f"back_{when}"].sum()),
         "rate": 100 * float(part[f"back_{when}"].sum()) / float(part[f"sold_{when}"].sum()) if part[f"sold_{when}"].sum() else None}
        for name, part in ((product, mine), ("Compared with", others)) for when in ("before", "after")
    ]  # fmt: skip
    said: dict[str, Any] = {
        f"{when}_{edge}": day for when, days in spans.items() for edge, day in zip(("from", "to"), days, strict=True)
    }
    if found is None:
        few = (
            "Not enough data yet: too few units were sold or came back for these reasons to tell a change from chance."
        )
        return _told(asker, resolved, _frame(rows, titles), titles, said | {"text": few}, queries)
    change, low, high, avoided = found
    each = _cost_of_a_unit(asker, spans["before"][0], spans["after"][1])
    expected = float(mine.back_after.sum()) + avoided
    saved = (
        {
            "saved": each * avoided,
            "saved_low": each * -high / 100 * expected,
            "saved_high": each * -low / 100 * expected,
        }
        if each is not None
        else {}
    )
    sure = "fell" if high < 0 else "rose" if low > 0 else None
    text = (
        f"Returns for these reasons {sure} by {abs(change):.0f}% against comparable goods ({low:+.0f}% to {high:+.0f}%)".replace(
            "-", "−"
        )
        if sure
        else f"No effect beyond chance so far: {change:+.0f}% ({low:+.0f}% to {high:+.0f}%)".replace("-", "−")
    )
    if sure == "fell" and saved:
        text += f"; {words.amount(round(saved['saved'], 2), asker.release.currency, asker.release.locale)} saved in {length} days"
    said = (
        said
        | {
            "state": "measured",
            "text": f"{text}.",
            "change": change,
            "low": low,
            "high": high,
            "units_avoided": avoided,
        }
        | saved
    )
    return _told(asker, resolved, _frame(rows, titles), titles, said, queries)


def compared(mine: pd.DataFrame, others: pd.DataFrame) -> tuple[float, float, float, float] | None:
    """Change in percent with its interval, and units avoided; None where counts are too small.

    Both: sold_before, sold_after, back_before, back_after, one row for each product.
    """
    from scipy import stats

    sold0, sold1, back0, back1 = (
        float(mine[name].sum()) for name in ("sold_before", "sold_after", "back_before", "back_after")
    )
    other = [float(others[name].sum()) for name in ("sold_before", "sold_after", "back_before", "back_after")]
    if back0 < LEAST_BEFORE or min(sold0, sold1, other[0], other[1]) <= 0 or min(other[2], other[3]) < LEAST_BEFORE:
        return None
    trend = (other[3] / other[1]) / (other[2] / other[0])
    expected = back0 / sold0 * sold1 * trend
    if expected < LEAST_EXPECTED:
        return None
    # how much the others change by themselves, each against the common trend
    usual = others.back_before / others.sold_before.where(others.sold_before > 0) * others.sold_after * trend
    kept = usual[(usual >= 1)].index
    spread = (
        (others.back_after[kept] - usual[kept]) ** 2
        / (usual[kept] * (1 + usual[kept] / others.back_before[kept].clip(lower=1)))
    ).sum()
    dispersion = max(1.0, float(spread) / max(len(kept) - 1, 1)) if len(kept) > 2 else 1.0
    error = np.sqrt(dispersion * (1 / (back0 + 0.5) + 1 / (back1 + 0.5)) + 1 / other[2] + 1 / other[3]) * float(
        stats.norm.ppf(0.5 + LEVEL / 2)
    )
    ratio = (back1 + 0.5) / (expected + 0.5)
    return 100 * (ratio - 1), 100 * (ratio * np.exp(-error) - 1), 100 * (ratio * np.exp(error) - 1), expected - back1


def _counts(
    asker: Asker, resolved: Any, reasons: tuple[str, ...], spans: dict[str, tuple[date, date]]
) -> tuple[pd.DataFrame, list[str]]:
    """Units sold, and units that came back within 30 days for the reasons, of every product, before and after."""
    sold = rows_of(asker, "sales", resolved, any_day=True)
    back = rows_of(asker, "returned_purchases", resolved, any_day=True)
    cured = back.return_reason.isin(reasons) & (back.days_to_return <= LAG)

    def within(rows: Any, when: str) -> Any:
        first, last = spans[when]
        return rows.day.between(ibis.date(first), ibis.date(last))

    def summed(rows: Any, name: str, which: Any) -> tuple[pd.DataFrame, str]:
        first, last = spans["before"][0], spans["after"][1]
        wanted = {f"{name}_{when}": within(rows, when) & which for when in spans}
        rows = rows.mutate(**wanted).filter(
            rows.product_name.notnull(), rows.day.between(ibis.date(first), ibis.date(last))
        )
        sums = {column: rows.units.sum(where=rows[column]) for column in wanted}
        return fetched(asker, rows.group_by(product=rows.product_name).agg(category=rows.category.max(), **sums))

    whole, first_sql = summed(sold, "sold", ibis.literal(True))
    found, second_sql = summed(back, "back", cured.fill_null(False))
    whole = whole.merge(found.drop(columns="category"), on="product", how="left")
    names = [f"{name}_{when}" for name in ("sold", "back") for when in spans]
    whole[names] = whole[names].fillna(0.0).astype(float)
    return whole[(whole.sold_before > 0) & (whole.sold_after > 0)], [first_sql, second_sql]


def _others(frame: pd.DataFrame, product: str, category: str | None) -> pd.DataFrame:
    rest = frame[frame["product"] != product]
    same = rest[rest.category == category]
    return same if len(same) >= LEAST_OTHERS else rest


def _cost_of_a_unit(asker: Asker, start: date, end: date) -> float | None:
    [row] = asker.query(["net_return_loss", "returned_units"], start=start, end=end).to_records()
    return (
        float(row["net_return_loss"] / row["returned_units"])
        if row["net_return_loss"] and row["returned_units"]
        else None
    )


def _told(
    asker: Asker, resolved: Any, frame: pd.DataFrame, titles: Titles, said: dict[str, Any], queries: list[str]
) -> Answer:
    import dataclasses

    names = (
        "change",
        "low",
        "high",
        "units_avoided",
        "saved",
        "saved_low",
        "saved_high",
        "before_from",
        "before_to",
        "after_from",
        "after_to",
    )
    document = {"state": "not enough data yet", "currency": asker.release.currency, **dict.fromkeys(names), **said}
    tone = "good" if (document["high"] or 0) < 0 else "bad" if (document["low"] or 0) > 0 else "neutral"
    answer = answer_of(
        asker,
        resolved,
        frame,
        titles,
        [sentence(said["text"], tone)],
        sources=("sales", "returned_purchases"),
        queries=queries,
    )
    return dataclasses.replace(answer, document=document)


def _frame(rows: list[dict[str, Any]], titles: Titles) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(rows, columns=list(titles))


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise QuestionError(f"A day is written as 2026-11-14, not {text!r}.", field="done_on", value=text) from None


ANALYSES = (
    Analysis(
        "returns.effect",
        "Effect of a measure",
        "returns",
        "What a measure against returns changed for a product, against goods that nothing was done about.",
        effect,
        (
            Parameter("product", "text", "", "The product, by name."),
            Parameter("measure", "text", "", "What was done, as returns.prevention calls it."),
            Parameter("done_on", "text", "", "The day on which it was done, as 2026-11-14."),
        ),
    ),
)
