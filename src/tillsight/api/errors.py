"""Every error in the one format: ours, wrong parameters, unknown addresses, wrong methods, and what nobody expected."""

from __future__ import annotations

import logging
import secrets
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException

from tillsight.api.access import address_of
from tillsight.api.envelope import failure
from tillsight.api.services import Services
from tillsight.core.errors import NotBuiltError, TillsightError

_LOG = logging.getLogger(__name__)
_CODES = {
    400: "BAD_REQUEST",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    413: "TOO_LARGE",
    415: "UNSUPPORTED_MEDIA_TYPE",
    421: "WRONG_HOST",
}


def handle_errors(app: FastAPI) -> None:
    """Give every error of an app the one format. What nobody expected is caught further out, see `guard`."""
    handlers: dict[type[Exception], Any] = {
        NotBuiltError: _not_built,
        TillsightError: _ours,
        RequestValidationError: _wrong_request,
        HTTPException: _http,
        SQLAlchemyError: _database,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)


def _ours(request: Request, error: TillsightError) -> Response:
    if error.status >= 500:
        _LOG.error("%s %s: %s", request.method, request.url.path, error.message, exc_info=error)
    return known(error)


def _not_built(request: Request, error: NotBuiltError) -> Response:
    """Have it built by a job, once however often it is asked for. Only for those who may build does this error come up."""
    given: Services = request.app.state.services
    moment = error.details["as_of"]
    active = [job for state in ("queued", "running") for job in given.jobs.list(0, 100, state)[0]]
    job = next((job for job in active if job.kind == "build" and job.params.get("as_of") == moment), None)
    if job is None:
        job = given.jobs.start("build", {"as_of": moment}, error.details.get("user"), address=address_of(request))
        given.carry(job.id)
    return failure(error.code, error.message, error.status, {"job": job.id, "as_of": moment}, {"Retry-After": "5"})


def known(error: TillsightError) -> Response:
    """An error of ours as a response."""
    headers: dict[str, str] = {}
    if "retry_after" in error.details:
        headers["Retry-After"] = str(error.details["retry_after"])
    if error.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return failure(error.code, error.message, error.status, error.details, headers)


def _wrong_request(_request: Request, error: RequestValidationError) -> Response:
    problems = [_problem(item) for item in error.errors()]
    first = problems[0]
    more = f" ({len(problems) - 1} more in details.)" if len(problems) > 1 else ""
    message = f"{first['field'] or 'The request'} is wrong: {first['reason']}.{more}"
    details: dict[str, Any] = dict(first)
    if len(problems) > 1:
        details["errors"] = problems
    return failure("VALIDATION_ERROR", message, 422, details)


def _problem(item: dict[str, Any]) -> dict[str, str]:
    place = [str(part) for part in item["loc"] if part not in ("body", "query", "path", "cookie", "header")]
    if item["type"] == "json_invalid":
        return {"field": "", "reason": "the body is not JSON"}
    reason = str(item["msg"]).removeprefix("Value error, ").rstrip(".")
    return {"field": ".".join(place), "reason": reason[:1].lower() + reason[1:]}


def _http(_request: Request, error: HTTPException) -> Response:
    sentences = {
        404: "There is nothing at this address.",
        405: "This address does not take this method.",
        400: "The request cannot be read.",
    }
    message = sentences.get(error.status_code) or str(error.detail)
    code = _CODES.get(error.status_code, "FAILED")
    return failure(code, message, error.status_code, {}, dict(error.headers or {}))


def _database(request: Request, error: SQLAlchemyError) -> Response:
    number = log_unexpected(request.method, request.url.path, error)
    message = (
        f"The operational database did not answer; try again. The log of the server has the details under {number}."
    )
    return failure("DATABASE_ERROR", message, 503, {"id": number}, {"Retry-After": "5"})


def unexpected(method: str, path: str, error: Exception) -> Response:
    """What nobody expected: logged with an id, and nothing of the inside told."""
    number = log_unexpected(method, path, error)
    message = f"The server failed; the details are in its log under {number}."
    return failure("INTERNAL_ERROR", message, 500, {"id": number})


def log_unexpected(method: str, path: str, error: Exception) -> str:
    """Log an error with its traceback, without the query, which may hold personal values. Returns the id."""
    number = secrets.token_hex(4)
    _LOG.error("Error %s at %s %s", number, method, path, exc_info=error)
    return number
