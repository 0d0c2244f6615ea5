"""What an administrator does about a person: find, look at, export, erase, write down a choice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
from sqlalchemy import select

from tillsight import audit
from tillsight.core.errors import NotFoundError, QuestionError
from tillsight.core.settings import Settings
from tillsight.database import Database, Erasure, ErasureMode
from tillsight.privacy import consent, erasures, package
from tillsight.privacy.declared import Kind, personal_tables
from tillsight.privacy.landed import Landed, engine, landed_loads, name_tables
from tillsight.privacy.persons import Identifier, Person, define_links, describe, search


class Desk:
    """The persons of a workspace. Every look at a person leaves an entry in the audit log, sealed with the person's key."""

    def __init__(self, path: Path, settings: Settings, database: Database) -> None:
        self._path = path
        self._settings = settings
        self._database = database

    def find(
        self, text: str, who: str, kind: Kind | None = None, shop: str | None = None, address: str | None = None
    ) -> list[Person]:
        """Everybody who has this identifier, over everything that is landed: usually one, or nobody.

        `kind`: of the identifier, None tries all. `shop`: for numbers that several shops give, None looks in all.
        """
        with self._open() as (connection, _):
            found = [describe(connection, one) for one in search(connection, text, kind, shop)]
        with self._database.write() as session:
            for person in found:
                audit.record(
                    session,
                    who=who,
                    action="person.found",
                    subject="person",
                    after={"asked": text, "found": person.first.to_dict()},
                    person=person.first.value,
                    address=address,
                )
            if not found:
                audit.record(session, who=who, action="person.not_found", subject="person", address=address)
        return found

    def preview(self, identifier: Identifier) -> dict[str, Any]:
        """What of a person is found where, in counts: canonical rows by table, loads, rejects, entries of the audit log.

        Raises NotFoundError.
        """
        with self._open() as (connection, loads):
            person = self._one(connection, identifier)
            files = 0
            held: list[str] = []
            for load in loads:
                name_tables(connection, [load], list(personal_tables()))
                rows = describe(connection, [(one.kind, one.compared) for one in person.identifiers]).tables
                if rows:
                    held.append(load.id)
                    files += len(rows)
        with self._database.read() as session:
            entries = len(audit.persons_of(session, [one.value for one in person.identifiers]))
        return person.to_dict() | {"loads": held, "files": files, "audit_keys": entries}

    def person(self, identifier: Identifier) -> Person:
        """The person who has this identifier. Raises NotFoundError."""
        with self._open() as (connection, _):
            return self._one(connection, identifier)

    def export(self, identifier: Identifier, who: str, address: str | None = None) -> bytes:
        """Everything that is kept of a person, as a ZIP: JSON and CSV by table, and an index to read. Raises NotFoundError."""
        with self._open() as (connection, _):
            person = self._one(connection, identifier)
            choices = consent.choices(self._database, person)
            made = package.write(connection, person, self._settings, choices)
        with self._database.write() as session:
            audit.record(
                session,
                who=who,
                action="person.exported",
                subject="person",
                after={"person": person.first.to_dict(), "tables": person.tables, "bytes": len(made)},
                person=person.first.value,
                address=address,
            )
        return made

    def erase(
        self, identifier: Identifier, mode: ErasureMode, confirmation: str, who: str, address: str | None = None
    ) -> Erasure:
        """Begin to erase or anonymise a person; the next build carries it out. Raises NotFoundError.

        `confirmation`: the identifier once more, as typed by the one who decides. Raises QuestionError when it differs.
        """
        if confirmation.strip() != identifier.value.strip():
            raise QuestionError(f"To confirm, type {identifier.value}.", field="confirmation")
        with self._open() as (connection, _):
            person = self._one(connection, identifier)
        consent.forget(self._database, person)
        return erasures.begin(self._database, person, mode, who, address)

    def unfinished(self) -> list[str]:
        """Ids of erasures that were begun and are not done; the next build finishes them."""
        return erasures.unfinished(self._database)

    def erasures(self, offset: int = 0, limit: int = 50) -> list[Erasure]:
        """What was erased and anonymised, the newest first: counts alone, no person is named."""
        with self._database.read() as session:
            return list(session.scalars(select(Erasure).order_by(Erasure.id.desc()).offset(offset).limit(limit)))

    def get_erasure(self, erasure_id: str) -> Erasure:
        """One of them. Raises NotFoundError."""
        with self._database.read() as session:
            found = session.get(Erasure, erasure_id)
        if found is None:
            raise NotFoundError(f"There is no erasure {erasure_id!r}.", field="id", value=erasure_id)
        return found

    def consents(self, identifier: Identifier) -> list[dict[str, Any]]:
        """What a person allows and refuses, use by use. Raises NotFoundError."""
        with self._open() as (connection, _):
            person = self._one(connection, identifier)
            return consent.standing(connection, self._database, person)

    def choose(
        self, identifier: Identifier, purpose: str, granted: bool, who: str, address: str | None = None
    ) -> list[dict[str, Any]]:
        """Write down what a person chose on a use of their data; it goes before what the shop's files say."""
        with self._open() as (connection, _):
            person = self._one(connection, identifier)
            consent.choose(self._database, person, purpose, granted, who, address)
            return consent.standing(connection, self._database, person)

    def _one(self, connection: duckdb.DuckDBPyConnection, identifier: Identifier) -> Person:
        found = search(connection, identifier.value, identifier.kind, identifier.shop or None)
        if not found:
            raise NotFoundError("Nobody with this identifier is found.", field="identifier")
        if len(found) > 1:
            raise QuestionError(
                "Several customers have this identifier: choose one by the customer's number.", field="identifier"
            )
        return describe(connection, found[0])

    @contextmanager
    def _open(self) -> Iterator[tuple[duckdb.DuckDBPyConnection, list[Landed]]]:
        """An engine over everything that is landed, with the links between identifiers."""
        loads = landed_loads(self._path, self._database)
        with engine(self._path, self._settings) as connection:
            name_tables(connection, loads, list(personal_tables()))
            define_links(connection)
            yield connection, loads
