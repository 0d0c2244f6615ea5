"""Single sign-on against a small issuer on loopback: discovery, code flow with PKCE, state, nonce, signature, claim → role."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from fastapi.testclient import TestClient
from joserfc import jwt
from joserfc.jwk import RSAKey
from tests.support.shops import make_shop

from tillsight import audit
from tillsight.accounts import Access, Known, add_user, change_user, get_user
from tillsight.accounts.roles import SYSTEM
from tillsight.api.app import create_app
from tillsight.shop import Shop

pytestmark = pytest.mark.feature("PLT-03")

CLIENT, SECRET = "tillsight", "the secret of the client"
CALLBACK = "http://127.0.0.1/api/v1/oidc/callback"


class SmallIssuer:
    """An issuer that signs in whoever the test says, and checks what it is asked as a real one does."""

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})
        self.published = [self.key]
        self.person: dict[str, Any] = {}
        self.changed: dict[str, Any] = {}
        self.seen: list[dict[str, str]] = []
        self._codes: dict[str, dict[str, str]] = {}
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = urlsplit(self.path).path
                if path == "/.well-known/openid-configuration":
                    self.answer(issuer.document())
                else:
                    self.answer({"keys": [key.as_dict(private=False) for key in issuer.published]})

            def do_POST(self) -> None:
                body = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
                issuer.seen.append(body)
                answer = issuer.token(body)
                self.answer(answer or {"error": "invalid_grant"}, 200 if answer else 400)

            def answer(self, body: dict[str, Any], status: int = 200) -> None:
                content = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def document(self) -> dict[str, Any]:
        return {
            "issuer": self.address,
            "authorization_endpoint": f"{self.address}/authorise",
            "token_endpoint": f"{self.address}/token",
            "jwks_uri": f"{self.address}/keys",
        }

    def sign_in(self, address: str, **person: Any) -> str:
        """What somebody's browser does at the issuer: returns the address that it is sent back to."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert address.startswith(f"{self.address}/authorise?")
        assert (asked["response_type"], asked["client_id"], asked["code_challenge_method"]) == ("code", CLIENT, "S256")
        assert "openid" in asked["scope"].split()
        self.person = {"sub": "s-1", "preferred_username": "Ana", "groups": ["staff"], **person}
        code = f"code-{len(self._codes)}"
        self._codes[code] = asked
        return f"{asked['redirect_uri']}?state={asked['state']}&code={code}"

    def token(self, body: dict[str, str]) -> dict[str, Any] | None:
        asked = self._codes.pop(body.get("code", ""), None)
        if asked is None or body.get("client_secret") != SECRET or body["redirect_uri"] != asked["redirect_uri"]:
            return None
        challenge = base64.urlsafe_b64encode(hashlib.sha256(body["code_verifier"].encode()).digest()).decode()
        if challenge.rstrip("=") != asked["code_challenge"]:
            return None
        at = int(time.time())
        claims = {"iss": self.address, "aud": CLIENT, "iat": at, "exp": at + 60, "nonce": asked["nonce"], **self.person}
        claims |= self.changed
        return {"id_token": jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, self.key)}


