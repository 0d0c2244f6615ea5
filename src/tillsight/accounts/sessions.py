"""Sessions: signing in, staying signed in, signing out.

An access token (JWT, HS256) says who asks and lives for minutes. A refresh token is a random text that is exchanged for
the next pair; every exchange uses it up. A refresh token that comes back a second time was copied, so its session ends.
A session ends when it is ended, when nothing was asked in it for a while (idle), and after its longest life. Ending a
session, or switching a user off, also ends the access tokens that are still running, with the next request.

Who a token belongs to is remembered for as long as nothing whatever was committed to the operational database by any process
(see `database.changes`), and never beyond the life of token, session or key: what was taken from somebody is gone with the
commit that takes it, as if nothing were remembered.

Who has a second factor gets a ticket for his password, and the session for ticket and code.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from tillsight.accounts import factors, keys
from tillsight.accounts.passwords import verify_password
from tillsight.accounts.roles import MASKED, By, SignedIn, levels_of, modules_of
from tillsight.accounts.tokens import hash_of, random_text
from tillsight.audit import record
from tillsight.core.errors import NotFoundError, NotSignedInError, TooManyRequestsError
from tillsight.core.settings import Settings
from tillsight.database import Database, RefreshToken, SignInMethod, SignInSession, User, now
from tillsight.database.changes import Stamp
from tillsight.vault import FieldCipher, Keys

FREE_ATTEMPTS = 5
FIRST_LOCK = timedelta(seconds=30)
LONGEST_LOCK = timedelta(minutes=15)
TICKET = timedelta(minutes=5)
NOTED_EVERY = timedelta(minutes=1)
"""How exactly the last request of a session is known."""
_ALGORITHM = "HS256"
_ISSUER = "tillsight"
_TICKET = "second factor"
_SEALED = "sealed"


@dataclass(frozen=True)
class Device:
    """From where somebody comes: the name of his program, and his address."""

    name: str = ""
    address: str = ""


@dataclass(frozen=True)
class Tokens:
    """What signing in gives. `expires_in`: seconds of the access token; `session_until`: end of the session."""

    access_token: str
    expires_in: int
    refresh_token: str
    session_until: datetime
    user: SignedIn


@dataclass(frozen=True)
class Ticket:
    """What the password gives where a second factor is needed: it is good with a code, for `expires_in` seconds."""

    ticket: str
    expires_in: int


class Sessions:
    """All sessions of a workspace. Safe to use from many threads."""

    def __init__(self, database: Database, keys: Keys, settings: Settings, clock: Callable[[], datetime] = now) -> None:
        self._database = database
        self._key = OctKey.import_key(keys.signing_key())
        self.cipher = FieldCipher(keys)
        self._serve, self._settings = settings.serve, settings.accounts
        self._clock = clock
        self._strangers = _Strangers()
        self._remembered = _Remembered()

    def sign_in(self, name: str, password: str, device: Device = Device()) -> Tokens | Ticket:
        """Open a session, or give a ticket for the second factor.

        Raises NotSignedInError, the same for a wrong name and a wrong password, and TooManyRequestsError after repeated
        failures: 30 seconds after the fifth, twice as long after each more, 15 minutes at most.
        """
        at = self._clock()
        name = name.strip().lower()
        user, failures = self._attempt(select(User).where(User.name == name), name, at)
        right = verify_password(password, user.password_hash if user else None)
        if not right or user is None or not user.active:
            self._failed(user, device, "wrong name or password" if user is None or user.active else "switched off")
            raise NotSignedInError("The name or the password is wrong.")
        if user.factor_at is not None:
            with self._database.write() as session:
                # The attempt is taken back, not the failures before it: guesses of codes go on counting.
                session.execute(
                    update(User).where(User.id == user.id).values(failed_attempts=failures, locked_until=None)
                )
            return Ticket(self._signed({"sub": str(user.id), "use": _TICKET}, at, TICKET), int(TICKET.total_seconds()))
        return self.open(user.id, "password", device)

    def second_factor(self, ticket: str, code: str, device: Device = Device()) -> Tokens:
        """Open a session with a ticket and a code of the authenticator, or a recovery code.

        Raises NotSignedInError for a ticket that ran out or a wrong code, TooManyRequestsError as for passwords.
        """
        at = self._clock()
        claims = self._read(ticket, {"sub": {"essential": True}, "use": {"essential": True, "value": _TICKET}})
        if claims is None:
            raise NotSignedInError("Signing in took too long; begin again.")
        user, _ = self._attempt(select(User).where(User.id == int(claims["sub"])), "", at)
        right = False
        if user is not None and user.active:
            with self._database.write() as session:
                found = session.get_one(User, user.id)
                right = factors.check(session, found, self.cipher, code, at)
        if not right or user is None:
            self._failed(user, device, "wrong code")
            raise NotSignedInError("The code is wrong or has been used; wait for the next one.")
        return self.open(user.id, "password", device)

    def open(self, user_id: int, method: SignInMethod, device: Device) -> Tokens:
        """Open a session for somebody who has shown who he is."""
        at = self._clock()
        with self._database.write() as session:
            user = session.get_one(User, user_id)
            user.failed_attempts, user.locked_until, user.last_sign_in_at = 0, None, at
            session.execute(delete(SignInSession).where(SignInSession.expires_at < at))
            opened = SignInSession(
                id=secrets.token_hex(16),
                user_id=user.id,
                method=method,
                device=device.name[:200],
                address=device.address[:60],
                created_at=at,
                seen_at=at,
                expires_at=at + timedelta(hours=self._serve.session_hours),
            )
            session.add(opened)
            session.flush()
            record(
                session, who=user.name, action="session.opened", subject=f"user:{user.name}", address=device.address,
                after={"method": method, "device": opened.device},
            )  # fmt: skip
            return self._issue(session, user, opened, at)

    def refresh(self, refresh_token: str) -> Tokens:
        """Exchange a refresh token for the next pair. Raises NotSignedInError when the session has ended."""
        at = self._clock()
        with self._database.write() as session:
            token = session.get(RefreshToken, hash_of(refresh_token))
            if token is not None:
                opened = session.get_one(SignInSession, token.session_id)
                user = session.get_one(User, opened.user_id)
                if token.used_at is not None and opened.ended_at is None:
                    opened.ended_at = at
                    record(
                        session, who=user.name, action="session.stolen", subject=f"user:{user.name}",
                        after={"reason": "a refresh token came back a second time"},
                    )  # fmt: skip
                elif token.used_at is None and self._runs(opened, at) and user.active:
                    token.used_at, opened.seen_at = at, at
                    return self._issue(session, user, opened, at)
        raise NotSignedInError("The session has ended; sign in again.")

    def sign_out(self, refresh_token: str, address: str | None = None) -> None:
        """End the session of a refresh token; nothing happens when there is none."""
        with self._database.write() as session:
            token = session.get(RefreshToken, hash_of(refresh_token))
            opened = session.get(SignInSession, token.session_id) if token else None
            if opened is not None and opened.ended_at is None:
                opened.ended_at = self._clock()
                name = session.get_one(User, opened.user_id).name
                record(session, who=name, action="session.closed", subject=f"user:{name}", address=address)

    def who(self, bearer: str, address: str = "") -> SignedIn:
        """Who an access token or a key belongs to, with what he may now. Raises NotSignedInError when it is not valid."""
        at = self._clock()
        stamp = self._database.changes.stamp()
        remembered = self._remembered.get(bearer, stamp, at)
        if remembered is not None:
            return remembered
        if bearer.startswith(keys.PREFIX):
            with self._database.read() as session:
                found = keys.find(session, bearer, at)
            if found is None:
                raise NotSignedInError("This key is not known, has run out or was ended; ask for another.")
            key, owner = found
            if key.last_used_at is None or at - key.last_used_at > NOTED_EVERY:
                with self._database.write() as session:
                    keys.note(session, key.id, at, address)
            holder = self._key_holder(owner, key.id, list(key.scopes))
            until = (key.last_used_at or at) + NOTED_EVERY
            self._remembered.put(bearer, stamp, holder, min(until, key.expires_at or until))
            return holder
        claims = self._read(bearer, {"sub": {"essential": True}, "sid": {"essential": True}})
        if claims is None:
            raise NotSignedInError("You are not signed in, or the session has run out; sign in.")
        with self._database.read() as session:
            opened = session.get(SignInSession, str(claims["sid"]))
            user = session.get(User, int(claims["sub"])) if opened else None
        if opened is None or user is None or not user.active or not self._runs(opened, at):
            raise NotSignedInError("The session has ended; sign in again.")
        if at - opened.seen_at > NOTED_EVERY:
            with self._database.write() as session:
                session.execute(
                    update(SignInSession)
                    .where(SignInSession.id == opened.id, SignInSession.seen_at < at)
                    .values(seen_at=at)
                )
        who = self.seen(user, opened)
        ends = (datetime.fromtimestamp(claims["exp"], UTC), opened.expires_at, opened.seen_at + self._idle)
        self._remembered.put(bearer, stamp, who, min(opened.seen_at + NOTED_EVERY, *ends))
        return who

    def remembered(self, bearer: str, stamp: Stamp | None) -> SignedIn | None:
        """Who a token or a key belongs to, where nothing was committed since that was found out; None: ask `who`.

        `stamp`: of the operational database, taken for this request. Takes microseconds and never waits.
        """
        return self._remembered.get(bearer, stamp, self._clock())

    def seen(self, user: User, opened: SignInSession | None) -> SignedIn:
        """A user as the one who asks."""
        limited = user.role == "limited"
        due = user.role in self._settings.second_factor and user.factor_at is None
        return SignedIn(
            user_id=user.id,
            name=user.name,
            role=user.role,
            session=opened.id if opened else None,
            modules=tuple(user.modules) if limited else None,
            rows=tuple(sorted((name, tuple(values)) for name, values in user.rows.items())) if limited else (),
            masked=user.role in MASKED if user.masked is None else user.masked,
            factor=user.factor_at is not None,
            factor_due=due and (opened is None or opened.method == "password"),
        )

    def sealed(self, claims: dict[str, Any], seconds: int) -> str:
        """Something that goes out with a browser and comes back: signed, and good for so long."""
        return self._signed({**claims, "use": _SEALED}, self._clock(), timedelta(seconds=seconds))

    def unsealed(self, text: str) -> dict[str, Any] | None:
        """What was sealed; None where it was changed, or has run out."""
        return self._read(text, {"use": {"essential": True, "value": _SEALED}})

    def running(self, user_id: int) -> list[SignInSession]:
        """The sessions of a user that go on, the one seen last first."""
        at = self._clock()
        with self._database.read() as session:
            query = select(SignInSession).where(SignInSession.user_id == user_id, SignInSession.ended_at.is_(None))
            found = session.scalars(query.order_by(SignInSession.seen_at.desc(), SignInSession.id)).all()
        return [opened for opened in found if self._runs(opened, at)]

    def counts(self) -> dict[int, int]:
        """How many sessions each user has that go on."""
        at = self._clock()
        with self._database.read() as session:
            query = (
                select(SignInSession.user_id, func.count())
                .where(
                    SignInSession.ended_at.is_(None),
                    SignInSession.expires_at > at,
                    SignInSession.seen_at > at - self._idle,
                )
                .group_by(SignInSession.user_id)
            )
            return {row[0]: row[1] for row in session.execute(query)}

    def end(self, user_id: int, by: By, *, only: str | None = None, but: str | None = None) -> int:
        """End the sessions of a user: all, one (`only`), or all but one (`but`). Returns how many ended.

        Raises NotFoundError where `only` is no running session of his.
        """
        with self._database.write() as session:
            ended = end_sessions(session, user_id, self._clock(), only=only, but=but)
            if only is not None and not ended:
                raise NotFoundError("There is no such session; it may have ended already.", field="session", value=only)
            name = session.get_one(User, user_id).name
            if ended:
                record(
                    session, who=by.name, address=by.address, action="session.ended", subject=f"user:{name}",
                    after={"sessions": ended},
                )  # fmt: skip
        return ended

    @property
    def _idle(self) -> timedelta:
        return timedelta(minutes=self._settings.idle_minutes)

    def _runs(self, opened: SignInSession, at: datetime) -> bool:
        return opened.ended_at is None and opened.expires_at > at and at - opened.seen_at < self._idle

    def _attempt(self, query: Any, name: str, at: datetime) -> tuple[User | None, int]:
        """Count an attempt before it is looked at, so that guesses made at the same time all count."""
        with self._database.write() as session:
            user = session.scalar(query)
            if user is None:
                failures, locked_until = self._strangers.attempt(name, at)
            else:
                failures, locked_until = user.failed_attempts, user.locked_until
            if locked_until and locked_until > at:
                raise _locked(locked_until - at)
            if user is not None:
                user.failed_attempts = failures + 1
                user.locked_until = _lock(user.failed_attempts, at)
        return user, failures

    def _failed(self, user: User | None, device: Device, reason: str) -> None:
        # What was typed as a name is not written down: it may be a password that slipped into the wrong field.
        name = user.name if user else "(unknown)"
        with self._database.write() as session:
            record(
                session, who=name, action="session.refused", subject=f"user:{name}", address=device.address or None,
                after={"reason": reason, "device": device.name[:200]},
            )  # fmt: skip

    def _key_holder(self, user: User, key: str, scopes: list[str]) -> SignedIn:
        holder = self.seen(user, None)
        bound = modules_of(scopes)
        if bound is not None and holder.modules is not None:
            bound = tuple(name for name in bound if name in holder.modules)
        return SignedIn(
            user_id=holder.user_id,
            name=holder.name,
            role=holder.role if bound is None else "limited",
            key=key,
            levels=levels_of(scopes),
            modules=holder.modules if bound is None else bound,
            rows=holder.rows,
            masked=holder.masked,
            factor=holder.factor,
            factor_due=holder.factor_due,
        )

    def _issue(self, session: Session, user: User, opened: SignInSession, at: datetime) -> Tokens:
        life = min(timedelta(minutes=self._serve.access_minutes), opened.expires_at - at)
        refresh_token = random_text()
        session.add(RefreshToken(token_hash=hash_of(refresh_token), session_id=opened.id, created_at=at))
        access_token = self._signed({"sub": str(user.id), "sid": opened.id}, at, life)
        seconds = int(life.total_seconds())
        return Tokens(access_token, seconds, refresh_token, opened.expires_at, self.seen(user, opened))

    def _signed(self, claims: dict[str, Any], at: datetime, life: timedelta) -> str:
        issued = int(at.timestamp())
        claims = {"iss": _ISSUER, **claims, "iat": issued, "exp": issued + int(life.total_seconds())}
        return jwt.encode({"alg": _ALGORITHM}, claims, self._key)

    def _read(self, token: str, wanted: dict[str, Any]) -> dict[str, Any] | None:
        """The claims of a token of ours; None where it is not one, or has run out."""
        registry = jwt.JWTClaimsRegistry(
            now=lambda: int(self._clock().timestamp()),
            iss={"essential": True, "value": _ISSUER},
            exp={"essential": True},
            **wanted,
        )
        try:
            read = jwt.decode(token, self._key, algorithms=[_ALGORITHM])
            registry.validate(read.claims)
        except (JoseError, ValueError):
            return None
        return dict(read.claims)


def end_sessions(
    session: Session, user_id: int, at: datetime, *, only: str | None = None, but: str | None = None
) -> int:
    """End sessions of a user inside a write transaction; returns how many ended."""
    query = select(SignInSession).where(SignInSession.user_id == user_id, SignInSession.ended_at.is_(None))
    if only is not None:
        query = query.where(SignInSession.id == only)
    if but is not None:
        query = query.where(SignInSession.id != but)
    found = session.scalars(query).all()
    for opened in found:
        opened.ended_at = at
    return len(found)


class _Remembered:
    """Who a token belongs to, by its hash, with the state of the database that said so and the moment it is good until."""

    def __init__(self, most: int = 10_000) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._found: OrderedDict[bytes, tuple[Stamp, datetime, SignedIn]] = OrderedDict()

    def get(self, bearer: str, stamp: Stamp | None, at: datetime) -> SignedIn | None:
        found = self._found.get(_digest(bearer))
        if found is None or stamp is None or found[0] != stamp or at >= found[1]:
            return None
        return found[2]

    def put(self, bearer: str, stamp: Stamp | None, who: SignedIn, until: datetime) -> None:
        if stamp is None:
            return
        with self._lock:
            self._found[_digest(bearer)] = stamp, until, who
            while len(self._found) > self._most:
                self._found.popitem(last=False)


def _digest(bearer: str) -> bytes:
    return hashlib.sha256(bearer.encode("utf-8", "surrogateescape")).digest()


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
