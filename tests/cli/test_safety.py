"""Backup, restore, drill, credentials and keys at the command line."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path

import pytest
from tests.cli.conftest import Ask

from tillsight.cli.main import run

PLANTED = "shpat_PLANTED_a1b2c3d4e5f6"
GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guide" / "safety.md"


@pytest.fixture
def own(shop: Path, tmp_path: Path) -> Path:
    """A copy of the small shop, to change."""
    return Path(shutil.copytree(shop, tmp_path / "own"))


def labels(printed: str) -> list[str]:
    """What a drill says apart from tables and metrics: the heads of both lists, and the names of its facts."""
    lines = [line for line in printed.splitlines() if line.strip()]
    heads = [" ".join(line.split()) for line in lines if line.startswith(("Table ", "Metric "))]
    facts = [
        line[:20].strip() for line in lines[next(i for i, line in enumerate(lines) if line.startswith("Backup ")) :]
    ]
    return heads + facts


@pytest.mark.feature("PLT-08")
def test_a_backup_is_taken_listed_drilled_and_restored(own: Path, tmp_path: Path, ask: Ask) -> None:
    out, _ = ask("-w", str(own), "backup")
    assert "full" in out
    out, _ = ask("backup", "-w", str(own))
    assert "increment" in out
    out, _ = ask("backups", "-w", str(own), "--check", "--format", "json")
    listed = json.loads(out)
    assert [(row["kind"], row["state"]) for row in listed] == [("increment", "sound"), ("full", "sound")]
    out, _ = ask("drill", "-w", str(own))
    assert "the copy is the original" in out
    assert "Recovery point" in out
    assert "net_sales" in out
    assert labels(out) == labels(GUIDE.read_text().partition("$ tillsight drill\n")[2].partition("```")[0])
    out, _ = ask("drill", "-w", str(own), "--json")
    assert json.loads(out)["passed"] is True
    out, _ = ask("restore", "-w", str(own), "--into", str(tmp_path / "back"), "--backup", listed[1]["id"])
    assert listed[1]["id"] in out
    assert ask("query", "revenue", "-w", str(tmp_path / "back"))[0] == ask("query", "revenue", "-w", str(own))[0]
    out, _ = ask("restore", "-w", str(own), "--in-place", "--yes")
    assert listed[0]["id"] in out
    _, err = ask("restore", "-w", str(own), code=2)
    assert "--into" in err
    _, err = ask("restore", "-w", str(own), "--into", str(tmp_path / "x"), "--at", "yesterday", code=2)
    assert "2026-11-14T09:00" in err


def test_a_damaged_backup_is_an_exit_code(own: Path, ask: Ask) -> None:
    ask("backup", "-w", str(own))
    for file in (own / "backups" / "objects").rglob("*"):
        if file.is_file():
            file.write_bytes(b"torn")
    _, err = ask("backups", "-w", str(own), "--check", code=1)
    assert "1 of 1 backups are damaged" in err
    _, err = ask("drill", "-w", str(own), code=1)
    assert "is damaged" in err


@pytest.mark.feature("PLT-07")
def test_a_credential_is_nowhere_to_be_read(
    own: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PLANTED}\n"))
    printed = [*ask("secret", "set", "shopify", "-w", str(own))]
    assert "ends in e5f6" in printed[1]
    printed += ask("secret", "list", "-w", str(own))
    assert "…e5f6" in printed[2]
    printed += ask("master-key", "rotate", "-w", str(own))
    monkeypatch.setattr("sys.stdin", io.StringIO(PLANTED))
    printed += ask("secret", "set", "Bad Name", "-w", str(own), code=2)
    ask("backup", "-w", str(own))
    assert not any(PLANTED in text for text in printed)
    for file in own.rglob("*"):
        assert not file.is_file() or PLANTED.encode() not in file.read_bytes(), file
    ask("secret", "remove", "shopify", "-w", str(own))
    _, err = ask("secret", "remove", "shopify", "-w", str(own), code=2)
    assert "no credential shopify" in err


@pytest.mark.feature("PLT-07")
def test_a_new_key_leaves_everything_readable(
    own: Path, tmp_path: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(PLANTED))
    ask("secret", "set", "shopify", "-w", str(own))
    ask("backup", "-w", str(own))
    old, _ = ask("master-key", "show", "-w", str(own))
    _, said = ask("master-key", "rotate", "-w", str(own))
    assert "1 places" in said
    new, _ = ask("master-key", "show", "-w", str(own))
    assert new != old
    assert (own / ".key").read_text().split() == [new.strip(), old.strip()]
    out, _ = ask("secret", "list", "-w", str(own))
    assert "…e5f6" in out
    assert run(["-w", str(own), "restore", "--into", str(tmp_path / "back")]) == 0
    out, _ = ask("secret", "list", "-w", str(tmp_path / "back"))
    assert "…e5f6" in out
    monkeypatch.setenv("TILLSIGHT_KEY", new.strip())
    _, err = ask("master-key", "rotate", "-w", str(own), code=1)
    assert "TILLSIGHT_KEY" in err
