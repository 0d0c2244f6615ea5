"""What was planted can be seen in the medium shop with plain SQL, within the noise that it stands in."""

from __future__ import annotations

import math

import pytest

from tillsight.reference_shop.truths import CATEGORIES, FIRST_DAY, LAST_DAY, PLAN, SUPPLIERS

ONLINE = "channel IN ('web', 'mobile')"


def test_growth(medium) -> None:
    ratio = medium.value("SELECT sum((day >= '2025-11-01')::INT) / sum((day < '2025-11-01')::INT) FROM o")
    # Prices, promotions, sold-out spans and advertising differ between the years by a few percent.
    assert ratio == pytest.approx(medium.truths.growth.yearly, rel=0.05)


def test_season_of_the_year(medium) -> None:
    rows = medium.rows("SELECT month(day), count(*) / count(DISTINCT day)::DOUBLE FROM o GROUP BY 1 ORDER BY 1")
    mean = sum(value for _, value in rows) / 12
    plan = medium.truths.year.months
    level = sum(plan) / 12
    for month, value in rows:
        # The months around the turn of the shop's years carry the trend too, November and December the holidays.
        assert value / mean == pytest.approx(plan[month - 1] / level, rel=0.16), month


def test_weekdays_and_closed_days(medium) -> None:
    quiet = "month(day) NOT IN (11, 12)"
    rows = medium.rows(f"SELECT isodow(day), count(*) FROM o WHERE {ONLINE} AND {quiet} GROUP BY 1 ORDER BY 1")
    total = sum(count for _, count in rows) / 7
    for weekday, count in rows:
        assert count / total == pytest.approx(medium.truths.week.online[weekday - 1], rel=0.04)
    closed = ", ".join(f"'{day}'" for day in medium.truths.holidays.closed)
    assert (
        medium.value(f"SELECT count(*) FROM o WHERE channel = 'retail' AND (isodow(day) = 7 OR day IN ({closed}))") == 0
    )
    saturday = medium.value(
        "SELECT count(*) FILTER (isodow(day) = 6) / count(*) FILTER (isodow(day) = 1) FROM o WHERE channel = 'retail'"
    )
    assert saturday == pytest.approx(2.10 / 0.80, rel=0.12)


def test_hours(medium) -> None:
    for where, plan in ((ONLINE, medium.truths.day.online), ("channel = 'retail'", medium.truths.day.retail)):
        rows = dict(medium.rows(f"SELECT hour, count(*) FROM o WHERE currency <> 'GBP' AND {where} GROUP BY 1"))
        total = sum(rows.values())
        for hour, share in enumerate(plan):
            expected = share / sum(plan)
            assert rows.get(hour, 0) / total == pytest.approx(expected, abs=5 * math.sqrt(expected / total) + 0.0005)


def around(medium, day: str, where: str) -> float:
    """Orders of a day against the mean of the same weekday one to three weeks before and after."""
    return medium.value(
        f"""WITH d AS (SELECT day, count(*) AS n FROM o WHERE {where} GROUP BY 1)
            SELECT (SELECT n FROM d WHERE day = DATE '{day}') / (SELECT avg(n) FROM d WHERE abs(day - DATE '{day}') IN (7, 14, 21))"""
    )


@pytest.mark.parametrize(("day", "factor"), [(day, factor) for day, factor, _ in PLAN.anomalies.days])
def test_anomalies(medium, day: str, factor: float) -> None:
    # About 150 orders a day and 6 % of noise on the day and on those around it.
    assert around(medium, day, "TRUE") == pytest.approx(factor, rel=0.30)


@pytest.mark.parametrize("day", ["2024-11-29", "2025-11-28", "2025-12-01"])
def test_black_friday(medium, day: str) -> None:
    factor = dict(medium.truths.holidays.factors)[day]
    before = f"channel <> 'retail' AND (day = '{day}' OR day < DATE '{day}' - 5)"
    assert around(medium, day, before) == pytest.approx(factor, rel=0.30)


