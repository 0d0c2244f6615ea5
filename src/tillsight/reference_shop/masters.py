"""Master data: shops, business units, places, suppliers, products, prices, costs, promotions, bundles, rates and the calendar.

These tables have a row for a product, a place or a day at most; the many rows are elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import pyarrow as pa

from tillsight.core import fiscal
from tillsight.reference_shop import columns as c
from tillsight.reference_shop.calendar import EPOCH, Days, index_of
from tillsight.reference_shop.catalogue import (
    BRANDS,
    EURO_TAX,
    GBP_PRICE,
    MATERIALS,
    SIZE_NAMES,
    UNITS,
    Catalogue,
    rounded_price,
)
from tillsight.reference_shop.cents import divided
from tillsight.reference_shop.columns import Array, Writer
from tillsight.reference_shop.customers import CITIES, store_city
from tillsight.reference_shop.hashing import Floats, Ints, Stream
from tillsight.reference_shop.truths import (
    CATEGORIES,
    CURRENCY,
    FIRST_DAY,
    LAST_DAY,
    SHOP,
    SHOP_NAME,
    SHOP_UK,
    SUPPLIERS,
    TIMEZONE,
    Truths,
)

GROUP = "Harbour & Pine group"
WAREHOUSE = "WH1"
CODES = (("WELCOME10", "Welcome, ten percent off", 10), ("NEWS5", "Newsletter, five off", 5))


def text(values: Sequence[str | None]) -> Array:
    """A short list of texts."""
    return pa.array(values, pa.string())


def location_names(stores: int) -> list[str]:
    """Ids of the places of the home shop: the warehouse, then the stores."""
    return [WAREHOUSE, *(f"ST{number + 1:02d}" for number in range(stores))]


def category_names() -> list[str]:
    """Names by index of category; the last two are bundles (-2 from the end) and the gift card, found by negative index."""
    return [*(category.name for category in CATEGORIES), "Gift cards", "Gift sets"]


def rates(days: Days, truths: Truths) -> tuple[Ints, Ints]:
    """Euros for one pound and for one dollar on each day, in billionths: a slow random walk that is pulled to its level."""
    result = []
    for number, level in enumerate((truths.currencies.gbp, truths.currencies.usd)):
        shocks = Stream("rate.shock").normal(np.arange(days.count), number)
        value, path = 0.0, []
        for shock in shocks.tolist():
            value = 0.98 * value + 0.003 * shock
            path.append(value)
        result.append(np.rint(level * (1 + np.array(path)) * 10_000).astype(np.int64) * 100_000)
    return result[0], result[1]


def write_places(writer: Writer, stores: int) -> None:
    """Shops, business units and locations."""
    writer.write(
        "shops",
        {
            "shop_id": text([SHOP, SHOP_UK]),
            "shop_name": text([SHOP_NAME, f"{SHOP_NAME} UK"]),
            "brand": text([SHOP_NAME, SHOP_NAME]),
            "group_name": text([GROUP, GROUP]),
            "platform": text(["shopify", "shopify"]),
            "url": text(["https://harbour-pine.example", "https://uk.harbour-pine.example"]),
            "currency": text([CURRENCY, "GBP"]),
            "timezone": text([TIMEZONE, "Europe/London"]),
            "country": text(["Germany", "United Kingdom"]),
            "opened_date": c.day([c_day("2021-03-01"), c_day("2023-09-01")]),
        },
    )
    units = [*(code for code, _ in UNITS), *(code for code, _ in UNITS)]
    writer.write(
        "business_units",
        {
            "shop_id": text([SHOP] * len(UNITS) + [SHOP_UK] * len(UNITS)),
            "business_unit_id": text(units),
            "business_unit_name": text([name for _, name in UNITS] * 2),
            "group_name": text([GROUP] * len(units)),
        },
    )
    names = location_names(stores)
    cities = [1, *store_city(np.arange(stores)).tolist()]
    market = [CITIES[city][3] for city in cities]
    writer.write(
        "locations",
        {
            "shop_id": text([SHOP] * len(names)),
            "location_id": text(names),
            "location_name": text(["Hamburg warehouse", *(f"{CITIES[city][0]} store" for city in cities[1:])]),
            "location_type": text(["warehouse", *["store"] * stores]),
            "city": text([CITIES[city][0] for city in cities]),
            "state": text([CITIES[city][1] for city in cities]),
            "postcode": text([f"{CITIES[city][2]:02d}1{number % 90 + 10:02d}" for number, city in enumerate(cities)]),
            "country": text(["Germany"] * len(names)),
            "sales_region": text(
                ["North" if CITIES[city][2] in range(10, 29) else "South and west" for city in cities]
            ),
            "market": text(market),
            "floor_area_m2": c.number([6_400.0, *(float(180 + 35 * (number % 5)) for number in range(stores))]),
            "is_sellable": c.boolean([True] * len(names)),
            "opened_date": c.day([c_day("2021-03-01") + 40 * number for number in range(len(names))]),
        },
    )


def c_day(day: str) -> int:
    """A day in days since 1970-01-01."""
    return (date.fromisoformat(day) - EPOCH).days


def write_suppliers(writer: Writer) -> None:
    """The suppliers; the bad and the late one look like the others."""
    writer.write(
        "suppliers",
        {
            "shop_id": text([SHOP] * len(SUPPLIERS)),
            "supplier_id": text([supplier.supplier_id for supplier in SUPPLIERS]),
            "supplier_name": text([supplier.name for supplier in SUPPLIERS]),
            "contact_name": text([f"Sales desk {supplier.name.split()[0]}" for supplier in SUPPLIERS]),
            "email": text([f"orders@{supplier.name.split()[0].lower()}.example" for supplier in SUPPLIERS]),
            "country": text([supplier.country for supplier in SUPPLIERS]),
            "currency": text([CURRENCY] * len(SUPPLIERS)),
            "lead_time_days": c.number([float(supplier.lead_days) for supplier in SUPPLIERS]),
            "minimum_order_value": c.money([50_000] * len(SUPPLIERS)),
            "order_cost": c.money([4_500] * len(SUPPLIERS)),
            "payment_terms_days": c.integer([30] * len(SUPPLIERS)),
            "is_active": c.boolean([True] * len(SUPPLIERS)),
        },
    )


def write_products(writer: Writer, catalogue: Catalogue, daily_units: Floats) -> None:
    """Products of both shops. `daily_units`: mean units a day of each SKU, for the shop's own reorder settings."""
    styles, style, days = catalogue.styles, catalogue.style, catalogue.days
    count = catalogue.count
    last = days.count - 1
    names = category_names()
    category = catalogue.category
    lead = np.array([float(supplier.lead_days) for supplier in SUPPLIERS] + [20.0])
    supplier = styles.supplier[style]
    parent = catalogue.first_of_style[style]
    bundled = dict(catalogue.components)
    cost = catalogue.costs[style, last].astype(np.int64)
    numbers = np.arange(count)
    weight = np.where(catalogue.garment >= 0, 250.0, 600.0) + Stream("product.weight").below(400, style)
    description = [
        f"{name} in {MATERIALS.get(names[kind], 'paper')}, made to be used every day."
        for name, kind in zip(catalogue.names, category.tolist(), strict=True)
    ]
    changed = np.argmax(catalogue.prices[:, ::-1] != catalogue.prices[:, -1:], axis=1)[style]
    for shop in (SHOP, SHOP_UK):
        british = shop == SHOP_UK
        # The British shop sells neither sets nor gift cards and leaves its stock to a partner.
        keep = np.flatnonzero(~(catalogue.is_bundle | catalogue.is_gift_card)) if british else numbers
        factor = GBP_PRICE if british else 1.0
        price = catalogue.prices[style, last].astype(np.int64)[keep]
        base = styles.base[style][keep]
        price = rounded_price(price * factor) if british else price
        listed = np.where(
            catalogue.is_gift_card[keep], base, np.maximum(rounded_price(rounded_price(base * 1.15) * factor), price)
        )
        gift = catalogue.is_gift_card[keep]
        own_cost = np.rint(cost[keep] / catalogue.truths.currencies.gbp).astype(np.int64) if british else cost[keep]
        launched = styles.launch[style][keep]
        declining = styles.decline[style][keep] < days.count
        dead = np.isin(keep, [catalogue.ids.index(name) for name in catalogue.truths.dead_stock.products])
        ids = text(catalogue.ids).take(pa.array(keep))
        rows = len(keep)
        has_supplier = (supplier[keep] >= 0) & (not british)
        stock = ~catalogue.is_bundle[keep] & ~gift
        reorder = np.rint(daily_units[keep] * (lead[supplier[keep]] + 14)).astype(np.int64)
        writer.write(
            "products",
            {
                "shop_id": c.constant(shop, rows),
                "product_id": ids,
                "parent_product_id": text(catalogue.ids).take(pa.array(parent[keep])),
                "product_name": text(catalogue.names).take(pa.array(keep)),
                "description": text(description).take(pa.array(keep)),
                "department": c.words([name for _, name in UNITS], catalogue.unit[keep]),
                "category": c.words(names, category[keep] % len(names)),
                "sub_category": text([item.capitalize() for item in styles.item]).take(pa.array(style[keep])),
                "brand": c.words(BRANDS, styles.brand[style][keep]),
                "supplier_id": c.words(
                    [part.supplier_id for part in SUPPLIERS], np.maximum(supplier[keep], 0), has_supplier
                ),
                "size": c.words(SIZE_NAMES, np.maximum(catalogue.garment[keep], 0), catalogue.garment[keep] >= 0),
                "colour": text([colour or None for colour in styles.colour]).take(pa.array(style[keep])),
                "material": text([MATERIALS.get(names[kind]) for kind in category.tolist()]).take(pa.array(keep)),
                "barcode": c.label("40", 10_000_000_000 + 17 * (keep + 1)),
                "unit_of_measure": c.constant("piece", rows),
                "currency": c.constant("GBP" if british else CURRENCY, rows),
                "unit_cost": c.money(own_cost, ~gift),
                "current_price": c.money(price),
                "list_price": c.money(listed),
                "minimum_price": c.money(np.minimum(np.rint(own_cost * 1.25).astype(np.int64), price)),
                "maximum_price": c.money(np.maximum(np.rint(listed * 1.2).astype(np.int64), price)),
                "target_margin_percent": c.rate(np.full(rows, 50_000_000_000)),
                "last_price_change_date": c.day(days.first + last - changed[keep] + 1, changed[keep] > 0),
                "tax_rate": c.rate(np.where(gift, 0, 20 if british else EURO_TAX) * 1_000_000_000),
                "reorder_point": c.quantity(reorder, stock),
                "safety_stock": c.quantity(np.rint(daily_units[keep] * 7).astype(np.int64), stock),
                "lead_time_days": c.number(lead[supplier[keep]], has_supplier),
                "minimum_order_quantity": c.quantity(np.where(catalogue.garment[keep] >= 0, 10, 12), stock),
                "pack_size": c.quantity(np.where(catalogue.garment[keep] >= 0, 5, 6), stock),
                "order_cost": c.money(np.full(rows, 4_500), stock),
                "holding_cost": c.money(np.rint(own_cost * 0.22).astype(np.int64), stock),
                "location_id": c.where(np.full(rows, not british), c.constant(WAREHOUSE, rows)),
                "weight_grams": c.number(weight[keep], ~gift),
                "photo_count": c.integer(Stream("product.photos").between(2, 7, style[keep])),
                "has_size_guide": c.boolean(
                    Stream("product.guide").chance(0.7, style[keep]) & ~np.isin(keep, _numbers(catalogue)),
                    catalogue.garment[keep] >= 0,
                ),
                "product_url": c.join("https://harbour-pine.example/p/", ids),
                "is_gift_card": c.boolean(gift),
                "is_bundle": c.boolean(catalogue.is_bundle[keep]),
                "launch_date": c.day(days.first + launched),
                "status": c.words(("active", "seasonal", "discontinued"), np.select([dead, declining], [2, 1], 0)),
                "discontinued_date": c.day(
                    np.full(rows, days.first + index_of(catalogue.truths.dead_stock.since) - 1), dead
                ),
            },
        )
    writer.write(
        "bundles",
        {
            "shop_id": c.constant(SHOP, sum(len(parts) for parts in bundled.values())),
            "bundle_product_id": text([catalogue.ids[number] for number, parts in bundled.items() for _ in parts]),
            "component_product_id": text([catalogue.ids[part] for parts in bundled.values() for part in parts]),
            "quantity": c.quantity([1] * sum(len(parts) for parts in bundled.values())),
        },
    )


