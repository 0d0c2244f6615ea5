"""What has to add up does: money of orders, payments, refunds, stock, advertising, points and seasons."""

from __future__ import annotations


def test_orders_add_up_to_their_totals(small) -> None:
    wrong = small.rows(
        """WITH i AS (SELECT shop_id, order_id, sum(unit_price * quantity - discount_amount) AS lines, sum(tax_amount) AS tax
                      FROM order_items GROUP BY ALL),
                d AS (SELECT shop_id, order_id, sum(amount) AS codes FROM discount_lines GROUP BY ALL)
           SELECT order_id FROM orders JOIN i USING (shop_id, order_id) LEFT JOIN d USING (shop_id, order_id)
           WHERE subtotal <> lines OR total_amount <> lines - coalesce(codes, 0) - discount_amount + shipping_amount
                 + shipping_tax_amount + orders.tax_amount"""
    )
    assert wrong == []
    assert small.value("SELECT count(*) FROM orders ANTI JOIN order_items USING (shop_id, order_id)") == 0


def test_tax_in_the_price_is_that_of_what_is_paid(small) -> None:
    """Per line, after its share of the order's discount: off by half a cent at most, and by line exactly on the whole."""
    wrong = small.rows(
        """WITH i AS (SELECT shop_id, order_id, sum(unit_price * quantity - discount_amount) FILTER (NOT is_gift_card) AS lines,
                             sum(tax_amount) AS tax, max(tax_rate) AS rate, count(*) AS many FROM order_items GROUP BY ALL),
                d AS (SELECT shop_id, order_id, sum(amount) AS codes FROM discount_lines GROUP BY ALL)
           SELECT order_id FROM orders JOIN i USING (shop_id, order_id) LEFT JOIN d USING (shop_id, order_id)
           WHERE prices_include_tax
             AND abs(tax - (coalesce(lines, 0) - coalesce(codes, 0) - discount_amount) * rate / (100 + rate)) > 0.005 * many + 0.0001"""
    )
    assert wrong == []


def test_tax_lines_split_the_tax_of_their_order(small) -> None:
    wrong = small.rows(
        """WITH t AS (SELECT shop_id, order_id, sum(amount) AS split FROM tax_lines GROUP BY ALL),
                i AS (SELECT shop_id, order_id, sum(tax_amount) AS tax FROM order_items GROUP BY ALL)
           SELECT order_id FROM orders JOIN i USING (shop_id, order_id) LEFT JOIN t USING (shop_id, order_id)
           WHERE coalesce(split, 0) <> tax + orders.tax_amount + shipping_tax_amount"""
    )
    assert wrong == []


def test_line_discounts_are_those_of_the_promotion(small) -> None:
    wrong = small.rows(
        """SELECT i.order_id FROM order_items i LEFT JOIN promotions p USING (shop_id, promotion_id)
           WHERE abs(i.discount_amount - coalesce(i.unit_price::DOUBLE * i.quantity * p.discount_value / 100, 0)) > 0.005001"""
    )
    assert wrong == []


def test_payments_add_up_to_the_total(small) -> None:
    wrong = small.rows(
        """SELECT order_id FROM orders JOIN (SELECT shop_id, order_id, sum(amount) FILTER (kind = 'payment') AS paid,
             coalesce(sum(amount) FILTER (kind = 'refund'), 0) AS back FROM payments GROUP BY ALL) USING (shop_id, order_id)
           WHERE paid <> total_amount OR paid + back < 0 OR (order_status = 'cancelled' AND paid + back <> 0)"""
    )
    assert wrong == []
    unpaid = "order_status = 'cancelled' OR is_test OR is_deleted OR total_amount = 0"
    assert (
        small.value(f"SELECT count(*) FROM orders ANTI JOIN payments USING (shop_id, order_id) WHERE NOT ({unpaid})")
        == 0
    )


def test_refunds_of_goods_never_exceed_the_line(small) -> None:
    wrong = small.rows(
        """SELECT r.order_id FROM refunds r JOIN order_items i ON r.shop_id = i.shop_id AND r.order_id = i.order_id
             AND r.order_line_id = i.line_id
           WHERE r.quantity > i.quantity OR r.product_id <> i.product_id
              OR r.amount + r.tax_amount > i.unit_price * i.quantity * 1.12 - i.discount_amount"""
    )
    assert wrong == []
    assert small.value("SELECT count(*) FROM refunds WHERE kind = 'goods'") > 100


def test_money_paid_back_is_what_was_refunded(small) -> None:
    wrong = small.rows(
        """WITH r AS (SELECT shop_id, order_id, sum(amount + tax_amount + shipping_amount) AS refunded FROM refunds
                      WHERE kind IN ('goods', 'shipping', 'cancellation') GROUP BY ALL),
                p AS (SELECT shop_id, order_id, -sum(amount) AS back FROM payments WHERE kind = 'refund' GROUP BY ALL)
           SELECT order_id FROM r FULL JOIN p USING (shop_id, order_id) WHERE coalesce(refunded, 0) <> coalesce(back, 0)"""
    )
    assert wrong == []


