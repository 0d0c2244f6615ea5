"""Goals: what they may say, the expected path against a season that is known, forecast to the end, history and changes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from tests.support.shops import line, make_shop, order

from tillsight.core.errors import ConflictError, NotFoundError, QuestionError
from tillsight.core.periods import Period
from tillsight.core.scope import Scope
from tillsight.database.goals import add_goal, change_goal, remove_goal, restore_goal
from tillsight.domains.goals.analyses import expected_shares
from tillsight.domains.goals.terms import read, steps_of, target_of
from tillsight.shop import Shop

FIRST, LAST = date(2024, 1, 1), date(2025, 3, 10)


def amount(day: date) -> int:
    """Twice on Saturdays, three times in the second half of every March."""
    return 10 * (2 if day.weekday() == 5 else 1) * (3 if day.month == 3 and day.day > 15 else 1)


@pytest.fixture(scope="module")
def seasonal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """One order a day with a weekly and a yearly season that are known exactly."""
    heads, lines = [], []
    for at in range((LAST - FIRST).days + 1):
        day = FIRST + timedelta(days=at)
        heads.append(order(f"O-{at:04}", f"{day} 12:00:00", channel="web" if at % 2 else "retail"))
        lines.append(line(f"O-{at:04}", "1", "P", 1, f"{amount(day)}.00"))
    with make_shop(tmp_path_factory.mktemp("goals") / "shop", {"orders": heads, "order_items": lines}) as shop:
        yield shop


def set_goal(shop: Shop, **said: Any) -> int:
    terms = read({"metric": "revenue", "grain": "month", "amount": "600", "starts": "2025-01-01"} | said, shop.asker())
    with shop.database.write() as session:
        return add_goal(session, terms, "somebody").id


@pytest.mark.feature("SAL-10")
def test_what_a_goal_may_say(seasonal: Shop) -> None:
    asker = seasonal.asker()
    said = {
        "metric": "revenue",
        "grain": "month",
        "amount": "1,250.50",
        "starts": "2025-02-14",
        "where": ["channel = web"],
    }
    terms = read(said | {"amounts": {"2025-12-24": "9000"}, "ends": "2025-12-02"}, asker)
    assert terms["starts"] == date(2025, 2, 1)
    assert terms["ends"] == date(2025, 12, 31)
    assert terms["amount"] == Decimal("1250.50")
    assert terms["amounts"] == {"2025-12-01": "9000"}
    assert terms["title"] == "Total revenue · channel=web"
    for wrong, field in (
        ({"metric": "average_order_value"}, "metric"),
        ({"grain": "year"}, "grain"),
        ({"amount": "0"}, "amount"),
        ({"amount": "many"}, "amount"),
        ({"ends": "2024-01-01"}, "ends"),
        ({"title": "x" * 101}, "title"),
        ({"where": ["nothing=1"]}, None),
        ({"where": ["customer_id in (C-1042)"]}, "where"),
        ({"where": ["channel=web", "order_id=O-1"]}, "where"),
    ):
        with pytest.raises((QuestionError, NotFoundError)) as refused:
            read(said | wrong, asker)
        assert field is None or refused.value.details["field"] == field
        assert "C-1042" not in f"{refused.value} {refused.value.details}"
    assert read(said | {"where": ["customer_id is null"]}, asker)["filters"] == ["customer_id is null"]


@pytest.mark.feature("SAL-10")
def test_the_expected_path_follows_the_season_not_a_line(seasonal: Shop) -> None:
    goal = seasonal.goals.get(set_goal(seasonal, title="March"))
    march = Period(date(2025, 3, 1), date(2025, 3, 31))
    shares, basis = expected_shares(seasonal.asker(), goal, march)
    assert basis == "the same weeks a year ago"
    truth = np.cumsum([amount(march.start + timedelta(days=at)) for at in range(31)])
    truth = truth / truth[-1]
    even = np.arange(1, 32) / 31
    assert shares[-1] == pytest.approx(1)
    assert np.all(np.diff(shares) > 0)
    # half of the days bring a quarter of the month: a line is off by a quarter, the path by little
    assert np.abs(even - truth).max() > 0.2
    assert np.abs(shares - truth).max() < 0.1
    # without a year behind it the week is known all the same
    young, basis = expected_shares(seasonal.asker(), goal, Period(date(2024, 6, 1), date(2024, 6, 30)))
    assert basis == "the weeks before"
    daily = np.diff(young, prepend=0)
    assert daily[0] == pytest.approx(2 * daily[2], rel=0.1)  # 1 June 2024 was a Saturday
    assert expected_shares(seasonal.asker(), goal, Period(FIRST, FIRST + timedelta(days=3)))[0].tolist() == [
        0.25,
        0.5,
        0.75,
        1,
    ]


@pytest.mark.feature("SAL-10")
def test_progress_forecast_path_and_history(seasonal: Shop) -> None:
    number = set_goal(seasonal, title="Sales", amount="600", amounts={"2025-02-01": "1000"})
    row = next(row for row in seasonal.analyse("goals.progress").to_records() if row["goal"] == number)
    actual = sum(amount(date(2025, 3, day)) for day in range(1, 11))
    assert row["starts"] == date(2025, 3, 1)
    assert row["actual"] == actual
    assert row["achieved"] == pytest.approx(actual / 6)
    assert row["expected"] < 600 * 10 / 31  # the second half brings more
    assert row["lower"] <= row["forecast"] <= row["upper"]
    assert row["lower"] >= actual
    path = seasonal.analyse("goals.path", goal=number)
    rows = path.to_records()
    assert len(rows) == 31
    assert rows[9]["actual"] == actual == rows[9]["forecast"]
    assert rows[10]["actual"] is None
    assert rows[-1]["forecast"] == pytest.approx(row["forecast"])
    assert rows[-1]["lower"] == pytest.approx(row["lower"])
    assert rows[-1]["expected"] == pytest.approx(600)
    assert "the same weeks a year ago" in path.notes[-1]["text"]
    past = seasonal.analyse("goals.history", goal=number).to_records()
    assert [(one["starts"], one["target"], one["actual"], one["state"]) for one in past] == [
        (date(2025, 2, 1), 1000, sum(amount(date(2025, 2, day)) for day in range(1, 29)), "missed"),
        (date(2025, 1, 1), 600, sum(amount(date(2025, 1, day)) for day in range(1, 32)), "missed"),
    ]
    earlier = seasonal.analyse("goals.progress", end="2025-02-28").to_records()
    assert [one["state"] for one in earlier if one["goal"] == number] == ["missed"]


@pytest.mark.feature("SAL-06", "SAL-10")
def test_the_target_of_a_picture_is_that_of_the_goal_with_its_filters(seasonal: Shop) -> None:
    number = set_goal(seasonal, title="Web", where=["channel=web"], amount="310")
    answer = seasonal.analyse("goals.target", start="2025-01-01", end="2025-02-28", where=["channel=web"])
    rows = answer.to_records()
    assert [rows[at]["expected"] for at in (30, 58)] == pytest.approx([310, 620])
    assert rows[0]["target"] == 620
    assert not seasonal.analyse("goals.target", metric="orders").to_records()
    with seasonal.database.write() as session:
        remove_goal(session, number, "somebody", 1)
    assert not seasonal.analyse("goals.target", where=["channel=web"]).to_records()


@pytest.mark.feature("SAL-10")
def test_changes_are_kept_and_nobody_writes_over_another(seasonal: Shop) -> None:
    number = set_goal(seasonal, title="Kept")
    before = seasonal.goals.changed()
    with seasonal.database.write() as session:
        change_goal(session, number, {"amount": Decimal(900)}, "other", 1)
    with pytest.raises(ConflictError, match="other changed Kept meanwhile"), seasonal.database.write() as session:
        change_goal(session, number, {"amount": Decimal(800)}, "late", 1)
    with seasonal.database.write() as session:
        remove_goal(session, number, "other", 2)
    with pytest.raises(NotFoundError):
        seasonal.goals.get(number)
    with seasonal.database.write() as session:
        restore_goal(session, number, "boss")
    goal = seasonal.goals.get(number)
    assert (goal.amount, goal.version, goal.changed_by) == (900, 4, "boss")
    actions = [(change.action, change.who) for change in seasonal.goals.changes(number)]
    assert actions == [("restored", "boss"), ("removed", "other"), ("changed", "other"), ("created", "somebody")]
    assert seasonal.goals.changed() == before + 3


def test_a_limit_is_kept_or_passed(seasonal: Shop) -> None:
    number = set_goal(seasonal, metric="returned_sales", amount="100", title="Few refunds")
    row = next(row for row in seasonal.analyse("goals.progress").to_records() if row["goal"] == number)
    assert row["state"] == "on track"  # nothing came back
    text = next(one["text"] for one in seasonal.analyse("goals.progress").sentences if "Few refunds" in one["text"])
    assert "of at most €100" in text


def test_who_sees_some_rows_only_sees_no_goal(seasonal: Shop) -> None:
    answer = seasonal.analyse("goals.progress", scope=Scope("limited", rows=(("channel", ("web",)),)))
    assert not answer.table.num_rows
    assert "some of its rows only" in answer.notes[0]["text"]
    assert not seasonal.analyse("goals.history", scope=Scope("other", modules=("returns",))).table.num_rows


def test_steps_begin_where_the_calendar_says(seasonal: Shop) -> None:
    goal = seasonal.goals.get(set_goal(seasonal, grain="week", starts="2025-01-08", amounts={"2025-01-14": "7"}))
    steps = steps_of(goal, seasonal.asker().calendar, date(2025, 1, 1), date(2025, 1, 20))
    assert [step.start for step in steps] == [date(2025, 1, 6), date(2025, 1, 13), date(2025, 1, 20)]
    assert [target_of(goal, step.start) for step in steps] == [600, 7, 600]