def _numbers(catalogue: Catalogue) -> list[int]:
    return [catalogue.ids.index(name) for name in catalogue.truths.returns.small_product]


def write_promotions(writer: Writer, catalogue: Catalogue) -> None:
    """Promotions of both shops with their products, and the codes that customers enter."""
    plan = catalogue.truths.promotions.promotions
    names = [category.name for category in CATEGORIES]
    for shop, currency in ((SHOP, CURRENCY), (SHOP_UK, "GBP")):
        count = len(plan) + len(CODES)
        writer.write(
            "promotions",
            {
                "shop_id": c.constant(shop, count),
                "promotion_id": text([*(part.promotion_id for part in plan), *(code for code, *_ in CODES)]),
                "promotion_name": text([*(part.name for part in plan), *(name for _, name, _ in CODES)]),
                "code": text([*[None] * len(plan), *(code for code, *_ in CODES)]),
                "discount_type": text([*["percent_off"] * len(plan), "percent_off", "dollar_off"]),
                "discount_value": c.money(
                    [*(round(part.depth * 100) * 100 for part in plan), *(value * 100 for *_, value in CODES)]
                ),
                "currency": c.constant(currency, count),
                "start_date": c.day([*(c_day(part.start) for part in plan), *[catalogue.days.first] * len(CODES)]),
                "end_date": c.day(
                    [*(c_day(part.end) for part in plan), *[0] * len(CODES)], np.arange(count) < len(plan)
                ),
                "cost": c.money([15_000] * len(plan) + [0] * len(CODES)),
                "status": text([*("ended" for _ in plan), *["active"] * len(CODES)]),
            },
        )
    product, promotion = [], []
    for number, part in enumerate(plan):
        chosen = np.flatnonzero(catalogue.category == names.index(part.category))
        product.append(chosen)
        promotion.append(np.full(len(chosen), number))
    products, promotions = np.concatenate(product), np.concatenate(promotion)
    start = np.array([index_of(part.start) for part in plan])[promotions]
    depth = np.array([round(part.depth * 100) for part in plan])[promotions]
    price = catalogue.prices[catalogue.style[products], start].astype(np.int64)
    for shop, currency, factor in ((SHOP, CURRENCY, 1.0), (SHOP_UK, "GBP", GBP_PRICE)):
        full = price if factor == 1.0 else rounded_price(price * factor)
        writer.write(
            "promotion_products",
            {
                "shop_id": c.constant(shop, len(products)),
                "promotion_id": c.words([part.promotion_id for part in plan], promotions),
                "product_id": text(catalogue.ids).take(pa.array(products)),
                "currency": c.constant(currency, len(products)),
                "promotion_price": c.money(full - divided(full * depth, 100)),
            },
        )


