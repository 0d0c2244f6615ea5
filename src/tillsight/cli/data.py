"""Bringing data in, and looking at what there is: load, build, check, loads, rejects, releases, tables."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from tillsight.cli.answers import binary_output
from tillsight.cli.options import ListFormatOption, WorkspaceOption, open_shop
from tillsight.cli.output import Heading, print_json, print_list, print_pairs, print_table, say
from tillsight.cli.progress import progress
from tillsight.core.errors import QuestionError

if TYPE_CHECKING:
    from tillsight.database.models import Release
    from tillsight.pipeline.landing import LoadReport
    from tillsight.shop import Shop


def load(
    context: typer.Context,
    paths: Annotated[list[Path], typer.Argument(metavar="PATH…", help="Files or folders; also .gz and .zip.")],
    mapping: Annotated[
        Path | None,
        typer.Option("--mapping", metavar="FILE", help="How columns become tables: a TOML file.", show_default=False),
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(
            "--preset",
            metavar="NAME",
            help="A mapping that comes with Tillsight; else it is found.",
            show_default=False,
        ),
    ] = None,
    source: Annotated[str, typer.Option("--source", metavar="NAME", help="Whose rows these are.")] = "files",
    as_of: Annotated[
        str | None,
        typer.Option("--as-of", metavar="MOMENT", help="When this was known; else now.", show_default=False),
    ] = None,
    replaces: Annotated[
        list[str] | None,
        typer.Option(
            "--replaces",
            metavar="FILE",
            help="The rows of an earlier file go; more than once: each.",
            show_default=False,
        ),
    ] = None,
    replaces_from: Annotated[
        str | None,
        typer.Option(
            "--replaces-from", metavar="DAY", help="The rows of a span of days go: the first.", show_default=False
        ),
    ] = None,
    replaces_to: Annotated[
        str | None, typer.Option("--replaces-to", metavar="DAY", help="The last of these days.", show_default=False)
    ] = None,
    table: Annotated[
        str | None,
        typer.Option("--table", metavar="NAME", help="The table that rows are replaced in.", show_default=False),
    ] = None,
    build_after: Annotated[bool, typer.Option("--build", help="Build a release afterwards.")] = False,
    folder: WorkspaceOption = None,
) -> None:
    """Load files or folders: all or nothing.

    Rows that cannot be read are kept as rejects, with their reason. The numbers change with the next build.
    """
    scopes = _scopes(replaces or [], replaces_from, replaces_to, table)
    shop = open_shop(context, folder)
    with progress() as report:
        loaded = shop.load(
            paths,
            mapping=mapping,
            preset=preset,
            source=source,
            as_of=as_of,
            replaces=scopes,
            progress=report,
        )
    _print_load(loaded)
    if build_after:
        _build(shop)
    else:
        say("Next: tillsight build.")


def _print_load(report: LoadReport) -> None:
    """What was read, by file; what the rows of sales are, with their money; the rows of every table; what was left."""
    files = [(file["name"], file["rows_read"], file["rows_rejected"]) for file in report.files]
    print_table(
        ("File", "Rows", "Rejects"),
        [(name, f"{read:,}", f"{rejected:,}") for name, read, rejected in files],
        (False, True, True),
        ("Total", f"{report.rows_read:,}", f"{report.rows_rejected:,}"),
    )
    classes = [
        (part["class"], part["rows"], Decimal(str(part["money"])))
        for part in report.classes
        if part["money"] is not None
    ]
    if classes:
        print()
        places = max(2, *(-int(money.as_tuple().exponent) for _, _, money in classes))
        print_table(
            ("Rows are", "Rows", "Money"),
            [(name, f"{rows:,}", f"{money:,.{places}f}") for name, rows, money in classes],
            (False, True, True),
            ("Total", f"{sum(part[1] for part in classes):,}", f"{sum(part[2] for part in classes):,.{places}f}"),
        )
    print()
    tables = [(name, f"{part['rows']:,}") for name, part in report.tables.items()]
    print_table(("Table", "Rows"), tables, (False, True))
    seconds = max(report.seconds, 0.001)
    say(
        f"Load {report.load_id}: {report.rows_read:,} rows in {seconds:.1f} s "
        f"({report.rows_read / seconds:,.0f} rows per second)."
    )
    for file in report.files:
        if file["columns_unmapped"]:
            say(f"Not used in {file['name']}: {', '.join(file['columns_unmapped'])}.")
    for note in report.notes:
        say(note)
    if report.rows_rejected:
        say(
            f"Rows that could not be read: {report.rows_rejected:,}. See them with tillsight rejects {report.load_id}.",
            style="yellow",
        )


def _scopes(files: list[str], start: str | None, end: str | None, table: str | None) -> list[dict[str, Any]]:
    """What the new rows stand for: earlier files, or a span of days of one table."""
    if not start and not end:
        if table and not files:
            raise QuestionError(
                "--table says where rows are replaced: add --replaces, or --replaces-from and --replaces-to."
            )
        return [{"file": file, **({"table": table} if table else {})} for file in files]
    if files:
        raise QuestionError("Replace a file or a span of days, not both.", field="replaces")
    if not (start and end and table):
        raise QuestionError(
            "A span of days to replace needs --replaces-from, --replaces-to and --table.", field="replaces"
        )
    return [{"table": table, "from": start, "to": end}]


def build(context: typer.Context, folder: WorkspaceOption = None) -> None:
    """Build a release from what was loaded, and publish it."""
    _build(open_shop(context, folder))


def _build(shop: Shop) -> None:
    with progress() as report:
        release = shop.build(progress=report)
    states = [check["state"] for check in release.checks]
    say(
        f"Release {release.number}: data from {release.manifest['data_from']} to {release.manifest['data_to']}; "
        f"checks: {states.count('passed')} passed, {states.count('warned')} warned, {states.count('failed')} failed."
    )


def check(context: typer.Context, how: ListFormatOption = "table", folder: WorkspaceOption = None) -> None:
    """Print the checks of the current release.

    The exit code is 1 if one failed.
    """
    release = open_shop(context, folder).releases.current()
    print_list(
        (Heading("state", "State"), Heading("title", "Check"), Heading("text", "Result")), release.record.checks, how
    )
    if any(result["state"] == "failed" for result in release.record.checks):
        raise typer.Exit(1)


def loads(context: typer.Context, how: ListFormatOption = "table", folder: WorkspaceOption = None) -> None:
    """List what was loaded, the newest first."""
    shop = open_shop(context, folder)
    rows = [
        {
            "id": item.id,
            "source": item.source,
            "known_at": _local(shop, item.known_at),
            "rows_read": item.rows_read,
            "rows_rejected": item.rows_rejected,
            "tables": {name: part["rows"] for name, part in item.manifest["tables"].items()},
            "files": [file["name"] for file in item.manifest["files"]],
        }
        for item in shop.loads()
    ]
    headings = (
        Heading("id", "Load"),
        Heading("source", "Source"),
        Heading("known_at", "Known at"),
        Heading("rows_read", "Rows", number=True),
        Heading("rows_rejected", "Rejects", number=True),
        Heading("files", "Files"),
    )
    print_list(headings, rows, how)


def rejects(
    context: typer.Context,
    load_id: Annotated[str, typer.Argument(metavar="LOAD", help="A load by id; see tillsight loads.")],
    how: Annotated[Literal["table", "json", "csv"], typer.Option("--format", help="How to print it.")] = "table",
    folder: WorkspaceOption = None,
) -> None:
    """List the rows of a load that could not be read.

    Each has its file, line, column, value and reason.
    """
    table = open_shop(context, folder).rejects(load_id)
    columns = ("file", "line", "table", "column", "value", "reason")
    if how == "csv":
        from tillsight.exports import write
        from tillsight.metrics.answer import AnswerColumn

        with binary_output() as out:
            write(table, [AnswerColumn(name, name, "plain") for name in table.column_names], "csv", out)
        return
    headings = [Heading(name, name.capitalize(), number=name == "line") for name in columns]
    print_list(headings, table.to_pylist(), how)


def status(context: typer.Context, how: ListFormatOption = "table", folder: WorkspaceOption = None) -> None:
    """Print what a shop holds, and which engine answers."""
    shop = open_shop(context, folder)
    found = shop.status()
    manifest = found.release.manifest if found.release else {}
    pairs = {
        "shop": found.name,
        "workspace": str(shop.path),
        "engine": found.engine,
        "loads": found.loads,
        "release": found.release.number if found.release else None,
        "published_at": _local(shop, found.release.published_at) if found.release else None,
        "data_from": manifest.get("data_from"),
        "data_to": manifest.get("data_to"),
        "rows": sum(found.rows.values()) or None,
    }
    if how == "json":
        print_json(pairs)
    else:
        print_pairs({name.replace("_", " ").capitalize(): value for name, value in pairs.items()})


def releases(context: typer.Context, how: ListFormatOption = "table", folder: WorkspaceOption = None) -> None:
    """List the releases that are kept, the newest first."""
    shop = open_shop(context, folder)
    current = shop.releases.current_number()
    headings = (
        Heading("number", "Release", number=True),
        Heading("current", "Current"),
        Heading("published_at", "Published"),
        Heading("known_to", "Known to"),
        Heading("as_of", "As of"),
        Heading("data_from", "Data from"),
        Heading("data_to", "Data to"),
        Heading("failed", "Failed checks", number=True),
    )
    print_list(headings, [_release(shop, item, current) for item in shop.releases.published()], how)


def _release(shop: Shop, release: Release, current: int | None) -> dict[str, Any]:
    states = [result["state"] for result in release.checks]
    return {
        "number": release.number,
        "current": release.number == current,
        "published_at": _local(shop, release.published_at),
        "known_to": _local(shop, release.known_to),
        "as_of": _local(shop, release.as_of),
        "data_from": release.manifest["data_from"],
        "data_to": release.manifest["data_to"],
        "passed": states.count("passed"),
        "warned": states.count("warned"),
        "failed": states.count("failed"),
    }


def tables(context: typer.Context, how: ListFormatOption = "table", folder: WorkspaceOption = None) -> None:
    """List the tables that a shop can fill, with their rows."""
    from tillsight.tables.registry import TABLES

    rows = open_shop(context, folder).status().rows
    headings = (
        Heading("name", "Table"),
        Heading("rows", "Rows", number=True),
        Heading("domain", "Domain"),
        Heading("grain", "One row for"),
    )
    print_list(
        headings,
        [
            {
                "name": table.name,
                "title": table.title,
                "domain": table.domain,
                "rows": rows.get(table.name, 0),
                "grain": table.grain,
            }
            for table in TABLES.values()
        ],
        how,
    )


def _local(shop: Shop, moment: datetime | None) -> datetime | None:
    """A moment in the shop's zone, as people there read their clocks."""
    return moment.astimezone(shop.settings.zone) if moment else None
