"""The first so many, the next, the rest, and the order of rows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest
from tests.support.shops import line, make_shop, order

from tillsight.shop import Shop

D = Decimal


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """Revenue by country and month; cat buys in three countries.

          FR   DE   IT   ES    –
    Jan   10   40    5    .    1
    Feb   20    .    5   30    .
    Mar    .    .    .    .    .
    Apr    .    2    .    .    .
    """
    sold = [
        ("1", "2024-01-05", "FR", "10", "ann"), ("2", "2024-01-06", "DE", "40", "cat"), ("3", "2024-01-07", "IT", "5", "cat"),
        ("4", "2024-01-08", None, "1", "bob"), ("5", "2024-02-05", "FR", "20", "ann"), ("6", "2024-02-06", "IT", "5", "cat"),
        ("7", "2024-02-07", "ES", "30", "cat"), ("8", "2024-04-01", "DE", "2", "dan"),
    ]  # fmt: skip
    tables = {
        "orders": [order(o, f"{day} 09:00:00", country=country, customer_id=who) for o, day, country, _, who in sold],
        "order_items": [line(o, "1", "A", 1, price) for o, _, _, price, _ in sold],
    }
    with make_shop(tmp_path_factory.mktemp("shop"), tables) as made:
        yield made


def pairs(shop: Shop, column: str = "country", **parts: object) -> list[tuple[object, object]]:
    return [(row[column], row["revenue"]) for row in shop.query("revenue", **parts).to_records()]  # type: ignore[arg-type]


def test_the_largest_come_first_and_ties_by_name(shop: Shop) -> None:
    assert pairs(shop, by="country") == [("DE", D(42)), ("ES", D(30)), ("FR", D(30)), ("IT", D(10)), (None, D(1))]
    assert pairs(shop, by="country", sort="revenue", limit=2) == [(None, D(1)), ("IT", D(10))]
    assert pairs(shop, by="country", sort="-country") == [
        ("IT", D(10)),
        ("FR", D(30)),
        ("ES", D(30)),
        ("DE", D(42)),
        (None, D(1)),
    ]


def test_the_next_page_and_how_many_there_are(shop: Shop) -> None:
    first = shop.query("revenue", by="country", limit=2)
    second = shop.query("revenue", by="country", limit=2, offset=2)
    beyond = shop.query("revenue", by="country", limit=2, offset=4)
    assert (first.row_count, second.row_count, beyond.row_count) == (5, 5, 5)
    rows = [row["country"] for answer in (first, second, beyond) for row in answer.to_records()]
    assert rows == ["DE", "ES", "FR", "IT", None]
    assert first.totals == {"revenue": D(113)}


def test_the_rest_counts_distinct_customers_anew(shop: Shop) -> None:
    """The top is DE with cat and dan. The rest has ann, bob and cat: three, although cat is counted above as well."""
    rows = shop.query("revenue,customers,average_order_value", by="country", limit=1, others=True).to_records()
    assert rows == [
        {"country": "DE", "revenue": D(42), "customers": 2, "average_order_value": 21.0},
        {"country": "(all others)", "revenue": D(71), "customers": 3, "average_order_value": pytest.approx(71 / 6)},
    ]


def test_without_a_rest_there_is_none(shop: Shop) -> None:
    assert len(shop.query("revenue", by="country", limit=9, others=True).to_records()) == 5


def test_over_time_the_top_is_that_of_the_whole_period(shop: Shop) -> None:
    answer = shop.query("revenue", by="country", grain="month", limit=2, others=True)
    assert [(row["month"].month, row["country"], row["revenue"]) for row in answer.to_records()] == [
        (1, "DE", D(40)), (2, "ES", D(30)), (4, "DE", D(2)), (1, "(all others)", D(16)), (2, "(all others)", D(25)),
    ]  # fmt: skip
    assert answer.row_count == 5


@pytest.mark.parametrize(
    "sort", ["-orders", "-revenue", "revenue", "-average_order_value,customer_id", "-returned_units", "customer_id"]
)
@pytest.mark.parametrize("compare", [None, "previous"])
def test_pages_of_customers_are_the_parts_of_the_whole_list(shop: Shop, sort: str, compare: str | None) -> None:
    """The top is found by what it is sorted by; the other figures, their order and how many there are stay those of all."""
    asked = {"by": "customer_id", "sort": sort, "compare": compare, "start": "2024-02-01", "end": "2024-04-30"}
    metrics = "orders,revenue,average_order_value,returned_units"
    whole = shop.query(metrics, **asked)  # type: ignore[arg-type]
    # who bought in the days before alone is one of those who are compared
    assert whole.row_count == (4 if compare else 3)
    pages = [shop.query(metrics, limit=1, offset=place, **asked) for place in range(5)]  # type: ignore[arg-type]
    assert [row for page in pages for row in page.to_records()] == whole.to_records()
    assert {page.row_count for page in pages[: whole.row_count]} == {whole.row_count}
    assert all(page.totals == whole.totals for page in pages)


def test_the_top_customers_are_looked_for_by_one_figure(shop: Shop) -> None:
    answer = shop.query("orders,revenue", by="customer_id", sort="-orders", limit=1)
    assert '"revenue"' not in answer.queries[0]
    assert '"revenue"' in shop.query("orders,revenue", by="country", sort="-orders", limit=1).queries[0]


def test_two_dimensions(shop: Shop) -> None:
    rows = shop.query("revenue", by="country,customer_id", limit=2, others=True).to_records()
    assert [(row["country"], row["customer_id"], row["revenue"]) for row in rows] == [
        ("DE", "cat", D(40)), ("ES", "cat", D(30)), ("(all others)", "(all others)", D(43)),
    ]  # fmt: skip


def test_the_rest_of_numbers_has_no_name(shop: Shop) -> None:
    rows = shop.query("revenue", by="weekday", limit=1, others=True).to_records()
    assert [row["weekday"] for row in rows] == [5, None]


def test_the_first_months_are_only_those(shop: Shop) -> None:
    """March had nothing and is a row; a limit cuts rows, it does not empty them."""
    months = [(date(2024, 1, 1), D(56)), (date(2024, 2, 1), D(55)), (date(2024, 3, 1), D(0)), (date(2024, 4, 1), D(2))]
    assert pairs(shop, "month", grain="month") == months
    assert pairs(shop, "month", grain="month", limit=2) == months[:2]
    assert pairs(shop, "month", grain="month", limit=2, offset=1) == months[1:3]
    assert shop.query("revenue", grain="month", limit=2).row_count == 4


def test_the_best_and_the_worst_months(shop: Shop) -> None:
    """The worst month is the one in which nothing was sold."""
    assert pairs(shop, "month", grain="month", sort="-revenue", limit=1) == [(date(2024, 1, 1), D(56))]
    assert pairs(shop, "month", grain="month", sort="revenue", limit=2) == [
        (date(2024, 3, 1), D(0)),
        (date(2024, 4, 1), D(2)),
    ]


def test_sorted_by_a_change(shop: Shop) -> None:
    """February against January: ES +30, FR +10, IT 0, the unknown −1, DE −40."""
    answer = shop.query(
        "revenue", by="country", start="2024-02-01", end="2024-02-29", compare="previous", sort="-revenue_change"
    )
    assert [(row["country"], row["revenue_change"]) for row in answer.to_records()] == [
        ("ES", D(30)), ("FR", D(10)), ("IT", D(0)), (None, D(-1)), ("DE", D(-40)),
    ]  # fmt: skip
    by_rate = shop.query(
        "revenue", by="country", start="2024-02-01", end="2024-02-29", compare="previous", sort="-revenue_change_rate"
    )
    rates = [row["revenue_change_rate"] for row in by_rate.to_records()]
    assert rates == [100.0, 0.0, -100.0, -100.0, None]


def test_sorted_by_a_ratio_within_every_month(shop: Shop) -> None:
    rows = shop.query(
        "average_order_value", by="country", grain="month", sort="month,-average_order_value"
    ).to_records()
    assert [(row["month"].month, row["country"]) for row in rows] == [
        (1, "DE"), (1, "FR"), (1, "IT"), (1, None), (2, "ES"), (2, "FR"), (2, "IT"), (4, "DE"),
    ]  # fmt: skip


def test_velocity_is_ranked_by_the_days_of_its_month(tmp_path_factory: pytest.TempPathFactory) -> None:
    """29 units in 29 days of February are more a day than 30 in 31 of January."""
    tables = {
        "orders": [order("1", "2024-01-01"), order("2", "2024-02-29")],
        "order_items": [line("1", "1", "A", 30, "1"), line("2", "1", "A", 29, "1")],
    }
    with make_shop(tmp_path_factory.mktemp("shop"), tables) as made:
        rows = made.query("product_velocity", by="product_id", grain="month", sort="-product_velocity").to_records()
        assert [(row["month"].month, row["product_velocity"]) for row in rows] == [(2, 1.0), (1, 30 / 31)]


def test_where_nothing_fits_there_is_no_row_and_no_error(shop: Shop) -> None:
    """Also for the top groups over time, sorted: there is no bucket of any."""
    answer = shop.query(
        "revenue", by="country", grain="day", sort="-revenue", limit=6, where="country=Atlantis", period="all"
    )
    assert (answer.to_records(), answer.row_count) == ([], 0)
