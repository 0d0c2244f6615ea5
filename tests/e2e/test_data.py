"""Bringing data by the page: files in, progress, what was not read and why, a release, and the figures that follow."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect
from tests.e2e.conftest import WAIT, Server, Visits, sign_in
from tests.e2e.visitor import Visitor

pytestmark = pytest.mark.e2e

ORDERS = """order_id,placed_at,order_status,country,currency
A1,2026-03-05 10:00:00,completed,France,EUR
A2,2026-03-20 11:30:00,completed,Germany,EUR
A3,2026-03-21 11:30:00,lost in space,Germany,EUR
"""
ITEMS = """order_id,line_id,product_id,quantity,unit_price,favourite_song
A1,1,P1,2,10.00,Yesterday
A2,1,P3,3,4.00,
"""
CORRECTED = ORDERS.replace("lost in space", "completed")
CORRECTED_ITEMS = """order_id,line_id,product_id,quantity,unit_price
A3,1,P2,1,5.00
"""


@pytest.fixture
def owner(visits: Visits, new_shop: Server) -> Visitor:
    """The owner of a shop that has nothing yet."""
    context = visits.context()
    sign_in(context, new_shop)
    return visits.page(context, new_shop.address)


def write(folder: Path, **files: str) -> list[Path]:
    made = []
    for name, text in files.items():
        made.append(folder / f"{name}.csv")
        made[-1].write_text(text, "utf-8")
    return made


def wait_for_job(visitor: Visitor, state: str = "done") -> None:
    region = visitor.page.get_by_role("region", name="Bring files")
    expect(region.get_by_text(state, exact=True)).to_be_visible(timeout=4 * WAIT)
    visitor.settled()


def test_a_shop_without_data_says_how_to_bring_some(owner: Visitor) -> None:
    page = owner.page
    for path in ("/", "/sales", "/sales/products", "/customers"):
        owner.open(path)
        expect(page.get_by_text("No numbers yet").first).to_be_visible()
        expect(page.get_by_role("main").get_by_role("alert")).to_have_count(0)
        expect(page.get_by_role("main").get_by_role("img")).to_have_count(0)
    page.get_by_role("link", name="Bring a file on the data page").first.click()
    expect(page).to_have_url(re.compile("/data"))
    expect(page.get_by_text("Nothing was built yet")).to_be_visible()
    expect(page.get_by_text("No file was loaded yet")).to_be_visible()
    expect(page.get_by_role("button", name="Choose files")).to_be_visible()
    owner.open("/explore", metrics="revenue", by="country")
    expect(page.get_by_text(re.compile("No numbers yet|waits for data")).first).to_be_visible()


def test_files_come_in_by_the_page_and_become_figures(owner: Visitor, tmp_path: Path) -> None:
    page = owner.page
    owner.open("/data")
    page.get_by_label("Files to load").set_input_files(write(tmp_path, orders=ORDERS, order_items=ITEMS))
    region = page.get_by_role("region", name="Bring files")
    expect(region).to_contain_text("orders.csv")
    expect(region).to_contain_text("all of it is landed, or none")
    region.get_by_role("button", name="Load 2 files").click()
    expect(region.get_by_role("progressbar").or_(region.get_by_role("list", name="Log")).first).to_be_visible()
    wait_for_job(owner)

    loads = page.get_by_role("region", name="Loads", exact=True)
    [row] = owner.cells(loads.get_by_role("table"))
    assert row[0].startswith("order")
    assert "landed" in row
    assert "5" in row, "rows read"
    assert "1" in row, "rows rejected"
    expect(page.get_by_role("region", name="Releases")).to_contain_text("1 (answers now)")
    expect(page.get_by_role("region", name="State")).to_contain_text("Release 1")

    loads.get_by_role("link").first.click()
    rejects = page.get_by_role("region", name="Rows that could not be read")
    heads = owner.heads(rejects)
    [cells] = owner.cells(rejects.get_by_role("table"))
    reject = dict(zip(heads, cells, strict=True))
    assert (reject["File"], reject["Line"], reject["Column"], reject["Value"]) == (
        "orders.csv",
        "4",
        "order_status",
        "lost in space",
    )
    assert "completed" in reject["Reason"], "the reason names what can be read"
    assert "A3" in reject["Row as it came"]
    expect(page.get_by_role("main")).to_contain_text("favourite_song")
    with page.expect_download() as caught:
        rejects.get_by_role("button", name="Download CSV").click()
    target = tmp_path / "rejects.csv"
    caught.value.save_as(target)
    with target.open(encoding="utf-8", newline="") as lines:
        [kept] = csv.DictReader(lines)
    assert (kept["file"], kept["line"], kept["column"], kept["value"]) == (
        "orders.csv",
        "4",
        "order_status",
        "lost in space",
    )

    owner.open("/sales", period="all")
    assert owner.card_full("Revenue") == "€32.00"
    assert owner.card_value("Orders") == "2"
    assert owner.card_value("Gross margin") == "–", "no cost was loaded"
    owner.card("Gross margin").get_by_text("–", exact=True).hover()
    expect(page.get_by_role("tooltip")).to_contain_text(re.compile("cost", re.IGNORECASE))
    expect(page.get_by_role("banner").get_by_role("button", name=re.compile("release 1"))).to_be_visible()


def test_a_correction_replaces_a_file_and_a_build_shows_it(owner: Visitor, tmp_path: Path) -> None:
    page = owner.page
    owner.open("/data")
    region = page.get_by_role("region", name="Bring files")
    page.get_by_label("Files to load").set_input_files(write(tmp_path, orders=ORDERS, order_items=ITEMS))
    region.get_by_role("button", name="Load 2 files").click()
    wait_for_job(owner)

    # Dropped instead of chosen, and not built.
    dropped = page.evaluate_handle(
        """files => {
            const transfer = new DataTransfer();
            for (const [name, text] of files) transfer.items.add(new File([text], name, { type: "text/csv" }));
            return transfer;
        }""",
        [["corrected.csv", CORRECTED], ["corrected_items.csv", CORRECTED_ITEMS]],
    )
    region.get_by_text("Drop files here").dispatch_event("drop", {"dataTransfer": dropped})
    expect(region).to_contain_text("corrected.csv")
    region.get_by_role("combobox", name="Replaces an earlier file").click()
    page.get_by_role("option", name="orders.csv", exact=True).click()
    expect(region).to_contain_text("the rows of orders.csv no longer count")
    region.get_by_role("checkbox", name="Build a release afterwards").click()
    expect(region).to_contain_text("pages stay as they are until the next build")
    region.get_by_role("button", name="Load 2 files").click()
    wait_for_job(owner)
    expect(page.get_by_role("region", name="Loads", exact=True).locator("tbody tr")).to_have_count(2)
    expect(page.get_by_role("region", name="State")).to_contain_text("Release 1")
    owner.open("/sales", period="all")
    assert owner.card_full("Revenue") == "€32.00"

    owner.open("/data")
    page.get_by_role("button", name="Build a release").click()
    expect(page.get_by_role("region", name="State")).to_contain_text("Release 2", timeout=4 * WAIT)
    expect(page.get_by_role("region", name="Releases")).to_contain_text("2 (answers now)")
    owner.open("/sales", period="all")
    assert owner.card_full("Revenue") == "€37.00"
    assert owner.card_value("Orders") == "3"
    expect(page.get_by_role("banner").get_by_role("button", name=re.compile("release 2"))).to_be_visible()


def test_a_file_that_cannot_be_read_fails_in_words_and_lands_nothing(owner: Visitor, tmp_path: Path) -> None:
    page = owner.page
    owner.open("/data")
    region = page.get_by_role("region", name="Bring files")
    page.get_by_label("Files to load").set_input_files(write(tmp_path, notes="colour,mood\nblue,calm\n"))
    region.get_by_role("button", name="Load 1 file").click()
    wait_for_job(owner, "failed")
    expect(region.get_by_role("alert")).to_contain_text("notes.csv")
    expect(page.get_by_text("No file was loaded yet")).to_be_visible()
    expect(page.get_by_text("Nothing was built yet")).to_be_visible()
