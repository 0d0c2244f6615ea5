"""The embedded engine: DuckDB over the Parquet files of a release, read-only, one cursor for each thread.

Limits: memory for the whole process, seconds for each question. Nothing outside the workspace can be read or written, no
extension is installed, and the configuration is locked once the tables are named. In an encrypted workspace Parquet files
and what is spilt are encrypted with AES-256; the extension that does it comes as a Python package.
"""

from __future__ import annotations

import base64
import importlib.util
import os
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import ibis.expr.operations as ops
import pyarrow as pa
import sqlglot
from ibis.backends.sql.compilers.duckdb import DuckDBCompiler

from tillsight.core.errors import SettingsError, TooBigError
from tillsight.core.settings import LimitSettings
from tillsight.tables.schema import DUCKDB_TYPES, Type
from tillsight.vault import data_key, is_encrypted
from tillsight.warehouse.engine import Gone, StoredTable, too_long, too_many_rows, too_much_memory

if TYPE_CHECKING:
    import ibis.expr.types as ir

_CRYPTO_PACKAGE = "duckdb_extension_httpfs"
_KEY = "data"
"""What a connection calls the key of the data files."""


def connect(root: Path, memory: str, threads: int) -> duckdb.DuckDBPyConnection:
    """A connection that reads and writes below `root` only; spills there too."""
    spill = root / "releases" / ".spill"
    spill.mkdir(parents=True, exist_ok=True)
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": memory,
        "temp_directory": str(spill),
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "allow_community_extensions": False,
    }
    if threads:
        config["threads"] = threads
    connection = duckdb.connect(":memory:", config=config)
    if is_encrypted(root):
        give_key(connection, data_key(root))
    connection.execute("LOAD icu")  # time zones; shipped inside the package
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET allowed_directories = $1", [[str(root)]])
    connection.execute("SET enable_external_access = false")
    return connection


def give_key(connection: duckdb.DuckDBPyConnection, key: bytes) -> None:
    """Let a connection read and write encrypted files. Raises SettingsError where the extension for it is not installed."""
    spec = importlib.util.find_spec(_CRYPTO_PACKAGE)
    file = (
        Path(spec.origin).parent / "extensions" / f"v{duckdb.__version__}" / "httpfs.duckdb_extension"
        if spec and spec.origin
        else None
    )
    if file is None or not file.is_file():
        raise SettingsError(
            f"This workspace is encrypted, which needs DuckDB's extension httpfs for version {duckdb.__version__}: "
            "pip install 'tillsight[encryption]'.",
            field="encrypt",
        )
    connection.execute(f"LOAD {literal(str(file))}")
    connection.execute("SET temp_file_encryption = true")
    try:
        connection.execute(f"PRAGMA add_parquet_key('{_KEY}', '{base64.b64encode(key).decode()}')")
    except duckdb.Error:
        raise SettingsError(
            "The key of the data files cannot be used.", field="encrypt"
        ) from None  # its text has the key


class _Compiler(DuckDBCompiler):  # type: ignore[misc]  # Ibis has no types for it
    """Ibis' compiler, but the same expression is the same text in every process: the text is part of fingerprints."""

    __slots__ = ()

    def visit_DropColumns(self, op: Any, *, parent: Any, columns_to_drop: Iterable[str]) -> Any:  # noqa: N802
        """Ibis has these in a set, whose order changes from process to process."""
        return super().visit_DropColumns(op, parent=parent, columns_to_drop=sorted(columns_to_drop))


def compiled(expression: ir.Table, *, pretty: bool = True, held: bool = True) -> str:
    """An expression as DuckDB's SQL, laid out for a reader unless said otherwise.

    `held`: what it reads in several places may be held in memory meanwhile; else each works it out for itself.
    """
    compiler = _Compiler()
    sql = compiler.to_sqlglot(expression.unbind())
    if not held:
        for part in sql.find_all(sqlglot.exp.CTE):
            part.set("materialized", False)
    return str(sql.sql(dialect=compiler.dialect, pretty=pretty))


def words_of(expression: ir.Table) -> dict[str, list[str]]:
    """The columns of text that say the same few words whatever the data are, or nothing at all: each with its words, in order."""
    schema = expression.schema()
    found = {name: _words(expression.op(), name) for name, type_ in schema.items() if type_.is_string()}
    return {name: sorted(words) for name, words in found.items() if words is not None}


def _words(op: Any, name: str) -> frozenset[str] | None:
    """The texts that a column of a relation can have; None where these follow from the data."""
    while isinstance(op, (ops.Filter, ops.Sort, ops.DropColumns, ops.JoinReference)):
        op = op.parent
    if isinstance(op, ops.Union):
        left, right = _words(op.left, name), _words(op.right, name)
        return None if left is None or right is None else left | right
    value = op.values[name] if isinstance(op, (ops.Project, ops.JoinChain)) else None
    while isinstance(value, (ops.Alias, ops.Cast)) and (value.arg.dtype.is_string() or value.arg.dtype.is_null()):
        value = value.arg
    if isinstance(value, ops.Literal):
        return frozenset() if value.value is None else frozenset({value.value})
    return _words(value.rel, value.name) if isinstance(value, ops.Field) else None


