"""A release of another version is not asked: whoever asks is told to build again, and after that it answers."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from fastapi.testclient import TestClient
from tests.support.shops import line, make_shop, order

from tillsight.accounts import add_user
from tillsight.api.app import create_app
from tillsight.cli.main import run
from tillsight.core.errors import OutdatedReleaseError
from tillsight.database import Release
from tillsight.metrics.outdated import lacking
from tillsight.shop import Shop

TABLES = {
    "orders": [order("A1", "2025-01-05 10:00:00", customer_id="C1")],
    "order_items": [line("A1", "1", "P1", 2, "10.00")],
}
SENTENCE = (
    "Release 1 was built by another version of Tillsight: build again, on the data page or with `tillsight build`."
)
PASSWORD = "correct horse battery"


def age(shop: Shop) -> None:
    """Make the release one of a version whose ledger had no mark of the first line and whose orders had no city."""
    with shop.database.write() as session:
        release = session.get_one(Release, 1)
        tables = {name: dict(entry) for name, entry in release.manifest["tables"].items()}
        for name, column in (("sales", "is_first_line"), ("orders", "city")):
            for file in tables[name]["files"]:
                path = shop.path / file
                older = path.with_suffix(".older")
                duckdb.execute(f"COPY (SELECT * EXCLUDE ({column}) FROM '{path}') TO '{older}' (FORMAT parquet)")
                older.replace(path)
            tables[name]["fingerprint"] = "of then"
        del tables["customer_events"]
        release.manifest = release.manifest | {"tables": tables}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with make_shop(tmp_path / "shop", TABLES) as shop:
        add_user(shop.database, "boss", PASSWORD, "manager")
        age(shop)
    return tmp_path / "shop"


def test_asking_names_what_the_release_lacks_and_a_build_mends_it(folder: Path) -> None:
    with Shop.open(folder) as shop:
        for asks in (lambda: shop.query("revenue"), lambda: shop.rows("revenue"), lambda: shop.explain("revenue")):
            with pytest.raises(OutdatedReleaseError) as error:
                asks()
            assert error.value.message == SENTENCE
            assert error.value.details == {
                "release": 1,
                "lacks": ["customer_events", "orders.city", "sales.is_first_line"],
            }
        assert shop.status().rows["orders"] == 1, "what there is can still be told"
        assert shop.build().number == 2
        assert shop.query("revenue").table.to_pylist()[0]["revenue"] == 20


def test_the_command_line_says_it_in_one_sentence(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["-w", str(folder), "query", "revenue"]) == 1
    assert " ".join(capsys.readouterr().err.split()) == SENTENCE
    assert run(["-w", str(folder), "check"]) == 1
    assert run(["-w", str(folder), "build"]) == 0
    assert run(["-w", str(folder), "query", "revenue"]) == 0


def test_the_api_says_it_and_keeps_the_pages_that_a_build_is_started_from(folder: Path) -> None:
    with Shop.open(folder) as shop:
        client = TestClient(create_app(shop), "http://127.0.0.1")
        token = client.post("/api/v1/auth/login", json={"user": "boss", "password": PASSWORD}).json()["data"]
        client.headers["Authorization"] = f"Bearer {token['access_token']}"
        for path in ("/metrics/query?metrics=revenue", "/sales/summary", "/dimensions/country/values"):
            answer = client.get(f"/api/v1{path}")
            assert answer.status_code == 409, answer.text
            assert answer.json()["error"]["code"] == "RELEASE_OUTDATED"
            assert answer.json()["error"]["message"] == SENTENCE
        said = client.get("/api/v1/shop").json()["data"]
        assert (said["release"], said["outdated"], said["tables"]["orders"]) == (None, SENTENCE, 1)
        assert client.get("/readyz").status_code == 503
        for path in (
            "/metrics",
            "/dimensions",
            "/tables",
            "/releases",
            "/releases/1",
            "/loads",
            "/jobs",
            "/dashboards",
        ):
            assert client.get(f"/api/v1{path}").status_code == 200, path
        shop.build()
        assert client.get("/api/v1/shop").json()["data"]["outdated"] is None
        assert client.get("/api/v1/metrics/query?metrics=revenue").status_code == 200


def test_a_release_of_this_version_lacks_nothing(folder: Path) -> None:
    with Shop.open(folder) as shop:
        every = {name: set(relation.schema) for name, relation in shop.catalogue.relations.items()}
        assert lacking(shop.catalogue, every) == []
        rollup = next(iter(shop.catalogue.rollups))
        assert all(one.startswith(f"{rollup}.") for one in lacking(shop.catalogue, every | {rollup: set()}))
        assert lacking(shop.catalogue, every | {rollup: set()})


def test_the_demo_of_another_version_is_built_again(folder: Path) -> None:
    assert run(["demo", "--workspace", str(folder), "--no-serve"]) == 0
    with Shop.open(folder) as shop:
        assert [release.number for release in shop.releases.published()] == [2, 1]
        assert shop.query("units_sold").to_records() == [{"units_sold": 2}]
