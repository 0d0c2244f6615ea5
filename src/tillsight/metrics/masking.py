"""Persons, masked: what is shown of a name, an e-mail address, a telephone number or an address to those who need not know.

One rule for each sort, as regular expressions that the engine (in filters) and Arrow (in answers) read alike. A filter of
somebody who sees masked values compares with masked values too, so that nothing can be found out by guessing. Masking
twice changes nothing. Numbers of customers stay, as they only lead somewhere for those who may look; one that is itself an
e-mail address, or made from one, does not.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, cast

import ibis
import pyarrow as pa
import pyarrow.compute as pc

from tillsight.metrics.answer import Answer
from tillsight.metrics.model import Dimension
from tillsight.tables.registry import TABLES

if TYPE_CHECKING:
    import ibis.expr.types as ir

Sort = Literal["name", "email", "phone", "address", "customer"]

HIDDEN = "•••"
NOTE = "Names, e-mail addresses, telephone numbers and addresses are masked; an administrator can show them to you."

_RULES: dict[Sort, tuple[tuple[str, str], ...]] = {
    "name": ((r"(?s)^(.).*$", rf"\1{HIDDEN}"),),
    "email": ((r"(?s)^(.).*$", rf"\1{HIDDEN}@{HIDDEN}"),),
    "phone": ((r"(?s)^.*?([0-9]{0,2})[^0-9]*$", rf"{HIDDEN}\1"),),
    "address": ((r"(?s)^.+$", HIDDEN),),
    "customer": (
        (r"(?s)^(email|phone):.*$", f"guest {HIDDEN}"),
        (r"(?s)^(.)[^@]*@.*$", rf"\1{HIDDEN}@{HIDDEN}"),
    ),
}
_WORDS: tuple[tuple[Sort, re.Pattern[str]], ...] = (
    ("email", re.compile(r"(^|_)e?_?mail(_address)?$")),
    ("phone", re.compile(r"(^|_)(phone|mobile|telephone)(_number)?$")),
    ("address", re.compile(r"(^|_)(address|street)(_?line)?(_?\d)?$")),
    ("name", re.compile(r"^(first|last|full|given|family|customer|contact|recipient|billing|shipping)_name$")),
    ("customer", re.compile(r"^(customer|guest|user)_id$")),
)

_CASES = frozenset({"order_id", "return_id", "member_id", "visitor_id", "session_id"})
"""Dimensions by which a person is found, though their values say nothing of one."""


@cache
def _declared() -> frozenset[str]:
    """Columns that a canonical table declares as personal."""
    return frozenset(column.name for table in TABLES.values() for column in table.columns if column.personal)


def sort_of(column: str) -> Sort | None:
    """What a column holds of a person, by its name: that of a personal canonical column, or one that says so."""
    return _said(column) or ("name" if column in _declared() else None)


def _said(name: str) -> Sort | None:
    return next((sort for sort, words in _WORDS if words.search(name)), None)


def sort_of_dimension(dimension: Dimension) -> Sort | None:
    """What a dimension holds of a person, by the columns that it is made of."""
    for name in (dimension.name, *dimension.needs):
        if sort := sort_of(name):
            return sort
    return None


def names_somebody(dimension: Dimension) -> bool:
    """Whether a value of a dimension is one person, or a case of one: such values are kept nowhere but with the person's data."""
    return sort_of_dimension(dimension) is not None or dimension.name in _CASES


def masked(sort: Sort, column: ir.Value) -> ir.Value:
    """A column as an expression of what may be seen of it; what is not a text is unknown."""
    if not column.type().is_string():
        return ibis.null(column.type())
    text = cast("ir.StringValue", column)
    for pattern, shown in _RULES[sort]:
        text = text.re_replace(pattern, shown)
    return text


def mask(table: pa.Table, sorts: Sequence[tuple[str, Sort | None]]) -> tuple[pa.Table, bool]:
    """Columns of an answer, masked; and whether there was any to mask."""
    found = False
    for name, sort in sorts:
        if sort is None or name not in table.column_names:
            continue
        index = table.schema.get_field_index(name)
        column = table.column(index)
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            for pattern, shown in _RULES[sort]:
                column = pc.replace_substring_regex(column, pattern=pattern, replacement=shown)
        elif pa.types.is_date(column.type) or pa.types.is_timestamp(column.type):
            column = pa.chunked_array([pa.nulls(table.num_rows, column.type)])
        else:
            continue
        table = table.set_column(index, name, column)
        found = True
    return table, found


def masked_plain(value: Any) -> Any:
    """Plain values (a response, not rows of data) with the texts masked whose names say that they are of a person."""
    if isinstance(value, dict):
        return {
            name: mask_text(sort, inner) if (sort := _said(name)) and isinstance(inner, str) else masked_plain(inner)
            for name, inner in value.items()
        }
    return [masked_plain(inner) for inner in value] if isinstance(value, list | tuple) else value


def mask_text(sort: Sort, text: str) -> str:
    """What is shown of one text."""
    for pattern, shown in _RULES[sort]:
        text = re.sub(pattern, shown, text, count=1)
    return text


def finds_person(text: str) -> bool:
    """Whether somebody who looks for this text looks for a person by an address, not by a number or a product."""
    return "@" in text or text.strip().lower().startswith(("email:", "phone:"))


def masked_answer(answer: Answer) -> Answer:
    """An answer that an analysis made, with columns of persons masked; what it asked for itself was masked already."""
    named = [
        (column.name, None if column.metric or column.name == "value" else sort_of(column.name))
        for column in answer.columns
    ]
    table, found = mask(answer.table, named)
    return dataclasses.replace(answer, table=table) if found else answer


def masked_rejects(rejects: pa.Table) -> pa.Table:
    """Rejected rows without the rows themselves, and without values of columns that are personal or not known."""
    kept = pa.array(sorted({column.name for table in TABLES.values() for column in table.columns} - _declared()))
    known = pc.is_in(rejects["column"], value_set=kept)
    values = pc.if_else(known, rejects["value"], pa.scalar(HIDDEN))
    values = pc.if_else(pc.is_null(rejects["value"]), rejects["value"], values)
    index = rejects.schema.get_field_index
    rejects = rejects.set_column(index("value"), "value", values)
    hidden = pa.array([HIDDEN] * rejects.num_rows, pa.string())
    return rejects.set_column(index("row"), "row", hidden)
