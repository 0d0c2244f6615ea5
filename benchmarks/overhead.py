"""What a question costs over SQL that a person would write for it, on the same engine and the same files.

    python -m benchmarks.overhead [SIZE] [--rounds N]

A shop of SIZE generated order lines (default 1m). Each question is asked by us (words in, answer with totals out: names looked
up, SQL compiled, run, ratios divided) and as hand-written SQL over the same release in the same process, in turn, and both give
the same total. Nothing is kept between questions. Figures are medians of the rounds in milliseconds; the ratio is the median of
the ratios of the pairs.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.lines import write_lines
from benchmarks.measure import machine, median, run, show, size, versions

IS_ORDER = "kind IN ('sale', 'order') AND NOT is_cancelled"
ORDERS = f"count(DISTINCT order_key) FILTER (WHERE {IS_ORDER})"
CUSTOMERS = f"count(DISTINCT customer_key) FILTER (WHERE {IS_ORDER})"
YEAR = "day BETWEEN '2025-01-01' AND '2025-12-31'"


@dataclass(frozen=True)
class Pair:
    """A question in our words, the SQL for it, and the metric whose total both must give (the SQL's column of that name).

    SQL that gives a total as well has a row of its own for it, as our answer has: all its dimensions are null.
    """

    title: str
    sql: str
    metric: str
    question: dict[str, Any] = field(default_factory=dict)


def pair(title: str, metric: str, sql: str, **question: Any) -> Pair:
    """A pair over the year 2025 unless the question says otherwise."""
    return Pair(
        title,
        sql,
        metric.split(",", maxsplit=1)[0],
        {"metrics": metric.split(","), "start": "2025-01-01", "end": "2025-12-31", **question},
    )


def pairs(country: str) -> tuple[Pair, ...]:
    """What is asked; one of the questions is about a country."""
    of_country = "'" + country.replace("'", "''") + "'"
    return (
        pair("revenue of a year", "revenue", f"SELECT sum(revenue) AS revenue FROM sales WHERE {YEAR}"),
        pair(
            "revenue and orders by month", "revenue,orders",
            f"SELECT date_trunc('month', day) AS month, sum(revenue) AS revenue, {ORDERS} AS orders FROM sales WHERE {YEAR} "
            "GROUP BY GROUPING SETS ((month), ()) ORDER BY month", grain="month",
        ),
        pair(
            "revenue by day of one country", "revenue",
            f"SELECT day, sum(revenue) AS revenue FROM sales WHERE {YEAR} AND country = {of_country} "
            "GROUP BY GROUPING SETS ((day), ()) ORDER BY day",
            grain="day", where=[f"country={country}"],
        ),
        pair(
            "three metrics by country", "revenue,orders,average_order_value",
            f"SELECT country, sum(revenue) AS revenue, {ORDERS} AS orders, sum(revenue) / {ORDERS} AS average_order_value FROM sales "
            f"WHERE {YEAR} GROUP BY GROUPING SETS ((country), ()) ORDER BY country", by="country",
        ),
        pair(
            "revenue by country and month", "revenue",
            f"SELECT country, date_trunc('month', day) AS month, sum(revenue) AS revenue FROM sales WHERE {YEAR} "
            "GROUP BY GROUPING SETS ((country, month), ()) ORDER BY ALL", by="country", grain="month",
        ),
        pair(
            "ten best products, the rest, total", "revenue",
            f"WITH p AS MATERIALIZED (SELECT product_name, sum(revenue) AS revenue FROM sales WHERE {YEAR} GROUP BY ALL), "
            "top AS (SELECT * FROM p ORDER BY revenue DESC LIMIT 10) SELECT * FROM top UNION ALL SELECT 'rest', "
            "(SELECT sum(revenue) FROM p) - (SELECT sum(revenue) FROM top) UNION ALL SELECT NULL, sum(revenue) FROM p",
            by="product", limit=10, others=True, sort="-revenue",
        ),
        pair(
            "customers by month", "customers",
            f"SELECT date_trunc('month', day) AS month, {CUSTOMERS} AS customers FROM sales WHERE {YEAR} "
            "GROUP BY GROUPING SETS ((month), ()) ORDER BY month", grain="month",
        ),
        pair(
            "orders by weekday and hour", "orders",
            f"SELECT isodow(day) - 1 AS weekday, hour, {ORDERS} AS orders FROM sales WHERE {YEAR} "
            "GROUP BY GROUPING SETS ((weekday, hour), ()) ORDER BY ALL", by=["weekday", "hour"],
        ),
        pair(
            "revenue by country against the year before", "revenue",
            f"SELECT country, sum(revenue) FILTER (WHERE {YEAR}) AS revenue, "
            "sum(revenue) FILTER (WHERE day BETWEEN '2024-01-02' AND '2024-12-31') AS revenue_compare FROM sales "
            "WHERE day BETWEEN '2024-01-02' AND '2025-12-31' GROUP BY GROUPING SETS ((country), ()) ORDER BY ALL",
            by="country", compare=["2024-01-02", "2024-12-31"],
        ),
        pair(
            "revenue of every product", "revenue",
            f"SELECT product_name, sum(revenue) AS revenue FROM sales WHERE {YEAR} GROUP BY GROUPING SETS ((product_name), ()) "
            "ORDER BY ALL",
            by="product",
        ),
    )  # fmt: skip


def main() -> None:
    """Make the shop in a process of its own, measure in another, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("size", nargs="?", default="1m", type=size)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--workspace", type=Path, help="a shop of such lines that is there already")
    parser.add_argument("--folder", type=Path, help="where files and workspaces are made, and removed")
    parser.add_argument("--json", type=Path, help="where the figures are written as well")
    asked = parser.parse_args()
    print(f"Overhead · {machine()}\n{versions('tillsight', 'duckdb', 'ibis-framework', 'sqlglot')}")
    if asked.workspace:
        ratio = report(asked.workspace, asked.rounds)
        if asked.json:
            told = {
                "what": "our cost over hand-written SQL over the ledger, median",
                "value": round(ratio, 2),
                "unit": "×",
            }
            asked.json.write_text(json.dumps([told | {"must": 1.5, "aim": 1.15}]))
        return
    folder = Path(tempfile.mkdtemp(prefix="overhead-", dir=asked.folder))
    try:
        report(make(folder, asked.size), asked.rounds)
    finally:
        shutil.rmtree(folder)


def make(folder: Path, rows: int) -> Path:
    """A shop of generated order lines."""
    file, workspace = folder / "lines.csv", folder / "shop"
    write_lines(file, rows)
    for words in (
        ("init", workspace, "--currency", "EUR", "--timezone", "UTC"),
        ("load", file, "--build", "-w", workspace),
    ):
        done = run(sys.executable, "-m", "tillsight", *words)
        if done.code:
            raise SystemExit(f"{words[0]} failed: {done.errors[-2000:]}")
    return workspace


def report(workspace: Path, rounds: int) -> float:
    """Ask every pair `rounds` times in turn, after one round that is not counted. Returns the median of the ratios."""
    import tillsight

    shop = tillsight.open(workspace)
    release = shop.releases.current()
    [largest] = release.files.run_sql("SELECT mode(country) AS country FROM order_facts").to_pylist()
    asked_of = pairs(largest["country"])
    ours: dict[str, list[float]] = {one.title: [] for one in asked_of}
    theirs: dict[str, list[float]] = {one.title: [] for one in asked_of}
    for number in range(rounds + 1):
        for one in asked_of:
            started = time.perf_counter()
            answer = shop.query(**one.question)
            asked = time.perf_counter()
            table = release.files.run_sql(one.sql)
            written = time.perf_counter()
            if not number:
                check(one, answer.totals or answer.to_records()[0], table.to_pylist())
                continue
            ours[one.title].append(1000 * (asked - started))
            theirs[one.title].append(1000 * (written - asked))
    shop.close()
    ratios = {title: [a / b for a, b in zip(ours[title], theirs[title], strict=True)] for title in ours}
    rows = [
        [
            title,
            f"{median(ours[title]):.1f}",
            f"{median(theirs[title]):.1f}",
            f"{median(ratios[title]):.2f} ×",
            f"{median(ours[title]) - median(theirs[title]):.1f}",
        ]
        for title in ours
    ]
    every = [ratio for values in ratios.values() for ratio in values]
    rows.append(["median", "", "", f"{median(every):.2f} ×", ""])
    show(
        f"{release.rows_of('sales'):,} rows of the ledger, {rounds} rounds, milliseconds",
        ["question", "ours", "SQL", "ratio", "difference"],
        rows,
    )
    return median(every)


def check(one: Pair, total: dict[str, Any], rows: Sequence[dict[str, Any]]) -> None:
    """Both have the same total, else the comparison means nothing."""
    cut = [name for name in rows[0] if name not in total]
    # what has no product stands beside the total, with nothing in its columns as well
    whole = [row[one.metric] for row in rows if all(row[name] is None for name in cut)]
    if not any(value is not None and abs(float(total[one.metric]) - float(value)) <= 0.005 for value in whole):
        raise SystemExit(f"{one.title}: ours is {total[one.metric]}, the SQL's {whole}.")


if __name__ == "__main__":
    main()
