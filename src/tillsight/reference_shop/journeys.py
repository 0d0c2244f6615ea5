"""The touch points before an online order: the first is what caused it, the later ones only close it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tillsight.reference_shop.hashing import EXPONENTIAL, Ints, Stream
from tillsight.reference_shop.orders import Orders
from tillsight.reference_shop.truths import Truths

MOST = 4
"""Touch points that a path has at most."""
SHARE_BY_LENGTH = (0.6, 0.28, 0.12)
"""Of the paths with more than one touch point: those with two, three and four."""
DAY = 86_400_000_000


def source_names(truths: Truths) -> list[str]:
    """What a touch point can come from: the campaigns, then the free sources."""
    return [
        *(campaign.campaign_id for campaign in truths.ads.campaigns),
        *(name for name, _ in truths.journeys.organic),
    ]


@dataclass
class Journeys:
    """Paths of the web and mobile orders of a span, and of the marketplace orders that a campaign caused."""

    order: Ints
    """Position of the order of each path in the span."""
    source: Ints
    """Path × MOST: index into source_names, -1 beyond the end of the path."""
    at: Ints
    """Path × MOST: microseconds."""
    length: Ints

    @property
    def last(self) -> Ints:
        """The last touch point, which the shop's own system credits."""
        return self.source[np.arange(len(self.order)), self.length - 1]


def draw_journeys(orders: Orders, truths: Truths) -> Journeys:
    """The path of each online order."""
    plan = truths.journeys
    names = source_names(truths)
    rows = np.flatnonzero(orders.online | (orders.cause >= 0))
    key = orders.sequence[rows]
    free = np.array([names.index(name) for name, _ in plan.organic])
    cause = orders.cause[rows]
    first = np.where(cause >= 0, cause, free[Stream("journey.free").choice([share for _, share in plan.organic], key)])
    # Whoever knows the shop types its name or finds it by its name: brand search closes and harvests.
    online = orders.online[rows]
    single = Stream("journey.single").chance(plan.single, key) | ~online
    length = np.where(single, 1, 2 + Stream("journey.length").choice(SHARE_BY_LENGTH, key))
    closers = np.array([names.index(name) for name, _ in plan.closers])
    shares = [share for _, share in plan.closers]
    source = np.full((len(rows), MOST), -1, dtype=np.int64)
    at = np.zeros((len(rows), MOST), dtype=np.int64)
    source[:, 0] = first
    gap = np.zeros(len(rows), dtype=np.int64)
    for step in range(1, MOST):
        source[:, step] = np.where(step < length, closers[Stream("journey.closer").choice(shares, key, step)], -1)
    # Times run backwards from the order: minutes before it, then days between the steps.
    final = orders.placed[rows] - Stream("journey.minutes").between(8, 45, key) * 60_000_000
    for step in reversed(range(MOST)):
        inside = step < length
        at[:, step] = np.where(inside, final - gap, 0)
        pause = (Stream("journey.pause").quantile(EXPONENTIAL, key, step) * 2.5 * DAY).astype(np.int64) + DAY // 24
        gap = gap + np.where(inside, pause, 0)
    return Journeys(rows, source, at, length)
