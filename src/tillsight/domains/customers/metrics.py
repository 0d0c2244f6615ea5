"""The metrics of customers that orders alone (and marketing spend) can feed.

New = first order ever, in any channel. "As of" figures look at everybody known by the end of the period.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from tillsight.domains.customers.relations import ACTIVE_DAYS, KEPT_DAYS, MEMBER_DAYS
from tillsight.metrics.model import Measure, Metric, Part, Term, Window, plain, ratio
from tillsight.metrics.shaping import distinct

if TYPE_CHECKING:
    import ibis.expr.types as ir

RECENT_DAYS = 90
EVER = "customers with an order, as of the end of the period"


def _bought(rows: ir.Table) -> ir.BooleanValue:
    return rows.kind.isin(["sale", "order"]) & ~rows.is_cancelled


def _new(rows: ir.Table, window: Window) -> ir.BooleanValue:
    return _bought(rows) & (rows.customer_first_day >= window.start).fill_null(False)


def _single(rows: ir.Table, window: Window) -> ir.BooleanValue:
    """One order at the start of the period, in the last 90 days before it: Single Buyers (Recent)."""
    one = (rows.first_day < window.start) & (rows.second_day.isnull() | (rows.second_day >= window.start))
    return one & (rows.first_day >= window.start - ibis.interval(days=RECENT_DAYS))


def _again(rows: ir.Table, window: Window) -> ir.BooleanValue:
    return (_single(rows, window) & (rows.second_day <= window.end)).fill_null(False)


def _event(name: str, title: str, unit: str, column: str) -> Measure:
    return Measure(
        name,
        title,
        "customer_events",
        unit,  # type: ignore[arg-type]
        lambda rows, _: rows[column].sum(),
        rows=lambda rows, _: rows[column] != 0,
    )


MEASURES = (
    Measure(
        "customers", "Customers", "sales", "count", lambda rows, _: distinct(rows.customer_key, _bought(rows)),
        adds=False, counts="customer", rows=lambda rows, _: _bought(rows) & rows.customer_key.notnull(),
    ),
    Measure(
        "new_customers", "New customers", "sales", "count",
        lambda rows, window: distinct(rows.customer_key, _new(rows, window)), adds=False, counts="customer", new_only=True,
        rows=_new,
    ),
    Measure(
        "cohort_customers", "Customers of the cohort who ordered", "sales", "count",
        lambda rows, window: distinct(rows.customer_key, _new(rows, window)), adds=False, rows=_new,
    ),
    _event("customers_ever", "Customers ever", "count", "customers"),
    _event("repeat_customers", "Customers with two or more orders", "count", "repeaters"),
    _event("kept_customers", f"Customers who ordered {KEPT_DAYS} or more days after their first order", "count", "kept"),
    _event("active_customers", f"Customers with an order in the last {ACTIVE_DAYS} days", "count", "active"),
    _event("members_active", f"Members with an order in the last {MEMBER_DAYS // 7} weeks", "count", "active_members"),
    _event("customer_orders", "Orders of known customers", "count", "orders"),
    _event("customer_revenue", "Revenue of known customers", "money", "revenue"),
    _event("lifespan_days", "Days between first and last order", "days", "lifespan_days"),
    Measure(
        "single_buyers", f"Customers with one order, in the {RECENT_DAYS} days before the period", "customer_facts", "count",
        lambda rows, window: rows.customer_key.count(where=_single(rows, window).fill_null(False)),
        rows=lambda rows, window: _single(rows, window).fill_null(False),
    ),
    Measure(
        "second_purchases", "Of them, bought again in the period", "customer_facts", "count",
        lambda rows, window: rows.customer_key.count(where=_again(rows, window)), rows=_again,
    ),
    Measure(
        "marketing_spend", "Marketing spend", "marketing_spend_days", "money", lambda rows, _: rows.amount.sum(),
        unknown_when_empty=True,
    ),
)  # fmt: skip


def _as_of(top: str, bottom: str, factor: float = 1) -> tuple[Term, ...]:
    return (Term((Part(top, "to date"),), (Part(bottom, "to date"),), factor),)


METRICS = (
    Metric(
        "customers", "Customers", "customers", "count", "up", "distinct customers with an order", "distinct", "001 §2.4; 000",
        "by order date, guests that nothing identifies left out", plain("customers"),
    ),
    Metric(
        "new_customers", "New customers", "customers", "count", "up", "customers whose first order ever falls in the period", "distinct",
        "001 §2.4; 000", "first order ever, in any channel", plain("new_customers"),
    ),
    Metric(
        "returning_customers", "Returning customers", "customers", "count", "up",
        "customers with an order in the period whose first order lies before the period; new + returning = customers",
        "distinct", "001 §2.4", "first order before the period",
        (Term((Part("customers"), Part("new_customers", weight=-1))),),
    ),
    Metric(
        "new_customer_rate", "New customer rate", "customers", "percent", "", "new customers ÷ customers × 100", "ratio", "000 §2",
        "first order ever, in any channel", ratio("new_customers", "customers", 100),
    ),
    Metric(
        "repeat_purchase_rate", "Repeat purchase rate", "customers", "percent", "up",
        "customers with 2+ orders ever ÷ customers ever × 100; both as of the end of the period", "as of", "001 §2.4; 000",
        EVER, _as_of("repeat_customers", "customers_ever", 100),
    ),
    Metric(
        "retention_rate_30d", "30-day retention", "customers", "percent", "up",
        "customers whose last order is 30+ days after their first ÷ customers ever × 100; as of the end of the period",
        "as of", "000 §2", EVER, _as_of("kept_customers", "customers_ever", 100),
    ),
    Metric(
        "cohort_retention_rate", "Cohort retention", "customers", "percent", "up",
        "customers of a cohort with an order in period n ÷ customers of the cohort × 100", "cohort", "001 f2.4",
        "cohorts whose first order falls in the period, by calendar months since",
        (Term((Part("cohort_customers"),), (Part("cohort_customers", "cohort start"),), 100),),
        requires=("cohort", "cohort_age"), grains=(),
    ),
    Metric(
        "churn_rate", "Churn rate", "customers", "percent", "down",
        f"customers ever with no order in the last {ACTIVE_DAYS} days ÷ customers ever × 100; as of the end of the period",
        "as of", "004 §1.4", EVER,
        (
            Term(
                (Part("customers_ever", "to date"), Part("active_customers", "to date", -1)),
                (Part("customers_ever", "to date"),), 100,
            ),
        ),
    ),
    Metric(
        "active_members", "Active members", "customers", "count", "up",
        f"distinct members with a transaction in the last {MEMBER_DAYS // 7} weeks; as of the end of the period",
        "trailing distinct", "003",
        "members are customers who can be told apart; by order date", (Term((Part("members_active", "to date"),)),),
    ),
    Metric(
        "second_purchase_rate", "Second purchase rate", "customers", "percent", "up",
        "customers with one order at the start of the period (Single Buyers (Recent): in the 90 days before it) who bought "
        "again ÷ those customers × 100", "cohort", "004 §1.4", "customers with one order at the start of the period",
        ratio("second_purchases", "single_buyers", 100), grains=(),
    ),
    Metric(
        "purchase_frequency", "Purchase frequency", "customers", "ratio", "up", "orders ÷ customers", "as of", "001 §2.4", EVER,
        _as_of("customer_orders", "customers_ever"),
    ),
    Metric(
        "customer_lifespan", "Customer lifespan", "customers", "days", "up",
        "mean(last order − first order) of customers with 2+ orders", "mean", "001 §2.4", EVER,
        _as_of("lifespan_days", "repeat_customers"),
    ),
    Metric(
        "clv_historic", "Customer lifetime value (historic)", "customers", "money", "up", "revenue ÷ distinct customers over all time",
        "as of", "000 §2", EVER, _as_of("customer_revenue", "customers_ever"),
    ),
    Metric(
        "clv_formula", "Customer lifetime value (formula)", "customers", "money", "up",
        "average order value × orders per customer and year of observation × mean lifespan in years; customers ever; "
        "as of the end of the period", "as of", "001 §2.4",
        EVER + "; years of observation from the first day with data",
        (
            Term((Part("customer_revenue", "to date"),), (Part("customer_orders", "to date"),)),
            Term((Part("customer_orders", "to date"),), (Part("customers_ever", "to date"),)),
            Term((Part("lifespan_days", "to date"),), (Part("repeat_customers", "to date"),)),
            Term((), (Part("observed_days"),)),
        ),
    ),
    Metric(
        "marketing_spend", "Marketing spend", "customers", "money", "", "sum of marketing spend", "additive", "000 §2", "by day of spend",
        plain("marketing_spend"),
    ),
    Metric(
        "customer_acquisition_cost", "Customer acquisition cost", "customers", "money", "down", "marketing spend ÷ new customers", "ratio",
        "001 §2.4; 000", "spend by day, new customers by first order", ratio("marketing_spend", "new_customers"),
    ),
)  # fmt: skip
