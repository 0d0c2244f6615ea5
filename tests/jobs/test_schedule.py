"""Jobs that start by themselves: when they are due, once for all servers, whatever the clock does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tillsight.core.settings import BackupSettings, Settings
from tillsight.database import Database, JobState
from tillsight.jobs import Jobs, next_run, schedule, schedule_of
from tillsight.jobs.schedule import start_due

HOURLY = {"backup": timedelta(hours=1)}


class Clock:
    """A clock that the test moves."""

    at = datetime(2026, 11, 14, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(schedule, "now", clock)
    return clock


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database.open(tmp_path, Settings()) as database:
        yield database


def end(database: Database, job_id: str, state: JobState = "done") -> None:
    with database.write() as session:
        job = session.get_one(type(Jobs(database).get(job_id)), job_id)
        job.state = state


@pytest.mark.feature("PLT-07")
def test_a_job_starts_when_it_is_due_and_only_once(database: Database, clock: Clock) -> None:
    (first,) = start_due(database, HOURLY)
    assert start_due(database, HOURLY) == []
    clock.at += timedelta(hours=3)
    assert start_due(database, HOURLY) == []  # it still waits or runs
    end(database, first)
    (second,) = start_due(database, HOURLY)
    end(database, second)
    clock.at += timedelta(minutes=59)
    assert start_due(database, HOURLY) == []
    clock.at += timedelta(minutes=1)
    assert len(start_due(database, HOURLY)) == 1
    assert Jobs(database).list()[1] == 3


def test_a_job_that_failed_is_tried_again_sooner(database: Database, clock: Clock) -> None:
    (first,) = start_due(database, HOURLY)
    end(database, first, "failed")
    clock.at += timedelta(minutes=9)
    assert start_due(database, HOURLY) == []
    clock.at += timedelta(minutes=1)
    assert len(start_due(database, HOURLY)) == 1


@pytest.mark.feature("PLT-07")
def test_a_clock_that_goes_back_does_not_stop_the_backups(database: Database, clock: Clock) -> None:
    (first,) = start_due(database, HOURLY)
    end(database, first)
    clock.at -= timedelta(days=400)
    (second,) = start_due(database, HOURLY)
    end(database, second)
    assert start_due(database, HOURLY) == []
    clock.at += timedelta(hours=1)
    assert len(start_due(database, HOURLY)) == 1


def test_the_settings_say_how_often(database: Database, clock: Clock) -> None:
    settings = Settings(backup=BackupSettings(every_hours=0.5, drill_days=7))
    assert schedule_of(settings) == {"backup": timedelta(minutes=30), "drill": timedelta(days=7)}
    assert schedule_of(Settings(backup=BackupSettings(every_hours=0))) == {}
    assert next_run(database, "backup", timedelta(minutes=30)) is None
    start_due(database, schedule_of(settings))
    assert next_run(database, "backup", timedelta(minutes=30)) == clock.at + timedelta(minutes=30)
    assert next_run(database, "backup", None) is None
