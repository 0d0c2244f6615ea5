"""Parquet: the answer's own types, with the meaning of every column kept in the file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import IO

import pyarrow as pa
import pyarrow.parquet as pq

from tillsight.metrics.answer import AnswerColumn


def write_parquet(table: pa.Table, columns: Sequence[AnswerColumn], out: IO[bytes]) -> None:
    """Write rows as Parquet. Each column carries its title, unit, currency and labels as metadata."""
    chosen = table.select([column.name for column in columns])
    fields = [
        field.with_metadata({name: text for name, text in _meaning(column).items() if text})
        for field, column in zip(chosen.schema, columns, strict=True)
    ]
    pq.write_table(chosen.cast(pa.schema(fields)), out, compression="zstd")


def _meaning(column: AnswerColumn) -> dict[str, str]:
    return {
        "title": column.title,
        "kind": column.kind,
        "metric": column.metric or "",
        "unit": column.unit or "",
        "currency": column.currency or "",
        "labels": json.dumps(column.labels) if column.labels else "",
    }
