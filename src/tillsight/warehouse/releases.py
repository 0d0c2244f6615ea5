"""Releases as readers see them: which one answers now, opened read-only, kept until the next one is taken.

The pointer in the operational database names the release; its manifest names the files of every table. A reader looks at the
pointer before each question (one indexed read) and opens a release once. A release that was replaced stays open for those
who are still asking it.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping, Set
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from sqlalchemy import select

from tillsight.core.errors import NoReleaseError, NotFoundError, OutdatedReleaseError
from tillsight.core.settings import Settings
from tillsight.core.version import VERSION
from tillsight.database.changes import Stamp
from tillsight.database.models import CURRENT, Pointer, Release
from tillsight.database.store import Database
from tillsight.warehouse.duck import DuckEngine
from tillsight.warehouse.engine import Engine, stored_tables
from tillsight.warehouse.engines import DuckWarehouse, open_warehouse

if TYPE_CHECKING:
    import ibis.expr.types as ir

OPEN_RELEASES = 3


@dataclass(frozen=True)
class OpenRelease:
    """A release that is open: its record, the engine that answers the catalogue, and DuckDB over its files for SQL of our own."""

    record: Release
    engine: Engine
    files: DuckEngine

    def run(self, expression: ir.Table) -> tuple[pa.Table, str]:
        """Execute an expression: by the engine that answers, or over the files where it reads a table that only they have."""
        if self.engine is not self.files:
            import ibis.expr.operations as ops

            if not all(self.engine.has(table.name) for table in expression.op().find(ops.UnboundTable)):
                return self.files.run(expression)
        return self.engine.run(expression)

    @property
    def number(self) -> int:
        """The number of the release; never used again for another."""
        return self.record.number

    @property
    def manifest(self) -> dict[str, Any]:
        """Tables with files and rows, days with data, loads."""
        return self.record.manifest

    @property
    def data_from(self) -> date | None:
        """First day with sales."""
        return _day(self.record.manifest.get("data_from"))

    @property
    def data_to(self) -> date | None:
        """Last day with sales."""
        return _day(self.record.manifest.get("data_to"))

    def rows_of(self, table: str) -> int:
        """How many rows a table of the release has."""
        return int(self.record.manifest["tables"].get(table, {}).get("rows", 0))


def _columns(files: DuckEngine, tables: Set[str]) -> dict[str, set[str]]:
    """The columns of the tables that a release has files of."""
    held = (
        "SELECT table_name AS name, list(column_name) AS columns FROM duckdb_columns() WHERE NOT internal GROUP BY ALL"
    )
    # one row, as a question may have been allowed no more
    [row] = files.run_sql(f"SELECT list(t) AS held FROM ({held}) t").to_pylist()
    return {table["name"]: set(table["columns"]) for table in row["held"] or () if table["name"] in tables}


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


class Releases:
    """The releases of a workspace, for readers. Safe to use from many threads.

    `lacking`: of the columns by table that a release has, what this version reads and it has not.
    """

    def __init__(
        self,
        workspace: Path,
        settings: Settings,
        database: Database,
        lacking: Callable[[Mapping[str, Collection[str]]], Collection[str]],
    ) -> None:
        self._workspace = workspace
        self._settings = settings
        self._database = database
        self._lacking = lacking
        self._embedded = DuckWarehouse(workspace, settings.limits)
        self._warehouse = open_warehouse(workspace, settings, database)
        self._open: OrderedDict[int, OpenRelease] = OrderedDict()
        self._lock = threading.Lock()
        self._seen: int | None = None
        self._seen_at: tuple[Stamp | None, int | None] = (None, None)
        self._on_change: list[Callable[[], None]] = []

    def when_changed(self, call: Callable[[], None]) -> None:
        """Call this whenever another release was found to answer: what was made from the one before may hold what is erased."""
        self._on_change.append(call)

    def current_number(self) -> int | None:
        """The release that answers now; None before the first build. Read again only when something was committed."""
        stamp = self._database.changes.stamp()
        seen_at, number = self._seen_at
        if stamp is not None and stamp == seen_at:
            return number
        with self._database.read() as session:
            number = session.scalar(select(Pointer.release).where(Pointer.name == CURRENT))
        if number != self._seen:
            self._seen = number
            self.forget_collected()
            for call in self._on_change:
                call()
        self._seen_at = stamp, number
        return number

    def number_at(self, stamp: Stamp | None) -> int | None:
        """The release that answers, where that is known of this state of the database; None: ask `current_number`."""
        seen_at, number = self._seen_at
        return number if stamp is not None and stamp == seen_at else None

    def current(self) -> OpenRelease:
        """The release that answers now. Raises NoReleaseError before the first build, or where it is outdated."""
        number = self.current_number()
        if number is None:
            raise NoReleaseError("Nothing is built yet: load files with `tillsight load`, then run `tillsight build`.")
        return self.get(number)

    def record(self, number: int) -> Release:
        """What is known of a release, without opening it. Raises NotFoundError like `get`."""
        with self._database.read() as session:
            record = session.get(Release, number)
        if record is None or record.state != "published":
            raise NotFoundError(f"There is no release {number}, or it is not kept any more.", release=number)
        return record

    def get(self, number: int) -> OpenRelease:
        """A release by number, opened.

        Raises NotFoundError for one that was never published or is collected, and OutdatedReleaseError for one that was built
        by a version which did not make all that this one reads.
        """
        with self._lock:
            found = self._open.get(number)
            if found:
                self._open.move_to_end(number)
                return found
            opened = self._opened(number)
            self._open[number] = opened
            while len(self._open) > OPEN_RELEASES:
                # not closed here: a thread may be asking it; its memory goes when the last one is done
                self._open.popitem(last=False)
            return opened

    def _opened(self, number: int) -> OpenRelease:
        record = self.record(number)
        tables = stored_tables(self._workspace, record.manifest)
        engine = self._warehouse.open(number, tables)
        files = engine if isinstance(engine, DuckEngine) else self._embedded.open(number, tables)
        lacks = self._lacking(_columns(files, {table.name for table in tables}))
        if lacks:
            engine.close()
            files.close()
            raise OutdatedReleaseError(
                f"Release {number} was built by another version of Tillsight: build again, on the data page or with "
                "`tillsight build`.",
                release=number,
                lacks=sorted(lacks),
            )
        return OpenRelease(record, engine, files)

    def published(self, limit: int = 100) -> list[Release]:
        """Releases that are kept, newest first."""
        with self._database.read() as session:
            return list(
                session.scalars(
                    select(Release).where(Release.state == "published").order_by(Release.number.desc()).limit(limit)
                )
            )

    def known_as_of(self, moment: datetime, loads: Set[str]) -> int | None:
        """A kept release of what was known at a moment: made of just these loads, with these settings, by this version.

        A load that comes later may say that it was known earlier: then what was known is another thing than before.
        """
        with self._database.read() as session:
            made = session.scalars(
                select(Release)
                .where(Release.state == "published", Release.kind == "as_of", Release.as_of == moment)
                .order_by(Release.number.desc())
            )
            for release in made:
                manifest = release.manifest
                same = (manifest["currency"], manifest["timezone"], manifest["code_version"])
                if (
                    set(manifest["loads"]) == loads
                    and same
                    == (
                        self._settings.currency,
                        self._settings.timezone,
                        VERSION,
                    )
                    and self._can_answer(release.number)
                ):
                    return release.number
        return None

    def _can_answer(self, number: int) -> bool:
        try:
            self.get(number)
        except OutdatedReleaseError:
            return False
        return True

    def forget_collected(self) -> None:
        """Let go of open releases that are not kept any more; their memory goes when the last one who asks is done."""
        with self._lock:
            with self._database.read() as session:
                kept = set(session.scalars(select(Release.number).where(Release.state == "published")))
            for number in [number for number in self._open if number not in kept]:
                self._open.pop(number)

    def close(self) -> None:
        """Give the memory back."""
        with self._lock:
            for release in self._open.values():
                release.engine.close()
                release.files.close()
            self._open.clear()
        self._warehouse.close()
