"""The vault: credentials of connections, kept encrypted, given only to the code that connects.

A credential has a name such as `shopify` and a text. Lists tell when it was changed, by whom, and its last four signs where
it is long enough that these give nothing away; nothing but `get` ever returns it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from tillsight.core.errors import NotFoundError, QuestionError
from tillsight.database import Database, now
from tillsight.database.safety import Secret
from tillsight.vault.cipher import FieldCipher
from tillsight.vault.keys import Keys

LONGEST = 20_000
LONG_ENOUGH = 16
"""So long a credential must be for its last four signs to be shown."""


@dataclass(frozen=True)
class Kept:
    """What may be told about a credential. `last_four`: empty where it is short or of several parts (JSON), or its key is missing."""

    name: str
    last_four: str
    changed_at: datetime
    changed_by: str | None


class Vault:
    """The credentials of a workspace. Safe to use from many threads."""

    def __init__(self, database: Database, keys: Keys) -> None:
        self._database = database
        self._cipher = FieldCipher(keys)

    def put(self, name: str, value: str, changed_by: str | None = None) -> Kept:
        """Keep a credential, in place of the one of this name. Raises QuestionError for a bad name or an empty value."""
        if not re.fullmatch(r"[a-z0-9][a-z0-9_.-]{0,99}", name):
            raise QuestionError(
                "The name of a credential has small letters, digits, dots, dashes and underscores, 100 at most.",
                field="name",
            )
        if not value or len(value) > LONGEST:
            raise QuestionError(f"A credential has 1 to {LONGEST:,} signs.", field="value")
        sealed = self._cipher.encrypt(value, _context(name))
        with self._database.write() as session:
            row = session.get(Secret, name)
            if row is None:
                row = Secret(name=name)
                session.add(row)
            row.sealed, row.changed_at, row.changed_by = sealed, now(), changed_by
        return self._kept(row)

    def get(self, name: str) -> str:
        """A credential. Raises NotFoundError, and VaultError where its key is missing or it was changed."""
        with self._database.read() as session:
            row = session.get(Secret, name)
        if row is None:
            raise NotFoundError(
                f"There is no credential {name}: keep it with `tillsight secret set {name}`.", field="name", value=name
            )
        return self._cipher.decrypt(row.sealed, _context(name))

    def list(self) -> list[Kept]:
        """What may be told about each credential, by name."""
        with self._database.read() as session:
            rows = list(session.scalars(select(Secret).order_by(Secret.name)))
        return [self._kept(row) for row in rows]

    def delete(self, name: str) -> None:
        """Forget a credential. Raises NotFoundError."""
        with self._database.write() as session:
            row = session.get(Secret, name)
            if row is None:
                raise NotFoundError(f"There is no credential {name}.", field="name", value=name)
            session.delete(row)

    def rotate(self) -> int:
        """Encrypt every credential again with the newest key: how many were not yet. All or none; raises VaultError."""
        count = 0
        with self._database.write() as session:
            for row in session.scalars(select(Secret)):
                if not self._cipher.current(row.sealed):
                    row.sealed = self._cipher.rotate(row.sealed, _context(row.name))
                    count += 1
        return count

    def _kept(self, row: Secret) -> Kept:
        value = self._cipher.decrypt(row.sealed, _context(row.name)) if self._cipher.readable(row.sealed) else ""
        # the end of one in JSON is the end of its last part, which may be a short password
        told = len(value) >= LONG_ENOUGH and not value.lstrip().startswith("{")
        last_four = value[-4:] if told else ""
        return Kept(row.name, last_four, row.changed_at, row.changed_by)


def _context(name: str) -> str:
    return f"secret:{name}"
