"""Reading a backup back: finding the one that is meant, writing its files, checking all of it."""

from __future__ import annotations

import hashlib
import os
import secrets
from datetime import datetime
from pathlib import Path

from tillsight.backup.places import DRAFT
from tillsight.backup.repository import DamagedError, Entry, Repository, Snapshot
from tillsight.backup.taking import Progress, silent
from tillsight.core.errors import NotFoundError


def find(repository: Repository, backup: str | None = None, at: datetime | None = None) -> Snapshot:
    """The backup of this id, else the newest one that holds a moment up to `at`, else the newest.

    Raises NotFoundError where there is none.
    """
    if backup is not None:
        return repository.snapshot(backup)
    for snapshot in repository.snapshots():
        if at is None or snapshot.at <= at:
            return snapshot
    when = f" of {at:%Y-%m-%d %H:%M} UTC or before" if at else ""
    raise NotFoundError(f"There is no backup{when} in {repository.place.address}.", place=repository.place.address)


def write_files(repository: Repository, snapshot: Snapshot, target: Path, progress: Progress = silent) -> int:
    """Write the files of a backup below a folder; those that are there already with the same content stay. How many bytes.

    Every file is checked against its SHA-256. Raises DamagedError that names the backup and the first damaged file.
    """
    done = 0
    for entry in snapshot.files:
        file = target / entry.path
        if not (file.is_file() and file.stat().st_size == entry.bytes and _digest(file) == entry.sha256):
            write_file(repository, snapshot, entry, file)
        done += entry.bytes
        progress("files", done, snapshot.size, entry.path)
    return done


def write_file(repository: Repository, snapshot: Snapshot, entry: Entry, file: Path) -> None:
    """Write one file of a backup, whole or not at all. Raises DamagedError."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f"{DRAFT}{secrets.token_hex(6)}")
    digest = hashlib.sha256()
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            for piece in entry.pieces:
                content = repository.get(piece)
                digest.update(content)
                out.write(content)
            out.flush()
            os.fsync(out.fileno())
        if digest.hexdigest() != entry.sha256:
            raise DamagedError("The file is not what the list says.")
        os.utime(draft, ns=(entry.changed, entry.changed))  # an increment after the restore then trusts it as before
        draft.replace(file)
    except DamagedError as error:
        raise DamagedError(
            f"Backup {snapshot.id} is damaged: {entry.path} cannot be read from it. Take another backup, or repair this one "
            "with a full backup of a sound workspace.",
            backup=snapshot.id,
            path=entry.path,
        ) from error
    finally:
        draft.unlink(missing_ok=True)


def verify(repository: Repository, snapshot: Snapshot, progress: Progress = silent) -> list[str]:
    """Read a backup whole and compare every file with its SHA-256. The paths of damaged files; empty when all is well."""
    damaged, done = [], 0
    for entry in snapshot.files:
        digest = hashlib.sha256()
        try:
            for piece in entry.pieces:
                digest.update(repository.get(piece))
            if digest.hexdigest() != entry.sha256:
                damaged.append(entry.path)
        except DamagedError:
            damaged.append(entry.path)
        done += entry.bytes
        progress("files", done, snapshot.size, entry.path)
    return damaged


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
