"""Taking a backup, pruning old ones, and making content vanish from all of them.

In a backup: the operational database as one file, the settings, every landed load, reports. Not in it: releases (a restore
builds them again), the queue of jobs, and the master key, which belongs elsewhere. An increment trusts a file whose size
and time of change are as before, so it costs what is new; a full backup reads every file again and mends what it finds
damaged. One backup of a workspace runs at a time; one that dies leaves nothing but pieces that the next full one collects.
"""

from __future__ import annotations

import hashlib
import secrets
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from filelock import FileLock, Timeout
from sqlalchemy import select, update

from tillsight.backup.database import copy_database, copy_in, counts, loads_in
from tillsight.backup.places import SECRET, Place, PlaceError, open_place
from tillsight.backup.repository import BackupError, DamagedError, Entry, Repository, Snapshot
from tillsight.core.errors import ConflictError, NotFoundError
from tillsight.core.settings import SETTINGS_FILE, Settings
from tillsight.core.version import VERSION
from tillsight.database import CURRENT, DATABASE_FILE, Database, Pointer, Tombstone, now
from tillsight.database.safety import Backup, BackupKind
from tillsight.vault import DATA_KEY_FILE, Keys, Vault

LOCK_FILE = ".backup.lock"
ERASURES_FILE = "erasures.json"
"""Who is to stay erased, by keyed hashes: a restore takes the newest there is, see `tillsight.privacy`."""
WORK = ".backup-"
PIECE = 8 << 20
"""Bytes of a piece of a file that is written once."""
PIECE_OF_DATABASE = 128 << 10
"""Bytes of a piece of the database: a change of a few pages puts a few pieces."""
FULL_EVERY = timedelta(hours=24)
ALWAYS_KEPT = 24
"""So many of the newest backups stay whatever the clock says."""
MOST_PRUNED = 48
"""So many backups go at a time: a clock that jumps ahead must not take a month of them."""


Progress = Callable[[str, float | None, float | None, str], None]
"""How long work tells where it is: the stage, bytes of how many, and a line in words."""


def silent(stage: str, done: float | None, total: float | None, text: str) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True)
class Taken:
    """A backup that was taken. `stored`: bytes added to the place; `repaired`: pieces put again because they were damaged.

    `damaged`: files of the workspace that changed on the disk without having been written; the backup has them as they were.
    """

    snapshot: Snapshot
    place: str
    stored: int
    repaired: int
    damaged: tuple[str, ...]
    seconds: float


@dataclass(frozen=True)
class Forgotten:
    """What making content vanish did: how many backups were written again, and which could not be read and are gone."""

    rewritten: int
    dropped: tuple[str, ...]


def place_of(workspace: Path, settings: Settings, database: Database | None, address: str | None = None) -> Place:
    """The place at an address, else that of the setting backup.to."""

    def credential() -> str:
        if database is None:
            raise NotFoundError("There is no vault here.")
        return Vault(database, Keys.open(workspace)).get(SECRET)

    return open_place(address or settings.backup.to, workspace, credential)


def take(
    workspace: Path,
    settings: Settings,
    database: Database,
    *,
    to: str | None = None,
    kind: BackupKind | None = None,
    progress: Progress = silent,
) -> Taken:
    """Take a backup. `kind`: full when none was full for a day, else an increment.

    Raises ConflictError while another runs, BackupError or PlaceError when it cannot be made; the last one stays good.
    """
    with _held(workspace):
        # as it was given: a place within the workspace moves with it
        address = to or settings.backup.to
        place = place_of(workspace, settings, database, address)
        started = now()
        with database.write() as session:
            dead = "It was interrupted before it was complete."
            session.execute(
                update(Backup).where(Backup.state == "running").values(state="failed", error=dead, finished_at=started)
            )
            row = Backup(kind=kind or "increment", place=address, started_at=started)
            session.add(row)
        work = workspace / f"{WORK}{secrets.token_hex(4)}"
        try:
            for left in workspace.glob(f"{WORK}*"):
                if left.is_dir():
                    shutil.rmtree(left)
            work.mkdir(mode=0o700)
            repository = Repository.open_or_make(place, lambda: Keys.open(workspace), settings.encrypt)
            taking = _Taking(workspace, repository, kind, progress)
            snapshot = taking.run(database, work)
            pruned = prune(repository, settings) if snapshot.kind == "full" else []
            with database.write() as session:
                row = session.get_one(Backup, row.number)
                row.id, row.kind, row.state, row.finished_at = snapshot.id, snapshot.kind, "done", now()
                row.files, row.bytes = len(snapshot.files), snapshot.size
                row.stored, row.repaired = taking.stored, taking.repaired
                row.error = _damage(taking.damaged)
                gone = update(Backup).where(Backup.id.in_(pruned), Backup.place == address)
                session.execute(gone.values(state="pruned"))
        except BaseException as error:
            with database.write() as session:
                row = session.get_one(Backup, row.number)
                row.state, row.finished_at, row.error = "failed", now(), (str(error) or type(error).__name__)[:2000]
            if isinstance(error, OSError):
                raise BackupError(
                    f"The backup could not be made: {error.strerror or error}. The last one stays good."
                ) from error
            raise
        finally:
            shutil.rmtree(work, ignore_errors=True)
        seconds = (row.finished_at - started).total_seconds() if row.finished_at else 0.0
        return Taken(snapshot, place.address, taking.stored, taking.repaired, tuple(taking.damaged), max(seconds, 0.0))


