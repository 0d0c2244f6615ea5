"""Users: the administrator of the first start, and the others: invited, changed, removed. One administrator always stays.

Every change stands in the audit log with what was before and after, in the transaction that makes it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import Session

from tillsight.accounts import factors
from tillsight.accounts.passwords import hash_password, random_password, verify_password
from tillsight.accounts.roles import SYSTEM, By
from tillsight.accounts.sessions import end_sessions
from tillsight.accounts.tokens import hash_of, random_text
from tillsight.audit import record
from tillsight.core.errors import ConflictError, NotFoundError, QuestionError
from tillsight.database import Database, LinkPurpose, OneTimeLink, Role, User, now

ADMINISTRATOR = "admin"
MOST_VALUES = 1000
_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


@dataclass(frozen=True)
class Link:
    """A link that lets somebody choose a password, once. `token` is its secret part, which is not kept."""

    user: User
    purpose: LinkPurpose
    token: str
    expires_at: datetime


@dataclass(frozen=True)
class Access:
    """What an administrator gives a user. What is None stays as it is; `masked` may be "role" for what is usual."""

    role: Role | None = None
    modules: Sequence[str] | None = None
    rows: Mapping[str, Sequence[str]] | None = None
    masked: bool | str | None = None
    active: bool | None = None
    email: str | None = None


def ensure_administrator(database: Database) -> tuple[str, str] | None:
    """Make the administrator of a workspace that has no user yet: (name, password), or None when there is one.

    The password is returned this once and kept only as a hash.
    """
    with database.read() as session:
        if session.scalar(select(func.count()).select_from(User)):
            return None
    password = random_password()
    password_hash = hash_password(password)
    with database.write() as session:
        if session.scalar(select(func.count()).select_from(User)):
            return None  # another server, started at the same moment, was first and shows its password
        user = User(name=ADMINISTRATOR, password_hash=password_hash, role="admin")
        session.add(user)
        session.flush()
        _told(session, SYSTEM, "user.created", user, None)
    return ADMINISTRATOR, password


def add_user(database: Database, name: str, password: str, role: Role, by: By = SYSTEM) -> User:
    """Add somebody who may sign in. Names do not differ by case. Raises ConflictError for a name that is taken."""
    password_hash = hash_password(password)
    with database.write() as session:
        user = _new(session, name, role)
        user.password_hash = password_hash
        session.flush()
        _told(session, by, "user.created", user, None)
    return user


def invite(database: Database, name: str, access: Access, hours: int, by: By, known: Known) -> Link:
    """Add somebody who chooses his password himself, by a link that is good for some hours.

    Raises ConflictError for a name that is taken, QuestionError for modules or dimensions that do not exist.
    """
    with database.write() as session:
        user = _new(session, name, access.role or "analyst")
        _give(user, access, known)
        session.flush()
        _told(session, by, "user.invited", user, None)
        return _link(session, user, "invitation", hours, by)


def reset_link(database: Database, user_id: int, hours: int, by: By, *, keep: bool = False) -> Link:
    """A link by which a user chooses another password; somebody who was invited and lost his link gets a new one.

    The password of before goes on until the link is used; links of before only with `keep`. Raises NotFoundError.
    """
    with database.write() as session:
        user = _get(session, User.id == user_id)
        purpose: LinkPurpose = "reset" if user.password_hash else "invitation"
        made = _link(session, user, purpose, hours, by, keep=keep)
        record(session, who=by.name, address=by.address, action="user.link_made", subject=f"user:{user.name}",
               after={"purpose": purpose, "expires_at": made.expires_at})  # fmt: skip
        return made


def look_at_link(database: Database, token: str) -> tuple[User, OneTimeLink]:
    """Whose a link is, before it is used. Raises NotFoundError for one that was used, ran out or never was."""
    with database.read() as session:
        return _linked(session, token)


def accept_link(database: Database, token: str, password: str, address: str | None = None) -> User:
    """Choose a password by a link, which is used up. All sessions of the user end; a lock-out too."""
    look_at_link(database, token)
    password_hash = hash_password(password)
    with database.write() as session:
        user, link = _linked(session, token)
        purpose = link.purpose
        session.execute(delete(OneTimeLink).where(OneTimeLink.user_id == user.id))
        _take_password(session, user, password_hash)
        record(session, who=user.name, address=address, action="user.password_set", subject=f"user:{user.name}",
               after={"by": purpose})  # fmt: skip
    return user


def change_password(
    database: Database, user_id: int, current: str, password: str, session_id: str | None, by: By
) -> None:
    """Change one's own password: all other sessions end. Raises QuestionError where the current one is wrong."""
    with database.read() as session:
        user = _get(session, User.id == user_id)
    if not verify_password(current, user.password_hash):
        raise QuestionError("The current password is wrong.", field="current")
    if current == password:
        raise QuestionError("The new password is the current one; choose another.", field="password")
    password_hash = hash_password(password)
    with database.write() as session:
        user = _get(session, User.id == user_id)
        _take_password(session, user, password_hash, but=session_id)
        record(session, who=by.name, address=by.address, action="user.password_set", subject=f"user:{user.name}",
               after={"by": "himself"})  # fmt: skip


