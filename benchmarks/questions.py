"""The questions that dashboards of a retailer ask, for a shop of any size.

The retailer has stores, categories of thousands of products, channels, members and two years of days. Three sets: 40 additive
and ratio questions, 12 that count distinct customers or orders at grains a release may prepare, and 8 that count distinct
customers behind a filter that nothing can have been prepared for. They were written down before anything was tuned for
them; a question that turns out slow stays.

A filter value such as `@0` stands for the value with the most orders, `@1` for the next, so that the same questions can be
put to every shop; `@tail` is the hundredth, or the last. Nothing of an answer is kept between two askings unless it is said.
"""

from __future__ import annotations

from typing import Any

YEAR: dict[str, Any] = {"period": "last_12_months"}
ALL: dict[str, Any] = {"period": "all"}
QUARTER: dict[str, Any] = {"period": "last_90_days"}
MONTH: dict[str, Any] = {"period": "last_30_days"}


def q(metrics: str, by: str = "", **more: Any) -> dict[str, Any]:
    """A question as the API takes it."""
    asked: dict[str, Any] = {"metrics": metrics.split(","), **more}
    return asked | ({"by": by.split(",")} if by else {})


ADDITIVE: tuple[dict[str, Any], ...] = (
    # cards: one number, and the same against an earlier period
    q("revenue", **MONTH, compare="previous"),
    q("net_sales,units_sold", **YEAR, compare="previous"),
    q("gross_sales,discounts,returned_sales,net_sales,taxes,total_sales", period="last_month", compare="last_year"),
    q("average_order_value,items_per_order", **QUARTER, compare="last_year"),
    q("gross_margin_rate,discount_rate", **QUARTER, compare="previous"),
    q("orders", **YEAR, compare="previous"),
    q("revenue,gross_profit,gross_margin_rate", **ALL),
    q("sales_growth_rate,revenue_yoy", **QUARTER),
    # courses over time
    q("revenue", grain="day", **MONTH),
    q("revenue", grain="day", **YEAR, compare="last_year"),
    q("net_sales,units_sold", grain="week", **ALL),
    q("revenue,orders,average_order_value", grain="month", **YEAR, compare="last_year"),
    q("gross_margin_rate", grain="week", **YEAR),
    q("discount_rate", grain="month", **ALL),
    q("returned_sales", grain="day", **QUARTER),
    q("revenue", grain="quarter", **ALL, compare="last_year"),
    # cut by one thing
    q("revenue", "location", **QUARTER, compare="previous"),
    q("revenue,orders,average_order_value", "location", **YEAR, sort=["-revenue"], limit=20, others=True),
    q("revenue", "channel", **YEAR),
    q("revenue,gross_margin_rate", "department", **YEAR, compare="last_year"),
    q("revenue,units_sold", "category", **QUARTER, compare="previous"),
    q("gross_profit,gross_margin_rate", "sub_category", **YEAR, sort=["-gross_profit"], limit=25),
    q("revenue", "brand", **YEAR, sort=["-revenue"], limit=20, others=True),
    q("net_sales,discount_rate", "supplier", **YEAR, sort=["-net_sales"], limit=50),
    q("revenue", "country", **YEAR, compare="previous"),
    q("revenue", "product", **MONTH, sort=["-revenue"], limit=10),
    q("revenue,units_sold,gross_margin_rate", "product_id", **YEAR, sort=["-units_sold"], limit=50),
    q("orders", "hour", **QUARTER),
    q("orders,average_order_value", "weekday", **YEAR),
    q("revenue_yoy", "category", **QUARTER),
    # cut by two things, or over time
    q("orders", "weekday,hour", **YEAR),
    q("revenue", "channel", grain="month", **ALL),
    q("revenue", "category", grain="week", **YEAR, sort=["-revenue"], limit=6, others=True),
    q("net_sales,gross_margin_rate", "category,channel", **YEAR),
    q("product_contribution", "category,brand", **QUARTER, sort=["-product_contribution"], limit=100),
    # filtered
    q("revenue", grain="day", **YEAR, where=["location=@0"]),
    q("revenue,gross_margin_rate", "sub_category", **YEAR, where=["location=@tail", "channel=@0"]),
    q("revenue", "location", **YEAR, where=["category=@1"], sort=["-revenue"], limit=20),
    q("revenue,units_sold", "product", **QUARTER, where=["category=@0", "channel!=@1"], sort=["-revenue"], limit=20),
    q("average_order_value,discount_rate", grain="month", **YEAR, where=["channel=@0"], compare="last_year"),
)
"""What can be added up, and ratios of such."""

