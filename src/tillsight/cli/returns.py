"""The return desk at the command line: the board, the list, one return, its steps."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from tillsight.cli.options import ListFormatOption, WorkspaceOption, open_shop
from tillsight.cli.output import Heading, print_json, print_list, print_pairs, say

returns_app = typer.Typer(help="The return desk: what waits, one return, its steps.", no_args_is_help=True)

ReturnArgument = Annotated[str, typer.Argument(metavar="RETURN", help="The number of the return.")]


@returns_app.command("board")
def board(context: typer.Context, how: ListFormatOption = "table", folder: WorkspaceOption = None) -> None:
    """Print how many open returns are at each step, and how many of them too long."""
    found = open_shop(context, folder).returns.board(cards=1)
    headings = (
        Heading("title", "Step"),
        Heading("count", "Returns", number=True),
        Heading("overdue", "Late", number=True),
        Heading("oldest_hours", "Oldest (hours)", number=True),
        Heading("target_hours", "Target (hours)", number=True),
    )
    print_list(headings, found["steps"], how)
    say(f"{found['open']} open, {found['overdue']} late, {found['conflicts']} to settle with the source.")


@returns_app.command("list")
def list_returns(
    context: typer.Context,
    search: Annotated[
        str, typer.Option("--search", metavar="TEXT", help="Part of a number, parcel or product.", show_default=False)
    ] = "",
    step: Annotated[
        list[str] | None,
        typer.Option("--step", metavar="STEP", help="Only at this step; more than once adds.", show_default=False),
    ] = None,
    late: Annotated[bool, typer.Option("--late", help="Only those beyond their target.")] = False,
    conflict: Annotated[bool, typer.Option("--conflict", help="Only those to settle with the source.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, max=500, help="So many at most.")] = 50,
    how: ListFormatOption = "table",
    folder: WorkspaceOption = None,
) -> None:
    """Print returns, the newest first."""
    from tillsight.returns_desk import Wanted, read_step

    wanted = Wanted(search, tuple(read_step(one) for one in step or ()), overdue=late, conflict=conflict)
    rows, total = open_shop(context, folder).returns.page(wanted, 1, limit)
    headings = (
        Heading("return_id", "Return"),
        Heading("order_id", "Order"),
        Heading("step_title", "Step"),
        Heading("outcome_title", "Outcome"),
        Heading("age_hours", "Age (hours)", number=True),
        Heading("units", "Units", number=True),
        Heading("products", "Products"),
    )
    print_list(headings, rows, how)
    if total > len(rows):
        say(f"{len(rows)} of {total:,}; --limit shows more.")


@returns_app.command("show")
def show(
    context: typer.Context, return_id: ReturnArgument, how: ListFormatOption = "table", folder: WorkspaceOption = None
) -> None:
    """Print one return with its products and its history."""
    found = open_shop(context, folder).return_desk.get(return_id)
    if how == "json":
        print_json(found)
        return
    _print(found)
    print_list(
        (
            Heading("product_id", "Product"),
            Heading("quantity", "Units", number=True),
            Heading("reason", "Reason"),
            Heading("disposition", "Disposition"),
            Heading("refund_amount", "Given back", number=True),
        ),
        found["items"],
        "table",
    )
    print_list((Heading("at", "When"), Heading("who", "Who"), Heading("action", "What")), found["history"], "table")


@returns_app.command("step")
def step(
    context: typer.Context,
    return_id: ReturnArgument,
    to: Annotated[str, typer.Argument(metavar="STEP", help="The step to take, such as received.")],
    note: Annotated[
        str | None, typer.Option("--note", metavar="TEXT", help="Why; a rejection needs it.", show_default=False)
    ] = None,
    folder: WorkspaceOption = None,
) -> None:
    """Take a step with a return. Inspection, refund and exchange have details: take them on the page or over the API."""
    from tillsight.accounts.roles import SYSTEM

    desk = open_shop(context, folder).return_desk
    _print(desk.move(return_id, desk.get(return_id)["version"], to, SYSTEM, note=note))


def _print(found: dict[str, Any]) -> None:
    print_pairs(
        {
            "Return": found["return_id"],
            "Order": found["order_id"],
            "Step": found["step_title"],
            "Wanted": found["outcome_title"],
            "Label": found["label_number"],
            "Given back": found["refund_total"],
            "Next": ", ".join(one["step"] for one in found["actions"]),
            "Differs from the source": "yes" if found["conflict"] else None,
        }
    )
