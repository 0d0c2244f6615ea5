"""How far forecasts were off. Arrays are (series, …): measures are taken over all axes but the first; NaN is unknown.

MAPE   mean |error| ÷ |actual| × 100, over the days with an actual other than zero; unknown where there is none
sMAPE  mean 2 |error| ÷ (|actual| + |forecast|) × 100; a day with both zero counts 0
RMSE   root of the mean squared error, in the unit of the measure
MASE   mean |error| ÷ mean |change against a week before| of the history (Hyndman and Koehler, 2006): below 1 is better than the
       seasonal naive forecast was one step ahead; unknown where the history never changes
bias   mean (forecast − actual) ÷ mean |actual| × 100: above zero is too much
coverage  share of the days × 100 whose actual lies in the interval
"""

from __future__ import annotations

import numpy as np

from tillsight.forecasting.panel import WEEK, Floats, Panel

MEASURES = ("mape", "smape", "rmse", "mase", "bias")


def accuracy(actual: Floats, forecast: Floats, scale: Floats) -> dict[str, Floats]:
    """Every measure for every series. `scale`: what MASE divides by."""
    axes = tuple(range(1, actual.ndim))
    known = np.isfinite(actual) & np.isfinite(forecast)
    error = np.where(known, forecast - actual, 0.0)
    size = np.where(known, np.abs(actual), 0.0)
    days = known.sum(axis=axes)

    def mean(values: Floats, count: Floats) -> Floats:
        return np.where(count > 0, values.sum(axis=axes) / np.maximum(count, 1), np.nan)

    sold = known & (size > 0)
    both = size + np.where(known, np.abs(forecast), 0.0)
    absolute = mean(np.abs(error), days)
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            "mape": 100 * mean(np.where(sold, np.abs(error) / np.where(sold, size, 1.0), 0.0), sold.sum(axis=axes)),
            "smape": 100 * mean(np.where(both > 0, 2 * np.abs(error) / np.where(both > 0, both, 1.0), 0.0), days),
            "rmse": np.sqrt(mean(error**2, days)),
            "mase": np.where(scale > 0, absolute / scale, np.nan),
            "bias": np.where(size.sum(axis=axes) > 0, 100 * error.sum(axis=axes) / size.sum(axis=axes), np.nan),
        }


def coverage(actual: Floats, lower: Floats, upper: Floats) -> Floats:
    """Share of known days × 100 inside the interval, ends included, for every series."""
    axes = tuple(range(1, actual.ndim))
    known = np.isfinite(actual) & np.isfinite(lower) & np.isfinite(upper)
    inside = known & (actual >= lower) & (actual <= upper)
    days = known.sum(axis=axes)
    return np.where(days > 0, 100 * inside.sum(axis=axes) / np.maximum(days, 1), np.nan)


def naive_scale(panel: Panel) -> Floats:
    """Mean absolute change against the same weekday of the week before, of every series; NaN where it never changes."""
    change = np.abs(panel.values[:, WEEK:] - panel.values[:, :-WEEK])
    known = np.isfinite(change)
    days = known.sum(axis=1)
    mean = np.where(known, change, 0.0).sum(axis=1) / np.maximum(days, 1)
    return np.where(mean > 0, mean, np.nan)
