"""Reading the audit log: entries by filter, the newest first, and the proof that none was changed, taken out or cut off."""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from tillsight.audit.keys import CHAIN, inner_key, is_sealed, opened_person_keys, persons_of, unseal, workspace_of
from tillsight.audit.log import FIRST, HEAD_FILE, hash_of, read_text, record, seal_of
from tillsight.database import AuditEntry, AuditHead, Database
from tillsight.vault import VaultError

Trouble = Literal["changed", "missing", "moved", "cut off", "unsealed"]
_BATCH = 1_000


@dataclass(frozen=True)
class Entry:
    """An entry as it is shown. `erased`: it held values of a person whose key was destroyed; they are gone."""

    number: int
    at: datetime
    who: str
    action: str
    subject: str
    address: str | None
    person: str | None
    before: Any
    after: Any
    erased: bool
    hash: str


@dataclass(frozen=True)
class Wanted:
    """Which entries are asked for; None means any.

    `action`: an action, or its first part (`user` finds `user.created`). `text`: part of the subject. `person`: any
    identifier of a customer. `start` and `end`: moments, the end not included.
    """

    who: str | None = None
    action: str | None = None
    text: str | None = None
    address: str | None = None
    person: str | None = None
    start: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True)
class Fault:
    """Something wrong with the chain. `number`: the entry; None for the chain as a whole."""

    kind: Trouble
    number: int | None
    text: str


@dataclass(frozen=True)
class Verdict:
    """What a check of the chain found. `number` and `hash`: its last entry, to be noted and given to a later check."""

    entries: int
    number: int
    hash: str
    faults: tuple[Fault, ...]

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults


def entries(database: Database, wanted: Wanted, offset: int = 0, limit: int = 50) -> tuple[list[Entry], int]:
    """Entries, the newest first, and how many match in all."""
    with database.read() as session:
        chosen = _chosen(session, wanted)
        total = session.scalar(select(func.count()).select_from(chosen.subquery())) or 0
        page = chosen.order_by(AuditEntry.number.desc()).offset(offset).limit(limit)
        return _shown(session, list(session.scalars(page))), total


def every_entry(database: Database, wanted: Wanted) -> Iterator[Entry]:
    """All entries that match, the newest first, read a thousand at a time."""
    last: int | None = None
    while True:
        with database.read() as session:
            chosen = _chosen(session, wanted).order_by(AuditEntry.number.desc()).limit(_BATCH)
            if last is not None:
                chosen = chosen.where(AuditEntry.number < last)
            found = _shown(session, list(session.scalars(chosen)))
        yield from found
        if len(found) < _BATCH:
            return
        last = found[-1].number


def actions(database: Database) -> list[str]:
    """Every action that the log holds, in the order of the alphabet."""
    with database.read() as session:
        return list(session.scalars(select(AuditEntry.action).distinct().order_by(AuditEntry.action)))


def verify(database: Database, noted: tuple[int, str] | None = None) -> Verdict:
    """Check the chain from its first entry to its last.

    Finds an entry that was changed, one that is missing, one that was moved or put in, and a tail that was cut off: the
    end is noted in the database and in the file `audit.head`. Whoever can put back both as they were earlier is found by
    `noted`, number and hash of an entry that were written down elsewhere.
    """
    with database.read() as session:
        faults: list[Fault] = []
        try:
            key = inner_key(session, CHAIN)
        except VaultError as error:
            return Verdict(0, 0, FIRST, (Fault("unsealed", None, f"The key of the log cannot be opened: {error}"),))
        number, last, count = 0, FIRST, 0
        hashes: dict[int, str] = {}
        head = _note(session)
        asked = {value[0] for value in (noted, head) if value}
        for entry in session.scalars(
            select(AuditEntry).order_by(AuditEntry.number).execution_options(yield_per=_BATCH)
        ):
            count += 1
            if entry.number != number + 1:
                gone = (
                    f"Entry {number + 1} is"
                    if entry.number == number + 2
                    else f"Entries {number + 1} to {entry.number - 1} are"
                )
                faults.append(Fault("missing", number + 1, f"{gone} missing."))
            elif entry.previous != last:
                faults.append(Fault("moved", entry.number, f"Entry {entry.number} does not follow the one before it."))
            if key is None or not hmac.compare_digest(hash_of(key, entry), entry.hash):
                faults.append(Fault("changed", entry.number, f"Entry {entry.number} was changed."))
            number, last = entry.number, entry.hash
            if number in asked:
                hashes[number] = last
        faults += _end_faults(session, key, number, last)
        faults += _note_faults(key, head, number, hashes)
        if noted and hashes.get(noted[0]) != noted[1]:
            faults.append(Fault("cut off", noted[0], f"Entry {noted[0]} is not the one that was noted."))
        return Verdict(count, number, last, tuple(faults))


