"""The return desk: returns are begun, moved through their steps, inspected, paid back or exchanged, and land in the next release."""

from tillsight.returns_desk.desk import (
    BulkResult,
    Details,
    ExchangeItem,
    InspectedItem,
    QuantityError,
    RefundWanted,
    ReturnDesk,
    StepNotAllowedError,
    WantedItem,
    WindowClosedError,
    read_step,
)
from tillsight.returns_desk.flowing import flow
from tillsight.returns_desk.listing import SORTS, Listing, Wanted
from tillsight.returns_desk.measures import Measures
from tillsight.returns_desk.words import CONDITIONS, DISPOSITIONS, OUTCOME_TITLES, STATES, STEP_TITLES, tracking_status

__all__ = [
    "CONDITIONS",
    "DISPOSITIONS",
    "OUTCOME_TITLES",
    "SORTS",
    "STATES",
    "STEP_TITLES",
    "BulkResult",
    "Details",
    "ExchangeItem",
    "InspectedItem",
    "Listing",
    "Measures",
    "QuantityError",
    "RefundWanted",
    "ReturnDesk",
    "StepNotAllowedError",
    "Wanted",
    "WantedItem",
    "WindowClosedError",
    "flow",
    "read_step",
    "tracking_status",
]