def set_password(database: Database, name: str, password: str, by: By = SYSTEM) -> None:
    """Give a user another password, end all his sessions and any lock-out. Raises NotFoundError for an unknown name."""
    password_hash = hash_password(password)
    with database.write() as session:
        user = _get(session, User.name == user_name(name), name)
        _take_password(session, user, password_hash)
        record(session, who=by.name, address=by.address, action="user.password_set", subject=f"user:{user.name}",
               after={"by": by.name})  # fmt: skip


def users_of(database: Database) -> list[User]:
    """Everybody, by name."""
    with database.read() as session:
        return list(session.scalars(select(User).order_by(User.name)))


def get_user(database: Database, user: int | str) -> User:
    """One user by number or by name. Raises NotFoundError."""
    with database.read() as session:
        if isinstance(user, int):
            return _get(session, User.id == user)
        return _get(session, User.name == user_name(user), user)


def change_user(database: Database, user_id: int, access: Access, by: By, known: Known) -> User:
    """Change what a user may. Switching him off ends his sessions; other roles than Limited see all modules and rows.

    Raises ConflictError where no administrator would be left, QuestionError for modules or dimensions that do not exist.
    """
    with database.write() as session:
        user = _get(session, User.id == user_id)
        before, decided = described(user), _decides(user)
        _give(user, access, known)
        session.flush()
        if decided:
            _keep_an_administrator(session)
        if not user.active:
            end_sessions(session, user.id, now())
        if described(user) != before:
            _told(session, by, "user.changed", user, before)
    return user


def remove_user(database: Database, user_id: int, by: By) -> None:
    """Remove a user with his sessions, keys and codes; what he did stays in the log.

    Raises ConflictError where no administrator would be left.
    """
    with database.write() as session:
        user = _get(session, User.id == user_id)
        before, name, decided = described(user), user.name, _decides(user)
        session.delete(user)
        session.flush()
        if decided:
            _keep_an_administrator(session)
        record(session, who=by.name, address=by.address, action="user.removed", subject=f"user:{name}", before=before)


def remove_factor(database: Database, user_id: int, by: By) -> None:
    """Take the second factor of a user away, who has lost it."""
    with database.write() as session:
        factors.remove(session, _get(session, User.id == user_id), by)


def described(user: User) -> dict[str, Any]:
    """What of a user an administrator decides, as plain values without secrets."""
    return {
        "name": user.name,
        "email": user.email,
        "role": user.role,
        "modules": sorted(user.modules or []),
        "rows": dict(user.rows or {}),
        "masked": user.masked,
        "active": user.active is not False,
    }


def user_name(name: str) -> str:
    """A name as it is kept: without outer spaces, in lower case. Raises QuestionError when nothing is left."""
    kept = name.strip().lower()
    if not 1 <= len(kept) <= 200 or any(ord(letter) < 32 for letter in kept):
        raise QuestionError("A user name has 1 to 200 characters.", field="name")
    return kept


