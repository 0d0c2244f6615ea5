"""Where each product is in its life: introduction, growth, maturity or decline, from the trend that is fitted to its weeks.

`sales.life_cycle`  one row per product: stage, why, change in half a year with how likely chance alone brings it about, level, units

Units of a week are Poisson with a rate that follows a curve: log rate = a + b·t + c·t² + e·log price + log of what its category sells that
week, so that seasons, promotions and growth that the whole category shares are no life of a product, and neither is what its own price
does (categories with less than five products, and those without a name, are compared with everything; the price is the mean one of the
week before discounts). b and c have normal priors (a trend beyond ± 5 % a week is rare), which steadies products that sell little; so
has e, around the mean own-price elasticity of the literature, −2.62 (Bijmolt, van Heerde and Pieters, 2005), for products whose price
hardly moved. Weeks are of the last two years at most. The change is that of the curve at an unchanged price over the last 26 weeks, or
since launch; its error is widened by the dispersion of the weeks (quasi-Poisson, McCullagh and Nelder, 1989).

introduction  on sale for less than 13 weeks
growth        more than 15 % up in half a year, found at a false discovery rate of 5 % over all products
decline       more than 15 % down, found likewise; or no unit in the last 13 weeks where six were to be expected
maturity      everything else; stages of Levitt (1965) and Kotler
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import ibis
import numpy as np
import numpy.typing as npt

from tillsight.core import words
from tillsight.core.periods import Period
from tillsight.domains.sales.selling import answer, catalogue_of, columns, fetched, period_of, sold_by_day, tabled
from tillsight.forecasting.discoveries import discoveries
from tillsight.metrics.answer import Answer, sentence
from tillsight.metrics.ask import Asker
from tillsight.metrics.model import Analysis, Parameter

if TYPE_CHECKING:
    import pandas as pd

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

STAGES = ("introduction", "growth", "maturity", "decline")
TITLES = {"introduction": "Introduction", "growth": "Growth", "maturity": "Maturity", "decline": "Decline"}
WEEKS = 104
HALF_YEAR = 26
YOUNG = 13
LEAST_CHANGE = float(np.log(1.15))
RATE = 0.05
PRIOR = (np.inf, 0.05, 0.002, 1.5)
"""Standard deviations of a, b (a week), c (a week squared) and e (elasticity)."""
ELASTICITY = -2.62
ROUNDS = 12
SMALL_CATEGORY = 5
UNSURE = 28
SILENT = 6.0
MOST_PRODUCTS = 20_000


def life_cycle(asker: Asker, question: dict[str, Any], stage: str, limit: int) -> Answer:
    """Products with their stage at the end of the period, the largest change first within decline, growth, introduction, maturity.

    Columns: SKU, product, category, stage, why, on sale since (null: before the data), days on sale, units of the last 26 weeks, change
    in half a year, chance, level (of the best of its curve).
    """
    import pandas as pd

    queries: list[str] = []
    end = period_of(asker, question).end
    rows = sold_by_day(asker, question)
    first_day = end - timedelta(days=7 * WEEKS - 1)
    rows = rows.filter(rows.day <= ibis.date(end))
    heads = rows.group_by("product_id").agg(
        product=rows.product_name.max(), category=rows.category.max(), _first=rows.day.min(), last_day=rows.day.max(),
        _recent=rows.units.sum(where=rows.day >= ibis.date(first_day)),
    )  # fmt: skip
    heads = heads.left_join(catalogue_of(asker), "product_id").drop("product_id_right").filter(lambda t: t._recent > 0)
    most = heads.order_by(ibis.desc("_recent"), "product_id").limit(MOST_PRODUCTS)
    frame = fetched(asker, most, queries)
    recent = rows.filter(rows.day >= ibis.date(first_day))
    if len(frame) == MOST_PRODUCTS:
        recent = recent.semi_join(most, "product_id")
    recent = recent.mutate(week=(recent.day.delta(ibis.date(first_day), unit="day") // 7).cast("int64"))
    sums = recent.group_by(["product_id", "week"]).agg(units=recent.units.sum(), gross=recent.gross_sales.sum())
    # no more rows at a time than a question may have
    halves = (sums.filter(sums.week.between(week, week + HALF_YEAR - 1)) for week in range(0, WEEKS, HALF_YEAR))
    weekly = pd.concat([fetched(asker, half, queries) for half in halves])
    shown = columns(
        asker,
        (
            "product_id",
            "product",
            "category",
            "stage",
            "reason",
            "launched",
            "age",
            "units",
            "change",
            "chance",
            "level",
        ),
        units="Units, last 26 weeks",
    )
    frame = staged(frame, weekly, asker.release.span.start, end)
    sentences = _in_words(frame, asker.release.locale)
    order = frame.stage.map(
        {TITLES[name]: at for at, name in enumerate(("decline", "growth", "introduction", "maturity"))}
    )
    frame = frame.assign(_order=order, _size=frame.change.abs().fillna(0)).sort_values(
        ["_order", "_size", "product_id"], ascending=[True, False, True]
    )
    if stage:
        frame = frame[frame.stage == TITLES[stage]]
    count = len(frame)
    frame = frame.head(limit) if limit else frame
    frame = frame.assign(reason=_reasons(frame))
    return answer(
        asker, tabled(frame, shown), shown, queries, row_count=count, sentences=sentences,
        period=Period(min(max(first_day, asker.release.span.start), end), end),
    )  # fmt: skip


def staged(frame: pd.DataFrame, weekly: pd.DataFrame, data_from: Any, end: Any) -> pd.DataFrame:
    """Add stage, launched, age, units, change, chance, level, and silent, sure (a change that is found) and weeks to products.

    `frame`: product_id, category, _first (first sale), launch_date; `weekly`: product_id, week (0 to 103; 103 ends with `end`), units,
    gross (what they would have brought without discounts).
    """
    import pandas as pd

    frame = frame.reset_index(drop=True).copy()
    last, begin = pd.Timestamp(end), pd.Timestamp(data_from)
    stated = pd.to_datetime(frame.launch_date)
    seen = frame["_first"].where(frame["_first"] >= begin + pd.Timedelta(days=UNSURE))
    launched = stated.where(stated <= frame["_first"], frame["_first"]).where(stated.notna(), seen)
    frame["launched"] = launched.where(launched >= begin)
    frame["age"] = (last - frame.launched).dt.days + 1
    grid = np.zeros((len(frame), WEEKS))
    row = pd.Series(np.arange(len(frame)), index=frame.product_id).reindex(weekly.product_id).to_numpy()
    held = np.isfinite(row) & weekly.week.between(0, WEEKS - 1).to_numpy()
    cells = row[held].astype(int), weekly.week.to_numpy()[held]
    grid[cells] = np.maximum(weekly.units.to_numpy(dtype=float)[held], 0)
    brought = np.zeros_like(grid)
    brought[cells] = weekly.gross.to_numpy(dtype=float)[held]
    # from its first whole week on
    born = np.ceil((WEEKS * 7 - frame.age.to_numpy(dtype=float)) / 7)
    unknown = np.ceil(max(WEEKS * 7 - ((last - begin).days + 1), 0) / 7)
    alive = np.arange(WEEKS)[None, :] >= np.where(np.isfinite(born), np.maximum(born, unknown), unknown)[:, None]
    peers = _peers(grid, frame.category.fillna("").to_numpy())
    alive &= peers > 0
    change, error, level, silent = _fitted(grid, _prices(grid, brought), peers, alive)
    from scipy import special

    chance = 2 * special.ndtr(-np.abs(change) / error)
    young = (frame.age < YOUNG * 7).to_numpy()
    judged = ~young & (alive.sum(axis=1) >= YOUNG)
    found = discoveries(np.where(judged, chance, np.nan), RATE)
    down = found & (change < -LEAST_CHANGE) | (judged & silent)
    up = found & (change > LEAST_CHANGE) & ~down
    stage = np.select(
        [young, down, up], [TITLES["introduction"], TITLES["decline"], TITLES["growth"]], TITLES["maturity"]
    )
    frame["stage"] = stage
    frame["units"] = grid[:, -HALF_YEAR:].sum(axis=1)
    frame["change"] = np.where(judged, 100 * np.expm1(change), np.nan)
    frame["chance"] = np.where(judged, 100 * chance, np.nan)
    frame["level"] = np.where(judged, 100 * level, np.nan)
    frame["silent"], frame["sure"], frame["weeks"] = silent & judged, found, alive.sum(axis=1)
    return frame


def _peers(grid: Floats, category: npt.NDArray[Any]) -> Floats:
    """What the others of the category sell each week, of everything where a category is small; a row per product."""
    names, of = np.unique(category.astype(str), return_inverse=True)
    sums = np.zeros((len(names), grid.shape[1]))
    np.add.at(sums, of, grid)
    size = np.bincount(of, minlength=len(names))
    small = (size < SMALL_CATEGORY) | (names == "")
    base = np.where(small[of][:, None], grid.sum(axis=0)[None, :], sums[of])
    # its own weeks would be half of the trend of a category of two
    return np.maximum(base - grid, 0.0)


def _prices(units: Floats, gross: Floats) -> Floats:
    """Logarithm of the price of a unit each week against the product's mean; a week without a sale has the price of the one before."""
    known = (units > 0) & (gross > 0)
    logs = np.log(np.where(known, gross, 1.0) / np.where(known, units, 1.0))
    weeks = np.arange(units.shape[1])
    last = np.maximum.accumulate(np.where(known, weeks, -1), axis=1)
    # before the first sale there is the first price
    last = np.where(last < 0, known.argmax(axis=1)[:, None], last)
    filled = np.take_along_axis(logs, last, axis=1)
    return np.asarray(filled - filled.mean(axis=1, keepdims=True))


