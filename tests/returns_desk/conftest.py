"""A shop with a few orders, and its return desk."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.support.shops import line, make_shop, order

from tillsight.shop import Shop

TODAY = datetime(2025, 6, 20, 9, 0, tzinfo=UTC)


class Clock:
    """The desk's clock, set by the test."""

    def __init__(self) -> None:
        self.at = TODAY

    def __call__(self) -> datetime:
        return self.at


def rows() -> dict[str, list[dict[str, Any]]]:
    """Orders of June 2025 in EUR: o1 two lines; o2 three units for 10.00 with tax included; o3 a bundle; o4 a gift card; o5 old;
    o6 cancelled before it was sent."""
    return {
        "orders": [
            order("o1", "2025-06-10 10:00:00", customer_id="c1", shipping_amount="4.90", shipping_tax_amount="0.93"),
            order("o2", "2025-06-11 10:00:00", customer_id="c2", prices_include_tax=True, discount_amount="0.02"),
            order("o3", "2025-06-12 10:00:00", customer_id="c1"),
            order("o4", "2025-06-12 10:00:00", customer_id="c3"),
            order("o5", "2025-03-01 10:00:00", customer_id="c3"),
            order("o6", "2025-06-13 10:00:00", customer_id="c4", order_status="cancelled", cancelled_at="2025-06-13 12:00:00"),
        ],
        "order_items": [
            line("o1", "1", "SHIRT-M", 2, "50", tax_amount="19", unit_cost="20", size="M"),
            line("o1", "2", "LAMP", 1, "30", tax_amount="5.70", unit_cost="12"),
            line("o2", "1", "MUG", 3, "3.34", tax_amount="1.60", unit_cost="1"),
            line("o3", "1", "SET", 2, "100", unit_cost="40"),
            line("o3", "1a", "CUP", 4, "0", parent_line_id="1"),
            line("o3", "1b", "POT", 2, "0", parent_line_id="1"),
            line("o4", "1", "CARD", 1, "25", is_gift_card=True),
            line("o4", "2", "LAMP", 1, "30", unit_cost="12"),
            line("o5", "1", "LAMP", 4, "30", unit_cost="12"),
            line("o6", "1", "LAMP", 1, "30", unit_cost="12"),
        ],
        "products": [
            {"product_id": "SHIRT-M", "product_name": "Shirt M", "category": "Clothing", "current_price": "59.50"},
            {"product_id": "SHIRT-L", "product_name": "Shirt L", "category": "Clothing", "current_price": "71.40"},
            {"product_id": "SHIRT-S", "product_name": "Shirt S", "category": "Clothing", "current_price": "47.60"},
            {"product_id": "LAMP", "product_name": "Lamp", "category": "Home", "current_price": "35.70"},
        ],
        "returns": [
            {
                "return_id": "R1", "order_id": "o5", "initiated_at": "2025-03-05 10:00:00", "return_status": "approved",
                "workflow_step": "received", "received_at": "2025-03-09 10:00:00", "return_type": "refund", "customer_id": "c3",
            },
            {
                "return_id": "R2", "order_id": "o5", "initiated_at": "2025-03-06 10:00:00", "return_status": "rejected",
                "workflow_step": "rejected",
            },
        ],
        "return_items": [
            {"return_id": "R1", "line_id": "1", "order_id": "o5", "order_line_id": "1", "product_id": "LAMP", "quantity": 1,
             "reason_code": "manufacturing_defect", "unit_cost": "12"},
            {"return_id": "R2", "line_id": "1", "order_id": "o5", "order_line_id": "1", "product_id": "LAMP", "quantity": 1},
        ],
        "return_events": [
            {"return_id": "R1", "line_id": "1", "step": "initiated", "occurred_at": "2025-03-05 10:00:00", "actor": "customer"},
            {"return_id": "R1", "line_id": "2", "step": "received", "occurred_at": "2025-03-09 10:00:00", "actor": "desk"},
        ],
    }  # fmt: skip


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """The shop, open, with a desk whose clock stands still."""
    with make_shop(tmp_path / "shop", rows(), today="clock") as made:
        made.return_desk.clock = Clock()
        yield made