def test_christmas_dip(medium) -> None:
    usual = medium.value(
        "SELECT count(*) / 14.0 FROM o WHERE channel <> 'retail' AND day BETWEEN '2025-12-06' AND '2025-12-19'"
    )
    for day in ("2025-12-24", "2025-12-25", "2025-12-26"):
        assert medium.value(f"SELECT count(*) FROM o WHERE channel <> 'retail' AND day = '{day}'") < 0.6 * usual


def test_elasticities(medium) -> None:
    """Units of a style while it had a price, against the mature styles of its category on the same days, in logarithms.

    The days of promotions are left out, and the product whose demand hangs on another one's price.
    """
    medium.sql.execute(
        """CREATE OR REPLACE TEMP TABLE price AS
           WITH s AS (SELECT product_id AS style, category FROM products
                      WHERE shop_id = 'harbour-pine' AND product_id = parent_product_id AND launch_date < '2024-11-01'
                        AND status = 'active' AND NOT is_bundle AND NOT is_gift_card),
                d AS (SELECT DISTINCT day FROM o)
           SELECT s.style, s.category, d.day, c.new_price AS price FROM s CROSS JOIN d
           ASOF JOIN price_changes c ON c.product_id = s.style AND d.day >= timezone('Europe/Berlin', c.effective_at)::DATE"""
    )
    promoted = " OR ".join(
        f"(category = '{part.category}' AND day BETWEEN '{part.start}' AND '{part.end}')"
        for part in PLAN.promotions.promotions
    )
    rows = medium.rows(
        f"""WITH u AS (SELECT style, day, sum(quantity) AS q FROM l GROUP BY ALL),
                 g AS (SELECT price.*, coalesce(q, 0) AS q, sum(coalesce(q, 0)) OVER (PARTITION BY category, day) AS whole
                       FROM price LEFT JOIN u USING (style, day) WHERE NOT ({promoted})
                         AND style <> '{medium.truths.elasticity.substitute[0]}'),
                 c AS (SELECT category, style, price, sum(q)::DOUBLE AS q, sum(whole - q)::DOUBLE AS other FROM g GROUP BY ALL),
                 x AS (SELECT *, ln(price) AS lp, ln(q / other) AS lq FROM c WHERE q >= 20),
                 m AS (SELECT category, q, lp - sum(q * lp) OVER s / sum(q) OVER s AS lp, lq - sum(q * lq) OVER s / sum(q) OVER s AS lq
                       FROM x WINDOW s AS (PARTITION BY style))
            SELECT category, sum(q * lp * lq) / sum(q * lp * lp), sqrt(1 / sum(q * lp * lp)) FROM m GROUP BY 1"""
    )
    found = {category: (slope, error) for category, slope, error in rows}
    planted = {category.name: category.elasticity for category in CATEGORIES}
    assert set(found) == set(planted)
    for category, (slope, error) in found.items():
        # The other styles' own price changes move the comparison too: half a point beside the error of counting.
        assert slope == pytest.approx(planted[category], abs=0.5 + 3 * error), category
    mean = sum(slope - planted[category] for category, (slope, _) in found.items()) / len(found)
    assert abs(mean) < 0.2


