"""Returns: goods that come back, from the request to the shelf. The money given back is in `refunds`.

A return has items, and events that keep each step of its workflow with who and when. `workflow_step` is the step of
the tracking record; `return_status` the state that it stands for: initiated and return_label_generated are pending;
in_transit, received and inspected are approved; refunded, exchanged and completed are completed; rejected is rejected.
Amounts are in the row's currency.
"""

from __future__ import annotations

from tillsight.tables.columns import (
    CREATED_AT,
    NOTES,
    ORDER_CURRENCY,
    QUANTITY_HEADERS,
    STATED,
    UPDATED_AT,
    customer_id,
    line_id,
    location_id,
    order_id,
    order_line_id,
    product_id,
    product_name,
    unit_cost,
)
from tillsight.tables.schema import SHOP, Check, Column, Table

WORKFLOW_STEPS = (
    "initiated",
    "return_label_generated",
    "in_transit",
    "received",
    "inspected",
    "refunded",
    "exchanged",
    "completed",
    "rejected",
    "cancelled",
)
WORKFLOW_STEP_SYNONYMS = (
    ("requested", "initiated"),
    ("return label generated", "return_label_generated"),
    ("label_generated", "return_label_generated"),
    ("in transit", "in_transit"),
    ("shipped", "in_transit"),
    ("canceled", "cancelled"),
    ("declined", "rejected"),
)

RETURNS = Table(
    name="returns",
    title="Returns",
    domain="returns",
    grain="One return: goods of one order that a customer sends or brings back.",
    key=("shop_id", "return_id"),
    time="initiated_at",
    synonyms=("return", "return_tracking", "return_transactions", "return_processing", "rma", "rmas"),
    columns=(
        SHOP,
        Column(
            "return_id",
            "text",
            "The return.",
            required=True,
            synonyms=("return", "return_number", "rma", "rma_id", "rma_number", "id"),
        ),
        order_id("The order that the goods come from; unknown for a return that names none."),
        customer_id(),
        Column(
            "initiated_at",
            "moment",
            "When the customer asked for the return: the day on which it counts.",
            required=True,
            synonyms=("return_date", "return_initiated_date", "initiated_date", "requested_at", "request_date", "date"),
        ),
        Column(
            "received_at",
            "moment",
            "When the goods arrived.",
            synonyms=("return_received_date", "received_date", "date_received"),
        ),
        Column(
            "inspected_at", "moment", "When the goods were inspected.", synonyms=("inspection_date", "inspected_date")
        ),
        Column(
            "refunded_at",
            "moment",
            "When the money was given back.",
            synonyms=("refund_date", "refund_processed_date", "refunded_date"),
        ),
        Column(
            "exchanged_at",
            "moment",
            "When the exchange was sent.",
            synonyms=("exchange_processed_date", "exchange_date", "exchanged_date"),
        ),
        Column(
            "completed_at",
            "moment",
            "When the return was closed; the end of the processing time.",
            synonyms=("processing_date", "completed_date", "processed_at", "closed_at"),
        ),
        Column(
            "return_status",
            "text",
            "Where it stands.",
            required=True,
            default="pending",
            values=("pending", "approved", "rejected", "completed"),
            value_synonyms=(
                ("open", "pending"),
                ("requested", "pending"),
                ("accepted", "approved"),
                ("declined", "rejected"),
                ("cancelled", "rejected"),
                ("canceled", "rejected"),
                ("closed", "completed"),
                ("refunded", "completed"),
                ("exchanged", "completed"),
            ),
            synonyms=("return_state", "rma_status"),
        ),
        Column(
            "workflow_step",
            "text",
            "Step of the tracking record that it has reached.",
            values=WORKFLOW_STEPS,
            value_synonyms=WORKFLOW_STEP_SYNONYMS,
            synonyms=("status", "step", "tracking_status", "workflow_status"),
        ),
        Column(
            "return_type",
            "text",
            "What the customer gets.",
            values=("refund", "exchange", "store_credit"),
            value_synonyms=(("store credit", "store_credit"), ("credit", "store_credit"), ("replacement", "exchange")),
            synonyms=("type", "resolution", "requested_resolution"),
        ),
        Column(
            "exchange_requested",
            "boolean",
            "The customer asked for an exchange.",
            synonyms=("wants_exchange", "is_exchange"),
        ),
        Column(
            "channel",
            "text",
            "How it came back, e.g. post, store, locker.",
            synonyms=("return_method", "return_channel"),
        ),
        location_id("The place that takes the goods in."),
        Column("carrier", "text", "Who carries the parcel.", synonyms=("return_carrier",)),
        Column("tracking_number", "text", "Number of the parcel.", synonyms=("tracking", "return_tracking_number")),
        ORDER_CURRENCY,
        Column(
            "total_refund_amount",
            "money",
            f"Money given back for the return, all parts. {STATED} Refunds are in refunds.",
            unit="money",
            minimum=0,
            synonyms=("refund_amount", "refund_total", "amount_refunded"),
        ),
        Column(
            "restocking_fee",
            "money",
            "Fee kept from the refund.",
            unit="money",
            minimum=0,
            synonyms=("restock_fee",),
        ),
        Column(
            "processing_cost",
            "money",
            "Cost of handling and inspection.",
            unit="money",
            minimum=0,
            synonyms=("handling_cost", "labour_cost", "labor_cost"),
        ),
        Column(
            "shipping_cost",
            "money",
            "Cost of sending the goods back that the shop bears.",
            unit="money",
            minimum=0,
            synonyms=("return_shipping_cost", "return_shipping", "label_cost"),
        ),
        Column(
            "disposal_cost",
            "money",
            "Cost of disposing of goods that cannot be sold again.",
            unit="money",
            minimum=0,
            synonyms=("scrapping_cost",),
        ),
        Column(
            "original_order_date",
            "day",
            f"Day of the order. {STATED} The day of the order itself counts where it is known.",
            synonyms=("order_date", "purchase_date"),
        ),
        Column(
            "days_from_purchase",
            "integer",
            f"Days from the order to the return. {STATED}",
            unit="days",
            synonyms=("days_since_purchase", "days_to_return"),
        ),
        Column(
            "inspection_notes", "text", "What the inspection found.", synonyms=("inspection_note", "inspection_comment")
        ),
        NOTES,
        CREATED_AT,
        UPDATED_AT,
    ),
    checks=(
        Check(
            "received_after_start", "received_at >= initiated_at", "Goods do not arrive before the return is asked for."
        ),
        Check("inspected_after_receipt", "inspected_at >= received_at", "Goods are not inspected before they arrive."),
        Check(
            "completed_after_start", "completed_at >= initiated_at", "A return is not closed before it is asked for."
        ),
        Check(
            "step_fits_status",
            "(workflow_step IN ('initiated', 'return_label_generated') AND return_status = 'pending')"
            " OR (workflow_step IN ('in_transit', 'received', 'inspected') AND return_status = 'approved')"
            " OR (workflow_step IN ('refunded', 'exchanged', 'completed') AND return_status = 'completed')"
            " OR (workflow_step IN ('rejected', 'cancelled') AND return_status = 'rejected')",
            "The step of the tracking record and the status say the same.",
        ),
    ),
)

