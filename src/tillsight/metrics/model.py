"""What the catalogue is made of: relations, dimensions, measures, metrics and analyses.

A **relation** is a table of a release, with a day on every row, that measures are taken from. A **measure** is one
aggregate over one relation (a sum, or a distinct count). A **metric** is a product of ratios of sums of measures: so a ratio
is always a ratio of totals, and a wrong total cannot be written down. How a metric totals is declared and checked.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args

from tillsight.core.errors import NotFoundError
from tillsight.core.periods import GRAINS, Grain

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from tillsight.metrics.answer import Answer

T = TypeVar("T")

Unit = Literal["money", "count", "units", "percent", "ratio", "days", "units/day", "money/day", "index"]
Better = Literal["up", "down", ""]
Total = Literal[
    "additive", "distinct", "ratio", "mean", "last", "as of", "trailing distinct", "trailing ratio", "cohort", "per day",
    "share of parent", "period offset", "model",
]  # fmt: skip
TOTALS: tuple[Total, ...] = get_args(Total)

When = Literal["period", "to date", "previous", "last year", "parent", "cohort start"]
"""Over which rows a measure is taken, seen from the period (or bucket) of the question:

period: its own rows; to date: every row up to its last day; previous: the period (bucket) before; last year: the same period
(bucket) a year before; parent: its own rows without the last dimension of the cut; cohort start: the row of the same cohort
whose age is zero.
"""

CalendarName = Literal["period_days", "observed_days"]
CALENDAR: tuple[CalendarName, ...] = get_args(CalendarName)
"""Measures that no relation holds: days of the period (or bucket) with data, and days from the first day with data."""


@dataclass(frozen=True)
class Window:
    """What a measure may know of the question: the first and last day, as expressions (one per bucket where there is a grain)."""

    start: ir.DateValue
    end: ir.DateValue


@dataclass(frozen=True)
class Dimension:
    """Something that numbers can be cut by. `expression` computes it from a relation; by default the column of its name.

    `lookup` says what is known of it by one column, the only one of `columns`: a table of that column, each value at most once,
    and of the dimension. It is joined to the rows where the dimension is asked for.
    """

    name: str
    title: str
    description: str
    type: Literal["text", "integer", "day"] = "text"
    expression: Callable[[ir.Table], ir.Value] | None = None
    lookup: Callable[[], ir.Table] | None = None
    columns: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    """For an integer dimension: the words of its values, from zero (weekdays)."""

    @property
    def needs(self) -> tuple[str, ...]:
        """The columns that a relation must have to be cut by it."""
        return self.columns or (self.name,)

    def of(self, relation: ir.Table) -> ir.Value:
        """The dimension as a column of a relation."""
        return self.expression(relation) if self.expression else relation[self.name]


@dataclass(frozen=True)
class Layer:
    """Some of the rows of a relation, made by themselves: the relation is all of its layers together.

    `split_by`: an input of which a few months at a time are enough to make the rows that belong to them, so that a shop of any
    size is built in bounded memory; None for rows that need all of it. `along`: for other inputs, a column that both have: only
    rows are read of which it lies between the least and the greatest value among those months, as far as the files can tell.
    `by_order`: inputs of which only the rows that name an order bear on the rows of that order. `coded`: names of codes, each with
    the columns of text, by input, that it stands for: what the layer passes on, and what it meets by. Where these have few different texts,
    they go through it as codes, so such a column may be compared, put in order and written, but never hashed into a key, which would be
    another for a code. `columns`: for inputs, the
    only columns that it may read. `held`: whether rows that it reads in several places may be held in memory; to read all orders again
    takes less than to hold them.
    """

    name: str
    build: Callable[[BuildInputs], ir.Table]
    split_by: str | None = None
    along: Mapping[str, str] = field(default_factory=dict)
    by_order: tuple[str, ...] = ()
    coded: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    held: bool = True

    @property
    def parts(self) -> frozenset[str]:
        """The inputs of which the layer sees a part, or which it sees with some columns as codes."""
        return frozenset({*([self.split_by] if self.split_by else []), *self.along, *self.with_codes})

    @property
    def with_codes(self) -> frozenset[str]:
        """The inputs of which it may see columns as codes."""
        return frozenset(table for columns in self.coded.values() for table in columns)


@dataclass(frozen=True)
class Relation:
    """A derived table of every release.

    Its layers take the tables that they need, by name, and return an Ibis table; they never execute. `time`: the day column
    that periods apply to; None for a relation whose measures look at the window themselves (then no grain is possible).
    `dimensions`: names of the dimensions that it may be cut by. `keys`: columns that are drawn from text by a hash, each with
    the columns that it stands for; a build draws again when two of them meet.
    """

    name: str
    title: str
    domain: str
    grain: str
    inputs: tuple[str, ...]
    layers: tuple[Layer, ...]
    schema: Mapping[str, str]
    dimensions: tuple[str, ...]
    needs: tuple[str, ...]
    """The canonical tables without which it is empty."""
    time: str | None = "day"
    note: str = ""
    columns_shown: tuple[str, ...] = ()
    """What to show of it as "the rows behind", in order; all columns when empty."""
    without_rate: Callable[[BuildInputs], ir.Table] | None = None
    """Currency and day of every row that goes into it in another currency whose rate is not known: a build that finds one
    stops, because a missing rate is never one to one and never nothing."""
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    renewed_by: Literal["order", "customer"] | None = None
    """What its rows belong to: of a large shop only the rows of orders, or customers, are made again that a load says something of."""
    stands_in: Mapping[str, str] = field(default_factory=dict)
    """For inputs, SQL that says of orders as they were what the relation reads there, from `own`, its own rows of their customers before,
    and, where it is renewed by them, `orders`, their rows of `order_customers`. It saves looking for them in large tables."""
    nothing_without: str | None = None
    """A table without whose rows it has none: then it is not worked out at all."""
    single: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """For a kind of thing that is counted: the dimensions of which each has but one value, besides the day. Over them, counts
    of distinct things add up."""
    settled: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """For a dimension: those that follow from it and the shop, in all rows of a release."""

    @property
    def by_order(self) -> frozenset[str]:
        """The inputs of which, for one of its layers, only the rows that name an order bear on the rows of that order."""
        return frozenset(name for layer in self.layers for name in layer.by_order)


@dataclass(frozen=True)
class Visits:
    """What a roll-up of visits is made from: whose a visit is, and the day of his first one ever.

    `of` gives the visits, with the day and with the columns of the relation that these dimensions are made of. It is made of
    `inputs`, of the first of which it reads `columns` alone: a table with a row for each visit, which the relation may have several of.
    `coded`: see `Layer`.
    """

    key: str
    first_day: str
    inputs: tuple[str, ...]
    columns: tuple[str, ...]
    coded: Mapping[str, Mapping[str, tuple[str, ...]]] = field(hash=False)
    of: Callable[[BuildInputs, Collection[str]], ir.Table]


@dataclass(frozen=True)
class Rollup:
    """A relation added up in advance by day and some dimensions (see metrics.rollups). `visits`: for one of that kind."""

    name: str
    title: str
    relation: str
    dimensions: tuple[str, ...]
    measures: tuple[str, ...]
    visits: Visits | None = None

    @property
    def kind(self) -> Literal["sums", "visits"]:
        """What its rows are."""
        return "visits" if self.visits else "sums"


@dataclass(frozen=True)
class BuildInputs:
    """What a relation is built from: tables by name, and the settings that bear on it.

    `return_window`: days from the order in which goods may be returned; 0 sets no end.
    `empty`: the tables that have no row, `void`: of others, the columns that have no value, or false, in every row: nothing
    is computed for them. `still`: of tables that are read a file at a time, the columns that are zero in every row of the file.
    `salt`: goes into keys that are hashes.
    """

    tables: Mapping[str, ir.Table]
    currency: str
    timezone: str
    return_window: int
    empty: frozenset[str] = frozenset()
    void: Mapping[str, frozenset[str]] = field(default_factory=dict)
    still: Mapping[str, frozenset[str]] = field(default_factory=dict)
    salt: int = 0


@dataclass(frozen=True)
class Measure:
    """One aggregate over one relation.

    `of` gets the relation (already cut to its rows) and the window. `adds`: a sum of parts is the whole (not so for a
    distinct count). `unknown_when_empty`: no row means unknown instead of zero. `rows` limits the rows shown behind it.
    `counts`: what a distinct count counts. `once`: the same count where each thing is in the rows as a whole, with all of its
    rows: it counts rows instead of things. `new_only`: it counts only those whose first one ever lies in the window.
    """

    name: str
    title: str
    relation: str
    unit: Unit
    of: Callable[[ir.Table, Window], ir.Value]
    adds: bool = True
    unknown_when_empty: bool = False
    rows: Callable[[ir.Table, Window], ir.BooleanValue] | None = None
    counts: str = ""
    once: Callable[[ir.Table], ir.Value] | None = None
    new_only: bool = False


@dataclass(frozen=True)
class Part:
    """A measure in a term: which, over which rows, and with which sign or weight."""

    measure: str
    when: When = "period"
    weight: int = 1


@dataclass(frozen=True)
class Term:
    """`factor × sum(top) ÷ sum(bottom)`; without a bottom, just the sum."""

    top: tuple[Part, ...]
    bottom: tuple[Part, ...] = ()
    factor: float = 1


@dataclass(frozen=True)
class Metric:
    """A named number: its meaning, its arithmetic (a product of terms) and how it totals."""

    name: str
    title: str
    domain: str
    unit: Unit
    better: Better
    formula: str
    total: Total
    source: str
    basis: str
    terms: tuple[Term, ...]
    grains: tuple[Grain, ...] = GRAINS
    requires: tuple[str, ...] = ()
    """Dimensions that the cut must have (a cohort needs its age)."""
    description: str = ""

    @property
    def parts(self) -> list[Part]:
        """Every part of every term, once each, in order."""
        found: dict[tuple[str, When], Part] = {}
        for term in self.terms:
            for part in (*term.top, *term.bottom):
                found.setdefault((part.measure, part.when), part)
        return list(found.values())


@dataclass(frozen=True)
class Parameter:
    """A typed parameter of an analysis."""

    name: str
    type: Literal["text", "integer", "number", "boolean"]
    default: Any
    description: str
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True)
class Analysis:
    """A named question that needs more than a cut of metrics. `run` gets an `Asker` (see metrics.ask) and its parameters.

    `domain`: the module that it belongs to; empty for a question about any metric, which the metric itself allows or not.
    """

    name: str
    title: str
    domain: str
    description: str
    run: Callable[..., Answer]
    parameters: tuple[Parameter, ...] = ()


def plain(measure: str) -> tuple[Term, ...]:
    """The terms of a metric that is one measure."""
    return (Term((Part(measure),)),)


def ratio(top: str, bottom: str, factor: float = 1) -> tuple[Term, ...]:
    """The terms of a ratio of two measures."""
    return (Term((Part(top),), (Part(bottom),), factor),)


class Catalogue:
    """Everything that can be asked, by name. Filled once at start by the domains; checked as it is filled."""

    def __init__(self) -> None:
        self.relations: dict[str, Relation] = {}
        self.rollups: dict[str, Rollup] = {}
        self.dimensions: dict[str, Dimension] = {}
        self.measures: dict[str, Measure] = {}
        self.metrics: dict[str, Metric] = {}
        self.analyses: dict[str, Analysis] = {}

    def add(self, items: Iterable[Relation | Rollup | Dimension | Measure | Metric | Analysis]) -> None:
        """Register declarations; ValueError for a name that is taken."""
        shelves: dict[type, dict[str, Any]] = {
            Relation: self.relations,
            Rollup: self.rollups,
            Dimension: self.dimensions,
            Measure: self.measures,
            Metric: self.metrics,
            Analysis: self.analyses,
        }
        for item in items:
            shelf = shelves[type(item)]
            if item.name in shelf:
                raise ValueError(f"{item.name} is declared twice")
            shelf[item.name] = item

    def check(self) -> None:
        """Every name that a declaration uses exists; ValueError names the one that does not."""
        for relation in self.relations.values():
            for name in relation.dimensions:
                missing = [column for column in self.dimensions[name].needs if column not in relation.schema]
                if missing:
                    raise ValueError(f"{relation.name} cannot be cut by {name}: no column {missing}")
        for measure in self.measures.values():
            if measure.relation not in self.relations:
                raise ValueError(f"measure {measure.name} is over an unknown relation {measure.relation}")
        for rollup in self.rollups.values():
            unknown = set(rollup.dimensions) - set(self.relations[rollup.relation].dimensions)
            unknown |= {name for name in rollup.measures if self.measures[name].relation != rollup.relation}
            if unknown:
                raise ValueError(f"roll-up {rollup.name}: {rollup.relation} does not have {sorted(unknown)}")
        for metric in self.metrics.values():
            for part in metric.parts:
                if part.measure not in self.measures and part.measure not in CALENDAR:
                    raise ValueError(f"metric {metric.name} uses an unknown measure {part.measure}")

    def metric(self, name: str) -> Metric:
        """A metric by name; NotFoundError suggests near ones."""
        return _get(self.metrics, name, "metric")

    def dimension(self, name: str) -> Dimension:
        """A dimension by name; NotFoundError suggests near ones."""
        return _get(self.dimensions, name, "dimension")

    def analysis(self, name: str) -> Analysis:
        """An analysis by name; NotFoundError suggests near ones."""
        return _get(self.analyses, name, "analysis")

    def relations_of(self, metric: Metric) -> list[Relation]:
        """The relations that a metric reads, in order."""
        names = dict.fromkeys(
            self.measures[part.measure].relation for part in metric.parts if part.measure not in CALENDAR
        )
        return [self.relations[name] for name in names]

    def dimensions_of(self, metric: Metric) -> list[str]:
        """What a metric may be cut by: the dimensions that all its relations have."""
        relations = self.relations_of(metric)
        return [name for name in relations[0].dimensions if all(name in other.dimensions for other in relations[1:])]


def _get(shelf: dict[str, T], name: str, kind: str) -> T:
    if name in shelf:
        return shelf[name]
    near = get_close_matches(name, shelf, n=3, cutoff=0.5)
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    raise NotFoundError(f"There is no {kind} {name!r}.{hint}", field=kind, value=name, near=near or None)


@dataclass(frozen=True)
class DataSpan:
    """The first and last day with data."""

    start: date
    end: date


@dataclass
class Notes:
    """Things that a reader of an answer should know, each once."""

    items: list[dict[str, str]] = field(default_factory=list)

    def add(self, level: Literal["info", "warning"], text: str) -> None:
        """Add a note unless it is there already."""
        note = {"level": level, "text": text}
        if note not in self.items:
            self.items.append(note)
