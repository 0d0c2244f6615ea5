"""Writing the audit log: who did what, when, from where, what was before and what after.

Every entry is written in the transaction of what it tells of, so there is neither a change without an entry nor an entry
without its change. An entry carries an HMAC over its fields and the HMAC of the entry before. The last number and hash stand
in the database, sealed, and in a file beside it (`audit.head`), so that a tail that was cut off is found too.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import simplejson
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from tillsight.audit.keys import CHAIN, made_inner_key, person_key, seal, workspace_of
from tillsight.core.errors import TillsightError
from tillsight.database import AuditEntry, AuditHead, now
from tillsight.database.types import to_json

HEAD_FILE = "audit.head"
FIRST = "0" * 64
"""What the first entry names as the hash of the entry before."""
HIDDEN = "(not shown)"
_ENDED = "audit entries to make known"
_SECRET = re.compile(
    r"passw|secret|token|credential|authorization|cookie|private|api_?key|_key$|^key$|otp|recovery", re.IGNORECASE
)


class AuditError(TillsightError):
    """The audit log is not whole."""

    code: ClassVar[str] = "AUDIT_BROKEN"


def record(
    session: Session,
    *,
    who: str,
    action: str,
    subject: str,
    before: Any = None,
    after: Any = None,
    person: str | None = None,
    address: str | None = None,
    at: datetime | None = None,
) -> AuditEntry:
    """Write one entry inside the caller's write transaction (`Database.write()`), and return it.

    `who`: the user, or what acted by itself (`system`). `action`: `<thing>.<verb>`, such as `user.created`. `subject`:
    what it was done to, as `kind:id`; it is kept in the clear, so it never holds a personal value of a customer.
    `before`, `after`: plain values, mappings or lists; whatever is named like a password, secret, token or key is left out.
    `person`: any identifier of the customer whose values `before` and `after` hold; they are then sealed with that
    person's key, which erasing the person destroys. `address`: where the request came from. `at`: now, if not given.
    """
    key = made_inner_key(session, CHAIN)
    head = session.get(AuditHead, 1)
    number, previous = (head.number + 1, head.hash) if head else (1, FIRST)
    texts = {"before": _text(before), "after": _text(after)}
    person_id = None
    if person is not None:
        person_id, own = person_key(session, person)
        texts = {
            name: seal(own, text, f"{number} {name}") if text is not None else None for name, text in texts.items()
        }
    entry = AuditEntry(
        number=number,
        at=(at or now()).astimezone(UTC),
        who=who,
        action=action,
        subject=subject,
        address=address,
        person=person_id,
        before=texts["before"],
        after=texts["after"],
        previous=previous,
        hash="",
    )
    entry.hash = hash_of(key, entry)
    session.add(entry)
    if head is None:
        head = AuditHead(id=1, number=number, hash=entry.hash, seal="")
        session.add(head)
    head.number, head.hash = number, entry.hash
    head.seal = seal_of(key, number, entry.hash)
    session.flush()
    _tell(session, head)
    return entry


def record_change(session: Session, *, who: str, action: str, subject: str, value: Any) -> AuditEntry | None:
    """Write an entry if a value is not what the last entry of this action and subject says that it became.

    For what is changed outside, such as a file of settings. The first time it is written down as it is. None: no change.
    """
    last = session.scalar(
        select(AuditEntry)
        .where(AuditEntry.action == action, AuditEntry.subject == subject)
        .order_by(AuditEntry.number.desc())
        .limit(1)
    )
    before = read_text(last.after) if last is not None else None
    after = read_text(_text(value))
    if last is not None and before == after:
        return None
    if isinstance(before, dict) and isinstance(after, dict):
        # what is the same on both sides is kept once, in the entry that a later comparison starts from
        before = {name: inner for name, inner in before.items() if after.get(name) != inner}
    return record(session, who=who, action=action, subject=subject, before=before, after=after)


def hash_of(key: bytes, entry: AuditEntry) -> str:
    """HMAC-SHA256 over the fields of an entry and the hash of the one before, hexadecimal."""
    fields = [
        entry.previous,
        entry.number,
        entry.at.isoformat(),
        entry.who,
        entry.action,
        entry.subject,
        entry.address,
        entry.person,
        entry.before,
        entry.after,
    ]
    return hmac.new(key, json.dumps(fields, ensure_ascii=True).encode(), hashlib.sha256).hexdigest()


def seal_of(key: bytes, number: int, last: str) -> str:
    """HMAC-SHA256 over where the chain ends, hexadecimal."""
    return hmac.new(key, f"head {number} {last}".encode(), hashlib.sha256).hexdigest()


def write_head(workspace: Path, number: int, last: str, sealed: str) -> None:
    """Note beside the database where the chain ends. A crash before it leaves the note behind the chain, never before it."""
    file = workspace / HEAD_FILE
    draft = file.with_name(f".{HEAD_FILE}.{secrets.token_hex(4)}")
    draft.write_text(json.dumps({"number": number, "hash": last, "seal": sealed}) + "\n", encoding="ascii")
    draft.replace(file)


def without_secrets(value: Any) -> Any:
    """A value with everything hidden that is named like a secret, at any depth."""
    if isinstance(value, Mapping):
        return {
            str(name): HIDDEN if inner is not None and _SECRET.search(str(name)) else without_secrets(inner)
            for name, inner in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [without_secrets(inner) for inner in value]
    return value


def read_text(text: str | None) -> Any:
    """The value of a kept plain text."""
    return None if text is None else simplejson.loads(text)


def _text(value: Any) -> str | None:
    return None if value is None else to_json(without_secrets(value))


def _tell(session: Session, head: AuditHead) -> None:
    """Note the end of the chain beside the database once the transaction is committed."""
    if session.info.get(_ENDED) is None:
        event.listen(session, "after_commit", _committed, once=True)
    session.info[_ENDED] = (head.number, head.hash, head.seal)


def _committed(session: Session) -> None:
    # what was done is done: a note that cannot be written is no error, it lags behind until the next entry
    with suppress(OSError):
        write_head(workspace_of(session), *session.info.pop(_ENDED))