def test_cross_price_elasticity(medium) -> None:
    """Units of the first product by the price of the second, its own price taken out, against the mature rest of the category."""
    first, second = medium.truths.elasticity.substitute
    category = medium.rows(f"SELECT category FROM products WHERE product_id = '{first}'")[0][0]
    own = next(part.elasticity for part in CATEGORIES if part.name == category)
    slope, error = medium.rows(
        f"""WITH u AS (SELECT l.day, sum(quantity) FILTER (product_id = '{first}') AS q,
                              sum(quantity) FILTER (product_id <> '{first}') AS rest
                       FROM l JOIN products p USING (shop_id, product_id)
                       WHERE l.category = '{category}' AND p.status = 'active' AND p.launch_date < '2024-11-01'
                         AND product_id <> '{second}' GROUP BY 1),
                 a AS (SELECT u.*, c.new_price AS own FROM u ASOF JOIN (SELECT * FROM price_changes WHERE product_id = '{first}') c
                       ON u.day >= timezone('Europe/Berlin', c.effective_at)::DATE),
                 b AS (SELECT a.*, c.new_price AS other FROM a ASOF JOIN (SELECT * FROM price_changes WHERE product_id = '{second}') c
                       ON a.day >= timezone('Europe/Berlin', c.effective_at)::DATE),
                 g AS (SELECT own, other, sum(coalesce(q, 0))::DOUBLE AS q, sum(rest)::DOUBLE AS rest FROM b GROUP BY ALL),
                 x AS (SELECT q AS w, ln(other) AS lp, ln(q / rest) - ln(own) * {own} AS lq FROM g WHERE q > 0),
                 m AS (SELECT w, lp - (SELECT sum(w * lp) / sum(w) FROM x) AS lp, lq - (SELECT sum(w * lq) / sum(w) FROM x) AS lq FROM x)
            SELECT sum(w * lp * lq) / sum(w * lp * lp), sqrt(1 / sum(w * lp * lp)) FROM m"""
    )[0]
    assert slope == pytest.approx(medium.truths.elasticity.cross, abs=0.4 + 2 * error)
    assert slope > 2 * error


def test_fixed_prices_do_not_move(medium) -> None:
    for product in medium.truths.elasticity.fixed_products:
        assert medium.value(f"SELECT count(*) FROM price_changes WHERE product_id = '{product}'") == 1


def test_promotion_lifts(medium) -> None:
    """Share of the category against the others, in the promotion and in the weeks around it."""
    errors = []
    for part in PLAN.promotions.promotions:
        after = part.after_days + 1
        lift = medium.value(
            f"""WITH d AS (SELECT day, sum(quantity) FILTER (category = '{part.category}') AS mine,
                                  sum(quantity) FILTER (category <> '{part.category}') AS rest FROM l GROUP BY 1)
                SELECT (SELECT sum(mine) / sum(rest) FROM d WHERE day BETWEEN '{part.start}' AND '{part.end}')
                     / (SELECT sum(mine) / sum(rest) FROM d WHERE day BETWEEN DATE '{part.start}' - 28 AND DATE '{part.start}' - 1
                        OR day BETWEEN DATE '{part.end}' + {after} AND DATE '{part.end}' + {after + 27})"""
        )
        errors.append(lift / part.lift - 1)
        assert lift == pytest.approx(part.lift, rel=0.28), part
    assert abs(sum(errors) / len(errors)) < 0.10


def test_promotion_that_brings_sales_forward(medium) -> None:
    part = next(part for part in PLAN.promotions.promotions if part.after_days)
    dip = medium.value(
        f"""WITH d AS (SELECT day, sum(quantity) FILTER (category = '{part.category}') AS mine,
                              sum(quantity) FILTER (category <> '{part.category}') AS rest FROM l GROUP BY 1)
            SELECT (SELECT sum(mine) / sum(rest) FROM d WHERE day BETWEEN DATE '{part.end}' + 1 AND DATE '{part.end}' + {part.after_days})
                 / (SELECT sum(mine) / sum(rest) FROM d WHERE day BETWEEN DATE '{part.start}' - 28 AND DATE '{part.start}' - 1)"""
    )
    assert dip == pytest.approx(part.after, abs=0.2)


def test_sold_out_products_do_not_sell(medium) -> None:
    assert len(medium.truths.stockouts.spans) == 8
    for product, first, last in medium.truths.stockouts.spans:
        assert (
            medium.value(
                f"SELECT count(*) FROM l WHERE product_id = '{product}' AND day BETWEEN '{first}' AND '{last}'"
            )
            == 0
        )
        sold = f"SELECT sum(quantity) FROM l WHERE product_id = '{product}' AND day BETWEEN DATE '{first}' - 28 AND DATE '{first}' - 1"
        assert medium.value(sold) > 10
        stock = medium.value(
            f"""SELECT sum(quantity) FROM inventory_movements
                WHERE product_id = '{product}' AND timezone('Europe/Berlin', occurred_at)::DATE <= '{last}'"""
        )
        assert stock == 0
        late = medium.rows(
            f"""SELECT expected_date, received_date FROM purchase_orders
                WHERE product_id = '{product}' AND received_date = DATE '{last}' + 1"""
        )
        assert late
        assert late[0][0] < first


