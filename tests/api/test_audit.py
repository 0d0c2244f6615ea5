"""Every route that writes leaves an entry in the audit log; and the log over the API."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import func, select, text
from tests.api.conftest import ADDRESS, PASSWORD, signed_in
from tests.support.shops import line, make_shop, order

from tillsight import audit
from tillsight.accounts import add_user, passwords
from tillsight.api.access import Open, doors
from tillsight.api.app import create_app
from tillsight.database import AuditEntry, User
from tillsight.jobs import Jobs
from tillsight.returns_desk.measures import MEASURES
from tillsight.shop import Shop

QUESTIONS = {
    # they ask and change nothing; a file taken away is told (below)
    "/api/v1/metrics/query",
    "/api/v1/metrics/explain",
    "/api/v1/metrics/rows",
    "/api/v1/analyses/{name}",
    "/api/v1/privacy/preview",
    "/api/v1/privacy/consents",
    "/api/v1/segments/preview",
    "/api/v1/auth/link",
    # a session that goes on is no new sign-in
    "/api/v1/auth/refresh-token",
}
PERSON = {"kind": "customer", "value": "C-1"}
CARD = "4111 1111 1111 1111"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    monkeypatch.setattr(passwords, "_HASHER", PasswordHash((Argon2Hasher(1, 1024, 1),)))
    tables = {
        "orders": [order(f"O-{n}", f"2025-01-0{n} 10:00:00", customer_id=f"C-{n}") for n in (1, 2)],
        "order_items": [line(f"O-{n}", "1", "P", 1, "5.00") for n in (1, 2)],
    }
    with make_shop(tmp_path / "shop", tables) as shop:
        for name in ("admin", "bert"):
            add_user(shop.database, name, PASSWORD, "admin")
        yield shop


@pytest.fixture
def app(shop: Shop) -> FastAPI:
    return create_app(shop)


@pytest.fixture
def admin(app: FastAPI) -> TestClient:
    return signed_in(app, "admin")


def entries(shop: Shop) -> int:
    with shop.database.read() as session:
        return session.scalar(select(func.count()).select_from(AuditEntry)) or 0


def bert(shop: Shop) -> int:
    with shop.database.read() as session:
        return session.scalars(select(User.id).where(User.name == "bert")).one()


def a_key(client: TestClient) -> str:
    made = client.post("/api/v1/keys", json={"name": "k", "scopes": ["read"]})
    assert made.status_code < 300, made.text
    return str(made.json()["data"]["key"]["id"])


def a_job(shop: Shop) -> str:
    return Jobs(shop.database).start("build", {}, None).id


RULES = {"name": "mine", "title": "Mine", "rest": "Others", "rules": [{"name": "Best", "bounds": {"r": {"min": 5}}}]}


def with_rules(client: TestClient) -> TestClient:
    assert client.post("/api/v1/segments/rules", json=RULES).status_code == 201
    return client


def with_secret(client: TestClient) -> TestClient:
    assert client.put("/api/v1/secrets/shopify", json={"value": "s3cret-s3cret"}).status_code == 200
    return client


def create_return(client: TestClient) -> Any:
    asked = {
        "order_id": "O-1",
        "items": [{"order_line_id": "1", "quantity": 1, "reason_code": "not_as_described"}],
        "override_reason": "A test",
    }
    return client.post("/api/v1/returns/create", json=asked)


def a_return(client: TestClient) -> dict[str, Any]:
    made = create_return(client)
    assert made.status_code == 201, made.text
    data: dict[str, Any] = made.json()["data"]
    return data


def on_return(client: TestClient, method: str, tail: str, **asked: Any) -> Any:
    made = a_return(client)
    return client.request(
        method, f"/api/v1/returns/{made['return_id']}{tail}", json={"version": made["version"], **asked}
    )


def in_bulk(client: TestClient) -> Any:
    made = a_return(client)
    some = [{"return_id": made["return_id"], "version": made["version"]}]
    return client.post("/api/v1/returns/bulk", json={"returns": some, "step": "cancelled", "note": "A test"})


PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def with_photo(client: TestClient) -> Any:
    made = a_return(client)
    return client.post(
        f"/api/v1/returns/{made['return_id']}/photos",
        files={"photo": ("p.png", PIXEL)},
        data={"version": str(made["version"])},
    )


def without_photo(client: TestClient) -> Any:
    kept = with_photo(client)
    assert kept.status_code == 201, kept.text
    shown = kept.json()["data"]
    [photo] = shown["photos"]
    return client.delete(
        f"/api/v1/returns/{shown['return_id']}/photos/{photo['photo_id']}", params={"version": shown["version"]}
    )


GOAL = {"metric": "revenue", "grain": "month", "amount": "100"}


def on_goal(client: TestClient, method: str, tail: str = "", removed: bool = False, **more: Any) -> Any:
    made = client.post("/api/v1/goals", json=GOAL)
    assert made.status_code == 201, made.text
    goal = made.json()["data"]
    address = f"/api/v1/goals/{goal['id']}"
    if removed:
        assert client.delete(address, params={"version": goal["version"]}).status_code == 200
        return client.request(method, f"{address}{tail}")
    if method == "DELETE":
        return client.delete(address, params={"version": goal["version"]})
    return client.request(method, address, json={**GOAL, **more, "version": goal["version"]})


def a_measure(client: TestClient) -> Any:
    said = {"product": "P", "measure": next(iter(MEASURES)), "done_on": "2025-01-03"}
    return client.post("/api/v1/returns/prevention", json=said)


Call = Callable[[TestClient, Shop], Any]
CALLS: dict[str, Call] = {
    "POST /api/v1/auth/login": lambda c, _: c.post("/api/v1/auth/login", json={"user": "bert", "password": PASSWORD}),
    "POST /api/v1/auth/logout": lambda c, _: c.post("/api/v1/auth/logout"),
    "POST /api/v1/auth/password": lambda c, _: c.post(
        "/api/v1/auth/password", json={"current": PASSWORD, "password": "another horse battery"}
    ),
    "DELETE /api/v1/auth/sessions": lambda c, _: c.delete("/api/v1/auth/sessions"),
    "POST /api/v1/users": lambda c, _: c.post("/api/v1/users", json={"name": "carla", "role": "analyst"}),
    "PATCH /api/v1/users/{user_id}": lambda c, s: c.patch(f"/api/v1/users/{bert(s)}", json={"role": "analyst"}),
    "DELETE /api/v1/users/{user_id}": lambda c, s: c.delete(f"/api/v1/users/{bert(s)}"),
    "POST /api/v1/users/{user_id}/link": lambda c, s: c.post(f"/api/v1/users/{bert(s)}/link"),
    "DELETE /api/v1/users/{user_id}/sessions": lambda c, s: c.delete(f"/api/v1/users/{bert(s)}/sessions"),
    "POST /api/v1/keys": lambda c, _: c.post("/api/v1/keys", json={"name": "k", "scopes": ["read"]}),
    "DELETE /api/v1/keys/{key_id}": lambda c, _: c.delete(f"/api/v1/keys/{a_key(c)}"),
    "POST /api/v1/loads": lambda c, _: c.post(
        "/api/v1/loads", files={"files": ("orders.csv", b"order_id,placed_at\nO-9,2025-01-09\n")}
    ),
    "POST /api/v1/builds": lambda c, _: c.post("/api/v1/builds"),
    "POST /api/v1/jobs/{job_id}/cancel": lambda c, s: c.post(f"/api/v1/jobs/{a_job(s)}/cancel"),
    "POST /api/v1/backups": lambda c, _: c.post("/api/v1/backups", json={"full": True}),
    "POST /api/v1/drills": lambda c, _: c.post("/api/v1/drills"),
    "PUT /api/v1/secrets/{name}": lambda c, _: c.put("/api/v1/secrets/shopify", json={"value": "s3cret-s3cret"}),
    "DELETE /api/v1/secrets/{name}": lambda c, _: with_secret(c).delete("/api/v1/secrets/shopify"),
    "POST /api/v1/segments/rules": lambda c, _: c.post("/api/v1/segments/rules", json=RULES),
    "PUT /api/v1/segments/rules/{name}": lambda c, _: with_rules(c).put(
        "/api/v1/segments/rules/mine", json={**RULES, "title": "Ours", "version": 1}
    ),
    "DELETE /api/v1/segments/rules/{name}": lambda c, _: with_rules(c).delete("/api/v1/segments/rules/mine"),
    "POST /api/v1/goals": lambda c, _: c.post("/api/v1/goals", json=GOAL),
    "PUT /api/v1/goals/{goal_id}": lambda c, _: on_goal(c, "PUT", amount="200"),
    "DELETE /api/v1/goals/{goal_id}": lambda c, _: on_goal(c, "DELETE"),
    "POST /api/v1/goals/{goal_id}/restore": lambda c, _: on_goal(c, "POST", "/restore", removed=True),
    "POST /api/v1/returns/{return_id}/photos": lambda c, _: with_photo(c),
    "DELETE /api/v1/returns/{return_id}/photos/{photo_id}": lambda c, _: without_photo(c),
    "POST /api/v1/returns/prevention": lambda c, _: a_measure(c),
    "DELETE /api/v1/returns/prevention/{measure_id}": lambda c, _: c.delete(
        f"/api/v1/returns/prevention/{a_measure(c).json()['data']['id']}"
    ),
    "POST /api/v1/returns/create": lambda c, _: create_return(c),
    "POST /api/v1/returns/bulk": lambda c, _: in_bulk(c),
    "PUT /api/v1/returns/{return_id}/status": lambda c, _: on_return(
        c, "PUT", "/status", step="cancelled", note="A test"
    ),
    "PATCH /api/v1/returns/{return_id}": lambda c, _: on_return(c, "PATCH", "", notes="A test"),
    "POST /api/v1/privacy/find": lambda c, _: c.post("/api/v1/privacy/find", json={"text": "C-1"}),
    "POST /api/v1/privacy/export": lambda c, _: c.post("/api/v1/privacy/export", json=PERSON),
    "POST /api/v1/privacy/erase": lambda c, _: c.post("/api/v1/privacy/erase", json={**PERSON, "confirmation": "C-1"}),
    "PUT /api/v1/privacy/consents": lambda c, _: c.put(
        "/api/v1/privacy/consents", json={**PERSON, "purpose": "sale", "granted": False}
    ),
    "POST /api/v1/privacy/retention": lambda c, _: c.post("/api/v1/privacy/retention"),
}
ENDS = {
    "DELETE /api/v1/returns/{return_id}/photos/{photo_id}": ".photo_removed",
    "PUT /api/v1/goals/{goal_id}": ".changed",
    "DELETE /api/v1/goals/{goal_id}": ".removed",
    "POST /api/v1/goals/{goal_id}/restore": ".restored",
    "DELETE /api/v1/returns/prevention/{measure_id}": ".removed",
    "POST /api/v1/returns/bulk": ".cancelled",
    "PUT /api/v1/returns/{return_id}/status": ".cancelled",
    "PATCH /api/v1/returns/{return_id}": ".changed",
    "DELETE /api/v1/secrets/{name}": ".removed",
    "PUT /api/v1/segments/rules/{name}": ".changed",
    "DELETE /api/v1/segments/rules/{name}": ".removed",
    "DELETE /api/v1/keys/{key_id}": ".ended",
    "POST /api/v1/jobs/{job_id}/cancel": ".cancelled",
}
"""How the entry of a route is called where getting ready for the call leaves an entry too."""
ELSEWHERE = {
    # they change a return by the same way as its status, which is proved here
    "PUT /api/v1/returns/{return_id}/inspection",
    "POST /api/v1/returns/{return_id}/refund",
    "POST /api/v1/returns/{return_id}/exchange",
    "PUT /api/v1/returns/{return_id}/conflict",
    # need mail, a second factor, a link or a session of their own: tests/accounts and tests/api prove their entries
    "POST /api/v1/auth/forgotten",
    "POST /api/v1/auth/second-factor",
    "POST /api/v1/auth/link/accept",
    "DELETE /api/v1/auth/sessions/{session_id}",
    "POST /api/v1/auth/factor",
    "POST /api/v1/auth/factor/confirm",
    "POST /api/v1/auth/factor/codes",
    "POST /api/v1/auth/factor/remove",
    "POST /api/v1/users/{user_id}/factor/remove",
    "DELETE /api/v1/users/{user_id}/sessions/{session_id}",
}


def test_every_writing_route_is_known(app: FastAPI) -> None:
    writing = {
        f"{method} {door.path}"
        for method, door in doors(app)
        if method not in ("GET", "HEAD") and not (method == "POST" and door.path in QUESTIONS)
    }
    assert writing == set(CALLS) | ELSEWHERE, "a new route that writes needs a call here"


@pytest.mark.feature("PLT-05")
@pytest.mark.parametrize("route", CALLS)
def test_every_write_leaves_an_entry(route: str, admin: TestClient, shop: Shop) -> None:
    if route == "DELETE /api/v1/users/{user_id}/sessions":
        admin.post("/api/v1/auth/login", json={"user": "bert", "password": PASSWORD})
    before = entries(shop)
    response = CALLS[route](admin, shop)
    assert response.status_code < 300, response.text
    assert entries(shop) > before
    newest = audit.entries(shop.database, audit.Wanted())[0][0]
    assert newest.action.endswith(ENDS.get(route, ""))
    assert newest.who in ("admin", "bert")
    assert newest.address == "testclient"
    assert audit.verify(shop.database).sound


@pytest.mark.feature("PLT-05")
@pytest.mark.parametrize(
    ("method", "path", "asked"),
    [
        ("GET", "/api/v1/metrics/query?metrics=revenue&where=customer_id=C-1&format=csv", None),
        ("POST", "/api/v1/metrics/query", {"metrics": ["revenue"], "by": ["channel"], "format": "xlsx"}),
        ("POST", "/api/v1/metrics/rows", {"metrics": ["revenue"], "format": "parquet"}),
        ("POST", "/api/v1/analyses/sales_summary", {"format": "csv"}),
        ("GET", "/api/v1/sales/channels?format=csv", None),
        ("GET", "/api/v1/loads/{load}/rejects?format=csv", None),
        ("GET", "/api/v1/audit?format=csv", None),
    ],
)
def test_every_file_taken_away_leaves_an_entry(
    method: str, path: str, asked: dict[str, Any] | None, admin: TestClient, shop: Shop
) -> None:
    if "analyses" in path:
        path = f"/api/v1/analyses/{next(iter(shop.catalogue.analyses))}"
    before = entries(shop)
    response = admin.request(method, path.replace("{load}", shop.loads()[0].id), json=asked)
    assert response.status_code == 200, response.text
    assert entries(shop) == before + 1
    newest = audit.entries(shop.database, audit.Wanted())[0][0]
    assert (newest.action, newest.who, newest.address) == ("file.downloaded", "admin", "testclient")
    assert newest.after["format"] in ("csv", "xlsx", "parquet")
    assert "C-1" not in str(newest.after)


def test_who_is_not_an_administrator_does_not_see_the_log(app: FastAPI, shop: Shop) -> None:
    add_user(shop.database, "manager", PASSWORD, "manager")
    client = signed_in(app, "manager")
    for path in ("/api/v1/audit", "/api/v1/audit/actions", "/api/v1/audit/verdict", "/api/v1/privacy/erasures"):
        assert client.get(path).status_code == 403
    assert client.post("/api/v1/privacy/find", json={"text": "C-1"}).status_code == 403
    assert TestClient(app, ADDRESS).get("/api/v1/audit").status_code == 401


@pytest.mark.feature("PLT-05")
def test_the_log_over_the_api(admin: TestClient, shop: Shop) -> None:
    admin.post("/api/v1/builds")
    page = admin.get("/api/v1/audit", params={"per_page": 1, "action": "build"}).json()
    assert page["meta"] | {"timestamp": ""} == {"timestamp": "", "page": 1, "per_page": 1, "total": 1}
    entry = page["data"][0]
    assert (entry["who"], entry["action"], entry["address"], entry["erased"]) == (
        "admin",
        "build.asked",
        "testclient",
        False,
    )
    assert "build.asked" in admin.get("/api/v1/audit/actions").json()["data"]
    assert admin.get("/api/v1/audit", params={"from": "2099-01-01T00:00:00"}).json()["data"] == []
    verdict = admin.get("/api/v1/audit/verdict").json()["data"]
    assert (verdict["sound"], verdict["faults"]) == (True, [])
    with shop.database.write() as session:
        session.execute(text("UPDATE audit_entries SET who = '=evil' WHERE number = 1"))
    verdict = admin.get("/api/v1/audit/verdict", params={"number": verdict["number"], "hash": verdict["hash"]}).json()[
        "data"
    ]
    assert [fault["kind"] for fault in verdict["faults"]] == ["changed"]
    lines = admin.get("/api/v1/audit", params={"format": "csv"}).text.splitlines()
    assert lines[0] == "number,at,who,action,subject,address,before,after,erased,hash"
    assert ",'=evil," in lines[-1]


@pytest.mark.feature("PLT-06")
def test_a_card_number_is_refused_where_it_would_be_kept(admin: TestClient, shop: Shop) -> None:
    before = entries(shop)
    for path, body in (
        ("/api/v1/privacy/find", {"text": CARD}),
        ("/api/v1/users", {"name": f"card {CARD}", "role": "analyst"}),
    ):
        response = admin.post(path, json=body)
        assert response.status_code == 422
        assert "payment card" in response.json()["error"]["message"]
        assert "1111" not in response.text
    response = admin.post("/api/v1/loads", files={"files": (f"{CARD}.csv", b"order_id,placed_at\n1,2025-01-01\n")})
    assert response.status_code == 422
    assert entries(shop) == before
    # a question keeps nothing, and an order number may look like a card
    asked = {"metrics": ["revenue"], "where": ["order_id=4111111111111111"]}
    assert "payment card" not in admin.post("/api/v1/metrics/query", json=asked).text


def test_door_rules_are_those_of_administrators(app: FastAPI) -> None:
    for _, door in doors(app):
        if door.path.startswith(("/api/v1/audit", "/api/v1/privacy")):
            assert not isinstance(door.rule, Open)
            assert door.rule.roles == frozenset({"admin"})
