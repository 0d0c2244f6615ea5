"""Doors: nothing but signing in, health and the page is open; every route says who may call it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.testclient import TestClient
from tests.api.conftest import PASSWORD, signed_in

from tillsight.accounts import EVERYBODY, READERS, WRITERS
from tillsight.api.access import OPEN, Allow, Door, Open, Reader, Writer

OPEN_DOORS = {
    ("POST", "/api/v1/auth/login"),
    ("POST", "/api/v1/auth/refresh-token"),
    ("POST", "/api/v1/auth/logout"),
    ("GET", "/healthz"),
    ("GET", "/readyz"),
}
WRITING = {
    ("POST", "/api/v1/loads"),
    ("POST", "/api/v1/builds"),
    ("POST", "/api/v1/jobs/{job_id}/cancel"),
}


def doors(app: FastAPI) -> Iterator[tuple[str, str, Door]]:
    """Every route of the app; a route that is no door fails."""
    for item in app.routes:
        router = getattr(item, "original_router", None)
        for route in router.routes if router is not None else [item]:
            assert isinstance(route, Door), f"{route} has no rule"
            for method in route.methods:
                yield method, route.path, route


def test_every_route_has_a_rule(app: FastAPI) -> None:
    found = {(method, path): door.rule for method, path, door in doors(app)}
    assert len(found) > 30
    assert {place for place, rule in found.items() if isinstance(rule, Open)} == OPEN_DOORS
    for place, rule in found.items():
        if isinstance(rule, Allow):
            expected = WRITERS if place in WRITING else EVERYBODY if place[1].endswith("/me") else READERS
            assert rule.roles == expected, place


def test_the_description_names_no_route_that_is_not_looked_at_here(app: FastAPI) -> None:
    found = {(method, path) for method, path, _ in doors(app)}
    described = {(method.upper(), path) for path, item in app.openapi()["paths"].items() for method in item}
    assert found - described == {("GET", "/api/v1/openapi.json")}
    assert described <= found


def test_nothing_answers_without_signing_in(app: FastAPI, anybody: TestClient) -> None:
    for method, path, _ in doors(app):
        if (method, path) in OPEN_DOORS:
            continue
        for headers in ({}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Basic YTpi"}):
            response = anybody.request(method, path.replace("{number}", "1"), headers=headers)
            assert response.status_code == 401, (method, path)
            assert response.json()["error"]["code"] == "NOT_SIGNED_IN"
            assert response.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("role", ["analyst", "limited"])
def test_a_role_gets_no_further_than_its_doors(app: FastAPI, role: str) -> None:
    client = signed_in(app, role)
    for method, path, door in doors(app):
        if not isinstance(door.rule, Allow):
            continue
        response = client.request(method, path.replace("{number}", "1"))
        refused = role not in door.rule.roles
        assert (response.status_code == 403) == refused, (method, path, response.text)
        if refused:
            assert response.json()["error"]["code"] == "NOT_ALLOWED"
            assert "administrator" in response.json()["error"]["message"]


def test_a_route_without_a_rule_cannot_be_made() -> None:
    router = APIRouter(route_class=Door)
    with pytest.raises(RuntimeError, match="/forgotten"):
        router.get("/forgotten")(lambda: None)

    def twice(_one: Reader, _other: Writer) -> None:
        """Two rules: which one holds?"""

    with pytest.raises(RuntimeError, match="/twice"):
        router.get("/twice")(twice)
    router.get("/open", dependencies=[OPEN])(lambda: None)


def test_signing_in_gives_a_token_and_a_cookie_that_scripts_cannot_read(anybody: TestClient) -> None:
    response = anybody.post("/api/v1/auth/login", json={"user": "analyst", "password": PASSWORD})
    data = response.json()["data"]
    assert data["token_type"] == "bearer"
    assert data["user"] == {"name": "analyst", "role": "analyst"}
    assert 0 < data["expires_in"] <= 15 * 60
    cookie = response.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Path=/api/v1/auth" in cookie
    assert "Secure" not in cookie, "loopback is served without TLS"
    assert response.headers["Cache-Control"] == "no-store"
    who = anybody.get("/api/v1/auth/me", headers={"Authorization": f"Bearer {data['access_token']}"})
    assert who.json()["data"] == {"name": "analyst", "role": "analyst"}


def test_the_cookie_is_secure_behind_tls(app: FastAPI) -> None:
    client = TestClient(app, "https://127.0.0.1")
    response = client.post("/api/v1/auth/login", json={"user": "analyst", "password": PASSWORD})
    assert "Secure" in response.headers["set-cookie"]


def test_a_refresh_token_is_good_once(app: FastAPI) -> None:
    client = signed_in(app, "analyst")
    stolen = dict(client.cookies)
    renewed = client.post("/api/v1/auth/refresh-token")
    assert renewed.status_code == 200
    assert dict(client.cookies) != stolen
    token = {"Authorization": f"Bearer {renewed.json()['data']['access_token']}"}
    assert client.get("/api/v1/auth/me", headers=token).status_code == 200

    thief = TestClient(app, str(client.base_url), cookies=stolen)
    assert thief.post("/api/v1/auth/refresh-token").status_code == 401
    assert client.post("/api/v1/auth/refresh-token").status_code == 401, "the session has ended for both"
    assert client.get("/api/v1/auth/me", headers=token).status_code == 401


def test_signing_out_ends_the_session(app: FastAPI) -> None:
    client = signed_in(app, "analyst")
    cookies = dict(client.cookies)
    assert client.post("/api/v1/auth/logout").json()["data"] == {"signed_in": False}
    assert dict(client.cookies) == {}
    assert client.get("/api/v1/auth/me").status_code == 401
    again = TestClient(app, str(client.base_url), cookies=cookies)
    assert again.post("/api/v1/auth/refresh-token").status_code == 401
    assert again.post("/api/v1/auth/logout").status_code == 200


def test_without_a_cookie_there_is_no_session(anybody: TestClient) -> None:
    assert anybody.post("/api/v1/auth/refresh-token").status_code == 401
    assert anybody.post("/api/v1/auth/logout").status_code == 200


def test_another_site_cannot_use_the_cookie_of_a_browser(app: FastAPI) -> None:
    client = signed_in(app, "analyst")
    for site in ("cross-site", "same-site"):
        response = client.post("/api/v1/auth/refresh-token", headers={"Sec-Fetch-Site": site})
        assert response.status_code == 403
    assert client.post("/api/v1/auth/refresh-token", headers={"Sec-Fetch-Site": "same-origin"}).status_code == 200


def test_guessing_passwords_is_slowed_down(anybody: TestClient) -> None:
    guess = {"user": "nobody of that name", "password": "wrong password"}
    for _ in range(5):
        assert anybody.post("/api/v1/auth/login", json=guess).status_code == 401
    response = anybody.post("/api/v1/auth/login", json=guess)
    assert response.status_code == 429
    assert response.json()["error"]["code"] == "TOO_MANY_REQUESTS"
    assert 0 < int(response.headers["Retry-After"]) <= 30
