"""Reading CSV and its kin: any delimiter, quote and encoding, with the physical line of every row, good or bad.

The text is brought to UTF-8 piece by piece, cut into records (`records`), and only records with the right number of fields
and right quotes are parsed. A line that breaks the form becomes a reject, and the rows after it are read as if it were not
there: an open quote does not swallow the rest of the file.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from time import monotonic
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc_csv

from tillsight.connectors.files.cards import cut_table
from tillsight.connectors.files.raw import LINE, Broken, Progress, RawColumn, RawTable, Reading
from tillsight.connectors.files.records import Records, scan
from tillsight.connectors.files.sealing import parquet_writer
from tillsight.connectors.files.sources import EmptyError, Source
from tillsight.connectors.files.text import Encoding, Layout, find_encoding, find_layout
from tillsight.core.cards import cut_text
from tillsight.core.errors import LoadError

_PIECE = 8 << 20
_SAMPLE = 1 << 18
# A record may be as long as this. What is longer is an open quote, not a record.
_LONGEST = 8 << 20
# A record over more lines than this, with a wrong number of fields, is an open quote too.
_MOST_LINES = 20
_SMALL = 1 << 14
_TEXT_SHOWN = 2000


@dataclass(frozen=True)
class _Block:
    """A run of records in one piece of text, and the lines in it that are broken. Lines count from 1."""

    data: bytes
    records: Records
    first_line: int
    broken: tuple[Broken, ...] = ()


def read_delimited(
    source: Source,
    target: Path,
    reading: Reading,
    progress: Progress,
    known: Callable[[list[str]], int],
    *,
    first_part: bool = False,
) -> RawTable:
    """Read one delimited text into `target` (Parquet: every column text, and `_line`), or its first megabytes.

    Raises LoadError when the file is empty, has no header row, or not one good row among its rows.
    """
    encoding = _encoding(source, reading)
    with source.open() as stream:
        layout = _layout(_transcoded(stream, encoding), source.name, reading, known)
    table = RawTable(
        name=source.name,
        path=target,
        format="csv",
        columns=tuple(RawColumn(header) for header in layout.headers),
        rows=0,
        encoding=encoding.name,
        delimiter=layout.delimiter,
        notes=list(layout.notes),
    )
    with source.open() as stream:
        pieces = _transcoded(stream, encoding)
        _copy(islice(pieces, 1) if first_part else pieces, layout, table, _size(source, encoding), progress)
    if table.rows == 0 and table.broken:
        first = table.broken[0]
        raise LoadError(
            f"{source.name} has no row that can be read: line {first.line} has {first.reason}. "
            "Say the delimiter in a mapping if it was found wrong.",
            file=source.name,
            line=first.line,
            delimiter=layout.delimiter,
        )
    return table


def _size(source: Source, encoding: Encoding) -> int | None:
    """How many bytes of UTF-8 there are to read, where that is known."""
    return source.path.stat().st_size if source.packed is None and encoding.name == "utf-8" else None


def _encoding(source: Source, reading: Reading) -> Encoding:
    if reading.encoding is None:
        with source.open() as stream:
            return find_encoding(stream)
    try:
        name = codecs.lookup(reading.encoding).name
    except LookupError:
        raise LoadError(
            f"There is no encoding {reading.encoding}; usual are utf-8, windows-1252 and utf-16.", file=source.name
        ) from None
    with source.open() as stream:
        marked = stream.read(3) == codecs.BOM_UTF8
    return Encoding(name, 3 if marked and name == "utf-8" else 0, damaged=name == "utf-8")


def _transcoded(stream: BinaryIO, encoding: Encoding) -> Iterator[bytes]:
    """The text as UTF-8, in pieces. UTF-8 goes through as it is."""
    stream.read(encoding.skip)
    if encoding.name == "utf-8":
        while piece := stream.read(_PIECE):
            yield piece
        return
    decoder = codecs.getincrementaldecoder(encoding.name)(errors="replace")
    while piece := stream.read(_PIECE):
        yield decoder.decode(piece).encode("utf-8", errors="replace")
    yield decoder.decode(b"", True).encode("utf-8", errors="replace")


def _layout(pieces: Iterator[bytes], name: str, reading: Reading, known: Callable[[list[str]], int]) -> Layout:
    sample = next(pieces, b"")
    text = sample[:_SAMPLE].decode("utf-8", errors="ignore")
    if not text.strip():
        raise EmptyError(f"{name} is empty.", file=name)
    return find_layout(
        text,
        name,
        whole=len(sample) <= _SAMPLE,
        delimiter=reading.delimiter,
        quote=reading.quote,
        header=reading.header,
        known=known,
    )


def _copy(pieces: Iterator[bytes], layout: Layout, table: RawTable, size: int | None, progress: Progress) -> None:
    """Write the good rows, keep the broken ones. `size`: bytes of the text, for progress; None where it is not known."""
    names = list(layout.headers)
    schema = pa.schema([*((name, pa.string()) for name in names), (LINE, pa.int64())])
    skip = -1 if layout.header_record is None else layout.header_record
    done, clock = 0, monotonic()
    with parquet_writer(table.path, schema) as writer:
        for block in _blocks(pieces, layout, skip + 1, len(names)):
            table.broken += [_safe(broken) for broken in block.broken]
            rows = _parse(block, layout, names)
            if rows is not None:
                rows, cards = cut_table(rows)
                table.cards += cards
                writer.write_table(rows.cast(schema))
                table.rows += rows.num_rows
            done += len(block.data)
            rate = table.rows / max(monotonic() - clock, 0.001)
            progress("read", done, size, f"{table.name}: {table.rows:,} rows, {rate:,.0f} rows per second")


def _safe(broken: Broken) -> Broken:
    text, _ = cut_text(broken.text)
    return Broken(broken.line, broken.reason, text)


def _blocks(pieces: Iterator[bytes], layout: Layout, skip: int, width: int) -> Iterator[_Block]:
    """Records in order, without the first `skip` (up to the header row), as blocks of one piece each.

    After an open quote the scan starts again on the next line, in a small window that doubles while all is well.
    """
    delimiter, quote = ord(layout.delimiter), ord(layout.quote)
    data, position, line, window = b"", 0, 1, _PIECE
    final = False
    while True:
        view = data[position : position + window]
        last = final and position + window >= len(data)
        records = scan(np.frombuffer(view, dtype=np.uint8), delimiter, quote, final=last) if view else None
        if records is None or len(records) == 0:
            if window < len(data) - position:
                window *= 8
                continue
            if not final and len(data) - position < _LONGEST:
                piece = next(pieces, None)
                final = piece is None
                data = data[position:] + (piece or b"")
                if final and data and data[-1:] not in (b"\n", b"\r"):
                    data += b"\n"
                position = 0
                window = max(window, _SMALL)
                continue
            if not view:
                return
            length, broken = _first_line(view, line, "a quote that is opened and never closed")
            yield _Block(b"", _NOTHING, line, (broken,))
            position, line, window = position + length, line + 1, _SMALL
            continue
        cut, why = _cut(records, view, width, skip)
        records = records.upto(cut)
        if cut:
            lines = int(records.spans.sum())
            skipped = min(skip, cut)
            skip -= skipped
            yield _judge(view, records, skipped, line, width)
            position += int(records.after[-1])
            line += lines
            window = min(window * 2, _PIECE)
        if why:
            length, broken = _first_line(data[position : position + window], line, why)
            yield _Block(b"", _NOTHING, line, (broken,))
            position, line, window = position + length, line + 1, _SMALL


_NONE = np.zeros(0, dtype=np.int64)
_NOTHING = Records(_NONE, _NONE, _NONE, _NONE, _NONE, _NONE, np.zeros(0, dtype=bool))


def _cut(records: Records, view: bytes, width: int, skip: int) -> tuple[int, str | None]:
    """How many records to take before an open quote, and what is wrong with the one after them."""
    several = records.spans > 1
    wrong = several & (records.misquoted | ((records.fields != width) & (records.spans > _MOST_LINES)))
    wrong[:skip] = False
    if not wrong.any():
        return len(records), None
    return int(np.argmax(wrong)), "a quote that is opened and not closed where the field ends"


def _first_line(view: bytes, line: int, reason: str) -> tuple[int, Broken]:
    """The length of the first physical line with its end, and the reject that it becomes."""
    match = re.match(rb"[^\r\n]*(\r\n|\r|\n|$)", view)
    length = max(1, match.end()) if match else len(view)
    text = view[: min(length, _TEXT_SHOWN)].decode("utf-8", errors="replace").rstrip("\r\n")
    return length, Broken(line, reason, text)


def _judge(view: bytes, records: Records, skipped: int, line: int, width: int) -> _Block:
    """Keep the good records; name what is wrong with the others; leave empty lines out."""
    length = records.ends - records.starts
    empty = length == 0
    # Rows of nothing but delimiters: a spreadsheet writes them below its table.
    for index in np.flatnonzero((length == records.fields - 1) & ~empty):
        piece = view[records.starts[index] : records.ends[index]]
        empty[index] = len(set(piece)) == 1 and records.fields[index] > 1
    wanted = ~empty
    wanted[:skipped] = False
    bad = wanted & ((records.fields != width) | records.misquoted)
    strange = _not_utf8(view, records)
    if strange is not None:
        bad |= wanted & strange
    broken = tuple(
        Broken(
            line + int(records.lines[index]),
            _reason(records, int(index), width, strange),
            view[records.starts[index] : min(records.ends[index], records.starts[index] + _TEXT_SHOWN)].decode(
                "utf-8", errors="replace"
            ),
        )
        for index in np.flatnonzero(bad)
    )
    keep = wanted & ~bad
    kept = Records(
        records.starts[keep],
        records.ends[keep],
        records.after[keep],
        records.fields[keep],
        records.lines[keep],
        records.spans[keep],
        records.misquoted[keep],
    )
    return _Block(view, kept, line, broken)


def _reason(
    records: Records, index: int, width: int, strange: np.ndarray[tuple[int], np.dtype[np.bool_]] | None
) -> str:
    if records.misquoted[index]:
        return "a quote inside a quoted field that is not doubled"
    if records.fields[index] != width:
        count = int(records.fields[index])
        return f"{count} field{'s' if count != 1 else ''} where the header has {width}"
    return "bytes that are not UTF-8" if strange is not None else "unreadable text"


def _not_utf8(view: bytes, records: Records) -> np.ndarray[tuple[int], np.dtype[np.bool_]] | None:
    """Which records hold bytes that are not UTF-8; None when none does."""
    at: list[int] = []
    start = 0
    end = int(records.after[-1]) if len(records) else 0
    while start < end:
        try:
            view[start:end].decode("utf-8")
            break
        except UnicodeDecodeError as error:
            at.append(start + error.start)
            index = int(np.searchsorted(records.after, start + error.start, side="right"))
            start = int(records.after[index])
    if not at:
        return None
    flags = np.zeros(len(records), dtype=bool)
    flags[np.searchsorted(records.after, at, side="right")] = True
    return flags


def _parse(block: _Block, layout: Layout, names: list[str]) -> pa.Table | None:
    records = block.records
    if len(records) == 0:
        return None
    whole = _joined(block)
    table = pc_csv.read_csv(
        pa.BufferReader(whole),
        pc_csv.ReadOptions(column_names=names, block_size=_PIECE * 2, use_threads=True),
        pc_csv.ParseOptions(
            delimiter=layout.delimiter,
            quote_char=layout.quote,
            newlines_in_values=bool((records.spans > 1).any()),
            ignore_empty_lines=True,
        ),
        pc_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False, check_utf8=False
        ),
    )
    if table.num_rows != len(records):
        raise LoadError(
            f"Lines {block.first_line} to {block.first_line + int(records.lines[-1])} were cut into {len(records)} rows, "
            f"and read as {table.num_rows}. Quote fields that hold line ends.",
            line=block.first_line,
        )
    return table.append_column(LINE, pa.array(records.lines + block.first_line))


def _joined(block: _Block) -> pa.Buffer:
    """The text of the kept records: a view where they follow each other, else the pieces put together."""
    records = block.records
    gaps = np.flatnonzero(records.starts[1:] != records.after[:-1])
    if len(gaps) == 0:
        return pa.py_buffer(block.data).slice(int(records.starts[0]), int(records.after[-1] - records.starts[0]))
    begins = np.concatenate(([0], gaps + 1))
    stops = np.concatenate((gaps, [len(records) - 1]))
    return pa.py_buffer(
        b"".join(
            block.data[int(records.starts[begin]) : int(records.after[stop])]
            for begin, stop in zip(begins, stops, strict=True)
        )
    )
