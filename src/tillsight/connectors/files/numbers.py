"""Reading numbers as people write them: `1,234.50`, `1.234,50`, `£12`, `(3.20)`, `12-`, `1 234`.

Whether a comma or a point is the decimal sign is read off a whole column: one value that can mean only one thing decides.
Where every value can mean two things, another column of the same file may decide; else it is asked for, never guessed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import duckdb

from tillsight.connectors.files.columns import Input, with_texts
from tillsight.connectors.files.mapping import MappingError
from tillsight.connectors.files.raw import literal

Decimal = Literal["point", "comma"]

_SPACE = "[ \\x{00A0}\\x{202F}'’]"
_BEFORE = r"(?:[A-Z]{3}\s+|[A-Za-z]{1,2}\$\s*|Rs\.?\s*|kr\.?\s*|\p{Sc}\s*)?"
_BEHIND = r"\s*(?:\p{Sc}|[A-Z]{3}|kr\.?|zł|Kč|Ft|lei)?"
_GRAMMAR: dict[Decimal, str] = {
    "point": rf"(?:\d+|\d{{1,3}}(?:,\d{{2,3}})*,\d{{3}}|\d{{1,3}}(?:{_SPACE}\d{{3}})+)(?:\.\d*)?|\.\d+",
    "comma": rf"(?:\d+|\d{{1,3}}(?:\.\d{{3}})+|\d{{1,3}}(?:{_SPACE}\d{{3}})+)(?:,\d*)?|,\d+",
}
# Written so, a value can only have a comma (or a point) as its decimal sign.
_ONLY_COMMA = r",\d{1,2}\D*$|,\d{4,}\D*$|\.\d{3},|(?:^|\D)0,\d|^\D*,\d|\d{4,},\d"
_ONLY_POINT = r"\.\d{1,2}\D*$|\.\d{4,}\D*$|,\d{3}\.|(?:^|\D)0\.\d|^\D*\.\d|\d{4,}\.\d|\.$"
# Written so, it can be a thousand or a decimal: 1,234 and 1.234.
_EITHER = r"^\D*\d{1,3}[.,]\d{3}\D*$"
_FINE = r"[.,]\d{7,}\D*$"
_SEVERAL_COMMAS = r",\d{3},\d{3}|,\d{2},\d{3}"
_SEVERAL_POINTS = r"\.\d{3}\.\d{3}"


@dataclass(frozen=True)
class Signs:
    """What the values of one column show: how many can only be read with a comma, with a point, or both ways.

    `plain`: numbers as computers write them. `fine`: more decimals than an amount keeps.
    """

    values: int
    plain: int
    comma: int
    point: int
    either: int
    example: str | None
    fine: int


def look(connection: duckdb.DuckDBPyConnection, relation: str, inputs: dict[str, Input]) -> dict[str, Signs]:
    """Count the signs of each column, over its different values. Typed columns are left out: there is nothing to find out."""
    found = {}
    for name, given in inputs.items():
        if given.typed is not None or given.numeric:
            continue
        row = connection.execute(
            "SELECT coalesce(sum(n), 0), coalesce(sum(n) FILTER (TRY_CAST(v AS DECIMAL(38, 12)) IS NOT NULL), 0), "
            f"coalesce(sum(n) FILTER (regexp_matches(v, '{_ONLY_COMMA}|{_SEVERAL_POINTS}')), 0), "
            f"coalesce(sum(n) FILTER (regexp_matches(v, '{_ONLY_POINT}|{_SEVERAL_COMMAS}')), 0), "
            f"coalesce(sum(n) FILTER (regexp_matches(v, '{_EITHER}')), 0), min(v) FILTER (regexp_matches(v, '{_EITHER}')), "
            f"coalesce(sum(n) FILTER (regexp_matches(v, '{_FINE}')), 0) "
            f"FROM (SELECT {given.text} AS v, count(*) AS n FROM {with_texts(relation, [given])} GROUP BY v) "
            "WHERE v IS NOT NULL"
        ).fetchone()
        if row is not None:
            values, plain, comma, point, either, example, fine = row
            found[name] = Signs(int(values), int(plain), int(comma), int(point), int(either), example, int(fine))
    return found


def decide(
    name: str, file: str, given: Input, signs: Signs | None, said: Decimal | None, file_says: Decimal | None
) -> Decimal:
    """The decimal sign of a column. Raises MappingError when its values can be read two ways and nothing tells which."""
    if signs is None:
        return "point"
    if chosen := given.how.decimal or said:
        return chosen
    if signs.comma != signs.point:
        return "comma" if signs.comma > signs.point else "point"
    if signs.comma == 0 and signs.either == 0:
        return "point"
    if file_says is not None:
        return file_says
    raise MappingError(
        f"{file}: {given.label} can be read two ways ({signs.example} is a thousand or a decimal). Say which in a mapping: "
        f'[[file]] match = "{file}" … decimal = "point" or decimal = "comma".',
        file=file,
        column=name,
        header=given.label,
        example=signs.example,
    )


def file_decimal(signs: dict[str, Signs]) -> Decimal | None:
    """What the columns of one file say together; None when they say nothing, or not the same."""
    commas = sum(1 for found in signs.values() if found.comma > found.point)
    points = sum(1 for found in signs.values() if found.point > found.comma)
    if commas and not points:
        return "comma"
    return "point" if points and not commas else None


def number_sql(given: Input, decimal: Decimal, signs: Signs | None, type_: str, unit: str | None = None) -> str:
    """SQL of the value in a DuckDB type; null where the text is no number.

    `unit`: what may stand beside the number: `money` a currency, `percent` its sign.
    """
    if given.typed is not None:
        value = given.typed if given.kind in ("number", "float") else given.text
        return _signed(f"TRY_CAST({value} AS {type_})", given)
    text = given.text
    plain = f"TRY_CAST({text} AS {type_})"
    if signs is None or (decimal == "point" and signs.plain == signs.values):
        return _signed(plain, given)
    before, behind = (_BEFORE, _BEHIND) if unit == "money" else ("", r"\s*%?" if unit == "percent" else "")
    sign = r"[+\-−]"
    form = rf"^[(]?\s*(?:{sign}\s*{before}|{before}{sign}?)({_GRAMMAR[decimal]})\s*-?{behind}\s*-?[)]?$"
    core = f"nullif(regexp_extract({text}, {literal(form)}, 1), '')"
    digits = f"regexp_replace({core}, '[^0-9{'.' if decimal == 'point' else ','}]', '', 'g')"
    read = f"TRY_CAST(replace({digits}, ',', '.') AS {type_})"
    negative = f"regexp_matches({text}, '^[^0-9]*[−(-]|-[^0-9]*$')"
    value = f"CASE WHEN {negative} THEN -{read} ELSE {read} END"
    return _signed(f"coalesce({plain}, {value})" if decimal == "point" else value, given)


def integer_sql(given: Input, decimal: Decimal, signs: Signs | None) -> str:
    """SQL of a whole number; null where the text is no number, or one with a fraction."""
    exact = number_sql(given, decimal, signs, "DECIMAL(38, 9)")
    return f"CASE WHEN {exact} = trunc({exact}) THEN TRY_CAST({exact} AS BIGINT) END"


def _signed(value: str, given: Input) -> str:
    if given.how.absolute:
        value = f"abs({value})"
    return f"-({value})" if given.how.negate else value
