"""The SQL of relations is made once for a version of the code, and again where anything it follows from is another."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tillsight.pipeline import kept_sql
from tillsight.pipeline.kept_sql import RelationSql, kept

PARTS = ("sales", "EUR", "Europe/Berlin", 30, 0)
MADE: RelationSql = ({"lines": "SELECT 'ü'", "entries": "SELECT 2"}, None)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(kept_sql, "FOLDER", tmp_path / "kept")
    monkeypatch.setattr("sys.dont_write_bytecode", False)
    monkeypatch.setattr(kept_sql, "_began", lambda: float("inf"))
    return tmp_path / "kept"


def unasked() -> RelationSql:
    raise AssertionError("it was made already")


def other() -> RelationSql:
    return {"lines": "SELECT 3"}, "SELECT 4"


def test_it_is_made_once() -> None:
    assert kept(PARTS, lambda: MADE) == MADE
    assert kept(PARTS, unasked) == MADE


def test_another_question_is_another_text() -> None:
    kept(PARTS, lambda: MADE)
    for place in range(len(PARTS)):
        asked = [*PARTS]
        asked[place] = "another"
        assert kept(asked, other) == other()
    assert kept(PARTS, unasked) == MADE


def test_another_code_is_another_text_and_the_old_one_goes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept(PARTS, lambda: MADE)
    monkeypatch.setattr(kept_sql, "_code", lambda: ("f" * 64, 0.0))
    assert kept(PARTS, other) == other()
    assert len(list(folder.iterdir())) == 1


def test_no_more_than_so_many_are_kept(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_sql, "MOST_FILES", 2)
    for number in range(4):
        kept((*PARTS, number), lambda: MADE)
        newest = max(folder.iterdir(), key=lambda file: file.stat().st_mtime_ns)
        os.utime(newest, (number, number))
    assert len(list(folder.iterdir())) == 2
    assert kept((*PARTS, 3), unasked) == MADE


def test_the_code_is_that_of_every_room_with_a_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "tillsight"
    for room in kept_sql.ROOMS:
        (package / room).mkdir(parents=True)
        (package / room / "one.py").write_text("1")
    monkeypatch.setattr(kept_sql, "__file__", str(package / "pipeline" / "kept_sql.py"))
    codes = []
    for room in kept_sql.ROOMS:
        codes.append(kept_sql._code()[0])
        (package / room / "one.py").write_text("2")
    assert len({*codes, kept_sql._code()[0]}) == len(kept_sql.ROOMS) + 1
    assert kept_sql._code()[1] == pytest.approx(time.time(), abs=60)


def test_a_process_whose_code_was_changed_since_it_began_keeps_and_takes_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept(PARTS, lambda: MADE)
    before = sorted(folder.iterdir())
    monkeypatch.setattr(kept_sql, "_began", lambda: 0.0)
    assert kept(PARTS, other) == other()
    assert sorted(folder.iterdir()) == before


@pytest.mark.parametrize("text", ["", "{", "[1]", "[{}, null, 3]"])
def test_a_damaged_file_is_made_again(folder: Path, text: str) -> None:
    kept(PARTS, lambda: MADE)
    next(folder.iterdir()).write_text(text)
    assert kept(PARTS, lambda: MADE) == MADE
    assert kept(PARTS, unasked) == MADE


def test_where_nothing_can_be_written_it_is_made_each_time(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.write_text("a file where the folder would be")
    assert kept(PARTS, lambda: MADE) == MADE
    assert kept(PARTS, other) == other()
    folder.unlink()
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    kept(PARTS, lambda: MADE)
    assert not folder.exists()
