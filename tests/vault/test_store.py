"""The vault: a credential goes in and comes out, and is in no file, list or error on the way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from tillsight.core.errors import NotFoundError, QuestionError
from tillsight.core.settings import Settings
from tillsight.database import Database
from tillsight.database.safety import Secret
from tillsight.vault import Keys, Vault, VaultError

pytestmark = pytest.mark.feature("PLT-07")

PLANTED = "shpat_PLANTED_a1b2c3d4e5f6"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database.open(tmp_path, Settings()) as database:
        yield database


def test_a_credential_is_kept_encrypted(tmp_path: Path, database: Database) -> None:
    vault = Vault(database, Keys.open(tmp_path))
    kept = vault.put("shopify", PLANTED, "ada")
    assert (kept.name, kept.last_four, kept.changed_by) == ("shopify", "e5f6", "ada")
    assert vault.get("shopify") == PLANTED
    assert vault.list() == [kept]
    assert PLANTED not in repr(vault.list())
    for file in tmp_path.rglob("*"):
        assert not file.is_file() or PLANTED.encode() not in file.read_bytes()
    changed = vault.put("shopify", "another-credential-1234", "bob")
    assert (changed.last_four, changed.changed_by) == ("1234", "bob")
    assert changed.changed_at >= kept.changed_at
    vault.delete("shopify")
    assert vault.list() == []
    for call in (vault.get, vault.delete):
        with pytest.raises(NotFoundError):
            call("shopify")


def test_a_short_credential_shows_nothing_of_itself(tmp_path: Path, database: Database) -> None:
    assert Vault(database, Keys.open(tmp_path)).put("pin", "123456789012345").last_four == ""


@pytest.mark.parametrize("name", ["", "Shopify", "../x", "a b", "x" * 101])
def test_a_bad_name_is_refused_without_the_value(tmp_path: Path, database: Database, name: str) -> None:
    with pytest.raises(QuestionError) as error:
        Vault(database, Keys.open(tmp_path)).put(name, PLANTED)
    assert PLANTED not in f"{error.value} {error.value.details}"


def test_an_empty_or_endless_value_is_refused(tmp_path: Path, database: Database) -> None:
    vault = Vault(database, Keys.open(tmp_path))
    for value in ("", PLANTED * 1_000):
        with pytest.raises(QuestionError) as error:
            vault.put("shopify", value)
        assert PLANTED not in f"{error.value} {error.value.details}"


def test_a_credential_put_in_another_place_cannot_be_read(tmp_path: Path, database: Database) -> None:
    vault = Vault(database, Keys.open(tmp_path))
    vault.put("mine", PLANTED)
    with database.write() as session:
        session.add(Secret(name="yours", sealed=session.get_one(Secret, "mine").sealed))
    with pytest.raises(VaultError) as error:
        vault.get("yours")
    assert PLANTED not in error.value.message


def test_all_credentials_go_over_to_a_new_key(tmp_path: Path, database: Database) -> None:
    old = Keys.open(tmp_path)
    Vault(database, old).put("one", PLANTED)
    Vault(database, old).put("two", PLANTED[::-1])
    new = old.rotated()
    vault = Vault(database, new)
    assert vault.rotate() == 2
    assert vault.rotate() == 0
    after = Vault(database, Keys(new.texts[:1], "here"))
    assert (after.get("one"), after.get("two")) == (PLANTED, PLANTED[::-1])


def test_without_its_key_a_credential_is_listed_but_not_read(tmp_path: Path, database: Database) -> None:
    Vault(database, Keys(("o" * 32,), "here")).put("one", PLANTED)
    other = Vault(database, Keys(("n" * 32,), "there"))
    assert [(kept.name, kept.last_four) for kept in other.list()] == [("one", "")]
    with pytest.raises(VaultError, match="needs the key"):
        other.get("one")
    with pytest.raises(VaultError):
        other.rotate()
    with database.read() as session:
        assert len(list(session.scalars(select(Secret)))) == 1
