"""Service to the customer after the order: parcels and support tickets."""

from __future__ import annotations

from tillsight.tables.columns import (
    ORDER_CURRENCY,
    STATED,
    customer_id,
    location_id,
    order_id,
    place,
    product_id,
)
from tillsight.tables.schema import SHOP, Check, Column, Table

SHIPMENTS = Table(
    name="shipments",
    title="Shipments",
    domain="sales",
    grain="One parcel or delivery, to a customer or back.",
    key=("shop_id", "shipment_id"),
    time="shipped_at",
    synonyms=("shipment", "deliveries", "fulfilments", "fulfillments", "parcels"),
    columns=(
        SHOP,
        Column(
            "shipment_id",
            "text",
            "The parcel.",
            required=True,
            synonyms=("shipment", "delivery_id", "fulfilment_id", "fulfillment_id", "parcel_id", "id"),
        ),
        order_id("The order that it belongs to."),
        Column(
            "direction",
            "text",
            "To the customer or back.",
            required=True,
            default="outbound",
            values=("outbound", "inbound"),
            value_synonyms=(("delivery", "outbound"), ("return", "inbound")),
            synonyms=("shipment_type", "type"),
        ),
        Column(
            "return_id",
            "text",
            "The return that it brings back.",
            references="returns.return_id",
            synonyms=("return", "rma", "rma_id"),
        ),
        location_id("The place that it leaves from, or comes back to."),
        Column("carrier", "text", "Who carries it.", synonyms=("carrier_name", "shipping_company", "tracking_company")),
        Column(
            "shipping_method",
            "text",
            "How it is sent.",
            synonyms=("service", "method", "service_level", "delivery_method"),
        ),
        Column("tracking_number", "text", "Number of the parcel at the carrier.", synonyms=("tracking", "tracking_no")),
        Column(
            "shipped_at",
            "moment",
            "When it left.",
            synonyms=("ship_date", "shipped_date", "dispatched_at", "fulfilled_at", "order_delivered_carrier_date"),
        ),
        Column(
            "promised_at",
            "moment",
            "When it was promised.",
            synonyms=("estimated_delivery_date", "promised_date", "eta", "order_estimated_delivery_date"),
        ),
        Column(
            "delivered_at",
            "moment",
            "When it arrived.",
            synonyms=("delivery_date", "delivered_date", "order_delivered_customer_date"),
        ),
        Column(
            "status",
            "text",
            f"Status in the source's own words. {STATED}",
            synonyms=("shipment_status", "delivery_status"),
        ),
        Column("quantity", "quantity", "Units in it.", unit="units", minimum=0, synonyms=("qty", "units", "items")),
        Column("weight_grams", "number", "Weight.", unit="g", minimum=0, synonyms=("weight_g", "weight_in_grams")),
        Column(
            "cost_amount",
            "money",
            "What the carrier charges.",
            unit="money",
            minimum=0,
            synonyms=("shipping_cost", "cost", "carrier_cost", "postage"),
        ),
        Column(
            "packaging_amount",
            "money",
            "What the packaging costs.",
            unit="money",
            minimum=0,
            synonyms=("packaging_cost",),
        ),
        ORDER_CURRENCY,
        *place("that it goes to", ("shipping", "ship", "delivery")),
    ),
    checks=(
        Check(
            "delivered_after_shipped",
            "delivered_at >= shipped_at - INTERVAL '1' DAY",
            "It does not arrive before it leaves.",
        ),
        Check("return_is_inbound", "return_id IS NULL OR direction = 'inbound'", "The parcel of a return comes back."),
    ),
)

SUPPORT_TICKETS = Table(
    name="support_tickets",
    title="Support tickets",
    domain="customers",
    grain="One question or complaint of a customer.",
    key=("shop_id", "ticket_id"),
    time="opened_at",
    synonyms=("support_ticket", "tickets", "cases", "service_requests"),
    columns=(
        SHOP,
        Column(
            "ticket_id", "text", "The ticket.", required=True, synonyms=("ticket", "case_id", "ticket_number", "id")
        ),
        customer_id(),
        order_id("The order that it is about."),
        product_id("The product that it is about."),
        Column(
            "return_id",
            "text",
            "The return that it is about.",
            references="returns.return_id",
            synonyms=("return", "rma", "rma_id"),
        ),
        Column(
            "channel",
            "text",
            "How it came in: e-mail, chat, telephone and the like.",
            synonyms=("contact_channel", "via"),
        ),
        Column("topic", "text", "What it is about.", synonyms=("category", "issue_type", "reason", "type")),
        Column("subject", "text", "Subject line.", personal=True, synonyms=("title", "summary")),
        Column("priority", "text", "Priority in the source's own words.", synonyms=("urgency",)),
        Column(
            "status",
            "text",
            "Where it stands.",
            required=True,
            default="open",
            values=("open", "waiting", "solved", "closed"),
            value_synonyms=(
                ("new", "open"),
                ("pending", "waiting"),
                ("on-hold", "waiting"),
                ("on hold", "waiting"),
                ("resolved", "solved"),
            ),
            synonyms=("ticket_status", "state"),
        ),
        Column(
            "opened_at",
            "moment",
            "When it came in.",
            required=True,
            synonyms=("created_at", "created", "opened", "date", "submitted_at"),
        ),
        Column(
            "first_response_at",
            "moment",
            "When it was first answered.",
            synonyms=("first_reply_at", "first_response", "responded_at"),
        ),
        Column("solved_at", "moment", "When it was solved.", synonyms=("resolved_at", "closed_at", "resolution_date")),
        Column(
            "replies",
            "integer",
            "Answers that were sent.",
            unit="count",
            minimum=0,
            synonyms=("reply_count", "responses"),
        ),
        Column(
            "satisfaction",
            "rate",
            "Score that the customer gave: 1 is worst, 5 is best.",
            unit="score",
            minimum=1,
            maximum=5,
            synonyms=("csat", "satisfaction_score", "rating", "satisfaction_rating"),
        ),
        Column(
            "agent", "text", "Who answered.", personal=True, synonyms=("assignee", "agent_name", "owner", "employee")
        ),
    ),
    checks=(
        Check(
            "answered_after_opened",
            "first_response_at >= opened_at - INTERVAL '1' DAY",
            "It is not answered before it comes in.",
        ),
        Check(
            "solved_after_opened", "solved_at >= opened_at - INTERVAL '1' DAY", "It is not solved before it comes in."
        ),
    ),
)
