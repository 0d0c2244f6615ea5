"""Which metrics sum over days: what a forecast can be made of, and a goal be set for."""

from __future__ import annotations

from tillsight.core.errors import QuestionError
from tillsight.metrics.model import Metric

ON_ONE_DAY = ("orders", "new_customers")
"""Distinct counts that sum over days, because whatever they count falls on one day."""


def check_sums(metric: Metric, purpose: str) -> None:
    """Raises QuestionError for a metric that does not sum over days. `purpose`: what it was asked for, such as `forecast`."""
    if "day" not in metric.grains or (metric.total != "additive" and metric.name not in ON_ONE_DAY):
        raise QuestionError(
            f"{metric.title} does not sum over days, so there is no {purpose} of it; ask for what it is made of, such as "
            "revenue, orders or units_sold.",
            field="metric",
            value=metric.name,
        )
