"""What every reader hands on: rows as they came, in one Parquet file per table, each with its physical line.

Text formats give every column as text; Parquet keeps its types. Rows that cannot be cut into fields are kept apart with
their line and reason. Card numbers never get this far whole (`cards`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tillsight.connectors.files.sealing import scan

LINE = "_line"

Progress = Callable[[str, float | None, float | None, str], None]
"""Called with stage, done, total and a text; None where it is not known."""


def silent(_stage: str, _done: float | None, _total: float | None, _text: str) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True)
class RawColumn:
    """A column as it came. `type`: its DuckDB type; VARCHAR for text formats.

    `numeric`: the format itself says that its values are numbers (JSON, Excel), so that `1.234` is not a thousand.
    """

    name: str
    type: str = "VARCHAR"
    numeric: bool = False


@dataclass(frozen=True)
class Broken:
    """A line that could not be cut into fields."""

    line: int
    reason: str
    text: str


@dataclass
class RawTable:
    """One table as it came: a file, a sheet, a list inside a JSON document.

    `direct`: `path` is the source itself, which is canonical already and of which no copy is kept.
    """

    name: str
    path: Path
    format: str
    columns: tuple[RawColumn, ...]
    rows: int
    broken: list[Broken] = field(default_factory=list)
    encoding: str | None = None
    delimiter: str | None = None
    sha256: str = ""
    bytes: int = 0
    notes: list[str] = field(default_factory=list)
    cards: int = 0
    direct: bool = False

    @property
    def headers(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(column.name for column in self.columns)

    @property
    def relation(self) -> str:
        """SQL that gives the columns and `_line`."""
        if self.direct:
            file = scan(self.path, numbered=True)
            return f"(SELECT * EXCLUDE (file_row_number), file_row_number + 1 AS {LINE} FROM {file})"
        return scan(self.path)


@dataclass(frozen=True)
class Reading:
    """How a file is to be read, where it should not be found out: from a mapping."""

    encoding: str | None = None
    delimiter: str | None = None
    quote: str = '"'
    header: int | tuple[str, ...] | None = None


def identifier(name: str) -> str:
    """A name quoted for SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: Any) -> str:
    """A value as an SQL literal: text is quoted, None is NULL."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, (int, float)):
        return repr(value)
    return "'" + str(value).replace("'", "''") + "'"
