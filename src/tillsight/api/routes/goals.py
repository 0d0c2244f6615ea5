"""Goals: set, changed, removed and put back by those who load data; seen by everybody whose modules have their metric."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from tillsight import audit
from tillsight.accounts import SignedIn
from tillsight.api.access import Door, Viewer, Writer, address_of
from tillsight.api.envelope import Envelope, Paged, ok
from tillsight.api.questions import FILES, AnswerOut, Day, Format, analysed
from tillsight.api.services import Given, Services
from tillsight.core.errors import NotAllowedError
from tillsight.database.goals import Goal, GoalAction, GoalGrain, add_goal, change_goal, remove_goal, restore_goal
from tillsight.domains.goals.analyses import goals_of
from tillsight.domains.goals.terms import LONGEST_TITLE, read
from tillsight.metrics.model import Notes
from tillsight.metrics.permission import may_ask

router = APIRouter(prefix="/api/v1/goals", tags=["goals"], route_class=Door)

GoalId = Annotated[int, Path(ge=1, le=2**63 - 1)]
Amount = Annotated[str, Field(max_length=40, description="digits, such as 25000 or 1250.50", examples=["25000"])]


class GoalIn(BaseModel):
    """A target for every day, week or month of a metric that sums over days, of the whole shop or of one cut."""

    model_config = ConfigDict(extra="forbid")

    title: str = Field("", max_length=LONGEST_TITLE, description="by default the metric and the filters")
    metric: str = Field(max_length=100)
    grain: GoalGrain
    where: list[Annotated[str, Field(max_length=500)]] = Field([], max_length=20, description="country=France")
    amount: Amount
    amounts: dict[Day, Amount] = Field({}, max_length=1000, description="other targets, by the first day of their step")
    starts: Day | None = Field(None, description="a day of the first step; by default today")
    ends: Day | None = Field(None, description="a day of the last step; without one the goal stays")


class ChangedGoal(GoalIn):
    """Other terms in place of those of `version`."""

    version: int


class GoalOut(BaseModel):
    """A goal as it is kept. Amounts are digits, exactly as they were set."""

    id: int
    title: str
    metric: str
    grain: GoalGrain
    where: list[str]
    amount: str
    amounts: dict[str, str]
    starts: str
    ends: str | None
    version: int
    changed_at: str
    changed_by: str


class GoalChangeOut(BaseModel):
    """One change; `before` is null where the goal was made or put back, `after` where it was removed."""

    at: str
    who: str
    action: GoalAction
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class ProgressParams(BaseModel):
    """The day that goals are looked at from: the last one of the data, or an earlier one."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    to: Day | None = None
    format: Format = "json"


class HistoryParams(ProgressParams):
    """Which goal, and how many of its steps."""

    goal: int = Field(0, ge=0, description="0: all of them")
    limit: int = Field(24, ge=1, le=1000)


def plain(goal: Goal) -> dict[str, Any]:
    """A goal as plain values."""
    return goal.plain() | {
        "id": goal.id,
        "version": goal.version,
        "changed_at": goal.changed_at.isoformat(),
        "changed_by": goal.changed_by,
    }


@router.get("", response_model=Envelope[list[GoalOut]])
def list_goals(who: Viewer, given: Given) -> Response:
    """The goals that are open to the one who asks, in the order in which they were made."""
    return ok([plain(goal) for goal in goals_of(given.shop.asker(given.scope(who)), Notes())])


@router.get("/progress", response_model=Paged[AnswerOut], responses=FILES)
def get_goal_progress(
    who: Viewer, given: Given, request: Request, asked: Annotated[ProgressParams, Query()]
) -> Response:
    """Where every goal stands: reached, expected by then, forecast with its interval; the analysis goals.progress."""
    return analysed(request, given, who, "goals.progress", None, asked.format, {"end": asked.to})


