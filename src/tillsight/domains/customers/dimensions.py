"""The segment of a customer as something that numbers of orders and of returns can be cut by.

`segment` is the segment of the preset `five` that the customer is in on the last day with data, as `customers.segments` gives it
without a period; unknown for guests and for returns without a customer who ever ordered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from tillsight.domains.customers.relations import SEGMENTS_SCHEMA
from tillsight.metrics.model import Dimension

if TYPE_CHECKING:
    import ibis.expr.types as ir


def _segments() -> ir.Table:
    return ibis.table(dict(SEGMENTS_SCHEMA), name="customer_segments")


DIMENSIONS = (
    Dimension(
        "segment", "Customer segment",
        "Segment of the customer on the last day with data, by recency, frequency and monetary value; unknown for guests.",
        columns=("customer_key",), lookup=_segments,
    ),
)  # fmt: skip
