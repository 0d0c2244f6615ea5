"""Who is about to be lost, how much of his value with him, and why it looks so.

`customers.churn_risk`  one row per customer with two orders or more: risk, value at risk, when he was to be expected, and reasons

Risk is what is left to certainty that he still buys, by the BG/NBD model (see `value`): it knows how often he bought and how
long he has been silent. Value at risk: what a customer like him who surely still buys would bring in the horizon, times the risk.
Reasons are facts beside the model, told where they hold: silent for twice his own usual time between orders or longer; silent for
longer than nine in ten of all repeat orders took; half of his orders or more came back. The model says nothing about who
bought once, so these are not listed.
"""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import Any

import ibis
import numpy as np
import pyarrow as pa

from tillsight.core import words
from tillsight.domains.customers.segment_analyses import returned_orders
from tillsight.domains.customers.value_analyses import as_money, customers_of, fitted, settled
from tillsight.metrics.answer import Answer, AnswerColumn, from_rows, sentence
from tillsight.metrics.ask import Asker
from tillsight.metrics.model import Analysis, Parameter

LONG = 0.9
"""Share of all repeat orders that came sooner than the silence that is called long."""


def churn_risk(asker: Asker, question: dict[str, Any], least: float, horizon: int, limit: int, offset: int) -> Answer:
    """Customers of whom most may be lost first; row_count counts all whose risk is at least `least` percent."""
    from tillsight.domains.customers.value import FitError, customer_value

    end, where = settled(asker, question)
    found = customers_of(asker, where, end)
    try:
        buying, spending = fitted(found, asker.release.span.start)
    except FitError as error:
        empty = from_rows((), pa.table({}), asker.release.currency, [sentence(error.message)])
        return dataclasses.replace(empty, release=asker.release.number, sources=("customer_events",))
    worth = customer_value(
        buying, spending, found.frequency, found.recency, found.age, found.mean_value, horizon=float(horizon), yearly_discount=0.0
    )  # fmt: skip
    risk = (1 - worth.alive) * 100
    with np.errstate(divide="ignore", invalid="ignore"):
        usual = found.recency / found.frequency
        lost = np.where(worth.alive > 0, worth.clv / worth.alive * (1 - worth.alive), 0.0)
    silent = found.age - found.recency
    again = found.frequency > 0
    gaps = np.repeat(usual[again], found.frequency[again].astype(int))
    long = float(np.quantile(gaps, LONG)) if len(gaps) else np.inf
    came_back = _came_back(asker, found.table, end)
    chosen = np.flatnonzero(again & (risk >= least) & np.isfinite(lost))
    chosen = chosen[np.argsort(-lost[chosen], kind="stable")]
    shown = chosen[offset : offset + limit] if limit else chosen[offset:]
    late, silent_long, returned = silent >= 2 * np.maximum(usual, 1), silent > long, came_back >= 0.5
    reasons = [_reasons(at, silent, usual, late, silent_long, returned) for at in shown.tolist()]
    due = [found.until + timedelta(days=round(usual[at] - silent[at])) for at in shown.tolist()]
    currency = asker.release.currency
    table = pa.table(
        {
            "customer_id": found.table["customer_id"].take(shown),
            "risk": pa.array(risk[shown], pa.float64()),
            "value_at_risk": as_money(asker, lost[shown]),
            "reasons": pa.array(reasons, pa.string()),
            "orders": pa.array((found.frequency[shown] + 1).astype(int), pa.int64()),
            "spent": as_money(asker, found.spent[shown]),
            "last_order": found.table["last_day"].take(shown),
            "silent_days": pa.array(silent[shown], pa.float64()),
            "usual_days": pa.array(usual[shown], pa.float64()),
            "was_due": pa.array(due, pa.date32()),
        }
    )
    columns = (
        AnswerColumn("customer_id", "Customer", "dimension"),
        AnswerColumn("risk", "Risk", "plain", unit="percent", better="down"),
        AnswerColumn("value_at_risk", "Value at risk", "plain", unit="money", currency=currency),
        AnswerColumn("reasons", "Why", "dimension"),
        AnswerColumn("orders", "Days with an order", "plain", unit="count"),
        AnswerColumn("spent", "Spent so far", "plain", unit="money", currency=currency),
        AnswerColumn("last_order", "Last order", "time"),
        AnswerColumn("silent_days", "Silent for", "plain", unit="days"),
        AnswerColumn("usual_days", "Usually every", "plain", unit="days"),
        AnswerColumn("was_due", "Was due", "time"),
    )
    total = float(lost[chosen].sum())
    told = [
        sentence(
            f"{words.number(len(chosen), asker.release.locale)} customers with repeat orders are at a risk of {least:g}% or more, and "
            f"{words.amount(total, currency, asker.release.locale)} of what they would bring in {horizon} days with them.",
            "bad" if len(chosen) else "neutral",
        )
    ]
    return dataclasses.replace(
        from_rows(columns, table, currency, told),
        row_count=len(chosen),
        release=asker.release.number,
        as_of=asker.release.as_of,
        sources=("customer_events",),
        queries=(found.sql,),
    )


def _reasons(at: int, silent: Any, usual: Any, late: Any, silent_long: Any, returned: Any) -> str:
    told = []
    if late[at]:
        told.append(f"silent for {silent[at]:.0f} days, usually orders every {max(usual[at], 1):.0f}")
    if silent_long[at]:
        told.append("silent for longer than nine in ten repeat orders took")
    if returned[at]:
        told.append("half of the orders or more came back")
    return "; ".join(told) or "silent for longer than the rhythm of orders suggests"


def _came_back(asker: Asker, customers: pa.Table, end: Any) -> Any:
    """The share of each customer's orders that came back at least in part; 0 where no returns are loaded."""
    returned = returned_orders(asker, end)
    share = np.zeros(customers.num_rows)
    if returned is None:
        return share
    found, _ = asker.release.run(
        returned.filter(returned.customer_key.notnull())
        .select("customer_key", "returned")
        .order_by(ibis.asc("customer_key"))
    )
    keys = customers["customer_key"].to_numpy()
    at = np.searchsorted(keys, found["customer_key"].to_numpy())
    inside = at < len(keys)
    at, counts = at[inside], found["returned"].to_numpy()[inside].astype(float)
    same = keys[at] == found["customer_key"].to_numpy()[inside]
    share[at[same]] = counts[same]
    return share / (customers["again"].to_numpy().astype(float) + 1)


ANALYSES = (
    Analysis(
        "customers.churn_risk",
        "Customers at risk",
        "customers",
        "Repeat customers who are about to be lost, what would be lost with them, and why it looks so.",
        churn_risk,
        (
            Parameter("least", "number", 50, "Lowest risk to list, in percent.", minimum=0, maximum=100),
            Parameter("horizon", "integer", 365, "Days ahead that the value is of.", minimum=1, maximum=3650),
            Parameter("limit", "integer", 200, "How many customers; 0 lists all.", minimum=0, maximum=10_000_000),
            Parameter("offset", "integer", 0, "How many to skip.", minimum=0),
        ),
    ),
)
