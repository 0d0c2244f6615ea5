"""The answers planted in the reference shop: what is true, how large it is, in what noise it stands and where it can be found.

This is the only place of these numbers. The generator reads its parameters here, so the data follow from them; tests and the
guide read them too; an analysis never does.

A truth is a small dataclass. Fields with a value are the plan; fields that are filled by the generator (products, days, people)
depend on the size of the shop and are empty in the plan. Rates are fractions of one, effects are factors (1.2 is +20 %), days are
calendar days of the shop (Europe/Berlin).
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import date
from typing import ClassVar

FIRST_DAY = date(2024, 11, 1)
LAST_DAY = date(2026, 10, 31)
SHOP = "harbour-pine"
SHOP_UK = "harbour-pine-uk"
SHOP_NAME = "Harbour & Pine"
CURRENCY = "EUR"
TIMEZONE = "Europe/Berlin"


def percent(fraction: float, places: int = 0) -> str:
    """A fraction as people read it."""
    return f"{fraction * 100:.{places}f} %"


def effect(factor: float) -> str:
    """A factor as a change: 1.2 is +20 %, 0.3 is −70 %."""
    return f"{(factor - 1) * 100:+.0f} %".replace("-", "−")


class Truth:
    """One planted answer. `title`, `where` (which tables and columns show it) and `noise` (what blurs it) are sentences."""

    title: ClassVar[str]
    where: ClassVar[str]
    noise: ClassVar[str]

    def sizes(self) -> list[str]:
        """The sizes in words, for the guide."""
        return self._sizes()

    def _sizes(self) -> list[str]:
        raise TypeError(f"{type(self).__name__} states no size")


@dataclass(frozen=True)
class Growth(Truth):
    """Trend of the whole shop."""

    title = "Growth"
    where = "orders.placed_at: orders of a day against the same day a year earlier"
    noise = "every day and channel is shaken by 6 % (log-normal), besides the chance of counting"
    yearly: float = 1.16
    day_noise: float = 0.06

    def _sizes(self) -> list[str]:
        return [f"orders grow by {percent(self.yearly - 1)} a year, evenly"]


@dataclass(frozen=True)
class YearShape(Truth):
    """Seasonality of the whole shop over the year; the factor holds in the middle of the month, straight lines between."""

    title = "Seasonality of the year"
    where = "orders.placed_at by month, after the trend"
    noise = "as for growth; holidays come on top"
    months: tuple[float, ...] = (0.88, 0.84, 0.92, 0.97, 1.00, 0.97, 0.92, 0.90, 0.99, 1.05, 1.20, 1.32)

    def _sizes(self) -> list[str]:
        names = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
        return [" · ".join(f"{name} {value:.2f}" for name, value in zip(names, self.months, strict=True))]


@dataclass(frozen=True)
class WeekShape(Truth):
    """Factors by weekday, Monday first."""

    title = "Weekday shape"
    where = "orders.placed_at by weekday and orders.channel"
    noise = "as for growth"
    online: tuple[float, ...] = (1.05, 0.96, 0.93, 0.96, 0.98, 0.97, 1.15)
    retail: tuple[float, ...] = (0.80, 0.82, 0.88, 0.95, 1.25, 2.10, 0.00)

    def _sizes(self) -> list[str]:
        return [
            "web, mobile and marketplace, Monday to Sunday: " + " ".join(f"{value:.2f}" for value in self.online),
            "stores: " + " ".join(f"{value:.2f}" for value in self.retail) + " (closed on Sundays and public holidays)",
        ]


@dataclass(frozen=True)
class DayShape(Truth):
    """Share of an hour in the orders of a day, before rounding; hours of the shop's clock."""

    title = "Hours of the day"
    where = "orders.placed_at by hour in Europe/Berlin"
    noise = "chance of counting"
    online: tuple[int, ...] = (
        12,
        7,
        4,
        3,
        3,
        5,
        11,
        22,
        34,
        43,
        48,
        50,
        53,
        50,
        48,
        48,
        52,
        60,
        72,
        88,
        101,
        94,
        61,
        31,
    )
    retail: tuple[int, ...] = (0, 0, 0, 0, 0, 0, 0, 0, 0, 22, 58, 82, 95, 92, 88, 98, 112, 128, 120, 85, 0, 0, 0, 0)

    def _sizes(self) -> list[str]:
        return ["online peaks between 20 and 21 h, stores between 17 and 18 h (open from 9 to 20 h)"]


