"""Encrypting a shop that exists: all of it or nothing, whatever kills it, and with the same numbers afterwards."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import signal
import sqlite3
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import simplejson
import tomlkit
from tests.returns_desk.test_photos import png

from tillsight import audit
from tillsight.accounts import By
from tillsight.cli.main import run
from tillsight.core.errors import ConflictError, SettingsError
from tillsight.database import Release
from tillsight.metrics.question import ask_for
from tillsight.recovery import back_up, encrypt, encrypting, rotate_key
from tillsight.recovery.encrypting import NotTheSameError
from tillsight.recovery.serving import serving
from tillsight.returns_desk import Details, WantedItem
from tillsight.shop import Shop
from tillsight.vault import DATA_KEY_FILE, VaultError
from tillsight.vault.data import ENCRYPTING

pytestmark = pytest.mark.feature("PLT-07")

PLANTED = ("Planted Street 17", "planted.person@example.com", "PLANTED-REJECT")
TOLD = ("Planted note of Ada", "planted.detail@example.com", "Planted reason of Ada", "PLANTED-TRACKING")
"""What the return desk is told of a customer: a note, a detail, why late, a parcel."""
NUMBER = "D-000001"
WHO = By("mia")
ORDERS = f"""order_id,placed_at,email,city,sku,quantity,unit_price
A1,2025-01-05 10:00:00,{PLANTED[1]},{PLANTED[0]},SKU-1,2,10.00
A2,2025-01-06 10:00:00,{PLANTED[1]},{PLANTED[0]},SKU-1,1,5.00
A3,{PLANTED[2]},{PLANTED[1]},{PLANTED[0]},SKU-1,1,5.00
"""


class KilledError(BaseException):
    """What stands for a kill: no clean-up of the code's own runs."""


def take_back(shop: Shop) -> None:
    """A return at the desk with all that may be said of its customer, and a photo."""
    order = shop.return_desk.order("A1")
    item = WantedItem(order["lines"][0]["order_line_id"], Decimal(1), "too_small", TOLD[1])
    made = shop.return_desk.create("A1", [item], "refund", WHO, notes=TOLD[0], override_reason=TOLD[2])
    assert made["return_id"] == NUMBER
    said = shop.return_desk.change(NUMBER, made["version"], Details(tracking_number=TOLD[3]), WHO)
    shop.return_desk.add_photo(NUMBER, said["version"], png(), WHO)


def readable(folder: Path) -> list[tuple[str, str]]:
    """Every file of a workspace in which something planted can be read, and what."""
    # a value in JSON, an address that was taken apart and a picture count as well
    values = {value: value.encode() for value in (*PLANTED, *TOLD)} | {"photo": png()[40:60]}
    return [
        (str(file.relative_to(folder)), name)
        for file in sorted(folder.rglob("*"))
        if file.is_file()
        for name, value in values.items()
        if value in file.read_bytes()
    ]


