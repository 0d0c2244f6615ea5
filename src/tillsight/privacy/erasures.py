"""Erasing a person for good: begun in one transaction, finished whatever happens, and done again on every load and restore.

`begin` writes the tombstones; from then on nothing of the person can be published, for every build follows them through all
of landing first. `finish` drops the releases from before, clears the free pages of the database, and says what was done.
Whoever is killed in between is finished by the next build. Tombstones are also kept in a file of the workspace
(`erasures.json`), so that a database restored from before the erasure learns of it.
"""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, Protocol

import duckdb
from sqlalchemy import delete, func, select, text
from sqlalchemy.orm import Session

from tillsight import audit
from tillsight.backup import BackupError, PlaceError, forget_erased
from tillsight.core.errors import TillsightError
from tillsight.core.settings import Settings
from tillsight.database import (
    Database,
    Erasure,
    ErasureMode,
    InnerKey,
    Job,
    LandedState,
    Load,
    PersonKey,
    Tombstone,
    now,
)
from tillsight.database.types import to_json
from tillsight.privacy.cutting import Cut, cut, leftovers
from tillsight.privacy.declared import Kind
from tillsight.privacy.landed import Landed, engine, landed_loads
from tillsight.privacy.persons import Person
from tillsight.privacy.records import clear_records
from tillsight.privacy.tags import define_tag, tag_of

KEY = "privacy"
TOMBSTONES_FILE = "erasures.json"
GONE = "(erased)"
_AUDIT = "audit"
"""The kind of a tombstone that names the key of a person in the audit log."""

Progress = Callable[[str, float | None, float | None, str], None]


class PrivacyError(TillsightError):
    """What was erased cannot be followed up: tombstones of another workspace, or a file that cannot be read."""

    code: ClassVar[str] = "PRIVACY_ERROR"
    status: ClassVar[int] = 503


class Workspace(Protocol):
    """As much of a shop as erasing needs."""

    path: Path
    settings: Settings
    database: Database

    def build(self, progress: Progress = ..., *, wait: bool = True) -> Any:
        """Build a release; it follows tombstones first."""

    def drop_older_releases(self) -> int:
        """Forget every release but the current one, with its files."""


def begin(database: Database, person: Person, mode: ErasureMode, who: str, address: str | None = None) -> Erasure:
    """Write down that a person is to be erased, destroy their keys of the audit log, and take their values out of records.

    One transaction: before it nothing, after it the person does not come back.
    """
    values = [one.value for one in person.identifiers]
    with database.write() as session:
        key = audit.made_inner_key(session, KEY)
        tags: list[tuple[str, str]] = [(one.kind, tag_of(key, one.kind, one.compared)) for one in person.identifiers]
        tags += [(_AUDIT, tag) for tag in audit.person_tags(session, values)]
        _bury(session, tags, mode)
        erasure = Erasure(
            id=_new_id(),
            mode=mode,
            created_by=who,
            report={"found": dict(person.tables), "identifiers": _counts(person)},
        )
        session.add(erasure)
        audit.forget(session, values)
        _sweep(session, [*values, *person.names])
        audit.record(
            session,
            who=who,
            action=f"person.{'erasing' if mode == 'erase' else 'anonymising'}",
            subject=f"erasure:{erasure.id}",
            after=erasure.report,
            address=address,
        )
    write_tombstones(database)
    return erasure


def follow(workspace: Path, database: Database, settings: Settings, progress: Progress) -> Cut:
    """Take everybody who is to stay erased out of every load that was not searched for them yet.

    Called by a build before it reads landing, under its lock. Does nothing, quickly, where nothing is to be done.
    """
    total = Cut()
    while True:
        pending, last = _pending(workspace, database)
        if not pending:
            return total
        leftovers([load for load, _ in pending])
        with engine(workspace, settings) as connection:
            for step, (load, followed) in enumerate(pending):
                progress("erase", step, len(pending), "Following what is to stay erased")
                hold_tombstones(connection, database, after=followed)
                done = cut(connection, load)
                total.raw += done.raw
                total.rejects += done.rejects
                for name, rows in done.tables.items():
                    total.tables[name] = total.tables.get(name, 0) + rows
                with database.write() as session:
                    follow_up(session, done, load.id, last)
        write_tombstones(database)


