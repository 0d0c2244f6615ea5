"""Golden case 15: a Limited user through every way out of the shop. What he gets is what the same question with his bounds
gives, and nothing of the rest is to be found in any answer; persons are masked for those who need not see them."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

import pyarrow.parquet as pq
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx import Response
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from python_calamine import CalamineWorkbook
from sqlalchemy import update
from tests.api.conftest import PASSWORD, signed_in
from tests.support.shops import line, make_shop, order

from tillsight.accounts import add_user, passwords
from tillsight.api.access import Allow, doors
from tillsight.api.app import create_app
from tillsight.core.errors import NotAllowedError
from tillsight.core.scope import Scope
from tillsight.database import User
from tillsight.metrics.masking import HIDDEN
from tillsight.metrics.permission import may_ask
from tillsight.shop import DOMAINS, Shop

pytestmark = pytest.mark.feature("PLT-04")

SECRET = "Hidden"
"""Stands in every name and number that belongs to rows which the Limited user may not see."""
MAIL = "jane.doe@mail.example"
QUERY = "/api/v1/metrics/query"
TOGETHER = 12
"""So many metrics are asked for in one question."""
FORMATS = ("json", "csv", "xlsx", "parquet")


def rows() -> dict[str, list[dict[str, Any]]]:
    orders, lines, customers, refunds = [], [], [], []
    for index in range(40):
        web = index % 2 == 0
        tag = "Open" if web else SECRET
        number = f"{tag}-{index}"
        orders.append(
            order(
                number,
                f"2025-0{index % 9 + 1}-15 10:00:00",
                channel="web" if web else f"{SECRET} store",
                country="France" if web else SECRET,
                customer_id=None if index % 8 == 0 else MAIL if index % 8 == 2 else f"C-{tag}-{index % 5}",
                email=f"guest{index}@mail.example" if index % 8 == 0 else None,
            )
        )
        lines.append(line(number, "1", f"P-{tag}", 1, "10.00" if web else "70131.00"))
        if index % 3 == 0:
            at = f"2025-0{index % 9 + 1}-20 10:00:00"
            back = {"order_id": number, "reason": f"{tag} reason", "channel": "web" if web else f"{SECRET} store"}
            money = {"amount": "5.00" if web else "70131.00", "tax_amount": "0", "currency": "EUR", "kind": "goods"}
            refunds.append(
                back
                | money
                | {
                    "refund_id": f"F-{tag}-{index}",
                    "line_id": "1",
                    "refunded_at": at,
                    "product_id": f"P-{tag}",
                    "quantity": 1,
                }
            )
    for customer in sorted({one["customer_id"] for one in orders if one["customer_id"]}):
        tag = SECRET if SECRET in customer else "Open"
        customers.append(
            {
                "customer_id": customer,
                "first_name": f"Zebedee {tag}",
                "last_name": f"Quill {tag}",
                "email": f"{customer.split('@')[0].lower()}@private.example",
                "phone": "+44 20 7946 0958",
                "city": tag,
            }
        )
    products = [{"product_id": f"P-{tag}", "product_name": f"Lamp {tag}", "category": tag} for tag in ("Open", SECRET)]
    return {"orders": orders, "order_items": lines, "products": products, "customers": customers, "refunds": refunds}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_HASHER", PasswordHash((Argon2Hasher(1, 1024, 1),)))
        shop = make_shop(tmp_path_factory.mktemp("limited") / "shop", rows(), accounts={"sign_ins_per_minute": 0})
        for name, role in (
            ("lim", "limited"),
            ("empty", "limited"),
            ("customers", "limited"),
            ("wide", "limited"),
            ("ana", "analyst"),
            ("boss", "admin"),
        ):
            add_user(shop.database, name, PASSWORD, role)  # type: ignore[arg-type]
        with shop.database.write() as session:
            change = update(User)
            session.execute(change.where(User.name == "lim").values(modules=["sales"], rows={"channel": ["web"]}))
            session.execute(change.where(User.name == "customers").values(modules=["customers"]))
            session.execute(change.where(User.name == "wide").values(modules=list(DOMAINS), rows={"channel": ["web"]}))
    yield shop
    shop.close()


@pytest.fixture
def app(made: Shop, monkeypatch: pytest.MonkeyPatch) -> FastAPI:
    monkeypatch.setattr(passwords, "_HASHER", PasswordHash((Argon2Hasher(1, 1024, 1),)))
    return create_app(made)


@pytest.fixture
def limited(app: FastAPI) -> TestClient:
    return signed_in(app, "lim")


SALES_ANALYSES = ("abc", "movers", "margins", "together", "life_cycle", "new_products", "since_launch", "map")


def everything_out(client: TestClient, formats: tuple[str, ...] = FORMATS) -> Iterator[tuple[str, bytes]]:
    """Every way in which data can leave, each with what came out, as bytes that can be searched."""
    question: dict[str, Any] = {"metrics": ["revenue", "orders"], "by": ["product", "country", "order_id"]}
    addresses = [
        "/api/v1/shop", "/api/v1/metrics", "/api/v1/metrics/revenue", "/api/v1/dimensions", "/api/v1/dashboards",
        "/api/v1/dashboards/sales", "/api/v1/dashboards/overview", "/api/v1/analyses", f"/api/v1/search?q={SECRET}",
        "/api/v1/search?q=Lamp", "/api/v1/search?q=P-", f"{QUERY}?metrics=revenue&by=channel&others=true&limit=1",
        f"{QUERY}?metrics=revenue&by=category&grain=month&compare=previous&from=2025-02-01&to=2025-03-31",
        f"{QUERY}?metrics=revenue&where=channel!=web", f"{QUERY}?metrics=revenue&where=channel={SECRET} store&by=order_id",
        f"{QUERY}?metrics=product_contribution&by=category", "/api/v1/sales/summary", "/api/v1/sales/trends",
        "/api/v1/sales/products", "/api/v1/sales/customers", "/api/v1/sales/channels",
        *(f"/api/v1/sales/reports/{name}" for name in ("daily", "weekly", "monthly", "products")),
    ]  # fmt: skip
    dimensions = ("channel", "country", "product", "product_id", "category", "order_id", "customer_id", "weekday")
    addresses += [f"/api/v1/dimensions/{name}/values" for name in dimensions]
    addresses += [f"/api/v1/dimensions/country/values?search={SECRET}"]
    for address in addresses:
        response = client.get(address)
        assert response.status_code == 200, (address, response.text)
        yield address, said(response)
    for how in formats:
        body = question | {"format": how}
        for address, asked in (
            (QUERY, body),
            ("/api/v1/metrics/rows", {"metrics": ["revenue"], "format": how}),
            ("/api/v1/analyses/sales.headline", {"from": "2025-05-01", "to": "2025-09-30", "format": how}),
            ("/api/v1/analyses/sales.insights", {"format": how}),
            *((f"/api/v1/analyses/sales.{name}", {"format": how}) for name in SALES_ANALYSES),
        ):
            response = client.post(address, json=asked)
            assert response.status_code == 200, (address, response.text)
            yield f"{address} as {how}", readable(said(response), how)
        reports = ("daily", "weekly", "monthly", "products")
        for address in (
            "summary",
            "trends",
            "products",
            "customers",
            "channels",
            *(f"reports/{name}" for name in reports),
        ):
            response = client.get(f"/api/v1/sales/{address}?format={how}")
            assert response.status_code == 200, (address, response.text)
            yield f"{address} as {how}", readable(said(response), how)
    explained = client.post("/api/v1/metrics/explain", json={"metrics": ["revenue"]})
    assert explained.status_code == 200
    yield "explain", said(explained)


def said(response: Response) -> bytes:
    """What an answer says, without the moments at which it was made: their fractions of a second are any digits."""
    return re.sub(rb"(T\d\d:\d\d:\d\d)\.\d+", rb"\1", response.content)


def readable(content: bytes, how: str) -> bytes:
    if how == "xlsx":
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        return json.dumps([book.get_sheet_by_name(name).to_python() for name in book.sheet_names], default=str).encode()
    if how == "parquet":
        return json.dumps(pq.read_table(io.BytesIO(content)).to_pylist(), default=str).encode()
    return content


def test_nothing_of_other_rows_leaves_by_any_way(limited: TestClient) -> None:
    seen = dict(everything_out(limited))
    assert len(seen) > 60
    for way, content in seen.items():
        text = (
            content.decode(errors="replace").replace(f"{SECRET} store", "")
            if f"={SECRET} store" in way
            else content.decode(errors="replace")
        )
        assert SECRET not in text, f"{way} tells of rows that are not open to him"
        assert "70131" not in text, way


def test_the_same_ways_tell_the_administrator_of_every_row(app: FastAPI) -> None:
    seen = dict(everything_out(signed_in(app, "boss"), ("json", "csv")))
    tell = [
        way
        for way, content in seen.items()
        if SECRET.encode() in content or b"70131" in content or b"1402620" in content
    ]
    assert len(tell) > 30, "the searched-for text is really there to be found"


def test_a_bounded_figure_is_that_of_the_same_question_with_the_bound(made: Shop, limited: TestClient) -> None:
    for body in (
        {"metrics": ["revenue", "orders", "average_order_value"]},
        {"metrics": ["revenue"], "by": ["product"], "sort": ["product"]},
        {"metrics": ["orders", "revenue"], "grain": "month", "from": "2025-01-01", "to": "2025-09-30"},
    ):
        got = limited.post(QUERY, json=body).json()["data"]
        asked = {"metrics": body["metrics"], "by": body.get("by", ()), "grain": body.get("grain")}
        span = {"start": body.get("from"), "end": body.get("to"), "sort": body.get("sort", ())}
        bound = made.query(**asked, **span, where="channel=web")
        assert json.loads(json.dumps(got["rows"])) == json.loads(json.dumps(bound.to_dict()["rows"], default=float))
    rows = limited.post("/api/v1/metrics/rows", json={"metrics": ["revenue"], "per_page": 100}).json()
    assert rows["meta"]["total"] == 20


def test_a_csv_of_a_limited_user_is_his_screen_row_for_row(limited: TestClient) -> None:
    body = {"metrics": ["revenue"], "by": ["order_id"], "sort": ["order_id"]}
    screen = limited.post(QUERY, json=body).json()["data"]["rows"]
    text = limited.post(QUERY, json=body | {"format": "csv"}).text
    file = list(csv.reader(io.StringIO(text.lstrip("\ufeff"))))
    assert [row[0] for row in file[1:]] == [row["order_id"] for row in screen]
    assert len(screen) == 20


def every_cut(made: Shop) -> Iterator[tuple[list[str], list[str]]]:
    """Every metric by nothing and by everything that finds persons, products and orders; metrics of one cut together."""
    cuts: dict[tuple[str, ...], list[str]] = {}
    for metric in made.catalogue.metrics.values():
        if not metric.requires and metric.total != "share of parent":
            cuts.setdefault((), []).append(metric.name)
        for name in ("customer_id", "order_id", "channel"):
            if name in made.catalogue.dimensions_of(metric):
                cuts.setdefault((*metric.requires, name), []).append(metric.name)
    for by, metrics in cuts.items():
        for first in range(0, len(metrics), TOGETHER):
            yield metrics[first : first + TOGETHER], list(by)


def every_question(client: TestClient, made: Shop) -> Iterator[tuple[str, bytes]]:
    """Every metric by every cut, with its rows; and every analysis."""
    for together, by in every_cut(made):
        answer = client.post(QUERY, json={"metrics": together, "by": by, "limit": 100})
        yield f"{together} by {by}", said(answer)
        if answer.status_code != 200:  # one of them is closed to him: the others by themselves
            for name in together:
                yield f"{name} by {by}", said(client.post(QUERY, json={"metrics": [name], "by": by, "limit": 100}))
    for metric in made.catalogue.metrics.values():
        yield (
            f"rows of {metric.name}",
            said(client.post("/api/v1/metrics/rows", json={"metrics": [metric.name], "per_page": 100})),
        )
        yield (
            f"{metric.name} explained",
            said(client.post("/api/v1/metrics/explain", json={"metrics": [metric.name]})),
        )
    for analysis in made.catalogue.analyses.values():
        response = client.post(f"/api/v1/analyses/{analysis.name}", json={})
        assert response.status_code in (200, 403, 404, 409, 422), (analysis.name, response.text)
        yield f"analysis {analysis.name}", said(response)


@pytest.mark.slow
def test_no_metric_and_no_analysis_tells_of_other_rows(app: FastAPI, made: Shop) -> None:
    seen = dict(every_question(signed_in(app, "wide"), made))
    assert len(seen) > 150
    wrong = [way for way, content in seen.items() if SECRET.encode() in content or b"70131" in content]
    assert wrong == []
    some = islice(every_question(signed_in(app, "boss"), made), 80)
    assert sum(SECRET.encode() in content for _, content in some) > 20, "it is there to be found"


@pytest.mark.slow
def test_no_metric_and_no_analysis_names_a_person_to_an_analyst(app: FastAPI, made: Shop) -> None:
    personal = (MAIL.encode(), b"Zebedee", b"Quill", b"private.example", b"7946", b"email:")
    wrong = [
        way for way, content in every_question(signed_in(app, "ana"), made) if any(part in content for part in personal)
    ]
    assert wrong == []


def test_closed_modules_are_closed_by_every_way(app: FastAPI, limited: TestClient) -> None:
    for response in (
        limited.get(f"{QUERY}?metrics=new_customers"),
        limited.post(QUERY, json={"metrics": ["revenue", "new_customers"]}),
        limited.post("/api/v1/metrics/rows", json={"metrics": ["new_customers"]}),
        limited.post("/api/v1/metrics/explain", json={"metrics": ["new_customers"]}),
        limited.get("/api/v1/metrics/new_customers"),
        limited.get("/api/v1/dashboards/customers"),
    ):
        assert response.status_code == 403, response.text
        assert "administrator" in response.json()["error"]["message"]
    metrics = {metric["domain"] for metric in limited.get("/api/v1/metrics").json()["data"]}
    assert metrics == {"sales"}
    assert [domain["name"] for domain in limited.get("/api/v1/shop").json()["data"]["domains"]] == ["sales"]
    boards = {board["domain"] for board in limited.get("/api/v1/dashboards").json()["data"]}
    assert boards <= {"sales", "overview"}
    other = signed_in(app, "customers")
    assert other.post("/api/v1/analyses/sales.headline", json={}).status_code == 403
    assert other.get("/api/v1/sales/products").status_code == 403
    assert not [hit for hit in other.get("/api/v1/search?q=Lamp").json()["data"] if hit["kind"] == "product"]
    nobody = signed_in(app, "empty")
    assert nobody.get("/api/v1/metrics").json()["data"] == []
    assert nobody.get("/api/v1/dashboards").json()["data"] == []
    assert nobody.get(f"{QUERY}?metrics=revenue").status_code == 403
    assert nobody.get("/api/v1/dimensions/channel/values").status_code == 403


def test_what_cannot_be_bounded_is_closed(app: FastAPI, limited: TestClient) -> None:
    closed = {door.path for _, door in doors(app) if isinstance(door.rule, Allow) and "limited" not in door.rule.roles}
    for part in ("loads", "loads/{load_id}/rejects", "releases", "jobs", "tables", "builds", "users"):
        assert f"/api/v1/{part}" in closed
    explained = limited.post("/api/v1/metrics/explain", json={"metrics": ["revenue"]}).json()["data"]
    assert {source["rows"] for source in explained["sources"]} == {None}
    assert {check["text"] for check in explained["checks"]} <= {""}
    assert limited.get("/api/v1/shop").json()["data"]["tables"] == {}


def test_a_bound_that_does_not_fit_closes_the_metric(made: Shop) -> None:
    scope = Scope("somebody", (("location", ("Paris",)),))
    catalogue = made.catalogue
    closed = [
        metric for metric in catalogue.metrics.values() if not may_ask(catalogue, scope, metric) and not metric.requires
    ]
    assert closed
    for metric in closed:
        with pytest.raises(NotAllowedError, match="administrator"):
            made.query(metric.name, by="country" if metric.total == "share of parent" else (), scope=scope)


def test_kept_answers_are_not_shared_across_bounds(app: FastAPI) -> None:
    address = f"{QUERY}?metrics=revenue&by=channel"
    whole = signed_in(app, "boss").get(address)
    part = signed_in(app, "lim").get(address, headers={"If-None-Match": whole.headers["ETag"]})
    assert part.status_code == 200
    assert part.content != whole.content


def test_persons_are_masked_for_analysts_and_limited_users_by_every_way(app: FastAPI) -> None:
    for name in ("ana", "lim"):
        for way, content in everything_out(signed_in(app, name), ("json", "csv")):
            assert MAIL not in content.decode(errors="replace"), (name, way)
            assert b"email:" not in content, (name, way)
    answer = signed_in(app, "ana").get(f"{QUERY}?metrics=orders&by=customer_id").json()["data"]
    shown = {row["customer_id"] for row in answer["rows"]}
    assert f"j{HIDDEN}@{HIDDEN}" in shown
    assert f"guest {HIDDEN}" in shown
    assert "C-Open-4" in shown, "a number that leads nowhere by itself stays"
    assert any("masked" in note["text"] for note in answer["notes"])
    full = signed_in(app, "boss").get(f"{QUERY}?metrics=orders&by=customer_id").json()["data"]
    assert MAIL in {row["customer_id"] for row in full["rows"]}
    assert len(full["rows"]) == len(answer["rows"]), "masking merges no two persons"


def test_masked_values_cannot_be_guessed_by_filters(app: FastAPI) -> None:
    client = signed_in(app, "ana")
    for op, value in (("=", MAIL), ("contains", "jane"), ("contains", "email:")):
        asked = {"metrics": ["orders"], "where": [{"dimension": "customer_id", "op": op, "values": [value]}]}
        assert client.post(QUERY, json=asked).json()["data"]["rows"][0]["orders"] == 0
        assert signed_in(app, "boss").post(QUERY, json=asked).json()["data"]["rows"][0]["orders"] > 0


def test_nobody_is_found_by_an_address_where_persons_are_masked(app: FastAPI) -> None:
    ana, boss, place = signed_in(app, "ana"), signed_in(app, "boss"), "/api/v1/returns/orders"
    assert ana.get(place, params={"search": MAIL}).status_code == 403
    assert MAIL in boss.get(place, params={"search": MAIL}).text
    found = ana.get(place, params={"search": "Open-2"}).json()["data"]
    assert {row["customer_id"] for row in found if row["order_id"] == "Open-2"} == {f"j{HIDDEN}@{HIDDEN}"}
    for person in (MAIL, "email:0123"):
        assert ana.get(f"/api/v1/customers/{person}").status_code == 403
        assert ana.post("/api/v1/analyses/customers.profile", json={"customer": person}).status_code == 403
    assert boss.get(f"/api/v1/customers/{MAIL}").status_code == 200
    assert ana.get("/api/v1/returns/list", params={"search": "jane.doe@"}).status_code == 403
    assert signed_in(app, "lim").get(place, params={"search": "Open-2"}).status_code == 403


def test_an_administrator_can_show_persons_to_a_user(app: FastAPI, made: Shop) -> None:
    address = f"{QUERY}?metrics=orders&by=customer_id"
    client = signed_in(app, "ana")
    assert MAIL not in client.get(address).text
    with made.database.write() as session:
        session.execute(update(User).where(User.name == "ana").values(masked=False))
    try:
        assert MAIL in client.get(address).text, "it holds from the next request on"
    finally:
        with made.database.write() as session:
            session.execute(update(User).where(User.name == "ana").values(masked=None))
