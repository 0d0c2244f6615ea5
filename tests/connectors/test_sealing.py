"""A load into an encrypted workspace: whatever the format, nothing of it lies plain on the disk while it works."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter
from fastapi.testclient import TestClient
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from tests.api.conftest import PASSWORD, signed_in
from tests.support.shops import write_settings

from tillsight.accounts import add_user, passwords
from tillsight.api.app import create_app
from tillsight.connectors.files import sealing
from tillsight.core.errors import LoadError
from tillsight.jobs import Jobs
from tillsight.jobs.kinds import Task, load
from tillsight.shop import Shop
from tillsight.vault import is_sealed_stream, make_data_key
from tillsight.warehouse.duck import connect, read_files

pytestmark = pytest.mark.feature("PLT-07")

PLANTED = ("Planted Street 17", "planted.person@example.com", "PLANTED-REJECT")
HEADERS = ("order_id", "placed_at", "email", "city", "sku", "quantity", "unit_price")
ROWS = [
    ("A1", "2025-01-05 10:00:00", PLANTED[1], PLANTED[0], "S1", "2", "10.00"),
    ("A2", "2025-01-06 10:00:00", PLANTED[1], PLANTED[0], "S1", "1", "5.00"),
    ("A3", PLANTED[2], PLANTED[1], PLANTED[0], "S1", "1", "5.00"),
]


def as_csv() -> bytes:
    return "\n".join(",".join(row) for row in (HEADERS, *ROWS)).encode()


def as_parquet() -> bytes:
    target = io.BytesIO()
    pq.write_table(
        pa.table(dict(zip(HEADERS, map(list, zip(*ROWS, strict=True)), strict=True))), target, compression="none"
    )
    return target.getvalue()


def as_canonical() -> bytes:
    """Orders as they are kept: a file that goes in as it is."""
    rows = {
        "order_id": ["A1", "A2"],
        "placed_at": [datetime(2025, 1, 5), datetime(2025, 1, 6)],
        "email": [PLANTED[1]] * 2,
    }
    target = io.BytesIO()
    pq.write_table(pa.table(rows), target, compression="none")
    return target.getvalue()


def as_workbook() -> bytes:
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        sheet = book.add_worksheet("orders")
        for index, row in enumerate((HEADERS, *ROWS)):
            sheet.write_row(index, 0, row)
    return target.getvalue()


def as_zip(name: str, content: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:  # stored: what is packed would hide what is planted
        archive.writestr(name, content)
    return target.getvalue()


FILES = {
    "sales.csv": as_csv,
    "sales.csv.gz": lambda: gzip.compress(as_csv(), 0),
    "sales.json": lambda: json.dumps([dict(zip(HEADERS, row, strict=True)) for row in ROWS]).encode(),
    "sales.xlsx": as_workbook,
    "sales.parquet": as_parquet,
    "orders.parquet": as_canonical,
    "sales.zip": lambda: as_zip("sales.parquet", as_parquet()),
    "text.zip": lambda: as_zip("sales.csv", as_csv()),
}


def made(folder: Path, *, encrypted: bool) -> Shop:
    folder.mkdir()
    write_settings(folder, **({"encrypt": True} if encrypted else {}), accounts={"sign_ins_per_minute": 0})
    if encrypted:
        make_data_key(folder)
    return Shop.open(folder)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    pytest.importorskip("duckdb_extension_httpfs", reason="encryption needs tillsight[encryption]")
    monkeypatch.setattr(passwords, "_HASHER", PasswordHash((Argon2Hasher(1, 1024, 1),)))
    with made(tmp_path / "shop", encrypted=True) as shop:
        add_user(shop.database, "manager", PASSWORD, "manager")
        yield shop


@pytest.fixture
def client(shop: Shop) -> TestClient:
    return signed_in(create_app(shop), "manager")


def tables(shop: Shop) -> dict[str, list[dict[str, Any]]]:
    """The canonical rows of the one load, and its rejects."""
    [landed] = shop.loads()
    folder = shop.path / "landing" / "loads" / landed.id
    connection = connect(shop.path, "1GB", 1)
    found = {
        file.stem: connection.execute(f"SELECT * FROM {read_files([file])} ORDER BY ALL").to_arrow_table().to_pylist()
        for file in [*(folder / "tables").glob("*.parquet"), *folder.glob("rejects.parquet")]
    }
    connection.close()
    return found


def plain(folder: Path) -> list[str]:
    """Files below a folder that hold a planted value, or are Parquet that anybody can read."""
    found = []
    for file in folder.rglob("*"):
        try:
            body = file.read_bytes() if file.is_file() else b""
        except FileNotFoundError:
            continue
        if body[:4] == b"PAR1" or any(value.encode() in body for value in PLANTED):
            found.append(file.name)
    return found


@pytest.mark.parametrize("name", FILES)
def test_nothing_of_an_upload_lies_plain_while_it_is_loaded(
    shop: Shop, client: TestClient, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = FILES[name]()
    job = client.post("/api/v1/loads", files={"files": (name, content)}, data={"build": "false"}).json()["data"]["id"]
    upload = shop.path / "uploads" / job / "files" / name
    assert is_sealed_stream(upload)
    seen: list[str] = []
    looked: list[str] = []

    class Watched(Task):
        def progress(self, stage: str, *rest: Any, **more: Any) -> None:
            looked.append(stage)
            seen.extend(plain(shop.path))
            super().progress(stage, *rest, **more)

    load(Watched(shop.path, job, Jobs(shop.database).get(job).params))
    assert seen == []
    assert {"read", "convert", "commit"} <= set(looked)
    assert plain(shop.path) == []

    (tmp_path / name).write_bytes(content)
    with made(tmp_path / "open", encrypted=False) as other:
        other.load(tmp_path / name)
        assert tables(shop) == tables(other)
        assert plain(other.path) != []
        [sealed], [known] = shop.loads(), other.loads()
        assert [file["sha256"] for file in sealed.manifest["files"]] == [
            file["sha256"] for file in known.manifest["files"]
        ]


def test_what_a_load_spills_is_encrypted(tmp_path: Path) -> None:
    pytest.importorskip("duckdb_extension_httpfs", reason="encryption needs tillsight[encryption]")
    from tillsight.connectors.files.engine import engine

    with sealing.sealed_with(b"k" * 32), engine(tmp_path) as connection:
        assert connection.execute("SELECT current_setting('temp_file_encryption')").fetchone() == (True,)


def test_an_upload_that_is_no_parquet_file_is_refused_in_one_sentence(shop: Shop, client: TestClient) -> None:
    broken = as_parquet()[:-40] + b"PAR1"
    job = client.post("/api/v1/loads", files={"files": ("sales.parquet", broken)}).json()["data"]["id"]
    with pytest.raises(LoadError, match="not a Parquet file that can be read"):
        load(Task(shop.path, job, Jobs(shop.database).get(job).params))
    assert list((shop.path / "landing" / ".staging").glob("*/*")) == []


def test_rows_that_cannot_be_written_are_an_error(tmp_path: Path) -> None:
    pytest.importorskip("duckdb_extension_httpfs", reason="encryption needs tillsight[encryption]")
    rows = pa.table({"a": ["x"] * 1000})

    def write() -> None:
        with sealing.parquet_writer(tmp_path / "no such folder" / "a.parquet", rows.schema) as writer:
            for _ in range(100):
                writer.write_table(rows)

    with sealing.sealed_with(b"k" * 32), pytest.raises(Exception, match="Cannot open file"):
        write()
