"""The return desk over HTTP: who may look and who may work, the shape of errors, and a return from end to end."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import update
from tests.api.conftest import PASSWORD, signed_in
from tests.support.shops import line, make_shop, order

from tillsight.accounts import add_user, passwords
from tillsight.api.app import create_app
from tillsight.database import User

RETURNS = "/api/v1/returns"
LOOKS = ("desk", "board", "list", "tracking", "orders?search=w", "orders/W-1")


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FastAPI]:
    """A shop with one order of four days ago, and somebody of each role; `goods` is Limited to returns, `rows` to some rows."""
    placed = f"{datetime.now(UTC) - timedelta(days=4):%Y-%m-%d %H:%M:%S}"
    tables: dict[str, list[dict[str, Any]]] = {
        "orders": [
            order("W-1", placed, customer_id="c1"),
            order("W-2", placed, customer_id="ann@x.example", email="ann@x.example"),
        ],
        "order_items": [
            line("W-1", "1", "CUP", 3, "10", tax_amount="5.70"),
            line("W-1", "2", "POT", 1, "30"),
            line("W-2", "1", "POT", 2, "30"),
        ],
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_HASHER", PasswordHash((Argon2Hasher(1, 1024, 1),)))
        with make_shop(tmp_path_factory.mktemp("desk") / "shop", tables, accounts={"sign_ins_per_minute": 0}) as shop:
            for role in ("admin", "manager", "analyst", "limited"):
                add_user(shop.database, role, PASSWORD, role)  # type: ignore[arg-type]
            for name, modules, rows in (("goods", ["returns"], {}), ("rows", ["returns"], {"country": ["France"]})):
                add_user(shop.database, name, PASSWORD, "limited")
                with shop.database.write() as session:
                    session.execute(update(User).where(User.name == name).values(modules=modules, rows=rows))
            with shop.database.write() as session:
                session.execute(update(User).where(User.name == "limited").values(modules=["sales"]))
            yield create_app(shop)


@pytest.fixture
def manager(app: FastAPI) -> TestClient:
    return signed_in(app, "manager")


def wanted(units: Any = 1, **more: Any) -> dict[str, Any]:
    return {"order_id": "W-1", "items": [{"order_line_id": "1", "quantity": units, "reason_code": "too_small"}], **more}


@pytest.mark.feature("RET-05")
def test_a_return_from_end_to_end(manager: TestClient, app: FastAPI) -> None:
    made = manager.post(f"{RETURNS}/create", json=wanted())
    assert made.status_code == 201
    kept = made.json()["data"]
    place = f"{RETURNS}/{kept['return_id']}"
    assert (kept["step"], kept["status"], kept["version"]) == ("initiated", "pending", 1)
    for step in ("Return Label Generated", "in_transit", "received"):
        answer = manager.put(f"{place}/status", json={"version": kept["version"], "step": step})
        assert answer.status_code == 200, answer.text
        kept = answer.json()["data"]
    seen = {"line_id": "1", "condition_rating": 5, "disposition": "restocked"}
    kept = manager.put(f"{place}/inspection", json={"version": 4, "items": [seen]}).json()["data"]
    kept = manager.post(f"{place}/refund", json={"version": 5}).json()["data"]
    assert (kept["step"], kept["refund_total"]) == ("refunded", 11.9)
    # the ways in which it is seen at once
    analyst = signed_in(app, "analyst")
    listed = analyst.get(f"{RETURNS}/list", params={"search": kept["return_id"], "step": "refunded"}).json()
    assert [row["return_id"] for row in listed["data"]] == [kept["return_id"]]
    assert {"page", "per_page", "total"} <= set(listed["meta"])
    assert (
        analyst.get(f"{RETURNS}/tracking", params={"search": kept["return_id"]}).json()["data"][0]["status"]
        == "Refunded"
    )
    board = analyst.get(f"{RETURNS}/board").json()["data"]
    assert next(one for one in board["steps"] if one["step"] == "refunded")["count"] == 1
    assert analyst.get(place).json()["data"]["history"][0]["who"] == "manager"
    done = manager.post(
        f"{RETURNS}/bulk", json={"step": "completed", "returns": [{"return_id": kept["return_id"], "version": 6}]}
    )
    assert done.json()["data"][0]["done"]


def test_errors_say_what_may_be_done(manager: TestClient) -> None:
    kept = manager.post(f"{RETURNS}/create", json=wanted()).json()["data"]
    place = f"{RETURNS}/{kept['return_id']}"

    def refused(answer: Any, status: int, code: str) -> dict[str, Any]:
        error: dict[str, Any] = answer.json()["error"]
        assert (answer.status_code, error["code"]) == (status, code), answer.text
        return error

    step = refused(manager.put(f"{place}/status", json={"version": 1, "step": "completed"}), 409, "STEP_NOT_ALLOWED")
    assert step["details"]["allowed"] == ["return_label_generated", "rejected", "cancelled"]
    manager.put(f"{place}/status", json={"version": 1, "step": "return_label_generated"})
    old = refused(manager.put(f"{place}/status", json={"version": 1, "step": "in_transit"}), 409, "CONFLICT")
    assert (old["details"]["version"], old["details"]["step"]) == (2, "return_label_generated")
    assert refused(manager.post(f"{RETURNS}/create", json=wanted(9)), 409, "QUANTITY_EXCEEDED")["details"]["returnable"]
    refused(manager.put(f"{place}/status", json={"step": "in_transit"}), 422, "VALIDATION_ERROR")
    refused(manager.put(f"{place}/status", json={"version": 2, "step": "lost"}), 422, "VALIDATION_ERROR")
    refused(manager.post(f"{RETURNS}/create", json=wanted(-1)), 422, "VALIDATION_ERROR")
    refused(manager.post(f"{RETURNS}/create", json=wanted() | {"order_id": "none"}), 404, "NOT_FOUND")
    refused(manager.get(f"{RETURNS}/none"), 404, "NOT_FOUND")
    refused(manager.get(f"{RETURNS}/list", params={"sort": "x"}), 422, "VALIDATION_ERROR")
    manager.put(f"{place}/status", json={"version": 2, "step": "rejected", "note": "no"})


@pytest.mark.parametrize("who", ["analyst", "goods"])
def test_whoever_may_look_looks_and_does_not_work(app: FastAPI, manager: TestClient, who: str) -> None:
    kept = manager.post(f"{RETURNS}/create", json=wanted()).json()["data"]
    client = signed_in(app, who)
    for place in (*LOOKS, kept["return_id"]):
        assert client.get(f"{RETURNS}/{place}").status_code == 200, place
    assert client.get(f"{RETURNS}/desk").json()["data"]["may_work"] is False
    place = f"{RETURNS}/{kept['return_id']}"
    for method, path in (
        ("POST", f"{RETURNS}/create"), ("POST", f"{RETURNS}/bulk"), ("PUT", f"{place}/status"), ("PUT", f"{place}/inspection"),
        ("POST", f"{place}/refund"), ("POST", f"{place}/exchange"), ("PATCH", place), ("PUT", f"{place}/conflict"),
    ):  # fmt: skip
        assert client.request(method, path, json={}).status_code == 403, path
    assert signed_in(app, "admin").get(place).json()["data"]["version"] == 1, "nothing was changed"
    manager.put(f"{place}/status", json={"version": 1, "step": "cancelled"})


@pytest.mark.parametrize(("who", "says"), [("limited", "module returns"), ("rows", "some rows alone")])
def test_the_desk_is_closed_to_others(app: FastAPI, who: str, says: str) -> None:
    client = signed_in(app, who)
    for place in (*LOOKS, "D-000001"):
        answer = client.get(f"{RETURNS}/{place}")
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "NOT_ALLOWED"), place
        assert says in answer.json()["error"]["message"]


def test_persons_stay_masked_and_nobody_is_found_by_an_address(app: FastAPI, manager: TestClient) -> None:
    items = [{"order_line_id": "1", "quantity": 1, "reason_code": "other"}]
    kept = manager.post(f"{RETURNS}/create", json={"order_id": "W-2", "items": items}).json()["data"]
    assert kept["customer_id"] == "ann@x.example"
    places = ("board", "list", "tracking", "orders?search=W-2", "orders/W-2", kept["return_id"])
    analyst = signed_in(app, "analyst")
    for place in places:
        assert "ann@" in manager.get(f"{RETURNS}/{place}").text, place
        assert "ann@" not in analyst.get(f"{RETURNS}/{place}").text, place
    for place in ("list", "tracking", "orders"):
        path = f"{RETURNS}/{place}?search=ann@x.example"
        assert manager.get(path).json()["data"], place
        assert analyst.get(path).json()["error"]["code"] == "NOT_ALLOWED", place


def test_the_list_is_taken_away_as_a_file_as_it_was_asked_and_as_it_may_be_seen(
    app: FastAPI, manager: TestClient
) -> None:
    items = [{"order_line_id": "1", "quantity": 1, "reason_code": "too_small"}]
    made = [manager.post(f"{RETURNS}/create", json={"order_id": one, "items": items}) for one in ("W-1", "W-2")]
    assert [one.status_code for one in made] == [201, 201]
    wanted = {"search": "W-2", "open": True, "sort": "-goods_value"}

    def lines(client: TestClient, **more: Any) -> list[dict[str, str]]:
        answer = client.get(f"{RETURNS}/list", params={**wanted, "format": "csv", **more})
        assert answer.status_code == 200, answer.text
        assert answer.headers["Content-Disposition"] == 'attachment; filename="tillsight-returns.csv"'
        return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))

    listed = manager.get(f"{RETURNS}/list", params=wanted).json()["data"]
    whole = lines(manager, page=2, per_page=1)
    assert [row["return_id"] for row in whole] == [row["return_id"] for row in listed], "every page of it"
    assert len(whole) < manager.get(f"{RETURNS}/list").json()["meta"]["total"], (
        "what the filters leave out is not in it"
    )
    assert {row["customer_id"] for row in whole} == {"ann@x.example"}
    assert {row["customer_id"] for row in lines(signed_in(app, "analyst"))} == {"a•••@•••"}
    for who in ("limited", "rows"):
        assert signed_in(app, who).get(f"{RETURNS}/list", params={"format": "csv"}).status_code == 403
    analyst = signed_in(app, "analyst").get(f"{RETURNS}/list", params={"format": "csv", "search": "ann@x.example"})
    assert analyst.json()["error"]["code"] == "NOT_ALLOWED", "nobody is found by an address in a file either"
    for how in ("xlsx", "parquet"):
        assert manager.get(f"{RETURNS}/list", params={"format": how}).status_code == 200
    for wrong in ({"format": "pdf"}, {"format": "csv", "sort": "customer_id"}, {"sort": "goods_value DESC"}):
        assert manager.get(f"{RETURNS}/list", params=wrong).status_code == 422, wrong
    told = signed_in(app, "admin").get("/api/v1/audit", params={"action": "file.downloaded", "subject": "returns:list"})
    entry = told.json()["data"][-1]
    assert entry["after"] == {"format": "csv", "filters": ["open", "search"]}, "not what was searched for"
