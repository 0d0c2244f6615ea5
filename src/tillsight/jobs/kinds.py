"""The kinds of jobs: what each does in its child process.

A kind is a function of a `Task`; what it returns is the result of the job. Loads and builds are all or nothing, so one
that died half way can be run again.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from tillsight.jobs.queue import uploads_of
from tillsight.jobs.states import LOG_LINES, Report, line


class CancelledError(Exception):
    """Raised inside a job that somebody cancelled, so that it clears up and ends."""


class Task:
    """One run of a job: what it was asked, and how it says how far it is.

    `log`: what earlier runs of it wrote. `kept`: what they did for good (see `keep`). `remember` writes that down.
    """

    def __init__(
        self,
        workspace: Path,
        job_id: str,
        params: dict[str, Any],
        created_by: str | None = None,
        log: Sequence[dict[str, str]] = (),
        kept: dict[str, Any] | None = None,
        remember: Callable[[dict[str, Any]], None] = lambda _kept: None,
    ) -> None:
        self.workspace = workspace
        self.job_id = job_id
        self.params = params
        self.created_by = created_by
        self.kept = kept or {}
        self.cancelled = threading.Event()
        self._remember = remember
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

    def keep(self, **done: Any) -> None:
        """Say what is done for good: it is part of the result, and a later run of the job need not do it again."""
        self.kept |= done
        self._remember(dict(self.kept))

    @property
    def changed(self) -> bool:
        """Whether there is news since the last `report`."""
        return self._changed

    def report(self) -> Report:
        """How far it is now."""
        with self._lock:
            self._changed = False
            return Report(self._report.stage, self._report.progress, list(self._report.log))


Run = Callable[[Task], dict[str, Any]]


def load(task: Task) -> dict[str, Any]:
    """Land the files that came with the job, and build a release if asked.

    Parameters: files (names in the job's folder), mapping (name of a TOML file there, or None), preset, source, as_of,
    replaces, build. The result names the load, its rows and rejects, and the release.
    """
    from tillsight.shop import Shop

    params = task.params
    folder = uploads_of(task.workspace, task.job_id)
    with Shop.open(task.workspace) as shop:
        if "load" not in task.kept:
            loaded = shop.load(
                [folder / "files" / name for name in params["files"]],
                mapping=folder / params["mapping"] if params["mapping"] else None,
                preset=params["preset"],
                source=params["source"],
                as_of=params["as_of"],
                replaces=params["replaces"],
                progress=task.progress,
                created_by=task.created_by,
            )
            task.keep(load=loaded.load_id, rows_read=loaded.rows_read, rows_rejected=loaded.rows_rejected)
        if params["build"]:
            task.keep(release=shop.build(progress=task.progress).number)
    return task.kept


def build(task: Task) -> dict[str, Any]:
    """Build a release from everything that is landed, after any other build. The result names it.

    Parameters: as_of, a moment, for a release of what was known then.
    """
    from tillsight.shop import Shop

    with Shop.open(task.workspace) as shop:
        if moment := task.params.get("as_of"):
            return {"release": shop.build_as_of(datetime.fromisoformat(moment), task.progress)}
        return {"release": shop.build(progress=task.progress).number}


def erase(task: Task) -> dict[str, Any]:
    """Carry out the erasures that were begun: a build follows them through landing, then what was before is dropped.

    Parameters: erasure (its id). The result says what was found and done, in counts.
    """
    from tillsight.shop import Shop

    with Shop.open(task.workspace) as shop:
        release = shop.build(progress=task.progress)
        return {"release": release.number, **shop.desk.get_erasure(task.params["erasure"]).report}


def retention(task: Task) -> dict[str, Any]:
    """Remove what the rules of retention do not keep any longer, and build. The result counts rows by table."""
    from tillsight.shop import Shop

    with Shop.open(task.workspace) as shop:
        removed = shop.retain(who=task.created_by or "system", progress=task.progress)
        return removed.to_dict()


def backup(task: Task) -> dict[str, Any]:
    """Take a backup. Parameters: full (else an increment unless a full one is due). The result names it and its size."""
    from tillsight.recovery import back_up
    from tillsight.shop import Shop

    with Shop.open(task.workspace) as shop:
        taken = back_up(
            shop, full=bool(task.params.get("full")), who=task.created_by or "system", progress=task.progress
        )
    return {
        "backup": taken.snapshot.id,
        "kind": taken.snapshot.kind,
        "files": len(taken.snapshot.files),
        "bytes": taken.snapshot.size,
        "stored": taken.stored,
    }


def drill(task: Task) -> dict[str, Any]:
    """Restore the newest backup beside the shop and compare. Raises BackupError when the copy is not the original."""
    from tillsight.backup import BackupError
    from tillsight.recovery import drill as hold
    from tillsight.shop import Shop

    with Shop.open(task.workspace) as shop:
        outcome = hold(shop, who=task.created_by or "system", progress=task.progress)
    if not outcome.passed:
        raise BackupError(f"The drill of backup {outcome.backup} failed: {outcome.differences[0]}")
    return {"backup": outcome.backup, "seconds": round(outcome.seconds, 1), "tables": len(outcome.tables)}


def mail(task: Task) -> dict[str, Any]:
    """Send links to choose a password. The result counts the mails.

    Parameters: users (their numbers), and asked: `invitation` by an administrator, who is the one who started the job, or
    `reset` by somebody who cannot come in.
    """
    from tillsight.accounts import By, mail_link, mail_resets
    from tillsight.core.settings import read_settings
    from tillsight.database import Database

    settings, users = read_settings(task.workspace), task.params["users"]
    with Database.open(task.workspace, settings) as database:
        task.progress("mail", text="Speaking to the mail server")
        if task.params["asked"] == "reset":
            return {"sent": mail_resets(task.workspace, settings, database, users)}
        for user in users:
            mail_link(task.workspace, settings, database, user, By(task.created_by or "system"))
        return {"sent": len(users)}


def forecasts(task: Task) -> dict[str, Any]:
    """Make the forecasts that the page asks for first, from the current release, so that they are there when somebody looks.

    It works at low priority, and ends early where another long job waits. The result counts the forecasts made.
    """
    from tillsight.core.errors import NoReleaseError
    from tillsight.dashboards import load as dashboards
    from tillsight.dashboards.declaration import ForecastPanel
    from tillsight.jobs.states import waiting
    from tillsight.shop import Shop

    os.nice(10)
    asked = [
        (metric, horizon)
        for board in dashboards().values()
        for panel in board.panels
        if isinstance(panel, ForecastPanel)
        for metric, horizon in _first(panel.metrics, panel.horizons)
    ]
    made = 0
    with Shop.open(task.workspace) as shop, contextlib.suppress(NoReleaseError):
        for metric, horizon in asked:
            task.progress("forecast", made, len(asked), f"{metric}, {horizon} days ahead")
            if waiting(shop.database, QUICK):
                break
            shop.analyse("sales.forecast", metric=metric, horizon=horizon)
            made += 1
    return {"forecasts": made}


def _first(metrics: Sequence[str], horizons: Sequence[int]) -> list[tuple[str, int]]:
    """The first metric over every span, then the others over the first one."""
    return [*((metrics[0], days) for days in horizons), *((metric, horizons[0]) for metric in metrics[1:])]


KINDS: dict[str, Run] = {
    "load": load,
    "build": build,
    "erase": erase,
    "retention": retention,
    "backup": backup,
    "drill": drill,
    "forecasts": forecasts,
    "mail": mail,
}
QUICK = frozenset({"mail"})
"""Kinds that take seconds and do not wait for the long ones."""
