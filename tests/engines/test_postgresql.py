"""Releases in PostgreSQL: published whole, shared where nothing changed, collected; one workspace for a database; passwords."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url, select
from tests.support.shops import KNOWN, land, line, make_shop, order, write_settings

from tillsight.core.errors import ConflictError, NoReleaseError, SettingsError, WarehouseError
from tillsight.core.settings import read_settings
from tillsight.database.audit import AuditEntry
from tillsight.recovery.restoring import _own_database as own_database
from tillsight.shop import Shop
from tillsight.vault import Keys, Vault

pytestmark = [pytest.mark.engines, pytest.mark.slow, pytest.mark.timeout(600)]

Ask = Callable[[str], list[tuple[Any, ...]]]
ROWS = {
    "orders": [order("1", "2024-05-01"), order("2", "2024-05-02")],
    "order_items": [line("1", "1", "A", 1, "10", product_name="Ä, \"quoted\"\nand long"), line("2", "1", "B", 1, "5", product_name="")],
    "marketing_spend": [{"day": "2024-05-01", "channel": "search", "amount": "1.25", "currency": "EUR"}],
}  # fmt: skip


@pytest.fixture
def address(postgresql_url: str) -> str:
    """The address of an empty database."""
    name = f"shop_{uuid.uuid4().hex}"
    with psycopg.connect(postgresql_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return make_url(postgresql_url).set(database=name).render_as_string(hide_password=False)


@pytest.fixture
def ask(address: str) -> Ask:
    def run(sql: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(address, autocommit=True) as connection:
            cursor = connection.execute(sql)
            return cursor.fetchall() if cursor.description else []

    return run


def stored(ask: Ask, table: str) -> set[str]:
    """Where a table is kept, of all releases."""
    return {row[0] for row in ask(f"SELECT tablename FROM pg_tables WHERE tablename LIKE '{table}\\_%'")}


def schemas(ask: Ask) -> set[str]:
    return {row[0] for row in ask("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'release%'")}


def test_tables_that_did_not_change_are_there_once_and_old_ones_go(tmp_path: Path, address: str, ask: Ask) -> None:
    with make_shop(tmp_path, ROWS, warehouse_url=address) as shop:
        assert shop.query("revenue").table["revenue"].to_pylist() == [15]
        products = shop.query("revenue", by="product").table["product"].to_pylist()
        assert products == ['Ä, "quoted"\nand long', ""] or products == ['Ä, "quoted"\nand long', None]
        land(shop, {"order_items": [line("2", "1", "B", 1, "7")]}, known_at=KNOWN.replace(year=2027), file="b.csv")
        shop.build()
        assert shop.query("revenue").table["revenue"].to_pylist() == [17]
        assert schemas(ask) == {"release_1", "release_2"}
        assert (len(stored(ask, "sales")), len(stored(ask, "marketing_spend_days"))) == (2, 1)
        assert ask("SELECT sum(revenue) FROM release_1.sales") == [(15,)]
        assert shop.drop_older_releases() == 1
        assert schemas(ask) == {"release_2"}
        assert (len(stored(ask, "sales")), len(stored(ask, "marketing_spend_days"))) == (1, 1)


def test_a_release_answers_only_when_it_is_there_as_a_whole(tmp_path: Path, address: str, ask: Ask) -> None:
    with make_shop(tmp_path, ROWS) as shop:
        assert shop.query("revenue").sql
    with opened_at(tmp_path, address) as shop:
        with pytest.raises(NoReleaseError, match="Release 1 is not in PostgreSQL yet: run `tillsight build`"):
            shop.query("revenue")
        assert shop.build().number == 1, "nothing has changed but where it answers"
        assert shop.query("revenue").table["revenue"].to_pylist() == [15]
        ask("DROP SCHEMA release_1 CASCADE; DELETE FROM tillsight.releases")
    with opened_at(tmp_path, address) as shop:
        with pytest.raises(NoReleaseError):
            shop.query("revenue")
        kept = stored(ask, "sales")
        shop.build()
        assert shop.query("revenue").table["revenue"].to_pylist() == [15]
        assert stored(ask, "sales") == kept


def test_a_build_that_cannot_be_given_over_is_not_published(tmp_path: Path, address: str, ask: Ask) -> None:
    with make_shop(tmp_path, ROWS, warehouse_url=address) as shop:
        land(shop, {"order_items": [line("2", "1", "B", 1, "7")]}, known_at=KNOWN.replace(year=2027), file="b.csv")
        ask("CREATE TABLE tillsight.held (x int); CREATE VIEW tillsight.seen AS TABLE tillsight.held; "
            "REVOKE ALL ON SCHEMA tillsight FROM PUBLIC; ALTER TABLE tillsight.releases RENAME COLUMN tables TO other")  # fmt: skip
        with pytest.raises(WarehouseError, match="PostgreSQL refused"):
            shop.build()
        ask("ALTER TABLE tillsight.releases RENAME COLUMN other TO tables; DROP VIEW tillsight.seen")
        assert shop.query("revenue").table["revenue"].to_pylist() == [15], "the last one goes on answering"
        shop.build()
        assert shop.query("revenue").table["revenue"].to_pylist() == [17]


def test_a_database_is_of_one_workspace(tmp_path: Path, address: str, ask: Ask) -> None:
    make_shop(tmp_path / "first", ROWS, warehouse_url=address).close()
    other = make_shop(tmp_path / "second", ROWS, build=False, warehouse_url=address)
    with other, pytest.raises(ConflictError, match="releases of another workspace"):
        other.build()
    assert schemas(ask) == {"release_1"}


def test_the_password_comes_from_the_vault_and_is_never_told(
    tmp_path: Path, address: str, ask: Ask, postgresql_url: str
) -> None:
    folder = Path(str(make_url(postgresql_url).query["host"]))
    role = f"teller_{uuid.uuid4().hex[:8]}"
    ask(f"CREATE ROLE {role} SUPERUSER LOGIN PASSWORD 'geheim und lang'")
    rules = folder / "pg_hba.conf"
    rules.write_text(f"local all {role} scram-sha-256\n" + rules.read_text())
    ask("SELECT pg_reload_conf()")
    own = f"postgresql://{role}@/{make_url(address).database}?host={folder}"
    told: list[str] = []
    make_shop(tmp_path, ROWS).close()
    for wrong in (own, own.replace("@", ":falsch%20und%20lang@", 1)):
        with opened_at(tmp_path, wrong) as shop:
            with pytest.raises(WarehouseError, match="PostgreSQL cannot be reached") as failed:
                shop.build()
            told.append(f"{failed.value.message} {failed.value.details} {shop.status().engine}")
    with opened_at(tmp_path, own) as shop:
        Vault(shop.database, Keys.open(tmp_path)).put("warehouse", "geheim und lang")
    with opened_at(tmp_path, own) as shop:
        shop.build()
        assert shop.query("revenue").table["revenue"].to_pylist() == [15]
        with shop.database.read() as session:
            told += [str(vars(entry)) for entry in session.scalars(select(AuditEntry))]
    assert "falsch und lang" not in "".join(told)
    assert "geheim und lang" not in "".join(told)


@pytest.mark.parametrize("url", ["mysql://user:geheim@host/shop", "postgresql://user:geheim@127.0.0.1:port/shop"])
def test_an_address_that_is_wrong_is_told_without_its_password(tmp_path: Path, url: str) -> None:
    with pytest.raises(SettingsError, match="warehouse_url") as failed:
        make_shop(tmp_path, ROWS, warehouse_url=url).build()
    assert "geheim" not in f"{failed.value.message} {failed.value.details}"


def test_a_restored_copy_leaves_the_database_of_the_original_alone(tmp_path: Path) -> None:
    write_settings(tmp_path, warehouse_url="postgresql://host/shop", database_url="postgresql://host/other")
    assert len(own_database(tmp_path)) == 2
    settings = read_settings(tmp_path)
    assert (settings.warehouse_url, settings.database_url) == (None, None)


def opened_at(folder: Path, address: str) -> Shop:
    """A workspace that answers in a database from now on."""
    return make_shop(folder, {}, build=False, warehouse_url=address)
