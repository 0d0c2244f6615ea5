"""Data: loads and what they rejected, releases and their checks, jobs, and the canonical tables.

Files that are uploaded lie in the workspace, readable by its owner alone, until their job has ended.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, File, Form, Query, Request, Response, UploadFile
from pydantic import BaseModel, Field

from tillsight.api.access import Door, Reader, Writer, address_of
from tillsight.api.envelope import Envelope, Number, Paged, ok
from tillsight.api.questions import FILES, Value, as_file, kept_json
from tillsight.api.routes.metrics import CheckOut
from tillsight.api.routes.shop import ReleaseSummary, summary_of
from tillsight.api.services import Given, Services
from tillsight.api.telling import told_download
from tillsight.core.cards import cut_text
from tillsight.core.errors import OutdatedReleaseError, QuestionError
from tillsight.database import Job, JobState, Load, Release
from tillsight.jobs import uploads_of
from tillsight.jobs.queue import new_id
from tillsight.metrics.answer import AnswerColumn, from_rows
from tillsight.tables.registry import TABLES
from tillsight.tables.schema import Type
from tillsight.vault import data_key, is_encrypted, seal_stream
from tillsight.warehouse.duck import quoted
from tillsight.warehouse.releases import OpenRelease

router = APIRouter(prefix="/api/v1", tags=["data"], route_class=Door)

MAPPING = "mapping.toml"


class LoadClass(BaseModel):
    """Rows of one class (sales, credits, fees …) with their money, in the currency of the file."""

    name: str = Field(alias="class")
    rows: int
    money: Value = None


class LoadFile(BaseModel):
    """A file of a load: how it was read, and what came of it."""

    name: str
    bytes: int
    sha256: str
    format: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    mapping: str | None = None
    rows_read: int
    rows_rejected: int
    columns_unmapped: list[str] = []
    classes: list[LoadClass] = []


class LoadOut(BaseModel):
    """A load: files that were landed together."""

    id: str
    source: str
    state: Literal["staged", "committed", "failed", "withdrawn"]
    known_at: datetime
    created_at: datetime
    created_by: str | None
    started_at: datetime | None
    finished_at: datetime | None
    seconds: float | None
    rows_read: int
    rows_rejected: int
    files: list[LoadFile]


class LoadTable(BaseModel):
    """What a load brought to one table."""

    rows: int
    file: str
    time_from: str | None = None
    time_to: str | None = None


class LoadDetail(LoadOut):
    """A load with what it brought to each table, what it replaced, and what was noticed."""

    digest: str | None
    code_version: str | None
    tables: dict[str, LoadTable]
    notes: list[str]
    replaces: list[dict[str, str | None]]


class RejectOut(BaseModel):
    """A row that could not be read: where it is, what is wrong with it, and the row as it came (JSON text)."""

    file: str | None
    line: int | None
    table: str | None
    column: str | None
    value: str | None
    reason: str
    row: str | None


class ReleaseItem(ReleaseSummary):
    """A release that is kept. `bytes` counts its files, also those that it shares; `seconds` is what building took."""

    current: bool
    kind: Literal["current", "as_of"]
    as_of: datetime | None
    bytes: int
    seconds: float


class ReleaseTable(BaseModel):
    """A table of a release."""

    name: str
    title: str
    rows: int
    bytes: int | None
    kind: Literal["canonical", "derived"]
    known_to: str | None


class ReleaseDetail(ReleaseItem):
    """A release with its tables, the outcome of its checks, the loads in it, and the seconds of each step."""

    tables: list[ReleaseTable]
    check_results: list[CheckOut]
    loads: list[str]
    steps: dict[str, float]


class LogLine(BaseModel):
    """A line of a job's log."""

    at: datetime
    text: str


class JobOut(BaseModel):
    """Background work. `progress`: 0 to 1 of the stage, null while it is unknown."""

    id: str
    kind: str
    title: str
    state: JobState
    progress: float | None
    stage: str
    created_by: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    attempts: int
    log: list[LogLine]
    result: dict[str, Any] | None
    error: str | None
    error_code: str | None
    error_details: dict[str, Any] | None


