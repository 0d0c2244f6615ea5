"""Size as a non-event: a grocer's two years, from 1.7 M to 170 M order lines, made, loaded, built and refreshed.

    python -m benchmarks.scale SIZE [--folder DIR] [--keep] [--json FILE]

SIZE is the number of order lines (1.7m, 17m, 170m). The shop: 180 stores in three countries, a web shop and an app, 20,000 SKUs,
6 M members for 170 M lines (fewer in proportion below), baskets of 2.9 lines on average, prices with tax, discounts on lines and on
whole baskets, cancelled baskets, refunds, lines without a known cost. It is drawn in the engine from a hash, in columns, as Parquet
files, and goes the way of every file: recognised, converted, checked, landed. Then the release is built; then one more day is loaded
of which 1 % of the baskets are late or corrected, spread over the last 90 days, and the release is built again.

Every step is a process of its own; its wall time, its peak memory and what lies on the disk are printed, and written to --json as a
list of {what, value, unit, must, aim}.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.measure import folder_bytes, machine, run, size, versions

TILLSIGHT = (sys.executable, "-m", "tillsight")
GB = 1 << 30
FIRST_DAY, DAYS = "2024-10-01", 730
STORES, PRODUCTS = 180, 20_000
LINES_A_BASKET = 2.9
MEMBERS_A_LINE = 6 / 170
DAY_LINES = 230_000
"""Order lines of one more day at 170 M; fewer in proportion below."""
SPREAD = 90


def main() -> None:
    """Make, load, build, refresh; print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("size", nargs="?", default="1.7m")
    parser.add_argument("--folder", type=Path, help="where the workspace is made (and kept with --keep)")
    parser.add_argument("--keep", action="store_true", help="leave the workspace for other runs")
    parser.add_argument("--json", type=Path, help="also write the figures there")
    parser.add_argument("--only", choices=("draw",), help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--next-day", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    lines = size(asked.size)
    if asked.only:
        draw(asked.out, lines, next_day=asked.next_day)
        return
    print(
        f"Scale · {lines:,} order lines · {machine()}\n{versions('tillsight', 'duckdb', 'ibis-framework', 'pyarrow')}"
    )
    folder = asked.folder or Path(tempfile.mkdtemp(prefix="scale-"))
    try:
        figures = measure(folder, asked.size, lines)
    finally:
        if not asked.keep:
            shutil.rmtree(folder, ignore_errors=True)
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=1))


def measure(folder: Path, name: str, lines: int) -> list[dict[str, Any]]:
    """All steps in a folder; the figures as they are written to --json."""
    folder.mkdir(parents=True, exist_ok=True)
    shop = folder / "shop"
    here = ("-w", str(shop))
    run(*TILLSIGHT, "init", str(shop), "--currency", "EUR", "--timezone", "Europe/Berlin")
    figures: list[dict[str, Any]] = []

    def tell(what: str, value: float, unit: str, must: float | None = None, aim: float | None = None) -> None:
        figures.append({"what": what, "value": round(value, 3), "unit": unit, "must": must, "aim": aim, "size": name})
        print(f"{what:<42}{value:>12,.1f} {unit}", flush=True)

    for next_day, must, aim in ((False, 480, 240), (True, None, None)):
        raw = folder / ("next" if next_day else "raw")
        title = "one more day: " if next_day else ""
        drawn = run(
            sys.executable,
            "-m",
            "benchmarks.scale",
            name,
            "--only",
            "draw",
            "--out",
            raw,
            *(["--next-day"] if next_day else []),
        )
        tell(f"{title}drawn", drawn.seconds, "s")
        tell(f"{title}files", folder_bytes(raw) / GB, "GB")
        loaded = run(*TILLSIGHT, *here, "load", raw)
        shutil.rmtree(raw)
        tell(f"{title}loaded", loaded.seconds, "s")
        tell(f"{title}generated (drawn and loaded)", drawn.seconds + loaded.seconds, "s", must, aim)
        tell(f"{title}load, peak memory", loaded.peak / GB, "GB")
        tell(f"{title}landing", folder_bytes(shop / "landing") / GB, "GB")
        built = run(*TILLSIGHT, *here, "build")
        if next_day:
            tell("refresh", built.seconds, "s", 30, 10)
            tell("refresh with the load", loaded.seconds + built.seconds, "s")
            tell("refresh, peak memory", built.peak / GB, "GB")
        else:
            tell("build", built.seconds, "s", 600, 300)
            tell("build, peak memory", built.peak / GB, "GB", 16, 12)
            tell("releases", folder_bytes(shop / "releases") / GB, "GB", 40, 20)
    return figures