def prune(repository: Repository, settings: Settings) -> list[str]:
    """Take away backups that are past their time, and the pieces that none needs. Returns their ids.

    All of the last `backup.hourly_days` are kept and the last one of each day for `backup.days`, counted from the newest.
    """
    lists: list[Snapshot] = list(repository.snapshots())
    past: list[str] = []
    days: set[object] = set()
    for place, snapshot in enumerate(lists):
        age = lists[0].at - snapshot.at
        last_of_day = snapshot.at.date() not in days
        days.add(snapshot.at.date())
        if place < ALWAYS_KEPT or age <= timedelta(days=settings.backup.hourly_days):
            continue
        if age > timedelta(days=settings.backup.days) or not last_of_day:
            past.append(snapshot.id)
    past = past[-MOST_PRUNED:]
    for backup in past:
        repository.forget(backup)
    repository.collect()
    return past


def forget_content(
    workspace: Path,
    settings: Settings,
    database: Database,
    changed: Iterable[str] | None = None,
    scrub: Callable[[Path], None] | None = None,
    progress: Progress = silent,
) -> Forgotten:
    """Make content vanish from every backup, in every place that this workspace ever put one.

    `changed`: files by their path in the workspace (`landing/loads/…`) that were written again without the content, or are
    gone: every backup then has them as they are now. None stands for all of landing that is not as a backup has it.
    `scrub`: gets the path of each copy of the operational database that a backup holds (a SQLite file of any earlier
    migration) and takes the content out of it. Pieces that nobody names any more are taken away before this returns. A
    backup that cannot be read is taken away whole; with None, also one that holds loads which are no more, as nobody can
    search them.

    Raises PlaceError when a place cannot be reached: what is there still has the content, so do it again later.
    """
    rewritten = 0
    dropped: list[str] = []
    with _held(workspace, wait=True):
        for address in places_of(database):
            try:
                repository = Repository.open(
                    place_of(workspace, settings, database, address), lambda: Keys.open(workspace)
                )
            except NotFoundError:
                raise PlaceError(
                    f"The backups in {address} are not there: connect the place. If they are gone for good, say so with "
                    "tillsight backups --gone PLACE.",
                    place=address,
                ) from None
            work = workspace / f"{WORK}{secrets.token_hex(4)}"
            work.mkdir(mode=0o700)
            try:
                done = _Forgetting(
                    workspace, repository, None if changed is None else frozenset(changed), scrub, work, progress
                ).run()
            finally:
                shutil.rmtree(work, ignore_errors=True)
            rewritten += done.rewritten
            dropped += done.dropped
        return Forgotten(rewritten, tuple(dropped))


def places_of(database: Database) -> list[str]:
    """Every place where this workspace has backups that are kept, as it was given."""
    with database.read() as session:
        return sorted(set(session.scalars(select(Backup.place).where(Backup.state == "done"))))


def give_up(database: Database, address: str) -> int:
    """Take note that the backups of a place are gone for good. How many there were. Raises NotFoundError for none."""
    if address not in places_of(database):
        known = ", ".join(places_of(database)) or "none"
        raise NotFoundError(f"No backups are known in {address}; places with backups: {known}.", place=address)
    with database.write() as session:
        rows = session.scalars(select(Backup).where(Backup.place == address, Backup.state == "done")).all()
        for row in rows:
            row.state = "pruned"
        return len(rows)


