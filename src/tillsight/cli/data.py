"""Bringing data in, and looking at what there is: load, build, check, loads, rejects, releases, tables."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from tillsight.cli.options import ListFormatOption, WorkspaceOption, open_shop
from tillsight.cli.output import Heading, print_list, print_table, say
from tillsight.cli.progress import progress
from tillsight.core.errors import QuestionError


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
            help="The rows of an earlier file go; may be given more than once.",
            show_default=False,
        ),
    ] = None,
    replaces_from: Annotated[
        str | None,
        typer.Option("--replaces-from", metavar="DAY", help="The rows of these days go.", show_default=False),
    ] = None,
    replaces_to: Annotated[
        str | None, typer.Option("--replaces-to", metavar="DAY", help="The last of these days.", show_default=False)
    ] = None,
    table: Annotated[
        str | None, typer.Option("--table", metavar="NAME", help="The table of which rows go.", show_default=False)
    ] = None,
    build_after: Annotated[bool, typer.Option("--build", help="Build a release afterwards.")] = False,
    folder: WorkspaceOption = None,
) -> None:
    """Load files or folders: all or nothing.

    Rows that cannot be read are kept as rejects, with their reason. The numbers change with the next build.
    """


def build(context: typer.Context, folder: WorkspaceOption = None) -> None:
    """Build a release from what was loaded, and publish it."""


def check(context: typer.Context, how: ListFormatOption = "table", folder: WorkspaceOption = None) -> None:
    """Print the checks of the current release.

    The exit code is 1 if one failed.
    """


def loads(context: typer.Context, how: ListFormatOption = "table", folder: WorkspaceOption = None) -> None:
    """List what was loaded, the newest first."""


def rejects(
    context: typer.Context,
    load_id: Annotated[str, typer.Argument(metavar="LOAD", help="A load by id; see tillsight loads.")],
    how: ListFormatOption = "table",
    folder: WorkspaceOption = None,
) -> None:
    """List the rows of a load that could not be read.

    Each has its file, line, column, value and reason.
    """


def releases(context: typer.Context, how: ListFormatOption = "table", folder: WorkspaceOption = None) -> None:
    """List the releases that are kept, the newest first."""


def tables(context: typer.Context, how: ListFormatOption = "table", folder: WorkspaceOption = None) -> None:
    """List the tables that a shop can fill, with their rows."""
