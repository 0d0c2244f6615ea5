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
from tillsight.domains.sales.analyses import unusual_days
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
    """A year of days: a trend of 20 %, Sundays at half, noise of 6 %."""
    noise = np.random.default_rng(seed)
    days = [date(2024, 1, 1) + timedelta(days=n) for n in range(365)]
    shape = np.array([0.5 if day.weekday() == 6 else 1.0 for day in days])
    return pd.DataFrame(
        {"day": days, "revenue": 1000 * (1 + 0.2 * np.arange(365) / 365) * shape * np.exp(noise.normal(0, 0.06, 365))}
    )


@pytest.mark.parametrize("seed", range(5))
def test_planted_days_are_found_and_the_weekly_shape_is_not_mistaken_for_them(seed: int) -> None:
    """A day at 1.8 times and one at 0.4 times what was to be expected; every Sunday at half is no surprise."""
    frame = year(seed)
    frame.loc[100, "revenue"] *= 1.8
    frame.loc[200, "revenue"] *= 0.4
    judged = unusual_days(frame)
    found = judged.index[judged.deviation.abs() > 3.5].tolist()
    assert set(found) >= {100, 200}
    assert len(found) <= 4
    assert judged.expected[100] == pytest.approx(frame.revenue[100] / 1.8, rel=0.2)
    assert judged.deviation[:14].isna().all()
    assert judged.deviation[-14:].isna().all()


def test_a_short_history_is_not_judged() -> None:
    assert unusual_days(year(1)[:55]).deviation.isna().all()


def test_what_to_notice(tmp_path: Path) -> None:
    """Sixteen weeks, Sundays closed, one Tuesday with four times its sales."""
    rows: list[tuple[dict[str, Any], dict[str, Any]]] = []
    for n in range(112):
        day = date(2024, 1, 1) + timedelta(days=n)
        if day.weekday() != 6:
            price = 100 + (n * 37 % 11) + (400 if n == 57 else 0)
            rows.append((order(f"{n}", day.isoformat()), line(f"{n}", "1", "A", 1, str(price))))
    with make_shop(tmp_path, {"orders": [o for o, _ in rows], "order_items": [i for _, i in rows]}) as shop:
        answer = shop.analyse("sales.insights")
        texts = " ".join(sentence["text"] for sentence in answer.sentences)
        assert "Best day 27 Feb 2024" in texts
        assert "Nothing was sold on 15 of 111 days." in texts
        assert "nothing is sold on Sunday" in texts
        assert "27 Feb 2024 was unusual" in texts
        assert [row["day"] for row in answer.to_records() if row["unusual"]] == [date(2024, 2, 27)]
