"""The kinds of jobs: what each does in its child process.

A kind is a function of a `Task`; what it returns is the result of the job. Loads and builds are all or nothing, so one
that died half way can be run again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tillsight.jobs.states import LOG_LINES, Report, line

Run = Callable[["Task"], dict[str, Any]]
KINDS: dict[str, Run] = {}


class CancelledError(Exception):
    """Raised inside a job that somebody cancelled, so that it clears up and ends."""


class Task:
    """One run of a job: what it was asked, and how it says how far it is. `log`: what earlier runs of it wrote."""

    def __init__(
        self,
        workspace: Path,
        job_id: str,
        params: dict[str, Any],
        created_by: str | None = None,
        log: Sequence[dict[str, str]] = (),
    ) -> None:
        self.workspace = workspace
        self.job_id = job_id
        self.params = params
        self.created_by = created_by
        self.cancelled = threading.Event()
        self._lock = threading.Lock()
        self._report = Report(log=list(log))
        self._changed = False

    def progress(self, stage: str, done: float | None = None, total: float | None = None, text: str = "") -> None:
        """Say how far the job is. The log gets one line per stage, with its latest text. Raises CancelledError."""
        if self.cancelled.is_set():
            raise CancelledError
        new = line(f"{stage}: {text}" if text else stage)
        with self._lock:
            report = self._report
            if stage == report.stage:
                report.log[-1] = new
            else:
                report.log = [*report.log, new][-LOG_LINES:]
            report.stage = stage
            report.progress = min(max(done / total, 0.0), 1.0) if done is not None and total else None
            self._changed = True

    @property
    def changed(self) -> bool:
        """Whether there is news since the last `report`."""
        return self._changed

    def report(self) -> Report:
        """How far it is now."""
        with self._lock:
            self._changed = False
            return Report(self._report.stage, self._report.progress, list(self._report.log))
