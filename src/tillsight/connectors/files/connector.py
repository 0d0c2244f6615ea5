"""The files connector: a path in, canonical tables out. What is read, recognised, converted and gathered, in this order.

Everything is written into one folder: `raw/` (rows as they came), `tables/` (canonical rows) and `rejects.parquet`. Whoever calls
decides whether the folder becomes part of landing.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa

from tillsight.connectors.files.columnar import describe_parquet, read_parquet
from tillsight.connectors.files.convert import (
    Batch,
    Converted,
    Defaults,
    canonical_sql,
    convert,
    create_rejects,
    plan_columns,
)
from tillsight.connectors.files.delimited import read_delimited
from tillsight.connectors.files.engine import engine
from tillsight.connectors.files.gather import Gathering, TableFile
from tillsight.connectors.files.lines import add_line_ids
from tillsight.connectors.files.mapping import IGNORE, SALES, FileMapping, Mapping
from tillsight.connectors.files.presets.declare import Output, Preset
from tillsight.connectors.files.raw import LINE, Progress, RawColumn, RawTable, Reading, identifier, literal
from tillsight.connectors.files.recognise import Plan, recognise_tables
from tillsight.connectors.files.sales import Rows, fan_out, prepare_lines
from tillsight.connectors.files.sealing import copy_options, is_upload, put_down, scan
from tillsight.connectors.files.sheets import read_workbook
from tillsight.connectors.files.sources import LIMITS, EmptyError, Limits, Source, find_all
from tillsight.connectors.files.structured import read_structured
from tillsight.connectors.files.targets import Match, companion, known_keys, target_of
from tillsight.core.errors import LoadError
from tillsight.tables.registry import TABLES
from tillsight.tables.schema import header_key

_MOST_FILES = 5_000
_LOOKS_LIKE_CARDS = "[0-9](?:[ -]?[0-9]){12,18}"


@dataclass(frozen=True)
class ClassCount:
    """How many rows of a file were of a class, and what they add up to; None where rows have no amount."""

    name: str
    rows: int
    money: Decimal | None


@dataclass
class FileOutcome:
    """What became of one file, sheet or list. `mapping`: what it was recognised as."""

    name: str
    sha256: str
    bytes: int
    format: str
    encoding: str | None
    delimiter: str | None
    mapping: str
    rows_read: int
    rows_rejected: int
    columns_unmapped: list[str]
    classes: list[ClassCount]
    raw: str | None


@dataclass
class Outcome:
    """What became of a load. `rows_rejected`: rows of the files with something in the rejects; `rejects`: its file, if any."""

    files: list[FileOutcome]
    tables: list[TableFile]
    rejects: Path | None
    notes: list[str]
    skipped: list[str]

    @property
    def rows_read(self) -> int:
        """Rows of all files, good and rejected."""
        return sum(file.rows_read for file in self.files)

    @property
    def rows_rejected(self) -> int:
        """Rows with something in the rejects."""
        return sum(file.rows_rejected for file in self.files)


def run(
    paths: Sequence[Path],
    folder: Path,
    defaults: Defaults,
    *,
    mapping: Mapping | None = None,
    preset: Preset | None = None,
    memory: str = "4GB",
    threads: int = 0,
    limits: Limits = LIMITS,
    progress: Progress,
) -> Outcome:
    """Read files and folders into `folder`. Raises LoadError when a file cannot be read or is not recognised; rows never raise."""
    for name in ("raw", "tables", "scratch"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    with engine(folder / "scratch", memory, threads) as connection:
        tables, skipped = read_tables(paths, folder, mapping, connection, progress, limits=limits)
        plan = recognise_tables(tables, mapping, preset)
        outcome = _Conversion(connection, tables, plan, defaults, progress).write(folder)
    shutil.rmtree(folder / "scratch")
    outcome.skipped = skipped
    if skipped:
        outcome.notes.append(f"Left aside, as they hold no table: {', '.join(skipped[:10])}.")
    return outcome


def read_tables(
    paths: Sequence[Path],
    folder: Path,
    mapping: Mapping | None,
    connection: duckdb.DuckDBPyConnection,
    progress: Progress,
    *,
    first_part: bool = False,
    limits: Limits = LIMITS,
) -> tuple[list[RawTable], list[str]]:
    """Every table of files and folders as it came, below `folder`, and the names of files that hold no table.

    `first_part`: of delimited text, read no more than the first megabytes.
    """
    sources, skipped = find_all(paths, limits)
    if len(sources) > _MOST_FILES:
        raise LoadError(f"There are {len(sources):,} files; at most {_MOST_FILES:,} are read in one load.")
    tables: list[RawTable] = []
    for number, source in enumerate(sources):
        try:
            tables += _read(source, number, folder, mapping, connection, progress, first_part=first_part)
        except EmptyError:
            if len(sources) == 1:
                raise
            skipped.append(source.name)
    if not tables:
        raise EmptyError("All of the files are empty.", files=[source.name for source in sources])
    return tables, skipped


# Reading --------------------------------------------------------------------------------------------------------------


def _read(
    source: Source,
    number: int,
    folder: Path,
    mapping: Mapping | None,
    connection: duckdb.DuckDBPyConnection,
    progress: Progress,
    *,
    first_part: bool,
) -> list[RawTable]:
    """Every table of one source, as it came."""
    stem = f"{number + 1:02}-{re.sub(r'[^A-Za-z0-9_-]+', '-', source.name)[:60].strip('-') or 'file'}"
    target = folder / "raw" / f"{stem}.parquet"
    progress("read", None, None, source.name)

    def reading_of(name: str) -> Reading:
        entry = mapping.for_file(name) if mapping is not None else None
        return Reading() if entry is None else Reading(entry.encoding, entry.delimiter, entry.quote, entry.header)

    sha256, size = ("", 0) if first_part else source.digest()
    if source.format == "csv":
        tables = [read_delimited(source, target, reading_of(source.name), progress, _known, first_part=first_part)]
    elif source.format == "excel":
        tables = read_workbook(source, folder / "raw", stem, reading_of, progress, _known)
    elif source.format == "parquet":
        mapped = mapping is not None and mapping.for_file(source.name) is not None
        tables = [_read_parquet(source, target, folder / "scratch", connection, progress, mapped=mapped)]
    else:
        tables = read_structured(source, folder / "raw", stem, connection, progress)
    for table in tables:
        table.sha256, table.bytes = sha256, size
    return tables


def _known(headers: list[str]) -> int:
    keys = known_keys()
    return sum(1 for header in headers if header_key(header) in keys)


def _read_parquet(
    source: Source,
    target: Path,
    scratch: Path,
    connection: duckdb.DuckDBPyConnection,
    progress: Progress,
    *,
    mapped: bool,
) -> RawTable:
    path = source.path
    if source.packed is not None or is_upload(path):
        path = scratch / target.name
        with source.open() as stream:
            put_down(stream, path, source.name)
    columns = describe_parquet(path, source.name, connection)
    table = TABLES.get(re.split(r"[/#]", source.name)[-1].removesuffix(".parquet"))
    canonical = table is not None and {column.name for column in columns} <= set(table.column_names)
    if canonical and source.packed is None and not mapped and not _may_hold_cards(path, columns, connection):
        row = connection.execute(f"SELECT count(*) FROM {scan(path)}").fetchone() or (0,)
        return RawTable(source.name, path, "parquet", columns, int(row[0]), direct=True)
    return read_parquet(path, source.name, target, connection, progress)


def _may_hold_cards(path: Path, columns: tuple[RawColumn, ...], connection: duckdb.DuckDBPyConnection) -> bool:
    tests = [
        f"coalesce(bool_or(regexp_matches({identifier(column.name)}, '{_LOOKS_LIKE_CARDS}')), FALSE)"
        for column in columns
        if column.type == "VARCHAR"
    ]
    if not tests:
        return False
    row = connection.execute(f"SELECT {' OR '.join(tests)} FROM {scan(path)}").fetchone()
    return bool(row and row[0])


# Converting -----------------------------------------------------------------------------------------------------------


@dataclass
class _Conversion:
    """One load's way from raw rows to canonical tables."""

    connection: duckdb.DuckDBPyConnection
    tables: list[RawTable]
    plan: Plan
    defaults: Defaults
    progress: Progress
    notes: list[str] = field(default_factory=list)
    unmapped: dict[int, list[str]] = field(default_factory=dict)
    classes: dict[int, list[ClassCount]] = field(default_factory=dict)
    _number: int = 0

    def write(self, folder: Path) -> Outcome:
        """Convert everything and write the canonical tables and the rejects."""
        create_rejects(self.connection)
        self._keep_broken()
        gathering = Gathering(self.connection, self._parts(), self.notes)
        self._take_canonical(gathering)
        for batch, counts in [*self._own_batches(), *self._preset_batches()]:
            self._convert(batch, gathering, counts=counts)
        self.progress("write", None, None, "Writing the canonical tables")
        files = gathering.write(folder / "tables")
        rejects, rejected = self._write_rejects(folder)
        if not files:
            raise self._nothing()
        outcomes = [self._outcome(index, table, rejected, folder) for index, table in enumerate(self.tables)]
        return Outcome(outcomes, files, rejects, list(dict.fromkeys(self.notes)), [])

    def _parts(self) -> tuple[str, ...]:
        return tuple(table.name for table in self.tables)

    def _keep_broken(self) -> None:
        """Lines that could not be cut into fields are rejects of the table that their file is."""
        for table, assignment in zip(self.tables, self.plan.assignments, strict=True):
            target = assignment.entry.table if assignment.entry else assignment.role
            if table.broken:
                broken = pa.table(
                    {
                        "line": pa.array([one.line for one in table.broken], pa.int64()),
                        "reason": [one.reason for one in table.broken],
                        "text": [one.text for one in table.broken],
                    }
                )
                self.connection.register("broken", broken)
                self.connection.execute(
                    f'INSERT INTO rejects SELECT {literal(table.name)}, line, {literal(target)}, NULL, NULL, "reason", '
                    "to_json({'text': text}) FROM broken"
                )
                self.connection.unregister("broken")

    def _take_canonical(self, gathering: Gathering) -> None:
        """Files that are canonical to the last value go as they are."""
        for index, (table, assignment) in enumerate(zip(self.tables, self.plan.assignments, strict=True)):
            entry = assignment.entry
            target = TABLES.get(entry.table) if entry else None
            if not table.direct or entry is None or target is None or assignment.role is not None:
                continue
            self.progress("convert", None, None, f"{target.title}: {table.name}")
            found = canonical_sql(self.connection, target, table.relation, table.columns, entry, self.defaults)
            if found is not None:
                rows, columns = found
                gathering.add(Rows(target.name, f"SELECT *, {index} AS _part FROM ({rows})", columns), checked=True)
                self.classes[index] = [ClassCount(target.name, table.rows, None)]

    def _own_batches(self) -> Iterable[tuple[Batch, bool]]:
        """Files that are tables by themselves; those with the same headers are converted together."""
        groups: dict[tuple[object, ...], list[int]] = {}
        for index, (table, assignment) in enumerate(zip(self.tables, self.plan.assignments, strict=True)):
            entry = assignment.entry
            if entry is None or entry.table == IGNORE or index in self.classes:
                continue
            key = (table.columns, entry.model_dump_json(exclude={"match"}))
            groups.setdefault(key, []).append(index)
        for indexes in groups.values():
            assignment = self.plan.assignments[indexes[0]]
            entry = assignment.entry
            if entry is not None:
                yield self._batch(indexes, entry), True
                if not entry.columns and (other := companion(entry.table, self.tables[indexes[0]].headers)):
                    yield self._companion(indexes, entry.model_copy(update={"table": other.target}), other), False

    def _batch(self, indexes: list[int], entry: FileMapping) -> Batch:
        first = self.tables[indexes[0]]
        target = target_of(entry.table)
        if target is None:
            raise LoadError(f"There is no table {entry.table}.", table=entry.table)
        mapped, left = plan_columns(target, entry, first.headers, first.name)
        for index in indexes:
            self.unmapped[index] = [header for header in left if header in self.unmapped.get(index, left)]
        relation = self._union(indexes, as_text=False)
        label = first.name if len(indexes) == 1 else f"{first.name} and {len(indexes) - 1} more"
        return Batch(target, entry, relation, first.columns, label, self._parts(), mapped)

    def _companion(self, indexes: list[int], entry: FileMapping, match: Match) -> Batch:
        """The other table of a flat file: of the heads one row each, the first that names it."""
        left = {index: self.unmapped[index] for index in indexes}
        batch = self._batch(indexes, entry)
        for index in indexes:
            self.unmapped[index] = [header for header in self.unmapped[index] if header in left[index]]
        if "line_id" in batch.target.key:
            return batch
        keys = [header for name in batch.target.key for header in match.columns.get(name, ())]
        of_one = ", ".join(map(identifier, keys))
        first = f"QUALIFY row_number() OVER (PARTITION BY _part, {of_one} ORDER BY {LINE}) = 1"
        return replace(batch, relation=f"(FROM {batch.relation} {first})")

    def _union(self, indexes: list[int], *, as_text: bool) -> str:
        """The rows of several files with the same headers, each with the number of its file."""
        selects = []
        for index in indexes:
            table = self.tables[index]
            columns = ", ".join(
                f"{_text_of(column)} AS {identifier(column.name)}" if as_text else identifier(column.name)
                for column in table.columns
            )
            selects.append(f"SELECT {columns}, {index} AS _part, {LINE} FROM {table.relation}")
        return f"({' UNION ALL BY NAME '.join(selects)})"

    def _preset_batches(self) -> Iterable[tuple[Batch, bool]]:
        preset = self.plan.preset
        if preset is None:
            return
        self._warn(preset)
        roles: dict[str, list[int]] = {}
        for index, assignment in enumerate(self.plan.assignments):
            if assignment.role is not None:
                roles.setdefault(assignment.role, []).append(index)
        for name, indexes in roles.items():
            self.connection.execute(
                f"CREATE OR REPLACE TEMP VIEW role_{name} AS FROM {self._union(indexes, as_text=True)}"
            )
        outputs = [output for output in preset.outputs if output.possible(set(roles))]
        for output in outputs:
            yield self._output(output, roles), output.counts
        for name, indexes in roles.items():
            used = " ".join(output.sql or "" for output in outputs if name in output.roles)
            if used:
                for index in indexes:
                    left = self.unmapped.get(index, list(self.tables[index].headers))
                    self.unmapped[index] = [
                        header for header in left if not re.search(rf"\b{re.escape(header)}\b", used, re.IGNORECASE)
                    ]

    def _output(self, output: Output, roles: dict[str, list[int]]) -> Batch:
        if output.sql is None:
            return self._batch(roles[output.roles[0]], output.entry)
        self._number += 1
        name = f"output_{self._number}"
        self.connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {output.sql}")
        described = self.connection.execute(f"DESCRIBE {name}").fetchall()
        columns = tuple(RawColumn(row[0], str(row[1])) for row in described if row[0] not in ("_part", LINE))
        target = target_of(output.entry.table)
        if target is None:
            raise LoadError(f"There is no table {output.entry.table}.", table=output.entry.table)
        mapped, _ = plan_columns(target, output.entry, tuple(column.name for column in columns), output.entry.table)
        label = self.tables[roles[output.roles[0]][0]].name
        return Batch(target, output.entry, name, columns, label, self._parts(), mapped)

    def _warn(self, preset: Preset) -> None:
        """The data set's own currency and time zone, where the workspace has others."""
        if preset.currency != self.defaults.currency:
            self.notes.append(
                f"The amounts of {preset.title} are in {preset.currency}; the workspace counts in {self.defaults.currency} and "
                "takes them as such. Set the currency of the workspace, or load into a workspace of its own."
            )
        if preset.timezone != self.defaults.timezone:
            self.notes.append(
                f"The times of {preset.title} are those of {preset.timezone}; the workspace takes them as times of "
                f"{self.defaults.timezone}. Set the time zone of the workspace before loading."
            )

    def _convert(self, batch: Batch, gathering: Gathering, *, counts: bool) -> None:
        self._number += 1
        self.progress("convert", None, None, f"{batch.target.title}: {batch.label}")
        converted = convert(self.connection, batch, self.defaults, f"batch_{self._number}")
        if batch.target.name == SALES:
            lines = prepare_lines(self.connection, converted)
            self.connection.execute(f"DROP TABLE {converted.name}")
            for rows in fan_out(self.connection, converted, lines):
                gathering.add(rows, checked=False)
            counted = f"SELECT _part, _class, count(*), sum(_amount) FROM {lines} GROUP BY ALL ORDER BY ALL"
        else:
            gathering.add(_table_rows(self.connection, converted), checked=True)
            counted = f"SELECT _part, _class, count(*), NULL FROM {converted.name} WHERE {converted.good} GROUP BY ALL ORDER BY ALL"
        self.notes += [f"{batch.label}: {note}" for note in converted.notes]
        if counts:
            for part, name, rows, money in self.connection.execute(counted).fetchall():
                self.classes.setdefault(part, []).append(ClassCount(name, rows, money))

    def _write_rejects(self, folder: Path) -> tuple[Path | None, dict[str, int]]:
        counts = dict(
            self.connection.execute("SELECT file, count(DISTINCT line) FROM rejects GROUP BY file").fetchall()
        )
        if not counts:
            return None, {}
        target = folder / "rejects.parquet"
        order = " ".join(f"WHEN {literal(name)} THEN {index}" for index, name in enumerate(self._parts()))
        self.connection.execute(
            f'COPY (SELECT * FROM rejects ORDER BY CASE file {order} END, line, "table", "column") TO {literal(target)} '
            f"{copy_options()}"
        )
        return target, counts

    def _nothing(self) -> LoadError:
        row = self.connection.execute(
            'SELECT file, line, "column", value, "reason" FROM rejects ORDER BY line LIMIT 1'
        ).fetchone()
        if row is None:
            return LoadError(f"{self.tables[0].name} has no rows.", file=self.tables[0].name)
        file, line, column, value, reason = row
        what = f"{column} {reason}" if column else f"there are {reason}"
        shown = f" ({value})" if value else ""
        return LoadError(
            f"Not one row of {file} can be taken; in line {line} {what}{shown}. Correct the file, or say in a mapping how it is "
            "to be read.",
            file=file,
            line=line,
            column=column,
            value=value,
        )

    def _outcome(self, index: int, table: RawTable, rejected: dict[str, int], folder: Path) -> FileOutcome:
        self.notes += [f"{table.name}: {note}" for note in table.notes]
        if table.cards:
            self.notes.append(f"{table.name}: {table.cards:,} card numbers were cut to their last four digits.")
        return FileOutcome(
            name=table.name,
            sha256=table.sha256,
            bytes=table.bytes,
            format=table.format,
            encoding=table.encoding,
            delimiter=table.delimiter,
            mapping=self.plan.assignments[index].how,
            rows_read=table.rows + len(table.broken),
            rows_rejected=rejected.get(table.name, 0),
            columns_unmapped=self.unmapped.get(index, []),
            classes=self.classes.get(index, []),
            raw=None if table.direct else str(table.path.relative_to(folder)),
        )


def _text_of(column: RawColumn) -> str:
    return identifier(column.name) if column.type == "VARCHAR" else f"CAST({identifier(column.name)} AS VARCHAR)"


def _table_rows(connection: duckdb.DuckDBPyConnection, converted: Converted) -> Rows:
    """The good rows of a batch for its own table, with line ids where the source has none."""
    table = converted.batch.target
    relation = f"(SELECT * FROM {converted.name} WHERE {converted.good} AND _effect <> 'ignore')"
    columns = converted.present
    if "line_id" in table.key and "line_id" not in columns:
        said = table.line_from or [name for name in table.column_names if name != "shop_id"]
        content = [name for name in said if name in columns]
        relation = add_line_ids(connection, f"{converted.name}_lines", relation, content)
        columns = (*columns, "line_id")
    return Rows(table.name, f"SELECT {', '.join(map(identifier, columns))}, _part, _line FROM {relation}", columns)
