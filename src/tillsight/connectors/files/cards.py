"""Card numbers in any input are cut to their last four digits before anything is written.

A number counts as a card when its first digits and length belong to a card brand, its check digit is right (Luhn), and it
stands in a column that is named for cards, in free text, or in a column that holds nothing else. A bare number in another
column is left alone: one barcode or order number in ten passes the check by chance.
"""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.compute as pc

_SPOT = r"[0-9](?:[ -]?[0-9]){12,18}"
_NUMBER = re.compile(rf"(?<![0-9A-Za-z])(?<![0-9][ .-]){_SPOT}(?![0-9A-Za-z]|[ .-][0-9])")
_CARD_HEADER = re.compile(
    r"(credit|debit|bank|payment|cc|charge)[ _.-]*card|card[ _.-]*(no|num|nr|pan)|^(card|pan|cc|ccn)$|cc[ _.-]*(no|num|nr)"
    r"|kredit|kart(e|en)n",
    re.IGNORECASE,
)
_BRANDS = (
    # first digits (low, high), lengths
    ("4", "4", (13, 16, 19)),
    ("51", "55", (16,)),
    ("2221", "2720", (16,)),
    ("34", "34", (15,)),
    ("37", "37", (15,)),
    ("36", "36", (14,)),
    ("38", "39", (14,)),
    ("300", "305", (14,)),
    ("3528", "3589", (16, 17, 18, 19)),
    ("6011", "6011", (16, 17, 18, 19)),
    ("644", "659", (16, 17, 18, 19)),
    ("62", "62", (16, 17, 18, 19)),
    ("50", "50", (16, 17, 18, 19)),
    ("56", "58", (16, 17, 18, 19)),
    ("60", "69", (16, 19)),
)


def is_card(digits: str) -> bool:
    """Thirteen to nineteen digits of a known brand with a right check digit."""
    return any(
        len(digits) in lengths and low <= digits[: len(low)] <= high for low, high, lengths in _BRANDS
    ) and _luhn(digits)


def cut_text(text: str) -> tuple[str, int]:
    """A text with every card number cut to `****1234`, and how many there were."""
    count = 0

    def cut(match: re.Match[str]) -> str:
        nonlocal count
        digits = re.sub("[ -]", "", match[0])
        if not is_card(digits):
            return match[0]
        count += 1
        return f"****{digits[-4:]}"

    return _NUMBER.sub(cut, text), count


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
    hit = pc.fill_null(pc.match_substring_regex(column, _SPOT), False)
    if not pc.any(hit).as_py():
        return column, 0
    if not _CARD_HEADER.search(name):
        bare = pc.fill_null(pc.match_substring_regex(column, r"^\s*[0-9]{13,19}\s*$"), False)
        if not _nothing_else(column, bare):
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


def _nothing_else(column: pa.ChunkedArray, bare: pa.ChunkedArray) -> bool:
    """Every filled value of the column is a card number: then it holds cards, whatever its header says."""
    filled = pc.sum(pc.greater(pc.binary_length(column), 0)).as_py() or 0
    count = pc.sum(bare).as_py() or 0
    if count < 5 or count < filled:
        return False
    numbers = column.filter(bare)
    # A glance at the first few spares the whole column in all but the one case.
    return all(is_card(value.strip()) for value in numbers.slice(0, 20).to_pylist()) and all(
        is_card(value.strip()) for value in numbers.to_pylist()
    )


def _luhn(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
