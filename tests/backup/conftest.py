"""A small shop with two loads, to back up and to restore."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.shops import line, make_shop, order

from tillsight.shop import Shop


def orders(*numbers: int) -> dict[str, list[dict[str, object]]]:
    """Orders of one line each: the order n of customer C-n over n × 10.00."""
    return {
        "orders": [order(f"O-{n}", f"2025-03-{n:02} 10:00:00", customer_id=f"C-{n}") for n in numbers],
        "order_items": [line(f"O-{n}", "1", f"P-{n}", n, "10.00") for n in numbers],
    }


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with make_shop(tmp_path / "shop", orders(1, 2, 3)) as shop:
        yield shop
