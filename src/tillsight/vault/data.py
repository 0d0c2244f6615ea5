"""The key of the data files: one random key for a workspace, kept beside them, sealed with the master key.

Its file, `data.key`, is what says that a workspace is encrypted; it is made with the workspace. A new master key seals it
again, so that no data file is written anew.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from tillsight.core.errors import SettingsError
from tillsight.vault.cipher import FieldCipher
from tillsight.vault.keys import Keys

DATA_KEY_FILE = "data.key"
ENCRYPTING = ".encrypting"
"""The folder in which the files of an existing workspace are encrypted; see `tillsight.recovery.encrypting`."""
_CONTEXT = "data key"


def is_encrypted(workspace: Path) -> bool:
    """Whether the data files of a workspace are encrypted."""
    return (workspace / DATA_KEY_FILE).is_file()


def data_key(workspace: Path) -> bytes:
    """The key of the data files, 32 bytes. Raises VaultError where the master key that it was sealed with is not there."""
    return FieldCipher(Keys.open(workspace)).decrypt_bytes(
        (workspace / DATA_KEY_FILE).read_text("ascii").strip(), _CONTEXT
    )


def make_data_key(workspace: Path) -> None:
    """Make the key of a new workspace."""
    _write(workspace, FieldCipher(Keys.open(workspace)).encrypt(secrets.token_bytes(32), _CONTEXT))


def reseal_data_key(workspace: Path, keys: Keys) -> bool:
    """Seal the key with the newest master key. False where that was done, or nothing is encrypted. Raises VaultError."""
    if not is_encrypted(workspace):
        return False
    cipher = FieldCipher(keys)
    sealed = (workspace / DATA_KEY_FILE).read_text("ascii").strip()
    if cipher.current(sealed):
        return False
    _write(workspace, cipher.rotate(sealed, _CONTEXT))
    return True


def check_encryption(workspace: Path, wanted: bool) -> None:
    """Raises SettingsError where the setting `encrypt` and the files of the workspace are not of one mind, VaultError where
    the key is not there."""
    if is_encrypted(workspace):
        if (workspace / ENCRYPTING).is_dir() and not wanted:
            raise SettingsError(
                f"Encrypting {workspace} was interrupted when its files took their places: finish it with tillsight encrypt.",
                field="encrypt",
            )
        if not wanted:
            raise SettingsError(
                f"The files of {workspace} are encrypted, so the setting encrypt must be true.", field="encrypt"
            )
        data_key(workspace)
    elif wanted:
        raise SettingsError(
            f"{workspace} has no {DATA_KEY_FILE}, so its files are not encrypted or the key is lost: bring it back from a backup; or "
            "take the setting encrypt away, and encrypt the shop with tillsight encrypt.",
            field="encrypt",
        )


def _write(workspace: Path, sealed: str) -> None:
    file = workspace / DATA_KEY_FILE
    draft = file.with_name(f".{DATA_KEY_FILE}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as out:
        out.write(f"{sealed}\n")
        out.flush()
        os.fsync(out.fileno())
    draft.replace(file)
