"""Whole-cent arithmetic in columns against the exact decimals of the core."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tillsight.core.money import allocate
from tillsight.reference_shop.cents import allocated, divided


@given(st.lists(st.integers(-(10**12), 10**12), min_size=1), st.integers(1, 10_000))
def test_division_rounds_half_to_even(numerators: list[int], denominator: int) -> None:
    expected = [
        int((Decimal(part) / denominator).quantize(Decimal(1), rounding=ROUND_HALF_EVEN)) for part in numerators
    ]
    assert divided(np.array(numerators), denominator).tolist() == expected


@given(
    st.lists(
        st.tuples(st.integers(0, 10**6), st.lists(st.integers(0, 10**5), min_size=1, max_size=6)),
        min_size=1,
        max_size=8,
    )
)
def test_allocation_is_that_of_the_core(groups: list[tuple[int, list[int]]]) -> None:
    group = np.repeat(np.arange(len(groups)), [len(weights) for _, weights in groups])
    weights = np.array([weight for _, parts in groups for weight in parts])
    got = allocated(np.array([total for total, _ in groups]), group, weights)
    for number, (total, parts) in enumerate(groups):
        mine = got[group == number].tolist()
        if sum(parts):
            assert mine == [
                int(part * 100) for part in allocate(Decimal(total) / 100, [Decimal(weight) for weight in parts])
            ]
        else:
            assert mine == [0] * len(parts)
