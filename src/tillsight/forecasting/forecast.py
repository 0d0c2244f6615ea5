"""From a panel to forecasts: try, choose, forecast, bound. The one way in for everything that needs to look ahead.

Every series gets the model, or the combination, with the smallest mean absolute error in the backtest; where demand is
intermittent the smallest squared error decides, because the smallest absolute error would always be to forecast nothing. What a
model achieves over all series counts beside what it achieves on the one: on a single series luck chooses too often.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tillsight.forecasting.accuracy import MEASURES, accuracy, coverage
from tillsight.forecasting.backtest import Progress, Trial, at_origin, combine, run, usable_seasons, weights
from tillsight.forecasting.guards import INTERVALS_UP_TO, ForecastError, bounds, too_short
from tillsight.forecasting.intermittent import is_intermittent
from tillsight.forecasting.intervals import Errors, errors_of
from tillsight.forecasting.models import COMBINATIONS, plan, title_of
from tillsight.forecasting.panel import Bools, Floats, Panel

OWN_SHARE = 0.5
"""How much a series' own backtest decides on its model, against that of all series."""
HEAD_START = 0.05
"""A single model must be so much better than a combination (as a share of its error) to be taken instead: what looks best among ten
is partly lucky, and combinations seldom disappoint (measured on the reference shop and Online Retail)."""
MOST_DAYS = 730
"""Older days are left out: they say little about the next weeks and cost as much."""


@dataclass(frozen=True)
class Forecasts:
    """Forecasts of every series of a panel.

    `points`: (series, days ahead), NaN where `reasons` says why there is none. `chosen`: model of each series. `trial`: the backtest,
    None where no series was long enough. `errors`: those of the chosen models. `every`: the points of every model and combination, by
    name; NaN where one was not tried.
    """

    panel: Panel
    points: Floats
    chosen: tuple[str | None, ...]
    reasons: tuple[str | None, ...]
    trial: Trial | None
    errors: Errors | None
    every: Mapping[str, Floats]

    @property
    def horizon(self) -> int:
        """Days ahead."""
        return int(self.points.shape[1])

    def interval(self, level: float) -> tuple[Floats, Floats]:
        """Lower and upper end at a level (0.8 is 80 %), alike in shape to the points. Raises ForecastError for an odd level."""
        if not 0 < level < 1:
            raise ForecastError("A level lies between 0 and 1, such as 0.8.", field="level", value=level)
        if self.errors is None or self.trial is None:
            return self.points, self.points
        return self._bounded(*self.errors.around(self.points, level, self.panel.not_negative, self.trial.horizon))

    def of_sum(self, level: float) -> tuple[Floats, Floats, Floats]:
        """Sum over all days ahead of every series, with the ends of its interval: never wider than those of its days together."""
        total = self.points.sum(axis=1)
        if self.errors is None:
            return total, total, total
        half = self.errors.of_sum(self.horizon, level)
        lower, upper = self.interval(level)
        return total, np.maximum(total - half, lower.sum(axis=1)), np.minimum(total + half, upper.sum(axis=1))

    def tried(self, level: float) -> tuple[Floats, Floats, Floats]:
        """What the chosen models forecast in the backtest, with intervals from the errors of the other windows: three arrays
        (series, windows, days). With one window there is no interval."""
        if self.trial is None or self.errors is None:
            empty = np.full((self.panel.count, 0, 0), np.nan)
            return empty, empty, empty
        points = self.trial.actual - self.errors.plain
        lower, upper = np.full_like(points, np.nan), np.full_like(points, np.nan)
        if self.trial.windows > 1:
            for window in range(self.trial.windows):
                others = self.errors.without(window)
                ends = others.around(points[:, window], level, self.panel.not_negative, self.trial.horizon)
                lower[:, window], upper[:, window] = self._bounded(*ends)
        return points, lower, upper

    def scores(self, level: float = 0.8) -> list[dict[str, Any]]:
        """Figures of the backtest: a row per series and model that was tried, the best first within a series.

        Keys: series (index), model, title, chosen, the measures of `accuracy`, coverage (percent, of the chosen model at `level`).
        """
        if self.trial is None:
            return []
        _, lower, upper = self.tried(level)
        inside = coverage(self.trial.actual, lower, upper)
        rows: list[dict[str, Any]] = []
        for name, points in self.trial.points.items():
            found = accuracy(self.trial.actual, points, self.trial.scale)
            tried = np.isfinite(points).any(axis=(1, 2))
            for series in np.flatnonzero(tried).tolist():
                if self.reasons[series] is not None:
                    continue
                chosen = self.chosen[series] == name
                row = {measure: _plain(found[measure][series]) for measure in MEASURES}
                row |= {"coverage": _plain(inside[series]) if chosen else None}
                rows.append({"series": series, "model": name, "title": title_of(name), "chosen": chosen, **row})
        return sorted(rows, key=lambda row: (row["series"], row["mase"] is None, row["mase"] or row["rmse"] or 0.0))

    def _bounded(self, lower: Floats, upper: Floats) -> tuple[Floats, Floats]:
        lowest, highest = bounds(self.panel, INTERVALS_UP_TO)
        return np.clip(lower, lowest, highest), np.clip(upper, lowest, highest)


