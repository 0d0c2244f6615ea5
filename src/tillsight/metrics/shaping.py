"""Pieces that derived relations of several domains are shaped with: local days, exact products, conversion, allocation.

All of it is Ibis over the common subset of the engines; nothing executes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ibis
import ibis.expr.datatypes as dt

from tillsight.core.money import MINOR_UNITS_BY_CURRENCY, minor_units

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from tillsight.metrics.model import BuildInputs

MONEY = "decimal(18, 6)"
QUANTITY = "decimal(18, 4)"
WIDE = "decimal(38, 6)"
UNITS = "decimal(38, 0)"
RATE = "decimal(28, 15)"
"""Finer than sources state rates: one that is turned round (a unit of a weak currency in a strong one) keeps its digits."""
DESCRIBED = dict.fromkeys(
    (
        "location", "business_unit", "market", "product_id", "product_name", "department", "category", "sub_category", "brand",
        "supplier", "size", "colour",
    ),
    "string",
)  # fmt: skip
"""What rows have of places and products once they are `described`, in this order."""
RATE_DAYS = 7
"""A rate may be so many days old: none is published on weekends and holidays. An older one is a missing one."""

_ZONED = dt.Timestamp(timezone="UTC")


@ibis.udf.scalar.builtin(name="timezone", signature=((dt.string, dt.timestamp), _ZONED))  # type: ignore[untyped-decorator]
def _as_utc(zone: str, moment: Any) -> Any: ...


@ibis.udf.scalar.builtin(name="timezone", signature=((dt.string, _ZONED), dt.timestamp))  # type: ignore[untyped-decorator]
def _in_zone(zone: str, moment: Any) -> Any: ...


@ibis.udf.scalar.builtin(name="hash", signature=((dt.string, dt.string, dt.int64), dt.uint64))  # type: ignore[untyped-decorator]
def _hash(first: Any, second: Any, salt: Any) -> Any: ...


def key_of(shop: ir.StringValue, name: ir.StringValue, salt: int) -> ir.IntegerValue:
    """A number that stands for a name within a shop, the same in every build. Two names may meet (`Relation.keys`)."""
    return (_hash(shop, name, ibis.literal(salt, "int64")) >> 1).cast("int64")


def local(moment: ir.TimestampValue, zone: ir.StringValue | str) -> ir.TimestampValue:
    """An instant in UTC as the wall clock of a zone shows it."""
    return _in_zone(zone, _as_utc("UTC", moment))


_SLOT = 900
"""Seconds within which no zone changes its clock: all changes fall on a quarter of an hour."""


def zoned(inputs: BuildInputs, rows: ir.Table, moment: str) -> ir.Table:
    """Add `day` and `hour` by the clock of the row's shop.

    Zones are slow to work out, so it is done once for each quarter of an hour that there is, and not for each row.
    """
    shops = inputs.tables["shops"].select(_shop="shop_id", _zone="timezone")
    joined = rows.left_join(shops, rows.shop_id == shops._shop)
    joined = joined.mutate(
        _zone=ibis.coalesce(joined._zone, ibis.literal(inputs.timezone)), _slot=joined[moment].epoch_seconds() // _SLOT
    )
    slots = joined.filter(joined._slot.notnull()).group_by("_zone", "_slot").agg(_some=lambda t: t[moment].min())
    ahead = local(slots._some, slots._zone).epoch_seconds() - slots._some.epoch_seconds()
    slots = slots.select(_z_zone=slots._zone, _z_slot=slots._slot, _ahead=ahead)
    joined = joined.left_join(slots, (joined._zone == slots._z_zone) & (joined._slot == slots._z_slot))
    clock = joined[moment] + joined._ahead.as_interval("s")
    return joined.mutate(day=clock.date(), hour=clock.hour().cast("int64")).drop(
        "_shop", "_zone", "_slot", "_z_zone", "_z_slot", "_ahead"
    )


def money(amount: ir.NumericValue) -> ir.DecimalValue:
    """An amount as exact money; unknown stays unknown. An overflow is an error of the engine."""
    return amount.cast(MONEY)


def distinct(things: ir.Column, condition: ir.BooleanValue) -> ir.IntegerScalar:
    """How many different things there are among the rows of a condition.

    Told by values and not by a filter of the aggregate, which takes an engine a quarter more time.
    """
    return ibis.ifelse(condition, things, ibis.null(things.type())).nunique()


def known(amount: ir.NumericValue) -> ir.DecimalValue:
    """An amount of money where unknown means none."""
    return ibis.coalesce(amount, ibis.literal(0)).cast(MONEY)


def times(price: ir.NumericValue, quantity: ir.NumericValue) -> ir.DecimalValue:
    """Price × quantity, exactly, kept to six places."""
    exact = (price.cast(WIDE) * quantity.cast("decimal(38, 4)")).cast(MONEY)
    # whole units at an everyday price fit into 64 bits, which is many times faster
    whole = (quantity.round(0) == quantity) & quantity.between(0, 99_999) & price.between(0, 999_999)
    return ibis.ifelse(whole, (price.cast("decimal(12, 6)") * quantity.cast("decimal(5, 0)")).cast(MONEY), exact)


def rounded(amount: ir.NumericValue, places: ir.IntegerValue) -> ir.DecimalValue:
    """An amount rounded half away from zero to 0, 2, 3 or 4 places (what every engine's ROUND of a decimal does)."""
    wide = amount.cast(WIDE)
    choices = ((places == digits, wide.round(digits).cast(MONEY)) for digits in (0, 3, 4))
    return ibis.cases(*choices, else_=wide.round(2).cast(MONEY))


def places_of(currency: ir.StringValue) -> ir.IntegerValue:
    """The minor units of a currency column."""
    by_places: dict[int, list[str]] = {}
    for code, places in MINOR_UNITS_BY_CURRENCY.items():
        by_places.setdefault(places, []).append(code)
    return ibis.cases(
        *((currency.isin(codes), ibis.literal(places, "int8")) for places, codes in by_places.items()),
        else_=ibis.literal(2, "int8"),
    )


def converted(
    amount: ir.NumericValue, rate: ir.NumericValue, foreign: ir.BooleanValue, currency: str
) -> ir.DecimalValue:
    """An amount in the reporting currency: as it is when it is in it already, else × rate, rounded once to its minor unit."""
    wide = amount.cast(WIDE) * rate.cast("decimal(38, 15)")
    return ibis.ifelse(foreign, wide.round(minor_units(currency)).cast(MONEY), amount.cast(MONEY))


def rate_spans(rates: ir.Table, currency: str) -> ir.Table:
    """Rates to the reporting currency with the days on which each holds: until the next one, but seven days at most.

    Columns: rate_currency, rate_from (inclusive), rate_to (exclusive), day_rate. A rate given the other way round is
    inverted.
    """
    direct = rates.filter(rates.to_currency == currency).select(
        rate_currency=rates.from_currency, rate_from=rates.day, day_rate=rates.rate.cast(RATE)
    )
    inverse = rates.filter((rates.from_currency == currency) & (rates.rate > 0)).select(
        rate_currency=rates.to_currency,
        rate_from=rates.day,
        day_rate=(1 / rates.rate.cast("float64")).round(15).cast(RATE),
    )
    inverse = inverse.anti_join(direct, ["rate_currency", "rate_from"])
    spans = direct.union(inverse).group_by(["rate_currency", "rate_from"]).agg(day_rate=lambda t: t.day_rate.max())
    following = spans.rate_from.lead().over(ibis.window(group_by=spans.rate_currency, order_by=spans.rate_from))
    latest = spans.rate_from + ibis.interval(days=RATE_DAYS)
    return spans.mutate(rate_to=ibis.least(ibis.coalesce(following, latest), latest).cast("date"))


def with_rate(rows: ir.Table, spans: ir.Table, currency: str, own: str = "exchange_rate") -> ir.Table:
    """Add `is_foreign` and `rate` to rows that have `currency`, `day` and maybe a rate of their own; `rate` is null when missing."""
    joined = rows.left_join(
        spans,
        (rows.currency == spans.rate_currency) & (rows.day >= spans.rate_from) & (rows.day < spans.rate_to),
    ).drop("rate_currency", "rate_from", "rate_to")
    given = joined[own] if own in rows.columns else ibis.null(RATE)
    foreign = (joined.currency != currency).fill_null(False)
    rate = ibis.ifelse(foreign, ibis.coalesce(given, joined.day_rate), ibis.literal(1)).cast(RATE)
    return joined.mutate(is_foreign=foreign, rate=rate).drop("day_rate")


def without_rate(rows: ir.Table) -> ir.Table:
    """Of rows that `with_rate` was asked for: currency and day of those in another currency whose rate is not known."""
    return rows.filter(rows.is_foreign, rows.rate.isnull()).select(currency=rows.currency, day=rows.day)


def allocated(
    rows: ir.Table, total: str, weight: str, group: list[str], order: str, places: str, name: str
) -> ir.Table:
    """Add a column `name`: the group's `total` split over its rows in proportion to `weight`, summing to it exactly.

    Largest remainder in minor units (`places` is a column), ties to the earlier row by `order`; equal parts when no weight
    is positive; what is finer than a minor unit goes to the first row. `total` must be the same on all rows of a group.
    """
    unit = ibis.cases(
        *((rows[places] == digits, ibis.literal(10**digits, "int64")) for digits in (0, 3, 4)),
        else_=ibis.literal(100, "int64"),
    )
    rows = rows.mutate(_unit=unit)

    def in_units(amount: ir.DecimalValue) -> ir.IntegerValue:
        exact = (amount.cast(WIDE) * rows._unit).round(0).cast("int64")
        # cents of an everyday amount fit into 64 bits, which is many times faster
        cents = amount.round(2).cast("decimal(15, 2)") * ibis.literal(100).cast("decimal(3, 0)")
        return ibis.ifelse((rows._unit == 100) & amount.between(-999_999, 999_999), cents.cast("int64"), exact)

    rows = rows.mutate(_parts=in_units(rows[total]), _weight=ibis.greatest(in_units(rows[weight]), 0))
    held = ibis.window(group_by=[rows[key] for key in group])
    rows = rows.mutate(_all=rows._weight.sum().over(held).cast("int64"), _count=rows.count().over(held).cast("int64"))
    rows = rows.mutate(
        _weight=ibis.ifelse(rows._all > 0, rows._weight, 1), _all=ibis.ifelse(rows._all > 0, rows._all, rows._count)
    )
    # the share in whole units: near enough in floats, then put right exactly, so that nothing overflows and nothing is lost
    near = (rows._weight.cast("float64") * rows._parts.abs().cast("float64") / rows._all.cast("float64")).floor()
    rows = rows.mutate(_near=near.cast("int64"))
    exact = rows._weight.cast(UNITS) * rows._parts.abs().cast(UNITS)
    rows = rows.mutate(_rest=(exact - rows._near.cast(UNITS) * rows._all.cast(UNITS)).cast(UNITS))
    step = ibis.cases((rows._rest < 0, -1), (rows._rest >= rows._all, 1), else_=0)
    rows = rows.mutate(
        _floor=(rows._near + step).cast("int64"),
        _rest=(rows._rest - (step.cast(UNITS) * rows._all.cast(UNITS))).cast(UNITS),
    )
    held = ibis.window(group_by=[rows[key] for key in group])
    ranked = ibis.window(group_by=[rows[key] for key in group], order_by=[ibis.desc(rows._rest), rows[order]])
    first = ibis.window(group_by=[rows[key] for key in group], order_by=rows[order])
    rows = rows.mutate(
        _left=(rows._parts.abs() - rows._floor.sum().over(held)).cast("int64"),
        _rank=ibis.row_number().over(ranked),
        _line=ibis.row_number().over(first),
    )
    units = (rows._floor + ibis.ifelse(rows._rank < rows._left, 1, 0)) * rows._parts.sign().cast("int64")
    scale = ibis.cases(
        *((rows._unit == 10**digits, ibis.literal(f"{10**-digits:.6f}").cast(WIDE)) for digits in (0, 3, 4)),
        else_=ibis.literal("0.010000").cast(WIDE),
    )
    part = (units.cast(UNITS) * scale).cast(MONEY)
    residue = (rows[total].cast(WIDE) - (rows._parts.cast(UNITS) * scale).cast(WIDE)).cast(MONEY)
    part = (part + ibis.ifelse(rows._line == 0, residue, ibis.literal(0).cast(MONEY))).cast(MONEY)
    helpers = ["_unit", "_parts", "_weight", "_all", "_count", "_near", "_floor", "_rest", "_left", "_rank", "_line"]
    return rows.mutate(**{name: part}).drop(*helpers)


def described(inputs: BuildInputs, rows: ir.Table) -> ir.Table:
    """Add what the product, the location and the business unit say.

    Takes rows with shop_id, product_id, location_id and business_unit_id, and with product_name, size and colour where they
    may say these themselves.
    """
    suppliers = inputs.tables["suppliers"].select(_s_shop="shop_id", _s_id="supplier_id", _s_name="supplier_name")
    products = inputs.tables["products"]
    products = products.left_join(
        suppliers, (products.shop_id == suppliers._s_shop) & (products.supplier_id == suppliers._s_id)
    )
    products = products.select(
        _p_shop=products.shop_id,
        _p_id=products.product_id,
        _p_name=products.product_name,
        _p_department=products.department,
        _p_category=products.category,
        _p_sub_category=products.sub_category,
        _p_brand=products.brand,
        _p_supplier=ibis.coalesce(products._s_name, products.supplier_id),
        _p_size=products["size"],
        _p_colour=products.colour,
    )
    places = inputs.tables["locations"].select(
        _l_shop="shop_id", _l_id="location_id", _l_name="location_name", _l_market="market", _l_unit="business_unit_id"
    )
    units = inputs.tables["business_units"].select(
        _b_shop="shop_id", _b_id="business_unit_id", _b_name="business_unit_name"
    )
    rows = rows.left_join(products, (rows.shop_id == products._p_shop) & (rows.product_id == products._p_id))
    rows = rows.left_join(places, (rows.shop_id == places._l_shop) & (rows.location_id == places._l_id))
    rows = rows.mutate(business_unit_id=ibis.coalesce(rows.business_unit_id, rows._l_unit))
    rows = rows.left_join(units, (rows.shop_id == units._b_shop) & (rows.business_unit_id == units._b_id))

    def own(name: str) -> list[ir.Value]:
        return [rows[name]] if name in rows.columns else []

    return rows.mutate(
        product_name=ibis.coalesce(rows._p_name, *own("product_name")),
        department=rows._p_department,
        category=rows._p_category,
        sub_category=rows._p_sub_category,
        brand=rows._p_brand,
        supplier=rows._p_supplier,
        size=ibis.coalesce(*own("size"), rows._p_size),
        colour=ibis.coalesce(*own("colour"), rows._p_colour),
        location=ibis.coalesce(rows._l_name, rows.location_id),
        market=rows._l_market,
        business_unit=ibis.coalesce(rows._b_name, rows.business_unit_id),
    )
