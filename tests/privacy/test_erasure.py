"""Erasing a person: nothing of them is left, nothing else changes, and they do not come back."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from tests.privacy.conftest import FILES, TRACES, MakeShop, write_files
from tests.support.random_shop import random_shop
from tests.support.shops import make_shop

from tillsight import audit, privacy
from tillsight.api.server import take_up_erasures
from tillsight.cli.main import run
from tillsight.database.returns_desk import DeskPhoto, DeskReturn
from tillsight.jobs import Jobs
from tillsight.jobs.kinds import Task
from tillsight.jobs.kinds import erase as erase_job
from tillsight.privacy import KIND_TITLES, Identifier, Kind
from tillsight.privacy.tags import compared, define_tag, surrogate_of, surrogate_sql, tag_of
from tillsight.shop import Shop
from tillsight.warehouse.duck import connect, is_sealed, read_files

ADA = Identifier("customer", "CUST-ADA-1")
METRICS = ["revenue", "orders", "units_sold", "customers"]
CUTS = ["channel", "country", "product_id", "category", "weekday", "hour", "customer_type"]


def traces(workspace: Path) -> list[str]:
    """Where in a workspace something still tells of Ada: every file byte by byte, Parquet decoded."""
    found: list[str] = []
    connection = duckdb.connect()
    for file in sorted(path for path in workspace.rglob("*") if path.is_file()):
        content = file.read_bytes().lower()
        if file.suffix == ".parquet":
            rows = connection.execute("SELECT * FROM read_parquet($1)", [str(file)]).fetchall()
            content += "\n".join(str(row) for row in rows).lower().encode()
        found += [f"{file.relative_to(workspace)}: {trace}" for trace in TRACES if trace.encode() in content]
    connection.close()
    return found


def answers(shop: Shop) -> dict[str, Any]:
    """Totals, and totals by everything that is not of the person."""
    asked: dict[str, Any] = {"all": shop.query(METRICS).to_arrow().to_pylist()}
    for cut in CUTS:
        table = shop.query(["revenue", "orders", "units_sold"], by=cut, sort=cut).to_arrow()
        asked[cut] = sorted(map(str, table.to_pylist()))
    asked["day"] = shop.query(METRICS, grain="day").to_arrow().to_pylist()
    return asked


def erase(shop: Shop, identifier: Identifier = ADA, mode: Any = "erase") -> None:
    shop.desk.erase(identifier, mode, identifier.value, "anna")
    shop.build()


@pytest.mark.feature("PLT-06")
def test_nothing_of_an_erased_person_is_left_and_nothing_else_changes(shop: Shop) -> None:
    shop.build()
    assert len({trace.partition(": ")[2] for trace in traces(shop.path)}) > 12, "the test must see what is to go"
    before, rows = answers(shop), shop.status().rows
    shop.desk.find("ada.lovelace@example.org", "anna")
    erase(shop)
    assert traces(shop.path) == []
    assert answers(shop) == before
    assert shop.status().rows == rows
    assert [erasure.state for erasure in shop.desk.erasures()] == ["done"]
    assert audit.verify(shop.database).sound
    assert shop.desk.find("CUST-ADA-1", "anna") == []


def test_the_rows_of_others_are_what_they_were(shop: Shop) -> None:
    load = shop.loads()[0]

    def rows(table: str) -> list[Any]:
        file = shop.path / "landing" / "loads" / load.id / "tables" / f"{table}.parquet"
        return duckdb.sql(f"SELECT * FROM read_parquet('{file}') ORDER BY ALL").fetchall()

    before = {table: rows(table) for table in load.manifest["tables"]}
    erase(shop)
    for table, old in before.items():
        new = rows(table)
        others = [row for row in old if not any(trace in str(row).lower() for trace in TRACES)]
        assert len(new) == len(old)
        assert set(map(str, others)) <= set(map(str, new)), table


@pytest.mark.feature("PLT-06")
@pytest.mark.parametrize("seed", [1, 2])
def test_totals_of_a_shop_drawn_at_random_stay_to_the_last_digit(tmp_path: Path, seed: int) -> None:
    """Guests, unknown customers, three currencies, refunds of orders that nobody knows: erasing changes no figure."""
    tables = random_shop(Random(seed), orders=40)
    with make_shop(tmp_path / "shop", tables) as shop:
        before = answers(shop)
        for customer in ("c1", "c3"):
            shop.desk.erase(Identifier("customer", customer), "erase", customer, "anna")
        shop.build()
        assert answers(shop) == before
        everywhere = " ".join(
            str(duckdb.sql(f"SELECT * FROM read_parquet('{file}')").fetchall()).lower()
            for file in shop.path.rglob("*.parquet")
        )
        assert "two@shop.example" in everywhere
        assert "one@shop.example" not in everywhere


@pytest.mark.feature("PLT-06")
def test_an_erased_person_stays_erased_when_the_file_is_loaded_again(shop: Shop, tmp_path: Path) -> None:
    before = answers(shop)
    erase(shop)
    report = shop.load(tmp_path / "files")
    assert any("persons who were erased" in note for note in report.notes)
    assert traces(shop.path / "landing") == []
    shop.build()
    assert traces(shop.path) == []
    assert answers(shop) == before


def test_a_new_order_of_an_erased_person_is_without_them_in_every_load(shop: Shop, tmp_path: Path) -> None:
    erase(shop)
    before = shop.query(METRICS).to_arrow().to_pylist()[0]
    # the lines of the order come first: nothing in them tells of anybody yet
    write_files(
        tmp_path / "lines", {"order_items.csv": "order_id,product_id,quantity,unit_price\nSO-7001-B,P-1,1,3.00\n"}
    )
    shop.load(tmp_path / "lines")
    write_files(
        tmp_path / "orders",
        {"orders.csv": "order_id,email,placed_at,currency\nSO-7001-B,Ada.Lovelace@example.org,2025-03-09 11:00,EUR\n"},
    )
    shop.load(tmp_path / "orders")
    shop.build()
    assert traces(shop.path) == []
    after = shop.query(METRICS).to_arrow().to_pylist()[0]
    assert float(after["revenue"]) == float(before["revenue"]) + 3
    assert (after["orders"], after["customers"]) == (before["orders"] + 1, before["customers"])


@pytest.mark.feature("PLT-06", "PLT-08")
def test_an_erased_person_stays_erased_after_a_restore(shop: Shop, make: MakeShop, tmp_path: Path) -> None:
    before = answers(shop)
    shop.desk.find("ada.lovelace@example.org", "anna")
    shop.close()
    shutil.copytree(shop.path, tmp_path / "backup")
    again = make("shop")
    erase(again)
    assert traces(again.path) == []
    again.close()
    # restore everything but the file of tombstones
    kept = (again.path / privacy.TOMBSTONES_FILE).read_bytes()
    shutil.rmtree(again.path)
    shutil.copytree(tmp_path / "backup", again.path)
    (again.path / privacy.TOMBSTONES_FILE).write_bytes(kept)
    restored = make("shop")
    assert traces(restored.path) != []
    assert privacy.replay(restored) > 0
    assert traces(restored.path) == []
    assert answers(restored) == before
    assert audit.verify(restored.database).sound
    assert privacy.replay(restored) == 0


@pytest.mark.feature("PLT-06")
@pytest.mark.parametrize("killed_in", ["cut", "rename", "build", "drop", "vacuum"])
def test_an_erasure_that_was_killed_is_finished_by_the_next_build(
    shop: Shop, make: MakeShop, monkeypatch: pytest.MonkeyPatch, killed_in: str
) -> None:
    before = answers(shop)
    shop.desk.erase(ADA, "erase", ADA.value, "anna")
    target = {
        "cut": "tillsight.privacy.cutting._cut_raw",
        "rename": "pathlib.Path.replace",
        "build": "tillsight.pipeline.build.Build._publish",
        "drop": "tillsight.shop.drop_older",
        "vacuum": "tillsight.privacy.erasures.clear_free_pages",
    }[killed_in]
    with monkeypatch.context() as patch:
        patch.setattr(target, lambda *_arguments, **_named: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            shop.build()
    shop.close()
    again = make("shop")
    assert len(again.desk.unfinished()) == 1
    again.build()
    assert again.desk.unfinished() == []
    assert traces(again.path) == []
    assert answers(again) == before


@pytest.mark.feature("PLT-06")
def test_anonymising_takes_away_who_it_was_and_keeps_the_numbers(shop: Shop, tmp_path: Path) -> None:
    before = answers(shop)
    erase(shop, mode="anonymise")
    shop.load(tmp_path / "files")
    shop.build()
    left = {trace.partition(": ")[2] for trace in traces(shop.path)}
    assert left <= {
        "cust-ada-1",
        "so-7001",
        "so-7003",
        "so-7006",
        "mem-ada-9",
        "ret-555",
        "vis-aaa",
        "ses-aaa",
        "ses-aab",
    }
    assert {"cust-ada-1", "so-7001", "mem-ada-9"} <= left
    assert answers(shop) == before
    [person] = shop.desk.find("CUST-ADA-1", "anna")
    assert person.names == ()
    erase(shop)
    assert traces(shop.path) == []
    assert answers(shop) == before


def test_what_somebody_shares_with_others_stays_theirs(shop: Shop) -> None:
    [bob] = shop.desk.find("CUST-BOB-2", "anna")
    assert {(one.kind, one.value) for one in bob.shared} == {("phone", "442079460111"), ("visitor", "VIS-SHARED")}
    erase(shop, Identifier("customer", "CUST-BOB-2"))
    [eve] = shop.desk.find("CUST-EVE-3", "anna")
    assert eve.names == ("Eve Else",)
    assert eve.tables == {"orders": 1, "order_items": 1, "customers": 1, "web_sessions": 1}
    assert [person.names for person in shop.desk.find("+44 20 7946 0111", "anna")] == [("Eve Else",)]
    assert len(shop.desk.find("ada.lovelace@example.org", "anna")) == 1


def test_the_file_of_tombstones_holds_no_personal_value(shop: Shop) -> None:
    erase(shop)
    kept = json.loads((shop.path / privacy.TOMBSTONES_FILE).read_text())
    kinds = {kind for kind, *_ in kept["tombstones"]}
    assert {"customer", "email", "phone", "member", "order", "return", "visitor", "session"} <= kinds
    assert all(len(tag) == 64 for _, tag, *_ in kept["tombstones"])


def test_tombstones_of_another_workspace_are_refused(shop: Shop, make: MakeShop, tmp_path: Path) -> None:
    other = make("other")
    other.load(write_files(tmp_path / "few", {"customers.csv": FILES["customers.csv"]}))
    other.desk.erase(Identifier("customer", "CUST-BOB-2"), "erase", "CUST-BOB-2", "anna")
    erase(shop)
    shutil.copy(other.path / privacy.TOMBSTONES_FILE, shop.path)
    with pytest.raises(Exception, match=r"cannot be decrypted|another workspace|needs the key"):
        privacy.replay(shop)


def test_records_of_the_operational_database_follow(shop: Shop) -> None:
    at = datetime(2025, 1, 20, tzinfo=UTC)
    rows = {"CUST-ADA-1": ("RET-555", "SO-7001"), "CUST-BOB-2": ("RET-556", "SO-7002")}
    with shop.database.write() as session:
        for customer, (number, order_id) in rows.items():
            session.add(
                DeskReturn(
                    shop_id="main",
                    return_id=number,
                    order_id=order_id,
                    customer_id=customer,
                    origin="desk",
                    step="initiated",
                    outcome="refund",
                    currency="EUR",
                    initiated_at=at,
                    step_at=at,
                    notes=f"{customer} rang: Ada Lovelace",
                    source_row={"customer_id": customer, "email": "ada.lovelace@example.org"},
                    created_by="anna",
                    updated_by="anna",
                )
            )
        session.flush()
        for kept in session.scalars(select(DeskReturn)):
            session.add(
                DeskPhoto(
                    return_ref=kept.id,
                    media_type="image/png",
                    width=1,
                    height=1,
                    size=3,
                    content=b"png",
                    taken_by="anna",
                )
            )
    erase(shop)
    with shop.database.read() as session:
        first, second = session.scalars(select(DeskReturn).order_by(DeskReturn.id))
        assert first.notes is None
        assert first.source_row == {}
        assert (second.customer_id, second.return_id) == ("CUST-BOB-2", "RET-556")
        assert second.notes == "CUST-BOB-2 rang: Ada Lovelace"
        assert [photo.return_ref for photo in session.scalars(select(DeskPhoto))] == [second.id], (
            "photos go with the person"
        )
    load = shop.loads()[0].id
    landed = duckdb.sql(
        f"SELECT return_id, order_id, customer_id FROM read_parquet('{shop.path}/landing/loads/{load}/tables/returns.parquet')"
    ).fetchall()
    assert (first.return_id, first.order_id, first.customer_id) in landed
    assert all(
        value.startswith("erased-") for value in (first.return_id, first.order_id or "", first.customer_id or "")
    )


@given(st.sampled_from(list(KIND_TITLES)), st.text(min_size=1, max_size=30).map(str.strip).filter(bool))
def test_tags_and_surrogates_are_the_same_in_sql_and_in_python(kind: Kind, value: str) -> None:
    key = b"k" * 32
    connection = duckdb.connect()
    define_tag(connection, key)
    one = compared(kind, value, "main")
    said = connection.execute(f"SELECT tag_of($1, $2), {surrogate_sql(kind, '$2')}", [kind, one]).fetchone()
    connection.close()
    assert said == (tag_of(key, kind, one), surrogate_of(key, kind, one))


@pytest.mark.feature("PLT-06", "PLT-07")
def test_erasing_in_an_encrypted_workspace(tmp_path: Path) -> None:
    pytest.importorskip("duckdb_extension_httpfs", reason="encryption needs tillsight[encryption]")
    folder = tmp_path / "shop"
    assert run(["init", str(folder), "--currency", "EUR", "--timezone", "UTC", "--encrypt"]) == 0
    with Shop.open(folder) as shop:
        shop.load(write_files(tmp_path / "files"))
        shop.build()
        before = answers(shop)
        erase(shop)
        shop.load(tmp_path / "files")
        shop.build()
        assert answers(shop) == before
        files = list(folder.rglob("*.parquet"))
        assert all(is_sealed(file) for file in files)
        with connect(folder, "1GB", 1) as connection:
            content = " ".join(
                str(connection.execute(f"FROM {read_files([file])}").fetchall()) for file in files
            ).lower()
        assert "bob@example.org" in content
        assert not [trace for trace in TRACES if trace in content]


def test_a_server_takes_up_erasures_whose_job_is_gone(shop: Shop) -> None:
    assert take_up_erasures(shop) is None
    begun = shop.desk.erase(ADA, "erase", ADA.value, "anna")
    job = take_up_erasures(shop)
    assert job is not None
    assert Jobs(shop.database).get(job).params == {"erasure": begun.id}
    assert take_up_erasures(shop) is None, "one is waiting already"
    task = Task(shop.path, job, {"erasure": begun.id})
    assert erase_job(task)["found"]["orders"] == 3
    assert shop.desk.unfinished() == []
    assert traces(shop.path) == []
