"""What new customers of a segment cost, worked out by hand over a shop with few of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.support.shops import line, make_shop, order

from tillsight.core.scope import Scope
from tillsight.domains.customers import kpi_views
from tillsight.shop import Shop


def spent(day: str, amount: str, **more: Any) -> dict[str, Any]:
    return {"day": day, "amount": amount, "currency": "EUR", **more}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """Three buy once in March, two buy twice; Anna and Bert came by the search campaign, Cleo and Dora by none, Emil earlier."""
    bought = [
        ("O-1", "2025-03-02 10:00:00", "anna", "SEARCH"),
        ("O-2", "2025-03-03 10:00:00", "bert", "SEARCH"),
        ("O-3", "2025-03-20 10:00:00", "bert", None),
        ("O-4", "2025-03-05 10:00:00", "cleo", None),
        ("O-5", "2025-03-06 10:00:00", "dora", None),
        ("O-6", "2025-02-06 10:00:00", "emil", "SEARCH"),
        ("O-7", "2025-03-31 10:00:00", "emil", "SEARCH"),
    ]
    tables = {
        "orders": [
            order(number, at, customer_id=who, campaign_id=campaign, channel="web")
            for number, at, who, campaign in bought
        ],
        "order_items": [line(number, "1", "P-1", 1, "10.00") for number, *_ in bought],
        "campaign_members": [
            {"campaign_id": "LETTER", "customer_id": who, "arm": arm}
            for who, arm in (
                ("cleo", "target"),
                ("dora", "target"),
                ("emil", "target"),
                ("nobody", "target"),
                ("bert", "control"),
            )
        ],
        "marketing_spend": [
            spent("2025-03-01", "60.00", channel="search", campaign_id="SEARCH"),
            spent("2025-03-02", "30.00", channel="post", campaign_id="LETTER"),
            spent(
                "2025-03-03", "7.00", channel="post", campaign_id="LETTER", customer_segment="single buyers (recent)"
            ),
            spent("2025-03-04", "5.00", channel="radio"),
            spent("2025-03-05", "9.00", channel="social", campaign_id="WITHOUT ORDERS"),
            spent("2025-02-05", "1000.00", channel="search", campaign_id="SEARCH"),
        ],
    }
    return make_shop(tmp_path_factory.mktemp("acquisition") / "shop", tables)


MARCH = {"preset": "olist", "start": "2025-03-01", "end": "2025-03-31"}


@pytest.mark.feature("CUS-04")
def test_spend_is_given_to_segments_by_its_booking_its_members_or_the_new_customers_of_its_campaign(shop: Shop) -> None:
    answer = shop.analyse("customers.segments", **MARCH)
    rows = {row["segment"]: row for row in answer.to_records() if row["customers"]}
    single = rows["Single Buyers (Recent)"]
    # half of the search campaign (Anna of Anna and Bert), two of three known members of the letter, and what is booked on it
    assert single["acquisition_spend"] == pytest.approx(60 / 2 + 30 * 2 / 3 + 7)
    assert single["new_customers"] == 3
    assert single["customer_acquisition_cost"] == pytest.approx(57 / 3)
    again = [row for name, row in rows.items() if name != "Single Buyers (Recent)"]
    assert sum(row["acquisition_spend"] or 0 for row in again) == pytest.approx(60 / 2 + 30 / 3)
    assert sum(row["new_customers"] for row in again) == 1
    # everybody: all spend, also what belongs to nobody, as the metric has it
    assert answer.totals is not None
    assert answer.totals["acquisition_spend"] == pytest.approx(111)
    known = shop.query("customer_acquisition_cost", start=MARCH["start"], end=MARCH["end"]).to_records()[0]
    assert answer.totals["customer_acquisition_cost"] == pytest.approx(known["customer_acquisition_cost"]) == 111 / 4
    assert any("87.4% of the marketing spend" in note["text"] for note in answer.notes)


def test_no_cost_is_told_where_spend_and_customers_are_not_of_the_same_people(shop: Shop) -> None:
    filtered = shop.analyse("customers.segments", where=["channel=web"], **MARCH)
    limited = shop.analyse("customers.segments", scope=Scope(user="ann", rows=(("channel", ("web",)),)), **MARCH)
    for answer in (filtered, limited):
        assert {row["customer_acquisition_cost"] for row in answer.to_records()} == {None}
        assert answer.totals is not None
        assert answer.totals["customer_acquisition_cost"] is None


@pytest.mark.feature("CUS-04")
def test_the_view_of_acquisition_cost_gives_spend_as_the_analysis_does(shop: Shop) -> None:
    files = shop.releases.current().files
    files.name_views({view.name: view.sql for view in kpi_views.views(shop.asker())})
    rows = files.run_sql("SELECT * FROM kpi_acquisition_cost WHERE rules = 'olist'").to_pylist()
    everything = {row["segment"]: row for row in shop.analyse("customers.segments", preset="olist").to_records()}
    assert {row["segment"] for row in rows} == {name for name, row in everything.items() if row["customers"]}
    for row in rows:
        known = everything[row["segment"]]
        assert row["total_spend"] == pytest.approx(known["acquisition_spend"], abs=0.005)
        assert row["cac"] == pytest.approx(known["customer_acquisition_cost"], abs=0.005)
    # a name that is taken gets its new query: rules may have changed since it was last asked
    files.name_views({"kpi_acquisition_cost": "SELECT 1 AS one"})
    assert files.run_sql("SELECT * FROM kpi_acquisition_cost").to_pylist() == [{"one": 1}]


def test_a_shop_without_spend_has_no_cost(tmp_path: Path) -> None:
    tables = {
        "orders": [order("O-1", "2025-03-02 10:00:00", customer_id="anna")],
        "order_items": [line("O-1", "1", "P", 1, "1.00")],
    }
    with make_shop(tmp_path / "shop", tables) as plain:
        [row] = plain.analyse("customers.segments").to_records()
    assert row["acquisition_spend"] is None
    assert row["customer_acquisition_cost"] is None
    assert row["new_customers"] == 1
