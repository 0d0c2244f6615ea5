"""The ledger of sales against a naive one, order by order, over shops drawn at random."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest
from tests.support.naive import AMOUNTS, ledger
from tests.support.random_shop import random_shop
from tests.support.shops import make_shop

from tillsight.pipeline import writing
from tillsight.shop import Shop

COLUMNS = {
    "kind": "kind", "day": "day", "hour": "hour", "order": "order_id", "first_day": "customer_first_day",
    "number": "customer_order_number", "cancelled": "is_cancelled", "country": "country", "channel": "channel",
    "order_currency": "currency", "product_id": "product_id", "category": "category", "size": "size", "units": "units",
    "cost": "cost", **{name: name for name in AMOUNTS},
}  # fmt: skip


def built(shop: Shop) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = shop.releases.current().files.run_sql("SELECT * FROM sales").to_pylist()
    return rows


def as_tuple(row: dict[str, Any], names: list[str]) -> tuple[Any, ...]:
    return tuple(value.normalize() if isinstance(value := row[name], Decimal) else value for name in names)


@pytest.mark.parametrize("coded", [False, True], ids=["as texts", "as codes"])
@pytest.mark.parametrize("timezone", ["Europe/London", "Asia/Kolkata", "America/Los_Angeles"])
@pytest.mark.parametrize("seed", range(2))
def test_the_build_and_a_loop_over_orders_agree_row_by_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int, timezone: str, coded: bool
) -> None:
    if coded:
        monkeypatch.setattr(writing, "CODED_ROWS", 1)
    tables = random_shop(Random(f"{seed} {timezone}"), 45, timezone)
    with make_shop(tmp_path, tables) as shop:
        found = Counter(as_tuple(row, list(COLUMNS.values())) for row in built(shop))
    expected = Counter(as_tuple(row, list(COLUMNS)) for row in ledger(tables, "EUR", timezone))
    assert found - expected == expected - found == Counter()
