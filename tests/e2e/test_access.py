"""Everybody can use the page: no finding of axe in light and dark, on a screen and a phone; keyboard, less motion, paper."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from tests.e2e.conftest import Server, Visits, sign_in
from tests.e2e.visitor import Visitor

from tillsight.shop import Shop

pytestmark = pytest.mark.e2e

AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"]
RUN = """async tags => {
    // experimental in axe, off unless asked for: it reads the punctuation of a longer name as another name
    const rules = { "label-content-name-mismatch": { enabled: false } };
    const found = await axe.run(document, { runOnly: { type: "tag", values: tags }, rules, resultTypes: ["violations"] });
    return found.violations.flatMap(({ id, nodes }) => nodes.map(node => `${id}: ${node.target.join(" ")} ${node.html}`));
}"""
# What is cut off: text wider or higher than the box that hides the rest of it, without an ellipsis and its title.
CLIPPED = """() => {
    const cut = [];
    const names = "h1, h2, h3, button, a, th, label, dt, [role=tab], [class*=figure], [class*=badge], [class*=basis]";
    for (const element of document.querySelectorAll(names)) {
        const box = element.getBoundingClientRect();
        const style = getComputedStyle(element);
        if (!box.width || !box.height || !element.innerText?.trim() || box.width <= 1) continue;
        const hides = style.overflowX !== "visible" || style.overflowY !== "visible";
        if (!hides || element.title) continue;
        if (element.scrollWidth > element.clientWidth + 1 || element.scrollHeight > element.clientHeight + 1)
            cut.push(`${element.tagName} ${element.innerText.trim().slice(0, 60)}`);
    }
    return cut;
}"""
# What lies beyond the edge of the window and is in no box of its own that scrolls.
OUTSIDE = """() => {
    const scrolls = element => {
        for (let one = element.parentElement; one; one = one.parentElement)
            if (/auto|scroll|hidden/.test(getComputedStyle(one).overflowX)) return true;
        return false;
    };
    return [...document.querySelectorAll("main *, header *")].filter(element => {
        const box = element.getBoundingClientRect();
        return box.width > 1 && box.right > innerWidth + 1 && !scrolls(element) && !element.closest("svg, [aria-hidden=true]");
    }).map(element => `${element.tagName} ${(element.innerText ?? "").trim().slice(0, 40)}`);
}"""

Do = Callable[[Visitor], None]


def look(visitor: Visitor) -> None:
    """Nothing more to do than to open the page."""


def as_table(visitor: Visitor) -> None:
    before = visitor.page.get_by_role("table").count()
    visitor.page.get_by_role("main").get_by_role("button", name="Table", exact=True).first.click()
    expect(visitor.page.get_by_role("table")).to_have_count(before + 1)
    visitor.settled()


def explained(visitor: Visitor) -> None:
    dialog = visitor.page.get_by_role("dialog")
    dialog.get_by_role("button", name="Show the rows").click()
    expect(dialog.get_by_role("group", name="Rows behind the number")).to_be_visible()


def open_top(name: str) -> Do:
    def do(visitor: Visitor) -> None:
        visitor.page.get_by_role("banner").get_by_role("button", name=re.compile(name)).click()
        expect(visitor.page.get_by_role("dialog")).to_be_visible()
        # Calendars come when they are needed.
        expect(visitor.page.locator("[class*=skeleton]")).to_have_count(0)

    return do


def searched(visitor: Visitor) -> None:
    visitor.page.keyboard.press("Control+k")
    visitor.page.get_by_role("combobox").last.fill("lamp")
    expect(visitor.page.get_by_role("option").first).to_be_visible()


def choosing(visitor: Visitor) -> None:
    visitor.page.get_by_role("button", name="Choose: Metrics").click()
    expect(visitor.page.get_by_role("dialog").get_by_role("checkbox").first).to_be_visible()


def called(visitor: Visitor) -> None:
    visitor.page.get_by_role("button", name="Command line", exact=True).click()
    expect(visitor.page.get_by_label("Command line", exact=True)).to_be_visible()


def with_files(visitor: Visitor) -> None:
    visitor.page.get_by_label("Files to load").set_input_files(
        {"name": "a.csv", "mimeType": "text/csv", "buffer": b"a,b\n"}
    )
    expect(visitor.page.get_by_role("button", name="Load 1 file")).to_be_visible()


def all_returns(visitor: Visitor) -> None:
    visitor.page.get_by_text("All returns", exact=True).click()
    expect(visitor.page.get_by_role("combobox", name="Reason")).to_be_visible()
    visitor.settled()


def new_key(visitor: Visitor) -> None:
    visitor.page.get_by_role("button", name="New key").click()
    expect(visitor.page.get_by_label("What it is for")).to_be_visible()


def a_person(visitor: Visitor) -> None:
    # nobody is found by this name: a look at a person would be told in the log, which other tests count
    visitor.page.get_by_role("main").get_by_role("textbox").first.fill("nobody@shop.example")
    visitor.page.keyboard.press("Enter")
    expect(visitor.page.locator("[data-loading]")).to_have_count(0)
    visitor.settled()


def inviting(visitor: Visitor) -> None:
    visitor.page.get_by_role("button", name="Invite somebody").click()
    form = visitor.page.get_by_role("dialog")
    form.get_by_role("combobox", name="Role").click()
    visitor.page.get_by_role("option", name="Limited").click()
    form.get_by_role("button", name="Add a bound").click()
    expect(form.get_by_role("combobox", name="By")).to_be_visible()
    expect(visitor.page.get_by_role("listbox")).to_have_count(0)


@dataclass(frozen=True)
class Place:
    """An address, and what is done there before it is looked at. `{load}` stands for the one load."""

    path: str
    do: Do = look


PLACES = {
    "overview": Place("/"),
    "sales": Place("/sales"),
    "sales, one month of a country": Place("/sales?period=last_month&where=country=Germany&where=channel=web"),
    "sales trends": Place("/sales/trends"),
    "products sold": Place("/sales/products"),
    "channels": Place("/sales/channels"),
    "customers": Place("/customers"),
    "a picture as a table": Place("/sales/channels", as_table),
    "explanation": Place("/sales?explain=average_order_value", explained),
    "period": Place("/sales", open_top("^Period:")),
    "filter": Place("/sales", open_top("^Filter$")),
    "freshness": Place("/sales", open_top("release")),
    "search": Place("/", searched),
    "inventory": Place("/inventory"),
    "returns": Place("/returns"),
    "ads": Place("/ads"),
    "pricing": Place("/pricing"),
    "seasons": Place("/seasons"),
    "loyalty": Place("/loyalty"),
    "reports": Place("/reports"),
    "alerts": Place("/alerts"),
    "explore": Place("/explore"),
    "explore, choosing": Place("/explore", choosing),
    "explore, picture and call": Place("/explore?metrics=revenue&by=country", called),
    "explore, table across": Place("/explore?metrics=orders&by=weekday&series=channel&chart=table"),
    "data": Place("/data"),
    "data, with a file": Place("/data", with_files),
    "load": Place("/data/loads/{load}"),
    "release": Place("/data/releases/1"),
    "table": Place("/data/tables/orders"),
    "settings": Place("/settings"),
    "profile": Place("/profile"),
    "profile, a new key": Place("/profile", new_key),
    "users": Place("/settings/users"),
    "users, inviting": Place("/settings/users", inviting),
    "keys of programs": Place("/settings/keys"),
    "backups": Place("/settings/backups"),
    "credentials": Place("/settings/credentials"),
    "privacy": Place("/settings/privacy"),
    "privacy, a person": Place("/settings/privacy", a_person),
    "audit log": Place("/settings/audit"),
    "return desk": Place("/returns/desk"),
    "all returns": Place("/returns/desk", all_returns),
    "one return": Place("/returns/desk/R0104928"),
    "why": Place("/sales?period=last_90_days&why=revenue&why_by=category"),
    "goals": Place("/sales/goals"),
    "campaigns": Place("/customers/campaigns"),
    "nowhere": Place("/no/such/page"),
}
WIDTHS = {"screen": (1280, 800), "phone": (390, 844), "small phone": (360, 740)}


def findings(page: Page, scheme: str) -> list[str]:
    """What axe finds, in light or dark."""
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    expect(page.locator("html")).to_have_attribute("data-mantine-color-scheme", scheme)
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text("utf-8"))
    found: list[str] = page.evaluate(RUN, TAGS)
    return [f"{scheme}: {finding}" for finding in found]


AT_REST = """() => Promise.all(document.getAnimations()
  .filter(one => one.effect.getComputedTiming().endTime !== Infinity)
  .map(one => one.finished.catch(() => null)))"""
"""Until whatever moves has come to rest."""


def fits(page: Page) -> list[str]:
    """What does not fit the width: a page that scrolls sideways, text that is cut off."""
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    cut: list[str] = page.evaluate(CLIPPED)
    outside: list[str] = page.evaluate(OUTSIDE) if wide > 0 else []
    return [f"cut off: {text}" for text in cut] + ([f"scrolls {wide} px sideways: {outside[:5]}"] if wide > 0 else [])


def everywhere(page: Page) -> list[str]:
    """What is wrong with a page at any width, in light or dark."""
    wrong = []
    for wide, tall in WIDTHS.values():
        page.set_viewport_size({"width": wide, "height": tall})
        wrong += fits(page) + findings(page, "light") + findings(page, "dark")
    return wrong


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_no_finding_in_light_and_dark_on_a_screen_and_a_phone(visitor: Visitor, shop: Shop, place: Place) -> None:
    page = visitor.page
    visitor.open(place.path.format(load=shop.loads()[0].id))
    place.do(visitor)
    page.evaluate(AT_REST)
    wrong = []
    for name, (wide, tall) in WIDTHS.items():
        page.set_viewport_size({"width": wide, "height": tall})
        page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        seen = fits(page)
        if name != "small phone":
            seen += findings(page, "light") + findings(page, "dark")
        wrong += [f"{name}: {text}" for text in seen]
    assert not wrong, "\n".join(wrong)


def test_no_finding_at_the_sign_in(visits: Visits, served: Server) -> None:
    visits.provoke("401 (Unauthorized)", "status of 401")
    visitor = visits.page(visits.context(), served.address)
    page = visitor.page
    page.goto(served.address)
    page.get_by_label("User name").fill("nobody")
    page.get_by_label("Password", exact=True).fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    # The button's name moves back into its place when the answer is there.
    page.wait_for_function("() => document.getAnimations().every(one => one.playState === 'finished')")
    wrong = everywhere(page)
    page.get_by_role("link", name="Forgot your password?").click()
    expect(page.get_by_text("No mail is sent from here.")).to_be_visible()
    wrong += everywhere(page)
    assert not wrong, "\n".join(wrong)


def test_the_scheme_is_chosen_and_kept(visits: Visits, served: Server) -> None:
    context = visits.context()
    sign_in(context, served)
    visitor = visits.page(context, served.address)
    page = visitor.page
    visitor.open("/sales")
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.get_by_role("button", name=re.compile("^User menu")).click()
    page.get_by_role("dialog").get_by_text("Dark", exact=True).click()
    expect(page.locator("html")).to_have_attribute("data-mantine-color-scheme", "dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != light
    page.reload()
    visitor.settled()
    expect(page.locator("html")).to_have_attribute("data-mantine-color-scheme", "dark")


def test_on_a_phone_the_rail_is_a_drawer_and_tables_are_cards(visits: Visits, served: Server) -> None:
    wide, tall = WIDTHS["phone"]
    context = visits.context(viewport={"width": wide, "height": tall}, is_mobile=True, has_touch=True)
    sign_in(context, served)
    visitor = visits.page(context, served.address)
    page = visitor.page
    visitor.open("/")
    expect(page.get_by_role("navigation", name="Pages")).to_have_count(0)
    page.get_by_role("button", name="Menu").tap()
    expect(page.get_by_role("navigation", name="Pages")).to_be_visible()
    assert findings(page, "light") == []
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Sales", exact=True).tap()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sales overview")
    expect(page.get_by_role("navigation", name="Pages")).to_have_count(0)
    visitor.open("/sales/products")
    row = visitor.panel("Products").locator("tbody tr[aria-rowindex='2']")
    first, second = row.locator("td").nth(0).bounding_box(), row.locator("td").nth(1).bounding_box()
    assert first
    assert second
    assert second["y"] >= first["y"] + first["height"] - 1, "the cells of a row stand below each other"
    said = row.locator("td").nth(1).evaluate("cell => getComputedStyle(cell, '::before').content")
    assert "Units sold" in said, "each cell says what it is"
    assert fits(page) == []


# keyboard

FOCUS = """() => {
    const element = document.activeElement;
    const box = element.getBoundingClientRect();
    const style = getComputedStyle(element);
    return {
        name: (element.getAttribute("aria-label") ?? element.innerText ?? "").trim().slice(0, 60),
        main: element.closest("main") !== null,
        seen: box.width > 0 && box.height > 0,
        ring: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0 || style.boxShadow !== "none",
    };
}"""


def test_the_way_through_a_page_by_keyboard_is_visible(visitor: Visitor) -> None:
    visitor.open("/sales")
    page = visitor.page
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the page")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Explain Revenue", exact=True)).to_be_focused()

    visitor.open("/sales")
    names = []
    for _ in range(120):
        page.keyboard.press("Tab")
        at: dict[str, Any] = page.evaluate(FOCUS)
        names.append(at["name"])
        assert at["seen"], f"{at['name']} has the focus and is not to be seen"
        assert at["ring"], f"{at['name']} does not show that it has the focus"
        if at["main"]:
            break
    assert at["main"], "the tab key reaches the page"
    assert any(name.startswith("Period:") for name in names)
    for _ in range(60):
        page.keyboard.press("Tab")
        at = page.evaluate(FOCUS)
        if not at["main"]:
            break
        assert at["seen"], f"{at['name']} has the focus out of sight"
        assert at["ring"], f"{at['name']} does not show that it has the focus"


def test_a_period_is_chosen_by_keyboard(visitor: Visitor) -> None:
    visitor.open("/sales")
    page = visitor.page
    chip = page.get_by_role("button", name=re.compile("^Period:"))
    chip.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(chip).to_be_focused()
    page.keyboard.press("Enter")
    wanted = page.get_by_role("dialog").get_by_role("button", name=re.compile("^Last month"))
    expect(wanted).to_be_visible()
    for _ in range(20):
        if wanted.evaluate("button => button === document.activeElement"):
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name=re.compile("^Period: Last month"))).to_be_focused()


def test_search_finds_a_page_a_metric_and_a_product_and_opens_them(visitor: Visitor, shop: Shop) -> None:
    page = visitor.page
    [best] = shop.query("revenue", by="product", period="last_90_days", sort="-revenue", limit=1).to_records()
    visitor.open("/data")

    def go(text: str, option: str) -> None:
        page.keyboard.press("Control+k")
        box = page.get_by_role("dialog").get_by_role("combobox")
        expect(box).to_be_focused()
        page.keyboard.type(text)
        hits = page.get_by_role("option")
        hit = page.get_by_role("option", name=re.compile(option, re.IGNORECASE)).first
        expect(hit).to_be_visible()
        for _ in range(hits.count()):
            if hit.get_attribute("aria-selected") == "true":
                break
            page.keyboard.press("ArrowDown")
        expect(hit).to_have_attribute("aria-selected", "true")
        page.keyboard.press("Enter")
        expect(page.get_by_role("dialog", name="Search")).to_have_count(0)

    go("trends", "^Sales trends.*Page")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sales trends")
    go("average order", "^Average order value.*Metric")
    expect(page.get_by_role("main")).to_contain_text("Average order value")
    assert "average_order_value" in page.url
    go(best["product"], f"^{re.escape(best['product'])}.*Product")
    visitor.settled()
    expect(page.get_by_role("main")).to_contain_text(re.compile("revenue", re.IGNORECASE))
    assert any(best["product"] in text or "product" in text for text in visitor.view().get("where", [])), page.url


# motion and paper

LONG = """() => document.getAnimations().filter(one => {
    const { duration, iterations } = one.effect.getComputedTiming();
    return duration > 20 || iterations === Infinity;
}).length"""


@pytest.mark.parametrize("reduced", [False, True], ids=["motion", "less motion"])
def test_less_motion_is_respected(visits: Visits, served: Server, reduced: bool) -> None:
    context = visits.context(reduced_motion="reduce" if reduced else "no-preference")
    sign_in(context, served)
    visitor = visits.page(context, served.address)
    page = visitor.page
    held: list[Any] = []
    page.route("**/api/v1/metrics/query", lambda route: held.append(route))  # noqa: PLW0108 (it needs a function of its own)
    page.goto(f"{served.address}/sales")
    expect(page.locator("[class*=skeleton]").first).to_be_visible()
    moving = page.evaluate(LONG)
    assert (moving == 0) if reduced else (moving > 0), "what is awaited moves, unless less motion was asked for"
    for route in held:
        route.continue_()
    # not before: the browser lets go of what is held then, and says so to whoever does it again
    page.unroute("**/api/v1/metrics/query")
    visitor.settled()
    assert page.evaluate(LONG) == 0, "nothing moves by itself on a page that is there"


def test_paper_has_what_the_page_has(visitor: Visitor) -> None:
    visitor.open("/sales")
    page = visitor.page
    titles = ["Revenue", "Net sales", "Orders", "Average order value"]
    shown = [visitor.card_value(title) for title in titles]
    page.emulate_media(media="print")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert [visitor.card_value(title) for title in titles] == shown
    for title in ("Best sellers", "Revenue by category", "Revenue by country"):
        expect(visitor.picture(visitor.panel(title))).to_be_visible()
    expect(page.get_by_role("navigation", name="Pages")).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    visitor.open("/sales/products")
    page.emulate_media(media="print")
    box = visitor.panel("Products").get_by_role("group", name="Products")
    assert box.evaluate("box => box.scrollHeight - box.clientHeight") <= 1, "a table on paper is not cut off"
    assert len(page.pdf(format="A4", print_background=True)) > 10_000
