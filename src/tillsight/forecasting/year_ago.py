"""The same time a year ago, times the growth since: what a shopkeeper does by hand, and the only simple model that knows the season.

Last year's level (mean of the 29 days around the same weekday 52 weeks before) × growth (the last eight weeks against the same weeks a
year before, or as many as there are) × the shape of the week.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from tillsight.forecasting.average import weekday_index
from tillsight.forecasting.panel import WEEK, Floats, Panel, filled

YEAR = 52 * WEEK
SMOOTH = 29
GROWTH_DAYS = 8 * WEEK


class YearAgo:
    """Last year's level with this year's growth."""

    name: ClassVar[str] = "year_ago"
    title: ClassVar[str] = "A year ago, with growth"
    source: ClassVar[str] = (
        "Hyndman and Athanasopoulos, Forecasting: principles and practice, 5.2 (seasonal naive with drift)"
    )
    least: ClassVar[int] = YEAR + 6 * WEEK

    def forecast(self, panel: Panel, horizon: int) -> Floats:
        """NaN where a series has no year behind it or was nothing then."""
        if panel.days < self.least:
            return np.full((panel.count, horizon), np.nan)
        values = filled(panel)
        index = weekday_index(values)
        flat = values / index[:, np.arange(panel.days) % WEEK]
        count = min(GROWTH_DAYS, panel.days - YEAR)
        recent = np.arange(panel.days - count, panel.days)
        with np.errstate(divide="ignore", invalid="ignore"):
            growth = flat[:, recent].mean(axis=1) / flat[:, recent - YEAR].mean(axis=1)
        growth = np.where(np.isfinite(growth) & (growth > 0), np.clip(growth, 0.2, 5.0), np.nan)
        days = panel.days + np.arange(horizon)
        then = days - YEAR * -(-(np.arange(horizon) + 1) // YEAR)
        around = then[:, None] + np.arange(SMOOTH) - SMOOTH // 2
        inside = (around >= 0) & (around < panel.days)
        near = np.where(inside, flat[:, np.clip(around, 0, panel.days - 1)], np.nan)
        known = np.isfinite(near)
        seen = known.sum(axis=2)
        level = np.where(known, near, 0.0).sum(axis=2) / np.maximum(seen, 1)
        level = np.where(seen >= SMOOTH // 2, level, np.nan)
        return np.asarray(growth[:, None] * level * index[:, days % WEEK])
