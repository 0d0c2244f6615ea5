"""The catalogue, filled by every domain: the one place that knows all of them."""

from __future__ import annotations

from functools import cache

from tillsight.metrics.model import Catalogue


@cache
def catalogue() -> Catalogue:
    """Everything that can be asked. Built once for each process."""
    from tillsight.domains.customers import campaigns as customer_campaigns
    from tillsight.domains.customers import churn as customer_churn
    from tillsight.domains.customers import cohorts as customer_cohorts
    from tillsight.domains.customers import dimensions as customer_dimensions
    from tillsight.domains.customers import metrics as customer_metrics
    from tillsight.domains.customers import people as customer_people
    from tillsight.domains.customers import relations as customer_relations
    from tillsight.domains.customers import segment_analyses
    from tillsight.domains.customers import shifts as customer_shifts
    from tillsight.domains.customers import value_analyses as customer_value
    from tillsight.domains.goals import analyses as goal_analyses
    from tillsight.domains.returns import declared as return_analyses
    from tillsight.domains.returns import metrics as return_metrics
    from tillsight.domains.returns import relations as return_relations
    from tillsight.domains.sales import analyses as sales_analyses
    from tillsight.domains.sales import baskets as sales_baskets
    from tillsight.domains.sales import forecasts as sales_forecasts
    from tillsight.domains.sales import insights as sales_insights
    from tillsight.domains.sales import launches as sales_launches
    from tillsight.domains.sales import life_cycle as sales_life_cycle
    from tillsight.domains.sales import metrics as sales_metrics
    from tillsight.domains.sales import places as sales_places
    from tillsight.domains.sales import products as sales_products
    from tillsight.domains.sales import relations as sales_relations
    from tillsight.domains.sales import reports as sales_reports
    from tillsight.metrics import why
    from tillsight.metrics.dimensions import DIMENSIONS

    result = Catalogue()
    result.add((*DIMENSIONS, *customer_dimensions.DIMENSIONS))
    for relations in (sales_relations, customer_relations, return_relations):
        result.add(relations.RELATIONS)
    for metrics in (sales_metrics, customer_metrics, return_metrics):
        result.add(metrics.MEASURES)
        result.add(metrics.METRICS)
    for rolled_up in (sales_relations, customer_relations, return_relations):
        result.add(rolled_up.ROLLUPS)
    for analyses in (
        sales_analyses,
        sales_insights,
        sales_products,
        sales_launches,
        sales_life_cycle,
        sales_baskets,
        sales_places,
    ):
        result.add(analyses.ANALYSES)
    result.add(sales_forecasts.ANALYSES)
    result.add(sales_reports.ANALYSES)
    result.add(customer_value.ANALYSES)
    result.add(return_analyses.ANALYSES)
    result.add(segment_analyses.ANALYSES)
    result.add(customer_cohorts.ANALYSES)
    result.add(customer_people.ANALYSES)
    result.add(customer_campaigns.ANALYSES)
    result.add(customer_churn.ANALYSES)
    result.add(customer_shifts.ANALYSES)
    result.add(goal_analyses.ANALYSES)
    result.add(why.ANALYSES)
    result.check()
    return result
