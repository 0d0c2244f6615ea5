"""Asking over HTTP gives what the catalogue gives, to the last digit; unchanged answers cost nothing; files equal the screen."""

from __future__ import annotations

import csv
import gzip
import io
import threading
import time
from decimal import Decimal
from typing import Any

import pyarrow.parquet as pq
import pytest
import simplejson
from fastapi import FastAPI
from fastapi.testclient import TestClient
from python_calamine import CalamineWorkbook
from tests.api.conftest import RISKY, signed_in
from tests.support.shops import line, make_shop, order

from tillsight.api.app import create_app
from tillsight.api.keeping import Kept, KeptAnswers, kept
from tillsight.core.periods import GRAINS, NAMED_PERIODS
from tillsight.shop import Shop

QUERY = "/api/v1/metrics/query"
QUESTION: dict[str, Any] = {
    "metrics": ["revenue", "orders", "gross_margin_rate"],
    "by": ["country"],
    "from": "2025-01-01",
    "to": "2025-06-30",
    "compare": {"from": "2024-07-01", "to": "2024-12-31"},
    "sort": ["-revenue"],
}


def exact(text: str) -> Any:
    return simplejson.loads(text, use_decimal=True)


def test_an_answer_is_the_catalogues_to_the_last_digit(client: TestClient, shop: Shop) -> None:
    response = client.post(QUERY, json=QUESTION)
    data = exact(response.text)["data"]
    answer = shop.query(
        QUESTION["metrics"],
        by="country",
        start="2025-01-01",
        end="2025-06-30",
        compare=("2024-07-01", "2024-12-31"),
        sort="-revenue",
    )
    expected = answer.to_records()
    assert len(expected) == 4
    for got, row in zip(data["rows"], expected, strict=True):
        assert list(got) == list(row)
        for name, value in row.items():
            assert got[name] == (Decimal(repr(value)) if isinstance(value, float) else value), name
    assert isinstance(data["rows"][0]["revenue"], Decimal)
    assert data["totals"]["revenue"] == sum(row["revenue"] for row in expected)
    assert data["row_count"] == 4
    assert data["period"] == {"start": "2025-01-01", "end": "2025-06-30", "title": ""}
    assert data["compare_period"]["start"] == "2024-07-01"
    assert [column["kind"] for column in data["columns"][:5]] == [
        "dimension",
        "metric",
        "compare",
        "change",
        "change_rate",
    ]
    assert data["release"] == shop.releases.current_number()
    assert data["currency"] == "EUR"
    assert data["sources"] == list(answer.sources)


def test_an_address_and_a_body_ask_the_same(client: TestClient) -> None:
    by_address = client.get(
        QUERY,
        params={
            "metrics": "revenue,orders,gross_margin_rate",
            "by": "country",
            "from": "2025-01-01",
            "to": "2025-06-30",
            "compare": "2024-07-01..2024-12-31",
            "sort": "-revenue",
        },
    )
    assert exact(by_address.text)["data"] == exact(client.post(QUERY, json=QUESTION).text)["data"]


def test_filters_are_texts_or_objects(client: TestClient) -> None:
    def revenue(where: list[Any]) -> Any:
        rows = exact(client.post(QUERY, json={"metrics": ["revenue"], "where": where}).text)["data"]["rows"]
        return rows[0]["revenue"]

    one = revenue(["country=France"])
    assert one == revenue([{"dimension": "country", "values": ["France"]}])
    assert one + revenue(["country!=France"]) == revenue([])
    assert revenue([{"dimension": "weekday", "op": "in", "values": [0, 1]}]) > 0


def test_paging_says_where_it_is(client: TestClient) -> None:
    question = {"metrics": ["revenue"], "by": ["customer_id"], "sort": ["-revenue"]}
    whole = client.post(QUERY, json=question).json()
    assert whole["meta"]["total"] == len(whole["data"]["rows"])
    page = client.post(QUERY, json=question | {"limit": 5, "offset": 10}).json()
    assert page["data"]["rows"] == whole["data"]["rows"][10:15]
    assert {name: page["meta"][name] for name in ("page", "per_page", "total")} == {
        "page": 3,
        "per_page": 5,
        "total": whole["meta"]["total"],
    }


