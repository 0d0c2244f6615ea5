"""Makes the reference shop: one call, every canonical table, and the list of what was planted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from tillsight.reference_shop import masters
from tillsight.reference_shop.advertising import Advertising
from tillsight.reference_shop.catalogue import make_catalogue
from tillsight.reference_shop.columns import Writer
from tillsight.reference_shop.journeys import draw_journeys
from tillsight.reference_shop.orders import OrderBook
from tillsight.reference_shop.return_desk import ReturnDesk
from tillsight.reference_shop.returns import draw_returns
from tillsight.reference_shop.sales import Sales
from tillsight.reference_shop.sizes import size_of
from tillsight.reference_shop.stock import Stock
from tillsight.reference_shop.truths import PLAN, Truths
from tillsight.tables.registry import TABLES

Progress = Callable[[str, float | None, float | None, str], None]


def generate(out: Path, size: str = "medium", *, orders: int | None = None, progress: Progress | None = None) -> Truths:
    """Write `<out>/<table>.parquet` for every canonical table and give the planted truths, resolved to products, days and people.

    `size`: small, medium or large; `orders`: another number of orders than the size has, with customers in proportion.
    The same size gives the same values everywhere. `progress` is called with a stage, orders done, orders in all and a text.
    Raises ReferenceShopError for a size that does not exist.
    """
    chosen = size_of(size, orders)
    report = progress or (lambda stage, done, total, text: None)
    report("prepare", None, None, "Products, prices, customers")
    catalogue = make_catalogue(chosen, PLAN)
    advertising = Advertising(chosen, catalogue.days, catalogue.truths)
    book = OrderBook(catalogue, advertising)
    truths = book.truths
    with Writer(out, TABLES) as writer:
        pound, dollar = masters.rates(catalogue.days, truths)
        sales = Sales(writer, catalogue, book.people, truths, (pound, dollar))
        desk = ReturnDesk(writer, catalogue, book.people, truths)
        stock = Stock(writer, catalogue, truths)
        units = np.zeros(catalogue.count, dtype=np.int64)
        done = 0
        for first, last in book.spans():
            span = book.draw(first, last)
            back = draw_returns(span, catalogue, book.people, truths)
            journeys = draw_journeys(span, truths)
            shipped, cancelled, methods = sales.shipped_at(span), sales.cancelled_at(span), sales.methods(span)
            sales.write_orders(span, back, journeys, shipped, cancelled, methods)
            sales.write_lines(span, shipped)
            sales.write_payments(span, back, cancelled, methods)
            sales.write_refunds(span, back, cancelled)
            sales.write_changes(span, cancelled)
            desk.write(span, back)
            stock.add(span, back, shipped)
            np.add.at(units, span.lines.sku, span.lines.quantity)
            done += len(span)
            report("orders", done, chosen.orders, f"Orders to {catalogue.days.dates[last]}")
        report("stock", None, None, "Purchases, transfers, counts, snapshots")
        truths = stock.finish()
        report("masters", None, None, "Products, customers, prices, rates")
        masters.write_places(writer, chosen.stores)
        masters.write_suppliers(writer)
        masters.write_products(writer, catalogue, units / catalogue.days.count)
        masters.write_promotions(writer, catalogue)
        masters.write_prices(writer, catalogue)
        masters.write_rates(writer, catalogue.days, pound, dollar)
        sales.write_customers()
    return truths
