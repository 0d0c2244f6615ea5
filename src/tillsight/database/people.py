"""Who may come in: users, their sessions, the links and codes that let them in, and the keys of their programs.

users            who may sign in, with what, and what of the shop he may see
sessions         one row per session: a device on which somebody signed in
refresh_tokens   one row per refresh token that was given out
recovery_codes   one row per code that stands in for the second factor once
one_time_links   one row per invitation or reset of a password
api_keys         one row per key of a program
request_counts   one row for each who sent requests a short while ago

Secrets are kept as hashes, or encrypted where they must be read again (the secret of a second factor).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Double, ForeignKey, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tillsight.database.models import Base, LinkPurpose, Role, SignInMethod, one_of
from tillsight.database.types import now


class User(Base):
    """Somebody who may sign in. `failed_attempts` and `locked_until` slow down whoever guesses passwords or codes.

    `password_hash`: null until he has accepted his invitation, and for those who only sign in elsewhere (`oidc_issuer`,
    `oidc_subject`). `modules`: domains that a Limited user sees. `rows`: dimension → values that he may see; empty for
    all. `masked`: whether names and addresses of persons are masked for him; null for what is usual for his role.
    `factor_secret`: encrypted, valid from `factor_at` on; `factor_step`: the last time step whose code was used.
    """

    __tablename__ = "users"
    __table_args__ = (
        one_of("role", Role),
        UniqueConstraint("oidc_issuer", "oidc_subject"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    name: Mapped[str] = mapped_column(String(200), unique=True)
    email: Mapped[str | None] = mapped_column(String(320))
    password_hash: Mapped[str | None]
    role: Mapped[Role]
    modules: Mapped[list[Any]] = mapped_column(default=list)
    rows: Mapped[dict[str, Any]] = mapped_column(default=dict)
    masked: Mapped[bool | None]
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(default=now)
    last_sign_in_at: Mapped[datetime | None]
    failed_attempts: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]
    factor_secret: Mapped[str | None]
    factor_at: Mapped[datetime | None]
    factor_step: Mapped[int | None] = mapped_column(BigInteger)
    oidc_issuer: Mapped[str | None] = mapped_column(String(400))
    oidc_subject: Mapped[str | None] = mapped_column(String(255))


class SignInSession(Base):
    """A session: from signing in to its end. `seen_at`: the last request; `expires_at`: its end at the latest."""

    __tablename__ = "sessions"
    __table_args__ = (one_of("method", SignInMethod),)

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    method: Mapped[SignInMethod]
    device: Mapped[str] = mapped_column(String(200), default="")
    address: Mapped[str] = mapped_column(String(60), default="")
    created_at: Mapped[datetime] = mapped_column(default=now)
    seen_at: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]


class RefreshToken(Base):
    """A refresh token that was given out, known by its hash alone. `used_at`: exchanged for the next; seen again, it
    ends its session."""

    __tablename__ = "refresh_tokens"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(default=now)
    used_at: Mapped[datetime | None]


class RecoveryCode(Base):
    """A code that stands in for the second factor, once; known by its hash alone."""

    __tablename__ = "recovery_codes"

    code_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    used_at: Mapped[datetime | None]


class OneTimeLink(Base):
    """A link that lets a user choose a password, once: his invitation, or a reset. Known by its hash alone."""

    __tablename__ = "one_time_links"
    __table_args__ = (one_of("purpose", LinkPurpose),)

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    purpose: Mapped[LinkPurpose]
    created_at: Mapped[datetime] = mapped_column(default=now)
    created_by: Mapped[str | None]
    expires_at: Mapped[datetime]


class ApiKey(Base):
    """A key of a program, which acts as its user within `scopes`. `prefix`: its visible beginning; the rest is a hash."""

    __tablename__ = "api_keys"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    prefix: Mapped[str] = mapped_column(String(20), unique=True)
    key_hash: Mapped[str] = mapped_column(String(64))
    scopes: Mapped[list[Any]]
    created_at: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    last_address: Mapped[str | None] = mapped_column(String(60))
    ended_at: Mapped[datetime | None]


class RequestCount(Base):
    """How many requests somebody may send yet: `remaining` at the moment `at`, more from then on. `name`: whose they are."""

    __tablename__ = "request_counts"

    name: Mapped[str] = mapped_column(String(120), primary_key=True)
    remaining: Mapped[float] = mapped_column(Double)
    at: Mapped[datetime] = mapped_column(index=True)
