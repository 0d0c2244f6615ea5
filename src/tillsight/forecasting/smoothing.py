"""Exponential smoothing: level, damped trend and the week, each following the series at its own pace.

The state space form of Hyndman, Koehler, Ord and Snyder, Forecasting with exponential smoothing (2008), with additive errors: no
trend or a damped one; no week, one that is added or one that multiplies (Holt and Winters). Every series tries every setting of a
grid at the same time, in columns, and then a finer grid around its best; the form is chosen by the corrected information criterion
(AICc) of the one-day-ahead errors.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import ClassVar, Literal

import numpy as np

from tillsight.forecasting.panel import WEEK, Floats, Ints, Panel, filled

Season = Literal["none", "add", "multiply"]
LONGEST = 730
START_WEEKS = 8
LEVELS = (0.02, 0.06, 0.15, 0.3, 0.6)
TRENDS = ((0.0, 1.0), (0.05, 0.98), (0.2, 0.9))
"""Share of the level's correction that the trend takes, and damping; the first is no trend."""
SEASONS = (0.01, 0.05, 0.15)
SIMPLE = np.array([0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.13, 0.17, 0.22, 0.28, 0.35, 0.43, 0.52, 0.62, 0.73, 0.85, 0.99])


def simple_smoothing(values: Floats) -> tuple[Floats, Floats, Ints]:
    """Simple exponential smoothing of every series: its level after the last day, its best constant, its number of known days.

    The level starts as the mean of the first week; the constant is the one of a grid with the least squared one-day errors.
    """
    known = np.isfinite(values)
    first = np.where(known.any(axis=1), known.argmax(axis=1), 0)
    begin = np.clip(first[:, None] + np.arange(WEEK), 0, values.shape[1] - 1)
    with np.errstate(invalid="ignore"):
        week = np.take_along_axis(values, begin, axis=1)
    start = np.nan_to_num(
        np.where(np.isfinite(week), week, 0).sum(axis=1) / np.maximum(np.isfinite(week).sum(axis=1), 1)
    )
    level = np.repeat(start[:, None], len(SIMPLE), axis=1)
    error = np.zeros_like(level)
    for day in range(values.shape[1]):
        missed = np.where(known[:, day, None], values[:, day, None] - level, 0.0)
        error += missed**2
        level = level + SIMPLE * missed
    best = error.argmin(axis=1)
    rows = np.arange(len(values))
    return level[rows, best], SIMPLE[best], known.sum(axis=1)


@dataclass(frozen=True)
class _Settings:
    """Candidates of every series: arrays (series, candidates)."""

    level: Floats
    trend: Floats
    damping: Floats
    season: Floats


@dataclass(frozen=True)
class _State:
    """Where candidates stand after the last day: level, trend (series, candidates), season (position, series, candidates)."""

    level: Floats
    trend: Floats
    season: Floats
    error: Floats


class ExponentialSmoothing:
    """The best of several forms of exponential smoothing for each series; without a week, where `forms` says so."""

    name: ClassVar[str] = "exponential_smoothing"
    title: ClassVar[str] = "Exponential smoothing"
    source: ClassVar[str] = "Hyndman, Koehler, Ord and Snyder (2008)"
    least: ClassVar[int] = 4 * WEEK

    def __init__(self, forms: tuple[Season, ...] = ("none", "add", "multiply")) -> None:
        self.forms = forms

    def forecast(self, panel: Panel, horizon: int) -> Floats:
        """The points of the form that fits best."""
        values = filled(panel)[:, -LONGEST:]
        shift = (panel.days - values.shape[1]) % WEEK
        known = np.isfinite(values)
        days = known.sum(axis=1)
        positive = np.where(known, values, 1.0).min(axis=1) > 0
        best = np.full(panel.count, np.inf)
        points = np.full((panel.count, horizon), np.nan)
        for form in self.forms:
            for trended in (False, True):
                state, settings, chosen = _fitted(values, shift, form, trended)
                parameters = 2 + 2 * trended + (0 if form == "none" else WEEK) + trended
                rows = np.arange(panel.count)
                spare = np.maximum(days - parameters - 1, 1)
                with np.errstate(divide="ignore"):
                    score = days * np.log(np.maximum(state.error[rows, chosen], 1e-12) / np.maximum(days, 1))
                score = score + 2 * parameters + 2 * parameters * (parameters + 1) / spare
                if form == "multiply":
                    score = np.where(positive, score, np.inf)
                made = _ahead(state, settings, chosen, form, (panel.days + np.arange(horizon)) % WEEK)
                better = score < best
                best = np.where(better, score, best)
                points = np.where(better[:, None], made, points)
        return points


