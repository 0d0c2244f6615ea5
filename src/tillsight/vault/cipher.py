"""Encrypting single values, so that they can be kept in a database or a file: AES-256-GCM, one text out of another.

A value is bound to its context (such as `totp:42`): moved to another place it cannot be read, so nobody who may write the
database can put one person's secret in place of another's. The text is `t1.<key id>.<nonce, value and tag in base64>`.
"""

from __future__ import annotations

import base64
import binascii
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tillsight.vault.keys import Keys, VaultError

_FORMAT = "t1"
_NONCE = 12


class FieldCipher:
    """Encrypts values with the keys of a workspace. Safe to use from many threads."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._ciphers: dict[str, AESGCM] = {}

    def encrypt(self, value: bytes | str, context: str) -> str:
        """A value as encrypted text, with the newest key. Equal values give different texts."""
        plain = value.encode() if isinstance(value, str) else value
        nonce = os.urandom(_NONCE)
        sealed = nonce + self._cipher(self._keys.current).encrypt(nonce, plain, context.encode())
        return f"{_FORMAT}.{self._keys.current}.{base64.urlsafe_b64encode(sealed).decode()}"

    def decrypt(self, text: str, context: str) -> str:
        """The text that was encrypted in this context. Raises VaultError: its key is missing, or it was changed or moved."""
        return self.decrypt_bytes(text, context).decode()

    def decrypt_bytes(self, text: str, context: str) -> bytes:
        """The bytes that were encrypted in this context. Raises VaultError."""
        try:
            kind, key_id, encoded = text.split(".")
            sealed = base64.b64decode(encoded, altchars=b"-_", validate=True)
            if kind != _FORMAT:
                raise ValueError
        except (ValueError, binascii.Error):
            raise VaultError(f"What is kept for {context} is not an encrypted value.", context=context) from None
        try:
            return self._cipher(key_id).decrypt(sealed[:_NONCE], sealed[_NONCE:], context.encode())
        except (InvalidTag, ValueError):
            raise VaultError(
                f"What is kept for {context} cannot be decrypted: it was changed, or moved from another place.",
                context=context,
            ) from None

    def current(self, text: str) -> bool:
        """Whether an encrypted text was made with the newest key."""
        return text.startswith(f"{_FORMAT}.{self._keys.current}.")

    def readable(self, text: str) -> bool:
        """Whether the key that an encrypted text was made with is there."""
        return text.startswith(tuple(f"{_FORMAT}.{key_id}." for key_id in self._keys.ids))

    def rotate(self, text: str, context: str) -> str:
        """The same value encrypted with the newest key; the text itself where it is already. Raises VaultError."""
        return text if self.current(text) else self.encrypt(self.decrypt_bytes(text, context), context)

    def _cipher(self, key_id: str) -> AESGCM:
        found = self._ciphers.get(key_id)
        if found is None:
            found = self._ciphers[key_id] = AESGCM(self._keys.derive("fields", key_id))
        return found
