"""The matrix of doors: every endpoint is really called by nobody, by each role, and by a key of each scope."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from tests.api.conftest import ADDRESS, signed_in
from tests.api.test_audit import QUESTIONS

from tillsight.accounts import EVERYBODY, create_key, end_key, get_user
from tillsight.accounts.roles import SYSTEM, Level
from tillsight.api.access import Allow, Door, Open, doors
from tillsight.database import Role
from tillsight.shop import DOMAINS, Shop

OPEN_DOORS = {
    ("POST", "/api/v1/auth/login"),
    ("POST", "/api/v1/auth/second-factor"),
    ("POST", "/api/v1/auth/refresh-token"),
    ("POST", "/api/v1/auth/logout"),
    ("POST", "/api/v1/auth/forgotten"),
    ("POST", "/api/v1/auth/link"),
    ("POST", "/api/v1/auth/link/accept"),
    ("GET", "/api/v1/auth/options"),
    ("GET", "/api/v1/oidc/start"),
    ("GET", "/api/v1/oidc/callback"),
    ("GET", "/healthz"),
    ("GET", "/readyz"),
}
ENDING = ("/api/v1/auth/sessions",)
"""Calls that end the session they are made in."""
ROLES: tuple[Role, ...] = ("limited", "analyst", "manager", "admin")


def call(client: TestClient, method: str, door: Door) -> tuple[int, str]:
    """Call an endpoint with names of things that do not exist and without a body: only who asks decides."""
    path = re.sub(r"\{(user_id|number)\}", "999999", door.path)
    response = client.request(method, re.sub(r"\{[^}]+\}", "nothing", path))
    body = response.json() if response.headers.get("content-type", "").startswith("application/json") else {}
    return response.status_code, body.get("error", {}).get("code", "") if isinstance(body, dict) else ""


def test_every_route_has_a_rule_and_few_are_open(app: FastAPI) -> None:
    found = {(method, door.path): door.rule for method, door in doors(app)}
    assert len(found) > 60
    assert {place for place, rule in found.items() if isinstance(rule, Open)} == OPEN_DOORS
    for (method, path), rule in found.items():
        if isinstance(rule, Allow):
            assert "admin" in rule.roles, path
            changes = method != "GET" and not path.startswith(("/api/v1/auth", "/api/v1/keys"))
            asks = method == "POST" and path in QUESTIONS
            assert rule.level != "read" or not changes or asks, f"{method} {path} changes something and needs only read"
            if path.startswith("/api/v1/users"):
                assert rule.roles == {"admin"}, path


def test_the_description_names_every_route(app: FastAPI) -> None:
    found = {(method, door.path) for method, door in doors(app)}
    described = {(method.upper(), path) for path, item in app.openapi()["paths"].items() for method in item}
    visited = {("GET", "/api/v1/oidc/start"), ("GET", "/api/v1/oidc/callback")}
    assert found - described == {("GET", "/api/v1/openapi.json")} | visited
    assert described <= found


def test_nothing_answers_without_signing_in(app: FastAPI, anybody: TestClient) -> None:
    for method, door in doors(app):
        if isinstance(door.rule, Open):
            continue
        for headers in ({}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Bearer ts_00000000_nonsense"}):
            anybody.headers.pop("Authorization", None)
            anybody.headers.update(headers)
            assert call(anybody, method, door) == (401, "NOT_SIGNED_IN"), (method, door.path)


@pytest.mark.feature("PLT-04")
@pytest.mark.parametrize("role", ROLES)
def test_a_role_gets_exactly_as_far_as_its_doors(app: FastAPI, role: Role) -> None:
    client = signed_in(app, role)
    for method, door in doors(app):
        if not isinstance(door.rule, Allow):
            continue
        status, code = call(client, method, door)
        if role in door.rule.roles:
            assert status not in (401, 403), (method, door.path, code)
        else:
            assert (status, code) == (403, "NOT_ALLOWED"), (method, door.path)
        if method == "DELETE" and door.path in ENDING:
            client = signed_in(app, role)


REACH: dict[str, set[Level]] = {"read": {"read"}, "write": {"read", "write"}, "admin": {"read", "write", "admin"}}


@pytest.fixture
def key_of(app: FastAPI, shop: Shop) -> Iterator[TestClient]:
    """A client whose key the test sets."""
    client = TestClient(app, ADDRESS)
    made: list[str] = []

    def give(user: str, scopes: list[str]) -> TestClient:
        key, text = create_key(
            shop.database, get_user(shop.database, user).id, "test", scopes, list(DOMAINS), 1, SYSTEM
        )
        made.append(key.id)
        client.headers["Authorization"] = f"Bearer {text}"
        return client

    client.give = give  # type: ignore[attr-defined]
    yield client
    for key in made:
        end_key(shop.database, key, SYSTEM)


@pytest.mark.feature("PLT-04")
@pytest.mark.parametrize("scope", ["read", "write", "admin", "read:"])
def test_a_key_gets_exactly_as_far_as_its_scope(app: FastAPI, key_of: TestClient, scope: str) -> None:
    client: TestClient = key_of.give("admin", [f"read:{name}" for name in DOMAINS] if scope == "read:" else [scope])  # type: ignore[attr-defined]
    role: Role = "limited" if ":" in scope else "admin"
    levels = REACH[scope.partition(":")[0]]
    for method, door in doors(app):
        if not isinstance(door.rule, Allow):
            continue
        status, code = call(client, method, door)
        if door.rule.keys and door.rule.level in levels and role in door.rule.roles:
            assert status not in (401, 403), (method, door.path, code)
        else:
            assert (status, code) == (403, "NOT_ALLOWED"), (method, door.path)


@pytest.mark.feature("PLT-04")
def test_a_key_does_no_more_than_its_user(app: FastAPI, key_of: TestClient) -> None:
    client: TestClient = key_of.give("analyst", ["read"])  # type: ignore[attr-defined]
    for method, door in doors(app):
        if isinstance(door.rule, Allow) and "analyst" not in door.rule.roles:
            assert call(client, method, door)[0] == 403, (method, door.path)
    assert client.get("/api/v1/auth/me").json()["data"]["role"] == "analyst"
    assert {door.rule.roles == EVERYBODY for _, door in doors(app) if isinstance(door.rule, Allow)} == {True, False}
