"""Which sizes run small or large, by article and size, from what people return and what they change it for.

`returns.sizes`  one row per article (all its sizes together) and one per size of it

Evidence: units whose reason says too small or too large (band and cup too), and units that were exchanged for a larger or
smaller size where the reason says nothing else (`fit` of the relation `returned_items`). Of n units of evidence k say "small". The share
k ÷ n is shrunk towards that of all goods by a beta prior (`analyses.shrunk` says how), with the 90 % interval of its posterior.
Goods run small where it is above one half and above what is usual, beyond chance (a false discovery rate of 5 % over all
articles, and over all sizes), and the units that say so are more of what was sold than usual; they run large in the mirror
image. Fewer than ten units of evidence are not enough data. Purchases count by the day of the order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tillsight.domains.returns.analyses import LEVEL, prior
from tillsight.domains.returns.seeing import Titles, answer_of, fetched, rows_of, settled, table_of
from tillsight.forecasting.discoveries import discoveries
from tillsight.metrics.answer import Answer, sentence
from tillsight.metrics.ask import Asker
from tillsight.metrics.model import Analysis, Parameter

if TYPE_CHECKING:
    import pandas as pd

LEAST_EVIDENCE = 10
DISCOVERY = 0.05
WHOLE = "All sizes"
ADVICE = {
    "small": "Runs small: advise one size up",
    "large": "Runs large: advise one size down",
    "as usual": "As usual",
    "unknown": "Not enough data",
}


def sizes(asker: Asker, question: dict[str, Any], limit: int = 50) -> Answer:
    """Articles and their sizes, the surest findings first.

    Columns: article, size (or `All sizes`), advice, units sold, evidence (small, large, of them by exchange), share that says
    small with its interval (null where the evidence is not enough), share of the sold units that came back for it.
    """
    titles: Titles = {
        "article": ("Article", None), "size": ("Size", None), "advice": ("What to do", None), "units_sold": ("Units sold", "units"),
        "small": ("Say too small", "units"), "large": ("Say too large", "units"), "exchanged": ("Of them by exchange", "units"),
        "share": ("Share that says small", "percent"), "low": ("At least", "percent"), "high": ("At most", "percent"),
        "rate": ("Came back for it", "percent"),
    }  # fmt: skip
    resolved = settled(asker, question)
    frame, queries = _evidence(asker, resolved)
    if frame.small.sum() + frame.large.sum() < LEAST_EVIDENCE:
        count = frame.small.sum() + frame.large.sum()
        text = f"Not enough data: {count:.0f} units came back for their size or were exchanged for another."
        return answer_of(
            asker, resolved, frame.iloc[:0].reindex(columns=list(titles)), titles, [sentence(text)], queries=queries
        )
    every = judged_sizes(frame)
    every["order"] = every.verdict.map({"small": 0, "large": 0, "as usual": 1, "unknown": 2})
    every["evidence"] = every.small + every.large
    every = every.sort_values(
        ["order", "evidence", "article", "size"], ascending=[True, False, True, True], na_position="first"
    )
    every["advice"] = every.verdict.map(ADVICE)
    # of a few units a share says next to nothing, and what it leans on all
    every.loc[every.verdict == "unknown", ["share", "low", "high"]] = np.nan
    whole = every[every["size"].isna()]
    every["size"] = every["size"].fillna(WHOLE)
    sentences = [
        sentence(f"{row['article']} runs {row['verdict']}: {max(row['small'], row['large']):.0f} of {row['evidence']:.0f} units with a "
                 f"complaint about the size say too {row['verdict']} ({row['low']:.0f}% to {row['high']:.0f}% say small).",
                 "bad", "size_fit_rate")
        for row in whole[whole.order == 0].head(5).to_dict("records")
    ] or [sentence("No article runs smaller or larger than chance explains.", "good")]  # fmt: skip
    return answer_of(
        asker, resolved, every.head(limit), titles, sentences, sources=("returned_purchases", "sales"), queries=queries, count=len(every)
    )  # fmt: skip


def _evidence(asker: Asker, resolved: Any) -> tuple[pd.DataFrame, list[str]]:
    """Units sold and units of evidence of every size of every article."""
    products = table_of(
        "products",
        {"shop_id": "string", "product_id": "string", "parent_product_id": "string", "product_name": "string"},
    )
    known, _ = fetched(asker, products.select("product_id", "parent_product_id", "product_name").distinct())
    known = known.drop_duplicates("product_id").set_index("product_id")
    back = rows_of(asker, "returned_purchases", resolved)
    back = back.filter(back["size"].notnull(), back.product_id.notnull(), back.fit.notnull())
    back = back.group_by("product_id", "size").agg(
        small=back.units.sum(where=back.fit == "small"),
        large=back.units.sum(where=back.fit == "large"),
        exchanged=back.units.sum(where=back.fit_from.isin(["exchange", "both"])),
    )
    found, sql = fetched(asker, back)
    sold = asker.query(
        "units_sold",
        by=["product_id", "product", "size"],
        start=resolved.period.start,
        end=resolved.period.end,
        where=resolved.where,
    )
    frame = sold.to_pandas()
    frame = frame[frame["size"].notna() & frame.product_id.notna() & (frame.units_sold.fillna(0) > 0)].astype(
        {"units_sold": float}
    )
    frame = frame.merge(found, on=["product_id", "size"], how="left").fillna(
        {"small": 0.0, "large": 0.0, "exchanged": 0.0}
    )
    parent = frame.product_id.map(known.parent_product_id)
    frame["parent_id"] = parent.where(parent.notna(), frame.product_id)
    names = frame.groupby("parent_id").agg(first=("product", "min"), last=("product", "max"))
    common = [_common(first, last) for first, last in zip(names["first"], names["last"], strict=True)]
    frame["article"] = frame.parent_id.map(dict(zip(names.index, common, strict=True)))
    # an article whose sizes have one name each is called what these begin with; with one size it is called as its parent
    stated = frame.parent_id.map(known.product_name)
    alone = frame.groupby("parent_id").product_id.transform("nunique") == 1
    frame["article"] = stated.where(stated.notna() & alone, frame.article)
    sums = {name: (name, "sum") for name in ("units_sold", "small", "large", "exchanged")}
    return frame.groupby(["parent_id", "article", "size"], dropna=False).agg(**sums).reset_index(), [sql, *sold.queries]


def _common(first: str | None, last: str | None) -> str | None:
    """What two names begin with: `Linen shirt, M` and `Linen shirt, S` are the article `Linen shirt`."""
    if first is None or last is None or first == last:
        return first or last
    count = next(
        (place for place, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last))
    )
    return first[:count].rstrip(" ,-–/·(") or first


def judged_sizes(frame: pd.DataFrame) -> pd.DataFrame:
    """Every article and every size of it with share, low, high, rate (percent) and verdict. See the module.

    `frame`: parent_id, article, size, units_sold, small, large, exchanged.
    """
    import pandas as pd
    from scipy import stats

    amounts = ["units_sold", "small", "large", "exchanged"]
    whole = frame.groupby(["parent_id", "article"], dropna=False)[amounts].sum().reset_index().assign(size=None)
    made = []
    for part in (whole, frame[["parent_id", "article", "size", *amounts]]):
        level = part[part.small + part.large > 0].copy()
        k, n = level.small.to_numpy(dtype=float), (level.small + level.large).to_numpy(dtype=float)
        if not len(level):
            continue
        mean, strength = prior(n, k)
        # a prior as strong as the evidence of everything would leave nothing to be found
        strength = min(strength, float(LEAST_EVIDENCE))
        alpha, beta = k + mean * strength, n - k + (1 - mean) * strength
        tail = (1 - LEVEL) / 2
        low, high = (stats.beta.ppf(p, np.maximum(alpha, 1e-9), np.maximum(beta, 1e-9)) for p in (tail, 1 - tail))
        sold = level.units_sold.to_numpy(dtype=float)
        usual_small, usual_large = (float(frame[name].sum() / frame.units_sold.sum()) for name in ("small", "large"))
        known = n >= LEAST_EVIDENCE
        # everything is judged together, so that of many sizes a few do not stand out by chance
        small, large = (np.zeros(len(n), dtype=np.bool_) for _ in range(2))
        small[known] = discoveries(stats.beta.cdf(max(0.5, mean), alpha[known], beta[known]), DISCOVERY)
        large[known] = discoveries(stats.beta.sf(min(0.5, mean), alpha[known], beta[known]), DISCOVERY)
        runs_small, runs_large = small & (k / sold > usual_small), large & ((n - k) / sold > usual_large)
        level["share"], level["low"], level["high"] = 100 * alpha / (alpha + beta), 100 * low, 100 * high
        level["rate"] = 100 * n / sold
        level["verdict"] = np.select([runs_small, runs_large, known], ["small", "large", "as usual"], "unknown")
        made.append(level)
    return pd.concat(made, ignore_index=True)


ANALYSES = (
    Analysis(
        "returns.sizes",
        "Sizes that run small or large",
        "returns",
        "Which articles and which of their sizes run small or large, from reasons and from exchanges for another size.",
        sizes,
        (Parameter("limit", "integer", 50, "How many rows.", minimum=1, maximum=10_000),),
    ),
)
