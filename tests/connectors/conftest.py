"""A place to write files, and a way to see what the connector makes of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tillsight.connectors.files.connector import Outcome, run
from tillsight.connectors.files.convert import Defaults
from tillsight.connectors.files.mapping import parse_mapping
from tillsight.connectors.files.presets.registry import preset_of
from tillsight.connectors.files.raw import silent

LONDON = Defaults("Europe/London", "GBP", "main")


@dataclass
class Seen:
    """What came of some files."""

    outcome: Outcome
    folder: Path

    def rows(self, table: str, *columns: str, order: str = "ALL") -> list[tuple[Any, ...]]:
        """Rows of a canonical table."""
        wanted = ", ".join(columns) or "*"
        file = self.folder / "tables" / f"{table}.parquet"
        return duckdb.sql(f"SELECT {wanted} FROM '{file}' ORDER BY {order}").fetchall()

    def rejects(self, *columns: str) -> list[tuple[Any, ...]]:
        """The rejects in order, by default line, column and reason."""
        if self.outcome.rejects is None:
            return []
        wanted = ", ".join(f'"{name}"' for name in columns or ("line", "column", "reason"))
        return duckdb.sql(f"SELECT {wanted} FROM '{self.outcome.rejects}'").fetchall()

    @property
    def tables(self) -> dict[str, int]:
        """Rows by table."""
        return {file.table: file.rows for file in self.outcome.tables}


Load = Callable[..., Seen]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Load a text, bytes, a path or {name: content} as files, and look at what came of it."""
    count = 0

    def loaded(
        content: str | bytes | Path | dict[str, str | bytes],
        name: str = "sales.csv",
        *,
        mapping: str | None = None,
        preset: str | None = None,
        defaults: Defaults = LONDON,
    ) -> Seen:
        nonlocal count
        count += 1
        if isinstance(content, Path):
            path = content
        else:
            path = tmp_path / f"in-{count}"
            path.mkdir()
            files = content if isinstance(content, dict) else {name: content}
            for file, text in files.items():
                (path / file).parent.mkdir(parents=True, exist_ok=True)
                (path / file).write_bytes(text.encode() if isinstance(text, str) else text)
            if not isinstance(content, dict):
                path = path / name
        folder = tmp_path / f"out-{count}"
        outcome = run(
            [path],
            folder,
            defaults,
            mapping=parse_mapping(mapping) if mapping else None,
            preset=preset_of(preset) if preset else None,
            memory="1GB",
            threads=1,
            progress=silent,
        )
        return Seen(outcome, folder)

    return loaded
