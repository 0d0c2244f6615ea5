"""From loads to the current state of a canonical table: for every key, the row that was known last.

A row is known by its key; among loads the latest known-at wins, ties go to the larger digest, so the order in which loads
arrive does not matter. A load may replace an earlier file, or a span of days of a table: rows of earlier-known loads that it
covers are left out. Cost: one pass over the loads of a table, and a sort by key only where several loads hold it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from tillsight.tables.schema import DUCKDB_TYPES, Table
from tillsight.warehouse.duck import ROW, is_sealed, literal, quoted, read_files, read_rows

DESK = "desk"
"""The source of what is worked at the return desk. It goes before every other source: a return belongs to the desk from the
first touch, and what files say of it later is settled there by a person."""
_OVERLAP = 3
"""A moment may lie in so many groups of rows of a file, on average, before it is worth while to sort it."""
TWICE = "_twice"
"""What a build calls the keys that are in more than one file of a table."""
MET = "_met"
"""What it calls the rows of a file that other files have a row for."""
Numbered = tuple[int, int, Path]
"""A file with its number, and the rank of its load."""
RATE = "exchange_rate"
"""The column in which a row brings its own rate to the reporting currency."""


@dataclass(frozen=True)
class LandedLoad:
    """A committed load, as far as a build needs it."""

    id: str
    source: str
    known_at: datetime
    digest: str
    manifest: dict[str, Any]
    revision: int = 0
    """How often its rows were rewritten, to take out persons or what is not kept any longer."""

    @property
    def order(self) -> tuple[bool, datetime, str]:
        """The desk wins, then what was known later."""
        return self.source == DESK, self.known_at, self.digest

    def reporting_currency(self, default: str) -> str:
        """The reporting currency when it was loaded: what its own exchange rates lead to."""
        return str(self.manifest.get("reporting_currency", default))

    def file(self, workspace: Path, table: str) -> Path | None:
        """The canonical rows of a table in this load."""
        entry = self.manifest.get("tables", {}).get(table)
        return workspace / "landing" / "loads" / self.id / entry["file"] if entry and entry["rows"] else None


@dataclass(frozen=True)
class CurrentTable:
    """How the current state of a table is made."""

    table: Table
    loads: tuple[LandedLoad, ...]
    fingerprint: str
    sql: str
    sources: int
    as_landed: tuple[Path, ...]
    """The file of each load, where every row counts whose key is in one of them alone; they may lack columns that were added
    since. Empty where rows are left out or read otherwise."""


def plan(
    workspace: Path, table: Table, loads: Sequence[LandedLoad], timezone: str, currency: str, version: str
) -> CurrentTable | None:
    """How to make the current state of a table from the loads that hold it; None when none does.

    Exchange rates that rows bring along lead to the reporting currency of the time of their load. Where that was another
    one than now, they say nothing about the current one, and are unknown.
    """
    holding = sorted((load for load in loads if load.file(workspace, table.name)), key=lambda load: load.order)
    if not holding:
        return None
    replacing = [load for load in loads if any(_concerns(item, table) for item in load.manifest.get("replaces", []))]
    outdated = {
        load.id for load in holding if RATE in table.column_names and load.reporting_currency(currency) != currency
    }
    stamp = hashlib.sha256(
        "\n".join(
            [version, table.name, timezone, *table.column_names]
            + [
                f"{load.id} {load.known_at.isoformat()} {load.digest} {load.id in outdated} {load.revision or ''}".rstrip()
                for load in holding
            ]
            + [f"{load.id} {load.manifest['replaces']}" for load in replacing]
        ).encode()
    ).hexdigest()
    names = (*table.column_names, "_file", "_line")
    columns = ", ".join(quoted(name) for name in names)
    values = ", ".join(_value(table, name) for name in table.column_names)
    branches: list[str] = []
    cuts = 0
    for rank, load in enumerate(holding):
        conditions = _left_out(load, replacing, table, timezone)
        cuts += len(conditions)
        where = f" WHERE {' AND '.join(f'NOT ({condition})' for condition in conditions)}" if conditions else ""
        given = (
            values if load.id not in outdated else ", ".join(_without_rate(table, name) for name in table.column_names)
        )
        rows = _whole(read_files(_files(workspace, [load], table)), table)
        given += f", _file, _line, {literal(load.source)} AS _source, {literal(load.id)} AS _load, {rank} AS _rank"
        branches.append(f"SELECT {given} FROM {rows}{where}")
    latest = f"QUALIFY {_place(table)} = 1"
    # keys are unique within a load: the connector saw to it
    sql = f"SELECT {columns}, _source, _load FROM ({' UNION ALL '.join(branches)}) {latest if len(holding) > 1 else ''}"
    order = f" ORDER BY {', '.join(quoted(name) for name in _order(table))}"
    return CurrentTable(
        table=table,
        loads=tuple(holding),
        fingerprint=stamp,
        sql=sql + order,
        sources=len({load.source for load in holding} - {DESK}),
        as_landed=tuple(_files(workspace, holding, table)) if not cuts and not outdated else (),
    )


def same_key(table: Table, one: str, other: str) -> str:
    """The condition that two rows have the same key; a part of it that is unknown in both is the same.

    What is always known is compared as equal: then an engine passes over parts of files that cannot have it.
    """
    how = {key: "=" if table.column(key).required else "IS NOT DISTINCT FROM" for key in table.key}
    return " AND ".join(f"{one}.{quoted(key)} {how[key]} {other}.{quoted(key)}" for key in table.key)


def superseded(table: Table, gathered: Sequence[Numbered], looked_up: Sequence[Numbered]) -> Iterator[str]:
    """Statements, the last of which selects the rows, `file` and `row`, for which another row of a key stands.

    At least one of the rows of such a key is in `gathered`; files of `looked_up`, the larger ones, are read once.
    """
    keys = ", ".join(quoted(key) for key in table.key)

    def rows(files: Sequence[Numbered], among: str) -> str:
        return " UNION ALL ".join(
            f"SELECT {number} AS file, {ROW} AS row, {rank} AS _rank, _line, {keys} FROM {read_rows(file, None)} AS f "
            f"SEMI JOIN {among} AS t ON {same_key(table, 'f', 't')}"
            for number, rank, file in files
        )

    later = read_files([file for _, _, file in gathered])
    met = (
        rows(looked_up, later)
        if looked_up
        else f"SELECT NULL AS file, NULL AS row, NULL AS _rank, NULL AS _line, {keys} FROM {later} LIMIT 0"
    )
    yield f"CREATE OR REPLACE TEMP TABLE {MET} AS {met}"
    yield (
        f"CREATE OR REPLACE TEMP TABLE {TWICE} AS SELECT DISTINCT {keys} FROM (SELECT {keys} FROM {MET} UNION ALL "
        f"SELECT {keys} FROM {later} GROUP BY ALL HAVING count(*) > 1)"
    )
    yield f"SELECT file, row FROM (SELECT * FROM {MET} UNION ALL BY NAME {rows(gathered, TWICE)}) QUALIFY {_place(table)} > 1"


def _place(table: Table) -> str:
    """The place of a row among those of its key, the one that counts first.

    A row without a line was gathered from sales lines (a product, a customer): it gives way to one from a file of its own.
    """
    keys = ", ".join(quoted(key) for key in table.key)
    return f"row_number() OVER (PARTITION BY {keys} ORDER BY (_line IS NULL), _rank DESC, _line DESC)"


def lies_by(connection: duckdb.DuckDBPyConnection, file: Path, table: Table) -> bool:
    """Whether a landed file has every column of the table, and its rows lie by time, near enough to be read by the period."""
    there = {row[0] for row in connection.execute(f"DESCRIBE SELECT * FROM {read_files([file])}").fetchall()}
    if not there >= set(table.column_names):
        return False
    if table.time is None or is_sealed(file):  # of an encrypted file the engine does not tell the bounds
        return table.time is None
    span, covered = connection.execute(
        "SELECT max(last) - min(first), sum(last - first) FROM (SELECT epoch_us(CAST(stats_min_value AS TIMESTAMP)) AS first, "
        "epoch_us(CAST(stats_max_value AS TIMESTAMP)) AS last FROM parquet_metadata($1) WHERE path_in_schema = $2)",
        [str(file), table.time],
    ).fetchone() or (None, None)
    return span is None or covered is None or covered <= span * _OVERLAP


def _whole(files: str, table: Table) -> str:
    """Files with every column of the table: one that was added since they were loaded is null in them."""
    nothing = ", ".join(
        f"CAST(NULL AS {DUCKDB_TYPES[column.type]}) AS {quoted(column.name)}" for column in table.columns
    )
    return f"(FROM {files} UNION ALL BY NAME SELECT {nothing} WHERE false)"


def _value(table: Table, name: str) -> str:
    """A column; where it was not yet known when the file was loaded, what it is by default."""
    column = table.column(name)
    if column.default is None:
        return quoted(name)
    return f"coalesce({quoted(name)}, CAST({literal(column.default)} AS {DUCKDB_TYPES[column.type]})) AS {quoted(name)}"


def _without_rate(table: Table, name: str) -> str:
    return f"CAST(NULL AS {DUCKDB_TYPES['rate']}) AS {quoted(name)}" if name == RATE else _value(table, name)


def _files(workspace: Path, loads: Sequence[LandedLoad], table: Table) -> list[Path]:
    return [file for load in loads if (file := load.file(workspace, table.name))]


def _order(table: Table) -> list[str]:
    """Rows lie by time, so that a period reads a part of the file, then by key, so that a build is repeatable."""
    return [*([table.time] if table.time else []), *table.key]


def _concerns(item: dict[str, Any], table: Table) -> bool:
    return item.get("table") in (None, table.name)


def _left_out(load: LandedLoad, replacing: Sequence[LandedLoad], table: Table, timezone: str) -> list[str]:
    """Conditions that are true for rows of a load that a later-known load replaces."""
    conditions: list[str] = []
    for other in replacing:
        if other.order <= load.order:
            continue
        for item in other.manifest["replaces"]:
            if not _concerns(item, table):
                continue
            if "file" in item:
                conditions.append(f"_file = {literal(item['file'])}")
            elif table.time:
                time = quoted(table.time)
                if table.column(table.time).type == "moment":
                    time = f"CAST(timezone({literal(timezone)}, timezone('UTC', {time})) AS DATE)"
                conditions.append(
                    f"coalesce({time} BETWEEN DATE {literal(item['from'])} AND DATE {literal(item['to'])}, false)"
                )
    return conditions


def clashes_sql(current: CurrentTable, workspace: Path) -> str:
    """How many keys more than one source claims. The desk takes its rows over from others: that is no clash."""
    keys = ", ".join(quoted(key) for key in current.table.key)
    parts = " UNION ALL ".join(
        f"SELECT DISTINCT {keys}, {literal(load.source)} AS _source FROM {read_files(_files(workspace, [load], current.table))}"
        for load in current.loads
        if load.source != DESK
    )
    return f"SELECT count(*) FROM (SELECT {keys} FROM ({parts}) GROUP BY ALL HAVING count(DISTINCT _source) > 1)"
