"""Files hold exactly the rows of the answer: CSV, Excel and Parquet against the table itself."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from python_calamine import CalamineWorkbook

from tillsight.core.errors import TooBigError
from tillsight.exports import FORMATS, MEDIA_TYPES, ExportFormat, file_name, write
from tillsight.exports import workbook as workbook_module
from tillsight.metrics.answer import AnswerColumn

COLUMNS = (
    AnswerColumn("month", "Month", "time"),
    AnswerColumn("country", "Country", "dimension"),
    AnswerColumn("weekday", "Weekday", "dimension", labels=("Monday", "Tuesday", "Wednesday")),
    AnswerColumn("revenue", "Revenue", "metric", "revenue", "money", "up", "GBP"),
    AnswerColumn("orders", "Orders", "metric", "orders", "count", "up"),
    AnswerColumn("gross_margin_rate", "Gross margin", "metric", "gross_margin_rate", "percent", "up"),
)
RISKY = ["=1+1", "+44", "-5", "@SUM(A1)", "\tx", "\rx", "\n=x", 'say "hi", ok', "café ₱ 東京", "", "plain"]
ROWS = [
    {
        "month": date(2011, 1 + index, 1),
        "country": text,
        "weekday": index % 3,
        "revenue": Decimal("-1234567.89") + index,
        "orders": index * 1000,
        "gross_margin_rate": 12.5 + index / 7,
    }
    for index, text in enumerate(RISKY)
] + [dict.fromkeys(column.name for column in COLUMNS)]
TABLE = pa.Table.from_pylist(
    ROWS,
    pa.schema(
        [
            ("month", pa.date32()),
            ("country", pa.string()),
            ("weekday", pa.int64()),
            ("revenue", pa.decimal128(38, 2)),
            ("orders", pa.int64()),
            ("gross_margin_rate", pa.float64()),
        ]
    ),
)


def written(how: ExportFormat, table: pa.Table = TABLE, columns: tuple[AnswerColumn, ...] = COLUMNS) -> bytes:
    out = io.BytesIO()
    write(table, columns, how, out)
    return out.getvalue()


def labelled(row: dict[str, Any]) -> Any:
    return None if row["weekday"] is None else COLUMNS[2].labels[row["weekday"]]


def test_csv_has_every_row_as_it_is() -> None:
    text = written("csv").decode("utf-8")
    header, *rows = csv.reader(io.StringIO(text, newline=""))
    assert header == [column.name for column in COLUMNS]
    assert len(rows) == len(ROWS)
    for got, row in zip(rows, ROWS, strict=True):
        country = row["country"] or ""
        assert got[:-1] == [
            row["month"].isoformat() if row["month"] else "",
            "'" + country if country[:1] in tuple("=+-@\t\r\n") else country,
            labelled(row) or "",
            str(row["revenue"]) if row["revenue"] is not None else "",
            str(row["orders"]) if row["orders"] is not None else "",
        ]
        assert (float(got[-1]) if got[-1] else None) == row["gross_margin_rate"]


def test_csv_makes_no_text_a_formula_and_leaves_numbers_alone() -> None:
    rows = list(csv.reader(io.StringIO(written("csv").decode("utf-8"), newline="")))[1:]
    assert not [row[1] for row in rows if row[1][:1] in tuple("=+-@\t\r\n")]
    assert rows[0][3] == "-1234567.89"


def test_a_text_that_is_kept_by_number_becomes_no_formula_either() -> None:
    out = io.BytesIO()
    column = next(column for column in COLUMNS if column.name == "country")
    table = pa.table({"country": pa.chunked_array([pa.array(["=1+1", "plain"]).dictionary_encode()])})
    write(table, [column], "csv", out)
    assert out.getvalue().decode().splitlines() == ["country", '"\'=1+1"', '"plain"']


def test_xlsx_has_every_row_with_numbers_as_numbers() -> None:
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(written("xlsx"))).get_sheet_by_index(0)
    header, *rows = sheet.to_python(skip_empty_area=False)
    assert header == [column.name for column in COLUMNS]
    rows += [[""] * len(COLUMNS)] * (len(ROWS) - len(rows))  # a last row without a value is no row in a sheet
    for got, row in zip(rows, ROWS, strict=True):
        if row["month"] is None:
            assert got == [""] * len(COLUMNS)
            continue
        assert got[0] == row["month"]
        assert got[1] == row["country"].replace("\r", "\n") or got[1] == row["country"]
        assert got[2] == labelled(row)
        assert got[3] == float(row["revenue"])
        assert got[4] == row["orders"]
        assert got[5] == pytest.approx(row["gross_margin_rate"], rel=1e-15)


def test_xlsx_holds_no_formula() -> None:
    import zipfile

    with zipfile.ZipFile(io.BytesIO(written("xlsx"))) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode("utf-8")
    assert "<f>" not in sheet
    assert "=1+1" in sheet


def test_xlsx_refuses_more_rows_than_a_sheet_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    for limit in ("MOST_ROWS", "MOST_CELLS"):
        with monkeypatch.context() as patch, pytest.raises(TooBigError, match="CSV or Parquet"):  # noqa: PT012
            patch.setattr(workbook_module, limit, 3)
            written("xlsx")


def test_parquet_is_the_table_with_the_meaning_of_its_columns() -> None:
    table = pq.read_table(io.BytesIO(written("parquet")))
    assert table.to_pylist() == ROWS
    assert [field.type for field in table.schema] == [field.type for field in TABLE.schema]
    assert table.schema.field("revenue").metadata[b"currency"] == b"GBP"
    assert table.schema.field("weekday").metadata[b"labels"] == b'["Monday", "Tuesday", "Wednesday"]'


def test_moments_and_flags() -> None:
    columns = (AnswerColumn("placed_at", "Placed", "plain"), AnswerColumn("is_test", "Test", "plain"))
    table = pa.table({"placed_at": pa.array([datetime(2011, 1, 2, 3, 4, 5)]), "is_test": [True]})
    assert written("csv", table, columns).decode() == 'placed_at,is_test\n"2011-01-02T03:04:05",true\n'
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(written("xlsx", table, columns))).get_sheet_by_index(0)
    assert sheet.to_python()[1] == [datetime(2011, 1, 2, 3, 4, 5), True]


@pytest.mark.parametrize("how", FORMATS)
def test_an_empty_answer_has_its_header(how: ExportFormat) -> None:
    content = written(how, TABLE.slice(0, 0))
    if how == "csv":
        assert content.decode() == ",".join(column.name for column in COLUMNS) + "\n"
    assert content
    assert how in MEDIA_TYPES


def test_names_say_what_is_inside() -> None:
    days = (date(2011, 1, 1), date(2011, 11, 30))
    assert file_name("csv", ["revenue"], ["country"], days) == "tillsight-revenue-by-country-2011-01-01-2011-11-30.csv"
    assert file_name("xlsx", ["a", "b", "c", "d"]) == "tillsight-a-b-c-and-more.xlsx"
    assert file_name("csv", ['../x"\r\n']) == "tillsight-x.csv"
