"""A shop made of a few rows written in the test: landed as a load would, built, and open."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pandas as pd

from tillsight.core.settings import SETTINGS_FILE, Settings
from tillsight.database import Database
from tillsight.database.models import Load
from tillsight.database.store import DATABASE_FILE
from tillsight.shop import Shop
from tillsight.tables.registry import TABLES
from tillsight.tables.schema import DUCKDB_TYPES

Rows = Sequence[Mapping[str, Any]]
KNOWN = datetime(2026, 1, 1, tzinfo=UTC)


def make_shop(folder: Path, tables: Mapping[str, Rows], *, build: bool = True, **settings: Any) -> Shop:
    """A workspace with these canonical rows; what a row leaves out takes the default of its column."""
    folder.mkdir(parents=True, exist_ok=True)
    write_settings(folder, **settings)
    if "database_url" not in settings and not (folder / DATABASE_FILE).exists():
        (folder / DATABASE_FILE).write_bytes(_database())
    shop = Shop.open(folder)
    if tables:
        land(shop, tables)
    if build:
        shop.build()
    return shop


@cache
def _database() -> bytes:
    """An operational database without rows, of which every shop gets a copy: migrating one takes longer than a small build."""
    with TemporaryDirectory() as folder:
        Database.open(Path(folder), Settings()).close()
        return (Path(folder) / DATABASE_FILE).read_bytes()


def write_settings(folder: Path, **settings: Any) -> None:
    """The settings file of a workspace; a section is a dictionary. EUR and UTC unless said otherwise."""

    def toml(value: Any) -> str:
        if isinstance(value, dict):
            return f"{{ {', '.join(f'{name} = {toml(part)}' for name, part in value.items())} }}"
        return json.dumps(value)

    lines = [f"{name} = {toml(value)}" for name, value in {"currency": "EUR", "timezone": "UTC", **settings}.items()]
    (folder / SETTINGS_FILE).write_text("\n".join(lines))


def land(
    shop: Shop,
    tables: Mapping[str, Rows],
    *,
    known_at: datetime = KNOWN,
    file: str = "rows.csv",
    source: str = "files",
    replaces: Sequence[Mapping[str, Any]] = (),
) -> str:
    """Commit rows as one load."""
    load_id = f"{known_at:%Y%m%dT%H%M%S%f}-{hashlib.sha256(repr((tables, file, source)).encode()).hexdigest()[:6]}"
    target = shop.path / "landing" / "loads" / load_id / "tables"
    target.mkdir(parents=True)
    entries: dict[str, Any] = {}
    connection = duckdb.connect()
    for name, rows in tables.items():
        table = TABLES[name]
        full = [
            {column.name: row.get(column.name, column.default) for column in table.columns}
            | {"shop_id": row.get("shop_id", shop.settings.shop_id)}
            for row in rows
        ]
        for row in rows:
            unknown = set(row) - set(table.column_names)
            assert not unknown, f"{name} has no column {unknown}"
        frame = pd.DataFrame(
            [{k: None if v is None else str(v) for k, v in row.items()} for row in full], dtype="object"
        )
        frame["_line"] = [str(index + 2) for index in range(len(full))]
        connection.register("rows", frame)
        columns = ", ".join(f'CAST("{c.name}" AS {DUCKDB_TYPES[c.type]}) AS "{c.name}"' for c in table.columns)
        connection.execute(
            f"COPY (SELECT {columns}, '{file}' AS _file, CAST(_line AS BIGINT) AS _line FROM rows ORDER BY _line) "
            f"TO '{target / name}.parquet' (FORMAT parquet)"
        )
        connection.unregister("rows")
        entries[name] = {"rows": len(full), "file": f"tables/{name}.parquet"}
    connection.close()
    manifest = {
        "id": load_id,
        "tables": entries,
        "replaces": [dict(item) for item in replaces],
        "reporting_currency": shop.settings.currency,
        "files": [{"name": file}],
    }
    with shop.database.write() as session:
        session.add(
            Load(
                id=load_id, source=source, state="committed", known_at=known_at, digest=load_id[-6:], manifest=manifest
            )
        )
    return load_id


def order(order_id: str, placed_at: str, **more: Any) -> dict[str, Any]:
    """A completed order in the shop's currency."""
    return {"order_id": order_id, "placed_at": placed_at, "order_status": "completed", "currency": "EUR", **more}


def line(order_id: str, line_id: str, product_id: str, quantity: float, unit_price: str, **more: Any) -> dict[str, Any]:
    """A line of an order."""
    return {
        "order_id": order_id, "line_id": line_id, "product_id": product_id, "quantity": quantity, "unit_price": unit_price, **more,
    }  # fmt: skip
