"""Privacy at the command line: find a person, see what is kept, hand it over, anonymise, erase; choices; retention."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from tillsight.cli.options import ListFormatOption, WorkspaceOption, open_shop
from tillsight.cli.output import Heading, print_json, print_list, print_pairs, say
from tillsight.cli.progress import progress

if TYPE_CHECKING:
    from tillsight.database import ErasureMode
    from tillsight.privacy import Person
    from tillsight.shop import Shop

privacy_app = typer.Typer(help="Find, hand over and erase what is kept of a person; retention.", no_args_is_help=True)

KindName = Literal["customer", "group", "email", "phone", "member", "order", "return", "visitor", "session"]
PurposeName = Literal["email", "sms", "phone", "mail", "push", "profiling", "tracking", "sale"]

IdentifierArgument = Annotated[
    str,
    typer.Argument(metavar="IDENTIFIER", help="Customer's number, e-mail, telephone, loyalty member, order, …"),
]
KindOption = Annotated[
    KindName | None, typer.Option("--kind", help="What the identifier is; all are tried.", show_default=False)
]
ShopOption = Annotated[
    str | None,
    typer.Option("--shop", metavar="ID", help="Whose number it is, where several shops give them.", show_default=False),
]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask before it is done.")]
_WHO = "system"


@privacy_app.command("find")
def find(
    context: typer.Context,
    identifier: IdentifierArgument,
    kind: KindOption = None,
    shop_id: ShopOption = None,
    how: ListFormatOption = "table",
    folder: WorkspaceOption = None,
) -> None:
    """Print everybody with this identifier: who it is, and how many rows are theirs."""
    found = open_shop(context, folder).desk.find(identifier, _WHO, kind, shop_id)
    if how == "json":
        print_json([person.to_dict() for person in found])
        return
    if not found:
        say("Nobody with this identifier is found.")
    for person in found:
        _print(person)


@privacy_app.command("preview")
def preview(
    context: typer.Context,
    identifier: IdentifierArgument,
    kind: KindOption = None,
    shop_id: ShopOption = None,
    folder: WorkspaceOption = None,
) -> None:
    """Print what of a person is kept where, as JSON: tables, loads, keys of the audit log."""
    shop = open_shop(context, folder)
    print_json(shop.desk.preview(_one(shop, identifier, kind, shop_id).first))


@privacy_app.command("export")
def export(
    context: typer.Context,
    identifier: IdentifierArgument,
    file: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The ZIP to write.")],
    kind: KindOption = None,
    shop_id: ShopOption = None,
    folder: WorkspaceOption = None,
) -> None:
    """Write everything that is kept of a person into a ZIP: JSON and CSV by table, and an index to read."""
    shop = open_shop(context, folder)
    file.write_bytes(shop.desk.export(_one(shop, identifier, kind, shop_id).first, _WHO))
    say(f"Written to {file}.")


@privacy_app.command("anonymise")
def anonymise(
    context: typer.Context,
    identifier: IdentifierArgument,
    kind: KindOption = None,
    shop_id: ShopOption = None,
    yes: YesOption = False,
    folder: WorkspaceOption = None,
) -> None:
    """Take away for good who a person is; the numbers of customer and orders stay."""
    _erase(open_shop(context, folder), identifier, kind, shop_id, "anonymise", yes=yes)


@privacy_app.command("erase")
def erase(
    context: typer.Context,
    identifier: IdentifierArgument,
    kind: KindOption = None,
    shop_id: ShopOption = None,
    yes: YesOption = False,
    folder: WorkspaceOption = None,
) -> None:
    """Erase a person for good: totals stay, the person does not come back with a file or a backup."""
    _erase(open_shop(context, folder), identifier, kind, shop_id, "erase", yes=yes)


@privacy_app.command("consents")
def consents(
    context: typer.Context,
    identifier: IdentifierArgument,
    kind: KindOption = None,
    shop_id: ShopOption = None,
    how: ListFormatOption = "table",
    folder: WorkspaceOption = None,
) -> None:
    """Print what a person allows and refuses, use by use."""
    shop = open_shop(context, folder)
    _print_consents(shop.desk.consents(_one(shop, identifier, kind, shop_id).first), how)


@privacy_app.command("choose")
def choose(
    context: typer.Context,
    identifier: IdentifierArgument,
    purpose: Annotated[PurposeName, typer.Argument(help="The use of the data.")],
    allowed: Annotated[bool, typer.Option("--allow/--refuse", help="What the person chose.")],
    kind: KindOption = None,
    shop_id: ShopOption = None,
    how: ListFormatOption = "table",
    folder: WorkspaceOption = None,
) -> None:
    """Write down what a person chose, such as the opt-out of sale and sharing: choose C-17 sale --refuse."""
    shop = open_shop(context, folder)
    first = _one(shop, identifier, kind, shop_id).first
    _print_consents(shop.desk.choose(first, purpose, allowed, _WHO), how)


@privacy_app.command("erasures")
def erasures(context: typer.Context, how: ListFormatOption = "table", folder: WorkspaceOption = None) -> None:
    """Print what was erased and anonymised: counts alone, nobody is named."""
    rows = [
        {
            "id": one.id,
            "mode": one.mode,
            "state": one.state,
            "at": one.created_at,
            "by": one.created_by,
            "rows": sum(one.report.get("found", {}).values()),
            "report": one.report,
        }
        for one in open_shop(context, folder).desk.erasures(limit=1000)
    ]
    headings = (
        Heading("id", "Erasure"),
        Heading("mode", "Kind"),
        Heading("state", "State"),
        Heading("at", "Begun (UTC)"),
        Heading("by", "By"),
        Heading("rows", "Rows", number=True),
    )
    print_list(headings, rows, how)


@privacy_app.command("retention")
def retention(
    context: typer.Context,
    apply: Annotated[bool, typer.Option("--apply", help="Remove it; else only say what would go.")] = False,
    yes: YesOption = False,
    how: ListFormatOption = "table",
    folder: WorkspaceOption = None,
) -> None:
    """Say what the rules of retention (settings, retention) would remove, or remove it with --apply and build."""
    shop = open_shop(context, folder)
    found = shop.would_remove()
    if (
        apply
        and found.any
        and (yes or typer.confirm(f"Remove {sum(found.tables.values()):,} rows for good?", err=True))
    ):
        with progress() as report:
            found = shop.retain(progress=report)
        say("Removed.")
    if how == "json":
        print_json(found.to_dict())
        return
    headings = (
        Heading("title", "Table"),
        Heading("kept_from", "Kept from"),
        Heading("rows", "Rows", number=True),
    )
    print_list(headings, found.to_dict()["tables"], how)
    print_pairs({"Rows as they came": found.raw or None, "Rejects": found.rejects or None, "Jobs": found.jobs or None})


def _one(shop: Shop, identifier: str, kind: KindName | None, shop_id: str | None) -> Person:
    """The person who is meant. Raises NotFoundError, and QuestionError where several have the identifier."""
    from tillsight.core.errors import NotFoundError, QuestionError

    found = shop.desk.find(identifier, _WHO, kind, shop_id)
    if not found:
        raise NotFoundError("Nobody with this identifier is found.", field="identifier")
    if len(found) > 1:
        numbers = ", ".join(person.first.value for person in found)
        raise QuestionError(f"Several have this identifier; choose one: {numbers}.", field="identifier")
    return found[0]


def _erase(
    shop: Shop, identifier: str, kind: KindName | None, shop_id: str | None, mode: ErasureMode, *, yes: bool
) -> None:
    person = _one(shop, identifier, kind, shop_id)
    first = person.first.value
    if not yes:
        _print(person)
    typed = first if yes else typer.prompt(f"This cannot be undone. To confirm, type {first}", err=True)
    erasure = shop.desk.erase(person.first, mode, typed, _WHO)
    with progress() as report:
        shop.build(progress=report)
    done = shop.desk.get_erasure(erasure.id)
    rows = sum(done.report["found"].values())
    say(f"{'Erased' if mode == 'erase' else 'Anonymised'}: {rows:,} rows of {len(done.report['found'])} tables.")


def _print(person: Person) -> None:
    kinds: dict[str, list[str]] = {}
    for one in person.identifiers:
        kinds.setdefault(one.to_dict()["title"], []).append(one.value)
    shown = {title: ", ".join(values[:8]) + (" …" if len(values) > 8 else "") for title, values in kinds.items()}
    shared = ", ".join(f"{one.to_dict()['title'].lower()} {one.value}" for one in person.shared)
    print_pairs({"Name": ", ".join(person.names) or None, **shown, "Shared with others": shared or None})
    headings = (Heading("title", "Table"), Heading("rows", "Rows", number=True))
    print_list(headings, person.to_dict()["tables"], "table")


def _print_consents(rows: list[dict[str, Any]], how: Literal["table", "json"]) -> None:
    headings = (
        Heading("title", "Use"),
        Heading("granted", "Allowed"),
        Heading("since", "Since"),
        Heading("source", "Said by"),
    )
    print_list(headings, rows, how)
