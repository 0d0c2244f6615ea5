"""Orders and their lines, drawn for a span of days: who, when, what, at which price, with which discounts, tax and shipping.

Amounts are whole cents of the order's currency. Everything follows from the sequence number of an order in the table of orders by
day and channel, so the spans may be cut anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from tillsight.reference_shop.advertising import Advertising
from tillsight.reference_shop.calendar import Days, counts, index_of
from tillsight.reference_shop.catalogue import EURO_TAX, GBP_PRICE, GIFT_CARD_VALUE, USD_PRICE, Catalogue, rounded_price
from tillsight.reference_shop.cents import allocated, divided, summed
from tillsight.reference_shop.customers import CHANNELS, MARKETPLACE, MOBILE, RETAIL, WEB, Crowd, People, make_people
from tillsight.reference_shop.hashing import Bools, Ints, Stream, whole
from tillsight.reference_shop.truths import CATEGORIES, Truths

CURRENCIES = ("EUR", "GBP", "USD")
EUR, GBP, USD = range(3)
TAX = np.array([EURO_TAX, 20, 0])
"""Tax in the price, in percent, by currency."""
LINES = (0.47, 0.28, 0.14, 0.07, 0.04)
QUANTITIES = (0.88, 0.09, 0.02, 0.01)
WELCOME, NEWS, FIRST_OFFER = 1, 2, 10
"""Codes of discounts; from FIRST_OFFER on the number of a loyalty offer."""
WELCOME_PERCENT = 10
NEWS_CENTS = 500
STAFF_PERCENT = 5
FREE_SHIPPING = 6_000
# Standard and express shipping, as the customer pays it, by currency.
SHIPPING = np.array([[490, 990], [395, 895], [1_200, 2_400]])
MARKETPLACE_SHIPPING = 390
LEAST_FIRST_NUMBER = 100_001
COST_KNOWN_FROM = "2025-07-01"
STATES = (
    ("New York", 4.0, 4.5),
    ("Massachusetts", 6.25, 0.0),
    ("Oregon", 0.0, 0.0),
    ("Texas", 6.25, 2.0),
    ("Washington", 6.5, 3.85),
)
"""States of American customers with the rates of state and city tax in percent, in the order of AMERICAN."""


@dataclass
class Lines:
    """Order lines in the order of their orders. `order` is the position of the order in the span."""

    order: Ints
    line: Ints
    sku: Ints
    quantity: Ints
    price: Ints
    list_price: Ints
    discount: Ints
    promotion: Ints
    share: Ints
    """Part of the order's own discount that falls on the line."""
    tax: Ints
    cost: Ints
    cost_known: Bools
    gift_card: Bools

    @property
    def amount(self) -> Ints:
        """Price times quantity less the line's own discount."""
        return self.price * self.quantity - self.discount


@dataclass
class Orders:
    """Orders of a span of days in the order of their numbers; columns of one length."""

    number: Ints
    sequence: Ints
    day: Ints
    channel: Ints
    placed: Ints
    person: Ints
    guest: Ints
    """0: a customer or nobody, 1: a guest with the e-mail of a customer, 2: a guest of whom nothing else is known."""
    first: Bools
    currency: Ints
    store: Ints
    cause: Ints
    offer: Ints
    cancelled: Bools
    test: Bools
    deleted: Bools
    code: Ints
    """WELCOME, NEWS, or FIRST_OFFER + the loyalty offer that was redeemed; 0 for none."""
    code_discount: Ints
    staff_discount: Ints
    shipping: Ints
    shipping_tax: Ints
    express: Bools
    state_tax: Ints
    city_tax: Ints
    subtotal: Ints
    lines: Lines = field(repr=False)

    def __len__(self) -> int:
        return len(self.number)

    @property
    def british(self) -> Bools:
        """Orders of the British shop."""
        return np.asarray(self.currency == GBP)

    @cached_property
    def total(self) -> Ints:
        """What the customer pays."""
        return np.asarray(
            self.subtotal
            - self.code_discount
            - self.staff_discount
            + self.shipping
            + self.shipping_tax
            + self.state_tax
            + self.city_tax
        )

    @property
    def online(self) -> Bools:
        """Web and mobile orders."""
        return np.asarray((self.channel == WEB) | (self.channel == MOBILE))

    @property
    def counts(self) -> Bools:
        """Orders that are neither tests nor deleted nor cancelled: they move goods and money."""
        return ~(self.test | self.deleted | self.cancelled)


