"""The operational database: loads, releases, jobs, users. SQLite in the workspace, PostgreSQL by address."""

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
from tillsight.database.store import DATABASE_FILE, Database, DatabaseError
from tillsight.database.types import now

__all__ = [
    "CURRENT",
    "DATABASE_FILE",
    "Base",
    "Database",
    "DatabaseError",
    "Job",
    "JobState",
    "Load",
    "LoadState",
    "Pointer",
    "RefreshToken",
    "Release",
    "ReleaseKind",
    "ReleaseState",
    "Role",
    "User",
    "now",
]
