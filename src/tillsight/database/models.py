"""What the operational database holds. One class per table; every moment is aware and in UTC.

loads      one row per load of files; state `committed` is the commit point of a load
releases   one row per build; numbers are never used again
pointers   which release answers now; swapped in the transaction that publishes the release
jobs       one row per piece of background work; the truth about it, whatever the queue says

Who may sign in stands in `people`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, get_args

from sqlalchemy import JSON, BigInteger, CheckConstraint, Double, ForeignKey, Index, Integer, MetaData, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from tillsight.database.types import UtcDateTime, now

LoadState = Literal["staged", "committed", "failed", "withdrawn"]
ReleaseState = Literal["building", "published", "failed", "collected"]
ReleaseKind = Literal["current", "as_of"]
JobState = Literal["queued", "running", "done", "failed", "cancelled"]
Role = Literal["admin", "manager", "analyst", "limited"]
LinkPurpose = Literal["invitation", "reset"]
SignInMethod = Literal["password", "oidc"]

CURRENT = "current"
"""The name of the pointer to the release that answers now."""


class Base(DeclarativeBase):
    """What all models share: names of constraints that migrations can refer to, and the types of columns."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 (declared so by SQLAlchemy)
        datetime: UtcDateTime,
        dict[str, Any]: JSON,
        list[Any]: JSON,
        str: Text,
        LoadState: String(20),
        ReleaseState: String(20),
        ReleaseKind: String(20),
        JobState: String(20),
        Role: String(20),
        LinkPurpose: String(20),
        SignInMethod: String(20),
    }


def one_of(column: str, literal: Any) -> CheckConstraint:
    """A column holds one of the words of a literal type."""
    values = ", ".join(f"'{value}'" for value in get_args(literal))
    return CheckConstraint(f"{column} IN ({values})", name=column)


class Load(Base):
    """A load: files that were read together, all or nothing. `error` says why a failed one failed."""

    __tablename__ = "loads"
    __table_args__ = (one_of("state", LoadState), Index(None, "state", "known_at"))

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    source: Mapped[str] = mapped_column(String(100))
    state: Mapped[LoadState] = mapped_column(default="staged")
    known_at: Mapped[datetime]
    created_at: Mapped[datetime] = mapped_column(default=now)
    created_by: Mapped[str | None]
    digest: Mapped[str | None] = mapped_column(String(64), index=True)
    rows_read: Mapped[int] = mapped_column(BigInteger, default=0)
    rows_rejected: Mapped[int] = mapped_column(BigInteger, default=0)
    manifest: Mapped[dict[str, Any]] = mapped_column(default=dict)
    error: Mapped[str | None]


class Release(Base):
    """A release: what one build made. `as_of` is set when it holds what was known at an earlier moment.

    `manifest`: tables with files, rows and fingerprint, first and last day with data, loads, seconds by step.
    `checks`: what was checked at the build and how it ended.
    """

    __tablename__ = "releases"
    __table_args__ = (one_of("state", ReleaseState), one_of("kind", ReleaseKind), {"sqlite_autoincrement": True})

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    state: Mapped[ReleaseState] = mapped_column(default="building", index=True)
    kind: Mapped[ReleaseKind] = mapped_column(default="current")
    as_of: Mapped[datetime | None]
    known_to: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=now)
    published_at: Mapped[datetime | None]
    code_version: Mapped[str] = mapped_column(String(40), default="")
    fingerprint: Mapped[str | None] = mapped_column(String(64), index=True)
    manifest: Mapped[dict[str, Any]] = mapped_column(default=dict)
    checks: Mapped[list[Any]] = mapped_column(default=list)
    error: Mapped[str | None]


class Pointer(Base):
    """A name that stands for a release: `current` is the one that answers."""

    __tablename__ = "pointers"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    release: Mapped[int] = mapped_column(ForeignKey("releases.number"))


class Job(Base):
    """A piece of background work. `lease_until`: the worker has died if it passes while the job is running.

    `progress`: 0 to 1, unknown when null. `log`: the last lines, each {at, text}. `error`: {code, message, details}.
    """

    __tablename__ = "jobs"
    __table_args__ = (one_of("state", JobState), Index(None, "state", "lease_until"))

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    params: Mapped[dict[str, Any]] = mapped_column(default=dict)
    state: Mapped[JobState] = mapped_column(default="queued")
    progress: Mapped[float | None] = mapped_column(Double)
    stage: Mapped[str] = mapped_column(default="")
    log: Mapped[list[Any]] = mapped_column(default=list)
    result: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    error: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    created_by: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(default=now, index=True)
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    worker: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    heartbeat_at: Mapped[datetime | None]
    cancel_requested: Mapped[bool] = mapped_column(default=False)
