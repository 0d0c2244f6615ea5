"""Second factor, links, users, sessions, keys, limits: what lets somebody in, what keeps him out, and what the log says."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyotp
import pytest
from sqlalchemy import create_engine, event, select, text

from tillsight import audit
from tillsight.accounts import (
    SYSTEM,
    Access,
    By,
    Device,
    Known,
    RateLimit,
    Sessions,
    SignedIn,
    Ticket,
    Tokens,
    accept_link,
    add_user,
    change_password,
    change_user,
    create_key,
    end_key,
    factors,
    get_user,
    invite,
    keys_of,
    look_at_link,
    remove_user,
    reset_link,
    users_of,
)
from tillsight.core.errors import (
    ConflictError,
    NotAllowedError,
    NotFoundError,
    NotSignedInError,
    QuestionError,
    TooManyRequestsError,
)
from tillsight.core.settings import AccountSettings, ServeSettings, Settings
from tillsight.database import ApiKey, Database, OneTimeLink, RecoveryCode, RequestCount, User, now
from tillsight.vault import Keys

PASSWORD = "correct horse battery"
OTHER = "staple battery horse"
KEYS = Keys(("k" * 64,), "the test")
BOSS = By("boss", "192.0.2.7")
CHROME = Device("Chrome on Linux", "192.0.2.1")


class Clock:
    def __init__(self) -> None:
        self.at = now()

    def __call__(self) -> Any:
        return self.at

    def move(self, **span: float) -> None:
        self.at += timedelta(**span)


def known(name: str, values: Any) -> tuple[str, ...]:
    if name != "channel":
        raise NotFoundError(f"There is no dimension {name!r}.")
    return tuple(values)


KNOWN = Known(("sales", "customers"), known)


def settings(**accounts: Any) -> Settings:
    return Settings(serve=ServeSettings(session_hours=12), accounts=AccountSettings(**accounts))


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database.open(tmp_path, Settings()) as database:
        add_user(database, "boss", PASSWORD, "admin")
        add_user(database, "ana", PASSWORD, "analyst")
        yield database


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sessions(database: Database, clock: Clock) -> Sessions:
    return Sessions(database, KEYS, settings(idle_minutes=60), clock)


def enter(sessions: Sessions, name: str = "ana", password: str = PASSWORD, device: Device = CHROME) -> Tokens:
    tokens = sessions.sign_in(name, password, device)
    assert isinstance(tokens, Tokens)
    return tokens


def enrol(sessions: Sessions, database: Database, name: str = "ana") -> tuple[pyotp.TOTP, list[str]]:
    """Switch a second factor on, with the code of a minute ago so that the one of now is not used up."""
    with database.write() as session:
        user = session.scalars(select(User).where(User.name == name)).one()
        made = factors.begin(session, user, sessions.cipher, "Lamps")
    totp = pyotp.TOTP(made.secret)
    with database.write() as session:
        user = session.scalars(select(User).where(User.name == name)).one()
        codes = factors.confirm(session, user, sessions.cipher, totp.at(now() - timedelta(seconds=30)), By(name))
    return totp, codes


def told(database: Database, action: str) -> list[audit.Entry]:
    return [entry for entry in audit.entries(database, audit.Wanted(), limit=500)[0] if entry.action == action]


# second factor


@pytest.mark.feature("PLT-03")
def test_a_second_factor_is_asked_for_after_the_password(sessions: Sessions, database: Database, clock: Clock) -> None:
    totp, codes = enrol(sessions, database)
    ticket = sessions.sign_in("ana", PASSWORD)
    assert isinstance(ticket, Ticket)
    with pytest.raises(NotSignedInError):
        sessions.who(ticket.ticket)
    with pytest.raises(NotSignedInError, match="code is wrong"):
        sessions.second_factor(ticket.ticket, "000000")
    code = totp.at(clock.at)
    assert sessions.second_factor(ticket.ticket, code).user.factor
    with pytest.raises(NotSignedInError):
        sessions.second_factor(ticket.ticket, code)
    assert len(codes) == len(set(codes)) == 10
    again = sessions.sign_in("ana", PASSWORD)
    assert isinstance(again, Ticket)
    assert sessions.second_factor(again.ticket, codes[0].upper()).user.name == "ana"
    with pytest.raises(NotSignedInError):
        sessions.second_factor(again.ticket, codes[0])
    clock.move(minutes=6)
    with pytest.raises(NotSignedInError, match="too long"):
        sessions.second_factor(again.ticket, codes[1])


@pytest.mark.feature("PLT-03")
def test_guesses_of_codes_are_locked_out_and_a_right_password_does_not_reset_them(
    sessions: Sessions, database: Database
) -> None:
    _, codes = enrol(sessions, database)
    for _ in range(5):
        ticket = sessions.sign_in("ana", PASSWORD)
        assert isinstance(ticket, Ticket)
        with pytest.raises(NotSignedInError):
            sessions.second_factor(ticket.ticket, "aaaa-bbbb-cccc-dddd")
    with pytest.raises(TooManyRequestsError):
        sessions.second_factor(ticket.ticket, codes[0])
    with pytest.raises(TooManyRequestsError):
        sessions.sign_in("ana", PASSWORD)


def test_a_factor_is_valid_only_after_its_first_code_and_is_bound_to_its_user(
    sessions: Sessions, database: Database
) -> None:
    with database.write() as session:
        user = session.scalars(select(User).where(User.name == "ana")).one()
        made = factors.begin(session, user, sessions.cipher, "Lamps: more")
        assert made.secret in made.address
        assert made.picture.startswith("<svg")
        assert "script" not in made.picture
    assert isinstance(sessions.sign_in("ana", PASSWORD), Tokens), "it is not on yet"
    with database.write() as session:
        user = session.scalars(select(User).where(User.name == "ana")).one()
        with pytest.raises(QuestionError):
            factors.confirm(session, user, sessions.cipher, "123", By("ana"))
    enrol(sessions, database)
    with pytest.raises(ConflictError):
        enrol(sessions, database)
    with database.write() as session:
        ana, boss = (session.scalars(select(User).where(User.name == name)).one() for name in ("ana", "boss"))
        assert made.secret not in str(ana.factor_secret)
        boss.factor_secret, boss.factor_at = ana.factor_secret, ana.factor_at
        with pytest.raises(Exception, match="cannot be decrypted"):
            factors.check(session, boss, sessions.cipher, "123456", now())


@pytest.mark.feature("PLT-03")
def test_a_role_that_needs_a_factor_can_do_nothing_before(database: Database, clock: Clock) -> None:
    sessions = Sessions(database, KEYS, settings(second_factor=("analyst",)), clock)
    assert enter(sessions).user.factor_due
    assert not enter(sessions, "boss").user.factor_due
    enrol(sessions, database)
    ticket = sessions.sign_in("ana", PASSWORD)
    assert isinstance(ticket, Ticket)


def test_new_recovery_codes_end_the_old_and_removing_the_factor_all(sessions: Sessions, database: Database) -> None:
    _, old = enrol(sessions, database)
    with database.write() as session:
        user = session.scalars(select(User).where(User.name == "ana")).one()
        new = factors.renew(session, user, By("ana"))
        assert factors.codes_left(session, user.id) == 10
        assert not factors.check(session, user, sessions.cipher, old[0], now())
        assert factors.check(session, user, sessions.cipher, new[0], now())
        assert factors.codes_left(session, user.id) == 9
        factors.remove(session, user, BOSS)
        assert session.scalars(select(RecoveryCode)).all() == []
    assert isinstance(sessions.sign_in("ana", PASSWORD), Tokens)
    assert [entry.who for entry in told(database, "factor.removed")] == ["boss"]


# links


@pytest.mark.feature("PLT-03")
def test_an_invitation_is_good_once_and_then_signs_in(sessions: Sessions, database: Database) -> None:
    access = Access("limited", ("sales",), {"channel": ("web",)}, email="new@mail.example")
    link = invite(database, " New ", access, 1, BOSS, KNOWN)
    with pytest.raises(NotSignedInError):
        sessions.sign_in("new", "")
    user, seen = look_at_link(database, link.token)
    assert (user.name, seen.purpose) == ("new", "invitation")
    with pytest.raises(QuestionError):
        accept_link(database, link.token, "short")
    accept_link(database, link.token, PASSWORD)
    who = enter(sessions, "new").user
    assert (who.role, who.modules, who.rows, who.masked) == ("limited", ("sales",), (("channel", ("web",)),), True)
    for call in (look_at_link, lambda base, token: accept_link(base, token, OTHER)):
        with pytest.raises(NotFoundError, match="used already"):
            call(database, link.token)
    with pytest.raises(ConflictError):
        invite(database, "NEW", access, 1, BOSS, KNOWN)


def test_links_run_out_and_a_new_one_replaces_the_old(database: Database) -> None:
    old = reset_link(database, get_user(database, "ana").id, 1, BOSS)
    new = reset_link(database, get_user(database, "ana").id, 1, BOSS)
    with pytest.raises(NotFoundError):
        look_at_link(database, old.token)
    assert new.purpose == "reset"
    with database.write() as session:
        session.scalars(select(OneTimeLink)).one().expires_at = now() - timedelta(seconds=1)
    with pytest.raises(NotFoundError):
        accept_link(database, new.token, OTHER)


@pytest.mark.feature("PLT-03")
def test_a_reset_ends_all_sessions_and_the_old_password(sessions: Sessions, database: Database) -> None:
    tokens = enter(sessions)
    link = reset_link(database, get_user(database, "ana").id, 1, BOSS)
    assert sessions.who(tokens.access_token).name == "ana", "until it is used nothing changes"
    accept_link(database, link.token, OTHER, "192.0.2.9")
    with pytest.raises(NotSignedInError):
        sessions.who(tokens.access_token)
    with pytest.raises(NotSignedInError):
        sessions.sign_in("ana", PASSWORD)
    enter(sessions, password=OTHER)


@pytest.mark.feature("PLT-03")
def test_changing_the_own_password_ends_the_other_sessions_alone(sessions: Sessions, database: Database) -> None:
    here, there = enter(sessions), enter(sessions)
    user = here.user
    with pytest.raises(QuestionError, match="current password"):
        change_password(database, user.user_id, "wrong password", OTHER, user.session, By("ana"))
    with pytest.raises(QuestionError, match="another"):
        change_password(database, user.user_id, PASSWORD, PASSWORD, user.session, By("ana"))
    change_password(database, user.user_id, PASSWORD, OTHER, user.session, By("ana"))
    assert sessions.who(here.access_token).name == "ana"
    with pytest.raises(NotSignedInError):
        sessions.who(there.access_token)


# users


@pytest.mark.feature("PLT-04")
def test_a_change_holds_at_once_and_is_told_with_before_and_after(sessions: Sessions, database: Database) -> None:
    token = enter(sessions).access_token
    ana = get_user(database, "ana").id
    change_user(database, ana, Access("limited", ("sales",), {"channel": ("web",)}), BOSS, KNOWN)
    who = sessions.who(token)
    assert (who.role, who.modules, who.scope.rows) == ("limited", ("sales",), (("channel", ("web",)),))
    change_user(database, ana, Access("manager"), BOSS, KNOWN)
    who = sessions.who(token)
    assert (who.role, who.modules, who.rows, who.masked) == ("manager", None, (), False)
    change_user(database, ana, Access(masked=True), BOSS, KNOWN)
    assert sessions.who(token).masked
    change_user(database, ana, Access(masked="role"), BOSS, KNOWN)
    assert not sessions.who(token).masked
    change_user(database, ana, Access("manager"), BOSS, KNOWN)
    entries = told(database, "user.changed")
    assert len(entries) == 4, "nothing is told where nothing changed"
    assert {(entry.who, entry.address, entry.subject) for entry in entries} == {("boss", "192.0.2.7", "user:ana")}
    first = min(entries, key=lambda entry: entry.number)
    assert (first.before["role"], first.after["role"], first.after["rows"]) == (
        "analyst",
        "limited",
        {"channel": ["web"]},
    )


@pytest.mark.parametrize(
    ("access", "error"),
    [
        (Access("limited", ("no such",)), QuestionError),
        (Access("limited", (), {"no such": ("x",)}), NotFoundError),
        (Access("limited", (), {"channel": ()}), QuestionError),
        (Access("analyst", ("sales",)), QuestionError),
        (Access(email="nobody"), QuestionError),
    ],
)
def test_what_does_not_exist_cannot_be_given(database: Database, access: Access, error: type[Exception]) -> None:
    before = [(user.name, user.role, user.modules, user.rows, user.email) for user in users_of(database)]
    with pytest.raises(error):
        change_user(database, get_user(database, "ana").id, access, BOSS, KNOWN)
    assert [(user.name, user.role, user.modules, user.rows, user.email) for user in users_of(database)] == before


@pytest.mark.feature("PLT-04")
def test_the_last_administrator_who_can_come_in_stays(database: Database) -> None:
    boss = get_user(database, "boss").id
    invited = invite(database, "second", Access("admin"), 1, BOSS, KNOWN)
    for act in (
        lambda: change_user(database, boss, Access("manager"), BOSS, KNOWN),
        lambda: change_user(database, boss, Access(active=False), BOSS, KNOWN),
        lambda: remove_user(database, boss, BOSS),
    ):
        with pytest.raises(ConflictError, match="last active administrator"):
            act()
    accept_link(database, invited.token, PASSWORD)
    change_user(database, boss, Access("manager"), BOSS, KNOWN)
    assert get_user(database, "boss").role == "manager"


def test_a_user_who_is_removed_leaves_nothing_that_lets_in(sessions: Sessions, database: Database) -> None:
    tokens = enter(sessions)
    enrol(sessions, database)
    ana = get_user(database, "ana").id
    _, key = create_key(database, ana, "till", ["read"], ["sales"], None, By("ana"))
    reset_link(database, ana, 1, BOSS)
    remove_user(database, ana, BOSS)
    for bearer in (tokens.access_token, key):
        with pytest.raises(NotSignedInError):
            sessions.who(bearer)
    with database.read() as session:
        for table in ("sessions", "refresh_tokens", "recovery_codes", "one_time_links", "api_keys"):
            assert session.scalar(text(f"SELECT count(*) FROM {table}")) == 0, table
    assert [entry.before["name"] for entry in told(database, "user.removed")] == ["ana"]


# sessions


@pytest.mark.feature("PLT-03")
def test_a_session_ends_when_nothing_is_asked_in_it(sessions: Sessions, clock: Clock) -> None:
    tokens = enter(sessions)
    for _ in range(4):
        clock.move(minutes=50)
        tokens = sessions.refresh(tokens.refresh_token)
    clock.move(minutes=61)
    with pytest.raises(NotSignedInError):
        sessions.refresh(tokens.refresh_token)
    assert sessions.running(tokens.user.user_id) == []


def test_asking_counts_as_being_there(sessions: Sessions, clock: Clock) -> None:
    tokens = enter(sessions)
    for _ in range(2):
        clock.move(minutes=7)
        sessions.who(tokens.access_token)
    clock.move(minutes=50)
    sessions.refresh(tokens.refresh_token)


@pytest.mark.feature("PLT-03")
def test_sessions_are_listed_and_ended_one_or_all_or_all_others(sessions: Sessions, clock: Clock) -> None:
    first = enter(sessions)
    clock.move(minutes=5)
    second = enter(sessions, device=Device("x" * 500, "y" * 500))
    third, stranger = enter(sessions), enter(sessions, "boss")
    user = first.user.user_id
    listed = sessions.running(user)
    assert [opened.id for opened in listed][-1] == first.user.session
    assert (listed[-1].device, listed[-1].address) == ("Chrome on Linux", "192.0.2.1")
    assert sessions.counts() == {user: 3, stranger.user.user_id: 1}
    with pytest.raises(NotFoundError):
        sessions.end(user, By("ana"), only=stranger.user.session)
    assert sessions.end(user, By("ana"), only=second.user.session) == 1
    assert sessions.end(user, By("ana"), but=first.user.session) == 1
    assert sessions.who(first.access_token).name == "ana"
    assert sessions.end(user, By("ana")) == 1
    for tokens in (first, second, third):
        with pytest.raises(NotSignedInError):
            sessions.who(tokens.access_token)
    assert sessions.who(stranger.access_token).name == "boss"


# keys


@pytest.mark.feature("PLT-04")
def test_a_key_acts_as_its_user_until_it_ends(sessions: Sessions, database: Database, clock: Clock) -> None:
    ana = get_user(database, "ana").id
    key, secret = create_key(database, ana, "till", ["read"], ["sales"], 30, By("ana"))
    assert re.fullmatch(r"ts_[0-9a-f]{8}_\S{43}", secret)
    assert secret.startswith(key.prefix)
    who = sessions.who(secret, "192.0.2.3")
    assert (who.name, who.role, who.key, who.levels, who.session) == ("ana", "analyst", key.id, {"read"}, None)
    [(noted, name)] = keys_of(database, ana)
    assert (noted.last_address, name) == ("192.0.2.3", "ana")
    assert noted.last_used_at is not None
    for wrong in (secret[:-1], f"{key.prefix}_", key.prefix, f"{secret}x", "ts_", "ts__"):
        with pytest.raises(NotSignedInError):
            sessions.who(wrong)
    change_user(database, ana, Access(active=False), BOSS, KNOWN)
    with pytest.raises(NotSignedInError):
        sessions.who(secret)
    change_user(database, ana, Access(active=True), BOSS, KNOWN)
    clock.move(days=31)
    with pytest.raises(NotSignedInError):
        sessions.who(secret)
    clock.move(days=-31)
    with pytest.raises(NotFoundError):
        end_key(database, key.id, BOSS, get_user(database, "boss").id)
    end_key(database, key.id, By("ana"), ana)
    with pytest.raises(NotSignedInError):
        sessions.who(secret)
    assert keys_of(database) == []


@pytest.mark.feature("PLT-04")
def test_a_key_never_reaches_beyond_its_user(sessions: Sessions, database: Database) -> None:
    ana, boss = get_user(database, "ana").id, get_user(database, "boss").id
    modules = ["sales", "customers"]
    for scopes in (["write"], ["admin"]):
        with pytest.raises(NotAllowedError):
            create_key(database, ana, "till", scopes, modules, 1, By("ana"))
    for scopes in (["everything"], [], ["read:nothing"], ["read", "read:sales"], ["write:sales"]):
        with pytest.raises(QuestionError):
            create_key(database, boss, "till", scopes, modules, 1, By("boss"))
    _, strong = create_key(database, boss, "till", ["admin"], modules, 1, By("boss"))
    _, bound = create_key(database, ana, "till", ["read:sales", "read:customers"], modules, 1, By("ana"))
    add_user(database, "other", PASSWORD, "admin")
    change_user(database, boss, Access("limited", ("customers",), {"channel": ("web",)}), SYSTEM, KNOWN)
    who = sessions.who(strong)
    assert (who.role, who.modules, who.rows) == ("limited", ("customers",), (("channel", ("web",)),)), (
        "demoted with him"
    )
    who = sessions.who(bound)
    assert (who.role, who.modules, who.masked) == ("limited", ("customers", "sales"), True)
    change_user(database, ana, Access("limited", ("sales",)), BOSS, KNOWN)
    assert sessions.who(bound).modules == ("sales",)


# limits, log, migration


@pytest.mark.feature("PLT-04")
def test_requests_are_limited_for_each_and_come_back_with_time(database: Database) -> None:
    clock = Clock()
    limit = RateLimit(database, "user", 60, clock)
    for _ in range(60):
        limit.take("ana")
    with pytest.raises(TooManyRequestsError) as error:
        limit.take("ana")
    assert error.value.details == {"retry_after": 1}
    limit.take("boss")
    RateLimit(database, "key", 60, clock).take("ana")
    clock.move(seconds=2)
    limit.take("ana")
    limit.take("ana")
    with pytest.raises(TooManyRequestsError):
        limit.take("ana")
    clock.move(hours=-1)
    with pytest.raises(TooManyRequestsError) as error:
        limit.take("ana")
    assert error.value.details == {"retry_after": 1}, "a clock that goes back shuts nobody out for an hour"
    clock.move(seconds=1)
    limit.take("ana")
    free = RateLimit(database, "free", 0)
    for _ in range(1000):
        free.take("ana")


@pytest.mark.feature("PLT-04")
def test_requests_are_counted_over_all_servers_and_few_of_them_cost_a_write(database: Database, tmp_path: Path) -> None:
    clock = Clock()
    with Database.open(tmp_path, Settings()) as other:
        servers = [RateLimit(one, "user", 200, clock) for one in (database, other, database)]
        writes: list[str] = []
        for engine in (database.engine, other.engine):
            event.listen(
                engine,
                "before_cursor_execute",
                lambda *said: writes.append(said[2]) if said[2].startswith(("INSERT", "UPDATE")) else None,
            )
        let_through = 0
        for turn in range(400):
            with contextlib.suppress(TooManyRequestsError):
                servers[turn % 3].take("ana")
                let_through += 1
        assert let_through == 200
        assert len(writes) == 200 / 10
        clock.move(minutes=2)
        servers[0].take("boss")
        with database.read() as session:
            kept = session.scalars(select(RequestCount.name)).all()
        assert kept == ["user:boss"], "who asked long ago is forgotten"


@pytest.mark.feature("PLT-03")
def test_the_log_tells_of_coming_and_going_and_of_no_secret(
    sessions: Sessions, database: Database, tmp_path: Path
) -> None:
    tokens = enter(sessions)
    with pytest.raises(NotSignedInError):
        sessions.sign_in("ana", "my other password", CHROME)
    with pytest.raises(NotSignedInError):
        sessions.sign_in("a password in the wrong field", PASSWORD, CHROME)
    totp, codes = enrol(sessions, database)
    _, key = create_key(database, tokens.user.user_id, "till", ["read"], [], 1, By("ana"))
    link = reset_link(database, tokens.user.user_id, 1, BOSS)
    sessions.sign_out(tokens.refresh_token, "192.0.2.1")
    accept_link(database, link.token, OTHER)
    assert [entry.who for entry in told(database, "session.refused")] == ["(unknown)", "ana"]
    assert [entry.address for entry in told(database, "session.opened")] == ["192.0.2.1"]
    for action in ("session.closed", "key.created", "factor.set_up", "user.link_made", "user.password_set"):
        assert told(database, action), action
    assert audit.verify(database).sound
    kept = b"".join(file.read_bytes() for file in tmp_path.iterdir() if file.is_file() and file.name != ".key")
    secrets = (
        PASSWORD,
        OTHER,
        "my other password",
        "a password in the wrong field",
        tokens.refresh_token,
        key,
        link.token,
    )
    for secret in (*secrets, totp.secret, *codes):
        assert secret.encode() not in kept
    assert "hash" not in repr(tokens.user)


def test_a_refresh_token_that_was_copied_is_told(sessions: Sessions, database: Database) -> None:
    tokens = enter(sessions)
    sessions.refresh(tokens.refresh_token)
    with pytest.raises(NotSignedInError):
        sessions.refresh(tokens.refresh_token)
    assert len(told(database, "session.stolen")) == 1


def test_users_of_an_older_workspace_stay(tmp_path: Path) -> None:
    from alembic import command
    from alembic.config import Config

    from tillsight.database.store import MIGRATIONS

    engine = create_engine(f"sqlite:///{tmp_path / 'app.sqlite'}")
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(
            text(
                "INSERT INTO users (id, name, password_hash, role, active, created_at, failed_attempts) "
                "VALUES (7, 'old', 'hash', 'limited', 1, '2026-01-01 00:00:00', 2)"
            )
        )
        connection.execute(
            text(
                "INSERT INTO refresh_tokens (id, family, user_id, token_hash, expires_at, created_at, ended) "
                "VALUES ('a', 'f', 7, 'h', '2027-01-01 00:00:00', '2026-01-01 00:00:00', 0)"
            )
        )
    engine.dispose()
    with Database.open(tmp_path, Settings()) as database:
        user = get_user(database, "old")
        assert (user.id, user.password_hash, user.role, user.modules, user.rows) == (7, "hash", "limited", [], {})
        assert add_user(database, "next", PASSWORD, "admin").id == 8
        with database.read() as session:
            assert session.scalars(select(ApiKey)).all() == []


def test_one_who_is_signed_in_tells_what_he_may_see() -> None:
    who = SignedIn(1, "ana", "limited", modules=("sales",), rows=(("channel", ("web",)),), masked=True)
    assert (who.scope.user, who.scope.sees("sales"), who.scope.sees("customers")) == ("ana", True, False)
    assert who.scope.masked
