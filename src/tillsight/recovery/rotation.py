"""A new master key: everything that is sealed with an older one is sealed again.

Sealed are: credentials, second factors, the inner keys of the log and of persons, the key of the data files, and the key of
each place of backups. Files and backups themselves are encrypted with those inner keys, so none is written again. The new
key is written down first, before the old ones; a rotation that dies can be finished, and nothing is unreadable meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass

from tillsight.accounts.factors import rotate as rotate_factors
from tillsight.audit import record
from tillsight.audit import rotate as rotate_inner_keys
from tillsight.backup import BackupError, PlaceError, Repository, place_of, places_of
from tillsight.core.errors import NotFoundError
from tillsight.privacy.erasures import write_tombstones
from tillsight.shop import Shop
from tillsight.vault import FieldCipher, Keys, Vault, reseal_data_key


@dataclass(frozen=True)
class Rotated:
    """What a rotation did. `key`: id of the new key; `unreachable`: places of backups that still need the older one."""

    key: str
    values: int
    places: int
    unreachable: tuple[str, ...]


def rotate_key(shop: Shop, *, resume: bool = False) -> Rotated:
    """Make a new master key and seal everything with it. `resume`: make none, go on with the newest.

    Keys of the environment are changed there: with the new one first, this seals everything with it.
    """
    keys = Keys.open(shop.path)
    if not resume and keys.file is None and len(keys.ids) == 1:
        keys.rotated()  # raises, and says what to do
    if not resume and keys.file is not None:
        keys = keys.rotated()
    cipher = FieldCipher(keys)
    values = Vault(shop.database, keys).rotate() + int(reseal_data_key(shop.path, keys))
    with shop.database.write() as session:
        values += rotate_inner_keys(session, cipher)
        values += rotate_factors(session, cipher)
        record(session, who="system", action="key.rotated", subject=f"key:{keys.current}")
    write_tombstones(shop.database)
    done, unreachable = 0, []
    for address in places_of(shop.database):
        try:
            Repository.open(place_of(shop.path, shop.settings, shop.database, address), lambda: keys).seal(lambda: keys)
            done += 1
        except (NotFoundError, PlaceError, BackupError):
            unreachable.append(address)
    return Rotated(keys.current, values, done, tuple(unreachable))
