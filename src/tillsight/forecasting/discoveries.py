"""Which of many findings hold, when many were looked for at once."""

from __future__ import annotations

from typing import Any

import numpy as np

from tillsight.forecasting.panel import Bools


def discoveries(chance: Any, rate: float, tests: int | None = None) -> Bools:
    """Which of several findings hold at a false discovery rate: about that share of those found is chance (Benjamini and Hochberg, 1995).

    `chance`: how likely chance alone brings each about; NaN was not tried. `tests`: how many were tried, where that is more than are given.
    """
    chance = np.asarray(chance, dtype=np.float64)
    known = np.flatnonzero(np.isfinite(chance))
    order = known[np.argsort(chance[known], kind="stable")]
    passing = np.flatnonzero(chance[order] <= rate * np.arange(1, len(order) + 1) / max(tests or len(order), 1))
    found = np.zeros(len(chance), dtype=np.bool_)
    found[order[: passing[-1] + 1 if len(passing) else 0]] = True
    return found
