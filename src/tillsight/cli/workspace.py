"""Starting: demo, init, serve, and the description of the API."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from tillsight.cli.options import WorkspaceOption, open_shop
from tillsight.cli.output import print_json, say

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
) -> None:
    """Make a workspace: a folder with a settings file."""
    from tillsight.core.workspace import create_workspace

    made = create_workspace(folder, name=folder.resolve().name, currency=currency, timezone=timezone)
    say(f"Made the workspace {made}. Next: cd {made}, then tillsight load FILE, tillsight build, tillsight serve.")


def serve(
    context: typer.Context, port: PortOption = None, host: HostOption = None, folder: WorkspaceOption = None
) -> None:
    """Serve the page and the API until Ctrl-C."""


def demo(
    folder: Annotated[Path, typer.Option("--workspace", "-w", metavar="DIR", help="Where to make the shop.")] = Path(
        "demo"
    ),
    port: PortOption = None,
    size: Annotated[Literal["small", "medium", "large"], typer.Option("--size", help="How big a shop.")] = "medium",
    serve_it: Annotated[bool, typer.Option("--serve/--no-serve", help="Serve the page when the shop is made.")] = True,
) -> None:
    """Make the reference shop, build a release and serve it.

    The shop is invented, the same on every machine, and has something of everything. Where it is there already, it is served
    as it is.
    """


def openapi() -> None:
    """Print the description of the API (OpenAPI)."""
