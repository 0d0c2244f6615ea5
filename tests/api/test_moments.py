"""Asking what was known at an earlier moment over HTTP: no request builds a release, a job does, and not for everybody."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from tests.api.conftest import ADDRESS, PASSWORD, ROLES, signed_in
from tests.support.shops import land, line, make_shop, order

from tillsight.accounts import SYSTEM, add_user, create_key, get_user, passwords
from tillsight.api.app import create_app
from tillsight.jobs import Jobs
from tillsight.jobs.kinds import Task, build
from tillsight.shop import DOMAINS, Shop

ASKED = {"metrics": ["orders"], "from": "2025-01-01", "to": "2025-12-31", "as_of": "2026-01-02T00:00:00Z"}
QUERY = "/api/v1/metrics/query"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """A shop in which two orders were known on 2 January, and three later."""
    monkeypatch.setattr(passwords, "_HASHER", PasswordHash((Argon2Hasher(1, 1024, 1),)))

    def orders(first: int, last: int) -> dict[str, list[dict[str, object]]]:
        numbers = range(first, last + 1)
        return {
            "orders": [order(f"O-{n}", f"2025-01-0{n} 10:00:00") for n in numbers],
            "order_items": [line(f"O-{n}", "1", "P", 1, "5.00") for n in numbers],
        }

    with make_shop(tmp_path / "shop", orders(1, 2), build=False) as shop:
        land(shop, orders(3, 3), known_at=datetime(2026, 1, 5, tzinfo=UTC), file="later.csv")
        shop.build()
        for role in ROLES:
            add_user(shop.database, role, PASSWORD, role)
        yield shop


def jobs(shop: Shop) -> list[str]:
    return [job.id for job in Jobs(shop.database).list(0, 100)[0]]


@pytest.mark.feature("PLT-04")
def test_an_earlier_moment_is_built_by_a_job_for_those_who_may_build(shop: Shop) -> None:
    app = create_app(shop)
    users = {role: signed_in(app, role) for role in ROLES}
    _, key = create_key(
        shop.database, get_user(shop.database, "manager").id, "till", ["read"], list(DOMAINS), 1, SYSTEM
    )
    program = TestClient(app, ADDRESS, headers={"Authorization": f"Bearer {key}"})
    for client in (users["analyst"], program):
        refused = client.post(QUERY, json=ASKED)
        assert refused.status_code == 403, refused.text
        assert "an administrator or a manager" in refused.json()["error"]["message"]
    assert users["limited"].post(QUERY, json=ASKED).status_code == 403
    assert jobs(shop) == []
    assert len(shop.releases.published()) == 1

    answers = [users[role].post(QUERY, json=ASKED) for role in ("manager", "admin")]
    answers.append(users["admin"].post("/api/v1/analyses/sales.insights", json={"as_of": ASKED["as_of"]}))
    for answer in answers:
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "BEING_BUILT"), answer.text
        assert answer.headers["Retry-After"]
    [job_id] = jobs(shop)
    assert {answer.json()["error"]["details"]["job"] for answer in answers} == {job_id}, (
        "one job, however often it is asked"
    )
    job = users["manager"].get(f"/api/v1/jobs/{job_id}").json()["data"]
    assert (job["title"], job["created_by"]) == ("Build what was known on 2026-01-02", "manager")
    assert len(shop.releases.published()) == 1, "no request built anything"

    found = Jobs(shop.database).get(job_id)
    assert build(Task(shop.path, job_id, found.params)) == {"release": 2}
    for role in ("manager", "analyst"):
        answer = users[role].post(QUERY, json=ASKED)
        assert answer.json()["data"]["rows"] == [{"orders": 2}], answer.text
    assert users["analyst"].post(QUERY, json={**ASKED, "as_of": None}).json()["data"]["rows"] == [{"orders": 3}]