def test_dead_stock(medium) -> None:
    plan = medium.truths.dead_stock
    assert len(plan.products) == 3
    for product in plan.products:
        assert medium.value(f"SELECT count(*) FROM l WHERE product_id = '{product}' AND day >= '{plan.since}'") == 0
        assert medium.value(f"SELECT count(*) FROM l WHERE product_id = '{product}' AND day < '{plan.since}'") > 20
        stock = f"SELECT sum(quantity) FROM inventory_movements WHERE product_id = '{product}' AND location_id = 'WH1'"
        assert medium.value(stock) >= plan.units
    idle = medium.rows(
        """SELECT m.product_id FROM inventory_movements m ANTI JOIN (SELECT product_id FROM l WHERE day > '2026-07-31') s USING (product_id)
           GROUP BY 1 HAVING sum(quantity) > 50"""
    )
    assert sorted(product for (product,) in idle) == list(plan.products)


def test_suppliers(medium) -> None:
    rows = medium.rows(
        """SELECT supplier_id, avg(late), avg(lead), count(*) FROM (SELECT supplier_id, purchase_order_id,
             max((received_date > expected_date)::INT) AS late, avg(received_date - order_date) AS lead FROM purchase_orders
             WHERE received_date IS NOT NULL AND purchase_order_id NOT LIKE '%-%-%-%' GROUP BY ALL) GROUP BY 1"""
    )
    found = {supplier: (late, lead, count) for supplier, late, lead, count in rows}
    assert max(found, key=lambda supplier: found[supplier][0]) == "S3"
    for supplier in SUPPLIERS:
        late, lead, count = found[supplier.supplier_id]
        assert late == pytest.approx(supplier.late_share, abs=3.5 * math.sqrt(0.25 / count))
        assert lead == pytest.approx(
            supplier.lead_days, abs=0.8 * supplier.spread_days + supplier.late_share * supplier.late_days + 2
        )


LINES = """SELECT l.*, i.return_id IS NOT NULL AS back, i.reason_code, i.reason_category FROM l LEFT JOIN return_items i
           ON i.shop_id = l.shop_id AND i.order_id = l.order_id AND i.order_line_id = l.line_id
           WHERE NOT l.is_gift_card AND l.day < '2026-08-01'"""


def names(values: tuple[str, ...]) -> str:
    return ", ".join(f"'{value}'" for value in values)


def test_return_rates(medium) -> None:
    special = names((*medium.truths.returns.small_product, *medium.truths.suppliers.batch_products))
    serial = names(medium.truths.serial.customers)
    rows = medium.rows(
        f"""SELECT category, avg(back::INT), count(*) FROM ({LINES}) WHERE channel <> 'retail' AND product_id NOT IN ({special})
            AND coalesce(customer_id, '') NOT IN ({serial}) GROUP BY 1"""
    )
    found = {category: (rate, count) for category, rate, count in rows}
    for category in CATEGORIES:
        rate, count = found[category.name]
        expected = category.return_rate + medium.truths.suppliers.usual_defect_rate
        # Serial returners also buy as guests.
        assert rate == pytest.approx(expected, abs=4 * math.sqrt(expected / count) + 0.006), category.name


def test_style_that_runs_small(medium) -> None:
    small = names(medium.truths.returns.small_product)
    rate, too_small = medium.rows(
        f"""SELECT avg(back::INT), avg((reason_code = 'too_small')::INT) FILTER (back) FROM ({LINES})
            WHERE channel <> 'retail' AND product_id IN ({small})"""
    )[0]
    category = medium.rows(f"SELECT category FROM products WHERE product_id IN ({small})")[0][0]
    usual = next(part.return_rate for part in CATEGORIES if part.name == category)
    assert rate == pytest.approx(usual * medium.truths.returns.small_factor, rel=0.15)
    assert too_small > 0.6