@dataclass(frozen=True)
class Holidays(Truth):
    """Known days that multiply the orders of online channels."""

    title = "Holidays"
    where = "orders.placed_at on these days, channels web, mobile and marketplace"
    noise = "as for growth"
    factors: tuple[tuple[str, float], ...] = (
        ("2024-11-28", 1.5),
        ("2024-11-29", 2.8),
        ("2024-11-30", 1.9),
        ("2024-12-01", 1.7),
        ("2024-12-02", 2.1),
        ("2024-12-24", 0.35),
        ("2024-12-25", 0.30),
        ("2024-12-26", 0.45),
        ("2024-12-31", 0.50),
        ("2025-01-01", 0.55),
        ("2025-04-20", 0.70),
        ("2025-04-21", 0.80),
        ("2025-11-27", 1.5),
        ("2025-11-28", 2.8),
        ("2025-11-29", 1.9),
        ("2025-11-30", 1.7),
        ("2025-12-01", 2.1),
        ("2025-12-24", 0.35),
        ("2025-12-25", 0.30),
        ("2025-12-26", 0.45),
        ("2025-12-31", 0.50),
        ("2026-01-01", 0.55),
        ("2026-04-05", 0.70),
        ("2026-04-06", 0.80),
    )
    closed: tuple[str, ...] = (
        "2024-12-25",
        "2024-12-26",
        "2025-01-01",
        "2025-04-18",
        "2025-04-21",
        "2025-05-01",
        "2025-05-29",
        "2025-06-09",
        "2025-10-03",
        "2025-12-25",
        "2025-12-26",
        "2026-01-01",
        "2026-04-03",
        "2026-04-06",
        "2026-05-01",
        "2026-05-14",
        "2026-05-25",
        "2026-10-03",
    )

    def _sizes(self) -> list[str]:
        return [
            "Black Friday +180 %, Cyber Monday +110 %, the days around them +50 % to +90 %",
            "24 to 26 December −65 %, −70 %, −55 %; 31 December −50 %; 1 January −45 %; Easter −30 % and −20 %",
            f"stores are closed on {len(self.closed)} public holidays",
        ]


@dataclass(frozen=True)
class Anomalies(Truth):
    """Single days that no calendar explains, over all channels."""

    title = "Anomalies"
    where = "orders.placed_at on these days, all channels; site_performance shows the outage, the failed payments and the slow checkout"
    noise = "as for growth: each is more than four times the noise of a day"
    days: tuple[tuple[str, float, str], ...] = (
        ("2025-03-19", 1.90, "a television programme shows the shop"),
        ("2025-06-17", 0.30, "the site is down for most of the day"),
        ("2025-09-09", 0.45, "card payments fail"),
        ("2026-02-11", 2.10, "a post goes viral"),
        ("2026-05-20", 0.40, "the checkout is slow after a release"),
        ("2026-08-19", 1.80, "a newspaper recommends the shop"),
    )

    def _sizes(self) -> list[str]:
        return [f"{day}: {effect(factor)}, {text}" for day, factor, text in self.days]


@dataclass(frozen=True)
class Category:
    """A category: what it sells, how its demand answers price and season, and how often its goods come back.

    `prices`: lowest and highest list price in cents, tax included. `cost`: unit cost as a share of the list price without tax.
    `amplitude`: the season's swing (0.5: from half to one and a half), `peak`: the day of the year of its top.
    `index`: our price against the average of three competitors, 100 = the same.
    """

    name: str
    unit: str
    sized: bool
    items: tuple[str, ...]
    prices: tuple[int, int]
    cost: float
    elasticity: float
    return_rate: float
    amplitude: float
    peak: int
    index: float


CATEGORIES: tuple[Category, ...] = (
    Category("Knitwear", "clothing", True, ("crew jumper", "cardigan", "roll-neck"), (4990, 11990), 0.42, -2.1, 0.13, 0.45, 345, 104),
    Category("Dresses", "clothing", True, ("wrap dress", "shirt dress", "midi dress"), (5990, 14990), 0.38, -3.0, 0.21, 0.40, 160, 97),
    Category("Outerwear", "clothing", True, ("parka", "rain coat", "wool coat", "gilet"), (8990, 24990), 0.45, -1.6, 0.15, 0.50, 320, 101),
    Category("Trousers", "clothing", True, ("chinos", "cord trousers", "wide-leg trousers"), (4990, 10990), 0.40, -2.3, 0.17, 0.00, 1, 99),
    Category("Tops", "clothing", True, ("linen shirt", "striped top", "tee", "blouse"), (1990, 6990), 0.35, -2.7, 0.12, 0.25, 180, 95),
    Category("Kitchen", "home", False, ("board", "jug", "bowl", "apron", "knife", "pan"), (1490, 9990), 0.50, -1.4, 0.05, 0.15, 340, 106),
    Category("Bedding", "home", False, ("duvet cover", "pillow", "blanket", "sheet"), (2490, 14990), 0.47, -2.4, 0.07, 0.20, 15, 100),
    Category("Lighting", "home", False, ("table lamp", "pendant", "lantern"), (2990, 17990), 0.48, -1.8, 0.06, 0.30, 330, 103),
    Category("Candles", "home", False, ("candle", "diffuser", "tealights"), (990, 3990), 0.30, -3.2, 0.02, 0.40, 340, 98),
    Category("Garden", "leisure", False, ("watering can", "planter", "picnic rug"), (1990, 12990), 0.49, -1.1, 0.05, 0.60, 150, 102),
)  # fmt: skip


