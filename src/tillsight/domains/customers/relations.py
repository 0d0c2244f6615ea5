"""The relations of customers that orders alone can feed.

`customer_events`  what changes a customer's standing, each on its day: an order (the first, the second, …), being kept for 30
                   days, becoming active and falling silent. A figure "as of" a day is the sum of the events up to it, so any
                   number of days costs one pass over the events.
`customer_facts`   one row per customer: first, second and last order.
`customer_segments`  the segment of every customer, by the preset `five`, after the last order of all.
`marketing_spend_days`  marketing spend per day, channel, campaign and segment in the reporting currency.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from tillsight.domains.customers import rfm
from tillsight.domains.customers.rules import DEFAULT, PRESETS
from tillsight.metrics.model import BuildInputs, Layer, Relation, Rollup
from tillsight.metrics.shaping import MONEY, converted, rate_spans, with_rate, without_rate

if TYPE_CHECKING:
    import ibis.expr.types as ir

ACTIVE_DAYS = 180
"""A customer without an order for so many days has churned."""
MEMBER_DAYS = 26 * 7
"""A member without an order for so many days is not active."""
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
    "active_members": "int64",
    "orders": "int64",
    "revenue": MONEY,
    "lifespan_days": "int64",
}


def customer_events(inputs: BuildInputs) -> ir.Table:
    """Every change of every customer, on its day. Sums up to a day give what stands on that day."""
    facts, ledger = inputs.tables["order_facts"], inputs.tables["sales"]
    facts = facts.filter(facts.customer_order_number.notnull())
    unsaid = inputs.void.get("order_facts", frozenset())
    in_order = ibis.window(group_by=facts.customer_key, order_by=facts.customer_order_number)
    facts = facts.mutate(
        _previous_day=facts.day.lag().over(in_order),
        _next_day=facts.day.lead().over(in_order),
        **{
            f"_f_{name}": facts[name].first(include_null=True).over(in_order)
            for name in ATTRIBUTES
            if name not in unsaid
        },
    )
    ledger = ledger.filter(ledger.kind == "sale", ledger.customer_order_number.notnull())
    brought = ledger.group_by(_b_order="order_key").agg(_revenue=ledger.revenue.sum().cast(MONEY))
    orders = facts.left_join(brought, facts.order_key == brought._b_order)
    previous, number = orders._previous_day, orders.customer_order_number
    since_first = orders.day.delta(orders.customer_first_day, unit="day")
    gap = orders.day.delta(previous, unit="day")
    before = ibis.coalesce(previous.delta(orders.customer_first_day, unit="day"), ibis.literal(-1))
    to_next = facts._next_day.delta(facts.day, unit="day")
    zero = ibis.literal(0, "int64")

    def of_first(table: ir.Table) -> dict[str, ir.Value]:
        return {name: ibis.null("string") if name in unsaid else table[f"_f_{name}"] for name in ATTRIBUTES}

    on_order = orders.select(
        "shop_id", "day", "customer_key", "customer_id", "order_id", "customer_first_day", **of_first(orders),
        customers=(number == 1).cast("int64"),
        repeaters=(number == 2).cast("int64"),
        kept=((since_first >= KEPT_DAYS) & (before < KEPT_DAYS)).cast("int64"),
        active=(previous.isnull() | (gap >= ACTIVE_DAYS)).cast("int64"),
        active_members=(previous.isnull() | (gap >= MEMBER_DAYS)).cast("int64"),
        orders=ibis.literal(1, "int64"),
        revenue=ibis.coalesce(orders._revenue, ibis.literal(0)).cast(MONEY),
        lifespan_days=ibis.coalesce(gap, zero).cast("int64"),
    )  # fmt: skip
    silences = []
    for column, days in (("active", ACTIVE_DAYS), ("active_members", MEMBER_DAYS)):
        last = facts.filter(facts._next_day.isnull() | (to_next >= days))
        nothing = dict.fromkeys(
            ("customers", "repeaters", "kept", "active", "active_members", "orders", "lifespan_days"), zero
        )
        silences.append(
            last.select(
                "shop_id", "customer_key", "customer_id", "customer_first_day", **of_first(last),
                day=(last.day + ibis.interval(days=days)).cast("date"),
                order_id=ibis.null("string"),
                revenue=ibis.literal(0).cast(MONEY),
                **(nothing | {column: ibis.literal(-1, "int64")}),
            )
        )  # fmt: skip
    return ibis.union(*(part.select(*EVENTS_SCHEMA) for part in (on_order, *silences)))


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
    events = inputs.tables["customer_events"]
    events = events.filter(events.orders == 1)
    return events.group_by(["shop_id", "customer_key", "customer_id"]).agg(
        **{name: events[name].max() for name in ATTRIBUTES},
        first_day=events.day.min(),
        second_day=events.day.min(where=events.repeaters == 1),
        last_day=events.day.max(),
        orders=events.count().cast("int64"),
        revenue=events.revenue.sum().cast(MONEY),
    )


SEGMENTS_SCHEMA: dict[str, str] = {"customer_key": "int64", "segment": "string"}


def customer_segments(inputs: BuildInputs) -> ir.Table:
    """How every customer stands among all of them: one more order moves the others too."""
    rows = inputs.tables["customer_facts"].select("customer_key", "last_day", "orders", "revenue")
    rows = rows.mutate(as_of=rows.last_day.max().over(ibis.window()))
    rows = rfm.scored(rows.mutate(days=rows.as_of.delta(rows.last_day, unit="day").cast("int64")))
    return rows.mutate(segment=PRESETS[DEFAULT].segment_of(rows)).select(*SEGMENTS_SCHEMA)


SPEND_SCHEMA: dict[str, str] = {
    "shop_id": "string",
    "day": "date",
    "marketing_channel": "string",
    "campaign_id": "string",
    "customer_segment": "string",
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
        "shop_id", "day", "campaign_id", "customer_segment",
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
        inputs=("order_facts", "sales"),
        layers=(
            Layer(
                "all",
                customer_events,
                columns={
                    "order_facts": (
                        "shop_id",
                        "day",
                        "customer_key",
                        "customer_id",
                        "order_id",
                        "order_key",
                        "customer_first_day",
                        "customer_order_number",
                        *ATTRIBUTES,
                    ),
                    "sales": ("kind", "order_key", "customer_order_number", "revenue"),
                },
                coded={name: {"order_facts": (name,)} for name in ("shop_id", *ATTRIBUTES)},
            ),
        ),
        renewed_by="customer",
        stands_in={
            # an order that is as it was has its event; what the first one says is told by each of them
            "order_facts": f"SELECT orders.*, {', '.join(f'own.{name}' for name in ATTRIBUTES)} "
            "FROM orders JOIN own USING (shop_id, order_id) WHERE own.orders = 1",
            "sales": "SELECT 'sale' AS kind, orders.order_key, orders.customer_order_number, own.revenue "
            "FROM orders JOIN own USING (shop_id, order_id) WHERE own.orders = 1",
        },
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
        inputs=("customer_events",),
        layers=(Layer("all", customer_facts, columns={"customer_events": tuple(EVENTS_SCHEMA)}),),
        renewed_by="customer",
        schema=FACTS_SCHEMA,
        dimensions=("shop", *ATTRIBUTES, "customer_id"),
        needs=("orders", "order_items"),
        time=None,
        note=CUSTOMER_NOTE,
    ),
    Relation(
        name="customer_segments",
        title="Customer segments",
        domain="customers",
        grain="one customer with an order",
        inputs=("customer_facts",),
        layers=(Layer("all", customer_segments),),
        schema=SEGMENTS_SCHEMA,
        dimensions=(),
        needs=("orders", "order_items"),
        time=None,
    ),
    Relation(
        name="marketing_spend_days",
        title="Marketing spend",
        domain="customers",
        grain="marketing spend of one day, channel, campaign and segment",
        inputs=("marketing_spend", "exchange_rates"),
        layers=(Layer("all", marketing_spend_days),),
        schema=SPEND_SCHEMA,
        dimensions=("shop", "marketing_channel", "campaign_id"),
        needs=("marketing_spend",),
        without_rate=spend_without_rate,
        nothing_without="marketing_spend",
    ),
)

ROLLUPS = (
    Rollup(
        "customer_events_by_day",
        "Customer events by day",
        "customer_events",
        ("shop", "channel", "traffic_source", "device_type", "country"),
        (
            "customers_ever", "repeat_customers", "kept_customers", "active_customers", "members_active", "customer_orders",
            "customer_revenue", "lifespan_days",
        ),
    ),
)  # fmt: skip
