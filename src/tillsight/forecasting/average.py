"""Moving average with the shape of the week: the level of the last days times what each weekday usually is of it.

The window (7, 14, 28, 56 or 91 days) is the one that would have forecast the next week best, by squared error, for each series.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from tillsight.forecasting.panel import WEEK, Floats, Panel, filled, trailing_mean

WINDOWS = (7, 14, 28, 56, 91)
SHAPE_WEEKS = 13


class MovingAverage:
    """Level of a trailing window times weekday index."""

    name: ClassVar[str] = "moving_average"
    title: ClassVar[str] = "Moving average"
    source: ClassVar[str] = "Makridakis, Wheelwright and Hyndman, Forecasting: methods and applications, 4.2"
    least: ClassVar[int] = 2 * WEEK

    def forecast(self, panel: Panel, horizon: int) -> Floats:
        """Level times index; where a series has no level, zero."""
        values = filled(panel)
        index = weekday_index(values)
        position = np.arange(panel.days) % WEEK
        flat = values / index[:, position]
        levels = np.stack([trailing_mean(flat, window) for window in WINDOWS])
        ahead = trailing_mean(flat, WEEK)[:, WEEK:]
        with np.errstate(invalid="ignore"):
            missed = np.square(levels[:, :, :-WEEK] - ahead)[:, :, -26 * WEEK :]
        # a window that is longer than the series is only the same mean again
        known = np.isfinite(missed)
        error = np.where(known, missed, 0.0).sum(axis=2) / np.maximum(known.sum(axis=2), 1)
        error = np.where(known.any(axis=2), error, np.inf)
        best = error.argmin(axis=0)
        level = levels[best, np.arange(panel.count), -1]
        coming = (panel.days + np.arange(horizon)) % WEEK
        return np.asarray(level[:, None] * index[:, coming])


def weekday_index(values: Floats, weeks: int = SHAPE_WEEKS) -> Floats:
    """What each position of the week is of the mean of the last `weeks` weeks: a row per series, a column per position of the
    first day's week; 1 where a series has nothing to tell. Never below a twentieth, so that it can be divided by."""
    position = np.arange(values.shape[1]) % WEEK
    recent = values[:, -weeks * WEEK :]
    at = position[-recent.shape[1] :]
    known = np.isfinite(recent)
    plain = np.where(known, recent, 0.0)
    total = np.stack([plain[:, at == day].sum(axis=1) for day in range(WEEK)], axis=1)
    seen = np.stack([known[:, at == day].sum(axis=1) for day in range(WEEK)], axis=1)
    whole = plain.sum(axis=1, keepdims=True) / np.maximum(known.sum(axis=1, keepdims=True), 1)
    # drawn to 1 by half a week's worth, so that few days do not make a shape
    with np.errstate(invalid="ignore", divide="ignore"):
        index = (total + 0.5 * whole) / ((seen + 0.5) * whole)
    index = np.where(np.isfinite(index) & (whole > 0), index, 1.0)
    return np.maximum(index, 0.05)
