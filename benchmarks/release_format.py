"""Which format should carry a release: Delta, Iceberg, or files with a manifest of our own?

Writes a sales ledger (day, store, product, customer, quantity, amount) of any size with each of them, one file for each month
or for each day, and a second small table of day totals that must agree with it; publishes; refreshes with one more day and
late rows (1 % of a day's, spread over the 90 days before), writing only the files that they touch; reads it back through
DuckDB by the list of files; and breaks it: a writer killed while it writes, a writer killed between the two tables, two
writers at once, old versions collected. Every step is a process of its own, timed from outside.

    python -m benchmarks.release_format [SIZE] [--ways manifest,delta-log,…] [--layouts month,day] [--folder DIR] [--days N] [--unbroken]

SIZE is a number of rows: 1m (the default), 17m, 170m. Needs the packages deltalake and pyiceberg[sql-sqlite,pyiceberg-core] beside duckdb,
pyarrow and sqlalchemy; no network. Disk: about 20 bytes a row.

Ways: `manifest` (DuckDB writes, one row of SQLite names the files of both tables), `delta-log` (DuckDB writes, deltalake
commits), `delta` (deltalake writes and commits), `iceberg-log` (DuckDB writes, pyiceberg commits), `iceberg` (pyiceberg
writes and commits).
"""

# The two packages are not part of the project, so nothing is known of their types.
# mypy: disable-error-code="import-not-found,import-untyped"

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.measure import MB, Child, Run, folder_bytes, machine, run, show, size, versions

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

FIRST = date(2024, 1, 1)
DAYS = 730
LATE_DAYS = 90
LATE_SHARE = 0.01
COLUMNS = "day, store_id, product_id, customer_id, quantity, amount"
TYPES = {
    "sales": "day DATE, store_id INTEGER, product_id INTEGER, customer_id BIGINT, quantity DECIMAL(18,3), amount DECIMAL(18,2)",
    "day_totals": "day DATE, store_id INTEGER, amount DECIMAL(18,2)",
}
COPY = "FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880"
FIGURES = (
    "way, one file for each", "write s", "CPU s", "peak", "commit", "refresh s", "CPU s", "peak", "commit",
    "list s", "open s", "month s", "all s", "files", "data MB", "metadata files / kB",
)  # fmt: skip
WHOLE = "whole"
"""The one part of a table that is not cut."""

Parts = Mapping[str, str]
"""The part of a table (first day of the month, a day, or the whole) and the SQL of its rows."""


def rows_sql(first: int, last: int, per_day: int, salt: int = 0, day: str | None = None) -> str:
    """The SQL of ledger rows number `first` to `last`: baskets of three lines, a few products sell most."""
    day = day or f"DATE '{FIRST}' + (i // {per_day})::INTEGER"
    return f"""
        SELECT {day} AS day, (hash(i // 3, {salt}) % 180)::INTEGER AS store_id,
            (20000 * pow((hash(i, {salt}, 1) % 1000000) / 1e6, 2))::INTEGER AS product_id,
            (hash(i // 3, {salt}, 2) % 6000000)::BIGINT AS customer_id,
            (1 + hash(i, {salt}, 3) % 4)::DECIMAL(18,3) AS quantity,
            ((1 + hash(i, {salt}, 3) % 4) * (99 + hash(i, {salt}, 1) % 4900) / 100)::DECIMAL(18,2) AS amount
        FROM range({first}, {last}) AS r(i)"""


def part_of(day: date, layout: str) -> str:
    """The part that a day is in."""
    return str(day if layout == "day" else day.replace(day=1))


