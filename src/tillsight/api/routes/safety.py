"""Backups, drills and credentials: for administrators."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select

from tillsight.accounts import SignedIn
from tillsight.api.access import Admin, Door, address_of
from tillsight.api.envelope import Envelope, ok
from tillsight.api.routes.auth import Done
from tillsight.api.routes.data import JobOut, job_out
from tillsight.api.services import Given, Services
from tillsight.audit import record
from tillsight.database import Backup, BackupKind, BackupState, Drill, Job
from tillsight.jobs import next_run, schedule_of
from tillsight.vault import Kept, Keys, Vault

router = APIRouter(prefix="/api/v1", tags=["safety"], route_class=Door)

SHOWN = 100
"""So many of the newest backups are listed."""


class BackupOut(BaseModel):
    """A run of a backup. `bytes`: of everything in it; `stored`: what it added to the place; `error`: also what it noticed."""

    number: int
    id: str | None
    kind: BackupKind
    state: BackupState
    place: str
    started_at: datetime
    finished_at: datetime | None
    files: int
    bytes: int
    stored: int
    repaired: int
    error: str | None


class DrillTable(BaseModel):
    """A table of the original, and whether the copy has the same rows."""

    name: str
    rows: int
    hash: str
    same: bool


class DrillMetric(BaseModel):
    """A metric over all days, and whether the copy gives the same."""

    name: str
    value: str
    same: bool


class DrillOut(BaseModel):
    """A drill: a backup restored beside the shop. Seconds: of the whole, of files, of the build.

    `lost_seconds`, `lost_loads`: how much younger the shop was than the backup. `differences`: empty when it passed.
    """

    number: int
    backup: str
    at: datetime
    recovery_point: datetime
    passed: bool
    seconds: float
    seconds_files: float
    seconds_build: float
    lost_seconds: float
    lost_loads: int
    files: int
    bytes: int
    operational_tables: int
    compared_with: int | None
    tables: list[DrillTable]
    metrics: list[DrillMetric]
    differences: list[str]


class Backups(BaseModel):
    """How backups are made, those that were, and the last drill.

    `same_disk`: they lie in the workspace, so that a lost disk takes both. `next_at`: null when none is scheduled or the
    first is yet to come. `running`: the job that backs up or drills now.
    """

    place: str
    same_disk: bool
    encrypted: bool
    every_hours: float
    hourly_days: int
    days: int
    drill_days: int
    next_at: datetime | None
    next_drill_at: datetime | None
    running: JobOut | None
    backups: list[BackupOut]
    drill: DrillOut | None


class BackupIn(BaseModel):
    """A backup to take. `full`: every file is read again, and what is damaged mended."""

    model_config = ConfigDict(extra="forbid")

    full: bool = False


class SecretIn(BaseModel):
    """A credential."""

    model_config = ConfigDict(extra="forbid")

    value: str = Field(min_length=1, max_length=20_000)


class SecretOut(BaseModel):
    """What may be told about a credential. `last_four`: empty where it is short, or its key is missing."""

    name: str
    last_four: str
    changed_at: datetime
    changed_by: str | None


SecretName = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9_.-]{0,99}$")]


@router.get("/backups", response_model=Envelope[Backups])
def list_backups(_who: Admin, given: Given) -> Response:
    """How backups are made, the newest of them, and the last drill."""
    shop, settings = given.shop, given.shop.settings.backup
    schedule = schedule_of(shop.settings)
    with shop.database.read() as session:
        rows = list(session.scalars(select(Backup).order_by(Backup.number.desc()).limit(SHOWN)))
        drill = session.scalar(select(Drill).order_by(Drill.number.desc()).limit(1))
        running = session.scalar(
            select(Job)
            .where(Job.kind.in_(("backup", "drill")), Job.state.in_(("queued", "running")))
            .order_by(Job.created_at)
            .limit(1)
        )
    return ok(
        {
            "place": settings.to,
            "same_disk": "://" not in settings.to and (shop.path / settings.to).resolve().is_relative_to(shop.path),
            "encrypted": shop.settings.encrypt,
            "every_hours": settings.every_hours,
            "hourly_days": settings.hourly_days,
            "days": settings.days,
            "drill_days": settings.drill_days,
            "next_at": next_run(shop.database, "backup", schedule.get("backup")),
            "next_drill_at": next_run(shop.database, "drill", schedule.get("drill")),
            "running": job_out(running) if running else None,
            "backups": [{name: getattr(row, name) for name in BackupOut.model_fields} for row in rows],
            "drill": _drill(drill) if drill else None,
        }
    )


@router.post("/backups", response_model=Envelope[JobOut], status_code=202)
def start_backup(body: BackupIn, who: Admin, given: Given, request: Request) -> Response:
    """Take a backup in the background."""
    return _started(given, who, request, "backup", {"full": body.full})


@router.post("/drills", response_model=Envelope[JobOut], status_code=202)
def start_drill(who: Admin, given: Given, request: Request) -> Response:
    """Restore the newest backup beside the shop in the background, and compare both."""
    return _started(given, who, request, "drill", {})


@router.get("/secrets", response_model=Envelope[list[SecretOut]])
def list_secrets(_who: Admin, given: Given) -> Response:
    """The credentials of connections: names, last four signs, when and by whom they were changed."""
    return ok([_secret(kept) for kept in _vault(given).list()])


@router.put("/secrets/{name}", response_model=Envelope[SecretOut])
def put_secret(name: SecretName, body: SecretIn, who: Admin, given: Given, request: Request) -> Response:
    """Keep a credential, in place of the one of this name. Nothing gives it back."""
    kept = _vault(given).put(name, body.value, who.name)
    _told(given, who, request, "secret.set", name)
    return ok(_secret(kept))


@router.delete("/secrets/{name}", response_model=Envelope[Done])
def delete_secret(name: SecretName, who: Admin, given: Given, request: Request) -> Response:
    """Forget a credential."""
    _vault(given).delete(name)
    _told(given, who, request, "secret.removed", name)
    return ok(Done())


def _started(
    given: Services, who: SignedIn, request: Request, kind: Literal["backup", "drill"], params: dict[str, Any]
) -> Response:
    job = given.jobs.start(kind, params, who.name, address=address_of(request))
    given.carry(job.id)
    return ok(job_out(job), status=202)


def _told(given: Services, who: SignedIn, request: Request, action: str, name: str) -> None:
    with given.shop.database.write() as session:
        record(session, who=who.name, action=action, subject=f"secret:{name}", address=address_of(request) or None)


def _vault(given: Services) -> Vault:
    return Vault(given.shop.database, Keys.open(given.shop.path))


def _secret(kept: Kept) -> dict[str, Any]:
    return {name: getattr(kept, name) for name in SecretOut.model_fields}


def _drill(drill: Drill) -> dict[str, Any]:
    report = {name: drill.report[name] for name in DrillOut.model_fields if name in drill.report}
    return report | {
        "number": drill.number,
        "backup": drill.backup,
        "at": drill.at,
        "recovery_point": drill.recovery_point,
        "passed": drill.passed,
        "seconds": drill.seconds,
    }
