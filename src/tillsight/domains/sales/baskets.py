"""What sells together: pairs of products, or of categories, that meet in orders more often than chance brings them together.

`sales.together`  one row per pair: orders with both, support, confidence both ways, lift, what chance would bring, and how likely it is

Chance: in every month each order keeps its number of different items, and the items of the month fall into orders as often as they were
sold. A pair is then expected in Σ over months of n₁ · n₂ · Σk(k − 1) ÷ (Σk)² orders, n the orders with an item and k the items of an
order. So neither large baskets, nor a common season, nor products that were not yet on sale make a pair. The tail of Poisson says how
likely so many meetings are by chance; with a false discovery rate of 5 % over all pairs of items there are (Benjamini and Hochberg,
1995) about one in twenty of those shown is chance. Support, confidence and lift are those of Agrawal, Imieliński and Swami (1993) and
Brin and others (1997), over all orders. Pairs are counted in the engine, as sets. Orders of more than 100 different items are left out:
they are wholesale, and one of them would make thousands of pairs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ibis

from tillsight.core import words
from tillsight.domains.sales.selling import answer, columns, fetched, lines, period_of, tabled
from tillsight.forecasting.discoveries import discoveries
from tillsight.metrics.answer import Answer, sentence
from tillsight.metrics.ask import Asker
from tillsight.metrics.model import Analysis, Notes, Parameter

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pandas as pd

RATE = 0.05
MOST_ITEMS = 100
LEAST_TOGETHER = 3
ITEMS = {"product": ("product_id", "product_name"), "category": ("category", "category"), "brand": ("brand", "brand")}


def together(asker: Asker, question: dict[str, Any], of: str, item: str = "", limit: int = 50) -> Answer:
    """Pairs that are found, the highest lift first; with `item` (a SKU or a name) those of one, seen from it.

    Columns: the two items, orders with both, expected by chance, support, confidence both ways, lift, chance.
    """
    queries: list[str] = []
    period = period_of(asker, question)
    key, name = ITEMS[of]
    rows = lines(asker, question)
    rows = rows.filter(rows.day.between(ibis.date(period.start), ibis.date(period.end)))
    shown = columns(
        asker,
        (
            "first_id",
            "first",
            "second_id",
            "second",
            "together",
            "expected",
            "support",
            "confidence",
            "confidence_back",
            "lift",
            "chance",
        ),
    )
    orders, pairs = pairs_in(asker, rows, key, name, queries)
    frame = found_in(orders, pairs)
    everything = len(frame)
    if item:
        frame = _seen_from(frame, item)
    frame = frame.sort_values(["lift", "together", "first_id", "second_id"], ascending=[False, False, True, True])
    notes = Notes()
    if orders["left_out"]:
        notes.add("info", f"{orders['left_out']} orders with more than {MOST_ITEMS} different items are left out.")
    return answer(
        asker, tabled(frame.head(limit) if limit else frame, shown), shown, queries, period=period, row_count=len(frame), notes=notes,
        sentences=_in_words(frame, orders, everything, item, asker.release.locale),
    )  # fmt: skip


def pairs_in(
    asker: Asker, rows: ir.Table, key: str, name: str, queries: list[str]
) -> tuple[dict[str, int], pd.DataFrame]:
    """How many orders and different items there are, and every pair that met three times: counts of both, of each, and expected."""
    rows = rows.filter(rows[key].notnull())
    sold = rows.group_by("order_key", _item=rows[key]).agg(day=rows.day.min(), _name=rows[name].max())
    sold = sold.mutate(_k=sold.count().over(ibis.window(group_by="order_key")), _month=sold.day.truncate("M"))
    counted = fetched(
        asker,
        sold.agg(
            orders=sold.order_key.nunique(),
            items=sold._item.nunique(where=sold._k <= MOST_ITEMS),
            left_out=sold.order_key.nunique(where=sold._k > MOST_ITEMS),
        ),
        queries,
    ).iloc[0]
    sold = sold.filter(sold._k <= MOST_ITEMS)
    other = sold.view()
    met = sold.join(other, (sold.order_key == other.order_key) & (sold._item < other._item))
    met = met.group_by(first_id="_item", second_id="_item_right").agg(together=met.count())
    met = met.filter(met.together >= LEAST_TOGETHER)
    by_month = sold.group_by(["_month", "_item"]).agg(_n=sold.count())
    # every item of an order of k counts once in the first sum and k − 1 times in the second
    months = sold.group_by("_month").agg(_all=sold.count(), _meetings=(sold._k - 1).sum())
    by_month = by_month.join(months, "_month")
    one, two = by_month, by_month.view()
    pairs = met.join(one, met.first_id == one._item).select(
        "first_id", "second_id", "together", "_month", "_all", "_meetings", _n1="_n"
    )
    pairs = pairs.join(two, (pairs.second_id == two._item) & (pairs._month == two._month)).select(
        "first_id", "second_id", "together", "_n1", "_all", "_meetings", _n2="_n"
    )
    part = pairs._n1.cast("float64") * pairs._n2 * pairs._meetings / (pairs._all.cast("float64") ** 2)
    pairs = pairs.group_by(["first_id", "second_id"]).agg(together=pairs.together.max(), expected=part.sum())
    totals = sold.group_by("_item").agg(_count=sold.count(), _name=sold._name.max())
    left, right = totals, totals.view()
    pairs = pairs.join(left, pairs.first_id == left._item).select(
        *("first_id", "second_id", "together", "expected"), first="_name", first_orders="_count"
    )
    pairs = pairs.join(right, pairs.second_id == right._item).select(
        *("first_id", "second_id", "together", "expected", "first", "first_orders"),
        second="_name",
        second_orders="_count",
    )
    return {name: int(counted[name]) for name in ("orders", "items", "left_out")}, fetched(asker, pairs, queries)


def found_in(orders: dict[str, int], pairs: pd.DataFrame) -> pd.DataFrame:
    """The pairs that are found, with support, confidence (percent), lift and chance (percent)."""
    from scipy import stats

    frame = pairs.copy()
    chance = stats.poisson.sf(frame.together.to_numpy(dtype=float) - 1, frame.expected.to_numpy(dtype=float))
    frame["chance"] = 100 * chance
    frame["support"] = 100 * frame.together / max(orders["orders"], 1)
    frame["confidence"] = 100 * frame.together / frame.first_orders
    frame["confidence_back"] = 100 * frame.together / frame.second_orders
    frame["lift"] = frame.together * orders["orders"] / (frame.first_orders * frame.second_orders).astype(float)
    held = discoveries(chance, RATE, orders["items"] * (orders["items"] - 1) // 2)
    return frame[held & (frame.together > frame.expected).to_numpy()]


def _seen_from(frame: pd.DataFrame, item: str) -> pd.DataFrame:
    """The pairs of one item, turned so that it comes first."""
    import pandas as pd

    turned = frame.rename(
        columns={
            "first_id": "second_id", "second_id": "first_id", "first": "second", "second": "first",
            "confidence": "confidence_back", "confidence_back": "confidence",
        }
    )[list(frame.columns)]  # fmt: skip
    both = pd.concat([frame, turned], ignore_index=True)
    wanted = item.casefold()
    return both[(both.first_id.str.casefold() == wanted) | (both["first"].str.casefold() == wanted).fillna(False)]


def _in_words(
    frame: pd.DataFrame, orders: dict[str, int], everything: int, item: str, locale: str
) -> list[dict[str, Any]]:
    tried = orders["items"] * (orders["items"] - 1) // 2
    if item and frame.empty:
        return [sentence(f"Nothing sells together with {item} more often than by chance.")]
    if frame.empty:
        return [sentence(f"No two of {orders['items']} items sell together more often than by chance.")]
    best = frame.iloc[0]
    names = [best["first"] or best.first_id, best["second"] or best.second_id]
    said = [
        sentence(
            f"Who buys {names[0]} also takes {names[1]} in {words.percent(best.confidence)} of orders: {best.lift:.1f} times as often as "
            "anybody."
        )
    ]
    if not item:
        many = "pair sells" if everything == 1 else "pairs sell"
        said.append(
            sentence(
                f"{everything} {many} together more often than by chance, of {words.number(tried, locale)} that there are."
            )
        )
    return said


ANALYSES = (
    Analysis(
        "sales.together",
        "What sells together",
        "sales",
        "Pairs that meet in orders more often than by chance, with support, confidence and lift.",
        together,
        (
            Parameter("of", "text", "product", "Pairs of products, categories or brands.", choices=tuple(ITEMS)),
            Parameter("item", "text", "", "One item by its SKU or name: what sells with it."),
            Parameter("limit", "integer", 50, "How many pairs; 0 for all.", minimum=0, maximum=100_000),
        ),
    ),
)
