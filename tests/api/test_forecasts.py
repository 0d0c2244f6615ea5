"""Forecasts and the value of customers over HTTP: what the analyses say, to whom, in which form."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import update
from tests.api.conftest import PASSWORD, signed_in

from tillsight.accounts import add_user
from tillsight.database import User
from tillsight.metrics.answer import Answer
from tillsight.shop import Shop


def plain(answer: Answer) -> list[dict[str, Any]]:
    """The rows of an answer as JSON has them."""
    rows: list[dict[str, Any]] = answer.to_dict()["rows"]
    return [{name: float(cell) if isinstance(cell, Decimal) else cell for name, cell in row.items()} for row in rows]


FORECAST = "/api/v1/sales/forecast"
VALUE = "/api/v1/customers/value"


@pytest.mark.feature("SAL-09")
def test_the_forecast_is_that_of_the_analysis(client: TestClient, shop: Shop) -> None:
    response = client.get(FORECAST, params={"horizon": 7, "history": 14, "metric": "units_sold"})
    assert response.status_code == 200, response.text
    data = response.json()["data"]
    answer = shop.analyse("sales.forecast", horizon=7, history=14, metric="units_sold")
    assert data["rows"] == plain(answer)
    assert data["totals"] == answer.totals
    assert [column["name"] for column in data["columns"]] == [
        "day", "actual", "forecast", "lower", "upper", "tried", "model",
    ]  # fmt: skip
    assert sum(row["forecast"] is not None for row in data["rows"]) == 7
    assert data["sentences"][0]["text"].startswith("Units sold from ")
    told = client.post(
        "/api/v1/analyses/sales.forecast", json={"horizon": 7, "history": 14, "metric": "units_sold"}
    ).json()
    assert told["data"]["rows"] == data["rows"]
    table = client.get(FORECAST, params={"horizon": 7, "history": 14, "metric": "units_sold", "format": "csv"})
    lines = list(csv.reader(io.StringIO(table.text.removeprefix("\ufeff"))))
    assert len(lines) == len(data["rows"]) + 1


@pytest.mark.parametrize(
    ("asked", "code", "words"),
    [
        ({"metric": "average_order_value"}, 422, "does not sum over days"),
        ({"metric": "no_such"}, 404, "no metric 'no_such'"),
        ({"horizon": 0}, 422, "horizon"),
        ({"country": "ZZ"}, 422, "Holidays of 'ZZ'"),
        ({"by": "nothing"}, 404, "nothing"),
        ({"scenario": "middling"}, 422, "scenario"),
    ],
)
def test_what_cannot_be_forecast_is_said(client: TestClient, asked: dict[str, object], code: int, words: str) -> None:
    response = client.get(FORECAST, params=asked)  # type: ignore[arg-type]
    assert response.status_code == code
    assert words in response.json()["error"]["message"] + str(response.json()["error"]["details"])


@pytest.mark.feature("CUS-09")
def test_customers_with_what_is_expected_of_them(client: TestClient, shop: Shop) -> None:
    data = client.get(VALUE, params={"horizon": 90, "limit": 5}).json()["data"]
    answer = shop.analyse("customers.value", horizon=90, limit=5)
    assert data["rows"] == plain(answer)
    assert len(data["rows"]) == 5
    assert data["row_count"] == answer.row_count > 5
    assert data["totals"]["clv"] == pytest.approx(answer.totals["clv"] if answer.totals else None)
    holdout = client.get(f"{VALUE}/holdout", params={"days": 30}).json()["data"]
    assert holdout["rows"] == plain(shop.analyse("customers.value_holdout", days=30))


def test_a_limited_user_sees_what_is_open_to_him(app: FastAPI, shop: Shop) -> None:
    add_user(shop.database, "seller", PASSWORD, "limited")
    with shop.database.write() as session:
        session.execute(update(User).where(User.name == "seller").values(modules=["sales"]))
    limited = signed_in(app, "seller")
    assert limited.get(FORECAST, params={"horizon": 7}).status_code == 200
    refused = limited.get(VALUE)
    assert refused.status_code == 403
    assert "module customers" in refused.json()["error"]["message"]
