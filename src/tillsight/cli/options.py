"""Options that several commands share, each said once, and how the workspace is found."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from tillsight.shop import Shop

WorkspaceOption = Annotated[
    Path | None,
    typer.Option(
        "--workspace",
        "-w",
        metavar="DIR",
        help="The folder of the shop; else the environment variable TILLSIGHT_WORKSPACE, else the current folder.",
        show_default=False,
    ),
]

ListFormat = Literal["table", "json"]
AnswerFormat = Literal["table", "json", "csv", "parquet", "xlsx"]

ListFormatOption = Annotated[ListFormat, typer.Option("--format", help="How to print it.")]
AnswerFormatOption = Annotated[
    AnswerFormat | None,
    typer.Option(
        "--format", help="How to write the answer; a table, or what the ending of --output says.", show_default=False
    ),
]
OutputOption = Annotated[
    Path | None,
    typer.Option(
        "--output", "-o", metavar="FILE", help="Write to a file instead of standard output.", show_default=False
    ),
]

FromOption = Annotated[
    str | None, typer.Option("--from", metavar="DAY", help="First day, such as 2011-01-01.", show_default=False)
]
ToOption = Annotated[str | None, typer.Option("--to", metavar="DAY", help="Last day, inclusive.", show_default=False)]
PeriodOption = Annotated[
    str | None,
    typer.Option(
        "--period",
        metavar="NAME",
        help="A named period instead of days: last_30_days, this_month, …",
        show_default=False,
    ),
]
WhereOption = Annotated[
    list[str] | None,
    typer.Option(
        "--where",
        metavar="FILTER",
        help="Only some rows: 'country=France', 'channel!=web', 'country in (France, Spain)'; more than once: all hold.",
        show_default=False,
    ),
]
CompareOption = Annotated[
    str | None,
    typer.Option(
        "--compare",
        metavar="PERIOD",
        help="Beside it the previous period, last_year, or own days such as 2010-12-01..2010-12-31.",
        show_default=False,
    ),
]
AsOfOption = Annotated[
    str | None,
    typer.Option(
        "--as-of",
        metavar="MOMENT",
        help="Answer with what was known then: 2011-11-30 or 2011-11-30T12:00.",
        show_default=False,
    ),
]


def open_shop(context: typer.Context, folder: Path | None) -> Shop:
    """Open the workspace that is meant: the option after or before the command, the environment, the current folder.

    Raises SettingsError where the folder is no workspace. It is closed when the command ends.
    """
    import tillsight

    return context.with_resource(tillsight.open(folder or context.find_root().obj))
