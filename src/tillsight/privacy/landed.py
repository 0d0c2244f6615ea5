"""Landing as privacy sees it: which files hold rows of which table, and an engine over them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from sqlalchemy import select

from tillsight.core.settings import Settings
from tillsight.database import Database, Load
from tillsight.tables.registry import TABLES
from tillsight.tables.schema import DUCKDB_TYPES
from tillsight.warehouse.duck import connect, quoted, read_files

LOADS = "landing/loads"


@dataclass(frozen=True)
class Landed:
    """A load that lies in landing, with its folder and manifest."""

    id: str
    folder: Path
    manifest: dict[str, Any]

    def file(self, table: str) -> Path | None:
        """The canonical rows of a table; None where the load has none."""
        entry = self.manifest.get("tables", {}).get(table)
        file = self.folder / entry["file"] if entry and entry["rows"] else None
        return file if file is not None and file.is_file() else None

    def raw(self) -> dict[Path, str]:
        """The rows as they came: file, and the name that rows of it go by."""
        files = {
            self.folder / file["raw"]: str(file["name"]) for file in self.manifest.get("files", []) if file.get("raw")
        }
        return {path: name for path, name in files.items() if path.is_file()}


def landed_loads(workspace: Path, database: Database) -> list[Landed]:
    """Every load whose files lie in landing, the oldest first; those that were withdrawn too."""
    with database.read() as session:
        rows = session.execute(
            select(Load.id, Load.manifest).where(Load.state.in_(("committed", "withdrawn"))).order_by(Load.id)
        ).all()
    loads = [Landed(row.id, workspace / LOADS / row.id, row.manifest) for row in rows]
    return [load for load in loads if load.folder.is_dir()]


@contextmanager
def engine(workspace: Path, settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that reads and writes in the workspace alone."""
    connection = connect(workspace, settings.limits.build_memory, settings.limits.threads)
    try:
        yield connection
    finally:
        connection.close()


def name_tables(connection: duckdb.DuckDBPyConnection, loads: Sequence[Landed], names: Sequence[str]) -> None:
    """Make the canonical tables of loads known as views; a table that no load has is there too, without rows."""
    files = {name: [file for load in loads if (file := load.file(name))] for name in names}
    for name, found in files.items():
        source = f"SELECT * FROM {read_files(found)}" if found else _empty(name)
        connection.execute(f"CREATE OR REPLACE TEMP VIEW {quoted(name)} AS {source}")


def files_by_table(loads: Sequence[Landed], names: Sequence[str]) -> Mapping[str, list[Path]]:
    """The files that hold rows of each table."""
    return {name: [file for load in loads if (file := load.file(name))] for name in names}


def _empty(name: str) -> str:
    columns = ", ".join(
        f"CAST(NULL AS {DUCKDB_TYPES[column.type]}) AS {quoted(column.name)}" for column in TABLES[name].columns
    )
    return f"SELECT {columns}, CAST(NULL AS VARCHAR) AS _file, CAST(NULL AS BIGINT) AS _line WHERE false"
