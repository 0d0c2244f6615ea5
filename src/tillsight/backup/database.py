"""The operational database in a backup: always one SQLite file, whatever it runs on, so that any can be restored anywhere.

On SQLite the copy is made with its own backup interface, on PostgreSQL table by table in one transaction that sees one
moment. Both hold one consistent state while people go on writing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, insert, select, text

from tillsight.core.settings import Settings
from tillsight.database import DATABASE_FILE, Base, Database
from tillsight.database.sealed import of_workspace
from tillsight.database.store import latest_revision

_ROWS = 5_000


def copy_database(database: Database, target: Path) -> None:
    """Write the database as one SQLite file."""
    if database.engine.dialect.name == "sqlite":
        with _raw(database.engine) as source, closing(sqlite3.connect(target)) as copy:
            source.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")  # one file, nothing beside it
        return
    engine = create_engine(f"sqlite:///{target}")
    of_workspace(engine, database.workspace)
    try:
        with database.read() as session, engine.begin() as copy:
            Base.metadata.create_all(copy)
            copy.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
            copy.execute(text("INSERT INTO alembic_version VALUES (:number)"), {"number": latest_revision()})
            _pour(session.connection(), copy)
    finally:
        engine.dispose()


def replace_database(copy: Path, database: Database, settings: Settings) -> None:
    """Put the content of a copy in place of the database's own: all of it or nothing, while others may have it open."""
    with bare(copy.parent, settings):
        pass  # brought to the newest migration, and closed, so that all of it is in the one file
    if database.engine.dialect.name == "sqlite":
        with closing(sqlite3.connect(copy)) as source, _raw(database.engine) as target:
            source.backup(target)
        return
    engine = create_engine(f"sqlite:///{copy}")
    of_workspace(engine, database.workspace)
    try:
        with database.write() as session, engine.connect() as source:
            target = session.connection()
            for table in reversed(Base.metadata.sorted_tables):
                target.execute(table.delete())
            _pour(source, target)
            _number_on(target)
    finally:
        engine.dispose()


@contextmanager
def bare(folder: Path, settings: Settings) -> Iterator[Database]:
    """The copy of the database in a folder, opened whatever database the settings name."""
    with Database.open(folder, settings.model_copy(update={"database_url": None})) as database:
        yield database
        if database.engine.dialect.name == "sqlite":
            with _raw(database.engine) as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def counts(copy: Path) -> dict[str, int]:
    """How many rows each table of a copy has."""
    with closing(sqlite3.connect(copy)) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]
            for name in sorted(names)
            if not name.startswith("sqlite_")
        }


def loads_in(copy: Path) -> list[str]:
    """The loads that a copy of the database calls landed: their folders belong to it."""
    with closing(sqlite3.connect(copy)) as connection:
        query = "SELECT id FROM loads WHERE state IN ('committed', 'withdrawn') ORDER BY id"
        return [load for (load,) in connection.execute(query)]


def copy_in(folder: Path) -> Path:
    """Where the copy of the database lies in a folder."""
    return folder / DATABASE_FILE


def _pour(source: Connection, target: Connection) -> None:
    """Every row of every table, in an order in which none refers to one that is not there yet."""
    for table in Base.metadata.sorted_tables:
        result = source.execute(select(table).execution_options(yield_per=_ROWS))
        for rows in result.mappings().partitions(_ROWS):
            target.execute(insert(table), [dict(row) for row in rows])


def _number_on(connection: Connection) -> None:
    """Go on numbering after the highest number, as rows that bring their own do not move a sequence of PostgreSQL."""
    for table in Base.metadata.sorted_tables:
        for column in table.primary_key.columns:
            sequence = connection.execute(
                text("SELECT pg_get_serial_sequence(:table, :column)"), {"table": table.name, "column": column.name}
            ).scalar()
            if sequence:
                highest = f'SELECT setval(:sequence, greatest((SELECT max("{column.name}") FROM "{table.name}"), 1))'
                connection.execute(text(highest), {"sequence": sequence})


@contextmanager
def _raw(engine: Engine) -> Iterator[Any]:
    """The driver's own connection."""
    pooled = engine.raw_connection()
    try:
        yield pooled.driver_connection
    finally:
        pooled.close()
