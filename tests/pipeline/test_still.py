"""Amounts that are zero in all of a file are not added up: the sums say what they would say anyway."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.support.shops import line, make_shop, order

from tillsight.domains.registry import catalogue
from tillsight.pipeline import writing
from tillsight.pipeline.build import Build

SUMS = [rollup.name for rollup in catalogue().rollups.values() if rollup.kind == "sums" and rollup.relation == "sales"]


def tables() -> dict[str, list[dict[str, Any]]]:
    """Lines, of which one is free and one's cost is not known; a cancelled order; something shipped, and something paid back."""
    orders = [
        order("o1", "2024-03-05", channel="web", country="FR", shipping_amount="4.90"),
        order("o2", "2024-03-31", channel="shop", country="DE"),
        order("o3", "2024-04-01", channel="web", country="DE", order_status="cancelled"),
    ]
    lines = [
        line("o1", "1", "p1", 2, "10", unit_cost="6"),
        line("o1", "2", "p2", 1, "0"),
        line("o2", "1", "p1", 1, "11", discount_amount="1"),
        line("o3", "1", "p2", 1, "7", unit_cost="3"),
    ]
    paid_back = {"refund_id": "r1", "order_id": "o1", "line_id": "1", "refunded_at": "2024-04-02", "amount": "10"}
    refunds = [paid_back | {"tax_amount": "0", "currency": "EUR", "kind": "goods", "quantity": 1, "product_id": "p1"}]
    products = [{"product_id": f"p{n}", "category": f"Lamps {n}", "brand": "Lux"} for n in (1, 2)]
    return {"products": products, "orders": orders, "order_items": lines, "refunds": refunds}


def sums(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """The rows of every sum of sales."""
    with make_shop(folder, tables(), limits={"rollup_rows": 0}) as shop:
        files = shop.releases.current().files
        return {name: files.run_sql(f"SELECT * FROM {name} ORDER BY ALL").to_pylist() for name in SUMS}


def test_what_is_zero_in_a_file_is_not_added_up_and_the_sums_are_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: dict[tuple[str, str], str] = {}
    tailored = Build._tailored

    def noting(self: Build, writer: Any, relation: Any, piece: Any, *rest: Any) -> str:
        sql = tailored(self, writer, relation, piece, *rest)
        written[relation.name, Path(piece.source).stem] = sql
        return sql

    monkeypatch.setattr(Build, "_tailored", noting)
    found = sums(tmp_path / "tailored")
    for name in SUMS:
        lines, entries = written[name, "lines-0000"], written[name, "entries"]
        for column in ("returned_sales", "shipping_charges"):
            assert f'SUM("t0"."{column}")' not in lines, "no line is a return, or shipping"
            assert f'SUM("t0"."{column}")' in entries
        assert 'SUM("t0"."gross_sales")' in lines
        assert 'SUM("t0"."gross_sales")' not in entries, "nothing is sold beside the lines"
    assert sum(row["returned_sales"] for row in found["sales_by_brand"] if not row["is_month"]) == 10
    assert sum(row["returned_sales__rows"] for row in found["sales_by_brand"] if not row["is_month"]) == 1

    monkeypatch.setattr(writing, "_is_still", lambda _: False)
    assert sums(tmp_path / "whole") == found


@pytest.mark.parametrize(
    ("said", "still"),
    [
        ({"min": "0.000000", "max": "0.000000", "null_count": "0"}, True),
        ({"min": "0", "max": "0", "null_count": "0"}, True),
        ({"min": "0.000000", "max": "0.010000", "null_count": "0"}, False),
        ({"min": "-1", "max": "0", "null_count": "0"}, False),
        ({"min": "0", "max": "0", "null_count": "1"}, False),
        ({"null_count": "3"}, False),
        ({"min": "", "max": "", "null_count": "0"}, False),
    ],
)
def test_a_column_is_still_where_its_least_and_largest_value_are_zero(said: dict[str, str], still: bool) -> None:
    assert writing._is_still(said) is still