@dataclass(frozen=True)
class Elasticity(Truth):
    """Own-price elasticity by category, one cross-price elasticity and products without price variation."""

    title = "Price elasticity"
    where = "order_items.quantity and unit_price by product and day; price_changes dates the changes"
    noise = "counts of units a day (about one a product and day in the medium shop), seasons, promotions and stock-outs beside it"
    steps: tuple[float, ...] = (0.80, 0.85, 0.90, 0.95, 1.00, 1.05, 1.10, 1.15)
    changes: tuple[int, int] = (4, 8)
    fixed_share: float = 0.2
    cross: float = 1.2
    fixed_products: tuple[str, ...] = ()
    substitute: tuple[str, str] = ("", "")

    def _sizes(self) -> list[str]:
        own = " · ".join(f"{category.name} {category.elasticity:.1f}".replace("-", "−") for category in CATEGORIES)
        return [
            f"own price: {own}",
            f"cross price: +{self.cross:.1f}, demand for the first product of a pair on the price of the second",
            *([f"the pair is {self.substitute[0]} on the price of {self.substitute[1]}"] if self.substitute[0] else []),
            f"{percent(self.fixed_share)} of the styles never change their price, so nothing can be said about them",
        ]


@dataclass(frozen=True)
class Promotion:
    """A promotion of a category: `depth` off the price, `display` on top of what the price does, `after` while it is digested."""

    promotion_id: str
    name: str
    category: str
    start: str
    end: str
    depth: float
    display: float = 1.0
    after: float = 1.0
    after_days: int = 0

    @property
    def lift(self) -> float:
        """Units in the promotion against what would have sold without it, as a factor."""
        elasticity = next(category.elasticity for category in CATEGORIES if category.name == self.category)
        return float((1 - self.depth) ** elasticity * self.display)


@dataclass(frozen=True)
class Promotions(Truth):
    """Promotions with a true lift; one only brings sales forward."""

    title = "Promotions"
    where = "promotions, promotion_products discount_amount and promotion_id of order_items"
    noise = "as for elasticity; the baseline moves with season and weekday"
    promotions: tuple[Promotion, ...] = (
        Promotion("P01", "Winter knit sale", "Knitwear", "2025-01-13", "2025-01-26", 0.20, 1.10),
        Promotion("P02", "Kitchen week", "Kitchen", "2025-03-10", "2025-03-18", 0.25),
        Promotion("P03", "Spring dresses", "Dresses", "2025-04-07", "2025-04-16", 0.15, 1.05),
        Promotion("P04", "Garden opening", "Garden", "2025-04-22", "2025-05-04", 0.10, 1.15),
        Promotion("P05", "Bedding days", "Bedding", "2025-05-19", "2025-06-01", 0.20),
        Promotion("P06", "Candle glow", "Candles", "2025-09-15", "2025-09-28", 0.25, 1.0, 0.55, 28),
        Promotion("P07", "Winter knit sale", "Knitwear", "2026-01-12", "2026-01-25", 0.20, 1.10),
        Promotion("P08", "Trouser fortnight", "Trousers", "2026-02-16", "2026-03-01", 0.15),
        Promotion("P09", "Light nights", "Lighting", "2026-03-16", "2026-03-29", 0.20, 1.10),
        Promotion("P10", "Summer tops", "Tops", "2026-06-08", "2026-06-21", 0.20),
        Promotion("P11", "Coat preview", "Outerwear", "2026-09-07", "2026-09-20", 0.15, 1.20),
        Promotion("P12", "Autumn candles", "Candles", "2026-09-21", "2026-10-04", 0.20),
    )

    def _sizes(self) -> list[str]:
        lines = []
        for promotion in self.promotions:
            text = (
                f"{promotion.promotion_id} {promotion.name}, {promotion.start} to {promotion.end}: {percent(promotion.depth)} off "
                f"{promotion.category}, units {effect(promotion.lift)}"
            )
            if promotion.after_days:
                text += f", then {effect(promotion.after)} for {promotion.after_days} days: sales brought forward, little gained"
            lines.append(text)
        return lines


@dataclass(frozen=True)
class Stockouts(Truth):
    """Spans of days on which a product that sells well is sold out everywhere, because its supplier delivers late."""

    title = "Stock-outs"
    where = "no order_items of the product on these days; inventory movements sum to zero; purchase_orders received after the expected day"
    noise = "none on the days themselves; what would have sold is blurred by counting"
    spans: tuple[tuple[str, date, date], ...] = ()

    def _sizes(self) -> list[str]:
        return [
            "demand on the days is lost, not moved; parcels ordered before may leave on the first of them",
            *(f"{product}: {first} to {last}" for product, first, last in self.spans),
        ]


@dataclass(frozen=True)
class DeadStock(Truth):
    """Products that were bought once more, then taken off the pages."""

    title = "Dead stock"
    where = "stock on hand of products without a sale since the day; products.discontinued_date"
    noise = "none: nothing of them is sold any more; a return may bring one back"
    since: date = date(2026, 6, 8)
    units: int = 90
    share: float = 0.01
    products: tuple[str, ...] = ()

    def _sizes(self) -> list[str]:
        return [
            f"from {self.since} nothing is sold of these products, and {self.units} units and more of each lie in the warehouse",
            *self.products,
        ]


