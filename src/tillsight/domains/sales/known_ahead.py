"""What is known of days to come besides the calendar: promotions, prices, and the shop's own events.

Grain: one number per day, for the whole and for each series that is forecast. Units: `promotions` is how many run; `promoted` the share
of sales (of the 52 weeks up to the origin) that is of products in a running promotion; `price` the logarithm of how much dearer the
products are than on the first day, weighted by the same sales; `event: …` is one on days of a season of that sort. Prices stay as they are
after their last change that is known, also a planned one.

Weights are those of the asker's rows; promotions, prices and seasons themselves are read whole, as they tell nothing of single sales.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import ibis
import numpy as np

from tillsight.domains.sales.selling import fetched
from tillsight.metrics.ask import Asker
from tillsight.metrics.question import Filter
from tillsight.tables.registry import TABLES
from tillsight.tables.schema import IBIS_TYPES

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pandas as pd

    from tillsight.forecasting.calendar import Event
    from tillsight.forecasting.panel import Floats

WEIGHED_DAYS = 364
MOST_EVENTS = 12


def events(asker: Asker, start: date, days: int) -> list[Event]:
    """The shop's own events that reach into the days, by what comes again: the series of a season, else its name without the year."""
    from tillsight.forecasting.calendar import Event

    rows = _table("seasons")
    last = start + timedelta(days=days - 1)
    rows = rows.filter(rows.start_date <= ibis.date(last), rows.end_date >= ibis.date(start))
    named = ibis.coalesce(rows.series, rows.season_name.re_replace(r"\s*(19|20)?\d\d$", ""))
    found, _ = asker.release.run(
        rows.select(name=named, start="start_date", end="end_date").distinct().order_by("name", "start")
    )
    known = [
        Event(*row)
        for row in zip(*(found[name].to_pylist() for name in ("name", "start", "end")), strict=True)
        if row[0]
    ]
    # what came but once cannot be learnt from, and a long span is no event
    often = {name for name in {event.name for event in known} if sum(event.name == name for event in known) > 1}
    return [event for event in known if event.name in sorted(often)[:MOST_EVENTS]]


def features(
    asker: Asker, where: Sequence[Filter], by: str, values: Sequence[str | None], start: date, origin: date, days: int
) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """What all series share, and what each has of its own (a row per value, in the order of `values`; the first is the whole).

    `days`: how many from `start` on, also days to come. Nothing where no promotion and no change of a price is known.
    """
    queries: list[str] = []
    weights = _weights(asker, where, by, origin, queries)
    shared = _running(asker, start, days, queries)
    own: dict[str, Floats] = {}
    for name, steps in (
        ("promoted", _promoted(asker, weights, start, days, queries)),
        ("price", _prices(asker, weights, start, days, queries)),
    ):
        if len(steps):
            total = fetched(asker, weights.group_by("value").agg(weight=weights.weight.sum()), queries)
            own[name] = _course(steps, total, values, days)
    return shared, own


def _table(name: str) -> ir.Table:
    return ibis.table({column.name: IBIS_TYPES[column.type] for column in TABLES[name].columns}, name=name)


def _weights(asker: Asker, where: Sequence[Filter], by: str, origin: date, queries: list[str]) -> ir.Table:
    """How much each product sold of each value in the 52 weeks up to the origin: product_id, value, weight."""
    rows = asker.compiler.rows(asker.catalogue.relations["sales"], tuple(where), by=(by,) if by else ())
    first = origin - timedelta(days=WEIGHED_DAYS - 1)
    rows = rows.filter(
        rows.product_id.notnull(), rows.day.between(ibis.date(first), ibis.date(origin)), rows.revenue > 0
    )
    value = asker.catalogue.dimensions[by].of(rows).cast("string") if by else ibis.literal("")
    return rows.group_by("product_id", value=ibis.coalesce(value, ibis.literal(""))).agg(
        weight=rows.revenue.sum().cast("float64")
    )


def _running(asker: Asker, start: date, days: int, queries: list[str]) -> dict[str, Floats]:
    """How many promotions run on each day; nothing where none is known."""
    found = fetched(asker, _table("promotions").select("promotion_id", "start_date", "end_date"), queries)
    if found.empty:
        return {}
    change = np.zeros(days + 1)
    np.add.at(change, *_steps(found, start, days))
    return {"promotions": np.cumsum(change)[:days]}