DISTINCT: tuple[dict[str, Any], ...] = (
    q("customers,new_customers,returning_customers", **QUARTER, compare="previous"),
    q("customers", grain="month", **YEAR, compare="last_year"),
    q("customers", grain="week", **YEAR),
    q("customers,orders,revenue_per_customer", grain="quarter", **ALL),
    q("customers", **ALL),
    q("new_customers,returning_customers,new_customer_rate", grain="month", **YEAR),
    q("customers", "location", period="last_month"),
    q("customers", "location", grain="month", **QUARTER, where=["channel=@0"]),
    q("customers,new_customers", "channel", **YEAR, compare="last_year"),
    q("customers", "customer_type", grain="month", **YEAR),
    q("repeat_purchase_rate", **YEAR),
    q("orders", "category", grain="month", **YEAR),
)
"""Distinct counts at grains that a release may prepare: members by month, week, quarter and year, by store and by channel."""

FREE: tuple[dict[str, Any], ...] = (
    q("customers", **YEAR, where=["brand=@0"]),
    q("customers", "category", **QUARTER, where=["location=@0"]),
    q("customers,orders", grain="week", **QUARTER, where=["sub_category=@1"]),
    q("customers", "location", **QUARTER, where=["supplier=@0", "channel=@0"], sort=["-customers"], limit=20),
    q("customers", "brand", **MONTH, where=["weekday=saturday"], sort=["-customers"], limit=20),
    q("new_customers", grain="month", **YEAR, where=["category=@0", "location=@1"]),
    q("orders,average_order_value", "brand", **YEAR, where=["category=@0"], sort=["-orders"], limit=10),
    q("customers", "channel", **ALL, where=["product_id=@0"], compare="none"),
)
"""Distinct counts behind filters that nothing is prepared for: over the facts."""

SETS = {"additive and ratio": ADDITIVE, "distinct, prepared grains": DISTINCT, "distinct, free": FREE}


def words(question: dict[str, Any]) -> str:
    """A question in one line."""
    parts = [",".join(question["metrics"])]
    parts += [f"by {','.join(question['by'])}"] if "by" in question else []
    parts += [
        f"{name} {question[name]}" for name in ("grain", "period", "compare", "limit", "where") if name in question
    ]
    return " · ".join(parts).replace("|", "/")


class Values:
    """Puts values of a shop where a question has `@0`, `@1` or `@tail`."""

    def __init__(self, shop: Any) -> None:
        self._shop = shop
        self._known: dict[str, list[Any]] = {}

    def put(self, question: dict[str, Any]) -> dict[str, Any]:
        """The question with values of this shop."""
        return (
            question | {"where": [self._put(text) for text in question["where"]]} if "where" in question else question
        )

    def _put(self, text: str) -> str:
        name, at, place = text.partition("@")
        if not at:
            return text
        dimension = name.rstrip("!=")
        if dimension not in self._known:
            answer = self._shop.query("orders", by=dimension, sort="-orders", limit=101)
            found = [row[dimension] for row in answer.to_records() if row[dimension] is not None]
            if not found:
                raise SystemExit(f"The shop has no {dimension}.")
            self._known[dimension] = found
        found = self._known[dimension]
        return f"{name}{found[min(99 if place == 'tail' else int(place), len(found) - 1)]}"
