"""A workspace is one folder: how a new one is made.

The settings file of a new workspace holds every setting: the given ones as they were given, the others as comments with
their meaning and default, so that the file is its own manual.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import pydantic
import tomlkit
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from tillsight.core.errors import ConflictError, SettingsError
from tillsight.core.settings import SETTINGS_FILE, Settings


def create_workspace(folder: Path, **given: Any) -> Path:
    """Make a workspace with the given top-level settings (name, currency, timezone, …) and return its folder.

    Raises SettingsError for a wrong value, ConflictError where a workspace or another file is in the way.
    """
    try:
        Settings(**given)
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        name, reason = ".".join(str(part) for part in first["loc"]), first["msg"].removeprefix("Value error, ")
        raise SettingsError(
            f"{name} cannot be {first['input']!r}: {reason}.", field=name, value=str(first["input"])
        ) from None
    file = folder / SETTINGS_FILE
    if file.exists():
        raise ConflictError(f"{folder} is a workspace already; choose another folder.", folder=str(folder))
    if folder.exists() and not folder.is_dir():
        raise ConflictError(f"{folder} is a file, not a folder; choose another name.", folder=str(folder))
    folder.mkdir(parents=True, exist_ok=True)
    file.write_text(settings_text(given), encoding="utf-8")
    return folder


def settings_text(given: dict[str, Any]) -> str:
    """The text of a settings file: every setting with its meaning, the given ones set."""
    document = tomlkit.document()
    document.add(tomlkit.comment("The settings of this workspace. A line that starts with # shows a default."))
    document.add(tomlkit.comment("The environment goes before this file: TILLSIGHT_CURRENCY, TILLSIGHT_SERVE__PORT, …"))
    sections: dict[str, type[BaseModel]] = {}
    for name, field in Settings.model_fields.items():
        section = section_of(field)
        if section is not None:
            sections[name] = section
            continue
        document.add(tomlkit.nl())
        _describe(document, field)
        if name in given:
            document.add(name, given[name])
        else:
            document.add(tomlkit.comment(f"{name} = {_toml(field.default)}"))
    for name, section in sections.items():
        document.add(tomlkit.nl())
        table = tomlkit.table()
        for part, field in section.model_fields.items():
            _describe(table, field)
            table.add(tomlkit.comment(f"{part} = {_toml(field.default)}"))
        document.add(name, table)
    return tomlkit.dumps(document)


def section_of(field: FieldInfo) -> type[BaseModel] | None:
    """The model of a setting that is a section of settings; None for a plain one."""
    kind = field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def choices_of(field: FieldInfo) -> tuple[str, ...]:
    """The words that a setting may have; empty where it is not a choice."""
    return tuple(str(value) for value in get_args(field.annotation) if isinstance(value, str))


def _describe(place: Any, field: FieldInfo) -> None:
    text = f"{(field.description or '')[:1].upper()}{(field.description or '')[1:]}"
    choices = choices_of(field)
    if choices:
        text = f"{text}{': ' if text else ''}{', '.join(choices)}"
    if text:
        place.add(tomlkit.comment(f"{text}."))


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        pairs = ", ".join(f"{name} = {_toml(part)}" for name, part in value.items())
        return f"{{ {pairs} }}" if pairs else "{}"
    if isinstance(value, Decimal):
        return f"{value:f}"
    return '""' if value is None else tomlkit.item(value).as_string()
