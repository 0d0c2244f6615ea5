"""The commands by name, and the options that come before a command."""

from __future__ import annotations

from typing import Annotated

import typer

from tillsight.cli import data, goals, log, people, persons, questions, returns, safety, views, workspace
from tillsight.cli.options import WorkspaceOption

app = typer.Typer(
    name="tillsight",
    help="Numbers about a shop that explain themselves: load its files, build a release, ask.",
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # the help of Rich takes half a second to start, plain help a fifth
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        import tillsight

        print(f"tillsight {tillsight.__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context,
    folder: WorkspaceOption = None,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and stop.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Remember the workspace; without a command, print the help."""
    context.obj = folder
    if context.invoked_subcommand is None:
        print(context.get_help())


app.command("demo")(workspace.demo)
app.command("init")(workspace.init)
app.command("serve")(workspace.serve)
app.command("password")(workspace.password)
app.add_typer(people.user_app, name="user")
app.add_typer(people.key_app, name="key")

app.command("load")(data.load)
app.command("build")(data.build)
app.command("check")(data.check)
app.command("loads")(data.loads)
app.command("rejects")(data.rejects)
app.command("releases")(data.releases)
app.command("status")(data.status)
app.command("tables")(data.tables)
app.command("views")(views.views)

app.command("query")(questions.query)
app.command("explain")(questions.explain)
app.command("analyse", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(questions.analyse)
app.add_typer(questions.metrics_app, name="metrics")
app.command("openapi")(workspace.openapi)

app.add_typer(goals.goals_app, name="goals")
app.add_typer(returns.returns_app, name="returns")

app.add_typer(log.audit_app, name="audit")
app.add_typer(persons.privacy_app, name="privacy")

app.command("backup")(safety.backup)
app.command("backups")(safety.backups)
app.command("restore")(safety.restore)
app.command("drill")(safety.drill)
app.command("encrypt")(safety.encrypt)
app.add_typer(safety.secret_app, name="secret")
app.add_typer(safety.key_app, name="master-key")
