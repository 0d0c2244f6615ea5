"""Serving: a question asked before costs nothing and gives nothing away; work is bounded; what is too big is said plainly."""

from __future__ import annotations

import asyncio
import secrets
import shutil
import socket
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from tests.api.conftest import ADDRESS, PASSWORD, signed_in

from tillsight.accounts import RateLimit, add_user
from tillsight.api.app import create_app
from tillsight.api.keeping import Kept, KeptAnswers, kept
from tillsight.api.shared import RedisAnswers
from tillsight.api.threads import QUESTIONS
from tillsight.core.settings import Settings
from tillsight.database.changes import Changes
from tillsight.shop import Shop
from tillsight.vault import Keys

QUERY = "/api/v1/metrics/query"
ASKED: dict[str, Any] = {"metrics": ["revenue"], "by": ["country"]}
OPEN = tuple(
    f"/{name}"
    for name in (
        "healthz", "readyz", "api/v1/auth/me", "api/v1/metrics", "api/v1/metrics/revenue", "api/v1/dimensions", "api/v1/dashboards",
        "api/v1/dashboards/sales", "api/v1/analyses", "api/v1/segments/rules", "api/v1/returns/prevention",
    )
)  # fmt: skip
"""What a page needs before it asks anything."""


def only_remembered(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on whoever reads a question, or opens the release, fails."""
    monkeypatch.setattr(shop, "asker", lambda *_, **__: pytest.fail("the question was read again"))


@pytest.fixture
def somebody(app: FastAPI, shop: Shop) -> TestClient:
    """A manager of whom a test may take anything."""
    name = f"somebody-{secrets.token_hex(4)}"
    add_user(shop.database, name, PASSWORD, "manager")
    client = signed_in(app, name)
    client.headers["X-Name"] = name
    return client


def test_the_same_words_are_not_read_twice(app: FastAPI, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    client = signed_in(app, "manager")
    first = client.post(QUERY, json=ASKED)
    client.post(QUERY, json=ASKED)
    by_address = client.get(f"{QUERY}?metrics=revenue&by=country")
    only_remembered(shop, monkeypatch)
    again = client.post(QUERY, json=ASKED)
    assert (again.status_code, again.content) == (200, first.content)
    assert {name for name in first.headers if name != "date"} == {name for name in again.headers if name != "date"}
    assert again.headers["X-Content-Type-Options"] == "nosniff"
    tag = by_address.headers["ETag"]
    assert client.get(f"{QUERY}?metrics=revenue&by=country").headers["ETag"] == tag
    assert client.get(f"{QUERY}?metrics=revenue&by=country", headers={"If-None-Match": tag}).status_code == 304
    plain = client.post(QUERY, json=ASKED, headers={"Accept-Encoding": "identity"})
    assert plain.json() == first.json()
    assert TestClient(app, ADDRESS).post(QUERY, json=ASKED).status_code == 401
    assert client.post(QUERY, json=ASKED, headers={"Authorization": "Bearer made-up"}).status_code == 401


def test_what_is_taken_from_somebody_is_gone_at_once(shop: Shop, somebody: TestClient) -> None:
    name = (somebody.headers["X-Name"],)
    for _ in range(3):
        assert somebody.post(QUERY, json=ASKED).status_code == 200
    change(shop, "UPDATE users SET role = 'limited', modules = '[]' WHERE name = ?", name)
    assert somebody.post(QUERY, json=ASKED).status_code == 403, "the module is closed to him"
    change(shop, "UPDATE users SET role = 'manager' WHERE name = ?", name)
    for _ in range(2):
        assert somebody.post(QUERY, json=ASKED).status_code == 200
    ended = "UPDATE sessions SET ended_at = created_at WHERE user_id = (SELECT id FROM users WHERE name = ?)"
    change(shop, ended, name)
    assert somebody.post(QUERY, json=ASKED).status_code == 401


def change(shop: Shop, statement: str, values: tuple[str, ...]) -> None:
    """Change the operational database as another process does."""
    with sqlite3.connect(shop.path / "app.sqlite") as other:
        assert other.execute(statement, values).rowcount == 1
    other.close()


def test_another_day_is_another_question(shop: Shop, somebody: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(2):
        somebody.post(QUERY, json=ASKED)
    monkeypatch.setattr(shop, "clock_today", lambda: date(2099, 1, 1))
    only_remembered(shop, monkeypatch)
    with pytest.raises(pytest.fail.Exception, match="read again"):
        somebody.post(QUERY, json=ASKED)


def test_requests_are_counted_whether_read_or_not(
    app: FastAPI, shop: Shop, somebody: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        somebody.post(QUERY, json=ASKED)
    counted: list[bool] = []
    monkeypatch.setattr(RateLimit, "take_held", lambda *_: bool(counted.append(True)) or len(counted) <= 3)
    monkeypatch.setattr(RateLimit, "take", lambda *_: pytest.fail("counted again, the ordinary way"))
    with monkeypatch.context() as patch:
        only_remembered(shop, patch)
        assert [somebody.post(QUERY, json=ASKED).status_code for _ in range(3)] == [200] * 3
    assert len(counted) == 3
    with pytest.raises(pytest.fail.Exception, match="ordinary way"):
        somebody.post(QUERY, json=ASKED)


def test_a_stamp_changes_with_every_commit_and_with_nothing_else(shop: Shop, somebody: TestClient) -> None:
    changes = shop.database.changes
    before = changes.stamp()
    assert before is not None
    assert changes.stamp() == before
    failed = "UPDATE users SET failed_attempts = failed_attempts + 1 WHERE name = ?"
    change(shop, failed, (somebody.headers["X-Name"],))
    assert changes.stamp() != before
    broken = Changes(shop.database.engine)
    broken._question = "SELECT nothing FROM nowhere"
    assert broken.stamp() is None


async def ask_many(app: FastAPI, token: str, questions: list[dict[str, Any]], between: Any = None) -> list[Any]:
    headers = {"Authorization": token}
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url=ADDRESS, headers=headers, timeout=60) as client:
        asked = [asyncio.create_task(client.post(QUERY, json=one)) for one in questions]
        if between is not None:
            await between(client)
        return list(await asyncio.gather(*asked))


def test_many_who_ask_the_same_wait_for_one(app: FastAPI, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    token = signed_in(app, "manager").headers["Authorization"]
    engine, runs = shop.releases.current().engine, []
    run = engine.run

    def slow(_self: Any, expression: Any) -> Any:
        runs.append(1)
        time.sleep(0.1)
        return run(expression)

    monkeypatch.setattr(type(engine), "run", slow)
    question = {**ASKED, "from": "2025-01-02", "to": "2025-09-30"}
    responses = asyncio.run(ask_many(app, token, [question] * 30))
    assert {response.status_code for response in responses} == {200}
    assert len({response.content for response in responses}) == 1
    once = len(runs)
    asyncio.run(ask_many(app, token, [question | {"from": "2025-01-03"}]))
    assert len(runs) - once == once, "thirty cost what one costs"


def test_health_and_lists_answer_while_questions_run(app: FastAPI, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    token = signed_in(app, "manager").headers["Authorization"]
    engine, held, running = shop.releases.current().engine, threading.Event(), []
    run = engine.run

    def slow(_self: Any, expression: Any) -> Any:
        running.append(1)
        held.wait(60)
        return run(expression)

    monkeypatch.setattr(type(engine), "run", slow)
    seen: dict[str, int] = {}

    async def between(client: httpx.AsyncClient) -> None:
        try:
            while len(running) < QUESTIONS:
                await asyncio.sleep(0.01)
            for address in OPEN:
                seen[address] = (await asyncio.wait_for(client.get(address), 20)).status_code
            assert len(running) == QUESTIONS, "no more than so many work at a time"
        finally:
            held.set()

    questions = [{**ASKED, "from": f"2025-01-{day:02}", "to": "2025-02-01"} for day in range(1, QUESTIONS + 4)]
    responses = asyncio.run(ask_many(app, token, questions, between))
    assert seen == dict.fromkeys(OPEN, 200)
    assert [response.status_code for response in responses] == [200] * len(questions)


@pytest.mark.parametrize(
    ("limits", "words"), [({"rows": 1}, "more than 1 rows"), ({"seconds": 1e-6}, "limits.seconds")]
)
def test_a_question_that_is_too_big_says_what_to_do(
    client: TestClient, shop: Shop, monkeypatch: pytest.MonkeyPatch, limits: dict[str, Any], words: str
) -> None:
    engine = shop.releases.current().files
    monkeypatch.setattr(engine, "_limits", shop.settings.limits.model_copy(update=limits))
    response = client.post(QUERY, json={"metrics": ["revenue"], "by": ["order_id", "product"]})
    assert response.status_code == 422
    error = response.json()["error"]
    assert error["code"] == "TOO_BIG"
    assert words in error["message"]
    assert "ask for" in error["message"] or "add a filter" in error["message"]


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Redis of our own; skipped where there is none (Debian: apt-get install redis-server)."""
    pytest.importorskip("redis", reason="keeping answers in Redis needs the package redis")
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("there is no redis-server on this machine (Debian: apt-get install redis-server)")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("redis")
    server = subprocess.Popen(
        [program, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", "", "--appendonly", "no"],
        stdout=subprocess.DEVNULL,
    )
    until = time.monotonic() + 10
    while time.monotonic() < until:
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.02)
    yield f"redis://127.0.0.1:{port}/0"
    server.terminate()
    server.wait()


def test_servers_share_answers_in_redis(redis: str, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    import redis as client_of

    monkeypatch.setattr(shop, "settings", shop.settings.model_copy(update={"cache_url": redis}))
    first = signed_in(create_app(shop), "manager").post(QUERY, json=ASKED)
    client = client_of.Redis.from_url(redis)
    names = client.keys("tillsight:*")
    assert len(names) == 1
    assert b"France" not in client.get(names[0])
    engine = shop.releases.current().engine
    monkeypatch.setattr(type(engine), "run", lambda *_: pytest.fail("the engine was asked"))
    other = signed_in(create_app(shop), "manager")
    assert other.post(QUERY, json=ASKED).content == first.content
    client.set(names[0], client.get(names[0])[:-1] + b"x")
    with pytest.raises(pytest.fail.Exception, match="engine was asked"):
        signed_in(create_app(shop), "manager").post(QUERY, json=ASKED)


def test_redis_keeps_nothing_of_an_earlier_release_and_may_be_gone(redis: str, tmp_path: Path) -> None:
    import redis as client_of

    client = client_of.Redis.from_url(redis)
    client.flushall()
    number = [1]
    shared = RedisAnswers(redis, Keys.open(tmp_path), lambda: number[0])
    answers = KeptAnswers(1_000_000, shared)
    big = kept(b"x" * 5_000, "text/plain")
    assert answers.get("a", lambda: big) is big
    again = shared.get("a")
    assert again is not None
    assert (again.plain, again.media_type) == (big.plain, "text/plain")
    number[0] = 2
    answers.clear()
    assert not client.keys("tillsight:*")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nowhere = f"redis://127.0.0.1:{free.getsockname()[1]}/0"
    lost = KeptAnswers(0, RedisAnswers(nowhere, Keys.open(tmp_path), lambda: 1))
    assert lost.get("a", lambda: Kept(b"y", None, "text/plain")).plain == b"y"


def test_an_address_that_is_no_cache_is_refused() -> None:
    with pytest.raises(ValueError, match="cache_url"):
        Settings(cache_url="http://nowhere")
