"""What each customer will be worth, and whether such figures can be trusted.

`customers.value`          one row per customer: what he did, how probable it is that he still buys, what is expected of him
`customers.value_holdout`  the models fitted on the first part of the history, against what customers then did: orders expected and made,
                           by how often they had bought before

A customer's orders of one day are one order. Days of the shop's time zone; amounts in the reporting currency, without tax. Customers are
those that something identifies. The last day that is learnt from is the last one of the period that is asked for (with data); filters on
what a first order says (channel, country, …) choose customers. Models: see `value`.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import ibis
import numpy as np
import pyarrow as pa

from tillsight.core import words
from tillsight.core.money import minor_units
from tillsight.metrics.answer import Answer, AnswerColumn, sentence
from tillsight.metrics.ask import Asker
from tillsight.metrics.model import Analysis, Parameter
from tillsight.metrics.question import Filter, ask_for

if TYPE_CHECKING:
    from tillsight.domains.customers.value import BgNbd, Floats, GammaGamma

LEAST_DAYS = 56
GONE_BELOW = 0.5
"""A customer who probably has left: probability alive below this."""
MOST_OFTEN = 7
"""In the holdout, customers with so many repeat orders or more are one group."""


@dataclass(frozen=True)
class _Customers:
    """The orders of customers up to a day: keys and arrays with one entry each. Times are days."""

    table: pa.Table
    frequency: Floats
    recency: Floats
    age: Floats
    mean_value: Floats
    spent: Floats
    until: date
    sql: str

    def __len__(self) -> int:
        return int(self.table.num_rows)


def value(asker: Asker, question: dict[str, Any], horizon: int, discount: float, limit: int, sort: str) -> Answer:
    """Customers, by default those of whom most is expected first.

    Columns: customer_id, orders, first and last day, spent so far, probability alive (percent), orders expected over the horizon, amount of
    an order, value expected over the horizon (discounted), expected next order (the day by which he has ordered again with a
    probability of one half; unknown where it never gets so high). Totals: sums, or means, over all customers, also those behind the limit.
    Without enough repeat customers there is no number, but a sentence that says why.
    """
    from tillsight.domains.customers.value import FitError, customer_value

    end, where = settled(asker, question)
    found = customers_of(asker, where, end)
    try:
        buying, spending = fitted(found, asker.release.span.start)
    except FitError as error:
        return _answer(asker, question, found, _empty(asker), None, 0, [sentence(error.message)])
    worth = customer_value(
        buying, spending, found.frequency, found.recency, found.age, found.mean_value,
        horizon=float(horizon), yearly_discount=discount / 100,
    )  # fmt: skip
    known = np.isfinite(worth.clv)
    figures = {
        "orders": found.frequency + 1,
        "spent": found.spent,
        "alive": worth.alive * 100,
        "expected_orders": worth.orders,
        "order_value": worth.order_value,
        "clv": worth.clv,
    }
    keys = {"clv": worth.clv, "alive": worth.alive, "expected_orders": worth.orders, "spent": found.spent}
    rank = np.nan_to_num(keys[sort.lstrip("-")], nan=-np.inf) * (1 if sort.startswith("-") else -1)
    order = np.lexsort((found.table["customer_key"].to_numpy(), -rank))[:limit]
    nexts = [
        found.until + timedelta(days=int(np.ceil(days))) if np.isfinite(days) and days < 36_500 else None
        for days in worth.days_to_next[order].tolist()
    ]
    table = pa.table(
        {
            "customer_id": found.table["customer_id"].take(order),
            "orders": pa.array(figures["orders"][order].astype(int), pa.int64()),
            "first_order": found.table["first_day"].take(order),
            "last_order": found.table["last_day"].take(order),
            "spent": as_money(asker, figures["spent"][order]),
            "alive": pa.array(figures["alive"][order], pa.float64()),
            "expected_orders": pa.array(figures["expected_orders"][order], pa.float64()),
            "order_value": as_money(asker, figures["order_value"][order]),
            "clv": as_money(asker, figures["clv"][order]),
            "next_order": pa.array(nexts, pa.date32()),
        }
    )
    totals = {
        "orders": float(figures["orders"].sum()),
        "spent": float(found.spent.sum()),
        "alive": float(figures["alive"].mean()),
        "expected_orders": float(worth.orders.sum()),
        "order_value": _mean(worth.order_value[known], worth.orders[known]),
        "clv": float(worth.clv[known].sum()),
    }
    sentences = _in_words(asker, found, spending, totals, worth.alive, horizon, discount)
    answer = _answer(asker, question, found, table, totals, len(found), sentences)
    return dataclasses.replace(answer, notes=[_of_models(buying, spending)])


def holdout(asker: Asker, question: dict[str, Any], days: int) -> Answer:
    """Fitted on everything but the last days, compared with these days.

    Columns: repeat orders before (7 is 7 or more), customers, orders expected and made per customer in the days kept back, and in all.
    """
    from tillsight.domains.customers.value import FitError

    end, where = settled(asker, question)
    cut = end - timedelta(days=days)
    learnt, whole = customers_of(asker, where, cut), customers_of(asker, where, end)
    try:
        buying, _ = fitted(learnt, asker.release.span.start)
    except FitError as error:
        return _answer(asker, question, learnt, _holdout_table([]), None, 0, [sentence(error.message)])
    expected = buying.expected_orders(float(days), learnt.frequency, learnt.recency, learnt.age)
    later = dict(zip(whole.table["customer_key"].to_pylist(), whole.frequency.tolist(), strict=True))
    after = np.array([later[key] for key in learnt.table["customer_key"].to_pylist()])
    made = after - learnt.frequency
    group = np.minimum(learnt.frequency, MOST_OFTEN).astype(int)
    rows = []
    for often in np.unique(group).tolist():
        mine = group == often
        rows.append((often, int(mine.sum()), float(expected[mine].sum()), float(made[mine].sum())))
    locale = asker.release.locale
    off = (expected.sum() / made.sum() - 1) * 100 if made.sum() else float("nan")
    text = (
        f"Fitted to {words.day(cut)}, the models expected {words.number(expected.sum(), locale)} orders of known customers in "
        f"the {days} days after; {words.number(made.sum(), locale)} were made"
    )
    text += f" ({words.percent(off, signed=True)})." if np.isfinite(off) else "."
    if len(learnt) > 2 and expected.std() > 0 and made.std() > 0:
        text += f" Over single customers the two go together by {np.corrcoef(expected, made)[0, 1]:.2f} (correlation)."
    return _answer(asker, question, learnt, _holdout_table(rows), None, len(rows), [sentence(text)])


def settled(asker: Asker, question: dict[str, Any]) -> tuple[date, tuple[Filter, ...]]:
    """The last day that is learnt from, and the filters. Raises QuestionError where a filter does not apply to customers."""
    view = {key: part for key, part in question.items() if key != "compare"}
    resolved = asker.resolve(ask_for("repeat_purchase_rate", **view))
    return min(resolved.period.end, asker.release.span.end), resolved.where


def customers_of(asker: Asker, where: tuple[Filter, ...], end: date) -> _Customers:
    """Every customer with an order up to a day: one pass over the customers' orders in the engine."""
    relation = asker.catalogue.relations["customer_events"]
    rows = asker.compiler.rows(relation, where)
    rows = rows.filter(rows.orders > 0, rows.day <= ibis.date(end))
    days = rows.group_by("customer_key", "day").agg(customer_id=rows.customer_id.max(), amount=rows.revenue.sum())
    first = days.day.min().over(ibis.window(group_by=days.customer_key))
    days = days.mutate(first_day=first, again=(days.day > first).cast("int64"))
    table = days.group_by("customer_key").agg(
        customer_id=days.customer_id.max(),
        first_day=days.first_day.min(),
        last_day=days.day.max(),
        again=days.again.sum().cast("int64"),
        # exact until here: a sum of floats depends on the order of its rows
        spent=days.amount.sum().cast("float64"),
        spent_again=days.amount.sum(where=days.again == 1).cast("float64").fill_null(0.0),
    )
    found, sql = asker.release.run(table.order_by("customer_key"))
    first_day, last_day = (_days(found[name]) for name in ("first_day", "last_day"))
    frequency = found["again"].to_numpy().astype(float)
    spent_again = found["spent_again"].to_numpy().astype(float)
    mean = np.divide(spent_again, frequency, out=np.full(len(frequency), np.nan), where=frequency > 0)
    age = (np.datetime64(end) - first_day).astype(float)
    recency = (last_day - first_day).astype(float)
    return _Customers(found, frequency, recency, age, mean, found["spent"].to_numpy().astype(float), end, sql)


