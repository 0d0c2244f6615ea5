"""Landing: every load is kept as it came, with when it was known. All of it lands, or nothing does.

A load is written to `landing/.staging/<id>`, flushed to the disk, renamed to `landing/loads/<id>`, and becomes true when its
row in the operational database says `committed`: that is the one moment before which nothing and after which everything is
there. What a load that died left behind is cleared away at the next load; a lock that dies with its process tells the
living from the dead. Loads run side by side.
"""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from time import monotonic
from typing import Any

import duckdb
import psutil
import pyarrow as pa
from filelock import FileLock, Timeout
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from tillsight import privacy
from tillsight.audit import record
from tillsight.connectors.files.connector import ClassCount, Outcome, run
from tillsight.connectors.files.convert import Defaults
from tillsight.connectors.files.mapping import Mapping as FilesMapping
from tillsight.connectors.files.mapping import parse_mapping, read_mapping
from tillsight.connectors.files.presets.registry import preset_of
from tillsight.connectors.files.raw import Progress, silent
from tillsight.connectors.files.sealing import sealed_with
from tillsight.connectors.files.sources import Limits
from tillsight.core.errors import LoadError, QuestionError
from tillsight.core.settings import Settings
from tillsight.database.models import Load
from tillsight.database.store import Database
from tillsight.database.types import now, to_json
from tillsight.vault import data_key, is_encrypted
from tillsight.warehouse.duck import connect, read_files, seal_folder

