"""Analyses of returns.

`returns.breakdown`  002: the return rate with its two parts, damaged stock and returns to the supplier, by reason and by item.
`returns.products`   which products come back more than chance explains: the rate of each, shrunk towards its category.
`returns.customers`  who sends back how much, with the reasons why that stands out; nothing follows from it by itself.

Shrinking: units that come back of n sold are binomial with a rate that varies between products as a beta distribution of the
category's rate and strength k, fitted by moments over the category's products (Kleinman, 1973). The shrunk rate is
(returned + k × category rate) ÷ (sold + k), its 90 % interval the beta posterior's. So two returns of three sales do not make
the worst product. "Above" is a product whose interval begins above the rate of its category.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tillsight.core import words
from tillsight.core.money import allocate
from tillsight.domains.returns.seeing import rows_of
from tillsight.metrics.answer import Answer, AnswerColumn, sentence, tidy
from tillsight.metrics.ask import Asker
from tillsight.metrics.model import Analysis, Parameter, Unit, Window
from tillsight.metrics.question import Resolved, ask_for

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pandas as pd

PARTS = {"Damaged stock": "Damaged Stock", "Returned to supplier": "Returns to Supplier"}
"""The dispositions of 002 and what it calls them."""
HIGH_RATE = 20
ITEM_COLUMNS: dict[str, tuple[str, Unit | None]] = {
    "item": ("SKU", None), "name": ("Product", None), "sold": ("Units sold", "units"), "returned": ("Units returned", "units"),
    "value": ("Value", "money"), "rate": ("Return rate", "percent"), "damagedReturnRate": ("Damaged stock", "percent"),
    "supplierReturnRate": ("Returns to supplier", "percent"),
}  # fmt: skip
FIGURE_COLUMNS: dict[str, tuple[str, Unit | None]] = {
    "returnRate": ("Return rate", "percent"), "damagedReturnRate": ("Damaged stock", "percent"),
    "supplierReturnRate": ("Returns to supplier", "percent"), "totalReturns": ("Units returned", "units"),
    "returnValue": ("Value", "money"),
}  # fmt: skip
UNITS, MONEY, PERCENT = pa.decimal128(38, 4), pa.decimal128(38, 6), pa.decimal128(18, 2)
CENT = Decimal("0.01")
LEVEL = 0.90
LEAST_UNITS = 10
LEAST_LINES = 5
SERIAL_RATE = 50.0
SERIAL_RETURNS = 3


def breakdown(asker: Asker, question: dict[str, Any], threshold: float = HIGH_RATE, table: str = "reasons") -> Answer:
    """The response of 002 as `document`, and one of its tables.

    `table`: reasons (reason, count in units, value as the cost of the goods, percentage, rate; with a row for the total), items
    (each item of `returnsByItem`), or figures (the fields of 002's dashboard, in one row).

    Inside are the units whose goods became damaged stock or went back to the supplier; other dispositions, and goods that are
    not inspected yet, stand beside in `otherReturns`. Rates are percent of units sold, rounded half up to two decimals, parts by
    the largest remainder so that they sum to the whole; zero where nothing was sold. A value whose cost is not known is null.
    """
    question = {key: value for key, value in question.items() if key != "compare"}
    by_fate = asker.query(["returned_units", "returned_goods_cost"], by="disposition", **question)
    items = asker.query(["returned_units", "returned_goods_cost"], by=["product_id", "disposition"], **question)
    sold = asker.query("units_sold", by=["product_id", "product"], **question)
    whole = (sold.totals or {}).get("units_sold") or Decimal(0)
    fates = {row["disposition"]: row for row in by_fate.to_records() if row["returned_units"]}
    counts = [fates[fate]["returned_units"] if fate in fates else Decimal(0) for fate in PARTS]
    costs = [fates[fate]["returned_goods_cost"] if fate in fates else Decimal(0) for fate in PARTS]
    values = [cost if cost or not count else None for cost, count in zip(costs, counts, strict=True)]
    total, value = sum(counts, Decimal(0)), _added(values)
    rate = _rate(total, whole)
    damaged, supplier = allocate(rate, counts) if total and whole > 0 else (Decimal(0), Decimal(0))
    shares = allocate(Decimal(100), counts) if total else [Decimal(0)] * len(PARTS)
    by_item = _by_item(items.table, sold.table)
    document = {
        "totalReturns": _plain(total),
        "totalReturnValue": value,
        "returnRate": rate,
        "damagedReturnRate": damaged,
        "supplierReturnRate": supplier,
        "hasReturnsWithoutSales": total > whole or any(row["returned"] > row["sold"] for row in by_item),
        "returnsByReason": [
            {"reason": title, "count": _plain(count), "value": part, "percentage": share}
            for title, count, part, share in zip(PARTS.values(), counts, values, shares, strict=True)
            if count
        ],
        "returnsByItem": by_item,
        "totalSales": _plain(whole),
        "highReturnRate": rate > Decimal(str(threshold)),
        "otherReturns": [
            {"disposition": fate, "count": _plain(row["returned_units"]), "value": row["returned_goods_cost"] or None}
            for fate, row in fates.items()
            if fate not in PARTS
        ],
    }
    tables = {
        "reasons": lambda: _reason_table(document, counts, values, shares),
        "items": lambda: _own_table(ITEM_COLUMNS, by_item),
        "figures": lambda: _own_table(FIGURE_COLUMNS, [document | {"returnValue": document["totalReturnValue"]}]),
    }
    shown, columns = tables[table]()
    for index, column in enumerate(columns):
        if column.unit in ("units", "money"):
            least = 0 if column.unit == "units" else 2
            shown = shown.set_column(index, column.name, tidy(shown.column(index), least))
    columns = tuple(
        dataclasses.replace(column, currency=by_fate.currency) if column.unit == "money" else column
        for column in columns
    )
    every = sum((row["returned_units"] for row in fates.values()), Decimal(0))
    sentences = _breakdown_in_words(document, threshold, every, whole)
    return dataclasses.replace(
        by_fate, table=shown, columns=columns, totals=None, row_count=shown.num_rows, sentences=sentences,
        document=document,
    )  # fmt: skip


def _reason_table(
    document: dict[str, Any], counts: list[Decimal], values: Sequence[Decimal | None], shares: Sequence[Decimal]
) -> tuple[pa.Table, tuple[AnswerColumn, ...]]:
    """Both reasons and their total."""
    rates = (document["damagedReturnRate"], document["supplierReturnRate"], document["returnRate"])
    table = pa.table(
        {
            "reason": pa.array([*PARTS.values(), "Total"], pa.string()),
            "count": pa.array([*counts, sum(counts, Decimal(0))], UNITS),
            "value": pa.array([*values, document["totalReturnValue"]], MONEY),
            "percentage": pa.array([*shares, sum(shares)], PERCENT),
            "return_rate": pa.array(rates, PERCENT),
        }
    )
    return table, (
        AnswerColumn("reason", "Reason", "dimension"),
        AnswerColumn("count", "Quantity", "plain", unit="units"),
        AnswerColumn("value", "Value", "plain", unit="money"),
        AnswerColumn("percentage", "% of total", "plain", unit="percent"),
        AnswerColumn("return_rate", "Return rate", "plain", unit="percent"),
    )


def _own_table(
    named: dict[str, tuple[str, Unit | None]], rows: list[dict[str, Any]]
) -> tuple[pa.Table, tuple[AnswerColumn, ...]]:
    """Rows of the document as a table, under their names there."""
    types = {"units": UNITS, "money": MONEY, "percent": PERCENT, None: pa.string()}
    table = pa.table(
        {
            name: pa.array(
                [row[name] if unit is None or row[name] is None else Decimal(row[name]) for row in rows], types[unit]
            )
            for name, (_, unit) in named.items()
        }
    )
    return table, tuple(
        AnswerColumn(name, title, "plain" if unit else "dimension", unit=unit) for name, (title, unit) in named.items()
    )


def _plain(value: Decimal) -> Decimal | int:
    """Units as they are counted: whole ones without decimals."""
    return int(value) if value == int(value) else value.normalize()


def _rate(returned: Decimal, sold: Decimal) -> Decimal:
    return (100 * returned / sold).quantize(CENT, ROUND_HALF_UP) if sold > 0 else Decimal(0)


def _added(values: Sequence[Decimal | None]) -> Decimal | None:
    """The sum; unknown when a part is."""
    return (
        None if any(value is None for value in values) else sum((value or Decimal(0) for value in values), Decimal(0))
    )


def _by_item(back: pa.Table, sold: pa.Table) -> list[dict[str, Any]]:
    """Sold, returned, value and rates of every item of which something came back, most returned first.

    In exact integers: units in ten-thousandths, rates in hundredths of a percent.
    """
    inside = pc.is_in(back["disposition"], pa.array(PARTS))
    back = back.filter(pc.and_kleene(inside, pc.not_equal(back["returned_units"], 0)))
    if not back.num_rows:
        return []
    damaged = pc.equal(back["disposition"], next(iter(PARTS)))
    cost = back["returned_goods_cost"].cast(MONEY)
    back = pa.table(
        {
            "item": back["product_id"],
            "damaged": _if(damaged, _ten_thousandths(back["returned_units"])),
            "supplier": _if(pc.invert(damaged), _ten_thousandths(back["returned_units"])),
            # a cost of nothing is one that is not known
            "value": pc.if_else(pc.equal(cost, 0), None, cost),
        }
    )
    known = pc.ScalarAggregateOptions(skip_nulls=False)
    back = back.group_by("item", use_threads=False).aggregate(
        [("damaged", "sum"), ("supplier", "sum"), ("value", "sum", known)]
    )
    sold = pa.table({"item": sold["product_id"], "name": sold["product"], "sold": _ten_thousandths(sold["units_sold"])})
    sold = sold.group_by("item", use_threads=False).aggregate([("name", "first"), ("sold", "sum")])
    place = pc.index_in(back["item"], sold["item"].combine_chunks())
    names = sold["name_first"].take(place).to_pylist()
    # integers of any size: a rate of units times units outgrows 64 bits
    bought = np.array(sold["sold_sum"].take(place).fill_null(0).to_pylist(), dtype=object)
    parts = [np.array(back[name].to_pylist(), dtype=object) for name in ("damaged_sum", "supplier_sum")]
    returned = parts[0] + parts[1]
    has = bought > 0
    rate = np.where(has, (20_000 * returned + bought) // np.where(has, 2 * bought, 1), 0)
    shares = [rate * part for part in parts]
    split = [share // returned for share in shares]
    # the hundredth that both leave goes to the larger remainder, to the first where they are alike
    left = rate - split[0] - split[1]
    first = shares[0] % returned >= shares[1] % returned
    split = [split[0] + np.where(first, left, 0), split[1] + np.where(first, 0, left)]
    items = back["item"].to_pylist()
    order = sorted(range(len(items)), key=lambda row: (-returned[row], items[row] or ""))
    columns = {
        "item": items,
        "name": names,
        "sold": [_units(count) for count in bought],
        "returned": [_units(count) for count in returned],
        "value": tidy(back["value_sum"], 2).to_pylist(),
        "rate": [Decimal(part).scaleb(-2) for part in rate],
        "damagedReturnRate": [Decimal(part).scaleb(-2) for part in split[0]],
        "supplierReturnRate": [Decimal(part).scaleb(-2) for part in split[1]],
    }
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return [rows[row] for row in order]


def _if(condition: Any, column: Any) -> Any:
    return pc.if_else(condition, column, pa.scalar(0, column.type))


def _ten_thousandths(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Units, which have four decimals, as exact integers; nothing where there are none."""
    scale = pa.scalar(Decimal(10_000), pa.decimal128(5, 0))
    return pc.multiply(column.cast(pa.decimal128(18, 4)), scale).cast(pa.int64()).fill_null(0)


def _units(count: int) -> Decimal | int:
    return count // 10_000 if count % 10_000 == 0 else Decimal(count).scaleb(-4).normalize()


def _breakdown_in_words(
    document: dict[str, Any], threshold: float, every: Decimal, whole: Decimal
) -> list[dict[str, Any]]:
    """`every`: all units that came back, whatever became of them; `whole`: the units sold."""
    rate = document["returnRate"]
    others = every > document["totalReturns"] and whole > 0
    said = []
    if others:
        text = f"{_rate(every, whole)}% of the units sold came back, whatever became of them (return rate, units)."
        said.append(sentence(text, metric="return_rate"))
    if not document["totalReturns"]:
        return [*said, sentence("Nothing came back as damaged stock or went back to a supplier in this period.")]
    rates = {"Damaged Stock": document["damagedReturnRate"], "Returns to Supplier": document["supplierReturnRate"]}
    parts = ", ".join(
        f"{part['reason'].lower()} {rates[part['reason']]}% ({part['percentage']}% of them)"
        for part in document["returnsByReason"]
    )
    text = f"{rate}% of the units sold came back as damaged stock or for the supplier: {parts}."
    if others:
        text = f"Of these, damaged stock and returns to the supplier alone are {rate}% of the units sold: {parts}."
    said.append(sentence(text, metric="damaged_return_rate" if others else "return_rate"))
    if document["highReturnRate"]:
        which = "damaged stock and returns to the supplier are" if others else "it is"
        said.append(sentence(f"High return rate: {which} above {threshold:g}%.", "bad"))
    if document["hasReturnsWithoutSales"]:
        said.append(sentence("More units came back than were sold, in all or of an item: sales may be missing.", "bad"))
    if document["totalReturnValue"] is None:
        said.append(sentence("The value is not known: the cost of some of the goods is not loaded."))
    return said


def products(asker: Asker, question: dict[str, Any], limit: int = 50) -> Answer:
    """Products by how much more of them comes back than of their category, with the reason that stands out.

    Columns: product, category, units sold and returned (by the day of the order), rate, expected (the category's; that of all
    products where it has fewer than five), shrunk rate with its interval, above (the interval begins above the expected rate), reason
    (the most frequent one).
    """
    question = {key: value for key, value in question.items() if key != "compare"}
    rates = asker.query(["units_sold", "return_rate_cohort"], by=["product", "category"], **question)
    frame = rates.to_pandas()
    frame = frame[frame.units_sold.fillna(0) > 0].copy()
    if frame.empty:
        return dataclasses.replace(rates, sentences=[sentence("Nothing was sold in this period.")])
    frame["returned"] = (frame.units_sold * frame.return_rate_cohort.fillna(0) / 100).round(4)
    frame = shrunk(frame)
    reasons = asker.query("returned_units", by=["product", "return_reason"], **question).to_pandas()
    reasons = reasons[reasons.return_reason.notna()].sort_values(
        ["returned_units", "return_reason"], ascending=[False, True]
    )
    frame["reason"] = frame["product"].map(reasons.drop_duplicates("product").set_index("product").return_reason)
    every, frame = len(frame), frame.sort_values(["above", "low", "units_sold"], ascending=False)
    sentences = _products_in_words(frame, asker.release.locale)
    frame = frame.head(limit)
    chosen = [
        "product",
        "category",
        "units_sold",
        "returned",
        "rate",
        "expected",
        "shrunk",
        "low",
        "high",
        "above",
        "reason",
    ]
    titles = {
        "product": "Product", "category": "Category", "units_sold": "Units sold", "returned": "Units that came back",
        "rate": "Return rate", "expected": "Usual rate", "shrunk": "Likely rate", "low": "At least", "high": "At most",
        "above": "Above the usual", "reason": "Most frequent reason",
    }  # fmt: skip
    units = {"units_sold": "units", "returned": "units"} | dict.fromkeys(
        ("rate", "expected", "shrunk", "low", "high"), "percent"
    )
    columns = tuple(
        AnswerColumn(
            name, titles[name], "plain" if name in units or name == "above" else "dimension", unit=units.get(name)
        )
        for name in chosen
    )
    table = pa.Table.from_pandas(frame[chosen], preserve_index=False)
    return dataclasses.replace(rates, table=table, columns=columns, totals=None, row_count=every, sentences=sentences)


def shrunk(frame: pd.DataFrame, above: float = 0.0) -> pd.DataFrame:
    """Add rate, expected, shrunk, low, high (percent) and above to products with category, units_sold and returned.

    One beta prior for each category with five products or more, else the prior of all products together. See the module.
    `above`: only products whose shrunk rate is at least so high are given, as the ends of intervals take time to find.
    """
    from scipy import stats

    frame = frame.copy()
    frame["category"] = frame.category.where(frame.category.notna(), None)
    sold = frame.units_sold.astype("float64").to_numpy()
    returned = np.minimum(frame.returned.astype("float64").to_numpy(), sold)
    groups = frame.groupby(frame.category.fillna(""), sort=False).indices
    mean, strength = np.empty(len(frame)), np.empty(len(frame))
    overall = prior(sold, returned)
    for rows in groups.values():
        mean[rows], strength[rows] = prior(sold[rows], returned[rows]) if len(rows) >= LEAST_LINES else overall
    alpha, beta = returned + mean * strength, sold - returned + (1 - mean) * strength
    tail = (1 - LEVEL) / 2
    frame["rate"] = 100 * returned / sold
    frame["expected"] = 100 * mean
    frame["shrunk"] = 100 * alpha / (alpha + beta)
    there = (frame["shrunk"] >= above).to_numpy()
    frame, alpha, beta = frame[there].copy(), np.maximum(alpha[there], 1e-9), np.maximum(beta[there], 1e-9)
    frame["low"] = 100 * stats.beta.ppf(tail, alpha, beta)
    frame["high"] = 100 * stats.beta.ppf(1 - tail, alpha, beta)
    frame["above"] = (frame.low > frame.expected) & (frame.units_sold.astype("float64") >= LEAST_UNITS)
    return frame


def prior(sold: Any, returned: Any) -> tuple[float, float]:
    """Mean rate and strength (in units) of a group of products, by moments."""
    mean = float(returned.sum() / sold.sum())
    rates, n = returned / sold, len(sold)
    weight = sold / sold.sum()
    spread = float((weight * (rates - mean) ** 2).sum())
    # what chance alone would spread: the rest is between products
    chance = mean * (1 - mean)
    between = (spread - chance * (n - 1) / sold.sum()) / max(1 - float((weight**2).sum()), 1e-9)
    if mean in (0.0, 1.0) or between <= 0:
        return mean, float(max(sold.sum(), 1.0))
    return mean, float(min(max(chance / between - 1, 1.0), sold.sum()))


def _products_in_words(frame: pd.DataFrame, locale: str) -> list[dict[str, Any]]:
    above = frame[frame.above]
    if above.empty:
        return [sentence("No product comes back more than chance explains within its category.", "good")]
    worst = above.iloc[0]
    text = f"{worst['product']} comes back most above what is usual: {worst.rate:.1f}% against {worst.expected:.1f}%"
    reason = f", most often because: {worst.reason.lower()}" if isinstance(worst.reason, str) else ""
    said = [sentence(f"{text}{reason}.", "bad", "return_rate_cohort")]
    if len(above) > 1:
        said.append(
            sentence(
                f"{words.number(len(above), locale)} products come back more than is usual in their category, beyond chance.",
                "bad",
            )
        )
    return said


def customers(asker: Asker, question: dict[str, Any], limit: int = 50) -> Answer:
    """Customers who send back most, with what stands out about each: reasons to look, never a verdict.

    Columns: customer, orders, returns, units sold and returned (by the day of the order), rate (units), refunds, repeat (two
    returns or more), signs (words: what stands out).
    """
    question = {key: value for key, value in question.items() if key != "compare"}
    ids, (everybody, repeat, serials) = _most_sent_back(asker, question, limit)
    shown = ["orders", "units_sold", "returns", "returned_units", "return_rate_cohort", "return_value"]
    answer = asker.ask(
        ask_for([*shown, "return_window_compliance"], by="customer_id", **question), among=[(one,) for one in ids]
    )
    frame = answer.to_pandas()
    rate = frame.return_rate_cohort.fillna(0)
    serial = (frame.returns >= SERIAL_RETURNS) & (rate >= SERIAL_RATE)
    signs = {
        f"{SERIAL_RETURNS} returns or more and half of the units sent back": serial,
        "returns after the window": frame.return_window_compliance.fillna(100) < 100,
        "more came back than was bought": rate > 100,
    }
    found = np.array([mask.to_numpy() for mask in signs.values()])
    # each mix of signs is put into words once
    mixes = [
        "; ".join(np.array(list(signs))[[bool(mix >> place & 1) for place in range(len(signs))]]) or None
        for mix in range(8)
    ]
    told_signs = np.array(mixes, dtype=object)[(found * (1 << np.arange(len(signs)))[:, None]).sum(axis=0)]
    frame = frame.assign(repeat=frame.returns >= 2, serial=serial, signs=told_signs)
    told = frame.sort_values(["serial", "returned_units", "customer_id"], ascending=[False, False, True])
    chosen = (
        "customer_id",
        "orders",
        "returns",
        "units_sold",
        "returned_units",
        "return_rate_cohort",
        "return_value",
        "repeat",
        "serial",
        "signs",
    )
    given = {column.name: column for column in answer.columns}
    own = {
        "repeat": AnswerColumn("repeat", "Repeat returner", "plain"),
        "serial": AnswerColumn("serial", "Serial returner", "plain"),
        "signs": AnswerColumn("signs", "What stands out", "dimension"),
    }
    sentences = [sentence("Nobody sent anything back in this period.")]
    if everybody:
        locale = asker.release.locale
        text = f"{words.number(everybody, locale)} {'customer' if everybody == 1 else 'customers'} sent something back"
        text += f", {words.number(repeat, locale) if repeat else 'none'} of them more than once"
        often = "half or more of what they bought, in three returns or more"
        who = words.number(serials, locale) if serials else "nobody"
        sentences = [sentence(f"{text}; {who} sent back {often}.", metric="returns")]
    table = pa.Table.from_pandas(told[list(chosen)], preserve_index=False)
    columns = tuple(own.get(name) or given[name] for name in chosen)
    return dataclasses.replace(
        answer, table=table, columns=columns, totals=None, row_count=everybody, sentences=sentences
    )


def _most_sent_back(asker: Asker, question: dict[str, Any], limit: int) -> tuple[list[str], tuple[int, int, int]]:
    """The customers to show, and how many sent anything back, did so twice or more, and do it serially: found in the engine."""
    judged = ("returns", "returned_units")
    resolved = asker.resolve(ask_for(list(judged), by="customer_id", **question))
    table = asker.compiler.compile(resolved, limited=False).table
    numbers = {name: asker.compiler.value(table, asker.catalogue.metrics[name], "main").fill_null(0) for name in judged}
    rows = table.select("customer_id", **numbers)
    rows = rows.filter(rows.customer_id.notnull(), rows.returns > 0)
    # what they bought is asked of those alone who sent back often enough
    often = rows.filter(rows.returns >= SERIAL_RETURNS)
    bought, back = (
        _of_customers(asker, resolved, name, often) for name in ("units_sold", "returned_units_of_purchases")
    )
    both = bought.inner_join(back, "customer_id")
    share = 100 * both.returned_units_of_purchases / both.units_sold.nullif(0)
    serial = both.filter((share >= SERIAL_RATE).fill_null(False)).select(_serial="customer_id")
    rows = rows.left_join(serial, rows.customer_id == serial._serial)
    rows = rows.mutate(serial=rows._serial.notnull())
    counts = rows.agg(everybody=rows.count(), repeat=(rows.returns >= 2).sum(), serials=rows.serial.sum())
    top = rows.order_by(ibis.desc("serial"), ibis.desc("returned_units"), "customer_id").limit(limit)
    top = top.cross_join(counts).order_by(ibis.desc("serial"), ibis.desc("returned_units"), "customer_id")
    found, _ = asker.release.run(top.select("customer_id", "everybody", "repeat", "serials"))
    first = found.slice(0, 1).to_pylist()
    counts = first[0] if first else {"everybody": 0, "repeat": 0, "serials": 0}
    return found["customer_id"].to_pylist(), (counts["everybody"], counts["repeat"], counts["serials"])


def _of_customers(asker: Asker, resolved: Resolved, name: str, customers: ir.Table) -> ir.Table:
    """A measure of some customers: customer_id, and the measure as a float."""
    measure = asker.catalogue.measures[name]
    rows = rows_of(asker, measure.relation, resolved).semi_join(customers, "customer_id")
    window = Window(ibis.date(resolved.period.start), ibis.date(resolved.period.end))
    return rows.group_by("customer_id").agg(**{name: measure.of(rows, window).cast("float64")})


_LIMIT = Parameter("limit", "integer", 50, "How many rows.", minimum=1, maximum=10_000)
ANALYSES = (
    Analysis(
        "returns.breakdown",
        "Return rate with breakdown",
        "returns",
        "The return rate with its two parts, damaged stock and returns to the supplier, by reason and by item.",
        breakdown,
        (
            Parameter("threshold", "number", HIGH_RATE, "A return rate above so many percent is high.", minimum=0),
            Parameter(
                "table", "text", "reasons", "Rows of the table and of files.", choices=("reasons", "items", "figures")
            ),
        ),
    ),
    Analysis(
        "returns.products",
        "Products that come back",
        "returns",
        "Products whose goods come back more than chance explains within their category, and why.",
        products,
        (_LIMIT,),
    ),
    Analysis(
        "returns.customers",
        "Customers who send back",
        "returns",
        "Customers by what they send back, with what stands out about each.",
        customers,
        (_LIMIT,),
    ),
)
