"""A look at files before they are loaded: what they are written in, what they are taken for, and their first rows.

Of delimited text only the first part is read. Nothing is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from tillsight.connectors.files.connector import read_tables
from tillsight.connectors.files.convert import plan_columns
from tillsight.connectors.files.engine import engine
from tillsight.connectors.files.mapping import IGNORE, Mapping
from tillsight.connectors.files.presets.declare import Preset
from tillsight.connectors.files.raw import LINE, RawTable, identifier, silent
from tillsight.connectors.files.recognise import Assignment, best_match, draft, recognise_tables
from tillsight.connectors.files.targets import Match, target_of
from tillsight.core.errors import LoadError

_SHOWN = 10


@dataclass(frozen=True)
class Preview:
    """One file, sheet or list. `taken_for`: what it is taken for, in words; None when it is not recognised.

    `columns`: canonical column to the header or headers it comes from; empty for a preset's file, whose columns are known.
    `unused`: headers that no column takes. `problem`: why it is not recognised, and `mapping`: what to write then.
    `rows`: the first rows as text, in the order of `headers`.
    """

    name: str
    format: str
    encoding: str | None
    delimiter: str | None
    headers: tuple[str, ...]
    taken_for: str | None
    columns: dict[str, tuple[str, ...]]
    unused: tuple[str, ...]
    problem: str | None
    mapping: str | None
    rows: list[list[str | None]]


def preview(paths: Sequence[Path], *, mapping: Mapping | None = None, preset: Preset | None = None) -> list[Preview]:
    """Look at files and folders. Raises LoadError only where a file cannot be read at all."""
    with TemporaryDirectory(prefix="tillsight-") as folder, engine(Path(folder), "1GB", 1) as connection:
        for name in ("raw", "scratch"):
            (Path(folder) / name).mkdir()
        tables, _ = read_tables(paths, Path(folder), mapping, connection, silent, first_part=True)
        try:
            assignments = recognise_tables(tables, mapping, preset).assignments
            problem = None
        except LoadError as error:
            assignments, problem = [], error.message.split("\n")[0]
        return [
            _look(connection, table, assignments[index] if assignments else None, problem)
            for index, table in enumerate(tables)
        ]


def _look(
    connection: duckdb.DuckDBPyConnection, table: RawTable, assignment: Assignment | None, problem: str | None
) -> Preview:
    columns: dict[str, tuple[str, ...]] = {}
    unused: tuple[str, ...] = ()
    text = None
    taken_for = assignment.how if assignment else None
    if assignment is not None and assignment.entry is not None and assignment.entry.table != IGNORE:
        target = target_of(assignment.entry.table)
        if target is not None:
            try:
                mapped, unused = plan_columns(target, assignment.entry, table.headers, table.name)
                columns = {name: how.column for name, how in mapped.items()}
            except LoadError as error:
                taken_for, problem = None, error.message
    if assignment is None:
        best = best_match(table.name, table.headers)
        if isinstance(best, Match):
            taken_for, columns, problem = f"headers of {best.target}", best.columns, None
        else:
            text = draft(table.name, table.headers, best[0])
    names = ", ".join(f"CAST({identifier(name)} AS VARCHAR)" for name in table.headers)
    rows = connection.execute(f"SELECT {names} FROM {table.relation} ORDER BY {LINE} LIMIT {_SHOWN}").fetchall()
    return Preview(
        name=table.name,
        format=table.format,
        encoding=table.encoding,
        delimiter=table.delimiter,
        headers=table.headers,
        taken_for=taken_for,
        columns=columns,
        unused=unused,
        problem=None if taken_for else problem,
        mapping=text,
        rows=[list(row) for row in rows],
    )