MANIFEST = "load.json"
REJECTS = "rejects.parquet"
REJECTS_SCHEMA = pa.schema(
    [
        ("file", pa.string()),
        ("line", pa.int64()),
        ("table", pa.string()),
        ("column", pa.string()),
        ("value", pa.string()),
        ("reason", pa.string()),
        ("row", pa.string()),
    ]
)
# Loading may take so much of the machine's memory; what does not fit is spilt into the load's own folder.
_SHARE_OF_MEMORY = 0.6
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@dataclass(frozen=True)
class LoadReport:
    """What a load did. `classes`: rows and money of each class over all files; `manifest`: what landing keeps about it."""

    load_id: str
    files: list[dict[str, Any]]
    classes: list[dict[str, Any]]
    tables: dict[str, dict[str, Any]]
    rows_read: int
    rows_rejected: int
    notes: list[str]
    seconds: float
    manifest: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, without the manifest."""
        return {name: value for name, value in asdict(self).items() if name != "manifest"}


def load(
    workspace: Path,
    database: Database,
    settings: Settings,
    path: str | Path | Sequence[str | Path],
    *,
    mapping: Path | str | None = None,
    preset: str | None = None,
    source: str = "files",
    as_of: str | date | datetime | None = None,
    replaces: Sequence[Mapping[str, Any]] = (),
    progress: Progress = silent,
    created_by: str | None = None,
) -> LoadReport:
    """Land files and folders as one load.

    `mapping`: a mapping file, or its text. `as_of`: when the data was known; a day means its end in the shop's zone, None
    means now. `replaces`: earlier files, `{"file": name}`, or spans of days, `{"table": name, "from": day, "to": day}`,
    whose rows this load stands for. Raises LoadError when a file cannot be read, is not recognised, or the disk is full;
    nothing is left behind then. Rows that cannot be read are no error: they are in the rejects.
    """
    started, clock = now(), monotonic()
    paths = [Path(one).expanduser() for one in ([path] if isinstance(path, (str, Path)) else path)]
    own = _mapping(mapping)
    chosen = preset_of(preset) if preset else None
    known_at = known_moment(as_of, settings) if as_of is not None else started
    replaced = _replaced(database, replaces)
    landing = workspace / "landing"
    staging, loads = landing / ".staging", landing / "loads"
    for folder in (staging, loads):
        folder.mkdir(parents=True, exist_ok=True)
    collect_orphans(workspace, database)
    load_id = f"{started:%Y%m%dT%H%M%S%f}-{secrets.token_hex(3)}"
    with _held(staging, load_id):
        with database.write() as session:
            session.add(
                Load(
                    id=load_id,
                    source=source,
                    state="staged",
                    known_at=known_at,
                    created_at=started,
                    created_by=created_by,
                )
            )
        try:
            with sealed_with(data_key(workspace) if is_encrypted(workspace) else None):
                outcome = run(
                    paths,
                    staging / load_id,
                    Defaults(
                        own.timezone if own and own.timezone else settings.timezone,
                        own.currency if own and own.currency else settings.currency,
                        own.shop if own and own.shop else settings.shop_id,
                    ),
                    mapping=own,
                    preset=chosen,
                    memory=_memory(settings),
                    threads=settings.limits.threads,
                    limits=Limits(settings.limits.unpacked_ratio, size=settings.limits.unpacked_mb << 20),
                    progress=progress,
                )
            seal_folder(workspace, staging / load_id, _memory(settings), settings.limits.threads)
            manifest = _manifest(
                outcome,
                load_id=load_id,
                source=source,
                known_at=known_at,
                started_at=started,
                digest=_digest(outcome, own, preset),
                replaces=replaced,
                reporting_currency=settings.currency,
                seconds=monotonic() - clock,
            )
            staged = privacy.Landed(load_id, staging / load_id, manifest)
            cut, known = privacy.cut_staged(workspace, database, settings, staged)
            if cut.rows:
                outcome.notes.append(
                    f"{sum(cut.tables.values()):,} rows are of persons who were erased; they are kept without them."
                )
                manifest["notes"] = outcome.notes
            progress("commit", None, None, "Keeping it for good")
            _write(staging / load_id / MANIFEST, to_json(manifest))
            _flush(staging / load_id)
            (staging / load_id).rename(loads / load_id)
            _flush_folder(loads)
            _flush_folder(staging)
            _commit(database, load_id, manifest, cut, known)
        except BaseException as error:
            _undo(database, landing, load_id, error)
            if full := _is_full(error):
                raise LoadError(
                    f"The disk is full, so nothing was loaded. Make room in {workspace} and load again.", reason=full
                ) from error
            if isinstance(error, duckdb.OutOfMemoryException):
                raise LoadError(
                    "The load needs more memory than it may take. Raise limits.build_memory, or load the files one by one.",
                    memory=_memory(settings),
                ) from error
            raise
    seconds = monotonic() - clock
    rate = outcome.rows_read / max(seconds, 0.001)
    progress("done", 1.0, 1.0, f"{outcome.rows_read:,} rows in {seconds:.1f} s, {rate:,.0f} rows per second")
    return LoadReport(
        load_id=load_id,
        files=manifest["files"],
        classes=_classes([count for file in outcome.files for count in file.classes]),
        tables=manifest["tables"],
        rows_read=outcome.rows_read,
        rows_rejected=outcome.rows_rejected,
        notes=outcome.notes,
        seconds=seconds,
        manifest=manifest,
    )


def rejects(workspace: Path, load_id: str) -> pa.Table:
    """The rows and values that a load could not take: file, line, table, column, value, reason, and the row as JSON text.

    Empty when there are none. A row with several faults is there several times.
    """
    file = workspace / "landing" / "loads" / load_id / REJECTS
    if not file.is_file():
        return REJECTS_SCHEMA.empty_table()
    with closing(connect(workspace, "1GB", 1)) as connection:
        found: pa.Table = connection.execute(f"SELECT * FROM {read_files([file])}").to_arrow_table()
    return found.cast(REJECTS_SCHEMA)


def known_moment(as_of: str | date | datetime, settings: Settings) -> datetime:
    """An instant in UTC. A day means its end in the shop's zone; a time without a zone is in the shop's zone."""
    moment: date | datetime
    if isinstance(as_of, str):
        try:
            moment = date.fromisoformat(as_of) if len(as_of) == 10 else datetime.fromisoformat(as_of)
        except ValueError:
            raise QuestionError(
                f"as_of must be a day or a time such as 2026-11-14 or 2026-11-14T09:30, not {as_of!r}.",
                field="as_of",
                value=as_of,
            ) from None
    else:
        moment = as_of
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, time.max)
    return (moment if moment.tzinfo else moment.replace(tzinfo=settings.zone)).astimezone(UTC)


def collect_orphans(workspace: Path, database: Database) -> list[str]:
    """Clear away what loads left that died before they were committed. Returns their ids.

    Whoever loads holds a lock that goes with the process, so a load that is under way is left alone.
    """
    landing = workspace / "landing"
    staging, loads = landing / ".staging", landing / "loads"
    with database.read() as session:
        states = {row.id: row.state for row in session.execute(select(Load.id, Load.state))}
    found = {
        entry.name for folder in (staging, loads) if folder.is_dir() for entry in folder.iterdir() if entry.is_dir()
    }
    found |= {entry.stem for entry in staging.glob("*.lock")} | {
        name for name, state in states.items() if state == "staged"
    }
    collected = []
    settled = {name for name, state in states.items() if state in ("committed", "withdrawn")}
    # a load that died right after it was committed leaves its lock alone
    locked = {entry.stem for entry in staging.glob("*.lock")}
    for load_id in sorted(found - (settled - locked)):
        lock = FileLock(staging / f"{load_id}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            continue
        try:
            if _state(database, load_id) not in ("committed", "withdrawn"):
                _remove(landing, load_id)
                _fail(database, load_id, "The load was interrupted before it was complete.")
                collected.append(load_id)
            (staging / f"{load_id}.lock").unlink(missing_ok=True)
        finally:
            lock.release()
    return collected


# What a load is made of -----------------------------------------------------------------------------------------------


def _mapping(given: Path | str | None) -> FilesMapping | None:
    if given is None:
        return None
    if isinstance(given, str) and "\n" in given:
        return parse_mapping(given)
    return read_mapping(Path(given).expanduser())


def _memory(settings: Settings) -> str:
    """The setting for builds, or most of what the machine has where that is less."""
    amount, unit = settings.limits.build_memory[:-2].rstrip("iMG ").strip(), settings.limits.build_memory
    asked = float(amount) * (1 << 30 if "G" in unit else 1 << 20)
    return f"{int(min(asked, psutil.virtual_memory().total * _SHARE_OF_MEMORY)) >> 20}MB"


def _digest(outcome: Outcome, own: FilesMapping | None, preset: str | None) -> str:
    """What makes two loads the same: the bytes of their files, and how they were read."""
    sha = hashlib.sha256()
    for digest in sorted({file.sha256 for file in outcome.files}):
        sha.update(digest.encode())
    sha.update(f"{own.model_dump_json() if own else ''}|{preset or ''}".encode())
    return sha.hexdigest()


def _manifest(
    outcome: Outcome,
    *,
    load_id: str,
    source: str,
    known_at: datetime,
    started_at: datetime,
    digest: str,
    replaces: list[dict[str, Any]],
    reporting_currency: str,
    seconds: float,
) -> dict[str, Any]:
    from tillsight.core.version import VERSION

    return {
        "id": load_id,
        "source": source,
        "known_at": _iso(known_at),
        "started_at": _iso(started_at),
        "finished_at": _iso(now()),
        "code_version": VERSION,
        "digest": digest,
        "replaces": replaces,
        "reporting_currency": reporting_currency,
        "files": [
            {
                "name": file.name,
                "sha256": file.sha256,
                "bytes": file.bytes,
                "encoding": file.encoding,
                "delimiter": file.delimiter,
                "format": file.format,
                "mapping": file.mapping,
                "rows_read": file.rows_read,
                "rows_rejected": file.rows_rejected,
                "columns_unmapped": file.columns_unmapped,
                "classes": _classes(file.classes),
                "raw": file.raw,
            }
            for file in outcome.files
        ],
        "tables": {
            file.table: {
                "rows": file.rows,
                "file": f"tables/{file.table}.parquet",
                "time_from": file.time_from,
                "time_to": file.time_to,
            }
            for file in outcome.tables
        },
        "rows_read": outcome.rows_read,
        "rows_rejected": outcome.rows_rejected,
        "notes": outcome.notes,
        "seconds": round(seconds, 3),
    }


def _classes(counts: list[ClassCount]) -> list[dict[str, Any]]:
    """Classes with the same name put together, in the order of the alphabet."""
    rows: dict[str, int] = {}
    money: dict[str, Decimal | None] = {}
    for count in counts:
        rows[count.name] = rows.get(count.name, 0) + count.rows
        before = money.get(count.name)
        money[count.name] = before if count.money is None else (before or Decimal(0)) + count.money
    return [{"class": name, "rows": rows[name], "money": _short(money[name])} for name in sorted(rows)]


def _short(money: Decimal | None) -> Decimal | None:
    """An amount without the zeros that its scale adds: two decimals, or as many as it has."""
    if money is None:
        return None
    plain = money.normalize()
    places = -int(plain.as_tuple().exponent)
    return money.quantize(Decimal(1).scaleb(-max(2, places)))


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _replaced(database: Database, replaces: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What a load stands for, checked: files that were loaded, spans of days that run forwards.

    A workbook or an archive stands for all its sheets or members. Raises QuestionError that names what does not exist.
    """
    if not replaces:
        return []
    with database.read() as session:
        manifests = list(session.scalars(select(Load.manifest).where(Load.state == "committed")))
    known = sorted({str(file["name"]) for manifest in manifests for file in manifest.get("files", [])})
    wanted: list[dict[str, Any]] = []
    for item in replaces:
        table = item.get("table")
        if table is not None:
            _table(str(table))
        if "file" in item:
            name = str(item["file"])
            names = [one for one in known if one == name or one.startswith((f"{name}#", f"{name}/"))]
            names = names or [one for one in known if one == Path(name).name]
            if not names:
                raise QuestionError(
                    f"No load holds a file {name}, so it cannot be replaced.",
                    field="replaces",
                    file=name,
                    known=known[-20:],
                )
            wanted += [{"table": table, "file": one} for one in names]
        else:
            first, last = _day(item.get("from")), _day(item.get("to"))
            if table is None:
                raise QuestionError("A span of days to replace needs the table.", field="replaces")
            if last < first:
                raise QuestionError(
                    f"The days to replace end on {last} before they start on {first}.", field="replaces"
                )
            wanted.append({"table": str(table), "from": first.isoformat(), "to": last.isoformat()})
    return wanted


