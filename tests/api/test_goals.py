"""Goals over HTTP: who may see and set them, that nothing is written over, and that every change is told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import update
from tests.api.conftest import PASSWORD, signed_in
from tests.support.shops import line, make_shop, order

from tillsight.accounts import add_user, passwords
from tillsight.api.app import create_app
from tillsight.database import User
from tillsight.shop import Shop

GOAL: dict[str, Any] = {"metric": "revenue", "grain": "month", "amount": "1000", "starts": "2025-03-01"}


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """An order every day from January to March."""
    monkeypatch.setattr(
        passwords, "_HASHER", PasswordHash((Argon2Hasher(time_cost=1, memory_cost=1024, parallelism=1),))
    )
    days = [f"2025-0{month}-{day:02}" for month in (1, 2, 3) for day in range(1, 29)]
    tables = {
        "orders": [order(f"O-{day}", f"{day} 09:00:00", country="France") for day in days],
        "order_items": [line(f"O-{day}", "1", "P", 1, "30.00") for day in days],
    }
    with make_shop(tmp_path / "shop", tables, accounts={"sign_ins_per_minute": 0}) as shop:
        for role in ("admin", "manager", "analyst", "limited"):
            add_user(shop.database, role, PASSWORD, role)  # type: ignore[arg-type]
        with shop.database.write() as session:
            session.execute(update(User).where(User.role == "limited").values(modules=["customers"]))
        yield shop


@pytest.fixture
def clients(own: Shop) -> dict[str, TestClient]:
    app = create_app(own)
    return {role: signed_in(app, role) for role in ("admin", "manager", "analyst", "limited")}


@pytest.mark.feature("SAL-10")
def test_managers_and_administrators_set_goals_and_analysts_read_them(clients: dict[str, TestClient]) -> None:
    for role in ("analyst", "limited"):
        refused = clients[role].post("/api/v1/goals", json=GOAL)
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "NOT_ALLOWED")
    made = [clients[role].post("/api/v1/goals", json=GOAL | {"title": role}) for role in ("admin", "manager")]
    assert [one.status_code for one in made] == [201, 201]
    goal = made[1].json()["data"]
    path = f"/api/v1/goals/{goal['id']}"
    for role in ("analyst", "limited"):
        assert clients[role].put(path, json=GOAL | {"amount": "2", "version": goal["version"]}).status_code == 403
        assert clients[role].delete(f"{path}?version={goal['version']}").status_code == 403
        assert clients[role].post(f"{path}/restore").status_code == 403
    assert [one["title"] for one in clients["analyst"].get("/api/v1/goals").json()["data"]] == ["admin", "manager"]
    progress = clients["analyst"].get("/api/v1/goals/progress", params={"to": "2025-03-28"}).json()["data"]["rows"]
    assert {(row["goal"], float(row["actual"]), float(row["target"])) for row in progress} == {
        (one.json()["data"]["id"], 28 * 30.0, 1000.0) for one in made
    }
    assert clients["analyst"].get(f"{path}/path").status_code == 200
    assert [one["action"] for one in clients["analyst"].get(f"{path}/changes").json()["data"]] == ["created"]


@pytest.mark.feature("SAL-10")
def test_a_goal_of_a_closed_module_is_closed(clients: dict[str, TestClient]) -> None:
    goal = clients["manager"].post("/api/v1/goals", json=GOAL).json()["data"]
    limited = clients["limited"]
    assert limited.get("/api/v1/goals").json()["data"] == []
    assert limited.get("/api/v1/goals/progress").json()["data"]["rows"] == []
    assert limited.get(f"/api/v1/goals/{goal['id']}/changes").status_code == 403
    assert limited.get(f"/api/v1/goals/{goal['id']}/path").status_code in (403, 404)


@pytest.mark.feature("SAL-10")
def test_nothing_is_written_over_and_what_was_removed_comes_back(clients: dict[str, TestClient], own: Shop) -> None:
    first, second = clients["manager"], clients["admin"]
    goal = first.post("/api/v1/goals", json=GOAL).json()["data"]
    path = f"/api/v1/goals/{goal['id']}"
    changed = second.put(path, json=GOAL | {"amount": "1200.50", "version": goal["version"]})
    assert (changed.status_code, changed.json()["data"]["amount"]) == (200, "1200.50")
    late = first.put(path, json=GOAL | {"amount": "9", "version": goal["version"]})
    assert (late.status_code, late.json()["error"]["code"]) == (409, "CONFLICT")
    assert first.delete(f"{path}?version={goal['version']}").status_code == 409
    gone = first.delete(f"{path}?version={changed.json()['data']['version']}")
    assert gone.status_code == 200
    assert first.get("/api/v1/goals").json()["data"] == []
    assert first.get(f"{path}/path").status_code == 404
    assert first.post(f"{path}/restore").status_code == 200
    [back] = second.get("/api/v1/goals").json()["data"]
    assert (back["id"], back["amount"]) == (goal["id"], "1200.50")
    told = [(one["who"], one["action"]) for one in second.get(f"{path}/changes").json()["data"]]
    assert sorted(told) == sorted(
        [("manager", "created"), ("admin", "changed"), ("manager", "removed"), ("manager", "restored")]
    )


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"amount": "many"}, "amount"),
        ({"metric": "gross_margin_rate"}, "metric"),
        ({"where": ["colour_of_sky=blue"]}, "colour_of_sky"),
    ],
)
def test_a_goal_that_cannot_be_is_refused_with_the_field(
    clients: dict[str, TestClient], change: dict[str, Any], field: str
) -> None:
    refused = clients["manager"].post("/api/v1/goals", json=GOAL | change)
    assert refused.status_code in (404, 422), refused.text
    assert field in str(refused.json()["error"]["details"]) or field in refused.json()["error"]["message"]
    assert clients["manager"].get("/api/v1/goals").json()["data"] == []
