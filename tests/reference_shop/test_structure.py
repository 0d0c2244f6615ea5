"""Every table is there, by its declaration: columns, types, keys, codes, bounds, references, checks; the same every time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from tillsight.reference_shop import ReferenceShopError, columns, generate
from tillsight.tables.registry import TABLES
from tillsight.tables.schema import Table

TABLE = pytest.mark.parametrize("table", TABLES.values(), ids=list(TABLES))
# Booked too late on purpose, see StockErrors.
EXPECTED = {("stock_snapshots", "on_hand_not_negative"): 4}


@TABLE
def test_table_has_rows_and_exactly_the_declared_columns(small, table: Table) -> None:
    schema = pq.read_schema(small.folder / f"{table.name}.parquet")
    assert schema.names == list(table.column_names)
    assert [schema.field(column.name).type for column in table.columns] == [
        columns.ARROW_TYPES[column.type] for column in table.columns
    ]
    assert small.value(f"SELECT count(*) FROM {table.name}") > 0


@TABLE
def test_rows_keep_the_declaration(small, table: Table) -> None:
    keys = ", ".join(table.key)
    assert small.rows(f"SELECT {keys} FROM {table.name} GROUP BY ALL HAVING count(*) > 1") == []
    for column in table.columns:
        name = f'"{column.name}"'
        broken = []
        if column.required or column.name in table.key:
            broken.append(f"{name} IS NULL")
        if column.values:
            broken.append(f"{name} NOT IN ({', '.join(repr(value) for value in column.values)})")
        if column.minimum is not None:
            broken.append(f"{name} < {column.minimum}")
        if column.maximum is not None:
            broken.append(f"{name} > {column.maximum}")
        for condition in broken:
            assert small.value(f"SELECT count(*) FROM {table.name} WHERE {condition}") == 0, (column.name, condition)
    for check in table.checks:
        bad = small.value(f"SELECT count(*) FROM {table.name} WHERE NOT ({check.condition})")
        assert bad <= EXPECTED.get((table.name, check.name), 0), check.name


@TABLE
def test_references_are_found_in_the_same_shop(small, table: Table) -> None:
    for column in table.columns:
        if column.references:
            there, key = column.references.split(".")
            lost = small.rows(
                f"""SELECT "{column.name}" FROM {table.name} ANTI JOIN {there} AS there
                    ON {table.name}.shop_id = there.shop_id AND {table.name}."{column.name}" = there."{key}"
                    WHERE {table.name}."{column.name}" IS NOT NULL LIMIT 3"""
            )
            assert lost == [], column.name


def test_the_same_size_gives_the_same_bytes(small, tmp_path: Path) -> None:
    again = generate(tmp_path, "small")
    assert again == small.truths
    for name in TABLES:
        assert (tmp_path / f"{name}.parquet").read_bytes() == (small.folder / f"{name}.parquet").read_bytes(), name


# Columns and digest of their values. The columns are named, so that a column that a table gains changes nothing here.
GOLDEN = {
    "products": (
        "product_id, parent_product_id, product_name, current_price, list_price, unit_cost, launch_date",
        "dc38860e56436562564e7e8aadcd124a",
    ),
    "customers": (
        "customer_id, email, city, registered_at, total_orders, total_lifetime_value",
        "fe0f3acfd1596555f086fef27af102a5",
    ),
    "orders": (
        "order_id, customer_id, placed_at, order_status, channel, currency, subtotal, total_amount, campaign_id",
        "9680243882834e0e1bf568bbd587baa9",
    ),
    "order_items": (
        "order_id, line_id, product_id, quantity, unit_price, unit_cost, discount_amount, tax_amount",
        "b9481b54968cac30f0789fa89802b285",
    ),
    "refunds": (
        "refund_id, line_id, order_id, kind, quantity, amount, tax_amount, refunded_at",
        "14c0724cf926fcae3524a06a607a6158",
    ),
    "inventory_movements": (
        "line_id, product_id, location_id, movement_type, quantity, occurred_at",
        "eea1f78939179d80a6511383811c50e9",
    ),
    "ad_performance": (
        "line_id, day, campaign_id, spend, impressions, clicks, conversions, revenue",
        "cc9dadf8c4db19ef786de94644f42ee1",
    ),
    "web_sessions": (
        "session_id, started_at, page_views, campaign_id, device_type, purchases, revenue",
        "3f19313f3245659cfb0c6c4c3ce2dbfd",
    ),
}


@pytest.mark.parametrize("name", list(GOLDEN))
def test_values_are_those_of_every_other_machine(small, name: str) -> None:
    """A digest over values, not over files; it changes only when the shop is changed on purpose."""
    chosen, expected = GOLDEN[name]
    keys = ", ".join(TABLES[name].key)
    digest = small.rows(
        f"SELECT md5(string_agg(md5(t::VARCHAR), '' ORDER BY {keys})) FROM (SELECT shop_id, {chosen} FROM {name}) AS t"
    )[0][0]
    assert digest == expected


def test_progress_ends_with_all_orders(tmp_path: Path) -> None:
    seen: list[tuple[str, float | None, float | None, str]] = []
    generate(tmp_path, "small", orders=1_500, progress=lambda *step: seen.append(step))
    done = [step for step in seen if step[0] == "orders"]
    assert done[-1][1:3] == (1_500, 1_500)
    assert [step[1] for step in done] == sorted(step[1] for step in done)
    assert pq.read_metadata(tmp_path / "orders.parquet").num_rows == 1_500


@pytest.mark.parametrize(("size", "orders"), [("huge", None), ("small", 10)])
def test_wrong_size_is_a_clear_error(tmp_path: Path, size: str, orders: int | None) -> None:
    with pytest.raises(ReferenceShopError) as raised:
        generate(tmp_path, size, orders=orders)
    assert str(raised.value)


@pytest.mark.parametrize(
    ("filled", "part"),
    [
        ({"shop_id": columns.constant("s", 1), "colour": columns.constant("x", 1)}, "no column colour"),
        ({"shop_id": columns.constant("s", 2), "brand": columns.constant("x", 1)}, "different lengths"),
        ({"shop_id": columns.constant("s", 1)}, "shops.currency is required"),
        ({"shop_id": columns.constant("s", 1), "currency": columns.integer(np.array([1]))}, "declared as text"),
    ],
)
def test_writer_refuses_what_the_table_does_not_declare(tmp_path: Path, filled: dict[str, object], part: str) -> None:
    with columns.Writer(tmp_path, TABLES) as writer, pytest.raises(ReferenceShopError, match=part):
        writer.write("shops", filled)