def write_prices(writer: Writer, catalogue: Catalogue) -> None:
    """Price changes of the SKUs and costs of the SKUs over time."""
    days, style = catalogue.days, catalogue.style
    prices = catalogue.prices[style].astype(np.int64)
    sku, day = np.nonzero(prices[:, 1:] != prices[:, :-1])
    order = np.lexsort((sku, day))
    sku, day = sku[order], day[order] + 1
    launched = day >= catalogue.styles.launch[style[sku]]
    sku, day = sku[launched], day[launched]
    old, new = prices[sku, day - 1], prices[sku, day]
    # Every product has a first price, from the first day or its launch.
    start = np.maximum(catalogue.styles.launch[style], 0)
    every = np.arange(catalogue.count)
    sku_all = np.concatenate([every, sku])
    day_all = np.concatenate([start, day])
    first = np.concatenate([np.ones(len(every), dtype=bool), np.zeros(len(sku), dtype=bool)])
    writer.write(
        "price_changes",
        {
            "shop_id": c.constant(SHOP, len(sku_all)),
            "line_id": c.label("PC", np.arange(len(sku_all)) + 1, 6),
            "product_id": text(catalogue.ids).take(pa.array(sku_all)),
            "effective_at": c.moment(days.moments(day_all, np.zeros(len(day_all), dtype=np.int64))),
            "currency": c.constant(CURRENCY, len(sku_all)),
            "old_price": c.money(np.concatenate([np.zeros(len(every), dtype=np.int64), old]), ~first),
            "new_price": c.money(np.concatenate([prices[every, start], new])),
            "reason": c.words(
                ("first price", "price test", "costs rose", "competition"), np.where(first, 0, 1 + sku_all % 3)
            ),
            "changed_by": c.constant("pricing team", len(sku_all)),
        },
    )
    costs = catalogue.costs[style].astype(np.int64)
    known_from = np.where(catalogue.styles.unknown_cost[style], index_of("2025-07-01"), 0)
    sku, day = np.nonzero(costs[:, 1:] != costs[:, :-1])
    day = day + 1
    later = day > known_from[sku]
    goods = np.flatnonzero(~catalogue.is_gift_card & ~catalogue.is_bundle)
    sku = np.concatenate([goods, sku[later]])
    day = np.concatenate([known_from[goods], day[later]])
    stocked = ~catalogue.is_gift_card[sku] & ~catalogue.is_bundle[sku]
    sku, day = sku[stocked], day[stocked]
    cost = costs[sku, day]
    freight = np.rint(cost * 0.06).astype(np.int64)
    goods_cost = cost - freight
    writer.write(
        "product_costs",
        {
            "shop_id": c.constant(SHOP, len(sku)),
            "line_id": c.label("K", np.arange(len(sku)) + 1, 6),
            "product_id": text(catalogue.ids).take(pa.array(sku)),
            "supplier_id": c.words([part.supplier_id for part in SUPPLIERS], catalogue.styles.supplier[style[sku]]),
            "valid_from": c.day(days.first + day),
            "currency": c.constant(CURRENCY, len(sku)),
            "unit_cost": c.money(goods_cost),
            "shipping_cost": c.money(freight),
            "landed_cost": c.money(cost),
        },
    )


