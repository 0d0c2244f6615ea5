"""The relations of returns: one row per item that came back, and the same by the day of its purchase.

`returned_items`     one row per item of a return, on the day the return was asked for in the shop's time zone; a return without
                     items is one row of no units. Withdrawn returns (step `cancelled`) and returns of test and deleted orders
                     are left out. Amounts are in the reporting currency.
`returned_purchases` the rows whose order is known, on the day of that order: what of the sales of a period came back.

Costs that a source states for a whole return (processing, shipping, disposal, the restocking fee) are split over its items by
units, to the cent. The cost of the goods is the item's, else that of the order line, else unknown. The restocked value is the
stated one; where none is stated, goods that went back on the shelf are worth their cost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from tillsight.domains.returns import reasons
from tillsight.metrics.model import BuildInputs, Relation
from tillsight.metrics.shaping import (
    DESCRIBED,
    MONEY,
    QUANTITY,
    RATE,
    allocated,
    converted,
    described,
    known,
    places_of,
    rate_spans,
    times,
    with_rate,
    without_rate,
    zoned,
)

if TYPE_CHECKING:
    import ibis.expr.types as ir

WINDOW_DAYS = 30
"""A return asked for within so many days of its order is inside the return window."""

ORDER_ATTRIBUTES = (
    "channel", "traffic_source", "device_type", "payment_method", "shipping_method", "discount_code", "campaign_id",
    "location_id", "business_unit_id", "city", "state", "postcode", "country",
)  # fmt: skip
COSTS = ("restocking_fee", "processing_cost", "shipping_cost", "disposal_cost")

SCHEMA: dict[str, str] = {
    "shop_id": "string",
    "day": "date",
    "hour": "int64",
    "initiated_at": "timestamp",
    "return_id": "string",
    "line_id": "string",
    "return_key": "int64",
    "is_first_row": "boolean",
    "order_id": "string",
    "order_key": "int64",
    "order_day": "date",
    "customer_key": "int64",
    "customer_id": "string",
    "customer_first_day": "date",
    "customer_order_number": "int64",
    "order_status": "string",
    "currency": "string",
    **dict.fromkeys(ORDER_ATTRIBUTES, "string"),
    **DESCRIBED,
    "return_status": "string",
    "return_step": "string",
    "return_type": "string",
    "return_channel": "string",
    "reason_code": "string",
    "return_reason": "string",
    "return_reason_group": "string",
    "return_reason_family": "string",
    "reason_text": "string",
    "disposition": "string",
    "condition_rating": "int64",
    "is_size_reason": "boolean",
    "is_defect": "boolean",
    "is_wrong_item": "boolean",
    "is_resaleable": "boolean",
    "is_exchange": "boolean",
    "is_tracked": "boolean",
    "days_to_return": "int64",
    "processing_days": "float64",
    "units": QUANTITY,
    "goods_cost": MONEY,
    "restocked_value": MONEY,
    **dict.fromkeys(COSTS, MONEY),
}


def _headers(inputs: BuildInputs) -> ir.Table:
    """Returns that count, with their day, key and what the order says of them."""
    returns = inputs.tables["returns"]
    orders = inputs.tables["orders"].select(
        _o_shop="shop_id", _o_order="order_id", _left_out=lambda t: t.is_test | t.is_deleted
    )
    returns = returns.filter((returns.workflow_step != "cancelled").fill_null(True))
    returns = returns.left_join(orders, (returns.shop_id == orders._o_shop) & (returns.order_id == orders._o_order))
    returns = returns.filter(~returns._left_out.fill_null(False)).drop("_o_shop", "_o_order", "_left_out")
    returns = zoned(inputs, returns, "initiated_at")
    events = (
        inputs.tables["return_events"].group_by(_e_shop="shop_id", _e_return="return_id").agg(_events=ibis._.count())
    )
    returns = returns.left_join(events, (returns.shop_id == events._e_shop) & (returns.return_id == events._e_return))
    in_order = ibis.window(order_by=[returns.shop_id, returns.return_id])
    seconds = returns.completed_at.delta(returns.initiated_at, unit="second").cast("float64")
    returns = returns.select(
        "shop_id", "return_id", "order_id", "day", "hour", "initiated_at", "return_status", "return_type", *COSTS,
        return_key=ibis.row_number().over(in_order).cast("int64"),
        return_step=returns.workflow_step,
        return_channel=returns.channel,
        is_exchange=((returns.return_type == "exchange") | returns.exchanged_at.notnull()).fill_null(False),
        is_tracked=returns.workflow_step.notnull() | returns._events.notnull(),
        processing_days=ibis.ifelse(seconds < 0, 0.0, seconds) / 86_400,
        _stated_customer=returns.customer_id,
        _place=returns.location_id,
        _return_currency=returns.currency,
    )  # fmt: skip
    facts = inputs.tables["order_facts"].select(
        _f_shop="shop_id", _f_order="order_id", order_key="order_key", order_day="day", customer_key="customer_key",
        _customer="customer_id", customer_first_day="customer_first_day", customer_order_number="customer_order_number",
        order_status="order_status", _order_currency="currency", _order_rate="rate",
        **{name: name for name in ORDER_ATTRIBUTES},
    )  # fmt: skip
    rows = returns.left_join(facts, (returns.shop_id == facts._f_shop) & (returns.order_id == facts._f_order))
    return rows.mutate(
        customer_id=ibis.coalesce(rows._customer, rows._stated_customer),
        location_id=ibis.coalesce(rows.location_id, rows._place),
    ).drop("_f_shop", "_f_order", "_customer", "_stated_customer", "_place")


def _items(inputs: BuildInputs) -> ir.Table:
    """Items with the line of the order that they come from: by its key, else the only line of the product in the order."""
    items = inputs.tables["return_items"]
    sold = inputs.tables["order_items"].select(
        _s_shop="shop_id", _s_order="order_id", _s_line="line_id", _s_product="product_id", _s_cost="unit_cost",
        _s_size="size", _s_colour="colour", _s_name="product_name",
    )  # fmt: skip
    of_product = sold.group_by(["_s_shop", "_s_order", "_s_product"]).agg(
        _p_cost=lambda t: t._s_cost.min(), _p_size=lambda t: t._s_size.min(), _p_colour=lambda t: t._s_colour.min()
    ).rename(_p_shop="_s_shop", _p_order="_s_order", _p_product="_s_product")  # fmt: skip
    own = inputs.tables["returns"].select(_r_shop="shop_id", _r_return="return_id", _r_order="order_id")
    items = items.inner_join(own, (items.shop_id == own._r_shop) & (items.return_id == own._r_return))
    items = items.mutate(_order=ibis.coalesce(items.order_id, items._r_order))
    items = items.left_join(
        sold,
        (items.shop_id == sold._s_shop) & (items._order == sold._s_order) & (items.order_line_id == sold._s_line),
    )
    items = items.left_join(
        of_product,
        (items.shop_id == of_product._p_shop)
        & (items._order == of_product._p_order)
        & (items.product_id == of_product._p_product),
    )
    said = (items.reason_code, items.reason_detail, items.reason_category)
    code = reasons.leaf(*said)
    disposition = ibis.coalesce(items.disposition, reasons.fate(*said))
    return items.select(
        _i_shop=items.shop_id,
        _i_return=items.return_id,
        line_id=items.line_id,
        product_id=items.product_id,
        product_name=ibis.coalesce(items.product_name, items._s_name),
        size=ibis.coalesce(items.size_returned, items._s_size, items._p_size),
        colour=ibis.coalesce(items._s_colour, items._p_colour),
        reason_code=code,
        reason_text=items.reason_detail,
        disposition=disposition,
        condition_rating=items.condition_rating.cast("int64"),
        is_resaleable=ibis.coalesce(
            items.resaleable, disposition.isin(["restocked", "refurbished"]), ibis.literal(False)
        ),
        units=items.quantity.cast(QUANTITY),
        _item_currency=items.currency,
        _cost=ibis.coalesce(
            times(items.unit_cost, items.quantity),
            items.cost_amount.cast(MONEY),
            times(ibis.coalesce(items._s_cost, items._p_cost), items.quantity),
        ),
        _restocked=items.restocked_value.cast(MONEY),
    )


def _rows(inputs: BuildInputs) -> ir.Table:
    """Headers with their items, in the currency of the item, with rate."""
    headers, items = _headers(inputs), _items(inputs)
    rows = headers.left_join(items, (headers.shop_id == items._i_shop) & (headers.return_id == items._i_return))
    currency = ibis.coalesce(
        rows._item_currency, rows._return_currency, rows._order_currency, ibis.literal(inputs.currency)
    )
    rows = rows.mutate(
        currency=currency,
        exchange_rate=ibis.ifelse(currency == rows._order_currency, rows._order_rate, ibis.null(RATE)),
        line_id=ibis.coalesce(rows.line_id, ibis.literal("")),
        units=ibis.coalesce(rows.units, ibis.literal(0)).cast(QUANTITY),
        is_resaleable=rows.is_resaleable.fill_null(False),
        **{name: known(rows[name]) for name in COSTS},
    ).drop("_i_shop", "_i_return", "_item_currency", "_return_currency", "_order_currency", "_order_rate")
    return with_rate(rows, rate_spans(inputs.tables["exchange_rates"], inputs.currency), inputs.currency)


def without_a_rate(inputs: BuildInputs) -> ir.Table:
    """Items that carry an amount in a currency whose rate of the day is not known."""
    rows = _rows(inputs)
    carries = rows._cost.notnull() | rows._restocked.notnull()
    for name in COSTS:
        carries = carries | (rows[name] != 0)
    return without_rate(rows.filter(carries))


def returned_items(inputs: BuildInputs) -> ir.Table:
    """One row per item that came back. See the module."""
    rows = _rows(inputs)
    rows = rows.mutate(_places=places_of(rows.currency))
    for name in COSTS:
        rows = allocated(rows, name, "units", ["return_key"], "line_id", "_places", f"_{name}")
    back = rows.disposition == "restocked"
    restocked = ibis.coalesce(rows._restocked, ibis.ifelse(back, rows._cost, ibis.null(MONEY)), ibis.literal(0))
    amounts = {"goods_cost": rows._cost, "restocked_value": restocked.cast(MONEY)} | {
        name: rows[f"_{name}"] for name in COSTS
    }
    in_return = ibis.window(group_by=rows.return_key, order_by=rows.line_id)
    code = rows.reason_code
    rows = rows.mutate(
        **{name: converted(amount, rows.rate, rows.is_foreign, inputs.currency) for name, amount in amounts.items()},
        is_first_row=ibis.row_number().over(in_return) == 0,
        days_to_return=rows.day.delta(rows.order_day, unit="day").cast("int64"),
        return_reason=reasons.titled(code, lambda reason: reason.title),
        return_reason_group=reasons.titled(code, lambda reason: reasons.GROUPS[reason.group]),
        return_reason_family=reasons.titled(code, lambda reason: reason.family and reasons.FAMILIES[reason.family]),
        is_size_reason=reasons.having(code, lambda reason: reason.is_size),
        is_defect=reasons.having(code, lambda reason: reason.is_defect),
        is_wrong_item=reasons.having(code, lambda reason: reason.is_wrong_item),
    )
    return described(inputs, rows).select(*SCHEMA)


def returned_purchases(inputs: BuildInputs) -> ir.Table:
    """What came back of the orders of each day."""
    rows = inputs.tables["returned_items"]
    rows = rows.filter(rows.order_day.notnull())
    return rows.mutate(returned_on=rows.day, day=rows.order_day).select(*SCHEMA, "returned_on")


DIMENSIONS = (
    "shop", "channel", "traffic_source", "device_type", "country", "state", "city", "postcode", "market", "location",
    "business_unit", "payment_method", "shipping_method", "discount_code", "campaign_id", "order_status", "order_currency",
    "department", "category", "sub_category", "brand", "supplier", "product", "product_id", "size", "colour", "customer_type",
    "customer_id", "order_id", "weekday", "hour", "cohort", "cohort_age", "return_reason", "return_reason_group",
    "return_reason_family", "disposition", "return_type", "return_status", "return_step", "return_channel", "days_to_return",
)  # fmt: skip
SHOWN = (
    "day", "return_id", "order_id", "order_day", "customer_id", "product_id", "product_name", "size", "units", "return_reason",
    "return_type", "return_step", "disposition", "goods_cost", "restocked_value", *COSTS,
)  # fmt: skip
INPUTS = (
    "returns", "return_items", "return_events", "order_facts", "orders", "order_items", "products", "suppliers", "locations",
    "business_units", "shops", "exchange_rates",
)  # fmt: skip

RELATIONS = (
    Relation(
        name="returned_items",
        title="Returned items",
        domain="returns",
        grain="one item of a return, on the day the return was asked for",
        inputs=INPUTS,
        build=returned_items,
        schema=SCHEMA,
        dimensions=DIMENSIONS,
        needs=("returns", "return_items"),
        columns_shown=SHOWN,
        without_rate=without_a_rate,
    ),
    Relation(
        name="returned_purchases",
        title="Returned items by purchase",
        domain="returns",
        grain="one item of a return whose order is known, on the day of the order",
        inputs=("returned_items",),
        build=returned_purchases,
        schema={**SCHEMA, "returned_on": "date"},
        dimensions=DIMENSIONS,
        needs=("returns", "return_items"),
        columns_shown=SHOWN,
        note="Goods of the latest orders can still come back: the rate of the last weeks is not final.",
    ),
)