def days_of(part: str, layout: str) -> tuple[date, date]:
    """First and last day of a part."""
    start = date.fromisoformat(part)
    end = start if layout == "day" else (start + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return start, end


def files_sql(files: list[str]) -> str:
    """The SQL that reads these files, and nothing of their paths."""
    return f"SELECT * FROM read_parquet([{', '.join(repr(file) for file in files)}], hive_partitioning = false)"


def die_at(point: str) -> None:
    """End this process as a power cut would, when it was started to die here."""
    if os.environ.get("DIE_AT") == point:
        os.kill(os.getpid(), signal.SIGKILL)


def meet(folder: Path) -> None:
    """Wait for the other writer, when two were started: both have then seen the same version."""
    if os.environ.get("MEET"):
        (folder / f"meet-{os.getpid()}").touch()
        limit = time.monotonic() + 60
        while len(list(folder.glob("meet-*"))) < 2 and time.monotonic() < limit:
            time.sleep(0.01)


class Way(ABC):
    """One way to carry a release of two tables: `sales` in parts, `day_totals` whole."""

    locked = False
    """The way itself lets one writer in at a time."""

    def __init__(self, folder: Path, layout: str) -> None:
        self.folder = folder
        self.layout = layout
        self.commit_seconds = 0.0
        self.order = ""
        """How the rows of a part of `sales` are sorted, where they do not come sorted."""

    @abstractmethod
    def open(self) -> None:
        """Take the version that answers now."""

    @abstractmethod
    def files(self, table: str) -> dict[str, list[str]]:
        """The files of a table, by part, in the version that was opened."""

    @abstractmethod
    def publish(self, connection: duckdb.DuckDBPyConnection, tables: Mapping[str, Parts]) -> None:
        """Write these parts in place of those of the same names, and publish."""

    @abstractmethod
    def collect(self) -> str:
        """Delete what only versions before the last one name; what was left, in words."""

    def write_files(self, connection: duckdb.DuckDBPyConnection, table: str, parts: Parts) -> dict[str, list[str]]:
        """Each part into a file of a new name, written by DuckDB and on the disk."""
        written = {}
        for part, sql in parts.items():
            target = self.folder / table / f"part={part}" / f"{uuid.uuid4().hex}.parquet"
            target.parent.mkdir(parents=True, exist_ok=True)
            order = self.order if table == "sales" else ""
            connection.execute(f"COPY ({sql}{order}) TO '{target}' ({COPY})")
            for path in (target, target.parent):
                handle = os.open(path, os.O_RDONLY)
                os.fsync(handle)
                os.close(handle)
            written[part] = [str(target)]
        return written


class Manifest(Way):
    """One row of a database names the files of every table; one transaction publishes it."""

    locked = True

    def open(self) -> None:
        """The newest row."""
        with sqlite3.connect(self.folder / "app.sqlite") as database:
            database.execute("CREATE TABLE IF NOT EXISTS releases (number INTEGER PRIMARY KEY, manifest TEXT)")
            row = database.execute("SELECT manifest FROM releases ORDER BY number DESC LIMIT 1").fetchone()
        self.manifest: dict[str, dict[str, list[str]]] = json.loads(row[0]) if row else {"sales": {}, "day_totals": {}}

    def files(self, table: str) -> dict[str, list[str]]:
        """As the row names them."""
        return self.manifest[table]

    def publish(self, connection: duckdb.DuckDBPyConnection, tables: Mapping[str, Parts]) -> None:
        """Write the files, then insert the row."""
        new = {
            table: self.manifest[table] | self.write_files(connection, table, parts) for table, parts in tables.items()
        }
        die_at("between")
        started = time.perf_counter()
        with sqlite3.connect(self.folder / "app.sqlite") as database:
            database.execute("PRAGMA synchronous = FULL")
            database.execute("INSERT INTO releases (manifest) VALUES (?)", [json.dumps(new)])
        self.commit_seconds += time.perf_counter() - started

    def collect(self) -> str:
        """Forget older rows, delete the files that no row names."""
        with sqlite3.connect(self.folder / "app.sqlite") as database:
            database.execute("DELETE FROM releases WHERE number < (SELECT max(number) FROM releases)")
        self.open()
        named = {file for parts in self.manifest.values() for files in parts.values() for file in files}
        for path in self.folder.rglob("*.parquet"):
            if str(path) not in named:
                path.unlink()
        return "nothing"


class Delta(Way):
    """deltalake: each table has a log of its own. `own_writer`: it writes the files as well."""

    own_writer = False

    def open(self) -> None:
        """The newest version of each log."""
        from deltalake import DeltaTable

        self.tables = {
            table: DeltaTable(self.folder / table) if (self.folder / table / "_delta_log").exists() else None
            for table in TYPES
        }

    def files(self, table: str) -> dict[str, list[str]]:
        """What the log lists; the part is in the path."""
        found: dict[str, list[str]] = {}
        opened = self.tables[table]
        for uri in opened.file_uris() if opened else []:
            path = uri.removeprefix("file://")
            found.setdefault(path.split("part=")[1].split("/")[0], []).append(path)
        return found

    def publish(self, connection: duckdb.DuckDBPyConnection, tables: Mapping[str, Parts]) -> None:
        """One commit for each table, one after the other."""
        for table, parts in tables.items():
            if self.own_writer:
                self._write(connection, table, parts)
            else:
                self._log(connection, table, parts)
            if table == "sales":
                die_at("between")

    def _write(self, connection: duckdb.DuckDBPyConnection, table: str, parts: Parts) -> None:
        import pyarrow as pa
        from deltalake import WriterProperties, write_deltalake

        schema = arrow_schema(connection, table, "'' AS part")
        order = self.order if table == "sales" else ""
        names = ", ".join(schema.names[:-1])

        def batches() -> Iterator[pa.RecordBatch]:
            # part after part: DuckDB 1.5 can wait for ever when it streams a union of many
            for part, sql in parts.items():
                rows = connection.execute(f"SELECT {names}, '{part}' AS part FROM ({sql}){order}")
                yield from rows.to_arrow_reader(122_880)

        opened = self.tables[table]
        write_deltalake(
            opened or self.folder / table,
            pa.RecordBatchReader.from_batches(schema, batches()),
            partition_by=["part"],
            mode="overwrite" if opened else "error",
            predicate="part IN (" + ", ".join(f"'{part}'" for part in parts) + ")" if opened else None,
            writer_properties=WriterProperties(compression="ZSTD", max_row_group_size=122_880),
        )

    def _log(self, connection: duckdb.DuckDBPyConnection, table: str, parts: Parts) -> None:
        from deltalake import Schema
        from deltalake.transaction import AddAction, RemoveAction, create_table_with_add_actions

        written = self.write_files(connection, table, parts)
        old = self.files(table)
        started = time.perf_counter()
        add = [
            AddAction(
                path=str(Path(file).relative_to(self.folder / table)),
                size=Path(file).stat().st_size,
                partition_values={"part": part},
                modification_time=int(time.time() * 1000),
                data_change=True,
                stats=json.dumps({"numRecords": rows_in(connection, file)}),
            )
            for part, files in written.items()
            for file in files
        ]
        schema = Schema.from_arrow(arrow_schema(connection, table, "'' AS part"))
        opened = self.tables[table]
        if opened is None:
            create_table_with_add_actions(str(self.folder / table), schema, add, partition_by=["part"])
        else:
            gone = [
                RemoveAction(
                    path=str(Path(file).relative_to(self.folder / table)),
                    data_change=True,
                    deletion_timestamp=int(time.time() * 1000),
                    size=Path(file).stat().st_size,
                    partition_values={"part": part},
                )
                for part in written
                for file in old.get(part, [])
            ]
            opened.create_write_transaction([*add, *gone], "append", schema, partition_by=["part"])
        self.commit_seconds += time.perf_counter() - started

    def collect(self) -> str:
        """Vacuum, at once."""
        self.open()
        for table in self.tables.values():
            assert table is not None
            table.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False, full=True)
        return "its log: old entries stay 30 days by default"


