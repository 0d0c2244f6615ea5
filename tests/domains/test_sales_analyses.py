"""What happened and why, and what to notice: the parts sum to the change, and a planted day is found, no other."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.support.shops import line, make_shop, order

from tillsight.core.errors import NotFoundError, QuestionError
from tillsight.domains.sales.insights import judge_days
from tillsight.shop import Shop

D = Decimal


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """March: 2 orders of 100.00 lamps. April: 3 orders of 120.00, 30.00 off one of them, 25.00 refunded; one is of chairs.

    net sales 200 → 305: +105. Orders 3 instead of 2 at 100 each: +100. Value of an order: 3 × 20: +60. Discounts −30, returns −25.
    """
    tables = {
        "products": [{"product_id": "L", "category": "Lamps"}, {"product_id": "C", "category": "Chairs"}],
        "orders": [
            order("1", "2024-03-05"), order("2", "2024-03-06"), order("3", "2024-04-05"), order("4", "2024-04-06", discount_amount="30"),
            order("5", "2024-04-30"),
        ],
        "order_items": [
            line("1", "1", "L", 1, "100"), line("2", "1", "L", 1, "100"), line("3", "1", "L", 1, "120"), line("4", "1", "L", 1, "120"),
            line("5", "1", "C", 1, "120"),
        ],
        "refunds": [{"refund_id": "r", "line_id": "1", "order_id": "1", "amount": "25", "refunded_at": "2024-04-09"}],
    }  # fmt: skip
    return make_shop(tmp_path, tables)


def test_the_parts_sum_to_the_change(shop: Shop) -> None:
    answer = shop.analyse("sales.headline", start="2024-04-01", end="2024-04-30")
    assert {row["part"]: row["amount"] for row in answer.to_records()} == {
        "more or fewer orders": D(100), "value of an order": D(60), "discounts": D(-30), "returns": D(-25),
    }  # fmt: skip
    texts = [sentence["text"] for sentence in answer.sentences]
    assert texts[0].startswith("Net sales rose 52.5% to ")
    assert texts[1].startswith("More orders ")
    assert "added; higher discounts " in texts[1]
    assert texts[2].startswith("Chairs grew most: ")
    assert answer.sentences[0]["tone"] == "good"


def test_a_first_month_has_nothing_to_compare_with(shop: Shop) -> None:
    texts = [s["text"] for s in shop.analyse("sales.headline", start="2024-03-05", end="2024-03-31").sentences]
    assert texts[-1] == "There are no sales to compare with."
    assert (
        shop.analyse("sales.headline", start="2019-01-01", end="2019-01-31").sentences[0]["text"]
        == "Nothing was sold in this period."
    )


def test_an_analysis_refuses_what_it_does_not_take(shop: Shop) -> None:
    with pytest.raises(NotFoundError, match=r"no analysis 'sales\.headlines'"):
        shop.analyse("sales.headlines")
    with pytest.raises(QuestionError, match="takes no parameter 'colour'; it takes limit, compare, end"):
        shop.analyse("sales.insights", colour="red")
    for wrong, message in (
        ("many", "limit is a integer|limit is an integer"),
        (0, "limit is at least 1"),
        (99, "limit is at most 50"),
    ):
        with pytest.raises(QuestionError, match=message):
            shop.analyse("sales.insights", limit=wrong)


def year(seed: int) -> pd.DataFrame:
    """A year of days: a trend of 20 %, Sundays at half, 150 orders a day of about 25.00, noise of 6 % beside the chance of counting."""
    noise = np.random.default_rng(seed)
    days = [date(2024, 1, 1) + timedelta(days=n) for n in range(365)]
    shape = np.array([0.5 if day.weekday() == 6 else 1.0 for day in days])
    orders = noise.poisson(150 * (1 + 0.2 * np.arange(365) / 365) * shape * np.exp(noise.normal(0, 0.06, 365)))
    return pd.DataFrame({"day": days, "revenue": 25 * noise.gamma(4.0 * orders) / 4.0, "orders": orders})


@pytest.mark.feature("SAL-06")
def test_planted_days_are_found_and_few_others() -> None:
    """In each of twelve years a day at 1.9 times, one at 0.4 times, and the last but one at 0.3 times of what was to be expected."""
    planted, found, right = 0, 0, 0
    for seed in range(12):
        frame = year(seed)
        for day, factor in ((100, 1.9), (200, 0.4), (363, 0.3)):
            frame.loc[day, ["revenue", "orders"]] = [frame.revenue[day] * factor, round(frame.orders[day] * factor)]
        usual = frame.revenue[100] / 1.9
        judged = judge_days(frame)
        unusual = set(judged.index[judged.unusual])
        planted, found, right = planted + 3, found + len(unusual), right + len(unusual & {100, 200, 363})
        assert judged.expected[100] == pytest.approx(usual, rel=0.35)
    assert right / planted >= 0.9
    assert right / found >= 0.8


@pytest.mark.feature("SAL-06")
def test_nothing_is_found_where_there_is_nothing() -> None:
    """At a false discovery rate of 5 %, a year of chance alone has a finding in about one of twenty."""
    assert sum(judge_days(year(seed)).unusual.any() for seed in range(20)) <= 4


@pytest.mark.feature("SAL-06")
def test_a_day_of_few_orders_says_little() -> None:
    """With four orders a day, a day without any comes every eight weeks: it is no news."""
    frame = year(2)
    chance = np.random.default_rng(5)
    frame["orders"] = chance.poisson(4, 365)
    frame["revenue"] = [float(chance.gamma(4.0 * n, 6.0)) if n else 0.0 for n in frame.orders]
    assert (frame.revenue == 0).sum() >= 3
    assert not judge_days(frame).unusual.any()


def test_a_short_history_is_not_judged() -> None:
    assert judge_days(year(1)[:55]).deviation.isna().all()


def test_what_to_notice(tmp_path: Path) -> None:
    """Sixteen weeks of twelve orders a day, Sundays closed, one Tuesday with orders five times as large."""
    rows: list[tuple[dict[str, Any], dict[str, Any]]] = []
    for n in range(112):
        day = date(2024, 1, 1) + timedelta(days=n)
        if day.weekday() != 6:
            price = 100 + (n * 37 % 11) + (400 if n == 57 else 0)
            rows += [(order(f"{n}-{i}", day.isoformat()), line(f"{n}-{i}", "1", "A", 1, str(price))) for i in range(12)]
    with make_shop(tmp_path, {"orders": [o for o, _ in rows], "order_items": [i for _, i in rows]}) as shop:
        answer = shop.analyse("sales.insights")
        texts = " ".join(sentence["text"] for sentence in answer.sentences)
        assert "Best day 27 Feb 2024" in texts
        assert "Nothing was sold on 15 of 111 days." in texts
        assert "nothing is sold on Sunday" in texts
        assert "27 Feb 2024 was unusual" in texts
        assert [row["day"] for row in answer.to_records() if row["unusual"]] == [date(2024, 2, 27)]
