"""Parquet: the answer's own types, with the meaning of every column kept in the file."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tillsight.metrics.answer import AnswerColumn


def parquet_pieces(parts: Iterable[pa.Table], columns: Sequence[AnswerColumn]) -> Iterator[bytes]:
    """Rows as Parquet, a row group for each part. Each column carries its title, unit, currency and labels as metadata."""
    out = Drain()
    writer: pq.ParquetWriter | None = None
    for part in parts:
        chosen = part.select([column.name for column in columns])
        if writer is None:
            fields = [
                field.with_metadata({name: text for name, text in _meaning(column).items() if text})
                for field, column in zip(chosen.schema, columns, strict=True)
            ]
            schema = pa.schema(fields)
            writer = pq.ParquetWriter(out, schema, compression="zstd")
        writer.write_table(chosen.cast(schema))
        yield out.drained()
    if writer is not None:
        writer.close()
    yield out.drained()


class Drain(io.RawIOBase):
    """A file that is written to and emptied in turn, so that it is never there as a whole."""

    def __init__(self) -> None:
        super().__init__()
        self._held = bytearray()
        self._gone = 0

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, data: Any) -> int:
        """Take bytes."""
        self._held += data
        return len(data)

    def tell(self) -> int:
        """How many bytes were ever written."""
        return self._gone + len(self._held)

    def drained(self) -> bytes:
        """What was written since the last time."""
        held, self._held = bytes(self._held), bytearray()
        self._gone += len(held)
        return held


def _meaning(column: AnswerColumn) -> dict[str, str]:
    return {
        "title": column.title,
        "kind": column.kind,
        "metric": column.metric or "",
        "unit": column.unit or "",
        "currency": column.currency or "",
        "labels": json.dumps(column.labels) if column.labels else "",
    }
