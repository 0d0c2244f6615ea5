"""The named SQL views of the current release: list them, read one, take their SQL to a DuckDB of one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tillsight.cli.options import ListFormatOption, WorkspaceOption, open_shop
from tillsight.cli.output import Heading, print_list
from tillsight.core.errors import NotFoundError

if TYPE_CHECKING:
    import pyarrow as pa


def views(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="A view: its rows.", show_default=False)] = None,
    sql: Annotated[bool, typer.Option("--sql", help="Print SQL instead, of all views as a script for DuckDB.")] = False,
    how: ListFormatOption = "table",
    folder: WorkspaceOption = None,
) -> None:
    """List the SQL views of the current release, or show one: the KPIs of segments.

    For example: tillsight views kpi_return_rate; tillsight views --sql > views.sql, then duckdb -init views.sql
    """
    from tillsight.domains.customers import kpi_views
    from tillsight.warehouse.engine import stored_tables

    shop = open_shop(context, folder)
    release = shop.releases.current()
    known = {view.name: view for view in kpi_views.views(shop.asker())}
    if name is not None and name not in known:
        raise NotFoundError(f"There is no view {name!r}; there are {', '.join(known)}.", view=name)
    if name is None and sql:
        for statement in kpi_views.script(known.values(), stored_tables(shop.path, release.manifest)):
            print(f"{statement};\n")
    elif name is None:
        headings = [Heading("name", "View"), Heading("title", "What it tells"), Heading("reads", "Made of")]
        rows = [{"name": view.name, "title": view.title, "reads": ", ".join(view.needs)} for view in known.values()]
        print_list(headings, rows, how)
    elif sql:
        print(known[name].sql)
    else:
        release.files.name_views({view.name: view.sql for view in known.values()})
        table = release.files.run_sql(f'SELECT * FROM "{name}"')
        headings = [Heading(field.name, field.name, number=not _is_text(field.type)) for field in table.schema]
        print_list(headings, table.to_pylist(), how)


def _is_text(kind: pa.DataType) -> bool:
    return str(kind) in ("string", "large_string", "date32[day]")
