"""The files of a release: written, linked from what was landed, or shared with the release before."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from tillsight.database.models import Release
from tillsight.metrics.model import Layer
from tillsight.pipeline.current import MET, TWICE, CurrentTable, lies_by, superseded
from tillsight.tables.registry import TABLES
from tillsight.tables.schema import DUCKDB_TYPES
from tillsight.vault import is_encrypted
from tillsight.warehouse.duck import (
    ROW,
    definitions,
    literal,
    parquet_options,
    quoted,
    read_files,
    read_rows,
    read_table,
)
from tillsight.warehouse.engine import Gone, StoredTable, is_there, numbered, stored

MERGED_ROWS = 1_000_000
"""From so many rows on, landed files stay as they are but for the keys that several of them have."""
RETURNS = "returns"
CODED_ROWS = 200_000
"""From so many rows on, texts that are passed on go through a layer as codes: they are joined and written in a fifth of the time."""
MOST_CODES = 32_768
"""A column with more different texts than these is no better off: every row group has all of them in its dictionary."""
NOTED = ("cuts", "digests", "parts", "landed", "gone", "made_by")
"""What is noted of some tables."""
GONE = "_gone"
"""What a build calls the rows that are gone of the table that it is at: the number of the file, and the row in it."""
GONE_SHARE = 1 / 20
"""So much of a file may be gone before it is written again without it."""


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
    landed: dict[str, list[Any]] = field(default_factory=dict)
    """Of each load whose rows stay where they landed: their file, and how often the load was rewritten."""
    made_by: str = ""
    """What tells whether the SQL of a derived table is another one."""
    gone: dict[str, Any] = field(default_factory=dict)
    """The file that names the rows which are gone, and the numbers of the files that they are in."""

    def stored(self, workspace: Path) -> StoredTable:
        """As it is read."""
        return stored(workspace, self.name, self.entry())

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
    coded: dict[str, dict[str, dict[str, str]]] = field(default_factory=dict)
    """For what layers say of codes: the codes that they see, by table and column."""
    still: dict[str, frozenset[str]] = field(default_factory=dict)
    """Of each file that was written: the columns that are zero in every row."""

    def link(self, current: CurrentTable, before: Release | None) -> Made | None:
        """The landed files themselves, where they are the current state as they stand; None where it has to be written.

        So large tables only, and none that the return desk reads, which has to know what brought a row. Rows for which a row of
        another file stands are noted as gone; files of the release before stay, and only keys of new loads are looked for.
        """
        table = current.table
        rows = sum(load.manifest["tables"][table.name]["rows"] for load in current.loads)
        if not current.as_landed or rows < MERGED_ROWS or table.domain == RETURNS:
            return None
        entry = self._landed_before(current, before)
        held = {load_id: file for load_id, (file, _) in entry.get("landed", {}).items()}
        new = [file for load, file in zip(current.loads, current.as_landed, strict=True) if load.id not in held]
        if not all(lies_by(self.connection, file, table) for file in new):
            return None
        started = time.perf_counter()
        target = self.folder / table.name
        target.mkdir(parents=True, exist_ok=True)
        files: dict[str, Path] = {}
        try:
            for number, (load, file) in enumerate(zip(current.loads, current.as_landed, strict=True)):
                if load.id in held:
                    files[load.id] = self.workspace / held[load.id]
                else:
                    files[load.id] = target / f"landed-{number:04}.parquet"
                    os.link(file, files[load.id])
        except OSError:  # another file system, or one without links
            shutil.rmtree(target)
            return None
        gone = stored(self.workspace, table.name, entry).gone if entry else None
        numbers = numbered(gone, files.values())
        self._note_superseded(current, files, frozenset(files) - frozenset(held), numbers, gone)
        files = {load_id: self._without_gone(file, numbers, target) for load_id, file in files.items()}
        made = self.made(table.name, current.fingerprint, "canonical", started, list(files.values()), numbers)
        made.landed = {
            load.id: [str(files[load.id].relative_to(self.workspace)), load.revision] for load in current.loads
        }
        return made

    def _landed_before(self, current: CurrentTable, before: Release | None) -> dict[str, Any]:
        """What the release before says of a table, where all its landed files are still to be read."""
        entry: dict[str, Any] = (before.manifest.get("tables", {}) if before else {}).get(current.table.name, {})
        there = {load.id: load.revision for load in current.loads}
        landed = entry.get("landed", {})
        same = landed and all(there.get(load_id) == revision for load_id, (_, revision) in landed.items())
        return entry if same and is_there(self.workspace, entry) else {}

    def _note_superseded(
        self,
        current: CurrentTable,
        files: Mapping[str, Path],
        new: frozenset[str],
        numbers: Mapping[Path, int],
        gone: Gone | None,
    ) -> None:
        """Note in `GONE` the rows for which a row of another file stands: those of before, and those that new files bring."""
        known = f"SELECT file, row FROM {read_files([gone.file])}" if gone else "SELECT 0 AS file, 0 AS row WHERE false"
        self.connection.execute(f"CREATE OR REPLACE TEMP TABLE {GONE} AS {known}")
        largest = max(files, key=lambda load_id: files[load_id].stat().st_size)
        gathered = set(files) - {largest} if largest in new else new
        if not gathered or len(files) == 1:
            return
        numbered = {load.id: (numbers[files[load.id]], rank, files[load.id]) for rank, load in enumerate(current.loads)}
        *steps, rows = superseded(
            current.table,
            [one for load_id, one in numbered.items() if load_id in gathered],
            [one for load_id, one in numbered.items() if load_id not in gathered],
        )
        for step in steps:
            self.connection.execute(step)
        self.connection.execute(f"CREATE OR REPLACE TEMP TABLE {GONE} AS SELECT file, row FROM {GONE} UNION {rows}")
        self.connection.execute(f"DROP TABLE {TWICE}; DROP TABLE {MET}")

    def _without_gone(self, file: Path, numbers: Mapping[Path, int], target: Path) -> Path:
        """The file itself, or where much of it is gone what is left of it, written to a folder; then nothing of it is gone."""
        number = numbers[file]
        gone = self.rows(f"{GONE} WHERE file = {number}")
        if gone <= self.rows(read_files([file])) * GONE_SHARE:
            return file
        rest = target / f"rest-{number:04}.parquet"
        left = f"(SELECT row AS {ROW} FROM {GONE} WHERE file = {number})"
        self.copy(f"SELECT * EXCLUDE ({ROW}) FROM {read_rows(file, None)} ANTI JOIN {left} USING ({ROW})", rest)
        self.connection.execute(f"DELETE FROM {GONE} WHERE file = {number}")
        if file.is_relative_to(target):
            file.unlink()
        return rest

    def write(
        self,
        name: str,
        pieces: Sequence[tuple[str, str]],
        fingerprint: str,
        kind: str,
        parts: Mapping[str, tuple[Layer, StoredTable | None, str]] | None = None,
        cuts: Sequence[date] = (),
        kept: Sequence[str] = (),
    ) -> Made:
        """Write a table, a file for each piece of SQL.

        `parts`: for a piece that sees parts of tables, or codes, its layer, and the table and the one file of it that it is made by.
        `cuts`: write what there is of it before the first day, between it and the second one, and so on, to files of their own.
        `kept`: files that are part of it as they are.
        """
        started = time.perf_counter()
        target = self.folder / name
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        for sql, piece in pieces:
            if parts and piece in parts:
                self._view_part(*parts[piece])
            if not cuts:
                self.copy(sql, target / f"{piece}.parquet")
                continue
            part = " ".join(f"WHEN day < DATE '{cut}' THEN {number}" for number, cut in enumerate(cuts))
            self.connection.execute(
                f"COPY (SELECT *, CASE {part} ELSE {len(cuts)} END AS _part FROM ({sql})) TO {literal(str(target))} "
                f"{self._options}, PARTITION_BY (_part), OVERWRITE_OR_IGNORE)"
            )
            for made in sorted(target.glob("_part=*/*.parquet")):
                made.rename(target / f"{piece}-{int(made.parent.name.removeprefix('_part=')):04}-{made.stem}.parquet")
            for left in target.glob("_part=*"):
                left.rmdir()
        files = [*target.glob("*.parquet"), *(self.workspace / file for file in kept)]
        return self.made(name, fingerprint, kind, started, files)

    def made(
        self,
        name: str,
        fingerprint: str,
        kind: str,
        started: float,
        files: Sequence[Path],
        gone: Mapping[Path, int] | None = None,
    ) -> Made:
        """What was written. `gone`: the rows in `GONE` are gone, of files by these numbers."""
        noted: dict[str, Any] = {}
        left = self.rows(GONE) if gone else 0
        if gone and left:
            file = self.folder / name / "gone" / "rows.parquet"
            file.parent.mkdir()
            self.copy(f"SELECT * FROM {GONE} ORDER BY file, row", file)
            of = {number for (number,) in self.connection.execute(f"SELECT DISTINCT file FROM {GONE}").fetchall()}
            noted = {
                "file": str(file.relative_to(self.workspace)),
                "of": {str(one.relative_to(self.workspace)): gone[one] for one in files if gone.get(one) in of},
                "rows": left,
            }
        rows = self.rows(read_files(sorted(files))) - left
        self.seconds[name] = round(time.perf_counter() - started, 3)
        return Made(
            name,
            fingerprint,
            [str(file.relative_to(self.workspace)) for file in sorted(files)],
            rows,
            sum(file.stat().st_size for file in files),
            kind,
            gone=noted,
        )

    def _view_part(self, layer: Layer, split: StoredTable | None, file: str) -> None:
        """Name what a layer sees: one file of the table that it is split by, and of others what lies in the same range."""
        coded = self._codes(layer)
        for table in layer.with_codes - {layer.split_by, *layer.along}:
            self._view(table, coded[table], quoted(table))
        if split is None:
            return
        source = read_table(replace(split, files=(self.workspace / file,)))
        self._view(split.name, coded.get(split.name, {}), source)
        for table, column in layer.along.items():
            name, type_ = quoted(column), DUCKDB_TYPES[TABLES[table].column(column).type]
            found = self.connection.execute(
                f"SELECT CAST(min({name}) AS VARCHAR), CAST(max({name}) AS VARCHAR) FROM {source}"
            ).fetchone()
            ends = [f"CAST({literal(end)} AS {type_})" for end in found or () if end is not None]
            between = f"{name} BETWEEN {' AND '.join(ends)}" if ends else "false"
            self._view(table, coded.get(table, {}), f"{quoted(table)} WHERE {between}")

    def _view(self, table: str, coded: Mapping[str, str], source: str) -> None:
        """Name what a layer sees of a table, with some columns as these codes."""
        casts = ", ".join(f"CAST({quoted(name)} AS {type_}) AS {quoted(name)}" for name, type_ in coded.items())
        self.connection.execute(
            f"CREATE OR REPLACE VIEW {quoted(f'{table}__part')} AS SELECT *{f' REPLACE ({casts})' if casts else ''} FROM {source}"
        )

    def _codes(self, layer: Layer) -> dict[str, dict[str, str]]:
        """The codes that a layer sees, by table and column, made once for all its parts; none of small tables, or for too many texts.

        They are in the order of the texts, so that a comparison says the same. Columns with the same codes are compared as numbers.
        """
        key = str(layer.coded)
        if key in self.coded:
            return self.coded[key]
        coded: dict[str, dict[str, str]] = {table: {} for table in layer.with_codes}
        large = any(self.rows(quoted(table)) >= CODED_ROWS for table in layer.with_codes)
        for code, columns in layer.coded.items() if large else ():
            texts = self._texts([(table, name) for table, names in columns.items() for name in names])
            if len(texts) <= MOST_CODES:
                type_ = quoted(f"{len(self.coded)}.{code}")
                listed = ", ".join(map(literal, texts or [""]))  # nothing at all is written sooner as a code too
                self.connection.execute(f"CREATE TYPE {type_} AS ENUM ({listed})")
                for table, names in columns.items():
                    coded[table] |= dict.fromkeys(names, type_)
        self.coded[key] = coded
        return coded

    def _texts(self, columns: Sequence[tuple[str, str]]) -> list[str]:
        """The different texts of some columns of tables, in order: one more than `MOST_CODES` at most."""
        each = " UNION ".join(
            f"SELECT * FROM (SELECT DISTINCT {quoted(name)} AS text FROM {quoted(table)} LIMIT {MOST_CODES + 2})"
            for table, name in columns
        )
        found = self.connection.execute(
            f"SELECT text FROM (SELECT text FROM ({each}) WHERE text IS NOT NULL LIMIT {MOST_CODES + 1}) ORDER BY text"
        ).fetchall()
        return [text for (text,) in found]

    def copy(self, sql: str, file: Path) -> None:
        """Write rows to a Parquet file, and note what it says of itself."""
        found = self.connection.execute(
            f"COPY ({sql}) TO {literal(str(file))} {self._options}, RETURN_STATS)"
        ).fetchone()
        said = found[4] if found else {}
        self.still[str(file.relative_to(self.workspace))] = frozenset(
            name.strip('"') for name, values in said.items() if _is_still(values)
        )

    @property
    def _options(self) -> str:
        """Of a COPY, to which more can be added."""
        return parquet_options(is_encrypted(self.workspace), "ROW_GROUP_SIZE 122880")[:-1]

    def rows(self, source: str) -> int:
        """How many rows there are of what SQL names."""
        row = self.connection.execute(f"SELECT count(*) FROM {source}").fetchone()
        return int(row[0]) if row else 0

    def view(self, entry: Made) -> None:
        """Name a table as its files are."""
        for statement in definitions([entry.stored(self.workspace)], {}):
            self.connection.execute(statement)


def _is_still(said: Mapping[str, str]) -> bool:
    """Whether a column is zero in every row, by what was said of it: its least and its largest value and how often it has none."""
    ends = said.get("min"), said.get("max")
    return said.get("null_count") == "0" and all(end and set(end) <= {"0", "."} for end in ends)


def shared(before: Release | None, name: str, fingerprint: str, workspace: Path) -> Made | None:
    """The files of the release before, when they are what would be written again."""
    entry = (before.manifest.get("tables", {}) if before else {}).get(name)
    if not entry or entry["fingerprint"] != fingerprint:
        return None
    if not is_there(workspace, entry):
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
