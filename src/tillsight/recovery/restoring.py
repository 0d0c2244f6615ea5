"""Restoring a workspace: into a new folder, or in place of what is there, to any backup that is kept.

What a backup holds comes back as it was, but for what must not: sessions end, jobs that ran are over, and where the
workspace is still there, it keeps what it knows of backups, drills, erasures and choices of persons, so that nobody who was
erased comes back. Then erasures are done again and a release is built. In place, the workspace is backed up first.
"""

from __future__ import annotations

import os
import secrets
import shutil
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import tomlkit
from sqlalchemy import Table, delete, func, select, update

from tillsight import privacy
from tillsight.audit import record
from tillsight.backup import Repository, Snapshot, Taken, find, open_place, take, write_files
from tillsight.backup.database import bare, copy_in, replace_database
from tillsight.backup.places import SECRET
from tillsight.backup.restore import write_file
from tillsight.backup.taking import ERASURES_FILE, place_of
from tillsight.core.errors import ConflictError
from tillsight.core.settings import SETTINGS_FILE, read_settings
from tillsight.database import (
    ApiKey,
    Backup,
    BackupKind,
    Base,
    ConsentChoice,
    Database,
    Drill,
    Erasure,
    InnerKey,
    Job,
    OneTimeLink,
    PersonKey,
    Pointer,
    RecoveryCode,
    Release,
    SignInSession,
    Tombstone,
    User,
    now,
)
from tillsight.database.store import DATABASE_FILE
from tillsight.pipeline.progress import Progress, silent
from tillsight.shop import Shop
from tillsight.vault import KEY_FILE, KEY_FILE_VARIABLE, KEY_VARIABLE, Keys, Vault, VaultError

STAYS = (Backup, Drill, Erasure, Tombstone, InnerKey, PersonKey, ConsentChoice)
"""Tables that an existing workspace keeps over a restore in place: what they say is true whatever the moment."""


@dataclass(frozen=True)
class Restored:
    """What a restore did. `release`: the one that was built; None where nothing was loaded. `notes`: what to know."""

    snapshot: Snapshot
    folder: Path
    files: int
    bytes: int
    release: int | None
    seconds_files: float
    seconds_build: float
    notes: tuple[str, ...]


def back_up(
    shop: Shop, *, to: str | None = None, full: bool = False, who: str = "system", progress: Progress = silent
) -> Taken:
    """Take a backup and note it in the log. `to`: another place than that of the settings."""
    kind: BackupKind | None = "full" if full else None
    taken = take(shop.path, shop.settings, shop.database, to=to, kind=kind, progress=progress)
    with shop.database.write() as session:
        record(
            session,
            who=who,
            action="backup.taken",
            subject=f"backup:{taken.snapshot.id}",
            after={"place": taken.place, "kind": taken.snapshot.kind},
        )
    return taken


def restore_new(
    place: str | None,
    folder: Path,
    *,
    workspace: Path | None = None,
    backup: str | None = None,
    at: datetime | None = None,
    progress: Progress = silent,
) -> Restored:
    """Restore into a folder that is not there yet.

    `place`: where the backups are; that of the settings of `workspace` if not given. The key comes from the environment,
    else from `workspace`. Raises ConflictError for a folder that holds something, VaultError where the key is missing,
    DamagedError that names the backup and file; nothing is left behind then.
    """
    if folder.exists() and any(folder.iterdir()):
        raise ConflictError(f"{folder} is not empty; name a folder that is not there yet.", folder=str(folder))
    started = time.monotonic()
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = folder.parent / f".{folder.name}.{secrets.token_hex(4)}"
    draft.mkdir(mode=0o700)
    try:
        lend_key(workspace, draft)
        repository = _repository(place, workspace, draft)
        snapshot = find(repository, backup, at)
        size = write_files(repository, snapshot, draft, progress)
        _newest_erasures(repository, draft)
        notes = [*_own_database(draft)]
        settings = read_settings(draft)
        with bare(draft, settings) as database:
            settle(database)
            _readable(draft, database)
        if folder.exists():
            folder.rmdir()
        draft.rename(folder)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    files = time.monotonic() - started
    with Shop.open(folder) as shop:
        release = _answering(shop, snapshot, progress)
    done = time.monotonic() - started
    return Restored(snapshot, folder, len(snapshot.files), size, release, files, done - files, tuple(notes))


