"""Everything that is kept of a person, as one file to hand over: a ZIP of JSON and CSV by table, and an index to read."""

from __future__ import annotations

import html
import io
import zipfile
from collections.abc import Sequence
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.csv as pacsv

from tillsight.core.settings import Settings
from tillsight.database import now
from tillsight.database.types import to_json
from tillsight.privacy.persons import Person, hold, rows_of
from tillsight.tables.registry import TABLES
from tillsight.tables.schema import Table
from tillsight.warehouse.duck import quoted

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a}"
    "table{border-collapse:collapse;width:100%;margin:.5rem 0 2rem}"
    "th,td{text-align:left;padding:.35rem .6rem;border-bottom:1px solid #ddd;vertical-align:top}"
    "h2{margin-top:2rem}.muted{color:#666}"
)


def write(
    connection: duckdb.DuckDBPyConnection, person: Person, settings: Settings, choices: Sequence[dict[str, Any]]
) -> bytes:
    """The package. Rows are those of all loads, each once; moments are in UTC. The tables must be named."""
    hold(connection, [(one.kind, one.compared) for one in person.identifiers])
    out = io.BytesIO()
    made = now()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        shown: list[tuple[Table, pa.Table]] = []
        for name in person.tables:
            table = TABLES[name]
            rows = _rows(connection, table)
            shown.append((table, rows))
            archive.writestr(f"tables/{name}.json", _json(table, rows))
            archive.writestr(f"tables/{name}.csv", _csv(rows))
        about = {
            "made_at": made,
            "made_by": settings.name,
            **person.to_dict(),
            "choices": list(choices),
        }
        archive.writestr("person.json", to_json(about))
        archive.writestr("index.html", _index(person, settings, made.strftime("%d %B %Y, %H:%M UTC"), shown, choices))
    return out.getvalue()


def _rows(connection: duckdb.DuckDBPyConnection, table: Table) -> pa.Table:
    columns = ", ".join(quoted(name) for name in table.column_names)
    order = ", ".join(quoted(name) for name in ([table.time] if table.time else []) + list(table.key))
    return connection.execute(
        f"SELECT DISTINCT {columns} FROM {quoted(table.name)} WHERE {rows_of(table.name)} ORDER BY {order}"
    ).to_arrow_table()


def _json(table: Table, rows: pa.Table) -> str:
    return to_json(
        {
            "table": table.name,
            "title": table.title,
            "grain": table.grain,
            "columns": [
                {"name": column.name, "type": column.type, "unit": column.unit, "description": column.description}
                for column in table.columns
            ],
            "rows": rows.to_pylist(),
        }
    )


def _csv(rows: pa.Table) -> bytes:
    """Texts that a spreadsheet would take for a formula get an apostrophe in front (OWASP, CSV injection)."""
    safe = duckdb.from_arrow(rows)
    values = ", ".join(
        f"CASE WHEN regexp_matches({quoted(field.name)}, '^[=+\\-@\\t\\r\\n]') THEN '''' || {quoted(field.name)} "
        f"ELSE {quoted(field.name)} END AS {quoted(field.name)}"
        if pa.types.is_string(field.type)
        else quoted(field.name)
        for field in rows.schema
    )
    out = io.BytesIO()
    pacsv.write_csv(safe.project(values).to_arrow_table(), out)
    return out.getvalue()


def _index(
    person: Person,
    settings: Settings,
    made: str,
    shown: Sequence[tuple[Table, pa.Table]],
    choices: Sequence[dict[str, Any]],
) -> str:
    said = html.escape
    identifiers = "".join(
        f"<tr><th>{said(one.to_dict()['title'])}</th><td>{said(one.value)}</td></tr>" for one in person.identifiers
    )
    tables = "".join(
        f"<h2>{said(table.title)}</h2><p class=muted>{said(table.grain)} {rows.num_rows:,} "
        f"{'row' if rows.num_rows == 1 else 'rows'}: "
        f'<a href="tables/{table.name}.csv">CSV</a>, <a href="tables/{table.name}.json">JSON</a></p>'
        "<table><tr><th>Column</th><th>What it says</th></tr>"
        + "".join(
            f"<tr><td>{said(column.name)}</td><td>{said(column.description)}</td></tr>"
            for column in table.columns
            if rows.column(column.name).null_count < rows.num_rows
        )
        + "</table>"
        for table, rows in shown
    )
    decided = "".join(
        f"<tr><th>{said(choice['purpose'])}</th><td>{'allowed' if choice['granted'] else 'refused'}</td></tr>"
        for choice in choices
    )
    name = said(", ".join(person.names) or person.first.value)
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>What {said(settings.name)} keeps of {name}</title>"
        f"<style>{_STYLE}</style><h1>What {said(settings.name)} keeps of {name}</h1>"
        f"<p>Made on {made}. Every table is here twice: as CSV for a spreadsheet, and as JSON for another system. Times are "
        f"in UTC.</p><h2>Who this is</h2><table>{identifiers}</table>"
        + (f"<h2>Choices</h2><table>{decided}</table>" if decided else "")
        + tables
        + "</html>"
    )
