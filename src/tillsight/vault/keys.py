"""The master keys of a workspace: which secrets everything else is derived from, and where they come from.

One text of 32 characters or more is one key. The newest comes first and is used from now on; the ones after it are kept
so that what they encrypted can still be read. They come from the environment (TILLSIGHT_KEY, several parted by commas),
else from the file that TILLSIGHT_KEY_FILE names, else from `.key` in the workspace, which is made at the first start. A
key file has one key a line and belongs to its owner alone (mode 0600).

No key is used as it is: every purpose gets its own, derived with HKDF-SHA256 (RFC 5869), so that one that leaks opens
nothing else. The id of a key is derived too, and is no secret.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tillsight.core.errors import ConflictError, SettingsError, TillsightError

KEY_FILE = ".key"
KEY_VARIABLE = "TILLSIGHT_KEY"
KEY_FILE_VARIABLE = "TILLSIGHT_KEY_FILE"
_SHORTEST = 32


class VaultError(TillsightError):
    """Something encrypted cannot be read: its key is not there, or it was changed. The message carries no secret."""

    code: ClassVar[str] = "KEY_ERROR"
    status: ClassVar[int] = 503


@dataclass(frozen=True)
class Keys:
    """The master keys of a workspace, the newest first. `place`: where they came from, for messages."""

    texts: tuple[str, ...] = field(repr=False)
    place: str
    file: Path | None = None
    """The key file; None where the keys came from the environment."""

    @classmethod
    def open(cls, workspace: Path) -> Keys:
        """The keys from the environment, else from the key file; one is made in the workspace if there is none.

        Raises SettingsError for a key that is too short, a file that is missing, or one that others may read.
        """
        if text := os.environ.get(KEY_VARIABLE):
            return cls(_checked(re.split(r"[,\s]+", text.strip()), KEY_VARIABLE), KEY_VARIABLE)
        if named := os.environ.get(KEY_FILE_VARIABLE):
            file = Path(named).expanduser()
            if not file.is_file():
                raise SettingsError(f"{KEY_FILE_VARIABLE} names {file}, which is not there.", file=str(file))
        else:
            file = workspace / KEY_FILE
            if not file.exists():
                _make(file, [secrets.token_hex(32)])
        return cls(_read(file), str(file), file)

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """The ids of the keys, the newest first: 8 hexadecimal digits each."""
        return tuple(_derive(text, "key id", 4).hex() for text in self.texts)

    @property
    def current(self) -> str:
        """The id of the key that is used from now on."""
        return self.ids[0]

    def derive(self, purpose: str, key_id: str | None = None, length: int = 32) -> bytes:
        """The key for a purpose, of `length` bytes. `key_id`: of an older master key; the newest if not given.

        Raises VaultError for a key that is not there.
        """
        if key_id is None:
            return _derive(self.texts[0], purpose, length)
        if key_id not in self.ids:
            raise VaultError(
                f"This needs the key {key_id}, and {self.place} holds {', '.join(self.ids)}: add the older key after the newest.",
                key=key_id,
                place=self.place,
            )
        return _derive(self.texts[self.ids.index(key_id)], purpose, length)

    def signing_key(self) -> str:
        """The key that signs access tokens, in hexadecimal. A new master key ends the tokens that are out, not the sessions."""
        return self.derive("access tokens").hex()

    def fingerprint(self, purpose: str, value: str) -> str:
        """A keyed fingerprint of a value (HMAC-SHA256, in hexadecimal): equal values have equal ones; nobody without the
        key can find the value, not even by trying all."""
        return self.fingerprints(purpose, value)[0]

    def fingerprints(self, purpose: str, value: str) -> tuple[str, ...]:
        """The fingerprint of a value under every key, the newest first: to find what an older key wrote down."""
        return tuple(
            hmac.new(_derive(text, f"fingerprint {purpose}", 32), value.encode(), hashlib.sha256).hexdigest()
            for text in self.texts
        )

    def rotated(self) -> Keys:
        """Write a new key before the others into the key file, and return all of them.

        Raises ConflictError where the keys come from the environment, which cannot be written from here.
        """
        if self.file is None:
            raise ConflictError(
                f"The keys come from the environment: put a new key before the old one in {KEY_VARIABLE} (new,old), then do this again.",
                place=self.place,
            )
        return _written(self.file, (secrets.token_hex(32), *self.texts))


def _written(file: Path, texts: tuple[str, ...]) -> Keys:
    _make(file, texts, replace=True)
    return Keys(texts, str(file), file)


def _derive(text: str, purpose: str, length: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=f"tillsight {purpose}".encode()).derive(
        text.encode()
    )


def _read(file: Path) -> tuple[str, ...]:
    if os.name == "posix" and stat.S_IMODE(file.stat().st_mode) & 0o077:
        raise SettingsError(
            f"{file} may be read by other users of this machine; run chmod 600 on it, and rotate the key if others had access.",
            file=str(file),
        )
    try:
        return _checked(file.read_text("ascii").split(), str(file))
    except (OSError, UnicodeDecodeError):
        raise SettingsError(
            f"{file} cannot be read as a key file: one key of letters a line.", file=str(file)
        ) from None


def _checked(texts: list[str], place: str) -> tuple[str, ...]:
    if not texts or any(len(text) < _SHORTEST for text in texts):
        raise SettingsError(f"The key in {place} is too short: it needs {_SHORTEST} characters or more.", field=place)
    return tuple(dict.fromkeys(texts))


def _make(file: Path, texts: Sequence[str], replace: bool = False) -> None:
    """Write a key file whole. Without `replace`, one that another process made in the meantime stays."""
    draft = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as out:
            out.write("".join(f"{text}\n" for text in texts))
            out.flush()
            os.fsync(out.fileno())
        if replace:
            draft.replace(file)
        else:
            os.link(draft, file)
    except FileExistsError:
        pass
    finally:
        draft.unlink(missing_ok=True)
