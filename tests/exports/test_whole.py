"""A file of any size: the rows of the screen to the last digit, and memory that does not grow with them."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.support.shops import line, make_shop, order

from tillsight.core.errors import TooBigError
from tillsight.exports.spool import Spool
from tillsight.exports.whole import Export
from tillsight.metrics.answer import Answer, AnswerColumn
from tillsight.metrics.question import ask_for

COLUMNS = (
    AnswerColumn("order_id", "Order", "dimension"),
    AnswerColumn("revenue", "Revenue", "metric", "revenue", "money", "up", "EUR"),
)
MANY = """
import resource, sys
from decimal import Decimal
from pathlib import Path
import pyarrow as pa
from tillsight.exports.whole import Export
from tillsight.metrics.answer import Answer, AnswerColumn
columns = tuple(AnswerColumn(name, name, "dimension") for name in ("order_id", "product", "revenue"))
part = pa.table({
    "order_id": [f"=O-{index}" for index in range(100_000)],
    "product": [f"a product with a long name {index % 977}" for index in range(100_000)],
    "revenue": pa.array([Decimal(index) / 100 for index in range(100_000)], pa.decimal128(38, 6)),
})
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
def run(parts, how):
    with Export.of(Answer(pa.table({}), columns, "EUR"), (part for _ in range(parts)), 2, Path(sys.argv[1])) as export:
        return sum(len(piece) for piece in export.pieces(how))
for how in ("csv", "parquet"):
    run(2, how)
before = peak()
sizes = [run(40, how) for how in ("csv", "parquet")]
print(before, peak(), *sizes)
"""


def amounts(*texts: str) -> pa.Table:
    return pa.table(
        {
            "order_id": [f"O-{text}" for text in texts],
            "revenue": pa.array([Decimal(text) for text in texts], pa.decimal128(38, 6)),
        }
    )


def test_places_are_those_that_all_parts_need(tmp_path: Path) -> None:
    answer = Answer(pa.table({}), COLUMNS, "EUR")
    with Export.of(answer, [amounts("1.5", "2"), amounts("3.125")], 2, tmp_path) as export:
        assert export.answer.row_count == 3
        text = b"".join(export.pieces("csv")).decode()
    assert text.splitlines() == ["order_id,revenue", '"O-1.5",1.500', '"O-2",2.000', '"O-3.125",3.125']
    assert not list(tmp_path.iterdir()), "nothing is left"


def test_what_lies_on_disk_cannot_be_read(tmp_path: Path) -> None:
    with Spool(tmp_path) as spool:
        spool.write(pa.table({"name": ["Somebody Private"] * 1000}))
        spool._file.flush()
        with open(f"/proc/self/fd/{spool._file.fileno()}", "rb") as raw:  # noqa: PTH123
            assert b"Somebody" not in raw.read()
        assert [part.num_rows for part in spool] == [1000]


def test_a_workbook_that_is_too_long_is_refused_before_it_begins(tmp_path: Path) -> None:
    part = pa.table({"order_id": pa.nulls(600_000, pa.string()), "revenue": pa.nulls(600_000, pa.decimal128(38, 2))})
    with (
        Export.of(Answer(pa.table({}), COLUMNS, "EUR"), [part, part], 2, tmp_path) as export,
        pytest.raises(TooBigError, match="CSV or Parquet"),
    ):
        export.pieces("xlsx")


def test_memory_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", MANY, str(tmp_path)], capture_output=True, text=True, check=True, timeout=120
    )
    before, after, as_csv, as_parquet = map(int, done.stdout.split())
    assert as_csv > 200_000_000, "four million rows"
    assert as_parquet > 10_000_000
    assert after - before < 60, f"{before} MB for 200,000 rows, {after} MB for 4,000,000"


def test_a_file_is_the_answer_and_is_not_bound_by_the_rows_of_one(tmp_path: Path) -> None:
    orders = [order(str(number), f"2025-01-{number % 28 + 1:02} 10:00:00", channel="web") for number in range(60)]
    lines = [line(str(number), "1", "A", 1, f"{number}.335") for number in range(60)]
    question = ask_for("revenue,orders,average_order_value", "order_id", sort="-revenue", grain="month")
    with make_shop(tmp_path / "shop", {"orders": orders, "order_items": lines}) as shop:
        table = shop.ask(question).table
        with shop.export(question) as export:
            whole = pq.read_table(io.BytesIO(b"".join(export.pieces("parquet"))))
        assert whole.to_pylist() == table.to_pylist()
        assert [field.type for field in whole.schema] == [field.type for field in table.schema]
        behind = shop.rows("revenue", limit=1000)
        with shop.export(ask_for("revenue"), behind=True) as export:
            rows = pq.read_table(io.BytesIO(b"".join(export.pieces("parquet"))))
        assert rows.to_pylist() == behind.table.to_pylist()
        none = ask_for("revenue", "order_id", where="channel=nowhere")
        with shop.export(none) as export:
            assert b"".join(export.pieces("csv")) == b"order_id,revenue\n"
            assert pq.read_table(io.BytesIO(b"".join(export.pieces("parquet")))).num_rows == 0
    with make_shop(tmp_path / "narrow", {"orders": orders, "order_items": lines}, limits={"rows": 10}) as shop:
        with pytest.raises(TooBigError, match="more than 10 rows"):
            shop.ask(question)
        with shop.export(question) as export:
            text = b"".join(export.pieces("csv")).decode()
        assert len(list(csv.reader(io.StringIO(text)))) == 61
