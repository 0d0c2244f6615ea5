"""Backups, drills and credentials over the API: for administrators alone; a credential never comes out again."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import select
from tests.api.conftest import PASSWORD, ROLES, rows, signed_in
from tests.support.shops import make_shop

from tillsight.accounts import add_user, passwords
from tillsight.database import AuditEntry, Job
from tillsight.jobs.kinds import KINDS, Task
from tillsight.shop import Shop
from tillsight.vault import Keys, Vault

PLANTED = "shpat_PLANTED_a1b2c3d4e5f6"


@pytest.fixture(scope="module")
def made_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop of its own, as backups and jobs stay in it."""
    cheap = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=1024, parallelism=1),))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_HASHER", cheap)
        shop = make_shop(tmp_path_factory.mktemp("safety") / "shop", rows())
        for role in ROLES:
            add_user(shop.database, role, PASSWORD, role)
    yield shop
    shop.close()


@pytest.fixture
def admin(app: FastAPI) -> TestClient:
    return signed_in(app, "admin")


def finish(shop: Shop, job: dict[str, Any]) -> dict[str, Any]:
    """Run a job here, as its child process would, and mark it as done."""
    result = KINDS[job["kind"]](Task(shop.path, job["id"], {"full": False}, "admin"))
    with shop.database.write() as session:
        session.get_one(Job, job["id"]).state = "done"
    return result


@pytest.mark.feature("PLT-08")
def test_backups_and_drills_are_started_and_shown(app: FastAPI, shop: Shop, admin: TestClient) -> None:
    before = admin.get("/api/v1/backups").json()["data"]
    assert (before["place"], before["same_disk"], before["every_hours"], before["days"]) == ("backups", True, 1.0, 30)
    started = admin.post("/api/v1/backups", json={"full": True})
    assert started.status_code == 202
    job = started.json()["data"]
    assert (job["kind"], job["created_by"], job["title"]) == ("backup", "admin", "Backup")
    running = admin.get("/api/v1/backups").json()["data"]
    assert running["running"]["id"] == job["id"]
    assert datetime.fromisoformat(running["next_at"]) - datetime.fromisoformat(job["created_at"]) == timedelta(hours=1)
    result = finish(shop, job)
    drill = admin.post("/api/v1/drills").json()["data"]
    finish(shop, drill)
    after = admin.get("/api/v1/backups").json()["data"]
    assert after["running"] is None
    assert after["backups"][0]["id"] == result["backup"]
    assert after["backups"][0]["state"] == "done"
    assert after["drill"]["passed"] is True
    assert after["drill"]["backup"] == result["backup"]
    assert {table["name"] for table in after["drill"]["tables"]} >= {"orders", "sales"}
    assert all(metric["same"] for metric in after["drill"]["metrics"])


@pytest.mark.parametrize("role", ["manager", "analyst", "limited"])
def test_they_are_for_administrators_alone(app: FastAPI, role: str) -> None:
    client = signed_in(app, role)  # type: ignore[arg-type]
    calls = (
        ("GET", "/api/v1/backups", None),
        ("POST", "/api/v1/backups", {}),
        ("POST", "/api/v1/drills", None),
        ("GET", "/api/v1/secrets", None),
        ("PUT", "/api/v1/secrets/shopify", {"value": PLANTED}),
        ("DELETE", "/api/v1/secrets/shopify", None),
    )
    for method, path, body in calls:
        assert client.request(method, path, json=body).status_code == 403, path


@pytest.mark.feature("PLT-07")
def test_a_credential_goes_in_and_never_comes_out(
    app: FastAPI, shop: Shop, admin: TestClient, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.DEBUG)
    said: list[str] = []

    def call(method: str, path: str, **body: Any) -> Any:
        answer = admin.request(method, path, **body)
        said.append(answer.text)
        return answer

    kept = call("PUT", "/api/v1/secrets/shopify", json={"value": PLANTED})
    assert kept.json()["data"]["last_four"] == "e5f6"
    assert kept.json()["data"]["changed_by"] == "admin"
    assert [one["name"] for one in call("GET", "/api/v1/secrets").json()["data"]] == ["shopify"]
    # wrong requests do not echo what was sent
    assert call("PUT", "/api/v1/secrets/Bad%20Name", json={"value": PLANTED}).status_code == 422
    assert call("PUT", "/api/v1/secrets/shopify", json={"value": [PLANTED]}).status_code == 422
    assert call("PUT", "/api/v1/secrets/shopify", json={"valeu": PLANTED}).status_code == 422
    assert call("PUT", "/api/v1/secrets/shopify", json={"value": PLANTED * 2000}).status_code == 422
    assert call("PUT", "/api/v1/secrets/shopify", content=f'{{"value": "{PLANTED}"').status_code == 422
    assert call("POST", "/api/v1/secrets/shopify", json={"value": PLANTED}).status_code == 405
    assert not any(PLANTED in text for text in said)
    assert PLANTED not in caplog.text
    for file in shop.path.rglob("*"):
        assert not file.is_file() or PLANTED.encode() not in file.read_bytes(), file
    assert Vault(shop.database, Keys.open(shop.path)).get("shopify") == PLANTED
    with shop.database.read() as session:
        entries = session.scalars(select(AuditEntry).where(AuditEntry.subject == "secret:shopify")).all()
        assert [entry.action for entry in entries] == ["secret.set"]
    assert call("DELETE", "/api/v1/secrets/shopify").status_code == 200
    assert call("DELETE", "/api/v1/secrets/shopify").status_code == 404
    assert call("GET", "/api/v1/secrets").json()["data"] == []
