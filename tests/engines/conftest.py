"""The small reference shop, built once, and the engines that answer from its release."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlencode

import pyarrow.parquet as pq
import pytest
from tests.support.servers import postgresql, spark

from tillsight.core.settings import read_settings
from tillsight.core.workspace import create_workspace
from tillsight.database.store import Database
from tillsight.pipeline import parts, refresh, writing
from tillsight.reference_shop import generate
from tillsight.reference_shop.truths import CURRENCY, SHOP_NAME, TIMEZONE
from tillsight.shop import Shop

Opener = Callable[[str], Shop]


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small reference shop, loaded and built; then some orders came again, so files have rows that are gone. Nobody changes it."""
    folder = tmp_path_factory.mktemp("engines")
    generate(folder / "files", "small")
    create_workspace(folder / "shop", name=SHOP_NAME, currency=CURRENCY, timezone=TIMEZONE)
    orders = pq.read_table(folder / "files" / "orders.parquet")
    (folder / "again").mkdir()
    pq.write_table(orders.take(list(range(0, len(orders), 50))), folder / "again" / "orders.parquet")
    with pytest.MonkeyPatch.context() as patch, Shop.open(folder / "shop") as shop:
        patch.setattr(parts, "FINE_ROWS", 0)
        patch.setattr(refresh, "MOST_SHARE", 1)
        patch.setattr(writing, "MERGED_ROWS", 0)
        patch.setattr(writing, "GONE_SHARE", 1)
        shop.load(folder / "files")
        shop.build()
        shop.load(folder / "again")
        tables = shop.build().manifest["tables"]
    assert {"orders", "order_facts", "sales", "customer_events"} <= {name for name in tables if "gone" in tables[name]}
    return folder / "shop"


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """A PostgreSQL server of our own."""
    with postgresql() as address:
        yield address


@pytest.fixture(scope="session")
def spark_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Spark cluster of our own; a small one, so that many small questions do not wait for its bookkeeping.

    Java compiles plainly: what it would gain by compiling better takes longer than all these questions.
    """
    java = "-XX:TieredStopAtLevel=1"
    options = {
        "spark.executor.memory": "640m",
        "spark.driver.memory": "640m",
        "spark.sql.shuffle.partitions": "2",
        "spark.driver.extraJavaOptions": java,
        "spark.executor.extraJavaOptions": java,
    }
    with spark(tmp_path_factory.mktemp("spark")) as address:
        yield f"{address}?{urlencode(options)}"


def opened(workspace: Path, warehouse_url: str | None, **limits: float) -> Shop:
    """A workspace whose releases answer in a warehouse."""
    settings = read_settings(workspace)
    settings = settings.model_copy(
        update={"warehouse_url": warehouse_url, "limits": settings.limits.model_copy(update=limits)}
    )
    return Shop(workspace, settings, Database.open(workspace, settings))


@pytest.fixture(scope="session")
def duckdb(workspace: Path) -> Iterator[Shop]:
    """The shop as the embedded engine answers it."""
    with opened(workspace, None) as shop:
        yield shop


@pytest.fixture(scope="session")
def _opened(workspace: Path, request: pytest.FixtureRequest) -> Iterator[Opener]:
    with ExitStack() as shops:
        made: dict[str, Shop] = {}

        def find(engine: str) -> Shop:
            if engine not in made:
                url = request.getfixturevalue(f"{engine}_url")
                made[engine] = shops.enter_context(
                    opened(workspace, url, seconds=240)
                )  # limits have a test of their own
                made[engine].build()  # nothing has changed but where it answers
            return made[engine]

        yield find


@pytest.fixture(params=["postgresql", "spark"], scope="session")
def engine(request: pytest.FixtureRequest, _opened: Opener) -> Shop:
    """The same release as another engine answers it."""
    return _opened(request.param)
