"""Whoever was erased is in no backup any more, and does not come back with a restore."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import update
from tests.privacy.conftest import TRACES, _loaded, make  # noqa: F401 (fixtures)
from tests.privacy.conftest import shop as shop  # noqa: PLC0414 (a fixture)
from tests.privacy.test_erasure import erase, traces

from tillsight.backup import Repository, find, give_up, place_of, take, verify, write_files
from tillsight.core.errors import NotFoundError
from tillsight.database import Load
from tillsight.recovery import drill, restore_in_place, restore_new
from tillsight.shop import Shop
from tillsight.vault import Keys

pytestmark = pytest.mark.feature("PLT-06")


def kept(shop: Shop) -> Repository:
    return Repository.open(place_of(shop.path, shop.settings, shop.database), lambda: Keys.open(shop.path))


def test_an_erased_person_vanishes_from_backups_and_stays_away_after_a_restore(shop: Shop, tmp_path: Path) -> None:
    with shop.database.write() as session:
        session.execute(update(Load).values(error="ada.lovelace@example.org wrote"))
    first = take(shop.path, shop.settings, shop.database).snapshot
    before = shop.query("revenue").to_arrow().to_pylist()
    write_files(kept(shop), first, tmp_path / "before")
    assert len({trace.partition(": ")[2] for trace in traces(tmp_path / "before")}) > 12, (
        "the test must see what is to go"
    )

    erase(shop)
    for number, snapshot in enumerate(kept(shop).snapshots()):
        assert verify(kept(shop), snapshot) == []
        write_files(kept(shop), snapshot, tmp_path / f"after-{number}")
        assert traces(tmp_path / f"after-{number}") == []
    pieces = [kept(shop).get(name).lower() for name in kept(shop).pieces()]
    assert not [trace for trace in TRACES if any(trace.encode() in piece for piece in pieces)]
    assert drill(shop).differences == []

    restore_in_place(shop, backup=first.id)
    assert [one for one in traces(shop.path) if not one.startswith("backups/")] == []
    assert shop.query("revenue").to_arrow().to_pylist() == before
    restore_new(None, tmp_path / "back", workspace=shop.path, backup=first.id)
    assert traces(tmp_path / "back") == []


def test_an_erasure_waits_for_backups_that_cannot_be_reached(shop: Shop, tmp_path: Path) -> None:
    place = tmp_path / "other machine"
    take(shop.path, shop.settings, shop.database, to=str(place))
    away = place.rename(tmp_path / "away")
    erase(shop)
    assert [erasure.state for erasure in shop.desk.erasures()] == ["begun"]
    place.write_text("what is mounted here instead")
    shop.build()
    assert [erasure.state for erasure in shop.desk.erasures()] == ["begun"]
    place.unlink()
    away.rename(place)
    shop.build()
    assert [erasure.state for erasure in shop.desk.erasures()] == ["done"]
    repository = Repository.open(
        place_of(shop.path, shop.settings, shop.database, str(place)), lambda: Keys.open(shop.path)
    )
    write_files(repository, find(repository), tmp_path / "after")
    assert traces(tmp_path / "after") == []
    with sqlite3.connect(tmp_path / "after" / "app.sqlite") as copy:
        assert copy.execute("SELECT count(*) FROM jobs").fetchone() == (0,)


def test_an_erasure_does_not_wait_for_backups_that_are_gone_for_good(shop: Shop, tmp_path: Path) -> None:
    place = str(tmp_path / "burnt")
    take(shop.path, shop.settings, shop.database, to=place)
    shutil.rmtree(place)
    erase(shop)
    assert [erasure.state for erasure in shop.desk.erasures()] == ["begun"]
    with pytest.raises(NotFoundError, match="burnt"):
        give_up(shop.database, "elsewhere")
    assert give_up(shop.database, place) == 1
    shop.build()
    assert [erasure.state for erasure in shop.desk.erasures()] == ["done"]
