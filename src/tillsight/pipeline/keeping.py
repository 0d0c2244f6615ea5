"""Which releases are kept: one build at a time, the files that no kept release names go, and nobody's answer with them."""

from __future__ import annotations

import itertools
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import filelock
from sqlalchemy import select

from tillsight.core.errors import ConflictError
from tillsight.core.settings import Settings
from tillsight.database.models import CURRENT, Pointer, Release
from tillsight.database.store import Database
from tillsight.pipeline.progress import Progress, silent
from tillsight.warehouse.engine import files_named
from tillsight.warehouse.engines import open_warehouse

if TYPE_CHECKING:
    from collections.abc import Iterator

STILL_ASKED = timedelta(minutes=10)
"""So long a release outlives its last question: longer than any question may take."""


@contextmanager
def build_lock(workspace: Path, progress: Progress, wait: bool) -> Iterator[None]:
    """One build at a time. The lock goes with its process, so a killed build never blocks the next."""
    folder = workspace / "releases"
    folder.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(folder / ".build.lock")
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        if not wait:
            raise ConflictError("Another build of this workspace is running; try again when it is done.") from None
        progress("waiting", None, None, "Another build is running; waiting for it")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def collect(workspace: Path, settings: Settings, database: Database) -> None:
    """Forget releases beyond those that are kept, and delete the files that no kept release names.

    Kept: the newest `keep.releases`, the last of each day for `keep.days` days, the current one, and as many releases
    "as of" an earlier moment. A release that answered until a moment ago is kept too: somebody may still be asking it.
    """
    with database.write() as session:
        pointed = session.scalar(select(Pointer.release).where(Pointer.name == CURRENT))
        releases = list(
            session.scalars(select(Release).where(Release.state == "published").order_by(Release.number.desc()))
        )
        current = [release for release in releases if release.kind == "current"]
        past = [release for release in releases if release.kind == "as_of"]
        kept = {release.number for release in (*current[: settings.keep.releases], *past[: settings.keep.releases])}
        kept |= {pointed} if pointed is not None else set()
        now = datetime.now(UTC)
        oldest = now - timedelta(days=settings.keep.days)
        days: set[date] = set()
        for release in current:
            if release.published_at and release.published_at >= oldest and release.published_at.date() not in days:
                days.add(release.published_at.date())
                kept.add(release.number)
        # a release answers until the next one is out, one of the past from the moment it is made
        until = {release.number: after.published_at for after, release in itertools.pairwise(current)}
        until |= {release.number: release.published_at for release in past}
        kept |= {number for number, moment in until.items() if moment and moment > now - STILL_ASKED}
        for release in releases:
            if release.number not in kept:
                release.state = "collected"
    _delete_unnamed(workspace, settings, database)


def drop_older(workspace: Path, settings: Settings, database: Database) -> int:
    """Forget every release but the one that answers now, and delete their files at once. Returns how many.

    For when they hold what must not be kept: whoever is just asking one of them has to ask again.
    """
    with build_lock(workspace, silent, wait=True):
        with database.write() as session:
            pointed = session.scalar(select(Pointer.release).where(Pointer.name == CURRENT))
            older = [
                release
                for release in session.scalars(select(Release).where(Release.state == "published"))
                if release.number != pointed
            ]
            for release in older:
                release.state = "collected"
        _delete_unnamed(workspace, settings, database)
    return len(older)


def _delete_unnamed(workspace: Path, settings: Settings, database: Database) -> None:
    """Delete the files that no published release names, and what the engine that answers has of other releases."""
    with database.read() as session:
        published = list(session.scalars(select(Release).where(Release.state == "published")))
        named = {
            file
            for release in published
            for entry in release.manifest["tables"].values()
            for file in files_named(entry)
        }
        building = {
            str(number) for number in session.scalars(select(Release.number).where(Release.state == "building"))
        }
    for folder in (workspace / "releases").iterdir():
        if not folder.is_dir() or not folder.name.isdigit() or folder.name in building:
            continue
        for file in folder.rglob("*.parquet"):
            if str(file.relative_to(workspace)) not in named:
                file.unlink(missing_ok=True)
        for path in sorted(folder.rglob("*"), reverse=True):
            if path.is_dir() and not any(path.iterdir()):
                path.rmdir()
        if not any(folder.iterdir()):
            folder.rmdir()
    with closing(open_warehouse(workspace, settings, database)) as warehouse:
        warehouse.collect({release.number for release in published})