def _table(name: str) -> None:
    from tillsight.tables.registry import table

    table(name)


def _day(value: Any) -> date:
    try:
        return value if isinstance(value, date) else date.fromisoformat(str(value))
    except ValueError:
        raise QuestionError(
            f"Days to replace are written as 2026-11-14, not {value!r}.", field="replaces", value=str(value)
        ) from None


# Keeping it, or leaving nothing ---------------------------------------------------------------------------------------


@contextmanager
def _held(staging: Path, load_id: str) -> Iterator[None]:
    """Hold the lock of a load; the system lets go of it when the process dies."""
    file = staging / f"{load_id}.lock"
    lock = FileLock(file)
    lock.acquire()
    try:
        yield
    finally:
        file.unlink(missing_ok=True)
        lock.release()


def _write(file: Path, text: str) -> None:
    with file.open("w", encoding="utf-8") as stream:
        stream.write(text)


def _flush(folder: Path) -> None:
    """Everything below a folder is on the disk when this returns, and the names of it too."""
    for entry in sorted(folder.rglob("*"), reverse=True):
        if entry.is_dir():
            _flush_folder(entry)
        else:
            with entry.open("rb") as stream:
                os.fsync(stream.fileno())
    _flush_folder(folder)


def _flush_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _commit(database: Database, load_id: str, manifest: dict[str, Any], cut: privacy.Cut, known: int) -> None:
    with database.write() as session:
        row = session.get(Load, load_id)
        if row is None or row.state != "staged":
            raise LoadError("The load was taken for dead and cleared away while it ran. Load again.", load=load_id)
        row.state = "committed"
        row.digest = manifest["digest"]
        row.rows_read = manifest["rows_read"]
        row.rows_rejected = manifest["rows_rejected"]
        row.manifest = manifest
        record(
            session,
            who=row.created_by or "system",
            action="load.committed",
            subject=f"load:{load_id}",
            after={
                "source": row.source,
                "files": [file["name"] for file in manifest["files"]],
                "tables": {name: entry["rows"] for name, entry in manifest["tables"].items()},
                "rows_read": manifest["rows_read"],
                "rows_rejected": manifest["rows_rejected"],
                "replaces": manifest["replaces"],
            },
        )
        if known:
            privacy.follow_up(session, cut, load_id, known)


