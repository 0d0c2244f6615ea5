"""The audit log: who did what, when, from where, what was before and after. Kept in a chain that shows every tampering."""

from tillsight.audit.keys import (
    forget,
    inner_key,
    made_inner_key,
    opened_inner_key,
    person_tags,
    persons_of,
    rotate,
)
from tillsight.audit.log import HEAD_FILE, AuditError, record, record_change
from tillsight.audit.reading import Entry, Fault, Verdict, Wanted, actions, entries, every_entry, reanchor, verify

__all__ = [
    "HEAD_FILE",
    "AuditError",
    "Entry",
    "Fault",
    "Verdict",
    "Wanted",
    "actions",
    "entries",
    "every_entry",
    "forget",
    "inner_key",
    "made_inner_key",
    "opened_inner_key",
    "person_tags",
    "persons_of",
    "reanchor",
    "record",
    "record_change",
    "rotate",
    "verify",
]
