"""Chance without a generator: numbers drawn by an arithmetic hash of our own, the same on every machine.

A draw is a function of a stream's name and whole-number keys (customer 17, day 203, line 2), so that any row can be drawn
alone, in any order, and one topic's draws never shift another's.

The hash: the seed of a stream is the 64-bit FNV-1a of its name (Fowler, Noll, Vo); each key is folded in by
`state = mix(state + (key + 1) × 0x9E3779B97F4A7C15)`, where `mix` is the finaliser of SplitMix64 (Steele, Lea, Flood 2014):
xor-shift 30, × 0xBF58476D1CE4E5B9, xor-shift 27, × 0x94D049BB133111EB, xor-shift 31, all modulo 2^64.

What decides is whole numbers: weights are rounded to integers before they are summed or compared, and a fraction is the
upper 53 bits of a hash, which a double holds exactly. The last digit of a platform's exponential or logarithm decides nothing.
"""

from __future__ import annotations

from statistics import NormalDist
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Keys: TypeAlias = npt.NDArray[np.int64] | npt.NDArray[np.int32] | int
Ints: TypeAlias = npt.NDArray[np.int64]
Floats: TypeAlias = npt.NDArray[np.float64]
Bools: TypeAlias = npt.NDArray[np.bool_]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)
_SCALE = 2.0**-53
WEIGHT = 1_000_000_000
"""Weights are whole numbers of this part."""


def _mix(state: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    state ^= state >> np.uint64(30)
    state *= _FIRST
    state ^= state >> np.uint64(27)
    state *= _SECOND
    state ^= state >> np.uint64(31)
    return state


def whole(weights: npt.ArrayLike) -> Ints:
    """Weights as whole billionths, so that sums and comparisons are exact."""
    return np.rint(np.asarray(weights, dtype=np.float64) * WEIGHT).astype(np.int64)


def spread(total: int, weights: Ints) -> Ints:
    """Split a count over whole weights by largest remainder: the parts sum to `total` exactly; ties to the earlier part."""
    sum_of_weights = int(weights.sum())
    shares = weights.astype(np.float64) * (total / sum_of_weights)
    parts = np.floor(shares).astype(np.int64)
    left = total - int(parts.sum())
    order = np.argsort(np.rint((parts - shares) * WEIGHT), kind="stable")
    parts[order[:left]] += 1
    return parts


class Stream:
    """One topic's draws. `Stream("returns.reason").unit(order, line)` is the same number wherever and whenever it is asked.

    Keys are whole numbers, scalars or arrays of one length; the result has the length of the longest.
    """

    def __init__(self, name: str) -> None:
        seed = 0xCBF29CE484222325
        for byte in name.encode():
            seed = ((seed ^ byte) * 0x100000001B3) % 2**64
        self.name = name
        self._seed = np.uint64(seed)

    def bits(self, *keys: Keys) -> npt.NDArray[np.uint64]:
        """64 bits for each row of keys."""
        state = np.full(1, self._seed, dtype=np.uint64)
        for key in keys:
            step = (np.atleast_1d(np.asarray(key, dtype=np.int64)).astype(np.uint64) + np.uint64(1)) * _GOLDEN
            state = _mix(state + step)
        return state

    def unit(self, *keys: Keys) -> Floats:
        """Evenly spread in [0, 1), in steps of 2^-53."""
        return (self.bits(*keys) >> np.uint64(11)).astype(np.float64) * _SCALE

    def below(self, limit: int | Ints, *keys: Keys) -> Ints:
        """A whole number in 0 … limit − 1."""
        return np.minimum((self.unit(*keys) * limit).astype(np.int64), np.asarray(limit, dtype=np.int64) - 1)

    def between(self, low: int, high: int, *keys: Keys) -> Ints:
        """A whole number in low … high, both included."""
        return low + self.below(high - low + 1, *keys)

    def chance(self, probability: float | Floats, *keys: Keys) -> Bools:
        """True with the probability."""
        return np.asarray(self.unit(*keys) < probability)

    def choice(self, weights: npt.ArrayLike, *keys: Keys) -> Ints:
        """The index of one of the weights, drawn in proportion to them."""
        edges = np.cumsum(whole(weights))
        return np.searchsorted(edges, self.below(int(edges[-1]), *keys), side="right").astype(np.int64)

    def normal(self, *keys: Keys) -> Floats:
        """A standard normal deviate.

        The sum of the sixteen 16-bit parts of four hashes, centred and divided by its standard deviation: mean 0,
        variance 1, skew 0, excess kurtosis −0.075, never beyond ±6.93. Whole numbers up to the last division.
        """
        total = np.zeros(1, dtype=np.int64)
        for part in range(4):
            bits = self.bits(*keys, part)
            for shift in (0, 16, 32, 48):
                total = total + ((bits >> np.uint64(shift)) & np.uint64(0xFFFF)).astype(np.int64)
        return (total - 16 * 65535 // 2) / _NORMAL_SPREAD

    def quantile(self, table: Floats, *keys: Keys) -> Floats:
        """A deviate of any distribution, from its quantiles at the middles of equal shares (see `EXPONENTIAL`)."""
        return table[self.below(len(table), *keys)]


# Sixteen independent whole numbers, each even over 0 … 65535: their variance is 16 × (65536² − 1) ÷ 12.
_NORMAL_SPREAD = float(np.sqrt(16 * (65536.0**2 - 1) / 12))

_MIDDLES = (np.arange(4096) + 0.5) / 4096
EXPONENTIAL: Floats = np.round(-np.log1p(-_MIDDLES), 9).astype(np.float64)
"""Quantiles of the exponential distribution with mean 1: times between events."""
NORMAL: Floats = np.round(np.array([NormalDist().inv_cdf(float(middle)) for middle in _MIDDLES]), 9)
"""Quantiles of the standard normal distribution."""
LOGNORMAL_HALF: Floats = np.round(np.exp(0.5 * NORMAL), 9).astype(np.float64)
"""Quantiles of exp(N(0, 0.5²)): amounts that spread by a factor, median 1."""
