"""Starting, finding and cancelling jobs. Any process may: a job waits in the table until a worker takes it."""

from __future__ import annotations

import secrets
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from tillsight.audit import record
from tillsight.core.errors import ConflictError, NotFoundError
from tillsight.database import Database, Job, JobState, now
from tillsight.jobs.states import FINAL, end_unstarted

UPLOADS = "uploads"


def new_id(at: datetime | None = None) -> str:
    """An id for a job: sorts by time, `20261114T090000123456-a1b2c3`."""
    return f"{at or now():%Y%m%dT%H%M%S%f}-{secrets.token_hex(3)}"


def uploads_of(workspace: Path, job_id: str) -> Path:
    """The folder of the files that came with a job. It is removed when the job has ended."""
    return workspace / UPLOADS / job_id


class Jobs:
    """The jobs of a workspace."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def start(
        self,
        kind: str,
        params: dict[str, Any],
        created_by: str | None,
        job_id: str | None = None,
        address: str | None = None,
    ) -> Job:
        """Put a job in the queue. `job_id`: from `new_id`, where files were put in its folder first.

        `address`: where it was asked for, for the audit log.
        """
        job = Job(id=job_id or new_id(), kind=kind, params=params, created_by=created_by, created_at=now())
        with self._database.write() as session:
            session.add(job)
            record(
                session,
                who=created_by or "system",
                action=f"{kind}.asked",
                subject=f"job:{job.id}",
                after={name: value for name, value in params.items() if value},
                address=address,
            )
        return job

    def get(self, job_id: str) -> Job:
        """A job. Raises NotFoundError."""
        with self._database.read() as session:
            job = session.get(Job, job_id)
        if job is None:
            raise NotFoundError(f"There is no job {job_id}.", field="id", value=job_id)
        return job

    def list(self, offset: int = 0, limit: int = 50, state: JobState | None = None) -> tuple[list[Job], int]:
        """Jobs, the newest first, and how many there are in all."""
        chosen = select(Job) if state is None else select(Job).where(Job.state == state)
        with self._database.read() as session:
            total = session.scalar(select(func.count()).select_from(chosen.subquery())) or 0
            page = chosen.order_by(Job.created_at.desc(), Job.id.desc()).offset(offset).limit(limit)
            return list(session.scalars(page)), total

    def cancel(self, job_id: str, cancelled_by: str | None = None, address: str | None = None) -> Job:
        """Ask a job to end. A waiting one ends at once, a running one within seconds; what was published stays.

        Raises NotFoundError, and ConflictError for a job that has ended.
        """
        with self._database.write() as session:
            job = session.get(Job, job_id)
            if job is None:
                raise NotFoundError(f"There is no job {job_id}.", field="id", value=job_id)
            if job.state in FINAL:
                raise ConflictError(f"The job has ended already: {job.state}.", field="id", value=job_id)
            job.cancel_requested = True
            before = job.state
            if job.state == "queued":
                end_unstarted(job)
            record(
                session,
                who=cancelled_by or "system",
                action=f"{job.kind}.cancelled",
                subject=f"job:{job_id}",
                before={"state": before},
                after={"state": "cancelled"},
                address=address,
            )
        return job
