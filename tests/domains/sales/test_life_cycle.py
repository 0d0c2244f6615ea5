"""Stages of products over weeks that are made up: what the category does and what the price does is no life of a product."""

from __future__ import annotations

import warnings
from datetime import date

import numpy as np
import pandas as pd
import pytest

from tillsight.domains.sales.life_cycle import WEEKS, staged

END = date(2026, 6, 28)
BEGUN = date(2023, 1, 1)
WEEK = np.arange(WEEKS)


def judged(units: dict[str, np.ndarray], price: dict[str, np.ndarray] | None = None) -> pd.DataFrame:
    """Products of one category with the units of their weeks, at a price of 10 unless said otherwise; their stages."""
    products = pd.DataFrame(
        {
            "product_id": list(units),
            "category": "Tops",
            "_first": pd.Timestamp(BEGUN),
            "launch_date": pd.NaT,
        }
    )
    weekly = pd.concat(
        pd.DataFrame(
            {
                "product_id": name,
                "week": WEEK,
                "units": sold,
                "gross": sold * (price or {}).get(name, np.full(WEEKS, 10.0)),
            }
        )
        for name, sold in units.items()
    )
    weekly = weekly[weekly.units > 0]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return staged(products, weekly, BEGUN, END).set_index("product_id")


def peers(level: float = 40.0) -> dict[str, np.ndarray]:
    chance = np.random.default_rng(4)
    season = 1 + 0.5 * np.sin(2 * np.pi * WEEK / 52)
    return {f"peer {number}": chance.poisson(level * season) for number in range(12)}


@pytest.mark.feature("SAL-07")
def test_a_price_that_rose_is_no_decline_and_half_the_demand_at_the_same_price_is() -> None:
    chance = np.random.default_rng(5)
    season = 1 + 0.5 * np.sin(2 * np.pi * WEEK / 52)
    # three price steps, the last of them up by a quarter 20 weeks before the end
    price = np.select([WEEK < 30, WEEK < 84], [10.0, 8.0], 10.0)
    steps = chance.poisson(40 * season * (price / 10) ** -2.6)
    fading = chance.poisson(40 * season * np.where(WEEK > 70, 0.5 ** ((WEEK - 70) / 16), 1))
    found = judged({"steps": steps, "fading": fading, **peers()}, {"steps": price})
    assert found.stage["steps"] == "Maturity"
    assert list(found.index[found.stage == "Decline"]) == ["fading"]
    # what is sold fell all the same: without its price it would be called a decline
    assert judged({"steps": steps, "fading": fading, **peers()}).stage["steps"] == "Decline"


def test_a_product_that_was_hardly_ever_on_sale_is_judged_without_a_warning() -> None:
    units = np.zeros(WEEKS, dtype=int)
    units[-1] = 1
    found = judged({"new": units, **peers()})
    assert np.isfinite(found.level.drop("new")).all()
    alone = judged({"alone": np.where(WEEK == WEEKS - 1, 1, 0)})
    assert not np.isfinite(alone.change["alone"])
