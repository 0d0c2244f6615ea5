"""Users, sessions, second factor and keys in the browser: somebody is invited, sees what is his, and is let out again."""

from __future__ import annotations

import json
import re
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pyotp
import pytest
import tomlkit
from playwright.sync_api import Page, expect
from tests.e2e.conftest import Server, Visits, command, environment, start_server
from tests.e2e.test_access import everywhere
from tests.e2e.visitor import Visitor
from tests.support.mail import Inbox, link_in, mail_server

pytestmark = pytest.mark.e2e

PASSWORD = "correct horse battery"
OTHER = "staple battery horse"
REFUSED = ("401 (Unauthorized)", "422 (Unprocessable", "403 (Forbidden)", "404 (Not Found)")
"""What the browser says of answers that these tests bring about."""


def run(server: Server, *arguments: str) -> str:
    """A command at the shop, and what it prints."""
    done = subprocess.run(
        command(*arguments, "--workspace", server.folder), check=True, capture_output=True, text=True, env=environment()
    )
    return done.stdout.strip()


@pytest.fixture
def guest(served: Server) -> Iterator[str]:
    """The name of a user of this test, who is removed at its end."""
    name = f"guest{time.time_ns()}"
    yield name
    remove = command("user", "remove", name, "-w", served.folder)
    subprocess.run(remove, check=False, capture_output=True, env=environment())


@pytest.fixture
def stranger(visits: Visits, served: Server) -> Visitor:
    visits.provoke(*REFUSED)
    return visits.page(visits.context(), served.address)


def token_of(link: str) -> str:
    return link.rpartition("/welcome")[2]


def welcome(visitor: Visitor, link: str, password: str = PASSWORD) -> None:
    """Choose a password by a link, and be in."""
    page = visitor.page
    page.goto(f"{visitor.address}/welcome{token_of(link)}")
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_label("The same again").fill(password)
    page.get_by_role("button", name="Set the password and sign in").click()


def sign_in(page: Page, address: str, name: str, password: str) -> None:
    page.goto(f"{address}/sign-in?next=/profile")
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()


def ask(address: str, key: str) -> int:
    """The status that a program gets with a key."""
    request = urllib.request.Request(f"{address}/api/v1/metrics", headers={"Authorization": f"Bearer {key}"})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert json.load(answer)["status"] == "success"
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


@pytest.mark.feature("PLT-04")
def test_somebody_is_invited_to_one_module_and_some_rows_and_sees_no_more(
    visits: Visits, visitor: Visitor, stranger: Visitor, guest: str
) -> None:
    page = visitor.page
    visitor.open("/settings/users")
    page.get_by_role("button", name="Invite somebody").click()
    form = page.get_by_role("dialog", name="Invite somebody")
    form.get_by_label("User name").fill(guest)
    form.get_by_role("combobox", name="Role").click()
    page.get_by_role("option", name="Limited").click()
    form.get_by_label("Sales", exact=True).check()
    form.get_by_role("button", name="Add a bound").click()
    form.get_by_role("combobox", name="By").click()
    page.get_by_role("option", name="Channel", exact=True).click()
    form.get_by_label("Only").click()
    page.get_by_role("option", name="web", exact=True).click()
    page.keyboard.press("Tab")
    form.get_by_role("button", name="Invite", exact=True).click()
    link = page.get_by_label(f"Link for {guest}").inner_text()
    assert link.startswith(f"{visitor.address}/welcome#")
    row = page.get_by_role("row").filter(has_text=guest)
    for words in ("invited", "Limited", "sales · channel: web", "masked"):
        expect(row).to_contain_text(words)

    welcome(stranger, link)
    other = stranger.page
    expect(other.get_by_role("heading", name="Overview", level=1)).to_be_visible()
    rail = other.get_by_role("navigation", name="Pages")
    assert [name for name in rail.get_by_role("listitem").all_inner_texts() if name][:2] == ["Overview", "Sales"]
    for hidden in ("Customers", "Data"):
        expect(rail.get_by_role("link", name=hidden, exact=True)).to_have_count(0)
    stranger.open("/explore", metrics="revenue", by="channel", chart="table")
    table = other.get_by_role("main").get_by_role("table").first
    assert {row[0] for row in stranger.cells(table)} == {"web"}
    for closed in ("/data", "/settings/users"):
        other.goto(f"{stranger.address}{closed}")
        expect(other.get_by_role("alert").first).to_contain_text("an administrator can give you another")
    other.goto(f"{stranger.address}/welcome{token_of(link)}")
    expect(other.get_by_role("alert")).to_contain_text("used already")

    page.get_by_role("button", name=guest, exact=True).click()
    page.get_by_role("button", name="Switch off").click()
    expect(page.get_by_role("button", name="Let in again")).to_be_visible()
    other.goto(f"{stranger.address}/sales")
    expect(other.get_by_role("button", name="Sign in")).to_be_visible()
    page.get_by_role("button", name="Remove", exact=True).last.click()
    page.get_by_role("button", name=f"Remove {guest} for good").click()
    expect(page.get_by_role("row").filter(has_text=guest)).to_have_count(0)


