"""How many requests somebody may send: a bucket each that fills steadily, kept where all servers of a workspace see it.

A server takes a twentieth of a minute's requests from the bucket at a time and counts those by itself, so that few requests
cost a write. Together the servers never let more through than the limit; what one has taken and does not use within a minute
is lost, so with many servers somebody may be held back a little early.
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import delete

from tillsight.core.errors import TooManyRequestsError
from tillsight.database import Database, RequestCount, now

_MOST = 10_000
_LOTS = 20
_MINUTE = timedelta(minutes=1)


class RateLimit:
    """`per_minute` requests for each name, at most so many at once; 0 sets no limit. Safe to use from many threads and processes.

    `kind`: what is counted, such as `key`: the same name is another one there.
    """

    def __init__(self, database: Database, kind: str, per_minute: int, clock: Callable[[], datetime] = now) -> None:
        self._database, self._kind = database, kind
        self._most = float(per_minute)
        self._lot = max(1, per_minute // _LOTS)
        self._clock = clock
        self._lock = threading.Lock()
        self._taken: OrderedDict[str, tuple[int, datetime]] = OrderedDict()

    def take(self, name: str) -> None:
        """Count a request. Raises TooManyRequestsError, with the seconds to wait, when there have been too many."""
        if not self._most:
            return
        at = self._clock()
        if self._from_taken(name, at, 0):
            return
        given, seconds = self._more(f"{self._kind}:{name}"[:120], at)
        if given:
            self._from_taken(name, at, given)
            return
        raise TooManyRequestsError(
            f"Too many requests: more than {self._most:g} in a minute. Try again in {seconds} seconds.",
            retry_after=seconds,
        )

    def take_held(self, name: str) -> bool:
        """Count a request, where this server holds one for it: never waits. False where it does not; `take` then."""
        return not self._most or self._from_taken(name, self._clock(), 0)

    def _from_taken(self, name: str, at: datetime, more: int) -> bool:
        """Use one of those that this server has taken, after it took `more`. False where it has none."""
        with self._lock:
            left, since = self._taken.pop(name, (0, at))
            if not timedelta(0) <= at - since < _MINUTE:
                left = 0
            if more:
                left, since = left + more, at
            if left:
                self._taken[name] = left - 1, since
            while len(self._taken) > _MOST:
                self._taken.popitem(last=False)
            return left > 0

    def _more(self, name: str, at: datetime) -> tuple[int, int]:
        """Take more from the bucket: how many, and in how many seconds there is one where there is none."""
        rate = self._most / 60
        with self._database.write() as session:
            session.execute(delete(RequestCount).where(RequestCount.at < at - _MINUTE))  # full again
            row = session.get(RequestCount, name)
            if row is None:
                row = RequestCount(name=name, remaining=self._most, at=at)
                session.add(row)
            # where the clock went back it goes on from what is left
            left = min(self._most, row.remaining + max((at - row.at).total_seconds(), 0.0) * rate)
            given = min(self._lot, int(left))
            row.remaining, row.at = left - given, at
        return given, max(1, math.ceil((1 - left) / rate))
