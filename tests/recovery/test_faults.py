"""What may go wrong with a machine, and what is promised then: killed backups, damaged files, a damaged database.

Loads and builds that are killed or run out of disk are tested where they are made: `tests/pipeline`.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.backup.conftest import orders
from tests.support.shops import land, make_shop

from tillsight.backup import Repository, find, place_of, take, verify
from tillsight.core.errors import BuildError
from tillsight.database import DatabaseError
from tillsight.recovery import restore_in_place, restore_new
from tillsight.shop import Shop
from tillsight.vault import Keys

pytestmark = pytest.mark.feature("PLT-08")

BACKING_UP = """
import sys
from tillsight.backup import take
from tillsight.shop import Shop
with Shop.open(sys.argv[1]) as shop:
    while True:
        taken = take(shop.path, shop.settings, shop.database, kind="full")
        print(taken.snapshot.id, flush=True)
        file = shop.path / "reports" / "growing.bin"
        file.write_bytes(file.read_bytes() + b"more" * 50_000)
"""
NO_ROOM = """
import resource, signal, sys
from tillsight.cli.main import run
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
sys.exit(run(["-w", sys.argv[1], "backup"]))
"""


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with make_shop(tmp_path / "shop", orders(1, 2, 3)) as shop:
        yield shop


def kept(shop: Shop) -> Repository:
    return Repository.open(place_of(shop.path, shop.settings, shop.database), lambda: Keys.open(shop.path))


def revenue(shop: Shop) -> str:
    return str(shop.query("revenue", start="2025-01-01", end="2025-12-31").table.to_pylist()[0]["revenue"])


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


@pytest.mark.skipif(os.name != "posix", reason="kills as POSIX does")
def test_a_backup_that_is_killed_leaves_those_before_it_good(shop: Shop) -> None:
    (shop.path / "reports").mkdir()
    (shop.path / "reports" / "growing.bin").write_bytes(os.urandom(1_000_000))
    said: list[str] = []
    for wait in (0.0, 0.01, 0.03, 0.08, 0.2):
        process = subprocess.Popen(
            [sys.executable, "-c", BACKING_UP, str(shop.path)], stdout=subprocess.PIPE, text=True, env=environment()
        )
        assert process.stdout is not None
        said.append(process.stdout.readline().strip())
        time.sleep(wait)
        process.send_signal(signal.SIGKILL)
        said += process.communicate()[0].split()
    repository = kept(shop)
    assert set(said) <= set(repository.ids()), "what was said to be a backup is one"
    for name in repository.ids():
        assert verify(repository, repository.snapshot(name)) == []
    after = take(shop.path, shop.settings, shop.database, kind="full")
    assert verify(kept(shop), after.snapshot) == []
    assert not [file for file in (shop.path / "backups").rglob("*") if file.name.startswith(".draft")]
    assert not list(shop.path.glob(".backup-*"))


@pytest.mark.skipif(os.name != "posix", reason="limits files as POSIX does")
def test_a_backup_without_room_is_said_and_the_last_one_stays(shop: Shop) -> None:
    first = take(shop.path, shop.settings, shop.database)
    (shop.path / "reports").mkdir()
    (shop.path / "reports" / "large.bin").write_bytes(os.urandom(3_000_000))
    done = subprocess.run(
        [sys.executable, "-c", NO_ROOM, str(shop.path)], capture_output=True, text=True, check=False, env=environment()
    )
    assert done.returncode == 1
    said = done.stderr.strip().splitlines()[-1]
    assert said.startswith("The place of the backups,")
    assert "File too large" in said
    assert kept(shop).ids() == [first.snapshot.id]
    assert verify(kept(shop), first.snapshot) == []


def test_a_damaged_landed_file_is_named_and_comes_back_from_a_backup(shop: Shop) -> None:
    good = take(shop.path, shop.settings, shop.database).snapshot
    before = revenue(shop)
    file = next((shop.path / "landing").rglob("orders.parquet"))
    file.write_bytes(file.read_bytes()[:-200])
    land(shop, orders(4), file="more.csv")
    with pytest.raises(BuildError, match=f"{file.parent.parent.name}.*orders.parquet.*The last one goes on answering"):
        shop.build()
    assert revenue(shop) == before
    restore_in_place(shop, backup=good.id)
    assert revenue(shop) == before


def test_a_damaged_database_is_one_sentence_and_the_shop_comes_back(shop: Shop, tmp_path: Path) -> None:
    take(shop.path, shop.settings, shop.database)
    before = revenue(shop)
    shop.close()
    database = shop.path / "app.sqlite"
    for damage in (b"not a database at all" * 1_000, b""):
        for beside in shop.path.glob("app.sqlite-*"):
            beside.unlink()
        database.write_bytes(damage)
        if damage:
            with pytest.raises(DatabaseError, match="cannot be opened"):
                Shop.open(shop.path)
        back = restore_new(None, tmp_path / f"back-{len(damage)}", workspace=shop.path)
        with Shop.open(back.folder) as again:
            assert revenue(again) == before


def test_the_newest_backup_is_found_though_a_newer_one_is_damaged(shop: Shop) -> None:
    first = take(shop.path, shop.settings, shop.database).snapshot
    second = take(shop.path, shop.settings, shop.database).snapshot
    listed = shop.path / "backups" / "backups" / second.id
    listed.write_bytes(listed.read_bytes()[:50])
    assert find(kept(shop)).id == first.id
