"""Users, second factor, sessions, keys and limits over HTTP: what an answer tells, and what it never does."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyotp
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from tests.api.conftest import ADDRESS, PASSWORD, signed_in
from tests.support.mail import Inbox, link_in, mail_server
from tests.support.shops import make_shop

from tillsight.accounts import add_user, passwords
from tillsight.api.access import Allow, doors
from tillsight.api.app import create_app
from tillsight.database import now
from tillsight.jobs import Jobs
from tillsight.jobs.kinds import Task, mail
from tillsight.shop import Shop

OTHER = "staple battery horse"
USERS = "/api/v1/users"
AUTH = "/api/v1/auth"


def served(folder: Path, **accounts: Any) -> Shop:
    shop = make_shop(folder, {}, build=False, accounts={"sign_ins_per_minute": 0, **accounts})
    add_user(shop.database, "boss", PASSWORD, "admin")
    add_user(shop.database, "ana", PASSWORD, "analyst")
    return shop


@pytest.fixture(autouse=True)
def _cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_HASHER", PasswordHash((Argon2Hasher(1, 1024, 1),)))


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with served(tmp_path / "shop") as shop:
        yield shop


@pytest.fixture
def app(shop: Shop) -> FastAPI:
    return create_app(shop)


@pytest.fixture
def boss(app: FastAPI) -> TestClient:
    return signed_in(app, "boss")


def data(response: Any, status: int = 200) -> Any:
    assert response.status_code == status, response.text
    return response.json()["data"]


def error(response: Any, status: int) -> str:
    assert response.status_code == status, response.text
    return str(response.json()["error"]["message"])


@pytest.mark.feature("PLT-04")
def test_somebody_is_invited_changed_and_removed(app: FastAPI, boss: TestClient, anybody: TestClient) -> None:
    body = {
        "name": "New",
        "role": "limited",
        "modules": ["sales"],
        "rows": {"weekday": ["Monday"]},
        "email": "n@x.example",
    }
    made = data(boss.post(USERS, json=body), 201)
    user = made["user"]
    assert (user["name"], user["state"], user["modules"], user["rows"]) == (
        "new",
        "invited",
        ["sales"],
        {"weekday": ["0"]},
    )
    assert (user["masked"], user["sees_masked"]) == (None, True)
    token = made["path"].removeprefix("/welcome#")
    assert token not in boss.get(USERS).text, "the link is shown once"
    seen = data(anybody.post(f"{AUTH}/link", json={"token": token}))
    assert (seen["name"], seen["purpose"]) == ("new", "invitation")
    data(anybody.post(f"{AUTH}/link/accept", json={"token": token, "password": PASSWORD}))
    assert error(anybody.post(f"{AUTH}/link/accept", json={"token": token, "password": OTHER}), 404)
    new = signed_in(app, "new")
    place = f"{USERS}/{user['id']}"
    assert data(boss.get(place))["sessions"] == 1
    assert data(new.get(f"{AUTH}/me"))["modules"] == ["sales"]
    changed = data(boss.patch(place, json={"role": "manager", "masked": True}))
    assert (changed["role"], changed["modules"], changed["rows"], changed["sees_masked"]) == ("manager", [], {}, True)
    assert data(new.get(f"{AUTH}/me"))["role"] == "manager"
    data(boss.patch(place, json={"active": False}))
    assert new.get(f"{AUTH}/me").status_code == 401
    assert data(boss.get(place))["state"] == "off"
    data(boss.delete(place))
    assert error(boss.get(place), 404)
    for wrong in (
        {"name": "x", "role": "owner"},
        {"name": "x", "role": "limited", "modules": ["no such"]},
        {"name": "x", "role": "limited", "rows": {"no_such": ["x"]}},
        {"name": "x", "role": "limited", "rows": {"customer_id": ["C-01"]}},
        {"name": "x", "role": "limited", "rows": {"weekday": ["Funday"]}},
        {"name": "boss", "role": "analyst"},
        {"name": "", "role": "analyst"},
    ):
        assert 400 <= boss.post(USERS, json=wrong).status_code < 500, wrong
    assert len(data(boss.get(USERS))) == 2
    assert "last active administrator" in error(boss.patch(f"{USERS}/1", json={"role": "analyst"}), 409)


@pytest.mark.feature("PLT-03")
def test_a_second_factor_over_http(app: FastAPI, boss: TestClient, anybody: TestClient) -> None:
    ana = signed_in(app, "ana")
    assert data(ana.get(f"{AUTH}/factor")) == {"on": False, "since": None, "codes_left": 0, "required": False}
    assert "password is wrong" in error(ana.post(f"{AUTH}/factor", json={"password": "not the password"}), 422)
    made = data(ana.post(f"{AUTH}/factor", json={"password": PASSWORD}))
    totp = pyotp.TOTP(made["secret"])
    assert error(ana.post(f"{AUTH}/factor/confirm", json={"code": "000000"}), 422)
    code = totp.at(now() - timedelta(seconds=30))
    codes = data(ana.post(f"{AUTH}/factor/confirm", json={"code": code}))["recovery_codes"]
    for address in ("factor", "me", "sessions"):
        assert made["secret"] not in ana.get(f"{AUTH}/{address}").text
    ticket = data(anybody.post(f"{AUTH}/login", json={"user": "ana", "password": PASSWORD}))
    assert set(ticket) == {"ticket", "expires_in"}
    assert not anybody.cookies, "no session before the code"
    given = {"ticket": ticket["ticket"], "code": totp.now()}
    session = data(anybody.post(f"{AUTH}/second-factor", json=given))
    assert session["user"]["factor"]
    assert len(anybody.cookies) == 1
    renewed = data(ana.post(f"{AUTH}/factor/codes", json={"password": PASSWORD}))["recovery_codes"]
    assert not set(renewed) & set(codes)
    [user] = [one for one in data(boss.get(USERS)) if one["name"] == "ana"]
    assert user["factor"]
    data(boss.post(f"{USERS}/{user['id']}/factor/remove"))
    assert "access_token" in data(anybody.post(f"{AUTH}/login", json={"user": "ana", "password": PASSWORD}))


@pytest.mark.feature("PLT-03")
def test_a_role_that_needs_a_factor_gets_nothing_else_before(tmp_path: Path) -> None:
    with served(tmp_path / "strict", second_factor=["analyst"]) as shop:
        app = create_app(shop)
        ana = signed_in(app, "ana")
        assert data(ana.get(f"{AUTH}/me"))["factor_due"]
        for method, door in doors(app):
            if isinstance(door.rule, Allow) and not door.rule.due and "{" not in door.path:
                assert ana.request(method, door.path).status_code == 403, (method, door.path)
        assert "second factor" in error(ana.get("/api/v1/shop"), 403)
        key = data(ana.post("/api/v1/keys", json={"name": "till", "scopes": ["read"]}), 201)["text"]
        assert error(TestClient(app, ADDRESS, headers={"Authorization": f"Bearer {key}"}).get("/api/v1/shop"), 403)
        secret = data(ana.post(f"{AUTH}/factor", json={"password": PASSWORD}))["secret"]
        data(ana.post(f"{AUTH}/factor/confirm", json={"code": pyotp.TOTP(secret).now()}))
        assert ana.get("/api/v1/shop").status_code == 200


@pytest.mark.feature("PLT-03")
def test_sessions_are_seen_and_ended_by_oneself_and_by_the_administrator(app: FastAPI, boss: TestClient) -> None:
    agent = (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36"
    )
    here = TestClient(app, ADDRESS, headers={"User-Agent": agent})
    token = data(here.post(f"{AUTH}/login", json={"user": "ana", "password": PASSWORD}))["access_token"]
    here.headers["Authorization"] = f"Bearer {token}"
    there, third = signed_in(app, "ana"), signed_in(app, "ana")
    listed = data(here.get(f"{AUTH}/sessions"))
    assert len(listed) == 3
    [own] = [session for session in listed if session["current"]]
    assert (own["device"], own["method"]) == ("Chrome on Windows", "password")
    assert data(here.delete(f"{AUTH}/sessions?others=true")) == {"ended": 2}
    for client in (there, third):
        assert client.get(f"{AUTH}/me").status_code == 401
        assert client.post(f"{AUTH}/refresh-token").status_code == 401
    assert error(boss.delete(f"{USERS}/2/sessions/{'0' * 32}"), 404)
    assert data(boss.get(f"{USERS}/2/sessions"))[0]["id"] == own["id"]
    assert data(boss.delete(f"{USERS}/2/sessions/{own['id']}")) == {"ended": 1}
    assert here.get(f"{AUTH}/me").status_code == 401


@pytest.mark.feature("PLT-04")
def test_a_key_comes_in_as_a_bearer_and_is_shown_once(app: FastAPI, boss: TestClient) -> None:
    ana = signed_in(app, "ana")
    made = data(ana.post("/api/v1/keys", json={"name": "till", "scopes": ["read"], "days": 30}), 201)
    program = TestClient(app, ADDRESS, headers={"Authorization": f"Bearer {made['text']}"})
    assert data(program.get(f"{AUTH}/me"))["name"] == "ana"
    for client, address in ((ana, "/api/v1/keys"), (boss, "/api/v1/keys/all")):
        [listed] = data(client.get(address))
        assert made["text"] not in json.dumps(listed)
        assert (listed["prefix"], listed["user"]) == (made["key"]["prefix"], "ana")
        assert listed["last_used_at"] is not None
    assert data(boss.get("/api/v1/keys")) == []
    assert error(signed_in(app, "ana").delete("/api/v1/keys/nothing"), 404)
    data(boss.delete(f"/api/v1/keys/{made['key']['id']}"))
    assert program.get(f"{AUTH}/me").status_code == 401


@pytest.mark.feature("PLT-04")
def test_too_many_requests_are_refused_with_the_time_to_wait(tmp_path: Path) -> None:
    with served(tmp_path / "busy", requests_per_minute=20, key_requests_per_minute=5, sign_ins_per_minute=4) as shop:
        app = create_app(shop)
        ana = signed_in(app, "ana")
        key = data(ana.post("/api/v1/keys", json={"name": "till", "scopes": ["read"]}), 201)["text"]
        program = TestClient(app, ADDRESS, headers={"Authorization": f"Bearer {key}"})
        answers = [program.get(f"{AUTH}/me") for _ in range(6)]
        assert [answer.status_code for answer in answers] == [200] * 5 + [429]
        assert int(answers[-1].headers["Retry-After"]) >= 1
        assert answers[-1].json()["error"]["code"] == "TOO_MANY_REQUESTS"
        codes = [ana.get(f"{AUTH}/me").status_code for _ in range(25)]
        assert codes.count(200) == 19, "a key does not use up what its user may"
        assert 429 in codes
        stranger = TestClient(app, ADDRESS)
        tries = [
            stranger.post(f"{AUTH}/login", json={"user": f"u{n}", "password": "wrong"}).status_code for n in range(5)
        ]
        assert 429 in tries, "names that change do not help whoever guesses from one address"


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    with mail_server() as inbox:
        yield inbox


@pytest.fixture
def mailing(tmp_path: Path, inbox: Inbox) -> Iterator[Shop]:
    """A shop that sends mail."""
    shop = served(tmp_path / "mailing")
    with (shop.path / "tillsight.toml").open("a") as file:
        file.write(
            f'\n[mail]\nhost = "127.0.0.1"\nport = {inbox.port}\nsecurity = "none"\nsender = "tillsight@shop.example"\n'
        )
    shop.close()
    with Shop.open(shop.path) as opened:
        yield opened


def run_jobs(shop: Shop) -> list[dict[str, Any]]:
    """Do what waits, as a worker would; the results."""
    waiting = Jobs(shop.database).list(0, 100, "queued")[0]
    results = [mail(Task(shop.path, job.id, job.params, job.created_by)) for job in reversed(waiting)]
    for job in waiting:
        Jobs(shop.database).cancel(job.id, None)
    return results


@pytest.mark.feature("PLT-03")
def test_links_go_by_mail_and_are_in_no_answer(mailing: Shop, inbox: Inbox) -> None:
    app = create_app(mailing)
    boss, stranger = signed_in(app, "boss"), TestClient(app, ADDRESS)
    assert data(stranger.get(f"{AUTH}/options"))["mail"] is True
    assert "enter an e-mail address" in error(
        boss.post(USERS, json={"name": "eva", "role": "analyst", "by_mail": True}), 422
    )
    asked = {"name": "eva", "role": "analyst", "email": "eva@shop.example", "by_mail": True}
    made = data(boss.post(USERS, json=asked), 201)
    assert made["path"] is None
    assert made["job"]
    assert run_jobs(mailing) == [{"sent": 1}]
    token = link_in(inbox.messages[0]).rpartition("#")[2]
    assert data(stranger.post(f"{AUTH}/link", json={"token": token}))["purpose"] == "invitation"
    data(stranger.post(f"{AUTH}/link/accept", json={"token": token, "password": PASSWORD}))
    again = data(boss.post(f"{USERS}/{made['user']['id']}/link", json={"by_mail": True}), 201)
    assert (again["path"], again["purpose"]) == (None, "reset")
    assert run_jobs(mailing) == [{"sent": 1}]
    assert data(boss.post(f"{USERS}/{made['user']['id']}/link"), 201)["path"].startswith("/welcome#")


@pytest.mark.feature("PLT-03")
def test_nobody_learns_who_is_known_by_asking_for_another_password(mailing: Shop, inbox: Inbox) -> None:
    app = create_app(mailing)
    stranger = TestClient(app, ADDRESS)
    data(signed_in(app, "boss").patch(f"{USERS}/2", json={"email": "ana@shop.example"}))
    answers = [
        stranger.post(f"{AUTH}/forgotten", json={"user": user})
        for user in ("ana", "ANA@shop.example", "nobody", "nobody@shop.example")
    ]
    assert {answer.status_code for answer in answers} == {202}
    assert len({json.dumps(answer.json()["data"]) for answer in answers}) == 1
    assert {frozenset(answer.headers) for answer in answers} == {frozenset(answers[0].headers)}
    results = run_jobs(mailing)
    assert results == [{"sent": 1}, {"sent": 0}, {"sent": 0}, {"sent": 0}], "one mail, however often it is asked"
    token = link_in(inbox.messages[0]).rpartition("#")[2]
    data(stranger.post(f"{AUTH}/link/accept", json={"token": token, "password": OTHER}))
    assert stranger.post(f"{AUTH}/login", json={"user": "ana", "password": OTHER}).status_code == 200


def test_without_a_mail_server_the_way_is_said(boss: TestClient, app: FastAPI) -> None:
    stranger = TestClient(app, ADDRESS)
    assert data(stranger.get(f"{AUTH}/options"))["mail"] is False
    assert "ask an administrator" in error(stranger.post(f"{AUTH}/forgotten", json={"user": "ana"}), 409)
    asked = {"name": "eva", "role": "analyst", "email": "eva@shop.example", "by_mail": True}
    assert "mail.host" in error(boss.post(USERS, json=asked), 409)
    assert [user["name"] for user in data(boss.get(USERS))] == ["ana", "boss"], "nobody is added half"


def test_no_secret_is_in_an_error_or_in_the_log(
    app: FastAPI, boss: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    secrets = ["my own password", "ts_00000000_not-a-key-that-is-known", "not-a-token-of-a-link", "not.a.ticket"]
    stranger = TestClient(app, ADDRESS, headers={"Authorization": f"Bearer {secrets[1]}"})
    answers = [
        stranger.post(f"{AUTH}/login", json={"user": "ana", "password": secrets[0]}),
        stranger.post(f"{AUTH}/login", json={"user": "ana", "password": secrets[0], "more": secrets[0]}),
        stranger.get(f"{AUTH}/me"),
        stranger.post(f"{AUTH}/link", json={"token": secrets[2]}),
        stranger.post(f"{AUTH}/link/accept", json={"token": secrets[2], "password": secrets[0]}),
        stranger.post(f"{AUTH}/second-factor", json={"ticket": secrets[3], "code": "123456"}),
        boss.post(f"{AUTH}/password", json={"current": secrets[0], "password": "short"}),
        boss.post(f"{AUTH}/factor", json={"password": secrets[0]}),
    ]
    for answer in answers:
        assert answer.status_code >= 400
        for secret in secrets:
            assert secret not in answer.text
            assert secret not in caplog.text