def forget_erased(workspace: Path, settings: Settings, database: Database, progress: Progress = silent) -> Forgotten:
    """Make everybody who was erased vanish from every backup, once landing was searched for them.

    Landing becomes as it is now; of the copies of the database go the keys of the persons in the audit log, the messages about
    loads and the jobs, which may name somebody, and their free pages. Safe to call again. Raises PlaceError, see `forget_content`.
    """
    with database.read() as session:
        tags = [(tag,) for tag in session.scalars(select(Tombstone.tag).where(Tombstone.kind == "audit"))]

    def scrub(copy: Path) -> None:
        with closing(sqlite3.connect(copy, isolation_level=None)) as connection:
            known = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            connection.execute("BEGIN")
            connection.execute("UPDATE loads SET error = NULL WHERE error IS NOT NULL")
            connection.execute("DELETE FROM jobs")
            if "person_keys" in known:
                connection.executemany("DELETE FROM person_keys WHERE tag = ?", tags)
            connection.execute("COMMIT")
            connection.execute("VACUUM")

    return forget_content(workspace, settings, database, None, scrub, progress)


@dataclass
class _Taking:
    """One backup on its way."""

    workspace: Path
    repository: Repository
    kind: BackupKind | None
    progress: Progress
    stored: int = 0
    repaired: int = 0
    damaged: list[str] = field(default_factory=list)
    _checked: set[str] = field(default_factory=set)

    def run(self, database: Database, work: Path) -> Snapshot:
        self.progress("database", None, None, "Copying the operational database")
        copy = copy_in(work)
        at = now()
        copy_database(database, copy)
        facts = {"tables": counts(copy), "loads": len(loads_in(copy)), "release": _current(database)}
        last = next(self.repository.snapshots(), None)
        kind: BackupKind = self.kind or ("full" if self._full_is_due(at) else "increment")
        known = {entry.path: entry for entry in last.files} if last else {}
        there = self.repository.pieces()
        files = [(DATABASE_FILE, copy, PIECE_OF_DATABASE)]
        files += [(path, self.workspace / path, PIECE) for path in self._files(loads_in(copy))]
        total, done = sum(file.stat().st_size for _, file, _ in files), 0
        entries: list[Entry] = []
        for path, file, piece in files:
            before = known.get(path)
            if (
                kind == "increment"
                and before is not None
                and _untouched(file, before)
                and there.issuperset(before.pieces)
            ):
                entry = before
            else:
                entry = self._read(path, file, piece, there, again=kind == "full")
                if before is not None and path.startswith("landing/") and _rotten(before, entry):
                    self.damaged.append(path)
                    entry = before
            entries.append(entry)
            done += entry.bytes
            self.progress("files", done, total, path)
        snapshot = Snapshot(self.repository.next_id(at), kind, at, VERSION, tuple(entries), facts)
        self.progress("commit", None, None, "Keeping it for good")
        self.repository.commit(snapshot)
        return snapshot

    def _full_is_due(self, at: datetime) -> bool:
        """A full one a day; also where the clock went back and the last one seems to lie ahead."""
        last = next((one for one in self.repository.snapshots() if one.kind == "full"), None)
        return last is None or not timedelta(0) <= at - last.at < FULL_EVERY - timedelta(minutes=30)

    def _files(self, loads: Iterable[str]) -> Iterator[str]:
        """The files of a backup besides the database, by their path in the workspace."""
        yield from (file for file in (SETTINGS_FILE, DATA_KEY_FILE, ERASURES_FILE) if (self.workspace / file).is_file())
        for folder in [*(f"landing/loads/{load}" for load in loads), "reports"]:
            root = self.workspace / folder
            if not root.is_dir():
                if folder == "reports":
                    continue
                raise BackupError(
                    f"{folder} is gone from the disk though its load is committed. The last backup has it: see tillsight restore.",
                    path=folder,
                )
            for file in sorted(root.rglob("*")):
                if file.is_file():
                    yield file.relative_to(self.workspace).as_posix()

    def _read(self, path: str, file: Path, size: int, there: set[str], again: bool) -> Entry:
        """Read a file and put the pieces that are not there. `again`: look whether those that are there are sound."""
        status = file.stat()
        digest, length, pieces = hashlib.sha256(), 0, []
        with file.open("rb") as stream:
            while content := stream.read(size):
                digest.update(content)
                length += len(content)
                name = self.repository.name_of(content)
                pieces.append(name)
                if name not in there:
                    self.stored += self.repository.put(name, content)
                    there.add(name)
                    self._checked.add(name)
                elif again and self.repository.place.near and name not in self._checked:
                    self._checked.add(name)
                    try:
                        self.repository.get(name)
                    except DamagedError:
                        self.stored += self.repository.put(name, content)
                        self.repaired += 1
        return Entry(path, digest.hexdigest(), length, status.st_mtime_ns, tuple(pieces))


