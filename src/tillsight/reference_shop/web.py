"""Writes what the site saw: sessions, events, touch points and how fast and sound the pages were.

Touch points exist for every path to an order, over the whole time. Sessions and events exist for the last days of the shop only
(`Size.web_days`), when tracking had been put in; visits that bought nothing exist there too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tillsight.reference_shop import columns as c
from tillsight.reference_shop.advertising import Advertising
from tillsight.reference_shop.calendar import Days, index_of
from tillsight.reference_shop.catalogue import Catalogue
from tillsight.reference_shop.columns import Writer
from tillsight.reference_shop.customers import CITIES, MOBILE, People
from tillsight.reference_shop.hashing import EXPONENTIAL, Bools, Ints, Stream
from tillsight.reference_shop.journeys import MOST, Journeys, source_names
from tillsight.reference_shop.orders import Orders
from tillsight.reference_shop.sales import customer_ids, order_ids, shops
from tillsight.reference_shop.truths import SHOP, Truths

MINUTE = 60_000_000
VISITS_FOR_AN_ORDER = 24
"""Visits for each web or mobile order, the one that orders included."""
SESSION_SOURCES = (
    ("organic", 0.30),
    ("direct", 0.24),
    ("email", 0.08),
    ("social", 0.07),
    ("referral", 0.04),
    ("paid", 0.27),
)
DEVICES = ("desktop", "mobile", "tablet")
BROWSERS = ("Chrome", "Safari", "Firefox", "Edge")
BROWSER_SHARES = (0.46, 0.36, 0.10, 0.08)
PAGES = ("/", "/c/knitwear", "/c/dresses", "/c/kitchen", "/c/candles", "/c/sale", "/journal")
SEARCHES = ("jumper", "dress", "lamp", "duvet", "candle", "gift", "rain coat", "hammock")
EVENTS = ("view_item", "search", "add_to_cart", "begin_checkout", "sign_up", "purchase")
VIEW, SEARCH, CART, CHECKOUT, SIGN_UP, PURCHASE = range(6)
PROBE_HOURS = 2


@dataclass
class _Visits:
    """Sessions, columns of one length. `source` is an index into the names of `Web.sources`."""

    key: c.Array
    number: Ints
    at: Ints
    source: Ints
    device: Ints
    visitor: c.Array
    customer: c.Array
    order: c.Array
    british: Bools
    pages: Ints
    carts: Ints
    value: Ints
    currency: Ints
    done: Ints
    """When the order was placed; the start of the session where none was."""


class Web:
    """Writes the site's own data."""

    def __init__(
        self, writer: Writer, catalogue: Catalogue, people: People, advertising: Advertising, truths: Truths
    ) -> None:
        self.writer = writer
        self.catalogue = catalogue
        self.people = people
        self.truths = truths
        self.days: Days = catalogue.days
        self.first_day = self.days.count - catalogue.size.web_days
        self.sources = source_names(truths)
        self.campaigns = len(truths.ads.campaigns)
        self.platform = [campaign.platform for campaign in truths.ads.campaigns]
        self.kind = [campaign.kind for campaign in truths.ads.campaigns]
        clicks = advertising.spend.mean(axis=1) / 100 / np.array([part.cpc for part in truths.ads.campaigns])
        self._clicks = np.where(advertising.on_marketplace == 1, 0.0, clicks)

    # Names of a source

    def _channels(self) -> list[str]:
        paid = {
            "search": "paid search",
            "shopping": "shopping ads",
            "video": "video ads",
            "social": "paid social",
            "retargeting": "retargeting",
        }
        free = {"organic": "organic search", "social": "organic social"}
        return [*(paid[kind] for kind in self.kind), *(free.get(name, name) for name in self.sources[self.campaigns :])]

    def add(self, orders: Orders, journeys: Journeys) -> None:
        """Write touch points, sessions and events of a span."""
        rows, step = np.nonzero(np.arange(MOST)[None, :] < journeys.length[:, None])
        of = journeys.order[rows]
        source, at = journeys.source[rows, step], journeys.at[rows, step]
        person = orders.person[of]
        tracked = (self.days.day_of(at) >= self.first_day) & orders.online[of]
        last = step == journeys.length[rows] - 1
        number = orders.number[of]
        session = c.join("W", c.label("", number, 7), "-", c.label("", step + 1))
        ids = order_ids(number, orders.british[of])
        visitor = c.pick(person >= 0, c.label("V", np.maximum(person, 0) + 1, 8), c.label("VG", number, 8))
        customer = c.where(orders.guest[of] == 0, customer_ids(self.people, person))
        device = self._devices(orders, of, step)
        paid = source < self.campaigns
        is_mail = source == self.sources.index("email")
        self.writer.write(
            "touch_points",
            {
                "shop_id": shops(orders.british[of]),
                "line_id": c.join("T", c.label("", number, 7), "-", c.label("", step + 1)),
                "occurred_at": c.moment(at),
                "order_id": ids,
                "position": c.integer(step + 1),
                "visitor_id": visitor,
                "customer_id": customer,
                "session_id": c.where(tracked, session),
                "channel": c.words(self._channels(), source),
                "platform": c.words(self.platform, np.where(paid, source, 0), paid),
                "campaign_id": c.words(self.sources, source, paid),
                "interaction": c.words(("visit", "click", "open"), np.where(paid, 1, np.where(is_mail, 2, 0))),
                "device_type": c.words(DEVICES, device),
            },
        )
        keep = np.flatnonzero(tracked)
        if len(keep):
            taken = c.integer(keep)
            self._sessions(
                _Visits(
                    key=session.take(taken),
                    number=number[keep] * 8 + step[keep],
                    at=at[keep],
                    source=source[keep],
                    device=device[keep],
                    visitor=visitor.take(taken),
                    customer=customer.take(taken),
                    order=c.where(last[keep], ids.take(taken)),
                    british=orders.british[of[keep]],
                    pages=np.where(last[keep], 6, 3) + Stream("web.pages").below(7, number[keep], step[keep]),
                    carts=np.where(
                        last[keep],
                        1 + Stream("web.carts").below(2, number[keep]),
                        Stream("web.carts").below(2, number[keep], step[keep]),
                    ),
                    value=np.where(last[keep], orders.total[of[keep]], 0),
                    currency=orders.currency[of[keep]],
                    done=np.where(last[keep], orders.placed[of[keep]], at[keep]),
                )
            )
        self._idle(orders)

    @staticmethod
    def _devices(orders: Orders, of: Ints, step: Ints) -> Ints:
        """People look on the phone and buy at the desk; the order's own device is that of the last step."""
        final = Stream("order.device").choice((0.56, 0.36, 0.08), orders.sequence[of])
        final = np.where(orders.channel[of] == MOBILE, 1, final)
        other = Stream("web.device").choice((0.30, 0.64, 0.06), orders.sequence[of], step)
        same = Stream("web.same").chance(0.7, orders.sequence[of], step)
        return np.where(same, final, other)

    def _idle(self, orders: Orders) -> None:
        """Visits of a span that order nothing."""
        days = np.unique(orders.day)
        days = days[days >= self.first_day]
        if len(days) == 0:
            return
        online = np.bincount(orders.day[orders.online], minlength=self.days.count)[days]
        each = online * (VISITS_FOR_AN_ORDER - 1)
        day = np.repeat(days, each)
        place = np.arange(len(day)) - np.repeat(np.cumsum(each) - each, each)
        number = day * 1_000_000_000 + place
        second = self.days.seconds_of_day(np.zeros(len(day), dtype=bool), number)
        names = [name for name, _ in SESSION_SOURCES]
        kind = Stream("web.source").choice([share for _, share in SESSION_SOURCES], number)
        campaign = Stream("web.campaign").choice(self._clicks / self._clicks.sum(), number)
        free = np.array([self.sources.index(name) if name in self.sources else 0 for name in names])
        source = np.where(kind == names.index("paid"), campaign, free[kind])
        bounce = Stream("web.bounce").chance(np.where(source < self.campaigns, 0.52, 0.38), number)
        pages = np.where(bounce, 1, 2 + (Stream("web.read").quantile(EXPONENTIAL, number) * 3).astype(np.int64))
        carts = np.where(~bounce & Stream("web.cart").chance(0.09, number), 1, 0)
        person = Stream("web.person").below(self.people.count, number)
        known = Stream("web.known").chance(0.15, number) & ~self.people.british[person]
        self._sessions(
            _Visits(
                key=c.label("W", number, 12),
                number=number,
                at=self.days.moments(day, second),
                done=self.days.moments(day, second),
                source=source,
                device=Stream("web.device").choice((0.34, 0.60, 0.06), number),
                visitor=c.pick(known, c.label("V", person + 1, 8), c.label("VX", number % 40_000_000_003)),
                customer=c.where(known, customer_ids(self.people, person)),
                order=c.words(("",), np.zeros(len(day), dtype=np.int64), np.zeros(len(day), dtype=bool)),
                british=np.zeros(len(day), dtype=bool),
                pages=pages,
                carts=carts,
                value=np.zeros(len(day), dtype=np.int64),
                currency=np.zeros(len(day), dtype=np.int64),
            )
        )

    def _sessions(self, visits: _Visits) -> None:
        rows = len(visits.number)
        bought = visits.value > 0
        bounce = (visits.pages == 1) & ~bought
        paid = visits.source < self.campaigns
        free = self.sources[self.campaigns :]
        traffic = c.words(["paid", *free], np.where(paid, 0, visits.source - self.campaigns + 1))
        length = np.where(bounce, 4, visits.pages * 38) + Stream("web.length").below(60, visits.number)
        browser = Stream("web.browser").choice(BROWSER_SHARES, visits.number)
        city = Stream("web.city").below(len(CITIES), visits.number)
        page = Stream("web.page").below(len(PAGES), visits.number)
        campaign = c.words(self.sources, visits.source, paid)
        medium = ["cpc" if kind in {"search", "shopping"} else "paid_social" for kind in self.kind]
        self.writer.write(
            "web_sessions",
            {
                "shop_id": shops(visits.british),
                "session_id": visits.key,
                "visitor_id": visits.visitor,
                "customer_id": visits.customer,
                "started_at": c.moment(visits.at),
                "duration_seconds": c.number(length),
                "page_views": c.integer(visits.pages),
                "is_bounce": c.boolean(bounce),
                "is_new_visitor": c.boolean(Stream("web.new").chance(0.55, visits.number)),
                "landing_page": c.words(PAGES, page),
                "exit_page": c.pick(
                    bought,
                    c.constant("/checkout/thanks", rows),
                    c.words(PAGES, np.where(bounce, page, (page + 1) % len(PAGES))),
                ),
                "utm_source": c.words(self.platform, np.where(paid, visits.source, 0), paid),
                "utm_medium": c.words(medium, np.where(paid, visits.source, 0), paid),
                "utm_campaign": campaign,
                "channel": c.words(self._channels(), visits.source),
                "traffic_source": traffic,
                "campaign_id": campaign,
                "device_type": c.words(DEVICES, visits.device),
                "browser": c.words(BROWSERS, browser),
                "operating_system": c.words(("Windows", "iOS", "macOS", "Android"), (visits.device * 2 + browser) % 4),
                "language": c.words(("de", "en"), visits.british.astype(np.int64)),
                "city": c.words([name for name, *_ in CITIES], city, ~visits.british),
                "country": c.words(("Germany", "United Kingdom"), visits.british.astype(np.int64)),
                "adds_to_cart": c.integer(visits.carts),
                "purchases": c.integer(bought.astype(np.int64)),
                "revenue": c.money(visits.value),
                "currency": c.words(("EUR", "GBP", "USD"), visits.currency),
                "has_consent": c.boolean(np.ones(rows, dtype=bool)),
            },
        )
        self._events(visits, bought, bounce)

    def _events(self, visits: _Visits, bought: Bools, bounce: Bools) -> None:
        """What was done: a product looked at, a search, the cart, the checkout, a registration, the purchase."""
        number = visits.number
        looks = bought | (~bounce & Stream("web.look").chance(0.30, number))
        seeks = ~bounce & Stream("web.seek").chance(0.08, number)
        starts = bought | ((visits.carts > 0) & Stream("web.start").chance(0.35, number))
        joins = ~bounce & ~bought & Stream("web.join").chance(0.006, number)
        does = (looks, seeks, visits.carts > 0, starts, joins, bought)
        rows = np.concatenate([np.flatnonzero(part) for part in does])
        kind = np.repeat(np.arange(len(does)), [int(part.sum()) for part in does])
        order = np.lexsort((kind, rows))
        rows, kind = rows[order], kind[order]
        if len(rows) == 0:
            return
        taken = c.integer(rows)
        product = Stream("web.product").choice(self.catalogue.undisturbed, number[rows])
        special = self.catalogue.is_bundle | self.catalogue.is_gift_card
        about = ((kind == VIEW) | (kind == CART)) & ~(special[product] & visits.british[rows])
        buys = kind == PURCHASE
        self.writer.write(
            "web_events",
            {
                "shop_id": shops(visits.british[rows]),
                "line_id": c.join(visits.key.take(taken), "-", c.label("", kind)),
                "session_id": visits.key.take(taken),
                "visitor_id": visits.visitor.take(taken),
                "customer_id": visits.customer.take(taken),
                "occurred_at": c.moment(np.where(buys, visits.done[rows], visits.at[rows] + (kind + 1) * 50_000_000)),
                "event": c.words(EVENTS, kind),
                "page": c.words(("/p/", "/search", "/p/", "/checkout", "/account", "/checkout/thanks"), kind),
                "product_id": c.where(about, c.words(self.catalogue.ids, product)),
                "quantity": c.quantity(np.maximum(visits.carts[rows], 1), kind == CART),
                "value": c.money(visits.value[rows], buys),
                "currency": c.words(("EUR", "GBP", "USD"), visits.currency[rows], buys),
                "order_id": c.where(buys, visits.order.take(taken)),
                "search_term": c.where(
                    kind == SEARCH, c.words(SEARCHES, Stream("web.term").below(len(SEARCHES), number[rows]))
                ),
                "results": c.integer(Stream("web.results").below(60, number[rows]), kind == SEARCH),
                "device_type": c.words(DEVICES, visits.device[rows]),
            },
        )

    def finish(self, orders_by_day: Ints) -> None:
        """How fast and sound the pages were, every two hours, with the planted outages."""
        pages = ("/", "/checkout")
        count = self.days.count * (24 // PROBE_HOURS)
        probe = np.repeat(np.arange(count), len(pages))
        page = np.tile(np.arange(len(pages)), count)
        day, slot = np.divmod(probe, 24 // PROBE_HOURS)
        at = self.days.moments(day, slot * PROBE_HOURS * 3_600 + 600)
        anomalies = {text: index_of(when) for when, _, text in self.truths.anomalies.days}
        down = (day == anomalies["the site is down for most of the day"]) & (slot >= 4) & (slot <= 10)
        slow = (day == anomalies["the checkout is slow after a release"]) & (page == 1)
        fails = (day == anomalies["card payments fail"]) & (page == 1)
        base = np.where(page == 1, 310, 180) * (1 + 0.12 * Stream("site.speed").normal(probe, page))
        response = np.where(slow, base * 14, base)
        traffic = np.maximum(orders_by_day[day] * VISITS_FOR_AN_ORDER // 12, 1)
        usual = np.rint(traffic * 0.002).astype(np.int64)
        errors = np.where(down, traffic, np.where(fails, traffic * 6 // 10, np.where(slow, traffic // 5, usual)))
        self.writer.write(
            "site_performance",
            {
                "shop_id": c.constant(SHOP, len(probe)),
                "line_id": c.join(c.label("", probe, 6), "-", c.label("", page)),
                "sampled_at": c.moment(at),
                "page": c.words(pages, page),
                "device_type": c.words(("desktop", "mobile"), slot % 2),
                "country": c.constant("Germany", len(probe)),
                "sample_source": c.constant("probe", len(probe)),
                "response_ms": c.number(np.rint(response), ~down),
                "first_byte_ms": c.number(np.rint(response * 0.6), ~down),
                "largest_paint_ms": c.number(np.rint(900 + response * 2.2), ~down),
                "interaction_ms": c.number(np.rint(60 + response * 0.2), ~down),
                "layout_shift": c.number(np.round(0.02 + 0.05 * Stream("site.shift").unit(probe, page), 4), ~down),
                "load_ms": c.number(np.rint(1_300 + response * 3), ~down),
                "requests": c.integer(traffic),
                "errors": c.integer(errors),
                "is_up": c.boolean(~down),
            },
        )
