"""A flat tracking record of returns, as 000 keeps it: a row for each product of a return, both tables in one file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tillsight.core.workspace import create_workspace
from tillsight.shop import Shop

HEADER = (
    "return_id,order_id,product_id,user_id,original_order_date,return_initiated_date,return_received_date,return_reason,"
    "size_returned,condition_rating,refund_amount,exchange_requested,new_size_requested,status,notes"
)
TEXT = f"""{HEADER}
R1,1,P,u1,2024-05-02,2024-05-12,2024-05-15,Too small,M,5,20.00,false,,Refunded,
R1,1,Q,u1,2024-05-02,2024-05-12,2024-05-15,Color not as expected,L,4,30.00,false,,Refunded,
R2,2,P,u2,2024-05-03,2024-05-20,,Manufacturing defect,M,,,true,L,In Transit,fragile
R3,3,P,u3,2024-05-03,soon,,Too small,M,,,true,L,In Transit,
"""


def rows(shop: Shop, load: str, table: str, columns: str) -> list[dict[str, Any]]:
    import duckdb

    file = shop.path / "landing" / "loads" / load / "tables" / f"{table}.parquet"
    return duckdb.sql(f"SELECT {columns} FROM '{file}' ORDER BY ALL").fetch_arrow_table().to_pylist()


@pytest.mark.feature("RET-05")
def test_heads_and_lines_come_from_the_same_rows(tmp_path: Path) -> None:
    create_workspace(tmp_path / "shop", currency="EUR", timezone="UTC")
    file = tmp_path / "return_tracking.csv"
    file.write_text(TEXT)
    with Shop.open(tmp_path / "shop") as shop:
        report = shop.load(file)
        heads = rows(shop, report.load_id, "returns", "return_id, order_id, customer_id, workflow_step, notes")
        items = rows(shop, report.load_id, "return_items", "return_id, product_id, reason_detail, condition_rating")
    assert heads == [
        {"return_id": "R1", "order_id": "1", "customer_id": "u1", "workflow_step": "refunded", "notes": None},
        {"return_id": "R2", "order_id": "2", "customer_id": "u2", "workflow_step": "in_transit", "notes": "fragile"},
    ]
    assert [(row["return_id"], row["product_id"], row["condition_rating"]) for row in items] == [
        ("R1", "P", 5), ("R1", "Q", 4), ("R2", "P", None), ("R3", "P", None),
    ]  # fmt: skip
    assert report.rows_rejected == 1, "a return that began soon"
    assert not [file["columns_unmapped"] for file in report.files if file["columns_unmapped"]]
