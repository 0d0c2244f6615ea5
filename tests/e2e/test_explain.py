"""Every number explains itself: what it means, its formula, the SQL that ran, its rows, how fresh it is, what was checked."""

from __future__ import annotations

import re
from decimal import Decimal

import duckdb
import pytest
from playwright.sync_api import Locator, expect
from tests.e2e.conftest import Server
from tests.e2e.visitor import FOUND, Visitor, written, written_day

from tillsight.shop import Shop

pytestmark = pytest.mark.e2e

PAGES = ("/", "/sales", "/sales/trends", "/sales/products", "/sales/channels", "/customers")


def explanation(visitor: Visitor) -> Locator:
    dialog = visitor.page.get_by_role("dialog")
    expect(dialog.get_by_role("heading", name="SQL that ran")).to_be_visible()
    return dialog


def run_shown_sql(shop: Shop, sql: str) -> Decimal:
    """Run the SQL of the page over the files of the release, beside the product's own engine."""
    number = shop.releases.current().number
    with duckdb.connect() as connection:
        for folder in (shop.path / "releases" / str(number)).iterdir():
            if folder.is_dir():
                connection.execute(f"CREATE VIEW \"{folder.name}\" AS FROM read_parquet('{folder}/*.parquet')")
        row = connection.execute(sql).fetchone()
    assert row
    return Decimal(str(row[0]))


def test_a_card_explains_itself_by_keyboard(visitor: Visitor, shop: Shop) -> None:
    visitor.open("/sales", period="last_month", where="country=Germany")
    page = visitor.page
    question = {"period": "last_month", "where": "country=Germany"}
    [row] = shop.query("revenue", **question).to_records()
    opener = page.get_by_role("button", name="Explain Revenue", exact=True)
    opener.focus()
    page.keyboard.press("Enter")
    dialog = explanation(visitor)
    expect(dialog).to_have_accessible_name(shop.catalogue.metric("revenue").title)
    assert visitor.view()["explain"] == ["revenue"]
    expect(dialog.get_by_text(f"€{written(row['revenue'], 'money')}", exact=True).first).to_be_visible()
    expect(dialog).to_contain_text(shop.catalogue.metric("revenue").formula)
    expect(dialog).to_contain_text(shop.catalogue.metric("revenue").basis)
    expect(dialog).to_contain_text("country=Germany")
    sql = dialog.get_by_label("SQL 1").inner_text()
    assert run_shown_sql(shop, sql) == row["revenue"]

    inside = "document.activeElement.closest('[role=dialog]') !== null"
    assert page.evaluate(inside)
    for _ in range(12):
        page.keyboard.press("Tab")
        assert page.evaluate(inside), "the focus stays in the explanation while it is open"
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(opener).to_be_focused()
    assert "explain" not in visitor.view()


def test_the_rows_behind_a_number_are_all_there(visitor: Visitor, shop: Shop) -> None:
    visitor.open("/sales", period="last_7_days", explain="revenue")
    dialog = explanation(visitor)
    behind = shop.rows("revenue", period="last_7_days", limit=10_000)
    dialog.get_by_role("button", name="Show the rows").click()
    table = dialog.get_by_role("group", name="Rows behind the number").get_by_role("table")
    expect(dialog).to_contain_text(f"{behind.row_count:,} rows · page 1 of {-(-behind.row_count // 25)}")
    order = next(index for index, column in enumerate(behind.columns) if column.name == "order_id")
    assert visitor.heads(table)[order] == behind.columns[order].title
    ids = [row["order_id"] for row in behind.to_records()]
    shown = [row[order] for row in visitor.cells(table)]
    assert len(shown) >= 10
    assert shown == [str(one) for one in ids[: len(shown)]], "the rows in sight"
    dialog.get_by_role("button", name="Next").click()
    expect(dialog).to_contain_text("page 2 of")
    expect(dialog.locator("[aria-busy=true]")).to_have_count(0)
    expect(table.locator("tbody tr").first.locator("td").nth(order)).to_have_text(str(ids[25]))
    [whole] = shop.query("revenue", period="last_7_days").to_records()
    assert sum(row["revenue"] for row in behind.to_records()) == whole["revenue"]


def test_an_address_opens_an_explanation(visitor: Visitor) -> None:
    visitor.open("/sales", explain="orders")
    expect(explanation(visitor)).to_have_accessible_name("Orders")


@pytest.mark.feature("PLT-22")
@pytest.mark.parametrize("path", PAGES)
def test_every_number_of_a_page_explains_itself(visitor: Visitor, shop: Shop, served: Server, path: str) -> None:
    visitor.open(path)
    page, main = visitor.page, visitor.page.get_by_role("main")
    release = shop.releases.current()
    assert release.data_to
    titles = {metric.title: metric for metric in shop.catalogue.metrics.values()}
    explained: set[str] = set()

    def check() -> None:
        dialog = explanation(visitor)
        title = dialog.get_by_role("heading").first.inner_text()
        metric = titles[title]
        name = metric.name
        if name not in explained:
            explained.add(name)
            expect(dialog).to_contain_text(metric.formula)
            expect(dialog).to_contain_text(metric.basis)
            for heading in ("Where it comes from", "Checks", "SQL that ran", "Rows behind it"):
                expect(dialog.get_by_role("heading", name=heading)).to_be_visible()
            assert "SELECT" in dialog.get_by_label("SQL 1").inner_text()
            facts = dialog.get_by_role("definition").all_inner_texts()
            assert any(re.search(r"^[\d,]+ rows, known to ", fact) for fact in facts), f"{title} names no source"
            expect(dialog).to_contain_text(f"{release.number}, published ")
            assert written_day(release.data_to) in facts
            expect(dialog.get_by_role("heading", name="Checks")).to_contain_text(
                re.compile(r"\d+ (passed|of \d+ to look at)")
            )
            dialog.get_by_role("button", name="Show the rows").click()
            rows = dialog.get_by_role("group", name="Rows behind the number")
            expect(rows.locator("tbody tr").first).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)

    cards = main.get_by_role("button", name=re.compile("^Explain [^:]+$"))
    words = main.get_by_role("button", name="Explain", exact=True)
    assert cards.count() + words.count() > 0
    for index in range(cards.count()):
        cards.nth(index).click()
        check()
    for index in range(words.count()):
        words.nth(index).click()
        menu = page.get_by_role("menuitem")
        dialog = page.get_by_role("dialog")
        expect(menu.first.or_(dialog)).to_be_visible()
        if dialog.count():
            check()
            continue
        choices = menu.all_inner_texts()
        page.keyboard.press("Escape")
        for choice in choices:
            words.nth(index).click()
            page.get_by_role("menuitem", name=choice, exact=True).click()
            check()
    panels = main.get_by_role("region")
    for index in range(panels.count()):
        panel = panels.nth(index)
        label = panel.get_attribute("aria-label")
        if label not in FOUND and (visitor.picture(panel).count() or panel.get_by_role("table").count()):
            assert panel.get_by_role("button", name=re.compile("^Explain")).count(), f"{label} does not explain itself"