def forecast(
    panel: Panel,
    horizon: int,
    *,
    windows: int = 3,
    models: Sequence[str] | None = None,
    progress: Progress | None = None,
) -> Forecasts:
    """Forecast every series of a panel `horizon` days ahead.

    `models`: only these, on every series; by default see `models.plan`. A series that is too short gets no number but a reason.
    Raises ForecastError for a horizon that is not 1 to 366 days.
    """
    if not 1 <= horizon <= 366:
        raise ForecastError("A horizon is 1 to 366 days.", field="horizon", value=horizon)
    panel = _recent(panel)
    reasons = too_short(panel)
    usable = np.array([at for at, reason in enumerate(reasons) if reason is None], dtype=np.int64)
    points = np.full((panel.count, horizon), np.nan)
    chosen: list[str | None] = [None] * panel.count
    if not len(usable):
        return Forecasts(panel, points, tuple(chosen), tuple(reasons), None, None, {})
    held = panel.only(usable)
    rows = plan(held, models)
    trial = run(held, rows, horizon, windows, progress)
    names = choose(held, trial, rows)
    final = replace(held, seasons=usable_seasons(held, trial.origins[0]))
    made: dict[str, Floats] = {}
    for at, (name, where) in enumerate(rows.items()):
        if progress:
            progress(at / len(rows), f"Looking ahead: {title_of(name)}")
        made[name] = np.full((held.count, horizon), np.nan)
        made[name][where] = at_origin(final.only(where), name, horizon)
    made |= combine(made, weights({name: trial.points[name] for name in rows}, trial.actual))
    tried = np.full_like(trial.actual, np.nan)
    for row, name in enumerate(names):
        points[usable[row]] = made[name][row]
        tried[row] = trial.points[name][row]
        chosen[usable[row]] = name
    whole = _spread(trial, usable, panel.count)
    tried_points = _rows(tried, usable, panel.count)
    errors = errors_of(whole.actual, tried_points, panel.not_negative)
    every = {name: _rows(ahead, usable, panel.count) for name, ahead in made.items()}
    return Forecasts(panel, points, tuple(chosen), tuple(reasons), whole, errors, every)


def choose(panel: Panel, trial: Trial, rows: Mapping[str, Any]) -> list[str]:
    """The name of the model or combination of every series."""
    squared = is_intermittent(panel.values)
    known: Bools = np.isfinite(trial.actual)
    scores = {}
    for name, points in trial.points.items():
        if name in COMBINATIONS and len(rows) < 2:
            continue
        missed = np.where(known & np.isfinite(points), np.abs(points - trial.actual), 0.0)
        days = np.maximum((known & np.isfinite(points)).sum(axis=(1, 2)), 1)
        error = np.where(squared, np.sqrt((missed**2).sum(axis=(1, 2)) / days), missed.sum(axis=(1, 2)) / days)
        error = error * (1 if name in COMBINATIONS else 1 + HEAD_START)
        everywhere = (np.isfinite(points) | ~known).all(axis=(1, 2))
        scores[name] = np.where(everywhere, np.log(np.maximum(error, 1e-9)), np.inf)
    names = list(scores)
    own = np.stack(list(scores.values()))
    best = own.min(axis=0)
    behind = own - np.where(np.isfinite(best), best, 0.0)
    shown = np.isfinite(behind)
    of_all = np.where(shown, behind, 0.0).sum(axis=1) / np.maximum(shown.sum(axis=1), 1)
    mixed = OWN_SHARE * behind + (1 - OWN_SHARE) * of_all[:, None]
    return [names[at] for at in mixed.argmin(axis=0).tolist()]


def _recent(panel: Panel) -> Panel:
    """The last two years, and the seasons that repeat in them."""
    from datetime import timedelta

    cut = max(panel.days - MOST_DAYS - max(panel.seasons) * (max(panel.seasons) > 7), 0)
    if not cut:
        return panel
    return replace(
        panel,
        values=panel.values[:, cut:],
        start=panel.start + timedelta(days=cut),
        shared={name: values[cut:] for name, values in panel.shared.items()},
        own={name: values[:, cut:] for name, values in panel.own.items()},
    )


def _rows(values: Floats, where: Any, count: int) -> Floats:
    result = np.full((count, *values.shape[1:]), np.nan)
    result[where] = values
    return result


def _spread(trial: Trial, where: Any, count: int) -> Trial:
    """A trial of some series as one of all of them."""
    return Trial(
        {name: _rows(points, where, count) for name, points in trial.points.items()},
        _rows(trial.actual, where, count),
        trial.origins,
        _rows(trial.scale, where, count),
    )


def _plain(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None
