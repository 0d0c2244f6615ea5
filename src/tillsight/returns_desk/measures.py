"""What was done against returns: a size guide, other photos, another supplier. Who did what for which product, and from which day on.

What a measure changed is answered by the analysis `returns.effect`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from tillsight.accounts import By
from tillsight.audit import record
from tillsight.core.errors import ConflictError, NotFoundError, QuestionError
from tillsight.database import Database, ReturnMeasure
from tillsight.domains.returns.prevention import MEASURES


@dataclass(frozen=True)
class Measures:
    """The measures of a workspace."""

    database: Database

    def list(self) -> list[dict[str, Any]]:
        """All of them, the latest first."""
        with self.database.read() as session:
            rows = session.scalars(
                select(ReturnMeasure).order_by(ReturnMeasure.done_on.desc(), ReturnMeasure.id.desc())
            )
            return [_plain(row) for row in rows]

    def get(self, measure_id: int) -> dict[str, Any]:
        """One of them. Raises NotFoundError."""
        with self.database.read() as session:
            return _plain(_found(session.get(ReturnMeasure, measure_id), measure_id))

    def add(self, product: str, measure: str, done_on: date, who: By, note: str | None = None) -> dict[str, Any]:
        """Say that something was done. Raises QuestionError for an unknown measure, ConflictError where it was said already."""
        if measure not in MEASURES:
            raise QuestionError(
                f"There is no measure {measure!r}; there are {', '.join(MEASURES)}.", field="measure", value=measure
            )
        try:
            with self.database.write() as session:
                made = ReturnMeasure(product=product, measure=measure, done_on=done_on, note=note, said_by=who.name)
                session.add(made)
                session.flush()
                said = {"product": product, "measure": measure, "done_on": done_on.isoformat()}
                record(
                    session,
                    who=who.name,
                    action="return_measure.done",
                    subject=f"return_measure:{made.id}",
                    after=said,
                    address=who.address,
                )
                return _plain(made)
        except IntegrityError:
            raise ConflictError(
                f"{measure} for {product} on {done_on} is written down already.",
                field="done_on",
                value=done_on.isoformat(),
            ) from None

    def remove(self, measure_id: int, who: By) -> dict[str, Any]:
        """Take one back that was not done; gives it as it was. Raises NotFoundError."""
        with self.database.write() as session:
            kept = _found(session.get(ReturnMeasure, measure_id), measure_id)
            record(
                session, who=who.name, action="return_measure.removed", subject=f"return_measure:{measure_id}",
                before={"product": kept.product, "measure": kept.measure, "done_on": kept.done_on.isoformat()}, address=who.address,
            )  # fmt: skip
            gone = _plain(kept)
            session.delete(kept)
            return gone


def _found(kept: ReturnMeasure | None, measure_id: int) -> ReturnMeasure:
    if kept is None:
        raise NotFoundError(f"There is no measure {measure_id}.", field="id", value=measure_id)
    return kept


def _plain(row: ReturnMeasure) -> dict[str, Any]:
    names = ("id", "product", "measure", "done_on", "note", "said_at", "said_by")
    return {name: getattr(row, name) for name in names}