@pytest.mark.feature("PLT-03")
def test_a_second_factor_is_set_up_and_asked_for(stranger: Visitor, served: Server, guest: str) -> None:
    page = stranger.page
    welcome(stranger, run(served, "user", "invite", guest, "--role", "analyst"))
    expect(page.get_by_role("heading", name="Overview", level=1)).to_be_visible()
    stranger.open("/profile")
    factor = page.get_by_role("region", name="Second factor")
    factor.get_by_label("Your password").fill("not the password")
    factor.get_by_role("button", name="Set it up").click()
    expect(factor.get_by_text("The password is wrong.")).to_be_visible()
    factor.get_by_label("Your password").fill(PASSWORD)
    factor.get_by_role("button", name="Set it up").click()
    expect(factor.get_by_alt_text("QR code with the secret of the second factor")).to_be_visible()
    totp = pyotp.TOTP(factor.get_by_label("Secret of the second factor").inner_text().strip())
    factor.get_by_label("Code that it shows").fill(totp.at(time.time() - 30))
    factor.get_by_role("button", name="Switch it on").click()
    codes = factor.get_by_role("list", name="Recovery codes").get_by_role("listitem")
    expect(codes).to_have_count(10)
    [code, *_] = codes.all_inner_texts()
    factor.get_by_role("button", name="I have kept the codes").click()
    expect(factor.get_by_text("10 recovery codes are left")).to_be_visible()

    page.get_by_role("button", name=f"User menu: {guest}").click()
    page.get_by_role("button", name="Sign out", exact=True).click()
    expect(page).to_have_url(re.compile("/sign-in"))
    sign_in(page, stranger.address, guest, PASSWORD)
    page.get_by_label("Code of your authenticator").fill("000000")
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("alert")).to_contain_text("code is wrong")
    page.get_by_label("Code of your authenticator").fill(totp.now())
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("heading", name="Your profile", level=1)).to_be_visible()
    page.get_by_role("button", name=f"User menu: {guest}").click()
    page.get_by_role("button", name="Sign out", exact=True).click()
    sign_in(page, stranger.address, guest, PASSWORD)
    page.get_by_label("Code of your authenticator").fill(code)
    page.get_by_role("button", name="Go on").click()
    expect(factor.get_by_text("9 recovery codes are left")).to_be_visible()

    page.get_by_role("button", name="Take the second factor away").click()
    factor.get_by_label("Your password").fill(PASSWORD)
    factor.get_by_role("button", name="Take it away").click()
    expect(factor.get_by_role("button", name="Set it up")).to_be_visible()


