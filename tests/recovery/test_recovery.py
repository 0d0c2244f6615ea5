"""Restoring, into a new folder and in place, and drills: the shop that comes back answers as the one that was lost."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from sqlalchemy import create_engine, make_url, select, text
from tests.backup.conftest import orders
from tests.support import servers
from tests.support.shops import land, make_shop, write_settings

from tillsight.accounts import add_user
from tillsight.audit import record, verify
from tillsight.backup import BackupError, DamagedError, Repository, find, place_of, take
from tillsight.core.errors import ConflictError, NotFoundError
from tillsight.core.settings import read_settings
from tillsight.database import (
    ApiKey,
    Database,
    Drill,
    Job,
    Load,
    OneTimeLink,
    RecoveryCode,
    Release,
    SignInSession,
    Tombstone,
    User,
    now,
)
from tillsight.recovery import drill, restore_in_place, restore_new
from tillsight.shop import Shop
from tillsight.vault import Keys, Vault, VaultError

pytestmark = pytest.mark.feature("PLT-08")

PASSWORD = "correct horse battery"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with make_shop(tmp_path / "shop", orders(1, 2, 3)) as shop:
        Vault(shop.database, Keys.open(shop.path)).put("shopify", "planted-credential")
        with shop.database.write() as session:
            record(session, who="ana", action="test.done", subject="test:1")
        yield shop


def backup(shop: Shop) -> str:
    return take(shop.path, shop.settings, shop.database).snapshot.id


def tear(shop: Shop) -> None:
    """Damage a landed file in the newest backup."""
    repository = Repository.open(place_of(shop.path, shop.settings, shop.database), lambda: Keys.open(shop.path))
    piece = next(entry.pieces[0] for entry in find(repository).files if entry.path.startswith("landing/"))
    (shop.path / "backups" / "objects" / piece[:2] / piece).write_bytes(b"torn")


def revenue(shop: Shop) -> str:
    return str(shop.query("revenue", start="2025-01-01", end="2025-12-31").table.to_pylist()[0]["revenue"])


def test_a_lost_shop_comes_back_in_a_new_folder(shop: Shop, tmp_path: Path) -> None:
    before = revenue(shop)
    with shop.database.write() as session:
        user = User(name="ana", role="admin")
        session.add(user)
        session.flush()
        session.add(SignInSession(id="s1", user_id=user.id, method="password", expires_at=now() + timedelta(hours=1)))
        session.add(Job(id="j1", kind="build", state="running"))
    backup(shop)
    places = shop.path / "backups"
    back = restore_new(str(places), tmp_path / "back", workspace=shop.path)
    assert (back.folder, back.release) == (tmp_path / "back", 2)
    with Shop.open(tmp_path / "back") as again:
        assert revenue(again) == before
        assert Vault(again.database, Keys.open(again.path)).get("shopify") == "planted-credential"
        with again.database.read() as session:
            assert session.scalars(select(User.name)).all() == ["ana"]
            assert session.scalars(select(SignInSession.ended_at)).one() is not None
            assert session.scalars(select(Job.state)).one() == "failed"
        assert verify(again.database).faults == ()
    assert revenue(shop) == before
    with pytest.raises(ConflictError, match="not empty"):
        restore_new(str(places), tmp_path / "back", workspace=shop.path)


def test_without_its_key_nothing_is_restored_and_nothing_left(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = Keys.open(shop.path)
    backup(shop)
    shutil.copytree(shop.path / "backups", tmp_path / "elsewhere")
    with pytest.raises(VaultError, match=f"needs the key {key.current}.*TILLSIGHT_KEY"):
        restore_new(str(tmp_path / "elsewhere"), tmp_path / "new" / "back")
    assert list((tmp_path / "new").iterdir()) == []
    monkeypatch.setenv("TILLSIGHT_KEY", key.texts[0])
    restore_new(str(tmp_path / "elsewhere"), tmp_path / "new" / "back")
    assert not (tmp_path / "new" / "back" / ".key").exists()


def test_a_damaged_backup_leaves_no_half_of_a_shop(shop: Shop, tmp_path: Path) -> None:
    name = backup(shop)
    tear(shop)
    with pytest.raises(DamagedError, match=f"Backup {name} is damaged: landing/"):
        restore_new(None, tmp_path / "new" / "back", workspace=shop.path)
    assert list((tmp_path / "new").iterdir()) == []


def test_a_shop_goes_back_in_place_and_forward_again(shop: Shop) -> None:
    first, before = backup(shop), revenue(shop)
    later = land(shop, orders(4, 5), file="more.csv")
    shop.build()
    after = revenue(shop)
    assert after != before
    with shop.database.write() as session:
        session.add(Tombstone(kind="email", tag="0" * 64, mode="erase"))
    highest = shop.releases.current_number() or 0
    back = restore_in_place(shop, backup=first)
    assert revenue(shop) == before
    assert (back.release or 0) > highest  # a number is never used for another release
    with shop.database.read() as session:
        assert later not in session.scalars(select(Load.id)).all()
        assert session.scalars(select(Tombstone.tag)).all() == ["0" * 64]
    assert verify(shop.database).faults == ()
    undo = next(note for note in back.notes if "kept as backup" in note).split()[-1].rstrip(".")
    restore_in_place(shop, backup=undo)
    assert revenue(shop) == after


@pytest.mark.feature("PLT-03")
def test_who_was_shut_out_since_stays_out(shop: Shop) -> None:
    with shop.database.write() as session:
        user = User(name="ana", role="admin")
        session.add(user)
        session.flush()
        common = {"user_id": user.id, "name": "till", "key_hash": "0" * 64, "scopes": ["read"]}
        session.add_all([ApiKey(id=name, prefix=name, **common) for name in ("ended", "good")])
        session.add_all([RecoveryCode(code_hash=name, user_id=user.id) for name in ("used", "fresh")])
        expires = now() + timedelta(days=1)
        session.add(OneTimeLink(token_hash="t", user_id=user.id, purpose="reset", expires_at=expires))
    first = backup(shop)
    with shop.database.write() as session:
        session.scalars(select(User)).one().active = False
        session.get_one(ApiKey, "ended").ended_at = now()
        session.get_one(RecoveryCode, "used").used_at = now()
    restore_in_place(shop, backup=first)
    with shop.database.read() as session:
        assert session.scalars(select(User.active)).one() is False
        assert {key.id: key.ended_at is None for key in session.scalars(select(ApiKey))} == {
            "ended": False,
            "good": True,
        }
        assert {c.code_hash: c.used_at is None for c in session.scalars(select(RecoveryCode))} == {
            "used": False,
            "fresh": True,
        }
        assert session.scalars(select(OneTimeLink)).all() == []


def test_restoring_in_place_needs_the_point_to_be_there(shop: Shop) -> None:
    backup(shop)
    with pytest.raises(NotFoundError, match="or before"):
        restore_in_place(shop, at=now() - timedelta(days=3))


def test_a_drill_finds_the_copy_to_be_the_original(shop: Shop) -> None:
    name = backup(shop)
    land(shop, orders(4), file="more.csv", known_at=now())
    outcome = drill(shop)
    assert outcome.differences == []
    assert (outcome.backup, outcome.lost_loads, outcome.compared_with) == (name, 1, 1)
    rows = {table["name"]: table["rows"] for table in outcome.tables}
    assert (rows["orders"], rows["sales"] >= 3) == (3, True)
    assert len(outcome.metrics) >= 10
    values = {metric["name"]: metric["value"] for metric in outcome.metrics}
    assert values["gross_sales"] == "60.00"
    assert 0 < outcome.seconds_files < outcome.seconds
    assert outcome.lost_seconds >= 0
    assert not list(shop.path.glob(".drill-*"))
    with shop.database.read() as session:
        row = session.scalars(select(Drill)).one()
    assert (row.backup, row.passed, row.report["files"]) == (name, True, outcome.files)


def test_a_drill_finds_what_the_copy_lacks(shop: Shop) -> None:
    """The original answers with rows that its landed files do not have: as if a file had changed before the backup."""
    file = next((shop.path / "landing").rglob("order_items.parquet"))
    pq.write_table(pq.read_table(file).slice(0, 2), file)
    backup(shop)
    outcome = drill(shop)
    assert not outcome.passed
    assert any(
        difference.startswith("order_items: 2 rows in the copy, 3 in the original")
        for difference in outcome.differences
    )
    assert any(difference.startswith("gross_sales is") for difference in outcome.differences)


def test_a_drill_compares_the_columns_that_both_have(shop: Shop) -> None:
    """As after an update that gave a table another column: the release before does not have it."""
    backup(shop)
    release = shop.releases.current()
    file = shop.path / release.manifest["tables"]["orders"]["files"][0]
    shop.releases.close()
    pq.write_table(pq.read_table(file).drop_columns(["landing_page"]), file)
    outcome = drill(shop)
    assert outcome.differences == []
    assert {table["name"]: table["same"] for table in outcome.tables}["orders"]


def test_a_drill_names_a_damaged_backup(shop: Shop) -> None:
    name = backup(shop)
    tear(shop)
    outcome = drill(shop)
    assert name in outcome.differences[0]
    with shop.database.read() as session:
        assert session.scalars(select(Drill.passed)).one() is False


def test_a_drill_that_has_no_room_says_so_before_it_begins(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    backup(shop)
    usage = shutil.disk_usage(shop.path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=1000))
    with pytest.raises(BackupError, match="make room"):
        drill(shop)
    assert list(shop.path.glob(".drill-*")) == []


def test_without_a_backup_there_is_no_drill(shop: Shop) -> None:
    with pytest.raises(NotFoundError, match="no backups"):
        drill(shop)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A PostgreSQL server of our own; skipped where its packages are not installed."""
    with servers.postgresql() as address:
        yield address