def test_an_answer_that_is_known_already_costs_nothing(
    app: FastAPI, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = signed_in(app, "admin")
    address = f"{QUERY}?metrics=revenue&by=channel"
    first = client.get(address)
    tag = first.headers["ETag"]
    assert first.headers["Cache-Control"] == "private, no-cache"
    engine = shop.releases.current().engine
    monkeypatch.setattr(engine, "run", lambda _expression: pytest.fail("the engine was asked again"))
    assert client.get(address).content == first.content
    again = client.get(address, headers={"If-None-Match": f'"other", {tag}'})
    assert again.status_code == 304
    assert again.content == b""
    assert again.headers["ETag"] == tag
    other = signed_in(app, "manager").get(address)
    assert other.content == first.content, "who may see the same rows shares the answer"
    monkeypatch.undo()
    assert client.get(f"{address}&limit=1", headers={"If-None-Match": tag}).status_code == 200


def test_a_new_release_is_answered_from_at_once(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.support.shops import land

    from tillsight.accounts import add_user

    day = "2025-01-01 10:00:00"
    tables = {"orders": [order("1", day)], "order_items": [line("1", "1", "A", 1, "10.00")]}
    with make_shop(tmp_path / "shop", tables) as shop:
        add_user(shop.database, "manager", "correct horse battery", "manager")
        client = signed_in(create_app(shop), "manager")
        first = client.get(f"{QUERY}?metrics=revenue")
        assert first.json()["data"]["rows"] == [{"revenue": 10.0}]
        more = {"orders": [order("2", day)], "order_items": [line("2", "1", "A", 1, "5.00")]}
        land(shop, more, file="more.csv")
        shop.build()
        second = client.get(f"{QUERY}?metrics=revenue", headers={"If-None-Match": first.headers["ETag"]})
        assert second.status_code == 200
        assert second.json()["data"]["rows"] == [{"revenue": 15.0}]


def test_large_answers_are_compressed(client: TestClient) -> None:
    address = f"{QUERY}?metrics=revenue,orders,units_sold&by=order_id"
    response = client.get(address, headers={"Accept-Encoding": "gzip"})
    assert response.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in response.headers["Vary"]
    plain = client.get(address, headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers
    assert response.json() == plain.json()
    assert response.headers["ETag"] == plain.headers["ETag"]


def labels(columns: list[dict[str, Any]], row: dict[str, Any]) -> list[Any]:
    """A row of an answer as a file shows it: the words of labelled values."""
    return [
        column["labels"][row[column["name"]]]
        if column["labels"] and row[column["name"]] is not None
        else row[column["name"]]
        for column in columns
    ]


@pytest.mark.parametrize(
    "question",
    [
        QUESTION,
        {"metrics": ["revenue", "units_sold"], "by": ["weekday", "product"], "period": "all"},
        {"metrics": ["net_sales"], "grain": "month", "period": "all"},
        {"metrics": ["revenue"], "by": ["customer_id"], "sort": ["-revenue"], "limit": 3, "offset": 2},
    ],
)
def test_files_hold_exactly_the_answer(client: TestClient, question: dict[str, Any]) -> None:
    data = exact(client.post(QUERY, json=question).text)["data"]
    names = [column["name"] for column in data["columns"]]
    rows = data["rows"]
    assert rows

    response = client.post(QUERY, json=question | {"format": "csv"})
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    header, *lines = csv.reader(io.StringIO(response.text, newline=""))
    assert header == names
    assert len(lines) == len(rows)
    for got, row in zip(lines, rows, strict=True):
        for text, value in zip(got, labels(data["columns"], row), strict=True):
            if value is None:
                assert text == ""
            elif isinstance(value, Decimal | int):
                assert Decimal(text) == value
            else:
                assert text == ("'" + value if value == RISKY else value)

    response = client.post(QUERY, json=question | {"format": "xlsx"})
    header, *lines = CalamineWorkbook.from_filelike(io.BytesIO(response.content)).get_sheet_by_index(0).to_python()
    assert header == names
    for got, row in zip(lines, rows, strict=True):
        for cell, value in zip(got, labels(data["columns"], row), strict=True):
            if value is None:
                assert cell == ""
            elif isinstance(value, Decimal | int):
                assert cell == pytest.approx(float(value), rel=1e-15)
            else:
                assert str(cell) == value

    response = client.post(QUERY, json=question | {"format": "parquet"})
    table = pq.read_table(io.BytesIO(response.content))
    assert table.column_names == names
    for got, row in zip(table.to_pylist(), rows, strict=True):
        for name, value in row.items():
            kept = got[name].isoformat() if hasattr(got[name], "isoformat") else got[name]
            assert (Decimal(repr(kept)) if isinstance(kept, float) else kept) == value


def test_files_are_named_after_what_is_inside(client: TestClient) -> None:
    address = f"{QUERY}?metrics=revenue&by=country&from=2025-01-01&to=2025-11-30&format=csv"
    response = client.get(address)
    name = "tillsight-revenue-by-country-2025-01-01-2025-11-30.csv"
    assert response.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    assert client.get(address, headers={"If-None-Match": response.headers["ETag"]}).status_code == 304


def test_explain_shows_where_a_number_comes_from(client: TestClient, shop: Shop) -> None:
    question = {"metrics": ["average_order_value"], "from": "2025-01-01", "to": "2025-03-31", "where": ["channel=web"]}
    data = exact(client.post("/api/v1/metrics/explain", json=question).text)["data"]
    value = exact(client.post(QUERY, json=question).text)["data"]["rows"][0]["average_order_value"]
    assert data["value"] == value
    parts = {step["name"]: step["value"] for step in data["steps"]}
    assert len(parts) == 2
    assert float(value) == pytest.approx(float(parts["revenue"]) / float(parts["orders"]))
    assert data["metric"]["name"] == "average_order_value"
    assert data["metric"]["available"] is True
    assert any("SELECT" in sql for sql in data["sql"])
    assert data["release"]["number"] == shop.releases.current_number()
    assert {"sales", "orders", "order_items"} <= {source["table"] for source in data["sources"]}
    assert data["checks"]
    assert data["freshness"]["data_to"] == "2025-10-25"


def test_the_rows_behind_a_number_come_in_pages_and_whole_as_a_file(client: TestClient) -> None:
    question = {"metrics": ["revenue"], "where": ["country=France"]}
    first = client.post("/api/v1/metrics/rows", json=question | {"page": 1, "per_page": 10}).json()
    second = client.post("/api/v1/metrics/rows", json=question | {"page": 2, "per_page": 10}).json()
    assert first["meta"]["total"] == second["meta"]["total"] == 50
    assert len(first["data"]["rows"]) == len(second["data"]["rows"]) == 10
    assert first["data"]["rows"] != second["data"]["rows"]
    text = client.post("/api/v1/metrics/rows", json=question | {"format": "csv"}).text
    assert len(list(csv.reader(io.StringIO(text, newline="")))) == 51


def test_metrics_and_dimensions_are_listed(client: TestClient, shop: Shop) -> None:
    metrics = {item["name"]: item for item in client.get("/api/v1/metrics").json()["data"]}
    assert list(metrics) == list(shop.catalogue.metrics)
    assert metrics["revenue"]["available"] is True
    assert metrics["marketing_spend"]["available"] is False
    assert metrics["marketing_spend"]["missing"] == ["Marketing spend"]
    detail = client.get("/api/v1/metrics/average_order_value").json()["data"]
    assert [item["name"] for item in detail["components"]] == ["revenue", "orders"]
    assert detail["sources"][0]["tables"] == ["orders", "order_items"]
    dimensions = {item["name"]: item for item in client.get("/api/v1/dimensions").json()["data"]}
    assert list(dimensions) == list(shop.catalogue.dimensions)
    assert dimensions["weekday"]["labels"][0] == "Monday"


def test_the_catalogue_is_there_before_the_first_build(empty_client: TestClient) -> None:
    metrics = {item["name"]: item for item in empty_client.get("/api/v1/metrics").json()["data"]}
    assert metrics["revenue"]["missing"] == ["Orders", "Order items"]
    assert empty_client.get("/api/v1/metrics/revenue").status_code == 200


def test_values_of_a_dimension_are_searched(client: TestClient) -> None:
    def values(name: str, **params: Any) -> list[dict[str, Any]]:
        return client.get(f"/api/v1/dimensions/{name}/values", params=params).json()["data"]

    assert {item["value"]: item["count"] for item in values("country")} == {
        "France": 25,
        "Germany": 25,
        RISKY: 25,
        None: 25,
    }
    assert [item["value"] for item in values("country", search="fran")] == ["France"]
    assert [item["value"] for item in values("product", search="lamp", limit=2)] == ["Lamp 0", "Lamp 1"]
    assert [item["value"] for item in values("weekday", search="tues")] == [1]
    assert all(item["count"] > 0 for item in values("hour"))
    assert len(values("cohort", search="2025-01")) == 1
    sold = client.post(QUERY, json={"metrics": ["units_sold"], "by": ["product"]}).json()["data"]["rows"]
    assert {item["value"]: item["count"] for item in values("product")} == {
        row["product"]: row["units_sold"] for row in sold
    }, "an order may have several products"


def test_every_named_period_is_a_question(client: TestClient) -> None:
    periods = {item["name"]: item for item in client.get("/api/v1/shop").json()["data"]["periods"]}
    assert list(periods) == list(NAMED_PERIODS)
    for name, period in periods.items():
        data = client.get(f"{QUERY}?metrics=revenue&period={name}").json()["data"]
        assert (data["period"]["start"], data["period"]["end"]) == (period["start"], period["end"])
        assert data["period"]["title"] == period["title"]


def test_the_shop_says_what_it_has_and_what_it_waits_for(client: TestClient) -> None:
    data = client.get("/api/v1/shop").json()["data"]
    assert data["name"] == "Lamps & more"
    assert data["today"] == data["release"]["data_to"] == "2025-10-25"
    assert data["grains"] == list(GRAINS)
    assert data["tables"]["orders"] == 100
    domains = {item["name"]: item for item in data["domains"]}
    assert len(domains) == 8
    assert domains["sales"] == {"name": "sales", "title": "Sales", "has_data": True, "waiting_for": []}
    assert domains["loyalty"]["has_data"] is False
    assert domains["loyalty"]["waiting_for"]
    checks = data["release"]["checks"]
    assert checks["total"] == checks["passed"] + checks["failed"] + checks["warned"] > 0


def test_a_shop_without_a_release_says_so(empty_client: TestClient) -> None:
    data = empty_client.get("/api/v1/shop").json()["data"]
    assert data["release"] is None
    assert not any(domain["has_data"] for domain in data["domains"])
    assert len(data["periods"]) == len(NAMED_PERIODS)


def test_dashboards_are_the_declared_ones(client: TestClient) -> None:
    boards = client.get("/api/v1/dashboards").json()["data"]
    assert "/sales" in [board["path"] for board in boards]
    for board in boards:
        detail = client.get(f"/api/v1/dashboards/{board['name']}").json()["data"]
        assert {name: detail[name] for name in board} == board
        assert detail["panels"]


def test_every_question_of_every_dashboard_has_an_answer(client: TestClient) -> None:
    view = {"period": "last_12_months", "compare": "previous"}
    asked = 0
    for board in client.get("/api/v1/dashboards").json()["data"]:
        for panel in client.get(f"/api/v1/dashboards/{board['name']}").json()["data"]["panels"]:
            if "analysis" in panel:
                response = client.post(f"/api/v1/analyses/{panel['analysis']}", json=view)
            else:
                grain = "month" if panel.get("grain") == "auto" else panel.get("grain")
                question = view | {"metrics": panel["metrics"], "by": panel.get("by", []), "grain": grain}
                response = client.post(QUERY, json=question)
            assert response.status_code == 200, (board["name"], panel["id"], response.text)
            asked += 1
    assert asked > 10


def test_analyses_are_listed_run_and_downloaded(client: TestClient) -> None:
    analyses = client.get("/api/v1/analyses").json()["data"]
    assert analyses
    for analysis in analyses:
        address = f"/api/v1/analyses/{analysis['name']}"
        asked = {"period": "last_12_months"}
        if analysis["name"] == "goals.path":
            continue  # of a goal, and there is none
        if analysis["name"] == "customers.profile":
            asked["customer"] = "C-01"
        if analysis["name"] == "returns.effect":
            asked |= {"product": "P-001", "measure": "Size guide", "done_on": "2026-01-31"}
        answer = client.post(address, json=asked)
        assert answer.status_code == 200, answer.text
        data = answer.json()["data"]
        assert data["sentences"] or data["rows"] or data["columns"]
        assert client.post(address, json=asked | {"format": "csv"}).text.count("\n") >= 1
        wrong = client.post(address, json={"colour": "red"})
        assert wrong.json()["error"]["code"] == "VALIDATION_ERROR"


def test_the_sales_endpoints_say_what_the_catalogue_says(client: TestClient) -> None:
    days = {"from": "2025-01-01", "to": "2025-06-30"}

    def rows(path: str, **params: Any) -> list[dict[str, Any]]:
        response = client.get(f"/api/v1/sales/{path}", params=days | params)
        assert response.status_code == 200, response.text
        return exact(response.text)["data"]["rows"]

    def asked(**question: Any) -> list[dict[str, Any]]:
        return exact(client.post(QUERY, json=days | question).text)["data"]["rows"]

    (summary,) = rows("summary")
    whole = asked(metrics=["revenue", "orders", "net_sales"])[0]
    assert {name: summary[name] for name in whole} == whole
    assert [row["revenue"] for row in rows("trends", grain="month")] == [
        row["revenue"] for row in asked(metrics=["revenue"], grain="month")
    ]
    for path, by in (
        ("products", ["product_id", "product"]),
        ("customers", ["customer_id"]),
        ("channels", ["channel"]),
    ):
        best = asked(metrics=["revenue"], by=by, sort=["-revenue"])
        assert [row["revenue"] for row in rows(path)] == [row["revenue"] for row in best][:50]
    second = client.get(
        "/api/v1/sales/customers", params=days | {"page": 2, "per_page": 4, "sort": "customer_id"}
    ).json()
    assert second["meta"]["page"] == 2
    assert [row["customer_id"] for row in second["data"]["rows"]] == ["C-05", "C-06", "C-07", "C-08"]
    assert {row["device_type"] for row in rows("channels", by="device_type")} == {None}


def test_search_finds_pages_metrics_products_customers_and_orders(client: TestClient) -> None:
    def hits(text: str) -> list[dict[str, Any]]:
        return client.get("/api/v1/search", params={"q": text}).json()["data"]

    assert ("page", "/sales") in {(hit["kind"], hit["path"]) for hit in hits("sales")}
    assert hits("average order value")[0]["path"] == "/explore?metrics=average_order_value"
    assert {
        "kind": "product",
        "title": "Lamp 3",
        "subtitle": "P-3",
        "path": "/sales/products?where=product_id=P-3",
    } in hits("lamp 3")
    assert [hit["title"] for hit in hits("c-07") if hit["kind"] == "customer"] == ["C-07"]
    assert [hit["title"] for hit in hits("O-042") if hit["kind"] == "order"] == ["O-042"]
    assert hits("nothing of that name") == []
    assert hits("   ") == []


def test_search_works_before_the_first_build(empty_client: TestClient) -> None:
    kinds = {hit["kind"] for hit in empty_client.get("/api/v1/search?q=sales").json()["data"]}
    assert kinds == {"page", "metric"}


def test_kept_answers_have_their_memory_and_the_unused_go_first() -> None:
    answers = KeptAnswers(4_000)
    made: list[str] = []

    def ask(key: str) -> Kept:
        def make() -> Kept:
            made.append(key)
            return Kept(key.encode() * 900, None, "text/plain")

        return answers.get(key, make)

    for key in "abcd":
        ask(key)
    ask("a")
    ask("e")
    assert made == list("abcde")
    ask("a")
    assert made == list("abcde"), "used a moment ago"
    ask("b")
    assert made == list("abcdeb")
    nothing = KeptAnswers(0)
    assert nothing.get("x", lambda: kept(b"x", "text/plain")).plain == b"x"


def test_a_question_that_is_being_answered_is_not_answered_twice() -> None:
    answers, made, got = KeptAnswers(1_000_000), [], []

    def make() -> Kept:
        made.append(1)
        time.sleep(0.2)
        return kept(b"x" * 2_000, "text/plain")

    threads = [threading.Thread(target=lambda: got.append(answers.get("key", make))) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
    assert len({id(one) for one in got}) == 1
    assert gzip.decompress(got[0].zipped or b"") == got[0].plain


def test_a_failure_is_not_kept() -> None:
    answers = KeptAnswers(1_000)

    def fail() -> Kept:
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011
        answers.get("key", fail)
    assert answers.get("key", lambda: kept(b"x", "text/plain")).plain == b"x"
