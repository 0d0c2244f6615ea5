"""The KPIs of the segment specification (000 §2) as named SQL views over the tables of a release.

`customer_segments`      one row per rule set and customer: scores and segment on the last day with data
`kpi_new_customers`      per rule set, segment and month: customers who ordered, and those for the first time ever
`kpi_acquisition_cost`   per rule set and segment: marketing spend given to it (see `acquisition`), new customers, cost of one
`kpi_retention_30d`, `kpi_repeat_purchase`, `kpi_return_rate`, `kpi_order_value`, `kpi_lifetime_value`
                         per rule set and segment, over all days
`kpi_size_satisfaction`  per rule set, segment and size: orders with something of that size, and those returned for it

Columns are called as in 000, after `rules`, the rule set. Rates are in percent, rounded to two places; amounts are in the reporting
currency. A customer is in one segment, that of the last day. The SQL is DuckDB's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import ibis

from tillsight.core.periods import Period
from tillsight.domains.customers import acquisition, rfm
from tillsight.domains.customers.relations import KEPT_DAYS
from tillsight.domains.customers.rules import PRESETS, RuleSet, read
from tillsight.metrics.ask import Asker
from tillsight.metrics.shaping import MONEY
from tillsight.tables.registry import TABLES
from tillsight.tables.schema import Type
from tillsight.warehouse.duck import compiled, definitions, quoted

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from tillsight.warehouse.engine import StoredTable

SEGMENTS = "customer_segments"
_SCHEMA = {
    "rules": "string", "shop_id": "string", "customer_key": "int64", "customer_id": "string", "segment": "string",
    "r": "int64", "f": "int64", "m": "int64", "days": "int64", "orders": "int64", "revenue": MONEY, "first_day": "date", "last_day": "date",
}  # fmt: skip


@dataclass(frozen=True)
class View:
    """A named query. `needs`: tables of the release that it reads, besides other views."""

    name: str
    title: str
    needs: tuple[str, ...]
    sql: str


def views(asker: Asker) -> list[View]:
    """The views of a release, each after those that it reads; without those whose tables have no rows yet."""
    made = [
        View(SEGMENTS, "Segment of each customer", ("customer_events",), compiled(_segments(asker))),
        View("kpi_new_customers", "New customer rate", ("customer_events",), _NEW_CUSTOMERS),
        View(
            "kpi_acquisition_cost",
            "Customer acquisition cost",
            ("customer_events", "order_facts", acquisition.RELATION),
            compiled(_acquisition_cost(asker)),
        ),
        View("kpi_retention_30d", "30-day retention rate", ("customer_events",), _RETENTION),
        View("kpi_repeat_purchase", "Repeat purchase rate", ("customer_events",), _REPEAT),
        View("kpi_return_rate", "Return rate", ("customer_events", "returned_items"), _RETURNS),
        View("kpi_size_satisfaction", "Size satisfaction", ("customer_events", "returned_items", "sales"), _SIZES),
        View("kpi_order_value", "Average order value", ("customer_events",), _ORDER_VALUE),
        View("kpi_lifetime_value", "Customer lifetime value", ("customer_events",), _LIFETIME_VALUE),
    ]
    return [view for view in made if not set(view.needs) & set(asker.release.missing)]


def script(given: Iterable[View], tables: Iterable[StoredTable]) -> Iterator[str]:
    """Statements with which any DuckDB has the tables that views read, over the files of the release, and the views."""
    given = list(given)
    read_here = {name for view in given for name in view.needs} | {"campaign_members"}
    files = [table for table in tables if table.name in read_here]
    empty: dict[str, dict[str, Type]] = {
        "campaign_members": {column.name: column.type for column in TABLES["campaign_members"].columns}
    }
    yield from definitions(files, empty)
    for view in given:
        yield f"CREATE VIEW {quoted(view.name)} AS\n{view.sql}"


def _rule_sets(asker: Asker) -> list[tuple[str, RuleSet]]:
    own = asker.release.segments
    return [*PRESETS.items(), *((item.name, read(item.rules)) for item in (own.all() if own else ()))]


def _segments(asker: Asker) -> ir.Table:
    rows = rfm.scored(rfm.standing(rfm.all_orders(asker), [asker.release.span.end]))
    parts = [
        rows.mutate(segment=rules.segment_of(rows), rules=ibis.literal(name)).select(*_SCHEMA)
        for name, rules in _rule_sets(asker)
    ]
    return ibis.union(*parts) if len(parts) > 1 else parts[0]


def _acquisition_cost(asker: Asker) -> ir.Table:
    span = asker.release.span
    everybody = ibis.table(_SCHEMA, name=SEGMENTS)
    spent = [
        acquisition.spend_of_segments(
            asker, Period(span.start, span.end), everybody.filter(everybody.rules == name)
        ).mutate(rules=ibis.literal(name))
        for name, _ in _rule_sets(asker)
    ]
    given = ibis.union(*spent) if len(spent) > 1 else spent[0]
    sizes = everybody.group_by("rules", "segment").agg(new_customers=everybody.count())
    both = sizes.left_join(given, ["rules", "segment"])
    return both.select(
        "rules",
        "segment",
        total_spend=both.spend.round(2),
        new_customers=both.new_customers,
        cac=(both.spend / both.new_customers).round(2),
    ).order_by("rules", "segment")


_NEW_CUSTOMERS = """SELECT s.rules, s.segment, CAST(date_trunc('month', e.day) AS DATE) AS month,
       COUNT(DISTINCT CASE WHEN e.customers = 1 THEN e.customer_key END) AS new_customers,
       COUNT(DISTINCT e.customer_key) AS total_customers,
       ROUND(100.0 * COUNT(DISTINCT CASE WHEN e.customers = 1 THEN e.customer_key END) / COUNT(DISTINCT e.customer_key), 2)
         AS new_customer_rate
