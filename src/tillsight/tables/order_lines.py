"""Discount, tax and shipping lines: the parts of orders that are not products.

A discount or shipping line without an order counts on its own day. Tax lines only split the tax that lines and orders
carry. Amounts are in the currency of the row, else of its order.
"""

from __future__ import annotations

from tillsight.tables.columns import (
    ORDER_CURRENCY,
    customer_id,
    line_id,
    location_id,
    order_id,
    order_line_id,
)
from tillsight.tables.schema import SHOP, Column, Table

_CHANNEL = Column(
    "channel", "text", "Sales channel, where the order is unknown.", synonyms=("sales_channel", "order_channel")
)
_COUNTRY = Column("country", "text", "Country, where the order is unknown.", synonyms=("country_code", "country_name"))

DISCOUNT_LINES = Table(
    name="discount_lines",
    title="Discount lines",
    domain="sales",
    grain="One discount on an order, or one discount that belongs to no order. Line discounts are on the order lines "
    "and are "
    "not repeated here.",
    key=("shop_id", "line_id"),
    time="applied_at",
    synonyms=("discount_line", "order_discounts", "discounts", "discount_applications"),
    columns=(
        SHOP,
        line_id("The line, unique in the shop.", ("discount_line_id", "discount_id", "id")),
        order_id("The order, whose discount it adds to; without one it counts in the discounts of its own day."),
        order_line_id("The order line that the discount is meant for; its amount still counts on the order."),
        Column(
            "amount",
            "money",
            "The discount; positive lowers net sales, negative takes a discount back. With tax if the order's prices "
            "include it.",
            required=True,
            unit="money",
            synonyms=("discount_amount", "discount", "value"),
        ),
        ORDER_CURRENCY,
        Column(
            "applied_at",
            "moment",
            "When it was given. Needed without an order, whose day counts otherwise.",
            synonyms=("discount_date", "applied_on", "date", "invoice_date"),
        ),
        Column(
            "code",
            "text",
            "Code entered by the customer.",
            synonyms=("discount_code", "coupon_code", "coupon", "voucher_code"),
        ),
        Column(
            "promotion_id",
            "text",
            "The promotion that it comes from.",
            references="promotions.promotion_id",
            synonyms=("promotion", "promo_id", "price_rule_id"),
        ),
        Column("description", "text", "What it was given for.", synonyms=("title", "reason", "discount_title")),
        customer_id("The customer, where the order is unknown."),
        _CHANNEL,
        _COUNTRY,
        location_id("The location, where the order is unknown."),
    ),
)

TAX_LINES = Table(
    name="tax_lines",
    title="Tax lines",
    domain="sales",
    grain="One tax of an order or of one of its lines: the split of tax by name, rate and jurisdiction. Amounts count "
    "only for "
    "orders that carry no tax themselves.",
    key=("shop_id", "order_id", "line_id"),
    synonyms=("tax_line", "order_taxes", "taxes"),
    columns=(
        SHOP,
        order_id(required=True),
        line_id("The tax line within the order.", ("tax_line_id", "tax_id")),
        order_line_id(),
        Column(
            "amount",
            "money",
            "The tax.",
            required=True,
            unit="money",
            synonyms=("tax_amount", "tax", "tax_total", "price"),
        ),
        ORDER_CURRENCY,
        Column(
            "name",
            "text",
            "Name of the tax, e.g. VAT or State tax.",
            synonyms=("tax_name", "title", "label", "tax_title"),
        ),
        Column(
            "rate",
            "rate",
            "Rate in percent of the amount without tax.",
            unit="percent",
            minimum=0,
            synonyms=("tax_rate", "rate_percent"),
        ),
        Column(
            "jurisdiction",
            "text",
            "Who levies it: a country, state or town.",
            synonyms=("tax_jurisdiction", "rate_code"),
        ),
    ),
)

SHIPPING_LINES = Table(
    name="shipping_lines",
    title="Shipping lines",
    domain="sales",
    grain="One shipping charge of an order, or one that belongs to no order; a negative one is shipping paid back on "
    "that day.",
    key=("shop_id", "line_id"),
    time="charged_at",
    synonyms=("shipping_line", "order_shipping", "shipping_charges", "freight_lines"),
    columns=(
        SHOP,
        line_id("The line, unique in the shop.", ("shipping_line_id", "id")),
        order_id("The order; without one the charge counts on its own day."),
        Column(
            "amount",
            "money",
            "Shipping charged, without tax; negative when it is paid back.",
            required=True,
            unit="money",
            synonyms=("shipping_amount", "shipping", "price", "freight_value", "freight", "postage"),
        ),
        Column(
            "tax_amount",
            "money",
            "Tax on it; negative when it is paid back.",
            required=True,
            default="0",
            unit="money",
            synonyms=("tax", "shipping_tax", "total_tax"),
        ),
        ORDER_CURRENCY,
        Column(
            "charged_at",
            "moment",
            "When it was charged or paid back. Needed without an order, whose day counts otherwise.",
            synonyms=("charged_on", "date", "invoice_date"),
        ),
        Column(
            "method",
            "text",
            "How it is sent.",
            synonyms=("shipping_method", "method_title", "title", "delivery_method", "service"),
        ),
        customer_id("The customer, where the order is unknown."),
        _CHANNEL,
        _COUNTRY,
        location_id("The location, where the order is unknown."),
    ),
)
