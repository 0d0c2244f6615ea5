"""The series that are forecast, side by side, and what every model promises.

Grain: one value per series and day. Values are in the unit of the measure; NaN is unknown: before a series begins, or a day that
says nothing about demand (out of stock). What is known ahead (calendar, prices, promotions) reaches beyond the values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import ClassVar, Protocol, Self

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

WEEK = 7


@dataclass(frozen=True)
class Panel:
    """Series of equal days: `values` has a row per series and a column per day from `start`.

    `shared`: features by name that all series have in common, one number per day; `own`: features with a row per series. Both reach
    from `start` to the last day that can be forecast. `codes`: the names among `shared` that are codes, not amounts.
    `seasons`: lengths in days of the patterns that repeat, the shortest first. `not_negative`: the measure cannot be below zero.
    """

    values: Floats
    start: date
    shared: Mapping[str, Floats] = field(default_factory=dict)
    own: Mapping[str, Floats] = field(default_factory=dict)
    codes: tuple[str, ...] = ()
    seasons: tuple[int, ...] = (WEEK,)
    not_negative: bool = True

    @property
    def count(self) -> int:
        """Number of series."""
        return int(self.values.shape[0])

    @property
    def days(self) -> int:
        """Number of days with values."""
        return int(self.values.shape[1])

    @property
    def end(self) -> date:
        """The last day with values."""
        return self.start + timedelta(days=self.days - 1)

    def first(self) -> Ints:
        """Index of the first known day of each series; `days` where nothing is known."""
        known = np.isfinite(self.values)
        return np.where(known.any(axis=1), known.argmax(axis=1), self.days)

    def until(self, days: int) -> Self:
        """The first `days` days: what was known then. Features stay as they are: they are known ahead."""
        return replace(self, values=self.values[:, :days])

    def only(self, rows: Ints) -> Self:
        """Some of the series."""
        return replace(self, values=self.values[rows], own={name: values[rows] for name, values in self.own.items()})


class Model(Protocol):
    """A way to forecast. Models hold no state: what they learn from a panel they use at once.

    `name` is how it is asked for and stored; `title` is for people; `least`: days of history without which it says nothing.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    source: ClassVar[str]
    least: ClassVar[int]

    def forecast(self, panel: Panel, horizon: int) -> Floats:
        """A row per series, a column for each of the `horizon` days after the panel; NaN where it has nothing to say."""
        ...


def filled(panel: Panel) -> Floats:
    """Values with the gaps inside each series closed: by the mean of its same weekdays within four weeks, else by its own mean.

    Days before a series begins stay NaN.
    """
    values = panel.values.copy()
    first = panel.first()[:, None]
    inside = np.arange(panel.days)[None, :] >= first
    holes = inside & ~np.isfinite(values)
    if not holes.any():
        return values
    total = np.zeros_like(values)
    seen = np.zeros_like(values)
    known = np.isfinite(values)
    plain = np.where(known, values, 0.0)
    for weeks in (1, 2, 3, 4):
        shift = weeks * WEEK
        total[:, shift:] += plain[:, :-shift]
        seen[:, shift:] += known[:, :-shift]
        total[:, :-shift] += plain[:, shift:]
        seen[:, :-shift] += known[:, shift:]
    of_all = plain.sum(axis=1, keepdims=True) / np.maximum(known.sum(axis=1, keepdims=True), 1)
    near = np.where(seen > 0, total / np.maximum(seen, 1), of_all)
    return np.where(holes, near, values)


def trailing_mean(values: Floats, days: int) -> Floats:
    """For every day the mean of the known values of the `days` days that end with it; NaN where none is known."""
    known = np.isfinite(values)
    total = np.cumsum(np.where(known, values, 0.0), axis=-1)
    seen = np.cumsum(known, axis=-1).astype(float)
    total[..., days:] = total[..., days:] - total[..., :-days]
    seen[..., days:] = seen[..., days:] - seen[..., :-days]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(seen > 0, total / seen, np.nan)
