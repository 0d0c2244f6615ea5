"""Opening the operational database: SQLite in the workspace folder, or PostgreSQL by address.

SQLite runs in WAL, so readers never wait for a writer; a write transaction takes the write lock when it begins
(`BEGIN IMMEDIATE`), so that it waits its turn instead of failing half way. Migrations are applied at open: one process
applies them, the others wait.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, Self

import simplejson
import sqlalchemy.exc
from sqlalchemy import Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, OperationalError, ProgrammingError
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry

from tillsight.core.errors import SettingsError, TillsightError
from tillsight.core.settings import Settings
from tillsight.database.changes import Changes
from tillsight.database.sealed import of_workspace
from tillsight.database.types import to_json

DATABASE_FILE = "app.sqlite"
BUSY_SECONDS = 30
WORKSPACE = "workspace"
"""The folder of the workspace, in the `info` of every session."""
MIGRATIONS = Path(__file__).parent / "migrations"
# Any fixed number: PostgreSQL's advisory lock that a write transaction holds.
_WRITE_LOCK = 738_501_226


class DatabaseError(TillsightError):
    """The operational database cannot be used: not reachable, not readable, or made by a newer version."""

    code: ClassVar[str] = "DATABASE_ERROR"
    status: ClassVar[int] = 503


def latest_revision() -> str:
    """The newest migration that this version ships. They are numbered files: `0001_start.py`, `0002_….py`."""
    names = (file.name for file in (MIGRATIONS / "versions").glob("[0-9]*.py"))
    return max(match[0] for name in names if (match := re.match(r"\d{4}", name)))


class Database:
    """The operational database of a workspace. Safe to use from many threads and processes."""

    def __init__(self, engine: Engine, workspace: Path) -> None:
        self.engine = engine
        self.workspace = workspace
        self.changes = Changes(engine)
        of_workspace(engine, workspace)
        # what is written in a session may need the keys of the workspace
        info = {WORKSPACE: workspace}
        self._read = sessionmaker(engine, class_=_ReadSession, expire_on_commit=False, autoflush=False, info=info)
        self._write = sessionmaker(_writer(engine), expire_on_commit=False, info=info)

    @classmethod
    def open(cls, workspace: Path, settings: Settings) -> Self:
        """Open the database of a workspace and bring it to the newest migration.

        Raises SettingsError for an address that cannot be understood, DatabaseError when the database is not
        reachable or was made by a newer version.
        """
        url = _address(workspace, settings)
        engine = _engine(url)
        try:
            _migrate(engine, workspace)
        except OperationalError as error:
            engine.dispose()
            raise DatabaseError(
                f"The operational database cannot be opened: {str(error.orig).strip().splitlines()[0]}.",
                address=url.render_as_string(hide_password=True),
            ) from error
        except sqlalchemy.exc.DatabaseError as error:  # the file is torn, or something else
            engine.dispose()
            raise DatabaseError(
                f"The operational database is damaged and cannot be opened: {str(error.orig).strip().splitlines()[0]}. "
                "Restore the newest backup into a new folder: tillsight restore --into DIR.",
                address=url.render_as_string(hide_password=True),
            ) from error
        except BaseException:
            engine.dispose()
            raise
        return cls(engine, workspace)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that sees one consistent state and changes nothing. Objects stay usable after it."""
        with self._read() as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session in one write transaction: committed at the end, rolled back when an error leaves the block."""
        with self._write() as session, session.begin():
            session.connection()  # takes the write lock now, before anything is read that a write will rest on
            yield session

    def close(self) -> None:
        """Give the connections back."""
        self.changes.close()
        self.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _ReadSession(Session):
    """A session that refuses to write, so that a change made in a read block is found and not silently lost."""

    def flush(self, objects: Any = None) -> None:
        if self.new or self.dirty or self.deleted:
            raise RuntimeError("a change was made in a read block; use Database.write()")
        super().flush(objects)

    def commit(self) -> None:
        self.flush()
        super().commit()


def _address(workspace: Path, settings: Settings) -> URL:
    if settings.database_url is None:
        workspace.mkdir(parents=True, exist_ok=True)
        return URL.create("sqlite", database=str(workspace / DATABASE_FILE))
    try:
        url = make_url(settings.database_url)
    except ArgumentError:
        raise SettingsError(
            "Setting database_url is not an address such as postgresql://user:password@host/database.",
            field="database_url",
        ) from None
    if url.drivername in ("postgres", "postgresql"):
        url = url.set(drivername="postgresql+psycopg")
    if url.get_backend_name() not in ("sqlite", "postgresql"):
        raise SettingsError(
            f"Setting database_url names {url.get_backend_name()}; the operational database is SQLite or PostgreSQL.",
            field="database_url",
        )
    return url


def _engine(url: URL) -> Engine:
    options: dict[str, Any] = {"json_serializer": to_json, "json_deserializer": simplejson.loads, "pool_size": 20}
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS}, **options)
        event.listen(engine, "connect", _sqlite_connect)
        event.listen(engine, "begin", _sqlite_begin)
        return engine
    try:
        engine = create_engine(url, pool_pre_ping=True, isolation_level="REPEATABLE READ", **options)
        event.listen(engine, "begin", _postgresql_begin)
        return engine
    except ModuleNotFoundError:
        raise SettingsError(
            "Setting database_url names PostgreSQL, which needs the package psycopg: pip install 'psycopg[binary]'.",
            field="database_url",
        ) from None


def _sqlite_connect(connection: Any, _record: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves, below: the driver's own comes too late
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout = {BUSY_SECONDS * 1000}",
        "synchronous = FULL",  # a commit is a promise: it outlives a power cut
        "foreign_keys = ON",
        "secure_delete = ON",  # what is erased is not left in the free pages of the file
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _sqlite_begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get("transaction", True):
        connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("write", False) else "BEGIN")


def _postgresql_begin(connection: Connection) -> None:
    # One writer at a time, as on SQLite: what a write transaction reads cannot change before it commits. The lock goes
    # with the transaction; at READ COMMITTED the statements after it see what the writer before has committed.
    if connection.get_execution_options().get("write", False):
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITE_LOCK})")


def _writer(engine: Engine) -> Engine:
    """The same engine, for write transactions."""
    if engine.dialect.name == "postgresql":
        return engine.execution_options(write=True, isolation_level="READ COMMITTED")
    return engine.execution_options(write=True)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _migrate(engine: Engine, workspace: Path) -> None:
    """Bring the database to the newest migration, once: a lock keeps other processes waiting until it is there."""
    latest = latest_revision()
    with engine.connect() as connection:
        found = _revision(connection)
        if found == latest and _keeps_readers(connection):
            return
    if found is not None and found > latest:
        raise DatabaseError(
            f"The operational database is at version {found}, made by a newer Tillsight; this one knows versions up to "
            f"{latest}. Update Tillsight, or open a backup made with this version.",
            found=found,
            known=latest,
        )
    from filelock import FileLock

    workspace.mkdir(parents=True, exist_ok=True)
    # The file keeps the others from even trying; the write lock does the same between machines on PostgreSQL.
    with FileLock(workspace / ".migrate.lock"):
        _keep_readers(engine)
        with _writer(engine).begin() as connection:
            if _revision(connection) != latest:
                _upgrade(connection)


def _keeps_readers(connection: Connection) -> bool:
    return connection.dialect.name != "sqlite" or connection.scalar(text("PRAGMA journal_mode")) == "wal"


def _keep_readers(engine: Engine) -> None:
    """Let a SQLite file be read while it is written; the file keeps that, a file from a backup does not have it.

    Only for one process at a time: of two that change it at once, SQLite refuses one without waiting.
    """
    if engine.dialect.name == "sqlite":
        with engine.connect().execution_options(transaction=False) as connection:
            connection.execute(text("PRAGMA journal_mode = WAL"))


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except ProgrammingError as error:
        raise DatabaseError(f"The operational database cannot be brought up to date: {error.orig}.") from error
