"""Exact money: minor units, rounding, allocation by largest remainder, and the one division.

Amounts are decimals from file to total. Floats appear where a ratio or a statistic is computed, never before.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Decimal

import numpy as np
import numpy.typing as npt

# ISO 4217 minor units that are not two. Source: ISO 4217 list one.
_PLACES = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
MINOR_UNITS_BY_CURRENCY = {
    currency: places for places, currencies in _PLACES.items() for currency in currencies.split()
}


def minor_units(currency: str) -> int:
    """Decimal places of a currency's smallest coin: 2 for EUR, 0 for JPY, 3 for KWD."""
    return MINOR_UNITS_BY_CURRENCY.get(currency.upper(), 2)


def round_money(amount: Decimal, currency: str) -> Decimal:
    """An amount rounded half-even to the currency's minor unit."""
    return amount.quantize(Decimal(1).scaleb(-minor_units(currency)), rounding=ROUND_HALF_EVEN)


def allocate(total: Decimal, weights: Sequence[Decimal], places: int = 2) -> list[Decimal]:
    """Split `total` over `weights` so that the parts, each a multiple of 10^-places, sum to it exactly.

    Largest remainder (Hare quota): every part gets its share rounded towards zero, then the units left go to the
    largest remainders, ties to the earlier part. Equal parts when all weights are zero. Raises ValueError for a
    negative weight, or when `total` itself has more places than asked for.
    """
    if any(weight < 0 for weight in weights):
        raise ValueError("a weight may not be negative")
    unit = Decimal(1).scaleb(-places)
    units = total / unit
    if units != units.to_integral_value():
        raise ValueError(f"{total} is not a multiple of {unit}")
    if not weights:
        return []
    whole = sum(weights) or Decimal(len(weights))
    shares = [(weight if sum(weights) else Decimal(1)) * abs(units) / whole for weight in weights]
    parts = [share.to_integral_value(rounding="ROUND_FLOOR") for share in shares]
    left = int(abs(units) - sum(parts))
    for index in sorted(range(len(parts)), key=lambda i: (parts[i] - shares[i], i))[:left]:
        parts[index] += 1
    sign = -1 if total < 0 else 1
    return [sign * part * unit for part in parts]


def divide(numerator: npt.ArrayLike, denominator: npt.ArrayLike, factor: float = 1.0) -> npt.NDArray[np.float64]:
    """The one division: numerators and denominators are exact totals, so every engine gives the same ratio.

    Unknown (NaN) where the denominator is zero or unknown: a rate of nothing is not zero.
    """
    top = np.asarray(numerator, dtype=np.float64)
    bottom = np.asarray(denominator, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        result = np.where(bottom == 0, np.nan, top * factor / bottom)
    return np.asarray(result, dtype=np.float64)
