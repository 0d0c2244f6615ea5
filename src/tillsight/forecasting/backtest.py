"""Trying models on the past: stand on several days of it in turn (rolling origin), forecast, and compare with what came.

Windows follow each other and end with the last day: with three windows of 28 days the origins lie 84, 56 and 28 days back. Every model
learns anew at every origin and sees nothing behind it but what is known ahead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from tillsight.forecasting.accuracy import naive_scale
from tillsight.forecasting.effects import without_holidays
from tillsight.forecasting.guards import guarded
from tillsight.forecasting.models import COMBINATIONS, KNOW_HOLIDAYS, MODELS
from tillsight.forecasting.panel import WEEK, Floats, Ints, Panel

LEARN_DAYS = 4 * WEEK
Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class Trial:
    """What came of it. `points`: by model (or combination), forecasts (series, windows, days), NaN where a model said nothing;
    `actual` alike; `origins`: index of the first day of each window; `scale`: what MASE divides by."""

    points: Mapping[str, Floats]
    actual: Floats
    origins: tuple[int, ...]
    scale: Floats

    @property
    def horizon(self) -> int:
        """Days of a window."""
        return int(self.actual.shape[2])

    @property
    def windows(self) -> int:
        """Number of windows."""
        return int(self.actual.shape[1])


def windows_for(days: int, horizon: int, windows: int) -> tuple[int, int]:
    """How many windows of how many days a history of `days` allows, at most as asked: whole weeks where the history is short.

    As many days as are forecast, but at least four weeks, remain to learn from at the first origin, as far as half of the history
    goes; windows are shortened before their number is.
    """
    spare = days - max(LEARN_DAYS, min(horizon, days // 2))
    for count in range(windows, 0, -1):
        length = spare // count
        if length >= horizon:
            return count, horizon
        # learning from less than what is then forecast says little: windows take no more than half of the history
        length = min(length, days // (2 * count)) // WEEK * WEEK
        if length >= 2 * WEEK or count == 1:
            return count, max(min(length, horizon), min(WEEK, spare))
    raise AssertionError("a history has at least one window")  # guards.LEAST_DAYS sees to it


def usable_seasons(panel: Panel, first_origin: int) -> tuple[int, ...]:
    """The seasons that the history holds twice already at the first origin: every trial and the forecast use the same."""
    return tuple(season for season in panel.seasons if first_origin >= 2 * season)


def run(panel: Panel, rows: Mapping[str, Ints], horizon: int, windows: int, progress: Progress | None = None) -> Trial:
    """Try the models, each on its rows of the panel, and their combinations."""
    count, length = windows_for(panel.days, horizon, windows)
    origins = tuple(panel.days - length * (count - window) for window in range(count))
    panel = replace(panel, seasons=usable_seasons(panel, origins[0]))
    actual = np.stack([panel.values[:, origin : origin + length] for origin in origins], axis=1)
    points: dict[str, Floats] = {}
    done = 0
    for name, chosen in rows.items():
        made = np.full((panel.count, count, length), np.nan)
        for window, origin in enumerate(origins):
            if progress:
                progress(done / (len(rows) * count), MODELS[name].title)
            made[chosen, window] = at_origin(panel.only(chosen).until(origin), name, length)
            done += 1
        points[name] = made
    points |= combined(points, actual)
    return Trial(points, actual, origins, naive_scale(panel.until(origins[0])))


def at_origin(panel: Panel, name: str, horizon: int) -> Floats:
    """What a model says about the days after a panel, within the bounds; NaN for series too young for it."""
    model = MODELS[name]
    seen, factors = (panel, 1.0) if name in KNOW_HOLIDAYS else without_holidays(panel, horizon)
    points = guarded(panel, model.forecast(seen, horizon) * factors)
    young = panel.days - panel.first() < model.least
    return np.where(young[:, None], np.nan, points)


def weights(points: Mapping[str, Floats], actual: Floats) -> dict[str, Floats]:
    """How much each model counts in the weighted mean of a series: the inverse fourth power of its mean absolute error; nothing,
    where it was more than a fifth worse than the best one."""
    errors = []
    for made in points.values():
        missed = np.abs(made - actual)
        known = np.isfinite(missed)
        days = known.sum(axis=(1, 2))
        error = np.where(known, missed, 0.0).sum(axis=(1, 2)) / np.maximum(days, 1)
        errors.append(np.where(days > 0, np.maximum(error, 1e-9), np.inf))
    best = np.min(errors, axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = [np.where(error <= 1.2 * best, (best / error) ** 4, 0.0) for error in errors]
    return {name: np.where(np.isfinite(best), share, np.nan) for name, share in zip(points, shares, strict=True)}


def combined(points: Mapping[str, Floats], actual: Floats) -> dict[str, Floats]:
    """The combinations over the windows of a trial. The weights of a window come from the other windows alone."""
    singles = {name: made for name, made in points.items() if name not in COMBINATIONS}
    together = combine(singles, {name: np.ones(len(actual)) for name in singles})
    for window in range(actual.shape[1]):
        others = np.delete(np.arange(actual.shape[1]), window)
        if len(others):
            found = weights({name: made[:, others] for name, made in singles.items()}, actual[:, others])
            at = combine({name: made[:, [window]] for name, made in singles.items()}, found)
            together["weighted"][:, [window]] = at["weighted"]
    return together


def combine(points: Mapping[str, Floats], by_error: Mapping[str, Floats]) -> dict[str, Floats]:
    """Mean, median and weighted mean of the models that say something about a series."""
    stacked = np.stack(list(points.values()))
    shape = (len(stacked), stacked.shape[1], *[1] * (stacked.ndim - 2))
    weight = np.stack([by_error[name] for name in points]).reshape(shape)
    known = np.isfinite(stacked) & np.isfinite(weight)
    plain = np.where(known, stacked, 0.0)
    share = np.where(known, weight, 0.0)
    seen = known.sum(axis=0)
    total = share.sum(axis=0)
    ordered = np.sort(np.where(known, stacked, np.inf), axis=0)
    middle = np.stack([np.maximum(seen - 1, 0) // 2, np.maximum(seen, 1) // 2])
    with np.errstate(invalid="ignore"):
        median = np.take_along_axis(ordered, middle, axis=0).mean(axis=0)
    nothing = seen == 0
    return {
        "mean": np.where(nothing, np.nan, plain.sum(axis=0) / np.maximum(seen, 1)),
        "median": np.where(nothing, np.nan, median),
        "weighted": np.where(total > 0, (share * plain).sum(axis=0) / np.where(total > 0, total, 1.0), np.nan),
    }
