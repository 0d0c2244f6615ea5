"""Encryption at rest: no file of an encrypted workspace holds a plain value, and without the key nothing opens."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
from tests.support.shops import write_settings

from tillsight.backup import take
from tillsight.cli.main import run
from tillsight.core.errors import SettingsError
from tillsight.recovery import drill, restore_new, rotate_key
from tillsight.shop import Shop
from tillsight.vault import DATA_KEY_FILE, Keys, Vault, VaultError
from tillsight.warehouse.duck import connect

pytestmark = pytest.mark.feature("PLT-07")

PLANTED = ("Planted Street 17", "planted.person@example.com", "PLANTED-SKU-1", "PLANTED-REJECT", "shpat_PLANTED_secret")
ORDERS = f"""order_id,placed_at,email,city,sku,quantity,unit_price
A1,2025-01-05 10:00:00,{PLANTED[1]},{PLANTED[0]},{PLANTED[2]},2,10.00
A2,2025-01-06 10:00:00,{PLANTED[1]},{PLANTED[0]},{PLANTED[2]},1,5.00
A3,{PLANTED[3]},{PLANTED[1]},{PLANTED[0]},{PLANTED[2]},1,5.00
"""


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """An encrypted workspace, loaded from a file, built, backed up."""
    pytest.importorskip("duckdb_extension_httpfs", reason="encryption needs tillsight[encryption]")
    folder = tmp_path / "shop"
    assert run(["init", str(folder), "--currency", "EUR", "--timezone", "UTC", "--encrypt"]) == 0
    file = tmp_path / "orders.csv"
    file.write_text(ORDERS)
    with Shop.open(folder) as shop:
        shop.load(file)
        shop.build()
        Vault(shop.database, Keys.open(folder)).put("shopify", PLANTED[4])
        take(shop.path, shop.settings, shop.database)
        yield shop


def revenue(shop: Shop) -> str:
    return str(shop.query("revenue", start="2025-01-01", end="2025-12-31").table.to_pylist()[0]["revenue"])


def test_no_file_holds_a_plain_value(shop: Shop) -> None:
    assert revenue(shop) == "25.00"
    rejected = shop.rejects(shop.loads()[0].id).to_pylist()
    assert PLANTED[3] in rejected[0]["row"]
    found = [file for file in shop.path.rglob("*") if file.is_file()]
    parquet = [file for file in found if file.suffix == ".parquet"]
    assert {file.parts[len(shop.path.parts)] for file in parquet} == {"landing", "releases"}
    for file in found:
        body = file.read_bytes()
        assert not [value for value in PLANTED if value.encode() in body], file
        assert file.suffix != ".parquet" or body[-4:] == b"PARE"
    with pytest.raises(OSError, match="encrypt"):
        pq.read_table(parquet[0])


def test_what_is_spilt_is_encrypted(shop: Shop) -> None:
    connection = connect(shop.path, "1GB", 1)
    assert connection.execute("SELECT current_setting('temp_file_encryption')").fetchone() == (True,)
    with pytest.raises(duckdb.Error):
        connection.execute("SELECT * FROM read_csv('https://example.com/x.csv')")
    connection.close()


def test_without_its_key_a_workspace_does_not_open(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.close()
    key = Keys.open(shop.path)
    monkeypatch.setenv("TILLSIGHT_KEY", "w" * 40)
    with pytest.raises(VaultError, match=f"needs the key {key.current}"):
        Shop.open(shop.path)
    monkeypatch.delenv("TILLSIGHT_KEY")
    (shop.path / DATA_KEY_FILE).write_text(f"t1.{key.current}.{'A' * 80}\n")
    with pytest.raises(VaultError, match="cannot be decrypted"):
        Shop.open(shop.path)
    (shop.path / DATA_KEY_FILE).unlink()
    with pytest.raises(SettingsError, match=r"no data\.key"):
        Shop.open(shop.path)


def test_the_setting_and_the_files_must_agree(shop: Shop) -> None:
    shop.close()
    write_settings(shop.path)
    with pytest.raises(SettingsError, match="must be true"):
        Shop.open(shop.path)


def test_without_the_extension_one_sentence_says_what_to_install(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tillsight.warehouse.duck._CRYPTO_PACKAGE", "no_such_package")
    with pytest.raises(SettingsError, match=r"pip install 'tillsight\[encryption\]'"):
        connect(shop.path, "1GB", 1)


def test_a_new_master_key_leaves_the_files_as_they_are(shop: Shop) -> None:
    before = {file: file.read_bytes() for file in shop.path.rglob("*.parquet")}
    rotate_key(shop)
    assert {file: file.read_bytes() for file in shop.path.rglob("*.parquet")} == before
    shop.close()
    file = shop.path / ".key"
    file.write_text(file.read_text().splitlines()[0] + "\n")  # the old key is gone
    with Shop.open(shop.path) as again:
        assert revenue(again) == "25.00"
        assert Vault(again.database, Keys.open(again.path)).get("shopify") == PLANTED[4]


def test_an_encrypted_shop_is_drilled_and_restored(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert drill(shop).differences == []
    key = Keys.open(shop.path).texts[0]
    shutil.copytree(shop.path / "backups", tmp_path / "elsewhere")
    with pytest.raises(VaultError, match="needs the key"):
        restore_new(str(tmp_path / "elsewhere"), tmp_path / "new" / "back")
    monkeypatch.setenv("TILLSIGHT_KEY", key)
    restore_new(str(tmp_path / "elsewhere"), tmp_path / "back")
    with Shop.open(tmp_path / "back") as back:
        assert revenue(back) == "25.00"
