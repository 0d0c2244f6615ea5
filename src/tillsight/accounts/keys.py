"""The key that signs access tokens: made at the first start, readable by the owner of the workspace alone."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

from tillsight.core.errors import SettingsError

KEY_FILE = ".key"
KEY_VARIABLE = "TILLSIGHT_KEY"
_SHORTEST = 32


def signing_key(workspace: Path) -> str:
    """The key from the environment (TILLSIGHT_KEY), else from the workspace, made there if there is none.

    Raises SettingsError for a key that is too short, or a file that others on the machine may read.
    """
    if key := os.environ.get(KEY_VARIABLE):
        return _checked(key, KEY_VARIABLE)
    file = workspace / KEY_FILE
    if not file.exists():
        _make(file)
    if os.name == "posix" and stat.S_IMODE(file.stat().st_mode) & 0o077:
        raise SettingsError(
            f"{file} may be read by other users of this machine; delete it (a new one is made) or run chmod 600 on it.",
            file=str(file),
        )
    return _checked(file.read_text("ascii").strip(), str(file))


def _checked(key: str, place: str) -> str:
    if len(key) < _SHORTEST:
        raise SettingsError(f"The key in {place} is too short: it needs {_SHORTEST} characters or more.", field=place)
    return key


def _make(file: Path) -> None:
    """Write a new key whole, or leave the one that another process made in the meantime."""
    draft = file.with_name(f"{KEY_FILE}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as out:
        out.write(secrets.token_hex(32) + "\n")
        out.flush()
        os.fsync(out.fileno())
    try:
        os.link(draft, file)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
