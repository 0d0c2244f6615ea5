"""The same small table, in every format, encoding and delimiter, gives the same canonical rows with the right lines."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zipfile
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter
from tests.connectors.conftest import Load

HEADERS = ["order_id", "order_date", "customer", "sku", "product_name", "quantity", "unit_price", "country"]
ROWS: list[list[str]] = [
    ["1001", "2024-03-31 00:30:00", "C1", "A-1", "Crème brûlée £5", "2", "12.5", "France"],
    ["1001", "2024-03-31 00:30:00", "C1", "B-2", 'Lamp "Rétro", 40 W', "1", "1234.567", "France"],
    ["1002", "2024-07-01 23:59:59", "", "A-1", "Crème brûlée £5", "3", "12.5", "España"],
    ["1002", "2024-07-01 23:59:59", "", "A-1", "Crème brûlée £5", "3", "12.5", "España"],
]
# Placed in London: 00:30 on the last of March is before the clocks go forward, July is an hour behind.
ITEMS = [
    ("1001", "A-1", "Crème brûlée £5", Decimal("2.0000"), Decimal("12.500000")),
    ("1001", "B-2", 'Lamp "Rétro", 40 W', Decimal("1.0000"), Decimal("1234.567000")),
    ("1002", "A-1", "Crème brûlée £5", Decimal("3.0000"), Decimal("12.500000")),
    ("1002", "A-1", "Crème brûlée £5", Decimal("3.0000"), Decimal("12.500000")),
]
ORDERS = [
    ("1001", "C1", datetime(2024, 3, 31, 0, 30), "France", "GBP", "completed"),
    ("1002", None, datetime(2024, 7, 1, 22, 59, 59), "España", "GBP", "completed"),
]


def delimited(delimiter: str = ",", end: str = "\n", quoting: int = csv.QUOTE_MINIMAL) -> str:
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=delimiter, lineterminator=end, quoting=quoting).writerows([HEADERS, *ROWS])
    return stream.getvalue()


def objects() -> list[dict[str, Any]]:
    typed = [dict(zip(HEADERS, row, strict=True)) for row in ROWS]
    return [{**row, "quantity": int(row["quantity"]), "unit_price": float(row["unit_price"])} for row in typed]


def workbook() -> bytes:
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream) as book:
        sheet = book.add_worksheet("Sales")
        dates = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        sheet.write_row(0, 0, HEADERS)
        for index, row in enumerate(ROWS, start=1):
            for place, (header, cell) in enumerate(zip(HEADERS, row, strict=True)):
                if header == "order_date":
                    sheet.write_datetime(index, place, datetime.fromisoformat(cell), dates)
                elif header in ("order_id", "quantity", "unit_price"):
                    sheet.write_number(index, place, float(cell))
                else:
                    sheet.write_string(index, place, cell)
    return stream.getvalue()


def parquet(*, typed: bool) -> bytes:
    columns: dict[str, pa.Array] = {
        header: pa.array([row[place] for row in ROWS]) for place, header in enumerate(HEADERS)
    }
    if typed:
        columns["order_date"] = pa.array([datetime.fromisoformat(row[1]) for row in ROWS], pa.timestamp("us"))
        columns["quantity"] = pa.array([int(row[5]) for row in ROWS], pa.int32())
        columns["unit_price"] = pa.array([Decimal(row[6]) for row in ROWS], pa.decimal128(12, 3))
        columns["order_id"] = pa.array([float(row[0]) for row in ROWS], pa.float64())
    stream = io.BytesIO()
    pq.write_table(pa.table(columns), stream)
    return stream.getvalue()


def zipped(name: str, content: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
        archive.writestr("__MACOSX/._x.csv", b"nothing")
    return stream.getvalue()


CASES: dict[str, tuple[str, bytes]] = {
    "comma": ("sales.csv", delimited().encode()),
    "semicolon": ("sales.csv", delimited(";").encode()),
    "tab": ("sales.tsv", delimited("\t").encode()),
    "pipe": ("sales.txt", delimited("|").encode()),
    "windows line ends": ("sales.csv", delimited(end="\r\n").encode()),
    "old line ends": ("sales.csv", delimited(end="\r").encode()),
    "every field quoted": ("sales.csv", delimited(quoting=csv.QUOTE_ALL).encode()),
    "no last line end": ("sales.csv", delimited().rstrip("\n").encode()),
    "byte order mark": ("sales.csv", b"\xef\xbb\xbf" + delimited().encode()),
    "utf-16 with mark": ("sales.csv", delimited().encode("utf-16")),
    "utf-16 little without mark": ("sales.csv", delimited().encode("utf-16-le")),
    "utf-16 big without mark": ("sales.csv", delimited("\t").encode("utf-16-be")),
    "windows-1252": ("sales.csv", delimited(";").encode("cp1252")),
    "latin-1": ("sales.csv", delimited().encode("latin-1")),
    "separator named": ("sales.csv", b"sep=;\r\n" + delimited(";", "\r\n").encode("cp1252")),
    "empty lines": ("sales.csv", delimited().encode() + b"\n\n,,,,,,,\n"),
    "gzip": ("sales.csv.gz", gzip.compress(delimited().encode())),
    "gzip of windows-1252": ("sales.csv.gz", gzip.compress(delimited("\t").encode("cp1252"))),
    "zip": ("sales.zip", zipped("in/sales.csv", delimited().encode())),
    "zip of parquet": ("sales.zip", zipped("sales.parquet", parquet(typed=True))),
    "json list": ("sales.json", json.dumps(objects(), indent=1).encode()),
    "json of one line": ("sales.json", json.dumps(objects(), ensure_ascii=False).encode()),
    "json object with a list": ("sales.json", json.dumps({"meta": {"a": [1]}, "data": objects()}, indent=1).encode()),
    "ndjson": ("sales.ndjson", "\n".join(json.dumps(row) for row in objects()).encode()),
    "ndjson called json": ("sales.json", "\n".join(json.dumps(row) for row in objects()).encode()),
    "ndjson gzip": ("sales.jsonl.gz", gzip.compress("\n".join(json.dumps(row) for row in objects()).encode())),
    "excel": ("sales.xlsx", workbook()),
    "excel in a zip": ("sales.zip", zipped("book.xlsx", workbook())),
    "parquet": ("sales.parquet", parquet(typed=True)),
    "parquet of texts": ("sales.parquet", parquet(typed=False)),
    "parquet gzip": ("sales.parquet.gz", gzip.compress(parquet(typed=True))),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.feature("PLT-09")
def test_the_same_rows_whatever_the_format(case: str, load: Load) -> None:
    name, content = CASES[case]
    seen = load(content, name)
    assert seen.outcome.rows_read == 4
    assert seen.rejects() == []
    items = seen.rows("order_items", "order_id", "product_id", "product_name", "quantity", "unit_price", order="_line")
    assert items == ITEMS
    orders = seen.rows("orders", "order_id", "customer_id", "placed_at", "country", "currency", "order_status")
    assert orders == ORDERS
    assert seen.tables == {"products": 2, "orders": 2, "order_items": 4, "customers": 1}


def test_line_ids_do_not_depend_on_the_format(load: Load) -> None:
    ids = {
        case: load(content, name).rows("order_items", "line_id")
        for case, (name, content) in CASES.items()
        if case in ("comma", "windows-1252", "ndjson", "excel", "parquet", "parquet of texts")
    }
    assert len({str(found) for found in ids.values()}) == 1
    assert len({line for (line,) in ids["comma"]}) == 4


@pytest.mark.parametrize(
    ("case", "lines"),
    [
        ("comma", [2, 3, 4, 5]),
        ("windows line ends", [2, 3, 4, 5]),
        ("separator named", [3, 4, 5, 6]),
        ("ndjson", [1, 2, 3, 4]),
        ("excel", [2, 3, 4, 5]),
        ("parquet", [1, 2, 3, 4]),
        ("json list", [2, 12, 22, 32]),
    ],
)
def test_lines_are_those_of_the_file(case: str, lines: list[int], load: Load) -> None:
    name, content = CASES[case]
    assert [line for (line,) in load(content, name).rows("order_items", "_line")] == lines


def test_what_was_found_is_told(load: Load) -> None:
    name, content = CASES["windows-1252"]
    file = load(content, name).outcome.files[0]
    assert (file.encoding, file.delimiter, file.format, file.mapping) == ("cp1252", ";", "csv", "headers of sales")
    assert file.bytes == len(content)
    assert [(count.name, count.rows, count.money) for count in file.classes] == [("sale", 4, Decimal("1334.567000000"))]


def test_raw_rows_are_kept_as_they_came(load: Load) -> None:
    seen = load("order_id,order_date,sku,quantity,price,colour of wrapping\n1, 2024-01-31 ,A,1,2.50, red \n")
    raw = pq.read_table(seen.folder / seen.outcome.files[0].raw)
    assert raw.to_pylist() == [
        {
            "order_id": "1",
            "order_date": " 2024-01-31 ",
            "sku": "A",
            "quantity": "1",
            "price": "2.50",
            "colour of wrapping": " red ",
            "_line": 2,
        }
    ]
    assert seen.outcome.files[0].columns_unmapped == ["colour of wrapping"]


def test_every_sheet_is_a_table(load: Load) -> None:
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream) as book:
        sales = book.add_worksheet("Sales")
        sales.write(0, 0, "Report of the week")
        sales.write_row(2, 0, ["Order ID", "Order date", "SKU", "Qty", "Price"])
        sales.write_row(3, 0, ["1", "2024-01-31", "A", 2, 1.005])
        products = book.add_worksheet("Products")
        products.write_row(0, 1, ["SKU", "Product name", "Category"])
        products.write_row(1, 1, ["A", "Apple", "Fruit"])
        book.add_worksheet("Empty")
    seen = load(stream.getvalue(), "book.xlsx")
    assert [file.name for file in seen.outcome.files] == ["book.xlsx#Sales", "book.xlsx#Products"]
    assert seen.rows("order_items", "quantity", "unit_price", "_line") == [(Decimal("2.0000"), Decimal("1.005000"), 4)]
    # The product's own row wins over the one gathered from sales lines.
    assert seen.rows("products", "product_id", "product_name", "category", "_line") == [("A", "Apple", "Fruit", 2)]


def test_objects_inside_rows_become_columns(load: Load) -> None:
    rows = [{"order": {"id": "1", "date": "2024-01-31"}, "sku": "A", "quantity": 1, "price": 2, "tags": ["x", "y"]}]
    mapping = '[[file]]\ntable = "sales"\n[file.columns]\norder_id = "order.id"\nplaced_at = "order.date"\n'
    seen = load(json.dumps(rows), "sales.json", mapping=mapping)
    assert seen.rows("orders", "order_id", "placed_at") == [("1", datetime(2024, 1, 31))]
    assert seen.outcome.files[0].columns_unmapped == ["tags"]


def test_a_folder_is_read_with_everything_below(load: Load, tmp_path: Path) -> None:
    text = "order_id,order_date,sku,quantity,price\n{0},2024-01-3{0},A,1,2\n"
    seen = load(
        {
            "2024/january.csv": text.format(1),
            "2024/february.csv": text.format(0),
            ".hidden/x.csv": text.format(1),
            ".hidden.csv": "a",
            "readme.md": "# hello",
        }
    )
    assert [file.name for file in seen.outcome.files] == ["2024/february.csv", "2024/january.csv"]
    assert seen.outcome.skipped == ["readme.md"]
    assert seen.tables["orders"] == 2


def test_headers_that_are_empty_or_stand_twice_get_names(load: Load) -> None:
    seen = load("order_id,order_date,sku,quantity,price,,SKU,\n1,2024-01-31,A,1,2,x,y,\n")
    assert seen.outcome.files[0].columns_unmapped == ["column_6", "SKU_2", "column_8"]
    assert any("column_6" in note for note in seen.outcome.notes)
    assert any("SKU_2" in note for note in seen.outcome.notes)


def test_the_header_row_may_stand_below_a_title(load: Load) -> None:
    seen = load(
        "Sales of January;;;;\nMade on 3 February;;;;\n;;;;\norder_id;order_date;sku;quantity;price\n1;2024-01-31;A;1;2\n"
    )
    assert seen.rows("order_items", "order_id", "_line") == [("1", 5)]


def test_rows_may_end_in_one_more_delimiter(load: Load) -> None:
    seen = load("order_id,order_date,sku,quantity,price\n1,2024-01-31,A,1,2,\n2,2024-01-31,A,1,2,\n")
    assert seen.tables["order_items"] == 2


def test_a_decimal_comma_does_not_pass_for_a_delimiter(load: Load) -> None:
    seen = load("order_id;order_date;sku;quantity;price\n1;2024-01-31;A;1,5;2,5\n2;2024-01-31;A;1,5;2,75\n")
    assert seen.outcome.files[0].delimiter == ";"
    assert seen.rows("order_items", "quantity", "unit_price", order="_line") == [
        (Decimal("1.5000"), Decimal("2.500000")),
        (Decimal("1.5000"), Decimal("2.750000")),
    ]


def test_an_empty_file_among_others_is_left_aside(load: Load) -> None:
    text = "order_id,order_date,sku,quantity,price\n1,2024-01-31,A,1,2\n"
    seen = load({"sales.csv": text, "nothing.csv": "", "blank.csv": "\n\n"})
    assert seen.outcome.skipped == ["blank.csv", "nothing.csv"]
    assert seen.tables["order_items"] == 1


def test_a_file_of_headers_alone_is_no_error_among_others(load: Load) -> None:
    text = "order_id,order_date,sku,quantity,price\n"
    seen = load({"a.csv": text, "b.csv": text + "1,2024-01-31,A,1,2\n"})
    assert [file.rows_read for file in seen.outcome.files] == [0, 1]


# Parquet that is canonical but for its types


def order_lines(price: str, quantity: str, *, prices: tuple[str, ...] = ("10.5", "3")) -> bytes:
    """Two order lines with prices and quantities of some types, without a shop."""
    rows = ", ".join(f"('A', '{number}', 'P', {value}, {number})" for number, value in enumerate(prices, 1))
    sql = (
        f"SELECT order_id, line_id, product_id, CAST(price AS {price}) AS unit_price, CAST(quantity AS {quantity}) AS quantity "
        f"FROM (VALUES {rows}) AS r(order_id, line_id, product_id, price, quantity)"
    )
    target = io.BytesIO()
    pq.write_table(duckdb.sql(sql).to_arrow_table(), target)
    return target.getvalue()


COLUMNS = ("shop_id", "order_id", "line_id", "product_id", "quantity", "unit_price", "discount_amount")


@pytest.mark.parametrize(
    ("price", "quantity"), [("DECIMAL(18,6)", "DECIMAL(18,4)"), ("DECIMAL(9,2)", "INTEGER"), ("DECIMAL(38,6)", "UBIGINT")]
)  # fmt: skip
def test_numbers_that_fit_are_not_converted(
    load: Load, monkeypatch: pytest.MonkeyPatch, price: str, quantity: str
) -> None:
    text = "order_id,line_id,product_id,unit_price,quantity\nA,1,P,10.5,1\nA,2,P,3,2\n"
    expected = load(text, "order_items.csv").rows("order_items", *COLUMNS)

    def never(*_: object) -> None:
        raise AssertionError("it is canonical as it is")

    monkeypatch.setattr("tillsight.connectors.files.connector.convert", never)
    seen = load(order_lines(price, quantity), "order_items.parquet")
    assert seen.rows("order_items", *COLUMNS) == expected
    assert [row[0] for row in expected] == ["main", "main"]


def test_numbers_that_do_not_fit_are_read_one_by_one(load: Load) -> None:
    """More places than are kept are rounded; a value that is too large is a reject, and the other row is kept."""
    seen = load(order_lines("DECIMAL(18,8)", "INTEGER", prices=("1.00000049", "3")), "order_items.parquet")
    assert [str(row[0]) for row in seen.rows("order_items", "unit_price")] == ["1.000000", "3.000000"]
    seen = load(order_lines("DECIMAL(38,2)", "INTEGER", prices=("1e15", "3")), "order_items.parquet")
    assert [str(row[0]) for row in seen.rows("order_items", "unit_price")] == ["3.000000"]
    assert [(line, column) for line, column, _ in seen.rejects()] == [(1, "unit_price")]