def cut_staged(workspace: Path, database: Database, settings: Settings, staged: Landed) -> tuple[Cut, int]:
    """Take everybody who is to stay erased out of a load that is not committed yet.

    Returns what was cut and the last tombstone that was known; whoever commits the load hands both to `follow_up`.
    """
    with database.read() as session:
        last = _last(session)
    if not last:
        return Cut(), 0
    with engine(workspace, settings) as connection:
        hold_tombstones(connection, database)
        return cut(connection, staged), last


def follow_up(session: Session, done: Cut, load_id: str, last: int) -> None:
    """Note that a load was searched up to a tombstone, whether it was changed, and what came up newly."""
    state = session.get(LandedState, load_id)
    if state is None:
        state = LandedState(load_id=load_id, followed=0, revision=0)
        session.add(state)
    state.followed = max(state.followed, last)
    state.revision += bool(done.rows)
    key = audit.inner_key(session, KEY)
    if done.new and key is not None:
        for mode in ("anonymise", "erase"):
            _bury(session, [(kind, tag_of(key, kind, value)) for kind, value, of in done.new if of == mode], mode)


def unfinished(database: Database) -> list[str]:
    """Ids of erasures that were begun and are not done."""
    with database.read() as session:
        return list(session.scalars(select(Erasure.id).where(Erasure.state == "begun").order_by(Erasure.id)))


def finish(shop: Workspace, begun: Sequence[str], progress: Progress) -> None:
    """After a build: drop the releases from before it, clear the database's free pages, and mark erasures as done.

    `begun`: those that were unfinished when the build started. Doing it again changes nothing.
    """
    if not begun:
        return
    progress("clear", None, None, "Removing releases from before")
    dropped = shop.drop_older_releases()
    progress("clear", None, None, "Clearing the database")
    records = _clear_records(shop)
    clear_free_pages(shop.database)
    write_tombstones(shop.database)
    progress("clear", None, None, "Taking it out of the backups")
    try:
        backups = forget_erased(shop.path, shop.settings, shop.database, progress)
    except (PlaceError, BackupError) as error:  # they stay begun, and the next build goes on from here
        progress("clear", None, None, error.message)
        return
    with shop.database.write() as session:
        for erasure in session.scalars(select(Erasure).where(Erasure.id.in_(begun))):
            erasure.state, erasure.finished_at = "done", now()
            erasure.report = erasure.report | {
                "releases_removed": dropped,
                "backups_rewritten": backups.rewritten,
                "backups_removed": len(backups.dropped),
                "records": records,
            }
            audit.record(
                session,
                who=erasure.created_by or "system",
                action=f"person.{'erased' if erasure.mode == 'erase' else 'anonymised'}",
                subject=f"erasure:{erasure.id}",
                after=erasure.report,
            )


def replay(shop: Workspace, progress: Progress = lambda _stage, _done, _total, _text: None) -> int:
    """After a restore, before anything is served: everybody who was erased is erased again. Returns how many identifiers.

    Whoever restores a workspace leaves its file `erasures.json` as it is (where there is none, the newest one that any backup
    holds is put there), restores the rest, and calls this with the open shop before it serves: tombstones that the restored
    database does not know are taken from the file, landing is followed through, a release is built, those from before are
    dropped, and the end of the audit log is noted again. Safe to call again, and after a crash.
    """
    learnt = _learn(shop.database)
    with shop.database.write() as session:
        dead = list(session.scalars(select(Tombstone.tag).where(Tombstone.kind == _AUDIT)))
        session.execute(delete(PersonKey).where(PersonKey.tag.in_(dead)))
        if learnt:
            session.add(Erasure(id=_new_id(), mode="erase", created_by="system", report={"restored": learnt}))
    if unfinished(shop.database) or _pending(shop.path, shop.database)[0]:
        if _has_loads(shop.database):
            shop.build(progress)
        else:
            finish(shop, unfinished(shop.database), progress)
    if _clear_records(shop):
        clear_free_pages(shop.database)
    audit.reanchor(shop.database, "system", "restored")
    return learnt


