"""The dimensions that domains share. A domain's relation says which of them it can be cut by."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import ibis

from tillsight.metrics.model import Dimension

if TYPE_CHECKING:
    import ibis.expr.types as ir

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def _weekday(rows: ir.Table) -> ir.Value:
    return rows.day.day_of_week.index().cast("int64")


def _customer_type(rows: ir.Table) -> ir.Value:
    number = rows.customer_order_number
    return ibis.cases((number == 1, "new"), (number > 1, "returning"), else_=ibis.null("string"))


def _cohort(rows: ir.Table) -> ir.Value:
    first = rows.customer_first_day
    return ibis.date(first.year(), first.month(), ibis.literal(1))  # a truncated date is a moment in some engines


def _cohort_age(rows: ir.Table) -> ir.Value:
    first = rows.customer_first_day
    months = (rows.day.year() - first.year()) * 12 + (rows.day.month() - first.month())
    return months.cast("int64")


def _in_words(column: str) -> Callable[[ir.Table], ir.Value]:
    """A code such as damaged_stock as words: Damaged stock."""

    def words(rows: ir.Table) -> ir.Value:
        text = rows[column].replace("_", " ")
        return text.substr(0, 1).upper() + text.substr(1)

    return words


DIMENSIONS = (
    Dimension("shop", "Shop", "The shop that sold.", columns=("shop_id",), expression=lambda rows: rows.shop_id),
    Dimension("channel", "Channel", "Where the order was placed: web, mobile, marketplace, retail."),
    Dimension("traffic_source", "Traffic source", "What brought the visitor: organic, paid, social, email, direct."),
    Dimension("device_type", "Device", "Desktop, mobile or tablet."),
    Dimension("referrer", "Referrer", "The site that the visitor came from."),
    Dimension("country", "Country", "Country of the order."),
    Dimension("state", "State or region", "State, province or region of the order."),
    Dimension("city", "City", "City of the order."),
    Dimension("postcode", "Postcode", "Postcode of the order."),
    Dimension("market", "Market", "Metro or regional, of the location."),
    Dimension("location", "Location", "Store, warehouse or market place."),
    Dimension("business_unit", "Business unit", "Part of the business that sold."),
    Dimension("payment_method", "Payment method", "How the order was paid."),
    Dimension("shipping_method", "Shipping method", "How the order was sent."),
    Dimension("discount_code", "Discount code", "The code on the order."),
    Dimension("campaign_id", "Campaign", "The campaign that the shop booked the order on."),
    Dimension("marketing_channel", "Marketing channel", "Where marketing money was spent: search, social, email, print."),
    Dimension("order_status", "Order status", "Pending, completed, cancelled or refunded."),
    Dimension(
        "order_currency", "Order currency", "Currency that the customer paid in.", columns=("currency",),
        expression=lambda rows: rows.currency,
    ),
    Dimension("department", "Department", "Department of the product."),
    Dimension("category", "Category", "Category of the product."),
    Dimension("sub_category", "Sub-category", "Sub-category of the product."),
    Dimension("brand", "Brand", "Brand of the product."),
    Dimension("supplier", "Supplier", "Supplier of the product."),
    Dimension("product", "Product", "The product by name.", columns=("product_name",), expression=lambda rows: rows.product_name),
    Dimension("product_id", "SKU", "The product by its stock keeping unit."),
    Dimension("size", "Size", "Size of the product."),
    Dimension("colour", "Colour", "Colour of the product."),
    Dimension(
        "customer_type", "New or returning", "Whether the order was the first ever of its customer; unknown for guests.",
        columns=("customer_order_number",), expression=_customer_type,
    ),
    Dimension("customer_id", "Customer", "The customer."),
    Dimension("order_id", "Order", "The order."),
    Dimension("return_reason", "Return reason", "Why it came back: a leaf of the tree of reasons."),
    Dimension("return_reason_group", "Reason group", "Product quality, size and fit, wrong product, changed mind, delivery, other."),
    Dimension("return_reason_family", "Reason family", "Size, style or quality; unknown for other reasons."),
    Dimension(
        "disposition", "Disposition", "What became of the goods: restocked, refurbished, damaged stock, sent to the supplier, scrapped.",
        expression=_in_words("disposition"),
    ),
    Dimension(
        "return_type", "Return type", "What the customer gets: refund, exchange, store credit.", expression=_in_words("return_type"),
    ),
    Dimension(
        "return_status", "Return status", "Pending, approved, rejected or completed.", expression=_in_words("return_status"),
    ),
    Dimension(
        "return_step", "Return step", "The step of the workflow that the return has reached.", expression=_in_words("return_step"),
    ),
    Dimension("days_to_return", "Days to return", "Days from the order to the return.", type="integer"),
    Dimension("return_channel", "Return channel", "How it came back: post, store, locker."),
    Dimension(
        "weekday", "Day of the week", "In the shop's time zone.", type="integer", columns=("day",), expression=_weekday,
        labels=WEEKDAYS,
    ),
    Dimension("hour", "Hour of the day", "From 0 to 23, in the shop's time zone.", type="integer"),
    Dimension(
        "cohort", "Cohort", "Month of the customer's first order.", type="day", columns=("customer_first_day",),
        expression=_cohort,
    ),
    Dimension(
        "cohort_age", "Months since first order", "Calendar months since the month of the first order.", type="integer",
        columns=("customer_first_day", "day"), expression=_cohort_age,
    ),
)  # fmt: skip
