"""Privacy: finding a person, handing over what is kept of them, erasing them for good, consents, retention."""

from tillsight.privacy.consent import PURPOSES, Purpose, consented
from tillsight.privacy.cutting import Cut
from tillsight.privacy.declared import KIND_TITLES, Kind, personal_tables
from tillsight.privacy.desk import Desk
from tillsight.privacy.erasures import (
    TOMBSTONES_FILE,
    PrivacyError,
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
    "consented",
    "cut_staged",
    "finish",
    "follow",
    "follow_up",
    "personal_tables",
    "replay",
    "revisions",
    "unfinished",
]
