"""Taking persons out of the operational database: returns at the desk, and whatever else names a customer there.

A table is looked through when it has a column of an identifier, by name (`declared`). In the rows of an erased person the
identifiers give way to the same anonymous ones as in landing, so that they still belong together, and free text goes; so
does free text of the rows that hang on them. Photos that hang on them are deleted.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, Column, Table, delete, select, tuple_, update
from sqlalchemy.orm import Session

from tillsight.database import Base, Tombstone
from tillsight.database.sealed import SealedJson
from tillsight.privacy.declared import CONTACT, Kind, kind_of
from tillsight.privacy.tags import compared, surrogate_of, tag_of

FREE = frozenset(
    {
        "notes", "note", "comment", "inspection_notes", "reason_detail", "override_reason", "rejection_reason",
        "tracking_number", "label_number", "source_row", "changed", "conflict", "customer_name", "address", "postcode",
    }
)  # fmt: skip
"""Columns that may tell of a customer in words, or hold a whole row of a file."""
GOING = frozenset({"desk_photos"})
"""Tables whose rows may show a customer, or what he owns, and go with him."""


def clear_records(session: Session, key: bytes, default_shop: str) -> dict[str, int]:
    """Take everybody with a tombstone out of the operational tables. Rows that were changed, by table.

    `default_shop`: whose numbers stand in a table that names no shop. Doing it again changes nothing.
    """
    stones = {(stone.kind, stone.tag): stone.mode for stone in session.scalars(select(Tombstone))}
    cleared: dict[str, int] = {}
    for table in Base.metadata.sorted_tables:
        columns = [(column, kind) for column in table.columns if (kind := kind_of(column.name)) is not None]
        if columns and (rows := _clear(session, table, columns, key, stones, default_shop)):
            cleared[table.name] = rows
    return cleared


def _clear(
    session: Session,
    table: Table,
    columns: list[tuple[Column[Any], Kind]],
    key: bytes,
    stones: dict[tuple[str, str], str],
    default_shop: str,
) -> int:
    own = tuple(table.primary_key.columns)
    found: set[tuple[Any, ...]] = set()
    for column, kind in columns:
        shop = table.columns.get("shop_id")
        said = session.execute(
            select(column, *([shop] if shop is not None else [])).where(column.is_not(None)).distinct()
        ).all()
        for value, *of in said:
            one = compared(kind, str(value), of[0] if of else default_shop)
            mode = stones.get((kind, tag_of(key, kind, one)))
            if mode is None:
                continue
            theirs = [column == value, *([shop == of[0]] if shop is not None else [])]
            found |= {tuple(row) for row in session.execute(select(*own).where(*theirs))}
            if mode == "erase" or kind in CONTACT:
                session.execute(update(table).where(*theirs).values({column: surrogate_of(key, kind, one)}))
    if found:
        _clear_text(session, table, tuple_(*own).in_(found))
        for other in Base.metadata.sorted_tables:
            for link in other.foreign_keys:
                if link.column.table is table and len(own) == 1 and other.name in GOING:
                    session.execute(delete(other).where(link.parent.in_([row[0] for row in found])))
                elif link.column.table is table and len(own) == 1:
                    _clear_text(session, other, link.parent.in_([row[0] for row in found]))
    return len(found)


def _clear_text(session: Session, table: Table, condition: Any) -> None:
    empty = {
        column: None if column.nullable else ({} if isinstance(column.type, (JSON, SealedJson)) else "")
        for column in table.columns
        if column.name in FREE
    }
    if empty:
        session.execute(update(table).where(condition).values(empty))