FROM customer_events AS e JOIN customer_segments AS s USING (customer_key)
WHERE e.orders = 1
GROUP BY s.rules, s.segment, month
ORDER BY s.rules, s.segment, month"""

_RETENTION = f"""SELECT rules, segment, COUNT(*) AS cohort_size,
       COUNT(CASE WHEN last_day - first_day >= {KEPT_DAYS} THEN 1 END) AS retained,
       ROUND(100.0 * COUNT(CASE WHEN last_day - first_day >= {KEPT_DAYS} THEN 1 END) / COUNT(*), 2) AS retention_rate
FROM customer_segments
GROUP BY rules, segment
ORDER BY rules, segment"""

_REPEAT = """SELECT rules, segment, COUNT(*) AS customers,
       COUNT(CASE WHEN orders > 1 THEN 1 END) AS repeat_customers,
       ROUND(100.0 * COUNT(CASE WHEN orders > 1 THEN 1 END) / COUNT(*), 2) AS repeat_rate
FROM customer_segments
GROUP BY rules, segment
ORDER BY rules, segment"""

_RETURNS = """SELECT s.rules, s.segment, CAST(SUM(s.orders) AS BIGINT) AS orders,
       CAST(COALESCE(SUM(r.returns), 0) AS BIGINT) AS returns,
       ROUND(100.0 * COALESCE(SUM(r.returns), 0) / SUM(s.orders), 2) AS return_rate
FROM customer_segments AS s
LEFT JOIN (
  SELECT customer_key, COUNT(DISTINCT order_key) AS returns
  FROM returned_items
  WHERE customer_order_number IS NOT NULL
  GROUP BY customer_key
) AS r USING (customer_key)
GROUP BY s.rules, s.segment
ORDER BY s.rules, s.segment"""

_SIZES = """SELECT s.rules, s.segment, sold.size, COUNT(*) AS orders, COUNT(back.order_key) AS size_issues,
       ROUND(100.0 * COUNT(back.order_key) / COUNT(*), 2) AS size_issue_rate
FROM (
  SELECT DISTINCT order_key, customer_key, size
  FROM sales
  WHERE kind = 'sale' AND NOT is_cancelled AND customer_order_number IS NOT NULL AND size IS NOT NULL
) AS sold
JOIN customer_segments AS s USING (customer_key)
LEFT JOIN (SELECT DISTINCT order_key, size FROM returned_items WHERE is_size_reason) AS back USING (order_key, size)
GROUP BY s.rules, s.segment, sold.size
ORDER BY s.rules, s.segment, sold.size"""

_ORDER_VALUE = """SELECT rules, segment, CAST(SUM(orders) AS BIGINT) AS orders, ROUND(SUM(revenue), 2) AS revenue,
       ROUND(CAST(SUM(revenue) AS DOUBLE) / SUM(orders), 2) AS aov
FROM customer_segments
GROUP BY rules, segment
ORDER BY rules, segment"""

_LIFETIME_VALUE = """SELECT rules, segment, COUNT(*) AS customers, ROUND(SUM(revenue), 2) AS total_revenue,
       ROUND(CAST(SUM(revenue) AS DOUBLE) / COUNT(*), 2) AS clv
FROM customer_segments
GROUP BY rules, segment
ORDER BY rules, segment"""