class TableColumn(BaseModel):
    """A column of a canonical table."""

    name: str
    type: Type
    unit: str | None
    description: str
    required: bool
    personal: bool


class TableOut(BaseModel):
    """A canonical table: what a row is, and what the current release has of it."""

    name: str
    title: str
    domain: str
    grain: str
    key: list[str]
    time: str | None
    rows: int
    known_to: str | None
    time_from: str | None
    time_to: str | None
    columns: list[TableColumn]


@router.get("/loads", response_model=Paged[list[LoadOut]])
def list_loads(
    _who: Reader,
    given: Given,
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
    per_page: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """Loads, the newest first."""
    loads = given.shop.loads()
    first = (page - 1) * per_page
    return ok([_load(load) for load in loads[first : first + per_page]], (page, per_page, len(loads)))


@router.get("/loads/{load_id}", response_model=Envelope[LoadDetail])
def get_load(load_id: str, _who: Reader, given: Given) -> Response:
    """One load with its files and tables."""
    load = given.shop.get_load(load_id)
    manifest = load.manifest
    return ok(
        {
            **_load(load),
            "digest": load.digest,
            "code_version": manifest.get("code_version"),
            "tables": {name: LoadTable(**entry) for name, entry in manifest.get("tables", {}).items()},
            "notes": manifest.get("notes", []),
            "replaces": manifest.get("replaces", []),
        }
    )


@router.get("/loads/{load_id}/rejects", response_model=Paged[list[RejectOut]], responses=FILES)
def list_rejects(
    load_id: str,
    who: Reader,
    given: Given,
    request: Request,
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
    per_page: Annotated[int, Query(ge=1, le=1000)] = 100,
    format: Literal["json", "csv", "xlsx", "parquet"] = "json",
) -> Response:
    """The rows of a load that could not be read, a page at a time; as a file all of them."""
    rejects = given.shop.rejects(load_id, given.scope(who))
    names = [name for name in RejectOut.model_fields if name in rejects.column_names]
    if format != "json":
        columns = [AnswerColumn(name, name.capitalize(), "plain") for name in names]
        told_download(given, who, request, f"load:{load_id}", what="rejects", format=format)
        return as_file(from_rows(columns, rejects, given.shop.settings.currency), format, ["rejects", load_id])
    rows = rejects.select(names).slice((page - 1) * per_page, per_page).to_pylist()
    return ok(rows, (page, per_page, rejects.num_rows))


@router.post("/loads", response_model=Envelope[JobOut], status_code=202)
def start_load(
    who: Writer,
    given: Given,
    request: Request,
    files: Annotated[list[UploadFile], File(description="files of one load: all of them are landed, or none")],
    preset: Annotated[str | None, Form(max_length=100)] = None,
    source: Annotated[str, Form(pattern=r"^[A-Za-z0-9_.-]{1,100}$")] = "files",
    as_of: Annotated[str | None, Form(max_length=40, description="when the files were known; now by default")] = None,
    replaces: Annotated[list[str] | None, Form(description="names of files loaded before that these replace")] = None,
    build: Annotated[bool, Form(description="build a release when the files are landed")] = True,
    mapping: Annotated[UploadFile | None, File(description="an own mapping, TOML")] = None,
) -> Response:
    """Land files in the background, and build a release from them."""
    if as_of:
        given.shop.moment(as_of)
    job_id = new_id()
    folder = uploads_of(given.shop.path, job_id)
    try:
        key = data_key(given.shop.path) if is_encrypted(given.shop.path) else None
        names = _save(folder, files, key)
        if mapping is not None:
            _write(folder / MAPPING, mapping)
        params = {
            "files": names,
            "mapping": MAPPING if mapping is not None else None,
            "preset": preset or None,
            "source": source,
            "as_of": as_of or None,
            "replaces": [{"file": name} for name in replaces or [] if name],
            "build": build,
        }
        job = given.jobs.start("load", params, who.name, job_id=job_id, address=address_of(request))
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    given.carry(job.id)
    return ok(job_out(job), status=202)


@router.get("/releases", response_model=Envelope[list[ReleaseItem]])
def list_releases(_who: Reader, given: Given) -> Response:
    """Releases that are kept, the newest first."""
    current = given.shop.releases.current_number()
    return ok([_release(record, current) for record in given.shop.releases.published()])


@router.get("/releases/{number}", response_model=Envelope[ReleaseDetail])
def get_release(number: Number, _who: Reader, given: Given) -> Response:
    """One release with its tables and checks."""
    record = given.shop.releases.record(number)
    titles = {**{name: table.title for name, table in TABLES.items()}}
    titles |= {name: relation.title for name, relation in given.shop.catalogue.relations.items()}
    tables = [
        {
            "name": name,
            "title": titles.get(name, name),
            "rows": entry["rows"],
            "bytes": entry.get("bytes"),
            "kind": entry["kind"],
            "known_to": entry.get("known_to"),
        }
        for name, entry in record.manifest["tables"].items()
    ]
    return ok(
        {
            **_release(record, given.shop.releases.current_number()),
            "tables": tables,
            "check_results": record.checks,
            "loads": record.manifest.get("loads", []),
            "steps": record.manifest.get("seconds", {}),
        }
    )


@router.post("/builds", response_model=Envelope[JobOut], status_code=202)
def start_build(who: Writer, given: Given, request: Request) -> Response:
    """Build a release from everything that is landed, in the background."""
    job = given.jobs.start("build", {}, who.name, address=address_of(request))
    given.carry(job.id)
    return ok(job_out(job), status=202)


@router.get("/jobs", response_model=Paged[list[JobOut]])
def list_jobs(
    _who: Reader,
    given: Given,
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
    per_page: Annotated[int, Query(ge=1, le=200)] = 50,
    state: JobState | None = None,
) -> Response:
    """Jobs, the newest first."""
    jobs, total = given.jobs.list((page - 1) * per_page, per_page, state)
    return ok([job_out(job) for job in jobs], (page, per_page, total))


@router.get("/jobs/{job_id}", response_model=Envelope[JobOut])
def get_job(job_id: str, _who: Reader, given: Given) -> Response:
    """One job: how far it is, and what it says."""
    return ok(job_out(given.jobs.get(job_id)))


@router.post("/jobs/{job_id}/cancel", response_model=Envelope[JobOut])
def cancel_job(job_id: str, who: Writer, given: Given, request: Request) -> Response:
    """Ask a job to end. What was published stays."""
    return ok(job_out(given.jobs.cancel(job_id, who.name, address_of(request))))


@router.get("/tables", response_model=Envelope[list[TableOut]])
def list_tables(who: Reader, given: Given, request: Request) -> Response:
    """Every canonical table: what a row is, its columns, and what the current release has of it."""
    number = given.shop.releases.current_number()
    return kept_json(request, given, ("tables", number, given.scope(who).key), lambda: _tables(given, number))


def _load(load: Load) -> dict[str, Any]:
    manifest = load.manifest
    return {
        "id": load.id,
        "source": load.source,
        "state": load.state,
        "known_at": load.known_at,
        "created_at": load.created_at,
        "created_by": load.created_by,
        "started_at": manifest.get("started_at"),
        "finished_at": manifest.get("finished_at"),
        "seconds": manifest.get("seconds"),
        "rows_read": load.rows_read,
        "rows_rejected": load.rows_rejected,
        "files": [
            {name: file[name] for name in LoadFile.model_fields if name in file} for file in manifest.get("files", [])
        ],
    }


def _release(record: Release, current: int | None) -> dict[str, Any]:
    manifest = record.manifest
    return {
        **summary_of(record),
        "current": record.number == current,
        "kind": record.kind,
        "as_of": record.as_of,
        "bytes": sum(entry.get("bytes") or 0 for entry in manifest.get("tables", {}).values()),
        "seconds": round(sum(manifest.get("seconds", {}).values()), 3),
    }


def job_out(job: Job) -> dict[str, Any]:
    """A job as the API gives it."""
    error = job.error or {}
    return {
        "id": job.id,
        "kind": job.kind,
        "title": _title(job),
        "state": job.state,
        "progress": job.progress,
        "stage": job.stage,
        "created_by": job.created_by,
        "created_at": job.created_at,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
        "attempts": job.attempts,
        "log": job.log,
        "result": job.result,
        "error": error.get("message"),
        "error_code": error.get("code"),
        "error_details": error.get("details"),
    }


def _title(job: Job) -> str:
    files = job.params.get("files") or []
    if job.kind == "load" and files:
        return f"Load {files[0]}" + (f" and {len(files) - 1} more" if len(files) > 1 else "")
    if job.kind == "build" and job.params.get("as_of"):
        return f"Build what was known on {job.params['as_of'][:10]}"
    return job.kind.capitalize()


def _tables(given: Services, number: int | None) -> list[dict[str, Any]]:
    held = given.shop.releases.record(number).manifest["tables"] if number is not None else {}
    try:
        spans = _spans(given.shop.releases.get(number)) if number is not None else {}
    except OutdatedReleaseError:
        spans = {}  # what it holds can be told, not when: it is not opened
    return [
        {
            "name": name,
            "title": table.title,
            "domain": table.domain,
            "grain": table.grain,
            "key": list(table.key),
            "time": table.time,
            "rows": held.get(name, {}).get("rows", 0),
            "known_to": held.get(name, {}).get("known_to"),
            "time_from": spans.get(name, (None, None))[0],
            "time_to": spans.get(name, (None, None))[1],
            "columns": [
                {
                    "name": column.name,
                    "type": column.type,
                    "unit": column.unit,
                    "description": column.description,
                    "required": column.required,
                    "personal": column.personal,
                }
                for column in table.columns
            ],
        }
        for name, table in TABLES.items()
    ]


def _spans(release: OpenRelease) -> dict[str, tuple[str | None, str | None]]:
    """First and last moment of every dated table that has rows, in UTC; read from the statistics of its files."""

    def text(value: Any) -> str | None:
        return value.isoformat() if value is not None else None

    spans = {}
    for name, table in TABLES.items():
        if table.time and release.rows_of(name):
            column = quoted(table.time)
            extent = f"SELECT min({column}) AS first, max({column}) AS last FROM {quoted(name)}"
            row = release.files.run_sql(extent).to_pylist()[0]
            spans[name] = text(row["first"]), text(row["last"])
    return spans


def _save(folder: Path, files: Sequence[UploadFile], key: bytes | None) -> list[str]:
    """Put uploaded files into the folder of their job under their own names, without any path; encrypted with the key of the
    data files, if there is one. Returns the names."""
    names: list[str] = []
    for file in files:
        name = re.sub(r"[\x00-\x1f\x7f]", "", (file.filename or "").replace("\\", "/").rsplit("/", 1)[-1]).strip()
        if not name or name.startswith("."):
            raise QuestionError("A file needs a name.", field="files", value=name or None)
        if cut_text(name)[1]:
            raise QuestionError("The name of a file holds the number of a payment card: rename it.", field="files")
        if name in names:
            raise QuestionError(f"Two of the files are called {name}.", field="files", value=name)
        _write(folder / "files" / name, file, key)
        names.append(name)
    if not names:
        raise QuestionError("Choose at least one file.", field="files")
    return names


def _write(target: Path, file: UploadFile, key: bytes | None = None) -> None:
    for folder in (target.parent.parent, target.parent):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        if key is None:
            shutil.copyfileobj(file.file, out, 1_000_000)
        else:
            seal_stream(file.file, out, key)
