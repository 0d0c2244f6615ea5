"""Sealing values of the operational database with the data key of an encrypted workspace: AES-256-GCM, one text out of another.

A sealed value begins with a sign that nobody types, so that one from before the workspace was encrypted is known as plain.
"""

from __future__ import annotations

import base64
import os
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tillsight.database.sealed import seal_with
from tillsight.vault.data import DATA_KEY_FILE, data_key, is_encrypted
from tillsight.vault.keys import VaultError

MARK = "\ue000c1."
_NONCE = 12


class ColumnSealing:
    """Seals with the data key of the workspace that a value is of. Safe to use from many threads."""

    def seal(self, workspace: Path, text: str, context: str) -> str:
        """The text as it is kept: as it is where the workspace is not encrypted."""
        if not is_encrypted(workspace):
            return text
        nonce = os.urandom(_NONCE)
        sealed = nonce + _cipher(workspace).encrypt(nonce, text.encode(), context.encode())
        return MARK + base64.b64encode(sealed).decode()

    def open(self, workspace: Path, text: str, context: str) -> str:
        """The text again. Raises VaultError where it was changed or moved, or its key is not there."""
        if not text.startswith(MARK) or not is_encrypted(workspace):
            return text
        try:
            sealed = base64.b64decode(text[len(MARK) :], validate=True)
            return _cipher(workspace).decrypt(sealed[:_NONCE], sealed[_NONCE:], context.encode()).decode()
        except (InvalidTag, ValueError):
            raise VaultError(
                f"What is kept for {context} cannot be decrypted: it was changed, or moved from another place.",
                context=context,
            ) from None


def _cipher(workspace: Path) -> AESGCM:
    status = (workspace / DATA_KEY_FILE).stat()
    return _ciphers(workspace, status.st_ino, status.st_mtime_ns)


@lru_cache(maxsize=8)
def _ciphers(workspace: Path, _file: int, _changed: int) -> AESGCM:
    return AESGCM(data_key(workspace))


seal_with(ColumnSealing())
