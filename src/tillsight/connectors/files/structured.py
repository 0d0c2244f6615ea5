"""Reading JSON: one object a line (NDJSON), a list of objects, or an object that holds one or more lists of objects.

The bounds of the objects are found over all bytes at once, so that each row keeps the physical line on which it starts;
where several start on one line, its number in the list stands instead. An object inside a row is spread into columns
(`customer.id`); a list inside a row stays as JSON text. Rows that are not valid JSON become rejects.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tillsight.connectors.files.cards import cut_table
from tillsight.connectors.files.raw import LINE, Broken, Progress, RawColumn, RawTable, identifier, literal
from tillsight.connectors.files.sealing import parquet_writer, scan
from tillsight.connectors.files.sources import Source
from tillsight.connectors.files.text import find_encoding, name_headers
from tillsight.core.cards import cut_text
from tillsight.core.errors import LoadError

_PIECE = 8 << 20
# A JSON document is held in memory as a whole; NDJSON of any size is read in pieces.
_LARGEST_DOCUMENT = 2 << 30
_DEPTH = 3
_TEXT_SHOWN = 2000
_NUMBERS = {"UBIGINT", "BIGINT", "DOUBLE", "HUGEINT", "UHUGEINT", "DECIMAL"}


@dataclass(frozen=True)
class _Objects:
    """Texts of objects with their lines; `name` is the key of the list in the document, empty for the only one."""

    name: str
    texts: pa.Array
    lines: npt.NDArray[np.int64]


def read_structured(
    source: Source, folder: Path, stem: str, connection: duckdb.DuckDBPyConnection, progress: Progress
) -> list[RawTable]:
    """Read a JSON or NDJSON file into one Parquet file for each list of objects. Raises LoadError when it holds none."""
    tables = []
    for number, (name, batches) in enumerate(_lists(source)):
        raw = folder / f"{stem}{f'-{number}' if number else ''}.parquet"
        full = f"{source.name}#{name}" if name else source.name
        table = RawTable(name=full, path=raw, format=source.format, columns=(), rows=0, encoding="utf-8")
        _spread(batches, table, connection, progress)
        if table.rows or table.broken:
            tables.append(table)
    if not tables:
        raise LoadError(f"{source.name} holds no list of objects.", file=source.name)
    return tables


def _lists(source: Source) -> Iterator[tuple[str, Iterator[_Objects]]]:
    if source.format == "ndjson":
        yield "", _by_line(source)
        return
    data = _document(source)
    first = data.lstrip()[:1]
    if first == b"[" or (first == b"{" and not _is_lines(data)):
        for objects in _in_document(data, source.name):
            yield objects.name, iter([objects])
    else:
        yield "", _by_line(source)


def _document(source: Source) -> bytes:
    with source.open() as stream:
        data = stream.read(_LARGEST_DOCUMENT + 1)
    if len(data) > _LARGEST_DOCUMENT:
        raise LoadError(
            f"{source.name} is too large for one JSON document. Write it as NDJSON: one object a line.",
            file=source.name,
        )
    with source.open() as stream:
        encoding = find_encoding(stream)
    if encoding.name == "utf-8":
        return data[encoding.skip :]
    return data[encoding.skip :].decode(encoding.name, errors="replace").encode("utf-8")


def _is_lines(data: bytes) -> bool:
    """The first line is a whole object and another one follows: NDJSON under the name of JSON."""
    first, _, rest = data.lstrip().partition(b"\n")
    try:
        return isinstance(json.loads(first), dict) and rest.lstrip()[:1] == b"{"
    except ValueError:
        return False


def _by_line(source: Source) -> Iterator[_Objects]:
    """Lines in pieces of a few megabytes."""
    line, rest = 1, b""
    with source.open() as stream:
        encoding = find_encoding(stream)
    import codecs

    with source.open() as stream:
        stream.read(encoding.skip)
        decoder = codecs.getincrementaldecoder(encoding.name)(errors="replace")
        while True:
            piece = stream.read(_PIECE)
            data = rest + decoder.decode(piece, not piece).encode("utf-8")
            cut = len(data) if not piece else data.rfind(b"\n") + 1
            whole, rest = data[:cut], data[cut:]
            if whole:
                ends = np.flatnonzero(np.frombuffer(whole, dtype=np.uint8) == 10).astype(np.int64)
                stops = ends if whole[-1:] == b"\n" else np.append(ends, len(whole))
                starts = np.concatenate(([0], ends + 1))[: len(stops)]
                yield _Objects("", _slices(whole, starts, stops), np.arange(line, line + len(stops)))
                line += len(ends)
            if not piece:
                return


def _in_document(data: bytes, name: str) -> list[_Objects]:
    """Every list of objects at the top, or under a key of the top object."""
    signs = np.frombuffer(data, dtype=np.uint8)
    outside = _outside_strings(signs)
    opening = outside & ((signs == ord("{")) | (signs == ord("[")))
    closing = outside & ((signs == ord("}")) | (signs == ord("]")))
    at = np.flatnonzero(opening | closing)
    if len(at) == 0:
        raise LoadError(f"{name} holds no list of objects.", file=name)
    turn = np.where(opening[at], 1, -1)
    depth = np.cumsum(turn)
    if depth[-1] != 0 or depth.min() < 0:
        raise LoadError(f"{name} is not valid JSON: a bracket is not closed. Export or copy it again.", file=name)
    lines = np.concatenate(([0], np.cumsum(signs == 10)))
    level = 1 if signs[at[0]] == ord("[") else 2
    if level == 1:
        return [_elements(data, signs, at, turn, depth, lines, "", 1, 0, len(at))]
    lists = []
    heads = np.flatnonzero((depth == level) & (turn == 1) & (signs[at] == ord("[")))
    for head in heads:
        tail = head + int(np.argmax(depth[head:] == level - 1))
        key = _key_before(data, int(at[head]))
        lists.append(_elements(data, signs, at, turn, depth, lines, key, level, int(head), int(tail) + 1))
    lists = [objects for objects in lists if len(objects.texts)]
    if len(lists) == 1:
        return [_Objects("", lists[0].texts, lists[0].lines)]
    if lists:
        return lists
    whole = _slices(data, at[:1], at[-1:] + 1)
    return [_Objects("", whole, np.array([int(lines[at[0]]) + 1]))]


def _elements(
    data: bytes,
    signs: npt.NDArray[np.uint8],
    at: npt.NDArray[np.int64],
    turn: npt.NDArray[np.int64],
    depth: npt.NDArray[np.int64],
    lines: npt.NDArray[np.int64],
    key: str,
    level: int,
    first: int,
    last: int,
) -> _Objects:
    """The objects directly inside one list."""
    span = slice(first, last)
    begins = at[span][(depth[span] == level + 1) & (turn[span] == 1)]
    stops = at[span][(depth[span] == level) & (turn[span] == -1)][: len(begins)]
    are_objects = signs[begins] == ord("{")
    begins, stops = begins[are_objects], stops[are_objects]
    at_lines = lines[begins] + 1
    if len(at_lines) > 1 and (np.diff(at_lines) == 0).any():
        at_lines = np.arange(1, len(begins) + 1)
    return _Objects(key, _slices(data, begins, stops + 1), at_lines)


def _key_before(data: bytes, position: int) -> str:
    """The key in front of a list: `"orders": [`."""
    before = data[max(0, position - 1000) : position].rstrip().removesuffix(b":").rstrip()
    end = len(before) - 1
    start = before.rfind(b'"', 0, end)
    return before[start + 1 : end].decode("utf-8", errors="replace")


def _outside_strings(signs: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """Which bytes stand outside of strings. A backslash run of odd length takes the quote behind it out of play."""
    quotes = np.flatnonzero(signs == ord('"'))
    slashes = np.flatnonzero(signs == ord("\\"))
    if len(slashes):
        first = np.flatnonzero(np.diff(slashes, prepend=-2) != 1)
        length = np.diff(first, append=len(slashes))
        behind = slashes[first] + length
        escaped = behind[(length & 1) == 1]
        quotes = quotes[~np.isin(quotes, escaped)]
    toggles = np.zeros(len(signs), dtype=np.int8)
    toggles[quotes] = 1
    outside: npt.NDArray[np.bool_] = (np.cumsum(toggles) & 1) == 0
    return outside


def _slices(data: bytes, starts: npt.NDArray[np.int64], stops: npt.NDArray[np.int64]) -> pa.Array:
    """Pieces of a text as an array of strings, without a loop: offsets of pieces and gaps, then every other one."""
    if len(starts) == 0:
        return pa.array([], type=pa.large_string())
    offsets = np.empty(2 * len(starts) + 1, dtype=np.int64)
    offsets[0:-1:2], offsets[1::2] = starts, stops
    offsets[-1] = stops[-1]
    whole = pa.LargeBinaryArray.from_buffers(
        pa.large_binary(), len(offsets) - 1, [None, pa.py_buffer(offsets), pa.py_buffer(data)]
    )
    return whole.take(pa.array(np.arange(0, 2 * len(starts), 2))).cast(pa.large_string(), safe=False)


def _spread(
    batches: Iterator[_Objects], table: RawTable, connection: duckdb.DuckDBPyConnection, progress: Progress
) -> None:
    """Write the objects as columns of text: once as they are, to learn their keys; then spread."""
    scratch = table.path.with_suffix(".objects")
    schema = pa.schema([(LINE, pa.int64()), ("object", pa.large_string())])
    seen = 0
    with parquet_writer(scratch, schema) as writer:
        for objects in batches:
            writer.write_table(pa.table({LINE: objects.lines, "object": objects.texts}, schema=schema))
            seen += len(objects.lines)
            progress("read", seen, None, f"{table.name}: {seen:,} rows")
    try:
        relation = scan(scratch)
        good = "CASE WHEN json_valid(object) THEN json_type(object) = 'OBJECT' ELSE FALSE END"
        for line, text in connection.execute(
            f"SELECT {LINE}, left(object, {_TEXT_SHOWN}) FROM {relation} "
            f"WHERE NOT {good} AND trim(object) <> '' "
            f"ORDER BY {LINE}"
        ).fetchall():
            table.broken.append(Broken(line, "text that is not a JSON object", cut_text(text)[0]))
        connection.execute(
            f"CREATE OR REPLACE TEMP VIEW objects AS SELECT {LINE}, TRY_CAST(object AS JSON) AS object FROM {relation} WHERE {good}"
        )
        row = connection.execute("SELECT json_group_structure(object) FROM objects").fetchone()
        structure = json.loads(row[0]) if row and row[0] else {}
        if isinstance(structure, dict) and structure:
            _write_columns(structure, table, connection)
    finally:
        scratch.unlink(missing_ok=True)


def _write_columns(structure: dict[str, Any], table: RawTable, connection: duckdb.DuckDBPyConnection) -> None:
    leaves = list(_leaves(structure, ()))
    headers = name_headers([".".join(path) for path, _ in leaves])
    wanted = json.dumps(_all_text(structure, 1), ensure_ascii=False)
    columns = ", ".join(
        f"{_pick(path)} AS {identifier(header)}" for (path, _), header in zip(leaves, headers, strict=True)
    )
    reader = connection.execute(
        f"SELECT {columns}, {LINE} FROM (SELECT {LINE}, json_transform(object, {literal(wanted)}) AS o FROM objects) "
    ).to_arrow_reader(200_000)
    table.columns = tuple(
        RawColumn(header, numeric=kind in _NUMBERS) for header, (_, kind) in zip(headers, leaves, strict=True)
    )
    schema = pa.schema([*((header, pa.string()) for header in headers), (LINE, pa.int64())])
    with parquet_writer(table.path, schema) as writer:
        for batch in reader:
            rows, cards = cut_table(pa.Table.from_batches([batch]).cast(schema))
            table.cards += cards
            table.rows += rows.num_rows
            writer.write_table(rows)


def _leaves(structure: dict[str, Any], path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    for key, kind in structure.items():
        if isinstance(kind, dict) and kind and len(path) + 1 < _DEPTH:
            yield from _leaves(kind, (*path, key))
        else:
            yield (*path, key), kind if isinstance(kind, str) else "JSON"


def _all_text(structure: dict[str, Any], depth: int) -> dict[str, Any]:
    """The structure to read into: text for values, JSON text for lists and what lies deeper."""
    return {
        key: _all_text(kind, depth + 1)
        if isinstance(kind, dict) and kind and depth < _DEPTH
        else ("VARCHAR" if isinstance(kind, str) else "JSON")
        for key, kind in structure.items()
    }


def _pick(path: tuple[str, ...]) -> str:
    value = "o"
    for key in path:
        value = f"struct_extract({value}, {literal(key)})"
    return f"CAST({value} AS VARCHAR)"