def _days(column: pa.ChunkedArray) -> Any:
    return column.cast(pa.date32()).to_numpy().astype("datetime64[D]")


def fitted(found: _Customers, start: date) -> tuple[BgNbd, GammaGamma]:
    """Both models. Raises FitError where there is too little to learn from."""
    from tillsight.domains.customers.value import FitError, fit_bg_nbd, fit_gamma_gamma

    days = (found.until - start).days + 1
    if days < LEAST_DAYS:
        raise FitError(
            f"{max(days, 0)} days of orders are too few: the value of customers needs {LEAST_DAYS} days.", days=days
        )
    buying = fit_bg_nbd(found.frequency, found.recency, found.age)
    return buying, fit_gamma_gamma(found.frequency, found.mean_value)


def _mean(values: Floats, weights: Floats) -> float | None:
    return float(np.average(values, weights=weights)) if len(values) and weights.sum() > 0 else None


def as_money(asker: Asker, values: Floats) -> pa.Array:
    """Amounts with the places of the currency; NaN is unknown."""
    places = minor_units(asker.release.currency)
    texts = [f"{amount:.{places}f}" if np.isfinite(amount) else None for amount in values.tolist()]
    return pa.array(texts, pa.string()).cast(pa.decimal128(38, places))


def _columns(asker: Asker, table: pa.Table) -> tuple[AnswerColumn, ...]:
    currency = asker.release.currency
    known = {
        column.name: column
        for column in (
            AnswerColumn("customer_id", "Customer", "dimension"),
            AnswerColumn("orders", "Days with an order", "metric", unit="count", better="up"),
            AnswerColumn("first_order", "First order", "time"),
            AnswerColumn("last_order", "Last order", "time"),
            AnswerColumn("spent", "Spent so far", "metric", unit="money", better="up", currency=currency),
            AnswerColumn("alive", "Still a customer", "metric", unit="percent", better="up"),
            AnswerColumn("expected_orders", "Expected orders", "metric", unit="ratio", better="up"),
            AnswerColumn(
                "order_value", "Expected value of an order", "metric", unit="money", better="up", currency=currency
            ),
            AnswerColumn("clv", "Expected value", "metric", unit="money", better="up", currency=currency),
            AnswerColumn("next_order", "Expected next order", "time"),
            AnswerColumn("repeat_orders", "Repeat orders before", "dimension"),
            AnswerColumn("customers", "Customers", "metric", unit="count"),
            AnswerColumn("expected_each", "Expected orders each", "metric", unit="ratio"),
            AnswerColumn("actual_each", "Actual orders each", "metric", unit="ratio"),
            AnswerColumn("expected", "Expected orders", "metric", unit="count"),
            AnswerColumn("actual", "Actual orders", "metric", unit="count"),
        )
    }
    return tuple(known[name] for name in table.column_names)


