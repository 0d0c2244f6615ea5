"""The metrics of returns: how much comes back, why, how it is handled, and what it costs.

Source of each formula: the `source` of its declaration. Returns count on the day they are asked for; refunds on the day the
money is given back, and what a tracking record alone states of them on the day the return was asked for; rates stand them
against the sales of the same period. `return_rate_cohort` stands what came back, whenever it did, against the sales of the period
that it was bought in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tillsight.domains.returns.relations import COSTS
from tillsight.metrics.model import Better, Measure, Metric, Part, Term, Window, plain, ratio

if TYPE_CHECKING:
    from collections.abc import Callable

    import ibis.expr.types as ir

ASKED = "by the day the return was asked for, withdrawn returns left out"
REFUNDED = "by refund date, excl. tax; what a tracking record states alone by the day the return was asked for"
AGAINST = ASKED + "; sales by order date"


def _returns(
    name: str,
    title: str,
    which: Callable[[ir.Table], ir.BooleanValue] | None = None,
    relation: str = "returned_items",
    *,
    whole: bool = False,
) -> Measure:
    """Distinct returns of which some item is so. `whole`: it is said of the return, so all of its items agree."""

    def of(rows: ir.Table, _: Window) -> ir.Value:
        return rows.return_key.nunique(where=which(rows)) if which else rows.return_key.nunique()

    def once(rows: ir.Table) -> ir.Value:
        return rows.count(where=rows.is_first_row & which(rows) if which else rows.is_first_row)

    shown = (lambda rows, _: which(rows)) if which else None
    counts_rows = once if whole or which is None else None
    return Measure(name, title, relation, "count", of, adds=False, rows=shown, counts="return", once=counts_rows)


def _first_rows(name: str, title: str, which: Callable[[ir.Table], ir.BooleanValue]) -> Measure:
    """Returns whose first row is so: as many as there are such rows."""
    return Measure(
        name, title, "returned_items", "count", lambda rows, _: rows.count(where=which(rows)),
        rows=lambda rows, _: which(rows),
    )  # fmt: skip


def _sum(
    name: str, title: str, unit: str, column: str, which: Callable[[ir.Table], ir.BooleanValue] | None = None,
    relation: str = "returned_items",
) -> Measure:  # fmt: skip
    """The sum of a column over the rows that are so."""

    def of(rows: ir.Table, _: Window) -> ir.Value:
        return rows[column].sum(where=which(rows)) if which else rows[column].sum()

    def shown(rows: ir.Table, _: Window) -> ir.BooleanValue:
        some = rows[column] != 0
        return some & which(rows) if which else some

    return Measure(name, title, relation, unit, of, rows=shown)  # type: ignore[arg-type]


def _is(column: str, value: str) -> Callable[[ir.Table], ir.BooleanValue]:
    return lambda rows: rows[column] == value


def _first(rows: ir.Table) -> ir.BooleanValue:
    return rows.is_first_row


def _dated(rows: ir.Table) -> ir.BooleanValue:
    """One row of each return whose order, and so whose days since the purchase, is known."""
    return rows.is_first_row & rows.days_to_return.notnull()


def _done(rows: ir.Table) -> ir.BooleanValue:
    return rows.is_first_row & rows.processing_days.notnull()


MEASURES = (
    _returns("returns", "Returns"),
    _returns("returns_of_purchases", "Returns of these orders", relation="returned_purchases"),
    _returns("returns_defective", "Returns with a defect", lambda rows: rows.is_defect),
    _returns("returns_wrong_item", "Returns of a wrong item", lambda rows: rows.is_wrong_item),
    _returns("returns_size_fit", "Returns for size or fit", lambda rows: rows.is_size_reason),
    _returns("returns_exchanged", "Exchanges", lambda rows: rows.is_exchange, whole=True),
    _returns("returns_tracked", "Returns with a tracking record", lambda rows: rows.is_tracked, whole=True),
    _first_rows("returns_dated", "Returns whose order is known", _dated),
    _first_rows("returns_in_window", "Returns inside the window", lambda rows: rows.is_first_row & rows.is_in_window.fill_null(False)),
    _first_rows("returns_completed", "Completed returns", _done),
    Measure(
        "orders_returned", "Orders with a return", "returned_items", "count", lambda rows, _: rows.order_key.nunique(), adds=False,
        rows=lambda rows, _: rows.order_key.notnull(),
    ),
    Measure(
        "orders_size_issue", "Orders returned for size or fit", "returned_items", "count",
        lambda rows, _: rows.order_key.nunique(where=rows.is_size_reason), adds=False, rows=lambda rows, _: rows.is_size_reason,
    ),
    _sum("returned_units", "Returned units", "units", "units"),
    _sum("returned_units_damaged", "Returned units that became damaged stock", "units", "units", _is("disposition", "damaged_stock")),
    _sum("returned_units_to_supplier", "Returned units sent to the supplier", "units", "units", _is("disposition", "returned_to_supplier")),
    _sum("returned_units_resaleable", "Returned units that can be sold again", "units", "units", lambda rows: rows.is_resaleable),
    _sum("returned_units_of_purchases", "Units of these orders that came back", "units", "units", relation="returned_purchases"),
    _sum("returned_goods_cost", "Cost of returned goods", "money", "goods_cost"),
    _sum("recovered_value", "Restocked value", "money", "restocked_value"),
    _sum("return_refunds", "Refunds of these returns", "money", "refund"),
    _sum("stated_refunds", "Refunds that are stated and not booked", "money", "stated_refund"),
    _sum("returned_units_small", "Units that run small", "units", "units", _is("fit", "small"), "returned_purchases"),
    _sum("returned_units_large", "Units that run large", "units", "units", _is("fit", "large"), "returned_purchases"),
    *(_sum(f"return_{name}", name.replace("_", " ").capitalize(), "money", name) for name in COSTS),
    _sum("processing_days_total", "Days of processing", "days", "processing_days", _first),
    _sum("days_to_return_total", "Days from purchase to return", "days", "days_to_return", _dated),
)  # fmt: skip

_VALUE = (Part("returned_sales"), Part("stated_refunds"))
_LOSS = (*_VALUE, Part("recovered_value", weight=-1), Part("return_processing_cost"))
_COST = (
    *_LOSS,
    Part("return_shipping_cost"),
    Part("return_disposal_cost"),
    Part("return_restocking_fee", weight=-1),
)

_COST_TITLES: tuple[tuple[str, str, Better], ...] = (
    ("shipping_cost", "Return shipping cost", "down"), ("processing_cost", "Return processing cost", "down"),
    ("disposal_cost", "Disposal cost", "down"), ("restocking_fee", "Restocking fees", ""),
)  # fmt: skip

METRICS = (
    Metric("returns", "Total returns", "returns", "count", "down", "distinct returns", "distinct", "001 §3.1", ASKED, plain("returns")),
    Metric(
        "returned_units", "Returned units", "returns", "units", "down", "sum(quantity returned)", "additive", "001 §3.1", ASKED,
        plain("returned_units"),
    ),
    Metric(
        "returned_goods_cost", "Cost of returned goods", "returns", "money", "down",
        "sum(unit cost at the time of sale × quantity returned) of items whose cost is known", "additive", "002", ASKED,
        plain("returned_goods_cost"),
    ),
    Metric(
        "return_rate", "Return rate (units)", "returns", "percent", "down",
        "returned units ÷ units sold × 100; unknown when nothing was sold (the response of 002 shows 0)", "ratio", "001 §3.1; 002",
        AGAINST, ratio("returned_units", "units_sold", 100),
    ),
    Metric(
        "return_rate_orders", "Return rate (orders)", "returns", "percent", "down", "orders with a return ÷ orders × 100", "ratio",
        "000 §2", AGAINST, ratio("orders_returned", "orders", 100),
    ),
    Metric(
        "return_rate_value", "Return rate (value)", "returns", "percent", "down", "refunded value ÷ revenue × 100", "ratio", "field",
        f"{REFUNDED}; sales by order date", (Term(_VALUE, (Part("revenue"),), 100),),
    ),
    Metric(
        "return_rate_cohort", "Return rate (by purchase date)", "returns", "percent", "down",
        "units of the orders of a period that came back ÷ units of those orders × 100", "model", "field",
        "by order date; not final while goods can still come back", ratio("returned_units_of_purchases", "units_sold", 100),
    ),
    Metric(
        "returned_units_of_purchases", "Units that came back, by purchase date", "returns", "units", "down",
        "sum(quantity returned) of the orders of a period, whenever it came back", "additive", "field",
        "by order date; not final while goods can still come back", plain("returned_units_of_purchases"),
    ),
    Metric(
        "returns_of_purchases", "Returns, by purchase date", "returns", "count", "down",
        "distinct returns of the orders of a period, whenever they came back", "distinct", "field",
        "by order date; not final while goods can still come back", plain("returns_of_purchases"),
    ),
    Metric(
        "return_value", "Return value", "returns", "money", "down",
        "sum(refund amount), booked, or stated by a tracking record where nothing is booked",
        "additive", "001 §3.1", REFUNDED, (Term(_VALUE),),
    ),
    Metric(
        "damaged_return_rate", "Damaged stock return rate", "returns", "percent", "down",
        "customer-returned units with disposition damaged stock ÷ units sold × 100; unknown when nothing was sold (002 shows 0)",
        "ratio", "002", AGAINST, ratio("returned_units_damaged", "units_sold", 100),
    ),
    Metric(
        "supplier_return_rate", "Supplier return rate", "returns", "percent", "down",
        "customer-returned units with disposition returned to supplier ÷ units sold × 100; unknown when nothing was sold (002 shows 0)",
        "ratio", "002", AGAINST, ratio("returned_units_to_supplier", "units_sold", 100),
    ),
    Metric(
        "defect_rate", "Defect rate", "returns", "percent", "down", "defective returns ÷ returns × 100", "ratio", "001 §3.2", ASKED,
        ratio("returns_defective", "returns", 100),
    ),
    Metric(
        "wrong_item_rate", "Wrong item rate", "returns", "percent", "down", "wrong item returns ÷ returns × 100", "ratio", "001 §3.2",
        ASKED, ratio("returns_wrong_item", "returns", 100),
    ),
    Metric(
        "size_fit_rate", "Size and fit returns", "returns", "percent", "down", "size and fit returns ÷ returns × 100", "ratio",
        "001 §3.2", ASKED, ratio("returns_size_fit", "returns", 100),
    ),
    Metric(
        "size_issue_rate", "Size issue rate", "returns", "percent", "down",
        "orders of a size returned for a size reason ÷ orders of that size × 100", "ratio", "000 §2", AGAINST,
        ratio("orders_size_issue", "orders", 100),
    ),
    Metric(
        "return_exchange_rate", "Exchange rate", "returns", "percent", "up", "exchanges ÷ returns × 100", "ratio", "001 §3.3", ASKED,
        ratio("returns_exchanged", "returns", 100),
    ),
    Metric(
        "restocking_rate", "Restocking rate", "returns", "percent", "up", "resaleable returned units ÷ returned units × 100", "ratio",
        "001 §3.3", ASKED, ratio("returned_units_resaleable", "returned_units", 100),
    ),
    Metric(
        "return_processing_days", "Processing time", "returns", "days", "down", "mean(completed − initiated)", "mean", "001 §3.3",
        ASKED + "; completed returns", ratio("processing_days_total", "returns_completed"),
    ),
    Metric(
        "days_to_return", "Days from purchase to return", "returns", "days", "", "mean(return date − order date)", "mean",
        "001 f3.4", ASKED + "; returns whose order is known", ratio("days_to_return_total", "returns_dated"),
    ),
    Metric(
        "return_window_compliance", "Return window compliance", "returns", "percent", "up",
        "returns inside the window ÷ returns × 100", "ratio", "001 f3.4",
        f"{ASKED}; returns whose order is known, within the return window of the settings",
        ratio("returns_in_window", "returns_dated", 100),
    ),
    Metric(
        "net_return_loss", "Net return loss", "returns", "money", "down", "refunds − restocked value + processing costs", "additive",
        "001 §3.4", "refunds by refund date, excl. tax, the rest by the day the return was asked for", (Term(_LOSS),),
    ),
    Metric(
        "return_cost_rate", "Return cost %", "returns", "percent", "down",
        "(refunds − restocked value + processing + shipping + disposal − restocking fees) ÷ revenue × 100", "ratio", "001 §3.4",
        "refunds by refund date, excl. tax, the rest by the day the return was asked for; revenue by order date",
        (Term(_COST, (Part("revenue"),), 100),),
    ),
    Metric(
        "recovered_value", "Recovered value", "returns", "money", "up", "sum(restocked value)", "additive", "001 §3.4", ASKED,
        plain("recovered_value"),
    ),
    Metric(
        "return_refunds", "Refunds of returns", "returns", "money", "down", "sum(refunds booked for the goods of returns)", "additive",
        "001 f3.6", ASKED + "; excl. tax", plain("return_refunds"),
    ),
    *(
        Metric(
            f"return_{name}", title, "returns", "money", better, f"sum({title.lower()}) of returns whose {title.lower()} is known",
            "additive", "001 f3.6", ASKED, plain(f"return_{name}"),
        )
        for name, title, better in _COST_TITLES
    ),
    Metric(
        "return_tracking_coverage", "Return tracking coverage", "returns", "percent", "up",
        "returns with a tracking record ÷ returns × 100", "ratio", "000 §4", ASKED, ratio("returns_tracked", "returns", 100),
    ),
)  # fmt: skip