def test_bad_batch(medium) -> None:
    plan = medium.truths.suppliers
    rate = medium.value(
        f"""SELECT avg((reason_code = 'manufacturing_defect' AND back)::INT) FROM ({LINES})
            WHERE product_id IN ({names(plan.batch_products)}) AND day BETWEEN '{plan.batch_first}' AND '{plan.batch_last}'"""
    )
    assert rate == pytest.approx(plan.batch_defect_rate, abs=0.15)
    usual = medium.value(
        f"SELECT avg((coalesce(reason_code, '') = 'manufacturing_defect')::INT) FROM ({LINES}) WHERE day < '{plan.batch_first}'"
    )
    assert usual == pytest.approx(plan.usual_defect_rate, abs=0.003)


def test_serial_returners(medium) -> None:
    serial = names(medium.truths.serial.customers)
    rate = medium.value(f"SELECT avg(back::INT) FROM ({LINES}) WHERE customer_id IN ({serial})")
    assert rate == pytest.approx(medium.truths.serial.return_rate, abs=0.05)
    assert 100 < len(medium.truths.serial.customers) < 200


def test_return_lag_and_outcomes(medium) -> None:
    plan = medium.truths.returns
    least, mean, outside = medium.rows(
        """SELECT min(days_from_purchase), avg(days_from_purchase) FILTER (days_from_purchase <= 30),
             avg((days_from_purchase > 30)::INT) FROM returns WHERE channel = 'post' AND original_order_date < '2026-08-01'"""
    )[0]
    assert least == plan.first_lag
    assert mean == pytest.approx(plan.first_lag + plan.lag_days - 0.5, abs=1.0)
    assert outside == pytest.approx(plan.outside_share, abs=0.01)
    rejected = medium.value(
        "SELECT avg((workflow_step = 'rejected')::INT) FROM returns WHERE original_order_date < '2026-08-01'"
    )
    assert rejected == pytest.approx(plan.rejected_share, abs=0.006)


def test_customer_types(medium) -> None:
    rows = medium.rows(
        """WITH a AS (SELECT customer_id, value AS kind FROM customer_attributes WHERE attribute = 'behaviour'),
                f AS (SELECT customer_id, count(*) AS n FROM o WHERE customer_id IS NOT NULL GROUP BY 1)
           SELECT kind, max(n) FROM a JOIN f USING (customer_id) GROUP BY 1"""
    )
    most = dict(rows)
    plan = medium.truths.segments
    assert most["one-time"] == 1
    assert "never bought" not in most
    # Types that do not stop order in proportion to their rates; those that do fall behind.
    rates = {kind.name: kind.rate for kind in plan.types}
    active = dict(
        medium.rows(
            """WITH a AS (SELECT customer_id, value AS kind FROM customer_attributes WHERE attribute = 'behaviour'),
                    f AS (SELECT customer_id, min(day) AS first, count(*) FILTER (day BETWEEN '2025-02-01' AND '2025-10-31') AS n
                          FROM o GROUP BY 1)
               SELECT kind, avg(n) FROM a JOIN f USING (customer_id) WHERE first < '2024-12-01' GROUP BY 1"""
        )
    )
    assert active["champion"] / active["lapsed"] == pytest.approx(rates["champion"] / rates["lapsed"], rel=0.15)
    assert active["champion"] / active["occasional"] > rates["champion"]
    lapsed = medium.value(
        """SELECT count(*) FROM o JOIN customer_attributes USING (customer_id) WHERE value = 'lapsed' AND day > '2026-04-25'"""
    )
    assert lapsed == 0
    gifts = medium.value(
        """SELECT avg((month(day) = 11 AND day(day) >= 20 OR month(day) = 12 AND day(day) <= 22)::INT) FROM o
           JOIN customer_attributes USING (customer_id) WHERE value = 'gift buyer'"""
    )
    others = medium.value(
        """SELECT avg((month(day) = 11 AND day(day) >= 20 OR month(day) = 12 AND day(day) <= 22)::INT) FROM o
           JOIN customer_attributes USING (customer_id) WHERE value = 'champion'"""
    )
    assert gifts > 3 * others


