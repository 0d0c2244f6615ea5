"""What a campaign added, who is at risk, and which segments shifted: by hand, against what is planted, and with bad input."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from tests.support.shops import line, make_shop, order

from tillsight.core.errors import NotFoundError, QuestionError
from tillsight.domains.customers.campaigns import Group, effect_of, needed
from tillsight.reference_shop import Truths
from tillsight.shop import Shop

START = date(2025, 7, 1)


@pytest.fixture(scope="module")
def addressed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """90 customers, all with an order in June. In July 30 of 60 who were addressed order again, and 6 of 30 who were held out."""
    heads, lines, members = [], [], []
    for number in range(90):
        who = f"c{number:02}"
        days = [START - timedelta(days=3 + number % 20)]
        held = number >= 60
        if (held and number < 66) or (not held and number % 2 == 0):
            days.append(START + timedelta(days=number % 20))
        for day in days:
            name = f"O-{who}-{day:%m%d}"
            heads.append(order(name, f"{day} 09:00:00", customer_id=who, country="FR" if number % 2 else "DE"))
            lines.append(line(name, "1", "P", 1, "20.00"))
        members.append(
            {
                "campaign_id": "C-1", "line_id": who, "customer_id": who, "arm": "control" if held else "target",
                "assigned_at": f"{START} 00:00:00",
            }
        )  # fmt: skip
    heads.append(order("O-last", "2025-07-31 09:00:00", customer_id="other"))
    lines.append(line("O-last", "1", "P", 1, "20.00"))
    tables = {"orders": heads, "order_items": lines, "campaign_members": members}
    with make_shop(tmp_path_factory.mktemp("campaign") / "shop", tables) as shop:
        yield shop


@pytest.mark.feature("CUS-08")
def test_campaigns_are_listed_with_their_members_and_days(addressed: Shop) -> None:
    [row] = addressed.analyse("customers.campaigns").to_records()
    # the data end on the last day of July, before the six weeks are over
    assert row == {
        "campaign_id": "C-1", "first_day": START, "last_day": date(2025, 7, 31), "customers": 60, "compared": 30,
    }  # fmt: skip
    [short] = addressed.analyse("customers.campaigns", days=7).to_records()
    assert short["last_day"] == START + timedelta(days=6)
    [half] = addressed.analyse("customers.campaigns", where=["country=FR"]).to_records()
    assert (half["customers"], half["compared"]) == (30, 15)
    assert addressed.analyse("customers.campaigns", where=["country=XX"]).to_records() == []


@pytest.mark.feature("CUS-08")
def test_the_effect_against_those_held_out(addressed: Shop) -> None:
    answer = addressed.analyse("customers.campaign_effect", days=30, preset="olist")
    row = answer.to_records()[0]
    assert (row["segment"], row["customers"], row["compared"]) == ("Everybody", 60, 30)
    assert row["mean_addressed"] == pytest.approx(0.5)
    assert row["effect"] == pytest.approx(0.3)  # everybody had one order before, so nothing is corrected
    assert row["mean_without"] == pytest.approx(0.2)
    assert row["lift"] == pytest.approx(150)
    error = np.sqrt(0.25 * 60 / 59 / 60 + 0.16 * 30 / 29 / 30)
    assert (row["effect_upper"] - row["effect_lower"]) / 2 == pytest.approx(2.0 * error, rel=0.02)
    assert row["p_value"] < 0.05
    assert row["added"] == pytest.approx(18)
    assert answer.sentences[0]["tone"] == "good"
    assert "held out at random" in answer.sentences[0]["text"]
    assert sum(one["customers"] for one in answer.to_records()[1:]) == 60
    revenue = addressed.analyse("customers.campaign_effect", days=30, measure="revenue").to_records()[0]
    assert revenue["effect"] == pytest.approx(6)


def test_bad_input_is_refused(addressed: Shop) -> None:
    with pytest.raises(NotFoundError, match="there are C-1"):
        addressed.analyse("customers.campaign_effect", campaign="C-2")
    with pytest.raises(QuestionError, match="measure is one of"):
        addressed.analyse("customers.campaign_effect", measure="clicks")
    with pytest.raises(QuestionError, match="before the campaign"):
        addressed.analyse("customers.campaign_effect", start="2026-01-01", end="2026-02-01")
    few = addressed.analyse("customers.campaign_effect", days=30, where=["country=DE"]).to_records()[0]
    assert few["compared"] == 15
    assert few["effect"] is None


@pytest.mark.feature("CUS-08")
def test_a_correction_takes_chance_away_and_the_size_is_enough() -> None:
    """Outcomes that depend on what was before: the corrected interval is narrower, and holds the true effect."""
    random = np.random.default_rng(5)

    def group(count: int, lift: float) -> Group:
        before = random.gamma(2.0, 1.0, count)
        after = before + random.normal(0, 0.5, count) + lift
        zero = np.zeros(count)
        sums = [array.sum() for array in (after, before, after**2, before**2, before * after, zero, zero, zero)]
        return Group(count, *map(float, sums))

    treated, others = group(2000, 0.2), group(1000, 0.0)
    corrected = effect_of(treated, others, "control")
    assert corrected is not None
    assert corrected.lower < 0.2 < corrected.upper
    plain = 1.96 * np.sqrt(treated.spread(0) / 2000 + others.spread(0) / 1000)
    assert (corrected.upper - corrected.lower) / 2 < plain / 2
    size = needed(corrected, 10)
    assert size is not None
    # the textbook: 16 variances over the squared difference
    assert size == pytest.approx(16 * corrected.spread / (corrected.without * 0.1) ** 2, rel=0.05)
    assert effect_of(group(5, 0), others, "control") is None


@pytest.mark.feature("CUS-08")
def test_the_planted_lift_is_found(reference: Shop, truths: Truths) -> None:
    """The small shop is too small to be sure: its interval holds the planted lift, and the advice says how many it takes."""
    plan = truths.campaign
    days: dict[str, Any] = {"start": plan.start, "end": plan.end}
    answer = reference.analyse("customers.campaign_effect", campaign=plan.campaign_id, **days)
    row = answer.to_records()[0]
    assert row["lift_lower"] < (plan.lift - 1) * 100 < row["lift_upper"]
    assert row["customers"] / (row["customers"] + row["compared"]) == pytest.approx(plan.treated_share, abs=0.06)
    assert row["needed"] > row["compared"]
    assert "are needed" in answer.sentences[1]["text"]
    other = reference.analyse("customers.campaign_effect", campaign=plan.campaign_id, method="did", **days)
    assert "not addressed" in other.sentences[0]["text"]
    assert other.notes[-1]["level"] == "warning"


@pytest.mark.feature("CUS-09")
def test_who_is_at_risk_and_why(reference: Shop) -> None:
    answer = reference.analyse("customers.churn_risk", least=60, limit=0)
    rows = answer.to_records()
    assert len(rows) == answer.row_count > 10
    worth = [row["value_at_risk"] for row in rows]
    assert worth == sorted(worth, reverse=True)
    values = {row["customer_id"]: row for row in reference.analyse("customers.value", limit=100_000).to_records()}
    for row in rows[:20]:
        mine = values[row["customer_id"]]
        assert row["risk"] == pytest.approx(100 - mine["alive"])
        assert row["orders"] == mine["orders"] >= 2
        assert row["reasons"]
        late = row["silent_days"] >= 2 * max(row["usual_days"], 1)
        assert late == row["reasons"].startswith("silent for ") or not late
        assert ("usually orders every" in row["reasons"]) == late
    page = reference.analyse("customers.churn_risk", least=60, limit=5, offset=5).to_records()
    assert page == rows[5:10]


@pytest.mark.feature("CUS-10")
def test_segments_that_shift_are_announced(reference: Shop) -> None:
    """Who stops in March 2026 is announced: over the half-year after, the lost and hibernating grow by more than chance."""
    days = {"start": "2026-05-01", "end": "2026-10-31"}
    answer = reference.analyse("customers.shifts", preset="olist", **days)
    rows = {row["segment"]: row for row in answer.to_records()}
    moves = reference.analyse("customers.migration", preset="olist", **days).to_records()
    for name, row in rows.items():
        assert row["customers"] == sum(move["customers"] for move in moves if move["to_segment"] == name)
        assert row["customers"] - row["customers_at_start"] == row["entries"] + row["new_customers"] - row["exits"]
    assert rows["Hibernating"]["is_shift"]
    told = next(one for one in answer.sentences if one["text"].startswith("Hibernating grew"))
    assert told["tone"] == "bad"
    quiet = reference.analyse("customers.shifts", preset="olist", start="2026-10-31", end="2026-10-31")
    assert quiet.sentences[0]["text"] == "No segment grew or shrank by more than chance gives."
