"""The hash: known values, evenness, independence of streams and keys, and the deviates made from it."""

from __future__ import annotations

import numpy as np
import pytest

from tillsight.reference_shop.hashing import EXPONENTIAL, LOGNORMAL_HALF, Stream, spread, whole

MASK = 2**64 - 1


def by_hand(name: str, *keys: int) -> int:
    """The documented hash in Python's own whole numbers."""
    state = 0xCBF29CE484222325
    for byte in name.encode():
        state = ((state ^ byte) * 0x100000001B3) & MASK
    for key in keys:
        state = (state + (key + 1) * 0x9E3779B97F4A7C15) & MASK
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & MASK
        state ^= state >> 31
    return state


@pytest.mark.parametrize("keys", [(0,), (1,), (-1,), (12_345_678_901,), (3, 7), (3, 7, 2**40)])
def test_hash_is_the_documented_one(keys: tuple[int, ...]) -> None:
    assert int(Stream("orders").bits(*keys)[0]) == by_hand("orders", *keys)


def test_columns_and_single_values_agree() -> None:
    stream, keys = Stream("line.sku"), np.arange(50)
    together = stream.bits(keys, 4)
    assert [int(stream.bits(int(key), 4)[0]) for key in keys] == together.tolist()


@pytest.mark.parametrize("shift", [0, 1_000_000, 2**40])
def test_units_are_even(shift: int) -> None:
    counts = np.bincount((Stream("evenness").unit(np.arange(200_000) + shift) * 100).astype(int), minlength=100)
    chi_square = float(((counts - 2_000) ** 2 / 2_000).sum())
    # 99 degrees of freedom: mean 99, standard deviation 14; five of them on either side.
    assert 30 < chi_square < 170


def test_streams_and_neighbouring_keys_do_not_follow_each_other() -> None:
    keys = np.arange(100_000)
    first, other = Stream("one").unit(keys), Stream("two").unit(keys)
    pairs = [(first, other), (first[:-1], first[1:]), (Stream("one").unit(keys, 0), Stream("one").unit(keys, 1))]
    for left, right in pairs:
        # The correlation of independent draws has a standard deviation of 1 ÷ √n = 0.0032.
        assert abs(float(np.corrcoef(left, right)[0, 1])) < 0.016


def test_every_bit_flips_half_of_the_bits() -> None:
    keys = np.arange(20_000)
    base = Stream("bits").bits(keys)
    for bit in (0, 1, 7, 31, 40):
        flipped = base ^ Stream("bits").bits(keys ^ (1 << bit))
        share = np.unpackbits(flipped.view(np.uint8)).mean()
        assert abs(share - 0.5) < 0.005


def test_normal_deviates_have_the_stated_moments() -> None:
    deviates = Stream("normal").normal(np.arange(200_000))
    assert abs(deviates.mean()) < 0.012
    assert abs(deviates.std() - 1) < 0.01
    assert abs((deviates**3).mean()) < 0.04
    assert abs((deviates**4).mean() - 2.925) < 0.08
    assert np.abs(deviates).max() < 6.94


def test_tables_of_quantiles_have_the_stated_means() -> None:
    assert abs(EXPONENTIAL.mean() - 1) < 0.001
    assert abs(np.median(LOGNORMAL_HALF) - 1) < 0.001


def test_choice_follows_its_weights() -> None:
    drawn = np.bincount(Stream("choice").choice((1, 3, 0, 6), np.arange(100_000)), minlength=4) / 100_000
    assert np.abs(drawn - (0.1, 0.3, 0.0, 0.6)).max() < 0.008
    assert drawn[2] == 0


def test_below_stays_below() -> None:
    drawn = Stream("below").below(7, np.arange(10_000))
    assert (drawn.min(), drawn.max()) == (0, 6)
    drawn = Stream("below").below(np.array([1, 2, 3]), np.arange(3))
    assert (drawn < np.array([1, 2, 3])).all()


def test_spread_gives_exactly_the_total() -> None:
    weights = whole(Stream("weights").unit(np.arange(997)))
    parts = spread(120_000, weights)
    assert parts.sum() == 120_000
    assert np.abs(parts - weights / weights.sum() * 120_000).max() < 1
