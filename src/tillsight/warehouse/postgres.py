"""PostgreSQL as the warehouse: a release is a schema, `release_12`, of views over tables that releases share.

The tables lie in the schema `tillsight`, named after what is in them, so that a table which did not change is there once.
Rows come from the release's files through DuckDB and go in by COPY; answers come out by COPY too, in columns. A release is
there when its schema is: schema, views and its record are made in one transaction, after the tables. Texts are ordered by
code point, as everywhere.

A database belongs to one workspace. The password: in the address, in the credential `warehouse` of the vault, or wherever
libpq looks (PGPASSWORD, a password file); no message has it. Canonical tables stay in their files.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Sequence, Set
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ibis
import pyarrow as pa
import pyarrow.csv as pacsv
from sqlalchemy import create_engine
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from tillsight.core.errors import ConflictError, NoReleaseError, SettingsError, WarehouseError
from tillsight.core.settings import LimitSettings
from tillsight.vault import Keys
from tillsight.warehouse.duck import connect, literal, quoted, read_table
from tillsight.warehouse.engine import StoredTable, too_long, too_many_rows, too_much_memory

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import psycopg

STORE = "tillsight"
"""The schema that holds the tables of all releases, and the record of which release has which."""
BATCH = 50_000
_CODE_POINTS = ("pg_c_utf8", "C.utf8", "C.UTF-8")
"""Collations in the order of code points that know small from capital letters beyond ASCII, the best first."""
# No table has an index to look rows up by, so a nested loop is only ever chosen by a wrong guess, and then never ends.
_QUESTION = (
    "SET TRANSACTION READ ONLY; SET LOCAL jit = off; SET LOCAL work_mem = '64MB'; SET LOCAL enable_nestloop = off; "
)


class PostgresWarehouse:
    """A PostgreSQL database that answers for one workspace. Connections are made as they are needed."""

    def __init__(self, address: URL, workspace: Path, limits: LimitSettings) -> None:
        self._address = address
        self._workspace = workspace
        self._limits = limits
        try:
            self._pool = create_engine(
                address.set(drivername="postgresql+psycopg"),
                pool_pre_ping=True,
                pool_size=8,
                max_overflow=24,
                connect_args={"connect_timeout": 10, "application_name": "tillsight"},
            )
        except ModuleNotFoundError:
            raise SettingsError(
                "Setting warehouse names PostgreSQL, which needs the package psycopg: pip install 'tillsight[postgresql]'.",
                field="warehouse",
            ) from None

    def open(self, number: int, tables: Sequence[StoredTable]) -> PostgresEngine:
        """Open a release. Raises NoReleaseError for one that is not there as a whole."""
        names = _names(tables)
        if self._taken(number) != names:
            raise NoReleaseError(f"Release {number} is not in PostgreSQL yet: run `tillsight build`.", release=number)
        return PostgresEngine(self, number, names.keys(), self._limits)

    def publish(self, number: int, tables: Sequence[StoredTable]) -> None:
        """Copy the tables that are new, then make the schema of the release in one transaction."""
        names = _names(tables)
        self._prepare()
        if self._taken(number) == names:
            return
        with self.connection() as connection:
            have = {
                row[0] for row in connection.execute(f"SELECT tablename FROM pg_tables WHERE schemaname = '{STORE}'")
            }
            collation = _collation(connection)
        with closing(connect(self._workspace, self._limits.memory, self._limits.threads)) as files:
            for table in tables:
                if table.name in names and names[table.name] not in have:
                    rows = files.execute(f"SELECT * FROM {read_table(table)}").to_arrow_reader(BATCH)
                    self._copy(names[table.name], rows, collation)
        schema = _schema(number)
        views = [f"CREATE VIEW {schema}.{quoted(name)} AS TABLE {STORE}.{quoted(held)}" for name, held in names.items()]
        with self.connection() as connection:
            connection.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
            connection.execute(f"DELETE FROM {STORE}.releases WHERE number = {number}")
            connection.execute("; ".join([f"CREATE SCHEMA {schema}", *views]))
            connection.execute(
                f"INSERT INTO {STORE}.releases (number, tables) VALUES (%s, %s)", (number, json.dumps(names))
            )

    def collect(self, kept: Set[int]) -> None:
        """Drop the schemas of other releases, and tables that no release has, once nobody asks them any more."""
        with self.connection() as connection:
            if not _exists(connection):
                return
            there = [row[0] for row in connection.execute(f"SELECT number FROM {STORE}.releases")]
        for number in there:
            if number not in kept:
                self._drop(
                    f"DROP SCHEMA IF EXISTS {_schema(number)} CASCADE; DELETE FROM {STORE}.releases WHERE number = {number}"
                )
        with self.connection() as connection:
            unused = connection.execute(
                f"SELECT tablename FROM pg_tables WHERE schemaname = '{STORE}' AND tablename NOT IN ('owner', 'releases') "
                f"AND tablename NOT IN (SELECT value FROM {STORE}.releases, jsonb_each_text(tables))"
            ).fetchall()
        for (name,) in unused:
            self._drop(f"DROP TABLE IF EXISTS {STORE}.{quoted(name)}")

    def close(self) -> None:
        """Give the connections back."""
        self._pool.dispose()

    @contextmanager
    def connection(self) -> Iterator[psycopg.Connection[Any]]:
        """A connection in one transaction: committed at the end, rolled back on an error. Raises WarehouseError."""
        import psycopg

        try:
            borrowed = self._pool.raw_connection()
        except (DBAPIError, psycopg.OperationalError) as error:
            said = _said(getattr(error, "orig", None) or error)
            raise WarehouseError(
                f"PostgreSQL cannot be reached: {said}.", address=self._address.render_as_string()
            ) from None
        try:
            connection: psycopg.Connection[Any] = borrowed.driver_connection  # type: ignore[assignment]
            yield connection
            borrowed.commit()
        except psycopg.errors.QueryCanceled:
            raise too_long(self._limits) from None
        except (psycopg.errors.OutOfMemory, psycopg.errors.DiskFull, psycopg.errors.ConfigurationLimitExceeded):
            raise too_much_memory("PostgreSQL has") from None
        except psycopg.Error as error:
            raise WarehouseError(
                f"PostgreSQL refused: {_said(error)}.", address=self._address.render_as_string()
            ) from error
        finally:
            borrowed.close()  # what is not committed is rolled back

    def _taken(self, number: int) -> dict[str, str] | None:
        with self.connection() as connection:
            if not _exists(connection):
                return None
            row = connection.execute(f"SELECT tables FROM {STORE}.releases WHERE number = %s", (number,)).fetchone()
        return row[0] if row else None

    def _prepare(self) -> None:
        """Make the schema of the tables; raises ConflictError where another workspace has made it."""
        keys = Keys.open(self._workspace)
        with self.connection() as connection:
            if not _exists(connection):
                connection.execute(
                    f"CREATE SCHEMA {STORE}; CREATE TABLE {STORE}.owner (workspace text NOT NULL); "
                    f"CREATE TABLE {STORE}.releases (number integer PRIMARY KEY, tables jsonb NOT NULL)"
                )
                connection.execute(f"INSERT INTO {STORE}.owner VALUES (%s)", (keys.fingerprint("warehouse", "owner"),))
            owner = connection.execute(f"SELECT workspace FROM {STORE}.owner").fetchone()
        if owner is None or owner[0] not in keys.fingerprints("warehouse", "owner"):
            raise ConflictError(
                "The database of the setting warehouse holds the releases of another workspace: give each workspace a "
                f"database of its own, or drop the schema {STORE} there.",
                address=self._address.render_as_string(),
            )

    def _copy(self, name: str, rows: pa.RecordBatchReader, collation: str) -> None:
        """Make a table of the rows, all of them or none. Rows come in the order of their day, where they have one."""
        columns = ", ".join(f"{quoted(field.name)} {_type(field.type, collation)}" for field in rows.schema)
        target = f"{STORE}.{quoted(name)}"
        options = pacsv.WriteOptions(include_header=False, quoting_style="needed")
        with self.connection() as connection:
            connection.execute(f"CREATE TABLE {target} ({columns})")
            with connection.cursor().copy(f"COPY {target} FROM STDIN (FORMAT csv, FREEZE)") as copy:
                for batch in rows:
                    text = io.BytesIO()
                    pacsv.write_csv(batch, text, options)
                    copy.write(text.getvalue())
            if "day" in rows.schema.names:
                # rows lie in the order of their days: a few bytes for each run of pages find the pages of a period
                connection.execute(f"CREATE INDEX ON {target} USING brin (day) WITH (pages_per_range = 32)")
            connection.execute(f"ANALYZE {target}")

    def _drop(self, statement: str) -> None:
        """Drop something once nobody asks it any more: no question lasts longer than its limit. Raises WarehouseError."""
        with self.connection() as connection:
            connection.execute(f"SET LOCAL lock_timeout = {int(self._limits.seconds * 1000) + 10_000}")
            connection.execute(statement)


class PostgresEngine:
    """A release in PostgreSQL."""

    dialect = "postgres"

    def __init__(self, warehouse: PostgresWarehouse, number: int, names: Set[str], limits: LimitSettings) -> None:
        self._warehouse = warehouse
        self._names = names
        self._limits = limits
        self._prepare = (
            f"{_QUESTION}SET LOCAL search_path = {_schema(number)}; SET LOCAL timezone = 'UTC'; "
            f"SET LOCAL statement_timeout = {max(int(limits.seconds * 1000), 1)}"
        )

    def has(self, table: str) -> bool:
        """Derived tables; canonical ones stay in their files."""
        return table in self._names

    def run(self, expression: ir.Table) -> tuple[pa.Table, str]:
        """Execute an expression; the rows, and the SQL that ran. Raises TooBigError past the limits."""
        sql = str(ibis.to_sql(_in_its_words(expression), dialect=self.dialect))
        schema = expression.schema().to_pyarrow()
        # a truncated date is a moment here, a sum of whole numbers a decimal: each becomes what the expression says
        columns = ", ".join(
            f"CAST({quoted(field.name)} AS {_type(field.type)}) AS {quoted(field.name)}" for field in schema
        )
        text = io.BytesIO()
        with self._warehouse.connection() as connection:
            connection.execute(self._prepare)
            with connection.cursor().copy(
                f"COPY (SELECT {columns} FROM ({sql}) AS answer LIMIT {self._limits.rows + 1}) "
                "TO STDOUT (FORMAT csv, FORCE_QUOTE *)"
            ) as copy:
                for part in copy:
                    text.write(part)
        table = _parsed(text, schema)
        if table.num_rows > self._limits.rows:
            raise too_many_rows(self._limits)
        return table, sql

    def close(self) -> None:
        """Nothing is held: connections are the warehouse's."""


