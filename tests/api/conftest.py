"""A small shop behind the API, and somebody of each role who is signed in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import select, update
from tests.support.shops import line, make_shop, order

from tillsight.accounts import add_user, passwords
from tillsight.api.app import create_app
from tillsight.database import Load, Role, User
from tillsight.shop import DOMAINS, Shop

PASSWORD = "correct horse battery"
ADDRESS = "http://127.0.0.1"
ROLES: tuple[Role, ...] = ("admin", "manager", "analyst", "limited")
RISKY = '=HYPERLINK("http://bad.example","x")'

MANIFEST = {
    "started_at": "2026-01-01T00:00:00Z",
    "finished_at": "2026-01-01T00:00:01Z",
    "seconds": 1.25,
    "code_version": "1",
    "replaces": [{"table": None, "file": "old.csv"}],
    "files": [
        {
            "name": "rows.csv",
            "sha256": "0" * 64,
            "bytes": 1000,
            "encoding": "utf-8",
            "delimiter": ",",
            "format": "csv",
            "mapping": "own",
            "rows_read": 300,
            "rows_rejected": 0,
            "columns_unmapped": ["colour"],
            "classes": [{"class": "product sale", "rows": 300, "money": -79733.7}],
        }
    ],
}
"""What a load from files says of itself, besides its tables."""


def rows() -> dict[str, list[dict[str, Any]]]:
    """A hundred orders over a year, with cents that do not come out even and names that are not harmless."""
    countries, channels = ("France", "Germany", None, RISKY), ("web", "retail", "mobile")
    orders, lines = [], []
    for index in range(100):
        day = date(2025, 1, 1) + timedelta(days=index * 3)
        number = f"O-{index:03}"
        orders.append(
            order(
                number,
                f"{day} {index % 24:02}:15:00",
                country=countries[index % 4],
                channel=channels[index % 3],
                customer_id=f"C-{index % 30:02}" if index % 10 else None,
                discount_amount=f"{index % 3}.33" if index % 5 == 0 else "0",
            )
        )
        lines += [
            line(number, "1", f"P-{index % 7}", index % 4 + 1, f"{9 + index % 13}.99", unit_cost=f"{4 + index % 5}.17"),
            line(number, "2", f"P-{index % 5}", 1, "0.335"),
        ]
    products = [
        {"product_id": f"P-{index}", "product_name": f"Lamp {index}", "category": "Lamps" if index % 2 else "Tables"}
        for index in range(7)
    ]
    return {"orders": orders, "order_items": lines, "products": products}


@pytest.fixture(scope="session")
def made_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop with a release and somebody of each role. Tests leave its release alone."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("TILLSIGHT_")]:
            patch.delenv(name)
        cheap = Argon2Hasher(time_cost=1, memory_cost=1024, parallelism=1)
        patch.setattr(passwords, "_HASHER", PasswordHash((cheap,)))
        shop = make_shop(
            tmp_path_factory.mktemp("api") / "shop",
            rows(),
            name="Lamps & more",
            # many tests ask as the same user, and the faster they are, the more they ask in a minute
            accounts={"sign_ins_per_minute": 0, "requests_per_minute": 0},
        )
        with shop.database.write() as session:
            for load in session.scalars(select(Load)):
                load.manifest = load.manifest | MANIFEST
        for role in ROLES:
            add_user(shop.database, role, PASSWORD, role)
        with shop.database.write() as session:
            session.execute(update(User).where(User.role == "limited").values(modules=list(DOMAINS)))
    yield shop
    shop.close()


@pytest.fixture
def shop(made_shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Shop:
    cheap = Argon2Hasher(time_cost=1, memory_cost=1024, parallelism=1)
    monkeypatch.setattr(passwords, "_HASHER", PasswordHash((cheap,)))
    return made_shop


@pytest.fixture
def app(shop: Shop) -> FastAPI:
    return create_app(shop)


@pytest.fixture
def anybody(app: FastAPI) -> TestClient:
    """Nobody who is signed in."""
    return TestClient(app, ADDRESS)


def signed_in(app: FastAPI, user: str) -> TestClient:
    client = TestClient(app, ADDRESS)
    response = client.post("/api/v1/auth/login", json={"user": user, "password": PASSWORD})
    assert response.status_code == 200, response.text
    client.headers["Authorization"] = f"Bearer {response.json()['data']['access_token']}"
    return client


@pytest.fixture
def client(app: FastAPI) -> TestClient:
    """A manager: sees all, loads and builds."""
    return signed_in(app, "manager")


@pytest.fixture
def empty_shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """A shop where nothing was loaded yet."""
    monkeypatch.setattr(passwords, "_HASHER", PasswordHash((Argon2Hasher(1, 1024, 1),)))
    with make_shop(tmp_path / "empty", {}, build=False) as shop:
        add_user(shop.database, "manager", PASSWORD, "manager")
        yield shop


@pytest.fixture
def empty_client(empty_shop: Shop) -> TestClient:
    return signed_in(create_app(empty_shop), "manager")
