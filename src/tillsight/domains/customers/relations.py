"""The relations of customers that orders alone can feed.

`customer_events`  what changes a customer's standing, each on its day: an order (the first, the second, …), being kept for 30
                   days, becoming active and falling silent. A figure "as of" a day is the sum of the events up to it, so any
                   number of days costs one pass over the events.
`customer_facts`   one row per customer: first, second and last order.
`marketing_spend_days`  marketing spend per day, channel and campaign in the reporting currency.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from tillsight.metrics.model import BuildInputs, Relation
from tillsight.metrics.shaping import MONEY, converted, rate_spans, with_rate, without_rate

if TYPE_CHECKING:
    import ibis.expr.types as ir

ACTIVE_DAYS = 180
"""A customer without an order for so many days has churned."""
KEPT_DAYS = 30

ATTRIBUTES = ("channel", "traffic_source", "device_type", "country", "state", "city")
CUSTOMER_NOTE = "Customers are cut by what their first order says (channel, source, device, place)."

EVENTS_SCHEMA: dict[str, str] = {
    "shop_id": "string",
    "day": "date",
    "customer_key": "int64",
    "customer_id": "string",
    "order_id": "string",
    "customer_first_day": "date",
    **dict.fromkeys(ATTRIBUTES, "string"),
    "customers": "int64",
    "repeaters": "int64",
    "kept": "int64",
    "active": "int64",
    "orders": "int64",
    "revenue": MONEY,
    "lifespan_days": "int64",
}


def _orders(inputs: BuildInputs) -> ir.Table:
    """One row per counted order of a known customer, with its revenue and the attributes of the customer's first order."""
    ledger = inputs.tables["sales"]
    ledger = ledger.filter(ledger.kind.isin(["sale", "order"]), ~ledger.is_cancelled, ledger.customer_key.notnull())
    orders = ledger.group_by(["shop_id", "customer_key", "customer_id", "order_key", "order_id", "day"]).agg(
        moment=ledger.occurred_at.min(),
        number=ledger.customer_order_number.min(),
        customer_first_day=ledger.customer_first_day.min(),
        revenue=ledger.revenue.sum().cast(MONEY),
        **{name: ledger[name].max() for name in ATTRIBUTES},
    )
    in_order = ibis.window(group_by=orders.customer_key, order_by=[orders.number])
    of_first = {name: orders[name].first(include_null=True).over(in_order) for name in ATTRIBUTES}
    return orders.mutate(
        previous_day=orders.day.lag().over(in_order), next_day=orders.day.lead().over(in_order), **of_first
    )


def customer_events(inputs: BuildInputs) -> ir.Table:
    """Every change of every customer, on its day. Sums up to a day give what stands on that day."""
    orders = _orders(inputs)
    since_first = orders.day.delta(orders.customer_first_day, unit="day")
    gap = orders.day.delta(orders.previous_day, unit="day")
    before = ibis.coalesce(orders.previous_day.delta(orders.customer_first_day, unit="day"), ibis.literal(-1))
    to_next = orders.next_day.delta(orders.day, unit="day")
    zero = ibis.literal(0, "int64")
    on_order = orders.select(
        "shop_id", "day", "customer_key", "customer_id", "order_id", "customer_first_day", *ATTRIBUTES,
        customers=(orders.number == 1).cast("int64"),
        repeaters=(orders.number == 2).cast("int64"),
        kept=((since_first >= KEPT_DAYS) & (before < KEPT_DAYS)).cast("int64"),
        active=(orders.previous_day.isnull() | (gap >= ACTIVE_DAYS)).cast("int64"),
        orders=ibis.literal(1, "int64"),
        revenue=orders.revenue,
        lifespan_days=ibis.coalesce(gap, zero).cast("int64"),
    )  # fmt: skip
    last = orders.filter(orders.next_day.isnull() | (to_next >= ACTIVE_DAYS))
    on_silence = last.select(
        "shop_id", "customer_key", "customer_id", "customer_first_day", *ATTRIBUTES,
        day=(last.day + ibis.interval(days=ACTIVE_DAYS)).cast("date"),
        order_id=ibis.null("string"),
        customers=zero, repeaters=zero, kept=zero, active=ibis.literal(-1, "int64"), orders=zero,
        revenue=ibis.literal(0).cast(MONEY), lifespan_days=zero,
    )  # fmt: skip
    return on_order.select(*EVENTS_SCHEMA).union(on_silence.select(*EVENTS_SCHEMA))


