"""Excel: numbers as numbers with the format of their unit, days as days, texts as texts whatever they begin with."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import IO, Any

import pyarrow as pa
import xlsxwriter

from tillsight.core.errors import TooBigError
from tillsight.exports.text import worded
from tillsight.metrics.answer import AnswerColumn

MOST_ROWS = 1_048_575
"""Rows of a sheet below its header: Excel's own limit."""
MOST_CELLS = 5_000_000
"""Beyond, writing takes minutes and spreadsheets no longer open the file in reasonable time."""
LONGEST_TEXT = 32_767
_BATCH = 10_000
_PIECE = 1 << 20


def check_rows(rows: int, columns: int) -> None:
    """Raises TooBigError for more rows than a sheet can have."""
    if rows > MOST_ROWS or rows * columns > MOST_CELLS:
        raise TooBigError(
            f"A sheet holds {MOST_ROWS:,} rows and {MOST_CELLS:,} cells; this answer has {rows:,} rows of "
            f"{columns} cells. Take CSV or Parquet.",
            rows=rows,
            columns=columns,
        )


def xlsx_pieces(parts: Iterable[pa.Table], columns: Sequence[AnswerColumn], rows: int) -> Iterator[bytes]:
    """Rows as a workbook of one sheet, row by row, so that memory does not grow with the rows.

    A workbook is an archive that is put together at the end, so it is on disk before its first piece. Excel itself keeps 15
    digits of a number.
    """
    with tempfile.TemporaryFile() as out:
        _write(parts, columns, rows, out)
        out.seek(0)
        while piece := out.read(_PIECE):
            yield piece


def _write(parts: Iterable[pa.Table], columns: Sequence[AnswerColumn], rows: int, out: IO[bytes]) -> None:
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_numbers": False,
        "strings_to_urls": False,
    }
    with xlsxwriter.Workbook(out, options) as workbook:
        sheet = workbook.add_worksheet("Tillsight")
        bold = workbook.add_format({"bold": True, "bottom": 1})
        row = 0
        writers: list[Callable[[int, Any], object]] = []
        for part in parts:
            shown = pa.table(
                [worded(part.column(column.name), column) for column in columns], names=[c.name for c in columns]
            )
            if not writers:
                for index, column in enumerate(columns):
                    style = workbook.add_format({"num_format": _format(column, shown.schema.field(index).type)})
                    sheet.set_column(index, index, _width(column, shown.schema.field(index).type), style)
                    sheet.write_string(0, index, column.name, bold)
                sheet.freeze_panes(1, 0)
                if columns:
                    sheet.autofilter(0, 0, rows, len(columns) - 1)
                writers = [_writer(sheet, index, field.type) for index, field in enumerate(shown.schema)]
            for batch in shown.to_batches(max_chunksize=_BATCH):
                for values in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                    row += 1
                    for write, value in zip(writers, values, strict=True):
                        if value is not None:
                            write(row, value)


def _writer(sheet: Any, index: int, kind: pa.DataType) -> Callable[[int, Any], object]:
    if pa.types.is_boolean(kind):
        return lambda row, value: sheet.write_boolean(row, index, value)
    if pa.types.is_temporal(kind):
        return lambda row, value: sheet.write_datetime(row, index, _without_zone(value))
    if pa.types.is_integer(kind) or pa.types.is_decimal(kind):
        return lambda row, value: sheet.write_number(row, index, value)
    if pa.types.is_floating(kind):
        return lambda row, value: sheet.write_number(row, index, value) if math.isfinite(value) else None
    return lambda row, value: sheet.write_string(row, index, str(value)[:LONGEST_TEXT])


def _without_zone(value: Any) -> Any:
    return value.replace(tzinfo=None) if isinstance(value, datetime) else value


def _format(column: AnswerColumn, kind: pa.DataType) -> str:
    if pa.types.is_date(kind):
        return "yyyy-mm-dd"
    if pa.types.is_timestamp(kind):
        return "yyyy-mm-dd hh:mm:ss"
    if column.unit == "percent":
        return '0.0"%"'
    if pa.types.is_decimal(kind):
        return "#,##0" + ("." + "0" * kind.scale if kind.scale else "")
    if pa.types.is_floating(kind):
        return "#,##0.00"
    return "#,##0" if column.unit else "General"


def _width(column: AnswerColumn, kind: pa.DataType) -> int:
    least = 24 if pa.types.is_string(kind) else 12
    return max(least, len(column.name) + 4)
