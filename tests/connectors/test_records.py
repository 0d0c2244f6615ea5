"""The scan that finds records agrees with the csv module wherever a text is well formed, and with hand counts where not."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tillsight.connectors.files.records import Records, scan


def records(text: str, delimiter: str = ",", *, final: bool = True) -> Records:
    return scan(np.frombuffer(text.encode(), dtype=np.uint8), ord(delimiter), ord('"'), final=final)


CELLS = st.text(alphabet="ab ,\"\n\r;'é", max_size=6)


@given(
    rows=st.lists(st.lists(CELLS, min_size=2, max_size=2), min_size=1, max_size=8),
    end=st.sampled_from(["\n", "\r\n"]),
    every=st.booleans(),
)
def test_agrees_with_the_csv_module(rows: list[list[str]], end: str, every: bool) -> None:
    if not every and any("\r" in cell for row in rows for cell in row):
        return  # the csv module leaves a lone carriage return unquoted, so it would end the record
    stream = io.StringIO(newline="")
    csv.writer(stream, lineterminator=end, quoting=csv.QUOTE_ALL if every else csv.QUOTE_MINIMAL).writerows(rows)
    text = stream.getvalue()
    found = records(text)
    data = text.encode()
    pieces = [data[start:stop].decode() for start, stop in zip(found.starts, found.ends, strict=True)]
    assert [next(csv.reader(io.StringIO(piece, newline=""))) for piece in pieces] == rows
    assert found.fields.tolist() == [2] * len(rows)
    assert not found.misquoted.any()


@given(rows=st.lists(st.lists(CELLS, min_size=2, max_size=2), min_size=1, max_size=8))
def test_line_numbers_are_those_of_an_editor(rows: list[list[str]]) -> None:
    stream = io.StringIO(newline="")
    csv.writer(stream, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(rows)
    text = stream.getvalue()
    found = records(text)
    before = [len(io.StringIO(text[:start], newline=None).read().split("\n")) - 1 for start in _characters(text, found)]
    assert found.lines.tolist() == before


def _characters(text: str, found: Records) -> list[int]:
    data = text.encode()
    return [len(data[:start].decode()) for start in found.starts]


@pytest.mark.parametrize(
    ("text", "fields", "misquoted"),
    [
        ('a,5" disk,b\n', [3], [False]),
        ('a,item 5",b\n', [3], [False]),
        ('"a ""quoted"" word",b\n', [2], [False]),
        ('"",""\n', [2], [False]),
        ('"""",b\n', [2], [False]),
        ('"a"b,c\nd,e\n', [2, 2], [True, False]),
        ('"a "b" c",d\ne,f\n', [2, 2], [True, False]),
        ('""a,b\nc,d\n', [2, 2], [True, False]),
        ('"a,\n""b",c\n', [2], [False]),
        ('a,"b,""\nc",d\n', [3], [False]),
    ],
)
def test_quotes(text: str, fields: list[int], misquoted: list[bool]) -> None:
    found = records(text)
    assert found.fields.tolist() == fields
    assert found.misquoted.tolist() == misquoted


def test_an_incomplete_record_waits() -> None:
    assert len(records("a,b\nc,d")) == 1
    assert len(records('a,b\n"c\n,d\n')) == 1
    # A carriage return as the last byte may be half a line end.
    assert len(records("a,b\r", final=False)) == 0
    assert len(records("a,b\r", final=True)) == 1


def test_lone_carriage_returns_end_lines() -> None:
    found = records("a,b\rc,d\re,f\r")
    assert found.fields.tolist() == [2, 2, 2]
    assert found.lines.tolist() == [0, 1, 2]
