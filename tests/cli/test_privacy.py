"""Audit log and privacy at the command line."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.cli.conftest import Ask
from tests.support.shops import line, make_shop, order

from tillsight.cli.main import run
from tillsight.shop import Shop


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tables = {
        "customers": [{"customer_id": "C-1", "customer_name": "Ada Lovelace", "email": "ada@example.org"}],
        "orders": [order("O-1", "2025-01-05 10:00:00", customer_id="C-1", email="ada@example.org")],
        "order_items": [line("O-1", "1", "P", 2, "5.00")],
        "web_events": [
            {"line_id": str(n), "occurred_at": f"20{n}-01-01 00:00:00", "event": "view", "currency": "EUR"}
            for n in (10, 11, 26)
        ],
    }
    make_shop(tmp_path / "shop", tables, retention={"tables": {"web_events": 400}}).close()
    return tmp_path / "shop"


@pytest.fixture
def ask(folder: Path, capsys: pytest.CaptureFixture[str]) -> Ask:
    def call(*arguments: str, code: int = 0) -> tuple[str, str]:
        capsys.readouterr()
        assert run(["-w", str(folder), *arguments]) == code
        printed = capsys.readouterr()
        return printed.out, printed.err

    return call


@pytest.mark.feature("PLT-06")
def test_find_export_erase(ask: Ask, folder: Path, tmp_path: Path) -> None:
    out, _ = ask("privacy", "find", "ada@example.org")
    assert "Ada Lovelace" in out
    assert "C-1" in out
    assert json.loads(ask("privacy", "preview", "C-1")[0])["tables"][0]["rows"] == 1
    ask("privacy", "export", "C-1", "-o", str(tmp_path / "ada.zip"))
    with zipfile.ZipFile(tmp_path / "ada.zip") as archive:
        assert "Ada Lovelace" in archive.read("index.html").decode()
    _, err = ask("privacy", "erase", "O-1", "--yes")
    assert "Erased: 3 rows of 3 tables." in err
    assert "Nobody" in ask("privacy", "find", "C-1")[1]
    assert "Nobody" in ask("privacy", "erase", "C-1", "--yes", code=2)[1]
    assert "erase" in ask("privacy", "erasures")[0]
    assert b"Lovelace" not in b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())


def test_erasing_needs_the_identifier_typed(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("typer.prompt", lambda *_arguments, **_named: "C-2")
    assert "type C-1" in ask("privacy", "erase", "C-1", code=2)[1]
    assert "Ada" in ask("privacy", "find", "C-1")[0]


@pytest.mark.feature("PLT-06")
def test_choices_and_retention(ask: Ask) -> None:
    out, _ = ask("privacy", "choose", "C-1", "sale", "--refuse", "--format", "json")
    assert {row["purpose"]: row["granted"] for row in json.loads(out)}["sale"] is False
    assert "here" in ask("privacy", "consents", "C-1")[0]
    would = json.loads(ask("privacy", "retention", "--format", "json")[0])
    assert [(row["name"], row["rows"]) for row in would["tables"]] == [("web_events", 2)]
    ask("privacy", "retention", "--apply", "--yes")
    assert json.loads(ask("privacy", "retention", "--format", "json")[0])["tables"][0]["rows"] == 0


@pytest.mark.feature("PLT-05")
def test_the_log_is_listed_and_verified(ask: Ask, folder: Path) -> None:
    ask("privacy", "find", "C-1")
    assert "person.found" in ask("audit", "list", "--action", "person")[0]
    assert json.loads(ask("audit", "list", "--person", "C-1", "--format", "json")[0])[0]["after"]["asked"] == "C-1"
    noted = ask("audit", "verify")[0].strip()
    assert ask("audit", "verify", "--noted", noted)[0].strip() == noted
    ask("audit", "verify", "--noted", "one", code=2)
    with Shop.open(folder) as shop, shop.database.write() as session:
        session.execute(text("DELETE FROM audit_entries WHERE number = 1"))
    assert "missing" in ask("audit", "verify", code=1)[1]
