"""Rules of segments: an ordered list, the first that matches wins, and who matches none belongs to the rest, which has a name.

A rule bounds some of what is known of a customer on a day (`FIELDS`); both ends of a bound belong to it, and an end that is
not given is open. Presets: `five` (the five segments of the sales specification), `classic` (the eleven of the field) and
`olist` (for shops where nearly all buy once).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import ibis

from tillsight.core.errors import QuestionError

if TYPE_CHECKING:
    import ibis.expr.types as ir

MOST_RULES = 30
LONGEST_NAME = 60
_NAME = re.compile(r"^[a-z][a-z0-9_]{0,59}$")


@dataclass(frozen=True)
class Field:
    """Something that a rule can bound. `low`, `high`: the values that it can have."""

    name: str
    title: str
    description: str
    low: float = 0
    high: float | None = None
    step: float = 1


FIELDS: dict[str, Field] = {
    field.name: field
    for field in (
        Field("r", "R", "Score of the last order: 5 is the most recent fifth.", 1, 5),
        Field("f", "F", "Score of the number of orders: 5 is the fifth with the most.", 1, 5),
        Field("m", "M", "Score of the revenue: 5 is the fifth with the most.", 1, 5),
        Field("fm", "FM", "Mean of F and M.", 1, 5, 0.5),
        Field("days", "Days since the last order", "Whole days from the last order to the day of the scores."),
        Field("orders", "Orders", "Orders up to the day.", 1),
        Field("revenue", "Revenue", "Revenue up to the day, in the reporting currency.", float("-inf"), step=0.01),
    )
}

Bounds = tuple[float | None, float | None]


@dataclass(frozen=True)
class Rule:
    """One segment: its name, and the bounds that a customer of it keeps."""

    name: str
    bounds: Mapping[str, Bounds]

    def matches(self, rows: ir.Table) -> ir.BooleanValue:
        """The condition over a table that has the fields as columns."""
        parts: list[ir.BooleanValue] = []
        for field, (least, most) in self.bounds.items():
            if least is not None:
                parts.append(rows[field] >= least)
            if most is not None:
                parts.append(rows[field] <= most)
        return ibis.and_(*parts)

    def in_words(self) -> str:
        """`R ≥ 4, orders = 1, days ≤ 90`."""
        words = []
        for field, (least, most) in self.bounds.items():
            title = FIELDS[field].title if len(field) <= 2 else field
            if least is not None and most is not None:
                words.append(f"{title} = {least:g}" if least == most else f"{title} {least:g} to {most:g}")
            else:
                words.append(f"{title} ≥ {least:g}" if least is not None else f"{title} ≤ {most:g}")
        return ", ".join(words)


@dataclass(frozen=True)
class RuleSet:
    """Rules in their order, and the name of the rest. `own`: made in this shop, so it can be changed."""

    name: str
    title: str
    rules: tuple[Rule, ...]
    rest: str
    own: bool = False

    @property
    def segments(self) -> tuple[str, ...]:
        """Every segment in order, the rest last."""
        return (*(rule.name for rule in self.rules), self.rest)

    def segment_of(self, rows: ir.Table) -> ir.StringValue:
        """The segment as an expression over a table that has the fields as columns."""
        return ibis.cases(*((rule.matches(rows), rule.name) for rule in self.rules), else_=self.rest)

    def place_of(self, rows: ir.Table) -> ir.IntegerValue:
        """The place of the segment in the order, from 0."""
        return ibis.cases(
            *((rule.matches(rows), index) for index, rule in enumerate(self.rules)), else_=len(self.rules)
        ).cast("int64")

    def meaning(self, segment: str) -> str:
        """The rule of a segment in words."""
        return next((rule.in_words() for rule in self.rules if rule.name == segment), "everybody else")

    def to_dict(self) -> dict[str, Any]:
        """As it is kept and sent."""
        return {
            "name": self.name,
            "title": self.title,
            "own": self.own,
            "rest": self.rest,
            "rules": [
                {
                    "name": rule.name,
                    "bounds": {field: {"min": low, "max": high} for field, (low, high) in rule.bounds.items()},
                    "meaning": rule.in_words(),
                }
                for rule in self.rules
            ],
        }


def _rule(name: str, **bounds: float | Bounds) -> Rule:
    return Rule(name, {field: bound if isinstance(bound, tuple) else (bound, bound) for field, bound in bounds.items()})


def _at_least(value: float) -> Bounds:
    return (value, None)


def _at_most(value: float) -> Bounds:
    return (None, value)


PRESETS: dict[str, RuleSet] = {
    preset.name: preset
    for preset in (
        RuleSet(
            "five",
            "Five segments",
            (
                _rule("Champions", r=_at_least(4), f=_at_least(4), m=_at_least(4)),
                _rule("Loyal customers", f=_at_least(4)),
                _rule("Big spenders", m=_at_least(4)),
                _rule("Lost", r=1),
                _rule("At-risk customers", r=_at_most(3), orders=_at_least(2)),
            ),
            "Other",
        ),
        RuleSet(
            "classic",
            "Classic eleven",
            (
                _rule("Champions", r=5, fm=_at_least(4)),
                _rule("Can't lose", r=_at_most(2), fm=_at_least(4.5)),
                _rule("Loyal", r=_at_least(3), fm=_at_least(4)),
                _rule("At risk", r=_at_most(2), fm=_at_least(3)),
                _rule("Potential loyalist", r=_at_least(4), fm=_at_least(2.5)),
                _rule("New", r=5, orders=1),
                _rule("Promising", r=4, orders=1),
                _rule("Needs attention", r=3, fm=_at_least(2.5)),
                _rule("About to sleep", r=3),
                _rule("Hibernating", r=2),
            ),
            "Lost",
        ),
        RuleSet(
            "olist",
            "Most buy once",
            (
                _rule("Champions", orders=_at_least(2), r=_at_least(4), m=_at_least(4)),
                _rule("Loyal", orders=_at_least(2), r=_at_least(3)),
                _rule("At risk", orders=_at_least(2)),
                _rule("Big spenders", m=5, r=_at_least(3)),
                _rule("Single Buyers (Recent)", orders=1, days=_at_most(90)),
                _rule("Single Buyers (Lapsed)", orders=1, days=_at_most(365)),
            ),
            "Hibernating",
        ),
    )
}
DEFAULT = "five"


def read(raw: Mapping[str, Any]) -> RuleSet:
    """A rule set as people write it: {name, title, rest, rules: [{name, bounds: {field: {min, max}}}]}.

    Raises QuestionError that names the rule and the field, for what cannot be a rule set at all; what is only doubtful
    (overlaps, rules that nobody reaches) is told by `doubts`.
    """
    name, title = str(raw.get("name") or ""), str(raw.get("title") or "").strip()
    if not _NAME.match(name):
        raise QuestionError(
            "The name of a rule set is of small letters, digits and _, and begins with a letter, such as my_rules.",
            field="name",
            value=name,
        )
    if name in PRESETS:
        raise QuestionError(f"{name} is a preset, which stays as it is: choose another name.", field="name", value=name)
    if not title or len(title) > LONGEST_NAME:
        raise QuestionError(f"A rule set needs a title of up to {LONGEST_NAME} characters.", field="title", value=title)
    rules = tuple(_read_rule(index, item) for index, item in enumerate(raw.get("rules") or ()))
    if not rules or len(rules) > MOST_RULES:
        raise QuestionError(f"A rule set has 1 to {MOST_RULES} rules, not {len(rules)}.", field="rules")
    rest = _read_name(raw.get("rest"), "rest")
    names = [rule.name.lower() for rule in rules] + [rest.lower()]
    twice = next((item for item in names if names.count(item) > 1), None)
    if twice:
        raise QuestionError(f"Two segments are called {twice}: each needs its own name.", field="rules", value=twice)
    return RuleSet(name, title, rules, rest, own=True)


def _read_name(value: Any, field: str) -> str:
    name = str(value or "").strip()
    if not name or len(name) > LONGEST_NAME:
        raise QuestionError(f"A segment needs a name of up to {LONGEST_NAME} characters.", field=field, value=name)
    return name


def _read_rule(index: int, raw: Mapping[str, Any]) -> Rule:
    where = f"rules.{index}"
    name = _read_name(raw.get("name"), f"{where}.name")
    bounds: dict[str, Bounds] = {}
    for field, given in (raw.get("bounds") or {}).items():
        if field not in FIELDS:
            raise QuestionError(
                f"{name}: there is nothing called {field!r} to bound; there are {', '.join(FIELDS)}.",
                field=f"{where}.bounds.{field}",
            )
        least, most = _number(name, where, field, given.get("min")), _number(name, where, field, given.get("max"))
        if least is not None and most is not None and least > most:
            raise QuestionError(
                f"{name}: {FIELDS[field].title} cannot be at least {least:g} and at most {most:g}.",
                field=f"{where}.bounds.{field}",
            )
        if least is not None or most is not None:
            bounds[field] = (least, most)
    if not bounds:
        raise QuestionError(
            f"{name} bounds nothing, so it would take everybody: bound something, or make it the name of the rest.",
            field=f"{where}.bounds",
        )
    return Rule(name, bounds)


def _number(name: str, where: str, field: str, value: Any) -> float | None:
    if value is None or value == "":
        return None
    known = FIELDS[field]
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = float("nan")
    high = float("inf") if known.high is None else known.high
    if not known.low <= number <= high or abs(number) > 1e12:
        least = "" if known.low == float("-inf") else f" from {known.low:g}"
        to = f" to {known.high:g}" if known.high is not None else " on" if least else ""
        raise QuestionError(
            f"{name}: {known.title} is a number{least}{to}, not {value}.",
            field=f"{where}.bounds.{field}",
            value=str(value),
        )
    return number


def doubts(chosen: RuleSet) -> list[dict[str, Any]]:
    """What one should know before saving, from the rules alone: which overlap, and which can never be reached.

    Each: kind (`overlap`, `never`), rule, other (the earlier rule), text. The rest is no gap: it has its name.
    """
    found: list[dict[str, Any]] = []
    for index, rule in enumerate(chosen.rules):
        boxes = _cells(rule)
        earlier = chosen.rules[:index]
        covering = next((other for other in earlier if _within(rule, other)), None)
        reachable = bool(boxes)
        if not reachable:
            text = f"{rule.name} can have nobody: its bounds of F, M and FM do not fit together."
            found.append({"kind": "never", "rule": rule.name, "other": None, "text": text})
        elif covering:
            text = f"{rule.name} can have nobody: {covering.name} comes before it and takes all of them."
            found.append({"kind": "never", "rule": rule.name, "other": covering.name, "text": text})
        for other in earlier:
            if reachable and not covering and _meet(rule, other) and boxes & _cells(other):
                text = f"{rule.name} and {other.name} overlap: who matches both is in {other.name}, which comes first."
                found.append({"kind": "overlap", "rule": rule.name, "other": other.name, "text": text})
    return found


def _cells(rule: Rule) -> frozenset[tuple[int, int, int]]:
    """The scores (R, F, M) that a rule lets through."""
    scores: Sequence[int] = range(1, 6)
    return frozenset(
        (r, f, m)
        for r, f, m in product(scores, scores, scores)
        if all(
            _inside(value, rule.bounds.get(field, (None, None)))
            for field, value in (("r", r), ("f", f), ("m", m), ("fm", (f + m) / 2))
        )
    )


def _inside(value: float, bounds: Bounds) -> bool:
    least, most = bounds
    return (least is None or value >= least) and (most is None or value <= most)


_FREE = ("days", "orders", "revenue")


def _meet(one: Rule, other: Rule) -> bool:
    """Whether somebody can keep the bounds of both on days, orders and revenue."""
    for field in _FREE:
        (a, b), (c, d) = one.bounds.get(field, (None, None)), other.bounds.get(field, (None, None))
        least = max(value for value in (a, c, float("-inf")) if value is not None)
        most = min(value for value in (b, d, float("inf")) if value is not None)
        if least > most:
            return False
    return True


def _within(one: Rule, other: Rule) -> bool:
    """Whether everybody who keeps the bounds of `one` keeps those of `other` too."""
    if not _cells(one) <= _cells(other):
        return False
    for field in _FREE:
        (a, b), (c, d) = one.bounds.get(field, (None, None)), other.bounds.get(field, (None, None))
        low = FIELDS[field].low
        if c is not None and max(low if a is None else a, low) < c:
            return False
        if d is not None and (b is None or b > d):
            return False
    return True
