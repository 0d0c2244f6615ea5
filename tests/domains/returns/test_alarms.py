"""Alarms and effects on twenty weeks that are counted by hand.

Ten products sell 20 units every Monday, and one unit of each comes back as too small three days later. Besides: P0 brings 14 units more
in the last week, P1 eleven units more every week, P8 four units more a week until the ninth; of what was sold in the sixth and
seventh week every product of supplier S brings two defects a week.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.support.shops import line, make_shop, order

from tillsight.core.errors import QuestionError
from tillsight.domains.returns import alarms
from tillsight.domains.returns.alarms import LONGEST_WINDOW, highest, likeliest
from tillsight.domains.returns.effects import compared
from tillsight.shop import Shop

MONDAYS = [date(2024, 1, 1) + timedelta(weeks=week) for week in range(20)]
SUNDAY = MONDAYS[-1] + timedelta(days=6)
PRODUCTS = [f"P{number}" for number in range(10)]
OF_S = PRODUCTS[2:8]
MEASURED = "2024-02-26"


def tables() -> dict[str, list[dict[str, Any]]]:
    made: dict[str, list[dict[str, Any]]] = {
        "products": [
            {"product_id": name, "product_name": name, "category": "Coats", "supplier_id": "S" if name in OF_S else "T"}
            for name in PRODUCTS
        ],
        "suppliers": [{"supplier_id": "S", "supplier_name": "Spinner"}, {"supplier_id": "T", "supplier_name": "Tailor"}],
        # the last order says how far the data go
        "orders": [order(f"{day}", str(day)) for day in (*MONDAYS, SUNDAY)],
        "order_items": [
            *(line(f"{day}", name, name, 20, "50", unit_cost="20") for day in MONDAYS for name in PRODUCTS),
            line(f"{SUNDAY}", "1", "bag", 1, "1", unit_cost="1"),
        ],
        "returns": [],
        "return_items": [],
    }  # fmt: skip

    def back(day: date, name: str, units: int, reason: str, later: int = 3) -> None:
        number = f"R{len(made['returns'])}"
        made["returns"].append(
            {
                "return_id": number,
                "order_id": f"{day}",
                "initiated_at": f"{day + timedelta(days=later)}",
                "return_status": "approved",
            }
        )
        made["return_items"].append(
            {"return_id": number, "line_id": "1", "order_line_id": name, "product_id": name, "quantity": units, "reason_code": reason}
        )  # fmt: skip

    for week, day in enumerate(MONDAYS):
        for name in PRODUCTS:
            units = 12 if name == "P1" else 5 if name == "P8" and week < 8 else 1
            back(day, name, units, "too_small", 6 if name == "P9" else 3)
            if week in (5, 6) and name in OF_S:
                for _ in range(2):
                    back(day, name, 1, "manufacturing_defect")
    back(MONDAYS[-1], "P0", 14, "too_small", 5)
    return made


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with make_shop(tmp_path_factory.mktemp("alarms"), tables()) as made:
        yield made


@pytest.fixture(scope="module")
def found(shop: Shop) -> list[dict[str, Any]]:
    return shop.analyse("returns.alarms", period="all").to_records()


@pytest.mark.feature("RET-10")
def test_a_rate_above_what_is_tolerated_rings_and_no_other(shop: Shop, found: list[dict[str, Any]]) -> None:
    [above] = [row for row in found if row["kind"] == "High return rate"]
    assert (above["subject"], above["units"], above["rate"]) == ("P1", 240, 60)
    assert above["expected"] == 400 * 30 / 100
    # what is tolerated is a choice: nothing is above 70 %
    higher = shop.analyse("returns.alarms", period="all", tolerated=70).to_records()
    assert not [row for row in higher if row["kind"] == "High return rate"]


@pytest.mark.feature("RET-10")
def test_a_sudden_rise_rings_against_what_would_be_usual(found: list[dict[str, Any]]) -> None:
    [spike] = [row for row in found if row["kind"] == "Sudden rise"]
    assert (spike["subject"], spike["units"]) == ("P0", 15)
    assert (spike["first"], spike["last"]) == (date(2024, 5, 13), date(2024, 5, 19))
    # eight units in the eight weeks before, at even sales: (8 + ½) ÷ 8 a week
    assert spike["expected"] == pytest.approx(8.5 / 8)


@pytest.mark.feature("RET-10")
def test_a_bad_delivery_of_a_supplier_rings_by_its_weeks(found: list[dict[str, Any]]) -> None:
    """Four defects of each product are too few to say anything; 24 of their supplier are not."""
    [pattern] = [row for row in found if row["kind"] == "Quality pattern"]
    assert (pattern["level"], pattern["subject"], pattern["units"]) == ("Supplier", "Spinner", 24)
    assert (pattern["first"], pattern["last"]) == (MONDAYS[5], MONDAYS[6] + timedelta(days=6))
    assert pattern["expected"] == pytest.approx(24 * 2 / 20)


@pytest.mark.feature("RET-10")
def test_sentence_and_table_name_the_same_days_where_a_week_is_cut_off(shop: Shop) -> None:
    answer = shop.analyse("returns.alarms", start=MONDAYS[0], end=MONDAYS[6] + timedelta(days=2))
    [pattern] = [row for row in answer.to_records() if row["kind"] == "Quality pattern"]
    assert (pattern["first"], pattern["last"]) == (MONDAYS[5], MONDAYS[6] + timedelta(days=2))
    [told] = [one["text"] for one in answer.sentences if one["text"].startswith("Spinner")]
    assert f"bought from {pattern['first']:%-d %b} to {pattern['last']:%-d %b %Y}" in told


def test_rises_alone_do_not_ring_when_sales_rise_as_well(shop: Shop) -> None:
    """Before the last week nothing rises."""
    rows = shop.analyse("returns.alarms", start=MONDAYS[0], end=MONDAYS[18] + timedelta(days=6)).to_records()
    assert [row["kind"] for row in rows if row["kind"] == "Sudden rise"] == []


@pytest.mark.feature("RET-13")
def test_the_effect_of_a_measure_is_measured_against_other_goods(shop: Shop) -> None:
    answer = shop.analyse("returns.effect", product="P8", measure="Size guide", done_on=MEASURED)
    rows = {(row["goods"], row["when"]): row for row in answer.to_records()}
    # 53 days each, seven Mondays of them: 140 units sold, five and one of each 20 came back
    assert (rows["P8", "before"]["units_sold"], rows["P8", "before"]["units"]) == (140, 35)
    assert (rows["P8", "after"]["units_sold"], rows["P8", "after"]["units"]) == (140, 7)
    others = rows["Compared with", "before"]
    assert others["units"] == rows["Compared with", "after"]["units"] == 7 * (8 + 12)
    told = answer.document
    assert told is not None
    assert told["state"] == "measured"
    assert told["change"] == pytest.approx(100 * (7.5 / 35.5 - 1))
    assert told["units_avoided"] == pytest.approx(28)
    assert told["low"] < told["change"] < told["high"] < 0
    assert "fell by 79%" in told["text"]
    assert (told["before_from"], told["after_to"]) == (date(2024, 1, 4), date(2024, 4, 19))


@pytest.mark.feature("RET-13")
def test_no_effect_is_no_effect_and_young_measures_are_not_judged(shop: Shop) -> None:
    same = shop.analyse("returns.effect", product="P1", measure="Size guide", done_on=MEASURED).document
    assert same is not None
    assert same["low"] < 0 < same["high"]
    assert "No effect beyond chance" in same["text"]
    young = shop.analyse("returns.effect", product="P8", measure="Size guide", done_on="2024-05-01").document
    assert young is not None
    assert young["state"] == "not enough data yet"
    assert young["change"] is None
    rare = shop.analyse("returns.effect", product="P3", measure="Picking", done_on=MEASURED).document
    assert rare is not None
    assert rare["state"] == "not enough data yet", "nothing came back for what picking cures"
    for wrong in ({"measure": "Prayer"}, {"done_on": "yesterday"}):
        with pytest.raises(QuestionError):
            shop.analyse("returns.effect", **{"product": "P8", "measure": "Size guide", "done_on": MEASURED, **wrong})


def test_a_change_that_all_goods_share_is_not_the_measure() -> None:
    """Everything comes back half as often: nothing is left for the measure."""
    mine = pd.DataFrame({"sold_before": [100.0], "sold_after": [100.0], "back_before": [40.0], "back_after": [20.0]})
    others = pd.concat([mine] * 8, ignore_index=True)
    result = compared(mine, others)
    assert result is not None
    change, low, high, avoided = result
    assert change == pytest.approx(100 * (20.5 / 20.5 - 1))
    assert low < 0 < high
    assert avoided == pytest.approx(0)


def test_windows_that_cannot_reach_the_bound_are_left_out_and_no_other() -> None:
    """Against every window of every row, from the definition."""
    chance = np.random.default_rng(4)
    base = chance.integers(0, 30, (60, 25)).astype(float)
    cases = chance.poisson(0.1 * base * chance.choice([1, 1, 1, 5], (60, 25))).astype(float)
    whole, sold = cases.sum(axis=1), base.sum(axis=1)
    best = np.zeros(60)
    for row in range(60):
        for start in range(25):
            for stop in range(start + 1, min(start + LONGEST_WINDOW, 25) + 1):
                c, e = cases[row, start:stop].sum(), whole[row] * base[row, start:stop].sum() / sold[row]
                if c > e > 0:
                    rest = whole[row] - c
                    gain = c * np.log(c / e) + (rest * np.log(rest / (whole[row] - e)) if rest else 0.0)
                    best[row] = max(best[row], gain)
    window, gain = likeliest(cases, base)
    assert gain == pytest.approx(best)
    least = float(np.median(best))
    some, bounded = likeliest(cases, base, least)
    assert bounded == pytest.approx(np.where(best >= least, best, 0.0))
    assert (some == window)[best >= least].all()


@pytest.mark.feature("RET-10")
def test_what_could_be_found_is_bounded_from_above_whenever_its_sales_were() -> None:
    """Against the likeliest window for sales that are drawn with no fewer units than came back in every week."""
    chance = np.random.default_rng(7)
    for rate in (0.02, 0.3, 2.0):
        cases = chance.poisson(rate * chance.choice([1, 1, 1, 20], (200, 30))).astype(float)
        sold = chance.poisson(chance.choice([0, 1, 50], (200, 30))).astype(float)
        found = likeliest(cases, np.maximum(sold, cases))[1]
        bound = highest(cases, sold.sum(axis=1))
        assert (bound >= found - 1e-9).all()
        assert (found > 0).any()
    # and where all sales lie in the weeks of the returns, the bound is reached
    cases, sold = np.zeros((1, 30)), np.zeros((1, 30))
    cases[0, 4] = 8
    sold[0, 20] = 92
    assert highest(cases, sold.sum(axis=1)) == pytest.approx(likeliest(cases, np.maximum(sold, cases))[1])
    assert highest(cases, sold.sum(axis=1)) == pytest.approx(8 * np.log(100 / 8))


@pytest.mark.feature("RET-10")
def test_many_products_are_looked_at_without_being_named(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    named = shop.analyse("returns.alarms", period="all").to_records()
    monkeypatch.setattr(alarms, "MOST_NAMED", 0)
    assert shop.analyse("returns.alarms", period="all").to_records() == named
