"""An answer as a file: CSV, Excel or Parquet, row for row what the screen and the API show.

Headers are the names of the catalogue. Unknown is an empty cell, never zero. Of a column with labels (weekdays) CSV and
Excel hold the words and Parquet the number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    import pyarrow as pa

    from tillsight.metrics.answer import AnswerColumn

ExportFormat = Literal["csv", "xlsx", "parquet"]
FORMATS: tuple[ExportFormat, ...] = get_args(ExportFormat)
MEDIA_TYPES: dict[ExportFormat, str] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet",
}


def write(table: pa.Table, columns: Sequence[AnswerColumn], how: ExportFormat, out: IO[bytes]) -> None:
    """Write the rows of an answer to an open binary file. Raises TooBigError where Excel cannot hold the rows."""
    for piece in pieces([table], columns, how, table.num_rows):
        out.write(piece)


def pieces(parts: Iterable[pa.Table], columns: Sequence[AnswerColumn], how: ExportFormat, rows: int) -> Iterator[bytes]:
    """The bytes of a file, piece by piece, from rows that come part by part; at least one part, of one schema.

    `rows`: how many there are in all. Raises TooBigError at once, before the first piece, where Excel cannot hold them.
    """
    if how == "csv":
        from tillsight.exports.text import csv_pieces

        return csv_pieces(parts, columns)
    if how == "xlsx":
        from tillsight.exports.workbook import check_rows, xlsx_pieces

        check_rows(rows, len(columns))
        return xlsx_pieces(parts, columns, rows)
    from tillsight.exports.arrow import parquet_pieces

    return parquet_pieces(parts, columns)


def file_name(how: str, metrics: Sequence[str], by: Sequence[str] = (), days: Sequence[object] = ()) -> str:
    """A name that says what is inside: `tillsight-revenue-by-country-2011-01-01-2011-11-30.csv`."""
    parts = ["tillsight", *metrics[:3], *(["and-more"] if len(metrics) > 3 else [])]
    if by:
        parts += ["by", *by]
    parts += [str(day) for day in days]
    stem = re.sub(r"[^a-z0-9]+", "-", "-".join(parts).lower()).strip("-")
    return f"{stem[:150]}.{how}"
