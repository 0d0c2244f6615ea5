"""Every picture can be a table, and what is downloaded is what is on the screen, row for row."""

from __future__ import annotations

import csv
import time
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from playwright.sync_api import Locator, expect
from python_calamine import CalamineWorkbook
from tests.e2e.conftest import WAIT
from tests.e2e.visitor import FOUND, Visitor, figure, written, written_day

from tillsight.shop import Shop

pytestmark = pytest.mark.e2e

OTHERS = {"(all others)": "All others", "": "Not set"}


def meaning(field: pa.Field) -> dict[str, str]:
    """What a Parquet file says of a column."""
    return {name.decode(): text.decode() for name, text in (field.metadata or {}).items()}


def same(shown: str, value: Any, column: dict[str, str]) -> bool:
    """Whether a cell of the screen is a value of a file."""
    if column["kind"] in ("change", "change_rate"):
        return shown == "–" if value is None else figure(shown).shows(value)
    if column["kind"] == "time":
        return shown == written_day(value, column.get("name", "day"))
    if column["kind"] == "dimension":
        text = "" if value is None else str(value)
        return shown == OTHERS.get(text, text)
    return shown == written(value, column["unit"])


def check_rows(screen: list[list[str]], rows: list[list[Any]], columns: list[dict[str, str]]) -> None:
    assert len(screen) == len(rows)
    for shown, row in zip(screen, rows, strict=True):
        assert len(shown) == len(columns)
        for text, value, column in zip(shown, row, columns, strict=True):
            assert same(text, value, column), f"{column['title']}: {text!r} on the screen, {value!r} in the file"


def read_csv(file: Path, columns: list[dict[str, str]]) -> tuple[list[str], list[list[Any]]]:
    """Header and rows of a CSV file, each value as its column means it."""
    with file.open(encoding="utf-8", newline="") as lines:
        header, *rows = csv.reader(lines)

    def value(text: str, column: dict[str, str]) -> Any:
        if text == "":
            return None
        if column["kind"] == "time":
            return date.fromisoformat(text)
        return text if column["kind"] == "dimension" else Decimal(text)

    return header, [[value(text, column) for text, column in zip(row, columns, strict=True)] for row in rows]


def read_xlsx(file: Path, columns: list[dict[str, str]]) -> tuple[list[str], list[list[Any]]]:
    """Header and rows of a workbook of one sheet."""
    book = CalamineWorkbook.from_path(file)
    assert len(book.sheet_names) == 1
    header, *rows = book.get_sheet_by_index(0).to_python()

    def value(cell: Any, column: dict[str, str]) -> Any:
        if cell == "":
            return None
        if column["kind"] == "time":
            return cell.date() if isinstance(cell, datetime) else cell
        if column["kind"] == "dimension":
            return str(int(cell)) if isinstance(cell, float) else cell
        assert isinstance(cell, int | float), f"{column['title']}: {cell!r} is not a number"
        return round(cell, 9)

    return [str(name) for name in header], [
        [value(cell, column) for cell, column in zip(row, columns, strict=True)] for row in rows
    ]


def read_parquet(file: Path) -> tuple[list[str], list[list[Any]], list[dict[str, str]]]:
    """Names, rows and meaning of the columns of a Parquet file."""
    table = pq.read_table(file)
    return (
        table.column_names,
        [list(row.values()) for row in table.to_pylist()],
        [meaning(field) for field in table.schema],
    )


def labelled(rows: list[list[Any]], columns: list[dict[str, str]]) -> list[list[Any]]:
    """Rows of a Parquet file with the words of columns that have labels."""
    words = [pa.array(eval_labels(column["labels"])) if "labels" in column else None for column in columns]
    return [
        [
            value if names is None or value is None else names[value].as_py()
            for value, names in zip(row, words, strict=True)
        ]
        for row in rows
    ]


def eval_labels(text: str) -> list[str]:
    import json

    labels: list[str] = json.loads(text)
    return labels


PICTURES = [
    ("/sales", "Revenue by country", {"period": "last_90_days"}),
    ("/sales", "Best sellers", {"period": "last_month", "compare": "last_year"}),
    ("/sales", "Revenue by category", {"period": "last_90_days", "where": "country=Germany"}),
    ("/sales/trends", "Revenue and orders", {"period": "last_month"}),
    ("/sales/trends", "Orders by hour and day of the week", {"period": "last_month"}),
]


