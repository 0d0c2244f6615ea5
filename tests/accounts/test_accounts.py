"""Users, passwords, keys and sessions: who comes in, how long he stays, and who does not."""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from tillsight.accounts import (
    READERS,
    Sessions,
    Tokens,
    add_user,
    ensure_administrator,
    require,
    set_password,
)
from tillsight.accounts.passwords import hash_password
from tillsight.core.errors import (
    ConflictError,
    NotAllowedError,
    NotFoundError,
    NotSignedInError,
    QuestionError,
    TooManyRequestsError,
)
from tillsight.core.settings import AccountSettings, ServeSettings, Settings
from tillsight.database import Database, RefreshToken, SignInSession, User
from tillsight.vault import Keys

pytestmark = pytest.mark.feature("PLT-03")

PASSWORD = "correct horse battery"
KEY = Keys(("k" * 64,), "the test")


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 14, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def move(self, **span: float) -> None:
        self.at += timedelta(**span)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database.open(tmp_path, Settings()) as database:
        yield database


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sessions(database: Database, clock: Clock) -> Sessions:
    add_user(database, "Ana", PASSWORD, "analyst")
    return Sessions(database, KEY, settings(), clock)


def settings(**accounts: Any) -> Settings:
    """Sessions of twelve hours, access tokens of a quarter of an hour."""
    serve = ServeSettings(access_minutes=15, session_hours=12)
    return Settings(serve=serve, accounts=AccountSettings(**{"idle_minutes": 24 * 60, **accounts}))


def sign_in(sessions: Sessions, name: str = "ana", password: str = PASSWORD) -> Tokens:
    tokens = sessions.sign_in(name, password)
    assert isinstance(tokens, Tokens)
    return tokens


def fail(sessions: Sessions, times: int, name: str = "ana") -> None:
    for _ in range(times):
        with pytest.raises(NotSignedInError):
            sessions.sign_in(name, "wrong password")


def test_signing_in_tells_who_it_is(sessions: Sessions) -> None:
    tokens = sign_in(sessions, " ANA ")
    who = sessions.who(tokens.access_token)
    assert (who.name, who.role) == ("ana", "analyst")
    assert tokens.expires_in == 15 * 60


def test_a_wrong_name_and_a_wrong_password_get_the_same_answer(sessions: Sessions) -> None:
    with pytest.raises(NotSignedInError) as wrong_password:
        sessions.sign_in("ana", "wrong password")
    with pytest.raises(NotSignedInError) as wrong_name:
        sessions.sign_in("bob", PASSWORD)
    assert wrong_password.value.message == wrong_name.value.message
    assert wrong_password.value.details == wrong_name.value.details == {}


def test_an_access_token_runs_out(sessions: Sessions, clock: Clock) -> None:
    token = sign_in(sessions).access_token
    clock.move(minutes=14, seconds=59)
    assert sessions.who(token).name == "ana"
    clock.move(seconds=2)
    with pytest.raises(NotSignedInError):
        sessions.who(token)


def test_a_token_that_somebody_else_made_is_refused(sessions: Sessions, database: Database, clock: Clock) -> None:
    token = sign_in(sessions).access_token
    other = Sessions(database, Keys(("1" * 64,), "the test"), settings(), clock)
    head, body, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    forged = base64.urlsafe_b64encode(json.dumps(claims | {"sub": "2"}).encode()).decode().rstrip("=")
    unsigned = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
    for bad in (
        sign_in(other).access_token,
        f"{head}.{forged}.{signature}",
        f"{unsigned}.{body}.",
        "",
        "a.b.c",
        "né.é.é",
    ):
        with pytest.raises(NotSignedInError):
            sessions.who(bad)


def test_refreshing_gives_the_next_pair_until_the_session_ends(sessions: Sessions, clock: Clock) -> None:
    tokens = sign_in(sessions)
    seen = {tokens.refresh_token}
    for _ in range(11):
        clock.move(hours=1)
        tokens = sessions.refresh(tokens.refresh_token)
        assert sessions.who(tokens.access_token).name == "ana"
        seen.add(tokens.refresh_token)
    assert len(seen) == 12
    clock.move(minutes=50)
    tokens = sessions.refresh(tokens.refresh_token)
    assert tokens.expires_in == 10 * 60, "an access token does not outlive its session"
    clock.move(minutes=10)
    with pytest.raises(NotSignedInError):
        sessions.refresh(tokens.refresh_token)


def test_a_refresh_token_used_twice_ends_the_whole_session(sessions: Sessions) -> None:
    first = sign_in(sessions)
    elsewhere = sign_in(sessions)
    second = sessions.refresh(first.refresh_token)
    with pytest.raises(NotSignedInError):
        sessions.refresh(first.refresh_token)
    with pytest.raises(NotSignedInError):
        sessions.refresh(second.refresh_token)
    with pytest.raises(NotSignedInError):
        sessions.who(second.access_token)
    assert sessions.who(elsewhere.access_token).name == "ana", "another session of the same user goes on"