def _fitted(values: Floats, shift: int, form: Season, trended: bool) -> tuple[_State, _Settings, Ints]:
    """The best of a grid, then the best of a finer one around it."""
    trends = TRENDS[1:] if trended else TRENDS[:1]
    seasons = SEASONS if form != "none" else (0.0,)
    grid = np.array([(a, b, d, s) for a, (b, d), s in product(LEVELS, trends, seasons)])
    count = len(values)
    settings = _Settings(*(np.repeat(grid[None, :, at], count, axis=0) for at in range(4)))
    rows = np.arange(count)
    state = _run(values, shift, form, settings)
    chosen = state.error.argmin(axis=1)
    around = np.array(
        [(a, s) for a, s in product((0.6, 0.8, 1.0, 1.25, 1.6), (0.4, 1.0, 2.5) if form != "none" else (1.0,))]
    )
    mine = [part[rows, chosen][:, None] for part in (settings.level, settings.trend, settings.damping, settings.season)]
    level = np.minimum(mine[0] * around[None, :, 0], 0.98)
    finer = _Settings(
        level,
        np.broadcast_to(mine[1], level.shape),
        np.broadcast_to(mine[2], level.shape),
        np.minimum(mine[3] * around[None, :, 1], 1 - level),
    )
    state = _run(values, shift, form, finer)
    return state, finer, state.error.argmin(axis=1)


def _run(values: Floats, shift: int, form: Season, settings: _Settings) -> _State:
    """Follow the series day by day with every candidate at once. `shift`: the position of the first day in the week."""
    count, candidates = settings.level.shape
    known = np.isfinite(values)
    first_level, first_season = _start(values, shift, form)
    level = np.repeat(first_level[:, None], candidates, axis=1)
    trend = np.zeros((count, candidates))
    season = np.repeat(first_season[:, :, None], candidates, axis=2)
    error = np.zeros((count, candidates))
    least = np.maximum(np.abs(first_level), 1e-9)[:, None] * 1e-3
    of_trend = settings.level * settings.trend
    for day in range(values.shape[1]):
        at = (day + shift) % WEEK
        base = level + settings.damping * trend
        mine = season[at]
        fit = base * mine if form == "multiply" else base + mine
        seen = known[:, day, None]
        missed = np.where(seen, values[:, day, None] - fit, 0.0)
        error += missed**2
        if form == "multiply":
            of_level = missed / np.maximum(mine, 0.05)
            season[at] = np.maximum(mine + settings.season * missed / np.maximum(base, least), 0.0)
        else:
            of_level = missed
            if form == "add":
                season[at] = mine + settings.season * missed
        level = np.where(seen, base + settings.level * of_level, level)
        trend = np.where(seen, settings.damping * trend + of_trend * of_level, trend)
    return _State(level, trend, season, error)


def _start(values: Floats, shift: int, form: Season) -> tuple[Floats, Floats]:
    """Level and week at the start: from the first eight weeks of each series. The week is (position, series)."""
    known = np.isfinite(values)
    first = np.where(known.any(axis=1), known.argmax(axis=1), 0)
    days = first[:, None] + np.arange(min(START_WEEKS * WEEK, values.shape[1]))
    inside = days < values.shape[1]
    days = np.minimum(days, values.shape[1] - 1)
    early = np.where(inside, np.take_along_axis(values, days, axis=1), np.nan)
    seen = np.isfinite(early)
    level = np.where(seen, early, 0).sum(axis=1) / np.maximum(seen.sum(axis=1), 1)
    weeks = np.zeros((WEEK, len(values)))
    for at in range(WEEK):
        mine = seen & ((days + shift) % WEEK == at)
        mean = np.where(mine, early, 0).sum(axis=1) / np.maximum(mine.sum(axis=1), 1)
        weeks[at] = np.where(mine.any(axis=1), mean, level)
    if form == "none":
        return level, np.zeros_like(weeks)
    if form == "add":
        return level, weeks - level
    return level, np.where(level > 0, np.maximum(weeks, 0) / np.where(level > 0, level, 1.0), 1.0)


def _ahead(state: _State, settings: _Settings, chosen: Ints, form: Season, positions: Ints) -> Floats:
    rows = np.arange(len(chosen))
    level, trend, damping = (part[rows, chosen] for part in (state.level, state.trend, settings.damping))
    steps = np.cumsum(damping[:, None] ** np.arange(1, len(positions) + 1), axis=1)
    base = level[:, None] + trend[:, None] * steps
    season = state.season[:, rows, chosen].T[:, positions]
    return base * season if form == "multiply" else base + season
