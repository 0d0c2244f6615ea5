"""Writes the loyalty programme: members, offers with their held-out group, points, subscriptions, and the campaign's members."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from tillsight.reference_shop import columns as c
from tillsight.reference_shop.calendar import Days, index_of
from tillsight.reference_shop.catalogue import UNITS, Catalogue
from tillsight.reference_shop.columns import Writer
from tillsight.reference_shop.customers import CITIES, NEVER, RETAIL, People
from tillsight.reference_shop.hashing import Ints, Stream
from tillsight.reference_shop.masters import location_names, text
from tillsight.reference_shop.orders import CURRENCIES, FIRST_OFFER, OrderBook, Orders
from tillsight.reference_shop.sales import Sales, city_index, customer_ids, member_ids, order_ids, postcodes
from tillsight.reference_shop.truths import CATEGORIES, CURRENCY, SHOP, SHOP_UK, Truths

TIERS = ("standard", "engaged", "premium")
WELCOME_POINTS = 100
REDEEM_STEP = 500
CENTS_FOR_A_POINT = 1
INTERESTS = ("knitting", "cooking", "gardening", "interior", "travel", "sport")


class Loyalty:
    """Collects points over the spans, then writes the programme."""

    def __init__(self, writer: Writer, book: OrderBook, sales: Sales, truths: Truths) -> None:
        self.writer = writer
        self.book = book
        self.sales = sales
        self.people: People = book.people
        self.catalogue: Catalogue = book.catalogue
        self.days: Days = book.days
        self.truths = truths
        self.balance = np.zeros(self.people.count, dtype=np.int64)
        self.recent = np.zeros(self.people.count, dtype=np.int64)

    def add(self, orders: Orders) -> None:
        """Points earned and redeemed with the orders of a span, and the offers redeemed."""
        scanned = self.sales.scanned(orders) & orders.counts
        rows = np.flatnonzero(scanned)
        person = orders.person[rows]
        earned = (
            (orders.subtotal - orders.code_discount - orders.staff_discount)[rows]
            // 100
            * self.truths.loyalty.points_per_euro
        )
        # Points of earlier spans only are spent, so a balance never falls below zero: once a member and span.
        wants = Stream("points.spend").chance(0.08, orders.sequence[rows]) & (self.balance[person] >= REDEEM_STEP)
        spenders = np.flatnonzero(wants)
        _, once = np.unique(person[spenders], return_index=True)
        spenders = spenders[once]
        spent = self.balance[person[spenders]] // REDEEM_STEP * REDEEM_STEP
        self.balance[person[spenders]] -= spent
        np.add.at(self.balance, person, earned)
        late = orders.day[rows] >= self.days.count - 182
        np.add.at(self.recent, person[late], 1)
        at = np.concatenate([rows, rows[spenders]])
        points = np.concatenate([earned, -spent])
        kind = np.repeat([0, 1], [len(rows), len(spenders)])
        keep = points != 0
        at, points, kind = at[keep], points[keep], kind[keep]
        ids = order_ids(orders.number[at], orders.british[at])
        self.writer.write(
            "points",
            {
                "shop_id": c.constant(SHOP, len(at)),
                "line_id": c.join(c.label("L", orders.number[at], 7), c.words(("e", "r"), kind)),
                "member_id": c.label("M", orders.person[at] + 1, 7),
                "kind": c.words(("earned", "redeemed"), kind),
                "points": c.quantity(points),
                "money_value": c.money(points * CENTS_FOR_A_POINT),
                "currency": c.constant(CURRENCY, len(at)),
                "order_id": ids,
                "occurred_at": c.moment(orders.placed[at]),
                "expires_date": c.day(self.days.first + orders.day[at] + 730, kind == 0),
            },
        )
        rows = np.flatnonzero((orders.code >= FIRST_OFFER) & orders.counts)
        self.writer.write(
            "offer_events",
            {
                "shop_id": c.constant(SHOP, len(rows)),
                "line_id": c.label("OE", orders.number[rows], 7),
                "offer_id": c.words(
                    [offer.offer_id for offer in self.truths.loyalty.offers], orders.code[rows] - FIRST_OFFER
                ),
                "member_id": member_ids(orders.person[rows], np.ones(len(rows), dtype=bool)),
                "customer_id": customer_ids(self.people, orders.person[rows]),
                "event": c.constant("redeemed", len(rows)),
                "is_control": c.boolean(np.zeros(len(rows), dtype=bool)),
                "occurred_at": c.moment(orders.placed[rows]),
                "order_id": order_ids(orders.number[rows], orders.british[rows]),
                "discount_amount": c.money(orders.code_discount[rows]),
                "currency": c.words(CURRENCIES, orders.currency[rows]),
            },
        )

    def finish(self) -> None:
        """Members, offers, what was allocated and activated, subscriptions, and the members of the campaign."""
        self._members()
        self._offers()
        self._subscriptions()
        self._campaign()

    def _members(self) -> None:
        people = self.people
        person = np.flatnonzero(people.joined != NEVER)
        day = people.joined[person].astype(np.int64)
        at = self.days.moments(day, 9 * 3_600 + Stream("member.second").below(36_000, person))
        start, end = (part[person] for part in people.subscription)
        premium = (start < self.days.count) & (end > self.days.count)
        tier = np.where(premium, 2, np.where(self.recent[person] >= 4, 1, 0))
        city = city_index(people, person)
        markets = [*(market for *_, market, _ in CITIES), *["abroad"] * 100]
        in_store = people.channel[person] == RETAIL
        self.writer.write(
            "loyalty_members",
            {
                "shop_id": c.constant(SHOP, len(person)),
                "member_id": c.label("M", person + 1, 7),
                "customer_id": customer_ids(people, person),
                "group_customer_id": c.label("G", person + 1, 7),
                "tier": c.words(TIERS, tier),
                "status": c.constant("active", len(person)),
                "joined_at": c.moment(at),
                "location_id": c.words(location_names(self.catalogue.size.stores), people.store[person] + 1, in_store),
                "channel": c.words(("online", "store"), in_store.astype(np.int64)),
                "business_unit_id": c.words(
                    [code for code, _ in UNITS], Stream("member.unit").choice((0.6, 0.3, 0.1), person)
                ),
                "postcode": postcodes(city, person),
                "market": c.words(markets, city),
                "created_at": c.moment(at),
            },
        )
        new = person[day >= 0]
        self.writer.write(
            "points",
            {
                "shop_id": c.constant(SHOP, len(new)),
                "line_id": c.label("LW", new + 1, 7),
                "member_id": c.label("M", new + 1, 7),
                "kind": c.constant("bonus", len(new)),
                "points": c.quantity(np.full(len(new), WELCOME_POINTS)),
                "money_value": c.money(np.full(len(new), WELCOME_POINTS * CENTS_FOR_A_POINT)),
                "currency": c.constant(CURRENCY, len(new)),
                "occurred_at": c.moment(at[day >= 0] + 1_000_000),
                "description": c.constant("welcome bonus", len(new)),
            },
        )

    def _offers(self) -> None:
        plan = self.truths.loyalty
        offers = plan.offers
        names = [category.name for category in CATEGORIES]
        units = dict(zip(names, (category.unit for category in CATEGORIES), strict=True))
        start = np.array([index_of(offer.start) for offer in offers])
        end = np.array([index_of(offer.end) for offer in offers])
        self.writer.write(
            "offers",
            {
                "shop_id": c.constant(SHOP, len(offers)),
                "offer_id": text([offer.offer_id for offer in offers]),
                "offer_name": text([offer.name for offer in offers]),
                "offer_type": c.constant("targeted product offer", len(offers)),
                "discount_type": c.constant("percent_off", len(offers)),
                "discount_value": c.money([round(offer.depth * 100) * 100 for offer in offers]),
                "currency": c.constant(CURRENCY, len(offers)),
                "category": text([offer.category for offer in offers]),
                "is_targeted": c.boolean([True] * len(offers)),
                "target_segment": c.constant("members", len(offers)),
                "business_unit_id": text([units[offer.category] for offer in offers]),
                "funding": c.constant("shop", len(offers)),
                "cost": c.money([round(300 * self.book.advertising.unit) * 100] * len(offers)),
                "start_date": c.day(self.days.first + start),
                "end_date": c.day(self.days.first + end),
            },
        )
        product = [np.flatnonzero(self.catalogue.category == names.index(offer.category)) for offer in offers]
        offer_of = np.repeat(np.arange(len(offers)), [len(part) for part in product])
        self.writer.write(
            "offer_products",
            {
                "shop_id": c.constant(SHOP, len(offer_of)),
                "offer_id": c.words([offer.offer_id for offer in offers], offer_of),
                "product_id": text(self.catalogue.ids).take(pa.array(np.concatenate(product))),
            },
        )
        for number, offer in enumerate(offers):
            self._allocate(number, offer.offer_id, int(start[number]))

    def _allocate(self, number: int, name: str, start: int) -> None:
        """Who was drawn for an offer, who was held out, and what those who got it did before they bought."""
        group = self.people.in_offer[number]
        person = np.flatnonzero(group > 0)
        held = group[person] == 2
        activated = ~held & self.book.activated(person, np.full(len(person), number))
        opened = ~held & (activated | Stream("offer.opened").chance(0.25, person, number))
        steps = (np.ones(len(person), dtype=bool), ~held, opened, activated)
        rows = np.concatenate([np.flatnonzero(part) for part in steps])
        event = np.repeat(np.arange(len(steps)), [int(part.sum()) for part in steps])
        order = np.lexsort((event, rows))
        rows, event = rows[order], event[order]
        # Allocated two days before, delivered the evening before, opened and activated on the first day before the shops open.
        day = np.array([start - 2, start - 1, start, start])[event]
        second = np.array([10, 18, 5, 6])[event] * 3_600 + Stream("offer.second").below(3_000, person[rows], number)
        self.writer.write(
            "offer_events",
            {
                "shop_id": c.constant(SHOP, len(rows)),
                "line_id": c.join(f"{name}-", c.label("", person[rows] + 1, 7), "-", c.label("", event)),
                "offer_id": c.constant(name, len(rows)),
                "member_id": c.label("M", person[rows] + 1, 7),
                "customer_id": customer_ids(self.people, person[rows]),
                "event": c.words(("allocated", "delivered", "opened", "activated"), event),
                "is_control": c.boolean(held[rows]),
                "occurred_at": c.moment(self.days.moments(day, second)),
            },
        )

    def _subscriptions(self) -> None:
        start, end = self.people.subscription
        person = np.flatnonzero(start < self.days.count)
        begin, stop = start[person].astype(np.int64), end[person].astype(np.int64)
        second = 8 * 3_600 + Stream("subscription.second").below(40_000, person)
        ended = stop < self.days.count
        over = np.where(ended, stop, self.days.count)
        months = (over - begin) // 30
        at = self.days.moments(begin, second)
        self.writer.write(
            "subscriptions",
            {
                "shop_id": c.constant(SHOP, len(person)),
                "subscription_id": c.label("SUB", person + 1, 7),
                "member_id": c.label("M", person + 1, 7),
                "customer_id": customer_ids(self.people, person),
                "plan": c.constant("Pine Plus", len(person)),
                "status": c.words(("active", "ended"), ended.astype(np.int64)),
                "started_at": c.moment(at),
                "cancelled_at": c.moment(self.days.moments(np.maximum(stop - 12, begin), second), ended),
                "ended_at": c.moment(self.days.moments(np.where(ended, stop, begin), second), ended),
                "next_renewal_at": c.moment(self.days.moments(begin + 30 * (months + 1), second), ~ended),
                "billing_months": c.integer(np.ones(len(person), dtype=np.int64)),
                "price": c.money(np.full(len(person), self.truths.loyalty.subscription_fee)),
                "currency": c.constant(CURRENCY, len(person)),
                "channel": c.words(("web", "mobile", "store"), person % 3),
                "cancel_reason": c.words(("too dear", "used too little", "moved away"), person % 3, ended),
            },
        )

    def _campaign(self) -> None:
        """Members of the campaign with a control group; the arm was drawn three days before the start."""
        plan = self.truths.campaign
        person = np.flatnonzero(self.people.in_campaign > 0)
        control = self.people.in_campaign[person] == 2
        day = np.full(len(person), index_of(plan.start) - 3)
        self.writer.write(
            "campaign_members",
            {
                "shop_id": c.constant(SHOP, len(person)),
                "campaign_id": c.constant(plan.campaign_id, len(person)),
                "line_id": c.label("", person + 1, 7),
                "customer_id": customer_ids(self.people, person),
                "arm": c.words(("target", "control"), control.astype(np.int64)),
                "assigned_at": c.moment(self.days.moments(day, np.full(len(person), 36_000))),
            },
        )


def write_attributes(writer: Writer, people: People, days: Days, truths: Truths) -> None:
    """What is known of customers, the planted type among it, and what they agreed to."""
    block = 500_000
    kinds = [kind.name for kind in truths.segments.types]
    for begin in range(0, people.count, block):
        person = np.arange(begin, min(begin + block, people.count))
        british = people.british[person]
        shop = c.words((SHOP, SHOP_UK), british.astype(np.int64))
        at = days.moments(people.acquired[person].astype(np.int64), np.full(len(person), 7_200))
        ids = customer_ids(people, person)
        inactive = person >= people.buyers
        behaviour = c.pick(inactive, c.constant("never bought", len(person)), c.words(kinds, people.kind[person]))
        for name, value, known, source in (
            ("behaviour", behaviour, np.ones(len(person), dtype=bool), "shop"),
            (
                "interest",
                c.words(INTERESTS, Stream("person.interest").below(len(INTERESTS), person)),
                Stream("person.survey").chance(0.35, person),
                "survey",
            ),
            (
                "household size",
                c.label("", Stream("person.household").between(1, 5, person)),
                Stream("person.survey").chance(0.25, person),
                "survey",
            ),
        ):
            rows: Ints = np.flatnonzero(known)
            taken = pa.array(rows)
            writer.write(
                "customer_attributes",
                {
                    "shop_id": shop.take(taken),
                    "customer_id": ids.take(taken),
                    "attribute": c.constant(name, len(rows)),
                    "value": value.take(taken),
                    "observed_at": c.moment(at[rows]),
                    "attribute_source": c.constant(source, len(rows)),
                },
            )
        for purpose, share in (("email", 0.71), ("tracking", 0.58)):
            stream = Stream(f"consent.{purpose}")
            writer.write(
                "customer_consents",
                {
                    "shop_id": shop,
                    "customer_id": ids,
                    "purpose": c.constant(purpose, len(person)),
                    "is_granted": c.boolean(stream.chance(share, person)),
                    "decided_at": c.moment(at + 120_000_000),
                    "legal_basis": c.constant("consent", len(person)),
                    "evidence": c.words(
                        ("registration form", "cookie banner"), np.full(len(person), int(purpose == "tracking"))
                    ),
                },
            )