RETURN_ITEMS = Table(
    name="return_items",
    title="Return items",
    domain="returns",
    grain="One product in a return, for one reason and with one fate.",
    key=("shop_id", "return_id", "line_id"),
    synonyms=("return_item", "return_lines", "return_tracking", "return_transactions"),
    columns=(
        SHOP,
        Column(
            "return_id",
            "text",
            "The return.",
            required=True,
            references="returns.return_id",
            synonyms=("return", "return_number", "rma", "rma_id", "rma_number"),
        ),
        line_id("The line of the return.", ("return_item_id", "return_line_id")),
        order_id("The order that the goods come from."),
        order_line_id("The order line that the goods come from; unknown when the return names none."),
        product_id(required=True),
        product_name(),
        Column(
            "quantity",
            "quantity",
            "Units returned.",
            required=True,
            default="1",
            unit="units",
            minimum=0,
            synonyms=(*QUANTITY_HEADERS, "quantity_returned", "returned_quantity", "return_quantity"),
        ),
        Column(
            "reason_code",
            "text",
            "Leaf of the tree of reasons, by its code, e.g. too_small. Whether a reason is one of size is a property "
            "of the leaf.",
            synonyms=("return_reason_code",),
        ),
        Column(
            "reason_category",
            "text",
            "Group of reasons in the source's own words, e.g. size and fit.",
            synonyms=("return_reason_category", "reason_group", "reason"),
        ),
        Column(
            "reason_detail",
            "text",
            "Reason in free text.",
            synonyms=("return_reason_detail", "return_reason", "customer_comment", "reason_text"),
        ),
        Column("size_returned", "text", "Size that came back.", synonyms=("size", "returned_size")),
        Column(
            "new_size_requested",
            "text",
            "Size that the customer wants instead.",
            synonyms=("new_size", "requested_size"),
        ),
        Column(
            "condition_received",
            "text",
            "Condition in which the goods arrived.",
            values=("new", "opened", "damaged", "defective"),
            value_synonyms=(("unopened", "new"), ("used", "opened"), ("broken", "damaged"), ("faulty", "defective")),
            synonyms=("condition", "item_condition"),
        ),
        Column(
            "condition_rating",
            "integer",
            "Condition as a score: 1 is worst, 5 is as new.",
            unit="score",
            minimum=1,
            maximum=5,
            synonyms=("condition_score",),
        ),
        Column(
            "resaleable",
            "boolean",
            "It can be sold again.",
            synonyms=("is_resaleable", "resalable", "resellable", "restockable"),
        ),
        Column(
            "disposition",
            "text",
            "What became of the goods.",
            values=(
                "restocked",
                "refurbished",
                "damaged_stock",
                "returned_to_supplier",
                "scrapped",
                "kept_by_customer",
            ),
            value_synonyms=(
                ("restock", "restocked"),
                ("damaged-return", "damaged_stock"),
                ("damaged stock", "damaged_stock"),
                ("damaged", "damaged_stock"),
                ("supplier-return", "returned_to_supplier"),
                ("returns to supplier", "returned_to_supplier"),
                ("returned to supplier", "returned_to_supplier"),
                ("disposed", "scrapped"),
                ("destroyed", "scrapped"),
                ("kept", "kept_by_customer"),
            ),
            synonyms=("fate", "return_disposition", "outcome"),
        ),
        ORDER_CURRENCY,
        Column(
            "sale_price",
            "money",
            "Price of one unit when it was sold.",
            unit="money",
            minimum=0,
            synonyms=("unit_price", "price", "price_at_sale"),
        ),
        Column(
            "refund_amount",
            "money",
            f"Money given back for the line. {STATED} Refunds are in refunds.",
            unit="money",
            minimum=0,
            synonyms=("refunded_amount", "refund"),
        ),
        unit_cost("Cost of one unit at the time of sale, for the value of the returned goods."),
        Column(
            "cost_amount",
            "money",
            "Cost of the returned goods, for a source that states no unit cost.",
            unit="money",
            minimum=0,
            synonyms=("total_cost", "line_cost"),
        ),
        Column(
            "restocked_value",
            "money",
            "Value of the goods that went back on the shelf.",
            unit="money",
            minimum=0,
            synonyms=("recovered_value", "restock_value"),
        ),
        CREATED_AT,
    ),
    checks=(
        Check(
            "only_resaleable_is_restocked",
            "disposition <> 'restocked' OR resaleable",
            "What is back on the shelf can be sold again.",
        ),
        Check(
            "scrapped_has_no_value",
            "restocked_value = 0 OR disposition IN ('restocked', 'refurbished', 'returned_to_supplier', "
            "'damaged_stock')",
            "Goods that were scrapped or kept by the customer have no restocked value.",
        ),
    ),
)

