"""Seasonal naive: next Tuesday is as last Tuesday. The measure of all others, and hard to beat on short, steady series."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from tillsight.forecasting.panel import WEEK, Floats, Panel, filled


class SeasonalNaive:
    """The last week again and again."""

    name: ClassVar[str] = "seasonal_naive"
    title: ClassVar[str] = "Seasonal naive"
    source: ClassVar[str] = "Hyndman and Athanasopoulos, Forecasting: principles and practice, 5.2"
    least: ClassVar[int] = WEEK

    def forecast(self, panel: Panel, horizon: int) -> Floats:
        """The values of the last week in turn."""
        week = filled(panel)[:, -WEEK:]
        return week[:, np.arange(horizon) % WEEK]
