"""The SQL views of a release at the command line."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest
from tests.cli.conftest import Ask


@pytest.mark.feature("CUS-04")
def test_views_are_listed_read_and_taken_to_another_duckdb(ask: Ask, shop: Path) -> None:
    listed, _ = ask("-w", str(shop), "views", "--format", "json")
    names = [row["name"] for row in json.loads(listed)]
    assert names[0] == "customer_segments"
    assert "kpi_order_value" in names
    assert "kpi_return_rate" not in names  # no returns are loaded
    rows, _ = ask("-w", str(shop), "views", "kpi_order_value", "--format", "json")
    script, _ = ask("-w", str(shop), "views", "--sql")
    connection = duckdb.connect()
    connection.execute(script)
    found = connection.execute("SELECT rules, segment, orders, aov FROM kpi_order_value").fetchall()
    assert [(row["rules"], row["segment"], row["orders"], row["aov"]) for row in json.loads(rows)] == found
    assert sum(row[2] for row in found if row[0] == "five") == 3
    one, _ = ask("-w", str(shop), "views", "kpi_order_value", "--sql")
    assert one.strip() in script
