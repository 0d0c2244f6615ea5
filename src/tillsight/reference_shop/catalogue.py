"""What the reference shop sells, from whom and where: styles, stock keeping units, suppliers, prices and costs over time.

A style is an article in one colour; a stock keeping unit (SKU) is a style in a size, and is what `products` holds. Prices and
costs belong to the style. All tables are small; the price of every style on every day is a matrix.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from tillsight.reference_shop.calendar import Days, index_of
from tillsight.reference_shop.hashing import LOGNORMAL_HALF, Bools, Floats, Ints, Stream
from tillsight.reference_shop.sizes import Size
from tillsight.reference_shop.truths import CATEGORIES, SUPPLIERS, Truths

SIZE_NAMES = ("S", "M", "L", "XL")
SIZE_SHARES = (0.24, 0.32, 0.27, 0.17)
COLOURS = ("sand", "navy", "moss", "rust", "chalk", "slate", "plum", "ochre", "ink", "sage")
NAMES = (
    "Alder", "Anchor", "Barley", "Beacon", "Birch", "Bracken", "Breeze", "Brook", "Cedar", "Cliff", "Cove", "Crest", "Current",
    "Drift", "Dune", "Elm", "Ember", "Fern", "Finch", "Fjord", "Flint", "Gale", "Glen", "Granite", "Gull", "Hazel", "Heath",
    "Heron", "Hollow", "Island", "Jetty", "Juniper", "Keel", "Kelp", "Lagoon", "Larch", "Linden", "Loch", "Lowland", "Maple",
    "Marram", "Meadow", "Mist", "Moor", "Moss", "Oak", "Orchard", "Osprey", "Pebble", "Plover", "Quay", "Reed", "Ridge", "Rowan",
    "Rush", "Saltmarsh", "Shingle", "Shore", "Skylark", "Spindle", "Spruce", "Stone", "Strand", "Tern", "Thistle", "Tide",
    "Timber", "Wharf", "Willow", "Wren",
)  # fmt: skip
BRANDS = ("Harbour & Pine", "Saltmarsh Studio", "Nordhavn Works", "Elm & Ember")
BRAND_SHARES = (0.55, 0.20, 0.15, 0.10)
UNITS = (("clothing", "Clothing"), ("home", "Home Living"), ("leisure", "Garden & Leisure"))
GIFT_CARD_VALUE = 5_000
GBP_PRICE = 0.86
USD_PRICE = 0.98
EURO_TAX = 19
MATERIALS = {
    "Knitwear": "lambswool", "Dresses": "viscose", "Outerwear": "waxed cotton", "Trousers": "cotton", "Tops": "linen",
    "Kitchen": "oak", "Bedding": "percale", "Lighting": "brass", "Candles": "soy wax", "Garden": "zinc",
}  # fmt: skip


def rounded_price(cents: npt.NDArray[Any]) -> Ints:
    """A price as shops write it: whole tens of cents."""
    return np.maximum(np.rint(cents / 10).astype(np.int64) * 10, 100)


@dataclass(frozen=True)
class Styles:
    """Styles in the order of their numbers. `category` is an index into CATEGORIES; -1 for bundles, -2 for gift cards."""

    category: Ints
    name: list[str]
    item: list[str]
    colour: list[str]
    brand: Ints
    supplier: Ints
    base: Ints
    popularity: Floats
    launch: Ints
    decline: Ints
    fixed_price: Bools
    unknown_cost: Bools


@dataclass(frozen=True)
class Catalogue:
    """Products of a shop of one size, with the planted choices (`truths` names the products chosen)."""

    size: Size
    days: Days
    truths: Truths
    styles: Styles
    style: Ints
    """Style of each SKU."""
    garment: Ints
    """Index into SIZE_NAMES of each SKU; -1 where there are no sizes."""
    components: tuple[tuple[int, tuple[int, ...]], ...]
    """Bundles: the SKU and the SKUs in it, one of each."""
    prices: npt.NDArray[np.int32]
    """Price of each style on each day, cents with German tax."""
    costs: npt.NDArray[np.int32]
    """Cost of one unit of each style on each day, cents without tax, known or not."""

    @property
    def count(self) -> int:
        """Number of SKUs."""
        return len(self.style)

    @cached_property
    def category(self) -> Ints:
        """Category of each SKU."""
        return self.styles.category[self.style]

    @cached_property
    def unit(self) -> Ints:
        """Business unit of each SKU: index into UNITS."""
        codes = [code for code, _ in UNITS]
        units = np.array([codes.index(category.unit) for category in CATEGORIES] + [1, 1])
        return units[self.category]

    @cached_property
    def is_gift_card(self) -> Bools:
        """The gift card."""
        return np.asarray(self.category == -2)

    @cached_property
    def is_bundle(self) -> Bools:
        """Bundles."""
        return np.asarray(self.category == -1)

    @cached_property
    def ids(self) -> list[str]:
        """The names of the SKUs."""
        return [f"HP-{number + 1:05d}" for number in range(self.count)]

    @cached_property
    def first_of_style(self) -> Ints:
        """The SKU that stands for its style."""
        first = np.zeros(len(self.styles.name), dtype=np.int64)
        numbers = np.arange(self.count)[::-1]
        first[self.style[::-1]] = numbers
        return first

    @cached_property
    def names(self) -> list[str]:
        """Product names, with colour and size."""
        result = []
        for style, garment in zip(self.style.tolist(), self.garment.tolist(), strict=True):
            name = f"{self.styles.name[style]} {self.styles.item[style]}".strip()
            colour = self.styles.colour[style]
            name += f", {colour}" if colour else ""
            result.append(name + (f", {SIZE_NAMES[garment]}" if garment >= 0 else ""))
        return result

    @cached_property
    def weights(self) -> Floats:
        """Demand for each SKU on each day, relative: what every planted effect multiplies (day × SKU)."""
        return _weights(self)

    @cached_property
    def stir(self) -> Floats:
        """What prices, promotions and sold-out products do to the demand of a day as a whole, as a factor.

        The seasons of the categories and the lives of the products only move shares between products, so that the shop
        as a whole follows its planted shapes.
        """
        return np.asarray(self.weights.sum(axis=1) / _weights(self, slow=True).sum(axis=1))

    @cached_property
    def undisturbed(self) -> Floats:
        """Demand for each SKU on an ordinary day: popularity alone."""
        share = np.where(self.garment >= 0, np.array(SIZE_SHARES)[np.maximum(self.garment, 0)] * len(SIZE_NAMES), 1.0)
        return np.asarray(self.styles.popularity[self.style] * share)

    @cached_property
    def promotion(self) -> npt.NDArray[np.int8]:
        """Number of the promotion of each category on each day, from 1; 0 for none (day × category)."""
        table = np.zeros((self.days.count, len(CATEGORIES)), dtype=np.int8)
        names = [category.name for category in CATEGORIES]
        for number, promotion in enumerate(self.truths.promotions.promotions, start=1):
            table[self.days.between(promotion.start, promotion.end), names.index(promotion.category)] = number
        return table


def _fates(category: Ints, shares: tuple[float, ...]) -> list[Bools]:
    """Split the styles of each category by shares, so that every category has some of each fate; by hash, not by number."""
    numbers = np.arange(len(category))
    order = np.lexsort((Stream("style.fate").bits(numbers), category))
    rank = np.empty(len(category), dtype=np.int64)
    rank[order] = numbers - np.searchsorted(category[order], category[order])
    count = np.bincount(category + 2)[category + 2]
    result, edge = [], np.zeros(len(category), dtype=np.int64)
    for share in shares:
        upto = edge + np.floor(count * share + 0.5).astype(np.int64)
        result.append(np.asarray((rank >= edge) & (rank < upto) & (category >= 0)))
        edge = upto
    return result


def _make_styles(size: Size, days: Days, truths: Truths) -> tuple[Styles, Ints, Ints]:
    """Styles, and for each SKU its style and garment size."""
    bundles = max(1, min(6, size.products // 75))
    goods = size.products - bundles - 1
    sized = goods * 2 // 3 // len(SIZE_NAMES)
    plain = goods - sized * len(SIZE_NAMES)
    clothing = [index for index, category in enumerate(CATEGORIES) if category.sized]
    other = [index for index, category in enumerate(CATEGORIES) if not category.sized]
    category = np.array(
        [clothing[number % len(clothing)] for number in range(sized)]
        + [other[number % len(other)] for number in range(plain)]
        + [-1] * bundles
        + [-2]
    )
    count = len(category)
    numbers = np.arange(count)
    item, name, colour = [], [], []
    for number, kind in enumerate(category.tolist()):
        items = CATEGORIES[kind].items if kind >= 0 else ("gift set",) if kind == -1 else ("Gift card 50 €",)
        item.append(items[number // 5 % len(items)])
        name.append("" if kind == -2 else NAMES[(number * 17 + number // len(NAMES)) % len(NAMES)])
        colour.append("" if kind < 0 else COLOURS[int(Stream("style.colour").below(len(COLOURS), number)[0])])
    low = np.array([part.prices[0] for part in CATEGORIES] + [4_990, GIFT_CARD_VALUE])[category]
    high = np.array([part.prices[1] for part in CATEGORIES] + [8_990, GIFT_CARD_VALUE])[category]
    # Square of an even draw: many products near the lower end of the range, few at the top.
    position = Stream("style.price").unit(numbers) ** 2
    base = rounded_price(low + (high - low) * position)
    base[category == -2] = GIFT_CARD_VALUE
    rank = np.argsort(np.argsort(Stream("style.rank").bits(numbers), kind="stable"), kind="stable")
    popularity = (rank + 2.0) ** -0.55 * Stream("style.popularity").quantile(LOGNORMAL_HALF, numbers)
    # Dear things sell less often.
    popularity *= (5_000 / base) ** 0.5
    popularity[category == -1] = np.sort(popularity)[count // 2] * 0.6
    popularity[category == -2] = np.sort(popularity)[count // 2] * 0.8
    life = truths.life
    fixed, new, old = _fates(category, (truths.elasticity.fixed_share, life.launched_share, life.declining_share))
    launch = np.where(
        new,
        Stream("style.launch").between(150, days.count - 60, numbers),
        -Stream("style.launched").between(90, 1_500, numbers),
    )
    decline = np.where(old, Stream("style.decline").between(200, days.count - 150, numbers), days.count * 2)
    supplier_of = {name: index for index, supplier in enumerate(SUPPLIERS) for name in supplier.categories}
    supplier = np.array([supplier_of[CATEGORIES[kind].name] if kind >= 0 else -1 for kind in category.tolist()])
    styles = Styles(
        category=category,
        name=name,
        item=item,
        colour=colour,
        brand=Stream("style.brand").choice(BRAND_SHARES, numbers),
        supplier=supplier,
        base=base,
        popularity=popularity,
        launch=launch,
        decline=decline,
        fixed_price=fixed | (category < 0) | new | old,
        unknown_cost=Stream("style.cost.unknown").chance(truths.channels.unknown_cost, numbers) & (category >= 0),
    )
    style = np.concatenate([np.repeat(np.arange(sized), len(SIZE_NAMES)), np.arange(sized, count)])
    garment = np.concatenate([np.tile(np.arange(len(SIZE_NAMES)), sized), np.full(count - sized, -1)])
    return styles, style, garment


def _make_prices(styles: Styles, days: Days, truths: Truths) -> npt.NDArray[np.int32]:
    """Price of each style on each day: steps that begin on days of their own."""
    plan = truths.elasticity
    count = len(styles.name)
    numbers = np.arange(count)
    changes = Stream("price.changes").between(*plan.changes, numbers)
    level = np.ones((count, days.count))
    for change in range(plan.changes[1]):
        # The span of a style is cut into as many parts as it has changes; each change lies somewhere in its part.
        day = ((change + Stream("price.day").unit(numbers, change)) * days.count / changes).astype(np.int64)
        step = np.array(plan.steps)[Stream("price.step").below(len(plan.steps), numbers, change)]
        happens = (change < changes) & ~styles.fixed_price
        level = np.where(happens[:, None] & (np.arange(days.count)[None, :] >= day[:, None]), step[:, None], level)
    return rounded_price(level * styles.base[:, None]).astype(np.int32)


def _make_costs(styles: Styles, days: Days) -> npt.NDArray[np.int32]:
    """Cost of a unit of each style on each day: two rises of each supplier."""
    numbers = np.arange(len(styles.name))
    share = np.array([category.cost for category in CATEGORIES] + [0.5, 0.0])[styles.category]
    base = styles.base / (1 + EURO_TAX / 100) * share * np.exp(0.08 * Stream("style.cost").normal(numbers))
    factor = np.ones((len(numbers), days.count))
    for rise, (first, last) in enumerate((("2025-05-01", "2025-09-01"), ("2026-02-01", "2026-06-01"))):
        start = Stream("cost.day").between(index_of(first), index_of(last), styles.supplier + 1, rise)
        size = 1 + Stream("cost.rise").between(0, 6, styles.supplier + 1, rise) / 100
        factor *= np.where(np.arange(days.count)[None, :] >= start[:, None], size[:, None], 1.0)
    return np.asarray(np.rint(base[:, None] * factor).astype(np.int32))


def _weights(catalogue: Catalogue, *, slow: bool = False) -> Floats:
    """Demand by day and SKU: popularity × season × life and, unless `slow`, × price × promotion × sold out."""
    styles, days, truths = catalogue.styles, catalogue.days, catalogue.truths
    known = styles.category >= 0
    elasticity = np.where(known, np.array([part.elasticity for part in CATEGORIES] + [0.0, 0.0])[styles.category], 0.0)
    numbers = np.arange(days.count)
    ratio = np.ones(catalogue.prices.shape) if slow else catalogue.prices / styles.base[:, None]
    demand = ratio ** elasticity[:, None]
    seasons = np.ones((len(CATEGORIES) + 2, days.count))
    promoted = np.ones((len(CATEGORIES) + 2, days.count))
    for index, category in enumerate(CATEGORIES):
        seasons[index] = days.season_of(category.amplitude, category.peak)
    names = [category.name for category in CATEGORIES]
    for promotion in () if slow else truths.promotions.promotions:
        index = names.index(promotion.category)
        promoted[index, days.between(promotion.start, promotion.end)] *= promotion.lift
        if promotion.after_days:
            after = index_of(promotion.end) + 1
            promoted[index, after : after + promotion.after_days] *= promotion.after
    demand *= (seasons * promoted)[styles.category]
    age = numbers[None, :] - styles.launch[:, None]
    demand *= np.clip(0.15 + 0.85 * age / truths.life.ramp_days, 0.15, 1.0) * (age >= 0)
    since = np.maximum(numbers[None, :] - styles.decline[:, None], 0)
    demand *= 0.5 ** (since / truths.life.half_life)
    pair = truths.elasticity.substitute
    if pair[0]:
        first, second = (int(catalogue.style[catalogue.ids.index(name)]) for name in pair)
        demand[first] *= ratio[second] ** truths.elasticity.cross
    table = demand.T[:, catalogue.style] * catalogue.undisturbed[None, :]
    for product in truths.dead_stock.products:
        table[index_of(truths.dead_stock.since) :, catalogue.ids.index(product)] = 0.0
    for product, first_day, last_day in () if slow else truths.stockouts.spans:
        table[index_of(first_day) : index_of(last_day) + 1, catalogue.ids.index(product)] = 0.0
    return np.asarray(table)


def _plant(catalogue: Catalogue) -> Truths:
    """Choose the products of the planted truths, by rank and hash, and write them down."""
    truths, styles, days = catalogue.truths, catalogue.styles, catalogue.days
    ids, style = catalogue.ids, catalogue.style
    mature = (styles.launch < 0) & (styles.decline > days.count) & (styles.category >= 0)
    by_rank = [number for number in np.argsort(-catalogue.undisturbed, kind="stable").tolist() if mature[style[number]]]
    kitchen = next(
        index for index, category in enumerate(CATEGORIES) if category.name == truths.suppliers.batch_category
    )
    batch = next(number for number in by_rank if styles.category[style[number]] == kitchen)
    sized = [number for number in by_rank if catalogue.garment[number] >= 0]
    small = int(style[sized[0]])
    taken = {batch, *np.flatnonzero(style == small).tolist()}
    spans: list[tuple[str, date, date]] = []
    for number in (part for part in by_rank if part not in taken):
        if len(spans) == catalogue.size.stockouts:
            break
        # Sold out for ten days to three and a half weeks, never in the first hundred days and never at the very end.
        begin = int(Stream("stockout.day").between(120, days.count - 80, number)[0])
        length = int(Stream("stockout.length").between(10, 24, number)[0])
        spans.append((ids[number], days.dates[begin], days.dates[begin + length - 1]))
        taken.add(number)
    plain = [number for number in by_rank if catalogue.garment[number] < 0 and number not in taken]
    moving = [number for number in plain if not styles.fixed_price[style[number]]]
    twins = [
        (first, second)
        for position, first in enumerate(moving)
        for second in moving[position + 1 :]
        if styles.category[style[first]] == styles.category[style[second]]
    ]
    first, second = twins[0]
    rest = [number for number in plain if number not in (first, second)]
    pairs = tuple((ids[rest[2 * index]], ids[rest[len(rest) // 2 + index]]) for index in range(min(4, len(rest) // 4)))
    dead = plain[-max(1, round(catalogue.size.products * truths.dead_stock.share)) :]
    dates = days.dates
    sku = catalogue.first_of_style
    fixed = [ids[int(sku[number])] for number in np.flatnonzero(styles.fixed_price & mature).tolist()]
    launched = np.flatnonzero(styles.launch > 0).tolist()
    declining = np.flatnonzero(styles.decline < days.count).tolist()
    return replace(
        truths,
        stockouts=replace(truths.stockouts, spans=tuple(spans)),
        dead_stock=replace(truths.dead_stock, products=tuple(ids[number] for number in sorted(dead))),
        elasticity=replace(truths.elasticity, fixed_products=tuple(fixed), substitute=(ids[first], ids[second])),
        suppliers=replace(truths.suppliers, batch_products=(ids[batch],)),
        returns=replace(
            truths.returns, small_product=tuple(ids[number] for number in np.flatnonzero(style == small).tolist())
        ),
        together=replace(truths.together, pairs=pairs),
        life=replace(
            truths.life,
            launched=tuple((ids[int(sku[number])], dates[int(styles.launch[number])]) for number in launched),
            declining=tuple((ids[int(sku[number])], dates[int(styles.decline[number])]) for number in declining),
        ),
    )


def make_catalogue(size: Size, plan: Truths) -> Catalogue:
    """The catalogue of a size, with its truths resolved to products and days."""
    days = Days(plan)
    styles, style, garment = _make_styles(size, days, plan)
    prices = _make_prices(styles, days, plan)
    costs = _make_costs(styles, days)
    goods = np.flatnonzero(
        (styles.category[style] >= 0)
        & (garment < 0)
        & (styles.launch[style] < 0)
        & (styles.decline[style] > days.count)
    )
    bundles = []
    for number in np.flatnonzero(styles.category[style] == -1).tolist():
        picked = goods[Stream("bundle.part").below(len(goods), number, np.arange(12))]
        parts = tuple(dict.fromkeys(picked.tolist()))[:3]
        bundles.append((number, parts))
        of_parts = style[list(parts)]
        # A set costs a tenth less than its parts at their usual prices, and its price stays.
        prices[style[number]] = int(rounded_price(np.array(styles.base[of_parts].sum() * 0.9)))
        styles.base[style[number]] = prices[style[number], 0]
        costs[style[number]] = costs[of_parts].sum(axis=0)
    catalogue = Catalogue(size, days, plan, styles, style, garment, tuple(bundles), prices, costs)
    return replace(catalogue, truths=_plant(catalogue))