def _undo(database: Database, landing: Path, load_id: str, error: BaseException) -> None:
    """Leave nothing of a load that failed. Where the database cannot be asked, the next load clears it away."""
    try:
        if _state(database, load_id) == "committed":
            return
        _remove(landing, load_id)
        _fail(database, load_id, str(error) or type(error).__name__)
    except (SQLAlchemyError, OSError):
        return


def _state(database: Database, load_id: str) -> str | None:
    with database.read() as session:
        return session.scalar(select(Load.state).where(Load.id == load_id))


def _fail(database: Database, load_id: str, reason: str) -> None:
    with database.write() as session:
        row = session.get(Load, load_id)
        if row is not None and row.state == "staged":
            row.state, row.error = "failed", reason[:2000]
            record(session, who=row.created_by or "system", action="load.failed", subject=f"load:{load_id}")


def _remove(landing: Path, load_id: str) -> None:
    for folder in (landing / ".staging" / load_id, landing / "loads" / load_id):
        if folder.is_dir():
            shutil.rmtree(folder)


def _is_full(error: BaseException) -> str | None:
    """The system's own words when the disk has no room; None for any other error."""
    if isinstance(error, OSError) and error.errno in _FULL:
        return os.strerror(error.errno)
    text = str(error)
    signs = ("No space left on device", "Disk quota exceeded", "File too large", "database or disk is full")
    if isinstance(error, (OSError, duckdb.Error, SQLAlchemyError)):
        return next((sign for sign in signs if sign in text), None)
    return None