class DeltaWriter(Delta):
    """deltalake writes the files."""

    own_writer = True


class Iceberg(Way):
    """pyiceberg with its SQLite catalogue. `own_writer`: it writes the files as well."""

    own_writer = False

    def open(self) -> None:
        """The current metadata of each table, as the catalogue names it."""
        from pyiceberg.catalog.sql import SqlCatalog

        self.catalog = SqlCatalog(
            "shop", uri=f"sqlite:///{self.folder}/catalog.sqlite", warehouse=f"file://{self.folder}"
        )
        self.catalog.create_namespace_if_not_exists("r")
        self.tables = {
            table: self.catalog.load_table(f"r.{table}") if self.catalog.table_exists(f"r.{table}") else None
            for table in TYPES
        }

    def _create(self, connection: duckdb.DuckDBPyConnection, table: str) -> Any:
        from pyiceberg.transforms import IdentityTransform, MonthTransform

        schema = arrow_schema(connection, table)
        made = self.catalog.create_table(
            f"r.{table}",
            schema,
            location=f"file://{self.folder}/{table}",
            properties={"write.parquet.compression-codec": "zstd", "write.parquet.row-group-limit": "122880"},
        )
        if table == "sales":
            transform = IdentityTransform() if self.layout == "day" else MonthTransform()
            with made.update_spec() as spec:
                spec.add_field("day", transform, "part")
        return made

    def files(self, table: str) -> dict[str, list[str]]:
        """What the manifests list."""
        found: dict[str, list[str]] = {}
        opened = self.tables[table]
        for task in opened.scan().plan_files() if opened is not None else []:
            assert not task.delete_files, "files with deletions cannot be read by their list"
            found.setdefault(self._part(table, task.file), []).append(task.file.file_path.removeprefix("file://"))
        return found

    def _part(self, table: str, file: Any) -> str:
        if table != "sales":
            return WHOLE
        value = file.partition[0]
        if isinstance(value, date):
            return str(value)
        if self.layout == "day":
            return str(date(1970, 1, 1) + timedelta(days=value))
        return f"{1970 + value // 12}-{value % 12 + 1:02d}-01"

    def publish(self, connection: duckdb.DuckDBPyConnection, tables: Mapping[str, Parts]) -> None:
        """One commit for each table, one after the other."""
        for table, parts in tables.items():
            if self.own_writer:
                self._write(connection, table, parts)
            else:
                self._log(connection, table, parts)
            if table == "sales":
                die_at("between")

    def _write(self, connection: duckdb.DuckDBPyConnection, table: str, parts: Parts) -> None:
        from pyiceberg.io.pyarrow import schema_to_pyarrow

        opened = self.tables[table]
        made = opened if opened is not None else self._create(connection, table)
        schema = schema_to_pyarrow(made.schema(), include_field_ids=False)
        # a stream cannot be written to a table in parts: one month in memory at a time, one commit at the end
        with made.transaction() as transaction:
            for group in _grouped(parts, self.layout):
                order = self.order if table == "sales" else ""
                rows = (
                    connection.sql(f"SELECT * FROM ({' UNION ALL '.join(group)}){order}").to_arrow_table().cast(schema)
                )
                if opened is None:
                    transaction.append(rows)
                elif table == "sales":
                    # the overwrite by parts takes no month; one by a filter drops whole files where it covers them
                    transaction.overwrite(rows, overwrite_filter=self._span(rows))
                else:
                    transaction.overwrite(rows)

    def _span(self, rows: pa.Table) -> Any:
        import pyarrow.compute as pc
        from pyiceberg.expressions import And, GreaterThanOrEqual, In, LessThanOrEqual

        days = pc.unique(rows["day"]).to_pylist()
        if self.layout == "day":
            return In("day", days)
        start, end = days_of(part_of(min(days), "month"), "month")
        return And(GreaterThanOrEqual("day", start), LessThanOrEqual("day", end))

    def _log(self, connection: duckdb.DuckDBPyConnection, table: str, parts: Parts) -> None:
        from pyiceberg.io.pyarrow import parquet_files_to_data_files

        written = self.write_files(connection, table, parts)
        new = [f"file://{file}" for files in written.values() for file in files]
        started = time.perf_counter()
        opened = self.tables[table]
        if opened is None:
            self._create(connection, table).add_files(new)
        else:
            old = [task.file for task in opened.scan().plan_files() if self._part(table, task.file) in written]
            with opened.transaction() as transaction:
                if transaction.table_metadata.name_mapping() is None:
                    mapping = opened.schema().name_mapping.model_dump_json()
                    transaction.set_properties(**{"schema.name-mapping.default": mapping})
                with transaction.update_snapshot().overwrite() as change:
                    for file in old:
                        change.delete_data_file(file)
                    for file in parquet_files_to_data_files(opened.io, transaction.table_metadata, iter(new)):
                        change.append_data_file(file)
        self.commit_seconds += time.perf_counter() - started

    def collect(self) -> str:
        """Expire snapshots."""
        self.open()
        for table in self.tables.values():
            assert table is not None
            table.maintenance.expire_snapshots().older_than(datetime.now(UTC)).commit()
        return "every data file and manifest: it deletes none"


