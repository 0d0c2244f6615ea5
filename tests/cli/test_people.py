"""Users and keys at the command line: a link and a key are printed once, and the last administrator stays."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from tillsight.accounts import Sessions, Tokens, accept_link, ensure_administrator, get_user, passwords
from tillsight.cli.main import run
from tillsight.core.workspace import create_workspace
from tillsight.shop import Shop
from tillsight.vault import Keys


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(passwords, "_HASHER", PasswordHash((Argon2Hasher(1, 1024, 1),)))
    folder = create_workspace(tmp_path / "shop", currency="EUR", timezone="UTC")
    with Shop.open(folder) as shop:
        ensure_administrator(shop.database)
    return folder


@pytest.mark.feature("PLT-04")
def test_somebody_is_invited_changed_and_removed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = ["--workspace", str(folder)]
    code = run(["user", "invite", "Ana", "--role", "limited", "--module", "sales", "--only", "channel=web", *where])
    assert code == 0
    link = capsys.readouterr().out.strip()
    found = re.fullmatch(r"http://127\.0\.0\.1:8300/welcome#(\S+)", link)
    assert found is not None
    with Shop.open(folder) as shop:
        accept_link(shop.database, found[1], "correct horse battery")
        sessions = Sessions(shop.database, Keys.open(folder), shop.settings)
        tokens = sessions.sign_in("ana", "correct horse battery")
        assert isinstance(tokens, Tokens)
        assert tokens.user.scope.rows == (("channel", ("web",)),)
        assert tokens.user.modules == ("sales",)
    assert run(["user", "set", "ana", "--role", "analyst", "--persons", "shown", *where]) == 0
    assert run(["user", "sign-out", "ana", *where]) == 0
    assert "1 session of ana ended" in capsys.readouterr().err
    with Shop.open(folder) as shop:
        user = get_user(shop.database, "ana")
        assert (user.role, user.modules, user.rows, user.masked) == ("analyst", [], {}, False)
    assert run(["user", "list", *where]) == 0
    assert "analyst" in capsys.readouterr().out
    assert run(["user", "remove", "ana", *where]) == 0
    assert run(["user", "remove", "admin", *where]) == 1
    assert "last active administrator" in capsys.readouterr().err


@pytest.mark.parametrize(
    "wrong",
    [
        ["--role", "limited", "--module", "no-such"],
        ["--role", "limited", "--only", "channel"],
        ["--role", "limited", "--only", "no_such=web"],
        ["--role", "analyst", "--module", "sales"],
        ["--role", "analyst", "--email", "nobody"],
    ],
)
def test_what_cannot_be_given_is_refused_and_nobody_added(folder: Path, wrong: list[str]) -> None:
    assert run(["user", "invite", "ana", *wrong, "--workspace", str(folder)]) == 2
    with Shop.open(folder) as shop, pytest.raises(Exception, match="no user ana"):
        get_user(shop.database, "ana")


@pytest.mark.feature("PLT-04")
def test_a_key_is_printed_once_and_ended_by_its_name(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = ["--workspace", str(folder)]
    assert (
        run(["key", "make", "till", "--user", "admin", "--scope", "read:sales", "--scope", "read:customers", *where])
        == 0
    )
    text = capsys.readouterr().out.strip()
    with Shop.open(folder) as shop:
        sessions = Sessions(shop.database, Keys.open(folder), shop.settings)
        who = sessions.who(text)
        assert (who.role, who.modules) == ("limited", ("customers", "sales"))
    assert run(["key", "list", *where]) == 0
    listed = capsys.readouterr().out
    prefix = text[:11]
    assert prefix in listed
    assert text not in listed
    assert run(["key", "end", prefix, *where]) == 0
    with Shop.open(folder) as shop, pytest.raises(Exception, match="not known"):
        Sessions(shop.database, Keys.open(folder), shop.settings).who(text)
    assert run(["key", "make", "till", "--user", "admin", "--scope", "everything", *where]) == 2