def restore_in_place(
    shop: Shop,
    *,
    place: str | None = None,
    backup: str | None = None,
    at: datetime | None = None,
    progress: Progress = silent,
) -> Restored:
    """Take a workspace back to a backup, and build. What is there now is backed up first, so that it can be undone.

    The database changes in one step, while others may have it open. Loads that came after the backup are set aside.
    """
    started = time.monotonic()
    repository = Repository.open(place_of(shop.path, shop.settings, shop.database, place), lambda: Keys.open(shop.path))
    snapshot = find(repository, backup, at)
    before = take(shop.path, shop.settings, shop.database, progress=progress)
    work = shop.path / f".restore-{secrets.token_hex(4)}"
    work.mkdir(mode=0o700)
    try:
        size = 0
        kept = {DATABASE_FILE, *([ERASURES_FILE] if (shop.path / ERASURES_FILE).exists() else [])}
        for entry in snapshot.files:
            if entry.path == DATABASE_FILE:
                write_file(repository, snapshot, entry, copy_in(work))
                size += entry.bytes
        rest = Snapshot(
            snapshot.id,
            snapshot.kind,
            snapshot.at,
            snapshot.code_version,
            tuple(entry for entry in snapshot.files if entry.path not in kept),
            snapshot.facts,
        )
        size += write_files(repository, rest, shop.path, progress)
        with bare(work, shop.settings) as copy:
            settle(copy, shop.database)
            _readable(shop.path, copy)
        replace_database(copy_in(work), shop.database, shop.settings)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    files = time.monotonic() - started
    release = _answering(shop, snapshot, progress)
    done = time.monotonic() - started
    note = f"What was there before is kept as backup {before.snapshot.id}."
    return Restored(snapshot, shop.path, len(snapshot.files), size, release, files, done - files, (note,))


def settle(database: Database, live: Database | None = None) -> None:
    """Make a copy of a database fit to go on from: no sessions or links, no jobs on their way, no releases, as their files are
    not there.

    `live`: the database that it will take the place of; see `STAYS`. Keys that were ended, codes that were used and users who
    were shut out since stay so. Numbers of releases go on after the highest of both.
    """
    kept: dict[Table, list[dict[str, Any]]] = {}
    highest = 0
    ended: set[str] = set()
    used: set[str] = set()
    shut_out: set[str] = set()
    if live is not None:
        with live.read() as session:
            highest = session.scalar(select(func.max(Release.number))) or 0
            # one without inner keys was just made: a backup comes into an empty database
            for model in STAYS if session.scalar(select(InnerKey.name).limit(1)) else ():
                table = Base.metadata.tables[model.__tablename__]
                kept[table] = [dict(row) for row in session.execute(select(table)).mappings()]
            ended = set(session.scalars(select(ApiKey.id).where(ApiKey.ended_at.is_not(None))))
            used = set(session.scalars(select(RecoveryCode.code_hash).where(RecoveryCode.used_at.is_not(None))))
            shut_out = set(session.scalars(select(User.name).where(User.active.is_(False))))
    at = now()
    with database.write() as session:
        session.execute(update(SignInSession).where(SignInSession.ended_at.is_(None)).values(ended_at=at))
        session.execute(delete(OneTimeLink))
        session.execute(update(ApiKey).where(ApiKey.id.in_(ended), ApiKey.ended_at.is_(None)).values(ended_at=at))
        session.execute(
            update(RecoveryCode)
            .where(RecoveryCode.code_hash.in_(used), RecoveryCode.used_at.is_(None))
            .values(used_at=at)
        )
        session.execute(update(User).where(User.name.in_(shut_out)).values(active=False))
        over = {"code": "RESTORED", "message": "It was on its way when the backup was taken.", "details": {}}
        session.execute(
            update(Job)
            .where(Job.state.in_(("queued", "running")))
            .values(state="failed", error=over, finished_at=at, lease_until=None)
        )
        session.execute(
            update(Backup)
            .where(Backup.state == "running")
            .values(state="failed", error="It is the one that was restored, or was on its way then.", finished_at=at)
        )
        session.execute(delete(Pointer))
        session.execute(update(Release).where(Release.state == "published").values(state="collected"))
        if highest > (session.scalar(select(func.max(Release.number))) or 0):
            session.add(Release(number=highest, state="failed", error="Its release went with a restore."))
        for table, rows in kept.items():
            session.execute(table.delete())
            if rows:
                session.execute(table.insert(), rows)


