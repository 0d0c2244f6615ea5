"""Users, for administrators: who there is, inviting, what each may do and see, sessions, the way back in, removing."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from tillsight.accounts import (
    MASKED,
    Access,
    Link,
    SignedIn,
    change_user,
    get_user,
    invite,
    remove_factor,
    remove_user,
    reset_link,
    users_of,
)
from tillsight.api.access import Admin, Door, address_of
from tillsight.api.envelope import Envelope, Number, ok
from tillsight.api.routes.auth import Done, OneSession, SessionsEnded, by, one_session
from tillsight.api.services import Given, Services
from tillsight.core.errors import ConflictError, QuestionError
from tillsight.database import LinkPurpose, Role, User, now
from tillsight.shop import DOMAINS

router = APIRouter(prefix="/api/v1/users", tags=["users"], route_class=Door)

Text = Annotated[str, Field(min_length=1, max_length=500)]
Values = Annotated[list[Text], Field(min_length=1, max_length=1000)]


class AccessIn(BaseModel):
    """What a user may do and see; what is left out stays as it is.

    `rows`: values of dimensions (shop, location, channel, …) that a Limited user may see, all of them where a dimension is
    not named. `masked`: whether persons are masked for him; `role` for what is usual for his role.
    """

    model_config = ConfigDict(extra="forbid")

    role: Role | None = None
    modules: list[Text] | None = Field(None, max_length=50)
    rows: dict[Text, Values] | None = Field(None, max_length=20)
    masked: bool | Literal["role"] | None = None
    active: bool | None = None
    email: str | None = Field(None, max_length=320)

    def access(self) -> Access:
        """As accounts take it."""
        return Access(self.role, self.modules, self.rows, self.masked, self.active, self.email)


class InviteIn(AccessIn):
    """Somebody to invite."""

    name: str = Field(min_length=1, max_length=200)
    role: Role
    by_mail: bool = Field(False, description="send the link to his e-mail address instead of showing it")


class LinkIn(BaseModel):
    """How a link reaches its user."""

    model_config = ConfigDict(extra="forbid")

    by_mail: bool = Field(False, description="send the link to his e-mail address instead of showing it")


class PersonOut(BaseModel):
    """A user. `state`: invited until he has chosen a password; off when he may not come in. `sees_masked`: what holds."""

    id: int
    name: str
    email: str | None
    role: Role
    modules: list[str]
    rows: dict[str, list[str]]
    masked: bool | None
    sees_masked: bool
    state: Literal["active", "invited", "off"]
    factor: bool
    single_sign_on: bool
    sessions: int
    locked_until: datetime | None
    created_at: datetime
    last_sign_in_at: datetime | None


class LinkMade(BaseModel):
    """A link, shown this once: `path` below the address of this server. Whoever has it can choose the password.

    Where it goes by mail, `path` is null and `job` the one that sends it.
    """

    user: PersonOut
    purpose: LinkPurpose
    path: str | None
    job: str | None
    expires_at: datetime


class ModuleOut(BaseModel):
    """A module that can be opened to Limited users."""

    name: str
    title: str


@router.get("", response_model=Envelope[list[PersonOut]])
def list_users(_who: Admin, given: Given) -> Response:
    """Everybody, by name."""
    counts = given.sessions.counts()
    return ok([_person(user, counts.get(user.id, 0)) for user in users_of(given.shop.database)])


@router.get("/modules", response_model=Envelope[list[ModuleOut]])
def list_modules(_who: Admin) -> Response:
    """What can be opened to Limited users."""
    return ok([ModuleOut(name=name, title=title) for name, (title, _) in DOMAINS.items()])


@router.post("", response_model=Envelope[LinkMade], status_code=201)
def invite_user(body: InviteIn, who: Admin, request: Request, given: Given) -> Response:
    """Invite somebody: the answer has the link by which he chooses his password, unless it goes to him by mail."""
    if body.by_mail:
        _may_mail(given, (body.email or "").strip())
    hours = given.shop.settings.accounts.invitation_hours
    made = invite(given.shop.database, body.name, body.access(), hours, by(who, request), given.known)
    return ok(_link(given, made, _mailed(given, made.user, who, request) if body.by_mail else None), status=201)


@router.get("/{user_id}", response_model=Envelope[PersonOut])
def get_one_user(user_id: Number, _who: Admin, given: Given) -> Response:
    """One user."""
    return ok(_one(given, user_id))


@router.patch("/{user_id}", response_model=Envelope[PersonOut])
def change_access(user_id: Number, body: AccessIn, who: Admin, request: Request, given: Given) -> Response:
    """Change what a user may do and see, or switch him off or on. It holds from the next request on."""
    change_user(given.shop.database, user_id, body.access(), by(who, request), given.known)
    return ok(_one(given, user_id))


@router.delete("/{user_id}", response_model=Envelope[Done])
def delete_user(user_id: Number, who: Admin, request: Request, given: Given) -> Response:
    """Remove a user with his sessions and keys."""
    remove_user(given.shop.database, user_id, by(who, request))
    return ok(Done())


@router.post("/{user_id}/link", response_model=Envelope[LinkMade], status_code=201)
def make_link(user_id: Number, who: Admin, request: Request, given: Given, body: LinkIn | None = None) -> Response:
    """Make a link by which the user chooses another password, or his first. Links of before are not good any more."""
    settings = given.shop.settings.accounts
    user = get_user(given.shop.database, user_id)
    by_mail = body is not None and body.by_mail
    if by_mail:
        _may_mail(given, user.email or "")
    hours = settings.invitation_hours if user.password_hash is None else settings.reset_hours
    made = reset_link(given.shop.database, user_id, hours, by(who, request))
    return ok(_link(given, made, _mailed(given, user, who, request) if by_mail else None), status=201)


@router.post("/{user_id}/factor/remove", response_model=Envelope[Done])
def remove_users_factor(user_id: Number, who: Admin, request: Request, given: Given) -> Response:
    """Take away the second factor of somebody who has lost it."""
    remove_factor(given.shop.database, user_id, by(who, request))
    return ok(Done())


@router.get("/{user_id}/sessions", response_model=Envelope[list[OneSession]])
def list_sessions(user_id: Number, who: Admin, given: Given) -> Response:
    """The sessions of a user, the one seen last first."""
    get_user(given.shop.database, user_id)
    return ok([one_session(opened, who) for opened in given.sessions.running(user_id)])


@router.delete("/{user_id}/sessions", response_model=Envelope[SessionsEnded])
def end_sessions(user_id: Number, who: Admin, request: Request, given: Given) -> Response:
    """Sign a user out everywhere."""
    get_user(given.shop.database, user_id)
    return ok(SessionsEnded(ended=given.sessions.end(user_id, by(who, request))))


@router.delete("/{user_id}/sessions/{session_id}", response_model=Envelope[SessionsEnded])
def end_session(user_id: Number, session_id: str, who: Admin, request: Request, given: Given) -> Response:
    """End one session of a user."""
    get_user(given.shop.database, user_id)
    return ok(SessionsEnded(ended=given.sessions.end(user_id, by(who, request), only=session_id)))


def _one(given: Services, user_id: int) -> dict[str, Any]:
    return _person(get_user(given.shop.database, user_id), len(given.sessions.running(user_id)))


def _person(user: User, sessions: int) -> dict[str, Any]:
    elsewhere = user.oidc_subject is not None
    invited = user.password_hash is None and not elsewhere
    return {
        "id": user.id,
        "name": user.name,
        "email": user.email,
        "role": user.role,
        "modules": user.modules,
        "rows": user.rows,
        "masked": user.masked,
        "sees_masked": user.role in MASKED if user.masked is None else user.masked,
        "state": "off" if not user.active else "invited" if invited else "active",
        "factor": user.factor_at is not None,
        "single_sign_on": elsewhere,
        "sessions": sessions if user.active else 0,
        "locked_until": user.locked_until if user.locked_until and user.locked_until > now() else None,
        "created_at": user.created_at,
        "last_sign_in_at": user.last_sign_in_at,
    }


def _may_mail(given: Services, address: str) -> None:
    if not given.shop.settings.mail.host:
        raise ConflictError("No mail is sent from here: name a mail server in the setting mail.host, or show the link.")
    if not address:
        raise QuestionError("To send the link, enter an e-mail address of the user.", field="email")


def _mailed(given: Services, user: User, who: SignedIn, request: Request) -> str:
    """The job that sends a user his link; it makes a new one, whose secret is in the mail alone."""
    address = address_of(request)
    job = given.jobs.start("mail", {"asked": "invitation", "users": [user.id]}, who.name, address=address)
    given.carry(job.id)
    return job.id


def _link(given: Services, made: Link, job: str | None) -> dict[str, Any]:
    # Behind # a browser keeps the secret to itself: it is in no log and no referrer.
    return {
        "user": _one(given, made.user.id),
        "purpose": made.purpose,
        "path": None if job else f"/welcome#{made.token}",
        "job": job,
        "expires_at": made.expires_at,
    }
