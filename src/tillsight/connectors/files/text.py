"""What a text file is written in: its encoding, its delimiter, its header row. Found from the file, never from the machine.

UTF-8 is told by its validity over the whole file, UTF-16 by its mark or its zeros; other encodings are judged on the lines
that are not ASCII. A delimiter is the sign that cuts the rows of a sample into the same number of fields. The header row is
the first row as wide as the table in which every cell is filled with words.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from tillsight.connectors.files.sources import EmptyError
from tillsight.core.errors import LoadError

DELIMITERS = (",", ";", "\t", "|")
_PIECE = 1 << 20
_SAMPLE = 1 << 18
_ROWS = 200
_TOP = 50
_MARKS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Single- and multi-byte encodings that shops' exports come in; the first that fits wins a tie.
_OTHERS = (
    "cp1252",
    "cp1250",
    "cp1251",
    "cp1253",
    "cp1254",
    "iso8859_15",
    "cp932",
    "gb18030",
    "big5",
    "euc_kr",
    "cp850",
)
_NUMBER = re.compile(r"^[\s+\-(]*[$€£¥₱₹]?\s*\d[\d.,'\s]*\s*[%€£$)]?$")
_DATE = re.compile(r"^\d{1,4}[./-]\d{1,2}[./-]\d{1,4}([ T].*)?$")


@dataclass(frozen=True)
class Encoding:
    """`name` as Python calls it; `skip`: bytes of the mark in front. `damaged`: some lines hold bytes that are not of it."""

    name: str
    skip: int = 0
    damaged: bool = False


@dataclass(frozen=True)
class Layout:
    """How the records are written. `header_record`: which record holds the headers, counted from 0; None: there is none."""

    delimiter: str
    quote: str
    header_record: int | None
    headers: tuple[str, ...]
    notes: tuple[str, ...] = ()


def find_encoding(stream: BinaryIO) -> Encoding:
    """The encoding of a whole stream; it is read to its end unless a mark in front says what it is."""
    piece = stream.read(_PIECE)
    for mark, encoding in _MARKS:
        if piece.startswith(mark):
            return Encoding(encoding, len(mark))
    if wide := _wide(piece):
        return Encoding(wide)
    decoder = codecs.getincrementaldecoder("utf-8")()
    strange: list[bytes] = []
    kept = 0
    valid = True
    while piece:
        following = stream.read(_PIECE)
        if not piece.isascii():
            valid = valid and _goes_on(decoder, piece, final=not following)
            if kept < _SAMPLE:
                lines = [line for line in piece.splitlines()[: None if not following else -1] if not line.isascii()]
                strange += lines[:2000]
                kept += sum(map(len, lines[:2000]))
        elif valid:
            valid = _goes_on(decoder, piece, final=not following)
        piece = following
    return Encoding("utf-8") if valid else _judged(strange)


def _goes_on(decoder: codecs.IncrementalDecoder, piece: bytes, *, final: bool) -> bool:
    try:
        decoder.decode(piece, final)
    except UnicodeDecodeError:
        return False
    return True


def _wide(head: bytes) -> str | None:
    """UTF-16 without a mark: every second byte of western text is zero."""
    sample = head[: 4096 & ~1]
    if len(sample) < 4 or b"\x00" not in sample:
        return None
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    half = len(sample) // 2
    if odd > 0.4 * half and even < 0.1 * half:
        return "utf-16-le"
    if even > 0.4 * half and odd < 0.1 * half:
        return "utf-16-be"
    return None


def _judged(strange: list[bytes]) -> Encoding:
    """The encoding of lines that are not valid UTF-8 throughout.

    Mostly valid lines mean UTF-8 with a few damaged rows, which become rejects. Otherwise the file was written in an older
    encoding, told by which letters its bytes would be.
    """
    valid = sum(1 for line in strange if _is_utf8(line))
    if valid >= 0.8 * len(strange):
        return Encoding("utf-8", damaged=True)
    from charset_normalizer import from_bytes

    best = from_bytes(b"\n".join(strange)[:_SAMPLE], cp_isolation=list(_OTHERS)).best()
    found = best.encoding if best is not None else "cp1252"
    # Western text is written in the Windows code page far more often than in its rivals with the same letters.
    if found in ("iso8859_15", "cp1254", "latin_1", "cp1250") and _decodes(strange, "cp1252") and _western(strange):
        found = "cp1252"
    if found == "cp1252" and not _decodes(strange, "cp1252"):
        found = "latin_1"
    return Encoding(found)


def _is_utf8(line: bytes) -> bool:
    return _decodes([line], "utf-8")


def _decodes(lines: list[bytes], encoding: str) -> bool:
    try:
        for line in lines:
            line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _western(lines: list[bytes]) -> bool:
    """Read as Windows-1252, the signs beyond ASCII are letters of western Europe, currency signs or typographic marks."""
    text = "".join(line.decode("cp1252", errors="replace") for line in lines)
    beyond = [sign for sign in text if not sign.isascii()]
    usual = sum(
        1
        for sign in beyond
        if sign in "£€§°²³®©«»–—‘’“”„•…´¡¿ºª½¼¾™\xa0" or ("À" <= sign <= "ÿ" and sign not in "×÷Ðð¤Þþ")
    )
    return usual >= 0.95 * len(beyond)


def find_layout(
    sample: str,
    name: str,
    *,
    whole: bool,
    delimiter: str | None = None,
    quote: str = '"',
    header: int | tuple[str, ...] | None = None,
    known: Callable[[list[str]], int] = lambda headers: 0,
) -> Layout:
    """The delimiter and the header row of a text, from its first part.

    `whole`: the sample is all of the file; otherwise its last, cut line is left out. `delimiter`, `header` (the physical
    line of the header row, counted from 1, or the headers of a file that has none) override what would be found. `known`:
    how many of a row's cells are headers that some table knows. Raises LoadError when no header row can be told.
    """
    text = sample if whole else sample[: max(sample.rfind("\n"), sample.rfind("\r")) + 1] or sample
    notes: list[str] = []
    skip = 0
    if match := re.match(r"sep=(.)\r?\n", text, re.IGNORECASE):
        delimiter, skip = delimiter or match[1], 1
    elif delimiter is None:
        delimiter = _delimiter(text, quote, known)
    rows = _rows(text, delimiter, quote)
    filled = [(index, row) for index, row in enumerate(rows) if any(cell.strip() for cell in row)]
    filled = [(index, row) for index, row in filled if index >= skip]
    if not filled:
        raise EmptyError(f"{name} is empty.", file=name)
    if isinstance(header, tuple):
        return Layout(delimiter, quote, None, name_headers(list(header), notes), tuple(notes))
    if header is not None:
        index = _record_at(text, delimiter, quote, header)
        if index is None or index >= len(rows):
            raise LoadError(f"{name} has no line {header} that could be the header row.", file=name, header=header)
        found = index
    else:
        found = find_header(filled, name, known)
    width = Counter(len(row) for index, row in filled if index > found).most_common(1)
    headers = list(rows[found])
    if (
        width
        and width[0][0] == len(headers) + 1
        and all(not row[-1].strip() for index, row in filled if index > found and len(row) == len(headers) + 1)
    ):
        headers.append("")
    return Layout(delimiter, quote, found, name_headers(headers, notes), tuple(notes))


def name_headers(headers: list[str], notes: list[str] | None = None) -> tuple[str, ...]:
    """Headers, trimmed, each of its own: an empty one becomes `column_3`, a repeated one `name_2`. Case does not tell apart."""
    names: list[str] = []
    taken = {"_line", "_file", "_part"}
    for position, raw in enumerate(headers, start=1):
        base = re.sub(r"\s+", " ", raw.replace("\ufeff", "").replace("\x00", "")).strip() or f"column_{position}"
        name, number = base, 1
        while name.casefold() in taken:
            number += 1
            name = f"{base}_{number}"
        if notes is not None and not raw.strip():
            notes.append(f"Column {position} has no header; it is called {name}.")
        elif notes is not None and number > 1:
            notes.append(
                f"The header {base} stands there more than once; the one in column {position} is called {name}."
            )
        taken.add(name.casefold())
        names.append(name)
    return tuple(names)


def _rows(text: str, delimiter: str, quote: str) -> list[list[str]]:
    """The first records of a sample. An odd quote can swallow the rest of it: the header is far above."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quotechar=quote)
    rows: list[list[str]] = []
    try:
        for row in reader:
            rows.append(row)
            if len(rows) >= _ROWS:
                break
    except csv.Error:
        pass
    return rows


