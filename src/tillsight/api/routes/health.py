"""Whether the server lives, and whether it can answer. Open, so that a supervisor can ask; says nothing of the shop."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel
from sqlalchemy.exc import SQLAlchemyError

from tillsight.api.access import OPEN, Door
from tillsight.api.envelope import Envelope, ErrorEnvelope, failure, ok
from tillsight.api.services import Given
from tillsight.core.errors import TillsightError

router = APIRouter(tags=["health"], route_class=Door, dependencies=[OPEN])


class Health(BaseModel):
    """The server lives."""

    state: Literal["ok"] = "ok"


class Readiness(BaseModel):
    """The server can answer from this release."""

    state: Literal["ready"] = "ready"
    release: int


@router.get("/healthz", response_model=Envelope[Health])
async def get_health() -> Response:
    """The process answers, however many questions it works on: this needs no thread."""
    return ok(Health())


@router.get("/readyz", response_model=Envelope[Readiness], responses={503: {"model": ErrorEnvelope}})
def get_readiness(given: Given) -> Response:
    """The operational database answers and a release is open; 503 until then."""
    try:
        release = given.shop.releases.current()
    except SQLAlchemyError:
        return failure("NOT_READY", "The operational database does not answer.", 503, {})
    except TillsightError as error:
        return failure("NOT_READY", error.message, 503, {})
    return ok(Readiness(release=release.number))