def draw(out: Path, lines: int, *, next_day: bool = False) -> None:
    """Write the shop's tables as Parquet files to a folder: two years of it, or the day after with its late and corrected baskets."""
    started = time.perf_counter()
    out.mkdir(parents=True, exist_ok=True)
    members = max(int(lines * MEMBERS_A_LINE), 1_000)
    baskets = int(lines / LINES_A_BASKET)
    connection = duckdb.connect(config={"memory_limit": "6GB", "temp_directory": str(out / ".spill")})
    connection.execute("SET preserve_insertion_order = true")
    for macro in _MACROS:
        connection.execute(macro.format(members=members))
    connection.execute(_PRICES)
    if next_day:
        day_baskets = max(int(DAY_LINES * lines / 170e6 / LINES_A_BASKET), 20)
        source = _next_day(baskets, day_baskets)
    else:
        _masters(connection, out, members)
        source = (
            f"SELECT i AS basket, DATE '{FIRST_DAY}' + CAST(i * {DAYS} // {baskets} AS INTEGER) AS day, false AS corrected "
            f"FROM range({baskets}) AS r(i)"
        )
    _write(connection, _ORDERS.format(source=source), out / "orders.parquet")
    _write(connection, _ITEMS.format(source=source), out / "order_items.parquet")
    _write(connection, _REFUNDS.format(source=source), out / "refunds.parquet")
    shutil.rmtree(out / ".spill", ignore_errors=True)
    print(f"{time.perf_counter() - started:.1f} s")