class IcebergWriter(Iceberg):
    """pyiceberg writes the files."""

    own_writer = True


WAYS: dict[str, type[Way]] = {
    "manifest": Manifest,
    "delta-log": Delta,
    "delta": DeltaWriter,
    "iceberg-log": Iceberg,
    "iceberg": IcebergWriter,
}


def _grouped(parts: Parts, layout: str) -> list[list[str]]:
    """The SQL of the parts, the days of a month together."""
    groups: dict[str, list[str]] = {}
    for part, sql in parts.items():
        groups.setdefault(part[:7] if layout == "day" else part, []).append(sql)
    return list(groups.values())


def rows_in(connection: duckdb.DuckDBPyConnection, file: str) -> int:
    """How many rows a Parquet file has, by its footer."""
    row = connection.execute(f"SELECT num_rows FROM parquet_file_metadata('{file}')").fetchone()
    assert row
    return int(row[0])


def arrow_schema(connection: duckdb.DuckDBPyConnection, table: str, *more: str) -> pa.Schema:
    """The columns of a table, and further ones, as Arrow has them."""
    columns = ", ".join([f"CAST(NULL AS {type_}) AS {name}" for name, type_ in _columns(table)] + list(more))
    return connection.sql(f"SELECT {columns} WHERE false").to_arrow_table().schema


