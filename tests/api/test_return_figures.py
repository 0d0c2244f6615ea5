"""Returns over HTTP: the response of 002 in its own spelling, and who may have it."""

from __future__ import annotations

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


def test_the_figures_of_001_are_those_of_the_catalogue(client: TestClient) -> None:
    summary = client.get("/api/v1/returns/summary", params=MAY).json()["data"]["rows"][0]
    assert (summary["returns"], summary["returned_units"], summary["return_rate"]) == (2, 100, 2500)
    [product] = client.get("/api/v1/returns/products", params=MAY).json()["data"]["rows"]
    assert (product["product"], product["return_rate"]) == ("Lamp", 2500)
    assert client.get("/api/v1/returns/reasons", params=MAY).json()["data"]["row_count"] == 1
    months = client.get("/api/v1/returns/trends", params={**MAY, "grain": "month"}).json()["data"]["rows"]
    assert [row["returned_units"] for row in months] == [100]


def test_nobody_asks_without_signing_in(client: TestClient) -> None:
    stranger = TestClient(client.app, ADDRESS)
    for name in ("breakdown", "dashboard", "summary", "trends", "reasons", "products"):
        assert stranger.get(f"/api/v1/returns/{name}").status_code == 401