def reanchor(database: Database, who: str, reason: str) -> None:
    """After a restore: note the end of the restored chain as the end, and say in the log what was noted before.

    The entries that came after the backup are gone with it; the entry that is written here says up to which number.
    """
    with database.write() as session:
        noted = _note(session)
        head = session.get(AuditHead, 1)
        record(
            session,
            who=who,
            action="audit.reanchored",
            subject="audit:chain",
            before={"number": noted[0], "hash": noted[1]} if noted else None,
            after={"number": head.number if head else 0, "reason": reason},
        )


def _end_faults(session: Session, key: bytes | None, number: int, last: str) -> list[Fault]:
    head = session.get(AuditHead, 1)
    if head is None:
        return [Fault("cut off", None, "The end of the chain is not noted in the database.")] if number else []
    if key is None or not hmac.compare_digest(seal_of(key, head.number, head.hash), head.seal):
        return [Fault("changed", None, "The note of the end of the chain was changed.")]
    if head.number > number:
        return [Fault("cut off", number + 1, f"The chain goes up to entry {head.number}, the log ends at {number}.")]
    if (head.number, head.hash) != (number, last):
        return [Fault("changed", number, f"The chain ends at entry {head.number}, which is not the last of the log.")]
    return []


def _note_faults(
    key: bytes | None, note: tuple[int, str, str] | None, number: int, hashes: dict[int, str]
) -> list[Fault]:
    if note is None:
        return (
            [Fault("cut off", None, f"The file {HEAD_FILE}, which notes the end of the chain, is missing.")]
            if number
            else []
        )
    if key is None or not hmac.compare_digest(seal_of(key, note[0], note[1]), note[2]):
        return [Fault("changed", None, f"The file {HEAD_FILE} was changed.")]
    if note[0] > number:
        return [Fault("cut off", number + 1, f"{HEAD_FILE} knows entries up to {note[0]}, the log ends at {number}.")]
    if hashes.get(note[0]) != note[1]:
        return [Fault("changed", note[0], f"Entry {note[0]} is not the one that {HEAD_FILE} knows.")]
    return []


def _note(session: Session) -> tuple[int, str, str] | None:
    """What the file beside the database says of the end: number, hash, seal; None where it is missing or unreadable."""
    try:
        noted = json.loads((workspace_of(session) / HEAD_FILE).read_text("ascii"))
        return int(noted["number"]), str(noted["hash"]), str(noted["seal"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _chosen(session: Session, wanted: Wanted) -> Select[AuditEntry]:
    chosen = select(AuditEntry)
    if wanted.who:
        chosen = chosen.where(AuditEntry.who == wanted.who.strip().lower())
    if wanted.action:
        chosen = chosen.where(
            (AuditEntry.action == wanted.action) | AuditEntry.action.startswith(f"{wanted.action}.", autoescape=True)
        )
    if wanted.text:
        chosen = chosen.where(AuditEntry.subject.contains(wanted.text, autoescape=True))
    if wanted.address:
        chosen = chosen.where(AuditEntry.address == wanted.address)
    if wanted.person:
        chosen = chosen.where(AuditEntry.person.in_(persons_of(session, [wanted.person])))
    if wanted.start:
        chosen = chosen.where(AuditEntry.at >= wanted.start)
    if wanted.end:
        chosen = chosen.where(AuditEntry.at < wanted.end)
    return chosen


def _shown(session: Session, found: list[AuditEntry]) -> list[Entry]:
    keys = opened_person_keys(session, (entry.person for entry in found if entry.person))
    return [_entry(entry, keys) for entry in found]


def _entry(entry: AuditEntry, keys: dict[str, bytes]) -> Entry:
    def value(name: str, text: str | None) -> Any:
        if text is None or not is_sealed(text):
            return read_text(text)
        key = keys.get(entry.person or "")
        return read_text(unseal(key, text, f"{entry.number} {name}")) if key else None

    return Entry(
        number=entry.number,
        at=entry.at,
        who=entry.who,
        action=entry.action,
        subject=entry.subject,
        address=entry.address,
        person=entry.person,
        before=value("before", entry.before),
        after=value("after", entry.after),
        erased=entry.person is not None and entry.person not in keys,
        hash=entry.hash,
    )
