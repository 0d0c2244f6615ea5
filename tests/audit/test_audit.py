"""The audit log: what an entry holds, and every way of tampering with the chain is found."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.support.shops import line, make_shop, order, write_settings

from tillsight import audit
from tillsight.audit.log import HIDDEN
from tillsight.core.settings import Settings
from tillsight.database import Database
from tillsight.shop import Shop
from tillsight.vault import KEY_FILE, FieldCipher, Keys


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database.open(tmp_path, Settings()) as database:
        yield database


def write(database: Database, count: int = 5) -> None:
    for index in range(count):
        with database.write() as session:
            audit.record(session, who="anna", action="load.started", subject=f"load:{index}", after={"rows": index})


def run(database: Database, sql: str) -> None:
    with database.write() as session:
        session.execute(text(sql))


def kinds(database: Database) -> list[str]:
    return [fault.kind for fault in audit.verify(database).faults]


@pytest.mark.feature("PLT-05")
def test_an_entry_says_who_when_from_where_what_before_and_after(database: Database) -> None:
    at = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=timezone(timedelta(hours=2)))
    with database.write() as session:
        audit.record(
            session,
            who="anna",
            action="user.changed",
            subject="user:7",
            before={"role": "analyst"},
            after={"role": "manager", "since": at},
            address="10.0.0.8",
            at=at,
        )
    found, total = audit.entries(database, audit.Wanted())
    assert total == 1
    entry = found[0]
    assert (entry.number, entry.who, entry.action, entry.subject, entry.address) == (
        1, "anna", "user.changed", "user:7", "10.0.0.8",
    )  # fmt: skip
    assert entry.at == at
    assert (entry.before, entry.after) == (
        {"role": "analyst"},
        {"role": "manager", "since": "2026-01-02T01:04:05.678901Z"},
    )
    assert audit.verify(database).sound


def test_an_entry_and_what_it_tells_of_are_there_together_or_not_at_all(database: Database, tmp_path: Path) -> None:
    write(database, 2)

    def fail() -> None:
        with database.write() as session:
            audit.record(session, who="anna", action="load.started", subject="load:x")
            raise KeyError("half way")

    with pytest.raises(KeyError):
        fail()
    assert audit.entries(database, audit.Wanted())[1] == 2
    assert json.loads((tmp_path / audit.HEAD_FILE).read_text())["number"] == 2
    assert audit.verify(database).sound


def test_several_entries_of_one_transaction_follow_one_another(database: Database) -> None:
    with database.write() as session:
        for name in "abc":
            audit.record(session, who="anna", action="load.started", subject=f"load:{name}")
    verdict = audit.verify(database)
    assert (verdict.entries, verdict.number, verdict.sound) == (3, 3, True)


def test_secrets_are_left_out_at_any_depth(database: Database) -> None:
    given = {
        "name": "shop",
        "password": "p-1",
        "nested": [{"api_key": "p-2", "refresh_token": "p-3", "port": 1}],
        "otp": None,
    }
    with database.write() as session:
        audit.record(session, who="anna", action="settings.changed", subject="settings:x", before=given, after=given)
        raw = session.execute(text('SELECT "before" || "after" FROM audit_entries')).scalar_one()
    assert "p-" not in raw
    entry = audit.entries(database, audit.Wanted())[0][0]
    assert entry.after == {
        "name": "shop",
        "password": HIDDEN,
        "nested": [{"api_key": HIDDEN, "refresh_token": HIDDEN, "port": 1}],
        "otp": None,
    }


@pytest.mark.feature("PLT-05")
@pytest.mark.parametrize(
    ("tampering", "found"),
    [
        ("UPDATE audit_entries SET who = 'bert' WHERE number = 3", ["changed"]),
        ('UPDATE audit_entries SET "after" = "before" WHERE number = 3', ["changed"]),
        ("UPDATE audit_entries SET at = '2026-01-01 00:00:00.000000' WHERE number = 5", ["changed"]),
        ("DELETE FROM audit_entries WHERE number = 3", ["missing"]),
        ("DELETE FROM audit_entries WHERE number IN (1, 2)", ["missing"]),
        ("DELETE FROM audit_entries WHERE number >= 4", ["cut off", "cut off"]),
        ("DELETE FROM audit_entries", ["cut off", "cut off"]),
        ("DELETE FROM audit_head", ["cut off"]),
        ("UPDATE audit_head SET number = 4", ["changed"]),
    ],
)
def test_tampering_is_found(database: Database, tampering: str, found: list[str]) -> None:
    write(database)
    assert audit.verify(database).sound
    run(database, tampering)
    assert kinds(database) == found


def test_entries_that_change_places_are_found(database: Database) -> None:
    write(database)
    for change in ("number = 90 WHERE number = 2", "number = 2 WHERE number = 3", "number = 3 WHERE number = 90"):
        run(database, f"UPDATE audit_entries SET {change}")
    assert {fault.number for fault in audit.verify(database).faults} == {2, 3, 4}


def test_an_entry_put_in_by_somebody_without_the_key_is_found(database: Database) -> None:
    write(database)
    run(
        database,
        "INSERT INTO audit_entries (number, at, who, action, subject, previous, hash) "
        "SELECT 6, at, who, action, subject, hash, hash FROM audit_entries WHERE number = 5",
    )
    assert kinds(database) == ["changed", "changed"]


def test_a_tail_cut_off_with_the_head_put_back_is_found_by_the_file(database: Database, tmp_path: Path) -> None:
    write(database, 3)
    with database.read() as session:
        number, last, seal = session.execute(text("SELECT number, hash, seal FROM audit_head")).one()
    write(database, 2)
    run(database, "DELETE FROM audit_entries WHERE number > 3")
    run(database, f"UPDATE audit_head SET number = {number}, hash = '{last}', seal = '{seal}'")
    assert kinds(database) == ["cut off"]
    (tmp_path / audit.HEAD_FILE).unlink()
    assert kinds(database) == ["cut off"]


def test_whoever_puts_back_everything_is_found_by_what_was_noted_elsewhere(database: Database, tmp_path: Path) -> None:
    write(database, 3)
    file = tmp_path / audit.HEAD_FILE
    earlier = file.read_text()
    with database.read() as session:
        number, last, seal = session.execute(text("SELECT number, hash, seal FROM audit_head")).one()
    write(database, 2)
    verdict = audit.verify(database)
    run(database, "DELETE FROM audit_entries WHERE number > 3")
    run(database, f"UPDATE audit_head SET number = {number}, hash = '{last}', seal = '{seal}'")
    file.write_text(earlier)
    assert audit.verify(database).sound
    assert [fault.kind for fault in audit.verify(database, (verdict.number, verdict.hash)).faults] == ["cut off"]
    assert audit.verify(database, (number, last)).sound


def test_another_key_does_not_make_a_chain(database: Database, tmp_path: Path) -> None:
    write(database)
    run(database, "DELETE FROM inner_keys")
    assert kinds(database) == ["changed"] * 7


def test_the_chain_outlives_a_new_master_key(database: Database, tmp_path: Path) -> None:
    write(database)
    with database.write() as session:
        audit.record(
            session,
            who="anna",
            action="person.shown",
            subject="person:x",
            person="a@b.example",
            after={"mail": "a@b.example"},
        )
    keys = Keys.open(tmp_path).rotated()
    with database.write() as session:
        assert audit.rotate(session, FieldCipher(keys)) == 2
    (tmp_path / KEY_FILE).write_text(f"{keys.texts[0]}\n")
    write(database)
    assert audit.verify(database).sound
    assert audit.entries(database, audit.Wanted(person="A@B.example "))[0][0].after == {"mail": "a@b.example"}


@pytest.mark.feature("PLT-05", "PLT-06")
def test_personal_values_go_with_their_key_and_the_chain_stays_valid(database: Database, tmp_path: Path) -> None:
    write(database, 2)
    for person, value in (("c-1", "Ada Lovelace"), ("c-2", "Grace Hopper")):
        with database.write() as session:
            audit.record(
                session, who="anna", action="person.shown", subject="person:x", person=person, before={"name": value}
            )
    assert b"Lovelace" not in (tmp_path / "app.sqlite").read_bytes() + (tmp_path / "app.sqlite-wal").read_bytes()
    assert audit.entries(database, audit.Wanted(person="C-1"))[0][0].before == {"name": "Ada Lovelace"}
    with database.write() as session:
        assert audit.forget(session, ["c-1", "unknown"]) == 1
    assert audit.verify(database).sound
    assert audit.entries(database, audit.Wanted(person="c-1"))[1] == 0
    newest, erased = audit.entries(database, audit.Wanted(action="person"))[0]
    assert (newest.before, newest.erased) == ({"name": "Grace Hopper"}, False)
    assert (erased.before, erased.erased) == (None, True)


def test_a_sealed_value_cannot_be_moved_to_another_entry(database: Database) -> None:
    for name in ("first", "second"):
        with database.write() as session:
            audit.record(session, who="anna", action="person.shown", subject="person:x", person="c-1", before=name)
    run(
        database,
        'UPDATE audit_entries SET "before" = (SELECT "before" FROM audit_entries WHERE number = 1) WHERE number = 2',
    )
    assert [entry.before for entry in audit.entries(database, audit.Wanted())[0]] == [None, "first"]
    assert kinds(database) == ["changed"]


def test_entries_are_found_by_filters_a_page_at_a_time(database: Database) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    with database.write() as session:
        for index in range(30):
            audit.record(
                session,
                who="anna" if index % 3 else "bert",
                action="user.created" if index % 2 else "users.listed",
                subject=f"user:{index}_100%",
                address=f"10.0.0.{index % 2}",
                at=start + timedelta(hours=index),
            )

    def count(**wanted: object) -> int:
        return audit.entries(database, audit.Wanted(**wanted))[1]  # type: ignore[arg-type]

    assert count() == 30
    assert (count(who="bert"), count(who=" Bert"), count(who="carl")) == (10, 10, 0)
    assert (count(action="user"), count(action="user.created"), count(action="users")) == (15, 15, 15)
    assert (count(text="_100%"), count(text="user:2"), count(text="%7")) == (30, 11, 0)
    assert count(address="10.0.0.1") == 15
    assert count(start=start + timedelta(hours=10), end=start + timedelta(hours=12)) == 2
    assert [entry.number for entry in audit.entries(database, audit.Wanted(), offset=28)[0]] == [2, 1]
    assert audit.actions(database) == ["user.created", "users.listed"]


def test_all_entries_are_read_in_batches_without_a_gap(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tillsight.audit.reading._BATCH", 4)
    write(database, 8)
    assert [entry.number for entry in audit.every_entry(database, audit.Wanted())] == [8, 7, 6, 5, 4, 3, 2, 1]
    assert audit.verify(database).entries == 8


def test_a_restored_log_says_where_it_ended_before(database: Database, tmp_path: Path) -> None:
    write(database, 3)
    with database.read() as session:
        number, last, seal = session.execute(text("SELECT number, hash, seal FROM audit_head")).one()
    write(database, 2)
    run(database, "DELETE FROM audit_entries WHERE number > 3")
    run(database, f"UPDATE audit_head SET number = {number}, hash = '{last}', seal = '{seal}'")
    audit.reanchor(database, "system", "restored from a backup")
    assert audit.verify(database).sound
    entry = audit.entries(database, audit.Wanted())[0][0]
    assert (entry.number, entry.before["number"], entry.after["number"]) == (4, 5, 3)


@pytest.mark.feature("PLT-05")
def test_settings_that_were_changed_in_their_file_are_told_once(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    tables = {"orders": [order("O-1", "2025-01-05 10:00:00")], "order_items": [line("O-1", "1", "P", 1, "5.00")]}
    make_shop(folder, tables).close()
    write_settings(folder, week_start="sunday")
    for _ in range(2):
        with Shop.open(folder) as shop:
            shop.build()
    with Shop.open(folder) as shop:
        newest, first = audit.entries(shop.database, audit.Wanted(action="settings.changed"))[0]
    assert (newest.before, newest.after["week_start"], first.before) == ({"week_start": "monday"}, "sunday", None)
    assert first.after["week_start"] == "monday"