class OrderBook:
    """Draws the orders of a shop, span by span."""

    def __init__(self, catalogue: Catalogue, advertising: Advertising) -> None:
        self.catalogue = catalogue
        self.advertising = advertising
        self.days: Days = catalogue.days
        self.plan: Truths = catalogue.truths
        self.table = self._orders_by_day()
        self.people: People
        self.people, self.firsts = make_people(catalogue.size, self.days, self.plan, self.table)
        self.truths = self.people.truths
        self.crowd = Crowd(self.people)
        self._starts = np.concatenate([[0], np.cumsum(self.table.ravel())])
        self._first_people = self.people.earlier + np.concatenate([[0], np.cumsum(self.firsts.ravel())])
        weights = np.rint(catalogue.weights * 1_000_000).astype(np.int64)
        self._demand = np.cumsum(weights.ravel())
        self._offer_demand = [self._category_demand(offer.category) for offer in self.plan.loyalty.offers]

    def _orders_by_day(self) -> Ints:
        """Orders by day and channel: shapes × what prices do × what advertising brings × shaking; all of the size."""
        days, ads = self.days, self.advertising
        columns = []
        for channel, (name, share) in enumerate(self.plan.channels.shares):
            shape = days.retail if name == "retail" else days.online
            lifted = {"web": ads.online, "mobile": ads.online, "marketplace": ads.marketplace}.get(
                name, np.ones(days.count)
            )
            weight = shape * self.catalogue.stir * lifted
            columns.append(share * weight / weight.mean() * days.noise(channel))
        return counts(self.catalogue.size.orders, np.stack(columns, axis=1), "orders.count")

    def _category_demand(self, category: str) -> tuple[Ints, Ints]:
        """SKUs of a category that sell all the time, and the running sum of their popularity."""
        names = [part.name for part in CATEGORIES]
        chosen = np.flatnonzero(
            (self.catalogue.category == names.index(category)) & (self.catalogue.weights > 0).all(axis=0)
        )
        return chosen, np.cumsum(whole(self.catalogue.undisturbed[chosen]))

    def spans(self, most: int = 250_000) -> list[tuple[int, int]]:
        """Months, cut where they hold more than `most` orders: first and last day of each."""
        result: list[tuple[int, int]] = []
        daily = self.table.sum(axis=1)
        for first, last in self.days.months:
            begin, held = first, 0
            for day in range(first, last + 1):
                if held and held + int(daily[day]) > most:
                    result.append((begin, day - 1))
                    begin, held = day, 0
                held += int(daily[day])
            result.append((begin, last))
        return result

    def draw(self, first: int, last: int) -> Orders:
        """The orders of the days from `first` to `last`."""
        cells = np.arange(first * len(CHANNELS), (last + 1) * len(CHANNELS))
        sizes = self.table.ravel()[cells]
        cell = np.repeat(cells, sizes)
        sequence = self._starts[cells[0]] + np.arange(len(cell))
        position = sequence - self._starts[cell]
        day, channel = np.divmod(cell, len(CHANNELS))
        retail = channel == RETAIL
        second = self.days.seconds_of_day(retail, sequence)
        order = np.lexsort((sequence, second, day))
        cell, sequence, position, day, channel, retail, second = (
            part[order] for part in (cell, sequence, position, day, channel, retail, second)
        )
        number = LEAST_FIRST_NUMBER + self._starts[cells[0]] + np.arange(len(cell))
        is_first = position < self.firsts.ravel()[cell]
        person, guest = self._persons(day, channel, cell, position, sequence, is_first)
        people = self.people
        known = np.maximum(person, 0)
        currency = np.where(
            person < 0, EUR, np.where(people.british[known], GBP, np.where(people.american[known], USD, EUR))
        )
        store = np.where(
            person >= 0, people.store[known], Stream("order.store").below(self.catalogue.size.stores, sequence)
        )
        plan = self.plan.channels
        odd = Stream("order.odd").unit(sequence)
        test = odd < plan.tests
        deleted = (odd >= plan.tests) & (odd < plan.tests + plan.deleted)
        cancelled = ~retail & ~test & ~deleted & Stream("order.cancelled").chance(plan.cancelled, sequence)
        cause = np.where(retail, -1, self.advertising.cause(day, (channel == MARKETPLACE).astype(np.int64), sequence))
        offer = np.where(person >= 0, self.crowd.offer_of(known, day), -1)
        offer[guest > 0] = -1
        lines = self._lines(day, channel, sequence, person, offer, currency)
        zero = np.zeros(len(day), dtype=np.int64)
        orders = Orders(
            number=number,
            sequence=sequence,
            day=day,
            channel=channel,
            # The British shop keeps London time, always an hour behind.
            placed=self.days.moments(day, second) + np.where(currency == GBP, 3_600_000_000, 0),
            person=person,
            guest=guest,
            first=is_first,
            currency=currency,
            store=store,
            cause=cause,
            offer=offer,
            cancelled=np.asarray(cancelled),
            test=test,
            deleted=deleted,
            code=zero.copy(),
            code_discount=zero.copy(),
            staff_discount=zero.copy(),
            shipping=zero.copy(),
            shipping_tax=zero.copy(),
            express=np.zeros(len(day), dtype=bool),
            state_tax=zero.copy(),
            city_tax=zero.copy(),
            subtotal=zero.copy(),
            lines=lines,
        )
        self._discount(orders)
        self._ship(orders)
        self._tax(orders)
        return orders

    def _persons(
        self, day: Ints, channel: Ints, cell: Ints, position: Ints, sequence: Ints, is_first: Bools
    ) -> tuple[Ints, Ints]:
        """Who orders, and whether as a guest."""
        plan = self.plan.channels
        retail = channel == RETAIL
        # The first orders of a cell belong to the customers who are acquired there; nobody knows a share of the rest.
        room = self.table.ravel()[cell] - self.firsts.ravel()[cell]
        all_orders = np.maximum(self.table.ravel()[cell], 1)
        anonymous = retail & ~is_first
        anonymous &= Stream("order.anonymous").unit(sequence) * room < plan.anonymous_retail * all_orders
        online = (channel == WEB) | (channel == MOBILE)
        guest = np.where(online & ~is_first & Stream("order.guest").chance(plan.guest_online, sequence), 1, 0)
        stranger = (guest == 1) & Stream("order.stranger").chance(0.5, sequence)
        person = np.full(len(day), -1, dtype=np.int64)
        person[is_first] = (self._first_people[cell] + position)[is_first]
        rows = np.flatnonzero(~is_first & ~anonymous & ~stranger)
        person[rows] = self.crowd.draw(day[rows], channel[rows], sequence[rows])
        guest[stranger] = 2
        guest[(guest == 1) & (person < 0)] = 2
        return person, guest

    def _pick(self, day: Ints, *keys: Ints | int) -> Ints:
        """A SKU by the demand of the day."""
        count = self.catalogue.count
        low = np.where(day > 0, self._demand[np.maximum(day * count - 1, 0)], 0)
        total = self._demand[(day + 1) * count - 1] - low
        draw = low + Stream("line.sku").below(total, *keys)
        return np.asarray(np.searchsorted(self._demand, draw, side="right") - day * count)

    def _lines(self, day: Ints, channel: Ints, sequence: Ints, person: Ints, offer: Ints, currency: Ints) -> Lines:
        """Products, quantities, prices, line discounts and costs."""
        catalogue, plan = self.catalogue, self.plan
        kinds = plan.segments.types
        basket = np.array([kind.basket for kind in kinds])[self.people.kind[np.maximum(person, 0)]]
        more = (person >= 0) & (Stream("order.more").unit(sequence) < (basket - 1) * 2)
        count = 1 + Stream("order.lines").choice(LINES, sequence) + more
        order = np.repeat(np.arange(len(day)), count)
        line = np.arange(len(order)) - np.repeat(np.cumsum(count) - count, count)
        key = sequence[order]
        sku = self._pick(day[order], key, line)
        # Half of those who got an offer come for its category.
        drawn = (offer[order] >= 0) & (line == 0) & Stream("offer.category").chance(0.5, key)
        for index, (chosen, edges) in enumerate(self._offer_demand):
            rows = np.flatnonzero(drawn & (offer[order] == index))
            if len(rows) and len(chosen):
                draw = Stream("offer.sku").below(int(edges[-1]), key[rows])
                sku[rows] = chosen[np.searchsorted(edges, draw, side="right")]
        # Abroad neither gift cards nor sets are sold: draw again.
        special = catalogue.is_gift_card | catalogue.is_bundle
        fallback = int(np.argmax(catalogue.undisturbed * ~special))
        for attempt in range(1, 12):
            rows = np.flatnonzero(special[sku] & ((currency[order] != EUR) | (channel[order] == MARKETPLACE)))
            if len(rows) == 0:
                break
            sku[rows] = self._pick(day[order[rows]], key[rows], line[rows], attempt) if attempt < 11 else fallback
        # Who buys the first of a planted pair may take the second too.
        for first, second in plan.together.pairs:
            one, other = catalogue.ids.index(first), catalogue.ids.index(second)
            rows = np.flatnonzero((sku == one) & (catalogue.weights[day[order], other] > 0))
            rows = rows[Stream("line.pair").chance(plan.together.probability, key[rows], one)]
            order = np.concatenate([order, order[rows]])
            line = np.concatenate([line, line[rows] + 20])
            sku = np.concatenate([sku, np.full(len(rows), other)])
            key = sequence[order]
        # A product stands on one line of an order.
        arrange = np.lexsort((line, sku, order))
        keep = np.ones(len(arrange), dtype=bool)
        keep[1:] = (order[arrange][1:] != order[arrange][:-1]) | (sku[arrange][1:] != sku[arrange][:-1])
        arrange = arrange[keep]
        arrange = arrange[np.lexsort((line[arrange], order[arrange]))]
        order, sku, draw_line = order[arrange], sku[arrange], line[arrange]
        key = sequence[order]
        start = np.searchsorted(order, np.arange(len(day)))
        line = np.arange(len(order)) - start[order] + 1
        quantity = 1 + Stream("line.quantity").choice(QUANTITIES, key, draw_line)
        quantity[catalogue.is_gift_card[sku]] = 1
        return self._priced(day, currency, order, line, sku, quantity)

    def _priced(self, day: Ints, currency: Ints, order: Ints, line: Ints, sku: Ints, quantity: Ints) -> Lines:
        """Lines with the prices, promotions and costs of their day, in the currency of their order."""
        catalogue, plan = self.catalogue, self.plan
        gift_card = catalogue.is_gift_card[sku]
        style, when, money = catalogue.style[sku], day[order], currency[order]
        price = catalogue.prices[style, when].astype(np.int64)
        listed = rounded_price(catalogue.styles.base[style] * 1.15)
        listed[gift_card] = GIFT_CARD_VALUE
        factor = np.array([1.0, GBP_PRICE, USD_PRICE])[money]
        price = np.where(money == EUR, price, rounded_price(price * factor))
        listed = np.where(money == EUR, listed, rounded_price(listed * factor))
        category = catalogue.category[sku]
        promotion = np.where(category >= 0, catalogue.promotion[when, np.maximum(category, 0)], 0).astype(np.int64)
        depth = np.array([0] + [round(part.depth * 100) for part in plan.promotions.promotions])[promotion]
        discount = divided(price * quantity * depth, 100)
        cost = catalogue.costs[style, when].astype(np.int64)
        level = np.array([100, round(plan.currencies.gbp * 100), round(plan.currencies.usd * 100)])[money]
        cost = divided(cost * 100, level)
        unknown = catalogue.styles.unknown_cost[style] & (when < index_of(COST_KNOWN_FROM))
        zero = np.zeros(len(order), dtype=np.int64)
        return Lines(
            order=order,
            line=line,
            sku=sku,
            quantity=quantity,
            price=price,
            list_price=np.maximum(listed, price),
            discount=discount,
            promotion=promotion,
            share=zero.copy(),
            tax=zero.copy(),
            cost=cost,
            cost_known=~unknown & ~gift_card,
            gift_card=gift_card,
        )

    def _discount(self, orders: Orders) -> None:
        """Codes, redeemed offers and staff discounts on whole orders, never on gift cards."""
        lines, size, plan = orders.lines, len(orders), self.plan.loyalty
        goods_of_line = np.where(lines.gift_card, 0, lines.amount)
        goods = summed(goods_of_line, lines.order, size)
        orders.subtotal = summed(lines.amount, lines.order, size)
        draw = Stream("order.code").unit(orders.sequence)
        welcome = orders.first & orders.online & (draw < 0.25)
        news = ~orders.first & orders.online & (draw < 0.04) & (goods >= 3_000)
        redeems = (
            (orders.offer >= 0)
            & (Stream("offer.redeemed").unit(orders.sequence) < plan.redemption)
            & self.activated(orders.person, orders.offer)
        )
        # An offer is redeemed once: in the first order of the span that could.
        rows = np.flatnonzero(redeems)
        _, once = np.unique(orders.person[rows] * 100 + orders.offer[rows], return_index=True)
        redeems = np.zeros(size, dtype=bool)
        redeems[rows[once]] = True
        orders.code = np.where(redeems, FIRST_OFFER + orders.offer, np.where(welcome, WELCOME, np.where(news, NEWS, 0)))
        depth = np.array([round(offer.depth * 100) for offer in plan.offers])[np.maximum(orders.offer, 0)]
        orders.code_discount = np.where(
            redeems,
            divided(goods * depth, 100),
            np.where(welcome, divided(goods * WELCOME_PERCENT, 100), np.where(news, NEWS_CENTS, 0)),
        )
        orders.code = np.where(orders.code_discount > 0, orders.code, 0)
        staff = (orders.channel == RETAIL) & Stream("order.staff").chance(0.02, orders.sequence)
        orders.staff_discount = np.where(staff, divided(goods * STAFF_PERCENT, 100), 0)
        lines.share = allocated(orders.code_discount + orders.staff_discount, lines.order, goods_of_line)

    def activated(self, person: Ints, offer: Ints) -> Bools:
        """Whether a member has activated an offer."""
        stream = Stream("offer.activated")
        return stream.chance(self.plan.loyalty.activation, np.maximum(person, 0), np.maximum(offer, 0))

    def _ship(self, orders: Orders) -> None:
        """Shipping as charged and its tax; the marketplace charges its own, the stores nothing, subscribers pay nothing."""
        goods = orders.subtotal - orders.code_discount - orders.staff_discount
        orders.express = orders.online & Stream("order.express").chance(0.07, orders.sequence)
        paid = SHIPPING[orders.currency, orders.express.astype(np.int64)]
        start, end = self.people.subscription
        known = np.maximum(orders.person, 0)
        subscribed = (orders.person >= 0) & (start[known] <= orders.day) & (orders.day < end[known])
        free = ~orders.express & ((goods >= FREE_SHIPPING) | subscribed)
        paid = np.where(orders.online & ~free, paid, 0)
        only_gift_cards = np.bincount(orders.lines.order, ~orders.lines.gift_card, minlength=len(orders)) == 0
        paid = np.where(only_gift_cards, 0, paid)
        paid = np.where((orders.channel == MARKETPLACE) & (goods < 4_000), MARKETPLACE_SHIPPING, paid)
        tax = TAX[orders.currency]
        orders.shipping_tax = divided(paid * tax, 100 + tax)
        orders.shipping = paid - orders.shipping_tax

    def _tax(self, orders: Orders) -> None:
        """Tax in the prices by line, rounded half to even; American sales tax on top, by state and city, on the order."""
        lines = orders.lines
        net = np.where(lines.gift_card, 0, lines.amount - lines.share)
        tax = TAX[orders.currency[lines.order]]
        lines.tax = divided(net * tax, 100 + tax)
        american = orders.currency == USD
        state = np.where(american, self.people.city[np.maximum(orders.person, 0)], 0)
        goods = orders.subtotal - orders.code_discount - orders.staff_discount
        state_rate = np.array([round(rate * 100) for _, rate, _ in STATES])[state]
        city_rate = np.array([round(rate * 100) for *_, rate in STATES])[state]
        orders.state_tax = np.where(american, divided(goods * state_rate, 10_000), 0)
        orders.city_tax = np.where(american, divided(goods * city_rate, 10_000), 0)
