"""The engine that a load runs on: an in-memory DuckDB of its own, which spills into the load's own folder and fetches nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from tillsight.connectors.files.sealing import prepare


@contextmanager
def engine(scratch: Path, memory: str = "4GB", threads: int = 0) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection whose clock is UTC. `memory`: as DuckDB writes it; `threads`: 0 means all processors."""
    config: dict[str, str | int] = {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "memory_limit": memory,
        "temp_directory": str(scratch),
        "preserve_insertion_order": "true",
    }
    if threads:
        config["threads"] = threads
    connection = duckdb.connect(":memory:", config=config)
    try:
        connection.execute("SET TimeZone = 'UTC'")
        prepare(connection)
        # Every column is compared with a list of words; as a join each, they take a second to plan for a wide table.
        connection.execute("SET disabled_optimizers = 'in_clause'")
        yield connection
    finally:
        connection.close()
