"""Keys and secrets of a workspace: master keys, encrypting single values."""

from tillsight.vault.cipher import FieldCipher
from tillsight.vault.keys import KEY_FILE, KEY_FILE_VARIABLE, KEY_VARIABLE, Keys, VaultError

__all__ = ["KEY_FILE", "KEY_FILE_VARIABLE", "KEY_VARIABLE", "FieldCipher", "Keys", "VaultError"]
