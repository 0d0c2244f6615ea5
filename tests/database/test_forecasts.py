"""Forecasts that are kept: found again for their release, slimmed when a newer one comes, gone after a year."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from tillsight.core.settings import Settings
from tillsight.database import Database, Forecasts, Release
from tillsight.database.forecasts import KEPT_DAYS

DAY = date(2026, 3, 1)


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Forecasts]:
    with Database.open(tmp_path, Settings()) as database:
        with database.write() as session:
            session.add_all([Release(number=1, state="published"), Release(number=2, state="published")])
        yield Forecasts(database)


def result(point: float) -> dict[str, Any]:
    return {
        "windows": 3,
        "series": [{"value": "(total)", "points": [point], "tried": [{"points": [1.0]}], "scores": [{"mase": 1}]}],
    }


def keep(kept: Forecasts, release: int, origin: date, point: float, question: str = "q", by: str = "1") -> None:
    kept.keep(release, question, "revenue", origin, origin + timedelta(days=1), by, result(point))


def test_a_forecast_is_found_for_its_release_question_day_and_version(kept: Forecasts) -> None:
    keep(kept, 1, DAY, 7.5)
    found = kept.of(1, "q", DAY, "1")
    assert found is not None
    assert float(found["series"][0]["points"][0]) == 7.5
    assert kept.of(2, "q", DAY, "1") is None
    assert kept.of(1, "other", DAY, "1") is None
    assert kept.of(1, "q", DAY + timedelta(days=1), "1") is None
    assert kept.of(1, "q", DAY, "2") is None  # another version of the code may say another thing


def test_the_same_again_takes_its_place(kept: Forecasts) -> None:
    keep(kept, 1, DAY, 7.5)
    keep(kept, 1, DAY, 8.5, by="2")
    assert kept.of(1, "q", DAY, "1") is None
    earlier = kept.earlier("q", DAY + timedelta(days=1))
    assert [float(one.result["series"][0]["points"][0]) for one in earlier] == [8.5]


def test_earlier_ones_are_listed_without_their_backtest(kept: Forecasts) -> None:
    for at in range(3):
        keep(kept, 1, DAY + timedelta(days=at), float(at))
    keep(kept, 2, DAY, 9.0)  # the same day from a later release: the later one counts
    found = kept.earlier("q", DAY + timedelta(days=2))
    assert [(one.origin, float(one.result["series"][0]["points"][0])) for one in found] == [
        (DAY, 9.0),
        (DAY + timedelta(days=1), 1.0),
    ]
    assert "tried" not in found[1].result["series"][0]
    assert kept.of(1, "q", DAY + timedelta(days=1), "1") is None  # no longer whole: it would be made again
    newest = kept.of(1, "q", DAY + timedelta(days=2), "1")
    assert newest is not None
    assert newest["series"][0]["tried"]


def test_forecasts_go_when_their_days_are_long_past(kept: Forecasts) -> None:
    keep(kept, 1, DAY, 1.0)
    keep(kept, 1, DAY, 1.0, question="another")
    keep(kept, 2, DAY + timedelta(days=KEPT_DAYS + 1), 2.0)
    assert len(kept.earlier("q", DAY + timedelta(days=999))) == 2
    keep(kept, 2, DAY + timedelta(days=KEPT_DAYS + 2), 3.0)
    assert [one.origin for one in kept.earlier("q", DAY + timedelta(days=999))] == [
        DAY + timedelta(days=KEPT_DAYS + 1),
        DAY + timedelta(days=KEPT_DAYS + 2),
    ]
    assert kept.earlier("another", DAY + timedelta(days=999)) == []
