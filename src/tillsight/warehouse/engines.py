"""Which engine answers: picked by the setting `warehouse_url`, in this one place."""

from __future__ import annotations

from collections.abc import Sequence, Set
from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from tillsight.core.errors import NotFoundError, SettingsError
from tillsight.core.settings import LimitSettings, Settings
from tillsight.database.store import Database
from tillsight.tables.registry import TABLES
from tillsight.tables.schema import Type
from tillsight.vault import Keys, Vault
from tillsight.warehouse.duck import DuckEngine
from tillsight.warehouse.engine import StoredTable, Warehouse

CREDENTIAL = "warehouse"
"""The credential of the vault that is the password of the warehouse, where its address has none."""
NAMES = {"duckdb": "DuckDB", "postgresql": "PostgreSQL", "spark": "Spark"}


class DuckWarehouse:
    """The embedded engine: each open release is a DuckDB of its own over the files."""

    def __init__(self, workspace: Path, limits: LimitSettings) -> None:
        self._workspace = workspace
        self._limits = limits

    def open(self, number: int, tables: Sequence[StoredTable]) -> DuckEngine:
        """Open a release over its files; canonical tables without files are there too, without rows."""
        empty: dict[str, dict[str, Type]] = {
            name: {column.name: column.type for column in table.columns} for name, table in TABLES.items()
        }
        engine = DuckEngine(self._workspace, self._limits)
        engine.name(tables, empty)
        return engine

    def publish(self, number: int, tables: Sequence[StoredTable]) -> None:
        """Nothing to do: the files are the release."""

    def collect(self, kept: Set[int]) -> None:
        """Nothing to do: the files are collected by the build."""

    def close(self) -> None:
        """Nothing is held between releases."""


def engine_name(settings: Settings) -> str:
    """The name of the engine that answers: duckdb, postgresql or spark. Raises SettingsError for any other address."""
    scheme = (settings.warehouse_url or "duckdb:").partition(":")[0].partition("+")[0].lower()
    name = "postgresql" if scheme == "postgres" else scheme
    if name not in NAMES:
        raise SettingsError(
            "Setting warehouse_url is an address such as postgresql://user@host/database or spark://host:7077.",
            field="warehouse_url",
        )
    return name


def described(settings: Settings) -> str:
    """The engine that answers and where it is, in words, without a password."""
    name = engine_name(settings)
    if name == "duckdb":
        return "DuckDB, in this process"
    address = _address(settings)
    return f"{NAMES[name]} at {address.host or 'localhost'}" + (f":{address.port}" if address.port else "")


def open_warehouse(workspace: Path, settings: Settings, database: Database) -> Warehouse:
    """The warehouse that the settings name. Nothing is connected or started before it is needed."""
    name = engine_name(settings)
    if name == "duckdb":
        return DuckWarehouse(workspace, settings.limits)
    address = _address(settings)
    if name == "spark":
        from tillsight.warehouse.spark import SparkWarehouse

        return SparkWarehouse(str(settings.warehouse_url), workspace, settings.limits)
    from tillsight.warehouse.postgres import PostgresWarehouse

    if not address.password and (password := _credential(workspace, database)):
        address = address.set(password=password)
    return PostgresWarehouse(address, workspace, settings.limits)


def _address(settings: Settings) -> URL:
    try:
        return make_url(str(settings.warehouse_url))
    except (ArgumentError, ValueError):
        raise SettingsError(
            "Setting warehouse_url cannot be understood: it is an address such as postgresql://user@host/database or "
            "spark://host:7077.",
            field="warehouse_url",
        ) from None


def _credential(workspace: Path, database: Database) -> str | None:
    try:
        return Vault(database, Keys.open(workspace)).get(CREDENTIAL)
    except NotFoundError:
        return None
