"""The catalogue holds the specified metrics, says of each how it totals, and its arithmetic does as it says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tillsight.core.errors import NotFoundError
from tillsight.core.periods import GRAINS
from tillsight.domains.registry import catalogue
from tillsight.metrics.model import CALENDAR, TOTALS, Catalogue, Dimension, Measure, Metric, Part, Relation, Term, plain
from tillsight.metrics.reference import render

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "metrics.md"

# name | title | domain | unit | better | total: as specified
SPECIFIED = """
gross_sales | Gross sales | sales | money | up | additive
discounts | Discounts | sales | money | | additive
returned_sales | Returns | sales | money | down | additive
net_sales | Net sales | sales | money | up | additive
taxes | Taxes | sales | money | | additive
shipping_charges | Shipping charges | sales | money | | additive
total_sales | Total sales | sales | money | up | additive
revenue | Total revenue | sales | money | up | additive
cost_of_goods_sold | Cost of goods sold | sales | money | | additive
gross_profit | Gross profit | sales | money | up | additive
gross_margin_rate | Gross margin % | sales | percent | up | ratio
cost_coverage_rate | Cost coverage | sales | percent | up | ratio
orders | Orders | sales | count | up | distinct
units_sold | Units sold | sales | units | up | additive
items_per_order | Items per order | sales | ratio | up | ratio
average_order_value | Average order value | sales | money | up | ratio
revenue_per_customer | Revenue per customer | sales | money | up | ratio
sales_growth_rate | Sales growth | sales | percent | up | period offset
revenue_yoy | Year-over-year growth | sales | percent | up | period offset
product_contribution | Product contribution % | sales | percent | | share of parent
product_velocity | Product velocity | sales | units/day | up | per day
cross_sell_rate | Cross-sell rate | sales | percent | up | ratio
discount_rate | Discount rate | sales | percent | down | ratio
cancellation_rate | Cancellation rate | sales | percent | down | ratio
customers | Customers | customers | count | up | distinct
new_customers | New customers | customers | count | up | distinct
returning_customers | Returning customers | customers | count | up | distinct
new_customer_rate | New customer rate | customers | percent | | ratio
repeat_purchase_rate | Repeat purchase rate | customers | percent | up | as of
retention_rate_30d | 30-day retention | customers | percent | up | as of
cohort_retention_rate | Cohort retention | customers | percent | up | cohort
churn_rate | Churn rate | customers | percent | down | as of
active_members | Active members | customers | count | up | trailing distinct
second_purchase_rate | Second purchase rate | customers | percent | up | cohort
purchase_frequency | Purchase frequency | customers | ratio | up | as of
customer_lifespan | Customer lifespan | customers | days | up | mean
clv_historic | Customer lifetime value (historic) | customers | money | up | as of
clv_formula | Customer lifetime value (formula) | customers | money | up | as of
marketing_spend | Marketing spend | customers | money | | additive
customer_acquisition_cost | Customer acquisition cost | customers | money | down | ratio
"""
# Of these two domains, the reactivation rate waits for segments and the predicted lifetime value for its model.


def specified() -> Iterator[tuple[str, ...]]:
    for row in SPECIFIED.strip().splitlines():
        yield tuple(cell.strip() for cell in row.split("|"))


def test_the_metrics_are_those_that_are_specified() -> None:
    found = {
        (metric.name, metric.title, metric.domain, metric.unit, metric.better, metric.total)
        for metric in catalogue().metrics.values()
        if metric.domain in ("sales", "customers")
    }
    assert found == set(specified())


@pytest.mark.parametrize("metric", catalogue().metrics.values(), ids=lambda metric: metric.name)
def test_the_arithmetic_is_of_the_kind_that_is_declared(metric: Metric) -> None:
    """An additive metric is a sum of measures that add up; a ratio divides; a share divides by its parent; and so on."""
    known = catalogue()
    whens = {part.when for part in metric.parts}
    summed = not any(term.bottom for term in metric.terms)
    measures = [known.measures[part.measure] for part in metric.parts if part.measure not in CALENDAR]
    assert metric.total in TOTALS
    if metric.total == "additive":
        assert summed
        assert all(measure.adds for measure in measures)
        assert whens == {"period"}
    elif metric.total == "distinct":
        assert summed
        assert not any(measure.adds for measure in measures)
    elif metric.total == "trailing distinct":
        assert summed
        assert whens == {"to date"}
    else:
        assert not summed
    expected = {
        "ratio": {"period"}, "share of parent": {"period", "parent"}, "as of": {"to date"}, "mean": {"to date", "period"},
    }  # fmt: skip
    assert whens - {"period"} <= expected.get(metric.total, whens)
    if metric.total in expected:
        assert whens - {part.when for part in metric.parts if part.measure in CALENDAR} <= expected[metric.total]
    if metric.total == "period offset":
        assert whens & {"previous", "last year"}
    if metric.total == "per day":
        assert any(part.measure in CALENDAR for part in metric.parts)
    assert metric.formula
    assert metric.basis
    assert metric.source
    assert set(metric.grains) <= set(GRAINS)
    assert known.dimensions_of(metric), "it can be cut by something"


def test_every_dimension_of_a_relation_is_a_column_or_is_made_of_columns() -> None:
    catalogue().check()
    for relation in catalogue().relations.values():
        assert relation.time is None or relation.schema[relation.time] == "date"
        assert set(relation.columns_shown) <= set(relation.schema)


def test_a_near_name_is_suggested() -> None:
    with pytest.raises(NotFoundError, match=r"There is no metric 'net_sale'\. Did you mean net_sales"):
        catalogue().metric("net_sale")
    with pytest.raises(NotFoundError, match=r"no analysis 'sales\.headlin'\. Did you mean sales\.headline"):
        catalogue().analysis("sales.headlin")
    with pytest.raises(NotFoundError, match=r"There is no dimension 'zzzzzz'\.$") as caught:
        catalogue().dimension("zzzzzz")
    assert caught.value.details == {"field": "dimension", "value": "zzzzzz"}


def declared(*items: object) -> Catalogue:
    made = Catalogue()
    made.add(items)  # type: ignore[arg-type]
    return made


def relation(dimensions: tuple[str, ...] = ()) -> Relation:
    return Relation("r", "R", "sales", "a row", (), lambda inputs: inputs.tables["x"], {"day": "date"}, dimensions, ())


def test_a_declaration_that_does_not_fit_is_found_at_start() -> None:
    colour = Dimension("colour", "Colour", "Its colour.")
    measure = Measure("m", "M", "r", "money", lambda rows, _: rows.day.max())
    metric = Metric("k", "K", "sales", "money", "up", "f", "additive", "s", "b", plain("missing"))
    with pytest.raises(ValueError, match="colour is declared twice"):
        declared(colour, colour)
    with pytest.raises(ValueError, match=r"r cannot be cut by colour: no column \['colour'\]"):
        declared(colour, relation(("colour",))).check()
    with pytest.raises(ValueError, match="measure m is over an unknown relation r"):
        declared(measure).check()
    with pytest.raises(ValueError, match="metric k uses an unknown measure missing"):
        declared(relation(), measure, metric).check()


def test_parts_are_listed_once_each() -> None:
    metric = Metric(
        "k",
        "K",
        "sales",
        "percent",
        "",
        "f",
        "ratio",
        "s",
        "b",
        (Term((Part("a"), Part("b", weight=-1)), (Part("a"),)),),
    )
    assert [part.measure for part in metric.parts] == ["a", "b"]


def test_the_reference_page_is_as_the_catalogue_says() -> None:
    assert PAGE.read_text("utf-8") == render(catalogue()), "run make docs"
    page = render(catalogue())
    for name in (*catalogue().metrics, *catalogue().dimensions, *catalogue().analyses):
        assert f"`{name}`" in page