def _empty(asker: Asker) -> pa.Table:
    money, number = pa.decimal128(38, minor_units(asker.release.currency)), pa.float64()
    types = {
        "customer_id": pa.string(), "orders": pa.int64(), "first_order": pa.date32(), "last_order": pa.date32(), "spent": money,
        "alive": number, "expected_orders": number, "order_value": money, "clv": money, "next_order": pa.date32(),
    }  # fmt: skip
    return pa.table({name: pa.array([], type_) for name, type_ in types.items()})


def _holdout_table(rows: list[tuple[int, int, float, float]]) -> pa.Table:
    return pa.table(
        {
            "repeat_orders": pa.array(
                [f"{often} or more" if often == MOST_OFTEN else str(often) for often, *_ in rows], pa.string()
            ),
            "customers": pa.array([count for _, count, _, _ in rows], pa.int64()),
            "expected_each": pa.array([expected / count for _, count, expected, _ in rows], pa.float64()),
            "actual_each": pa.array([made / count for _, count, _, made in rows], pa.float64()),
            "expected": pa.array([expected for _, _, expected, _ in rows], pa.float64()),
            "actual": pa.array([made for *_, made in rows], pa.float64()),
        }
    )


def _answer(
    asker: Asker,
    question: dict[str, Any],
    found: _Customers,
    table: pa.Table,
    totals: dict[str, Any] | None,
    count: int,
    sentences: list[dict[str, Any]],
) -> Answer:
    columns = _columns(asker, table)
    plain = Answer(table, columns, asker.release.currency)
    return dataclasses.replace(
        plain,
        totals={column.name: totals.get(column.name) for column in columns if column.unit} if totals else None,
        row_count=count,
        release=asker.release.number,
        as_of=asker.release.as_of,
        sources=("customer_events",),
        queries=(found.sql,),
        sentences=sentences,
    )


