"""The people of the reference shop: who they are, what type of customer, and who orders on a day.

A customer is a number. The first come from before the first day of the shop's data, then those who are acquired in it in the
order of their first order, then those who registered and never bought.

Who places a repeat order on a day is drawn in two steps: a pool (type and home channel) in proportion to what its active
members would order that day, then a member in proportion to his own rate, drawn again while he is not active or when a
treatment (campaign, offer, subscription) would have made somebody else likelier. So rates, lifetimes and treatment effects hold
exactly, whatever the number of orders of the day.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from tillsight.reference_shop.calendar import Days, index_of
from tillsight.reference_shop.hashing import EXPONENTIAL, LOGNORMAL_HALF, Bools, Floats, Ints, Stream, spread, whole
from tillsight.reference_shop.sizes import Size
from tillsight.reference_shop.truths import Truths

CHANNELS = ("web", "mobile", "marketplace", "retail")
WEB, MOBILE, MARKETPLACE, RETAIL = range(4)
ABROAD = 4
HOMES = (*CHANNELS, "abroad")
# How readily a customer of a home channel (row) orders through a channel (column).
READINESS = np.array(
    [
        [1.00, 0.50, 0.05, 0.12],
        [0.45, 1.00, 0.05, 0.10],
        [0.08, 0.06, 1.00, 0.02],
        [0.15, 0.10, 0.02, 1.00],
        [1.00, 0.60, 0.00, 0.00],
    ]
)
NEVER = 1_000_000
DRAWS = 60
"""How often a person is drawn again before the last one drawn is taken."""

# City, state, first two digits of its postcodes, kind of market, share of the customers.
CITIES = (
    ("Berlin", "Berlin", 10, "metro", 0.16),
    ("Hamburg", "Hamburg", 20, "metro", 0.13),
    ("Munich", "Bavaria", 80, "metro", 0.10),
    ("Cologne", "North Rhine-Westphalia", 50, "metro", 0.08),
    ("Frankfurt am Main", "Hesse", 60, "metro", 0.07),
    ("Leipzig", "Saxony", 4, "metro", 0.05),
    ("Rostock", "Mecklenburg-Vorpommern", 18, "regional", 0.06),
    ("Lübeck", "Schleswig-Holstein", 23, "regional", 0.05),
    ("Kiel", "Schleswig-Holstein", 24, "regional", 0.05),
    ("Münster", "North Rhine-Westphalia", 48, "regional", 0.05),
    ("Freiburg", "Baden-Württemberg", 79, "regional", 0.05),
    ("Regensburg", "Bavaria", 93, "regional", 0.04),
    ("Göttingen", "Lower Saxony", 37, "regional", 0.04),
    ("Trier", "Rhineland-Palatinate", 54, "regional", 0.03),
    ("Görlitz", "Saxony", 2, "regional", 0.04),
)
NEIGHBOURS = (
    ("Vienna", "Austria", 0.40),
    ("Amsterdam", "Netherlands", 0.28),
    ("Lyon", "France", 0.20),
    ("Copenhagen", "Denmark", 0.12),
)
NEIGHBOUR_SHARE = 0.13
BRITISH = (
    ("London", "England"),
    ("Manchester", "England"),
    ("Edinburgh", "Scotland"),
    ("Cardiff", "Wales"),
    ("Bristol", "England"),
)
AMERICAN = (
    ("New York", "New York"),
    ("Boston", "Massachusetts"),
    ("Portland", "Oregon"),
    ("Austin", "Texas"),
    ("Seattle", "Washington"),
)
FIRST_NAMES = (
    "Ada", "Albert", "Alma", "Anton", "Beate", "Ben", "Carla", "Clara", "Clemens", "Dora", "Edith", "Elias", "Emil", "Emma", "Erik",
    "Fatma", "Felix", "Frieda", "Georg", "Greta", "Hanna", "Hugo", "Ida", "Ilse", "Jakob", "Jana", "Johan", "Jonas", "Karla", "Kurt",
    "Lea", "Leo", "Lina", "Lotte", "Luis", "Maja", "Marek", "Marta", "Max", "Mia", "Milan", "Nele", "Nils", "Nora", "Olga", "Oskar",
    "Paul", "Paula", "Petra", "Rosa", "Sami", "Selma", "Sofia", "Sven", "Theo", "Thea", "Tilda", "Uwe", "Vera", "Wanda",
)  # fmt: skip
LAST_NAMES = (
    "Abel", "Adler", "Albrecht", "Bach", "Bauer", "Beck", "Berger", "Brandt", "Busch", "Conrad", "Dietz", "Ebert", "Engel", "Ernst",
    "Falk", "Fischer", "Frank", "Fuchs", "Gerber", "Graf", "Haas", "Hahn", "Hansen", "Hartmann", "Heinz", "Herzog", "Horn", "Jansen",
    "Kaiser", "Keller", "Koch", "Kraft", "Krause", "Kuhn", "Lang", "Lehmann", "Lorenz", "Ludwig", "Maier", "Marx", "Moser", "Nagel",
    "Neumann", "Olsen", "Otto", "Peters", "Pohl", "Rau", "Reiter", "Richter", "Ritter", "Roth", "Sauer", "Schulz", "Seidel", "Simon",
    "Stein", "Thiel", "Ulrich", "Vogel", "Voss", "Wagner", "Weber", "Wendt", "Winter", "Wolf", "Ziegler", "Zimmer",
)  # fmt: skip


@dataclass(frozen=True)
class People:
    """All customers as columns, one entry for each number."""

    size: Size
    days: Days
    truths: Truths
    buyers: int
    """Customers below this number buy; the others registered only."""
    earlier: int
    """Customers below this number were there before the first day."""
    acquired: npt.NDArray[np.int32]
    """Day of the first order; negative for earlier customers (the day they registered)."""
    channel: npt.NDArray[np.int8]
    """Channel of the first order."""
    kind: npt.NDArray[np.int8]
    """Type of customer: index into Segments.types."""
    home: npt.NDArray[np.int8]
    """Home channel: index into HOMES."""
    rate: npt.NDArray[np.float32]
    stop: npt.NDArray[np.int32]
    """First day on which the customer does not order any more."""

    @property
    def count(self) -> int:
        """Number of customers."""
        return len(self.acquired)

    @cached_property
    def numbers(self) -> Ints:
        """All customers."""
        return np.arange(self.count)

    @cached_property
    def british(self) -> Bools:
        """Customers of the British shop; the other customers abroad pay in dollars."""
        plan = self.truths.currencies
        share = plan.gbp_share / (plan.gbp_share + plan.usd_share)
        return np.asarray((self.home == ABROAD) & Stream("person.british").chance(share, self.numbers))

    @cached_property
    def american(self) -> Bools:
        """Customers who pay in dollars."""
        return np.asarray((self.home == ABROAD) & ~self.british)

    @cached_property
    def neighbour(self) -> Bools:
        """Customers in another euro country."""
        online = (self.home == WEB) | (self.home == MOBILE)
        return np.asarray(online & Stream("person.neighbour").chance(NEIGHBOUR_SHARE, self.numbers))

    @cached_property
    def store(self) -> Ints:
        """The home store of customers of the stores, from 0; 0 for others."""
        return Stream("person.store").below(self.size.stores, self.numbers)

    @cached_property
    def city(self) -> Ints:
        """The city: an index into the list of the customer's country."""
        shares = [share for *_, share in CITIES]
        german = Stream("person.city").choice(shares, self.numbers)
        german = np.where(self.home == RETAIL, store_city(self.store), german)
        abroad = Stream("person.city.abroad").below(len(BRITISH), self.numbers)
        near = Stream("person.city.near").choice([share for *_, share in NEIGHBOURS], self.numbers)
        return np.where(self.home == ABROAD, abroad, np.where(self.neighbour, near, german))

    @cached_property
    def serial(self) -> Bools:
        """The planted serial returners: customers who buy again."""
        rate = np.array([kind.rate for kind in self.truths.segments.types])[self.kind]
        return (
            (rate > 0)
            & (self.numbers < self.buyers)
            & Stream("person.serial").chance(self.truths.serial.share, self.numbers)
        )

    @cached_property
    def in_campaign(self) -> npt.NDArray[np.int8]:
        """1: treated by the campaign with a control group, 2: held out, 0: not in it."""
        plan = self.truths.campaign
        known = (self.acquired < index_of(plan.start)) & (self.home != ABROAD) & (self.numbers < self.buyers)
        treated = Stream("person.campaign").chance(plan.treated_share, self.numbers)
        return np.where(known, np.where(treated, 1, 2), 0).astype(np.int8)

    @cached_property
    def joined(self) -> npt.NDArray[np.int32]:
        """Day on which the customer became a loyalty member; NEVER for others."""
        plan = self.truths.loyalty
        lag = (Stream("member.lag").quantile(EXPONENTIAL, self.numbers) * 45).astype(np.int64)
        day = np.maximum(self.acquired, -600) + lag
        member = (
            Stream("member").chance(plan.member_share, self.numbers)
            & (self.home != ABROAD)
            & (self.numbers < self.buyers)
        )
        return np.where(member & (day < self.days.count), day, NEVER).astype(np.int32)

    @cached_property
    def in_offer(self) -> npt.NDArray[np.int8]:
        """For each offer and customer: 1 allocated, 2 held out, 0 not drawn."""
        plan = self.truths.loyalty
        groups = np.zeros((len(plan.offers), self.count), dtype=np.int8)
        for number, offer in enumerate(plan.offers):
            drawn = (self.joined < index_of(offer.start)) & Stream("offer.drawn").chance(
                offer.reach, self.numbers, number
            )
            held = Stream("offer.held").chance(plan.held_out, self.numbers, number)
            groups[number] = np.where(drawn, np.where(held, 2, 1), 0)
        return groups

    @cached_property
    def subscription(self) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
        """First day and first day after it of the subscription; NEVER, NEVER for those without. Paid by months of 30 days."""
        plan = self.truths.loyalty
        day = self.joined.astype(np.int64) + Stream("subscription.day").below(240, self.numbers)
        has = (self.joined != NEVER) & Stream("subscription").chance(plan.subscriber_share, self.numbers)
        start = np.maximum(day, 0)
        # A constant share ends each month: the number of paid months is geometric.
        ends = np.log(1 - (np.arange(4096) + 0.5) / 4096) / np.log(1 - plan.subscription_churn)
        months = (
            1 + np.floor(np.round(ends, 6)).astype(np.int64)[Stream("subscription.months").below(4096, self.numbers)]
        )
        has &= start < self.days.count
        none = np.full(self.count, NEVER)
        return np.where(has, start, none).astype(np.int32), np.where(has, start + 30 * months, none).astype(np.int32)