def quoted(name: str) -> str:
    """An identifier, safe in SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text, safe in SQL."""
    return "'" + text.replace("'", "''") + "'"


ROW = "file_row_number"
"""The number of a row in its file, from 0, as the engine calls it."""


def read_files(files: Sequence[Path], *, named: bool = False, placed: bool = False) -> str:
    """The SQL that reads Parquet files as one table; all of them encrypted, or none.

    `named`: with the file in `filename`. `placed`: with the number of the row in `ROW`.
    """
    options = f", encryption_config = {{footer_key: '{_KEY}'}}" if files and is_sealed(files[0]) else ""
    options += ", filename = true" if named else ""
    options += f", {ROW} = true" if placed else ""
    return f"read_parquet([{', '.join(literal(str(file)) for file in files)}]{options})"


def read_rows(file: Path, gone: Gone | None) -> str:
    """The SQL that reads a file of a table with the number of each row in `ROW`, but for the rows that are gone."""
    rows = read_files([file], placed=True)
    if gone is None or file not in gone.of:
        return f"(SELECT * FROM {rows})"
    left = f"(SELECT row AS {ROW} FROM {read_files([gone.file])} WHERE file = {gone.of[file]})"
    return f"(SELECT * FROM {rows} ANTI JOIN {left} USING ({ROW}))"


def read_table(table: StoredTable) -> str:
    """The SQL that reads a table of a release."""
    gone = table.gone
    if gone is None or not gone.of.keys() & set(table.files):
        return read_files(table.files)
    whole = [file for file in table.files if file not in gone.of]
    parts = [f"SELECT * FROM {read_files(whole)}"] if whole else []
    parts += [f"SELECT * EXCLUDE ({ROW}) FROM {read_rows(file, gone)}" for file in table.files if file in gone.of]
    return f"({' UNION ALL BY NAME '.join(parts)})"


def definitions(tables: Iterable[StoredTable], empty: Mapping[str, Mapping[str, Type]]) -> Iterator[str]:
    """The SQL that names the tables of a release; those of `empty` without files are there too, without rows."""
    named: set[str] = set()
    for table in tables:
        if table.files:
            named.add(table.name)
            yield f"CREATE VIEW {quoted(table.name)} AS SELECT * FROM {read_table(table)}"
    for name, columns in empty.items():
        if name not in named:
            nulls = ", ".join(
                f"CAST(NULL AS {DUCKDB_TYPES[type_]}) AS {quoted(column)}" for column, type_ in columns.items()
            )
            yield f"CREATE VIEW {quoted(name)} AS SELECT {nulls} WHERE false"


FAST, SMALL = "COMPRESSION lz4_raw", "COMPRESSION zstd, COMPRESSION_LEVEL 1"
"""How Parquet is packed: what is asked again and again is read in four fifths of the time, and is a quarter larger, or more."""


def parquet_options(sealed: bool, more: str = "", codec: str = FAST) -> str:
    """The options of a COPY that writes Parquet, encrypted if `sealed`. `more`: further ones, such as ROW_GROUP_SIZE 122880."""
    options = [
        "FORMAT parquet",
        codec,
        more,
        f"ENCRYPTION_CONFIG {{footer_key: '{_KEY}'}}" if sealed else "",
    ]
    return f"({', '.join(option for option in options if option)})"


def is_sealed(file: Path) -> bool:
    """Whether a Parquet file is encrypted: the last four bytes say so. False where there is none."""
    try:
        with file.open("rb") as stream:
            stream.seek(-4, os.SEEK_END)
            return stream.read() == b"PARE"
    except OSError:
        return False


def seal_folder(root: Path, folder: Path, memory: str, threads: int) -> None:
    """Write every plain Parquet file below a folder again, encrypted. Nothing to do where the workspace is not encrypted."""
    if not is_encrypted(root):
        return
    with closing(connect(root, memory, threads)) as connection:
        for file in sorted(folder.rglob("*.parquet")):
            if not is_sealed(file):
                draft = file.with_suffix(".sealed")
                connection.execute(
                    f"COPY (SELECT * FROM {read_files([file])}) TO {literal(str(draft))} {parquet_options(True)}"
                )
                draft.replace(file)


