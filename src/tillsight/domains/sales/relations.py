"""The relations of sales: one row per order, and the ledger of everything that moves sales.

`order_facts`  one row per order that is neither a test nor deleted, with the customer it belongs to and its rate to the
               reporting currency. Cancelled orders are there, marked.
`sales`        the ledger: one row per component of sales, each on the day it happened in the shop's time zone, all amounts in
               the reporting currency. The bridge gross sales − discounts − returns = net sales, + taxes + shipping = total
               sales adds up row by row, so it adds up for every order, day, product and country.

Kinds of ledger rows: `sale` (a line of an order), `order` (an order without any line), `shipping`, `discount` (an entry that
names no order), `refund`. Cancelled orders keep their rows, with every amount zero, so that they can be counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from tillsight.metrics.model import BuildInputs, Relation
from tillsight.metrics.shaping import (
    MONEY,
    QUANTITY,
    allocated,
    converted,
    known,
    local,
    money,
    places_of,
    rate_spans,
    rounded,
    times,
    with_rate,
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
    "rate": "decimal(18, 9)",
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


def _zoned(inputs: BuildInputs, rows: ir.Table, moment: str) -> ir.Table:
    """Add `day` and `hour` by the clock of the row's shop."""
    shops = inputs.tables["shops"].select(_shop="shop_id", _zone="timezone")
    joined = rows.left_join(shops, rows.shop_id == shops._shop)
    clock = local(joined[moment], ibis.coalesce(joined._zone, ibis.literal(inputs.timezone)))
    return joined.mutate(day=clock.date(), hour=clock.hour().cast("int64")).drop("_shop", "_zone")


def _digits(phone: ir.StringValue) -> ir.StringValue:
    return phone.re_replace(r"[^0-9]", "").nullif("")


def _sold_items(inputs: BuildInputs) -> ir.Table:
    """Order lines that are sales: no gift cards, and no components of a bundle (the bundle's own line carries the sale)."""
    items = inputs.tables["order_items"]
    products = inputs.tables["products"]
    gifts = products.filter(products.is_gift_card).select("shop_id", "product_id")
    items = items.filter(~items.is_gift_card, items.parent_line_id.isnull())
    return items.anti_join(gifts, ["shop_id", "product_id"])


