"""How large a reference shop is made."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tillsight.reference_shop.columns import ReferenceShopError


@dataclass(frozen=True)
class Size:
    """A size: number of orders, customers, stock keeping units, stores besides the warehouse, sold-out spans and web days.

    `web_days`: how many of the last days the web tracking covers (sessions, events, touch points).
    """

    name: str
    orders: int
    customers: int
    products: int
    stores: int
    stockouts: int
    web_days: int


SIZES: dict[str, Size] = {
    "small": Size("small", 5_000, 800, 60, 2, 3, 182),
    "medium": Size("medium", 120_000, 20_000, 300, 2, 8, 45),
    "large": Size("large", 1_000_000, 160_000, 2_000, 11, 20, 31),
}


def size_of(name: str, orders: int | None = None) -> Size:
    """A size by name; with `orders`, that many orders and customers in proportion. ReferenceShopError names a wrong one."""
    size = SIZES.get(name)
    if size is None:
        raise ReferenceShopError(f"There is no size {name}: choose {', '.join(SIZES)}.", field="size", value=name)
    if orders is None:
        return size
    if orders < 1_000:
        raise ReferenceShopError("A reference shop has at least 1000 orders.", field="orders", value=orders)
    return replace(size, orders=orders, customers=max(200, orders * size.customers // size.orders))
