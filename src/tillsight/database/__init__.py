"""The operational database: loads, releases, jobs, users. SQLite in the workspace, PostgreSQL by address."""

from tillsight.database.audit import AuditEntry, AuditHead, InnerKey, PersonKey
from tillsight.database.models import (
    CURRENT,
    Base,
    Job,
    JobState,
    Load,
    LoadState,
    Pointer,
    RefreshToken,
    Release,
    ReleaseKind,
    ReleaseState,
    Role,
    User,
)
from tillsight.database.privacy import ConsentChoice, Erasure, ErasureMode, ErasureState, LandedState, Tombstone
from tillsight.database.safety import Backup, BackupKind, BackupState, Drill, Secret
from tillsight.database.store import DATABASE_FILE, WORKSPACE, Database, DatabaseError
from tillsight.database.types import now

__all__ = [
    "CURRENT",
    "DATABASE_FILE",
    "WORKSPACE",
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
    "InnerKey",
    "Job",
    "JobState",
    "LandedState",
    "Load",
    "LoadState",
    "PersonKey",
    "Pointer",
    "RefreshToken",
    "Release",
    "ReleaseKind",
    "ReleaseState",
    "Role",
    "Secret",
    "Tombstone",
    "User",
    "now",
]
