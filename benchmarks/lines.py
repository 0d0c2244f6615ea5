"""Order lines for the benchmarks: one flat CSV of any size, the same on every machine, and the public Online Retail file.

One row is a line of an order: baskets of 1 to 5 lines over two years, 2,000 products of which a few sell most, one customer in
25 orders, ten countries. Prices are in EUR with two decimals.
"""

from __future__ import annotations

from pathlib import Path

ONLINE_RETAIL = Path("../shared/data/online_retail/online_retail.csv.gz")
"""Where the public file is, from the project's root; nothing of it is part of the project."""

COUNTRIES = ("Germany", "France", "Netherlands", "Italy", "Spain", "Poland", "Austria", "Belgium", "Sweden", "Ireland")


def write_lines(target: Path, rows: int) -> None:
    """Write `rows` order lines as CSV, by time."""
    import duckdb

    countries = ", ".join(f"'{name}'" for name in COUNTRIES)
    per_order = 3
    # three quarters of the orders have one to three lines, the rest more: order o has the lines whose number maps to it
    duckdb.execute(f"""
        COPY (
            SELECT 'A' || lpad(o::VARCHAR, 9, '0') AS order_id,
                strftime(TIMESTAMP '2024-01-01' + to_seconds((o * 63072000.0 / {rows // per_order + 1})::BIGINT), '%Y-%m-%d %H:%M:%S')
                    AS order_date,
                'C' || lpad((pow((hash(o, 1) % 1000000) / 1e6, 1.5) * {max(rows // 75, 10)})::INTEGER::VARCHAR, 7, '0') AS customer_id,
                ([{countries}])[1 + (10 * pow((hash(o, 2) % 1000) / 1000.0, 2))::INTEGER % 10] AS country,
                'P' || lpad(p::VARCHAR, 5, '0') AS product_id,
                'Product ' || p AS product_name,
                1 + (hash(i, 4) % 10 >= 7)::INTEGER * (hash(i, 5) % 5)::INTEGER AS quantity,
                ((199 + hash(p) % 9800) / 100)::DECIMAL(18, 2) AS unit_price
            FROM (
                SELECT i, (i // {per_order}) - (hash(i, 6) % 4 = 0 AND i >= {per_order})::INTEGER AS o,
                    (2000 * pow((hash(i, 3) % 1000000) / 1e6, 2))::INTEGER AS p
                FROM range({rows}) AS r(i)
            )
            ORDER BY o, i
        ) TO '{target}' (FORMAT csv, HEADER)
    """)
