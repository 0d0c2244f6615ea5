"""Keys and secrets of a workspace: master keys, encrypting single values, credentials of connections."""

from tillsight.vault.cipher import FieldCipher
from tillsight.vault.keys import KEY_FILE, KEY_FILE_VARIABLE, KEY_VARIABLE, Keys, VaultError
from tillsight.vault.store import Kept, Vault

__all__ = ["KEY_FILE", "KEY_FILE_VARIABLE", "KEY_VARIABLE", "FieldCipher", "Kept", "Keys", "Vault", "VaultError"]
