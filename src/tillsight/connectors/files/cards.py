"""Card numbers in any input are cut to their last four digits before anything is written.

A number counts as a card when its first digits and length belong to a card brand, its check digit is right (Luhn), and it
stands in a column that is named for cards, in free text, or in a column whose bare numbers are mostly cards. A bare number in
another column is left alone: one barcode or order number in ten passes the check by chance.
"""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.compute as pc

from tillsight.core.cards import SPOT, cut_text, is_card

_CARD_HEADER = re.compile(
    r"(credit|debit|bank|payment|cc|charge)[ _.-]*card|card[ _.-]*(no|num|nr|pan)|^(card|pan|cc|ccn)$|cc[ _.-]*(no|num|nr)"
    r"|kredit|kart(e|en)n",
    re.IGNORECASE,
)
_FEW = 5


def cut_table(table: pa.Table) -> tuple[pa.Table, int]:
    """A table whose text columns hold no card number any more, and how many were cut."""
    total = 0
    for index, name in enumerate(table.column_names):
        column = table.column(index)
        if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
            continue
        cut, count = _cut_column(column, name)
        if count:
            total += count
            table = table.set_column(index, name, cut)
    return table, total


def _cut_column(column: pa.ChunkedArray, name: str) -> tuple[pa.ChunkedArray, int]:
    longest = pc.max(pc.binary_length(column)).as_py()
    if longest is None or longest < 13:
        return column, 0
    hit = pc.fill_null(pc.match_substring_regex(column, SPOT), False)
    if not pc.any(hit).as_py():
        return column, 0
    if not _CARD_HEADER.search(name):
        bare = pc.fill_null(pc.match_substring_regex(column, r"^\s*[0-9]{13,19}\s*$"), False)
        if not _mostly_cards(column, bare):
            hit = pc.and_(hit, pc.invert(bare))
    values = column.filter(hit).to_pylist()
    cut = [cut_text(value) for value in values]
    count = sum(found for _, found in cut)
    if not count:
        return column, 0
    replaced = pc.replace_with_mask(_flat(column), _flat(hit), pa.array([text for text, _ in cut], type=column.type))
    return pa.chunked_array([replaced]), count


def _flat(array: pa.Array | pa.ChunkedArray) -> pa.Array:
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def _mostly_cards(column: pa.ChunkedArray, bare: pa.ChunkedArray) -> bool:
    """At least half of the bare numbers of the column, and five, are card numbers: then it holds cards, whatever its header."""
    numbers = column.filter(bare)
    # A glance at the first few spares the whole column in all but the one case.
    first = [is_card(value.strip()) for value in numbers.slice(0, 20).to_pylist()]
    if len(first) < _FEW or sum(first) * 2 < len(first):
        return False
    every = [is_card(value.strip()) for value in numbers.to_pylist()]
    return sum(every) >= _FEW and sum(every) * 2 >= len(every)
