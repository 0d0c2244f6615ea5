"""Figures in words, and errors that carry what is needed to act on them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from tillsight.core import errors, words
from tillsight.core.scope import EVERYTHING, Scope


def test_amounts_are_as_exact_as_a_sentence_needs() -> None:
    assert words.amount(Decimal("98.5"), "EUR", "en-GB") == "€98.50"
    assert words.amount(Decimal("1234.6"), "EUR", "en-GB") == "€1,235"
    assert words.amount(Decimal("482600"), "GBP", "en-GB") == "£482.6k"
    assert words.amount(Decimal("-12"), "JPY", "en-GB") in ("-JP¥12", "-¥12")
    assert words.number(Decimal("1234567"), "en-GB") == "1,234,567"
    rates = [836.7, 1836.7, 10.0, 9.96, 3.14, 0.333, 0.0083, 0.0]
    assert [words.rate(one, "en-GB") for one in rates] == ["837", "1,837", "10", "10", "3.1", "0.33", "0.0083", "0"]
    assert words.rate(3.14, "de-DE") == "3,1"
    assert words.day(date(2026, 11, 4)) == "4 Nov 2026"


def test_the_minus_of_a_percentage_is_a_minus() -> None:
    assert words.percent(-4.25) == "−4.2%"
    assert words.percent(4.26, signed=True) == "+4.3%"
    assert words.percent(4.26) == "4.3%"


def test_errors_keep_the_details_that_are_known() -> None:
    error = errors.QuestionError("No.", field="by", value=None)
    assert (error.message, error.details, error.exit_code, error.status) == ("No.", {"field": "by"}, 2, 422)
    assert (errors.BuildError.exit_code, errors.ConflictError.status) == (1, 409)


def test_two_askers_with_the_same_rows_share_answers() -> None:
    one = Scope("ann", (("country", ("France", "Spain")), ("channel", ("web",))))
    two = Scope("bob", (("channel", ("web",)), ("country", ("Spain", "France"))))
    assert one.key == two.key != EVERYTHING.key