@dataclass
class _Forgetting:
    """Content on its way out of the backups of one place."""

    workspace: Path
    repository: Repository
    changed: frozenset[str] | None
    scrub: Callable[[Path], None] | None
    work: Path
    progress: Progress
    _made: dict[str, Entry | None] = field(default_factory=dict)

    def run(self) -> Forgotten:
        rewritten, dropped = 0, []
        ids = self.repository.ids()
        taking = _Taking(self.workspace, self.repository, None, self.progress)
        there = self.repository.pieces()
        for step, backup in enumerate(ids):
            self.progress("backups", step, len(ids), backup)
            try:
                snapshot = self.repository.snapshot(backup)
                entries = [made for entry in snapshot.files if (made := self._entry(entry, taking, there)) is not None]
            except DamagedError:
                self.repository.forget(backup)
                dropped.append(backup)
                continue
            if entries != list(snapshot.files):
                self.repository.commit(
                    Snapshot(
                        snapshot.id, snapshot.kind, snapshot.at, snapshot.code_version, tuple(entries), snapshot.facts
                    )
                )
                rewritten += 1
        self.repository.collect()
        return Forgotten(rewritten, tuple(dropped))

    def _entry(self, entry: Entry, taking: _Taking, there: set[str]) -> Entry | None:
        file = self.workspace / entry.path
        if self._is_changed(entry, file):
            if entry.path not in self._made:
                self._made[entry.path] = (
                    taking._read(entry.path, file, PIECE, there, again=False) if file.is_file() else None
                )
            return self._made[entry.path]
        if entry.path == DATABASE_FILE and self.scrub is not None:
            if entry.sha256 not in self._made:
                copy = copy_in(self.work)
                with copy.open("wb") as out:
                    for piece in entry.pieces:
                        out.write(self.repository.get(piece))
                self.scrub(copy)
                made = taking._read(entry.path, copy, PIECE_OF_DATABASE, there, again=False)
                self._made[entry.sha256] = self._made[made.sha256] = made
                copy.unlink()
            return self._made[entry.sha256]
        return entry

    def _is_changed(self, entry: Entry, file: Path) -> bool:
        if self.changed is not None:
            return entry.path in self.changed
        if not entry.path.startswith("landing/"):
            return False
        if not (self.workspace / Path(*Path(entry.path).parts[:3])).is_dir():
            raise DamagedError(f"The load of {entry.path} is no more.", path=entry.path)
        return not file.is_file() or not _untouched(file, entry)


@contextmanager
def _held(workspace: Path, wait: bool = False) -> Iterator[None]:
    """One at a time. The lock goes with its process."""
    lock = FileLock(workspace / LOCK_FILE)
    try:
        lock.acquire(timeout=-1 if wait else 0)
    except Timeout:
        raise ConflictError("Another backup of this workspace is running; try again when it is done.") from None
    try:
        yield
    finally:
        lock.release()


def _untouched(file: Path, before: Entry) -> bool:
    status = file.stat()
    return (status.st_size, status.st_mtime_ns) == (before.bytes, before.changed)


def _rotten(before: Entry, now_: Entry) -> bool:
    """Other content, though nobody wrote the file: its time of change and size are as they were."""
    same = (before.bytes, before.changed) == (now_.bytes, now_.changed)
    return same and before.sha256 != now_.sha256


def _damage(files: list[str]) -> str | None:
    if not files:
        return None
    more = f" and {len(files) - 1} more" if len(files) > 1 else ""
    return f"{files[0]}{more} changed on the disk without having been written; the backup keeps what it was before."


def _current(database: Database) -> int | None:
    with database.read() as session:
        return session.scalar(select(Pointer.release).where(Pointer.name == CURRENT))
