"""Privacy: finding a person, handing over what is kept of them, erasing them for good, consents, retention."""

from tillsight.privacy.consent import PURPOSES, Purpose, consented
from tillsight.privacy.cutting import Cut
from tillsight.privacy.declared import KIND_TITLES, Kind, personal_tables
from tillsight.privacy.desk import Desk
from tillsight.privacy.erasures import (
    TOMBSTONES_FILE,
    PrivacyError,
    clear_free_pages,
    cut_staged,
    finish,
    follow,
    follow_up,
    replay,
    revisions,
    unfinished,
)
from tillsight.privacy.landed import Landed
from tillsight.privacy.persons import Identifier, Person
from tillsight.privacy.retention import Removed, remove, would_remove

__all__ = [
    "KIND_TITLES",
    "PURPOSES",
    "TOMBSTONES_FILE",
    "Cut",
    "Desk",
    "Identifier",
    "Kind",
    "Landed",
    "Person",
    "PrivacyError",
    "Purpose",
    "Removed",
    "clear_free_pages",
    "consented",
    "cut_staged",
    "finish",
    "follow",
    "follow_up",
    "personal_tables",
    "remove",
    "replay",
    "revisions",
    "unfinished",
    "would_remove",
]