@dataclass(frozen=True)
class StockErrors(Truth):
    """Differences that counts find, and receipts that were booked too late."""

    title = "Errors in the stock"
    where = (
        "stock_counts against the system; inventory_movements summed by product and location go below zero on the days stated, and so does "
        "stock_snapshots where one of them is a Sunday: a release of this shop therefore has one failed check, that stock is not negative"
    )
    noise = "each product of a count differs or not by chance"
    count_difference: float = 0.05
    loss_share: float = 0.8
    booked_late_days: int = 4
    booked_late: tuple[tuple[str, date, date], ...] = ()

    def _sizes(self) -> list[str]:
        return [
            f"{percent(self.count_difference)} of the counted products differ, {percent(self.loss_share)} of them by one unit too few, "
            "the others by one too many",
            f"a receipt is booked {self.booked_late_days} days after the goods came",
            *(f"{product} in the warehouse: {first} to {last}" for product, first, last in self.booked_late),
        ]


@dataclass(frozen=True)
class Supplier:
    """A supplier: planned days from order to receipt, their spread, and how often it is late and by how many days."""

    supplier_id: str
    name: str
    country: str
    lead_days: int
    spread_days: int
    late_share: float
    late_days: int
    categories: tuple[str, ...]


SUPPLIERS: tuple[Supplier, ...] = (
    Supplier("S1", "Lindqvist Textil", "SE", 21, 2, 0.05, 4, ("Knitwear",)),
    Supplier("S2", "Tejidos Almar", "ES", 18, 3, 0.08, 4, ("Dresses", "Tops")),
    Supplier("S3", "Baltic Weave", "LT", 28, 4, 0.45, 11, ("Outerwear", "Trousers")),
    Supplier("S4", "Meridian Home", "PT", 24, 3, 0.08, 5, ("Kitchen", "Lighting")),
    Supplier("S5", "Casa Lenta", "IT", 26, 3, 0.06, 4, ("Bedding", "Candles")),
    Supplier("S6", "Greenways", "NL", 12, 2, 0.04, 3, ("Garden",)),
)


@dataclass(frozen=True)
class SupplierQuality(Truth):
    """Lead times, one supplier that is late, and one bad batch whose goods come back as defective."""

    title = "Suppliers"
    where = (
        "purchase_orders: ordered, expected and received; returns with a quality reason of the product sold in the span"
    )
    noise = "lead times spread by the stated days; a receipt is late or not by chance"
    batch_supplier: str = "S4"
    batch_category: str = "Kitchen"
    batch_first: date = date(2026, 3, 9)
    batch_last: date = date(2026, 4, 12)
    batch_defect_rate: float = 0.35
    usual_defect_rate: float = 0.012
    batch_products: tuple[str, ...] = ()

    def _sizes(self) -> list[str]:
        lines = [
            f"{supplier.supplier_id} {supplier.name}: {supplier.lead_days} ± {supplier.spread_days} days, late in "
            f"{percent(supplier.late_share)} of orders by {supplier.late_days} days and more"
            for supplier in SUPPLIERS
        ]
        return [
            *lines,
            f"a bad batch of {self.batch_supplier}: of the units sold from {self.batch_first} to {self.batch_last}, "
            f"{percent(self.batch_defect_rate)} come back as defective instead of {percent(self.usual_defect_rate, 1)}"
            + (f" ({', '.join(self.batch_products)})" if self.batch_products else ""),
        ]


@dataclass(frozen=True)
class Returns(Truth):
    """How often lines come back, why, and after how many days."""

    title = "Returns"
    where = "return_items and returns against order_items"
    noise = "each line comes back or not by chance"
    lag_days: float = 9.0
    first_lag: int = 3
    window_days: int = 30
    outside_share: float = 0.04
    small_factor: float = 3.5
    small_product: tuple[str, ...] = ()
    exchange_share: float = 0.22
    store_credit_share: float = 0.06
    rejected_share: float = 0.03
    clothing_reasons: tuple[tuple[str, float], ...] = (
        ("too_small", 0.24),
        ("too_large", 0.21),
        ("colour_not_as_expected", 0.10),
        ("style_different", 0.09),
        ("material_concerns", 0.06),
        ("no_longer_needed", 0.14),
        ("wrong_size_ordered", 0.05),
        ("wrong_item", 0.03),
        ("late_delivery", 0.03),
        ("material_quality", 0.05),
    )
    home_reasons: tuple[tuple[str, float], ...] = (
        ("damaged_on_arrival", 0.24),
        ("not_as_described", 0.16),
        ("colour_not_as_expected", 0.14),
        ("no_longer_needed", 0.20),
        ("found_better_price", 0.08),
        ("wrong_item", 0.07),
        ("late_delivery", 0.06),
        ("material_quality", 0.05),
    )

    def _sizes(self) -> list[str]:
        rates = " · ".join(f"{category.name} {percent(category.return_rate)}" for category in CATEGORIES)
        return [
            f"share of lines that come back, besides the special cases: {rates}",
            f"one style runs small: its lines come back {self.small_factor:.1f} times as often, the more because too small"
            + (f" ({self.small_product[0]} to {self.small_product[-1]})" if self.small_product else ""),
            f"a return starts {self.first_lag} days after the order or later, {self.lag_days:.0f} days later on average (exponential); "
            f"{percent(self.outside_share)} start after the window of {self.window_days} days",
            f"{percent(self.exchange_share)} are exchanges, {percent(self.store_credit_share)} store credit, "
            f"{percent(self.rejected_share)} are rejected, the rest refunds",
        ]


