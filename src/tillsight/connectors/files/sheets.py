"""Reading workbooks: every sheet that holds a table, with the row number that the spreadsheet shows."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa

from tillsight.connectors.files.cards import cut_table
from tillsight.connectors.files.raw import LINE, Progress, RawColumn, RawTable, Reading
from tillsight.connectors.files.sealing import parquet_writer
from tillsight.connectors.files.sources import EmptyError, Source, check_total
from tillsight.connectors.files.text import find_header, name_headers
from tillsight.core.errors import LoadError

_ROWS_LOOKED_AT = 200
_SHEET = re.compile(r"xl/worksheets/[^/]+\.xml")
_ROW = re.compile(rb'\br="[A-Z]{0,3}(\d{1,7})"')
_COLUMN = re.compile(rb'\br="([A-Z]{2,3})\d')
_PIECE = 1 << 22
_LONGEST_NAME = 250
"""Bytes kept from one piece to the next, so that no name is cut."""


def read_workbook(
    source: Source,
    folder: Path,
    stem: str,
    reading_of: Callable[[str], Reading],
    progress: Progress,
    known: Callable[[list[str]], int],
) -> list[RawTable]:
    """Read each sheet into one Parquet file. A sheet without cells is left out.

    `reading_of`: how the sheet with this full name is to be read. Raises LoadError for a workbook that cannot be opened, or
    that holds nothing.
    """
    from python_calamine import CalamineError, CalamineWorkbook

    with source.open() as stream:
        content = io.BytesIO(stream.read())
    _guard(source, content)
    try:
        workbook = CalamineWorkbook.from_filelike(content)
        sheets = [(name, workbook.get_sheet_by_name(name)) for name in workbook.sheet_names]
        cells = {name: sheet.to_python(skip_empty_area=False) for name, sheet in sheets}
    except CalamineError as error:
        raise LoadError(
            f"{source.name} cannot be opened as a workbook ({error}). Save it again as .xlsx, without a password.",
            file=source.name,
        ) from error
    tables = []
    filled = {sheet: rows for sheet, rows in cells.items() if any(_text(cell) for row in rows for cell in row)}
    for number, (sheet, rows) in enumerate(filled.items()):
        name = source.name if len(filled) == 1 else f"{source.name}#{sheet}"
        raw = folder / f"{stem}{f'-{number}' if number else ''}.parquet"
        tables.append(_read_sheet(name, rows, raw, reading_of(name), known))
        progress("read", tables[-1].rows, None, f"{name}: {tables[-1].rows:,} rows")
    if not tables:
        raise EmptyError(f"{source.name} is empty.", file=source.name)
    return tables


def _guard(source: Source, content: io.BytesIO) -> None:
    """Raises LoadError for a workbook that would take all memory: it unfolds to too much, or two cells span a whole sheet."""
    if not zipfile.is_zipfile(content):
        return
    try:
        with zipfile.ZipFile(content) as archive:
            check_total(archive.infolist(), source.name, source.limits, content.getbuffer().nbytes)
            for member in archive.namelist():
                if _SHEET.fullmatch(member) and _span(archive, member) > source.limits.cells:
                    raise LoadError(
                        f"A sheet of {source.name} reaches over more than {source.limits.cells:,} cells, most of them empty. Delete "
                        "what lies far out, or save the table as CSV.",
                        file=source.name,
                    )
    except (zipfile.BadZipFile, zlib.error, EOFError):
        return  # damaged: the reader says how
    finally:
        content.seek(0)


def _span(archive: zipfile.ZipFile, member: str) -> int:
    """Cells from the first to the last row and column that a sheet names."""
    rows, columns, rest = 1, 26, b""
    with archive.open(member) as stream:
        while piece := stream.read(_PIECE):
            piece = rest + piece
            rows = max(rows, *(int(row) for row in _ROW.findall(piece)), 1)
            for letters in set(_COLUMN.findall(piece)):
                number = 0
                for letter in letters:
                    number = number * 26 + letter - 64
                columns = max(columns, number)
            rest = piece[-_LONGEST_NAME:]
    return rows * columns


def _read_sheet(
    name: str, rows: list[list[Any]], raw: Path, reading: Reading, known: Callable[[list[str]], int]
) -> RawTable:
    notes: list[str] = []
    first, headers = _headers(name, rows, reading, known)
    while headers and not headers[-1] and not any(_text(row[len(headers) - 1]) for row in rows[first:]):
        headers.pop()
    names = name_headers(headers, notes)
    lines = [line for line, row in enumerate(rows[first:], start=first + 1) if any(_text(cell) for cell in row)]
    columns = list(zip(*(rows[line - 1][: len(names)] for line in lines), strict=True)) or [()] * len(names)
    arrays = [pa.array([_text(cell) for cell in column], type=pa.string()) for column in columns]
    table = pa.table([*arrays, pa.array(lines, type=pa.int64())], names=[*names, LINE])
    table, cards = cut_table(table)
    with parquet_writer(raw, table.schema) as writer:
        writer.write_table(table)
    kinds = [Counter(type(cell) for cell in column if _text(cell)) for column in columns]
    return RawTable(
        name=name,
        path=raw,
        format="excel",
        columns=tuple(
            RawColumn(header, numeric=bool(kind) and set(kind) <= {int, float})
            for header, kind in zip(names, kinds, strict=True)
        ),
        rows=table.num_rows,
        notes=notes,
        cards=cards,
    )


def _headers(
    name: str, rows: list[list[Any]], reading: Reading, known: Callable[[list[str]], int]
) -> tuple[int, list[str]]:
    """The headers, and how many rows stand above the data."""
    if isinstance(reading.header, tuple):
        return 0, list(reading.header)
    if reading.header is not None:
        if reading.header > len(rows):
            raise LoadError(f"{name} has no row {reading.header} that could be the header row.", file=name)
        return reading.header, [_text(cell) for cell in rows[reading.header - 1]]
    texts = [[_text(cell) for cell in row] for row in rows[:_ROWS_LOOKED_AT]]
    # Every row of a sheet is as wide as the sheet: a table's width is that of its filled cells.
    trimmed = [(index, _without_blanks(row)) for index, row in enumerate(texts) if any(row)]
    found = find_header(trimmed, name, known)
    return found + 1, texts[found]


def _without_blanks(row: list[str]) -> list[str]:
    end = len(row)
    while end and not row[end - 1]:
        end -= 1
    return row[:end]


def _text(cell: Any) -> str:
    """A cell as text that reads back to the same value: whole numbers without a point, dates in ISO form."""
    if isinstance(cell, str):
        return cell.strip()
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, dt.datetime):
        return cell.isoformat(sep=" ")
    if isinstance(cell, (dt.date, dt.time)):
        return cell.isoformat()
    return "" if cell is None else str(cell)
