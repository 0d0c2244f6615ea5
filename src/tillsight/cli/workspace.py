"""Starting: demo, init, serve, and the description of the API."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from tillsight.cli.options import WorkspaceOption, open_shop
from tillsight.cli.output import print_json, say
from tillsight.cli.progress import progress

if TYPE_CHECKING:
    from tillsight.shop import Shop

PortOption = Annotated[
    int | None,
    typer.Option(
        "--port", metavar="N", min=0, max=65535, help="Port to listen on; 0 takes a free one.", show_default=False
    ),
]
HostOption = Annotated[
    str | None,
    typer.Option("--host", metavar="ADDRESS", help="Address to listen on; loopback unless set.", show_default=False),
]


def init(
    folder: Annotated[
        Path, typer.Argument(metavar="NAME", help="The folder to make; its name is the name of the shop.")
    ],
    currency: Annotated[
        str, typer.Option("--currency", metavar="CODE", help="Reporting currency, such as EUR or GBP.")
    ],
    timezone: Annotated[
        str, typer.Option("--timezone", metavar="ZONE", help="The zone that a day belongs to, such as Europe/London.")
    ],
    encrypt: Annotated[
        bool,
        typer.Option("--encrypt", help="Encrypt landing, releases and backups; keep the master key elsewhere too."),
    ] = False,
) -> None:
    """Make a workspace: a folder with a settings file."""
    from tillsight.core.workspace import create_workspace

    encrypted = {"encrypt": True} if encrypt else {}
    made = create_workspace(folder, name=folder.resolve().name, currency=currency, timezone=timezone, **encrypted)
    if encrypt:
        from tillsight.vault import make_data_key

        make_data_key(made)
        say("Its files will be encrypted. Keep the master key in a safe place elsewhere: tillsight master-key show.")
    say(f"Made the workspace {made}. Next: cd {made}, then tillsight load FILE, tillsight build, tillsight serve.")


def serve(
    context: typer.Context,
    port: PortOption = None,
    host: HostOption = None,
    certificate: Annotated[
        Path | None,
        typer.Option(
            "--tls-cert", metavar="FILE", help="Speak TLS 1.3 with this certificate (PEM).", show_default=False
        ),
    ] = None,
    key: Annotated[
        Path | None, typer.Option("--tls-key", metavar="FILE", help="The key of the certificate.", show_default=False)
    ] = None,
    folder: WorkspaceOption = None,
) -> None:
    """Serve the page and the API until Ctrl-C.

    The first start makes an administrator and prints his password, this once.
    """
    _serve(open_shop(context, folder), host, port, None, certificate, key)


def _serve(
    shop: Shop,
    host: str | None,
    port: int | None,
    known: tuple[str, str] | None,
    certificate: Path | None = None,
    key: Path | None = None,
) -> None:
    """Serve, and print where. `known`: user and password to print where no user is made at this start."""
    from tillsight.api.server import serve as run_server

    def ready(address: str, new: tuple[str, str] | None) -> None:
        print(f"{shop.settings.name} is served at {address}")
        if signed := new or known:
            print(f"User      {signed[0]}\nPassword  {signed[1]}")
        print("Ctrl-C stops it.", flush=True)

    run_server(shop, host, port, on_ready=ready, certificate=certificate, key=key)


def password(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="USER", help="Who gets it.")] = "admin",
    folder: WorkspaceOption = None,
) -> None:
    """Give a user a new random password.

    It is printed, this once; his sessions end.
    """
    print(_new_password(open_shop(context, folder), name))


def _new_password(shop: Shop, name: str) -> str:
    from tillsight.accounts import set_password
    from tillsight.accounts.passwords import random_password

    made = random_password()
    set_password(shop.database, name, made)
    return made


def demo(
    context: typer.Context,
    folder: Annotated[Path, typer.Option("--workspace", "-w", metavar="DIR", help="Where to make the shop.")] = Path(
        "demo"
    ),
    port: PortOption = None,
    size: Annotated[Literal["small", "medium", "large"], typer.Option("--size", help="How big a shop.")] = "medium",
    serve_it: Annotated[bool, typer.Option("--serve/--no-serve", help="Serve it when it is made.")] = True,
) -> None:
    """Make the reference shop, build a release and serve it.

    The shop is invented, the same on every machine, and has something of everything. Where it is there already, it is
    served as it is; built again where another version built it.
    """
    from tillsight.accounts import ADMINISTRATOR, ensure_administrator
    from tillsight.core.errors import NoReleaseError, OutdatedReleaseError
    from tillsight.core.settings import SETTINGS_FILE
    from tillsight.core.workspace import create_workspace
    from tillsight.reference_shop.truths import CURRENCY, SHOP, SHOP_NAME, TIMEZONE

    if not (folder / SETTINGS_FILE).exists():
        create_workspace(folder, name=SHOP_NAME, shop_id=SHOP, currency=CURRENCY, timezone=TIMEZONE)
    shop = open_shop(context, folder)
    try:
        shop.releases.current()
    except OutdatedReleaseError:
        with progress() as report:
            shop.build(progress=report)
    except NoReleaseError:
        _make_reference_shop(shop, size)
    if serve_it:
        ensure_administrator(shop.database)
        # Nobody remembers the password of a demo, and nothing in it is secret.
        _serve(shop, None, port, (ADMINISTRATOR, _new_password(shop, ADMINISTRATOR)))


def _make_reference_shop(shop: Shop, size: str) -> None:
    """Generate, load and build. What a call that was stopped half way left behind is made again."""
    from tillsight.reference_shop import generate

    files = shop.path / ".reference"
    shutil.rmtree(files, ignore_errors=True)
    try:
        with progress() as report:
            generate(files, size, progress=report)
            shop.load(files, progress=report)
            release = shop.build(progress=report)
    finally:
        shutil.rmtree(files, ignore_errors=True)
    say(f"Made the reference shop ({size}) in {shop.path}: release {release.number}.")


def openapi() -> None:
    """Print the description of the API (OpenAPI)."""
    from tillsight.api.app import openapi_document

    print_json(openapi_document())