@dataclass(frozen=True)
class Comments(Truth):
    """What customers write about returns, and in which language."""

    title = "Comments on returns"
    where = "return_items.reason_detail"
    noise = "seven of ten items have a comment; its words are drawn from a few for each reason and language, with several openings"
    languages: tuple[tuple[str, float], ...] = (("en", 0.14), ("de", 0.66), ("fr", 0.11), ("nl", 0.09))
    smell_category: str = "Tops"
    smell_share: float = 0.45
    coating_share: float = 0.80

    def _sizes(self) -> list[str]:
        shares = " · ".join(f"{name} {percent(share)}" for name, share in self.languages)
        return [
            f"languages of comments on orders in euros: {shares}; other orders are commented in English",
            f"{percent(self.smell_share)} of the comments on {self.smell_category} complain of a chemical smell, whatever the reason",
            f"{percent(self.coating_share)} of the comments on defects of the bad batch say that the coating comes off",
        ]


@dataclass(frozen=True)
class SerialReturners(Truth):
    """A few customers who send most of it back."""

    title = "Serial returners"
    where = "returns by customer"
    noise = "each line comes back or not by chance"
    share: float = 0.012
    return_rate: float = 0.62
    customers: tuple[str, ...] = ()

    def _sizes(self) -> list[str]:
        return [
            f"{percent(self.share, 1)} of the customers who buy again send back {percent(self.return_rate)} of their lines"
        ]


@dataclass(frozen=True)
class Behaviour:
    """A type of customer: share of the acquired customers, orders a year while active (in proportion), mean active days.

    `lifetime` 0: never stops. `basket`: factor on lines an order. `gift`: factor from 20 November to 22 December (0.3 else).
    `promotion`: factor on days with a promotion.
    """

    name: str
    share: float
    rate: float
    lifetime: int
    basket: float = 1.0
    gift: float = 1.0
    promotion: float = 1.0


@dataclass(frozen=True)
class Segments(Truth):
    """Types of customers with different rates; what RFM, cohorts, CLV and churn have to find."""

    title = "Customer types"
    where = "customer_attributes (name behaviour) holds the type; orders by customer show it"
    noise = "orders of a customer come by chance at his rate; every customer's own rate spreads around that of the type (log-normal, 0.5)"
    types: tuple[Behaviour, ...] = (
        Behaviour("one-time", 0.40, 0.0, 0),
        Behaviour("occasional", 0.28, 1.0, 500),
        Behaviour("regular", 0.12, 4.0, 900),
        Behaviour("champion", 0.04, 11.0, 0, basket=1.35),
        Behaviour("gift buyer", 0.07, 1.2, 0, basket=1.2, gift=8.0),
        Behaviour("bargain hunter", 0.06, 1.6, 700, promotion=3.0),
        Behaviour("lapsed", 0.03, 6.0, 0),
    )
    lapse_day: date = date(2026, 3, 1)
    lapse_spread: int = 14
    earlier_share: float = 0.30
    inactive_share: float = 0.04

    def _sizes(self) -> list[str]:
        lines = []
        for kind in self.types:
            text = f"{kind.name}: {percent(kind.share)} of new customers, relative rate {kind.rate:g}"
            if kind.lifetime:
                text += f", active for {kind.lifetime} days on average (exponential)"
            if kind.gift != 1:
                text += f", {kind.gift:g} times as often from 20 November to 22 December, 0.3 times else"
            if kind.promotion != 1:
                text += f", {kind.promotion:g} times as often on days with a promotion"
            if kind.name == "lapsed":
                text += f", stops around {self.lapse_day} (± {self.lapse_spread} days)"
            lines.append(text)
        return [
            *lines,
            f"{percent(self.earlier_share)} of the customers were there before the first day; {percent(self.inactive_share)} registered "
            "and never bought",
        ]