FACTS_SCHEMA: dict[str, str] = {
    "shop_id": "string",
    "customer_key": "int64",
    "customer_id": "string",
    **dict.fromkeys(ATTRIBUTES, "string"),
    "first_day": "date",
    "second_day": "date",
    "last_day": "date",
    "orders": "int64",
    "revenue": MONEY,
}


def customer_facts(inputs: BuildInputs) -> ir.Table:
    """One row per customer with an order."""
    orders = _orders(inputs)
    return (
        orders.group_by(["shop_id", "customer_key", "customer_id"])
        .agg(
            **{name: orders[name].max() for name in ATTRIBUTES},
            first_day=orders.day.min(),
            second_day=orders.day.min(where=orders.number == 2),
            last_day=orders.day.max(),
            orders=orders.count().cast("int64"),
            revenue=orders.revenue.sum().cast(MONEY),
        )
        .select(*FACTS_SCHEMA)
    )


SPEND_SCHEMA: dict[str, str] = {
    "shop_id": "string",
    "day": "date",
    "marketing_channel": "string",
    "campaign_id": "string",
    "amount": MONEY,
}


def _spend(inputs: BuildInputs) -> ir.Table:
    spend = inputs.tables["marketing_spend"]
    return with_rate(
        spend.mutate(currency=ibis.coalesce(spend.currency, ibis.literal(inputs.currency))),
        rate_spans(inputs.tables["exchange_rates"], inputs.currency),
        inputs.currency,
    )


def marketing_spend_days(inputs: BuildInputs) -> ir.Table:
    """Marketing spend in the reporting currency. Its channel is where it was spent, not where an order was placed."""
    spend = _spend(inputs)
    return spend.select(
        "shop_id", "day", "campaign_id",
        marketing_channel=spend.channel,
        amount=converted(spend.amount, spend.rate, spend.is_foreign, inputs.currency),
    ).select(*SPEND_SCHEMA)  # fmt: skip


def spend_without_rate(inputs: BuildInputs) -> ir.Table:
    """Spend in a currency whose rate of the day is not known."""
    return without_rate(_spend(inputs))


RELATIONS = (
    Relation(
        name="customer_events",
        title="Customer events",
        domain="customers",
        grain="one change of one customer's standing, on its day",
        inputs=("sales",),
        build=customer_events,
        schema=EVENTS_SCHEMA,
        dimensions=("shop", *ATTRIBUTES, "customer_id", "cohort"),
        needs=("orders", "order_items"),
        note=CUSTOMER_NOTE,
    ),
    Relation(
        name="customer_facts",
        title="Customers",
        domain="customers",
        grain="one customer with an order",
        inputs=("sales",),
        build=customer_facts,
        schema=FACTS_SCHEMA,
        dimensions=("shop", *ATTRIBUTES, "customer_id"),
        needs=("orders", "order_items"),
        time=None,
        note=CUSTOMER_NOTE,
    ),
    Relation(
        name="marketing_spend_days",
        title="Marketing spend",
        domain="customers",
        grain="marketing spend of one day, channel and campaign",
        inputs=("marketing_spend", "exchange_rates"),
        build=marketing_spend_days,
        schema=SPEND_SCHEMA,
        dimensions=("shop", "marketing_channel", "campaign_id"),
        needs=("marketing_spend",),
        without_rate=spend_without_rate,
    ),
)
