"""Makes the reference shop: one call, every canonical table, and the list of what was planted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from tillsight.reference_shop import masters
from tillsight.reference_shop.ad_accounts import AdAccounts
from tillsight.reference_shop.advertising import Advertising
from tillsight.reference_shop.catalogue import make_catalogue
from tillsight.reference_shop.columns import Writer
from tillsight.reference_shop.journeys import draw_journeys
from tillsight.reference_shop.loyalty import Loyalty, write_attributes
from tillsight.reference_shop.orders import OrderBook
from tillsight.reference_shop.return_desk import ReturnDesk
from tillsight.reference_shop.returns import draw_returns
from tillsight.reference_shop.sales import Sales
from tillsight.reference_shop.seasons import Seasons
from tillsight.reference_shop.service import Service
from tillsight.reference_shop.sizes import Size, size_of
from tillsight.reference_shop.stock import Stock
from tillsight.reference_shop.truths import PLAN, Truths
from tillsight.reference_shop.web import Web
from tillsight.tables.registry import TABLES

Progress = Callable[[str, float | None, float | None, str], None]


def generate(out: Path, size: str = "medium", *, orders: int | None = None, progress: Progress | None = None) -> Truths:
    """Write `<out>/<table>.parquet` for every canonical table; gives the planted truths, resolved to products, days and people.

    `size`: small, medium or large; `orders`: another number of orders than the size has, with customers in proportion.
    The same size gives the same values everywhere. `progress` is called with a stage, orders done, orders in all and a text.
    Raises ReferenceShopError for a size that does not exist.
    """
    chosen = size_of(size, orders)
    report = progress or (lambda stage, done, total, text: None)
    report("prepare", None, None, "Products, prices, customers")
    with Writer(out, TABLES) as writer:
        maker = _Maker(chosen, writer, report)
        maker.spans()
        return maker.rest()


class _Maker:
    """The parts that write, each of which sees every span once and then writes what it has collected."""

    def __init__(self, size: Size, writer: Writer, report: Progress) -> None:
        self.size = size
        self.writer = writer
        self.report = report
        self.catalogue = make_catalogue(size, PLAN)
        self.advertising = Advertising(size, self.catalogue.days, self.catalogue.truths)
        self.book = OrderBook(self.catalogue, self.advertising)
        self.truths = self.book.truths
        people = self.book.people
        self.rates = masters.rates(self.catalogue.days, self.truths)
        self.sales = Sales(writer, self.catalogue, people, self.truths, self.rates)
        self.desk = ReturnDesk(writer, self.catalogue, people, self.truths)
        self.accounts = AdAccounts(writer, self.advertising, self.truths)
        self.web = Web(writer, self.catalogue, people, self.advertising, self.truths)
        self.loyalty = Loyalty(writer, self.book, self.sales, self.truths)
        self.service = Service(writer, self.catalogue, people, self.truths)
        self.stock = Stock(writer, self.catalogue, self.truths)
        self.units = np.zeros(self.catalogue.count, dtype=np.int64)

    def spans(self) -> None:
        """Orders and all that follows them, month by month."""
        done = 0
        for first, last in self.book.spans():
            orders = self.book.draw(first, last)
            returns = draw_returns(orders, self.catalogue, self.book.people, self.truths)
            journeys = draw_journeys(orders, self.truths)
            shipped = self.sales.add(orders, returns, journeys)
            self.desk.add(orders, returns)
            self.accounts.add(orders)
            self.web.add(orders, journeys)
            self.loyalty.add(orders)
            self.service.add(orders, returns, shipped)
            self.stock.add(orders, returns, shipped)
            np.add.at(self.units, orders.lines.sku, orders.lines.quantity)
            done += len(orders)
            self.report("orders", done, self.size.orders, f"Orders to {self.catalogue.days.dates[last]}")

    def rest(self) -> Truths:
        """What is planned or summed up over the whole time, and the master data."""
        days = self.catalogue.days
        self.report("stock", None, None, "Purchases, transfers, counts, snapshots")
        truths = self.stock.finish()
        self.report("marketing", None, None, "Campaigns, loyalty, seasons")
        self.accounts.finish()
        self.loyalty.finish()
        Seasons(self.writer, days, truths, self.service.revenue, self.service.orders).write()
        self.web.finish(self.book.table[:, :2].sum(axis=1))
        self.report("masters", None, None, "Products, customers, prices, rates")
        self.service.finish()
        masters.write_places(self.writer, self.size.stores)
        masters.write_suppliers(self.writer)
        masters.write_products(self.writer, self.catalogue, self.units / days.count)
        masters.write_promotions(self.writer, self.catalogue)
        masters.write_prices(self.writer, self.catalogue)
        masters.write_rates(self.writer, days, *self.rates)
        self.sales.finish()
        write_attributes(self.writer, self.book.people, days, truths)
        return truths
