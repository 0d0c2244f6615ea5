"""Keys and secrets of a workspace: master keys, encrypting single values, the key of data files, credentials of connections."""

from tillsight.vault.cipher import FieldCipher
from tillsight.vault.columns import MARK
from tillsight.vault.data import (
    DATA_KEY_FILE,
    check_encryption,
    data_key,
    is_encrypted,
    make_data_key,
    reseal_data_key,
)
from tillsight.vault.keys import KEY_FILE, KEY_FILE_VARIABLE, KEY_VARIABLE, Keys, VaultError
from tillsight.vault.store import Kept, Vault
from tillsight.vault.streams import is_sealed_stream, open_sealed, seal_stream

__all__ = [
    "DATA_KEY_FILE",
    "KEY_FILE",
    "KEY_FILE_VARIABLE",
    "KEY_VARIABLE",
    "MARK",
    "FieldCipher",
    "Kept",
    "Keys",
    "Vault",
    "VaultError",
    "check_encryption",
    "data_key",
    "is_encrypted",
    "is_sealed_stream",
    "make_data_key",
    "open_sealed",
    "reseal_data_key",
    "seal_stream",
]
