"""Columns of a source as SQL: their text, trimmed, and what of it means "unknown". Shared by numbers, dates and words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from tillsight.connectors.files.mapping import ColumnMapping
from tillsight.connectors.files.raw import RawColumn, identifier, literal

Kind = Literal["text", "number", "float", "day", "moment", "zoned", "boolean"]

# What machines write for "unknown". Words that a person may mean (none, unknown, -) are not among them.
UNKNOWN = ("NULL", "\\N", "NaN", "nan", "<NA>", "#N/A", "NaT")
# In columns that hold no words, these mean unknown too.
UNKNOWN_VALUES = ("null", "none", "n/a", "na", "nan", "-", "--", "#n/a", "#value!", "#ref!", "nat", "<na>", "?")
_BLANKS = literal(" \t\r\n\u00a0\u202f\ufeff")
_NUMBERS = (
    "TINYINT",
    "SMALLINT",
    "INTEGER",
    "BIGINT",
    "HUGEINT",
    "UTINYINT",
    "USMALLINT",
    "UINTEGER",
    "UBIGINT",
    "UHUGEINT",
)


@dataclass(frozen=True)
class Input:
    """The values of one canonical column before they are read: from one or more columns, or a constant.

    `text`: SQL of the trimmed text, null where unknown: a column that `made` makes. `typed`: SQL of the value in its own
    type where the source has types; None for text. `shown`: SQL of the value as it stands in the source, for the rejects.
    `label`: its headers. `numeric`: the format itself says that the values are numbers.
    """

    label: str
    text: str
    made: str
    shown: str
    kind: Kind = "text"
    typed: str | None = None
    numeric: bool = False
    how: ColumnMapping = field(default_factory=lambda: ColumnMapping(constant=""))


def input_of(
    name: str, how: ColumnMapping, columns: dict[str, RawColumn], null: tuple[str, ...], *, words: bool
) -> Input:
    """The input for the column `name`. `words`: it is to hold text, where fewer words mean unknown."""
    text = identifier(f"{name}>text")
    headers = how.column
    if not headers:
        value = "true" if how.constant is True else "false" if how.constant is False else str(how.constant)
        return Input("constant", text, _known(literal(value), null, words=words), literal(value), how=how)
    if len(headers) > 1:
        parts = [_known(_as_text(columns[header]), null, words=words) for header in headers]
        together = f"({f' || {literal(how.join or chr(32))} || '.join(parts)})"
        return Input(" + ".join(headers), text, together, together, how=how)
    column = columns[headers[0]]
    kind = kind_of(column.type)
    shown = _as_text(column)
    if kind != "text" and not null:
        return Input(headers[0], text, shown, shown, kind, identifier(column.name), how=how)
    return Input(headers[0], text, _known(shown, null, words=words), shown, numeric=column.numeric, how=how)


def with_texts(relation: str, inputs: Iterable[Input]) -> str:
    """SQL of the relation with the texts of some inputs, each made once."""
    made = [f"{given.made} AS {given.text}" for given in inputs]
    return f"(SELECT *, {', '.join(made)} FROM {relation})" if made else relation


def kind_of(type_: str) -> Kind:
    """What a DuckDB type holds."""
    if type_ in _NUMBERS or type_.startswith("DECIMAL"):
        return "number"
    if type_ in ("DOUBLE", "FLOAT"):
        return "float"
    if type_ == "DATE":
        return "day"
    if type_ == "BOOLEAN":
        return "boolean"
    if type_ == "TIMESTAMP WITH TIME ZONE":
        return "zoned"
    return "moment" if type_.startswith("TIMESTAMP") else "text"


def _as_text(column: RawColumn) -> str:
    name = identifier(column.name)
    kind = kind_of(column.type)
    if column.type == "VARCHAR":
        return name
    if kind == "float":
        # 17850.0 is the number 17850: spreadsheets and data frames turn numbers into floats when a value is missing.
        return f"regexp_replace(CAST({name} AS VARCHAR), '\\.0$', '')"
    if kind == "zoned":
        return f"CAST(timezone('UTC', {name}) AS VARCHAR) || 'Z'"
    return f"CAST({name} AS VARCHAR)"


def _known(text: str, null: tuple[str, ...], *, words: bool) -> str:
    trimmed = f"trim({text}, {_BLANKS})"
    unknown = {"", *UNKNOWN, *null}
    if not words:
        unknown |= {form for word in UNKNOWN_VALUES for form in (word, word.upper(), word.capitalize())}
    return f"CASE WHEN {trimmed} NOT IN ({', '.join(map(literal, sorted(unknown)))}) THEN {trimmed} END"
