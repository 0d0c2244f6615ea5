"""Writes the reference pages from the declarations: `python tools/reference.py`, or `make docs`.

Command line, settings, metrics, tables and dashboards are described where they are declared; a test fails where a
page differs from what this program would write.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "reference"
NOTE = "<!-- Written by make docs. Change the declaration, not this page. -->"


def pages() -> dict[str, str]:
    """Every reference page: the name of its file, and its text."""
    from tillsight.domains.registry import catalogue
    from tillsight.metrics.reference import render as metrics
    from tillsight.tables.reference import render as tables

    return {
        "cli.md": command_line(),
        "settings.md": settings(),
        "metrics.md": metrics(catalogue()),
        "tables.md": tables(),
        "dashboards.md": dashboards(),
        "access.md": access(),
    }


def command_line() -> str:
    """The help of every command."""
    from typer.testing import CliRunner

    from tillsight.cli.app import app

    runner = CliRunner(env={"COLUMNS": "80", "LANG": "C.UTF-8"})

    def help_of(*names: str) -> str:
        return runner.invoke(app, [*names, "--help"], prog_name="tillsight").stdout.strip()

    parts = [
        "Data goes to standard output, everything else to standard error. Exit codes: 0 done, 1 failed, 2 a wrong "
        "question, 130 stopped by Ctrl-C. With `TILLSIGHT_TRACEBACK=1` in the environment, a failure that nobody "
        "expected shows where it came from.",
        _code(help_of()),
    ]
    for names in command_names():
        parts += [f"## tillsight {' '.join(names)}", _code(help_of(*names))]
    return _page("Command line", parts)


def command_names() -> list[tuple[str, ...]]:
    """Every command, as the words that call it."""
    import typer

    from tillsight.cli.app import app

    def below(command: Any, names: tuple[str, ...]) -> Iterable[tuple[str, ...]]:
        if names:
            yield names
        for name, part in getattr(command, "commands", {}).items():
            yield from below(part, (*names, name))

    return list(below(typer.main.get_command(app), ()))


def settings() -> str:
    """Every setting with its default, its name in the environment and its meaning."""
    from tillsight.core.settings import Settings
    from tillsight.core.workspace import choices_of, section_of

    def rows(fields: dict[str, Any], prefix: str) -> list[tuple[str, ...]]:
        found = []
        for name, field in fields.items():
            if section_of(field) is not None:
                continue
            choices = choices_of(field)
            meaning = f"{field.description or ''}{': ' if choices else ''}{', '.join(choices)}"
            default = "" if field.default is None else f"`{field.default}`"
            found.append((f"`{name}`", default, f"`TILLSIGHT_{(prefix + name).upper()}`", meaning))
        return found

    titles = ("setting", "default", "in the environment", "meaning")
    parts = [
        "The settings of a workspace stand in its `tillsight.toml`; the environment goes before the file. A wrong "
        "setting is an error that names it. `TILLSIGHT_WORKSPACE` names the workspace where `--workspace` does not.",
        _table(titles, rows(Settings.model_fields, "")),
    ]
    for name, field in Settings.model_fields.items():
        section = section_of(field)
        if section is not None:
            meaning = " ".join((section.__doc__ or "").split())
            parts += [f"## [{name}]", meaning, _table(titles, rows(section.model_fields, f"{name}__"))]
    return _page("Settings", parts)


def dashboards() -> str:
    """Every page with its purpose and its panels."""
    from tillsight.dashboards.declaration import load

    parts = ["A page is a YAML file in `src/tillsight/dashboards/declared`; its panels name metrics and analyses."]
    for dashboard in load().values():
        rows = [
            (panel.title, panel.kind, ", ".join(f"`{name}`" for sort, name in panel.names() if sort != "dimension"))
            for panel in dashboard.panels
        ]
        parts += [
            f"## {dashboard.title}",
            f"`{dashboard.name}` at `{dashboard.path}`. {dashboard.purpose}",
            _table(("panel", "kind", "shows"), rows),
        ]
    return _page("Dashboards", parts)


def access() -> str:
    """Every endpoint with the roles it is open to and the scope that a key needs, read from the routes."""
    from tillsight.api.access import Allow
    from tillsight.api.app import every_door

    roles = ("limited", "analyst", "manager", "admin")

    def row(method: str, path: str, rule: Any) -> tuple[str, ...]:
        if not isinstance(rule, Allow):
            return (f"`{method} {path}`", *["yes"] * len(roles), "open to all")
        bounded = rule.roles >= set(roles) and rule.keys and not rule.due
        words = ["bounded" if role == "limited" and bounded else "yes" for role in roles]
        allowed = [word if role in rule.roles else "–" for role, word in zip(roles, words, strict=True)]
        return (f"`{method} {path}`", *allowed, rule.level if rule.keys else "no key")

    parts = [
        "Who may call what, read from the rules of the routes; a route without a rule stops the server from being made. "
        "Tests call every endpoint as nobody, as each role and with a key of each scope. *Bounded*: within the modules and "
        "rows that were opened to the user. A key does no more than its user; one for single modules (`read:sales`) does "
        "what a Limited user may do. [Accounts](../guide/accounts.md) says what the roles mean.",
    ]
    groups: dict[str, list[tuple[str, ...]]] = {}
    for method, door in every_door():
        groups.setdefault(str(door.tags[0]) if door.tags else "description", []).append(
            row(method, door.path, door.rule)
        )
    for name, rows in groups.items():
        parts += [f"## {name.capitalize()}", _table(("endpoint", *roles, "key needs"), rows)]
    return _page("Access", parts)


def _page(title: str, parts: Sequence[str]) -> str:
    return "\n\n".join([f"# {title}", NOTE, *parts]) + "\n"


def _code(text: str) -> str:
    return f"```text\n{text}\n```"


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [titles, ["---"] * len(titles), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def guides() -> dict[str, str]:
    """Pages of the guide that are written from declarations, by their path from the reference."""
    from tillsight.reference_shop.guide import guide

    return {"../guide/reference-shop.md": guide()}


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in (pages() | guides()).items():
        (FOLDER / name).write_text(text, encoding="utf-8")
        print(f"wrote {FOLDER / name}", file=sys.stderr)
