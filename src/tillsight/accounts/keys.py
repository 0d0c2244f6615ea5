"""Keys of programs: each acts as its user, within its scopes, until it runs out or is ended.

A key is `ts_<8 digits>_<random text>`. The part before the second line is its visible name; the whole is shown once and
kept as a hash. Scopes: `read`, `write` (and read), `admin` (everything), or `read:<module>` for single modules.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tillsight.accounts.roles import MODULE_SCOPE, WRITERS, By
from tillsight.accounts.tokens import hash_of, random_text
from tillsight.audit import record
from tillsight.core.errors import NotAllowedError, NotFoundError, QuestionError
from tillsight.database import ApiKey, Database, User, now

PREFIX = "ts_"
SCOPES = ("read", "write", "admin")
LONGEST_DAYS = 3660


def create_key(
    database: Database, user_id: int, name: str, scopes: Sequence[str], modules: Sequence[str], days: int | None, by: By
) -> tuple[ApiKey, str]:
    """Make a key for a user, and return it with its text, this once. `days`: how long it is good; None without end.

    `modules`: the domains there are. Raises QuestionError for a scope that does not exist, NotAllowedError for one beyond
    the role of its user.
    """
    name, wanted = name.strip(), sorted(set(scopes))
    if not 1 <= len(name) <= 100:
        raise QuestionError("A key has a name of 1 to 100 characters that says what it is for.", field="name")
    if days is not None and not 1 <= days <= LONGEST_DAYS:
        raise QuestionError(f"A key is good for 1 to {LONGEST_DAYS} days.", field="days", value=days)
    known = [*SCOPES, *(f"{MODULE_SCOPE}{module}" for module in modules)]
    strange = [scope for scope in wanted if scope not in known]
    if strange or not wanted:
        raise QuestionError(f"Scopes are {', '.join(known)}.", field="scopes", value=strange[0] if strange else None)
    if len(wanted) > 1 and any(scope in SCOPES for scope in wanted):
        raise QuestionError("A key is for everything of one level, or for single modules, not both.", field="scopes")
    at = now()
    prefix = f"{PREFIX}{secrets.token_hex(4)}"
    text = f"{prefix}_{random_text()}"
    with database.write() as session:
        user = session.get(User, user_id)
        if user is None:
            raise NotFoundError("There is no such user.", field="user", value=user_id)
        if ("admin" in wanted and user.role != "admin") or ("write" in wanted and user.role not in WRITERS):
            raise NotAllowedError(
                f"A key can do no more than its user: the role {user.role} does not reach {wanted[0]}.", role=user.role
            )
        key = ApiKey(
            id=secrets.token_hex(8),
            user_id=user.id,
            name=name,
            prefix=prefix,
            key_hash=hash_of(text),
            scopes=wanted,
            created_at=at,
            expires_at=at + timedelta(days=days) if days else None,
        )
        session.add(key)
        record(
            session, who=by.name, address=by.address, action="key.created", subject=f"key:{prefix}",
            after={"name": name, "user": user.name, "scopes": wanted, "expires_at": key.expires_at},
        )  # fmt: skip
    return key, text


def keys_of(database: Database, user_id: int | None = None) -> list[tuple[ApiKey, str]]:
    """Keys that were not ended, with the name of their user, the newest first: of one user, or of all."""
    with database.read() as session:
        query = select(ApiKey, User.name).join(User, User.id == ApiKey.user_id).where(ApiKey.ended_at.is_(None))
        if user_id is not None:
            query = query.where(ApiKey.user_id == user_id)
        query = query.order_by(ApiKey.created_at.desc(), ApiKey.id)
        return [(key, name) for key, name in session.execute(query)]


def end_key(database: Database, key_id: str, by: By, user_id: int | None = None) -> None:
    """End a key, which is known by its id or its prefix. `user_id`: only a key of his. Raises NotFoundError."""
    with database.write() as session:
        query = select(ApiKey).where((ApiKey.id == key_id) | (ApiKey.prefix == key_id), ApiKey.ended_at.is_(None))
        key = session.scalar(query)
        if key is None or (user_id is not None and key.user_id != user_id):
            raise NotFoundError("There is no such key; it may have been ended already.", field="key", value=key_id)
        key.ended_at = now()
        record(
            session, who=by.name, address=by.address, action="key.ended", subject=f"key:{key.prefix}",
            before={"name": key.name, "scopes": key.scopes},
        )  # fmt: skip


def find(session: Session, text: str, at: datetime) -> tuple[ApiKey, User] | None:
    """The key with this text, if it is good, and its user, if he is active."""
    prefix = "_".join(text.split("_")[:2])
    key = session.scalar(select(ApiKey).where(ApiKey.prefix == prefix, ApiKey.ended_at.is_(None)))
    if key is None or not hmac.compare_digest(key.key_hash, hash_of(text)):
        return None
    if key.expires_at is not None and key.expires_at <= at:
        return None
    user = session.get(User, key.user_id)
    return (key, user) if user is not None and user.active else None


def note(session: Session, key_id: str, at: datetime, address: str) -> None:
    """Note when a key was used last, and from where."""
    session.execute(
        update(ApiKey).where(ApiKey.id == key_id).values(last_used_at=at, last_address=address[:60] or None)
    )
