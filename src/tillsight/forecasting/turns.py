"""When the course of a series changed for good: a step to another level, or a turn to another growth.

Grain: one value per week, above zero. The logarithm of the weeks, less the shape of the year where two years are known, is a straight line
with breaks. Breaks are found one after the other, each the week and the sort (step or turn) that explains most of what is left, and
are kept when an F-test says that chance would hardly bring it about, over all weeks that were tried (Bonferroni) and with the variance
widened for weeks that resemble their neighbours (first-order autocorrelation). Segmented regression: Bai and Perron, 1998.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from tillsight.forecasting.decomposition import loess
from tillsight.forecasting.panel import Floats

YEAR = 52
LEAST_WEEKS = 26
EDGE = 4
MOST = 3
CHANCE = 0.01
SMOOTH = 9


@dataclass(frozen=True)
class Turn:
    """A break. `week`: index of the first week after it. `size`: of a step the change of level, of a turn the change of growth a week;
    as shares (0.1 is 10 % more). `before`, `after`: growth a week on both sides. `chance`: how likely chance alone brings it about."""

    week: int
    sort: Literal["step", "turn"]
    size: float
    before: float
    after: float
    chance: float


def turns(weeks: Floats) -> list[Turn]:
    """The breaks in a course of weeks, in order; none where there are fewer than 26 weeks or a week without anything."""
    from scipy import stats

    count = len(weeks)
    if count < LEAST_WEEKS or not np.isfinite(weeks).all() or weeks.min() <= 0:
        return []
    course = np.log(weeks)
    course = course - year_shape(course)
    at = np.arange(count, dtype=float)
    design = [np.ones(count), at]
    places = np.arange(EDGE, count - EDGE + 1)
    places = places[places < count]
    steps = (at[None, :] >= places[:, None]).astype(float)
    bends = np.maximum(at[None, :] - places[:, None], 0.0)
    candidates = np.concatenate([steps, bends])
    found: list[int] = []
    chances: list[float] = []
    for _ in range(MOST):
        base, _ = np.linalg.qr(np.stack(design, axis=1))
        rest = course - base @ (base.T @ course)
        free = candidates - (candidates @ base) @ base.T
        size = (free**2).sum(axis=1)
        usable = size > 1e-6 * (candidates**2).sum(axis=1)
        for taken in found:
            usable &= np.abs(np.tile(places, 2) - places[taken % len(places)]) >= EDGE
        gain = np.where(usable, (free @ rest) ** 2 / np.where(usable, size, 1.0), 0.0)
        best = int(gain.argmax())
        after = rest - free[best] * (free[best] @ rest) / max(size[best], 1e-12)
        spare = count - len(design) - 1
        alike = float(np.clip((after[1:] @ after[:-1]) / max(float(after @ after), 1e-12), 0.0, 0.8))
        noise = float(after @ after) / spare * (1 + alike) / (1 - alike)
        chance = (
            float(stats.f.sf(gain[best] / noise, 1, max(spare * (1 - alike) / (1 + alike), 3))) if noise > 0 else 0.0
        )
        chance = min(chance * int(usable.sum()), 1.0)
        if not chance < CHANCE or gain[best] <= 0:
            break
        found.append(best)
        chances.append(chance)
        design.append(candidates[best])
    if not found:
        return []
    weights, *_ = np.linalg.lstsq(np.stack(design, axis=1), course, rcond=None)
    result = []
    for order in np.argsort([places[index % len(places)] for index in found], kind="stable").tolist():
        index = found[order]
        week = int(places[index % len(places)])
        bent = [(int(places[one % len(places)]), weights[2 + at]) for at, one in enumerate(found) if one >= len(places)]
        before = float(weights[1] + sum(bend for place, bend in bent if place < week))
        own = float(weights[2 + order])
        step = index < len(places)
        later = before if step else before + own
        result.append(
            Turn(week, "step" if step else "turn", _share(own), _share(before), _share(later), chances[order])
        )
    return result


def year_shape(course: Floats) -> Floats:
    """The shape of the year on weeks: what a straight line leaves, over the years, smoothed over nine weeks; zero below two years."""
    count = len(course)
    if count < 2 * YEAR:
        return np.zeros(count)
    free, position = _without_growth(course), np.arange(count) % YEAR
    shape = np.bincount(position, free, YEAR) / np.bincount(position, minlength=YEAR)
    ring = np.concatenate([shape[-SMOOTH:], shape, shape[:SMOOTH]])
    smooth: Floats = (loess(len(ring), SMOOTH) @ ring)[SMOOTH : SMOOTH + YEAR]
    result: Floats = (smooth - smooth.mean())[position]
    return result


def _without_growth(course: Floats) -> Floats:
    """Less the growth from year to year: a line through the weeks would take part of the season for growth."""
    growth = float((course[YEAR:] - course[:-YEAR]).mean()) / YEAR
    free: Floats = course - growth * np.arange(len(course))
    free -= free.mean()
    return free


def year_strength(weeks: Floats) -> float | None:
    """From 0 to 1: the part of what is not trend that the season of the year explains (Wang, Smith and Hyndman, 2006); None below
    two years.

    Judged on the year that did not shape it: each year's weeks against the shape of the others, so that chance is no season.
    """
    count = len(weeks)
    if count < 2 * YEAR or weeks.min() <= 0:
        return None
    free = _without_growth(np.log(weeks))
    year, position = np.arange(count) // YEAR, np.arange(count) % YEAR
    of_others = np.empty(count)
    for one in np.unique(year):
        mine = year == one
        shape = np.bincount(position[~mine], free[~mine], YEAR) / np.maximum(
            np.bincount(position[~mine], minlength=YEAR), 1
        )
        ring = np.concatenate([shape[-SMOOTH:], shape, shape[:SMOOTH]])
        smooth = (loess(len(ring), SMOOTH) @ ring)[SMOOTH : SMOOTH + YEAR]
        of_others[mine] = smooth[position[mine]]
    left = free - of_others
    return float(max(0.0, 1 - left.var() / free.var())) if free.var() > 0 else 0.0


def _share(logarithm: float) -> float:
    return float(np.expm1(logarithm))
