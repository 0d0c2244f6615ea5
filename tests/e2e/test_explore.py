"""Explore: any metric by any dimension, as picture and table; the calls that it shows give the same; an address shares it."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import urllib.request
from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import expect
from tests.e2e.conftest import Server, Visits, access_token, command, environment, sign_in
from tests.e2e.test_explain import run_shown_sql
from tests.e2e.test_files import check_rows, whole_table
from tests.e2e.visitor import Visitor, figure, written

from tillsight.metrics.answer import Answer
from tillsight.shop import Shop

pytestmark = pytest.mark.e2e

Rows = list[dict[str, Any]]


def find(visitor: Visitor, what: str, text: str) -> None:
    """Choose by what is typed, as somebody who does not know the name."""
    page = visitor.page
    page.get_by_role("button", name=f"Choose: {what}").click()
    page.get_by_role("dialog").get_by_role("textbox").fill(text)
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog").get_by_role("checkbox", checked=True).first).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def choose(visitor: Visitor, label: str, option: str) -> None:
    visitor.page.get_by_role("combobox", name=label).click()
    visitor.page.get_by_role("option", name=option, exact=True).click()


def check_table(visitor: Visitor, title: str, answer: Answer) -> None:
    """The table of the answer's own columns, those of a comparison left out."""
    panel = visitor.panel(title)
    heads = visitor.heads(panel)
    columns = [column for column in answer.columns if column.title in heads]
    assert [column.name for column in columns] == [
        c.name for c in answer.columns if c.kind in ("time", "dimension", "metric")
    ]
    places = [heads.index(column.title) for column in columns]
    screen = [[row[place] for place in places] for row in visitor.cells(panel.get_by_role("table"))]
    rows = [[row[column.name] for column in columns] for row in answer.to_records()]
    check_rows(
        screen, rows, [{"kind": c.kind, "unit": c.unit or "", "title": c.title, "name": c.name} for c in columns]
    )


def test_a_question_is_put_together_and_answered(visitor: Visitor, shop: Shop) -> None:
    visitor.open("/explore", period="last_90_days")
    expect(visitor.page.get_by_role("link", name=re.compile("^Revenue by country"))).to_be_visible()
    find(visitor, "Metrics", "turnover")
    expect(visitor.page.get_by_role("button", name="Remove Total revenue")).to_be_visible()
    visitor.settled()
    [whole] = shop.query("revenue", period="last_90_days").to_records()
    assert figure(visitor.card_value("Total revenue")).shows(whole["revenue"])

    find(visitor, "Rows", "country")
    panel = visitor.panel("Total revenue by country")
    expect(visitor.picture(panel)).to_be_visible()
    shown_as = visitor.page.get_by_role("group", name="Shown as")
    expect(shown_as.get_by_role("button", name="Ranking")).to_have_attribute("aria-pressed", "true")
    for chart in ("Shares", "Bars"):
        shown_as.get_by_role("button", name=chart).click()
        expect(shown_as.get_by_role("button", name=chart)).to_have_attribute("aria-pressed", "true")
        expect(visitor.picture(panel)).to_be_visible()
    shown_as.get_by_role("button", name="Table").click()
    expect(panel.get_by_role("table")).to_be_visible()
    visitor.settled()
    question: dict[str, Any] = {
        "by": "country",
        "period": "last_90_days",
        "compare": "previous",
        "limit": 10,
        "others": True,
    }
    check_table(visitor, "Total revenue by country", shop.query("revenue", sort="-revenue", **question))

    find(visitor, "Metrics", "aov")
    choose(visitor, "Time", "By month")
    expect(visitor.page).to_have_url(re.compile("grain=month"))
    title = "Total revenue, Average order value by country"
    expect(visitor.panel(title).get_by_role("table")).to_be_visible()
    visitor.settled()
    answer = shop.query(["revenue", "average_order_value"], grain="month", **question)
    assert answer.table.num_rows > 7
    check_table(visitor, title, answer)
    for name in ("period", "metrics", "by", "grain"):
        assert name in visitor.view()


def test_a_metric_that_does_not_go_with_the_rest_says_why(visitor: Visitor, shop: Shop) -> None:
    visitor.open("/explore", metrics="revenue", by="product")
    known = {
        metric.title
        for metric in shop.catalogue.metrics.values()
        if "product" not in shop.catalogue.dimensions_of(metric)
    }
    assert known
    visitor.page.get_by_role("button", name="Choose: Metrics").click()
    for title in sorted(known)[:3]:
        choice = visitor.page.get_by_role(
            "checkbox", name=re.compile(f"^{re.escape(title)}\\b.*Not known by product", re.S)
        )
        expect(choice.first).to_be_disabled()


