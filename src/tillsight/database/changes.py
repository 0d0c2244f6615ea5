"""Whether anything was committed to the operational database since it was last looked at, by whatever process.

What was read before may be used again as long as the answer is no, so a request that needs nothing new reads nothing. A stamp
is taken before the reading that it stands for: then a commit in between makes it look old, never new.

SQLite counts the commits of all other connections (`PRAGMA data_version`, 4 µs), so one that never writes is kept for it.
PostgreSQL gives its snapshot: which transactions are over. Equal snapshots see the same rows; that is one round trip.
"""

from __future__ import annotations

import contextlib
import threading

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

_ASKED = {"sqlite": "PRAGMA data_version", "postgresql": "SELECT pg_current_snapshot()::text"}

Stamp = str | int
"""The state of the database; equal for equal states, as seen by one process."""


class Changes:
    """Gives stamps of one database. Safe to use from many threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._question = _ASKED[engine.dialect.name]
        self.quick = engine.dialect.name == "sqlite"
        """Whether a stamp costs microseconds, so that it may be taken where nothing must wait."""
        self._lock = threading.Lock()
        self._connection: Connection | None = None
        self._opened = 0

    def stamp(self) -> Stamp | None:
        """The state of the database now; None where it does not answer, which is equal to nothing that is known."""
        with self._lock:
            try:
                if self._connection is None:
                    self._connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
                    self._opened += 1
                cursor = self._connection.connection.cursor()
                try:
                    cursor.execute(self._question)
                    found = cursor.fetchone()
                finally:
                    cursor.close()
            except Exception:  # whatever the driver raises: the next reading will say what is wrong
                self._drop()
                return None
        # another connection counts from another number
        return f"{self._opened} {found[0]}" if found else None

    def close(self) -> None:
        """Give the connection back."""
        with self._lock:
            self._drop()

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(SQLAlchemyError):
                connection.invalidate()
                connection.close()
