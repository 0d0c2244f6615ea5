"""Every customer metric on one small shop, worked out by hand.

day         ann            bob           cat                dan          guest
2024-01-01  o1 10.00 FR
2024-01-10  o2 20.00 FR
2024-01-20                 o3 40.00 DE
2024-02-15  o4 30.00 FR
2024-02-20                               o5 100.00 –
2024-02-25                                                  cancelled    o7 5.00 FR
2024-08-20                               o8 60.00 FR                                  marketing: 30.00 in January, 60.00 in February

As of 29 February: ever ann, bob, cat = 3; twice or more: ann; kept 30 days: ann (45 days from first to last).
Orders of known customers 5, revenue 200.00. As of 20 August: cat is a repeater too, 182 days apart; ann (last 15 Feb) and bob
(last 20 Jan) have not ordered for 187 and 213 days: churned 2 of 3, and not active in 26 weeks. dan never bought; the guest is nobody.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.support.shops import line, make_shop, order

from tillsight.core.errors import QuestionError
from tillsight.domains.registry import catalogue
from tillsight.shop import Shop

D = Decimal


def bought(order_id: str, day: str, price: str, **more: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    return order(order_id, f"{day} 12:00:00", **more), line(order_id, "1", "A", 1, price)


BOUGHT = [
    bought("o1", "2024-01-01", "10", customer_id="ann", country="FR"),
    bought("o2", "2024-01-10", "20", customer_id="ann", country="FR"),
    bought("o3", "2024-01-20", "40", customer_id="bob", country="DE"),
    bought("o4", "2024-02-15", "30", customer_id="ann", country="FR"),
    bought("o5", "2024-02-20", "100", customer_id="cat"),
    bought("o6", "2024-02-25", "7", customer_id="dan", country="FR", order_status="cancelled"),
    bought("o7", "2024-02-25", "5", country="FR"),
    bought("o8", "2024-08-20", "60", customer_id="cat", country="FR"),
]
TABLES: dict[str, list[dict[str, Any]]] = {
    "orders": [head for head, _ in BOUGHT],
    "order_items": [item for _, item in BOUGHT],
    "marketing_spend": [
        {"line_id": "1", "day": "2024-01-05", "amount": "30", "currency": "EUR", "channel": "search", "campaign_id": "winter"},
        {"line_id": "2", "day": "2024-02-05", "amount": "45", "currency": "EUR", "channel": "search"},
        {"line_id": "3", "day": "2024-02-06", "amount": "15", "currency": "EUR", "channel": "print"},
    ],
}  # fmt: skip

FEBRUARY: dict[str, Any] = {
    "customers": 2, "new_customers": 1, "returning_customers": 1, "new_customer_rate": 50.0,
    "repeat_purchase_rate": 100 / 3, "retention_rate_30d": 100 / 3, "churn_rate": 0.0, "active_members": 3,
    # one order at the start of February, in the 90 days before it: bob, who did not buy again
    "second_purchase_rate": 0.0,
    "purchase_frequency": 5 / 3, "customer_lifespan": 45.0, "clv_historic": 200 / 3,
    # 200/5 an order, 5/3 orders in 60 days of observation, 45 days of life: 40 × 5/3 × 45/60
    "clv_formula": 50.0,
    "marketing_spend": D(60), "customer_acquisition_cost": 60.0,
}  # fmt: skip
AUGUST: dict[str, Any] = {
    "customers": 1, "new_customers": 0, "returning_customers": 1, "new_customer_rate": 0.0,
    "repeat_purchase_rate": 200 / 3, "retention_rate_30d": 200 / 3, "churn_rate": 200 / 3, "active_members": 1,
    # cat had one order at the start of August, but not in the 90 days before it
    "second_purchase_rate": None,
    "purchase_frequency": 2.0, "customer_lifespan": (45 + 182) / 2, "clv_historic": 260 / 3,
    "clv_formula": 260 / 6 * 2 * 113.5 / 233,
    "marketing_spend": None, "customer_acquisition_cost": None,
}  # fmt: skip
WHOLE_PERIOD_ONLY = {"second_purchase_rate"}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with make_shop(tmp_path_factory.mktemp("shop"), TABLES) as made:
        yield made


def approx(values: dict[str, Any]) -> dict[str, Any]:
    return {name: pytest.approx(value) if isinstance(value, float) else value for name, value in values.items()}


def test_every_customer_metric_has_an_example() -> None:
    names = {metric.name for metric in catalogue().metrics.values() if metric.domain == "customers"}
    assert names == {*FEBRUARY, "cohort_retention_rate"} == {*AUGUST, "cohort_retention_rate"}


@pytest.mark.parametrize(
    ("start", "end", "expected"), [("2024-02-01", "2024-02-29", FEBRUARY), ("2024-08-01", "2024-08-31", AUGUST)]
)
def test_of_a_month(shop: Shop, start: str, end: str, expected: dict[str, Any]) -> None:
    assert shop.query(list(expected), start=start, end=end).to_records() == [approx(expected)]


def test_by_month_and_in_all(shop: Shop) -> None:
    """A figure as of the end stands on everybody known by then, also in months without an order."""
    names = [name for name in FEBRUARY if name not in WHOLE_PERIOD_ONLY]
    answer = shop.query(names, grain="month")
    rows = {row.pop("month"): row for row in answer.to_records()}
    assert len(rows) == 8
    assert rows[date(2024, 2, 1)] == approx({name: FEBRUARY[name] for name in names})
    assert rows[date(2024, 8, 1)] == approx({name: AUGUST[name] for name in names})
    # ann and bob fall silent on 13 August and 18 July: after 180 days without an order
    assert rows[date(2024, 7, 1)]["churn_rate"] == pytest.approx(100 / 3)
    assert rows[date(2024, 5, 1)]["repeat_purchase_rate"] == pytest.approx(100 / 3)
    assert answer.totals is not None
    # three distinct customers over all months, never 2 + 2 + 1
    assert (answer.totals["customers"], answer.totals["new_customers"], answer.totals["returning_customers"]) == (
        3,
        3,
        0,
    )
    assert answer.totals["churn_rate"] == pytest.approx(200 / 3)
    assert answer.totals["customer_acquisition_cost"] == 30.0


def test_a_figure_as_of_a_day_after_the_data_does_not_guess(shop: Shop) -> None:
    """Nothing is known after 20 August: nobody falls silent because nobody looked."""
    assert shop.query("churn_rate", start="2024-08-01", end="2025-12-31").to_records() == [
        approx({"churn_rate": 200 / 3})
    ]


def test_by_country_of_the_first_order(shop: Shop) -> None:
    """cat's first order has no country: she stays without one, whatever her second says."""
    answer = shop.query("clv_historic,purchase_frequency,repeat_purchase_rate", by="country")
    found = {row.pop("country"): row for row in answer.to_records()}
    assert found == {
        "FR": approx({"clv_historic": 60.0, "purchase_frequency": 3.0, "repeat_purchase_rate": 100.0}),
        "DE": approx({"clv_historic": 40.0, "purchase_frequency": 1.0, "repeat_purchase_rate": 0.0}),
        None: approx({"clv_historic": 160.0, "purchase_frequency": 2.0, "repeat_purchase_rate": 100.0}),
    }
    assert any("first order" in note["text"] for note in answer.notes)


