"""The metrics of sales: the bridge from gross to total sales, revenue, margin, volume, growth and product shares.

Source of each formula: the `source` of its declaration, a section of the specification. Days are those of the shop's zone:
sales on the day the order was placed, refunds on the day they happened.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tillsight.metrics.model import Measure, Metric, Part, Term, plain, ratio
from tillsight.metrics.shaping import distinct

if TYPE_CHECKING:
    import ibis.expr.types as ir

PLACED = "by order date, excl. tax, cancelled orders left out"


def _is_order(rows: ir.Table) -> ir.BooleanValue:
    return rows.kind.isin(["sale", "order"]) & ~rows.is_cancelled


def _is_cancelled(rows: ir.Table) -> ir.BooleanValue:
    return rows.kind.isin(["sale", "order"]) & rows.is_cancelled


def _any_order(rows: ir.Table) -> ir.BooleanValue:
    return rows.kind.isin(["sale", "order"])


def _additive(name: str, title: str, unit: str, column: str, *, unknown: bool = False) -> Measure:
    return Measure(
        name,
        title,
        "sales",
        unit,  # type: ignore[arg-type]
        lambda rows, _: rows[column].sum(),
        unknown_when_empty=unknown,
        rows=lambda rows, _: rows[column].notnull() if unknown else rows[column] != 0,
    )


MEASURES = (
    _additive("gross_sales", "Gross sales", "money", "gross_sales"),
    _additive("discounts", "Discounts", "money", "discounts"),
    _additive("returned_sales", "Returns", "money", "returned_sales"),
    _additive("taxes", "Taxes", "money", "taxes"),
    _additive("shipping_charges", "Shipping charges", "money", "shipping_charges"),
    _additive("revenue", "Revenue", "money", "revenue"),
    _additive("cost_of_goods_sold", "Cost of goods sold", "money", "cost", unknown=True),
    _additive("revenue_with_cost", "Revenue of lines with known cost", "money", "revenue_with_cost"),
    _additive("units_sold", "Units sold", "units", "units"),
    Measure(
        "orders", "Orders", "sales", "count", lambda rows, _: distinct(rows.order_key, _is_order(rows)), adds=False,
        counts="order", once=lambda rows: rows.count(where=rows.is_first_line & _is_order(rows)),
        rows=lambda rows, _: _is_order(rows),
    ),
    Measure(
        "orders_placed", "Orders placed", "sales", "count", lambda rows, _: distinct(rows.order_key, _any_order(rows)),
        adds=False, counts="order", once=lambda rows: rows.count(where=rows.is_first_line & _any_order(rows)),
        rows=lambda rows, _: _any_order(rows),
    ),
    Measure(
        "orders_cancelled", "Cancelled orders", "sales", "count",
        lambda rows, _: distinct(rows.order_key, _is_cancelled(rows)), adds=False, counts="order",
        once=lambda rows: rows.count(where=rows.is_first_line & _is_cancelled(rows)),
        rows=lambda rows, _: _is_cancelled(rows),
    ),
    Measure(
        "orders_with_several_products", "Orders with two or more products", "sales", "count",
        lambda rows, _: distinct(rows.order_key, _is_order(rows) & rows.has_several_products), adds=False, counts="order",
        once=lambda rows: rows.count(where=rows.is_first_line & _is_order(rows) & rows.has_several_products),
        rows=lambda rows, _: _is_order(rows) & rows.has_several_products,
    ),
)  # fmt: skip


def _exact(*parts: tuple[str, int]) -> tuple[Term, ...]:
    return (Term(tuple(Part(name, weight=weight) for name, weight in parts)),)


_PROFIT = (Part("revenue_with_cost"), Part("cost_of_goods_sold", weight=-1))
"""Unknown where no line has a known cost."""

METRICS = (
    Metric(
        "gross_sales", "Gross sales", "sales", "money", "up", "sum(unit price × quantity) before discounts, returns, tax and shipping",
        "additive", "field (Shopify)", PLACED, plain("gross_sales"),
    ),
    Metric(
        "discounts", "Discounts", "sales", "money", "", "sum of line and order discounts", "additive", "field (Shopify)", PLACED,
        plain("discounts"),
    ),
    Metric(
        "returned_sales", "Returns", "sales", "money", "down", "net value of returned lines dated at the return", "additive",
        "field (Shopify)", "by refund date, excl. tax", plain("returned_sales"),
    ),
    Metric(
        "net_sales", "Net sales", "sales", "money", "up", "gross sales − discounts − returns", "additive", "field (Shopify)",
        "sales by order date, refunds by refund date, excl. tax",
        _exact(("gross_sales", 1), ("discounts", -1), ("returned_sales", -1)),
    ),
    Metric(
        "taxes", "Taxes", "sales", "money", "", "tax charged − tax refunded", "additive", "field (Shopify)",
        "by order date, refunded tax by refund date", plain("taxes"),
    ),
    Metric(
        "shipping_charges", "Shipping charges", "sales", "money", "", "shipping charged − shipping refunded", "additive",
        "field (Shopify)", "by the day charged, refunds by refund date, excl. tax", plain("shipping_charges"),
    ),
    Metric(
        "total_sales", "Total sales", "sales", "money", "up", "net sales + taxes + shipping charges", "additive", "field (Shopify)",
        "sales by order date, refunds by refund date, incl. tax and shipping",
        _exact(("gross_sales", 1), ("discounts", -1), ("returned_sales", -1), ("taxes", 1), ("shipping_charges", 1)),
    ),
    Metric(
        "revenue", "Total revenue", "sales", "money", "up",
        "sum of line totals of orders that are not cancelled, after line and allocated order discounts, excluding tax, "
        "shipping and gift cards", "additive", "001 §2.1", PLACED + ", before later returns", plain("revenue"),
    ),
    Metric(
        "cost_of_goods_sold", "Cost of goods sold", "sales", "money", "", "sum(unit cost at the time of sale × quantity)", "additive",
        "001 §2.1", "lines whose cost is known, by order date", plain("cost_of_goods_sold"),
    ),
    Metric(
        "gross_profit", "Gross profit", "sales", "money", "up",
        "revenue − cost of goods sold over the lines whose cost is known", "additive", "001 §2.1",
        "lines whose cost is known, by order date", (Term(_PROFIT),),
    ),
    Metric(
        "gross_margin_rate", "Gross margin %", "sales", "percent", "up",
        "gross profit ÷ revenue of the lines whose cost is known × 100", "ratio", "001 §2.1",
        "lines whose cost is known, by order date", (Term(_PROFIT, (Part("revenue_with_cost"),), 100),),
    ),
    Metric(
        "cost_coverage_rate", "Cost coverage", "sales", "percent", "up", "revenue of the lines whose cost is known ÷ revenue × 100",
        "ratio", "field", PLACED, ratio("revenue_with_cost", "revenue", 100),
    ),
    Metric(
        "orders", "Orders", "sales", "count", "up", "distinct orders that are not cancelled", "distinct", "001 §2.2",
        "by order date, cancelled orders left out", plain("orders"),
    ),
    Metric(
        "units_sold", "Units sold", "sales", "units", "up", "sum(quantity)", "additive", "001 §2.2",
        "by order date, cancelled orders left out, before later returns", plain("units_sold"),
    ),
    Metric(
        "items_per_order", "Items per order", "sales", "ratio", "up", "units sold ÷ orders", "ratio", "001 §2.2",
        "by order date, cancelled orders left out", ratio("units_sold", "orders"),
    ),
    Metric(
        "average_order_value", "Average order value", "sales", "money", "up", "revenue ÷ orders", "ratio", "001 §2.1; 000",
        PLACED + ", before later returns", ratio("revenue", "orders"),
    ),
    Metric(
        "revenue_per_customer", "Revenue per customer", "sales", "money", "up", "revenue ÷ distinct customers", "ratio", "001 §2.1",
        PLACED + "; revenue of guests that nothing identifies is included", ratio("revenue", "customers"),
    ),
    Metric(
        "sales_growth_rate", "Sales growth", "sales", "percent", "up",
        "(revenue − revenue of the previous period) ÷ revenue of the previous period × 100", "period offset", "001 §2.2",
        PLACED + ", against the period before",
        (Term((Part("revenue"), Part("revenue", "previous", -1)), (Part("revenue", "previous"),), 100),),
    ),
    Metric(
        "revenue_yoy", "Year-over-year growth", "sales", "percent", "up",
        "(revenue − revenue of the same period last year) ÷ revenue of the same period last year × 100", "period offset",
        "001 §2.5", PLACED + ", against the same period a year before",
        (Term((Part("revenue"), Part("revenue", "last year", -1)), (Part("revenue", "last year"),), 100),),
    ),
    Metric(
        "product_contribution", "Product contribution %", "sales", "percent", "", "product revenue ÷ total revenue × 100",
        "share of parent", "001 §2.3", PLACED + "; share of everything that the last dimension is part of",
        (Term((Part("revenue"),), (Part("revenue", "parent"),), 100),),
    ),
    Metric(
        "product_velocity", "Product velocity", "sales", "units/day", "up", "units sold ÷ days", "per day", "001 §2.3",
        "by order date; days of the period that the data cover", ratio("units_sold", "period_days"),
    ),
    Metric(
        "cross_sell_rate", "Cross-sell rate", "sales", "percent", "up", "orders with 2+ different products ÷ orders × 100", "ratio",
        "001 §2.3", "by order date, cancelled orders left out", ratio("orders_with_several_products", "orders", 100),
    ),
    Metric(
        "discount_rate", "Discount rate", "sales", "percent", "down", "discounts ÷ gross sales × 100", "ratio", "field", PLACED,
        ratio("discounts", "gross_sales", 100),
    ),
    Metric(
        "cancellation_rate", "Cancellation rate", "sales", "percent", "down", "cancelled orders ÷ orders placed × 100", "ratio", "field",
        "by order date", ratio("orders_cancelled", "orders_placed", 100),
    ),
)  # fmt: skip
