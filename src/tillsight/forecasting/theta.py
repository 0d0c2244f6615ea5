"""Theta: half a straight line, half simple exponential smoothing. The winner of the M3 competition, and fast.

Standard theta method (Assimakopoulos and Nikolopoulos, International Journal of Forecasting 16, 2000) in the form of Hyndman and
Billah (2003): simple exponential smoothing with a drift of half the slope of the trend line. The week is taken out first, by
ratios to the moving average where all values are above zero and by differences elsewhere, where it is there at all: autocorrelation
at seven days significant at 90 %.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from tillsight.forecasting.panel import WEEK, Bools, Floats, Panel, filled
from tillsight.forecasting.smoothing import simple_smoothing

TREND_DAYS = 365
"""The line is laid through the last year: an older bend is none of the next weeks' business."""


class Theta:
    """Exponential smoothing with half the trend, on the series without its week."""

    name: ClassVar[str] = "theta"
    title: ClassVar[str] = "Theta"
    source: ClassVar[str] = "Assimakopoulos and Nikolopoulos (2000); Hyndman and Billah (2003)"
    least: ClassVar[int] = 3 * WEEK

    def forecast(self, panel: Panel, horizon: int) -> Floats:
        """Level plus half the slope, with the week put back."""
        values = filled(panel)[:, -TREND_DAYS:]
        shift = (panel.days - values.shape[1]) % WEEK
        position = (np.arange(values.shape[1]) + shift) % WEEK
        coming = (panel.days + np.arange(horizon)) % WEEK
        seasonal = has_week(values)
        known = np.isfinite(values)
        positive = np.where(known, values, 1.0).min(axis=1) > 0
        ratio, difference = week_shape(values, position)
        ratio = np.where((seasonal & positive)[:, None], ratio, 1.0)
        difference = np.where((seasonal & ~positive)[:, None], difference, 0.0)
        flat = values / ratio[:, position] - difference[:, position]
        level, smoothing, days = simple_smoothing(flat)
        slope = _slope(flat)
        rest = (1 - (1 - smoothing) ** days) / smoothing
        steps = np.arange(horizon)[None, :]
        points = level[:, None] + 0.5 * slope[:, None] * (steps + rest[:, None])
        return np.asarray((points + difference[:, coming]) * ratio[:, coming])


def has_week(values: Floats) -> Bools:
    """Whether the autocorrelation at seven days is more than chance (one-sided, 90 %), with Bartlett's standard error."""
    known = np.isfinite(values)
    mean = np.where(known, values, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    centred = np.where(known, values - mean[:, None], 0.0)
    power = np.maximum((centred**2).sum(axis=1), 1e-300)
    lags = np.stack([(centred[:, lag:] * centred[:, :-lag]).sum(axis=1) / power for lag in range(1, WEEK + 1)])
    error = np.sqrt((1 + 2 * np.square(lags[:-1]).sum(axis=0)) / np.maximum(known.sum(axis=1), 1))
    return np.asarray((lags[-1] > 1.645 * error) & (known.sum(axis=1) >= 3 * WEEK))


def week_shape(values: Floats, position: np.typing.NDArray[np.int64]) -> tuple[Floats, Floats]:
    """The week as ratios to, and as differences from, the centred moving average; by position, mean 1 and mean 0."""
    padded = np.cumsum(np.nan_to_num(values), axis=1)
    sums = padded[:, WEEK:] - padded[:, :-WEEK]
    middle = np.full_like(values, np.nan)
    middle[:, 4 : 4 + sums.shape[1]] = sums / WEEK
    begins = np.where(np.isfinite(values).any(axis=1), np.isfinite(values).argmax(axis=1), values.shape[1])
    middle[np.arange(values.shape[1])[None, :] < begins[:, None] + WEEK // 2] = np.nan
    with np.errstate(invalid="ignore", divide="ignore"):
        ratios = np.where(middle > 0, values / middle, np.nan)
    differences = values - middle
    ratio, difference = (_by_position(parts, position) for parts in (ratios, differences))
    ratio = np.where(np.isfinite(ratio) & (ratio > 0), ratio, 1.0)
    difference = np.nan_to_num(difference)
    ratio = ratio / ratio.mean(axis=1, keepdims=True)
    return np.maximum(ratio, 0.02), difference - difference.mean(axis=1, keepdims=True)


def _by_position(parts: Floats, position: np.typing.NDArray[np.int64]) -> Floats:
    known = np.isfinite(parts)
    plain = np.where(known, parts, 0.0)
    total = np.stack([plain[:, position == day].sum(axis=1) for day in range(WEEK)], axis=1)
    seen = np.stack([known[:, position == day].sum(axis=1) for day in range(WEEK)], axis=1)
    return np.where(seen > 0, total / np.maximum(seen, 1), np.nan)


def _slope(values: Floats) -> Floats:
    """Slope of the least-squares line through the known values of each series, per day."""
    known = np.isfinite(values)
    seen = np.maximum(known.sum(axis=1), 1)
    days = np.broadcast_to(np.arange(values.shape[1], dtype=float), values.shape)
    middle = np.where(known, days, 0).sum(axis=1) / seen
    mean = np.where(known, values, 0).sum(axis=1) / seen
    off = np.where(known, days - middle[:, None], 0.0)
    spread = np.maximum((off**2).sum(axis=1), 1e-9)
    return np.asarray((off * np.where(known, values - mean[:, None], 0.0)).sum(axis=1) / spread)
