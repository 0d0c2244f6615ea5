"""The relations of returns: one row per item that came back, and the same by the day of its purchase.

`returned_items`     one row per item of a return, on the day the return was asked for in the shop's time zone; a return without
                     items is one row of no units. Withdrawn returns (step `cancelled`) and returns of test and deleted orders
                     are left out. Amounts are in the reporting currency.
`returned_purchases` the rows whose order is known, on the day of that order: what of the sales of a period came back.

Costs that a source states for a whole return (processing, shipping, disposal, the restocking fee) are split over its items by
units, to the cent; one that is not stated is unknown, not nothing. The cost of the goods is the item's, else that of the order line,
else unknown. The restocked value is the stated one; where none is stated, goods that went back on the shelf are worth their cost,
and damaged, scrapped and kept ones nothing; it is unknown before the inspection, and of other goods.

Refunds are another fact than returns. `refund` is what the refunds of a return's goods say, without tax, split over its items;
`stated_refund` is what a tracking record states of a settled item that no refund was booked for, less the tax of its order line.

`fit` says how an item fits: `small` or `large` by its reason, else by the size that it was exchanged for, unless the
reason is about something else; sizes are compared within letters, numbers, and bands with a cup.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from tillsight.domains.returns import reasons
from tillsight.metrics.model import BuildInputs, Layer, Relation, Rollup
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
    rounded,
    times,
    with_rate,
    without_rate,
    zoned,
)

if TYPE_CHECKING:
    import ibis.expr.types as ir

ORDER_ATTRIBUTES = (
    "channel", "traffic_source", "device_type", "payment_method", "shipping_method", "discount_code", "campaign_id",
    "location_id", "business_unit_id", "city", "state", "postcode", "country",
)  # fmt: skip
COSTS = ("restocking_fee", "processing_cost", "shipping_cost", "disposal_cost")
STEPS = ("labelled_at", "sent_at", "received_at", "inspected_at", "settled_at", "completed_at")
"""When a return reached its steps; the first two are known from its events alone."""
WORTHLESS = ("damaged_stock", "scrapped", "kept_by_customer")
LETTERS = ("XXXS", "XXS", "XS", "S", "M", "L", "XL", "XXL", "XXXL", "XXXXL")
AS_LETTERS = {"2XS": "XXS", "3XS": "XXXS", "2XL": "XXL", "3XL": "XXXL", "4XL": "XXXXL"}

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
    "is_in_window": "boolean",
    "fit": "string",
    "fit_from": "string",
    "days_to_return": "int64",
    "processing_days": "float64",
    **dict.fromkeys(STEPS, "timestamp"),
    "units": QUANTITY,
    "goods_cost": MONEY,
    "restocked_value": MONEY,
    "refund": MONEY,
    "stated_refund": MONEY,
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
    done = inputs.tables["return_events"]
    events = done.group_by(_e_shop="shop_id", _e_return="return_id").agg(
        _events=done.count(),
        **{
            f"_{name}": done.occurred_at.min(where=done.step.isin(steps))
            for name, steps in (
                ("labelled_at", ["return_label_generated"]), ("sent_at", ["in_transit"]), ("received_at", ["received"]),
                ("inspected_at", ["inspected"]), ("settled_at", ["refunded", "exchanged"]), ("completed_at", ["completed"]),
            )
        },
    )  # fmt: skip
    returns = returns.left_join(events, (returns.shop_id == events._e_shop) & (returns.return_id == events._e_return))
    closed = returns.return_status == "rejected"
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
        labelled_at=returns._labelled_at,
        sent_at=returns._sent_at,
        received_at=ibis.coalesce(returns.received_at, returns._received_at),
        inspected_at=ibis.coalesce(returns.inspected_at, returns._inspected_at),
        settled_at=ibis.coalesce(returns.refunded_at, returns.exchanged_at, returns._settled_at),
        # the end of a rejected return is no completion
        completed_at=ibis.ifelse(
            closed, ibis.null("timestamp"), ibis.coalesce(returns.completed_at, returns._completed_at)
        ),
        _stated_total=returns.total_refund_amount,
        _settled=(returns.refunded_at.notnull() | (returns.return_status == "completed")).fill_null(False),
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
        _s_paid=lambda t: times(t.unit_price, t.quantity) - t.discount_amount, _s_tax="tax_amount",
    )  # fmt: skip
    of_product = sold.group_by(["_s_shop", "_s_order", "_s_product"]).agg(
        _p_cost=lambda t: t._s_cost.min(), _p_size=lambda t: t._s_size.min(), _p_colour=lambda t: t._s_colour.min(),
        _p_line=lambda t: ibis.ifelse(t.count() == 1, t._s_line.min(), ibis.null("string")),
    ).rename(_p_shop="_s_shop", _p_order="_s_order", _p_product="_s_product")  # fmt: skip
    own = inputs.tables["returns"].select(_r_shop="shop_id", _r_return="return_id", _r_order="order_id")
    with_tax = inputs.tables["orders"].select(
        _t_shop="shop_id", _t_order="order_id", _includes_tax="prices_include_tax"
    )
    sizes = inputs.tables["products"].select(_z_shop="shop_id", _z_product="product_id", _z_size="size")
    sent = inputs.tables["exchanges"]
    sent = sent.left_join(sizes, (sent.shop_id == sizes._z_shop) & (sent.exchange_product_id == sizes._z_product))
    sent = sent.group_by(_x_shop=sent.shop_id, _x_return=sent.return_id, _x_product=sent.original_product_id).agg(
        _x_size=sent._z_size.min()
    )
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
    items = items.left_join(with_tax, (items.shop_id == with_tax._t_shop) & (items._order == with_tax._t_order))
    items = items.left_join(
        sent,
        (items.shop_id == sent._x_shop) & (items.return_id == sent._x_return) & (items.product_id == sent._x_product),
    )
    items = items.left_join(sizes, (items.shop_id == sizes._z_shop) & (items.product_id == sizes._z_product))
    texts = ("reason_code", "reason_detail", "reason_category")
    # a table of its own, so that the engine's SQL has the words of a text once, and not wherever they are compared
    items = items.mutate(**{f"_plain_{name}": reasons.plainly(items[name]) for name in texts}).view()
    plain = [items[f"_plain_{name}"] for name in texts]
    fates = [reasons.fate(words) for words in plain]
    said = [items[name].strip().nullif("").notnull() & fate.isnull() for name, fate in zip(texts, fates, strict=True)]
    code = reasons.leaf(said[0] | said[1] | said[2], *plain)
    own_size = ibis.coalesce(items.size_returned, items._s_size, items._p_size, items._z_size)
    whole = items._s_paid + ibis.ifelse(items._includes_tax, known(ibis.null(MONEY)), known(items._s_tax))
    net_share = ibis.ifelse(
        whole > 0, 1 - known(items._s_tax).cast("float64") / whole.cast("float64"), ibis.literal(1.0)
    ).fill_null(1.0)
    disposition = ibis.coalesce(items.disposition, *fates)
    return items.select(
        _i_shop=items.shop_id,
        _i_return=items.return_id,
        line_id=items.line_id,
        product_id=items.product_id,
        product_name=ibis.coalesce(items.product_name, items._s_name),
        size=own_size,
        _new_size=ibis.coalesce(items.new_size_requested, items._x_size),
        order_line_id=ibis.coalesce(items.order_line_id, items._p_line),
        _item_order=items._order,
        _stated=items.refund_amount.cast(MONEY),
        _net_share=net_share,
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


def _by_size(inputs: BuildInputs, items: ir.Table) -> ir.Table:
    """Add how goods fit that were exchanged for another size: `small` when the new one is larger, `large` when it is smaller."""
    named = [
        inputs.tables[table].select(size=column)
        for table, column in (
            ("products", "size"), ("order_items", "size"), ("return_items", "size_returned"),
            ("return_items", "new_size_requested"),
        )
    ]  # fmt: skip
    every = ibis.union(*named, distinct=True)
    every = every.filter(every["size"].notnull())
    # joined, so that each size is ranked once
    ranked = every.select(_kind=_rank(every["size"])[0], _rank=_rank(every["size"])[1], _size=every["size"])
    old = ranked.view().rename(_old="_size", _old_kind="_kind", _old_rank="_rank")
    new = ranked.view().rename(_new="_size", _new_kind="_kind", _new_rank="_rank")
    rows = items.view()
    rows = rows.left_join(old, rows["size"] == old._old)
    rows = rows.left_join(new, rows._new_size == new._new)
    alike = (rows._old_kind == rows._new_kind).fill_null(False)
    fit = ibis.cases(
        (alike & (rows._new_rank > rows._old_rank), "small"),
        (alike & (rows._new_rank < rows._old_rank), "large"),
        else_=ibis.null("string"),
    )
    return rows.mutate(_fit_by_size=fit).drop(
        "_old", "_new", "_old_kind", "_new_kind", "_old_rank", "_new_rank", "_new_size"
    )


def _rank(size: ir.StringValue) -> tuple[ir.StringValue, ir.FloatingValue]:
    """What sort of size it is, and its place among those of its sort; both null for words."""
    text = size.upper().strip().replace(",", ".")
    number = text.re_extract(r"^(\d{1,3}(\.\d)?)$", 1).nullif("").try_cast("float64")
    band = text.re_extract(r"^(\d{2,3}) ?([A-K])$", 1).nullif("").try_cast("float64")
    cup = text.re_extract(r"^(\d{2,3}) ?([A-K])$", 2).nullif("")
    places = {name: float(place) for place, name in enumerate(LETTERS)}
    places |= {other: places[name] for other, name in AS_LETTERS.items()}
    letter = ibis.cases(*((text == name, place) for name, place in places.items()), else_=ibis.null("float64"))
    kind = ibis.cases(
        (letter.notnull(), "letter"), (number.notnull(), "number"), (band.notnull(), "band"), else_=ibis.null("string")
    )
    return kind, ibis.coalesce(letter, number, band + cup.ascii_str().cast("float64") / 5)


def _booked(inputs: BuildInputs, rows: ir.Table) -> ir.Table:
    """Add what refunds of goods say of each row: `_booked` and the group of rows (`_booked_for`) that share it; null for none.

    A refund names its return and the order line or the product, or the order line alone.
    """
    refunds = inputs.tables["refunds"]
    refunds = refunds.filter(refunds.kind == "goods")
    named = refunds.filter(refunds.return_id.notnull())
    ways = (
        ("line", named.filter(named.order_line_id.notnull()), ("return_id", "order_line_id")),
        ("product", named.filter(named.order_line_id.isnull()), ("return_id", "product_id")),
        ("order", refunds.filter(refunds.return_id.isnull() & refunds.order_line_id.notnull()), ("order_id", "order_line_id")),
    )  # fmt: skip
    found = []
    for way, of, keys in ways:
        own = of.group_by("shop_id", *keys).agg(_amount=of.amount.sum()).rename(
            {f"_{way}_{key}": key for key in ("shop_id", *keys)} | {f"_{way}_amount": "_amount"}
        )  # fmt: skip
        here = {"order_id": "_item_order"}
        on = [rows[name] == own[f"_{way}_{key}"] for key in ("shop_id", *keys) for name in [here.get(key, key)]]
        rows = rows.left_join(own, on).drop(*(f"_{way}_{key}" for key in ("shop_id", *keys)))
        found.append(f"_{way}_amount")
    line, product, order = (rows[name] for name in found)
    sole = rows.order_line_id
    group = ibis.cases(
        (line.notnull(), ibis.literal("l ") + rows.return_id + " " + sole),
        (product.notnull(), ibis.literal("p ") + rows.return_id + " " + rows.product_id),
        (order.notnull(), ibis.literal("o ") + rows._item_order + " " + sole),
        else_=ibis.null("string"),
    )
    return rows.mutate(_booked=ibis.coalesce(line, product, order).cast(MONEY), _booked_for=group).drop(*found)


def _rows(inputs: BuildInputs) -> ir.Table:
    """Headers with their items, in the currency of the item, with rate."""
    headers, items = _headers(inputs), _by_size(inputs, _items(inputs))
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
    ).drop("_i_shop", "_i_return", "_item_currency", "_return_currency", "_order_currency", "_order_rate")
    return with_rate(rows, rate_spans(inputs.tables["exchange_rates"], inputs.currency), inputs.currency)


def without_a_rate(inputs: BuildInputs) -> ir.Table:
    """Items that carry an amount in a currency whose rate of the day is not known."""
    rows = _rows(inputs)
    carries = rows._cost.notnull() | rows._restocked.notnull() | rows._stated.notnull() | rows._stated_total.notnull()
    for name in COSTS:
        carries = carries | (rows[name] != 0).fill_null(False)
    return without_rate(rows.filter(carries))


def _shared_out(rows: ir.Table) -> ir.Table:
    """Add the shares of each row: `_{cost}` of the costs of its return, `_refund` of what was booked, `_of_total` of what is stated.

    They are worked out in a narrow table of their own: each step of an allocation names every column that it carries along.
    """
    whole = {
        **{f"_all_{name}": known(rows[name]) for name in COSTS},
        "_all_refund": known(rows._booked),
        # where the items say nothing, the header's amount is split over them
        "_all_stated": known(
            ibis.ifelse(rows._stated.max().over(group_by=rows.return_key).isnull(), rows._stated_total, None)
        ),
    }
    own = ibis.literal("n ") + rows.return_id + " " + rows.line_id
    shares = rows.select(
        "shop_id", "return_key", "line_id", "units", "_places", _share=ibis.coalesce(rows._booked_for, own), **whole
    )
    for name in COSTS:
        shares = allocated(shares, f"_all_{name}", "units", ["return_key"], "line_id", "_places", f"_{name}")
    shares = allocated(shares, "_all_refund", "units", ["shop_id", "_share"], "line_id", "_places", "_refund")
    shares = allocated(shares, "_all_stated", "units", ["return_key"], "line_id", "_places", "_of_total")
    shares = shares.select(
        *(f"_{name}" for name in COSTS), "_refund", "_of_total", _s_return="return_key", _s_line="line_id"
    )
    return rows.inner_join(shares, (rows.return_key == shares._s_return) & (rows.line_id == shares._s_line))


def returned_items(inputs: BuildInputs) -> ir.Table:
    """One row per item that came back. See the module."""
    rows = _booked(inputs, _rows(inputs))
    rows = _shared_out(rows.mutate(_places=places_of(rows.currency)))
    none = ibis.null(MONEY)
    # nothing is booked for any item of the return: the stated amount is all that is known
    unbooked = rows._booked.max().over(group_by=rows.return_key).isnull() & rows._settled
    stated = ibis.coalesce(rows._stated, ibis.ifelse(rows._of_total != 0, rows._of_total, none))
    net = rounded((stated.cast("float64") * rows._net_share.fill_null(1.0)).cast(MONEY), rows._places)
    restocked = ibis.coalesce(
        rows._restocked,
        ibis.cases(
            (rows.disposition == "restocked", rows._cost),
            (rows.disposition.isin(WORTHLESS), ibis.literal(0).cast(MONEY)),
            else_=none,
        ),
    )
    amounts = {
        "goods_cost": rows._cost,
        "restocked_value": restocked.cast(MONEY),
        "refund": ibis.ifelse(rows._booked.notnull(), rows._refund, none),
        "stated_refund": ibis.ifelse(unbooked, net, none),
        **{name: ibis.ifelse(rows[name].notnull(), rows[f"_{name}"], none) for name in COSTS},
    }
    in_return = ibis.window(group_by=rows.return_key, order_by=rows.line_id)
    code = rows.reason_code
    rows = rows.mutate(
        **{name: converted(amount, rows.rate, rows.is_foreign, inputs.currency) for name, amount in amounts.items()},
        is_first_row=ibis.row_number().over(in_return) == 0,
        days_to_return=rows.day.delta(rows.order_day, unit="day").cast("int64"),
        is_in_window=ibis.ifelse(
            rows.order_day.notnull(),
            (rows.day.delta(rows.order_day, unit="day") <= inputs.return_window) | (inputs.return_window == 0),
            ibis.null("boolean"),
        ),
        return_reason=reasons.titled(code, lambda reason: reason.title),
        return_reason_group=reasons.titled(code, lambda reason: reasons.GROUPS[reason.group]),
        return_reason_family=reasons.titled(code, lambda reason: reason.family and reasons.FAMILIES[reason.family]),
        _fit_by_reason=reasons.titled(code, lambda reason: reason.fit),
        # a size that was changed for another reason says nothing of how the goods fit
        _fit_by_exchange=ibis.ifelse(
            code.isnull() | code.isin(["other", "fit_not_as_expected", *reasons.RUNS_SMALL, *reasons.RUNS_LARGE]),
            rows._fit_by_size,
            ibis.null("string"),
        ),
        is_size_reason=reasons.having(code, lambda reason: reason.is_size),
        is_defect=reasons.having(code, lambda reason: reason.is_defect),
        is_wrong_item=reasons.having(code, lambda reason: reason.is_wrong_item),
    )
    rows = described(inputs, rows)
    said, sent = rows._fit_by_reason, rows._fit_by_exchange
    rows = rows.mutate(
        fit=ibis.coalesce(said, sent),
        fit_from=ibis.cases(
            (said == sent, "both"), (said.notnull(), "reason"), (sent.notnull(), "exchange"), else_=ibis.null("string")
        ),
    )
    return rows.select(*SCHEMA)


def returned_purchases(inputs: BuildInputs) -> ir.Table:
    """What came back of the orders of each day."""
    rows = inputs.tables["returned_items"]
    rows = rows.filter(rows.order_day.notnull())
    return rows.mutate(returned_on=rows.day, day=rows.order_day).select(*SCHEMA, "returned_on")


DIMENSIONS = (
    "shop", "channel", "traffic_source", "device_type", "country", "state", "city", "postcode", "market", "location",
    "business_unit", "payment_method", "shipping_method", "discount_code", "campaign_id", "order_status", "order_currency",
    "department", "category", "sub_category", "brand", "supplier", "product", "product_id", "size", "colour", "customer_type",
    "segment", "customer_id", "order_id", "weekday", "hour", "cohort", "cohort_age", "return_reason", "return_reason_group",
    "return_reason_family", "disposition", "return_type", "return_status", "return_step", "return_channel", "days_to_return",
)  # fmt: skip
OF_ITEMS = {
    "department", "category", "sub_category", "brand", "supplier", "product", "product_id", "size", "colour", "order_currency",
    "return_reason", "return_reason_group", "return_reason_family", "disposition",
}  # fmt: skip
"""What the items of a return may differ in."""
OF_RETURNS = {"return": tuple(name for name in DIMENSIONS if name not in OF_ITEMS)}
SHOWN = (
    "day", "return_id", "order_id", "order_day", "customer_id", "product_id", "product_name", "size", "units", "return_reason",
    "return_type", "return_step", "disposition", "goods_cost", "restocked_value", *COSTS,
)  # fmt: skip
INPUTS = (
    "returns", "return_items", "return_events", "exchanges", "refunds", "order_facts", "orders", "order_items", "products", "suppliers",
    "locations", "business_units", "shops", "exchange_rates",
)  # fmt: skip

RELATIONS = (
    Relation(
        name="returned_items",
        title="Returned items",
        domain="returns",
        grain="one item of a return, on the day the return was asked for",
        inputs=INPUTS,
        layers=(Layer("all", returned_items),),
        single=OF_RETURNS,
        schema=SCHEMA,
        dimensions=DIMENSIONS,
        needs=("returns", "return_items"),
        columns_shown=SHOWN,
        without_rate=without_a_rate,
        nothing_without="returns",
    ),
    Relation(
        name="returned_purchases",
        title="Returned items by purchase",
        domain="returns",
        grain="one item of a return whose order is known, on the day of the order",
        inputs=("returned_items",),
        layers=(Layer("all", returned_purchases),),
        single=OF_RETURNS,
        schema={**SCHEMA, "returned_on": "date"},
        nothing_without="returned_items",
        dimensions=DIMENSIONS,
        needs=("returns", "return_items"),
        columns_shown=SHOWN,
        note="Goods of the latest orders can still come back: the rate of the last weeks is not final.",
    ),
)

_OF_ITEMS = (
    "returned_units", "returned_units_damaged", "returned_units_to_supplier", "returned_units_resaleable", "returned_goods_cost",
    "recovered_value", "return_refunds", "stated_refunds", *(f"return_{name}" for name in COSTS),
)  # fmt: skip
_OF_RETURNS = ("returns", "returns_exchanged", "returns_tracked", "returns_dated", "returns_in_window")
"""Days of processing are fractions, whose sum depends on the order: they are read from the facts, with the returns they are of."""


def _of_days(name: str, title: str, *dimensions: str, counts: tuple[str, ...] = ()) -> Rollup:
    return Rollup(
        f"returns_by_{name}",
        f"Returns by day and {title}",
        "returned_items",
        ("shop", "channel", *dimensions),
        (*_OF_ITEMS, *counts),
    )


ROLLUPS = (
    _of_days("place", "place", "country", "location", "market", "business_unit", counts=_OF_RETURNS),
    _of_days("step", "step", "return_type", "return_status", "return_step", "return_channel", counts=_OF_RETURNS),
    _of_days("reason", "reason", "return_reason", "return_reason_group", "return_reason_family", "disposition"),
    _of_days("range", "range", "department", "category", "sub_category"),
    Rollup(
        "returned_purchases_by_range",
        "Returns by day of purchase and range",
        "returned_purchases",
        ("shop", "channel", "department", "category", "sub_category"),
        ("returned_units_of_purchases", "returned_units_small", "returned_units_large"),
    ),
)
