"""The shop's own rules of segments, beside the presets that come with the catalogue.

segment_rules   one row per rule set; `rules` is what `domains.customers.rules.read` reads, so it is checked before it is kept

`version` counts the changes: who changes a rule set names the version that he saw, so that nobody writes over another.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Integer, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from tillsight.core.errors import ConflictError, NotFoundError
from tillsight.database.models import Base
from tillsight.database.store import Database
from tillsight.database.types import now


class SegmentRules(Base):
    """A rule set of the shop's own."""

    __tablename__ = "segment_rules"

    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    rules: Mapped[dict[str, Any]]
    version: Mapped[int] = mapped_column(Integer, default=1)
    changed_at: Mapped[datetime] = mapped_column(default=now)
    changed_by: Mapped[str] = mapped_column(String(200))


class SegmentSets:
    """The rule sets of a workspace."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[SegmentRules]:
        """Every rule set of the shop's own, by name."""
        with self._database.read() as session:
            return list(session.scalars(select(SegmentRules).order_by(SegmentRules.name)))

    def get(self, name: str) -> SegmentRules | None:
        """One of them; None where there is none of that name."""
        with self._database.read() as session:
            return session.get(SegmentRules, name)

    def changed_at(self, name: str) -> datetime | None:
        """When a rule set was last kept; None for a preset, or a name that there is not."""
        with self._database.read() as session:
            return session.scalar(select(SegmentRules.changed_at).where(SegmentRules.name == name))


def keep(session: Session, name: str, rules: Mapping[str, Any], who: str, version: int | None) -> dict[str, Any] | None:
    """Keep a rule set; what was kept before, or None. `version`: the one that is changed; None for a new one.

    Raises ConflictError where the name is taken or somebody else changed it meanwhile, NotFoundError where it is gone.
    """
    found = session.get(SegmentRules, name)
    if version is None:
        if found is not None:
            raise ConflictError(f"There is a rule set {name} already: choose another name.", field="name", value=name)
        session.add(SegmentRules(name=name, rules=dict(rules), changed_by=who))
        return None
    if found is None:
        raise NotFoundError(f"There is no rule set {name!r} any more.", field="name", value=name)
    if found.version != version:
        raise ConflictError(
            f"{found.changed_by} changed {name} meanwhile: load it again and make your change to what it is now.",
            version=found.version,
        )
    before = found.rules
    found.rules, found.version, found.changed_at, found.changed_by = dict(rules), version + 1, now(), who
    return before


def drop(session: Session, name: str) -> dict[str, Any]:
    """Remove a rule set; what it was. Raises NotFoundError."""
    found = session.get(SegmentRules, name)
    if found is None:
        raise NotFoundError(f"There is no rule set {name!r}; presets cannot be removed.", field="name", value=name)
    session.delete(found)
    return found.rules