RETURN_EVENTS = Table(
    name="return_events",
    title="Return events",
    domain="returns",
    grain="One step of the workflow of a return: who took it and when.",
    key=("shop_id", "return_id", "line_id"),
    time="occurred_at",
    line_from=("step", "occurred_at"),
    synonyms=("return_event", "return_history", "return_steps", "return_workflow"),
    columns=(
        SHOP,
        Column(
            "return_id",
            "text",
            "The return.",
            required=True,
            references="returns.return_id",
            synonyms=("return", "return_number", "rma", "rma_id", "rma_number"),
        ),
        line_id("The step of the return.", ("event_id", "return_event_id")),
        Column(
            "step",
            "text",
            "Step that was reached.",
            required=True,
            values=WORKFLOW_STEPS,
            value_synonyms=WORKFLOW_STEP_SYNONYMS,
            synonyms=("status", "event", "event_type", "to_status", "workflow_step"),
        ),
        Column(
            "occurred_at", "moment", "When.", required=True, synonyms=("event_date", "date", "timestamp", "changed_at")
        ),
        Column("actor", "text", "Who did it.", personal=True, synonyms=("user", "changed_by", "employee", "by")),
        NOTES,
    ),
)

EXCHANGES = Table(
    name="exchanges",
    title="Exchanges",
    domain="returns",
    grain="One product of a return that was exchanged for another. What the exchange keeps of the sale is never "
    "counted twice.",
    key=("shop_id", "return_id", "line_id"),
    time="exchanged_at",
    line_from=("original_product_id", "exchange_product_id", "exchange_order_id"),
    synonyms=("exchange", "exchange_details", "return_exchanges"),
    columns=(
        SHOP,
        Column(
            "return_id",
            "text",
            "The return.",
            required=True,
            references="returns.return_id",
            synonyms=("return", "return_number", "rma", "rma_id", "rma_number"),
        ),
        line_id("The exchange within the return.", ("exchange_id", "exchange_line_id")),
        Column(
            "original_product_id",
            "text",
            "The product that came back.",
            required=True,
            references="products.product_id",
            synonyms=("original_sku", "returned_sku", "returned_product_id"),
        ),
        Column(
            "exchange_product_id",
            "text",
            "The product that was sent instead.",
            required=True,
            references="products.product_id",
            synonyms=("exchange_sku", "new_sku", "replacement_sku", "new_product_id"),
        ),
        Column(
            "quantity",
            "quantity",
            "Units exchanged.",
            required=True,
            default="1",
            unit="units",
            minimum=0,
            synonyms=QUANTITY_HEADERS,
        ),
        Column(
            "exchange_order_id",
            "text",
            "The order that the new product was sent with.",
            references="orders.order_id",
            synonyms=("new_order_id", "replacement_order_id"),
        ),
        Column(
            "additional_payment",
            "money",
            "What the customer paid on top; negative when the shop paid the difference back.",
            unit="money",
            synonyms=("extra_payment", "price_difference"),
        ),
        ORDER_CURRENCY,
        Column(
            "exchanged_at", "moment", "When it was sent.", synonyms=("exchange_date", "exchange_processed_date", "date")
        ),
    ),
)
