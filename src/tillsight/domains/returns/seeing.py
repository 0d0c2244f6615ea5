"""What the analyses of returns have in common: rows of a relation that the asker may see, and columns of an answer."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import ibis
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tillsight.core.periods import Grain
from tillsight.metrics.answer import Answer, AnswerColumn, ColumnKind
from tillsight.metrics.ask import Asker
from tillsight.metrics.compile import TIME
from tillsight.metrics.model import Unit
from tillsight.metrics.question import Filter, Resolved, ask_for

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pandas as pd

Titles = Mapping[str, tuple[str, Unit | None]]
"""Column by name: its title, and its unit where it is a number."""


def settled(asker: Asker, question: dict[str, Any], metric: str = "returned_units") -> Resolved:
    """The days and filters of a question. Raises NotAllowedError where the metric's module is closed."""
    return asker.resolve(ask_for(metric, **{key: part for key, part in question.items() if key != "compare"}))


def narrowed(question: Mapping[str, Any], item: Filter) -> dict[str, Any]:
    """The question with one filter more."""
    where = question.get("where") or ()
    return {**question, "where": [*([where] if isinstance(where, str) else where), item]}


def rows_of(asker: Asker, name: str, resolved: Resolved, *, any_day: bool = False) -> ir.Table:
    """Rows of a relation within the question's days and filters, as the asker may see them."""
    relation = asker.catalogue.relations[name]
    rows = asker.compiler.rows(relation, resolved.where)
    return rows if any_day else rows.filter(rows.day.between(resolved.period.start, resolved.period.end))


def fetched(asker: Asker, table: ir.Table) -> tuple[pd.DataFrame, str]:
    """The rows as a frame with plain floats for decimals, and the SQL that ran."""
    exact = {name: table[name].cast("float64") for name, type_ in table.schema().items() if type_.is_decimal()}
    found, sql = asker.release.run(table.mutate(**exact) if exact else table)
    return found.to_pandas(), sql


def figures(
    asker: Asker, metrics: Sequence[str], question: Mapping[str, Any], by: Sequence[str], grain: Grain | None = None
) -> tuple[pa.Table, Resolved]:
    """Figures that are computed with further: the cut, `bucket` where there is a grain, and the metrics as floats.

    Without totals, in the order of the cut; with a grain in no order. Null where a group has no row that bears on a metric.
    """
    asked = {key: part for key, part in question.items() if key != "compare"}
    resolved = asker.resolve(ask_for(list(metrics), by=list(by), grain=grain, **asked))
    table = asker.compiler.compile(resolved, limited=False).table
    keys = [*by, *([TIME] if grain else [])]
    table = table.select(
        *keys, **{name: asker.compiler.value(table, asker.catalogue.metrics[name], "main") for name in metrics}
    )
    found, _ = asker.release.run(table if grain else table.order_by(keys))
    return found, resolved


def placed(column: pa.ChunkedArray) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64]]:
    """The values of a column in their order, each once, and the place of each row's value; 0 where it has none."""
    named = column.combine_chunks().dictionary_encode()
    values = np.array(named.dictionary.to_pylist())
    order = np.argsort(values, kind="stable")
    place = np.empty(len(values), dtype=np.int64)
    place[order] = np.arange(len(values))
    return values[order], place[named.indices.fill_null(0).to_numpy()] if len(values) else np.zeros(
        len(column), np.int64
    )


def table_of(name: str, schema: Mapping[str, str]) -> ir.Table:
    """A canonical table of the release, by the columns that are needed."""
    return ibis.table(dict(schema), name=name)


def answer_of(
    asker: Asker,
    resolved: Resolved,
    frame: pd.DataFrame,
    titles: Titles,
    sentences: Sequence[dict[str, Any]],
    *,
    sources: tuple[str, ...] = ("returned_items",),
    queries: Sequence[str] = (),
    notes: Sequence[dict[str, str]] = (),
    types: Mapping[str, pa.DataType] | None = None,
    count: int | None = None,
    remarks: Sequence[str] = (),
) -> Answer:
    """An answer from a frame: one column for each title, in order. `remarks`: columns of words that need not be there."""
    currency = asker.release.currency
    units = {"money", "percent", "units", "count", "days", "ratio"}
    declared = types or {}

    def kind(name: str, unit: Unit | None) -> ColumnKind:
        if unit in units or name in remarks:
            return "plain"
        return "time" if declared.get(name) == pa.date32() else "dimension"

    columns = tuple(
        AnswerColumn(name, title, kind(name, unit), unit=unit, currency=currency if unit == "money" else None)
        for name, (title, unit) in titles.items()
    )
    arrays = [
        pa.array(
            frame[name].astype(object).where(frame[name].notna(), None),
            declared.get(name, pa.float64() if unit in units else pa.string()),
        )
        for name, (_, unit) in titles.items()
    ]
    table = pa.Table.from_arrays(arrays, names=list(titles))
    return dataclasses.replace(
        Answer(table, columns, currency),
        period=resolved.period,
        row_count=len(frame) if count is None else count,
        release=asker.release.number,
        as_of=asker.release.as_of,
        sources=sources,
        queries=tuple(queries),
        notes=list(notes),
        sentences=list(sentences),
    )