@dataclass(frozen=True)
class Channels(Truth):
    """Where orders come from, who is unknown, and which never count."""

    title = "Channels and odd orders"
    where = "orders.channel, customer_id, order_status, is_test, is_deleted"
    noise = "chance of counting"
    shares: tuple[tuple[str, float], ...] = (("web", 0.45), ("mobile", 0.27), ("marketplace", 0.09), ("retail", 0.19))
    anonymous_retail: float = 0.36
    guest_online: float = 0.04
    cancelled: float = 0.028
    tests: float = 0.002
    deleted: float = 0.001
    edited: float = 0.015
    unknown_cost: float = 0.03

    def _sizes(self) -> list[str]:
        return [
            " · ".join(f"{name} {percent(share)}" for name, share in self.shares) + " of orders on average",
            f"{percent(self.anonymous_retail)} of store orders have no customer; {percent(self.guest_online)} of online orders "
            "are guests, half of them with the e-mail of a registered customer",
            f"{percent(self.cancelled, 1)} of orders outside the stores are cancelled, {percent(self.edited, 1)} of online orders edited "
            "after payment, "
            f"{percent(self.tests, 1)} are tests, {percent(self.deleted, 1)} deleted",
            f"{percent(self.unknown_cost)} of the products have no known cost until 2025-06-30",
        ]


@dataclass(frozen=True)
class WinBack(Truth):
    """A campaign with a random control group and a known effect on orders."""

    title = "Campaign with a control group"
    where = "campaign_members (arm target or control) and their orders from the start to the end"
    noise = "orders of a customer come by chance; the control group is 30 %"
    campaign_id: str = "CMP-SPRING"
    name: str = "Spring letter 2026"
    start: date = date(2026, 4, 13)
    end: date = date(2026, 5, 24)
    treated_share: float = 0.7
    lift: float = 1.30

    def _sizes(self) -> list[str]:
        return [
            f"{self.name}, {self.start} to {self.end}: orders of the treated {effect(self.lift)} against the control group"
        ]


@dataclass(frozen=True)
class AdCampaign:
    """An advertising campaign and its response: `orders × (1 − exp(−spend ÷ scale))` more orders a day.

    `orders` is a share of the web and mobile orders of a day without advertising (of the marketplace's for amazon); `spend`
    and `scale` are euros for each 100 orders a day of the shop. `claims`: conversions that the platform reports for each order
    that the campaign caused; `harvests`: the share of the other online orders that it claims without having caused them.
    """

    campaign_id: str
    name: str
    platform: str
    kind: str
    objective: str
    spend: float
    orders: float
    scale: float
    cpc: float
    ctr: float
    claims: float = 1.0
    harvests: float = 0.0
    view_rate: float = 0.0


@dataclass(frozen=True)
class AdResponse(Truth):
    """Advertising with diminishing returns: spend is moved every week, so the curve can be read from the data."""

    title = "Advertising response"
    where = "ad_performance.spend against conversions by campaign and day, and against all online orders"
    noise = "weekly spend levels are drawn from the stated list; orders are counted; the shop's own seasons multiply the response"
    levels: tuple[float, ...] = (0.3, 0.6, 1.0, 1.5, 2.2)
    campaigns: tuple[AdCampaign, ...] = (
        AdCampaign("G-GENERIC", "Search generic", "google", "search", "conversion", 120, 0.075, 110, 1.10, 0.042, 1.05),
        AdCampaign("G-SHOPPING", "Shopping", "google", "shopping", "conversion", 150, 0.095, 130, 0.76, 0.011, 1.05),
        AdCampaign("G-BRAND", "Search brand", "google", "search", "conversion", 25, 0.0, 30, 0.36, 0.160, 1.0, 0.050),
        AdCampaign("G-VIDEO", "Video", "google", "video", "awareness", 45, 0.012, 90, 0.60, 0.006, 1.6, view_rate=0.31),
        AdCampaign(
            "FB-PROSPECT",
            "Prospecting",
            "facebook",
            "social",
            "conversion",
            110,
            0.050,
            140,
            0.48,
            0.013,
            1.5,
            view_rate=0.08,
        ),
        AdCampaign(
            "FB-RETARGET", "Retargeting", "facebook", "retargeting", "retention", 40, 0.010, 25, 0.40, 0.021, 1.3, 0.040
        ),
        AdCampaign(
            "IG-STORIES",
            "Stories",
            "instagram",
            "social",
            "conversion",
            80,
            0.042,
            75,
            0.52,
            0.009,
            1.4,
            view_rate=0.12,
        ),
        AdCampaign(
            "TT-SPARK", "Spark ads", "tiktok", "video", "awareness", 55, 0.022, 120, 0.33, 0.011, 1.7, view_rate=0.42
        ),
        AdCampaign("AZ-PRODUCTS", "Sponsored products", "amazon", "shopping", "conversion", 35, 0.300, 40, 0.84, 0.006),
        AdCampaign("PI-IDEAS", "Idea pins", "pinterest", "social", "awareness", 25, 0.010, 45, 0.72, 0.005, 1.3),
        AdCampaign("MS-SEARCH", "Search", "microsoft", "search", "conversion", 20, 0.012, 25, 0.88, 0.031),
        AdCampaign(
            "SC-SNAP", "Snap ads", "snapchat", "video", "awareness", 12, 0.003, 30, 0.29, 0.007, 1.8, view_rate=0.35
        ),
        AdCampaign("X-POSTS", "Promoted posts", "x", "social", "awareness", 10, 0.002, 30, 0.82, 0.004, 1.5),
        AdCampaign("LI-GIFTS", "Corporate gifts", "linkedin", "social", "conversion", 14, 0.002, 20, 4.80, 0.004),
    )

    def _sizes(self) -> list[str]:
        lines = []
        for campaign in self.campaigns:
            text = (
                f"{campaign.campaign_id} ({campaign.platform}): up to {percent(campaign.orders, 1)} more "
                f"{'marketplace' if campaign.platform == 'amazon' else 'web and mobile'} orders, 63 % of that at "
                f"{campaign.scale:g} €, mean spend {campaign.spend:g} € for 100 orders a day; the platform reports {campaign.claims:g} "
                "conversions an order"
            )
            if campaign.harvests:
                text += f" and claims {percent(campaign.harvests)} of the other online orders"
            lines.append(text)
        return [*lines, f"weekly spend is the mean times one of {', '.join(f'{level:g}' for level in self.levels)}"]


