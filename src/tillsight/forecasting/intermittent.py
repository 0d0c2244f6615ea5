"""Demand that comes now and then: Croston's method, its correction by Syntetos and Boylan, and that of Teunter, Syntetos and Babai.

A demand is a day with a value other than zero. Croston smooths the size of demands and the days between them and forecasts
size ÷ interval; that is too high by about half the smoothing constant, which SBA takes off. TSB smooths the probability of a demand
every day, so a product that stops selling fades away. All three forecast the same rate for every day ahead.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from tillsight.forecasting.panel import Bools, Floats, Panel, filled

SMOOTHING = 0.1


def croston(values: Floats, smoothing: float = SMOOTHING) -> tuple[Floats, Floats]:
    """Smoothed size of demands and smoothed interval between them, one per series, after the last day; NaN without a demand.

    Both start at the first demand: its size, and the days up to it (Croston, Operational Research Quarterly 23, 1972).
    """
    count, days = values.shape
    size, interval, since = np.full(count, np.nan), np.full(count, np.nan), np.ones(count)
    for day in range(days):
        value = values[:, day]
        known = np.isfinite(value)
        demand = known & (value != 0)
        fresh = demand & ~np.isfinite(size)
        size = np.where(fresh, value, np.where(demand, size + smoothing * (value - size), size))
        interval = np.where(fresh, since, np.where(demand, interval + smoothing * (since - interval), interval))
        since = np.where(demand, 1.0, since + known)
    return size, interval


def tsb(
    values: Floats, size_smoothing: float = SMOOTHING, chance_smoothing: float = SMOOTHING
) -> tuple[Floats, Floats]:
    """Smoothed size of demands and smoothed probability of one, per series, after the last day; NaN without a demand.

    The probability starts as the share of days with a demand, the size at the first demand
    (Teunter, Syntetos and Babai, European Journal of Operational Research 214, 2011).
    """
    known = np.isfinite(values)
    demands = known & (np.where(known, values, 0.0) != 0)
    chance = demands.sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    size = np.full(len(values), np.nan)
    for day in range(values.shape[1]):
        value, demand = values[:, day], demands[:, day]
        size = np.where(demand, np.where(np.isfinite(size), size + size_smoothing * (value - size), value), size)
        moved = chance + chance_smoothing * (demand - chance)
        chance = np.where(known[:, day], moved, chance)
    return size, np.where(np.isfinite(size), chance, np.nan)


def is_intermittent(values: Floats) -> Bools:
    """Whether the mean interval between demands is 1.32 days or more (Syntetos, Boylan and Croston, 2005)."""
    known = np.isfinite(values)
    demands = (known & (np.where(known, values, 0.0) != 0)).sum(axis=1)
    return np.asarray(known.sum(axis=1) >= 1.32 * np.maximum(demands, 1))


def _level(rate: Floats, horizon: int) -> Floats:
    return np.repeat(rate[:, None], horizon, axis=1)


class Croston:
    """Size ÷ interval."""

    name: ClassVar[str] = "croston"
    title: ClassVar[str] = "Croston"
    source: ClassVar[str] = "Croston (1972)"
    least: ClassVar[int] = 14

    def forecast(self, panel: Panel, horizon: int) -> Floats:
        """The same rate for every day."""
        size, interval = croston(filled(panel))
        return _level(size / interval, horizon)


class Sba:
    """Croston less its bias."""

    name: ClassVar[str] = "sba"
    title: ClassVar[str] = "Syntetos–Boylan"
    source: ClassVar[str] = "Syntetos and Boylan, International Journal of Forecasting 21 (2005)"
    least: ClassVar[int] = 14

    def forecast(self, panel: Panel, horizon: int) -> Floats:
        """The same rate for every day."""
        size, interval = croston(filled(panel))
        return _level((1 - SMOOTHING / 2) * size / interval, horizon)


class Tsb:
    """Size × probability."""

    name: ClassVar[str] = "tsb"
    title: ClassVar[str] = "Teunter–Syntetos–Babai"
    source: ClassVar[str] = "Teunter, Syntetos and Babai (2011)"
    least: ClassVar[int] = 14

    def forecast(self, panel: Panel, horizon: int) -> Floats:
        """The same rate for every day."""
        size, chance = tsb(filled(panel))
        return _level(size * chance, horizon)
