"""Backups of a workspace: taken while people write, kept by content, checked when read, to a folder or S3."""

from tillsight.backup.places import PlaceError, open_place
from tillsight.backup.repository import BackupError, DamagedError, Repository, Snapshot
from tillsight.backup.restore import find, verify, write_files
from tillsight.backup.taking import (
    Forgotten,
    Taken,
    forget_content,
    forget_erased,
    give_up,
    place_of,
    places_of,
    prune,
    take,
)

__all__ = [
    "BackupError",
    "DamagedError",
    "Forgotten",
    "PlaceError",
    "Repository",
    "Snapshot",
    "Taken",
    "find",
    "forget_content",
    "forget_erased",
    "give_up",
    "open_place",
    "place_of",
    "places_of",
    "prune",
    "take",
    "verify",
    "write_files",
]