def _steps(spans: pd.DataFrame, start: date, days: int) -> tuple[Any, Any]:
    """Where something begins (one more) and where it has ended (one less), for spans with start_date and end_date."""
    import pandas as pd

    begin = ((spans.start_date - pd.Timestamp(start)).dt.days).clip(lower=0)
    end = ((spans.end_date - pd.Timestamp(start)).dt.days + 1).fillna(days).clip(upper=days)
    held = (begin < end).to_numpy()
    places = np.concatenate([begin[held], end[held]]).astype(int)
    return places, np.concatenate([np.ones(held.sum()), -np.ones(held.sum())])


def _promoted(asker: Asker, weights: ir.Table, start: date, days: int, queries: list[str]) -> pd.DataFrame:
    """By value and day the change of the weight that is promoted: value, at (days from the start), step."""
    import pandas as pd

    promotions, named = _table("promotions"), _table("promotion_products")
    spans = (
        named.select("promotion_id", "product_id")
        .distinct()
        .join(
            promotions.group_by("promotion_id").agg(
                start_date=promotions.start_date.min(), end_date=promotions.end_date.max()
            ),
            "promotion_id",
        )
    )
    rows = spans.join(weights, "product_id")
    found = fetched(asker, rows.group_by(["value", "start_date", "end_date"]).agg(weight=rows.weight.sum()), queries)
    if found.empty:
        return found
    begin = (found.start_date - pd.Timestamp(start)).dt.days.clip(lower=0)
    end = ((found.end_date - pd.Timestamp(start)).dt.days + 1).fillna(days).clip(upper=days)
    held = begin < end
    parts = [
        pd.DataFrame({"value": found.value[held], "at": at[held], "step": sign * found.weight[held]})
        for at, sign in ((begin, 1), (end, -1))
    ]
    return pd.concat(parts)


def _prices(asker: Asker, weights: ir.Table, start: date, days: int, queries: list[str]) -> pd.DataFrame:
    """By value and day the change of the logarithm of prices, times the weight: value, at (days from the start), step."""
    import pandas as pd

    rows = _table("price_changes")
    lists = ["shop_id", "product_id", "channel", "location_id", "price_list"]
    rows = rows.filter(rows.new_price > 0)
    before = ibis.coalesce(
        rows.old_price.nullif(0), rows.new_price.lag().over(ibis.window(group_by=lists, order_by=rows.effective_at))
    )
    rows = rows.mutate(
        _step=(rows.new_price.cast("float64") / before.cast("float64")).log(),
        _lists=rows.line_id.count().over(ibis.window(group_by="product_id"))
        / rows.line_id.count().over(ibis.window(group_by=lists)),
    )
    last = start + timedelta(days=days - 1)
    day = rows.effective_at.date()
    rows = rows.mutate(day=day).filter(
        lambda t: t._step.notnull() & (t.day > ibis.date(start)) & (t.day <= ibis.date(last))
    )
    met = rows.join(weights, "product_id")
    found = fetched(
        asker, met.group_by(["value", "day"]).agg(step=(met._step * met.weight / met._lists).sum()), queries
    )
    if found.empty:
        return found
    return pd.DataFrame({"value": found.value, "at": (found.day - pd.Timestamp(start)).dt.days, "step": found.step})


def _course(steps: pd.DataFrame, total: pd.DataFrame, values: Sequence[str | None], days: int) -> Floats:
    """The course of each series from its steps, over its own weight. What is no value of its own belongs to the rest, the last row."""
    row_of = {"" if value is None else str(value): row for row, value in enumerate(values)}
    rest = row_of.get("(all others)", 0)

    def rows_of(names: pd.Series[Any]) -> Any:
        return names.map(row_of).fillna(rest).to_numpy(dtype=int)

    change = np.zeros((len(values), days + 1))
    weight = np.zeros(len(values))
    at = steps["at"].to_numpy(dtype=int)
    step = steps["step"].to_numpy(dtype=float)
    if len(values) > 1:
        np.add.at(change, (rows_of(steps.value), at), step)
        np.add.at(weight, rows_of(total.value), total.weight.to_numpy(dtype=float))
    change[0] = 0.0
    np.add.at(change[0], at, step)
    weight[0] = float(total.weight.sum())
    course: Floats = np.cumsum(change, axis=1)[:, :days] / np.maximum(weight, 1e-9)[:, None]
    return course.round(9)
