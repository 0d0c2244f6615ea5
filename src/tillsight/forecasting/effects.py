"""What holidays do to each series, so that models of the week's course neither learn from them nor forget them.

An effect is a factor: a day's value over what its surroundings and its weekday suggest. It is estimated for every sort of day (code of the
feature `holiday`) from all its occurrences in the history, for each series by itself and drawn to what all series have in common by as
much as the series' own noise asks for (empirical Bayes). A series that sells too little for its single days to tell has the common
effect, to which the sum of all series contributes as one more. An effect that may be chance is none. History is divided by the effects
before a model sees it, and the forecast is multiplied by those of the days ahead.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tillsight.forecasting.average import weekday_index
from tillsight.forecasting.panel import WEEK, Floats, Panel, filled

FEATURE = "holiday"
AROUND = 2 * WEEK
LEAST, MOST = 0.02, 8.0
LEAST_DAYS = 13 * WEEK
TOO_NOISY = 0.5
"""Spread of the logarithm of ordinary days above which a series' single days tell nothing."""


def without_holidays(panel: Panel, horizon: int) -> tuple[Panel, Floats]:
    """The panel without its holidays, and the factors of the days ahead (series, horizon).

    Nothing changes where no holidays are known, where a measure may be negative, or where the history is shorter than 13 weeks.
    """
    ones = np.ones((panel.count, horizon))
    codes = panel.shared.get(FEATURE)
    if codes is None or not panel.not_negative or panel.days < LEAST_DAYS:
        return panel, ones
    past, ahead = np.asarray(codes)[: panel.days], np.asarray(codes)[panel.days : panel.days + horizon]
    together = np.where(np.isfinite(panel.values), panel.values, 0.0).sum(axis=0, keepdims=True)
    ratio, noise = _surprises(replace(panel, values=np.concatenate([panel.values, together])), past)
    history, coming = np.ones_like(panel.values), ones
    for code in np.unique(past[past > 0]):
        factor = _factor(ratio[:, past == code], noise)[:-1]
        history[:, past == code] = factor[:, None]
        coming[:, ahead == code] = factor[:, None]
    return replace(panel, values=panel.values / history), coming


def _surprises(panel: Panel, codes: Floats) -> tuple[Floats, Floats]:
    """Logarithm of each day over what surrounds it (NaN where there is nothing), and the noise of ordinary days of each series."""
    values = filled(panel)
    ordinary = np.where(codes[None, :] > 0, np.nan, values)
    index = weekday_index(ordinary, weeks=52)
    position = np.arange(panel.days) % WEEK
    flat = ordinary / index[:, position]
    known = np.isfinite(flat)
    sums = np.cumsum(np.pad(np.where(known, flat, 0.0), ((0, 0), (1, 0))), axis=1)
    seen = np.cumsum(np.pad(known.astype(float), ((0, 0), (1, 0))), axis=1)
    low = np.maximum(np.arange(panel.days) - AROUND, 0)
    high = np.minimum(np.arange(panel.days) + AROUND + 1, panel.days)
    count = seen[:, high] - seen[:, low]
    with np.errstate(divide="ignore", invalid="ignore"):
        level = np.where(count >= WEEK, (sums[:, high] - sums[:, low]) / count, np.nan)
        expected = level * index[:, position]
        ratio = np.log(np.clip(values / expected, LEAST, MOST))
    ratio = np.where(expected > 0, ratio, np.nan)
    off = np.where(codes[None, :] > 0, np.nan, ratio)
    plenty = np.isfinite(off).sum(axis=1) >= 4 * WEEK
    spread = np.full(panel.count, np.inf)
    if plenty.any():
        spread[plenty] = 1.4826 * np.nanmedian(np.abs(off[plenty]), axis=1)
    return ratio, np.where(spread > TOO_NOISY, np.inf, np.maximum(spread, 0.02))


def _factor(ratios: Floats, noise: Floats) -> Floats:
    """The factor of one sort of day for every series, from the logarithms of its occurrences (series, occurrences)."""
    known = np.isfinite(ratios)
    times = known.sum(axis=1)
    own = np.where(known, ratios, 0.0).sum(axis=1) / np.maximum(times, 1)
    with np.errstate(divide="ignore"):
        variance = np.where(times > 0, noise**2 / np.maximum(times, 1), np.inf)
    weight = 1 / variance
    whole = weight.sum()
    if whole <= 0:
        return np.ones(len(ratios))
    common = float((weight * own).sum() / whole)
    # how much series differ beyond their noise (DerSimonian and Laird, 1986)
    excess = float((weight * (own - common) ** 2).sum()) - (np.isfinite(variance).sum() - 1)
    spare = whole - (weight**2).sum() / whole
    between = max(excess / spare, 0.0) if spare > 0 else 0.0
    of_common = 1 / (1 / np.where(np.isfinite(variance), variance + between, np.inf)).sum()
    share = between / (between + variance) if between > 0 else np.zeros(len(ratios))
    drawn = np.where(np.isfinite(variance), share * own + (1 - share) * common, common)
    doubt = np.sqrt(share**2 * np.where(np.isfinite(variance), variance, 0.0) + (1 - share) ** 2 * of_common)
    return np.where(np.abs(drawn) > 2 * doubt, np.exp(drawn), 1.0)
