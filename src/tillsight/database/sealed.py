"""Columns of the operational database that may tell of a customer in words: sealed where the workspace is encrypted.

Whoever reads or writes through the models sees plain values. What lies in the database is a text that only the data key opens,
bound to its column. The keys are of a later room, which says here how it seals (`seal_with`); a connection knows its workspace.
A value from before the workspace was encrypted is read as it is.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import simplejson
from sqlalchemy import JSON, Engine, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from tillsight.database.types import to_json

_WORKSPACE = "tillsight_workspace"


class Sealing(Protocol):
    """How values are sealed. Both return the text as it is where the workspace is not encrypted."""

    def seal(self, workspace: Path, text: str, context: str) -> str:
        """The text as it is kept."""

    def open(self, workspace: Path, text: str, context: str) -> str:
        """The text again. Raises VaultError where it was changed, or its key is not there."""


_used: list[Sealing] = []


def seal_with(sealing: Sealing) -> None:
    """Seal values in this way from now on."""
    _used[:] = [sealing]


def of_workspace(engine: Engine, workspace: Path) -> None:
    """Say whose keys open what a connection of this engine reads, and seal what it writes."""
    setattr(engine.dialect, _WORKSPACE, workspace)


def _sealed(dialect: Dialect, text: str, context: str) -> str:
    workspace = getattr(dialect, _WORKSPACE, None)
    return _used[0].seal(workspace, text, context) if _used and workspace is not None else text


def _opened(dialect: Dialect, text: str, context: str) -> str:
    workspace = getattr(dialect, _WORKSPACE, None)
    return _used[0].open(workspace, text, context) if _used and workspace is not None else text


class SealedText(TypeDecorator[str]):
    """A text. `context`: table and column, which what is kept is bound to."""

    impl = Text
    cache_ok = True

    def __init__(self, context: str) -> None:
        super().__init__()
        self.context = context

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Sealed where the workspace is encrypted."""
        return None if value is None else _sealed(dialect, value, self.context)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        """Plain again."""
        return None if value is None else _opened(dialect, value, self.context)


class SealedJson(TypeDecorator[dict[str, Any]]):
    """A value of JSON, with exact numbers; sealed it is a text of JSON. Unknown is NULL. `context`: as of a text."""

    impl = JSON(none_as_null=True)
    cache_ok = True

    def __init__(self, context: str) -> None:
        super().__init__()
        self.context = context

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """Sealed where the workspace is encrypted."""
        if value is None:
            return None
        text = to_json(value)
        sealed = _sealed(dialect, text, self.context)
        return value if sealed == text else sealed

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """Plain again."""
        if not isinstance(value, str):
            return value
        opened = _opened(dialect, value, self.context)
        return value if opened == value else simplejson.loads(opened)
