"""What the browser tests stand on: the small reference shop behind the real server, Chromium, and somebody signed in."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Playwright, expect, sync_playwright
from tests.e2e.visitor import Visitor

import tillsight
from tillsight.shop import Shop

USER = "admin"
WAIT = 30_000
"""Milliseconds that an expectation may take: a machine that does other things as well is slow, not broken."""
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
OUTCOME = pytest.StashKey[bool]()
expect.set_options(timeout=WAIT)


def environment() -> dict[str, str]:
    """The environment without settings of the one who runs the tests; nothing starts by itself, and one user may be many tests."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("TILLSIGHT_")}
    quiet = {"TILLSIGHT_BACKUP__EVERY_HOURS": "0", "TILLSIGHT_FORECASTS": "false"}
    return own | quiet | {"TILLSIGHT_ACCOUNTS__REQUESTS_PER_MINUTE": "0"}


@dataclass
class Server:
    """A shop that is served by its own process, as `tillsight serve` does."""

    folder: Path
    address: str
    password: str
    process: subprocess.Popen[str]
    errors: Path

    def stop(self) -> None:
        """End it as Ctrl-C does. Fails where it does not end in order."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            self.process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
            raise
        said = self.errors.read_text()
        assert self.process.returncode == 0, said
        assert "Traceback" not in said, said


def command(*arguments: str | Path) -> list[str]:
    """A command line of Tillsight, run by the interpreter of the tests."""
    return [sys.executable, "-m", "tillsight", *map(str, arguments)]


def start_server(folder: Path) -> Server:
    """Serve a workspace for the first time: the password of its administrator is printed at this start."""
    errors = folder.parent / f"{folder.name}.errors.txt"
    with errors.open("w") as target:
        process = subprocess.Popen(
            command("serve", "--port", "0", "-w", folder),
            stdout=subprocess.PIPE,
            stderr=target,
            text=True,
            env=environment(),
            # A Ctrl-C at the terminal reaches the tests alone; they end the server in order.
            start_new_session=True,
        )
    said: dict[str, str] = {}
    assert process.stdout is not None
    for line in process.stdout:
        if " is served at " in line:
            said["address"] = line.split()[-1]
        elif line.startswith("Password"):
            said["password"] = line.split()[-1]
        elif line.startswith("Ctrl-C"):
            return Server(folder, said["address"], said["password"], process, errors)
    process.wait(timeout=WAIT / 1000)
    raise AssertionError(f"The server did not start: {errors.read_text()}")


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The small reference shop, made and served as a user would. Nobody changes its data."""
    folder = tmp_path_factory.mktemp("e2e") / "shop"
    subprocess.run(
        command("demo", "--workspace", folder, "--size", "small", "--no-serve"),
        check=True,
        capture_output=True,
        env=environment(),
    )
    server = start_server(folder)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def shop(served: Server) -> Iterator[Shop]:
    """The same shop in Python: what the page must show."""
    with Shop.open(served.folder) as opened:
        yield opened


@pytest.fixture
def new_shop(tmp_path: Path) -> Iterator[Server]:
    """A workspace without data, served, for one test alone."""
    folder = tmp_path / "corner"
    subprocess.run(
        command("init", folder, "--currency", "EUR", "--timezone", "Europe/Berlin"),
        check=True,
        capture_output=True,
        env=environment(),
    )
    server = start_server(folder)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def _playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def browser(_playwright: Playwright) -> Iterator[Browser]:
    """Chromium of the machine (CHROMIUM names another one)."""
    static = Path(tillsight.__file__).parent / "api" / "static" / "index.html"
    if not static.exists():
        pytest.fail("The page is not built: run make web, or make e2e, which does so first.", pytrace=False)
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
    if not Path(found).exists():
        pytest.fail(f"There is no Chromium at {found}: install it, or give its path in CHROMIUM.", pytrace=False)
    started = _playwright.chromium.launch(executable_path=found, args=list(ARGUMENTS))
    yield started
    started.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """Remember whether a test failed, for those who take pictures."""
    report = yield
    if report.when == "call":
        item.stash[OUTCOME] = report.failed
    return report