def effect_of(medium, members: str, first: str, last: str) -> tuple[float, float]:
    """Orders a head of the treated against those held out, and the standard error of the ratio from the spread between people.

    `members` selects customer_id and held.
    """
    rows = {
        held: values
        for held, *values in medium.rows(
            f"""WITH n AS (SELECT m.customer_id, m.held, count(o.order_id)::DOUBLE AS n FROM ({members}) m
                  LEFT JOIN o ON o.customer_id = m.customer_id AND o.day BETWEEN '{first}' AND '{last}' GROUP BY ALL)
                SELECT held, avg(n), var_samp(n) / count(*) FROM n GROUP BY 1"""
        )
    }
    (treated, spread), (held, noise) = rows[False], rows[True]
    return treated / held, treated / held * math.sqrt(spread / treated**2 + noise / held**2)


def test_campaign_with_control_group(medium) -> None:
    plan = medium.truths.campaign
    members = (
        f"SELECT customer_id, arm = 'control' AS held FROM campaign_members WHERE campaign_id = '{plan.campaign_id}'"
    )
    ratio, error = effect_of(medium, members, plan.start, plan.end)
    assert ratio == pytest.approx(plan.lift, abs=3 * error)
    assert ratio - 1 > 2 * error
    share = medium.value("SELECT avg((arm = 'target')::INT) FROM campaign_members")
    assert share == pytest.approx(plan.treated_share, abs=0.02)


def test_offers_with_held_out_group(medium) -> None:
    found = []
    for offer in PLAN.loyalty.offers:
        members = f"SELECT customer_id, bool_or(is_control) AS held FROM offer_events WHERE offer_id = '{offer.offer_id}' GROUP BY 1"
        ratio, error = effect_of(medium, members, offer.start, offer.end)
        assert ratio == pytest.approx(offer.lift, abs=3 * error), offer.offer_id
        assert error < 0.15
        found.append((ratio - offer.lift) / error)
    # Together they are as far off as chance allows: the sum of five has a standard deviation of √5.
    assert abs(sum(found)) < 3 * math.sqrt(len(found))


def test_subscription(medium) -> None:
    """Champions never stop, so those with and without a subscription differ by it alone."""
    rows = dict(
        medium.rows(
            f"""WITH s AS (SELECT customer_id, started_at, coalesce(ended_at, timestamptz '2026-11-01') AS until FROM subscriptions),
                     m AS (SELECT customer_id, joined_at FROM loyalty_members JOIN customer_attributes USING (customer_id)
                           WHERE value = 'champion'),
                     w AS (SELECT m.customer_id, true AS paid, s.started_at AS since, s.until FROM m JOIN s USING (customer_id)
                           UNION ALL
                           SELECT m.customer_id, false, greatest(m.joined_at, timestamptz '{FIRST_DAY}') + INTERVAL 100 DAY,
                                  timestamptz '{LAST_DAY}' FROM m ANTI JOIN s USING (customer_id)),
                     n AS (SELECT paid, w.customer_id, since, until, count(o.order_id) AS n FROM w LEFT JOIN o
                           ON o.customer_id = w.customer_id AND o.placed_at >= since AND o.placed_at < until
                           WHERE until > since GROUP BY ALL)
                SELECT paid, sum(n) / sum(date_diff('day', since, until)) FROM n GROUP BY 1"""
        )
    )
    assert rows[True] / rows[False] == pytest.approx(medium.truths.loyalty.subscription_effect, abs=0.35)


