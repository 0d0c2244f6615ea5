"""The days of the reference shop: what multiplies the demand of a day, and the clock of the shop.

Days are counted from the first day of the shop (0) to the last. Factors are per day and channel, without unit; the mean over a
year is about 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

import numpy as np

from tillsight.reference_shop.hashing import Bools, Floats, Ints, Stream, spread, whole
from tillsight.reference_shop.truths import FIRST_DAY, LAST_DAY, TIMEZONE, Truths

EPOCH = date(1970, 1, 1)
DAY_MICROSECONDS = 86_400_000_000
SECOND = 1_000_000


def index_of(day: date | str) -> int:
    """The number of a day of the shop; days before the first are negative."""
    when = date.fromisoformat(day) if isinstance(day, str) else day
    return (when - FIRST_DAY).days


@dataclass(frozen=True)
class Days:
    """The calendar of the shop with the planted shapes."""

    truths: Truths

    @property
    def count(self) -> int:
        """Number of days."""
        return (LAST_DAY - FIRST_DAY).days + 1

    @cached_property
    def dates(self) -> list[date]:
        """Every day."""
        return [FIRST_DAY + timedelta(days=index) for index in range(self.count)]

    @property
    def first(self) -> int:
        """The first day, in days since 1970-01-01."""
        return (FIRST_DAY - EPOCH).days

    @cached_property
    def weekday(self) -> Ints:
        """0 is Monday."""
        return (np.arange(self.count) + FIRST_DAY.weekday()) % 7

    @cached_property
    def day_of_year(self) -> Ints:
        """1 … 366."""
        return np.array([day.timetuple().tm_yday for day in self.dates])

    @cached_property
    def months(self) -> list[tuple[int, int]]:
        """First and last day of each month, as numbers of days."""
        starts = [index for index, day in enumerate(self.dates) if day.day == 1 or index == 0]
        return [(start, end - 1) for start, end in zip(starts, [*starts[1:], self.count], strict=True)]

    @cached_property
    def shared(self) -> Floats:
        """Trend, season of the year and anomalies: what all channels have in common."""
        numbers = np.arange(self.count)
        trend = self.truths.growth.yearly ** (numbers / 365.0)
        middles = [index + 15 for index, _ in self.months]
        levels = [self.truths.year.months[self.dates[index].month - 1] for index, _ in self.months]
        season = np.interp(numbers, middles, levels)
        factors = np.ones(self.count)
        for day, factor, _ in self.truths.anomalies.days:
            factors[index_of(day)] = factor
        return np.asarray(trend * season * factors)

    @cached_property
    def online(self) -> Floats:
        """Factor of the online channels."""
        factors = np.array(self.truths.week.online)[self.weekday]
        for day, factor in self.truths.holidays.factors:
            factors[index_of(day)] *= factor
        return np.asarray(self.shared * factors)

    @cached_property
    def retail(self) -> Floats:
        """Factor of the stores: zero where they are closed."""
        factors = np.array(self.truths.week.retail)[self.weekday]
        for day in self.truths.holidays.closed:
            factors[index_of(day)] = 0.0
        return np.asarray(self.shared * factors)

    def noise(self, channel: int) -> Floats:
        """The shaking of a day in a channel."""
        spread = self.truths.growth.day_noise
        return np.exp(spread * Stream("day.noise").normal(np.arange(self.count), channel))

    def season_of(self, amplitude: float, peak: int) -> Floats:
        """A category's own season: a cosine with its top on the day of the year `peak`."""
        return np.asarray(1 + amplitude * np.cos(2 * np.pi * (self.day_of_year - peak) / 365.25))

    def between(self, first: date | str, last: date | str) -> Bools:
        """The days from `first` to `last`."""
        numbers = np.arange(self.count)
        return np.asarray((numbers >= index_of(first)) & (numbers <= index_of(last)))

    @cached_property
    def _offsets(self) -> Ints:
        """Seconds that the shop's clock is ahead of UTC, by day and hour of the clock; a year before the shop to a year after."""
        zone = ZoneInfo(TIMEZONE)
        table = []
        for shift in range(-400, self.count + 400):
            midnight = datetime.combine(FIRST_DAY + timedelta(days=shift), datetime.min.time(), zone)
            ends = {int((midnight.replace(hour=hour)).utcoffset().total_seconds()) for hour in (0, 23)}  # type: ignore[union-attr]
            if len(ends) == 1:
                table.append([ends.pop()] * 24)
            else:
                table.append([int(midnight.replace(hour=hour).utcoffset().total_seconds()) for hour in range(24)])  # type: ignore[union-attr]
        return np.array(table, dtype=np.int64)

    def moments(self, day: Ints, second: Ints) -> Ints:
        """Microseconds in UTC of a second of a day by the shop's clock (seconds may run over into the next days)."""
        days = day + second // 86_400
        seconds = second % 86_400
        offset = self._offsets[np.clip(days + 400, 0, len(self._offsets) - 1), seconds // 3_600]
        return np.asarray((days + self.first) * DAY_MICROSECONDS + (seconds - offset) * SECOND)

    def day_of(self, moments: Ints) -> Ints:
        """The day of the shop's clock (counted from the first day) of a moment in UTC."""
        shift = moments // DAY_MICROSECONDS - self.first
        hours = (moments // (3_600 * SECOND)) % 24
        offset = self._offsets[np.clip(shift + 400, 0, len(self._offsets) - 1), hours]
        return (moments + offset * SECOND) // DAY_MICROSECONDS - self.first

    def working(self, moments: Ints, *keys: Ints) -> Ints:
        """Moments of the night, before seven o'clock, put off to the early shift: nobody packs or unpacks then."""
        day = self.day_of(moments)
        second = (moments - self.moments(day, np.zeros_like(day))) // SECOND
        early = self.moments(day, 7 * 3_600 + Stream("day.shift").below(7_200, *keys))
        return np.where(second < 7 * 3_600, early, moments)

    def seconds_of_day(self, retail: Bools, *keys: Ints) -> Ints:
        """When in the day something happens: an hour by the planted shape, evenly within the hour."""
        stream = Stream("day.hour")
        online = stream.choice(self.truths.day.online, *keys)
        store = stream.choice(self.truths.day.retail, *keys)
        return np.where(retail, store, online) * 3_600 + Stream("day.second").below(3_600, *keys)


def counts(total: int, weights: Floats, stream: str) -> Ints:
    """A count for every cell of a weight table, in all `total`, shaken as counting would (variance = mean)."""
    flat = weights.ravel()
    expected = flat / max(float(whole(flat).sum()) / 1e9, 1e-9) * total
    shaken = np.maximum(expected + np.sqrt(expected) * Stream(stream).normal(np.arange(len(flat))), 0.0)
    return spread(total, whole(np.where(flat > 0, shaken, 0.0))).reshape(weights.shape)
