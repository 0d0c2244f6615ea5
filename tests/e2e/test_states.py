"""When something fails or is not there: the panel says so, the rest of the page stays, and there is a way on."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from itertools import pairwise

import pytest
from playwright.sync_api import Request, Route, expect
from tests.e2e.conftest import Visits
from tests.e2e.visitor import Visitor, figure

from tillsight.shop import Shop
from tillsight.tables.registry import TABLES

pytestmark = pytest.mark.e2e

ASKED = "**/api/v1/metrics/query"
UPCOMING = ("inventory", "ads", "pricing", "seasons", "loyalty")


def break_when(asks: Callable[[dict[str, object]], bool]) -> Callable[[Route, Request], None]:
    """Let the server fail at questions of a kind."""

    def answer(route: Route, request: Request) -> None:
        if asks(request.post_data_json):
            body = {"status": "error", "error": {"code": "INTERNAL", "message": "The engine fell over.", "details": {}}}
            route.fulfill(status=500, content_type="application/json", body=json.dumps(body))
        else:
            route.continue_()

    return answer


def test_a_panel_that_fails_says_so_and_the_rest_stays(visitor: Visitor, visits: Visits, shop: Shop) -> None:
    visits.provoke("status of 500")
    page = visitor.page
    page.route(ASKED, break_when(lambda question: question.get("by") == ["country"]))
    visitor.open("/sales", period="last_month")
    panel = visitor.panel("Revenue by country")
    alert = panel.get_by_role("alert")
    expect(alert).to_contain_text("The engine fell over.")
    expect(page.get_by_role("main").get_by_role("alert")).to_have_count(1)
    [row] = shop.query("revenue", period="last_month").to_records()
    assert figure(visitor.card_value("Revenue")).shows(row["revenue"])
    expect(visitor.picture(visitor.panel("Best sellers"))).to_be_visible()

    page.unroute(ASKED)
    alert.get_by_role("button", name="Try again").click()
    expect(visitor.picture(panel)).to_be_visible()
    expect(page.get_by_role("main").get_by_role("alert")).to_have_count(0)


def test_cards_that_fail_say_so_and_the_pictures_stay(visitor: Visitor, visits: Visits, shop: Shop) -> None:
    visits.provoke("status of 500")
    page = visitor.page
    page.route(ASKED, break_when(lambda question: "orders" in question["metrics"]))
    visitor.open("/sales", period="last_month")
    card = visitor.card("Orders")
    expect(card.get_by_role("alert")).to_contain_text("The engine fell over.")
    expect(visitor.picture(visitor.panel("Revenue"))).to_be_visible()
    page.unroute(ASKED)
    card.get_by_role("button", name="Try again").click()
    expect(card.get_by_role("alert")).to_have_count(0)
    [row] = shop.query("orders", period="last_month").to_records()
    assert visitor.card_value("Orders") == f"{row['orders']:,}"


def test_a_server_that_is_gone_is_named_and_asked_again(visitor: Visitor, visits: Visits) -> None:
    visits.provoke("ERR_FAILED", "ERR_CONNECTION", "The server cannot be reached.")
    page = visitor.page
    page.route("**/api/v1/shop", lambda route: route.abort())
    page.goto(f"{visitor.address}/sales")
    expect(page.get_by_role("alert")).to_contain_text("The server cannot be reached.")
    page.unroute("**/api/v1/shop")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("heading", name="Sales overview")).to_be_visible()
    visitor.settled()


def test_while_an_answer_is_awaited_the_old_one_stays_and_a_new_page_has_its_frame(visitor: Visitor) -> None:
    page = visitor.page
    visitor.open("/sales", period="last_month")
    before = visitor.card_value("Revenue")
    held: list[Route] = []
    holding = True

    def hold(route: Route) -> None:
        if holding:
            held.append(route)
        else:
            route.continue_()

    page.route(ASKED, hold)
    page.get_by_role("button", name=re.compile("^Period:")).click()
    page.get_by_role("dialog").get_by_role("button", name=re.compile("^Last year")).click()
    expect(page.get_by_role("button", name=re.compile("^Period: Last year"))).to_be_visible()
    expect(visitor.card("Revenue").locator("[aria-busy=true]")).to_have_count(1)
    assert visitor.card_value("Revenue") == before, "the old figure stays until the new one is there"
    holding = False
    for route in held:
        route.continue_()
    visitor.settled()
    assert visitor.card_value("Revenue") != before


@pytest.mark.parametrize("name", UPCOMING)
def test_an_area_without_content_says_what_comes_from_which_data(visitor: Visitor, shop: Shop, name: str) -> None:
    visitor.open("/")
    link = visitor.page.get_by_role("navigation").get_by_role("link", name=name, exact=False)
    link.click()
    expect(visitor.page.get_by_role("heading", level=1)).to_have_text(re.compile(name, re.IGNORECASE))
    visitor.settled()
    coming = visitor.panel("What this page will show").get_by_role("listitem")
    assert coming.count() >= 3
    rows = visitor.cells(visitor.panel("From which data").get_by_role("table"))
    assert len(rows) >= 3
    loaded = shop.status().rows
    by_title = {table.title: table.name for table in TABLES.values()}
    for text, state in rows:
        table = by_title[text.splitlines()[0].strip()]
        expected = loaded.get(table, 0)
        assert state == (f"{expected:,} rows" if expected else "not loaded"), table
    expect(visitor.page.get_by_role("main").locator("[role=img]")).to_have_count(0)


@pytest.mark.parametrize("path", ["/reports", "/alerts"])
def test_a_tool_to_come_says_so(visitor: Visitor, path: str) -> None:
    visitor.open(path)
    expect(visitor.panel("What this page will show")).to_contain_text("not in this version yet")


def test_an_address_that_leads_nowhere_says_so(visitor: Visitor) -> None:
    visitor.open("/sales/nothing")
    expect(visitor.page.get_by_role("heading", level=1)).to_have_text("No such page")
    visitor.page.get_by_role("link", name="Go to the overview").click()
    expect(visitor.page.get_by_role("heading", level=1)).to_have_text("Overview")


def test_a_wrong_part_of_an_address_is_left_out(visitor: Visitor, shop: Shop) -> None:
    visitor.open("/sales", period="no_such_period", where="nonsense", compare="perhaps", grain="minute")
    [row] = shop.query("revenue", period="last_30_days").to_records()
    assert figure(visitor.card_value("Revenue")).shows(row["revenue"])


def test_a_period_without_rows_says_so(visitor: Visitor) -> None:
    visitor.open("/sales", **{"from": "1999-01-01", "to": "1999-01-31"})
    expect(visitor.panel("Revenue by country")).to_contain_text("Nothing in this period")
    expect(visitor.page.get_by_role("main").get_by_role("alert")).to_have_count(0)
    assert visitor.card_value("Average order value") == "–", "nothing over nothing is unknown, not 0"


@pytest.mark.parametrize(("width", "lines"), [(1280, 1), (1024, 1), (900, 2), (390, 3)])
def test_the_top_bar_has_a_line_for_its_controls_and_none_is_cut(visitor: Visitor, width: int, lines: int) -> None:
    page = visitor.page
    page.set_viewport_size({"width": width, "height": 800})
    visitor.open("/sales/channels")
    bar = page.get_by_role("banner")
    found = bar.get_by_role("button").all()
    assert len(found) >= 5
    boxes = [box for one in found if (box := one.bounding_box())]
    assert all(box["x"] >= 0 and box["x"] + box["width"] <= width for box in boxes)
    middles = sorted(box["y"] + box["height"] / 2 for box in boxes)
    assert 1 + sum(after - before > 12 for before, after in pairwise(middles)) == lines
    cut = bar.evaluate(
        "(bar) => [...bar.querySelectorAll('button')].filter((one) => one.scrollWidth > one.clientWidth + 1).length"
    )
    assert cut == 0


@pytest.mark.feature("PLT-22")
def test_a_release_of_another_version_asks_for_a_build(visitor: Visitor) -> None:
    sentence = "Release 1 was built by another version of Tillsight: build again, on the data page."

    def outdated(route: Route) -> None:
        answer = route.fetch()
        said = answer.json()
        said["data"] |= {"release": None, "outdated": sentence}
        route.fulfill(response=answer, json=said)

    page = visitor.page
    page.route(re.compile(r"/api/v1/shop$"), outdated)
    visitor.open("/sales")
    expect(page.get_by_text(sentence).first).to_be_visible()
    expect(page.get_by_role("link", name="Build again")).to_be_visible()
    page.get_by_role("link", name="Go to the data page").first.click()
    expect(page.get_by_role("button", name="Build a release")).to_be_visible()