def shown(shop: Shop) -> tuple[str, ...]:
    """What the desk shows of the one return."""
    found = shop.return_desk.get(NUMBER)
    assert shop.return_desk.photo(NUMBER, found["photos"][0]["photo_id"])[0] == png()
    return found["notes"], found["items"][0]["reason_detail"], found["override_reason"], found["tracking_number"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A plain shop with a release that answers, another that is kept, and a backup."""
    pytest.importorskip("duckdb_extension_httpfs", reason="encryption needs tillsight[encryption]")
    folder = tmp_path_factory.mktemp("plain") / "shop"
    assert run(["init", str(folder), "--currency", "EUR", "--timezone", "UTC"]) == 0
    with Shop.open(folder) as shop:
        for name, text in (("orders.csv", ORDERS), ("more.csv", ORDERS.replace("A", "B").replace("10.00", "20.00"))):
            (folder.parent / name).write_text(text)
            shop.load(folder.parent / name)
        first = shop.build()
        take_back(shop)
        shutil.copytree(folder / "releases" / "1", folder / "releases" / "2")
        older = json.loads(
            simplejson.dumps(first.manifest, use_decimal=True, default=str).replace("releases/1/", "releases/2/")
        )
        with shop.database.write() as session:
            session.add(Release(number=2, state="published", kind="current", manifest=older))
        back_up(shop)
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path / "shop")
    return tmp_path / "shop"


@pytest.fixture
def elsewhere(tmp_path: Path) -> str:
    return str(tmp_path / "elsewhere")


def revenue(shop: Shop) -> str:
    return str(shop.query("revenue", start="2025-01-01", end="2025-12-31").table.to_pylist()[0]["revenue"])


def parquet(folder: Path) -> list[Path]:
    return [file for part in ("landing", "releases") for file in (folder / part).rglob("*.parquet")]


def plain(folder: Path) -> list[Path]:
    return [file for file in parquet(folder) if file.read_bytes()[-4:] != b"PARE"]


def content(folder: Path) -> dict[str, bytes]:
    kept = [*parquet(folder), folder / "tillsight.toml"]
    return {str(file.relative_to(folder)): file.read_bytes() for file in kept}


def test_a_shop_is_encrypted_with_the_same_numbers_and_nothing_plain_stays(folder: Path, elsewhere: str) -> None:
    done = encrypt(folder, backup_to=elsewhere)
    assert done.files > 10
    assert done.rows > 0
    assert done.release == 1
    assert plain(folder) == []
    assert [found for found in readable(folder) if not found[0].startswith("backups/")] == []
    assert any((folder / "backups").iterdir()), "those from before stay, until they are deleted"
    assert not (folder / ENCRYPTING).exists()
    document = tomlkit.parse((folder / "tillsight.toml").read_text())
    assert document["encrypt"] is True
    assert document["backup"]["to"] == elsewhere  # type: ignore[index]
    with Shop.open(folder) as shop:
        assert revenue(shop) == "70.00"
        assert shown(shop) == (TOLD[0], TOLD[1], TOLD[2], TOLD[3])
        assert PLANTED[2] in str(shop.rejects(shop.loads()[-1].id).to_pylist())
        with shop.database.read() as session:
            assert [session.get_one(Release, number).state for number in (1, 2)] == ["published", "collected"]
        assert [entry.action for entry in audit.entries(shop.database, audit.Wanted(), limit=1)[0]] == [
            "workspace.encrypted"
        ]
    with pytest.raises(ConflictError, match="encrypted already"):
        encrypt(folder)


def test_the_planted_values_can_be_read_in_a_shop_that_is_not_encrypted(folder: Path) -> None:
    """Otherwise the tests beside this one would look for what is never there."""
    seen = {name for _, name in readable(folder)}
    assert {PLANTED[2], *TOLD, "photo"} <= seen
    assert ("app.sqlite", "photo") in readable(folder)


def test_a_shop_that_is_encrypted_from_its_start_leaves_nothing_to_read(tmp_path: Path) -> None:
    pytest.importorskip("duckdb_extension_httpfs", reason="encryption needs tillsight[encryption]")
    folder = tmp_path / "new" / "shop"
    assert run(["init", str(folder), "--currency", "EUR", "--timezone", "UTC", "--encrypt"]) == 0
    (tmp_path / "orders.csv").write_text(ORDERS)
    with Shop.open(folder) as shop:
        shop.load(tmp_path / "orders.csv")
        shop.build()
        take_back(shop)
        shop.build()
        with shop.export(ask_for("revenue", by=["city"])) as export:
            assert PLANTED[0].encode() in b"".join(export.pieces("csv"))
            assert readable(folder) == [], "while rows lie in the spool of an export"
        back_up(shop)
        assert readable(folder) == [], "while it is open, with what was not written into the database's own file yet"
    assert readable(folder) == []
    with Shop.open(folder) as shop:
        assert shown(shop) == (TOLD[0], TOLD[1], TOLD[2], TOLD[3])
    with sqlite3.connect(folder / "app.sqlite") as raw:
        raw.execute("UPDATE desk_returns SET notes = tracking_number")
    with Shop.open(folder) as shop, pytest.raises(VaultError, match=r"desk_returns\.notes cannot be decrypted"):
        shop.return_desk.get(NUMBER)


def test_all_else_goes_on_with_an_encrypted_shop(folder: Path, elsewhere: str, tmp_path: Path) -> None:
    encrypt(folder, backup_to=elsewhere)
    with Shop.open(folder) as shop:
        rotate_key(shop)
        (tmp_path / "third.csv").write_text(ORDERS.replace("A", "C"))
        shop.load(tmp_path / "third.csv")
        shop.build()
        assert revenue(shop) == "95.00"
        assert plain(folder) == []
        back_up(shop)
    kept = [file for file in Path(elsewhere).rglob("*") if file.is_file()]
    assert not [file for file in kept for value in PLANTED if value.encode() in file.read_bytes()]


def kill_at(stage: str, number: int = 0) -> Callable[..., None]:
    seen = [0]

    def progress(name: str, _done: float | None, _total: float | None, _text: str) -> None:
        if name == stage:
            if seen[0] == number:
                raise KilledError
            seen[0] += 1

    return progress


@pytest.mark.parametrize("number", [0, 3, 12])
def test_what_is_killed_before_all_copies_are_there_has_changed_nothing(
    folder: Path, elsewhere: str, number: int
) -> None:
    before = content(folder)
    with pytest.raises(KilledError):
        encrypt(folder, backup_to=elsewhere, progress=kill_at("encrypt", number))
    assert content(folder) == before
    with Shop.open(folder) as shop:
        assert revenue(shop) == "70.00"
        rotate_key(shop)  # what comes between must not harm it
    assert encrypt(folder, backup_to=elsewhere).kept == number
    with Shop.open(folder) as shop:
        assert revenue(shop) == "70.00"
    assert plain(folder) == []


@pytest.mark.parametrize("moved", [0, 5])
def test_what_is_killed_later_is_finished_by_the_next_start(
    folder: Path, elsewhere: str, moved: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        real, count = Path.replace, [0]

        def replace(self: Path, target: Any) -> Any:
            if ENCRYPTING in self.parts and self.suffix == ".parquet" and ENCRYPTING not in Path(target).parts:
                if count[0] == moved:
                    raise KilledError
                count[0] += 1
            return real(self, target)

        patch.setattr(Path, "replace", replace)
        with pytest.raises(KilledError):
            encrypt(folder, backup_to=elsewhere)
    assert (folder / DATA_KEY_FILE).exists()
    with pytest.raises(SettingsError, match="finish it with tillsight encrypt"):
        Shop.open(folder)
    encrypt(folder, backup_to=elsewhere)
    with Shop.open(folder) as shop:
        assert revenue(shop) == "70.00"
    assert plain(folder) == []
    assert not (folder / ENCRYPTING).exists()


def _encrypt_and_die(folder: Path, elsewhere: str) -> None:
    def progress(name: str, *_: object) -> None:
        if name == "switch":
            os.kill(os.getpid(), signal.SIGKILL)

    encrypt(folder, backup_to=elsewhere, progress=progress)


def test_a_kill_by_the_system_leaves_no_lock(folder: Path, elsewhere: str) -> None:
    child = multiprocessing.get_context("spawn").Process(target=_encrypt_and_die, args=(folder, elsewhere))
    child.start()
    child.join(120)
    assert child.exitcode == -signal.SIGKILL
    encrypt(folder, backup_to=elsewhere)
    with Shop.open(folder) as shop:
        assert revenue(shop) == "70.00"


def test_a_copy_that_differs_changes_nothing(folder: Path, elsewhere: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = content(folder)
    real = encrypting.read_files

    def fewer(files: Any) -> str:
        return f"(SELECT * FROM {real(files)} ORDER BY ALL DESC)" if files[0].suffix == ".draft" else real(files)

    monkeypatch.setattr(encrypting, "read_files", fewer)
    with pytest.raises(NotTheSameError, match="does not hold what the file holds"):
        encrypt(folder, backup_to=elsewhere)
    assert content(folder) == before
    assert not (folder / ENCRYPTING).exists()


def test_a_full_disk_changes_nothing(folder: Path, elsewhere: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = content(folder)
    usage = shutil.disk_usage(folder)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=1000))
    with pytest.raises(Exception, match="GB free"):
        encrypt(folder, backup_to=elsewhere)
    assert content(folder) == before
    assert not (folder / ENCRYPTING).exists()


def test_nobody_works_on_it_meanwhile_and_plain_backups_stay_apart(folder: Path, elsewhere: str) -> None:
    with pytest.raises(SettingsError, match="--backup-to"):
        encrypt(folder)
    with serving(folder), serving(folder), pytest.raises(ConflictError, match="stop it first"):
        encrypt(folder, backup_to=elsewhere)
    assert plain(folder) != []


@pytest.fixture
def command(folder: Path) -> Callable[..., int]:
    return lambda *arguments: run(["-w", str(folder), *arguments])


def test_from_the_command_line(
    command: Callable[..., int], folder: Path, elsewhere: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("encrypt") == 2
    assert "--backup-to" in capsys.readouterr().err
    assert command("encrypt", "--backup-to", elsewhere) == 0
    said = capsys.readouterr()
    assert "Rows compared" in said.out
    assert "Keep its master key elsewhere" in said.err
    assert command("query", "revenue", "--from", "2025-01-01", "--to", "2025-12-31") == 0
    assert "70.00" in capsys.readouterr().out
    assert plain(folder) == []
