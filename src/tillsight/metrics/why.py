"""Why a metric changed: what each value of a dimension contributed, split into effects that sum exactly to the change.

`metrics.why`  one row per value of a dimension: the metric before and now, its contribution to the change, and its effects

What is split how, by the kind of metric (C: values that are there in both periods):

amounts with units   (revenue, discounts, refunds): with q units and p = amount ÷ unit, G = units of C now ÷ then
                     volume = p₀q₀(G − 1)   as if all had grown alike
                     mix    = p₀(q₁ − G·q₀) as if units alone had moved between values
                     price  = q₁(p₁ − p₀)   amount of a unit; all of the change where a value has an amount but no units
counts, other sums   volume = the change of C: there is no price in it
ratios               with b the bottom and r = top ÷ bottom of a value, R of everything, w = b ÷ B:
                     price  = w₁(r₁ − r₀)          its own rate
                     mix    = (w₁ − w₀)(r₀ − R₀)   its weight, against the ratio of everything before
all                  new, lost: values that are in one of the periods only; for a ratio w₁(r₁ − R₀) and −w₀(r₀ − R₀)

A value's contribution is the sum of its effects. Where something counts for several values (an order with two categories),
values sum to more than the whole: the difference is a row of its own. A product of several ratios is split into its ratios by
the logarithmic mean, then each of them by value. Arithmetic is in whole
numbers of a smallest step: amounts and counts are exact, ratios are rounded by largest remainder (an amount of money to the
cent), so that all of them sum to the change.

Sources: price, volume and mix: Horngren, Datar and Rajan, Cost Accounting (2012), chapter 14; ratios: the shift-share identity
(Dunn, 1960); products: the logarithmic mean Divisia index (Ang, Energy Policy 32, 2004).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tillsight.core import words
from tillsight.core.errors import QuestionError
from tillsight.core.money import divide, minor_units
from tillsight.core.periods import Period
from tillsight.metrics.answer import Answer, AnswerColumn, sentence, shown, tidy
from tillsight.metrics.ask import OTHERS, Asker
from tillsight.metrics.compile import Base, Slot
from tillsight.metrics.masking import mask, sort_of_dimension
from tillsight.metrics.model import CALENDAR, Analysis, Dimension, Metric, Notes, Parameter, Part
from tillsight.metrics.question import ask_for

Floats = npt.NDArray[np.float64]
Ticks = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Kind = Literal["amount", "count", "ratio"]

OVERLAP = "(counted in several)"
EFFECTS: dict[Kind, tuple[str, ...]] = {
    "amount": ("volume", "mix", "price", "new", "lost"),
    "count": ("volume", "new", "lost"),
    "ratio": ("mix", "price", "new", "lost"),
}
CANDIDATES = (
    "channel", "country", "category", "customer_type", "traffic_source", "device_type", "marketing_channel",
    "return_reason_group", "location", "brand",
)  # fmt: skip
"""Dimensions that are looked at when none is asked for, as far as the metric has them."""
PLACES = 6
TICK = 10**PLACES


@dataclass(frozen=True)
class Change:
    """A metric before and now by one dimension: a row for each value, and the last for what counts for several of them.

    In millionths: `contribution`, and by name the `effects` that sum to it; the contributions sum to `total`. `before` and
    `after`: the metric of each value, NaN where it says nothing. `weight`: the value's share of the period before.
    """

    by: str
    labels: list[str | None]
    before: Floats
    after: Floats
    contribution: Ticks
    effects: dict[str, Ticks]
    total: int
    weight: Floats
    adds: bool

    @property
    def surprise(self) -> float:
        """How much a cut tells: the largest departure of a value from what it would have contributed had all changed alike,
        less what the cut cannot tell because it counts for several values."""
        departed = np.abs(self.contribution - self.weight * self.total)
        overlaps = bool(self.labels) and self.labels[-1] == OVERLAP
        unclear = abs(float(self.contribution[-1])) if overlaps else 0.0
        return float(departed[: len(departed) - overlaps].max(initial=0.0)) - unclear


def kind_of(metric: Metric) -> Kind:
    """How a metric is split. Raises QuestionError for one that has no whole to change."""
    if metric.requires or metric.total in ("share of parent", "cohort", "model"):
        raise QuestionError(
            f"{metric.title} is a figure of parts, so there is no change of a whole to explain; ask for what it is made of.",
            field="metric",
            value=metric.name,
        )
    plain = len(metric.terms) == 1 and not metric.terms[0].bottom and metric.terms[0].factor == 1
    if not plain:
        return "ratio"
    return "amount" if metric.unit == "money" else "count"


def why(asker: Asker, question: dict[str, Any], metric: str, by: str, limit: int) -> Answer:
    """What moved a metric between the compared period (the previous one by default) and the period, the largest first.

    Without `by`, the dimension of which one value departs most from what it would have contributed had all changed alike.
    Columns: the dimension, before, after, contribution, share (percent of the change), and the effects of the metric's kind.
    """
    found = asker.catalogue.metric(metric)
    kind = kind_of(found)
    compare = question.get("compare")
    view = {**question, "compare": "previous" if compare in (None, "", "none") else compare}
    whole = asker.query(found.name, **view)
    row = whole.to_records()[0]
    now, then = row[found.name], row[f"{found.name}_compare"]
    if now is None or then is None:
        missing = "in this period" if now is None else "in the period that it is compared with"
        told = [sentence(f"{found.title} is unknown {missing}, so there is no change to explain.")]
        return dataclasses.replace(whole, table=pa.table({}), columns=(), totals=None, row_count=0, sentences=told)
    notes = Notes(list(whole.notes))
    queries = list(whole.queries)
    names = [asker.catalogue.dimension(by).name] if by else _candidates(asker, found, view)
    changes = [_changed(asker, found, kind, name, view, queries) for name in names]
    change = max(changes, key=lambda one: one.surprise)
    others = [asker.catalogue.dimensions[name].title.lower() for name in names if name != change.by]
    if others:
        notes.add("info", f"Cut by what tells most of the change; looked at besides: {', '.join(others)}.")
    columns, table = _table(asker, found, kind, change, limit)
    totals: dict[str, Any] = {"before": then, "after": now, "share": 100.0 if change.total else None}
    totals |= {name: _amount(int(ticks.sum())) for name, ticks in change.effects.items()}
    totals["contribution"] = _amount(change.total)
    return dataclasses.replace(
        whole,
        table=table,
        columns=columns,
        totals=totals,
        row_count=len(change.labels),
        notes=notes.items,
        queries=tuple(queries),
        sentences=_in_words(asker, found, kind, change, table, now, then),
    )


def _candidates(asker: Asker, metric: Metric, view: Mapping[str, Any]) -> list[str]:
    """Dimensions to look at, without those that the filters hold at one value."""
    allowed = asker.catalogue.dimensions_of(metric)
    where = asker.resolve(ask_for(metric.name, **view)).where
    fixed = {item.dimension for item in where if item.op == "="}
    return [name for name in CANDIDATES if name in allowed and name not in fixed] or allowed[:1]


def _changed(asker: Asker, metric: Metric, kind: Kind, by: str, view: Mapping[str, Any], queries: list[str]) -> Change:
    if kind == "ratio":
        return _of_ratio(asker, metric, by, view, queries)
    return _of_sum(asker, metric, kind, by, view, queries)


def units_of(asker: Asker, metric: Metric) -> Metric | None:
    """The units that an amount is made of: the metric that sums units over the same relation. None where there is none."""
    relations = asker.catalogue.relations_of(metric)
    for other in asker.catalogue.metrics.values():
        plain = other.unit == "units" and other.total == "additive" and len(other.parts) == 1
        if plain and asker.catalogue.relations_of(other) == relations:
            return other
    return None


def _of_sum(asker: Asker, metric: Metric, kind: Kind, by: str, view: Mapping[str, Any], queries: list[str]) -> Change:
    """Amounts and counts, exactly. What the values leave of the whole is what counts for several of them."""
    units = units_of(asker, metric) if kind == "amount" else None
    names = [metric.name, *([units.name] if units else [])]
    answer = asker.query(names, by=by, **view)
    queries += answer.queries
    whole = pa.table({name: [value] for name, value in (answer.totals or {}).items() if name.startswith(metric.name)})
    sides = [_ticks(answer.table[name]) for name in (f"{metric.name}_compare", metric.name)]
    all_of = [int(_ticks(whole[name])[0]) for name in (f"{metric.name}_compare", metric.name)]
    then, now = (np.append(side, total - side.sum()) for side, total in zip(sides, all_of, strict=True))
    counts = [
        _floats(answer.table[f"{units.name}{suffix}"]) if units else np.zeros(len(sides[0]))
        for suffix in ("_compare", "")
    ]
    units_then, units_now = (np.append(np.nan_to_num(side), 0.0) for side in counts)
    change = now - then
    was, there = (then != 0) | (units_then != 0), (now != 0) | (units_now != 0)
    was[-1] = there[-1] = bool(was[-1] or there[-1])  # what is counted twice neither comes nor goes
    effects = _come_and_gone(change, was, there)
    stays = np.where(was & there, change, 0)
    if kind == "count":
        effects["volume"] = stays
    else:
        counted = was & there & (units_then > 0) & (units_now > 0)
        growth = units_now[counted].sum() / units_then[counted].sum() if counted.any() else 1.0
        price = np.divide(then, units_then, out=np.zeros(len(then)), where=counted)
        effects["volume"] = _rounded(price * units_then * (growth - 1))
        effects["mix"] = _rounded(price * (units_now - growth * units_then))
        # what rounding leaves is less than a millionth, and the price's
        effects["price"] = stays - effects["volume"] - effects["mix"]
    weight = then / all_of[0] if all_of[0] else np.zeros(len(then))
    labels = [*_texts(answer.table[by], asker.catalogue.dimensions[by]), OVERLAP]
    adds = metric.total == "additive"
    made = Change(by, labels, then / TICK, now / TICK, change, effects, all_of[1] - all_of[0], weight, adds)
    return made if change[-1] else _without_last(made)


def _of_ratio(asker: Asker, metric: Metric, by: str, view: Mapping[str, Any], queries: list[str]) -> Change:
    """Ratios, and products of them: from the exact top and bottom of every term."""
    question = asker.resolve(ask_for(metric.name, by=by, **view))
    table, sql = asker.release.run(asker.compiler.compile(question, limited=False).table)
    plain, whole_sql = asker.release.run(asker.compiler.compile(question, by=(), limited=False).table)
    queries += [sql, whole_sql]
    dimension = asker.catalogue.dimensions[by]
    if asker.scope.masked:
        table, _ = mask(table, [(by, sort_of_dimension(dimension))])
    days = {base: _days(asker, question.period if base == "main" else question.compare) for base in ("main", "compare")}
    count = table.num_rows + 1
    before, after = np.ones(count), np.ones(count)
    was, there = np.zeros(count, dtype=bool), np.zeros(count, dtype=bool)
    contribution, mix, weight = np.zeros(count), np.zeros(count), np.zeros(count)
    factors: list[tuple[float, float]] = []
    terms: list[tuple[Floats, Floats]] = []
    for term in metric.terms:
        (top0, whole_top0), (top1, whole_top1) = (
            _both(table, plain, term.top, base, days) for base in ("compare", "main")
        )
        (low0, whole_low0), (low1, whole_low1) = (
            _both(table, plain, term.bottom, base, days) for base in ("compare", "main")
        )
        if not whole_low0 or not whole_low1:
            raise QuestionError(
                f"{metric.title} has nothing to be divided by in one of the periods, so its change has no parts.",
                field="metric", value=metric.name,
            )  # fmt: skip
        was |= (top0 != 0) | (low0 != 0)
        there |= (top1 != 0) | (low1 != 0)
        then = whole_top0 / whole_low0
        moved = (top1 - then * low1) / whole_low1 - (top0 - then * low0) / whole_low0
        counted = (low0 > 0) & (low1 > 0)
        rate = np.divide(top0, low0, out=np.zeros(count), where=counted)
        shift = np.where(counted, (low1 / whole_low1 - low0 / whole_low0) * (rate - then), 0.0)
        terms.append((moved * term.factor, shift * term.factor))
        factors.append((then * term.factor, whole_top1 / whole_low1 * term.factor))
        # days are everybody's: a value's own figure is by all of them
        own0, own1 = (whole_low0, whole_low1) if _is_calendar(term.bottom) else (low0, low1)
        before *= divide(top0 if term.top else 1.0, own0, term.factor)
        after *= divide(top1 if term.top else 1.0, own1, term.factor)
        weight += low0 / whole_low0 / len(metric.terms)
    for (moved, shift), scale in zip(terms, _scales(metric, factors), strict=True):
        contribution += moved * scale
        mix += shift * scale
    change = float(np.prod([now for _, now in factors]) - np.prod([then for then, _ in factors]))
    step = _step(asker, metric, contribution)
    total = round(change * TICK / step) * step
    ticks = _summing(contribution * TICK / step, total // step) * step
    was[-1] = there[-1] = bool(was[-1] or there[-1])
    before[-1] = after[-1] = np.nan
    effects = _come_and_gone(ticks, was, there)
    stays = np.where(was & there, ticks, 0) + np.where(~was & ~there, ticks, 0)
    effects["mix"] = np.where(was & there, _rounded(mix * TICK / step) * step, 0)
    effects["mix"][-1] = stays[-1]  # who counts for several values is a matter of weights
    effects["price"] = stays - effects["mix"]
    labels = [*_texts(table[by], dimension), OVERLAP]
    made = Change(by, labels, before, after, ticks, effects, total, weight, adds=False)
    return made if ticks[-1] else _without_last(made)


def _step(asker: Asker, metric: Metric, contribution: Floats) -> int:
    """How many millionths a ratio is rounded to: the smallest coin, or a hundredth of it where all of it is small."""
    if metric.unit != "money":
        return 1
    finer = 0 if np.abs(contribution).max(initial=0.0) >= 1 else 2
    return int(10 ** (PLACES - min(minor_units(asker.release.currency) + finer, PLACES)))


def _come_and_gone(change: Ticks, was: Bools, there: Bools) -> dict[str, Ticks]:
    return {"new": np.where(there & ~was, change, 0), "lost": np.where(~there & was, change, 0)}


def _without_last(change: Change) -> Change:
    """Without the row of what counts for several values, where nothing does."""
    return dataclasses.replace(
        change,
        labels=change.labels[:-1],
        before=change.before[:-1],
        after=change.after[:-1],
        contribution=change.contribution[:-1],
        effects={name: ticks[:-1] for name, ticks in change.effects.items()},
        weight=change.weight[:-1],
    )


def _scales(metric: Metric, factors: Sequence[tuple[float, float]]) -> list[float]:
    """What a change of one of several factors is worth in the product (logarithmic mean). Raises QuestionError for factors
    that are not above zero."""
    if len(factors) == 1:
        return [1.0]
    if any(then <= 0 or now <= 0 for then, now in factors):
        raise QuestionError(
            f"{metric.title} is a product, and one of its factors is nothing in one of the periods, so its change has no parts.",
            field="metric",
            value=metric.name,
        )
    then, now = (float(np.prod([pair[at] for pair in factors])) for at in (0, 1))
    mean = _logarithmic_mean(then, now)
    return [mean / _logarithmic_mean(before, after) for before, after in factors]


def _logarithmic_mean(one: float, other: float) -> float:
    return one if np.isclose(one, other, rtol=1e-12) else (other - one) / float(np.log(other / one))


def _is_calendar(parts: Sequence[Part]) -> bool:
    return bool(parts) and parts[0].measure in CALENDAR


def _both(
    table: pa.Table, plain: pa.Table, parts: Sequence[Part], base: Base, days: Mapping[str, Mapping[str, float]]
) -> tuple[Floats, float]:
    """A sum of parts for every value and, last, for what the values leave of the whole; and the whole. Days are of the whole."""
    if not parts:
        return np.append(np.zeros(table.num_rows), 1.0), 1.0
    if _is_calendar(parts):
        whole = days[base][parts[0].measure]
        return np.append(np.zeros(table.num_rows), whole), whole
    columns = [(Slot(part.measure, part.when, base).column, part.weight) for part in parts]
    values = sum((np.nan_to_num(_floats(table[name])) * weight for name, weight in columns), np.zeros(table.num_rows))
    whole = float(sum(float(np.nan_to_num(_floats(plain[name]))[0]) * weight for name, weight in columns))
    return np.append(values, whole - values.sum()), whole


def _days(asker: Asker, period: Period | None) -> dict[str, float]:
    """What the calendar gives for a period: days of it that the data cover, and days from the first day with data to its end."""
    span = asker.release.span
    if period is None:
        return dict.fromkeys(CALENDAR, 0.0)
    end = min(period.end, span.end)
    starts = {"period_days": max(period.start, span.start), "observed_days": span.start}
    return {name: float(max((end - start).days + 1, 0)) for name, start in starts.items()}


def _ticks(column: pa.ChunkedArray) -> Ticks:
    """Exact millionths; unknown is nothing. Raises pyarrow.ArrowInvalid beyond a trillion."""
    exact = pc.fill_null(column.cast(pa.decimal128(38, PLACES)), Decimal(0)).cast(pa.decimal128(18, PLACES))
    whole = pc.multiply(exact, pa.scalar(Decimal(TICK), pa.decimal128(7, 0))).cast(pa.int64())
    return np.asarray(whole.to_numpy(), dtype=np.int64)


def _floats(column: pa.ChunkedArray) -> Floats:
    return np.asarray(pc.fill_null(column.cast(pa.float64()), np.nan).to_numpy(), dtype=np.float64)


def _rounded(values: Floats) -> Ticks:
    return np.rint(values).astype(np.int64)


def _summing(values: Floats, total: int) -> Ticks:
    """Whole numbers near `values` that sum to `total`: rounded down, then one more for the largest remainders."""
    down = np.floor(values).astype(np.int64)
    left = total - int(down.sum())
    each, more = divmod(left, len(down))
    order = np.argsort(down - values, kind="stable")
    down += each
    down[order[:more]] += 1
    return down


def _texts(column: pa.ChunkedArray, dimension: Dimension) -> list[str | None]:
    """Values of a dimension as a reader sees them."""
    values = column.to_pylist() if dimension.labels else column.cast(pa.string()).to_pylist()
    return [dimension.labels[value] if dimension.labels and value is not None else value for value in values]


def _amount(ticks: int) -> Decimal:
    return Decimal(ticks).scaleb(-PLACES)


def _decimals(ticks: Ticks, unknown: Bools | None = None) -> pa.Array:
    exact = pa.array(ticks, pa.int64(), mask=unknown).cast(pa.decimal128(19, 0)).cast(pa.decimal128(25, PLACES))
    tick = pa.scalar(_amount(1), pa.decimal128(6, PLACES))
    return pc.multiply(exact, tick).cast(pa.decimal128(38, PLACES))


def _table(
    asker: Asker, metric: Metric, kind: Kind, change: Change, limit: int
) -> tuple[tuple[AnswerColumn, ...], pa.Table]:
    """The largest contributions first, the rest as one row, what counts for several values last."""
    count = len(change.labels)
    overlap = count - 1 if count and change.labels[-1] == OVERLAP else count
    order = np.argsort(-np.abs(change.contribution[:overlap]), kind="stable")
    top, rest = order[:limit], order[limit:]
    last = np.arange(overlap, count)

    def held(ticks: Ticks) -> Ticks:
        return np.concatenate([ticks[top], ticks[rest].sum(keepdims=True) if len(rest) else ticks[:0], ticks[last]])

    def values(side: Floats) -> Floats:
        others = np.array([side[rest].sum() if change.adds else np.nan]) if len(rest) else side[:0]
        return np.concatenate([side[top], others, side[last]])

    labels = [change.labels[index] for index in top] + ([OTHERS] if len(rest) else []) + change.labels[overlap:]
    contribution = held(change.contribution)
    share = contribution / change.total * 100 if change.total else np.full(len(labels), np.nan)
    exact = kind != "ratio"
    money = asker.release.currency if metric.unit == "money" else None
    dimension = asker.catalogue.dimensions[change.by]
    columns = [AnswerColumn(change.by, dimension.title, "dimension")]
    data: dict[str, pa.Array | pa.ChunkedArray] = {change.by: pa.array(labels, pa.string())}
    for name, title, side in (("before", "Before", change.before), ("after", "Now", change.after)):
        columns.append(AnswerColumn(name, title, "plain", unit=metric.unit, better=metric.better, currency=money))
        data[name] = _known(side=values(side), exact=exact)
    columns.append(AnswerColumn("contribution", "Change", "change", metric.name, metric.unit, metric.better, money))
    data["contribution"] = _decimals(contribution)
    columns.append(AnswerColumn("share", "Share of the change", "plain", unit="percent"))
    data["share"] = pa.array(share, pa.float64(), mask=~np.isfinite(share))
    for name in EFFECTS[kind]:
        columns.append(
            AnswerColumn(name, title_of(name, kind), "change", metric.name, metric.unit, metric.better, money)
        )
        data[name] = _decimals(held(change.effects[name]))
    places = minor_units(asker.release.currency) if money else 0
    table = pa.table({name: tidy(pa.chunked_array([column]), places) for name, column in data.items()})
    return tuple(columns), table


def _known(side: Floats, exact: bool) -> pa.Array:
    unknown = ~np.isfinite(side)
    if exact:
        return _decimals(_rounded(np.where(unknown, 0.0, side) * TICK), unknown)
    return pa.array(side, pa.float64(), mask=unknown)


def title_of(effect: str, kind: Kind) -> str:
    """What an effect is called."""
    return "Own rate" if (effect, kind) == ("price", "ratio") else effect.capitalize()


def _in_words(
    asker: Asker, metric: Metric, kind: Kind, change: Change, table: pa.Table, now: Any, then: Any
) -> list[dict[str, Any]]:
    """How much it moved, by which effects, and which values moved it most."""

    def said(value: Any) -> str:
        if metric.unit == "money":
            return words.amount(value, asker.release.currency, asker.release.locale)
        return shown(value, AnswerColumn("", "", "metric", unit=metric.unit))

    def moved(value: Any) -> str:
        return f"{abs(value):.1f} points" if metric.unit == "percent" else said(abs(value))

    total = _amount(change.total)
    tone = "neutral"
    if total and metric.better:
        tone = "good" if (total > 0) == (metric.better == "up") else "bad"
    if not total:
        return [sentence(f"{metric.title} did not change: {said(now)}.", metric=metric.name)]
    rate = (
        f" ({words.percent(float(total) / abs(float(then)) * 100, signed=True)})"
        if then and metric.unit != "percent"
        else ""
    )
    verb = "rose" if total > 0 else "fell"
    told = [
        sentence(f"{metric.title} {verb} by {moved(total)}{rate}, from {said(then)} to {said(now)}.", tone, metric.name)
    ]
    sums = {title_of(name, kind).lower(): _amount(int(ticks.sum())) for name, ticks in change.effects.items()}
    told += [sentence(text) for text in (_effects_told(sums, total, moved),) if text]
    rows = [row for row in table.to_pylist() if row[change.by] not in (OTHERS, OVERLAP) and row["contribution"]]
    if rows:
        pieces = [
            f"{row[change.by] or '(not set)'} {'up' if row['contribution'] > 0 else 'down'} {moved(row['contribution'])}"
            for row in rows[:3]
        ]
        dimension = asker.catalogue.dimensions[change.by]
        told.append(sentence(f"By {dimension.title.lower()}: {_listed(pieces)}."))
    return told


def _effects_told(sums: Mapping[str, Decimal], total: Decimal, moved: Any) -> str:
    """`Volume added €120 and price €15; lost took away €30.` Effects of less than a hundredth of the largest are left out."""
    largest = max((abs(value) for value in sums.values()), default=Decimal(0))
    kept = sorted(
        ((name, value) for name, value in sums.items() if value and abs(value) * 100 >= largest),
        key=lambda item: -abs(item[1]),
    )
    if len(kept) < 2:
        return ""
    added = [f"{name} {moved(value)}" for name, value in kept if value > 0]
    taken = [f"{name} {moved(value)}" for name, value in kept if value < 0]
    parts = [f"{_listed(pieces)} {verb}" for pieces, verb in ((added, "up"), (taken, "down")) if pieces]
    text = "; ".join(parts if total > 0 else parts[::-1])
    return f"Of that: {text}."


def _listed(pieces: Sequence[str]) -> str:
    return pieces[0] if len(pieces) == 1 else f"{', '.join(pieces[:-1])} and {pieces[-1]}"


ANALYSES = (
    Analysis(
        "metrics.why",
        "Why did it change",
        "",
        "What each value of a dimension contributed to the change of a metric, as volume, mix, price, new and lost.",
        why,
        (
            Parameter("metric", "text", "revenue", "The metric that changed."),
            Parameter("by", "text", "", "The dimension; without one, that which tells most."),
            Parameter("limit", "integer", 20, "How many values; the rest is one row.", minimum=1, maximum=1000),
        ),
    ),
)