@pytest.fixture
def issuer() -> Iterator[SmallIssuer]:
    made = SmallIssuer()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def shop(tmp_path: Path, issuer: SmallIssuer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    monkeypatch.setenv("TILLSIGHT_OIDC_SECRET", SECRET)
    oidc = {"issuer": issuer.address, "client_id": CLIENT, "roles": ["bosses=admin", "staff=analyst", "till=limited"]}
    accounts = {"sign_ins_per_minute": 0, "second_factor": ["analyst"]}
    with make_shop(tmp_path / "shop", {}, build=False, oidc=oidc, accounts=accounts) as shop:
        yield shop


@pytest.fixture
def browser(shop: Shop) -> TestClient:
    return TestClient(create_app(shop), "http://127.0.0.1", follow_redirects=False)


def out(browser: TestClient, following: str = "") -> str:
    response = browser.get("/api/v1/oidc/start", params={"next": following})
    assert response.status_code == 303
    return str(response.headers["location"])


def back(browser: TestClient, address: str) -> dict[str, str]:
    """Come back with an address; what the sign-in page is told."""
    assert address.startswith(CALLBACK)
    response = browser.get(address, headers={"Sec-Fetch-Site": "cross-site", "User-Agent": "Firefox on Linux"})
    assert response.status_code == 303
    place = urlsplit(response.headers["location"])
    assert (place.scheme, place.netloc, place.path) == ("", "", "/sign-in")
    return dict(parse_qsl(place.query))


def me(browser: TestClient) -> dict[str, Any]:
    session = browser.post("/api/v1/auth/refresh-token").json()["data"]
    assert browser.get("/api/v1/auth/me", headers={"Authorization": f"Bearer {session['access_token']}"}).is_success
    return dict(session["user"])


def test_somebody_signs_in_elsewhere_and_has_a_session_here(
    browser: TestClient, issuer: SmallIssuer, shop: Shop
) -> None:
    assert browser.get("/api/v1/auth/options").json()["data"] == {"single_sign_on": "Single sign-on", "mail": False}
    assert back(browser, issuer.sign_in(out(browser, "/sales?period=last_month"))) == {
        "signed": "in", "next": "/sales?period=last_month",
    }  # fmt: skip
    user = me(browser)
    assert (user["name"], user["role"]) == ("ana", "analyst")
    assert not user["factor_due"], "the issuer sees to second factors"
    [opened] = create_app(shop).state.services.sessions.running(get_user(shop.database, "ana").id)
    assert opened.method == "oidc"
    assert {cookie.name for cookie in browser.cookies.jar} == {next(iter(browser.cookies))}, (
        "the cookie of the way is gone"
    )
    actions = [entry.action for entry in audit.entries(shop.database, audit.Wanted())[0]]
    assert {"user.created", "session.opened"} <= set(actions)
    assert browser.post("/api/v1/auth/login", json={"user": "ana", "password": "anything at all"}).status_code == 401


def test_the_role_is_that_of_the_claim_at_every_sign_in(browser: TestClient, issuer: SmallIssuer, shop: Shop) -> None:
    for groups, role in ((["till"], "limited"), (["other", "bosses", "staff"], "admin"), ("staff", "analyst")):
        assert back(browser, issuer.sign_in(out(browser), groups=groups))["signed"] == "in"
        assert me(browser)["role"] == role
    told = back(browser, issuer.sign_in(out(browser), groups=["visitors"]))
    assert "administrator" in told["signed"]
    assert get_user(shop.database, "ana").role == "analyst"


def test_who_is_switched_off_here_stays_out(browser: TestClient, issuer: SmallIssuer, shop: Shop) -> None:
    add_user(shop.database, "boss", "correct horse battery", "admin")
    back(browser, issuer.sign_in(out(browser)))
    known = Known(("sales",), lambda _name, values: tuple(values))
    change_user(shop.database, get_user(shop.database, "ana").id, Access(active=False), SYSTEM, known)
    assert back(browser, issuer.sign_in(out(browser)))["signed"] != "in"


def test_a_name_alone_does_not_make_the_same_person(browser: TestClient, issuer: SmallIssuer, shop: Shop) -> None:
    add_user(shop.database, "ana", "correct horse battery", "admin")
    assert back(browser, issuer.sign_in(out(browser), groups=["bosses"]))["signed"] != "in"
    assert get_user(shop.database, "ana").oidc_subject is None
    assert back(browser, issuer.sign_in(out(browser), preferred_username="new"))["signed"] == "in"
    assert back(browser, issuer.sign_in(out(browser), preferred_username="renamed"))["signed"] == "in"
    assert me(browser)["name"] == "new", "the subject is the person, whatever the name becomes"


@pytest.mark.parametrize(
    "changed",
    [
        {"nonce": "another"},
        {"aud": "somebody else"},
        {"aud": [CLIENT, "somebody else"]},
        {"iss": "https://bad.example"},
        {"exp": 1_000_000_000},
        {"sub": None},
    ],
)
def test_a_token_that_is_not_for_this_visit_is_refused(
    browser: TestClient, issuer: SmallIssuer, changed: dict[str, Any]
) -> None:
    address = issuer.sign_in(out(browser))
    issuer.changed = changed
    assert back(browser, address)["signed"] != "in"
    assert browser.post("/api/v1/auth/refresh-token").status_code == 401


def test_a_token_signed_by_another_key_is_refused_and_a_new_key_is_looked_up(
    browser: TestClient, issuer: SmallIssuer
) -> None:
    assert back(browser, issuer.sign_in(out(browser)))["signed"] == "in"
    issuer.key = RSAKey.generate_key(2048, {"kid": "two", "use": "sig", "alg": "RS256"})
    assert back(browser, issuer.sign_in(out(browser)))["signed"] != "in"
    issuer.published = [issuer.key]
    assert back(browser, issuer.sign_in(out(browser)))["signed"] == "in"


def test_an_answer_that_this_browser_did_not_ask_for_is_refused(
    browser: TestClient, issuer: SmallIssuer, shop: Shop
) -> None:
    address = issuer.sign_in(out(browser))
    other = TestClient(create_app(shop), "http://127.0.0.1", follow_redirects=False)
    assert back(other, address)["signed"] != "in", "no cookie of the way"
    state = urlsplit(address).query.partition("state=")[2].partition("&")[0]
    assert back(browser, address.replace(state, "x" * len(state)))["signed"] != "in"
    assert back(browser, address)["signed"] != "in", "the cookie of the way is good once"
    out(browser)
    assert back(browser, f"{CALLBACK}?error=access_denied")["signed"] != "in"
    assert issuer.seen == [], "the issuer was never asked for a token"


def test_a_code_is_good_once_and_the_secret_stays_in_the_environment(
    browser: TestClient, issuer: SmallIssuer, shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    first = issuer.sign_in(out(browser))
    code = first.partition("code=")[2]
    assert back(browser, first)["signed"] == "in"
    again = out(browser)
    state = parse_qs(urlsplit(again).query)["state"][0]
    assert back(browser, f"{CALLBACK}?state={state}&code={code}")["signed"] != "in"
    kept = b"".join(file.read_bytes() for file in shop.path.iterdir() if file.is_file())
    for secret in (SECRET, issuer.seen[0]["code_verifier"]):
        assert secret.encode() not in kept
        assert secret not in caplog.text


@pytest.mark.parametrize("elsewhere", ["//bad.example/", "https://bad.example/", "/\\bad.example", "bad"])
def test_signing_in_never_leads_to_another_host(browser: TestClient, issuer: SmallIssuer, elsewhere: str) -> None:
    assert back(browser, issuer.sign_in(out(browser, elsewhere))) == {"signed": "in"}


def test_an_issuer_that_is_away_or_not_what_it_says_is_told(
    tmp_path: Path, issuer: SmallIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(issuer, "document", lambda: {"issuer": "https://bad.example"})
    for number, address in enumerate((issuer.address, "http://127.0.0.1:9", "http://bad.example")):
        with make_shop(tmp_path / str(number), {}, build=False, oidc={"issuer": address, "client_id": CLIENT}) as shop:
            client = TestClient(create_app(shop), "http://127.0.0.1", follow_redirects=False)
            place = client.get("/api/v1/oidc/start").headers["location"]
            assert place.startswith("/sign-in?signed=")
    with make_shop(tmp_path / "none", {}, build=False) as shop:
        client = TestClient(create_app(shop), "http://127.0.0.1", follow_redirects=False)
        assert client.get("/api/v1/auth/options").json()["data"] == {"single_sign_on": None, "mail": False}
        assert client.get("/api/v1/oidc/start").status_code == 404
