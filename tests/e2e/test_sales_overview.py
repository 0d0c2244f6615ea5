"""The sales overview: its cards show what the shop answers, for every period, comparison and filter; the address holds it."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest
from playwright.sync_api import expect
from tests.e2e.conftest import Server, Visits, sign_in
from tests.e2e.visitor import UNKNOWN, Visitor, figure, written

from tillsight.shop import Shop

pytestmark = pytest.mark.e2e

CARDS = {
    "Revenue": "revenue",
    "Net sales": "net_sales",
    "Orders": "orders",
    "Average order value": "average_order_value",
    "Units sold": "units_sold",
    "Items per order": "items_per_order",
    "Gross margin": "gross_margin_rate",
    "Sales growth": "sales_growth_rate",
}
NAMED = {"Today", "Yesterday", "Last 7 days", "Last 30 days", "This month", "Last month", "This quarter", "This year"}


def answers(shop: Shop, **question: Any) -> dict[str, tuple[Any, Any, str]]:
    """Value, change and unit of every metric on the page.

    The change is in percent where it has a base to be a part of, else absolute; of a percentage it is in points.
    """
    answer = shop.query(list(CARDS.values()), **question)
    [row] = answer.to_records()
    units = {column.name: column.unit or "" for column in answer.columns}
    found = {}
    for name in CARDS.values():
        rate = row.get(f"{name}_change_rate")
        found[name] = row[name], row.get(f"{name}_change") if rate is None else rate, units[name]
    return found


def check_cards(visitor: Visitor, expected: dict[str, tuple[Any, Any, str]]) -> None:
    for title, name in CARDS.items():
        value, change, _ = expected[name]
        shown, moved = visitor.card_value(title), visitor.card_change(title)
        assert (shown == UNKNOWN) == (value is None), f"{title}: {shown}, not {value}"
        if value is not None:
            assert figure(shown).shows(value), f"{title}: {shown}, not {value}"
        if value is None or change is None:
            assert moved is None, f"{title}: {moved}, not unknown"
        else:
            assert moved is not None, f"{title} has no change"
            assert figure(moved).shows(change), f"{title}: {moved}, not {change}"


def test_cards_show_what_the_shop_answers(visitor: Visitor, shop: Shop) -> None:
    visitor.open("/sales", period="last_90_days")
    expected = answers(shop, period="last_90_days", compare="previous")
    check_cards(visitor, expected)
    for title, name in CARDS.items():
        value, _, unit = expected[name]
        full = visitor.card_full(title)
        assert full == ("€" if unit == "money" else "") + written(value, unit)


@pytest.mark.feature("SAL-05")
def test_every_named_period_and_own_days_compared_with_the_period_before(visitor: Visitor, shop: Shop) -> None:
    visitor.open("/sales")
    periods = shop.periods(shop.releases.current())
    assert {period["title"] for period in periods} >= NAMED
    for period in periods:
        visitor.choose_period(period["title"])
        assert visitor.view()["period"] == [period["name"]]
        check_cards(visitor, answers(shop, period=period["name"], compare="previous"))
    visitor.choose_period("Last month")
    month = date.fromisoformat(next(period["start"] for period in periods if period["name"] == "last_month"))
    first, last = month.replace(day=5), month.replace(day=18)
    visitor.choose_days("Period", first, last)
    view = visitor.view()
    assert (view["from"], view["to"]) == ([first.isoformat()], [last.isoformat()])
    assert "period" not in view
    check_cards(visitor, answers(shop, start=first, end=last, compare="previous"))


def test_comparison_with_nothing_last_year_and_own_days(visitor: Visitor, shop: Shop) -> None:
    visitor.open("/sales", period="last_month")
    visitor.choose_comparison("No comparison")
    assert [visitor.card_change(title) for title in CARDS] == [None] * len(CARDS)
    visitor.choose_comparison("Same period last year")
    check_cards(visitor, answers(shop, period="last_month", compare="last_year"))
    [month] = [
        date.fromisoformat(one["start"]) for one in shop.periods(shop.releases.current()) if one["name"] == "last_month"
    ]
    first, last = month.replace(day=2), month.replace(day=9)
    visitor.choose_days("Comparison", first, last)
    check_cards(visitor, answers(shop, period="last_month", compare=(first, last)))


def test_a_change_says_whether_it_is_better_by_sign_and_arrow_too(visitor: Visitor, shop: Shop) -> None:
    visitor.open("/sales", period="last_month")
    for title, name in CARDS.items():
        _, change, _ = answers(shop, period="last_month", compare="previous")[name]
        arrow = "▲" if change > 0 else "▼"
        assert arrow in visitor.card(title).inner_text(), title
        assert (visitor.card_change(title) or "")[0] == ("+" if change > 0 else "−"), title


def test_a_filter_is_a_chip_that_can_be_taken_away(visitor: Visitor, shop: Shop) -> None:
    visitor.open("/sales", period="last_90_days")
    page = visitor.page
    page.get_by_role("button", name="Filter", exact=True).click()
    page.get_by_role("textbox", name="Find a dimension").fill("coun")
    page.get_by_role("dialog").get_by_role("button", name="Country", exact=True).click()
    for country in ("Austria", "Germany"):
        page.get_by_role("dialog").get_by_role("checkbox", name=re.compile(f"^{country}")).click()
    page.get_by_role("button", name="Apply").click()
    expect(visitor.chip("Country is Austria or Germany")).to_be_visible()
    visitor.settled()
    assert visitor.view()["where"] == ["country=Austria", "country=Germany"]
    both = answers(shop, period="last_90_days", compare="previous", where=['country in ("Austria","Germany")'])
    check_cards(visitor, both)
    visitor.chip("Remove filter: Country is Austria or Germany").click()
    expect(page.get_by_role("group", name="Filters")).to_have_count(0)
    visitor.settled()
    check_cards(visitor, answers(shop, period="last_90_days", compare="previous"))


def test_a_click_drills_and_back_undoes_it(visitor: Visitor, shop: Shop) -> None:
    visitor.open("/sales", period="last_90_days")
    whole = answers(shop, period="last_90_days", compare="previous")
    [best] = shop.query("revenue", by="category", period="last_90_days", sort="-revenue", limit=1).to_records()
    visitor.panel("Revenue by category").get_by_role("button", name=best["category"], exact=True).click()
    expect(visitor.chip(f"Category is {best['category']}")).to_be_visible()
    visitor.settled()
    category = f"category={best['category']}"
    check_cards(visitor, answers(shop, period="last_90_days", compare="previous", where=category))
    assert figure(visitor.card_value("Revenue")).shows(best["revenue"])

    [first, *_] = shop.query(
        "revenue", by="country", period="last_90_days", where=category, sort="-revenue"
    ).to_records()
    visitor.panel("Revenue by country").locator("svg text", has_text=first["country"]).click()
    expect(visitor.chip(f"Country is {first['country']}")).to_be_visible()
    visitor.settled()
    assert figure(visitor.card_value("Revenue")).shows(first["revenue"])

    visitor.page.go_back()
    expect(visitor.chip(f"Country is {first['country']}")).to_have_count(0)
    visitor.page.go_back()
    expect(visitor.chip(f"Category is {best['category']}")).to_have_count(0)
    visitor.settled()
    check_cards(visitor, whole)
    visitor.page.go_forward()
    expect(visitor.chip(f"Category is {best['category']}")).to_be_visible()


def test_an_address_gives_the_same_figures_to_somebody_else(
    visitor: Visitor, visits: Visits, served: Server, shop: Shop
) -> None:
    visitor.open("/sales")
    visitor.choose_period("Last month")
    visitor.choose_comparison("Same period last year")
    visitor.panel("Revenue by category").get_by_role("button").filter(has_text="Knitwear").click()
    expect(visitor.chip("Category is Knitwear")).to_be_visible()
    visitor.settled()
    check_cards(visitor, answers(shop, period="last_month", compare="last_year", where="category=Knitwear"))

    context = visits.context()
    sign_in(context, served)
    other = visits.page(context, served.address)
    other.page.goto(visitor.page.url)
    other.settled()
    expect(other.chip("Category is Knitwear")).to_be_visible()
    mine = [(visitor.card_value(title), visitor.card_change(title)) for title in CARDS]
    assert mine == [(other.card_value(title), other.card_change(title)) for title in CARDS]


def test_a_span_dragged_in_a_chart_becomes_the_period(visitor: Visitor, shop: Shop) -> None:
    visitor.open("/sales", period="last_month")
    chart = visitor.picture(visitor.panel("Revenue"))
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    assert box
    middle = box["y"] + box["height"] / 2
    visitor.page.mouse.move(box["x"] + box["width"] * 0.4, middle)
    visitor.page.mouse.down()
    visitor.page.mouse.move(box["x"] + box["width"] * 0.6, middle, steps=5)
    visitor.page.mouse.up()
    expect(visitor.page).to_have_url(re.compile("from="))
    visitor.settled()
    view = visitor.view()
    [first], [last] = view["from"], view["to"]
    days = (date.fromisoformat(last) - date.fromisoformat(first)).days + 1
    assert 4 <= days <= 9, "a fifth of a month was marked"
    check_cards(visitor, answers(shop, start=first, end=last, compare="previous"))
