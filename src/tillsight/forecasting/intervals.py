"""How sure a forecast is: intervals at any level from the errors that the same model made in the backtest (split conformal).

An error is measured in units of the size of its forecast (to the power of ¾: between counting, whose spread grows with the root, and
noise in percent), so that a strong Saturday has a wider interval than a weak Monday. An interval at 80 % reaches from the tenth to the
ninetieth percentile of these errors, above and below apart, with the correction for few of them (Vovk, Gammerman and Shafer,
Algorithmic learning in a random world, 2005; Lei and others, 2018). No distribution is assumed, but one thing is allowed for: the
errors of a window have its level in common, and few windows say little about how wrong a level can be; that part is widened as
Student's t is against the normal distribution. Where days without a sale are more
frequent than the lower tail, the interval starts at zero and the whole tail lies above. Farther ahead than was tried, intervals widen
with the root of the distance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from tillsight.forecasting.panel import Floats

POWER = 0.75
FLOOR = 0.1
FEW_AT = 0.9
"""Where Student's t is compared with the normal distribution, for every level: farther out the largest errors rule anyway."""


def spread_of(points: Floats, not_negative: bool) -> Floats:
    """The unit of errors at each point: its size to the power of ¾, never below a tenth of the series' mean; 1 where a measure
    may be negative."""
    if not not_negative:
        return np.ones_like(points)
    axes = tuple(range(1, points.ndim))
    known = np.isfinite(points)
    mean = np.where(known, points, 0.0).sum(axis=axes, keepdims=True) / np.maximum(
        known.sum(axis=axes, keepdims=True), 1
    )
    sizes = np.maximum(np.where(known, points, 0.0), np.maximum(FLOOR * mean, 1e-6))
    return np.asarray(sizes**POWER)


@dataclass(frozen=True)
class Errors:
    """Errors of a backtest, actual − forecast, in units of `spread_of`: (series, windows, days). `plain`: in the measure's unit.
    `zero`: alike, 1 where the actual was zero, which is the lowest it can be, and more was forecast; else 0."""

    scaled: Floats
    plain: Floats
    zero: Floats

    def quantiles(self, level: float) -> tuple[Floats, Floats]:
        """The lower and the upper error of every series at a level (0.8 is 80 %); minus infinity where nothing is a likely value."""
        flat = np.sort(self.scaled.reshape(len(self.scaled), -1), axis=1)
        count = np.isfinite(flat).sum(axis=1)
        tail = (1 - level) / 2
        from_zero = self.zero.mean(axis=(1, 2)) > tail
        above = np.where(from_zero, 2 * tail, tail)
        # the k-th of n errors is exceeded by the next one with probability k ÷ (n + 1)
        low = np.floor((count + 1) * tail).astype(int) - 1
        high = np.ceil((count + 1) * (1 - above)).astype(int) - 1
        last = np.maximum(count - 1, 0)
        rows = np.arange(len(flat))
        lower = np.where(from_zero, -np.inf, np.minimum(flat[rows, np.clip(low, 0, last)], 0.0))
        upper = np.maximum(flat[rows, np.clip(high, 0, last)], 0.0)
        none = count == 0
        wider = self._for_few_windows()
        return np.where(none, np.nan, lower * wider), np.where(none, np.nan, upper * wider)

    def _for_few_windows(self) -> float:
        """How much wider intervals must be because levels were tried in few windows: 1 where windows have no level in common."""
        known = np.isfinite(self.scaled)
        plain = np.where(known, self.scaled, 0.0)
        days, windows = known.sum(axis=2), self.scaled.shape[1]
        square = (plain**2).sum(axis=(1, 2)) / np.maximum(days.sum(axis=1), 1)
        of_level = ((plain.sum(axis=2) / np.maximum(days, 1)) ** 2).mean(axis=1)
        used = square > 0
        if not used.any():
            return 1.0
        share = float(np.mean(of_level[used] / square[used]))
        ratio = stats.t.ppf(FEW_AT, max(windows, 2)) / stats.norm.ppf(FEW_AT)
        return float(np.sqrt(1 + share * (ratio**2 * (1 + 1 / windows) - 1)))

    def without(self, window: int) -> Errors:
        """The errors of the other windows."""
        keep = np.delete(np.arange(self.scaled.shape[1]), window)
        return Errors(self.scaled[:, keep], self.plain[:, keep], self.zero[:, keep])

    def around(self, points: Floats, level: float, not_negative: bool, tried: int) -> tuple[Floats, Floats]:
        """The interval around points (series, days); the first `tried` days were tried in the backtest."""
        lower, upper = self.quantiles(level)
        ahead = np.arange(1, points.shape[1] + 1)
        wider = np.sqrt(np.maximum(ahead / tried, 1.0))
        spread = spread_of(points, not_negative) * wider
        return points + lower[:, None] * spread, points + upper[:, None] * spread

    def of_sum(self, days: int, level: float) -> Floats:
        """Half the width of the interval of a sum over `days` days, for every series.

        Errors of days next to each other go together (a level that is wrong stays wrong), so the sums of whole windows are looked
        at: their spread per day, no smaller than that of independent days, times the number of days; Student's t for few windows.
        """
        known = np.isfinite(self.plain)
        seen = np.maximum(known.sum(axis=2), 1)
        means = np.where(known, self.plain, 0.0).sum(axis=2) / seen
        windows = means.shape[1]
        of_days = np.where(known, self.plain, 0.0) ** 2
        alone = of_days.sum(axis=(1, 2)) / np.maximum(known.sum(axis=(1, 2)), 1) / max(self.plain.shape[2], 1)
        variance = np.maximum((means**2).mean(axis=1), alone)
        wider = np.sqrt(max(days / max(self.plain.shape[2], 1), 1.0))
        student = stats.t.ppf((1 + level) / 2, max(windows, 2)) * np.sqrt(1 + 1 / max(windows, 1))
        return np.asarray(student * np.sqrt(variance) * days * wider)


def errors_of(actual: Floats, points: Floats, not_negative: bool) -> Errors:
    """The errors of forecasts (series, windows, days)."""
    plain = actual - points
    spread = spread_of(points, not_negative)
    # a closed Sunday that was forecast as nothing is no day without demand
    known = np.isfinite(plain)
    days = np.maximum(known.sum(axis=(1, 2), keepdims=True), 1)
    mean = np.where(known, points, 0.0).sum(axis=(1, 2), keepdims=True) / days
    zero = np.where(known & (actual == 0) & (points > FLOOR * mean), float(not_negative), 0.0)
    return Errors(plain / spread, plain, zero)
