"""Goals at the command line: how they stand, set one, change it, take it away, put it back, its history."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from tillsight.cli.answers import write_answer
from tillsight.cli.options import AnswerFormatOption, ListFormatOption, WorkspaceOption, open_shop
from tillsight.cli.output import Heading, print_list, say
from tillsight.core.errors import QuestionError

goals_app = typer.Typer(help="Goals: what is to be reached, how it stands, and every change.", no_args_is_help=True)

OWNER = "system"
"""Who changes goals at the command line: the owner of the workspace."""

GoalArgument = Annotated[
    int, typer.Argument(metavar="NUMBER", help="The number of the goal; see tillsight goals list.")
]
MetricArgument = Annotated[str, typer.Argument(metavar="METRIC", help="A metric that sums over days, such as revenue.")]
AmountArgument = Annotated[str, typer.Argument(metavar="AMOUNT", help="The target, such as 25000.")]
EachOption = Annotated[
    Literal["day", "week", "month"], typer.Option("--each", help="Of which step the amount is the target.")
]
CutOption = Annotated[
    list[str] | None,
    typer.Option(
        "--where",
        metavar="FILTER",
        help="Only some rows: 'country=France'; more than once: all hold.",
        show_default=False,
    ),
]
TitleOption = Annotated[
    str | None, typer.Option("--title", metavar="TEXT", help="What it is called.", show_default=False)
]
StartsOption = Annotated[
    str | None, typer.Option("--starts", metavar="DAY", help="A day of its first step.", show_default=False)
]
EndsOption = Annotated[
    str | None, typer.Option("--ends", metavar="DAY", help="A day of its last step.", show_default=False)
]
OtherOption = Annotated[
    list[str] | None,
    typer.Option(
        "--other",
        metavar="DAY=AMOUNT",
        help="Another target for the step of a day; more than once.",
        show_default=False,
    ),
]


@goals_app.command("list")
def list_goals(context: typer.Context, how: ListFormatOption = "table", folder: WorkspaceOption = None) -> None:
    """Print every goal as it was set."""
    rows = [
        {"id": goal.id, **goal.plain(), "changed_by": goal.changed_by}
        for goal in open_shop(context, folder).goals.all()
    ]
    headings = (
        Heading("id", "Number", number=True),
        Heading("title", "Goal"),
        Heading("metric", "Metric"),
        Heading("grain", "For each"),
        Heading("amount", "Target", number=True),
        Heading("starts", "From"),
        Heading("ends", "To"),
        Heading("changed_by", "Changed by"),
    )
    print_list(headings, rows, how)


@goals_app.command("progress")
def progress(context: typer.Context, how: AnswerFormatOption = None, folder: WorkspaceOption = None) -> None:
    """Say how every goal stands: reached, expected by now, forecast to its end."""
    write_answer(open_shop(context, folder).analyse("goals.progress"), how or "table", None)


@goals_app.command("set")
def set_goal(
    context: typer.Context,
    metric: MetricArgument,
    amount: AmountArgument,
    grain: EachOption = "month",
    where: CutOption = None,
    title: TitleOption = None,
    starts: StartsOption = None,
    ends: EndsOption = None,
    other: OtherOption = None,
    folder: WorkspaceOption = None,
) -> None:
    """Set a goal.

    For example: tillsight goals set revenue 25000 --each month --where country=France --other 2026-12-01=40000
    """
    from tillsight import audit
    from tillsight.database.goals import add_goal
    from tillsight.domains.goals.terms import read

    shop = open_shop(context, folder)
    said: dict[str, Any] = {
        "metric": metric, "amount": amount, "grain": grain, "where": where or [], "title": title, "starts": starts,
        "ends": ends, "amounts": _others(other),
    }  # fmt: skip
    terms = read(said, shop.asker())
    with shop.database.write() as session:
        goal = add_goal(session, terms, OWNER)
        audit.record(session, who=OWNER, action="goal.created", subject=f"goal:{goal.id}", after=goal.plain())
        number, name = goal.id, goal.title
    say(f"Goal {number} is set: {name}.")


@goals_app.command("change")
def change(
    context: typer.Context,
    number: GoalArgument,
    amount: Annotated[
        str | None, typer.Option("--amount", metavar="AMOUNT", help="The target from now on.", show_default=False)
    ] = None,
    title: TitleOption = None,
    starts: StartsOption = None,
    ends: EndsOption = None,
    other: OtherOption = None,
    folder: WorkspaceOption = None,
) -> None:
    """Change what a goal says; what is not named stays."""
    from tillsight import audit
    from tillsight.database.goals import change_goal
    from tillsight.domains.goals.terms import read

    shop = open_shop(context, folder)
    goal = shop.goals.get(number)
    said = goal.plain()
    named = {"amount": amount, "title": title, "starts": starts, "ends": ends}
    said |= {name: value for name, value in named.items() if value is not None}
    said["amounts"] = {**said["amounts"], **_others(other)}
    terms = read(said, shop.asker())
    with shop.database.write() as session:
        changed, before = change_goal(session, number, terms, OWNER, goal.version)
        audit.record(
            session, who=OWNER, action="goal.changed", subject=f"goal:{number}", before=before, after=changed.plain()
        )
    say(f"Goal {number} is changed.")


@goals_app.command("remove")
def remove(context: typer.Context, number: GoalArgument, folder: WorkspaceOption = None) -> None:
    """Take a goal away; `tillsight goals restore` puts it back."""
    from tillsight import audit
    from tillsight.database.goals import remove_goal

    shop = open_shop(context, folder)
    version = shop.goals.get(number).version
    with shop.database.write() as session:
        gone = remove_goal(session, number, OWNER, version)
        audit.record(session, who=OWNER, action="goal.removed", subject=f"goal:{number}", before=gone.plain())
    say(f"Goal {number} is removed; tillsight goals restore {number} puts it back.")


@goals_app.command("restore")
def restore(context: typer.Context, number: GoalArgument, folder: WorkspaceOption = None) -> None:
    """Put a goal back that was removed."""
    from tillsight import audit
    from tillsight.database.goals import restore_goal

    shop = open_shop(context, folder)
    with shop.database.write() as session:
        back = restore_goal(session, number, OWNER)
        audit.record(session, who=OWNER, action="goal.restored", subject=f"goal:{number}", after=back.plain())
    say(f"Goal {number} is back.")


@goals_app.command("history")
def history(
    context: typer.Context, number: GoalArgument, how: AnswerFormatOption = None, folder: WorkspaceOption = None
) -> None:
    """Print the steps of a goal that are over, and whether each was reached."""
    write_answer(open_shop(context, folder).analyse("goals.history", goal=number), how or "table", None)


@goals_app.command("changes")
def changes(
    context: typer.Context, number: GoalArgument, how: ListFormatOption = "table", folder: WorkspaceOption = None
) -> None:
    """Print every change of a goal, the newest first."""
    rows = [
        {
            "at": f"{change.at:%Y-%m-%d %H:%M}",
            "who": change.who,
            "action": change.action,
            "amount": (change.after or {}).get("amount"),
            "before": (change.before or {}).get("amount"),
        }
        for change in open_shop(context, folder).goals.changes(number)
    ]
    headings = (
        Heading("at", "When (UTC)"),
        Heading("who", "Who"),
        Heading("action", "What"),
        Heading("before", "Target before", number=True),
        Heading("amount", "Target", number=True),
    )
    print_list(headings, rows, how)


def _others(texts: list[str] | None) -> dict[str, str]:
    """`2026-12-01=40000`, read."""
    found: dict[str, str] = {}
    for text in texts or ():
        day, sign, amount = text.partition("=")
        if not sign:
            raise QuestionError(f"Write --other as DAY=AMOUNT, not {text!r}.", field="other", value=text)
        found[day.strip()] = amount.strip()
    return found
