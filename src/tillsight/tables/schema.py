"""How a canonical table is declared: what a row is, its key, its columns with units, and what must hold.

From one declaration come the validation of every load, the DDL of every engine, the recognition of a file by its
headers and the reference documentation.

Types, and what each becomes in an engine:

=========  ======================  ==================================================================
type       DuckDB / PostgreSQL     meaning
=========  ======================  ==================================================================
text       VARCHAR                 trimmed; an empty text is unknown (null)
integer    BIGINT                  a count of indivisible things
quantity   DECIMAL(18, 4)          units of a product, or a count, that may be a fraction
money      DECIMAL(18, 6)          an amount in the currency of its row; keeps the scale of the source
rate       DECIMAL(18, 9)          an exchange rate, a percentage (12.5 is 12.5 %), a score
number     DOUBLE                  a measurement: weight, temperature, seconds
boolean    BOOLEAN
day        DATE                    a calendar day of the shop
moment     TIMESTAMP               an instant in UTC; a source without a zone means the shop's zone
=========  ======================  ==================================================================
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

Type = Literal["text", "integer", "quantity", "money", "rate", "number", "boolean", "day", "moment"]

DUCKDB_TYPES: dict[Type, str] = {
    "text": "VARCHAR",
    "integer": "BIGINT",
    "quantity": "DECIMAL(18, 4)",
    "money": "DECIMAL(18, 6)",
    "rate": "DECIMAL(18, 9)",
    "number": "DOUBLE",
    "boolean": "BOOLEAN",
    "day": "DATE",
    "moment": "TIMESTAMP",
}

IBIS_TYPES: dict[Type, str] = {
    "text": "string",
    "integer": "int64",
    "quantity": "decimal(18, 4)",
    "money": "decimal(18, 6)",
    "rate": "decimal(18, 9)",
    "number": "float64",
    "boolean": "boolean",
    "day": "date",
    "moment": "timestamp",
}


@lru_cache(maxsize=100_000)
def header_key(header: str) -> str:
    """A header as headers are compared: no case, spaces or punctuation (`Order ID` and `order_id` are the same)."""
    return "".join(sign for sign in unicodedata.normalize("NFKC", header).casefold() if sign.isalnum())


@dataclass(frozen=True)
class Column:
    """One column.

    `values`: the codes that are allowed (stored in lower case); anything else is a reject. `value_synonyms`: pairs of
    another spelling in sources and the code it means, both in lower case.
    `minimum`, `maximum`: bounds, inclusive. `references`: `table.column` that should exist (checked at the build,
    shown, never a reject: tables arrive in any order). `synonyms`: other headers that mean this column, besides its
    own name; compared by `header_key`; when a file has several, the column's own name wins, then the synonym listed
    first. `time_headers`: headers of a time of day that is added to a moment where a source keeps day and time apart.
    `personal`: names or finds a person. `default`: the value where the source has none, as text; a required
    `shop_id` or `currency` takes that of the settings.
    """

    name: str
    type: Type
    description: str
    unit: str | None = None
    required: bool = False
    values: tuple[str, ...] = ()
    value_synonyms: tuple[tuple[str, str], ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    references: str | None = None
    synonyms: tuple[str, ...] = ()
    time_headers: tuple[str, ...] = ()
    personal: bool = False
    default: str | None = None


@dataclass(frozen=True)
class Check:
    """A rule between the columns of one row, checked at the build over the whole table.

    `condition` is an SQL condition in the common subset of all engines that is true for a good row; null counts as
    true.
    """

    name: str
    condition: str
    description: str


@dataclass(frozen=True)
class Table:
    """One canonical table.

    `grain`: what a row is, in one sentence. `key`: the columns that identify a row within a source; a table whose
    sources have no line key lists `line_id` last, which the mapping fills from content and occurrence when the source
    has none. `time`: the day or moment column that dates a row, for partitions and for replacing a span of days; None
    for master data. Every table has `shop_id` as its first column and as the first part of its key.
    `line_from`: the columns that make `line_id` where the source has none, so that a restated row replaces the one
    before; empty: the whole content of the row. `synonyms`: other names of files and sheets that hold the table.
    """

    name: str
    title: str
    domain: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    time: str | None = None
    checks: tuple[Check, ...] = ()
    line_from: tuple[str, ...] = field(default=(), kw_only=True)
    synonyms: tuple[str, ...] = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        names = [column.name for column in self.columns]
        if len(set(names)) != len(names):
            raise ValueError(f"{self.name}: a column is declared twice")
        if names[0] != "shop_id" or self.key[0] != "shop_id":
            raise ValueError(f"{self.name}: shop_id comes first, in the columns and in the key")
        used = (*self.key, *self.line_from, *([self.time] if self.time else []))
        missing = [name for name in used if name not in names]
        if missing:
            raise ValueError(f"{self.name}: unknown column in key, time or line_from: {missing}")
        if self.line_from and self.key[-1] != "line_id":
            raise ValueError(f"{self.name}: line_from needs line_id as the last part of the key")
        claims: dict[str, str] = {}
        for column in self.columns:
            for header in (column.name, *column.synonyms, *column.time_headers):
                other = claims.setdefault(header_key(header), column.name)
                if other != column.name:
                    raise ValueError(f"{self.name}: the header {header} means both {other} and {column.name}")

    def column(self, name: str) -> Column:
        """A column by name; KeyError names the table too."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.name}.{name}")

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names in the declared order."""
        return tuple(column.name for column in self.columns)


SHOP = Column(
    "shop_id", "text", "The shop that the row belongs to.", required=True, synonyms=("shop", "store_code", "shop_code")
)


def ddl(table: Table, name: str | None = None) -> str:
    """CREATE TABLE for DuckDB and PostgreSQL."""
    lines = [
        f'  "{column.name}" {DUCKDB_TYPES[column.type]}'
        + (" NOT NULL" if column.required or column.name in table.key else "")
        for column in table.columns
    ]
    lines.append(f"  PRIMARY KEY ({', '.join(f'{chr(34)}{key}{chr(34)}' for key in table.key)})")
    body = ",\n".join(lines)
    return f'CREATE TABLE "{name or table.name}" (\n{body}\n)'
