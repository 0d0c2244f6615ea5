"""The segment of a customer as something that numbers of orders and of returns can be cut by.

`segment` is the segment of the preset `five` that the customer is in on the last day with data, as `customers.segments` gives it
without a period; unknown for guests and for returns without a customer who ever ordered. It is worked out when asked, from one
row per customer, so a release has no copy of it that could be out of date.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from tillsight.domains.customers import rfm
from tillsight.domains.customers.relations import FACTS_SCHEMA
from tillsight.domains.customers.rules import DEFAULT, PRESETS
from tillsight.metrics.model import Dimension

if TYPE_CHECKING:
    import ibis.expr.types as ir


def segment(rows: ir.Table) -> ir.Value:
    """The segment of each row's customer. A key is looked up in the customers of each segment: no row is doubled, none is lost."""
    facts = ibis.table(dict(FACTS_SCHEMA), name="customer_facts")
    stood = facts.mutate(as_of=facts.last_day.max().over(ibis.window()))
    stood = rfm.scored(stood.mutate(days=stood.as_of.delta(stood.last_day, unit="day").cast("int64")))
    rules = PRESETS[DEFAULT]
    placed = stood.select("customer_key", segment=rules.segment_of(stood))
    cases = [
        (rows.customer_key.isin(placed.filter(placed.segment == name).customer_key), ibis.literal(name))
        for name in rules.segments
    ]
    return ibis.cases(*cases, else_=ibis.null("string"))


DIMENSIONS = (
    Dimension(
        "segment", "Customer segment",
        "Segment of the customer on the last day with data, by recency, frequency and monetary value; unknown for guests.",
        columns=("customer_key",), expression=segment,
    ),
)  # fmt: skip
