"""Spark as the warehouse: executors of a cluster read the Parquet files of the release; nothing is copied.

The driver runs in this process, with one session for each release, whose tables are temporary views that are named when
they are first asked. Every executor must see the workspace's folder under the same path. Settings of Spark can follow the
address: `spark://host:7077?spark.executor.memory=8g&spark.cores.max=16`.
"""

from __future__ import annotations

import functools
import socket
import threading
import uuid
from collections.abc import Iterator, Sequence, Set
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

import pyarrow as pa

from tillsight.core.errors import SettingsError, TooBigError, WarehouseError
from tillsight.core.settings import LimitSettings
from tillsight.vault import is_encrypted
from tillsight.warehouse.engine import StoredTable, too_long, too_many_rows, too_much_memory

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.types import StructType

REACH_SECONDS = 5
_FIXED = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",  # what overflows is an error, never a wrong number
    "spark.log.level": "ERROR",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}
_GIVEN = {
    "spark.scheduler.mode": "FAIR",  # a short question does not wait for a long one
    "spark.sql.adaptive.coalescePartitions.parallelismFirst": "false",
    "spark.sql.shuffle.partitions": "32",
}
"""Settings that the address may set otherwise."""


class SparkWarehouse:
    """A standalone cluster by address. The driver is started by the first question, once for a process."""

    _users: ClassVar[dict[str, int]] = {}
    _lock: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, address: str, workspace: Path, limits: LimitSettings) -> None:
        if is_encrypted(workspace):
            raise SettingsError(
                "Setting warehouse names Spark, which cannot read the files of an encrypted workspace: use the embedded "
                "engine, or PostgreSQL.",
                field="warehouse",
            )
        parts = urlsplit(address)
        self._master, self._host, self._port = f"spark://{parts.netloc}", parts.hostname or "", parts.port or 7077
        self._options = _GIVEN | dict(parse_qsl(parts.query)) | _FIXED
        self._limits = limits
        self._session: SparkSession | None = None
        self._opening = threading.Lock()

    def open(self, number: int, tables: Sequence[StoredTable]) -> SparkEngine:
        """Open a release: nothing is read before it is asked."""
        return SparkEngine(self, tables, self._limits)

    def publish(self, number: int, tables: Sequence[StoredTable]) -> None:
        """Nothing to do: executors read the files."""

    def collect(self, kept: Set[int]) -> None:
        """Nothing to do: the files are collected by the build."""

    def close(self) -> None:
        """End the driver, unless another warehouse of this process has it too."""
        with self._opening, self._lock:
            if self._session is None:
                return
            self._users[self._master] -= 1
            if not self._users[self._master]:
                self._session.stop()
            self._session = None

    def session(self) -> SparkSession:
        """A session of its own in the one driver, which is started where there is none. Raises WarehouseError."""
        with self._opening:
            if self._session is not None and not alive(self._session):  # the cluster has ended the driver
                with self._lock:
                    self._session.stop()
                    self._users[self._master] -= 1
                    self._session = None
            if self._session is None:
                with self._lock:
                    self._session = self._started()
                    self._users[self._master] = self._users.get(self._master, 0) + 1
            return self._session.newSession()

    def _started(self) -> SparkSession:
        try:
            from pyspark.sql import SparkSession
        except ModuleNotFoundError:
            raise SettingsError(
                "Setting warehouse names Spark, which needs the package pyspark: pip install 'tillsight[spark]'.",
                field="warehouse",
            ) from None
        try:  # a driver without its master tries for a minute and then ends
            with closing(socket.create_connection((self._host, self._port), REACH_SECONDS)) as found:
                own = found.getsockname()[0]
        except OSError as error:
            raise WarehouseError(f"Spark cannot be reached at {self._master}: {error.strerror or error}.") from None
        builder = SparkSession.builder.master(self._master).appName("Tillsight")
        # executors connect back to the driver, at the address by which it reaches them
        for name, value in ({"spark.driver.host": own, "spark.driver.bindAddress": own} | self._options).items():
            builder = builder.config(name, value)
        try:
            session = builder.getOrCreate()
        except Exception as error:  # no Java, one that is too old, a port that is taken
            raise WarehouseError(f"Spark could not be started here: {_said(error)}. It needs Java 17 or 21.") from error
        return session


