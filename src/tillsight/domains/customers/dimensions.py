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
    """The segment of each row's customer. A key is looked up among the customers: no row is doubled, none is lost.

    The places of the segments, from 1, are looked up bit by bit: a lookup for each bit is fewer than one for each segment.
    """
    facts = ibis.table(dict(FACTS_SCHEMA), name="customer_facts")
    places = dict(enumerate(PRESETS[DEFAULT].segments, start=1))
    place: ir.IntegerValue = ibis.literal(0, "int64")
    for bit in (1 << shift for shift in range(len(places).bit_length())):
        held = facts.filter(facts.segment.isin([name for index, name in places.items() if index & bit]))
        place = place + rows.customer_key.isin(held.customer_key).fill_null(False).cast("int64") * bit
    return ibis.cases(
        *((place == index, ibis.literal(name)) for index, name in places.items()), else_=ibis.null("string")
    )


DIMENSIONS = (
    Dimension(
        "segment", "Customer segment",
        "Segment of the customer on the last day with data, by recency, frequency and monetary value; unknown for guests.",
        columns=("customer_key",), expression=segment,
    ),
)  # fmt: skip
