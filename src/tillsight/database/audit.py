"""What the audit log holds: entries in one chain, where the chain ends, and a key per person.

audit_entries   one row per thing that was done; numbers follow one another without a gap
audit_head      one row: the number and hash of the last entry
person_keys     one row per person whose values are in the log; erasing the person destroys it
inner_keys      random keys of the workspace that outlive its master key, each sealed with that
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from tillsight.database.models import Base
from tillsight.database.types import now


class AuditEntry(Base):
    """Something that was done. `before` and `after`: JSON text, sealed with the key of `person` where there is one.

    `subject`: what it was done to, as `kind:id`; never a personal value. `address`: where the request came from.
    `person`: id of a person key; the entry stays when the key is destroyed. `hash`: HMAC-SHA256 over the fields and
    the hash of the entry before, hexadecimal.
    """

    __tablename__ = "audit_entries"
    __table_args__ = (Index(None, "action", "number"), Index(None, "who", "number"))

    number: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    who: Mapped[str]
    action: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str] = mapped_column(index=True)
    address: Mapped[str | None]
    person: Mapped[str | None] = mapped_column(String(32), index=True)
    before: Mapped[str | None]
    after: Mapped[str | None]
    previous: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class AuditHead(Base):
    """Where the chain ends: one row, id 1. `seal`: HMAC-SHA256 over number and hash."""

    __tablename__ = "audit_head"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[str] = mapped_column(String(64))
    seal: Mapped[str] = mapped_column(String(64))


class PersonKey(Base):
    """The key that personal values of one person in the log are sealed with. `tag`: keyed hash of an identifier.

    `sealed`: 32 bytes, sealed with the master key of the workspace, as text.
    """

    __tablename__ = "person_keys"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    tag: Mapped[str] = mapped_column(String(64), unique=True)
    sealed: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=now)


class InnerKey(Base):
    """A random key of 32 bytes that must stay the same when the master key changes; kept sealed with the master key."""

    __tablename__ = "inner_keys"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    sealed: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=now)
