"""Products against each other: which bring the money, which sell fast, which earn.

`sales.abc`      classes A, B and C by rank or by cumulated share of revenue, units or gross profit
`sales.movers`   units a day on sale: the fastest and the slowest fifth, and what no longer sells
`sales.margins`  four quadrants: much or little sold, high or low margin

Rules of ABC. `rank` (specification, section 2.3): the best fifth of the products are A, the next three tenths B, the others C.
`cumulative` (Dickie, 1951): products are A while those before them bring less than 80 % of the whole, then B while less than 95 %, then C.
Quadrants: much is more than half of the products sell; high is above the margin of all of them together (menu engineering, Kasavana
and Smith, 1982, with the median in place of 70 % of the mean, which a few best sellers pull up).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tillsight.core import words
from tillsight.domains.sales.selling import answer, columns, fetched, period_of, products, sold_by_day, tabled
from tillsight.metrics.answer import Answer, sentence
from tillsight.metrics.ask import Asker
from tillsight.metrics.model import Analysis, Notes, Parameter

if TYPE_CHECKING:
    import pandas as pd

MEASURES = {"revenue": "revenue", "units": "units", "gross_profit": "gross profit"}
RULES = ("rank", "cumulative")
RANKS = (0.2, 0.5)
SHARES = (0.80, 0.95)
CLASSES = ("A", "B", "C")
FIFTH = 0.2
SPEEDS = {"fast": "Fast", "usual": "Usual", "slow": "Slow", "still": "Not sold"}
QUADRANTS = (
    "Much sold, high margin",
    "Much sold, low margin",
    "Little sold, high margin",
    "Little sold, low margin",
)
LIMIT = Parameter("limit", "integer", 1000, "How many products; 0 for all.", minimum=0, maximum=1_000_000)


def abc(
    asker: Asker, question: dict[str, Any], measure: str, rule: str, only: str = "", limit: int = LIMIT.default
) -> Answer:
    """Products by what they bring, with their class. Columns: rank, SKU, product, category, class, units, revenue, profit, share, so far.

    Shares are of the sum over products that bring more than nothing; a product that brings nothing is C. Ties go by SKU.
    """
    queries: list[str] = []
    period = period_of(asker, question)
    frame = _sold(asker, question, queries)
    frame = classed(frame[frame.units > 0], measure, rule)
    shown = columns(
        asker,
        ("rank", "product_id", "product", "category", "abc", "units", "revenue", "gross_profit", "margin", "share", "cumulative_share"),
        share=f"Share of {MEASURES[measure]}",
    )  # fmt: skip
    kept = frame[frame.abc == only] if only else frame
    totals = _totals(kept) | {"share": float(kept.share.sum()) if len(kept) else None}
    return answer(
        asker, tabled(kept.head(limit) if limit else kept, shown), shown, queries, period=period, totals=totals, row_count=len(kept),
        sentences=_classes_in_words(frame, measure, asker.release.locale),
    )  # fmt: skip


def classed(frame: pd.DataFrame, measure: str, rule: str) -> pd.DataFrame:
    """Add rank, share, cumulative_share (percent) and abc to products; the best first."""
    frame = frame.sort_values([measure, "product_id"], ascending=[False, True], na_position="last").reset_index(
        drop=True
    )
    amount = frame[measure].fillna(0).clip(lower=0).to_numpy(dtype=float)
    whole = amount.sum()
    share = amount / whole if whole > 0 else np.zeros(len(frame))
    so_far = np.cumsum(share)
    place = np.arange(len(frame))
    if rule == "rank":
        edges = [np.ceil(part * len(frame) - 1e-9) for part in RANKS]
        number = np.searchsorted(edges, place, side="right")
    else:
        # a product belongs to the class that it begins in, so that the first is always A
        number = np.searchsorted(SHARES, so_far - share + 1e-12, side="right")
    number = np.where(amount > 0, number, 2)
    frame["rank"], frame["share"], frame["cumulative_share"] = place + 1, 100 * share, 100 * so_far
    frame["abc"] = np.array(CLASSES)[number]
    return frame


def _classes_in_words(frame: pd.DataFrame, measure: str, locale: str) -> list[dict[str, Any]]:
    if frame.empty:
        return [sentence("Nothing was sold in this period.")]
    said = []
    for name in CLASSES:
        mine = frame[frame.abc == name]
        if len(mine):
            many = "product brings" if len(mine) == 1 else "products bring"
            count, share = words.number(len(mine), locale), words.percent(mine.share.sum())
            said.append(sentence(f"{name}: {count} {many} {share} of {MEASURES[measure]}."))
    return said


def movers(asker: Asker, question: dict[str, Any], speed: str = "", limit: int = LIMIT.default) -> Answer:
    """Products by units a day. Columns: SKU, product, category, speed, units, days on sale, units a day, last sold, days since.

    Days on sale: of the period, from the product's first sale ever on. Fast and slow are the fifths at both ends of the products that
    sold in the period; one that sold before and not in it is not sold.
    """
    import pandas as pd

    queries: list[str] = []
    period = period_of(asker, question)
    frame = _sold(asker, question, queries)
    begin, last = pd.Timestamp(period.start), pd.Timestamp(period.end)
    frame["days_on_sale"] = (last - frame.first_day.where(frame.first_day >= begin, begin)).dt.days + 1
    frame["velocity"] = np.where(frame.units > 0, frame.units / frame.days_on_sale.clip(lower=1), 0.0)
    frame["days_since_sale"] = (last - frame.last_day).dt.days
    frame = frame.sort_values(["velocity", "last_day", "product_id"], ascending=[False, False, True])
    sold = frame.units > 0
    place = np.where(sold, np.arange(len(frame)), len(frame))
    fifth = np.ceil(FIFTH * sold.sum())
    groups = [~sold, place < fifth, place >= sold.sum() - fifth]
    frame["mover"] = np.select(groups, [SPEEDS[name] for name in ("still", "fast", "slow")], SPEEDS["usual"])
    kept = frame[frame.mover == SPEEDS[speed]] if speed else frame
    if speed in ("slow", "still"):
        kept = kept.iloc[::-1]
    shown = columns(
        asker,
        (
            "product_id",
            "product",
            "category",
            "mover",
            "units",
            "days_on_sale",
            "velocity",
            "revenue",
            "last_day",
            "days_since_sale",
        ),
    )
    notes = Notes()
    notes.add("info", "Days without stock count as days on sale: what was not there could not sell.")
    return answer(
        asker, tabled(kept.head(limit) if limit else kept, shown), shown, queries, period=period, row_count=len(kept), notes=notes,
        sentences=_movers_in_words(frame, asker.release.locale),
    )  # fmt: skip


def _movers_in_words(frame: pd.DataFrame, locale: str) -> list[dict[str, Any]]:
    sold, still = frame[frame.units > 0], frame[frame.units <= 0]
    if frame.empty:
        return [sentence("Nothing was sold by the end of this period.")]
    said = []
    if len(sold):
        fast = sold[sold.mover == SPEEDS["fast"]]
        share = 100 * fast.units.sum() / sold.units.sum()
        top = sold.iloc[0]
        said.append(
            sentence(
                f"The fastest fifth, {words.number(len(fast), locale)} products, sells {words.percent(share)} of the units; first is "
                f"{top['product'] or top.product_id} with {words.rate(top.velocity, locale)} a day."
            )
        )
    if len(still):
        many = "product that sold before has" if len(still) == 1 else "products that sold before have"
        said.append(sentence(f"{words.number(len(still), locale)} {many} not sold in this period.", "bad"))
    return said


def margins(asker: Asker, question: dict[str, Any], limit: int = LIMIT.default) -> Answer:
    """Products by quadrant. Columns: SKU, product, category, quadrant, units, revenue, gross profit, margin.

    Totals: the units that divide (the median) and the margin that divides (of all products together). Products whose cost is not known
    are left out; a note counts them.
    """
    queries: list[str] = []
    period = period_of(asker, question)
    frame = _sold(asker, question, queries)
    frame = frame[frame.units > 0]
    known = frame[frame.margin.notna()].sort_values(["revenue", "product_id"], ascending=[False, True]).copy()
    notes = Notes()
    if len(known) < len(frame):
        left = frame[frame.margin.isna()]
        share = 100 * left.revenue.sum() / max(frame.revenue.sum(), 1e-9)
        notes.add(
            "warning",
            f"{len(left)} products with {words.percent(share)} of revenue are left out: their cost is not known.",
        )
    middle = float(known.units.median()) if len(known) else None
    whole = _totals(known)["margin"]
    much, high = known.units > (middle or 0), known.margin >= (whole or 0)
    groups = [much & high, much & ~high, ~much & high]
    known["quadrant"] = np.select(groups, list(QUADRANTS[:3]), QUADRANTS[3])
    shown = columns(
        asker, ("product_id", "product", "category", "quadrant", "units", "revenue", "gross_profit", "margin")
    )
    return answer(
        asker, tabled(known.head(limit) if limit else known, shown), shown, queries, period=period, row_count=len(known), notes=notes,
        totals={"units": middle, "margin": whole}, sentences=_quadrants_in_words(known, asker),
    )  # fmt: skip


def _quadrants_in_words(frame: pd.DataFrame, asker: Asker) -> list[dict[str, Any]]:
    if frame.empty:
        return [sentence("No product of this period has a known cost.")]
    profit = max(float(frame.gross_profit.sum()), 1e-9)
    said = []
    for name in QUADRANTS:
        mine = frame[frame.quadrant == name]
        if len(mine):
            share = words.percent(100 * float(mine.gross_profit.sum()) / profit)
            locale = asker.release.locale
            earned = words.amount(float(mine.gross_profit.sum()), asker.release.currency, locale)
            said.append(
                sentence(f"{name}: {words.number(len(mine), locale)} products, {earned} gross profit ({share}).")
            )
    return said


def _sold(asker: Asker, question: dict[str, Any], queries: list[str]) -> pd.DataFrame:
    """Every product that sold up to the end of the period, with what it sold in it and its margin."""
    frame = fetched(asker, products(sold_by_day(asker, question), period_of(asker, question)), queries)
    frame["margin"] = np.where(
        frame.known_revenue > 0, 100 * frame.gross_profit / frame.known_revenue.where(frame.known_revenue > 0), np.nan
    )
    return frame


def _totals(frame: pd.DataFrame) -> dict[str, Any]:
    """Sums, and the margin of all together."""
    known = float(frame.known_revenue.sum())
    profit = float(frame.gross_profit.sum()) if frame.gross_profit.notna().any() else None
    return {
        "units": float(frame.units.sum()),
        "revenue": float(frame.revenue.sum()),
        "gross_profit": profit,
        "margin": 100 * profit / known if known > 0 and profit is not None else None,
    }


ANALYSES = (
    Analysis(
        "sales.abc",
        "ABC of products",
        "sales",
        "Products in classes A, B and C by what they bring.",
        abc,
        (
            Parameter("measure", "text", "revenue", "What they bring.", choices=tuple(MEASURES)),
            Parameter("rule", "text", "rank", "rank: 20, 30, 50 % of the products; cumulative: 80, 15, 5 % of the whole.", choices=RULES),
            Parameter("only", "text", "", "One class; all by default.", choices=("", *CLASSES)),
            LIMIT,
        ),
    ),
    Analysis(
        "sales.movers",
        "Fast and slow movers",
        "sales",
        "Products by units a day on sale, and those that no longer sell.",
        movers,
        (Parameter("speed", "text", "", "One group; all by default.", choices=("", *SPEEDS)), LIMIT),
    ),
    Analysis(
        "sales.margins",
        "Margin quadrants",
        "sales",
        "Products by how much they sell and how much of it stays.",
        margins,
        (LIMIT,),
    ),
)  # fmt: skip
