"""Refunds: money given back, by part: a product line, the shipping, or nothing in particular (goodwill).

Refunds are the money side of a return; the goods are in `returns`. They count on the day they happen. Amounts are
positive, net of tax, in the currency of the row, else of its order.
"""

from __future__ import annotations

from tillsight.tables.columns import (
    ORDER_CURRENCY,
    QUANTITY_HEADERS,
    customer_id,
    line_id,
    location_id,
    order_id,
    order_line_id,
    product_id,
    product_name,
)
from tillsight.tables.schema import SHOP, Check, Column, Table

REFUNDS = Table(
    name="refunds",
    title="Refunds",
    domain="sales",
    grain="One part of a refund: a product line, the shipping, or an amount for no line.",
    key=("shop_id", "refund_id", "line_id"),
    time="refunded_at",
    synonyms=("refund", "credit_notes", "credits", "refund_lines"),
    columns=(
        SHOP,
        Column(
            "refund_id",
            "text",
            "The refund or credit note.",
            required=True,
            synonyms=(
                "refund",
                "refund_number",
                "credit_note",
                "credit_note_id",
                "credit_note_number",
                "credit_memo_id",
            ),
        ),
        line_id("The part of the refund.", ("refund_line_id", "refund_line_item_id", "refund_line")),
        order_id("The order; unknown for a credit that names none."),
        order_line_id("The order line that is refunded; unknown for shipping and goodwill."),
        product_id("The product that is refunded."),
        product_name(),
        Column(
            "return_id",
            "text",
            "The return that the goods came back with.",
            references="returns.return_id",
            synonyms=("return", "rma", "rma_id"),
        ),
        Column(
            "kind",
            "text",
            "What is given back. A cancellation gives back what was paid for an order that was called off.",
            required=True,
            default="goods",
            values=("goods", "goodwill", "shipping", "gift_card", "cancellation"),
            value_synonyms=(
                ("product", "goods"),
                ("item", "goods"),
                ("return", "goods"),
                ("courtesy", "goodwill"),
                ("compensation", "goodwill"),
                ("freight", "shipping"),
                ("gift card", "gift_card"),
                ("cancelled", "cancellation"),
                ("canceled", "cancellation"),
            ),
            synonyms=("refund_kind", "refund_type", "type"),
        ),
        Column(
            "quantity",
            "quantity",
            "Units refunded; 0 when no goods are meant.",
            required=True,
            default="0",
            unit="units",
            minimum=0,
            synonyms=(*QUANTITY_HEADERS, "quantity_refunded", "refunded_quantity"),
        ),
        Column(
            "amount",
            "money",
            "What net sales fall by: positive, without tax and without shipping.",
            required=True,
            default="0",
            unit="money",
            minimum=0,
            synonyms=("refund_amount", "refunded_amount", "refund_total", "credit_amount"),
        ),
        Column(
            "tax_amount",
            "money",
            "Tax given back; positive.",
            required=True,
            default="0",
            unit="money",
            minimum=0,
            synonyms=("tax", "refunded_tax", "tax_refunded", "refund_tax"),
        ),
        Column(
            "shipping_amount",
            "money",
            "Shipping given back, without tax; positive.",
            required=True,
            default="0",
            unit="money",
            minimum=0,
            synonyms=("shipping_refunded", "refunded_shipping", "refund_shipping"),
        ),
        ORDER_CURRENCY,
        Column(
            "exchange_rate",
            "rate",
            "Reporting currency for one unit of the row's currency, as the source used it. Unknown means the rate of its "
            "order, and that of the day where there is none or the order is in another currency.",
            unit="ratio",
            synonyms=("fx_rate", "currency_rate"),
        ),
        Column(
            "refunded_at",
            "moment",
            "When the money was given back: the day on which the refund counts.",
            required=True,
            synonyms=(
                "refund_date",
                "refund_processed_date",
                "credit_date",
                "date",
                "created_at",
                "processed_at",
                "invoice_date",
            ),
        ),
        Column("reason", "text", "Why, in the source's own words.", synonyms=("refund_reason", "note")),
        Column(
            "unit_cost",
            "money",
            "Cost of one refunded unit at the time of sale, where the order line is unknown.",
            unit="money",
            minimum=0,
            synonyms=("cost_price", "cost_per_item"),
        ),
        customer_id("The customer, where the order is unknown."),
        Column(
            "channel", "text", "Sales channel, where the order is unknown.", synonyms=("sales_channel", "order_channel")
        ),
        Column("country", "text", "Country, where the order is unknown.", synonyms=("country_code", "country_name")),
        location_id("The location that took it back or, where the order is unknown, sold it."),
    ),
    checks=(
        Check(
            "shipping_names_no_goods",
            "kind <> 'shipping' OR (quantity = 0 AND amount = 0)",
            "A refund of shipping stands in the shipping amount and names no units.",
        ),
        Check("rate_above_zero", "exchange_rate > 0", "An exchange rate is above zero."),
        Check(
            "goods_name_their_product",
            "kind <> 'goods' OR quantity = 0 OR product_id IS NOT NULL OR order_line_id IS NOT NULL",
            "A refund of units says of which product or order line.",
        ),
    ),
)