def test_totals_of_a_table_across_are_asked_not_added(visitor: Visitor, shop: Shop) -> None:
    visitor.open("/explore", metrics="customers", by="country", series="channel", chart="table", period="last_90_days")
    panel = visitor.panel("Customers by country and channel")
    heads = visitor.heads(panel)
    rows = visitor.cells(panel.get_by_role("table"))
    foot = [text.strip() for text in panel.locator("tfoot td").all_inner_texts()]
    channels = heads[1:-1]
    [whole] = shop.query("customers", period="last_90_days").to_records()
    by_country = {
        row["country"]: row for row in shop.query("customers", by="country", period="last_90_days").to_records()
    }
    by_channel = {
        row["channel"]: row for row in shop.query("customers", by="channel", period="last_90_days").to_records()
    }
    cut = shop.query("customers", by=["country", "channel"], period="last_90_days").to_records()
    both = {(row["country"], row["channel"]): row["customers"] for row in cut}
    assert set(channels) == set(by_channel)
    assert {row[0] for row in rows} == set(by_country)
    for country, *cells, total in rows:
        assert cells == [written(both.get((country, channel)), "count") for channel in channels], country
        assert total == written(by_country[country]["customers"], "count")
    assert foot[1:] == [
        *(written(by_channel[c]["customers"], "count") for c in channels),
        written(whole["customers"], "count"),
    ]
    assert sum(row["customers"] for row in by_channel.values()) > whole["customers"], "somebody bought in two channels"


SHOWN = {
    "two metrics by country": {"metrics": ["revenue", "orders"], "by": "country", "period": "last_90_days"},
    "by month and channel, filtered": {
        "metrics": ["revenue", "gross_margin_rate"],
        "by": "channel",
        "grain": "month",
        "period": "last_90_days",
        "compare": "last_year",
        "where": ["country=Germany", "country=Austria", "category!=Lighting"],
    },
}


@pytest.mark.parametrize("view", SHOWN.values(), ids=SHOWN)
def test_the_calls_that_are_shown_give_what_is_shown(
    visitor: Visitor, served: Server, shop: Shop, view: dict[str, Any]
) -> None:
    visitor.open("/explore", **view)
    page = visitor.page
    panel = page.get_by_role("region").filter(has=page.get_by_role("columnheader")).first
    screen = visitor.cells(panel.get_by_role("table"))
    heads = visitor.heads(panel)

    def check(rows: Rows, how: str) -> None:
        """What a call gave is, row for row, what the page shows."""
        assert len(rows) == len(screen), how
        for shown, row in zip(screen, rows, strict=True):
            for name in view["metrics"]:
                metric = shop.catalogue.metric(name)
                assert shown[heads.index(metric.title)] == written(row[name], metric.unit), f"{how}: {row}"
            dimension = view["by"]
            assert shown[heads.index(dimension.capitalize())] == (row[dimension] or "Not set"), how

    def shown(tab: str) -> str:
        button = page.get_by_role("button", name=tab, exact=True)
        button.click()
        code = page.get_by_label(tab, exact=True)
        expect(code).to_be_visible()
        text = code.inner_text()
        button.click()
        return text

    line = shlex.split(shown("Command line"))
    assert line[:2] == ["tillsight", "query"]
    ran = subprocess.run(
        [*command(*line[1:]), "--format", "json"],
        cwd=served.folder,
        env=environment(),
        check=True,
        capture_output=True,
        text=True,
    )
    check(json.loads(ran.stdout, parse_float=Decimal), "Command line")

    # The shop's folder is called as in the code.
    assert served.folder.name == "shop"
    code = f"{shown('Python')}\nimport json\nprint(json.dumps(answer.to_records(), default=str))"
    ran = subprocess.run(
        [sys.executable, "-c", code],
        cwd=served.folder.parent,
        env=environment(),
        check=True,
        capture_output=True,
        text=True,
    )
    check(json.loads(ran.stdout, parse_float=Decimal), "Python")

    _, _, address, _, header, _, body = shlex.split(shown("curl").replace("\\\n", " "))
    name, value = header.replace("$TILLSIGHT_TOKEN", access_token(served)).split(": ")
    request = urllib.request.Request(address, body.encode(), {name: value, "Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as response:
        check(json.loads(response.read(), parse_float=Decimal)["data"]["rows"], "curl")


def test_the_sql_that_is_shown_ran(visitor: Visitor, shop: Shop) -> None:
    visitor.open("/explore", metrics="orders", period="last_month", where="channel=web")
    visitor.page.get_by_role("button", name="SQL", exact=True).click()
    sql = visitor.page.get_by_label("SQL 1")
    expect(sql).to_contain_text("SELECT")
    [row] = shop.query("orders", period="last_month", where="channel=web").to_records()
    assert run_shown_sql(shop, sql.inner_text()) == row["orders"]
    assert visitor.card_full("Orders") == written(row["orders"], "count")


def test_a_question_is_shared_by_its_address(visitor: Visitor, visits: Visits, served: Server) -> None:
    visitor.open("/explore")
    visitor.page.get_by_role("link", name=re.compile("^Best products with their margin")).click()
    title = "Total revenue, Units sold, Gross margin % by product"
    expect(visitor.panel(title).get_by_role("table")).to_be_visible()
    visitor.settled()
    mine = whole_table(visitor, visitor.panel(title))
    context = visits.context()
    sign_in(context, served)
    other = visits.page(context, served.address)
    other.page.goto(visitor.page.url)
    other.settled()
    assert whole_table(other, other.panel(title)) == mine
