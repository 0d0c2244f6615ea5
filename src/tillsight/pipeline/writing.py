"""The files of a release: written, linked from what was landed, or shared with the release before."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from tillsight.database.models import Release
from tillsight.metrics.model import Layer
from tillsight.pipeline.current import TWICE, CurrentTable, lies_by, same_key, twice_sql
from tillsight.tables.registry import TABLES
from tillsight.tables.schema import DUCKDB_TYPES
from tillsight.vault import is_encrypted
from tillsight.warehouse.duck import definitions, literal, parquet_options, quoted, read_files

MERGED_ROWS = 2_500_000
"""From so many rows on, landed files stay as they are but for the keys that several of them have."""
RETURNS = "returns"
CODED_ROWS = 200_000
"""From so many rows on, texts that are passed on go through a layer as codes: they are joined and written in a fifth of the time."""
MOST_CODES = 32_768
"""A column with more different texts than these is no better off: every row group has all of them in its dictionary."""
NOTED = ("cuts", "digests", "parts")
"""What is noted of a table that lies in parts."""


@dataclass
class Made:
    """A table of the release being built."""

    name: str
    fingerprint: str
    files: list[str]
    rows: int
    bytes: int
    kind: str
    known_to: str | None = None
    cuts: list[str] = field(default_factory=list)
    """The first days of its parts, but for the first one."""
    digests: dict[str, str] = field(default_factory=dict)
    """Of each of its parts, what tells whether another has the same rows."""
    parts: dict[str, list[str]] = field(default_factory=dict)
    """Of each file that is made of one of another table: that file, and the stamp of what else it was made of."""

    def entry(self) -> dict[str, Any]:
        """As the manifest keeps it."""
        return {
            "files": self.files,
            "rows": self.rows,
            "bytes": self.bytes,
            "fingerprint": self.fingerprint,
            "kind": self.kind,
            "known_to": self.known_to,
            **{name: noted for name in NOTED if (noted := getattr(self, name))},
        }


@dataclass
class Writer:
    """Writes the tables of one release below its folder, and names them for what is made of them."""

    connection: duckdb.DuckDBPyConnection
    workspace: Path
    folder: Path
    seconds: dict[str, float] = field(default_factory=dict)
    coded: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """The tables whose views for layers have these columns as codes, and serve for all their parts."""

    def link(self, current: CurrentTable) -> Made | None:
        """The landed files themselves, where they are the current state as they stand; None where it has to be written.

        So large tables only, and none that the return desk reads, which has to know what brought a row. Of several files, those rows
        are written again whose key is in more than one; a file without such rows stays.
        """
        table, files = current.table, current.as_landed
        rows = sum(load.manifest["tables"][table.name]["rows"] for load in current.loads)
        if not files or rows < MERGED_ROWS or table.domain == RETURNS:
            return None
        if not all(lies_by(self.connection, file, table) for file in files):
            return None
        started = time.perf_counter()
        target = self.folder / table.name
        target.mkdir(parents=True, exist_ok=True)
        own = self._own_rows(current, target) if len(files) > 1 else set()
        try:
            for number, file in enumerate(files):
                if file not in own:
                    os.link(file, target / f"landed-{number:04}.parquet")
        except OSError:  # another file system, or one without links
            shutil.rmtree(target)
            return None
        return self._made(table.name, current.fingerprint, "canonical", started)

    def _own_rows(self, current: CurrentTable, target: Path) -> set[Path]:
        """Write the rows of keys that several files have, as they are now, and those files without them. Returns those files."""
        table = current.table
        of_size = sorted(current.as_landed, key=lambda file: file.stat().st_size)
        self.connection.execute(f"CREATE OR REPLACE TEMP TABLE {TWICE} AS {twice_sql(table, of_size)}")
        options = parquet_options(is_encrypted(self.workspace), "ROW_GROUP_SIZE 122880")
        written: set[Path] = set()
        for number, file in enumerate(current.as_landed):
            same = f"JOIN {TWICE} AS t ON {same_key(table, 'f', 't')}"
            if self.connection.execute(f"SELECT 1 FROM {read_files([file])} AS f SEMI {same} LIMIT 1").fetchone():
                rest = target / f"rest-{number:04}.parquet"
                self.connection.execute(
                    f"COPY (SELECT * FROM {read_files([file])} AS f ANTI {same}) TO {literal(str(rest))} {options}"
                )
                written.add(file)
        if written:
            self.connection.execute(f"COPY ({current.sql_twice}) TO {literal(str(target / 'twice.parquet'))} {options}")
        self.connection.execute(f"DROP TABLE {TWICE}")
        return written

    def write(
        self,
        name: str,
        pieces: Sequence[tuple[str, str]],
        fingerprint: str,
        kind: str,
        parts: Mapping[str, tuple[Layer, str]] | None = None,
        cuts: Sequence[date] = (),
        kept: Sequence[str] = (),
    ) -> Made:
        """Write a table, a file for each piece of SQL. `parts`: for a piece, its layer, and the one file that it is made by.

        `cuts`: write what there is of it before the first day, between it and the second one, and so on, to files of their own.
        `kept`: files that are part of it as they are.
        """
        started = time.perf_counter()
        target = self.folder / name
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        options = parquet_options(is_encrypted(self.workspace), "ROW_GROUP_SIZE 122880")
        for sql, piece in pieces:
            if parts and piece in parts:
                self._view_part(*parts[piece])
            if not cuts:
                self.connection.execute(f"COPY ({sql}) TO {literal(str(target / f'{piece}.parquet'))} {options}")
                continue
            part = " ".join(f"WHEN day < DATE '{cut}' THEN {number}" for number, cut in enumerate(cuts))
            self.connection.execute(
                f"COPY (SELECT *, CASE {part} ELSE {len(cuts)} END AS _part FROM ({sql})) TO {literal(str(target))} "
                f"{options[:-1]}, PARTITION_BY (_part), OVERWRITE_OR_IGNORE)"
            )
            for made in sorted(target.glob("_part=*/*.parquet")):
                made.rename(target / f"{piece}-{int(made.parent.name.removeprefix('_part=')):04}-{made.stem}.parquet")
            for left in target.glob("_part=*"):
                left.rmdir()
        return self._made(name, fingerprint, kind, started, kept)

    def _made(self, name: str, fingerprint: str, kind: str, started: float, kept: Sequence[str] = ()) -> Made:
        files = sorted([*(self.folder / name).glob("*.parquet"), *(self.workspace / file for file in kept)])
        rows = self._rows(read_files(files))
        self.seconds[name] = round(time.perf_counter() - started, 3)
        return Made(
            name,
            fingerprint,
            [str(file.relative_to(self.workspace)) for file in files],
            rows,
            sum(file.stat().st_size for file in files),
            kind,
        )

    def _view_part(self, layer: Layer, file: str) -> None:
        """Name what a layer sees: one file of the table that it is split by, and of others what lies in the same range."""
        source = read_files([self.workspace / file])
        coded = layer.coded if layer.coded and self._rows(source) >= CODED_ROWS else {}
        self._view_coded(str(layer.split_by), source, coded.get(str(layer.split_by), ()))
        for table in layer.coded:
            columns = coded.get(table, ())
            if table != layer.split_by and self.coded.get(table) != columns:
                self._view_coded(table, quoted(table), columns)
                self.coded[table] = columns
        for table, column in layer.along.items():
            name, type_ = quoted(column), DUCKDB_TYPES[TABLES[table].column(column).type]
            found = self.connection.execute(
                f"SELECT CAST(min({name}) AS VARCHAR), CAST(max({name}) AS VARCHAR) FROM {source}"
            ).fetchone()
            ends = [f"CAST({literal(end)} AS {type_})" for end in found or () if end is not None]
            between = f"{name} BETWEEN {' AND '.join(ends)}" if ends else "false"
            self.connection.execute(
                f"CREATE OR REPLACE VIEW {quoted(f'{table}__part')} AS SELECT * FROM {quoted(table)} WHERE {between}"
            )

    def _view_coded(self, table: str, source: str, columns: Sequence[str]) -> None:
        """Name what a layer sees of a table, with some columns as codes, but for those with too many texts.

        The codes are in the order of the texts, so that a comparison says the same.
        """
        view = quoted(f"{table}__part")
        self.connection.execute(f"DROP VIEW IF EXISTS {view}")
        coded = []
        for name in columns:
            column, type_ = quoted(name), quoted(f"{table}.{name}")
            texts = self.connection.execute(
                f"SELECT text FROM (SELECT DISTINCT {column} AS text FROM {source} WHERE {column} IS NOT NULL "
                f"LIMIT {MOST_CODES + 1}) ORDER BY text"
            ).fetchall()
            self.connection.execute(f"DROP TYPE IF EXISTS {type_}")
            if 0 < len(texts) <= MOST_CODES:
                self.connection.execute(
                    f"CREATE TYPE {type_} AS ENUM ({', '.join(literal(text) for (text,) in texts)})"
                )
                coded.append(f"CAST({column} AS {type_}) AS {column}")
        replaced = f" REPLACE ({', '.join(coded)})" if coded else ""
        self.connection.execute(f"CREATE VIEW {view} AS SELECT *{replaced} FROM {source}")

    def _rows(self, source: str) -> int:
        row = self.connection.execute(f"SELECT count(*) FROM {source}").fetchone()
        return int(row[0]) if row else 0

    def view(self, entry: Made) -> None:
        """Name a table as its files are."""
        for statement in definitions({entry.name: [self.workspace / file for file in entry.files]}, {}):
            self.connection.execute(statement)


def shared(before: Release | None, name: str, fingerprint: str, workspace: Path) -> Made | None:
    """The files of the release before, when they are what would be written again."""
    entry = (before.manifest.get("tables", {}) if before else {}).get(name)
    if not entry or entry["fingerprint"] != fingerprint:
        return None
    if not all((workspace / file).exists() for file in entry["files"]):
        return None
    noted = {name: entry[name] for name in NOTED if name in entry}
    return Made(
        name,
        fingerprint,
        list(entry["files"]),
        entry["rows"],
        entry["bytes"],
        entry["kind"],
        entry["known_to"],
        **noted,
    )