def test_gift_cards_never_spend_more_than_they_hold(small, medium) -> None:
    for made in (small, medium):
        wrong = made.rows(
            """SELECT gift_card_id FROM gift_card_entries GROUP BY ALL
               HAVING sum(amount) < 0 OR min(occurred_at) FILTER (kind = 'redeemed') < max(occurred_at) FILTER (kind = 'sold')"""
        )
        assert wrong == []
    assert medium.value("SELECT count(*) FROM gift_card_entries WHERE kind = 'redeemed'") > 20
    used = "SELECT sum(amount) FROM payments WHERE payment_method = 'gift card'"
    assert medium.value(used) == -medium.value("SELECT sum(amount) FROM gift_card_entries WHERE kind = 'redeemed'")


def test_stock_conserves_and_is_never_below_zero_but_where_planted(small, medium) -> None:
    for made in (small, medium):
        below = made.rows(
            """WITH m AS (SELECT product_id, location_id, occurred_at, sum(quantity) OVER (PARTITION BY product_id, location_id
                            ORDER BY occurred_at RANGE UNBOUNDED PRECEDING) AS stock FROM inventory_movements)
               SELECT product_id, min(timezone('Europe/Berlin', occurred_at)::DATE), max(timezone('Europe/Berlin', occurred_at)::DATE)
               FROM m WHERE stock < 0 GROUP BY ALL ORDER BY 1"""
        )
        planted = {product: (first, last) for product, first, last in made.truths.stock_errors.booked_late}
        assert {product for product, *_ in below} == set(planted)
        for product, first, last in below:
            assert planted[product][0] <= first <= last <= planted[product][1]


def test_snapshots_are_the_sum_of_the_movements(small) -> None:
    wrong = small.rows(
        """SELECT s.product_id, s.location_id, s.taken_at FROM stock_snapshots s LEFT JOIN inventory_movements m
             ON m.product_id = s.product_id AND m.location_id = s.location_id AND m.occurred_at <= s.taken_at + INTERVAL 1 HOUR
           GROUP BY s.product_id, s.location_id, s.taken_at, s.quantity_on_hand
           HAVING coalesce(sum(m.quantity), 0) <> s.quantity_on_hand"""
    )
    assert wrong == []


def test_sale_movements_are_the_goods_that_were_shipped(small) -> None:
    """Sets leave as their parts; the British shop's goods lie with a partner."""
    out = small.value("SELECT -sum(quantity) FROM inventory_movements WHERE movement_type = 'sale'")
    sent = small.value(
        """SELECT sum(i.fulfilled_quantity * coalesce(b.parts, 1)) FROM order_items i
           LEFT JOIN (SELECT bundle_product_id, sum(quantity) AS parts FROM bundles GROUP BY ALL) b
             ON b.bundle_product_id = i.product_id
           WHERE i.shop_id = 'harbour-pine' AND NOT i.is_gift_card"""
    )
    assert out == sent > 0


def test_receipts_are_those_of_the_purchase_orders_and_transfers(small) -> None:
    bought = "SELECT sum(quantity) FROM inventory_movements WHERE movement_type = 'purchase'"
    assert small.value(bought) == small.value("SELECT sum(quantity_received) FROM purchase_orders")
    assert small.value("SELECT sum(quantity) FROM inventory_movements WHERE movement_type = 'transfer'") == 0
    moved = "SELECT sum(quantity) FROM inventory_movements WHERE movement_type = 'transfer' AND quantity > 0"
    assert small.value(moved) == small.value("SELECT sum(quantity_received) FROM transfers")


def test_counts_are_booked(small) -> None:
    found = "SELECT sum(counted_quantity - system_quantity) FROM stock_counts"
    booked = "SELECT sum(quantity) FROM inventory_movements WHERE movement_type = 'count' AND reason = 'stock count'"
    assert small.value(found) == small.value(booked) < 0


def test_prices_of_lines_are_those_of_the_price_history(small) -> None:
    wrong = small.rows(
        """WITH o AS (SELECT order_id, placed_at FROM orders WHERE currency = 'EUR')
           SELECT i.order_id, i.product_id, i.unit_price, c.new_price FROM order_items i JOIN o USING (order_id)
           ASOF JOIN price_changes c ON i.product_id = c.product_id AND o.placed_at >= c.effective_at
           WHERE i.unit_price <> c.new_price"""
    )
    assert wrong == []


def test_costs_of_lines_are_those_of_their_day(small) -> None:
    wrong = small.rows(
        """WITH o AS (SELECT order_id, timezone('Europe/Berlin', placed_at)::DATE AS day FROM orders WHERE currency = 'EUR'),
                i AS (SELECT i.*, o.day FROM order_items i JOIN o USING (order_id) JOIN products p
                      ON p.shop_id = i.shop_id AND p.product_id = i.product_id WHERE NOT p.is_bundle AND NOT p.is_gift_card)
           SELECT i.order_id, i.product_id, i.unit_cost, c.landed_cost FROM i
           ASOF LEFT JOIN product_costs c ON i.product_id = c.product_id AND i.day >= c.valid_from
           WHERE i.unit_cost IS DISTINCT FROM c.landed_cost"""
    )
    assert wrong == []