def _clear_records(shop: Workspace) -> dict[str, int]:
    """Take everybody with a tombstone out of the operational tables. Rows that were changed, by table."""
    with shop.database.write() as session:
        key = audit.inner_key(session, KEY)
        return clear_records(session, key, shop.settings.shop_id) if key is not None else {}


def hold_tombstones(connection: duckdb.DuckDBPyConnection, database: Database, after: int = 0) -> None:
    """Put the tombstones that came after an id into the table `tombstones` of a connection, and make `tag_of` known."""
    with database.read() as session:
        key = audit.inner_key(session, KEY)
        rows = session.execute(
            select(Tombstone.kind, Tombstone.tag, Tombstone.mode).where(Tombstone.id > after, Tombstone.kind != _AUDIT)
        ).all()
    define_tag(connection, key or b"")
    connection.execute("CREATE OR REPLACE TEMP TABLE tombstones (kind VARCHAR, tag VARCHAR, mode VARCHAR)")
    if rows:
        connection.executemany("INSERT INTO tombstones VALUES (?, ?, ?)", [list(row) for row in rows])


def revisions(database: Database) -> dict[str, int]:
    """How often each load was rewritten; those that never were are left out."""
    with database.read() as session:
        rows = session.execute(select(LandedState.load_id, LandedState.revision).where(LandedState.revision > 0)).all()
    return {row.load_id: row.revision for row in rows}


