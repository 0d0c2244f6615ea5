"""The relations of sales: one row per order, and the ledger of everything that moves sales.

`order_customers`  one row per order that is neither a test nor deleted: whose it is, and which of the customer's orders.
`order_facts`  one row per order that is neither a test nor deleted, with the customer it belongs to and its rate to the
               reporting currency. Cancelled orders are there, marked.
`sales`        the ledger: one row per component of sales, each on the day it happened in the shop's time zone, all amounts in
               the reporting currency. The bridge gross sales − discounts − returns = net sales, + taxes + shipping = total
               sales adds up row by row, so it adds up for every order, day, product and country.

Kinds of ledger rows: `sale` (a line of an order), `order` (an order without any line), `shipping`, `discount` (an entry that
names no order), `refund`, `exchange` (what was paid on top). Cancelled orders keep their rows, with every amount zero, so that
they can be counted.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

import ibis

from tillsight.metrics.model import BuildInputs, Layer, Relation, Rollup, Visits
from tillsight.metrics.shaping import (
    DESCRIBED,
    MONEY,
    QUANTITY,
    RATE,
    allocated,
    converted,
    described,
    key_of,
    known,
    money,
    places_of,
    rate_spans,
    rounded,
    times,
    with_rate,
    without_rate,
    zoned,
)

if TYPE_CHECKING:
    import ibis.expr.types as ir

ORDER_ATTRIBUTES = (
    "channel", "traffic_source", "device_type", "referrer", "payment_method", "shipping_method", "discount_code",
    "campaign_id", "location_id", "business_unit_id", "city", "state", "postcode", "country",
)  # fmt: skip

ORDER_FACTS_SCHEMA: dict[str, str] = {
    "shop_id": "string",
    "order_id": "string",
    "order_key": "int64",
    "customer_id": "string",
    "customer_key": "int64",
    "member_id": "string",
    "placed_at": "timestamp",
    "day": "date",
    "hour": "int64",
    "order_status": "string",
    "is_cancelled": "boolean",
    "has_sales": "boolean",
    "currency": "string",
    "is_foreign": "boolean",
    "rate": RATE,
    "places": "int8",
    "prices_include_tax": "boolean",
    "discount_amount": MONEY,
    "tax_amount": MONEY,
    "shipping_amount": MONEY,
    "shipping_tax_amount": MONEY,
    "stated_total": MONEY,
    "customer_first_day": "date",
    "customer_order_number": "int64",
    **dict.fromkeys(ORDER_ATTRIBUTES, "string"),
}


def _mail(address: ir.StringValue) -> ir.StringValue:
    return address.strip().lower().nullif("")


def _digits(phone: ir.StringValue) -> ir.StringValue:
    return phone.re_replace(r"[^0-9]", "").nullif("")


def addresses(table: ir.Table) -> ir.Table:
    """What orders, or customers, are known by besides their names: the key columns, _email and _phone, null where there is none."""
    keys = [name for name in ("shop_id", "order_id") if name in table.columns]
    return table.select(*keys, _email=_mail(table.email), _phone=_digits(table.phone))


def _known_by(inputs: BuildInputs, name: str, key: Callable[[ir.StringValue], ir.StringValue]) -> ir.Table:
    """Whose an e-mail address or phone number is: the customer's who states it, else of who ordered with it.

    Columns: _shop, _email or _phone, _email_customer or _phone_customer; one row for each address or number.
    """
    customers, orders = inputs.tables["customers"], inputs.tables["orders"]
    orders = orders.filter(orders.customer_id.notnull(), ~orders.is_test, ~orders.is_deleted)
    said = customers.select("shop_id", "customer_id", _key=key(customers[name]), _stated=ibis.literal(True)).union(
        orders.select("shop_id", "customer_id", _key=key(orders[name]), _stated=ibis.literal(False))
    )
    found = (
        said.filter(said._key.notnull())
        .group_by(_shop="shop_id", _key="_key")
        .agg(
            _stated=lambda t: t.customer_id.min(where=t._stated), _ordered=lambda t: t.customer_id.min(where=~t._stated)
        )
    )
    customer = ibis.coalesce(found._stated, found._ordered)
    return found.select("_shop", **{f"_{name}": found._key, f"_{name}_customer": customer})


def _sold_items(inputs: BuildInputs) -> ir.Table:
    """Order lines that are sales: no gift cards, and no components of a bundle (the bundle's own line carries the sale)."""
    items = inputs.tables["order_items"]
    if _sells_all(inputs):
        return items
    return items.filter(~items.is_gift_card, items.parent_line_id.isnull()).anti_join(
        _gift_cards(inputs), ["shop_id", "product_id"]
    )


def _sells_all(inputs: BuildInputs) -> bool:
    """Whether it is known of all order lines that they are sales."""
    of_lines, of_products = (inputs.void.get(name, frozenset()) for name in ("order_items", "products"))
    products = "products" in inputs.empty or "is_gift_card" in of_products
    return products and {"is_gift_card", "parent_line_id"} <= of_lines


def _gift_cards(inputs: BuildInputs) -> ir.Table:
    products = inputs.tables["products"]
    return products.filter(products.is_gift_card).select("shop_id", "product_id")


def _without_sales(inputs: BuildInputs) -> ir.Table:
    """Orders of gift cards alone: they sell nothing, so they are no orders of the sales figures."""
    items = inputs.tables["order_items"]
    # few orders have such a line at all, so only those are looked at further
    marked = items.filter(items.is_gift_card | items.parent_line_id.notnull()).select("shop_id", "order_id")
    cards = items.semi_join(_gift_cards(inputs), ["shop_id", "product_id"]).select("shop_id", "order_id")
    candidates = marked.union(cards).distinct()
    sold = _sold_items(inputs).semi_join(candidates, ["shop_id", "order_id"])
    return candidates.anti_join(sold, ["shop_id", "order_id"])


ORDER_CUSTOMERS_SCHEMA: dict[str, str] = {
    "shop_id": "string",
    "order_id": "string",
    "placed_at": "timestamp",
    "order_key": "int64",
    "customer_id": "string",
    "customer_key": "int64",
    "day": "date",
    "hour": "int64",
    "is_cancelled": "boolean",
    "has_sales": "boolean",
    "customer_first_day": "date",
    "customer_order_number": "int64",
}


def order_customers(inputs: BuildInputs) -> ir.Table:
    """Whose each order is, and which of the customer's orders. A guest is matched by e-mail, then by phone."""
    orders = inputs.tables["orders"]
    orders = zoned(inputs, orders.filter(~orders.is_test, ~orders.is_deleted), "placed_at")
    known: list[str] = []
    for name, key in (("email", _mail), ("phone", _digits)):
        if name in inputs.void.get("orders", ()):  # nobody is known by it, so nobody is looked up
            continue
        who = _known_by(inputs, name, key)
        orders = orders.mutate(**{f"_own_{name}": key(orders[name])})
        orders = orders.left_join(
            who, (orders.shop_id == who._shop) & (orders[f"_own_{name}"] == who[f"_{name}"])
        ).drop("_shop", f"_{name}")
        known.append(name)
    person = ibis.coalesce(
        orders.customer_id,
        *(orders[f"_{name}_customer"] for name in known),
        *(ibis.literal(f"{name}:") + orders[f"_own_{name}"].hexdigest("md5") for name in known),
    )
    cancelled = ((orders.order_status == "cancelled") | orders.cancelled_at.notnull()).fill_null(False)
    orders = orders.select(
        "shop_id", "order_id", "placed_at", "day", "hour", customer_id=person, is_cancelled=cancelled,
        order_key=key_of(orders.shop_id, orders.order_id, inputs.salt),
        customer_key=ibis.ifelse(person.notnull(), key_of(orders.shop_id, person, inputs.salt), ibis.null("int64")),
    )  # fmt: skip
    if _sells_all(inputs):
        orders = orders.mutate(has_sales=True)
    else:
        orders = orders.left_join(_without_sales(inputs).mutate(_only_gifts=True), ["shop_id", "order_id"])
        orders = orders.mutate(has_sales=orders._only_gifts.isnull()).drop(
            "shop_id_right", "order_id_right", "_only_gifts"
        )
    guests = orders.filter(orders.customer_key.isnull()).mutate(
        customer_first_day=ibis.null("date"), customer_order_number=ibis.null("int64")
    )
    orders = orders.filter(orders.customer_key.notnull())
    counted = ~orders.is_cancelled & orders.has_sales
    orders = orders.mutate(_aside=~counted, _counted_day=ibis.ifelse(counted, orders.day, ibis.null("date")))
    # those that do not count come after all that do, so that one pass over the orders of a customer tells everything
    in_order = ibis.window(group_by=orders.customer_key, order_by=[orders._aside, orders.placed_at, orders.order_id])
    number = ibis.row_number().over(in_order).cast("int64") + 1
    first = orders._counted_day.first(include_null=True).over(in_order)
    known_to_us = orders.mutate(
        # an order that does not count, before the first that does, is of no cohort: no later order changes an earlier one
        customer_first_day=ibis.ifelse(first <= orders.day, first, ibis.null("date")),
        customer_order_number=ibis.ifelse(counted, number, ibis.null("int64")),
    )
    return known_to_us.select(*ORDER_CUSTOMERS_SCHEMA).union(guests.select(*ORDER_CUSTOMERS_SCHEMA))


def order_facts(inputs: BuildInputs) -> ir.Table:
    """One row per order that counts or was cancelled."""
    whose = inputs.tables["order_customers"].rename(_w_shop="shop_id", _w_order="order_id").drop("placed_at")
    orders = inputs.tables["orders"].drop("customer_id")
    orders = orders.inner_join(whose, (orders.shop_id == whose._w_shop) & (orders.order_id == whose._w_order))
    orders = with_rate(orders, rate_spans(inputs.tables["exchange_rates"], inputs.currency), inputs.currency)
    orders = orders.mutate(
        places=places_of(orders.currency),
        shipping_amount=known(orders.shipping_amount),
        shipping_tax_amount=known(orders.shipping_tax_amount),
        discount_amount=known(orders.discount_amount),
        tax_amount=known(orders.tax_amount),
        stated_total=orders.total_amount,
    )
    return orders.select(*ORDER_FACTS_SCHEMA)


SALES_SCHEMA: dict[str, str] = {
    "shop_id": "string",
    "kind": "string",
    "day": "date",
    "hour": "int64",
    "occurred_at": "timestamp",
    "order_key": "int64",
    "order_id": "string",
    "line_id": "string",
    "document_id": "string",
    "customer_key": "int64",
    "customer_id": "string",
    "member_id": "string",
    "customer_first_day": "date",
    "customer_order_number": "int64",
    "order_day": "date",
    "order_status": "string",
    "is_cancelled": "boolean",
    "has_several_products": "boolean",
    "is_first_line": "boolean",
    "currency": "string",
    **dict.fromkeys(ORDER_ATTRIBUTES, "string"),
    **DESCRIBED,
    "units": QUANTITY,
    "gross_sales": MONEY,
    "discounts": MONEY,
    "returned_sales": MONEY,
    "taxes": MONEY,
    "shipping_charges": MONEY,
    "revenue": MONEY,
    "cost": MONEY,
    "revenue_with_cost": MONEY,
}

_AMOUNTS = (
    "gross_sales",
    "discounts",
    "returned_sales",
    "taxes",
    "shipping_charges",
    "revenue",
    "cost",
    "revenue_with_cost",
)
_ORDER_COLUMNS = (
    "order_key", "order_id", "customer_key", "customer_id", "member_id", "customer_first_day", "customer_order_number",
    "order_status", "is_cancelled", *ORDER_ATTRIBUTES,
)  # fmt: skip
_ENTRY_PLACES = ("channel", "country", "location_id")
"""What an entry that belongs to no order says of its own."""


def _rows(table: ir.Table, kind: str | ir.StringValue, **given: ir.Value) -> ir.Table:
    """Rows of the ledger: what is given, what the table has, and nothing (null, or zero for amounts) for the rest."""
    columns: dict[str, ir.Value] = {}
    for name, type_ in SALES_SCHEMA.items():
        if name == "kind":
            value: ir.Value = ibis.literal(kind) if isinstance(kind, str) else kind
        elif name in given:
            value = given[name]
        elif name in table.columns and name not in _AMOUNTS and name != "units":
            value = table[name]
        elif (name in _AMOUNTS and name != "cost") or name == "units":
            value = ibis.literal(0)
        elif name in ("is_cancelled", "is_first_line"):
            value = ibis.literal(False)
        else:
            value = ibis.null(type_)
        columns[name] = value.cast(type_)
    return table.select(**columns)


def _per_line(inputs: BuildInputs, lines: ir.Table, table: str, amounts: ir.Table, name: str) -> ir.Table:
    """Add the amounts that name an order: `{name}_line` those of the line, `{name}_rest` those of the order and no line of it.

    An amount whose line is not among the lines counts on the order: nothing is lost.
    """
    if table in inputs.empty:
        return lines.mutate(**dict.fromkeys((f"{name}_line", f"{name}_rest"), ibis.literal(0).cast(MONEY)))
    by_line = (
        amounts.filter(amounts.order_line_id.notnull())
        .group_by(_a_shop="shop_id", _a_order="order_id", _a_line="order_line_id")
        .agg(_a_amount=lambda t: t.amount.sum())
    )
    by_order = amounts.group_by(_b_shop="shop_id", _b_order="order_id").agg(_b_amount=lambda t: t.amount.sum())
    lines = lines.left_join(
        by_line,
        (lines.shop_id == by_line._a_shop) & (lines.order_id == by_line._a_order) & (lines.line_id == by_line._a_line),
    )
    lines = lines.left_join(by_order, (lines.shop_id == by_order._b_shop) & (lines.order_id == by_order._b_order))
    of_line = known(lines._a_amount)
    lines = lines.mutate(**{f"{name}_line": of_line, "_whole": known(lines._b_amount)}).drop(
        "_a_shop", "_a_order", "_a_line", "_a_amount", "_b_shop", "_b_order", "_b_amount"
    )
    met = lines[f"{name}_line"].sum().over(ibis.window(group_by=lines.order_key))
    return lines.mutate(**{f"{name}_rest": money(lines._whole - met)}).drop("_whole")


_ITEM_COLUMNS = (
    "line_id", "product_id", "product_name", "quantity", "unit_price", "unit_cost", "cost_amount", "discount_amount", "tax_amount",
    "size", "colour", "supplier_id",
)  # fmt: skip
_LINE_AMOUNTS = ("_tax", "_net", "_gross_out", "_cost")


_LEFT_OUT = frozenset({*ORDER_ATTRIBUTES, "member_id"}) - {"location_id"}
"""What the ledger takes from an order without looking at it: left out where no order has it."""


def _facts(inputs: BuildInputs) -> ir.Table:
    """Orders, with the attributes that some of them have."""
    facts = inputs.tables["order_facts"]
    return facts.drop(*(name for name in inputs.void.get("order_facts", ()) if name in _LEFT_OUT))


def _orders_with_lines(inputs: BuildInputs) -> ir.Table:
    """Orders with what their lines say of them: `_has_lines`, `has_several_products` of those that are sales, and `_is_shared`
    where an amount of the order has to be shared out over its lines.
    """
    facts = _facts(inputs).rename(_head_discount="discount_amount", _head_tax="tax_amount")
    items = inputs.tables["order_items"].select(
        "shop_id", "order_id", "line_id", "product_id", _is_sale=lambda t: ~t.is_gift_card & t.parent_line_id.isnull()
    )
    sold = items._is_sale
    if not _sells_all(inputs):
        cards = _gift_cards(inputs).select(_c_shop="shop_id", _c_product="product_id")
        items = items.left_join(cards, (items.shop_id == cards._c_shop) & (items.product_id == cards._c_product))
        sold = items._is_sale & items._c_product.isnull()
    items = items.select(
        "shop_id", "order_id", _product=ibis.ifelse(sold, items.product_id, ibis.null("string")),
        _line=ibis.ifelse(sold, items.line_id, ibis.null("string")),
    )  # fmt: skip
    items = items.inner_join(facts.select("shop_id", "order_id", "order_key"), ["shop_id", "order_id"])
    of_order = items.group_by(_m_order="order_key").agg(
        _least=items._product.min(), _most=items._product.max(), _first_line=items._line.min()
    )
    facts = facts.left_join(of_order, facts.order_key == of_order._m_order)
    shared = (facts._head_discount != 0) | (facts._head_tax != 0)
    facts = facts.mutate(
        _has_lines=facts._m_order.notnull(), has_several_products=(facts._least != facts._most).fill_null(False)
    ).drop("_m_order", "_least", "_most")
    for name in ("discount_lines", "tax_lines"):
        if name not in inputs.empty:
            named = inputs.tables[name].select(_n_shop="shop_id", _n_order="order_id").distinct()
            facts = facts.left_join(named, (facts.shop_id == named._n_shop) & (facts.order_id == named._n_order))
            shared = shared | facts._n_order.notnull()
            facts = facts.mutate(_is_shared=shared).drop("_n_shop", "_n_order")
            shared = facts._is_shared
    return facts.mutate(_is_shared=shared)


def _sold_items_of(inputs: BuildInputs, orders: ir.Table) -> ir.Table:
    """The lines of orders that are sales, with what is known of the order, which may say its texts by codes: so its shop too."""
    items = _sold_items(inputs).select(*_ITEM_COLUMNS, _i_shop="shop_id", _i_order="order_id")
    lines = items.inner_join(orders, (items._i_shop == orders.shop_id) & (items._i_order == orders.order_id))
    return lines.drop("_i_shop", "_i_order")


def _lines(inputs: BuildInputs, orders: ir.Table) -> ir.Table:
    """The lines of orders with order discounts and order taxes allocated, tax taken out of prices that include it."""
    plain = _sold_items_of(inputs, orders.filter(~orders._is_shared))
    plain = plain.mutate(_gross=times(plain.unit_price, plain.quantity), _own_tax=known(plain.tax_amount))
    plain = plain.mutate(_paid=money(plain._gross - known(plain.discount_amount)))
    parts = _with_amounts(plain, plain._own_tax)
    shared = _allocated_lines(inputs, _sold_items_of(inputs, orders.filter(orders._is_shared)))
    return parts.union(shared.select(*parts.columns))


def _allocated_lines(inputs: BuildInputs, lines: ir.Table) -> ir.Table:
    """Lines of orders that have an amount of their own."""
    discounts = inputs.tables["discount_lines"]
    lines = _per_line(inputs, lines, "discount_lines", discounts.filter(discounts.order_id.notnull()), "_discount")
    lines = _per_line(inputs, lines, "tax_lines", inputs.tables["tax_lines"], "_split")
    # tax lines split a tax that the lines or the header carry; they count only where neither does
    taxed = lines.group_by(_t_order="order_key").agg(_own=known(lines.tax_amount).sum())
    lines = lines.inner_join(taxed, lines.order_key == taxed._t_order)
    has_tax = (lines._own != 0) | (known(lines._head_tax) != 0)
    lines = lines.mutate(
        _gross=times(lines.unit_price, lines.quantity),
        _own_discount=money(known(lines.discount_amount) + lines._discount_line),
        _order_discount=money(known(lines._head_discount) + lines._discount_rest),
        _own_tax=ibis.ifelse(has_tax, known(lines.tax_amount), lines._split_line),
        _order_tax=ibis.ifelse(has_tax, known(lines._head_tax), lines._split_rest),
    )
    # in a narrow table: each step of an allocation names every column that it carries along
    shares = lines.select(
        "order_key", "line_id", "places", "_order_discount", "_order_tax", "_own_tax",
        _after=money(lines._gross - lines._own_discount),
    )  # fmt: skip
    shares = allocated(shares, "_order_discount", "_after", ["order_key"], "line_id", "places", "_share")
    shares = shares.mutate(_paid=money(shares._after - shares._share))
    shares = allocated(shares, "_order_tax", "_paid", ["order_key"], "line_id", "places", "_tax_share")
    shares = shares.select(
        _s_order="order_key", _s_line="line_id", _paid="_paid", _tax_in_all=money(shares._own_tax + shares._tax_share)
    )
    lines = lines.inner_join(shares, (lines.order_key == shares._s_order) & (lines.line_id == shares._s_line))
    return _with_amounts(lines, lines._tax_in_all)


def _with_amounts(lines: ir.Table, tax: ir.DecimalValue) -> ir.Table:
    """Add what a line's `_gross` and `_paid` are without tax, its tax and its stated cost, in the currency of the order."""
    net = money(ibis.ifelse(lines.prices_include_tax, lines._paid - tax, lines._paid))
    without_tax = rounded(
        lines._gross.cast("float64") * net.cast("float64") / lines._paid.cast("float64").nullif(0), lines.places
    )
    # without a discount the price is what was paid, so there is nothing to work out
    without_tax = ibis.ifelse((lines._gross == lines._paid) & (lines._paid != 0), net, without_tax)
    gross = money(ibis.ifelse(lines.prices_include_tax, ibis.coalesce(without_tax, lines._gross), lines._gross))
    cost = ibis.coalesce(times(lines.unit_cost, lines.quantity), lines.cost_amount)
    lines = lines.mutate(_tax=tax, _net=net, _gross_out=gross, _cost=cost)
    return lines.select(
        "line_id", "product_id", "product_name", "size", "colour", "supplier_id", "quantity", "unit_cost", "cost_amount", *_LINE_AMOUNTS,
        "has_several_products", "_first_line",
        *(name for name in lines.columns if name in ORDER_FACTS_SCHEMA and name not in ("discount_amount", "tax_amount")),
    )  # fmt: skip


def _product_costs(inputs: BuildInputs) -> ir.Table:
    """What a unit cost from a day on until the next cost of the same product, supplier and location, with its rate."""
    costs = inputs.tables["product_costs"]
    spans = (
        costs.filter(costs.unit_cost.notnull())
        .group_by(
            _c_shop="shop_id",
            _c_product="product_id",
            _c_supplier="supplier_id",
            _c_location="location_id",
            _from="valid_from",
        )
        .agg(_unit_cost=lambda t: t.unit_cost.max(), currency=lambda t: t.currency.argmax(t.unit_cost))
    )
    of_one = ibis.window(
        group_by=[spans._c_shop, spans._c_product, spans._c_supplier, spans._c_location], order_by=spans._from
    )
    spans = spans.mutate(
        _to=ibis.coalesce(spans._from.lead().over(of_one), ibis.date(9999, 12, 31)),
        currency=ibis.coalesce(spans.currency, ibis.literal(inputs.currency)),
        day=spans._from,
    )
    return with_rate(spans, rate_spans(inputs.tables["exchange_rates"], inputs.currency), inputs.currency)


def _costs_of_day(inputs: BuildInputs, lines: ir.Table) -> ir.Table:
    """For lines that state no cost: what a unit of the product cost on the day of the sale, where it is known.

    A cost for the location of the order goes before one for all locations, then a cost of the line's (else the product's)
    supplier before that of another, then the cost that began last. A cost for another location is none.
    Columns: _k_order, _k_line, _day_cost.
    """
    spans = _product_costs(inputs)
    spans = spans.mutate(_day_cost=converted(spans._unit_cost, spans.rate, spans.is_foreign, inputs.currency)).drop(
        "rate", "is_foreign", "currency", "day", "_unit_cost"
    )
    usual = inputs.tables["products"].select(_u_shop="shop_id", _u_product="product_id", _u_supplier="supplier_id")
    bare = lines.filter(lines.unit_cost.isnull(), lines.cost_amount.isnull(), lines.product_id.notnull())
    bare = bare.select(
        "shop_id", "order_key", "line_id", "product_id", _item_supplier="supplier_id", _day="day", _place="location_id"
    )
    bare = bare.left_join(usual, (bare.shop_id == usual._u_shop) & (bare.product_id == usual._u_product))
    found = bare.inner_join(
        spans,
        (bare.shop_id == spans._c_shop)
        & (bare.product_id == spans._c_product)
        & (bare._day >= spans._from)
        & (bare._day < spans._to),
    )
    found = found.filter(found._c_location.isnull() | (found._c_location == found._place).fill_null(False))
    supplier = ibis.coalesce(found._item_supplier, found._u_supplier)
    found = found.mutate(
        _place_rank=found._c_location.isnull().cast("int64"),
        _supplier_rank=(~(found._c_supplier == supplier).fill_null(False)).cast("int64"),
    )
    best = ibis.window(
        group_by=[found.order_key, found.line_id],
        order_by=[found._place_rank, found._supplier_rank, ibis.desc(found._from), ibis.desc(found._day_cost)],
    )
    found = found.mutate(_choice=ibis.row_number().over(best))
    return found.filter(found._choice == 0).select(_k_order="order_key", _k_line="line_id", _day_cost="_day_cost")


def sold_lines(inputs: BuildInputs) -> ir.Table:
    """The ledger's rows of orders: their lines, and orders that the source gives without any line, which are orders all the same."""
    orders = _orders_with_lines(inputs)
    lines = _lines(inputs, orders)
    own_cost = converted(lines._cost, lines.rate, lines.is_foreign, inputs.currency)
    if "product_costs" not in inputs.empty:
        costs = _costs_of_day(inputs, lines)
        lines = lines.left_join(costs, (lines.order_key == costs._k_order) & (lines.line_id == costs._k_line))
        own_cost = ibis.coalesce(
            converted(lines._cost, lines.rate, lines.is_foreign, inputs.currency),
            times(lines._day_cost, lines.quantity),
        )
    currency = inputs.currency
    gross = converted(lines._gross_out, lines.rate, lines.is_foreign, currency)
    discount = converted(money(lines._gross_out - lines._net), lines.rate, lines.is_foreign, currency)
    tax = converted(lines._tax, lines.rate, lines.is_foreign, currency)
    rows = lines.mutate(_gross_out=gross, _discount=discount, _tax=tax, _cost=own_cost)
    live = ~rows.is_cancelled
    revenue = money(rows._gross_out - rows._discount)

    def counted(amount: ir.Value) -> ir.Value:
        return ibis.ifelse(live, amount, ibis.literal(0).cast(MONEY))

    rows = _rows(
        rows,
        "sale",
        occurred_at=rows.placed_at,
        order_day=rows.day,
        is_first_line=rows.line_id == rows._first_line,
        units=ibis.ifelse(live, rows.quantity, ibis.literal(0).cast(QUANTITY)),
        gross_sales=counted(rows._gross_out),
        discounts=counted(rows._discount),
        taxes=counted(rows._tax),
        revenue=counted(revenue),
        cost=ibis.ifelse(live, rows._cost, ibis.null(MONEY)),
        revenue_with_cost=ibis.ifelse(live & rows._cost.notnull(), revenue, ibis.literal(0).cast(MONEY)),
    )
    # found by their keys alone: the rest of an order is looked up for the few that there are. What is asked of the lines besides
    # is nothing then; asked too, it is worked out once for both kinds of rows
    bare = orders.filter(~orders._has_lines & ~orders.has_several_products & orders._first_line.isnull())
    bare = _facts(inputs).semi_join(bare.select("order_key"), "order_key")
    bare = _rows(bare, "order", occurred_at=bare.placed_at, order_day=bare.day, is_first_line=ibis.literal(True))
    # texts that no line has would make those of the products, which are codes, texts again
    unsaid = {"product_name", "size", "colour"} & inputs.void.get("order_items", frozenset())
    return described(inputs, rows.union(bare).drop(*unsaid)).select(*SALES_SCHEMA)


def _entries(inputs: BuildInputs, facts: ir.Table) -> ir.Table:
    """Everything that moves sales beside the lines, as the sources state it: shipping, discounts of no order, refunds.

    Amounts are in the currency of the row. A row without a moment belongs to the day of its order.
    """
    shipping = inputs.tables["shipping_lines"]
    parts = [
        _entry(
            shipping,
            "shipping",
            "charged_at",
            document_id=ibis.coalesce(shipping.order_id, shipping.line_id),
            shipping_charges=shipping.amount,
            taxes=shipping.tax_amount,
        )
    ]
    # the header's shipping counts only for orders that have no shipping lines
    bare = facts.anti_join(shipping.filter(shipping.order_id.notnull()), ["shop_id", "order_id"])
    bare = bare.filter((bare.shipping_amount != 0) | (bare.shipping_tax_amount != 0))
    parts.append(
        _entry(
            bare.select("shop_id", "order_id", "shipping_amount", "shipping_tax_amount", document_id="order_id"),
            "shipping",
            None,
            shipping_charges=bare.shipping_amount,
            taxes=bare.shipping_tax_amount,
        )
    )
    discounts = inputs.tables["discount_lines"]
    parts.append(_entry(discounts, "discount", "applied_at", document_id=discounts.line_id, discounts=discounts.amount))
    refunds = _refunds(inputs)
    goods = refunds.kind != "shipping"
    parts.append(
        _entry(
            refunds,
            "refund",
            "refunded_at",
            document_id=refunds.refund_id,
            line_id=refunds.order_line_id,
            returned_sales=ibis.ifelse(goods, known(refunds.amount), ibis.literal(0)),
            shipping_charges=-(
                known(refunds.shipping_amount) + ibis.ifelse(goods, ibis.literal(0), known(refunds.amount))
            ),
            taxes=-known(refunds.tax_amount),
        )
    )
    parts.append(_top_ups(inputs))
    return ibis.union(*parts)


def _top_ups(inputs: BuildInputs) -> ir.Table:
    """What customers paid on top in exchanges: sales on the day of the exchange, of the order that the goods come from.

    An exchange sells no further unit and is no further order. One that names an order of its own is left out, as that order
    carries what was paid; so is a difference that the shop paid back, as the refund carries it.
    """
    exchanges = inputs.tables["exchanges"]
    exchanges = exchanges.filter(exchanges.additional_payment > 0, exchanges.exchange_order_id.isnull())
    returns = inputs.tables["returns"].select(_r_shop="shop_id", _r_return="return_id", order_id="order_id")
    rows = exchanges.left_join(
        returns, (exchanges.shop_id == returns._r_shop) & (exchanges.return_id == returns._r_return)
    )
    rows = rows.mutate(product_id=rows.exchange_product_id, document_id=rows.return_id, line_id=ibis.null("string"))
    paid = money(rows.additional_payment - known(rows.tax_amount))
    return _entry(
        rows,
        "exchange",
        "exchanged_at",
        gross_sales=paid,
        revenue=paid,
        taxes=known(rows.tax_amount),
    )


_ENTRY_AMOUNTS = ("gross_sales", "discounts", "returned_sales", "taxes", "shipping_charges", "revenue")
_ENTRY_SCHEMA: dict[str, str] = {
    "kind": "string",
    "moment": "timestamp",
    **dict.fromkeys(("shop_id", "order_id", "line_id", "document_id", "currency"), "string"),
    "exchange_rate": RATE,
    **dict.fromkeys(("customer_id", "channel", "country", "location_id"), "string"),
    **dict.fromkeys(("product_id", "product_name", "size", "colour"), "string"),
    **dict.fromkeys(_ENTRY_AMOUNTS, MONEY),
}


def _entry(table: ir.Table, kind: str, moment: str | None, **given: ir.Value) -> ir.Table:
    given = {"kind": ibis.literal(kind), **({"moment": table[moment]} if moment else {}), **given}
    columns: dict[str, ir.Value] = {}
    for name, type_ in _ENTRY_SCHEMA.items():
        value = given[name] if name in given else table[name] if name in table.columns else ibis.null(type_)
        columns[name] = (known(value) if name in _ENTRY_AMOUNTS else value).cast(type_)
    return table.select(**columns)


def _refunds(inputs: BuildInputs) -> ir.Table:
    """Refunds with the product of their order line. What was paid back for gift cards is left out: they are no sale."""
    refunds = inputs.tables["refunds"]
    items = inputs.tables["order_items"].select(
        _i_shop="shop_id",
        _i_order="order_id",
        _i_line="line_id",
        _i_product="product_id",
        _i_name="product_name",
        _i_gift="is_gift_card",
        size="size",
        colour="colour",
    )
    refunds = refunds.left_join(
        items,
        (refunds.shop_id == items._i_shop)
        & (refunds.order_id == items._i_order)
        & (refunds.order_line_id == items._i_line),
    )
    refunds = refunds.filter(~refunds._i_gift.fill_null(False), refunds.kind != "gift_card")
    refunds = refunds.mutate(
        product_id=ibis.coalesce(refunds.product_id, refunds._i_product),
        product_name=ibis.coalesce(refunds.product_name, refunds._i_name),
    )
    return refunds.anti_join(_gift_cards(inputs), ["shop_id", "product_id"])


def _rated_entries(inputs: BuildInputs, facts: ir.Table) -> ir.Table:
    """Entries with what their order says, with day and rate.

    An entry of an order is in the order's currency and at the order's rate unless it says otherwise. Entries of cancelled,
    test and deleted orders are left out, and discounts of orders too: the lines carry them. An entry that names an order
    which is not there counts as one of no order: nothing is lost.
    """
    entries = _entries(inputs, facts)
    orders = inputs.tables["orders"]
    # the few that are no orders to us tell an order that is not there from one that is left out
    aside = orders.filter(~(~orders.is_test & ~orders.is_deleted).fill_null(False)).select("shop_id", "order_id")
    own = facts.select(
        _f_shop="shop_id", _f_order="order_id", order_key="order_key", order_day="day", placed_at="placed_at",
        order_currency="currency", order_rate="rate", is_cancelled="is_cancelled",
        **{f"order_{name}": name for name in ("customer_id", *_ENTRY_PLACES)},
        **{name: name for name in _ORDER_COLUMNS if name not in ("order_key", "order_id", "is_cancelled", "customer_id", *_ENTRY_PLACES)},
    )  # fmt: skip
    rows = entries.anti_join(aside, ["shop_id", "order_id"])
    rows = rows.left_join(own, (rows.shop_id == own._f_shop) & (rows.order_id == own._f_order))
    rows = rows.filter(rows.order_key.isnull() | (~rows.is_cancelled & (rows.kind != "discount")))
    of_order = rows.order_key.notnull()
    same = of_order & (rows.currency.isnull() | (rows.currency == rows.order_currency))
    rows = rows.mutate(
        moment=ibis.coalesce(rows.moment, rows.placed_at),
        currency=ibis.coalesce(rows.currency, rows.order_currency, ibis.literal(inputs.currency)),
        exchange_rate=ibis.coalesce(rows.exchange_rate, ibis.ifelse(same, rows.order_rate, ibis.null(RATE))),
        **{name: ibis.ifelse(of_order, rows[f"order_{name}"], rows[name]) for name in ("customer_id", *_ENTRY_PLACES)},
    )
    return with_rate(
        zoned(inputs, rows, "moment"), rate_spans(inputs.tables["exchange_rates"], inputs.currency), inputs.currency
    )


def entries(inputs: BuildInputs) -> ir.Table:
    """The ledger's rows of whatever moves sales beside the lines of orders."""
    rows = _rated_entries(inputs, inputs.tables["order_facts"])
    amounts = {name: converted(rows[name], rows.rate, rows.is_foreign, inputs.currency) for name in _ENTRY_AMOUNTS}
    rows = _rows(
        rows,
        rows.kind,
        occurred_at=rows.moment,
        is_cancelled=ibis.literal(False),
        currency=ibis.coalesce(rows.order_currency, rows.currency),
        **amounts,
    )
    return described(inputs, rows).select(*SALES_SCHEMA)


def sales_without_rate(inputs: BuildInputs) -> ir.Table:
    """Orders, entries and costs in a currency whose rate is not known. Cancelled orders need none."""
    facts = inputs.tables["order_facts"]
    parts = (facts.filter(~facts.is_cancelled), _rated_entries(inputs, facts), _product_costs(inputs))
    return ibis.union(*(without_rate(part) for part in parts))


SALES_DIMENSIONS = (
    "shop", "channel", "traffic_source", "device_type", "referrer", "country", "state", "city", "postcode", "market",
    "location", "business_unit", "payment_method", "shipping_method", "discount_code", "campaign_id", "order_status",
    "order_currency", "department", "category", "sub_category", "brand", "supplier", "product", "product_id", "size", "colour",
    "customer_type", "segment", "customer_id", "order_id", "weekday", "hour", "cohort", "cohort_age",
)  # fmt: skip
PRODUCT_DIMENSIONS = (
    "department", "category", "sub_category", "brand", "supplier", "product", "product_id", "size", "colour",
)  # fmt: skip

_CODED: dict[str, dict[str, tuple[str, ...]]] = {
    **{name: {"order_facts": (name,)} for name in (*ORDER_ATTRIBUTES, "order_status", "currency")},
    **{
        name: {"products": (name,)}
        for name in ("product_name", "department", "category", "sub_category", "brand", "size", "colour")
    },
    "shop": dict.fromkeys(("order_facts", "locations", "products", "business_units"), ("shop_id",)),
    "supplier": {"products": ("supplier_id",), "suppliers": ("supplier_id", "supplier_name")},
    "location_id": {"order_facts": ("location_id",), "locations": ("location_id", "location_name")},
    "market": {"locations": ("market",)},
    "business_unit_id": {
        "order_facts": ("business_unit_id",),
        "locations": ("business_unit_id",),
        "business_units": ("business_unit_id", "business_unit_name"),
    },
}
"""What lines take from their order, product and place without looking at it, and what they meet by."""

RELATIONS = (
    Relation(
        name="order_customers",
        title="Customers of orders",
        domain="sales",
        grain="one order that is neither a test nor deleted",
        inputs=("orders", "order_items", "products", "customers", "shops"),
        layers=(
            Layer(
                "orders",
                order_customers,
                by_order=("orders", "order_items"),
                held=False,
                columns={
                    "orders": (
                        "shop_id",
                        "order_id",
                        "customer_id",
                        "email",
                        "phone",
                        "placed_at",
                        "order_status",
                        "cancelled_at",
                        "is_test",
                        "is_deleted",
                    ),
                    "order_items": ("shop_id", "order_id", "product_id", "is_gift_card", "parent_line_id"),
                },
            ),
        ),
        renewed_by="order",
        # where nobody is known by an address and lines are not looked at
        stands_in={
            "orders": "SELECT shop_id, order_id, customer_id, NULL AS email, NULL AS phone, placed_at, "
            "CASE WHEN is_cancelled THEN 'cancelled' END AS order_status, NULL AS cancelled_at, false AS is_test, false AS is_deleted "
            "FROM own",
        },
        schema=ORDER_CUSTOMERS_SCHEMA,
        dimensions=(),
        needs=("orders",),
        keys={"order_key": ("shop_id", "order_id"), "customer_key": ("shop_id", "customer_id")},
    ),
    Relation(
        name="order_facts",
        title="Orders",
        domain="sales",
        grain="one order that is neither a test nor deleted",
        inputs=("order_customers", "orders", "exchange_rates"),
        layers=(
            Layer(
                "orders", order_facts, split_by="order_customers", along={"orders": "placed_at"}, by_order=("orders",)
            ),
        ),
        renewed_by="order",
        schema=ORDER_FACTS_SCHEMA,
        dimensions=(),
        needs=("orders",),
    ),
    Relation(
        name="sales",
        title="Sales ledger",
        domain="sales",
        grain="one component of sales: an order line, shipping, a discount entry or a part of a refund, on its day",
        inputs=(
            "order_facts",
            "orders",
            "order_items",
            "products",
            "suppliers",
            "discount_lines",
            "tax_lines",
            "shipping_lines",
            "refunds",
            "returns",
            "exchanges",
            "product_costs",
            "locations",
            "business_units",
            "shops",
            "exchange_rates",
        ),
        layers=(
            Layer(
                "lines",
                sold_lines,
                split_by="order_facts",
                along={"order_items": "order_id"},
                coded=_CODED,
                by_order=("order_items", "discount_lines", "tax_lines"),
            ),
            Layer(
                "entries",
                entries,
                by_order=("orders", "order_items", "shipping_lines", "discount_lines", "refunds", "returns"),
            ),
        ),
        renewed_by="order",
        # an order has many products, and one of everything else
        single={
            "order": tuple(name for name in SALES_DIMENSIONS if name not in PRODUCT_DIMENSIONS),
            "customer": ("shop", "customer_id", "cohort"),
        },
        settled={"product_id": ("department", "category", "sub_category", "brand", "supplier")},
        schema=SALES_SCHEMA,
        dimensions=SALES_DIMENSIONS,
        needs=("orders", "order_items"),
        without_rate=sales_without_rate,
        columns_shown=(
            "day",
            "kind",
            "order_id",
            "document_id",
            "customer_id",
            "product_id",
            "product_name",
            "channel",
            "country",
            "units",
            "gross_sales",
            "discounts",
            "returned_sales",
            "taxes",
            "shipping_charges",
            "revenue",
            "cost",
        ),
    ),
)

_ADDED_UP = (
    "gross_sales", "discounts", "returned_sales", "taxes", "shipping_charges", "revenue", "cost_of_goods_sold", "revenue_with_cost",
    "units_sold",
)  # fmt: skip
_ORDERS = ("orders", "orders_placed", "orders_cancelled", "orders_with_several_products")


def _visits(inputs: BuildInputs, dimensions: Collection[str]) -> ir.Table:
    """The orders of known customers that are in the ledger and count, and where it is asked for their place as the ledger calls it."""
    orders, places = inputs.tables["order_facts"], inputs.tables["locations"]
    orders = orders.filter(orders.has_sales, ~orders.is_cancelled, orders.customer_key.notnull())
    if "location" not in dimensions:
        return orders
    places = places.select(_l_shop="shop_id", _l_id="location_id", _l_name="location_name")
    orders = orders.left_join(places, (orders.shop_id == places._l_shop) & (orders.location_id == places._l_id))
    return orders.mutate(location=ibis.coalesce(orders._l_name, orders.location_id))


_VISITS = Visits(
    key="customer_key",
    first_day="customer_first_day",
    inputs=("order_facts", "locations"),
    columns=(
        "shop_id", "day", "customer_key", "customer_first_day", "customer_order_number", "has_sales", "is_cancelled", "channel",
        "country", "location_id",
    ),
    coded={name: _CODED[name] for name in ("channel", "country")} | {
        name: {"order_facts": _CODED[name]["order_facts"], "locations": _CODED[name]["locations"]} for name in ("shop", "location_id")
    },
    of=_visits,
)  # fmt: skip


def _of_days(name: str, title: str, *dimensions: str, orders: tuple[str, ...] = _ORDERS) -> Rollup:
    measures = (*_ADDED_UP, *orders)
    return Rollup(f"sales_by_{name}", f"Sales by day and {title}", "sales", ("shop", *dimensions), measures)


def _visitors(name: str, title: str, *dimensions: str, new: bool = True) -> Rollup:
    measures = ("customers", *(("new_customers",) if new else ()))
    return Rollup(f"visits{name}", f"Visits by day{title}", "sales", ("shop", *dimensions), measures, _VISITS)


ROLLUPS = (
    _of_days("place", "place", "channel", "country", "location", "market", "business_unit"),
    _of_days(
        "order", "kind of order", "channel", "country", "device_type", "traffic_source", "payment_method", "customer_type",
        "order_status", "order_currency",
    ),
    _of_days("hour", "hour", "channel", "hour"),
    _of_days("range", "range", "channel", "department", "category", "sub_category", orders=()),
    _of_days("category", "category, channel and place", "channel", "location", "category", orders=("orders",)),
    _of_days("brand", "brand", "channel", "brand", orders=()),
    _of_days("supplier", "supplier", "channel", "supplier", orders=()),
    _of_days(
        "product", "product", "department", "category", "sub_category", "brand", "supplier", "product", "product_id", orders=()
    ),
    _visitors("", ""),
    _visitors("_by_channel", " and channel", "channel"),
    _visitors("_by_country", " and country", "country"),
    _visitors("_by_customer_type", " and new or returning", "customer_type"),
    _visitors("_by_location", " and store", "location", new=False),
    _visitors("_by_location_channel", ", store and channel", "location", "channel", new=False),
)  # fmt: skip
