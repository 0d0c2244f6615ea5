"""An answer: a table with what each column means, the days it covers, and everything needed to check it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa
import pyarrow.compute as pc

from tillsight.core.money import minor_units
from tillsight.core.periods import Bucket, Period

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

ColumnKind = Literal["dimension", "time", "metric", "compare", "change", "change_rate", "plain"]
SCALES = (2, 3, 4, 6)


@dataclass(frozen=True)
class AnswerColumn:
    """What a column is. `unit` is None for dimensions; `currency` is set for money; `labels` are words for 0, 1, 2 …"""

    name: str
    title: str
    kind: ColumnKind
    metric: str | None = None
    unit: str | None = None
    better: str = ""
    currency: str | None = None
    labels: tuple[str, ...] = ()


@dataclass
class Answer:
    """The answer to one question, from one release.

    `table` has one row per group, money as exact decimals, ratios as floats, unknown as null. `totals` is the same question
    without a cut. `row_count` counts the groups before the limit. `sql` is what ran, in order.
    """

    table: pa.Table
    columns: tuple[AnswerColumn, ...]
    currency: str
    totals: dict[str, Any] | None = None
    row_count: int = 0
    period: Period | None = None
    period_title: str = ""
    compare_period: Period | None = None
    buckets: tuple[Bucket, ...] = ()
    notes: list[dict[str, str]] = field(default_factory=list)
    release: int | None = None
    as_of: datetime | None = None
    sources: tuple[str, ...] = ()
    queries: tuple[str, ...] = ()
    sentences: list[dict[str, Any]] = field(default_factory=list)
    document: dict[str, Any] | None = None
    """The answer in a form that is laid down elsewhere, for an analysis that has one: what JSON gives instead of the rows."""

    @property
    def sql(self) -> str:
        """The SQL that gave the rows (totals and others are asked with further queries, see `queries`)."""
        return self.queries[0] if self.queries else ""

    def to_arrow(self) -> pa.Table:
        """The rows as an Arrow table; money as decimals."""
        return self.table

    def to_pandas(self) -> pd.DataFrame:
        """The rows as a pandas frame; money as float64 (exact to the cent up to 90 trillion)."""
        table = self.table
        for index, name in enumerate(table.column_names):
            if pa.types.is_decimal(table.schema.field(index).type):
                table = table.set_column(index, name, table.column(index).cast(pa.float64()))
        # threads only where they pay: Arrow's made programs abort at their end, now and then
        frame: pd.DataFrame = table.to_pandas(use_threads=table.num_rows > 100_000)
        return frame

    def to_polars(self) -> pl.DataFrame:
        """The rows as a Polars frame; money as decimals. Needs the extra `polars`."""
        import polars as pl

        return pl.DataFrame(self.table)

    def to_records(self) -> list[dict[str, Any]]:
        """The rows as dictionaries; money as Decimal, days as date."""
        records: list[dict[str, Any]] = self.table.to_pylist()
        return records

    def plain_rows(self) -> Iterator[dict[str, Any]]:
        """The rows as plain values, one after the other, so that they need not all be there at once."""
        for batch in self.table.to_batches(max_chunksize=5_000):
            for row in batch.to_pylist():
                yield {name: _plain(value) for name, value in row.items()}

    def to_dict(self, *, rows: bool = True) -> dict[str, Any]:
        """Everything as plain values: decimals stay Decimal, days are ISO texts. Without `rows`: an empty list of them."""
        return {
            "columns": [
                {
                    "name": column.name,
                    "title": column.title,
                    "kind": column.kind,
                    "metric": column.metric,
                    "unit": column.unit,
                    "better": column.better or None,
                    "currency": column.currency,
                    "labels": list(column.labels) or None,
                }
                for column in self.columns
            ],
            "rows": list(self.plain_rows()) if rows else [],
            "totals": {name: _plain(value) for name, value in self.totals.items()} if self.totals is not None else None,
            "row_count": self.row_count,
            "period": _period(self.period, self.period_title),
            "compare_period": _period(self.compare_period, ""),
            "buckets": [
                {"start": b.start.isoformat(), "end": b.end.isoformat(), "label": b.label, "partial": b.partial}
                for b in self.buckets
            ]
            if self.buckets
            else None,
            "notes": self.notes,
            "release": self.release,
            "as_of": self.as_of.isoformat() if self.as_of else None,
            "sources": list(self.sources),
            "currency": self.currency,
            "sentences": self.sentences,
        }

    def _repr_html_(self) -> str:
        """The notebook view: the first rows, with what they stand on below."""
        from html import escape

        head = "".join(f"<th>{escape(column.title)}</th>" for column in self.columns)
        rows = "".join(
            "<tr>"
            + "".join(
                f'<td style="text-align:{"right" if column.unit else "left"}">{escape(shown(row[column.name], column))}</td>'
                for column in self.columns
            )
            + "</tr>"
            for row in self.table.slice(0, 50).to_pylist()
        )
        notes = "".join(f"<div>{escape(note['text'])}</div>" for note in self.notes)
        period = f"{self.period.start} to {self.period.end}" if self.period else ""
        return (
            f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
            f"<div>{min(50, self.table.num_rows)} of {self.row_count} rows · {period} · release {self.release}</div>{notes}"
        )


def sentence(text: str, tone: str = "neutral", metric: str | None = None) -> dict[str, Any]:
    """What happened, in words. `tone`: good, bad or neutral; `metric`: the one that explains it."""
    return {"text": text, "tone": tone, "metric": metric}


def shown(value: Any, column: AnswerColumn) -> str:
    """A value as a person reads it: thousands separated, percent with one decimal, unknown as a dash.

    Money has the places of its currency; an amount below one that these would round has two more, as a unit price of
    0.004 is not nothing.
    """
    if value is None:
        return "–" if column.unit else "(not set)"
    if column.labels and isinstance(value, int) and 0 <= value < len(column.labels):
        return column.labels[value]
    if column.unit == "money" and isinstance(value, Decimal | float | int):
        places = minor_units(column.currency or "")
        exact = Decimal(str(value))
        return f"{exact:,.{places if abs(exact) >= 1 or round(exact, places) == exact else places + 2}f}"
    if column.unit in ("count", "units") and isinstance(value, Decimal | float | int):
        return f"{value:,.0f}" if value == int(value) else f"{value:,.2f}"
    if column.unit == "percent" and isinstance(value, Decimal | float | int):
        return f"{value:.1f} pt" if column.kind == "change" else f"{value:.1f}%"
    if isinstance(value, Decimal | float):
        return f"{value:,.2f}"
    return str(value)


def tidy(column: pa.ChunkedArray, least: int = 2) -> pa.ChunkedArray:
    """A decimal column with the fewest places that keep every value exact, but at least `least`."""
    return with_places(column, places_of(column, least)) if pa.types.is_decimal(column.type) else column


def places_of(column: pa.ChunkedArray, least: int = 2) -> int:
    """The fewest of 2, 3, 4 or 6 places that keep every value of a decimal column exact, but at least `least`."""
    for scale in (least, *(scale for scale in SCALES if scale > least)):
        if scale >= column.type.scale:
            break
        if pc.all(pc.equal(pc.round(column, ndigits=scale), column), skip_nulls=True).as_py() in (True, None):
            return scale
    return int(column.type.scale)


def with_places(column: pa.ChunkedArray, places: int) -> pa.ChunkedArray:
    """A decimal column with so many places, which keep its values exact."""
    return (column if places >= column.type.scale else pc.round(column, ndigits=places)).cast(pa.decimal128(38, places))


def _plain(value: Any) -> Any:
    if isinstance(value, float) and math.isnan(value):
        return None
    return value.isoformat() if isinstance(value, date | datetime) else value


def _period(period: Period | None, title: str) -> dict[str, str] | None:
    return {"start": period.start.isoformat(), "end": period.end.isoformat(), "title": title} if period else None


Titles = Mapping[str, tuple[str, ColumnKind, str | None, str]]
"""The columns of a domain's analyses by name: title, kind, unit, which way is better."""


def titled(known: Titles, names: Iterable[str], currency: str, **titles: str) -> tuple[AnswerColumn, ...]:
    """Columns by name; amounts are in the currency. `titles`: those that are called otherwise here."""
    made = []
    for name in names:
        title, kind, unit, better = known[name]
        money = currency if unit == "money" else None
        made.append(AnswerColumn(name, titles.get(name, title), kind, unit=unit, better=better, currency=money))
    return tuple(made)


def from_rows(
    columns: Sequence[AnswerColumn], table: pa.Table, currency: str, sentences: Sequence[dict[str, Any]] = ()
) -> Answer:
    """An answer made by an analysis."""
    return Answer(
        table=table, columns=tuple(columns), currency=currency, row_count=table.num_rows, sentences=list(sentences)
    )
