"""Taking persons out of one load: its canonical rows, the rows as they came, and its rejects.

In a row of an erased person identifiers give way to anonymous ones, the same for the same person everywhere, and what is
personal besides becomes unknown (`declared`). So rows still belong together and every total stays what it was. The row as it
came is emptied. Files are rewritten whole and renamed into place; a file where nothing was found is left alone, and doing it
again changes nothing.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from tillsight.privacy.declared import CONTACT, EVERYWHERE, Kind, Personal, header_kinds, personal_tables
from tillsight.privacy.landed import Landed, name_tables
from tillsight.privacy.persons import define_links, join, linked_tables
from tillsight.privacy.tags import compared_sql, surrogate_sql
from tillsight.tables.registry import TABLES
from tillsight.tables.schema import header_key
from tillsight.warehouse.duck import is_sealed, literal, parquet_options, quoted, read_files

REJECTS = "rejects.parquet"
_CONTENT_MADE = "^[0-9a-f]{20}-[0-9]+$"
"""A line number that was made from the content of its row (`connectors.files.lines`)."""
_MAILS = """list_transform(regexp_extract_all(concat_ws(' ', value, "row"), '[^\\s"''<>,;|]+@[^\\s"''<>,;|]+'), m -> lower(m))"""
"""SQL of the addresses that a reject names."""
_WORDS = (
    """CASE WHEN starts_with("row", '{"text"') THEN list_transform(regexp_split_to_array("row", '[",;|:{}]+|\\\\t'), w -> trim(w)) """
    "ELSE [] END"
)
"""SQL of the fields of a line that could not be cut into fields."""
_NUMBERS: tuple[Kind, ...] = ("customer", "member", "order")


@dataclass
class Cut:
    """What was changed in a load: canonical rows by table, raw rows, rejects; and identifiers that came up newly."""

    tables: dict[str, int] = field(default_factory=dict)
    raw: int = 0
    rejects: int = 0
    new: list[tuple[Kind, str, str]] = field(default_factory=list)
    """Kind, value as it is compared, and mode."""

    @property
    def rows(self) -> int:
        """Everything that was changed."""
        return sum(self.tables.values()) + self.raw + self.rejects


def cut(connection: duckdb.DuckDBPyConnection, load: Landed) -> Cut:
    """Take out of a load everybody whose tags stand in the table `tombstones` (kind, tag, mode) of the connection.

    `tag_of` must be defined (`tags.define_tag`). Rows of the load may lead from an erased person to identifiers that no
    tombstone knows, such as a new order; they are taken out too, and are told.
    """
    done = Cut()
    if not _hits(connection, load):
        return done
    done.new = _follow(connection, load)
    connection.execute("CREATE OR REPLACE TEMP TABLE cut_lines (file VARCHAR, line BIGINT)")
    for name, personal in personal_tables().items():
        file = load.file(name)
        if file is not None and (rows := _cut_table(connection, personal, file)):
            done.tables[name] = rows
    for path, name in load.raw().items():
        done.raw += _cut_raw(connection, load, path, name)
    done.rejects = _cut_rejects(connection, load.folder / REJECTS)
    return done


def _hits(connection: duckdb.DuckDBPyConnection, load: Landed) -> bool:
    """Fill `hits` (kind, value, mode) with the identifiers of the load that have a tombstone; whether there are any."""
    parts: list[str] = []
    for name, personal in personal_tables().items():
        file = load.file(name)
        if file is not None:
            parts += [
                f"SELECT '{kind}' AS kind, {compared_sql(kind, column)} AS value FROM {read_files([file])}"
                for column, kind in personal.identifiers
            ]
    shops = _shops(connection, load)
    for path in load.raw():
        for column, kinds in _raw_kinds(connection, path).items():
            parts += [
                f"SELECT '{kind}' AS kind, {compared_sql(kind, column, shop)} AS value FROM {read_files([path])}"
                for kind in kinds
                for shop in (("''",) if kind in EVERYWHERE else shops)
            ]
    rejects = load.folder / REJECTS
    if rejects.is_file():
        parts.append(f"SELECT 'email' AS kind, unnest({_MAILS}) AS value FROM {read_files([rejects])}")
        parts += [
            f"SELECT '{kind}' AS kind, {shop} || chr(31) || unnest({_WORDS}) AS value FROM {read_files([rejects])}"
            for kind in _NUMBERS
            for shop in shops
        ]
    source = " UNION ".join(parts) or "SELECT NULL AS kind, NULL AS value"
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE hits AS SELECT v.kind, v.value, t.mode FROM "
        f"(SELECT DISTINCT kind, value FROM ({source}) WHERE value IS NOT NULL) v "
        "JOIN tombstones t ON t.kind = v.kind AND t.tag = tag_of(v.kind, v.value)"
    )
    return bool((connection.execute("SELECT count(*) FROM hits").fetchone() or (0,))[0])


def _follow(connection: duckdb.DuckDBPyConnection, load: Landed) -> list[tuple[Kind, str, str]]:
    """Add to `hits` the orders, returns and visits that the load says are those of the persons that were hit.

    No more than that: whether an address is shared with others, one load alone cannot tell.
    """
    name_tables(connection, [load], linked_tables)
    define_links(connection)
    connection.execute("CREATE OR REPLACE TEMP TABLE ids AS SELECT kind, value FROM hits")
    join(connection, ("order", "return", "session"))
    new = connection.execute(
        "SELECT kind, value, (SELECT max(mode) FROM hits) AS mode FROM ids "
        "WHERE (kind, value) NOT IN (SELECT (kind, value) FROM hits) ORDER BY ALL"
    ).fetchall()
    if new:
        connection.executemany("INSERT INTO hits VALUES (?, ?, ?)", [list(row) for row in new])
    return [(row[0], row[1], row[2]) for row in new]


def _cut_table(connection: duckdb.DuckDBPyConnection, personal: Personal, file: Path) -> int:
    """Rewrite the canonical rows of one table; the number of rows that were a person's."""
    hit = " OR ".join(_is_hit(kind, compared_sql(kind, column)) for column, kind in personal.identifiers)
    whole = " OR ".join(_is_hit(kind, compared_sql(kind, column), "erase") for column, kind in personal.identifiers)
    source = f"(SELECT *, ({hit}) AS _hit, ({whole}) AS _whole FROM {read_files([file])})"
    connection.execute(
        f"INSERT INTO cut_lines SELECT DISTINCT _file, _line FROM {source} WHERE _hit AND _line IS NOT NULL"
    )
    rows = int((connection.execute(f"SELECT count(*) FROM {source} WHERE _hit").fetchone() or (0,))[0])
    if not rows:
        return 0
    replaced = [_identifier(column, kind) for column, kind in personal.identifiers]
    table = TABLES[personal.table]
    for column in personal.cleared:
        gone = "'erased'" if table.column(column).required else "NULL"
        replaced.append(f"CASE WHEN _hit THEN {gone} ELSE {quoted(column)} END AS {quoted(column)}")
    replaced += [
        f"CASE WHEN _hit THEN regexp_extract({quoted(column)}, '^[^?#]*') ELSE {quoted(column)} END AS {quoted(column)}"
        for column in personal.cut
    ]
    replaced += [
        f"CASE WHEN _whole AND regexp_full_match({quoted(column)}, '{_CONTENT_MADE}') "
        f"THEN 'erased-' || left(tag_of('line', {quoted(column)}), 20) ELSE {quoted(column)} END AS {quoted(column)}"
        for column in personal.lines
    ]
    names = ", ".join(quoted(name) for name in (*table.column_names, "_file", "_line"))
    rewrite(connection, file, f"SELECT {names} FROM (SELECT * REPLACE ({', '.join(replaced)}) FROM {source})")
    return rows