class Visits:
    """Opens pages for one test; at its end every one must have been free of errors, and is closed."""

    def __init__(self, browser: Browser, pictures: Path) -> None:
        self._browser = browser
        self._pictures = pictures
        self._contexts: list[BrowserContext] = []
        self._visitors: list[Visitor] = []
        self._errors: list[str] = []
        self._provoked: tuple[str, ...] = ()

    def provoke(self, *parts: str) -> None:
        """Errors that this test brings about: parts of what the browser says of them."""
        self._provoked += parts

    def context(self, **options: Any) -> BrowserContext:
        """Another browser profile, closed at the end of the test."""
        made = new_context(self._browser, **options)
        self._contexts.append(made)
        return made

    def page(self, context: BrowserContext, address: str) -> Visitor:
        """A page of a profile, watched for errors."""
        page = context.new_page()
        visitor = Visitor(page, address)

        def heard(message: ConsoleMessage) -> None:
            if message.type == "error":
                self._errors.append(f"{message.text} ({message.location.get('url', '')})")

        page.on("console", heard)
        page.on("pageerror", lambda error: self._errors.append(str(error)))
        self._visitors.append(visitor)
        return visitor

    def close(self, failed: bool) -> None:
        """Close everything; pictures of a failed test stay in its temporary folder."""
        for index, visitor in enumerate(self._visitors):
            if failed and not visitor.page.is_closed():
                visitor.page.screenshot(path=self._pictures / f"page-{index}.png", full_page=True)
            # Requests that are under way are let go before their answers turn into noise of another test.
            visitor.page.close()
        for context in self._contexts:
            context.close()
        if not failed:
            unexpected = [error for error in self._errors if not any(part in error for part in self._provoked)]
            assert not unexpected, f"The page had errors: {unexpected}"


def new_context(browser: Browser, **options: Any) -> BrowserContext:
    """A browser profile of a person in Britain with a usual screen."""
    given = {"viewport": {"width": 1280, "height": 800}, "locale": "en-GB", "color_scheme": "light", **options}
    context = browser.new_context(**given)
    context.set_default_timeout(WAIT)
    context.set_default_navigation_timeout(WAIT)
    return context


def sign_in(context: BrowserContext, server: Server) -> None:
    """Sign a profile in by the form; the settings are the lightest page to end on."""
    page = context.new_page()
    page.goto(f"{server.address}/sign-in?next=/settings")
    page.get_by_label("User name").fill(USER)
    page.get_by_label("Password", exact=True).fill(server.password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Settings", level=1)).to_be_visible()
    page.close()


def access_token(server: Server) -> str:
    """A token for the API, as a program gets one."""
    body = json.dumps({"user": USER, "password": server.password}).encode()
    request = urllib.request.Request(f"{server.address}/api/v1/auth/login", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=WAIT / 1000) as answer:
        return str(json.load(answer)["data"]["access_token"])


@pytest.fixture
def visits(request: pytest.FixtureRequest, browser: Browser, tmp_path: Path) -> Iterator[Visits]:
    """Opens pages, in profiles of their own."""
    made = Visits(browser, tmp_path)
    yield made
    made.close(request.node.stash.get(OUTCOME, True))


@pytest.fixture(scope="session")
def _profile(browser: Browser, served: Server) -> Iterator[BrowserContext]:
    """One profile that is signed in, shared so that what it downloaded once is kept."""
    context = new_context(browser)
    sign_in(context, served)
    yield context
    context.close()


@pytest.fixture
def visitor(visits: Visits, _profile: BrowserContext, served: Server) -> Visitor:
    """Somebody who is signed in to the reference shop, with a usual screen and light colours."""
    return visits.page(_profile, served.address)