def store_city(store: Ints) -> Ints:
    """The city of a store: Berlin, Rostock, then the other cities in their order."""
    order = np.array([0, 6, 1, 7, 2, 8, 3, 9, 4, 10, 5, 11, 12, 13, 14])
    return order[store % len(order)]


def make_people(size: Size, days: Days, truths: Truths, orders: Ints) -> tuple[People, Ints]:
    """The customers for a table of orders by day and channel, and how many of each cell are first orders."""
    plan = truths.segments
    inactive = int(size.customers * plan.inactive_share)
    earlier = int(size.customers * plan.earlier_share)
    fresh = size.customers - earlier - inactive
    known = orders * np.array([1, 1, 1, 1 - truths.channels.anonymous_retail])
    first = np.minimum(spread(fresh, whole(known.ravel() / known.sum())), orders.ravel()).reshape(orders.shape)
    fresh = int(first.sum())
    count = earlier + fresh + inactive
    numbers = np.arange(count)
    cells = np.repeat(np.arange(first.size), first.ravel())
    old_channel = Stream("person.channel").choice([share for _, share in truths.channels.shares], np.arange(count))
    acquired = np.concatenate(
        [
            -1 - Stream("person.before").below(900, np.arange(earlier)),
            cells // orders.shape[1],
            Stream("person.registered").below(days.count, np.arange(inactive)),
        ]
    )
    # The pool of a type is searched by the day of acquisition: earlier customers come first, longest there first.
    acquired[:earlier] = np.sort(acquired[:earlier])
    channel = old_channel.copy()
    channel[earlier : earlier + fresh] = cells % orders.shape[1]
    shares = np.array([kind.share for kind in plan.types])
    rates = np.array([kind.rate for kind in plan.types])
    kind = Stream("person.kind").choice(shares, numbers)
    again = Stream("person.kind").choice(np.where(rates > 0, shares, 0.0), numbers, 1)
    kind[:earlier] = again[:earlier]
    lapse = index_of(plan.lapse_day)
    lapsed = next(index for index, part in enumerate(plan.types) if part.name == "lapsed")
    regular = next(index for index, part in enumerate(plan.types) if part.name == "regular")
    kind[(kind == lapsed) & (acquired > lapse - 120)] = regular
    lifetime = np.array([part.lifetime for part in plan.types])[kind]
    active = (Stream("person.lifetime").quantile(EXPONENTIAL, numbers) * lifetime).astype(np.int64) + 1
    stop = np.where(lifetime > 0, np.maximum(acquired, 0) + active, NEVER)
    around = np.rint(lapse + plan.lapse_spread * Stream("person.lapse").normal(numbers)).astype(np.int64)
    stop[kind == lapsed] = around[kind == lapsed]
    online = (channel == WEB) | (channel == MOBILE)
    abroad = online & Stream("person.abroad").chance(truths.currencies.gbp_share + truths.currencies.usd_share, numbers)
    rate = rates[kind] * Stream("person.rate").quantile(LOGNORMAL_HALF, numbers)
    rate[earlier + fresh :] = 0.0
    people = People(
        size=size,
        days=days,
        truths=truths,
        buyers=earlier + fresh,
        earlier=earlier,
        acquired=acquired.astype(np.int32),
        channel=channel.astype(np.int8),
        kind=kind.astype(np.int8),
        home=np.where(abroad, ABROAD, channel).astype(np.int8),
        rate=rate.astype(np.float32),
        stop=stop.astype(np.int32),
    )
    named = tuple(customer_name(people, number) for number in np.flatnonzero(people.serial)[:5_000].tolist())
    return replace(people, truths=replace(truths, serial=replace(truths.serial, customers=named))), first


