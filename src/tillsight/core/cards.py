"""Numbers of payment cards: what is one, and a text without them.

A number counts as a card's when its first digits and length belong to a card brand and its check digit is right (Luhn).
"""

from __future__ import annotations

import re

SPOT = r"[0-9](?:[ -]?[0-9]){12,18}"
"""Where a text may hold one, as a regular expression of RE2 and Python."""
_NUMBER = re.compile(rf"(?<![0-9A-Za-z])(?<![0-9][ .-]){SPOT}(?![0-9A-Za-z]|[ .-][0-9])")
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


def _luhn(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
