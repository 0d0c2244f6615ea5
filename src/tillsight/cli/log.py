"""The audit log at the command line: list, export, verify."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tillsight.cli.options import ListFormatOption, WorkspaceOption, open_shop
from tillsight.cli.output import Heading, print_list, say

if TYPE_CHECKING:
    from tillsight.audit import Entry, Wanted
    from tillsight.shop import Shop

audit_app = typer.Typer(help="The audit log: who did what, and the proof that it is whole.", no_args_is_help=True)

UserOption = Annotated[
    str | None, typer.Option("--user", metavar="NAME", help="What this user did.", show_default=False)
]
ActionOption = Annotated[
    str | None,
    typer.Option("--action", metavar="NAME", help="An action, or all of a thing: user, load.", show_default=False),
]
SubjectOption = Annotated[
    str | None, typer.Option("--subject", metavar="TEXT", help="Part of what it was done to.", show_default=False)
]
PersonOption = Annotated[
    str | None,
    typer.Option(
        "--person",
        metavar="IDENTIFIER",
        help="What was done with a customer's data: any identifier.",
        show_default=False,
    ),
]
SinceOption = Annotated[
    str | None, typer.Option("--from", metavar="MOMENT", help="Since a day or a moment.", show_default=False)
]
UntilOption = Annotated[
    str | None, typer.Option("--to", metavar="MOMENT", help="Before a moment; a day is included.", show_default=False)
]


@audit_app.command("list")
def list_entries(
    context: typer.Context,
    user: UserOption = None,
    action: ActionOption = None,
    subject: SubjectOption = None,
    person: PersonOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="The newest so many; --format json prints all.")] = 50,
    how: ListFormatOption = "table",
    folder: WorkspaceOption = None,
) -> None:
    """Print entries, the newest first; all that match with --format json."""
    from tillsight import audit

    shop = open_shop(context, folder)
    wanted = _wanted(shop, user, action, subject, person, since, until)
    if how == "json":
        print_list((), [_row(entry) for entry in audit.every_entry(shop.database, wanted)], how)
        return
    found, total = audit.entries(shop.database, wanted, limit=limit)
    rows = [_row(entry) | {"what": _what(entry)} for entry in found]
    headings = (
        Heading("number", "Number", number=True),
        Heading("at", "When (UTC)"),
        Heading("who", "Who"),
        Heading("action", "What"),
        Heading("subject", "To what"),
        Heading("address", "From"),
        Heading("what", "Before and after"),
    )
    print_list(headings, rows, how)
    if total > len(found):
        say(f"{total - len(found):,} older entries are not shown: --limit {total}.")


@audit_app.command("verify")
def verify(
    context: typer.Context,
    noted: Annotated[
        str | None,
        typer.Option(
            "--noted",
            metavar="NUMBER:HASH",
            help="An entry that was written down elsewhere, as this command prints it.",
            show_default=False,
        ),
    ] = None,
    folder: WorkspaceOption = None,
) -> None:
    """Check every entry of the log, and print the last one to be noted elsewhere.

    Finds what was changed, taken out, moved or put in, and a tail that was cut off. Whoever can put back database and files as
    they were before is found by --noted alone.
    """
    from tillsight import audit
    from tillsight.core.errors import QuestionError

    number, _, last = (noted or "").partition(":")
    if noted and not (number.isdigit() and last):
        raise QuestionError("--noted takes a number and a hash: 120:9f86….", field="noted", value=noted)
    verdict = audit.verify(open_shop(context, folder).database, (int(number), last) if noted else None)
    for fault in verdict.faults[:50]:
        say(fault.text)
    if not verdict.sound:
        raise audit.AuditError(
            f"The audit log is not whole: {len(verdict.faults)} faults among {verdict.entries:,} entries.",
            faults=len(verdict.faults),
        )
    say(f"All {verdict.entries:,} entries are as they were written.")
    print(f"{verdict.number}:{verdict.hash}")


def _wanted(
    shop: Shop,
    user: str | None,
    action: str | None,
    subject: str | None,
    person: str | None,
    since: str | None,
    until: str | None,
) -> Wanted:
    from tillsight.audit import Wanted

    start = _moment(shop, since, end=False) if since else None
    return Wanted(user, action, subject, None, person, start, _moment(shop, until, end=True) if until else None)


def _moment(shop: Shop, text: str, *, end: bool) -> datetime:
    """A moment; a day is its start in the shop's zone, or its end."""
    return shop.moment(text if end or len(text) != 10 else f"{text}T00:00")


def _row(entry: Entry) -> dict[str, Any]:
    return {
        "number": entry.number,
        "at": entry.at,
        "who": entry.who,
        "action": entry.action,
        "subject": entry.subject,
        "address": entry.address,
        "before": entry.before,
        "after": entry.after,
        "erased": entry.erased,
        "hash": entry.hash,
    }


def _what(entry: Entry) -> str:
    if entry.erased:
        return "(the person is erased)"
    said = [json.dumps(value, default=str) for value in (entry.before, entry.after) if value is not None]
    text = " → ".join(said)
    return text if len(text) <= 80 else f"{text[:79]}…"
