"""Texts that go through a layer as codes: the table says what it would say with the texts themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from tests.support.shops import line, make_shop, order

from tillsight.pipeline import writing

BRANDS = ["O'Neill", "", "Ørsted & Søn", 'Say "hi"', None, "z", "A"]


def tables() -> dict[str, list[dict[str, Any]]]:
    """A product of each brand, sold once, and a line of a product that nobody knows; of the channels one has no order."""
    products = [{"product_id": f"p{n}", "category": "Lamps", "brand": brand} for n, brand in enumerate(BRANDS)]
    orders = [order(f"o{n}", "2024-03-05", channel="web" if n % 2 else None) for n in range(len(BRANDS) + 1)]
    lines = [line(str(one["order_id"]), "1", f"p{n}", 1, "10") for n, one in enumerate(orders)]
    return {"products": products, "orders": orders, "order_items": lines}


def ledger(folder: Path) -> tuple[list[dict[str, Any]], dict[str, str], bool]:
    """The ledger, the type of each column as its files have it, and whether all brands are in a dictionary of their own."""
    with make_shop(folder, tables()) as shop:
        files = shop.releases.current().files
        rows: list[dict[str, Any]] = files.run_sql("SELECT * FROM sales ORDER BY order_id, kind").to_pylist()
        columns = files.run_sql("DESCRIBE SELECT * FROM sales").to_pylist()
    [lines] = (folder / "releases").rglob("sales/lines-*.parquet")
    group = pq.ParquetFile(lines).metadata.row_group(0)
    stored = {column.path_in_schema: column for column in map(group.column, range(group.num_columns))}
    return rows, {row["column_name"]: row["column_type"] for row in columns}, stored["brand"].has_dictionary_page


@pytest.mark.parametrize(("most", "coded"), [(writing.MOST_CODES, True), (3, False)], ids=["few brands", "many brands"])
def test_texts_and_codes_make_the_same_ledger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int, coded: bool
) -> None:
    rows, types, in_dictionary = ledger(tmp_path / "texts")
    assert {row["brand"] for row in rows} == set(BRANDS)
    assert not in_dictionary, "they do not repeat"
    monkeypatch.setattr(writing, "CODED_ROWS", 1)
    monkeypatch.setattr(writing, "MOST_CODES", most)
    assert ledger(tmp_path / "codes") == (rows, types, coded)