def order_facts(inputs: BuildInputs) -> ir.Table:
    """One row per order that counts or was cancelled. A guest is matched by e-mail, then by phone."""
    orders = inputs.tables["orders"]
    orders = _zoned(inputs, orders.filter(~orders.is_test, ~orders.is_deleted), "placed_at")
    customers = inputs.tables["customers"]
    by_email = (
        customers.mutate(_mail=customers.email.strip().lower().nullif(""))
        .filter(lambda t: t._mail.notnull())
        .group_by(_mail_shop="shop_id", _mail="_mail")
        .agg(_mail_customer=lambda t: t.customer_id.min())
    )
    by_phone = (
        customers.mutate(_phone=_digits(customers.phone))
        .filter(lambda t: t._phone.notnull())
        .group_by(_phone_shop="shop_id", _phone="_phone")
        .agg(_phone_customer=lambda t: t.customer_id.min())
    )
    orders = orders.mutate(_own_mail=orders.email.strip().lower().nullif(""), _own_phone=_digits(orders.phone))
    orders = orders.left_join(
        by_email, (orders.shop_id == by_email._mail_shop) & (orders._own_mail == by_email._mail)
    ).drop("_mail_shop", "_mail")
    orders = orders.left_join(
        by_phone, (orders.shop_id == by_phone._phone_shop) & (orders._own_phone == by_phone._phone)
    ).drop("_phone_shop", "_phone")
    person = ibis.coalesce(
        orders.customer_id,
        orders._mail_customer,
        orders._phone_customer,
        ibis.literal("email:") + orders._own_mail.hexdigest("md5"),
        ibis.literal("phone:") + orders._own_phone.hexdigest("md5"),
    )
    # an order of gift cards alone sells nothing: it is no order of the sales figures
    items = inputs.tables["order_items"]
    without_sales = (
        items.select("shop_id", "order_id")
        .distinct()
        .anti_join(_sold_items(inputs).select("shop_id", "order_id"), ["shop_id", "order_id"])
    )
    orders = orders.left_join(without_sales.mutate(_only_gifts=True), ["shop_id", "order_id"]).drop(
        "shop_id_right", "order_id_right"
    )
    orders = orders.mutate(has_sales=orders._only_gifts.isnull())
    cancelled = ((orders.order_status == "cancelled") | orders.cancelled_at.notnull()).fill_null(False)
    orders = orders.mutate(_person=person, is_cancelled=cancelled)
    orders = with_rate(orders, rate_spans(inputs.tables["exchange_rates"], inputs.currency), inputs.currency)
    one_row = ibis.window(order_by=[orders.shop_id, orders.order_id])
    customers_in_order = ibis.window(order_by=[orders.shop_id, orders._person])
    orders = orders.mutate(
        order_key=ibis.row_number().over(one_row).cast("int64"),
        customer_key=ibis.ifelse(
            orders._person.notnull(), ibis.dense_rank().over(customers_in_order).cast("int64"), ibis.null("int64")
        ),
        customer_id=orders._person,
    )
    counted = orders.customer_key.notnull() & ~orders.is_cancelled & orders.has_sales
    in_order = ibis.window(group_by=[orders.customer_key, counted], order_by=[orders.placed_at, orders.order_key])
    first = ibis.ifelse(counted, orders.day, ibis.null("date")).min().over(ibis.window(group_by=orders.customer_key))
    orders = orders.mutate(
        customer_first_day=ibis.ifelse(orders.customer_key.notnull(), first, ibis.null("date")),
        customer_order_number=ibis.ifelse(
            counted, ibis.row_number().over(in_order).cast("int64") + 1, ibis.null("int64")
        ),
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
    "order_products": "int64",
    "currency": "string",
    **dict.fromkeys(ORDER_ATTRIBUTES, "string"),
    "location": "string",
    "business_unit": "string",
    "market": "string",
    "product_id": "string",
    "product_name": "string",
    "department": "string",
    "category": "string",
    "sub_category": "string",
    "brand": "string",
    "supplier": "string",
    "size": "string",
    "colour": "string",
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


def _rows(table: ir.Table, kind: str, **given: ir.Value) -> ir.Table:
    """Rows of the ledger: what is given, what the table has, and nothing (null, or zero for amounts) for the rest."""
    columns: dict[str, ir.Value] = {}
    for name, type_ in SALES_SCHEMA.items():
        if name == "kind":
            value: ir.Value = ibis.literal(kind)
        elif name in given:
            value = given[name]
        elif name in table.columns and name not in _AMOUNTS and name != "units":
            value = table[name]
        elif (name in _AMOUNTS and name != "cost") or name == "units":
            value = ibis.literal(0)
        elif name == "is_cancelled":
            value = ibis.literal(False)
        else:
            value = ibis.null(type_)
        columns[name] = value.cast(type_)
    return table.select(**columns)


def _lines(inputs: BuildInputs, facts: ir.Table) -> ir.Table:
    """The lines of orders with order discounts and order taxes allocated, tax taken out of prices that include it."""
    items = _sold_items(inputs)
    discounts = inputs.tables["discount_lines"]
    on_lines = (
        discounts.filter(discounts.order_id.notnull(), discounts.order_line_id.notnull())
        .group_by(_d_shop="shop_id", _d_order="order_id", _d_line="order_line_id")
        .agg(_line_discount=lambda t: t.amount.sum())
    )
    on_orders = (
        discounts.filter(discounts.order_id.notnull(), discounts.order_line_id.isnull())
        .group_by(_o_shop="shop_id", _o_order="order_id")
        .agg(_order_discount=lambda t: t.amount.sum())
    )
    taxes = inputs.tables["tax_lines"]
    tax_of_order = taxes.group_by(_t_shop="shop_id", _t_order="order_id").agg(_tax_lines=lambda t: t.amount.sum())
    head = facts.select(
        "shop_id", "order_id", "order_key", "places", "prices_include_tax", "is_foreign", "rate", "is_cancelled",
        _head_discount="discount_amount", _head_tax="tax_amount",
    )  # fmt: skip
    lines = items.inner_join(head, ["shop_id", "order_id"])
    lines = lines.left_join(
        on_lines,
        (lines.shop_id == on_lines._d_shop)
        & (lines.order_id == on_lines._d_order)
        & (lines.line_id == on_lines._d_line),
    ).drop("_d_shop", "_d_order", "_d_line")
    lines = lines.left_join(
        on_orders, (lines.shop_id == on_orders._o_shop) & (lines.order_id == on_orders._o_order)
    ).drop("_o_shop", "_o_order")
    lines = lines.left_join(
        tax_of_order, (lines.shop_id == tax_of_order._t_shop) & (lines.order_id == tax_of_order._t_order)
    ).drop("_t_shop", "_t_order")
    of_order = ibis.window(group_by=lines.order_key)
    lines = lines.mutate(
        _gross=times(lines.unit_price, lines.quantity),
        _own_discount=money(known(lines.discount_amount) + known(lines._line_discount)),
        _order_discount=money(known(lines._head_discount) + known(lines._order_discount)),
        _own_tax=known(lines.tax_amount),
        _has_tax=(known(lines.tax_amount).sum().over(of_order) != 0) | (known(lines._head_tax) != 0),
    )
    lines = lines.mutate(
        _after=money(lines._gross - lines._own_discount),
        # tax lines split a tax that the lines or the header carry; they count only where neither does
        _order_tax=ibis.ifelse(lines._has_tax, known(lines._head_tax), known(lines._tax_lines)),
    )
    lines = allocated(lines, "_order_discount", "_after", ["order_key"], "line_id", "places", "_share")
    lines = lines.mutate(_paid=money(lines._after - lines._share))
    lines = allocated(lines, "_order_tax", "_paid", ["order_key"], "line_id", "places", "_tax_share")
    tax = money(lines._own_tax + lines._tax_share)
    net = money(ibis.ifelse(lines.prices_include_tax, lines._paid - tax, lines._paid))
    without_tax = rounded(
        lines._gross.cast("float64") * net.cast("float64") / lines._paid.cast("float64").nullif(0), lines.places
    )
    gross = money(ibis.ifelse(lines.prices_include_tax, ibis.coalesce(without_tax, lines._gross), lines._gross))
    cost = ibis.coalesce(times(lines.unit_cost, lines.quantity), lines.cost_amount)
    lines = lines.mutate(_tax=tax, _net=net, _gross_out=gross, _cost=cost)
    return lines.select(
        "order_key", "line_id", "product_id", "quantity", "is_foreign", "rate", "_tax", "_net", "_gross_out", "_cost",
        _item_name="product_name", _item_size="size", _item_colour="colour", _item_shop="shop_id",
    )  # fmt: skip


def _with_cost_of_day(inputs: BuildInputs, lines: ir.Table, facts: ir.Table) -> ir.Table:
    """Where the line states no cost: the cost of the product that held on the day of the sale, if one is known."""
    costs = inputs.tables["product_costs"]
    spans = (
        costs.filter(costs.unit_cost.notnull())
        .group_by(_c_shop="shop_id", _c_product="product_id", _from="valid_from")
        .agg(_unit_cost=lambda t: t.unit_cost.max(), _c_currency=lambda t: t.currency.max())
    )
    following = spans._from.lead().over(ibis.window(group_by=[spans._c_shop, spans._c_product], order_by=spans._from))
    spans = spans.mutate(_to=ibis.coalesce(following, ibis.date(9999, 12, 31)))
    spans = with_rate(
        spans.mutate(currency=ibis.coalesce(spans._c_currency, ibis.literal(inputs.currency)), day=spans._from),
        rate_spans(inputs.tables["exchange_rates"], inputs.currency),
        inputs.currency,
    ).drop("currency", "day")
    spans = spans.mutate(_day_cost=converted(spans._unit_cost, spans.rate, spans.is_foreign, inputs.currency)).drop(
        "rate", "is_foreign", "_unit_cost", "_c_currency"
    )
    days = facts.select(_f_key="order_key", _day="day")
    lines = lines.inner_join(days, lines.order_key == days._f_key).drop("_f_key")
    return lines.left_join(
        spans,
        (lines._item_shop == spans._c_shop)
        & (lines.product_id == spans._c_product)
        & (lines._day >= spans._from)
        & (lines._day < spans._to),
    ).drop("_c_shop", "_c_product", "_from", "_to", "_day")


def _sale_rows(inputs: BuildInputs, facts: ir.Table) -> ir.Table:
    lines = _with_cost_of_day(inputs, _lines(inputs, facts), facts)
    currency = inputs.currency
    lines = lines.mutate(
        _gross_out=converted(lines._gross_out, lines.rate, lines.is_foreign, currency),
        _discount=converted(money(lines._gross_out - lines._net), lines.rate, lines.is_foreign, currency),
        _tax=converted(lines._tax, lines.rate, lines.is_foreign, currency),
        _cost=ibis.coalesce(
            converted(lines._cost, lines.rate, lines.is_foreign, currency), times(lines._day_cost, lines.quantity)
        ),
    )
    lines = lines.drop("rate", "is_foreign")
    rows = lines.inner_join(facts, "order_key")
    rows = _with_distinct_products(rows)
    live = ~rows.is_cancelled
    revenue = money(rows._gross_out - rows._discount)

    def counted(amount: ir.Value) -> ir.Value:
        return ibis.ifelse(live, amount, ibis.literal(0).cast(MONEY))

    return _rows(
        rows,
        "sale",
        occurred_at=rows.placed_at,
        order_day=rows.day,
        document_id=rows.order_id,
        product_name=rows._item_name,
        size=rows._item_size,
        colour=rows._item_colour,
        units=ibis.ifelse(live, rows.quantity, ibis.literal(0).cast(QUANTITY)),
        gross_sales=counted(rows._gross_out),
        discounts=counted(rows._discount),
        taxes=counted(rows._tax),
        revenue=counted(revenue),
        cost=ibis.ifelse(live, rows._cost, ibis.null(MONEY)),
        revenue_with_cost=ibis.ifelse(live & rows._cost.notnull(), revenue, ibis.literal(0).cast(MONEY)),
    )


def _with_distinct_products(rows: ir.Table) -> ir.Table:
    """Add how many different products the order of a row has: each counted at its first line."""
    of_product = ibis.window(group_by=[rows.order_key, rows.product_id], order_by=rows.line_id)
    first = (ibis.row_number().over(of_product) == 0) & rows.product_id.notnull()
    rows = rows.mutate(_first=first.cast("int64"))
    rows = rows.mutate(order_products=rows._first.sum().over(ibis.window(group_by=rows.order_key)).cast("int64"))
    return rows.drop("_first")


def _orders_without_lines(inputs: BuildInputs, facts: ir.Table) -> ir.Table:
    """An order that the source gives without any line still is an order."""
    bare = facts.anti_join(inputs.tables["order_items"], ["shop_id", "order_id"])
    return _rows(bare, "order", occurred_at=bare.placed_at, order_day=bare.day, document_id=bare.order_id)


def _shipping_rows(inputs: BuildInputs, facts: ir.Table) -> ir.Table:
    """What was charged for shipping: the shipping lines, and the header of orders that have none."""
    lines = inputs.tables["shipping_lines"]
    keys = facts.select(*_ORDER_COLUMNS, "shop_id", "rate", "is_foreign", _order_day="day")
    of_order = lines.filter(lines.order_id.notnull()).drop(
        "customer_id", "channel", "country", "location_id", "currency"
    )
    of_order = _zoned(inputs, of_order, "charged_at").inner_join(keys, ["shop_id", "order_id"])
    free = lines.filter(lines.order_id.isnull())
    free = _zoned(inputs, free, "charged_at")
    free = with_rate(
        free.mutate(currency=ibis.coalesce(free.currency, ibis.literal(inputs.currency))),
        rate_spans(inputs.tables["exchange_rates"], inputs.currency),
        inputs.currency,
    )
    without = facts.anti_join(lines.filter(lines.order_id.notnull()), ["shop_id", "order_id"])
    without = without.filter((without.shipping_amount != 0) | (without.shipping_tax_amount != 0))

    def row(table: ir.Table, moment: str, amount: ir.Value, tax: ir.Value, **given: ir.Value) -> ir.Table:
        live = ~table.is_cancelled if "is_cancelled" in table.columns else ibis.literal(True)
        none = ibis.literal(0).cast(MONEY)
        return _rows(
            table,
            "shipping",
            occurred_at=table[moment],
            shipping_charges=ibis.ifelse(live, converted(amount, table.rate, table.is_foreign, inputs.currency), none),
            taxes=ibis.ifelse(live, converted(tax, table.rate, table.is_foreign, inputs.currency), none),
            **given,
        )

    parts = [
        row(
            of_order,
            "charged_at",
            known(of_order.amount),
            known(of_order.tax_amount),
            order_day=of_order._order_day,
            document_id=of_order.order_id,
        ),
        row(free, "charged_at", known(free.amount), known(free.tax_amount), document_id=free.line_id),
        row(
            without,
            "placed_at",
            without.shipping_amount,
            without.shipping_tax_amount,
            order_day=without.day,
            document_id=without.order_id,
        ),
    ]
    return ibis.union(*parts)


def _discount_rows(inputs: BuildInputs) -> ir.Table:
    """Discounts that name no order: they lower net sales on their own day."""
    lines = inputs.tables["discount_lines"]
    free = _zoned(inputs, lines.filter(lines.order_id.isnull()), "applied_at")
    free = with_rate(
        free.mutate(currency=ibis.coalesce(free.currency, ibis.literal(inputs.currency))),
        rate_spans(inputs.tables["exchange_rates"], inputs.currency),
        inputs.currency,
    )
    return _rows(
        free,
        "discount",
        occurred_at=free.applied_at,
        document_id=free.line_id,
        discounts=converted(free.amount, free.rate, free.is_foreign, inputs.currency),
    )


def _refund_rows(inputs: BuildInputs, facts: ir.Table) -> ir.Table:
    """Refunds on the day they happened. Those of cancelled, test and deleted orders, and of gift cards, are outside sales."""
    refunds = inputs.tables["refunds"]
    refunds = _zoned(inputs, refunds.filter(refunds.kind != "gift_card"), "refunded_at")
    all_orders = inputs.tables["orders"].select("shop_id", "order_id")
    keys = facts.select(*_ORDER_COLUMNS, "shop_id", _order_rate="rate", _order_foreign="is_foreign", _order_day="day")
    of_order = refunds.semi_join(all_orders, ["shop_id", "order_id"])
    of_order = of_order.drop("customer_id", "channel", "country", "location_id").inner_join(
        keys, ["shop_id", "order_id"]
    )
    of_order = of_order.filter(~of_order.is_cancelled)
    of_order = of_order.mutate(rate=of_order._order_rate, is_foreign=of_order._order_foreign)
    free = refunds.anti_join(all_orders, ["shop_id", "order_id"])
    free = with_rate(
        free.mutate(currency=ibis.coalesce(free.currency, ibis.literal(inputs.currency))),
        rate_spans(inputs.tables["exchange_rates"], inputs.currency),
        inputs.currency,
    )

    def row(table: ir.Table, **given: ir.Value) -> ir.Table:
        goods = table.kind != "shipping"
        none = ibis.literal(0).cast(MONEY)

        def amount(name: str) -> ir.Value:
            return converted(known(table[name]), table.rate, table.is_foreign, inputs.currency)

        return _rows(
            table,
            "refund",
            occurred_at=table.refunded_at,
            document_id=table.refund_id,
            line_id=table.order_line_id,
            returned_sales=ibis.ifelse(goods, amount("amount"), none),
            shipping_charges=money(-amount("shipping_amount") - ibis.ifelse(goods, none, amount("amount"))),
            taxes=money(-amount("tax_amount")),
            **given,
        )

    return row(of_order, order_day=of_order._order_day).union(row(free))


def sales(inputs: BuildInputs) -> ir.Table:
    """The ledger. Amounts in the reporting currency; see the module for what a row is."""
    facts = inputs.tables["order_facts"]
    rows = ibis.union(
        _sale_rows(inputs, facts),
        _orders_without_lines(inputs, facts),
        _shipping_rows(inputs, facts),
        _discount_rows(inputs),
        _refund_rows(inputs, facts),
    )
    return _described(inputs, rows).select(*SALES_SCHEMA)


def _described(inputs: BuildInputs, rows: ir.Table) -> ir.Table:
    """Add what the product, the location and the business unit say."""
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
    return rows.mutate(
        product_name=ibis.coalesce(rows._p_name, rows.product_name),
        department=rows._p_department,
        category=rows._p_category,
        sub_category=rows._p_sub_category,
        brand=rows._p_brand,
        supplier=rows._p_supplier,
        size=ibis.coalesce(rows["size"], rows._p_size),
        colour=ibis.coalesce(rows.colour, rows._p_colour),
        location=ibis.coalesce(rows._l_name, rows.location_id),
        market=rows._l_market,
        business_unit=ibis.coalesce(rows._b_name, rows.business_unit_id),
    )


SALES_DIMENSIONS = (
    "shop", "channel", "traffic_source", "device_type", "referrer", "country", "state", "city", "postcode", "market",
    "location", "business_unit", "payment_method", "shipping_method", "discount_code", "campaign_id", "order_status",
    "order_currency", "department", "category", "sub_category", "brand", "supplier", "product", "product_id", "size", "colour",
    "customer_type", "customer_id", "order_id", "weekday", "hour", "cohort", "cohort_age",
)  # fmt: skip

RELATIONS = (
    Relation(
        name="order_facts",
        title="Orders",
        domain="sales",
        grain="one order that is neither a test nor deleted",
        inputs=("orders", "order_items", "products", "customers", "shops", "exchange_rates"),
        build=order_facts,
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
            "product_costs",
            "locations",
            "business_units",
            "shops",
            "exchange_rates",
        ),
        build=sales,
        schema=SALES_SCHEMA,
        dimensions=SALES_DIMENSIONS,
        needs=("orders", "order_items"),
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