def _record_at(text: str, delimiter: str, quote: str, line: int) -> int | None:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quotechar=quote)
    before = 0
    for index, _ in enumerate(reader):
        if before + 1 <= line <= reader.line_num:
            return index
        before = reader.line_num
    return None


def _delimiter(text: str, quote: str, known: Callable[[list[str]], int]) -> str:
    """The sign that cuts most rows into the same number of fields; more fields, and headers that are known, win a tie."""
    best, best_score = ",", (0.0, False, 0, 0)
    for candidate in DELIMITERS:
        rows = [row for row in _rows(text, candidate, quote) if any(cell.strip() for cell in row)]
        if not rows:
            continue
        width, count = Counter(map(len, rows)).most_common(1)[0]
        if width < 2:
            continue
        share = count / len(rows)
        tops = [row for row in rows[:20] if len(row) == width]
        headers = max((known(row) for row in tops), default=0)
        score = (1.0 if share >= 0.95 else round(share, 1), any(map(_is_header, tops)), headers, width)
        if score > best_score:
            best, best_score = candidate, score
    return best


def find_header(filled: list[tuple[int, list[str]]], name: str, known: Callable[[list[str]], int]) -> int:
    """The row with the most headers that are known; else the first one as wide as the table with a word in nearly every cell."""
    named = [(known(row), index) for index, row in filled[:_TOP] if 2 * known(row) >= len(row)]
    most = max((count for count, _ in named), default=0)
    if most >= 2:
        return next(index for count, index in named if count == most)
    width, _ = Counter(len(row) for _, row in filled).most_common(1)[0]
    for index, row in filled[:_TOP]:
        if width - 1 <= len(row) <= width + 1 and _is_header(row):
            return index
    raise LoadError(
        f"{name} seems to have no header row: its first row is {', '.join(filled[0][1][:6])}. Add one, or give the headers in "
        'a mapping: [[file]] with match = "…" and header = ["order_id", "…"].',
        file=name,
    )


def _is_header(row: list[str]) -> bool:
    """Every cell but at most one is filled with a word of its own; numbers and dates are no headers."""
    cells = [cell.strip() for cell in row]
    words = [cell for cell in cells if cell and not _NUMBER.match(cell) and not _DATE.match(cell)]
    return len(words) >= max(1, len(cells) - 1) and len(set(words)) == len(words)
