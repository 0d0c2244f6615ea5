"""The worker inside the server: takes jobs from Huey, runs each as a child process, and picks up what others dropped.

One long job runs at a time in a server: a load and a build both want all of a small machine. Quick ones, such as a mail, have
a lane of their own. Several servers may work on one workspace; the claim in the table decides who has a job.
"""

from __future__ import annotations

import logging
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

from huey import SqliteHuey
from huey.consumer import Consumer
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from tillsight.database import Database, Job, now
from tillsight.jobs.kinds import QUICK
from tillsight.jobs.queue import UPLOADS, uploads_of
from tillsight.jobs.schedule import Schedule, start_due, start_forecasts
from tillsight.jobs.states import FINAL, claim, expire, give_back, queued

QUEUE_FILE = "jobs.sqlite"
CHILD = (sys.executable, "-m", "tillsight.jobs.child")
NOTHING: Schedule = {}
_LOG = logging.getLogger(__name__)


class _Lane:
    """A queue whose jobs run one after the other."""

    def __init__(self, workspace: Path, quick: bool, grace: float, run: Callable[[str], None]) -> None:
        name = "tillsight-quick" if quick else "tillsight"
        self.huey = SqliteHuey(name, filename=str(workspace / QUEUE_FILE), results=False)
        self.carry = self.huey.task(name="run_job")(run)
        self.consumer = Consumer(
            self.huey,
            workers=1,
            periodic=False,
            max_delay=0.25,
            check_worker_health=False,
            shutdown_timeout=grace + 10,
        )
        self.consumer._set_signal_handlers = lambda: None  # signals belong to the server


class Worker:
    """Runs the jobs of a workspace in the background of this process, from `start` to `stop`.

    `lease`: how long a job may be silent before it is taken for dead. `grace`: seconds that a child has to clear up
    when it is stopped. `child`: the command that runs a job. `schedule`: what is started by itself, first when the
    server has run for `settled` seconds. `forecasts`: whether they are made as soon as there is another release.
    """

    def __init__(
        self,
        database: Database,
        workspace: Path,
        lease: timedelta = timedelta(seconds=60),
        grace: float = 10.0,
        child: Sequence[str] = CHILD,
        schedule: Schedule = NOTHING,
        settled: float = 120.0,
        forecasts: bool = False,
    ) -> None:
        self._database, self._workspace = database, workspace
        self._lease, self._grace, self._child = lease, grace, tuple(child)
        self._schedule, self._settled, self._forecasts = schedule, settled, forecasts
        self._stopping = threading.Event()
        self._lanes = {quick: _Lane(workspace, quick, grace, self._run) for quick in (False, True)}
        self._watcher = threading.Thread(target=self._watch, name="job-watcher", daemon=True)

    def start(self) -> None:
        """Take up what waits or was dropped, and go on until `stop`."""
        self._sweep(waiting=timedelta(0))
        for lane in self._lanes.values():
            lane.consumer.start()
        self._watcher.start()

    def stop(self) -> None:
        """Stop. A job that runs is stopped and queued again; the next start of a server takes it up."""
        self._stopping.set()
        for lane in self._lanes.values():  # the children of all of them are being stopped already
            lane.consumer.stop(graceful=True)
        self._watcher.join()
        for lane in self._lanes.values():
            lane.huey.storage.close()

    def carry(self, job_id: str) -> None:
        """Hand a queued job to whichever worker of its lane is free."""
        with self._database.read() as session:
            kind = session.scalar(select(Job.kind).where(Job.id == job_id))
        self._lanes[kind in QUICK].carry(job_id)

    def _run(self, job_id: str) -> None:
        if self._stopping.is_set():
            return
        worker = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        if not claim(self._database, job_id, worker, self._lease):
            return
        command = [*self._child, str(self._workspace), job_id, worker, str(self._lease.total_seconds())]
        try:
            # A session of its own: Ctrl-C at the terminal reaches the server, which then stops the child in order.
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)  # noqa: S603 (our own)
        except OSError as error:
            _LOG.exception("Job %s cannot be started", job_id)
            reason = f"Its process cannot be started ({error.strerror})."
        else:
            self._mind(process, job_id, worker)
            reason = f"Its process {_ending(process.returncode)}."
        if self._stopping.is_set():
            give_back(self._database, job_id, worker, "The server stopped.", counts=False)
        elif give_back(self._database, job_id, worker, reason) == "queued":
            self.carry(job_id)
        self._clear(job_id)

    def _mind(self, process: subprocess.Popen[bytes], job_id: str, worker: str) -> None:
        """Wait for a child; stop it when its job was cancelled, the server stops, or somebody else has the job."""
        kill_at: float | None = None
        while process.poll() is None:
            if kill_at is None and (self._stopping.is_set() or self._cancelled(job_id)):
                kill_at = time.monotonic() + self._grace
                process.terminate()
            elif (kill_at is not None and time.monotonic() > kill_at) or not self._holds(job_id, worker):
                process.kill()
            try:
                process.wait(0.1)
            except subprocess.TimeoutExpired:
                continue

    def _cancelled(self, job_id: str) -> bool:
        with self._database.read() as session:
            return bool(session.scalar(select(Job.cancel_requested).where(Job.id == job_id)))

    def _holds(self, job_id: str, worker: str) -> bool:
        with self._database.read() as session:
            held = session.execute(select(Job.worker, Job.state).where(Job.id == job_id)).one_or_none()
        # A job that has ended has a child that is about to.
        return held is not None and (held.worker == worker or held.state in FINAL)

    def _watch(self) -> None:
        started = time.monotonic()
        while not self._stopping.wait(min(5.0, self._lease.total_seconds() / 4)):
            try:
                self._sweep(waiting=timedelta(seconds=5))
                if self._forecasts and (job_id := start_forecasts(self._database)):
                    self.carry(job_id)
                if time.monotonic() - started >= self._settled:
                    for job_id in start_due(self._database, self._schedule):
                        self.carry(job_id)
            except SQLAlchemyError:
                _LOG.exception("The jobs cannot be looked through; trying again")

    def _sweep(self, waiting: timedelta) -> None:
        """Take up jobs whose lease ran out, jobs that Huey lost, and files of jobs that have ended."""
        for job_id in expire(self._database):
            _LOG.warning("Job %s was dropped by the process that ran it", job_id)
        for quick, lane in self._lanes.items():
            if lane.huey.pending_count() == 0:
                for job_id, kind in queued(self._database, now() - waiting):
                    if (kind in QUICK) == quick:
                        lane.carry(job_id)
        for folder in (self._workspace / UPLOADS).glob("*"):
            self._clear(folder.name)

    def _clear(self, job_id: str) -> None:
        """Remove the files that came with a job that has ended."""
        with self._database.read() as session:
            job = session.get(Job, job_id)
        folder = uploads_of(self._workspace, job_id)
        if job is not None and job.state in FINAL and folder.is_dir():
            shutil.rmtree(folder, ignore_errors=True)


def _ending(code: int) -> str:
    if code >= 0:
        return f"ended with code {code} before the job was done"
    name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
    return f"was ended by {name}" + (", perhaps for want of memory" if name == "SIGKILL" else "")
