"""Every error has the one format: ours, wrong requests, unknown addresses, wrong methods, and what nobody expected."""

from __future__ import annotations

import asyncio
import logging

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy.exc import OperationalError
from tests.api.conftest import ADDRESS, signed_in

from tillsight.api.app import create_app
from tillsight.core.errors import TillsightError
from tillsight.shop import Shop


def error_of(response: httpx.Response, status: int, code: str) -> dict:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    body = response.json()
    assert set(body) == {"status", "error", "meta"}
    assert body["status"] == "error"
    assert set(body["error"]) == {"code", "message", "details"}
    assert body["error"]["code"] == code
    assert body["error"]["message"].endswith((".", ")", "?"))
    assert body["meta"]["timestamp"].endswith("Z")
    return body["error"]


def test_a_wrong_parameter_is_named(client: TestClient) -> None:
    error = error_of(client.get("/api/v1/metrics/query?metrics=revenue&from=14.11.2026"), 422, "VALIDATION_ERROR")
    assert error["details"]["field"] == "from"
    assert "from" in error["message"]


def test_every_wrong_field_of_a_body_is_named(client: TestClient) -> None:
    body = {"metrics": [], "grain": "fortnight", "colour": "red"}
    error = error_of(client.post("/api/v1/metrics/query", json=body), 422, "VALIDATION_ERROR")
    assert {item["field"] for item in error["details"]["errors"]} == {"metrics", "grain", "colour"}


@pytest.mark.parametrize(
    ("question", "field"),
    [
        ("metrics=revenue&where=country", "where"),
        ("metrics=revenue&compare=2025-01-01", "compare"),
        ("metrics=revenue&period=last_month&from=2025-01-01", "period"),
        ("metrics=revenue&sort=-orders", "sort"),
        ("metrics=revenue&from=2025-02-01&to=2025-01-01", "to"),
        ("metrics=revenue&as_of=yesterday", "as_of"),
        ("metrics=marketing_spend&by=category", "by"),
    ],
)
def test_a_question_that_cannot_be_answered_says_why(client: TestClient, question: str, field: str) -> None:
    error = error_of(client.get(f"/api/v1/metrics/query?{question}"), 422, "VALIDATION_ERROR")
    assert error["details"]["field"] == field


def test_an_unknown_metric_has_near_ones(client: TestClient) -> None:
    error = error_of(client.get("/api/v1/metrics/query?metrics=revenu"), 404, "NOT_FOUND")
    assert "revenue" in error["details"]["near"]
    error_of(client.get("/api/v1/metrics/revenu"), 404, "NOT_FOUND")


def test_what_is_not_json_is_said_to_be_so(client: TestClient) -> None:
    response = client.post("/api/v1/metrics/query", content=b"{", headers={"Content-Type": "application/json"})
    assert "not JSON" in error_of(response, 422, "VALIDATION_ERROR")["details"]["reason"]


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api", "/api/v2/metrics", "/nothing.js", "/assets/none.js"])
def test_an_unknown_address(client: TestClient, path: str) -> None:
    error_of(client.get(path), 404, "NOT_FOUND")


@pytest.mark.parametrize(
    "path", ["loads/none", "jobs/none", "releases/999", "dashboards/none", "dimensions/none/values"]
)
def test_what_is_not_there(client: TestClient, path: str) -> None:
    error_of(client.get(f"/api/v1/{path}"), 404, "NOT_FOUND")


def test_an_unknown_address_of_the_api_that_is_posted_to(client: TestClient) -> None:
    error_of(client.post("/api/v1/nothing"), 404, "NOT_FOUND")


def test_a_wrong_method_names_the_right_ones(client: TestClient) -> None:
    response = client.delete("/api/v1/metrics")
    error_of(response, 405, "METHOD_NOT_ALLOWED")
    assert response.headers["Allow"] == "GET"
    error_of(client.post("/sales"), 405, "METHOD_NOT_ALLOWED")


def test_nothing_is_built_yet(empty_client: TestClient) -> None:
    error = error_of(empty_client.get("/api/v1/metrics/query?metrics=revenue"), 409, "NO_RELEASE")
    assert "build" in error["message"]


def test_an_unexpected_error_tells_nothing_of_the_inside(
    app: FastAPI, shop: Shop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    client = signed_in(app, "analyst")

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("secret inside")

    monkeypatch.setattr(shop, "asker", broken)
    with caplog.at_level(logging.ERROR):
        response = client.get("/api/v1/metrics/query?metrics=revenue&where=customer_id=Ana")
    error = error_of(response, 500, "INTERNAL_ERROR")
    assert "secret inside" not in response.text
    assert "ZeroDivisionError" not in response.text
    assert error["details"]["id"] in caplog.text
    assert "secret inside" in caplog.text
    assert "Ana" not in caplog.text.partition("Traceback")[0], "an address may hold personal values"
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_a_database_that_does_not_answer_is_not_a_broken_server(
    app: FastAPI, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = signed_in(app, "analyst")

    def locked() -> None:
        raise OperationalError("SELECT secret", {}, Exception("database is locked"))

    monkeypatch.setattr(shop.releases, "current_number", locked)
    response = client.get("/api/v1/tables")
    error_of(response, 503, "DATABASE_ERROR")
    assert "secret" not in response.text
    error_of(client.get("/readyz"), 503, "NOT_READY")


def test_our_own_failures_are_told_and_logged(
    app: FastAPI, shop: Shop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    client = signed_in(app, "analyst")

    def fails(_load: str, _scope: object) -> None:
        raise TillsightError("The disk is full.", free=0)

    monkeypatch.setattr(shop, "rejects", fails)
    error = error_of(client.get("/api/v1/loads/any/rejects"), 500, "FAILED")
    assert error == {"code": "FAILED", "message": "The disk is full.", "details": {"free": 0}}
    assert "The disk is full." in caplog.text


def test_a_request_for_another_host_is_refused(app: FastAPI, shop: Shop) -> None:
    error_of(TestClient(app, "http://shop.bad.example").get("/healthz"), 421, "WRONG_HOST")
    for address in (ADDRESS, "http://localhost:8300", "http://[::1]:8300"):
        assert TestClient(app, address).get("/healthz").status_code == 200
    everywhere = create_app(shop, hosts=None)
    assert TestClient(everywhere, "http://shop.example").get("/healthz").status_code == 200


def test_a_body_that_is_too_large_is_refused(client: TestClient) -> None:
    error = error_of(client.post("/api/v1/metrics/query", content=b" " * 1_000_001), 413, "TOO_LARGE")
    assert "1 MB" in error["message"]

    def endless():
        for _ in range(20):
            yield b" " * 100_000

    headers = {"Content-Type": "application/json"}
    error_of(client.post("/api/v1/metrics/query", content=endless(), headers=headers), 413, "TOO_LARGE")


@pytest.mark.parametrize(("user", "status"), [(None, 401), ("analyst", 403)])
def test_files_of_those_who_may_not_upload_are_not_even_read(app: FastAPI, user: str | None, status: int) -> None:
    token = signed_in(app, user).headers["Authorization"] if user else "Bearer nonsense"
    headers = {"host": "localhost", "authorization": token, "content-type": "multipart/form-data; boundary=b"}
    scope = {
        "type": "http", "method": "POST", "path": "/api/v1/loads", "query_string": b"", "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }  # fmt: skip
    sent = []

    async def receive() -> dict:
        raise AssertionError("the body was read")

    async def send(message: dict) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    assert sent[0]["status"] == status
