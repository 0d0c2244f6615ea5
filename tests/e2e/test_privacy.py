"""Privacy and audit log on the page: a person is found, handed over, opts out, is erased; the log tells of all of it."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import expect
from tests.e2e.conftest import WAIT, Server, Visits, sign_in
from tests.e2e.visitor import Visitor
from tests.privacy.conftest import FILES, write_files

from tillsight.shop import Shop

pytestmark = pytest.mark.e2e


@pytest.fixture
def owner(visits: Visits, new_shop: Server, tmp_path: Path) -> Visitor:
    """The administrator of a shop in which some persons have everything."""
    with Shop.open(new_shop.folder) as shop:
        shop.load(write_files(tmp_path / "files", FILES))
        shop.build()
    context = visits.context(accept_downloads=True)
    sign_in(context, new_shop)
    return visits.page(context, new_shop.address)


def find(owner: Visitor, identifier: str) -> None:
    owner.open("/settings/privacy")
    owner.page.get_by_label("Customer's number").fill(identifier)
    owner.page.get_by_role("button", name="Find", exact=True).click()


@pytest.mark.feature("PLT-05", "PLT-06")
def test_a_person_is_found_handed_over_opts_out_and_is_erased(owner: Visitor, new_shop: Server) -> None:
    page = owner.page
    find(owner, "Ada.Lovelace@example.org")
    who = page.get_by_role("region", name="Ada Lovelace")
    expect(who.get_by_text("CUST-ADA-1")).to_be_visible()
    expect(who.get_by_text("SO-7001, SO-7003, SO-7006")).to_be_visible()
    with page.expect_download() as waiting:
        who.get_by_role("button", name="Download everything").click()
    with zipfile.ZipFile(waiting.value.path()) as package:
        assert "tables/reviews.csv" in package.namelist()
        assert "I am Ada Lovelace" in package.read("tables/reviews.csv").decode()

    choices = page.get_by_role("region", name="Choices")
    mail = choices.get_by_role("switch", name="Marketing by e-mail")
    expect(mail).to_be_checked()
    expect(choices.get_by_role("switch", name="Sale or sharing of data")).not_to_be_checked()
    mail.click(force=True)
    expect(mail).not_to_be_checked()
    expect(choices.get_by_text("written down here")).to_be_visible()

    erase = page.get_by_role("region", name="Erase or anonymise")
    expect(erase.get_by_text("Found: 17 rows of 9 tables in 1 load.")).to_be_visible()
    button = erase.get_by_role("button", name="Erase for good")
    erase.get_by_label("To confirm").fill("CUST-ADA-2")
    expect(button).to_be_disabled()
    erase.get_by_label("To confirm").fill("CUST-ADA-1")
    button.click()
    expect(page.get_by_role("region", name="Erasing").get_by_text("done", exact=True)).to_be_visible(timeout=4 * WAIT)
    find(owner, "CUST-ADA-1")
    expect(page.get_by_text("Nobody has this identifier")).to_be_visible()
    expect(page.get_by_role("group", name="Erasures").get_by_text("erased", exact=True)).to_be_visible()
    kept = b"".join(file.read_bytes() for file in new_shop.folder.rglob("*") if file.is_file())
    assert b"lovelace" not in kept.lower()

    owner.open("/settings/audit")
    log = page.get_by_role("group", name="Entries of the audit log")
    for action in ("Person erased", "Person erasing", "Person exported", "Person found", "Erase asked"):
        expect(log.get_by_text(action, exact=True).first).to_be_visible()
    log.get_by_role("button", name=re.compile("Person exported")).click()
    expect(page.get_by_role("dialog").get_by_text("The values were of a person who has been erased.")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Check the log").click()
    expect(page.get_by_text("entries are as they were written")).to_be_visible()


@pytest.mark.feature("PLT-05")
def test_the_log_is_filtered_and_taken_away(owner: Visitor) -> None:
    page = owner.page
    owner.open("/settings/audit")
    log = page.get_by_role("group", name="Entries of the audit log")
    expect(log.get_by_text("Load committed")).to_be_visible()
    page.get_by_label("To what").fill("release:")
    expect(log.get_by_text("Release published")).to_be_visible()
    expect(log.get_by_text("Load committed")).to_have_count(0)
    page.get_by_label("User", exact=True).fill("nobody")
    expect(page.get_by_text("No entry matches")).to_be_visible()
    page.get_by_role("button", name="Show all").click()
    expect(log.get_by_text("Load committed")).to_be_visible()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download CSV").click()
    lines = Path(waiting.value.path()).read_text().splitlines()
    assert lines[0].startswith("number,at,who,action")
    assert any("file.downloaded" in line for line in lines)
