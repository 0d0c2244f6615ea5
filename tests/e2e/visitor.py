"""Somebody at the page: opens addresses, reads cards, panels and tables as they are shown, and presses what is there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from playwright.sync_api import Locator, Page, expect

from tillsight.dashboards import load
from tillsight.dashboards.declaration import FoundPanel

SCALES = {"": Decimal(1), "k": Decimal(10) ** 3, "M": Decimal(10) ** 6, "bn": Decimal(10) ** 9}
FIGURE = re.compile(r"^([+−]?)€?([\d,]+(?:\.(\d+))?)(k|M|bn)?(%| pt| d| a day)?$")
HEAD_SIGNS = re.compile("(\u00a0[€↑↓])+$")
UNKNOWN = "–"
FOUND = {panel.title for board in load().values() for panel in board.panels if isinstance(panel, FoundPanel)}
"""Panels of what an analysis found: they have no metric to explain, and words of their own."""
ENDS = {"percent": "%", "days": " d", "units/day": " a day"}


@dataclass(frozen=True)
class Figure:
    """A number as it is written: its value, and half a unit of its last digit."""

    value: Decimal
    half: Decimal

    def shows(self, exact: Any) -> bool:
        """Whether it is this number, rounded as it is written."""
        return abs(self.value - Decimal(str(exact))) <= self.half


def figure(text: str) -> Figure:
    """Read `€25.8k`, `−0.6 pt`, `1,234.50`."""
    match = FIGURE.match(text.strip())
    assert match, f"{text!r} is not a figure"
    sign, digits, decimals, scale, _ = match.groups()
    factor = SCALES[scale or ""]
    value = Decimal(digits.replace(",", "")) * factor * (-1 if sign == "−" else 1)
    return Figure(value, Decimal(5).scaleb(-len(decimals or "") - 1) * factor)


def written(value: Any, unit: str | None) -> str:
    """A number in full as a table writes it, without a currency sign: `1,234.50`, `41.2%`, `12`."""
    if value is None:
        return UNKNOWN
    number = Decimal(str(value))
    digits = {"money": 2, "percent": 1, "count": 0, "days": 1, "units/day": 1}.get(unit or "", 2)
    text = f"{abs(number).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP):,}"
    if digits and unit not in ("money", "percent", "days"):
        text = text.rstrip("0").rstrip(".")
    sign = "−" if number < 0 and re.search(r"[1-9]", text) else ""
    return f"{sign}{text}{ENDS.get(unit or '', '')}"


def written_day(day: date, grain: str = "day") -> str:
    """A day, or the first day of a bucket, as a table writes it: `14 Nov 2026`, `Nov 2026`, `Q4 2026`, `2026`."""
    if grain == "year":
        return str(day.year)
    if grain == "quarter":
        return f"Q{(day.month + 2) // 3} {day.year}"
    return f"{day:%b %Y}" if grain == "month" else f"{day.day} {day:%b %Y}"


class Visitor:
    """A page in the hands of somebody. Whatever is asked of it waits until the page has it."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.address = address

    def open(self, path: str, **view: Any) -> None:
        """Go to a path with a view (`period="last_year"`), and wait for everything on it."""
        query = f"?{urlencode(view, doseq=True)}" if view else ""
        self.page.goto(f"{self.address}{path}{query}")
        self.settled()

    def settled(self) -> None:
        """Wait until the page has its heading and nothing on it is still coming."""
        expect(self.page.get_by_role("heading", level=1)).to_be_visible()
        expect(self.page.locator("[aria-busy=true], [class*=skeleton]")).to_have_count(0)

    # cards

    def card(self, title: str) -> Locator:
        """The card of a metric."""
        button = self.page.get_by_role("button", name=f"Explain {title}", exact=True)
        return self._named(title).filter(has=button)

    def card_value(self, title: str) -> str:
        """The figure of a card as it is written."""
        return self._lines(title)[0]

    def card_change(self, title: str) -> str | None:
        """The change against the comparison as it is written; None where the card has none."""
        return next((line.lstrip("▲▼ ") for line in self._lines(title)[1:]), None)

    def _lines(self, title: str) -> list[str]:
        """The figures of a card: it is never without one but while its answer is still coming."""
        card = self.card(title)
        expect(card).to_contain_text(re.compile(rf"\d|{UNKNOWN}"))
        lines = [line.strip() for line in card.inner_text().splitlines()]
        return [line for line in lines if line == UNKNOWN or FIGURE.match(line.lstrip("▲▼ "))]

    def card_full(self, title: str) -> str:
        """The whole value that a card shows when it is pointed at."""
        self.card(title).get_by_text(self.card_value(title), exact=True).hover()
        tip = self.page.get_by_role("tooltip")
        expect(tip).to_be_visible()
        text = tip.inner_text()
        self.page.mouse.move(0, 0)
        expect(tip).to_have_count(0)
        return text

    # panels

    def panel(self, title: str) -> Locator:
        """A panel that is not a card."""
        heading = self.page.get_by_role("heading", name=title, exact=True)
        card = self.page.get_by_role("button", name=f"Explain {title}", exact=True)
        return self._named(title).filter(has=heading, has_not=card)

    def _named(self, title: str) -> Locator:
        main = self.page.get_by_role("main")
        return main.get_by_role("region", name=title, exact=True).or_(main.get_by_role("group", name=title, exact=True))

    def picture(self, panel: Locator) -> Locator:
        """The picture of a panel."""
        return panel.locator("[role=img]")

    def heads(self, table: Locator) -> list[str]:
        """The heads of a table's columns, without the sign of the currency and the arrow of the order."""
        expect(table.get_by_role("columnheader").first).to_be_visible()
        return [HEAD_SIGNS.sub("", text.strip()) for text in table.get_by_role("columnheader").all_inner_texts()]

    def cells(self, table: Locator) -> list[list[str]]:
        """The rows of a table's body that are drawn, cell by cell."""
        rows = table.locator("tbody tr:not([aria-hidden])")
        expect(rows.first).to_be_visible()
        texts: list[list[str]] = rows.evaluate_all(
            "rows => rows.map(row => [...row.cells].map(cell => cell.innerText.trim()))"
        )
        return texts

    def download(self, panel: Locator, kind: str, folder: Path) -> Path:
        """Take a panel's file: CSV, Excel or Parquet."""
        panel.get_by_role("button", name="Download", exact=True).click()
        with self.page.expect_download() as caught:
            self.page.get_by_role("menuitem", name=kind, exact=True).click()
        target = folder / caught.value.suggested_filename
        caught.value.save_as(target)
        return target

    # the view

    def choose_period(self, title: str) -> None:
        """Choose a named period, and wait for its figures."""
        self._choose("Period", re.compile(f"^{re.escape(title)}\\b"))
        expect(self.page.get_by_role("button", name=re.compile(f"^Period: {re.escape(title)},"))).to_be_visible()
        self.settled()

    def choose_comparison(self, title: str) -> None:
        """Choose what to compare with, and wait for the figures."""
        self._choose("Comparison", title)
        expect(self.page.get_by_role("button", name=f"Comparison: {title}")).to_be_visible()
        self.settled()

    def choose_days(self, what: str, first: date, last: date) -> None:
        """Choose own days in the calendar of `Period` or `Comparison`; it must show their month."""
        dialog = self._opened(what)
        for day in (first, last):
            dialog.get_by_role("button", name=f"{day.day} {day:%B %Y}", exact=True).click()
        span = re.compile(f"\\b{first.day} – {last.day} {last:%b %Y}$")
        expect(self.page.get_by_role("button", name=re.compile(f"^{what}: .*{span.pattern}"))).to_be_visible()
        self.settled()

    def _choose(self, what: str, name: str | re.Pattern[str]) -> None:
        self._opened(what).get_by_role("button", name=name, exact=True).click()
        expect(self.page.get_by_role("dialog")).to_have_count(0)

    def _opened(self, what: str) -> Locator:
        self.page.get_by_role("button", name=re.compile(f"^{what}:")).click()
        dialog = self.page.get_by_role("dialog")
        expect(dialog).to_be_visible()
        return dialog

    def chip(self, words: str) -> Locator:
        """A filter of the page."""
        return self.page.get_by_role("group", name="Filters").get_by_role("button", name=words, exact=True)

    def view(self) -> Mapping[str, list[str]]:
        """What the address holds."""
        return parse_qs(urlsplit(self.page.url).query)
