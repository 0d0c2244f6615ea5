"""Several seasons at once: trend, week and (from two years on) year are taken apart, and each is carried on.

STL (Cleveland, Cleveland, McRae and Terpenning, Journal of Official Statistics 6, 1990) for one season after the other, the shortest
first, repeated: MSTL (Bandara, Hyndman and Bergmeir, 2021). Without robustness weights LOESS on equal days is one matrix for all
series, so a thousand series cost a few matrix products. A season with few cycles (a year) is smoothed over neighbouring
days as well, or its shape would be the noise of single days. What is left is carried on by exponential smoothing, the seasons by
their last cycle. Series that are all above zero are taken apart in logarithms.
"""

from __future__ import annotations

from functools import cache
from typing import ClassVar

import numpy as np

from tillsight.forecasting.average import weekday_index
from tillsight.forecasting.panel import WEEK, Floats, Panel, filled
from tillsight.forecasting.smoothing import ExponentialSmoothing

FEW_CYCLES = 5
NEIGHBOURS = 31
ROUNDS = 2


class Mstl:
    """Trend, week and year apart."""

    name: ClassVar[str] = "mstl"
    title: ClassVar[str] = "Multiple seasonality"
    source: ClassVar[str] = "Bandara, Hyndman and Bergmeir (2021)"
    least: ClassVar[int] = 8 * WEEK

    def forecast(self, panel: Panel, horizon: int) -> Floats:
        """Smoothed rest plus the last cycle of every season that the panel names and its days hold twice."""
        values = _begun(filled(panel))
        logs = (values.min(axis=1) > 0)[:, None]
        work = np.where(logs, np.log(np.where(logs, values, 1.0)), values)
        seasons = tuple(season for season in panel.seasons if panel.days >= 2 * season)
        parts = decompose(work, seasons)
        rest = Panel(work - sum(parts), panel.start, not_negative=False)
        points = ExponentialSmoothing(("none",)).forecast(rest, horizon)
        for season, part in zip(seasons, parts, strict=True):
            points = points + part[:, panel.days - season + np.arange(horizon) % season]
        highest = np.where(logs[:, 0], np.log(np.maximum(values.max(axis=1), 1e-9)) + np.log(3), np.inf)
        points = np.minimum(points, highest[:, None])
        made = np.where(logs, np.exp(np.where(logs, points, 0.0)), points)
        known = np.isfinite(panel.values).sum(axis=1) >= self.least
        return np.where(known[:, None], made, np.nan)


def decompose(values: Floats, seasons: tuple[int, ...], rounds: int = ROUNDS) -> list[Floats]:
    """The seasonal parts of every series, one array for each season; values without gaps."""
    parts = [np.zeros_like(values) for _ in seasons]
    for _ in range(rounds if len(seasons) > 1 else 1):
        for at, season in enumerate(seasons):
            others = sum((part for index, part in enumerate(parts) if index != at), np.zeros_like(values))
            parts[at] = stl(values - others, season, 11 + 4 * at)[0]
    return parts


def stl(values: Floats, season: int, seasonal_window: int) -> tuple[Floats, Floats]:
    """Seasonal part and trend of every series (a row), by two inner loops of STL without robustness weights."""
    count, days = values.shape
    cycles = -(-days // season)
    if cycles < FEW_CYCLES:
        return _yearly(values, season)
    trend_window = _odd(1.5 * season / (1 - 1.5 / seasonal_window))
    smooth_trend = loess(days, trend_window)
    smooth_low = loess(days, _odd(season))
    trend = np.zeros_like(values)
    seasonal = np.zeros_like(values)
    for _ in range(2):
        free = values - trend
        cycle = np.empty((count, days + 2 * season))
        for at in range(season):
            mine = free[:, at::season]
            cycle[:, at::season] = mine @ loess(mine.shape[1], seasonal_window, beyond=1).T
        low = _moving(_moving(_moving(cycle, season), season), 3)
        seasonal = cycle[:, season : season + days] - low @ smooth_low.T
        trend = (values - seasonal) @ smooth_trend.T
    return seasonal, trend


def _yearly(values: Floats, season: int) -> tuple[Floats, Floats]:
    """A season of few cycles: what a straight line leaves, averaged over the cycles and smoothed over neighbouring days."""
    days = values.shape[1]
    at = np.arange(days)
    line = np.polynomial.polynomial.polyfit(at, values.T, 1)
    trend = line[0][:, None] + line[1][:, None] * at
    free = values - trend
    position = at % season
    sums = np.stack([np.bincount(position, weights=row, minlength=season) for row in free])
    shape = sums / np.bincount(position, minlength=season)
    ring = np.concatenate([shape[:, -NEIGHBOURS:], shape, shape[:, :NEIGHBOURS]], axis=1)
    smooth = (ring @ loess(ring.shape[1], NEIGHBOURS).T)[:, NEIGHBOURS : NEIGHBOURS + season]
    smooth = smooth - smooth.mean(axis=1, keepdims=True)
    return smooth[:, position], trend


@cache
def loess(points: int, window: int, beyond: int = 0) -> Floats:
    """LOESS of degree one on equal steps as a matrix: (points + 2 × beyond, points), also `beyond` steps outside on each side.

    Tricube weights over the `window` nearest points (Cleveland, 1979); a window wider than the series reaches out as in STL.
    """
    at = np.arange(-beyond, points + beyond, dtype=float)[:, None]
    known = np.arange(points, dtype=float)[None, :]
    distance = np.abs(at - known)
    near = min(window, points)
    reach = np.sort(distance, axis=1)[:, near - 1 : near]
    if window > points:
        reach = reach + (window - points) // 2
    reach = np.maximum(reach, 1e-9)
    weight = np.where(distance < 0.999 * reach, (1 - np.minimum(distance / reach, 1) ** 3) ** 3, 0.0)
    weight = np.where(distance <= 0.001 * reach, 1.0, weight)
    weight = weight / weight.sum(axis=1, keepdims=True)
    middle = (weight * known).sum(axis=1, keepdims=True)
    spread = (weight * (known - middle) ** 2).sum(axis=1, keepdims=True)
    tilt = np.where(spread > 1e-6 * points**2 * 1e-6, (at - middle) / np.maximum(spread, 1e-12), 0.0)
    result: Floats = weight * (1 + tilt * (known - middle))
    return result


def _moving(values: Floats, window: int) -> Floats:
    sums = np.cumsum(np.pad(values, ((0, 0), (1, 0))), axis=1)
    return np.asarray((sums[:, window:] - sums[:, :-window]) / window)


def _odd(number: float) -> int:
    whole = int(np.ceil(number))
    return whole if whole % 2 else whole + 1


def _begun(values: Floats) -> Floats:
    """Days before a series begins as its first eight weeks suggest, so that all series have the same days."""
    known = np.isfinite(values)
    if known.all():
        return values
    days = values.shape[1]
    first = np.where(known.any(axis=1), known.argmax(axis=1), 0)
    early = np.where(np.arange(days)[None, :] < first[:, None] + 8 * WEEK, values, np.nan)
    seen = np.isfinite(early)
    level = np.where(seen, early, 0).sum(axis=1) / np.maximum(seen.sum(axis=1), 1)
    index = weekday_index(early, weeks=-(-days // WEEK))
    return np.where(known, values, level[:, None] * index[:, np.arange(days) % WEEK])
