"""Data over HTTP: loads, rejects, releases, tables; and jobs that load and build in the background."""

from __future__ import annotations

import io
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from fastapi.testclient import TestClient
from tests.api.conftest import PASSWORD, rows, signed_in
from tests.support.shops import KNOWN, make_shop

from tillsight.accounts import add_user
from tillsight.api.app import create_app
from tillsight.database import Job
from tillsight.jobs import Worker, uploads_of
from tillsight.jobs.states import claim
from tillsight.shop import Shop
from tillsight.tables.registry import TABLES


@pytest.fixture
def own_shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """A shop that a test may change: rows are landed, nothing is built."""
    with make_shop(tmp_path / "shop", rows(), build=False) as shop:
        add_user(shop.database, "manager", PASSWORD, "manager")
        yield shop


@pytest.fixture
def own(own_shop: Shop) -> TestClient:
    """Signed in to it; nobody works on its jobs."""
    return signed_in(create_app(own_shop), "manager")


def upload(client: TestClient, *files: tuple[str, bytes], **form: Any) -> Any:
    return client.post("/api/v1/loads", files=[("files", file) for file in files], data=form)


def ended(client: TestClient, job_id: str, seconds: float = 60) -> dict[str, Any]:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        job = client.get(f"/api/v1/jobs/{job_id}").json()["data"]
        if job["state"] in ("done", "failed", "cancelled"):
            return job
        time.sleep(0.1)
    raise AssertionError(f"the job did not end: {job}")


def test_loads_are_listed_with_their_files(client: TestClient, shop: Shop) -> None:
    page = client.get("/api/v1/loads").json()
    (load,) = page["data"]
    assert page["meta"]["total"] == 1
    assert load["state"] == "committed"
    assert load["known_at"] == KNOWN.isoformat().replace("+00:00", "Z")
    assert [file["name"] for file in load["files"]] == ["rows.csv"]
    detail = client.get(f"/api/v1/loads/{load['id']}").json()["data"]
    assert {name: detail[name] for name in load} == load
    assert detail["tables"]["orders"]["rows"] == 100
    assert client.get("/api/v1/loads?page=2").json()["data"] == []


