"""Coming back: backups as a user orders them, restoring, drills that prove that it works and how long it takes; new keys."""

from tillsight.recovery.drill import Outcome, drill
from tillsight.recovery.restoring import Restored, back_up, restore_in_place, restore_new
from tillsight.recovery.rotation import Rotated, rotate_key

__all__ = ["Outcome", "Restored", "Rotated", "back_up", "drill", "restore_in_place", "restore_new", "rotate_key"]
