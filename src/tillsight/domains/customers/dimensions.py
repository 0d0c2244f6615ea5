"""The segment of a customer as something that numbers of orders and of returns can be cut by.

`segment` is the segment of the preset `five` that the customer is in on the last day with data, as `customers.segments` gives it
without a period; unknown for guests and for returns without a customer who ever ordered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from tillsight.domains.customers.relations import FACTS_SCHEMA
from tillsight.domains.customers.rules import DEFAULT, PRESETS
from tillsight.metrics.model import Dimension

if TYPE_CHECKING:
    import ibis.expr.types as ir


def segment(rows: ir.Table) -> ir.Value:
    """The segment of each row's customer. A key is looked up among the customers of each segment: no row is doubled, none is lost."""
    facts = ibis.table(dict(FACTS_SCHEMA), name="customer_facts")
    return ibis.cases(
        *(
            (rows.customer_key.isin(facts.filter(facts.segment == name).customer_key), ibis.literal(name))
            for name in PRESETS[DEFAULT].segments
        ),
        else_=ibis.null("string"),
    )


DIMENSIONS = (
    Dimension(
        "segment", "Customer segment",
        "Segment of the customer on the last day with data, by recency, frequency and monetary value; unknown for guests.",
        columns=("customer_key",), expression=segment,
    ),
)  # fmt: skip
