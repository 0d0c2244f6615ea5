"""Pages of sales and customers in the hands of somebody: drilled into, compared, switched, taken away; with what the shop answers."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect
from tests.e2e.visitor import Visitor

from tillsight.shop import Shop

pytestmark = pytest.mark.e2e


@pytest.mark.feature("SAL-07")
def test_a_category_leads_to_a_brand_and_to_the_orders(visitor: Visitor, shop: Shop) -> None:
    category = shop.query("revenue", by="category", period="last_90_days", sort="-revenue", limit=1).to_records()[0][
        "category"
    ]
    visitor.open("/sales/products", period="last_90_days", where=f"category={category}")
    page, main = visitor.page, visitor.page.get_by_role("main")
    panel = visitor.panel("Revenue by brand")
    panel.get_by_role("button", name="Table").click()
    [brand, *_] = shop.query(
        "revenue", by="brand", period="last_90_days", where=f"category={category}", sort="-revenue"
    ).to_records()
    panel.get_by_role("button", name=brand["brand"], exact=True).click()
    expect(visitor.chip(f"Brand: {brand['brand']}").or_(page.get_by_role("group", name="Filters"))).to_contain_text(
        brand["brand"]
    )
    visitor.settled()
    where = [f"category={category}", f"brand={brand['brand']}"]
    main.get_by_role("button", name="Explain", exact=True).first.click()
    page.get_by_role("menuitem", name="Total revenue", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Show the rows").click()
    behind = shop.rows("revenue", period="last_90_days", where=where, limit=25)
    expect(dialog).to_contain_text(f"{behind.row_count:,} rows · page 1 of")
    table = dialog.get_by_role("group", name="Rows behind the number").get_by_role("table")
    at = next(index for index, column in enumerate(behind.columns) if column.name == "order_id")
    orders = [str(row["order_id"]) for row in behind.to_records()]
    shown = [cells[at] for cells in visitor.cells(table)]
    assert shown
    assert shown == orders[: len(shown)]


@pytest.mark.feature("SAL-07")
def test_up_to_six_products_are_compared_and_no_seventh(visitor: Visitor, shop: Shop) -> None:
    best = [
        row["product_id"]
        for row in shop.query("revenue", by="product_id", period="all", sort="-revenue", limit=7).to_records()
    ]
    visitor.open("/sales/compare", period="last_90_days", where=[f"product_id={one}" for one in best[:5]])
    page, main = visitor.page, visitor.page.get_by_role("main")
    expect(main).to_contain_text(best[4])
    picker = page.get_by_role("textbox", name="Products to compare").or_(
        page.get_by_role("combobox", name="Products to compare")
    )
    picker.first.click()
    page.get_by_role("option", name=re.compile(re.escape(best[5]))).click()
    visitor.settled()
    expect(page).to_have_url(re.compile(re.escape(best[5])))
    page.get_by_role("option", name=re.compile(re.escape(best[6]))).click(force=True)
    visitor.settled()
    expect(page).not_to_have_url(re.compile(re.escape(best[6])))


@pytest.mark.feature("SAL-09")
def test_a_forecast_changes_with_its_scenario_and_span(visitor: Visitor, shop: Shop) -> None:
    visitor.open("/sales/forecast")
    page, main = visitor.page, visitor.page.get_by_role("main")
    words = main.get_by_role("note")
    expected = shop.analyse("sales.forecast", period="last_30_days")
    expect(words).to_contain_text(expected.sentences[0]["text"])
    main.get_by_role("group", name="Scenario").get_by_role("button", name="Worst case").click()
    worst = shop.analyse("sales.forecast", period="last_30_days", scenario="worst")
    expect(words).to_contain_text(worst.sentences[1]["text"])
    assert expected.totals is not None
    assert worst.totals is not None
    assert worst.totals["forecast"] < expected.totals["forecast"]
    main.get_by_role("button", name="30 days").click()
    page.get_by_role("menuitem", name="60 days").click()
    longer = shop.analyse("sales.forecast", period="last_30_days", scenario="worst", horizon=60)
    expect(words).to_contain_text(longer.sentences[0]["text"], timeout=60_000)


@pytest.mark.feature("CUS-02")
def test_rules_are_changed_with_sizes_before_they_are_kept(visitor: Visitor, shop: Shop) -> None:
    visitor.open("/customers/segments", preset="olist")
    page = visitor.page
    page.get_by_role("button", name="Rules").click()
    dialog = page.get_by_role("dialog", name="Own rules")
    sizes = {
        row["segment"]: row["customers"]
        for row in shop.analyse("customers.segments", preset="olist", period="last_30_days").to_records()
    }
    expect(dialog).to_contain_text(f"{sizes['Champions']:,}")
    dialog.get_by_label("Title of these rules").fill("Nearly everybody")
    least = (
        dialog.get_by_label("R of Champions, at least")
        .or_(dialog.get_by_label(re.compile("of Champions, at least")))
        .first
    )
    least.fill("5")
    dialog.get_by_role("button", name="Remove Loyal").click()
    expect(dialog.get_by_label("Name of segment 2")).to_have_value("At risk")
    dialog.get_by_role("button", name=re.compile("^Keep")).click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page).to_have_url(re.compile("preset=nearly"))
    visitor.settled()
    own = {
        row["segment"]: row
        for row in shop.analyse("customers.segments", preset="nearly_everybody", period="last_30_days").to_records()
    }
    assert "Loyal" not in own
    expect(visitor.page.get_by_role("main").get_by_role("link", name="Champions").first).to_be_visible()
    page.get_by_role("button", name="Change the rules").click()
    changing = page.get_by_role("dialog", name="Rules: Nearly everybody")
    changing.get_by_role("button", name="Remove these rules").click()
    changing.get_by_role("button", name="Remove Nearly everybody for everybody").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page).not_to_have_url(re.compile("preset="))
    visitor.settled()
    expect(page.get_by_role("button", name="Rules", exact=True)).to_be_visible()


@pytest.mark.feature("CUS-05")
def test_moves_between_segments_are_bands_and_a_table(visitor: Visitor, shop: Shop) -> None:
    visitor.open("/customers/segments", preset="olist", period="last_90_days")
    panel = visitor.panel("Moves between segments")
    expect(panel.get_by_role("img")).to_be_visible()
    panel.get_by_role("button", name="Table").click()
    rows = shop.analyse("customers.migration", preset="olist", period="last_90_days").to_records()
    shown = visitor.cells(panel.get_by_role("table"))
    assert [(row["from_segment"], row["to_segment"], f"{row['customers']:,}") for row in rows[:3]] == [
        tuple(cells[:3]) for cells in shown[:3]
    ]


@pytest.mark.feature("CUS-03")
def test_cohorts_are_switched_and_lead_to_their_customers(visitor: Visitor, shop: Shop) -> None:
    visitor.open("/customers/cohorts")
    page = visitor.page
    panel = visitor.panel("Cohorts")
    panel.get_by_role("button", name=re.compile("^Cohorts by")).or_(
        panel.get_by_text("Month of first order")
    ).first.click()
    page.get_by_role("menuitem", name="Channel", exact=True).click()
    rows = shop.analyse("customers.cohorts", by="channel", period="last_30_days").to_records()
    names = {row["cohort"] for row in rows}
    for name in names:
        expect(panel.get_by_role("rowheader", name=str(name), exact=True)).to_be_visible()
    visitor.open("/customers/cohorts")
    months = [row for row in shop.analyse("customers.cohorts", period="last_30_days").to_records() if row["age"] == 0]
    month = next(row for row in months if re.fullmatch(r"\d{4}-\d{2}", str(row["cohort"])))
    link = panel.get_by_role("rowheader").get_by_role("link").first
    link.click()
    expect(page.get_by_role("heading", name="All customers", level=1)).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text(f"{month['cohort_customers']:,} customers")


@pytest.mark.feature("CUS-06", "CUS-07")
def test_a_segment_leads_with_what_it_is_steered_by(visitor: Visitor, shop: Shop) -> None:
    answer = shop.analyse("customers.segments", preset="olist", period="last_90_days")
    rows = {row["segment"]: row for row in answer.to_records()}
    for segment, figure, title in (
        ("Hibernating", "reactivation_rate", "Reactivation rate"),
        ("Single Buyers (Recent)", "second_purchase_rate", "Second purchase rate"),
        ("At risk", "churn_rate", "Churn rate"),
        ("Champions", "clv_historic", "Lifetime value so far"),
    ):
        visitor.open(f"/customers/segments/{segment}", preset="olist", period="last_90_days")
        lead = visitor.page.get_by_role("region", name=f"What {segment} is steered by")
        expect(lead.get_by_role("heading", name=title)).to_be_visible()
        value = rows[segment][figure]
        text = f"{value:.1f}%" if figure.endswith("_rate") else "€"
        expect(lead).to_contain_text(text)


@pytest.mark.feature("CUS-08", "CUS-09")
def test_those_at_risk_are_taken_as_an_audience_of_who_agreed(visitor: Visitor, shop: Shop, tmp_path: Path) -> None:
    visitor.open("/customers/value")
    page, panel = visitor.page, visitor.panel("Customers at risk")
    panel.get_by_role("button", name="Download audience").click()
    with page.expect_download() as caught:
        page.get_by_role("menuitem", name="who agreed to e-mail").click()
    target = tmp_path / "audience.csv"
    caught.value.save_as(target)
    with target.open(encoding="utf-8-sig") as file:
        taken = {
            row["customer_id"] if "customer_id" in row else next(iter(row.values())) for row in csv.DictReader(file)
        }
    leaving = shop.analyse("customers.churn_risk", period="last_30_days", limit=0).table.select(["customer_id"])
    everybody = shop.analyse("customers.list", period="last_30_days", limit=0).table
    agreed = set(shop.consented(everybody, "email")["customer_id"].to_pylist())
    assert taken == set(leaving["customer_id"].to_pylist()) & agreed
    assert taken


@pytest.mark.feature("CUS-01")
def test_one_customer_shows_what_his_orders_were_known_by(visitor: Visitor, shop: Shop) -> None:
    first = shop.analyse("customers.list", limit=1).to_records()[0]["customer_id"]
    visitor.open(f"/customers/all/{first}")
    table = visitor.panel("Orders").get_by_role("table").first
    heads = visitor.heads(table)
    assert "Known by" in heads
    [row, *_] = shop.analyse("customers.orders", customer=first).to_records()
    assert visitor.cells(table)[0][heads.index("Known by")] == row["known_by"]


@pytest.mark.feature("CUS-08")
def test_a_campaign_is_chosen_and_its_days_come_with_it(visitor: Visitor, shop: Shop) -> None:
    [row, *_] = shop.analyse("customers.campaigns").to_records()
    visitor.open("/customers/campaigns")
    page = visitor.page
    picker = page.get_by_role("textbox", name="Campaign").or_(page.get_by_role("combobox", name="Campaign"))
    picker.first.click()
    page.get_by_role("option", name=re.compile(re.escape(row["campaign_id"]))).click()
    expect(page).to_have_url(re.compile(f"campaign={row['campaign_id']}.*"))
    expect(page).to_have_url(re.compile(f"from={row['first_day']}"))
    days = {"start": row["first_day"], "end": row["last_day"]}
    told = shop.analyse("customers.campaign_effect", campaign=row["campaign_id"], **days).sentences[0]["text"]
    expect(page.get_by_role("main").get_by_role("note").first).to_contain_text(told)


@pytest.mark.feature("RET-08")
def test_one_of_four_return_rates_is_looked_at_and_cut_by_segment(visitor: Visitor) -> None:
    visitor.open("/returns", period="last_12_months", where="segment=Champions")
    page = visitor.page
    expect(page.get_by_role("main").get_by_role("note").first).to_contain_text("whatever became of them")
    panel = visitor.panel("Return rate in four ways")
    expect(panel.get_by_role("list", name="Legend").get_by_role("listitem")).to_have_count(4)
    panel.get_by_role("button", name="All 4").click()
    page.get_by_role("menuitem", name="Return rate (orders)").click()
    visitor.settled()
    expect(panel.get_by_role("button", name="Return rate (orders)")).to_be_visible()
    expect(panel).to_contain_text("by the day the return was asked for")
