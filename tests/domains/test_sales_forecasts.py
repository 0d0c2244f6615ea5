"""Sales ahead, as the catalogue answers: what is shown, what is kept, what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.support.shops import line, make_shop, order

from tillsight.core.errors import NotFoundError, QuestionError
from tillsight.core.scope import Scope
from tillsight.shop import Shop

FIRST = date(2025, 1, 1)
DAYS = 150


def sold(days: int = DAYS, seed: int = 3) -> dict[str, Any]:
    """Lamps all the time, chairs on most days, a desk since a week. Prices are whole euros, three orders a day at most."""
    chance = np.random.default_rng(seed)
    orders, items = [], []
    for at in range(days):
        day = FIRST + timedelta(days=at)
        week = (0.8, 0.8, 0.9, 1.0, 1.2, 1.5, 0.8)[day.weekday()]
        amounts = {"L": int(100 * week * chance.lognormal(0, 0.1)), "C": int(40 * week * chance.lognormal(0, 0.2))}
        if at >= days - 7:
            amounts["D"] = 25
        for product, amount in amounts.items():
            number = f"{at}-{product}"
            orders.append(order(number, f"{day}T12:00:00", country="DE"))
            items.append(line(number, "1", product, 1, str(amount)))
    names = (("L", "Lamps"), ("C", "Chairs"), ("D", "Desks"))
    products = [{"product_id": product, "category": category} for product, category in names]
    return {"products": products, "orders": orders, "order_items": items}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with make_shop(tmp_path_factory.mktemp("shop"), sold(), locale="de-DE") as shop:
        yield shop


LAST = FIRST + timedelta(days=DAYS - 1)


@pytest.mark.feature("SAL-09")
def test_the_days_ahead_and_the_days_before(shop: Shop) -> None:
    answer = shop.analyse("sales.forecast", horizon=14, history=30)
    rows = answer.to_records()
    assert [row["day"] for row in rows] == [LAST - timedelta(days=29 - at) for at in range(44)]
    past, ahead = rows[:30], rows[30:]
    known = {row["day"]: row["revenue"] for row in shop.query("revenue", grain="day").to_records()}
    assert all(row["actual"] == known[row["day"]] and row["forecast"] is None for row in past)
    assert all(row["tried"] is not None for row in past)  # three windows of 14 days cover the last 42
    for row in ahead:
        assert row["actual"] is None
        assert 0 <= row["lower"] <= row["forecast"] <= row["upper"]
        assert isinstance(row["forecast"], Decimal)
    assert answer.totals is not None
    assert answer.totals["forecast"] == pytest.approx(float(sum(row["forecast"] for row in ahead)), abs=0.1)
    assert answer.totals["lower"] < answer.totals["forecast"] < answer.totals["upper"]
    # 140 × the mean of the week, 1.0, and the desks
    assert answer.totals["forecast"] == pytest.approx(14 * 165, rel=0.12)
    text = answer.sentences[0]["text"]
    assert text.startswith("Total revenue from 31 May 2025 to 13 Jun 2025: about ")
    assert "80% certainty" in text
    assert any("Pentecost Monday (9 Jun 2025)" in sentence["text"] for sentence in answer.sentences)


@pytest.mark.feature("SAL-09")
def test_scenarios_lie_on_the_ends_of_the_interval_of_the_sum(shop: Shop) -> None:
    found = {
        scenario: shop.analyse("sales.forecast", horizon=14, scenario=scenario)
        for scenario in ("worst", "expected", "best")
    }
    sums = {
        scenario: float(sum(row["forecast"] for row in answer.to_records() if row["forecast"] is not None))
        for scenario, answer in found.items()
    }
    expected = found["expected"].totals
    assert expected is not None
    assert sums["worst"] == pytest.approx(expected["lower"], abs=0.2)
    assert sums["best"] == pytest.approx(expected["upper"], abs=0.2)
    assert sums["worst"] < sums["expected"] < sums["best"]
    for row in found["best"].to_records():
        assert row["forecast"] is None or row["forecast"] <= row["upper"]


@pytest.mark.feature("SAL-09")
def test_parts_sum_to_the_whole_and_the_young_say_so(shop: Shop) -> None:
    answer = shop.analyse("sales.forecast", by="category", horizon=7)
    rows = [row for row in answer.to_records() if row["day"] > LAST]
    for at in range(1, 8):
        of_day = {row["category"]: row["forecast"] for row in rows if row["day"] == LAST + timedelta(days=at)}
        assert set(of_day) == {"(total)", "Lamps", "Chairs"}
        # desks are too young for a number of their own; what they sell is in the whole
        assert float(of_day["(total)"] - of_day["Lamps"] - of_day["Chairs"]) == pytest.approx(25, abs=15)
    assert any("too little history: Desks" in sentence["text"] for sentence in answer.sentences)
    one = shop.analyse("sales.forecast", by="category", horizon=7, limit=1)
    assert {row["category"] for row in one.to_records()} == {"(total)", "Lamps", "(all others)"}
    for day in {row["day"] for row in one.to_records() if row["forecast"] is not None}:
        parts = {row["category"]: float(row["forecast"]) for row in one.to_records() if row["day"] == day}
        assert parts["(total)"] == pytest.approx(parts["Lamps"] + parts["(all others)"], abs=0.02)


@pytest.mark.feature("SAL-09")
def test_the_models_with_their_errors(shop: Shop) -> None:
    rows = shop.analyse("sales.forecast_models", horizon=14).to_records()
    assert {"Seasonal naive", "Theta", "Gradient boosting", "Mean of the models"} <= {row["model"] for row in rows}
    assert [row["taken"] for row in rows].count(True) == 1
    by_category = shop.analyse("sales.forecast_models", by="category", horizon=14).to_records()
    assert {row["category"] for row in by_category} == {"(total)", "Lamps", "Chairs"}
    lamps = [row for row in by_category if row["category"] == "Lamps"]
    taken = next(row for row in lamps if row["taken"])
    naive = next(row for row in lamps if row["model"] == "Seasonal naive")
    assert taken["mase"] < 0.9 * naive["mase"]
    assert 0 < taken["mape"] < 15
    assert [row["coverage"] is not None for row in lamps] == [row["taken"] for row in lamps]


@pytest.mark.feature("SAL-09")
def test_a_forecast_is_kept_and_compared_with_what_came(shop: Shop) -> None:
    empty = shop.analyse("sales.forecast_record", horizon=10)
    assert empty.table.num_rows == 0
    assert empty.sentences[0]["text"].startswith("No day of an earlier forecast has come yet.")
    earlier = LAST - timedelta(days=20)
    stood = shop.analyse("sales.forecast", end=earlier.isoformat(), horizon=10)
    ahead = [row for row in stood.to_records() if row["day"] > earlier]
    assert [row["day"] for row in ahead] == [earlier + timedelta(days=at) for at in range(1, 11)]
    assert all(row["actual"] is not None for row in ahead)  # what came since is shown beside it
    found = shop.analyse("sales.forecast_record", horizon=10)
    rows = found.to_records()
    assert [row["made_from"] for row in rows] == [earlier] * 10
    assert [(row["forecast"], row["actual"]) for row in rows] == [(row["forecast"], row["actual"]) for row in ahead]
    assert found.sentences[0]["text"].startswith("One earlier forecast was off by ")
    # a limited user has questions of his own
    assert (
        shop.analyse("sales.forecast_record", horizon=10, scope=Scope("eva", (("country", ("FR",)),))).table.num_rows
        == 0
    )


def test_the_same_question_is_not_computed_twice(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    one = shop.analyse("sales.forecast", horizon=9)

    def never(*_: object, **__: object) -> None:
        raise AssertionError("computed again")

    monkeypatch.setattr("tillsight.forecasting.forecast.forecast", never)
    again = shop.analyse("sales.forecast", horizon=9)
    assert again.table.equals(one.table)
    assert again.sentences == one.sentences
    with pytest.raises(AssertionError, match="computed again"):
        shop.analyse("sales.forecast", horizon=9, where="country=DE")


def test_what_happens_after_the_origin_is_not_learnt_from(tmp_path: Path) -> None:
    tables = sold(140, seed=5)
    for item in tables["order_items"]:
        if int(item["order_id"].split("-")[0]) >= 120:
            item["unit_price"] = "9999"
    with make_shop(tmp_path / "a", tables) as wild, make_shop(tmp_path / "b", sold(140, seed=5)) as calm:
        end = (FIRST + timedelta(days=119)).isoformat()
        made = [
            [row["forecast"] for row in shop.analyse("sales.forecast", end=end, horizon=7).to_records()]
            for shop in (wild, calm)
        ]
    assert made[0] == made[1]


@pytest.mark.feature("SAL-09")
def test_too_short_a_history_gives_no_number_but_the_reason(tmp_path: Path) -> None:
    with make_shop(tmp_path, sold(41)) as shop:
        answer = shop.analyse("sales.forecast", horizon=14)
        assert {row["forecast"] for row in answer.to_records()} == {None}
        assert answer.totals is not None
        assert set(answer.totals.values()) == {None}
        assert [sentence["text"] for sentence in answer.sentences] == [
            "There is no forecast of total revenue: 41 days of history are too few: a forecast needs 56 days."
        ]
        assert shop.analyse("sales.forecast_models", horizon=14).table.num_rows == 0


def test_what_cannot_be_forecast_is_refused(shop: Shop) -> None:
    with pytest.raises(QuestionError, match="Average order value does not sum over days"):
        shop.analyse("sales.forecast", metric="average_order_value")
    with pytest.raises(QuestionError, match="Customers does not sum over days"):
        shop.analyse("sales.forecast", metric="customers")
    with pytest.raises(NotFoundError):
        shop.analyse("sales.forecast", metric="revenu")
    with pytest.raises(NotFoundError):
        shop.analyse("sales.forecast", by="colour_of_the_sky")
    with pytest.raises(QuestionError, match="Holidays of 'ZZ'"):
        shop.analyse("sales.forecast", country="ZZ")
    with pytest.raises(QuestionError, match="horizon is at most 366"):
        shop.analyse("sales.forecast", horizon=1000)


def test_orders_are_forecast_as_numbers(shop: Shop) -> None:
    answer = shop.analyse("sales.forecast", metric="orders", horizon=7)
    ahead = [row["forecast"] for row in answer.to_records() if row["forecast"] is not None]
    assert ahead == pytest.approx([2.0] * 7, abs=1.1)
    assert answer.columns[2].unit == "count"


def test_forecasts_that_name_persons_are_not_kept(tmp_path: Path) -> None:
    tables = sold(70)
    for item in tables["orders"]:
        item["customer_id"] = "K1"
    with make_shop(tmp_path, tables) as shop:
        for _ in range(2):
            shop.analyse("sales.forecast", end=(FIRST + timedelta(days=59)).isoformat(), horizon=5, by="customer_id")
        assert shop.analyse("sales.forecast_record", horizon=5, by="customer_id").table.num_rows == 0
        assert b"K1" not in (tmp_path / "app.sqlite").read_bytes()
