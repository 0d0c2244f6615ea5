"""Reference shops that the tests share: a small one for structure, a medium one for the planted truths."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from tillsight.reference_shop import Truths, generate


@dataclass
class Made:
    """A generated shop: its folder, its truths and a connection with a view of every table."""

    folder: Path
    truths: Truths
    sql: duckdb.DuckDBPyConnection

    def value(self, question: str) -> float:
        """The only value of an answer."""
        row = self.sql.execute(question).fetchone()
        assert row is not None
        return float(row[0])

    def rows(self, question: str) -> list[tuple]:
        """All rows of an answer."""
        return self.sql.execute(question).fetchall()


def make(folder: Path, size: str) -> Iterator[Made]:
    begin = time.perf_counter()
    truths = generate(folder, size)
    # Shown with pytest -s; a busy machine is no failure.
    print(f"\nreference shop, {size}: {time.perf_counter() - begin:.1f} s")
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for file in sorted(folder.glob("*.parquet")):
            connection.execute(f"CREATE VIEW {file.stem} AS SELECT * FROM read_parquet('{file}')")
        yield Made(folder, truths, connection)


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    """The small shop."""
    yield from make(tmp_path_factory.mktemp("small"), "small")


@pytest.fixture(scope="session")
def medium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    """The medium shop, with orders that count (by the shop's clock) and their lines."""
    for made in make(tmp_path_factory.mktemp("medium"), "medium"):
        made.sql.execute(
            """CREATE TABLE o AS SELECT *, timezone('Europe/Berlin', placed_at)::DATE AS day,
               extract(hour FROM timezone('Europe/Berlin', placed_at)) AS hour
               FROM orders WHERE NOT is_test AND NOT is_deleted AND order_status <> 'cancelled'"""
        )
        made.sql.execute(
            """CREATE TABLE l AS SELECT o.day, o.channel, o.currency, o.customer_id, i.*, p.category, p.parent_product_id AS style
               FROM order_items i JOIN o USING (shop_id, order_id) JOIN products p USING (shop_id, product_id)"""
        )
        yield made