def test_advertising_response(medium) -> None:
    """Orders caused by shopping ads for each online order, at every level of spend, follow the planted curve."""
    plan = next(part for part in PLAN.ads.campaigns if part.campaign_id == "G-SHOPPING")
    unit = 120_000 / 730 / 100
    rows = medium.rows(
        f"""WITH a AS (SELECT day, sum(spend) / {unit} AS spend, sum(click_conversions) AS n FROM ad_performance
                       WHERE campaign_id = '{plan.campaign_id}' AND breakdown = 'base' GROUP BY 1),
                 b AS (SELECT timezone('Europe/Berlin', placed_at)::DATE AS day, count(*) AS orders FROM orders
                       WHERE {ONLINE} AND NOT is_test AND NOT is_deleted GROUP BY 1)
            SELECT avg(spend), sum(n) / sum(orders), sum(n) FROM a JOIN b USING (day) GROUP BY round(spend / 60) HAVING sum(n) > 150"""
    )
    assert len(rows) >= 4
    for spend, share, count in rows:
        pull = plan.orders * (1 - math.exp(-spend / plan.scale))
        # The other campaigns lie in the orders too: a fifth more on average.
        assert share == pytest.approx(pull / 1.20, rel=4 / math.sqrt(count) + 0.06)
    least, most = min(rows), max(rows)
    assert most[0] / least[0] > 4
    assert most[1] / most[0] < 0.6 * least[1] / least[0]


def test_brand_search_causes_nothing_and_claims_much(medium) -> None:
    first = medium.value("SELECT count(*) FROM touch_points WHERE campaign_id = 'G-BRAND' AND position = 1")
    last = medium.value("SELECT count(*) FROM orders WHERE campaign_id = 'G-BRAND'")
    claimed = medium.value("SELECT sum(conversions) FROM ad_performance WHERE campaign_id = 'G-BRAND'")
    assert (first, last > 3_000, claimed > 3_000) == (0, True, True)
    single = medium.value(
        """SELECT avg((n = 1)::INT) FROM (SELECT count(*) AS n FROM touch_points t JOIN orders o USING (shop_id, order_id)
           WHERE o.channel IN ('web', 'mobile') GROUP BY t.shop_id, t.order_id)"""
    )
    assert single == pytest.approx(medium.truths.journeys.single, abs=0.01)


def test_ab_test_tired_ad_and_wasted_search(medium) -> None:
    plan = medium.truths.creatives
    arms = dict(
        medium.rows(
            f"""SELECT test_arm, sum(clicks) / sum(impressions) FROM ad_performance JOIN ads USING (ad_id)
                WHERE test_name = '{plan.test_name}' AND breakdown = 'base' GROUP BY 1"""
        )
    )
    assert arms["B"] / arms["A"] == pytest.approx(plan.test_lift, rel=0.03)
    early, late = (
        medium.value(
            f"""SELECT sum(clicks) / sum(impressions) FROM ad_performance
                WHERE ad_id = '{plan.tired_campaign}-ad1' AND day BETWEEN DATE '{first}' AND DATE '{first}' + 29"""
        )
        for first in ("2024-11-01", "2025-03-31")
    )
    assert late / early == pytest.approx(0.5, abs=0.03)
    spent, sold = medium.rows(
        f"SELECT sum(spend), sum(conversions) FROM search_terms WHERE search_term = '{plan.wasted_term}'"
    )[0]
    assert (spent > 100, sold) == (True, 0)


def test_bought_together(medium) -> None:
    for first, second in medium.truths.together.pairs:
        joint, one, other, every = medium.rows(
            f"""WITH b AS (SELECT order_id, bool_or(product_id = '{first}') AS a, bool_or(product_id = '{second}') AS b FROM l GROUP BY 1)
                SELECT sum((a AND b)::INT), sum(a::INT), sum(b::INT), count(*) FROM b"""
        )[0]
        assert joint / one == pytest.approx(medium.truths.together.probability, abs=0.08)
        assert joint * every / (one * other) > 5


def test_life_cycle(medium) -> None:
    assert medium.truths.life.launched
    assert medium.truths.life.declining
    for product, day in medium.truths.life.launched:
        assert medium.value(f"SELECT count(*) FROM l WHERE style = '{product}' AND day < '{day}'") == 0
        assert (
            medium.value(f"SELECT count(*) FROM products WHERE product_id = '{product}' AND launch_date = '{day}'") >= 1
        )
    styles = names(tuple(product for product, _ in medium.truths.life.declining))
    early, late = (
        medium.value(f"SELECT sum(quantity) FROM l WHERE style IN ({styles}) AND day BETWEEN {span}")
        for span in ("'2024-11-01' AND '2025-01-31'", "'2026-08-01' AND '2026-10-31'")
    )
    assert late < 0.45 * early


