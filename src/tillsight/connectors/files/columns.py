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
_BLANKS = " \t\r\n\u00a0\u202f\ufeff"
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

    `name`: the canonical column; `label`: its headers. `made`: SQL of the trimmed text; `unknown`: texts that mean unknown.
    `typed`: SQL of the value in its own type where the source has types; None for text. `shown`: SQL of the value as it
    stands in the source, for the rejects. `numeric`: the format itself says that the values are numbers.
    """

    name: str
    label: str
    made: str
    shown: str
    unknown: frozenset[str]
    kind: Kind = "text"
    typed: str | None = None
    numeric: bool = False
    how: ColumnMapping = field(default_factory=lambda: ColumnMapping(constant=""))

    @property
    def text(self) -> str:
        """SQL of the text, in the relation that `with_texts` gives."""
        return identifier(f"{self.name}>text")


def input_of(
    name: str, how: ColumnMapping, columns: dict[str, RawColumn], null: tuple[str, ...], *, words: bool
) -> Input:
    """The input for the column `name`. `words`: it is to hold text, where fewer words mean unknown."""
    headers = how.column
    unknown = _unknown(null, words=words)
    if not headers:
        value = "true" if how.constant is True else "false" if how.constant is False else str(how.constant)
        return Input(name, "constant", literal(value), literal(value), frozenset(), how=how)
    if len(headers) > 1:
        parts = [_trimmed(_as_text(columns[header])) for header in headers]
        parts = [f"nullif({part}, '')" for part in parts]
        together = f"({f' || {literal(how.join or chr(32))} || '.join(parts)})"
        return Input(name, " + ".join(headers), together, together, unknown, how=how)
    column = columns[headers[0]]
    kind = kind_of(column.type)
    shown = _as_text(column)
    if kind != "text" and not null:
        return Input(name, headers[0], shown, shown, frozenset(), kind, identifier(column.name), how=how)
    return Input(name, headers[0], _trimmed(shown), shown, unknown, numeric=column.numeric, how=how)


def with_texts(relation: str, inputs: Iterable[Input]) -> str:
    """SQL of the relation with the texts of some inputs, each made once: trimmed, then compared with the words for unknown."""
    trimmed, known = [], []
    for given in inputs:
        name = identifier(f"{given.name}>trim")
        trimmed.append(f"{given.made} AS {name}")
        words = ", ".join(map(literal, sorted(given.unknown)))
        if not given.unknown:
            known.append(f"{name} AS {given.text}")
            continue
        known.append(f"CASE WHEN {name} NOT IN ({words}) THEN {name} END AS {given.text}")
    if not known:
        return relation
    return f"(SELECT *, {', '.join(known)} FROM (SELECT *, {', '.join(trimmed)} FROM {relation}))"


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


def _trimmed(text: str) -> str:
    """Trimming looks at every sign; most values have nothing to trim, and their ends show it."""
    ends = ", ".join(map(literal, _BLANKS))
    return f"CASE WHEN {text}[1] IN ({ends}) OR {text}[-1] IN ({ends}) THEN trim({text}, {literal(_BLANKS)}) ELSE {text} END"


def not_clean(text: str) -> str:
    """SQL that is true for a text that reading would change: it has blanks at its ends, is empty, or means unknown."""
    ends = ", ".join(map(literal, _BLANKS))
    return f"({text}[1] IN ({ends}) OR {text}[-1] IN ({ends}) OR {text} IN ({', '.join(map(literal, ('', *UNKNOWN)))}))"


def _unknown(null: tuple[str, ...], *, words: bool) -> frozenset[str]:
    unknown = {"", *UNKNOWN, *null}
    if not words:
        unknown |= {form for word in UNKNOWN_VALUES for form in (word, word.upper(), word.capitalize())}
    return frozenset(unknown)
