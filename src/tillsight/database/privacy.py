"""What the operational database holds about privacy: who is to stay erased, how far landing has followed, what was chosen.

No personal value stands here: persons are known by keyed hashes of their identifiers.

tombstones       one row per identifier that was erased or anonymised; replayed on every load and restore
erasures         one row per request to erase or anonymise somebody
landed_states    one row per load that was rewritten or looked through: up to which tombstone
consent_choices  one row per person and use: what was chosen here, over what the shop's own files say
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from sqlalchemy import BigInteger, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tillsight.database.models import Base
from tillsight.database.types import now

ErasureMode = Literal["anonymise", "erase"]
ErasureState = Literal["begun", "done"]


class Tombstone(Base):
    """An identifier that must not come back. `tag`: HMAC-SHA256 of kind and value, hexadecimal. `mode`: see `Erasure`.

    Ids only grow: whoever has followed up to an id knows all before it.
    """

    __tablename__ = "tombstones"
    __table_args__ = (UniqueConstraint("kind", "tag"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    kind: Mapped[str] = mapped_column(String(20))
    tag: Mapped[str] = mapped_column(String(64))
    mode: Mapped[str] = mapped_column(String(20))
    created_at: Mapped[datetime] = mapped_column(default=now)


class Erasure(Base):
    """A request to erase somebody. `mode`: `anonymise` takes away who it was, `erase` the numbers too.

    `state`: `begun` until nothing of the person is left in the workspace. `report`: what was found and what was done,
    in counts alone.
    """

    __tablename__ = "erasures"
    __table_args__ = (Index(None, "state"),)

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    mode: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(20), default="begun")
    created_by: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(default=now)
    finished_at: Mapped[datetime | None]
    report: Mapped[dict[str, Any]] = mapped_column(default=dict)


class LandedState(Base):
    """How a load stands. `followed`: the last tombstone that it was searched for. `revision`: how often it was rewritten."""

    __tablename__ = "landed_states"

    load_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    followed: Mapped[int] = mapped_column(BigInteger, default=0)
    revision: Mapped[int] = mapped_column(Integer, default=0)


class ConsentChoice(Base):
    """What a person chose on a use of their data, written down here. `tag`: keyed hash of the customer's number."""

    __tablename__ = "consent_choices"

    tag: Mapped[str] = mapped_column(String(64), primary_key=True)
    purpose: Mapped[str] = mapped_column(String(20), primary_key=True)
    granted: Mapped[bool]
    decided_at: Mapped[datetime] = mapped_column(default=now)
    decided_by: Mapped[str | None]
