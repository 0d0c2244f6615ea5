"""Gradient boosting over all series at once: one model learns from every series what calendar, price, promotion and the recent and
last year's course mean for the days ahead.

Direct forecasts: a row is a series, a day of the past on which one could have stood (origin) and a day after it; the target is the
value as a multiple of the series' level at the origin, so that large and small series teach each other. Features know only
what was known at the origin, and what is known ahead. Trees of histogram gradient boosting (Ke et al., 2017, as in scikit-learn);
Poisson deviance for measures that cannot be negative: it is right on average also for small counts. That global models over
many series beat one model per series is the finding of the M5 competition (Makridakis, Spiliotis and Assimakopoulos, 2022).
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from tillsight.forecasting.panel import WEEK, Bools, Floats, Ints, Panel, filled, trailing_mean

YEAR = 52 * WEEK
STRIDE = 5
"""Days between origins: prime to seven, so that every weekday is stood on."""
MOST_ROWS = 150_000
ALONE = 40_000
BINS = 120


class Boosting:
    """One model of trees for all series."""

    name: ClassVar[str] = "boosting"
    title: ClassVar[str] = "Gradient boosting"
    source: ClassVar[str] = "Friedman (2001); Ke et al. (2017); M5 competition (2022)"
    least: ClassVar[int] = 13 * WEEK

    def forecast(self, panel: Panel, horizon: int) -> Floats:
        """Learn from all origins of the past, then stand on the last day."""
        from sklearn.ensemble import HistGradientBoostingRegressor
        from threadpoolctl import threadpool_limits

        points = np.full((panel.count, horizon), np.nan)
        rows = np.flatnonzero(panel.days - panel.first() >= self.least)
        if not len(rows):
            return points
        course = _Course(panel.only(rows))
        series, origins, ahead = _places(course, horizon)
        level = course.level[series, origins]
        target = course.values[series, origins + ahead] / level
        held = np.isfinite(target)
        features = course.features(series, origins, ahead)[held]
        steps_of = _Steps(features, course.is_code)
        # a quiet series says little about each day: its rows weigh less
        weight = 1 / (1 + course.unrest[series, origins][held] ** 2)
        model = HistGradientBoostingRegressor(
            loss="poisson" if panel.not_negative else "squared_error",
            max_iter=180, learning_rate=0.06, max_leaf_nodes=24, min_samples_leaf=25, l2_regularization=2.0, max_features=0.7,
            categorical_features=course.is_code, early_stopping=False, random_state=0,
        )  # fmt: skip
        wanted = target[held]
        wanted = np.clip(wanted, 0.0, 30.0) if panel.not_negative else np.clip(wanted, -30.0, 30.0)
        if not wanted.any():
            points[rows] = 0.0
            return points
        # few rows are done before a second thread has begun
        with threadpool_limits(1 if len(wanted) < ALONE else None, user_api="openmp"):
            model.fit(steps_of(features), wanted, sample_weight=weight)
        every = np.repeat(np.arange(len(rows)), horizon)
        last = np.full(len(every), panel.days - 1)
        steps = np.tile(np.arange(1, horizon + 1), len(rows))
        made = model.predict(steps_of(course.features(every, last, steps))) * course.level[every, last]
        points[rows] = made.reshape(len(rows), horizon)
        return points


class _Steps:
    """Features as the number of the quantile that they lie in. Trees see no more of them anyway, and finding the quantiles once
    without weights takes a tenth of the time that the library takes with them."""

    def __init__(self, features: Floats, is_code: list[bool]) -> None:
        sample = features[:: max(len(features) // 20_000, 1)]
        shares = np.linspace(0, 1, BINS + 1)[1:-1]
        self.edges = [
            None if code else np.unique(np.nanquantile(column, shares)) if np.isfinite(column).any() else np.zeros(0)
            for column, code in zip(sample.T, is_code, strict=True)
        ]

    def __call__(self, features: Floats) -> Floats:
        steps = [
            column if edges is None else np.where(np.isfinite(column), np.searchsorted(edges, column), np.nan)
            for column, edges in zip(features.T, self.edges, strict=True)
        ]
        return np.column_stack(steps)


class _Course:
    """What the features are read from: the values and their running means, by series and day."""

    def __init__(self, panel: Panel) -> None:
        self.panel = panel
        self.values = panel.values
        known = filled(panel)
        self.known = known
        self.week = trailing_mean(known, WEEK)
        self.month = trailing_mean(known, 4 * WEEK)
        self.quarter = trailing_mean(known, 13 * WEEK)
        self.year = trailing_mean(known, YEAR)
        self.same_day = _same_weekday(known, 4)
        self.same_day_long = _same_weekday(known, 10)
        squares = trailing_mean(known**2, 4 * WEEK)
        usual = np.nanmean(np.abs(np.where(np.isfinite(known), known, np.nan)), axis=1, keepdims=True)
        floor = np.maximum(0.05 * usual, 1e-12)
        self.level = np.fmax(np.fmax(np.abs(self.month), 0.2 * np.abs(self.quarter)), floor)
        self.unrest = np.nan_to_num(np.sqrt(np.maximum(squares - self.month**2, 0)) / self.level)
        self.quiet = trailing_mean(np.where(np.isfinite(known), known == 0, np.nan), 4 * WEEK)
        sizes = np.log(np.maximum(usual[:, 0], 1e-12))
        self.size = sizes - sizes.mean()  # against the others: the unit must not matter
        self.is_code = [True, *[False] * 17, *(name in panel.codes for name in panel.shared), *[False] * len(panel.own)]

    def features(self, series: Ints, origins: Ints, ahead: Ints) -> Floats:
        """A row for each place: what was known on the origin, and what is known ahead of the day."""
        day = origins + ahead
        level = self.level[series, origins]
        last = day - WEEK * -(-ahead // WEEK)  # the last such weekday that was known
        before = origins - YEAR
        then = day - YEAR
        last_level = self._at(self.month, series, before)
        around = self._at(self.week, series, np.minimum(then + 3, origins))
        last_day = self._at(self.known, series, np.where(then <= origins, then, -1))
        with np.errstate(divide="ignore", invalid="ignore"):
            columns = [
                day % WEEK,
                ahead,
                _over(self.week[series, origins], level),
                _over(self.month[series, origins], self.quarter[series, origins]),
                _over(self.quarter[series, origins], self.year[series, origins]),
                _over(self.known[series, origins], level),
                _over(self._at(self.known, series, last), level),
                _over(self.same_day[series, last], level),
                _over(self.same_day_long[series, last], level),
                _over(around, last_level),
                _over(last_day, last_level),
                _over(last_day, around),
                _over(self.month[series, origins], last_level),
                self.quiet[series, origins],
                self.unrest[series, origins],
                self.size[series],
                np.sin(2 * np.pi * self._day_of_year(day) / 365.25),
                np.cos(2 * np.pi * self._day_of_year(day) / 365.25),
            ]
        columns += [np.asarray(values)[day] for values in self.panel.shared.values()]
        columns += [values[series, day] for values in self.panel.own.values()]
        # what is unknown everywhere (last year, in a first year) tells nothing
        # rounded, so that equal ratios are equal in every unit
        table: Floats = np.column_stack([_or_zero(np.asarray(column, dtype=np.float64)) for column in columns])
        return table.round(9)

    def _day_of_year(self, day: Ints) -> Ints:
        return day + self.panel.start.timetuple().tm_yday

    @staticmethod
    def _at(values: Floats, series: Ints, day: Ints) -> Floats:
        inside: Bools = (day >= 0) & (day < values.shape[1])
        return np.where(inside, values[series, np.where(inside, day, 0)], np.nan)


def _places(course: _Course, horizon: int) -> tuple[Ints, Ints, Ints]:
    """Series, origin and steps ahead to learn from: evenly over the past, at most `MOST_ROWS` of them."""
    count, days = course.values.shape
    origins = np.arange(days - 1, 4 * WEEK, -STRIDE)
    steps = np.arange(1, horizon + 1)
    origin, step = (part.ravel() for part in np.meshgrid(origins, steps, indexing="ij"))
    inside = origin + step < days
    origin, step = origin[inside], step[inside]
    total = count * len(origin)
    # every k-th of all places in their order, k prime to the lengths of the axes
    stride = max(-(-total // MOST_ROWS), 1)
    while stride > 1 and (np.gcd(stride, horizon) > 1 or np.gcd(stride, count) > 1):
        stride += 1
    picked = np.arange(0, total, stride)
    series, place = picked % count, picked // count
    origin, step = origin[place], step[place]
    begun = origin - course.panel.first()[series] >= 4 * WEEK
    return series[begun], origin[begun], step[begun]


def _same_weekday(values: Floats, weeks: int) -> Floats:
    """For every day the mean of it and the same weekday of the weeks before."""
    total, seen = np.zeros_like(values), np.zeros_like(values)
    for back in range(weeks):
        shift = back * WEEK
        if shift >= values.shape[1]:
            break
        part = values[:, : values.shape[1] - shift]
        total[:, shift:] += np.nan_to_num(part)
        seen[:, shift:] += np.isfinite(part)
    return np.where(seen > 0, total / np.maximum(seen, 1), np.nan)


def _or_zero(column: Floats) -> Floats:
    return column if np.isfinite(column).any() else np.zeros_like(column)


def _over(top: Floats, bottom: Floats) -> Floats:
    result = top / bottom
    return np.where(np.isfinite(result), np.clip(result, -50, 50), np.nan)