def _columns(table: str) -> list[tuple[str, str]]:
    declared = [part.split(" ") for part in TYPES[table].split(", ")]
    return [(name, type_) for name, type_ in declared]


def metadata_of(folder: Path) -> list[Path]:
    """The files that hold no rows."""
    found = [path for path in folder.rglob("*") if path.is_file()]
    return [path for path in found if path.suffix != ".parquet" or "_delta_log" in path.parts]


def connect() -> duckdb.DuckDBPyConnection:
    """An engine as a build has it."""
    import duckdb

    connection = duckdb.connect(config={"memory_limit": "8GB", "threads": 2, "autoinstall_known_extensions": False})
    connection.execute("SET preserve_insertion_order = true")
    return connection


# Steps: each runs in a process of its own and prints one JSON object.


def step_source(root: Path, rows: int) -> dict[str, Any]:
    """The rows that are released, one file for each month, by day."""
    connection = connect()
    per_day = rows // DAYS
    (root / "source").mkdir(parents=True, exist_ok=True)
    day = FIRST
    while day < FIRST + timedelta(days=DAYS):
        following = (day + timedelta(days=31)).replace(day=1)
        first, last = ((at - FIRST).days * per_day for at in (day, min(following, FIRST + timedelta(days=DAYS))))
        connection.execute(f"COPY ({rows_sql(first, last, per_day)}) TO '{root}/source/{day}.parquet' ({COPY})")
        day = following
    return {"bytes": folder_bytes(root / "source")}


def step_write(root: Path, way: Way) -> dict[str, Any]:
    """The first release."""
    connection = connect()
    way.folder.mkdir(parents=True, exist_ok=True)
    way.open()
    parts: dict[str, str] = {}
    for file in sorted((root / "source").glob("*.parquet")):
        start, end = days_of(file.stem, "month")
        if way.layout == "month":
            parts[file.stem] = f"SELECT * FROM '{file}'"
            continue
        for offset in range((end - start).days + 1):
            day = start + timedelta(days=offset)
            if day < FIRST + timedelta(days=DAYS):
                parts[str(day)] = f"SELECT * FROM '{file}' WHERE day = DATE '{day}'"
    totals = f"SELECT day, store_id, sum(amount)::DECIMAL(18,2) AS amount FROM '{root}/source/*.parquet' GROUP BY ALL ORDER BY ALL"
    way.publish(connection, {"sales": parts, "day_totals": {WHOLE: totals}})
    return {"commit": way.commit_seconds}


