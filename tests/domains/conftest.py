"""The small reference shop, loaded and built, with the truths that are planted in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tillsight.core.workspace import create_workspace
from tillsight.reference_shop import Truths, generate
from tillsight.reference_shop.truths import CURRENCY, SHOP_NAME, TIMEZONE
from tillsight.shop import Shop


@pytest.fixture(scope="session")
def _planted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Shop, Truths]]:
    folder = tmp_path_factory.mktemp("reference")
    truths = generate(folder / "files", "small")
    create_workspace(folder / "shop", name=SHOP_NAME, currency=CURRENCY, timezone=TIMEZONE)
    with Shop.open(folder / "shop") as shop:
        shop.load(folder / "files")
        shop.build()
        yield shop, truths


@pytest.fixture(scope="session")
def reference(_planted: tuple[Shop, Truths]) -> Shop:
    """The small reference shop. Nobody changes it."""
    return _planted[0]


@pytest.fixture(scope="session")
def truths(_planted: tuple[Shop, Truths]) -> Truths:
    """What is planted in it."""
    return _planted[1]
