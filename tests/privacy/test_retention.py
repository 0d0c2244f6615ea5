"""Rules of retention: counted first, then carried out over landing, rejects, rows as they came, and jobs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from sqlalchemy import text
from tests.support.shops import write_settings

from tillsight import audit
from tillsight.core.errors import SettingsError
from tillsight.database import Job
from tillsight.shop import Shop

TODAY = datetime.now(UTC)
OLD, NEW = TODAY - timedelta(days=401), TODAY - timedelta(days=399)
EVENTS = "event_id,session_id,event,occurred_at\n" + "".join(
    f"{number},S-{number},view,{moment:%Y-%m-%d %H:%M:%S}\n" for number, moment in enumerate([OLD, OLD, NEW], start=1)
)
ORDERS = "order_id,placed_at,currency\nO-1,2020-01-01 10:00,EUR\nO-2,not a day,EUR\n"


def make(folder: Path, files: Path, **rules: object) -> Shop:
    folder.mkdir()
    write_settings(folder, retention=rules)
    files.mkdir()
    (files / "web_events.csv").write_text(EVENTS)
    (files / "orders.csv").write_text(ORDERS)
    shop = Shop.open(folder)
    shop.load(files)
    shop.build()
    return shop


def rows(shop: Shop, name: str) -> int:
    return shop.status().rows.get(name, 0)


@pytest.mark.feature("PLT-06")
def test_old_rows_are_counted_then_removed_everywhere(tmp_path: Path) -> None:
    with make(tmp_path / "shop", tmp_path / "files", tables={"web_events": 400}) as shop:
        found = shop.would_remove()
        assert found.tables == {"web_events": 2}
        assert (found.raw, found.rejects, found.jobs) == (0, 0, 0)
        assert rows(shop, "web_events") == 3
        removed = shop.retain("anna")
        assert (removed.tables, removed.raw) == ({"web_events": 2}, 2)
        assert rows(shop, "web_events") == 1
        assert rows(shop, "orders") == 1
        assert len(shop.releases.published()) == 1
        raw = next(shop.path.glob("landing/loads/*/raw/*web_events*.parquet"))
        left = duckdb.sql(f"SELECT session_id FROM read_parquet('{raw}') ORDER BY _line").fetchall()
        assert left == [(None,), (None,), ("S-3",)]
        assert shop.would_remove().any is False
        entry = audit.entries(shop.database, audit.Wanted(action="retention"))[0][0]
        assert (entry.who, entry.after["tables"][0]["rows"]) == ("anna", 2)


def test_rows_as_they_came_rejects_and_jobs_have_an_age_of_their_own(tmp_path: Path) -> None:
    with make(tmp_path / "shop", tmp_path / "files", raw_days=30, rejects_days=30, jobs_days=30) as shop:
        assert shop.would_remove().any is False
        with shop.database.write() as session:
            old = (TODAY - timedelta(days=31)).isoformat()
            session.execute(text("UPDATE loads SET manifest = json_set(manifest, '$.finished_at', :at)"), {"at": old})
            for name, days in (("a", 31), ("b", 29)):
                session.add(Job(id=name, kind="build", state="done", finished_at=TODAY - timedelta(days=days)))
        found = shop.would_remove()
        assert (found.raw, found.rejects, found.jobs) == (5, 1, 1)
        shop.retain()
        assert list(shop.path.glob("landing/loads/*/raw/*.parquet")) == []
        assert list(shop.path.glob("landing/loads/*/rejects.parquet")) == []
        assert rows(shop, "web_events") == 3
        assert shop.would_remove().any is False
        assert shop.rejects(shop.loads()[0].id).num_rows == 0


@pytest.mark.parametrize("table", ["nothing", "products"])
def test_a_rule_for_what_has_no_dates_is_a_wrong_setting(tmp_path: Path, table: str) -> None:
    with (
        make(tmp_path / "shop", tmp_path / "files", tables={table: 400}) as shop,
        pytest.raises(SettingsError, match=table),
    ):
        shop.would_remove()
