"""The reference page of the canonical tables, as Markdown: grain, key, columns with their units and codes, checks.

`make docs` writes the page that is committed, `docs/reference/tables.md`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tillsight.tables.registry import TABLES
from tillsight.tables.schema import DUCKDB_TYPES, Column, Table, Type

DOMAIN_TITLES = {
    "shop": "Shop and calendar",
    "sales": "Sales",
    "customers": "Customers",
    "inventory": "Inventory",
    "returns": "Returns",
    "ads": "Advertising and the web site",
    "pricing": "Pricing",
    "seasons": "Seasons",
    "loyalty": "Loyalty",
}

TYPES: dict[Type, str] = {
    "text": "trimmed; an empty text is unknown",
    "integer": "a count of indivisible things",
    "quantity": "units of a product, or a count that may be a fraction",
    "money": "an exact amount in the currency of the row; keeps the scale of the source",
    "rate": "an exact rate, percentage or score",
    "number": "a measurement",
    "boolean": "true or false",
    "day": "a calendar day of the shop",
    "moment": "an instant, kept in UTC; a source without a zone means the zone of the shop",
}

UNITS: dict[str, str] = {
    "money": "the currency of the row",
    "units": "units of the product, in its unit of measure",
    "count": "how many",
    "percent": "percent: 12.5 is 12.5 %",
    "ratio": "one amount for another",
    "score": "a mark on the scale that the column names",
    "points": "points of the loyalty programme",
    "ordinal": "a place in an order",
    "days": "days",
    "months": "months",
    "year": "a year",
    "seconds": "seconds",
    "ms": "milliseconds",
    "g": "grams",
    "cm": "centimetres",
    "m²": "square metres",
    "degrees": "degrees of latitude or longitude",
}

_INTRODUCTION = """\
# Canonical tables

<!-- Written by make docs. Change the declaration, not this page. -->

Whatever the source, its rows become rows of these tables, and every number is computed from them. A file is recognised
by its headers; a column that no table has stays with the load and is listed there.

## How to read it

- **Key**: what identifies a row within its source. A later load of the same key replaces the row. `line_id` is made
  from the content of the row (or from the columns named) and its occurrence where the source has no line key.
- **Dated by**: the column by which a span of days can be replaced.
- **Needed**: *yes*, a row without it is rejected; *else …*, the value where the source has none. `shop_id` and a needed
  `currency` come from the settings where the source has none.
- **Personal**: it names or finds a person; it is left out where personal data are not allowed, and erased on request.
- Codes are kept in lower case; any other code is a reject. An unknown value is empty, never zero.
- References and checks are verified at every build and shown with the numbers that depend on them; they reject nothing.
  A check passes where a value is unknown. Moments are compared with a day of slack, because some sources state only
  days.
"""


def render() -> str:
    """The whole page, ending with a line break."""
    return "\n".join(_page()) + "\n"


def _page() -> Iterator[str]:
    yield _INTRODUCTION
    yield "### Types"
    yield ""
    yield from _grid(
        ("Type", "Kept as", "Meaning"), ((f"`{t}`", f"`{DUCKDB_TYPES[t]}`", text) for t, text in TYPES.items())
    )
    yield ""
    yield "### Units"
    yield ""
    yield from _grid(("Unit", "Meaning"), UNITS.items())
    for domain, title in DOMAIN_TITLES.items():
        tables = [table for table in TABLES.values() if table.domain == domain]
        yield ""
        yield f"## {title}"
        yield ""
        yield from _grid(("Table", "One row is"), ((f"[{t.title}](#{t.name})", t.grain) for t in tables))
        for table in tables:
            yield ""
            yield from _table(table)


def _table(table: Table) -> Iterator[str]:
    yield f'### <a id="{table.name}"></a>{table.title}'
    yield ""
    yield f"`{table.name}`: {table.grain[0].lower() + table.grain[1:]}"
    yield ""
    key = f"- **Key**: {_codes(table.key)}"
    if table.line_from:
        key += f"; `line_id` is made from {_codes(table.line_from)}"
    yield key
    if table.time:
        yield f"- **Dated by**: `{table.time}`"
    if table.synonyms:
        yield f"- **Files and sheets also called**: {', '.join(table.synonyms)}"
    yield ""
    yield from _grid(
        ("Column", "Type", "Unit", "Needed", "Meaning"),
        ((f"`{c.name}`", c.type, c.unit or "", _needed(c), _meaning(c)) for c in table.columns),
    )
    if table.checks:
        yield ""
        yield "Checks:"
        yield ""
        for check in table.checks:
            yield f"- {check.description} (`{check.name}`: `{check.condition}`)"
    yield ""
    yield "<details><summary>Headers and codes that are read too</summary>"
    yield ""
    for column in table.columns:
        yield from _also_read(column)
    yield ""
    yield "</details>"


def _needed(column: Column) -> str:
    if column.default is not None:
        return f"else `{column.default}`"
    return "yes" if column.required else ""


def _meaning(column: Column) -> str:
    parts = [column.description]
    if column.values:
        parts.append(f"Codes: {_codes(column.values)}.")
    bounds = (column.minimum, column.maximum)
    if bounds[0] is not None and bounds[1] is not None:
        parts.append(f"From {bounds[0]:g} to {bounds[1]:g}.")
    elif bounds[0] is not None:
        parts.append(f"At least {bounds[0]:g}.")
    elif bounds[1] is not None:
        parts.append(f"At most {bounds[1]:g}.")
    if column.references:
        table, name = column.references.split(".")
        parts.append(f"→ [{table}.{name}](#{table})")
    if column.personal:
        parts.append("**Personal.**")
    return " ".join(parts)


def _also_read(column: Column) -> Iterator[str]:
    parts = []
    if column.synonyms:
        parts.append(", ".join(column.synonyms))
    if column.time_headers:
        parts.append(f"with the time of day in {', '.join(column.time_headers)}")
    if column.value_synonyms:
        parts.append("codes " + ", ".join(f"{other} = {code}" for other, code in column.value_synonyms))
    if parts:
        yield f"- `{column.name}`: {'; '.join(parts)}"


def _codes(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _grid(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'|'.join('---' for _ in head)}|"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"