def _identifier(column: str, kind: Kind) -> str:
    """What becomes of an identifier: an anonymous one where its person is erased, or is only anonymised and it is a contact.

    The address and number on a person's row go even where others have them too.
    """
    value, name = compared_sql(kind, column), quoted(column)
    gone = "_hit" if kind in CONTACT else _is_hit(kind, value, "erase")
    return f"CASE WHEN {gone} AND {value} IS NOT NULL THEN {surrogate_sql(kind, value)} ELSE {name} END AS {name}"


def _is_hit(kind: Kind, value: str, mode: str | None = None) -> str:
    only = f" AND mode = '{mode}'" if mode else ""
    return f"coalesce({value} IN (SELECT value FROM hits WHERE kind = '{kind}'{only}), false)"


def _cut_raw(connection: duckdb.DuckDBPyConnection, load: Landed, path: Path, name: str) -> int:
    """Empty the rows of a file, as they came, that are a person's by their line or by what stands in them."""
    conditions = [f"_line IN (SELECT line FROM cut_lines WHERE file = {literal(name)})"]
    shops = _shops(connection, load)
    for column, kinds in _raw_kinds(connection, path).items():
        conditions += [
            _is_hit(kind, compared_sql(kind, column, shop))
            for kind in kinds
            for shop in (("''",) if kind in EVERYWHERE else shops)
        ]
    source = f"(SELECT *, ({' OR '.join(conditions)}) AS _hit FROM {read_files([path])})"
    described = connection.execute(f"DESCRIBE SELECT * FROM {read_files([path])}").fetchall()
    columns = [row[0] for row in described]
    connection.execute(f"INSERT INTO cut_lines SELECT {literal(name)}, _line FROM {source} WHERE _hit")
    filled = " OR ".join(f"{quoted(column)} IS NOT NULL" for column in columns if column != "_line") or "false"
    rows = int((connection.execute(f"SELECT count(*) FROM {source} WHERE _hit AND ({filled})").fetchone() or (0,))[0])
    if rows:
        values = ", ".join(
            quoted(column) if column == "_line" else f"CASE WHEN NOT _hit THEN {quoted(column)} END AS {quoted(column)}"
            for column in columns
        )
        rewrite(connection, path, f"SELECT {values} FROM {source}")
    return rows


