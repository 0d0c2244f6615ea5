"""The life of a job: queued → running → done, failed or cancelled. Every step is one write transaction.

A job is taken by setting `worker` and `lease_until`. Whoever runs it renews the lease; every later step names the
worker, so one that lost its lease can change nothing any more.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from tillsight.database import Database, Job, JobState, now

MOST_ATTEMPTS = 3
LOG_LINES = 200
FINAL: tuple[JobState, ...] = ("done", "failed", "cancelled")


@dataclass
class Report:
    """How far a job has come. `progress`: 0 to 1 of the stage, unknown when None. `log`: all lines so far."""

    stage: str = ""
    progress: float | None = None
    log: list[dict[str, str]] = field(default_factory=list)


def claim(database: Database, job_id: str, worker: str, lease: timedelta) -> bool:
    """Take a queued job. False when another one has it, or it has ended."""
    with database.write() as session:
        job = session.get(Job, job_id)
        if job is None or job.state != "queued":
            return False
        at = now()
        job.state, job.worker, job.attempts = "running", worker, job.attempts + 1
        job.started_at = job.started_at or at
        job.heartbeat_at, job.lease_until = at, at + lease
        job.stage, job.progress = "", None
    return True


def waiting(database: Database, apart: Collection[str] = ()) -> bool:
    """Whether a job waits, of those kinds left apart."""
    with database.read() as session:
        return session.scalar(select(Job.id).where(Job.state == "queued", Job.kind.not_in(apart)).limit(1)) is not None


def renew(
    database: Database, job_id: str, worker: str, lease: timedelta, report: Report
) -> Literal["go", "cancel", "lost"]:
    """Renew the lease and write down how far it is. `lost`: the job belongs to somebody else, or has ended."""
    with database.write() as session:
        job = _held(session, job_id, worker)
        if job is None:
            return "lost"
        job.heartbeat_at = now()
        job.lease_until = job.heartbeat_at + lease
        job.stage, job.progress, job.log = report.stage, report.progress, report.log[-LOG_LINES:]
        return "cancel" if job.cancel_requested else "go"


def finish(
    database: Database,
    job_id: str,
    worker: str,
    state: Literal["done", "failed", "cancelled"],
    *,
    result: dict[str, Any] | None = None,
    error: dict[str, Any] | None = None,
) -> bool:
    """End a job that this worker holds. False when it does not hold it any more."""
    with database.write() as session:
        job = _held(session, job_id, worker)
        if job is None:
            return False
        _end(job, state, result, error)
    return True


def remember(database: Database, job_id: str, worker: str, result: dict[str, Any]) -> None:
    """Keep what a running job has for good already, so that another run of it does not do it twice."""
    with database.write() as session:
        job = _held(session, job_id, worker)
        if job is not None:
            job.result = result


def give_back(database: Database, job_id: str, worker: str, reason: str, counts: bool = True) -> JobState | None:
    """A worker stopped or died with the job: queue it again, or end it when it was cancelled or tried too often.

    `counts`: the attempt counts. Returns the new state, None when the worker did not hold the job.
    """
    with database.write() as session:
        job = _held(session, job_id, worker)
        if job is None:
            return None
        _give_back(job, reason, counts)
        return job.state


def expire(database: Database) -> list[str]:
    """Give back every running job whose lease ran out. Returns their ids."""
    with database.write() as session:
        lost = session.scalars(select(Job).where(Job.state == "running", Job.lease_until < now())).all()
        for job in lost:
            _give_back(job, "The process that ran it does not answer any more.", counts=True)
        return [job.id for job in lost]


def queued(database: Database, before: datetime) -> list[tuple[str, str]]:
    """Jobs that were queued before a moment, oldest first: id and kind."""
    with database.read() as session:
        waiting = select(Job.id, Job.kind).where(Job.state == "queued", Job.created_at <= before)
        return [(job_id, kind) for job_id, kind in session.execute(waiting.order_by(Job.created_at))]


def _held(session: Session, job_id: str, worker: str) -> Job | None:
    job = session.get(Job, job_id)
    return job if job is not None and job.state == "running" and job.worker == worker else None


def _give_back(job: Job, reason: str, counts: bool) -> None:
    if job.cancel_requested:
        _end(job, "cancelled")
        return
    if not counts:
        job.attempts -= 1
    if job.attempts >= MOST_ATTEMPTS:
        message = f"{reason} It was tried {job.attempts} times; nothing of it was kept."
        _end(job, "failed", error={"code": "JOB_DIED", "message": message, "details": {"attempts": job.attempts}})
        return
    _log(job, f"{reason} It is taken up again.")
    job.state, job.worker, job.lease_until, job.heartbeat_at = "queued", None, None, None
    job.stage, job.progress = "", None


def _end(job: Job, state: JobState, result: dict[str, Any] | None = None, error: dict[str, Any] | None = None) -> None:
    job.state, job.result, job.error = state, result or job.result, error
    job.finished_at, job.lease_until = now(), None
    job.progress = 1.0 if state == "done" else job.progress
    if error:
        _log(job, error["message"])


def end_unstarted(job: Job) -> None:
    """End a queued job that was cancelled before anybody took it."""
    _end(job, "cancelled")


def line(text: str) -> dict[str, str]:
    """A line of a log, stamped with this moment."""
    return {"at": now().isoformat(timespec="milliseconds").replace("+00:00", "Z"), "text": text}


def _log(job: Job, text: str) -> None:
    job.log = [*job.log, line(text)][-LOG_LINES:]
