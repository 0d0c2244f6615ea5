"""The reports of sales over HTTP: their sections say what the catalogue says, and a file has a row for each figure."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tillsight.shop import Shop

REPORTS = "/api/v1/sales/reports"


def sections(client: TestClient, report: str, **params: Any) -> dict[str, dict[str, Any]]:
    """The sections of a report by name."""
    response = client.get(f"{REPORTS}/{report}", params=params)
    assert response.status_code == 200, response.text
    data = response.json()["data"]
    assert data["report"] == report
    return {section["name"]: section for section in data["sections"]}


@pytest.mark.feature("SAL-11")
def test_a_day_against_the_day_and_the_week_before(client: TestClient, shop: Shop) -> None:
    """An order comes every third day: on 6 June 2025 there is one, on 7 June none."""
    found = sections(client, "daily", day="2025-06-07")
    figures = {row["metric"]: row for row in found["figures"]["rows"]}
    revenue = float(shop.query("revenue", start="2025-06-07", end="2025-06-07").to_records()[0]["revenue"])
    assert revenue == 0
    assert figures["revenue"]["value"] == revenue
    busy = sections(client, "daily", day="2025-06-06")
    figures = {row["metric"]: row for row in busy["figures"]["rows"]}
    day, before = (
        shop.query(["revenue", "orders"], start=day, end=day).to_records()[0] for day in ("2025-06-06", "2025-05-30")
    )
    assert figures["orders"]["value"] == day["orders"]
    assert figures["revenue"]["value"] == pytest.approx(float(day["revenue"]))
    assert figures["revenue"]["week_before"] == pytest.approx(float(before["revenue"]))
    assert figures["revenue"]["day_before"] == 0
    assert figures["revenue"]["day_before_change"] is None
    best = shop.query("revenue", by="product", start="2025-06-06", end="2025-06-06", sort="-revenue", limit=10)
    assert [row["product"] for row in busy["top_products"]["rows"]] == best.table["product"].to_pylist()
    assert sum(row["revenue"] for row in busy["channels"]["rows"]) == pytest.approx(float(day["revenue"]))


@pytest.mark.feature("SAL-11")
def test_a_week_begins_on_its_monday_and_is_held_against_the_week_and_the_year_before(
    client: TestClient, shop: Shop
) -> None:
    response = client.get(f"{REPORTS}/weekly", params={"week": "2025-06-05"})
    assert response.json()["data"]["period"] == {"start": "2025-06-02", "end": "2025-06-08"}
    found = sections(client, "weekly", week="2025-06-05")
    assert {"figures", "days", "categories", "channels", "customers", "insights"} <= set(found)
    figures = {row["metric"]: row for row in found["figures"]["rows"]}
    now = shop.query("orders", start="2025-06-02", end="2025-06-08").to_records()[0]["orders"]
    then = shop.query("orders", start="2025-05-26", end="2025-06-01").to_records()[0]["orders"]
    assert (figures["orders"]["value"], figures["orders"]["week_before"]) == (now, then)
    # a year before there were no data: unknown, not zero
    assert figures["orders"]["year_before"] is None
    assert len(found["days"]["rows"]) == 7


@pytest.mark.feature("SAL-11")
def test_a_month_with_its_mix_its_cohorts_and_its_forecast(client: TestClient, shop: Shop) -> None:
    found = sections(client, "monthly", month="2025-08")
    mix = {row["category"]: row for row in found["mix"]["rows"]}
    assert sum(row["share"] for row in mix.values()) == pytest.approx(100)
    revenue = {
        row["category"]: float(row["revenue"])
        for row in shop.query("revenue", by="category", start="2025-08-01", end="2025-08-31").to_records()
    }
    whole = sum(revenue.values())
    for category, row in mix.items():
        assert row["share"] == pytest.approx(100 * revenue[category] / whole)
        assert row["moved"] == pytest.approx(row["share"] - row["share_before"])
    forecast = found["forecast"]["rows"]
    assert [row["day"] for row in forecast] == [f"2025-08-{day:02}" for day in range(1, 32)]
    actual = shop.query("revenue", start="2025-08-01", end="2025-08-31").to_records()[0]["revenue"]
    assert sum(row["actual"] for row in forecast) == pytest.approx(float(actual), abs=0.2)
    assert all(row["lower"] <= row["forecast"] <= row["upper"] for row in forecast)
    # what the forecast knew ends with July: the same question that is asked in July
    july = shop.analyse("sales.forecast", end="2025-07-31", horizon=31, history=7).to_records()[-31:]
    assert [row["forecast"] for row in forecast] == [float(row["forecast"]) for row in july]
    assert "cohorts" in found


@pytest.mark.feature("SAL-11")
def test_the_best_and_the_worst_products(client: TestClient, shop: Shop) -> None:
    found = sections(client, "products", **{"from": "2025-03-01", "to": "2025-05-31"})
    top = [row["revenue"] for row in found["top"]["rows"]]
    assert top == sorted(top, reverse=True)
    bottom = [row["revenue"] for row in found["bottom"]["rows"]]
    assert bottom == sorted(bottom)
    assert found["discontinued"]["rows"] == []


@pytest.mark.feature("SAL-11")
def test_a_file_has_a_row_for_each_figure(client: TestClient) -> None:
    response = client.get(f"{REPORTS}/daily", params={"day": "2025-06-06", "format": "csv"})
    rows = list(csv.DictReader(io.StringIO(response.text.removeprefix("\ufeff"))))
    assert {row["section"] for row in rows} == {"figures", "top_products", "channels", "insights"}
    found = sections(client, "daily", day="2025-06-06")
    orders = next(row for row in found["figures"]["rows"] if row["metric"] == "orders")["value"]
    (cell,) = [row for row in rows if row["item"].startswith("orders · ") and row["figure"] == "Value"]
    assert float(cell["value"]) == orders


@pytest.mark.parametrize(
    ("address", "words"),
    [("daily?day=yesterday", "day"), ("monthly?month=2025-13", "month"), ("monthly?colour=red", "colour")],
)
def test_what_is_no_day_or_month_is_refused(client: TestClient, address: str, words: str) -> None:
    response = client.get(f"{REPORTS}/{address}")
    assert response.status_code == 422
    assert words in response.text