def test_returns_keep_their_steps_in_order(small) -> None:
    wrong = small.rows(
        """SELECT return_id FROM (SELECT *, lag(occurred_at) OVER (PARTITION BY return_id ORDER BY line_id) AS before FROM return_events)
           WHERE occurred_at < before"""
    )
    assert wrong == []
    steps = {step for (step,) in small.rows("SELECT DISTINCT step FROM return_events")}
    assert steps >= {
        "initiated", "return_label_generated", "in_transit", "received", "inspected", "refunded", "exchanged", "completed", "rejected",
    }  # fmt: skip
    late = small.value(
        "SELECT count(*) FROM returns r JOIN orders o USING (shop_id, order_id) WHERE r.initiated_at < o.placed_at"
    )
    assert late == 0


def test_ad_reports_agree_with_each_other_and_with_the_spend(small) -> None:
    assert small.value("SELECT sum(spend) FROM ad_performance WHERE breakdown = 'base'") == small.value(
        "SELECT sum(amount) FROM marketing_spend WHERE is_ad_spend"
    )
    wrong = small.rows(
        """WITH d AS (SELECT day, campaign_id, sum(spend) AS s, sum(clicks) AS c, sum(conversions) AS v, sum(revenue) AS r
                      FROM ad_performance WHERE breakdown = 'device' GROUP BY ALL),
                b AS (SELECT day, campaign_id, sum(spend) AS s, sum(clicks) AS c, sum(conversions) AS v, sum(revenue) AS r
                      FROM ad_performance WHERE breakdown = 'base' GROUP BY ALL)
           SELECT * FROM d JOIN b USING (day, campaign_id) WHERE (d.s, d.c, d.v) <> (b.s, b.c, b.v)"""
    )
    assert wrong == []


def test_sessions_that_order_name_their_order(small) -> None:
    sold = small.value("SELECT sum(purchases) FROM web_sessions")
    assert sold == small.value("SELECT count(*) FROM web_events WHERE event = 'purchase'") > 0
    wrong = small.rows(
        """SELECT e.order_id FROM web_events e JOIN orders o USING (shop_id, order_id)
           WHERE e.event = 'purchase' AND (e.value <> o.total_amount OR e.occurred_at > o.placed_at)"""
    )
    assert wrong == []


def test_paths_end_before_their_order_and_credit_the_last(small) -> None:
    wrong = small.rows(
        """WITH t AS (SELECT order_id, max(occurred_at) AS final, arg_max_null(campaign_id, position) AS last,
                             count(*) = max(position) AS complete FROM touch_points GROUP BY ALL)
           SELECT order_id FROM orders JOIN t USING (order_id)
           WHERE final >= placed_at OR NOT complete OR campaign_id IS DISTINCT FROM last"""
    )
    assert wrong == []


def test_points_never_fall_below_zero(medium) -> None:
    wrong = medium.rows(
        """SELECT member_id FROM (SELECT member_id, sum(points) OVER (PARTITION BY member_id ORDER BY occurred_at
             RANGE UNBOUNDED PRECEDING) AS balance FROM points) WHERE balance < 0"""
    )
    assert wrong == []
    assert medium.value("SELECT count(*) FROM points WHERE kind = 'redeemed'") > 100


def test_offers_are_redeemed_by_those_who_got_and_activated_them(medium) -> None:
    wrong = medium.rows(
        """SELECT member_id, offer_id FROM offer_events GROUP BY ALL
           HAVING count(*) FILTER (event = 'redeemed') > 1
               OR (count(*) FILTER (event = 'redeemed') = 1 AND count(*) FILTER (event = 'activated') <> 1)
               OR (bool_or(is_control) AND count(*) > 1)"""
    )
    assert wrong == []


def test_seasons_spend_and_plan_by_day(small) -> None:
    outside = small.rows(
        """SELECT season_id FROM season_forecasts f JOIN seasons s USING (season_id)
           WHERE f.forecast_date NOT BETWEEN s.start_date AND s.end_date"""
    )
    assert outside == []
    wrong = small.rows(
        """SELECT season_id FROM season_forecasts f JOIN seasons s USING (season_id) GROUP BY season_id, revenue_target
           HAVING abs(sum(f.daily_revenue_forecast) - revenue_target) > 1"""
    )
    assert wrong == []


def test_rates_of_orders_are_those_of_their_day(small) -> None:
    wrong = small.rows(
        """SELECT o.order_id FROM orders o JOIN exchange_rates x ON x.shop_id = o.shop_id AND x.from_currency = o.currency
             AND x.day = timezone(CASE o.currency WHEN 'GBP' THEN 'Europe/London' ELSE 'Europe/Berlin' END, o.placed_at)::DATE
           WHERE o.exchange_rate <> x.rate"""
    )
    assert wrong == []
    assert small.value("SELECT count(*) FROM orders WHERE currency <> 'EUR' AND exchange_rate IS NOT NULL") > 0
    assert small.value("SELECT count(*) FROM orders WHERE currency <> 'EUR' AND exchange_rate IS NULL") > 0
