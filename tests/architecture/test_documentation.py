"""The documentation is true: reference pages are up to date, links lead somewhere, commands that are shown exist."""

import importlib.util
import re
import shlex
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
WRITTEN = [file for file in DOCUMENTS if file.parent.name != "reference"]


@pytest.fixture(scope="module")
def reference() -> ModuleType:
    spec = importlib.util.spec_from_file_location("reference", ROOT / "tools" / "reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_reference_pages_are_as_the_declarations_say(reference: ModuleType) -> None:
    pages = reference.pages()
    assert {file.name for file in (ROOT / "docs" / "reference").glob("*.md")} >= set(pages)
    stale = [name for name, text in pages.items() if (ROOT / "docs" / "reference" / name).read_text("utf-8") != text]
    assert stale == [], "run make docs"


def test_every_command_and_option_has_words() -> None:
    import typer

    from tillsight.cli.app import app

    def walk(command: Any, name: str) -> list[str]:
        silent = [] if command.help else [name]
        silent += [f"{name} {param.name}" for param in command.params if not getattr(param, "help", None)]
        for part, below in getattr(command, "commands", {}).items():
            silent += walk(below, f"{name} {part}")
        return silent

    assert walk(typer.main.get_command(app), "tillsight") == []


def test_every_setting_has_words() -> None:
    from tillsight.core.settings import Settings
    from tillsight.core.workspace import section_of

    silent = []
    for name, field in Settings.model_fields.items():
        section = section_of(field)
        fields = {name: field} if section is None else section.model_fields
        silent += [f"{name}.{part}" for part, inner in fields.items() if not inner.description]
    assert silent == []


def test_every_link_leads_somewhere() -> None:
    broken = []
    for file in DOCUMENTS:
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", file.read_text("utf-8")):
            if "://" not in target and not (file.parent / target).exists():
                broken.append(f"{file.relative_to(ROOT)}: {target}")
    assert broken == []


def test_the_readme_leads_to_every_guide_and_reference_page() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    pages = [
        file.relative_to(ROOT).as_posix()
        for name in ("guide", "reference")
        for file in (ROOT / "docs" / name).glob("*.md")
    ]
    assert pages
    assert [page for page in pages if f"({page})" not in readme] == []


def test_every_decision_is_in_the_index() -> None:
    folder = ROOT / "docs" / "decisions"
    index = (folder / "README.md").read_text("utf-8")
    records = sorted(file.name for file in folder.glob("[0-9]*.md"))
    assert records
    assert [name for name in records if name not in index] == []
    numbers = [name[:4] for name in records]
    assert len(set(numbers)) == len(numbers)


def shown_commands() -> list[tuple[str, list[str]]]:
    found = []
    for file in WRITTEN:
        for block in re.findall(r"```sh\n(.*?)```", file.read_text("utf-8"), flags=re.DOTALL):
            for line in block.replace("\\\n", " ").splitlines():
                words = shlex.split(line.split(" > ")[0], comments=True)
                if words and Path(words[0]).name == "tillsight":
                    found.append((file.name, words[1:]))
    return found


def test_every_command_that_is_shown_can_be_called() -> None:
    import typer

    from tillsight.cli.app import app

    def idle(command: Any) -> None:
        command.callback = None
        for below in getattr(command, "commands", {}).values():
            idle(below)

    commands = typer.main.get_command(app)
    idle(commands)
    shown = shown_commands()
    assert len(shown) > 5
    for _, words in shown:
        commands.main(words, standalone_mode=False)  # raises where a command, an option or a value is unknown


def test_every_make_target_that_is_shown_exists() -> None:
    targets = set(re.findall(r"^([a-z0-9]+):", (ROOT / "Makefile").read_text("utf-8"), flags=re.MULTILINE))
    calls = re.compile(r"^make ([a-z0-9]+)|`make ([a-z0-9]+)", flags=re.MULTILINE)
    named = {first or second for file in WRITTEN for first, second in calls.findall(file.read_text("utf-8"))}
    assert named
    assert named - targets == set()


def test_settings_and_mappings_that_are_shown_can_be_read() -> None:
    from tillsight.connectors.files.mapping import parse_mapping
    from tillsight.core.settings import Settings

    shown = [
        (file.name, block)
        for file in WRITTEN
        for block in re.findall(r"```toml\n(.*?)```", file.read_text("utf-8"), flags=re.DOTALL)
    ]
    assert shown
    for name, block in shown:
        given = tomllib.loads(block)
        if set(given) <= set(Settings.model_fields) and "file" not in given:
            Settings(**given)  # raises where a setting does not exist or cannot be so
        else:
            parse_mapping(block, name)  # raises where a key, a column or an effect does not exist
