"""The dashboards: every panel that is declared is drawn, with the figures that the shop answers, and without an error."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Locator, expect
from tests.e2e.test_files import check_rows, whole_table
from tests.e2e.visitor import Visitor, figure, written

from tillsight.dashboards import load
from tillsight.dashboards.declaration import FoundPanel
from tillsight.metrics.answer import Answer
from tillsight.shop import Shop

pytestmark = pytest.mark.e2e

DASHBOARDS = load()
POINTS = """chart => [...chart.querySelectorAll("svg path")]
    .reduce((sum, path) => sum + (path.getAttribute("d").match(/[MLAC]/gi) ?? []).length, 0)"""


def table_of(visitor: Visitor, panel: Locator) -> tuple[list[str], list[list[str]]]:
    """Head and rows of a panel, of its table where it is a picture."""
    toggle = panel.get_by_role("button", name="Table", exact=True)
    if toggle.count():
        toggle.click()
        expect(visitor.picture(panel)).to_have_count(0)
    shown = whole_table(visitor, panel)
    if toggle.count():
        toggle.click()
        expect(visitor.picture(panel)).to_be_visible()
    return shown


def check_answer(shown: tuple[list[str], list[list[str]]], answer: Answer) -> None:
    """A table shows an answer, row for row; columns that it hides are left out."""
    heads = shown[0]
    columns = [column for column in answer.columns if column.kind in ("dimension", "time", "metric")]
    places = [heads.index(column.title) for column in columns]
    rows = []
    for row in answer.to_records():
        values: list[Any] = []
        for column in columns:
            value = row[column.name]
            values.append(column.labels[value] if column.labels and value is not None else value)
        rows.append(values)
    meanings = [
        {"name": column.name, "kind": column.kind, "unit": column.unit or "", "title": column.title}
        for column in columns
    ]
    check_rows([[row[place] for place in places] for row in shown[1]], rows, meanings)


@pytest.mark.parametrize("name", DASHBOARDS)
def test_every_panel_of_a_dashboard_is_drawn(visitor: Visitor, shop: Shop, name: str) -> None:
    declared = DASHBOARDS[name]
    view: dict[str, Any] = {"period": "last_90_days"}
    if name == "sales_compare":  # it begins with a choice
        best = shop.query("revenue", by="product_id", limit=2, **view).to_records()
        view["where"] = [f"product_id={row['product_id']}" for row in best]
    visitor.open(declared.path, **view)
    page, main = visitor.page, visitor.page.get_by_role("main")
    expect(page.get_by_role("heading", level=1)).to_have_text(declared.title)
    expect(page).to_have_title(f"{declared.title} · Tillsight")
    expect(main).to_contain_text(declared.purpose)
    for panel in declared.panels:
        if panel.kind == "kpi":
            [metric] = panel.metrics
            [row] = shop.query(metric, period="last_90_days").to_records()
            assert figure(visitor.card_value(panel.title)).shows(row[metric]), panel.title
        elif panel.kind in ("headline", "insights"):
            said = shop.analyse(panel.analysis, period="last_90_days", compare="previous").sentences
            region = main.get_by_role("note" if panel.kind == "headline" else "region", name=panel.title, exact=True)
            assert said
            for sentence in said:
                expect(region).to_contain_text(sentence["text"])
        elif panel.kind == "forecast" or isinstance(panel, FoundPanel):
            region = main.get_by_role("region", name=panel.title, exact=True)
            # The tiles of a map are links, each to what it stands for; where nothing is found, it says so.
            drawn = region.locator("svg[role=img], [role=img] svg, table tbody tr, a[aria-label]")
            nothing = region.get_by_text("Nothing in this period", exact=True)
            expect(drawn.or_(nothing).first).to_be_visible()
        elif panel.kind == "table":
            assert len(visitor.cells(visitor.panel(panel.title).get_by_role("table"))) > 1
        else:
            region = visitor.panel(panel.title)
            picture = visitor.picture(region)
            expect(picture.locator("svg")).to_be_visible()
            points = picture.evaluate(POINTS)
            toggle = region.get_by_role("button", name="Table", exact=True)
            toggle.click()
            table = region.get_by_role("table").last
            rows = int(table.get_attribute("aria-rowcount") or 0) - 1
            known = sum(cell not in ("", "–") for row in visitor.cells(table) for cell in row[1:])
            toggle.click()
            assert known >= 2, panel.title
            assert points >= max(rows, 2), f"{panel.title} draws less than it knows"
            box = picture.bounding_box()
            assert box
            assert min(box["width"], box["height"]) > 100, panel.title
            # It is told in words, not by its title alone.
            expect(picture).not_to_have_attribute("aria-label", panel.title)
    expect(main.get_by_role("alert")).to_have_count(0)


@pytest.mark.feature("SAL-08")
def test_channels_sources_devices_and_referrers(visitor: Visitor, shop: Shop) -> None:
    view = {"period": "last_90_days", "compare": "none"}
    visitor.open("/sales/channels", **view)
    three = ["orders", "revenue", "average_order_value"]
    question: dict[str, Any] = {"period": "last_90_days", "sort": "-revenue"}
    for title, metrics, by, most in (
        ("Traffic sources", three, "traffic_source", {}),
        ("Devices", three, "device_type", {}),
        ("Revenue by referrer", "revenue", "referrer", {"limit": 10, "others": True}),
        ("Revenue by channel", "revenue", "channel", {"limit": 6, "others": True}),
        ("Revenue by country", "revenue", "country", {"limit": 10, "others": True}),
    ):
        answer = shop.query(metrics, by=by, **question, **most)
        assert answer.table.num_rows >= 3, title
        check_answer(table_of(visitor, visitor.panel(title)), answer)
    # One source, looked at in every other way.
    visitor.panel("Traffic sources").get_by_role("button", name="email", exact=True).click()
    expect(visitor.chip("Traffic source is email")).to_be_visible()
    visitor.settled()
    check_answer(
        table_of(visitor, visitor.panel("Devices")),
        shop.query(three, by="device_type", where="traffic_source=email", **question),
    )


def test_trends_by_day_weekday_and_hour(visitor: Visitor, shop: Shop) -> None:
    visitor.open("/sales/trends", period="last_month", compare="none")
    month: dict[str, Any] = {"period": "last_month"}
    for title, answer in (
        ("Revenue over time", shop.query("revenue", grain="day", **month)),
        ("Revenue and orders", shop.query(["revenue", "orders"], grain="day", **month)),
        ("Revenue by day of the week", shop.query("revenue", by="weekday", **month)),
        ("Orders by hour and day of the week", shop.query("orders", by=["weekday", "hour"], **month)),
    ):
        check_answer(table_of(visitor, visitor.panel(title)), answer)
    whole = shop.query("revenue", **month).to_records()[0]["revenue"]
    label = f"Revenue so far: €{written(whole, 'money')} by the end of the period."
    expect(visitor.picture(visitor.panel("Revenue so far"))).to_have_attribute("aria-label", label)


def test_the_step_of_time_is_chosen(visitor: Visitor, shop: Shop) -> None:
    visitor.open("/sales/trends", period="last_12_months", compare="none")
    panel = visitor.panel("Revenue over time")
    panel.get_by_role("button", name="By week", exact=True).click()
    visitor.page.get_by_role("menuitem", name="Month", exact=True).click()
    expect(panel.get_by_role("button", name="By month", exact=True)).to_be_visible()
    visitor.settled()
    _, rows = table_of(visitor, panel)
    months = shop.query("revenue", grain="month", period="last_12_months").to_records()
    assert [row[1] for row in rows] == [written(row["revenue"], "money") for row in months]
    assert visitor.view()["grain"] == ["month"]