def test_rejects_come_in_pages_and_as_a_file(client: TestClient, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("file", "line", "table", "column", "value", "reason", "row")
    table = pa.Table.from_pylist(
        [
            dict(zip(names, ("a.csv", line, "orders", "placed_at", "=1", "not a moment", "{}"), strict=True))
            for line in range(7)
        ]
    )
    monkeypatch.setattr(shop, "rejects", lambda _load, _scope: table)
    page = client.get("/api/v1/loads/any/rejects?page=2&per_page=5").json()
    assert [row["line"] for row in page["data"]] == [5, 6]
    assert (page["meta"]["page"], page["meta"]["per_page"], page["meta"]["total"]) == (2, 5, 7)
    response = client.get("/api/v1/loads/any/rejects?format=csv")
    lines = response.text.splitlines()
    assert lines[0] == ",".join(names)
    assert len(lines) == 8
    assert '"\'=1"' in lines[1], "a rejected value is no formula either"
    assert response.headers["Content-Disposition"] == 'attachment; filename="tillsight-rejects-any.csv"'


def test_releases_have_tables_and_checks(client: TestClient, shop: Shop) -> None:
    (item,) = client.get("/api/v1/releases").json()["data"]
    assert item["current"] is True
    assert item["kind"] == "current"
    assert item["bytes"] > 0
    detail = client.get(f"/api/v1/releases/{item['number']}").json()["data"]
    assert {name: detail[name] for name in item} == item
    tables = {table["name"]: table for table in detail["tables"]}
    assert tables["orders"]["rows"] == 100
    assert tables["orders"]["title"] == "Orders"
    assert {tables["orders"]["kind"], tables["sales"]["kind"]} == {"canonical", "derived"}
    assert len(detail["check_results"]) == item["checks"]["total"]
    assert detail["loads"] == [load["id"] for load in client.get("/api/v1/loads").json()["data"]]


def test_every_canonical_table_is_described(client: TestClient, empty_client: TestClient) -> None:
    tables = {table["name"]: table for table in client.get("/api/v1/tables").json()["data"]}
    assert list(tables) == list(TABLES)
    orders = tables["orders"]
    assert orders["rows"] == 100
    assert orders["time"] == "placed_at"
    assert orders["time_from"].startswith("2025-01-01T00:15")
    assert orders["time_to"].startswith("2025-10-25T")
    assert orders["columns"][0]["name"] == "shop_id"
    assert tables["returns"]["rows"] == 0
    empty = empty_client.get("/api/v1/tables").json()["data"]
    assert [table["rows"] for table in empty] == [0] * len(TABLES)


def test_uploaded_files_wait_for_their_job_where_only_the_owner_reads_them(own: TestClient, own_shop: Shop) -> None:
    files = [("../../etc/orders.csv", b"a,b\n1,2\n"), ("C:\\shop\\line items.csv", b"c\n")]
    response = upload(own, *files, preset="olist", replaces=["old.csv"], as_of="2026-01-02", build="false")
    assert response.status_code == 202
    job = response.json()["data"]
    assert job["state"] == "queued"
    assert job["title"] == "Load orders.csv and 1 more"
    assert job["created_by"] == "manager"
    folder = uploads_of(own_shop.path, job["id"])
    saved = sorted(file for file in folder.rglob("*") if file.is_file())
    assert [str(file.relative_to(folder)) for file in saved] == ["files/line items.csv", "files/orders.csv"]
    assert saved[1].read_bytes() == b"a,b\n1,2\n"
    assert {stat.S_IMODE(file.stat().st_mode) for file in saved} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    with own_shop.database.read() as session:
        kept = session.get_one(Job, job["id"]).params
    assert kept == {
        "files": ["orders.csv", "line items.csv"],
        "mapping": None,
        "preset": "olist",
        "source": "files",
        "as_of": "2026-01-02",
        "replaces": [{"file": "old.csv"}],
        "build": False,
    }


@pytest.mark.parametrize(
    ("files", "form", "field"),
    [
        ([("a.csv", b"x"), ("b/a.csv", b"y")], {}, "files"),
        ([("..", b"x")], {}, "files"),
        ([(".hidden", b"x")], {}, "files"),
        ([("a.csv", b"x")], {"as_of": "yesterday"}, "as_of"),
        ([("a.csv", b"x")], {"source": "../x"}, "source"),
        ([], {}, "files"),
    ],
)
def test_a_wrong_upload_leaves_nothing(
    own: TestClient, own_shop: Shop, files: list[tuple[str, bytes]], form: dict[str, str], field: str
) -> None:
    response = upload(own, *files, **form)
    assert response.status_code == 422, response.text
    assert response.json()["error"]["details"]["field"] == field
    assert not list((own_shop.path / "uploads").glob("*"))
    assert own.get("/api/v1/jobs").json()["data"] == []


def test_jobs_are_listed_and_cancelled(own: TestClient, own_shop: Shop) -> None:
    first = own.post("/api/v1/builds").json()["data"]
    second = own.post("/api/v1/builds").json()["data"]
    assert first["title"] == "Build"
    page = own.get("/api/v1/jobs?per_page=1").json()
    assert [job["id"] for job in page["data"]] == [second["id"]]
    assert page["meta"]["total"] == 2
    assert own.post(f"/api/v1/jobs/{first['id']}/cancel").json()["data"]["state"] == "cancelled"
    again = own.post(f"/api/v1/jobs/{first['id']}/cancel")
    assert again.status_code == 409
    assert again.json()["error"]["code"] == "CONFLICT"
    assert [job["id"] for job in own.get("/api/v1/jobs?state=queued").json()["data"]] == [second["id"]]


@pytest.mark.slow
def test_a_build_runs_in_the_background_and_changes_the_answer(own_shop: Shop) -> None:
    worker = Worker(own_shop.database, own_shop.path)
    with TestClient(create_app(own_shop, worker), "http://127.0.0.1") as visitor:
        login = visitor.post("/api/v1/auth/login", json={"user": "manager", "password": PASSWORD})
        visitor.headers["Authorization"] = f"Bearer {login.json()['data']['access_token']}"
        assert visitor.get("/readyz").json()["error"]["code"] == "NOT_READY"
        job = ended(visitor, visitor.post("/api/v1/builds").json()["data"]["id"])
        assert job["state"] == "done", job
        assert job["progress"] == 1
        assert job["log"]
        assert visitor.get("/readyz").json()["data"] == {"state": "ready", "release": job["result"]["release"]}
        assert visitor.get("/api/v1/metrics/query?metrics=orders").json()["data"]["rows"] == [{"orders": 100}]


def test_files_are_uploaded_landed_and_built_in_the_background(own_shop: Shop) -> None:
    orders = (
        b"order_id,placed_at,order_status,currency\nU-1,2025-12-01 10:00:00,completed,EUR\nU-2,no day,completed,EUR\n"
    )
    lines = b"order_id,line_id,product_id,quantity,unit_price\nU-1,1,P-1,2,1000.00\n"
    worker = Worker(own_shop.database, own_shop.path)
    with TestClient(create_app(own_shop, worker), "http://127.0.0.1") as visitor:
        login = visitor.post("/api/v1/auth/login", json={"user": "manager", "password": PASSWORD})
        visitor.headers["Authorization"] = f"Bearer {login.json()['data']['access_token']}"
        started = upload(visitor, ("orders.csv", orders), ("order_items.csv", lines), source="till")
        job = ended(visitor, started.json()["data"]["id"])
        assert job["state"] == "done", job
        assert (job["result"]["rows_read"], job["result"]["rows_rejected"]) == (3, 1)
        load = visitor.get(f"/api/v1/loads/{job['result']['load']}").json()["data"]
        assert {file["name"] for file in load["files"]} == {"orders.csv", "order_items.csv"}
        assert (load["source"], load["created_by"]) == ("till", "manager")
        (reject,) = visitor.get(f"/api/v1/loads/{load['id']}/rejects").json()["data"]
        assert (reject["file"], reject["line"], reject["column"]) == ("orders.csv", 3, "placed_at")
        december = visitor.get("/api/v1/metrics/query?metrics=revenue&from=2025-12-01&to=2025-12-01").json()["data"]
        assert december["rows"] == [{"revenue": 2000.0}]
        assert december["release"] == job["result"]["release"]
        end = time.monotonic() + 10
        while uploads_of(own_shop.path, job["id"]).exists():
            assert time.monotonic() < end, "uploaded files are removed with their job"
            time.sleep(0.05)


def test_a_failed_job_says_why_in_one_sentence(own: TestClient, own_shop: Shop) -> None:
    from tillsight.jobs.states import finish

    job = own.post("/api/v1/builds").json()["data"]
    assert claim(own_shop.database, job["id"], "a worker", KNOWN - KNOWN)
    error = {"code": "BUILD_FAILED", "message": "There is nothing to build.", "details": {"loads": 0}}
    finish(own_shop.database, job["id"], "a worker", "failed", error=error)
    told = own.get(f"/api/v1/jobs/{job['id']}").json()["data"]
    assert (told["state"], told["error"], told["error_code"]) == (
        "failed",
        "There is nothing to build.",
        "BUILD_FAILED",
    )
    assert told["error_details"] == {"loads": 0}
    assert told["log"][-1]["text"] == "There is nothing to build."


def test_an_upload_larger_than_the_setting_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TILLSIGHT_LIMITS__UPLOAD_MB", "1")
    with make_shop(tmp_path / "shop", {}, build=False) as shop:
        add_user(shop.database, "manager", PASSWORD, "manager")
        client = signed_in(create_app(shop), "manager")
        response = client.post("/api/v1/loads", files={"files": ("a.csv", io.BytesIO(b"x" * 1_100_000))})
        assert response.status_code == 413
        assert response.json()["error"]["code"] == "TOO_LARGE"