def test_two_at_once_with_one_refresh_token_get_one_pair_at_most(sessions: Sessions) -> None:
    token = sign_in(sessions).refresh_token
    got: list[Tokens | None] = []
    start = threading.Barrier(4)

    def refresh() -> None:
        start.wait()
        try:
            got.append(sessions.refresh(token))
        except NotSignedInError:
            got.append(None)

    threads = [threading.Thread(target=refresh) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 4
    assert len([tokens for tokens in got if tokens]) == 1


def test_signing_out_ends_both_tokens(sessions: Sessions) -> None:
    tokens = sign_in(sessions)
    sessions.sign_out(tokens.refresh_token)
    with pytest.raises(NotSignedInError):
        sessions.who(tokens.access_token)
    with pytest.raises(NotSignedInError):
        sessions.refresh(tokens.refresh_token)
    sessions.sign_out("never given out")


def test_repeated_failures_lock_out_for_longer_and_longer(sessions: Sessions, clock: Clock) -> None:
    fail(sessions, 5)
    for seconds in (30, 60, 120, 240, 480, 900, 900):
        with pytest.raises(TooManyRequestsError) as locked:
            sessions.sign_in("ana", PASSWORD)
        assert locked.value.details == {"retry_after": seconds}
        clock.move(seconds=seconds)
        fail(sessions, 1)
    clock.move(minutes=15)
    sessions.sign_in("ana", PASSWORD)
    fail(sessions, 4)
    sessions.sign_in("ana", PASSWORD)


def test_a_lock_does_not_tell_which_names_exist(sessions: Sessions) -> None:
    fail(sessions, 5, "bob")
    with pytest.raises(TooManyRequestsError):
        sessions.sign_in("bob", PASSWORD)


def test_guesses_made_at_the_same_time_all_count(sessions: Sessions) -> None:
    outcomes: list[type[Exception]] = []

    def guess() -> None:
        try:
            sessions.sign_in("ana", "wrong password")
        except (NotSignedInError, TooManyRequestsError) as error:
            outcomes.append(type(error))

    threads = [threading.Thread(target=guess) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count(NotSignedInError) == 5
    assert outcomes.count(TooManyRequestsError) == 7


def test_a_user_who_is_switched_off_is_out_at_once(sessions: Sessions, database: Database) -> None:
    tokens = sign_in(sessions)
    with database.write() as session:
        session.execute(update(User).values(active=False))
    with pytest.raises(NotSignedInError):
        sessions.who(tokens.access_token)
    with pytest.raises(NotSignedInError):
        sessions.refresh(tokens.refresh_token)
    with pytest.raises(NotSignedInError):
        sessions.sign_in("ana", PASSWORD)


def test_nothing_that_signs_in_is_kept_readable(sessions: Sessions, database: Database, tmp_path: Path) -> None:
    tokens = sign_in(sessions)
    kept = b"".join(file.read_bytes() for file in tmp_path.glob("app.sqlite*"))
    for secret in (PASSWORD, tokens.refresh_token, tokens.access_token, KEY.texts[0]):
        assert secret.encode() not in kept
    with database.read() as session:
        assert session.scalars(select(User.password_hash)).one().startswith("$argon2id$")


def test_sessions_that_ran_out_are_cleared_at_the_next_sign_in(
    sessions: Sessions, database: Database, clock: Clock
) -> None:
    sessions.sign_in("ana", PASSWORD)
    clock.move(hours=13)
    sessions.sign_in("ana", PASSWORD)
    with database.read() as session:
        assert len(session.scalars(select(RefreshToken)).all()) == 1
        assert len(session.scalars(select(SignInSession)).all()) == 1


def test_the_administrator_is_made_once(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    made = ensure_administrator(database)
    assert made is not None
    name, password = made
    assert re.fullmatch(r"([a-z]{5}-){4}[a-z]{5}", password)
    assert sign_in(Sessions(database, KEY, settings()), name, password).user.role == "admin"
    assert ensure_administrator(database) is None
    assert password not in caplog.text


def test_servers_that_start_at_once_make_one_administrator(database: Database) -> None:
    made: list[tuple[str, str] | None] = []
    threads = [threading.Thread(target=lambda: made.append(ensure_administrator(database))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([one for one in made if one]) == 1


def test_a_new_password_ends_the_sessions_and_the_lock(sessions: Sessions, database: Database) -> None:
    tokens = sign_in(sessions)
    fail(sessions, 5)
    set_password(database, "ana", "another password")
    with pytest.raises(NotSignedInError):
        sessions.who(tokens.access_token)
    sessions.sign_in("ana", "another password")
    fail(sessions, 1)
    with pytest.raises(NotFoundError):
        set_password(database, "bob", "another password")


def test_names_are_unique_without_case_and_passwords_have_a_length(sessions: Sessions, database: Database) -> None:
    with pytest.raises(ConflictError):
        add_user(database, "ANA ", PASSWORD, "limited")
    for password in ("short", "x" * 201):
        with pytest.raises(QuestionError):
            add_user(database, "bob", password, "limited")
    with pytest.raises(QuestionError):
        add_user(database, "  ", PASSWORD, "limited")


def test_roles_open_only_what_names_them() -> None:
    require("analyst", READERS)
    with pytest.raises(NotAllowedError, match="administrator"):
        require("limited", READERS)
    with pytest.raises(NotAllowedError):
        require("admin", frozenset())


def test_hashes_are_as_costly_as_rfc_9106_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert hash_password(PASSWORD).startswith("$argon2id$v=19$m=65536,t=3,p=4$")
