"""How an answer reads in a terminal and a notebook."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tillsight.metrics.answer import AnswerColumn, shown


@pytest.mark.parametrize(
    ("value", "currency", "text"),
    [
        ("1234.5", "EUR", "1,234.50"),
        ("1234", "JPY", "1,234"),
        ("-1234.5678", "EUR", "-1,234.57"),
        ("1.5", "KWD", "1.500"),
        ("0.004", "GBP", "0.0040"),
        ("0.5", "GBP", "0.50"),
        ("0", "JPY", "0"),
    ],
)
def test_money_has_the_places_of_its_currency(value: str, currency: str, text: str) -> None:
    assert shown(Decimal(value), AnswerColumn("revenue", "Revenue", "metric", unit="money", currency=currency)) == text


def test_other_units() -> None:
    def of(value: object, unit: str | None, kind: str = "metric") -> str:
        return shown(value, AnswerColumn("m", "M", kind, unit=unit))  # type: ignore[arg-type]

    assert of(None, "money") == "–"
    assert of(None, None, "dimension") == "(not set)"
    assert of(12.345, "percent") == "12.3%"
    assert of(12.345, "percent", "change") == "12.3 pt"
    assert of(1200, "count") == "1,200"
    assert of(Decimal("1.50"), "units") == "1.50"
