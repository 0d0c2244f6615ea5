"""Single sign-on (OpenID Connect): out to the issuer, and back with a session. Both are visited, not called by the page."""

from __future__ import annotations

import logging
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from tillsight.accounts.oidc import CALLBACK, Asked, user_of
from tillsight.api.access import OPEN, Door, address_of
from tillsight.api.routes.auth import device_of, with_cookie
from tillsight.api.services import Given, Services
from tillsight.core.errors import NotFoundError, NotSignedInError, TillsightError

PATH = "/api/v1/oidc"
MINUTES = 10
_LOG = logging.getLogger(__name__)

router = APIRouter(prefix=PATH, tags=["auth"], route_class=Door)
Next = Annotated[str, Query(max_length=2000)]


@router.get("/start", include_in_schema=False, dependencies=[OPEN])
def start_single_sign_on(request: Request, given: Given, next: Next = "") -> Response:
    """Send the browser to the issuer. `next`: the page to open afterwards."""
    given.sign_ins.take(address_of(request))
    issuer = given.issuer
    if issuer is None:
        raise NotFoundError("Single sign-on is not set up; sign in with name and password.")
    asked = Asked.new()
    claims = {"state": asked.state, "nonce": asked.nonce, "verifier": asked.verifier, "next": _own_path(next)}
    try:
        response = RedirectResponse(issuer.address(asked, _back(request, given)), status_code=303)
    except TillsightError as error:
        _LOG.warning("Single sign-on: %s", error.message)
        return _to_sign_in(error.message)
    response.set_cookie(
        _cookie(given),
        given.sessions.sealed(claims, MINUTES * 60),
        max_age=MINUTES * 60,
        path=PATH,
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="lax",  # the issuer sends the browser back: a strict cookie would stay behind
    )
    return response


@router.get("/callback", include_in_schema=False, dependencies=[OPEN])
def finish_single_sign_on(
    request: Request,
    given: Given,
    state: Annotated[str, Query(max_length=500)] = "",
    code: Annotated[str, Query(max_length=4000)] = "",
) -> Response:
    """Come back from the issuer, and open a session where it says who somebody is."""
    given.sign_ins.take(address_of(request))
    claims = given.sessions.unsealed(request.cookies.get(_cookie(given), ""))
    following = ""
    try:
        issuer = given.issuer
        if issuer is None:
            raise NotFoundError("Single sign-on is not set up; sign in with name and password.")
        if claims is None or not state or state != claims.get("state"):
            raise NotSignedInError("This answer was not asked for by this browser, or too long ago; begin again.")
        if not code:
            raise NotSignedInError("The issuer did not let you in.")
        following = str(claims["next"])
        asked = Asked(state, str(claims["nonce"]), str(claims["verifier"]))
        said = issuer.claims(asked, code, _back(request, given))
        user = user_of(given.shop.database, issuer.settings.issuer, said, issuer.role_of(said), address_of(request))
        tokens = given.sessions.open(user, "oidc", device_of(request))
    except TillsightError as error:
        _LOG.warning("Single sign-on: %s", error.message)
        response = _to_sign_in(error.message)
    else:
        response = with_cookie(_to_sign_in("in", following), request, given, tokens)
    response.delete_cookie(_cookie(given), path=PATH)
    return response


def _to_sign_in(how: str, following: str = "") -> Response:
    query = {"signed": how} | ({"next": following} if following else {})
    return RedirectResponse(f"/sign-in?{urlencode(query)}", status_code=303)


def _own_path(path: str) -> str:
    """A path of the page alone, never another host."""
    return path if path.startswith("/") and path[1:2] not in ("/", "\\") else ""


def _back(request: Request, given: Services) -> str:
    base = given.shop.settings.oidc.address or f"{request.url.scheme}://{request.headers.get('host', '')}"
    return f"{base}{CALLBACK}"


def _cookie(given: Services) -> str:
    return f"{given.cookie}-oidc"
