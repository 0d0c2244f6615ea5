"""What keeps a shop safe: credentials, backups that were made, drills that were held.

secrets   one row per credential; the value is encrypted, bound to the name
backups   one row per run of a backup, also those that failed; what a backup holds stands in its own manifest
drills    one row per drill: a backup restored beside the original and compared with it
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from sqlalchemy import BigInteger, CheckConstraint, Double, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from tillsight.database.models import Base
from tillsight.database.types import now

BackupState = Literal["running", "done", "failed", "pruned"]
BackupKind = Literal["full", "increment"]


class Secret(Base):
    """A credential of a connection. `sealed`: the value, encrypted."""

    __tablename__ = "secrets"

    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    sealed: Mapped[str]
    changed_at: Mapped[datetime] = mapped_column(default=now)
    changed_by: Mapped[str | None]


class Backup(Base):
    """A run of a backup. `id`: as in the place of backups; `bytes`: of everything in it; `stored`: what it added there."""

    __tablename__ = "backups"
    __table_args__ = (
        CheckConstraint("state IN ('running', 'done', 'failed', 'pruned')", name="state"),
        CheckConstraint("kind IN ('full', 'increment')", name="kind"),
        {"sqlite_autoincrement": True},
    )

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    id: Mapped[str | None] = mapped_column(String(40), index=True)
    kind: Mapped[BackupKind] = mapped_column(String(20))
    state: Mapped[BackupState] = mapped_column(String(20), default="running")
    place: Mapped[str]
    started_at: Mapped[datetime] = mapped_column(default=now, index=True)
    finished_at: Mapped[datetime | None]
    files: Mapped[int] = mapped_column(BigInteger, default=0)
    bytes: Mapped[int] = mapped_column(BigInteger, default=0)
    stored: Mapped[int] = mapped_column(BigInteger, default=0)
    repaired: Mapped[int] = mapped_column(BigInteger, default=0)
    error: Mapped[str | None]


class Drill(Base):
    """A drill. `recovery_point`: the moment that the backup holds; seconds: of the whole, from nothing to answering.

    `report`: what was compared, and what differed.
    """

    __tablename__ = "drills"
    __table_args__ = ({"sqlite_autoincrement": True},)

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    backup: Mapped[str] = mapped_column(String(40))
    at: Mapped[datetime] = mapped_column(default=now, index=True)
    recovery_point: Mapped[datetime]
    seconds: Mapped[float] = mapped_column(Double)
    passed: Mapped[bool]
    report: Mapped[dict[str, Any]] = mapped_column(default=dict)
