"""The SQL of representative questions, kept in files, so that a change of it is seen and judged.

After a change that is meant, write the files anew and read the difference before it is committed:

    RENEW=1 pytest tests/golden/test_sql.py && git diff tests/golden/sql
"""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tillsight.core.fiscal import PRESETS, generate
from tillsight.core.periods import Calendar
from tillsight.core.scope import EVERYTHING, Scope
from tillsight.domains.registry import catalogue
from tillsight.metrics.compile import Among, Compiler
from tillsight.metrics.model import DataSpan
from tillsight.metrics.question import ask_for, resolve
from tillsight.warehouse.duck import compiled

FILES = Path(__file__).parent / "sql"
SPAN = DataSpan(date(2023, 1, 10), date(2024, 11, 20))
CALENDAR = Calendar(fiscal=generate(PRESETS["nrf-4-5-4"], date(2021, 1, 1), date(2026, 1, 1)))
SUNDAY = Calendar(week_start=6)

QUESTIONS: dict[str, dict[str, Any]] = {
    "total": {"metrics": "revenue,orders,average_order_value"},
    "bridge_by_country": {"metrics": "gross_sales,discounts,returned_sales,net_sales,taxes,shipping_charges,total_sales", "by": "country"},
    "by_month_compared": {"metrics": "revenue", "grain": "month", "period": "this_year", "compare": "last_year"},
    "by_day_across_a_leap_day": {
        "metrics": "orders", "grain": "day", "start": "2024-02-27", "end": "2024-03-02", "compare": "last_year",
    },
    "by_week_from_sunday": {"metrics": "revenue", "grain": "week", "period": "last_30_days", "compare": "previous"},
    "by_fiscal_period": {"metrics": "revenue,revenue_yoy", "grain": "fiscal_period", "start": "2024-02-04", "end": "2024-05-04"},
    "growth": {"metrics": "sales_growth_rate", "period": "last_month"},
    "new_and_returning_by_quarter": {"metrics": "new_customers,returning_customers", "by": "channel", "grain": "quarter"},
    "churn_as_of_months": {"metrics": "churn_rate", "by": "country", "grain": "month", "period": "last_quarter"},
    "cohorts": {"metrics": "cohort_retention_rate", "by": "cohort,cohort_age"},
    "acquisition_cost": {"metrics": "customer_acquisition_cost", "by": "campaign_id"},
    "top_products_filtered": {
        "metrics": "revenue,gross_margin_rate", "by": "product", "where": ["category in (Lamps, Chairs)", "brand is null", "hour>=18"],
        "sort": "-gross_margin_rate", "limit": 10,
    },
    "shares_of_the_top": {"metrics": "product_contribution", "by": "category,product_id", "where": "product_id!=A", "limit": 3},
    "the_rest": {"metrics": "revenue,customers", "by": "country,channel", "grain": "month", "limit": 2, "others": True},
    "second_purchases": {"metrics": "second_purchase_rate", "by": "country", "period": "last_month", "compare": "previous"},
    "of_a_limited_user": {"metrics": "orders", "by": "weekday"},
}  # fmt: skip


def sql_of(name: str) -> str:
    calendar = SUNDAY if name == "by_week_from_sunday" else CALENDAR
    scope = Scope("limited", (("country", ("France", "Spain")),)) if name == "of_a_limited_user" else EVERYTHING
    question = resolve(ask_for(**QUESTIONS[name]), catalogue(), calendar, SPAN, SPAN.end)
    among = Among([("France", "web"), ("Spain", None)], others=True) if name == "the_rest" else None
    table = Compiler(catalogue(), calendar, scope).compile(question, among=among, limited=among is None).table
    return compiled(table) + "\n"


@pytest.mark.parametrize("name", QUESTIONS)
def test_the_sql_of_a_question_is_as_it_was(name: str) -> None:
    file = FILES / f"{name}.sql"
    if os.environ.get("RENEW"):
        file.write_text(sql_of(name), encoding="utf-8")
    assert sql_of(name) == file.read_text("utf-8"), (
        f"the SQL of {name} has changed: see the top of {Path(__file__).name}"
    )


def test_there_is_no_file_without_its_question() -> None:
    assert {file.stem for file in FILES.glob("*.sql")} == set(QUESTIONS)


def test_nothing_is_joined_when_a_question_is_asked() -> None:
    """Every measure is added up over its own relation; a join at question time is where figures double."""
    for name in QUESTIONS:
        joins = [line for line in sql_of(name).splitlines() if "JOIN" in line and "CROSS JOIN" not in line]
        assert joins == []
