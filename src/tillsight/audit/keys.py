"""The keys of the audit log: one for the chain, one per person whose values it holds.

They are random, so that they stay the same when the master key of the workspace changes, and are kept sealed with it. The
key of a person is found by a keyed hash of an identifier; entries name it by a random id. Once it is destroyed nothing
leads from the person to the entries any more, and what was sealed cannot be read.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from tillsight.database import WORKSPACE, InnerKey, PersonKey
from tillsight.vault import FieldCipher, Keys

CHAIN = "audit"
_SEALED = "p1."
_NONCE = 12
_OPENED: dict[str, bytes] = {}
"""Inner keys by their sealed text: opening one takes longer than writing an entry."""


def inner_key(session: Session, name: str) -> bytes | None:
    """A random key of the workspace by name; None where none was made yet. Raises VaultError when it cannot be opened."""
    row = session.get(InnerKey, name)
    return None if row is None else opened_inner_key(session, name, row.sealed)


def opened_inner_key(session: Session, name: str, sealed: str) -> bytes:
    """An inner key from its sealed text. Raises VaultError when it cannot be opened."""
    found = _OPENED.get(sealed)
    if found is None:
        found = _OPENED[sealed] = _cipher(session).decrypt_bytes(sealed, _context(name))
    return found


def made_inner_key(session: Session, name: str) -> bytes:
    """A random key of the workspace by name, made if there is none. The session is a write transaction."""
    found = inner_key(session, name)
    if found is None:
        found = secrets.token_bytes(32)
        session.add(InnerKey(name=name, sealed=_cipher(session).encrypt(found, _context(name))))
        session.flush()
    return found


def person_key(session: Session, identifier: str) -> tuple[str, bytes]:
    """Id and key of the person with this identifier, made if there is none. The session is a write transaction."""
    tag = person_tag(made_inner_key(session, CHAIN), identifier)
    row = session.scalar(select(PersonKey).where(PersonKey.tag == tag))
    if row is not None:
        return row.id, _cipher(session).decrypt_bytes(row.sealed, f"person:{row.id}")
    person, key = secrets.token_hex(16), secrets.token_bytes(32)
    session.add(PersonKey(id=person, tag=tag, sealed=_cipher(session).encrypt(key, f"person:{person}")))
    session.flush()
    return person, key


def opened_person_keys(session: Session, persons: Iterable[str]) -> dict[str, bytes]:
    """The keys of persons by id; those that were destroyed are left out."""
    rows = session.scalars(select(PersonKey).where(PersonKey.id.in_(set(persons)))).all()
    cipher = _cipher(session) if rows else None
    return {row.id: cipher.decrypt_bytes(row.sealed, f"person:{row.id}") for row in rows if cipher}


def persons_of(session: Session, identifiers: Iterable[str]) -> list[str]:
    """Ids of the person keys that belong to any of the identifiers."""
    tags = person_tags(session, identifiers)
    return list(session.scalars(select(PersonKey.id).where(PersonKey.tag.in_(tags)).order_by(PersonKey.id)))


def person_tags(session: Session, identifiers: Iterable[str]) -> list[str]:
    """The keyed hashes that the keys of persons with these identifiers are found by."""
    chain = inner_key(session, CHAIN)
    return sorted({person_tag(chain, identifier) for identifier in identifiers}) if chain is not None else []


def forget(session: Session, identifiers: Iterable[str]) -> int:
    """Destroy the keys of a person: what the log holds of theirs cannot be read any more, and the chain stays valid.

    Returns how many keys there were.
    """
    persons = persons_of(session, identifiers)
    session.execute(delete(PersonKey).where(PersonKey.id.in_(persons)))
    return len(persons)


def rotate(session: Session, cipher: FieldCipher) -> int:
    """Seal every key again with the newest master key. Returns how many were sealed anew."""
    count = 0
    for inner in session.scalars(select(InnerKey)):
        sealed = cipher.rotate(inner.sealed, _context(inner.name))
        count += sealed != inner.sealed
        inner.sealed = sealed
    for person in session.scalars(select(PersonKey)):
        sealed = cipher.rotate(person.sealed, f"person:{person.id}")
        count += sealed != person.sealed
        person.sealed = sealed
    return count


def person_tag(key: bytes, identifier: str) -> str:
    """The keyed hash that an identifier is found by; case and outer spaces do not count."""
    return hmac.new(key, f"person\n{identifier.strip().casefold()}".encode(), hashlib.sha256).hexdigest()


def seal(key: bytes, text: str, context: str) -> str:
    """A text that only this key opens, bound to where it stands."""
    nonce = secrets.token_bytes(_NONCE)
    return _SEALED + (nonce + AESGCM(key).encrypt(nonce, text.encode(), context.encode())).hex()


def unseal(key: bytes, sealed: str, context: str) -> str | None:
    """The text again; None when it was changed or moved."""
    raw = bytes.fromhex(sealed.removeprefix(_SEALED))
    try:
        return AESGCM(key).decrypt(raw[:_NONCE], raw[_NONCE:], context.encode()).decode()
    except InvalidTag:
        return None


def is_sealed(text: str) -> bool:
    """Whether a kept text is sealed; plain ones are JSON, which never starts like it."""
    return text.startswith(_SEALED)


def workspace_of(session: Session) -> Path:
    """The workspace that a session belongs to."""
    return Path(session.info[WORKSPACE])


def _cipher(session: Session) -> FieldCipher:
    return FieldCipher(Keys.open(workspace_of(session)))


def _context(name: str) -> str:
    return f"inner key:{name}"