def _fitted(units: Floats, price: Floats, peers: Floats, alive: Bools) -> tuple[Floats, Floats, Floats, Bools]:
    """Change of the logarithm over the last 26 weeks (or since launch), its error, the last level over the best one, and who went silent.

    Newton's steps for all products at once: four parameters each, so a step is one small system per product.
    """
    count, weeks = units.shape
    at = np.arange(weeks) - (weeks - 1)
    course = np.stack([np.ones(weeks), at, at.astype(float) ** 2], axis=1)
    design = np.concatenate([np.broadcast_to(course, (count, weeks, 3)), price[:, :, None]], axis=2)
    weight = alive.astype(float)
    offset = np.log(np.where(peers > 0, peers, 1.0))
    inverse = np.diag([0.0 if np.isinf(scale) else scale**-2 for scale in PRIOR]) + np.diag([1e-9, 0, 0, 0])
    usual = np.array([0.0, 0.0, 0.0, ELASTICITY])
    share = (units * weight).sum(axis=1) / np.maximum((peers * weight).sum(axis=1), 1e-9)
    beta = np.tile(usual, (count, 1))
    beta[:, 0] = np.log(np.maximum(share, 1e-9))
    curvature = np.broadcast_to(np.eye(4), (count, 4, 4)).copy()
    for _ in range(ROUNDS):
        rate = np.exp(np.clip(offset + np.einsum("pti,pi->pt", design, beta), -30, 30)) * weight
        slope = np.einsum("pt,pti->pi", units * weight - rate, design) - (beta - usual) @ inverse
        curvature = np.einsum("pti,ptj->pij", rate[:, :, None] * design, design) + inverse
        step = np.linalg.solve(curvature, slope[:, :, None])[:, :, 0]
        # a long step is cut, so that products with next to nothing do not run away
        beta = beta + step * np.minimum(1.0, 3.0 / np.maximum(np.abs(step[:, :1]), 1e-9))
    rate = np.exp(np.clip(offset + np.einsum("pti,pi->pt", design, beta), -30, 30)) * weight
    spare = np.maximum(weight.sum(axis=1) - len(PRIOR), 1)
    spread = ((units * weight - rate) ** 2 / np.maximum(rate, 0.05) * weight).sum(axis=1) / spare
    covariance = np.linalg.inv(curvature) * np.maximum(spread, 1.0)[:, None, None]
    born = alive.argmax(axis=1)
    back = np.maximum(-HALF_YEAR, at[born])
    span = np.stack([np.zeros(count), -back, -(back.astype(float) ** 2), np.zeros(count)], axis=1)
    change = (span * beta).sum(axis=1)
    error = np.sqrt(np.maximum(np.einsum("pi,pij,pj->p", span, covariance, span), 1e-12))
    curve = np.where(alive, beta[:, :3] @ course.T, -np.inf)
    best = curve.max(axis=1)
    level = np.where(np.isfinite(best), np.exp(curve[:, -1] - np.where(np.isfinite(best), best, 0.0)), 0.0)
    recent = slice(weeks - YOUNG, weeks)
    before = np.where(alive[:, :-YOUNG], units[:, :-YOUNG], 0).sum(axis=1) / np.maximum(
        np.where(alive[:, :-YOUNG], peers[:, :-YOUNG], 0).sum(axis=1), 1e-9
    )
    silent = (units[:, recent].sum(axis=1) == 0) & (before * peers[:, recent].sum(axis=1) >= SILENT)
    return change, error, level, silent


