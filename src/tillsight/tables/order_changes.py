"""Order edits and cancellations: what changed after an order was placed. Neither is a refund; both can lead to one."""

from __future__ import annotations

from tillsight.tables.columns import ORDER_CURRENCY, line_id, order_id, order_line_id, product_id
from tillsight.tables.schema import SHOP, Column, Table

ORDER_EDITS = Table(
    name="order_edits",
    title="Order edits",
    domain="sales",
    grain="One change of an order after it was placed. Orders and lines hold the state after the edit; this is how it "
    "came about.",
    key=("shop_id", "order_id", "line_id"),
    time="edited_at",
    synonyms=("order_edit", "order_changes", "order_amendments"),
    columns=(
        SHOP,
        order_id("The order that was changed.", required=True),
        line_id("The change within the order.", ("edit_id", "order_edit_id", "change_id")),
        order_line_id("The order line that was changed; unknown for a change of the whole order."),
        Column(
            "kind",
            "text",
            "What was changed.",
            required=True,
            values=("line_added", "line_removed", "quantity", "price", "discount", "shipping", "address", "other"),
            value_synonyms=(
                ("added", "line_added"),
                ("removed", "line_removed"),
                ("quantity_changed", "quantity"),
                ("price_changed", "price"),
                ("discount_changed", "discount"),
                ("shipping_changed", "shipping"),
                ("address_changed", "address"),
            ),
            synonyms=("edit_type", "change_type", "type"),
        ),
        product_id("The product of the line."),
        Column(
            "quantity_change",
            "quantity",
            "Units more (+) or fewer (−).",
            unit="units",
            synonyms=("quantity_delta", "change_in_quantity", "quantity"),
        ),
        Column(
            "amount_change",
            "money",
            "Value of the order more (+) or less (−), without tax.",
            unit="money",
            synonyms=("amount_delta", "change_in_amount", "amount"),
        ),
        ORDER_CURRENCY,
        Column(
            "edited_at", "moment", "When.", required=True, synonyms=("edit_date", "changed_at", "date", "created_at")
        ),
        Column("edited_by", "text", "Who changed it.", personal=True, synonyms=("editor", "user", "staff_member")),
        Column("reason", "text", "Why.", synonyms=("edit_reason", "note", "notes")),
    ),
)

ORDER_CANCELLATIONS = Table(
    name="order_cancellations",
    title="Order cancellations",
    domain="sales",
    grain="One order that was called off, or one line of it.",
    key=("shop_id", "order_id", "line_id"),
    time="cancelled_at",
    synonyms=("order_cancellation", "cancellations", "cancelled_orders"),
    columns=(
        SHOP,
        order_id("The order that was called off.", required=True),
        line_id("The cancellation within the order.", ("cancellation_id", "order_cancellation_id")),
        order_line_id("The order line that was called off; unknown means the whole order."),
        product_id("The product of the line."),
        Column(
            "quantity",
            "quantity",
            "Units called off; unknown means all.",
            unit="units",
            minimum=0,
            synonyms=("cancelled_quantity", "quantity_cancelled", "qty"),
        ),
        Column(
            "amount",
            "money",
            "Value called off, without tax; positive.",
            unit="money",
            minimum=0,
            synonyms=("cancelled_amount", "cancellation_amount", "value"),
        ),
        ORDER_CURRENCY,
        Column(
            "cancelled_at",
            "moment",
            "When.",
            required=True,
            synonyms=("cancellation_date", "canceled_at", "cancelled_date", "date"),
        ),
        Column(
            "cancelled_by",
            "text",
            "Who called it off, e.g. customer, shop, payment provider.",
            synonyms=("initiator", "canceled_by"),
        ),
        Column("reason", "text", "Why, in the source's own words.", synonyms=("cancel_reason", "cancellation_reason")),
        Column(
            "is_after_fulfilment",
            "boolean",
            "The goods had already left.",
            synonyms=("after_fulfilment", "after_fulfillment", "after_shipment"),
        ),
    ),
)