def write_rates(writer: Writer, days: Days, pound: Ints, dollar: Ints) -> None:
    """Exchange rates of every day, to the euro, and the shop's fiscal calendar: 4-5-4 weeks, years that end near 31 January."""
    dates = days.first + np.arange(days.count)
    for shop in (SHOP, SHOP_UK):
        for currency, values in (("GBP", pound), ("USD", dollar)):
            writer.write(
                "exchange_rates",
                {
                    "shop_id": c.constant(shop, days.count),
                    "day": c.day(dates),
                    "from_currency": c.constant(currency, days.count),
                    "to_currency": c.constant(CURRENCY, days.count),
                    "rate": c.rate(values),
                    "rate_source": c.constant("reference rate", days.count),
                },
            )
    weeks = fiscal.generate(fiscal.PRESETS["nrf-4-5-4"], FIRST_DAY, LAST_DAY).weeks
    epoch = FIRST_DAY.toordinal() - days.first
    writer.write(
        "fiscal_calendar",
        {
            "shop_id": c.constant(SHOP, len(weeks)),
            "start_date": c.day([week.start.toordinal() - epoch for week in weeks]),
            "end_date": c.day([week.end.toordinal() - epoch for week in weeks]),
            "fiscal_year": c.integer([week.year for week in weeks]),
            "fiscal_quarter": c.integer([week.quarter for week in weeks]),
            "fiscal_period": c.integer([week.period for week in weeks]),
            "fiscal_week": c.integer([week.week for week in weeks]),
        },
    )