def _parsed(text: io.BytesIO, schema: pa.Schema) -> pa.Table:
    if not text.tell():
        return schema.empty_table()
    text.seek(0)
    return pacsv.read_csv(
        text,
        pacsv.ReadOptions(column_names=schema.names, block_size=1 << 24),
        pacsv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
        pacsv.ConvertOptions(
            column_types=schema,
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            true_values=["t"],
            false_values=["f"],
        ),
    )


_TYPES: tuple[tuple[Callable[[pa.DataType], bool], str], ...] = (
    (pa.types.is_integer, "bigint"),
    (pa.types.is_floating, "double precision"),
    (pa.types.is_boolean, "boolean"),
    (pa.types.is_date, "date"),
    (pa.types.is_timestamp, "timestamp"),
    (pa.types.is_null, "text"),
)


def _type(type_: pa.DataType, collation: str = "") -> str:
    """The type of a column. `collation`: how texts are ordered, for a table."""
    if pa.types.is_decimal(type_):
        return f"numeric({type_.precision}, {type_.scale})"
    if pa.types.is_string(type_) or pa.types.is_large_string(type_):
        return f"text COLLATE {quoted(collation)}" if collation else "text"
    return next(name for fits, name in _TYPES if fits(type_))


def _names(tables: Sequence[StoredTable]) -> dict[str, str]:
    """The tables that are taken, the derived ones, and what each is called where it is kept."""
    return {table.name: f"{table.name[:46]}_{table.stamp[:16]}" for table in tables if table.kind != "canonical"}


