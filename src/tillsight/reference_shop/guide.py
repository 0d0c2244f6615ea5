"""The guide to the reference shop (docs/guide/reference-shop.md), written from its truths by `make docs`."""

from __future__ import annotations

from tillsight.reference_shop.catalogue import make_catalogue
from tillsight.reference_shop.sizes import SIZES, size_of
from tillsight.reference_shop.truths import (
    CATEGORIES,
    CURRENCY,
    FIRST_DAY,
    LAST_DAY,
    PLAN,
    SHOP,
    SHOP_NAME,
    SHOP_UK,
    TIMEZONE,
    Category,
    Truths,
)
from tillsight.tables.registry import TABLES

_HEAD = f"""<!-- Written by make docs. Change src/tillsight/reference_shop/truths.py, not this page. -->

# The reference shop

{SHOP_NAME} is a retailer that does not exist: clothing, things for the home and the garden, sold in a web shop, an app, a
marketplace and stores, from {FIRST_DAY} to {LAST_DAY}. Its books are in {CURRENCY} and its clock is {TIMEZONE}; a sister shop sells in
pounds, and some customers pay in dollars. Everything in it is invented: names, addresses (example.com), telephone numbers.

It is there so that answers can be checked. Prices, promotions, campaigns, seasons and people act on what is sold in known ways, and the
list of these ways, with their size and the noise that they stand in, is below. An analysis that does not find what was planted is wrong. No
analysis reads the list.

## Make one

```
tillsight demo --size medium
```

or in Python, as Parquet files of the canonical tables, to be loaded like anybody's files:

```python
from pathlib import Path
from tillsight.reference_shop import generate

truths = generate(Path("files"), "small")
truths.stockouts.spans
```
"""

_HOW = """## How it is made

- Numbers are drawn by an arithmetic hash of our own (SplitMix64's finaliser over the FNV-1a of a name and whole-number keys), not by
  a generator, so a draw does not depend on the ones before it. Normal deviates are the sum of sixteen 16-bit parts of four hashes. What
  decides is compared in whole numbers. The same size gives the same values on every machine.
- Demand comes first: popularity × price × season × promotion × life of the product, zero while it is sold out, on days that
  follow the shapes below. The orders of a day are drawn from it, then who places them, then what is in them.
- Everything else follows from the orders: payments, returns, parcels, stock movements, purchases, ad reports, sessions, points.
- It is made in columns and month by month: memory does not grow with the number of orders, but for what is kept by customer and by
  product. One processor makes 25,000 to 40,000 orders a second with all that hangs on them: the medium shop in 5 seconds and 0.5 GB, a
  million orders (19 million rows) in 25 seconds and 1.1 GB.
- Money is in whole cents. Tax in the price is rounded half to even for each line, after the line's share of the order's discount by
  largest remainder.
"""


def _sizes() -> str:
    lines = ["| size | orders | customers | products | stores | web tracking |", "|---|---|---|---|---|---|"]
    lines += [
        f"| {size.name} | {size.orders:,} | {size.customers:,} | {size.products:,} | {size.stores} and a warehouse | "
        f"last {size.web_days} days |"
        for size in SIZES.values()
    ]
    text = "`orders=` makes any number of orders, with customers in proportion."
    return "\n".join(["## Sizes", "", *lines, "", text])


def _category(category: Category) -> str:
    swing = f"±{category.amplitude * 100:.0f} %, top on day {category.peak}" if category.amplitude else "none"
    elasticity = f"{category.elasticity:.1f}".replace("-", "−")
    return (
        f"| {category.name} | {category.unit} | {category.prices[0] / 100:.2f} to {category.prices[1] / 100:.2f} | {elasticity} | "
        f"{swing} | {category.return_rate * 100:.0f} % | {category.index:g} |"
    )


def _categories() -> str:
    lines = [
        "| category | unit | list prices | elasticity | season | returned lines | price index |",
        "|---|---|---|---|---|---|---|",
        *(_category(category) for category in CATEGORIES),
    ]
    return "\n".join(["## Categories", "", *lines])


def _planted(truths: Truths) -> str:
    parts = ["## What is planted", "", "Products and days are those of the medium shop."]
    for truth in truths.all():
        parts += ["", f"### {truth.title}", "", *(f"- {size}" for size in truth.sizes())]
        parts += ["", f"Where: {truth.where}.", "", f"Noise: {truth.noise}."]
    return "\n".join(parts)


def _tables() -> str:
    lines = ["| table | what a row is |", "|---|---|"]
    lines += [f"| {table.name} | {table.grain} |" for table in TABLES.values()]
    intro = f"Every canonical table has rows. `{SHOP}` is the home shop, `{SHOP_UK}` the British one, which leaves its stock to a partner."
    return "\n".join(["## Tables", "", intro, "", *lines])


def guide() -> str:
    """The page."""
    truths = make_catalogue(size_of("medium"), PLAN).truths
    return "\n".join([_HEAD, _sizes(), "", _HOW, _categories(), "", _planted(truths), "", _tables(), ""])
