"""What every response looks like: status, data, meta; and how values become JSON, with the exact digits of decimals."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Annotated, Any, Generic, Literal, TypeVar

import simplejson
from fastapi import Path, Response
from pydantic import BaseModel, Field
from simplejson.raw_json import RawJSON

T = TypeVar("T")

JSON = "application/json"
_AT_ONCE = 5_000

Number = Annotated[int, Path(ge=1, le=2_147_483_647)]
"""The number of a thing in an address."""


class Meta(BaseModel):
    """About the response."""

    timestamp: datetime = Field(description="when the answer was made, in UTC")


class PageMeta(Meta):
    """About the response, and which page of how many rows it is."""

    page: int
    per_page: int
    total: int = Field(description="rows on all pages together")


class Envelope(BaseModel, Generic[T]):
    """A successful response."""

    status: Literal["success"]
    data: T
    meta: Meta


class Paged(BaseModel, Generic[T]):
    """A successful response that is a page of a longer list."""

    status: Literal["success"]
    data: T
    meta: PageMeta


class ErrorBody(BaseModel):
    """What went wrong: a stable code, one sentence, and what it is about (such as `field` and `reason`)."""

    code: str
    message: str
    details: dict[str, Any]


class ErrorEnvelope(BaseModel):
    """A response that is an error."""

    status: Literal["error"]
    error: ErrorBody
    meta: Meta


def success(data: Any, page: tuple[int, int, int] | None = None) -> bytes:
    """The body of a successful response. `page`: the page, rows of a page, rows in all."""
    meta: dict[str, Any] = {"timestamp": datetime.now(UTC)}
    if page is not None:
        meta |= dict(zip(("page", "per_page", "total"), page, strict=True))
    return to_bytes({"status": "success", "data": data, "meta": meta})


def ok(data: Any, page: tuple[int, int, int] | None = None, status: int = 200) -> Response:
    """A successful response."""
    return Response(success(data, page), status, media_type=JSON)


def failure(
    code: str, message: str, status: int, details: dict[str, Any], headers: dict[str, str] | None = None
) -> Response:
    """A response that is an error."""
    body = {
        "status": "error",
        "error": {"code": code, "message": message, "details": details},
        "meta": {"timestamp": datetime.now(UTC)},
    }
    return Response(to_bytes(body), status, headers, JSON)


def to_bytes(value: Any) -> bytes:
    """A value as JSON in UTF-8: decimals keep their digits, NaN is null, moments are in UTC; an iterator is a list."""
    return _text(value).encode()


def _text(value: Any) -> str:
    return str(
        simplejson.dumps(
            value, use_decimal=True, ignore_nan=True, ensure_ascii=False, separators=(",", ":"), default=_plain
        )
    )


def _list(values: Iterator[Any]) -> RawJSON:
    """A list of which only so many values are there at once; the text takes a fraction of what they take."""
    parts = []
    while some := list(itertools.islice(values, _AT_ONCE)):
        parts.append(_text(some)[1:-1])
    return RawJSON(f"[{','.join(parts)}]")


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(by_alias=True)
    if isinstance(value, datetime):
        return (value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Iterator):
        return _list(value)
    raise TypeError(f"{type(value).__name__} cannot be sent as JSON")