def _raw_kinds(connection: duckdb.DuckDBPyConnection, path: Path) -> dict[str, list[Kind]]:
    """Which columns of a file may hold which identifiers: by their header; any text may be an address."""
    kinds: dict[str, list[Kind]] = {}
    headers = header_kinds()
    for name, type_, *_ in connection.execute(f"DESCRIBE SELECT * FROM {read_files([path])}").fetchall():
        if name == "_line" or type_ != "VARCHAR":
            continue
        said = headers.get(header_key(name))
        kinds[name] = ["email"] if said in (None, "email") else ["email", said]
    return kinds


def _shops(connection: duckdb.DuckDBPyConnection, load: Landed) -> list[str]:
    """The shops of the rows of a load, as SQL literals."""
    files = [file for name in personal_tables() if (file := load.file(name))]
    if not files:
        return []
    union = " UNION ".join(f"SELECT shop_id FROM {read_files([file])}" for file in files)
    return [literal(row[0]) for row in connection.execute(f"SELECT DISTINCT shop_id FROM ({union})").fetchall()]


def _cut_rejects(connection: duckdb.DuckDBPyConnection, file: Path) -> int:
    """Empty the rejects of lines that were a person's, and those that name an address of theirs."""
    if not file.is_file():
        return 0
    numbers = ", ".join(f"'{kind}'" for kind in _NUMBERS)
    condition = (
        "((file, line) IN (SELECT (file, line) FROM cut_lines) "
        f"OR list_has_any({_MAILS}, (SELECT coalesce(list(value), []) FROM hits WHERE kind = 'email')) "
        f"OR list_has_any({_WORDS}, (SELECT coalesce(list(split_part(value, chr(31), 2)), []) FROM hits WHERE kind IN ({numbers}))))"
    )
    source = f"(SELECT *, coalesce({condition}, false) AS _hit FROM {read_files([file])})"
    counted = f'SELECT count(*) FROM {source} WHERE _hit AND (value IS NOT NULL OR "row" IS NOT NULL)'
    rows = int((connection.execute(counted).fetchone() or (0,))[0])
    if rows:
        rewrite(
            connection,
            file,
            "SELECT * EXCLUDE (_hit) REPLACE (CASE WHEN NOT _hit THEN value END AS value, "
            f'CASE WHEN NOT _hit THEN "row" END AS "row") FROM {source}',
        )
    return rows


def rewrite(connection: duckdb.DuckDBPyConnection, file: Path, sql: str) -> None:
    """Write a file anew and put it in place of the old one; one that was half written is written over the next time."""
    draft = file.with_name(f".{file.name}.new")
    connection.execute(f"COPY ({sql}) TO {literal(str(draft))} {parquet_options(is_sealed(file))}")
    handle = os.open(draft, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    draft.replace(file)


def leftovers(loads: Sequence[Landed]) -> None:
    """Remove files that a rewriting left which was killed."""
    for load in loads:
        for draft in load.folder.rglob(".*.new"):
            draft.unlink()
