"""The description of the API is exact, and does not change unnoticed: the page's client is generated from it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import TypeAdapter
from tests.api.conftest import signed_in

from tillsight.api.access import Allow, doors
from tillsight.api.app import openapi_document

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "openapi.json"
RENEW = "tillsight openapi > tests/golden/openapi.json"

QUESTION = {"metrics": ["average_order_value"], "by": ["weekday"], "compare": "previous", "period": "last_90_days"}
BODIES: dict[str, dict[str, Any]] = {
    "ask_metrics": QUESTION | {"grain": "month", "limit": 2, "others": True},
    "explain_metric": QUESTION,
    "rows_of_metric": {"metrics": ["revenue"]},
    "run_analysis": {"period": "last_12_months"},
    "login": {"user": "analyst", "password": "correct horse battery"},
}
QUERIES = {"query_metrics": "?metrics=revenue&grain=month", "search": "?q=lamp"}
PARTS = {"name": "revenue", "number": "1", "user_id": "1", "customer_id": "C-01", "order_id": "O-001"}


def test_the_description_is_the_golden_one() -> None:
    golden = json.loads(GOLDEN.read_text("utf-8"))
    assert openapi_document() == golden, f"The API has changed. If it should have, renew the golden file: {RENEW}"


def test_operations_have_stable_names_of_their_own() -> None:
    names = [item["operationId"] for path in openapi_document()["paths"].values() for item in path.values()]
    assert len(names) == len(set(names))
    assert all(name.isidentifier() and name == name.lower() for name in names)


def test_every_operation_says_what_it_gives_and_how_it_fails() -> None:
    for path, item in openapi_document()["paths"].items():
        for method, operation in item.items():
            good = next(value for status, value in operation["responses"].items() if status.startswith("2"))
            # a package of files and a photo are the only things that have no form in JSON
            kind = "application/zip" if path == "/api/v1/privacy/export" else "application/json"
            if path.endswith("/photos/{photo_id}") and method == "get":
                kind = "image/jpeg"
            assert good["content"][kind]["schema"], (method, path)
            assert operation["responses"]["default"]["content"]["application/json"]["schema"] == {
                "$ref": "#/components/schemas/ErrorEnvelope"
            }
            assert operation["summary"]
            assert operation["description"]


def test_responses_are_what_the_description_says(app: FastAPI) -> None:
    """Every JSON response of every reading operation fits its model exactly."""
    client, admin = signed_in(app, "manager"), signed_in(app, "admin")
    load = client.get("/api/v1/loads").json()["data"][0]["id"]
    job = client.post("/api/v1/builds").json()["data"]["id"]
    client.post(f"/api/v1/jobs/{job}/cancel")
    analysis = client.get("/api/v1/analyses").json()["data"][0]["name"]
    [line, *_] = client.get("/api/v1/returns/orders/O-001").json()["data"]["lines"]
    item = {"order_line_id": line["order_line_id"], "quantity": 1, "reason_code": "too_small"}
    wanted = {"order_id": "O-001", "items": [item], "override_reason": "told by phone"}
    back = client.post("/api/v1/returns/create", json=wanted).json()["data"]["return_id"]
    goal = {"metric": "revenue", "grain": "month", "amount": "1000", "starts": "2026-01-01"}
    goal_id = client.post("/api/v1/goals", json=goal).json()["data"]["id"]
    done = {"product": "P-001", "measure": "Size guide", "done_on": "2026-01-31"}
    measure_id = client.post("/api/v1/returns/prevention", json=done).json()["data"]["id"]
    made = {"load_id": load, "job_id": job, "return_id": back, "goal_id": goal_id, "measure_id": measure_id}
    names = {"get_dashboard": "sales", "list_values": "weekday", "run_analysis": analysis}
    looked_at = set()
    for method, door in doors(app):
        if (method != "GET" and door.name not in BODIES) or door.response_model is None:
            continue
        parts = PARTS | made | {"name": names.get(door.name, "revenue")}
        filled = door.path.format(**parts)
        if door.name == "get_dashboard":
            filled = f"/api/v1/dashboards/{client.get('/api/v1/dashboards').json()['data'][0]['name']}"
        asking = admin if isinstance(door.rule, Allow) and door.rule.level == "admin" else client
        response = asking.request(method, filled + QUERIES.get(door.name, ""), json=BODIES.get(door.name))
        assert response.status_code == 200, (door.name, response.text)
        body = response.json()
        parsed = TypeAdapter(door.response_model).validate_python(body)
        said = json.loads(TypeAdapter(door.response_model).dump_json(parsed, by_alias=True))
        assert shape(body) == shape(said), door.name
        looked_at.add(door.name)
    assert len(looked_at) > 25


def shape(value: Any, path: str = "") -> set[str]:
    """Every key of nested objects: none may be there that the model does not know, and none may be missing."""
    if isinstance(value, dict):
        return {f"{path}.{name}" for name in value} | {
            part for name, item in value.items() for part in shape(item, f"{path}.{name}")
        }
    if isinstance(value, list):
        return {part for item in value for part in shape(item, f"{path}[]")}
    return set()


@pytest.mark.parametrize("role", ["analyst", "manager"])
def test_the_description_is_there_for_those_who_are_signed_in(app: FastAPI, role: str) -> None:
    assert signed_in(app, role).get("/api/v1/openapi.json").json() == openapi_document()
    assert TestClient(app, "http://127.0.0.1").get("/api/v1/openapi.json").status_code == 401
