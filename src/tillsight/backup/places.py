"""Where backups lie: a folder, or a bucket of S3 or what speaks its language. Names of things there are like `objects/ab/…`.

What is put is there whole or not at all. A folder may be any that is mounted; better one on another machine.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar, Protocol
from urllib.parse import urlsplit

from tillsight.core.errors import NotFoundError, SettingsError, TillsightError

SECRET = "backup"  # noqa: S105 (the name of the credential, not one)
"""The credential of the vault for S3: JSON with `access_key`, `secret_key`, and if needed `endpoint` and `region`."""
DRAFT = ".draft-"


class PlaceError(TillsightError):
    """The place of the backups cannot be reached, read or written."""

    code: ClassVar[str] = "BACKUP_PLACE"
    status: ClassVar[int] = 503


class Place(Protocol):
    """A place for backups. `near`: reading back what was put costs little."""

    near: bool

    @property
    def address(self) -> str:
        """Where it is, without credentials."""

    def put(self, name: str, content: bytes) -> None:
        """Put something there, whole, for good."""

    def get(self, name: str) -> bytes:
        """What lies there under a name. Raises KeyError where nothing does."""

    def names(self, prefix: str) -> Iterator[str]:
        """All names that begin so."""

    def delete(self, name: str) -> None:
        """Take something away; nothing happens where it is not there."""

    def settle(self) -> None:
        """Return when all that was put outlives a power cut."""


def open_place(address: str, workspace: Path, credential: Callable[[], str]) -> Place:
    """The place at an address: a folder (relative ones in the workspace), or `s3://bucket/path`.

    `credential` gives that of the vault; where there is none, S3 looks into the environment as usual.
    """
    if address.startswith("s3://"):
        try:
            given = credential()
        except NotFoundError:
            given = "{}"
        return S3Place(address, given)
    if "://" in address:
        raise SettingsError(
            f"{address.split('://', maxsplit=1)[0]}:// is not a place for backups; give a folder or s3://bucket/path.",
            field="backup.to",
        )
    return FolderPlace(workspace / Path(address).expanduser())


class FolderPlace:
    """A folder."""

    near = True

    def __init__(self, root: Path) -> None:
        self._root = root
        self._touched: set[Path] = set()

    @property
    def address(self) -> str:
        """The path of the folder."""
        return str(self._root)

    def put(self, name: str, content: bytes) -> None:
        """Written beside, flushed, then renamed: whole or not there."""
        file = self._root / name
        draft = file.with_name(f"{DRAFT}{secrets.token_hex(6)}")
        with self._said():
            if not file.parent.is_dir():
                file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._touched.add(file.parent.parent)
            try:
                with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
                    out.write(content)
                    out.flush()
                    os.fsync(out.fileno())
                draft.replace(file)
            finally:
                draft.unlink(missing_ok=True)
        self._touched.add(file.parent)

    def get(self, name: str) -> bytes:
        """The bytes of the file."""
        with self._said():
            try:
                return (self._root / name).read_bytes()
            except FileNotFoundError:
                raise KeyError(name) from None

    def names(self, prefix: str) -> Iterator[str]:
        """Files below the folder that the prefix begins with; drafts of what died are cleared away."""
        start = self._root / prefix.rpartition("/")[0]
        with self._said():
            for folder, _, files in os.walk(start):
                for file in files:
                    path = Path(folder) / file
                    if file.startswith(DRAFT):
                        path.unlink(missing_ok=True)
                        continue
                    name = path.relative_to(self._root).as_posix()
                    if name.startswith(prefix):
                        yield name

    def delete(self, name: str) -> None:
        """Remove the file."""
        with self._said():
            (self._root / name).unlink(missing_ok=True)

    def settle(self) -> None:
        """Flush the folders that got something."""
        with self._said():
            for folder in self._touched:
                handle = os.open(folder, os.O_RDONLY)
                try:
                    os.fsync(handle)
                finally:
                    os.close(handle)
        self._touched.clear()

    @contextlib.contextmanager
    def _said(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise PlaceError(
                f"The place of the backups, {self._root}, cannot be used: {error.strerror or error}.",
                place=str(self._root),
            ) from error


class S3Place:
    """A bucket, and a path in it."""

    near = False

    def __init__(self, address: str, credential: str) -> None:
        try:
            import boto3
            from botocore.config import Config
        except ModuleNotFoundError:
            raise SettingsError(
                "Backups to S3 need the package boto3: pip install 'tillsight[s3]'.", field="backup.to"
            ) from None
        parts = urlsplit(address)
        self._bucket, self._prefix = parts.netloc, parts.path.strip("/")
        self.address = address
        try:
            known: dict[str, Any] = json.loads(credential)
        except ValueError:
            raise SettingsError(
                f'The credential {SECRET} is not JSON such as {{"access_key": "…", "secret_key": "…"}}.', field=SECRET
            ) from None
        self._client = boto3.client(
            "s3",
            endpoint_url=known.get("endpoint"),
            region_name=known.get("region"),
            aws_access_key_id=known.get("access_key"),
            aws_secret_access_key=known.get("secret_key"),
            config=Config(retries={"mode": "standard", "max_attempts": 5}, connect_timeout=10, read_timeout=60),
        )

    def put(self, name: str, content: bytes) -> None:
        """S3 shows what was put once it is whole."""
        with self._said():
            self._client.put_object(Bucket=self._bucket, Key=self._key(name), Body=content)

    def get(self, name: str) -> bytes:
        """The bytes under the key."""
        with self._said():
            try:
                body: bytes = self._client.get_object(Bucket=self._bucket, Key=self._key(name))["Body"].read()
            except self._client.exceptions.NoSuchKey:
                raise KeyError(name) from None
            return body

    def names(self, prefix: str) -> Iterator[str]:
        """Keys, a thousand a request."""
        skip = len(self._key(""))
        with self._said():
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=self._key(prefix)
            )
            for page in pages:
                for item in page.get("Contents", []):
                    yield item["Key"][skip:]

    def delete(self, name: str) -> None:
        """Remove the key."""
        with self._said():
            self._client.delete_object(Bucket=self._bucket, Key=self._key(name))

    def settle(self) -> None:
        """What S3 took is kept."""

    def _key(self, name: str) -> str:
        return f"{self._prefix}/{name}" if self._prefix else name

    @contextlib.contextmanager
    def _said(self) -> Iterator[None]:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield
        except ClientError as error:
            raise PlaceError(
                f"The place of the backups, {self.address}, refused: {error.response['Error'].get('Code')}.",
                place=self.address,
            ) from None
        except BotoCoreError as error:
            raise PlaceError(
                f"The place of the backups, {self.address}, cannot be reached ({type(error).__name__}).",
                place=self.address,
            ) from None