def write_tombstones(database: Database) -> None:
    """Write the file of tombstones: the sealed key, and every tag. It holds no personal value."""
    with database.read() as session:
        sealed = session.scalar(select(InnerKey.sealed).where(InnerKey.name == KEY))
        rows = session.execute(
            select(Tombstone.kind, Tombstone.tag, Tombstone.mode, Tombstone.created_at).order_by(Tombstone.id)
        ).all()
    if sealed is None or not rows:
        return
    file = database.workspace / TOMBSTONES_FILE
    draft = file.with_name(f".{TOMBSTONES_FILE}.{secrets.token_hex(4)}")
    kept = {"key": sealed, "tombstones": [[row.kind, row.tag, row.mode, row.created_at] for row in rows]}
    with draft.open("w", encoding="ascii") as stream:
        stream.write(to_json(kept) + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(file)


def clear_free_pages(database: Database) -> None:
    """Leave nothing of what was overwritten in the files of the database."""
    with database.engine.connect() as connection:
        raw = connection.connection.driver_connection
        if database.engine.dialect.name == "sqlite" and raw is not None:
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            raw.execute("VACUUM")
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            return
    with database.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        for name in ("person_keys", "loads", "jobs", "desk_returns", "desk_items", "desk_events", "desk_photos"):
            connection.execute(text(f"VACUUM (FULL) {name}"))


def _pending(workspace: Path, database: Database) -> tuple[list[tuple[Landed, int]], int]:
    """Loads that were not searched for the newest tombstones, with how far they were, and the last tombstone."""
    with database.read() as session:
        last = _last(session)
        if not last:
            return [], 0
        states = session.execute(select(LandedState.load_id, LandedState.followed))
        followed = {row.load_id: row.followed for row in states}
    loads = landed_loads(workspace, database)
    return [(load, followed.get(load.id, 0)) for load in loads if followed.get(load.id, 0) < last], last


def _last(session: Session) -> int:
    return session.scalar(select(func.max(Tombstone.id))) or 0


def _bury(session: Session, tags: Sequence[tuple[str, str]], mode: str) -> None:
    """Add tombstones. Erasing goes before anonymising; what is known already stays as it is."""
    known = {
        (stone.kind, stone.tag): stone
        for stone in session.scalars(select(Tombstone).where(Tombstone.tag.in_({tag for _, tag in tags})))
    }
    for kind, tag in dict.fromkeys(tags):
        stone = known.get((kind, tag))
        if stone is not None and (stone.mode in (mode, "erase")):
            continue
        if stone is not None:
            session.delete(stone)
            session.flush()
        session.add(Tombstone(kind=kind, tag=tag, mode=mode))
    session.flush()


def _sweep(session: Session, values: Sequence[str]) -> None:
    """Take a person's values out of what was noted about loads and jobs: messages, parameters, logs."""
    # a short number stands in many a message by chance
    said = [value for value in dict.fromkeys(values) if len(value) >= 5]
    for load in session.scalars(select(Load).where(Load.error.is_not(None))):
        load.error = _without(load.error, said)
    for job in session.scalars(select(Job)):
        for name in ("params", "log", "result", "error"):
            kept = getattr(job, name)
            clean = _without(kept, said)
            if clean != kept:
                setattr(job, name, clean)


def _without(kept: Any, values: Sequence[str]) -> Any:
    if isinstance(kept, str):
        for value in values:
            kept = re.sub(re.escape(value), GONE, kept, flags=re.IGNORECASE)
        return kept
    if isinstance(kept, dict):
        return {name: _without(inner, values) for name, inner in kept.items()}
    if isinstance(kept, list):
        return [_without(inner, values) for inner in kept]
    return kept


def _learn(database: Database) -> int:
    """Take over tombstones from the file that the database does not know. Returns how many."""
    file = database.workspace / TOMBSTONES_FILE
    if not file.is_file():
        return 0
    try:
        kept = json.loads(file.read_text("ascii"))
        stones = [
            (str(kind), str(tag), str(mode), datetime.fromisoformat(at)) for kind, tag, mode, at in kept["tombstones"]
        ]
        sealed = str(kept["key"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PrivacyError(
            f"{file} cannot be read, so it is not known who was erased: {error}.", file=str(file)
        ) from None
    with database.write() as session:
        row = session.get(InnerKey, KEY)
        own = audit.inner_key(session, KEY)
        if row is None:
            session.add(InnerKey(name=KEY, sealed=sealed))
            session.flush()
            audit.inner_key(session, KEY)
        elif audit.opened_inner_key(session, KEY, sealed) != own:
            if session.scalar(select(Tombstone.id).limit(1)) is not None:
                raise PrivacyError(
                    f"{file} belongs to another workspace: its key is not the one of this database.", file=str(file)
                )
            row.sealed = sealed
        rows = session.execute(select(Tombstone.kind, Tombstone.tag, Tombstone.mode))
        known = {(stone.kind, stone.tag, stone.mode) for stone in rows}
        new = [stone for stone in stones if stone[:3] not in known and (*stone[:2], "erase") not in known]
        session.execute(delete(Tombstone).where(Tombstone.tag.in_([tag for _, tag, _, _ in new])))
        session.add_all(Tombstone(kind=kind, tag=tag, mode=mode, created_at=at) for kind, tag, mode, at in new)
    return len(new)


def _has_loads(database: Database) -> bool:
    with database.read() as session:
        return session.scalar(select(Load.id).where(Load.state == "committed").limit(1)) is not None


def _counts(person: Person) -> dict[Kind, int]:
    counts: dict[Kind, int] = {}
    for one in person.identifiers:
        counts[one.kind] = counts.get(one.kind, 0) + 1
    return counts


def _new_id() -> str:
    return f"{now():%Y%m%dT%H%M%S%f}-{secrets.token_hex(3)}"
