"""Returns over HTTP: the response of 002 in its own spelling, and who may have it."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from tests.api.conftest import ADDRESS, PASSWORD, signed_in
from tests.domains.returns.test_breakdown import shop_of

from tillsight.accounts import add_user
from tillsight.api.app import create_app

MAY = {"from": "2024-05-01", "to": "2024-05-31"}


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    with shop_of(tmp_path, 4, 60, 40) as shop:
        add_user(shop.database, "analyst", PASSWORD, "analyst")
        add_user(shop.database, "manager", PASSWORD, "manager")
        yield signed_in(create_app(shop), "analyst")


@pytest.mark.feature("RET-07")
def test_the_response_of_002_field_by_field(client: TestClient) -> None:
    data = client.get("/api/v1/returns/breakdown", params=MAY).json()["data"]
    assert {name: data[name] for name in list(data)[:7]} == {
        "totalReturns": 100,
        "totalReturnValue": 15000,
        "returnRate": 2500,
        "damagedReturnRate": 1500,
        "supplierReturnRate": 1000,
        "hasReturnsWithoutSales": True,
        "returnsByReason": [
            {"reason": "Damaged Stock", "count": 60, "value": 9000, "percentage": 60},
            {"reason": "Returns to Supplier", "count": 40, "value": 6000, "percentage": 40},
        ],
    }
    assert data["returnsByItem"][0]["returned"] == 100
    assert data["highReturnRate"] is True
    raised = client.get("/api/v1/returns/breakdown", params={**MAY, "threshold": 3000}).json()["data"]
    assert raised["highReturnRate"] is False


@pytest.mark.feature("RET-07")
def test_the_dashboard_of_002(client: TestClient) -> None:
    data = client.get("/api/v1/returns/dashboard", params=MAY).json()["data"]
    assert data == {
        "returnRate": 2500,
        "damagedReturnRate": 1500,
        "supplierReturnRate": 1000,
        "totalReturns": 100,
        "returnValue": 15000,
    }


@pytest.mark.feature("RET-07")
def test_figures_as_files(client: TestClient) -> None:
    def rows(place: str, **more: str) -> list[dict[str, str]]:
        answer = client.get(f"/api/v1/returns/{place}", params={**MAY, "format": "csv", **more})
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/csv; charset=utf-8")
        return list(csv.DictReader(answer.text.removeprefix("\ufeff").splitlines()))

    [item] = rows("breakdown")
    assert (item["item"], item["name"]) == ("P", "Lamp")
    assert [float(item[name]) for name in ("sold", "returned", "rate", "damagedReturnRate")] == [
        4, 100, 2500, 1500,
    ]  # fmt: skip
    assert (item["returned"], item["value"]) == ("100", "15000.00"), "as many places as there are"
    reasons = rows("breakdown", table="reasons")
    assert [(row["reason"], float(row["count"]), float(row["return_rate"])) for row in reasons] == [
        ("Damaged Stock", 60, 1500), ("Returns to Supplier", 40, 1000), ("Total", 100, 2500),
    ]  # fmt: skip
    [figures] = rows("dashboard")
    assert [float(value) for value in figures.values()] == [2500, 1500, 1000, 100, 15000]
    told = {
        (row["section"], row["item"], row["figure"]): row["value"] for row in rows("reports/analysis", report="daily")
    }
    assert float(told["figures", "", "Returned units"]) == 100
    for place in ("summary", "trends", "reasons", "products"):
        assert rows(place)
    for how, begins in (("xlsx", b"PK"), ("parquet", b"PAR1")):
        assert client.get("/api/v1/returns/breakdown", params={**MAY, "format": how}).content.startswith(begins)
    assert client.get("/api/v1/returns/breakdown", params={**MAY, "format": "pdf"}).status_code == 422


def test_the_figures_of_001_are_those_of_the_catalogue(client: TestClient) -> None:
    summary = client.get("/api/v1/returns/summary", params=MAY).json()["data"]["rows"][0]
    assert (summary["returns"], summary["returned_units"], summary["return_rate"]) == (2, 100, 2500)
    [product] = client.get("/api/v1/returns/products", params=MAY).json()["data"]["rows"]
    assert (product["product"], product["return_rate"]) == ("Lamp", 2500)
    assert client.get("/api/v1/returns/reasons", params=MAY).json()["data"]["row_count"] == 1
    months = client.get("/api/v1/returns/trends", params={**MAY, "grain": "month"}).json()["data"]["rows"]
    assert [row["returned_units"] for row in months] == [100]


@pytest.mark.feature("RET-14")
@pytest.mark.parametrize("report", ["daily", "weekly", "monthly", "quality", "prevention"])
def test_each_report_over_http(client: TestClient, report: str) -> None:
    data = client.get("/api/v1/returns/reports/analysis", params={**MAY, "report": report, "target": 90}).json()["data"]
    assert (data["report"], data["period"]) == (report, {"start": "2024-05-01", "end": "2024-05-31"})
    assert "2500.0%, above the target of 90%" in data["sentences"][0]["text"]
    for section in data["sections"]:
        names = {column["name"] for column in section["columns"]}
        assert all(set(row) == names for row in section["rows"]), section["name"]
    assert len({section["name"] for section in data["sections"]}) == len(data["sections"]) >= 4
    refused = client.get("/api/v1/returns/reports/analysis", params={"report": "yearly"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "VALIDATION_ERROR")


@pytest.mark.feature("RET-13")
def test_what_was_done_is_written_down_measured_and_taken_back(client: TestClient) -> None:
    wanted = {"product": "Lamp", "measure": "Packaging", "done_on": "2024-05-10", "note": "thicker boxes"}
    place = "/api/v1/returns/prevention"
    assert client.post(place, json=wanted).status_code == 403, "an analyst looks"
    manager = signed_in(client.app, "manager")
    made = manager.post(place, json=wanted)
    assert made.status_code == 201
    kept = made.json()["data"]
    assert {name: kept[name] for name in wanted} == wanted
    assert kept["said_by"] == "manager"
    assert manager.post(place, json=wanted).json()["error"]["code"] == "CONFLICT"
    unknown = manager.post(place, json=wanted | {"measure": "Prayer"})
    assert (unknown.status_code, "Size guide" in unknown.json()["error"]["message"]) == (422, True)
    assert [one["id"] for one in client.get(place).json()["data"]] == [kept["id"]]
    effect = client.get(f"{place}/{kept['id']}/effect").json()["data"]
    assert (effect["state"], effect["change"], effect["rows"]) == ("not enough data yet", None, [])
    assert "can be measured from 23 Jun 2024 on" in effect["text"], "14 days of sales, and 30 for their returns"
    measures = {one["value"]: one["cures"] for one in client.get("/api/v1/returns/desk").json()["data"]["measures"]}
    assert measures["Packaging"] == ["Damaged on arrival", "Package damaged"]
    assert client.delete(f"{place}/{kept['id']}").status_code == 403
    assert manager.delete(f"{place}/{kept['id']}").json()["data"] == kept
    assert client.get(place).json()["data"] == []
    assert manager.get(f"{place}/{kept['id']}/effect").status_code == 404


def test_nobody_asks_without_signing_in(client: TestClient) -> None:
    stranger = TestClient(client.app, ADDRESS)
    for name in (
        "breakdown",
        "dashboard",
        "summary",
        "trends",
        "reasons",
        "products",
        "reports/analysis",
        "prevention",
    ):
        assert stranger.get(f"/api/v1/returns/{name}").status_code == 401