def _reasons(frame: pd.DataFrame) -> list[str]:
    """Why each product that is shown stands where it stands."""
    made = []
    parts = zip(*(frame[name] for name in ("stage", "age", "change", "level", "silent", "sure", "weeks")), strict=True)
    for stage, age, change, level, still, sure, known in parts:
        if stage == TITLES["introduction"]:
            made.append(f"On sale for {int(age)} days.")
        elif still:
            made.append(
                f"Nothing sold for {YOUNG} weeks, where its usual share of the category would be {SILENT:g} units or more."
            )
        elif not np.isfinite(change):
            made.append(f"Only {int(known)} weeks to judge by.")
        else:
            moved = f"{words.percent(change, signed=True)} against its category in half a year"
            if stage == TITLES["decline"]:
                made.append(f"{moved}; at {words.percent(level)} of its best.")
            elif stage == TITLES["growth"]:
                made.append(f"{moved}.")
            elif sure:
                made.append(f"Steady: {moved}.")
            else:
                made.append(f"No trend that is more than chance ({moved}).")
    return made


def _in_words(frame: pd.DataFrame, locale: str) -> list[dict[str, Any]]:
    if frame.empty:
        return [sentence("Nothing was sold in the two years before the end of this period.")]
    units = max(float(frame.units.sum()), 1e-9)
    said = []
    for name in STAGES:
        mine = frame[frame.stage == TITLES[name]]
        if len(mine):
            share = words.percent(100 * float(mine.units.sum()) / units)
            many = f"{words.number(len(mine), locale)} {'product' if len(mine) == 1 else 'products'}"
            said.append(sentence(f"{TITLES[name]}: {many}, {share} of the units of the last half year."))
    return said


ANALYSES = (
    Analysis(
        "sales.life_cycle",
        "Life cycle",
        "sales",
        "Products in introduction, growth, maturity and decline, with the reason.",
        life_cycle,
        (
            Parameter("stage", "text", "", "One stage; all by default.", choices=("", *STAGES)),
            Parameter("limit", "integer", 1000, "How many products; 0 for all.", minimum=0, maximum=100_000),
        ),
    ),
)
