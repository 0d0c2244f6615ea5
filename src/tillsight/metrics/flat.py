"""The sections of a report as one table, for a file: a row for each figure of each section.

Columns: section, item (what the figure is of: its dimensions, joined), figure (the title of its column), value (a number), text
(what is none).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tillsight.metrics.answer import Answer, AnswerColumn

COLUMNS = (
    AnswerColumn("section", "Section", "dimension"),
    AnswerColumn("item", "Item", "dimension"),
    AnswerColumn("figure", "Figure", "dimension"),
    AnswerColumn("value", "Value", "plain", unit="ratio"),
    AnswerColumn("text", "Text", "dimension"),
)
_TYPES = {
    "section": pa.string(),
    "item": pa.string(),
    "figure": pa.string(),
    "value": pa.float64(),
    "text": pa.string(),
}


def flat(sections: Iterable[tuple[str, Answer]]) -> pa.Table:
    """The table of `COLUMNS`, from sections by their names."""
    empty = pa.table({key: pa.array([], type_) for key, type_ in _TYPES.items()})
    return pa.concat_tables([empty, *(part for name, found in sections for part in _parts(name, found))])


def _parts(section: str, found: Answer) -> Iterator[pa.Table]:
    keys = [column for column in found.columns if column.kind in ("dimension", "time")]
    rest = [column for column in found.columns if column.kind not in ("dimension", "time")]
    texts = [pc.fill_null(_as_text(found.table[column.name]), "(not set)") for column in keys]
    items = pc.binary_join_element_wise(*texts, " · ") if texts else pa.array([""] * found.table.num_rows)
    for column in rest:
        values = found.table[column.name]
        numeric = column.unit is not None
        yield pa.table(
            {
                "section": pa.array([section] * found.table.num_rows, pa.string()),
                "item": items,
                "figure": pa.array([column.title] * found.table.num_rows, pa.string()),
                "value": values.cast(pa.float64()) if numeric else pa.nulls(found.table.num_rows, pa.float64()),
                "text": pa.nulls(found.table.num_rows, pa.string()) if numeric else _as_text(values),
            }
        )


def _as_text(values: Any) -> Any:
    return values.cast(pa.string())
