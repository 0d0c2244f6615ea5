"""The operational database: migrations, transactions, moments."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from filelock import FileLock
from sqlalchemy import create_engine, inspect, make_url, select, text
from sqlalchemy.exc import IntegrityError
from tests.support import servers

from tillsight.core.errors import SettingsError
from tillsight.core.settings import Settings
from tillsight.database import Base, Database, DatabaseError, Job, Load, Pointer, Release, SignInSession
from tillsight.database.store import DATABASE_FILE, MIGRATIONS, latest_revision


@pytest.fixture(scope="module")
def postgresql() -> Iterator[str]:
    """The address of a PostgreSQL server of our own; skipped where its packages are not installed."""
    with servers.postgresql() as address:
        yield address


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest) -> Settings:
    """Settings for an empty database, on each engine."""
    if request.param == "sqlite":
        return Settings()
    address = make_url(request.getfixturevalue("postgresql"))
    name = f"test_{uuid.uuid4().hex}"
    admin = create_engine(address.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    admin.dispose()
    return Settings(database_url=address.set(database=name).render_as_string(hide_password=False))


@pytest.fixture
def database(tmp_path: Path, settings: Settings) -> Iterator[Database]:
    with Database.open(tmp_path, settings) as database:
        yield database


def test_migrations_make_exactly_what_the_models_declare(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
        checks = {
            constraint["name"]
            for table in Base.metadata.tables
            for constraint in inspect(connection).get_check_constraints(table)
        }
    declared = {
        str(constraint.name)
        for table in Base.metadata.tables.values()
        for constraint in table.constraints
        if str(constraint.name).startswith("ck_")
    }
    assert checks == declared
    assert len(declared) >= 7


def test_migrations_are_one_line_of_history() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_heads() == [latest_revision()]


def test_opening_again_changes_nothing(tmp_path: Path, settings: Settings) -> None:
    with Database.open(tmp_path, settings) as database, database.write() as session:
        session.add(Load(id="a", source="files", known_at=datetime(2026, 1, 1, tzinfo=UTC)))
    with Database.open(tmp_path, settings) as database, database.read() as session:
        assert session.scalars(select(Load.id)).all() == ["a"]
        assert session.scalar(text("SELECT version_num FROM alembic_version")) == latest_revision()


def test_processes_that_open_an_empty_workspace_at_once_migrate_once(tmp_path: Path, settings: Settings) -> None:
    code = (
        "import sys, time; from pathlib import Path; from tillsight.core.settings import Settings;"
        "from tillsight.database import Database;"
        "start = Path(sys.argv[1]) / 'go';\n"
        "print('ready', flush=True)\n"
        "while not start.exists(): time.sleep(0.001)\n"
        "settings = Settings(database_url=sys.argv[2] or None)\n"
        "with Database.open(Path(sys.argv[1]), settings) as database, database.read() as session:\n"
        "    from sqlalchemy import text; print(session.scalar(text('SELECT count(*) FROM alembic_version')))"
    )
    command = [sys.executable, "-c", code, str(tmp_path), settings.database_url or ""]
    pipe = subprocess.PIPE
    processes = [subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) for _ in range(3)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    (tmp_path / "go").touch()
    for process in processes:
        out, error = process.communicate(timeout=60)
        assert process.returncode == 0, error
        assert out == "1\n"


def test_a_file_from_a_backup_is_made_ready_by_one_process_at_a_time(tmp_path: Path) -> None:
    """It cannot be read while it is written yet. Of two that change that at once SQLite refuses one, without waiting."""

    def journal(change: str = "") -> str:
        with closing(sqlite3.connect(tmp_path / DATABASE_FILE)) as connection:
            [(mode,)] = connection.execute(f"PRAGMA journal_mode{change}").fetchall()
        return str(mode)

    Database.open(tmp_path, Settings()).close()
    assert journal("=DELETE") == "delete"
    with ThreadPoolExecutor() as pool:
        with FileLock(tmp_path / ".migrate.lock"):
            opened = pool.submit(Database.open, tmp_path, Settings())
            assert wait([opened], timeout=0.5).not_done
            assert journal() == "delete"
        opened.result(60).close()
    assert journal() == "wal"


def test_a_database_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    with Database.open(tmp_path, Settings()) as database, database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseError, match=r"9999.*newer"):
        Database.open(tmp_path, Settings())


def test_an_error_in_a_write_block_leaves_nothing(database: Database) -> None:
    def fail() -> None:
        with database.write() as session:
            session.add(Load(id="a", source="files", known_at=datetime.now(UTC)))
            session.flush()
            raise KeyError("half way")

    with pytest.raises(KeyError):
        fail()
    with database.read() as session:
        assert session.scalars(select(Load)).all() == []


def test_a_change_in_a_read_block_is_an_error(database: Database) -> None:
    with database.read() as session:
        session.add(Load(id="a", source="files", known_at=datetime.now(UTC)))
        with pytest.raises(RuntimeError, match=r"Database\.write"):
            session.commit()


def test_a_writer_waits_for_the_one_before_and_builds_on_it(database: Database) -> None:
    with database.write() as session:
        session.add(Job(id="a", kind="count"))
    rounds = 20

    def count() -> None:
        for _ in range(rounds):
            with database.write() as session:
                job = session.get_one(Job, "a")
                before = job.attempts
                time.sleep(0.001)
                job.attempts = before + 1

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as session:
        assert session.get_one(Job, "a").attempts == 4 * rounds


def test_readers_do_not_wait_for_a_writer(database: Database) -> None:
    with database.write() as writer:
        writer.add(Job(id="a", kind="count"))
        writer.flush()
        with database.read() as reader:
            assert reader.get(Job, "a") is None


def test_moments_come_back_aware_and_in_utc(database: Database) -> None:
    local = datetime(2026, 3, 1, 1, 30, 0, 123456, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    with database.write() as session:
        session.add(Load(id="a", source="files", known_at=local))
    with database.read() as session:
        known = session.get_one(Load, "a").known_at
    assert known == local
    assert known.tzinfo is UTC
    assert known.isoformat() == "2026-02-28T20:00:00.123456+00:00"


def test_a_moment_without_a_zone_is_refused(database: Database) -> None:
    with pytest.raises(Exception, match="needs a time zone"), database.write() as session:  # noqa: PT012
        session.add(Load(id="a", source="files", known_at=datetime(2026, 3, 1)))
        session.flush()


def test_json_keeps_digits_and_days(database: Database) -> None:
    with database.write() as session:
        session.add(
            Load(
                id="a",
                source="files",
                known_at=datetime.now(UTC),
                manifest={
                    "money": Decimal("-79733.700"),
                    "day": date(2026, 1, 2),
                    "at": datetime(2026, 1, 2, tzinfo=UTC),
                },
            )
        )
    with database.read() as session:
        assert session.get_one(Load, "a").manifest == {
            "money": -79733.7,
            "day": "2026-01-02",
            "at": "2026-01-02T00:00:00Z",
        }
        assert '"money":-79733.700' in session.scalar(text("SELECT CAST(manifest AS TEXT) FROM loads"))


def test_states_and_references_are_enforced(database: Database) -> None:
    with pytest.raises(IntegrityError), database.write() as session:
        session.add(Job(id="a", kind="load", state="lost"))  # type: ignore[arg-type]
    with pytest.raises(IntegrityError), database.write() as session:
        session.add(Pointer(name="current", release=7))
    with pytest.raises(IntegrityError), database.write() as session:
        session.add(SignInSession(id="a", user_id=1, method="password", expires_at=datetime.now(UTC)))


def test_release_numbers_are_never_used_again(database: Database) -> None:
    with database.write() as session:
        first = Release()
        session.add(first)
        session.flush()
        session.delete(first)
    with database.write() as session:
        second = Release()
        session.add(second)
        session.flush()
        assert second.number == first.number + 1


@pytest.mark.parametrize("address", ["no address", "mysql://host/shop"])
def test_a_wrong_address_is_an_error_that_names_the_setting(tmp_path: Path, address: str) -> None:
    with pytest.raises(SettingsError, match="database_url"):
        Database.open(tmp_path, Settings(database_url=address))


def test_a_database_that_is_not_there_is_one_clear_sentence(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match="cannot be opened"):
        Database.open(tmp_path, Settings(database_url=f"sqlite:///{tmp_path}/missing/app.sqlite"))
