"""The watch over how long a question takes."""

from __future__ import annotations

import threading

import duckdb
import pytest

from tillsight.warehouse.duck import interrupted


def test_it_holds_no_cursor() -> None:
    """Held by a thread that ends with the interpreter, a cursor would go at a moment when the engine aborts the process."""
    before = set(threading.enumerate())
    with duckdb.connect() as cursor, interrupted(cursor, 60):
        (watch,) = set(threading.enumerate()) - before
        held = [cell.cell_contents for cell in watch._target.__closure__]  # type: ignore[attr-defined]
        assert held
        assert not any(isinstance(one, duckdb.DuckDBPyConnection) for one in held)


def test_it_ends_what_takes_too_long() -> None:
    with duckdb.connect() as cursor, pytest.raises(duckdb.InterruptException), interrupted(cursor, 0.05):
        cursor.execute("SELECT sum(a.range * b.range) FROM range(1000000) AS a, range(1000000) AS b").fetchall()