@pytest.mark.parametrize(("path", "title", "view"), PICTURES, ids=[title for _, title, _ in PICTURES])
def test_files_of_a_picture_are_its_table_row_for_row(
    visitor: Visitor, tmp_path: Path, path: str, title: str, view: dict[str, str]
) -> None:
    visitor.open(path, **view)
    panel = visitor.panel(title)
    expect(visitor.picture(panel)).to_be_visible()
    panel.get_by_role("button", name="Table", exact=True).click()
    expect(visitor.picture(panel)).to_have_count(0)
    header, screen = whole_table(visitor, panel)

    names, rows, columns = read_parquet(visitor.download(panel, "Parquet", tmp_path))
    assert len(header) == len(columns)
    rows = labelled(rows, columns)
    check_rows(screen, rows, columns)
    csv_names, csv_rows = read_csv(visitor.download(panel, "CSV", tmp_path), columns)
    assert csv_names == names
    check_rows(screen, csv_rows, columns)
    xlsx_names, xlsx_rows = read_xlsx(visitor.download(panel, "Excel", tmp_path), columns)
    assert xlsx_names == names
    check_rows(screen, xlsx_rows, columns)

    panel.get_by_role("button", name="Table", exact=True).click()
    expect(visitor.picture(panel)).to_be_visible()


def rows_of(box: Locator) -> list[int]:
    """The numbers of the rows that a table has loaded; the first is the row of the heads."""
    return list(range(2, int(box.get_by_role("table").get_attribute("aria-rowcount") or 0) + 1))


def whole_table(visitor: Visitor, panel: Locator) -> tuple[list[str], list[list[str]]]:
    """Header and every row of a table that draws only the rows in sight."""
    box = panel.get_by_role("group").filter(has=panel.page.get_by_role("table"))
    heads = visitor.heads(box)
    seen: dict[int, list[str]] = {}
    box.evaluate("box => { box.scrollTop = 0 }")
    patience = time.monotonic() + WAIT / 1000
    while time.monotonic() < patience:
        found = box.locator("tbody tr[aria-rowindex]")
        expect(found.first).to_be_visible()
        for index, cells in found.evaluate_all(
            "rows => rows.map(row => [row.ariaRowIndex ?? row.getAttribute('aria-rowindex'),"
            " [...row.cells].map(cell => cell.innerText.trim())])"
        ):
            seen[int(index)] = cells
        panel.page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        # Asked first: rows that come after the second question would be missed.
        if not panel.get_by_text("scroll for more").count() and sorted(seen) == rows_of(box):
            break
        box.evaluate("box => { box.scrollTop += box.clientHeight / 2 }")
    assert sorted(seen) == rows_of(box), "no row was skipped"
    return heads, [seen[index] for index in sorted(seen)]


def test_a_long_table_reads_on_and_its_file_has_every_row(visitor: Visitor, shop: Shop, tmp_path: Path) -> None:
    visitor.open("/sales/products", period="last_90_days", compare="none")
    panel = visitor.panel("Products")
    answer = shop.query(
        ["units_sold", "revenue", "product_contribution", "product_velocity", "gross_profit", "gross_margin_rate"],
        by="product",
        period="last_90_days",
        sort="-revenue",
    )
    assert answer.row_count > 50, "more than a page"
    expect(panel).to_contain_text(f"{answer.row_count} in all")
    rows = panel.get_by_role("table")
    panel.get_by_role("group", name="Products").evaluate("box => { box.scrollTop = box.scrollHeight }")
    expect(rows).to_have_attribute("aria-rowcount", str(answer.row_count + 1))
    panel.get_by_role("group", name="Products").evaluate("box => { box.scrollTop = 0 }")
    expect(rows.locator("tr[aria-rowindex='2']")).to_be_visible()
    _, screen = whole_table(visitor, panel)
    columns = [
        {"name": column.name, "kind": column.kind, "unit": column.unit or "", "title": column.title}
        for column in answer.columns
    ]
    check_rows(screen, [list(row.values()) for row in answer.to_records()], columns)
    _, csv_rows = read_csv(visitor.download(panel, "CSV", tmp_path), columns)
    check_rows(screen, csv_rows, columns)
    assert answer.totals
    foot = [cell.strip() for cell in panel.locator("tfoot td").all_inner_texts()]
    assert foot == ["Total", *(written(answer.totals[c.name], c.unit) for c in answer.columns[1:])]