@dataclass(frozen=True)
class Creatives(Truth):
    """An A/B test with a winner, an ad that tires, and a search that only costs."""

    title = "Ads, keywords and searches"
    where = "ad_performance by ad and day; ads.test_name and test_arm; search_terms"
    noise = "clicks of an ad and day are shaken by 8 %"
    test_campaign: str = "FB-PROSPECT"
    test_name: str = "Headline, spring 2026"
    test_lift: float = 1.18
    tired_campaign: str = "IG-STORIES"
    tired_half_life: int = 150
    wasted_term: str = "free knitting pattern"
    wasted_share: float = 0.06

    def _sizes(self) -> list[str]:
        return [
            f"arm B of the test {self.test_name} ({self.test_campaign}) has {effect(self.test_lift)} click-through rate, the same "
            "conversions a click",
            f"the click-through rate of the first ad of {self.tired_campaign} halves every {self.tired_half_life} days",
            f"the search '{self.wasted_term}' takes {percent(self.wasted_share)} of the clicks of a generic keyword and never sells",
        ]


@dataclass(frozen=True)
class Journeys(Truth):
    """The touch points before an online order: the first is what caused it, later ones only close."""

    title = "Journeys"
    where = "touch_points by order, in the order of touched_at"
    noise = "how many touch points an order has is chance"
    single: float = 0.62
    closers: tuple[tuple[str, float], ...] = (
        ("G-BRAND", 0.30),
        ("FB-RETARGET", 0.14),
        ("email", 0.26),
        ("direct", 0.30),
    )
    organic: tuple[tuple[str, float], ...] = (
        ("organic", 0.40),
        ("direct", 0.30),
        ("email", 0.16),
        ("social", 0.08),
        ("referral", 0.06),
    )

    def _sizes(self) -> list[str]:
        return [
            f"{percent(self.single)} of online orders have one touch point, the others two to four",
            "the first touch point is the cause; the others are drawn from "
            + ", ".join(f"{name} {percent(share)}" for name, share in self.closers)
            + ": last click gives them what they did not cause",
        ]


@dataclass(frozen=True)
class Offer:
    """A loyalty offer to members: the effect on the orders of those who got it against those held out."""

    offer_id: str
    name: str
    category: str
    start: str
    end: str
    depth: float
    lift: float
    reach: float


@dataclass(frozen=True)
class Loyalty(Truth):
    """Members, offers with a held-out group, and a paid subscription."""

    title = "Loyalty"
    where = "offers, offer_events (allocated, is_control, activated, redeemed), subscriptions and orders of the members"
    noise = "orders come by chance; members are the better customers anyway, so members against others misleads"
    member_share: float = 0.5
    held_out: float = 0.3
    scan_retail: float = 0.8
    activation: float = 0.42
    redemption: float = 0.55
    points_per_euro: int = 1
    subscriber_share: float = 0.12
    subscription_churn: float = 0.05
    subscription_effect: float = 1.40
    subscription_fee: int = 699
    offers: tuple[Offer, ...] = (
        Offer("O1", "Members' knit days", "Knitwear", "2025-10-02", "2025-10-24", 0.15, 1.25, 0.9),
        Offer("O2", "New year kitchen", "Kitchen", "2026-01-05", "2026-01-25", 0.10, 1.00, 0.8),
        Offer("O3", "Garden first", "Garden", "2026-04-03", "2026-04-12", 0.15, 1.15, 0.8),
        Offer("O4", "Summer thank you", "Dresses", "2026-07-02", "2026-07-26", 0.20, 1.35, 0.9),
        Offer("O5", "Back to home", "Bedding", "2026-09-03", "2026-09-27", 0.15, 1.20, 0.9),
    )

    def _sizes(self) -> list[str]:
        return [
            *(
                f"{offer.offer_id} {offer.name}, {offer.start} to {offer.end}: orders {effect(offer.lift)} against the "
                f"{percent(self.held_out)} held out; {percent(offer.reach)} of the members are drawn for it"
                for offer in self.offers
            ),
            f"a running subscription makes {effect(self.subscription_effect)} orders; {percent(self.subscriber_share)} of "
            f"members subscribe, {percent(self.subscription_churn)} of them end it each month",
        ]