def test_a_filter_changes_who_is_counted_and_not_who_is_new(shop: Shop) -> None:
    """cat's first order ever was in February; that in August is her first from France and does not make her new."""
    rows = shop.query("customers,new_customers,returning_customers", grain="month", where="country=FR").to_records()
    assert [(row["customers"], row["new_customers"], row["returning_customers"]) for row in rows] == [
        (1, 1, 0), (1, 0, 1), *[(0, 0, 0)] * 5, (1, 0, 1),
    ]  # fmt: skip


def test_who_had_bought_once_and_bought_again(shop: Shop) -> None:
    """At the start of 15 January ann has two orders and nobody has one. On 5 January ann has one, and buys again on the 10th."""
    assert shop.query("second_purchase_rate", start="2024-01-15", end="2024-01-31").to_records() == [
        {"second_purchase_rate": None}
    ]
    assert shop.query("second_purchase_rate", start="2024-01-05", end="2024-01-31").to_records() == [
        {"second_purchase_rate": 100.0}
    ]
    rows = shop.query("second_purchase_rate", by="country", start="2024-01-05", end="2024-01-31").to_records()
    assert rows == [{"country": "FR", "second_purchase_rate": 100.0}]


def test_cohorts(shop: Shop) -> None:
    """January: ann and bob; of them ann in February. February: cat, who comes back in month 6."""
    answer = shop.query("cohort_retention_rate", by="cohort,cohort_age")
    assert [(row["cohort"], row["cohort_age"], row["cohort_retention_rate"]) for row in answer.to_records()] == [
        (date(2024, 1, 1), 0, 100.0), (date(2024, 1, 1), 1, 50.0), (date(2024, 2, 1), 0, 100.0), (date(2024, 2, 1), 6, 100.0),
    ]  # fmt: skip
    assert answer.totals == {"cohort_retention_rate": None}


