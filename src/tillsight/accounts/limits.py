"""How many requests somebody may send: a bucket each that fills steadily. Counted in the memory of each server."""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from tillsight.core.errors import TooManyRequestsError

_MOST = 10_000


class RateLimit:
    """`per_minute` requests for each name, at most so many at once; 0 sets no limit. Safe to use from many threads."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = float(per_minute)
        self._clock = clock
        self._lock = threading.Lock()
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, name: str) -> None:
        """Count a request. Raises TooManyRequestsError, with the seconds to wait, when there have been too many."""
        if not self._most:
            return
        at, rate = self._clock(), self._most / 60
        with self._lock:
            left, before = self._left.pop(name, (self._most, at))
            left = min(self._most, left + (at - before) * rate)
            enough = left >= 1
            self._left[name] = (left - 1 if enough else left), at
            while len(self._left) > _MOST:
                self._left.popitem(last=False)
        if not enough:
            seconds = max(1, math.ceil((1 - left) / rate))
            raise TooManyRequestsError(
                f"Too many requests: more than {self._most:g} in a minute. Try again in {seconds} seconds.",
                retry_after=seconds,
            )
