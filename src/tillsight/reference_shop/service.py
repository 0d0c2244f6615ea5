"""Writes what follows an order: parcels, tickets, reviews; and what competitors ask, and the fees that belong to no order."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from tillsight.reference_shop import columns as c
from tillsight.reference_shop.calendar import DAY_MICROSECONDS, Days, index_of
from tillsight.reference_shop.catalogue import Catalogue
from tillsight.reference_shop.cents import divided, summed
from tillsight.reference_shop.columns import Writer
from tillsight.reference_shop.customers import MARKETPLACE, RETAIL, People
from tillsight.reference_shop.hashing import EXPONENTIAL, Ints, Stream
from tillsight.reference_shop.masters import WAREHOUSE
from tillsight.reference_shop.orders import CURRENCIES, USD, Orders
from tillsight.reference_shop.return_desk import CARRIERS, TRACKED
from tillsight.reference_shop.returns import NEVER, REASONS, RECEIVED, TRANSIT, Returns
from tillsight.reference_shop.sales import customer_ids, order_ids, shops
from tillsight.reference_shop.truths import CATEGORIES, CURRENCY, SHOP, Truths

HOUR = 3_600_000_000
COMPETITORS = ("Seaside Living", "Nordic Home", "Wardrobe Works")
CHECK_EVERY = 14
TOPICS = ("where is my parcel", "question about a product", "change of an order", "return", "damaged goods", "invoice")
PRAISE = (
    "Lovely quality, just as in the photos.",
    "Fits well and feels good.",
    "Fast delivery, nicely packed.",
    "Bought it twice already.",
)
NEUTRAL = (
    "Good, but the colour is a little different.",
    "Fine for the price.",
    "Took a while to arrive, product is okay.",
)
BLAME = ("Not what I expected.", "The quality is poor.", "Runs small, had to send it back.", "Arrived damaged.")
BROKEN = ("The handle came off after a day.", "Cracked along the seam.", "Clearly a defect, very disappointed.")


class Service:
    """Writes parcels, tickets and reviews of the spans; keeps revenue and orders of each day."""

    def __init__(self, writer: Writer, catalogue: Catalogue, people: People, truths: Truths) -> None:
        self.writer = writer
        self.catalogue = catalogue
        self.people = people
        self.truths = truths
        self.days: Days = catalogue.days
        self.end = int(self.days.moments(np.array([self.days.count]), np.array([0]))[0])
        self.revenue = np.zeros(self.days.count, dtype=np.int64)
        self.orders = np.zeros(self.days.count, dtype=np.int64)
        self.market = np.zeros(self.days.count, dtype=np.int64)
        self.ids = pa.array(catalogue.ids, pa.string())

    def add(self, orders: Orders, returns: Returns, shipped: Ints) -> None:
        """Write what follows the orders of a span."""
        tax = summed(orders.lines.tax, orders.lines.order, len(orders))
        cards = summed(np.where(orders.lines.gift_card, orders.lines.amount, 0), orders.lines.order, len(orders))
        net = orders.subtotal - orders.code_discount - orders.staff_discount - tax - cards
        plan = self.truths.currencies
        level = np.array([100, round(plan.gbp * 100), round(plan.usd * 100)])[orders.currency]
        real = orders.counts
        np.add.at(self.revenue, orders.day[real], divided(net * level, 100)[real])
        np.add.at(self.orders, orders.day[real], 1)
        sold_there = real & (orders.channel == MARKETPLACE)
        np.add.at(self.market, orders.day[sold_there], net[sold_there])
        self._parcels(orders, shipped)
        self._parcels_back(orders, returns)
        self._tickets(orders, returns, shipped)
        self._reviews(orders, returns, shipped)

    def delivered(self, orders: Orders, shipped: Ints) -> Ints:
        """When a parcel arrives: one to three days inland, longer abroad, each carrier at its own pace."""
        carrier = Stream("parcel.carrier").below(len(CARRIERS), orders.sequence)
        pace = np.array([26, 34, 30, 40])[carrier]
        far = np.where(orders.currency == USD, 130, np.where(orders.british, 50, 0))
        hours = (
            14 + far + Stream("parcel.hours").quantile(EXPONENTIAL, orders.sequence) * np.where(orders.express, 6, pace)
        )
        return np.where(shipped > 0, shipped + np.rint(hours * 60).astype(np.int64) * 60_000_000, 0)

    def _parcels(self, orders: Orders, shipped: Ints) -> None:
        rows = np.flatnonzero((shipped > 0) & (orders.channel != RETAIL))
        british = orders.british[rows]
        key = orders.sequence[rows]
        units = summed(np.where(orders.lines.gift_card, 0, orders.lines.quantity), orders.lines.order, len(orders))[
            rows
        ]
        arrives = self.delivered(orders, shipped)[rows]
        here = arrives < self.end
        promise = np.where(orders.express[rows], 1, np.where(orders.currency[rows] == USD, 9, np.where(british, 5, 3)))
        cost = np.array([320, 690, 880])[
            np.where(orders.currency[rows] == USD, 2, np.where(orders.express[rows], 1, 0))
        ]
        self.writer.write(
            "shipments",
            {
                "shop_id": shops(british),
                "shipment_id": c.label("PK", orders.number[rows], 7),
                "order_id": order_ids(orders.number[rows], british),
                "direction": c.constant("outbound", len(rows)),
                "location_id": c.where(~british, c.constant(WAREHOUSE, len(rows))),
                "carrier": c.words(CARRIERS, Stream("parcel.carrier").below(len(CARRIERS), key)),
                "shipping_method": c.words(("standard", "express"), orders.express[rows].astype(np.int64)),
                "tracking_number": c.label("PK", 70_000_000_000 + orders.number[rows] * 89),
                "shipped_at": c.moment(shipped[rows]),
                "promised_at": c.moment(shipped[rows] + promise * DAY_MICROSECONDS),
                "delivered_at": c.moment(arrives, here),
                "status": c.words(("on its way", "delivered"), here.astype(np.int64)),
                "quantity": c.quantity(units),
                "weight_grams": c.number(200 + 380 * units),
                "cost_amount": c.money(cost + 25 * units),
                "packaging_amount": c.money(38 + 6 * units),
                "currency": c.words(CURRENCIES, orders.currency[rows]),
            },
        )

    def _parcels_back(self, orders: Orders, returns: Returns) -> None:
        sent = ~returns.in_store & (returns.at[:, TRANSIT] < NEVER)
        sent &= Stream("return.tracked").chance(TRACKED, orders.sequence[returns.order])
        rows = np.flatnonzero(sent)
        of = returns.order[rows]
        british = orders.british[of]
        here = returns.at[rows, RECEIVED] < NEVER
        carrier = Stream("return.carrier").below(len(CARRIERS), orders.sequence[of])
        self.writer.write(
            "shipments",
            {
                "shop_id": shops(british),
                "shipment_id": c.label("PR", returns.number[rows], 7),
                "order_id": order_ids(returns.number[rows], british),
                "direction": c.constant("inbound", len(rows)),
                "return_id": c.label("R", returns.number[rows], 7),
                "location_id": c.where(~british, c.constant(WAREHOUSE, len(rows))),
                "carrier": c.words(CARRIERS, carrier),
                "tracking_number": c.label("RT", 50_000_000_000 + returns.number[rows] * 97),
                "shipped_at": c.moment(returns.at[rows, TRANSIT]),
                "delivered_at": c.moment(np.where(here, returns.at[rows, RECEIVED], 0), here),
                "status": c.words(("on its way", "delivered"), here.astype(np.int64)),
                "quantity": c.quantity(summed(returns.quantity, returns.item_return, len(returns))[rows]),
                "cost_amount": c.money(np.full(len(rows), 449)),
                "currency": c.words(CURRENCIES, orders.currency[of]),
            },
        )

    def _tickets(self, orders: Orders, returns: Returns, shipped: Ints) -> None:
        asked = (
            orders.counts & (orders.channel != RETAIL) & (shipped > 0) & Stream("ticket").chance(0.035, orders.sequence)
        )
        sent_back = np.zeros(len(orders), dtype=bool)
        sent_back[returns.order] = True
        rows = np.flatnonzero(asked)
        key = orders.sequence[rows]
        topic = Stream("ticket.topic").choice((0.42, 0.20, 0.14, 0.0, 0.10, 0.14), key)
        topic = np.where(sent_back[rows], 3, topic)
        opened = orders.placed[rows] + (
            HOUR + np.rint(Stream("ticket.after").quantile(EXPONENTIAL, key) * 40).astype(np.int64) * HOUR
        )
        inside = opened < self.end - 3 * DAY_MICROSECONDS
        rows, key, topic, opened = rows[inside], key[inside], topic[inside], opened[inside]
        answer = (
            opened
            + HOUR // 6
            + np.rint(Stream("ticket.answer").quantile(EXPONENTIAL, key) * 300).astype(np.int64) * 60_000_000
        )
        solved = (
            answer + np.rint(Stream("ticket.solve").quantile(EXPONENTIAL, key) * 20 * 60).astype(np.int64) * 60_000_000
        )
        closed = solved < self.end
        slow = (answer - opened) > 8 * HOUR
        score = (
            5
            - Stream("ticket.score").below(2, key)
            - slow.astype(np.int64) * (1 + Stream("ticket.anger").below(2, key))
        )
        british = orders.british[rows]
        ids = order_ids(orders.number[rows], british)
        self.writer.write(
            "support_tickets",
            {
                "shop_id": shops(british),
                "ticket_id": c.label("TK", orders.number[rows], 7),
                "customer_id": c.where(orders.guest[rows] == 0, customer_ids(self.people, orders.person[rows])),
                "order_id": ids,
                "return_id": c.where(topic == 3, c.label("R", orders.number[rows], 7)),
                "channel": c.words(
                    ("e-mail", "chat", "telephone"), Stream("ticket.channel").choice((0.55, 0.30, 0.15), key)
                ),
                "topic": c.words(TOPICS, topic),
                "subject": c.join(c.words([word.capitalize() for word in TOPICS], topic), ", order ", ids),
                "priority": c.words(("normal", "high"), (topic == 4).astype(np.int64)),
                "status": c.words(("open", "solved"), closed.astype(np.int64)),
                "opened_at": c.moment(opened),
                "first_response_at": c.moment(answer, answer < self.end),
                "solved_at": c.moment(solved, closed),
                "replies": c.integer(1 + Stream("ticket.replies").below(4, key)),
                "satisfaction": c.rate(score * 1_000_000_000, closed & Stream("ticket.rated").chance(0.4, key)),
                "agent": c.words(("Amira", "Jonte", "Pia", "Ruben"), Stream("ticket.agent").below(4, key)),
            },
        )

    def _reviews(self, orders: Orders, returns: Returns, shipped: Ints) -> None:
        lines = orders.lines
        of = lines.order
        key = orders.sequence[of]
        reason = np.full(len(of), -1, dtype=np.int64)
        reason[returns.item_line] = returns.reason
        back = reason >= 0
        defect = reason == REASONS.index("manufacturing_defect")
        chance = np.where(defect, 0.30, np.where(back, 0.10, 0.06))
        told = orders.counts[of] & (orders.person[of] >= 0) & ~lines.gift_card & (shipped[of] > 0)
        told &= Stream("review").chance(chance, key, lines.sku)
        at = (
            orders.placed[of]
            + 5 * DAY_MICROSECONDS
            + np.rint(Stream("review.after").quantile(EXPONENTIAL, key) * 150).astype(np.int64) * HOUR
        )
        told &= at < self.end
        rows = np.flatnonzero(told)
        key, sku, of = key[rows], lines.sku[rows], of[rows]
        happy = Stream("review.score").choice((0.02, 0.04, 0.11, 0.31, 0.52), key, sku)
        cross = Stream("review.cross").choice((0.32, 0.30, 0.22, 0.12, 0.04), key, sku)
        score = 1 + np.where(defect[rows], np.minimum(cross, 1), np.where(back[rows], cross, happy))
        says = [*PRAISE, *NEUTRAL, *BLAME, *BROKEN]
        sizes = np.array([len(PRAISE), len(NEUTRAL), len(BLAME), len(BROKEN)])
        group = np.where(defect[rows], 3, np.where(score >= 4, 0, np.where(score == 3, 1, 2)))
        line = (np.cumsum(sizes) - sizes)[group] + Stream("review.text").below(sizes[group], key, sku)
        british = orders.british[of]
        self.writer.write(
            "reviews",
            {
                "shop_id": shops(british),
                "line_id": c.join(c.label("RV", orders.number[of], 7), "-", c.label("", lines.line[rows])),
                "review_id": c.join(c.label("RV", orders.number[of], 7), "-", c.label("", lines.line[rows])),
                "order_id": order_ids(orders.number[of], british),
                "product_id": self.ids.take(pa.array(sku)),
                "customer_id": c.where(orders.guest[of] == 0, customer_ids(self.people, orders.person[of])),
                "rating": c.rate(score * 1_000_000_000),
                "body": c.words(says, line),
                "language": c.constant("en", len(rows)),
                "is_verified": c.boolean(np.ones(len(rows), dtype=bool)),
                "reviewed_at": c.moment(at[rows]),
            },
        )

    def finish(self) -> None:
        """Competitors' prices and the entries that belong to no order."""
        self._competitors()
        self._entries()

    def _competitors(self) -> None:
        """What three competitors ask for one size of each style, every two weeks."""
        plan = self.truths.competition
        styles = self.catalogue.styles
        goods = np.flatnonzero(styles.category >= 0)
        looks = np.arange(3, self.days.count, CHECK_EVERY)
        style = np.tile(np.repeat(goods, len(COMPETITORS)), len(looks))
        rival = np.tile(np.arange(len(COMPETITORS)), len(looks) * len(goods))
        day = np.repeat(looks, len(goods) * len(COMPETITORS))
        listed = (day >= styles.launch[style]) & (Stream("rival.listed").unit(style, rival) < 0.8)
        style, rival, day = style[listed], rival[listed], day[listed]
        index = np.array([category.index for category in CATEGORIES])[styles.category[style]]
        off = 1 + plan.spread * Stream("rival.price").normal(style, rival, day // 56)
        # The others follow our usual price, not each of our tests of it.
        price = styles.base[style] * 100 / index * off
        names = [category.name for category in CATEGORIES]
        cuts = (rival == COMPETITORS.index(plan.undercutter)) & (
            styles.category[style] == names.index(plan.undercut_category)
        )
        cuts &= day >= index_of(plan.undercut_from)
        cents = np.rint(price * np.where(cuts, plan.undercut, 1.0) / 10).astype(np.int64) * 10
        sku = self.catalogue.first_of_style[style]
        self.writer.write(
            "competitor_prices",
            {
                "shop_id": c.constant(SHOP, len(day)),
                "line_id": c.join(c.label("", day, 4), "-", c.label("", rival), "-", c.label("", sku, 5)),
                "competitor_id": c.label("K", rival + 1),
                "competitor_name": c.words(COMPETITORS, rival),
                "product_id": self.ids.take(pa.array(sku)),
                "competitor_product_id": c.join(c.label("K", rival + 1), "-", c.label("", sku * 7 + 13)),
                "currency": c.constant(CURRENCY, len(day)),
                "price": c.money(cents),
                "shipping_amount": c.money(np.array([0, 390, 495])[rival]),
                "in_stock": c.boolean(Stream("rival.stock").chance(0.94, style, rival, day)),
                "checked_at": c.moment(self.days.moments(day, np.full(len(day), 5 * 3_600))),
                "price_source": c.constant("feed", len(day)),
            },
        )

    def _entries(self) -> None:
        """Fees of the marketplace and of the bank at the end of each month, and a correction now and then."""
        last = np.array([end for _, end in self.days.months])
        first = np.array([begin for begin, _ in self.days.months])
        running = np.concatenate([[0], np.cumsum(self.market)])
        fees = divided((running[last + 1] - running[first]) * 4, 100)
        bank = 1_900 + Stream("entry.bank").below(900, last)
        change = Stream("entry.change").between(-6_000, 2_500, last)
        kind = np.repeat([0, 1, 2], len(last))
        day = np.tile(last, 3)
        amount = np.concatenate([-fees, -bank, change])
        keep = amount != 0
        kind, day, amount = kind[keep], day[keep], amount[keep]
        self.writer.write(
            "account_entries",
            {
                "shop_id": c.constant(SHOP, len(day)),
                "entry_id": c.join(c.label("AE", day, 4), "-", c.label("", kind)),
                "line_id": c.constant("1", len(day)),
                "kind": c.words(("expense", "expense", "adjustment"), kind),
                "amount": c.money(amount),
                "currency": c.constant(CURRENCY, len(day)),
                "occurred_at": c.moment(self.days.moments(day, np.full(len(day), 12 * 3_600))),
                "description": c.words(("marketplace fees", "bank charges", "manual correction"), kind),
                "channel": c.where(kind == 0, c.constant("marketplace", len(day))),
            },
        )
