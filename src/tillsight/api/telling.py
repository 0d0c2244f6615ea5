"""What the audit log is told by the API itself: files that were taken away."""

from __future__ import annotations

from typing import Any

from fastapi import Request

from tillsight import audit
from tillsight.accounts import SignedIn
from tillsight.api.access import address_of
from tillsight.api.services import Services
from tillsight.metrics.question import Question


def told_download(given: Services, who: SignedIn, request: Request, subject: str, **what: Any) -> None:
    """Somebody takes a file away. `what`: its format and what was asked; no values of persons."""
    with given.shop.database.write() as session:
        audit.record(
            session,
            who=who.name,
            action="file.downloaded",
            subject=subject,
            after=what,
            address=address_of(request) or None,
        )


def asked(question: Question) -> dict[str, Any]:
    """A question as the log keeps it: which dimensions were filtered, not to which values, as these may be a person's."""
    return {
        "metrics": question.metrics,
        "by": question.by,
        "grain": question.grain,
        "from": question.start,
        "to": question.end,
        "period": question.period,
        "filters": [part.dimension for part in question.where],
    }
