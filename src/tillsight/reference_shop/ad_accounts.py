"""Writes what the ad platforms report: campaigns, groups, ads, keywords, daily figures, search terms, auctions, marketing spend.

Spend is the plan's; clicks follow from the price of a click, impressions from the click-through rate; conversions are the orders
that a campaign caused, times what its platform claims, and those that it claims without having caused them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from tillsight.reference_shop import columns as c
from tillsight.reference_shop.advertising import Advertising
from tillsight.reference_shop.cents import allocated, divided, summed
from tillsight.reference_shop.columns import Writer
from tillsight.reference_shop.hashing import Bools, Floats, Ints, Stream
from tillsight.reference_shop.masters import text
from tillsight.reference_shop.orders import Orders
from tillsight.reference_shop.truths import CATEGORIES, CURRENCY, SHOP, SHOP_UK, AdCampaign, Truths

GENERIC = (
    "wool jumper", "linen shirt", "midi dress", "waxed jacket", "oak chopping board", "percale duvet cover", "brass lamp", "soy candle",
)  # fmt: skip
BRAND = (
    "harbour and pine", "harbour & pine sale", "harbour pine shop", "harbour pine jumper", "harbour pine returns",
    "harbour pine berlin", "harbour pine code", "harbour pine gift card",
)  # fmt: skip
MATCHES = ("exact", "phrase", "broad")
FORMATS = {
    "search": "text", "shopping": "shopping", "video": "video", "social": "carousel", "retargeting": "single image",
}  # fmt: skip
COMPETITORS = ("seaside-living.example", "nordic-home.example", "wardrobe-works.example", "loft-and-linen.example")
AGES = ("18-24", "25-34", "35-44", "45-54", "55-64", "65+")
AGE_SHARES = (0.12, 0.30, 0.27, 0.17, 0.10, 0.04)
GENDERS = ("female", "male")
GENDER_SHARES = (0.66, 0.34)
DEVICES = ("desktop", "mobile", "tablet")
DEVICE_SHARES = (0.34, 0.60, 0.06)
BREAKDOWN_DAYS = 184
SEARCH_DAYS = 92
OTHER_SPEND = (("email", "below", 40), ("influencers", "both", 65), ("catalogue", "below", 55), ("radio", "above", 30))
"""Marketing beside the platforms: channel, line, euros a day for 100 orders a day."""


@dataclass
class _Units:
    """The finest rows of the report: an ad or a keyword, each with its campaign, group and share of the spend."""

    campaign: Ints
    group: Ints
    ad: Ints
    keyword: Ints
    share: Ints
    click_rate: Floats


class AdAccounts:
    """Collects what campaigns brought in the spans, then writes the reports."""

    def __init__(self, writer: Writer, advertising: Advertising, truths: Truths) -> None:
        self.writer = writer
        self.ads = advertising
        self.truths = truths
        self.days = advertising.days
        shape = (len(advertising.campaigns), self.days.count)
        self.orders = np.zeros(shape, dtype=np.int64)
        self.revenue = np.zeros(shape, dtype=np.int64)
        self.fresh = np.zeros(shape, dtype=np.int64)
        self.units = np.zeros(shape, dtype=np.int64)
        self.platform = [campaign.platform for campaign in advertising.campaigns]
        self.ids = [campaign.campaign_id for campaign in advertising.campaigns]
        self.parts = self._parts()

    # Collecting

    def add(self, orders: Orders) -> None:
        """Credit the orders of a span as the platforms would."""
        real = ~orders.test & ~orders.deleted
        level = np.array([100, round(self.truths.currencies.gbp * 100), round(self.truths.currencies.usd * 100)])
        value = divided((orders.subtotal - orders.code_discount) * level[orders.currency], 100)
        pieces = summed(orders.lines.quantity, orders.lines.order, len(orders))
        for number, campaign in enumerate(self.ads.campaigns):
            credit = orders.cause == number
            if campaign.harvests:
                claimed = (
                    orders.online & ~credit & Stream("ads.claimed").chance(campaign.harvests, orders.sequence, number)
                )
                credit = credit | claimed
            rows = np.flatnonzero(credit & real)
            np.add.at(self.orders[number], orders.day[rows], 1)
            np.add.at(self.revenue[number], orders.day[rows], value[rows])
            np.add.at(self.fresh[number], orders.day[rows], orders.first[rows].astype(np.int64))
            np.add.at(self.units[number], orders.day[rows], pieces[rows])

    # Structure

    def _is_search(self, campaign: AdCampaign) -> bool:
        return campaign.kind == "search"

    def _parts(self) -> _Units:
        """Search campaigns are reported by keyword, the others by ad: two groups of two ads, or of four keywords."""
        rows: list[tuple[int, int, int, int, int, float]] = []
        for number, campaign in enumerate(self.ads.campaigns):
            for group in range(2):
                leaves = 4 if self._is_search(campaign) else 2
                for leaf in range(leaves):
                    key = group * leaves + leaf
                    weight = 60 + int(Stream("ads.share").below(80, number, key)[0])
                    rate = float(0.8 + 0.4 * Stream("ads.rate").unit(number, key)[0])
                    search = self._is_search(campaign)
                    rows.append((number, group, -1 if search else key, key if search else -1, weight, rate))
        table = np.array(rows)
        campaign, group, ad, keyword, share = table[:, :5].astype(np.int64).T
        return _Units(campaign, group, ad, keyword, share, table[:, 5])

    def _group_ids(self, campaign: Ints, group: Ints) -> c.Array:
        return c.join(text(self.ids).take(pa.array(campaign)), "-", c.words(("A", "B"), group))

    def finish(self) -> None:
        """Write all reports."""
        self._campaigns()
        self._groups()
        self._ads_and_keywords()
        base = self._performance()
        self._breakdowns(*base)
        self._search_terms(*base)
        self._auctions()
        self._spend()

    def _campaigns(self) -> None:
        campaigns = self.ads.campaigns
        plan = self.truths.campaign
        count = len(campaigns) + 1
        start = self.days.first
        budget = np.append(np.rint(self.ads.spend.mean(axis=1) * 1.08), round(900 * self.ads.unit) * 100).astype(
            np.int64
        )
        fixed = np.arange(count) == len(campaigns)
        bids = {"search": "target CPA", "shopping": "target ROAS", "video": "maximise views"}
        # The British shop's visitors come through the same campaigns; the budgets stand in the home shop.
        for shop in (SHOP, SHOP_UK):
            self.writer.write(
                "ad_campaigns",
                {
                    "shop_id": c.constant(shop, count),
                    "campaign_id": text([*self.ids, plan.campaign_id]),
                    "platform": text([*self.platform, "mail"]),
                    "campaign_name": text([*(part.name for part in campaigns), plan.name]),
                    "campaign_type": text([*(part.kind for part in campaigns), "letter"]),
                    "line": text([*("both" if part.kind == "video" else "below" for part in campaigns), "below"]),
                    "status": text([*["active"] * len(campaigns), "ended"]),
                    "objective": text([*(part.objective for part in campaigns), "retention"]),
                    "currency": c.constant(CURRENCY, count),
                    "budget": c.money(budget, np.full(count, shop == SHOP)),
                    "budget_period": text([*["day"] * len(campaigns), "campaign"]),
                    "bid_strategy": text([*(bids.get(part.kind, "lowest cost") for part in campaigns), None]),
                    "start_date": c.day(np.where(fixed, start + (plan.start - self.days.dates[0]).days, start)),
                    "end_date": c.day(np.full(count, start + (plan.end - self.days.dates[0]).days), fixed),
                },
            )

    def _groups(self) -> None:
        count = len(self.ids)
        campaign, group = np.repeat(np.arange(count), 2), np.tile(np.arange(2), count)
        kinds = [part.kind for part in self.ads.campaigns]
        audiences = {
            "retargeting": (("visitors of 30 days", "retargeting"), ("cart abandoned", "retargeting")),
            "social": (("lookalike of buyers", "lookalike"), ("home and interior", "interest")),
            "video": (("broad", "interest"), ("sustainable living", "interest")),
        }
        chosen = [
            audiences.get(kinds[number], ((None, None), (None, None)))[part]
            for number, part in zip(campaign, group, strict=True)
        ]
        self.writer.write(
            "ad_groups",
            {
                "shop_id": c.constant(SHOP, len(campaign)),
                "ad_group_id": self._group_ids(campaign, group),
                "campaign_id": text(self.ids).take(pa.array(campaign)),
                "ad_group_name": c.join(
                    text([part.name for part in self.ads.campaigns]).take(pa.array(campaign)),
                    " ",
                    c.words(("one", "two"), group),
                ),
                "status": c.constant("active", len(campaign)),
                "audience": text([audience for audience, _ in chosen]),
                "audience_type": text([kind for _, kind in chosen]),
                "currency": c.constant(CURRENCY, len(campaign)),
                "start_date": c.day(np.full(len(campaign), self.days.first)),
            },
        )

    def _ads_and_keywords(self) -> None:
        parts, plan = self.parts, self.truths.creatives
        # Search campaigns have one text ad in each group.
        ad = [
            (int(parts.campaign[row]), int(parts.group[row]), int(parts.ad[row]))
            for row in np.flatnonzero(parts.ad >= 0)
        ]
        ad += [
            (number, group, group)
            for number, part in enumerate(self.ads.campaigns)
            if self._is_search(part)
            for group in range(2)
        ]
        campaign, group, leaf = (np.array(column) for column in zip(*ad, strict=True))
        tested = (campaign == self.ids.index(plan.test_campaign)) & (group == 0)
        lines = [
            CATEGORIES[(3 * number + part) % len(CATEGORIES)]
            for number, part in zip(campaign.tolist(), leaf.tolist(), strict=True)
        ]
        arm = leaf % 2
        self.writer.write(
            "ads",
            {
                "shop_id": c.constant(SHOP, len(ad)),
                "ad_id": self._ad_ids(campaign, leaf),
                "ad_group_id": self._group_ids(campaign, group),
                "campaign_id": text(self.ids).take(pa.array(campaign)),
                "ad_name": c.join(text([line.name for line in lines]), " ", c.label("", leaf + 1)),
                "status": c.constant("active", len(ad)),
                "ad_format": text([FORMATS[self.ads.campaigns[number].kind] for number in campaign.tolist()]),
                "headline": c.join(
                    text([line.name for line in lines]), c.words((" made to last", " you keep for years"), arm)
                ),
                "ad_copy": c.join(
                    "New ",
                    text([line.items[0] for line in lines]),
                    c.words((", free returns.", ", from our own mill."), arm),
                ),
                "call_to_action": c.words(("Shop now", "Learn more"), arm),
                "landing_page": c.join("/c/", text([line.name.lower() for line in lines])),
                "test_name": c.where(tested, c.constant(plan.test_name, len(ad))),
                "test_arm": c.where(tested, c.words(("A", "B"), arm)),
                "start_date": c.day(np.full(len(ad), self.days.first)),
            },
        )
        rows = np.flatnonzero(parts.keyword >= 0)
        campaign, leaf = parts.campaign[rows], parts.keyword[rows]
        phrases = text([*BRAND, *GENERIC])
        brand = np.array([part.orders == 0 for part in self.ads.campaigns])[campaign]
        self.writer.write(
            "ad_keywords",
            {
                "shop_id": c.constant(SHOP, len(rows)),
                "keyword_id": self._keyword_ids(campaign, leaf),
                "campaign_id": text(self.ids).take(pa.array(campaign)),
                "ad_group_id": self._group_ids(campaign, parts.group[rows]),
                "keyword": phrases.take(pa.array(leaf + np.where(brand, 0, len(BRAND)))),
                "match_type": c.words(MATCHES, leaf % 3),
                "is_negative": c.boolean(np.zeros(len(rows), dtype=bool)),
                "status": c.constant("active", len(rows)),
                "currency": c.constant(CURRENCY, len(rows)),
                "quality_score": c.rate(self._quality(campaign, leaf, brand) * 1_000_000_000),
            },
        )

    @staticmethod
    def _quality(campaign: Ints, leaf: Ints, brand: Bools) -> Ints:
        return np.where(brand, 10, 4 + Stream("ads.quality").below(6, campaign, leaf))

    def _ad_ids(self, campaign: Ints, leaf: Ints) -> c.Array:
        return c.join(text(self.ids).take(pa.array(campaign)), "-", c.label("ad", leaf + 1))

    def _keyword_ids(self, campaign: Ints, leaf: Ints) -> c.Array:
        return c.join(text(self.ids).take(pa.array(campaign)), "-", c.label("kw", leaf + 1))

    # Figures

    def _performance(self) -> tuple[Ints, Ints, Ints, Ints, Ints, Ints, Ints, Ints]:
        """The base report by day and ad or keyword; gives part, day, spend, impressions, clicks, conversions, views, revenue."""
        parts, plan = self.parts, self.truths.creatives
        count, days = len(parts.campaign), self.days.count
        part = np.tile(np.arange(count), days)
        day = np.repeat(np.arange(days), count)
        campaign = parts.campaign[part]
        group = day * len(self.ids) + campaign
        spend = allocated(self.ads.spend.T.ravel(), group, parts.share[part])
        cpc = np.array([campaign.cpc for campaign in self.ads.campaigns])[campaign]
        ctr = np.array([campaign.ctr for campaign in self.ads.campaigns])[campaign]
        shaken = 1 + 0.08 * Stream("ads.clicks").normal(part, day)
        tired = (campaign == self.ids.index(plan.tired_campaign)) & (parts.ad[part] == 0)
        tested = (campaign == self.ids.index(plan.test_campaign)) & (parts.group[part] == 0)
        rate = ctr * np.where(tested, 1.0, parts.click_rate[part])
        rate = np.where(tested & (parts.ad[part] % 2 == 1), rate * plan.test_lift, rate)
        rate = np.where(tired, rate * 0.5 ** (day / plan.tired_half_life), rate)
        clicks = np.rint(spend / 100 / cpc * shaken).astype(np.int64)
        impressions = np.maximum(np.rint(clicks / rate).astype(np.int64), clicks)
        claims = np.array([campaign.claims for campaign in self.ads.campaigns])[:, None]
        # What is claimed beyond the orders is claimed after a view; halves are rounded by chance.
        beyond = self.orders * (claims - 1)
        number, when = np.indices(self.orders.shape)
        chance = Stream("ads.views").unit(number.ravel(), when.ravel()).reshape(self.orders.shape)
        viewed = np.floor(beyond + chance).astype(np.int64)
        weight = np.maximum(clicks, 0)
        clicked = allocated(self.orders.T.ravel(), group, weight)
        by_view = allocated(viewed.T.ravel(), group, weight)
        fresh = allocated(self.fresh.T.ravel(), group, clicked)
        pieces = allocated(self.units.T.ravel(), group, clicked)
        value = self.revenue + divided(self.revenue * viewed, np.maximum(self.orders, 1))
        revenue = allocated(value.T.ravel(), group, clicked + by_view)
        views = np.array([campaign.view_rate for campaign in self.ads.campaigns])[campaign]
        search = parts.keyword[part] >= 0
        share = 350_000_000 + Stream("ads.won").below(400_000_000, part, day // 7)
        self.writer.write(
            "ad_performance",
            {
                "shop_id": c.constant(SHOP, len(part)),
                "line_id": c.join("B", c.label("", day, 4), "-", c.label("", part, 3)),
                "day": c.day(self.days.first + day),
                "platform": c.words(self.platform, campaign),
                "campaign_id": c.words(self.ids, campaign),
                "ad_group_id": self._by_part(self._group_ids(parts.campaign, parts.group), part),
                "ad_id": c.where(~search, self._by_part(self._ad_ids(parts.campaign, np.maximum(parts.ad, 0)), part)),
                "keyword_id": c.where(
                    search, self._by_part(self._keyword_ids(parts.campaign, np.maximum(parts.keyword, 0)), part)
                ),
                "match_type": c.words(MATCHES, parts.keyword[part] % 3, search),
                "breakdown": c.constant("base", len(part)),
                "attribution_window": c.constant("default", len(part)),
                "date_basis": c.constant("click", len(part)),
                "currency": c.constant(CURRENCY, len(part)),
                "spend": c.money(spend),
                "impressions": c.integer(impressions),
                "clicks": c.integer(clicks),
                "reach": c.integer(np.rint(impressions * 0.7).astype(np.int64), ~search),
                "engagements": c.integer(np.rint(impressions * 0.021 * shaken).astype(np.int64), ~search),
                "video_views": c.integer(np.rint(impressions * views).astype(np.int64), views > 0),
                "adds_to_cart": c.quantity(np.maximum(np.rint(clicks * 0.085).astype(np.int64), clicked)),
                "conversions": c.quantity(clicked + by_view),
                "click_conversions": c.quantity(clicked),
                "view_conversions": c.quantity(by_view),
                "new_customers": c.quantity(fresh),
                "revenue": c.money(revenue),
                "units": c.quantity(pieces),
                "quality_score": c.rate(self._quality_of(part) * 1_000_000_000, search),
                "impression_share": c.rate(share * 100, search),
                "impression_share_lost_budget": c.rate((1_000_000_000 - share) * 40, search),
                "impression_share_lost_rank": c.rate((1_000_000_000 - share) * 60, search),
                "average_position": c.rate(
                    1_000_000_000 + Stream("ads.position").below(1_800_000_000, part, day // 7), search
                ),
            },
        )
        return part, day, spend, impressions, clicks, clicked, by_view, revenue

    def _quality_of(self, part: Ints) -> Ints:
        brand = np.array([campaign.orders == 0 for campaign in self.ads.campaigns])[self.parts.campaign]
        return self._quality(self.parts.campaign, np.maximum(self.parts.keyword, 0), brand)[part]

    @staticmethod
    def _by_part(values: c.Array, part: Ints) -> c.Array:
        return values.take(pa.array(part))

    def _breakdowns(
        self,
        part: Ints,
        day: Ints,
        spend: Ints,
        impressions: Ints,
        clicks: Ints,
        clicked: Ints,
        by_view: Ints,
        revenue: Ints,
    ) -> None:
        """Second reports over the same clicks: by device for all campaigns, by age and gender for the social ones."""
        recent = day >= self.days.count - BREAKDOWN_DAYS
        first = self.days.count - BREAKDOWN_DAYS
        cell = (day[recent] - first) * len(self.ids) + self.parts.campaign[part[recent]]
        size = BREAKDOWN_DAYS * len(self.ids)
        totals = [
            summed(values[recent], cell, size) for values in (spend, impressions, clicks, clicked + by_view, revenue)
        ]
        social = np.array([campaign.kind == "social" for campaign in self.ads.campaigns])
        people = [
            (age * gender, number // 2, number % 2)
            for number, (age, gender) in enumerate((a, g) for a in AGE_SHARES for g in GENDER_SHARES)
        ]
        for name, shares, cells in (
            ("device", np.array(DEVICE_SHARES), np.arange(size)),
            ("age_gender", np.array([share for share, *_ in people]), np.flatnonzero(np.tile(social, BREAKDOWN_DAYS))),
        ):
            many = len(shares)
            group = np.repeat(np.arange(len(cells)), many)
            slot = np.tile(np.arange(many), len(cells))
            campaign = cells[group] % len(self.ids)
            when = first + cells[group] // len(self.ids)
            weights = np.rint(shares * 1_000_000).astype(np.int64)[slot]
            # Spend and clicks by share; people differ in how they buy.
            taste = 60 + Stream("ads.taste").below(80, campaign, slot)
            values = [allocated(total[cells], group, weights) for total in totals[:3]]
            bought = [allocated(total[cells], group, weights * taste) for total in totals[3:]]
            of_age = np.array([age for _, age, _ in people])[slot] if name == "age_gender" else slot
            of_gender = np.array([gender for *_, gender in people])[slot] if name == "age_gender" else slot
            is_device = np.full(len(slot), name == "device")
            self.writer.write(
                "ad_performance",
                {
                    "shop_id": c.constant(SHOP, len(slot)),
                    "line_id": c.join(
                        name[0].upper(), c.label("", when, 4), "-", c.label("", campaign, 2), "-", c.label("", slot, 2)
                    ),
                    "day": c.day(self.days.first + when),
                    "platform": c.words(self.platform, campaign),
                    "campaign_id": c.words(self.ids, campaign),
                    "breakdown": c.constant(name, len(slot)),
                    "device_type": c.words(DEVICES, np.where(is_device, slot, 0), is_device),
                    "age": c.words(AGES, np.where(is_device, 0, of_age), ~is_device),
                    "gender": c.words(GENDERS, np.where(is_device, 0, of_gender), ~is_device),
                    "attribution_window": c.constant("default", len(slot)),
                    "date_basis": c.constant("click", len(slot)),
                    "currency": c.constant(CURRENCY, len(slot)),
                    "spend": c.money(values[0]),
                    "impressions": c.integer(np.maximum(values[1], values[2])),
                    "clicks": c.integer(values[2]),
                    "conversions": c.quantity(bought[0]),
                    "revenue": c.money(bought[1]),
                },
            )

    def _search_terms(
        self,
        part: Ints,
        day: Ints,
        spend: Ints,
        impressions: Ints,
        clicks: Ints,
        clicked: Ints,
        by_view: Ints,
        revenue: Ints,
    ) -> None:
        """What was typed: three searches for each keyword and day, and one that only costs."""
        plan = self.truths.creatives
        rows = np.flatnonzero((self.parts.keyword[part] >= 0) & (day >= self.days.count - SEARCH_DAYS))
        many = 4
        group, slot = np.repeat(np.arange(len(rows)), many), np.tile(np.arange(many), len(rows))
        of = part[rows][group]
        campaign, keyword = self.parts.campaign[of], self.parts.keyword[of]
        brand = np.array([campaign.orders == 0 for campaign in self.ads.campaigns])[campaign]
        wasted = (slot == 3) & (keyword == 0) & ~brand
        keep = (slot < 3) | wasted
        group, slot, of, campaign, keyword, brand, wasted = (
            values[keep] for values in (group, slot, of, campaign, keyword, brand, wasted)
        )
        weight = np.where(
            wasted, round(100 * plan.wasted_share / (1 - plan.wasted_share)), np.array([60, 28, 12, 0])[slot]
        )
        sells = np.where(wasted, 0, weight)
        taken = rows[group]
        totals = [allocated(values[rows], group, weight) for values in (spend, impressions, clicks)]
        bought = [allocated(values[rows], group, sells) for values in (clicked + by_view, revenue)]
        base = text([*BRAND, *GENERIC]).take(pa.array(keyword + np.where(brand, 0, len(BRAND))))
        term = c.join(base, c.words(("", " buy online", " sale"), np.minimum(slot, 2)))
        term = c.pick(wasted, c.constant(plan.wasted_term, len(slot)), term)
        self.writer.write(
            "search_terms",
            {
                "shop_id": c.constant(SHOP, len(slot)),
                "line_id": c.join(c.label("", day[taken], 4), "-", c.label("", of, 3), "-", c.label("", slot)),
                "day": c.day(self.days.first + day[taken]),
                "platform": c.words(self.platform, campaign),
                "campaign_id": c.words(self.ids, campaign),
                "ad_group_id": self._by_part(self._group_ids(self.parts.campaign, self.parts.group), of),
                "keyword_id": self._by_part(
                    self._keyword_ids(self.parts.campaign, np.maximum(self.parts.keyword, 0)), of
                ),
                "search_term": term,
                "match_type": c.words(MATCHES, slot % 3),
                "currency": c.constant(CURRENCY, len(slot)),
                "spend": c.money(totals[0]),
                "impressions": c.integer(np.maximum(totals[1], totals[2])),
                "clicks": c.integer(totals[2]),
                "conversions": c.quantity(bought[0]),
                "revenue": c.money(bought[1]),
            },
        )

    def _auctions(self) -> None:
        """Every Monday, who else was in the auctions of the search and shopping campaigns."""
        chosen = np.array(
            [
                number
                for number, part in enumerate(self.ads.campaigns)
                if part.kind in {"search", "shopping"} and part.platform == "google"
            ]
        )
        mondays = np.flatnonzero(self.days.weekday == 0)
        rivals = len(COMPETITORS) + 1
        day = np.repeat(mondays, len(chosen) * rivals)
        campaign = np.tile(np.repeat(chosen, rivals), len(mondays))
        rival = np.tile(np.arange(rivals), len(mondays) * len(chosen))
        own = rival == len(COMPETITORS)
        level = np.array([31, 22, 17, 9, 38])[rival] * 1_000_000_000
        share = level + Stream("auction.share").below(6_000_000_000, day, campaign * 10 + rival)
        stream = Stream("auction.rate")
        market = np.array([round(part.cpc * 100) for part in self.ads.campaigns])[campaign]
        self.writer.write(
            "auction_insights",
            {
                "shop_id": c.constant(SHOP, len(day)),
                "line_id": c.join(c.label("", day, 4), "-", c.label("", campaign, 2), "-", c.label("", rival)),
                "day": c.day(self.days.first + day),
                "platform": c.words(self.platform, campaign),
                "campaign_id": c.words(self.ids, campaign),
                "competitor": c.words((*COMPETITORS, "harbour-pine.example"), rival),
                "is_own": c.boolean(own),
                "impression_share": c.rate(share),
                "overlap_rate": c.rate(20_000_000_000 + stream.below(40_000_000_000, day, rival, 1), ~own),
                "position_above_rate": c.rate(10_000_000_000 + stream.below(30_000_000_000, day, rival, 2), ~own),
                "top_of_page_rate": c.rate(40_000_000_000 + stream.below(30_000_000_000, day, rival, 3)),
                "outranking_share": c.rate(15_000_000_000 + stream.below(30_000_000_000, day, rival, 4), ~own),
                "currency": c.constant(CURRENCY, len(day)),
                "market_cpc": c.money(market + Stream("auction.cpc").below(20, day, campaign), own),
            },
        )

    def _spend(self) -> None:
        """Marketing spend of every day: the platforms' by campaign, and what is spent beside them."""
        days = self.days.count
        campaign = np.tile(np.arange(len(self.ids)), days)
        day = np.repeat(np.arange(days), len(self.ids))
        kinds = [part.kind for part in self.ads.campaigns]
        self.writer.write(
            "marketing_spend",
            {
                "shop_id": c.constant(SHOP, len(day)),
                "line_id": c.join("A", c.label("", day, 4), "-", c.label("", campaign, 2)),
                "day": c.day(self.days.first + day),
                "channel": c.words(kinds, campaign),
                "platform": c.words(self.platform, campaign),
                "campaign_id": c.words(self.ids, campaign),
                "line": c.words(["both" if kind == "video" else "below" for kind in kinds], campaign),
                "amount": c.money(self.ads.spend[campaign, day]),
                "currency": c.constant(CURRENCY, len(day)),
                "is_ad_spend": c.boolean(np.ones(len(day), dtype=bool)),
            },
        )
        other = np.tile(np.arange(len(OTHER_SPEND)), days)
        day = np.repeat(np.arange(days), len(OTHER_SPEND))
        euros = np.array([amount for *_, amount in OTHER_SPEND])[other]
        amount = np.rint(euros * self.ads.unit * (70 + Stream("spend.other").below(60, day, other))).astype(np.int64)
        market = Stream("spend.market").chance(0.6, day, other)
        self.writer.write(
            "marketing_spend",
            {
                "shop_id": c.constant(SHOP, len(day)),
                "line_id": c.join("M", c.label("", day, 4), "-", c.label("", other)),
                "day": c.day(self.days.first + day),
                "channel": c.words([name for name, *_ in OTHER_SPEND], other),
                "line": c.words([line for _, line, _ in OTHER_SPEND], other),
                "market": c.words(("regional", "metro"), market.astype(np.int64)),
                "amount": c.money(amount),
                "currency": c.constant(CURRENCY, len(day)),
                "is_ad_spend": c.boolean(np.zeros(len(day), dtype=bool)),
            },
        )
