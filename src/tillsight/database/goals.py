"""Goals of the shop, and every change of them.

goals          one row per goal: a metric that sums over days, perhaps of one cut, and its target for each day, week or month
goal_changes   the history: what was changed, by whom, from what to what; rows are only ever added

`version` counts the changes: who changes a goal names the version that he saw, so that nobody writes over another. A goal that
was removed stays, with `removed_at`, and can be put back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from sqlalchemy import JSON, Date, ForeignKey, Integer, String, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from tillsight.core.errors import ConflictError, NotFoundError
from tillsight.database.models import Base, one_of
from tillsight.database.store import Database
from tillsight.database.types import Exact, now

GoalGrain = Literal["day", "week", "month"]
GoalAction = Literal["created", "changed", "removed", "restored"]


class Goal(Base):
    """A goal: `amount` for every step of the `grain`, or what `amounts` says for the step that begins on a day.

    `filters`: the cut, as filters are written (`country=France`). `starts`: first day of its first step; `ends`: the last day of
    its last one, None for as long as it is there.
    """

    __tablename__ = "goals"
    __table_args__ = (one_of("grain", GoalGrain), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    title: Mapped[str] = mapped_column(String(100))
    metric: Mapped[str] = mapped_column(String(100))
    grain: Mapped[GoalGrain] = mapped_column(String(10))
    filters: Mapped[list[Any]]
    amount: Mapped[Decimal] = mapped_column(Exact)
    amounts: Mapped[dict[str, Any]]
    starts: Mapped[date] = mapped_column(Date)
    ends: Mapped[date | None] = mapped_column(Date)
    version: Mapped[int] = mapped_column(Integer, default=1)
    changed_at: Mapped[datetime] = mapped_column(default=now)
    changed_by: Mapped[str] = mapped_column(String(200))
    removed_at: Mapped[datetime | None]

    def plain(self) -> dict[str, Any]:
        """What the goal says, as plain values."""
        return {
            "title": self.title,
            "metric": self.metric,
            "grain": self.grain,
            "where": list(self.filters),
            "amount": str(self.amount),
            "amounts": dict(self.amounts),
            "starts": self.starts.isoformat(),
            "ends": self.ends.isoformat() if self.ends else None,
        }


class GoalChange(Base):
    """One change of a goal. `before` is empty where it was created, `after` where it was removed."""

    __tablename__ = "goal_changes"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    goal_id: Mapped[int] = mapped_column(ForeignKey("goals.id"), index=True)
    at: Mapped[datetime] = mapped_column(default=now)
    who: Mapped[str] = mapped_column(String(200))
    action: Mapped[GoalAction] = mapped_column(String(10))
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    after: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))


class Goals:
    """The goals of a workspace."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> Sequence[Goal]:
        """Every goal that was not removed, in the order in which they were made."""
        with self._database.read() as session:
            return list(session.scalars(select(Goal).where(Goal.removed_at.is_(None)).order_by(Goal.id)))

    def get(self, number: int) -> Goal:
        """One goal that was not removed. Raises NotFoundError."""
        with self._database.read() as session:
            return _there(session, number)

    def changes(self, number: int) -> Sequence[GoalChange]:
        """The history of one goal, also of one that was removed, the newest first. Raises NotFoundError."""
        with self._database.read() as session:
            query = select(GoalChange).where(GoalChange.goal_id == number).order_by(GoalChange.id.desc())
            found = list(session.scalars(query))
        if not found:
            raise _missing(number)
        return found

    def changed(self) -> int:
        """A number that grows with every change of any goal: answers that stand on goals are good as long as it stays."""
        with self._database.read() as session:
            return session.scalar(select(func.max(GoalChange.id))) or 0


def add_goal(session: Session, said: Mapping[str, Any], who: str) -> Goal:
    """Keep a new goal; `said`: its columns, checked (see domains.goals.terms)."""
    goal = Goal(**said, changed_by=who)
    session.add(goal)
    session.flush()
    _note(session, goal, who, "created", None, goal.plain())
    return goal


def change_goal(
    session: Session, number: int, said: Mapping[str, Any], who: str, version: int
) -> tuple[Goal, dict[str, Any]]:
    """Keep other terms of a goal; the goal, and what it said before. Raises NotFoundError, ConflictError."""
    goal = _there(session, number)
    _expect(goal, version)
    before = goal.plain()
    for name, value in said.items():
        setattr(goal, name, value)
    goal.version, goal.changed_at, goal.changed_by = version + 1, now(), who
    _note(session, goal, who, "changed", before, goal.plain())
    return goal, before


def remove_goal(session: Session, number: int, who: str, version: int) -> Goal:
    """Take a goal away; it can be put back. Raises NotFoundError, ConflictError."""
    goal = _there(session, number)
    _expect(goal, version)
    goal.removed_at = goal.changed_at = now()
    goal.version, goal.changed_by = version + 1, who
    _note(session, goal, who, "removed", goal.plain(), None)
    return goal


def restore_goal(session: Session, number: int, who: str) -> Goal:
    """Put a goal back that was removed. Raises NotFoundError where there is none, ConflictError where it is there."""
    goal = session.get(Goal, number)
    if goal is None:
        raise _missing(number)
    if goal.removed_at is None:
        raise ConflictError(f"{goal.title} is there: nothing is to be put back.", goal=number)
    goal.removed_at, goal.changed_at, goal.changed_by = None, now(), who
    goal.version += 1
    _note(session, goal, who, "restored", None, goal.plain())
    return goal


def _note(
    session: Session,
    goal: Goal,
    who: str,
    action: GoalAction,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
) -> None:
    session.add(GoalChange(goal_id=goal.id, who=who, action=action, before=before, after=after))


def _there(session: Session, number: int) -> Goal:
    goal = session.get(Goal, number)
    if goal is None or goal.removed_at is not None:
        raise _missing(number)
    return goal


def _missing(number: int) -> NotFoundError:
    return NotFoundError(f"There is no goal {number}.", field="goal", value=number)


def _expect(goal: Goal, version: int) -> None:
    if goal.version != version:
        raise ConflictError(
            f"{goal.changed_by} changed {goal.title} meanwhile: load it again and make your change to what it is now.",
            version=goal.version,
        )