class SparkEngine:
    """A release that Spark answers, from its files."""

    dialect = "pyspark"

    def __init__(self, warehouse: SparkWarehouse, tables: Sequence[StoredTable], limits: LimitSettings) -> None:
        self._warehouse = warehouse
        self._tables = {table.name: table for table in tables}
        self._limits = limits
        self._lock = threading.Lock()
        self._session: SparkSession | None = None
        self._backend: Any = None
        self._named: set[str] = set()

    def has(self, table: str) -> bool:
        """Every table: the files are the same."""
        return True

    def run(self, expression: ir.Table) -> tuple[pa.Table, str]:
        """Execute an expression; the rows, and the SQL that ran. Raises TooBigError past the limits."""
        session = self._open()
        self._name(session, expression)
        sql = str(self._backend.compile(expression))
        with self._limited(session):
            table = session.sql(sql).limit(self._limits.rows + 1).toArrow()
        if table.num_rows > self._limits.rows:
            raise too_many_rows(self._limits)
        # a truncated date is a moment here: each column becomes what the expression says
        return table.cast(expression.schema().to_pyarrow()), sql

    def close(self) -> None:
        """Forget the views; the driver is the warehouse's."""
        with self._lock:
            self._session, self._backend = None, None
            self._named.clear()

    def _open(self) -> SparkSession:
        with self._lock:
            if self._session is None or not alive(self._session):
                import ibis

                self._named.clear()
                self._session = self._warehouse.session()
                self._backend = ibis.pyspark.connect(self._session)
            return self._session

    def _name(self, session: SparkSession, expression: ir.Table) -> None:
        """Make views of the tables that an expression reads and that have none yet."""
        import ibis.expr.operations as ops
        import pyarrow.parquet as pq
        from pyspark.sql.pandas.types import from_arrow_schema

        for found in expression.op().find(ops.UnboundTable):
            with self._lock:
                if found.name in self._named:
                    continue
                table = self._tables.get(found.name)
                if table is None:  # canonical, and nothing was ever loaded into it
                    schema = from_arrow_schema(found.schema.to_pyarrow(), prefer_timestamp_ntz=True)
                    rows = session.createDataFrame([], schema)
                else:
                    schema = from_arrow_schema(pq.read_schema(table.files[0]), prefer_timestamp_ntz=True)
                    rows = _rows_of(session, table, schema)
                rows.createOrReplaceTempView(found.name)
                self._named.add(found.name)

    @contextmanager
    def _limited(self, session: SparkSession) -> Iterator[None]:
        """Within the time that a question may take. What Spark throws becomes an error of ours."""
        group, context = uuid.uuid4().hex, session.sparkContext
        over = threading.Event()

        def stop() -> None:
            over.set()
            context._jsc.sc().cancelJobGroupAndFutureJobs(
                group
            )  # PySpark has no word for it: what it plans is stopped too

        context.setJobGroup(group, "Tillsight", interruptOnCancel=True)
        timer = threading.Timer(self._limits.seconds, stop)
        timer.daemon = True
        timer.start()
        try:
            yield
        except TooBigError:
            raise
        except Exception as error:  # Py4J and PySpark have no family of errors of their own
            if over.is_set():
                raise too_long(self._limits) from None
            if any(sign in str(error) for sign in ("OutOfMemory", "maxResultSize", "No space left")):
                raise too_much_memory("the cluster has") from None
            raise WarehouseError(f"Spark refused: {_said(error)}.") from error
        finally:
            timer.cancel()


def _rows_of(session: SparkSession, table: StoredTable, schema: StructType) -> DataFrame:
    """The rows of a table, without those that are gone."""
    reader, gone = session.read.schema(schema), table.gone
    if gone is None:
        return reader.parquet(*(str(file) for file in table.files))
    whole = [str(file) for file in table.files if file not in gone.of]
    parts = [reader.parquet(*whole)] if whole else []
    left = session.read.parquet(str(gone.file))
    for file in table.files:
        if file in gone.of:
            rows = reader.parquet(str(file)).select("*", "_metadata.row_index")
            numbers = left.where(left.file == gone.of[file]).select(left.row.alias("row_index"))
            parts.append(rows.join(numbers, "row_index", "left_anti").select(*schema.names))
    return functools.reduce(lambda one, other: one.unionByName(other), parts)


def alive(session: SparkSession) -> bool:
    """Whether the driver of a session still runs."""
    return session.sparkContext._jsc is not None and not session.sparkContext._jsc.sc().isStopped()


def _said(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".")[:300] if lines else type(error).__name__
