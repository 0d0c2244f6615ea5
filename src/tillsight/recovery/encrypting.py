"""Encrypting a shop that exists: all of its data files, or none.

Every Parquet file of landing and of the release that answers is first written once more, encrypted, into a folder beside them,
and read back: it must hold the same rows in the same order. Only when all are there does the key take its place, which is the
moment from which the shop is encrypted; the copies then take the places of the plain files, and what the return desk keeps of
customers in words and pictures is sealed in the operational database. What is killed before that moment has changed nothing,
and goes on where it was when it is started again; what is killed after it is finished by the next start, and the shop does not
open in between. Older releases are dropped, as they are plain and nobody needs them.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import filelock
import tomlkit
from sqlalchemy import bindparam, select, update

from tillsight.audit import record
from tillsight.backup import BackupError, PlaceError, Repository, place_of
from tillsight.backup.taking import LOCK_FILE
from tillsight.core.errors import ConflictError, NotFoundError, SettingsError, TillsightError
from tillsight.core.settings import SETTINGS_FILE, Settings, read_settings
from tillsight.database import CURRENT, Base, Database, DeskPhoto, DeskReturn, Job, Load, Pointer, Release
from tillsight.database.sealed import SealedJson, SealedText
from tillsight.pipeline.keeping import build_lock
from tillsight.pipeline.landing import collect_orphans
from tillsight.pipeline.progress import Progress, silent
from tillsight.privacy.erasures import clear_free_pages
from tillsight.recovery.restoring import lend_key
from tillsight.recovery.serving import nobody_serves
from tillsight.returns_desk import photos
from tillsight.shop import Shop
from tillsight.vault import DATA_KEY_FILE, KEY_FILE, Keys, is_encrypted, make_data_key, reseal_data_key
from tillsight.vault.data import ENCRYPTING
from tillsight.warehouse.duck import connect, is_sealed, literal, parquet_options, read_files, seal_folder
from tillsight.warehouse.engine import files_named

COPIES = "files"
_ROWS_OF_GROUP = "ROW_GROUP_SIZE 122880"
_AT_A_TIME = 500
"""Rows of the database that are sealed in one transaction."""


class NotTheSameError(TillsightError):
    """An encrypted copy does not hold what the plain file holds."""

    code = "ENCRYPTION_FAILED"


@dataclass(frozen=True)
class Encrypted:
    """What was encrypted. `kept`: files that an earlier start had done; `release`: the one that answers."""

    files: int
    rows: int
    bytes: int
    kept: int
    release: int | None
    seconds: float


def encrypt(workspace: Path, *, backup_to: str | None = None, progress: Progress = silent) -> Encrypted:
    """Encrypt the data files of a workspace that nobody serves. `backup_to`: where backups go from now on.

    Raises ConflictError where it is encrypted already, served or busy, SettingsError where the extension is missing or the
    place of the backups holds plain ones, NotTheSameError where a copy differs, and BackupError where the disk has no room.
    """
    started = time.monotonic()
    work = workspace / ENCRYPTING
    if is_encrypted(workspace) and not work.is_dir():
        raise ConflictError(f"{workspace} is encrypted already.", folder=str(workspace))
    settings = read_settings(workspace)
    with nobody_serves(workspace), Database.open(workspace, settings) as database, _alone(workspace, database):
        done = (0, 0, 0, 0)
        if not is_encrypted(workspace):
            _check_place(workspace, settings, database, backup_to)
            try:
                done = _copy(workspace, settings, database, progress)
            except Exception as error:  # what is killed goes on where it was; what failed leaves nothing
                shutil.rmtree(work, ignore_errors=True)
                if isinstance(error, OSError):
                    raise BackupError(
                        f"The files could not be encrypted: {error.strerror or error}. Nothing was changed."
                    ) from error
                raise
            (work / DATA_KEY_FILE).replace(workspace / DATA_KEY_FILE)
            _flush(workspace)
        _switch(workspace, settings, progress)
    files, rows, size, kept = done
    settings = settings.model_copy(update={"encrypt": True})
    with nobody_serves(workspace), Shop(workspace, settings, Database.open(workspace, settings)) as shop:
        shop.drop_older_releases()
        progress("database", None, None, "Sealing what the return desk keeps of customers")
        _seal_records(workspace, shop.database)
        clear_free_pages(shop.database)
        with shop.database.write() as session:
            record(
                session, who="system", action="workspace.encrypted", subject="workspace", after={"files": files, "bytes": size}
            )  # fmt: skip
        release = shop.releases.current_number()
        (work / KEY_FILE).unlink(missing_ok=True)
        _set(workspace, backup_to)
    shutil.rmtree(work)
    return Encrypted(files, rows, size, kept, release, time.monotonic() - started)


def _copy(workspace: Path, settings: Settings, database: Database, progress: Progress) -> tuple[int, int, int, int]:
    """Write and check the encrypted copies: files, rows, bytes, and how many were there already."""
    work = workspace / ENCRYPTING
    work.mkdir(mode=0o700, exist_ok=True)
    (work / KEY_FILE).unlink(missing_ok=True)
    lend_key(workspace, work)
    if not (work / DATA_KEY_FILE).exists():
        make_data_key(work)
    reseal_data_key(work, Keys.open(workspace))
    files = _plain_files(workspace, database)
    size = sum(file.stat().st_size for file in files)
    there = sum(file.stat().st_size for file in (work / COPIES).rglob("*.parquet"))
    free = shutil.disk_usage(workspace).free + there
    if free < size * 1.1:
        raise BackupError(
            f"The disk has {free / 1e9:.1f} GB free; encrypting needs {size * 1.1 / 1e9:.1f} GB while it runs. Nothing was changed."
        )
    rows = done = kept = 0
    source = work / "plain.parquet"
    with connect(work, settings.limits.memory, settings.limits.threads) as connection:

        def content(file: Path) -> tuple[int, int | None]:
            """Rows of a file, and a hash of them and of their order."""
            placed = f"SELECT *, row_number() OVER () AS _place FROM {read_files([file])}"
            found = connection.execute(f"SELECT count(*), sum(CAST(hash(t) AS HUGEINT)) FROM ({placed}) t").fetchone()
            return (int(found[0]), found[1]) if found else (0, None)

        for file in files:
            name = file.relative_to(workspace)
            progress("encrypt", done, size, str(name))
            copy = work / COPIES / name
            status = file.stat()
            source.unlink(missing_ok=True)
            os.link(file, source)
            if copy.exists() and copy.stat().st_mtime_ns == status.st_mtime_ns:
                kept += 1
                rows += int((connection.execute(f"SELECT count(*) FROM {read_files([copy])}").fetchone() or (0,))[0])
            else:
                copy.parent.mkdir(parents=True, exist_ok=True)
                draft = copy.with_suffix(".draft")
                connection.execute(
                    f"COPY (SELECT * FROM {read_files([source])}) TO {literal(str(draft))} "
                    f"{parquet_options(True, _ROWS_OF_GROUP)}"
                )
                plain, sealed = content(source), content(draft)
                if plain != sealed or not is_sealed(draft):
                    raise NotTheSameError(
                        f"The encrypted copy of {name} does not hold what the file holds: {sealed[0]:,} rows of {plain[0]:,}, "
                        "or others. Nothing was changed.",
                        path=str(name),
                    )
                _flush(draft)
                os.utime(draft, ns=(status.st_mtime_ns, status.st_mtime_ns))
                draft.replace(copy)
                rows += plain[0]
            done += status.st_size
    source.unlink(missing_ok=True)
    return len(files), rows, size, kept


def _switch(workspace: Path, settings: Settings, progress: Progress) -> None:
    """Let the copies take the places of the plain files."""
    copies = workspace / ENCRYPTING / COPIES
    progress("switch", None, None, "The encrypted files take their places")
    for copy in sorted(copies.rglob("*.parquet")):
        file = workspace / copy.relative_to(copies)
        if file.is_file():
            copy.replace(file)
    for folder in sorted((workspace / "landing" / "loads").glob("*")):
        seal_folder(workspace, folder, settings.limits.memory, settings.limits.threads)


def _seal_records(workspace: Path, database: Database) -> None:
    """Write what may tell of a customer once more, now sealed. What is sealed already is sealed anew."""
    for table in Base.metadata.sorted_tables:
        columns = [column for column in table.columns if isinstance(column.type, (SealedText, SealedJson))]
        if not columns:
            continue
        [own] = table.primary_key.columns
        changed = update(table).where(own == bindparam("_own"))
        changed = changed.values({column: bindparam(f"_{column.name}", type_=column.type) for column in columns})
        with database.read() as session:
            numbers = session.scalars(select(own).order_by(own)).all()
        for first in range(0, len(numbers), _AT_A_TIME):
            some = numbers[first : first + _AT_A_TIME]
            with database.write() as session:
                rows = session.execute(select(own, *columns).where(own.in_(some))).all()
                values = [
                    {"_own": row[0]} | {f"_{c.name}": value for c, value in zip(columns, row[1:], strict=True)}
                    for row in rows
                ]
                session.connection().execute(changed, values)
    with database.read() as session:
        taken = session.execute(select(DeskPhoto.id, DeskReturn.return_id).join(DeskReturn)).all()
    for photo_id, return_id in taken:
        with database.write() as session:
            photo = session.get_one(DeskPhoto, photo_id)
            photo.content = photos.sealed(workspace, photos.opened(workspace, photo.content, return_id), return_id)


def _plain_files(workspace: Path, database: Database) -> list[Path]:
    """Every Parquet file of landing, and of the release that answers."""
    files = set((workspace / "landing" / "loads").rglob("*.parquet"))
    with database.read() as session:
        number = session.scalar(select(Pointer.release).where(Pointer.name == CURRENT))
        release = session.get(Release, number) if number is not None else None
    if release is not None:
        files |= {workspace / file for entry in release.manifest["tables"].values() for file in files_named(entry)}
    return sorted(file for file in files if file.is_file())


@contextmanager
def _alone(workspace: Path, database: Database) -> Iterator[None]:
    """Nothing else works on the data meanwhile. Raises ConflictError that says what does."""
    backup = filelock.FileLock(workspace / LOCK_FILE)
    try:
        backup.acquire(timeout=0)
    except filelock.Timeout:
        raise ConflictError("A backup of this workspace is running; try again when it is done.") from None
    try:
        with build_lock(workspace, silent, wait=False):
            collect_orphans(workspace, database)
            with database.read() as session:
                if session.scalar(select(Load.id).where(Load.state == "staged").limit(1)):
                    raise ConflictError("A load is under way; try again when it is done.")
                if session.scalar(select(Job.id).where(Job.state == "running").limit(1)):
                    raise ConflictError("A job is running; try again when it is done.")
            yield
    finally:
        backup.release()


def _check_place(workspace: Path, settings: Settings, database: Database, wanted: str | None) -> None:
    """Backups of an encrypted shop are encrypted, so they cannot go where plain ones are."""
    place = place_of(workspace, settings, database, wanted)
    try:
        plain = not Repository.open(place, lambda: Keys.open(workspace)).encrypted
    except (NotFoundError, PlaceError):
        return
    if plain:
        raise SettingsError(
            f"The backups in {place.address} are not encrypted: name another place with --backup-to, and delete these when the "
            "first encrypted backup is there.",
            field="backup.to",
        )


def _set(workspace: Path, backup_to: str | None) -> None:
    """Say in the settings file that the shop is encrypted, and where its backups go."""
    file = workspace / SETTINGS_FILE
    document = tomlkit.parse(file.read_text("utf-8"))
    if "encrypt" in document:
        document["encrypt"] = True
    else:  # before the first section: after it, it would be one of that section's settings
        first = tomlkit.document()
        first.add("encrypt", True)
        document = tomlkit.parse(tomlkit.dumps(first) + tomlkit.dumps(document))
    if backup_to is not None:
        if "backup" not in document:
            document["backup"] = tomlkit.table()
        document["backup"]["to"] = backup_to
    draft = file.with_name(f".{SETTINGS_FILE}.draft")
    draft.write_text(tomlkit.dumps(document), "utf-8")
    _flush(draft)
    draft.replace(file)
    _flush(workspace)


def _flush(path: Path) -> None:
    """Return when a file or folder outlives a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        with suppress(OSError):  # some systems cannot flush folders
            os.fsync(handle)
    finally:
        os.close(handle)
