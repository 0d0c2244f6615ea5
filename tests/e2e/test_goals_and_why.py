"""Why a figure changed, and goals, in the hands of somebody: asked, set, changed, removed, put back; with what the shop answers."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from playwright.sync_api import expect
from tests.e2e.visitor import Visitor

from tillsight.shop import Shop

pytestmark = pytest.mark.e2e


@pytest.mark.feature("SAL-02")
def test_a_card_says_why_it_changed(visitor: Visitor, shop: Shop) -> None:
    visitor.open("/sales", period="last_90_days")
    page = visitor.page
    page.get_by_role("button", name="Why? Revenue", exact=True).click()
    dialog = page.get_by_role("dialog", name="Why total revenue changed")
    answer = shop.analyse("metrics.why", metric="revenue", period="last_90_days", compare="previous", limit=12)
    for sentence in answer.sentences:
        expect(dialog).to_contain_text(sentence["text"])
    by = answer.columns[0].name
    first = answer.to_records()[0]
    expect(dialog.get_by_role("row").filter(has_text=first[by]).first).to_be_visible()
    dialog.get_by_role("button", name="Cut by: ").click()
    page.get_by_role("menuitem", name="Brand", exact=True).click()
    expect(dialog.get_by_role("heading", name="By brand")).to_be_visible()
    other = shop.analyse(
        "metrics.why", metric="revenue", by="brand", period="last_90_days", compare="previous", limit=12
    )
    expect(dialog).to_contain_text(other.sentences[-1]["text"])
    rows = other.to_records()
    total = sum((row["contribution"] for row in rows), Decimal(0))
    assert other.totals is not None
    assert total == other.totals["contribution"]
    dialog.get_by_role("button", name="Close").click()
    expect(page.get_by_role("dialog")).to_have_count(0)


@pytest.mark.feature("SAL-10")
def test_a_goal_is_set_changed_removed_and_put_back(visitor: Visitor, shop: Shop) -> None:
    visitor.open("/sales/goals")
    page, main = visitor.page, visitor.page.get_by_role("main")
    expect(main).to_contain_text("No goal yet")
    main.get_by_role("button", name="Set a goal").click()
    form = page.get_by_role("dialog", name="Set a goal")
    keep = form.get_by_role("button", name="Set the goal")
    expect(keep).to_be_disabled()
    form.get_by_label("Target").fill("30000")
    expect(form.get_by_role("status")).to_contain_text("against that")
    form.get_by_label("Title").fill("Monthly revenue")
    keep.click()
    card = main.get_by_role("region", name="Monthly revenue")
    expect(card).to_be_visible()
    [row] = shop.analyse("goals.progress").to_records()
    expect(card).to_contain_text(row["state"])
    expect(card.get_by_role("img", name="Monthly revenue, day by day")).to_be_visible()
    visitor.open("/sales/trends", period="last_30_days")
    aim = shop.analyse("goals.target", metric="revenue", period="last_30_days").to_records()[-1]["target"]
    running = visitor.panel("Revenue so far")
    expect(visitor.picture(running)).to_have_attribute("aria-label", re.compile(f"The target is €{round(aim, 2):,}"))
    expect(running.get_by_role("list", name="Legend")).to_contain_text("target")
    visitor.open("/sales/goals")
    card.get_by_role("button", name="Change Monthly revenue").click()
    changing = page.get_by_role("dialog", name="Change: Monthly revenue")
    changing.get_by_label("Target").fill("31000")
    changing.get_by_role("button", name="Keep the change").click()
    expect(card).to_contain_text("31,000.00 every month")
    card.get_by_role("button", name="Changes", exact=True).click()
    expect(card.get_by_role("list", name="Changes of Monthly revenue")).to_contain_text("from €30,000.00 to €31,000.00")
    card.get_by_role("button", name="Past", exact=True).click()
    expect(card.get_by_role("row").filter(has_text="31,000.00").first).to_be_visible()
    card.get_by_role("button", name="Remove Monthly revenue").click()
    expect(main.get_by_role("status").first).to_have_text("Monthly revenue is removed.")
    main.get_by_role("button", name="Undo").click()
    expect(card).to_contain_text("31,000.00 every month")
    card.get_by_role("button", name="Remove Monthly revenue").click()
    expect(main).to_contain_text("No goal yet")
