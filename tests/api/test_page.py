"""The page: its files, its addresses, its headers; and health."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from tests.api.conftest import signed_in

from tillsight.api.pages import Page


@pytest.fixture
def static(tmp_path: Path, app: FastAPI) -> Path:
    """A page that is built, as far as this app knows."""
    folder = tmp_path / "static"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>page</title>")
    (folder / "icon.svg").write_text("<svg/>")
    (folder / "assets" / "main-abc123.js").write_text("console.log(1)" * 500)
    (tmp_path / "secret.txt").write_text("secret")
    app.router.default = Page(folder)
    return folder


@pytest.mark.parametrize(
    "path", ["/", "/sales", "/data/loads/20261114T090000-abc", "/explore?metrics=revenue&where=a=b"]
)
def test_addresses_of_the_page_give_the_page(anybody: TestClient, static: Path, path: str) -> None:
    response = anybody.get(path)
    assert response.status_code == 200
    assert response.text == "<!doctype html><title>page</title>"
    assert response.headers["content-type"].startswith("text/html")
    assert response.headers["Cache-Control"] == "no-cache"
    assert anybody.head(path).status_code == 200


def test_files_with_a_hash_are_kept_for_good_and_others_are_not(anybody: TestClient, static: Path) -> None:
    script = anybody.get("/assets/main-abc123.js")
    assert script.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert script.headers["content-type"].startswith("text/javascript")
    assert script.headers["Content-Encoding"] == "gzip"
    assert anybody.get("/icon.svg").headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(
    "path",
    ["/assets/none.js", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/assets/..%2f..%2fsecret.txt", "//etc/passwd.txt"],
)
def test_nothing_else_of_the_machine_is_served(anybody: TestClient, static: Path, path: str) -> None:
    response = anybody.get(path)
    assert response.status_code == 404
    assert "secret" not in response.text


def test_a_page_that_is_not_built_says_how_to_build_it(app: FastAPI, anybody: TestClient, tmp_path: Path) -> None:
    app.router.default = Page(tmp_path / "nothing")
    response = anybody.get("/sales")
    assert response.status_code == 503
    assert "make web" in response.text


def test_every_response_has_the_security_headers(app: FastAPI, anybody: TestClient, static: Path) -> None:
    client = signed_in(app, "analyst")
    responses = [
        anybody.get("/"),
        anybody.get("/assets/main-abc123.js"),
        anybody.get("/healthz"),
        anybody.get("/api/v1/shop"),
        anybody.get("/nothing.txt"),
        client.get("/api/v1/metrics/query?metrics=revenue"),
        TestClient(app, "http://bad.example").get("/"),
    ]
    for response in responses:
        policy = response.headers["Content-Security-Policy"]
        assert "script-src 'self';" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe-eval" not in policy
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["X-Frame-Options"] == "DENY"
        assert response.headers["Referrer-Policy"] == "no-referrer"
        assert "Access-Control-Allow-Origin" not in response.headers
        assert "server" not in response.headers


def test_another_origin_gets_no_leave(anybody: TestClient) -> None:
    headers = {"Origin": "https://bad.example", "Access-Control-Request-Method": "GET"}
    response = anybody.options("/api/v1/shop", headers=headers)
    assert response.status_code == 405
    assert "Access-Control-Allow-Origin" not in response.headers


def test_health_is_open_and_says_nothing_of_the_shop(anybody: TestClient, empty_client: TestClient) -> None:
    assert anybody.get("/healthz").json()["data"] == {"state": "ok"}
    ready = anybody.get("/readyz")
    assert ready.status_code == 200
    assert set(ready.json()["data"]) == {"state", "release"}
    waiting = empty_client.get("/readyz")
    assert waiting.status_code == 503
    assert waiting.json()["error"]["code"] == "NOT_READY"
