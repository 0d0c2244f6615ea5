"""The value of customers, as the catalogue answers: from orders to frequency, recency and age, from there to value; and what is planted
in the reference shop."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from tests.support.shops import line, make_shop, order

from tillsight.core.errors import QuestionError
from tillsight.core.scope import Scope
from tillsight.domains.customers.value import customer_value, fit_bg_nbd, fit_gamma_gamma
from tillsight.domains.customers.value_analyses import customers_of
from tillsight.reference_shop import generate
from tillsight.shop import Shop

FIRST = date(2024, 1, 1)
END = date(2024, 12, 31)


def buyers(customers: int = 300) -> dict[str, Any]:
    """Customers who begin in the first half of a year and buy at their own rates; a third of them stop after a few orders."""
    chance = np.random.default_rng(12)
    orders, items = [], []

    def buy(customer: str, day: date, amount: float, number: str, **more: Any) -> None:
        orders.append(order(number, f"{day}T12:00:00", customer_id=customer, **more))
        items.append(line(number, "1", "P", 1, f"{amount:.2f}"))

    for at in range(customers):
        country = "DE" if at % 3 else "FR"
        mean = 30 * chance.lognormal(0, 0.4)
        rate = chance.gamma(0.8, 1 / 40)
        stays = chance.beta(0.9, 2.5) * (at % 3 == 0)
        day, count = FIRST + timedelta(days=int(chance.integers(0, 180))), 0
        while day <= END:
            buy(f"K{at}", day, mean * chance.gamma(5, 1 / 5), f"{at}-{count}", country=country)
            count += 1
            if count > 1 and chance.random() < stays:
                break
            day += timedelta(days=int(np.ceil(min(chance.exponential(1 / rate), 999))))
    # by hand: two orders on the first day count once; one is cancelled; a guest is nobody
    buy("HAND", date(2024, 2, 1), 10, "h1")
    buy("HAND", date(2024, 2, 1), 15, "h2")
    buy("HAND", date(2024, 3, 2), 40, "h3")
    buy("HAND", date(2024, 5, 1), 20, "h4")
    buy("HAND", date(2024, 5, 1), 30, "h5")
    buy("HAND", date(2024, 6, 1), 99, "h6", cancelled_at="2024-06-02T00:00:00", order_status="cancelled")
    buy("LAST", END, 50, "l1")
    orders.append(order("guest", "2024-04-01T12:00:00"))
    items.append(line("guest", "1", "P", 1, "70"))
    return {"products": [{"product_id": "P", "category": "Things"}], "orders": orders, "order_items": items}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with make_shop(tmp_path_factory.mktemp("shop"), buyers()) as shop:
        yield shop


@pytest.mark.feature("CUS-01", "CUS-09")
def test_orders_become_frequency_recency_age_and_mean(shop: Shop) -> None:
    found = customers_of(shop.asker(), (), END)
    at = found.table["customer_id"].to_pylist().index("HAND")
    assert (found.frequency[at], found.recency[at], found.age[at]) == (2, 90, 334)
    assert found.mean_value[at] == pytest.approx((40 + 50) / 2)
    assert found.spent[at] == pytest.approx(115)
    assert found.table["first_day"][at].as_py() == date(2024, 2, 1)
    assert len(found) == 302  # 300, the two by hand; no guest
    then = customers_of(shop.asker(), (), date(2024, 3, 31))
    at = then.table["customer_id"].to_pylist().index("HAND")
    assert (then.frequency[at], then.recency[at], then.age[at]) == (1, 30, 59)
    assert "LAST" not in then.table["customer_id"].to_pylist()


@pytest.mark.feature("CUS-01", "CUS-09")
def test_every_customer_has_what_the_models_say(shop: Shop) -> None:
    answer = shop.analyse("customers.value", horizon=180, discount=0)
    rows = {row["customer_id"]: row for row in answer.to_records()}
    assert answer.row_count == len(rows) == 302
    found = customers_of(shop.asker(), (), END)
    buying = fit_bg_nbd(found.frequency, found.recency, found.age)
    spending = fit_gamma_gamma(found.frequency, found.mean_value)
    worth = customer_value(
        buying, spending, found.frequency, found.recency, found.age, found.mean_value, horizon=180, yearly_discount=0
    )
    for at, customer in enumerate(found.table["customer_id"].to_pylist()):
        row = rows[customer]
        assert row["orders"] == found.frequency[at] + 1
        assert row["alive"] == pytest.approx(100 * worth.alive[at])
        assert row["expected_orders"] == pytest.approx(worth.orders[at])
        assert float(row["clv"]) == pytest.approx(worth.clv[at], abs=0.006)
        assert isinstance(row["clv"], Decimal)
        if row["next_order"] is not None:
            assert 0 <= (row["next_order"] - END).days - worth.days_to_next[at] < 1
    assert answer.totals is not None
    assert answer.totals["clv"] == pytest.approx(worth.clv.sum())
    assert answer.totals["expected_orders"] == pytest.approx(worth.orders.sum())
    assert [float(row["clv"]) for row in answer.to_records()] == sorted(
        (float(row["clv"]) for row in rows.values()), reverse=True
    )
    assert answer.sentences[0]["text"].startswith("302 customers are expected to order ")
    assert f"r {buying.r:.3f}" in answer.notes[0]["text"]


def test_lists_end_where_asked_totals_do_not(shop: Shop) -> None:
    whole = shop.analyse("customers.value")
    short = shop.analyse("customers.value", limit=3, sort="alive")
    assert short.table.num_rows == 3
    assert short.row_count == 302
    assert short.totals == whole.totals
    assert [row["alive"] for row in short.to_records()] == sorted(row["alive"] for row in whole.to_records())[:3]
    with pytest.raises(QuestionError, match="sort is one of"):
        shop.analyse("customers.value", sort="name")


def test_a_discount_and_a_shorter_time_are_worth_less(shop: Shop) -> None:
    def total(**parameters: Any) -> float:
        totals = shop.analyse("customers.value", limit=1, **parameters).totals
        assert totals is not None
        return float(totals["clv"])

    plain = total(discount=0)
    assert plain / 1.1 < total(discount=10) < plain
    assert total(discount=0, horizon=90) < total(discount=0, horizon=180) < plain


def test_filters_and_scopes_choose_customers(shop: Shop) -> None:
    french = shop.analyse("customers.value", where="country=FR")
    assert {row["customer_id"] for row in french.to_records()} == {f"K{at}" for at in range(0, 300, 3)}
    seen = shop.analyse("customers.value", scope=Scope("eva", (("country", ("FR",)),)))
    assert seen.table.equals(french.table)


@pytest.mark.feature("CUS-09")
def test_expected_and_made_orders_of_days_kept_back(shop: Shop) -> None:
    answer = shop.analyse("customers.value_holdout", days=90)
    rows = answer.to_records()
    assert [row["repeat_orders"] for row in rows] == [str(often) for often in range(7)] + ["7 or more"]
    whole, before = customers_of(shop.asker(), (), END), customers_of(shop.asker(), (), END - timedelta(days=90))
    assert sum(row["customers"] for row in rows) == len(before)
    known = set(before.table["customer_key"].to_pylist())
    kept = np.array([key in known for key in whole.table["customer_key"].to_pylist()])
    assert sum(row["actual"] for row in rows) == whole.frequency[kept].sum() - before.frequency.sum()
    assert sum(row["expected"] for row in rows) == pytest.approx(sum(row["actual"] for row in rows), rel=0.15)
    assert rows[-1]["actual_each"] > rows[0]["actual_each"]


def test_too_little_gives_no_number_but_the_reason(shop: Shop, tmp_path: Path) -> None:
    early = shop.analyse("customers.value", end="2024-02-11")
    assert early.table.num_rows == 0
    assert early.totals is None
    assert early.sentences[0]["text"] == "41 days of orders are too few: the value of customers needs 56 days."
    once = shop.analyse("customers.value", where="customer_id=HAND")
    assert once.sentences[0]["text"].startswith("Only 1 customers have ordered again")
    assert shop.analyse("customers.value_holdout", end="2024-04-01").table.num_rows == 0


@pytest.mark.slow
@pytest.mark.feature("CUS-09")
def test_planted_customers_are_told_apart(tmp_path: Path) -> None:
    """The reference shop's types of customers differ in rate and life; who lapsed in March is seen to have left."""
    raw = tmp_path / "raw"
    truths = generate(raw, "medium")
    with make_shop(tmp_path / "shop", {}, build=False, timezone="Europe/Berlin", shop_id="harbour-pine") as shop:
        for name in ("orders", "order_items", "products", "customers", "shops", "exchange_rates"):
            assert (raw / f"{name}.parquet").exists(), name
        shop.load(
            [
                raw / f"{name}.parquet"
                for name in ("orders", "order_items", "products", "customers", "shops", "exchange_rates")
            ]
        )
        shop.build()
        answer = shop.analyse("customers.value", limit=1_000_000)
        holdout = shop.analyse("customers.value_holdout", days=60).to_records()
    with duckdb.connect() as sql:
        kinds = dict(
            sql.execute(
                f"SELECT customer_id, value FROM read_parquet('{raw / 'customer_attributes.parquet'}') WHERE attribute = 'behaviour'"
            ).fetchall()
        )
    shutil.rmtree(raw)
    by_kind: dict[str, list[dict[str, Any]]] = {}
    for row in answer.to_records():
        by_kind.setdefault(kinds.get(row["customer_id"], ""), []).append(row)

    def mean(kind: str, column: str, least: int = 1) -> float:
        return float(np.mean([float(row[column]) for row in by_kind[kind] if row["orders"] >= least]))

    assert {kind.name for kind in truths.segments.types} <= set(by_kind)
    assert mean("champion", "clv") > mean("regular", "clv") > mean("occasional", "clv") > mean("one-time", "clv")
    assert mean("lapsed", "alive", 4) < 30 < 60 < mean("regular", "alive", 4)
    assert mean("champion", "alive", 4) > 85
    expected, made = (sum(row[name] for row in holdout) for name in ("expected", "actual"))
    assert expected == pytest.approx(made, rel=0.12)
