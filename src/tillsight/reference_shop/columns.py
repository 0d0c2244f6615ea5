"""Whole numbers of numpy into the columns of a canonical table, and tables into Parquet files.

Amounts travel as whole cents, days as days since 1970-01-01, moments as microseconds since then in UTC, texts as an index into
a short list of words. Nothing here makes a Python object for a row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tillsight.core.errors import TillsightError
from tillsight.reference_shop.hashing import Bools, Ints
from tillsight.tables.schema import Table

Array: TypeAlias = Any
"""A column of Arrow; pyarrow publishes no types."""

ARROW_TYPES: dict[str, Any] = {
    "text": pa.string(),
    "integer": pa.int64(),
    "quantity": pa.decimal128(18, 4),
    "money": pa.decimal128(18, 6),
    "rate": pa.decimal128(18, 9),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "day": pa.date32(),
    # With its zone, so that a reader takes it for what it is and not for the shop's own clock.
    "moment": pa.timestamp("us", tz="UTC"),
}


ROW_GROUP = 120_000
"""Rows of a row group, at least; the last one of a table has fewer."""


class ReferenceShopError(TillsightError):
    """The reference shop cannot be written as asked."""

    code = "REFERENCE_SHOP_FAILED"


def _decimal(values: Ints, kind: str, known: Bools | None) -> Array:
    """Whole numbers, already scaled to the type's last place, as 128-bit decimals without a loop."""
    wide = np.empty((len(values), 2), dtype=np.int64)
    wide[:, 0] = values
    wide[:, 1] = values >> 63
    valid = None if known is None else pa.array(known).buffers()[1]
    return pa.Array.from_buffers(ARROW_TYPES[kind], len(values), [valid, pa.py_buffer(np.ascontiguousarray(wide))])


def money(cents: npt.ArrayLike, known: Bools | None = None) -> Array:
    """Whole cents as an amount; null where `known` is false."""
    return _decimal(np.asarray(cents, dtype=np.int64) * 10_000, "money", known)


def quantity(units: npt.ArrayLike, known: Bools | None = None) -> Array:
    """Whole units."""
    return _decimal(np.asarray(units, dtype=np.int64) * 10_000, "quantity", known)


def rate(billionths: npt.ArrayLike, known: Bools | None = None) -> Array:
    """Billionths (10^-9) as a rate."""
    return _decimal(np.asarray(billionths, dtype=np.int64), "rate", known)


def integer(values: npt.ArrayLike, known: Bools | None = None) -> Array:
    """Counts."""
    return pa.array(np.asarray(values, dtype=np.int64), mask=None if known is None else ~known)


def number(values: npt.ArrayLike, known: Bools | None = None) -> Array:
    """Measurements."""
    return pa.array(np.asarray(values, dtype=np.float64), mask=None if known is None else ~known)


def boolean(values: npt.ArrayLike, known: Bools | None = None) -> Array:
    """Truth values."""
    return pa.array(np.asarray(values, dtype=np.bool_), mask=None if known is None else ~known)


def day(days: npt.ArrayLike, known: Bools | None = None) -> Array:
    """Days since 1970-01-01."""
    return pa.array(np.asarray(days, dtype=np.int32), mask=None if known is None else ~known).cast(pa.date32())


def moment(microseconds: npt.ArrayLike, known: Bools | None = None) -> Array:
    """Microseconds since 1970-01-01 in UTC."""
    array = pa.array(np.asarray(microseconds, dtype=np.int64), mask=None if known is None else ~known)
    return array.cast(ARROW_TYPES["moment"])


def words(vocabulary: Sequence[str | None], index: npt.ArrayLike, known: Bools | None = None) -> Array:
    """The word of each index; null where `known` is false."""
    indices = pa.array(np.asarray(index, dtype=np.int64), mask=None if known is None else ~known)
    return pa.array(vocabulary, pa.string()).take(indices)


def constant(word: str, rows: int) -> Array:
    """One word in every row."""
    return pa.repeat(pa.scalar(word, pa.string()), rows)


def label(prefix: str, values: npt.ArrayLike, width: int = 0, known: Bools | None = None) -> Array:
    """`prefix` and a number with leading zeros: keys such as `C0000042`."""
    text = pa.array(np.asarray(values, dtype=np.int64), mask=None if known is None else ~known).cast(pa.string())
    if width:
        text = pc.utf8_lpad(text, width, "0")
    return join(prefix, text)


def join(*parts: Array | str) -> Array:
    """Texts put together, null where a part is null."""
    columns = [pa.scalar(part, pa.string()) if isinstance(part, str) else part for part in parts]
    return pc.binary_join_element_wise(*columns, pa.scalar("", pa.string()))


def pick(condition: Bools, yes: Array, no: Array) -> Array:
    """`yes` where the condition holds, else `no`."""
    return pc.if_else(pa.array(condition), yes, no)


def where(condition: Bools, column: Array) -> Array:
    """The column, null where the condition does not hold."""
    return pc.if_else(pa.array(condition), column, pa.scalar(None, column.type))


class Writer:
    """Parquet files of canonical tables, one writer each, in one thread: the order of rows is the order of writing.

    `write` takes the columns that the shop fills; the other columns of the table are null. A column that the table does
    not have, a required column that is missing and columns of different lengths raise ReferenceShopError.
    """

    def __init__(self, folder: Path, tables: Mapping[str, Table]) -> None:
        self.folder = folder
        self.tables = tables
        self.rows: dict[str, int] = {}
        self._files: dict[str, pq.ParquetWriter] = {}
        self._waiting: dict[str, list[Array]] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> Writer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            for name in list(self._waiting):
                self._flush(name)
        for file in self._files.values():
            file.close()

    def write(self, name: str, columns: Mapping[str, Array]) -> None:
        """Append rows to `<folder>/<name>.parquet`."""
        table = self.tables[name]
        unknown = sorted(set(columns) - set(table.column_names))
        if unknown:
            raise ReferenceShopError(f"The table {name} has no column {', '.join(unknown)}.", table=name)
        lengths = {len(column) for column in columns.values()}
        if len(lengths) != 1:
            raise ReferenceShopError(f"The columns of {name} have different lengths.", table=name)
        rows = lengths.pop()
        arrays = []
        for column in table.columns:
            kind = ARROW_TYPES[column.type]
            array = columns.get(column.name)
            if array is None:
                if column.required or column.name in table.key:
                    raise ReferenceShopError(f"{name}.{column.name} is required and was not filled.", table=name)
                array = pa.nulls(rows, kind)
            elif array.type != kind:
                raise ReferenceShopError(
                    f"{name}.{column.name} is {array.type}, declared as {column.type}.", table=name, column=column.name
                )
            arrays.append(array)
        batch = pa.Table.from_arrays(arrays, names=list(table.column_names))
        self.rows[name] = self.rows.get(name, 0) + rows
        waiting = self._waiting.setdefault(name, [])
        waiting.append(batch)
        if sum(part.num_rows for part in waiting) >= ROW_GROUP:
            self._flush(name)

    def _flush(self, name: str) -> None:
        """Write what waits of a table as one row group: small ones are slow to write and to read."""
        batch = pa.concat_tables(self._waiting.pop(name))
        if name not in self._files:
            self._files[name] = pq.ParquetWriter(
                self.folder / f"{name}.parquet",
                batch.schema,
                compression="zstd",
                compression_level=1,
                store_decimal_as_integer=True,
                write_statistics=True,
            )
        self._files[name].write_table(batch, row_group_size=len(batch))
