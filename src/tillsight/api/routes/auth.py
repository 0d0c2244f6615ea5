"""Signing in, staying signed in, signing out; and what everybody does about himself: password, second factor, sessions.

The access token goes in the body and lives in the memory of the page; the refresh token goes in a cookie that scripts
cannot read and that is sent to these addresses alone. No other site can make a browser use it (see `from_the_page`).
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from tillsight.accounts import (
    By,
    Device,
    SignedIn,
    Ticket,
    Tokens,
    accept_link,
    change_password,
    factors,
    look_at_link,
    meant,
)
from tillsight.accounts.passwords import verify_password
from tillsight.api.access import OPEN, Anybody, Door, Oneself, address_of
from tillsight.api.envelope import Envelope, ok
from tillsight.api.services import Given, Services
from tillsight.core.errors import ConflictError, NotAllowedError, NotSignedInError, QuestionError
from tillsight.database import LinkPurpose, Role, SignInMethod, SignInSession, User, now

PATH = "/api/v1/auth"
_BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrom", "Chrome"), ("Safari", "Safari"))
_SYSTEMS = (
    ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS", "macOS"),
    ("CrOS", "ChromeOS"), ("Linux", "Linux"),
)  # fmt: skip


def from_the_page(request: Request) -> None:
    """Another site, or another port of this machine, must not make a browser use its cookie here.

    Browsers say where a request comes from (Sec-Fetch-Site, older ones Origin), and no script can change it. What says
    neither is no browser, and has no cookie but its own.
    """
    site = request.headers.get("sec-fetch-site")
    if site is None:
        origin = request.headers.get("origin")
        own = origin is None or urlsplit(origin).netloc == request.headers.get("host", "")
    else:
        own = site in ("same-origin", "none")
    if not own:
        raise NotAllowedError("Another site asked for this; only the page itself may.")


router = APIRouter(prefix=PATH, tags=["auth"], route_class=Door, dependencies=[Depends(from_the_page)])
Password = Annotated[str, Field(min_length=1, max_length=1000)]
Code = Annotated[str, Field(min_length=6, max_length=40)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Login(_Body):
    """Who wants to come in."""

    user: str = Field(min_length=1, max_length=200)
    password: Password


class FactorIn(_Body):
    """The ticket that the password gave, and a code of the authenticator or a recovery code."""

    ticket: str = Field(min_length=1, max_length=2000)
    code: Code


class UserOut(BaseModel):
    """Somebody who is signed in. `modules`: what he sees, null for all; `factor_due`: he must set up a second factor."""

    name: str
    role: Role
    modules: list[str] | None
    masked: bool
    factor: bool
    factor_due: bool


class SessionOut(BaseModel):
    """What signing in gives. `expires_in`: seconds that the access token is valid."""

    access_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 (a kind, not a password)
    expires_in: int
    user: UserOut


class TicketOut(BaseModel):
    """The password is right, and a code is needed: the ticket is good with it for `expires_in` seconds."""

    ticket: str
    expires_in: int


class Ended(BaseModel):
    """The session has ended."""

    signed_in: Literal[False] = False


class Done(BaseModel):
    """It is done."""

    done: Literal[True] = True


class OptionsOut(BaseModel):
    """How one can sign in besides with a password: the words of the button, or null. `mail`: whether links are sent by mail."""

    single_sign_on: str | None
    mail: bool


class ForgottenIn(_Body):
    """Who cannot come in: his name, or his e-mail address."""

    user: str = Field(min_length=1, max_length=320)


class TokenIn(_Body):
    """The secret part of a link."""

    token: str = Field(min_length=1, max_length=200)


class LinkOut(BaseModel):
    """Whose a link is and what for."""

    name: str
    purpose: LinkPurpose
    shop: str
    expires_at: datetime


class AcceptIn(TokenIn):
    """A link, and the password chosen by it."""

    password: Password


class PasswordIn(_Body):
    """The password of now and the one to be."""

    current: Password
    password: Password


class OneSession(BaseModel):
    """A session: a device on which one is signed in. `current`: the one that asks."""

    id: str
    device: str
    address: str
    method: SignInMethod
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    current: bool


class SessionsEnded(BaseModel):
    """How many sessions ended."""

    ended: int


class ProofIn(_Body):
    """The own password, before something about the sign-in changes. Who signs in elsewhere has none."""

    password: str = Field("", max_length=1000)


class CodeIn(_Body):
    """A code of the authenticator."""

    code: Code


class EnrolmentOut(BaseModel):
    """What an authenticator needs, this once: the secret, its address, and that as a picture (SVG)."""

    secret: str
    address: str
    picture: str


class CodesOut(BaseModel):
    """Recovery codes, this once."""

    recovery_codes: list[str]


class FactorOut(BaseModel):
    """The second factor: whether and since when it is on, how many recovery codes are left, whether the role needs it."""

    on: bool
    since: datetime | None
    codes_left: int
    required: bool


@router.post("/login", response_model=Envelope[SessionOut | TicketOut], dependencies=[OPEN])
def login(body: Login, request: Request, given: Given) -> Response:
    """Sign in with name and password; who has a second factor gets a ticket for the next step."""
    given.sign_ins.take(address_of(request))
    return entered(request, given, given.sessions.sign_in(body.user, body.password, device_of(request)))


@router.post("/second-factor", response_model=Envelope[SessionOut], dependencies=[OPEN])
def second_factor(body: FactorIn, request: Request, given: Given) -> Response:
    """Sign in with the ticket and a code."""
    given.sign_ins.take(address_of(request))
    return entered(request, given, given.sessions.second_factor(body.ticket, body.code, device_of(request)))


@router.get("/options", response_model=Envelope[OptionsOut], dependencies=[OPEN])
def get_options(given: Given) -> Response:
    """How one can sign in."""
    settings = given.shop.settings
    return ok(
        OptionsOut(single_sign_on=settings.oidc.title if settings.oidc.issuer else None, mail=bool(settings.mail.host))
    )


@router.post("/forgotten", response_model=Envelope[Done], dependencies=[OPEN], status_code=202)
def ask_for_link(body: ForgottenIn, request: Request, given: Given) -> Response:
    """Ask for a link to choose another password, by mail. Whether anybody gets one is never told, and takes no other time."""
    given.sign_ins.take(address_of(request))
    if not given.shop.settings.mail.host:
        raise ConflictError("No mail is sent from here: ask an administrator for a link to choose another password.")
    # a job in any case: it finds out that nobody was meant, and this answer does not depend on it
    users = meant(given.shop.database, body.user)
    job = given.jobs.start("mail", {"asked": "reset", "users": users}, None, address=address_of(request))
    given.carry(job.id)
    return ok(Done(), status=202)


@router.post("/refresh-token", response_model=Envelope[SessionOut], dependencies=[OPEN])
def refresh_token(request: Request, given: Given) -> Response:
    """Exchange the refresh token of the cookie for the next pair of tokens."""
    token = request.cookies.get(given.cookie)
    if token is None:
        raise NotSignedInError("There is no session: sign in.")
    return entered(request, given, given.sessions.refresh(token))


@router.post("/logout", response_model=Envelope[Ended], dependencies=[OPEN])
def logout(request: Request, given: Given) -> Response:
    """End the session of the cookie, here and wherever its tokens are."""
    token = request.cookies.get(given.cookie)
    if token is not None:
        given.sessions.sign_out(token, address_of(request))
    response = ok(Ended())
    response.delete_cookie(given.cookie, path=PATH)
    return response


@router.get("/me", response_model=Envelope[UserOut])
def me(who: Anybody) -> Response:
    """Who is signed in, or whose key it is."""
    return ok(_user(who))


@router.post("/link", response_model=Envelope[LinkOut], dependencies=[OPEN])
def look_at(body: TokenIn, request: Request, given: Given) -> Response:
    """Whose an invitation or a link to choose another password is."""
    given.sign_ins.take(address_of(request))
    user, link = look_at_link(given.shop.database, body.token)
    return ok(LinkOut(name=user.name, purpose=link.purpose, shop=given.shop.settings.name, expires_at=link.expires_at))


@router.post("/link/accept", response_model=Envelope[Done], dependencies=[OPEN])
def accept(body: AcceptIn, request: Request, given: Given) -> Response:
    """Choose a password by a link, which is used up. Then sign in with it."""
    given.sign_ins.take(address_of(request))
    accept_link(given.shop.database, body.token, body.password, address_of(request))
    return ok(Done())


@router.post("/password", response_model=Envelope[Done])
def set_own_password(body: PasswordIn, who: Oneself, request: Request, given: Given) -> Response:
    """Change the own password: every other session ends."""
    given.sign_ins.take(address_of(request))
    change_password(given.shop.database, who.user_id, body.current, body.password, who.session, by(who, request))
    return ok(Done())


@router.get("/sessions", response_model=Envelope[list[OneSession]])
def list_own_sessions(who: Oneself, given: Given) -> Response:
    """The own sessions, the one seen last first."""
    return ok([one_session(opened, who) for opened in given.sessions.running(who.user_id)])


@router.delete("/sessions", response_model=Envelope[SessionsEnded])
def end_own_sessions(who: Oneself, request: Request, given: Given, others: bool = False) -> Response:
    """Sign out everywhere, here too; with `others`, everywhere but here."""
    return ok(
        SessionsEnded(ended=given.sessions.end(who.user_id, by(who, request), but=who.session if others else None))
    )


@router.delete("/sessions/{session_id}", response_model=Envelope[SessionsEnded])
def end_own_session(session_id: str, who: Oneself, request: Request, given: Given) -> Response:
    """End one of the own sessions."""
    return ok(SessionsEnded(ended=given.sessions.end(who.user_id, by(who, request), only=session_id)))


@router.get("/factor", response_model=Envelope[FactorOut])
def get_factor(who: Oneself, given: Given) -> Response:
    """The own second factor."""
    with given.shop.database.read() as session:
        user = session.get_one(User, who.user_id)
        left = factors.codes_left(session, user.id)
    return ok(
        FactorOut(
            on=user.factor_at is not None,
            since=user.factor_at,
            codes_left=left,
            required=user.role in given.shop.settings.accounts.second_factor,
        )
    )


@router.post("/factor", response_model=Envelope[EnrolmentOut])
def begin_factor(body: ProofIn, who: Oneself, request: Request, given: Given) -> Response:
    """Begin to set up a second factor: it is on when its first code is given."""
    _prove(given, request, who, body.password)
    with given.shop.database.write() as session:
        user = session.get_one(User, who.user_id)
        made = factors.begin(session, user, given.sessions.cipher, given.shop.settings.name)
    return ok(EnrolmentOut(secret=made.secret, address=made.address, picture=made.picture))


@router.post("/factor/confirm", response_model=Envelope[CodesOut])
def confirm_factor(body: CodeIn, who: Oneself, request: Request, given: Given) -> Response:
    """Switch the second factor on with its first code; gives the recovery codes."""
    given.sign_ins.take(address_of(request))
    with given.shop.database.write() as session:
        user = session.get_one(User, who.user_id)
        codes = factors.confirm(session, user, given.sessions.cipher, body.code, by(who, request))
    return ok(CodesOut(recovery_codes=codes))


@router.post("/factor/codes", response_model=Envelope[CodesOut])
def renew_codes(body: ProofIn, who: Oneself, request: Request, given: Given) -> Response:
    """Make new recovery codes in place of the ones before."""
    _prove(given, request, who, body.password)
    if not who.factor:
        raise QuestionError("There is no second factor yet; set it up first.")
    with given.shop.database.write() as session:
        codes = factors.renew(session, session.get_one(User, who.user_id), by(who, request))
    return ok(CodesOut(recovery_codes=codes))


@router.post("/factor/remove", response_model=Envelope[Done])
def remove_own_factor(body: ProofIn, who: Oneself, request: Request, given: Given) -> Response:
    """Take the own second factor away. Where the role needs one, the next must be set up at once."""
    _prove(given, request, who, body.password)
    with given.shop.database.write() as session:
        factors.remove(session, session.get_one(User, who.user_id), by(who, request))
    return ok(Done())


def entered(request: Request, given: Services, gained: Tokens | Ticket) -> Response:
    """The response to somebody who came in, with the cookie; or to somebody who needs a code yet."""
    if isinstance(gained, Ticket):
        return ok(TicketOut(ticket=gained.ticket, expires_in=gained.expires_in))
    body = SessionOut(access_token=gained.access_token, expires_in=gained.expires_in, user=_user(gained.user))
    return with_cookie(ok(body), request, given, gained)


def with_cookie(response: Response, request: Request, given: Services, tokens: Tokens) -> Response:
    """A response that leaves the refresh token with the browser."""
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


def one_session(opened: SignInSession, who: SignedIn | None = None) -> dict[str, Any]:
    """A session as it is shown."""
    shown = {name: getattr(opened, name) for name in OneSession.model_fields if name != "current"}
    return {**shown, "current": who is not None and opened.id == who.session}


def by(who: SignedIn, request: Request) -> By:
    """Who does something, and from where."""
    return By(who.name, address_of(request) or None)


def device_of(request: Request) -> Device:
    """The browser and the system that somebody uses, in words where they are known."""
    said = request.headers.get("user-agent", "")
    browser = next((name for part, name in _BROWSERS if part in said), None)
    system = next((name for part, name in _SYSTEMS if part in said), None)
    plain = re.sub(r"[^\x20-\x7e]", "", said)[:60]
    return Device(f"{browser} on {system}" if browser and system else plain, address_of(request))


def _user(who: SignedIn) -> UserOut:
    return UserOut(
        name=who.name,
        role=who.role,
        modules=list(who.modules) if who.modules is not None else None,
        masked=who.masked,
        factor=who.factor,
        factor_due=who.factor_due,
    )


def _prove(given: Services, request: Request, who: SignedIn, password: str) -> None:
    """Whoever sits at a screen that somebody left open cannot change how that person signs in."""
    given.sign_ins.take(address_of(request))
    with given.shop.database.read() as session:
        kept = session.get_one(User, who.user_id).password_hash
    if kept is not None and not verify_password(password, kept):
        raise QuestionError("The password is wrong.", field="password")
