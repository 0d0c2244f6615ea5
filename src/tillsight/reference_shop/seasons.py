"""Writes the seasons that are planned for: budgets, spend, milestones, forecasts, and the results of the years before the data.

Targets follow from what was sold: the plan is what came, give or take; so budgets fit a shop of any size.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from tillsight.reference_shop import columns as c
from tillsight.reference_shop.calendar import EPOCH, Days, index_of
from tillsight.reference_shop.cents import allocated, divided
from tillsight.reference_shop.columns import Writer
from tillsight.reference_shop.hashing import Floats, Ints, Stream
from tillsight.reference_shop.masters import text
from tillsight.reference_shop.truths import CURRENCY, LAST_DAY, SHOP, Truths


@dataclass(frozen=True)
class Season:
    """A season: first and last day, days of the peak (ISO dates with commas between), target ÷ what was sold (`plan`)."""

    season_id: str
    name: str
    kind: str
    series: str
    first: str
    last: str
    peaks: str
    plan: float = 1.0

    @property
    def start(self) -> date:
        """First day."""
        return date.fromisoformat(self.first)

    @property
    def end(self) -> date:
        """Last day."""
        return date.fromisoformat(self.last)


SEASONS: tuple[Season, ...] = (
    Season("BF23", "Black Friday 2023", "sale_event", "black_friday", "2023-11-20", "2023-11-27", "2023-11-24"),
    Season("XM23", "Christmas 2023", "holiday", "christmas", "2023-11-28", "2023-12-24", "2023-12-10"),
    Season("BF24", "Black Friday 2024", "sale_event", "black_friday", "2024-11-25", "2024-12-02", "2024-11-29,2024-12-02", 0.95),
    Season("XM24", "Christmas 2024", "holiday", "christmas", "2024-12-03", "2024-12-24", "2024-12-08", 1.04),
    Season("SP25", "Spring 2025", "product_launch", "spring", "2025-03-10", "2025-05-04", "2025-04-12", 0.98),
    Season("SU25", "Summer 2025", "custom", "summer", "2025-06-09", "2025-07-27", "2025-06-22", 1.07),
    Season("BF25", "Black Friday 2025", "sale_event", "black_friday", "2025-11-24", "2025-12-01", "2025-11-28,2025-12-01", 0.92),
    Season("XM25", "Christmas 2025", "holiday", "christmas", "2025-12-02", "2025-12-24", "2025-12-14", 1.02),
    Season("SP26", "Spring 2026", "product_launch", "spring", "2026-03-09", "2026-05-03", "2026-04-11", 1.05),
    Season("SU26", "Summer 2026", "custom", "summer", "2026-06-08", "2026-07-26", "2026-06-21", 0.97),
    Season("AU26", "Autumn 2026", "product_launch", "autumn", "2026-09-14", "2026-11-08", "2026-10-10", 1.03),
    Season("BF26", "Black Friday 2026", "sale_event", "black_friday", "2026-11-23", "2026-11-30", "2026-11-27,2026-11-30"),
    Season("XM26", "Christmas 2026", "holiday", "christmas", "2026-12-01", "2026-12-24", "2026-12-13"),
)  # fmt: skip

# Category, part, share of the target in thousandths, days before the start on which money begins to flow, must-have.
BUDGET = (
    ("inventory", "seasonal products", 310, 60, True),
    ("inventory", "safety stock", 60, 45, False),
    ("marketing", "digital advertising", 70, 21, True),
    ("marketing", "influencer partnerships", 15, 21, False),
    ("marketing", "email marketing", 8, 14, False),
    ("operations", "temporary workers", 28, 7, True),
    ("operations", "customer service staffing", 14, 0, False),
    ("logistics", "shipping costs", 42, 0, True),
    ("logistics", "packaging materials", 11, 14, False),
    ("technology", "website infrastructure", 9, 14, False),
    ("contingency", "unexpected costs", 15, 0, False),
)
MILESTONES = (
    ("Budget approved", "planning", -90, -75, "finance", 0),
    ("Stock ordered", "planning", -75, -60, "buying", 2),
    ("Creative ready", "planning", -60, -28, "marketing", -1),
    ("Stock arrived", "pre_season", -58, -10, "warehouse", 3),
    ("Campaign live", "pre_season", -21, -7, "marketing", 0),
    ("Website ready", "pre_season", -14, -3, "technology", 1),
    ("Mid-season review", "during_season", 0, 99, "management", 0),
    ("Post-season analysis", "post_season", 100, 114, "analysis", 1),
)


class Seasons:
    """Writes the planning of the seasons from the revenue of each day."""

    def __init__(self, writer: Writer, days: Days, truths: Truths, revenue: Ints, orders: Ints) -> None:
        self.writer = writer
        self.days = days
        self.truths = truths
        self.revenue = revenue
        self.orders = orders

    def _expected(self, season: Season) -> Ints:
        """Revenue of each day of a season in cents: what was sold, or for days outside the data the year next to it, scaled."""
        count = (season.end - season.start).days + 1
        day = index_of(season.start) + np.arange(count)
        growth = self.truths.growth.yearly
        # 364 days keep the weekday. Days before the data look ahead a year, days after it look back one.
        shifted = np.where(day < 0, day + 364, np.where(day >= self.days.count, day - 364, day))
        scale = np.where(day < 0, 1 / growth, np.where(day >= self.days.count, growth, 1.0))
        return np.rint(self.revenue[shifted] * scale).astype(np.int64)

    def write(self) -> None:
        """Write all tables of the seasons."""
        targets = np.array(
            [divided(np.array([int(self._expected(part).sum() * part.plan)]), 100_000)[0] * 100_000 for part in SEASONS]
        )
        self._seasons(targets)
        self._budgets(targets)
        self._spend(targets)
        self._milestones()
        self._forecasts(targets)
        self._results()

    def _status(self, season: Season) -> int:
        """0 planning, 1 active, 2 completed, on the last day of the data."""
        return 2 if season.end <= LAST_DAY else 1 if season.start <= LAST_DAY else 0

    def _seasons(self, targets: Ints) -> None:
        count = len(SEASONS)
        share = sum(part[2] for part in BUDGET)
        before = np.array([part.start < self.days.dates[0] for part in SEASONS])
        sold = np.array([int(self._expected(part).sum()) for part in SEASONS])
        self.writer.write(
            "seasons",
            {
                "shop_id": c.constant(SHOP, count),
                "season_id": text([part.season_id for part in SEASONS]),
                "season_name": text([part.name for part in SEASONS]),
                "season_type": text([part.kind for part in SEASONS]),
                "series": text([part.series for part in SEASONS]),
                "season_year": c.integer([part.start.year for part in SEASONS]),
                "start_date": c.day([(part.start - EPOCH).days for part in SEASONS]),
                "end_date": c.day([(part.end - EPOCH).days for part in SEASONS]),
                "peak_dates": text([part.peaks for part in SEASONS]),
                "status": c.words(
                    ("planning", "active", "completed"), np.array([self._status(part) for part in SEASONS])
                ),
                "currency": c.constant(CURRENCY, count),
                "total_budget": c.money(divided(targets * share, 1_000)),
                "revenue_target": c.money(targets),
                "profit_target": c.money(divided(targets * 24, 100)),
                "total_revenue": c.money(sold, before),
                "total_profit": c.money(divided(sold * 21, 100), before),
                "actual_spend": c.money(divided(sold * share, 1_000), before),
                "key_learnings": text(
                    [
                        "Stock arrived late; start the campaign a week earlier." if flag else None
                        for flag in before.tolist()
                    ]
                ),
            },
        )

    def _overspend(self) -> Floats:
        """Actual spend of each season and budget line, as a factor on its budget."""
        season, line = np.meshgrid(np.arange(len(SEASONS)), np.arange(len(BUDGET)), indexing="ij")
        factor = 0.90 + 0.16 * Stream("season.spend").unit(season.ravel(), line.ravel()).reshape(season.shape)
        plan = self.truths.seasons
        row = [part.season_id for part in SEASONS].index(plan.overspent)
        columns = [number for number, part in enumerate(BUDGET) if part[0] == plan.overspent_category]
        factor[row, columns] = plan.overspend
        return np.asarray(factor)

    def _budgets(self, targets: Ints) -> None:
        season = np.repeat(np.arange(len(SEASONS)), len(BUDGET))
        line = np.tile(np.arange(len(BUDGET)), len(SEASONS))
        amount = divided(targets[season] * np.array([part[2] for part in BUDGET])[line], 1_000)
        self.writer.write(
            "season_budgets",
            {
                "shop_id": c.constant(SHOP, len(season)),
                "season_id": c.words([part.season_id for part in SEASONS], season),
                "line_id": c.label("", line + 1, 2),
                "budget_category": c.words([part[0] for part in BUDGET], line),
                "sub_category": c.words([part[1] for part in BUDGET], line),
                "currency": c.constant(CURRENCY, len(season)),
                "budgeted_amount": c.money(amount),
                "committed_spend": c.money(
                    divided(amount, 10), np.array([self._status(part) < 2 for part in SEASONS])[season]
                ),
                "is_must_have": c.boolean(np.array([part[4] for part in BUDGET])[line]),
            },
        )

    def _spend(self, targets: Ints) -> None:
        """What was spent on each day up to the last one of the data."""
        factor = self._overspend()
        for number, season in enumerate(SEASONS):
            if season.start < self.days.dates[0]:
                continue
            for line, (category, part, share, ahead, _) in enumerate(BUDGET):
                begin = season.start - timedelta(days=ahead)
                count = (season.end - begin).days + 1
                total = round(int(targets[number]) * share / 1_000 * float(factor[number, line]))
                day = np.arange(count)
                weight = 40 + Stream("season.day").below(60, np.full(count, number * 100 + line), day)
                amount = allocated(np.array([total]), np.zeros(count, dtype=np.int64), weight)
                happened = day <= (LAST_DAY - begin).days
                rows = int(happened.sum())
                if rows == 0:
                    continue
                self.writer.write(
                    "season_spend",
                    {
                        "shop_id": c.constant(SHOP, rows),
                        "season_id": c.constant(season.season_id, rows),
                        "line_id": c.join(f"{line + 1:02d}-", c.label("", day[happened], 3)),
                        "day": c.day((begin - EPOCH).days + day[happened]),
                        "budget_category": c.constant(category, rows),
                        "sub_category": c.constant(part, rows),
                        "currency": c.constant(CURRENCY, rows),
                        "amount": c.money(amount[happened]),
                    },
                )

    def _milestones(self) -> None:
        season = np.repeat(np.arange(len(SEASONS)), len(MILESTONES))
        step = np.tile(np.arange(len(MILESTONES)), len(SEASONS))
        start = np.array([(part.start - EPOCH).days for part in SEASONS])[season]
        length = np.array([(part.end - part.start).days for part in SEASONS])[season]

        def placed(offset: Ints) -> Ints:
            # 99 is the middle of the season; from 100 on days count from its end.
            return start + np.where(offset == 99, length // 2, np.where(offset >= 100, length + offset - 100, offset))

        begin = placed(np.array([part[2] for part in MILESTONES])[step])
        deadline = placed(np.array([part[3] for part in MILESTONES])[step])
        slip = np.array([part[5] for part in MILESTONES])[step] + Stream("season.slip").below(3, season, step) - 1
        done = deadline + slip
        today = (LAST_DAY - EPOCH).days
        finished = done <= today
        status = np.where(finished, 2, np.where(deadline < today, 3, np.where(begin <= today, 1, 0)))
        names = [part.season_id for part in SEASONS]
        before = c.join(c.words(names, season), "-", c.label("", step, 0))
        self.writer.write(
            "season_milestones",
            {
                "shop_id": c.constant(SHOP, len(season)),
                "milestone_id": c.join(c.words(names, season), "-", c.label("", step + 1)),
                "season_id": c.words(names, season),
                "milestone_name": c.words([part[0] for part in MILESTONES], step),
                "phase": c.words([part[1] for part in MILESTONES], step),
                "start_date": c.day(begin),
                "deadline": c.day(deadline),
                "completed_date": c.day(done, finished),
                "responsible_party": c.words([part[4] for part in MILESTONES], step),
                "status": c.words(("not_started", "in_progress", "completed", "overdue"), status),
                "depends_on": c.where(step > 0, before),
            },
        )

    def _forecasts(self, targets: Ints) -> None:
        """The plan of each day: the target over the days in proportion to what is expected of them."""
        for number, season in enumerate(SEASONS):
            expected = self._expected(season)
            count = len(expected)
            shaken = np.rint(
                expected * (1 + 0.08 * Stream("season.forecast").normal(np.full(count, number), np.arange(count)))
            ).astype(np.int64)
            plan = (
                allocated(
                    np.array([int(targets[number]) // 100]),
                    np.zeros(count, dtype=np.int64),
                    np.maximum(shaken // 100, 1),
                )
                * 100
            )
            self.writer.write(
                "season_forecasts",
                {
                    "shop_id": c.constant(SHOP, count),
                    "season_id": c.constant(season.season_id, count),
                    "forecast_date": c.day((season.start - EPOCH).days + np.arange(count)),
                    "forecast_method": c.constant("plan", count),
                    "currency": c.constant(CURRENCY, count),
                    "daily_revenue_forecast": c.money(plan),
                    "total_season_forecast": c.money(np.full(count, int(targets[number]))),
                    "confidence_level": c.rate(np.full(count, 80_000_000_000)),
                },
            )

    def _results(self) -> None:
        """Results of the seasons that lie before the data, day by day."""
        for season in SEASONS:
            if season.start >= self.days.dates[0]:
                continue
            sold = self._expected(season)
            count = len(sold)
            day = index_of(season.start) + np.arange(count) + 364
            orders = np.rint(self.orders[day] / self.truths.growth.yearly).astype(np.int64)
            self.writer.write(
                "season_results",
                {
                    "shop_id": c.constant(SHOP, count),
                    "season_id": c.constant(season.season_id, count),
                    "day": c.day((season.start - EPOCH).days + np.arange(count)),
                    "currency": c.constant(CURRENCY, count),
                    "revenue": c.money(sold),
                    "orders": c.integer(orders),
                    "units_sold": c.quantity(orders * 2),
                    "marketing_spend": c.money(divided(sold * 93, 1_000)),
                    "operational_spend": c.money(divided(sold * 42, 1_000)),
                    "logistics_spend": c.money(divided(sold * 53, 1_000)),
                    "other_expenses": c.money(divided(sold * 24, 1_000)),
                    "profit": c.money(divided(sold * 21, 100)),
                },
            )
