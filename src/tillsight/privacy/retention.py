"""How long rows are kept: rules by table, counted first, then carried out over landing.

A rule names a table and days; a row is older than the rule by the table's own moment or day. What goes is taken out of the
canonical rows of every load; the row as it came goes with it, unless another table still needs it. Rows as they came, rejects
and finished jobs may have an age of their own, counted from the load or the end of the job. The next release does not have
them; the releases from before are dropped.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
from sqlalchemy import delete, select

from tillsight import audit
from tillsight.core.errors import SettingsError
from tillsight.core.settings import Settings
from tillsight.database import Database, Job, LandedState, Load, now
from tillsight.database.types import to_json
from tillsight.privacy.cutting import REJECTS, rewrite
from tillsight.privacy.landed import Landed, engine, landed_loads
from tillsight.tables.registry import TABLES
from tillsight.tables.schema import Table
from tillsight.warehouse.duck import literal, quoted, read_files

Progress = Callable[[str, float | None, float | None, str], None]


@dataclass
class Removed:
    """What a rule removes, or would: rows by table, rows as they came, rejects, jobs; and the first day that is kept."""

    tables: dict[str, int] = field(default_factory=dict)
    kept_from: dict[str, date] = field(default_factory=dict)
    raw: int = 0
    rejects: int = 0
    jobs: int = 0

    @property
    def any(self) -> bool:
        """Whether there is anything."""
        return bool(sum(self.tables.values()) or self.raw or self.rejects or self.jobs)

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "tables": [
                {"name": name, "title": TABLES[name].title, "rows": self.tables.get(name, 0), "kept_from": day}
                for name, day in self.kept_from.items()
            ],
            "raw": self.raw,
            "rejects": self.rejects,
            "jobs": self.jobs,
        }


def would_remove(path: Path, database: Database, settings: Settings) -> Removed:
    """What the rules would remove now. Changes nothing. Raises SettingsError for a rule that cannot be."""
    return _run(path, database, settings, None)


def remove(path: Path, database: Database, settings: Settings, who: str, progress: Progress) -> Removed:
    """Remove it. Whoever calls holds the lock of builds, and builds afterwards. Doing it again changes nothing."""
    done = _run(path, database, settings, progress)
    if done.any:
        with database.write() as session:
            audit.record(
                session, who=who, action="retention.applied", subject="settings:retention", after=done.to_dict()
            )
    return done


def _run(path: Path, database: Database, settings: Settings, progress: Progress | None) -> Removed:
    """Count, and remove too where there is somebody to tell how far it is."""
    rules = settings.retention
    done = Removed(kept_from=_kept_from(settings))
    loads = landed_loads(path, database)
    with engine(path, settings) as connection:
        for step, load in enumerate(loads):
            if progress:
                progress("retention", step, len(loads), "Removing what is not kept any longer")
            before = done.raw, done.rejects, sum(done.tables.values())
            manifest = _tables(connection, load, settings, done, really=progress is not None)
            age = now() - datetime.fromisoformat(load.manifest.get("finished_at", now().isoformat()))
            if rules.raw_days and age > timedelta(days=rules.raw_days):
                manifest = _raw(connection, load, manifest, done, really=progress is not None)
            if rules.rejects_days and age > timedelta(days=rules.rejects_days):
                done.rejects += _rejects(connection, load, really=progress is not None)
            if progress and before != (done.raw, done.rejects, sum(done.tables.values())):
                _note(database, load, manifest)
    if rules.jobs_days:
        oldest = now() - timedelta(days=rules.jobs_days)
        with database.write() if progress else database.read() as session:
            old = list(session.scalars(select(Job.id).where(Job.finished_at < oldest)))
            done.jobs = len(old)
            if progress:
                session.execute(delete(Job).where(Job.id.in_(old)))
    return done


def _kept_from(settings: Settings) -> dict[str, date]:
    today = datetime.now(settings.zone).date()
    days: dict[str, date] = {}
    for name, kept in settings.retention.tables.items():
        table = TABLES.get(name)
        if table is None or table.time is None:
            known = ", ".join(name for name, table in TABLES.items() if table.time)
            raise SettingsError(
                f"Setting retention.tables names {name}, which {'is no table' if table is None else 'has no dates'}; "
                f"these have: {known}.",
                field="retention.tables",
                value=name,
            )
        if kept < 1:
            raise SettingsError(
                f"Setting retention.tables: {name} is kept for 1 day or more.", field="retention.tables"
            )
        days[name] = today - timedelta(days=kept)
    return days


def _is_old(table: Table, day: date, settings: Settings) -> str:
    time = quoted(str(table.time))
    if table.column(str(table.time)).type == "moment":
        start = datetime.combine(day, datetime.min.time(), settings.zone).astimezone(UTC)
        return f"coalesce({time} < TIMESTAMP '{start:%Y-%m-%d %H:%M:%S}', false)"
    return f"coalesce({time} < DATE '{day}', false)"


def _tables(
    connection: duckdb.DuckDBPyConnection, load: Landed, settings: Settings, done: Removed, *, really: bool
) -> dict[str, Any]:
    """Take old rows out of the canonical tables of a load; its manifest as it is then."""
    connection.execute("CREATE OR REPLACE TEMP TABLE old_lines (file VARCHAR, line BIGINT)")
    manifest = dict(load.manifest) | {"tables": dict(load.manifest.get("tables", {}))}
    for name, day in done.kept_from.items():
        file = load.file(name)
        if file is None:
            continue
        old = _is_old(TABLES[name], day, settings)
        rows = _count(connection, f"{read_files([file])} WHERE {old}")
        if not rows:
            continue
        done.tables[name] = done.tables.get(name, 0) + rows
        if really:
            connection.execute(
                f"INSERT INTO old_lines SELECT DISTINCT _file, _line FROM {read_files([file])} WHERE {old} AND _line IS NOT NULL"
            )
            rewrite(connection, file, f"SELECT * FROM {read_files([file])} WHERE NOT {old}")
            entry = dict(manifest["tables"][name])
            manifest["tables"][name] = entry | {"rows": entry["rows"] - rows}
    if really:
        for name in manifest["tables"]:
            if (file := load.file(name)) is not None:
                connection.execute(
                    f"DELETE FROM old_lines WHERE (file, line) IN (SELECT (_file, _line) FROM {read_files([file])})"
                )
        for path, name in load.raw().items():
            columns = [row[0] for row in connection.execute(f"DESCRIBE SELECT * FROM {read_files([path])}").fetchall()]
            hit = f"_line IN (SELECT line FROM old_lines WHERE file = {literal(name)})"
            rows = _count(connection, f"{read_files([path])} WHERE {hit}")
            if rows:
                done.raw += rows
                values = ", ".join(
                    quoted(column)
                    if column == "_line"
                    else f"CASE WHEN NOT {hit} THEN {quoted(column)} END AS {quoted(column)}"
                    for column in columns
                )
                rewrite(connection, path, f"SELECT {values} FROM {read_files([path])}")
    return manifest


def _raw(
    connection: duckdb.DuckDBPyConnection, load: Landed, manifest: dict[str, Any], done: Removed, *, really: bool
) -> dict[str, Any]:
    """Remove the rows as they came of a whole load."""
    for path in load.raw():
        done.raw += _count(connection, read_files([path]))
        if really:
            path.unlink()
    if really:
        manifest["files"] = [dict(file) | {"raw": None} for file in manifest.get("files", [])]
    return manifest


def _rejects(connection: duckdb.DuckDBPyConnection, load: Landed, *, really: bool) -> int:
    file = load.folder / REJECTS
    if not file.is_file():
        return 0
    rows = _count(connection, read_files([file]))
    if really:
        file.unlink()
    return rows


def _note(database: Database, load: Landed, manifest: dict[str, Any]) -> None:
    with database.write() as session:
        session.get_one(Load, load.id).manifest = manifest
        state = session.get(LandedState, load.id)
        if state is None:
            session.add(LandedState(load_id=load.id, followed=0, revision=1))
        else:
            state.revision += 1
    (load.folder / "load.json").write_text(to_json(manifest), encoding="utf-8")


def _count(connection: duckdb.DuckDBPyConnection, source: str) -> int:
    return int((connection.execute(f"SELECT count(*) FROM {source}").fetchone() or (0,))[0])
