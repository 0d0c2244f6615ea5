"""What every engine that answers the catalogue gives: a warehouse by address, and in it releases that are open.

A release is built by DuckDB into Parquet files. A warehouse makes it answer: it reads those files, or takes a copy of their
rows. A question is an Ibis expression over the names of the release's tables; the answer is an Arrow table of the types that
the expression has, the same on every engine.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pyarrow as pa

from tillsight.core.errors import TooBigError
from tillsight.core.settings import LimitSettings

if TYPE_CHECKING:
    import ibis.expr.types as ir


@dataclass(frozen=True)
class Gone:
    """Rows that files of a table still hold and that are no part of it any more, since others stand for them.

    `file`: a Parquet file with their numbers, from 0, in `row`, and in `file` the number that `of` gives to the file they are in.
    """

    file: Path
    of: Mapping[Path, int]


@dataclass(frozen=True)
class StoredTable:
    """A table of a release: its Parquet files, a stamp of what is in it, and whether it is canonical or derived."""

    name: str
    files: tuple[Path, ...]
    stamp: str
    kind: str
    gone: Gone | None = None


def stored_tables(workspace: Path, manifest: Mapping[str, Any]) -> list[StoredTable]:
    """The tables that the manifest of a release names; those without files are left out."""
    return [stored(workspace, name, entry) for name, entry in manifest["tables"].items() if entry["files"]]


def stored(workspace: Path, name: str, entry: Mapping[str, Any]) -> StoredTable:
    """A table as its entry in a manifest tells of it."""
    gone = entry.get("gone")
    return StoredTable(
        name,
        tuple(workspace / file for file in entry["files"]),
        entry["fingerprint"],
        entry["kind"],
        Gone(workspace / gone["file"], {workspace / file: number for file, number in gone["of"].items()})
        if gone
        else None,
    )


def files_named(entry: Mapping[str, Any]) -> list[str]:
    """Every file that the entry of a table in a manifest names: those of its rows, and the one of rows that are gone."""
    return [*entry["files"], *([entry["gone"]["file"]] if entry.get("gone") else [])]


def is_there(workspace: Path, entry: Mapping[str, Any]) -> bool:
    """Whether every file is there that the entry of a table names."""
    return all((workspace / file).exists() for file in files_named(entry))


def numbered(gone: Gone | None, files: Iterable[Path]) -> dict[Path, int]:
    """A number for each file, for rows of it that are gone; those that have one keep it."""
    numbers = dict(gone.of) if gone else {}
    for file in files:
        numbers.setdefault(file, max(numbers.values(), default=0) + 1)
    return numbers


class Engine(Protocol):
    """A release that is open. Safe to use from many threads."""

    @property
    def dialect(self) -> str:
        """The SQL that it speaks, as Ibis calls it."""

    def has(self, table: str) -> bool:
        """Whether it can read a table of the release."""

    def run(self, expression: ir.Table) -> tuple[pa.Table, str]:
        """Execute an expression; the rows, and the SQL that ran. Raises TooBigError past the limits of a question."""

    def close(self) -> None:
        """Give the memory back."""


class Warehouse(Protocol):
    """Where releases answer: one for a process and a workspace. Safe to use from many threads."""

    def open(self, number: int, tables: Sequence[StoredTable]) -> Engine:
        """Open a release. Raises NoReleaseError for one that is not there as a whole."""

    def publish(self, number: int, tables: Sequence[StoredTable]) -> None:
        """Take a release that is built, as a whole or not at all; nothing to do where it is taken already."""

    def collect(self, kept: Set[int]) -> None:
        """Forget every other release, and what only those had."""

    def close(self) -> None:
        """Give connections and memory back."""


def too_many_rows(limits: LimitSettings) -> TooBigError:
    """The answer has more rows than one may have."""
    return TooBigError(
        f"The answer has more than {limits.rows:,} rows; add a filter, a limit or a coarser grain.", limit=limits.rows
    )


def too_long(limits: LimitSettings) -> TooBigError:
    """The question took longer than one may."""
    return TooBigError(
        f"The question took longer than {limits.seconds:g} s (limits.seconds); ask for a shorter period or a coarser grain."
    )


def too_much_memory(bound: str = "limits.memory allows") -> TooBigError:
    """The question needs more memory, or room to spill, than there is."""
    return TooBigError(f"The question needs more memory than {bound}; ask for fewer groups or a shorter period.")
