"""Signing in and out with the form, and that nothing is to be had without."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect
from tests.e2e.conftest import USER, Server, Visits
from tests.e2e.visitor import Visitor

from tillsight.api.app import openapi_document

pytestmark = [pytest.mark.e2e, pytest.mark.feature("PLT-03")]

REFUSED = "401 (Unauthorized)"
"""What the browser says of a visit without a session: the page asks for one and gets none."""
OPEN = {
    f"/api/v1/auth/{name}"
    for name in ("login", "second-factor", "options", "link", "link/accept", "logout", "forgotten")
}
"""What needs no session: to begin one, and to be rid of one that has ended already."""


@pytest.fixture
def stranger(visits: Visits, served: Server) -> Visitor:
    """Somebody with a new browser."""
    visits.provoke(REFUSED)
    return visits.page(visits.context(), served.address)


def sign_in(page: Page, password: str) -> None:
    page.get_by_label("User name").fill(USER)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()


def test_a_wrong_password_is_refused_in_words_and_the_right_one_lets_in(stranger: Visitor, served: Server) -> None:
    page = stranger.page
    page.goto(served.address)
    expect(page).to_have_url(f"{served.address}/sign-in")
    sign_in(page, "not the password")
    expect(page.get_by_role("alert")).to_contain_text("password")
    expect(page.get_by_label("Password", exact=True)).to_have_value("")
    expect(page).to_have_url(f"{served.address}/sign-in")
    sign_in(page, served.password)
    expect(page.get_by_role("heading", name="Overview", level=1)).to_be_visible()
    expect(page).to_have_url(f"{served.address}/")


def test_a_session_survives_a_reload_and_ends_with_signing_out(stranger: Visitor, served: Server) -> None:
    page = stranger.page
    page.goto(f"{served.address}/sales")
    sign_in(page, served.password)
    expect(page.get_by_role("heading", name="Sales overview")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Sales overview")).to_be_visible()
    [cookie] = page.context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Strict", "/api/v1/auth")
    kept = str(page.evaluate("[Object.values(localStorage), Object.values(sessionStorage), document.cookie]"))
    assert cookie["value"] not in kept, "no token lies where a script can read it later"
    assert "eyJ" not in kept, "nor an access token"

    page.get_by_role("button", name=f"User menu: {USER}").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(f"{served.address}/sign-in")
    assert page.context.cookies() == []
    page.goto(f"{served.address}/sales")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


def test_a_deep_link_opens_after_signing_in(stranger: Visitor, served: Server) -> None:
    page = stranger.page
    page.goto(f"{served.address}/sales/products?period=last_month&where=country=Austria")
    expect(page).to_have_url(re.compile("/sign-in"))
    sign_in(page, served.password)
    expect(page.get_by_role("heading", name="Products sold")).to_be_visible()
    assert stranger.view() == {"period": ["last_month"], "where": ["country=Austria"]}
    expect(page.get_by_role("button", name=re.compile("^Period: Last month"))).to_be_visible()
    expect(stranger.chip("Country is Austria")).to_be_visible()


@pytest.mark.parametrize("elsewhere", ["//elsewhere.example/", "https://elsewhere.example/", "/\\elsewhere.example"])
def test_signing_in_never_leads_to_another_host(stranger: Visitor, served: Server, elsewhere: str) -> None:
    stranger.page.goto(f"{served.address}/sign-in?next={elsewhere}")
    sign_in(stranger.page, served.password)
    expect(stranger.page.get_by_role("heading", name="Overview", level=1)).to_be_visible()
    assert stranger.page.url == f"{served.address}/"


def test_nothing_but_signing_in_is_reachable_without_a_session(stranger: Visitor, served: Server) -> None:
    page = stranger.page
    for path in ("/", "/sales", "/explore?metrics=revenue", "/data", "/data/releases/1", "/settings", "/no/such/page"):
        page.goto(f"{served.address}{path}")
        expect(page.get_by_role("button", name="Sign in")).to_be_visible()
        expect(page).to_have_url(re.compile("/sign-in"))
        expect(page.get_by_role("navigation")).to_have_count(0)
    asked = page.context.request
    assert asked.get(f"{served.address}/healthz").ok
    assert asked.get(f"{served.address}/readyz").ok
    document = openapi_document()
    doors = [(path, method) for path, methods in document["paths"].items() for method in methods]
    assert len(doors) > 30
    for path, method in doors:
        if path in OPEN or not path.startswith("/api/"):
            continue
        real = re.sub(r"\{[^}]+\}", "1", path)
        answer = asked.fetch(f"{served.address}{real}", method=method, data={} if method != "get" else None)
        assert answer.status == 401, f"{method} {path} answers {answer.status}"
        assert answer.json()["status"] == "error"
    for path in ("/openapi.json", "/docs", "/redoc", "/api/v1/openapi.json", "/app.sqlite", "/assets/../../../app.py"):
        answer = asked.get(f"{served.address}{path}")
        assert answer.status in (401, 404) or 'id="root"' in answer.text(), f"{path} answers {answer.status}"
