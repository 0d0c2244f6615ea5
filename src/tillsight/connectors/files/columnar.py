"""Reading Parquet: types stay as they are, nested values become JSON text, and each row keeps its number as its line."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pyarrow as pa

from tillsight.connectors.files.cards import cut_table
from tillsight.connectors.files.raw import LINE, Progress, RawColumn, RawTable, identifier
from tillsight.connectors.files.sealing import parquet_writer, scan
from tillsight.connectors.files.text import name_headers
from tillsight.core.errors import LoadError

_NESTED = re.compile(r"(STRUCT|MAP|UNION|LIST)\(|\[\d*\]$")
_TEXTS = ("VARCHAR", "BLOB", "UUID", "BIT")


def describe_parquet(path: Path, name: str, connection: duckdb.DuckDBPyConnection) -> tuple[RawColumn, ...]:
    """Columns and types of a Parquet file. Raises LoadError when it is damaged."""
    try:
        rows = connection.execute(f"DESCRIBE SELECT * FROM {scan(path)}").fetchall()
    except duckdb.Error as error:
        raise LoadError(f"{name} is not a Parquet file that can be read: {_first(error)}.", file=name) from error
    return tuple(RawColumn(row[0], str(row[1])) for row in rows)


def read_parquet(
    path: Path, name: str, target: Path, connection: duckdb.DuckDBPyConnection, progress: Progress
) -> RawTable:
    """Copy a Parquet file with the number of each row, counted from 1."""
    source = describe_parquet(path, name, connection)
    notes: list[str] = []
    headers = name_headers([column.name for column in source], notes)
    columns = tuple(
        RawColumn(header, "VARCHAR" if _is_text(column.type) else column.type)
        for header, column in zip(headers, source, strict=True)
    )
    selected = ", ".join(
        f"{_as_text(identifier(column.name), column.type)} AS {identifier(header)}"
        for column, header in zip(source, headers, strict=True)
    )
    table = RawTable(name=name, path=target, format="parquet", columns=columns, rows=0, notes=notes)
    reader = connection.execute(
        f"SELECT {selected}, file_row_number + 1 AS {LINE} FROM {scan(path, numbered=True)}"
    ).to_arrow_reader(200_000)
    with parquet_writer(target, _plain(reader.schema)) as writer:
        for batch in reader:
            rows, cards = cut_table(pa.Table.from_batches([batch]))
            writer.write_table(rows.cast(_plain(reader.schema)))
            table.cards += cards
            table.rows += rows.num_rows
            progress("read", table.rows, None, f"{name}: {table.rows:,} rows")
    return table


def _plain(schema: pa.Schema) -> pa.Schema:
    return pa.schema(
        [(field.name, pa.string() if pa.types.is_string_view(field.type) else field.type) for field in schema]
    )


def _is_text(kind: str) -> bool:
    return kind in _TEXTS or kind.startswith("ENUM") or bool(_NESTED.search(kind))


def _as_text(column: str, kind: str) -> str:
    if _NESTED.search(kind):
        return f"CAST(to_json({column}) AS VARCHAR)"
    return f"CAST({column} AS VARCHAR)" if _is_text(kind) and kind != "VARCHAR" else column


def _first(error: Exception) -> str:
    return str(error).strip().splitlines()[0].rstrip(".")
