"""The child process that runs one job: `python -m tillsight.jobs.child WORKSPACE JOB WORKER LEASE_SECONDS`.

A thread beside the job renews the lease, writes down the progress and looks for a cancel. When the lease is lost the
process ends at once: somebody else may be running the job by then.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import traceback
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import Literal

from sqlalchemy.exc import SQLAlchemyError

from tillsight.core.errors import TillsightError
from tillsight.core.settings import read_settings
from tillsight.database import Database, Job
from tillsight.jobs.kinds import KINDS, CancelledError, Task
from tillsight.jobs.states import finish, remember, renew

TICK = 0.5
UNWIND_SECONDS = 10.0
LOST = 3
"""Exit code of a child that lost its lease."""


_STOPPED = threading.Event()
"""Set when the server that started this child stops."""


class _StoppedError(BaseException):
    """The server that started this child stops: leave everything as it was."""


class _Keeper(threading.Thread):
    """Renews the lease, carries the progress to the table, and looks whether the job is still wanted."""

    def __init__(self, database: Database, task: Task, worker: str, lease: timedelta) -> None:
        super().__init__(name="keeper", daemon=True)
        self._database, self._task, self._worker, self._lease = database, task, worker, lease
        self._done = threading.Event()
        self._renewed = time.monotonic()
        self._cancelled_at: float | None = None

    def run(self) -> None:
        seconds = self._lease.total_seconds()
        while not self._done.wait(min(TICK, seconds / 6)):
            due = time.monotonic() - self._renewed > seconds / 6
            if not (self._task.changed or due or self._unwanted()):
                continue
            try:
                self.renew()
            except SQLAlchemyError:
                # A busy database: try again, as long as the lease holds.
                if time.monotonic() - self._renewed > seconds:
                    os._exit(LOST)

    def renew(self) -> None:
        """Renew once, now. Ends the process when the lease is lost or a cancelled job does not unwind."""
        at = time.monotonic()
        answer = renew(self._database, self._task.job_id, self._worker, self._lease, self._task.report())
        if answer == "lost":
            os._exit(LOST)
        self._renewed = at
        if answer == "cancel":
            self._cancelled_at = self._cancelled_at or at
            self._task.cancelled.set()
            if at - self._cancelled_at > UNWIND_SECONDS:
                finish(self._database, self._task.job_id, self._worker, "cancelled")
                os._exit(0)

    def stop(self) -> None:
        """Renew no more."""
        self._done.set()
        self.join()

    def _unwanted(self) -> bool:
        """Whether the job was cancelled or taken over; the renewal then finds out which."""
        with self._database.read() as session:
            job = session.get(Job, self._task.job_id)
            return job is None or job.cancel_requested or job.worker != self._worker


def run(workspace: Path, job_id: str, worker: str, lease: timedelta) -> None:
    """Run a job that `worker` has claimed, and write down how it ended."""
    with Database.open(workspace, read_settings(workspace)) as database:
        with database.read() as session:
            job = session.get_one(Job, job_id)
        task = Task(
            workspace,
            job_id,
            job.params,
            job.created_by,
            job.log,
            job.result,
            remember=lambda kept: remember(database, job_id, worker, kept),
        )
        keeper = _Keeper(database, task, worker, lease)
        keeper.start()
        state: Literal["done", "failed", "cancelled"] = "failed"
        result, error = None, None
        try:
            result = KINDS[job.kind](task)
            state = "done"
        except CancelledError:
            state = "cancelled"
        except TillsightError as caught:
            error = {"code": caught.code, "message": caught.message, "details": caught.details}
        except Exception as caught:
            if not _STOPPED.is_set():
                traceback.print_exc()
            message = f"The job failed unexpectedly ({type(caught).__name__}); the log of the server has the details."
            error = {"code": "FAILED", "message": message, "details": {}}
        if _STOPPED.is_set() and state != "done":
            # A library may have made an error of its own of the stop: an interrupted query, an import that failed.
            raise _StoppedError
        keeper.stop()
        keeper.renew()
        finish(database, job_id, worker, state, result=result, error=error)


def main(arguments: list[str]) -> int:
    """Run the job that the arguments name. Exit code 0 unless the child was stopped half way."""
    workspace, job_id, worker, seconds = arguments
    signal.signal(signal.SIGTERM, _stop)
    try:
        run(Path(workspace), job_id, worker, timedelta(seconds=float(seconds)))
    except _StoppedError:
        return 1
    return 0


def _stop(_signal: int, _frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _STOPPED.set()
    raise _StoppedError


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
