"""Jobs that start by themselves: which kinds, how often, and when each is due; and forecasts, which follow each release.

A kind is due when its last job was started long enough ago, whatever started it; after a failure it is tried again sooner.
Jobs that seem to lie ahead, because the clock went back, do not count. Whoever looks first starts it; the look and the
start are one transaction, so that several servers start one.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from tillsight.core.settings import Settings
from tillsight.database import Database, Job, now
from tillsight.database.models import CURRENT, Pointer, Release
from tillsight.jobs.queue import new_id

Schedule = Mapping[str, timedelta]
"""How often each kind of job is started."""
AGAIN = timedelta(minutes=10)
"""So soon a job that failed is tried again."""
_AHEAD = timedelta(minutes=1)
FORECASTS = "forecasts"


def schedule_of(settings: Settings) -> Schedule:
    """What the settings ask for."""
    wanted = {
        "backup": timedelta(hours=settings.backup.every_hours),
        "drill": timedelta(days=settings.backup.drill_days),
    }
    return {kind: every for kind, every in wanted.items() if every}


def next_run(database: Database, kind: str, every: timedelta | None) -> datetime | None:
    """When a kind is due next: now or earlier when it is overdue; None when it is not scheduled or was never run."""
    if every is None:
        return None
    with database.read() as session:
        last = _last(session, kind, now())
    return last.created_at + every if last else None


def start_due(database: Database, schedule: Schedule) -> list[str]:
    """Start every job that is due. Their ids."""
    at = now()
    with database.read() as session:
        due = [kind for kind, every in schedule.items() if _is_due(session, kind, every, at)]
    if not due:
        return []
    with database.write() as session:
        jobs = [
            Job(id=new_id(at + timedelta(microseconds=place)), kind=kind, params={}, created_at=at)
            for place, kind in enumerate(due)
            if _is_due(session, kind, schedule[kind], at)
        ]
        session.add_all(jobs)
    return [job.id for job in jobs]


def start_forecasts(database: Database) -> str | None:
    """Have forecasts made from the current release, unless that was asked for since it was published. The id of the job."""
    at = now()
    with database.read() as session:
        if not _is_new(session):
            return None
    with database.write() as session:
        if not _is_new(session):
            return None
        job = Job(id=new_id(at), kind=FORECASTS, params={}, created_at=at)
        session.add(job)
    return job.id


def _is_new(session: Session) -> bool:
    """Whether the current release came after the last job of forecasts."""
    query = select(Release.published_at).join(Pointer, Pointer.release == Release.number).where(Pointer.name == CURRENT)
    published = session.scalar(query)
    last = select(Job.created_at).where(Job.kind == FORECASTS).order_by(Job.created_at.desc()).limit(1)
    asked = session.scalar(last)
    return published is not None and (asked is None or asked < published)


def _is_due(session: Session, kind: str, every: timedelta, at: datetime) -> bool:
    last = _last(session, kind, at)
    if last is None:
        return True
    if last.state in ("queued", "running"):
        return False
    return at - last.created_at >= (min(every, AGAIN) if last.state == "failed" else every)


def _last(session: Session, kind: str, at: datetime) -> Job | None:
    query = select(Job).where(Job.kind == kind, Job.created_at <= at + _AHEAD).order_by(Job.created_at.desc())
    return session.scalar(query.limit(1))