def test_a_table_is_sorted_by_its_heads_and_its_file_follows(visitor: Visitor, shop: Shop, tmp_path: Path) -> None:
    visitor.open("/sales/products", period="last_month", compare="none")
    panel = visitor.panel("Products")
    panel.get_by_role("button", name="Units sold").click()
    head = panel.get_by_role("columnheader", name="Units sold")
    expect(head).to_have_attribute("aria-sort", "descending")
    expect(panel.locator("[aria-busy=true]")).to_have_count(0)
    most = shop.query("units_sold", by="product", period="last_month", sort="-units_sold").to_records()
    units = [written(row["units_sold"], "units") for row in most]
    shown = [row[1] for row in visitor.cells(panel.get_by_role("table"))]
    assert shown == units[: len(shown)]
    with visitor.download(panel, "CSV", tmp_path).open(encoding="utf-8", newline="") as lines:
        assert [written(row["units_sold"], "units") for row in csv.DictReader(lines)] == units
    panel.get_by_role("button", name="Units sold").click()
    expect(head).to_have_attribute("aria-sort", "ascending")
    expect(panel.locator("[aria-busy=true]")).to_have_count(0)
    least = shop.query("units_sold", by="product", period="last_month", sort="units_sold").to_records()
    assert visitor.cells(panel.get_by_role("table"))[0][1] == written(least[0]["units_sold"], "units")


def test_columns_are_chosen(visitor: Visitor) -> None:
    visitor.open("/sales/products", period="last_month", compare="none")
    panel = visitor.panel("Products")
    expect(panel.get_by_role("columnheader", name="Gross profit")).to_be_visible()
    panel.get_by_role("button", name="Columns").click()
    visitor.page.get_by_role("menuitemcheckbox", name="Gross profit").click()
    expect(panel.get_by_role("columnheader", name="Gross profit", include_hidden=True)).to_have_count(0)
    visitor.page.keyboard.press("Escape")


def test_rows_behind_a_number_are_downloaded_whole(visitor: Visitor, shop: Shop, tmp_path: Path) -> None:
    visitor.open("/sales", period="last_7_days", explain="revenue")
    dialog = visitor.page.get_by_role("dialog")
    dialog.get_by_role("button", name="Show the rows").click()
    expect(dialog.get_by_role("group", name="Rows behind the number")).to_be_visible()
    names, rows, _ = read_parquet(visitor.download(dialog, "Parquet", tmp_path))
    behind = shop.rows("revenue", period="last_7_days", limit=100_000)
    assert names == [column.name for column in behind.columns]
    assert len(rows) == behind.row_count
    index = names.index("revenue")
    [whole] = shop.query("revenue", period="last_7_days").to_records()
    assert sum(row[index] for row in rows) == whole["revenue"]


def test_every_picture_and_table_of_the_dashboards_has_its_files(visitor: Visitor) -> None:
    for path in ("/", "/sales", "/sales/trends", "/sales/products", "/sales/channels", "/customers"):
        visitor.open(path)
        panels = visitor.page.get_by_role("main").get_by_role("region")
        drawn = 0
        for index in range(panels.count()):
            panel = panels.nth(index)
            if not visitor.picture(panel).count() and not panel.get_by_role("group").count():
                continue
            drawn += 1
            label = panel.get_attribute("aria-label")
            expect(panel.get_by_role("button", name="Download", exact=True), f"{label} on {path}").to_be_visible()
            if label in FOUND:  # a table as the analysis gives it, or a picture with its own words
                continue
            toggle = panel.get_by_role("button", name="Table", exact=True)
            chooser = panel.get_by_role("button", name="Columns", exact=True)
            assert toggle.count() + chooser.count() == 1, f"{label} is neither a table nor becomes one"
        assert drawn >= 1
