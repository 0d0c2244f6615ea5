"""Lines that break the form and rows that cannot be taken: each with its physical line and reason, and nothing else lost."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.connectors.conftest import Load

from tillsight.connectors.files.delimited import read_delimited
from tillsight.connectors.files.raw import Reading, silent
from tillsight.connectors.files.sources import find
from tillsight.core.errors import LoadError

HEADER = "order_id,order_date,sku,product_name,quantity,price\n"


def row(number: int | str, name: str = "x", quantity: str = "1", price: str = "2") -> str:
    return f"{number},2024-01-31,A,{name},{quantity},{price}\n"


def known(cells: list[str]) -> int:
    return len(set(cells) & set(HEADER.strip().split(",")))


def kept(seen: object) -> list[tuple[int, str]]:
    return [(line, order) for line, order in seen.rows("order_items", "_line", "order_id", order="_line")]  # type: ignore[attr-defined]


@pytest.mark.feature("PLT-09")
def test_broken_lines_are_rejects_and_the_rest_stays(load: Load) -> None:
    text = (
        HEADER  # 1
        + row(1)  # 2
        + "2,2024-01-31,A\n"  # 3: too few
        + row(3, '"two\nlines"')  # 4, 5
        + row(4, '"a "bad" quote"')  # 6
        + "\n"  # 7
        + row(5, "x,y,z")  # 8: too many
        + row(6)  # 9
    )
    seen = load(text)
    assert kept(seen) == [(2, "1"), (4, "3"), (9, "6")]
    assert seen.rejects("file", "line", "table", "reason") == [
        ("sales.csv", 3, "sales", "3 fields where the header has 6"),
        ("sales.csv", 6, "sales", "a quote inside a quoted field that is not doubled"),
        ("sales.csv", 8, "sales", "8 fields where the header has 6"),
    ]
    assert next(json.loads(text)["text"] for (text,) in seen.rejects("row")) == "2,2024-01-31,A"
    assert (seen.outcome.rows_read, seen.outcome.rows_rejected) == (6, 3)


def test_an_open_quote_costs_one_line(load: Load) -> None:
    text = HEADER + row(1) + row(2, '"open') + row(3) + row(4, '"closed"') + row(5) + row(6, '"open again')
    seen = load(text)
    assert kept(seen) == [(2, "1"), (4, "3"), (5, "4"), (6, "5")]
    assert [line for (line,) in seen.rejects("line")] == [3, 7]
    assert all("quote that is opened" in reason for (reason,) in seen.rejects("reason"))


def test_an_open_quote_costs_one_line_of_a_long_file(load: Load) -> None:
    text = HEADER + row(1, '"open') + "".join(row(number) for number in range(2, 40_002))
    seen = load(text)
    assert seen.tables["order_items"] == 40_000
    assert seen.rejects("line") == [(2,)]
    assert seen.rows("order_items", "max(_line)") == [(40_002,)]


def test_lines_stay_exact_far_into_a_file(load: Load) -> None:
    lines = [HEADER]
    expected = []
    at = 2
    for number in range(40_000):
        if number % 1000 == 7:
            lines.append("broken\n")
            at += 1
        if number % 500 == 3:
            lines.append(row(number, '"a\nb\r\nc"'))
            expected.append((at, str(number)))
            at += 3
        else:
            lines.append(row(number, "some longer name of a product, unquoted".replace(",", ";")))
            expected.append((at, str(number)))
            at += 1
    seen = load("".join(lines))
    assert kept(seen) == expected
    assert len(seen.rejects()) == 40


def test_bytes_that_are_not_utf8_cost_their_line(load: Load) -> None:
    good = "".join(row(number, "Crème brûlée") for number in range(20)).encode()
    seen = load(HEADER.encode() + good + row(98, "Cr\xe8me").encode("latin-1") + row(99).encode())
    assert seen.outcome.files[0].encoding == "utf-8"
    assert seen.rejects("line", "reason") == [(22, "bytes that are not UTF-8")]
    assert seen.rows("order_items", "count(*)", "count(DISTINCT product_name)") == [(21, 2)]


def test_values_are_judged_one_by_one(load: Load) -> None:
    text = HEADER + row(1, quantity="two") + row("", price="-3") + row(3, quantity="", price="") + row(4)
    seen = load(text)
    assert seen.rejects("line", "table", "column", "value", "reason") == [
        (2, "order_items", "quantity", "two", "is not a number"),
        (3, "order_items", "order_id", "", "is missing"),
        (3, "order_items", "unit_price", "-3", "is below 0"),
        (4, "order_items", "quantity", "", "is missing"),
        (4, "order_items", "unit_price", "", "is missing"),
    ]
    assert seen.outcome.rows_rejected == 3
    assert json.loads(seen.rejects("row")[0][0]) == {
        "order_id": "1",
        "order_date": "2024-01-31",
        "sku": "A",
        "product_name": "x",
        "quantity": "two",
        "price": "2",
    }


def test_what_is_wrong_with_the_customer_leaves_the_line_in(load: Load) -> None:
    text = "order_id,order_date,sku,quantity,price,customer_id,birth_date,shipped_date\n"
    seen = load(text + "1,2024-01-31,A,1,2,C1,1990-01-01,2024-02-01\n2,2024-01-31,A,1,2,C2,long ago,2024-02-31\n")
    assert seen.tables == {"products": 1, "orders": 2, "order_items": 2, "customers": 2}
    assert seen.rejects("line", "table", "column", "value") == [
        (3, "customers", "birth_date", "long ago"),
        (3, "orders", "shipped_at", "2024-02-31"),
    ]


def test_a_table_takes_no_row_that_is_wrong_in_part(load: Load) -> None:
    text = "customer_id,customer_name,email,birth_date\n1,Ann,a@x.org,1990-01-01\n2,Bo,b@x.org,soon\n,Cy,c@x.org,1990-01-01\n"
    seen = load(text, "customers.csv")
    assert seen.rows("customers", "customer_id") == [("1",)]
    assert seen.rejects() == [(3, "birth_date", "is not a date"), (4, "customer_id", "is missing")]


def test_bounds_come_from_the_table(load: Load) -> None:
    text = "review_id,order_id,rating,reviewed_at\n1,1,5,2024-01-31\n2,1,6,2024-01-31\n3,1,0.5,2024-01-31\n"
    seen = load(text, "reviews.csv")
    assert seen.rejects() == [(3, "rating", "is above 5"), (4, "rating", "is below 1")]


def test_a_file_without_one_good_row_is_an_error(load: Load) -> None:
    with pytest.raises(LoadError, match=r"Not one row of sales\.csv can be taken; in line 2 quantity is not a number"):
        load(HEADER + row(1, quantity="many"))
    with pytest.raises(LoadError, match="has no row that can be read: line 2 has 3 fields where the header has 6"):
        load(HEADER + "1,2,3\n")
    with pytest.raises(LoadError, match=r"sales\.csv is empty"):
        load("")
    with pytest.raises(LoadError, match="has no rows"):
        load(HEADER)


CELL = st.text(alphabet='ab,"\n;é 1', max_size=5)


@settings(max_examples=50)
@given(
    rows=st.lists(st.tuples(CELL, st.sampled_from(["good", "few", "many", "quote", "open"])), min_size=1, max_size=12),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_good_rows_keep_their_text_and_line_whatever_stands_between(rows: list[tuple[str, str]], end: str) -> None:
    """The first row is good; of the others some are broken in a known way. Every good row comes out, with its line."""
    lines = [HEADER.rstrip("\n")]
    expected = []
    broken = []
    line = 2
    for number, (cell, kind) in enumerate([("first", "good"), *rows]):
        stream = io.StringIO(newline="")
        csv.writer(stream, lineterminator="", quoting=csv.QUOTE_ALL).writerow(
            [number, "2024-01-31", "A", cell, "1", "2"]
        )
        text = {
            "good": stream.getvalue(),
            "few": f"{number},2024-01-31",
            "many": f"{number},2024-01-31,a,b,c,d,e",
            "quote": f'{number},2024-01-31,"a"b,c,1,2',
            "open": f'{number},2024-01-31,"a,c,1,2',
        }[kind]
        lines.append(text)
        if kind == "good":
            expected.append((line, str(number), cell))
        else:
            broken.append(line)
        line += 1 + (cell.count("\n") if kind == "good" else 0)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "sales.csv"
        path.write_bytes((end.join(lines) + end).encode())
        table = read_delimited(find(path)[0][0], Path(folder) / "raw.parquet", Reading(), silent, known)
        found = pq.read_table(table.path)
    kept_rows = zip(*(found.column(name).to_pylist() for name in ("_line", "order_id", "product_name")), strict=True)
    assert list(kept_rows) == expected
    assert [each.line for each in table.broken] == broken


def test_amounts_of_lines_are_exact(load: Load) -> None:
    text = HEADER + "".join(row(number, price="0.1") for number in range(10))
    assert load(text).outcome.files[0].classes[0].money == Decimal(1)
