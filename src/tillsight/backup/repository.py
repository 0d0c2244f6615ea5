"""What lies in a place of backups, and how: pieces by their content, and one list of files for each backup.

    repository.json              format, id, and the key that all else is encrypted with, sealed with the master key
    objects/ab/ab12…             a piece of a file; its name follows from its content, so what is there is not put again
    backups/00000042-…           a list: which files, of which pieces, with SHA-256; put last, so it is the commit point

A piece is compressed where that helps. In an encrypted repository pieces and lists are sealed with AES-256-GCM, bound to
their names, and the name of a piece is a keyed hash, so that nobody without the key learns whether a known file is in it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

import pyarrow as pa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tillsight.backup.places import Place
from tillsight.core.errors import NotFoundError, SettingsError, TillsightError
from tillsight.database.safety import BackupKind
from tillsight.vault import FieldCipher, Keys

FORMAT = 1
REPOSITORY = "repository.json"
OBJECTS, LISTS = "objects/", "backups/"
_NONCE = 12
_ZSTD, _RAW = b"z", b"r"


class BackupError(TillsightError):
    """A backup cannot be made, or what one holds is damaged."""

    code: ClassVar[str] = "BACKUP_FAILED"


class DamagedError(BackupError):
    """A piece or a list of a backup is missing or was changed."""

    code: ClassVar[str] = "BACKUP_DAMAGED"


@dataclass(frozen=True)
class Entry:
    """A file of a backup. `path`: in the workspace; `changed`: its time of change, ns; `pieces`: in order."""

    path: str
    sha256: str
    bytes: int
    changed: int
    pieces: tuple[str, ...]


@dataclass(frozen=True)
class Snapshot:
    """A backup: its list of files. `at`: the moment that it holds, UTC. `facts`: what a drill compares with."""

    id: str
    kind: BackupKind
    at: datetime
    code_version: str
    files: tuple[Entry, ...]
    facts: dict[str, Any]

    @property
    def number(self) -> int:
        """Backups of a place are numbered, whatever the clock says."""
        return int(self.id.split("-")[0])

    @property
    def size(self) -> int:
        """The bytes of all of its files."""
        return sum(entry.bytes for entry in self.files)

    def to_json(self) -> bytes:
        """As it is kept."""
        return json.dumps(asdict(self) | {"at": self.at.isoformat()}, separators=(",", ":")).encode()

    @classmethod
    def from_json(cls, text: bytes) -> Snapshot:
        """As it was kept."""
        known = json.loads(text)
        files = tuple(Entry(**entry | {"pieces": tuple(entry["pieces"])}) for entry in known.pop("files"))
        return cls(**known | {"files": files, "at": datetime.fromisoformat(known["at"])})


class Repository:
    """The backups of one place."""

    def __init__(self, place: Place, identity: str, key: bytes | None) -> None:
        self.place = place
        self.id = identity
        self._key = key
        self._cipher = AESGCM(hmac.digest(key, b"content", "sha256")) if key else None

    @classmethod
    def open(cls, place: Place, keys: Callable[[], Keys]) -> Repository:
        """The backups of a place.

        Raises NotFoundError where there are none, VaultError where the key that they were encrypted with is not there.
        """
        try:
            known = json.loads(place.get(REPOSITORY))
            if known["format"] > FORMAT:
                raise BackupError(f"The backups in {place.address} were made by a newer Tillsight; update it.")
        except KeyError:
            raise NotFoundError(f"There are no backups in {place.address}.", place=place.address) from None
        except (ValueError, TypeError):
            raise DamagedError(
                f"{REPOSITORY} in {place.address} is damaged, so its backups cannot be read.", place=place.address
            ) from None
        sealed = known.get("key")
        key = FieldCipher(keys()).decrypt_bytes(sealed, _context(known["id"])) if sealed else None
        return cls(place, known["id"], key)

    @classmethod
    def open_or_make(cls, place: Place, keys: Callable[[], Keys], encrypted: bool) -> Repository:
        """The backups of a place, made if there are none. Raises SettingsError where plain ones are to become encrypted."""
        try:
            found = cls.open(place, keys)
        except NotFoundError:
            if next(place.names(""), None) is not None:
                raise SettingsError(
                    f"{place.address} holds something else than backups; choose an empty place for them.",
                    field="backup.to",
                ) from None
            made = cls(place, secrets.token_hex(8), secrets.token_bytes(32) if encrypted else None)
            made.seal(keys)
            return made
        if encrypted and found._key is None:
            raise SettingsError(
                f"The backups in {place.address} are not encrypted: move them away, or name another place in backup.to.",
                field="backup.to",
            )
        return found

    @property
    def encrypted(self) -> bool:
        """Whether a key is needed to read it."""
        return self._key is not None

    def seal(self, keys: Callable[[], Keys]) -> None:
        """Write what the repository is; its key sealed with the newest master key."""
        sealed = FieldCipher(keys()).encrypt(self._key, _context(self.id)) if self._key else None
        self.place.put(REPOSITORY, json.dumps({"format": FORMAT, "id": self.id, "key": sealed}).encode())

    # pieces

    def name_of(self, content: bytes) -> str:
        """The name of a piece."""
        if self._key:
            return hmac.digest(self._key, content, "sha256").hex()
        return hashlib.sha256(content).hexdigest()

    def put(self, name: str, content: bytes) -> int:
        """Put a piece; the bytes that it takes."""
        body = self._closed(content, name)
        self.place.put(_object(name), body)
        return len(body)

    def get(self, name: str) -> bytes:
        """A piece, checked. Raises DamagedError where it is missing or not what its name says."""
        try:
            content = self._opened(self.place.get(_object(name)), name)
        except KeyError:
            raise DamagedError(f"The piece {name} is missing.", piece=name) from None
        if self.name_of(content) != name:
            raise DamagedError(f"The piece {name} was changed.", piece=name)
        return content

    def pieces(self) -> set[str]:
        """The names of all pieces."""
        return {name.rpartition("/")[2] for name in self.place.names(OBJECTS)}

    def drop(self, name: str) -> None:
        """Take a piece away."""
        self.place.delete(_object(name))

    # lists

    def ids(self) -> list[str]:
        """The backups, the oldest first."""
        return sorted(name.removeprefix(LISTS) for name in self.place.names(LISTS))

    def snapshot(self, backup: str) -> Snapshot:
        """A backup by id. Raises NotFoundError, and DamagedError for a list that cannot be read."""
        try:
            body = self.place.get(f"{LISTS}{backup}")
        except KeyError:
            raise NotFoundError(f"There is no backup {backup} in {self.place.address}.", backup=backup) from None
        try:
            return Snapshot.from_json(self._opened(body, backup))
        except (ValueError, KeyError, TypeError, DamagedError):
            raise DamagedError(
                f"Backup {backup} is damaged: its list of files cannot be read. Take another one.", backup=backup
            ) from None

    def snapshots(self) -> Iterator[Snapshot]:
        """All backups that can be read, the newest first."""
        for backup in reversed(self.ids()):
            try:
                yield self.snapshot(backup)
            except DamagedError:
                continue

    def next_id(self, at: datetime) -> str:
        """The id of the next backup: numbers go up even where the clock goes back."""
        last = max((int(backup.split("-")[0]) for backup in self.ids()), default=0)
        return f"{last + 1:08d}-{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"

    def commit(self, snapshot: Snapshot) -> None:
        """Put the list of a backup: from here on it is one."""
        self.place.settle()
        self.place.put(f"{LISTS}{snapshot.id}", self._closed(snapshot.to_json(), snapshot.id))
        self.place.settle()

    def forget(self, backup: str) -> None:
        """Take the list of a backup away; its pieces go with `collect`."""
        self.place.delete(f"{LISTS}{backup}")

    def collect(self) -> int:
        """Take away the pieces that no backup names. How many.

        Nothing is taken while a list cannot be read: what it names is not known.
        """
        named: set[str] = set()
        for backup in self.ids():
            try:
                named.update(piece for entry in self.snapshot(backup).files for piece in entry.pieces)
            except DamagedError:
                return 0
        lost = self.pieces() - named
        for name in lost:
            self.drop(name)
        return len(lost)

    def _closed(self, content: bytes, name: str) -> bytes:
        packed: bytes = pa.compress(content, codec="zstd", asbytes=True)
        body = _ZSTD + len(content).to_bytes(8) + packed if len(packed) < 0.9 * len(content) else _RAW + content
        if self._cipher is None:
            return hashlib.sha256(body).digest() + body
        nonce = secrets.token_bytes(_NONCE)
        return nonce + self._cipher.encrypt(nonce, body, name.encode())

    def _opened(self, body: bytes, name: str) -> bytes:
        if self._cipher is None:
            digest, plain = body[:32], body[32:]
            if hashlib.sha256(plain).digest() != digest:
                raise DamagedError(f"{name} was changed.", piece=name)
        else:
            try:
                plain = self._cipher.decrypt(body[:_NONCE], body[_NONCE:], name.encode())
            except (InvalidTag, ValueError):
                raise DamagedError(f"{name} was changed.", piece=name) from None
        if plain[:1] == _RAW:
            return plain[1:]
        size = int.from_bytes(plain[1:9])
        unpacked: bytes = pa.decompress(plain[9:], decompressed_size=size, codec="zstd", asbytes=True)
        return unpacked


def _object(name: str) -> str:
    return f"{OBJECTS}{name[:2]}/{name}"


def _context(identity: str) -> str:
    return f"backup:{identity}"
