"""Addresses that hold a password: neither an error, nor a log, nor the audit log tells it."""

from __future__ import annotations

import contextlib
import logging
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.support.shops import write_settings

from tillsight.cli.main import run
from tillsight.core.errors import SettingsError, TillsightError
from tillsight.core.settings import read_settings
from tillsight.database import Database
from tillsight.shop import Shop
from tillsight.warehouse.engines import open_warehouse

pytestmark = pytest.mark.feature("PLT-07")

SECRET = "planted-password-of-an-address"
AWAY = f"postgresql://ana:{SECRET}@127.0.0.1:9/shop"
"""Nothing listens there."""


def told(error: TillsightError) -> str:
    return f"{error.message} {error.details}"


def test_a_database_that_is_away_is_told_without_its_password(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("psycopg", reason="PostgreSQL needs psycopg")
    caplog.set_level(logging.DEBUG)
    write_settings(tmp_path, database_url=AWAY)
    with pytest.raises(TillsightError) as error:
        Database.open(tmp_path, read_settings(tmp_path))
    assert SECRET not in told(error.value)
    assert run(["-w", str(tmp_path), "loads"]) != 0
    said = capsys.readouterr()
    assert "database" in said.err
    assert SECRET not in said.out + said.err + caplog.text


@pytest.mark.parametrize("address", [AWAY, f"spark://ana:{SECRET}@127.0.0.1:9", f"nonsense://ana:{SECRET}@h"])
def test_a_warehouse_that_cannot_be_used_is_told_without_its_password(
    tmp_path: Path, address: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    write_settings(tmp_path, warehouse_url=address)
    settings = read_settings(tmp_path)
    said = ""
    with Database.open(tmp_path, settings) as database, contextlib.suppress(SettingsError):
        said = repr(open_warehouse(tmp_path, settings, database))
    if address.startswith("nonsense"):
        with Database.open(tmp_path, settings) as database, pytest.raises(SettingsError) as error:
            open_warehouse(tmp_path, settings, database)
        said = told(error.value)
    assert said
    assert SECRET not in said
    assert SECRET not in caplog.text


def test_the_log_of_settings_says_only_that_an_address_is_set(tmp_path: Path) -> None:
    write_settings(tmp_path)
    with Shop.open(tmp_path) as shop:
        shop.settings = shop.settings.model_copy(update={"database_url": AWAY, "warehouse_url": AWAY})
        shop.note_settings()
        with shop.database.read() as session:
            entries = str(session.execute(text("SELECT * FROM audit_entries")).all())
    assert "(set)" in entries
    assert SECRET not in entries


@pytest.mark.parametrize("line", ["database_ulr = ", "warehouse_urls = ", "mail_password = ", "[mail]\npassword = "])
def test_a_secret_in_the_wrong_place_of_the_settings_is_not_told(tmp_path: Path, line: str) -> None:
    (tmp_path / "tillsight.toml").write_text(f'{line}"{AWAY}"\n')
    with pytest.raises(SettingsError, match="no such setting") as error:
        read_settings(tmp_path)
    assert SECRET not in told(error.value)
