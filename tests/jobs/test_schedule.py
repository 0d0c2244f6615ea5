"""Jobs that start by themselves: when they are due, once for all servers, whatever the clock does."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from tests.backup.conftest import orders
from tests.support.shops import land, line, make_shop, order

from tillsight.backup import Repository, find, place_of, verify
from tillsight.core.settings import BackupSettings, Settings
from tillsight.dashboards import load
from tillsight.dashboards.declaration import ForecastPanel
from tillsight.database import Database, JobState
from tillsight.database.forecasts import Forecast
from tillsight.jobs import Jobs, Worker, next_run, schedule, schedule_of
from tillsight.jobs.schedule import start_due, start_forecasts
from tillsight.vault import Keys

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


@pytest.mark.feature("PLT-08")
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


@pytest.mark.feature("PLT-08")
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


@pytest.mark.feature("PLT-08")
def test_a_server_backs_up_by_itself(tmp_path: Path) -> None:
    with make_shop(tmp_path / "shop", orders(1, 2, 3)) as shop:
        worker = Worker(shop.database, shop.path, schedule={"backup": timedelta(hours=1)}, settled=0)
        worker.start()
        try:
            end = time.monotonic() + 60
            while not (found := [job for job in Jobs(shop.database).list()[0] if job.state in ("done", "failed")]):
                assert time.monotonic() < end, "it did not happen in time"
                time.sleep(0.1)
        finally:
            worker.stop()
        assert [(job.kind, job.state, job.error) for job in found] == [("backup", "done", None)]
        place = place_of(shop.path, shop.settings, shop.database)
        kept = Repository.open(place, lambda: Keys.open(shop.path))
        assert found[0].result is not None
        assert kept.ids() == [found[0].result["backup"]]
        assert verify(kept, find(kept)) == []


@pytest.mark.slow
@pytest.mark.feature("SAL-09")
def test_forecasts_are_made_once_for_each_release_and_are_there_when_somebody_asks(tmp_path: Path) -> None:
    tables = {
        "orders": [order(f"O-{day}", f"{date(2026, 1, 1) + timedelta(days=day)} 09:00:00") for day in range(70)],
        "order_items": [line(f"O-{day}", "1", "P-1", 1 + day % 7, "10.00") for day in range(70)],
    }
    with make_shop(tmp_path / "shop", tables) as shop:
        worker = Worker(shop.database, shop.path, lease=timedelta(seconds=16), forecasts=True)
        worker.start()
        try:
            end = time.monotonic() + 120
            while not (found := [job for job in Jobs(shop.database).list()[0] if job.state in ("done", "failed")]):
                assert time.monotonic() < end, "it did not happen in time"
                time.sleep(0.1)
        finally:
            worker.stop()
        assert [(job.kind, job.state, job.error) for job in found] == [("forecasts", "done", None)]
        panel = load()["sales_forecast"].panels[0]
        assert isinstance(panel, ForecastPanel)
        assert found[0].result == {"forecasts": len(panel.metrics) + len(panel.horizons) - 1}
        with shop.database.read() as session:
            kept = {
                (one.release, one.metric, (one.last - one.origin).days) for one in session.scalars(select(Forecast))
            }
        number = shop.releases.current().number
        assert kept == {
            *((number, panel.metrics[0], days) for days in panel.horizons),
            *((number, metric, panel.horizons[0]) for metric in panel.metrics),
        }
        assert start_forecasts(shop.database) is None  # this release has them
        land(shop, {"products": [{"product_id": "P-1"}]})
        shop.build()
        assert start_forecasts(shop.database) is not None
        assert start_forecasts(shop.database) is None
