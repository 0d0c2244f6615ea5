"""CSV: UTF-8, commas, texts in quotes, exact decimals, ISO days, unknown as an empty cell.

A text that a spreadsheet would take for a formula gets an apostrophe in front (OWASP, CSV injection); numbers keep
their sign, because they are numbers.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from tillsight.metrics.answer import AnswerColumn

FORMULA = r"^[=+\-@\t\r\n]"


def csv_pieces(parts: Iterable[pa.Table], columns: Sequence[AnswerColumn]) -> Iterator[bytes]:
    """Rows as CSV, in whole columns, a piece for each part; the first has the header too."""
    names = [column.name for column in columns]
    header = io.StringIO()
    csv.writer(header, lineterminator="\n").writerow(names)
    yield header.getvalue().encode()
    options = pacsv.WriteOptions(include_header=False, quoting_style="needed")
    for part in parts:
        safe = pa.table([_safe(worded(part.column(column.name), column)) for column in columns], names=names)
        out = io.BytesIO()
        pacsv.write_csv(safe, out, options)
        yield out.getvalue()


def worded(values: pa.ChunkedArray, column: AnswerColumn) -> pa.ChunkedArray:
    """The words of a column with labels; any other column as it is."""
    if not column.labels or not pa.types.is_integer(values.type):
        return values
    return pc.take(pa.array(column.labels), values.cast(pa.int64()))


def _safe(values: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    kind = values.type
    if pa.types.is_timestamp(kind):
        return pc.strftime(values.cast(pa.timestamp("s", kind.tz), safe=False), format="%Y-%m-%dT%H:%M:%S")
    if pa.types.is_floating(kind):
        return pc.if_else(pc.is_finite(values), values, pa.scalar(None, kind))
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        return values
    risky = pc.match_substring_regex(values, FORMULA)
    return pc.if_else(risky, pc.binary_join_element_wise(pa.scalar("'", kind), values, pa.scalar("", kind)), values)