def test_cohorts_of_a_period_are_those_who_began_in_it(shop: Shop) -> None:
    rows = shop.query(
        "cohort_retention_rate", by="cohort,cohort_age", start="2024-02-01", end="2024-08-31"
    ).to_records()
    assert {row["cohort"] for row in rows} == {date(2024, 2, 1)}
    limited = shop.query("cohort_retention_rate,customers", by="cohort,cohort_age", limit=1, others=True).to_records()
    assert limited[-1]["cohort_retention_rate"] is None


def test_spend_is_cut_by_where_it_was_spent(shop: Shop) -> None:
    """The channel of an order (web, retail) is not the channel of an advertisement (search, print)."""
    rows = shop.query("marketing_spend", by="marketing_channel").to_records()
    assert {row["marketing_channel"]: row["marketing_spend"] for row in rows} == {"search": D(75), "print": D(15)}
    with pytest.raises(QuestionError, match="Marketing spend cannot be cut by channel"):
        shop.query("marketing_spend", by="channel")
    with pytest.raises(QuestionError, match=r"can be cut by: shop, campaign_id\."):
        shop.query("customer_acquisition_cost", by="marketing_channel")


def test_guests_are_matched_by_mail_then_by_phone(tmp_path: Path) -> None:
    """One customer: her own order, a guest order with her e-mail (written otherwise), one with her phone; one more order of a
    customer that only orders know, and a guest with the mail of that order. Two guests with mails of their own."""
    orders = [
        order("1", "2024-01-01", customer_id="ann"),
        order("2", "2024-01-02", email=" Ann@Shop.example "),
        order("3", "2024-01-03", phone="+44 (20) 7946-0000"),
        order("4", "2024-01-04", customer_id="bob", email="bob@shop.example"),
        order("5", "2024-01-05", email="BOB@shop.example", phone="442079460000"),
        order("6", "2024-01-06", email="guest@shop.example", phone="1"),
        order("7", "2024-01-07", email="guest@shop.example", phone="2"),
        order("8", "2024-01-08", phone="555"),
        order("9", "2024-01-09", email="", phone="-"),
    ]
    tables = {
        "customers": [{"customer_id": "ann", "email": "ann@shop.example", "phone": "44 20 7946 0000"}],
        "orders": orders,
        "order_items": [line(row["order_id"], "1", "A", 1, "1") for row in orders],
    }
    with make_shop(tmp_path, tables) as made:
        rows = made.query("orders", by="customer_id").to_records()
        assert sorted((row["orders"] for row in rows), reverse=True) == [3, 2, 2, 1, 1]
        assert {row["customer_id"]: row["orders"] for row in rows if row["customer_id"] in ("ann", "bob", None)} == {
            "ann": 3, "bob": 2, None: 1,
        }  # fmt: skip
        assert made.query("customers,new_customers").to_records() == [{"customers": 4, "new_customers": 4}]
        assert "guest@shop.example" not in str(rows), "a guest is known by a mark, not by his address"
