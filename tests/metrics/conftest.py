"""Shops drawn at random, each with a naive second way to the same numbers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from tests.support.naive import Naive
from tests.support.random_shop import random_shop
from tests.support.shops import make_shop

from tillsight.metrics import rollups
from tillsight.shop import Shop

Pair = tuple[Shop, Naive]


@pytest.fixture(autouse=True, scope="module")
def read_by_months() -> Iterator[None]:
    """Roll-ups are read by whole months, as those of a large shop are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rollups, "MONTH_ROWS", 0)
        yield


@pytest.fixture(scope="session")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Pair]]:
    """Two shops: one whose week starts on Monday, and one in India whose week starts on Sunday and that is added up in advance."""
    made: list[Pair] = []
    for seed, timezone, week_start, rollup_rows in (
        (1, "Europe/London", "monday", 1_000_000),
        (2, "Asia/Kolkata", "sunday", 0),
    ):
        tables = random_shop(Random(seed), 60, timezone)
        folder: Path = tmp_path_factory.mktemp("shop")
        shop = make_shop(folder, tables, week_start=week_start, limits={"rollup_rows": rollup_rows})
        made.append((shop, Naive(tables, "EUR", timezone, 0 if week_start == "monday" else 6)))
    yield made
    for shop, _ in made:
        shop.close()