def _in_its_words(expression: ir.Table) -> ir.Table:
    """An expression without what PostgreSQL has no word for: some value of a group, a truth as a long whole number."""
    import ibis.expr.operations as ops

    def said(node: Any, changed: dict[str, Any] | None) -> Any:
        node = node.__recreate__(changed) if changed else node
        if isinstance(node, ops.Arbitrary):
            return ops.Max(node.arg, where=node.where)
        if isinstance(node, ops.Cast) and node.arg.dtype.is_boolean() and node.to.is_integer():
            return ops.Cast(ops.Cast(node.arg, "int32"), node.to)
        return node

    found: ir.Table = expression.op().replace(said).to_expr()
    return found


def _schema(number: int) -> str:
    return f"release_{number}"


def _exists(connection: psycopg.Connection[Any]) -> bool:
    return connection.execute(f"SELECT to_regclass('{STORE}.releases') IS NOT NULL").fetchone() == (True,)


def _collation(connection: psycopg.Connection[Any]) -> str:
    names = ", ".join(literal(name) for name in _CODE_POINTS)
    found = {row[0] for row in connection.execute(f"SELECT collname FROM pg_collation WHERE collname IN ({names})")}
    return next((name for name in _CODE_POINTS if name in found), "C")


def _said(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".")[:300] if lines else type(error).__name__
