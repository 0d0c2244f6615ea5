"""Which of many findings hold, when many were looked for at once."""

from __future__ import annotations

from typing import Any

import numpy as np

from tillsight.forecasting.panel import Bools, Floats


def discoveries(chance: Any, rate: float, tests: int | None = None) -> Bools:
    """Which of several findings hold at a false discovery rate: about that share of those found is chance (Benjamini and Hochberg, 1995).

    `chance`: how likely chance alone brings each about; NaN was not tried. `tests`: how many were tried, where that is more than are given.
    """
    return np.asarray(adjusted(chance, tests) <= rate, dtype=np.bool_)


def adjusted(chance: Any, tests: int | None = None) -> Floats:
    """The least false discovery rate at which each finding holds, up to 1; NaN for what was not tried.

    Of all that are as sure as a finding or surer, about that share is chance: min over all that are as likely by chance or
    likelier of chance × tests ÷ rank (the adjusted p-values of Benjamini and Hochberg). Arguments as for `discoveries`.
    """
    chance = np.asarray(chance, dtype=np.float64)
    known = np.flatnonzero(np.isfinite(chance))
    order = known[np.argsort(chance[known], kind="stable")]
    scaled = chance[order] * max(tests or len(order), 1) / np.arange(1, len(order) + 1)
    found = np.full(len(chance), np.nan)
    found[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return found
