"""Forecasts that were made, kept with the release they were made from, so that forecast and actual can be compared later.

forecasts   one row per release and question; `result` holds the series with their points and intervals, a day each

What was tried in the backtest is kept with the newest forecast of a question alone, and a forecast whose last day is more than
`KEPT_DAYS` past goes. A question that is asked again of the same release is answered from here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Date, ForeignKey, Index, Integer, String, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from tillsight.database.models import Base
from tillsight.database.store import Database
from tillsight.database.types import now

KEPT_DAYS = 400
ONLY_NEWEST = ("tried", "scores")
"""Keys of a series in `result` that older forecasts of the same question lose."""


class Forecast(Base):
    """A forecast. `question`: digest of what was asked, without the day that it was asked from; `origin`: the last day that was
    learnt from; `last`: the last day that was forecast; `made_by`: version of the code; `result`: see `domains.sales.forecasts`."""

    __tablename__ = "forecasts"
    __table_args__ = (
        Index(None, "question", "origin"),
        Index("uq_forecasts_release_question_origin", "release", "question", "origin", unique=True),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    release: Mapped[int] = mapped_column(ForeignKey("releases.number"))
    question: Mapped[str] = mapped_column(String(64))
    metric: Mapped[str] = mapped_column(String(100))
    origin: Mapped[date] = mapped_column(Date)
    last: Mapped[date] = mapped_column(Date, index=True)
    made_at: Mapped[datetime] = mapped_column(default=now)
    made_by: Mapped[str] = mapped_column(String(40))
    result: Mapped[dict[str, Any]]


class Forecasts:
    """The forecasts of a workspace."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def of(self, release: int, question: str, origin: date, made_by: str) -> dict[str, Any] | None:
        """What was forecast from a release by this version of the code, whole; None where it was not, or not kept whole."""
        with self.database.read() as session:
            query = select(Forecast).where(
                Forecast.release == release,
                Forecast.question == question,
                Forecast.origin == origin,
                Forecast.made_by == made_by,
            )
            found = session.scalar(query)
        if found is None or not all(ONLY_NEWEST[0] in series for series in found.result["series"]):
            return None
        return found.result

    def earlier(self, question: str, before: date) -> Sequence[Forecast]:
        """Forecasts of a question that were made from days before a day, the oldest first; for each day the last one made."""
        with self.database.read() as session:
            query = (
                select(Forecast)
                .where(Forecast.question == question, Forecast.origin < before)
                .order_by(Forecast.origin, Forecast.made_at, Forecast.id)
            )
            return list({one.origin: one for one in session.scalars(query)}.values())

    def keep(
        self, release: int, question: str, metric: str, origin: date, last: date, made_by: str, result: dict[str, Any]
    ) -> None:
        """Keep a forecast, in place of the one from the same release and day."""
        with self.database.write() as session:
            for older in session.scalars(
                select(Forecast).where(Forecast.question == question, Forecast.origin < origin)
            ):
                if any(key in series for series in older.result["series"] for key in ONLY_NEWEST):
                    series = [
                        {key: part[key] for key in part if key not in ONLY_NEWEST} for part in older.result["series"]
                    ]
                    older.result = {**older.result, "series": series}
            session.execute(delete(Forecast).where(Forecast.last < origin - timedelta(days=KEPT_DAYS)))
            same = (Forecast.release == release, Forecast.question == question, Forecast.origin == origin)
            found = session.scalar(select(Forecast).where(*same))
            kept = found or Forecast(release=release, question=question, metric=metric, origin=origin)
            kept.last, kept.made_at, kept.made_by, kept.result = last, now(), made_by, result
            session.add(kept)