def _newest_erasures(repository: Repository, folder: Path) -> None:
    """Whoever was erased after the backup stays erased: take the newest list that any backup has."""
    newest = find(repository)
    for entry in newest.files:
        if entry.path == ERASURES_FILE:
            write_file(repository, newest, entry, folder / ERASURES_FILE)


def lend_key(workspace: Path | None, folder: Path) -> None:
    """Give a folder the key file of a workspace, where its keys do not come from the environment."""
    if workspace is None or KEY_VARIABLE in os.environ or KEY_FILE_VARIABLE in os.environ:
        return
    file = workspace / KEY_FILE
    if file.is_file():
        descriptor = os.open(folder / KEY_FILE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            out.write(file.read_bytes())


def _repository(place: str | None, workspace: Path | None, folder: Path) -> Repository:
    """The backups; their credential from the vault of the workspace that is there, else from the environment."""
    if workspace is not None and (workspace / SETTINGS_FILE).is_file():
        settings = read_settings(workspace)
        address = place or settings.backup.to
        if not address.startswith("s3://"):
            return Repository.open(open_place(address, workspace, str), lambda: Keys.open(folder))
        with Database.open(workspace, settings) as database:
            vault = Vault(database, Keys.open(workspace))
            return Repository.open(open_place(address, workspace, lambda: vault.get(SECRET)), lambda: Keys.open(folder))
    if place is None:
        raise ConflictError("Say where the backups are: --from FOLDER or --from s3://bucket/path.")
    return Repository.open(open_place(place, Path.cwd(), _none), lambda: Keys.open(folder))


def _none() -> str:
    return "{}"


def _own_database(folder: Path) -> list[str]:
    """A workspace in a new folder gets a database and a warehouse of its own: never those of the one it is a copy of."""
    file = folder / SETTINGS_FILE
    document = tomlkit.parse(file.read_text("utf-8"))
    told: list[str] = []
    if document.pop("database_url", None):
        told.append(
            f"The database of the copy is {DATABASE_FILE} in its folder; the setting database_url was taken out."
        )
    if document.pop("warehouse_url", None):
        told.append("The copy answers by itself, with DuckDB; the setting warehouse_url was taken out.")
    if told:
        file.write_text(tomlkit.dumps(document), "utf-8")
    return told


def _readable(workspace: Path, database: Database) -> None:
    """Raises VaultError where what the database holds was encrypted with a key that is not there."""
    with database.read() as session:
        sealed = session.scalar(select(InnerKey.sealed).limit(1))
    key = sealed.split(".")[1] if sealed else None
    keys = Keys.open(workspace)
    if key is not None and key not in keys.ids:
        raise VaultError(
            f"This backup needs the key {key}, and {keys.place} holds {', '.join(keys.ids)}: set {KEY_VARIABLE} to the key "
            "that was kept, then restore again.",
            key=key,
        )


def _answering(shop: Shop, snapshot: Snapshot, progress: Progress) -> int | None:
    """Erase again who was erased, note in the log that it was restored, and build."""
    privacy.replay(shop, progress)
    with shop.database.write() as session:
        record(session, who="system", action="backup.restored", subject=f"backup:{snapshot.id}")
    if not snapshot.facts["loads"]:
        return None
    return shop.build(progress=progress).number
