"""The audit log: who did what, when, from where; as a page of entries or a file; and whether it is whole."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from tillsight import audit
from tillsight.api.access import Admin, Door
from tillsight.api.envelope import Envelope, Paged, ok, to_bytes
from tillsight.api.services import Given
from tillsight.api.telling import told_download

router = APIRouter(prefix="/api/v1/audit", tags=["audit"], route_class=Door)

_COLUMNS = ("number", "at", "who", "action", "subject", "address", "before", "after", "erased", "hash")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_CSV: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/csv": {"schema": {"type": "string", "format": "binary"}}}}
}
Text = Annotated[str | None, Query(max_length=300)]
Hash = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class EntryOut(BaseModel):
    """Something that was done. `before` and `after` are values as they were; null, and `erased`, where the person they
    were of is erased."""

    number: int
    at: datetime
    who: str
    action: str
    subject: str
    address: str | None
    before: Any
    after: Any
    erased: bool
    hash: str


class FaultOut(BaseModel):
    """Something wrong with the log. `number`: the entry; null for the log as a whole."""

    kind: Literal["changed", "missing", "moved", "cut off", "unsealed"]
    number: int | None
    text: str


class VerdictOut(BaseModel):
    """What a check of the log found. `number` and `hash` of its last entry can be noted, and given to a later check."""

    sound: bool
    entries: int
    number: int
    hash: str
    faults: list[FaultOut]


@router.get("", response_model=Paged[list[EntryOut]], responses=_CSV)
def list_entries(
    who: Admin,
    given: Given,
    request: Request,
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
    per_page: Annotated[int, Query(ge=1, le=500)] = 50,
    user: Text = None,
    action: Text = None,
    subject: Annotated[str | None, Query(max_length=300, description="part of the subject")] = None,
    address: Text = None,
    start: Annotated[datetime | None, Query(alias="from", description="first moment")] = None,
    end: Annotated[datetime | None, Query(alias="to", description="moment before which it was")] = None,
    format: Literal["json", "csv"] = "json",
) -> Response:
    """Entries, the newest first; as a file all that match."""
    zone = given.shop.settings.zone
    first, last = (moment.replace(tzinfo=zone) if moment and not moment.tzinfo else moment for moment in (start, end))
    wanted = audit.Wanted(user, action, subject, address, None, first, last)
    if format == "csv":
        told_download(given, who, request, "audit:entries", format="csv", user=user, action=action)
        headers = {"Content-Disposition": 'attachment; filename="audit.csv"'}
        return StreamingResponse(_lines(given, wanted), headers=headers, media_type="text/csv; charset=utf-8")
    found, total = audit.entries(given.shop.database, wanted, (page - 1) * per_page, per_page)
    return ok([_entry(entry) for entry in found], (page, per_page, total))


@router.get("/actions", response_model=Envelope[list[str]])
def list_actions(_who: Admin, given: Given) -> Response:
    """Every action that the log holds."""
    return ok(audit.actions(given.shop.database))


@router.get("/verdict", response_model=Envelope[VerdictOut])
def get_verdict(
    _who: Admin,
    given: Given,
    number: Annotated[int | None, Query(ge=1, description="entry that was noted")] = None,
    hash: Annotated[Hash | None, Query(description="its hash")] = None,
) -> Response:
    """Check the log from its first entry to its last."""
    verdict = audit.verify(given.shop.database, (number, hash) if number and hash else None)
    faults = [{"kind": fault.kind, "number": fault.number, "text": fault.text} for fault in verdict.faults]
    return ok(
        {
            "sound": verdict.sound,
            "entries": verdict.entries,
            "number": verdict.number,
            "hash": verdict.hash,
            "faults": faults,
        }
    )


def _entry(entry: audit.Entry) -> dict[str, Any]:
    return {name: getattr(entry, name) for name in EntryOut.model_fields}


def _lines(given: Given, wanted: audit.Wanted) -> Iterator[bytes]:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for entry in audit.every_entry(given.shop.database, wanted):
        writer.writerow([_cell(name, getattr(entry, name)) for name in _COLUMNS])
        if out.tell() > 60_000:
            yield out.getvalue().encode()
            out.seek(0)
            out.truncate()
    yield out.getvalue().encode()


def _cell(name: str, value: Any) -> Any:
    """A cell: values as JSON, moments in UTC; what a spreadsheet would take for a formula gets an apostrophe in front."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat()
    if name in ("before", "after"):
        return to_bytes(value).decode()
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
