"""Backups: what they cost, what they hold, what is kept of them, what damages them, and how content vanishes from them."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from filelock import FileLock
from sqlalchemy import select
from tests.backup.conftest import orders
from tests.support.shops import land

from tillsight.backup import (
    BackupError,
    DamagedError,
    PlaceError,
    Repository,
    Snapshot,
    Taken,
    find,
    forget_content,
    place_of,
    prune,
    take,
    taking,
    verify,
    write_files,
)
from tillsight.core.errors import ConflictError, NotFoundError, SettingsError
from tillsight.core.settings import BackupSettings, Settings
from tillsight.database import Backup, Load, now
from tillsight.shop import Shop
from tillsight.vault import Keys, VaultError

pytestmark = pytest.mark.feature("PLT-08")


def backup(shop: Shop, **options: object) -> Taken:
    return take(shop.path, shop.settings, shop.database, **options)  # type: ignore[arg-type]


def repository(shop: Shop) -> Repository:
    return Repository.open(place_of(shop.path, shop.settings, shop.database), lambda: Keys.open(shop.path))


def content(folder: Path) -> dict[str, bytes]:
    """The files that a backup answers for."""
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for part in ("landing/loads", "tillsight.toml")
        for file in [folder / part, *(folder / part).rglob("*")]
        if file.is_file()
    }


def objects(shop: Shop) -> list[Path]:
    return sorted(file for file in (shop.path / "backups" / "objects").rglob("*") if file.is_file())


def test_what_was_backed_up_comes_back_byte_for_byte(shop: Shop, tmp_path: Path) -> None:
    taken = backup(shop)
    assert (taken.snapshot.kind, taken.damaged, taken.repaired) == ("full", (), 0)
    assert taken.snapshot.facts["tables"]["loads"] == 1
    write_files(repository(shop), taken.snapshot, tmp_path / "again")
    assert content(tmp_path / "again") == content(shop.path)
    with sqlite3.connect(tmp_path / "again" / "app.sqlite") as copy:
        assert copy.execute("SELECT count(*) FROM loads WHERE state = 'committed'").fetchone() == (1,)
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    with shop.database.read() as session:
        row = session.scalar(select(Backup))
    assert row is not None
    assert (row.id, row.state, row.files, row.bytes) == (
        taken.snapshot.id,
        "done",
        len(taken.snapshot.files),
        taken.snapshot.size,
    )


def test_neither_the_master_key_nor_releases_are_in_a_backup(shop: Shop) -> None:
    Keys.open(shop.path)
    paths = {entry.path for entry in backup(shop).snapshot.files}
    assert {path.split("/")[0] for path in paths} == {"app.sqlite", "tillsight.toml", "landing"}


def test_an_increment_costs_what_is_new(shop: Shop) -> None:
    first = backup(shop)
    before = set(objects(shop))
    second = backup(shop)
    assert second.snapshot.kind == "increment"
    assert [entry.path for entry in second.snapshot.files] == [entry.path for entry in first.snapshot.files]
    pages = {entry.path: set(entry.pieces) for entry in second.snapshot.files}["app.sqlite"]
    assert {file.name for file in set(objects(shop)) - before} <= pages
    load = land(shop, orders(4), file="more.csv")
    third = backup(shop)
    added = {entry.path for entry in third.snapshot.files} - {entry.path for entry in second.snapshot.files}
    assert added
    assert all(path.startswith(f"landing/loads/{load}/") for path in added)


def test_any_point_that_is_kept_can_be_restored(shop: Shop, tmp_path: Path) -> None:
    first = backup(shop)
    was = content(shop.path)
    land(shop, orders(4), file="more.csv")
    backup(shop)
    kept = repository(shop)
    assert find(kept).number == 2
    assert find(kept, at=first.snapshot.at) == first.snapshot
    assert find(kept, backup=first.snapshot.id) == first.snapshot
    write_files(kept, find(kept, at=first.snapshot.at), tmp_path / "then")
    assert content(tmp_path / "then") == was
    with pytest.raises(NotFoundError, match="or before"):
        find(kept, at=first.snapshot.at - timedelta(days=1))
    with pytest.raises(NotFoundError):
        find(kept, backup="00000099-20260101T000000Z")


@pytest.mark.parametrize("encrypt", [False, True])
def test_a_damaged_backup_is_found_and_named_and_mended(shop: Shop, tmp_path: Path, encrypt: bool) -> None:
    shop.settings = shop.settings.model_copy(update={"encrypt": encrypt})
    taken = backup(shop)
    entry = next(entry for entry in taken.snapshot.files if entry.path.endswith("orders.parquet"))
    piece = next(file for file in objects(shop) if file.name == entry.pieces[0])
    for damage in (lambda: piece.write_bytes(piece.read_bytes()[:-1] + b"?"), piece.unlink):
        damage()
        assert verify(repository(shop), taken.snapshot) == [entry.path]
        with pytest.raises(DamagedError, match=rf"{taken.snapshot.id} is damaged: {entry.path}"):
            write_files(repository(shop), taken.snapshot, tmp_path / "again")
        assert not (tmp_path / "again" / entry.path).exists()
        again = backup(shop, kind="full")
        assert again.stored > 0
        assert verify(repository(shop), taken.snapshot) == []
    assert again.repaired == 0  # a piece that was gone is put, not mended
    listed = shop.path / "backups" / "backups" / taken.snapshot.id
    listed.write_bytes(listed.read_bytes()[:-9])
    with pytest.raises(DamagedError, match=taken.snapshot.id):
        repository(shop).snapshot(taken.snapshot.id)
    assert taken.snapshot.id not in [one.id for one in repository(shop).snapshots()]


def test_a_landed_file_that_rots_does_not_rot_its_backup(shop: Shop) -> None:
    taken = backup(shop)
    file = next((shop.path / "landing").rglob("orders.parquet"))
    good, status = file.read_bytes(), file.stat()
    file.write_bytes(good[:40] + bytes([good[40] ^ 1]) + good[41:])
    import os

    os.utime(file, ns=(status.st_mtime_ns, status.st_mtime_ns))
    again = backup(shop, kind="full")
    assert again.damaged == (file.relative_to(shop.path).as_posix(),)
    assert [e for e in again.snapshot.files if e.path == again.damaged[0]] == [
        e for e in taken.snapshot.files if e.path == again.damaged[0]
    ]
    write_files(repository(shop), again.snapshot, shop.path.parent / "again")
    assert (shop.path.parent / "again" / again.damaged[0]).read_bytes() == good
    with shop.database.read() as session:
        assert "changed on the disk" in str(session.scalars(select(Backup.error)).all()[-1])


def test_a_load_whose_folder_is_gone_is_named(shop: Shop) -> None:
    backup(shop)
    folder = next((shop.path / "landing" / "loads").iterdir())
    folder.rename(shop.path / "elsewhere")
    with pytest.raises(BackupError, match=folder.name):
        backup(shop)
    assert len(repository(shop).ids()) == 1


def test_a_backup_that_fails_half_way_leaves_the_last_one_good(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    first = backup(shop)
    land(shop, orders(4), file="more.csv")
    put, left = Repository.put, iter(range(2))

    def full(self: Repository, name: str, body: bytes) -> int:
        if next(left, None) is None:
            raise OSError(28, "No space left on device")
        return put(self, name, body)

    monkeypatch.setattr(Repository, "put", full)
    with pytest.raises(BackupError, match="No space left"):
        backup(shop)
    monkeypatch.undo()
    kept = repository(shop)
    assert kept.ids() == [first.snapshot.id]
    assert verify(kept, first.snapshot) == []
    assert not list(shop.path.glob(".backup-*"))
    with shop.database.read() as session:
        assert [row.state for row in session.scalars(select(Backup).order_by(Backup.number))] == ["done", "failed"]
    assert verify(kept, backup(shop).snapshot) == []


def test_one_backup_runs_at_a_time(shop: Shop) -> None:
    with FileLock(shop.path / ".backup.lock"), pytest.raises(ConflictError, match="Another backup"):
        backup(shop)


def test_a_backup_is_consistent_while_people_write(shop: Shop, tmp_path: Path) -> None:
    """A writer changes two rows in every transaction; a copy never has one without the other."""
    stop = threading.Event()

    def write() -> None:
        turn = 0
        while not stop.is_set():
            turn += 1
            with shop.database.write() as session:
                load = session.scalars(select(Load)).one()
                load.source = str(turn)
                load.error = str(turn)

    with shop.database.write() as session:
        load = session.scalars(select(Load)).one()
        load.source = load.error = "0"
    writer = threading.Thread(target=write)
    writer.start()
    try:
        for turn in range(4):
            taken = backup(shop)
            write_files(repository(shop), taken.snapshot, tmp_path / str(turn))
            with sqlite3.connect(tmp_path / str(turn) / "app.sqlite") as copy:
                source, error = copy.execute("SELECT source, error FROM loads").fetchone()
                assert source == error
                assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    finally:
        stop.set()
        writer.join()


def test_backups_are_encrypted_when_the_workspace_is(shop: Shop, tmp_path: Path) -> None:
    shop.settings = shop.settings.model_copy(update={"encrypt": True, "name": "Planted name"})
    with shop.database.write() as session:
        session.scalars(select(Load)).one().source = "planted-source"
    taken = backup(shop)
    for file in (shop.path / "backups").rglob("*"):
        if file.is_file():
            body = file.read_bytes()
            assert b"planted-source" not in body
            assert b"PAR1" not in body
            assert b"orders.parquet" not in body
    write_files(repository(shop), taken.snapshot, tmp_path / "again")
    assert content(tmp_path / "again") == content(shop.path)
    key = Keys.open(shop.path)
    (shop.path / ".key").unlink()
    with pytest.raises(VaultError, match=f"needs the key {key.current}"):
        repository(shop)


def test_plain_backups_do_not_become_half_encrypted(shop: Shop) -> None:
    backup(shop)
    shop.settings = shop.settings.model_copy(update={"encrypt": True})
    with pytest.raises(SettingsError, match="not encrypted"):
        backup(shop)


def test_a_folder_of_something_else_is_left_alone(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").write_bytes(b"cat")
    with pytest.raises(SettingsError, match="something else"):
        backup(shop, to=str(tmp_path / "photos"))
    with pytest.raises(SettingsError, match="ftp://"):
        backup(shop, to="ftp://example.com/x")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(PlaceError, match="cannot be used"):
        backup(shop, to=str(tmp_path / "file" / "below"))


def _listed(shop: Shop, ages: dict[int, float]) -> Repository:
    """Backups by number with their age in days, all of the same files."""
    kept = repository(shop)
    first = kept.snapshot(kept.ids()[0])
    at = now()
    for number, age in ages.items():
        kept.commit(
            Snapshot(
                f"{number:08d}-x", "increment", at - timedelta(days=age), first.code_version, first.files, first.facts
            )
        )
    return kept


def test_old_backups_go_and_one_a_day_stays(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(taking, "ALWAYS_KEPT", 2)
    backup(shop)
    ages = {2: 40.0, 3: 31.0, 4: 20.2, 5: 20.1, 6: 3.2, 7: 3.1, 8: 0.1, 9: 0.0}
    kept = _listed(shop, ages)
    kept.forget(kept.ids()[0])
    settings = Settings(backup=BackupSettings(hourly_days=7, days=30))
    days = {number: (now() - timedelta(days=age)).date() for number, age in ages.items()}
    expected = {2, 3} | ({4} if days[4] == days[5] else set())
    assert {int(name.split("-")[0]) for name in prune(kept, settings)} == expected
    assert {int(name.split("-")[0]) for name in kept.ids()} == set(ages) - expected
    assert prune(kept, settings) == []


def test_a_clock_that_jumps_ahead_takes_few_backups_and_never_the_newest(shop: Shop) -> None:
    backup(shop)
    kept = _listed(shop, {2: 3650.0, 3: -3650.0, 4: -3650.1})
    assert prune(kept, shop.settings) == []  # the newest are kept whatever their date


def test_numbers_go_up_though_the_clock_goes_back(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    backup(shop)
    earlier = now() - timedelta(days=400)
    monkeypatch.setattr(taking, "now", lambda: earlier)
    back = backup(shop)
    assert back.snapshot.number == 2
    assert find(repository(shop)) == back.snapshot
    assert back.snapshot.kind == "full"  # none is trusted to be a day old
    assert backup(shop).snapshot.kind == "increment"


def without_names(copy: Path) -> None:
    """Take the person out of a copy of the database, also out of its free pages."""
    with closing(sqlite3.connect(copy, isolation_level=None)) as connection:
        connection.execute("UPDATE loads SET error = NULL")
        connection.execute("VACUUM")


@pytest.mark.feature("PLT-06")
@pytest.mark.parametrize("encrypt", [False, True])
def test_erased_content_vanishes_from_every_backup(shop: Shop, tmp_path: Path, encrypt: bool) -> None:
    shop.settings = shop.settings.model_copy(update={"encrypt": encrypt})
    with shop.database.write() as session:
        session.scalars(select(Load)).one().error = "ada@example.com asked for it"
    file = next((shop.path / "landing").rglob("orders.parquet"))
    gone = next((shop.path / "landing").rglob("order_items.parquet"))
    backup(shop)
    backup(shop, to=str(tmp_path / "other"))
    old = file.read_bytes()
    file.write_bytes(b"without the person")
    gone.unlink()
    backup(shop, kind="full")
    paths = [one.relative_to(shop.path).as_posix() for one in (file, gone)]
    done = forget_content(shop.path, shop.settings, shop.database, paths, without_names)
    assert (done.rewritten, done.dropped) == (3, ())
    for place in (shop.path / "backups", tmp_path / "other"):
        kept = Repository.open(
            place_of(shop.path, shop.settings, shop.database, str(place)), lambda: Keys.open(shop.path)
        )
        pieces = [kept.get(name) for name in kept.pieces()]
        assert old not in pieces
        assert not any(b"ada@example.com" in piece for piece in pieces)
        for snapshot in kept.snapshots():
            assert verify(kept, snapshot) == []
            files = {entry.path: entry for entry in snapshot.files}
            assert paths[1] not in files
            assert b"".join(kept.get(piece) for piece in files[paths[0]].pieces) == b"without the person"


def test_a_backup_that_cannot_be_read_goes_when_content_must_vanish(shop: Shop) -> None:
    first = backup(shop)
    backup(shop)
    listed = shop.path / "backups" / "backups" / first.snapshot.id
    listed.write_bytes(b"torn")
    done = forget_content(shop.path, shop.settings, shop.database, [])
    assert done.dropped == (first.snapshot.id,)
    assert len(repository(shop).ids()) == 1