def customer_name(people: People, number: int) -> str:
    """The id of a customer: C for the home shop, U for the British one."""
    return f"{'U' if people.british[number] else 'C'}{number + 1:07d}"


class Crowd:
    """Draws who places repeat orders."""

    def __init__(self, people: People) -> None:
        self.people = people
        days, plan = people.days, people.truths
        kinds = plan.segments.types
        pools = len(kinds) * len(HOMES)
        self._pool = people.kind.astype(np.int64) * len(HOMES) + people.home
        weight = np.rint(people.rate.astype(np.float64) * 1_000_000).astype(np.int64)
        buyers = people.numbers[: people.buyers]
        self._order = buyers[np.lexsort((people.acquired[buyers], self._pool[buyers]))]
        ordered = self._pool[self._order]
        self._edges = np.concatenate([[0], np.cumsum(weight[self._order])])
        self._start = np.searchsorted(ordered, np.arange(pools))
        self._stop = np.searchsorted(ordered, np.arange(pools), side="right")
        # What the active members of each pool would order on each day: rates come in the day after acquisition and go at the stop.
        change = np.zeros((pools, days.count + 1), dtype=np.int64)
        begin = np.clip(people.acquired[buyers] + 1, 0, days.count)
        end = np.clip(np.maximum(people.stop[buyers], begin), 0, days.count)
        np.add.at(change, (self._pool[buyers], begin), weight[buyers])
        np.add.at(change, (self._pool[buyers], end), -weight[buyers])
        active = np.cumsum(change, axis=1)[:, : days.count]
        mood = np.ones((len(kinds), days.count))
        gift = np.zeros(days.count, dtype=bool)
        for year in (2024, 2025, 2026):
            gift |= days.between(f"{year}-11-20", f"{year}-12-22")
        promoted = np.zeros(days.count, dtype=bool)
        for promotion in plan.promotions.promotions:
            promoted |= days.between(promotion.start, promotion.end)
        for index, kind in enumerate(kinds):
            if kind.gift != 1:
                mood[index] = np.where(gift, kind.gift, 0.3)
            mood[index] = np.where(promoted, mood[index] * kind.promotion, mood[index])
        # What each pool would order on each day through each channel.
        table = (
            active[None] * np.repeat(mood, len(HOMES), axis=0)[None] * np.tile(READINESS, (len(kinds), 1)).T[:, :, None]
        )
        table = np.rint(table / 1_000).astype(np.int64).transpose(2, 0, 1)
        self._choice = np.cumsum(table.reshape(-1))
        self._pools = pools
        self._offer = np.full(days.count, -1)
        for number, offer in enumerate(plan.loyalty.offers):
            self._offer[days.between(offer.start, offer.end)] = number
        self._campaign = days.between(plan.campaign.start, plan.campaign.end)
        self._most = (
            plan.campaign.lift * max(offer.lift for offer in plan.loyalty.offers) * plan.loyalty.subscription_effect
        )
        self._lifts = np.array([offer.lift for offer in plan.loyalty.offers])

    def effect(self, person: Ints, day: Ints) -> Floats:
        """The factor on a person's rate on a day: campaign, offer, subscription."""
        people, plan = self.people, self.people.truths
        factor = np.where(self._campaign[day] & (people.in_campaign[person] == 1), plan.campaign.lift, 1.0)
        offer = self._offer[day]
        got = (offer >= 0) & (people.in_offer[offer, person] == 1)
        factor = factor * np.where(got, self._lifts[offer], 1.0)
        start, end = people.subscription
        subscribed = (start[person] <= day) & (day < end[person])
        return np.asarray(factor * np.where(subscribed, plan.loyalty.subscription_effect, 1.0))

    def offer_of(self, person: Ints, day: Ints) -> Ints:
        """The offer that a person holds on a day; -1 for none."""
        offer = self._offer[day]
        return np.where((offer >= 0) & (self.people.in_offer[offer, person] == 1), offer, -1)

    def draw(self, day: Ints, channel: Ints, key: Ints) -> Ints:
        """Who places each repeat order; -1 where nobody could (the shop has no such customer yet)."""
        cell = (day * len(CHANNELS) + channel) * self._pools
        low = np.where(cell > 0, self._choice[np.maximum(cell - 1, 0)], 0)
        total = self._choice[cell + self._pools - 1] - low
        result = np.full(len(day), -1, dtype=np.int64)
        pool = (
            np.searchsorted(self._choice, low + Stream("crowd.pool").below(np.maximum(total, 1), key), side="right")
            - cell
        )
        open_rows = np.flatnonzero(total > 0)
        people = self.people
        acquired = people.acquired[self._order]
        # Members of a pool are sorted by acquisition: count those who came before the day.
        rank = self._pool[self._order] * 10_000 + np.clip(acquired, -2_000, 7_000) + 2_000
        person_stream, accept_stream = Stream("crowd.person"), Stream("crowd.accept")
        for attempt in range(DRAWS):
            if len(open_rows) == 0:
                break
            chosen = pool[open_rows]
            start = self._start[chosen]
            until = np.searchsorted(rank, chosen * 10_000 + day[open_rows] + 2_000, side="left")
            base = self._edges[start]
            reach = self._edges[until] - base
            draw = base + person_stream.below(np.maximum(reach, 1), key[open_rows], attempt)
            position = np.clip(np.searchsorted(self._edges, draw, side="right") - 1, 0, len(self._order) - 1)
            person = self._order[position]
            alive = (reach > 0) & (people.acquired[person] < day[open_rows]) & (day[open_rows] < people.stop[person])
            likely = self.effect(person, day[open_rows]) / self._most
            taken = alive & (accept_stream.unit(key[open_rows], attempt) < likely)
            # A member of the right pool is kept in case no draw is accepted.
            result[open_rows] = np.where(reach > 0, person, result[open_rows])
            open_rows = open_rows[~taken]
        return result