@contextmanager
def interrupted(cursor: duckdb.DuckDBPyConnection, seconds: float) -> Iterator[None]:
    """What is asked of a cursor in the block ends after so many seconds, with an InterruptException.

    The engine forgets an interrupt that comes before a statement begins, so it is told again until the block is left; it is
    never told after that, when the cursor may be at the next question.
    """
    left, lock, until = threading.Event(), threading.Lock(), time.monotonic() + seconds
    # Not the cursor itself: the thread may come to its end when the interpreter does, and the engine aborts the process when
    # the last thing that held a cursor goes then.
    watched = weakref.ref(cursor)

    def watch() -> None:
        wait = seconds
        while not left.wait(wait):
            with lock:
                if not left.is_set() and (told := watched()) is not None:
                    told.interrupt()
                    del told
            wait = 0.02

    threading.Thread(target=watch, name="time limit", daemon=True).start()
    try:
        yield
        if time.monotonic() > until:  # it came to its end before it was told
            raise duckdb.InterruptException("INTERRUPT Error: past the limit")
    finally:
        with lock:
            left.set()


class DuckEngine:
    """Runs expressions over named tables, each a list of Parquet files. Safe to use from many threads."""

    dialect = "duckdb"

    def __init__(self, root: Path, limits: LimitSettings) -> None:
        self._connection = connect(root, limits.memory, limits.threads)
        self._limits = limits
        self._local = threading.local()
        self._lock = threading.Lock()
        self._running: dict[str, Future[pa.Table]] = {}

    def name(self, tables: Iterable[StoredTable], empty: Mapping[str, Mapping[str, Type]]) -> None:
        """Name the tables of a release; those without files are there too, without rows. Then lock the configuration."""
        for statement in definitions(tables, empty):
            self._connection.execute(statement)
        self._connection.execute("SET lock_configuration = true")

    def name_views(self, views: Mapping[str, str]) -> None:
        """Name queries over the tables, each after those that it reads; a name that is taken gets the new query."""
        with self._lock:
            for name, sql in views.items():
                self._connection.execute(f"CREATE OR REPLACE VIEW {quoted(name)} AS {sql}")

    def has(self, table: str) -> bool:
        """Every table."""
        return True

    def run(self, expression: ir.Table) -> tuple[pa.Table, str]:
        """Execute an expression; the rows, and the SQL that ran. Raises TooBigError past the limits."""
        sql = compiled(expression)
        # what the engine adds up it keeps wider than it has to
        return self._together(sql, lambda: self.run_sql(sql)).cast(expression.schema().to_pyarrow()), sql

    def _together(self, sql: str, run: Callable[[], pa.Table]) -> pa.Table:
        """What runs already is not run beside itself: panels of a page often rest on the same rows. It fails for all who wait."""
        with self._lock:
            running = self._running.get(sql)
            if running is None:
                mine = self._running[sql] = Future()
        if running is not None:
            return running.result()
        try:
            mine.set_result(run())
        except BaseException as error:
            mine.set_exception(error)
        finally:
            with self._lock:
                del self._running[sql]
        return mine.result()

    def run_sql(self, sql: str, parameters: Sequence[object] = ()) -> pa.Table:
        """Execute SQL of our own making, within the limits of a question."""
        cursor, seconds = self._cursor(), self._limits.seconds
        try:
            with interrupted(cursor, seconds):
                reader = cursor.execute(sql, list(parameters)).to_arrow_reader(100_000)
                batches, rows = [], 0
                for batch in reader:
                    rows += batch.num_rows
                    if rows > self._limits.rows:
                        raise too_many_rows(self._limits)
                    batches.append(batch)
                return pa.Table.from_batches(batches, reader.schema)
        except duckdb.OutOfMemoryException:
            raise too_much_memory() from None
        except duckdb.InterruptException:
            raise too_long(self._limits) from None

    def stream(self, expression: ir.Table) -> Iterator[pa.RecordBatch]:
        """The rows of an expression part by part, any number of them, for exports; one part without rows where there are none.

        Raises TooBigError past `export_seconds`.
        """
        sql = compiled(expression)
        with self._lock:
            cursor = self._connection.cursor()  # its own: the thread may ask something else between two parts
        try:
            with interrupted(cursor, self._limits.export_seconds):
                reader = cursor.execute(sql).to_arrow_reader(100_000)
                batch = None
                for batch in reader:
                    yield batch
                if batch is None:
                    yield pa.RecordBatch.from_pylist([], schema=reader.schema)
        except duckdb.OutOfMemoryException:
            raise too_much_memory() from None
        except duckdb.InterruptException:
            raise TooBigError(
                f"The export took longer than {self._limits.export_seconds:g} s (limits.export_seconds); ask for a shorter period."
            ) from None
        finally:
            cursor.close()

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        cursor: duckdb.DuckDBPyConnection | None = getattr(self._local, "cursor", None)
        if cursor is None:
            with self._lock:
                cursor = self._connection.cursor()
            self._local.cursor = cursor
        return cursor

    def close(self) -> None:
        """Give the memory back."""
        self._connection.close()