def _next_day(baskets: int, count: int) -> str:
    """The day after: new baskets, half of 1 % of them late, and as many old ones corrected, over the last 90 days."""
    late = max(count // 200, 2)
    first = baskets - baskets * SPREAD // DAYS
    return (
        f"SELECT {baskets} + i AS basket, DATE '{FIRST_DAY}' + {DAYS} AS day, false AS corrected FROM range({count}) AS r(i) "
        f"UNION ALL SELECT {baskets} + {count} + i, DATE '{FIRST_DAY}' + {DAYS} - 1 - CAST(i * {SPREAD} // {late} AS INTEGER), false "
        f"FROM range({late}) AS r(i) "
        f"UNION ALL SELECT {first} + i * {(baskets - first) // late}, DATE '{FIRST_DAY}' "
        f"+ CAST(({first} + i * {(baskets - first) // late}) * {DAYS} // {baskets} AS INTEGER), true FROM range({late}) AS r(i)"
    )


def _write(connection: duckdb.DuckDBPyConnection, sql: str, file: Path) -> None:
    connection.execute(f"COPY ({sql}) TO '{file}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880)")


_MACROS = (
    # a number from 0 to n-1 out of a basket and a purpose
    "CREATE MACRO pick(i, purpose, n) AS CAST(hash(i, purpose) % n AS BIGINT)",
    "CREATE MACRO store(i) AS pick(i, 1, 180)",
    "CREATE MACRO lines_of(i) AS [1, 1, 2, 2, 2, 3, 3, 4, 5, 6][pick(i, 2, 10) + 1]",
    # one in three baskets is nobody's; some members come more often than others
    "CREATE MACRO member(i) AS CASE WHEN pick(i, 3, 10) < 7 THEN CAST(power(pick(i, 4, 1000000000) / 1e9, 1.5) * {members} AS BIGINT) END",
    "CREATE MACRO online(i) AS pick(i, 5, 100)",
    "CREATE MACRO product_of(i, line) AS CAST(power(pick(i * 8 + line, 6, 1000000) / 1e6, 2) * 20000 AS BIGINT)",
    "CREATE MACRO country_of(s) AS CASE WHEN s < 90 THEN 'DE' WHEN s < 140 THEN 'FR' ELSE 'NL' END",
)
_PRICES = (
    "CREATE TABLE prices AS SELECT i AS product, CAST(0.49 + pick(i, 20, 400) * 0.1 AS DECIMAL(18, 2)) AS price, "
    "CAST((0.49 + pick(i, 20, 400) * 0.1) * (40 + pick(i, 21, 30)) / 120 AS DECIMAL(18, 2)) AS cost FROM range(20000) AS r(i)"
)
_ORDERS = """
SELECT 'B' || lpad(CAST(basket AS VARCHAR), 9, '0') AS order_id,
  'M' || lpad(CAST(member(basket) AS VARCHAR), 7, '0') AS customer_id,
  CAST(day AS TIMESTAMP) + to_seconds(28800 + pick(basket, 7, 43200)) AS placed_at,
  CASE WHEN pick(basket, 8, 100) = 0 THEN 'cancelled' ELSE 'completed' END AS order_status,
  'EUR' AS currency, true AS prices_include_tax,
  CAST(CASE WHEN pick(basket, 9, 20) = 0 THEN 0.25 + pick(basket, 10, 4) * 0.25 ELSE 0 END AS DECIMAL(18, 2)) AS discount_amount,
  CAST(0 AS DECIMAL(18, 2)) AS tax_amount, CAST(0 AS DECIMAL(18, 2)) AS shipping_amount,
  CASE WHEN online(basket) < 10 THEN 'web' WHEN online(basket) < 15 THEN 'mobile' ELSE 'retail' END AS channel,
  CASE WHEN online(basket) < 15 THEN ['card', 'paypal', 'invoice'][pick(basket, 11, 3) + 1]
       ELSE ['cash', 'card', 'voucher'][pick(basket, 11, 3) + 1] END AS payment_method,
  CASE WHEN online(basket) < 10 THEN ['desktop', 'tablet'][pick(basket, 12, 2) + 1] WHEN online(basket) < 15 THEN 'mobile' END
    AS device_type,
  CASE WHEN online(basket) < 15 THEN ['organic', 'paid', 'email', 'direct'][pick(basket, 13, 4) + 1] END AS traffic_source,
  'S' || lpad(CAST(store(basket) AS VARCHAR), 3, '0') AS location_id, country_of(store(basket)) AS country
FROM ({source})
"""
_ITEMS = """
WITH lines AS (
  SELECT basket, corrected, unnest(range(lines_of(basket))) AS line FROM ({source})
), sold AS (
  SELECT basket, line, product_of(basket, line) AS product,
    pick(basket * 8 + line, 14, 10) // 8 + 1 + CAST(corrected AS INTEGER) AS quantity FROM lines
), priced AS (
  SELECT basket, line, product, quantity, price, CASE WHEN pick(product, 16, 50) > 0 THEN cost END AS cost,
    CAST(CASE WHEN pick(basket * 8 + line, 15, 100) < 15 THEN round(price * quantity * 0.1, 2) ELSE 0 END AS DECIMAL(18, 2)) AS discount
  FROM sold JOIN prices USING (product)
)
SELECT 'B' || lpad(CAST(basket AS VARCHAR), 9, '0') AS order_id, CAST(line + 1 AS VARCHAR) AS line_id,
  'P' || lpad(CAST(product AS VARCHAR), 5, '0') AS product_id, CAST(quantity AS DECIMAL(18, 4)) AS quantity, price AS unit_price,
  cost AS unit_cost, discount AS discount_amount, CAST(round((price * quantity - discount) / 6, 2) AS DECIMAL(18, 2)) AS tax_amount
FROM priced
"""
_REFUNDS = """
SELECT 'R' || lpad(CAST(basket AS VARCHAR), 9, '0') AS refund_id, '1' AS line_id, 'B' || lpad(CAST(basket AS VARCHAR), 9, '0') AS order_id,
  '1' AS order_line_id, CAST(1 AS DECIMAL(18, 4)) AS quantity, CAST(round(price * 5 / 6, 2) AS DECIMAL(18, 2)) AS amount,
  CAST(price - round(price * 5 / 6, 2) AS DECIMAL(18, 2)) AS tax_amount, CAST(0 AS DECIMAL(18, 2)) AS shipping_amount,
  CAST(day AS TIMESTAMP) + to_days(CAST(pick(basket, 18, 14) AS INTEGER)) + to_seconds(43200) AS refunded_at,
  'EUR' AS currency, 'goods' AS kind
FROM ({source}) JOIN prices ON product = product_of(basket, 0)
WHERE pick(basket, 17, 40) = 0 AND pick(basket, 8, 100) > 0
"""


def _masters(connection: duckdb.DuckDBPyConnection, out: Path, members: int) -> None:
    """Products, stores, suppliers and members."""
    _write(
        connection,
        "SELECT 'P' || lpad(CAST(i AS VARCHAR), 5, '0') AS product_id, 'Article ' || i AS product_name, "
        "'Department ' || (i % 6 + 1) AS department, 'Category ' || (i % 24 + 1) AS category, "
        "'Sub-category ' || (i % 120 + 1) AS sub_category, 'Brand ' || (pick(i, 30, 300) + 1) AS brand, "
        "'V' || lpad(CAST(pick(i, 31, 150) AS VARCHAR), 3, '0') AS supplier_id, "
        "(SELECT cost FROM prices WHERE product = i) AS unit_cost, (SELECT price FROM prices WHERE product = i) AS list_price "
        f"FROM range({PRODUCTS}) AS r(i)",
        out / "products.parquet",
    )
    _write(
        connection,
        "SELECT 'S' || lpad(CAST(i AS VARCHAR), 3, '0') AS location_id, 'Store ' || (i + 1) AS location_name, 'store' AS location_type, "
        f"CASE WHEN i % 3 = 0 THEN 'metro' ELSE 'regional' END AS market, country_of(i) AS country FROM range({STORES}) AS r(i)",
        out / "locations.parquet",
    )
    _write(
        connection,
        "SELECT 'V' || lpad(CAST(i AS VARCHAR), 3, '0') AS supplier_id, 'Supplier ' || (i + 1) AS supplier_name FROM range(150) AS r(i)",
        out / "suppliers.parquet",
    )
    _write(
        connection,
        "SELECT 'M' || lpad(CAST(i AS VARCHAR), 7, '0') AS customer_id, 'm' || i || '@example.org' AS email, "
        f"country_of(pick(i, 40, 180)) AS country FROM range({members} + 1) AS r(i)",
        out / "customers.parquet",
    )


if __name__ == "__main__":
    main()