@dataclass(frozen=True)
class Known:
    """What access can be given to: the modules there are, and the values of a dimension as its questions take them.

    `checked` gets a dimension and values, and returns them as they are kept; it raises for what does not exist.
    """

    modules: Sequence[str]
    checked: Callable[[str, Sequence[str]], tuple[str, ...]]


def _new(session: Session, name: str, role: Role) -> User:
    name = user_name(name)
    if session.scalar(select(User.id).where(User.name == name)) is not None:
        raise ConflictError(f"There is a user {name} already.", field="name", value=name)
    user = User(name=name, role=role, modules=[], rows={}, active=True)
    session.add(user)
    return user


def _give(user: User, access: Access, known: Known) -> None:
    if access.role is not None:
        user.role = access.role
    if access.modules is not None:
        strange = sorted(set(access.modules) - set(known.modules))
        if strange:
            raise QuestionError(
                f"There is no module {strange[0]}; there are {', '.join(known.modules)}.",
                field="modules",
                value=strange[0],
            )
        user.modules = sorted(set(access.modules))
    if access.rows is not None:
        user.rows = {name: list(known.checked(name, values)) for name, values in sorted(access.rows.items())}
        if any(not 1 <= len(values) <= MOST_VALUES for values in user.rows.values()):
            raise QuestionError(f"Name 1 to {MOST_VALUES} values of a dimension, or leave it out.", field="rows")
    if user.role != "limited":
        if access.modules or access.rows:
            raise QuestionError(
                f"Modules and rows are for the role limited; the role {user.role} sees all of them.", field="role"
            )
        user.modules, user.rows = [], {}
    if access.masked is not None:
        user.masked = None if access.masked == "role" else bool(access.masked)
    if access.active is not None:
        user.active = access.active
    if access.email is not None:
        mail = access.email.strip()
        if mail and (len(mail) > 320 or not _MAIL.fullmatch(mail)):
            raise QuestionError(f"{mail[:100]} is not an e-mail address.", field="email")
        user.email = mail or None


def _decides(user: User) -> bool:
    """Whether he is an administrator who can come in: one who was invited and has no password yet cannot."""
    return user.role == "admin" and user.active and (user.password_hash is not None or user.oidc_subject is not None)


def _keep_an_administrator(session: Session) -> None:
    if not any(_decides(user) for user in session.scalars(select(User).where(User.role == "admin"))):
        raise ConflictError(
            "This is the last active administrator; make another one first.", field="role", value="admin"
        )


def _take_password(session: Session, user: User, password_hash: str, but: str | None = None) -> None:
    user.password_hash = password_hash
    user.failed_attempts, user.locked_until = 0, None
    end_sessions(session, user.id, now(), but=but)


def _link(session: Session, user: User, purpose: LinkPurpose, hours: int, by: By, *, keep: bool = False) -> Link:
    gone = delete(OneTimeLink).where(OneTimeLink.user_id == user.id)
    session.execute(gone.where(OneTimeLink.expires_at <= now()) if keep else gone)
    token = random_text()
    expires_at = now() + timedelta(hours=hours)
    session.add(
        OneTimeLink(
            token_hash=hash_of(token), user_id=user.id, purpose=purpose, created_by=by.name, expires_at=expires_at
        )
    )
    return Link(user, purpose, token, expires_at)


def _linked(session: Session, token: str) -> tuple[User, OneTimeLink]:
    link = session.get(OneTimeLink, hash_of(token))
    user = session.get(User, link.user_id) if link is not None and link.expires_at > now() else None
    if link is None or user is None or not user.active:
        raise NotFoundError("This link was used already or has run out; ask an administrator for a new one.")
    return user, link


def _get(session: Session, condition: ColumnElement[bool], name: object = None) -> User:
    user = session.scalar(select(User).where(condition))
    if user is None:
        raise NotFoundError(f"There is no user {name}." if name else "There is no such user.", field="name", value=name)
    return user


def _told(session: Session, by: By, action: str, user: User, before: dict[str, Any] | None) -> None:
    record(
        session, who=by.name, address=by.address, action=action, subject=f"user:{user.name}",
        before=before, after=described(user),
    )  # fmt: skip
