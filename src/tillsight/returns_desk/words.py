"""What the return desk calls things: steps and what may follow them, states, outcomes, dispositions, and the actions of a return.

The seven steps are those of the tracking record (000); the four states those of the returns of 001. A step leads to the next one
alone. A return may be rejected from any step up to the inspection, and cancelled while it is initiated. Where the customer keeps
the item nothing travels: such a return is looked at (photos, words) right after it is initiated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from tillsight.database.returns_desk import DeskOutcome, DeskStep
from tillsight.domains.returns.reasons import REASONS, Reason

STEPS: tuple[DeskStep, ...] = get_args(DeskStep)
OUTCOMES: tuple[DeskOutcome, ...] = get_args(DeskOutcome)
BY_CODE: dict[str, Reason] = {reason.code: reason for reason in REASONS}
"""The leaves of the tree of reasons."""
STEP_TITLES: dict[str, str] = {
    "initiated": "Initiated",
    "return_label_generated": "Return label generated",
    "in_transit": "In transit",
    "received": "Received",
    "inspected": "Inspected",
    "refunded": "Refunded",
    "exchanged": "Exchanged",
    "completed": "Completed",
    "rejected": "Rejected",
    "cancelled": "Cancelled",
}
TRACKING_TITLES: dict[str, str] = {"return_label_generated": "Return Label Generated", "in_transit": "In Transit"}
"""Steps that the tracking record spells otherwise than their title."""
STATES: dict[str, str] = {
    "initiated": "pending",
    "return_label_generated": "pending",
    "in_transit": "approved",
    "received": "approved",
    "inspected": "approved",
    "refunded": "completed",
    "exchanged": "completed",
    "completed": "completed",
    "rejected": "rejected",
    "cancelled": "rejected",
}
CLOSED: tuple[DeskStep, ...] = ("completed", "rejected", "cancelled")
GIVEN_UP: tuple[DeskStep, ...] = ("rejected", "cancelled")
"""Steps after which the goods count as not returned."""
OUTCOME_TITLES: dict[str, str] = {
    "refund": "Refund",
    "exchange": "Exchange",
    "store_credit": "Store credit",
    "keep_item": "Refund, customer keeps the item",
}
DISPOSITIONS: dict[str, str] = {
    "restocked": "Back on the shelf",
    "refurbished": "Refurbish",
    "damaged_stock": "Damaged stock",
    "returned_to_supplier": "Back to the supplier",
    "scrapped": "Scrap",
    "kept_by_customer": "Kept by the customer",
}
CONDITIONS: dict[int, str] = {
    5: "As new",
    4: "Opened, complete",
    3: "Used",
    2: "Damaged",
    1: "Beyond repair",
}
RECEIVED_AS: dict[int, str] = {5: "new", 4: "opened", 3: "opened", 2: "damaged", 1: "defective"}
"""The condition in the words of the returns of 001, for each rating; a defect is said by the reason."""
_NEXT: dict[str, tuple[DeskStep, ...]] = {
    "initiated": ("return_label_generated", "rejected", "cancelled"),
    "return_label_generated": ("in_transit", "rejected"),
    "in_transit": ("received", "rejected"),
    "received": ("inspected", "rejected"),
    "inspected": ("refunded", "exchanged", "rejected"),
    "refunded": ("completed",),
    "exchanged": ("completed",),
}


@dataclass(frozen=True)
class Action:
    """Something that can be done with a return now. `step`: where it leads."""

    step: DeskStep
    title: str


_ACTIONS: dict[str, str] = {
    "return_label_generated": "Make the label",
    "in_transit": "Parcel is on its way",
    "received": "Parcel has arrived",
    "inspected": "Inspect",
    "refunded": "Give the money back",
    "exchanged": "Send the exchange",
    "completed": "Close the return",
    "rejected": "Reject",
    "cancelled": "Cancel",
}


def allowed(step: str, outcome: str) -> tuple[DeskStep, ...]:
    """The steps that may follow. The one that the wanted outcome leads to comes first."""
    if step == "initiated" and outcome == "keep_item":
        return ("inspected", "rejected", "cancelled")
    if step == "inspected" and outcome == "exchange":
        return ("exchanged", "refunded", "rejected")
    return _NEXT.get(step, ())


def actions(step: str, outcome: str) -> list[Action]:
    """What can be done now, the usual first."""
    return [Action(following, _ACTIONS[following]) for following in allowed(step, outcome)]


def tracking_status(step: str) -> str:
    """A step as the tracking record of 000 spells it."""
    return TRACKING_TITLES.get(step, STEP_TITLES[step])
