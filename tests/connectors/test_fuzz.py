"""Anything may be in a file: it is read, or refused in one sentence; it never fails inside, hangs or leaves something behind.

Bytes are made up and put into files of every ending; and files that are sound are damaged here and there.
"""

from __future__ import annotations

import gzip
import io
import shutil
import tempfile
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tillsight.connectors.files.connector import run
from tillsight.connectors.files.convert import Defaults
from tillsight.connectors.files.raw import silent
from tillsight.connectors.files.sources import Limits
from tillsight.core.errors import TillsightError

pytestmark = pytest.mark.feature("PLT-09")

HEADER = "order_id,order_date,sku,product_name,quantity,price\n"
ROWS = HEADER + "".join(f"{n},2024-01-{n:02},S{n},Lamp {n},1,{n}.50\n" for n in range(1, 20))
ENDINGS = ("csv", "tsv", "txt", "json", "ndjson", "parquet", "xlsx", "xls", "ods", "csv.gz", "zip", "dat")
SMALL = Limits(ratio=50, free=1 << 20, size=8 << 20, members=50, cells=1_000_000)
DEFAULTS = Defaults("UTC", "EUR", "main")


SOUND: dict[str, bytes] = {
    "csv": ROWS.encode(),
    "json": b'[{"order_id": "1", "order_date": "2024-01-01", "sku": "A", "quantity": 1, "price": 2.5}]',
    "ndjson": b'{"order_id": "1", "order_date": "2024-01-01", "sku": "A", "quantity": 1, "price": 2.5}\n' * 3,
    "csv.gz": gzip.compress(ROWS.encode()),
}


def read(content: bytes, ending: str) -> None:
    """Read one file. Only our own errors, which say what is wrong, may come out."""
    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
    try:
        file = folder / f"rows.{ending}"
        file.write_bytes(content)
        try:
            outcome = run([file], folder / "out", DEFAULTS, memory="512MB", threads=1, limits=SMALL, progress=silent)
        except TillsightError:
            return
        assert min(outcome.rows_read, outcome.rows_rejected) >= 0
    finally:
        shutil.rmtree(folder)


def parquet() -> bytes:
    out = io.BytesIO()
    pq.write_table(
        pa.table(
            {
                name: [row.split(",")[at] for row in ROWS.splitlines()[1:]]
                for at, name in enumerate(HEADER.strip().split(","))
            }
        ),
        out,
    )
    return out.getvalue()


def workbook() -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet()
        for row, line in enumerate(ROWS.splitlines()):
            sheet.write_row(row, 0, line.split(","))
    return out.getvalue()


def archive() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("rows.csv", ROWS)
        made.writestr("more/rows.json", SOUND["json"])
    return out.getvalue()


SOUND |= {"parquet": parquet(), "xlsx": workbook(), "zip": archive()}


@pytest.mark.parametrize("kind", SOUND)
def test_the_sound_files_are_read(kind: str, tmp_path: Path) -> None:
    file = tmp_path / f"rows.{kind}"
    file.write_bytes(SOUND[kind])
    outcome = run([file], tmp_path / "out", DEFAULTS, threads=1, limits=SMALL, progress=silent)
    assert outcome.rows_read > 0


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(content=st.binary(max_size=2_000), ending=st.sampled_from(ENDINGS))
@example(content=b"", ending="csv")
@example(content=b"PAR1PAR1", ending="parquet")
@example(content=b"PK\x03\x04", ending="xlsx")
@example(content=b"\x1f\x8b\x08", ending="csv.gz")
@example(content=b"\xff\xfe", ending="csv")
@example(content=b"[" * 1_500, ending="json")
@example(content=b'{"a": 1e999999}', ending="ndjson")
@example(content=b'"' * 999, ending="csv")
def test_any_bytes_are_read_or_refused(content: bytes, ending: str) -> None:
    read(content, ending)


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(
    lines=st.lists(st.text(alphabet=st.characters(codec="utf-8"), max_size=60), max_size=12),
    ending=st.sampled_from(("csv", "tsv", "txt")),
)
@example(lines=["1,2024-13-45,S,=cmd()|' /C calc'!A0,1e309,NaN"], ending="csv")
@example(lines=['1,2024-01-01,S,"unclosed,1,2'], ending="csv")
@example(lines=["1" + "," * 5_000], ending="csv")
def test_any_lines_below_a_header_are_read_or_refused(lines: list[str], ending: str) -> None:
    read((HEADER + "\n".join(lines)).encode(), ending)


@settings(max_examples=80, suppress_health_check=list(HealthCheck))
@given(
    kind=st.sampled_from(sorted(SOUND)),
    damage=st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), min_size=1, max_size=8),
    cut=st.floats(0.05, 1.0),
)
def test_a_damaged_file_is_read_or_refused(kind: str, damage: list[tuple[float, int]], cut: float) -> None:
    body = bytearray(SOUND[kind])
    for place, value in damage:
        body[int(place * len(body))] = value
    read(bytes(body[: max(1, int(cut * len(body)))]), kind)