def _of_models(buying: BgNbd, spending: GammaGamma) -> dict[str, str]:
    """What was fitted, for who wants to check it."""
    text = (
        f"BG/NBD: r {buying.r:.3f}, α {buying.alpha:.1f} days, a {buying.a:.3f}, b {buying.b:.3f}, log-likelihood "
        f"{buying.log_likelihood:,.1f}. Gamma-Gamma: p {spending.p:.2f}, q {spending.q:.2f}, v {spending.v:.2f}."
    )
    return {"level": "info", "text": text}


def _in_words(
    asker: Asker,
    found: _Customers,
    spending: GammaGamma,
    totals: dict[str, Any],
    alive: Floats,
    horizon: int,
    discount: float,
) -> list[dict[str, Any]]:
    currency, locale = asker.release.currency, asker.release.locale
    count = words.number(len(found), locale)
    worth = words.amount(totals["clv"], currency, locale)
    orders = words.number(totals["expected_orders"], locale)
    less = f", discounted by {discount:g}% a year" if discount else ""
    repeated = found.frequency > 0
    quiet = int((repeated & (alive < GONE_BELOW)).sum())
    first = f"{count} customers are expected to order {orders} times in the next {horizon} days, for {worth}{less}."
    again = words.number(int(repeated.sum()), locale)
    second = f"{again} of them have bought again; of these {words.number(quiet, locale)} have probably left."
    sentences = [sentence(first), sentence(second)]
    if abs(spending.correlation) > 0.3:
        sentences.append(
            sentence(
                f"Customers who order more often spend {'more' if spending.correlation > 0 else 'less'} an order (correlation "
                f"{spending.correlation:.2f}), which the model of amounts takes for unrelated: read single values with care.",
                "bad",
            )
        )
    if not np.isfinite(spending.mean_of_all()):
        sentences.append(
            sentence("Amounts spread so widely that customers with one order have no expected value.", "bad")
        )
    return sentences


ANALYSES = (
    Analysis(
        "customers.value",
        "Predicted customer value",
        "customers",
        "What is expected of each customer: probability to buy again, orders, amount, value, next order (BG/NBD and Gamma-Gamma).",
        value,
        (
            Parameter("horizon", "integer", 365, "Days ahead.", minimum=1, maximum=3650),
            Parameter("discount", "number", 10, "What a year's wait takes off, in percent.", minimum=0, maximum=100),
            Parameter("limit", "integer", 1000, "How many customers to list; totals are over all.", minimum=1, maximum=10_000_000),
            Parameter(
                "sort", "text", "-clv", "What to sort by; with - in front the largest first.",
                choices=("-clv", "clv", "-alive", "alive", "-expected_orders", "expected_orders", "-spent", "spent"),
            ),
        ),
    ),
    Analysis(
        "customers.value_holdout",
        "Expected and actual orders",
        "customers",
        "The models of customer value fitted on the past and compared with the days that were kept back.",
        holdout,
        (Parameter("days", "integer", 90, "Days to keep back.", minimum=7, maximum=1095),),
    ),
)  # fmt: skip
