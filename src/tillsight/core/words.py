"""Figures in words: amounts, percentages and days as a reader of the shop's locale writes them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from babel import Locale
from babel.numbers import format_compact_currency, format_currency, format_decimal


def amount(value: Decimal | float, currency: str, locale: str) -> str:
    """Money in a sentence: with cents below a hundred, whole below ten thousand, compact above (`€482.6k`)."""
    known = locale.replace("-", "_")
    if not -10_000 < value < 10_000:
        text = str(format_compact_currency(value, currency, locale=known, fraction_digits=1))
        return text.replace("K", "k") if known.startswith("en") else text  # as the page writes thousands
    if not -100 < value < 100:
        whole = Locale.parse(known).currency_formats["standard"].pattern.replace(".00", "")
        return str(format_currency(round(value), currency, locale=known, format=whole, currency_digits=False))
    return str(format_currency(value, currency, locale=known))


def number(value: Decimal | float, locale: str) -> str:
    """A count with the locale's separators."""
    return str(format_decimal(value, locale=locale.replace("-", "_"), format="#,##0"))


def rate(value: float, locale: str) -> str:
    """How many a day: whole from ten on, below it with two significant digits."""
    if abs(value) >= 10:
        return number(value, locale)
    return str(format_decimal(float(f"{value:.2g}"), locale=locale.replace("-", "_"), format="#,##0.######"))


def percent(value: float, *, signed: bool = False) -> str:
    """A percentage with one decimal; the minus is a minus, not a hyphen."""
    text = f"{abs(value):.1f}%"
    sign = "−" if value < 0 else "+" if signed else ""
    return sign + text


def day(value: date) -> str:
    """`14 Nov 2026`."""
    return f"{value.day} {value:%b %Y}"
