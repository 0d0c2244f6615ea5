"""Scores and segments of a million customers: the engine beside pandas, on the same orders, in one run.

Five million orders of a million customers, in a file such as a release has. Both read it, score everybody by recency, frequency
and money with average ranks for ties, and count the segments of the preset for shops where nearly all buy once. The
segments are compared: they must be the same.

    python -m benchmarks.rfm [customers]
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import ibis
import numpy as np
import pandas as pd

from tillsight.domains.customers.rfm import scored, standing
from tillsight.domains.customers.rules import PRESETS

LAST = date(2025, 12, 31)
SCHEMA = {
    "shop_id": "string",
    "day": "date",
    "customer_key": "int64",
    "customer_id": "string",
    "orders": "int64",
    "revenue": "decimal(18, 6)",
}


def write_orders(file: Path, customers: int) -> int:
    """Orders of customers whose numbers of orders are geometric and whose amounts are log-normal; how many."""
    chance = np.random.default_rng(5)
    key = np.repeat(np.arange(customers), chance.geometric(0.2, customers))
    frame = pd.DataFrame(
        {
            "shop_id": "main",
            "day": pd.Timestamp(LAST) - pd.to_timedelta(chance.integers(0, 730, len(key)), unit="D"),
            "customer_key": key,
            "customer_id": np.char.mod("C%07d", key),
            "orders": 1,
            "revenue": chance.lognormal(3.5, 0.8, len(key)).round(2),
        }
    )
    with duckdb.connect() as connection:
        connection.register("frame", frame)
        types = {"string": "VARCHAR", "date": "DATE", "int64": "BIGINT"}
        columns = ", ".join(f"CAST({name} AS {types.get(type_, type_)}) AS {name}" for name, type_ in SCHEMA.items())
        connection.execute(
            f"COPY (SELECT {columns} FROM frame ORDER BY day) TO '{file}' (FORMAT parquet, COMPRESSION zstd)"
        )
    return len(key)


def by_engine(file: Path) -> dict[str, int]:
    """As the analysis does it: one query."""
    rows = scored(standing(ibis.table(SCHEMA, name="orders"), [LAST]))
    segments = rows.mutate(segment=PRESETS["olist"].segment_of(rows)).group_by("segment").agg(n=lambda t: t.count())
    with duckdb.connect() as connection:
        connection.execute(f"CREATE VIEW orders AS SELECT * FROM read_parquet('{file}')")
        return dict(connection.execute(str(ibis.to_sql(segments, dialect="duckdb"))).fetchall())


def by_pandas(file: Path) -> dict[str, int]:
    """The same, as one would write it in pandas."""
    frame = pd.read_parquet(file, columns=["day", "customer_key", "revenue"])
    frame["day"] = pd.to_datetime(frame["day"])
    frame["revenue"] = frame["revenue"].astype(float)
    stood = frame.groupby("customer_key").agg(last=("day", "max"), orders=("day", "size"), revenue=("revenue", "sum"))
    stood["revenue"] = stood["revenue"].round(2)
    count = len(stood)
    for score, value in (("r", "last"), ("f", "orders"), ("m", "revenue")):
        twice = (stood[value].rank(method="average") * 2 - 1).astype("int64")
        stood[score] = 1 + 5 * twice // (2 * count)
    days = (pd.Timestamp(LAST) - stood["last"]).dt.days
    again = stood["orders"] >= 2
    segment = np.select(
        [
            again & (stood["r"] >= 4) & (stood["m"] >= 4),
            again & (stood["r"] >= 3),
            again,
            (stood["m"] == 5) & (stood["r"] >= 3),
            days <= 90,
            days <= 365,
        ],
        [rule.name for rule in PRESETS["olist"].rules],
        PRESETS["olist"].rest,
    )
    return {str(name): int(number) for name, number in pd.Series(segment).value_counts().items()}


def measured(work: Callable[[Path], dict[str, int]], file: Path) -> tuple[float, dict[str, int]]:
    """The best of three runs, in seconds of wall, and what came out."""
    best, found = float("inf"), {}
    for _ in range(3):
        start = time.perf_counter()
        found = work(file)
        best = min(best, time.perf_counter() - start)
    return best, found


def main() -> None:
    """Print seconds and the ratio; fails where the two do not agree."""
    customers = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "orders.parquet"
        orders = write_orders(file, customers)
        engine, found = measured(by_engine, file)
        pandas, expected = measured(by_pandas, file)
    if found != expected:
        raise SystemExit(f"The segments differ: {found} against {expected}.")
    print(
        f"{customers:,} customers, {orders:,} orders: engine {engine:.2f} s, pandas {pandas:.2f} s, {pandas / engine:.1f} times as long"
    )


if __name__ == "__main__":
    main()
