"""The identity of rows that have no key of their own: what they say, and how often they said it before.

`line_id` is a hash of a row's content with the number of its occurrence in its file. So the same file loaded twice changes
nothing, lines that are truly there twice both stay, and a file cut at the borders of orders gives the same ids as the whole.
The content is what was read, not how it was written: CSV and Parquet of the same rows agree. Unknown values are not part of
it, so that an empty column more or less changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

import duckdb

from tillsight.connectors.files.raw import identifier, literal

_LENGTH = 20


def add_line_ids(connection: duckdb.DuckDBPyConnection, name: str, relation: str, columns: Iterable[str]) -> str:
    """Keep the relation as temporary table `name` and return SQL of it with `line_id`, made from some columns."""
    said = ", ".join(f"{literal(column + '=')} || CAST({identifier(column)} AS VARCHAR)" for column in columns)
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT *, left(md5(concat_ws(chr(31), {said})), {_LENGTH}) AS _content "
        f"FROM {relation}"
    )
    # Few rows say what another one said: only those are counted in order.
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {name}_again AS SELECT _part, _line, n FROM (SELECT _part, _line, row_number() OVER "
        f"(PARTITION BY _part, _content ORDER BY _line) AS n FROM {name} WHERE hash(_part, _content) IN (SELECT "
        f"hash(_part, _content) FROM {name} GROUP BY 1 HAVING count(*) > 1)) WHERE n > 1"
    )
    return (
        f"(SELECT l.* EXCLUDE (_content), l._content || '-' || CAST(coalesce(a.n, 1) AS VARCHAR) AS line_id FROM {name} l "
        f"LEFT JOIN {name}_again a ON a._part = l._part AND a._line = l._line)"
    )
