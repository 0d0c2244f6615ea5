"""Doors: nothing but signing in, health and the page is open; every route says who may call it."""

from __future__ import annotations

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.testclient import TestClient
from tests.api.conftest import ADDRESS, PASSWORD, signed_in

from tillsight.api.access import OPEN, Door, Reader, Writer

pytestmark = pytest.mark.feature("PLT-03")


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
    assert (data["user"]["name"], data["user"]["role"]) == ("analyst", "analyst")
    assert 0 < data["expires_in"] <= 15 * 60
    cookie = response.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Path=/api/v1/auth" in cookie
    assert "Secure" not in cookie, "loopback is served without TLS"
    assert response.headers["Cache-Control"] == "no-store"
    who = anybody.get("/api/v1/auth/me", headers={"Authorization": f"Bearer {data['access_token']}"})
    assert who.json()["data"] == data["user"]


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
    strange = [{"Sec-Fetch-Site": site} for site in ("cross-site", "same-site")]
    strange += [{"Origin": origin} for origin in ("http://bad.example", "http://127.0.0.1:9999", "null")]
    for address in ("refresh-token", "logout", "login", "second-factor", "link/accept"):
        for headers in strange:
            response = client.post(f"/api/v1/auth/{address}", headers=headers, json={})
            assert response.status_code == 403, (address, headers)
    assert client.post("/api/v1/auth/refresh-token", headers={"Origin": ADDRESS}).status_code == 200
    assert client.post("/api/v1/auth/refresh-token", headers={"Sec-Fetch-Site": "same-origin"}).status_code == 200


def test_guessing_passwords_is_slowed_down(anybody: TestClient) -> None:
    guess = {"user": "nobody of that name", "password": "wrong password"}
    for _ in range(5):
        assert anybody.post("/api/v1/auth/login", json=guess).status_code == 401
    response = anybody.post("/api/v1/auth/login", json=guess)
    assert response.status_code == 429
    assert response.json()["error"]["code"] == "TOO_MANY_REQUESTS"
    assert 0 < int(response.headers["Retry-After"]) <= 30