@pytest.fixture
def postgresql(server: str) -> str:
    """An empty database."""
    address = make_url(server)
    name = f"recovery_{uuid.uuid4().hex}"
    admin = create_engine(address.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    admin.dispose()
    return address.set(database=name).render_as_string(hide_password=False)


def test_a_shop_on_postgresql_is_backed_up_and_restored(tmp_path: Path, postgresql: str) -> None:
    with make_shop(tmp_path / "shop", orders(1, 2, 3), database_url=postgresql) as shop:
        assert shop.database.engine.dialect.name == "postgresql"
        add_user(shop.database, "ana", PASSWORD, "admin")
        first, before = backup(shop), revenue(shop)
        land(shop, orders(4, 5), file="more.csv")
        shop.build()
        restore_in_place(shop, backup=first)
        assert revenue(shop) == before
        with shop.database.write() as session:  # numbering goes on
            session.add(Release(state="failed"))
            session.add(User(name="bob", role="analyst"))
        back = restore_new(None, tmp_path / "copy", workspace=shop.path, backup=first)
        assert any("database_url" in note for note in back.notes)
    assert read_settings(tmp_path / "copy").database_url is None
    with Shop.open(tmp_path / "copy") as copy:
        assert copy.database.engine.dialect.name == "sqlite"
        assert revenue(copy) == before
        with copy.database.read() as session:
            assert session.scalars(select(User.name)).all() == ["ana"]


def test_a_shop_moves_from_sqlite_to_postgresql_with_a_restore(shop: Shop, postgresql: str) -> None:
    first, before = backup(shop), revenue(shop)
    shop.close()
    write_settings(shop.path, database_url=postgresql)
    with Shop.open(shop.path) as moved:
        restore_in_place(moved, backup=first)
        # the settings are those of the backup; the database that was open got the rows
        assert revenue(moved) == before
    with (
        Database.open(shop.path, read_settings(shop.path).model_copy(update={"database_url": postgresql})) as database,
        database.read() as session,
    ):
        assert len(session.scalars(select(Load.id)).all()) == 1
