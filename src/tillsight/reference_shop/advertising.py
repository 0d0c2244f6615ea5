"""Advertising before any order: what each campaign spends on each day and how many orders it brings.

Spend is in whole cents by campaign and day. `pull` is the additional orders as a fraction of those that would come anyway.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tillsight.reference_shop.calendar import Days
from tillsight.reference_shop.hashing import Floats, Ints, Stream
from tillsight.reference_shop.sizes import Size
from tillsight.reference_shop.truths import AdCampaign, Truths

MARKETPLACE_PLATFORM = "amazon"


@dataclass(frozen=True)
class Advertising:
    """The plan of all campaigns for a shop of one size."""

    size: Size
    days: Days
    truths: Truths

    @property
    def campaigns(self) -> tuple[AdCampaign, ...]:
        """The campaigns, in the order of their numbers."""
        return self.truths.ads.campaigns

    @cached_property
    def on_marketplace(self) -> Ints:
        """1 for campaigns that bring orders on the marketplace, 0 for those that bring web and mobile orders."""
        return np.array([int(campaign.platform == MARKETPLACE_PLATFORM) for campaign in self.campaigns])

    @cached_property
    def unit(self) -> float:
        """Euros a day for each euro of the plan, which is stated for 100 orders a day."""
        return self.size.orders / self.days.count / 100

    @cached_property
    def spend(self) -> Ints:
        """Cents by campaign and day: the mean times the level of the week, half as much again in November and December."""
        levels = np.array(self.truths.ads.levels)
        week = (np.arange(self.days.count) + self.days.dates[0].weekday()) // 7
        season = np.array([1.5 if day.month in (11, 12) else 1.0 for day in self.days.dates])
        rows = []
        for number, campaign in enumerate(self.campaigns):
            level = levels[Stream("ads.level").below(len(levels), week, number)]
            wobble = 1 + 0.05 * Stream("ads.wobble").normal(np.arange(self.days.count), number)
            rows.append(np.rint(campaign.spend * level * season * wobble * self.unit * 100))
        return np.array(rows, dtype=np.int64)

    @cached_property
    def pull(self) -> Floats:
        """Additional orders by campaign and day, as a fraction of the orders without advertising."""
        spend = self.spend / (self.unit * 100)
        most = np.array([campaign.orders for campaign in self.campaigns])[:, None]
        scale = np.array([campaign.scale for campaign in self.campaigns])[:, None]
        return np.asarray(most * (1 - np.exp(-spend / scale)))

    @cached_property
    def online(self) -> Floats:
        """Factor on web and mobile orders of a day."""
        return np.asarray(1 + (self.pull * (1 - self.on_marketplace[:, None])).sum(axis=0))

    @cached_property
    def marketplace(self) -> Floats:
        """Factor on marketplace orders of a day."""
        return np.asarray(1 + (self.pull * self.on_marketplace[:, None]).sum(axis=0))

    def cause(self, day: Ints, marketplace: Ints, *keys: Ints) -> Ints:
        """The campaign that brought each order; −1 for those that would have come anyway. `marketplace` is 1 or 0."""
        mine = self.pull * (1 - self.on_marketplace[:, None])
        theirs = self.pull * self.on_marketplace[:, None]
        # Cumulative shares by day; the rest of the unit interval is nobody's.
        edges = np.stack([np.cumsum(mine, axis=0) / self.online, np.cumsum(theirs, axis=0) / self.marketplace])
        draw = Stream("ads.cause").unit(*keys)
        result = np.full(len(day), -1, dtype=np.int64)
        for number in reversed(range(len(self.campaigns))):
            result = np.where(draw < edges[marketplace, number, day], number, result)
        # A campaign of the other side has an interval of no width, so it is never drawn.
        return result
