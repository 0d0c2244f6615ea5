"""The operational database: loads, releases, jobs, users. SQLite in the workspace, PostgreSQL by address."""

from tillsight.database.audit import AuditEntry, AuditHead, InnerKey, PersonKey
from tillsight.database.forecasts import Forecast, Forecasts
from tillsight.database.models import (
    CURRENT,
    Base,
    Job,
    JobState,
    LinkPurpose,
    Load,
    LoadState,
    Pointer,
    Release,
    ReleaseKind,
    ReleaseState,
    Role,
    SignInMethod,
)
from tillsight.database.people import ApiKey, OneTimeLink, RecoveryCode, RefreshToken, SignInSession, User
from tillsight.database.privacy import ConsentChoice, Erasure, ErasureMode, ErasureState, LandedState, Tombstone
from tillsight.database.safety import Backup, BackupKind, BackupState, Drill, Secret
from tillsight.database.segments import SegmentRules, SegmentSets
from tillsight.database.store import DATABASE_FILE, WORKSPACE, Database, DatabaseError
from tillsight.database.types import now

__all__ = [
    "CURRENT",
    "DATABASE_FILE",
    "WORKSPACE",
    "ApiKey",
    "AuditEntry",
    "AuditHead",
    "Backup",
    "BackupKind",
    "BackupState",
    "Base",
    "ConsentChoice",
    "Database",
    "DatabaseError",
    "Drill",
    "Erasure",
    "ErasureMode",
    "ErasureState",
    "Forecast",
    "Forecasts",
    "InnerKey",
    "Job",
    "JobState",
    "LandedState",
    "LinkPurpose",
    "Load",
    "LoadState",
    "OneTimeLink",
    "PersonKey",
    "Pointer",
    "RecoveryCode",
    "RefreshToken",
    "Release",
    "ReleaseKind",
    "ReleaseState",
    "Role",
    "Secret",
    "SegmentRules",
    "SegmentSets",
    "SignInMethod",
    "SignInSession",
    "Tombstone",
    "User",
    "now",
]
