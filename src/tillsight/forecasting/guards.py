"""What no forecast may be: not finite, negative where the measure cannot be, beyond what history allows, or made from too little.

Bounds: no point is above 1.5 times the highest value that the series ever had, and no interval above twice it; a measure that may be
negative has the mirror of that below. A series needs eight weeks from its first to its last day, of which four are learnt from and the
rest is forecast and compared.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from tillsight.core.errors import TillsightError
from tillsight.forecasting.panel import WEEK, Floats, Panel

LEAST_DAYS = 8 * WEEK
POINTS_UP_TO = 1.5
INTERVALS_UP_TO = 2.0


class ForecastError(TillsightError):
    """A forecast cannot be made as it was asked for."""

    code: ClassVar[str] = "VALIDATION_ERROR"
    status: ClassVar[int] = 422
    exit_code: ClassVar[int] = 2


def too_short(panel: Panel) -> list[str | None]:
    """For every series why nothing can be said about it, or None."""
    days = panel.days - panel.first()
    return [
        None if length >= LEAST_DAYS else f"{length} days of history are too few: a forecast needs {LEAST_DAYS} days."
        for length in days.tolist()
    ]


def bounds(panel: Panel, up_to: float) -> tuple[Floats, Floats]:
    """The lowest and the highest value that a forecast of each series may have, as columns."""
    known = np.isfinite(panel.values)
    highest = np.where(known, panel.values, 0.0).max(axis=1, initial=0.0)
    lowest = np.where(known, panel.values, 0.0).min(axis=1, initial=0.0)
    if panel.not_negative:
        return np.zeros((panel.count, 1)), up_to * np.maximum(highest, 0.0)[:, None]
    reach = np.maximum(highest, -lowest)[:, None]
    return -up_to * reach, up_to * reach


def guarded(panel: Panel, points: Floats, up_to: float = POINTS_UP_TO) -> Floats:
    """Points inside the bounds; what is not finite stays unknown (NaN), so that another model takes its place."""
    lowest, highest = bounds(panel, up_to)
    shape = (panel.count, *[1] * (points.ndim - 1))
    clipped = np.clip(points, lowest.reshape(shape), highest.reshape(shape))
    return np.where(np.isfinite(points), clipped, np.nan)
