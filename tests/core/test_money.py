"""Exact money: minor units, half-even rounding, allocation by largest remainder, and the one division."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tillsight.core.money import allocate, divide, minor_units, round_money

D = Decimal


@pytest.mark.parametrize(
    ("currency", "places"),
    [("EUR", 2), ("eur", 2), ("JPY", 0), ("KRW", 0), ("KWD", 3), ("TND", 3), ("CLF", 4), ("PHP", 2), ("XYZ", 2)],
)
def test_minor_units_follow_iso_4217(currency: str, places: int) -> None:
    assert minor_units(currency) == places


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [
        ("0.125", "EUR", "0.12"),
        ("0.135", "EUR", "0.14"),
        ("-0.125", "EUR", "-0.12"),
        ("2.5", "JPY", "2"),
        ("3.5", "JPY", "4"),
        ("0.0005", "KWD", "0.000"),
        ("0.00051", "KWD", "0.001"),
    ],
)
def test_display_rounds_half_even_to_the_minor_unit(amount: str, currency: str, expected: str) -> None:
    assert round_money(D(amount), currency) == D(expected)


def test_the_largest_remainders_take_the_cents_that_are_left() -> None:
    # 10.00 by 1:1:1 is 3.33 each and one cent over: it goes to the earlier part
    assert allocate(D("10.00"), [D(1), D(1), D(1)]) == [D("3.34"), D("3.33"), D("3.33")]
    # 1.00 by 50:30:25 is 47.6, 28.6 and 23.8 cents: 47, 28, 23 and two cents over, for .8 and then the first .6
    assert allocate(D("1.00"), [D(50), D(30), D(25)]) == [D("0.48"), D("0.28"), D("0.24")]
    assert allocate(D("-10.00"), [D(1), D(2)]) == [D("-3.33"), D("-6.67")]
    assert allocate(D("5"), [D(0), D(0)], places=0) == [D(3), D(2)]
    assert allocate(D("1.00"), []) == []


def test_what_cannot_be_allocated_is_an_error() -> None:
    with pytest.raises(ValueError, match="negative"):
        allocate(D("1.00"), [D(1), D(-1)])
    with pytest.raises(ValueError, match="not a multiple"):
        allocate(D("1.005"), [D(1)])


weights = st.lists(st.integers(0, 10**9).map(lambda cents: D(cents) / 100), min_size=1, max_size=12)


@given(st.integers(-(10**11), 10**11), weights, st.sampled_from([0, 2, 3, 4]))
@example(1, [D(0)] * 3, 2)
def test_parts_sum_to_the_whole_and_none_is_a_unit_off(units: int, shares: list[Decimal], places: int) -> None:
    unit = D(1).scaleb(-places)
    parts = allocate(units * unit, shares, places)
    assert sum(parts) == units * unit
    whole = sum(shares)
    for part, share in zip(parts, shares, strict=True):
        exact = units * unit * (share / whole if whole else D(1) / len(shares))
        assert abs(part - exact) < unit


def test_a_rate_of_nothing_is_unknown() -> None:
    result = divide([1, 0, -3, np.nan, 1], [4, 0, 2, 5, np.nan], 100)
    assert result[0] == 25
    assert result[2] == -150
    assert np.isnan(result[[1, 3, 4]]).all()
