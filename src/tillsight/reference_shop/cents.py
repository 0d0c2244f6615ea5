"""Whole-cent arithmetic in columns: rounding half to even and splitting by largest remainder."""

from __future__ import annotations

import numpy as np

from tillsight.reference_shop.hashing import Ints


def divided(numerator: Ints, denominator: Ints | int) -> Ints:
    """`numerator ÷ denominator`, rounded half to even, in whole numbers; the denominator is positive."""
    below = np.asarray(denominator, dtype=np.int64)
    quotient, rest = np.divmod(numerator, below)
    twice = rest * 2
    up = (twice > below) | ((twice == below) & (quotient % 2 == 1))
    return np.asarray(quotient + up)


def allocated(totals: Ints, group: Ints, weights: Ints) -> Ints:
    """Split `totals[group]` over the rows of each group in proportion to whole weights, by largest remainder.

    `group` is sorted; ties go to the earlier row. A group whose weights are all zero gets nothing.
    """
    size = len(totals)
    whole = np.bincount(group, weights, minlength=size).astype(np.int64)[group]
    shares = np.where(whole > 0, totals[group] * weights, 0)
    parts, rest = np.divmod(shares, np.maximum(whole, 1))
    left = totals - np.bincount(group, parts, minlength=size).astype(np.int64)
    order = np.lexsort((np.arange(len(group)), -rest, group))
    start = np.searchsorted(group, np.arange(size))
    rank = np.empty(len(group), dtype=np.int64)
    rank[order] = np.arange(len(group)) - start[group]
    return np.asarray(parts + ((rank < left[group]) & (whole > 0)))


def summed(values: Ints, group: Ints, size: int) -> Ints:
    """Sum of each group; sums stay far below 2^53, so that they are exact."""
    return np.bincount(group, values, minlength=size).astype(np.int64)
