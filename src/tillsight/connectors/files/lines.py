"""The identity of rows that have no key of their own: what they say, and how often they said it before.

`line_id` is a hash of a row's content with the number of its occurrence in its file. So the same file loaded twice changes
nothing, lines that are truly there twice both stay, and a file cut at the borders of orders gives the same ids as the whole.
The content is what was read, not how it was written: CSV and Parquet of the same rows agree. Unknown values are not part of
it, so that an empty column more or less changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

from tillsight.connectors.files.raw import identifier, literal

_LENGTH = 20


def with_line_ids(relation: str, columns: Iterable[str]) -> str:
    """SQL of the relation with `line_id` made from the content of some columns."""
    said = ", ".join(f"{literal(name + '=')} || CAST({identifier(name)} AS VARCHAR)" for name in columns)
    content = f"left(md5(concat_ws(chr(31), {said})), {_LENGTH})"
    return (
        "SELECT * EXCLUDE (_content), _content || '-' || CAST(row_number() OVER (PARTITION BY _part, _content "
        f"ORDER BY _line) AS VARCHAR) AS line_id FROM (SELECT *, {content} AS _content FROM {relation})"
    )
