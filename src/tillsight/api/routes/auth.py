"""Signing in, staying signed in, signing out, and who is signed in.

The access token goes in the body and lives in the memory of the page; the refresh token goes in a cookie that scripts
cannot read and that is sent to these addresses alone.
"""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from tillsight.accounts import Tokens
from tillsight.api.access import OPEN, Anybody, Door
from tillsight.api.envelope import Envelope, ok
from tillsight.api.services import Given, Services
from tillsight.core.errors import NotAllowedError, NotSignedInError
from tillsight.database import Role, now

PATH = "/api/v1/auth"


def _from_the_page(request: Request) -> None:
    """Another site, or another port of this machine, must not make a browser use its cookie here."""
    if request.headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
        raise NotAllowedError("Another site asked for this; only the page itself may.")


router = APIRouter(prefix=PATH, tags=["auth"], route_class=Door, dependencies=[Depends(_from_the_page)])


class Login(BaseModel):
    """Who wants to come in."""

    model_config = ConfigDict(extra="forbid")

    user: str = Field(min_length=1, max_length=200)
    password: str = Field(min_length=1, max_length=1000)


class UserOut(BaseModel):
    """Somebody who is signed in."""

    name: str
    role: Role


class SessionOut(BaseModel):
    """What signing in gives. `expires_in`: seconds that the access token is valid."""

    access_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 (a kind, not a password)
    expires_in: int
    user: UserOut


class Ended(BaseModel):
    """The session has ended."""

    signed_in: Literal[False] = False


@router.post("/login", response_model=Envelope[SessionOut], dependencies=[OPEN])
def login(body: Login, request: Request, given: Given) -> Response:
    """Sign in with name and password."""
    return _session(request, given, given.sessions.sign_in(body.user, body.password))


@router.post("/refresh-token", response_model=Envelope[SessionOut], dependencies=[OPEN])
def refresh_token(request: Request, given: Given) -> Response:
    """Exchange the refresh token of the cookie for the next pair of tokens."""
    token = request.cookies.get(given.cookie)
    if token is None:
        raise NotSignedInError("There is no session: sign in.")
    return _session(request, given, given.sessions.refresh(token))


@router.post("/logout", response_model=Envelope[Ended], dependencies=[OPEN])
def logout(request: Request, given: Given) -> Response:
    """End the session of the cookie, here and wherever its tokens are."""
    token = request.cookies.get(given.cookie)
    if token is not None:
        given.sessions.sign_out(token)
    response = ok(Ended())
    response.delete_cookie(given.cookie, path=PATH)
    return response


@router.get("/me", response_model=Envelope[UserOut])
def me(who: Anybody) -> Response:
    """Who is signed in."""
    return ok(UserOut(name=who.name, role=who.role))


def _session(request: Request, given: Services, tokens: Tokens) -> Response:
    user = UserOut(name=tokens.user.name, role=tokens.user.role)
    response = ok(SessionOut(access_token=tokens.access_token, expires_in=tokens.expires_in, user=user))
    response.set_cookie(
        given.cookie,
        tokens.refresh_token,
        max_age=int((tokens.session_until - now()).total_seconds()),
        path=PATH,
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )
    return response
