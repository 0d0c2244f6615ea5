"""What a campaign added, by segment: against the customers that were held out, or else against others who were not addressed.

`customers.campaign_effect`  one row for everybody and one per segment: outcome of both groups, effect with its interval, sample size
`customers.campaigns`        one row per campaign with members: when they were assigned, how many were addressed and held out

Outcome: orders, revenue or buyers (1 for who ordered) of each member in the days of the campaign, orders or not. The segment is
that of the day before.

**control** (members with the arm `control`, chosen at random): difference of means, each outcome first corrected for what the
same customer did in as many days before (CUPED: Deng, Xu, Kohavi and Walker, 2013), which takes away chance and adds no bias;
interval and p-value by Welch. **did**, where nobody was held out: change of the members from the days before to the days of the
campaign, less the change of customers who were not addressed, in the same segment (difference in differences; Card and Krueger,
1994). It holds where both would have changed alike: the same figure for the two spans before must be near nothing, and is told.
The members were chosen by somebody, so it is weaker evidence. Sample size: two-sided 5 %, power 80 %.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import ibis
import numpy as np
import pyarrow as pa

from tillsight.core import words
from tillsight.core.errors import NotFoundError, QuestionError
from tillsight.core.periods import Period
from tillsight.domains.customers import rfm
from tillsight.domains.customers.acquisition import members
from tillsight.domains.customers.rfm import PRESET
from tillsight.domains.customers.segment_analyses import EVERYBODY, NOBODY
from tillsight.domains.customers.tables import answer, columns, run
from tillsight.metrics.answer import Answer, AnswerColumn, sentence
from tillsight.metrics.ask import Asker
from tillsight.metrics.model import Analysis, Notes, Parameter
from tillsight.metrics.question import Filter

if TYPE_CHECKING:
    import ibis.expr.types as ir

MEASURES = ("orders", "revenue", "buyers")
POWER = 1.959963984540054 + 0.8416212335729143
"""Standard normal quantiles of a two-sided 5 % and of a power of 80 %."""
LEAST = 20
"""Customers in each group without whom no effect is told."""
_MOMENTS = ("y", "x", "yy", "xx", "xy", "w", "ww", "xw")


@dataclass(frozen=True)
class Group:
    """Sums over the customers of a group: y in the campaign, x in the span before, w in the one before that."""

    count: float
    y: float
    x: float
    yy: float
    xx: float
    xy: float
    w: float
    ww: float
    xw: float

    @classmethod
    def of(cls, rows: Sequence[Mapping[str, Any]]) -> Group:
        """The sums of several rows together."""
        return cls(*(float(sum(float(row[name] or 0) for row in rows)) for name in ("customers", *_MOMENTS)))

    @property
    def mean(self) -> float:
        """Mean outcome."""
        return self.y / self.count

    @property
    def before(self) -> float:
        """Mean in the span before."""
        return self.x / self.count

    def spread(self, theta: float) -> float:
        """Variance of y − θx over the customers."""
        square = self.yy - 2 * theta * self.xy + theta**2 * self.xx
        return max(square - (self.y - theta * self.x) ** 2 / self.count, 0.0) / max(self.count - 1, 1)

    def placebo_spread(self) -> float:
        """Variance of x − w."""
        square = self.xx - 2 * self.xw + self.ww
        return max(square - (self.x - self.w) ** 2 / self.count, 0.0) / max(self.count - 1, 1)


@dataclass(frozen=True)
class Effect:
    """Per customer: the effect with its 95 % interval, the p-value, and the mean without the campaign."""

    size: float
    lower: float
    upper: float
    p: float
    without: float
    spread: float


def effect_of(treated: Group, others: Group, method: str) -> Effect | None:
    """The effect on the treated. None where a group is too small."""
    from scipy import stats

    if min(treated.count, others.count) < LEAST:
        return None
    theta = 1.0
    if method == "control":
        both = [treated, others]
        cross = sum(one.xy - one.x * one.y / one.count for one in both)
        square = sum(one.xx - one.x**2 / one.count for one in both)
        theta = cross / square if square > 0 else 0.0
    size = (treated.mean - others.mean) - theta * (treated.before - others.before)
    parts = [one.spread(theta) / one.count for one in (treated, others)]
    error = float(np.sqrt(sum(parts)))
    without = treated.mean - size
    if error == 0:
        return Effect(size, size, size, 1.0 if size == 0 else 0.0, without, 0.0)
    freedom = sum(parts) ** 2 / sum(
        part**2 / (one.count - 1) for part, one in zip(parts, (treated, others), strict=True)
    )
    half = float(stats.t.ppf(0.975, freedom)) * error
    p = 2 * float(stats.t.sf(abs(size) / error, freedom))
    spread = (treated.spread(theta) * treated.count + others.spread(theta) * others.count) / (
        treated.count + others.count
    )
    return Effect(size, size - half, size + half, p, without, spread)


def needed(effect: Effect, detect: float) -> int | None:
    """Customers in each of two equal groups that show a lift of `detect` percent; None where there is nothing to lift."""
    if effect.without <= 0 or effect.spread <= 0:
        return None
    return int(np.ceil(2 * (POWER / (effect.without * detect / 100)) ** 2 * effect.spread))


def campaign_effect(
    asker: Asker,
    question: dict[str, Any],
    campaign: str,
    preset: str,
    measure: str,
    method: str,
    days: int,
    detect: float,
) -> Answer:
    """What a campaign added to a measure per customer. Without days, those from the assignment of its members on."""
    rules, where = rfm.rule_set(asker, preset), rfm.filters_of(asker, question)
    notes, queries = Notes(), []  # type: ignore[var-annotated]
    addressed = members(asker)
    known = run(
        asker,
        addressed.group_by("campaign_id")
        .agg(first=addressed.day.min(), held=(addressed.arm == "control").sum(), customers=addressed.count())
        .order_by("campaign_id"),
        queries,
    ).to_pylist()
    shown = _columns(asker, measure)
    if not known:
        told = [sentence("No campaign has members yet: load the table of campaign members.")]
        return answer(asker, _table([]), shown, queries, sentences=told, sources=("campaign_members",))
    names = [row["campaign_id"] for row in known]
    if campaign and campaign not in names:
        raise NotFoundError(
            f"There is no campaign {campaign!r} with members; there are {', '.join(names[:20])}.",
            field="campaign",
            value=campaign,
        )
    chosen = next(row for row in known if row["campaign_id"] == (campaign or names[0]))
    period = _period(asker, question, chosen["first"], days)
    if method == "auto":
        method = "control" if chosen["held"] else "did"
    if method == "control" and not chosen["held"]:
        raise QuestionError(
            f"Nobody was held out of {chosen['campaign_id']}: ask for the method did.", field="method", value=method
        )
    found = run(asker, _sums(asker, addressed, chosen["campaign_id"], rules, period, where, measure, method), queries)
    rows = found.to_pylist()
    made: list[dict[str, Any]] = []
    present = [name for name in (*rules.segments, NOBODY) if any(row["segment"] == name for row in rows)]
    for name in (EVERYBODY, *present):
        mine = [row for row in rows if name in (EVERYBODY, row["segment"])]
        treated, others = (Group.of([row for row in mine if row["side"] == side]) for side in ("target", "other"))
        effect = effect_of(treated, others, method)
        made.append(_row(name, treated, others, effect, detect))
        if name == EVERYBODY:
            told = _in_words(asker, chosen["campaign_id"], measure, method, treated, others, effect, detect)
    assigned = chosen["first"]
    if assigned is not None and not assigned <= period.start <= assigned + timedelta(days=days):
        told.append(
            sentence(
                f"Its members were assigned on {words.day(assigned)}: choose the days from then on to see what it added."
            )
        )
    if method == "did":
        notes.add(
            "warning",
            "Nobody was held out at random, so the members may differ from the others in what cannot be seen.",
        )
    return answer(
        asker, _table(made), shown, queries[::-1], period=period, where=where, sentences=told, notes=notes,
        sources=("customer_events", "campaign_members"),
    )  # fmt: skip


def campaigns(asker: Asker, question: dict[str, Any], days: int) -> Answer:
    """Every campaign with members, the latest first, with the days to look at: from the assignment on, as far as the data reach.

    Columns: campaign_id, first_day, last_day, customers (addressed), compared (held out). Counts are of customers whom the asker
    may see and the filters let through; a campaign with none of them is left out.
    """
    where, queries = rfm.filters_of(asker, question), []  # type: ignore[var-annotated]
    rows = members(asker)
    if where or asker.scope.rows:
        rows = rows.semi_join(rfm.orders_of(asker, where), ["shop_id", "customer_id"])
    held = rows.arm == "control"
    found = rows.group_by("campaign_id").agg(
        first_day=rows.day.min(), customers=(~held).sum().cast("int64"), compared=held.sum().cast("int64")
    )
    end = ibis.least(found.first_day + ibis.interval(days=days - 1), ibis.date(asker.release.span.end))
    found = found.mutate(last_day=end.cast("date")).select(*_LISTED)
    table = run(asker, found.order_by(ibis.desc("first_day"), "campaign_id"), queries)
    shown = (
        AnswerColumn("campaign_id", "Campaign", "dimension"),
        AnswerColumn("first_day", "Assigned on", "time"),
        AnswerColumn("last_day", "Looked at until", "time"),
        AnswerColumn("customers", "Addressed", "plain", unit="count"),
        AnswerColumn("compared", "Held out", "plain", unit="count"),
    )
    told = [] if table.num_rows else [sentence("No campaign has members yet: load the table of campaign members.")]
    return answer(asker, table, shown, queries, where=where, sentences=told, sources=("campaign_members",))


def _period(asker: Asker, question: Mapping[str, Any], first: date | None, days: int) -> Period:
    """The days that are asked for; else those from the assignment on, as far as the data reach."""
    span = asker.release.span
    if any(question.get(name) for name in ("start", "end", "period")):
        period = rfm.period_of(asker, question)
    else:
        start = first or span.start
        period = Period(start, start + timedelta(days=days - 1))
    if period.start > span.end:
        raise QuestionError(f"The data end on {span.end}, before the campaign.", field="from", value=str(period.start))
    return Period(period.start, min(period.end, span.end))


def _sums(
    asker: Asker,
    addressed: ir.Table,
    campaign: str,
    rules: Any,
    period: Period,
    where: Sequence[Filter],
    measure: str,
    method: str,
) -> ir.Table:
    """Sums of outcomes and of their squares, by segment and side."""
    length = period.days
    before, earlier = period.start - timedelta(days=length), period.start - timedelta(days=2 * length)
    mine = addressed.filter(addressed.campaign_id == campaign)
    if where or asker.scope.rows:
        visible = rfm.orders_of(asker, where)
        mine = mine.semi_join(visible, ["shop_id", "customer_id"])
    stood = rfm.segmented(asker, rules, [period.start - timedelta(days=1)], where)
    stood = stood.select("shop_id", "customer_id", "segment")
    side = ibis.ifelse(mine.arm == "target", "target", "other")
    people = mine.select("shop_id", "customer_id", side=side)
    people = people.left_join(stood, ["shop_id", "customer_id"]).select("shop_id", "customer_id", "side", "segment")
    if method == "did":
        target = people.filter(people.side == "target")
        rest = stood.anti_join(mine, ["shop_id", "customer_id"])
        rest = rest.mutate(side=ibis.literal("other")).select("shop_id", "customer_id", "side", "segment")
        people = target.union(rest)
    orders = rfm.all_orders(asker)
    orders = orders.filter(orders.day.between(ibis.date(earlier), ibis.date(period.end)))
    value = {"orders": orders.orders, "revenue": orders.revenue, "buyers": orders.orders}[measure].cast("float64")
    spans = {
        "y": orders.day >= ibis.date(period.start),
        "x": orders.day.between(ibis.date(before), ibis.date(period.start - timedelta(days=1))),
        "w": orders.day < ibis.date(before),
    }
    did = orders.group_by("shop_id", "customer_id").agg(
        **{name: value.sum(where=inside).fill_null(0.0) for name, inside in spans.items()}
    )
    if measure == "buyers":
        did = did.mutate(**{name: (did[name] > 0).cast("float64") for name in spans})
    both = people.left_join(did, ["shop_id", "customer_id"])
    both = both.mutate(**{name: both[name].fill_null(0.0) for name in spans}, segment=both.segment.fill_null(NOBODY))
    return both.group_by("segment", "side").agg(
        customers=both.count(),
        y=both.y.sum(), x=both.x.sum(), w=both.w.sum(),
        yy=(both.y * both.y).sum(), xx=(both.x * both.x).sum(), ww=(both.w * both.w).sum(),
        xy=(both.x * both.y).sum(), xw=(both.x * both.w).sum(),
    )  # fmt: skip


_LISTED = ("campaign_id", "first_day", "last_day", "customers", "compared")
_NAMES = (
    "segment", "customers", "compared", "mean_addressed", "mean_without", "effect", "effect_lower", "effect_upper", "lift",
    "lift_lower", "lift_upper", "p_value", "added", "needed",
)  # fmt: skip


def _row(name: str, treated: Group, others: Group, effect: Effect | None, detect: float) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(_NAMES) | {
        "segment": name,
        "customers": int(treated.count),
        "compared": int(others.count),
        "mean_addressed": treated.mean if treated.count else None,
    }
    if effect is None:
        return row
    row |= {
        "mean_without": effect.without,
        "effect": effect.size,
        "effect_lower": effect.lower,
        "effect_upper": effect.upper,
        "p_value": effect.p,
        "added": effect.size * treated.count,
        "needed": needed(effect, detect),
    }
    if effect.without > 0:
        row |= {
            "lift": effect.size / effect.without * 100,
            "lift_lower": effect.lower / effect.without * 100,
            "lift_upper": effect.upper / effect.without * 100,
        }
    return row


def _table(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    whole = ("customers", "compared", "needed")
    types = {"segment": pa.string(), **dict.fromkeys(whole, pa.int64())}
    return pa.table({name: pa.array([row[name] for row in rows], types.get(name, pa.float64())) for name in _NAMES})


def _columns(asker: Asker, measure: str) -> tuple[AnswerColumn, ...]:
    unit = "money" if measure == "revenue" else "ratio"
    money = asker.release.currency if unit == "money" else None
    titles = {
        "mean_addressed": "Addressed, each", "mean_without": "Without it, each", "effect": "Effect, each",
        "effect_lower": "From", "effect_upper": "To", "added": "Added in all",
    }  # fmt: skip
    made = [columns(asker, ("segment",))[0]]
    for name in _NAMES[1:]:
        if name in titles:
            made.append(AnswerColumn(name, titles[name], "plain", unit=unit, currency=money))
        elif name.startswith("lift"):
            made.append(
                AnswerColumn(
                    name,
                    {"lift": "Lift", "lift_lower": "Lift from", "lift_upper": "Lift to"}[name],
                    "plain",
                    unit="percent",
                )
            )
        else:
            title = {
                "customers": "Addressed",
                "compared": "Compared with",
                "p_value": "p-value",
                "needed": "Needed in each group",
            }[name]
            made.append(AnswerColumn(name, title, "plain", unit="ratio" if name == "p_value" else "count"))
    return tuple(made)


def _in_words(
    asker: Asker,
    campaign: str,
    measure: str,
    method: str,
    treated: Group,
    others: Group,
    effect: Effect | None,
    detect: float,
) -> list[dict[str, Any]]:
    locale = asker.release.locale
    against = "held out at random" if method == "control" else "not addressed"
    if effect is None:
        return [
            sentence(
                f"{campaign} reached {words.number(treated.count, locale)} customers and {words.number(others.count, locale)} were "
                f"{against}: with fewer than {LEAST} on a side no effect can be told."
            )
        ]
    sure = effect.p < 0.05
    tone = "neutral" if not sure else "good" if effect.size > 0 else "bad"
    if effect.without > 0:
        lift, low, high = (part / effect.without * 100 for part in (effect.size, effect.lower, effect.upper))
        ends = f"{words.percent(low, signed=True)} to {words.percent(high, signed=True)}"
        size = f"{words.percent(lift, signed=True)} {measure} (95% interval {ends})"
    else:
        size = f"{effect.size:+.3f} {measure} a customer"
    compared = f"against {words.number(others.count, locale)} customers who were {against}"
    text = f"{campaign} {'brought' if sure else 'shows'} {size} {compared}"
    text += "" if sure else ", which chance alone can give"
    told = [sentence(f"{text}.", tone)]
    size_needed = needed(effect, detect)
    if size_needed is not None:
        smaller = min(treated.count, others.count)
        enough = (
            "are there"
            if smaller >= size_needed
            else f"are needed; the smaller one has {words.number(smaller, locale)}"
        )
        told.append(
            sentence(
                f"To show a lift of {detect:g}%, {words.number(size_needed, locale)} customers in each of two groups {enough}."
            )
        )
    if method == "did":
        placebo = (treated.before - treated.w / treated.count) - (others.before - others.w / others.count)
        error = float(np.sqrt(treated.placebo_spread() / treated.count + others.placebo_spread() / others.count))
        alike = error == 0 or abs(placebo) < 1.96 * error
        told.append(
            sentence(
                "Before it, members and others changed alike."
                if alike
                else "Before it, members and others did not change alike, so this is not the campaign's effect alone.",
                "neutral" if alike else "bad",
            )
        )
    return told


ANALYSES = (
    Analysis(
        "customers.campaign_effect",
        "Effect of a campaign",
        "customers",
        "What a campaign added by segment, against customers held out or others, with interval and sample size.",
        campaign_effect,
        (
            Parameter("campaign", "text", "", "The campaign; by default the first with members."),
            PRESET,
            Parameter("measure", "text", "orders", "What it was to bring.", choices=MEASURES),
            Parameter(
                "method", "text", "auto", "Against those held out, or difference in differences; auto takes what there is.",
                choices=("auto", "control", "did"),
            ),
            Parameter("days", "integer", 42, "Days from the assignment on, where no period is given.", minimum=1, maximum=366),
            Parameter("detect", "number", 10, "The lift in percent that the sample size is for.", minimum=0.1, maximum=1000),
        ),
    ),
    Analysis(
        "customers.campaigns",
        "Campaigns with members",
        "customers",
        "Campaigns whose effect can be told, with their members and days.",
        campaigns,
        (Parameter("days", "integer", 42, "Days to look at from the assignment on.", minimum=1, maximum=366),),
    ),
)  # fmt: skip
