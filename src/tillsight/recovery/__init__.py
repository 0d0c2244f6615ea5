"""Coming back: backups as a user orders them, restoring, drills that prove that it works and how long it takes; new keys, and
encrypting a shop that exists."""

from tillsight.recovery.drill import Outcome, drill
from tillsight.recovery.encrypting import Encrypted, encrypt
from tillsight.recovery.restoring import Restored, back_up, restore_in_place, restore_new
from tillsight.recovery.rotation import Rotated, rotate_key

__all__ = [
    "Encrypted",
    "Outcome",
    "Restored",
    "Rotated",
    "back_up",
    "drill",
    "encrypt",
    "restore_in_place",
    "restore_new",
    "rotate_key",
]