def step_refresh(root: Path, way: Way, rows: int, salt: int) -> dict[str, Any]:
    """One more day (the `salt`th after the first release), with late rows on the 90 days before it."""
    connection = connect()
    if way.locked:
        import fcntl

        meet(way.folder)
        lock = (way.folder / "lock").open("w")
        fcntl.flock(lock, fcntl.LOCK_EX)
        way.open()
    else:
        way.open()
        meet(way.folder)
    per_day = max(100, rows // DAYS)
    today = FIRST + timedelta(days=DAYS + salt - 1)
    late = max(LATE_DAYS, int(per_day * LATE_SHARE))
    arrived = (
        f"CREATE TEMP TABLE arrived AS {rows_sql(0, per_day, per_day, salt, f'DATE {str(today)!r}')} UNION ALL "
        f"{rows_sql(0, late, per_day, salt + 1000, f'DATE {str(today)!r} - 1 - (i % {LATE_DAYS})::INTEGER')}"
    )
    connection.execute(arrived)
    old = way.files("sales")
    touched = [row[0] for row in connection.execute("SELECT DISTINCT day FROM arrived ORDER BY day").fetchall()]
    parts: dict[str, str] = {}
    # one day needs no order; a month is kept sorted so that a question for a week reads a quarter of it
    way.order = "" if way.layout == "day" else " ORDER BY day"
    for part in sorted({part_of(day, way.layout) for day in touched}):
        start, end = days_of(part, way.layout)
        new = f"SELECT * FROM arrived WHERE day BETWEEN '{start}' AND '{end}'"
        kept = f"SELECT {COLUMNS} FROM ({files_sql(old[part])})" if part in old else ""
        parts[part] = f"{kept} UNION ALL BY NAME {new}" if kept else new
    totals = (
        f"SELECT day, store_id, sum(amount)::DECIMAL(18,2) AS amount FROM (SELECT day, store_id, amount FROM "
        f"({files_sql([file for files in way.files('day_totals').values() for file in files])}) UNION ALL "
        f"SELECT day, store_id, amount FROM arrived) GROUP BY ALL ORDER BY ALL"
    )
    way.publish(connection, {"sales": parts, "day_totals": {WHOLE: totals}})
    return {"commit": way.commit_seconds, "parts": len(parts)}


def step_read(root: Path, way: Way) -> dict[str, Any]:
    """Open the current version and ask it: seconds to its list of files, for a small question and for a sum over all."""
    started = time.perf_counter()
    way.open()
    sales = [file for files in way.files("sales").values() for file in files]
    totals = [file for files in way.files("day_totals").values() for file in files]
    listed = time.perf_counter() - started
    connection = connect()
    connection.execute(f"CREATE VIEW sales AS SELECT {COLUMNS} FROM ({files_sql(sales)})")
    connection.execute(f"CREATE VIEW totals AS {files_sql(totals)}")
    opened = time.perf_counter() - started
    month = "SELECT sum(amount) FROM sales WHERE day BETWEEN '2025-06-01' AND '2025-06-30' AND store_id = 7"
    connection.execute(month).fetchall()
    asked = time.perf_counter() - started
    whole = connection.execute(f"SELECT count(*), sum(amount), sum(hash({COLUMNS})) FROM sales").fetchone()
    assert whole
    summed = time.perf_counter() - started - asked
    small = connection.execute("SELECT sum(amount) FROM totals").fetchone()
    assert small
    return {
        "listed": listed, "opened": opened, "asked": asked - opened, "summed": summed, "files": len(sales) + len(totals),
        "rows": whole[0], "digest": str(whole[2]), "agree": whole[1] == small[0],
    }  # fmt: skip


def step_collect(root: Path, way: Way) -> dict[str, Any]:
    """Delete old versions."""
    return {"left": way.collect()}


def main() -> None:
    """Run the steps for each way, or one step in this process."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("size", nargs="?", default="1m", type=size)
    parser.add_argument("--ways", default=",".join(WAYS))
    parser.add_argument("--layouts", default="month,day")
    parser.add_argument("--folder", type=Path)
    parser.add_argument(
        "--days", type=int, default=0, help="so many daily refreshes at the end, to see what metadata grows to"
    )
    parser.add_argument("--unbroken", action="store_true", help="only the figures: do not kill writers")
    parser.add_argument("--step", help=argparse.SUPPRESS)
    parser.add_argument("--salt", type=int, default=1, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.step:
        way = WAYS[asked.ways](asked.folder / f"{asked.ways}-{asked.layouts}", asked.layouts)
        steps: dict[str, Any] = {
            "source": lambda: step_source(asked.folder, asked.size),
            "write": lambda: step_write(asked.folder, way),
            "refresh": lambda: step_refresh(asked.folder, way, asked.size, asked.salt),
            "read": lambda: step_read(asked.folder, way),
            "collect": lambda: step_collect(asked.folder, way),
        }
        print(json.dumps(steps[asked.step]()))
        return
    root = Path(tempfile.mkdtemp(prefix="release-format-", dir=asked.folder))
    try:
        compare(root, asked.size, asked.ways.split(","), asked.layouts.split(","), asked.days, asked.unbroken)
    finally:
        shutil.rmtree(root)


def compare(root: Path, rows: int, ways: list[str], layouts: list[str], days: int, unbroken: bool) -> None:
    """Print what each way did."""

    def command(step: str, way: str = "manifest", layout: str = "month", salt: int = 1) -> list[str | Path]:
        return [
            sys.executable, "-m", "benchmarks.release_format", str(rows), "--folder", root, "--step", step,
            "--ways", way, "--layouts", layout, "--salt", str(salt),
        ]  # fmt: skip

    print(f"{rows:,} rows · {machine()}\n{versions('duckdb', 'pyarrow', 'deltalake', 'pyiceberg')}")
    source = run(*command("source"))
    print(f"source: {source.result['bytes'] / MB:,.0f} MB in {source.seconds:.1f} s, peak {source.peak / MB:,.0f} MB")
    figures: list[list[object]] = []
    broken: list[list[object]] = []
    digests: dict[str, set[str]] = {}
    for layout in layouts:
        for name in ways:
            folder = root / f"{name}-{layout}"
            made = run(*command("write", name, layout))
            if made.code:
                figures.append([f"{name}, {layout}", *["–"] * (len(FIGURES) - 1)])
                print(f"{name}, {layout}: write failed: {error_name(made)}")
                shutil.rmtree(folder, ignore_errors=True)
                continue
            first = run(*command("read", name, layout)).result
            refreshed = run(*command("refresh", name, layout))
            read = run(*command("read", name, layout))
            digests.setdefault("first", set()).add(first["digest"])
            if refreshed.code == 0:
                digests.setdefault("refreshed", set()).add(read.result["digest"])
            metadata_files = metadata_of(folder)
            figures.append([
                f"{name}, {layout}", *_cost(made), *_cost(refreshed), f"{read.result['listed']:.2f}", f"{read.result['opened']:.2f}",
                f"{read.result['asked']:.2f}", f"{read.result['summed']:.2f}", read.result["files"],
                f"{folder_bytes(folder, '*.parquet') / MB:,.0f}",
                f"{len(metadata_files)} / {sum(p.stat().st_size for p in metadata_files) / 1024:,.0f}",
            ])  # fmt: skip
            print("|", " | ".join(str(cell) for cell in figures[-1]), flush=True)
            if not unbroken:
                broken.append([f"{name}, {layout}", *_break(root, name, layout, command)])
                print("|", " | ".join(str(cell) for cell in broken[-1]), flush=True)
            if days:
                _grow(folder, name, layout, days, command)
            shutil.rmtree(folder)
    show(
        "Whole processes: seconds, CPU seconds, peak MB, and the seconds of them that publish. Read after the refresh.",
        FIGURES,
        figures,
    )  # fmt: skip
    if broken:
        show(
            "Broken on purpose",
            [
                "way, one file for each",
                "killed while writing",
                "killed between two tables",
                "two writers at once",
                "collect leaves",
            ],
            broken,
        )
    for state, seen in digests.items():
        print(f"{state}: {'all ways have the same rows' if len(seen) == 1 else f'THE WAYS DIFFER: {seen}'}")


def _cost(made: Run) -> list[str]:
    if made.code:
        return [f"failed ({error_name(made)})", "–", "–", "–"]
    return [f"{made.seconds:.1f}", f"{made.cpu:.1f}", f"{made.peak / MB:,.0f}", f"{made.result['commit']:.2f}"]


def _break(root: Path, name: str, layout: str, command: Any) -> list[str]:
    """Kill a writer at two points, start two at once, collect; what a reader then sees."""
    folder = root / f"{name}-{layout}"
    before = run(*command("read", name, layout)).result
    known = set(folder.rglob("*.parquet"))
    writer = Child(command("refresh", name, layout, 2))
    while set(folder.rglob("*.parquet")) <= known and writer.running:
        time.sleep(0.02)
    writer.kill()
    ended = writer.wait()
    after = run(*command("read", name, layout))
    killed = "not killed in time" if ended.code >= 0 else "cannot be read" if after.code else (
        ("old answers" if after.result["digest"] == before["digest"] else "HALF OF IT" if not after.result["agree"] else "it was done")
        + f", {len(set(folder.rglob('*.parquet')) - known)} new files"
    )  # fmt: skip
    run(*command("refresh", name, layout, 2), env={"DIE_AT": "between"})
    torn = run(*command("read", name, layout))
    between = "cannot be read" if torn.code else "tables agree" if torn.result["agree"] else "TABLES DISAGREE"
    start = torn.result["rows"]
    writers = [Child(command("refresh", name, layout, salt), env={"MEET": "1"}) for salt in (3, 4)]
    ends = [writer.wait() for writer in writers]
    for path in folder.glob("meet-*"):
        path.unlink()
    both = run(*command("read", name, layout))
    per_day = max(100, int(command("read")[3]) // DAYS)
    one = per_day + max(LATE_DAYS, int(per_day * LATE_SHARE))
    kept = (both.result["rows"] - start) / one
    done = sum(end.code == 0 for end in ends)
    refused = {error_name(end) for end in ends if end.code}
    together = (
        f"{done} said done, {kept:g} in"
        + (f" ({', '.join(refused)})" if refused else "")
        + ("" if kept == done else ": LOST")
    )
    collected = run(*command("collect", name, layout))
    again = run(*command("read", name, layout))
    orphans = len(list(folder.rglob("*.parquet"))) - again.result["files"] if again.code == 0 else -1
    left = (
        collected.result["left"] if collected.code == 0 else f"failed: {collected.errors.strip().splitlines()[-1][:60]}"
    )
    return [killed, between, together, f"{left} ({orphans} files)"]


def error_name(ended: Run) -> str:
    """The name of the error that a process ended with."""
    names = re.findall(r"^(?:\w+\.)*(\w+(?:Error|Exception))\b", ended.errors, re.MULTILINE)
    return str(names[-1]) if names else "an error"


def _grow(folder: Path, name: str, layout: str, days: int, command: Any) -> None:
    for salt in range(5, 5 + days):
        made = run(*command("refresh", name, layout, salt))
        if made.code:
            print(f"{name}, {layout}: refresh {salt} failed: {error_name(made)}")
            return
    read = run(*command("read", name, layout))
    metadata_files = metadata_of(folder)
    print(
        f"{name}, {layout}: after {days} more refreshes: list {read.result['listed']:.2f} s, the last refresh {made.seconds:.2f} s "
        f"(commit {made.result['commit']:.2f}), metadata {len(metadata_files)} files, "
        f"{sum(p.stat().st_size for p in metadata_files) / 1024:,.0f} kB",
        flush=True,
    )


if __name__ == "__main__":
    main()