@dataclass(frozen=True)
class BoughtTogether(Truth):
    """Pairs of products that are bought together more than by chance."""

    title = "Bought together"
    where = "order_items: orders that hold both products"
    noise = "chance of counting; all other pairs meet by chance"
    probability: float = 0.22
    pairs: tuple[tuple[str, str], ...] = ()

    def _sizes(self) -> list[str]:
        return [
            f"who buys the first also takes the second in {percent(self.probability)} of orders",
            *(f"{first} and {second}" for first, second in self.pairs),
        ]


@dataclass(frozen=True)
class LifeCycle(Truth):
    """New products, growing and declining ones."""

    title = "Life cycle"
    where = "units of the products since products.launch_date"
    noise = "counts of units a day"
    ramp_days: int = 180
    half_life: int = 110
    launched_share: float = 0.12
    declining_share: float = 0.10
    launched: tuple[tuple[str, date], ...] = ()
    declining: tuple[tuple[str, date], ...] = ()

    def _sizes(self) -> list[str]:
        return [
            f"new styles climb in a straight line from 15 % to 100 % of their level in {self.ramp_days} days",
            f"declining styles halve every {self.half_life} days",
            *(f"{style} launched on {day}" for style, day in self.launched),
            *(f"{style} declines from {day}" for style, day in self.declining),
        ]


@dataclass(frozen=True)
class Competition(Truth):
    """Our price against three competitors, by category; one of them starts to undercut."""

    title = "Competitors"
    where = "competitor_prices against our price of the same day"
    noise = "each competitor's price of a product is off by 3 % (normal)"
    spread: float = 0.03
    undercutter: str = "Seaside Living"
    undercut_category: str = "Bedding"
    undercut_from: date = date(2026, 6, 1)
    undercut: float = 0.88

    def _sizes(self) -> list[str]:
        return [
            "price index: " + " · ".join(f"{category.name} {category.index:g}" for category in CATEGORIES),
            f"{self.undercutter} lowers {self.undercut_category} by {percent(1 - self.undercut)} from {self.undercut_from}",
        ]


@dataclass(frozen=True)
class Currencies(Truth):
    """Orders in other currencies, with a daily rate each."""

    title = "Currencies"
    where = "orders.currency and exchange_rate; exchange_rates for every day"
    noise = "rates walk by chance around their level"
    gbp_share: float = 0.08
    usd_share: float = 0.04
    gbp: float = 1.17
    usd: float = 0.91

    def _sizes(self) -> list[str]:
        return [
            f"{percent(self.gbp_share)} of web and mobile customers buy in the British shop in GBP, {percent(self.usd_share)} "
            "in USD without tax in the price; half of these orders carry their rate, the others need the table",
        ]


@dataclass(frozen=True)
class SeasonBudgets(Truth):
    """Season budgets: all near their plan but one."""

    title = "Season budgets"
    where = "season_spend against season_budgets"
    noise = "the other lines end between 90 % and 106 % of their budget"
    overspent: str = "XM25"
    overspent_category: str = "marketing"
    overspend: float = 1.28

    def _sizes(self) -> list[str]:
        return [
            f"{self.overspent_category} of {self.overspent} (Christmas 2025) is overspent by {percent(self.overspend - 1)}"
        ]


@dataclass(frozen=True)
class Truths:
    """Everything that is planted."""

    growth: Growth = Growth()
    year: YearShape = YearShape()
    week: WeekShape = WeekShape()
    day: DayShape = DayShape()
    holidays: Holidays = Holidays()
    anomalies: Anomalies = Anomalies()
    channels: Channels = Channels()
    currencies: Currencies = Currencies()
    segments: Segments = Segments()
    elasticity: Elasticity = Elasticity()
    promotions: Promotions = Promotions()
    life: LifeCycle = LifeCycle()
    together: BoughtTogether = BoughtTogether()
    competition: Competition = Competition()
    stockouts: Stockouts = field(default_factory=Stockouts)
    dead_stock: DeadStock = DeadStock()
    stock_errors: StockErrors = StockErrors()
    suppliers: SupplierQuality = SupplierQuality()
    returns: Returns = Returns()
    comments: Comments = Comments()
    serial: SerialReturners = SerialReturners()
    campaign: WinBack = WinBack()
    ads: AdResponse = AdResponse()
    creatives: Creatives = Creatives()
    journeys: Journeys = Journeys()
    loyalty: Loyalty = Loyalty()
    seasons: SeasonBudgets = SeasonBudgets()

    def all(self) -> list[Truth]:
        """Every truth, in the order of the guide."""
        return [getattr(self, part.name) for part in fields(self)]


PLAN = Truths()
"""The parameters, before a shop of some size is made of them."""
