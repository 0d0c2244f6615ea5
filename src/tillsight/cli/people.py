"""Who may come in: users, links to choose a password, sessions, and keys of programs."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from tillsight.cli.options import ListFormatOption, WorkspaceOption, open_shop
from tillsight.cli.output import Heading, print_list, say

if TYPE_CHECKING:
    from tillsight.accounts import Access, Known, Link
    from tillsight.shop import Shop

RoleName = Literal["admin", "manager", "analyst", "limited"]

user_app = typer.Typer(help="Who may sign in, and what each may do and see.", no_args_is_help=True)
key_app = typer.Typer(help="Keys of programs that use the API.", no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(metavar="USER", help="The name that he signs in with.")]
RoleOption = Annotated[RoleName | None, typer.Option("--role", help="What he may do.", show_default=False)]
ModuleOption = Annotated[
    list[str] | None,
    typer.Option(
        "--module", metavar="NAME", help="A module that a limited user sees; more than once.", show_default=False
    ),
]
OnlyOption = Annotated[
    list[str] | None,
    typer.Option(
        "--only",
        metavar="FILTER",
        help="Rows that a limited user sees: 'channel=web', 'country=France'; more than once: values add up.",
        show_default=False,
    ),
]
AllRowsOption = Annotated[bool, typer.Option("--all-rows", help="A limited user sees every row of his modules.")]
PersonsOption = Annotated[
    Literal["shown", "masked", "role"] | None,
    typer.Option(
        "--persons", help="Names and addresses of persons; role is what is usual for his role.", show_default=False
    ),
]
MailOption = Annotated[
    str | None, typer.Option("--email", metavar="ADDRESS", help="His e-mail address.", show_default=False)
]

ByMailOption = Annotated[
    bool, typer.Option("--by-mail", help="Send the link to his e-mail address instead of printing it.")
]


@user_app.command("list")
def list_users(context: typer.Context, how: ListFormatOption = "table", folder: WorkspaceOption = None) -> None:
    """Print everybody."""
    from tillsight.accounts import users_of
    from tillsight.accounts.users import described

    rows = [
        {
            **described(user),
            "factor": user.factor_at is not None,
            "invited": user.password_hash is None and user.oidc_subject is None,
            "seen": user.last_sign_in_at,
            "only": [f"{name}={value}" for name, values in user.rows.items() for value in values],
        }
        for user in users_of(open_shop(context, folder).database)
    ]
    headings = (
        Heading("name", "User"),
        Heading("role", "Role"),
        Heading("active", "Active"),
        Heading("invited", "Invited"),
        Heading("factor", "Second factor"),
        Heading("seen", "Signed in"),
        Heading("modules", "Modules"),
        Heading("only", "Rows"),
    )
    print_list(headings, rows, how)


@user_app.command("invite")
def invite_user(
    context: typer.Context,
    name: NameArgument,
    role: Annotated[RoleName, typer.Option("--role", help="What he may do.")] = "analyst",
    module: ModuleOption = None,
    only: OnlyOption = None,
    persons: PersonsOption = None,
    email: MailOption = None,
    by_mail: ByMailOption = False,
    folder: WorkspaceOption = None,
) -> None:
    """Add somebody, and print the link by which he chooses his password.

    The link is printed this once; whoever has it can use it.
    """
    from tillsight.accounts import SYSTEM, invite
    from tillsight.core.errors import QuestionError

    shop = open_shop(context, folder)
    if by_mail and not (email or "").strip():
        raise QuestionError("--by-mail needs --email ADDRESS.", field="email")
    hours = shop.settings.accounts.invitation_hours
    access = _access(role, module, only, False, persons, None, email)
    made = invite(shop.database, name, access, hours, SYSTEM, _known(shop))
    if by_mail:
        _mail_link(shop, made.user.id)
    else:
        _print_link(shop, made)


@user_app.command("set")
def set_user(
    context: typer.Context,
    name: NameArgument,
    role: RoleOption = None,
    module: ModuleOption = None,
    only: OnlyOption = None,
    all_rows: AllRowsOption = False,
    persons: PersonsOption = None,
    active: Annotated[
        bool | None,
        typer.Option("--on/--off", help="Whether he may come in; off ends his sessions.", show_default=False),
    ] = None,
    email: MailOption = None,
    folder: WorkspaceOption = None,
) -> None:
    """Change what a user may do and see; what is not given stays as it is."""
    from tillsight.accounts import SYSTEM, change_user, get_user

    shop = open_shop(context, folder)
    access = _access(role, module, only, all_rows, persons, active, email)
    user = change_user(shop.database, get_user(shop.database, name).id, access, SYSTEM, _known(shop))
    say(f"{user.name} is {user.role} now{'' if user.active else ', and may not come in'}.")


@user_app.command("remove")
def remove(context: typer.Context, name: NameArgument, folder: WorkspaceOption = None) -> None:
    """Remove a user with his sessions and keys."""
    from tillsight.accounts import SYSTEM, get_user, remove_user

    shop = open_shop(context, folder)
    user = get_user(shop.database, name)
    remove_user(shop.database, user.id, SYSTEM)
    say(f"{user.name} was removed.")


@user_app.command("link")
def link(
    context: typer.Context, name: NameArgument, by_mail: ByMailOption = False, folder: WorkspaceOption = None
) -> None:
    """Print a link by which a user chooses another password, or his first.

    Links of before are not good any more.
    """
    from tillsight.accounts import SYSTEM, get_user, reset_link

    shop = open_shop(context, folder)
    user = get_user(shop.database, name)
    if by_mail:
        _mail_link(shop, user.id)
        return
    settings = shop.settings.accounts
    hours = settings.reset_hours if user.password_hash else settings.invitation_hours
    _print_link(shop, reset_link(shop.database, user.id, hours, SYSTEM))


@user_app.command("sign-out")
def sign_out(context: typer.Context, name: NameArgument, folder: WorkspaceOption = None) -> None:
    """End all sessions of a user."""
    from tillsight.accounts import SYSTEM, Sessions, get_user
    from tillsight.vault import Keys

    shop = open_shop(context, folder)
    user = get_user(shop.database, name)
    ended = Sessions(shop.database, Keys.open(shop.path), shop.settings).end(user.id, SYSTEM)
    say(f"{ended} session{'' if ended == 1 else 's'} of {user.name} ended.")


@user_app.command("drop-factor")
def drop_factor(context: typer.Context, name: NameArgument, folder: WorkspaceOption = None) -> None:
    """Take the second factor of a user away, who has lost it."""
    from tillsight.accounts import SYSTEM, get_user, remove_factor

    shop = open_shop(context, folder)
    user = get_user(shop.database, name)
    remove_factor(shop.database, user.id, SYSTEM)
    say(f"{user.name} signs in without a second factor.")


@key_app.command("list")
def list_keys(context: typer.Context, how: ListFormatOption = "table", folder: WorkspaceOption = None) -> None:
    """Print the keys of everybody."""
    from tillsight.accounts import keys_of

    rows = [
        {
            "prefix": key.prefix,
            "name": key.name,
            "user": user,
            "scopes": list(key.scopes),
            "created_at": key.created_at,
            "expires_at": key.expires_at,
            "last_used_at": key.last_used_at,
        }
        for key, user in keys_of(open_shop(context, folder).database)
    ]
    headings = (
        Heading("prefix", "Key"),
        Heading("name", "Name"),
        Heading("user", "User"),
        Heading("scopes", "Scopes"),
        Heading("created_at", "Made"),
        Heading("expires_at", "Good until"),
        Heading("last_used_at", "Last used"),
    )
    print_list(headings, rows, how)


@key_app.command("make")
def make_key(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the key is for.")],
    user: Annotated[str, typer.Option("--user", metavar="USER", help="The user that it acts as.")],
    scope: Annotated[
        list[str] | None,
        typer.Option(
            "--scope",
            metavar="SCOPE",
            help="read, write or admin; or read:MODULE, more than once. read by default.",
            show_default=False,
        ),
    ] = None,
    days: Annotated[int, typer.Option("--days", metavar="N", min=0, help="How long it is good; 0 has no end.")] = 90,
    folder: WorkspaceOption = None,
) -> None:
    """Make a key and print it, this once."""
    from tillsight.accounts import SYSTEM, create_key, get_user

    shop = open_shop(context, folder)
    owner = get_user(shop.database, user)
    _, text = create_key(shop.database, owner.id, name, scope or ["read"], _known(shop).modules, days or None, SYSTEM)
    print(text)


@key_app.command("end")
def end(
    context: typer.Context,
    key: Annotated[str, typer.Argument(metavar="KEY", help="Its visible beginning, such as ts_1a2b3c4d.")],
    folder: WorkspaceOption = None,
) -> None:
    """End a key at once."""
    from tillsight.accounts import SYSTEM, end_key

    end_key(open_shop(context, folder).database, key, SYSTEM)
    say(f"{key} was ended.")


def _known(shop: Shop) -> Known:
    from tillsight.accounts import Known
    from tillsight.metrics.permission import bound
    from tillsight.shop import DOMAINS

    return Known(tuple(DOMAINS), partial(bound, shop.catalogue))


def _access(
    role: RoleName | None,
    modules: list[str] | None,
    only: list[str] | None,
    all_rows: bool,
    persons: Literal["shown", "masked", "role"] | None,
    active: bool | None,
    email: str | None,
) -> Access:
    from tillsight.accounts import Access
    from tillsight.core.errors import QuestionError

    rows: dict[str, list[str]] | None = {} if all_rows else None
    for pair in only or []:
        name, sign, value = pair.partition("=")
        if not sign or not name.strip() or not value.strip():
            raise QuestionError(
                f"--only takes a dimension and a value such as channel=web, not {pair!r}.", field="only"
            )
        rows = rows or {}
        rows.setdefault(name.strip(), []).append(value.strip())
    masked = {None: None, "role": "role", "shown": False, "masked": True}[persons]
    return Access(role, modules, rows, masked, active, email)


def _mail_link(shop: Shop, user_id: int) -> None:
    from tillsight.accounts import SYSTEM, mail_link

    made = mail_link(shop.path, shop.settings, shop.database, user_id, SYSTEM)
    say(f"The link for {made.user.name} is on its way to {made.user.email}.")


def _print_link(shop: Shop, link: Link) -> None:
    print(f"{shop.settings.address}/welcome#{link.token}")
    say(f"Good until {link.expires_at.astimezone(shop.settings.zone):%d %b %Y %H:%M}, once, for {link.user.name}.")
