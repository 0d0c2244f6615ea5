"""Where a load puts rows down while it works: as plain Parquet, or encrypted in a workspace that is.

The key is set around the whole of a load (`sealed_with`); everything that the load writes, spills, and reads again goes through
here. Files of users are read as they are, uploads decrypted as they are read.
"""

from __future__ import annotations

import queue
import shutil
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import BinaryIO, Protocol, cast

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from tillsight.core.errors import LoadError
from tillsight.vault import is_sealed_stream, open_sealed, seal_stream
from tillsight.warehouse.duck import SMALL, give_key, literal, parquet_options, read_files

_KEY: ContextVar[bytes | None] = ContextVar("key of the data files", default=None)


class Writer(Protocol):
    """Writes rows, table after table."""

    def write_table(self, rows: pa.Table) -> None:
        """Write some rows."""


@contextmanager
def sealed_with(key: bytes | None) -> Iterator[None]:
    """While a load works: encrypt what it writes with the key of the data files; None writes plain files."""
    token = _KEY.set(key)
    try:
        yield
    finally:
        _KEY.reset(token)


def prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """Let the connection of a load read and write its files, and spill encrypted."""
    if (key := _KEY.get()) is not None:
        give_key(connection, key)


def copy_options() -> str:
    """The options of a COPY of a load: what it brings stays for good, so it is packed small."""
    return parquet_options(_KEY.get() is not None, codec=SMALL)


def scan(file: Path, *, numbered: bool = False) -> str:
    """SQL that reads a Parquet file, encrypted or not. `numbered`: with the number of each row, `file_row_number`."""
    sql = read_files([file])
    return f"{sql[:-1]}, file_row_number = true)" if numbered else sql


@contextmanager
def opened(file: Path) -> Iterator[BinaryIO]:
    """The bytes of a file of a user, or of an upload."""
    key = _KEY.get()
    with open_sealed(file, key) if key is not None and is_sealed_stream(file) else file.open("rb") as stream:
        yield stream


def is_upload(file: Path) -> bool:
    """Whether a file is encrypted as an upload, so that only `opened` can read it."""
    return _KEY.get() is not None and is_sealed_stream(file)


def put_down(stream: BinaryIO, target: Path, name: str) -> None:
    """Put a Parquet file down that comes from an archive or an upload, as `scan` reads it. Raises LoadError for another file."""
    key = _KEY.get()
    if key is None:
        with target.open("wb") as plain:
            shutil.copyfileobj(stream, plain, 1 << 20)
        return
    part = target.with_suffix(".part")  # an archive cannot be read from any place, which Parquet needs
    with part.open("wb") as sealed:
        seal_stream(stream, sealed, key)
    try:
        with open_sealed(part, key) as content:
            found = pq.ParquetFile(content)
            with parquet_writer(target, found.schema_arrow) as writer:
                for batch in found.iter_batches():
                    writer.write_table(pa.Table.from_batches([batch]))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise LoadError(
            f"{name} is not a Parquet file that can be read: {str(error).splitlines()[0]}.", file=name
        ) from error
    finally:
        part.unlink()


@contextmanager
def parquet_writer(target: Path, schema: pa.Schema) -> Iterator[Writer]:
    """A Parquet file to be written, whole at the end of the block."""
    key = _KEY.get()
    if key is None:
        with pq.ParquetWriter(target, schema, compression="zstd", compression_level=1) as writer:
            yield writer
        return
    with closing(duckdb.connect(":memory:")) as connection:
        give_key(connection, key)
        sealed = _Sealed(connection, target, schema)
        try:
            yield sealed
        except BaseException:
            sealed.finish(failed=True)
            raise
        sealed.finish()


class _Sealed:
    """Rows on their way into a COPY, which takes them in a thread of its own."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, target: Path, schema: pa.Schema) -> None:
        self._queue: queue.Queue[pa.RecordBatch | None] = queue.Queue(8)
        self._connection, self._schema, self._target = connection, schema, target
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="sealing", daemon=True)
        self._thread.start()

    def write_table(self, rows: pa.Table) -> None:
        """Write some rows."""
        for batch in rows.to_batches():
            self._queue.put(batch)
        if self._error is not None:
            raise self._error

    def finish(self, *, failed: bool = False) -> None:
        """Wait until everything is written. Raises what the COPY raised."""
        self._queue.put(None)
        self._thread.join()
        if self._error is not None and not failed:
            raise self._error

    def _run(self) -> None:
        try:
            reader = pa.RecordBatchReader.from_batches(self._schema, self._batches())
            self._connection.register("rows_to_seal", reader)
            self._connection.execute(
                f"COPY (SELECT * FROM rows_to_seal) TO {literal(str(self._target))} {parquet_options(True, codec=SMALL)}"
            )
        except BaseException as error:
            self._error = error
            while self._queue.get() is not None:  # let the writer go on until it looks
                pass

    def _batches(self) -> Iterator[pa.RecordBatch]:
        while (batch := self._queue.get()) is not None:
            yield cast("pa.RecordBatch", batch)
