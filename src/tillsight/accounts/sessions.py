"""Sessions: signing in, staying signed in, signing out.

An access token (JWT, HS256) says who asks and lives for minutes. A refresh token is a random text that is exchanged for
the next pair; every exchange uses it up. A refresh token that comes back a second time was copied, so its whole family
(the session) ends. Ending a session, or switching a user off, also ends the access tokens that are still running.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from sqlalchemy import delete, exists, select, update
from sqlalchemy.orm import Session

from tillsight.accounts.passwords import verify_password
from tillsight.core.errors import NotSignedInError, TooManyRequestsError
from tillsight.core.settings import ServeSettings
from tillsight.database import Database, RefreshToken, Role, User, now

FREE_ATTEMPTS = 5
FIRST_LOCK = timedelta(seconds=30)
LONGEST_LOCK = timedelta(minutes=15)
_ALGORITHM = "HS256"
_ISSUER = "tillsight"


@dataclass(frozen=True)
class SignedIn:
    """The one who asks. `session` is the family of his refresh tokens."""

    user_id: int
    name: str
    role: Role
    session: str


@dataclass(frozen=True)
class Tokens:
    """What signing in gives. `expires_in`: seconds of the access token; `session_until`: end of the session."""

    access_token: str
    expires_in: int
    refresh_token: str
    session_until: datetime
    user: SignedIn


class Sessions:
    """All sessions of a workspace. Safe to use from many threads."""

    def __init__(
        self, database: Database, key: str, settings: ServeSettings, clock: Callable[[], datetime] = now
    ) -> None:
        self._database = database
        self._key = OctKey.import_key(key)
        self._settings = settings
        self._clock = clock
        self._strangers = _Strangers()

    def sign_in(self, name: str, password: str) -> Tokens:
        """Open a session.

        Raises NotSignedInError, the same for a wrong name and a wrong password, and TooManyRequestsError after repeated
        failures: 30 seconds after the fifth, twice as long after each more, 15 minutes at most.
        """
        at = self._clock()
        name = name.strip().lower()
        with self._database.write() as session:
            user = session.scalar(select(User).where(User.name == name))
            if user is None:
                failures, locked_until = self._strangers.attempt(name, at)
            else:
                failures, locked_until = user.failed_attempts, user.locked_until
            if locked_until and locked_until > at:
                raise _locked(locked_until - at)
            if user is not None:
                # Counted before the password is looked at, so that guesses made at the same time all count.
                user.failed_attempts = failures + 1
                user.locked_until = _lock(user.failed_attempts, at)
        right = verify_password(password, user.password_hash if user else None)
        if not right or user is None or not user.active:
            raise NotSignedInError("The name or the password is wrong.")
        with self._database.write() as session:
            session.execute(update(User).where(User.id == user.id).values(failed_attempts=0, locked_until=None))
            session.execute(delete(RefreshToken).where(RefreshToken.expires_at < at))
            until = at + timedelta(hours=self._settings.session_hours)
            return self._issue(session, user, secrets.token_hex(16), until, at)

    def refresh(self, refresh_token: str) -> Tokens:
        """Exchange a refresh token for the next pair. Raises NotSignedInError when the session has ended."""
        at = self._clock()
        with self._database.write() as session:
            token = session.scalar(select(RefreshToken).where(RefreshToken.token_hash == _hash(refresh_token)))
            if token is not None and token.used_at is not None:
                _end(session, token.family)
            elif token is not None and not token.ended and token.expires_at > at:
                user = session.get_one(User, token.user_id)
                if user.active:
                    token.used_at = at
                    return self._issue(session, user, token.family, token.expires_at, at)
        raise NotSignedInError("The session has ended; sign in again.")

    def sign_out(self, refresh_token: str) -> None:
        """End the session of a refresh token; nothing happens when there is none."""
        with self._database.write() as session:
            family = session.scalar(select(RefreshToken.family).where(RefreshToken.token_hash == _hash(refresh_token)))
            if family is not None:
                _end(session, family)

    def who(self, access_token: str) -> SignedIn:
        """Who an access token belongs to, with the role he has now. Raises NotSignedInError when it is not valid."""
        claims = jwt.JWTClaimsRegistry(
            now=lambda: int(self._clock().timestamp()),
            iss={"essential": True, "value": _ISSUER},
            sub={"essential": True},
            sid={"essential": True},
            exp={"essential": True},
        )
        try:
            token = jwt.decode(access_token, self._key, algorithms=[_ALGORITHM])
            claims.validate(token.claims)
            user_id, family = int(token.claims["sub"]), str(token.claims["sid"])
        except (JoseError, ValueError):
            raise NotSignedInError("You are not signed in, or the session has run out; sign in.") from None
        running = exists().where(RefreshToken.family == family, RefreshToken.ended.is_(False))
        with self._database.read() as session:
            user = session.scalar(select(User).where(User.id == user_id, User.active.is_(True), running))
        if user is None:
            raise NotSignedInError("The session has ended; sign in again.")
        return SignedIn(user.id, user.name, user.role, family)

    def _issue(self, session: Session, user: User, family: str, until: datetime, at: datetime) -> Tokens:
        seconds = min(self._settings.access_minutes * 60, int((until - at).total_seconds()))
        refresh_token = secrets.token_urlsafe(32)
        session.add(
            RefreshToken(
                id=secrets.token_hex(16),
                family=family,
                user_id=user.id,
                token_hash=_hash(refresh_token),
                created_at=at,
                expires_at=until,
            )
        )
        issued = int(at.timestamp())
        claims = {"iss": _ISSUER, "sub": str(user.id), "sid": family, "iat": issued, "exp": issued + seconds}
        access_token = jwt.encode({"alg": _ALGORITHM}, claims, self._key)
        return Tokens(access_token, seconds, refresh_token, until, SignedIn(user.id, user.name, user.role, family))


class _Strangers:
    """Attempts with names that nobody has: locked out like the others, so that a lock does not tell who exists."""

    def __init__(self, most: int = 10_000) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._names: OrderedDict[str, tuple[int, datetime | None]] = OrderedDict()

    def attempt(self, name: str, at: datetime) -> tuple[int, datetime | None]:
        """Failures and lock before this attempt, which is counted unless it is locked out."""
        with self._lock:
            failures, locked_until = self._names.pop(name, (0, None))
            if locked_until and locked_until > at:
                self._names[name] = failures, locked_until
            else:
                self._names[name] = failures + 1, _lock(failures + 1, at)
            while len(self._names) > self._most:
                self._names.popitem(last=False)
            return failures, locked_until


def _lock(failures: int, at: datetime) -> datetime | None:
    if failures < FREE_ATTEMPTS:
        return None
    doublings = min(failures - FREE_ATTEMPTS, 10)
    return at + min(FIRST_LOCK * (1 << doublings), LONGEST_LOCK)


def _locked(left: timedelta) -> TooManyRequestsError:
    seconds = max(1, round(left.total_seconds()))
    return TooManyRequestsError(
        f"Too many attempts to sign in with this name; try again in {seconds} seconds.", retry_after=seconds
    )


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _end(session: Session, family: str) -> None:
    session.execute(update(RefreshToken).where(RefreshToken.family == family).values(ended=True))
