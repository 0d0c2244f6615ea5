"""Backups and credentials on the page: taken, drilled and shown; kept, replaced and forgotten."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect
from tests.backup.conftest import orders
from tests.e2e.conftest import Server, Visits, sign_in, start_server
from tests.support.shops import make_shop

from tillsight.backup import Repository, find, place_of, verify
from tillsight.shop import Shop
from tillsight.vault import Keys

pytestmark = pytest.mark.e2e

PLANTED = "shpat_PLANTED_a1b2c3d4e5f6"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A shop of three orders, served."""
    make_shop(tmp_path / "corner", orders(1, 2, 3), name="Corner").close()
    server = start_server(tmp_path / "corner")
    yield server
    server.stop()


def picture(page: object, name: str) -> None:
    """Keep a picture where the one who runs the tests asks for pictures."""
    if folder := os.environ.get("PICTURES"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)  # type: ignore[attr-defined]


@pytest.mark.feature("PLT-08")
def test_an_administrator_backs_up_and_holds_a_drill(server: Server, visits: Visits) -> None:
    context = visits.context()
    sign_in(context, server)
    page = visits.page(context, server.address).page
    page.goto(f"{server.address}/settings/backups")
    expect(page.get_by_role("heading", name="Backups", level=1)).to_be_visible()
    expect(page.get_by_text("No backup yet")).to_be_visible()
    expect(page.get_by_text("a lost disk takes both")).to_be_visible()
    expect(page.get_by_role("button", name="Hold a drill")).to_be_disabled()
    picture(page, "backups-empty")
    page.get_by_role("button", name="Back up now").click()
    table = page.get_by_role("group", name="Backups")
    expect(table.get_by_text("done")).to_be_visible()
    expect(table.get_by_text("full")).to_be_visible()
    page.get_by_role("button", name="Hold a drill").click()
    expect(page.get_by_text("passed", exact=True)).to_be_visible()
    expect(page.get_by_text("the same, row for row")).to_be_visible()
    page.get_by_text("What was compared").click()
    expect(page.get_by_role("group", name="Tables compared").get_by_text("order_items")).to_be_visible()
    picture(page, "backups-light")
    page.emulate_media(color_scheme="dark")
    picture(page, "backups-dark")
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    picture(page, "backups-phone")
    with Shop.open(server.folder) as shop:
        kept = Repository.open(place_of(shop.path, shop.settings, shop.database), lambda: Keys.open(shop.path))
        assert verify(kept, find(kept)) == []


@pytest.mark.feature("PLT-07")
def test_an_administrator_keeps_replaces_and_forgets_a_credential(server: Server, visits: Visits) -> None:
    context = visits.context()
    sign_in(context, server)
    page = visits.page(context, server.address).page
    page.goto(f"{server.address}/settings/credentials")
    expect(page.get_by_text("No credentials")).to_be_visible()
    page.get_by_role("button", name="New credential").click()
    page.get_by_label("Name").fill("Shopify")
    expect(page.get_by_text("Small letters")).to_be_visible()
    page.get_by_label("Name").fill("shopify")
    page.get_by_label("Credential", exact=True).fill(PLANTED)
    page.get_by_role("button", name="Keep it").click()
    table = page.get_by_role("group", name="Credentials")
    expect(table.get_by_text("…e5f6")).to_be_visible()
    assert PLANTED not in page.content()
    picture(page, "credentials-light")
    page.emulate_media(color_scheme="dark")
    picture(page, "credentials-dark")
    table.get_by_role("button", name="Replace shopify").click()
    page.get_by_label("Credential", exact=True).fill("another-credential-1234")
    page.get_by_role("button", name="Keep it").click()
    expect(table.get_by_text("…1234")).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 844})
    picture(page, "credentials-phone")
    table.get_by_role("button", name="Forget shopify").click()
    table.get_by_role("button", name="Forget shopify").click()
    expect(page.get_by_text("No credentials")).to_be_visible()
