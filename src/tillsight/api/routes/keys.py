"""Keys of programs: one's own, and for administrators those of all."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from tillsight.accounts import create_key, end_key, keys_of
from tillsight.accounts.keys import LONGEST_DAYS
from tillsight.api.access import Admin, Door, Oneself
from tillsight.api.envelope import Envelope, ok
from tillsight.api.routes.auth import Done, by
from tillsight.api.services import Given
from tillsight.database import ApiKey
from tillsight.shop import DOMAINS

router = APIRouter(prefix="/api/v1/keys", tags=["keys"], route_class=Door)


class KeyIn(BaseModel):
    """A key to make. `scopes`: read, write or admin, or read:<module> for single modules. `days`: null has no end."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=100)
    scopes: list[Annotated[str, Field(max_length=60)]] = Field(min_length=1, max_length=20)
    days: int | None = Field(90, ge=1, le=LONGEST_DAYS)


class KeyOut(BaseModel):
    """A key. `prefix`: its visible beginning."""

    id: str
    name: str
    user: str
    prefix: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    last_address: str | None


class KeyMade(BaseModel):
    """A new key with its text, shown this once."""

    key: KeyOut
    text: str


@router.get("", response_model=Envelope[list[KeyOut]])
def list_keys(who: Oneself, given: Given) -> Response:
    """The own keys, the newest first."""
    return ok([_key(key, name) for key, name in keys_of(given.shop.database, who.user_id)])


@router.post("", response_model=Envelope[KeyMade], status_code=201)
def make_key(body: KeyIn, who: Oneself, request: Request, given: Given) -> Response:
    """Make a key that acts as oneself, within its scopes."""
    key, text = create_key(
        given.shop.database, who.user_id, body.name, body.scopes, list(DOMAINS), body.days, by(who, request)
    )
    return ok({"key": _key(key, who.name), "text": text}, status=201)


@router.get("/all", response_model=Envelope[list[KeyOut]])
def list_all_keys(_who: Admin, given: Given) -> Response:
    """The keys of everybody, the newest first."""
    return ok([_key(key, name) for key, name in keys_of(given.shop.database)])


@router.delete("/{key_id}", response_model=Envelope[Done])
def delete_key(key_id: str, who: Oneself, request: Request, given: Given) -> Response:
    """End a key: one of one's own; an administrator ends any."""
    end_key(given.shop.database, key_id, by(who, request), None if who.role == "admin" else who.user_id)
    return ok(Done())


def _key(key: ApiKey, user: str) -> dict[str, Any]:
    return {name: getattr(key, name) for name in KeyOut.model_fields if name != "user"} | {"user": user}
