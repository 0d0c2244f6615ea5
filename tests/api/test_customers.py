"""Customers over HTTP: the same as in Python; rules are kept with care; audiences hold who consented, and masked names stay so."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import update
from tests.api.conftest import PASSWORD, signed_in
from tests.support.shops import line, make_shop, order

from tillsight.accounts import add_user, passwords
from tillsight.api.app import create_app
from tillsight.database import User
from tillsight.shop import Shop

RULES = {
    "name": "mine",
    "title": "Mine",
    "rest": "Others",
    "rules": [{"name": "Again", "bounds": {"orders": {"min": 2}}}, {"name": "Fresh", "bounds": {"days": {"max": 10}}}],
}


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """Twenty customers: even ones ordered twice, every third agreed to e-mail, and number 6 took it back."""
    orders, lines, people, consents = [], [], [], []
    for number in range(20):
        who = f"C-{number:02}"
        people.append({"customer_id": who, "customer_name": f"Person {number}", "email": f"person{number}@example.com"})
        for again in range(2 if number % 2 == 0 else 1):
            identity = f"{who}-{again}"
            orders.append(
                order(
                    identity,
                    f"2025-0{1 + again}-{number + 1:02} 09:00:00",
                    customer_id=who,
                    country="France" if number < 10 else "Spain",
                )
            )
            lines.append(line(identity, "1", "P", 1, "10.00"))
        if number % 3 == 0:
            consents.append({"customer_id": who, "purpose": "email", "is_granted": "true", "decided_at": "2025-01-01"})
        if number == 6:
            consents.append({"customer_id": who, "purpose": "email", "is_granted": "false", "decided_at": "2025-01-02"})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_HASHER", PasswordHash((Argon2Hasher(time_cost=1, memory_cost=1024, parallelism=1),)))
        tables: dict[str, Any] = {
            "orders": orders,
            "order_items": lines,
            "customers": people,
            "campaign_members": [
                {"campaign_id": "LETTER", "customer_id": f"C-{n:02}", "arm": "control" if n == 9 else "target"}
                for n in (0, 1, 3, 9)
            ],
            "customer_consents": consents,
        }
        shop = make_shop(tmp_path_factory.mktemp("customers") / "shop", tables, accounts={"sign_ins_per_minute": 0})
        for role in ("manager", "analyst", "limited"):
            add_user(shop.database, role, PASSWORD, role)
        with shop.database.write() as session:
            session.execute(
                update(User)
                .where(User.role == "limited")
                .values(modules=["customers"], rows={"country": ["France"]}, masked=True)
            )
        yield shop
        shop.close()


@pytest.fixture
def clients(own: Shop, monkeypatch: pytest.MonkeyPatch) -> dict[str, TestClient]:
    monkeypatch.setattr(
        passwords, "_HASHER", PasswordHash((Argon2Hasher(time_cost=1, memory_cost=1024, parallelism=1),))
    )
    app = create_app(own)
    return {role: signed_in(app, role) for role in ("manager", "analyst", "limited")}


def data(client: TestClient, path: str, **params: Any) -> Any:
    response = client.get(f"/api/v1{path}", params=params)
    assert response.status_code == 200, response.text
    return response.json()["data"]


def test_the_same_in_python_and_over_http(own: Shop, clients: dict[str, TestClient]) -> None:
    client = clients["analyst"]
    python = own.analyse("customers.rfm", preset="olist").to_dict()["rows"]
    http = client.post("/api/v1/analyses/customers.rfm", json={"preset": "olist"}).json()["data"]["rows"]
    assert [{**row, "revenue": float(row["revenue"])} for row in python] == http
    command = subprocess.run(
        [sys.executable, "-m", "tillsight", "analyse", "customers.rfm", "--preset", "olist", "--format", "json", "-w", own.path],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert [{name: row[name] for name in http[0]} for row in json.loads(command.stdout)] == http
    for path, name in (("/segments", "segments"), ("/segments/migration", "migration"), ("/cohorts", "cohorts")):
        asked = {"start": "2025-02-01"} | ({} if name == "cohorts" else {"preset": "olist"})
        expected = own.analyse(f"customers.{name}", **asked).row_count
        found = data(client, path, **{"from": "2025-02-01"}, **({} if name == "cohorts" else {"preset": "olist"}))
        assert len(found["rows"]) == expected


def test_a_list_is_searched_sorted_and_paged(clients: dict[str, TestClient]) -> None:
    response = (
        clients["analyst"].get("/api/v1/customers", params={"sort": "customer_id", "per_page": 8, "page": 2}).json()
    )
    assert [row["customer_id"] for row in response["data"]["rows"]] == [f"C-{n:02}" for n in range(8, 16)]
    assert {key: response["meta"][key] for key in ("page", "per_page", "total")} == {
        "page": 2,
        "per_page": 8,
        "total": 20,
    }
    found = data(clients["manager"], "/customers", search="PERSON1@")
    assert [row["customer_id"] for row in found["rows"]] == ["C-01"]
    assert len(clients["analyst"].get("/api/v1/customers?format=csv").text.splitlines()) == 21


def test_one_customer(clients: dict[str, TestClient]) -> None:
    found = data(clients["manager"], "/customers/C-04")
    assert found["profile"]["rows"][0]["customer_name"] == "Person 4"
    assert [row["order_id"] for row in found["orders"]["rows"]] == ["C-04-1", "C-04-0"]
    assert found["history"]["rows"]
    assert found["returns"]["rows"] == []
    missing = clients["analyst"].get("/api/v1/customers/C-99")
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "NOT_FOUND")


def test_rules_are_looked_at_kept_changed_and_removed(clients: dict[str, TestClient]) -> None:
    client = clients["manager"]
    seen = clients["analyst"].post("/api/v1/segments/preview", json={"rules": RULES}).json()["data"]
    assert [(size["segment"], size["customers"]) for size in seen["sizes"]] == [
        ("Again", 10),
        ("Fresh", 0),
        ("Others", 10),
    ]
    assert [doubt["kind"] for doubt in seen["doubts"]] == ["overlap"]
    assert clients["analyst"].post("/api/v1/segments/rules", json=RULES).status_code == 403
    made = client.post("/api/v1/segments/rules", json=RULES)
    assert (made.status_code, made.json()["data"]["version"]) == (201, 1)
    assert client.post("/api/v1/segments/rules", json=RULES).json()["error"]["code"] == "CONFLICT"
    before = {row["segment"] for row in data(client, "/segments", preset="mine")["rows"]}
    assert before == {"Again", "Others"}
    changed = {**RULES, "rest": "Everybody else", "version": 1}
    assert client.put("/api/v1/segments/rules/mine", json=changed).json()["data"]["version"] == 2
    # an answer of the rules before is not given again
    assert {row["segment"] for row in data(client, "/segments", preset="mine")["rows"]} == {"Again", "Everybody else"}
    late = client.put("/api/v1/segments/rules/mine", json=changed)
    assert (late.status_code, "manager changed mine meanwhile" in late.json()["error"]["message"]) == (409, True)
    names = [item["name"] for item in data(client, "/segments/rules")["sets"]]
    assert names == ["five", "classic", "olist", "mine"]
    assert client.delete("/api/v1/segments/rules/mine").status_code == 200
    assert client.delete("/api/v1/segments/rules/five").status_code == 404
    assert client.get("/api/v1/segments?preset=mine").status_code == 404
    wrong = client.post(
        "/api/v1/segments/preview", json={"rules": {**RULES, "rules": [{"name": "A", "bounds": {"r": {"min": 9}}}]}}
    )
    assert (wrong.status_code, wrong.json()["error"]["details"]["field"]) == (422, "rules.0.bounds.r")


def test_an_audience_holds_who_consented(clients: dict[str, TestClient]) -> None:
    response = clients["analyst"].get("/api/v1/segments/audience", params={"purpose": "email", "format": "csv"})
    assert response.headers["content-type"].startswith("text/csv")
    assert "attachment" in response.headers["content-disposition"]
    numbers = {row.split(",")[0].strip('"') for row in response.text.splitlines()[1:]}
    assert numbers == {f"C-{n:02}" for n in range(0, 20, 3)} - {"C-06"}
    assert len(clients["analyst"].get("/api/v1/segments/audience?purpose=sms&format=csv").text.splitlines()) == 1
    assert len(clients["analyst"].get("/api/v1/segments/audience?purpose=sale&format=csv").text.splitlines()) == 21


@pytest.mark.feature("CUS-08", "CUS-09")
def test_an_audience_of_a_campaign_or_of_those_at_risk_holds_who_consented(
    clients: dict[str, TestClient], own: Shop
) -> None:
    def numbers(**asked: str) -> set[str]:
        response = clients["analyst"].get(
            "/api/v1/segments/audience", params={"purpose": "email", "format": "csv", **asked}
        )
        assert response.status_code == 200, response.text
        return {row.split(",")[0].strip('"') for row in response.text.splitlines()[1:]}

    # 1 was addressed and did not agree, 9 agreed and was held out
    assert numbers(campaign="LETTER") == {"C-00", "C-03"}
    assert numbers(campaign="NONE") == set()
    assert numbers(campaign="LETTER", where="cohort=2025-01-01") == {"C-00", "C-03"}
    assert numbers(where="cohort=2025-02-01") == set()
    agreed = {f"C-{n:02}" for n in range(0, 20, 3)} - {"C-06"}
    risk = own.analyse("customers.churn_risk", limit=0)
    leaving = {row["customer_id"] for row in risk.to_records()} if risk.columns else set()
    assert numbers(at_risk="true") == leaving & agreed


def test_who_sees_masked_and_some_rows_gets_no_more_by_any_way(clients: dict[str, TestClient]) -> None:
    client = clients["limited"]
    rows = data(client, "/customers")["rows"]
    assert {row["customer_id"] for row in rows} == {f"C-{n:02}" for n in range(10)}
    everything = [
        client.get(path).text
        for path in (
            "/api/v1/customers",
            "/api/v1/customers?format=csv",
            "/api/v1/customers/C-03",
            "/api/v1/segments/audience?purpose=email&format=csv",
        )
    ]
    assert not any("Person" in text or "person3@" in text for text in everything)
    assert "C-03" in everything[3]
    assert "C-12" not in everything[3]
    assert client.get("/api/v1/customers/C-12").status_code == 404
    assert data(client, "/customers", search="person 3")["rows"] == []
    assert sum(row["customers"] for row in data(client, "/segments")["rows"]) == 10
    assert (
        sum(
            size["customers"]
            for size in client.post("/api/v1/segments/preview", json={"rules": RULES}).json()["data"]["sizes"]
        )
        == 10
    )


def test_a_closed_module_is_closed(own: Shop, clients: dict[str, TestClient], tmp_path: Path) -> None:
    with own.database.write() as session:
        session.execute(update(User).where(User.role == "limited").values(modules=["sales"]))
    try:
        for path in (
            "/customers",
            "/customers/C-01",
            "/segments",
            "/segments/rules",
            "/segments/migration",
            "/cohorts",
            "/segments/audience",
        ):
            assert clients["limited"].get(f"/api/v1{path}").status_code == 403, path
    finally:
        with own.database.write() as session:
            session.execute(update(User).where(User.role == "limited").values(modules=["customers"]))
