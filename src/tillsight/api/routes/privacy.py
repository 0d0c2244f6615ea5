"""Privacy, for administrators: find a person, see what is kept, hand it over, erase it; choices; retention.

Identifiers travel in the body of a request, never in its address: addresses are written into logs on the way.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from tillsight.api.access import Admin, Door, address_of
from tillsight.api.envelope import Envelope, ok
from tillsight.api.routes.data import JobOut, job_out
from tillsight.api.services import Given
from tillsight.database import Erasure, ErasureMode
from tillsight.privacy import Identifier, Kind, Purpose

router = APIRouter(prefix="/api/v1/privacy", tags=["privacy"], route_class=Door)

_ZIP: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}}}
}
Text = Annotated[str, Field(min_length=1, max_length=320)]


class FindIn(BaseModel):
    """Whom to find: any identifier. `kind` and `shop` narrow it down."""

    model_config = ConfigDict(extra="forbid")

    text: Text
    kind: Kind | None = None
    shop: Annotated[str, Field(max_length=50)] | None = None


class PersonIn(BaseModel):
    """A person who was found, by one of the identifiers."""

    model_config = ConfigDict(extra="forbid")

    kind: Kind
    value: Text
    shop: Annotated[str, Field(max_length=50)] = ""

    @property
    def identifier(self) -> Identifier:
        """As privacy takes it."""
        return Identifier(self.kind, self.value, self.shop)


class EraseIn(PersonIn):
    """Whom to erase or anonymise. `confirmation`: the identifier once more, as typed."""

    mode: ErasureMode = "erase"
    confirmation: Text


class ChoiceIn(PersonIn):
    """What a person chose on a use of their data."""

    purpose: Purpose
    granted: bool


class IdentifierOut(BaseModel):
    """An identifier. `shop` is empty for kinds that mean the same in every shop."""

    kind: Kind
    title: str
    value: str
    shop: str


class TableRows(BaseModel):
    """How many rows of a table are of a person."""

    name: str
    title: str
    rows: int


class FoundOut(BaseModel):
    """Somebody who was found. `shared`: identifiers on their rows that others have too; those stay."""

    identifiers: list[IdentifierOut]
    names: list[str]
    tables: list[TableRows]
    shared: list[IdentifierOut]


class PreviewOut(FoundOut):
    """What of a person is kept where. `files`: of landing; `audit_keys`: keys of the audit log that will be destroyed."""

    loads: list[str]
    files: int
    audit_keys: int


class ConsentOut(BaseModel):
    """Whether a use is allowed, since when, and who says so: written down here, the shop's files, or what holds by default."""

    purpose: Purpose
    title: str
    granted: bool
    since: str | None
    source: Literal["here", "files", "default"]


class ErasureOut(BaseModel):
    """Somebody who was erased or anonymised: counts alone. `report`: what was found and done."""

    id: str
    mode: ErasureMode
    state: Literal["begun", "done"]
    created_by: str | None
    created_at: datetime
    finished_at: datetime | None
    report: dict[str, Any]


class ErasingOut(BaseModel):
    """What was begun, and the job that carries it out."""

    erasure: ErasureOut
    job: JobOut


class KeptTable(BaseModel):
    """A rule by table: the first day that is kept, and rows that are older."""

    name: str
    title: str
    rows: int
    kept_from: date


class RetentionOut(BaseModel):
    """What the rules of retention would remove now."""

    tables: list[KeptTable]
    raw: int
    rejects: int
    jobs: int


@router.post("/find", response_model=Envelope[list[FoundOut]])
def find_person(who: Admin, given: Given, request: Request, asked: FindIn) -> Response:
    """Everybody who has an identifier: usually one, or nobody."""
    found = given.shop.desk.find(asked.text, who.name, asked.kind, asked.shop, address_of(request) or None)
    return ok([person.to_dict() for person in found])


@router.post("/preview", response_model=Envelope[PreviewOut])
def preview_person(_who: Admin, given: Given, asked: PersonIn) -> Response:
    """What of a person is kept where, in counts."""
    return ok(given.shop.desk.preview(asked.identifier))


@router.post("/export", response_model=None, response_class=Response, responses=_ZIP)
def export_person(who: Admin, given: Given, request: Request, asked: PersonIn) -> Response:
    """Everything that is kept of a person, as a ZIP of JSON and CSV by table with an index to read."""
    made = given.shop.desk.export(asked.identifier, who.name, address_of(request) or None)
    headers = {"Content-Disposition": 'attachment; filename="person.zip"'}
    return Response(made, headers=headers, media_type="application/zip")


@router.post("/erase", response_model=Envelope[ErasingOut], status_code=202)
def erase_person(who: Admin, given: Given, request: Request, asked: EraseIn) -> Response:
    """Erase or anonymise a person for good. From now on they do not come back; a job takes them out of everything."""
    address = address_of(request) or None
    erasure = given.shop.desk.erase(asked.identifier, asked.mode, asked.confirmation, who.name, address)
    job = given.jobs.start("erase", {"erasure": erasure.id}, who.name, address=address)
    given.carry(job.id)
    return ok({"erasure": _erasure(erasure), "job": job_out(job)}, status=202)


@router.get("/erasures", response_model=Envelope[list[ErasureOut]])
def list_erasures(
    _who: Admin,
    given: Given,
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
    per_page: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """What was erased and anonymised, the newest first. No person is named."""
    return ok([_erasure(erasure) for erasure in given.shop.desk.erasures((page - 1) * per_page, per_page)])


@router.post("/consents", response_model=Envelope[list[ConsentOut]])
def list_consents(_who: Admin, given: Given, asked: PersonIn) -> Response:
    """What a person allows and refuses, use by use."""
    return ok(given.shop.desk.consents(asked.identifier))


@router.put("/consents", response_model=Envelope[list[ConsentOut]])
def change_consent(who: Admin, given: Given, request: Request, asked: ChoiceIn) -> Response:
    """Write down what a person chose, such as the opt-out of sale and sharing; it goes before what the shop's files say."""
    address = address_of(request) or None
    return ok(given.shop.desk.choose(asked.identifier, asked.purpose, asked.granted, who.name, address))


@router.get("/retention", response_model=Envelope[RetentionOut])
def get_retention(_who: Admin, given: Given) -> Response:
    """What the rules of retention (settings) would remove now."""
    return ok(given.shop.would_remove().to_dict())


@router.post("/retention", response_model=Envelope[JobOut], status_code=202)
def apply_retention(who: Admin, given: Given, request: Request) -> Response:
    """Remove it, in the background."""
    job = given.jobs.start("retention", {}, who.name, address=address_of(request))
    given.carry(job.id)
    return ok(job_out(job), status=202)


def _erasure(erasure: Erasure) -> dict[str, Any]:
    return {name: getattr(erasure, name) for name in ErasureOut.model_fields}