def test_competitors(medium) -> None:
    plan = medium.truths.competition
    rows = dict(
        medium.rows(
            f"""WITH ours AS (SELECT product_id, avg(list_price) / 1.15 AS base FROM products WHERE shop_id = 'harbour-pine' GROUP BY 1)
                SELECT p.category, 100 * sum(ours.base) / sum(c.price) FROM competitor_prices c JOIN ours USING (product_id)
                JOIN products p ON p.product_id = c.product_id AND p.shop_id = c.shop_id
                WHERE c.checked_at < '{plan.undercut_from}' GROUP BY 1"""
        )
    )
    for category in CATEGORIES:
        assert rows[category.name] == pytest.approx(category.index, rel=0.02)
    cut = medium.value(
        f"""SELECT avg(price) FILTER (checked_at > '{plan.undercut_from}') / avg(price) FILTER (checked_at < '{plan.undercut_from}')
            FROM competitor_prices c JOIN products p USING (shop_id, product_id)
            WHERE competitor_name = '{plan.undercutter}' AND category = '{plan.undercut_category}' AND p.launch_date < '2024-11-01'"""
    )
    assert cut == pytest.approx(plan.undercut, abs=0.03)


def test_currencies_and_odd_orders(medium) -> None:
    plan, odd = medium.truths.currencies, medium.truths.channels
    pounds, dollars = medium.rows(
        f"SELECT avg((currency = 'GBP')::INT), avg((currency = 'USD')::INT) FROM o WHERE {ONLINE}"
    )[0]
    assert pounds == pytest.approx(plan.gbp_share, abs=0.025)
    assert dollars == pytest.approx(plan.usd_share, abs=0.02)
    assert medium.value("SELECT count(*) FROM orders WHERE currency = 'USD' AND prices_include_tax") == 0
    cancelled, tests, anonymous = medium.rows(
        """SELECT avg((order_status = 'cancelled')::INT) FILTER (channel <> 'retail'), avg(is_test::INT),
             avg((customer_id IS NULL)::INT) FILTER (channel = 'retail') FROM orders"""
    )[0]
    assert cancelled == pytest.approx(odd.cancelled, abs=0.003)
    assert tests == pytest.approx(odd.tests, abs=0.0006)
    assert anonymous == pytest.approx(odd.anonymous_retail, abs=0.03)
    shares = dict(medium.rows("SELECT channel, count(*) / 120000.0 FROM orders GROUP BY 1"))
    for channel, share in odd.shares:
        assert float(shares[channel]) == pytest.approx(share, abs=0.015)


def test_outages_on_the_site(medium) -> None:
    rows = medium.rows(
        "SELECT DISTINCT timezone('Europe/Berlin', sampled_at)::DATE::VARCHAR FROM site_performance WHERE NOT is_up"
    )
    assert rows == [("2025-06-17",)]
    slow = medium.rows(
        "SELECT DISTINCT timezone('Europe/Berlin', sampled_at)::DATE::VARCHAR FROM site_performance WHERE response_ms > 2000"
    )
    assert slow == [("2026-05-20",)]


def test_overspent_season(medium) -> None:
    plan = medium.truths.seasons
    rows = medium.rows(
        """SELECT b.season_id, b.budget_category, sum(s.spent) / sum(b.budgeted_amount) FROM season_budgets b
           JOIN (SELECT season_id, budget_category, sub_category, sum(amount) AS spent FROM season_spend GROUP BY ALL) s
             USING (season_id, budget_category, sub_category)
           JOIN seasons USING (season_id) WHERE seasons.status = 'completed'
           GROUP BY ALL HAVING sum(s.spent) > 1.1 * sum(b.budgeted_amount)"""
    )
    assert [(season, category) for season, category, _ in rows] == [(plan.overspent, plan.overspent_category)]
    assert float(rows[0][2]) == pytest.approx(plan.overspend, abs=0.001)
