"""From rows of several files to one file per canonical table: checked, one row for each key, in declared order and type.

Rows with the same key and the same content are one row. With different content the last one wins (by file, then line), and it is
noted. Rows gathered from sales lines give way to rows that stand in a file of their own.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from tillsight.connectors.files.convert import bounds
from tillsight.connectors.files.raw import identifier, literal
from tillsight.connectors.files.sales import Rows
from tillsight.connectors.files.sealing import copy_options, scan
from tillsight.tables.registry import TABLES
from tillsight.tables.schema import DUCKDB_TYPES, Table


@dataclass(frozen=True)
class TableFile:
    """A canonical table of one load. `time_from`, `time_to`: first and last moment or day, ISO; None without a time."""

    table: str
    rows: int
    path: Path
    time_from: str | None
    time_to: str | None


@dataclass
class Gathering:
    """Collects rows for the canonical tables and writes them. `parts`: names of the files, by `_part`."""

    connection: duckdb.DuckDBPyConnection
    parts: tuple[str, ...]
    notes: list[str] = field(default_factory=list)
    _rows: dict[str, list[tuple[Rows, bool]]] = field(default_factory=lambda: defaultdict(list))

    def add(self, rows: Rows, *, checked: bool) -> None:
        """Rows for a table. `checked`: their values were judged already, against this table's own declaration."""
        self._rows[rows.table].append((rows, checked))

    def write(self, folder: Path) -> list[TableFile]:
        """Write every table that got rows into `folder`, in the order of the documentation."""
        files = []
        for name, table in TABLES.items():
            if name in self._rows and (file := self._write(table, self._rows[name], folder / f"{name}.parquet")):
                files.append(file)
        return files

    def _write(self, table: Table, given: list[tuple[Rows, bool]], target: Path) -> TableFile | None:
        staged = f"staged_{table.name}"
        union = " UNION ALL ".join(f"({_in_order(table, rows)})" for rows, _ in given)
        # Rows that are judged and come from one place are only renamed and put in order: no copy of them is needed.
        kind = "VIEW" if len(given) == 1 and given[0][1] else "TABLE"
        self.connection.execute(f"CREATE OR REPLACE TEMP {kind} {staged} AS {union}")
        if not all(checked for _, checked in given):
            self._reject_bad(table, staged)
        source = self._one_for_each_key(table, staged)
        names = ", ".join(map(identifier, table.column_names))
        parts = f"[{', '.join(map(literal, self.parts))}]"
        self.connection.execute(
            f"COPY (SELECT {names}, {parts}[_part + 1] AS _file, _line FROM {source}) TO {literal(target)} "
            f"{copy_options()}"
        )
        row = self.connection.execute(f"SELECT count(*), {_bounds(table)} FROM {scan(target)}").fetchone() or (
            0,
            None,
            None,
        )
        self.connection.execute(f"DROP {kind} {staged}")
        if row[0] == 0:
            target.unlink()
            return None
        return TableFile(table.name, int(row[0]), target, row[1], row[2])

    def _reject_bad(self, table: Table, staged: str) -> None:
        """Rows made from lines must hold to the table's own declaration too; those that do not become rejects."""
        faults = bounds(table)
        anything = " OR ".join(f"coalesce({condition}, FALSE)" for _, condition, _ in faults)
        row = self.connection.execute(f"SELECT count(*) FILTER ({anything}) FROM {staged}").fetchone() or (0,)
        if not row[0]:
            return
        items = ", ".join(
            f"CASE WHEN coalesce({condition}, FALSE) THEN {{'c': {literal(column)}, 'v': CAST({identifier(column)} AS "
            f"VARCHAR), 'r': {literal(reason)}}} END"
            for column, condition, reason in faults
        )
        packed = ", ".join(f"{identifier(name)} := {identifier(name)}" for name in table.column_names)
        parts = f"[{', '.join(map(literal, self.parts))}]"
        self.connection.execute(
            f"INSERT INTO rejects SELECT {parts}[_part + 1], _line, {literal(table.name)}, f.c, f.v, f.r, _row FROM ("
            f"SELECT _part, _line, unnest([{items}]) AS f, CAST(to_json(struct_pack({packed})) AS VARCHAR) AS _row "
            f"FROM {staged} WHERE {anything}) WHERE f IS NOT NULL"
        )
        self.connection.execute(f"DELETE FROM {staged} WHERE {anything}")

    def _one_for_each_key(self, table: Table, staged: str) -> str:
        """The staged rows, or a query over them that leaves one row for each key."""
        key = ", ".join(map(identifier, table.key))
        row = self.connection.execute(f"SELECT count(*), count(DISTINCT hash({key})) FROM {staged}").fetchone() or (
            0,
            0,
        )
        if row[0] == row[1]:
            return staged
        content = (f"coalesce(CAST({identifier(name)} AS VARCHAR), chr(30))" for name in table.column_names)
        said = f"md5(concat_ws(chr(31), {', '.join(content)}))"
        same = f"hash({key}) IN (SELECT hash({key}) FROM {staged} GROUP BY 1 HAVING count(*) > 1)"
        keys, repeated, different = self.connection.execute(
            "SELECT count(*), coalesce(sum(own - 1) FILTER (own > 1), 0), count(*) FILTER (contents > 1) FROM (SELECT count(_line) "
            f"AS own, count(DISTINCT {said}) FILTER (_line IS NOT NULL) AS contents FROM {staged} WHERE {same} "
            f"GROUP BY {key} HAVING count(*) > 1)"
        ).fetchone() or (0, 0, 0)
        if not keys:
            return staged
        if different:
            self.notes.append(
                f"{table.title}: {int(different):,} keys stand more than once with different content; the last row counts."
            )
        elif repeated:
            self.notes.append(f"{table.title}: {int(repeated):,} rows repeat a row that is there already.")
        return (
            f"(SELECT * FROM {staged} QUALIFY row_number() OVER (PARTITION BY {key} "
            "ORDER BY (_line IS NULL), _part DESC, _line DESC) = 1)"
        )


def _in_order(table: Table, rows: Rows) -> str:
    have = set(rows.columns)
    parts = []
    for column in table.columns:
        kind = DUCKDB_TYPES[column.type]
        default = literal(column.default)
        name = identifier(column.name)
        if column.name not in have:
            value = f"CAST({default} AS {kind})"
        elif column.default is not None:
            value = f"coalesce(CAST({name} AS {kind}), CAST({default} AS {kind}))"
        else:
            value = f"CAST({name} AS {kind})"
        parts.append(f"{value} AS {name}")
    return f"SELECT {', '.join(parts)}, CAST(_part AS INTEGER) AS _part, _line FROM ({rows.sql})"


def _bounds(table: Table) -> str:
    if table.time is None:
        return "NULL, NULL"
    name = identifier(table.time)
    form = "'%Y-%m-%dT%H:%M:%SZ'" if table.column(table.time).type == "moment" else "'%Y-%m-%d'"
    return f"strftime(min({name}), {form}), strftime(max({name}), {form})"
