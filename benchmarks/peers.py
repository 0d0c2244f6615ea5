"""The same question to other tools: read the file, keep the sales, and give revenue and orders by country and month.

Run as a process of its own: `python -m benchmarks.peers pandas|polars|duckdb FILE retail|lines`. It prints rows read, groups,
revenue and orders. The tools are used as their guides show, with all their threads. They answer this one question and keep
nothing: no classes of rows beside the sale, no identity, no checks, no release to ask again.
"""

from __future__ import annotations

import json
import sys
from typing import Any

RETAIL = {
    "order": "InvoiceNo", "day": "InvoiceDate", "product": "StockCode", "country": "Country", "quantity": "Quantity",
    "price": "UnitPrice",
}  # fmt: skip
LINES = {
    "order": "order_id", "day": "order_date", "product": "product_id", "country": "country", "quantity": "quantity",
    "price": "unit_price",
}  # fmt: skip
SALE = r"^(\d{5}|DCGS|PADS)"


def with_pandas(file: str, name: dict[str, str], retail: bool) -> dict[str, Any]:
    """pandas.read_csv and groupby."""
    import pandas as pd

    rows = pd.read_csv(file, dtype={name["order"]: str, name["product"]: str}, parse_dates=[name["day"]])
    count = len(rows)
    if retail:
        product = rows[name["product"]].str.match(SALE)
        rows = rows[product & rows[name["order"]].str.match(r"^\d") & (rows[name["quantity"]] > 0)]
    rows = rows.assign(revenue=rows[name["quantity"]] * rows[name["price"]], month=rows[name["day"]].dt.to_period("M"))
    groups = rows.groupby([name["country"], "month"]).agg(revenue=("revenue", "sum"), orders=(name["order"], "nunique"))
    return {
        "read": count,
        "groups": len(groups),
        "revenue": groups["revenue"].sum(),
        "orders": int(groups["orders"].sum()),
    }


def with_polars(file: str, name: dict[str, str], retail: bool) -> dict[str, Any]:
    """polars.scan_csv, lazily, and group_by."""
    import polars as pl

    types = {name["order"]: pl.String, name["product"]: pl.String}
    # a gzipped file cannot be scanned piece by piece
    whole = pl.read_csv(file, schema_overrides=types, try_parse_dates=True).lazy() if file.endswith(".gz") else None
    rows = whole if whole is not None else pl.scan_csv(file, schema_overrides=types, try_parse_dates=True)
    count = rows.select(pl.len()).collect().item()
    if retail:
        product = pl.col(name["product"]).str.contains(SALE)
        rows = rows.filter(product & pl.col(name["order"]).str.contains(r"^\d") & (pl.col(name["quantity"]) > 0))
    groups = (
        rows.group_by(name["country"], pl.col(name["day"]).dt.truncate("1mo").alias("month"))
        .agg(
            revenue=(pl.col(name["quantity"]) * pl.col(name["price"])).sum(),
            orders=pl.col(name["order"]).n_unique(),
        )
        .collect()
    )
    return {
        "read": count, "groups": groups.height, "revenue": groups["revenue"].sum(), "orders": int(groups["orders"].sum()),
    }  # fmt: skip


def with_duckdb(file: str, name: dict[str, str], retail: bool) -> dict[str, Any]:
    """Plain SQL over the file."""
    import duckdb

    only = f"WHERE regexp_matches({name['product']}, '{SALE}') AND regexp_matches({name['order']}, '^[0-9]') AND {name['quantity']} > 0"
    types = f"{{'{name['order']}': 'VARCHAR', '{name['product']}': 'VARCHAR', '{name['price']}': 'DECIMAL(18,3)'}}"
    duckdb.execute(f"CREATE TEMP TABLE rows AS SELECT * FROM read_csv('{file}', types = {types})")
    groups = duckdb.execute(f"""
        SELECT {name["country"]}, date_trunc('month', {name["day"]}) AS month, sum({name["quantity"]} * {name["price"]}) AS revenue,
            count(DISTINCT {name["order"]}) AS orders
        FROM rows {only if retail else ""} GROUP BY ALL
    """).fetchall()
    count = duckdb.execute("SELECT count(*) FROM rows").fetchone()
    assert count
    return {
        "read": count[0], "groups": len(groups), "revenue": float(sum(row[2] for row in groups)),
        "orders": sum(row[3] for row in groups),
    }  # fmt: skip


PEERS = {"pandas": with_pandas, "polars": with_polars, "duckdb": with_duckdb}

if __name__ == "__main__":
    _, peer, path, kind = sys.argv
    print(json.dumps(PEERS[peer](path, RETAIL if kind == "retail" else LINES, kind == "retail")))
