"""Which days of a series are unusual, for everything that a calendar and the days around them explain.

Grain: one value per series and day, none negative. A day is compared with what its surroundings (LOESS over 29 days), its weekday (STL,
nearly periodic) and its holiday (see `effects`) suggest. All this is done on the cube root of the values, on which sums of many or few
sales are nearly normal (Wilson and Hilferty, 1931), and made robust by drawing days that lie far off back to their expectation and
taking the series apart again (Cleveland and others, 1990, weight such days down). What a day itself added to its own expectation is taken
out again (leave-one-out residuals). The spread of a day follows from its size: a part that counting leaves, and one in proportion to it.

Days are found by a test, not by a fixed number of deviations: two-sided tails of the normal distribution, with a false discovery rate
over all days that were judged (Benjamini and Hochberg, 1995). Of the days found, about that share is chance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tillsight.forecasting.decomposition import loess, stl
from tillsight.forecasting.discoveries import discoveries
from tillsight.forecasting.effects import FEATURE, without_holidays
from tillsight.forecasting.panel import WEEK, Bools, Floats, Panel, filled

LEAST_DAYS = 8 * WEEK
MOST_DAYS = 1095
AROUND = 29
WEEKS = 53
ROUNDS = 4
FAR = 2.5
RATE = 0.05
LEAST_TIMES = 3
"""A holiday is judged when it came so often."""


@dataclass(frozen=True)
class Judged:
    """What was to be expected of each day and how far off it was, alike in shape to the values; NaN where a day is not judged.

    `deviation` in standard deviations; `chance`: how likely chance alone is as far off; `unusual`: found at the false discovery rate.
    `week`, `trend`, `rest`: the parts of the course on the cube root, whose variances say how strong the week is.
    """

    expected: Floats
    deviation: Floats
    chance: Floats
    unusual: Bools
    week: Floats
    trend: Floats
    rest: Floats

    def week_strength(self) -> Floats:
        """From 0 to 1: the part of what is not trend that the weekday explains (Wang, Smith and Hyndman, 2006)."""
        rest, both = self.rest.var(axis=1), (self.rest + self.week).var(axis=1)
        return np.where(both > 0, np.maximum(0.0, 1 - rest / np.where(both > 0, both, 1.0)), 0.0)


def judge(panel: Panel, rate: float = RATE, counts: Floats | None = None) -> Judged | None:
    """Judge the last three years of a panel whose values are not negative; None where no series has eight weeks.

    `counts`: of how many sales the values are sums, alike in shape; a day is never less likely than counting alone makes it. A series
    shorter than eight weeks gets no judgement, nor do holidays that came less than three times: what they do is not known yet. Arrays
    have as many days as the panel; older days are NaN.
    """
    from scipy import special

    days = min(panel.days, MOST_DAYS)
    if days < LEAST_DAYS:
        return None
    free, _ = without_holidays(panel, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = np.where(free.values > 0, panel.values / free.values, 1.0)[:, -days:]
    known = np.isfinite(panel.values)[:, -days:] & (np.arange(panel.days)[-days:] >= panel.first()[:, None])
    known &= ~_rare(panel)[-days:]
    values = np.maximum(np.nan_to_num(filled(free)[:, -days:]), 0.0)
    root = np.cbrt(values)
    smooth = loess(days, AROUND)
    own = np.minimum(np.diag(smooth), 0.9)
    work = root.copy()
    for _ in range(ROUNDS):
        week, _ = stl(work, WEEK, WEEKS)
        trend = (work - week) @ smooth.T
        fit = trend + week
        rest = (root - fit) / (1 - own)
        spread = _spread(rest, fit, known)
        work = fit + np.clip(root - fit, -FAR * spread, FAR * spread)
    with np.errstate(divide="ignore", invalid="ignore"):
        deviation = np.where(spread > 0, rest / spread, 0.0)
    long = known.sum(axis=1) >= LEAST_DAYS
    deviation = np.where(known & long[:, None], deviation, np.nan)
    chance = 2 * special.ndtr(-np.abs(deviation))
    if counts is not None:
        # maximum, which keeps days that are not judged as they are
        chance = np.maximum(chance, _of_counting(values, np.nan_to_num(counts[:, -days:]), np.maximum(fit, 0.0) ** 3))
    found = np.zeros_like(known)
    for row in np.flatnonzero(long):
        found[row] = discoveries(chance[row], rate)
    expected = np.maximum(fit, 0.0) ** 3 * factor
    return Judged(
        _whole(np.where(np.isfinite(deviation), expected, np.nan), panel.days),
        _whole(deviation, panel.days),
        _whole(chance, panel.days),
        np.pad(found, ((0, 0), (panel.days - days, 0))),
        week,
        trend,
        np.where(known, rest, 0.0),
    )


def _of_counting(values: Floats, counts: Floats, expected: Floats) -> Floats:
    """How likely counting alone is as far off: a day as so many sales of the usual size, against those that were to be expected.

    Sales come by chance, so their number is at least as uncertain as that of Poisson.
    """
    from scipy import special

    size = values.sum(axis=1, keepdims=True) / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        came, usual = values / size, np.maximum(expected / size, 1e-9)
        low, high = special.gammaincc(came + 1, usual), np.where(came > 0, special.gammainc(came, usual), 1.0)
    both: Floats = np.minimum(2 * np.where(came < usual, low, high), 1.0)
    return both


def _rare(panel: Panel) -> Bools:
    """Days with a holiday that came less than three times."""
    codes = panel.shared.get(FEATURE)
    if codes is None:
        return np.zeros(panel.days, dtype=bool)
    past = np.asarray(codes)[: panel.days].astype(int)
    rare: Bools = (past > 0) & (np.bincount(past)[past] < LEAST_TIMES)
    return rare


def _spread(rest: Floats, fit: Floats, known: Bools) -> Floats:
    """Standard deviation of each day on the cube root: a · size^(−1/3) + b · size^(2/3) for the variance, by robust least squares.

    Counting leaves a variance in proportion to the size, everything else one in proportion to its square.
    """
    size = np.maximum(fit, 1e-9) ** 3
    floor = np.maximum(np.nanmedian(np.where(known, size, np.nan), axis=1, keepdims=True) * 0.02, 1e-12)
    size = np.maximum(size, floor)
    columns = np.stack([size ** (-1 / 3), size ** (2 / 3)])
    result = np.empty_like(rest)
    for row in range(len(rest)):
        mine = known[row]
        if not mine.any():
            result[row] = 0.0
            continue
        result[row] = np.sqrt(_variance(rest[row, mine], columns[:, row, mine], columns[:, row]))
    return result


def _variance(rest: Floats, of_known: Floats, of_all: Floats) -> Floats:
    """The variance of every day: the better of the two parts alone and both together, with the scale of the median."""
    best: tuple[float, Floats] | None = None
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        mix = (1 - share) * of_known[0] / of_known[0].mean() + share * of_known[1] / of_known[1].mean()
        scale = (1.4826 * float(np.median(np.abs(rest) / np.sqrt(mix)))) ** 2
        if scale <= 0:
            continue
        variance = scale * mix
        # the likelihood of the days that are not far off
        part = np.minimum(rest**2 / variance, FAR**2)
        misfit = float((np.log(variance) + part).sum())
        if best is None or misfit < best[0]:
            every = (1 - share) * of_all[0] / of_known[0].mean() + share * of_all[1] / of_known[1].mean()
            best = (misfit, scale * every)
    return best[1] if best else np.zeros(of_all.shape[1])


def _whole(values: Floats, days: int) -> Floats:
    return np.pad(values, ((0, 0), (days - values.shape[1], 0)), constant_values=np.nan)
