"""Writes the sales tables of a span: orders, lines, discounts, tax, shipping, payments, refunds, gift cards, edits, cancellations."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tillsight.reference_shop import columns as c
from tillsight.reference_shop.calendar import Days
from tillsight.reference_shop.catalogue import GIFT_CARD_VALUE, SIZE_NAMES, UNITS, Catalogue
from tillsight.reference_shop.cents import divided, summed
from tillsight.reference_shop.columns import Array, Writer
from tillsight.reference_shop.customers import (
    AMERICAN,
    BRITISH,
    CHANNELS,
    CITIES,
    FIRST_NAMES,
    LAST_NAMES,
    MARKETPLACE,
    MOBILE,
    NEIGHBOURS,
    RETAIL,
    People,
    store_city,
)
from tillsight.reference_shop.hashing import EXPONENTIAL, Bools, Ints, Stream
from tillsight.reference_shop.journeys import Journeys, source_names
from tillsight.reference_shop.masters import CODES, location_names
from tillsight.reference_shop.orders import CURRENCIES, EUR, FIRST_OFFER, GBP, STATES, TAX, USD, Orders
from tillsight.reference_shop.returns import CREDIT, REASONS, SETTLED, Returns
from tillsight.reference_shop.truths import SHOP, SHOP_UK, Truths

MINUTE = 60_000_000
HOUR = 60 * MINUTE
ONLINE_METHODS = ("card", "paypal", "invoice", "bank transfer", "apple pay")
ONLINE_SHARES = (0.34, 0.33, 0.20, 0.05, 0.08)
RETAIL_METHODS = ("card", "cash")
METHODS = (*ONLINE_METHODS, "cash", "marketplace", "gift card")
CARD, CASH, MARKET, GIFT = 0, 5, 6, 7
# Fee of each method: thousandths of the amount, and cents.
FEES = np.array([[14, 25], [25, 35], [29, 35], [2, 10], [14, 25], [0, 0], [120, 0], [0, 0]])
DEVICES = ("desktop", "mobile", "tablet")
ALL_CITIES = (
    *((city, state, "Germany") for city, state, *_ in CITIES),
    *((city, None, country) for city, country, _ in NEIGHBOURS),
    *((city, state, "United Kingdom") for city, state in BRITISH),
    *((city, state, "United States") for city, state in AMERICAN),
)
SHIPPING_METHODS = ("standard", "express")


@dataclass
class Wallet:
    """Gift cards sold and not yet redeemed, oldest first, by the order that sold them: carried from span to span."""

    cards: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))


def shops(british: Bools) -> Array:
    """The shop of each row."""
    return c.words((SHOP, SHOP_UK), british.astype(np.int64))


def order_ids(numbers: Ints, british: Bools) -> Array:
    """Ids of orders: HP and a number, or UK and a number."""
    return c.join(c.words(("HP", "UK"), british.astype(np.int64)), c.label("", numbers, 7))


def customer_ids(people: People, persons: Ints) -> Array:
    """Ids of customers; null where there is none."""
    known = persons >= 0
    number = np.maximum(persons, 0)
    ids = c.join(c.words(("C", "U"), people.british[number].astype(np.int64)), c.label("", number + 1, 7))
    return c.where(known, ids)


def member_ids(persons: Ints, is_member: Bools) -> Array:
    """Ids of loyalty members."""
    return c.label("M", np.maximum(persons, 0) + 1, 7, is_member)


def emails(persons: Ints) -> Array:
    """The e-mail address of each customer."""
    first = c.words([name.lower() for name in FIRST_NAMES], Stream("person.first").below(len(FIRST_NAMES), persons))
    last = c.words([name.lower() for name in LAST_NAMES], Stream("person.last").below(len(LAST_NAMES), persons))
    return c.join(first, ".", last, c.label("", persons + 1), "@example.com")


def phones(persons: Ints) -> Array:
    """The telephone number of each customer."""
    return c.label("+49 30 ", 20_000_000 + persons * 37)


def city_index(people: People, persons: Ints) -> Ints:
    """Index into ALL_CITIES."""
    base = np.where(
        people.british[persons],
        len(CITIES) + len(NEIGHBOURS),
        np.where(
            people.american[persons],
            len(CITIES) + len(NEIGHBOURS) + len(BRITISH),
            np.where(people.neighbour[persons], len(CITIES), 0),
        ),
    )
    return np.asarray(base + people.city[persons])


def postcodes(index: Ints, keys: Ints) -> Array:
    """A postcode of the city; five digits for German ones."""
    prefix = [f"{number:02d}" for _, _, number, *_ in CITIES] + [
        f"{10 + number}" for number in range(len(ALL_CITIES) - len(CITIES))
    ]
    return c.join(c.words(prefix, index), c.label("", Stream("person.postcode").below(40, keys) * 7 + 100, 3))


class Sales:
    """Writes orders and all that hangs on them."""

    def __init__(
        self, writer: Writer, catalogue: Catalogue, people: People, truths: Truths, rates: tuple[Ints, Ints]
    ) -> None:
        self.writer = writer
        self.catalogue = catalogue
        self.people = people
        self.truths = truths
        self.days: Days = catalogue.days
        self.rates = np.stack([np.full(catalogue.days.count, 1_000_000_000), *rates])
        self.wallet = Wallet()
        self.end = int(self.days.moments(np.array([self.days.count]), np.array([0]))[0])
        self.product_names = pa.array(catalogue.names, pa.string())
        self.product_ids = pa.array(catalogue.ids, pa.string())
        self.locations = location_names(catalogue.size.stores)
        self.total_orders = np.zeros(people.count, dtype=np.int64)
        self.total_value = np.zeros(people.count, dtype=np.int64)
        self.last_day = np.full(people.count, -1, dtype=np.int64)

    def _shipped_at(self, orders: Orders) -> Ints:
        """When the first parcel leaves; the moment of sale in a store; 0 where it has not left."""
        hours = 4 + Stream("order.dispatch").quantile(EXPONENTIAL, orders.sequence) * np.where(orders.express, 3, 14)
        # The warehouse does not work on Sundays.
        sunday = self.days.weekday[orders.day] == 6
        moment = orders.placed + np.rint(hours * 60).astype(np.int64) * MINUTE + np.where(sunday, 18 * HOUR, 0)
        moment = np.where(orders.channel == RETAIL, orders.placed, self.days.working(moment, orders.sequence))
        left = orders.counts & (moment < self.end)
        return np.where(left, moment, 0)

    def _cancelled_at(self, orders: Orders) -> Ints:
        """When a cancelled order was called off."""
        hours = 1 + Stream("order.called_off").quantile(EXPONENTIAL, orders.sequence) * 12
        latest = np.maximum(self.end - MINUTE, orders.placed + MINUTE)
        return np.asarray(np.minimum(orders.placed + np.rint(hours * 60).astype(np.int64) * MINUTE, latest))

    def _methods(self, orders: Orders) -> Ints:
        """How each order is paid: index into METHODS."""
        online = Stream("order.method").choice(ONLINE_SHARES, orders.sequence)
        cash = Stream("order.cash").chance(0.24, orders.sequence)
        return np.where(
            orders.channel == RETAIL,
            np.where(cash, CASH, CARD),
            np.where(orders.channel == MARKETPLACE, MARKET, online),
        )

    def _status(self, orders: Orders, returns: Returns, shipped: Ints) -> Ints:
        """0 pending, 1 completed, 2 cancelled, 3 refunded."""
        refunded = np.zeros(len(orders), dtype=bool)
        refunded[returns.order[returns.refunded & returns.whole_order]] = True
        waiting = orders.counts & (shipped == 0)
        return np.where(orders.cancelled, 2, np.where(refunded, 3, np.where(waiting, 0, 1)))

    def add(self, orders: Orders, returns: Returns, journeys: Journeys) -> Ints:
        """Write the sales tables of a span; gives when each order was shipped (0: not yet)."""
        shipped, cancelled, methods = self._shipped_at(orders), self._cancelled_at(orders), self._methods(orders)
        self._orders(orders, returns, journeys, shipped, cancelled, methods)
        self._lines(orders, shipped)
        self._payments(orders, returns, cancelled, methods)
        self._refunds(orders, returns, cancelled)
        self._changes(orders, cancelled)
        return shipped

    def _orders(
        self, orders: Orders, returns: Returns, journeys: Journeys, shipped: Ints, cancelled: Ints, methods: Ints
    ) -> None:
        """The orders."""
        people, rows = self.people, len(orders)
        person = orders.person
        known = np.maximum(person, 0)
        city = np.where(
            person >= 0,
            city_index(people, known),
            np.where(
                orders.channel == RETAIL,
                store_city(orders.store),
                Stream("order.city").below(len(CITIES), orders.sequence),
            ),
        )
        city = np.where(orders.channel == RETAIL, store_city(orders.store), city)
        customer = (person >= 0) & (orders.guest == 0)
        by_mail = (person >= 0) & (orders.channel != RETAIL)
        mail = emails(known)
        mail = c.pick(orders.guest == 1, pc.utf8_capitalize(mail), mail)
        mail = c.pick(orders.guest == 2, c.label("guest.", orders.number), c.where(by_mail, mail))
        mail = c.pick(orders.guest == 2, c.join(mail, "@example.net"), mail)
        names = source_names(self.truths)
        campaigns = len(self.truths.ads.campaigns)
        last = np.full(rows, -1, dtype=np.int64)
        last[journeys.order] = journeys.last
        paid = (last >= 0) & (last < campaigns)
        source = np.where(paid, 0, np.maximum(last, campaigns) - campaigns + 1)
        free = [name for name, _ in self.truths.journeys.organic]
        traffic = c.words(
            ["paid", *free, "marketplace"],
            np.where(orders.channel == MARKETPLACE, len(free) + 1, source),
            (last >= 0) | (orders.channel == MARKETPLACE),
        )
        campaign = c.words(names, np.maximum(last, 0), paid)
        platform = [part.platform for part in self.truths.ads.campaigns]
        medium = ["cpc" if part.kind in {"search", "shopping"} else "paid_social" for part in self.truths.ads.campaigns]
        referrers = {
            "organic": "https://search.example/",
            "social": "https://social.example/",
            "referral": "https://homeblog.example/",
        }
        path = self._paths(journeys, names)
        spread = np.full(rows, -1, dtype=np.int64)
        spread[journeys.order] = np.arange(len(journeys.order))
        british = orders.british
        retail = orders.channel == RETAIL
        desktop = Stream("order.device").choice((0.56, 0.36, 0.08), orders.sequence)
        rate_known = (orders.currency != EUR) & Stream("order.rate").chance(0.5, orders.sequence)
        unit_of_first = self.catalogue.unit[orders.lines.sku[np.searchsorted(orders.lines.order, np.arange(rows))]]
        offers = self.truths.loyalty.offers
        codes = self._by_code([code for code, *_ in CODES], [offer.offer_id for offer in offers])
        member = self.scanned(orders)
        self.writer.write(
            "orders",
            {
                "shop_id": shops(british),
                "order_id": order_ids(orders.number, british),
                "customer_id": c.where(customer, customer_ids(people, person)),
                "email": mail,
                "phone": c.where(
                    (person >= 0) & ~retail & Stream("order.phone").chance(0.5, orders.sequence), phones(known)
                ),
                "member_id": member_ids(person, member),
                "placed_at": c.moment(orders.placed),
                "processed_at": c.moment(orders.placed + np.where(retail, 0, 2 * MINUTE)),
                "shipped_at": c.moment(shipped, (shipped > 0)),
                "cancelled_at": c.moment(cancelled, orders.cancelled),
                "order_status": c.words(
                    ("pending", "completed", "cancelled", "refunded"), self._status(orders, returns, shipped)
                ),
                "is_test": c.boolean(orders.test),
                "is_deleted": c.boolean(orders.deleted),
                "currency": c.words(CURRENCIES, orders.currency),
                "exchange_rate": c.rate(self.rates[orders.currency, orders.day], rate_known),
                "prices_include_tax": c.boolean(orders.currency != USD),
                "subtotal": c.money(orders.subtotal),
                "discount_amount": c.money(orders.staff_discount),
                "tax_amount": c.money(orders.state_tax + orders.city_tax),
                "shipping_amount": c.money(orders.shipping),
                "shipping_tax_amount": c.money(orders.shipping_tax),
                "total_amount": c.money(orders.total),
                "payment_method": c.words(METHODS, methods),
                "shipping_method": c.words(SHIPPING_METHODS, orders.express.astype(np.int64), ~retail),
                "discount_code": c.words(codes, orders.code),
                "channel": c.words(CHANNELS, orders.channel),
                "traffic_source": traffic,
                "device_type": c.words(DEVICES, np.where(orders.channel == MOBILE, 1, desktop), orders.online),
                "referrer": c.words(
                    ["", *(referrers.get(name, "") for name in free)],
                    source,
                    np.isin(source, [number for number, name in enumerate(free, 1) if name in referrers]) & (last >= 0),
                ),
                "utm_source": c.words(platform, np.where(paid, last, 0), paid),
                "utm_medium": c.words(medium, np.where(paid, last, 0), paid),
                "utm_campaign": campaign,
                "campaign_id": campaign,
                "attributed_channel": traffic,
                "attributed_campaign": campaign,
                "attribution_model": c.where(last >= 0, c.constant("last click", rows)),
                "touchpoint_sequence": path.take(pa.array(spread, mask=spread < 0)),
                "location_id": c.words(self.locations, np.where(retail, orders.store + 1, 0), ~british),
                "business_unit_id": c.words([code for code, _ in UNITS], unit_of_first),
                "city": c.words([name for name, *_ in ALL_CITIES], city),
                "state": c.words([state for _, state, _ in ALL_CITIES], city),
                "postcode": postcodes(city, np.where(person >= 0, known, orders.sequence)),
                "country": c.words([country for *_, country in ALL_CITIES], city),
                "updated_at": c.moment(
                    np.maximum(np.maximum(orders.placed, shipped), np.where(orders.cancelled, cancelled, 0))
                ),
            },
        )
        real = (person >= 0) & ~orders.test & ~orders.deleted & ~orders.cancelled
        np.add.at(self.total_orders, person[real], 1)
        np.add.at(self.total_value, person[real], orders.total[real])
        np.maximum.at(self.last_day, person[real], orders.day[real])

    def scanned(self, orders: Orders) -> Bools:
        """Orders on which a loyalty card was scanned: always online, mostly in stores, never for guests."""
        person = np.maximum(orders.person, 0)
        member = (orders.person >= 0) & (orders.guest == 0) & (self.people.joined[person] <= orders.day)
        member &= orders.channel != MARKETPLACE
        forgotten = (orders.channel == RETAIL) & ~Stream("order.scan").chance(
            self.truths.loyalty.scan_retail, orders.sequence
        )
        return np.asarray(member & ~forgotten)

    @staticmethod
    def _by_code(codes: list[str], offers: list[str]) -> list[str | None]:
        """Words by the number of a discount code: none, the codes of the shop, then the offers."""
        return [None, *codes, *[None] * (FIRST_OFFER - 1 - len(codes)), *offers]

    @staticmethod
    def _paths(journeys: Journeys, names: list[str]) -> Array:
        """The path of each journey as text."""
        parts = [
            c.words(names, np.maximum(journeys.source[:, step], 0), journeys.source[:, step] >= 0)
            for step in range(journeys.source.shape[1])
        ]
        return pc.binary_join_element_wise(*parts, pa.scalar(" > ", pa.string()), null_handling="skip")

    def _lines(self, orders: Orders, shipped: Ints) -> None:
        """Order lines, with tax lines, discount lines and shipping lines."""
        lines, catalogue = orders.lines, self.catalogue
        of = lines.order
        british = orders.british[of]
        ids = order_ids(orders.number[of], british)
        style = catalogue.style[lines.sku]
        skus = pa.array(lines.sku)
        retail = orders.channel[of] == RETAIL
        percent = np.where(lines.gift_card, 0, TAX[orders.currency[of]])
        sent = shipped[of] > 0
        self.writer.write(
            "order_items",
            {
                "shop_id": shops(british),
                "order_id": ids,
                "line_id": c.label("", lines.line),
                "product_id": self.product_ids.take(skus),
                "product_name": self.product_names.take(skus),
                "quantity": c.quantity(lines.quantity),
                "unit_price": c.money(lines.price),
                "list_price": c.money(lines.list_price),
                "unit_cost": c.money(lines.cost, lines.cost_known),
                "discount_amount": c.money(lines.discount),
                "tax_amount": c.money(lines.tax),
                "tax_rate": c.rate(percent * 1_000_000_000, (orders.currency[of] != USD)),
                "total_amount": c.money(lines.amount),
                "size": c.words(
                    SIZE_NAMES, np.maximum(catalogue.garment[lines.sku], 0), catalogue.garment[lines.sku] >= 0
                ),
                "colour": pa.array([colour or None for colour in catalogue.styles.colour], pa.string()).take(
                    pa.array(style)
                ),
                "is_gift_card": c.boolean(lines.gift_card),
                "promotion_id": c.words(
                    ["", *(part.promotion_id for part in self.truths.promotions.promotions)],
                    lines.promotion,
                    lines.promotion > 0,
                ),
                "fulfilled_quantity": c.quantity(np.where(sent, lines.quantity, 0)),
                "location_id": c.words(self.locations, np.where(retail, orders.store[of] + 1, 0), ~british),
                "created_at": c.moment(orders.placed[of]),
            },
        )
        self._tax_lines(orders)
        rows = np.flatnonzero(orders.code_discount > 0)
        offers = self.truths.loyalty.offers
        codes = self._by_code([code for code, *_ in CODES], [offer.offer_id for offer in offers])
        texts = self._by_code([name for _, name, _ in CODES], [offer.name for offer in offers])
        self.writer.write(
            "discount_lines",
            {
                "shop_id": shops(orders.british[rows]),
                "line_id": c.label("D", orders.number[rows], 7),
                "order_id": order_ids(orders.number[rows], orders.british[rows]),
                "amount": c.money(orders.code_discount[rows]),
                "currency": c.words(CURRENCIES, orders.currency[rows]),
                "applied_at": c.moment(orders.placed[rows]),
                "code": c.words(codes, orders.code[rows]),
                "promotion_id": c.where(orders.code[rows] < FIRST_OFFER, c.words(codes, orders.code[rows])),
                "description": c.words(texts, orders.code[rows]),
            },
        )
        # The marketplace states shipping on the order only.
        rows = np.flatnonzero((orders.shipping > 0) & (orders.channel != MARKETPLACE))
        self.writer.write(
            "shipping_lines",
            {
                "shop_id": shops(orders.british[rows]),
                "line_id": c.label("S", orders.number[rows], 7),
                "order_id": order_ids(orders.number[rows], orders.british[rows]),
                "amount": c.money(orders.shipping[rows]),
                "tax_amount": c.money(orders.shipping_tax[rows]),
                "currency": c.words(CURRENCIES, orders.currency[rows]),
                "charged_at": c.moment(orders.placed[rows]),
                "method": c.words(SHIPPING_METHODS, orders.express[rows].astype(np.int64)),
            },
        )

    def _tax_lines(self, orders: Orders) -> None:
        """The split of tax: one line for value added tax; state and city tax in America."""
        vat = summed(orders.lines.tax, orders.lines.order, len(orders)) + orders.shipping_tax
        american = orders.currency == USD
        state = self.people.city[np.maximum(orders.person, 0)] % len(STATES)
        first = np.flatnonzero(np.where(american, orders.state_tax, vat) > 0)
        second = np.flatnonzero(american & (orders.city_tax > 0))
        rows = np.concatenate([first, second])
        is_city = np.concatenate([np.zeros(len(first), dtype=bool), np.ones(len(second), dtype=bool)])
        amount = np.where(american[rows], np.where(is_city, orders.city_tax[rows], orders.state_tax[rows]), vat[rows])
        of_state = np.array([round(rate * 1_000) for _, rate, _ in STATES])[state[rows]]
        of_city = np.array([round(rate * 1_000) for *_, rate in STATES])[state[rows]]
        percent = np.where(american[rows], np.where(is_city, of_city, of_state), TAX[orders.currency[rows]] * 1_000)
        kind = np.where(american[rows], np.where(is_city, 3, 2), np.where(orders.currency[rows] == GBP, 1, 0))
        places = ["Germany", "United Kingdom", *(name for name, *_ in STATES)]
        self.writer.write(
            "tax_lines",
            {
                "shop_id": shops(orders.british[rows]),
                "order_id": order_ids(orders.number[rows], orders.british[rows]),
                "line_id": c.words(("1", "2"), is_city.astype(np.int64)),
                "amount": c.money(amount),
                "currency": c.words(CURRENCIES, orders.currency[rows]),
                "name": c.words(("USt.", "VAT", "State tax", "City tax"), kind),
                "rate": c.rate(percent * 1_000_000),
                "jurisdiction": c.words(places, np.where(american[rows], 2 + state[rows], kind)),
            },
        )

    def _payments(self, orders: Orders, returns: Returns, cancelled: Ints, methods: Ints) -> None:
        """Payments that sum to the totals, with gift cards spent and sold, and what is paid back."""
        real = ~orders.test & ~orders.deleted & (orders.total > 0)
        card_rows = self._redeem(orders, real)
        card_amount = np.zeros(len(orders), dtype=np.int64)
        card_amount[card_rows] = np.minimum(orders.total[card_rows], GIFT_CARD_VALUE)
        card = np.full(len(orders), -1, dtype=np.int64)
        card[card_rows] = self.wallet.cards[: len(card_rows)]
        self.wallet.cards = self.wallet.cards[len(card_rows) :]
        rest = orders.total - card_amount
        paid = np.flatnonzero(real & (rest > 0))
        unpaid = orders.cancelled & Stream("order.unpaid").chance(0.35, orders.sequence)
        unpaid[card_rows] = False
        paid = paid[~unpaid[paid]]
        back = np.flatnonzero(real & orders.cancelled & ~unpaid)
        settled = np.flatnonzero(returns.refunded & (self._refund_totals(returns) > 0))
        refund_rows = returns.order[settled]
        rows = np.concatenate([card_rows, paid, back, refund_rows])
        kind = np.repeat([0, 1, 2, 3], [len(card_rows), len(paid), len(back), len(refund_rows)])
        amount = np.concatenate(
            [card_amount[card_rows], rest[paid], -orders.total[back], -self._refund_totals(returns)[settled]]
        )
        when = np.concatenate(
            [
                orders.placed[card_rows],
                orders.placed[paid] + MINUTE,
                cancelled[back] + 30 * MINUTE,
                returns.at[settled, SETTLED] + 20 * MINUTE,
            ]
        )
        method = np.where(kind == 0, GIFT, methods[rows])
        fee = np.where(kind == 1, divided(amount * FEES[method, 0], 1_000) + FEES[method, 1], 0)
        credit = np.concatenate([np.zeros(len(rows) - len(settled), dtype=bool), returns.kind[settled] == CREDIT])
        sequence = np.where(kind == 1, 1 + (card_amount[rows] > 0), np.where(kind == 0, 1, 3))
        order = np.lexsort((kind, rows))
        rows, kind, amount, when, method, fee, credit, sequence = (
            part[order] for part in (rows, kind, amount, when, method, fee, credit, sequence)
        )
        british = orders.british[rows]
        self.writer.write(
            "payments",
            {
                "shop_id": shops(british),
                "line_id": c.join(c.label("P", orders.number[rows], 7), c.words(("g", "", "c", "r"), kind)),
                "order_id": order_ids(orders.number[rows], british),
                "sequence": c.integer(sequence),
                "kind": c.words(("payment", "payment", "refund", "refund"), kind),
                "amount": c.money(amount),
                "currency": c.words(CURRENCIES, orders.currency[rows]),
                "fee_amount": c.money(fee),
                "paid_at": c.moment(when),
                "payment_method": c.words([*METHODS, "store credit"], np.where(credit, len(METHODS), method)),
                "status": c.constant("completed", len(rows)),
                "gift_card_id": c.label("GC", np.maximum(card[rows], 0), 8, (kind == 0)),
            },
        )
        self._gift_cards(orders, card_rows, card, card_amount)

    def _redeem(self, orders: Orders, real: Bools) -> Ints:
        """Orders of the span that are paid with a gift card: as many as cards were sold before the span."""
        wants = real & orders.online & (orders.currency == EUR) & ~orders.cancelled & (orders.person >= 0)
        wants &= summed(orders.lines.gift_card.astype(np.int64), orders.lines.order, len(orders)) == 0
        wants &= Stream("order.gift_card").chance(0.02, orders.sequence)
        return np.flatnonzero(wants)[: len(self.wallet.cards)]

    def _gift_cards(self, orders: Orders, card_rows: Ints, card: Ints, card_amount: Ints) -> None:
        """Gift cards sold and redeemed; a card is named by the order that sold it."""
        lines = orders.lines
        sold = np.flatnonzero(lines.gift_card & orders.counts[lines.order])
        of = lines.order[sold]
        rows = np.concatenate([of, card_rows])
        redeemed = np.concatenate([np.zeros(len(of), dtype=bool), np.ones(len(card_rows), dtype=bool)])
        number = np.concatenate([orders.number[of], card[card_rows]])
        self.writer.write(
            "gift_card_entries",
            {
                "shop_id": shops(orders.british[rows]),
                "gift_card_id": c.label("GC", number, 8),
                "line_id": c.words(("sold", "redeemed"), redeemed.astype(np.int64)),
                "order_id": order_ids(orders.number[rows], orders.british[rows]),
                "order_line_id": c.label(
                    "", np.concatenate([lines.line[sold], np.zeros(len(card_rows), dtype=np.int64)]), 0, ~redeemed
                ),
                "customer_id": c.where(orders.guest[rows] == 0, customer_ids(self.people, orders.person[rows])),
                "kind": c.words(("sold", "redeemed"), redeemed.astype(np.int64)),
                "amount": c.money(np.where(redeemed, -card_amount[rows], GIFT_CARD_VALUE)),
                "currency": c.constant("EUR", len(rows)),
                "occurred_at": c.moment(orders.placed[rows]),
                "expires_date": c.day(self.days.first + orders.day[rows] + 3 * 365, ~redeemed),
            },
        )
        self.wallet.cards = np.concatenate([self.wallet.cards, orders.number[of]])

    @staticmethod
    def _refund_totals(returns: Returns) -> Ints:
        """Money given back for each return, tax and shipping included."""
        goods = summed(returns.net + returns.tax, returns.item_return, len(returns))
        return goods + returns.shipping_refund + returns.shipping_tax_refund

    def _refunds(self, orders: Orders, returns: Returns, cancelled: Ints) -> None:
        """Refunds of returned goods and of shipping, goodwill, and what cancelled orders got back."""
        lines = orders.lines
        item = np.flatnonzero(returns.refunded[returns.item_return])
        of_item = returns.item_return[item]
        line = returns.item_line[item]
        shipping = np.flatnonzero(returns.refunded & (returns.shipping_refund > 0))
        good = orders.counts & orders.online & Stream("order.goodwill").chance(0.006, orders.sequence)
        gift_at = orders.placed + (
            2 * 24 * HOUR
            + np.rint(Stream("order.goodwill.day").quantile(EXPONENTIAL, orders.sequence) * 240).astype(np.int64)
            * HOUR
            // 4
        )
        good &= (gift_at < self.end) & (orders.subtotal > 4_000)
        # Nobody is consoled who gets his money back.
        good[returns.order] = False
        goodwill = np.flatnonzero(good)
        unpaid = Stream("order.unpaid").chance(0.35, orders.sequence)
        back = np.flatnonzero(orders.cancelled & ~unpaid & (orders.total > 0))
        rows = np.concatenate([returns.order[of_item], returns.order[shipping], goodwill, back])
        kind = np.repeat([0, 1, 2, 3], [len(item), len(shipping), len(goodwill), len(back)])
        zero = [np.zeros(len(part), dtype=np.int64) for part in (shipping, goodwill, back)]
        given = Stream("order.goodwill.amount").between(1, 3, orders.sequence[goodwill]) * 500
        given_tax = divided(given * TAX[orders.currency[goodwill]], 100 + TAX[orders.currency[goodwill]])
        lines_tax = summed(lines.tax, lines.order, len(orders)) + orders.state_tax + orders.city_tax
        whole_tax = lines_tax[back] + orders.shipping_tax[back]
        whole_net = orders.total[back] - whole_tax - orders.shipping[back]
        amount = np.concatenate([returns.net[item], zero[0], given - given_tax, whole_net])
        tax = np.concatenate([returns.tax[item], returns.shipping_tax_refund[shipping], given_tax, whole_tax])
        freight = np.concatenate(
            [np.zeros(len(item), dtype=np.int64), returns.shipping_refund[shipping], zero[1], orders.shipping[back]]
        )
        when = np.concatenate(
            [returns.at[of_item, SETTLED], returns.at[shipping, SETTLED], gift_at[goodwill], cancelled[back]]
        )
        goods = kind == 0
        line_number = np.concatenate([lines.line[line], *zero])
        product = np.concatenate([lines.sku[line], *zero])
        reason = np.concatenate(
            [
                returns.reason[item],
                *(np.full(len(part), len(REASONS) + number) for number, part in enumerate((shipping, goodwill, back))),
            ]
        )
        order = np.lexsort((line_number, kind, rows))
        rows, kind, amount, tax, freight, when, goods, line_number, product, reason = (
            part[order] for part in (rows, kind, amount, tax, freight, when, goods, line_number, product, reason)
        )
        units = np.concatenate([returns.quantity[item], *zero])[order]
        british = orders.british[rows]
        ids = order_ids(orders.number[rows], british)
        rate_known = (orders.currency[rows] != EUR) & Stream("order.rate").chance(0.5, orders.sequence[rows])
        self.writer.write(
            "refunds",
            {
                "shop_id": shops(british),
                "refund_id": c.join(c.words(("RF", "RF", "GW", "CX"), kind), c.label("", orders.number[rows], 7)),
                "line_id": c.pick(
                    goods, c.label("", line_number), c.words(("", "shipping", "goodwill", "whole"), kind)
                ),
                "order_id": ids,
                "order_line_id": c.label("", line_number, 0, goods),
                "product_id": c.where(goods, self.product_ids.take(pa.array(product))),
                "return_id": c.label("R", orders.number[rows], 7, kind < 2),
                "kind": c.words(("goods", "shipping", "goodwill", "cancellation"), kind),
                "quantity": c.quantity(units),
                "amount": c.money(amount),
                "tax_amount": c.money(tax),
                "shipping_amount": c.money(freight),
                "currency": c.words(CURRENCIES, orders.currency[rows]),
                "exchange_rate": c.rate(self.rates[orders.currency[rows], orders.day[rows]], rate_known),
                "refunded_at": c.moment(when),
                "reason": c.words([*REASONS, "shipping of a whole return", "late parcel", "order called off"], reason),
            },
        )

    def _changes(self, orders: Orders, cancelled: Ints) -> None:
        """Edits of orders after payment, and cancellations."""
        edited = (
            orders.counts & orders.online & Stream("order.edited").chance(self.truths.channels.edited, orders.sequence)
        )
        rows = np.flatnonzero(edited)
        if len(rows):
            first = np.searchsorted(orders.lines.order, rows)
            kind = Stream("order.edit").choice((0.35, 0.30, 0.35), orders.sequence[rows])
            sku = orders.lines.sku[first]
            british = orders.british[rows]
            net = orders.lines.price[first] - divided(
                orders.lines.price[first] * TAX[orders.currency[rows]], 100 + TAX[orders.currency[rows]]
            )
            self.writer.write(
                "order_edits",
                {
                    "shop_id": shops(british),
                    "order_id": order_ids(orders.number[rows], british),
                    "line_id": c.constant("1", len(rows)),
                    "order_line_id": c.label("", orders.lines.line[first], 0, kind < 2),
                    "kind": c.words(("quantity", "line_added", "address"), kind),
                    "product_id": c.where(kind < 2, self.product_ids.take(pa.array(sku))),
                    "quantity_change": c.quantity(np.where(kind == 0, -1, orders.lines.quantity[first]), kind < 2),
                    "amount_change": c.money(np.where(kind == 0, -net, net * orders.lines.quantity[first]), kind < 2),
                    "currency": c.words(CURRENCIES, orders.currency[rows]),
                    "edited_at": c.moment(orders.placed[rows] + 25 * MINUTE),
                    "edited_by": c.constant("customer service", len(rows)),
                    "reason": c.words(("changed mind", "forgot an item", "wrong address"), kind),
                },
            )
        rows = np.flatnonzero(orders.cancelled)
        if len(rows):
            british = orders.british[rows]
            who = Stream("order.cancelled.by").choice((0.6, 0.25, 0.15), orders.sequence[rows])
            tax = (
                summed(orders.lines.tax, orders.lines.order, len(orders))
                + orders.shipping_tax
                + orders.state_tax
                + orders.city_tax
            )
            self.writer.write(
                "order_cancellations",
                {
                    "shop_id": shops(british),
                    "order_id": order_ids(orders.number[rows], british),
                    "line_id": c.constant("1", len(rows)),
                    "amount": c.money((orders.total - orders.shipping - tax)[rows]),
                    "currency": c.words(CURRENCIES, orders.currency[rows]),
                    "cancelled_at": c.moment(cancelled[rows]),
                    "cancelled_by": c.words(("customer", "shop", "payment provider"), who),
                    "reason": c.words(("changed mind", "out of stock", "payment failed"), who),
                    "is_after_fulfilment": c.boolean(np.zeros(len(rows), dtype=bool)),
                },
            )

    def finish(self) -> None:
        """The customers, with what the shop's own system says about their orders."""
        people, days = self.people, self.days
        block = 500_000
        for begin in range(0, people.count, block):
            person = np.arange(begin, min(begin + block, people.count))
            british = people.british[person]
            city = city_index(people, person)
            first = Stream("person.first").below(len(FIRST_NAMES), person)
            last = Stream("person.last").below(len(LAST_NAMES), person)
            names = c.words(FIRST_NAMES, first), c.words(LAST_NAMES, last)
            # Registered on the day of the first order at the latest, before the shop opens its till.
            registered = days.moments(
                people.acquired[person].astype(np.int64), Stream("person.second").below(3_600, person)
            )
            bought = self.total_orders[person] > 0
            # The sister shops know one person under one number.
            sister = british & Stream("person.sister").chance(0.15, person)
            group = np.where(sister, person // 2, person)
            markets = [*(market for *_, market, _ in CITIES), *["abroad"] * (len(ALL_CITIES) - len(CITIES))]
            recent = self.last_day[person] >= days.count - 180
            self.writer.write(
                "customers",
                {
                    "shop_id": shops(british),
                    "customer_id": customer_ids(people, person),
                    "group_customer_id": c.label("G", group + 1, 7),
                    "customer_name": c.join(names[0], " ", names[1]),
                    "first_name": names[0],
                    "last_name": names[1],
                    "email": emails(person),
                    "phone": phones(person),
                    "address": c.join("Lindenweg ", c.label("", 1 + Stream("person.house").below(180, person))),
                    "city": c.words([name for name, *_ in ALL_CITIES], city),
                    "state": c.words([state for _, state, _ in ALL_CITIES], city),
                    "postcode": postcodes(city, person),
                    "country": c.words([country for *_, country in ALL_CITIES], city),
                    "market": c.words(markets, city),
                    "language": c.words(("de", "en"), (people.home[person] == 4).astype(np.int64)),
                    "birth_date": c.day(
                        -7_300 + Stream("person.birth").below(16_000, person), Stream("person.age").chance(0.6, person)
                    ),
                    "gender": c.words(
                        ("female", "male", "diverse"),
                        Stream("person.gender").choice((0.63, 0.35, 0.02), person),
                        Stream("person.gender").chance(0.8, person, 1),
                    ),
                    "customer_type": c.words(
                        ("consumer", "business"), Stream("person.business").chance(0.03, person).astype(np.int64)
                    ),
                    "acquisition_channel": c.words(CHANNELS, people.channel[person]),
                    "location_id": c.words(self.locations, people.store[person] + 1, people.home[person] == RETAIL),
                    "registered_at": c.moment(registered),
                    "status": c.words(("active", "inactive"), (~recent).astype(np.int64)),
                    "currency": c.words(
                        ("EUR", "GBP", "USD"), np.where(british, 1, np.where(people.american[person], 2, 0))
                    ),
                    "total_orders": c.integer(self.total_orders[person]),
                    "total_lifetime_value": c.money(self.total_value[person]),
                    "last_purchase_date": c.day(days.first + self.last_day[person], bought),
                    "created_at": c.moment(registered),
                },
            )
