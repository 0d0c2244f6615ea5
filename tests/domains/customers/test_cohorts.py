"""Cohorts and intervals: a shop that can be counted by hand, and a larger one counted plainly."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.support.shops import line, make_shop, order

from tillsight.core.errors import QuestionError
from tillsight.shop import Shop

ALL = "All cohorts"


def rows_of(orders: list[tuple[str, str, str, float, float]]) -> dict[str, Any]:
    """Orders: customer, day, category of the only line, price, discount."""
    heads = [
        order(str(n), f"{day} 10:00:00", customer_id=who, channel="web" if who < "c" else "retail")
        for n, (who, day, *_) in enumerate(orders)
    ]
    lines = [
        line(str(n), "1", category, 1, str(price), discount_amount=str(discount))
        for n, (_, _, category, price, discount) in enumerate(orders)
    ]
    products = [{"product_id": name, "product_name": f"The {name}", "category": name} for name in ("Lamps", "Chairs")]
    return {"orders": heads, "order_items": lines, "products": products}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """January: a and b come, a with a discount. February: a again (twice), c comes. March 31: b and c again."""
    orders = [
        ("a", "2025-01-05", "Lamps", 100, 10), ("b", "2025-01-20", "Chairs", 50, 0), ("a", "2025-02-01", "Chairs", 30, 0),
        ("a", "2025-02-11", "Lamps", 20, 0), ("c", "2025-02-15", "Lamps", 80, 0), ("b", "2025-03-31", "Lamps", 60, 0),
        ("c", "2025-03-31", "Lamps", 40, 0),
    ]  # fmt: skip
    return make_shop(tmp_path_factory.mktemp("cohorts"), rows_of(orders))


def matrix(shop: Shop, **asked: Any) -> dict[str, list[float]]:
    cells: dict[str, list[float]] = defaultdict(list)
    for row in shop.analyse("customers.cohorts", **asked).to_records():
        cells[row["cohort"]].append(float(row["value"]))
    return dict(cells)


@pytest.mark.feature("CUS-03")
def test_months_by_hand(shop: Shop) -> None:
    assert matrix(shop) == {
        "2025-01": [100, 50, 50], "2025-02": [100, 100], ALL: pytest.approx([100, 200 / 3, 50]),
    }  # fmt: skip
    assert matrix(shop, measure="orders") == {"2025-01": [2, 2, 1], "2025-02": [1, 1], ALL: [3, 3, 1]}
    assert matrix(shop, measure="revenue") == {"2025-01": [140, 50, 60], "2025-02": [80, 40], ALL: [220, 90, 60]}
    # per customer so far: (90 + 50) / 2, then 50 more and 60 more over two customers
    assert matrix(shop, measure="value") == {
        "2025-01": [70, 95, 125],
        "2025-02": [80, 120],
        ALL: pytest.approx([220 / 3, 310 / 3, 125]),
    }
    answer = shop.analyse("customers.cohorts")
    assert answer.sentences[0]["text"] == "66.7% of customers order again in the month after their first."
    assert "first cohort begins with the data" in answer.notes[0]["text"]


def test_what_the_first_order_was_of(shop: Shop) -> None:
    """A cohort by another thing counts in each month only those for whom it has begun: c has no month 2."""
    assert matrix(shop, by="category", measure="orders") == {"Lamps": [2, 3, 0], "Chairs": [1, 0, 1], ALL: [3, 3, 1]}
    assert matrix(shop, by="product", measure="orders")["The Lamps"] == [2, 3, 0]
    assert matrix(shop, by="discount") == {
        "With a discount": [100, 100, 0],
        "At full price": [100, 50, 100],
        ALL: pytest.approx([100, 200 / 3, 50]),
    }
    assert matrix(shop, by="channel", measure="orders") == {"web": [2, 2, 1], "retail": [1, 1], ALL: [3, 3, 1]}
    assert matrix(shop, by="category", measure="orders", limit=1) == {
        "Lamps": [2, 3, 0],
        "(all others)": [1, 0, 1],
        ALL: [3, 3, 1],
    }


def test_a_month_that_has_not_ended_is_not_complete(shop: Shop) -> None:
    rows = shop.analyse("customers.cohorts", end="2025-03-30").to_records()
    assert {(row["cohort"], row["age"]) for row in rows if not row["is_complete"]} == {
        ("2025-01", 2),
        ("2025-02", 1),
        (ALL, 2),
        (ALL, 1),
    }
    assert all(row["is_complete"] for row in shop.analyse("customers.cohorts").to_records())
    assert {
        row["cohort"] for row in shop.analyse("customers.cohorts", months=1, start="2025-03-01").to_records()
    } == set()


def test_cohorts_of_a_filter_and_its_complement_are_all(shop: Shop) -> None:
    some, rest = (matrix(shop, measure="orders", where=where) for where in ("channel=web", "channel!=web"))
    assert [a + b for a, b in zip(some[ALL], [*rest[ALL], 0], strict=True)] == matrix(shop, measure="orders")[ALL]
    with pytest.raises(QuestionError, match="by is one of month, channel"):
        shop.analyse("customers.cohorts", by="colour")


def test_intervals_by_hand(shop: Shop) -> None:
    """27 and 10 days of a, 70 of b, 44 of c."""
    found = shop.analyse("customers.intervals").to_records()
    assert [(row["interval"], row["orders"], row["cumulative_share"]) for row in found] == [
        ("8–14", 1, 25.0), ("15–30", 1, 50.0), ("31–60", 1, 75.0), ("61–90", 1, 100.0),
    ]  # fmt: skip
    steps = shop.analyse("customers.intervals", by="number").to_records()
    assert [(row["order_number"], row["orders"], row["median_days"]) for row in steps] == [
        ("1", 3, 44.0),
        ("2", 1, 10.0),
    ]
    counts = shop.analyse("customers.intervals", by="orders").to_records()
    assert [(row["order_count"], row["customers"], float(row["revenue"])) for row in counts] == [
        ("2", 2, 230.0),
        ("3", 1, 140.0),
    ]
    text = shop.analyse("customers.intervals").sentences[0]["text"]
    assert text.startswith("Half of all repeat orders come within 36 days of the one before, nine in ten within 62")
    assert (
        shop.analyse("customers.intervals", end="2025-01-31")
        .sentences[0]["text"]
        .startswith("Nobody ordered for a second time")
    )


@pytest.mark.feature("CUS-03")
def test_retention_is_the_metric_of_the_catalogue_and_a_plain_count(tmp_path: Path) -> None:
    chance = random.Random(3)
    orders = []
    for number in range(60):
        day = date(2025, 1, 1) + timedelta(days=chance.randrange(150))
        for _ in range(chance.randrange(1, 6)):
            orders.append((f"c{number:02}", str(day), chance.choice(("Lamps", "Chairs")), 10 + number, 0))
            day += timedelta(days=chance.randrange(1, 60))
    with make_shop(tmp_path, rows_of(orders)) as shop:
        cells = {
            (row["cohort"], row["age"]): row["value"]
            for row in shop.analyse("customers.cohorts", months=24).to_records()
            if row["cohort"] != ALL
        }
        metric = shop.query("cohort_retention_rate", by=["cohort", "cohort_age"]).to_records()
    firsts: dict[str, str] = {}
    for who, day, *_ in orders:
        firsts[who] = min(firsts.get(who, day), day)
    came: dict[tuple[str, int], set[str]] = defaultdict(set)
    for who, day, *_ in orders:
        first = date.fromisoformat(firsts[who])
        now = date.fromisoformat(day)
        came[f"{first:%Y-%m}", (now.year - first.year) * 12 + now.month - first.month].add(who)
    sizes = {cohort: len(who) for (cohort, age), who in came.items() if age == 0}
    assert {key: value for key, value in cells.items() if value} == pytest.approx(
        {key: len(who) / sizes[key[0]] * 100 for key, who in came.items()}
    )
    assert {
        (f"{row['cohort']:%Y-%m}", row["cohort_age"]): row["cohort_retention_rate"] for row in metric
    } == pytest.approx({key: cells[key] for key in came})
