"""The tree of reasons for returns: one stable code per leaf, and two views of it.

Groups are the six of 001 §3.2 (product quality, size and fit, wrong product, changed mind, delivery, other); families the three
of 000 §1 (size, style, quality), which has none for the rest. What a reason is (one of size, a defect, a wrong item) is a
property of its leaf, never a match of text. A source's own words are read as a leaf by its code, its title or a synonym, whatever
their case and punctuation; other words are the leaf `other`, and no words are no reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import ibis

if TYPE_CHECKING:
    import ibis.expr.types as ir

GROUPS = {
    "product_quality": "Product quality",
    "size_and_fit": "Size and fit",
    "wrong_product": "Wrong product",
    "changed_mind": "Changed mind",
    "delivery": "Delivery",
    "other": "Other",
}
FAMILIES = {"size": "Size", "style": "Style", "quality": "Quality"}


RUNS_SMALL = ("too_small", "band_too_tight", "cup_too_small")
RUNS_LARGE = ("too_large", "band_too_loose", "cup_too_large")


@dataclass(frozen=True)
class Reason:
    """A leaf: its code, title, group and family (None where 000 has none), and what it is."""

    code: str
    title: str
    group: str
    family: str | None = None
    synonyms: tuple[str, ...] = ()
    is_defect: bool = False
    is_wrong_item: bool = False

    @property
    def is_size(self) -> bool:
        """A reason of size or fit, of either view."""
        return self.group == "size_and_fit"

    @property
    def fit(self) -> str | None:
        """What it says of the goods: they run `small` or `large`; None where it says neither."""
        return "small" if self.code in RUNS_SMALL else "large" if self.code in RUNS_LARGE else None


REASONS = (
    Reason(
        "manufacturing_defect",
        "Manufacturing defect",
        "product_quality",
        "quality",
        ("defective", "defect", "faulty", "defective damaged"),
        is_defect=True,
    ),
    Reason(
        "stopped_working",
        "Stopped working",
        "product_quality",
        "quality",
        ("does not work", "not working", "broken"),
        is_defect=True,
    ),
    Reason(
        "damaged_on_arrival",
        "Damaged on arrival",
        "product_quality",
        "quality",
        ("damage on arrival", "damaged", "arrived damaged"),
        is_defect=True,
    ),
    Reason(
        "material_quality", "Material quality", "product_quality", "quality", ("poor quality", "bad quality", "quality")
    ),
    Reason("wear_after_use", "Wear after use", "product_quality", "quality", ("worn out", "fell apart")),
    Reason("not_as_described", "Not as described", "product_quality", None, ("does not match description",)),
    Reason("too_small", "Too small", "size_and_fit", "size", ("small", "runs small")),
    Reason("too_large", "Too large", "size_and_fit", "size", ("too big", "large", "runs large")),
    Reason("band_too_tight", "Band too tight", "size_and_fit", "size"),
    Reason("band_too_loose", "Band too loose", "size_and_fit", "size"),
    Reason("cup_too_small", "Cup too small", "size_and_fit", "size"),
    Reason("cup_too_large", "Cup too large", "size_and_fit", "size"),
    Reason("wrong_size_ordered", "Wrong size ordered", "size_and_fit", "size", ("ordered wrong size", "size")),
    Reason(
        "fit_not_as_expected",
        "Fit not as expected",
        "size_and_fit",
        "size",
        ("doesn t fit as expected", "does not fit", "doesn t fit", "fit", "poor fit"),
    ),
    Reason(
        "wrong_item",
        "Wrong item shipped",
        "wrong_product",
        None,
        ("wrong item sent", "wrong product", "received wrong item"),
        is_wrong_item=True,
    ),
    Reason("wrong_colour", "Wrong colour shipped", "wrong_product", None, ("wrong color",), is_wrong_item=True),
    Reason("wrong_model", "Wrong model shipped", "wrong_product", None, (), is_wrong_item=True),
    Reason("colour_not_as_expected", "Colour not as expected", "product_quality", "style", ("color not as expected",)),
    Reason(
        "style_different",
        "Style different from the photos",
        "product_quality",
        "style",
        ("style different from photos", "style"),
    ),
    Reason("material_concerns", "Material concerns", "product_quality", "style"),
    Reason("design_preferences", "Design preferences", "changed_mind", "style", ("design preference",)),
    Reason(
        "no_longer_needed", "No longer needed", "changed_mind", None, ("changed mind", "change of mind", "not needed")
    ),
    Reason("found_better_price", "Found better price", "changed_mind", None, ("better price",)),
    Reason("ordered_by_mistake", "Ordered by mistake", "changed_mind", None, ("mistake",)),
    Reason("impulse_buy_regret", "Impulse buy regret", "changed_mind"),
    Reason("late_delivery", "Late delivery", "delivery", None, ("arrived late", "late")),
    Reason("package_damaged", "Package damaged", "delivery"),
    Reason("lost_in_transit", "Lost in transit", "delivery", None, ("lost",)),
    Reason("other", "Other", "other"),
)


def plain(text: str) -> str:
    """Words without case and punctuation: `Doesn't fit!` is `doesn t fit`."""
    return re.sub(r"[^a-z0-9]+", " ", text.lower()).strip()


def _words() -> dict[str, list[str]]:
    """What each leaf may be called."""
    found = {
        reason.code: sorted({plain(reason.code), plain(reason.title), *map(plain, reason.synonyms)})
        for reason in REASONS
    }
    every = [word for words in found.values() for word in words]
    twice = {word for word in every if every.count(word) > 1}
    if twice:
        raise ValueError(f"words of two reasons: {sorted(twice)}")
    return found


WORDS = _words()


FATES = {
    "damaged_stock": ["damaged return", "damaged stock"],
    "returned_to_supplier": ["supplier return", "returns to supplier", "returned to supplier", "return to supplier"],
}
"""What 002 calls reasons says what became of the goods: such words are a disposition, and no reason."""


def plainly(text: ir.StringValue) -> ir.StringValue:
    """The words of a text as `plain` leaves them; null where there are none."""
    return text.lower().re_replace(r"[^a-z0-9]+", " ").strip().nullif("")


def fate(*words: ir.StringValue) -> ir.StringValue:
    """The disposition that the first of some plain words name; null where none do."""
    return ibis.coalesce(*(_named(text, FATES) for text in words))


def leaf(said: ir.BooleanValue, *words: ir.StringValue) -> ir.StringValue:
    """The code of the first plain words that are a leaf's; `other` where something else was said; null where nothing was."""
    found = [_named(text, WORDS) for text in words]
    return ibis.coalesce(*found, ibis.ifelse(said, ibis.literal("other"), ibis.null("string")))


def _named(text: ir.StringValue, words: dict[str, list[str]]) -> ir.StringValue:
    return ibis.cases(*((text.isin(words[name]), ibis.literal(name)) for name in words), else_=ibis.null("string"))


def titled(code: ir.StringValue, of: Callable[[Reason], str | None]) -> ir.StringValue:
    """A property of each leaf as words; null for no reason and for a leaf without it."""
    by_value: dict[str, list[str]] = {}
    for reason in REASONS:
        if (value := of(reason)) is not None:
            by_value.setdefault(value, []).append(reason.code)
    branches = [(code.isin(codes), ibis.literal(value)) for value, codes in by_value.items()]
    return ibis.cases(*branches, else_=ibis.null("string"))


def having(code: ir.StringValue, of: Callable[[Reason], bool]) -> ir.BooleanValue:
    """Whether the leaf has a property; false for no reason."""
    return code.isin([reason.code for reason in REASONS if of(reason)]).fill_null(False)