@pytest.mark.feature("PLT-03")
def test_sessions_are_seen_and_ended_and_a_new_password_ends_the_others(
    visits: Visits, stranger: Visitor, served: Server, guest: str
) -> None:
    welcome(stranger, run(served, "user", "invite", guest, "--role", "manager"))
    page = stranger.page
    expect(page.get_by_role("heading", name="Overview", level=1)).to_be_visible()
    second = visits.page(visits.context(), served.address)
    sign_in(second.page, served.address, guest, PASSWORD)
    expect(second.page.get_by_role("heading", name="Your profile", level=1)).to_be_visible()
    stranger.open("/profile")
    sessions = page.get_by_role("region", name="Sessions")
    expect(sessions.get_by_role("listitem")).to_have_count(2)
    expect(sessions.get_by_role("listitem").first).to_contain_text("127.0.0.1")
    expect(sessions.get_by_text("this one")).to_have_count(1)
    sessions.get_by_role("button", name=re.compile("^End the session on")).click()
    expect(sessions.get_by_role("listitem")).to_have_count(1)
    second.page.goto(f"{served.address}/sales")
    expect(second.page.get_by_role("button", name="Sign in")).to_be_visible()

    sign_in(second.page, served.address, guest, PASSWORD)
    expect(second.page.get_by_role("heading", name="Your profile", level=1)).to_be_visible()
    pane = page.get_by_role("region", name="Password")
    pane.get_by_label("Current password").fill(PASSWORD)
    pane.get_by_label("New password", exact=True).fill(OTHER)
    pane.get_by_label("New password again").fill(OTHER)
    pane.get_by_role("button", name="Change the password").click()
    expect(pane.get_by_text("The password is changed")).to_be_visible()
    second.page.goto(f"{served.address}/sales")
    expect(second.page.get_by_role("button", name="Sign in")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Your profile", level=1)).to_be_visible()
    page.get_by_role("button", name="Sign out everywhere").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


@pytest.mark.feature("PLT-04")
def test_a_key_is_shown_once_works_and_ends(stranger: Visitor, served: Server, guest: str) -> None:
    welcome(stranger, run(served, "user", "invite", guest, "--role", "analyst"))
    page = stranger.page
    expect(page.get_by_role("heading", name="Overview", level=1)).to_be_visible()
    stranger.open("/profile")
    keys = page.get_by_role("region", name="Keys of programs")
    keys.get_by_role("button", name="New key").click()
    keys.get_by_label("What it is for").fill("Till export")
    keys.get_by_role("combobox", name="What it may").click()
    expect(page.get_by_role("option", name="Everything, users too")).to_have_count(0)
    page.get_by_role("option", name="Read single modules").click()
    expect(keys.get_by_role("button", name="Make the key")).to_be_disabled()
    keys.get_by_label("Sales", exact=True).check()
    keys.get_by_role("button", name="Make the key").click()
    key = keys.get_by_label("The key", exact=True).inner_text().strip()
    keys.get_by_role("button", name="I have kept it").click()
    expect(keys.get_by_text("Reads sales")).to_be_visible()
    assert key not in page.content()
    assert ask(served.address, key) == 200
    page.reload()
    expect(keys.get_by_text("from 127.0.0.1")).to_be_visible()
    keys.get_by_role("button", name="End the key Till export", exact=True).click()
    keys.get_by_role("button", name="End the key Till export for good", exact=True).click()
    expect(keys.get_by_text("No keys")).to_be_visible()
    assert ask(served.address, key) == 401


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    with mail_server() as inbox:
        yield inbox


@pytest.fixture
def strict(tmp_path: Path, inbox: Inbox) -> Iterator[Server]:
    """A workspace that sends mail and asks its managers for a second factor."""
    folder = tmp_path / "strict"
    subprocess.run(
        command("init", folder, "--currency", "EUR", "--timezone", "Europe/Berlin"),
        check=True,
        capture_output=True,
        env=environment(),
    )
    document = tomlkit.parse((folder / "tillsight.toml").read_text("utf-8"))
    document["accounts"]["second_factor"] = ["manager"]  # type: ignore[index]
    document["mail"].update(  # type: ignore[union-attr]
        {"host": "127.0.0.1", "port": inbox.port, "security": "none", "sender": "tillsight@shop.example"}
    )
    (folder / "tillsight.toml").write_text(tomlkit.dumps(document), "utf-8")
    server = start_server(folder)
    yield server
    server.stop()


@pytest.mark.feature("PLT-03")
def test_links_come_by_mail_and_a_role_must_set_up_its_second_factor(
    visits: Visits, strict: Server, inbox: Inbox
) -> None:
    visits.provoke(*REFUSED)
    admin = visits.page(visits.context(), strict.address)
    sign_in(admin.page, strict.address, "admin", strict.password)
    expect(admin.page.get_by_role("heading", name="Your profile", level=1)).to_be_visible()
    admin.open("/settings/users")
    admin.page.get_by_role("button", name="Invite somebody").click()
    form = admin.page.get_by_role("dialog", name="Invite somebody")
    form.get_by_label("User name").fill("mary")
    form.get_by_label("E-mail address (optional)").fill("mary@shop.example")
    expect(form.get_by_label("Send the invitation to this address")).to_be_checked()
    form.get_by_role("combobox", name="Role").click()
    admin.page.get_by_role("option", name="Manager").click()
    form.get_by_role("button", name="Invite", exact=True).click()
    expect(admin.page.get_by_text("A link for mary was sent to mary@shop.example.")).to_be_visible()

    mary = visits.page(visits.context(), strict.address)
    page = mary.page
    welcome(mary, link_in(inbox.wait(1)))
    expect(page.get_by_text("Your role needs a second factor.")).to_be_visible()
    for path in ("/", "/data", "/profile"):
        page.goto(f"{mary.address}{path}")
        expect(page.get_by_text("Your role needs a second factor.")).to_be_visible()
    assert everywhere(page) == []
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Set it up").click()
    expect(page.get_by_alt_text("QR code with the secret of the second factor")).to_be_visible()
    assert everywhere(page) == []
    totp = pyotp.TOTP(page.get_by_label("Secret of the second factor").inner_text().strip())
    page.get_by_label("Code that it shows").fill(totp.now())
    page.get_by_role("button", name="Switch it on").click()
    expect(page.get_by_role("list", name="Recovery codes").get_by_role("listitem")).to_have_count(10)
    assert everywhere(page) == []
    page.get_by_role("button", name="I have kept the codes").click()
    expect(page.get_by_role("heading", name="Overview", level=1)).to_be_visible()

    other = visits.page(visits.context(), strict.address)
    page = other.page
    page.goto(f"{other.address}/sign-in")
    page.get_by_role("link", name="Forgot your password?").click()
    page.get_by_label("User name or e-mail address").fill("mary@shop.example")
    assert everywhere(page) == []
    page.get_by_role("button", name="Send me a link").click()
    expect(page.get_by_role("status")).to_contain_text("a link is on its way to it")
    welcome(other, link_in(inbox.wait(2)), OTHER)
    page.get_by_label("User name").fill("mary")
    page.get_by_label("Password", exact=True).fill(OTHER)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_label("Code of your authenticator")).to_be_visible()


@pytest.mark.feature("PLT-03")
def test_a_link_of_the_administrator_lets_choose_another_password(
    visitor: Visitor, stranger: Visitor, served: Server, guest: str
) -> None:
    welcome(stranger, run(served, "user", "invite", guest, "--role", "analyst"))
    expect(stranger.page.get_by_role("heading", name="Overview", level=1)).to_be_visible()
    page = visitor.page
    visitor.open("/settings/users")
    page.get_by_role("button", name=guest, exact=True).click()
    page.get_by_role("button", name="Link for another password").click()
    link = page.get_by_label(f"Link for {guest}").inner_text()
    welcome(stranger, link, OTHER)
    expect(stranger.page.get_by_role("heading", name="Overview", level=1)).to_be_visible()
    stranger.page.goto(f"{stranger.address}/profile")
    expect(stranger.page.get_by_role("region", name="Sessions").get_by_role("listitem")).to_have_count(1)