@router.get("/history", response_model=Paged[AnswerOut], responses=FILES)
def get_goal_history(who: Viewer, given: Given, request: Request, asked: Annotated[HistoryParams, Query()]) -> Response:
    """Steps of goals that are over; the analysis goals.history."""
    parameters = {"end": asked.to, "goal": asked.goal, "limit": asked.limit}
    return analysed(request, given, who, "goals.history", None, asked.format, parameters)


@router.get("/{goal_id}/path", response_model=Paged[AnswerOut], responses=FILES)
def get_goal_path(
    goal_id: GoalId, who: Viewer, given: Given, request: Request, asked: Annotated[ProgressParams, Query()]
) -> Response:
    """One goal day by day: so far, expected, to come; the analysis goals.path."""
    return analysed(request, given, who, "goals.path", None, asked.format, {"end": asked.to, "goal": goal_id})


@router.get("/{goal_id}/changes", response_model=Envelope[list[GoalChangeOut]])
def list_goal_changes(goal_id: GoalId, who: Viewer, given: Given) -> Response:
    """Every change of a goal, also of one that was removed, the newest first."""
    changes = given.shop.goals.changes(goal_id)
    said = next(change.after or change.before for change in changes)
    _check(given, who, str((said or {}).get("metric")))
    return ok(
        [
            {
                "at": change.at.isoformat(),
                "who": change.who,
                "action": change.action,
                "before": change.before,
                "after": change.after,
            }
            for change in changes
        ]
    )


@router.post("", response_model=Envelope[GoalOut], status_code=201)
def add_a_goal(who: Writer, given: Given, request: Request, asked: GoalIn) -> Response:
    """Set a goal."""
    said = read(asked.model_dump(), given.shop.asker(given.scope(who)))
    with given.shop.database.write() as session:
        made = add_goal(session, said, who.name)
        told = plain(made)
        _record(session, who, request, "created", made.id, None, made.plain())
    return ok(told, status=201)


@router.put("/{goal_id}", response_model=Envelope[GoalOut])
def change_a_goal(goal_id: GoalId, who: Writer, given: Given, request: Request, asked: ChangedGoal) -> Response:
    """Set other terms. Refused where somebody else changed the goal meanwhile."""
    said = read(asked.model_dump(exclude={"version"}), given.shop.asker(given.scope(who)))
    with given.shop.database.write() as session:
        made, before = change_goal(session, goal_id, said, who.name, asked.version)
        told = plain(made)
        _record(session, who, request, "changed", goal_id, before, made.plain())
    return ok(told)


@router.delete("/{goal_id}", response_model=Envelope[GoalOut])
def remove_a_goal(goal_id: GoalId, who: Writer, given: Given, request: Request, version: int) -> Response:
    """Take a goal away; POST …/restore puts it back."""
    with given.shop.database.write() as session:
        gone = remove_goal(session, goal_id, who.name, version)
        told = plain(gone)
        _record(session, who, request, "removed", goal_id, gone.plain(), None)
    return ok(told)


@router.post("/{goal_id}/restore", response_model=Envelope[GoalOut])
def restore_a_goal(goal_id: GoalId, who: Writer, given: Given, request: Request) -> Response:
    """Put a goal back that was removed."""
    with given.shop.database.write() as session:
        back = restore_goal(session, goal_id, who.name)
        told = plain(back)
        _record(session, who, request, "restored", goal_id, None, back.plain())
    return ok(told)


def _record(
    session: Any,
    who: SignedIn,
    request: Request,
    verb: Literal["created", "changed", "removed", "restored"],
    goal: int,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
) -> None:
    audit.record(
        session, who=who.name, action=f"goal.{verb}", subject=f"goal:{goal}", before=before, after=after,
        address=address_of(request) or None,
    )  # fmt: skip


def _check(given: Services, who: SignedIn, metric: str) -> None:
    """Raises NotAllowedError where a goal's metric is not open to the one who asks."""
    scope = given.scope(who)
    found = given.shop.catalogue.metrics.get(metric)
    if scope.rows or found is None or not may_ask(given.shop.catalogue, scope, found):
        raise NotAllowedError("This goal is not open to you; an administrator can open it.", metric=metric)
